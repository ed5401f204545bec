/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_setop.h"

#include "postgres/plan_distinct.h"
#include "postgres/plan_order.h"
#include "postgres/plan_shadow.h"
#include "postgres/plan_text.h"
#include "postgres/sql_put.h"

enum { ARMS_MAX = 16, COLUMNS_MAX = 64, COLUMN_ROOM = 2 * CATALOG_NAME_SIZE + 64 };

struct setop {
    struct plan_work *work;
    const PgQuery__SelectStmt *select, *arms[ARMS_MAX];
    size_t arm_count, column_count;
    const char *names[COLUMNS_MAX];
    struct plan_edit edits[ARMS_MAX + 2]; /* from the client's text to the grouped one */
    const char *inserted[ARMS_MAX + 2];
    size_t edit_count;
    const char *text; /* the grouped one */
};

/* ---- whether it can be ---- */

/* Arms from left to right: of UNION all that there are, of the others two. */
static bool
list_arms(struct setop *s, const PgQuery__SelectStmt *select)
{
    bool is_leaf = !select->larg;

    if (is_leaf || s->arm_count == ARMS_MAX) {
        if (!is_leaf || select->n_values_lists > 0 || select->with_clause ||
            order_has_cut(select) || select->limit_count || select->limit_offset ||
            select->n_distinct_clause > 0)
            return false;
        s->arms[s->arm_count++] = select;
        return s->arm_count <= ARMS_MAX;
    }
    if (select != s->select &&
        (select->op != PG_QUERY__SET_OPERATION__SETOP_UNION || s->select->op != select->op ||
         select->n_sort_clause > 0 || select->limit_count || select->limit_offset))
        return false;
    return list_arms(s, select->larg) && select->rarg && !select->rarg->larg &&
           list_arms(s, select->rarg);
}

/* What the server calls a column that has been given no name (parse_target.c, FigureColname). */
static const char *
server_name(const PgQuery__Node *value)
{
    switch (value->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return sql_last_name(value->column_ref->fields, value->column_ref->n_fields);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return sql_last_name(value->func_call->funcname, value->func_call->n_funcname);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return "coalesce";
    case PG_QUERY__NODE__NODE_A_CONST:
    case PG_QUERY__NODE__NODE_A_EXPR:
        return "?column?";
    default:
        return NULL;
    }
}

/* What its columns are called, as the first arm tells. */
static bool
list_names(struct setop *s)
{
    const PgQuery__SelectStmt *first = s->arms[0];

    s->column_count = first->n_target_list;
    if (s->column_count == 0 || s->column_count > COLUMNS_MAX)
        return false;
    for (size_t i = 0; i < s->column_count; i++) {
        const PgQuery__Node *target = first->target_list[i];
        const char *name;

        if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET || !target->res_target->val)
            return false;
        name = target->res_target->name[0] ? target->res_target->name
                                           : server_name(target->res_target->val);
        if (!name || strlen(name) >= CATALOG_NAME_SIZE)
            return false;
        for (const char *c = name; *c; c++)
            if ((*c & 0x80) || *c == '"' || *c == '\\')
                return false;
        s->names[i] = name;
    }
    return true;
}

static bool
is_ordered(const struct setop *s)
{
    PgQuery__SelectStmt ordered = *s->arms[0];

    ordered.n_sort_clause = s->select->n_sort_clause;
    ordered.sort_clause = s->select->sort_clause;
    return distinct_is_ordered(&ordered);
}

static bool
can_be(struct setop *s)
{
    const PgQuery__SelectStmt *select = s->select;

    if (!select->larg || select->all || select->with_clause || select->into_clause ||
        select->n_locking_clause > 0 || select->n_sort_clause == 0 ||
        select->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES)
        return false;
    return list_arms(s, select) && list_names(s) && is_ordered(s);
}

/* ---- the grouped text ---- */

/* "c1", "c2" */
static void
put_columns(struct writer *w, size_t count)
{
    for (size_t i = 1; i <= count; i++) {
        sql_put(w, i > 1 ? ", \"c" : "\"c");
        sql_put_number(w, i);
        sql_put(w, "\"");
    }
}

