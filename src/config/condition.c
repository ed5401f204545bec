/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule asks for: conditions, each a value, a list of values, or {not: either}. */
#include "config/parse.h"

/* One condition: VALUE, [VALUE, …], or {not: either}. */
static bool
parse_condition(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
                struct config_condition *condition)
{
    struct config_key values = *key; /* as parse_many sees it: an array, and not an empty one */

    condition->name = config_key_name(key);
    values.is_required = true;
    values.place.offset = offsetof(struct config_condition, values.items);
    values.place.count_offset = offsetof(struct config_condition, values.count);
    if (node->kind != YAML_MAP)
        return parse_many(parse, &values, node, condition);
    condition->is_negated = true;
    if (node->count != 1 || node->first->key->kind != YAML_TEXT ||
        strcmp(node->first->key->text, "not") != 0) {
        fault_here(parse, node, "write a value, a list of values, or {not: a value or a list}",
                   "is a map of something else than not");
        return false;
    }
    return parse_many(parse, &values, node->first, condition);
}

bool
parse_conditions(struct parse *parse, const struct config_key *parent, const struct yaml_node *map,
                 void *base)
{
    uint8_t *array =
        parse_array_new(parse, parent, base, map->count, sizeof(struct config_condition));
    struct config_condition *condition = (struct config_condition *)(void *)array;
    size_t count = 0;

    if (array == NULL)
        return false;
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
        else if (parse_is_kind(parse, node, node->kind == YAML_MAP ? YAML_MAP : YAML_TEXT,
                               YAML_LIST, ""))
            mark->state =
                parse_condition(parse, key, node, &condition[count++]) ? MARK_GOOD : MARK_BAD;
        mark->node = node;
        trail_pop(parse, before);
    }
    memcpy((uint8_t *)base + parent->place.count_offset, &count, sizeof(count));
    return true;
}
