/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/identity_reading.h"

#include "base/memory.h"
#include "base/memory_file.h"
#include "exposure/identity_rows.h"
#include "postgres/identity_column.h"

enum {
    SQL_SIZE = 1 << 16,
    ROWS_MAX = 1 << 18,
    COPY_SIZE = (IDENTITY_VALUES_MAX + 2) * IDENTITY_QUOTED_SIZE + 64
};

/* ---- which there are ---- */

static int
no_row(void *arg PASU_UNUSED, const struct view *values PASU_UNUSED, size_t count PASU_UNUSED)
{
    return 0;
}

static int
command(struct inspector_link *link, const char *sql)
{
    size_t most = ROWS_MAX;

    return inspector_link_query(link, sql, no_row, NULL, &most);
}

/* Text as a literal; names hold no zero byte. */
static void
put_literal(struct writer *w, const char *text)
{
    writer_bytes(w, ", E'", 4);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            writer_u8(w, (uint8_t)*text);
        writer_u8(w, (uint8_t)*text);
    }
    writer_u8(w, '\'');
}

static void
put_text(struct writer *w, const char *text)
{
    writer_bytes(w, text, strlen(text));
}

enum found_value {
    FOUND_NUMBER,
    FOUND_PLACE, /* of the column in its name */
    FOUND_RELATION,
    FOUND_ATTRIBUTE,
    FOUND_KEY,
    FOUND_KEY_TYPE,
    FOUND_IS_ALLOWED,
    FOUND_IS_ENCODED,
    FOUND_NUMBERS,
    FOUND_TABLE = FOUND_NUMBERS,
    FOUND_KEY_NAME,
    FOUND_COLUMN_NAME,
    FOUND_VALUES,
};

/* One line of the list for each column of the name. */
static void
put_name(struct writer *w, const struct identity_name *name, size_t number, bool *is_first)
{
    for (size_t i = 0; i < name->count; i++) {
        char numbers[48];

        snprintf(numbers, sizeof(numbers), "%s(%zu, %zu", *is_first ? "" : ", ", number, i);
        *is_first = false;
        put_text(w, numbers);
        put_literal(w, name->schema);
        put_literal(w, name->table);
        put_literal(w, name->columns[i]);
        put_literal(w, name->key);
        writer_u8(w, ')');
    }
}

static int
put_find(struct writer *w, const struct identity_names *names, const char *database)
{
    bool is_first = true;

    put_text(w, "SELECT v.n, v.i, c.oid, a.attnum, k.attnum, k.atttypid, "
                "(has_column_privilege(c.oid, a.attnum, 'SELECT') AND "
                "has_column_privilege(c.oid, k.attnum, 'SELECT'))::int, "
                "(current_setting('server_encoding') <> 'SQL_ASCII')::int, "
                "format('%I.%I', n.nspname, c.relname), format('%I', k.attname), "
                "format('%I', a.attname) "
                "FROM (VALUES ");
    for (size_t i = 0; i < names->count; i++)
        if (!names->items[i].database[0] || strcmp(names->items[i].database, database) == 0)
            put_name(w, &names->items[i], i, &is_first);
    put_text(w, ") v (n, i, s, t, a, k) JOIN pg_namespace n ON n.nspname = v.s "
                "JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = v.t "
                "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = v.a "
                "JOIN pg_attribute k ON k.attrelid = c.oid AND k.attname = v.k "
                "WHERE a.attnum > 0 AND k.attnum > 0 AND NOT a.attisdropped AND NOT k.attisdropped "
                "ORDER BY v.n, v.i");
    writer_u8(w, 0);
    if (is_first)
        return PASU_E_NOTFOUND;
    return writer_end(w) > 0 ? 0 : PASU_E_RANGE;
}

struct finding {
    struct identity_reading *reading;
    const struct identity_names *names;
    uint64_t number, next; /* of the name at hand; the place of its next column */
    bool has_directory, is_allowed, is_encoded;
};

static void
leave_out(struct identity_reading *r, const char *table, const char *column, const char *why)
{
    if (r->left_out++ == 0)
        snprintf(r->why, sizeof(r->why), "%.24s.%.24s: %s", table, column, why);
}

