/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_directory.h"
#include "breach/index_key.h"
#include "breach/index_keys.h"
#include "index_answer.h"

enum { ROUNDS = 30, ENTRIES = 900 };

/* ---- beside what reading says ---- */

static void
read_keys(struct keys *keys, const struct told_ledger *l)
{
    keys_init(keys, story_secret, NULL);
    for (size_t i = 0; i < l->count; i++)
        if ((int)l->items[i].entry.type != STORY_DAMAGE)
            assert_int_equal(keys_note(keys, &l->items[i].entry), 0);
}

/* What is asked, and of which index. */
struct asking {
    struct keys keys;
    struct index *index;
    struct index_keys by;
};

static int
begin_asking(struct asking *a, struct told_ledger *l)
{
    struct entries entries = entries_of(l);
    int result;

    keys_init(&a->keys, story_secret, NULL);
    assert_int_equal(index_open(&a->index, directory, index_keys), 0);
    result = index_keys_begin(&a->by, a->index, &entries, &a->keys);
    l->takes = NULL;
    return result;
}

static void
end_asking(struct asking *a)
{
    index_close(a->index);
    keys_release(&a->keys);
}

static int
compare_ordinals(const void *a, const void *b)
{
    const uint32_t *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

/* A text's ordinals, in order. */
static int
find(const struct keys *keys, const char *text, uint32_t ordinals[ENTRIES])
{
    int count = keys_find(keys, view_of_text(text), ordinals, ENTRIES);

    assert_in_range(count, 0, ENTRIES - 1);
    qsort(ordinals, (size_t)count, sizeof(*ordinals), compare_ordinals);
    return count;
}

static unsigned
compare_found(struct asking *a, const struct keys *all)
{
    static uint32_t by_index[ENTRIES], by_reading[ENTRIES];
    unsigned found = 0;

    for (unsigned k = 0; k <= STORY_KEYS; k++) { /* the last is nobody's */
        char text[16];
        int count;

        snprintf(text, sizeof(text), "key%u", k);
        assert_int_equal(index_keys_find(&a->by, view_of_text(text)), 0);
        count = find(all, text, by_reading);
        assert_int_equal(find(&a->keys, text, by_index), count);
        assert_memory_equal(by_index, by_reading, (size_t)count * sizeof(by_index[0]));
        found += (unsigned)count;
    }
    return found;
}

static void
compare_texts(struct asking *a, const struct keys *all, const struct told_ledger *l)
{
    for (size_t i = 0; i < l->count; i++) {
        uint32_t ordinal = l->items[i].body.ordinal.head.ordinal;

        if (l->items[i].entry.type != LEDGER_ORDINAL)
            continue;
        for (uint32_t o = ordinal - 1; o != ordinal + 1; o++) {
            assert_int_equal(index_keys_text(&a->by, o), 0);
            assert_int_equal(keys_has(&a->keys, o), keys_has(all, o));
        }
    }
}

/* Where the index ends anywhere, and is made in pieces. */
static void
keys_are_those_of_reading(void **state PASU_UNUSED)
{
    unsigned found = 0;

    for (uint64_t seed = 1; seed <= 3 * ROUNDS; seed += 3) {
        struct told_ledger l;
        struct keys all;
        struct asking a;
        size_t middle, to;

        tell_all(&l, seed, 60 + (size_t)(seed * 97 % (ENTRIES - 60)));
        to = place_behind(&l, 1 + random_below(&l.random, (uint32_t)l.count));
        middle = place_behind(&l, 1 + random_below(&l.random, (uint32_t)to));
        build(&l, 0, middle);
        if (to > middle)
            build(&l, middle, to);
        read_keys(&all, &l);
        assert_int_equal(begin_asking(&a, &l), 0);
        found += compare_found(&a, &all);
        compare_texts(&a, &all, &l);
        end_asking(&a);
        keys_release(&all);
        forget_all(&l);
    }
    assert_true(found > 10 * ROUNDS);
}

/* ---- a story of keys alone ---- */

static void
tell_keys(struct told_ledger *l, uint64_t seed, size_t count)
{
    struct random r = {.state = seed};

    *l = (struct told_ledger){.now = 20300 * DAY};
    l->items = memory_new(STORY_ENTRIES, sizeof(*l->items));
    tell(l, LEDGER_STARTED);
    while (l->count < count)
        tell_key(l, &r);
}

static struct told *
told_of(struct told_ledger *l, uint32_t ordinal)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].entry.type == LEDGER_ORDINAL &&
            l->items[i].body.ordinal.head.ordinal == ordinal)
            return &l->items[i];
    fail();
    return NULL;
}

