/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/scan_part.h"

#include "base/memory.h"
#include "scan/follow.h"

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/core.h>
#include <sodium/crypto_generichash.h>

enum { BLOCK = 256 << 10 /* stays in the caches */, BLOCK_OF_MANY = 128 << 10, MANY = 16 };

#define MEMORY ((size_t)256 << 20)

/* ---- the front of each log ---- */

static void
look(struct scan *scan)
{
    for (size_t i = 0; i < scan->report.file_count; i++) {
        struct scan_file *file = &scan->files[i];

        file->error = stream_look(&file->head, &scan->kept[i], file->path, &scan->dialects);
        scan->all += file->head.size;
    }
}

/* The secret: what the logs begin with, and the map. */
static void
make_secret(const struct scan *scan, uint8_t secret[OBSERVE_SECRET])
{
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, NULL, 0, OBSERVE_SECRET);
    (void)crypto_generichash_update(&state, scan->options.map->text.bytes,
                                    scan->options.map->text.length);
    for (size_t i = 0; i < scan->report.file_count; i++)
        (void)crypto_generichash_update(&state, scan->files[i].head.digest,
                                        sizeof(scan->files[i].head.digest));
    (void)crypto_generichash_final(&state, secret, OBSERVE_SECRET);
}

int
scan_open(struct scan **slot, const struct scan_options *options, char *const *paths, size_t count,
          const char **failed)
{
    const struct route_map *map = options->map;
    struct scan *scan = memory_new(1, sizeof(*scan));
    int result;

    *slot = scan;
    *failed = NULL;
    if (scan == NULL)
        return PASU_E_NOMEM;
    scan->options = *options;
    scan->report.file_count = count;
    scan->report.stride = options->is_following ? follow_stride(count) : count;
    scan->files = memory_new(count, sizeof(*scan->files));
    scan->kept = memory_new(count, sizeof(struct stream_kept *));
    result = scan->files == NULL || scan->kept == NULL ? PASU_E_NOMEM
             : sodium_init() < 0                       ? PASU_E_CRYPTO
                                                       : 0;
    if (result == 0) {
        dialects_init(&scan->dialects, map);
        result = sources_open(&scan->sources, map->country_db, map->asn_db, failed);
        scan->has_sources = result == 0;
    }
    for (size_t i = 0; i < count && result == 0; i++)
        scan->files[i].path = paths[i];
    scan->report.files = scan->files;
    if (result == 0)
        return 0;
    scan_close(scan);
    *slot = NULL;
    return result;
}

void
scan_close(struct scan *scan)
{
    if (scan == NULL)
        return;
    exact_free(scan->exact);
    detect_close(scan->detect);
    observe_free(scan->observer);
    called_free(scan->called);
    if (scan->has_sources)
        sources_close(&scan->sources);
    for (size_t i = 0; i < scan->report.file_count && scan->kept != NULL; i++)
        stream_kept_free(scan->kept[i]);
    memory_free(scan->files);
    memory_free(scan->kept);
    memory_free(scan);
}

/* ---- the first reading ---- */

static void
count(struct scan_report *report, const struct observation *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        report->shown += items[i].what == OBSERVED_SHOWN;
        report->misses += items[i].what == OBSERVED_MISS;
        report->logins += items[i].what == OBSERVED_LOGIN;
        report->other += items[i].what == OBSERVED_OTHER;
        if (report->first == 0 || items[i].time < report->first)
            report->first = items[i].time;
        if (items[i].time > report->last)
            report->last = items[i].time;
    }
}

int
scan_take_observations(void *arg, const struct observation *items, size_t n)
{
    struct scan *scan = arg;

    count(&scan->report, items, n);
    return detect_add(scan->detect, items, n);
}

static void
tell(const struct scan *scan, uint64_t done)
{
    if (scan->options.progress != NULL)
        scan->options.progress(scan->options.arg, done, scan->all, scan->is_again);
}

int
scan_take_block(void *arg, struct block *block, uint64_t taken)
{
    struct scan *scan = arg;
    struct scan_file *file = &scan->files[block->file % scan->report.stride];

    tell(scan, taken);
    if (block->result == PASU_E_NOMEM)
        return PASU_E_NOMEM;
    if (block->result != 0)
        file->error = block->result;
    file->lines += block->lines;
    file->unparsed += block->unparsed;
    scan->report.lines += block->lines;
    scan->report.unparsed += block->unparsed;
    scan->report.unmatched += block->unmatched;
    scan->report.bytes += block->length;
    unread_add_all(&file->unread, &block->unread, 0);
    return 0;
}

static size_t
block_size(const struct scan *scan)
{
    if (scan->options.block > 0)
        return scan->options.block;
    return scan->report.file_count > MANY ? BLOCK_OF_MANY : BLOCK;
}

int
scan_make_streams(struct scan *scan, struct streams **streams, block_want_fn *want,
                  const void *want_arg)
{
    struct streams_options options = {.dialects = &scan->dialects,
                                      .keys = &scan->keys,
                                      .sources = &scan->sources,
                                      .threads = scan->options.threads,
                                      .block = block_size(scan),
                                      .want = want,
                                      .want_arg = want_arg};

    return streams_new(streams, &options);
}

