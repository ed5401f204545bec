/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can come out of relations and functions, through all that uses them.
 *
 * A graph: an edge says that what is in one can come out of the other (a table's column of a view
 * that reads it, a function's result of a function that calls it). Sets only grow along edges, a
 * node can grow at most once a bit, so it ends, cycles or not, after less than 90 visits of each
 * edge.
 */
#include "postgres/catalog_part.h"
#include "postgres/cursor.h"

#include "base/memory.h"

enum { EDGES_MAX = 4 << 20 };

void
catalog_taint_everything(const struct catalog_builder *b, struct catalog_taint *taint)
{
    taint->fields |= b->catalog->all_fields;
    taint->kinds |= b->catalog->all_kinds;
    taint->is_opaque = taint->renames = taint->twists = taint->fills = true;
}

/* Whether the taint has grown. */
static bool
taint_add(struct catalog_taint *taint, const struct catalog_taint *more)
{
    bool is_more = (more->fields & ~taint->fields) != 0 || (more->kinds & ~taint->kinds) != 0 ||
                   (more->is_opaque && !taint->is_opaque) || (more->is_exit && !taint->is_exit) ||
                   (more->is_never && !taint->is_never) || (more->renames && !taint->renames) ||
                   (more->twists && !taint->twists) || (more->fills && !taint->fills) ||
                   (more->keeps && !taint->keeps) || (more->administers & ~taint->administers) != 0;

    taint->fields |= more->fields;
    taint->kinds |= more->kinds;
    taint->is_opaque |= more->is_opaque;
    taint->is_exit |= more->is_exit;
    taint->is_never |= more->is_never;
    taint->renames |= more->renames;
    taint->twists |= more->twists;
    taint->fills |= more->fills;
    taint->keeps |= more->keeps;
    taint->administers |= more->administers;
    return is_more;
}

/* Beyond all reason: then the target is everything, and no more is kept. */
int
catalog_edge_add(struct catalog_builder *b, size_t from, size_t to)
{
    struct catalog_pair *edge;

    if (b->edges.count >= EDGES_MAX) {
        catalog_taint_everything(b, &b->taints[to]);
        b->taints[to].is_never = b->taints[to].is_exit = b->taints[to].keeps = true;
        return 0;
    }
    edge = catalog_pile_add(&b->edges, sizeof(*edge));
    if (!edge)
        return PASU_E_NOMEM;
    *edge = (struct catalog_pair){(uint32_t)from, (uint32_t)to};
    return 0;
}

/* ---- what relations are by themselves ---- */

static void
taint_relation(struct catalog_builder *b, size_t number)
{
    const struct catalog_relation *r = &b->catalog->relations[number];
    struct catalog_taint *taint = &b->taints[number];

    for (size_t i = 0; i < r->show_count; i++) {
        taint->fields |= r->shows[i].fields;
        taint->kinds |= UINT64_C(1) << r->shows[i].kind;
    }
    taint->fields |= b->marked[number].fields;
    taint->kinds |= b->marked[number].kinds;
    taint->is_never |= r->is_never;
    if (r->speaks_values)
        catalog_taint_everything(b, taint);
}

/* Column `column` of an ordinary relation; its marks are those of all its columns. */
void
catalog_taint_column(const struct catalog_builder *b, const struct catalog_relation *r,
                     int16_t column, struct catalog_taint *taint)
{
    for (size_t i = 0; i < r->show_count; i++) {
        uint64_t fields =
            column <= r->column_limit ? r->shows[i].column_fields[column] : r->shows[i].fields;

        if (fields != 0) {
            taint->fields |= fields;
            taint->kinds |= UINT64_C(1) << r->shows[i].kind;
        }
    }
    taint->fields |= b->marked[r - b->catalog->relations].fields;
    taint->kinds |= b->marked[r - b->catalog->relations].kinds;
    taint->is_never |= r->is_never;
}

/* ---- views ---- */

static int
add_dependency(struct catalog_builder *b, const struct catalog_dependency *d)
{
    const struct catalog *c = b->catalog;
    const struct catalog_rule *rule = catalog_rule_find(c, d->rule);
    size_t view = rule ? catalog_relation_number(c, rule->relation) : SIZE_MAX;
    size_t object;

    if (view == SIZE_MAX || (!d->is_function && d->object == rule->relation && rule->is_view))
        return 0;
    if (!rule->is_view)
        view = catalog_act_node(b, view);
    object = d->is_function ? catalog_function_number(c, d->object)
                            : catalog_relation_number(c, d->object);
    if (object == SIZE_MAX) {
        catalog_taint_everything(b, &b->taints[view]);
        return 0;
    }
    if (d->is_function)
        return catalog_edge_add(b, c->relation_count + object, view);
    /* A rule can write to what it names. */
    if (!rule->is_view && d->object != rule->relation &&
        (c->relations[object].kind == 'r' || c->relations[object].kind == 'p')) {
        int result = catalog_edge_add(b, view, object);

        if (result != 0)
            return result;
    }
    if (c->relations[object].kind == 'v' || c->relations[object].kind == 'm' ||
        c->relations[object].speaks_values || c->relations[object].has_casts || d->column <= 0 ||
        rule->is_whole)
        return catalog_edge_add(b, object, view);
    catalog_taint_column(b, &c->relations[object], d->column, &b->taints[view]);
    return 0;
}

static int
add_views(struct catalog_builder *b)
{
    int result = 0;

    PILE_EACH (const struct catalog_rule, rule, &b->catalog->rules) {
        size_t view = catalog_relation_number(b->catalog, rule->relation);

        if (view == SIZE_MAX)
            continue;
        if (!rule->is_view)
            view = catalog_act_node(b, view);
        if (rule->speaks || !rule->is_seen)
            catalog_taint_everything(b, &b->taints[view]);
        b->taints[view].is_exit |= rule->exits;
    }
    PILE_EACH (const struct catalog_dependency, d, &b->dependencies)
        if (result == 0)
            result = add_dependency(b, d);
    return result;
}

/* ---- what acts on relations ---- */

static int
add_acts(struct catalog_builder *b)
{
    const struct catalog *c = b->catalog;
    int result = 0;

    PILE_EACH (const struct catalog_act, act, &b->acts) {
        size_t number = catalog_relation_number(c, act->relation);

        b->catalog->may_borrow |= cursor_is_read(act->text);
        b->catalog->may_run_prepared |= cursor_tells_prepared(act->text);
        if (act->relation == 0 && result == 0) {
            b->catalog->has_events = true;
            result = catalog_body_read(b, catalog_event_node(b), view_of_text(act->text));
        }
        if (number == SIZE_MAX || result != 0)
            continue;
        c->relations[number].has_acts = true;
        c->relations[number].is_guarded |= act->is_guard;
        c->relations[number].is_filled |= act->is_filling;
        catalog_trigger_read(b, number, act);
        result = catalog_body_read(b, catalog_act_node(b, number), view_of_text(act->text));
        if (result == 0 && act->is_filling)
            result = catalog_edge_add(b, catalog_act_node(b, number), number);
    }
    /* Rows that are written to a parent are a child's. */
    PILE_EACH (const struct catalog_pair, pair, &b->inherits) {
        size_t child = catalog_relation_number(c, pair->a);
        size_t parent = catalog_relation_number(c, pair->b);

        if (child == SIZE_MAX || parent == SIZE_MAX || result != 0)
            continue;
        c->relations[parent].is_filled |= c->relations[child].is_filled;
        c->relations[parent].has_acts |= c->relations[child].has_acts;
        result = catalog_edge_add(b, catalog_act_node(b, child), catalog_act_node(b, parent));
    }
    return result;
}

/* ---- what views do ---- */

/* The view, and what it reads, of what a view's rule depends on; false: it is none, or a function.
 */
static bool
view_reads(const struct catalog *c, const struct catalog_dependency *d, size_t *view, size_t *table)
{
    const struct catalog_rule *rule = catalog_rule_find(c, d->rule);

    if (d->is_function || !rule || !rule->is_view)
        return false;
    *view = catalog_relation_number(c, rule->relation);
    *table = catalog_relation_number(c, d->object);
    return *view != SIZE_MAX && *table != SIZE_MAX && *view != *table;
}

static bool
act_upwards(struct catalog_relation *view, const struct catalog_relation *table)
{
    struct catalog_relation before = *view;

    view->has_acts |= table->has_acts;
    view->is_filled |= table->is_filled;
    view->has_rules |= table->has_rules;
    return view->has_acts != before.has_acts || view->is_filled != before.is_filled ||
           view->has_rules != before.has_rules;
}

/* Rows that are written to a view are its table's. */
static int
add_view_acts(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;
    size_t view, table;
    bool is_more = true;
    int result = 0;

    PILE_EACH (const struct catalog_dependency, d, &b->dependencies)
        if (result == 0 && view_reads(c, d, &view, &table))
            result = catalog_edge_add(b, catalog_act_node(b, table), catalog_act_node(b, view));
    while (is_more && result == 0) {
        is_more = false;
        PILE_EACH (const struct catalog_dependency, d, &b->dependencies)
            is_more |= view_reads(c, d, &view, &table) &&
                       act_upwards(&c->relations[view], &c->relations[table]);
    }
    return result;
}

/* Whether more is known of the view than before. */
static bool
view_calls(const struct catalog *c, const struct catalog_dependency *d)
{
    const struct catalog_rule *rule = catalog_rule_find(c, d->rule);
    size_t view = rule && rule->is_view ? catalog_relation_number(c, rule->relation) : SIZE_MAX;
    size_t object = d->is_function ? catalog_function_number(c, d->object)
                                   : catalog_relation_number(c, d->object);
    struct catalog_relation *r, before;

    if (view == SIZE_MAX || object == SIZE_MAX)
        return false;
    r = &c->relations[view];
    before = *r;
    r->fills |= d->is_function ? c->functions[object].fills : c->relations[object].fills;
    r->renames |= d->is_function ? c->functions[object].renames : c->relations[object].renames;
    r->twists |= d->is_function ? c->functions[object].twists : c->relations[object].twists;
    r->keeps |= d->is_function ? c->functions[object].keeps : c->relations[object].keeps;
    return r->fills != before.fills || r->renames != before.renames || r->twists != before.twists ||
           r->keeps != before.keeps;
}

/* A view's tables do nothing when they are read: not by the edges that taints go along. */
static void
add_view_calls(struct catalog_builder *b)
{
    bool is_more = true;

    while (is_more) {
        is_more = false;
        PILE_EACH (const struct catalog_dependency, d, &b->dependencies)
            is_more |= view_calls(b->catalog, d);
    }
}

/* ---- the fixpoint ---- */

struct graph {
    uint32_t *first; /* by node: where its edges begin in `targets`; one more at the end */
    uint32_t *targets;
    uint32_t *queue; /* nodes whose targets must be looked at: a ring, each node at most once */
    bool *is_queued;
};

static int
graph_init(struct graph *g, const struct catalog_builder *b, size_t nodes)
{
    const struct catalog_pair *edges = b->edges.items;

    g->first = memory_new(nodes + 2, sizeof(g->first[0]));
    g->targets = memory_new(b->edges.count + 1, sizeof(g->targets[0]));
    g->queue = memory_new(nodes + 1, sizeof(g->queue[0]));
    g->is_queued = memory_new(nodes + 1, sizeof(g->is_queued[0]));
    if (!g->first || !g->targets || !g->queue || !g->is_queued)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < b->edges.count; i++)
        g->first[edges[i].a + 2]++;
    for (size_t n = 2; n < nodes + 2; n++)
        g->first[n] += g->first[n - 1];
    for (size_t i = 0; i < b->edges.count; i++)
        g->targets[g->first[edges[i].a + 1]++] = edges[i].b;
    return 0;
}

