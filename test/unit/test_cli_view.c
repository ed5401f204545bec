/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "cli/view.h"
#include "unit.h"

#include <locale.h>

/* 2026-11-24T01:02:03Z */
#define NOW (INT64_C(1795482123) * NANOSECONDS_PER_SECOND)

typedef int view(FILE *file, json_t *answer, int64_t now, size_t width);

static void
assert_shown(view *show, const char *json, size_t width, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    json_t *answer = json_loads(json, 0, NULL);

    assert_non_null(answer);
    assert_non_null(file);
    assert_int_equal(show(file, answer, NOW, width), 0);
    fclose(file);
    assert_string_equal(text, expected);
    json_decref(answer);
    free(text);
}

static void
a_session_is_one_row(void **state PASU_UNUSED)
{
    assert_shown(
        view_sessions,
        "[{\"session\": \"00000000000000af\", \"gateway\": \"main\", \"principal\": \"김\", "
        "\"database\": \"shop\", \"application\": \"psql\\u001b[2J\", \"source\": "
        "{\"address\": \"2001:db8::1\", \"port\": 5}, \"state\": \"idle\", \"since\": "
        "\"2026-11-24T01:00:00.000004Z\", \"tls\": true, \"statements\": 1234, \"rows\": 7, "
        "\"bytes_out\": 2048}]",
        0,
        "session           gateway  principal  database  source           application  "
        "state  tls     age  statements  rows      out\n"
        "00000000000000af  main     김         shop      [2001:db8::1]:5  psql\\x1b[2J  "
        "idle   yes  2m 03s       1,234     7  2.0 KiB\n"
        "1 session\n");
}

static void
a_narrow_terminal_keeps_who_and_which(void **state PASU_UNUSED)
{
    assert_shown(view_sessions, "[{\"session\": \"00000000000000af\", \"principal\": \"analyst\"}]",
                 30,
                 "session           principal\n"
                 "00000000000000af  analyst\n"
                 "(no room for: gateway, database, source, application, state, tls, age, "
                 "statements, rows, out)\n"
                 "1 session\n");
}

static void
an_answer_of_wrong_types_is_shown_as_unknown(void **state PASU_UNUSED)
{
    static const char *const answers[] = {"[]", "[1, null, {}]", "{}",
                                          "[{\"source\": 3, \"since\": 5}]"};

    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        json_t *answer = json_loads(answers[i], 0, NULL);
        FILE *file = fopen("/dev/null", "w");

        assert_non_null(answer);
        assert_non_null(file);
        assert_int_equal(view_sessions(file, answer, NOW, 80), 0);
        assert_int_equal(view_status(file, answer, NOW, 80), 0);
        fclose(file);
        json_decref(answer);
    }
}

static void
ages_are_counted_from_rfc_3339_times(void **state PASU_UNUSED)
{
    static const struct {
        const char *time, *age;
    } cases[] = {
        {"2026-11-24T01:02:03Z", "0s"},
        {"2026-11-24T01:00:00.999999Z", "2m 03s"},
        {"2026-06-30T01:02:03Z", "147d 00h"},
        {"2027-01-01T00:00:00Z", "0s"},
        {"yesterday", "-"},
        {"2026-11-24", "-"},
        {"2026-11-24T01:02:03+09:00", "-"},
    };
    char text[32];

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        view_age(text, sizeof(text), cases[i].time, NOW);
        assert_string_equal(text, cases[i].age);
    }
    view_age(text, sizeof(text), NULL, NOW);
    assert_string_equal(text, "-");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_one_row),
        cmocka_unit_test(a_narrow_terminal_keeps_who_and_which),
        cmocka_unit_test(an_answer_of_wrong_types_is_shown_as_unknown),
        cmocka_unit_test(ages_are_counted_from_rfc_3339_times),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
