/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/verify.h"

#include "base/memory.h"
#include "ledger/verify_begin.h"
#include "ledger/verify_handover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

enum {
    LOOK_EVERY = 4096, /* records between two words of progress */
    FILE_SIZE = 64,
};
#define INDEX_MAX ((uint64_t)INT64_MAX) /* no ledger has more records */

struct verify {
    const struct os *os;
    const struct verify_question *question;
    struct verify_answer *answer;
    struct verify_report report;
    struct verify_notes notes;
    struct verify_content content;
    struct verify_tree *tree;
    int segments;        /* the folder */
    uint64_t expected;   /* index of the next record */
    uint64_t behind;     /* bytes of the segments that were read */
    uint64_t all, since; /* bytes of all; records since the last word of progress */
};

/* One of the segments. */
struct part {
    struct verify *v;
    char file[FILE_SIZE]; /* for findings */
    uint64_t first, end;  /* records here are below `end` */
    bool is_last, is_seen, is_searched;
    struct segment_scan scan;
};

static struct verify_place
place_at(const struct part *p, uint64_t offset, uint64_t record)
{
    return (struct verify_place){p->file, offset, record};
}

static void
progress(struct verify *v, uint64_t done)
{
    const struct verify_question *q = v->question;

    v->since = 0;
    if (q->progress)
        q->progress(q->arg, v->behind + done,
                    v->all > v->behind + done ? v->all : v->behind + done);
}

/* ---- a record ---- */

static int
lose(struct verify *v, uint64_t to)
{
    verify_content_lose(&v->content, to);
    v->expected = to;
    return verify_tree_lose(v->tree, to);
}

static void
count_record(struct verify *v, const struct segment_record *record)
{
    struct verify_answer *a = v->answer;

    if (a->records == 0 || record->time < a->earliest)
        a->earliest = record->time;
    if (a->records == 0 || record->time > a->latest)
        a->latest = record->time;
    a->records++;
    v->expected = record->index + 1;
}

static int
take(struct part *p, const struct segment_record *record)
{
    struct verify *v = p->v;
    const struct verify_place place = place_at(p, record->offset, record->index);
    int result;

    count_record(v, record);
    result = verify_content_see(&v->content, record, p->is_seen, p->file);
    if (result != 0)
        return result;
    result = p->is_seen ? verify_tree_add(v->tree, record)
                        : verify_tree_lose(v->tree, record->index + 1);
    if (result == PASU_E_CORRUPT) {
        verify_say(&v->report, VERIFY_ENTRY, &place,
                   "an exposure whose lists do not end where it does, or a salt without a list");
        result = verify_tree_lose(v->tree, record->index + 1);
    }
    if (++v->since >= LOOK_EVERY)
        progress(v, p->scan.offset);
    return result;
}

/* ---- what is not whole ---- */

/* The most that any record behind this place says was on the disk; once for each segment. */
static int
search_durable(struct part *p)
{
    struct verify *v = p->v;
    struct segment_scan ahead;
    struct segment_record record;
    int result = segment_scan_open(&ahead, v->os, p->scan.file.fd, p->first);

    p->is_searched = true;
    if (result != 0)
        return result == PASU_E_CORRUPT ? 0 : result;
    result = segment_scan_unlock(&ahead, p->scan.keys);
    if (result != 0) {
        segment_scan_release(&ahead);
        return result;
    }
    window_distrust(&ahead.file);
    ahead.offset = p->scan.offset;
    ahead.next = p->scan.next;
    while ((result = segment_scan_next(&ahead, &record)) == 1 || result == PASU_E_CORRUPT ||
           result == PASU_E_LEDGER_KEY) {
        uint64_t durable = result == 1 && p->is_seen ? verify_content_durable(&record) : 0;

        if (durable > v->content.durable)
            v->content.durable = durable;
    }
    segment_scan_release(&ahead);
    return result;
}

/* Whether nothing says that the first record that is not whole was on the disk. */
static int
is_torn(struct part *p, bool *is_torn)
{
    struct verify *v = p->v;
    int result = 0;

    *is_torn = false;
    if (!p->is_last || verify_notes_most(&v->notes) > v->expected)
        return 0;
    if (!p->is_searched)
        result = search_durable(p);
    *is_torn = v->content.durable <= v->expected;
    return result;
}

static void
say_torn(struct part *p, uint64_t offset)
{
    const struct verify_place place = place_at(p, offset, p->v->expected);

    verify_say(&p->v->report, VERIFY_TORN, &place, "it is cut short here");
}

