/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_preface.h"

#include "postgres/plan_lineage.h"
#include "postgres/plan_view.h"

enum { NAME_ROOM = 2 * CATALOG_NAME_SIZE + 64 };

static bool
has_schema(const PgQuery__RangeVar *range)
{
    return range->schemaname[0] && strcmp(range->schemaname, "pg_temp") != 0;
}

/* A name that is written in one way in all encodings and dialects; the snapshot's are in UTF-8. */
static bool
is_plain_name(const char *name)
{
    if (strlen(name) >= CATALOG_NAME_SIZE)
        return false;
    for (; *name; name++)
        if ((*name & 0x80) || *name == '\\')
            return false;
    return true;
}

/* The relation that the plan takes a name for: the only one, or the only one that holds anything.
 * NULL where there is none: nothing is left to ask then. */
static const struct catalog_relation *
meaning_of(const struct plan_work *work, const PgQuery__RangeVar *range)
{
    const struct catalog_relation *relation, *only = NULL, *personal = NULL;
    size_t at = 0, count = 0, personal_count = 0;

    if (range->schemaname[0] || !is_plain_name(range->relname))
        return NULL;
    while ((relation = names_next_relation(work, NULL, range->relname, &at)) != NULL) {
        struct reach reach = names_reach(work, relation);

        count++;
        only = relation;
        if (reach_fields(&reach) == 0)
            continue;
        personal_count++;
        personal = relation;
    }
    return count == 1 ? only : personal_count == 1 ? personal : NULL;
}

static bool
is_asked(const struct plan_statement *statement, const uint32_t *relations, uint32_t oid)
{
    for (size_t i = 0; i < statement->asked_count; i++)
        if (relations[i] == oid)
            return true;
    return false;
}

/* ---- code ---- */

/* Whether a tree, or a view in it, calls a function that is not PostgreSQL's own. */
struct search {
    struct plan_work *work;
    unsigned depth; /* of views */
    bool is_found;
    /* Of a query's own text: a function that is not among those that surely see nothing of the
     * text, the transaction or other statements; and something whose values have no origin. */
    bool is_strange, is_unsaid;
};

/* Whether all that it sees is its arguments. */
static void
search_call(struct search *search, const PgQuery__FuncCall *call)
{
    static const char *const others[] = {"count", "sum",    "avg",   "lower",
                                         "upper", "length", "btrim", "concat"};
    const char *name = sql_last_name(call->funcname, call->n_funcname);
    bool is_chooser = stored_is_chooser(search->work, call), is_known = is_chooser;

    for (size_t i = 0; name && i < COUNT_OF(others); i++)
        is_known |= strcmp(name, others[i]) == 0;
    search->is_unsaid |= is_chooser;
    search->is_strange |= !is_known;
}

static void search_code(void *context, const ProtobufCMessage *message);

static void
search_views(struct search *search, const PgQuery__RangeVar *range)
{
    const char *schema = range->schemaname[0] ? range->schemaname : NULL;
    const struct catalog_relation *relation;
    size_t at = 0;

    while ((relation = names_next_relation(search->work, schema, range->relname, &at)) != NULL) {
        const PgQuery__SelectStmt *query = NULL;

        if (relation->kind != 'v')
            continue;
        if (search->depth < PLAN_VIEW_DEPTH_MAX && work_spend(search->work, 1))
            query = plan_view_query(search->work, relation);
        if (!query) {
            search->is_found = true;
            return;
        }
        search->depth++;
        search_code(search, &query->base);
        search->depth--;
    }
}

static void
search_code(void *context, const ProtobufCMessage *message)
{
    struct search *search = context;
    struct plan_work *work = search->work;

    if (search->is_found)
        return;
    if (message->descriptor == &pg_query__func_call__descriptor) {
        const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)message;
        struct function_facts facts = function_facts(work, call->funcname, call->n_funcname);

        search->is_found = facts.is_opaque || facts.is_user;
        if (search->depth == 0)
            search_call(search, call);
    } else if (message->descriptor == &pg_query__select_stmt__descriptor && search->depth == 0) {
        const PgQuery__SelectStmt *select = (const PgQuery__SelectStmt *)message;

        search->is_unsaid |= select->op > PG_QUERY__SET_OPERATION__SETOP_NONE;
        search->is_strange |= select->n_locking_clause > 0 || select->into_clause;
    } else if (message->descriptor == &pg_query__a__expr__descriptor) {
        const PgQuery__AExpr *expression = (const PgQuery__AExpr *)message;

        search->is_found = names_is_foreign_operator(work, expression->name, expression->n_name);
    } else if (message->descriptor == &pg_query__type_cast__descriptor) {
        search->is_found =
            names_is_foreign_type(work, ((const PgQuery__TypeCast *)message)->type_name);
        search->is_unsaid |= search->depth == 0;
    } else if (message->descriptor == &pg_query__case_expr__descriptor ||
               message->descriptor == &pg_query__coalesce_expr__descriptor ||
               message->descriptor == &pg_query__sub_link__descriptor) {
        search->is_unsaid |= search->depth == 0;
    } else if (message->descriptor == &pg_query__range_var__descriptor) {
        search_views(search, (const PgQuery__RangeVar *)message);
    }
    sql_each_child(message, search_code, search);
}