static void
graph_release(struct graph *g)
{
    memory_free(g->first);
    memory_free(g->targets);
    memory_free(g->queue);
    memory_free(g->is_queued);
}

static int
spread(struct catalog_builder *b, size_t nodes)
{
    struct graph g = {0};
    int result = graph_init(&g, b, nodes);
    size_t head = 0, count = nodes;

    for (size_t n = 0; result == 0 && n < nodes; n++) {
        g.queue[n] = (uint32_t)n;
        g.is_queued[n] = true;
    }
    while (result == 0 && count > 0) {
        uint32_t node = g.queue[head];

        head = head + 1 == nodes ? 0 : head + 1;
        count--;
        g.is_queued[node] = false;
        for (uint32_t i = g.first[node]; i < g.first[node + 1]; i++) {
            uint32_t target = g.targets[i];

            if (!taint_add(&b->taints[target], &b->taints[node]) || g.is_queued[target])
                continue;
            g.queue[(head + count++) % nodes] = target;
            g.is_queued[target] = true;
        }
    }
    graph_release(&g);
    return result;
}

static bool
write_upwards(const struct catalog_relation *from, struct catalog_relation *to)
{
    bool is_more = (from->written_fields & ~to->written_fields) != 0 ||
                   (from->written_kinds & ~to->written_kinds) != 0 ||
                   (from->is_written_opaque && !to->is_written_opaque);

    to->written_fields |= from->written_fields;
    to->written_kinds |= from->written_kinds;
    to->is_written_opaque |= from->is_written_opaque;
    return is_more;
}

