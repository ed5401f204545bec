/* SPDX-License-Identifier: Apache-2.0 */
/* The table says of every address what libmaxminddb reads of the same database. */
#include "policy/origins.h"

#include "base/memory.h"
#include "mmdb_made.h"
#include "random.h"
#include "unit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    NODES_MAX = 40000,
    VALUES = 200,
    VALUE_SIZE = 32,
    EMPTY = -1, /* a record; from 0 on it is a node, below EMPTY a value */
};

/* A tree over the bits of addresses. */
struct tree {
    int32_t records[NODES_MAX][2];
    int32_t count;
    bool is_ipv6;
};

static struct tree tree;

static void
begin(bool is_ipv6)
{
    tree.count = 1;
    tree.is_ipv6 = is_ipv6;
    tree.records[0][0] = tree.records[0][1] = EMPTY;
}

static unsigned
bit_of(const uint8_t *bytes, unsigned at)
{
    return bytes[at / 8] >> (7 - at % 8) & 1;
}

/* What stands at the end of these bits; what was a value on the way is that of both halves. */
static void
set(const uint8_t *bytes, unsigned length, int32_t record)
{
    int32_t node = 0;

    for (unsigned i = 0; i + 1 < length; i++) {
        int32_t *next = &tree.records[node][bit_of(bytes, i)];

        if (*next < 0) {
            assert_true(tree.count < NODES_MAX);
            tree.records[tree.count][0] = tree.records[tree.count][1] = *next;
            *next = tree.count++;
        }
        node = *next;
    }
    tree.records[node][bit_of(bytes, length - 1)] = record;
}

/* The node there. */
static int32_t
node_at(const uint8_t *bytes, unsigned length)
{
    int32_t node = 0;

    for (unsigned i = 0; i < length; i++)
        node = tree.records[node][bit_of(bytes, i)];
    return node;
}

static void
put_record(struct writer *w, int32_t record)
{
    uint32_t value = record >= 0 ? (uint32_t)record
                     : record == EMPTY
                         ? (uint32_t)tree.count
                         : (uint32_t)tree.count + 16 + (uint32_t)(EMPTY - 1 - record) * VALUE_SIZE;

    writer_u8(w, (uint8_t)(value >> 16));
    writer_u8(w, (uint8_t)(value >> 8));
    writer_u8(w, (uint8_t)value);
}

/* Values are {"country_code": "AA"…}, or {"autonomous_system_number": 1…}; of some there is none. */
static void
put_value(struct writer *w, uint32_t number, bool is_systems)
{
    const uint8_t *start = w->at;
    char code[] = {(char)('A' + number / 20), (char)('A' + number % 20), '\0'};

    put_head(w, TYPE_MAP, 1);
    put_text(w, is_systems ? "autonomous_system_number" : "country_code");
    if (is_systems)
        put_number(w, TYPE_U32, 1000 + number / 2);
    else
        put_text(w, number % 7 == 0 ? "none" : code);
    while (w->at < start + VALUE_SIZE)
        writer_u8(w, 0);
}

static void
open_sources(struct sources *sources, bool is_systems)
{
    char path[] = "/tmp/pasu-origins-XXXXXX";
    size_t size = NODES_MAX * 6 + VALUES * VALUE_SIZE + 1024;
    uint8_t *space = memory_new(size, 1);
    struct writer w = writer_of(space, size);
    const char *failed;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    for (int32_t i = 0; i < tree.count; i++) {
        put_record(&w, tree.records[i][0]);
        put_record(&w, tree.records[i][1]);
    }
    writer_bytes(&w, (uint8_t[16]){0}, 16);
    for (uint32_t i = 0; i < VALUES; i++)
        put_value(&w, i, is_systems);
    put_about(&w, (uint32_t)tree.count, tree.is_ipv6 ? 6 : 4);
    assert_true(writer_end(&w) > 0);
    assert_int_equal(write(fd, space, writer_length(&w)), writer_length(&w));
    close(fd);
    memory_free(space);
    assert_int_equal(sources_open(sources, is_systems ? NULL : path, is_systems ? path : NULL,
                                  &failed),
                     0);
    unlink(path);
}

