/* SPDX-License-Identifier: Apache-2.0 */
/* Marks on their way through the ledger: what is written of them, and what comes back. */
#include "catalog_rows.h"
#include "gate/past_marks.h"
#include "unit.h"

enum { WRITTEN_MAX = 64 };

/* A ledger that says no after `left` more. */
struct written {
    struct ring_mark items[WRITTEN_MAX];
    size_t count, left;
};

static int
put(void *arg, struct ring_mark *mark)
{
    struct written *w = arg;

    if (w->left == 0)
        return PASU_E_AGAIN;
    w->left--;
    mark->number = w->count + 1;
    snprintf(mark->gateway, sizeof(mark->gateway), "g");
    snprintf(mark->database, sizeof(mark->database), "d");
    w->items[w->count++] = *mark;
    return 0;
}

/* How many marks are written. */
static size_t
record(struct written *w, struct catalog_marks *marks)
{
    size_t before = w->count;

    w->left = WRITTEN_MAX - w->count;
    assert_int_equal(catalog_marks_record(marks, put, w), 0);
    return w->count - before;
}

static void
see_all(struct past_marks *past, const struct written *w)
{
    for (size_t i = 0; i < w->count; i++)
        assert_int_equal(past_marks_see(past, &w->items[i]), 0);
}

static void
give(const struct past_marks *past, uint64_t system, uint32_t database, const char *gateway,
     const char *name, struct catalog_marks *marks)
{
    const struct catalog_whose whose = {system, database, gateway, name};
    struct catalog_family family = {0};

    past_marks_kin(past, &whose, &family);
    assert_int_equal(past_marks_give(past, &whose, &family, marks), 0);
}

static void
a_mark_is_written_once_and_again_only_with_new_bits(void **state PASU_UNUSED)
{
    const struct catalog_mark mark = {0, "w", "t", 1, 1, 0, false, 0};
    const struct catalog_mark more = {0, "w", "t", 3, 1, 0, false, 0};
    struct catalog_marks marks = {0};
    struct written w = {0};

    for (int i = 0; i < 3; i++) {
        assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
        assert_int_equal(record(&w, &marks), i == 0);
    }
    assert_int_equal(catalog_marks_add(&marks, &more, 7), 0);
    assert_int_equal(record(&w, &marks), 1);
    assert_int_equal(w.items[1].fields, 3);
    assert_string_equal(w.items[1].schema, "w");
    assert_string_equal(w.items[1].name, "t");
    assert_int_equal(w.items[1].vocabulary, 7);
    catalog_marks_release(&marks);
}

static void
what_finds_no_room_is_written_the_next_time(void **state PASU_UNUSED)
{
    struct catalog_marks marks = {0};
    struct written w = {.left = 2};

    for (uint32_t i = 1; i <= 4; i++) {
        const struct catalog_mark mark = {i, NULL, NULL, 1, 1, 0, false, 0};

        assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
    }
    assert_int_equal(catalog_marks_record(&marks, put, &w), PASU_E_AGAIN);
    assert_int_equal(w.count, 2);
    assert_int_equal(record(&w, &marks), 2);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(w.items[i].relation, i + 1);
    catalog_marks_release(&marks);
}

/* And what comes back is the OID alone, which is not written again. */
static void
a_name_that_has_become_an_oid_is_forgotten_after_it(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {CATALOG_ROWS_SERVER,
                                              {ROWS_RELATIONS, "20001|w|t|r|p|f|f"}};
    const struct catalog_mark mark = {0, "w", "t", 5, 2, 0, false, 0};
    struct catalog_marks marks = {0}, back = {0};
    struct past_marks past = {0};
    struct catalog_mark *list;
    struct catalog *c = catalog_rows_snapshot(rows, COUNT_OF(rows));
    struct written w = {0};
    size_t count;

    assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
    assert_int_equal(record(&w, &marks), 1);
    assert_int_equal(catalog_marks_settle(&marks, c), 0);
    assert_int_equal(record(&w, &marks), 2);
    assert_true(w.items[1].what == RING_MARK_CARRIES && w.items[1].relation == 20001);
    assert_true(w.items[2].what == RING_MARK_FORGOTTEN && w.items[2].relation == 0);
    see_all(&past, &w);
    assert_int_equal(past.count, 1);
    give(&past, 0, 0, "g", "d", &back);
    assert_int_equal(catalog_marks_list(&back, 7, &list, &count), 0);
    assert_int_equal(count, 1);
    assert_true(list[0].relation == 20001 && list[0].fields == 5 && list[0].kinds == 2);
    memory_free(list);
    assert_int_equal(catalog_marks_list(&back, 8, &list, &count), 0); /* another vocabulary */
    assert_true(count == 1 && list[0].fields == UINT64_MAX && list[0].kinds == UINT64_MAX);
    memory_free(list);
    assert_int_equal(record(&w, &back), 0);
    catalog_release(c);
    catalog_marks_release(&marks);
    catalog_marks_release(&back);
    past_marks_release(&past);
}

