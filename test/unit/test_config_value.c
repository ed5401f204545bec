/* SPDX-License-Identifier: Apache-2.0 */
/* Each type of value: what it takes, and what it refuses. */
#include "config/nearest.h"
#include "config/quantity.h"
#include "config_text.h"

static void
a_duration_is_a_number_and_a_unit(void **state PASU_UNUSED)
{
    static const struct {
        const char *text;
        uint64_t milliseconds;
    } good[] = {{"0s", 0},
                {"500ms", 500},
                {"60s", 60000},
                {"15m", 900000},
                {"2h", 7200000},
                {"30d", UINT64_C(2592000000)},
                {"2y", UINT64_C(63072000000)},
                {"007s", 7000}};
    static const char *const malformed[] = {"",    "s",   "1",    "1 s",   "1S",
                                            "-1s", "+1s", "1.5h", "1h30m", "1w",
                                            " 1s", "1s ", "0x1s", "1ss",   "１s"};
    static const char *const too_large[] = {"293y", "18446744073709551616s",
                                            "99999999999999999999ms"};
    uint64_t value;

    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(quantity_duration(&value, good[i].text), 0);
        assert_int_equal(value, good[i].milliseconds * NANOSECONDS_PER_MILLISECOND);
    }
    for (size_t i = 0; i < COUNT_OF(malformed); i++)
        assert_int_equal(quantity_duration(&value, malformed[i]), PASU_E_MALFORMED);
    for (size_t i = 0; i < COUNT_OF(too_large); i++)
        assert_int_equal(quantity_duration(&value, too_large[i]), PASU_E_RANGE);
}

static void
a_size_is_a_number_and_a_binary_unit(void **state PASU_UNUSED)
{
    static const char *const malformed[] = {"64KB", "64kib", "64 KiB", "64K",
                                            "MiB",  "-1",    "1.5MiB"};
    uint64_t value;

    assert_int_equal(quantity_size(&value, "64KiB"), 0);
    assert_int_equal(value, 65536);
    assert_int_equal(quantity_size(&value, "1MiB"), 0);
    assert_int_equal(value, 1 << 20);
    assert_int_equal(quantity_size(&value, "512B"), 0);
    assert_int_equal(value, 512);
    assert_int_equal(quantity_size(&value, "4096"), 0);
    assert_int_equal(value, 4096);
    for (size_t i = 0; i < COUNT_OF(malformed); i++)
        assert_int_equal(quantity_size(&value, malformed[i]), PASU_E_MALFORMED);
    assert_int_equal(quantity_size(&value, "99999999999GiB"), PASU_E_RANGE);
}

static const char *
nearest_of(const char *mistyped, const char *word)
{
    struct nearest nearest = nearest_to(mistyped);

    nearest_offer(&nearest, word);
    return nearest.word;
}

static void
a_typing_error_is_near_what_was_meant(void **state PASU_UNUSED)
{
    struct nearest nearest = nearest_to("lisetn");

    nearest_offer(&nearest, "limits");
    nearest_offer(&nearest, "listen");
    nearest_offer(&nearest, "tls");
    assert_string_equal(nearest.word, "listen");
    assert_int_equal(nearest.distance, 1);
    assert_non_null(nearest_of("Upstream", "upstream"));
    assert_non_null(nearest_of("upstrem", "upstream"));
    assert_non_null(nearest_of("on-failure", "on_failure"));
    assert_null(nearest_of("user", "rules"));
    assert_null(nearest_of("", "log"));
    assert_null(nearest_of("xyz", "log"));
}

/* The faults of a file in which a value is put between two texts. */
static char *
faults_with(const char *before, const char *value, const char *after)
{
    char text[1000];

    snprintf(text, sizeof(text), "%s%s%s", before, value, after);
    return faults_of(text);
}

struct kind {
    const char *before, *after; /* of the value, in the file */
    const char *good[12], *bad[20];
    const char *why; /* what is said of the bad ones */
};

