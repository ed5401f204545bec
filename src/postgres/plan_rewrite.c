/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_rewrite.h"

#include "postgres/plan_rewrite_check.h"
#include "postgres/plan_text.h"
#include "postgres/sql_json.h"

/* ---- edits ---- */

/* In the order of the text; what is inserted where something else is replaced comes before it. */
static struct edit *
add_edit(struct plan_work *work, struct rewrite *rewrite, uint32_t at, uint32_t removed,
         const char *inserted)
{
    struct edit *edit = arena_new(&work->memory, 1, sizeof(*edit)), **to = &rewrite->edits;

    if (!edit || !inserted || at + removed > work->length)
        return NULL;
    while (*to && ((*to)->at < at || ((*to)->at == at && (*to)->removed == 0))) {
        if ((*to)->at + (*to)->removed > at)
            return NULL;
        to = &(*to)->next;
    }
    if (*to && at + removed > (*to)->at)
        return NULL;
    *edit =
        (struct edit){.next = *to, .at = at, .removed = removed, .inserted = inserted, .meant = at};
    *to = edit;
    rewrite->edit_count++;
    rewrite->growth += strlen(inserted);
    return edit;
}

bool
rewrite_replace(struct plan_work *work, struct rewrite *rewrite, uint32_t at, uint32_t removed,
                const char *text, const char *stand_in)
{
    struct edit *edit = add_edit(work, rewrite, at, removed, text);

    if (edit)
        edit->stand_in = stand_in;
    return edit != NULL;
}

/* ---- columns ---- */

const char *
rewrite_join(struct plan_work *work, const char *a, const char *b)
{
    size_t lengths[2] = {strlen(a), strlen(b)};
    char *text = arena_new(&work->memory, lengths[0] + lengths[1] + 1, 1);

    if (text)
        memcpy(mempcpy(text, a, lengths[0]), b, lengths[1]);
    return text;
}

static bool
place_of(const PgQuery__Node *target, uint32_t *at)
{
    if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET || target->res_target->location < 0)
        return false;
    *at = (uint32_t)target->res_target->location;
    return true;
}

static bool
add_insertion(struct plan_work *work, struct rewrite *rewrite, const struct edit *edit,
              const char *columns, uint32_t beside, bool is_first)
{
    struct insertion *insertion = arena_new(&work->memory, 1, sizeof(*insertion));

    if (!insertion || !edit)
        return false;
    *insertion = (struct insertion){rewrite->insertions, columns, edit, beside, is_first};
    rewrite->insertions = insertion;
    return true;
}

