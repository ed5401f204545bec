/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted segments: what they are, who can read them, and that no nonce comes twice. */
#include "segment_parts.h"

static const uint8_t first_key[SEGMENT_KEY_SIZE] = {1, 2, 3}, other_key[SEGMENT_KEY_SIZE] = {9};
static const char secret[] = "Kim Min-su, 02-1234-5678";

static struct segment_keys
keys_of(const uint8_t *one, const uint8_t *other)
{
    struct segment_keys keys = {0};

    assert_int_equal(segment_keys_add(&keys, one), 0);
    if (other)
        assert_int_equal(segment_keys_add(&keys, other), 0);
    return keys;
}

/* ---- every nonce that was ever used ---- */

/* What was written under a segment's key and an index. */
struct use {
    uint8_t id[SEGMENT_ID_SIZE];
    uint64_t index;
    uint64_t content;
};

static struct {
    struct use *uses;
    size_t count, size;
    struct random random; /* segments' ids differ */
} seen;

static uint64_t
digest_of(const uint8_t *bytes, size_t length)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < length; i++)
        digest = (digest ^ bytes[i]) * UINT64_C(0x100000001b3);
    return digest;
}

static void
note_use(const uint8_t id[SEGMENT_ID_SIZE], const struct segment_head *head, const uint8_t *stored)
{
    struct use *use;

    if (seen.count == seen.size) {
        seen.size = seen.size ? 2 * seen.size : 1024;
        seen.uses = memory_resize(seen.uses, seen.size, sizeof(*seen.uses));
        assert_non_null(seen.uses);
    }
    use = &seen.uses[seen.count++];
    memset(use, 0, sizeof(*use));
    memcpy(use->id, id, SEGMENT_ID_SIZE);
    use->index = head->index;
    use->content = digest_of(stored, head->length);
}

/* Also what the call then fails to write: it may be on the disk. */
static ssize_t
noting_pwrite(void *arg, int fd, const void *bytes, size_t size, off_t offset)
{
    struct segment_header header;
    const uint8_t *at = bytes, *end = at + size;

    if (offset >= (off_t)sizeof(header)) {
        assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
        assert_int_equal(header.flags, SEGMENT_IS_SEALED);
        while (at < end) {
            struct segment_head head;

            memcpy(&head, at, sizeof(head));
            assert_true(segment_head_check(&head, true));
            note_use(header.id, &head, at + sizeof(head));
            at += segment_room(head.length);
        }
        assert_ptr_equal(at, end);
    }
    return disk_pwrite(arg, fd, bytes, size, offset);
}

static int
random_ids(void *arg, void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)random_u64(&seen.random);
    return disk_fails(arg) ? PASU_E_CRYPTO : 0;
}

static int
compare_uses(const void *a, const void *b)
{
    return memcmp(a, b, offsetof(struct use, content));
}

/* How many nonces were used, each for one content. */
static size_t
check_uses(void)
{
    size_t nonces = seen.count > 0;

    qsort(seen.uses, seen.count, sizeof(*seen.uses), compare_uses);
    for (size_t i = 1; i < seen.count; i++) {
        if (compare_uses(&seen.uses[i - 1], &seen.uses[i]) != 0)
            nonces++;
        else
            assert_int_equal(seen.uses[i - 1].content, seen.uses[i].content);
    }
    return nonces;
}

static int
make(void **state)
{
    int result = disk_make(state);
    struct disk *d = *state;

    seen.count = 0;
    seen.random.state = 1;
    d->os.pwrite = noting_pwrite;
    d->os.random = random_ids;
    return result;
}

static int
unmake(void **state)
{
    memory_free(seen.uses);
    seen.uses = NULL;
    seen.count = seen.size = 0;
    return disk_remove(state);
}

/* ---- writing and reading ---- */

/* Never the same twice. */
static unsigned attempt;

