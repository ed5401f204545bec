/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/origins.h"

#include "base/memory.h"

#include <sys/mman.h>
#include <sys/stat.h>

enum {
    RANGES_MAX = 8 << 20, /* of one database and family */
    STEPS_MAX = 64 << 20, /* a tree of no loops and few ways to one node has fewer */
    VALUES_CACHED = 4096, /* many ranges share one value */
    IPV4_DEPTH = 96,      /* of the node below which IPv4 addresses are, in a tree of IPv6 */
    HEAD = 40,
};

static const char magic[8] = {'P', 'A', 'S', 'U', 'O', 'R', 'G', '1'};

struct head {
    char magic[8];
    struct {
        uint32_t count4, count6;
        int64_t made;
    } of[2]; /* countries, systems */
};

/* By an address's upper bits it is known where its range is, nearly. */
enum { FRONT_BITS = 12 };

struct table {
    const struct origin_range4 *ranges4;
    const struct origin_range6 *ranges6;
    uint32_t count4, count6;
    uint32_t front4[(1 << FRONT_BITS) + 1]; /* how many ranges begin below such addresses */
};

struct origins {
    _Atomic uint32_t holders;
    const void *map;
    size_t size;
    enum { BYTES_MAPPED, BYTES_OURS, BYTES_CARRIED } bytes; /* of memory_new; of the program */
    struct table countries, systems;
};

/* ---- made ---- */

struct build {
    const MMDB_s *database;
    bool is_systems;
    bool is_ipv4;  /* what is being made: ranges4 */
    uint32_t ipv4; /* the node below which IPv4 addresses are; UINT32_MAX: there is none */
    uint32_t steps;
    struct origin_range4 *ranges4;
    struct origin_range6 *ranges6;
    size_t count4, space4, count6, space6;
    struct {
        uint32_t offset, value; /* offset + 1: 0 is none */
    } cache[VALUES_CACHED];
};

static void *
grow(void *ranges, size_t count, size_t *space, size_t size)
{
    size_t next = *space ? 2 * *space : 1024;
    void *more;

    if (count < *space)
        return ranges;
    more = memory_resize(ranges, next, size);
    if (more)
        *space = next;
    return more;
}

/* A range begins; one that goes on as before is no range of its own. */
static int
add(struct build *b, uint64_t high, uint64_t low, uint32_t value, uint32_t shift)
{
    void *more;

    if (b->is_ipv4 ? b->count4 > 0 && b->ranges4[b->count4 - 1].value == value
                   : b->count6 > 0 && b->ranges6[b->count6 - 1].value == value &&
                         b->ranges6[b->count6 - 1].shift == shift)
        return 0;
    if (b->count4 == RANGES_MAX || b->count6 == RANGES_MAX)
        return PASU_E_RANGE;
    if (b->is_ipv4) {
        more = grow(b->ranges4, b->count4, &b->space4, sizeof(b->ranges4[0]));
        if (!more)
            return PASU_E_NOMEM;
        b->ranges4 = more;
        b->ranges4[b->count4++] = (struct origin_range4){(uint32_t)(high >> 32), value};
    } else {
        more = grow(b->ranges6, b->count6, &b->space6, sizeof(b->ranges6[0]));
        if (!more)
            return PASU_E_NOMEM;
        b->ranges6 = more;
        b->ranges6[b->count6++] = (struct origin_range6){high, low, value, shift};
    }
    return 0;
}

static uint32_t
value_of(struct build *b, MMDB_entry_s *entry)
{
    uint32_t *offset = &b->cache[entry->offset % VALUES_CACHED].offset;
    uint32_t *value = &b->cache[entry->offset % VALUES_CACHED].value;
    char country[COUNTRY_SIZE];

    if (*offset == entry->offset + 1)
        return *value;
    if (b->is_systems) {
        *value = sources_system(entry);
    } else {
        sources_country(entry, country);
        *value = (uint32_t)(uint8_t)country[0] << 8 | (uint8_t)country[1];
    }
    *offset = entry->offset + 1;
    return *value;
}

