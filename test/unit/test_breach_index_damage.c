/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_key.h"
#include "index_person.h"

/* Behind the last entry, and again where one goes on from there: told once. */
static void
damage_at_the_end_is_told_once(void **state PASU_UNUSED)
{
    struct pack at_once = {0}, in_pieces = {0};
    struct told_ledger l;
    size_t at;

    tell_all(&l, 2, 200);
    while ((int)l.items[l.count - 1].entry.type == STORY_DAMAGE)
        l.count--;
    at = l.count;
    tell(&l, (enum ledger_entry_type)STORY_DAMAGE);
    tell(&l, (enum ledger_entry_type)STORY_DAMAGE);
    build(&l, 0, at);
    collect(&at_once);
    build(&l, 0, l.count);
    collect(&in_pieces);
    assert_int_equal(at_once.used, in_pieces.used);
    assert_memory_equal(at_once.bytes, in_pieces.bytes, at_once.used);
    assert_true(ask_both(&l, (struct filter){0}, false));
    tell_opened(&l, 4711);
    assert_true(ask_both(&l, (struct filter){0}, false));
    build(&l, at, l.count);
    assert_true(ask_both(&l, (struct filter){0}, false));
    pack_release(&at_once);
    pack_release(&in_pieces);
    forget_all(&l);
}

/* On the days that are read, which reading tells of, and the index cannot. */
static void
damage_that_came_since_is_not_passed_over(void **state PASU_UNUSED)
{
    enum { FIRST = 40, LAST = 240 };
    struct told_ledger l;
    struct filter filter;
    unsigned tried = 0;

    tell_all(&l, 6, 300);
    build(&l, 0, place_behind(&l, l.count));
    filter = (struct filter){.from = l.items[FIRST].entry.time + 1, .to = l.items[LAST].entry.time};
    assert_true(ask_both(&l, filter, false));
    for (size_t i = 0; i < l.count; i++) {
        struct told *told = &l.items[i];
        int32_t day = day_of(told->body.exposure.time);
        struct answer with;

        if (told->entry.type != LEDGER_EXPOSURE ||
            (day != day_of(filter.from) && day != day_of(filter.to)))
            continue;
        told->entry.type = (enum ledger_entry_type)STORY_DAMAGE;
        assert_int_equal(ask_index(&with, &l, filter, false), PASU_E_UNAVAILABLE);
        end(&with);
        told->entry.type = LEDGER_EXPOSURE;
        tried++;
    }
    assert_true(tried > 2);
    forget_all(&l);
}

static void
another_ledger_is_not_answered_for(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct answer answer;

    tell_all(&l, 2, 200);
    build(&l, 0, place_behind(&l, 150));
    for (size_t i = 0; i < l.count; i++)
        l.items[i].entry.time++;
    assert_int_equal(ask_index(&answer, &l, (struct filter){0}, false), PASU_E_UNAVAILABLE);
    end(&answer);
    forget_all(&l);
}

/* Neither asked nor gone on with: it is made anew. */
static void
another_version_is_refused(void **state PASU_UNUSED)
{
    struct index_key meta = index_key_letter(INDEX_META);
    struct told_ledger l;
    struct answer answer;
    struct index *index;
    struct index_build *build_of_it;
    struct view value;
    uint8_t bytes[64];

    tell_all(&l, 2, 200);
    build(&l, 0, place_behind(&l, 150));
    assert_int_equal(index_open_to_write(&index, index_place, NULL), 0);
    assert_int_equal(index_get(index, INDEX_MAIN, index_key_view(&meta), &value), 0);
    assert_true(value.length < sizeof(bytes) && value.bytes[0] == INDEX_VERSION);
    memcpy(bytes, value.bytes, value.length);
    bytes[0] = INDEX_VERSION - 1;
    assert_int_equal(
        index_put(index, INDEX_MAIN, index_key_view(&meta), view_of(bytes, value.length)), 0);
    assert_int_equal(index_build_new(&build_of_it, &os_real, index, true), PASU_E_NOTFOUND);
    assert_int_equal(index_commit(index), 0);
    index_close(index);
    assert_int_equal(ask_index(&answer, &l, (struct filter){0}, false), PASU_E_NOTFOUND);
    end(&answer);
    forget_all(&l);
}

/* ---- what somebody who can write there could do: values under checksums that fit ---- */

/* Makes another value of it, in memory of its own. */
static struct view
forge(struct random *r, struct view value)
{
    size_t length = value.length, more = random_below(r, 4) == 0 ? random_below(r, 12) : 0;
    uint8_t *bytes = memory_new(length + more + 1, 1);

    if (length > 0)
        memcpy(bytes, value.bytes, length);
    for (size_t i = 0; i < more; i++)
        bytes[length + i] = (uint8_t)random_below(r, 256);
    length += more;
    if (random_below(r, 6) == 0)
        length = random_below(r, (uint32_t)length + 1);
    for (uint32_t n = 1 + random_below(r, 3); length > 0 && n > 0; n--) {
        uint32_t at = random_below(r, (uint32_t)length);

        if (random_below(r, 2) == 0)
            bytes[at] ^= (uint8_t)(1 << random_below(r, 8));
        else
            bytes[at] = random_below(r, 2) == 0 ? 0xff : (uint8_t)random_below(r, 256);
    }
    return view_of(bytes, length);
}