static int
read_all(struct scan *scan)
{
    size_t n = scan->report.file_count;
    struct merge_file *files = memory_new(n, sizeof(*files));
    struct streams *streams = NULL;
    int result = files == NULL ? PASU_E_NOMEM : scan_make_streams(scan, &streams, NULL, NULL);

    for (size_t i = 0; i < n && result == 0; i++) {
        files[i].path = scan->files[i].path;
        files[i].number = (uint32_t)i;
        files[i].dialect = &scan->files[i].head.dialect;
        files[i].first = scan->files[i].head.first;
        files[i].kept = scan->kept[i];
        files[i].error = scan->files[i].error;
        scan->kept[i] = NULL;
    }
    if (result == 0)
        result = merge_run(streams, files, n, scan_take_block, scan_take_observations, scan);
    for (size_t i = 0; i < n && files != NULL; i++)
        if (scan->files[i].error == 0)
            scan->files[i].error = files[i].error;
    streams_free(streams);
    memory_free(files);
    return result;
}

/* ---- the second one ---- */

static void
name_them(struct scan *scan, struct block *block, const struct observation *item, unsigned axes)
{
    const struct scan_file *file = &scan->files[block->file];
    char name[OBSERVE_NAME];
    struct event event;

    if (!block_event(block, &file->head.dialect, item->offset, &event))
        return;
    for (enum axis axis = 0; axis < AXIS_COUNT; axis++)
        if ((axes >> axis & 1) != 0) {
            observe_name(scan->observer, &event, axis, name);
            exact_name(scan->exact, item, axis, name);
        }
}

static int
take_again(struct scan *scan, struct block *block)
{
    int result = 0;

    for (size_t i = 0; i < block->count && result == 0; i++) {
        unsigned axes;

        result = exact_add(scan->exact, &block->items[i], &block->more[i], &axes);
        if (result == 0 && axes != 0)
            name_them(scan, block, &block->items[i], axes);
    }
    return result;
}

static int
read_file_again(struct scan *scan, struct streams *streams, uint32_t number)
{
    const struct scan_file *file = &scan->files[number];
    struct stream *stream;
    struct block *block;
    int result = stream_open(&stream, streams, file->path, NULL, &file->head.dialect, number);

    if (result != 0)
        return result;
    while (result == 0 && (block = stream_next(stream)) != NULL) {
        result = block->result == PASU_E_NOMEM ? PASU_E_NOMEM : take_again(scan, block);
        tell(scan, scan->done + stream_taken(stream));
    }
    scan->done += stream_taken(stream);
    stream_close(stream);
    return result;
}

static int
read_again(struct scan *scan)
{
    struct streams *streams;
    int result = scan_make_streams(scan, &streams, exact_wants, scan->exact);

    if (result != 0)
        return result;
    scan->is_again = true;
    scan->report.is_exact = true;
    scan->done = 0;
    for (size_t i = 0; i < scan->report.file_count && result == 0; i++) {
        if (scan->files[i].error != 0 && scan->files[i].lines == 0)
            continue;
        if (!scan->files[i].head.is_again)
            scan->report.is_exact = false;
        else
            result = read_file_again(scan, streams, (uint32_t)i);
        if (result != 0 && result != PASU_E_NOMEM) { /* it was there before */
            scan->files[i].error = result;
            scan->report.is_exact = false;
            result = 0;
        }
    }
    streams_free(streams);
    return result;
}

/* ---- all of it ---- */

int
scan_begin(struct scan *scan, const uint8_t secret[OBSERVE_SECRET])
{
    struct detect_options options = {.memory =
                                         scan->options.memory > 0 ? scan->options.memory : MEMORY,
                                     .threads = scan->options.threads};
    int result;

    observe_keys_init(&scan->keys, secret);
    memcpy(options.secret, secret, sizeof(options.secret));
    result = observe_new(&scan->observer, scan->options.map, &scan->keys, &scan->sources);
    return result == 0 ? detect_open(&scan->detect, &options) : result;
}

static int
read_twice(struct scan *scan)
{
    uint8_t secret[OBSERVE_SECRET];
    struct scan_report *report = &scan->report;
    int result;

    look(scan);
    make_secret(scan, secret);
    result = scan_begin(scan, secret);
    if (result == 0)
        result = read_all(scan);
    if (result == 0)
        result = detect_findings(scan->detect, &report->detect);
    if (result == 0)
        result = exact_new(&scan->exact, report->detect.findings, report->detect.finding_count);
    if (result == 0 && report->detect.finding_count > 0)
        result = read_again(scan);
    return result;
}

int
scan_run(struct scan *scan)
{
    struct scan_report *report = &scan->report;
    int result = scan->options.is_following ? scan_follow(scan) : read_twice(scan);

    if (result == 0) {
        report->findings = exact_end(scan->exact, report->is_exact);
        report->finding_count = report->detect.finding_count;
        report->chart = exact_chart(scan->exact);
    }
    return result;
}

const struct scan_report *
scan_report(const struct scan *scan)
{
    return &scan->report;
}
