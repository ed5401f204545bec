/* SPDX-License-Identifier: Apache-2.0 */
/* What is carried over of records that are deleted, and what is let go. */
#include "ledger/carry.h"
#include "ledger/ring.h"
#include "ledger/segment_writer.h"
#include "unit.h"

#define HOUR (3600 * NANOSECONDS_PER_SECOND)

struct world {
    struct carry carry;
    uint64_t index;
    int64_t time;
};

static void
take(struct world *w, enum segment_type type, const void *payload, size_t length)
{
    const struct segment_record record = {
        .index = w->index++, .time = w->time, .type = type, .payload = view_of(payload, length)};

    assert_int_equal(carry_take(&w->carry, &record), 0);
}

static void
take_body(struct world *w, enum segment_type type, const union payload_body *body)
{
    static uint8_t bytes[PAYLOAD_SMALL_MAX];
    ssize_t length = payload_write(type, body, bytes, sizeof(bytes));

    assert_true(length > 0);
    take(w, type, bytes, (size_t)length);
}

static void
open_session(struct world *w, uint64_t session)
{
    const union payload_body body = {.opened = {.session = session, .opened = w->time}};

    take_body(w, SEGMENT_OPENED, &body);
}

static void
close_session(struct world *w, uint64_t session)
{
    const union payload_body body = {.closed = {.session = session, .closed = w->time}};

    take_body(w, SEGMENT_CLOSED, &body);
}

static void
say_shape(struct world *w, uint64_t shape)
{
    take(w, SEGMENT_SHAPE, &shape, sizeof(shape));
}

static void
run(struct world *w, uint64_t run)
{
    const struct segment_taken taken = {.file = 9, .from = run * RING_RUN, .to = run * RING_RUN};

    take(w, SEGMENT_TAKEN, &taken, sizeof(taken));
}

/* The bytes of a payload that name it, of all of a type, as decimal digits each. */
struct named {
    uint32_t type;
    uint64_t digits;
};

static int
name(void *arg, const struct payload_carried *carried)
{
    struct named *named = arg;
    uint64_t number;

    if (carried->type != named->type)
        return 0;
    memcpy(&number, carried->payload.bytes, sizeof(number));
    named->digits = named->digits * 10 + number;
    return 0;
}

static uint64_t
names(struct world *w, enum segment_type type)
{
    struct named named = {.type = type};

    assert_int_equal(carry_each(&w->carry, name, &named), 0);
    return named.digits;
}

static void
a_session_is_let_go_an_hour_after_its_end(void **state PASU_UNUSED)
{
    struct world w = {.time = HOUR};

    open_session(&w, 1);
    open_session(&w, 2);
    w.time += 1;
    close_session(&w, 1);
    w.time += HOUR;
    say_shape(&w, 5);
    assert_int_equal(names(&w, SEGMENT_OPENED), 12);
    assert_int_equal(names(&w, SEGMENT_CLOSED), 1);
    w.time += 1;
    say_shape(&w, 6);
    assert_int_equal(names(&w, SEGMENT_OPENED), 2);
    assert_int_equal(names(&w, SEGMENT_CLOSED), 0);
    carry_release(&w.carry);
}

/* A gate says again what it names; what it has not for two runs is nobody's. */
static void
what_was_said_is_let_go_after_two_more_runs(void **state PASU_UNUSED)
{
    struct world w = {.time = HOUR};

    run(&w, 1);
    say_shape(&w, 5);
    say_shape(&w, 6);
    open_session(&w, 1);
    run(&w, 1);
    run(&w, 2);
    run(&w, 3);
    say_shape(&w, 6);
    open_session(&w, 2);
    assert_int_equal(names(&w, SEGMENT_SHAPE), 56);
    assert_int_equal(names(&w, SEGMENT_OPENED), 12);
    run(&w, 4);
    assert_int_equal(names(&w, SEGMENT_SHAPE), 6);
    assert_int_equal(names(&w, SEGMENT_OPENED), 2);
    run(&w, 5);
    assert_int_equal(names(&w, SEGMENT_SHAPE), 6);
    run(&w, 6);
    assert_int_equal(names(&w, SEGMENT_SHAPE), 0);
    carry_release(&w.carry);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_let_go_an_hour_after_its_end),
        cmocka_unit_test(what_was_said_is_let_go_after_two_more_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