static void
put_begin_arm(struct writer *w, const struct setop *s, size_t arm)
{
    sql_put(w, "SELECT ");
    put_columns(w, s->column_count);
    sql_put(w, arm == 0 ? ", 1 FROM (" : ", 2 FROM (");
}

static void
put_end_arm(struct writer *w, const struct setop *s)
{
    sql_put(w, ") AS \"a\" (");
    put_columns(w, s->column_count);
    sql_put(w, ")");
}

static void
put_head(struct writer *w, const struct setop *s)
{
    sql_put(w, "SELECT ");
    for (size_t i = 1; i <= s->column_count; i++) {
        sql_put(w, i > 1 ? ", \"u\".\"c" : "\"u\".\"c");
        sql_put_number(w, i);
        sql_put(w, "\" AS \"");
        sql_put(w, s->names[i - 1]);
        sql_put(w, "\"");
    }
    sql_put(w, " FROM (");
    put_begin_arm(w, s, 0);
}

static void
put_tail(struct writer *w, const struct setop *s)
{
    put_end_arm(w, s);
    sql_put(w, ") AS \"u\" (");
    put_columns(w, s->column_count);
    sql_put(w, ", \"s\") GROUP BY ");
    for (size_t i = 1; i <= s->column_count; i++) {
        sql_put(w, i > 1 ? ", " : "");
        sql_put_number(w, i);
    }
    if (s->select->op == PG_QUERY__SET_OPERATION__SETOP_INTERSECT)
        sql_put(w, " HAVING pg_catalog.min(\"u\".\"s\") OPERATOR(pg_catalog.=) 1 AND "
                   "pg_catalog.max(\"u\".\"s\") OPERATOR(pg_catalog.=) 2");
    if (s->select->op == PG_QUERY__SET_OPERATION__SETOP_EXCEPT)
        sql_put(w, " HAVING pg_catalog.max(\"u\".\"s\") OPERATOR(pg_catalog.=) 1");
    sql_put(w, " ");
}

enum place { PLACE_HEAD, PLACE_BETWEEN, PLACE_TAIL };

static bool
add_edit(struct setop *s, enum place place, uint32_t at, uint32_t removed)
{
    size_t size = (2 * s->column_count + 4) * COLUMN_ROOM;
    char *text = arena_new(&s->work->memory, size + 1, 1);
    struct writer w = writer_of(text, size);

    if (!text || s->edit_count == COUNT_OF(s->edits))
        return false;
    if (place == PLACE_HEAD) {
        put_head(&w, s);
    } else if (place == PLACE_BETWEEN) {
        put_end_arm(&w, s);
        sql_put(&w, " UNION ALL ");
        put_begin_arm(&w, s, 1);
    } else {
        put_tail(&w, s);
    }
    s->inserted[s->edit_count] = text;
    s->edits[s->edit_count++] = (struct plan_edit){at, removed, (uint32_t)writer_length(&w), at};
    return writer_end(&w) >= 0;
}

static bool
is_operation(const struct sql_token *token)
{
    return token->kind == PG_QUERY__TOKEN__UNION || token->kind == PG_QUERY__TOKEN__INTERSECT ||
           token->kind == PG_QUERY__TOKEN__EXCEPT;
}

/* The operations and ORDER BY of the whole are those that stand in no parentheses. Should they be
 * others, the trees will differ. */
static bool
add_edits(struct setop *s)
{
    const struct sql_token *t = s->work->tokens.tokens, *end = t + s->work->tokens.count;
    size_t depth = 0;

    if (t == end || !add_edit(s, PLACE_HEAD, t->start, 0))
        return false;
    for (; t < end; t++) {
        const struct sql_token *last = t;

        depth += t->kind == '(' || t->kind == '[';
        if ((t->kind == ')' || t->kind == ']') && depth-- == 0)
            return false;
        if (depth > 0)
            continue;
        if (t->kind == PG_QUERY__TOKEN__ORDER)
            return add_edit(s, PLACE_TAIL, t->start, 0);
        if (!is_operation(t))
            continue;
        if (t + 1 < end &&
            (t[1].kind == PG_QUERY__TOKEN__ALL || t[1].kind == PG_QUERY__TOKEN__DISTINCT))
            last++;
        if (!add_edit(s, PLACE_BETWEEN, t->start, last->end - t->start))
            return false;
        t = last;
    }
    return false;
}

