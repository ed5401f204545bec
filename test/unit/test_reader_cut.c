/* SPDX-License-Identifier: Apache-2.0 */
/* A torn end of the journal, which a keeper cuts off while somebody reads. */
#include "ledger/journal_scan.h"
#include "ledger/reader.h"
#include "ledger_place.h"

/* What a keeper left that was killed in the middle of a record. */
static void
tear(struct place *p)
{
    static uint8_t torn[600000];
    struct journal_head head = {.length = 700000, .type = JOURNAL_RING, .time = 1};
    int fd = openat(p->directory, "sessions.journal", O_WRONLY | O_APPEND);

    memset(torn, 0xaa, sizeof(torn));
    memcpy(torn, &head, sizeof(head));
    assert_int_equal(write(fd, torn, sizeof(torn)), sizeof(torn));
    close(fd);
}

/* A reader that has come to entry `at` when a new keeper cuts the torn end off and goes on: each
 * number once, the one that was in the ring when it began, too. */
static void
cut_while_reading(struct place *p, uint64_t count, size_t length, uint64_t at)
{
    struct ledger_reader *r = NULL;
    struct ledger_entry entry;
    uint64_t next = 0;
    int result = 1;

    begin(p);
    for (uint64_t i = 0; i < count; i++) {
        assert_int_equal(append_number(p, 0, i, length), 0);
        assert_int_equal(intake_take(&p->intake), 0);
    }
    kill_keeper(p);
    tear(p);
    assert_int_equal(append_number(p, 0, count, 1), 0);
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    while (result == 1) {
        if (next == at && at <= count) {
            at = UINT64_MAX;
            begin(p);
            assert_int_equal(append_number(p, 0, count + 1, 1), 0);
            assert_int_equal(intake_take(&p->intake), 0);
        }
        result = ledger_reader_next(r, &entry);
        if (result == 1 && entry.type == LEDGER_SHAPE)
            assert_int_equal(entry.u.shape.fingerprint, next++);
    }
    assert_int_equal(result, 0);
    assert_true(next == count + 1 || next == count + 2);
    ledger_reader_close(r);
    kill_keeper(p);
    assert_int_equal(unlinkat(p->directory, "sessions.journal", 0), 0);
    ring_release(ring_get(&p->gate, 0), ring_head(ring_get(&p->gate, 0)));
}

static void
a_torn_end_that_is_cut_off_meanwhile_is_an_end(void **state)
{
    struct place *p = *state;

    for (uint64_t at = 0; at <= 3; at++)
        cut_while_reading(p, 3, 10, at);
    /* More than a reader has in memory at a time. */
    for (uint64_t at = 0; at <= 1000; at += 100)
        cut_while_reading(p, 1000, 3000, at);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_torn_end_that_is_cut_off_meanwhile_is_an_end, make_place,
                                        remove_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
