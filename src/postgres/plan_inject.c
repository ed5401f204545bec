/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_inject.h"

#include "postgres/plan_text.h"

enum {
    COLUMNS_MAX = 1664,
    NAME_ROOM = 2 * CATALOG_NAME_SIZE + 2,
    TOKENS_OF_EDIT = 6 * PLAN_HIDDEN_MAX,
    INJECTIONS_MAX = 64, /* statements of one text */
};

static const char hidden_name[] = "pasu_key_";

/* ---- what can be had ---- */

struct injection *
injection_begin(struct plan_work *work, const PgQuery__SelectStmt *select)
{
    struct injection *injection;

    work->why = work->environment->may_inject ? WHY_NO_ROLE : WHY_OFF;
    if (!work->environment->may_inject || work->environment->role[0] == '\0' || !work->catalog)
        return NULL;
    work->why = WHY_ROOM;
    if (work->injection_count == INJECTIONS_MAX)
        return NULL;
    work->why = WHY_SELECT;
    if (select->n_target_list == 0 || select->n_distinct_clause > 0 || select->into_clause)
        return NULL;
    for (size_t i = 0; i < select->n_locking_clause; i++)
        if (select->locking_clause[i]->node_case != PG_QUERY__NODE__NODE_LOCKING_CLAUSE ||
            select->locking_clause[i]->locking_clause->n_locked_rels > 0)
            return NULL;
    /* The names of hidden columns must be nobody else's. */
    if (strstr(work->text, hidden_name))
        return NULL;
    injection = arena_new(&work->memory, 1, sizeof(*injection));
    if (injection)
        *injection = (struct injection){.select = select};
    return injection;
}

/* The name that a column has in the query: an alias can have renamed it. NULL where another one has
 * the same. */
static const char *
column_name(const struct entry *entry, int16_t attribute)
{
    const char *name = NULL;
    size_t count = 0;

    for (const struct output *o = entry->columns.first; o && !name; o = o->next)
        if (o->entry == entry && o->attribute == attribute)
            name = o->name;
    for (const struct output *o = entry->columns.first; o && name; o = o->next)
        count += o->name && strcmp(o->name, name) == 0;
    return count == 1 ? name : NULL;
}

/* Whether `entry.column` can mean only that one. */
static bool
is_only_name(const struct scope *scope, const struct entry *entry)
{
    for (const struct entry *e = scope->entries; e; e = e->next)
        if (e != entry && e->name && strcmp(e->name, entry->name) == 0)
            return false;
    return true;
}

static bool
can_be_named(const struct scope *scope, const struct entry *entry)
{
    return entry->name && entry->is_only && !entry->is_hidden && strlen(entry->name) > 0 &&
           strlen(entry->name) < CATALOG_NAME_SIZE && is_only_name(scope, entry);
}

/* The snapshot's names are in UTF-8, the text in whatever the client speaks. */
static bool
is_ascii(const char *name)
{
    while (*name && !(*name & 0x80))
        name++;
    return *name == '\0';
}

int
injection_add(struct plan_work *work, struct injection *injection, const struct scope *scope,
              const struct entry *entry, int16_t attribute)
{
    const char *column = column_name(entry, attribute);

    if (injection)
        work->why = WHY_UNNAMED;
    if (!injection || !column || strlen(column) >= CATALOG_NAME_SIZE || !is_ascii(column))
        return -1;
    for (size_t i = 0; i < injection->count; i++)
        if (injection->hidden[i].entry == entry && injection->hidden[i].attribute == attribute)
            return (int)i;
    if (!can_be_named(scope, entry))
        return -1;
    work->why = injection->count == PLAN_HIDDEN_MAX ? WHY_ROOM : WHY_MAY_NOT_READ;
    if (injection->count == PLAN_HIDDEN_MAX ||
        !catalog_role_may_read(work->catalog, work->environment->role, entry->relation->oid,
                               attribute))
        return -1;
    injection->hidden[injection->count] = (struct hidden){entry, attribute, column};
    return (int)injection->count++;
}

void
injections_append(struct plan_work *work, struct injections *injections,
                  struct injection *injection)
{
    work->injection_count++;
    if (injections->last)
        injections->last->next = injection;
    else
        injections->first = injection;
    injections->last = injection;
}

/* ---- edits ---- */

struct edits {
    struct edit *first, *last;
    size_t count, growth;
};

