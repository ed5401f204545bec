/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has come to be since a snapshot: relations that it did not show, or that have other files
 * since then (which TRUNCATE and what writes a table anew give them). Versions tell it as long as
 * each snapshot knows the one before it; where none does, after a restart, the numbers tell it that
 * the server gives one after the other.
 */
#include "postgres/catalog_part.h"

#include <inttypes.h>
#include <stdio.h>

void
catalog_since_take(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;

    PILE_EACH (const struct catalog_pair, pair, &b->files) {
        size_t number = catalog_relation_number(c, pair->a);

        if (number != SIZE_MAX)
            c->relations[number].file = pair->b;
    }
    for (size_t i = 0; i < c->relation_count; i++) {
        struct catalog_relation *r = &c->relations[i];
        const struct catalog_relation *before =
            b->prior ? catalog_relation(b->prior, r->oid) : NULL;

        if (!b->prior)
            r->first = 1;
        else if (before && before->file == r->file)
            r->first = before->first;
        c->highest = r->oid > c->highest ? r->oid : c->highest;
        c->highest = r->file > c->highest ? r->file : c->highest;
    }
}

void
catalog_since_settle(struct catalog *c)
{
    for (size_t i = 0; i < c->relation_count; i++)
        if (c->relations[i].first == 0)
            c->relations[i].first = c->version;
}

int
catalog_empty_row(struct catalog_builder *b, const struct view *v)
{
    uint32_t oid;
    size_t number;

    if (!catalog_value_u32(v[0], &oid))
        return PASU_E_MALFORMED;
    number = catalog_relation_number(b->catalog, oid);
    if (number != SIZE_MAX)
        b->catalog->relations[number].is_empty = true;
    return 0;
}

void
catalog_since(const struct catalog *catalog, char text[CATALOG_SINCE_SIZE])
{
    snprintf(text, CATALOG_SINCE_SIZE, "%" PRIu64 "/%" PRIu32, catalog->version, catalog->highest);
}

const struct catalog_relation *
catalog_relation_since(const struct catalog *catalog, const char *since, size_t *at)
{
    uint64_t version = 0;
    uint32_t highest = 0;

    if (sscanf(since, "%" SCNu64 "/%" SCNu32, &version, &highest) != 2)
        version = highest = 0;
    while (*at < catalog->relation_count) {
        const struct catalog_relation *r = &catalog->relations[(*at)++];

        if (!r->is_system && r->kind != 'p' &&
            (r->first == 0 || r->first > version || r->oid > highest || r->file > highest))
            return r;
    }
    return NULL;
}
