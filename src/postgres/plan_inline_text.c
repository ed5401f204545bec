/* SPDX-License-Identifier: Apache-2.0 */
/* The text that stands for a view: its definition with the keys, and what proves that it is it. */
#include "postgres/plan_inline.h"
#include "postgres/plan_rewrite_check.h"
#include "postgres/plan_text.h"
#include "postgres/plan_view.h"
#include "postgres/sql_json.h"

#include <stdarg.h>

enum { RELATIONS_MAX = 32 /* views and tables behind one view */ };

/* What stands for a query while trees are compared. */
#define STAND_IN "SELECT 1"

/* ---- a text that grows ---- */

struct page {
    struct arena *arena;
    char *text; /* NULL: no memory was left */
    size_t length, room;
};

static void PASU_PRINTF(2, 3) put(struct page *page, const char *format, ...)
{
    for (;;) {
        size_t left = page->room - page->length;
        va_list arguments;
        char *larger;
        int n;

        if (page->room > 0 && !page->text)
            return;
        va_start(arguments, format);
        n = vsnprintf(page->text ? page->text + page->length : NULL, left, format, arguments);
        va_end(arguments);
        if (n >= 0 && (size_t)n < left) {
            page->length += (size_t)n;
            return;
        }
        page->room = 2 * (page->room + (size_t)(n > 0 ? n : 0)) + 1024;
        larger = n < 0 ? NULL : arena_new(page->arena, page->room, 1);
        if (larger && page->length > 0)
            memcpy(larger, page->text, page->length);
        page->text = larger;
    }
}

/* Names are plain (plan_inline.c): only a quote needs to be doubled. */
static void
put_literal(struct page *page, const char *name)
{
    put(page, "'");
    for (const char *quote; (quote = strchr(name, '\'')) != NULL; name = quote + 1)
        put(page, "%.*s''", (int)(quote - name), name);
    put(page, "%s'", name);
}

/* ---- what must be as it was ---- */

struct behind {
    const struct catalog_relation *relations[RELATIONS_MAX]; /* each once */
    const PgQuery__SelectStmt *readers[RELATIONS_MAX]; /* of a table: whose columns it names */
    size_t count;
    bool is_full;
};

static void
add_behind(struct behind *behind, const struct catalog_relation *relation,
           const PgQuery__SelectStmt *reader)
{
    for (size_t i = 0; i < behind->count; i++)
        if (behind->relations[i] == relation) {
            if (behind->readers[i] != reader)
                behind->readers[i] = NULL; /* all of its columns */
            return;
        }
    behind->is_full |= behind->count == RELATIONS_MAX;
    if (behind->is_full)
        return;
    behind->relations[behind->count] = relation;
    behind->readers[behind->count++] = reader;
}

/* The names of the tables' columns, and of the view that is read by them. */
static void
put_columns(struct page *page, const struct behind *behind)
{
    const char *before = "";
    size_t count = 0;

    put(page, " AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a WHERE ");
    for (size_t i = 0; i < behind->count; i++) {
        const struct catalog_relation *r = behind->relations[i];

        if (r->kind == 'v' && i > 0)
            continue;
        put(page, "%sa.attrelid OPERATOR(pg_catalog.=) '%u' AND (", before, r->oid);
        before = "";
        for (size_t k = 0; k < r->column_count; k++) {
            if (r->kind != 'v' && !inline_reads(r, &r->columns[k], behind->readers[i]))
                continue;
            put(page,
                "%sa.attnum OPERATOR(pg_catalog.=) '%d' AND a.attname OPERATOR(pg_catalog.=) ",
                before, r->columns[k].number);
            put_literal(page, r->columns[k].name);
            before = " OR ";
            count++;
        }
        put(page, ")");
        before = " OR ";
    }
    put(page, ") OPERATOR(pg_catalog.=) '%zu'", count);
}

/* Tables have the names that the definition has for them, and no policies; views no options. */
static void
put_relations(struct page *page, const struct behind *behind)
{
    put(page, " AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c "
              "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
              "WHERE ");
    for (size_t i = 0; i < behind->count; i++) {
        const struct catalog_relation *r = behind->relations[i];

        put(page, "%sc.oid OPERATOR(pg_catalog.=) '%u' AND %s", i > 0 ? " OR " : "", r->oid,
            r->kind == 'v' ? "c.reloptions IS NULL" : "NOT c.relrowsecurity");
        if (r->kind == 'v' && i > 0)
            continue;
        put(page, " AND n.nspname OPERATOR(pg_catalog.=) ");
        put_literal(page, r->schema);
        put(page, " AND c.relname OPERATOR(pg_catalog.=) ");
        put_literal(page, r->name);
    }
    put(page, ") OPERATOR(pg_catalog.=) '%zu'", behind->count);
}

