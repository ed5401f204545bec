/* SPDX-License-Identifier: Apache-2.0 */
/* Of relations that are filled by statements alone, whether a row is of one person of each kind. */
#include "postgres/catalog_part.h"

static void
mix(struct catalog *c, size_t number)
{
    if (number == SIZE_MAX || !c->relations[number].is_one_marked)
        return;
    c->relations[number].is_one_marked = false;
    c->relations[number].is_mixed = true;
    c->relations[number].marked_persons = 0;
}

/* Whether what acts on it can put other rows' values into the rows that are written. */
static bool
is_changed_by_acts(const struct catalog_builder *b, size_t number)
{
    const struct catalog_relation *r = &b->catalog->relations[number];
    const struct catalog_taint *act = &b->taints[catalog_act_node(b, number)];

    return r->has_rules || r->is_guarded ||
           (r->has_acts && (act->fields != 0 || act->is_opaque || act->keeps));
}

void
catalog_rows_judge(const struct catalog_builder *b)
{
    struct catalog *c = b->catalog;

    for (size_t i = 0; i < c->relation_count; i++) {
        struct catalog_relation *r = &c->relations[i];
        const struct catalog_taint *marks = &b->marked[i];

        r->is_one_marked = marks->marks > 0 && !marks->is_many && r->kind == 'r' &&
                           r->show_count == 0 && !r->speaks_values;
        r->marked_persons = marks->is_uncounted            ? 0
                            : marks->persons >= UINT32_MAX ? 0
                                                           : (uint32_t)marks->persons;
        if (!r->is_one_marked)
            r->marked_persons = 0;
        if (r->filled_fields != 0 || r->fields != r->marked_fields || r->has_casts ||
            is_changed_by_acts(b, i))
            mix(c, i);
    }
    PILE_EACH (const struct catalog_pair, fill, &c->fills)
        mix(c, catalog_relation_number(c, fill->b));
    PILE_EACH (const struct catalog_spill, spill, &c->spills)
        if (spill->kind != SPILL_VIEW)
            mix(c, catalog_relation_number(c, spill->to));
    PILE_EACH (const struct catalog_pair, pair, &b->inherits) {
        mix(c, catalog_relation_number(c, pair->a));
        mix(c, catalog_relation_number(c, pair->b));
    }
}