static bool
runs_code(struct plan_work *work)
{
    struct search search = {.work = work};

    if (work->names.flags & (PLAN_CALLS | PLAN_OPAQUE))
        return true;
    for (const struct named *n = work->names.named; n && !search.is_found; n = n->next)
        search_views(&search, n->range);
    return search.is_found;
}

/* ---- names ---- */

void
preface_names(struct plan_work *work, struct plan_statement *statement)
{
    uint32_t *relations = arena_new(work->keep, PLAN_COPY_NAMES_MAX, sizeof(*relations));
    bool can_ask = relations != NULL;

    statement->copy.is_certain = true;
    statement->asked_count = 0;
    for (const struct named *n = work->names.named; n && can_ask; n = n->next) {
        const struct catalog_relation *relation; /* that the server must name, too */

        if (has_schema(n->range))
            continue;
        statement->copy.is_certain = false;
        relation = meaning_of(work, n->range);
        if (relation && is_asked(statement, relations, relation->oid))
            continue;
        can_ask = relation && statement->asked_count < PLAN_COPY_NAMES_MAX;
        if (can_ask)
            relations[statement->asked_count++] = relation->oid;
    }
    statement->copy.is_certain &= can_ask;
    statement->copy.runs_code = runs_code(work);
    statement->asked = relations;
    if (!can_ask)
        statement->asked_count = 0;
}

/* A column whose value would say whose it is, were its table's name certain. */
static bool
has_uncertain(const struct plan_statement *statement)
{
    for (size_t i = 0; i < statement->part_count; i++)
        for (size_t k = 0; k < statement->parts[i].column_count; k++) {
            const struct plan_stored *stored = &statement->parts[i].columns[k].stored;

            if (statement->parts[i].source == SOURCE_BOUND && stored->relation != 0 &&
                !stored->is_certain)
                return true;
        }
    return false;
}

void
preface_query(struct plan_work *work, const PgQuery__SelectStmt *select,
              struct plan_statement *statement)
{
    struct search search = {.work = work};
    struct plan_statement names = {.verb = VERB_SELECT};

    if (!work->environment->may_inject || statement->hidden_count > 0 || !statement->has_columns ||
        !has_uncertain(statement) ||
        (statement->flags & (PLAN_OPAQUE | PLAN_CALLS | PLAN_UNKNOWN_TABLE | PLAN_STATISTICS)))
        return;
    search_code(&search, &select->base);
    if (search.is_found || search.is_strange || !search.is_unsaid || runs_code(work))
        return;
    preface_names(work, &names);
    statement->asked = names.asked;
    statement->asked_count = names.asked_count;
}

static void
write_text(struct writer *w, const char *text)
{
    writer_bytes(w, text, strlen(text));
}

static void
write_name(struct writer *w, const char *name)
{
    for (; *name; name++) {
        if (*name == '"' || *name == '\'')
            writer_u8(w, (uint8_t)*name);
        writer_u8(w, (uint8_t)*name);
    }
}

void
preface_write(struct plan_work *work, struct plan *plan)
{
    const struct plan_statement *statement = plan->statements;
    char text[PLAN_COPY_NAMES_MAX * NAME_ROOM];
    struct writer w = writer_of(text, sizeof(text));
    char *kept;

    if (plan->statement_count != 1 || plan->refusal || statement->asked_count == 0 ||
        statement->part_count == 0 || plan->may_change_dialect ||
        !(statement->special == SPECIAL_COPY_OUT
              ? statement->copy.is_readable
              : statement->verb == VERB_SELECT && statement->special == SPECIAL_NONE &&
                    !plan->rewritten.bytes))
        return;
    write_text(&w, "SELECT ");
    for (size_t i = 0; i < statement->asked_count; i++) {
        const struct catalog_relation *relation =
            catalog_relation(work->catalog, statement->asked[i]);

        if (!relation)
            return;
        write_text(&w, i > 0 ? ", " : "");
        write_text(&w, "pg_catalog.to_regclass('\"");
        write_name(&w, relation->name);
        write_text(&w, "\"')::pg_catalog.oid");
    }
    write_text(&w, "; ");
    kept = writer_end(&w) < 0 ? NULL : arena_text(work->keep, text, writer_length(&w));
    if (kept)
        plan->preface = view_of(kept, writer_length(&w));
}
