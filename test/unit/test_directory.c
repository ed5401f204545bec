/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "exposure/directory.h"
#include "random.h"
#include "unit.h"

#include <pthread.h>

static const uint8_t secret[SEAL_SECRET_SIZE] = "0123456789abcdef0123456789abcde";
static const uint8_t other_secret[SEAL_SECRET_SIZE] = "0123456789abcdef0123456789abcdE";

static struct directory *
make_directory(void)
{
    struct directory *d;

    assert_int_equal(directory_new(&d, secret), 0);
    return d;
}

static uint32_t
get(struct directory *d, uint8_t kind, const char *text, int expected,
    struct directory_entry *entry)
{
    uint32_t ordinal = 0;

    assert_int_equal(directory_get(d, kind, view_of_text(text), false, &ordinal, entry), expected);
    if (expected == 1)
        directory_recorded(d, kind, entry->hash);
    return ordinal;
}

static void
assert_unseals(uint8_t kind, uint32_t ordinal, const struct directory_entry *entry,
               struct view expected, bool expected_cut)
{
    uint8_t text[SEAL_TEXT_MAX];
    bool is_cut = !expected_cut;
    ssize_t length = directory_unseal(secret, kind, ordinal, entry->hash,
                                      view_of(entry->sealed, entry->sealed_length), text, &is_cut);

    assert_int_equal(length, expected.length);
    assert_int_equal(is_cut, expected_cut);
    if (length > 0)
        assert_memory_equal(text, expected.bytes, expected.length);
}

/* ---- ordinals ---- */

static void
small_integers_stand_for_themselves_unless_their_kind_is_sealed(void **state PASU_UNUSED)
{
    struct directory *d = make_directory();
    struct directory_entry entry;
    uint32_t ordinal;

    assert_int_equal(get(d, 0, "42", 0, &entry), 42);
    assert_int_equal(get(d, 0, "4026531839", 0, &entry), 4026531839);
    assert_true(get(d, 0, "4026531840", 1, &entry) >= KEY_ORDINAL_FIRST);
    assert_true(get(d, 0, "042", 1, &entry) >= KEY_ORDINAL_FIRST);
    assert_int_equal(directory_get(d, 1, VIEW("42"), true, &ordinal, &entry), 1);
    assert_int_equal(ordinal, UINT32_MAX);
    assert_unseals(1, ordinal, &entry, VIEW("42"), false);
    assert_int_equal(directory_find(d, 1, VIEW("42"), true, &ordinal), 0);
    assert_int_equal(ordinal, UINT32_MAX);
    assert_int_equal(directory_find(d, 1, VIEW("43"), true, &ordinal), PASU_E_NOTFOUND);
    assert_int_equal(directory_find(d, 1, VIEW("43"), false, &ordinal), 0);
    assert_int_equal(ordinal, 43);
    directory_free(d);
}

static void
every_key_has_one_ordinal_counted_down_for_its_kind(void **state PASU_UNUSED)
{
    struct directory *d = make_directory();
    struct directory_entry entry;
    char text[32];

    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 20000; i++) {
            snprintf(text, sizeof(text), "key-%u", i);
            assert_int_equal(get(d, 3, text, round == 0, &entry), UINT32_MAX - i);
        }
    assert_int_equal(get(d, 4, "key-7", 1, &entry), UINT32_MAX);
    assert_int_equal(get(d, 4, "", 1, &entry), UINT32_MAX - 1);
    assert_true(directory_memory(d) > 20000 * 20);
    directory_free(d);
}