/* All columns of the name have come. */
static void
end_found(struct finding *finding, const struct identity_name *name)
{
    struct identity_reading *r = finding->reading;
    struct identity_section *s = &r->sections[r->count];
    enum catalog_key_type type = r->key_types[r->count];
    bool is_number = type >= CATALOG_KEY_INT2 && type <= CATALOG_KEY_INT8 && !name->is_sealed;

    identity_name_text(name, s->column, sizeof(s->column));
    if (type == CATALOG_KEY_NONE || !finding->is_allowed || !finding->is_encoded ||
        !(is_number || finding->has_directory)) {
        leave_out(r, name->table, s->column,
                  type == CATALOG_KEY_NONE ? "its key is of no fit type"
                  : !finding->is_allowed   ? "the inspector may not read it"
                  : !finding->is_encoded   ? "the database has no encoding"
                                           : "64 workers leave no ring for its keys");
        return;
    }
    r->is_sealed[r->count] = name->is_sealed;
    s->is_text = key_type_is_text(type);
    snprintf(s->table, sizeof(s->table), "%s.%s", name->schema, name->table);
    memcpy(s->definition, name->definition, sizeof(s->definition));
    r->count++;
}

static bool
is_fit(const uint64_t n[FOUND_NUMBERS], const struct identity_names *names)
{
    return n[FOUND_NUMBER] < names->count && n[FOUND_PLACE] < IDENTITY_VALUES_MAX &&
           n[FOUND_RELATION] <= UINT32_MAX && n[FOUND_ATTRIBUTE] <= INT16_MAX &&
           n[FOUND_KEY] <= INT16_MAX && n[FOUND_KEY_TYPE] <= UINT32_MAX;
}

/* A column: the first of a name, or the next one. Others are of a name of which some is missing. */
static int
take_found(void *arg, const struct view *values, size_t count)
{
    struct finding *finding = arg;
    struct identity_reading *r = finding->reading;
    const struct identity_name *name;
    struct identity_section *s;
    uint64_t n[FOUND_NUMBERS];
    char quoted[FOUND_VALUES - FOUND_NUMBERS][IDENTITY_QUOTED_SIZE];

    if (count != FOUND_VALUES)
        return PASU_E_MALFORMED;
    for (size_t i = 0; i < FOUND_NUMBERS; i++)
        if (!inspector_take_number(values[i], &n[i]))
            return PASU_E_MALFORMED;
    for (size_t i = FOUND_NUMBERS; i < FOUND_VALUES; i++) {
        if (!values[i].bytes || values[i].length >= IDENTITY_QUOTED_SIZE)
            return PASU_E_MALFORMED;
        text_from_view(quoted[i - FOUND_NUMBERS], IDENTITY_QUOTED_SIZE, values[i]);
    }
    if (!is_fit(n, finding->names))
        return PASU_E_MALFORMED;
    name = &finding->names->items[n[FOUND_NUMBER]];
    if (n[FOUND_PLACE] == 0) {
        finding->number = n[FOUND_NUMBER];
        finding->next = 0;
        finding->is_allowed = finding->is_encoded = true;
    }
    if (n[FOUND_NUMBER] != finding->number || n[FOUND_PLACE] != finding->next)
        return 0;
    if (r->count == IDENTITY_COLUMNS_MAX) {
        leave_out(r, name->table, name->columns[0], "there are too many");
        return 0;
    }
    s = &r->sections[r->count];
    if (n[FOUND_PLACE] == 0) {
        *s = (struct identity_section){.relation = (uint32_t)n[FOUND_RELATION],
                                       .attribute = (int16_t)n[FOUND_ATTRIBUTE],
                                       .key_attribute = (int16_t)n[FOUND_KEY]};
        r->key_types[r->count] = (uint8_t)key_type_of_oid((uint32_t)n[FOUND_KEY_TYPE]);
        snprintf(r->tables[r->count], IDENTITY_QUOTED_SIZE, "%s", quoted[0]);
        snprintf(r->keys[r->count], IDENTITY_QUOTED_SIZE, "%s", quoted[1]);
    } else {
        s->others[n[FOUND_PLACE] - 1] = (int16_t)n[FOUND_ATTRIBUTE];
    }
    snprintf(r->columns[r->count][n[FOUND_PLACE]], IDENTITY_QUOTED_SIZE, "%s", quoted[2]);
    finding->is_allowed &= n[FOUND_IS_ALLOWED] == 1;
    finding->is_encoded &= n[FOUND_IS_ENCODED] == 1;
    finding->next++;
    if (finding->next == name->count)
        end_found(finding, name);
    return 0;
}

/* All that can be asked of the names alone. */
static int
find(struct identity_reading *r, struct inspector_link *link, const struct identity_names *names,
     const char *database, bool has_directory)
{
    struct finding finding = {
        .reading = r, .names = names, .number = UINT64_MAX, .has_directory = has_directory};
    size_t most = ROWS_MAX;
    char *sql = memory_new(SQL_SIZE, 1);
    struct writer w = writer_of(sql, SQL_SIZE);
    int result = sql ? put_find(&w, names, database) : PASU_E_NOMEM;

    r->count = r->left_out = 0;
    r->why[0] = '\0';
    if (result == 0)
        result = inspector_link_query(link, sql, take_found, &finding, &most);
    memory_free(sql);
    return result == PASU_E_NOTFOUND ? 0 : result;
}