static int
try_append(struct segment_writer *w, unsigned count)
{
    int result = segment_begin(w, count * segment_room(60));

    for (unsigned i = 0; i < count && result == 0; i++) {
        char text[60];
        struct iovec part = {text, 0};
        struct segment_record record;

        part.iov_len = (size_t)snprintf(text, sizeof(text), "%s %u", secret, attempt++);
        assert_int_equal(segment_put(w, SEGMENT_CLOSED, attempt, &part, 1, &record), 0);
        assert_int_equal(record.payload.length, part.iov_len);
        assert_memory_equal(record.payload.bytes, text, part.iov_len);
    }
    return result == 0 ? segment_commit(w) : result;
}

static int
try_open(struct disk *d, struct segment_writer *w, const struct segment_keys *keys)
{
    struct segment_report report;
    int result = segment_writer_open(w, &d->os, d->directory, 0, keys, NULL, &report);

    w->size = 6000;
    return result;
}

/* How many records of a segment can be read, are sealed, and are in no key's reach. */
struct read {
    unsigned open, sealed, damaged, unknown;
    uint64_t next;
};

static struct read
read_with(struct disk *d, uint64_t first, const struct segment_keys *keys)
{
    struct segment_scan scan;
    struct segment_record record;
    struct read read = {0};
    char name[SEGMENT_NAME_SIZE];
    int fd, result;

    segment_name(name, first);
    fd = openat(d->directory, name, O_RDONLY | O_CLOEXEC);
    assert_int_equal(segment_scan_init(&scan, &os_real, fd, first), 0);
    assert_int_equal(segment_scan_unlock(&scan, keys), 0);
    while ((result = segment_scan_next(&scan, &record)) != 0) {
        if (result == 1 && !record.is_sealed)
            assert_memory_equal(record.payload.bytes, secret, sizeof(secret) - 1);
        if (result == 1 && record.is_sealed)
            assert_int_equal(record.payload.length, 0);
        read.open += result == 1 && !record.is_sealed;
        read.sealed += result == 1 && record.is_sealed;
        read.damaged += result == PASU_E_CORRUPT;
        read.unknown += result == PASU_E_LEDGER_KEY;
        assert_true(result == 1 || result == PASU_E_CORRUPT || result == PASU_E_LEDGER_KEY);
    }
    read.next = scan.next;
    segment_scan_release(&scan);
    close(fd);
    return read;
}

static struct read
read_all_with(struct disk *d, const struct segment_keys *keys)
{
    uint64_t *firsts;
    size_t count;
    struct read all = {0};

    assert_int_equal(segment_list(&os_real, d->directory, &firsts, &count), 0);
    for (size_t i = 0; i < count; i++) {
        struct read one = read_with(d, firsts[i], keys);

        assert_int_equal(firsts[i], all.next);
        all.open += one.open;
        all.sealed += one.sealed;
        all.damaged += one.damaged;
        all.unknown += one.unknown;
        all.next = one.next;
    }
    memory_free(firsts);
    return all;
}

static void
look_for_secret(struct disk *d PASU_UNUSED, int folder, const char *name, void *found)
{
    static uint8_t bytes[1 << 20];
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, bytes, sizeof(bytes));

    assert_true(length >= 0 && length < (ssize_t)sizeof(bytes));
    close(fd);
    *(unsigned *)found += memmem(bytes, (size_t)length, "Min-su", 6) != NULL;
}

static unsigned
files_with_secret(struct disk *d)
{
    unsigned found = 0;

    disk_each(d, d->directory, look_for_secret, NULL, &found);
    return found;
}

/* ---- tests ---- */