/* One that the snapshot does not have can do anything. */
static struct catalog_taint
taint_of_function(const struct catalog_builder *b, uint32_t oid)
{
    size_t function = catalog_function_number(b->catalog, oid);
    struct catalog_taint taint = {0};

    if (function != SIZE_MAX)
        return b->taints[b->catalog->relation_count + function];
    catalog_taint_everything(b, &taint);
    return taint;
}

/* What is written to a table can be written to those that inherit from it, and what is written to
 * a view to its table. */
static void
write_writers(const struct catalog_builder *b)
{
    const struct catalog *c = b->catalog;
    bool is_more = true;
    size_t from, to;

    PILE_EACH (const struct catalog_pair, pair, &b->writers) {
        size_t relation = catalog_relation_number(c, pair->a);
        struct catalog_taint taint;

        if (relation == SIZE_MAX)
            continue;
        taint = taint_of_function(b, pair->b);
        c->relations[relation].written_fields |= taint.fields;
        c->relations[relation].written_kinds |= taint.kinds;
        c->relations[relation].is_written_opaque |=
            taint.is_opaque || taint.is_never || taint.fields != 0;
    }
    while (is_more) {
        is_more = false;
        PILE_EACH (const struct catalog_pair, pair, &b->inherits) {
            from = catalog_relation_number(c, pair->a);
            to = catalog_relation_number(c, pair->b);
            is_more |= from != SIZE_MAX && to != SIZE_MAX &&
                       write_upwards(&c->relations[from], &c->relations[to]);
        }
        PILE_EACH (const struct catalog_dependency, d, &b->dependencies)
            is_more |= view_reads(c, d, &to, &from) &&
                       write_upwards(&c->relations[from], &c->relations[to]);
    }
}

