/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/record.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A folder for each test, and an operating system whose Nth write fails. */
struct place {
    char path[64];
    int directory;
    struct os os;
    int writes_left; /* -1: never fails */
    bool is_partial; /* the failing write leaves half of its bytes */
    /* A disk: what is written is on it after the next sync that succeeds; a sync that fails loses
     * it, and the next one does not know. */
    bool has_disk;
    int syncs_left; /* the next one but that many fails; -1: none */
    uint8_t disk[16384], written[16384];
};

static ssize_t
failing_pwrite(void *arg, int fd, const void *bytes, size_t size, off_t offset)
{
    struct place *p = arg;

    if (p->writes_left == 0) {
        if (p->is_partial)
            assert_true(pwrite(fd, bytes, size / 2, offset) >= 0);
        errno = ENOSPC;
        return -1;
    }
    if (p->writes_left > 0)
        p->writes_left--;
    if (p->has_disk)
        memset(p->written + offset, 1, size);
    return pwrite(fd, bytes, size, offset);
}

static int
forgetful_fdatasync(void *arg, int fd)
{
    struct place *p = arg;
    bool has_failed = p->syncs_left >= 0 && p->syncs_left-- == 0;

    for (size_t i = 0; p->has_disk && i < sizeof(p->disk); i++) {
        if (p->written[i] && !has_failed)
            assert_true(pread(fd, &p->disk[i], 1, (off_t)i) >= 0);
        p->written[i] = 0;
    }
    errno = EIO;
    return has_failed ? -1 : 0;
}

static int
make_place(void **state)
{
    static struct place place;

    place = (struct place){.writes_left = -1, .syncs_left = -1, .os = os_real};
    snprintf(place.path, sizeof(place.path), "/tmp/pasu-journal-XXXXXX");
    if (!mkdtemp(place.path))
        return -1;
    place.directory = open(place.path, O_RDONLY | O_DIRECTORY);
    place.os.arg = &place;
    place.os.pwrite = failing_pwrite;
    place.os.fdatasync = forgetful_fdatasync;
    *state = &place;
    return 0;
}

static int
remove_place(void **state)
{
    struct place *p = *state;

    unlinkat(p->directory, "j", 0);
    close(p->directory);
    return rmdir(p->path);
}

static uint64_t
open_count(struct place *p, struct journal *j, uint64_t *cut)
{
    struct journal_report report;

    assert_int_equal(journal_open(j, &p->os, p->directory, "j", NULL, &report), 0);
    if (cut)
        *cut = report.cut;
    return report.records;
}

