/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "breach/scope.h"
#include "breach_story.h"

enum { NAME = 1, PHONE = 2, ADDRESS = 4 }; /* bits of vocabulary 1 */

struct telling {
    struct story story;
    struct scope scope;
};

static void
begin(struct telling *t)
{
    story_begin(&t->story, scope_take, &t->scope);
    scope_init(&t->scope, &t->story.selection);
    story_has_vocabulary(&t->story, 1, "name phone address", "customer recipient");
    story_opens(&t->story, 7, "analyst", "192.0.2.7", "psql");
    story_opens(&t->story, 8, "app", "local", "shop");
}

static void
finish(struct telling *t)
{
    scope_release(&t->scope);
    story_release(&t->story);
}

static struct interval
subjects(const struct telling *t, const char *kind)
{
    int place = name_list_find(&t->story.book->names.kinds, kind);

    assert_true(place >= 0);
    return scope_subjects(&t->scope, (size_t)place);
}

static struct interval
field(const struct telling *t, const char *name)
{
    int place = name_list_find(&t->story.book->names.fields, name);

    assert_true(place >= 0);
    return scope_field_persons(&t->scope, (size_t)place);
}

static enum clarity
clarity(const struct telling *t, const char *name)
{
    int place = name_list_find(&t->story.book->names.fields, name);

    return scope_field_clarity(&t->scope, (size_t)place);
}

#define ASSERT_INTERVAL(got, least, most)                                                          \
    do {                                                                                           \
        struct interval interval_ = (got);                                                         \
        assert_int_equal(interval_.at_least, (least));                                             \
        assert_int_equal(interval_.at_most, (most));                                               \
    } while (0)

static void
persons_shown_often_count_once(void **state PASU_UNUSED)
{
    struct telling t = {0};

    begin(&t);
    story_shows(&t.story, story_exposure(7, 1, NAME, ORDINALS(1, 2, 3, 2)));
    story_shows(&t.story, story_exposure(8, 1, NAME | PHONE, ORDINALS(3, 4)));
    story_shows(&t.story, story_exposure(7, 2, PHONE, ORDINALS(1)));
    story_end(&t.story);
    ASSERT_INTERVAL(subjects(&t, "customer"), 4, 4);
    ASSERT_INTERVAL(subjects(&t, "recipient"), 0, 0);
    ASSERT_INTERVAL(field(&t, "name"), 4, 4);
    ASSERT_INTERVAL(field(&t, "phone"), 3, 3);
    assert_int_equal(clarity(&t, "address"), CLARITY_NONE);
    assert_int_equal(t.scope.statements, 3);
    assert_int_equal(t.scope.rows, 7);
    assert_int_equal(t.scope.principals.count, 2);
    assert_string_equal(t.scope.principals.items[0], "analyst");
    assert_int_equal(t.scope.attributions[ATTRIBUTION_KEY], 3);
    finish(&t);
}

/* What a customer and a recipient with the same number have in common is the number. */
static void
kinds_are_different_persons(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(5));

    begin(&t);
    exposure.part_count = 2;
    exposure.parts[1] = exposure.parts[0];
    exposure.parts[1].kind = 1;
    story_shows(&t.story, exposure);
    story_end(&t.story);
    ASSERT_INTERVAL(subjects(&t, "customer"), 1, 1);
    ASSERT_INTERVAL(subjects(&t, "recipient"), 1, 1);
    ASSERT_INTERVAL(field(&t, "name"), 2, 2);
    finish(&t);
}

static void
vocabularies_are_united_by_name(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure exposure;

    begin(&t);
    story_has_vocabulary(&t.story, 2, "email phone name", "recipient customer");
    story_shows(&t.story, story_exposure(7, 1, NAME, ORDINALS(1, 2)));
    exposure = story_exposure(7, 1, 4 /* name */, ORDINALS(2, 3));
    exposure.vocabulary = 2;
    exposure.parts[0].kind = 1; /* customer */
    story_shows(&t.story, exposure);
    story_end(&t.story);
    ASSERT_INTERVAL(subjects(&t, "customer"), 3, 3);
    ASSERT_INTERVAL(field(&t, "name"), 3, 3);
    assert_int_equal(clarity(&t, "email"), CLARITY_NONE);
    finish(&t);
}

