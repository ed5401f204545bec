/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/columns.h"

#include "base/memory.h"
#include "base/os.h"
#include "cli/check_connect.h"
#include "policy/looks.h"

#include <time.h>

enum {
    SAMPLE_ROWS = 200,
    SAMPLE_COLUMNS = 64,     /* of one query */
    SAMPLE_MOST = 20000,     /* rows of a table of which not only the first ones are taken */
    WITHIN_PART = 20,        /* one in so many values has it among other words */
    ENOUGH = 5,              /* values that say that a name was wrong */
    NAME_TEXT = 64 * 4 + 16, /* database.schema.table.column */
    SQL_SIZE = 32 << 10,
};

/* The columns of columns_sql. */
enum { OID, SCHEMA, TABLE, COLUMN, CATEGORY, TYPE, MAY_READ, CAN_SAMPLE, IS_ONLY, ROWS };

/* Partitions and inheriting tables have their parent's columns; extensions' tables are nobody's. A
 * table in which others' rows are (partitions, foreign ones among them) is sampled without those.
 */
static const char columns_sql[] =
    "SELECT c.oid, n.nspname, c.relname, a.attname, t.typcategory, t.typname, "
    "has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT'), "
    "(t.oid < 16384 OR t.typtype = 'd' AND t.typbasetype < 16384) AND a.attgenerated <> 'v' AND "
    "(c.relkind IN ('r', 'm') OR c.relkind = 'p' AND NOT EXISTS (SELECT FROM "
    "pg_partition_tree(c.oid) p JOIN pg_class k ON k.oid = p.relid WHERE k.relkind = 'f')), "
    "c.relkind <> 'p', greatest(c.reltuples, 0)::int8 "
    "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
    "WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' "
    "AND a.attnum > 0 AND NOT a.attisdropped "
    "AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pasu') "
    "AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) "
    "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass "
    "AND d.objid = c.oid AND d.deptype = 'e') "
    "ORDER BY n.nspname, c.relname, a.attnum";

/* Foreign keys of one column: of which table, the column, and the table that it leads to. */
static const char links_sql[] =
    "SELECT k.conrelid, a.attname, n.nspname, c.relname FROM pg_constraint k "
    "JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] "
    "WHERE k.contype = 'f' AND array_length(k.conkey, 1) = 1";

/* From here on nothing but tables is read, and no policy's code is run. */
static const char safe_sql[] =
    "SELECT set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', false), "
    "set_config('row_security', 'off', false), set_config('lock_timeout', '1s', false), "
    "set_config('statement_timeout', '3s', false) "
    "FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'";

/* What the values of one column were. */
struct sample {
    bool is_taken;
    unsigned values, whole[LOOK_COUNT], within[LOOK_COUNT], others[LOOK_COUNT];
};

struct looking {
    struct probe *probe;
    const struct config *config;
    const struct config_gateway *gateway;
    const char *database;
    struct findings *findings;
    PGresult *columns, *links;
    bool is_safe;
    uint32_t today;
};

static const char *
cell(const struct looking *l, int row, int column)
{
    return PQgetvalue(l->columns, row, column);
}

/* ---- what the configuration names ---- */

static bool
is_table(const struct looking *l, int row, const char *named)
{
    return wanted_is_table(named, l->database, cell(l, row, SCHEMA), cell(l, row, TABLE));
}

/* What maps the table, or NULL. */
static const struct config_personal *
mapping_of(const struct looking *l, int row)
{
    for (size_t i = 0; i < l->config->personal_count; i++)
        if (is_table(l, row, l->config->personal[i].table))
            return &l->config->personal[i];
    return NULL;
}

/* It is a field already, or nobody is shown it. */
static bool
is_named(const struct looking *l, int row)
{
    for (size_t i = 0; i < l->config->never.count; i++)
        if (is_table(l, row, l->config->never.items[i]))
            return true;
    for (size_t i = 0; i < l->config->personal_count; i++) {
        const struct config_personal *personal = &l->config->personal[i];

        if (!is_table(l, row, personal->table))
            continue;
        for (size_t f = 0; f < personal->field_count; f++)
            if (strcmp(personal->fields[f].column, cell(l, row, COLUMN)) == 0)
                return true;
    }
    return false;
}

/* ---- what a type can hold ---- */

static bool
is_document(const char *type)
{
    return strcmp(type, "json") == 0 || strcmp(type, "jsonb") == 0 || strcmp(type, "xml") == 0;
}

