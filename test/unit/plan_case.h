/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of texts and what is planned for them (plan_print.h says how that is written). */
#ifndef PASU_TEST_PLAN_CASE_H
#define PASU_TEST_PLAN_CASE_H

#include "plan_print.h"
#include "shop_catalog.h"
#include "unit.h"

struct plan_case {
    const char *sql, *expected;
};

static inline struct plan_environment
shop_environment(void)
{
    return (struct plan_environment){
        .catalog = &shop, .role = "app", .is_plain_dialect = true, .may_inject = true};
}

static inline struct plan *
plan_of(const char *sql, const struct plan_environment *environment)
{
    struct plan *plan;

    assert_int_equal(plan_new(&plan, view_of_text(sql), environment), 0);
    return plan;
}

typedef void plan_printer(const struct plan *plan, char *text, size_t size);

/* All cases are looked at before the test fails. */
static inline void
check_printed(const struct plan_case *cases, size_t count,
              const struct plan_environment *environment, plan_printer *print)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        struct plan *plan = plan_of(cases[i].sql, environment);
        char text[4096];

        print(plan, text, sizeof(text));
        if (strcmp(text, cases[i].expected) != 0) {
            print_error("%s\n  is       %s\n  must be  %s\n", cases[i].sql, text,
                        cases[i].expected);
            wrong++;
        }
        plan_release(plan);
    }
    assert_int_equal(wrong, 0);
}

static inline void
check_cases_in(const struct plan_case *cases, size_t count,
               const struct plan_environment *environment)
{
    check_printed(cases, count, environment, plan_print);
}

static inline void
check_cases(const struct plan_case *cases, size_t count)
{
    struct plan_environment environment = shop_environment();

    check_cases_in(cases, count, &environment);
}

#define CHECK_CASES(cases) check_cases(cases, COUNT_OF(cases))

#endif