static void
a_sealed_segment_is_the_one_that_another_program_makes(void **state)
{
    /* By Python's cryptography: HKDF(SHA256, 32, id, "pasu segment") of first_key, and AESGCM. */
    static const uint8_t expected[] = {
        0x70, 0x61, 0x73, 0x75, 0x73, 0x65, 0x67, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfa, 0xed, 0x51, 0x72,
        0x86, 0x18, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c,
        0x0d, 0x0e, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x61, 0xa9, 0x03, 0x0e, 0x10, 0x00, 0x00, 0x00, 0x46, 0xdf, 0x88, 0x06, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfa, 0xed, 0x51, 0x72, 0x86, 0x18, 0x03, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xea, 0x46, 0xf1, 0xdd, 0x23, 0x0f, 0xaa, 0x0f, 0x68,
        0xa2, 0x72, 0x64, 0x0f, 0x43, 0xf6, 0x07, 0x28, 0x00, 0x00, 0x00, 0x0d, 0xea, 0x30, 0xbf,
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfa, 0xed, 0x51, 0x72, 0x86,
        0x18, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x7f, 0x98, 0x2e, 0x5d, 0xdb,
        0x27, 0x8f, 0x72, 0xad, 0x2c, 0xbb, 0xfc, 0xe2, 0xef, 0xbb, 0x41, 0x7c, 0x55, 0xbf, 0xb5,
        0xf0, 0xa1, 0xce, 0x6b, 0x52, 0xf4, 0xc5, 0x55, 0x76, 0x55, 0xe7, 0xb8, 0xb3, 0x3a, 0x7f,
        0x40, 0xb6, 0x95, 0x9f,
    };
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_keys keys = keys_of(first_key, NULL);
    struct segment_report report;
    struct segment_record record;
    struct iovec part = {(void *)(uintptr_t)secret, sizeof(secret) - 1};
    uint8_t found[sizeof(expected)];
    int fd;

    d->os.random = disk_random;
    assert_int_equal(segment_writer_open(&w, &d->os, d->directory, 0, &keys, NULL, &report), 0);
    assert_int_equal(segment_begin(&w, 1000), 0);
    assert_int_equal(segment_put(&w, SEGMENT_STARTED, d->time, NULL, 0, &record), 0);
    assert_int_equal(segment_put(&w, SEGMENT_GAP, d->time, &part, 1, &record), 0);
    assert_int_equal(segment_commit(&w), 0);
    assert_int_equal(w.end, sizeof(expected));
    segment_writer_close(&w);
    fd = openat(d->directory, "00000000000000000000.seg", O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, found, sizeof(found), 0), sizeof(found));
    assert_memory_equal(found, expected, sizeof(found));
    close(fd);
}

static void
with_the_key_it_is_read_and_without_it_is_still_walked(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_keys keys = keys_of(first_key, NULL), wrong = keys_of(other_key, NULL);
    struct read read;

    assert_int_equal(try_open(d, &w, &keys), 0);
    for (int i = 0; i < 30; i++)
        assert_int_equal(try_append(&w, 10), 0);
    assert_true(w.first > 0);
    segment_writer_close(&w);
    assert_int_equal(files_with_secret(d), 0);
    read = read_all_with(d, &keys);
    assert_true(read.open == 300 && read.sealed + read.damaged + read.unknown == 0);
    read = read_all_with(d, NULL);
    assert_true(read.sealed == 300 && read.open + read.damaged + read.unknown == 0);
    read = read_all_with(d, &wrong);
    assert_true(read.unknown == 300 && read.open + read.damaged + read.sealed == 0);
    assert_int_equal(try_open(d, &w, &wrong), PASU_E_LEDGER_KEY);
    assert_int_equal(try_open(d, &w, NULL), PASU_E_LEDGER_KEY);
    assert_int_equal(try_open(d, &w, &keys), 0);
    assert_int_equal(w.next, 300);
    segment_writer_close(&w);
}