static bool
add_edit(struct plan_work *work, struct edits *edits, uint32_t at, uint32_t removed,
         const char *inserted)
{
    struct edit *edit = arena_new(&work->memory, 1, sizeof(*edit));

    if (!edit || !inserted || at + removed > work->length ||
        (edits->last && edits->last->at + edits->last->removed > at))
        return false;
    *edit = (struct edit){NULL, at, removed, inserted};
    if (edits->last)
        edits->last->next = edit;
    else
        edits->first = edit;
    edits->last = edit;
    edits->count++;
    edits->growth += strlen(inserted);
    return true;
}

static void
write_quoted(struct writer *w, const char *name)
{
    writer_u8(w, '"');
    for (; *name; name++) {
        if (*name == '"')
            writer_u8(w, '"');
        writer_u8(w, (uint8_t)*name);
    }
    writer_u8(w, '"');
}

/* "c"."id" AS "pasu_key_1", … */
static const char *
write_hidden(struct plan_work *work, const struct injection *injection)
{
    char text[PLAN_HIDDEN_MAX * (2 * NAME_ROOM + 32)];
    struct writer w = writer_of(text, sizeof(text));

    for (size_t i = 0; i < injection->count; i++) {
        char number[24];

        write_quoted(&w, injection->hidden[i].entry->name);
        writer_u8(&w, '.');
        write_quoted(&w, injection->hidden[i].column);
        snprintf(number, sizeof(number), "%zu", i + 1);
        writer_bytes(&w, " AS \"", 5);
        writer_bytes(&w, hidden_name, sizeof(hidden_name) - 1);
        writer_bytes(&w, number, strlen(number));
        writer_bytes(&w, "\", ", 3);
    }
    return writer_end(&w) < 0 ? NULL : arena_text(&work->memory, text, writer_length(&w));
}

/* The token that begins there, or NULL. */
static const struct sql_token *
token_at(const struct plan_work *work, uint32_t at)
{
    struct token_range range = text_range(work, at, at + 1);

    return range.first == range.end ? NULL : range.first;
}

/* The number of "ORDER BY 1", or NULL. */
static const PgQuery__AConst *
ordinal_of(const PgQuery__Node *node)
{
    const PgQuery__AConst *constant;

    if (node->node_case != PG_QUERY__NODE__NODE_SORT_BY || !node->sort_by->node ||
        node->sort_by->node->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return NULL;
    constant = node->sort_by->node->a_const;
    if (constant->isnull || constant->val_case != PG_QUERY__A__CONST__VAL_IVAL ||
        constant->ival->ival < 1 || constant->ival->ival > COLUMNS_MAX)
        return NULL;
    return constant;
}

static bool
shift_ordinals(struct plan_work *work, const struct injection *injection, struct edits *edits)
{
    for (size_t i = 0; i < injection->select->n_sort_clause; i++) {
        const PgQuery__AConst *constant = ordinal_of(injection->select->sort_clause[i]);
        const struct sql_token *token;
        char number[16];

        if (!constant)
            continue;
        token = constant->location < 0 ? NULL : token_at(work, (uint32_t)constant->location);
        if (!token || token->kind != PG_QUERY__TOKEN__ICONST)
            return false;
        snprintf(number, sizeof(number), "%d", constant->ival->ival + (int)injection->count);
        if (!add_edit(work, edits, token->start, token->end - token->start,
                      arena_text(&work->memory, number, strlen(number))))
            return false;
    }
    return true;
}

static bool
edit_statement(struct plan_work *work, const struct injection *injection, struct edits *edits)
{
    const PgQuery__Node *target = injection->select->target_list[0];

    if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET || target->res_target->location < 0)
        return false;
    return add_edit(work, edits, (uint32_t)target->res_target->location, 0,
                    write_hidden(work, injection)) &&
           shift_ordinals(work, injection, edits);
}

/* ---- the new text ---- */

/* The client's text with the edits made: all, or those alone that replace something. */
static char *
apply(struct arena *arena, const struct plan_work *work, const struct edits *edits, bool is_all,
      size_t *length)
{
    char *text = arena_new(arena, work->length + edits->growth + 1, 1), *to = text;
    size_t from = 0;

    if (!text)
        return NULL;
    for (const struct edit *e = edits->first; e; e = e->next) {
        if (!is_all && e->removed == 0)
            continue;
        to = mempcpy(to, work->text + from, e->at - from);
        to = mempcpy(to, e->inserted, strlen(e->inserted));
        from = e->at + e->removed;
    }
    to = mempcpy(to, work->text + from, work->length - from);
    *length = (size_t)(to - text);
    return text;
}

