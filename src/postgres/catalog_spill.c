/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows go on to, from the relation that a statement names: partitions, the tables of a view,
 * what triggers and rules write, and foreign keys that follow.
 *
 * A trigger's function takes along what its text names of the table's columns; where it uses a
 * whole row (NEW not before a dot, a star, transition tables) all of them. What it writes are the
 * tables that it, or a function that it calls, fills.
 */
#include "postgres/catalog_part.h"
#include "postgres/catalog_scan.h"

enum { SPILLS_MAX = 1 << 18 };

static int
spill_add(struct catalog_builder *b, uint32_t from, uint32_t to, enum catalog_spill_kind kind,
          int16_t column)
{
    struct catalog_spill *spill;

    if ((from == to && kind != SPILL_OWNER) || b->catalog->spills.count >= SPILLS_MAX)
        return 0;
    spill = catalog_pile_add(&b->catalog->spills, sizeof(*spill));
    if (!spill)
        return PASU_E_NOMEM;
    *spill =
        (struct catalog_spill){.from = from, .to = to, .kind = (uint8_t)kind, .column = column};
    return 0;
}

int
catalog_spill_row(struct catalog_builder *b, const struct view *v)
{
    struct catalog_trigger *trigger;
    uint32_t from, to;
    int16_t column;

    if (!v[0].bytes || v[0].length != 1 || !catalog_value_u32(v[1], &from) ||
        !catalog_value_u32(v[2], &to) || !catalog_value_i16(v[3], &column))
        return PASU_E_MALFORMED;
    if (v[0].bytes[0] == 'k')
        return spill_add(b, from, to, SPILL_KEY, column);
    if (v[0].bytes[0] == 'd')
        return spill_add(b, from, to, SPILL_AWAY, 0);
    if (v[0].bytes[0] == 'o')
        return spill_add(b, from, to, SPILL_OWNER, 1);
    trigger = catalog_pile_add(&b->triggers, sizeof(*trigger));
    if (!trigger)
        return PASU_E_NOMEM;
    *trigger = (struct catalog_trigger){from, to, column & 1, column & 2};
    return 0;
}

/* ---- what a text takes of a row ---- */

struct taking {
    const struct catalog_relation *relation;
    uint8_t *columns; /* by attnum; [0]: all */
};

static void
take_name(struct taking *taking, const char *name)
{
    for (size_t i = 0; i < taking->relation->column_count; i++)
        if (strcmp(taking->relation->columns[i].name, name) == 0)
            taking->columns[taking->relation->columns[i].number] = 1;
}

/* Three words at a time: "RETURN NEW" takes nothing, nor does "count(*)". */
static void
take_text(struct taking *taking, const char *text)
{
    struct scan next = scan_of(view_of_text(text)), at = {0}, before;

    (void)scan_next(&next);
    while (next.kind != SCAN_END && next.kind != SCAN_UNSURE) {
        before = at;
        at = next;
        (void)scan_next(&next);
        if ((scan_is_word(&at, "new") || scan_is_word(&at, "old")) && !scan_is_byte(&next, '.') &&
            !scan_is_word(&before, "return"))
            taking->columns[0] = 1;
        if (scan_is_star(&at) && !(scan_is_byte(&before, '(') && scan_is_byte(&next, ')')))
            taking->columns[0] = 1;
        if (at.kind == SCAN_WORD || at.kind == SCAN_QUOTED)
            take_name(taking, at.name);
    }
    taking->columns[0] |= next.kind == SCAN_UNSURE;
}

/* ---- whether a text writes a key ---- */

static bool
is_key(const struct catalog_relation *r, const struct scan *scan)
{
    for (size_t i = 0; i < r->column_count; i++)
        for (size_t k = 0; k < r->show_count; k++)
            if (catalog_show_has_key(&r->shows[k], r->columns[i].number) &&
                strcmp(r->columns[i].name, scan->name) == 0)
                return true;
    return false;
}

/* Where an assignment can begin. */
static bool
ends_statement(const struct scan *scan)
{
    return scan->kind == SCAN_END || scan_is_byte(scan, ';') || scan_is_word(scan, "begin") ||
           scan_is_word(scan, "then") || scan_is_word(scan, "else") || scan_is_word(scan, "loop");
}

static bool
is_assignment(const struct scan *scan)
{
    return scan_is_byte(scan, ':') || (scan->kind == SCAN_OPERATOR && strcmp(scan->name, "=") == 0);
}

/* RETURN of anything but the row as it is at hand. */
static bool
returns_other(const struct scan *at, const struct scan *next)
{
    static const char *const rows[] = {"new", "old", "null", "coalesce"};

    if (!scan_is_word(at, "return") || scan_is_byte(next, ';'))
        return false;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (scan_is_word(next, rows[i]))
            return false;
    return true;
}

/* "NEW.key := …", "NEW := …", "… INTO NEW", or another row that is returned in its place. */
static bool
writes_key(const struct catalog_relation *r, const char *text)
{
    struct scan scan = scan_of(view_of_text(text)), last[4] = {{0}};
    bool is_into = false;

    /* last[0] is NEW where last[1] to last[3] may be ".", the column, ":" */
    while (scan_next(&scan) != SCAN_UNSURE) {
        static const struct scan none;
        bool is_target;

        last[0] = last[1];
        last[1] = last[2];
        last[2] = last[3];
        last[3] = scan.kind == SCAN_END ? none : scan;
        is_into = (is_into || scan_is_word(&last[1], "into")) && !scan_is_byte(&last[1], ';');
        if (returns_other(&last[2], &last[3]))
            return true;
        is_target = scan_is_word(&last[1], "new") && (is_into || ends_statement(&last[0]));
        if (is_target && !scan_is_byte(&last[2], '.') && (is_into || is_assignment(&last[2])))
            return true;
        if (is_target && scan_is_byte(&last[2], '.') && is_key(r, &last[3]))
            return true;
        if (scan.kind == SCAN_END)
            return false;
    }
    return true;
}

