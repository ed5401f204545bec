/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_shadow.h"

#include "postgres/plan_inject.h"
#include "postgres/plan_text.h"
#include "postgres/shadow_query.h"
#include "postgres/showing.h"
#include "postgres/sql_put.h"

enum {
    ASKED_MAX = 8,           /* hidden columns: bits of plan_part.shadows */
    WITHIN_MAX = 8,          /* queries that are looked into */
    NAMED_COLUMNS_MAX = 512, /* of a key query */
    PART_ROOM = 1200,        /* bytes of what is written around a key query */
};

#define OWN "\"pg_catalog\"."

/* One hidden column, and what the key query behind it shows. */
struct asked {
    const struct plan_part *part; /* of `plan` */
    const struct plan *plan;
};

struct shadowing {
    struct plan_work *work;
    struct plan_statement *statement;
    struct plan *plans[SHADOW_QUERIES_MAX]; /* of the key queries; held */
    size_t plan_count;
    struct asked asked[ASKED_MAX];
    size_t asked_count;
    bool is_exact;
};

/* ---- whether anything is to be asked ---- */

bool
shadow_is_pure(const struct plan_statement *s)
{
    const uint32_t flags = PLAN_OPAQUE | PLAN_CALLS | PLAN_UNKNOWN_TABLE | PLAN_STATISTICS |
                           PLAN_RENAMES | PLAN_TWISTS | PLAN_MARKS | PLAN_SERVER_EXIT;

    return s->is_understood && s->verb == VERB_SELECT && s->special == SPECIAL_NONE &&
           (s->flags & flags) == 0 && !s->twists && !s->misses_table && !s->has_blank &&
           !s->may_be_blank && s->kept_fields == 0 && s->moved_fields == 0 && s->mark.fields == 0 &&
           !s->fresh && !s->read;
}

static bool
is_bound(const struct plan_statement *s)
{
    for (size_t p = 0; p < s->part_count; p++)
        if (s->parts[p].source != SOURCE_BOUND || s->parts[p].kind >= CATALOG_KINDS_MAX)
            return false;
    return s->part_count > 0 && s->hidden_count == 0 && s->has_columns && s->column_count > 0 &&
           s->column_count < NAMED_COLUMNS_MAX;
}

/* Reading the rows once more, and sorting their persons, is no great price. */
static bool
are_few(const struct plan_work *work, const struct plan_statement *s)
{
    uint32_t most = work->environment->shadow_persons;

    for (size_t p = 0; most > 0 && p < s->part_count; p++)
        if (catalog_population(work->catalog, s->parts[p].kind) > most)
            return false;
    return true;
}

/* Where each row shows one person at most, their number says more than who is read. */
static bool
are_rows_persons(const struct plan_statement *s)
{
    for (size_t p = 0; p < s->part_count; p++)
        if (!s->parts[p].is_one_per_row)
            return false;
    return true;
}

/* A table of another server is read with a snapshot of its own. */
static bool
is_here(const struct catalog *catalog, const struct catalog_relation *relation)
{
    if (relation->kind != 'r' && relation->kind != 'p')
        return false;
    for (size_t i = 0; i < catalog_relation_count(catalog); i++) {
        const struct catalog_relation *other = catalog_relation_at(catalog, i);

        if (other->kind == 'f' && showing_is_descendant(catalog, relation->oid, other->oid))
            return false;
    }
    return true;
}

static const char *
schema_of(const PgQuery__RangeVar *range)
{
    return range->schemaname[0] ? range->schemaname : NULL;
}

static bool
has_tables_alone(const struct plan_work *work)
{
    for (const struct named *n = work->names.named; n; n = n->next) {
        const struct catalog_relation *relation;
        size_t at = 0, count = 0;

        while ((relation = names_next_relation(work, schema_of(n->range), n->range->relname,
                                               &at)) != NULL) {
            count++;
            if (!is_here(work->catalog, relation))
                return false;
        }
        if (count == 0)
            return false;
    }
    return true;
}

/* Whether what is the same to DISTINCT and UNION can be two values: a type of a user's can have its
 * own word on it. */
