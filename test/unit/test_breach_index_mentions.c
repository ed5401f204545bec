/* SPDX-License-Identifier: Apache-2.0 */
/* With the index a person's mentions are those of reading everything. */
#include "breach/index_mentions.h"
#include "breach/index_subject.h"
#include "index_answer.h"

enum { QUESTIONS = 40 };

struct naming {
    struct answer answer;
    struct subject subject;
    struct mentions mentions;
};

static int
see_nothing(void *arg PASU_UNUSED, const struct sight *sight PASU_UNUSED)
{
    return 0;
}

static void
begin_naming(struct naming *n, struct filter filter, uint32_t ordinal)
{
    *n = (struct naming){.answer.filter = filter};
    assert_int_equal(book_new(&n->answer.book, &os_real), 0);
    selection_init(&n->answer.selection, n->answer.book, &n->answer.filter, subject_take,
                   &n->subject);
    subject_init(&n->subject, &n->answer.selection, "customer", see_nothing, NULL);
    assert_int_equal(subject_add(&n->subject, ordinal), 0);
    mentions_init(&n->mentions, &n->subject, &n->answer.filter, n->answer.book);
}

static void
end_naming(struct naming *n)
{
    mentions_release(&n->mentions);
    subject_release(&n->subject);
    end(&n->answer);
}

static int
hear(void *arg, const struct ledger_entry *entry)
{
    const struct records_place place = {.segment = 7, .offset = entry->seq, .index = entry->seq};

    return mentions_note(arg, entry, &place, false);
}

static void
name_by_reading(struct naming *n, struct told_ledger *l)
{
    struct ledger_entry entry;
    int next;

    assert_int_equal(told_seek(l, 0), 0);
    while ((next = told_next(l, &entry)) != 0) {
        if (next != 1)
            continue;
        assert_int_equal(selection_add(&n->answer.selection, &entry), 0);
        assert_int_equal(hear(&n->mentions, &entry), 0);
    }
    assert_int_equal(mentions_end(&n->mentions), 0);
}

static int
name_by_index(struct naming *n, struct told_ledger *l)
{
    struct entries entries = entries_of(l);
    struct index *index;
    int result;

    entries.watch = hear;
    entries.watch_arg = &n->mentions;
    assert_int_equal(index_open(&index, directory, NULL), 0);
    assert_int_equal(index_mentions_begin(index, &n->mentions), 0);
    result = index_subject(index, &n->subject, &n->answer.selection, &entries);
    if (result == 0)
        result = index_mentions_end(index, &n->mentions);
    index_close(index);
    assert_int_equal(mentions_end(&n->mentions), 0);
    return result;
}

static void
compare_mentions(const struct mentions *a, const struct mentions *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->size, b->size);
    for (size_t i = 0; i < a->count; i++) {
        const struct mention *one = &a->items[i], *other = &b->items[i];

        assert_int_equal(one->record, other->record);
        assert_int_equal(one->place.offset, other->place.offset);
        assert_int_equal(one->time, other->time);
        assert_int_equal(one->session, other->session);
        assert_int_equal(one->names, other->names);
        assert_int_equal(one->opening, other->opening);
        assert_int_equal(one->vocabulary, other->vocabulary);
        assert_int_equal(one->ordinal, other->ordinal);
        assert_int_equal(one->number, other->number);
        assert_int_equal(one->part, other->part);
        assert_int_equal(one->which, other->which);
    }
}

/* Some entries are openings of a list of one before; the persons who are in these. */
static size_t
open_lists(struct told_ledger *l, uint32_t *persons, size_t most)
{
    size_t count = 0;

    for (size_t i = 0; i < l->count; i++) {
        struct told *told = &l->items[i];
        const struct told *of =
            &l->items[i - (i > 0 ? 1 + random_below(&l->random, (uint32_t)i) : 0)];
        const struct exposure *e = &of->body.exposure;

        if ((told->entry.type != LEDGER_STARTED && told->entry.type != LEDGER_GAP) ||
            of->entry.type != LEDGER_EXPOSURE || e->part_count == 0 ||
            e->parts[0].ordinal_count == 0)
            continue;
        told->body.opening = (struct payload_opening){.record = of->entry.seq, .count = 1};
        told->entry.type = LEDGER_OPENING;
        told->entry.u.opening = &told->body.opening;
        if (count < most)
            persons[count++] = e->parts[0].ordinals[0];
    }
    return count;
}

static struct filter
some_time(struct told_ledger *l)
{
    int64_t first = l->items[0].entry.time;
    struct filter filter = {0};

    if (random_below(&l->random, 2) == 0)
        filter.from = first + (int64_t)(random_u64(&l->random) % (uint64_t)(l->now - first));
    if (random_below(&l->random, 3) == 0)
        filter.to = filter.from + 1 + (int64_t)(random_u64(&l->random) % (uint64_t)l->now);
    return filter;
}

static void
mentions_are_those_of_reading(void **state PASU_UNUSED)
{
    size_t opened = 0, known = 0, all = 0;

    for (uint64_t seed = 3; seed <= 45; seed += 3) {
        uint32_t persons[64] = {1};
        struct told_ledger l;
        size_t count;

        tell_all(&l, seed, 400 + (size_t)(seed * 97 % 900));
        count = open_lists(&l, persons, COUNT_OF(persons));
        build(&l, 0, place_behind(&l, 1 + random_below(&l.random, (uint32_t)l.count)));
        for (int i = 0; i < QUESTIONS && count > 0; i++) {
            uint32_t ordinal = persons[random_below(&l.random, (uint32_t)count)];
            struct filter filter = some_time(&l);
            struct naming with, without;

            begin_naming(&with, filter, ordinal);
            begin_naming(&without, filter, ordinal);
            name_by_reading(&without, &l);
            assert_int_equal(name_by_index(&with, &l), 0);
            compare_mentions(&with.mentions, &without.mentions);
            for (size_t m = 0; m < with.mentions.count; m++) {
                opened += with.mentions.items[m].opening > 0;
                known += with.mentions.items[m].session > 0;
            }
            all += with.mentions.count;
            end_naming(&with);
            end_naming(&without);
        }
        forget_all(&l);
    }
    assert_true(opened > 100 && known > 30 && known < all);
}

/* Whom nobody was shown is not read for. */
static void
of_a_person_who_was_not_shown_only_what_came_since_is_read(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct naming n;
    struct entries entries;
    struct index *index;

    tell_all(&l, 6, 600);
    build(&l, 0, place_behind(&l, l.count));
    begin_naming(&n, (struct filter){0}, 1 << 20);
    entries = entries_of(&l);
    entries.watch = hear;
    entries.watch_arg = &n.mentions;
    assert_int_equal(index_open(&index, directory, NULL), 0);
    assert_int_equal(index_mentions_begin(index, &n.mentions), 0);
    n.mentions.size = 0;
    assert_int_equal(index_subject(index, &n.subject, &n.answer.selection, &entries), 0);
    assert_int_equal(n.mentions.size, 0); /* nothing was heard of */
    index_close(index);
    end_naming(&n);
    forget_all(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mentions_are_those_of_reading),
        cmocka_unit_test(of_a_person_who_was_not_shown_only_what_came_since_is_read),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