static const struct kind kinds[] = {
    {"gateway: {upstream: h:1, listen: ",
     "}",
     {"a:1", "a-b.c_d:65535", "127.0.0.1:1", "\"[::1]:1\"", "/run/x:1", "a:0"},
     {"a", "\"a:\"", "\":1\"", "a:65536", "a:x", "::1:5", "a b:1", "x/y:1", "./run:1", "1.2.3:1",
      "256.1.1.1:1", "\"[a]:1\"", "\"[::1\"", "\"*:1\"", "-a:1", ".a:1"},
     "which is not an address with a port"},
    {"gateway: {listen: h:1, upstream: ",
     "}",
     {"a:1", "/run/x:1"},
     {"a:0"},
     "which no server listens on"},
    {"gateway: {listen: h:1, upstream: h:2, proxy_protocol: {listen: h:3, from: ",
     "}}",
     {"10.0.0.0/8", "10.0.0.1", "\"::/0\"", "0.0.0.0/0", "\"2001:db8::/32\""},
     {"10.0.0.1/8", "10.0.0.0/33", "a", "10.0.0", "\"::1/129\"", "10.0.0.0/"},
     "which is not a network"},
    {GATEWAY "never: ",
     "",
     {"t", "s.t", "d.s.t", "\"Köln.Straße\"", "a-b.c$d"},
     {"a.b.c.d"},
     "which has too many parts"},
    {GATEWAY "never: ",
     "",
     {"t"},
     {"a..b", ".a", "a.", "a. b", "\"a b.c\"", "\".\""},
     "which has a part that is no name"},
    {GATEWAY "never: ", "", {"t"}, {"'a.\"b\"'"}, "which has quotes in it"},
    {GATEWAY "subjects: {a: {table: t, key: k}}\nidentity: ",
     "",
     {"t.c", "s.t.c", "d.s.t.c"},
     {"c"},
     "which has too few parts"},
    {GATEWAY "rules: [{verdict: block, name: ",
     "}]",
     {"a", "A-1_b"},
     {"1a", "a b", "-a", "a.b", "é"},
     "which is not a name"},
    {GATEWAY "alerts: {webhook: ",
     "}",
     {"https://a/b?c=d", "\"http://[::1]:80/\""},
     {"ftp://a", "https://", "https:///x", "\"https://a b\"", "a"},
     "is not a URL"},
    {GATEWAY "principals: {actor_from: ",
     "}",
     {"sqlcommenter", "application_name", "setting:a.b"},
     {"SQLCommenter", "setting", "foo"},
     "which is none of its values"},
    {GATEWAY "principals: {actor_from: ",
     "}",
     {"sqlcommenter"},
     {"\"setting:\"", "setting:a", "setting:.a", "setting:a.", "\"setting:a b.c\""},
     "which is not the name of a setting"},
    {GATEWAY "rules: [{verdict: block, name: r, when: {country: ",
     "}}]",
     {"KR", "NO"},
     {"kr", "KOR", "K", "K1", "한"},
     "which is not a country's code"},
    {GATEWAY "rules: [{verdict: block, name: r, when: {asn: ",
     "}}]",
     {"4766", "AS4766", "4294967295"},
     {"0", "AS", "as1", "-1", "4294967296", "ASAS1"},
     "which is not the number of an autonomous system"},
    {GATEWAY "rules: [{verdict: block, name: r, when: {hours: ",
     "}}]",
     {"22:00-06:00", "\"00:00-24:00\"", "\"09:30-17:45\""},
     {"\"24:01-02:00\"", "\"9:00-17:00\"", "\"10:00-10:00\"", "\"10:60-11:00\"", "\"10:00\"",
      "\"10:00 11:00\"", "\"10:00-11:0x\"", "night"},
     "which is not a pair of times"},
    {GATEWAY "rules: [{verdict: block, name: r, when: {flags: ",
     "}}]",
     {"probe", "a_1"},
     {"Probe", "a-b"},
     "which is not a label"},
    {GATEWAY "rules: [{verdict: block, name: r, when: {days: ",
     "}}]",
     {"mon", "[sat, sun]"},
     {"monday", "Mon"},
     "which is none of its values"},
    {GATEWAY "rules: [{verdict: block, name: r, when: {verbs: ",
     "}}]",
     {"select", "[copy, call]"},
     {"SELECT", "selct"},
     "which is none of its values"},
    {GATEWAY "ledger: {retention: ",
     "}",
     {"1s", "100y"},
     {"0s", "101y", "999999999y"},
     "which is out of range"},
    {GATEWAY "budgets: [{window: day, verdict: hold, subjects: ",
     "}]",
     {"0", "4294967295", "\"1\""},
     {"4294967296"},
     "which is out of range"},
    {GATEWAY "budgets: [{window: day, verdict: hold, subjects: ",
     "}]",
     {"1"},
     {"1_000", "1e3", "-1", "0x1", "many"},
     "which is not a whole number"},
    {"gateway: {listen: h:1, upstream: h:2, workers: ",
     "}",
     {"auto", "1", "64"},
     {"0", "65"},
     "which is out of range"},
    {"gateway: {listen: h:1, upstream: h:2, workers: ",
     "}",
     {"1"},
     {"all", "-1"},
     "which is neither auto nor a number"},
};

static void
each_type_takes_what_it_should_and_refuses_the_rest(void **state PASU_UNUSED)
{
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        for (size_t i = 0; i < COUNT_OF(kinds[k].good) && kinds[k].good[i] != NULL; i++) {
            char *all = faults_with(kinds[k].before, kinds[k].good[i], kinds[k].after);

            assert_string_equal(all, "");
            free(all);
        }
        for (size_t i = 0; i < COUNT_OF(kinds[k].bad) && kinds[k].bad[i] != NULL; i++) {
            char *all = faults_with(kinds[k].before, kinds[k].bad[i], kinds[k].after);

            if (strstr(all, kinds[k].why) == NULL && strstr(all, "neither an address nor") == NULL)
                print_error("%s%s: %s\n", kinds[k].before, kinds[k].bad[i], all);
            assert_true(strstr(all, kinds[k].why) != NULL ||
                        strstr(all, "neither an address nor") != NULL);
            assert_ptr_equal(strchr(all, '\n'), all + strlen(all) - 1);
            free(all);
        }
    }
}

static void
numbers_of_networks_are_kept_as_digits(void **state PASU_UNUSED)
{
    struct config *config =
        model_of(GATEWAY "rules: [{verdict: block, name: r, when: {asn: [AS4766, 9318]}}]\n");

    assert_string_equal(config->rules[0].conditions[0].values.items[0], "4766");
    assert_string_equal(config->rules[0].conditions[0].values.items[1], "9318");
    config_free(config);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_is_a_number_and_a_unit),
        cmocka_unit_test(a_size_is_a_number_and_a_binary_unit),
        cmocka_unit_test(a_typing_error_is_near_what_was_meant),
        cmocka_unit_test(each_type_takes_what_it_should_and_refuses_the_rest),
        cmocka_unit_test(numbers_of_networks_are_kept_as_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
