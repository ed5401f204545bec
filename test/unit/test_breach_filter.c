/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "breach/filter.h"
#include "config/moment.h"
#include "unit.h"

#define NOW     INT64_C(1795622400000000000) /* 2026-11-25T16:00:00Z */
#define DAY_24  INT64_C(1795478400000000000) /* 2026-11-24T00:00:00Z */
#define HOUR_NS (3600 * NANOSECONDS_PER_SECOND)

static int64_t
moment(const char *text, bool is_end)
{
    int64_t result = -1;
    int error = moment_parse(&result, text, NOW, is_end);

    return error == 0 ? result : error;
}

static void
a_moment_is_read_as_people_write_it(void **state PASU_UNUSED)
{
    assert_true(moment("2026-11-24T00:00:00Z", false) == DAY_24);
    assert_true(moment("2026-11-24T09:00:00+09:00", false) == DAY_24);
    assert_true(moment("2026-11-23t15:30:00-08:30", true) == DAY_24);
    assert_true(moment("2026-11-24 00:00:01.25z", false) ==
                DAY_24 + NANOSECONDS_PER_SECOND * 5 / 4);
    assert_true(moment("2026-11-24T00:00:00.0000000019Z", false) == DAY_24 + 1);
    assert_true(moment("2024-02-29T00:00:00Z", false) == INT64_C(1709164800000000000));
    assert_true(moment("1970-01-01", false) == 0);
    assert_true(moment("24h", false) == NOW - 24 * HOUR_NS);
    assert_true(moment("30d ago", true) == NOW - 30 * 24 * HOUR_NS);
}

static void
a_day_lies_between_its_two_moments(void **state PASU_UNUSED)
{
    assert_true(moment("2026-11-24", false) == DAY_24);
    assert_true(moment("2026-11-24", true) == DAY_24 + 24 * HOUR_NS);
}

static void
what_is_no_moment_is_refused(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "",
        "yesterday",
        "24",
        "24 h",
        "-24h",
        "24h  ago",
        " ago",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "2026-1-01",
        "2026-11-24T",
        "2026-11-24T10:00",
        "2026-11-24T10:00:00",
        "2026-11-24T24:00:00Z",
        "2026-11-24T10:60:00Z",
        "2026-11-24T10:00:00.Z",
        "2026-11-24T10:00:00Zx",
        "2026-11-24T10:00:00+9:00",
        "2026-11-24T10:00:00+0900",
        "2026-11-24T10:00:00+24:00",
        "99999999999999999999999999999999999999h",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_true(moment(texts[i], false) < 0);
    assert_true(moment("1969-12-31", false) == PASU_E_RANGE);
    assert_true(moment("2201-01-01", false) == PASU_E_RANGE);
    assert_true(moment("1970-01-01T00:00:00+01:00", false) == PASU_E_RANGE);
    assert_true(moment("200y ago", false) == PASU_E_RANGE);
}

static struct session_info
session_from(const char *principal, const char *address, const char *application)
{
    struct session_info session = {.id = 7};

    snprintf(session.principal, sizeof(session.principal), "%s", principal);
    snprintf(session.address, sizeof(session.address), "%s", address);
    snprintf(session.application, sizeof(session.application), "%s", application);
    return session;
}

static enum filter_answer
source(const char *network, const char *address)
{
    struct filter filter = {0};
    struct session_info session = session_from("a", address, "");
    struct exposure exposure = {.session = 7};

    assert_int_equal(filter_source(&filter, network), 0);
    return filter_test(&filter, &exposure, &session);
}