static void
a_name_that_is_marked_again_before_it_is_forgotten_stays(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {CATALOG_ROWS_SERVER,
                                              {ROWS_RELATIONS, "20001|w|t|r|p|f|f"}};
    const struct catalog_mark mark = {0, "w", "t", 1, 1, 0, false, 0};
    struct catalog_marks marks = {0};
    struct past_marks past = {0};
    struct catalog *c = catalog_rows_snapshot(rows, COUNT_OF(rows));
    struct written w = {0};

    assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
    assert_int_equal(record(&w, &marks), 1);
    assert_int_equal(catalog_marks_settle(&marks, c), 0);
    assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0); /* dropped, and made again */
    assert_int_equal(record(&w, &marks), 2);
    see_all(&past, &w);
    assert_int_equal(past.count, 2);
    catalog_release(c);
    catalog_marks_release(&marks);
    past_marks_release(&past);
}

static void
what_is_gone_is_forgotten(void **state PASU_UNUSED)
{
    static const struct catalog_row empty[] = {CATALOG_ROWS_SERVER};
    const struct catalog_mark mark = {20001, NULL, NULL, 1, 1, 0, false, 0};
    struct catalog_marks marks = {0};
    struct past_marks past = {0};
    struct catalog *c = catalog_rows_snapshot(empty, COUNT_OF(empty));
    struct written w = {0};

    assert_int_equal(catalog_marks_add(&marks, &mark, 7), 0);
    assert_int_equal(record(&w, &marks), 1);
    assert_int_equal(catalog_marks_settle(&marks, c), 0);
    assert_int_equal(record(&w, &marks), 1);
    assert_int_equal(record(&w, &marks), 0);
    see_all(&past, &w);
    assert_int_equal(past.count, 0);
    catalog_release(c);
    catalog_marks_release(&marks);
    past_marks_release(&past);
}

/* Records of two threads, the later one's first. */
static void
a_mark_survives_what_forgot_it_before(void **state PASU_UNUSED)
{
    struct ring_mark mark = {.number = 3,
                             .what = RING_MARK_CARRIES,
                             .fields = 1,
                             .gateway = "g",
                             .database = "d",
                             .name = "t"};
    struct ring_mark forgotten = mark;
    struct past_marks past = {0};

    forgotten.number = 2;
    forgotten.what = RING_MARK_FORGOTTEN;
    forgotten.fields = 0;
    assert_int_equal(past_marks_see(&past, &mark), 0);
    assert_int_equal(past_marks_see(&past, &forgotten), 0);
    assert_int_equal(past.count, 1);
    mark.number = 1; /* an older one comes last: it is the same mark */
    mark.fields = 2;
    assert_int_equal(past_marks_see(&past, &mark), 0);
    assert_int_equal(past.count, 1);
    assert_int_equal(past.items[0].fields, 3);
    assert_int_equal(past_marks_see(&past, &forgotten), 0);
    assert_int_equal(past.count, 1);
    forgotten.number = 4;
    assert_int_equal(past_marks_see(&past, &forgotten), 0);
    assert_int_equal(past.count, 0);
    past_marks_release(&past);
}

static void
each_database_gets_its_own_as_often_as_it_asks(void **state PASU_UNUSED)
{
    static const char *const databases[] = {"d", "e", "d", "f"};
    struct ring_mark mark = {.what = RING_MARK_CARRIES, .fields = 1, .gateway = "g"};
    struct catalog_marks marks = {0}, other = {0};
    struct past_marks past = {0};
    struct written w = {0};

    for (uint32_t i = 0; i < COUNT_OF(databases); i++) {
        mark.relation = i + 1;
        snprintf(mark.database, sizeof(mark.database), "%s", databases[i]);
        assert_int_equal(past_marks_see(&past, &mark), 0);
    }
    give(&past, 0, 0, "other", "d", &other);
    assert_int_equal(other.count, 0);
    give(&past, 0, 0, "g", "d", &marks);
    assert_int_equal(marks.count, 2);
    give(&past, 0, 0, "g", "d", &other); /* of other settings */
    assert_int_equal(other.count, 2);
    assert_int_equal(record(&w, &other), 0);
    catalog_marks_release(&marks);
    catalog_marks_release(&other);
    past_marks_release(&past);
}