/* Whether values of that type can be such a thing. */
static bool
can_hold(const char *category, const char *type, enum look look)
{
    bool is_number = strcmp(type, "int8") == 0 || strcmp(type, "numeric") == 0;

    if (category[0] == 'S' || is_document(type))
        return true;
    if (category[0] == 'D')
        return look == LOOK_BIRTH;
    return is_number && (look == LOOK_RESIDENT || look == LOOK_CARD || look == LOOK_PHONE ||
                         look == LOOK_ACCOUNT);
}

/* Whether values of its type say anything. */
static bool
can_be_sampled(const struct looking *l, int row)
{
    return can_hold(cell(l, row, CATEGORY), cell(l, row, TYPE), LOOK_CARD);
}

static bool
is_sampled(const struct looking *l, int row)
{
    return l->is_safe && cell(l, row, MAY_READ)[0] == 't' && cell(l, row, CAN_SAMPLE)[0] == 't' &&
           !is_named(l, row) && can_be_sampled(l, row);
}

/* ---- samples ---- */

static void
sample_take(struct sample *sample, struct view value, bool is_document, uint32_t today)
{
    uint32_t whole = is_document ? 0 : looks_of_value(value, today);
    uint32_t others, within = looks_within(value, today, &others);

    sample->values++;
    for (unsigned look = 0; look < LOOK_COUNT; look++) {
        sample->whole[look] += whole >> look & 1;
        sample->within[look] += within >> look & 1;
        sample->others[look] += others >> look & 1;
    }
}

/* Writes the query of the sampled ones of rows `from` to `to`; how many columns it has. */
static int
write_query(const struct looking *l, struct writer *w, int from, int to)
{
    const char *const names[] = {cell(l, from, SCHEMA), ".", cell(l, from, TABLE)};
    char *end = NULL, text[160];
    int count = 0;

    for (int row = from; row < to; row++) {
        const char *name = cell(l, row, COLUMN);
        char *quoted;

        if (!is_sampled(l, row))
            continue;
        quoted = PQescapeIdentifier(l->probe->connection, name, strlen(name));
        if (quoted == NULL)
            return 0;
        snprintf(text, sizeof(text), "%sleft(", count++ == 0 ? "SELECT " : ", ");
        writer_bytes(w, text, strlen(text));
        writer_bytes(w, quoted, strlen(quoted));
        writer_bytes(w, "::text, 512)", 12);
        PQfreemem(quoted);
    }
    snprintf(text, sizeof(text), " FROM %s", cell(l, from, IS_ONLY)[0] == 't' ? "ONLY " : "");
    writer_bytes(w, text, strlen(text));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        end = i == 1 ? NULL : PQescapeIdentifier(l->probe->connection, names[i], strlen(names[i]));
        writer_bytes(w, i == 1 ? "." : end != NULL ? end : "", i == 1 ? 1 : end ? strlen(end) : 0);
        PQfreemem(end);
    }
    if (strtoll(cell(l, from, ROWS), NULL, 10) > SAMPLE_MOST)
        snprintf(text, sizeof(text), " TABLESAMPLE SYSTEM (%d.0 * 100 / %s) LIMIT %d",
                 10 * SAMPLE_ROWS, cell(l, from, ROWS), SAMPLE_ROWS);
    else
        snprintf(text, sizeof(text), " LIMIT %d", SAMPLE_ROWS);
    writer_bytes(w, text, strlen(text) + 1);
    return count;
}

static void
take_rows(const struct looking *l, PGresult *rows, int from, int to, struct sample *samples)
{
    int column = 0;

    for (int row = from; row < to; row++) {
        struct sample *sample = &samples[row - from];

        if (!is_sampled(l, row))
            continue;
        sample->is_taken = true;
        for (int i = 0; i < PQntuples(rows); i++) {
            char *value = PQgetvalue(rows, i, column);
            size_t length = (size_t)PQgetlength(rows, i, column);

            if (PQgetisnull(rows, i, column))
                continue;
            sample_take(sample, view_of(value, length), is_document(cell(l, row, TYPE)), l->today);
            memory_wipe(value, length);
        }
        column++;
    }
}

/* Of rows `from` to `to`, at most SAMPLE_COLUMNS of one table. A table that cannot be read (a lock,
 * a policy, too slow) has no sample. */
static void
sample_columns(const struct looking *l, int from, int to, struct sample *samples)
{
    char *sql = memory_new(SQL_SIZE, 1);
    struct writer w = writer_of(sql, sql != NULL ? SQL_SIZE : 0);
    PGresult *rows = NULL;

    if (sql != NULL && write_query(l, &w, from, to) > 0 && writer_end(&w) > 0)
        rows = probe_query(l->probe, sql, 0, NULL);
    if (rows != NULL)
        take_rows(l, rows, from, to, samples);
    PQclear(rows);
    memory_free(sql);
}

