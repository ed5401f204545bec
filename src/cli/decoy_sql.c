/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/decoy_sql.h"

#include "base/error.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table ---- */

static struct decoy_column *
find(struct decoy_table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->columns[i].name, name) == 0)
            return &t->columns[i];
    return NULL;
}

static int
add(struct decoy_table *t, const char *name, const char *field, const char *given)
{
    if (t->count == DECOY_COLUMNS_MAX)
        return PASU_E_RANGE;
    t->columns[t->count++] = (struct decoy_column){.name = name, .field = field, .given = given};
    return 0;
}

/* "schema.table" or "database.schema.table". */
static void
split(struct decoy_table *t)
{
    const char *text = t->subject->table, *dot = strrchr(text, '.'), *before = text;

    for (const char *at = text; dot != NULL && at < dot; at++)
        if (*at == '.')
            before = at + 1;
    snprintf(t->name, sizeof(t->name), "%s", dot != NULL ? dot + 1 : text);
    if (dot != NULL)
        snprintf(t->schema, sizeof(t->schema), "%.*s", (int)(dot - before), before);
}

int
decoy_table_of(struct decoy_table *t, const struct config *config,
               const struct config_subject *subject)
{
    int result = 0;

    *t = (struct decoy_table){.subject = subject};
    if (subject->key.count != 1)
        return PASU_E_RANGE;
    split(t);
    for (size_t p = 0; p < config->personal_count; p++) {
        const struct config_personal *personal = &config->personal[p];

        if (strcmp(personal->table, subject->table) != 0)
            continue;
        if (strcmp(personal->subject, subject->name) != 0)
            return PASU_E_CONFIG;
        for (size_t f = 0; f < personal->field_count && result == 0; f++)
            if (find(t, personal->fields[f].column) == NULL)
                result = add(t, personal->fields[f].column, personal->fields[f].field, NULL);
    }
    return result;
}

int
decoy_table_give(struct decoy_table *t, char *take_text)
{
    char *value = strchr(take_text, '=');
    struct decoy_column *column;

    if (value == NULL || value == take_text)
        return PASU_E_MALFORMED;
    *value++ = '\0';
    column = find(t, take_text);
    if (column == NULL)
        return add(t, take_text, take_text, value);
    column->given = value;
    return 0;
}

enum decoy_fill
decoy_table_check(struct decoy_table *t, const struct decoy_style *style)
{
    static const struct decoy_person nobody;

    for (size_t i = 0; i < t->count; i++) {
        struct decoy_column *column = &t->columns[i];
        const char *value;
        enum decoy_fill fill =
            column->given != NULL
                ? DECOY_FILLED
                : decoy_person_fill(&nobody, style, t->name, column->name, column->field, &value);

        column->is_left = fill == DECOY_UNKNOWN;
        if (fill == DECOY_NO_DOMAIN || fill == DECOY_NO_PHONE)
            return fill;
    }
    return DECOY_FILLED;
}

/* ---- SQL ---- */

/* With standard_conforming_strings. */
static void
put_quoted(FILE *file, char quote, const char *text)
{
    fputc(quote, file);
    for (; *text != '\0'; text++) {
        if (*text == quote)
            fputc(quote, file);
        fputc(*text, file);
    }
    fputc(quote, file);
}

/* A name of two parts as SQL has it; the second with something behind it. */
static void
put_relation(FILE *file, const struct decoy_table *t, const char *behind)
{
    char name[2 * NAME_SIZE];

    if (t->schema[0] != '\0') {
        put_quoted(file, '"', t->schema);
        fputc('.', file);
    }
    snprintf(name, sizeof(name), "%s%s", t->name, behind);
    put_quoted(file, '"', name);
}

/* The table's name, as a text of SQL. */
static void
put_target(FILE *file, const struct decoy_table *t)
{
    char *name = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&name, &size);

    if (memory == NULL)
        return; /* what is printed then is no SQL, and is not taken for any */
    put_relation(memory, t, "");
    if (fclose(memory) == 0)
        put_quoted(file, '\'', name);
    free(name);
}

