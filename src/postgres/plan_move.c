/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_move.h"

#include "postgres/plan_mark.h"
#include "postgres/plan_pin.h"

struct cell {
    const struct output *column; /* of the target */
    struct carry carry;
    const struct output *exact;
    uint64_t keys;
    const PgQuery__Node *value;
    bool is_written;
};

struct row {
    const struct entry *target;
    struct cell *cells;
    size_t count;
};

/* Rows of FROM, by what is known of them: places in work->direct, bits of carry.tables. */
struct rows {
    uint64_t places, tables;
};

/* ---- the row ---- */

/* What stays in a cell is its own row's; what else a column is known to show is in no table. */
static struct carry
own_part(const struct plan_work *work, const struct entry *target, const struct carry *carry)
{
    struct carry own = {.inner = carry->inner, .tables = carry->tables & target->tables};

    for (size_t i = 0; i < work->direct_count; i++)
        if (work->direct[i].entry == target)
            own.direct[i] = carry->direct[i];
    return own;
}

struct row *
row_new(struct plan_work *work, const struct entry *target, bool is_kept)
{
    struct row *row = arena_new(&work->memory, 1, sizeof(*row));

    if (!row || !work_spend(work, target->columns.count))
        return NULL;
    row->target = target;
    row->cells = arena_new(&work->memory, target->columns.count, sizeof(*row->cells));
    if (!row->cells)
        return NULL;
    for (const struct output *o = target->columns.first; o; o = o->next) {
        struct cell *cell = &row->cells[row->count++];

        cell->column = o;
        if (!is_kept)
            continue;
        if (o->carry)
            cell->carry = own_part(work, target, o->carry);
        cell->exact = o->entry ? o : NULL;
        cell->keys = o->keys;
    }
    return row;
}

void
row_write(struct plan_work *work, struct row *row, const char *name, const struct cell_value *value)
{
    for (size_t i = 0; row && i < row->count && work_spend(work, 1); i++) {
        struct cell *cell = &row->cells[i];
        struct carry kept = cell->carry;

        if (name && (!cell->column->name || strcmp(cell->column->name, name) != 0))
            continue;
        *cell = (struct cell){.column = cell->column,
                              .exact = name && !value->is_part ? value->exact : NULL,
                              .keys = name && !value->is_part ? value->keys : 0,
                              .value = name && !value->is_part ? value->value : NULL,
                              .is_written = true};
        if (value->carry)
            cell->carry = *value->carry;
        if (value->is_part || !name)
            carry_add(&cell->carry, &kept);
    }
}

/* ---- whose key ---- */

static bool
is_same_pin(const struct plan_pin *a, const struct plan_pin *b)
{
    if (a->is_array || b->is_array)
        return false;
    if (a->literal.bytes && b->literal.bytes)
        return view_equal(a->literal, b->literal);
    return !a->literal.bytes && !b->literal.bytes && a->parameter == b->parameter;
}

/* Whether conditions fix the key of that table to just this constant. */
static bool
is_pinned_to(struct plan_work *work, const struct scope *scope, const struct entry *entry,
             const struct catalog_show *show, const PgQuery__Node *value)
{
    const struct direct direct = {entry, show};
    struct plan_pin pin;
    struct pins pins;

    if (!value || show->key_type == CATALOG_KEY_NONE ||
        !pin_read(work, value, show->key_type, &pin))
        return false;
    pins = pins_of(work, scope, &direct);
    return pins_are_one(&pins) && is_same_pin(&pins.pins[0], &pin);
}

static uint64_t
key_bits(const struct entry *entry, int16_t attribute)
{
    for (const struct output *o = entry->columns.first; o; o = o->next)
        if (o->entry == entry && o->attribute == attribute)
            return o->keys;
    return 0;
}

static uint64_t
place_of(const struct plan_work *work, const struct entry *entry, const struct catalog_show *show)
{
    for (size_t i = 0; i < work->direct_count; i++)
        if (work->direct[i].entry == entry && work->direct[i].show == show)
            return UINT64_C(1) << i;
    return 0;
}

/* The rows whose key is what the cell holds. */
static struct rows
rows_of_key(struct plan_work *work, const struct scope *scope, const struct cell *key)
{
    struct rows rows = {.tables = key->keys};

    for (const struct entry *e = scope ? scope->entries : NULL; e; e = e->next)
        for (size_t i = 0; e->relation && i < e->relation->show_count && work_spend(work, 1); i++) {
            const struct catalog_show *show = &e->relation->shows[i];

            if (!(key->exact && scope_is_equal(scope, key->exact->entry, key->exact->attribute, e,
                                               show->key_column)) &&
                !is_pinned_to(work, scope, e, show, key->value))
                continue;
            rows.places |= place_of(work, e, show);
            rows.tables |= key_bits(e, show->key_column);
        }
    return rows;
}