/* What functions and triggers have put into a table beyond its mapping can be in any column. */
static void
write_marks(const struct catalog_builder *b, size_t number)
{
    struct catalog_relation *r = &b->catalog->relations[number];
    uint64_t own = b->marked[number].fields, extra;

    for (size_t i = 0; i < r->show_count; i++)
        own |= r->shows[i].fields;
    extra =
        r->speaks_values || r->kind == 'v' || r->kind == 'm' ? 0 : b->taints[number].fields & ~own;
    r->filled_fields |= extra & ~b->marked[number].fields;
    r->filled_kinds = r->filled_fields ? b->taints[number].kinds : 0;
    r->marked_fields = b->marked[number].fields | extra;
    r->marked_kinds = b->marked[number].kinds | (extra ? b->taints[number].kinds : 0);
}

/* What a cast can make of a row is in any of its columns; in none that is known, of a view. */
static void
write_forms(const struct catalog_builder *b)
{
    struct catalog *c = b->catalog;

    for (size_t i = 0; i < c->relation_count; i++)
        c->relations[i].has_casts = false;
    PILE_EACH (const struct catalog_pair, pair, &b->forms) {
        size_t relation = catalog_relation_number(c, pair->a);
        struct catalog_taint taint;

        if (relation == SIZE_MAX)
            continue;
        taint = taint_of_function(b, pair->b);
        c->relations[relation].has_casts |= taint.fields != 0;
        c->relations[relation].marked_fields |= taint.fields;
        c->relations[relation].marked_kinds |= taint.kinds;
    }
}