static bool
is_empty(struct index *index, enum index_table table)
{
    struct index_walk walk;
    struct view key, value;
    int next;

    assert_int_equal(index_walk_begin(&walk, index, table), 0);
    next = index_walk_seek(&walk, VIEW("\0"), &key, &value);
    index_walk_end(&walk);
    return next != 1;
}

/* Of one value of the index that is there. */
static void
forge_one(struct random *r)
{
    enum index_table table = (enum index_table)(random_below(r, 6) % INDEX_TABLES);
    uint32_t skip = random_below(r, 120);
    uint8_t name[INDEX_KEY_MAX];
    struct index *index;
    struct index_walk walk;
    struct view key, value, forged;
    size_t key_length;
    int result;

    assert_int_equal(index_open_to_write(&index, index_place, index_keys), 0);
    if (is_empty(index, table)) /* all that the last day showed may be open */
        table = INDEX_MONTHS;
    assert_int_equal(index_walk_begin(&walk, index, table), 0);
    do {
        result = index_walk_seek(&walk, VIEW("\0"), &key, &value);
        for (uint32_t at = 0; result == 1 && at < skip; at++)
            result = index_walk_next(&walk, &key, &value);
        skip /= 2;
    } while (result != 1);
    key_length = key.length;
    memcpy(name, key.bytes, key_length);
    forged = forge(r, value);
    index_walk_end(&walk);
    assert_int_equal(index_put(index, table, view_of(name, key_length), forged), 0);
    memory_free((void *)(uintptr_t)forged.bytes);
    assert_int_equal(index_commit(index), 0);
    index_close(index);
}

/* A person, by the index: whether it was answered. */
static bool
ask_for_somebody(struct told_ledger *l)
{
    struct entries entries = entries_of(l);
    struct person with;
    struct index *index;
    int result;

    begin_person(&with, (struct filter){0}, some_person(l));
    assert_int_equal(index_open(&index, directory, index_keys), 0);
    result = index_subject(index, &with.subject, &with.answer.selection, &entries);
    index_close(index);
    end_person(&with);
    return result == 0;
}

/* With what came since: whether it could. */
static bool
go_on(struct told_ledger *l, size_t from)
{
    struct index_build *b = NULL;
    struct index *index;
    int result;

    assert_int_equal(index_open_to_write(&index, index_place, index_keys), 0);
    result = index_build_new(&b, &os_real, index, true);
    if (result == 0)
        index_build_gather(b, 300);
    for (size_t i = from; result == 0 && i < l->count; i++) {
        if ((int)l->items[i].entry.type == STORY_DAMAGE)
            index_build_damage(b, &(struct records_place){.segment = 7, .offset = i + 1});
        else
            result = index_build_add(b, &l->items[i].entry);
    }
    if (result == 0)
        result = index_build_end(b);
    index_build_free(b);
    index_close(index);
    return result == 0;
}

/* An error, or an answer that is not the ledger's (pasu ledger check-index finds that); nothing
 * worse. */
static void
forged_values_are_found(void **state PASU_UNUSED)
{
    const char *more = getenv("PASU_INDEX_ROUNDS");
    unsigned long rounds = more != NULL ? 100 * strtoul(more, NULL, 10) : 300;
    struct told_ledger l;
    struct random random = {.state = 77};
    unsigned scopes = 0, persons = 0, builds = 0;
    size_t end_at;

    tell_all(&l, 6, 300);
    end_at = place_behind(&l, 280);
    for (unsigned long round = 0; round < rounds; round++) {
        struct answer with;

        build(&l, 0, end_at);
        forge_one(&random);
        scopes += ask_index(&with, &l, (struct filter){0}, false) != 0;
        end(&with);
        persons += !ask_for_somebody(&l);
        builds += !go_on(&l, end_at);
    }
    assert_true(scopes > 20 && persons > 20 && builds > 20);
    forget_all(&l);
}

/* The first value behind that letter gets these bytes there; or comes again under another key. */
static void
change(char letter, size_t at, struct view bytes, const struct index_key *as)
{
    struct index_key from = index_key_letter(letter);
    struct index *index;
    struct index_walk walk;
    struct view key, value;
    uint8_t changed[4096];
    size_t length;

    assert_int_equal(index_open_to_write(&index, index_place, index_keys), 0);
    assert_int_equal(index_walk_begin(&walk, index, INDEX_MAIN), 0);
    assert_int_equal(index_walk_seek(&walk, index_key_view(&from), &key, &value), 1);
    assert_true(key.bytes[0] == letter && value.length <= sizeof(changed));
    memcpy(from.bytes, key.bytes, key.length);
    from.length = key.length;
    length = value.length;
    memcpy(changed, value.bytes, length);
    index_walk_end(&walk);
    assert_true(at + bytes.length <= length);
    if (bytes.length > 0)
        memcpy(changed + at, bytes.bytes, bytes.length);
    assert_int_equal(index_put(index, INDEX_MAIN, index_key_view(as != NULL ? as : &from),
                               view_of(changed, length)),
                     0);
    assert_int_equal(index_commit(index), 0);
    index_close(index);
}