static int
memory_of(const uint8_t *bytes, size_t length)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    return fd;
}

static struct origins *
origins_of(const struct sources *sources)
{
    struct origins *origins;
    uint8_t *bytes;
    size_t length;
    int fd;

    assert_int_equal(origins_build(&bytes, &length, sources), 0);
    fd = memory_of(bytes, length);
    memory_free(bytes);
    assert_int_equal(origins_map(&origins, fd), 0);
    close(fd);
    return origins;
}

static void
check(const struct sources *sources, const struct origins *origins, const struct address *address)
{
    struct origin due, got;
    char text[ADDRESS_TEXT_SIZE];

    address_text(text, sizeof(text), address);
    sources_look_up(sources, text, &due);
    origins_look_up(origins, address, &got);
    if (strcmp(due.country, got.country) != 0 || due.system != got.system)
        print_message("%s\n", text);
    assert_string_equal(got.country, due.country);
    assert_int_equal(got.system, due.system);
}

static struct address
address_of_bytes(const uint8_t *bytes, bool is_ipv6)
{
    struct address address = {0};

    if (is_ipv6) {
        address.u.v6.sin6_family = AF_INET6;
        memcpy(&address.u.v6.sin6_addr, bytes, 16);
        address.length = sizeof(address.u.v6);
    } else {
        address.u.v4.sin_family = AF_INET;
        memcpy(&address.u.v4.sin_addr, bytes, 4);
        address.length = sizeof(address.u.v4);
    }
    return address;
}

/* Bytes of which the first ones are often the same as others'. */
static void
draw(struct random *random, uint8_t bytes[16])
{
    static const uint8_t starts[][16] = {
        {0x20, 0x01, 0x0d, 0xb8}, {0x20, 0x02}, {0x20, 0x01}, {[10] = 0xff, [11] = 0xff}, {0}};
    static const unsigned fixed[] = {4, 2, 4, 12, 12};
    size_t kind = random_below(random, 7);

    for (int i = 0; i < 16; i++)
        bytes[i] = (uint8_t)random_below(random, random_below(random, 2) ? 256 : 4);
    if (kind < COUNT_OF(starts))
        memcpy(bytes, starts[kind], fixed[kind]);
}

static void
fill(struct random *random)
{
    static const uint8_t zeros[16] = {0};
    static const struct {
        uint8_t bytes[16];
        unsigned length;
    } aliases[] = {
        {{0x20, 0x02}, 16}, {{0x20, 0x01}, 32}, {{[10] = 0xff, [11] = 0xff}, 96}};

    begin(true);
    for (int i = 0; i < 300; i++) {
        uint8_t bytes[16] = {0};
        unsigned length;

        draw(random, bytes);
        if (i % 2) {
            memset(bytes, 0, 12);
            length = 97 + random_below(random, 32);
        } else {
            length = 1 + random_below(random, 128);
        }
        set(bytes, length, EMPTY - 1 - (int32_t)random_below(random, VALUES));
    }
    set(zeros, 128, EMPTY - 1); /* whatever has been put over it: there is a node of IPv4 */
    for (size_t i = 0; i < COUNT_OF(aliases); i++)
        set(aliases[i].bytes, aliases[i].length, node_at(zeros, 96));
}

static void
it_agrees_with_libmaxminddb_on_random_addresses_of_random_databases(void **state PASU_UNUSED)
{
    struct random random = {7};

    for (int round = 0; round < 10; round++) {
        struct sources sources;
        struct origins *origins;

        fill(&random);
        open_sources(&sources, round % 2);
        origins = origins_of(&sources);
        for (int i = 0; i < 20000; i++) {
            uint8_t bytes[16];
            struct address address;

            draw(&random, bytes);
            address = address_of_bytes(bytes, i % 2);
            check(&sources, origins, &address);
        }
        origins_release(origins);
        sources_close(&sources);
    }
}

