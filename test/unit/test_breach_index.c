/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_build.h"
#include "breach/index_scope.h"
#include "breach/index_subject.h"
#include "index_story.h"

#include <fcntl.h>
#include <unistd.h>

enum { QUESTIONS = 60 };

struct answer {
    struct book *book;
    struct filter filter;
    struct selection selection;
    struct scope scope;
};

static int directory;
static char folder[] = "/tmp/pasu-index-XXXXXX";

static struct entries
entries_of(struct told_ledger *l)
{
    return (struct entries){l, told_seek, told_next, told_damage};
}

static void
begin(struct answer *a, struct filter filter, bool has_configured)
{
    struct vocabulary *v = memory_new(1, sizeof(*v));

    *a = (struct answer){.filter = filter};
    assert_int_equal(book_new(&a->book, &os_real), 0);
    told_vocabulary(v, 1);
    if (has_configured)
        assert_int_equal(names_add(&a->book->names, v), 0);
    memory_free(v);
    scope_init(&a->scope, &a->selection);
    selection_init(&a->selection, a->book, &a->filter, scope_take, &a->scope);
}

static void
end(struct answer *a)
{
    scope_release(&a->scope);
    selection_release(&a->selection);
    book_free(a->book);
}

static void
read_all(struct answer *a, struct told_ledger *l)
{
    struct ledger_entry entry;
    int next;

    assert_int_equal(told_seek(l, 0), 0);
    while ((next = told_next(l, &entry)) != 0) {
        if (next == 1)
            assert_int_equal(selection_add(&a->selection, &entry), 0);
        else
            gaps_damage(&a->book->gaps, told_damage(l));
    }
    assert_int_equal(selection_end(&a->selection), 0);
}

/* ---- two answers are one ---- */

static void
compare_intervals(struct interval a, struct interval b)
{
    assert_int_equal(a.at_least, b.at_least);
    assert_int_equal(a.at_most, b.at_most);
}

static void
compare_kinds(const struct answer *a, const struct answer *b)
{
    static const struct scope_kind nothing;
    const struct name_list *kinds = &a->book->names.kinds;

    for (size_t k = 0; k < kinds->count; k++) {
        int other = name_list_find(&b->book->names.kinds, kinds->items[k]);
        const struct scope_kind *one = k < a->scope.kind_count ? &a->scope.kinds[k] : &nothing,
                                *two = other >= 0 && (size_t)other < b->scope.kind_count
                                           ? &b->scope.kinds[other]
                                           : &nothing;

        compare_intervals(scope_subjects(&a->scope, k), scope_subjects(&b->scope, (size_t)other));
        assert_int_equal(one->bounded, two->bounded);
        assert_int_equal(one->largest_bound, two->largest_bound);
        assert_int_equal(one->has_numbers, two->has_numbers);
        assert_int_equal(persons_count(one->shown), persons_count_union(one->shown, two->shown));
    }
}

static void
compare_fields(const struct answer *a, const struct answer *b)
{
    const struct name_list *fields = &a->book->names.fields;

    for (size_t f = 0; f < fields->count; f++) {
        size_t other = (size_t)name_list_find(&b->book->names.fields, fields->items[f]);
        enum clarity clarity = scope_field_clarity(&a->scope, f);

        assert_int_equal(clarity, scope_field_clarity(&b->scope, other));
        compare_intervals(scope_field_persons(&a->scope, f), scope_field_persons(&b->scope, other));
        if (clarity == CLARITY_NONE)
            assert_int_equal(selection_has_watched(&a->selection, (int)f),
                             selection_has_watched(&b->selection, (int)other));
    }
}

static void
compare_gaps(const struct gaps *a, const struct gaps *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t g = 0; g < a->count; g++)
        assert_memory_equal(&a->items[g], &b->items[g], sizeof(a->items[g]));
}

