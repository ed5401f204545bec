/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_rewrite.h"

#include "postgres/plan_text.h"

enum { TOKENS_OF_COLUMN = 24 };

/* ---- edits ---- */

/* In the order of the text; what is inserted where something else is replaced comes before it. */
static bool
add_edit(struct plan_work *work, struct rewrite *rewrite, uint32_t at, uint32_t removed,
         const char *inserted)
{
    struct edit *edit = arena_new(&work->memory, 1, sizeof(*edit)), **to = &rewrite->edits;

    if (!edit || !inserted || at + removed > work->length)
        return false;
    while (*to && ((*to)->at < at || ((*to)->at == at && (*to)->removed == 0))) {
        if ((*to)->at + (*to)->removed > at)
            return false;
        to = &(*to)->next;
    }
    if (*to && at + removed > (*to)->at)
        return false;
    *edit = (struct edit){*to, at, removed, inserted};
    *to = edit;
    rewrite->edit_count++;
    rewrite->growth += strlen(inserted);
    return true;
}

/* The change of an item, made if it is not there; NULL where there is no memory. */
static struct sql_change *
change_of(struct plan_work *work, struct rewrite *rewrite, const PgQuery__Node *node)
{
    struct sql_change *change = rewrite->changes;

    while (change && change->node != node)
        change = (struct sql_change *)(uintptr_t)change->next;
    if (change)
        return change;
    change = arena_new(&work->memory, 1, sizeof(*change));
    if (!change)
        return NULL;
    *change = (struct sql_change){.next = rewrite->changes, .node = node};
    rewrite->changes = change;
    return change;
}

/* ---- columns ---- */

static const char *
join(struct plan_work *work, const char *a, const char *b)
{
    size_t lengths[2] = {strlen(a), strlen(b)};
    char *text = arena_new(&work->memory, lengths[0] + lengths[1] + 1, 1);

    if (text)
        memcpy(mempcpy(text, a, lengths[0]), b, lengths[1]);
    return text;
}

/* The nodes that columns are by themselves. */
static bool
parse_columns(struct plan_work *work, const char *columns, struct target_list *list)
{
    const char *text = columns ? join(work, "SELECT ", columns) : NULL;
    PgQuery__ParseResult *tree;
    const PgQuery__SelectStmt *select;

    if (!text || sql_parse(&work->memory, text, &tree) != 0 || tree->n_stmts != 1 ||
        !tree->stmts[0]->stmt ||
        tree->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return false;
    select = tree->stmts[0]->stmt->select_stmt;
    *list = (struct target_list){select->target_list, select->n_target_list};
    return true;
}

static bool
place_of(const PgQuery__Node *target, uint32_t *at)
{
    if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET || target->res_target->location < 0)
        return false;
    *at = (uint32_t)target->res_target->location;
    return true;
}

bool
rewrite_add_first(struct plan_work *work, struct rewrite *rewrite, const struct target_list *list,
                  const char *columns)
{
    struct sql_change *change;
    struct target_list added;
    uint32_t at;

    if (list->count == 0 || !place_of(list->targets[0], &at) ||
        !parse_columns(work, columns, &added))
        return false;
    change = change_of(work, rewrite, list->targets[0]);
    if (!change || change->before)
        return false;
    change->before = added.targets;
    change->before_count = added.count;
    return add_edit(work, rewrite, at, 0, join(work, columns, ", "));
}

/* ---- where a list ends ---- */

static bool
is_end_of_list(const struct sql_token *token)
{
    switch (token->kind) {
    case ')':
    case ';':
    case PG_QUERY__TOKEN__FROM:
    case PG_QUERY__TOKEN__INTO:
    case PG_QUERY__TOKEN__WHERE:
    case PG_QUERY__TOKEN__GROUP_P:
    case PG_QUERY__TOKEN__HAVING:
    case PG_QUERY__TOKEN__WINDOW:
    case PG_QUERY__TOKEN__UNION:
    case PG_QUERY__TOKEN__INTERSECT:
    case PG_QUERY__TOKEN__EXCEPT:
    case PG_QUERY__TOKEN__ORDER:
    case PG_QUERY__TOKEN__LIMIT:
    case PG_QUERY__TOKEN__OFFSET:
    case PG_QUERY__TOKEN__FETCH:
    case PG_QUERY__TOKEN__FOR:
        return true;
    default:
        return false;
    }
}

