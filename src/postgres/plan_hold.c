/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_hold.h"

#include "postgres/plan_writes.h"

/* PostgreSQL's CURSOR_OPT_*, since 9.0. */
enum { CURSOR_OPTION_SCROLL = 2, CURSOR_OPTION_NO_SCROLL = 4, CURSOR_OPTION_HOLD = 0x20 };

/* What it does when it is run is the inner one's affair; to name it shows nothing. */
static struct plan_statement *
hold(struct plan_work *work, const struct build *inside, const char *name,
     const PgQuery__Node *query, enum plan_special special, struct plan_statement *statement)
{
    struct plan_statement *inner = arena_new(work->keep, 1, sizeof(*inner));
    const char *kept = arena_text(work->keep, name, strlen(name));

    if (!inner || !query)
        return NULL;
    *inner = (struct plan_statement){.is_understood = true,
                                     .fingerprint = statement->fingerprint,
                                     .sql = statement->sql,
                                     .verb = statement->verb};
    build_statement(work, inside, query, inner);
    inner->writes = (uint8_t)plan_writes_of(inner);
    inner->verbs = plan_verbs_of(inner);
    statement->special = (uint8_t)special;
    statement->name = kept ? kept : "";
    statement->inner = inner;
    statement->most_fields = inner->most_fields;
    statement->most_kinds = inner->most_kinds;
    statement->may_speak = inner->may_speak;
    return inner;
}

/* Nothing is hidden where code in the server can see it, nor in a text of several statements: what
 * is prepared has the whole text, which could not be sent again without running the others. */
static struct injections *
hidden_in_prepared(const struct plan_work *work, const struct build *build)
{
    const struct plan *plan = work->plan;
    bool is_seen = plan->statement_count != 1 || plan->borrows != BORROW_NOT ||
                   plan->sees_prepared || !work->catalog || catalog_may_run_prepared(work->catalog);

    return is_seen ? NULL : build->injections;
}

void
hold_prepared(struct plan_work *work, const struct build *build,
              const PgQuery__PrepareStmt *prepare, struct plan_statement *statement)
{
    const struct build inside = {.range = build->range,
                                 .injections = hidden_in_prepared(work, build)};

    work->parameter_types = prepare->argtypes;
    work->parameter_type_count = prepare->n_argtypes;
    work->is_preparing = true;
    (void)hold(work, &inside, prepare->name, prepare->query, SPECIAL_PREPARE, statement);
    work->is_preparing = false;
    work->parameter_type_count = 0;
}

/* Nothing is hidden in a cursor where code, or the text itself, can see its columns. */
static struct injections *
hidden_in_cursor(const struct plan_work *work, const struct build *build)
{
    bool is_seen =
        work->plan->borrows != BORROW_NOT || !work->catalog || catalog_may_borrow(work->catalog);

    return is_seen ? NULL : build->injections;
}

void
hold_cursor(struct plan_work *work, const struct build *build,
            const PgQuery__DeclareCursorStmt *cursor, struct plan_statement *statement)
{
    const struct build inside = {
        .range = build->range,
        .injections = hidden_in_cursor(work, build),
        .may_go_back = (cursor->options & (CURSOR_OPTION_SCROLL | CURSOR_OPTION_NO_SCROLL)) == 0};
    const struct plan_statement *inner;

    work->is_declaring = true;
    inner = hold(work, &inside, cursor->portalname, cursor->query, SPECIAL_DECLARE, statement);
    work->is_declaring = false;
    if (inner) { /* planned at once, and then functions may run */
        statement->kept_fields = inner->kept_fields;
        statement->kept_kinds = inner->kept_kinds;
        statement->flags |= inner->flags & (PLAN_OPAQUE | PLAN_RENAMES | PLAN_TWISTS | PLAN_CALLS);
        statement->twists = inner->twists;
    }
    statement->speaks_later = (cursor->options & CURSOR_OPTION_HOLD) != 0;
}