bool
move_keeps(struct plan_work *work, const struct scope *scope, const struct entry *target,
           const char *name, const PgQuery__Node *value)
{
    const struct catalog_relation *relation = target->relation;
    struct found found;

    if (!value)
        return false;
    if (value->node_case == PG_QUERY__NODE__NODE_COLUMN_REF) {
        scope_find(work, scope, value->column_ref, &found);
        return found.output && found.output->entry == target && found.output->name &&
               strcmp(found.output->name, name) == 0;
    }
    for (const struct output *o = target->columns.first; o && relation; o = o->next)
        for (size_t i = 0; i < relation->show_count && work_spend(work, 1); i++)
            if (o->name && strcmp(o->name, name) == 0 && o->entry == target &&
                o->attribute == relation->shows[i].key_column)
                return is_pinned_to(work, scope, target, &relation->shows[i], value);
    return false;
}

/* ---- what is moved ---- */

struct finding {
    struct plan_work *work;
    const struct row *row;
    const struct row_source *source;
    uint8_t kind;
    struct reach many; /* of any number of persons in one row */
};

/* What is already marked is bound for every reader. */
static bool
is_marked(const struct catalog_relation *relation, uint8_t kind, uint64_t fields)
{
    return relation->marked_kinds >> kind & 1 && (fields & ~relation->marked_fields) == 0;
}

/* What a cell holds of one kind that is not of the rows of its key. */
static void
judge_cell(struct finding *f, const struct carry *carry, uint64_t fields, const struct rows *own)
{
    struct plan_work *work = f->work;
    uint64_t moved = 0, of_kind = 0;

    for (size_t i = 0; i < work->direct_count; i++)
        if (work->direct[i].show->kind == f->kind && carry->direct[i] & fields &&
            !(own->places >> i & 1)) {
            moved |= carry->direct[i] & fields;
            work->moved.places |= UINT64_C(1) << i;
        }
    for (size_t i = 0; i < work->inner_count; i++)
        if (work->inner_kinds[i] == f->kind)
            of_kind |= UINT64_C(1) << i;
    if (carry->inner.fields[f->kind] & fields && carry->tables & of_kind & ~own->tables) {
        moved |= carry->inner.fields[f->kind] & fields;
        work->moved.tables |= carry->tables & of_kind & ~own->tables;
    }
    work->moved.reach.fields[f->kind] |= moved;
    f->many.fields[f->kind] |= carry->bound.fields[f->kind] & fields;
}

/* The cell of a column of the row's table. */
static const struct cell *
cell_of(const struct row *row, int16_t attribute)
{
    for (size_t i = 0; i < row->count; i++)
        if (row->cells[i].column->entry == row->target &&
            row->cells[i].column->attribute == attribute)
            return &row->cells[i];
    return NULL;
}

/* Whether a table's key has these columns' values, each in its place. */
static bool
is_same_tuple(const struct scope *scope, const struct row *row, const struct catalog_show *key,
              const struct entry *entry, const struct catalog_show *show)
{
    if (show->key_part_count != key->key_part_count || show->key_type != CATALOG_KEY_TUPLE)
        return false;
    for (size_t i = 0; i < key->key_part_count; i++) {
        const struct cell *cell = cell_of(row, key->key_parts[i]);

        if (!cell || !cell->exact ||
            !scope_is_equal(scope, cell->exact->entry, cell->exact->attribute, entry,
                            show->key_parts[i]))
            return false;
    }
    return true;
}

/* Its bit of carry.tables. */
static uint64_t
table_of(const struct plan_work *work, const struct entry *entry, const struct catalog_show *show)
{
    for (size_t i = 0; i < work->inner_count; i++)
        if (work->inner[i].entry == entry && work->inner[i].show == show)
            return UINT64_C(1) << i;
    return 0;
}

/* The rows whose key is what the cells of a key's columns hold. */
static struct rows
rows_of_tuple(struct plan_work *work, const struct scope *scope, const struct row *row,
              const struct catalog_show *key)
{
    struct rows rows = {0};

    for (const struct entry *e = scope ? scope->entries : NULL; e; e = e->next)
        for (size_t i = 0; e->relation && i < e->relation->show_count && work_spend(work, 1); i++)
            if (is_same_tuple(scope, row, key, e, &e->relation->shows[i])) {
                rows.places |= place_of(work, e, &e->relation->shows[i]);
                rows.tables |= table_of(work, e, &e->relation->shows[i]);
            }
    return rows;
}

static void
judge_show(struct finding *f, const struct catalog_relation *relation,
           const struct catalog_show *show)
{
    const struct row *row = f->row;
    struct rows own = {0};

    f->kind = show->kind % CATALOG_KINDS_MAX;
    if (show->key_part_count > 0)
        own = rows_of_tuple(f->work, f->source->scope, row, show);
    for (size_t i = 0; i < row->count; i++)
        if (row->cells[i].column->entry == row->target &&
            row->cells[i].column->attribute == show->key_column)
            own = rows_of_key(f->work, f->source->scope, &row->cells[i]);
    for (size_t i = 0; i < row->count && work_spend(f->work, 1); i++) {
        const struct output *column = row->cells[i].column;

        if (column->entry == row->target && column->attribute > 0 &&
            column->attribute <= relation->column_limit &&
            !is_marked(relation, f->kind, show->column_fields[column->attribute]))
            judge_cell(f, &row->cells[i].carry, show->column_fields[column->attribute], &own);
    }
}