static void
write_back(const struct catalog_builder *b)
{
    struct catalog *c = b->catalog;

    for (size_t i = 0; i < c->relation_count; i++) {
        const struct catalog_taint *taint = &b->taints[i];
        const struct catalog_taint *act = &b->taints[catalog_act_node(b, i)];

        c->relations[i].fields = taint->fields;
        c->relations[i].kinds = taint->kinds;
        write_marks(b, i);
        c->relations[i].act_fields = act->fields;
        c->relations[i].act_kinds = act->kinds;
        c->relations[i].act_renames = act->renames;
        c->relations[i].act_twists = act->twists;
        c->relations[i].act_keeps = act->keeps;
        c->has_keeping_acts |= act->keeps;
        c->relations[i].is_never = taint->is_never;
        c->relations[i].is_exit = taint->is_exit;
    }
    for (size_t i = 0; i < c->function_count; i++) {
        const struct catalog_taint *taint = &b->taints[c->relation_count + i];

        c->functions[i].fields = taint->fields;
        c->functions[i].kinds = taint->kinds;
        c->functions[i].is_never = taint->is_never;
        c->functions[i].is_exit = taint->is_exit;
        c->functions[i].renames = taint->renames;
        c->functions[i].twists = taint->twists;
        c->functions[i].administers = taint->administers;
        c->functions[i].fills = taint->fills;
        c->functions[i].keeps = taint->keeps;
        c->functions[i].is_opaque = taint->is_opaque || taint->is_never || taint->fields != 0;
    }
    c->event_fields = b->taints[catalog_event_node(b)].fields;
    c->event_kinds = b->taints[catalog_event_node(b)].kinds;
    write_writers(b);
    write_forms(b);
}

/* Who reads such a relation has what a cast of it says. */
static int
add_forms(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;
    int result = 0;

    PILE_EACH (const struct catalog_pair, pair, &b->forms) {
        size_t relation = catalog_relation_number(c, pair->a);
        size_t function = catalog_function_number(c, pair->b);

        if (result != 0 || relation == SIZE_MAX)
            continue;
        c->relations[relation].has_casts = true; /* whoever names one of its columns, too */
        if (function == SIZE_MAX)
            catalog_taint_everything(b, &b->taints[relation]);
        else
            result = catalog_edge_add(b, c->relation_count + function, relation);
    }
    return result;
}

/* Native ones are those of extensions. */
static int
add_casts(struct catalog_builder *b)
{
    int result = 0;

    PILE_EACH (const uint32_t, oid, &b->casts) {
        size_t function = catalog_function_number(b->catalog, *oid);

        if (result != 0 || function == SIZE_MAX || catalog_is_native(b, function))
            continue;
        b->has_cast_code = true;
        result = catalog_edge_add(b, b->catalog->relation_count + function, catalog_cast_node(b));
    }
    return result;
}

int
catalog_taint(struct catalog_builder *b)
{
    size_t nodes;
    int result = catalog_resolve(b);

    if (result != 0 || b->is_tainted)
        return result;
    b->is_tainted = true;
    for (size_t i = 0; i < b->catalog->relation_count; i++)
        taint_relation(b, i);
    nodes = catalog_cast_node(b) + 1;
    result = add_forms(b);
    if (result == 0)
        result = add_casts(b);
    if (result == 0)
        result = catalog_functions_read(b);
    if (result == 0)
        result = add_acts(b);
    if (result == 0)
        result = add_view_acts(b);
    if (result == 0)
        result = add_views(b);
    if (result == 0)
        result = catalog_calls_init(b);
    if (result == 0)
        result = catalog_spills(b);
    if (result == 0)
        result = spread(b, nodes);
    if (result == 0)
        result = catalog_fills(b);
    if (result == 0) {
        write_back(b);
        add_view_calls(b);
        catalog_rows_judge(b);
    }
    b->failure = result;
    return result;
}
