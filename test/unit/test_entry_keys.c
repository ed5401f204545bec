/* SPDX-License-Identifier: Apache-2.0 */
/* Directory entries in the ledger: each with a key of its own, which can be destroyed for good. */
#include "disk.h"
#include "ledger/entry_seal.h"
#include "ledger/segment_writer.h"

static const struct sandbox_account nobody;
static const uint8_t secret[SEAL_SECRET_SIZE] = {7};
static struct random ids;

static int
random_keys(void *arg, void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)random_u64(&ids);
    return disk_fails(arg) ? PASU_E_CRYPTO : 0;
}

static int
make(void **state)
{
    int result = disk_make(state);

    ids.state = 1;
    ((struct disk *)*state)->os.random = random_keys;
    return result;
}

static void
open_keys(struct disk *d, struct entry_keys *k)
{
    assert_int_equal(entry_keys_open(k, &d->os, d->directory, &nobody), 0);
}

static struct segment_record
erased(uint64_t index, uint32_t ordinal)
{
    static uint8_t payload[12];
    const uint32_t head[] = {ordinal, 1000};

    memcpy(payload, head, sizeof(head));
    memcpy(payload + sizeof(head), "\3law", 4);
    return (struct segment_record){
        .index = index, .type = SEGMENT_ERASED, .payload = view_of(payload, sizeof(payload))};
}

static int
erase(struct entry_keys *k, uint64_t index, uint32_t ordinal)
{
    struct segment_record record = erased(index, ordinal);

    return entry_keys_apply(k, &record);
}

/* As the gate puts it into a ring. */
static struct view
ring_entry(const struct seal *seal, uint32_t ordinal, struct view text)
{
    static uint8_t bytes[ENTRY_SEAL_MAX];
    struct ring_ordinal head = {.ordinal = ordinal};

    seal_hash(seal, text, head.hash);
    memcpy(bytes, &head, sizeof(head));
    return view_of(bytes, sizeof(head) +
                              seal_close(seal, 0, ordinal, head.hash, text, bytes + sizeof(head)));
}

/* ---- keys ---- */

static void
a_key_is_made_once_and_stays_until_it_is_destroyed(void **state)
{
    struct disk *d = *state;
    struct entry_keys k;
    uint8_t key[ENTRY_KEY_SIZE], again[ENTRY_KEY_SIZE], other[ENTRY_KEY_SIZE];
    struct stat st;

    open_keys(d, &k);
    assert_int_equal(entry_keys_get(&k, UINT32_MAX, key), PASU_E_NOTFOUND);
    assert_int_equal(entry_keys_make(&k, UINT32_MAX, key), 0);
    assert_int_equal(entry_keys_make(&k, UINT32_MAX - 3, other), 0);
    assert_memory_not_equal(key, other, sizeof(key));
    assert_int_equal(entry_keys_get(&k, UINT32_MAX - 1, again), PASU_E_NOTFOUND);
    assert_int_equal(entry_keys_get(&k, UINT32_C(0xefffffff), again), PASU_E_RANGE);
    assert_int_equal(entry_keys_make(&k, 5, again), PASU_E_RANGE);
    assert_int_equal(entry_keys_sync(&k), 0);
    entry_keys_close(&k);
    assert_int_equal(fstatat(d->directory, "entry.keys", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 5 * ENTRY_KEY_SIZE);
    open_keys(d, &k);
    assert_int_equal(entry_keys_make(&k, UINT32_MAX, again), 0);
    assert_memory_equal(key, again, sizeof(key));
    assert_int_equal(erase(&k, 9, UINT32_MAX), 0);
    assert_int_equal(entry_keys_get(&k, UINT32_MAX, again), PASU_E_ERASED);
    assert_int_equal(entry_keys_make(&k, UINT32_MAX, again), PASU_E_ERASED);
    assert_int_equal(entry_keys_get(&k, UINT32_MAX - 3, again), 0);
    assert_memory_equal(other, again, sizeof(other));
    entry_keys_close(&k);
}

static void
a_file_that_is_none_or_others_can_read_is_refused(void **state)
{
    struct disk *d = *state;
    struct entry_keys k;
    uint8_t byte = 0;
    int fd;

    open_keys(d, &k);
    entry_keys_close(&k);
    assert_int_equal(fchmodat(d->directory, "entry.keys", 0640, 0), 0);
    assert_int_equal(entry_keys_open(&k, &d->os, d->directory, &nobody), PASU_E_DENIED);
    assert_int_equal(entry_keys_open_reading(&k, &d->os, d->directory), PASU_E_DENIED);
    assert_int_equal(fchmodat(d->directory, "entry.keys", 0600, 0), 0);
    fd = openat(d->directory, "entry.keys", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, &byte, 1, 8), 1); /* another version */
    close(fd);
    assert_int_equal(entry_keys_open(&k, &d->os, d->directory, &nobody), PASU_E_CORRUPT);
    assert_int_equal(unlinkat(d->directory, "entry.keys", 0), 0);
    assert_int_equal(entry_keys_open_reading(&k, &d->os, d->directory), PASU_E_NOTFOUND);
    assert_int_equal(symlinkat("/etc/passwd", d->directory, "entry.keys"), 0);
    assert_int_equal(entry_keys_open(&k, &d->os, d->directory, &nobody), PASU_E_CORRUPT);
}