static void
compare(const struct answer *a, const struct answer *b)
{
    compare_kinds(a, b);
    compare_kinds(b, a);
    compare_fields(a, b);
    compare_fields(b, a);
    assert_int_equal(a->scope.statements, b->scope.statements);
    assert_int_equal(a->scope.rows, b->scope.rows);
    assert_int_equal(a->scope.misses, b->scope.misses);
    assert_int_equal(a->scope.first, b->scope.first);
    assert_int_equal(a->scope.last, b->scope.last);
    assert_int_equal(a->scope.bounded, b->scope.bounded);
    assert_int_equal(a->scope.unattributed, b->scope.unattributed);
    assert_memory_equal(a->scope.attributions, b->scope.attributions,
                        sizeof(a->scope.attributions));
    assert_memory_equal(a->scope.flags, b->scope.flags, sizeof(a->scope.flags));
    assert_int_equal(a->scope.principals.count, b->scope.principals.count);
    for (size_t p = 0; p < a->scope.principals.count; p++)
        assert_string_equal(a->scope.principals.items[p], b->scope.principals.items[p]);
    assert_int_equal(a->selection.untestable, b->selection.untestable);
    assert_int_equal(a->selection.unrecorded.count, b->selection.unrecorded.count);
    compare_gaps(&a->book->gaps, &b->book->gaps);
}

/* ---- the index of a part of the ledger, made in pieces ---- */

static void
build(struct told_ledger *l, size_t from, size_t to)
{
    struct index *index;
    struct index_build *b;

    if (from == 0)
        assert_int_equal(index_make(&index, directory), 0);
    else
        assert_int_equal(index_open_to_write(&index, directory), 0);
    assert_int_equal(index_build_new(&b, &os_real, index, from > 0), 0);
    index_build_months(b, 300);
    for (size_t i = from; i < to; i++) {
        if ((int)l->items[i].entry.type == STORY_DAMAGE)
            index_build_damage(b, &(struct records_place){.segment = 7, .offset = i + 1});
        else
            assert_int_equal(index_build_add(b, &l->items[i].entry), 0);
    }
    assert_int_equal(index_build_end(b), 0);
    index_build_free(b);
    if (from == 0) {
        assert_int_equal(index_replace(index, directory), 0);
    } else {
        assert_int_equal(index_commit(index), 0);
        index_close(index);
    }
}

/* Where the index ends, and goes on: behind an entry that is one. */
static size_t
place_behind(const struct told_ledger *l, size_t at)
{
    while (at < l->count && (int)l->items[at - 1].entry.type == STORY_DAMAGE)
        at++;
    return at;
}

static int64_t
moment(struct random *r, const struct told_ledger *l)
{
    int64_t first = l->items[0].entry.time, all = l->now - first + 4 * DAY;
    int64_t time = first - 2 * DAY + (int64_t)(random_u64(r) % (uint64_t)all);

    return random_below(r, 3) > 0 ? day_begin(day_of(time)) : time;
}

static struct filter
some_filter(struct random *r, const struct told_ledger *l)
{
    static const char *const roles[] = {"role0", "role1", "role2", "role3", "role9"};
    static const char *const fields[] = {"name", "phone", "door", "order"};
    struct filter filter = {0};

    if (random_below(r, 2) == 0)
        filter.principal = roles[random_below(r, 5)];
    if (random_below(r, 3) == 0)
        filter.field = fields[random_below(r, 4)];
    if (random_below(r, 4) > 0)
        filter.from = moment(r, l);
    if (random_below(r, 4) > 0)
        filter.to = moment(r, l);
    if (filter.to != 0 && filter.to <= filter.from)
        filter.to = filter.from + 1 + random_below(r, 100) * (DAY / 50);
    return filter;
}

/* Whether it was answered. What is not depends on the ledger: see index_read.c. */
static bool
ask_both(struct told_ledger *l, struct filter filter, bool has_configured)
{
    struct entries entries = entries_of(l);
    struct answer with, without;
    struct index *index;
    int result;

    begin(&without, filter, has_configured);
    read_all(&without, l);
    begin(&with, filter, has_configured);
    assert_int_equal(index_open(&index, directory), 0);
    result = index_scope(index, &with.scope, &with.selection, &entries);
    index_close(index);
    if (result == 0)
        compare(&with, &without);
    else
        assert_int_equal(result, PASU_E_UNAVAILABLE);
    end(&with);
    end(&without);
    return result == 0;
}

