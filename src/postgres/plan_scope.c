/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_scope.h"

#include "postgres/plan_statistics.h"
#include "postgres/plan_union.h"

struct scope *
scope_new(struct plan_work *work, const struct scope *outer, const struct cte *ctes)
{
    struct scope *scope = arena_new(&work->memory, 1, sizeof(*scope));

    if (!scope)
        return NULL;
    scope->outer = outer;
    scope->ctes = ctes;
    scope->depth = outer ? outer->depth + 1 : 0;
    scope->has_aggregate = arena_new(&work->memory, 1, sizeof(bool));
    scope->given = arena_new(&work->memory, 1, sizeof(size_t));
    return scope->has_aggregate && scope->given ? scope : NULL;
}

struct entry *
scope_add(struct plan_work *work, struct scope *scope, const char *name)
{
    struct entry *entry = arena_new(&work->memory, 1, sizeof(*entry));

    if (!entry)
        return NULL;
    entry->name = name;
    if (scope->last)
        scope->last->next = entry;
    else
        scope->entries = entry;
    scope->last = entry;
    return entry;
}

struct output *
outputs_add(struct plan_work *work, struct outputs *outputs, const char *name,
            const struct carry *carry)
{
    struct output *output;

    if (!work_spend(work, 1))
        return NULL;
    output = arena_new(&work->memory, 1, sizeof(*output));
    if (!output)
        return NULL;
    output->name = name;
    output->carry = carry;
    if (outputs->last)
        outputs->last->next = output;
    else
        outputs->first = output;
    outputs->last = output;
    outputs->count++;
    return output;
}

struct output *
outputs_add_again(struct plan_work *work, struct outputs *outputs, const struct output *output)
{
    struct output *copy = outputs_add(work, outputs, output->name, output->carry);

    if (!copy)
        return NULL;
    copy->entry = output->entry;
    copy->attribute = output->attribute;
    copy->is_written = output->is_written;
    copy->view = output->view;
    copy->view_attribute = output->view_attribute;
    copy->keys = output->is_written ? 0 : output->keys;
    copy->groups = output->is_written ? 0 : output->groups;
    copy->stored = output->stored;
    copy->is_plain = output->is_plain;
    copy->is_key = output->is_key;
    return copy;
}

void
outputs_append(struct outputs *outputs, struct outputs *tail)
{
    if (tail->first) {
        if (outputs->last)
            outputs->last->next = tail->first;
        else
            outputs->first = tail->first;
        outputs->last = tail->last;
        outputs->count += tail->count;
    }
    outputs->is_open |= tail->is_open;
    carry_add(&outputs->rest, &tail->rest);
}

void
outputs_carry(struct plan_work *work, const struct outputs *outputs, struct carry *into)
{
    carry_add(into, &outputs->rest);
    for (const struct output *o = outputs->first; o && work_spend(work, 1); o = o->next)
        if (o->carry)
            carry_add(into, o->carry);
}

void
outputs_copy(struct plan_work *work, struct outputs *into, const struct outputs *from)
{
    into->is_open |= from->is_open;
    carry_add(&into->rest, &from->rest);
    for (const struct output *o = from->first; o; o = o->next) {
        struct output *copy = outputs_add(work, into, o->name, o->carry);

        if (!copy)
            return;
        copy->view = o->view;
        copy->view_attribute = o->view_attribute;
        copy->keys = o->is_written ? 0 : o->keys;
        copy->groups = o->is_written ? 0 : o->groups;
        copy->stored = o->stored;
        copy->is_plain = o->is_plain;
        copy->is_key = o->is_key;
    }
}

void
outputs_share(struct plan_work *work, struct outputs *into, const struct outputs *from)
{
    struct output *last = into->last;

    outputs_copy(work, into, from);
    last = last ? last->next : into->first;
    for (const struct output *o = from->first; o && last; o = o->next, last = last->next)
        last->of = o;
}

