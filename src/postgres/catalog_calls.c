/* SPDX-License-Identifier: Apache-2.0 */
/* Which functions call which, and which tables one fills with all that it calls. */
#include "postgres/catalog_part.h"

static int
pair_order(const void *a, const void *b)
{
    const struct catalog_pair *left = a, *right = b;

    if (left->a != right->a)
        return left->a < right->a ? -1 : 1;
    return left->b < right->b ? -1 : left->b > right->b;
}

void
catalog_pairs_sort(struct catalog_pile *pairs)
{
    if (pairs->count > 0)
        qsort(pairs->items, pairs->count, sizeof(struct catalog_pair), pair_order);
}

const struct catalog_pair *
catalog_pairs_first(const struct catalog_pile *pairs, uint32_t a)
{
    const struct catalog_pair *items = pairs->items;
    size_t low = 0, high = pairs->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (items[middle].a < a)
            low = middle + 1;
        else
            high = middle;
    }
    return items ? items + low : NULL;
}

int
catalog_calls_init(struct catalog_builder *b)
{
    size_t first = b->catalog->relation_count, end = first + b->catalog->function_count;

    PILE_EACH (const struct catalog_pair, edge, &b->edges) {
        struct catalog_pair *pair;

        if (edge->a < first || edge->a >= end || edge->b < first || edge->b >= end)
            continue;
        pair = catalog_pile_add(&b->called, sizeof(*pair));
        if (!pair)
            return PASU_E_NOMEM;
        *pair = (struct catalog_pair){edge->b, edge->a};
    }
    catalog_pairs_sort(&b->called);
    catalog_pairs_sort(&b->fills);
    return 0;
}

static void
call(struct catalog_calls *calls, uint32_t node)
{
    for (size_t i = 0; i < calls->count; i++)
        if (calls->nodes[i] == node)
            return;
    if (calls->count < CATALOG_CALLED_MAX)
        calls->nodes[calls->count++] = node;
}

void
catalog_calls_of(const struct catalog_builder *b, uint32_t node, struct catalog_calls *calls)
{
    calls->count = 0;
    call(calls, node);
    for (size_t i = 0; i < calls->count; i++)
        PAIRS_OF(callee, &b->called, calls->nodes[i])
    call(calls, callee->b);
}

/* What is filled by the function at that place, for who asks by `oid`. */
static int
add_fills(struct catalog_builder *b, size_t function, uint32_t oid)
{
    struct catalog *c = b->catalog;
    struct catalog_calls calls;

    catalog_calls_of(b, (uint32_t)(c->relation_count + function), &calls);
    for (size_t i = 0; i < calls.count; i++)
        PAIRS_OF(fill, &b->fills, calls.nodes[i])
        {
            struct catalog_pair *pair = catalog_pile_add(&c->fills, sizeof(*pair));

            if (!pair)
                return PASU_E_NOMEM;
            *pair = (struct catalog_pair){oid, c->relations[fill->b].oid};
        }
    return 0;
}

/* Those of operators and casts: nobody names them. */
static int
add_unnamed(struct catalog_builder *b)
{
    int result = 0;

    PILE_EACH (const struct catalog_operator, o, &b->operators) {
        size_t number = catalog_function_number(b->catalog, o->function);

        if (number != SIZE_MAX && result == 0)
            result = add_fills(b, number, 0);
    }
    PILE_EACH (const uint32_t, oid, &b->casts) {
        size_t number = catalog_function_number(b->catalog, *oid);

        if (number != SIZE_MAX && result == 0)
            result = add_fills(b, number, 0);
    }
    return result;
}

static bool
speaks_of_row(const char *text)
{
    struct scan scan = scan_of(view_of_text(text));

    while (scan_next(&scan) != SCAN_END && scan.kind != SCAN_UNSURE)
        if (scan.kind == SCAN_WORD &&
            (strcmp(scan.name, "new") == 0 || strcmp(scan.name, "old") == 0))
            return true;
    return scan.kind == SCAN_UNSURE;
}

/* The texts of those that can carry a trigger's row: a trigger can be made at any time. */
int
catalog_fills(struct catalog_builder *b)
{
    const struct catalog_source *sources = b->sources.items;
    struct catalog *c = b->catalog;
    int result = add_unnamed(b);

    for (size_t i = 0; i < c->function_count && result == 0; i++) {
        bool fills = b->taints[c->relation_count + i].fills;
        const char *body = sources[i].body;

        if (c->functions[i].is_system)
            continue;
        if (body && (fills || speaks_of_row(body))) {
            c->functions[i].text = catalog_arena_text(&c->arena, view_of_text(body));
            if (!c->functions[i].text)
                return PASU_E_NOMEM;
        }
        if (fills)
            result = add_fills(b, i, c->functions[i].oid);
    }
    PILE_EACH (const struct catalog_pair, writer, &b->writers) {
        struct catalog_pair *pair = catalog_pile_add(&c->written, sizeof(*pair));

        if (!pair)
            return PASU_E_NOMEM;
        *pair = (struct catalog_pair){writer->b, writer->a};
    }
    catalog_pairs_sort(&c->fills);
    catalog_pairs_sort(&c->written);
    return result;
}

/* ---- asking ---- */

static const struct catalog_relation *
next_of(const struct catalog *catalog, const struct catalog_pile *pairs, uint32_t function,
        size_t *at)
{
    const struct catalog_pair *items = pairs->items, *pair;

    pair = *at > 0 ? items + *at : catalog_pairs_first(pairs, function);
    for (; pair && pair != items + pairs->count && pair->a == function; pair++) {
        const struct catalog_relation *relation = catalog_relation(catalog, pair->b);

        *at = (size_t)(pair - items) + 1;
        if (relation)
            return relation;
    }
    return NULL;
}

const struct catalog_relation *
catalog_fill(const struct catalog *catalog, uint32_t function, size_t *at)
{
    return next_of(catalog, &catalog->fills, function, at);
}

const struct catalog_relation *
catalog_written_by(const struct catalog *catalog, uint32_t function, size_t *at)
{
    return next_of(catalog, &catalog->written, function, at);
}