static const char body[] =
    "    given_key text;\n"
    "    sample jsonb;\n"
    "    filled jsonb := person;\n"
    "    names text;\n"
    "    share float8;\n"
    "    one record;\n"
    "BEGIN\n"
    "    SELECT least(100, 300000 / greatest(reltuples, 1)) INTO share FROM pg_class WHERE oid = "
    "target;\n"
    "    EXECUTE format('SELECT to_jsonb(t) FROM %s t TABLESAMPLE SYSTEM (%s) ORDER BY random() "
    "LIMIT 1', "
    "target, share) INTO sample;\n"
    "    IF sample IS NULL THEN\n"
    "        EXECUTE format('SELECT to_jsonb(t) FROM %s t LIMIT 1', target) INTO sample;\n"
    "    END IF;\n"
    "    FOR one IN SELECT a.attname, a.attnotnull, t.typcategory, t.typname,\n"
    "                      a.atthasdef OR a.attidentity <> '' AS is_filled\n"
    "                 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = "
    "a.atttypid\n"
    "                WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped AND "
    "a.attgenerated = ''\n"
    "                ORDER BY a.attnum LOOP\n"
    "        IF person ? one.attname::text THEN\n"
    "            CONTINUE;\n"
    "        ELSIF one.attname = key_name THEN\n"
    "            IF one.is_filled THEN\n"
    "                CONTINUE;\n"
    "            ELSIF one.typname IN ('int2', 'int4', 'int8', 'numeric') THEN\n"
    "                EXECUTE format('SELECT coalesce(max(%I), 0) + 1 + floor(random() * 3)::int "
    "FROM %s', "
    "key_name, target) INTO given_key;\n"
    "                filled := filled || jsonb_build_object(key_name, given_key);\n"
    "            ELSIF one.typname = 'uuid' THEN\n"
    "                filled := filled || jsonb_build_object(key_name, gen_random_uuid());\n"
    "            ELSE\n"
    "                RAISE EXCEPTION 'pasu: the key \"%\" has no default', key_name\n"
    "                      USING HINT = 'Give the column a default that makes keys, for as long as "
    "this takes.';\n"
    "            END IF;\n"
    "        ELSIF one.attname = ANY (personal) THEN\n"
    "            IF one.attnotnull AND NOT one.is_filled THEN\n"
    "                RAISE EXCEPTION 'pasu: nothing is made up for the personal column \"%\", "
    "which must have a "
    "value', one.attname\n"
    "                      USING HINT = 'Give one: pasu decoy plant --set COLUMN=VALUE.';\n"
    "            END IF;\n"
    "        ELSIF one.attnotnull AND sample IS NOT NULL AND (NOT one.is_filled OR one.typcategory "
    "= 'D') THEN\n"
    "            filled := filled || jsonb_build_object(one.attname, sample -> "
    "one.attname::text);\n"
    "        END IF;\n"
    "    END LOOP;\n"
    "    SELECT string_agg(format('%I', k), ', ') INTO names FROM jsonb_object_keys(filled) k;\n"
    "    EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM jsonb_populate_record(NULL::%s, $1) "
    "RETURNING %I::text', "
    "target,\n"
    "                   names, names, target, key_name) USING filled INTO given_key;\n"
    "    IF role IS NOT NULL THEN\n"
    "        INSERT INTO pasu.decoy_copy (relation, key, role) VALUES (relation, given_key, "
    "role);\n"
    "    END IF;\n"
    "    RETURN given_key;\n"
    "END $pasu$;\n";

void
decoy_sql_begin(FILE *file, const struct decoy_table *t)
{
    fputs(
        "BEGIN;\nSET LOCAL standard_conforming_strings = on;\n"
        "CREATE FUNCTION pg_temp.pasu_plant(person jsonb) RETURNS text LANGUAGE plpgsql AS $pasu$\n"
        "#variable_conflict use_variable\nDECLARE\n    relation text := ",
        file);
    put_target(file, t);
    fputs(";\n    target regclass := relation;\n    role text := ", file);
    if (t->role != NULL)
        put_quoted(file, '\'', t->role);
    else
        fputs("NULL", file);
    fputs(";\n    key_name text := ", file);
    put_quoted(file, '\'', t->subject->key.items[0]);
    fputs(";\n    personal text[] := ARRAY[", file);
    for (size_t i = 0, count = 0; i < t->count; i++)
        if (t->columns[i].is_left) {
            fputs(count++ > 0 ? ", " : "", file);
            put_quoted(file, '\'', t->columns[i].name);
        }
    fputs("]::text[];\n", file);
    fputs(body, file);
}

int
decoy_sql_person(FILE *file, const struct decoy_table *t, const struct decoy_style *style,
                 const struct decoy_person *person)
{
    json_t *values = json_object();
    const char *email = "", *phone = "";
    char *text;
    int result = 0;

    for (size_t i = 0; i < t->count && values != NULL && result == 0; i++) {
        const struct decoy_column *column = &t->columns[i];
        const char *value = column->given;

        if (column->is_left)
            continue;
        if (value == NULL && decoy_person_fill(person, style, t->name, column->name, column->field,
                                               &value) != DECOY_FILLED)
            continue;
        email = value == person->email ? value : email;
        phone = value == person->phone ? value : phone;
        result = json_object_set_new(values, column->name, json_string(value));
    }
    text = values != NULL && result == 0 ? json_dumps(values, JSON_COMPACT) : NULL;
    json_decref(values);
    if (text == NULL)
        return PASU_E_NOMEM;
    fputs("SELECT jsonb_build_object('key', pg_temp.pasu_plant(", file);
    put_quoted(file, '\'', text);
    fputs("), 'email', ", file);
    put_quoted(file, '\'', email);
    fputs(", 'phone', ", file);
    put_quoted(file, '\'', phone);
    fputs(");\n", file);
    free(text);
    return 0;
}

void
decoy_sql_end(FILE *file)
{
    fputs("DROP FUNCTION pg_temp.pasu_plant(jsonb);\nCOMMIT;\n", file);
}

void
decoy_sql_view(FILE *file, const struct decoy_table *t)
{
    fputs(
        "BEGIN;\n"
        "CREATE SCHEMA IF NOT EXISTS pasu;\n"
        "-- Which decoys are for whose copy: for nobody to read but the owner of the view.\n"
        "CREATE TABLE IF NOT EXISTS pasu.decoy_copy (relation text, key text, role text NOT NULL, "
        "PRIMARY KEY (relation, key));\n"
        "REVOKE ALL ON pasu.decoy_copy FROM PUBLIC;\n"
        "CREATE VIEW ",
        file);
    put_relation(file, t, "_copy");
    fputs(" WITH (security_barrier) AS\n    SELECT t.* FROM ", file);
    put_relation(file, t, "");
    fputs(" t WHERE NOT EXISTS (\n        SELECT FROM pasu.decoy_copy d WHERE d.relation = ", file);
    put_target(file, t);
    fputs(" AND d.key = t.", file);
    put_quoted(file, '"', t->subject->key.items[0]);
    fputs("::text AND d.role <> current_user);\nCOMMIT;\n"
          "-- Then let roles read the view in the place of the table: GRANT SELECT on the one, "
          "REVOKE it "
          "on the other.\n",
          file);
}
