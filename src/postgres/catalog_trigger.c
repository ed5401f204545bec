/* SPDX-License-Identifier: Apache-2.0 */
/* What a relation's triggers do with its row (row_flow.h): into marks of it, and taints of other
 * tables. */
#include "postgres/catalog_part.h"
#include "postgres/row_flow.h"

struct trigger {
    struct catalog_builder *b;
    size_t number; /* the relation */
};

static void
put(void *arg, const char *table, uint64_t fields)
{
    const struct trigger *t = arg;
    struct catalog_builder *b = t->b;
    const struct catalog_relation *filled;
    size_t next = 0;

    while ((filled = catalog_relation_named(b->catalog, NULL, table, &next)) != NULL) {
        struct catalog_taint *taint = &b->taints[filled - b->catalog->relations];

        if (filled->is_system)
            continue;
        taint->fields |= fields;
        taint->kinds |= b->taints[t->number].kinds;
    }
}

static void
put_own(struct catalog_builder *b, size_t number, uint64_t fields)
{
    if (fields == 0)
        return;
    b->catalog->relations[number].filled_fields |= fields;
    b->marked[number].fields |= fields;
    b->marked[number].kinds |= b->taints[number].kinds;
}

void
catalog_trigger_read(struct catalog_builder *b, size_t number, const struct catalog_act *act)
{
    const struct catalog_source *sources = b->sources.items;
    struct scan scan = scan_of(view_of_text(act->text));
    struct trigger trigger = {b, number};

    if (row_flow_fields(&b->catalog->relations[number], 0) == 0)
        return;
    while (scan_next(&scan) != SCAN_END && scan.kind != SCAN_UNSURE) {
        const struct catalog_function *f;
        size_t next = 0;

        if (scan.kind != SCAN_WORD && scan.kind != SCAN_QUOTED)
            continue;
        while ((f = catalog_function_named(b->catalog, NULL, scan.name, &next)) != NULL) {
            const char *body = sources[f - b->catalog->functions].body;
            struct row_flow flow = {.relation = &b->catalog->relations[number],
                                    .is_filling = act->is_filling,
                                    .put = put,
                                    .arg = &trigger};

            if (f->is_system || !body)
                continue;
            row_flow_read(&flow, body);
            put_own(b, number, flow.own);
        }
    }
}
