/* SPDX-License-Identifier: Apache-2.0 */
/* What a route map says of databases' logs. */
#include "scan/mysql_time.h"
#include "scan/route_map_part.h"

struct statement_writing {
    struct route route; /* its fields */
    const struct yaml_node *sql;
};

static void
read_sql(struct map_reading *r, const struct yaml_node *node, void *what)
{
    if (map_is_text(r, node, "statements.sql"))
        ((struct statement_writing *)what)->sql = node;
}

static void
read_shown(struct map_reading *r, const struct yaml_node *node, void *what)
{
    map_read_texts(r, node, "statements.fields", map_read_field,
                   &((struct statement_writing *)what)->route);
}

static void
read_statement(struct map_reading *r, const struct yaml_node *node)
{
    static const struct map_key keys[] = {{"sql", read_sql}, {"fields", read_shown}, {NULL, NULL}};
    struct statement_writing writing = {0};
    struct sql_template *template = &r->map->statements[r->map->statement_count];
    size_t faults = r->faults->count;
    const char *why = "";
    int result;

    map_read(r, node, "statements", keys, &writing);
    if (node->kind != YAML_MAP || r->faults->count != faults)
        return;
    if (writing.sql == NULL || writing.route.fields == 0) {
        map_fault(r, node,
                  "write {sql: 'SELECT name FROM members WHERE id = {customer}', fields: [name]}",
                  writing.sql == NULL ? "statements.sql is missing"
                                      : "statements.fields is missing");
        return;
    }
    result =
        sql_template_parse(template, &r->map->store, writing.sql->text, map_kind_of, r->map, &why);
    if (result == PASU_E_MALFORMED)
        map_fault(r, writing.sql,
                  "write SELECT name FROM members WHERE id = {customer}; {} is any value",
                  "%.80s: %s", writing.sql->text, why);
    if (result != 0)
        return;
    template->fields = writing.route.fields;
    template->line = writing.sql->line;
    r->map->statement_count++;
}

void
map_read_statements(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    if (node->kind != YAML_LIST) {
        if (node->kind != YAML_BAD)
            map_fault(r, node, "write statements: [{sql: …, fields: […]}, …]",
                      "statements is no list");
        return;
    }
    if (node->count > MAP_ITEMS_MAX) {
        map_fault(r, node, "write at most 10000", "there are too many statements");
        return;
    }
    r->map->statements = store_new(&r->map->store, node->count, sizeof(*r->map->statements));
    for (const struct yaml_node *one = node->first; one != NULL && r->map->statements != NULL;
         one = one->next)
        read_statement(r, one);
}

void
map_read_prefix(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    struct server_log *log = store_new(&r->scratch, 1, sizeof(*log));

    if (log == NULL || !map_is_text(r, node, "log_line_prefix"))
        return;
    if (server_log_prefix(log, node->text) != 0)
        map_fault(r, node, "it is what the server's log_line_prefix says: SHOW log_line_prefix",
                  "log_line_prefix needs %%p and one of %%t, %%m and %%n, and at most 64 parts");
    else
        r->map->log_line_prefix = store_dup(&r->map->store, view_of_text(node->text));
}

void
map_read_zone(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    if (map_is_text(r, node, "time_zone") && !mysql_zone(view_of_text(node->text), &r->map->east))
        map_fault(r, node, "write time_zone: '+09:00', or UTC", "%.40s is no offset from UTC",
                  node->text);
}