/* "a.from", "1 AS limit", "x IS DISTINCT FROM y", "WITHIN GROUP". */
static bool
is_word_within(const struct sql_token *before, const struct sql_token *token)
{
    return before->kind == '.' || before->kind == PG_QUERY__TOKEN__AS ||
           (token->kind == PG_QUERY__TOKEN__FROM && before->kind == PG_QUERY__TOKEN__DISTINCT) ||
           (token->kind == PG_QUERY__TOKEN__GROUP_P && before->kind == PG_QUERY__TOKEN__WITHIN);
}

/* The last token of the list in which one begins at `at`; NULL where there is none. Should it be
 * another, the trees will differ. */
static const struct sql_token *
last_token(const struct plan_work *work, uint32_t at)
{
    struct token_range range = text_range(work, at, (uint32_t)work->length);
    const struct sql_token *t = range.first;
    size_t depth = 0;

    for (; t < range.end; t++) {
        if (depth == 0 && is_end_of_list(t) && (t == range.first || !is_word_within(t - 1, t)))
            break;
        if (t->kind == '(' || t->kind == '[')
            depth++;
        else if ((t->kind == ')' || t->kind == ']') && depth-- == 0)
            return NULL;
    }
    return t > range.first ? t - 1 : NULL;
}

bool
rewrite_add_last(struct plan_work *work, struct rewrite *rewrite, const struct target_list *list,
                 const char *columns)
{
    const PgQuery__Node *last = list->count > 0 ? list->targets[list->count - 1] : NULL;
    const struct sql_token *token;
    struct sql_change *change;
    struct target_list added;
    uint32_t at;

    if (!last || !place_of(last, &at) || !parse_columns(work, columns, &added))
        return false;
    token = last_token(work, at);
    change = change_of(work, rewrite, last);
    if (!token || !change || change->after)
        return false;
    change->after = added.targets;
    change->after_count = added.count;
    return add_edit(work, rewrite, token->end, 0, join(work, ", ", columns));
}

bool
rewrite_star(struct plan_work *work, struct rewrite *rewrite, const struct target_list *list,
             size_t item, const char *columns)
{
    const struct sql_token *end;
    struct token_range range;
    struct sql_change *change;
    struct target_list instead;
    uint32_t at;

    if (!place_of(list->targets[item], &at) || !parse_columns(work, columns, &instead))
        return false;
    range = text_range(work, at, (uint32_t)work->length);
    end = range.first;
    while (end < range.end && end->kind != '*')
        end++;
    change = change_of(work, rewrite, list->targets[item]);
    if (end == range.end || !change || change->instead)
        return false;
    change->instead = instead.targets;
    change->instead_count = instead.count;
    return add_edit(work, rewrite, at, end->end - at, columns);
}

/* ---- ORDER BY 1, GROUP BY 1 ---- */

/* The token that begins there, or NULL. */
static const struct sql_token *
token_at(const struct plan_work *work, uint32_t at)
{
    struct token_range range = text_range(work, at, at + 1);

    return range.first == range.end ? NULL : range.first;
}

