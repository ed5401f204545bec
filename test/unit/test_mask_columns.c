/* SPDX-License-Identifier: Apache-2.0 */
/* Which columns are masked, and how: in part only where nothing but whole values can be there. */
#include "gate/mask.h"

#include "big_stack.h"
#include "gate/showing_table.h"
#include "gate_stand.h"
#include "policy/looks.h"
#include "small_shop.h"

enum { CUSTOMERS = 20001, TEXT = 25, INTEGER = 23, ROW_SIZE = 1024 };

/* A column as RowDescription has it. */
struct column {
    uint32_t relation;
    int16_t attribute;
    uint32_t type;
};

static struct catalog *catalog;
static struct showing_table table;
static struct mask mask;

static int
start(void **state)
{
    static const char *const fields[] = {"name", "phone", "order"};
    static const struct catalog_row rows[] = {SHOP};
    int result = make_stand(state);
    struct vocabulary *names;

    if (result != 0)
        return result;
    names = &((struct stand *)*state)->settings->vocabulary;
    names->field_count = COUNT_OF(fields);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        snprintf(names->fields[i], sizeof(names->fields[i]), "%s", fields[i]);
    return catalog_rows_build(&catalog, &policy, NULL, NULL, 0, rows, COUNT_OF(rows));
}

static int
stop(void **state)
{
    showing_table_release(&table);
    mask_release(&mask);
    catalog_release(catalog);
    return remove_stand(state);
}

/* A result of that statement is under way. */
static void
open_result(struct stand *t, const char *sql, const struct column *columns, size_t count)
{
    const struct plan_environment environment = {
        .catalog = catalog, .role = "app", .is_plain_dialect = true, .may_inject = true};
    struct result *r = &t->observer.result;
    uint8_t body[ROW_SIZE];
    struct writer w = writer_of(body, sizeof(body));

    writer_u16(&w, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        writer_bytes(&w, "c", 2);
        writer_u32(&w, columns[i].relation);
        writer_u16(&w, (uint16_t)columns[i].attribute);
        writer_u32(&w, columns[i].type);
        writer_u16(&w, UINT16_MAX);
        writer_u32(&w, UINT32_MAX);
        writer_u16(&w, 0);
    }
    assert_true(writer_end(&w) > 0);
    *r = (struct result){.is_open = true};
    assert_int_equal(plan_new(&r->plan, view_of_text(sql), &environment), 0);
    r->statement = &r->plan->statements[0];
    assert_int_equal(showing_table_get(&table, r->plan, r->statement,
                                       view_of(body, writer_length(&w)), VIEW(""), false,
                                       &r->showing),
                     0);
}

static void
close_result(struct stand *t)
{
    showing_entry_release(t->observer.result.showing);
    plan_release(t->observer.result.plan);
    t->observer.result = (struct result){0};
}

/* How each visible column is masked, as a letter. */
static const char *
masked(struct stand *t, uint64_t fields)
{
    static const char letters[] = {
        [MASK_NOT] = '-', [MASK_NULL] = '0', [MASK_FULLY] = '*', [MASK_BY_LOOK] = 'p'};
    static char text[SHOWING_COLUMNS_MAX + 1];
    const struct showing *s = t->observer.result.showing->showing;
    size_t n = 0;

    assert_int_equal(mask_columns_set(&mask, &t->session, fields), 0);
    for (size_t c = s->hidden_count; c < s->column_count; c++)
        text[n++] = letters[mask.columns[c].how];
    text[n] = '\0';
    return text;
}

static const struct column key = {CUSTOMERS, 1, INTEGER}, name = {CUSTOMERS, 2, TEXT},
                           phone = {CUSTOMERS, 3, TEXT}, made = {0, 0, TEXT},
                           number = {0, 0, INTEGER};

/* "SELECT id, name": how the name is masked. */
static char
name_masked(struct stand *t)
{
    char how;

    open_result(t, "SELECT id, name FROM customers", (struct column[]){key, name}, 2);
    mask_note(&t->session);
    how = masked(t, NAME)[1];
    close_result(t);
    return how;
}

static void
columns_are_masked_by_their_fields(void **state)
{
    struct stand *t = *state;

    /* an origin is that of a column as it is stored; without one SQL has made it */
    open_result(t, "SELECT id, name, phone, name, phone FROM customers",
                (struct column[]){key, name, made, number, phone}, 5);
    assert_string_equal(masked(t, NAME), "-p-0-");
    assert_int_equal(mask.columns[1].look, LOOK_NAME);
    assert_string_equal(masked(t, PHONE), "--*-p");
    assert_int_equal(mask.columns[4].look, LOOK_PHONE);
    assert_string_equal(masked(t, UINT64_MAX), "-p*0p");
    assert_string_equal(masked(t, 0), "-----");
    assert_int_equal(mask_visible(t->observer.result.showing, 0, 0), NAME | PHONE);
    assert_int_equal(mask_visible(t->observer.result.showing, 0, NAME), PHONE);
    assert_int_equal(mask_visible(t->observer.result.showing, 0, UINT64_MAX), 0);
    close_result(t);
    /* what shows two fields shows none of them once one is masked */
    open_result(t, "SELECT c FROM customers c", (struct column[]){made}, 1);
    assert_string_equal(masked(t, PHONE), "*");
    assert_int_equal(mask_visible(t->observer.result.showing, 0, PHONE), 0);
    assert_int_equal(mask_visible(t->observer.result.showing, 0, ORDER), NAME | PHONE);
    close_result(t);
}

static void
no_piece_is_left_of_what_may_be_a_piece(void **state)
{
    struct stand *t = *state;
    struct observer *o = &t->observer;
    static const struct plan_statement statements[] = {
        {.writes = WRITES_NOTHING, .writes_values = true},
        {.writes = WRITES_NOTHING, .moved_fields = 1},
        {.writes = WRITES_NOTHING, .flags = PLAN_MARKS},
        {.writes = WRITES_ANY},
    };

    assert_int_equal(name_masked(t), 'p');
    for (size_t i = 0; i < COUNT_OF(statements); i++) {
        o->has_moved = o->may_have_moved = false;
        mask_note_done(&t->session,
                       &(struct plan_statement){.writes = WRITES_ROWS, .flags = PLAN_PROBE});
        assert_int_equal(name_masked(t), 'p');
        mask_note_done(&t->session, &statements[i]);
        assert_int_equal(name_masked(t), '*');
        assert_int_equal(o->may_have_moved, statements[i].writes == WRITES_ANY);
    }
    o->has_moved = o->may_have_moved = false;
    open_result(t, "SELECT id, name FROM customers", (struct column[]){key, name}, 2);
    o->result.is_unknown = true;
    assert_string_equal(masked(t, NAME), "-*");
    o->result.is_unknown = false;
    o->result.is_doubtful = true;
    assert_string_equal(masked(t, NAME), "-*");
    o->result.is_doubtful = false;
    assert_string_equal(masked(t, NAME), "-p");
    close_result(t);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(columns_are_masked_by_their_fields, start, stop),
        cmocka_unit_test_setup_teardown(no_piece_is_left_of_what_may_be_a_piece, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
