/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_shape.h"

#include "postgres/plan_distinct.h"
#include "postgres/plan_draft.h"
#include "postgres/plan_given.h"
#include "postgres/plan_group.h"
#include "postgres/plan_inline.h"
#include "postgres/plan_pin.h"
#include "postgres/plan_within.h"

/* ---- rows ---- */

enum shape_rows
shape_rows_of(const PgQuery__SelectStmt *select, const struct scope *scope)
{
    if (!scope || group_has_sets(select))
        return ROWS_ANY;
    if (select->n_group_clause > 0)
        return ROWS_GROUPED;
    if (*scope->has_aggregate || select->having_clause)
        return ROWS_ANY;
    return distinct_is(select) ? ROWS_GROUPED : ROWS_SINGLE;
}

/* ---- parts, as many as there are ---- */

uint8_t
shape_key_type(const struct output *output, uint8_t otherwise)
{
    enum { BIGINT = 20, SMALLINT = 21, INTEGER = 23 };
    const struct catalog_relation *relation = output->entry->relation;

    for (size_t i = 0; i < relation->column_count; i++)
        if (relation->columns[i].number == output->attribute)
            switch (relation->columns[i].type) {
            case BIGINT:
                return CATALOG_KEY_INT8;
            case SMALLINT:
                return CATALOG_KEY_INT2;
            case INTEGER:
                return CATALOG_KEY_INT4;
            default:
                return otherwise;
            }
    return otherwise;
}

/* Each column of the key, of the same row; -1 where it is not shown. */
static int
output_of(const struct shape *shape, const struct direct *direct, int16_t attribute)
{
    int at = 0;

    for (const struct output *o = shape->columns->first; o && at < UINT16_MAX; o = o->next, at++)
        if (o->entry == direct->entry && o->attribute == attribute && !o->is_written)
            return at;
    return -1;
}

/* A part's key is these columns; false where one of them is not there. */
static bool
use_tuple(const struct catalog_show *show, const int columns[CATALOG_KEY_PARTS_MAX],
          enum plan_source source, struct plan_part *part)
{
    struct plan_tuple tuple = {.count = show->key_part_count};
    uint16_t last = 0;

    for (size_t i = 0; i < tuple.count; i++) {
        if (columns[i] < 0)
            return false;
        tuple.types[i] = show->key_part_types[i];
        tuple.columns[i] = (uint16_t)columns[i];
        tuple.attributes[i] = show->key_parts[i];
        last = tuple.columns[i] > last ? tuple.columns[i] : last;
    }
    part->source = (uint8_t)source;
    part->why = source == SOURCE_OUTPUT ? WHY_SHOWN : WHY_HIDDEN;
    part->column = last;
    part->tuple = tuple;
    return true;
}

static bool
use_outputs(const struct shape *shape, const struct direct *direct, struct plan_part *part)
{
    const struct catalog_show *show = direct->show;
    int columns[CATALOG_KEY_PARTS_MAX];

    /* Rows that are equal to a group's need not have the same bytes. */
    if (shape->rows != ROWS_SINGLE && show->is_key_loose)
        return false;
    for (size_t i = 0; i < show->key_part_count; i++)
        columns[i] = output_of(shape, direct, show->key_parts[i]);
    return use_tuple(show, columns, SOURCE_OUTPUT, part);
}

/* The key itself, or a column that is equal to it in every row. */
static bool
use_output(const struct plan_work *work, const struct shape *shape, const struct direct *direct,
           struct plan_part *part)
{
    uint16_t at = 0;

    if (shape->columns->is_open || shape->rows == ROWS_ANY || work->environment->asks_keys)
        return false;
    if (direct->show->key_part_count > 0)
        return use_outputs(shape, direct, part);
    for (const struct output *o = shape->columns->first; o; o = o->next, at++) {
        if (!o->entry || !o->entry->relation || o->is_written ||
            !scope_is_equal(shape->scope, o->entry, o->attribute, direct->entry,
                            direct->show->key_column))
            continue;
        part->source = SOURCE_OUTPUT;
        part->why = WHY_SHOWN;
        part->column = at;
        part->key_relation = o->entry->relation->oid;
        part->key_attribute = o->attribute;
        part->key_type = shape_key_type(o, direct->show->key_type);
        return true;
    }
    return false;
}

/* All of them, or none. */
static bool
hide_parts(struct plan_work *work, const struct shape *shape, const struct direct *direct,
           struct plan_part *part)
{
    struct injection *injection = shape->injection, before;
    struct addition result;
    int columns[CATALOG_KEY_PARTS_MAX];