/* From `offset` on, up to the next record or the end: what is wrong there? */
static int
say_damage(struct part *p, uint64_t offset, uint64_t next)
{
    struct verify *v = p->v;
    const struct verify_place place = place_at(p, offset, v->expected);
    struct segment_record other;
    int result = segment_scan_at(&p->scan, offset, &other);

    if (result == PASU_E_CORRUPT) {
        verify_say(&v->report, VERIFY_DAMAGED, &place,
                   "its payload does not open with the segment's key: it was changed");
        return 0;
    }
    if (result < 0)
        return result;
    if (result == 1)
        verify_say(&v->report, VERIFY_ORDER, &place,
                   "record %" PRIu64 " stands where %" PRIu64 " was to come%s", other.index,
                   v->expected, other.index > v->expected ? ": some are missing" : "");
    else if (next > v->expected)
        verify_say(&v->report, VERIFY_DAMAGED, &place,
                   "records %" PRIu64 " to %" PRIu64 " are not whole: length or CRC-32C is wrong",
                   v->expected, next - 1);
    else
        verify_say(&v->report, VERIFY_DAMAGED, &place,
                   "no whole record, and none behind it in this segment");
    return 0;
}

/* The scan has gone on behind something. 1: nothing more is to be read here. */
static int
pass_damage(struct part *p)
{
    struct verify *v = p->v;
    bool torn;
    int result = is_torn(p, &torn);

    if (result != 0)
        return result;
    if (torn) {
        say_torn(p, p->scan.damage);
        return 1;
    }
    result = say_damage(p, p->scan.damage, p->scan.next);
    if (result == 0 && p->scan.next > v->expected && p->scan.next <= p->end)
        result = lose(v, p->scan.next);
    return result;
}

/* Behind the last whole record. */
static int
see_end(struct part *p)
{
    struct verify *v = p->v;
    struct verify_place place = place_at(p, p->scan.offset, VERIFY_NOWHERE);
    bool torn;
    int result;

    if (p->scan.is_torn) {
        result = is_torn(p, &torn);
        if (result != 0)
            return result;
        if (!torn)
            return say_damage(p, p->scan.offset, v->expected);
        say_torn(p, p->scan.offset);
    } else if (!p->is_last && p->scan.offset < p->scan.file.limit) {
        verify_say(&v->report, VERIFY_ROOM, &place,
                   "zeros behind the last record, though another segment follows");
    }
    return 0;
}

/* ---- a segment ---- */

/* None of the keys is that of this segment: its records are read as if none had been given. */
static void
pass_sealed(struct part *p)
{
    const struct verify_place place = place_at(p, VERIFY_NOWHERE, p->v->expected);

    if (p->is_seen)
        verify_say(&p->v->report, VERIFY_ENCRYPTED, &place,
                   "its payloads are encrypted with another key");
    p->is_seen = false;
    p->scan.keys = NULL;
}

static int
read_records(struct part *p)
{
    struct segment_record record;
    int result;

    while ((result = segment_scan_next(&p->scan, &record)) != 0) {
        if (result == PASU_E_LEDGER_KEY) {
            pass_sealed(p);
            result = 1;
        }
        if (result == 1 && record.index >= p->end) {
            const struct verify_place place = place_at(p, record.offset, record.index);

            verify_say(&p->v->report, VERIFY_ORDER, &place,
                       "the next segment begins with record %" PRIu64, p->end);
            return 0;
        }
        if (result == 1)
            result = take(p, &record);
        else if (result == PASU_E_CORRUPT)
            result = pass_damage(p);
        if (result != 0)
            return result == 1 ? 0 : result;
    }
    return see_end(p);
}

static bool
has_keys(const struct verify_question *question)
{
    return question->segment_keys && question->segment_keys->count > 0;
}

/* False: nothing can be read under such a header. */
static bool
see_header(struct part *p)
{
    struct verify *v = p->v;
    const struct verify_place place = place_at(p, 0, VERIFY_NOWHERE);
    struct segment_header header = p->scan.header, right;

    segment_header_make(&right, p->first, header.time, header.flags, header.id);
    if (memcmp(header.magic, right.magic, sizeof(right.magic)) != 0 ||
        header.version != right.version) {
        verify_say(&v->report, VERIFY_UNREADABLE, &place,
                   "no segment of version %d (version %" PRIu32 ")", SEGMENT_VERSION,
                   header.version);
        return false;
    }
    p->is_seen = (header.flags & SEGMENT_IS_SEALED) == 0 || has_keys(v->question);
    if (!p->is_seen)
        verify_say(&v->report, VERIFY_ENCRYPTED, &place, "its payloads are encrypted");
    if (!segment_header_is_whole(&header))
        verify_say(&v->report, VERIFY_HEADER, &place,
                   "its header is damaged: CRC-32C, flags, or bytes that must be zero");
    else if (header.first != p->first)
        verify_say(&v->report, VERIFY_HEADER, &place,
                   "its header says that it begins with record %" PRIu64, header.first);
    return true;
}

