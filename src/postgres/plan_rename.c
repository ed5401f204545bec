/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_rename.h"

#include "postgres/plan_mark.h"

static const char *
keep_name(struct plan_work *work, const char *name)
{
    const char *kept = arena_text(work->keep, name, strlen(name));

    return kept ? kept : "";
}

/* ---- what a mapping would not find again ---- */

/* A relation, or a column of it, is losing its name: all of that name may. */
static void
mark_losing(struct plan_work *work, const PgQuery__RangeVar *range, const char *column)
{
    const struct catalog_relation *relation;
    size_t at = 0;

    while (range &&
           (relation = names_next_relation(work, range->schemaname[0] ? range->schemaname : NULL,
                                           range->relname, &at)) != NULL) {
        int16_t number = column ? catalog_column_number(relation, column) : 0;

        if (!column || number > 0)
            mark_lasting(work, relation, number);
    }
}

/* A schema with all that is in it. */
static void
mark_losing_schema(struct plan_work *work, const char *schema)
{
    for (size_t i = 0; work->catalog && i < catalog_relation_count(work->catalog); i++) {
        const struct catalog_relation *relation = catalog_relation_at(work->catalog, i);

        if (strcmp(relation->schema, schema) == 0)
            mark_lasting(work, relation, 0);
    }
}

/* What the mapping is known by stays known, should pasu start anew before it has seen the change.
 */
static void
build_losing(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement)
{
    const PgQuery__RenameStmt *rename =
        node->node_case == PG_QUERY__NODE__NODE_RENAME_STMT ? node->rename_stmt : NULL;

    work->marks = NULL;
    if (!rename)
        mark_losing(work, node->alter_object_schema_stmt->relation, NULL);
    else if (rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA)
        mark_losing_schema(work, rename->subname);
    else if (rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN)
        mark_losing(work, rename->relation, rename->subname);
    else if (!rename->subname[0])
        mark_losing(work, rename->relation, NULL);
    mark_statement(work, statement);
}

/* Marks that are known by a name move with it. */
static void
build_move(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement)
{
    struct plan_move *move = arena_new(work->keep, 1, sizeof(*move));
    const PgQuery__RangeVar *relation = NULL;

    if (!move)
        return;
    if (node->node_case == PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT) {
        relation = node->alter_object_schema_stmt->relation;
        move->to_schema = keep_name(work, node->alter_object_schema_stmt->newschema);
    } else if (node->rename_stmt->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA) {
        move->schema = keep_name(work, node->rename_stmt->subname);
        move->to_schema = keep_name(work, node->rename_stmt->newname);
        statement->move = move;
        return;
    } else if (!node->rename_stmt->subname[0]) {
        relation = node->rename_stmt->relation;
        move->to_name = keep_name(work, node->rename_stmt->newname);
    }
    if (!relation)
        return;
    move->schema = relation->schemaname[0] ? keep_name(work, relation->schemaname) : NULL;
    move->name = keep_name(work, relation->relname);
    if (!move->to_schema)
        move->to_schema = move->schema;
    if (!move->to_name)
        move->to_name = move->name;
    statement->move = move;
}

/* ---- parts ---- */

/* What a table has of its parent's mapping, or a column of what it was made of, it keeps. */
void
rename_parts(struct plan_work *work, const PgQuery__RangeVar *range,
             const PgQuery__AlterTableCmd *command)
{
    switch (command->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition:
        if (command->def && command->def->node_case == PG_QUERY__NODE__NODE_PARTITION_CMD)
            mark_losing(work, command->def->partition_cmd->name, NULL);
        break;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropInherit:
        mark_losing(work, range, NULL);
        break;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropExpression:
        mark_losing(work, range, command->name);
        break;
    default:
        break;
    }
}

void
rename_statement(struct plan_work *work, const PgQuery__Node *node,
                 struct plan_statement *statement)
{
    build_move(work, node, statement);
    build_losing(work, node, statement);
}