/* ---- one person ---- */

struct sights {
    uint64_t shown, missed, fields, rows;
};

static int
see(void *arg, const struct sight *sight)
{
    struct sights *sights = arg;

    sights->shown += sight->is_shown;
    sights->missed += !sight->is_shown;
    sights->fields += sight->clear * 3 + sight->masked * 5 + sight->null * 7 + sight->attribution;
    sights->rows += sight->statement->rows + (uint64_t)sight->statement->time / 1000 +
                    strlen(sight->statement->session.principal);
    return 0;
}

struct person {
    struct answer answer;
    struct subject subject;
    struct sights sights;
};

static void
begin_person(struct person *p, struct filter filter, uint32_t ordinal)
{
    *p = (struct person){.answer.filter = filter};
    assert_int_equal(book_new(&p->answer.book, &os_real), 0);
    selection_init(&p->answer.selection, p->answer.book, &p->answer.filter, subject_take,
                   &p->subject);
    subject_init(&p->subject, &p->answer.selection, "customer", see, &p->sights);
    assert_int_equal(subject_add(&p->subject, ordinal), 0);
}

static void
compare_persons(const struct person *a, const struct person *b)
{
    assert_memory_equal(&a->sights, &b->sights, sizeof(a->sights));
    assert_int_equal(a->subject.shown, b->subject.shown);
    assert_int_equal(a->subject.missed, b->subject.missed);
    assert_int_equal(a->subject.possible, b->subject.possible);
    assert_int_equal(a->subject.first, b->subject.first);
    assert_int_equal(a->subject.last, b->subject.last);
    assert_int_equal(a->subject.has_numbers, b->subject.has_numbers);
    assert_int_equal(a->subject.principals.count, b->subject.principals.count);
    compare_gaps(&a->answer.book->gaps, &b->answer.book->gaps);
}

static void
end_person(struct person *p)
{
    subject_release(&p->subject);
    end(&p->answer);
}

/* Whether it was answered, and the person was there. */
static unsigned
ask_for_person(struct told_ledger *l, struct filter filter, uint32_t ordinal, bool *is_answered)
{
    struct entries entries = entries_of(l);
    struct person with, without;
    struct index *index;
    unsigned found;
    int result;

    begin_person(&without, filter, ordinal);
    read_all(&without.answer, l);
    begin_person(&with, filter, ordinal);
    assert_int_equal(index_open(&index, directory), 0);
    result = index_subject(index, &with.subject, &with.answer.selection, &entries);
    index_close(index);
    if (result == 0)
        compare_persons(&with, &without);
    else
        assert_int_equal(result, PASU_E_UNAVAILABLE);
    *is_answered = result == 0;
    found = without.subject.shown > 0 && without.subject.shown < 20;
    end_person(&with);
    end_person(&without);
    return found;
}

/* Somebody who was shown. */
static uint32_t
some_person(struct told_ledger *l)
{
    for (int i = 0; i < 1000; i++) {
        const struct told *told = &l->items[random_below(&l->random, (uint32_t)l->count)];
        const struct exposure *e = &told->body.exposure;

        if (told->entry.type == LEDGER_EXPOSURE && e->part_count > 0 &&
            e->parts[0].ordinal_count > 0)
            return e->parts[0].ordinals[0];
    }
    return 1;
}

static void
persons_are_those_of_reading(void **state PASU_UNUSED)
{
    unsigned found = 0;

    for (uint64_t seed = 3; seed <= 45; seed += 3) {
        struct told_ledger l;
        size_t end_at;

        tell_all(&l, seed, 60 + (size_t)(seed * 97 % 900));
        end_at = place_behind(&l, 1 + random_below(&l.random, (uint32_t)l.count));
        build(&l, 0, end_at);
        for (int i = 0; i < QUESTIONS; i++) {
            struct filter filter = some_filter(&l.random, &l);
            bool is_answered;

            filter.principal = filter.field = NULL;
            found += ask_for_person(&l, filter, some_person(&l), &is_answered);
            assert_true(is_answered);
        }
        forget_all(&l);
    }
    assert_true(found > QUESTIONS);
}

