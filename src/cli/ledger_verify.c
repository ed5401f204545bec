/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ledger_verify.h"

#include "base/base64.h"
#include "base/log.h"
#include "base/memory.h"
#include "cli/ask.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "ledger/control_client.h"
#include "ledger/verify_key.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TIME_SIZE = 32, ROOT_SIZE = BASE64_LENGTH(TREE_HASH_SIZE) + 1 };

/* A ledger's folder, and what the command line gives to look at it with. */
struct subject {
    struct ask ask; /* empty where a folder was named */
    const char *path;
    struct segment_keys segment_keys;
    int directory;
    struct note_key keys[VERIFY_KEYS_MAX];
    size_t key_count;
    struct verify_checkpoint checkpoints[ARGUMENTS_MORE_MAX];
    size_t checkpoint_count;
};

/* ---- files and keys ---- */

/* The contents of a file, to be freed; what is wrong is complained about. */
static int
read_file(const char *path, struct view *contents)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    uint8_t *bytes;
    int result = PASU_E_CORRUPT;

    if (fd < 0) {
        complain("", "cannot read %s: %s", path, strerror(errno));
        return 2;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > NOTE_SIZE_MAX) {
        complain("", "%s is no file of at most %d bytes", path, NOTE_SIZE_MAX);
        close(fd);
        return 2;
    }
    bytes = memory_new(1, (size_t)st.st_size + 1);
    if (bytes)
        result = os_read_all(&os_real, fd, bytes, (size_t)st.st_size, 0);
    close(fd);
    if (result != 0) {
        memory_free(bytes);
        return complain_error(bytes ? result : PASU_E_NOMEM, "cannot read %s", path);
    }
    *contents = view_of(bytes, (size_t)st.st_size);
    return 0;
}

/* The verifier's key itself, or a file of one. */
static int
add_key(struct subject *s, const char *value)
{
    struct note_key *key = &s->keys[s->key_count];
    struct view contents = {0};
    int result = note_key_parse(key, view_of_text(value)), status;

    if (result != 0) {
        status = read_file(value, &contents);
        if (status != 0)
            return status;
        while (contents.length > 0 && contents.bytes[contents.length - 1] <= ' ')
            contents.length--;
        result = note_key_parse(key, contents);
        memory_free((void *)(uintptr_t)contents.bytes);
    }
    for (size_t i = 0; i < s->key_count && result == 0; i++)
        if (note_key_is(key, view_of_text(s->keys[i].name), s->keys[i].id))
            return 0; /* given twice */
    if (result != 0) {
        complain("a verifier key is name+id+key, as pasu ledger checkpoint --json prints it",
                 "--key %.200s: neither a verifier key nor a file of one", value);
        return 2;
    }
    s->key_count++;
    return 0;
}

static int
add_checkpoint(struct subject *s, const char *path)
{
    struct view note;
    int status = read_file(path, &note);

    if (status == 0)
        s->checkpoints[s->checkpoint_count++] = (struct verify_checkpoint){path, note};
    return status;
}

/* ---- the folder ---- */

static int
complain_folder(const struct subject *s, int error)
{
    if (error == PASU_E_NOTFOUND)
        complain("the folder is the one that has segments/ in it", "there is no ledger in %s",
                 s->path);
    else if (error == PASU_E_DENIED)
        complain("run it as root, or as the account that pasu guard runs as",
                 "the ledger in %s may not be read by this account", s->path);
    else
        complain(error_hint(error), "cannot read the ledger in %s: %s", s->path, error_text(error));
    return 2;
}

static int
open_folder(struct subject *s, const struct arguments *arguments)
{
    s->path = arguments->values[OPTION_folder];
    if (!s->path) {
        int status = ask_init(&s->ask, arguments);

        if (status != 0)
            return status;
        s->path = s->ask.config->ledger.directory;
        status = ask_keys(&s->ask, &s->segment_keys);
        if (status != 0)
            return status;
        if (ledger_flush(s->ask.path) != 0) {
            /* no guard runs: what is there is there */
        }
    }
    s->directory = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return s->directory >= 0 ? 0 : complain_folder(s, error_from_errno(errno));
}

static int
subject_open(struct subject *s, const struct arguments *arguments)
{
    int status = 0;

    s->directory = -1;
    for (size_t i = 0; i < arguments->more_count && status == 0; i++)
        status = arguments->more[i].option == OPTION_key
                     ? add_key(s, arguments->more[i].value)
                     : add_checkpoint(s, arguments->more[i].value);
    return status == 0 ? open_folder(s, arguments) : status;
}

