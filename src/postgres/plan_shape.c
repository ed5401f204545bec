/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_shape.h"

#include "postgres/plan_group.h"
#include "postgres/plan_pin.h"

/* ---- rows ---- */

static bool
has_grouping_sets(const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < select->n_group_clause; i++)
        if (select->group_clause[i]->node_case == PG_QUERY__NODE__NODE_GROUPING_SET)
            return true;
    return false;
}

/* DISTINCT without ON is a list of one node that is nothing. */
static bool
is_distinct(const PgQuery__SelectStmt *select)
{
    return select->n_distinct_clause == 1 &&
           (!select->distinct_clause[0] ||
            select->distinct_clause[0]->node_case == PG_QUERY__NODE__NODE__NOT_SET);
}

enum shape_rows
shape_rows_of(const PgQuery__SelectStmt *select, const struct scope *scope)
{
    if (!scope || has_grouping_sets(select))
        return ROWS_ANY;
    if (select->n_group_clause > 0)
        return ROWS_GROUPED;
    if (*scope->has_aggregate || select->having_clause)
        return ROWS_ANY;
    return is_distinct(select) ? ROWS_GROUPED : ROWS_SINGLE;
}

/* ---- parts, as many as there are ---- */

enum { DRAFTS_MAX = PLAN_PARTS_MAX + CATALOG_KINDS_MAX };

/* Parts before there is room for so many only. */
struct draft {
    struct plan_part parts[DRAFTS_MAX];
    size_t count;
    uint64_t known; /* kinds of which all tables further inside are parts of their own */
};

/* What of a carry a part is made of. */
enum of { OF_DIRECT, OF_TABLE, OF_BOUND, OF_REST };

struct share {
    enum of of;
    size_t at; /* place in work->direct; the table's bit */
    uint8_t kind;
};

static uint64_t
fields_in(const struct carry *carry, const struct share *share)
{
    if (!carry)
        return 0;
    switch (share->of) {
    case OF_DIRECT:
        return carry->direct[share->at];
    case OF_TABLE:
        return carry->own[share->at];
    case OF_REST: /* beside what is known of tables further inside */
        return carry->bound.fields[share->kind];
    case OF_BOUND:
        break;
    }
    return carry->bound.fields[share->kind] | carry->inner.fields[share->kind];
}

/* Whether fields of that table are in a column that may be another's. */
static bool
is_lent(const struct plan_work *work, const struct output *output, const struct share *share)
{
    return share->of == OF_TABLE ||
           (share->of == OF_DIRECT && output->entry != work->direct[share->at].entry);
}

static void
fill_columns(struct plan_work *work, const struct outputs *columns, const struct share *share,
             struct plan_part *part)
{
    struct plan_column *kept;
    size_t count = 0;
    uint16_t at = 0;

    for (const struct output *o = columns->first; o; o = o->next) {
        uint64_t fields = fields_in(o->carry, share);

        part->fields |= fields;
        if (is_lent(work, o, share))
            part->loose_fields |= fields;
        count += fields != 0;
    }
    if (columns->is_open) {
        part->loose_fields |= fields_in(&columns->rest, share);
        part->fields |= part->loose_fields;
        return;
    }
    if (count == 0)
        return;
    kept = arena_new(work->keep, count, sizeof(*kept));
    if (!kept)
        return;
    part->columns = kept;
    for (const struct output *o = columns->first; o; o = o->next, at++) {
        uint64_t fields = fields_in(o->carry, share);

        if (fields)
            kept[part->column_count++] = (struct plan_column){at, is_lent(work, o, share), fields};
    }
}

static uint8_t
key_type_of(const struct output *output, uint8_t otherwise)
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

/* The key itself, or a column that is equal to it in every row. */
static bool
use_output(const struct shape *shape, const struct direct *direct, struct plan_part *part)
{
    uint16_t at = 0;

    if (shape->columns->is_open || shape->rows == ROWS_ANY)
        return false;
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
        part->key_type = key_type_of(o, direct->show->key_type);
        return true;
    }
    return false;
}

