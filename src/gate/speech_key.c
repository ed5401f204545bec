/* SPDX-License-Identifier: Apache-2.0 */
/* "Key (id)=(100007) is still referenced from table …": the error of a foreign key. */
#include "gate/speech.h"

#include "gate/session.h"

static bool
has_fields(const struct catalog_relation *relation, struct view name)
{
    for (size_t i = 0; i < relation->column_count; i++) {
        const struct catalog_column *column = &relation->columns[i];

        if (!view_equal(name, view_of_text(column->name)) || column->number < 1 ||
            column->number > relation->column_limit)
            continue;
        for (size_t k = 0; k < relation->show_count; k++)
            if (relation->shows[k].column_fields[column->number])
                return true;
    }
    return false;
}

static bool
has_column(const struct catalog_relation *relation, struct view name)
{
    for (size_t i = 0; i < relation->column_count; i++)
        if (view_equal(name, view_of_text(relation->columns[i].name)))
            return true;
    return false;
}

/* A column of the table that rows are deleted from, and personal in no table: rows of another may
 * have gone with them. */
static bool
is_key_column(const struct catalog *catalog, const struct catalog_relation *target,
              struct view name)
{
    if (!has_column(target, name))
        return false;
    for (size_t i = 0; i < catalog_relation_count(catalog); i++)
        if (has_fields(catalog_relation_at(catalog, i), name))
            return false;
    return true;
}

/* The next name of "Key (a, b)=(1, 2) …", whatever the language; empty behind the last. */
static struct view
next_name(struct view *names)
{
    struct view name = *names;
    size_t length = 0;

    while (length < names->length && names->bytes[length] != ',')
        length++;
    name.length = length;
    length += length < names->length ? 2 : 0; /* ", " */
    *names = length < names->length ? view_of(names->bytes + length, names->length - length)
                                    : view_of("", 0);
    return name;
}

static struct view
names_in(struct view detail)
{
    size_t start = 0, end;

    while (start < detail.length && detail.bytes[start] != '(')
        start++;
    for (end = start; end + 2 < detail.length; end++)
        if (memcmp(detail.bytes + end, ")=(", 3) == 0)
            return view_of(detail.bytes + start + 1, end - start - 1);
    return view_of("", 0);
}

const struct catalog_relation *
speech_relation(const struct catalog *catalog, struct view body)
{
    struct view schema = speech_field(body, 's'), table = speech_field(body, 't');
    const struct catalog_relation *relation;

    for (size_t i = 0; i < catalog_relation_count(catalog); i++) {
        relation = catalog_relation_at(catalog, i);
        if (view_equal(table, view_of_text(relation->name)) &&
            view_equal(schema, view_of_text(relation->schema)))
            return relation;
    }
    return NULL;
}

bool
speech_names_no_field(const struct catalog *catalog, const struct catalog_relation *table,
                      struct view body)
{
    struct view names = names_in(speech_field(body, 'D'));

    if (names.length == 0)
        return false;
    while (names.length > 0)
        if (!is_key_column(catalog, table, next_name(&names)))
            return false;
    return true;
}

bool
speech_is_key_alone(const struct session *s, const struct plan_statement *statement,
                    struct view body)
{
    const struct catalog *catalog = s->observer->catalog;
    const struct catalog_relation *target, *other;

    if (!catalog || !statement || statement->deletes_from == 0 ||
        (statement->flags & PLAN_OPAQUE) || speech_field(body, 'W').length > 0 ||
        !view_equal(speech_field(body, 'C'), VIEW("23503")))
        return false;
    target = catalog_relation(catalog, statement->deletes_from);
    other = speech_relation(catalog, body); /* whose rows still refer to the key */
    if (!target || !other || target->marked_fields || other->marked_fields)
        return false;
    return speech_names_no_field(catalog, target, body);
}