static bool
has_own_sameness(const struct plan_work *work)
{
    enum { FIRST_USER_OID = 16384 };

    if (catalog_has_own_equality(work->catalog))
        return true;
    if (!catalog_operator_is_foreign(work->catalog, "="))
        return false;
    for (const struct named *n = work->names.named; n; n = n->next) {
        const struct catalog_relation *relation;
        size_t at = 0;

        while ((relation =
                    names_next_relation(work, schema_of(n->range), n->range->relname, &at)) != NULL)
            for (size_t i = 0; i < relation->column_count; i++)
                if (relation->columns[i].type >= FIRST_USER_OID)
                    return true;
    }
    return false;
}

/* ---- the keys of one query ---- */

static struct plan *
plan_query(struct shadowing *s, const char *text)
{
    struct plan_environment environment = *s->work->environment;
    struct plan *plan;

    environment.may_inject = environment.asks_keys = true;
    environment.may_shadow = environment.names_columns = false;
    return plan_new(&plan, view_of_text(text), &environment) == 0 ? plan : NULL;
}

static bool
has_all_keys(const struct plan *plan)
{
    const struct plan_statement *s = plan->statements;

    if (plan->statement_count != 1 || plan->refusal || !plan->rewritten.bytes ||
        !shadow_is_pure(s) || !s->has_columns ||
        s->column_count + (size_t)s->hidden_count > NAMED_COLUMNS_MAX)
        return false;
    for (size_t p = 0; p < s->part_count; p++)
        if (s->parts[p].source != SOURCE_HIDDEN || s->parts[p].is_array ||
            !s->parts[p].has_origin || s->parts[p].column_count == 0 ||
            s->parts[p].kind >= CATALOG_KINDS_MAX)
            return false;
    return s->part_count > 0;
}

/* The query as a text, which says the same. */
static const char *
write_query(struct plan_work *work, PgQuery__SelectStmt *query)
{
    PgQuery__Node node = PG_QUERY__NODE__INIT;
    PgQuery__RawStmt raw = PG_QUERY__RAW_STMT__INIT, *statements[] = {&raw};
    PgQuery__ParseResult tree = PG_QUERY__PARSE_RESULT__INIT, *again;
    const char *text;

    node.node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    node.select_stmt = query;
    raw.stmt = &node;
    tree.n_stmts = 1;
    tree.stmts = statements;
    text = sql_write(&work->memory, &tree);
    if (!text || strlen(text) > PLAN_TEXT_MAX || sql_parse(&work->memory, text, &again) != 0 ||
        again->n_stmts != 1 || !sql_is_same(&again->stmts[0]->stmt->base, &node.base))
        return NULL;
    return text;
}

/* 1: its keys are among those asked; 0: it shows nothing; -1: they cannot be had. */
static int
ask_query(struct shadowing *s, PgQuery__SelectStmt *query)
{
    const char *text = shadow_is_harmless(s->work, query) ? write_query(s->work, query) : NULL;
    struct plan *plan = text ? plan_query(s, text) : NULL;
    const struct plan_statement *statement;

    if (!plan)
        return -1;
    statement = plan->statements;
    if (plan->statement_count == 1 && !plan->refusal && shadow_is_pure(statement) &&
        statement->part_count == 0 && statement->has_columns) {
        plan_release(plan);
        return 0;
    }
    if (!has_all_keys(plan) || s->plan_count == COUNT_OF(s->plans) ||
        s->asked_count + statement->part_count > COUNT_OF(s->asked)) {
        plan_release(plan);
        return -1;
    }
    s->plans[s->plan_count++] = plan;
    for (size_t p = 0; p < statement->part_count; p++)
        s->asked[s->asked_count++] = (struct asked){&statement->parts[p], plan};
    return 1;
}

static void
forget(struct shadowing *s)
{
    for (size_t i = 0; i < s->plan_count; i++)
        plan_release(s->plans[i]);
    s->plan_count = s->asked_count = 0;
}