static bool
write_text(struct setop *s)
{
    const struct plan_work *work = s->work;
    size_t size = work->length, from = 0;
    char *text, *to;

    if (!add_edits(s))
        return false;
    for (size_t i = 0; i < s->edit_count; i++)
        size += s->edits[i].inserted;
    text = to = arena_new(&s->work->memory, size + 1, 1);
    if (!text || size > PLAN_TEXT_MAX)
        return false;
    for (size_t i = 0; i < s->edit_count; i++) {
        to = mempcpy(to, work->text + from, s->edits[i].at - from);
        to = mempcpy(to, s->inserted[i], s->edits[i].inserted);
        from = s->edits[i].at + s->edits[i].removed;
    }
    memcpy(to, work->text + from, work->length - from);
    s->text = text;
    return true;
}

/* ---- whether it says the same ---- */

static const PgQuery__SelectStmt *
from_query(const PgQuery__SelectStmt *select)
{
    const PgQuery__Node *from = select->n_from_clause == 1 ? select->from_clause[0] : NULL;
    const PgQuery__Node *query = from && from->node_case == PG_QUERY__NODE__NODE_RANGE_SUBSELECT
                                     ? from->range_subselect->subquery
                                     : NULL;

    return query && query->node_case == PG_QUERY__NODE__NODE_SELECT_STMT ? query->select_stmt
                                                                         : NULL;
}

/* The arms as they are, from left to right; how many. */
static size_t
count_same_arms(const struct setop *s, const PgQuery__SelectStmt *query, size_t at)
{
    const PgQuery__SelectStmt *arm;

    if (query->larg) {
        size_t next = count_same_arms(s, query->larg, at);

        return next > at && query->op == PG_QUERY__SET_OPERATION__SETOP_UNION && query->all &&
                       query->n_sort_clause == 0 && query->rarg
                   ? count_same_arms(s, query->rarg, next)
                   : at;
    }
    arm = from_query(query);
    return arm && at < s->arm_count && sql_is_same(&arm->base, &s->arms[at]->base) ? at + 1 : at;
}

static bool
is_same_node(const PgQuery__Node *a, const PgQuery__Node *b)
{
    return (!a && !b) || (a && b && sql_is_same(&a->base, &b->base));
}

