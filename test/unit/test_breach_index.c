/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_subject.h"
#include "index_answer.h"

enum { QUESTIONS = 60 };

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_reading),
        cmocka_unit_test(persons_are_those_of_reading),
        cmocka_unit_test(a_dump_is_cut_at_the_same_places),
        cmocka_unit_test(pieces_make_the_same_index),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