static void
of_an_ordinal_the_first_entry_counts(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct asking a;
    uint32_t found[ENTRIES];

    tell_keys(&l, 1, 1);
    tell_ordinal(&l, UINT32_MAX, "kim");
    tell_ordinal(&l, UINT32_MAX - 1, "lee");
    tell_ordinal(&l, UINT32_MAX, "kim 2"); /* in the same piece */
    build(&l, 0, 4);
    tell_ordinal(&l, UINT32_MAX - 1, "lee 2"); /* in the next, */
    build(&l, 4, 5);
    tell_ordinal(&l, UINT32_MAX, "kim 3"); /* and behind the index */
    tell_ordinal(&l, UINT32_MAX - 9, "kim");
    assert_int_equal(begin_asking(&a, &l), 0);
    for (size_t i = 0; i < 3; i++) {
        static const char *const others[] = {"kim 2", "lee 2", "kim 3"};

        assert_int_equal(index_keys_find(&a.by, view_of_text(others[i])), 0);
        assert_int_equal(find(&a.keys, others[i], found), 0);
    }
    assert_int_equal(index_keys_find(&a.by, VIEW("kim")), 0);
    assert_int_equal(find(&a.keys, "kim", found), 2);
    assert_true(found[0] == UINT32_MAX - 9 && found[1] == UINT32_MAX);
    end_asking(&a);
    forget_all(&l);
}

/* ---- never believed over the ledger ---- */

/* Whichever of its records is another by now, or none. */
static void
what_the_ledger_does_not_say_is_not_told(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct told *told;
    struct asking a;

    tell_keys(&l, 3, 40);
    tell_ordinal(&l, UINT32_MAX - 500000, "kim");
    tell(&l, LEDGER_STARTED);
    build(&l, 0, l.count);
    told = told_of(&l, UINT32_MAX - 500000);
    for (int way = 0; way < 4; way++) {
        struct told before = *told;

        if (way == 0)
            told->entry.type = LEDGER_STARTED;
        else if (way == 1)
            told->entry.type = (enum ledger_entry_type)STORY_DAMAGE;
        else if (way == 2)
            told->body.ordinal.head.ordinal--;
        else
            told->body.ordinal.head.hash[0] ^= 1;
        assert_int_equal(begin_asking(&a, &l), 0);
        assert_int_equal(index_keys_find(&a.by, VIEW("kim")), PASU_E_UNAVAILABLE);
        if (way < 3) /* whose hash it is does not matter to the text */
            assert_int_equal(index_keys_text(&a.by, UINT32_MAX - 500000), PASU_E_UNAVAILABLE);
        end_asking(&a);
        *told = before;
    }
    told = &l.items[l.count - 1]; /* the index's last record */
    told->entry.time++;
    assert_int_equal(begin_asking(&a, &l), PASU_E_UNAVAILABLE);
    end_asking(&a);
    forget_all(&l);
}

/* Keys whose hashes begin alike are told apart by the ledger. */
static void
a_hash_that_begins_alike_is_another_key(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct asking a;
    uint32_t found[ENTRIES];

    tell_keys(&l, 5, 1);
    tell_ordinal(&l, UINT32_MAX, "kim");
    tell_ordinal(&l, UINT32_MAX - 1, "kim");
    l.items[2].body.ordinal.head.hash[5] ^= 1;
    build(&l, 0, l.count);
    assert_int_equal(begin_asking(&a, &l), 0);
    assert_int_equal(index_keys_find(&a.by, VIEW("kim")), 0);
    assert_int_equal(find(&a.keys, "kim", found), 1);
    assert_int_equal(found[0], UINT32_MAX);
    end_asking(&a);
    for (uint32_t i = 2; i <= INDEX_FOUND_MAX; i++)
        tell_ordinal(&l, UINT32_MAX - i, "kim");
    build(&l, 0, l.count);
    assert_int_equal(begin_asking(&a, &l), 0);
    assert_int_equal(index_keys_find(&a.by, VIEW("kim")), PASU_E_UNAVAILABLE);
    end_asking(&a);
    forget_all(&l);
}

