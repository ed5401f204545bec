/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/catalog_origin.h"

enum { COLUMNS = 4, ROWS_MAX = 4096 };

#define ORIGIN_OF(system)                                                                          \
    "SELECT " system ", d.oid, (pg_catalog.pg_is_in_recovery())::int, "                            \
    "pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()) "                               \
    "FROM pg_catalog.pg_database d "                                                               \
    "WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"

static int
take_origin(void *arg, const struct view *values, size_t count)
{
    struct catalog_origin *origin = arg;
    uint64_t numbers[COLUMNS];

    if (count != COLUMNS)
        return PASU_E_MALFORMED;
    for (size_t i = 0; i < COLUMNS; i++)
        if (!inspector_take_number(values[i], &numbers[i]))
            return PASU_E_MALFORMED;
    if (numbers[1] == 0 || numbers[1] > UINT32_MAX)
        return PASU_E_MALFORMED;
    *origin = (struct catalog_origin){.system = numbers[0],
                                      .database = (uint32_t)numbers[1],
                                      .is_standby = numbers[2] != 0,
                                      .oldest = numbers[3]};
    return 0;
}

int
catalog_origin_ask(struct inspector_link *link, struct catalog_origin *origin)
{
    static const char *const texts[] = {
        ORIGIN_OF("(SELECT system_identifier FROM pg_catalog.pg_control_system())"),
        ORIGIN_OF("0"), /* that function has been taken from PUBLIC */
    };
    int result = PASU_E_DENIED;

    *origin = (struct catalog_origin){0};
    for (size_t i = 0; i < COUNT_OF(texts) && result == PASU_E_DENIED; i++) {
        size_t most = ROWS_MAX;

        result = inspector_link_query(link, texts[i], take_origin, origin, &most);
    }
    if (result == 0 && origin->database == 0)
        return PASU_E_MALFORMED; /* no row */
    return result;
}

static int
take_next(void *arg, const struct view *values, size_t count)
{
    return count == 1 && inspector_take_number(values[0], arg) ? 0 : PASU_E_MALFORMED;
}

int
catalog_origin_next(struct inspector_link *link, uint64_t *next)
{
    size_t most = ROWS_MAX;
    int result;

    *next = 0;
    result = inspector_link_query(link, "SELECT pg_catalog.pg_current_xact_id()", take_next, next,
                                  &most);
    return result == PASU_E_DENIED ? 0 : result;
}