static void
a_number_that_nothing_explains_is_counted_under_a_name_of_its_own(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(1));

    begin(&t);
    exposure.vocabulary = 0xabcd;
    story_shows(&t.story, exposure);
    exposure = story_exposure(7, 1, UINT64_C(1) << 63, ORDINALS(1));
    exposure.parts[0].kind = 15;
    story_shows(&t.story, exposure);
    story_end(&t.story);
    ASSERT_INTERVAL(subjects(&t, "unknown-0-of-0000abcd"), 1, 1);
    ASSERT_INTERVAL(field(&t, "unknown-0-of-0000abcd"), 1, 1);
    ASSERT_INTERVAL(subjects(&t, "unknown-15-of-00000001"), 1, 1);
    ASSERT_INTERVAL(field(&t, "unknown-63-of-00000001"), 1, 1);
    finish(&t);
}

static void
bounds_are_added_to_what_is_named(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(1, 2));

    begin(&t);
    exposure.parts[0].unknown = 10;
    exposure.parts[0].attribution = ATTRIBUTION_BOUND;
    exposure.flags = FLAG_BIT(BOUND);
    story_shows(&t.story, exposure);
    exposure.parts[0].unknown = 3;
    story_shows(&t.story, exposure);
    story_shows(&t.story, story_exposure(7, 1, NAME, ORDINALS(3)));
    story_end(&t.story);
    ASSERT_INTERVAL(subjects(&t, "customer"), 3, 16);
    ASSERT_INTERVAL(field(&t, "name"), 3, 16);
    assert_int_equal(t.scope.kinds[0].bounded, 2);
    assert_int_equal(t.scope.kinds[0].largest_bound, 10);
    assert_int_equal(t.scope.bounded, 2);
    assert_int_equal(t.scope.flags[FLAG_BOUND], 2);
    assert_int_equal(t.scope.attributions[ATTRIBUTION_BOUND], 2);
    finish(&t);
}

static void
no_sum_of_bounds_passes_the_number_of_ordinals(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(1));

    begin(&t);
    exposure.parts[0].unknown = UINT64_MAX;
    story_shows(&t.story, exposure);
    story_shows(&t.story, exposure);
    story_end(&t.story);
    ASSERT_INTERVAL(subjects(&t, "customer"), 1, UINT64_C(1) << 32);
    finish(&t);
}

static void
a_field_that_was_null_in_some_rows_is_certain_of_nobody(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure exposure = story_exposure(7, 1, NAME | PHONE, ORDINALS(1, 2));

    begin(&t);
    exposure.parts[0].null = PHONE | ADDRESS;
    story_shows(&t.story, exposure);
    exposure = story_exposure(7, 1, 0, ORDINALS(2));
    exposure.parts[0].masked = PHONE;
    story_shows(&t.story, exposure);
    story_end(&t.story);
    ASSERT_INTERVAL(field(&t, "name"), 2, 2);
    ASSERT_INTERVAL(field(&t, "phone"), 1, 2);
    ASSERT_INTERVAL(field(&t, "address"), 0, 0);
    assert_int_equal(clarity(&t, "phone"), CLARITY_CLEAR);
    assert_int_equal(clarity(&t, "address"), CLARITY_NULL);
    finish(&t);
}

static void
who_was_sought_in_vain_was_not_shown(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure exposure = story_exposure(7, 1, NAME, NULL, 0);
    const uint32_t missed[] = {900001, 900002};

    begin(&t);
    exposure.parts[0].missed = missed;
    exposure.parts[0].missed_count = 2;
    exposure.misses = 2;
    exposure.statements = 2;
    story_shows(&t.story, exposure);
    story_end(&t.story);
    ASSERT_INTERVAL(subjects(&t, "customer"), 0, 0);
    assert_int_equal(clarity(&t, "name"), CLARITY_NONE);
    assert_int_equal(t.scope.misses, 2);
    assert_int_equal(t.scope.statements, 2);
    assert_int_equal(t.scope.attributions[ATTRIBUTION_KEY], 0);
    finish(&t);
}

