/* SPDX-License-Identifier: Apache-2.0 */
/* Where a ledger names one person: every list, the place in it, and its opening. */
#include "base/memory.h"
#include "breach/mentions.h"
#include "breach_story.h"

struct told {
    struct story story;
    struct subject subject;
    struct mentions mentions;
    struct records_place place;
};

static int
give_nothing(void *arg PASU_UNUSED, const struct statement *statement PASU_UNUSED)
{
    return 0;
}

static int
see_nothing(void *arg PASU_UNUSED, const struct sight *sight PASU_UNUSED)
{
    return 0;
}

static void
tell(struct told *t, struct ledger_entry entry, bool is_in_ring)
{
    story_tell(&t->story, entry);
    entry.seq = t->story.seq;
    entry.time = t->story.now;
    t->place.index = entry.seq;
    t->place.offset += 64;
    assert_int_equal(mentions_note(&t->mentions, &entry, &t->place, is_in_ring), 0);
}

/* Entries 1, a vocabulary, and 2, a session. */
static void
begin(struct told *t, uint32_t ordinal)
{
    static struct vocabulary vocabulary;
    static struct message_session session = {.session = 7, .principal = "analyst"};

    story_begin(&t->story, give_nothing, NULL);
    subject_init(&t->subject, &t->story.selection, "customer", see_nothing, NULL);
    assert_int_equal(subject_add(&t->subject, ordinal), 0);
    mentions_init(&t->mentions, &t->subject, &t->story.filter, t->story.book);
    vocabulary = (struct vocabulary){.id = 1, .field_count = 1, .kind_count = 2};
    snprintf(vocabulary.fields[0], sizeof(vocabulary.fields[0]), "name");
    snprintf(vocabulary.kinds[0], sizeof(vocabulary.kinds[0]), "recipient");
    snprintf(vocabulary.kinds[1], sizeof(vocabulary.kinds[1]), "customer");
    tell(t, (struct ledger_entry){.type = LEDGER_VOCABULARY, .u.vocabulary = &vocabulary}, false);
    tell(t, (struct ledger_entry){.type = LEDGER_OPENED, .u.opened = &session}, false);
}

static void
finish(struct told *t)
{
    mentions_release(&t->mentions);
    subject_release(&t->subject);
    story_release(&t->story);
}

static void
expose(struct told *t, const struct exposure *exposure, bool is_in_ring)
{
    tell(t, (struct ledger_entry){.type = LEDGER_EXPOSURE, .u.exposure = exposure}, is_in_ring);
}

/* Of two parts, both of customers: shown, and sought in vain. */
static struct exposure
two_parts(const uint32_t *ordinals, size_t count)
{
    struct exposure e = story_exposure(7, 1, 1, ordinals, count);

    e.part_count = 2;
    e.parts[0].kind = e.parts[1].kind = 1;
    e.parts[1].missed = ordinals;
    e.parts[1].missed_count = count;
    return e;
}

static void
each_list_that_has_the_person_is_a_mention(void **state PASU_UNUSED)
{
    static const uint32_t with[] = {5, 9, 42, 50, 42}, without[] = {41, 43};
    struct exposure both = two_parts(with, COUNT_OF(with)), none = two_parts(without, 2);
    const struct mention *m;
    struct told t = {0};

    begin(&t, 42);
    expose(&t, &none, false);
    expose(&t, &both, false);
    assert_int_equal(mentions_end(&t.mentions), 0);
    assert_int_equal(t.mentions.count, 2);
    m = t.mentions.items;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(m[i].record, 4);
        assert_int_equal(m[i].place.index, 4);
        assert_int_equal(m[i].number, 2);
        assert_int_equal(m[i].ordinal, 42);
        assert_int_equal(m[i].part, i);
        assert_int_equal(m[i].which, i);
        assert_int_equal(m[i].names, 1);
        assert_int_equal(m[i].session, 2);
        assert_int_equal(m[i].opening, 0);
        assert_false(m[i].is_in_ring);
    }
    assert_int_equal(t.mentions.size, 5);
    finish(&t);
}

static void
one_with_that_number_of_another_kind_is_somebody_else(void **state PASU_UNUSED)
{
    static const uint32_t ordinals[] = {42};
    struct exposure e = two_parts(ordinals, 1);
    struct told t = {0};

    e.parts[0].kind = 0;
    begin(&t, 42);
    expose(&t, &e, false);
    assert_int_equal(mentions_end(&t.mentions), 0);
    assert_int_equal(t.mentions.count, 1);
    assert_int_equal(t.mentions.items[0].part, 1);
    finish(&t);
}