static void
what_was_synced_survives_a_power_cut_and_what_was_destroyed_stays_so(void **state)
{
    struct disk *d = *state;
    unsigned lost = 0, kept = 0;

    d->is_recording = true;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct random random = {.state = seed};
        uint8_t keys[40][ENTRY_KEY_SIZE], found[ENTRY_KEY_SIZE];
        struct entry_keys k;
        uint32_t synced = 0;

        open_keys(d, &k);
        for (uint32_t i = 0; i < 40; i++) {
            assert_int_equal(entry_keys_make(&k, UINT32_MAX - i, keys[i]), 0);
            if (i == 20 + seed % 20) {
                d->calls_left = (int)(seed % 2) - 1; /* one that fails first */
                assert_true(entry_keys_sync(&k) == 0 || seed % 2 == 1);
                d->calls_left = -1;
                assert_int_equal(entry_keys_sync(&k), 0);
                synced = i + 1;
            }
        }
        assert_int_equal(erase(&k, 3, UINT32_MAX - 7), 0);
        synced = 40; /* with that */
        assert_int_equal(entry_keys_make(&k, UINT32_MAX - 40, found), 0);
        entry_keys_close(&k);
        disk_cut_power(d, &random);
        open_keys(d, &k);
        for (uint32_t i = 0; i < synced; i++) {
            assert_int_equal(entry_keys_get(&k, UINT32_MAX - i, found), i == 7 ? PASU_E_ERASED : 0);
            if (i != 7)
                assert_memory_equal(found, keys[i], ENTRY_KEY_SIZE);
        }
        lost += entry_keys_get(&k, UINT32_MAX - 40, found) == PASU_E_NOTFOUND;
        kept++;
        entry_keys_close(&k);
        disk_clear(d);
    }
    assert_true(lost > 5 && lost < kept);
}

static void
whichever_call_fails_the_same_can_be_tried_again(void **state)
{
    struct disk *d = *state;
    int calls = 1;

    for (int n = 0; n < calls; n++) {
        struct entry_keys k;
        uint8_t key[ENTRY_KEY_SIZE], again[ENTRY_KEY_SIZE];
        int failures = 0;

        d->calls = 0;
        d->calls_left = n;
        d->is_partial = n % 2;
        while (entry_keys_open(&k, &d->os, d->directory, &nobody) != 0)
            failures++;
        while (entry_keys_make(&k, UINT32_MAX, key) != 0 ||
               entry_keys_make(&k, UINT32_MAX - 1, again) != 0 || entry_keys_sync(&k) != 0)
            failures++;
        while (erase(&k, 3, UINT32_MAX - 1) != 0 || entry_keys_set_applied(&k, 4) != 0)
            failures++;
        assert_true(failures <= 1);
        entry_keys_close(&k);
        calls = d->calls;
        d->calls_left = -1;
        open_keys(d, &k);
        assert_int_equal(k.applied, 4);
        assert_int_equal(entry_keys_get(&k, UINT32_MAX - 1, again), PASU_E_ERASED);
        assert_int_equal(entry_keys_get(&k, UINT32_MAX, again), 0);
        assert_memory_equal(key, again, sizeof(key));
        entry_keys_close(&k);
        disk_clear(d);
    }
    assert_true(calls > 10);
}