void
outputs_widen(struct plan_work *work, struct outputs *outputs)
{
    carry_widen(&outputs->rest);
    for (struct output *o = outputs->first; o && work_spend(work, 1); o = o->next)
        if (o->carry && o->carry->tables != 0) {
            struct carry carry = *o->carry;

            carry_widen(&carry);
            o->carry = carry_keep(work, &carry);
        }
}

static uint64_t
renew(uint64_t tables, const uint8_t renewed[PLAN_TABLES_MAX])
{
    uint64_t sum = 0;

    for (size_t i = 0; i < PLAN_TABLES_MAX; i++)
        if (tables >> i & 1 && renewed[i])
            sum |= UINT64_C(1) << (renewed[i] - 1);
    return sum;
}

/* A new bit for each of these; false where there is no room. */
static bool
renew_tables(struct plan_work *work, uint64_t used, uint8_t renewed[PLAN_TABLES_MAX])
{
    for (size_t i = 0; i < PLAN_TABLES_MAX; i++) {
        if (!(used >> i & 1))
            continue;
        if (inner_table(work, work->inner_kinds[i]) == 0)
            return false;
        renewed[i] = (uint8_t)work->inner_count;
        work->inner[work->inner_count - 1] = work->inner[i];
    }
    for (size_t i = 0; i < PLAN_TABLES_MAX; i++)
        if (renewed[i])
            work->inner[renewed[i] - 1].arms = renew(work->inner[i].arms, renewed);
    return true;
}

static void
renew_own(struct carry *carry, const uint8_t renewed[PLAN_TABLES_MAX])
{
    const struct certainty was = carry->certain;
    uint64_t own[CARRY_OWN_MAX] = {0};

    carry->certain.shown &= ~(CERTAIN_OWN(CARRY_OWN_MAX) - 1);
    carry->certain.strict &= carry->certain.shown;
    carry->certain.vague |= CERTAIN_OWN(CARRY_OWN_MAX) - 1;
    carry->certain.absent |= CERTAIN_OWN(CARRY_OWN_MAX) - 1;
    for (size_t i = 0; i < CARRY_OWN_MAX; i++)
        if (renewed[i] && renewed[i] <= CARRY_OWN_MAX) {
            unsigned to = renewed[i] - 1u;

            own[to] = carry->own[i];
            carry->certain.shown |= (was.shown >> i & 1) << to;
            carry->certain.strict |= (was.strict >> i & 1) << to;
            carry->certain.vague &= ~((~was.vague >> i & 1) << to);
            carry->certain.absent &= ~((~was.absent >> i & 1) << to);
        }
    memcpy(carry->own, own, sizeof(own));
}

/* New bits for old ones, the same for all columns; those for which there is no room are widened. */
void
outputs_renew(struct plan_work *work, struct outputs *outputs, uint8_t renewed[PLAN_TABLES_MAX])
{
    uint64_t used = 0;

    for (struct output *o = outputs->first; o && work_spend(work, 1); o = o->next) {
        used |= o->carry ? o->carry->tables : 0;
        for (size_t i = 0; o->carry && i < CARRY_OWN_MAX; i++)
            used |= (uint64_t)(o->carry->own[i] != 0) << i;
    }
    for (unsigned i = 0; i < work->inner_count; i++)
        if (used >> i & 1)
            used |= union_tables(work, i);
    if (!renew_tables(work, used, renewed)) {
        memset(renewed, 0, PLAN_TABLES_MAX);
        outputs_widen(work, outputs);
        return;
    }
    carry_widen(&outputs->rest);
    for (struct output *o = outputs->first; o && work_spend(work, 1); o = o->next) {
        o->keys = renew(o->keys, renewed);
        o->groups = renew(o->groups, renewed);
        if (o->carry && o->carry->tables != 0) {
            struct carry carry = *o->carry;

            carry.tables = renew(carry.tables, renewed);
            renew_own(&carry, renewed);
            o->carry = carry_keep(work, &carry);
        }
    }
}

