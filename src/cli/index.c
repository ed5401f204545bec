/* SPDX-License-Identifier: Apache-2.0 */
/* `pasu index`: the identity index, which says whose a value is that identifies by itself. */
#include "base/log.h"
#include "base/memory.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/identity_read.h"
#include "cli/json_out.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "index"

enum { TIME_SIZE = 40 };

struct indexing {
    struct ask ask;
    struct identity_key key;
    int ledger, folder; /* the ledger's, and "identity" in it; -1 */
    struct identity_wants wants;
    struct progress progress;
    uint64_t estimate;
    bool is_json;
};

/* ---- places ---- */

static int
fail(const struct indexing *x, int error)
{
    const char *folder = x->ask.config->ledger.directory;

    switch (error) {
    case PASU_E_NOTFOUND:
        complain("start pasu guard once, which makes it", "there is no ledger with a secret in %s",
                 folder);
        return 2;
    case PASU_E_DENIED:
        complain("run it as root, or as the account that pasu guard runs as",
                 "the ledger in %s may not be used by this account", folder);
        return 2;
    default:
        return complain_error(error, "the identity index in %s", folder);
    }
}

static int
read_key(struct indexing *x)
{
    uint8_t secret[IDENTITY_SECRET_SIZE];
    int fd = openat(x->ledger, "secret", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), result;

    if (fd < 0)
        return errno == ENOENT ? PASU_E_NOTFOUND : error_from_errno(errno);
    result = read(fd, secret, sizeof(secret)) == (ssize_t)sizeof(secret)
                 ? identity_key_init(&x->key, secret)
                 : PASU_E_CORRUPT;
    close(fd);
    memory_wipe(secret, sizeof(secret));
    return result;
}