static bool
is_about_file(int error)
{
    return error != PASU_E_NOMEM && error != PASU_E_CRYPTO;
}

/* Whether the ledger begins behind this segment by now. */
static bool
is_gone(const struct verify *v, uint64_t first)
{
    uint64_t *firsts;
    size_t count;
    int result = segment_list(v->os, v->segments, &firsts, &count);
    bool is_gone = result == 0 && count > 0 && firsts[0] > first;

    memory_free(firsts);
    return is_gone;
}

static int
read_segment(struct part *p)
{
    struct verify *v = p->v;
    const struct verify_place place = place_at(p, VERIFY_NOWHERE, p->first);
    const char *name = p->file + strlen("segments/");
    int fd = v->os->openat(v->os->arg, v->segments, name,
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    int result =
        fd >= 0 ? segment_scan_open(&p->scan, v->os, fd, p->first) : error_from_errno(errno);

    if (result == 0) {
        window_distrust(&p->scan.file);
        if (see_header(p)) {
            result = segment_scan_unlock(&p->scan, v->question->segment_keys);
            if (result == 0)
                result = read_records(p);
        }
        v->behind += p->scan.offset;
        segment_scan_release(&p->scan);
    }
    if (fd >= 0)
        v->os->close(v->os->arg, fd);
    if (result == 0 || !is_about_file(result))
        return result;
    if (result == PASU_E_NOTFOUND && is_gone(v, p->first)) {
        verify_say(&v->report, VERIFY_GONE, &place, "it was deleted by age meanwhile");
        return lose(v, p->end);
    }
    verify_say(&v->report, VERIFY_UNREADABLE, &place, "it cannot be read: %s", error_text(result));
    return 0;
}

/* It goes on where the one before it ended. */
static int
join(struct part *p, bool is_first)
{
    struct verify *v = p->v;
    const struct verify_place place = place_at(p, VERIFY_NOWHERE, v->expected);

    if (p->first <= v->expected)
        return 0;
    if (is_first)
        v->answer->first = p->first;
    else
        verify_say(&v->report, VERIFY_MISSING, &place,
                   "records %" PRIu64 " to %" PRIu64 " are missing before this segment",
                   v->expected, p->first - 1);
    return lose(v, p->first);
}

static int
read_all(struct verify *v, const uint64_t *firsts, size_t count)
{
    int result = 0;

    for (size_t i = 0; i < count && result == 0; i++) {
        struct part p = {.v = v,
                         .first = firsts[i],
                         .is_last = i + 1 == count,
                         .end = i + 1 < count ? firsts[i + 1] : INDEX_MAX};
        char name[SEGMENT_NAME_SIZE];

        segment_name(name, p.first);
        snprintf(p.file, sizeof(p.file), "segments/%s", name);
        result = join(&p, i == 0);
        if (result == 0)
            result = read_segment(&p);
        if (result == 0 && !p.is_last)
            verify_content_segment_end(&v->content, p.file);
        progress(v, 0);
    }
    return result;
}

/* ---- the folder ---- */

/* Names that no keeper gives. */
static int
see_names(struct verify *v)
{
    int fd = v->os->openat(v->os->arg, v->segments, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    DIR *names = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!names) {
        if (fd >= 0)
            v->os->close(v->os->arg, fd);
        return error_from_errno(errno);
    }
    while ((entry = readdir(names)) != NULL) {
        char file[300];
        const struct verify_place place = {file, VERIFY_NOWHERE, VERIFY_NOWHERE};
        const char *name = entry->d_name;
        uint64_t first;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "next.tmp") == 0 ||
            (segment_name_parse(name, &first) && first < INDEX_MAX))
            continue;
        snprintf(file, sizeof(file), "segments/%s", name);
        verify_say(&v->report, VERIFY_NAME, &place, "is no segment's name");
    }
    closedir(names);
    return 0;
}