    if (!injection || work->environment->asks_keys)
        return false;
    before = *injection;
    result = *injection->result;
    for (size_t i = 0; i < direct->show->key_part_count; i++)
        columns[i] =
            injection_add(work, injection, shape->scope, direct->entry, direct->show->key_parts[i]);
    if (use_tuple(direct->show, columns, SOURCE_HIDDEN, part))
        return true;
    *injection->result = result;
    *injection = before;
    return false;
}

/* Rows say of which table they are, where the server will not. */
static bool
use_origin(struct plan_work *work, const struct shape *shape, const struct direct *direct,
           struct plan_part *part)
{
    int column = injection_add_expression(
        shape->injection, shape->injection->result,
        injection_of_table(work, shape->scope, direct->entry, direct->show->key_column, true));

    part->has_origin = column >= 0;
    part->origin = (uint16_t)column;
    return part->has_origin;
}

/* Where the name can mean others: each row has what it means beside the key. */
static bool
use_guarded(struct plan_work *work, const struct shape *shape, const struct direct *direct,
            struct plan_part *part)
{
    struct injection *injection = shape->injection, before;
    struct addition result;
    int column, origin;

    if (!injection || work->environment->asks_keys)
        return false;
    before = *injection;
    result = *injection->result;
    column = injection_add_expression(
        injection, injection->result,
        injection_guarded(work, shape->scope, direct->entry, direct->show->key_column));
    origin = column < 0 ? -1
                        : injection_add_expression(injection, injection->result,
                                                   injection_meaning(work, direct->entry->range));
    if (origin < 0) {
        *injection->result = result;
        *injection = before;
        return false;
    }
    part->source = SOURCE_HIDDEN;
    part->why = WHY_HIDDEN;
    part->column = (uint16_t)column;
    part->has_origin = true;
    part->origin = (uint16_t)origin;
    return true;
}

static bool
use_hidden(struct plan_work *work, const struct shape *shape, const struct direct *direct,
           struct plan_part *part)
{
    bool is_tuple = direct->show->key_part_count > 0;
    int column = -1;

    if (shape->rows == ROWS_SINGLE && is_tuple && hide_parts(work, shape, direct, part))
        return true;
    if (shape->rows == ROWS_SINGLE && !is_tuple && direct->entry->is_guarded &&
        use_guarded(work, shape, direct, part))
        return true;
    if (shape->rows == ROWS_SINGLE && !is_tuple)
        column = injection_add(work, shape->injection, shape->scope, direct->entry,
                               direct->show->key_column);
    part->why = shape->rows == ROWS_ANY       ? WHY_AGGREGATED
                : shape->rows == ROWS_GROUPED ? WHY_GROUPED
                                              : work->why;
    if (column < 0)
        return false;
    part->source = SOURCE_HIDDEN;
    part->why = WHY_HIDDEN;
    part->column = (uint16_t)column;
    return !work->environment->asks_keys || use_origin(work, shape, direct, part);
}

/* A pin says nothing of rows of a temporary table that has taken the name: that none has shows in
 * the origin of a column that comes with it, or the name says it. */
static bool
is_provable(const struct shape *shape, const struct entry *entry)
{
    if (entry->is_certain)
        return true;
    for (const struct output *o = shape->columns->first; o; o = o->next)
        if (o->entry == entry)
            return true;
    return false;
}

static void
choose_source(struct plan_work *work, const struct shape *shape, const struct direct *direct,
              struct plan_part *part)
{
    struct pins pins = {0};
    bool can_pin;

    if (shape->takes_pins && shape->scope)
        pins = pins_of(work, shape->scope, direct);
    part->pins = pins.pins;
    part->pin_count = pins.count;
    part->are_pins_parts = pins.are_parts;
    for (size_t i = 0; pins.are_parts && i < pins.count; i++)
        part->pin_types[i] = direct->show->key_part_types[i];
    part->is_one_per_row = shape->rows == ROWS_SINGLE;
    part->is_grouped = shape->rows == ROWS_GROUPED;
    can_pin = pins.count > 0 && shape->rows != ROWS_ANY && is_provable(shape, direct->entry);
    part->source = SOURCE_BOUND;
    part->why = WHY_KEY_TYPE;
    if (direct->show->key_type == CATALOG_KEY_NONE)
        return;
    if (use_output(work, shape, direct, part))
        /* A group has one key, or none: then it can be of any number of persons. */
        part->is_one_per_row = shape->rows == ROWS_SINGLE;
    else if ((can_pin && pins_are_one(&pins)) ||
             (!use_hidden(work, shape, direct, part) && can_pin)) {
        part->source = SOURCE_PINNED;
        part->why = WHY_PINNED;
    }
}

