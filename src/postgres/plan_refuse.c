/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_refuse.h"

#include <strings.h>

static const char prefix[] = "pasu refuses this statement: ";

static void
set(struct plan_work *work, const char *text, const char *hint, uint32_t flags)
{
    if (work->plan->refusal)
        return;
    work->plan->refusal = text;
    work->plan->refusal_hint = hint;
    work->plan->refusal_flags = flags;
}

void
refuse(struct plan_work *work, enum refusal refusal)
{
    static const struct {
        const char *text, *hint;
    } reasons[] = {
#define X(name, text, hint) {"pasu refuses this statement: " text, hint},
#include "postgres/refusal.def"
#undef X
    };

    set(work, reasons[refusal].text, reasons[refusal].hint, PLAN_SERVER_EXIT);
}

void
refuse_unknown(struct plan_work *work, uint32_t flags)
{
    set(work, "pasu refuses this statement: it is not understood, and can show personal data",
        "correct its syntax, or write it in a form that PostgreSQL 15 has; the gateway's "
        "configuration "
        "says attribution.unknown: block",
        flags & (PLAN_UNPARSED | PLAN_DIALECT));
}

/* ---- names ---- */

/* "<before> schema.name <behind>" */
static const char *
write_reason(struct plan_work *work, const char *before, const char *schema, const char *name,
             const char *behind)
{
    char text[512];
    int length =
        snprintf(text, sizeof(text), "%s%s %s.%s %s", prefix, before, schema, name, behind);

    if (length < 0 || (size_t)length >= sizeof(text))
        return prefix;
    return arena_text(work->keep, text, (size_t)length);
}

static void
refuse_never(struct plan_work *work, const char *what, const char *schema, const char *name)
{
    set(work, write_reason(work, what, schema, name, "shows what is shown to nobody"),
        "the gateway's configuration names the table under never", 0);
}

static void
refuse_exit(struct plan_work *work, const char *what, const char *schema, const char *name)
{
    set(work,
        write_reason(work, what, schema, name,
                     "can read files, reach other servers or run programs"),
        "an administrator can do this on the server itself", PLAN_SERVER_EXIT);
}

void
refuse_by_names(struct plan_work *work)
{
    const struct names *names = &work->names;

    if (names->never_relation)
        refuse_never(work, "relation", names->never_relation->schema, names->never_relation->name);
    if (names->never_function)
        refuse_never(work, "function", names->never_function->schema, names->never_function->name);
    if (names->exit_function)
        refuse_exit(work, "function", names->exit_function->schema, names->exit_function->name);
    if (names->exit_relation)
        refuse_exit(work, "view", names->exit_relation->schema, names->exit_relation->name);
}

/* ---- kinds of statements ---- */

static bool
is_exit_extension(const char *name)
{
    static const char *const names[] = {
#define X(name) name,
#include "postgres/exit_extension.def"
#undef X
    };
    size_t length = strlen(name);

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return length > 4 && strcmp(name + length - 4, "_fdw") == 0;
}

bool
is_trusted_language(struct view name)
{
    static const char *const names[] = {"sql",  "plpgsql", "plperl", "pltcl",
                                        "plv8", "pllua",   "plrust", "pltsql"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strlen(names[i]) == name.length &&
            strncasecmp(names[i], (const char *)name.bytes, name.length) == 0)
            return true;
    return false;
}

void
refuse_language(struct plan_work *work, PgQuery__Node *const *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *language;

        if (options[i]->node_case != PG_QUERY__NODE__NODE_DEF_ELEM ||
            strcmp(options[i]->def_elem->defname, "language") != 0)
            continue;
        language = sql_string(options[i]->def_elem->arg);
        if (!language || !is_trusted_language(view_of_text(language)))
            refuse(work, REFUSAL_LANGUAGE);
    }
}

bool
is_library_setting(struct view name)
{
    static const char *const names[] = {
#define X(name) name,
#include "postgres/library_setting.def"
#undef X
    };

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strlen(names[i]) == name.length &&
            strncasecmp(names[i], (const char *)name.bytes, name.length) == 0)
            return true;
    return false;
}

/* SET, also of a role, a database or a function; RESET takes such a thing back. */
static void
refuse_setting(struct plan_work *work, const PgQuery__VariableSetStmt *set)
{
    if (set && set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE &&
        is_library_setting(view_of_text(set->name)))
        refuse(work, REFUSAL_LIBRARY);
}

