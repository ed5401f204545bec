/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_effect.h"

#include <strings.h>

/* ---- names ---- */

/* What the snapshot knows by a name: nothing, temporary tables alone, also with personal values in
 * them, or more. */
enum known { KNOWN_NOT, KNOWN_TEMPORARY, KNOWN_MARKED, KNOWN };

static enum known
known_as(const struct plan_work *work, const char *schema, const char *name)
{
    const struct plan_table *fresh = names_blank(work, schema, name);
    const struct catalog_relation *relation;
    enum known known = KNOWN_NOT;
    size_t at = 0;

    if (!work->catalog || strncmp(name, "pg_", 3) == 0)
        return KNOWN;
    if (schema && strcmp(schema, CATALOG_TEMPORARY) == 0)
        return KNOWN_TEMPORARY;
    if (fresh && fresh->is_temporary)
        return KNOWN_TEMPORARY;
    while ((relation = catalog_relation_named(work->catalog, schema, name, &at)) != NULL) {
        if (relation->persistence != 't')
            return KNOWN;
        if (known != KNOWN_MARKED)
            known = relation->fields != 0 ? KNOWN_MARKED : KNOWN_TEMPORARY;
    }
    return known;
}

/* No other session sees what has such a name. */
static bool
is_own(enum known known)
{
    return known == KNOWN_TEMPORARY || known == KNOWN_MARKED;
}

static const char *
schema_of(const PgQuery__RangeVar *range)
{
    return range->schemaname[0] ? range->schemaname : NULL;
}

static bool
is_temporary(const PgQuery__RangeVar *range)
{
    return strcmp(range->relpersistence, "t") == 0 ||
           strcmp(range->schemaname, CATALOG_TEMPORARY) == 0;
}

/* Of a name that nothing in any schema has, and no code waits for: a table of that name stands
 * before no other. Temporary ones of other sessions are not seen in one. */
static bool
is_new(const struct plan_work *work, const PgQuery__RangeVar *range, bool is_temp)
{
    enum known known = known_as(work, NULL, range->relname);

    return (known == KNOWN_NOT || (is_temp && known == KNOWN_TEMPORARY)) &&
           !catalog_speaks_of(work->catalog, range->relname);
}

static const char *
keep_name(const struct plan_work *work, const char *name)
{
    return name ? arena_text(work->keep, name, strlen(name)) : NULL;
}

/* ---- what a table is made of ---- */

/* A type of PostgreSQL's own: values of others can bring defaults and checks, which are code. */
static bool
is_plain_type(const PgQuery__TypeName *type)
{
    static const char *const serials[] = {"serial",  "bigserial", "smallserial",
                                          "serial2", "serial4",   "serial8"};
    const char *name = type ? sql_last_name(type->names, type->n_names) : NULL;

    for (size_t i = 0; name && type->n_names == 1 && i < COUNT_OF(serials); i++)
        if (strcmp(name, serials[i]) == 0)
            return true;
    return name && !type->setof && !type->pct_type && names_is_builtin_type(type);
}

/* A foreign key that follows a change of what it refers to takes values over. */
static bool
is_plain_constraint(const PgQuery__Node *node)
{
    const PgQuery__Constraint *constraint =
        node->node_case == PG_QUERY__NODE__NODE_CONSTRAINT ? node->constraint : NULL;

    if (!constraint)
        return false;
    switch (constraint->contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        return strcmp(constraint->fk_upd_action, "a") == 0 ||
               strcmp(constraint->fk_upd_action, "r") == 0;
    case PG_QUERY__CONSTR_TYPE__CONSTR_NULL:
    case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
    case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
    case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
    case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED:
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE:
        return true;
    default:
        return false;
    }
}

static bool
is_plain_column(const PgQuery__ColumnDef *column)
{
    if (!is_plain_type(column->type_name) || column->n_fdwoptions > 0)
        return false;
    for (size_t i = 0; i < column->n_constraints; i++)
        if (!is_plain_constraint(column->constraints[i]))
            return false;
    return true;
}

static bool
is_plain_element(const PgQuery__Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF ? is_plain_column(node->column_def)
                                                              : is_plain_constraint(node);
}

static bool
is_plain_table(const PgQuery__CreateStmt *create)
{
    if (create->n_inh_relations > 0 || create->partbound || create->partspec ||
        create->of_typename || (create->access_method[0] && strcmp(create->access_method, "heap")))
        return false;
    for (size_t i = 0; i < create->n_constraints; i++)
        if (!is_plain_constraint(create->constraints[i]))
            return false;
    for (size_t i = 0; i < create->n_table_elts; i++)
        if (!is_plain_element(create->table_elts[i]))
            return false;
    return true;
}