/* Numbers of a statement that is open: memory would be made for as many as a principal's number is,
 * and words looked for behind the last verdict. */
static void
an_open_statement_of_nobody_s_is_refused(void **state PASU_UNUSED)
{
    enum { PRINCIPAL = 28, PROFILE = 32, VERDICT = 37 };
    static const struct {
        size_t at;
        uint8_t bytes[4], length;
    } wrong[] = {{PRINCIPAL, {0, 0, 0, 0x10}, 4},
                 {PRINCIPAL, {0xff, 0xff, 0xff, 0xff}, 4},
                 {PROFILE, {0, 0, 0, 0x10}, 4},
                 {VERDICT, {VERDICT_OF_BLOCK + 1}, 1}};
    struct told_ledger l;

    tell_all(&l, 6, 300);
    for (size_t w = 0; w < COUNT_OF(wrong); w++) {
        struct answer answer;

        build(&l, 0, place_behind(&l, 280));
        change(INDEX_OPEN, wrong[w].at, view_of(wrong[w].bytes, wrong[w].length), NULL);
        assert_int_equal(ask_index(&answer, &l, (struct filter){0}, false), PASU_E_CORRUPT);
        end(&answer);
        assert_false(go_on(&l, place_behind(&l, 280)));
    }
    forget_all(&l);
}

/* Else all days up to it would be looked for, one by one. */
static void
a_day_that_has_no_time_is_refused(void **state PASU_UNUSED)
{
    static const int32_t days[] = {DAY_LAST + 1, INT32_MAX - 1, DAY_FIRST - 1, INT32_MIN};
    struct told_ledger l;

    tell_all(&l, 6, 300);
    for (size_t d = 0; d < COUNT_OF(days); d++) {
        struct index_key key = index_key_number(INDEX_DAY, index_day_number(days[d]));
        struct filter one = {.principal = "role1"};
        struct answer answer;

        build(&l, 0, place_behind(&l, 280));
        change(INDEX_DAY, 0, view_of(NULL, 0), &key);
        assert_int_equal(ask_index(&answer, &l, one, false), PASU_E_CORRUPT);
        end(&answer);
        assert_false(ask_for_somebody(&l));
        assert_false(go_on(&l, place_behind(&l, 280)));
    }
    forget_all(&l);
}

/* The first unit of the table comes again as that of a principal whom the names do not have. */
static void
add_nobody_s_unit(enum index_table table)
{
    struct index *index;
    struct index_walk walk;
    struct index_key from = index_key_unit(0, 0), as;
    struct view key, value;
    uint8_t copy[1 << 16];
    size_t length;

    assert_int_equal(index_open_to_write(&index, index_place, index_keys), 0);
    assert_int_equal(index_walk_begin(&walk, index, table), 0);
    assert_int_equal(index_walk_seek(&walk, index_key_view(&from), &key, &value), 1);
    as = index_key_unit(bytes_get_u32(key.bytes), 1000);
    length = value.length;
    assert_true(length <= sizeof(copy));
    memcpy(copy, value.bytes, length);
    index_walk_end(&walk);
    assert_int_equal(index_put(index, table, index_key_view(&as), view_of(copy, length)), 0);
    assert_int_equal(index_commit(index), 0);
    index_close(index);
}

/* The last day's unit, and a month's diary: the ledger begins within the first month, so that its
 * diaries are read. */
static void
a_principal_without_a_name_is_refused(void **state PASU_UNUSED)
{
    for (enum index_table table = INDEX_DAYS; table <= INDEX_MONTHS; table++) {
        struct told_ledger l;
        struct answer answer;

        tell_all(&l, 6, 300);
        build(&l, 0, place_behind(&l, 270));
        add_nobody_s_unit(table);
        assert_int_equal(ask_index(&answer, &l, (struct filter){.from = 1, .to = l.now}, false),
                         PASU_E_CORRUPT);
        end(&answer);
        forget_all(&l);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_at_the_end_is_told_once),
        cmocka_unit_test(damage_that_came_since_is_not_passed_over),
        cmocka_unit_test(another_ledger_is_not_answered_for),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(forged_values_are_found),
        cmocka_unit_test(an_open_statement_of_nobody_s_is_refused),
        cmocka_unit_test(a_day_that_has_no_time_is_refused),
        cmocka_unit_test(a_principal_without_a_name_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
