/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/keys.h"

#include "base/memory.h"
#include "unit.h"

static const uint8_t secret[SEAL_SECRET_SIZE] = {1, 2, 3}, other_secret[SEAL_SECRET_SIZE] = {4};

/* What a key's entry is sealed with: any number, as long as it stays with the entry. */
enum { SEALED_WITH = 0 };

/* A directory gives a key an ordinal, and the ledger's entry of it goes to `keys`. */
static uint32_t
tell(struct directory *directory, struct keys *keys, struct view text)
{
    struct directory_entry made;
    struct payload_ordinal ordinal = {.head = {.kind = SEALED_WITH}};
    struct ledger_entry entry = {.type = LEDGER_ORDINAL, .is_in_ring = true, .u.ordinal = &ordinal};

    assert_int_equal(
        directory_get(directory, SEALED_WITH, text, false, &ordinal.head.ordinal, &made), 1);
    memcpy(ordinal.head.hash, made.hash, sizeof(ordinal.head.hash));
    ordinal.sealed = view_of(made.sealed, made.sealed_length);
    assert_int_equal(keys_note(keys, &entry), 0);
    assert_int_equal(keys_note(keys, &entry), 0); /* it may come again */
    return ordinal.head.ordinal;
}

static void
assert_text(const struct keys *keys, uint32_t ordinal, const char *text)
{
    uint8_t found[SEAL_TEXT_MAX];
    bool is_cut;
    ssize_t length = keys_text(keys, ordinal, found, &is_cut);

    assert_int_equal(length, strlen(text));
    assert_memory_equal(found, text, strlen(text));
    assert_false(is_cut);
}

static void
ordinals_become_keys_again(void **state PASU_UNUSED)
{
    static uint8_t long_key[SEAL_TEXT_MAX + 100];
    struct directory *directory;
    struct keys keys;
    uint32_t uuid, name, cut;
    uint8_t found[SEAL_TEXT_MAX];
    bool is_cut;

    memset(long_key, 'x', sizeof(long_key));
    assert_int_equal(directory_new(&directory, secret), 0);
    keys_init(&keys, secret, NULL);
    uuid = tell(directory, &keys, VIEW("f47ac10b-58cc-4372-a567-0e02b2c3d479"));
    name = tell(directory, &keys, VIEW("kim"));
    cut = tell(directory, &keys, view_of(long_key, sizeof(long_key)));
    assert_text(&keys, 100007, "100007");
    assert_text(&keys, 0, "0");
    assert_text(&keys, uuid, "f47ac10b-58cc-4372-a567-0e02b2c3d479");
    assert_text(&keys, name, "kim");
    assert_int_equal(keys_text(&keys, cut, found, &is_cut), SEAL_TEXT_MAX);
    assert_true(is_cut);
    assert_int_equal(keys_text(&keys, cut - 1, found, &is_cut), PASU_E_NOTFOUND);
    keys_release(&keys);
    directory_free(directory);
}

static void
a_key_is_found_under_every_ordinal_that_it_has(void **state PASU_UNUSED)
{
    struct directory *directory, *another;
    struct keys keys;
    uint32_t first, second, ordinals[4];

    assert_int_equal(directory_new(&directory, secret), 0);
    assert_int_equal(directory_new(&another, secret), 0);
    directory_reserve(another, SEALED_WITH, UINT32_MAX - 7);
    keys_init(&keys, secret, NULL);
    tell(directory, &keys, VIEW("lee"));
    first = tell(directory, &keys, VIEW("kim"));
    second = tell(another, &keys, VIEW("kim"));
    assert_int_not_equal(first, second);
    assert_int_equal(keys_find(&keys, VIEW("kim"), ordinals, 4), 2);
    assert_true(ordinals[0] == first && ordinals[1] == second);
    assert_int_equal(keys_find(&keys, VIEW("kim"), ordinals, 1), 1);
    assert_int_equal(keys_find(&keys, VIEW("Kim"), ordinals, 4), 0);
    keys_release(&keys);
    directory_free(directory);
    directory_free(another);
}

static void
without_the_secret_nothing_is_told(void **state PASU_UNUSED)
{
    struct directory *directory;
    struct keys none, wrong;
    uint32_t ordinal, ordinals[4];
    uint8_t found[SEAL_TEXT_MAX];
    bool is_cut;

    assert_int_equal(directory_new(&directory, secret), 0);
    keys_init(&none, NULL, NULL);
    keys_init(&wrong, other_secret, NULL);
    ordinal = tell(directory, &none, VIEW("kim"));
    tell(directory, &wrong, VIEW("lee"));
    assert_int_equal(keys_text(&none, ordinal, found, &is_cut), PASU_E_NOTFOUND);
    assert_int_equal(keys_find(&none, VIEW("kim"), ordinals, 4), 0);
    assert_int_equal(keys_text(&wrong, ordinal - 1, found, &is_cut), PASU_E_CORRUPT);
    assert_int_equal(keys_find(&wrong, VIEW("lee"), ordinals, 4), 0);
    keys_release(&none);
    keys_release(&wrong);
    directory_free(directory);
}

static void
hostile_entries_are_kept_out_or_do_not_open(void **state PASU_UNUSED)
{
    static const uint8_t bytes[SEAL_MAX + 1];
    struct payload_ordinal ordinal = {.head = {.ordinal = UINT32_MAX, .kind = 255},
                                      .sealed = view_of(bytes, sizeof(bytes))};
    struct ledger_entry entry = {.type = LEDGER_ORDINAL, .is_in_ring = true, .u.ordinal = &ordinal};
    struct keys keys;
    uint8_t found[SEAL_TEXT_MAX];
    bool is_cut;

    keys_init(&keys, secret, NULL);
    assert_int_equal(keys_note(&keys, &entry), 0);
    assert_int_equal(keys.count, 0);
    ordinal.sealed = view_of(NULL, 0);
    assert_int_equal(keys_note(&keys, &entry), 0);
    assert_true(keys_text(&keys, UINT32_MAX, found, &is_cut) < 0);
    keys_release(&keys);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinals_become_keys_again),
        cmocka_unit_test(a_key_is_found_under_every_ordinal_that_it_has),
        cmocka_unit_test(without_the_secret_nothing_is_told),
        cmocka_unit_test(hostile_entries_are_kept_out_or_do_not_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