/* All addresses below a node that begin with these bits, `depth` of them, in their order. */
static int
walk(struct build *b, uint32_t node, unsigned depth, uint64_t high, uint64_t low)
{
    unsigned most = b->is_ipv4 ? 32 : 128;
    MMDB_search_node_s records;
    int result = 0;

    if (++b->steps > STEPS_MAX)
        return PASU_E_RANGE;
    if (depth >= most || MMDB_read_node(b->database, node, &records) != MMDB_SUCCESS)
        return PASU_E_MALFORMED;
    for (int side = 0; side < 2 && result == 0; side++) {
        uint64_t next = side ? records.right_record : records.left_record;
        uint8_t type = side ? records.right_record_type : records.left_record_type;
        MMDB_entry_s *entry = side ? &records.right_record_entry : &records.left_record_entry;

        if (side && depth < 64)
            high |= UINT64_C(1) << (63 - depth);
        else if (side)
            low |= UINT64_C(1) << (127 - depth);
        if (type == MMDB_RECORD_TYPE_SEARCH_NODE && !b->is_ipv4 && next == b->ipv4 &&
            depth < IPV4_DEPTH)
            result = add(b, high, low, 0, depth + 1);
        else if (type == MMDB_RECORD_TYPE_SEARCH_NODE)
            result = walk(b, (uint32_t)next, depth + 1, high, low);
        else if (type == MMDB_RECORD_TYPE_EMPTY || type == MMDB_RECORD_TYPE_DATA)
            result = add(b, high, low, type == MMDB_RECORD_TYPE_DATA ? value_of(b, entry) : 0, 0);
        else
            result = PASU_E_MALFORMED;
    }
    return result;
}

/* The node below which IPv4 addresses are. Where the tree ends before it, *value is that of all of
 * them. */
static int
find_ipv4(struct build *b, uint32_t *value)
{
    MMDB_search_node_s records;
    uint32_t node = 0;

    *value = 0;
    b->ipv4 = UINT32_MAX;
    for (unsigned depth = 0; depth < IPV4_DEPTH; depth++) {
        if (MMDB_read_node(b->database, node, &records) != MMDB_SUCCESS)
            return PASU_E_MALFORMED;
        if (records.left_record_type == MMDB_RECORD_TYPE_DATA)
            *value = value_of(b, &records.left_record_entry);
        if (records.left_record_type != MMDB_RECORD_TYPE_SEARCH_NODE)
            return 0;
        node = (uint32_t)records.left_record;
    }
    b->ipv4 = node;
    return 0;
}

static int
build_one(struct build *b)
{
    uint32_t value = 0;
    int result = 0;

    if (b->database->metadata.ip_version == 6) {
        result = find_ipv4(b, &value);
        if (result == 0)
            result = walk(b, 0, 0, 0, 0);
    } else {
        b->ipv4 = 0;
    }
    b->is_ipv4 = true;
    if (result == 0)
        result = b->ipv4 != UINT32_MAX ? walk(b, b->ipv4, 0, 0, 0) : add(b, 0, 0, value, 0);
    return result;
}

static void
release(struct build *b)
{
    memory_free(b->ranges4);
    memory_free(b->ranges6);
    memory_free(b);
}

static int
build_of(struct build **build, const MMDB_s *database, bool has, bool is_systems)
{
    struct build *b = memory_new(1, sizeof(*b));

    *build = b;
    if (!b)
        return PASU_E_NOMEM;
    b->database = database;
    b->is_systems = is_systems;
    return has ? build_one(b) : 0;
}

static void
borrow_carried(struct table *table, struct head *head, const struct origins *carried)
{
    struct head theirs;

    memcpy(&theirs, carried->map, HEAD);
    *table = carried->countries;
    head->of[0].made = theirs.of[0].made;
}

/* Where the next goes; NULL stays NULL. */
static uint8_t *
put(uint8_t *at, const void *bytes, size_t length)
{
    if (!at)
        return NULL;
    if (length > 0)
        memcpy(at, bytes, length);
    return at + length;
}

