/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ledger_index.h"
#include "breach/index_build.h"
#include "breach/index_compare.h"
#include "cli/complain.h"
#include "cli/evidence.h"
#include "cli/json_out.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <sys/file.h>

enum { LOOK_EVERY = 4096, SHOWN = 10 };

struct making {
    struct evidence evidence;
    struct index *index;
    struct index_build *build;
    struct index_meta end; /* what is in it */
    bool is_open;          /* there was one */
    int64_t began;
};

static int
fail(const struct making *m, int error)
{
    const char *folder = m->evidence.ask.config->ledger.directory;

    if (error == PASU_E_UNAVAILABLE) {
        complain("run: pasu ledger rebuild-index",
                 "the index in %s is of another ledger, or of more than this one has now", folder);
        return 2;
    }
    if (error == PASU_E_NOTFOUND && m->is_open) {
        complain("run: pasu ledger rebuild-index", "the index in %s is of another version of pasu",
                 folder);
        return 2;
    }
    return complain_error(error, "the index of the ledger in %s", folder);
}

/* One of these at a time: they write into the same folder. */
static int
begin(struct making *m, const struct arguments *arguments)
{
    int status;

    *m = (struct making){.began = os_monotonic(&os_real)};
    status = evidence_open(&m->evidence, arguments);
    if (status == 0 && m->evidence.segment_keys.count > 0) {
        complain("pasu scope and pasu subject read the ledger",
                 "the ledger is encrypted, and an index of it would not be");
        return 2;
    }
    if (status != 0 || flock(m->evidence.directory, LOCK_EX | LOCK_NB) == 0)
        return status;
    complain("wait until it has ended", "another command is at work on the ledger's index");
    return 2;
}

/* To behind the index's last record, which must be where it was. */
static int
go_on(struct ledger_reader *reader, const struct index_meta *after)
{
    struct ledger_entry entry = {0};
    int result = ledger_reader_seek_index(reader, after->last);

    if (result != 0)
        return result == PASU_E_NOTFOUND ? PASU_E_UNAVAILABLE : result;
    do
        result = ledger_reader_next(reader, &entry);
    while (result == PASU_E_CORRUPT || (result == 1 && entry.seq < after->last));
    if (result < 0)
        return result;
    return result == 1 && index_meta_is_last(after, &entry) ? 0 : PASU_E_UNAVAILABLE;
}

/* All records from where the reader is, up to `last`. What is still in a ring is left to who reads
 * the ledger: it has another place tomorrow. */
static int
add_entries(struct making *m, struct ledger_reader *reader, uint64_t last)
{
    struct progress progress = {0};
    struct ledger_entry entry = {0};
    int result = 0;

    for (uint64_t n = 1; result == 0; n++) {
        uint64_t done, all;
        int next = ledger_reader_next(reader, &entry);

        if (next == 0 || entry.is_in_ring || entry.seq > last)
            break;
        if (n % LOOK_EVERY == 0 && progress_is_due(&progress)) {
            ledger_reader_progress(reader, &done, &all);
            progress_show(&progress, "indexing the ledger", done, all);
        }
        if (next == 1)
            result = index_build_add(m->build, &entry);
        else if (next == PASU_E_CORRUPT)
            index_build_damage(m->build, ledger_reader_damage(reader));
        else
            result = next;
    }
    progress_end(&progress);
    return result;
}

/* Gives the entries to the index that is open, and writes what comes of them. */
static int
make(struct making *m, bool goes_on, uint64_t last)
{
    struct ledger_reader *reader = NULL;
    struct index_meta after = {0};
    int result = ledger_reader_open(&reader, &os_real, m->evidence.directory);

    if (result != 0)
        return result;
    result = index_build_new(&m->build, &os_real, m->index, goes_on);
    if (result == 0 && index_build_last(m->build, &after))
        result = go_on(reader, &after);
    if (result == 0)
        result = add_entries(m, reader, last);
    if (result == 0)
        result = index_build_end(m->build);
    if (result == 0)
        index_build_last(m->build, &m->end);
    index_build_free(m->build);
    m->build = NULL;
    ledger_reader_close(reader);
    return result;
}

