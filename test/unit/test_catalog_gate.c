/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog_rows.h"
#include "config/load.h"
#include "gate/catalog_marks.h"
#include "gate/catalog_policy.h"
#include "unit.h"

static void
a_configuration_becomes_a_policy_in_the_vocabularys_numbers(void **state PASU_UNUSED)
{
    static const char text[] =
        "gateway: {listen: 127.0.0.1:1, upstream: 127.0.0.1:2}\n"
        "ledger: {directory: ./ledger}\n"
        "subjects: {a: {table: s.a, key: id}, b: {table: s.b, key: id}}\n"
        "personal_data:\n"
        "  - {table: s.b, subject: b, key: b_id, fields: {x: name, y: phone}}\n"
        "  - {table: s.a, subject: a, key: a_id, fields: {z: phone, w: e-mail}}\n"
        "never: [s.vault]\n";
    struct config_faults faults = {0};
    struct config *config;
    struct catalog_policy *policy;

    assert_int_equal(config_parse(&config, view_of_text(text), "test.yaml", &faults), 0);
    assert_int_equal(catalog_policy_new(&policy, config), 0);
    assert_int_equal(policy->mapping_count, 2);
    assert_string_equal(policy->mappings[0].table, "s.b");
    assert_string_equal(policy->mappings[0].key, "b_id");
    assert_int_equal(policy->mappings[0].kind, 1);
    assert_string_equal(policy->mappings[1].fields[0].column, "z");
    assert_int_equal(policy->mappings[1].fields[0].field, 1);
    assert_int_equal(policy->mappings[1].fields[1].field, 2);
    assert_int_equal(policy->kind_count, 2);
    assert_string_equal(policy->subject_tables[0], "s.a");
    assert_string_equal(policy->subject_tables[1], "s.b");
    assert_int_equal(policy->never_count, 1);
    assert_int_not_equal(catalog_policy_vocabulary(policy), 0);
    catalog_policy_free(policy);
    config_free(config);
    config_faults_release(&faults);
}

static void
a_mark_by_name_becomes_one_by_oid_when_the_table_is_there(void **state PASU_UNUSED)
{
    static const struct catalog_row empty[] = {CATALOG_ROWS_SERVER};
    static const struct catalog_row rows[] = {CATALOG_ROWS_SERVER,
                                              {ROWS_RELATIONS, "20001|a|t|r|p|f|f"},
                                              {ROWS_RELATIONS, "20002|b|t|r|p|f|f"}};
    const struct catalog_mark mark = {0, "b", "t", 1, 2, 0, false, 0};
    struct catalog_marks marks = {0};
    struct catalog_mark *list;
    struct catalog *c = catalog_rows_snapshot(empty, COUNT_OF(empty));
    size_t count;

    assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
    assert_int_equal(catalog_marks_settle(&marks, c), 0); /* it is not there yet */
    catalog_release(c);
    assert_int_equal(catalog_marks_list(&marks, 7, &list, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].relation, 0);
    assert_string_equal(list[0].schema, "b");
    assert_string_equal(list[0].name, "t");
    memory_free(list);
    c = catalog_rows_snapshot(rows, COUNT_OF(rows));
    assert_int_equal(catalog_marks_settle(&marks, c), 0);
    catalog_release(c);
    assert_int_equal(catalog_marks_list(&marks, 7, &list, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].relation, 20002);
    assert_int_equal(list[0].fields, 1);
    assert_int_equal(list[0].kinds, 2);
    memory_free(list);
    c = catalog_rows_snapshot(empty, COUNT_OF(empty)); /* dropped */
    assert_int_equal(catalog_marks_settle(&marks, c), 0);
    catalog_release(c);
    assert_int_equal(marks.count, 0);
    catalog_marks_release(&marks);
}

static bool
has_mark(struct catalog_marks *marks, uint32_t relation, const char *schema, const char *name)
{
    struct catalog_mark *list;
    size_t count;
    bool is_there = false;

    assert_int_equal(catalog_marks_list(marks, 7, &list, &count), 0);
    for (size_t i = 0; i < count; i++)
        is_there |= list[i].relation == relation && strcmp(list[i].name, name) == 0 &&
                    strcmp(list[i].schema ? list[i].schema : "", schema) == 0;
    memory_free(list);
    return is_there;
}