static void
an_opening_is_that_of_its_list_alone(void **state PASU_UNUSED)
{
    static const uint32_t ordinals[] = {42};
    struct exposure e = two_parts(ordinals, 1);
    struct payload_opening opening = {.record = 3, .part = 1, .which = 1, .count = 1, .seed = {9}};
    const struct ledger_entry entry = {.type = LEDGER_OPENING, .u.opening = &opening};
    struct told t = {0};

    begin(&t, 42);
    expose(&t, &e, false);
    expose(&t, &e, false);
    tell(&t, entry, false);
    for (opening.record = 5; opening.record < 900; opening.record += 13)
        tell(&t, entry, false); /* of others */
    assert_int_equal(mentions_end(&t.mentions), 0);
    assert_int_equal(t.mentions.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct mention *m = &t.mentions.items[i];
        bool is_it = m->record == 3 && m->which == 1;

        assert_int_equal(m->opening, is_it ? 5 : 0);
        assert_int_equal(m->opened.seed[0], is_it ? 9 : 0);
    }
    finish(&t);
}

static void
what_is_only_in_a_ring_has_no_record(void **state PASU_UNUSED)
{
    static const uint32_t ordinals[] = {42};
    struct exposure e = two_parts(ordinals, 1);
    struct told t = {0};

    begin(&t, 42);
    expose(&t, &e, true);
    assert_int_equal(mentions_end(&t.mentions), 0);
    assert_int_equal(t.mentions.count, 2);
    assert_true(t.mentions.items[0].is_in_ring);
    assert_int_equal(t.mentions.size, 3);
    finish(&t);
}

/* Stretches of a ledger can overlap, and come in another order. */
static void
entries_may_come_again_and_later_ones_first(void **state PASU_UNUSED)
{
    static const uint32_t ordinals[] = {42};
    struct exposure e = two_parts(ordinals, 1);
    struct payload_opening opening = {.record = 8, .count = 1};
    struct ledger_entry shown = {.type = LEDGER_EXPOSURE, .u.exposure = &e},
                        opened = {.type = LEDGER_OPENING, .u.opening = &opening};
    static const uint64_t order[] = {8, 20, 19, 9, 8, 5, 9, 20, 19};
    struct told t = {0};

    begin(&t, 42);
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        struct ledger_entry *entry = order[i] > 10 ? &opened : &shown;

        entry->seq = order[i];
        assert_int_equal(mentions_note(&t.mentions, entry, &t.place, false), 0);
    }
    assert_int_equal(mentions_end(&t.mentions), 0);
    assert_int_equal(t.mentions.count, 6);
    for (size_t i = 0; i < 6; i++) {
        static const uint64_t records[] = {5, 8, 9};

        assert_int_equal(t.mentions.items[i].record, records[i / 2]);
        assert_int_equal(t.mentions.items[i].part, i % 2);
        assert_int_equal(t.mentions.items[i].opening, i == 2 ? 20 : 0);
    }
    assert_int_equal(t.mentions.size, 21);
    finish(&t);
}

static void
more_than_a_document_holds_is_counted(void **state PASU_UNUSED)
{
    static const uint32_t ordinals[] = {42};
    struct exposure e = two_parts(ordinals, 1);
    struct ledger_entry entry = {.type = LEDGER_EXPOSURE, .u.exposure = &e, .seq = 3};
    struct told t = {0};
    int result = 0;

    begin(&t, 42);
    for (unsigned i = 0; i < MENTIONS_MAX / 2 + 3 && result == 0; i++, entry.seq++)
        result = mentions_note(&t.mentions, &entry, &t.place, false);
    assert_int_equal(result, 0);
    assert_int_equal(t.mentions.count, MENTIONS_MAX);
    assert_int_equal(t.mentions.left_out, 6);
    finish(&t);
}

static void
without_memory_there_is_an_error_and_nothing_else(void **state PASU_UNUSED)
{
    static const uint32_t ordinals[] = {42};
    struct exposure e = two_parts(ordinals, 1);
    struct ledger_entry entry = {.type = LEDGER_EXPOSURE, .u.exposure = &e, .seq = 3};
    unsigned failures = 0;

    for (uint64_t nth = 1; nth < 12; nth++) {
        struct told t = {0};
        int result = 0;

        begin(&t, 42);
        memory_fail_at(nth);
        for (unsigned i = 0; i < 40 && result == 0; i++, entry.seq++)
            result = mentions_note(&t.mentions, &entry, &t.place, false);
        memory_fail_at(0);
        assert_true(result == 0 || result == PASU_E_NOMEM);
        failures += result != 0;
        assert_int_equal(mentions_end(&t.mentions), 0);
        finish(&t);
    }
    assert_true(failures > 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_list_that_has_the_person_is_a_mention),
        cmocka_unit_test(one_with_that_number_of_another_kind_is_somebody_else),
        cmocka_unit_test(an_opening_is_that_of_its_list_alone),
        cmocka_unit_test(what_is_only_in_a_ring_has_no_record),
        cmocka_unit_test(entries_may_come_again_and_later_ones_first),
        cmocka_unit_test(more_than_a_document_holds_is_counted),
        cmocka_unit_test(without_memory_there_is_an_error_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