static void
print_made(const struct making *m, const struct arguments *arguments, uint64_t bytes)
{
    double seconds = (double)(os_monotonic(&os_real) - m->began) / NANOSECONDS_PER_SECOND;
    struct json_out out = {.file = stdout};

    if (!arguments_given(arguments, OPTION_json)) {
        printf("the index goes up to record %" PRIu64 ": %" PRIu64 " bytes, %.1f s\n", m->end.last,
               bytes, seconds);
        return;
    }
    json_out_open(&out, '{');
    json_put_count(&out, "records", m->end.last);
    json_put_count(&out, "bytes", bytes);
    json_put_count(&out, "seconds", (uint64_t)seconds);
    json_out_close(&out, '}');
    json_out_end(&out);
}

int
ledger_index_rebuild(const struct arguments *arguments)
{
    struct making m;
    int status = begin(&m, arguments), result = 0;
    uint64_t bytes = 0;

    if (status == 0) {
        result = index_make(&m.index, m.evidence.directory);
        if (result == 0)
            result = make(&m, false, UINT64_MAX);
        if (result == 0)
            result = index_commit(m.index);
        if (result == 0) {
            bytes = index_size(m.index);
            result = index_replace(m.index, m.evidence.directory);
        } else {
            index_discard(m.index, m.evidence.directory);
        }
        status = result == 0 ? 0 : fail(&m, result);
    }
    if (status == 0)
        print_made(&m, arguments, bytes);
    evidence_close(&m.evidence);
    return output_end(status);
}

int
ledger_index_update(const struct arguments *arguments)
{
    struct making m;
    int status = begin(&m, arguments), result = 0;
    uint64_t bytes = 0;

    if (status == 0) {
        result = index_open_to_write(&m.index, m.evidence.directory);
        m.is_open = result == 0;
        if (result == 0)
            result = make(&m, true, UINT64_MAX);
        if (result == 0)
            result = index_commit(m.index);
        if (result == 0)
            bytes = index_size(m.index);
        index_close(m.index);
        status = result == 0 ? 0 : fail(&m, result);
        if ((result == PASU_E_NOTFOUND && !m.is_open) || result == PASU_E_CORRUPT)
            complain("", "run: pasu ledger rebuild-index");
    }
    if (status == 0)
        print_made(&m, arguments, bytes);
    evidence_close(&m.evidence);
    return output_end(status);
}

/* ---- whether it is right ---- */

struct differences {
    uint64_t count;
    char first[SHOWN][INDEX_KEY_MAX * 2 + 16];
};

static int
note_difference(void *arg, enum index_table table, struct view key)
{
    static const char *const tables[INDEX_TABLES] = {"main", "days", "months"};
    struct differences *d = arg;
    char *text = d->count < SHOWN ? d->first[d->count] : NULL;
    size_t used;

    d->count++;
    if (text == NULL)
        return 0;
    used = (size_t)snprintf(text, sizeof(d->first[0]), "%s ", tables[table]);
    for (size_t i = 0; i < key.length && i < INDEX_KEY_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(d->first[0]) - used, "%02x", key.bytes[i]);
    return 0;
}

static void
print_differences(const struct making *m, const struct arguments *arguments,
                  const struct differences *d)
{
    struct json_out out = {.file = stdout};

    if (!arguments_given(arguments, OPTION_json)) {
        printf("up to record %" PRIu64 ", %" PRIu64 " difference%s\n", m->end.last, d->count,
               d->count == 1 ? "" : "s");
        for (size_t i = 0; i < d->count && i < SHOWN; i++)
            printf("  %s\n", d->first[i]);
        return;
    }
    json_out_open(&out, '{');
    json_put_count(&out, "records", m->end.last);
    json_put_count(&out, "differences", d->count);
    json_put_open(&out, "first", '[');
    for (size_t i = 0; i < d->count && i < SHOWN; i++)
        json_out_text(&out, d->first[i]);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    json_out_end(&out);
}

int
ledger_index_check(const struct arguments *arguments)
{
    struct making m;
    struct differences differences = {0};
    struct index *there = NULL;
    struct index_meta meta = {0};
    int status = begin(&m, arguments), result;

    if (status == 0) {
        result = index_open(&there, m.evidence.directory);
        m.is_open = result == 0;
        if (result == 0)
            result = index_meta_load(&meta, there);
        if (result == 0)
            result = index_make(&m.index, m.evidence.directory);
        if (result == 0) {
            result = make(&m, false, meta.last);
            if (result == 0)
                result = index_compare(there, m.index, note_difference, &differences);
            index_discard(m.index, m.evidence.directory);
        }
        index_close(there);
        status = result == 0 ? 0 : fail(&m, result);
    }
    if (status == 0) {
        print_differences(&m, arguments, &differences);
        status = differences.count > 0;
    }
    evidence_close(&m.evidence);
    return output_end(status);
}
