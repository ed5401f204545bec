/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/catalog_load.h"

struct reading {
    struct catalog_builder *builder;
    size_t query;
};

static int
take_row(void *arg, const struct view *values, size_t count)
{
    const struct reading *reading = arg;

    return catalog_builder_row(reading->builder, reading->query, values, count);
}

static int
ask(struct inspector_link *link, struct reading *reading, size_t *most)
{
    const char *sql;
    int result = catalog_builder_query(reading->builder, reading->query, &sql);

    if (result == 0)
        result = inspector_link_query(link, sql, take_row, reading, most);
    if (result == PASU_E_DENIED && catalog_query_is_optional(reading->query)) {
        catalog_builder_skip(reading->builder, reading->query);
        result = 0;
    }
    return result;
}

int
catalog_load(struct inspector_link *link, const struct catalog_policy *policy,
             struct catalog *prior, const struct catalog_mark *marks, size_t mark_count,
             uint64_t version, struct catalog **catalog)
{
    struct reading reading = {0};
    size_t most = CATALOG_ROWS_MAX;
    int result = catalog_builder_new(&reading.builder, policy, prior, marks, mark_count);

    if (result != 0)
        return result;
    for (; result == 0 && reading.query < catalog_query_count(); reading.query++)
        result = ask(link, &reading, &most);
    if (result == 0)
        return catalog_builder_finish(reading.builder, version, catalog);
    catalog_builder_free(reading.builder);
    inspector_link_close(link); /* and with it the transaction */
    return result;
}

/* ---- polls ---- */

struct poll {
    struct catalog *catalog;
    enum catalog_change change;
};

static int
take_poll(void *arg, const struct view *values, size_t count)
{
    struct poll *poll = arg;

    poll->change = count == 1 ? catalog_poll_change(poll->catalog, values[0]) : CATALOG_CHANGED;
    return 0;
}

static int
take_growth(void *arg, const struct view *values, size_t count)
{
    const struct poll *poll = arg;

    return catalog_growth_row(poll->catalog, values, count);
}

static int
take_count(void *arg, const struct view *values, size_t count)
{
    const struct poll *poll = arg;

    return catalog_growth_count(poll->catalog, values, count);
}

/* How many subjects there are by now. A table that is locked cannot be asked; nobody else inserts
 * into it then. */
static int
poll_growth(struct inspector_link *link, struct poll *poll, const uint64_t added[CATALOG_KINDS_MAX])
{
    size_t most = CATALOG_MESSAGE_MAX, at = 0;
    const char *sql = catalog_growth_text(poll->catalog);
    int result = sql ? inspector_link_query(link, sql, take_growth, poll, &most) : 0;

    catalog_growth_add(poll->catalog, added);
    while (result == 0 && (sql = catalog_growth_recount(poll->catalog, &at)))
        result = inspector_link_query(link, sql, take_count, poll, &most);
    catalog_growth_end(poll->catalog);
    return result == PASU_E_DENIED ? 0 : result;
}

int
catalog_load_poll(struct inspector_link *link, struct catalog *catalog,
                  const uint64_t added[CATALOG_KINDS_MAX], enum catalog_change *change,
                  bool *is_added)
{
    struct poll poll = {.catalog = catalog, .change = CATALOG_CHANGED};
    size_t most = CATALOG_MESSAGE_MAX;
    int result = inspector_link_query(link, catalog_poll_text(catalog), take_poll, &poll, &most);

    *change = poll.change;
    *is_added = result == 0;
    if (result != 0) {
        inspector_link_close(link);
        return result;
    }
    return poll_growth(link, &poll, added);
}
