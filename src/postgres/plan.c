/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan.h"
#include "postgres/plan_writes.h"

#include "base/memory.h"
#include "postgres/plan_borrow.h"
#include "postgres/plan_build.h"
#include "postgres/plan_object.h"
#include "postgres/plan_preface.h"
#include "postgres/plan_refuse.h"
#include "postgres/plan_setop.h"
#include "postgres/plan_shadow.h"
#include "postgres/plan_unread.h"

enum { WORK_BLOCK = 48 << 10, KEEP_BLOCK = 2 << 10 };

/* ---- making ---- */

/* One reading only, whatever the session's settings are: there is no backslash in it, and no byte
 * that a character of several bytes could begin with. */
static bool
is_plain_text(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\\' || (text[i] & 0x80))
            return false;
    return true;
}

static struct token_range
range_of(const struct plan_work *work, const PgQuery__RawStmt *raw)
{
    uint32_t start = (uint32_t)raw->stmt_location;
    uint32_t end = raw->stmt_len > 0 ? start + (uint32_t)raw->stmt_len : (uint32_t)work->length;
    struct token_range range = text_range(work, start, end);

    while (range.end > range.first && range.end[-1].kind == ';')
        range.end--;
    return range;
}

static void
make_parsed(struct plan_work *work, const PgQuery__ParseResult *tree, bool may_hide,
            struct injections *injections)
{
    struct plan *plan = work->plan;
    struct plan_statement *statements =
        arena_new(work->keep, tree->n_stmts ? tree->n_stmts : 1, sizeof(*statements));

    if (!statements)
        return;
    plan->statements = statements;
    plan->statement_count = tree->n_stmts;
    for (size_t i = 0; i < tree->n_stmts; i++) {
        struct build build = {.range = range_of(work, tree->stmts[i]),
                              .injections = may_hide ? injections : NULL};
        struct plan_statement *statement = &statements[i];

        *statement = (struct plan_statement){.is_understood = true};
        work->why = may_hide ? WHY_KIND : WHY_WHOLE;
        statement->verb = (uint8_t)text_verb(build.range);
        statement->sql = text_normal(work, build.range);
        statement->fingerprint = text_fingerprint(work, build.range);
        if (tree->stmts[i]->stmt)
            build_statement(work, &build, tree->stmts[i]->stmt, statement);
        if (statement->most_fields == 0)
            statement->flags &= PLAN_CALLS | PLAN_ADMINISTERS;
        else
            statement->may_notify =
                (statement->flags & PLAN_OPAQUE) || strcasestr(statement->sql, "notify");
        statement->writes = (uint8_t)plan_writes_of(statement);
        statement->verbs = plan_verbs_of(statement);
    }
}

static bool
has_marks(const struct plan *plan)
{
    for (size_t i = 0; i < plan->statement_count; i++) {
        const struct plan_statement *statement = &plan->statements[i];

        if ((statement->flags | (statement->inner ? statement->inner->flags : 0)) & PLAN_MARKS)
            return true;
    }
    return false;
}

/* Whether there is code in it of which nothing is known; EXECUTE can be such a one. */
static bool
runs_values(const struct plan *plan)
{
    for (size_t i = 0; i < plan->statement_count; i++)
        if ((plan->statements[i].flags & PLAN_OPAQUE) ||
            plan->statements[i].special == SPECIAL_EXECUTE)
            return true;
    return false;
}

static bool
hides_in_cursors(const struct plan *plan)
{
    for (size_t i = 0; i < plan->statement_count; i++)
        if (plan->statements[i].special == SPECIAL_DECLARE &&
            plan->statements[i].inner->hidden_count > 0)
            return true;
    return false;
}

static bool
hides_in_prepared(const struct plan *plan)
{
    for (size_t i = 0; i < plan->statement_count; i++)
        if (plan->statements[i].special == SPECIAL_PREPARE && plan->statements[i].inner &&
            plan->statements[i].inner->hidden_count > 0)
            return true;
    return false;
}

/* With hidden columns where they can be had; once more without, where the new text is not what it
 * should be. */