int
origins_build(uint8_t **bytes, size_t *length, const struct sources *sources)
{
    const MMDB_s *databases[] = {&sources->countries, &sources->systems};
    const bool has[] = {sources->has_countries, sources->has_systems};
    struct build *builds[2] = {0};
    struct table tables[2] = {0};
    struct head head = {0};
    uint8_t *at;
    int result = 0;

    memcpy(head.magic, magic, sizeof(magic));
    *length = HEAD;
    for (int i = 0; i < 2 && result == 0; i++) {
        result = build_of(&builds[i], databases[i], has[i], i == 1);
        if (result != 0)
            break;
        if (i == 0 && sources->carried && !has[0])
            borrow_carried(&tables[0], &head, sources->carried);
        else
            tables[i] = (struct table){.ranges4 = builds[i]->ranges4,
                                       .ranges6 = builds[i]->ranges6,
                                       .count4 = (uint32_t)builds[i]->count4,
                                       .count6 = (uint32_t)builds[i]->count6};
        head.of[i].count4 = tables[i].count4;
        head.of[i].count6 = tables[i].count6;
        if (has[i])
            head.of[i].made = (int64_t)databases[i]->metadata.build_epoch;
        *length += tables[i].count4 * sizeof(struct origin_range4) +
                   tables[i].count6 * sizeof(struct origin_range6);
    }
    *bytes = result == 0 ? memory_new(*length, 1) : NULL;
    if (result == 0 && !*bytes)
        result = PASU_E_NOMEM;
    at = put(*bytes, &head, HEAD);
    for (int i = 0; i < 2; i++) {
        at = put(at, tables[i].ranges4, tables[i].count4 * sizeof(struct origin_range4));
        at = put(at, tables[i].ranges6, tables[i].count6 * sizeof(struct origin_range6));
        if (builds[i])
            release(builds[i]);
    }
    return result;
}

/* ---- mapped ---- */

/* Each range begins behind the one before, and the first where addresses do. */
static bool
is_in_order(const struct table *t)
{
    for (uint32_t i = 0; i < t->count4; i++)
        if (i == 0 ? t->ranges4[0].start != 0 : t->ranges4[i].start <= t->ranges4[i - 1].start)
            return false;
    for (uint32_t i = 0; i < t->count6; i++) {
        const struct origin_range6 *r = &t->ranges6[i];

        if (r->shift > IPV4_DEPTH ||
            (i == 0 ? (r->high | r->low) != 0
                    : r->high < r[-1].high || (r->high == r[-1].high && r->low <= r[-1].low)))
            return false;
    }
    return true;
}

static void
find_fronts(struct table *t)
{
    uint32_t front = 0;

    for (uint32_t i = 0; i < t->count4; i++)
        for (; front <= t->ranges4[i].start >> (32 - FRONT_BITS); front++)
            t->front4[front] = i;
    for (; front < COUNT_OF(t->front4); front++)
        t->front4[front] = t->count4;
}

/* What the program carries was looked at when it was made (test/unit/test_countries.c). */
static bool
take_tables(struct origins *o)
{
    struct table *tables[] = {&o->countries, &o->systems};
    const uint8_t *at = o->map;
    size_t left = o->size - HEAD;
    struct head head;

    memcpy(&head, at, HEAD);
    at += HEAD;
    if (memcmp(head.magic, magic, sizeof(magic)) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        size_t size4 = head.of[i].count4 * sizeof(struct origin_range4);
        size_t size6 = head.of[i].count6 * sizeof(struct origin_range6);

        if (head.of[i].count4 > RANGES_MAX || head.of[i].count6 > RANGES_MAX ||
            left < size4 + size6)
            return false;
        *tables[i] = (struct table){.ranges4 = (const void *)at,
                                    .ranges6 = (const void *)(at + size4),
                                    .count4 = head.of[i].count4,
                                    .count6 = head.of[i].count6};
        at += size4 + size6;
        left -= size4 + size6;
        if (o->bytes != BYTES_CARRIED && !is_in_order(tables[i]))
            return false;
        find_fronts(tables[i]);
    }
    return left == 0;
}

int
origins_map(struct origins **out, int fd)
{
    struct origins *o;
    struct stat st;

    if (fstat(fd, &st) != 0)
        return PASU_E_IO;
    if (st.st_size < HEAD)
        return PASU_E_MALFORMED;
    o = memory_new(1, sizeof(*o));
    if (!o)
        return PASU_E_NOMEM;
    *o = (struct origins){.holders = 1, .size = (size_t)st.st_size, .bytes = BYTES_MAPPED};
    o->map = mmap(NULL, o->size, PROT_READ, MAP_SHARED, fd, 0);
    if (o->map == MAP_FAILED) {
        memory_free(o);
        return PASU_E_NOMEM;
    }
    if (!take_tables(o)) {
        origins_release(o);
        return PASU_E_MALFORMED;
    }
    *out = o;
    return 0;
}

/* Made by script/embed-countries; empty where there was nothing to make it of. */
extern const uint8_t countries_begin[], countries_end[];

int
origins_carried(struct origins **out)
{
    size_t length = (size_t)(countries_end - countries_begin);
    struct origins *o = length >= HEAD ? memory_new(1, sizeof(*o)) : NULL;

    *out = NULL;
    if (!o)
        return length >= HEAD ? PASU_E_NOMEM : 0;
    *o = (struct origins){
        .holders = 1, .map = countries_begin, .size = length, .bytes = BYTES_CARRIED};
    if (!take_tables(o)) {
        origins_release(o);
        return PASU_E_MALFORMED;
    }
    *out = o;
    return 0;
}