/* A row of the catalog has the version that was read. */
static void
put_rules(struct page *page, const struct behind *behind)
{
    size_t count = 0;

    put(page, " AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_rewrite r WHERE ");
    for (size_t i = 0; i < behind->count; i++) {
        const struct catalog_relation *r = behind->relations[i];

        if (r->kind == 'v')
            put(page,
                "%sr.oid OPERATOR(pg_catalog.=) '%u' AND r.ev_class OPERATOR(pg_catalog.=) '%u' "
                "AND r.xmin OPERATOR(pg_catalog.=) '%u'",
                count++ > 0 ? " OR " : "", r->rule, r->oid, r->rule_version);
    }
    put(page, ") OPERATOR(pg_catalog.=) '%zu'", count);
}

/* An older snapshot than the statement's own would show a catalog that is not the one it is read
 * by. A name without a schema can be the view's, or nobody's. */
static const char *
proof_of(struct plan_work *work, const struct behind *behind, bool has_schema)
{
    struct page page = {.arena = &work->memory};

    put(&page, "pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) "
               "'read committed'");
    if (!has_schema) {
        put(&page, " AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relname "
                   "OPERATOR(pg_catalog.=) ");
        put_literal(&page, behind->relations[0]->name);
        put(&page, " AND c.oid OPERATOR(pg_catalog.<>) '%u')", behind->relations[0]->oid);
    }
    put_rules(&page, behind);
    put_relations(&page, behind);
    put_columns(&page, behind);
    return page.text;
}

/* ---- names that mean the same in every session ---- */

struct qualifier {
    struct plan_work *work;
    struct rewrite *rewrite;
    bool is_failed;
};

/* A name with its schema before it, or an operator as OPERATOR(pg_catalog.=). */
static void
qualify(struct qualifier *q, int32_t location, const char *operator)
{
    struct token_range range = {NULL, NULL};
    struct page page = {.arena = &q->work->memory};
    uint32_t start, length;

    if (location >= 0)
        range = text_range(q->work, (uint32_t)location, (uint32_t)location + 1);
    if (range.first == range.end) {
        q->is_failed = true;
        return;
    }
    start = range.first->start;
    length = range.first->end - start;
    put(&page, operator? "OPERATOR(pg_catalog.%.*s)" : "pg_catalog.%.*s", (int)length,
        q->work->text + start);
    q->is_failed |= (operator&& length != strlen(operator)) ||
                    !rewrite_replace(q->work, q->rewrite, start, length, page.text, NULL);
}

static void
qualify_tree(void *context, const ProtobufCMessage *message)
{
    struct qualifier *q = context;

    if (message->descriptor == &pg_query__func_call__descriptor) {
        const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)message;

        if (call->n_funcname == 1)
            qualify(q, call->location, NULL);
    } else if (message->descriptor == &pg_query__a__expr__descriptor) {
        const PgQuery__AExpr *e = (const PgQuery__AExpr *)message;

        if (e->n_name == 1)
            qualify(q, e->location, sql_string(e->name[0]));
    } else if (message->descriptor == &pg_query__type_name__descriptor) {
        const PgQuery__TypeName *type = (const PgQuery__TypeName *)message;

        if (type->n_names == 1)
            qualify(q, type->location, NULL);
    }
    if (!q->is_failed)
        sql_each_child(message, qualify_tree, q);
}

/* Takes all of a string out of a text. */
static void
strike(char *text, const char *part)
{
    size_t length = strlen(part);
    char *to = text;

    while (*text) {
        if (strncmp(text, part, length) == 0)
            text += length;
        else
            *to++ = *text++;
    }
    *to = '\0';
}

/* ---- names of relations ---- */

const struct sql_token *
inline_name_end(const struct plan_work *work, const PgQuery__RangeVar *range)
{
    struct token_range tokens;
    size_t count = range->schemaname[0] ? 3 : 1;

    if (range->location < 0 || range->catalogname[0])
        return NULL;
    tokens = text_range(work, (uint32_t)range->location, (uint32_t)work->length);
    if ((size_t)(tokens.end - tokens.first) < count ||
        tokens.first->start != (uint32_t)range->location ||
        (count == 3 && tokens.first[1].kind != '.'))
        return NULL;
    return tokens.first + count - 1;
}