/* ---- what the server has counted ---- */

struct counting {
    struct identity_reading *reading;
    uint8_t came[IDENTITY_COLUMNS_MAX]; /* columns of each that are fit */
};

static int
take_counters(void *arg, const struct view *values, size_t count)
{
    struct counting *counting = arg;
    uint64_t n[IDENTITY_COLUMN_VALUES];
    struct identity_section *s;

    if (count != IDENTITY_COLUMN_VALUES)
        return PASU_E_MALFORMED;
    for (size_t i = 0; i < count; i++)
        if (!inspector_take_number(values[i], &n[i]))
            return PASU_E_MALFORMED;
    if (n[IDENTITY_COLUMN_NUMBER] >= counting->reading->count)
        return PASU_E_MALFORMED;
    s = &counting->reading->sections[n[IDENTITY_COLUMN_NUMBER]];
    s->is_unique = n[IDENTITY_COLUMN_IS_UNIQUE] == 1 && identity_section_columns(s) == 1;
    s->counters = (struct identity_counters){
        .inserted = n[IDENTITY_COLUMN_INSERTED],
        .updated = n[IDENTITY_COLUMN_UPDATED],
        .deleted = n[IDENTITY_COLUMN_DELETED],
        .reset = (int64_t)n[IDENTITY_COLUMN_RESET],
        .file = (uint32_t)n[IDENTITY_COLUMN_FILE],
    };
    if (n[IDENTITY_COLUMN_IS_FIT] == 1)
        counting->came[n[IDENTITY_COLUMN_NUMBER]]++;
    return 0;
}

static int
ask_counters(struct identity_reading *r, struct inspector_link *link, uint64_t *fit)
{
    struct counting counting = {.reading = r};
    char list[SQL_SIZE / 4] = "", sql[SQL_SIZE / 2];
    size_t used = 0, most = ROWS_MAX;
    int result;

    for (size_t i = 0; i < r->count; i++)
        used += identity_section_list(&r->sections[i], i, list + used, sizeof(list) - used);
    snprintf(sql, sizeof(sql), IDENTITY_COLUMN_SQL("%s"), list);
    result = inspector_link_query(link, sql, take_counters, &counting, &most);
    *fit = 0;
    for (size_t i = 0; i < r->count; i++)
        if (counting.came[i] == identity_section_columns(&r->sections[i]))
            *fit |= UINT64_C(1) << i;
    return result;
}

/* Those that are not fit are no more. */
static void
keep_fit(struct identity_reading *r, uint64_t fit)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++) {
        if (fit >> i & 1) {
            if (kept != i) {
                r->sections[kept] = r->sections[i];
                memcpy(r->tables[kept], r->tables[i], IDENTITY_QUOTED_SIZE);
                memcpy(r->keys[kept], r->keys[i], IDENTITY_QUOTED_SIZE);
                r->key_types[kept] = r->key_types[i];
                r->is_sealed[kept] = r->is_sealed[i];
                memcpy(r->columns[kept], r->columns[i], sizeof(r->columns[i]));
            }
            kept++;
            continue;
        }
        leave_out(r, r->sections[i].table, r->sections[i].column,
                  "not of a fit type, or of a table with heirs");
    }
    r->count = kept;
}

int
identity_reading_find(struct identity_reading *r, struct inspector_link *link,
                      const struct identity_names *names, const char *gateway, const char *database,
                      const struct catalog_origin *origin, bool has_directory)
{
    uint64_t fit = 0;
    int result;

    *r = (struct identity_reading){0};
    /* Nobody can put operators or functions of theirs under the questions. */
    result = command(link, "SET search_path = pg_catalog; SET lock_timeout = 5000");
    if (result == 0)
        result = find(r, link, names, database, has_directory);
    if (result == 0 && r->count > 0)
        result = ask_counters(r, link, &fit);
    if (result != 0)
        return result;
    keep_fit(r, fit);
    for (size_t i = 0; i < r->count; i++) {
        struct identity_section *s = &r->sections[i];

        snprintf(s->gateway, sizeof(s->gateway), "%s", gateway);
        snprintf(s->database, sizeof(s->database), "%s", database);
        s->system = origin->system;
        s->database_oid = origin->database;
    }
    return 0;
}

/* ---- their values ---- */

