/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text → a tree of nodes that know where they stand.
 *
 * libfyaml reads the text and says what is in it, event by event; the tree is ours. What a
 * configuration has no use for is a fault: anchors, aliases and tags (an alias bomb is a few lines
 * that stand for terabytes), several documents, block texts (| and >), maps or lists as keys,
 * values of more than YAML_TEXT_MAX bytes, more than YAML_DEPTH_MAX levels or YAML_NODES_MAX nodes,
 * control characters, bytes that are not UTF-8. A fault inside leaves a node of kind YAML_BAD,
 * about which nothing more needs to be said.
 *
 * Plain scalars are texts here: which of them is a number or a truth value is for the reader to
 * say.
 */
#ifndef PASU_CONFIG_YAML_H
#define PASU_CONFIG_YAML_H

#include "config/fault.h"
#include "config/store.h"

enum { YAML_DEPTH_MAX = 16, YAML_NODES_MAX = 1000000, YAML_TEXT_MAX = 4096 };

enum yaml_kind { YAML_BAD, YAML_EMPTY, YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    uint32_t line, column; /* from 1 */
    const char *text; /* YAML_TEXT: without zero bytes inside, may be "" where quoted; else NULL */
    const struct yaml_node *key; /* of a value in a map: its key, a YAML_TEXT or YAML_BAD */
    struct yaml_node *first, *last, *next; /* children of a list or map, and the next sibling */
    size_t count;                          /* of children */
};

/*
 * Parses `text`. The tree lives in `store`; it is NULL for a text without a document. 0 (look at
 * the faults: there may be some), PASU_E_CONFIG where the fault leaves no tree, or PASU_E_NOMEM.
 */
PASU_MUST_USE int yaml_parse(struct yaml_node **root, struct store *store, struct view text,
                             const char *path, struct config_faults *faults);

#endif
