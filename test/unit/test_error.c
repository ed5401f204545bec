/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "unit.h"

#include <errno.h>

static void
numbers_that_a_ledger_may_hold_never_change(void **state PASU_UNUSED)
{
    assert_int_equal(PASU_E_NOMEM, -999);
    assert_int_equal(PASU_E_EOF, -996);
    assert_int_equal(PASU_E_USAGE, -983);
    assert_int_equal(PASU_E_AUTH_FAILED, -969);
    assert_int_equal(PASU_E_CANCEL_UNKNOWN, -956);
    assert_int_equal(PASU_E_BUDGET_SESSION, -931);
    assert_int_equal(PASU_E_RULE_CLOSES, -930);
}

static void
every_error_has_a_text_an_sqlstate_and_an_exit_status(void **state PASU_UNUSED)
{
    for (int code = PASU_E_FIRST__ + 1; code < PASU_E_END__; code++) {
        assert_true(strlen(error_text(code)) > 0);
        assert_int_equal(strlen(error_sqlstate(code)), 5);
        assert_in_range(error_exit(code), 1, 2);
        assert_non_null(error_hint(code));
    }
}

static void
any_other_number_is_answered_too(void **state PASU_UNUSED)
{
    assert_string_equal(error_name(PASU_E_END__), "UNKNOWN");
    assert_string_equal(error_name(INT32_MIN), "UNKNOWN");
    assert_int_equal(error_exit(0), 0);
}

static void
a_full_disk_is_told_from_other_faults(void **state PASU_UNUSED)
{
    assert_int_equal(error_from_errno(ENOSPC), PASU_E_DISKFULL);
    assert_int_equal(error_from_errno(EIO), PASU_E_IO);
    assert_int_equal(error_from_errno(EAGAIN), PASU_E_AGAIN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_a_ledger_may_hold_never_change),
        cmocka_unit_test(every_error_has_a_text_an_sqlstate_and_an_exit_status),
        cmocka_unit_test(any_other_number_is_answered_too),
        cmocka_unit_test(a_full_disk_is_told_from_other_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