static bool
has_section(const struct identity_reading *r, const struct identity_section *wanted)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->sections[i].relation == wanted->relation &&
            r->sections[i].attribute == wanted->attribute &&
            r->sections[i].key_attribute == wanted->key_attribute &&
            r->sections[i].is_text == wanted->is_text &&
            memcmp(r->sections[i].others, wanted->others, sizeof(wanted->others)) == 0 &&
            strcmp(r->sections[i].table, wanted->table) == 0)
            return true;
    return false;
}

static int
take_lock(void *arg, const struct view *values, size_t count)
{
    uint64_t *locks = arg;

    return count == 1 && inspector_take_number(values[0], locks) ? 0 : PASU_E_MALFORMED;
}

/* Whether it was what was found that COPY has read. Its lock is ours until the end of the
 * transaction: since then neither the table nor its columns have got other names; its schema can
 * have. */
static int
check_names(const struct identity_reading *r, struct inspector_link *link,
            const struct identity_names *names)
{
    struct identity_reading *again = memory_new(1, sizeof(*again));
    int result = again ? find(again, link, names, r->sections[0].database, true) : PASU_E_NOMEM;

    for (size_t i = 0; result == 0 && i < r->count; i++) {
        char sql[COPY_SIZE];
        uint64_t locks = 0;
        size_t most = ROWS_MAX;

        snprintf(sql, sizeof(sql), IDENTITY_LOCK_SQL("%u"), r->sections[i].relation);
        result = inspector_link_query(link, sql, take_lock, &locks, &most);
        if (result == 0 && (locks == 0 || !has_section(again, &r->sections[i])))
            result = PASU_E_AGAIN;
    }
    memory_free(again);
    return result;
}

static int
take_copy(void *arg, struct view bytes)
{
    return identity_rows_take(arg, bytes);
}

static int
read_column(const struct identity_reading *r, size_t column, struct inspector_link *link,
            struct identity_rows *rows, struct identity_ordinals *ordinals)
{
    size_t count = identity_section_columns(&r->sections[column]), used;
    char sql[COPY_SIZE];
    int result = identity_builder_begin(rows->builder, &r->sections[column]);

    used = (size_t)snprintf(sql, sizeof(sql), "COPY %s (%s", r->tables[column], r->keys[column]);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(sql + used, sizeof(sql) - used, ", %s", r->columns[column][i]);
    snprintf(sql + used, sizeof(sql) - used, ") TO STDOUT (FORMAT binary)");
    identity_rows_begin(rows, count);
    rows->ordinal = ordinals ? identity_ordinals_get : NULL;
    rows->arg = ordinals;
    if (ordinals)
        identity_ordinals_begin(ordinals, r->key_types[column], r->is_sealed[column]);
    if (result == 0)
        result = inspector_link_copy(link, sql, take_copy, rows);
    if (result == 0)
        result = identity_rows_end(rows);
    if (result != 0 && rows->error)
        snprintf(link->detail, sizeof(link->detail), "%s", rows->error);
    return result == 0 ? identity_builder_end(rows->builder) : result;
}

static int
read_columns(struct identity_reading *r, struct inspector_link *link,
             const struct identity_names *names, struct identity_builder *builder,
             struct identity_ordinals *ordinals)
{
    struct identity_rows rows = {.builder = builder};
    int result = command(link, "SET statement_timeout = 0; SET row_security = off");

    if (result == 0) /* each statement with a snapshot of its own: the last one sees the names */
        result = command(link, "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY");
    for (size_t i = 0; result == 0 && i < r->count; i++)
        result = read_column(r, i, link, &rows, ordinals);
    if (result == 0)
        result = check_names(r, link, names);
    if (result == 0)
        result = command(link, "COMMIT");
    r->rows = rows.rows;
    if (result != 0)
        inspector_link_close(link); /* and with it the transaction */
    return result;
}

int
identity_reading_read(struct identity_reading *r, struct inspector_link *link,
                      const struct identity_names *names, const struct identity_key *key,
                      const struct identity_moment *moment, struct identity_ordinals *ordinals,
                      struct identity **identity)
{
    struct identity_builder *builder = NULL;
    struct memory_files files;
    uint8_t *bytes = NULL;
    size_t size = 0;
    int result;

    memory_files_init(&files, IDENTITY_READING_MAX);
    result = identity_builder_new(&builder, &files.os, -1, "index", r->count, key);
    if (result == 0)
        result = read_columns(r, link, names, builder, ordinals);
    if (result == 0)
        result = identity_builder_commit(builder, moment);
    if (result == 0 && ordinals)
        result = identity_ordinals_settle(ordinals);
    if (result == 0) {
        bytes = memory_files_take(&files, identity_builder_file(builder), &size);
        result = bytes ? 0 : PASU_E_NOMEM;
    }
    identity_builder_free(builder);
    memory_files_release(&files);
    return result == 0 ? identity_take(identity, bytes, size, key) : result;
}