static void
make_understood(struct plan_work *work, const PgQuery__ParseResult *tree)
{
    struct injections injections = {0};
    struct plan *plan = work->plan;

    plan->borrows = (uint8_t)borrow_of(tree, work->text);
    plan->sees_prepared = borrow_sees_prepared(tree, work->text);
    plan->turns_names = borrow_turns_names(tree, work->text);
    make_parsed(work, tree, true, &injections);
    if (injections.first &&
        (has_marks(plan) || plan->refusal || !injections_apply(work, &injections, tree, plan))) {
        plan->rewritten = (struct view){0};
        make_parsed(work, tree, false, NULL);
    }
    plan->runs_values = runs_values(plan);
    if (plan->runs_values && borrow_by_literal(work))
        plan->borrows = BORROW_READS;
    plan->hides_in_cursors = hides_in_cursors(plan);
    plan->hides_in_prepared = hides_in_prepared(plan);
    setop_apply(work, tree, plan);
    shadow_apply(work, tree, plan);
    preface_write(work, plan);
}

static void
make_unparsed(struct plan_work *work, bool is_scanned, uint32_t flags)
{
    struct plan_statement *statement = arena_new(work->keep, 1, sizeof(*statement));
    struct token_range all = {work->tokens.tokens, work->tokens.tokens};

    if (!statement)
        return;
    if (work->tokens.count > 0) /* else there are no tokens to point at */
        all.end += work->tokens.count;
    work->plan->statements = statement;
    work->plan->statement_count = 1;
    work->plan->borrows = (uint8_t)borrow_of_bytes(view_of(work->text, work->length));
    work->plan->sees_prepared = work->plan->turns_names = true; /* for all that is known */
    build_unparsed(work, is_scanned, flags, statement);
    if (work->environment->refuses_unknown && statement->most_fields != 0)
        refuse_unknown(work, statement->flags);
    statement->verb = is_scanned ? (uint8_t)text_verb(all) : VERB_OTHER;
    statement->sql = is_scanned ? text_normal(work, all) : "";
    statement->fingerprint = text_fingerprint(work, all);
    statement->may_notify = statement->most_fields != 0;
    if (!work->environment->stores_nothing && unread_stores(work, is_scanned)) {
        statement->moved_fields = statement->most_fields;
        statement->moved_kinds = statement->most_kinds;
        statement->moved_most = MOVED_MANY;
    }
}

static void
make(struct plan_work *work)
{
    PgQuery__ParseResult *tree = NULL;
    uint32_t flags = 0;
    int scanned;

    if (!work->environment->is_plain_dialect && !is_plain_text(work->text, work->length)) {
        make_unparsed(work, false, PLAN_DIALECT);
        return;
    }
    if (work->length > PLAN_TEXT_MAX || memchr(work->text, '\0', work->length)) {
        make_unparsed(work, false, 0);
        return;
    }
    scanned = sql_scan(&work->memory, work->text, PLAN_TOKENS_MAX, &work->tokens);
    if (scanned == 0 && sql_parse(&work->memory, work->text, &tree) == 0)
        make_understood(work, tree);
    else
        make_unparsed(work, scanned != PASU_E_MALFORMED, flags);
}

/* Whether a text can set one of the settings that change how texts are read. */
static bool
names_dialect(const char *text)
{
    static const char *const words[] = {"standard_conforming_strings",
                                        "client_encoding",
                                        "set_config",
                                        "names",
                                        "discard",
                                        "reset"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcasestr(text, words[i]))
            return true;
    return false;
}

/* NULL where the text says nothing of an end user. */
static const struct claim *
claim_of(struct arena *arena, struct view text)
{
    struct claim claim, *kept;

    if (!claim_read(&claim, text))
        return NULL;
    kept = arena_new(arena, 1, sizeof(*kept));
    if (kept)
        *kept = claim;
    return kept;
}

static int
plan_begin(struct plan_object *object, struct view text, const struct plan_environment *environment)
{
    struct plan *plan = &object->plan;
    char *copy;

    arena_init(&object->arena, KEEP_BLOCK);
    atomic_init(&object->holders, 1);
    copy = arena_text(&object->arena, text.bytes, text.length);
    plan->role = arena_text(&object->arena, environment->role, strlen(environment->role));
    if (!copy || !plan->role)
        return PASU_E_NOMEM;
    plan->text = view_of(copy, text.length);
    plan->claim = claim_of(&object->arena, plan->text);
    plan->may_change_dialect = names_dialect(copy);
    plan->is_plain_dialect = environment->is_plain_dialect;
    plan->may_inject = environment->may_inject;
    plan->may_shadow = environment->may_shadow;
    plan->shadow_persons = environment->shadow_persons;
    plan->refuses_unknown = environment->refuses_unknown;
    plan->has_foreign_parameters = environment->has_foreign_parameters;
    if (environment->catalog)
        plan->catalog = catalog_hold(environment->catalog);
    return 0;
}

