/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fingerprint_rows.h"

#include "cli/complain.h"

enum { SQL_SIZE = 4096 };

struct reading {
    struct probe probe;
    const struct fingerprint_table *table;
    fingerprint_row_fn *fn;
    void *arg;
};

static int
fail(const struct reading *r, const char *why)
{
    complain("run: pasu check -c FILE --connect", "%s cannot be read: %.*s",
             r->table->wanted[0]->section.table, (int)strcspn(why, "\n"), why);
    return 2;
}

/* ---- tables ---- */

static bool
is_same_table(const struct identity_wanted *a, const struct identity_wanted *b)
{
    return a->gateway == b->gateway && strcmp(a->section.database, b->section.database) == 0 &&
           a->section.relation == b->section.relation && strcmp(a->key, b->key) == 0;
}

static void
add_column(struct fingerprint_table *table, const char *column)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i], column) == 0)
            return;
    if (table->column_count < FINGERPRINT_COLUMNS_MAX)
        table->columns[table->column_count++] = column;
}

static bool
is_fit(const struct identity_wanted *w)
{
    return w->reason[0] == '\0';
}

/* The table of an item, unless an item before has had it. */
static bool
table_of(const struct identity_wants *wants, size_t at, struct fingerprint_table *table)
{
    const struct identity_wanted *first = &wants->items[at];

    *table = (struct fingerprint_table){.count = 0};
    for (size_t i = 0; i < at; i++)
        if (is_fit(&wants->items[i]) && is_same_table(&wants->items[i], first))
            return false;
    for (size_t i = at; i < wants->count && table->count < FINGERPRINT_COLUMNS_MAX; i++) {
        const struct identity_wanted *w = &wants->items[i];

        if (!is_fit(w) || !is_same_table(w, first))
            continue;
        table->wanted[table->count++] = w;
        for (size_t c = 0; c < identity_section_columns(&w->section); c++)
            add_column(table, w->columns[c]);
    }
    return true;
}

/* ---- rows: COPY's text form ---- */

/* The field that begins there, unescaped where it lies; *at is behind it then. */
static struct view
take_field(char **at, char *end)
{
    char *from = *at, *to = from, *s = from;
    bool is_null = end - from >= 2 && from[0] == '\\' && from[1] == 'N';

    while (s < end && *s != '\t' && *s != '\n') {
        if (*s == '\\' && s + 1 < end) {
            static const char letters[] = "bfnrtv", meant[] = "\b\f\n\r\t\v";
            const char *letter = s[1] == '\0' ? NULL : strchr(letters, s[1]);

            *to++ = letter == NULL ? s[1] : meant[letter - letters];
            s += 2;
        } else {
            *to++ = *s++;
        }
    }
    *at = s < end ? s + 1 : s;
    return is_null ? view_of(NULL, 0) : view_of(from, (size_t)(to - from));
}

static int
take_row(struct reading *r, char *bytes, size_t length)
{
    struct view values[FINGERPRINT_COLUMNS_MAX], key;
    char *at = bytes, *end = bytes + length;

    key = take_field(&at, end);
    for (size_t i = 0; i < r->table->column_count; i++)
        values[i] = take_field(&at, end);
    if (at != end)
        return fail(r, "the server sends rows of another form");
    return key.bytes == NULL ? 0 : r->fn(r->arg, r->table, key, values);
}

static int
take_rows(struct reading *r)
{
    char *bytes;
    int n, status = 0;

    while (status == 0 && (n = PQgetCopyData(r->probe.connection, &bytes, 0)) > 0) {
        status = take_row(r, bytes, (size_t)n);
        PQfreemem(bytes);
    }
    if (status != 0)
        return status; /* the connection is closed by the caller */
    if (n != -1)
        return fail(r, PQerrorMessage(r->probe.connection));
    for (PGresult *last; (last = PQgetResult(r->probe.connection)) != NULL; PQclear(last))
        if (PQresultStatus(last) != PGRES_COMMAND_OK)
            status = 1;
    return status == 0 ? 0 : fail(r, PQerrorMessage(r->probe.connection));
}

/* ---- SQL ---- */

static bool
add_quoted(struct reading *r, char *text, const char *before, const char *name)
{
    char *quoted = PQescapeIdentifier(r->probe.connection, name, strlen(name));
    size_t used = strlen(text);

    if (quoted == NULL)
        return false;
    snprintf(text + used, SQL_SIZE - used, "%s%s", before, quoted);
    PQfreemem(quoted);
    return true;
}

static int
copy(struct reading *r)
{
    const struct identity_wanted *w = r->table->wanted[0];
    char sql[SQL_SIZE] = "";
    bool is_whole = add_quoted(r, sql, "COPY ", w->schema) && add_quoted(r, sql, ".", w->table) &&
                    add_quoted(r, sql, " (", w->key);
    PGresult *result;
    int status;

    for (size_t i = 0; is_whole && i < r->table->column_count; i++)
        is_whole = add_quoted(r, sql, ", ", r->table->columns[i]);
    snprintf(sql + strlen(sql), sizeof(sql) - strlen(sql), ") TO STDOUT");
    if (!is_whole)
        return fail(r, PQerrorMessage(r->probe.connection));
    result = PQexec(r->probe.connection, sql);
    status = PQresultStatus(result) == PGRES_COPY_OUT
                 ? take_rows(r)
                 : fail(r, PQerrorMessage(r->probe.connection));
    PQclear(result);
    return status;
}

/* Nothing is hidden by a policy that nobody sees, it may take its time, and texts are UTF-8. */
static int
read_table(struct reading *r)
{
    static const char settings[] = "SET client_encoding = 'UTF8'; SET statement_timeout = 0; SET "
                                   "row_security = off; BEGIN READ ONLY";
    const struct identity_wanted *w = r->table->wanted[0];
    PGresult *result;
    int status = 0;

    if (probe_open(&r->probe, w->gateway, w->section.database) != 0)
        return fail(r, r->probe.error);
    result = PQexec(r->probe.connection, settings);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = fail(r, PQerrorMessage(r->probe.connection));
    PQclear(result);
    if (status == 0)
        status = copy(r);
    return status;
}

int
fingerprint_rows_each(const struct identity_wants *wants, fingerprint_row_fn *fn, void *arg)
{
    int status = 0;

    for (size_t i = 0; status == 0 && i < wants->count; i++) {
        struct fingerprint_table table;
        struct reading r = {.table = &table, .fn = fn, .arg = arg};

        if (!is_fit(&wants->items[i]) || !table_of(wants, i, &table))
            continue;
        status = read_table(&r);
        probe_close(&r.probe);
    }
    return status;
}
