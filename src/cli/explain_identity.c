/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the identity index is asked whom a part's rows show: as the gate chooses (showing.h), of
 * the columns as the server would name them. */
#include "base/memory.h"
#include "cli/explain_view.h"
#include "exposure/identity_names.h"
#include "postgres/showing.h"

/* Whether `identity` names that column: "schema.table.column", or with its database before it. */
static bool
is_named(const struct explained *e, const struct showing_identity *identity,
         char name[EXPLAIN_NAME_SIZE])
{
    const struct config_texts *named = &e->config->identity;

    explain_name(name, e->catalog, identity->relation, identity->attribute);
    for (size_t i = 0; i < named->count && name[0] != '\0'; i++) {
        const char *text = named->items[i];
        size_t length = e->database != NULL ? strlen(e->database) : 0;

        if (strcmp(text, name) == 0 ||
            (length > 0 && strncmp(text, e->database, length) == 0 && text[length] == '.' &&
             strcmp(text + length + 1, name) == 0))
            return true;
    }
    return false;
}

static bool
is_asked(const struct explained *e, const struct showing_part *part, char name[EXPLAIN_NAME_SIZE])
{
    size_t named = 0;

    for (size_t i = 0; i < part->identity_count; i++) {
        named += is_named(e, &part->identities[i], name);
        if (named > 0 && part->is_identity_any)
            return true;
    }
    return part->is_identity_all && named > 0 && named == part->identity_count;
}

/* What the server would say of the columns: of a view's that they are the view's, of what is
 * computed nothing. */
static void
name_columns(const struct plan_statement *statement, struct row_column *columns)
{
    for (unsigned i = 0; i < statement->column_count; i++)
        columns[i] = (struct row_column){.relation = statement->outputs[i].relation,
                                         .attribute = statement->outputs[i].attribute};
    for (size_t p = 0; p < statement->part_count; p++)
        for (size_t i = 0; i < statement->parts[p].column_count; i++) {
            const struct plan_column *column = &statement->parts[p].columns[i];

            if (column->stored.origin != 0 && column->column < statement->column_count &&
                columns[column->column].relation != 0)
                columns[column->column] =
                    (struct row_column){.relation = column->stored.origin,
                                        .attribute = column->stored.origin_attribute};
        }
}

bool
explain_identity(const struct explained *e, const struct plan_statement *statement,
                 const struct plan_part *part, char name[EXPLAIN_NAME_SIZE])
{
    struct row_column *columns;
    struct showing *showing = NULL;
    bool is_found = false;

    name[0] = '\0';
    if (part->source != SOURCE_BOUND || statement->outputs == NULL ||
        e->config->identity.count == 0)
        return false;
    columns =
        memory_new(statement->column_count + (size_t)statement->hidden_count + 1, sizeof(*columns));
    if (columns == NULL)
        return false;
    name_columns(statement, columns + statement->hidden_count);
    if (showing_new(&showing, statement, e->catalog, columns,
                    statement->column_count + (size_t)statement->hidden_count) == 0)
        for (size_t p = 0; p < showing->part_count && !is_found; p++)
            is_found = showing->parts[p].source == SOURCE_BOUND &&
                       showing->parts[p].kind == part->kind &&
                       (part->fields & ~showing->parts[p].fields) == 0 &&
                       is_asked(e, &showing->parts[p], name);
    showing_free(showing);
    memory_free(columns);
    return is_found;
}

const char *
explain_known(const struct explained *e, const struct plan_part *part,
              char columns[EXPLAIN_NAME_SIZE])
{
    struct identity_known known;
    size_t used; /* of names that are at most 63 bytes each */

    /* Kinds are numbered as the configuration has them. */
    if (part->kind >= e->config->subject_count ||
        !identity_known_of(&known, e->config, &e->config->subjects[part->kind]))
        return NULL;
    used =
        (size_t)snprintf(columns, EXPLAIN_NAME_SIZE, "%s.%s.", known.name.schema, known.name.table);
    identity_name_text(&known.name, columns + used, EXPLAIN_NAME_SIZE - used);
    return e->config->subjects[known.kind].name;
}
