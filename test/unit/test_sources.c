/* SPDX-License-Identifier: Apache-2.0 */
/* What a database says of an address is taken where it is a country's code or a system's number,
 * and of nothing else; lists of countries are what they say. */
#include "policy/sources.h"

#include "mmdb_made.h"
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- a database of one value, which all addresses below 128.0.0.0 have ---- */

/* What is known of the address by a database with this value, for countries and for systems. */
static struct origin
look_up(const struct writer *value, const char *address)
{
    static const uint8_t node[6] = {0, 0, 1 + 16, 0, 0, 1}, none[16];
    char path[] = "/tmp/pasu-sources-XXXXXX";
    uint8_t space[1024];
    struct writer w = writer_of(space, sizeof(space));
    struct sources sources;
    struct origin origin;
    const char *failed;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    writer_bytes(&w, node, sizeof(node));
    writer_bytes(&w, none, sizeof(none));
    writer_bytes(&w, value->start, writer_length(value));
    put_about(&w, 1, 4);
    assert_int_equal(write(fd, space, writer_length(&w)), writer_length(&w));
    close(fd);
    assert_int_equal(sources_open(&sources, path, path, &failed), 0);
    sources_look_up(&sources, address, &origin);
    sources_close(&sources);
    unlink(path);
    return origin;
}

static struct origin
look_up_text(const char *member, const char *text)
{
    uint8_t space[256];
    struct writer value = writer_of(space, sizeof(space));

    put_head(&value, TYPE_MAP, 1);
    put_text(&value, member);
    put_text(&value, text);
    return look_up(&value, "10.0.0.1");
}

static struct origin
look_up_number(unsigned type, uint64_t number)
{
    uint8_t space[256];
    struct writer value = writer_of(space, sizeof(space));

    put_head(&value, TYPE_MAP, 1);
    put_text(&value, "autonomous_system_number");
    put_number(&value, type, number);
    return look_up(&value, "10.0.0.1");
}

/* ---- tests ---- */

static void
a_system_is_a_number_of_32_bits(void **state PASU_UNUSED)
{
    static const struct {
        const char *text;
        uint32_t system;
    } cases[] = {
        {"AS64500", 64500},
        {"AS4294967295", UINT32_MAX},
        {"AS4294967296", 0},
        {"AS4294967300", 0},
        {"AS9999999999999", 0},
        {"AS18446744073709", 0},
        {"AS99999999999999999999999", 0},
        {"AS", 0},
        {"AS-1", 0},
        {"AS 1", 0},
        {"64500", 0},
        {"as1", 0},
    };

    for (size_t c = 0; c < COUNT_OF(cases); c++)
        assert_int_equal(look_up_text("asn", cases[c].text).system, cases[c].system);
    assert_int_equal(look_up_number(TYPE_U16, 64500).system, 64500);
    assert_int_equal(look_up_number(TYPE_U32, UINT32_MAX).system, UINT32_MAX);
    assert_int_equal(look_up_number(TYPE_U64, UINT32_MAX).system, UINT32_MAX);
    assert_int_equal(look_up_number(TYPE_U64, (uint64_t)UINT32_MAX + 1).system, 0);
    assert_int_equal(look_up_number(TYPE_U64, ((uint64_t)1 << 32) + 7).system, 0);
}

static void
a_country_is_two_letters(void **state PASU_UNUSED)
{
    static const char *const none[] = {"", "K", "KOR", "kr", "K1", "1K", "\xc3\x9c", "K ", "K\n"};

    assert_string_equal(look_up_text("country_code", "KR").country, "KR");
    assert_string_equal(look_up_text("country", "KR").country, "KR");
    for (size_t n = 0; n < COUNT_OF(none); n++)
        assert_string_equal(look_up_text("country_code", none[n]).country, "");
}

/* An address is one host's: the ledger has none with a prefix, and whoever has written one there
 * learns nothing of the first in it. */
static void
only_an_address_is_looked_up(void **state PASU_UNUSED)
{
    static const char *const none[] = {"10.0.0.0/8", "10.0.0.1/32", "local",
                                       "",           "200.0.0.1",   "2001:db8::1"};
    uint8_t space[64];
    struct writer value = writer_of(space, sizeof(space));

    put_head(&value, TYPE_MAP, 1);
    put_text(&value, "country_code");
    put_text(&value, "KR");
    assert_string_equal(look_up(&value, "10.0.0.1").country, "KR");
    for (size_t n = 0; n < COUNT_OF(none); n++)
        assert_string_equal(look_up(&value, none[n]).country, "");
}

static bool
is_in(const char *list, const char *country)
{
    struct countries countries;
    struct origin origin = {0};

    memcpy(origin.country, country, strlen(country));
    assert_int_equal(countries_parse(&countries, list), 0);
    return countries_have(&countries, &origin);
}

static void
a_list_of_countries_has_what_it_names(void **state PASU_UNUSED)
{
    static const char *const wrong[] = {"", "K", "KOR", "K1", "KR,", ",KR", "not:", "KR;JP"};
    struct countries countries;
    char all[26 * 26 * 3 + 1];

    assert_true(is_in("kr,JP", "KR") && !is_in("kr,JP", "US") && !is_in("KR", ""));
    assert_true(is_in("none", "") && is_in("not:KR", "") && !is_in("not:KR,none", ""));
    assert_true(is_in("not:KR", "JP") && !is_in("not:KR", "KR"));
    for (size_t n = 0; n < COUNT_OF(wrong); n++)
        assert_int_equal(countries_parse(&countries, wrong[n]), PASU_E_MALFORMED);
    for (size_t n = 0; n < 26 * 26; n++)
        snprintf(all + 3 * n, 4, "%c%c,", (int)('A' + n / 26), (int)('A' + n % 26));
    all[3 * 250 - 1] = '\0'; /* all that there are, and none too few */
    assert_true(is_in(all, "JP") && !is_in(all, "ZW"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_system_is_a_number_of_32_bits),
        cmocka_unit_test(a_country_is_two_letters),
        cmocka_unit_test(only_an_address_is_looked_up),
        cmocka_unit_test(a_list_of_countries_has_what_it_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
