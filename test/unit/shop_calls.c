/* SPDX-License-Identifier: Apache-2.0 */
/* What the shop's functions fill, and what its roles may read. Nothing is written by functions, and
 * no cast keeps anything. */
#include "shop_catalog.h"

const struct catalog_relation *
catalog_fill(const struct catalog *catalog, uint32_t function, size_t *at)
{
    return function == SHOP_F_LOG && (*at)++ == 0 ? catalog_relation(catalog, SHOP_PRODUCTS) : NULL;
}

const struct catalog_relation *
catalog_written_by(const struct catalog *catalog PASU_UNUSED, uint32_t function PASU_UNUSED,
                   size_t *at PASU_UNUSED)
{
    return NULL;
}

bool
catalog_has_keeping_casts(const struct catalog *catalog PASU_UNUSED)
{
    return false;
}

const struct catalog_relation *
catalog_relation_marked(const struct catalog *catalog, const char *schema, const char *name,
                        size_t *at)
{
    return catalog_relation_named(catalog, schema, name, at);
}

/* The clerk may read keys, and not the tables that they are of. */
bool
catalog_role_may_read(const struct catalog *catalog PASU_UNUSED, const char *role,
                      uint32_t relation PASU_UNUSED, int16_t column PASU_UNUSED)
{
    return strcmp(role, "app") == 0 || strcmp(role, "clerk") == 0;
}

bool
catalog_role_may_read_all(const struct catalog *catalog PASU_UNUSED, const char *role,
                          uint32_t relation PASU_UNUSED, int16_t key PASU_UNUSED)
{
    return strcmp(role, "app") == 0;
}