static void
only_parts_with_the_field_that_is_asked_for_count(void **state PASU_UNUSED)
{
    struct telling t = {.story.filter.field = "phone"};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(1, 2));

    begin(&t);
    exposure.part_count = 2;
    exposure.parts[1] = story_exposure(7, 1, NAME | PHONE, ORDINALS(3)).parts[0];
    story_shows(&t.story, exposure);
    story_shows(&t.story, story_exposure(8, 1, NAME, ORDINALS(4)));
    story_end(&t.story);
    ASSERT_INTERVAL(subjects(&t, "customer"), 1, 1);
    ASSERT_INTERVAL(field(&t, "name"), 1, 1);
    assert_int_equal(t.scope.statements, 1);
    assert_int_equal(t.scope.principals.count, 1);
    finish(&t);
}

/* A batch of rows that lies in the asked time counts, whenever its statement began. */
static void
of_a_statement_over_the_edge_the_part_within_counts(void **state PASU_UNUSED)
{
    struct telling t = {.story.filter = {.from = SECONDS(2000), .to = SECONDS(3000)}};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(1));

    begin(&t);
    exposure.time = SECONDS(2000) - 1;
    story_shows(&t.story, exposure);
    exposure = story_exposure(7, 1, NAME, ORDINALS(2));
    exposure.statements = 0;
    exposure.time = SECONDS(2000);
    story_shows(&t.story, exposure);
    exposure = story_exposure(7, 1, NAME, ORDINALS(3));
    exposure.statements = 0;
    exposure.time = SECONDS(3000) - 1;
    story_shows(&t.story, exposure);
    exposure = story_exposure(7, 1, NAME, ORDINALS(4));
    exposure.statements = 0;
    exposure.time = SECONDS(3000);
    story_shows(&t.story, exposure);
    story_end(&t.story);
    ASSERT_INTERVAL(subjects(&t, "customer"), 2, 2);
    assert_int_equal(t.scope.first, SECONDS(2000));
    assert_int_equal(t.scope.attributions[ATTRIBUTION_KEY], 1);
    finish(&t);
}

static void
sessions_without_a_record_are_not_guessed(void **state PASU_UNUSED)
{
    struct telling t = {.story.filter.principal = "analyst"};

    begin(&t);
    story_shows(&t.story, story_exposure(99, 1, NAME, ORDINALS(1)));
    story_shows(&t.story, story_exposure(99, 1, NAME, ORDINALS(2)));
    story_shows(&t.story, story_exposure(8, 1, NAME, ORDINALS(3)));
    story_shows(&t.story, story_exposure(7, 1, NAME, ORDINALS(4)));
    story_end(&t.story);
    ASSERT_INTERVAL(subjects(&t, "customer"), 1, 1);
    assert_int_equal(t.story.selection.untestable, 2);
    assert_int_equal(t.story.selection.unrecorded.count, 1);
    finish(&t);
}

static bool
is_watched(const struct telling *t, const char *name)
{
    return selection_has_watched(&t->story.selection,
                                 name_list_find(&t->story.book->names.fields, name));
}

static void
a_field_that_was_mapped_later_is_not_called_unshown(void **state PASU_UNUSED)
{
    struct telling t = {.story.filter = {.from = SECONDS(1500), .to = SECONDS(2500)}};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(1));

    begin(&t); /* vocabulary 1 before the asked time */
    t.story.now = SECONDS(2000);
    story_has_vocabulary(&t.story, 2, "name email phone", "customer");
    exposure.vocabulary = 2;
    story_shows(&t.story, exposure);
    t.story.now = SECONDS(2600);
    story_has_vocabulary(&t.story, 3, "fax", "customer");
    story_end(&t.story);
    assert_true(is_watched(&t, "name"));
    assert_true(is_watched(&t, "phone"));
    assert_false(is_watched(&t, "email"));
    assert_false(is_watched(&t, "address"));
    assert_false(is_watched(&t, "fax"));
    finish(&t);
}

