/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for room in the ring, and what it says once there is some. */
#include "gate/hold.h"

#include "clock.h"
#include "gate_stand.h"

#include <sys/mman.h>

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

static void
stop_clock(struct stand *t)
{
    static struct os os;

    os = os_real;
    os.monotonic = clock_read;
    now = 1000 * NANOSECONDS_PER_SECOND;
    t->worker.os = &os;
    list_init(&t->session.all); /* of no worker: it is only told to end */
}

/* No record finds room any more, whatever it is. */
static void
fill_ring(struct stand *t)
{
    static uint8_t much[RING_PAYLOAD_MAX];
    struct iovec part = {much, sizeof(much)};
    uint64_t position;

    for (; part.iov_len > 0; part.iov_len /= 2)
        while (ring_append(ring_get(&t->file, 0), RING_SHAPE, &part, 1, DURABILITY_OS, &position) ==
               0)
            continue;
}

/* Not a nanosecond less; and the record is not made later, when there is room. */
static void
who_has_waited_five_seconds_is_ended_and_nothing_is_recorded(void **state)
{
    struct stand *t = *state;
    struct ring *ring = ring_get(&t->file, 0);
    uint64_t head;

    stop_clock(t);
    t->observer.is_cut = true; /* amid a message: no error can be told */
    fill_ring(t);
    head = ring_head(ring);
    hold_one(t, 7, "TABLE customers");
    now += HOLD_SECONDS * NANOSECONDS_PER_SECOND;
    hold_look(&t->worker);
    assert_true(t->session.client.is_held);
    assert_int_equal(t->session.error, 0);
    now++;
    hold_look(&t->worker);
    assert_false(t->session.client.is_held);
    assert_int_equal(t->session.error, PASU_E_RECORD_UNAVAILABLE);
    ring_release(ring, head);
    hold_look(&t->worker);
    assert_int_equal(ring_head(ring), head);
}

static int
lines_of(int fd)
{
    char text[4096];
    ssize_t n = pread(fd, text, sizeof(text), 0);
    int lines = 0;

    assert_in_range(n, 0, sizeof(text) - 1);
    for (ssize_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    return lines;
}

static void
that_clients_wait_for_room_is_logged_once_a_minute(void **state)
{
    struct stand *t = *state;
    int fd = memfd_create("log", MFD_CLOEXEC);

    assert_true(fd >= 0);
    t->shared.log = (struct log){.fd = fd, .level = LOG_WARNING, .process = "gate", .os = &os_real};
    stop_clock(t);
    hold_one(t, 7, NULL);
    hold_one(t, 8, NULL);
    assert_int_equal(lines_of(fd), 1);
    now += 60 * NANOSECONDS_PER_SECOND - 1;
    hold_one(t, 9, NULL);
    assert_int_equal(lines_of(fd), 1);
    now++;
    hold_one(t, 9, NULL);
    assert_int_equal(lines_of(fd), 2);
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_keeps_its_text_and_says_it_once, make_stand,
                                        remove_stand),
        cmocka_unit_test_setup_teardown(
            who_has_waited_five_seconds_is_ended_and_nothing_is_recorded, make_stand, remove_stand),
        cmocka_unit_test_setup_teardown(that_clients_wait_for_room_is_logged_once_a_minute,
                                        make_stand, remove_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
