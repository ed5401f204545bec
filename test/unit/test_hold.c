/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for room in the ring, and what it says once there is some. */
#include "gate/hold.h"

#include "gate_stand.h"

static void
hold_one(struct stand *t, uint64_t shape, const char *sql)
{
    struct exposure exposure = {.shape = shape, .session = 1, .statements = 1};

    assert_int_equal(hold_exposure(&t->session, &exposure, sql, DURABILITY_GROUP, PASU_E_AGAIN), 0);
}

/* The next entry of the ring, which is of that type; a shape's text. */
static struct view
next(struct stand *t, uint64_t *position, enum ring_type type)
{
    struct ring_entry entry;

    do
        assert_int_equal(ring_read(ring_get(&t->file, 0), position, &entry), 1);
    while (entry.type == RING_VOCABULARY);
    assert_int_equal(entry.type, type);
    return view_of(entry.payload.bytes + 8, entry.payload.length - 8);
}

static void
a_record_keeps_its_text_and_says_it_once(void **state)
{
    struct stand *t = *state;
    char text[] = "SELECT name FROM customers", other[] = "TABLE members";
    uint64_t position = 0;
    struct ring_entry entry;

    hold_one(t, 7, text);
    hold_one(t, 8, other);
    hold_one(t, 7, text);
    hold_one(t, 9, NULL);
    /* The plans that the texts were of are gone. */
    memset(text, 'x', sizeof(text));
    memset(other, 'x', sizeof(other));
    assert_true(t->session.client.is_held);
    hold_look(&t->worker);
    assert_false(t->session.client.is_held);

    assert_true(view_equal(next(t, &position, RING_SHAPE), VIEW("SELECT name FROM customers")));
    next(t, &position, RING_EXPOSURE);
    assert_true(view_equal(next(t, &position, RING_SHAPE), VIEW("TABLE members")));
    next(t, &position, RING_EXPOSURE);
    next(t, &position, RING_EXPOSURE);
    next(t, &position, RING_EXPOSURE);
    assert_int_equal(ring_read(ring_get(&t->file, 0), &position, &entry), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_keeps_its_text_and_says_it_once, make_stand,
                                        remove_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