void
outputs_blur(struct plan_work *work, struct outputs *outputs)
{
    if (!outputs->is_open)
        return;
    for (const struct output *o = outputs->first; o && work_spend(work, 1); o = o->next)
        if (o->carry)
            carry_add(&outputs->rest, o->carry);
    outputs->first = outputs->last = NULL;
    outputs->count = 0;
}

void
outputs_rename(struct plan_work *work, struct outputs *outputs, PgQuery__Node *const *names,
               size_t count)
{
    struct output *output;

    if (count > 0)
        outputs_blur(work, outputs);
    output = outputs->first;
    for (size_t i = 0; i < count && output; i++, output = output->next)
        output->name = sql_string(names[i]);
}

const struct plan_output *
outputs_tell(struct plan_work *work, const struct outputs *outputs)
{
    struct plan_output *told =
        outputs->count > 0 ? arena_new(work->keep, outputs->count, sizeof(*told)) : NULL;
    size_t at = 0;

    for (const struct output *o = outputs->first; told && o; o = o->next, at++) {
        told[at] = (struct plan_output){.name = NULL};
        if (o->name)
            told[at].name = arena_text(work->keep, o->name, strlen(o->name));
        if (o->entry && o->entry->relation) {
            told[at].relation = o->entry->relation->oid;
            told[at].attribute = o->attribute;
        }
    }
    return told;
}

const struct carry *
carry_keep(struct plan_work *work, const struct carry *carry)
{
    struct carry *copy;

    if (carry_is_empty(carry) && carry->flags == 0)
        return NULL;
    copy = arena_new(&work->memory, 1, sizeof(*copy));
    if (copy)
        *copy = *carry;
    return copy;
}

/* The first place of an entry's kinds among those that can be told apart, or -1. */
static int
take_places(struct plan_work *work, const struct entry *entry)
{
    const struct catalog_relation *relation = entry->relation;
    size_t first = work->direct_count;

    if (relation->show_count == 0 || relation->show_count > COUNT_OF(work->direct) - first)
        return -1;
    for (size_t i = 0; i < relation->show_count; i++)
        work->direct[work->direct_count++] = (struct direct){entry, &relation->shows[i]};
    return (int)first;
}

static uint64_t
fields_of_column(const struct catalog_show *show, const struct catalog_relation *relation,
                 int16_t column)
{
    return column > 0 && column <= relation->column_limit ? show->column_fields[column] : 0;
}

static void
add_fields(struct carry *carry, uint8_t kind, uint64_t table, uint64_t fields)
{
    if (fields == 0)
        return;
    if (table == 0) {
        carry->bound.fields[kind] |= fields;
        return;
    }
    carry->inner.fields[kind] |= fields;
    carry->tables |= table;
    if (table < UINT64_C(1) << CARRY_OWN_MAX) {
        carry->own[__builtin_ctzll(table)] |= fields;
        carry->certain.shown |= (uint32_t)table;
    }
}

/* What a table is marked with beyond its mapping may be in any of its columns; `tables`: by kind,
 * where a row is of one person of each. */
static void
add_marks(const struct plan_work *work, const struct entry *entry,
          const struct catalog_column *column, const uint64_t *tables, struct carry *carry)
{
    const struct catalog_relation *relation = entry->relation;

    if (relation->speaks_values) {
        if (names_column_speaks(relation, column->name)) {
            struct reach reach;

            if (!statistics_reach(work, entry->range, &reach))
                reach = names_reach(work, relation);
            reach_add(&carry->bound, &reach);
            carry->flags |= reach_fields(&reach) ? PLAN_STATISTICS : 0;
        }
        return;
    }
    if (relation->is_one_marked) {
        for (uint8_t kind = 0; kind < CATALOG_KINDS_MAX; kind++)
            if (relation->marked_kinds >> kind & 1)
                add_fields(carry, kind, tables[kind], relation->marked_fields);
        return;
    }
    if (relation->show_count == 0)
        reach_add_all(&carry->bound, relation->kinds, relation->fields);
    reach_add_all(&carry->bound, relation->marked_kinds, relation->marked_fields);
}