/* What the two snapshots of one name show: before the transaction's end, and after it. */
static const struct catalog_row before_rows[] = {CATALOG_ROWS_SERVER,
                                                 {ROWS_RELATIONS, "20001|a|t|r|p|f|f"}};
static const struct catalog_row after_rows[] = {CATALOG_ROWS_SERVER,
                                                {ROWS_RELATIONS, "20009|a|t|r|p|f|f"}};

static void
settle(struct catalog_marks *marks, const struct catalog_row *rows, size_t count,
       struct catalog_sight sight)
{
    struct catalog *c = catalog_rows_snapshot(rows, count);

    marks->sight = sight;
    assert_int_equal(catalog_marks_settle(marks, c), 0);
    catalog_release(c);
}

static void
a_name_stays_marked_until_the_transaction_that_marks_is_over(void **state PASU_UNUSED)
{
    const struct catalog_mark mark = {0, "a", "t", 1, 2, 0, false, 0};
    struct catalog_marks marks = {.number = 7};

    assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
    for (size_t loads = 0; loads < 1000; loads++) /* however often somebody else has one loaded */
        settle(&marks, before_rows, COUNT_OF(before_rows), (struct catalog_sight){.open = 6});
    assert_true(has_mark(&marks, 0, "a", "t") && has_mark(&marks, 20001, "", ""));
    settle(&marks, after_rows, COUNT_OF(after_rows), (struct catalog_sight){.open = 7});
    assert_true(has_mark(&marks, 0, "a", "t") && has_mark(&marks, 20009, "", ""));
    settle(&marks, after_rows, COUNT_OF(after_rows), (struct catalog_sight){.open = 8});
    assert_false(has_mark(&marks, 0, "a", "t"));
    assert_true(has_mark(&marks, 20009, "", ""));
    assert_false(has_mark(&marks, 20001, "", ""));
    catalog_marks_release(&marks);
}

static void
a_name_that_is_adrift_waits_for_all_transactions_of_its_time(void **state PASU_UNUSED)
{
    const struct catalog_mark mark = {0, "a", "t", 1, 2, 0, false, 0};
    struct catalog_marks marks = {.number = 7};

    assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
    catalog_marks_drift(&marks, 8);
    assert_false(catalog_marks_need_next(&marks)); /* it was before */
    catalog_marks_drift(&marks, 7);
    assert_true(catalog_marks_need_next(&marks));
    settle(&marks, before_rows, COUNT_OF(before_rows), (struct catalog_sight){8, 100, 0});
    assert_true(catalog_marks_need_next(&marks));
    settle(&marks, before_rows, COUNT_OF(before_rows), (struct catalog_sight){8, 100, 105});
    assert_false(catalog_marks_need_next(&marks));
    settle(&marks, before_rows, COUNT_OF(before_rows), (struct catalog_sight){8, 104, 110});
    assert_true(has_mark(&marks, 0, "a", "t"));
    settle(&marks, after_rows, COUNT_OF(after_rows), (struct catalog_sight){8, 105, 0});
    assert_false(has_mark(&marks, 0, "a", "t"));
    assert_true(has_mark(&marks, 20009, "", ""));
    catalog_marks_release(&marks);
}

static void
a_standby_loses_only_what_is_gone_in_both(void **state PASU_UNUSED)
{
    const struct catalog_mark name = {0, "a", "t", 1, 2, 0, false, 0},
                              oid = {20001, NULL, NULL, 1, 2, 0, false, 0},
                              gone = {20002, NULL, NULL, 1, 2, 0, false, 0},
                              new = {20009, NULL, NULL, 1, 2, 0, false, 0};
    struct catalog_marks marks = {0}, leader = {0};
    struct catalog *c = catalog_rows_snapshot(before_rows, COUNT_OF(before_rows));

    assert_int_equal(catalog_marks_add(&marks, &name, 7), 0);
    assert_int_equal(catalog_marks_add(&marks, &oid, 7), 0);
    assert_int_equal(catalog_marks_add(&marks, &gone, 7), 0);
    assert_int_equal(catalog_marks_add(&leader, &new, 7), 0); /* what the name has become */
    assert_int_equal(catalog_marks_follow(&marks, &leader, c), 0);
    assert_int_equal(marks.count, 2);
    assert_true(has_mark(&marks, 20009, "", "") && has_mark(&marks, 20001, "", ""));
    catalog_release(c);
    catalog_marks_release(&marks);
    catalog_marks_release(&leader);
}