/* Each, or what it is nothing but the result of. */
static bool
ask_queries(struct shadowing *s, const struct shadow_queries *queries, unsigned depth)
{
    struct shadow_queries within;

    for (size_t i = 0; i < queries->count; i++) {
        if (ask_query(s, queries->queries[i]) >= 0)
            continue;
        s->is_exact = false;
        if (depth == 0 || !shadow_queries_within(s->work, queries->queries[i], &within) ||
            !ask_queries(s, &within, depth - 1))
            return false;
    }
    return true;
}

static bool
ask_all(struct shadowing *s, const PgQuery__SelectStmt *select)
{
    struct shadow_queries queries;

    if (!shadow_queries_of(s->work, select, &queries))
        return false;
    if (queries.is_exact && has_own_sameness(s->work))
        return false;
    s->is_exact = queries.is_exact;
    return ask_queries(s, &queries, WITHIN_MAX) && s->asked_count > 0;
}

/* ---- parts ---- */

static uint64_t
asked_fields(const struct shadowing *s, const struct plan_part *part, uint8_t *shadows)
{
    uint64_t fields = 0;

    *shadows = 0;
    for (size_t i = 0; i < s->asked_count; i++)
        if (s->asked[i].part->kind == part->kind) {
            fields |= s->asked[i].part->fields;
            *shadows |= (uint8_t)(1u << i);
        }
    return fields;
}

/* Whether all that was bound is of rows whose keys are asked for; then each part has them. */
static bool
cover_parts(struct shadowing *s)
{
    struct plan_part *parts = s->statement->parts;

    for (size_t p = 0; p < s->statement->part_count; p++) {
        uint8_t shadows;

        if (parts[p].fields & ~asked_fields(s, &parts[p], &shadows))
            return false;
    }
    for (size_t p = 0; p < s->statement->part_count; p++) {
        (void)asked_fields(s, &parts[p], &parts[p].shadows);
        parts[p].source = SOURCE_SHADOW;
        parts[p].why = WHY_AMONG;
        parts[p].is_one_per_row = false;
    }
    return true;
}

/* Whether what was bound of a column is what the key queries say of it. */
static bool
is_column_asked(const struct shadowing *s, uint8_t kind, const struct plan_column *column)
{
    uint64_t rest = column->fields;

    for (size_t i = 0; i < s->asked_count; i++) {
        const struct plan_part *part = s->asked[i].part;

        for (size_t k = 0; part->kind == kind && k < part->column_count; k++)
            if (part->columns[k].column == column->column)
                rest &= ~part->columns[k].fields;
    }
    return rest == 0;
}

static bool
are_columns_asked(const struct shadowing *s)
{
    for (size_t p = 0; p < s->statement->part_count; p++) {
        const struct plan_part *part = &s->statement->parts[p];

        for (size_t i = 0; i < part->column_count; i++)
            if (!is_column_asked(s, part->kind, &part->columns[i]))
                return false;
        if (part->column_count == 0)
            return false;
    }
    return true;
}

/* A part for each hidden column: its rows' columns are the statement's. */
static bool
name_parts(struct shadowing *s)
{
    struct plan_statement *statement = s->statement;

    for (size_t i = 0; i < s->plan_count; i++)
        if (s->plans[i]->statements[0].column_count != statement->column_count)
            return false;
    if (!are_columns_asked(s))
        return false;
    for (size_t i = 0; i < s->asked_count; i++) {
        const struct plan_part *from = s->asked[i].part;
        struct plan_column *columns =
            arena_new(s->work->keep, from->column_count, sizeof(*columns));

        if (!columns)
            return false;
        memcpy(columns, from->columns, from->column_count * sizeof(*columns));
        statement->parts[i] = *from;
        statement->parts[i].source = SOURCE_SHADOW;
        statement->parts[i].why = WHY_ASKED;
        statement->parts[i].is_one_per_row = statement->parts[i].has_origin = false;
        statement->parts[i].shadows = (uint8_t)(1u << i);
        statement->parts[i].columns = columns;
        statement->parts[i].pins = NULL;
        statement->parts[i].pin_count = 0;
    }
    statement->part_count = s->asked_count;
    return true;
}

