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

        if (tag.length <= length || tag.bytes[0] != (uint8_t)tags[i][0] ||
            memcmp(tag.bytes, tags[i], length) != 0)
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
           const uint8_t slots[CATALOG_KINDS_MAX], const struct plan_statement *statement,
           struct view tag)
{
    uint64_t rows = inserted(tag);
    uint32_t kinds, filled = (1u << CATALOG_KINDS_MAX) - 1;

    if (PASU_LIKELY(rows == 0) || (statement && statement->special == SPECIAL_COPY_OUT))
        return;
    if (catalog && statement) {
        kinds = catalog_subjects_named(catalog, statement->sql);
        filled = 0;
        for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++)
            if (kinds >> kind & 1)
                filled |= 1u << slots[kind] % CATALOG_KINDS_MAX;
    }
    for (unsigned slot = 0; slot < CATALOG_KINDS_MAX; slot++) {
        if (!(filled >> slot & 1))
            continue;
        g->open[slot] += rows; /* first: what is in `total` and not in here counts as committed */
        g->total[slot] += rows;
        share->rows[slot] += rows;
        share->is_any = true;
    }
}

void
growth_settle(struct growth *g, struct growth_share *share)
{
    if (PASU_LIKELY(!share->is_any))
        return;
    for (unsigned slot = 0; slot < CATALOG_KINDS_MAX; slot++)
        g->open[slot] -= share->rows[slot];
    memset(share, 0, sizeof(*share));
}

uint64_t
growth_of(const struct growth *g, const struct catalog_seen *seen, uint8_t slot)
{
    uint64_t rows = seen->rows[slot % CATALOG_KINDS_MAX];

    return g->total[slot % CATALOG_KINDS_MAX] - rows;
}

void
growth_look(const struct growth *g, const struct catalog_seen *seen, struct growth_sight *sight)
{
    for (unsigned slot = 0; slot < CATALOG_KINDS_MAX; slot++) {
        uint64_t total = g->total[slot], open = g->open[slot], rows = seen->rows[slot];

        total = total - rows > open ? total - open : rows;
        sight->total[slot] = total;
        sight->fresh[slot] = total - rows;
    }
}

void
growth_fresh(const struct growth_sight *sight, const uint8_t slots[CATALOG_KINDS_MAX],
             uint64_t fresh[CATALOG_KINDS_MAX])
{
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++)
        fresh[kind] = sight->fresh[slots[kind] % CATALOG_KINDS_MAX];
}

void
growth_counted(struct catalog_seen *seen, const struct growth_sight *sight)
{
    for (unsigned slot = 0; slot < CATALOG_KINDS_MAX; slot++)
        seen->rows[slot] = sight->total[slot];
}
