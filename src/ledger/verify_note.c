/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/verify_note.h"

#include "base/base64.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

static struct verify_place
place_of(const struct verify_note *note)
{
    return (struct verify_place){note->name, VERIFY_NOWHERE, VERIFY_NOWHERE};
}

/* ---- reading ---- */

ssize_t
verify_note_read(const struct os *os, int directory, const char *name, uint8_t *bytes, size_t size)
{
    int fd =
        os->openat(os->arg, directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    ssize_t result = PASU_E_CORRUPT;
    struct stat st;

    if (fd < 0)
        return errno == ENOENT ? 0 : errno == ELOOP ? PASU_E_CORRUPT : error_from_errno(errno);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= (off_t)size) {
        result = os_read_all(os, fd, bytes, (size_t)st.st_size, 0);
        if (result == 0)
            result = st.st_size;
    }
    os->close(os->arg, fd);
    return result;
}

static void
add_note(struct verify_notes *n, const char *name, struct view bytes)
{
    struct verify_note *item = &n->items[n->count];
    const struct verify_place place = {name, VERIFY_NOWHERE, VERIFY_NOWHERE};
    struct note note;
    int result = note_parse(&note, bytes);

    *item = (struct verify_note){.name = name, .bytes = bytes};
    if (result == 0)
        result = checkpoint_parse(&item->checkpoint, note.text);
    if (result != 0)
        verify_say(n->report, VERIFY_CHECKPOINT, &place, "it is no signed checkpoint");
    else if (item->checkpoint.extension.length > 0)
        verify_say(n->report, VERIFY_CHECKPOINT, &place, "it has more than its three lines");
    else
        n->count++;
}

static int
compare_size(const void *a, const void *b)
{
    const struct verify_note *one = a, *other = b;

    return one->checkpoint.size < other->checkpoint.size
               ? -1
               : one->checkpoint.size > other->checkpoint.size;
}

/* `length`: as of verify_note_read. */
static void
take_note(struct verify_notes *n, const char *name, const uint8_t *bytes, ssize_t length)
{
    const struct verify_place place = {name, VERIFY_NOWHERE, VERIFY_NOWHERE};

    if (length > 0)
        add_note(n, name, view_of(bytes, (size_t)length));
    else if (length < 0)
        verify_say(n->report, VERIFY_CHECKPOINT, &place, "it cannot be read: %s",
                   error_text((int)length));
}

static void
read_handovers(struct verify_notes *n, const struct os *os, const uint64_t *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct verify_handover_note *note = &n->handovers[i];
        size_t before = n->count;

        handover_name(note->name, records[i]);
        take_note(n, note->name, note->bytes,
                  verify_note_read(os, n->report->question->directory, note->name, note->bytes,
                                   sizeof(note->bytes)));
        if (n->count > before)
            n->items[before].is_handover = true;
    }
}

static int
make_room(struct verify_notes *n, size_t handovers)
{
    size_t most = n->report->question->checkpoint_count + 1 + handovers;

    n->handovers = memory_new(handovers + 1, sizeof(*n->handovers));
    n->items = memory_new(most, sizeof(*n->items));
    n->roots = memory_new(most, sizeof(*n->roots));
    return n->handovers && n->items && n->roots ? 0 : PASU_E_NOMEM;
}

int
verify_notes_init(struct verify_notes *n, const struct os *os, const struct verify_report *report)
{
    const struct verify_question *q = report->question;
    uint64_t *records;
    ssize_t length;
    size_t count;
    int result;

    *n = (struct verify_notes){.report = report};
    if (q->checkpoint_count > VERIFY_CHECKPOINTS_MAX || q->key_count > VERIFY_KEYS_MAX)
        return PASU_E_RANGE;
    n->own = memory_new(1, NOTE_SIZE_MAX);
    if (!n->own)
        return PASU_E_NOMEM;
    /* Before the others: the keeper writes it behind them. */
    length = verify_note_read(os, q->directory, VERIFY_OWN_NOTE, n->own, NOTE_SIZE_MAX);
    n->has_own = length != 0;
    result = handover_list(os, q->directory, &records, &count);
    if (result == 0)
        result = make_room(n, count);
    if (result == 0) {
        take_note(n, VERIFY_OWN_NOTE, n->own, length);
        read_handovers(n, os, records, count);
    }
    memory_free(records);
    if (result != 0)
        return result;
    for (size_t i = 0; i < q->checkpoint_count; i++)
        add_note(n, q->checkpoints[i].name, q->checkpoints[i].note);
    if (n->count > 1)
        qsort(n->items, n->count, sizeof(*n->items), compare_size);
    for (size_t i = 0; i < n->count; i++)
        if (i == 0 || n->items[i].checkpoint.size != n->items[i - 1].checkpoint.size)
            n->roots[n->root_count++].size = n->items[i].checkpoint.size;
    return 0;
}

