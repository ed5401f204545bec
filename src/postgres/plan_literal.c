/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_literal.h"

#include "postgres/plan_lineage.h"
#include "postgres/plan_mark.h"
#include "postgres/plan_within.h"

enum { LITERAL_DEPTH_MAX = 4, LITERAL_TEXT_MAX = 16384, LITERAL_TOKENS_MAX = 4096 };

enum literal_kind { LITERAL_QUERY, LITERAL_TABLE, LITERAL_FORM };

/* A call that was looked at already. */
struct literal {
    struct literal *next;
    const PgQuery__FuncCall *call;
    bool is_read;                     /* what is run is known */
    const PgQuery__SelectStmt *query; /* NULL: nothing is shown of it */
    struct reach most;                /* of all that it names */
};

/* ---- which calls ---- */

struct runner {
    const char *name;
    size_t least, most, argument; /* how many arguments it has, and which is the text */
    enum literal_kind kind;
};

static const struct runner *
runner_of(const struct function_facts *facts, const PgQuery__FuncCall *call)
{
    static const struct runner runners[] = {
        {"query_to_xml", 4, 4, 0, LITERAL_QUERY},
        {"query_to_xml_and_xmlschema", 4, 4, 0, LITERAL_QUERY},
        {"query_to_xmlschema", 4, 4, 0, LITERAL_FORM},
        {"table_to_xml", 4, 4, 0, LITERAL_TABLE},
        {"table_to_xml_and_xmlschema", 4, 4, 0, LITERAL_TABLE},
        {"table_to_xmlschema", 4, 4, 0, LITERAL_FORM},
        {"ts_stat", 1, 2, 0, LITERAL_QUERY},
        {"ts_rewrite", 2, 2, 1, LITERAL_QUERY},
    };

    if (!facts->name || !facts->is_known || facts->is_user || !facts->is_opaque)
        return NULL;
    for (size_t i = 0; i < COUNT_OF(runners); i++)
        if (strcmp(runners[i].name, facts->name) == 0)
            return call->n_args >= runners[i].least && call->n_args <= runners[i].most &&
                           !call->func_variadic
                       ? &runners[i]
                       : NULL;
    return NULL;
}