/* Of a server that says which one it is: "d" has OID 5 there, and is marked. */
static void
see_server(struct past_marks *past)
{
    struct ring_mark mark = {.number = 1,
                             .what = RING_MARK_CARRIES,
                             .fields = 1,
                             .relation = 20001,
                             .gateway = "g",
                             .database = "d",
                             .system = 77,
                             .database_oid = 5};

    assert_int_equal(past_marks_see(past, &mark), 0);
    snprintf(mark.gateway, sizeof(mark.gateway), "other");
    mark.fields = 2; /* the same mark, by another name of the gateway */
    assert_int_equal(past_marks_see(past, &mark), 0);
    assert_int_equal(past->count, 1);
}

static void
a_database_keeps_its_marks_under_other_names(void **state PASU_UNUSED)
{
    static const struct {
        uint64_t system;
        uint32_t database;
        const char *gateway, *name;
        size_t count, written;
    } asks[] = {
        {77, 5, "renamed", "renamed", 1, 0}, /* which the ledger has */
        {77, 6, "g", "e", 1, 0},             /* maybe made from it; not yet seen to be there */
        {88, 5, "g", "d", 1, 1},             /* what it was upgraded to */
        {88, 5, "other", "e", 0, 0},
        {0, 5, "g", "d", 1, 1}, /* one that does not say */
        {0, 5, "x", "d", 0, 0},
    };
    struct past_marks past = {0};

    see_server(&past);
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        struct catalog_marks marks = {0};
        struct written w = {0};

        give(&past, asks[i].system, asks[i].database, asks[i].gateway, asks[i].name, &marks);
        assert_int_equal(marks.count, asks[i].count);
        assert_int_equal(record(&w, &marks), asks[i].written);
        catalog_marks_release(&marks);
    }
    past_marks_release(&past);
}

static void
what_came_with_a_template_is_written_once_it_is_seen(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {CATALOG_ROWS_SERVER,
                                              {ROWS_RELATIONS, "20001|w|t|r|p|f|f"}};
    static const struct catalog_row empty[] = {CATALOG_ROWS_SERVER};

    for (int is_there = 0; is_there < 2; is_there++) {
        struct catalog *c = is_there ? catalog_rows_snapshot(rows, COUNT_OF(rows))
                                     : catalog_rows_snapshot(empty, COUNT_OF(empty));
        struct catalog_marks marks = {0};
        struct past_marks past = {0};
        struct written w = {0};

        see_server(&past);
        give(&past, 77, 6, "g", "e", &marks);
        assert_int_equal(catalog_marks_settle(&marks, c), 0);
        assert_int_equal(marks.count, is_there);
        assert_int_equal(record(&w, &marks), is_there);
        catalog_release(c);
        catalog_marks_release(&marks);
        past_marks_release(&past);
    }
}

/* A database of which something is known was not made from another one since. */
static void
a_database_that_is_known_has_no_template(void **state PASU_UNUSED)
{
    struct ring_mark mark = {.what = RING_MARK_CARRIES,
                             .fields = 1,
                             .relation = 20002,
                             .gateway = "g",
                             .database = "e",
                             .system = 77,
                             .database_oid = 6};
    struct catalog_marks marks = {0};
    struct past_marks past = {0};

    see_server(&past);
    assert_int_equal(past_marks_see(&past, &mark), 0);
    give(&past, 77, 6, "g", "e", &marks);
    assert_int_equal(marks.count, 1);
    catalog_marks_release(&marks);
    past_marks_release(&past);
}

static struct ring_mark
mark_of(enum ring_mark_what what, uint64_t number, const char *name)
{
    struct ring_mark mark = {.what = (uint8_t)what, .number = number};
    bool is_carried = what == RING_MARK_CARRIES || what == RING_MARK_INTENDED;

    mark.fields = mark.kinds = is_carried ? 1 : 0;
    snprintf(mark.gateway, sizeof(mark.gateway), "g");
    snprintf(mark.database, sizeof(mark.database), "d");
    snprintf(mark.name, sizeof(mark.name), "%s", name);
    return mark;
}