/* ---- erased records ---- */

static void
put_erased(struct segment_writer *w, uint32_t ordinal)
{
    struct segment_record record = erased(0, ordinal);
    struct iovec part = {(void *)(uintptr_t)record.payload.bytes, record.payload.length};

    assert_int_equal(segment_begin(w, 1000), 0);
    assert_int_equal(segment_put(w, SEGMENT_STARTED, 1, NULL, 0, &record), 0);
    assert_int_equal(segment_put(w, SEGMENT_ERASED, 1, &part, 1, &record), 0);
    assert_int_equal(segment_commit(w), 0);
}

static void
copy_keys(struct disk *d, const char *from, const char *to)
{
    uint8_t bytes[4096];
    int in = openat(d->directory, from, O_RDONLY | O_CLOEXEC);
    int out = openat(d->directory, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t n = read(in, bytes, sizeof(bytes));

    assert_int_equal(write(out, bytes, (size_t)n), n);
    close(in);
    close(out);
}

static void
what_a_backup_brings_back_is_destroyed_again(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;
    struct segment_keys segment_keys = {.count = 1};
    struct entry_keys k;
    uint8_t key[ENTRY_KEY_SIZE];

    open_keys(d, &k);
    for (uint32_t i = 0; i < 30; i++)
        assert_int_equal(entry_keys_make(&k, UINT32_MAX - i, key), 0);
    assert_int_equal(entry_keys_sync(&k), 0);
    copy_keys(d, "entry.keys", "backup");
    assert_int_equal(segment_writer_open(&w, &d->os, d->directory, 0, &segment_keys, NULL, &report),
                     0);
    for (uint32_t i = 0; i < 20; i++) {
        w.size = i == 7 || i == 13 ? 1 : SEGMENT_SIZE; /* three segments */
        put_erased(&w, UINT32_MAX - i);
    }
    assert_int_equal(w.first, 2 * 13);
    assert_int_equal(entry_keys_catch_up(&k, d->directory, &segment_keys, w.next, NULL), 0);
    assert_int_equal(k.applied, 40);
    entry_keys_close(&k);
    copy_keys(d, "backup", "entry.keys");
    open_keys(d, &k);
    assert_int_equal(k.applied, 0);
    assert_int_equal(entry_keys_get(&k, UINT32_MAX, key), 0); /* it is back */
    assert_int_equal(entry_keys_catch_up(&k, d->directory, NULL, w.next, NULL), PASU_E_LEDGER_KEY);
    assert_int_equal(entry_keys_catch_up(&k, d->directory, &segment_keys, w.next, NULL), 0);
    for (uint32_t i = 0; i < 30; i++)
        assert_int_equal(entry_keys_get(&k, UINT32_MAX - i, key), i < 20 ? PASU_E_ERASED : 0);
    entry_keys_close(&k);
    segment_writer_close(&w);
}

static void
count_read(void *arg, uint64_t done, uint64_t all)
{
    assert_true(done <= all);
    ++*(unsigned *)arg;
}

/* Where reading it all fails again and again, it still comes to an end; and who waits hears of it.
 */
static void
what_is_applied_is_noted_with_each_segment(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;
    unsigned heard = 0, first = 0, second = 0;
    struct segment_watch watch = {.read = count_read, .arg = &heard};
    struct entry_keys k;

    open_keys(d, &k);
    entry_keys_close(&k);
    copy_keys(d, "entry.keys", "backup");
    assert_int_equal(segment_writer_open(&w, &d->os, d->directory, 0, NULL, NULL, &report), 0);
    for (uint32_t i = 0; i < 20; i++) {
        w.size = i == 7 || i == 13 ? 1 : SEGMENT_SIZE; /* three segments */
        put_erased(&w, UINT32_MAX - i);
    }
    for (int calls = 0, result = 1; result != 0; calls++) {
        copy_keys(d, "backup", "entry.keys");
        open_keys(d, &k);
        heard = 0;
        d->calls_left = calls;
        result = entry_keys_catch_up(&k, d->directory, NULL, w.next, &watch);
        d->calls_left = -1;
        first += result != 0 && k.applied == 2 * 7;
        second += result != 0 && k.applied == 2 * 13;
        entry_keys_close(&k);
        open_keys(d, &k); /* it is on the disk */
        first += result != 0 && k.applied == 2 * 7;
        second += result != 0 && k.applied == 2 * 13;
        entry_keys_close(&k);
    }
    assert_true(first > 2 && first % 2 == 0 && second > 2 && second % 2 == 0);
    assert_int_equal(heard, w.next);
    segment_writer_close(&w);
}

static void
a_header_that_was_torn_has_seen_nothing(void **state)
{
    struct disk *d = *state;
    struct entry_keys k;
    uint8_t byte = 0xee;
    int fd;

    open_keys(d, &k);
    assert_int_equal(entry_keys_set_applied(&k, 17), 0);
    entry_keys_close(&k);
    open_keys(d, &k);
    assert_int_equal(k.applied, 17);
    entry_keys_close(&k);
    fd = openat(d->directory, "entry.keys", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, &byte, 1, 17), 1);
    close(fd);
    open_keys(d, &k);
    assert_int_equal(k.applied, 0);
    entry_keys_close(&k);
}

