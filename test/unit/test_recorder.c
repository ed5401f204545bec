/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/directory.h"
#include "gate/ordinals.h"
#include "gate/recorder.h"
#include "ledger_place.h"

enum { WORKERS = 2 };

/* Two workers, each with a ring, and the directory that they share. */
struct gate {
    struct place *place;
    struct directory *directory;
    struct recorder recorders[WORKERS];
    struct ordinals ordinals[WORKERS];
};

static struct gate gate;

static struct gate *
make_gate(struct place *p)
{
    static const uint8_t secret[SEAL_SECRET_SIZE] = {7};

    gate.place = p;
    assert_int_equal(directory_new(&gate.directory, secret), 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        recorder_init(&gate.recorders[i], ring_get(&p->gate, i), -1, gate.directory);
        gate.ordinals[i] =
            (struct ordinals){.directory = gate.directory, .recorder = &gate.recorders[i]};
    }
    return &gate;
}

static void
free_gate(struct gate *g)
{
    for (unsigned i = 0; i < WORKERS; i++)
        recorder_release(&g->recorders[i]);
    directory_free(g->directory);
}

static uint32_t
show(struct gate *g, unsigned worker, const char *key)
{
    uint32_t ordinal = 0;

    assert_int_equal(
        ordinal_of_value(&g->ordinals[worker], 0, CATALOG_KEY_TEXT, 0, view_of_text(key), &ordinal),
        0);
    return ordinal;
}

static void
fill(struct gate *g, unsigned worker)
{
    static uint8_t much[RING_PAYLOAD_MAX];

    for (size_t length = sizeof(much); length > 0; length /= 2)
        while (append(g->place, worker, RING_SHAPE, much, length) == 0)
            ;
}

/* How often the worker's ring has the entry of this ordinal. */
static unsigned
recorded(const struct gate *g, unsigned worker, uint32_t ordinal)
{
    struct ring_ordinal head;
    struct ring_entry entry;
    uint64_t position = 0;
    unsigned count = 0;

    while (ring_read(ring_get(&g->place->gate, worker), &position, &entry) == 1) {
        if (entry.type != RING_ORDINAL)
            continue;
        memcpy(&head, entry.payload.bytes, sizeof(head));
        count += head.ordinal == ordinal;
    }
    return count;
}

static void
a_new_key_is_recorded_once(void **state)
{
    struct gate *g = make_gate(*state);
    uint32_t ordinal = show(g, 0, "someone");

    assert_int_equal(show(g, 0, "someone"), ordinal);
    assert_int_equal(show(g, 1, "someone"), ordinal);
    assert_int_equal(recorded(g, 0, ordinal), 1);
    assert_int_equal(recorded(g, 1, ordinal), 0);
    free_gate(g);
}

/* The one whose ring is full may be killed before it comes to it. */
static void
what_waits_with_one_worker_another_records_itself(void **state)
{
    struct gate *g = make_gate(*state);
    struct ring *ring = ring_get(&g->place->gate, 0);
    uint32_t ordinal, other;

    fill(g, 0);
    ordinal = show(g, 0, "someone");
    assert_int_equal(show(g, 0, "someone"), ordinal);
    assert_int_equal(show(g, 1, "someone"), ordinal);
    assert_int_equal(recorded(g, 1, ordinal), 1);
    assert_int_equal(show(g, 1, "someone"), ordinal);
    assert_int_equal(recorded(g, 1, ordinal), 1);
    /* Room again: what waited comes first, once. */
    other = show(g, 0, "somebody else");
    assert_int_equal(recorded(g, 0, other), 0);
    ring_release(ring, ring_head(ring));
    assert_true(show(g, 0, "a third") < other);
    assert_int_equal(recorded(g, 0, ordinal), 1);
    assert_int_equal(recorded(g, 0, other), 1);
    assert_int_equal(show(g, 1, "somebody else"), other);
    assert_int_equal(recorded(g, 1, other), 0);
    free_gate(g);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_key_is_recorded_once, make_place, remove_place),
        cmocka_unit_test_setup_teardown(what_waits_with_one_worker_another_records_itself,
                                        make_place, remove_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
