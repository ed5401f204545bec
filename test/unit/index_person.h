/* SPDX-License-Identifier: Apache-2.0 */
/* What the index says of one person, beside what reading says. */
#ifndef PASU_TEST_INDEX_PERSON_H
#define PASU_TEST_INDEX_PERSON_H

#include "breach/index_subject.h"
#include "index_answer.h"

struct sights {
    uint64_t shown, missed, fields, rows;
};

static inline int
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

static inline void
begin_person(struct person *p, struct filter filter, uint32_t ordinal)
{
    *p = (struct person){.answer.filter = filter};
    assert_int_equal(book_new(&p->answer.book, &os_real), 0);
    selection_init(&p->answer.selection, p->answer.book, &p->answer.filter, subject_take,
                   &p->subject);
    subject_init(&p->subject, &p->answer.selection, "customer", see, &p->sights);
    assert_int_equal(subject_add(&p->subject, ordinal), 0);
}

static inline void
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

static inline void
end_person(struct person *p)
{
    subject_release(&p->subject);
    end(&p->answer);
}

/* Whether it was answered, and the person was there. */
static inline unsigned
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
    assert_int_equal(index_open(&index, directory, index_keys), 0);
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
static inline uint32_t
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

#endif
