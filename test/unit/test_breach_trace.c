/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_trace.h"
#include "breach/trace_access.h"
#include "index_answer.h"

enum { SAMPLES = 6, MOST = 400 };

/* A question about a sample. */
struct question {
    struct answer answer; /* its book and selection */
    struct trace trace;
};

static void
begin_question(struct question *q, struct filter filter, const struct leaked *sample,
               statement_fn *give, void *arg)
{
    *q = (struct question){.answer.filter = filter};
    assert_int_equal(book_new(&q->answer.book, &os_real), 0);
    trace_init(&q->trace, sample, &q->answer.selection);
    selection_init(&q->answer.selection, q->answer.book, &q->answer.filter, give,
                   arg != NULL ? arg : &q->trace);
}

static void
end_question(struct question *q)
{
    trace_release(&q->trace);
    selection_release(&q->answer.selection);
    book_free(q->answer.book);
}

static void
read_question(struct question *q, struct told_ledger *l)
{
    read_all(&q->answer, l);
}

static void
some_sample(struct leaked *sample, struct told_ledger *l)
{
    static const char *const fields[] = {"name", "phone", "door"};
    struct random *r = &l->random;
    size_t count = 1 + random_below(r, MOST), most = random_below(r, COUNT_OF(fields) + 1);

    assert_int_equal(leaked_init(sample, random_below(r, 4) > 0 ? "customer" : "recipient"), 0);
    for (size_t f = 0; f < most; f++)
        assert_int_equal(leaked_field(sample, fields[f]), f);
    for (size_t i = 0; i < count; i++) {
        uint32_t ordinal = random_below(r, random_below(r, 2) == 0 ? 200 : STORY_ORDINALS);
        int person = leaked_person(sample, &ordinal, 1);

        assert_true(person >= 0);
        for (unsigned f = 0; f < most; f++)
            if (random_below(r, 3) > 0)
                leaked_has(sample, (size_t)person, f,
                           random_below(r, 2) == 0 ? INT32_MIN
                                                   : 20300 + (int32_t)random_below(r, 30));
    }
}

/* ---- two answers are one ---- */

static const struct trace *sorted_by;

/* Readers have numbers as they came: by name. */
static int
compare_hits(const void *a, const void *b)
{
    const struct trace_hit *one = a, *other = b;
    int result =
        strcmp(sorted_by->readers[one->reader].name, sorted_by->readers[other->reader].name);

    if (result == 0)
        result = (one->person > other->person) - (one->person < other->person);
    if (result == 0)
        result = (one->day > other->day) - (one->day < other->day);
    return result != 0 ? result : one->fields - other->fields;
}

/* In order, each once. */
static size_t
sort_hits(struct trace *t)
{
    size_t kept = 0;

    sorted_by = t;
    if (t->hit_count > 0)
        qsort(t->hits, t->hit_count, sizeof(*t->hits), compare_hits);
    for (size_t h = 0; h < t->hit_count; h++)
        if (kept == 0 || compare_hits(&t->hits[kept - 1], &t->hits[h]) != 0)
            t->hits[kept++] = t->hits[h];
    return kept;
}

static const struct trace_reader *
reader_of_name(const struct trace *t, const char *name)
{
    for (size_t r = 0; r < t->reader_count; r++)
        if (strcmp(t->readers[r].name, name) == 0)
            return &t->readers[r];
    fail();
    return NULL;
}

static size_t
compare_traces(struct trace *a, struct trace *b)
{
    size_t hits = sort_hits(a);

    assert_int_equal(hits, sort_hits(b));
    assert_int_equal(a->reader_count, b->reader_count);
    assert_int_equal(a->statements, b->statements);
    for (size_t h = 0; h < hits; h++) {
        assert_string_equal(a->readers[a->hits[h].reader].name, b->readers[b->hits[h].reader].name);
        assert_int_equal(a->hits[h].person, b->hits[h].person);
        assert_int_equal(a->hits[h].day, b->hits[h].day);
        assert_int_equal(a->hits[h].fields, b->hits[h].fields);
    }
    for (size_t r = 0; r < a->reader_count; r++) {
        const struct trace_reader *one = &a->readers[r];
        const struct trace_reader *other = reader_of_name(b, one->name);

        assert_int_equal(persons_count(one->reach), persons_count(other->reach));
        assert_int_equal(persons_count(one->reach), persons_count_union(one->reach, other->reach));
        assert_int_equal(one->unknown, other->unknown);
        assert_int_equal(one->bounded, other->bounded);
        assert_int_equal(one->first, other->first);
        assert_int_equal(one->last, other->last);
        assert_int_equal(one->day_count, other->day_count);
        for (size_t d = 0; d < one->day_count; d++)
            assert_int_equal(one->days[d].day, other->days[d].day);
    }
    return hits;
}