static bool
use_hidden(struct plan_work *work, const struct shape *shape, const struct direct *direct,
           struct plan_part *part)
{
    int column = shape->rows == ROWS_SINGLE ? injection_add(work, shape->injection, shape->scope,
                                                            direct->entry, direct->show->key_column)
                                            : -1;

    part->why = shape->rows == ROWS_ANY       ? WHY_AGGREGATED
                : shape->rows == ROWS_GROUPED ? WHY_GROUPED
                                              : work->why;
    if (column < 0)
        return false;
    part->source = SOURCE_HIDDEN;
    part->why = WHY_HIDDEN;
    part->column = (uint16_t)column;
    return true;
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
    part->is_one_per_row = shape->rows == ROWS_SINGLE;
    can_pin = pins.count > 0 && shape->rows != ROWS_ANY && is_provable(shape, direct->entry);
    part->source = SOURCE_BOUND;
    part->why = WHY_KEY_TYPE;
    if (direct->show->key_type == CATALOG_KEY_NONE)
        return;
    if (use_output(shape, direct, part))
        /* A group has one key, or none: then it can be of any number of persons. */
        part->is_one_per_row = shape->rows == ROWS_SINGLE;
    else if ((can_pin && pins_are_one(&pins)) ||
             (!use_hidden(work, shape, direct, part) && can_pin)) {
        part->source = SOURCE_PINNED;
        part->why = WHY_PINNED;
    }
}

/* ---- groups ---- */

/* The part among those behind `first` whose keys these are, made if there is none; NULL where there
 * is no room. */
static struct plan_part *
part_of_keys(struct draft *draft, size_t first, const struct plan_part *like,
             const struct group_keys *keys)
{
    struct plan_part *part = &draft->parts[first];

    for (; part < &draft->parts[draft->count]; part++)
        if (part->column == keys->keys && part->origin == (uint16_t)keys->origin)
            return part;
    if (draft->count >= PLAN_PARTS_MAX)
        return NULL;
    *part = *like;
    part->source = SOURCE_HIDDEN;
    part->why = WHY_HIDDEN;
    part->is_array = true;
    part->is_one_per_row = false;
    part->column = (uint16_t)keys->keys;
    part->has_origin = keys->origin >= 0;
    part->origin = (uint16_t)keys->origin;
    part->fields = part->loose_fields = 0;
    part->columns = NULL;
    part->column_count = 0;
    draft->count++;
    return part;
}

static bool
add_to_part(struct plan_work *work, struct plan_part *part, const struct plan_column *column)
{
    struct plan_column *columns = arena_new(work->keep, part->column_count + 1, sizeof(*columns));

    if (!columns)
        return false;
    if (part->column_count > 0)
        memcpy(columns, part->columns, part->column_count * sizeof(*columns));
    columns[part->column_count++] = *column;
    part->columns = columns;
    part->fields |= column->fields;
    part->loose_fields |= column->is_lent ? column->fields : 0;
    return true;
}

/* In the place of one part of a table, one for each of the arrays that its columns' persons are in.
 * False where it stays as it is. */
static bool
use_groups(struct plan_work *work, const struct shape *shape, size_t direct, struct draft *draft)
{
    const struct plan_part like = draft->parts[draft->count];
    struct injection before = *shape->injection;
    struct addition result = *shape->injection->result;
    size_t first = draft->count;
    bool is_taken = like.column_count > 0;

    for (size_t i = 0; is_taken && i < like.column_count; i++) {
        const struct plan_column *column = &like.columns[i];
        struct plan_part *part = NULL;
        struct group_keys keys;

        if (group_take(work, shape->injection, shape->scope, direct,
                       shape->groups->target_list[column->column], &keys))
            part = part_of_keys(draft, first, &like, &keys);
        is_taken = part && add_to_part(work, part, column);
    }
    if (is_taken)
        return true;
    *shape->injection->result = result;
    *shape->injection = before;
    draft->parts[first] = like;
    draft->count = first;
    return false;
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

        *part = (struct plan_part){
            .kind = direct->show->kind % CATALOG_KINDS_MAX,
            .source = SOURCE_BOUND,
            .key_type = direct->show->key_type,
            .is_key_unique = direct->show->is_key_unique,
            .key_relation = direct->entry->relation->oid,
            .key_attribute = direct->show->key_column,
            .relation = direct->entry->relation->oid,
            .show = (uint16_t)(direct->show - direct->entry->relation->shows),
            .is_relation_alone = entry_is_alone(work, direct->entry->relation),
            .is_relation_certain = direct->entry->is_certain,
        };
        fill_columns(work, shape->columns, &(struct share){.of = OF_DIRECT, .at = i}, part);
        if (part->fields == 0)
            continue;
        choose_source(work, shape, direct, part);
        if (part->source != SOURCE_BOUND || part->key_type == CATALOG_KEY_NONE ||
            !has_groups(shape) || !use_groups(work, shape, i, draft))
            draft->count++;
    }
}

