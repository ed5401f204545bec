/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/growth.h"

/* The number of rows in a tag that says that some are new; 0 for others. */
static uint64_t
inserted(struct view tag)
{
    static const char *const tags[] = {"INSERT 0 ", "MERGE ", "COPY "};

    for (size_t i = 0; i < COUNT_OF(tags); i++) {
        size_t length = strlen(tags[i]);
        uint64_t rows = 0;

        if (tag.length <= length || memcmp(tag.bytes, tags[i], length) != 0)
            continue;
        for (size_t at = length; at < tag.length && rows < UINT32_MAX; at++) {
            if (tag.bytes[at] < '0' || tag.bytes[at] > '9')
                break;
            rows = rows * 10 + (uint64_t)(tag.bytes[at] - '0');
        }
        return rows < UINT32_MAX ? rows : UINT32_MAX;
    }
    return 0;
}

void
growth_add(struct growth *g, struct growth_share *share, const struct catalog *catalog,
           const struct plan_statement *statement, struct view tag)
{
    uint64_t rows = inserted(tag);
    uint32_t kinds;

    if (PASU_LIKELY(rows == 0) || (statement && statement->special == SPECIAL_COPY_OUT))
        return;
    kinds = catalog && statement ? catalog_subjects_named(catalog, statement->sql)
                                 : (1u << CATALOG_KINDS_MAX) - 1;
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++) {
        if (!(kinds >> kind & 1))
            continue;
        g->open[kind] += rows; /* first: what is in `total` and not in here counts as committed */
        g->total[kind] += rows;
        share->rows[kind] += rows;
        share->is_any = true;
    }
}

void
growth_settle(struct growth *g, struct growth_share *share)
{
    if (PASU_LIKELY(!share->is_any))
        return;
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++)
        g->open[kind] -= share->rows[kind];
    memset(share, 0, sizeof(*share));
}

uint64_t
growth_of(const struct growth *g, uint8_t kind)
{
    uint64_t counted = g->counted[kind % CATALOG_KINDS_MAX];

    return g->total[kind % CATALOG_KINDS_MAX] - counted;
}

void
growth_look(const struct growth *g, struct growth_sight *sight)
{
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++) {
        uint64_t total = g->total[kind], open = g->open[kind], counted = g->counted[kind];

        total = total - counted > open ? total - open : counted;
        sight->total[kind] = total;
        sight->fresh[kind] = total - counted;
    }
}

void
growth_counted(struct growth *g, const struct growth_sight *sight)
{
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++)
        g->counted[kind] = sight->total[kind];
}