/* The most persons first, then the earliest. */
static void
check_order(const struct trace_accesses *accesses)
{
    for (size_t a = 1; a < accesses->count; a++) {
        const struct trace_access *before = &accesses->items[a - 1], *this = before + 1;

        assert_true(before->persons > this->persons ||
                    (before->persons == this->persons && before->seq < this->seq));
    }
}

/* The statements of the likeliest, with the index; those of all read beside. */
static void
compare_looks(struct told_ledger *l, struct filter filter, struct trace *judged,
              const struct trace_answer *answer)
{
    struct trace_look *with = memory_new(2, sizeof(*with)), *without = with + 1;
    struct entries entries = entries_of(l);
    struct question one, other;
    struct selection *before = judged->selection;
    struct index *index;
    int result;

    assert_int_equal(trace_look_begin(with, judged, answer), 0);
    assert_int_equal(trace_look_begin(without, judged, answer), 0);
    begin_question(&one, filter, judged->sample, trace_look_take, with);
    begin_question(&other, filter, judged->sample, trace_look_take, without);
    trace_forget(judged);
    judged->selection = &one.answer.selection;
    assert_int_equal(index_open(&index, directory, index_keys), 0);
    result = index_trace_statements(index, &one.answer.selection, &entries, with->wanted,
                                    with->wanted_count);
    index_close(index);
    trace_forget(judged);
    judged->selection = &other.answer.selection;
    read_question(&other, l);
    trace_forget(judged);
    judged->selection = before;
    if (result != PASU_E_UNAVAILABLE) {
        assert_int_equal(result, 0);
        for (size_t s = 0; s < with->source_count; s++) {
            check_order(&with->sources[s]);
            assert_int_equal(with->sources[s].statements, without->sources[s].statements);
            assert_int_equal(with->sources[s].count, without->sources[s].count);
            assert_memory_equal(with->sources[s].items, without->sources[s].items,
                                with->sources[s].count * sizeof(with->sources[s].items[0]));
        }
    }
    end_question(&one);
    end_question(&other);
    memory_free(with);
}

static void
the_index_says_what_reading_says(void **state PASU_UNUSED)
{
    size_t found = 0, answered = 0;

    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct told_ledger l;
        size_t end_at;

        tell_all(&l, seed, 60 + (size_t)(seed * 97 % 900));
        end_at = place_behind(&l, 1 + random_below(&l.random, (uint32_t)l.count));
        build(&l, 0, end_at);
        for (int i = 0; i < SAMPLES; i++) {
            struct filter filter = {.from = day_begin(20300 + (int32_t)random_below(&l.random, 3)) +
                                            (int64_t)random_below(&l.random, 2) * (DAY / 3)};
            struct entries entries = entries_of(&l);
            struct question with, without;
            struct trace_answer answer;
            struct leaked sample;
            struct index *index;
            int result;

            some_sample(&sample, &l);
            begin_question(&with, filter, &sample, trace_take, NULL);
            begin_question(&without, filter, &sample, trace_take, NULL);
            assert_int_equal(index_open(&index, directory, index_keys), 0);
            result = index_trace(index, &with.trace, &with.answer.selection, &entries);
            index_close(index);
            read_question(&without, &l);
            assert_true(result == 0 || result == PASU_E_UNAVAILABLE);
            if (result == 0) {
                answered++;
                found += compare_traces(&with.trace, &without.trace);
            }
            assert_int_equal(trace_judge(&without.trace, false, &answer), 0);
            compare_looks(&l, filter, &without.trace, &answer);
            trace_answer_release(&answer);
            end_question(&with);
            end_question(&without);
            leaked_release(&sample);
        }
        forget_all(&l);
    }
    assert_true(found > 600 && answered > 60);
}

/* ---- who it was ---- */

/* Readers of a made-up house: filled by hand. */
static struct leaked sample;
static struct trace traced;
static struct trace_answer judged;

static void
begin_case(uint32_t persons, int32_t since)
{
    assert_int_equal(leaked_init(&sample, "customer"), 0);
    assert_int_equal(leaked_field(&sample, "name"), 0);
    assert_int_equal(leaked_field(&sample, "phone"), 1);
    for (uint32_t p = 0; p < persons; p++) {
        assert_int_equal(leaked_person(&sample, &p, 1), p);
        leaked_has(&sample, p, 0, INT32_MIN);
        leaked_has(&sample, p, 1, since);
    }
    trace_init(&traced, &sample, NULL);
}