/* ---- tables further inside ---- */

/* The tables that a bit stands for; UINT64_MAX: some of them have no share of their own. */
static uint64_t
tables_behind(const struct plan_work *work, unsigned bit)
{
    const struct inner *inner = &work->inner[bit];
    uint64_t tables = 0;

    if (inner->entry)
        return bit < CARRY_OWN_MAX ? UINT64_C(1) << bit : UINT64_MAX;
    for (unsigned arm = 0; arm < bit; arm++) /* what is united was there before */
        if (inner->arms >> arm & 1)
            tables |= tables_behind(work, arm);
    return inner->arms == 0 ? UINT64_MAX : tables;
}

/* All tables of a kind of which a result shows something. */
static uint64_t
tables_of_kind(const struct plan_work *work, const struct outputs *columns, unsigned kind)
{
    uint64_t shown = 0, tables = 0;

    for (const struct output *o = columns->first; o; o = o->next)
        if (o->carry)
            shown |= o->carry->tables;
    for (unsigned bit = 0; bit < work->inner_count; bit++)
        if (work->inner_kinds[bit] == kind && shown >> bit & 1)
            tables |= tables_behind(work, bit);
    return tables;
}

/* The server says that the key is a view's. */
static bool
use_view(const struct output *output, struct plan_part *part)
{
    if (!output->view->relation || !output->view->is_only)
        return false;
    part->key_relation = output->view->relation->oid;
    part->key_attribute = output->view_attribute;
    return true;
}

/* The key itself, where it is in the result; the server must say so. */
static bool
use_inner_output(const struct outputs *columns, uint64_t table, struct plan_part *part)
{
    uint16_t at = 0;

    for (const struct output *o = columns->first; o; o = o->next, at++)
        if (o->keys & table) {
            part->source = SOURCE_OUTPUT;
            part->why = WHY_SHOWN;
            part->column = at;
            return !o->view || use_view(o, part);
        }
    return false;
}

static bool
use_inner_hidden(struct plan_work *work, const struct shape *shape, uint64_t table,
                 struct plan_part *part)
{
    struct taken_key taken;

    if (!shape->injection ||
        !key_take(work, shape->injection, shape->columns->query, table, &taken))
        return false;
    part->source = SOURCE_HIDDEN;
    part->why = WHY_HIDDEN;
    part->column = (uint16_t)taken.key;
    part->has_origin = taken.origin >= 0;
    if (taken.view)
        return use_view(taken.view, part);
    if (!part->has_origin)
        return true;
    part->origin = (uint16_t)taken.origin;
    if (part->key_type < CATALOG_KEY_NUMERIC) /* as a UNION ALL has it */
        part->key_type = CATALOG_KEY_INT8;
    return true;
}

/* The part of one of them. */
static bool
draft_table(struct plan_work *work, const struct shape *shape, unsigned bit, struct draft *draft)
{
    const struct inner *inner = &work->inner[bit];
    const struct catalog_relation *relation = inner->entry->relation;
    struct plan_part *part = &draft->parts[draft->count];

    *part = (struct plan_part){
        .kind = inner->show->kind % CATALOG_KINDS_MAX,
        .key_type = inner->show->key_type,
        .is_one_per_row = true,
        .is_derived = true,
        .is_key_unique = inner->show->is_key_unique,
        .key_relation = relation->oid,
        .key_attribute = inner->show->key_column,
        .relation = relation->oid,
        .show = (uint16_t)(inner->show - relation->shows),
        .is_relation_certain = inner->entry->is_certain,
    };
    fill_columns(work, shape->columns, &(struct share){.of = OF_TABLE, .at = bit}, part);
    if (part->fields == 0)
        return true;
    if (draft->count >= PLAN_PARTS_MAX || part->key_type == CATALOG_KEY_NONE)
        return false;
    if (!use_inner_output(shape->columns, UINT64_C(1) << bit, part) &&
        !use_inner_hidden(work, shape, UINT64_C(1) << bit, part))
        return false;
    draft->count++;
    return true;
}

