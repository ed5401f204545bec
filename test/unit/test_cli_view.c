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
        "\"2026-11-24T01:00:00.000004Z\", \"tls\": true, \"subjects\": 5, \"statements\": 1234, "
        "\"rows\": 7, "
        "\"bytes_out\": 2048}]",
        0,
        "session           gateway  principal  database  source           application  "
        "state  tls     age  persons  statements  rows      out\n"
        "00000000000000af  main     김         shop      [2001:db8::1]:5  psql\\x1b[2J  "
        "idle   yes  2m 03s        5       1,234     7  2.0 KiB\n"
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
                 "persons, statements, rows, out)\n"
                 "1 session\n");
}

#define STATUS                                                                                     \
    "{\"gateways\": [], \"processes\": [], \"rows\": 12, \"principals\": ["                        \
    "{\"principal\": \"left\", \"minute\": 3, \"hour\": 97, \"day\": 1097, \"30d\": 1097, "        \
    "\"180d\": 2000, \"unknown\": {\"day\": 1000, \"180d\": 1000}, \"budgets\": ["                 \
    "{\"window\": \"hour\", \"subjects\": 100, \"used\": 97, \"verdict\": \"block\"}, "            \
    "{\"window\": \"day\", \"subjects\": 1500, \"used\": 1097, \"verdict\": \"alert\"}]}, "        \
    "{\"principal\": \"app\", \"minute\": 0, \"hour\": 0, \"day\": 12, \"30d\": 12, \"180d\": "    \
    "12, "                                                                                         \
    "\"unknown\": {}, \"budgets\": []}]}"

static void
a_principal_is_a_row_with_how_much_of_its_budgets_is_used(void **state PASU_UNUSED)
{
    assert_shown(view_status, STATUS, 0,
                 "gateway  listen  upstream\n"
                 "\n"
                 "process  pid  state  restarts  age\n"
                 "\n"
                 "principal  minute  hour    day    30d   180d  unnamed  budgets\n"
                 "left            3    97  1,097  1,097  2,000    1,000  hour 97/100 block, day "
                 "1,097/1,500 alert\n"
                 "app             0     0     12     12     12        0  -\n"
                 "\n"
                 "count  value\n"
                 "rows      12\n");
}

static void
a_narrow_terminal_keeps_the_principal_and_its_day(void **state PASU_UNUSED)
{
    assert_shown(view_status, STATUS, 20,
                 "gateway  listen\n"
                 "(no room for: upstream)\n"
                 "\n"
                 "process  pid  state\n"
                 "(no room for: restarts, age)\n"
                 "\n"
                 "principal    day\n"
                 "left       1,097\n"
                 "app           12\n"
                 "(no room for: minute, hour, 30d, 180d, unnamed, budgets)\n"
                 "\n"
                 "count  value\n"
                 "rows      12\n");
}

static void
what_is_degraded_comes_first_and_says_what_it_means(void **state PASU_UNUSED)
{
    assert_shown(
        view_status,
        "{\"degraded\": [{\"what\": \"ledger\", \"since\": \"2026-11-24T01:00:00.000004Z\", "
        "\"error\": \"no space\", \"text\": \"the ledger cannot be written\", "
        "\"traffic\": \"nobody gets in\", \"hint\": \"make room\"}, "
        "{\"what\": \"gate\", \"since\": null, \"text\": 7}]}",
        0,
        "degraded: the ledger cannot be written, for 2m 03s: no space\n"
        "  nobody gets in\n"
        "  hint: make room\n"
        "degraded: -\n"
        "  -\n"
        "  hint: -\n"
        "\n"
        "gateway  listen  upstream\n"
        "\n"
        "process  pid  state  restarts  age\n"
        "\n");
}

static void
of_many_principals_the_first_are_shown(void **state PASU_UNUSED)
{
    json_t *status = json_pack("{s[]}", "principals");
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    for (int i = 0; i < 25; i++) {
        char name[16];

        snprintf(name, sizeof(name), "role%02d", i);
        json_array_append_new(json_object_get(status, "principals"),
                              json_pack("{ss si}", "principal", name, "day", 25 - i));
    }
    assert_int_equal(view_status(file, status, NOW, 0), 0);
    fclose(file);
    assert_non_null(strstr(text, "role19"));
    assert_null(strstr(text, "role20"));
    assert_non_null(strstr(text, "and 5 more, who were shown fewer persons today: --json\n"));
    json_decref(status);
    free(text);
}

static void
an_answer_of_wrong_types_is_shown_as_unknown(void **state PASU_UNUSED)
{
    static const char *const answers[] = {"[]", "[1, null, {}]", "{}",
                                          "{\"principals\": [1, null, {\"budgets\": 3}]}",
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
        cmocka_unit_test(a_principal_is_a_row_with_how_much_of_its_budgets_is_used),
        cmocka_unit_test(a_narrow_terminal_keeps_the_principal_and_its_day),
        cmocka_unit_test(what_is_degraded_comes_first_and_says_what_it_means),
        cmocka_unit_test(of_many_principals_the_first_are_shown),
        cmocka_unit_test(an_answer_of_wrong_types_is_shown_as_unknown),
        cmocka_unit_test(ages_are_counted_from_rfc_3339_times),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
