/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "cli/question.h"
#include "unit.h"

#define SECONDS(n) ((int64_t)(n)*NANOSECONDS_PER_SECOND)
#define DAY        SECONDS(86400)
#define ASKED      (100 * DAY)

/* What is asked now: "--principal analyst --from 1970-03-01 --to 1970-03-31". */
static const struct command scope = {.name = "scope"};
static const struct arguments ours = {
    .command = &scope,
    .values = {[OPTION_principal] = "analyst", [OPTION_from] = "x", [OPTION_to] = "x"}};
static const struct filter filter = {.principal = "analyst", .from = 59 * DAY, .to = 90 * DAY};

static bool
is_same(const char *command, const char *filters)
{
    struct payload_asked asked = {.uid = 1};

    snprintf(asked.command, sizeof(asked.command), "%s", command);
    snprintf(asked.filters, sizeof(asked.filters), "%s", filters);
    return question_is_same(&ours, &filter, &asked, ASKED);
}

static void
the_same_filters_are_the_same_question(void **state PASU_UNUSED)
{
    static const char *const same[] = {
        "principal=analyst from=1970-03-01 to=1970-03-31",
        "principal=analyst from=1970-03-01T09:00:00+09:00 to=1970-04-01T00:00:00Z list",
        "list to=1970-03-31 from=1970-03-01 principal=analyst",
        "principal=analyst from=41d ago to=10d ago", /* of day 100 */
    };

    for (size_t i = 0; i < COUNT_OF(same); i++)
        assert_true(is_same("scope", same[i]));
}

static void
others_are_not(void **state PASU_UNUSED)
{
    static const char *const others[] = {
        "",
        "principal=analyst from=1970-03-01",
        "principal=analyst from=1970-03-02 to=1970-03-31",
        "principal=analyst from=1970-03-01 to=1970-03-30",
        "principal=analys from=1970-03-01 to=1970-03-31",
        "principal=analyst2 from=1970-03-01 to=1970-03-31",
        "from=1970-03-01 to=1970-03-31",
        "principal=analyst field=name from=1970-03-01 to=1970-03-31",
        "principal=analyst from=1970-03-01 to=1970-03-31 as-of=1970-04-02",
        "principal=analyst from=41 to=1970-03-31",
        "principal=analyst from=42d ago to=10d ago",
        "prince=analyst",
        "=",
        "principal",
    };

    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(is_same("scope", others[i]));
    assert_false(is_same("subject", "principal=analyst from=1970-03-01 to=1970-03-31"));
}

static void
a_text_that_can_have_been_cut_is_never_the_same(void **state PASU_UNUSED)
{
    char text[300] = "principal=analyst from=1970-03-01 to=1970-03-31";

    memset(text + strlen(text), ' ', sizeof(text) - strlen(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(is_same("scope", text));
}

static void
values_with_blanks_are_whole(void **state PASU_UNUSED)
{
    const struct arguments blanks = {.command = &scope,
                                     .values = {[OPTION_application] = "my own = shop"}};
    const struct filter none = {0};
    struct payload_asked asked = {.command = "scope", .filters = "application=my own = shop list"};

    assert_true(question_is_same(&blanks, &none, &asked, ASKED));
    snprintf(asked.filters, sizeof(asked.filters), "application=my own");
    assert_false(question_is_same(&blanks, &none, &asked, ASKED));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_filters_are_the_same_question),
        cmocka_unit_test(others_are_not),
        cmocka_unit_test(a_text_that_can_have_been_cut_is_never_the_same),
        cmocka_unit_test(values_with_blanks_are_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