static void
one_of_ipv4_alone_knows_nothing_of_ipv6(void **state PASU_UNUSED)
{
    uint8_t bytes[16] = {203, 0, 113, 9};
    struct address address = address_of_bytes(bytes, false);
    struct sources sources;
    struct origins *origins;
    struct origin origin;

    begin(false);
    set(bytes, 24, EMPTY - 1 - 25);
    open_sources(&sources, false);
    origins = origins_of(&sources);
    origins_look_up(origins, &address, &origin);
    assert_string_equal(origin.country, "BF");
    bytes[2] = 112;
    address = address_of_bytes(bytes, false);
    origins_look_up(origins, &address, &origin);
    assert_string_equal(origin.country, "");
    memcpy(bytes, (uint8_t[16]){[10] = 0xff, [11] = 0xff, 203, 0, 113, 9}, 16);
    address = address_of_bytes(bytes, true); /* IPv4-mapped */
    origins_look_up(origins, &address, &origin);
    assert_string_equal(origin.country, "BF");
    bytes[0] = 0x20;
    address = address_of_bytes(bytes, true);
    origins_look_up(origins, &address, &origin);
    assert_string_equal(origin.country, "");
    address = (struct address){0};
    address.u.any.sa_family = AF_UNIX;
    origins_look_up(origins, &address, &origin);
    assert_true(origin.country[0] == '\0' && origin.system == 0);
    origins_look_up(NULL, &address, &origin);
    assert_true(origin.country[0] == '\0' && origin.system == 0);
    origins_release(origins);
    sources_close(&sources);
}

static void
a_tree_that_has_no_end_is_none(void **state PASU_UNUSED)
{
    struct sources sources;
    uint8_t *bytes;
    size_t length;

    begin(true);
    tree.records[0][0] = tree.records[0][1] = 0; /* a node below itself */
    open_sources(&sources, false);
    assert_int_equal(origins_build(&bytes, &length, &sources), PASU_E_MALFORMED);
    assert_null(bytes);
    sources_close(&sources);
    begin(true);
    for (tree.count = 0; tree.count < 127; tree.count++) /* 2^127 ways to the last one */
        tree.records[tree.count][0] = tree.records[tree.count][1] = tree.count + 1;
    tree.records[tree.count][0] = tree.records[tree.count][1] = EMPTY;
    tree.count++;
    open_sources(&sources, false);
    assert_int_equal(origins_build(&bytes, &length, &sources), PASU_E_RANGE);
    sources_close(&sources);
}

static void
bytes_that_are_no_table_are_refused(void **state PASU_UNUSED)
{
    struct random random = {8};
    struct sources sources;
    struct origins *origins;
    uint8_t *bytes;
    size_t length;
    int fd;

    fill(&random);
    open_sources(&sources, true);
    assert_int_equal(origins_build(&bytes, &length, &sources), 0);
    sources_close(&sources);
    for (int round = 0; round < 200; round++) {
        size_t at = (size_t)random_below(&random, round < 100 ? 40 : (uint32_t)length);
        uint8_t was = bytes[at];
        int result;

        bytes[at] ^= (uint8_t)(1 + random_below(&random, 255));
        fd = memory_of(bytes, length - (round % 3 == 0));
        result = origins_map(&origins, fd);
        assert_true(result == 0 || result == PASU_E_MALFORMED);
        assert_true(at >= 8 || result == PASU_E_MALFORMED);
        assert_true(round % 3 != 0 || result == PASU_E_MALFORMED);
        if (result == 0) { /* values, and dates */
            uint8_t any[16];
            struct address address;
            struct origin origin;

            draw(&random, any);
            address = address_of_bytes(any, true);
            origins_look_up(origins, &address, &origin);
            origins_release(origins);
        }
        bytes[at] = was;
        close(fd);
    }
    fd = memory_of(bytes, 0);
    assert_int_equal(origins_map(&origins, fd), PASU_E_MALFORMED);
    close(fd);
    memory_free(bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_libmaxminddb_on_random_addresses_of_random_databases),
        cmocka_unit_test(one_of_ipv4_alone_knows_nothing_of_ipv6),
        cmocka_unit_test(a_tree_that_has_no_end_is_none),
        cmocka_unit_test(bytes_that_are_no_table_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