static void
an_erased_record_that_is_none_is_damage(void **state)
{
    struct disk *d = *state;
    struct entry_keys k;
    struct segment_record record = erased(5, UINT32_MAX);

    open_keys(d, &k);
    record.payload.length--;
    assert_int_equal(entry_keys_apply(&k, &record), PASU_E_CORRUPT);
    record = erased(5, 42);
    assert_int_equal(entry_keys_apply(&k, &record), PASU_E_CORRUPT);
    record.type = SEGMENT_GAP;
    assert_int_equal(entry_keys_apply(&k, &record), 0);
    entry_keys_close(&k);
}

/* ---- entries ---- */

static void
an_entry_is_opened_until_its_key_is_destroyed_and_nobody_elses_is(void **state)
{
    struct disk *d = *state;
    struct entry_keys k;
    struct seal seal;
    struct ring_ordinal head;
    uint8_t one[ENTRY_SEAL_MAX], other[ENTRY_SEAL_MAX], text[SEAL_TEXT_MAX];
    ssize_t length, other_length;
    bool is_cut;

    assert_int_equal(seal_init(&seal, secret), 0);
    open_keys(d, &k);
    length = entry_reseal(&k, &seal, ring_entry(&seal, UINT32_MAX, VIEW("kim@example.com")), one);
    other_length = entry_reseal(&k, &seal, ring_entry(&seal, UINT32_MAX - 1, VIEW("")), other);
    assert_int_equal(length, sizeof(head) + 15 + SEAL_OVERHEAD);
    assert_int_equal(other_length, sizeof(head) + SEAL_OVERHEAD);
    assert_null(memmem(one, (size_t)length, "kim", 3));
    assert_int_equal(entry_open(&k, view_of(one, (size_t)length), &head, text, &is_cut), 15);
    assert_memory_equal(text, "kim@example.com", 15);
    assert_false(is_cut);
    assert_int_equal(head.ordinal, UINT32_MAX);
    assert_int_equal(erase(&k, 1, UINT32_MAX), 0);
    assert_int_equal(entry_open(&k, view_of(one, (size_t)length), &head, text, &is_cut),
                     PASU_E_ERASED);
    assert_int_equal(entry_open(&k, view_of(other, (size_t)other_length), &head, text, &is_cut), 0);
    /* The gate may still give it: a ring is read again after a crash. */
    assert_int_equal(
        entry_reseal(&k, &seal, ring_entry(&seal, UINT32_MAX, VIEW("kim@example.com")), one),
        PASU_E_ERASED);
    /* What the ring's key opens, the ledger's record is not. */
    assert_int_equal(seal_open(&seal, 0, UINT32_MAX, head.hash,
                               view_of(one + sizeof(head), (size_t)length - sizeof(head)), text,
                               &is_cut),
                     PASU_E_CORRUPT);
    entry_keys_close(&k);
    seal_release(&seal);
}