static bool
keep_shadows(struct shadowing *s)
{
    struct plan_shadow *shadows = arena_new(s->work->keep, s->asked_count, sizeof(*shadows));

    if (!shadows)
        return false;
    for (size_t i = 0; i < s->asked_count; i++)
        shadows[i] = (struct plan_shadow){.kind = s->asked[i].part->kind,
                                          .key_type = s->asked[i].part->key_type,
                                          .relation = s->asked[i].part->relation};
    s->statement->shadows = shadows;
    s->statement->hidden_count = (uint8_t)s->asked_count;
    s->statement->is_shadow_exact = s->is_exact;
    return true;
}

/* ---- the new text ---- */

/* "c1": a column of a key query, by its place from 0, hidden ones counted. */
static void
put_column(struct writer *w, size_t column)
{
    sql_put(w, "\"c");
    sql_put_number(w, column);
    sql_put(w, "\"");
}

/* Rows that show nothing of the part are nobody's. */
static void
put_condition(struct writer *w, const struct shadowing *s, const struct asked *asked)
{
    const struct plan_part *part = asked->part;
    size_t hidden = asked->plan->statements[0].hidden_count;

    sql_put(w, " WHERE ");
    put_column(w, part->origin);
    sql_put(w, " IS NOT NULL");
    for (size_t i = 0; s->is_exact && i < part->column_count; i++) {
        sql_put(w, i == 0 ? " AND (" : " OR ");
        put_column(w, hidden + part->columns[i].column);
        sql_put(w, " IS DISTINCT FROM NULL");
    }
    sql_put(w, s->is_exact ? ")" : "");
}

static void
put_asked(struct writer *w, const struct shadowing *s, const struct asked *asked)
{
    const struct plan_statement *statement = &asked->plan->statements[0];

    sql_put(w, "(SELECT " OWN "\"array_cat\"(ARRAY[" OWN "\"count\"(*)::" OWN "\"text\", " OWN
               "\"string_agg\"(DISTINCT \"t\"::" OWN "\"text\", ',')], " OWN
               "\"array_agg\"(\"k\") FILTER (WHERE \"n\" OPERATOR(\"pg_catalog\".<=) ");
    sql_put_number(w, PLAN_SHADOW_KEYS);
    sql_put(w, ")) FROM (SELECT \"k\", \"t\", " OWN
               "\"row_number\"() OVER () AS \"n\" FROM (SELECT DISTINCT ");
    put_column(w, asked->part->column);
    sql_put(w, "::" OWN "\"text\" COLLATE " OWN "\"C\" AS \"k\", ");
    put_column(w, asked->part->origin);
    sql_put(w, " AS \"t\" FROM (");
    writer_bytes(w, asked->plan->rewritten.bytes, asked->plan->rewritten.length);
    sql_put(w, ") AS \"q\"(");
    for (size_t i = 0; i < statement->column_count + (size_t)statement->hidden_count; i++) {
        sql_put(w, i > 0 ? ", " : "");
        put_column(w, i);
    }
    sql_put(w, ")");
    put_condition(w, s, asked);
    sql_put(w, ") AS \"d\") AS \"e\")");
}

static const char *
write_prefix(const struct shadowing *s)
{
    size_t size = 256;
    struct writer w;
    char *text;

    for (size_t i = 0; i < s->asked_count; i++)
        size += PART_ROOM + s->asked[i].plan->rewritten.length +
                (s->asked[i].part->column_count + NAMED_COLUMNS_MAX) * 48;
    text = arena_new(&s->work->memory, size + 1, 1);
    if (!text)
        return NULL;
    w = writer_of(text, size);
    sql_put(&w, "SELECT ");
    for (size_t i = 0; i < s->asked_count; i++) {
        sql_put(&w, "CASE WHEN " OWN "\"row_number\"() OVER () OPERATOR(\"pg_catalog\".=) 1 THEN ");
        put_asked(&w, s, &s->asked[i]);
        sql_put(&w, " END AS \"" HIDDEN_NAME);
        sql_put_number(&w, i + 1);
        sql_put(&w, "\", ");
    }
    sql_put(&w, "\"shown\".* FROM (");
    return writer_end(&w) < 0 ? NULL : text;
}