/* ---- what is said ---- */

/* What most of its values are; LOOK_NONE. */
static enum look
look_of_sample(const struct sample *sample, bool *is_within)
{
    *is_within = false;
    for (unsigned look = 0; look < LOOK_COUNT; look++)
        if (sample->whole[look] > 0 && sample->whole[look] * 2 >= sample->values)
            return (enum look)look;
    *is_within = true;
    for (unsigned look = 0; look < LOOK_COUNT; look++)
        if (sample->within[look] >= 2 && sample->within[look] >= sample->others[look] &&
            sample->within[look] * WITHIN_PART >= sample->values)
            return (enum look)look;
    return LOOK_NONE;
}

/* A name as YAML has it. */
static void
yaml_name(char *text, size_t size, const char *name)
{
    struct writer w = writer_of(text, size - 1);
    bool is_plain = (*name >= 'a' && *name <= 'z') || *name == '_';

    for (const char *c = name; *c != '\0'; c++)
        is_plain &= (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_' || *c == '.';
    if (!is_plain)
        writer_u8(&w, '"');
    for (const char *c = name; *c != '\0'; c++) {
        if (!is_plain && (*c == '"' || *c == '\\'))
            writer_u8(&w, '\\');
        writer_u8(&w, (uint8_t)*c);
    }
    if (!is_plain)
        writer_u8(&w, '"');
    text[writer_end(&w) < 0 ? 0 : writer_length(&w)] = '\0';
}

/* A key as it is written in the configuration. */
static void
yaml_key(char *text, size_t size, const struct config_texts *key)
{
    size_t used = 0;

    for (size_t i = 0; i < key->count && used < size; i++) {
        char name[2 * NAME_TEXT];

        yaml_name(name, sizeof(name), key->items[i]);
        used += (size_t)snprintf(text + used, size - used, "%s%s%s",
                                 i > 0            ? ", "
                                 : key->count > 1 ? "["
                                                  : "",
                                 name, key->count > 1 && i + 1 == key->count ? "]" : "");
    }
}

/* Whose the rows of a table can be, by what it is itself or refers to: the kind and the column. */
static void
guess_subject(const struct looking *l, int row, const char **subject, char *key, size_t size)
{
    *subject = "SUBJECT";
    snprintf(key, size, "KEY");
    for (size_t i = 0; i < l->config->subject_count; i++)
        if (is_table(l, row, l->config->subjects[i].table)) {
            *subject = l->config->subjects[i].name;
            yaml_key(key, size, &l->config->subjects[i].key);
            return;
        }
    for (int k = 0; l->links != NULL && k < PQntuples(l->links); k++) {
        char name[NAME_TEXT];

        if (strcmp(PQgetvalue(l->links, k, 0), cell(l, row, OID)) != 0)
            continue;
        snprintf(name, sizeof(name), "%s.%s", PQgetvalue(l->links, k, 2),
                 PQgetvalue(l->links, k, 3));
        for (size_t i = 0; i < l->config->subject_count; i++)
            if (strcmp(l->config->subjects[i].table, name) == 0 &&
                l->config->subjects[i].key.count == 1) {
                *subject = l->config->subjects[i].name;
                yaml_name(key, size, PQgetvalue(l->links, k, 1));
                return;
            }
    }
}

/* The line that the configuration lacks. */
static void
write_hint(const struct looking *l, int row, enum look look, char *hint, size_t size)
{
    const struct config_personal *mapping = mapping_of(l, row);
    char column[2 * NAME_TEXT], table[2 * NAME_TEXT], key[4 * NAME_TEXT], name[NAME_TEXT];
    const char *subject;

    yaml_name(column, sizeof(column), cell(l, row, COLUMN));
    if (mapping != NULL) {
        snprintf(hint, size, "if it is personal, add to the fields of %s in personal_data: %s: %s",
                 mapping->table, column, look_field(look));
        return;
    }
    snprintf(name, sizeof(name), "%s.%s", cell(l, row, SCHEMA), cell(l, row, TABLE));
    yaml_name(table, sizeof(table), name);
    guess_subject(l, row, &subject, key, sizeof(key));
    snprintf(hint, size,
             "if it is personal, add to personal_data: - {table: %s, subject: %s, key: %s, fields: "
             "{%s: %s}}",
             table, subject, key, column, look_field(look));
}

static const char *
why_unsampled(const struct looking *l, int row)
{
    if (!l->is_safe)
        return "on this version of the server values are not read";
    if (cell(l, row, MAY_READ)[0] != 't')
        return "the inspector may not read it";
    return cell(l, row, CAN_SAMPLE)[0] == 't' ? "no value could be read"
                                              : "values of its type, or its table, are not read";
}

static void
judge(const struct looking *l, int row, const struct sample *sample)
{
    enum look by_name = look_of_name(cell(l, row, TABLE), cell(l, row, COLUMN));
    bool is_within, is_empty = can_be_sampled(l, row) && sample->values == 0;
    enum look by_value = look_of_sample(sample, &is_within);
    enum look look = by_value != LOOK_NONE ? by_value : by_name;
    char name[NAME_TEXT], hint[4096];

    if (by_value == LOOK_NONE && by_name != LOOK_NONE &&
        !can_hold(cell(l, row, CATEGORY), cell(l, row, TYPE), by_name))
        return;
    if (look == LOOK_NONE)
        return;
    snprintf(name, sizeof(name), "column %s.%s.%s.%s", l->database, cell(l, row, SCHEMA),
             cell(l, row, TABLE), cell(l, row, COLUMN));
    write_hint(l, row, look, hint, sizeof(hint));
    if (by_value != LOOK_NONE)
        findings_add(l->findings, l->gateway->name, name, FINDING_WARNING, hint,
                     "is not mapped, and %s %s: %u of %u sampled values",
                     is_within ? "has, among other words," : "looks like", look_text(look),
                     is_within ? sample->within[look] : sample->whole[look], sample->values);
    else if (is_empty)
        findings_add(l->findings, l->gateway->name, name, FINDING_WARNING, hint,
                     "is not mapped, and looks like %s by its name alone: %s", look_text(look),
                     sample->is_taken ? "it has no values" : why_unsampled(l, row));
    else if (look_is_strict(look) && sample->values >= ENOUGH)
        findings_add(
            l->findings, l->gateway->name, name, FINDING_INFO, hint,
            "is not mapped, and looks like %s by its name, but of %u sampled values by few "
            "or none",
            look_text(look), sample->values);
    else
        findings_add(l->findings, l->gateway->name, name, FINDING_WARNING, hint,
                     "is not mapped, and looks like %s by its name alone", look_text(look));
}

/* ---- a database ---- */

static uint32_t
tomorrow(void)
{
    time_t now = (time_t)(os_realtime(&os_real) / NANOSECONDS_PER_SECOND) + 24 * 60 * 60;
    struct tm day = {0};

    gmtime_r(&now, &day);
    return (uint32_t)((day.tm_year + 1900) * 10000 + (day.tm_mon + 1) * 100 + day.tm_mday);
}

static void
look_at_all(const struct looking *l, struct progress *progress)
{
    int count = PQntuples(l->columns), to;

    for (int from = 0; from < count; from = to) {
        struct sample samples[SAMPLE_COLUMNS] = {0};
        bool is_any = false;

        for (to = from; to < count && to - from < SAMPLE_COLUMNS &&
                        strcmp(cell(l, to, OID), cell(l, from, OID)) == 0;
             to++)
            is_any |= is_sampled(l, to);
        if (progress_is_due(progress))
            progress_show(progress, "looking at columns", (uint64_t)from, (uint64_t)count);
        if (is_any)
            sample_columns(l, from, to, samples);
        for (int row = from; row < to; row++)
            if (!is_named(l, row))
                judge(l, row, &samples[row - from]);
    }
    progress_end(progress);
}

int
columns_look(struct probe *probe, const struct config *config, const struct config_gateway *gateway,
             const char *database, struct findings *findings, struct progress *progress)
{
    struct looking l = {.probe = probe,
                        .config = config,
                        .gateway = gateway,
                        .database = database,
                        .findings = findings,
                        .today = tomorrow()};
    PGresult *safe;
    int result = PASU_E_UPSTREAM_PROTOCOL;

    l.columns = probe_query(probe, columns_sql, 0, NULL);
    if (l.columns != NULL)
        l.links = probe_query(probe, links_sql, 0, NULL);
    if (l.links != NULL) {
        safe = probe_query(probe, safe_sql, 0, NULL);
        l.is_safe = safe != NULL && PQntuples(safe) == 1;
        PQclear(safe);
        look_at_all(&l, progress);
        result = 0;
    }
    PQclear(l.links);
    PQclear(l.columns);
    return result;
}
