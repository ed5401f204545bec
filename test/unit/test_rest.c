/* SPDX-License-Identifier: Apache-2.0 */
/* What may go to the server behind rows that a budget can end. */
#include "gate/rest.h"

#include "gate_stand.h"

#include <sys/mman.h>

enum { PAGE = 4096 };

/* Messages whose length does not even count itself, at the end of what may be read. */
static void
a_message_that_is_too_short_is_not_read(void **state)
{
    static const uint8_t types[] = {'E', 'S', 'Q', 'B'};
    struct stand *t = *state;
    uint8_t *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *message = map + PAGE - WALK_HEAD;

    assert_true(map != MAP_FAILED);
    assert_int_equal(mprotect(map + PAGE, PAGE, PROT_NONE), 0);
    t->observer.is_rest_shown = t->observer.is_rest_changed = true;
    assert_non_null(exchange_add(&t->observer.exchange, STEP_EXECUTE));
    for (size_t i = 0; i < COUNT_OF(types); i++)
        for (uint32_t length = 0; length < 4; length++) {
            struct walk walk = {0};

            message[0] = types[i];
            bytes_put_u32(message + 1, length);
            assert_int_equal(ask_walk(&t->session, message, WALK_HEAD, &walk), 0);
            assert_true(walk.is_fault);
            assert_int_equal(walk.fault, EVENT_CLIENT_JUNK);
            assert_false(t->observer.is_waiting || t->observer.is_settling);
        }
    exchange_release(&t->observer.exchange);
    munmap(map, 2 * PAGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_that_is_too_short_is_not_read, make_stand,
                                        remove_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