static void
where_nothing_was_mapped_nothing_was_watched(void **state PASU_UNUSED)
{
    struct telling t = {.story.filter.to = SECONDS(500)};

    begin(&t);
    story_end(&t.story);
    assert_false(is_watched(&t, "name"));
    finish(&t);
}

/* ---- without memory ---- */

/* Tells a small ledger until something fails; the first error. */
static int
tell_small_ledger(struct telling *t)
{
    static struct vocabulary vocabulary = {
        .id = 1, .field_count = 1, .kind_count = 1, .fields = {"name"}, .kinds = {"customer"}};
    static const struct message_session opened = {.session = 7, .principal = "analyst"};
    const struct payload_shape shape = {1, VIEW("SELECT")};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(1, 2));
    struct exposure stranger = story_exposure(99, 1, PHONE, ORDINALS(3));
    const struct ledger_entry entries[] = {
        {.type = LEDGER_VOCABULARY, .u.vocabulary = &vocabulary},
        {.type = LEDGER_OPENED, .u.opened = &opened},
        {.type = LEDGER_SHAPE, .u.shape = &shape},
        {.type = LEDGER_EXPOSURE, .u.exposure = &exposure},
        {.type = LEDGER_EXPOSURE, .u.exposure = &stranger},
    };
    int result = book_new(&t->story.book, &os_real);

    if (result != 0)
        return result;
    selection_init(&t->story.selection, t->story.book, &t->story.filter, scope_take, &t->scope);
    scope_init(&t->scope, &t->story.selection);
    for (size_t i = 0; result == 0 && i < COUNT_OF(entries); i++)
        result = selection_add(&t->story.selection, &entries[i]);
    return result == 0 ? selection_end(&t->story.selection) : result;
}

static void
every_allocation_may_fail(void **state PASU_UNUSED)
{
    int result = PASU_E_NOMEM;
    uint64_t nth = 0;

    while (result != 0) {
        struct telling t = {0};

        memory_fail_at(++nth);
        result = tell_small_ledger(&t);
        memory_fail_at(0);
        assert_true(result == 0 || result == PASU_E_NOMEM);
        if (result == 0)
            ASSERT_INTERVAL(subjects(&t, "customer"), 3, 3);
        scope_release(&t.scope);
        if (t.story.book != NULL)
            selection_release(&t.story.selection);
        book_free(t.story.book);
    }
    assert_true(nth > 15); /* it reached what it was to reach */
}

/* ---- scope against counting one by one ---- */

enum { PERSONS = 300, SESSIONS = 6, RECORDS = 20000, FIELDS = 3 };

static uint64_t
random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* What the records say, with sets of bytes. */
struct naive {
    uint8_t shown[2][PERSONS], sure[FIELDS][2][PERSONS], maybe[FIELDS][2][PERSONS];
    uint64_t unknown[2], field_unknown[FIELDS][2];
    uint64_t statements, rows;
};

static void
naive_take(struct naive *naive, const struct exposure *exposure)
{
    naive->statements += exposure->statements;
    naive->rows += exposure->rows;
    for (size_t p = 0; p < exposure->part_count; p++) {
        const struct exposure_part *part = &exposure->parts[p];

        naive->unknown[part->kind] += part->unknown;
        for (size_t i = 0; i < part->ordinal_count; i++)
            naive->shown[part->kind][part->ordinals[i]] = 1;
        for (unsigned f = 0; f < FIELDS; f++) {
            uint64_t is = UINT64_C(1) << f;

            if (((part->clear | part->masked) & is) == 0)
                continue;
            naive->field_unknown[f][part->kind] += part->unknown;
            for (size_t i = 0; i < part->ordinal_count; i++) {
                naive->maybe[f][part->kind][part->ordinals[i]] = 1;
                if ((part->null & is) == 0)
                    naive->sure[f][part->kind][part->ordinals[i]] = 1;
            }
        }
    }
}

static uint64_t
ones(const uint8_t *bytes)
{
    uint64_t n = 0;

    for (size_t i = 0; i < PERSONS; i++)
        n += bytes[i];
    return n;
}

