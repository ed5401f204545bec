/* SPDX-License-Identifier: Apache-2.0 */
/* The table that the program carries says of every address what the lines do that it was made of.
 */
#include "policy/origins.h"

#include "base/memory.h"
#include "random.h"
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ADDRESSES = 100000, SPEED_ROUNDS = 20, LINE_SIZE = 160, RANGES_MOST = 2 << 20 };

struct line {
    uint8_t first[16], last[16]; /* IPv4 in the last four */
    char country[3];
};

static struct line *lines;
static size_t counts[2]; /* of IPv4, and of IPv6 behind them */

static void
read_number(uint8_t bytes[16], const char *text, bool is_ipv6)
{
    memset(bytes, 0, 16);
    if (is_ipv6) {
        assert_int_equal(inet_pton(AF_INET6, text, bytes), 1);
    } else {
        uint32_t number = htonl((uint32_t)strtoul(text, NULL, 10));

        memcpy(bytes + 12, &number, 4);
    }
}

/* False where there is no such file: then the program carries nothing. */
static bool
read_lines(const char *path, bool is_ipv6)
{
    FILE *file = fopen(path, "re");
    char text[LINE_SIZE], first[64], last[64];
    struct line *line = lines + (is_ipv6 ? counts[0] : 0);

    if (!file)
        return false;
    while (fgets(text, sizeof(text), file)) {
        char country[3];

        if (text[0] == '#' || sscanf(text, "%63[^,],%63[^,],%2s", first, last, country) != 3)
            continue;
        assert_true(counts[0] + counts[1] < RANGES_MOST);
        read_number(line->first, first, is_ipv6);
        read_number(line->last, last, is_ipv6);
        snprintf(line->country, sizeof(line->country), "%s", country[0] == '?' ? "" : country);
        counts[is_ipv6]++;
        line++;
    }
    fclose(file);
    return true;
}