static void
answers_are_those_of_reading(void **state PASU_UNUSED)
{
    const char *rounds = getenv("PASU_INDEX_ROUNDS");
    unsigned long most = rounds != NULL ? strtoul(rounds, NULL, 10) : 24;

    for (uint64_t seed = 1; seed <= most; seed++) {
        struct told_ledger l;
        size_t middle, end_at;
        unsigned answered = 0;

        tell_all(&l, seed, 60 + (size_t)(seed * 97 % 900));
        end_at = place_behind(&l, 1 + random_below(&l.random, (uint32_t)l.count));
        middle = place_behind(&l, 1 + random_below(&l.random, (uint32_t)end_at));
        build(&l, 0, middle);
        if (end_at > middle)
            build(&l, middle, end_at);
        for (int i = 0; i < QUESTIONS; i++)
            answered += ask_both(&l, some_filter(&l.random, &l), random_below(&l.random, 2) == 0);
        assert_true(answered == QUESTIONS || (seed % 3 > 0 && answered > 0));
        forget_all(&l);
    }
}

/* A dump of more than is held of one statement, which goes on behind the index's end. */
static void
a_dump_is_cut_at_the_same_places(void **state PASU_UNUSED)
{
    enum { RECORDS = 400, PERSONS = 6000 };
    struct told_ledger l = {.random.state = 1, .now = 20300 * DAY + 5};

    l.items = memory_new(STORY_ENTRIES, sizeof(*l.items));
    tell_vocabulary(&l, 0);
    tell_opened(&l, 1);
    for (uint32_t i = 0; i < RECORDS; i++) {
        struct told *told = tell(&l, LEDGER_EXPOSURE);
        struct exposure *e = &told->body.exposure;

        told->ordinals[0][0] = memory_new(PERSONS, sizeof(uint32_t));
        for (uint32_t p = 0; p < PERSONS; p++)
            told->ordinals[0][0][p] = i * (PERSONS - 100) + p;
        *e = (struct exposure){.session = 1,
                               .time = l.now,
                               .vocabulary = l.items[0].body.vocabulary.id,
                               .statements = i == 0,
                               .rows = PERSONS,
                               .flags = FLAG_BIT(COPY),
                               .part_count = 1};
        e->parts[0] = (struct exposure_part){.attribution = ATTRIBUTION_KEY,
                                             .clear = 3,
                                             .unknown = 2,
                                             .ordinals = told->ordinals[0][0],
                                             .ordinal_count = PERSONS};
        told->entry.u.exposure = e;
        l.now += DAY / 900;
    }
    for (size_t at = 10; at < l.count; at += 97) {
        build(&l, 0, at);
        assert_true(ask_both(&l, (struct filter){0}, false));
        assert_true(ask_both(&l, (struct filter){.from = 20300 * DAY, .to = l.now}, false));
        assert_true(ask_both(&l, (struct filter){.from = 20300 * DAY + DAY / 3}, false));
    }
    forget_all(&l);
}

/* What is made in pieces is what is made at once. */
static void
collect(struct pack *pack)
{
    struct index *index;

    assert_int_equal(index_open(&index, directory), 0);
    for (enum index_table t = INDEX_MAIN; t < INDEX_TABLES; t++) {
        struct index_walk walk;
        struct view key, value;
        int next;

        assert_int_equal(index_walk_begin(&walk, index, t), 0);
        next = index_walk_seek(&walk, VIEW("\0"), &key, &value);
        for (; next == 1; next = index_walk_next(&walk, &key, &value)) {
            pack_number(pack, key.length);
            pack_bytes(pack, key.bytes, key.length);
            pack_number(pack, value.length);
            pack_bytes(pack, value.bytes, value.length);
        }
        assert_int_equal(next, 0);
        index_walk_end(&walk);
    }
    index_close(index);
}