/* The tree of what stands for a query; NULL where there is no memory. */
static const char *
stand_in_tree(struct plan_work *work)
{
    static const char key[] = "\"stmt\":";
    const char *tree;

    if (work->stand_in)
        return work->stand_in;
    tree = sql_parse_json(&work->memory, STAND_IN);
    tree = tree ? strstr(tree, key) : NULL;
    work->stand_in = tree ? tree + strlen(key) : NULL;
    return work->stand_in;
}

/* What the parser makes of the relation with what stands for the query in its place. */
static char *
put_subselect(struct plan_work *work, const char *json, const struct replacement *replacement)
{
    static const char range[] = "{\"RangeVar\":{", key[] = "\"alias\":";
    const char *query = stand_in_tree(work), *at = json, *end, *alias;
    struct page page = {.arena = &work->memory};

    for (end = NULL; query && !end && (at = strstr(at, range)) != NULL;) {
        end = json_item_end(at);
        if (json_place(at, end) != (uint32_t)replacement->range->location) {
            at = at + 1;
            end = NULL;
        }
    }
    if (!end || !at)
        return NULL;
    alias = strstr(at, key);
    put(&page, "%.*s{\"RangeSubselect\":{\"subquery\":%.*s,\"alias\":", (int)(at - json), json,
        (int)(json_item_end(query) - query), query);
    if (alias && alias < end) {
        alias += strlen(key);
        put(&page, "%.*s", (int)(json_item_end(alias) - alias), alias);
    } else {
        put(&page, "{\"aliasname\":\"%s\"}", replacement->range->relname);
    }
    put(&page, "}}%s", end);
    return page.text;
}

static bool
replace(struct plan_work *work, const struct replacement *replacements, struct rewrite *rewrite)
{
    for (const struct replacement *r = replacements; r; r = r->next) {
        const struct sql_token *end = inline_name_end(work, r->range);
        struct page page = {.arena = &work->memory}, brief = page;

        if (!end || !r->query)
            return false;
        put(&page, "(%s)", r->query);
        put(&brief, "(%s)", STAND_IN);
        if (!r->range->alias) {
            put(&page, " AS \"%s\"", r->range->relname);
            put(&brief, " AS \"%s\"", r->range->relname);
        }
        if (!rewrite_replace(work, rewrite, (uint32_t)r->range->location,
                             end->end - (uint32_t)r->range->location, page.text, brief.text))
            return false;
    }
    return true;
}

/* The tree of the text at hand, with subqueries in the places of relations. */
static char *
meant_tree(struct plan_work *work, const struct replacement *replacements)
{
    char *tree = sql_parse_json(&work->memory, work->text);

    for (const struct replacement *r = replacements; r && tree; r = r->next)
        tree = put_subselect(work, tree, r);
    return tree;
}

static bool
is_same_tree(const char *one, const char *other)
{
    const char *end = one && other ? json_compare(one, one + strlen(one), other) : NULL;

    return end && *end == '\0';
}

bool
inline_replace(struct plan_work *work, const struct replacement *replacements,
               struct rewrite *rewrite)
{
    struct rewrite alone = {0};
    const char *text;

    if (!replace(work, replacements, &alone) || !replace(work, replacements, rewrite))
        return false;
    text = rewrite_stand_in(work, &alone);
    return text &&
           is_same_tree(meant_tree(work, replacements), sql_parse_json(&work->memory, text));
}

/* ---- definitions ---- */

static const char *definition_of(struct plan_work *work, const struct injection *injection,
                                 const struct query *query, struct behind *behind);

/* The definitions of views in it; what else it reads is noted. False where there is no memory. */
static bool
define_within(struct plan_work *work, const struct injection *injection, const struct query *query,
              struct replacement **replacements, struct behind *behind)
{
    struct replacement *all = NULL;

    for (const struct entry *e = query->scope->entries; e; e = e->next) {
        struct replacement *replacement;

        if (!e->relation || !e->range)
            return false;
        if (e->relation->kind != 'v') {
            add_behind(behind, e->relation, query->select);
            continue;
        }
        replacement = arena_new(&work->memory, 1, sizeof(*replacement));
        if (!replacement || !e->query || !e->query->view)
            return false;
        *replacement =
            (struct replacement){all, e->range, definition_of(work, injection, e->query, behind)};
        all = replacement;
    }
    *replacements = all;
    return true;
}

static bool
add_columns(struct plan_work *work, const struct injection *injection, const struct query *query,
            struct rewrite *rewrite)
{
    for (const struct addition *a = injection->additions; a; a = a->next) {
        const char *columns;

        if (a->count == 0 || a->list.targets != query->targets)
            continue;
        columns = injection_write(work, a);
        if (!columns || !rewrite_add_last(work, rewrite, &a->list, columns))
            return false;
    }
    return true;
}