/* A gate that dies before it knows what came of it leaves it, for as long as nobody forgets it. */
static void
what_is_intended_holds_until_it_is_over(void **state PASU_UNUSED)
{
    static const struct {
        enum ring_mark_what what;
        uint64_t number;
        const char *name;
        size_t left;
    } steps[] = {
        {RING_MARK_INTENDED, 5, "t", 1},  {RING_MARK_INTENDED, 5, "u", 2},
        {RING_MARK_INTENDED, 6, "t", 3},  {RING_MARK_OVER, 4, "", 3},
        {RING_MARK_OVER, 5, "", 1},       {RING_MARK_CARRIES, 7, "t", 2},
        {RING_MARK_FORGOTTEN, 6, "t", 2}, /* it was intended no earlier */
        {RING_MARK_FORGOTTEN, 8, "t", 0},
    };
    struct past_marks past = {0};

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        const struct ring_mark mark = mark_of(steps[i].what, steps[i].number, steps[i].name);

        assert_int_equal(past_marks_see(&past, &mark), 0);
        assert_int_equal(past.count, steps[i].left);
    }
    past_marks_release(&past);
}

/* ---- what mappings lose ---- */

static const struct catalog_mapping_field mapped[] = {{"name", 0}, {"phone", 1}};
static const struct catalog_mapping mappings[] = {{"public.customers", "id", 0, mapped, 2, {NULL}}};
static const char *const never[] = {"public.vault"};
static const struct catalog_policy policy = {
    .mappings = mappings, .mapping_count = 1, .never = never, .never_count = 1};

#define COLUMNS                                                                                    \
    {ROWS_COLUMNS, "20001|1|id|20"}, {ROWS_COLUMNS, "20001|2|name|25"},                            \
        {ROWS_COLUMNS, "20001|3|phone|25"}, {ROWS_COLUMNS, "20002|1|id|20"},                       \
    {                                                                                              \
        ROWS_COLUMNS, "20002|2|name|25"                                                            \
    }
#define VAULT                                                                                      \
    {                                                                                              \
        ROWS_RELATIONS, "20003|public|vault|r|p|f|f"                                               \
    }

static struct catalog *
snapshot(struct catalog *prior, const struct catalog_row *rows, size_t count)
{
    struct catalog *c = NULL;

    assert_int_equal(catalog_rows_build(&c, &policy, prior, NULL, 0, rows, count), 0);
    return c;
}

static void
check_marks(struct catalog_marks *marks, const struct catalog_mark *expected, size_t count)
{
    struct catalog_mark *list;
    size_t is;

    assert_int_equal(catalog_marks_list(marks, 7, &list, &is), 0);
    assert_int_equal(is, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].relation, expected[i].relation);
        assert_int_equal(list[i].column, expected[i].column);
        assert_int_equal(list[i].fields, expected[i].fields);
        assert_int_equal(list[i].kinds, expected[i].kinds);
    }
    memory_free(list);
}

static void
who_has_another_name_is_marked_by_its_number(void **state PASU_UNUSED)
{
    static const struct catalog_row before[] = {
        CATALOG_ROWS_SERVER, {ROWS_RELATIONS, "20001|public|customers|r|p|f|f"}, VAULT, COLUMNS};
    static const struct catalog_row moved[] = {CATALOG_ROWS_SERVER,
                                               {ROWS_RELATIONS, "20001|other|customers|r|p|f|f"},
                                               {ROWS_RELATIONS, "20003|public|opened|r|p|f|f"},
                                               COLUMNS};
    static const struct catalog_row renamed[] = {CATALOG_ROWS_SERVER,
                                                 {ROWS_RELATIONS, "20001|public|customers|r|p|f|f"},
                                                 VAULT,
                                                 {ROWS_COLUMNS, "20001|1|id|20"},
                                                 {ROWS_COLUMNS, "20001|2|called|25"},
                                                 {ROWS_COLUMNS, "20001|3|phone|25"}};
    static const struct catalog_mark of_moved[] = {{20001, NULL, NULL, 1, 1, 2, false, 0},
                                                   {20001, NULL, NULL, 2, 1, 3, false, 0},
                                                   {20003, NULL, NULL, 3, 1, 0, false, 0}};
    static const struct catalog_mark of_renamed[] = {{20001, NULL, NULL, 1, 1, 2, false, 0}};
    struct catalog_marks marks = {0};
    struct catalog *first = snapshot(NULL, before, COUNT_OF(before));
    struct catalog *c = snapshot(first, moved, COUNT_OF(moved));

    assert_int_equal(catalog_marks_keep(&marks, first, 7), 0);
    assert_int_equal(marks.count, 0);
    assert_int_equal(catalog_marks_keep(&marks, c, 7), 0);
    check_marks(&marks, of_moved, COUNT_OF(of_moved));
    catalog_marks_release(&marks);
    catalog_release(c);
    c = snapshot(first, renamed, COUNT_OF(renamed));
    assert_int_equal(catalog_marks_keep(&marks, c, 7), 0);
    check_marks(&marks, of_renamed, COUNT_OF(of_renamed));
    catalog_marks_release(&marks);
    catalog_release(c);
    catalog_release(first);
}