static void
pieces_make_the_same_index(void **state PASU_UNUSED)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct pack at_once = {0}, in_pieces = {0};
        struct told_ledger l;
        size_t at, next;

        tell_all(&l, seed, 500);
        while ((int)l.items[l.count - 1].entry.type == STORY_DAMAGE)
            l.count--;
        build(&l, 0, l.count);
        collect(&at_once);
        at = place_behind(&l, l.count / 5);
        build(&l, 0, at);
        for (; at < l.count; at = next) {
            next = place_behind(&l, at + l.count / 5 < l.count ? at + l.count / 5 : l.count);
            build(&l, at, next);
        }
        collect(&in_pieces);
        assert_int_equal(at_once.used, in_pieces.used);
        assert_memory_equal(at_once.bytes, in_pieces.bytes, at_once.used);
        pack_release(&at_once);
        pack_release(&in_pieces);
        forget_all(&l);
    }
}

static void
another_ledger_is_not_answered_for(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct entries entries = entries_of(&l);
    struct answer answer;
    struct index *index;

    tell_all(&l, 2, 200);
    build(&l, 0, place_behind(&l, 150));
    for (size_t i = 0; i < l.count; i++)
        l.items[i].entry.time++;
    begin(&answer, (struct filter){0}, false);
    assert_int_equal(index_open(&index, directory), 0);
    assert_int_equal(index_scope(index, &answer.scope, &answer.selection, &entries),
                     PASU_E_UNAVAILABLE);
    index_close(index);
    end(&answer);
    forget_all(&l);
}

/* Any byte: an error, or, where it was not looked at, the same answer. */
static void
flipped_bytes_are_found(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct entries entries = entries_of(&l);
    struct random random = {.state = 77};
    unsigned found = 0;

    tell_all(&l, 6, 300);
    build(&l, 0, place_behind(&l, 280));
    for (int round = 0; round < 300; round++) {
        struct index *index;
        struct index_walk walk;
        struct view key, value;
        struct answer with, without;
        enum index_table table = (enum index_table)random_below(&random, INDEX_TABLES);
        uint32_t skip = random_below(&random, 40);
        int result;

        /* Below the checksum: what is written is whole to LMDB and to index_get. */
        build(&l, 0, place_behind(&l, 280));
        assert_int_equal(index_open_to_write(&index, directory), 0);
        assert_int_equal(index_walk_begin(&walk, index, table), 0);
        result = index_walk_seek(&walk, VIEW("\0"), &key, &value);
        while (result == 1 && skip-- > 0)
            result = index_walk_next(&walk, &key, &value);
        if (result == 1 && value.length > 0) {
            uint8_t name[INDEX_KEY_MAX], *bytes = memory_new(value.length, 1);
            size_t length = value.length, key_length = key.length;

            memcpy(name, key.bytes, key_length);
            memcpy(bytes, value.bytes, length);
            bytes[random_below(&random, (uint32_t)length)] ^=
                (uint8_t)(1 << random_below(&random, 8));
            index_walk_end(&walk);
            assert_int_equal(
                index_put(index, table, view_of(name, key_length), view_of(bytes, length)), 0);
            memory_free(bytes);
        } else {
            index_walk_end(&walk);
        }
        assert_int_equal(index_commit(index), 0);
        index_close(index);
        begin(&with, (struct filter){0}, false);
        begin(&without, (struct filter){0}, false);
        assert_int_equal(index_open(&index, directory), 0);
        result = index_scope(index, &with.scope, &with.selection, &entries);
        found += result != 0;
        index_close(index);
        end(&with);
        end(&without);
    }
    assert_true(found > 20);
    forget_all(&l);
}

static int
set_up(void **state PASU_UNUSED)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory >= 0 ? 0 : -1;
}

static int
tear_down(void **state PASU_UNUSED)
{
    static const char *const files[] = {"index/data.mdb", "index/lock.mdb"};

    for (size_t f = 0; f < COUNT_OF(files); f++)
        unlinkat(directory, files[f], 0);
    unlinkat(directory, "index", AT_REMOVEDIR);
    close(directory);
    return rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_reading),
        cmocka_unit_test(persons_are_those_of_reading),
        cmocka_unit_test(a_dump_is_cut_at_the_same_places),
        cmocka_unit_test(pieces_make_the_same_index),
        cmocka_unit_test(another_ledger_is_not_answered_for),
        cmocka_unit_test(flipped_bytes_are_found),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
