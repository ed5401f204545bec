/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes that a route map is written in. */
#include "config/fault.h"
#include "config/nearest.h"
#include "scan/route_map_part.h"

void
map_fault(struct map_reading *r, const struct yaml_node *node, const char *hint, const char *format,
          ...)
{
    va_list arguments;

    va_start(arguments, format);
    config_fault_add_list(r->faults, r->path, node != NULL ? node->line : 1,
                          node != NULL ? node->column : 1, hint, format, arguments);
    va_end(arguments);
}

static const char *
known_keys(struct map_reading *r, const struct map_key *keys, const char *wrong)
{
    struct nearest nearest = nearest_to(wrong);
    const char *list = "";

    for (const struct map_key *key = keys; key->name != NULL && list != NULL; key++) {
        nearest_offer(&nearest, key->name);
        list = store_format(&r->scratch, "%s%s%s", list, list[0] != '\0' ? ", " : "", key->name);
    }
    if (nearest.word != NULL)
        list = store_format(&r->scratch, "did you mean %s?", nearest.word);
    else if (list != NULL)
        list = store_format(&r->scratch, "known here: %s", list);
    return list != NULL ? list : "…";
}

void
map_read(struct map_reading *r, const struct yaml_node *node, const char *name,
         const struct map_key *keys, void *what)
{
    if (node == NULL || node->kind == YAML_BAD)
        return;
    if (node->kind != YAML_MAP) {
        map_fault(r, node, "write it as {KEY: VALUE, …}", "%s is no map", name);
        return;
    }
    for (const struct yaml_node *value = node->first; value != NULL; value = value->next) {
        const struct map_key *key = keys;
        bool is_double = false;

        if (value->key->kind != YAML_TEXT)
            continue;
        for (const struct yaml_node *before = node->first; before != value; before = before->next)
            is_double |=
                before->key->kind == YAML_TEXT && strcmp(before->key->text, value->key->text) == 0;
        while (key->name != NULL && strcmp(key->name, value->key->text) != 0)
            key++;
        if (key->name == NULL)
            map_fault(r, value->key, known_keys(r, keys, value->key->text),
                      "%s.%.80s is not a known key", name, value->key->text);
        else if (is_double)
            map_fault(r, value->key, "write it once", "%s.%s is there twice", name, key->name);
        else
            key->read(r, value, what);
    }
}

bool
map_is_text(struct map_reading *r, const struct yaml_node *node, const char *name)
{
    if (node->kind == YAML_TEXT && node->text[0] != '\0')
        return true;
    if (node->kind != YAML_BAD)
        map_fault(r, node, "write a text", "%s is not a text", name);
    return false;
}

void
map_read_texts(struct map_reading *r, const struct yaml_node *node, const char *name,
               void (*each)(struct map_reading *r, const struct yaml_node *text, void *what),
               void *what)
{
    if (node->kind != YAML_LIST) {
        if (map_is_text(r, node, name))
            each(r, node, what);
        return;
    }
    if (node->count > MAP_ITEMS_MAX) {
        map_fault(r, node, "write at most 10000", "%s has too many", name);
        return;
    }
    for (const struct yaml_node *text = node->first; text != NULL; text = text->next)
        if (map_is_text(r, text, name))
            each(r, text, what);
}

int
map_find_word(struct map_reading *r, const struct yaml_node *node, const char *const *words,
              size_t count, const char *what)
{
    struct nearest nearest = nearest_to(node->text);
    const char *list = "";

    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], node->text) == 0)
            return (int)i;
        nearest_offer(&nearest, words[i]);
    }
    for (size_t i = 0; i < count && list != NULL; i++)
        list = store_format(&r->scratch, "%s%s%s", list, i > 0 ? ", " : "", words[i]);
    if (nearest.word != NULL)
        list = store_format(&r->scratch, "one of: %s; did you mean %s?", list, nearest.word);
    else if (list != NULL)
        list = store_format(&r->scratch, "one of: %s", list);
    map_fault(r, node, list != NULL ? list : "…", "%.80s is no %s", node->text, what);
    return -1;
}