static void
a_key_may_be_configured_later_and_another_one_after_it(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_keys one = keys_of(first_key, NULL), two = keys_of(other_key, first_key);
    struct segment_keys last = keys_of(other_key, NULL);
    struct read read;

    d->os.pwrite = disk_pwrite;
    assert_int_equal(try_open(d, &w, NULL), 0);
    assert_int_equal(try_append(&w, 4), 0);
    segment_writer_close(&w);
    assert_int_equal(files_with_secret(d), 1);
    assert_int_equal(try_open(d, &w, &one), 0);
    assert_int_equal(try_append(&w, 5), 0);
    segment_writer_close(&w);
    assert_int_equal(files_with_secret(d), 1);
    assert_int_equal(try_open(d, &w, &two), 0);
    assert_int_equal(try_append(&w, 6), 0);
    segment_writer_close(&w);
    assert_int_equal(read_all_with(d, &two).open, 15);
    read = read_all_with(d, &one);
    assert_true(read.open == 9 && read.unknown == 6);
    read = read_all_with(d, &last);
    assert_true(read.open == 10 && read.unknown == 5);
    read = read_all_with(d, NULL);
    assert_true(read.open == 4 && read.sealed == 11);
}

/* Every byte of a record, with a checksum that fits: who has changed it knows the segment's id. */
static void
what_was_changed_is_damage_and_the_rest_is_read(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_keys keys = keys_of(first_key, NULL);
    size_t room;
    off_t second;
    int fd;

    assert_int_equal(try_open(d, &w, &keys), 0);
    assert_int_equal(try_append(&w, 1), 0);
    second = w.end;
    assert_int_equal(try_append(&w, 1), 0);
    room = (size_t)(w.end - second);
    assert_int_equal(try_append(&w, 2), 0);
    segment_writer_close(&w);
    fd = openat(d->directory, "00000000000000000000.seg", O_RDWR | O_CLOEXEC);
    for (size_t i = 16; i < room; i++) {
        struct read read;
        uint8_t before[200], bytes[200];
        struct segment_head head;

        assert_int_equal(pread(fd, before, room, second), room);
        memcpy(bytes, before, room);
        bytes[i] ^= 1;
        memcpy(&head, bytes, sizeof(head));
        head.crc = segment_crc(w.seed, head, bytes + sizeof(head));
        memcpy(bytes, &head, sizeof(head));
        assert_int_equal(pwrite(fd, bytes, room, second), room);
        read = read_all_with(d, &keys);
        assert_int_equal(read.open, 3);
        assert_int_equal(read.damaged, 1);
        assert_int_equal(read.next, 4);
        assert_int_equal(pwrite(fd, before, room, second), room);
    }
    close(fd);
}

static void
a_batch_takes_as_much_as_without_encryption(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_keys keys = keys_of(first_key, NULL);
    struct segment_record record;
    static uint8_t most[SEGMENT_PAYLOAD_MAX];
    struct iovec part = {most, sizeof(most)};
    unsigned count = 0;

    memcpy(most, secret, sizeof(secret));
    assert_int_equal(try_open(d, &w, &keys), 0);
    assert_int_equal(segment_begin(&w, SEGMENT_BATCH_MAX), 0);
    while (segment_put(&w, SEGMENT_STARTED, 1, NULL, 0, &record) == 0)
        count++;
    assert_int_equal(count, SEGMENT_BATCH_MAX / sizeof(struct segment_head));
    assert_int_equal(segment_commit(&w), 0);
    assert_int_equal(segment_begin(&w, segment_room(sizeof(most))), 0);
    assert_int_equal(segment_put(&w, SEGMENT_GAP, 1, &part, 1, &record), 0);
    assert_int_equal(segment_commit(&w), 0);
    segment_writer_close(&w);
    assert_int_equal(read_with(d, count, &keys).open, 1);
}

/* ---- no nonce twice ---- */

/* Opens, appends and syncs over some segments; each step again, with other content, until it
 * succeeds. */
