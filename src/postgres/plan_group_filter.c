/* SPDX-License-Identifier: Apache-2.0 */
/* The condition of an aggregate's FILTER, once more for the keys of the rows that it leaves, and
 * its argument. */
#include "postgres/plan_group.h"
#include "postgres/plan_rewrite.h"
#include "postgres/plan_text.h"
#include "postgres/shadow_query.h"

struct search {
    const struct plan_work *work;
    bool is_found;
};

/* An undeclared parameter has the type of its first use, which must not be another one because of
 * the second condition: there it is what it is in the first, where that is its only one. */
static bool
is_declared(const struct plan_work *work, const PgQuery__ParamRef *reference)
{
    size_t number = (size_t)reference->number;

    return reference->number >= 1 &&
           (number <= work->parameter_type_count ||
            (number <= PLAN_PARAMETERS_KNOWN && work->parameters[number - 1].count == 1));
}

/* What a value becomes as another type, and how a time compares with a day, follows settings, which
 * can change within a statement: only a constant's type is said, and is none of time. */
static bool
is_timeless(const PgQuery__TypeCast *cast)
{
    static const char *const types[] = {"int2", "int4", "int8",    "numeric", "bool",
                                        "uuid", "text", "varchar", "bpchar"};
    const char *name =
        cast->type_name ? sql_last_name(cast->type_name->names, cast->type_name->n_names) : NULL;

    if (!name || !cast->arg || cast->arg->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return false;
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (strcmp(name, types[i]) == 0)
            return true;
    return false;
}

static void
look_for_foreign(void *context, const ProtobufCMessage *message)
{
    struct search *search = context;

    if (message->descriptor == &pg_query__type_cast__descriptor)
        search->is_found |= !is_timeless((const PgQuery__TypeCast *)(const void *)message);

    if (message->descriptor == &pg_query__a__expr__descriptor) {
        const PgQuery__AExpr *expression = (const PgQuery__AExpr *)(const void *)message;

        search->is_found |=
            names_is_foreign_operator(search->work, expression->name, expression->n_name);
    }
    if (message->descriptor == &pg_query__param_ref__descriptor)
        search->is_found |=
            !is_declared(search->work, (const PgQuery__ParamRef *)(const void *)message);
    if (!search->is_found)
        sql_each_child(message, look_for_foreign, search);
}

bool
group_is_steady(struct plan_work *work, const PgQuery__Node *condition)
{
    struct search search = {work, false};

    look_for_foreign(&search, &condition->base);
    return !search.is_found && (work->names.flags & (PLAN_CALLS | PLAN_OPAQUE)) == 0 &&
           !work->names.sets && shadow_is_steady(work, condition);
}

/* A column of a function in FROM, which is run once for all that look at it. */
static bool
is_of_function(const struct scope *scope, const struct output *named)
{
    for (; scope; scope = scope->outer)
        for (const struct entry *e = scope->entries; e; e = e->next)
            for (const struct output *o = e->function ? e->columns.first : NULL; o; o = o->next)
                if (o == named)
                    return true;
    return false;
}

struct looking {
    struct plan_work *work;
    const struct scope *scope;
    bool is_fixed;
};

static bool
is_of_time(const struct output *output)
{
    enum {
        DATE = 1082,
        TIME = 1083,
        TIMESTAMP = 1114,
        TIMESTAMPTZ = 1184,
        INTERVAL = 1186,
        TIMETZ = 1266
    };
    const struct catalog_relation *relation = output->entry ? output->entry->relation : NULL;

    for (size_t i = 0; relation && i < relation->column_count; i++)
        if (relation->columns[i].number == output->attribute)
            switch (relation->columns[i].type) {
            case DATE:
            case TIME:
            case TIMESTAMP:
            case TIMESTAMPTZ:
            case INTERVAL:
            case TIMETZ:
                return true;
            default:
                return false;
            }
    return true;
}

static void
look_at_column(void *context, const ProtobufCMessage *message)
{
    struct looking *l = context;
    struct found found;

    if (message->descriptor != &pg_query__column_ref__descriptor) {
        sql_each_child(message, look_at_column, l);
        return;
    }
    scope_find(l->work, l->scope, (const PgQuery__ColumnRef *)(const void *)message, &found);
    if (found.output)
        l->is_fixed &= !is_of_time(found.output);
    else
        l->is_fixed &= found.named && (found.is_plain || is_of_function(l->scope, found.named));
}

bool
group_is_fixed(struct plan_work *work, const struct scope *scope, const ProtobufCMessage *node)
{
    struct looking looking = {work, scope, true};
    bool had_stray = work->has_stray;

    look_at_column(&looking, node);
    work->has_stray = had_stray;
    return looking.is_fixed;
}

/* f(…) FILTER (WHERE …): what stands between the last two. */
static struct view
condition_of(const struct plan_work *work, const PgQuery__FuncCall *call)
{
    struct token_range range = text_range(work, (uint32_t)call->location, (uint32_t)work->length);
    const struct sql_token *t = range.first, *end = range.end, *last;

    while (t < end && t->kind != '(')
        t++;
    t = text_behind(t, end);
    if (!t || t + 2 >= end || t->kind != PG_QUERY__TOKEN__FILTER ||
        t[2].kind != PG_QUERY__TOKEN__WHERE)
        return view_of(NULL, 0);
    last = text_behind(t + 1, end);
    if (!last || last - t < 5)
        return view_of(NULL, 0);
    return view_of((const uint8_t *)work->text + t[3].start, last[-2].end - t[3].start);
}

/* Whether that text is the condition, when it stands by itself. */
static bool
is_meant(struct plan_work *work, const char *text, const PgQuery__Node *condition)
{
    static const char before[] = "SELECT 1 WHERE ";
    size_t size = sizeof(before) + strlen(text);
    char *query = arena_new(&work->memory, size, 1);
    PgQuery__ParseResult *tree = NULL;
    const PgQuery__Node *node;

    if (!query)
        return false;
    snprintf(query, size, "%s%s", before, text);
    if (sql_parse(&work->memory, query, &tree) != 0 || tree->n_stmts != 1)
        return false;
    node = tree->stmts[0]->stmt;
    return node && node->node_case == PG_QUERY__NODE__NODE_SELECT_STMT &&
           node->select_stmt->where_clause &&
           sql_is_same(&node->select_stmt->where_clause->base, &condition->base);
}

bool
group_filter(struct plan_work *work, const struct scope *scope, const PgQuery__FuncCall *call,
             const char **filter)
{
    struct view text;

    *filter = NULL;
    if (!call->agg_filter)
        return true;
    if (call->location < 0 || work->view_depth > 0 || !group_is_steady(work, call->agg_filter) ||
        !group_is_fixed(work, scope, &call->agg_filter->base))
        return false;
    text = condition_of(work, call);
    *filter = text.bytes ? arena_text(&work->memory, (const char *)text.bytes, text.length) : NULL;
    return *filter && is_meant(work, *filter, call->agg_filter) &&
           rewrite_note_copy(work, (uint32_t)(text.bytes - (const uint8_t *)work->text),
                             text.length);
}

/* f(…): what stands in the parentheses. */
static struct view
argument_of(const struct plan_work *work, const PgQuery__FuncCall *call)
{
    struct token_range range = text_range(work, (uint32_t)call->location, (uint32_t)work->length);
    const struct sql_token *t = range.first, *behind;

    while (t < range.end && t->kind != '(')
        t++;
    behind = text_behind(t, range.end);
    if (!behind || behind - t < 3)
        return view_of(NULL, 0);
    return view_of((const uint8_t *)work->text + t[1].start, behind[-2].end - t[1].start);
}

static void
look_for_parameter(void *context, const ProtobufCMessage *message)
{
    bool *is_found = context;

    *is_found |= message->descriptor == &pg_query__param_ref__descriptor;
    if (!*is_found)
        sql_each_child(message, look_for_parameter, context);
}

const char *
group_argument(struct plan_work *work, const PgQuery__FuncCall *call)
{
    bool has_parameter = false;
    struct view text;
    char *written;

    look_for_parameter(&has_parameter, &call->args[0]->base);
    if (call->location < 0 || work->view_depth > 0 || has_parameter)
        return NULL;
    text = argument_of(work, call);
    written = text.bytes ? arena_new(&work->memory, text.length + 3, 1) : NULL;
    if (!written)
        return NULL;
    snprintf(written, text.length + 3, "(%.*s)", (int)text.length, (const char *)text.bytes);
    if (!is_meant(work, written, call->args[0]) ||
        !rewrite_note_copy(work, (uint32_t)(text.bytes - (const uint8_t *)work->text), text.length))
        return NULL;
    return written;
}
