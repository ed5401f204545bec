/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_view.h"

static const PgQuery__SelectStmt *
parse(struct plan_work *work, const char *definition, struct sql_tokens *tokens)
{
    PgQuery__ParseResult *tree;

    if (!definition || strlen(definition) > PLAN_TEXT_MAX)
        return NULL;
    if (sql_scan(&work->memory, definition, PLAN_TOKENS_MAX, tokens) != 0 ||
        sql_parse(&work->memory, definition, &tree) != 0)
        return NULL;
    if (tree->n_stmts != 1 || !tree->stmts[0]->stmt ||
        tree->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return NULL;
    return tree->stmts[0]->stmt->select_stmt;
}

static struct parsed_view *
parsed_view(struct plan_work *work, const struct catalog_relation *view)
{
    struct parsed_view *parsed;

    for (parsed = work->views; parsed; parsed = parsed->next)
        if (parsed->view == view)
            return parsed;
    parsed = arena_new(&work->memory, 1, sizeof(*parsed));
    if (!parsed)
        return NULL;
    *parsed = (struct parsed_view){.next = work->views, .view = view};
    parsed->query = parse(work, view->definition, &parsed->tokens);
    work->views = parsed;
    return parsed;
}

const PgQuery__SelectStmt *
plan_view_query(struct plan_work *work, const struct catalog_relation *view)
{
    const struct parsed_view *parsed = parsed_view(work, view);

    return parsed ? parsed->query : NULL;
}

struct sql_tokens
plan_view_tokens(struct plan_work *work, const struct catalog_relation *view)
{
    const struct parsed_view *parsed = parsed_view(work, view);

    return parsed ? parsed->tokens : (struct sql_tokens){0};
}