/* One constant fixes the key of the only row that something is taken from. */
static bool
is_of_one(struct plan_work *work, const struct scope *scope)
{
    uint64_t places = work->moved.places, tables = work->moved.tables;

    for (const struct entry *e = scope ? scope->entries : NULL; e; e = e->next)
        for (size_t i = 0; e->relation && i < e->relation->show_count; i++) {
            const struct direct direct = {e, &e->relation->shows[i]};
            struct pins pins;

            if (!(place_of(work, e, direct.show) & places) &&
                !(key_bits(e, direct.show->key_column) & tables))
                continue;
            pins = pins_of(work, scope, &direct);
            if (!pins_are_one(&pins))
                return false;
            places &= ~place_of(work, e, direct.show);
            tables &= ~key_bits(e, direct.show->key_column);
        }
    return places == 0 && tables == 0;
}

static void
count_persons(struct plan_work *work, const struct row_source *source)
{
    if (!source->is_row_known ||
        __builtin_popcountll(work->moved.places) + __builtin_popcountll(work->moved.tables) > 1)
        work->moved.most = MOVED_MANY;
    else if (work->moved.most == MOVED_ONE && !is_of_one(work, source->scope))
        work->moved.most = MOVED_ONE_PER_ROW;
}

/* Of a name that several tables have, or of a view: a key that is written takes with it all that a
 * row of theirs can hold. */
static void
judge_unknown(struct plan_work *work, const struct row *row)
{
    const PgQuery__RangeVar *range = row->target->range;
    const struct catalog_relation *relation;
    size_t at = 0;

    while ((relation = names_next_relation(work, range->schemaname[0] ? range->schemaname : NULL,
                                           range->relname, &at)) != NULL) {
        bool is_moved = false;

        for (size_t i = 0; i < row->count && work_spend(work, 1); i++) {
            const struct cell *cell = &row->cells[i];

            for (size_t k = 0; k < relation->column_count && cell->is_written; k++)
                for (size_t s = 0; s < relation->show_count; s++)
                    is_moved |=
                        catalog_show_has_key(&relation->shows[s], relation->columns[k].number) &&
                        cell->column->name &&
                        strcmp(relation->columns[k].name, cell->column->name) == 0;
            is_moved |= cell->is_written && cell->column->keys != 0;
        }
        if (is_moved) {
            struct reach reach = mark_reach_of(work, relation);

            reach_add(&work->moved.reach, &reach);
            work->moved.most = MOVED_MANY;
        }
    }
}

void
row_judge(struct plan_work *work, const struct row *row, const struct row_source *source)
{
    const struct catalog_relation *relation = row ? row->target->relation : NULL;
    struct finding f = {.work = work, .row = row, .source = source};
    struct reach before = work->moved.reach;

    if (!row || !row->target->range)
        return;
    if (!relation || relation->show_count == 0)
        judge_unknown(work, row);
    for (size_t i = 0; relation && i < relation->show_count; i++)
        judge_show(&f, relation, &relation->shows[i]);
    if (reach_fields(&f.many) != 0 && source->is_grouped) {
        reach_add(&work->moved.reach, &f.many);
        work->moved.most = MOVED_MANY;
    } else if (reach_fields(&f.many) != 0) {
        mark_target(work, row->target, &f.many);
    }
    if (memcmp(&before, &work->moved.reach, sizeof(before)) != 0)
        count_persons(work, source);
}

void
move_by_acts(struct plan_work *work, const PgQuery__RangeVar *range, bool is_update)
{
    const struct catalog_relation *relation;
    size_t at = 0;

    while (range &&
           (relation = names_next_relation(work, range->schemaname[0] ? range->schemaname : NULL,
                                           range->relname, &at)) != NULL) {
        const struct catalog_spill *spill;
        size_t next = 0;

        while ((spill = catalog_spill(work->catalog, relation->oid, &next)) != NULL) {
            const struct catalog_relation *to = catalog_relation(work->catalog, spill->to);
            struct reach reach;

            if (!to || spill->kind != SPILL_OWNER ||
                (to == relation && !is_update && spill->column == 0))
                continue;
            reach = reach_of_relation(to);
            reach_add(&work->moved.reach, &reach);
            work->moved.most = MOVED_MANY;
        }
    }
}

void
move_everything(struct plan_work *work)
{
    reach_add(&work->moved.reach, &work->names.most);
    work->moved.most = MOVED_MANY;
}

void
move_statement(const struct plan_work *work, struct plan_statement *statement)
{
    statement->moved_fields = reach_fields(&work->moved.reach);
    statement->moved_kinds = reach_kinds(&work->moved.reach);
    statement->moved_most = work->moved.most;
}