/* All of a kind, or none: what is left would be bound by all of them. */
static bool
draft_kind(struct plan_work *work, const struct shape *shape, unsigned kind, struct draft *draft)
{
    uint64_t tables = tables_of_kind(work, shape->columns, kind);

    if (tables == 0 || tables == UINT64_MAX)
        return false;
    for (unsigned bit = 0; bit < CARRY_OWN_MAX; bit++)
        if (tables >> bit & 1 && !draft_table(work, shape, bit, draft))
            return false;
    draft->known |= UINT64_C(1) << kind;
    return true;
}

/* Kind by kind. False where columns were added in vain. */
static bool
draft_kinds(struct plan_work *work, const struct shape *shape, struct draft *draft)
{
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++) {
        size_t numbers = shape->injection ? shape->injection->numbers : 0;
        struct draft tried = *draft;

        if (draft_kind(work, shape, kind, &tried))
            *draft = tried;
        else if (shape->injection && shape->injection->numbers != numbers)
            return false;
    }
    return !shape->injection || key_guard(work, shape->injection);
}

static void
draft_inner(struct plan_work *work, const struct shape *shape, struct draft *draft)
{
    struct injection *injection = shape->injection, before;
    struct draft draft_before = *draft;
    struct addition result;

    if (!shape->columns->query || shape->columns->is_open)
        return;
    if (injection) {
        before = *injection;
        result = *injection->result;
    }
    if (draft_kinds(work, shape, draft))
        return;
    *draft = draft_before;
    *injection = before;
    *injection->result = result;
}

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
        if (carry->bound.fields[kind] != 0 ||
            __builtin_popcountll(carry->tables & tables_of(work, kind)) > 1)
            return false;
    return true;
}

/* Whether all that is shown of a kind is of one row of one table inside. */
static bool
is_of_one_table(const struct plan_work *work, const struct outputs *columns, unsigned kind)
{
    uint64_t tables = columns->rest.tables, of_kind = tables_of(work, kind);
    uint64_t bound = columns->rest.bound.fields[kind];

    for (const struct output *o = columns->first; o; o = o->next)
        if (o->carry) {
            tables |= o->carry->tables;
            bound |= o->carry->bound.fields[kind];
        }
    return bound == 0 && __builtin_popcountll(tables & of_kind) == 1;
}

static void
draft_bound(struct plan_work *work, const struct outputs *columns, struct draft *draft)
{
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++) {
        struct plan_part *part = &draft->parts[draft->count];
        bool is_known = draft->known >> kind & 1;
        struct share share = {.of = is_known ? OF_REST : OF_BOUND, .kind = (uint8_t)kind};

        *part =
            (struct plan_part){.kind = (uint8_t)kind,
                               .source = SOURCE_BOUND,
                               .why = WHY_INSIDE,
                               .is_one_per_row = !is_known && is_of_one_table(work, columns, kind)};
        fill_columns(work, columns, &share, part);
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
    draft_inner(work, shape, &draft);
    draft_bound(work, columns, &draft);
    settle(work, columns, &draft);
    memcpy(statement->parts, draft.parts, draft.count * sizeof(draft.parts[0]));
    statement->part_count = draft.count;
    statement->has_columns = !columns->is_open && columns->count <= UINT16_MAX;
    statement->column_count = (uint16_t)columns->count;
    if (work->environment->names_columns && statement->has_columns)
        statement->outputs = outputs_tell(work, columns);
    statement->hidden_count = (uint8_t)injection_count(shape->injection);
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