static void
a_part_keeps_what_its_parent_said(void **state PASU_UNUSED)
{
    static const struct catalog_row whole[] = {CATALOG_ROWS_SERVER,
                                               {ROWS_RELATIONS, "20001|public|customers|p|p|f|f"},
                                               {ROWS_RELATIONS, "20002|public|part|r|p|f|f"},
                                               {ROWS_INHERITS, "20002|20001"},
                                               COLUMNS};
    static const struct catalog_row parted[] = {CATALOG_ROWS_SERVER,
                                                {ROWS_RELATIONS, "20001|public|customers|p|p|f|f"},
                                                {ROWS_RELATIONS, "20002|public|part|r|p|f|f"},
                                                COLUMNS};
    static const struct catalog_mark expected[] = {{20002, NULL, NULL, 1, 1, 2, false, 0}};
    struct catalog_marks marks = {0};
    struct catalog *before = snapshot(NULL, whole, COUNT_OF(whole));
    struct catalog *now = snapshot(before, parted, COUNT_OF(parted));
    bool is_any;

    assert_int_equal(catalog_marks_lose(&marks, NULL, before, 7, &is_any), 0);
    assert_false(is_any);
    assert_int_equal(catalog_marks_lose(&marks, before, before, 7, &is_any), 0);
    assert_false(is_any);
    assert_int_equal(catalog_marks_lose(&marks, before, now, 7, &is_any), 0);
    assert_true(is_any);
    check_marks(&marks, expected, COUNT_OF(expected));
    catalog_marks_release(&marks);
    catalog_release(now);
    catalog_release(before);
}

static void
too_many_are_told(void **state PASU_UNUSED)
{
    struct ring_mark mark = {
        .what = RING_MARK_CARRIES, .fields = 1, .gateway = "g", .database = "d"};
    struct past_marks past = {0};
    int result = 0;

    for (mark.relation = 1; result == 0; mark.relation++)
        result = past_marks_see(&past, &mark);
    assert_int_equal(result, PASU_E_RANGE);
    assert_int_equal(past.count, mark.relation - 2);
    mark.relation = 1;
    assert_int_equal(past_marks_see(&past, &mark), 0); /* which is known */
    past_marks_release(&past);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_is_written_once_and_again_only_with_new_bits),
        cmocka_unit_test(what_finds_no_room_is_written_the_next_time),
        cmocka_unit_test(a_name_that_has_become_an_oid_is_forgotten_after_it),
        cmocka_unit_test(a_name_that_is_marked_again_before_it_is_forgotten_stays),
        cmocka_unit_test(what_is_gone_is_forgotten),
        cmocka_unit_test(a_mark_survives_what_forgot_it_before),
        cmocka_unit_test(each_database_gets_its_own_as_often_as_it_asks),
        cmocka_unit_test(a_database_keeps_its_marks_under_other_names),
        cmocka_unit_test(what_came_with_a_template_is_written_once_it_is_seen),
        cmocka_unit_test(a_database_that_is_known_has_no_template),
        cmocka_unit_test(what_is_intended_holds_until_it_is_over),
        cmocka_unit_test(who_has_another_name_is_marked_by_its_number),
        cmocka_unit_test(a_part_keeps_what_its_parent_said),
        cmocka_unit_test(too_many_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
