/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/identity_names.h"

#include "base/memory.h"

enum { PARTS_MAX = 4 };

/* "database.schema.table.column", from the end: *parts[0] is the column. How many there are. */
static size_t
split(const char *name, char parts[PARTS_MAX][IDENTITY_NAME_SIZE])
{
    size_t length = strlen(name), count = 0;

    while (count < PARTS_MAX) {
        size_t begin = length;

        while (begin > 0 && name[begin - 1] != '.')
            begin--;
        text_from_view(parts[count++], IDENTITY_NAME_SIZE, view_of(name + begin, length - begin));
        if (begin == 0)
            break;
        length = begin - 1;
    }
    return count;
}

/* A name of a table with the last part taken away. */
static bool
is_table(const char *table, const char *column_name)
{
    size_t length = strlen(table);

    return strncmp(table, column_name, length) == 0 && column_name[length] == '.' &&
           strchr(column_name + length + 1, '.') == NULL;
}

static bool
is_sealed(const struct config *config, const char *kind)
{
    for (size_t i = 0; i < config->subject_count; i++)
        if (strcmp(config->subjects[i].name, kind) == 0)
            return config->subjects[i].is_sealed;
    return false;
}

static bool
is_shown(const struct config_personal *personal, const char *column)
{
    for (size_t i = 0; i < personal->field_count; i++)
        if (strcmp(personal->fields[i].column, column) == 0)
            return true;
    return false;
}

static void
fill(struct identity_name *item, const struct config *config, const char *name,
     const struct config_personal *personal)
{
    char parts[PARTS_MAX][IDENTITY_NAME_SIZE] = {"", "", "", ""};
    size_t count = split(name, parts);

    snprintf(item->database, sizeof(item->database), "%s", count == PARTS_MAX ? parts[3] : "");
    snprintf(item->schema, sizeof(item->schema), "%s", count > 2 ? parts[2] : "public");
    snprintf(item->table, sizeof(item->table), "%s", parts[1]);
    snprintf(item->column, sizeof(item->column), "%s", parts[0]);
    snprintf(item->key, sizeof(item->key), "%s", personal->key.items[0]);
    item->kind = personal->subject;
    item->is_sealed = is_sealed(config, personal->subject);
}

int
identity_names_of(struct identity_names *names, const struct config *config)
{
    *names = (struct identity_names){
        .items = memory_new(config->identity.count * config->personal_count + 1,
                            sizeof(names->items[0]))};
    if (!names->items)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < config->identity.count; i++) {
        const char *name = config->identity.items[i], *column = strrchr(name, '.');

        for (size_t k = 0; column && k < config->personal_count; k++)
            if (config->personal[k].key.count == 1 && is_table(config->personal[k].table, name) &&
                is_shown(&config->personal[k], column + 1))
                fill(&names->items[names->count++], config, name, &config->personal[k]);
    }
    return 0;
}

void
identity_names_release(struct identity_names *names)
{
    memory_free(names->items);
    *names = (struct identity_names){0};
}