static const char *
plain_constant(const PgQuery__Node *node)
{
    if (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST) {
        const PgQuery__TypeName *type = node->type_cast->type_name;
        const char *name = type ? sql_last_name(type->names, type->n_names) : NULL;

        if (!name || !names_is_builtin_type(type) || type->n_typmods > 0 ||
            type->n_array_bounds > 0 ||
            (strcmp(name, "text") != 0 && strcmp(name, "regclass") != 0))
            return NULL;
        node = node->type_cast->arg;
    }
    if (!node || node->node_case != PG_QUERY__NODE__NODE_A_CONST ||
        node->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
        return NULL;
    return node->a_const->sval->sval;
}

/* ---- the query ---- */

static const PgQuery__SelectStmt *
parse(struct plan_work *work, const char *text)
{
    PgQuery__ParseResult *tree;
    struct sql_tokens tokens;

    if (!text || strlen(text) > LITERAL_TEXT_MAX ||
        sql_scan(&work->memory, text, LITERAL_TOKENS_MAX, &tokens) != 0 ||
        sql_parse(&work->memory, text, &tree) != 0 || tree->n_stmts != 1 || !tree->stmts[0]->stmt ||
        tree->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return NULL;
    return tree->stmts[0]->stmt->select_stmt;
}

/* The name of a table as regclass reads it: names and dots, a name in quotes as it is. */
static const PgQuery__SelectStmt *
parse_table(struct plan_work *work, const char *name)
{
    static const char start[] = "TABLE ";
    const PgQuery__SelectStmt *query;
    struct sql_tokens tokens;
    size_t length = strlen(name);
    char *text;

    if (length > 2 * CATALOG_NAME_SIZE ||
        sql_scan(&work->memory, name, LITERAL_TOKENS_MAX, &tokens) != 0)
        return NULL;
    for (size_t i = 0; i < tokens.count; i++)
        if (tokens.tokens[i].kind != (i % 2 ? '.' : PG_QUERY__TOKEN__IDENT))
            return NULL;
    text = arena_new(&work->memory, sizeof(start) + length, 1);
    if (!text)
        return NULL;
    memcpy(text, start, sizeof(start) - 1);
    memcpy(text + sizeof(start) - 1, name, length + 1);
    query = parse(work, text);
    return query && query->n_from_clause == 1 ? query : NULL;
}

/* Whether the statement's own doings are all that it names. */
static bool
is_plain(const struct names *names)
{
    return names->flags == 0 && !names->keeps && !names->fillers && !names->sets &&
           !names->sets_role && !names->has_blank && !names->never_relation &&
           !names->exit_relation && !names->never_function && !names->exit_function &&
           reach_fields(&names->kept) == 0 && reach_fields(&names->code) == 0;
}

static bool
look(struct plan_work *work, struct literal *literal, const PgQuery__SelectStmt *query)
{
    struct names before = work->names;
    bool is_read;

    names_collect(work, &query->base);
    is_read = is_plain(&work->names);
    literal->most = work->names.most;
    work->names = before;
    return is_read;
}

static void
read_literal(struct plan_work *work, struct literal *literal, const struct runner *runner)
{
    const char *text = plain_constant(literal->call->args[runner->argument]);
    bool is_table = strncmp(runner->name, "table", 5) == 0;
    const PgQuery__SelectStmt *query = NULL;

    if (text && work->catalog && work->environment->is_plain_dialect)
        query = is_table ? parse_table(work, text) : parse(work, text);
    if (!query || !work_spend(work, 1) || work->literal_depth >= LITERAL_DEPTH_MAX)
        return;
    work->literal_depth++;
    literal->is_read = look(work, literal, query);
    work->literal_depth--;
    literal->query = runner->kind == LITERAL_FORM ? NULL : query;
    if (runner->kind == LITERAL_FORM && is_table)
        literal->most = (struct reach){{0}}; /* nothing is run */
}

static const struct literal *
literal_of(struct plan_work *work, const PgQuery__FuncCall *call,
           const struct function_facts *facts)
{
    const struct runner *runner = runner_of(facts, call);
    struct literal *literal;

    if (!runner)
        return NULL;
    for (literal = work->literals; literal; literal = literal->next)
        if (literal->call == call)
            return literal->is_read ? literal : NULL;
    literal = arena_new(&work->memory, 1, sizeof(*literal));
    if (!literal)
        return NULL;
    *literal = (struct literal){.call = call};
    read_literal(work, literal, runner);
    literal->next = work->literals;
    work->literals = literal;
    return literal->is_read ? literal : NULL;
}

/* ---- what it brings ---- */

void
literal_narrow(struct plan_work *work, const PgQuery__FuncCall *call, struct function_facts *facts)
{
    const struct literal *literal = literal_of(work, call, facts);

    if (!literal)
        return;
    facts->reach = literal->most;
    facts->is_opaque = false;
}

bool
literal_reach(struct plan_work *work, const PgQuery__FuncCall *call, struct reach *reach)
{
    struct function_facts facts = function_facts(work, call->funcname, call->n_funcname);
    const struct literal *literal = literal_of(work, call, &facts);
    bool was_assumed = work->is_assumed;
    struct outputs columns = {0};
    struct carry carry = {0};
    struct reach shown;

    if (!literal)
        return false;
    if (!literal->query || work->view_depth >= PLAN_VIEW_DEPTH_MAX) {
        if (literal->query)
            reach_add(reach, &literal->most);
        return true;
    }
    work->view_depth++;
    (void)query_columns(work, NULL, NULL, literal->query, false, &columns);
    within_take(work, &columns);
    work->view_depth--;
    outputs_carry(work, &columns, &carry);
    shown = columns.is_open || work->is_assumed != was_assumed ? literal->most
                                                               : carry_reach(work, &carry);
    work->is_assumed = was_assumed;
    reach_add(reach, &shown);
    return true;
}
