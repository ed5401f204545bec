/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/yaml_table.h"

int
yaml_table_read(const struct yaml_table *table, struct view text, const struct store *made,
                yaml_table_root_fn *fn, void *arg)
{
    size_t first = table->faults->count;
    struct yaml_node *root = NULL;
    struct store scratch = {0};
    int end, result = yaml_parse(&root, &scratch, text, table->path, table->faults);

    if (result == 0)
        fn(arg, root);
    if (result == 0 && (scratch.failed || made->failed))
        result = PASU_E_NOMEM;
    end = config_faults_end(table->faults, first, table->path);
    store_release(&scratch);
    return result != 0 ? result : end;
}

void
yaml_table_fault(const struct yaml_table *table, const struct yaml_node *node, const char *hint,
                 const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    config_fault_add_list(table->faults, table->path, node ? node->line : 0,
                          node ? node->column : 0, hint, format, arguments);
    va_end(arguments);
}

static bool
is_known(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

bool
yaml_table_keys(const struct yaml_table *table, const struct yaml_node *map, const char *what,
                const char *const *names)
{
    size_t faults = table->faults->count;

    if (!map || map->kind != YAML_MAP) {
        if (!map || map->kind != YAML_BAD)
            yaml_table_fault(table, map, "write a map: NAME: VALUE", "%s is no map", what);
        return false;
    }
    for (const struct yaml_node *value = map->first; value; value = value->next) {
        if (value->key->kind != YAML_TEXT)
            continue;
        if (!is_known(value->key->text, names))
            yaml_table_fault(table, value->key, "see the file that pasu brings in contrib/incident",
                             "%s has no key \"%.64s\"", what, value->key->text);
        else if (yaml_table_get(map, value->key->text) != value)
            yaml_table_fault(table, value->key, "write it once", "%s.%.64s is there twice", what,
                             value->key->text);
    }
    return table->faults->count == faults;
}

const struct yaml_node *
yaml_table_get(const struct yaml_node *map, const char *name)
{
    const struct yaml_node *value = map && map->kind == YAML_MAP ? map->first : NULL;

    while (value && (value->key->kind != YAML_TEXT || strcmp(value->key->text, name) != 0))
        value = value->next;
    return value;
}

const char *
yaml_table_text(const struct yaml_table *table, const struct yaml_node *map, const char *name)
{
    const struct yaml_node *value = yaml_table_get(map, name);

    if (!value || value->kind == YAML_EMPTY || value->kind == YAML_BAD)
        return NULL;
    if (value->kind == YAML_TEXT)
        return value->text;
    yaml_table_fault(table, value, "write one text", "%s is no text", name);
    return NULL;
}

const char *
yaml_table_need(const struct yaml_table *table, const struct yaml_node *map, const char *name)
{
    size_t faults = table->faults->count;
    const char *text = yaml_table_text(table, map, name);

    if (text && *text != '\0')
        return text;
    if (table->faults->count == faults)
        yaml_table_fault(table, map, "it is needed", "%s is missing", name);
    return NULL;
}
