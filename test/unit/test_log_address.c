/* SPDX-License-Identifier: Apache-2.0 */
/* An address has one hash, however a log writes it, and no other text has the same. */
#include "scan/log_address.h"

#include "random.h"
#include "unit.h"

#include <arpa/inet.h>

enum { MANY = 20000, SPELLINGS = 6 };

static const uint8_t key[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};

static uint64_t
hash_of(const char *text)
{
    char copy[64] = {0}; /* what stands behind it in the line is another byte each time */
    size_t length = strlen(text);
    uint64_t hash;

    memcpy(copy, text, length);
    copy[length] = '0';
    hash = log_address_hash(key, view_of(copy, length));
    copy[length] = '.';
    assert_true(log_address_hash(key, view_of(copy, length)) == hash);
    return hash;
}

/* Octets as logs have them: many are zero or begin so. */
static unsigned
octet(struct random *random)
{
    return random_below(random, 3) == 0 ? random_below(random, 11) : random_below(random, 256);
}

static void
test_each_spelling_of_an_address_is_the_same(void **state PASU_UNUSED)
{
    struct random random = {1};

    for (size_t i = 0; i < MANY; i++) {
        unsigned a = octet(&random), b = octet(&random), c = octet(&random), d = octet(&random);
        char text[SPELLINGS][64];
        uint8_t bytes[16];
        uint64_t hash;

        snprintf(text[0], sizeof(text[0]), "%u.%u.%u.%u", a, b, c, d);
        snprintf(text[1], sizeof(text[1]), "::ffff:%u.%u.%u.%u", a, b, c, d);
        snprintf(text[2], sizeof(text[2]), "198.51.100.1, %u.%u.%u.%u", a, b, c, d);
        snprintf(text[3], sizeof(text[3]), "%03u.%u.%u.%u", a, b, c, d);
        snprintf(text[4], sizeof(text[4]), "%u.%03u.%02u.%u", a, b, c, d);
        snprintf(text[5], sizeof(text[5]), " %u.%u.%u.%03u", a, b, c, d);
        hash = hash_of(text[0]);
        for (size_t s = 1; s < SPELLINGS; s++)
            assert_true(hash_of(text[s]) == hash);
        assert_true(log_address_read(bytes, view_of_text(text[0])));
        assert_int_equal(bytes_get_u32(bytes + 12), a << 24 | b << 16 | c << 8 | d);
    }
    assert_true(hash_of("2001:db8::1") == hash_of("2001:0DB8:0:0:0:0:0:1"));
    assert_true(hash_of("::1") == hash_of("0:0:0:0:0:0:0:1"));
}

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void
test_no_two_are_the_same(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "1.2.3.4",
        "1.2.3.45",
        "11.2.3.4",
        "host",
        "host-10",
        "host-010",
        "a",
        "b",
        "::1",
        "::2",
        "1.1.1.1",
        "1.1.1.11",
        "11.1.1.1",
        "11.1.1.11",
        "2001:db8::1",
        "0.0.0.0",
        "255.255.255.1",
        "a.example",
        "b.example",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "gate.example",
        "010.1.2.1000",
        "a-very-long-name.example",
        "nnnnnnnnn",
        "nnnnnnnnnn",
    };
    static uint64_t hashes[MANY + COUNT_OF(texts)];
    size_t count = 0;

    for (uint32_t i = 0; i < MANY; i++) {
        char text[32];

        snprintf(text, sizeof(text), "192.%u.%u.%u", i >> 14 & 255, i >> 7 & 127, i & 127);
        hashes[count++] = hash_of(text);
    }
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        hashes[count++] = hash_of(texts[i]);
    qsort(hashes, count, sizeof(hashes[0]), compare);
    assert_true(hashes[0] != 0);
    for (size_t i = 1; i < count; i++)
        assert_true(hashes[i] != hashes[i - 1]);
}

static void
test_nothing_has_no_hash(void **state PASU_UNUSED)
{
    assert_true(hash_of("") == 0 && hash_of("-") == 0 && hash_of("1.2.3.4, -") == 0);
    assert_true(hash_of(" ") == 0 && hash_of("10.0.0.1,") == 0);
}

/* Each bit of it is set about as often as not, so that tables are filled evenly. */
static void
test_hashes_are_spread(void **state PASU_UNUSED)
{
    unsigned set[64] = {0};

    for (unsigned i = 0; i < MANY; i++) {
        char text[32];
        uint64_t hash;

        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        hash = hash_of(text);
        for (unsigned bit = 0; bit < 64; bit++)
            set[bit] += hash >> bit & 1;
    }
    for (unsigned bit = 0; bit < 64; bit++)
        assert_in_range(set[bit], MANY / 2 - 500, MANY / 2 + 500); /* 7 sigma */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_spelling_of_an_address_is_the_same),
        cmocka_unit_test(test_no_two_are_the_same),
        cmocka_unit_test(test_nothing_has_no_hash),
        cmocka_unit_test(test_hashes_are_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