static void
an_entry_is_given_to_whoever_asks_until_it_is_recorded(void **state PASU_UNUSED)
{
    struct directory *d = make_directory();
    struct directory_entry first, second;
    uint32_t a, b;

    assert_int_equal(directory_get(d, 0, VIEW("someone"), false, &a, &first), 1);
    assert_int_equal(directory_get(d, 0, VIEW("someone"), false, &b, &second), 1);
    assert_int_equal(a, b);
    assert_memory_equal(first.hash, second.hash, sizeof(first.hash));
    assert_unseals(0, b, &second, VIEW("someone"), false);
    assert_int_equal(directory_find(d, 0, VIEW("someone"), false, &b), 0);
    assert_int_equal(a, b);
    directory_recorded(d, 1, first.hash); /* of another kind, and of nobody */
    directory_recorded(d, 0, secret);
    assert_int_equal(directory_get(d, 0, VIEW("someone"), false, &b, &second), 1);
    directory_recorded(d, 0, first.hash);
    assert_int_equal(directory_get(d, 0, VIEW("someone"), false, &b, &second), 0);
    assert_int_equal(a, b);
    /* The ledger has it: it is recorded, too. */
    assert_int_equal(directory_get(d, 0, VIEW("other"), false, &a, &first), 1);
    assert_int_equal(directory_restore(d, 0, a - 1, first.hash), PASU_E_CORRUPT);
    assert_int_equal(directory_get(d, 0, VIEW("other"), false, &b, &first), 1);
    assert_int_equal(directory_restore(d, 0, a, first.hash), 0);
    assert_int_equal(directory_get(d, 0, VIEW("other"), false, &b, &first), 0);
    assert_int_equal(a, b);
    directory_free(d);
}

static void
a_kind_out_of_range_and_a_full_directory_are_refused(void **state PASU_UNUSED)
{
    struct directory *d = make_directory();
    struct directory_entry entry;
    const uint8_t hash[SEAL_HASH_SIZE] = {1};

    get(d, EXPOSURE_KINDS_MAX, "a", PASU_E_RANGE, &entry);
    assert_int_equal(directory_restore(d, EXPOSURE_KINDS_MAX, UINT32_MAX, hash), PASU_E_RANGE);
    assert_int_equal(directory_restore(d, 0, KEY_ORDINAL_FIRST - 1, hash), PASU_E_RANGE);
    assert_int_equal(directory_restore(d, 0, KEY_ORDINAL_FIRST + 1, hash), 0);
    assert_int_equal(get(d, 0, "a", 1, &entry), KEY_ORDINAL_FIRST);
    get(d, 0, "b", PASU_E_RANGE, &entry);
    assert_int_equal(get(d, 0, "a", 0, &entry), KEY_ORDINAL_FIRST);
    assert_int_equal(get(d, 1, "b", 1, &entry), UINT32_MAX);
    directory_free(d);
}

static void
after_a_restart_keys_keep_their_ordinals_in_whatever_order_entries_come(void **state PASU_UNUSED)
{
    enum { KEYS = 500 };
    static struct directory_entry entries[KEYS];
    struct directory *d = make_directory();
    struct directory_entry entry;
    struct random r = {9};
    char text[32];

    for (uint32_t i = 0; i < KEYS; i++) {
        snprintf(text, sizeof(text), "%08x-uuid", i);
        get(d, 2, text, 1, &entries[i]);
    }
    directory_free(d);
    d = make_directory();
    for (uint32_t n = 0; n < 20 * KEYS; n++) {
        uint32_t i = n < KEYS ? KEYS - 1 - n : random_below(&r, KEYS);

        assert_int_equal(directory_restore(d, 2, UINT32_MAX - i, entries[i].hash), 0);
    }
    assert_int_equal(directory_restore(d, 2, UINT32_MAX - 1, entries[0].hash), PASU_E_CORRUPT);
    for (uint32_t i = 0; i < KEYS; i++) {
        snprintf(text, sizeof(text), "%08x-uuid", i);
        assert_int_equal(get(d, 2, text, 0, &entry), UINT32_MAX - i);
    }
    assert_int_equal(get(d, 2, "new", 1, &entry), UINT32_MAX - KEYS);
    directory_free(d);
}

/* A record can outlive the entry of its ordinal. */
static void
an_ordinal_that_a_record_names_is_never_given_again(void **state PASU_UNUSED)
{
    struct directory *d = make_directory();
    struct directory_entry entry;

    directory_reserve(d, 0, UINT32_MAX - 9);
    directory_reserve(d, 0, UINT32_MAX - 3);
    directory_reserve(d, 0, 17);
    directory_reserve(d, EXPOSURE_KINDS_MAX, UINT32_MAX - 100);
    assert_int_equal(get(d, 0, "a", 1, &entry), UINT32_MAX - 10);
    assert_int_equal(get(d, 1, "a", 1, &entry), UINT32_MAX);
    directory_free(d);
}

/* ---- sealing ---- */