/* Persons first <= p < end, on a day. */
static uint32_t
reads(const char *name, uint16_t fields, int32_t day, uint32_t first, uint32_t end)
{
    int reader = trace_reader(&traced, view_of_text(name));
    struct ordinals persons = {0};

    for (uint32_t p = first; p < end; p++)
        assert_int_equal(ordinals_add(&persons, &p, 1), 0);
    assert_int_equal(
        trace_shown(&traced, (uint32_t)reader, fields, day, persons.items, persons.count), 0);
    ordinals_release(&persons);
    return (uint32_t)reader;
}

static const char *
judge(bool has_gaps)
{
    assert_int_equal(trace_judge(&traced, has_gaps, &judged), 0);
    return judged.count > 0 ? traced.readers[judged.sources[0].reader].name : NULL;
}

static void
end_case(void)
{
    trace_answer_release(&judged);
    trace_release(&traced);
    leaked_release(&sample);
}

/* Only one was ever shown such a field. That nobody else was does not make its persons all that
 * there are. */
static void
who_alone_was_shown_a_field_was_not_shown_everybody(void **state PASU_UNUSED)
{
    begin_case(31, INT32_MIN);
    reads("leaver", 3, 100, 0, 1000);
    assert_string_equal(judge(false), "leaver");
    assert_true(judged.grade == GRADE_POSSIBLE && judged.population == 1000);
    assert_true(judged.outside > 0.09 && judged.sources[0].coincidence == 1);
    trace_answer_release(&judged);
    traced.known = 200000;
    assert_string_equal(judge(false), "leaver");
    assert_true(judged.grade == GRADE_STRONG && judged.population == 200000);
    assert_true(judged.outside < 1e-6 && judged.sources[0].coincidence < 1e-6);
    trace_answer_release(&judged);
    traced.known = 900; /* it can be of an earlier time: those who were shown are there */
    assert_string_equal(judge(false), "leaver");
    assert_int_equal(judged.population, 1000);
    end_case();
}

static void
who_was_shown_few_is_likelier_than_who_was_shown_all(void **state PASU_UNUSED)
{
    begin_case(20, INT32_MIN);
    reads("app", 3, 100, 0, 10000);
    reads("clerk", 3, 100, 0, 50);
    reads("other", 3, 100, 19, 400);
    assert_string_equal(judge(false), "clerk");
    assert_true(judged.sources[0].probability > 0.99);
    assert_int_equal(judged.sources[0].persons, 20);
    /* Those who read everybody can have been it all the same. */
    assert_int_equal(judged.grade, GRADE_LIKELY);
    end_case();
}

static void
certain_is_only_who_alone_can_have_been(void **state PASU_UNUSED)
{
    begin_case(20, INT32_MIN);
    reads("clerk", 3, 100, 0, 50);
    reads("other", 3, 100, 18, 10000);
    assert_string_equal(judge(false), "clerk");
    assert_int_equal(judged.grade, GRADE_STRONG);
    trace_answer_release(&judged);
    judge(true); /* something may not be on record */
    assert_int_equal(judged.grade, GRADE_LIKELY);
    trace_answer_release(&judged);
    trace_bound(&traced, reads("bounded", 3, 100, 9000, 9100), &(struct bound){20, 1, 20});
    judge(false);
    assert_int_equal(judged.grade, GRADE_LIKELY);
    end_case();
}

static void
twins_cannot_be_told_apart(void **state PASU_UNUSED)
{
    begin_case(30, INT32_MIN);
    reads("one", 3, 100, 0, 60);
    reads("two", 3, 101, 0, 60);
    reads("app", 3, 100, 60, 9000);
    judge(false);
    assert_true(judged.grade <= GRADE_POSSIBLE);
    assert_true(judged.sources[0].probability < 0.6 && judged.sources[1].probability > 0.4);
    end_case();
}

static void
few_persons_are_a_lead_only(void **state PASU_UNUSED)
{
    for (uint32_t persons = 1; persons < 5; persons++) {
        begin_case(persons, INT32_MIN);
        reads("clerk", 3, 100, 0, 10);
        reads("app", 3, 100, 10, 9000);
        assert_string_equal(judge(false), "clerk");
        assert_true(judged.grade < GRADE_STRONG);
        assert_true(persons > 1 || judged.grade < GRADE_LIKELY);
        end_case();
    }
}