int
plan_new(struct plan **plan, struct view text, const struct plan_environment *environment)
{
    struct plan_object *object = memory_new(1, sizeof(*object));
    struct plan_work work = {.environment = environment, .catalog = environment->catalog};
    int result;

    *plan = NULL;
    if (!object)
        return PASU_E_NOMEM;
    result = plan_begin(object, text, environment);
    if (result == 0) {
        arena_init(&work.memory, WORK_BLOCK);
        work.keep = &object->arena;
        work.everything = reach_of_everything(environment->catalog);
        work.text = (const char *)object->plan.text.bytes;
        work.length = text.length;
        work.plan = &object->plan;
        make(&work);
        if (work.memory.failed || object->arena.failed)
            result = PASU_E_NOMEM;
        arena_release(&work.memory);
    }
    if (result == 0)
        *plan = &object->plan;
    else
        plan_release(&object->plan);
    return result;
}

int
plan_unknown(struct plan **plan, const struct plan_environment *environment)
{
    struct plan_environment unread = *environment;

    unread.is_plain_dialect = true;
    return plan_new(plan, view_of("", 1), &unread); /* no text has a zero byte */
}

/* ---- holding ---- */

const struct plan_statement *
plan_counterpart(const struct plan *plan, const struct plan *was,
                 const struct plan_statement *statement)
{
    if (was->statement_count != plan->statement_count)
        return NULL;
    for (size_t i = 0; i < was->statement_count; i++) {
        if (&was->statements[i] == statement)
            return &plan->statements[i];
        if (was->statements[i].inner && was->statements[i].inner == statement)
            return plan->statements[i].inner;
    }
    return NULL;
}

bool
plan_misses(const struct plan *plan)
{
    for (size_t i = 0; i < plan->statement_count; i++) {
        const struct plan_statement *statement = &plan->statements[i];

        if (!statement->is_understood || statement->misses_table ||
            (statement->inner && statement->inner->misses_table))
            return true;
    }
    return false;
}

struct plan *
plan_hold(struct plan *plan)
{
    atomic_fetch_add_explicit(&plan_object_of(plan)->holders, 1, memory_order_relaxed);
    return plan;
}

void
plan_release(struct plan *plan)
{
    struct plan_object *object;

    if (!plan)
        return;
    object = plan_object_of(plan);
    if (atomic_fetch_sub_explicit(&object->holders, 1, memory_order_acq_rel) != 1)
        return;
    catalog_release(plan->catalog);
    arena_release(&object->arena);
    memory_free(object);
}

/* ---- error positions ---- */

/* Characters that begin in the first `length` bytes, as UTF-8 has them. */
static uint32_t
count_characters(const uint8_t *bytes, size_t length)
{
    uint32_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += (bytes[i] & 0xc0) != 0x80;
    return count;
}

/* Walks both texts edit by edit, in characters. */
uint32_t
plan_error_position(const struct plan *plan, uint32_t position)
{
    uint32_t old_at = 1, new_at = 1; /* of the byte behind the edits passed */
    size_t from = 0, to = 0;         /* the same in bytes */

    for (size_t i = 0; i < plan->copy_count; i++) {
        const struct plan_copy *c = &plan->copies[i];
        uint32_t begin = 1 + count_characters(plan->rewritten.bytes, c->at);

        if (position >= begin &&
            position - begin < count_characters(plan->rewritten.bytes + c->at, c->length))
            return 1 + count_characters(plan->text.bytes, c->from) + (position - begin);
    }

    for (size_t i = 0; i < plan->edit_count; i++) {
        const struct plan_edit *e = &plan->edits[i];
        uint32_t same = count_characters(plan->text.bytes + from, e->at - from);
        uint32_t inserted;

        if (position < new_at + same)
            break;
        old_at += same;
        new_at += same;
        to += e->at - from;
        inserted = count_characters(plan->rewritten.bytes + to, e->inserted);
        if (position < new_at + inserted)
            return e->meant == e->at ? old_at : 1 + count_characters(plan->text.bytes, e->meant);
        new_at += inserted;
        old_at += count_characters(plan->text.bytes + e->at, e->removed);
        to += e->inserted;
        from = e->at + e->removed;
    }
    return old_at + (position - new_at);
}