/* As a ledger could have them whose carried records lie about their indexes. */
static void
records_that_go_back_are_not_in_it(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct asking a;

    tell_keys(&l, 7, 20);
    l.items[9].entry.type = LEDGER_ORDINAL;
    l.items[9].entry.seq = l.items[2].entry.seq;
    build(&l, 0, l.count);
    assert_int_equal(begin_asking(&a, &l), PASU_E_UNAVAILABLE);
    end_asking(&a);
    forget_all(&l);
}

/* ---- values under checksums that fit ---- */

/* The n-th of a letter's keys, and its value, which there must be. */
static void
nth(struct index_walk *walk, char letter, uint32_t n, struct view *key, struct view *value)
{
    struct index_key from = index_key_letter(letter);

    do {
        uint32_t at = 0;

        assert_int_equal(index_walk_seek(walk, index_key_view(&from), key, value), 1);
        while (at < n && index_walk_next(walk, key, value) == 1 && key->bytes[0] == letter)
            at++;
        n = at == n ? n : n / 2;
    } while (key->bytes[0] != letter);
}

/* Another bit, or other bytes altogether. */
static void
forge(struct random *r, char letter)
{
    uint8_t name[INDEX_KEY_MAX], bytes[512];
    size_t name_length, length;
    struct index_walk walk;
    struct index *index;
    struct view key, value;

    assert_int_equal(index_open_to_write(&index, index_place, index_keys), 0);
    assert_int_equal(index_walk_begin(&walk, index, INDEX_MAIN), 0);
    nth(&walk, letter, random_below(r, 30), &key, &value);
    name_length = key.length;
    length = value.length;
    assert_in_range(length, 1, sizeof(bytes));
    memcpy(name, key.bytes, name_length);
    memcpy(bytes, value.bytes, length);
    index_walk_end(&walk);
    bytes[random_below(r, (uint32_t)length)] ^= (uint8_t)(1 << random_below(r, 8));
    if (random_below(r, 2) == 0) {
        length = random_below(r, 64);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)random_u64(r);
    }
    assert_int_equal(
        index_put(index, INDEX_MAIN, view_of(name, name_length), view_of(bytes, length)), 0);
    assert_int_equal(index_commit(index), 0);
    index_close(index);
}

/* Nobody is found who does not have the key. */
static void
compare_forged(struct asking *a, const struct keys *all)
{
    static uint32_t by_index[ENTRIES], by_reading[ENTRIES];

    for (unsigned k = 0; k < STORY_KEYS; k++) {
        char text[16];
        int count, most;

        snprintf(text, sizeof(text), "key%u", k);
        if (index_keys_find(&a->by, view_of_text(text)) != 0)
            continue;
        count = find(&a->keys, text, by_index);
        most = find(all, text, by_reading);
        for (int i = 0; i < count; i++)
            assert_non_null(bsearch(&by_index[i], by_reading, (size_t)most, sizeof(*by_reading),
                                    compare_ordinals));
    }
}

static void
forged_values_tell_nothing_else(void **state PASU_UNUSED)
{
    struct random r = {.state = 11};
    unsigned refused = 0; /* what is gone on with */

    for (unsigned round = 0; round < 200; round++) {
        struct index_build *build_of_it;
        struct told_ledger l;
        struct keys all;
        struct asking a;

        tell_keys(&l, round + 1, 60);
        build(&l, 0, 50);
        forge(&r, round % 2 == 0 ? INDEX_HASHES : INDEX_PLACES);
        read_keys(&all, &l);
        if (begin_asking(&a, &l) == 0)
            compare_forged(&a, &all);
        end_asking(&a);
        keys_release(&all);
        assert_int_equal(index_open_to_write(&a.index, index_place, index_keys), 0);
        assert_int_equal(index_build_new(&build_of_it, &os_real, a.index, true), 0);
        for (size_t i = 50; i < l.count; i++)
            assert_int_equal(index_build_add(build_of_it, &l.items[i].entry), 0);
        refused += index_build_end(build_of_it) == PASU_E_CORRUPT;
        index_build_free(build_of_it);
        index_close(a.index);
        forget_all(&l);
    }
    assert_in_range(refused, 20, 199);
}

