/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/showing_table.h"

#include "base/memory.h"
#include "postgres/ask.h"

int
showing_read_columns(struct row_column *columns, size_t size, struct view body, struct view results,
                     size_t *count)
{
    struct reader r = reader_of(body);
    size_t n = body.length > 0 ? reader_u16(&r) : 0;

    if (n > size)
        return PASU_E_RANGE;
    for (size_t i = 0; i < n; i++) {
        reader_text(&r);
        columns[i].relation = reader_u32(&r);
        columns[i].attribute = (int16_t)reader_u16(&r);
        columns[i].type = reader_u32(&r);
        reader_bytes(&r, 6); /* size and modifier of the type */
        columns[i].format = (int16_t)reader_u16(&r);
        if (results.length > 0)
            columns[i].format = ask_result_format(results, (uint16_t)i);
    }
    *count = n;
    return reader_end(&r);
}

void
showing_entry_release(struct showing_entry *entry)
{
    if (!entry || --entry->holders > 0)
        return;
    plan_release(entry->plan);
    memory_free((void *)(uintptr_t)entry->description.bytes);
    showing_free(entry->showing);
    memory_free(entry);
}

void
showing_table_release(struct showing_table *table)
{
    for (size_t i = 0; i < SHOWING_TABLE_SIZE; i++) {
        showing_entry_release(table->entries[i]);
        table->entries[i] = NULL;
    }
}

void
showing_table_sweep(struct showing_table *table)
{
    for (size_t i = 0; i < SHOWING_TABLE_SIZE; i++) {
        const struct showing_entry *e = table->entries[i];

        if (!e || !e->plan->catalog || !catalog_is_superseded(e->plan->catalog))
            continue;
        showing_entry_release(table->entries[i]);
        table->entries[i] = NULL;
    }
}

static size_t
place_of(const struct plan_statement *statement, struct view body, struct view results)
{
    uint64_t hash = (uint64_t)(uintptr_t)statement * UINT64_C(0x9E3779B97F4A7C15);

    hash ^= (body.length << 7) + results.length;
    return (size_t)(hash >> 32) % SHOWING_TABLE_SIZE;
}

static bool
is_same(const struct showing_entry *e, const struct plan_statement *statement, struct view body,
        struct view results, bool is_named)
{
    return e && e->statement == statement && e->is_named == is_named &&
           e->body_length == body.length && e->description.length == body.length + results.length &&
           (body.length == 0 || memcmp(e->description.bytes, body.bytes, body.length) == 0) &&
           (results.length == 0 ||
            memcmp(e->description.bytes + body.length, results.bytes, results.length) == 0);
}

/* What of each column a row's reader must look at. */
static void
set_roles(struct showing_entry *e)
{
    const struct showing *s = e->showing;

    for (size_t p = 0; p < s->part_count; p++) {
        const struct showing_part *part = &s->parts[p];

        if ((part->source == SOURCE_OUTPUT || part->source == SOURCE_HIDDEN) &&
            part->column < s->column_count) {
            e->roles[part->column] |= SHOWING_ROLE_KEY;
            for (size_t i = 0; i < part->tuple; i++)
                e->roles[part->keys[i].column] |= SHOWING_ROLE_KEY;
            if (part->column > e->last_key)
                e->last_key = part->column;
            e->has_arrays |= part->is_array;
            e->needs_values |= part->needs_value;
            if (part->has_origin) {
                e->roles[part->origin] |= SHOWING_ROLE_KEY;
                if (part->origin > e->last_key)
                    e->last_key = part->origin;
            }
        }
        e->has_groups |= showing_is_grouped(part);
        for (size_t i = 0; i < part->identity_count; i++) {
            uint16_t column = part->identities[i].column;

            e->roles[column] |= SHOWING_ROLE_KEY;
            if (column > e->last_key)
                e->last_key = column;
        }
        for (size_t c = 0; c < s->column_count; c++) {
            uint64_t fields = s->column_fields[c * s->part_count + p];

            e->wanted[p] |= fields;
            if (fields)
                e->roles[c] |= SHOWING_ROLE_FIELDS;
        }
    }
}

static int8_t
only_key_of(const struct showing *s)
{
    int8_t only = -1;

    for (size_t p = 0; p < s->part_count; p++) {
        const struct showing_part *part = &s->parts[p];

        if (part->identity_count > 0)
            return -1;
        if (part->source != SOURCE_OUTPUT && part->source != SOURCE_HIDDEN)
            continue;
        if (only >= 0 || part->key_type > CATALOG_KEY_NUMERIC || part->format != 0 ||
            part->is_array || part->has_origin)
            return -1;
        only = (int8_t)p;
    }
    return only;
}

static int
entry_new(struct showing_table *table, struct showing_entry **out, struct plan *plan,
          const struct plan_statement *statement, struct view body, struct view results,
          bool is_named)
{
    struct row_column *columns = table->columns;
    struct showing_entry *e = memory_new(1, sizeof(*e));
    uint8_t *copy = memory_new(body.length + results.length + SHOWING_COLUMNS_MAX, 1);
    size_t count = 0;
    int result = e && copy ? 0 : PASU_E_NOMEM;

    if (result == 0)
        result = showing_read_columns(columns, SHOWING_COLUMNS_MAX, body, results, &count);
    if (result == 0)
        result = (is_named ? showing_new_named : showing_new)(&e->showing, statement, plan->catalog,
                                                              columns, count);
    if (result != 0) {
        memory_free(copy);
        memory_free(e);
        return result;
    }
    if (body.length > 0)
        memcpy(copy, body.bytes, body.length);
    if (results.length > 0)
        memcpy(copy + body.length, results.bytes, results.length);
    e->roles = copy + body.length + results.length;
    set_roles(e);
    e->only_key = only_key_of(e->showing);
    e->body_length = body.length;
    e->description = view_of(copy, body.length + results.length);
    e->plan = plan_hold(plan);
    e->statement = statement;
    e->is_named = is_named;
    e->holders = 1;
    *out = e;
    return 0;
}

int
showing_entry_copy(struct showing_table *table, struct plan *plan,
                   const struct plan_statement *statement, struct view formats,
                   struct showing_entry **out)
{
    size_t count = formats.length / 2;
    struct row_column *columns = table->columns;
    struct showing_entry *e;
    int result;

    if (count > SHOWING_COLUMNS_MAX)
        return PASU_E_RANGE;
    e = memory_new(1, sizeof(*e) + count);
    if (!e)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        columns[i] = (struct row_column){.format = (int16_t)bytes_get_u16(formats.bytes + 2 * i)};
    result = showing_new_copy(&e->showing, statement, plan->catalog, columns, count);
    if (result != 0) {
        memory_free(e);
        return result;
    }
    e->roles = (uint8_t *)(e + 1);
    set_roles(e);
    e->only_key = only_key_of(e->showing);
    e->copy = &statement->copy.format;
    e->plan = plan_hold(plan);
    e->statement = statement;
    e->holders = 1;
    *out = e;
    return 0;
}

int
showing_table_get(struct showing_table *table, struct plan *plan,
                  const struct plan_statement *statement, struct view body, struct view results,
                  bool is_named, struct showing_entry **entry)
{
    struct showing_entry **place = &table->entries[place_of(statement, body, results)];
    int result;

    if (!is_same(*place, statement, body, results, is_named)) {
        struct showing_entry *made;

        result = entry_new(table, &made, plan, statement, body, results, is_named);
        if (result != 0)
            return result;
        showing_entry_release(*place);
        *place = made;
    }
    (*place)->holders++;
    *entry = *place;
    return 0;
}