/* Each column of the result is one item of the list. */
static bool
has_groups(const struct shape *shape)
{
    return shape->groups && shape->injection && !shape->columns->is_open &&
           shape->columns->count == shape->groups->n_target_list;
}

static void
draft_direct(struct plan_work *work, const struct shape *shape, struct draft *draft)
{
    for (size_t i = 0; i < work->direct_count; i++) {
        const struct direct *direct = &work->direct[i];
        struct plan_part *part = &draft->parts[draft->count];

        *part = draft_part(work, i);
        draft_fill(work, shape->columns, &(struct share){.of = OF_DIRECT, .at = i}, part);
        if (part->fields == 0)
            continue;
        choose_source(work, shape, direct, part);
        if (part->source != SOURCE_BOUND || part->key_type == CATALOG_KEY_NONE ||
            !has_groups(shape) || !draft_groups(work, shape, i, draft)) {
            if (part->source == SOURCE_BOUND && has_groups(shape))
                (void)given_direct(work, shape, i, part);
            draft->count++;
        }
    }
}

/* ---- what is bound ---- */

static uint64_t
tables_of(const struct plan_work *work, unsigned kind)
{
    uint64_t of_kind = 0;

    for (size_t i = 0; i < work->inner_count; i++)
        if (work->inner_kinds[i] == kind)
            of_kind |= UINT64_C(1) << i;
    return of_kind;
}

bool
shape_is_of_one(const struct plan_work *work, const struct carry *carry)
{
    for (size_t i = 0; i < PLAN_PARTS_MAX; i++)
        if (carry->direct[i] != 0)
            return false;
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++)
        if (carry->bound.fields[kind] != 0 || within_has_groups(work, carry->tables) ||
            __builtin_popcountll(carry->tables & tables_of(work, kind)) > 1)
            return false;
    return true;
}

bool
shape_is_one_each(const struct plan_work *work, const struct carry *carry)
{
    unsigned count[CATALOG_KINDS_MAX] = {0};

    if (reach_fields(&carry->bound) != 0 || within_has_groups(work, carry->tables))
        return false;
    for (size_t i = 0; i < work->direct_count; i++)
        count[work->direct[i].show->kind % CATALOG_KINDS_MAX] += carry->direct[i] != 0;
    for (size_t i = 0; i < work->inner_count; i++)
        count[work->inner_kinds[i] % CATALOG_KINDS_MAX] += carry->tables >> i & 1;
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++)
        if (count[kind] > 1)
            return false;
    return true;
}

/* Of how many tables inside all that is shown of a kind is, of one row of each; 0: of any number.
 */
static unsigned
count_tables(const struct plan_work *work, const struct outputs *columns, unsigned kind)
{
    uint64_t tables = columns->rest.tables, of_kind = tables_of(work, kind);
    uint64_t bound = columns->rest.bound.fields[kind];

    for (const struct output *o = columns->first; o; o = o->next)
        if (o->carry) {
            tables |= o->carry->tables;
            bound |= o->carry->bound.fields[kind];
        }
    return bound == 0 && !within_has_groups(work, tables & of_kind)
               ? (unsigned)__builtin_popcountll(tables & of_kind)
               : 0;
}

static void
draft_bound(struct plan_work *work, const struct outputs *columns, struct draft *draft)
{
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++) {
        struct plan_part *part = &draft->parts[draft->count];
        bool is_known = draft->known >> kind & 1;
        struct share share = {.of = is_known ? OF_REST : OF_BOUND, .kind = (uint8_t)kind};
        unsigned most = is_known ? 0 : count_tables(work, columns, kind);

        *part = (struct plan_part){.kind = (uint8_t)kind,
                                   .source = SOURCE_BOUND,
                                   .why = WHY_INSIDE,
                                   .is_one_per_row = most == 1,
                                   .most_per_row = (uint8_t)most};
        draft_fill(work, columns, &share, part);
        draft->count += part->fields != 0;
    }
}

/* ---- so many as there is room for ---- */