static void
an_entry_opens_with_its_own_secret_kind_ordinal_and_hash_only(void **state PASU_UNUSED)
{
    struct directory *d = make_directory();
    struct directory_entry entry;
    uint32_t ordinal = get(d, 5, "f47ac10b-58cc-4372-a567-0e02b2c3d479", 1, &entry);
    uint8_t text[SEAL_TEXT_MAX], hash[SEAL_HASH_SIZE];
    struct view sealed = view_of(entry.sealed, entry.sealed_length);
    bool is_cut;

    assert_int_equal(entry.sealed_length, 36 + SEAL_OVERHEAD);
    assert_unseals(5, ordinal, &entry, VIEW("f47ac10b-58cc-4372-a567-0e02b2c3d479"), false);
    assert_int_equal(directory_unseal(other_secret, 5, ordinal, entry.hash, sealed, text, &is_cut),
                     PASU_E_CORRUPT);
    assert_int_equal(directory_unseal(secret, 4, ordinal, entry.hash, sealed, text, &is_cut),
                     PASU_E_CORRUPT);
    assert_int_equal(directory_unseal(secret, 5, ordinal - 1, entry.hash, sealed, text, &is_cut),
                     PASU_E_CORRUPT);
    memcpy(hash, entry.hash, sizeof(hash));
    hash[0] ^= 1;
    assert_int_equal(directory_unseal(secret, 5, ordinal, hash, sealed, text, &is_cut),
                     PASU_E_CORRUPT);
    for (size_t cut = 0; cut < sealed.length; cut++)
        assert_int_equal(directory_unseal(secret, 5, ordinal, entry.hash,
                                          view_of(sealed.bytes, cut), text, &is_cut),
                         PASU_E_CORRUPT);
    for (size_t bit = 0; bit < sealed.length * 8; bit++) {
        entry.sealed[bit / 8] = (uint8_t)(entry.sealed[bit / 8] ^ 1U << bit % 8);
        assert_int_equal(directory_unseal(secret, 5, ordinal, entry.hash, sealed, text, &is_cut),
                         PASU_E_CORRUPT);
        entry.sealed[bit / 8] = (uint8_t)(entry.sealed[bit / 8] ^ 1U << bit % 8);
    }
    directory_free(d);
}

static void
nothing_of_the_key_is_in_its_entry(void **state PASU_UNUSED)
{
    struct directory *d = make_directory();
    struct directory_entry entry = {0};

    get(d, 0, "kim.minji@example.org", 1, &entry);
    assert_null(memmem(&entry, sizeof(entry), "kim", 3));
    assert_null(memmem(&entry, sizeof(entry), "example", 7));
    directory_free(d);
}

static void
a_command_finds_the_hash_with_the_secret_alone(void **state PASU_UNUSED)
{
    struct directory *d = make_directory();
    struct directory_entry entry, same_elsewhere;
    uint8_t hash[SEAL_HASH_SIZE];

    get(d, 0, "someone", 1, &entry);
    get(d, 1, "someone", 1, &same_elsewhere);
    assert_int_equal(directory_hash(secret, VIEW("someone"), hash), 0);
    assert_memory_equal(hash, entry.hash, sizeof(hash));
    assert_memory_equal(hash, same_elsewhere.hash, sizeof(hash));
    assert_int_equal(directory_hash(other_secret, VIEW("someone"), hash), 0);
    assert_memory_not_equal(hash, entry.hash, sizeof(hash));
    directory_free(d);
}

static void
long_keys_are_told_apart_and_sealed_in_part(void **state PASU_UNUSED)
{
    static uint8_t text[5000];
    struct directory *d = make_directory();
    struct directory_entry entry;
    uint32_t a, b, c;

    memset(text, 'x', sizeof(text));
    assert_int_equal(directory_get(d, 0, view_of(text, SEAL_TEXT_MAX), false, &a, &entry), 1);
    assert_int_equal(entry.sealed_length, SEAL_MAX);
    assert_unseals(0, a, &entry, view_of(text, SEAL_TEXT_MAX), false);
    assert_int_equal(directory_get(d, 0, view_of(text, SEAL_TEXT_MAX + 1), false, &b, &entry), 1);
    assert_int_equal(entry.sealed_length, SEAL_MAX);
    assert_unseals(0, b, &entry, view_of(text, SEAL_TEXT_MAX), true);
    text[sizeof(text) - 1] = 'y';
    assert_int_equal(directory_get(d, 0, view_of(text, sizeof(text)), false, &c, &entry), 1);
    directory_recorded(d, 0, entry.hash);
    assert_true(a != b && b != c);
    assert_int_equal(directory_get(d, 0, view_of(text, sizeof(text)), false, &b, &entry), 0);
    assert_int_equal(b, c);
    directory_free(d);
}

