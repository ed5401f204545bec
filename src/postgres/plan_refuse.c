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

void
refuse_by_kind(struct plan_work *work, const PgQuery__Node *node)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COPY_STMT:
        if (node->copy_stmt->is_program)
            refuse(work, REFUSAL_COPY_PROGRAM);
        else if (node->copy_stmt->filename[0])
            refuse(work, REFUSAL_COPY_FILE);
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

/* ---- words ---- */

static bool
is_pair(const struct sql_token *at, struct token_range range, int first, int second)
{
    return at->kind == first && at + 1 < range.end && at[1].kind == second;
}

static bool
is_copy_side(const struct sql_token *at)
{
    return at->kind == PG_QUERY__TOKEN__TO || at->kind == PG_QUERY__TOKEN__FROM;
}

/* What follows COPY up to the end of that statement. */
static void
refuse_copy(struct plan_work *work, const struct sql_token *at, struct token_range range)
{
    for (; at < range.end && at->kind != ';'; at++) {
        if (!is_copy_side(at) || at + 1 == range.end)
            continue;
        if (at[1].kind == PG_QUERY__TOKEN__PROGRAM)
            refuse(work, REFUSAL_COPY_PROGRAM);
        else if (at[1].kind == PG_QUERY__TOKEN__SCONST)
            refuse(work, REFUSAL_COPY_FILE);
    }
}

void
refuse_by_tokens(struct plan_work *work, struct token_range range)
{
    for (const struct sql_token *t = range.first; t < range.end; t++) {
        if (t->kind == PG_QUERY__TOKEN__COPY)
            refuse_copy(work, t, range);
        else if (is_pair(t, range, PG_QUERY__TOKEN__ALTER, PG_QUERY__TOKEN__SYSTEM_P))
            refuse(work, REFUSAL_ALTER_SYSTEM);
        else if (is_pair(t, range, PG_QUERY__TOKEN__LOAD, PG_QUERY__TOKEN__SCONST))
            refuse(work, REFUSAL_LOAD);
        else if (is_pair(t, range, PG_QUERY__TOKEN__CREATE, PG_QUERY__TOKEN__FOREIGN) ||
                 is_pair(t, range, PG_QUERY__TOKEN__CREATE, PG_QUERY__TOKEN__SERVER) ||
                 is_pair(t, range, PG_QUERY__TOKEN__IMPORT_P, PG_QUERY__TOKEN__FOREIGN))
            refuse(work, REFUSAL_FOREIGN);
    }
}