/* The segments that can be of a ledger, in their order. */
static int
list_segments(struct verify *v, uint64_t **firsts, size_t *count)
{
    int result = segment_list(v->os, v->segments, firsts, count);

    while (result == 0 && *count > 0 && (*firsts)[*count - 1] >= INDEX_MAX)
        (*count)--;
    for (size_t i = 0; result == 0 && i < *count; i++) {
        char name[SEGMENT_NAME_SIZE];
        struct stat st;

        segment_name(name, (*firsts)[i]);
        if (fstatat(v->segments, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0)
            v->all += (uint64_t)st.st_size;
    }
    return result;
}

/* A record that says so is signed before anything is deleted. */
static void
say_beginning(struct verify *v)
{
    const struct verify_place place = {NULL, VERIFY_NOWHERE, 0};
    uint64_t first = v->answer->first, said = v->content.pruned;

    if (first > 0 && !v->content.is_blind && (said == 0 || said >= v->answer->covered))
        verify_say(&v->report, VERIFY_MISSING, &place,
                   "records 0 to %" PRIu64 " are not here, and no record that a checkpoint covers "
                   "says that they were deleted",
                   first - 1);
}

/* Whose key it is that takes over, nobody has said before a checkpoint covers that. */
static void
say_unvouched(struct verify *v)
{
    const struct verify_content *c = &v->content;
    const struct verify_place place = {NULL, VERIFY_NOWHERE, c->told_last};

    if (v->answer->covered > 0 && c->told_key >= v->answer->covered)
        verify_say(&v->report, VERIFY_FORGED, &place,
                   "a key has signed that records were deleted that takes over with record %" PRIu64
                   ", which no checkpoint covers",
                   c->told_key);
}

static void
say_uncovered(struct verify *v)
{
    struct verify_answer *a = v->answer;
    uint64_t from = a->covered > a->first ? a->covered : a->first;
    const struct verify_place place = {NULL, VERIFY_NOWHERE, from};

    if (from < v->expected)
        verify_say(&v->report, VERIFY_UNCOVERED, &place,
                   "records %" PRIu64 " to %" PRIu64 " are covered by no checkpoint", from,
                   v->expected - 1);
}

static int
answer_key(struct verify *v)
{
    struct verify_answer *a = v->answer;
    const struct verify_place place = {NULL, VERIFY_NOWHERE, VERIFY_NOWHERE};
    const struct verify_key_use *use = verify_content_key(&v->content, v->expected);
    int result;

    if (use->state != VERIFY_KEY_IN_USE || !v->content.has_origin)
        return 0;
    result = note_key_init(&a->key, NOTE_KEY_ED25519, view_of_text(v->content.origin), use->public);
    a->has_key = result == 0;
    if (a->has_key && a->covered > 0 && v->question->key_count == 0)
        verify_say(&v->report, VERIFY_OWN_KEY, &place, "nobody gave the key that must have signed");
    return result == PASU_E_CRYPTO ? result : 0;
}

/* When all was read. */
static int
conclude(struct verify *v)
{
    struct verify_answer *a = v->answer;
    struct verify_root root = {0};
    int result = verify_tree_end(v->tree, &root);

    if (result != 0)
        return result;
    a->next = v->expected;
    a->has_root = root.is_known;
    a->root = root.hash;
    a->tiles = v->tree->tiles;
    a->bytes = v->behind;
    verify_content_end(&v->content);
    result = verify_notes_judge(&v->notes, &v->content, v->expected, a);
    if (result == 0)
        result = verify_handovers(&v->notes, &v->content);
    say_beginning(v);
    say_unvouched(v);
    say_uncovered(v);
    return result == 0 ? answer_key(v) : result;
}

/* Tiles and the checkpoint before the segments: what was written later is written later. */
static int
run(struct verify *v)
{
    const struct tile_folder folder = {.os = v->os, .directory = v->question->directory};
    uint64_t *firsts = NULL;
    size_t count = 0, at = 0;
    int result = verify_notes_init(&v->notes, v->os, &v->report);

    if (result == 0)
        result =
            verify_tree_init(v->tree, &folder, &v->report, v->notes.roots, v->notes.root_count);
    if (result == 0)
        result = see_names(v);
    if (result == 0)
        result = list_segments(v, &firsts, &count);
    if (result == 0 && count == 0)
        result = PASU_E_NOTFOUND;
    v->answer->segments = count;
    if (result == 0)
        result = verify_content_init(&v->content, &v->report, firsts[0], v->notes.roots,
                                     v->notes.root_count);
    if (result == 0)
        result = verify_begin(v->os, v->segments, v->question->segment_keys, firsts, count,
                              verify_notes_most(&v->notes), v->tree, &v->content, &at);
    if (result == 0)
        result = read_all(v, firsts + at, count - at);
    if (result == 0)
        result = conclude(v);
    memory_free(firsts);
    return result;
}

int
verify_ledger(const struct os *os, const struct verify_question *question,
              struct verify_answer *answer)
{
    struct verify v = {
        .os = os, .question = question, .answer = answer, .report = {question, answer->counts}};
    int result;

    *answer = (struct verify_answer){0};
    v.segments = os->openat(os->arg, question->directory, "segments",
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (v.segments < 0)
        return error_from_errno(errno);
    v.tree = memory_new(1, sizeof(*v.tree));
    result = v.tree ? run(&v) : PASU_E_NOMEM;
    if (v.tree)
        verify_tree_release(v.tree);
    memory_free(v.tree);
    verify_content_release(&v.content);
    verify_notes_release(&v.notes);
    os->close(os->arg, v.segments);
    return result;
}
