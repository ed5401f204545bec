/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a selection showed, person by person: the persons that scope counts, and of each what a
 * naive reading of the exposures has. */
#include "breach/affected.h"
#include "breach/scope.h"

#include "breach_story.h"
#include "random.h"

enum { FIELDS = 3, KINDS = 2, PERSONS = 40, ROUNDS = 60, EXPOSURES = 40, LIST = 6 };

/* What is so, of a person. */
struct truth {
    uint64_t clear, masked, maybe, null, statements;
    int64_t first, last;
    uint32_t who; /* bits: sessions */
};

struct telling {
    struct story story;
    struct scope scope;
    struct affected affected;
    struct truth truth[KINDS][PERSONS];
    bool is_bounded[KINDS];
    uint64_t bounded_fields[KINDS];
};

static int
take_both(void *arg, const struct statement *statement)
{
    struct telling *t = arg;
    int result = scope_take(&t->scope, statement);

    return result == 0 ? affected_take(&t->affected, statement) : result;
}

static void
begin(struct telling *t)
{
    story_begin(&t->story, take_both, t);
    scope_init(&t->scope, &t->story.selection);
    affected_init(&t->affected, &t->story.selection);
    story_has_vocabulary(&t->story, 1, "name phone address", "customer recipient");
    story_opens(&t->story, 7, "analyst", "192.0.2.7", "psql");
    story_opens(&t->story, 8, "app", "local", "shop");
}

static void
finish(struct telling *t)
{
    scope_release(&t->scope);
    affected_release(&t->affected);
    story_release(&t->story);
}

/* The strongest of each field counts. */
static void
add_truth(struct truth *p, const struct exposure_part *part, int64_t time, uint64_t session)
{
    p->clear |= part->clear & ~part->null;
    p->masked = (p->masked | (part->masked & ~part->null)) & ~p->clear;
    p->maybe = (p->maybe | ((part->clear | part->masked) & part->null)) & ~(p->clear | p->masked);
    p->null = (p->null | part->null) & ~(p->clear | p->masked | p->maybe);
    p->statements++;
    p->first = p->first == 0 || time < p->first ? time : p->first;
    p->last = time > p->last ? time : p->last;
    p->who |= UINT32_C(1) << (session - 7);
}

/* One exposure, which is a statement of its own: no two that follow have the same shape. */
static void
tell_one(struct telling *t, struct random *random, uint64_t shape)
{
    uint32_t ordinals[LIST];
    uint64_t session = 7 + random_below(random, 2);
    struct exposure exposure;
    struct exposure_part *part = &exposure.parts[0];
    size_t count = 0;

    for (uint32_t person = random_below(random, 12); person < PERSONS && count < LIST;
         person += 1 + random_below(random, 9))
        ordinals[count++] = person;
    exposure = story_exposure(session, shape, 0, ordinals, count);
    part->kind = (uint8_t)random_below(random, KINDS);
    part->clear = random_below(random, 1 << FIELDS);
    part->masked = random_below(random, 1 << FIELDS) & ~part->clear;
    part->null = random_below(random, 4) == 0 ? random_below(random, 1 << FIELDS) : 0;
    if ((part->clear | part->masked | part->null) == 0)
        part->clear = 1;
    part->unknown = random_below(random, 8) == 0 ? 1 + random_below(random, 5) : 0;
    t->is_bounded[part->kind] |= part->unknown > 0;
    if (part->unknown > 0)
        t->bounded_fields[part->kind] |= part->clear | part->masked;
    for (size_t i = 0; i < count; i++)
        add_truth(&t->truth[part->kind][ordinals[i]], part, t->story.now, session);
    story_shows(&t->story, exposure);
}

static void
check_person(const struct telling *t, const struct affected_kind *kind, size_t k, uint32_t ordinal)
{
    const struct truth *truth = &t->truth[k][ordinal];
    const struct affected_person *p = affected_person(kind, ordinal);
    uint64_t who = 0;

    assert_int_equal(p != NULL, truth->statements > 0);
    if (!p)
        return;
    for (size_t i = 0; i < t->affected.principal_count; i++)
        if ((p->principals >> i & 1) != 0)
            who |= strcmp(t->affected.principals[i], "app") == 0 ? 2 : 1;
    assert_int_equal(p->clear, truth->clear);
    assert_int_equal(p->masked, truth->masked);
    assert_int_equal(p->maybe, truth->maybe);
    assert_int_equal(p->null, truth->null);
    assert_int_equal(p->statements, truth->statements);
    assert_true(p->first == truth->first && p->last == truth->last);
    assert_int_equal(who, truth->who);
}

/* Nobody who is named is missed, nobody else is among them, and what can be beyond them is said. */
static void
each_person_has_what_the_exposures_have_of_them(void **state PASU_UNUSED)
{
    static const char *const kinds[] = {"customer", "recipient"};
    struct random random = {.state = 48};

    for (int round = 0; round < ROUNDS; round++) {
        static struct telling t;

        memset(&t, 0, sizeof(t));
        begin(&t);
        for (uint64_t shape = 1; shape <= EXPOSURES; shape++)
            tell_one(&t, &random, shape);
        story_end(&t.story);
        for (size_t k = 0; k < KINDS; k++) {
            const struct affected_kind *kind = affected_kind(&t.affected, kinds[k]);
            int place = name_list_find(&t.story.book->names.kinds, kinds[k]);
            struct interval persons = scope_subjects(&t.scope, (size_t)place);

            assert_int_equal(kind ? kind->count : 0, persons.at_least);
            assert_int_equal(kind ? kind->unknown : 0, persons.at_most - persons.at_least);
            assert_int_equal(kind && kind->unknown > 0, t.is_bounded[k]);
            assert_int_equal(kind ? kind->fields : 0, t.bounded_fields[k]);
            for (uint32_t ordinal = 0; ordinal < PERSONS; ordinal++)
                check_person(&t, kind, k, ordinal);
        }
        finish(&t);
    }
}

/* As a scope of that field has it. */
static void
a_field_that_is_asked_for_selects_persons(void **state PASU_UNUSED)
{
    static struct telling t;

    memset(&t, 0, sizeof(t));
    t.story.filter.field = "phone";
    begin(&t);
    story_shows(&t.story, story_exposure(7, 1, 1, ORDINALS(1, 2)));
    story_shows(&t.story, story_exposure(7, 2, 3, ORDINALS(2, 3)));
    story_end(&t.story);
    assert_int_equal(affected_kind(&t.affected, "customer")->count, 2);
    assert_null(affected_person(affected_kind(&t.affected, "customer"), 1));
    assert_int_equal(affected_person(affected_kind(&t.affected, "customer"), 2)->clear, 3);
    assert_null(affected_kind(&t.affected, "nobody"));
    finish(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_person_has_what_the_exposures_have_of_them),
        cmocka_unit_test(a_field_that_is_asked_for_selects_persons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