bool
origins_are_carried(void)
{
    return countries_end - countries_begin >= HEAD;
}

int
origins_take(struct origins **out, uint8_t *bytes, size_t length)
{
    struct origins *o = length >= HEAD ? memory_new(1, sizeof(*o)) : NULL;

    if (!o) {
        memory_free(bytes);
        return length >= HEAD ? PASU_E_NOMEM : PASU_E_MALFORMED;
    }
    *o = (struct origins){.holders = 1, .map = bytes, .size = length, .bytes = BYTES_OURS};
    if (!take_tables(o)) {
        origins_release(o);
        return PASU_E_MALFORMED;
    }
    *out = o;
    return 0;
}

struct origins *
origins_hold(struct origins *o)
{
    if (o)
        o->holders++;
    return o;
}

void
origins_release(struct origins *o)
{
    if (!o || --o->holders > 0)
        return;
    if (o->bytes == BYTES_MAPPED)
        munmap((void *)(uintptr_t)o->map, o->size);
    else if (o->bytes == BYTES_OURS)
        memory_free((void *)(uintptr_t)o->map);
    memory_free(o);
}

/* ---- looked up ---- */

static uint32_t
find4(const struct table *t, uint32_t address)
{
    uint32_t front = address >> (32 - FRONT_BITS);
    uint32_t low = t->front4[front], high = t->front4[front + 1];

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (t->ranges4[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? t->ranges4[low - 1].value : 0;
}

/* 32 bits of an address from a bit on. */
static uint32_t
bits_at(uint64_t high, uint64_t low, uint32_t at)
{
    if (at >= 64)
        return (uint32_t)(low << (at - 64) >> 32);
    return (uint32_t)((at == 0 ? high : high << at | low >> (64 - at)) >> 32);
}

static uint32_t
find6(const struct table *t, uint64_t h, uint64_t l)
{
    uint32_t low = 0, high = t->count6;
    const struct origin_range6 *range;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        range = &t->ranges6[middle];
        if (range->high < h || (range->high == h && range->low <= l))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    range = &t->ranges6[low - 1];
    return range->shift ? find4(t, bits_at(h, l, range->shift)) : range->value;
}

static uint32_t
find(const struct table *t, const struct address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *bytes;

    if (address->u.any.sa_family == AF_INET)
        return find4(t, bytes_get_u32((const uint8_t *)&address->u.v4.sin_addr));
    if (address->u.any.sa_family != AF_INET6)
        return 0;
    bytes = (const uint8_t *)&address->u.v6.sin6_addr;
    if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
        return find4(t, bytes_get_u32(bytes + sizeof(mapped)));
    return find6(t, (uint64_t)bytes_get_u32(bytes) << 32 | bytes_get_u32(bytes + 4),
                 (uint64_t)bytes_get_u32(bytes + 8) << 32 | bytes_get_u32(bytes + 12));
}

void
origins_look_up(const struct origins *o, const struct address *address, struct origin *origin)
{
    uint32_t country;

    *origin = (struct origin){0};
    if (!o)
        return;
    country = find(&o->countries, address);
    origin->country[0] = (char)(country >> 8);
    origin->country[1] = (char)country;
    origin->system = find(&o->systems, address);
}

bool
origins_each(const struct origins *o, bool is_systems,
             bool (*see)(void *arg, const struct address *address, uint32_t value), void *arg)
{
    const struct table *t = is_systems ? &o->systems : &o->countries;
    struct address address = {.length = sizeof(address.u.v4)};
    bool is_going = true;

    address.u.v4.sin_family = AF_INET;
    for (uint32_t i = 0; i < t->count4 && is_going; i++) {
        bytes_put_u32((uint8_t *)&address.u.v4.sin_addr, t->ranges4[i].start);
        is_going = see(arg, &address, t->ranges4[i].value);
    }
    return is_going;
}

int64_t
origins_made(const struct origins *o, bool is_systems)
{
    struct head head;

    if (!o)
        return 0;
    memcpy(&head, o->map, HEAD);
    return head.of[is_systems].made > 0 &&
                   head.of[is_systems].made < INT64_MAX / NANOSECONDS_PER_SECOND
               ? head.of[is_systems].made * NANOSECONDS_PER_SECOND
               : 0;
}
