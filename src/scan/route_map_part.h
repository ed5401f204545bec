/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of route_map.h have in common: YAML with every fault at once. */
#ifndef PASU_SCAN_ROUTE_MAP_PART_H
#define PASU_SCAN_ROUTE_MAP_PART_H

#include "config/yaml.h"
#include "scan/route_map.h"

enum { MAP_ITEMS_MAX = 10000 };

struct map_reading {
    struct route_map *map;
    struct store scratch;
    struct config_faults *faults;
    const char *path; /* of the file */
    size_t space;     /* of map->routes.items */
};

/* What reads the value of a key; `what` is where the value goes. A table of them ends with {NULL}.
 */
struct map_key {
    const char *name;
    void (*read)(struct map_reading *r, const struct yaml_node *value, void *what);
};

/* A fault at a node (NULL: of the whole file). */
void map_fault(struct map_reading *r, const struct yaml_node *node, const char *hint,
               const char *format, ...) PASU_PRINTF(4, 5);
/* Of a map: each key once, none that is not known. `name` is what the map is called. */
void map_read(struct map_reading *r, const struct yaml_node *node, const char *name,
              const struct map_key *keys, void *what);
/* A text that is not empty; else there is a fault. */
bool map_is_text(struct map_reading *r, const struct yaml_node *node, const char *name);
/* A text, or a list of them: each one to `each`. */
void map_read_texts(struct map_reading *r, const struct yaml_node *node, const char *name,
                    void (*each)(struct map_reading *r, const struct yaml_node *text, void *what),
                    void *what);
/* The word's place in a list of words, or -1 with a fault. */
int map_find_word(struct map_reading *r, const struct yaml_node *node, const char *const *words,
                  size_t count, const char *what);

/* ---- route_map.c ---- */
/* A route_kind_fn of the map. */
int map_kind_of(void *map, struct view name);
/* Adds a field, by its name, to the route at `what`. */
void map_read_field(struct map_reading *r, const struct yaml_node *node, void *what);

/* ---- route_map_statement.c: the values of these keys ---- */
void map_read_statements(struct map_reading *r, const struct yaml_node *node, void *what);
void map_read_prefix(struct map_reading *r, const struct yaml_node *node, void *what);
void map_read_zone(struct map_reading *r, const struct yaml_node *node, void *what);

#endif