/* What is done to a table of which no snapshot tells, and puts no value into it. */
static bool
is_plain_change(const PgQuery__Node *node)
{
    const PgQuery__AlterTableCmd *command =
        node->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_CMD ? node->alter_table_cmd : NULL;

    if (!command)
        return false;
    switch (command->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
        return command->def && is_plain_element(command->def);
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint:
        return true;
    default:
        return false;
    }
}

/* ---- what is told, a kind of statement each ---- */

typedef enum plan_effect effect_rule(struct plan_work *work, const PgQuery__Node *node,
                                     struct plan_statement *statement);

static enum plan_effect
tell_rows(struct plan_work *work PASU_UNUSED, const PgQuery__Node *node PASU_UNUSED,
          struct plan_statement *statement PASU_UNUSED)
{
    return EFFECT_ROWS;
}

static enum plan_effect
tell_added(struct plan_work *work PASU_UNUSED, const PgQuery__Node *node PASU_UNUSED,
           struct plan_statement *statement PASU_UNUSED)
{
    return EFFECT_ADDS;
}

/* SELECT … INTO makes a table of what it reads. */
static enum plan_effect
tell_select(struct plan_work *work PASU_UNUSED, const PgQuery__Node *node,
            struct plan_statement *statement)
{
    const PgQuery__IntoClause *into = node->select_stmt->into_clause;

    statement->is_own = into && into->rel && is_temporary(into->rel);
    return into || statement->special != SPECIAL_NONE ? EFFECT_ANY : EFFECT_ROWS;
}

/* What a savepoint is gone back to is not what was there a moment ago. */
static enum plan_effect
tell_transaction(struct plan_work *work PASU_UNUSED, const PgQuery__Node *node,
                 struct plan_statement *statement PASU_UNUSED)
{
    switch (node->transaction_stmt->kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
        return EFFECT_ROWS;
    default:
        return EFFECT_ANY;
    }
}

/* Which settings say nothing of names, roles or code. */
static enum plan_effect
tell_setting(struct plan_work *work PASU_UNUSED, const PgQuery__Node *node,
             struct plan_statement *statement PASU_UNUSED)
{
    static const char *const settings[] = {
        "application_name",   "client_min_messages", "datestyle",
        "default_tablespace", "extra_float_digits",  "idle_in_transaction_session_timeout",
        "intervalstyle",      "lock_timeout",        "maintenance_work_mem",
        "statement_timeout",  "synchronous_commit",  "timezone",
        "transaction",        "transaction_timeout", "work_mem"};
    const PgQuery__VariableSetStmt *set = node->variable_set_stmt;

    if (set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL)
        return EFFECT_ANY;
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        if (strcasecmp(set->name, settings[i]) == 0)
            return EFFECT_ROWS;
    return EFFECT_ANY;
}

/* One that is there already is none that is new. */
static enum plan_effect
tell_table(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement)
{
    const PgQuery__CreateStmt *create = node->create_stmt;
    const PgQuery__RangeVar *range = create->relation;

    if (!range || range->catalogname[0] || !is_plain_table(create))
        return EFFECT_ANY;
    statement->is_own = is_temporary(range);
    if (!is_new(work, range, statement->is_own))
        return EFFECT_ANY;
    if (create->if_not_exists)
        return EFFECT_ADDS;
    statement->makes = (struct plan_table){
        .schema = keep_name(work, schema_of(range)),
        .name = keep_name(work, range->relname),
        .is_temporary = statement->is_own,
        .is_brief = create->oncommit == PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_DROP,
    };
    return EFFECT_ADDS;
}

static enum plan_effect
tell_table_as(struct plan_work *work PASU_UNUSED, const PgQuery__Node *node,
              struct plan_statement *statement)
{
    const PgQuery__CreateTableAsStmt *create = node->create_table_as_stmt;

    statement->is_own = create->into && create->into->rel && is_temporary(create->into->rel);
    return EFFECT_ANY;
}

