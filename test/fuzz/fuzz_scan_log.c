/* SPDX-License-Identifier: Apache-2.0 */
/* A log of any dialect, from its bytes to observations, by a map that knows all of them: what is
 * made of it does not depend on where it is cut into blocks. The first byte says which map, and the
 * second where. */
#include "base/memory.h"
#include "policy/sources.h"
#include "scan/block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROUTES                                                                                     \
    "subjects: {customer: {}, member: {}}\n"                                                       \
    "routes:\n"                                                                                    \
    "  - {path: '/members/{customer}', fields: [name]}\n"                                          \
    "  - {path: '/list?id={customer}', subject: customer, fields: [name, phone]}\n"                \
    "  - {path: '/me', whom: account, subject: member, fields: [address]}\n"                       \
    "  - {path: '/**', methods: [GET], whom: session, subject: member, fields: [name]}\n"          \
    "login: [/login]\n"

static const char *const maps[] = {
    ROUTES,
    ROUTES "log_format: '$remote_addr - $remote_user [$time_local] \"$request\" $status "
           "\"$http_user_agent\" $cookie_sid \"$http_x_forwarded_for\"'\n"
           "from: {session: cookie_sid, address: http_x_forwarded_for}\n",
    ROUTES "from: {time: at, address: client.ip, account: user.name, request: http.request, "
           "status: http.status, session: sid}\n",
    "subjects: {customer: {}}\n"
    "statements:\n"
    "  - {sql: 'SELECT name FROM members WHERE id = {customer}', fields: [name]}\n"
    "  - {sql: 'SELECT name FROM members WHERE id IN ({customer})', fields: [name]}\n"
    "  - {sql: 'SELECT name FROM members WHERE id = ANY({customer})', fields: [name]}\n"
    "time_zone: '+09:00'\n"
    "log_line_prefix: '%m [%p] %q%u@%d '\n",
};

struct map_reader {
    struct route_map *map;
    struct dialects dialects;
    struct observe_state *observer;
};

static struct observe_keys keys;
static struct sources sources;
static struct map_reader readers[COUNT_OF(maps)];
static struct server_reader server;
static struct general_log general;

static void
set_up(void)
{
    static const uint8_t secret[OBSERVE_SECRET] = {7};

    observe_keys_init(&keys, secret);
    for (size_t i = 0; i < COUNT_OF(maps); i++) {
        struct config_faults faults = {0};

        if (route_map_parse(&readers[i].map, view_of_text(maps[i]), "map", &faults) != 0 ||
            observe_new(&readers[i].observer, readers[i].map, &keys, &sources) != 0)
            __builtin_trap();
        dialects_init(&readers[i].dialects, readers[i].map);
    }
}

struct seen {
    uint64_t lines, unparsed, unmatched, count, hash;
};

static void
take(struct seen *seen, const struct block *block)
{
    seen->lines += block->lines;
    seen->unparsed += block->unparsed;
    seen->unmatched += block->unmatched;
    seen->count += block->count;
    for (size_t i = 0; i < block->count; i++) {
        const uint8_t *bytes = (const uint8_t *)&block->items[i];

        for (size_t at = 0; at < sizeof(block->items[i]); at++)
            seen->hash = (seen->hash ^ bytes[at]) * 0x100000001B3u;
    }
}

/* Blocks are whole lines: each ends behind the first line break at or after `piece` bytes. */
static struct seen
read_in(struct map_reader *r, const struct dialect *dialect, struct view bytes, size_t piece)
{
    struct seen seen = {0};
    size_t at = 0;

    if (dialect->kind == DIALECT_SERVER)
        server_reader_init(&server, dialect->prefix, NULL, NULL);
    if (dialect->kind == DIALECT_GENERAL)
        general_log_init(&general, dialect->east, NULL, NULL);
    while (at < bytes.length) {
        size_t length = bytes.length - at < piece ? bytes.length - at : piece;
        const uint8_t *end =
            memchr(bytes.bytes + at + length - 1, '\n', bytes.length - at - length + 1);
        struct block_readers serial = {0};
        struct block block;

        length = end != NULL ? (size_t)(end - bytes.bytes) + 1 - at : bytes.length - at;
        serial.server = dialect->kind == DIALECT_SERVER ? &server : NULL;
        serial.general = dialect->kind == DIALECT_GENERAL ? &general : NULL;
        serial.is_last = at + length == bytes.length;
        if (block_init(&block, length + 64) != 0)
            __builtin_trap();
        block_clear(&block, 0, at);
        memcpy(block.bytes, bytes.bytes + at, length);
        block.length = length;
        if (block_parse(&block, dialect, &serial, r->observer, NULL, NULL) != 0)
            __builtin_trap();
        take(&seen, &block);
        block_release(&block);
        at += length;
    }
    return seen;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole, pieces;
    struct dialect dialect;
    struct map_reader *reader;
    uint8_t *scratch;
    struct view bytes;

    if (readers[0].map == NULL)
        set_up();
    if (size < 3)
        return 0;
    reader = &readers[data[0] % COUNT_OF(maps)];
    bytes = view_of(data + 2, size - 2);
    scratch = memory_new(bytes.length, 1);
    if (scratch == NULL)
        return 0;
    dialect_find(&dialect, &reader->dialects, bytes, scratch);
    memory_free(scratch);
    whole = read_in(reader, &dialect, bytes, SIZE_MAX);
    pieces = read_in(reader, &dialect, bytes, 1 + (size_t)data[1]);
    if (memcmp(&whole, &pieces, sizeof(whole)) != 0)
        __builtin_trap();
    return 0;
}