static void
run(struct disk *d, const struct segment_keys *keys)
{
    struct segment_writer w;
    struct segment_record record;

    while (try_open(d, &w, keys) != 0)
        ;
    for (int i = 0; i < 5; i++) {
        while (try_append(&w, 20) != 0)
            ;
        if (i == 2 && segment_begin(&w, 4000) == 0) {
            assert_int_equal(segment_put(&w, SEGMENT_STARTED, attempt++, NULL, 0, &record), 0);
            segment_abort(&w);
        }
        while (segment_sync(&w) != 0)
            ;
    }
    segment_writer_close(&w);
}

static void
no_nonce_comes_twice_whichever_call_fails(void **state)
{
    struct disk *d = *state;
    struct segment_keys keys = keys_of(first_key, NULL);
    int calls = 1;

    for (int half = 0; half < 2; half++)
        for (int n = 0; n < calls; n++) {
            d->is_partial = half;
            d->calls_left = n;
            d->calls = 0;
            run(d, &keys);
            calls = d->calls;
            d->calls_left = -1;
            assert_int_equal(read_all_with(d, &keys).open, 100);
            assert_int_equal(files_with_secret(d), 0);
            disk_clear(d);
        }
    assert_true(calls > 20);
    assert_true(check_uses() > 5000);
}

static void
no_nonce_comes_twice_wherever_the_process_is_killed(void **state)
{
    struct disk *d = *state;
    struct segment_keys keys = keys_of(first_key, NULL);
    unsigned killed = 0;

    for (int half = 0; half < 2; half++)
        for (int n = 0; n < 60; n++) {
            for (int times = 0; times < 3; times++) {
                struct segment_writer w;

                d->is_partial = half;
                d->is_dead = true;
                d->calls_left = n + times;
                if (try_open(d, &w, &keys) == 0) {
                    for (int i = 0; i < 5; i++)
                        if (try_append(&w, 20) != 0 || segment_sync(&w) != 0)
                            break;
                    segment_writer_close(&w);
                }
                killed += d->calls_left == 0;
                d->is_dead = false;
                d->calls_left = -1;
            }
            run(d, &keys);
            assert_true(read_all_with(d, &keys).open >= 100);
            disk_clear(d);
        }
    assert_true(killed > 100);
    assert_true(check_uses() > 10000);
}

/* What a record was before the power went may be in a copy of the disk, or with who read it. */
static void
no_nonce_comes_twice_when_the_power_is_cut(void **state)
{
    struct disk *d = *state;
    struct segment_keys keys = keys_of(first_key, NULL);
    uint64_t lost = 0;

    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct random random = {.state = seed};
        uint64_t next = 0;

        d->is_recording = true;
        for (int cuts = 0; cuts < 4; cuts++) {
            struct segment_writer w;

            assert_int_equal(try_open(d, &w, &keys), 0);
            lost += next - w.next;
            for (unsigned i = random_below(&random, 8); i > 0; i--) {
                assert_int_equal(try_append(&w, 1 + random_below(&random, 8)), 0);
                if (random_below(&random, 3) == 0)
                    assert_int_equal(segment_sync(&w), 0);
            }
            next = w.next;
            segment_writer_close(&w);
            disk_cut_power(d, &random);
        }
        disk_clear(d);
    }
    assert_true(lost > 100);
    assert_true(check_uses() > 3000);
}

#define WITH_USES(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_USES(a_sealed_segment_is_the_one_that_another_program_makes),
        WITH_USES(with_the_key_it_is_read_and_without_it_is_still_walked),
        WITH_USES(a_key_may_be_configured_later_and_another_one_after_it),
        WITH_USES(what_was_changed_is_damage_and_the_rest_is_read),
        WITH_USES(a_batch_takes_as_much_as_without_encryption),
        WITH_USES(no_nonce_comes_twice_whichever_call_fails),
        WITH_USES(no_nonce_comes_twice_wherever_the_process_is_killed),
        WITH_USES(no_nonce_comes_twice_when_the_power_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
