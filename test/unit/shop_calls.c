/* SPDX-License-Identifier: Apache-2.0 */
/* What the shop's functions say and fill. Nothing is written by them, and no cast keeps anything.
 */
#include "shop_catalog.h"

#include "base/list.h"

enum { BIGINT = 20, INTEGER = 23, TEXT = 25, BPCHAR = 1042, VOID = 2278 };

#define SQL(oid, result, row, type, text)                                                          \
    {                                                                                              \
        oid, false, result, row, 1, {type}, {"k"}, text                                            \
    }
#define PLPGSQL(oid, result, row, type, text)                                                      \
    {                                                                                              \
        oid, true, result, row, 1, {type}, {"k"}, text                                             \
    }
static const struct catalog_routine routines[] = {
    SQL(3020, TEXT, 0, BIGINT, "SELECT email FROM customers WHERE id = k"),
    PLPGSQL(3021, VOID, 0, BIGINT,
            "DECLARE n text; BEGIN SELECT name INTO n FROM customers WHERE id = k; "
            "RAISE NOTICE 'it is %!', n; END"),
    PLPGSQL(3022, VOID, 0, BIGINT,
            "DECLARE n text; BEGIN SELECT address INTO n FROM customers WHERE id = k; "
            "RAISE EXCEPTION 'no such thing: %', n; END"),
    PLPGSQL(3023, 17000, SHOP_CUSTOMERS, INTEGER,
            "BEGIN RETURN QUERY SELECT * FROM customers WHERE grade = k; END"),
    SQL(3024, TEXT, 0, BIGINT, "SELECT email FROM customers WHERE id = k"),
    SQL(3025, TEXT, 0, BIGINT, "SELECT name FROM customers WHERE $1 = id"),
    PLPGSQL(3026, TEXT, 0, BIGINT,
            "DECLARE n text; BEGIN IF k > 1 THEN SELECT name INTO n FROM customers WHERE id = k; "
            "END IF; RETURN n; END"),
    PLPGSQL(3027, TEXT, 0, BIGINT,
            "DECLARE n text; BEGIN SELECT name INTO n FROM customers WHERE id = k; RAISE NOTICE "
            "'%, %', k, n; RETURN n; END"),
    SQL(3028, TEXT, 0, BIGINT, "SELECT max(name) FROM customers WHERE id = k"),
    SQL(3029, TEXT, 0, BIGINT,
        "SELECT c.name FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = k"),
    SQL(3030, 17000, SHOP_CUSTOMERS, BIGINT, "SELECT * FROM customers WHERE id = k"),
    SQL(3032, TEXT, 0, BIGINT, "SELECT x FROM customers c (k, x) WHERE k = 7 AND $1 = 7"),
    SQL(3033, TEXT, 0, BIGINT, "SELECT k.name FROM customers k WHERE id = $1 AND k IS NOT NULL"),
    {3034, false, TEXT, 0, 1, {BIGINT}, {"region"}, "SELECT name FROM customers WHERE id = region"},
    SQL(3035, TEXT, 0, BIGINT, "SELECT name FROM customers WHERE id = $2"),
    SQL(3031, TEXT, 0, BPCHAR, "SELECT name FROM customers WHERE region = k"),
};

const struct catalog_routine *
catalog_routine(const struct catalog *catalog PASU_UNUSED, uint32_t function)
{
    for (size_t i = 0; i < COUNT_OF(routines); i++)
        if (routines[i].function == function)
            return &routines[i];
    return NULL;
}

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