static bool
keep_edits(struct plan_work *work, const struct edits *edits, struct plan *plan)
{
    struct plan_edit *kept = arena_new(work->keep, edits->count, sizeof(*kept));

    if (!kept)
        return false;
    plan->edits = kept;
    plan->edit_count = edits->count;
    for (const struct edit *e = edits->first; e; e = e->next)
        *kept++ = (struct plan_edit){e->at, e->removed, (uint32_t)strlen(e->inserted)};
    return true;
}

/* ---- the check ---- */

/* As libpg_query writes a string. */
static void
write_json(struct writer *w, const char *text)
{
    for (; *text; text++) {
        char escape[8];
        uint8_t c = (uint8_t)*text;

        if (c == '"' || c == '\\') {
            writer_u8(w, '\\');
            writer_u8(w, c);
        } else if (c < ' ' || c == '<' || c == '>') {
            int length = snprintf(escape, sizeof(escape), "\\u%04x", c);

            writer_bytes(w, escape, (size_t)length);
        } else {
            writer_u8(w, c);
        }
    }
}

static void
write_literal(struct writer *w, const char *text)
{
    writer_bytes(w, text, strlen(text));
}

/* The hidden columns as the tree has them. */
static const char *
write_targets(struct plan_work *work, const struct injection *injection)
{
    char text[PLAN_HIDDEN_MAX * 1024], number[24];
    struct writer w = writer_of(text, sizeof(text));

    for (size_t i = 0; i < injection->count; i++) {
        snprintf(number, sizeof(number), "%zu", i + 1);
        write_literal(&w, "{\"ResTarget\":{\"name\":\"");
        write_literal(&w, hidden_name);
        write_literal(&w, number);
        write_literal(&w, "\",\"val\":{\"ColumnRef\":{\"fields\":[{\"String\":{\"sval\":\"");
        write_json(&w, injection->hidden[i].entry->name);
        write_literal(&w, "\"}},{\"String\":{\"sval\":\"");
        write_json(&w, injection->hidden[i].column);
        write_literal(&w, "\"}}],\"location\":0}},\"location\":0}},");
    }
    return writer_end(&w) < 0 ? NULL : arena_text(&work->memory, text, writer_length(&w));
}

/* Takes the columns of one statement out of the new tree, where they must stand: before all others
 * of a SELECT that is a statement by itself. From there on the trees are compared further. */
static char *
take_back(struct plan_work *work, char *json, const struct injection *injection)
{
    static const char before[] = "{\"stmt\":{\"SelectStmt\":{\"targetList\":[";
    const char *targets = write_targets(work, injection);
    char *at = json;

    if (!targets)
        return NULL;
    while ((at = strstr(at, before)) != NULL) {
        size_t length = strlen(targets);

        at += sizeof(before) - 1;
        if (strncmp(at, targets, length) != 0)
            continue;
        memmove(at, at + length, strlen(at + length) + 1);
        return at;
    }
    return NULL;
}

/* `shifted` is the client's text with nothing but the numbers of ORDER BY changed. */
static bool
is_as_meant(struct plan_work *work, const struct injections *injections, const char *shifted,
            const char *rewritten)
{
    const char *old_tree = sql_parse_json(&work->memory, shifted);
    char *new_tree = sql_parse_json(&work->memory, rewritten), *at = new_tree;

    if (!old_tree || !new_tree)
        return false;
    for (const struct injection *i = injections->first; i && at; i = i->next)
        at = take_back(work, at, i);
    return at && strcmp(old_tree, new_tree) == 0;
}

bool
injections_apply(struct plan_work *work, const struct injections *injections, struct plan *plan)
{
    struct edits edits = {0};
    const char *shifted, *rewritten;
    size_t length;

    for (const struct injection *i = injections->first; i; i = i->next)
        if (!edit_statement(work, i, &edits))
            return false;
    shifted = apply(&work->memory, work, &edits, false, &length);
    rewritten = apply(work->keep, work, &edits, true, &length);
    if (!shifted || !rewritten || length > PLAN_TEXT_MAX ||
        work->tokens.count + edits.count * TOKENS_OF_EDIT > PLAN_TOKENS_MAX ||
        !is_as_meant(work, injections, shifted, rewritten))
        return false;
    plan->rewritten = view_of(rewritten, length);
    return keep_edits(work, &edits, plan);
}
