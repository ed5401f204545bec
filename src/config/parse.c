/* SPDX-License-Identifier: Apache-2.0 */
/* The forms: how nodes and keys are walked together. */
#include "config/parse.h"

static void parse_key(struct parse *parse, const struct config_key *key,
                      const struct yaml_node *node, void *base);

static void *
slot_of(const struct config_key *key, void *base)
{
    return (uint8_t *)base + key->place.offset;
}

uint8_t *
parse_array_new(struct parse *parse, const struct config_key *key, void *base, size_t count,
                size_t size)
{
    void *array = store_new(parse->store, count, size);

    if (array == NULL)
        return NULL;
    memcpy((uint8_t *)base + key->place.offset, &array, sizeof(array));
    memcpy((uint8_t *)base + key->place.count_offset, &count, sizeof(count));
    return array;
}

static const char *
kind_text(const struct yaml_node *node)
{
    return node->kind == YAML_TEXT   ? "a single value"
           : node->kind == YAML_LIST ? "a list"
                                     : "a map";
}

bool
parse_is_kind(struct parse *parse, const struct yaml_node *node, enum yaml_kind kind,
              enum yaml_kind other, const char *hint)
{
    if (node->kind == kind || node->kind == other)
        return true;
    if (node->kind == YAML_EMPTY)
        fault_here(parse, node, "write one, or remove the key", "has no value");
    else if (node->kind != YAML_BAD)
        fault_here(parse, node, hint, "is %s", kind_text(node));
    return false;
}

static bool
is_value(struct parse *parse, const struct yaml_node *node)
{
    if (!parse_is_kind(parse, node, YAML_TEXT, YAML_TEXT, "write a single value"))
        return false;
    if (node->text[0] != '\0')
        return true;
    fault_here(parse, node, "write one, or remove the key", "is an empty text");
    return false;
}

/* The value that a key has where none is written. */
static void
parse_preset(struct parse *parse, const struct config_key *key, void *base)
{
    struct yaml_node preset = {.kind = YAML_TEXT, .text = key->preset};

    if (key->preset != NULL)
        (void)value_parse(parse, key, &preset, slot_of(key, base));
}

static bool
parse_one(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
          void *base)
{
    return is_value(parse, node) && value_parse(parse, key, node, slot_of(key, base));
}

/* Values into an array; faulty ones leave a zero. */
static bool
parse_values(struct parse *parse, const struct config_key *key, const struct yaml_node *list,
             uint8_t *array)
{
    size_t size = config_type_size(key->type), index = 0;
    bool is_good = true;

    for (const struct yaml_node *item = list->first; item != NULL; item = item->next, index++) {
        size_t before = trail_push_index(parse, index);

        if (!is_value(parse, item) || !value_parse(parse, key, item, array + index * size))
            is_good = false;
        trail_pop(parse, before);
    }
    return is_good;
}

static bool
is_list_short(struct parse *parse, const struct yaml_node *list, size_t most)
{
    if (list->count > most)
        fault_here(parse, list, "leave out some", "has %zu items, but %zu are the most",
                   list->count, most);
    return list->count <= most;
}

bool
parse_many(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
           void *base)
{
    uint8_t *array;

    if (!parse_is_kind(parse, node, YAML_TEXT, YAML_LIST, "write a value, or a list of values") ||
        !is_list_short(parse, node, ITEMS_MAX))
        return false;
    if (node->kind == YAML_LIST && node->count == 0 && key->is_required) {
        fault_here(parse, node, "write at least one value", "is an empty list");
        return false;
    }
    array = parse_array_new(parse, key, base, node->kind == YAML_LIST ? node->count : 1,
                            config_type_size(key->type));
    if (array == NULL)
        return false;
    if (node->kind == YAML_LIST)
        return parse_values(parse, key, node, array);
    return is_value(parse, node) && value_parse(parse, key, node, array);
}

/* Reads what is written in a map: each pair into its key, the first time. */
static void
parse_pairs_known(struct parse *parse, const struct config_key *parent, const struct yaml_node *map,
                  void *base)
{
    for (const struct yaml_node *node = map->first; node != NULL; node = node->next) {
        const struct config_key *key;
        struct mark *mark;
        size_t before;

        if (node->key->kind != YAML_TEXT)
            continue;
        key = config_key_child(parent, node->key->text);
        if (key == NULL) {
            fault_unknown(parse, parent, node->key);
            continue;
        }
        before = trail_push_name(parse, config_key_name(key));
        mark = &parse->marks[key->id];
        if (mark->state != MARK_ABSENT)
            fault_here(parse, node->key, "keep one of them", "is written twice, first on line %u",
                       mark->node->key->line);
        else
            parse_key(parse, key, node, base);
        trail_pop(parse, before);
    }
}