/* The number that an item is, or NULL. */
static const PgQuery__AConst *
number_of(const PgQuery__Node *node)
{
    const PgQuery__AConst *constant;

    if (node->node_case == PG_QUERY__NODE__NODE_SORT_BY && node->sort_by->node)
        node = node->sort_by->node;
    if (node->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return NULL;
    constant = node->a_const;
    return constant->isnull || constant->val_case != PG_QUERY__A__CONST__VAL_IVAL ? NULL : constant;
}

/* The same item with another number. */
struct shifted {
    PgQuery__Node *list[1];
    PgQuery__Node node, number;
    PgQuery__SortBy sort;
    PgQuery__AConst constant;
    PgQuery__Integer integer;
};

static PgQuery__Node *const *
shift(struct plan_work *work, const PgQuery__Node *node, int32_t ordinal)
{
    struct shifted *s = arena_new(&work->memory, 1, sizeof(*s));
    bool is_sort = node->node_case == PG_QUERY__NODE__NODE_SORT_BY;

    if (!s)
        return NULL;
    s->number = is_sort ? *node->sort_by->node : *node;
    s->constant = *s->number.a_const;
    s->integer = *s->constant.ival;
    s->integer.ival = ordinal;
    s->constant.ival = &s->integer;
    s->number.a_const = &s->constant;
    s->list[0] = &s->number;
    if (is_sort) {
        s->node = *node;
        s->sort = *node->sort_by;
        s->sort.node = &s->number;
        s->node.sort_by = &s->sort;
        s->list[0] = &s->node;
    }
    return s->list;
}

static bool
rewrite_ordinal(struct plan_work *work, struct rewrite *rewrite, const PgQuery__Node *node,
                const PgQuery__AConst *constant, size_t added)
{
    const struct sql_token *token =
        constant->location < 0 ? NULL : token_at(work, (uint32_t)constant->location);
    int32_t ordinal = constant->ival->ival + (int32_t)added;
    struct sql_change *change = change_of(work, rewrite, node);
    char number[16];

    snprintf(number, sizeof(number), "%d", ordinal);
    if (!token || token->kind != PG_QUERY__TOKEN__ICONST || !change || change->instead)
        return false;
    change->instead = shift(work, node, ordinal);
    change->instead_count = 1;
    return change->instead && add_edit(work, rewrite, token->start, token->end - token->start,
                                       arena_text(&work->memory, number, strlen(number)));
}

bool
rewrite_ordinals(struct plan_work *work, struct rewrite *rewrite, PgQuery__Node *const *items,
                 size_t count, size_t columns, size_t added)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__AConst *constant = number_of(items[i]);

        if (!constant)
            continue;
        if (constant->ival->ival < 1 || (size_t)constant->ival->ival > columns)
            return false; /* an error, which says the number */
        if (!rewrite_ordinal(work, rewrite, items[i], constant, added))
            return false;
    }
    return true;
}

/* ---- the new text ---- */

static char *
write_text(const struct plan_work *work, const struct rewrite *rewrite, size_t *length)
{
    char *text = arena_new(work->keep, work->length + rewrite->growth + 1, 1), *to = text;
    size_t from = 0;

    if (!text)
        return NULL;
    for (const struct edit *e = rewrite->edits; e; e = e->next) {
        to = mempcpy(to, work->text + from, e->at - from);
        to = mempcpy(to, e->inserted, strlen(e->inserted));
        from = e->at + e->removed;
    }
    to = mempcpy(to, work->text + from, work->length - from);
    *length = (size_t)(to - text);
    return text;
}

static bool
keep_edits(struct plan_work *work, const struct rewrite *rewrite, struct plan *plan)
{
    struct plan_edit *kept = arena_new(work->keep, rewrite->edit_count, sizeof(*kept));

    if (!kept)
        return false;
    plan->edits = kept;
    plan->edit_count = rewrite->edit_count;
    for (const struct edit *e = rewrite->edits; e; e = e->next)
        *kept++ = (struct plan_edit){e->at, e->removed, (uint32_t)strlen(e->inserted)};
    return true;
}

static size_t
count_columns(const struct rewrite *rewrite)
{
    size_t count = 0;

    for (const struct sql_change *c = rewrite->changes; c; c = c->next)
        count += c->before_count + c->instead_count + c->after_count;
    return count;
}

bool
rewrite_apply(struct plan_work *work, const struct rewrite *rewrite,
              const PgQuery__ParseResult *tree, struct plan *plan)
{
    PgQuery__ParseResult *rewritten_tree;
    const char *rewritten;
    size_t length;

    rewritten = write_text(work, rewrite, &length);
    if (!rewritten || length > PLAN_TEXT_MAX ||
        work->tokens.count + count_columns(rewrite) * TOKENS_OF_COLUMN > PLAN_TOKENS_MAX ||
        sql_parse(&work->memory, rewritten, &rewritten_tree) != 0 ||
        !sql_is_changed(tree, rewritten_tree, rewrite->changes))
        return false;
    plan->rewritten = view_of(rewritten, length);
    return keep_edits(work, rewrite, plan);
}
