/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `pasu check --connect` looks at on the servers of a configuration without faults.
 *
 * check_server looks at one gateway's server; what it could connect to is then looked through by
 * check_tables for the tables and columns that the configuration names. A table counts as there if
 * any database of any gateway's server has it: the configuration does not say which should.
 */
#ifndef PASU_CLI_CHECK_CONNECT_H
#define PASU_CLI_CHECK_CONNECT_H

#include "cli/finding.h"
#include "cli/probe.h"

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
/* Looks for them in every database of the server that the inspector may enter. */
void check_tables(struct wanted_list *list, struct probe *probe,
                  const struct config_gateway *gateway, struct findings *findings);
/* Says what was found and what was not, after all servers have been looked through. */
void wanted_report(const struct wanted_list *list, struct findings *findings);

#endif
