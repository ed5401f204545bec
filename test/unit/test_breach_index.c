/* SPDX-License-Identifier: Apache-2.0 */
#include "index_person.h"

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

enum { DUMP_RECORDS = 400, DUMP_PERSONS = 6000, DUMP_STEP = DUMP_PERSONS - 100 };

/* Of more than is held of one statement: a record every `step`. */
static void
tell_dump(struct told_ledger *l, int64_t begin, int64_t step)
{
    *l = (struct told_ledger){.random.state = 1, .now = begin};
    l->items = memory_new(STORY_ENTRIES, sizeof(*l->items));
    tell_vocabulary(l, 0);
    tell_opened(l, 1);
    for (uint32_t i = 0; i < DUMP_RECORDS; i++) {
        struct told *told = tell(l, LEDGER_EXPOSURE);
        struct exposure *e = &told->body.exposure;

        told->ordinals[0][0] = memory_new(DUMP_PERSONS, sizeof(uint32_t));
        for (uint32_t p = 0; p < DUMP_PERSONS; p++)
            told->ordinals[0][0][p] = i * DUMP_STEP + p;
        *e = (struct exposure){.session = 1,
                               .time = l->now,
                               .vocabulary = l->items[0].body.vocabulary.id,
                               .statements = i == 0,
                               .rows = DUMP_PERSONS,
                               .flags = FLAG_BIT(COPY),
                               .part_count = 1};
        e->parts[0] = (struct exposure_part){.attribution = ATTRIBUTION_KEY,
                                             .clear = 3,
                                             .unknown = 2,
                                             .ordinals = told->ordinals[0][0],
                                             .ordinal_count = DUMP_PERSONS};
        told->entry.u.exposure = e;
        l->now += step;
    }
}

/* It goes on behind the index's end. */
static void
a_dump_is_cut_at_the_same_places(void **state PASU_UNUSED)
{
    struct told_ledger l;

    tell_dump(&l, 20300 * DAY + 5, DAY / 900);
    for (size_t at = 10; at < l.count; at += 97) {
        build(&l, 0, at);
        assert_true(ask_both(&l, (struct filter){0}, false));
        assert_true(ask_both(&l, (struct filter){.from = 20300 * DAY, .to = l.now}, false));
        assert_true(ask_both(&l, (struct filter){.from = 20300 * DAY + DAY / 3}, false));
    }
    forget_all(&l);
}

/* Its first piece ends in the part of the day in which the second lies whole. */
static void
who_is_in_a_dump_is_found_in_their_piece(void **state PASU_UNUSED)
{
    struct told_ledger l;

    tell_dump(&l, 20300 * DAY + DAY / DAY_PARTS - DAY / 100, DAY / 4000);
    tell_opened(&l, 2);
    build(&l, 0, l.count);
    for (uint32_t i = 5; i < DUMP_RECORDS; i += 49) {
        bool is_answered;

        assert_int_equal(ask_for_person(&l, (struct filter){0}, i * DUMP_STEP + 3000, &is_answered),
                         1);
        assert_true(is_answered);
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

#define ENCRYPTED(test)                                                                            \
    {                                                                                              \
#test " (encrypted)", test, set_key, drop_key, NULL                                        \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_reading),
        cmocka_unit_test(persons_are_those_of_reading),
        cmocka_unit_test(a_dump_is_cut_at_the_same_places),
        cmocka_unit_test(who_is_in_a_dump_is_found_in_their_piece),
        cmocka_unit_test(pieces_make_the_same_index),
        ENCRYPTED(answers_are_those_of_reading),
        ENCRYPTED(persons_are_those_of_reading),
        ENCRYPTED(pieces_make_the_same_index),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