static int
open_ledger(struct indexing *x)
{
    x->ledger = open(x->ask.config->ledger.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (x->ledger < 0)
        return errno == ENOENT ? PASU_E_NOTFOUND : error_from_errno(errno);
    return read_key(x);
}

static int
open_folder(struct indexing *x)
{
    x->folder = openat(x->ledger, "identity", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return x->folder >= 0 ? 0 : error_from_errno(errno);
}

/* Whose the ledger is may read what root has made in it. */
static int
give(const struct indexing *x, int fd)
{
    struct stat st;

    if (geteuid() != 0)
        return 0;
    if (fstat(x->ledger, &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0)
        return error_from_errno(errno);
    return 0;
}

/* One builder at a time. */
static int
make_folder(struct indexing *x)
{
    int result;

    if (mkdirat(x->ledger, "identity", 0700) != 0 && errno != EEXIST)
        return error_from_errno(errno);
    result = open_folder(x);
    if (result == 0)
        result = give(x, x->folder);
    if (result == 0 && flock(x->folder, LOCK_EX | LOCK_NB) != 0)
        result = errno == EWOULDBLOCK ? PASU_E_AGAIN : error_from_errno(errno);
    return result;
}

static void
release(struct indexing *x)
{
    progress_end(&x->progress);
    identity_wants_release(&x->wants);
    if (x->folder >= 0)
        close(x->folder);
    if (x->ledger >= 0)
        close(x->ledger);
    identity_key_release(&x->key);
    ask_release(&x->ask);
}

/* ---- what is said of a column ---- */

static void
print_section(struct json_out *out, const struct identity_section *s)
{
    if (out == NULL) {
        printf("%s, database %s: %s.%s: %" PRIu64 " values of %" PRIu64 " rows%s", s->gateway,
               s->database, s->table, s->column, s->values, s->rows,
               s->is_unique ? "" : "; nothing keeps a value from coming twice");
        if (s->several > 0)
            printf("; %" PRIu64 " are nobody's alone", s->several);
        if (s->unkeyed > 0)
            printf("; %" PRIu64 " rows have a key that is no number below 4026531840", s->unkeyed);
        printf("\n");
        return;
    }
    json_out_open(out, '{');
    json_put_text(out, "gateway", s->gateway);
    json_put_text(out, "database", s->database);
    json_put_text(out, "table", s->table);
    json_put_text(out, "column", s->column);
    json_out_key(out, "unique");
    json_out_bool(out, s->is_unique);
    json_put_count(out, "rows", s->rows);
    json_put_count(out, "values", s->values);
    json_put_count(out, "several", s->several);
    json_put_count(out, "unkeyed", s->unkeyed);
    json_out_close(out, '}');
}

static void
print_skipped(const struct indexing *x, struct json_out *out)
{
    if (out)
        json_put_open(out, "skipped", '[');
    for (size_t i = 0; i < x->wants.count; i++) {
        const struct identity_wanted *w = &x->wants.items[i];

        if (w->reason[0] == '\0')
            continue;
        if (out == NULL) {
            printf("%s, database %s: %s.%s is left out: %s\n", w->section.gateway,
                   w->section.database, w->section.table, w->section.column, w->reason);
            continue;
        }
        json_out_open(out, '{');
        json_put_text(out, "gateway", w->section.gateway);
        json_put_text(out, "database", w->section.database);
        json_put_text(out, "table", w->section.table);
        json_put_text(out, "column", w->section.column);
        json_put_text(out, "reason", w->reason);
        json_out_close(out, '}');
    }
    if (out)
        json_out_close(out, ']');
}

/* ---- build ---- */

static void
show_progress(void *arg, uint64_t rows)
{
    struct indexing *x = arg;

    if (progress_is_due(&x->progress))
        progress_show(&x->progress, "reading the columns", rows < x->estimate ? rows : x->estimate,
                      x->estimate);
}

static int
make(struct indexing *x, struct identity_builder **builder, struct probe *probe)
{
    struct identity_moment moment = {os_realtime(&os_real), os_monotonic(&os_real)};
    int fd, result = identity_builder_new(builder, &os_real, x->folder, FILE_NAME, x->wants.fit,
                                          &x->key);

    if (result == 0)
        result = identity_read_all(&x->wants, *builder, probe, show_progress, x);
    if (result == 0)
        result = identity_builder_commit(*builder, &moment);
    if (result != 0)
        return result;
    fd = openat(x->folder, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_from_errno(errno);
    result = give(x, fd);
    close(fd);
    return result;
}

static void
print_built(const struct indexing *x, const struct identity_builder *builder, int64_t took)
{
    double seconds = (double)took / NANOSECONDS_PER_SECOND;
    struct json_out out = {.file = stdout}, *json = x->is_json ? &out : NULL;

    if (json) {
        json_out_open(json, '{');
        json_put_open(json, "columns", '[');
    }
    for (size_t i = 0; i < identity_builder_count(builder); i++)
        print_section(json, identity_builder_section(builder, i));
    if (json)
        json_out_close(json, ']');
    print_skipped(x, json);
    if (!json) {
        printf("the index is made: %" PRIu64 " bytes, %.1f s\n", identity_builder_size(builder),
               seconds);
        return;
    }
    json_put_count(json, "bytes", identity_builder_size(builder));
    json_put_count(json, "seconds", (uint64_t)seconds);
    json_out_close(json, '}');
    json_out_end(json);
}

/* Faults are complained about. */
static int
read_passwords(struct indexing *x)
{
    struct config_faults faults = {0};
    int result = config_load_files(x->ask.config, &faults);

    if (result != 0)
        complain("all faults: pasu check -c FILE", "%s:%u: %s", x->ask.config->path,
                 faults.count > 0 ? (unsigned)faults.items[0].line : 0,
                 faults.count > 0 ? faults.items[0].text : error_text(result));
    config_faults_release(&faults);
    return result;
}

static int
build(struct indexing *x)
{
    int64_t began = os_monotonic(&os_real);
    struct identity_builder *builder = NULL;
    struct probe probe = {0};
    int status = 0, result = open_ledger(x);

    if (result == 0)
        result = make_folder(x);
    if (result == PASU_E_AGAIN) {
        complain("", "another pasu index build is at work");
        return 2;
    }
    if (result != 0)
        return fail(x, result);
    probe_init();
    result = read_passwords(x);
    if (result != 0)
        return 2;
    result = identity_wants_collect(&x->wants, x->ask.config, &probe);
    if (result == 0 && x->wants.fit == 0) {
        print_skipped(x, NULL);
        complain("see identity in the configuration, and what is left out",
                 "there is no column of which an index can be made");
        probe_close(&probe);
        return 1;
    }
    for (size_t i = 0; i < x->wants.count; i++)
        x->estimate += x->wants.items[i].reason[0] == '\0' ? x->wants.items[i].estimate : 0;
    if (result == 0)
        result = make(x, &builder, &probe);
    progress_end(&x->progress);
    if (result == 0) {
        print_built(x, builder, os_monotonic(&os_real) - began);
    } else if (probe.error[0] != '\0') {
        complain("run: pasu check -c FILE --connect", "the server cannot be read: %s", probe.error);
        status = 2;
    } else {
        status = fail(x, result);
    }
    probe_close(&probe);
    identity_builder_free(builder);
    return status;
}

/* ---- status ---- */

/* What the guard says of the indexes that it looks values up in. */
struct in_use {
    bool is_known; /* it answers */
    uint64_t columns, current;
    char read[TIME_SIZE];
};

static void
ask_in_use(struct indexing *x, struct in_use *use)
{
    json_t *status = NULL;
    const json_t *identity;
    const char *read;

    *use = (struct in_use){0};
    if (ask_status(&x->ask, &status) == 0 &&
        (identity = json_object_get(status, "identity")) != NULL) {
        read = json_string_value(json_object_get(identity, "read"));
        use->is_known = true;
        use->columns = (uint64_t)json_integer_value(json_object_get(identity, "columns"));
        use->current = (uint64_t)json_integer_value(json_object_get(identity, "current"));
        snprintf(use->read, sizeof(use->read), "%s", read ? read : "");
    }
    json_decref(status);
}

static void
print_in_use(struct json_out *json, const struct in_use *use)
{
    if (json == NULL) {
        if (!use->is_known)
            printf("the guard does not answer: what it uses is not known\n");
        else if (use->columns == 0)
            printf("the guard uses none\n");
        else
            printf("the guard looks values of %" PRIu64 " columns up, of which %" PRIu64
                   " are as their tables are; read at %s\n",
                   use->columns, use->current, use->read);
        return;
    }
    json_put_open(json, "in_use", '{');
    json_out_key(json, "known");
    json_out_bool(json, use->is_known);
    json_put_count(json, "columns", use->columns);
    json_put_count(json, "current", use->current);
    json_put_text(json, "read", use->read);
    json_out_close(json, '}');
}

static void
print_status(struct indexing *x, const struct identity *identity)
{
    struct json_out out = {.file = stdout}, *json = x->is_json ? &out : NULL;
    char built[TIME_SIZE];
    struct in_use use;

    ask_in_use(x, &use);

    log_time_text(built, sizeof(built), identity_moment(identity)->realtime);
    if (json) {
        json_out_open(json, '{');
        json_put_time(json, "built", identity_moment(identity)->realtime);
        json_put_count(json, "bytes", identity_size(identity));
        json_put_open(json, "columns", '[');
    } else {
        printf("made at %s, %" PRIu64 " bytes\n", built, identity_size(identity));
    }
    for (size_t i = 0; i < identity_section_count(identity); i++)
        print_section(json, identity_section_at(identity, i));
    if (json)
        json_out_close(json, ']');
    print_in_use(json, &use);
    if (!json)
        return;
    json_out_close(json, '}');
    json_out_end(json);
}

/* There is no file: whether the guard has read an index by itself. */
static bool
print_kept(struct indexing *x)
{
    struct json_out out = {.file = stdout}, *json = x->is_json ? &out : NULL;
    struct in_use use;

    ask_in_use(x, &use);
    if (use.columns == 0)
        return false;
    if (json)
        json_out_open(json, '{');
    print_in_use(json, &use);
    if (json) {
        json_out_close(json, '}');
        json_out_end(json);
    }
    return true;
}

static int
status(struct indexing *x)
{
    struct identity *identity = NULL;
    int fd = -1, result = open_ledger(x);
    bool is_missing;

    if (result == 0 && open_folder(x) == 0)
        fd = openat(x->folder, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    is_missing = result == 0 && fd < 0 && errno == ENOENT;
    if (is_missing && print_kept(x))
        return 0;
    if (is_missing) {
        complain("run: pasu index build", "there is no identity index in %s",
                 x->ask.config->ledger.directory);
        return 1;
    }
    if (result == 0)
        result = fd >= 0 ? identity_open(&identity, fd, &x->key) : error_from_errno(errno);
    if (fd >= 0)
        close(fd);
    if (result == PASU_E_CORRUPT || (fd >= 0 && result != 0)) {
        complain("run: pasu index build", "the identity index in %s cannot be used: %s",
                 x->ask.config->ledger.directory, error_text(result));
        return 1;
    }
    if (result != 0)
        return fail(x, result);
    print_status(x, identity);
    identity_release(identity);
    return 0;
}

int
run_index(const struct arguments *arguments)
{
    struct indexing x = {
        .ledger = -1, .folder = -1, .is_json = arguments_given(arguments, OPTION_json)};
    const char *operand = arguments->operands[0];
    bool is_build = strcmp(operand, command_index_actions[0]) == 0;
    int exit;

    if (!is_build && strcmp(operand, command_index_actions[1]) != 0) {
        complain("see: pasu help index", "\"%s\" is nothing that can be done with the index",
                 operand);
        return 2;
    }
    exit = ask_init(&x.ask, arguments);
    if (exit != 0)
        return exit;
    if (is_build)
        asked_record(&x.ask, arguments, NULL);
    exit = is_build ? build(&x) : status(&x);
    release(&x);
    return output_end(exit);
}