/* Whether the client's tree stands in the new one where it is meant to, and there is nothing else
 * but the hidden columns. */
static bool
is_as_meant(const struct shadowing *s, const PgQuery__Node *client, const char *text)
{
    const PgQuery__SelectStmt *select;
    PgQuery__ParseResult *tree;

    if (sql_parse(&s->work->memory, text, &tree) != 0 || tree->n_stmts != 1 ||
        tree->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return false;
    select = tree->stmts[0]->stmt->select_stmt;
    return select->op == PG_QUERY__SET_OPERATION__SETOP_NONE &&
           select->n_target_list == s->asked_count + 1 && select->n_from_clause == 1 &&
           select->from_clause[0]->node_case == PG_QUERY__NODE__NODE_RANGE_SUBSELECT &&
           sql_is_same(&select->from_clause[0]->range_subselect->subquery->base, &client->base) &&
           !select->where_clause && !select->with_clause && !select->having_clause &&
           select->n_sort_clause + select->n_group_clause + select->n_locking_clause +
                   select->n_window_clause + select->n_distinct_clause ==
               0 &&
           !select->limit_count && !select->limit_offset && !select->into_clause;
}

/* What is put before and behind the client's tokens. */
static bool
rewrite(const struct shadowing *s, const PgQuery__Node *client, struct plan *plan)
{
    static const char suffix[] = ") AS \"shown\"";
    const struct plan_work *work = s->work;
    const struct sql_token *first = work->tokens.tokens, *last;
    struct plan_edit *edits = arena_new(work->keep, 2, sizeof(*edits));
    const char *prefix = write_prefix(s);
    size_t length;
    char *text;

    for (last = first + work->tokens.count; last > first && last[-1].kind == ';';)
        last--;
    if (!edits || !prefix || last == first)
        return false;
    length = work->length + strlen(prefix) + strlen(suffix);
    text = arena_new(work->keep, length + 1, 1);
    if (!text || length > PLAN_TEXT_MAX)
        return false;
    edits[0] = (struct plan_edit){first->start, 0, (uint32_t)strlen(prefix), first->start};
    edits[1] = (struct plan_edit){last[-1].end, 0, (uint32_t)strlen(suffix), last[-1].end};
    snprintf(text, length + 1, "%.*s%s%.*s%s%s", (int)edits[0].at, work->text, prefix,
             (int)(edits[1].at - edits[0].at), work->text + edits[0].at, suffix,
             work->text + edits[1].at);
    if (!is_as_meant(s, client, text))
        return false;
    plan->rewritten = view_of(text, length);
    plan->edits = edits;
    plan->edit_count = 2;
    return true;
}

void
shadow_apply(struct plan_work *work, const PgQuery__ParseResult *tree, struct plan *plan)
{
    struct plan_statement *statement = (struct plan_statement *)(uintptr_t)plan->statements;
    const struct plan_environment *environment = work->environment;
    struct shadowing s = {.work = work, .statement = statement};
    struct plan_statement before;
    const PgQuery__Node *client;
    bool is_done;

    if (!environment->may_shadow || !work->catalog || environment->role[0] == '\0' ||
        environment->blank || plan->statement_count != 1 || plan->refusal ||
        plan->rewritten.bytes || !shadow_is_pure(statement) || !is_bound(statement) ||
        !are_few(work, statement) || !has_tables_alone(work) || work_is_exhausted(work))
        return;
    client = tree->stmts[0]->stmt;
    if (!client || client->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return;
    before = *statement;
    is_done = ask_all(&s, client->select_stmt) && keep_shadows(&s) &&
              (s.is_exact ? name_parts(&s) : !are_rows_persons(statement) && cover_parts(&s)) &&
              rewrite(&s, client, plan);
    if (!is_done)
        *statement = before;
    forget(&s);
}
