/* SPDX-License-Identifier: Apache-2.0 */
/* Views without the key are read through, where that is proven to be the same. */
#include "big_stack.h"
#include "plan_case.h"

static void
print_rewritten(const struct plan *plan, char *text, size_t size)
{
    snprintf(text, size, "%.*s", (int)plan->rewritten.length,
             plan->rewritten.bytes ? (const char *)plan->rewritten.bytes : "");
}

static void
a_view_is_its_definition(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT who FROM v_shown", ""},
        {"SELECT * FROM public.v_shown x", ""},
        {"SELECT line FROM v_lines LIMIT 40", ""},
    };
    struct plan_environment environment = shop_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_rewritten);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_is_its_definition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
