/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: scan_events MAP LOG BLOCK THREADS
 * What src/scan takes out of each line of a log, an event a line: its offset, its time, its status,
 * and for each slot its bytes in hexadecimal; then what it is, whom it shows (as numbers) and the
 * fields. The last line counts lines and those that could not be read. For comparison with a slow
 * parser.
 */
#include "base/memory.h"
#include "scan/stream.h"

#include <inttypes.h>

static void
print_hex(struct view v)
{
    putchar('|');
    for (size_t i = 0; i < v.length; i++)
        printf("%02x", v.bytes[i]);
}

static void
print_block(struct block *block, const struct dialect *dialect)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct observation *o = &block->items[i];
        struct event event;

        if (!block_event(block, dialect, o->offset, &event)) {
            printf("nothing at %" PRIu64 "\n", o->offset);
            continue;
        }
        printf("%" PRIu64 "|%" PRId64 "|%u", o->offset, o->time, event.status);
        for (enum slot slot = SLOT_METHOD; slot < SLOT_COUNT; slot++)
            print_hex(event.slot[slot]);
        printf("|%u|%" PRId64 "|%" PRIx64 "\n", o->what,
               o->number != NUMBER_NONE ? (int64_t)o->number : -1, o->fields);
    }
}

static bool
wants_all(const void *arg PASU_UNUSED, const struct observation *observation PASU_UNUSED)
{
    return true;
}

static int
read_log(const struct route_map *map, char **argv)
{
    static const uint8_t secret[OBSERVE_SECRET];
    struct dialects *dialects = memory_new(1, sizeof(*dialects));
    struct observe_keys keys;
    struct sources sources = {0};
    struct stream_head head;
    struct stream_kept *kept;
    struct stream *stream;
    struct streams *streams;
    struct streams_options options = {.dialects = dialects,
                                      .keys = &keys,
                                      .sources = &sources,
                                      .want = wants_all,
                                      .block = strtoul(argv[3], NULL, 10),
                                      .threads = (unsigned)strtoul(argv[4], NULL, 10)};
    uint64_t lines = 0, unparsed = 0;
    struct block *block;
    int result;

    observe_keys_init(&keys, secret);
    if (dialects == NULL)
        return 2;
    dialects_init(dialects, map);
    if (stream_look(&head, &kept, argv[2], dialects) != 0 || streams_new(&streams, &options) != 0 ||
        stream_open(&stream, streams, argv[2], kept, &head.dialect, 0) != 0)
        return 2;
    printf("%s\n", head.dialect.name != NULL ? head.dialect.name : "unknown");
    while ((block = stream_next(stream)) != NULL) {
        print_block(block, &head.dialect);
        lines += block->lines;
        unparsed += block->unparsed;
    }
    printf("%" PRIu64 " %" PRIu64 "\n", lines, unparsed);
    result = fflush(stdout);
    stream_close(stream);
    streams_free(streams);
    memory_free(dialects);
    return result == 0 ? 0 : 2;
}

int
main(int argc, char **argv)
{
    struct config_faults faults = {0};
    struct route_map *map;
    int status;

    if (argc != 5 || route_map_load(&map, argv[1], &faults) != 0) {
        for (size_t i = 0; i < faults.count; i++)
            fprintf(stderr, "%s:%u: %s\n", argv[1], faults.items[i].line, faults.items[i].text);
        return 2;
    }
    status = read_log(map, argv);
    route_map_free(map);
    return status;
}