static void
a_long_key_is_known_to_be_cut_and_the_same_entry_is_the_same_bytes(void **state)
{
    static uint8_t long_text[SEAL_TEXT_MAX + 9];
    struct disk *d = *state;
    struct entry_keys k;
    struct seal seal;
    struct ring_ordinal head;
    uint8_t one[ENTRY_SEAL_MAX], again[ENTRY_SEAL_MAX], text[SEAL_TEXT_MAX];
    ssize_t length;
    bool is_cut;

    memset(long_text, 'x', sizeof(long_text));
    assert_int_equal(seal_init(&seal, secret), 0);
    open_keys(d, &k);
    for (int i = 0; i < 2; i++) {
        struct view entry =
            ring_entry(&seal, UINT32_MAX - 5, view_of(long_text, sizeof(long_text)));

        length = entry_reseal(&k, &seal, entry, i ? again : one);
        assert_int_equal(length, ENTRY_SEAL_MAX);
    }
    assert_memory_equal(one, again, sizeof(one));
    assert_int_equal(entry_open(&k, view_of(one, sizeof(one)), &head, text, &is_cut),
                     SEAL_TEXT_MAX);
    assert_true(is_cut);
    assert_memory_equal(text, long_text, SEAL_TEXT_MAX);
    entry_keys_close(&k);
    seal_release(&seal);
}

static void
no_flipped_bit_and_no_cut_entry_is_opened(void **state)
{
    struct disk *d = *state;
    struct entry_keys k;
    struct seal seal;
    struct ring_ordinal head;
    uint8_t payload[ENTRY_SEAL_MAX], text[SEAL_TEXT_MAX], bytes[ENTRY_SEAL_MAX];
    uint8_t resealed[ENTRY_SEAL_MAX];
    struct view entry;
    ssize_t length;
    bool is_cut;

    assert_int_equal(seal_init(&seal, secret), 0);
    open_keys(d, &k);
    entry = ring_entry(&seal, UINT32_MAX, VIEW("010-1234-5678"));
    memcpy(bytes, entry.bytes, entry.length);
    length = entry_reseal(&k, &seal, entry, payload);
    for (size_t bit = 0; bit < 8 * (size_t)length; bit++) {
        ssize_t result;

        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
        result = entry_open(&k, view_of(payload, (size_t)length), &head, text, &is_cut);
        assert_true(result == PASU_E_CORRUPT || result == PASU_E_NOTFOUND);
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(entry_reseal(&k, &seal, view_of(bytes, entry.length), resealed),
                         PASU_E_CORRUPT);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < (size_t)length; cut++)
        assert_int_equal(entry_open(&k, view_of(payload, cut), &head, text, &is_cut),
                         PASU_E_CORRUPT);
    entry_keys_close(&k);
    seal_release(&seal);
}

#define WITH_KEYS(test) cmocka_unit_test_setup_teardown(test, make, disk_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEYS(a_key_is_made_once_and_stays_until_it_is_destroyed),
        WITH_KEYS(a_file_that_is_none_or_others_can_read_is_refused),
        WITH_KEYS(what_was_synced_survives_a_power_cut_and_what_was_destroyed_stays_so),
        WITH_KEYS(whichever_call_fails_the_same_can_be_tried_again),
        WITH_KEYS(what_a_backup_brings_back_is_destroyed_again),
        WITH_KEYS(what_is_applied_is_noted_with_each_segment),
        WITH_KEYS(a_header_that_was_torn_has_seen_nothing),
        WITH_KEYS(an_erased_record_that_is_none_is_damage),
        WITH_KEYS(an_entry_is_opened_until_its_key_is_destroyed_and_nobody_elses_is),
        WITH_KEYS(a_long_key_is_known_to_be_cut_and_the_same_entry_is_the_same_bytes),
        WITH_KEYS(no_flipped_bit_and_no_cut_entry_is_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