/* Where a map begins, for what is missing in it: the key that leads to it, else its own place. */
static const struct yaml_node *
head_of(const struct yaml_node *map)
{
    return map != NULL && map->key != NULL ? map->key : map;
}

/*
 * Reads a map into `base`, and gives the keys that are not in it their presets. A NULL map is one
 * that is not written: it may lack what a written one needs.
 */
static void
parse_map(struct parse *parse, const struct config_key *parent, const struct yaml_node *map,
          void *base)
{
    if (map != NULL)
        parse_pairs_known(parse, parent, map, base);
    for (enum key_id id = 0; id < KEY_COUNT; id++) {
        const struct config_key *key = config_key_at(id);

        if (!config_key_is_child(parent, key) || parse->marks[id].state != MARK_ABSENT)
            continue;
        if (key->is_required && (map != NULL || parent == NULL))
            fault_missing(parse, key, parent != NULL ? head_of(map) : map);
        else
            parse_key(parse, key, NULL, base);
    }
    if (map != NULL && parent != NULL)
        check_map(parse, parent, base, map);
}

/* A map in a list or under a free name: its keys have not been seen yet. */
static void
parse_element(struct parse *parse, const struct config_key *parent, const struct yaml_node *map,
              void *base)
{
    for (enum key_id id = 0; id < KEY_COUNT; id++)
        if (config_key_rest(parent, config_key_at(id)) != NULL)
            parse->marks[id] = (struct mark){MARK_ABSENT, NULL};
    parse_map(parse, parent, map, base);
}

static bool
parse_items(struct parse *parse, const struct config_key *key, const struct yaml_node *list,
            void *base)
{
    size_t most = key->form == FORM_MAPS ? CONFIG_GATEWAYS_MAX : ITEMS_MAX, index = 0;
    uint8_t *array;

    if (!is_list_short(parse, list, most))
        return false;
    if (list->count == 0 && key->is_required) {
        fault_here(parse, list, "write at least one item", "is an empty list");
        return false;
    }
    array = parse_array_new(parse, key, base, list->count, key->place.size);
    if (array == NULL)
        return false;
    for (const struct yaml_node *item = list->first; item != NULL; item = item->next, index++) {
        size_t before = trail_push_index(parse, index);

        if (parse_is_kind(parse, item, YAML_MAP, YAML_MAP, "write a map: {KEY: VALUE, …}"))
            parse_element(parse, key, item, array + index * key->place.size);
        trail_pop(parse, before);
    }
    return true;
}

/* The name that leads to a map, checked and unique; it is the first member of the element. */
static bool
parse_free_name(struct parse *parse, const struct yaml_node *node, const char **name)
{
    static const struct config_key as_name = {.type = TYPE_NAME};

    if (node->key->kind != YAML_TEXT || !parse_NAME(parse, &as_name, node->key, name))
        return false;
    note_add(parse, NOTE_SUBJECT, *name, node->key);
    return true;
}

static bool
parse_named(struct parse *parse, const struct config_key *key, const struct yaml_node *map,
            void *base)
{
    uint8_t *array, *element;

    if (!is_list_short(parse, map, ITEMS_MAX))
        return false;
    element = array = parse_array_new(parse, key, base, map->count, key->place.size);
    if (array == NULL)
        return false;
    for (const struct yaml_node *node = map->first; node != NULL; node = node->next) {
        size_t before =
            trail_push_name(parse, node->key->kind == YAML_TEXT ? node->key->text : "?");
        const char *name = NULL;

        if (parse_free_name(parse, node, &name))
            memcpy(element, &name, sizeof(name));
        if (parse_is_kind(parse, node, YAML_MAP, YAML_MAP, "write a map: {table: …, key: …}"))
            parse_element(parse, key, node, element);
        element += key->place.size;
        trail_pop(parse, before);
    }
    return true;
}