static bool
is_as_meant(const struct setop *s)
{
    const PgQuery__SelectStmt *grouped, *united;
    PgQuery__ParseResult *tree;

    if (sql_parse(&s->work->memory, s->text, &tree) != 0 || tree->n_stmts != 1 ||
        tree->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return false;
    grouped = tree->stmts[0]->stmt->select_stmt;
    united = from_query(grouped);
    if (!united || grouped->larg || grouped->where_clause || grouped->with_clause ||
        grouped->n_target_list != s->column_count || grouped->n_group_clause != s->column_count ||
        grouped->n_sort_clause != s->select->n_sort_clause ||
        grouped->limit_option != s->select->limit_option ||
        !is_same_node(grouped->limit_count, s->select->limit_count) ||
        !is_same_node(grouped->limit_offset, s->select->limit_offset))
        return false;
    for (size_t i = 0; i < grouped->n_sort_clause; i++)
        if (!is_same_node(grouped->sort_clause[i], s->select->sort_clause[i]))
            return false;
    return count_same_arms(s, united, 0) == s->arm_count;
}

/* ---- its plan ---- */

/* Whether the rows' persons are all named by it. */
static bool
is_named(const struct plan_statement *statement, const struct plan *plan)
{
    const struct plan_statement *grouped = plan->statements;
    uint64_t fields = 0, due = 0;

    if (plan->statement_count != 1 || plan->refusal || !plan->rewritten.bytes ||
        !shadow_is_pure(grouped) || grouped->column_count != statement->column_count ||
        !grouped->has_columns || grouped->part_count == 0 || grouped->origin_count > 0)
        return false;
    for (size_t p = 0; p < grouped->part_count; p++) {
        if (grouped->parts[p].source != SOURCE_HIDDEN || grouped->parts[p].pin_count > 0)
            return false;
        fields |= grouped->parts[p].fields;
    }
    for (size_t p = 0; p < statement->part_count; p++)
        due |= statement->parts[p].fields;
    return (due & ~fields) == 0;
}

static bool
take_parts(struct plan_work *work, struct plan_statement *statement,
           const struct plan_statement *from)
{
    for (size_t p = 0; p < from->part_count; p++) {
        const struct plan_part *part = &from->parts[p];
        struct plan_column *columns = arena_new(work->keep, part->column_count, sizeof(*columns));

        if (!columns)
            return false;
        memcpy(columns, part->columns, part->column_count * sizeof(*columns));
        statement->parts[p] = *part;
        statement->parts[p].columns = columns;
        statement->parts[p].pins = NULL;
    }
    statement->part_count = from->part_count;
    statement->hidden_count = from->hidden_count;
    return true;
}

/* Both edits in one list: what is changed within what the first has inserted goes with that. */
static bool
join_edits(const struct setop *s, const struct plan *grouped, struct plan *plan)
{
    size_t count = s->edit_count + grouped->edit_count, k = 0, made = 0, from = 0, grown = 0;
    struct plan_edit *edits = arena_new(s->work->keep, count, sizeof(*edits));

    if (!edits)
        return false;
    for (size_t i = 0; i <= s->edit_count; i++) {
        bool is_last = i == s->edit_count;
        /* Where it begins and ends in the grouped text. */
        size_t begin = is_last ? SIZE_MAX : s->edits[i].at + grown;
        size_t end = is_last ? SIZE_MAX : begin + s->edits[i].inserted;

        for (; k < grouped->edit_count && grouped->edits[k].at < begin; k++) {
            const struct plan_edit *e = &grouped->edits[k];
            uint32_t at = (uint32_t)(e->at - grown);

            if (at < from || e->at + e->removed > begin)
                return false;
            edits[made++] = (struct plan_edit){at, e->removed, e->inserted, at};
        }
        if (is_last)
            break;
        edits[made] = s->edits[i];
        for (; k < grouped->edit_count && grouped->edits[k].at < end; k++) {
            if (grouped->edits[k].at + grouped->edits[k].removed > end)
                return false;
            edits[made].inserted += grouped->edits[k].inserted - grouped->edits[k].removed;
        }
        made++;
        from = s->edits[i].at + s->edits[i].removed;
        grown = end - from;
    }
    plan->edits = edits;
    plan->edit_count = made;
    return true;
}

static bool
use(struct setop *s, const struct plan *grouped, struct plan_statement *statement,
    struct plan *plan)
{
    char *text = arena_new(s->work->keep, grouped->rewritten.length + 1, 1);

    if (!text || !join_edits(s, grouped, plan) ||
        !take_parts(s->work, statement, grouped->statements))
        return false;
    memcpy(text, grouped->rewritten.bytes, grouped->rewritten.length);
    plan->rewritten = view_of(text, grouped->rewritten.length);
    return true;
}

void
setop_apply(struct plan_work *work, const PgQuery__ParseResult *tree, struct plan *plan)
{
    struct plan_statement *statement = (struct plan_statement *)(uintptr_t)plan->statements;
    struct plan_environment environment = *work->environment;
    const PgQuery__Node *client = tree->n_stmts == 1 ? tree->stmts[0]->stmt : NULL;
    struct setop s = {.work = work};
    struct plan_statement before;
    struct plan *grouped;

    if (!client || client->node_case != PG_QUERY__NODE__NODE_SELECT_STMT ||
        !work->has_strict_columns || !environment.may_inject || environment.asks_keys ||
        !work->catalog || environment.role[0] == '\0' || environment.blank || plan->refusal ||
        plan->statement_count != 1 || plan->rewritten.bytes || work_is_exhausted(work) ||
        !shadow_is_pure(statement) || statement->part_count == 0 || statement->hidden_count > 0)
        return;
    s.select = client->select_stmt;
    environment.may_shadow = environment.names_columns = false;
    if (!can_be(&s) || !write_text(&s) || !is_as_meant(&s) ||
        plan_new(&grouped, view_of_text(s.text), &environment) != 0)
        return;
    before = *statement;
    if (is_named(statement, grouped) && !use(&s, grouped, statement, plan)) {
        *statement = before;
        plan->rewritten = (struct view){0};
        plan->edits = NULL;
        plan->edit_count = 0;
    }
    plan_release(grouped);
}