/* ---- many ---- */

enum { MANY = 200000, PIECES = 7 };

/* All that an index has, as bytes. */
static void
collect_values(struct pack *pack, struct index *index)
{
    struct index_walk walk;
    struct view key, value;
    int next;

    assert_int_equal(index_walk_begin(&walk, index, INDEX_MAIN), 0);
    next = index_walk_seek(&walk, VIEW("\0"), &key, &value);
    for (; next == 1; next = index_walk_next(&walk, &key, &value)) {
        pack_bytes(pack, key.bytes, key.length);
        pack_bytes(pack, value.bytes, value.length);
    }
    assert_int_equal(next, 0);
    index_walk_end(&walk);
}

/* The i-th: about in order, with holes, as several threads of the gate would have them. */
static struct payload_ordinal
one_of_many(uint32_t i)
{
    struct random r = {.state = i + 1};
    struct payload_ordinal o = {.head.ordinal = UINT32_MAX - (i ^ 5) - (i / 7777) * 90000};

    for (size_t b = 0; b < sizeof(o.head.hash); b++)
        o.head.hash[b] = (uint8_t)random_u64(&r);
    return o;
}

static void
add_many(struct index *index, uint32_t pieces)
{
    struct index_directory d = {0};

    for (uint32_t i = 0; i < MANY; i++) {
        struct payload_ordinal o = one_of_many(i);

        assert_int_equal(index_directory_add(&d, &o, 3 * (uint64_t)i), 0);
        if (i % (MANY / pieces) == 0)
            assert_int_equal(index_directory_write(&d, index), 0);
    }
    assert_int_equal(index_directory_write(&d, index), 0);
    index_directory_release(&d);
}

static void
many_are_found_in_runs_that_do_not_depend_on_pieces(void **state PASU_UNUSED)
{
    struct pack at_once = {0}, in_pieces = {0};
    struct index *index;

    assert_int_equal(index_make(&index, index_place, index_keys), 0);
    add_many(index, 1);
    collect_values(&at_once, index);
    index_discard(index, index_place);
    assert_int_equal(index_make(&index, index_place, index_keys), 0);
    add_many(index, PIECES);
    collect_values(&in_pieces, index);
    assert_true(view_equal(pack_view(&at_once), pack_view(&in_pieces)));
    for (uint32_t i = 0; i < MANY; i += 331) {
        struct payload_ordinal o = one_of_many(i);
        uint32_t hash = index_hash_of(o.head.hash), found[INDEX_FOUND_MAX];
        uint64_t record;

        assert_int_equal(index_run_record(index, o.head.ordinal, &record), 0);
        assert_int_equal(record, 3 * (uint64_t)i);
        assert_int_equal(index_run_find(index, hash, found), 1);
        assert_int_equal(found[0], o.head.ordinal);
        assert_int_equal(index_run_find(index, hash ^ 1, found), 0);
    }
    index_discard(index, index_place);
    pack_release(&at_once);
    pack_release(&in_pieces);
}

#define ENCRYPTED(test)                                                                            \
    {                                                                                              \
#test " (encrypted)", test, set_key, drop_key, NULL                                        \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_those_of_reading),
        cmocka_unit_test(of_an_ordinal_the_first_entry_counts),
        cmocka_unit_test(what_the_ledger_does_not_say_is_not_told),
        cmocka_unit_test(a_hash_that_begins_alike_is_another_key),
        cmocka_unit_test(records_that_go_back_are_not_in_it),
        cmocka_unit_test(forged_values_tell_nothing_else),
        cmocka_unit_test(many_are_found_in_runs_that_do_not_depend_on_pieces),
        ENCRYPTED(keys_are_those_of_reading),
        ENCRYPTED(many_are_found_in_runs_that_do_not_depend_on_pieces),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