static void
a_source_is_an_address_a_network_or_local(void **state PASU_UNUSED)
{
    assert_int_equal(source("192.0.2.1", "192.0.2.1"), FILTER_YES);
    assert_int_equal(source("192.0.2.1", "192.0.2.2"), FILTER_NO);
    assert_int_equal(source("192.0.2.0/25", "192.0.2.127"), FILTER_YES);
    assert_int_equal(source("192.0.2.0/25", "192.0.2.128"), FILTER_NO);
    assert_int_equal(source("0.0.0.0/0", "203.0.113.9"), FILTER_YES);
    assert_int_equal(source("0.0.0.0/0", "2001:db8::1"), FILTER_NO);
    assert_int_equal(source("2001:db8::/33", "2001:db8:7fff::1"), FILTER_YES);
    assert_int_equal(source("2001:db8::/33", "2001:db8:8000::1"), FILTER_NO);
    assert_int_equal(source("::/0", "local"), FILTER_NO);
    assert_int_equal(source("local", "local"), FILTER_YES);
    assert_int_equal(source("local", "::1"), FILTER_NO);
    assert_int_equal(source("::/0", "no address"), FILTER_NO);
    assert_int_equal(source("::/0", "::1/0"), FILTER_NO);
}

static void
what_is_no_source_or_session_is_refused(void **state PASU_UNUSED)
{
    static const char *const sources[] = {"", "192.0.2", "192.0.2.1/24", "192.0.2.0/33", "host"};
    static const char *const sessions[] = {"", "7", "000000000000000g", "0000000000000000",
                                           "00000000000000077"};
    struct filter filter = {0};

    for (size_t i = 0; i < COUNT_OF(sources); i++)
        assert_int_equal(filter_source(&filter, sources[i]), PASU_E_MALFORMED);
    for (size_t i = 0; i < COUNT_OF(sessions); i++)
        assert_int_equal(filter_session(&filter, sessions[i]), PASU_E_MALFORMED);
    assert_int_equal(filter_session(&filter, "00000000000000Ff"), 0);
    assert_int_equal(filter.session, 255);
}

static void
everything_that_is_given_must_apply(void **state PASU_UNUSED)
{
    struct session_info session = session_from("analyst", "192.0.2.1", "psql");
    struct exposure exposure = {.session = 7, .time = 100, .actor = "kim"};
    struct filter filter = {.principal = "analyst",
                            .actor = "kim",
                            .application = "psql",
                            .session = 7,
                            .from = 100,
                            .to = 101};

    assert_int_equal(filter_test(&filter, &exposure, &session), FILTER_YES);
    exposure.time = 99;
    assert_int_equal(filter_test(&filter, &exposure, &session), FILTER_NO);
    exposure.time = 101;
    assert_int_equal(filter_test(&filter, &exposure, &session), FILTER_NO);
    exposure.time = 100;
    filter.principal = "analyst2";
    assert_int_equal(filter_test(&filter, &exposure, &session), FILTER_NO);
    filter.principal = "analyst";
    filter.actor = "lee";
    assert_int_equal(filter_test(&filter, &exposure, &session), FILTER_NO);
    filter.actor = "kim";
    filter.application = "psq";
    assert_int_equal(filter_test(&filter, &exposure, &session), FILTER_NO);
    filter.application = "psql";
    filter.session = 8;
    assert_int_equal(filter_test(&filter, &exposure, &session), FILTER_NO);
}

static void
of_an_unknown_session_only_what_the_exposure_says_is_tested(void **state PASU_UNUSED)
{
    struct exposure exposure = {.session = 7, .time = 100, .actor = "kim"};
    struct filter filter = {.actor = "kim", .session = 7};

    assert_int_equal(filter_test(&filter, &exposure, NULL), FILTER_YES);
    filter.principal = "analyst";
    assert_int_equal(filter_test(&filter, &exposure, NULL), FILTER_UNTESTABLE);
    filter.from = 101; /* it cannot be the one, whoever it was */
    assert_int_equal(filter_test(&filter, &exposure, NULL), FILTER_NO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_is_read_as_people_write_it),
        cmocka_unit_test(a_day_lies_between_its_two_moments),
        cmocka_unit_test(what_is_no_moment_is_refused),
        cmocka_unit_test(a_source_is_an_address_a_network_or_local),
        cmocka_unit_test(what_is_no_source_or_session_is_refused),
        cmocka_unit_test(everything_that_is_given_must_apply),
        cmocka_unit_test(of_an_unknown_session_only_what_the_exposure_says_is_tested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