void
verify_notes_release(struct verify_notes *n)
{
    memory_free(n->own);
    memory_free(n->handovers);
    memory_free(n->items);
    memory_free(n->roots);
    *n = (struct verify_notes){0};
}

uint64_t
verify_notes_most(const struct verify_notes *n)
{
    return n->count > 0 ? n->items[n->count - 1].checkpoint.size : 0;
}

/* ---- who signed ---- */

/* 0: one of the keys that were given has. */
static int
check_given(const struct verify_notes *n, const struct verify_note *note)
{
    const struct verify_question *q = n->report->question;
    struct note_voice voices[VERIFY_KEYS_MAX];
    struct checkpoint again;

    return checkpoint_open(&again, note->bytes, q->keys, q->key_count, voices);
}

/* Whether the key that was in use at its size has signed it; or, where that is not to be seen, one
 * that was given. */
static int
check_signature(const struct verify_notes *n, const struct verify_content *content,
                struct verify_note *note)
{
    const struct verify_place place = place_of(note);
    const struct verify_key_use *use = verify_content_key(content, note->checkpoint.size);
    size_t given = n->report->question->key_count;
    struct checkpoint again;
    struct note_voice voice;
    struct note_key key;
    int result = given > 0 ? check_given(n, note) : 0;

    if (result != 0) {
        if (!note->is_handover)
            verify_say(n->report, VERIFY_SIGNATURE, &place, "not signed by a key that was given");
        return result == PASU_E_CRYPTO ? result : 0;
    }
    switch (use->state) {
    case VERIFY_KEY_NONE:
        verify_say(n->report, VERIFY_SIGNATURE, &place, "no key was in use at %" PRIu64 " records",
                   note->checkpoint.size);
        return 0;
    case VERIFY_KEY_UNSEEN:
        note->is_signed = given > 0;
        if (given == 0 && !note->is_handover)
            verify_say(n->report, VERIFY_NO_KEY, &place,
                       "the key that was in use at %" PRIu64 " records is not here",
                       note->checkpoint.size);
        return 0;
    case VERIFY_KEY_IN_USE:
    default:
        break;
    }
    result = note_key_init(&key, NOTE_KEY_ED25519, note->checkpoint.origin, use->public);
    if (result == 0)
        result = checkpoint_open(&again, note->bytes, &key, 1, &voice);
    note->is_signed = result == 0;
    if (result != 0)
        verify_say(n->report, VERIFY_SIGNATURE, &place,
                   "not signed by the key in use at %" PRIu64 " records", note->checkpoint.size);
    return result == PASU_E_CRYPTO ? result : 0;
}

/* ---- what they say ---- */

static const struct verify_root *
root_at(const struct verify_notes *n, uint64_t size)
{
    size_t i = 0;

    while (n->roots[i].size != size)
        i++;
    return &n->roots[i];
}

static void
say_differs(const struct verify_notes *n, const struct verify_note *note, uint64_t agreed,
            const struct verify_root *root)
{
    const struct verify_place place = {note->name, VERIFY_NOWHERE, agreed};
    char text[BASE64_LENGTH(TREE_HASH_SIZE) + 1] = "";
    struct writer w = writer_of(text, sizeof(text));

    base64_write(&w, root->hash.bytes, sizeof(root->hash.bytes));
    verify_say(n->report, VERIFY_ROOT, &place,
               "the first %" PRIu64 " records have the root %s, not the one that was signed; up to "
               "record %" PRIu64 " all agree",
               note->checkpoint.size, text, agreed);
}

