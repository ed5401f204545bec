/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ledger_index.h"
#include "breach/index_compare.h"
#include "breach/index_work.h"
#include "cli/complain.h"
#include "cli/evidence.h"
#include "cli/json_out.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <poll.h>

enum { SHOWN = 10, LOOK_MILLISECONDS = 20, SILENT_MILLISECONDS = 1000 };

struct making {
    struct evidence evidence;
    struct index_work work;
    struct progress progress;
    bool is_there; /* an index, of whatever version */
    int64_t began;
};

static int
fail(const struct making *m, int error)
{
    const char *folder = m->evidence.ask.config->ledger.directory;

    if (error == PASU_E_UNAVAILABLE) {
        complain("run: pasu ledger rebuild-index",
                 "the index in %s is of another ledger, or of more than this one has now: records "
                 "may have been deleted by age since",
                 folder);
        return 2;
    }
    if (error == PASU_E_LEDGER_KEY) {
        complain("run: pasu ledger rebuild-index",
                 "the index in %s, or the ledger, is not encrypted with the configured key",
                 folder);
        return 2;
    }
    if (error == PASU_E_NOTFOUND && m->is_there) {
        complain("run: pasu ledger rebuild-index", "the index in %s is of another version of pasu",
                 folder);
        return 2;
    }
    return complain_error(error, "the index of the ledger in %s", folder);
}

static int
show_progress(void *arg, uint64_t done, uint64_t all)
{
    struct making *m = arg;

    if (progress_is_due(&m->progress))
        progress_show(&m->progress, "indexing the ledger", done, all);
    return 0;
}

/* One writer at a time. Where that takes more than a moment it is said. */
static int
wait_for_lock(int folder)
{
    int result = index_lock(folder, false);

    for (int waited = 0; result == PASU_E_AGAIN && waited < SILENT_MILLISECONDS;
         waited += LOOK_MILLISECONDS) {
        poll(NULL, 0, LOOK_MILLISECONDS);
        result = index_lock(folder, false);
    }
    if (result != PASU_E_AGAIN)
        return result;
    complain("", "waits for the ledger's index, which the guard's indexer or another command is "
                 "writing");
    return index_lock(folder, true);
}

static int
begin(struct making *m, const struct arguments *arguments)
{
    int status, result;

    *m = (struct making){.began = os_monotonic(&os_real), .work = {.segments = -1, .folder = -1}};
    status = evidence_open(&m->evidence, arguments);
    if (status != 0)
        return status;
    result = index_work_open(&m->work, &os_real, m->evidence.directory);
    m->work.keys = &m->evidence.segment_keys;
    m->work.watch = show_progress;
    m->work.arg = m;
    if (result == 0)
        result = wait_for_lock(m->work.folder);
    return result == 0 ? 0 : fail(m, result);
}

static void
end(struct making *m)
{
    progress_end(&m->progress);
    index_work_close(&m->work);
    evidence_close(&m->evidence);
}

static void
print_made(const struct making *m, const struct arguments *arguments)
{
    double seconds = (double)(os_monotonic(&os_real) - m->began) / NANOSECONDS_PER_SECOND;
    struct json_out out = {.file = stdout};

    if (!arguments_given(arguments, OPTION_json)) {
        printf("the index goes up to record %" PRIu64 ": %" PRIu64 " bytes, %.1f s\n",
               m->work.end.last, m->work.bytes, seconds);
        return;
    }
    json_out_open(&out, '{');
    json_put_count(&out, "records", m->work.end.last);
    json_put_count(&out, "bytes", m->work.bytes);
    json_put_count(&out, "seconds", (uint64_t)seconds);
    json_out_close(&out, '}');
    json_out_end(&out);
}

int
ledger_index_rebuild(const struct arguments *arguments)
{
    struct making m;
    int status = begin(&m, arguments);

    if (status == 0) {
        int result = index_work_rebuild(&m.work);

        status = result == 0 ? 0 : fail(&m, result);
    }
    progress_end(&m.progress);
    if (status == 0)
        print_made(&m, arguments);
    end(&m);
    return output_end(status);
}

int
ledger_index_update(const struct arguments *arguments)
{
    struct making m;
    int status = begin(&m, arguments);

    if (status == 0) {
        int result;

        do
            result = index_work_update(&m.work, INDEX_WORK_PORTION);
        while (result == 1);
        if (result == PASU_E_UNAVAILABLE && m.work.is_cut)
            result = index_work_rebuild(&m.work);
        m.is_there = m.work.is_there;
        status = result == 0 ? 0 : fail(&m, result);
        if ((result == PASU_E_NOTFOUND && !m.is_there) || result == PASU_E_CORRUPT)
            complain("", "run: pasu ledger rebuild-index");
    }
    progress_end(&m.progress);
    if (status == 0)
        print_made(&m, arguments);
    end(&m);
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
        printf("up to record %" PRIu64 ", %" PRIu64 " difference%s\n", m->work.end.last, d->count,
               d->count == 1 ? "" : "s");
        for (size_t i = 0; i < d->count && i < SHOWN; i++)
            printf("  %s\n", d->first[i]);
        return;
    }
    json_out_open(&out, '{');
    json_put_count(&out, "records", m->work.end.last);
    json_put_count(&out, "differences", d->count);
    json_put_open(&out, "first", '[');
    for (size_t i = 0; i < d->count && i < SHOWN; i++)
        json_out_text(&out, d->first[i]);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    json_out_end(&out);
}

/* As far as the index goes that is there. */
static int
compare(struct making *m, struct differences *differences)
{
    struct index *there = NULL, *made = NULL;
    struct index_meta meta = {0};
    int result = index_open(&there, m->evidence.directory, &m->evidence.segment_keys);

    m->is_there = result == 0;
    if (result == 0)
        result = index_meta_load(&meta, there);
    if (result == 0)
        result = index_work_know(&m->work, there);
    if (result == 0)
        result = index_work_make(&m->work, &made, meta.last);
    if (result == 0) {
        result = index_compare(there, made, note_difference, differences);
        index_discard(made, m->work.folder);
    }
    index_close(there);
    return result;
}

int
ledger_index_check(const struct arguments *arguments)
{
    struct making m;
    struct differences differences = {0};
    int status = begin(&m, arguments);

    if (status == 0) {
        int result = compare(&m, &differences);

        status = result == 0 ? 0 : fail(&m, result);
    }
    progress_end(&m.progress);
    if (status == 0) {
        print_differences(&m, arguments, &differences);
        status = differences.count > 0;
    }
    end(&m);
    return output_end(status);
}