static void
records_are_there_after_reopening(void **state)
{
    struct place *p = *state;
    struct journal j;

    assert_int_equal(open_count(p, &j, NULL), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(journal_append(&j, JOURNAL_OPENED, "payload", 7), 0);
    assert_int_equal(journal_sync(&j), 0);
    journal_close(&j);
    assert_int_equal(open_count(p, &j, NULL), 100);
    journal_close(&j);
}

static void
every_torn_tail_is_cut_and_the_whole_records_stay(void **state)
{
    struct place *p = *state;
    struct journal j;
    uint64_t cut;

    open_count(p, &j, NULL);
    assert_int_equal(journal_append(&j, JOURNAL_OPENED, "first", 5), 0);
    off_t whole = j.end;
    for (size_t torn = 1; torn < 24 + 6; torn++) {
        assert_int_equal(journal_append(&j, JOURNAL_CLOSED, "second", 6), 0);
        assert_int_equal(ftruncate(j.fd, whole + (off_t)torn), 0);
        journal_close(&j);
        assert_int_equal(open_count(p, &j, &cut), 1);
        assert_int_equal(cut, torn);
        assert_int_equal(lseek(j.fd, 0, SEEK_END), whole);
    }
    journal_close(&j);
}

static void
a_full_disk_fails_the_append_and_leaves_the_journal_whole(void **state)
{
    struct place *p = *state;
    struct journal j;
    uint64_t cut;

    open_count(p, &j, NULL);
    assert_int_equal(journal_append(&j, JOURNAL_OPENED, "first", 5), 0);
    p->writes_left = 0;
    p->is_partial = true;
    assert_int_equal(journal_append(&j, JOURNAL_OPENED, "second", 6), PASU_E_DISKFULL);
    p->writes_left = -1;
    assert_int_equal(journal_append(&j, JOURNAL_OPENED, "third", 5), 0);
    journal_close(&j);
    assert_int_equal(open_count(p, &j, &cut), 2);
    assert_int_equal(cut, 0);
    journal_close(&j);
}

static void
assert_on_disk(struct place *p, const struct journal *j)
{
    static uint8_t bytes[sizeof(p->disk)];

    assert_int_equal(pread(j->fd, bytes, sizeof(bytes), 0), j->end);
    assert_memory_equal(bytes, p->disk, (size_t)j->end);
}

static void
after_a_sync_that_failed_the_next_one_makes_all_durable_or_fails(void **state)
{
    struct place *p = *state;
    struct journal j;

    p->has_disk = true;
    open_count(p, &j, NULL);
    for (int failing = 0; failing < 3; failing++) {
        assert_int_equal(journal_append(&j, JOURNAL_OPENED, "first", 5), 0);
        for (int i = 0; i <= failing; i++) {
            p->syncs_left = 0;
            assert_int_equal(journal_sync(&j), PASU_E_IO);
            assert_int_equal(journal_append(&j, JOURNAL_CLOSED, "second", 6), 0);
        }
        assert_int_equal(journal_sync(&j), 0);
        assert_on_disk(p, &j);
    }
    /* Where writing it again does not succeed, it is not durable. */
    assert_int_equal(journal_append(&j, JOURNAL_OPENED, "third", 5), 0);
    p->syncs_left = 0;
    assert_int_equal(journal_sync(&j), PASU_E_IO);
    p->writes_left = 0;
    assert_int_equal(journal_sync(&j), PASU_E_DISKFULL);
    p->writes_left = -1;
    assert_int_equal(journal_sync(&j), 0);
    assert_on_disk(p, &j);
    /* Nor where the page cache has lost it. */
    assert_int_equal(journal_append(&j, JOURNAL_OPENED, "fourth", 6), 0);
    p->syncs_left = 0;
    assert_int_equal(journal_sync(&j), PASU_E_IO);
    assert_int_equal(pwrite(j.fd, "\0\0\0", 3, j.end - 3), 3);
    assert_int_equal(journal_sync(&j), PASU_E_CORRUPT);
    assert_int_equal(journal_sync(&j), PASU_E_CORRUPT);
    journal_close(&j);
}

static void
another_file_is_not_taken_for_a_journal(void **state)
{
    struct place *p = *state;
    struct journal_report report;
    struct journal j;
    int fd = openat(p->directory, "j", O_CREAT | O_WRONLY, 0600);

    assert_int_equal(write(fd, "something else, longer than a header", 36), 36);
    close(fd);
    assert_int_equal(journal_open(&j, &p->os, p->directory, "j", NULL, &report), PASU_E_CORRUPT);
}

static void
damage_in_the_middle_is_not_cut_off(void **state)
{
    struct place *p = *state;
    struct journal_report report;
    struct journal j;
    uint8_t payload[2000] = {0};

    open_count(p, &j, NULL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(journal_append(&j, JOURNAL_OPENED, payload, sizeof(payload)), 0);
    assert_int_equal(pwrite(j.fd, "x", 1, 100), 1);
    journal_close(&j);
    assert_int_equal(journal_open(&j, &p->os, p->directory, "j", NULL, &report), PASU_E_CORRUPT);
}

/* What is in the journal, a type a record. */
static size_t
types_of(struct place *p, uint32_t types[], size_t most)
{
    int fd = openat(p->directory, "sessions.journal", O_RDONLY);
    uint32_t head[6];
    off_t at = 16;
    size_t count = 0;

    while (count < most && pread(fd, head, sizeof(head), at) == (ssize_t)sizeof(head)) {
        types[count++] = head[1];
        at += (off_t)(sizeof(head) + head[0]);
    }
    close(fd);
    return count;
}

static void
what_could_not_be_written_leaves_a_gap_and_a_lost_gate_closes_its_sessions(void **state)
{
    struct place *p = *state;
    const struct log log = {.fd = -1, .level = LOG_ERROR + 1, .process = "test", .os = &p->os};
    struct message_session session = {.session = 64};
    static const uint32_t expected[] = {JOURNAL_STARTED, JOURNAL_OPENED, JOURNAL_GAP,
                                        JOURNAL_OPENED,  JOURNAL_CLOSED, JOURNAL_GAP,
                                        JOURNAL_STOPPED};
    struct record_keeping records;
    uint32_t types[16];

    record_init(&records, &log, p->directory);
    assert_int_equal(record_opened(&records, &session), 0);
    p->writes_left = 0;
    session.session = 128;
    assert_int_equal(record_opened(&records, &session), PASU_E_DISKFULL);
    p->writes_left = -1;
    session.session = 192;
    assert_int_equal(record_opened(&records, &session), 0);
    /* A new gate has the last one only; 128 was never let in. */
    record_gate_lost(&records);
    record_announced(&records, 192);
    record_look(&records, INT64_MAX);
    /* The gate has lost some on the way here. */
    record_lost_by_gate(&records, 5, 1000);
    assert_int_equal(records.gap.count, 5);
    record_close(&records);
    assert_int_equal(types_of(p, types, COUNT_OF(types)), COUNT_OF(expected));
    assert_memory_equal(types, expected, sizeof(expected));
    unlinkat(p->directory, "sessions.journal", 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_are_there_after_reopening, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(every_torn_tail_is_cut_and_the_whole_records_stay,
                                        make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_full_disk_fails_the_append_and_leaves_the_journal_whole,
                                        make_place, remove_place),
        cmocka_unit_test_setup_teardown(
            after_a_sync_that_failed_the_next_one_makes_all_durable_or_fails, make_place,
            remove_place),
        cmocka_unit_test_setup_teardown(another_file_is_not_taken_for_a_journal, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(damage_in_the_middle_is_not_cut_off, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(
            what_could_not_be_written_leaves_a_gap_and_a_lost_gate_closes_its_sessions, make_place,
            remove_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
