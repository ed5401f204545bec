/* SPDX-License-Identifier: Apache-2.0 */
/* Up to where alerts were delivered: whatever a crash leaves of the last writing, the one before is
 * there. */
#include "ledger/courier_state.h"

#include "base/crc32c.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void
write_state(int fd, uint64_t sequence)
{
    const struct courier_state state = {
        sequence, sequence * 10, {sequence * 20, UINT64_MAX, sequence * 30}};

    assert_int_equal(courier_state_write(&os_real, fd, &state), 0);
}

static void
the_newest_that_is_whole_counts(void **state PASU_UNUSED)
{
    char folder[] = "/tmp/pasu-courier-XXXXXX";
    struct courier_state found;
    int directory, fd;

    assert_non_null(mkdtemp(folder));
    directory = open(folder, O_RDONLY | O_DIRECTORY);
    fd = courier_state_open(&os_real, directory);
    assert_true(fd >= 0);
    assert_int_equal(courier_state_read(&os_real, fd, &found), PASU_E_NOTFOUND);
    for (uint64_t sequence = 1; sequence < 20; sequence++) {
        write_state(fd, sequence);
        assert_int_equal(courier_state_read(&os_real, fd, &found), 0);
        assert_int_equal(found.sequence, sequence);
        assert_int_equal(found.from, sequence * 10);
        assert_true(found.done[0] == sequence * 20 && found.done[1] == UINT64_MAX &&
                    found.done[ALERT_EMAIL] == sequence * 30);
    }
    for (off_t at = 0; at < 64; at++) { /* 19 is in the second place */
        uint8_t was, other;

        assert_int_equal(pread(fd, &was, 1, 64 + at), 1);
        other = was ^ 1;
        assert_int_equal(pwrite(fd, &other, 1, 64 + at), 1);
        assert_int_equal(courier_state_read(&os_real, fd, &found), 0);
        assert_int_equal(found.sequence, 18);
        assert_int_equal(pwrite(fd, &was, 1, 64 + at), 1);
    }
    assert_int_equal(ftruncate(fd, 100), 0);
    assert_int_equal(courier_state_read(&os_real, fd, &found), 0);
    assert_int_equal(found.sequence, 18);
    close(fd);
    assert_int_equal(unlinkat(directory, COURIER_STATE_NAME, 0), 0);
    close(directory);
    assert_int_equal(rmdir(folder), 0);
}

/* As it was written when nobody could be told by e-mail. */
static void
who_was_not_wanted_has_had_all(void **state PASU_UNUSED)
{
    char folder[] = "/tmp/pasu-courier-XXXXXX";
    uint8_t place[64] = "pasualr\0\1";
    const uint64_t said[4] = {1, 5, 7, 9};
    struct courier_state found;
    uint32_t crc;
    int directory, fd;

    memcpy(place + 16, said, sizeof(said));
    crc = crc32c(0, place, 60);
    memcpy(place + 60, &crc, sizeof(crc));
    assert_non_null(mkdtemp(folder));
    directory = open(folder, O_RDONLY | O_DIRECTORY);
    fd = courier_state_open(&os_real, directory);
    assert_int_equal(pwrite(fd, place, sizeof(place), 64), sizeof(place));
    assert_int_equal(courier_state_read(&os_real, fd, &found), 0);
    assert_true(found.from == 5 && found.done[0] == 7 && found.done[1] == 9);
    assert_true(found.done[ALERT_EMAIL] == UINT64_MAX);
    close(fd);
    assert_int_equal(unlinkat(directory, COURIER_STATE_NAME, 0), 0);
    close(directory);
    assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_newest_that_is_whole_counts),
                                       cmocka_unit_test(who_was_not_wanted_has_had_all)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