/* ---- threads and memory ---- */

enum { THREADS = 8, RACE_KEYS = 3000 };

struct racer {
    struct directory *directory;
    uint32_t ordinals[RACE_KEYS];
    uint32_t made;
    uint64_t seed;
};

static void *
race(void *arg)
{
    struct racer *racer = arg;
    struct random r = {racer->seed};
    struct directory_entry entry;
    char text[32];

    for (uint32_t n = 0; n < 4 * RACE_KEYS; n++) {
        uint32_t i = n < 3 * RACE_KEYS ? random_below(&r, RACE_KEYS) : n - 3 * RACE_KEYS;
        int length = snprintf(text, sizeof(text), "shared-%u", i);

        if (directory_get(racer->directory, 0, view_of(text, (size_t)length), false,
                          &racer->ordinals[i], &entry) == 1) {
            racer->made++;
            directory_recorded(racer->directory, 0, entry.hash);
        }
    }
    return NULL;
}

static void
threads_agree_on_every_ordinal_and_each_entry_is_made(void **state PASU_UNUSED)
{
    static struct racer racers[THREADS];
    static bool is_given[RACE_KEYS];
    struct directory *d = make_directory();
    pthread_t threads[THREADS];
    uint32_t made = 0;

    for (size_t i = 0; i < THREADS; i++) {
        racers[i].directory = d;
        racers[i].seed = i + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        made += racers[i].made;
        assert_memory_equal(racers[i].ordinals, racers[0].ordinals, sizeof(racers[0].ordinals));
    }
    assert_true(made >= RACE_KEYS && made <= THREADS * RACE_KEYS);
    for (size_t i = 0; i < RACE_KEYS; i++) {
        uint32_t place = UINT32_MAX - racers[0].ordinals[i];

        assert_true(place < RACE_KEYS && !is_given[place]);
        is_given[place] = true;
    }
    directory_free(d);
}

static void
a_failed_allocation_gives_no_ordinal_away(void **state PASU_UNUSED)
{
    struct directory *d;
    bool has_failed = true;
    char text[32];

    memory_fail_at(1);
    assert_int_equal(directory_new(&d, secret), PASU_E_NOMEM);
    for (uint64_t nth = 1; has_failed; nth++) {
        struct directory_entry entry;
        uint32_t ordinal;

        has_failed = false;
        d = make_directory();
        memory_fail_at(nth);
        for (uint32_t i = 0; i < 2000; i++) {
            int length = snprintf(text, sizeof(text), "key-%u", i), result;
            struct view key = view_of(text, (size_t)length);

            result = directory_get(d, 0, key, false, &ordinal, &entry);
            if (result == PASU_E_NOMEM) {
                has_failed = true;
                assert_int_equal(directory_find(d, 0, key, false, &ordinal), PASU_E_NOTFOUND);
                result = directory_get(d, 0, key, false, &ordinal, &entry);
            }
            assert_int_equal(result, 1);
            assert_int_equal(ordinal, UINT32_MAX - i);
        }
        memory_fail_at(0);
        directory_free(d);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_integers_stand_for_themselves_unless_their_kind_is_sealed),
        cmocka_unit_test(every_key_has_one_ordinal_counted_down_for_its_kind),
        cmocka_unit_test(an_entry_is_given_to_whoever_asks_until_it_is_recorded),
        cmocka_unit_test(a_kind_out_of_range_and_a_full_directory_are_refused),
        cmocka_unit_test(after_a_restart_keys_keep_their_ordinals_in_whatever_order_entries_come),
        cmocka_unit_test(an_ordinal_that_a_record_names_is_never_given_again),
        cmocka_unit_test(an_entry_opens_with_its_own_secret_kind_ordinal_and_hash_only),
        cmocka_unit_test(nothing_of_the_key_is_in_its_entry),
        cmocka_unit_test(a_command_finds_the_hash_with_the_secret_alone),
        cmocka_unit_test(long_keys_are_told_apart_and_sealed_in_part),
        cmocka_unit_test(threads_agree_on_every_ordinal_and_each_entry_is_made),
        cmocka_unit_test(a_failed_allocation_gives_no_ordinal_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