static const char *
country_by_lines(const uint8_t bytes[16], bool is_ipv6)
{
    const struct line *base = lines + (is_ipv6 ? counts[0] : 0);
    size_t low = 0, high = counts[is_ipv6];

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (memcmp(base[middle].last, bytes, 16) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < counts[is_ipv6] && memcmp(base[low].first, bytes, 16) <= 0 ? base[low].country
                                                                            : "";
}

static struct address
address_of(const uint8_t bytes[16], bool is_ipv6)
{
    struct address address = {0};

    if (is_ipv6) {
        address.u.v6.sin6_family = AF_INET6;
        memcpy(&address.u.v6.sin6_addr, bytes, 16);
    } else {
        address.u.v4.sin_family = AF_INET;
        memcpy(&address.u.v4.sin_addr, bytes + 12, 4);
    }
    return address;
}

/* By one more, or less. */
static void
step(uint8_t bytes[16], bool is_up)
{
    for (int i = 15; i >= 0; i--) {
        bytes[i] = (uint8_t)(bytes[i] + (is_up ? 1 : -1));
        if (bytes[i] != (is_up ? 0 : 0xff))
            return;
    }
}

/* Between the first and the last address of a line, more or less. */
static void
choose_within(struct random *random, uint8_t bytes[16], const struct line *line)
{
    size_t at = 0;

    while (at < 15 && line->first[at] == line->last[at])
        at++;
    memcpy(bytes, line->first, 16);
    bytes[at] = (uint8_t)(line->first[at] +
                          random_below(random, (uint32_t)(line->last[at] - line->first[at]) + 1));
    while (++at < 16)
        bytes[at] = (uint8_t)random_u64(random);
}

/* A third of them anywhere, a third within a line's, a third at the edges of one. */
static void
choose(struct random *random, uint8_t bytes[16], bool is_ipv6, unsigned round)
{
    size_t from = is_ipv6 ? 0 : 12;
    const struct line *line =
        &lines[(is_ipv6 ? counts[0] : 0) + random_below(random, (uint32_t)counts[is_ipv6])];

    if (round % 3 == 0) {
        for (size_t i = 0; i < 16; i++)
            bytes[i] = (uint8_t)random_u64(random);
        if (is_ipv6 && random_below(random, 2))
            bytes[0] = 0x20 | (bytes[0] & 0x0f); /* where there are any */
    } else if (round % 3 == 1) {
        choose_within(random, bytes, line);
    } else {
        memcpy(bytes, random_below(random, 2) ? line->first : line->last, 16);
        if (random_below(random, 2))
            step(bytes, random_below(random, 2));
    }
    memset(bytes, 0, from);
}

static void
the_table_agrees_with_the_lines(void **state PASU_UNUSED)
{
    struct random random = {.state = 7};
    struct origins *carried = NULL;
    struct origin origin;
    uint64_t known = 0;

    lines = memory_new(RANGES_MOST, sizeof(*lines));
    assert_non_null(lines);
    assert_int_equal(origins_carried(&carried), 0);
    if (!read_lines(GEOIP_FOLDER "/geoip", false) || !read_lines(GEOIP_FOLDER "/geoip6", true)) {
        assert_null(carried);
        memory_free(lines);
        skip();
    }
    assert_non_null(carried);
    assert_true(counts[0] > 100000 && counts[1] > 100000);
    for (int family = 0; family < 2; family++)
        for (unsigned round = 0; round < ADDRESSES; round++) {
            uint8_t bytes[16];
            struct address address;

            choose(&random, bytes, family == 1, round);
            address = address_of(bytes, family == 1);
            origins_look_up(carried, &address, &origin);
            if (family == 1 &&
                memcmp(bytes, (const uint8_t[12]){[10] = 0xff, [11] = 0xff}, 12) == 0)
                continue;
            assert_string_equal(origin.country, country_by_lines(bytes, family == 1));
            assert_int_equal(origin.system, 0);
            known += origin.country[0] != '\0';
        }
    assert_true(known > ADDRESSES);
    assert_true(origins_made(carried, false) > INT64_C(1500000000000000000));
    origins_release(carried);
    memory_free(lines);
}

static bool
count_range(void *arg, const struct address *address PASU_UNUSED, uint32_t value)
{
    *(uint64_t *)arg += value != 0;
    return true;
}

/* It is in order, which is not looked at when it is used; mapped IPv6 addresses are IPv4. */
static void
the_bytes_are_a_table_and_stand_in_for_a_database(void **state PASU_UNUSED)
{
    struct sources none;
    struct origins *carried = NULL, *made = NULL;
    const char *failed;
    uint8_t *bytes;
    size_t length;
    uint64_t here = 0, there = 0;

    assert_int_equal(origins_carried(&carried), 0);
    if (!carried)
        skip();
    assert_int_equal(sources_open(&none, NULL, NULL, &failed), 0);
    assert_int_equal(origins_build(&bytes, &length, &none), 0);
    assert_int_equal(origins_take(&made, bytes, length), 0); /* which looks at all of it */
    sources_close(&none);
    assert_true(origins_each(carried, false, count_range, &here));
    assert_true(origins_each(made, false, count_range, &there));
    assert_true(here > 100000 && here == there);
    assert_int_equal(origins_made(made, false), origins_made(carried, false));
    for (const char *const *text = (const char *const[]){"8.8.8.8", "1.1.1.1", NULL}; *text;
         text++) {
        struct origin four, mapped, built;
        struct address address = {0};

        address.u.v4.sin_family = AF_INET;
        inet_pton(AF_INET, *text, &address.u.v4.sin_addr);
        origins_look_up(carried, &address, &four);
        origins_look_up(made, &address, &built);
        address = (struct address){0};
        address.u.v6.sin6_family = AF_INET6;
        memset(address.u.v6.sin6_addr.s6_addr + 10, 0xff, 2);
        inet_pton(AF_INET, *text, address.u.v6.sin6_addr.s6_addr + 12);
        origins_look_up(carried, &address, &mapped);
        assert_string_equal(four.country, mapped.country);
        assert_string_equal(four.country, built.country);
        assert_int_not_equal(four.country[0], '\0');
    }
    origins_release(carried);
    origins_release(made);
}

static void
how_long_it_takes(void **state PASU_UNUSED)
{
    struct random random = {.state = 9};
    struct address *some = memory_new(ADDRESSES, sizeof(*some));
    struct origins *carried = NULL;
    struct origin origin;
    unsigned known = 0;

    assert_int_equal(origins_carried(&carried), 0);
    if (!carried) {
        memory_free(some);
        skip();
    }
    assert_non_null(some);
    for (int family = 0; family < 2; family++) {
        clock_t begin;

        for (int i = 0; i < ADDRESSES; i++) {
            uint8_t bytes[16];

            for (int b = 0; b < 16; b++)
                bytes[b] = (uint8_t)random_u64(&random);
            bytes[0] = (const uint8_t[]){0x20, 0x24, 0x26, 0x28, 0x2a, 0x2c}[i % 6];
            bytes[1] &= 0x0f;
            some[i] = address_of(bytes, family == 1);
        }
        begin = clock();
        for (int round = 0; round < SPEED_ROUNDS; round++)
            for (int i = 0; i < ADDRESSES; i++) {
                origins_look_up(carried, &some[i], &origin);
                known += origin.country[0] != '\0';
            }
        print_message("IPv%d: %.0f ns of CPU an address\n", family == 1 ? 6 : 4,
                      (double)(clock() - begin) * 1e9 / CLOCKS_PER_SEC / SPEED_ROUNDS / ADDRESSES);
    }
    assert_true(known > 0);
    origins_release(carried);
    memory_free(some);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_agrees_with_the_lines),
        cmocka_unit_test(the_bytes_are_a_table_and_stand_in_for_a_database),
        cmocka_unit_test(how_long_it_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