static void
subject_close(struct subject *s)
{
    for (size_t i = 0; i < s->checkpoint_count; i++)
        memory_free((void *)(uintptr_t)s->checkpoints[i].note.bytes);
    if (s->directory >= 0)
        close(s->directory);
    segment_keys_release(&s->segment_keys);
    ask_release(&s->ask);
}

/* ---- findings as they come ---- */

struct telling {
    bool is_json;
    struct progress progress;
};

static void
show_progress(void *arg, uint64_t done, uint64_t all)
{
    struct telling *t = arg;

    if (progress_is_due(&t->progress))
        progress_show(&t->progress, "verifying the ledger", done, all);
}

static const char *
kind_name(enum verify_what what)
{
    static const char *const names[] = {
        [VERIFY_FAULT] = "fault", [VERIFY_UNSEEN] = "unseen", [VERIFY_NOTE] = "note"};

    return names[verify_kind(what)];
}

/* Null where it is not there. */
static void
put_place(struct json_out *out, const char *key, bool is_there, uint64_t n)
{
    if (is_there)
        json_put_count(out, key, n);
    else
        json_put_text(out, key, NULL);
}

static void
find_json(const struct verify_finding *f)
{
    struct json_out out = {.file = stdout};

    json_out_open(&out, '{');
    json_put_text(&out, "what", verify_name(f->what));
    json_put_text(&out, "kind", kind_name(f->what));
    json_put_text(&out, "file", f->file);
    put_place(&out, "offset", f->has_offset, f->offset);
    put_place(&out, "record", f->has_record, f->record);
    json_put_text(&out, "text", f->text);
    json_put_text(&out, "meaning", verify_meaning(f->what));
    json_out_close(&out, '}');
    json_out_end(&out);
}

static void
find_text(const struct verify_finding *f)
{
    char escaped[4200];

    printf("%s: ", kind_name(f->what));
    if (f->file) {
        text_escape(escaped, sizeof(escaped), view_of_text(f->file));
        printf("%s: ", escaped);
    }
    if (f->has_offset)
        printf("byte %" PRIu64 ": ", f->offset);
    if (f->has_record)
        printf("record %" PRIu64 ": ", f->record);
    text_escape(escaped, sizeof(escaped), view_of_text(f->text));
    printf("%s\n", escaped);
    text_wrap(stdout, verify_meaning(f->what), 4, 100);
}

static void
find(void *arg, const struct verify_finding *f)
{
    struct telling *t = arg;

    progress_end(&t->progress);
    if (t->is_json)
        find_json(f);
    else
        find_text(f);
}

/* ---- the answer ---- */

static void
print_root(char text[ROOT_SIZE], const struct tree_hash *hash)
{
    struct writer w = writer_of(text, ROOT_SIZE);

    base64_write(&w, hash->bytes, sizeof(hash->bytes));
    writer_u8(&w, '\0');
}

static void
answer_json(const struct verify_answer *a)
{
    struct json_out out = {.file = stdout};
    char root[ROOT_SIZE], covered[ROOT_SIZE], key[NOTE_KEY_TEXT_MAX + 1];

    print_root(root, &a->root);
    print_root(covered, &a->covered_root);
    if (a->has_key)
        note_key_text(key, &a->key);
    json_out_open(&out, '{');
    json_put_text(&out, "what", "summary");
    json_put_count(&out, "records", a->records);
    json_put_count(&out, "first", a->first);
    json_put_count(&out, "next", a->next);
    json_put_count(&out, "segments", a->segments);
    json_put_count(&out, "bytes", a->bytes);
    json_put_count(&out, "tiles", a->tiles);
    json_put_time(&out, "earliest", a->earliest);
    json_put_time(&out, "latest", a->latest);
    json_put_text(&out, "root", a->has_root ? root : NULL);
    json_put_count(&out, "covered", a->covered);
    json_put_text(&out, "covered_root", a->covered > 0 ? covered : NULL);
    json_put_text(&out, "key", a->has_key ? key : NULL);
    json_put_count(&out, "faults", a->counts[VERIFY_FAULT]);
    json_put_count(&out, "unseen", a->counts[VERIFY_UNSEEN]);
    json_out_close(&out, '}');
    json_out_end(&out);
}