bool
rewrite_add_first(struct plan_work *work, struct rewrite *rewrite, const struct target_list *list,
                  const char *columns)
{
    uint32_t at;

    return list->count > 0 && place_of(list->targets[0], &at) &&
           add_insertion(work, rewrite,
                         add_edit(work, rewrite, at, 0, rewrite_join(work, columns, ", ")), columns,
                         at, true);
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

const struct sql_token *
rewrite_last_token(const struct plan_work *work, uint32_t at, bool with_tables)
{
    struct token_range range = text_range(work, at, (uint32_t)work->length);
    const struct sql_token *t = range.first;
    size_t depth = 0;

    for (; t < range.end; t++) {
        bool is_tables = t->kind == PG_QUERY__TOKEN__FROM || t->kind == PG_QUERY__TOKEN__WHERE;

        if (depth == 0 && is_end_of_list(t) && !(with_tables && (is_tables || t == range.first)) &&
            (t == range.first || !is_word_within(t - 1, t)))
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
    uint32_t at;

    if (!last || !place_of(last, &at))
        return false;
    token = rewrite_last_token(work, at, false);
    return token &&
           add_insertion(work, rewrite,
                         add_edit(work, rewrite, token->end, 0, rewrite_join(work, ", ", columns)),
                         columns, at, false);
}

/* "*" or "s.*": nothing else is a star, and no other token is in it. */
static const struct sql_token *
star_end(const struct plan_work *work, uint32_t at)
{
    struct token_range range = text_range(work, at, (uint32_t)work->length);
    const struct sql_token *t = range.first;

    if (t < range.end && t->kind == '*')
        return t;
    return range.end - t > 2 && t[1].kind == '.' && t[2].kind == '*' ? &t[2] : NULL;
}

bool
rewrite_star(struct plan_work *work, struct rewrite *rewrite, const struct target_list *list,
             size_t item, const char *columns, size_t last)
{
    const struct sql_token *end;
    struct edit *edit;
    uint32_t at;

    if (!place_of(list->targets[item], &at))
        return false;
    end = star_end(work, at);
    edit = end ? add_edit(work, rewrite, at, end->end - at, columns) : NULL;
    if (edit)
        edit->last = (uint32_t)last;
    return edit != NULL;
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

/* GROUP BY (1, 2) is GROUP BY 1, 2; within ORDER BY it is a row. NULL: none. */
static const PgQuery__RowExpr *
row_of(const PgQuery__Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_ROW_EXPR &&
                   node->row_expr->row_format == PG_QUERY__COERCION_FORM__COERCE_IMPLICIT_CAST
               ? node->row_expr
               : NULL;
}

static bool
rewrite_ordinal(struct plan_work *work, struct rewrite *rewrite, const PgQuery__AConst *constant,
                size_t added)
{
    const struct sql_token *token =
        constant->location < 0 ? NULL : token_at(work, (uint32_t)constant->location);
    char number[16];

    snprintf(number, sizeof(number), "%d", constant->ival->ival + (int32_t)added);
    return token && token->kind == PG_QUERY__TOKEN__ICONST &&
           add_edit(work, rewrite, token->start, token->end - token->start,
                    arena_text(&work->memory, number, strlen(number))) != NULL;
}

bool
rewrite_ordinals(struct plan_work *work, struct rewrite *rewrite, PgQuery__Node *const *items,
                 size_t count, size_t columns, size_t added)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__AConst *constant = number_of(items[i]);
        const PgQuery__RowExpr *row = row_of(items[i]);

        if (row && !rewrite_ordinals(work, rewrite, row->args, row->n_args, columns, added))
            return false;
        if (!constant)
            continue;
        if (constant->ival->ival < 1 || (size_t)constant->ival->ival > columns)
            return false; /* an error, which says the number */
        if (!rewrite_ordinal(work, rewrite, constant, added))
            return false;
    }
    return true;
}

/* ---- DISTINCT, GROUP BY ---- */

/* One edit for each number, so that an error in it is one of the target. */
static bool
add_numbers(struct plan_work *work, struct rewrite *rewrite, const struct target_list *list,
            uint32_t at, size_t added, const char **group)
{
    *group = "GROUP BY ";
    for (size_t i = 0; i < list->count; i++) {
        char number[32];
        const char *text;
        struct edit *edit;

        snprintf(number, sizeof(number), "%s%zu", i == 0 ? "" : ", ", i + 1 + added);
        text = arena_text(&work->memory, number, strlen(number));
        *group = text ? rewrite_join(work, *group, text) : NULL;
        if (text && i == 0)
            text = rewrite_join(work, " GROUP BY ", text);
        edit = text ? add_edit(work, rewrite, at, 0, text) : NULL;
        if (!edit || !*group || !place_of(list->targets[i], &edit->meant))
            return false;
    }
    return true;
}

bool
rewrite_regroup(struct plan_work *work, struct rewrite *rewrite, const struct target_list *list,
                size_t added)
{
    struct regrouping *regrouping = arena_new(&work->memory, 1, sizeof(*regrouping));
    const struct sql_token *first, *last;
    struct edit *edit;
    uint32_t at;

    if (!regrouping || list->count == 0 || !place_of(list->targets[0], &at))
        return false;
    first = token_at(work, at);
    last = rewrite_last_token(work, at, true);
    if (!first || !last || first == work->tokens.tokens ||
        first[-1].kind != PG_QUERY__TOKEN__DISTINCT)
        return false;
    edit = add_edit(work, rewrite, first[-1].start, first[-1].end - first[-1].start, "");
    if (!edit || !add_numbers(work, rewrite, list, last->end, added, &regrouping->group))
        return false;
    edit->is_group = true;
    regrouping->first = at;
    regrouping->next = rewrite->regroupings;
    rewrite->regroupings = regrouping;
    return true;
}

/* ---- the new text ---- */

/* Which edits are made, and with what. */
enum made {
    MADE_REPLACED, /* those alone that replace something, with what stands for them */
    MADE_STAND_IN, /* all, with what stands for them */
    MADE_ALL,
};

static char *
write_text(struct arena *arena, const struct plan_work *work, const struct rewrite *rewrite,
           enum made made, size_t *length)
{
    char *text = arena_new(arena, work->length + rewrite->growth + 1, 1), *to = text;
    size_t from = 0;

    if (!text)
        return NULL;
    for (const struct edit *e = rewrite->edits; e; e = e->next) {
        const char *inserted = made == MADE_ALL ? e->inserted : rewrite_stands_for(e);

        if (made == MADE_REPLACED && (e->removed == 0 || e->is_group))
            continue;
        to = mempcpy(to, work->text + from, e->at - from);
        to = mempcpy(to, inserted, strlen(inserted));
        from = e->at + e->removed;
    }
    to = mempcpy(to, work->text + from, work->length - from);
    *length = (size_t)(to - text);
    return text;
}

const char *
rewrite_text(struct plan_work *work, const struct rewrite *rewrite)
{
    size_t length;

    return write_text(&work->memory, work, rewrite, MADE_ALL, &length);
}

const char *
rewrite_stand_in(struct plan_work *work, const struct rewrite *rewrite)
{
    size_t length;

    return write_text(&work->memory, work, rewrite, MADE_STAND_IN, &length);
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
        *kept++ = (struct plan_edit){e->at, e->removed, (uint32_t)strlen(e->inserted), e->meant};
    return true;
}

bool
rewrite_note_copy(struct plan_work *work, uint32_t from, size_t length)
{
    for (size_t i = 0; i < work->copy_count; i++)
        if (work->copies[i].from == from && work->copies[i].length == length)
            return true;
    if (work->copy_count == COUNT_OF(work->copies))
        return false;
    work->copies[work->copy_count++] = (struct plan_copy){.from = from, .length = (uint32_t)length};
    return true;
}

/* Where in an edit (which begins at `at` of the new text) the pieces stand; of those that are the
 * same, the first. `copies` NULL: they are counted only. */
static size_t
find_copies(const struct plan_work *work, const struct edit *edit, size_t at,
            struct plan_copy *copies)
{
    size_t count = 0, length = strlen(edit->inserted);

    for (size_t begin = 0; begin < length; begin++)
        for (size_t i = 0; i < work->copy_count; i++) {
            struct plan_copy copy = work->copies[i];

            if (copy.length > length - begin ||
                memcmp(edit->inserted + begin, work->text + copy.from, copy.length) != 0)
                continue;
            copy.at = (uint32_t)(at + begin);
            if (copies)
                copies[count] = copy;
            count++;
            begin += copy.length - 1;
            break;
        }
    return count;
}

static bool
keep_copies(struct plan_work *work, const struct rewrite *rewrite, struct plan *plan)
{
    struct plan_copy *copies;
    size_t count = 0, at = 0, from = 0;

    for (const struct edit *e = rewrite->edits; e && work->copy_count > 0; e = e->next)
        count += find_copies(work, e, 0, NULL);
    if (count == 0)
        return true;
    copies = arena_new(work->keep, count, sizeof(*copies));
    if (!copies)
        return false;
    plan->copies = copies;
    plan->copy_count = count;
    for (const struct edit *e = rewrite->edits; e; e = e->next) {
        at += e->at - from;
        copies += find_copies(work, e, at, copies);
        at += strlen(e->inserted);
        from = e->at + e->removed;
    }
    return true;
}

bool
rewrite_apply(struct plan_work *work, const struct rewrite *rewrite, struct plan *plan)
{
    size_t length, columns = 0;
    const char *replaced = write_text(&work->memory, work, rewrite, MADE_REPLACED, &length);
    const char *checked = write_text(&work->memory, work, rewrite, MADE_STAND_IN, &length);
    const char *rewritten = write_text(work->keep, work, rewrite, MADE_ALL, &length);

    for (const struct edit *e = rewrite->edits; e; e = e->next)
        columns += strlen(e->inserted) / 4; /* shorter tokens are those between two of them */
    if (!replaced || !checked || !rewritten || length > PLAN_TEXT_MAX ||
        work->tokens.count + columns > PLAN_TOKENS_MAX ||
        !rewrite_is_as_meant(work, rewrite, replaced, checked))
        return false;
    plan->rewritten = view_of(rewritten, length);
    return keep_edits(work, rewrite, plan) && keep_copies(work, rewrite, plan);
}
