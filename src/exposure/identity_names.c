/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/identity_names.h"

#include "base/memory.h"

#include <sodium/crypto_generichash.h>

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

/* Names have no zero bytes: each ends with one. */
static void
define(struct identity_name *item)
{
    crypto_generichash_state state;
    const char *names[] = {item->schema, item->table, item->key};

    (void)crypto_generichash_init(&state, NULL, 0, sizeof(item->definition));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        (void)crypto_generichash_update(&state, (const uint8_t *)names[i], strlen(names[i]) + 1);
    for (size_t i = 0; i < item->count; i++)
        (void)crypto_generichash_update(&state, (const uint8_t *)item->columns[i],
                                        strlen(item->columns[i]) + 1);
    (void)crypto_generichash_final(&state, item->definition, sizeof(item->definition));
}

/* `parts`: of the table's name, from the end. */
static void
fill_table(struct identity_name *item, const char (*parts)[IDENTITY_NAME_SIZE], size_t count)
{
    snprintf(item->database, sizeof(item->database), "%s", count > 2 ? parts[2] : "");
    snprintf(item->schema, sizeof(item->schema), "%s", count > 1 ? parts[1] : "public");
    snprintf(item->table, sizeof(item->table), "%s", parts[0]);
}

static void
fill(struct identity_name *item, const struct config *config, const char *name,
     const struct config_personal *personal)
{
    char parts[PARTS_MAX][IDENTITY_NAME_SIZE] = {"", "", "", ""};
    size_t count = split(name, parts);

    fill_table(item, (const char(*)[IDENTITY_NAME_SIZE])parts + 1, count - 1);
    snprintf(item->columns[0], sizeof(item->columns[0]), "%s", parts[0]);
    item->count = 1;
    snprintf(item->key, sizeof(item->key), "%s", personal->key.items[0]);
    item->kind = personal->subject;
    item->is_sealed = is_sealed(config, personal->subject);
    define(item);
}

/* ---- persons who are known as others ---- */

/* The column that a value of the key must agree with; NULL: none. */
static const char *
column_of(const struct config_known *known, const char *part)
{
    for (size_t i = 0; i < known->by_count; i++)
        if (strcmp(known->by[i].column, part) == 0)
            return known->by[i].field;
    return NULL;
}

static void
fill_known(struct identity_known *known, const struct config_subject *subject,
           const struct config_subject *as)
{
    struct identity_name *item = &known->name;
    char parts[PARTS_MAX][IDENTITY_NAME_SIZE] = {"", "", "", ""};
    size_t count = split(as->table, parts);

    *item = (struct identity_name){.kind = as->name, .is_sealed = as->is_sealed};
    fill_table(item, (const char(*)[IDENTITY_NAME_SIZE])parts, count);
    snprintf(item->key, sizeof(item->key), "%s", as->key.items[0]);
    known->count = 0;
    for (size_t i = 0; i < subject->key.count && known->count < IDENTITY_VALUES_MAX; i++) {
        const char *column = column_of(&subject->known_as, subject->key.items[i]);

        if (!column)
            continue;
        snprintf(item->columns[known->count], sizeof(item->columns[0]), "%s", column);
        known->parts[known->count++] = (uint8_t)i;
    }
    item->count = known->count;
    define(item);
}

bool
identity_known_of(struct identity_known *known, const struct config *config,
                  const struct config_subject *subject)
{
    if (!subject->known_as.is_there)
        return false;
    for (size_t i = 0; i < config->subject_count; i++) {
        if (strcmp(config->subjects[i].name, subject->known_as.subject) != 0)
            continue;
        known->kind = (uint8_t)i;
        fill_known(known, subject, &config->subjects[i]);
        return known->count > 0;
    }
    return false;
}

bool
identity_names_are_wanted(const struct config *config)
{
    bool is_any = config->identity.count > 0;

    for (size_t i = 0; i < config->subject_count; i++)
        is_any |= config->subjects[i].known_as.is_there;
    return is_any;
}

/* ---- all of them ---- */

static bool
is_there(const struct identity_names *names, const struct identity_name *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i].database, name->database) == 0 &&
            memcmp(names->items[i].definition, name->definition, sizeof(name->definition)) == 0)
            return true;
    return false;
}

int
identity_names_of(struct identity_names *names, const struct config *config)
{
    *names = (struct identity_names){
        .items =
            memory_new(config->identity.count * config->personal_count + config->subject_count + 1,
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
    for (size_t i = 0; i < config->subject_count; i++) {
        struct identity_known known;

        if (identity_known_of(&known, config, &config->subjects[i]) &&
            !is_there(names, &known.name))
            names->items[names->count++] = known.name;
    }
    return 0;
}

void
identity_names_release(struct identity_names *names)
{
    memory_free(names->items);
    *names = (struct identity_names){0};
}

void
identity_name_text(const struct identity_name *name, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < name->count && used < size; i++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", name->columns[i]);
}