static void
answer_text(const struct verify_answer *a)
{
    char one[TIME_SIZE], other[TIME_SIZE], text[NOTE_KEY_TEXT_MAX + 1], escaped[1400];

    text_count(one, sizeof(one), a->records);
    printf("records   %s in %" PRIu64 " segment%s", one, a->segments, a->segments == 1 ? "" : "s");
    if (a->first > 0)
        printf(", from %" PRIu64 " on", a->first);
    if (a->records > 0) {
        log_time_text(one, sizeof(one), a->earliest);
        log_time_text(other, sizeof(other), a->latest);
        printf("\ntime      %s to %s", one, other);
    }
    printf("\ncovered   ");
    if (a->covered > 0) {
        print_root(text, &a->covered_root);
        printf("%" PRIu64 " record%s, root %s\n", a->covered, a->covered == 1 ? "" : "s", text);
    } else {
        printf("nothing\n");
    }
    if (a->has_key) {
        note_key_text(text, &a->key);
        text_escape(escaped, sizeof(escaped), view_of_text(text));
        printf("key       %s\n", escaped);
    }
    if (a->counts[VERIFY_FAULT] > 0)
        printf("faults    %" PRIu64 "\n", a->counts[VERIFY_FAULT]);
    if (a->counts[VERIFY_UNSEEN] > 0)
        printf("unseen    %" PRIu64 "\n", a->counts[VERIFY_UNSEEN]);
}

static int
verify(struct subject *s, bool is_json)
{
    struct telling telling = {.is_json = is_json};
    const struct verify_question question = {.directory = s->directory,
                                             .segment_keys = &s->segment_keys,
                                             .checkpoints = s->checkpoints,
                                             .checkpoint_count = s->checkpoint_count,
                                             .keys = s->keys,
                                             .key_count = s->key_count,
                                             .find = find,
                                             .progress = show_progress,
                                             .arg = &telling};
    struct verify_answer answer;
    int result = verify_ledger(&os_real, &question, &answer);

    progress_end(&telling.progress);
    if (result != 0)
        return complain_folder(s, result);
    if (is_json)
        answer_json(&answer);
    else
        answer_text(&answer);
    return answer.counts[VERIFY_FAULT] > 0 ? 1 : answer.counts[VERIFY_UNSEEN] > 0 ? 2 : 0;
}

/* ---- the newest checkpoint ---- */

static void
checkpoint_json(const struct verify_signed *found)
{
    struct json_out out = {.file = stdout};
    char root[ROOT_SIZE], key[NOTE_KEY_TEXT_MAX + 1];
    struct tree_hash hash;

    memcpy(hash.bytes, found->checkpoint.root, sizeof(hash.bytes));
    print_root(root, &hash);
    note_key_text(key, &found->key);
    json_out_open(&out, '{');
    json_put_text(&out, "origin", found->key.name);
    json_put_count(&out, "records", found->checkpoint.size);
    json_put_text(&out, "root", root);
    json_put_text(&out, "key", key);
    json_put_text(&out, "note", (const char *)found->bytes);
    json_out_close(&out, '}');
    json_out_end(&out);
}

static int
checkpoint(struct subject *s, bool is_json)
{
    struct verify_signed *found = memory_new(1, sizeof(*found));
    int result = found ? verify_newest(found, &os_real, s->directory, s->keys, s->key_count,
                                       &s->segment_keys)
                       : PASU_E_NOMEM;
    int status = 0;

    if (result == PASU_E_NOTFOUND)
        complain("a running guard makes one within a second of a record",
                 "there is no checkpoint in %s", s->path);
    else if (result == PASU_E_CORRUPT)
        complain("see: pasu ledger verify",
                 "the checkpoint in %s is none, or not signed by the ledger's key", s->path);
    else if (result != 0)
        status = complain_folder(s, result);
    else if (is_json)
        checkpoint_json(found);
    else
        fwrite(found->bytes, 1, found->length, stdout);
    if (result == PASU_E_NOTFOUND || result == PASU_E_CORRUPT)
        status = 1;
    memory_free(found);
    return status;
}

/* ---- the commands ---- */

static int
look(const struct arguments *arguments, int (*at)(struct subject *, bool is_json))
{
    struct subject *s = memory_new(1, sizeof(*s));
    int status;

    if (!s)
        return complain_error(PASU_E_NOMEM, "cannot read the ledger");
    status = subject_open(s, arguments);
    if (status == 0)
        status = at(s, arguments_given(arguments, OPTION_json));
    subject_close(s);
    memory_free(s);
    return output_end(status);
}

int
ledger_verify(const struct arguments *arguments)
{
    return look(arguments, verify);
}

int
ledger_checkpoint(const struct arguments *arguments)
{
    return look(arguments, checkpoint);
}
