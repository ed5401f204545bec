/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `pasu check --connect` and `pasu doctor` look at on the servers of a configuration without
 * faults.
 *
 * check_server looks at one gateway's server; what it could connect to is then looked through by
 * check_tables for the tables and columns that the configuration names. A table counts as there if
 * any database of any gateway's server has it: the configuration does not say which should.
 */
#ifndef PASU_CLI_CHECK_CONNECT_H
#define PASU_CLI_CHECK_CONNECT_H

#include "cli/finding.h"
#include "cli/probe.h"
#include "cli/progress.h"

/* What every look at a server needs. */
struct server_look {
    struct probe *probe;
    const struct config_gateway *gateway;
    struct findings *findings;
};

#define LOOK_FOUND(look_, name_, state_, hint_, ...)                                               \
    findings_add((look_)->findings, (look_)->gateway->name, (name_), (state_), (hint_), __VA_ARGS__)

/* Looks at the gateway's server. True if the inspector could log in: `probe` is then open. Close it
 * in any case. */
PASU_MUST_USE bool check_server(struct probe *probe, const struct config_gateway *gateway,
                                struct findings *findings);

/* A table, or one column of it, that the configuration names, and where it was found. */
struct wanted {
    char database[64], schema[64], table[64], column[64]; /* "": any; of column: none */
    char where[256];                                      /* databases that have it, "a, b" */
    unsigned found;                                       /* how many have it */
};

struct wanted_list {
    struct wanted *items;
    size_t count;
};

/* Every table and column that subjects, personal_data, never and identity name, each once. 0 or
 * PASU_E_NOMEM. Free the items with memory_free. */
PASU_MUST_USE int wanted_collect(struct wanted_list *list, const struct config *config);
/* Whether a name of the configuration ("table", "schema.table", "database.schema.table") means it.
 */
bool wanted_is_table(const char *named, const char *database, const char *schema,
                     const char *table);

/* A look at the one database that `probe` is connected to. 0, or an error that it explains. */
typedef int database_look(struct probe *probe, const struct config_gateway *gateway,
                          const char *database, struct findings *findings, void *arg);
/* Looks at every database of the server that the inspector may enter, one after the other. */
void check_databases(struct probe *probe, const struct config_gateway *gateway,
                     struct findings *findings, database_look *look, void *arg);

/* Of check_tables. */
struct table_look {
    struct wanted_list wanted;
    const struct config *config;
    struct progress progress;
};
/* A database_look of a struct table_look: what is wanted, whether subjects can be counted, and
 * which columns look personal and are not mapped. */
database_look check_tables;
/* Whether the inspector may run the queries of incident.contacts, and what they give; nobody's row
 * is read. */
void check_contacts(const struct config *config, struct findings *findings);
/* Says what was found and what was not, after all servers have been looked through. */
void wanted_report(const struct wanted_list *list, struct findings *findings);

#endif