/* ---- triggers ---- */

static int
spill_columns(struct catalog_builder *b, const struct taking *taking, uint32_t to)
{
    const struct catalog_relation *r = taking->relation;
    int result = 0;

    if (taking->columns[0])
        return spill_add(b, r->oid, to, SPILL_ACT, 0);
    for (size_t i = 0; result == 0 && i < r->column_count; i++)
        if (taking->columns[r->columns[i].number])
            result = spill_add(b, r->oid, to, SPILL_ACT, r->columns[i].number);
    return result;
}

static int
add_trigger(struct catalog_builder *b, const struct catalog_trigger *trigger)
{
    const struct catalog *c = b->catalog;
    size_t relation = catalog_relation_number(c, trigger->relation);
    size_t function = catalog_function_number(c, trigger->function);
    const struct catalog_source *sources = b->sources.items;
    struct catalog_calls calls;
    struct taking taking;
    int result = 0;

    if (relation == SIZE_MAX || function == SIZE_MAX || !sources[function].body)
        return 0;
    taking.relation = &c->relations[relation];
    taking.columns = catalog_arena_take(&b->scratch, (size_t)taking.relation->column_limit + 1, 1);
    if (!taking.columns)
        return PASU_E_NOMEM;
    if (trigger->may_change && taking.relation->show_count > 0 &&
        writes_key(taking.relation, sources[function].body))
        result = spill_add(b, trigger->relation, trigger->relation, SPILL_OWNER, 0);
    take_text(&taking, sources[function].body);
    taking.columns[0] |= trigger->has_tables;
    catalog_calls_of(b, (uint32_t)(c->relation_count + function), &calls);
    for (size_t i = 0; i < calls.count; i++)
        PAIRS_OF(fill, &b->fills, calls.nodes[i])
    if (result == 0)
        result = spill_columns(b, &taking, c->relations[fill->b].oid);
    return result;
}

static int
add_triggers(struct catalog_builder *b)
{
    int result = 0;

    PILE_EACH (const struct catalog_trigger, trigger, &b->triggers)
        if (result == 0)
            result = add_trigger(b, trigger);
    return result;
}

/* ---- rules ---- */

static bool
is_key_number(const struct catalog_relation *r, int16_t column)
{
    for (size_t i = 0; i < r->show_count; i++)
        if (catalog_show_has_key(&r->shows[i], column))
            return true;
    return false;
}

/* A view's query says what it reads. A rule on a relation names the relation's columns that it
 * uses, and other relations, of which nobody says whether they are read or written. */
static int
add_rule(struct catalog_builder *b, const struct catalog_dependency *d)
{
    const struct catalog_rule *rule = catalog_rule_find(b->catalog, d->rule);
    const struct catalog_relation *from =
        rule ? catalog_relation(b->catalog, rule->relation) : NULL;
    const struct catalog_relation *to =
        d->is_function ? NULL : catalog_relation(b->catalog, d->object);
    int result = 0;

    if (!from || d->is_function || d->object == from->oid || (rule->is_view && from->kind != 'v'))
        return 0;
    if (!rule->is_view && to && is_key_number(to, d->column))
        result = spill_add(b, from->oid, d->object, SPILL_OWNER, 0);
    if (result != 0)
        return result;
    return spill_add(b, from->oid, d->object, rule->is_view ? SPILL_VIEW : SPILL_ACT, 0);
}

/* ---- the whole ---- */

static int
spill_order(const void *a, const void *b)
{
    const struct catalog_spill *left = a, *right = b;

    if (left->from != right->from)
        return left->from < right->from ? -1 : 1;
    if (left->to != right->to)
        return left->to < right->to ? -1 : 1;
    if (left->kind != right->kind)
        return left->kind - right->kind;
    return left->column - right->column;
}

int
catalog_spills(struct catalog_builder *b)
{
    struct catalog_pile *spills = &b->catalog->spills;
    struct catalog_spill *s;
    size_t kept = 0;
    int result = 0;

    PILE_EACH (const struct catalog_pair, pair, &b->inherits)
        if (result == 0)
            result = spill_add(b, pair->b, pair->a, SPILL_CHILD, 0);
    PILE_EACH (const struct catalog_dependency, d, &b->dependencies)
        if (result == 0)
            result = add_rule(b, d);
    if (result == 0)
        result = add_triggers(b);
    if (result != 0 || spills->count == 0)
        return result;
    qsort(spills->items, spills->count, sizeof(struct catalog_spill), spill_order);
    s = spills->items;
    for (size_t i = 0; i < spills->count; i++)
        if (i == 0 || spill_order(&s[kept - 1], &s[i]) != 0)
            s[kept++] = s[i];
    spills->count = kept;
    return 0;
}

const struct catalog_spill *
catalog_spill(const struct catalog *catalog, uint32_t from, size_t *at)
{
    const struct catalog_spill *spills = catalog->spills.items;
    size_t low = *at, high = catalog->spills.count;

    while (*at == 0 && low < high) {
        size_t middle = low + (high - low) / 2;

        if (spills[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    if (low >= catalog->spills.count || spills[low].from != from)
        return NULL;
    *at = low + 1;
    return &spills[low];
}