/* `agreed`: so many records are those of a smaller checkpoint. */
static void
check_root(const struct verify_notes *n, struct verify_note *note, uint64_t next, uint64_t agreed)
{
    const uint64_t size = note->checkpoint.size;
    struct verify_place place = place_of(note);
    const struct verify_root *root = root_at(n, size);

    if (size > next) {
        place.record = next;
        verify_say(n->report, VERIFY_CUT, &place,
                   "a checkpoint of %" PRIu64 " records, but there are only %" PRIu64, size, next);
    } else if (!root->is_known) {
        if (note->is_handover)
            return;
        verify_say(n->report, VERIFY_NO_ROOT, &place,
                   "the root of the first %" PRIu64 " records cannot be computed", size);
    } else if (memcmp(root->hash.bytes, note->checkpoint.root, sizeof(root->hash.bytes)) == 0) {
        note->state = VERIFY_NOTE_AGREES;
    } else {
        note->state = VERIFY_NOTE_DIFFERS;
        say_differs(n, note, agreed, root);
    }
}

/* Two of one size with two roots; or one that is no beginning of these records, though a larger one
 * has all of them. */
static bool
contradict(const struct verify_note *small, const struct verify_note *large)
{
    if (small->checkpoint.size == large->checkpoint.size)
        return memcmp(small->checkpoint.root, large->checkpoint.root, CHECKPOINT_ROOT) != 0;
    return small->state == VERIFY_NOTE_DIFFERS && large->state == VERIFY_NOTE_AGREES;
}

static void
find_forks(const struct verify_notes *n)
{
    for (size_t i = 0; i < n->count; i++) {
        const struct verify_note *one = &n->items[i];
        const struct verify_place place = place_of(one);

        for (size_t j = i + 1; j < n->count && one->is_signed; j++) {
            const struct verify_note *other = &n->items[j];

            if (!other->is_signed ||
                !view_equal(one->checkpoint.origin, other->checkpoint.origin) ||
                !contradict(one, other))
                continue;
            verify_say(n->report, VERIFY_FORK, &place,
                       "of %" PRIu64 " records, and %s of %" PRIu64
                       ": no history has both, and one key signed them",
                       one->checkpoint.size, other->name, other->checkpoint.size);
            break;
        }
    }
}

static int
judge(struct verify_notes *n, const struct verify_content *content, struct verify_note *note)
{
    const struct verify_place place = place_of(note);
    const struct view origin = note->checkpoint.origin;

    if (content->has_origin && !view_equal(origin, view_of_text(content->origin))) {
        verify_say(n->report, VERIFY_CHECKPOINT, &place,
                   "it is of another ledger, %.*s; this one is %s", (int)origin.length,
                   (const char *)origin.bytes, content->origin);
        return 0;
    }
    return check_signature(n, content, note);
}

int
verify_notes_judge(struct verify_notes *n, const struct verify_content *content, uint64_t next,
                   struct verify_answer *answer)
{
    enum { UNSIGNED_MAX = 2 }; /* records that a keeper leaves without a checkpoint */
    const struct verify_place place = {VERIFY_OWN_NOTE, VERIFY_NOWHERE, VERIFY_NOWHERE};
    int result = 0;

    for (size_t i = 0; i < n->count && result == 0; i++) {
        struct verify_note *note = &n->items[i];

        result = judge(n, content, note);
        check_root(n, note, next, answer->covered);
        if (note->is_signed && note->state == VERIFY_NOTE_AGREES) {
            answer->covered = note->checkpoint.size;
            memcpy(answer->covered_root.bytes, note->checkpoint.root, CHECKPOINT_ROOT);
        }
    }
    find_forks(n);
    if (!n->has_own && next > UNSIGNED_MAX)
        verify_say(n->report, VERIFY_NO_CHECKPOINT, &place, "there is none");
    return result;
}