static void
who_read_before_the_values_were_so_is_excluded(void **state PASU_UNUSED)
{
    begin_case(20, 150);
    reads("early", 3, 149, 0, 50);
    reads("late", 3, 150, 0, 300);
    reads("app", 3, 100, 20, 9000);
    assert_string_equal(judge(false), "late");
    /* The first one can have the names, which are not dated: but no telephone number. */
    assert_int_equal(judged.sources[0].whole, 20);
    assert_int_equal(judged.sources[1].whole, 0);
    assert_int_equal(judged.sources[1].by_field[0], 20);
    assert_int_equal(judged.sources[1].by_field[1], 0);
    end_case();
    begin_case(20, 150);
    reads("early", 2, 149, 0, 50);
    for (uint32_t p = 0; p < 10; p++)
        leaked_ends(&sample, p, 200);
    reads("tardy", 3, 201, 0, 10);
    assert_null(judge(false));
    assert_int_equal(judged.all_mistimed, 2);
    assert_int_equal(judged.grade, GRADE_NONE);
    end_case();
}

static void
one_days_reading_of_somebody_who_is_shown_all_is_found(void **state PASU_UNUSED)
{
    begin_case(40, INT32_MIN);
    for (int32_t day = 0; day < 100; day++) {
        reads("app", 3, day, 40 + (uint32_t)day * 90, 130 + (uint32_t)day * 90);
        reads("twin", 3, (day + 50) % 100, (uint32_t)day * 90, 90 + (uint32_t)day * 90);
    }
    /* Both were shown everybody; one of them these forty on one day. */
    for (uint32_t p = 0; p < 40; p++)
        reads("app", 3, (int32_t)(p * 7 % 100), p, p + 1);
    assert_string_equal(judge(false), "twin");
    assert_true(judged.sources[0].probability > 0.99);
    assert_int_equal(judged.sources[0].from, 50);
    assert_int_equal(judged.sources[0].to, 50);
    end_case();
}

/* However many statements show them, and in which order those of two days come. */
static void
a_days_persons_count_once(void **state PASU_UNUSED)
{
    const struct trace_reader *clerk;

    begin_case(20, INT32_MIN);
    reads("clerk", 3, 101, 0, 300);
    reads("clerk", 1, 100, 250, 350);
    reads("clerk", 3, 101, 200, 400);
    reads("clerk", 3, 100, 300, 360);
    clerk = &traced.readers[0];
    assert_int_equal(clerk->day_count, 2);
    assert_int_equal(clerk->days[0].persons, 110);
    assert_int_equal(clerk->days[1].persons, 400);
    reads("clerk", 3, 102, 0, 10);
    reads("clerk", 3, 101, 399, 401);
    assert_int_equal(clerk->days[1].persons, 401);
    assert_int_equal(clerk->days[2].persons, 10);
    assert_int_equal(persons_count(clerk->reach), 401);
    end_case();
}

static void
two_sources_are_joint(void **state PASU_UNUSED)
{
    begin_case(40, INT32_MIN);
    reads("one", 3, 10, 0, 20);
    reads("one", 3, 10, 100, 150);
    reads("two", 3, 20, 20, 40);
    reads("two", 3, 20, 300, 350);
    reads("app", 3, 20, 30, 9000);
    judge(false);
    assert_int_equal(judged.joint, 2);
    assert_int_equal(judged.explained, 40);
    assert_int_equal(judged.grade, GRADE_LIKELY);
    for (size_t s = 0; s < 2; s++)
        assert_true(strcmp(traced.readers[judged.sources[s].reader].name, "app") != 0);
    end_case();
}

static void
nobody_on_record_is_likelier_than_chance(void **state PASU_UNUSED)
{
    begin_case(50, INT32_MIN);
    for (uint32_t reader = 0; reader < 40; reader++) {
        char name[16];

        snprintf(name, sizeof(name), "clerk%u", reader);
        reads(name, 3, 10, reader, reader + 1); /* each has one of them, and others */
        reads(name, 3, 10, 1000 + reader * 200, 1200 + reader * 200);
    }
    judge(false);
    assert_true(judged.outside > 0.9);
    assert_int_equal(judged.joint, 0);
    assert_true(judged.grade <= GRADE_POSSIBLE);
    end_case();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_says_what_reading_says),
        cmocka_unit_test(who_alone_was_shown_a_field_was_not_shown_everybody),
        cmocka_unit_test(who_was_shown_few_is_likelier_than_who_was_shown_all),
        cmocka_unit_test(certain_is_only_who_alone_can_have_been),
        cmocka_unit_test(twins_cannot_be_told_apart),
        cmocka_unit_test(few_persons_are_a_lead_only),
        cmocka_unit_test(who_read_before_the_values_were_so_is_excluded),
        cmocka_unit_test(one_days_reading_of_somebody_who_is_shown_all_is_found),
        cmocka_unit_test(a_days_persons_count_once),
        cmocka_unit_test(two_sources_are_joint),
        cmocka_unit_test(nobody_on_record_is_likelier_than_chance),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