static struct exposure
random_exposure(uint64_t *seed, uint32_t ordinals[EXPOSURE_PARTS_MAX][16])
{
    struct exposure exposure = {.session = 1 + random_next(seed) % SESSIONS,
                                .shape = random_next(seed) % 4,
                                .vocabulary = 1,
                                .statements = random_next(seed) % 3 > 0,
                                .rows = random_next(seed) % 50,
                                .part_count = (uint8_t)(random_next(seed) % 4)};

    for (size_t p = 0; p < exposure.part_count; p++) {
        uint64_t bits = random_next(seed) >> 20;
        size_t count = random_next(seed) % 16;

        for (size_t i = 0; i < count; i++)
            ordinals[p][i] = (uint32_t)(random_next(seed) % PERSONS);
        exposure.parts[p] = (struct exposure_part){.kind = bits & 1,
                                                   .attribution = (uint8_t)(1 + (bits >> 1) % 5),
                                                   .clear = bits >> 4 & 7,
                                                   .masked = bits >> 8 & bits >> 12 & 7,
                                                   .null = bits >> 16 & bits >> 20 & 7,
                                                   .unknown = bits % 10 == 0 ? bits >> 24 & 15 : 0,
                                                   .ordinals = ordinals[p],
                                                   .ordinal_count = count};
    }
    return exposure;
}

static void
scope_agrees_with_counting_one_by_one(void **state PASU_UNUSED)
{
    static struct naive naive;
    struct telling t = {.story.filter = {.principal = "odd", .from = SECONDS(3000)}};
    uint64_t seed = 88172645463325252u;

    begin(&t);
    for (uint64_t s = 1; s <= SESSIONS; s++)
        story_opens(&t.story, s, s % 2 == 1 ? "odd" : "even", "local", "");
    for (int i = 0; i < RECORDS; i++) {
        uint32_t ordinals[EXPOSURE_PARTS_MAX][16];
        struct exposure exposure = random_exposure(&seed, ordinals);

        if (exposure.session % 2 == 1 && t.story.now >= SECONDS(3000))
            naive_take(&naive, &exposure);
        story_shows(&t.story, exposure);
    }
    story_end(&t.story);
    assert_int_equal(t.scope.statements, naive.statements);
    assert_int_equal(t.scope.rows, naive.rows);
    for (size_t k = 0; k < 2; k++) {
        uint64_t n = ones(naive.shown[k]);

        ASSERT_INTERVAL(scope_subjects(&t.scope, k), n, n + naive.unknown[k]);
    }
    for (size_t f = 0; f < FIELDS; f++)
        ASSERT_INTERVAL(scope_field_persons(&t.scope, f),
                        ones(naive.sure[f][0]) + ones(naive.sure[f][1]),
                        ones(naive.maybe[f][0]) + ones(naive.maybe[f][1]) +
                            naive.field_unknown[f][0] + naive.field_unknown[f][1]);
    finish(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(persons_shown_often_count_once),
        cmocka_unit_test(kinds_are_different_persons),
        cmocka_unit_test(vocabularies_are_united_by_name),
        cmocka_unit_test(a_number_that_nothing_explains_is_counted_under_a_name_of_its_own),
        cmocka_unit_test(bounds_are_added_to_what_is_named),
        cmocka_unit_test(no_sum_of_bounds_passes_the_number_of_ordinals),
        cmocka_unit_test(a_field_that_was_null_in_some_rows_is_certain_of_nobody),
        cmocka_unit_test(who_was_sought_in_vain_was_not_shown),
        cmocka_unit_test(only_parts_with_the_field_that_is_asked_for_count),
        cmocka_unit_test(of_a_statement_over_the_edge_the_part_within_counts),
        cmocka_unit_test(sessions_without_a_record_are_not_guessed),
        cmocka_unit_test(a_field_that_was_mapped_later_is_not_called_unshown),
        cmocka_unit_test(where_nothing_was_mapped_nothing_was_watched),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(scope_agrees_with_counting_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