/* A copy without the semicolon at its end. */
static char *
copy_definition(struct plan_work *work, const char *definition)
{
    size_t length = strlen(definition);

    while (length > 0 && strchr("; \n", definition[length - 1]))
        length--;
    return arena_text(&work->memory, definition, length);
}

/* Nothing was changed but that names have a schema, and what was replaced and added. */
static bool
is_as_meant(struct plan_work *work, const struct rewrite *rewrite,
            const struct replacement *replacements)
{
    static const char schema[] = "{\"String\":{\"sval\":\"pg_catalog\"}},";
    const char *text = rewrite_stand_in(work, rewrite);
    char *is = text ? sql_parse_json(&work->memory, text) : NULL;
    char *meant = is ? meant_tree(work, replacements) : NULL;

    if (!meant || !rewrite_take_back(work, rewrite, is))
        return false;
    strike(meant, schema);
    strike(is, schema);
    return is_same_tree(meant, is);
}

/* The text at hand, a definition, as it is written into another text. */
static const char *
define(struct plan_work *work, const struct injection *injection, const struct query *query,
       struct behind *behind)
{
    struct replacement *replacements;
    struct rewrite rewrite = {0};
    struct qualifier q = {.work = work, .rewrite = &rewrite};

    qualify_tree(&q, &query->select->base);
    if (q.is_failed || !define_within(work, injection, query, &replacements, behind))
        return NULL;
    return replace(work, replacements, &rewrite) && add_columns(work, injection, query, &rewrite) &&
                   is_as_meant(work, &rewrite, replacements)
               ? rewrite_text(work, &rewrite)
               : NULL;
}

/* The definition is the text at hand meanwhile. */
static const char *
definition_of(struct plan_work *work, const struct injection *injection, const struct query *query,
              struct behind *behind)
{
    const char *text = work->text, *definition = NULL;
    struct sql_tokens tokens = work->tokens;
    size_t length = work->length;

    add_behind(behind, query->view, NULL);
    work->text = copy_definition(work, query->view->definition);
    work->length = work->text ? strlen(work->text) : 0;
    work->tokens = plan_view_tokens(work, query->view);
    if (work->text && !strcasestr(work->text, HIDDEN_NAME) && work_spend(work, 100))
        definition = define(work, injection, query, behind);
    work->text = text;
    work->length = length;
    work->tokens = tokens;
    return definition;
}

/* ---- the two arms ---- */

/* "*" was written out, so that columns which the view has got since must be an error. */
static bool
has_star(const struct injection *injection, const struct entry *entry)
{
    for (const struct expansion *e = injection->expansions; e; e = e->next)
        if (e->entry->range == entry->range)
            return true;
    return false;
}

static void
put_view(struct page *page, const struct plan_work *work, const struct injection *injection,
         const struct entry *entry)
{
    const struct catalog_relation *view = entry->relation;
    const struct sql_token *end = inline_name_end(work, entry->range);
    uint32_t at = (uint32_t)entry->range->location;

    put(page, "SELECT %s", has_star(injection, entry) ? "\"v\".*" : "");
    for (size_t i = 0; i < view->column_count && !has_star(injection, entry); i++) {
        const char *const name = view->columns[i].name;

        put(page, "%s", i > 0 ? ", " : "");
        if (sql_has_string(work->statement, &name, 1))
            put(page, "\"v\".\"%s\"", name);
        else /* that it has such a column nobody asks for */
            put(page, "NULL");
    }
    for (const struct addition *a = injection->additions; a; a = a->next)
        for (size_t i = 0; a->list.targets == entry->query->targets && i < a->count; i++) {
            const char *type = a->hidden[i].type;

            if (strcmp(type, "oid") == 0) /* rows of the view are not of the table */
                put(page, ", '%u'::pg_catalog.oid", view->oid);
            else
                put(page, ", NULL::pg_catalog.%s", type);
        }
    put(page, " FROM %.*s AS \"v\"", end ? (int)(end->end - at) : 0, work->text + at);
}

const char *
inline_text(struct plan_work *work, const struct injection *injection, const struct entry *entry)
{
    struct behind behind = {.count = 0};
    const char *definition = definition_of(work, injection, entry->query, &behind);
    const char *proof = proof_of(work, &behind, entry->range->schemaname[0] != '\0');
    struct page page = {.arena = &work->memory};

    if (!definition || !proof || behind.is_full)
        return NULL;
    put(&page, "SELECT \"d\".* FROM (%s) AS \"d\" WHERE %s UNION ALL ", definition, proof);
    put_view(&page, work, injection, entry);
    put(&page, " WHERE NOT (%s)", proof);
    return page.text;
}
