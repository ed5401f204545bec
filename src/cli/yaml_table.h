/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small file in YAML whose keys are known: what commands take beside the configuration. What is
 * not known, or not of the form that is expected, is a fault with its line; nothing is guessed.
 * Texts borrow from the tree's store.
 */
#ifndef PASU_CLI_YAML_TABLE_H
#define PASU_CLI_YAML_TABLE_H

#include "config/yaml.h"

struct yaml_table {
    const char *path; /* for faults */
    struct config_faults *faults;
};

/* What is made of a text's tree, which may be NULL: faults are added. */
typedef void yaml_table_root_fn(void *arg, const struct yaml_node *root);

/* Parses a text, and has that made of it; texts of the tree are gone then. PASU_E_CONFIG with
 * faults, in the order of the file; PASU_E_NOMEM, also where `made` has failed. */
PASU_MUST_USE int yaml_table_read(const struct yaml_table *table, struct view text,
                                  const struct store *made, yaml_table_root_fn *fn, void *arg);
void yaml_table_fault(const struct yaml_table *table, const struct yaml_node *node,
                      const char *hint, const char *format, ...) PASU_PRINTF(4, 5);
/* A fault for each key of a map that is none of `names` (ended by NULL), or is there twice; and
 * where the node is no map. False then. */
bool yaml_table_keys(const struct yaml_table *table, const struct yaml_node *map, const char *what,
                     const char *const *names);
/* The value of that key; NULL: it is not there. */
const struct yaml_node *yaml_table_get(const struct yaml_node *map, const char *name);
/* Its text; NULL where it is not there, or is no text, which is a fault. */
const char *yaml_table_text(const struct yaml_table *table, const struct yaml_node *map,
                            const char *name);
/* The same; that it is not there, or empty, is a fault, too. */
const char *yaml_table_need(const struct yaml_table *table, const struct yaml_node *map,
                            const char *name);

#endif