static void
partitions_keep_the_mark_when_they_are_detached(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {CATALOG_ROWS_SERVER,
                                              {ROWS_RELATIONS, "20001|a|parent|p|p|f|f"},
                                              {ROWS_RELATIONS, "20002|a|child|p|p|f|f"},
                                              {ROWS_RELATIONS, "20003|a|leaf|r|p|f|f"},
                                              {ROWS_INHERITS, "20002|20001"},
                                              {ROWS_INHERITS, "20003|20002"}};
    static const struct catalog_row detached[] = {CATALOG_ROWS_SERVER,
                                                  {ROWS_RELATIONS, "20003|a|leaf|r|p|f|f"}};
    const struct catalog_mark mark = {20001, NULL, NULL, 1, 2, 0, false, 0};
    struct catalog_marks marks = {0};
    struct catalog_mark *list;
    struct catalog *c = catalog_rows_snapshot(rows, COUNT_OF(rows));
    size_t count;

    assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
    assert_int_equal(catalog_marks_settle(&marks, c), 0);
    catalog_release(c);
    assert_int_equal(marks.count, 3);
    c = catalog_rows_snapshot(detached, COUNT_OF(detached));
    assert_int_equal(catalog_marks_settle(&marks, c), 0);
    catalog_release(c);
    assert_int_equal(catalog_marks_list(&marks, 7, &list, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].relation, 20003);
    assert_int_equal(list[0].fields, 1);
    memory_free(list);
    catalog_marks_release(&marks);
}

static void
under_another_vocabulary_a_mark_stands_for_everything(void **state PASU_UNUSED)
{
    const struct catalog_mark mark = {20001, NULL, NULL, 1, 2, 0, false, 0},
                              more = {20001, NULL, NULL, 4, 2, 0, false, 0};
    struct catalog_marks marks = {0};
    struct catalog_mark *list;
    size_t count;

    assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
    assert_int_equal(catalog_marks_add(&marks, &more, 7), 0);
    assert_int_equal(marks.count, 1);
    assert_int_equal(catalog_marks_list(&marks, 7, &list, &count), 0);
    assert_int_equal(list[0].fields, 5);
    memory_free(list);
    assert_int_equal(catalog_marks_list(&marks, 8, &list, &count), 0);
    assert_true(list[0].fields == UINT64_MAX && list[0].kinds == UINT64_MAX);
    memory_free(list);
    catalog_marks_release(&marks);
}

static void
a_name_of_which_nothing_comes_is_forgotten_in_the_end(void **state PASU_UNUSED)
{
    static const struct catalog_row empty[] = {CATALOG_ROWS_SERVER};
    const struct catalog_mark mark = {0, NULL, "t", 1, 2, 0, false, 0};
    struct catalog_marks marks = {0};
    struct catalog *c = catalog_rows_snapshot(empty, COUNT_OF(empty));
    size_t loads = 0;

    assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
    for (; marks.count > 0; loads++) {
        assert_in_range(loads, 0, 1000);
        assert_int_equal(catalog_marks_settle(&marks, c), 0);
    }
    assert_in_range(loads, 100, 1000);
    catalog_release(c);
    catalog_marks_release(&marks);
}

/* The snapshot was begun before: it can show what had the name until then. */
static void
a_name_that_is_marked_during_a_load_waits_for_the_next(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {CATALOG_ROWS_SERVER,
                                              {ROWS_RELATIONS, "20001|a|t|r|p|f|f"}};
    const struct catalog_mark mark = {0, "a", "t", 1, 2, 0, false, 0};
    struct catalog *c = catalog_rows_snapshot(rows, COUNT_OF(rows));
    struct catalog_marks marks = {0};

    for (uint32_t load = 0; load < 2; load++) {
        struct catalog_mark *list;
        size_t count;

        assert_int_equal(catalog_marks_list(&marks, 7, &list, &count), 0);
        assert_int_equal(count, load);
        memory_free(list);
        if (load == 0)
            assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
        assert_int_equal(catalog_marks_settle(&marks, c), 0);
        assert_int_equal(catalog_marks_list(&marks, 7, &list, &count), 0);
        assert_int_equal(count, 1);
        assert_int_equal(list[0].relation, load == 0 ? 0 : 20001);
        memory_free(list);
    }
    catalog_release(c);
    catalog_marks_release(&marks);
}