/* Joins part `b` into part `a`, of the same kind: both are bound then, and of no one table. */
static void
unite(struct plan_work *work, const struct outputs *columns, struct draft *draft, size_t a,
      size_t b)
{
    struct plan_part united = {
        .kind = draft->parts[a].kind, .source = SOURCE_BOUND, .why = WHY_UNITED};
    struct plan_column *kept = NULL;
    size_t count = draft->parts[a].column_count + draft->parts[b].column_count;
    const struct plan_part *parts[2] = {&draft->parts[a], &draft->parts[b]};

    united.fields = parts[0]->fields | parts[1]->fields;
    if (count > 0 && !columns->is_open)
        kept = arena_new(work->keep, count, sizeof(*kept));
    for (size_t i = 0; kept && i < 2; i++)
        for (size_t k = 0; k < parts[i]->column_count; k++)
            kept[united.column_count++] = parts[i]->columns[k];
    united.columns = kept;
    draft->parts[a] = united;
    draft->count--;
    for (size_t i = b; i < draft->count; i++)
        draft->parts[i] = draft->parts[i + 1];
}

/* The weakest first: what is bound, then what is named. With more kinds than there is room for, the
 * last part takes all of the rest. */
static bool
unite_one(struct plan_work *work, const struct outputs *columns, struct draft *draft)
{
    for (int source = SOURCE_BOUND; source >= SOURCE_OUTPUT; source--)
        for (size_t b = draft->count; b-- > 1;)
            for (size_t a = b; a-- > 0;)
                if (draft->parts[a].kind == draft->parts[b].kind &&
                    draft->parts[b].source == source && draft->parts[a].source >= source) {
                    unite(work, columns, draft, a, b);
                    return true;
                }
    return false;
}

static void
settle(struct plan_work *work, const struct outputs *columns, struct draft *draft)
{
    while (draft->count > PLAN_PARTS_MAX)
        if (!unite_one(work, columns, draft))
            unite(work, columns, draft, draft->count - 2, draft->count - 1);
}

void
shape_parts(struct plan_work *work, const struct shape *shape, struct plan_statement *statement)
{
    const struct outputs *columns = shape->columns;
    struct draft draft = {.count = 0};

    if (shape->injection && !columns->is_open)
        shape->injection->column_count = columns->count;
    draft_direct(work, shape, &draft);
    draft_windows(work, shape, &draft);
    draft_pools(work, shape, &draft);
    draft_sublinks(work, shape, &draft);
    draft_inner(work, shape, &draft);
    draft_bound(work, columns, &draft);
    settle(work, columns, &draft);
    memcpy(statement->parts, draft.parts, draft.count * sizeof(draft.parts[0]));
    statement->part_count = draft.count;
    statement->has_columns = !columns->is_open && columns->count <= UINT16_MAX;
    statement->column_count = (uint16_t)columns->count;
    statement->is_assumed = work->is_assumed;
    if (work->environment->names_columns && statement->has_columns)
        statement->outputs = outputs_tell(work, columns);
    statement->hidden_count = (uint8_t)injection_count(shape->injection);
    inline_settle(work, shape->injection, columns, statement);
    statement->flags |= columns->rest.flags;
    for (const struct output *o = columns->first; o; o = o->next)
        if (o->carry)
            statement->flags |= o->carry->flags;
}

void
shape_bound(struct plan_work *work PASU_UNUSED, const struct reach *reach,
            struct plan_statement *statement)
{
    statement->part_count = 0;
    statement->has_columns = false;
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++) {
        if (reach->fields[kind] == 0)
            continue;
        if (statement->part_count == PLAN_PARTS_MAX) {
            statement->parts[PLAN_PARTS_MAX - 1].fields |= reach->fields[kind];
            continue;
        }
        statement->parts[statement->part_count++] =
            (struct plan_part){.kind = (uint8_t)kind,
                               .source = SOURCE_BOUND,
                               .why = WHY_UNFOLLOWED,
                               .fields = reach->fields[kind]};
    }
}

void
shape_bound_columns(struct plan_work *work, const struct reach *reach, size_t count,
                    struct plan_statement *statement)
{
    shape_bound(work, reach, statement);
    for (size_t i = 0; i < statement->part_count; i++) {
        struct plan_part *part = &statement->parts[i];
        struct plan_column *columns = arena_new(work->keep, count, sizeof(*columns));

        if (!columns)
            return;
        for (size_t k = 0; k < count; k++)
            columns[k] = (struct plan_column){.column = (uint16_t)k, .fields = part->fields};
        part->columns = columns;
        part->column_count = count;
    }
    statement->has_columns = true;
    statement->column_count = (uint16_t)count;
}