static bool
parse_pairs(struct parse *parse, const struct config_key *key, const struct yaml_node *map,
            void *base)
{
    static const struct config_key as_column = {.type = TYPE_COLUMN_NAME};
    struct config_field *pair;
    bool is_good = true;

    if (!is_list_short(parse, map, ITEMS_MAX))
        return false;
    if (map->count == 0) {
        fault_here(parse, map,
                   key->type == TYPE_COLUMN_NAME ? "write {COLUMN: COLUMN, …}"
                                                 : "write {COLUMN: FIELD, …}",
                   "is an empty map");
        return false;
    }
    pair =
        (struct config_field *)(void *)parse_array_new(parse, key, base, map->count, sizeof(*pair));
    if (pair == NULL)
        return false;
    for (const struct yaml_node *node = map->first; node != NULL; node = node->next, pair++) {
        size_t before;

        if (node->key->kind != YAML_TEXT) {
            is_good = false;
            continue;
        }
        before = trail_push_name(parse, node->key->text);
        if (!parse_COLUMN_NAME(parse, &as_column, node->key, &pair->column) ||
            !is_value(parse, node) || !value_parse(parse, key, node, &pair->field))
            is_good = false;
        else
            note_add(parse, NOTE_PAIR, parse->trail, node->key);
        trail_pop(parse, before);
    }
    return is_good;
}

/* A map that is written. */
static bool
parse_map_form(struct parse *parse, const struct config_key *key, const struct yaml_node *map,
               void *base)
{
    if (key->place.size == sizeof(bool))
        *(bool *)slot_of(key, base) = true;
    parse_map(parse, key, map, base);
    return true;
}

/* Either one map, which counts as a list of one, or a list. */
static bool
parse_maps(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
           void *base)
{
    uint8_t *array;

    if (node->kind == YAML_LIST)
        return parse_items(parse, key, node, base);
    array = parse_array_new(parse, key, base, 1, key->place.size);
    if (array == NULL)
        return false;
    parse_element(parse, key, node, array);
    return true;
}

static const struct {
    bool (*parse)(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
                  void *base);
    enum yaml_kind kind, other;
    const char *hint;
} forms[] = {
    [FORM_ONE] = {parse_one, YAML_TEXT, YAML_TEXT, "write a single value"},
    [FORM_MANY] = {parse_many, YAML_TEXT, YAML_LIST, "write a value, or a list of values"},
    [FORM_MAP] = {parse_map_form, YAML_MAP, YAML_MAP, "write a map: {KEY: VALUE, …}"},
    [FORM_MAPS] = {parse_maps, YAML_MAP, YAML_LIST, "write a map, or a list of maps"},
    [FORM_ITEMS] = {parse_items, YAML_LIST, YAML_LIST, "write a list of maps: - {KEY: VALUE, …}"},
    [FORM_NAMED] = {parse_named, YAML_MAP, YAML_MAP, "write a map: NAME: {KEY: VALUE, …}"},
    [FORM_PAIRS] = {parse_pairs, YAML_MAP, YAML_MAP, "write a map: {COLUMN: FIELD, …}"},
    [FORM_CONDITIONS] = {parse_conditions, YAML_MAP, YAML_MAP,
                         "write a map: {CONDITION: VALUE, …}"},
};

/* A key with its node, or with NULL where it is not written. */
static void
parse_key(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
          void *base)
{
    bool is_good;

    if (node == NULL) {
        if (key->form == FORM_MAP)
            parse_map(parse, key, NULL, base);
        else if (key->form == FORM_ONE)
            parse_preset(parse, key, base);
        return;
    }
    is_good = parse_is_kind(parse, node, forms[key->form].kind, forms[key->form].other,
                            forms[key->form].hint) &&
              forms[key->form].parse(parse, key, node, base);
    parse->marks[key->id] = (struct mark){is_good ? MARK_GOOD : MARK_BAD, node};
}

void
parse_root(struct parse *parse, const struct yaml_node *root)
{
    if (root != NULL && root->kind == YAML_EMPTY)
        root = NULL;
    if (root == NULL ||
        parse_is_kind(parse, root, YAML_MAP, YAML_MAP, "write KEY: VALUE on each line"))
        parse_map(parse, NULL, root, parse->config);
    if (root == NULL || root->kind == YAML_MAP) {
        check_all(parse);
        notes_check(parse);
    }
}