static void
a_mark_moves_with_the_name_of_a_table_that_no_snapshot_shows(void **state PASU_UNUSED)
{
    static const struct catalog_mark from[] = {{0, "s", "t", 0, 0, 0, false, 0},
                                               {0, NULL, "u", 0, 0, 0, false, 0},
                                               {0, "s", NULL, 0, 0, 0, false, 0},
                                               {0, "x", "t", 0, 0, 0, false, 0}};
    static const struct catalog_mark to[] = {{0, "s", "t2", 0, 0, 0, false, 0},
                                             {0, NULL, "u2", 0, 0, 0, false, 0},
                                             {0, "s2", NULL, 0, 0, 0, false, 0},
                                             {0, "x", "never", 0, 0, 0, false, 0}};
    const struct catalog_mark one = {0, "s", "t", 1, 2, 0, false, 0},
                              other = {0, NULL, "u", 1, 2, 0, false, 0};
    struct catalog_marks marks = {0};

    assert_int_equal(catalog_marks_add(&marks, &one, 7), 0);
    assert_int_equal(catalog_marks_add(&marks, &other, 7), 0);
    for (size_t i = 0; i < COUNT_OF(from); i++)
        assert_int_equal(catalog_marks_move(&marks, &from[i], &to[i]), 0);
    assert_true(has_mark(&marks, 0, "s", "t")); /* it may be rolled back */
    assert_true(has_mark(&marks, 0, "s", "t2"));
    assert_true(has_mark(&marks, 0, "s2", "t2"));
    assert_true(has_mark(&marks, 0, "", "u2"));
    assert_false(has_mark(&marks, 0, "s", "never"));
    catalog_marks_release(&marks);
}

static void
what_a_function_has_filled_stays_marked_when_it_is_gone(void **state PASU_UNUSED)
{
    static const struct catalog_mapping_field fields[] = {{"name", 0}};
    static const struct catalog_mapping mapping = {"s.p", "id", 0, fields, 1, {NULL}};
    static const struct catalog_policy policy = {&mapping, 1, NULL, 0, NULL, 0};
    static const struct catalog_row rows[] = {
        CATALOG_ROWS_SERVER,
        {ROWS_RELATIONS, "20001|s|p|r|p|f|f"},
        {ROWS_RELATIONS, "20002|s|t|r|p|f|f"},
        {ROWS_COLUMNS, "20001|1|id|20"},
        {ROWS_COLUMNS, "20001|2|name|25"},
        {ROWS_FUNCTIONS, "22001|s|f|sql|t|f|f|f|INSERT INTO t SELECT name FROM p|~"},
    };
    struct catalog_marks marks = {0};
    struct catalog_mark *list;
    struct catalog *c = NULL;
    size_t count;

    assert_int_equal(catalog_rows_build(&c, &policy, NULL, NULL, 0, rows, COUNT_OF(rows)), 0);
    assert_int_equal(catalog_marks_fill(&marks, c, 7), 0);
    catalog_release(c);
    assert_int_equal(catalog_marks_list(&marks, 7, &list, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].relation, 20002);
    assert_int_equal(list[0].fields, 1);
    assert_int_equal(catalog_rows_build(&c, &policy, NULL, list, count, rows, COUNT_OF(rows) - 1),
                     0);
    assert_int_equal(catalog_relation(c, 20002)->fields, 1);
    catalog_release(c);
    memory_free(list);
    catalog_marks_release(&marks);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_becomes_a_policy_in_the_vocabularys_numbers),
        cmocka_unit_test(a_mark_by_name_becomes_one_by_oid_when_the_table_is_there),
        cmocka_unit_test(a_name_that_is_marked_during_a_load_waits_for_the_next),
        cmocka_unit_test(a_name_stays_marked_until_the_transaction_that_marks_is_over),
        cmocka_unit_test(a_name_that_is_adrift_waits_for_all_transactions_of_its_time),
        cmocka_unit_test(a_standby_loses_only_what_is_gone_in_both),
        cmocka_unit_test(partitions_keep_the_mark_when_they_are_detached),
        cmocka_unit_test(under_another_vocabulary_a_mark_stands_for_everything),
        cmocka_unit_test(a_mark_moves_with_the_name_of_a_table_that_no_snapshot_shows),
        cmocka_unit_test(what_a_function_has_filled_stays_marked_when_it_is_gone),
        cmocka_unit_test(a_name_of_which_nothing_comes_is_forgotten_in_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