uint64_t
inner_table(struct plan_work *work, uint8_t kind)
{
    if (work->inner_count == COUNT_OF(work->inner_kinds))
        return 0;
    work->inner_kinds[work->inner_count] = kind;
    work->inner[work->inner_count] = (struct inner){.entry = NULL};
    return UINT64_C(1) << work->inner_count++;
}

/* Types of which a bound says little: numbers, times, truth. */
static bool
is_measure(uint32_t type)
{
    static const uint32_t types[] = {16,   20,   21,   23,   26,   700,  701, 790,
                                     1082, 1083, 1114, 1184, 1186, 1266, 1700};

    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (types[i] == type)
            return true;
    return false;
}

static bool
is_key_column(const struct catalog_relation *relation, int16_t column)
{
    for (size_t i = 0; i < relation->show_count; i++)
        if (catalog_show_has_key(&relation->shows[i], column))
            return true;
    return false;
}

/* The bits of an entry's kinds: 0 where there is no room, and a row can show any number. */
static void
take_tables(struct plan_work *work, const struct scope *scope, const struct entry *entry,
            uint64_t tables[CATALOG_KINDS_MAX])
{
    const struct catalog_relation *relation = entry->relation;

    for (uint8_t kind = 0; relation->is_one_marked && kind < CATALOG_KINDS_MAX; kind++)
        if (relation->marked_kinds >> kind & 1)
            tables[kind] = inner_table(work, kind);
    for (size_t i = 0; i < relation->show_count && i < CATALOG_KINDS_MAX; i++) {
        tables[i] = inner_table(work, relation->shows[i].kind % CATALOG_KINDS_MAX);
        if (tables[i] != 0)
            work->inner[work->inner_count - 1] = (struct inner){.entry = entry,
                                                                .scope = scope,
                                                                .show = &relation->shows[i],
                                                                .is_in_view = work->view_depth > 0};
    }
}

static void
note_table(struct plan_work *work, const struct catalog_relation *relation)
{
    struct named_table *t = work->tables;

    while (t && t->relation != relation && work_spend(work, 1))
        t = t->next;
    if (!t) {
        t = arena_new(&work->memory, 1, sizeof(*t));
        if (!t)
            return; /* and nothing is planned */
        *t = (struct named_table){work->tables, relation, 0};
        work->tables = t;
    }
    t->count++;
}

bool
entry_is_alone(const struct plan_work *work, const struct catalog_relation *relation)
{
    for (const struct named_table *t = work->tables; t; t = t->next)
        if (t->relation == relation)
            return t->count == 1;
    return false;
}