static void
refuse_settings(struct plan_work *work, PgQuery__Node *const *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__Node *set = options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM
                                       ? options[i]->def_elem->arg
                                       : NULL;

        if (set && set->node_case == PG_QUERY__NODE__NODE_VARIABLE_SET_STMT)
            refuse_setting(work, set->variable_set_stmt);
    }
}

void
refuse_by_setting(struct plan_work *work, const PgQuery__FuncCall *call)
{
    const PgQuery__Node *first = call->n_args > 0 ? call->args[0] : NULL;

    while (first && first->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        first = first->type_cast->arg;
    if (first && first->node_case == PG_QUERY__NODE__NODE_A_CONST &&
        first->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL &&
        is_library_setting(view_of_text(first->a_const->sval->sval)))
        refuse(work, REFUSAL_LIBRARY);
}

/* Settings can be written as a table; all else of that kind is the catalog itself. */
void
refuse_by_written(struct plan_work *work, const char *schema, const char *name)
{
    const struct catalog_relation *relation;
    size_t at = 0;

    while ((relation = names_next_relation(work, schema, name, &at)) != NULL)
        if (strcmp(relation->schema, "pg_catalog") == 0 && strcmp(name, "pg_settings") != 0)
            refuse(work, REFUSAL_CATALOG);
}

static const char *
written_schema(const PgQuery__RangeVar *range)
{
    return range->schemaname[0] ? range->schemaname : NULL;
}

void
refuse_by_kind(struct plan_work *work, const PgQuery__Node *node)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COPY_STMT:
        if (node->copy_stmt->is_program)
            refuse(work, REFUSAL_COPY_PROGRAM);
        else if (node->copy_stmt->filename[0])
            refuse(work, REFUSAL_COPY_FILE);
        else if (node->copy_stmt->is_from && node->copy_stmt->relation)
            refuse_by_written(work, written_schema(node->copy_stmt->relation),
                              node->copy_stmt->relation->relname);
        break;
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
        refuse_setting(work, node->variable_set_stmt);
        break;
    case PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT:
        refuse_setting(work, node->alter_role_set_stmt->setstmt);
        break;
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT:
        refuse_setting(work, node->alter_database_set_stmt->setstmt);
        break;
    case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT:
        refuse_settings(work, node->alter_function_stmt->actions,
                        node->alter_function_stmt->n_actions);
        break;
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
        refuse(work, REFUSAL_ALTER_SYSTEM);
        break;
    case PG_QUERY__NODE__NODE_LOAD_STMT:
        refuse(work, REFUSAL_LOAD);
        break;
    case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
        if (is_exit_extension(node->create_extension_stmt->extname))
            refuse(work, REFUSAL_EXTENSION);
        break;
    case PG_QUERY__NODE__NODE_CREATE_PLANG_STMT:
        if (!is_trusted_language(view_of_text(node->create_plang_stmt->plname)))
            refuse(work, REFUSAL_LANGUAGE);
        break;
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        refuse_language(work, node->create_function_stmt->options,
                        node->create_function_stmt->n_options);
        refuse_settings(work, node->create_function_stmt->options,
                        node->create_function_stmt->n_options);
        refuse_by_options(work, node->create_function_stmt->options,
                          node->create_function_stmt->n_options);
        break;
    case PG_QUERY__NODE__NODE_DO_STMT:
        refuse_language(work, node->do_stmt->args, node->do_stmt->n_args);
        break;
    case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT:
    case PG_QUERY__NODE__NODE_ALTER_SUBSCRIPTION_STMT:
        refuse(work, REFUSAL_SUBSCRIPTION);
        break;
    case PG_QUERY__NODE__NODE_CREATE_FDW_STMT:
    case PG_QUERY__NODE__NODE_ALTER_FDW_STMT:
    case PG_QUERY__NODE__NODE_CREATE_FOREIGN_SERVER_STMT:
    case PG_QUERY__NODE__NODE_ALTER_FOREIGN_SERVER_STMT:
    case PG_QUERY__NODE__NODE_CREATE_USER_MAPPING_STMT:
    case PG_QUERY__NODE__NODE_ALTER_USER_MAPPING_STMT:
    case PG_QUERY__NODE__NODE_CREATE_FOREIGN_TABLE_STMT:
    case PG_QUERY__NODE__NODE_IMPORT_FOREIGN_SCHEMA_STMT:
        refuse(work, REFUSAL_FOREIGN);
        break;
    default:
        break;
    }
}