static enum plan_effect
tell_altered(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement)
{
    const PgQuery__AlterTableStmt *alter = node->alter_table_stmt;
    enum known known;

    if (!alter->relation || alter->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
        return EFFECT_ANY;
    for (size_t i = 0; i < alter->n_cmds; i++)
        if (!is_plain_change(alter->cmds[i]))
            return EFFECT_ANY;
    known = known_as(work, schema_of(alter->relation), alter->relation->relname);
    statement->is_own = is_own(known);
    return known == KNOWN_NOT ? EFFECT_ADDS : EFFECT_ANY;
}

/* Its name is no table's; what its expressions call was looked at. */
static enum plan_effect
tell_index(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement)
{
    static const char *const methods[] = {"btree", "hash", "gin", "gist", "brin", "spgist"};
    const PgQuery__IndexStmt *index = node->index_stmt;
    bool is_plain = false;

    for (size_t i = 0; i < COUNT_OF(methods); i++)
        is_plain |= strcmp(index->access_method, methods[i]) == 0;
    if (!is_plain || !index->relation)
        return EFFECT_ANY;
    statement->is_own =
        is_own(known_as(work, schema_of(index->relation), index->relation->relname));
    return statement->is_own ? EFFECT_ROWS : EFFECT_ADDS;
}

static enum plan_effect
tell_sequence(struct plan_work *work, const PgQuery__Node *node,
              struct plan_statement *statement PASU_UNUSED)
{
    const PgQuery__RangeVar *range = node->create_seq_stmt->sequence;

    return range && is_new(work, range, false) ? EFFECT_ADDS : EFFECT_ANY;
}

/* An empty one stands before none. */
static enum plan_effect
tell_schema(struct plan_work *work PASU_UNUSED, const PgQuery__Node *node,
            struct plan_statement *statement PASU_UNUSED)
{
    return node->create_schema_stmt->n_schema_elts == 0 ? EFFECT_ADDS : EFFECT_ANY;
}

/* Who may read more than before is counted all the same. */
static enum plan_effect
tell_grant(struct plan_work *work PASU_UNUSED, const PgQuery__Node *node,
           struct plan_statement *statement PASU_UNUSED)
{
    return node->grant_stmt->is_grant ? EFFECT_ADDS : EFFECT_ANY;
}

/* The name of a dropped object, of one part or two. */
static bool
read_dropped(const PgQuery__Node *node, const char **schema, const char **name)
{
    const PgQuery__List *list = node->node_case == PG_QUERY__NODE__NODE_LIST ? node->list : NULL;

    if (!list || list->n_items == 0 || list->n_items > 2)
        return false;
    *schema = list->n_items == 2 ? sql_string(list->items[0]) : NULL;
    *name = sql_string(list->items[list->n_items - 1]);
    return *name != NULL;
}

/* Tables that nobody else can see, or of which the snapshot does not speak: what their names mean
 * without them, it says. */
static enum plan_effect
tell_drop(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement)
{
    const PgQuery__DropStmt *drop = node->drop_stmt;
    struct plan_table *drops = arena_new(work->keep, drop->n_objects, sizeof(*drops));
    bool is_all_own = true;

    if (!drops || drop->remove_type != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE ||
        drop->behavior != PG_QUERY__DROP_BEHAVIOR__DROP_RESTRICT)
        return EFFECT_ANY;
    for (size_t i = 0; i < drop->n_objects; i++) {
        const char *schema, *name;
        enum known known;

        if (!read_dropped(drop->objects[i], &schema, &name))
            return EFFECT_ANY;
        known = known_as(work, schema, name);
        if (known == KNOWN)
            return EFFECT_ANY;
        is_all_own &= is_own(known);
        drops[i] =
            (struct plan_table){.schema = keep_name(work, schema), .name = keep_name(work, name)};
    }
    statement->may_be_blank |= !is_all_own;
    statement->is_own = is_all_own;
    statement->drops = drops;
    statement->drop_count = drop->n_objects;
    return EFFECT_DROPS;
}

/* What it takes away is the session's own. */
static enum plan_effect
tell_discard(struct plan_work *work PASU_UNUSED, const PgQuery__Node *node PASU_UNUSED,
             struct plan_statement *statement)
{
    statement->is_own = true;
    return EFFECT_ANY;
}

static const struct {
    PgQuery__Node__NodeCase node;
    effect_rule *tell;
} rules[] = {
#define X(node, rule) {PG_QUERY__NODE__NODE_##node, tell_##rule},
#include "postgres/plan_effect.def"
#undef X
};

/* Code can do what its statement does not say. */
static bool
runs_code(const struct plan_work *work, const struct plan_statement *statement)
{
    const uint32_t flags = PLAN_UNPARSED | PLAN_OPAQUE | PLAN_DIALECT | PLAN_SERVER_EXIT |
                           PLAN_RENAMES | PLAN_TWISTS | PLAN_CALLS;

    return (statement->flags & flags) != 0 || statement->twists || statement->kept_fields != 0 ||
           statement->special == SPECIAL_SET_ROLE || work->names.sets || work->names.keeps ||
           !work->catalog;
}

void
effect_of(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement)
{
    statement->effect = EFFECT_ANY;
    if (runs_code(work, statement))
        return;
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (rules[i].node == node->node_case)
            statement->effect = (uint8_t)rules[i].tell(work, node, statement);
}