void
entry_fill_table(struct plan_work *work, const struct scope *scope, struct entry *entry)
{
    const struct catalog_relation *relation = entry->relation;
    int first = scope->is_top ? take_places(work, entry) : -1;
    uint64_t tables[CATALOG_KINDS_MAX] = {0};

    note_table(work, relation);
    if (first < 0)
        take_tables(work, scope, entry, tables);
    for (size_t k = 0; !relation->is_one_marked && k < COUNT_OF(tables); k++)
        entry->tables |= tables[k]; /* of what a mark says nobody has a key */
    for (size_t i = 0; i < relation->column_count; i++) {
        const struct catalog_column *column = &relation->columns[i];
        struct carry carry = {0};
        struct output *output;

        for (size_t k = 0; k < relation->show_count; k++) {
            const struct catalog_show *show = &relation->shows[k];
            uint64_t fields = fields_of_column(show, relation, column->number);

            if (first >= 0 && fields != 0) {
                carry.direct[(size_t)first + k] |= fields;
                carry.certain.shown |= CERTAIN_DIRECT((size_t)first + k);
            } else if (first < 0) {
                add_fields(&carry, show->kind % CATALOG_KINDS_MAX,
                           k < CATALOG_KINDS_MAX ? tables[k] : 0, fields);
            }
        }
        carry.certain.strict = carry.certain.shown;
        add_marks(work, entry, column, tables, &carry);
        carry.is_text = !carry_is_empty(&carry) && !is_measure(column->type);
        output = outputs_add(work, &entry->columns, column->name, carry_keep(work, &carry));
        if (!output)
            return;
        output->entry = entry;
        output->attribute = column->number;
        output->is_plain = true;
        output->stored = (struct plan_stored){.relation = relation->oid,
                                              .attribute = column->number,
                                              .origin = relation->oid,
                                              .origin_attribute = column->number,
                                              .is_certain = entry->is_certain};
        output->is_key = is_key_column(relation, column->number);
        for (size_t k = 0; k < relation->show_count && k < CATALOG_KINDS_MAX; k++)
            if (relation->shows[k].key_column == column->number)
                output->keys |= tables[k];
    }
}

/* Types whose "=" means the same bytes. Text need not be one: collations differ. */
static bool
is_exact_type(const struct entry *entry, int16_t attribute, bool *is_uuid)
{
    enum { BIGINT = 20, SMALLINT = 21, INTEGER = 23, UUID = 2950 };
    const struct catalog_relation *relation = entry->relation;

    for (size_t i = 0; relation && i < relation->column_count; i++)
        if (relation->columns[i].number == attribute) {
            uint32_t type = relation->columns[i].type;

            *is_uuid = type == UUID;
            return type == BIGINT || type == SMALLINT || type == INTEGER || type == UUID;
        }
    return false;
}

bool
scope_is_exact(const struct output *left, const struct output *right)
{
    bool is_uuid[2];

    return left->entry && right->entry &&
           is_exact_type(left->entry, left->attribute, &is_uuid[0]) &&
           is_exact_type(right->entry, right->attribute, &is_uuid[1]) && is_uuid[0] == is_uuid[1];
}

void
scope_note_equal(struct scope *scope, const struct output *left, const struct output *right)
{
    if (scope->equality_count == COUNT_OF(scope->equalities) || !scope_is_exact(left, right))
        return;
    scope->equalities[scope->equality_count++] =
        (struct equality){left->entry, right->entry, left->attribute, right->attribute};
}

/* One step along the equalities: whether (a, x) is one side of this one; then the other side. */
static bool
step(const struct equality *e, const struct entry *a, int16_t x, const struct entry **b, int16_t *y)
{
    if (e->left_entry == a && e->left == x) {
        *b = e->right_entry;
        *y = e->right;
        return true;
    }
    if (e->right_entry == a && e->right == x) {
        *b = e->left_entry;
        *y = e->left;
        return true;
    }
    return false;
}

bool
scope_is_equal(const struct scope *scope, const struct entry *a, int16_t x, const struct entry *b,
               int16_t y)
{
    struct {
        const struct entry *entry;
        int16_t attribute;
    } reached[PLAN_EQUALITIES_MAX + 1] = {{a, x}};
    bool is_used[PLAN_EQUALITIES_MAX] = {false};
    size_t count = 1;

    if (!scope)
        return a == b && x == y;
    for (size_t i = 0; i < count; i++) {
        if (reached[i].entry == b && reached[i].attribute == y)
            return true;
        for (size_t k = 0; k < scope->equality_count; k++)
            if (!is_used[k] && step(&scope->equalities[k], reached[i].entry, reached[i].attribute,
                                    &reached[count].entry, &reached[count].attribute)) {
                is_used[k] = true;
                count++;
            }
    }
    return false;
}
