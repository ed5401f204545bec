/* SPDX-License-Identifier: Apache-2.0 */
/* The queries' texts: those of the table, and those made from the rows of earlier ones. */
#include "postgres/catalog_part.h"

#include "base/memory.h"

#include <stdarg.h>

const uint8_t catalog_query_columns[QUERY_COUNT] = {
#define X(name, columns, is_optional, sql) columns,
#include "postgres/catalog_query.def"
#undef X
};

static const char *const fixed_texts[QUERY_COUNT] = {
#define X(name, columns, is_optional, sql) sql,
#include "postgres/catalog_query.def"
#undef X
};

static const bool optional[QUERY_COUNT] = {
#define X(name, columns, is_optional, sql) is_optional,
#include "postgres/catalog_query.def"
#undef X
};

static const char no_rows[] = "SELECT 0 WHERE false";

/* ---- a text that grows ---- */

struct sql {
    char *text; /* NULL: no memory was left */
    size_t length, room;
};

static void PASU_PRINTF(2, 3) sql_add(struct sql *sql, const char *format, ...)
{
    for (;;) {
        size_t left = sql->room - sql->length;
        va_list arguments;
        char *larger;
        int n;

        if (!sql->text)
            return;
        va_start(arguments, format);
        n = vsnprintf(sql->text + sql->length, left, format, arguments);
        va_end(arguments);
        if (n >= 0 && (size_t)n < left) {
            sql->length += (size_t)n;
            return;
        }
        larger = n >= 0 ? memory_resize(sql->text, 2 * (sql->room + (size_t)n), 1) : NULL;
        if (!larger)
            memory_free(sql->text);
        sql->text = larger;
        sql->room = 2 * (sql->room + (size_t)(n >= 0 ? n : 0));
    }
}

static void
sql_add_oids(struct sql *sql, const struct catalog_pile *subjects)
{
    const char *before = "";

    PILE_EACH (struct catalog_subject, subject, subjects) {
        sql_add(sql, "%s%u", before, subject->relation);
        before = ",";
    }
}

/* A quoted identifier; names have no zero bytes. */
static void
sql_add_name(struct sql *sql, const char *name)
{
    sql_add(sql, "\"");
    for (; *name; name++) {
        if (*name == '"')
            sql_add(sql, "\"");
        sql_add(sql, "%c", *name);
    }
    sql_add(sql, "\"");
}

/* ---- the texts ---- */

static void
put_server(struct sql *sql)
{
    sql_add(sql,
            "SET search_path = pg_catalog; SET lock_timeout = 1000; SET statement_timeout = 30000; "
            "SET quote_all_identifiers = off; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
            "SELECT current_setting('server_version_num'), current_database(), "
            "getdatabaseencoding(), EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n "
            "ON n.oid = p.pronamespace WHERE n.nspname = 'pasu' AND p.proname = 'population' "
            "AND p.pronargs = 1 AND p.proargtypes[0] = 'regclass'::regtype "
            "AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE'))"
            ", EXISTS (SELECT FROM pg_settings "
            "WHERE name = 'restrict_nonsystem_relation_kind'), "
            "current_setting('block_size')");
}

/* Bodies of user's functions that can be read; `prosqlbody` is not there before 14. */
/* What is put in for arguments that a call leaves out runs with it. Behind a line's end: the text
 * before it can end with a comment. */
#define DEFAULTS "chr(10) || '; ' || pg_get_expr(p.proargdefaults, 0)"

static void
put_functions(struct sql *sql, const struct catalog_builder *b)
{
    sql_add(sql,
            "SELECT p.oid, n.nspname, p.proname, l.lanname, l.lanpltrusted, p.prokind, "
            "p.proretset, %s, "
            "CASE WHEN p.oid >= %d AND l.lanname IN ('sql', 'plpgsql') "
            "THEN concat(p.prosrc, " DEFAULTS ") END, "
            "e.extname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            "JOIN pg_language l ON l.oid = p.prolang LEFT JOIN pg_depend d "
            "ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' "
            "AND d.refclassid = 'pg_extension'::regclass "
            "LEFT JOIN pg_extension e ON e.oid = d.refobjid",
            b->version >= 140000 ? "p.prosqlbody IS NOT NULL" : "false", FIRST_USER_OID);
}

static void
put_routines(struct sql *sql)
{
    sql_add(sql,
            "SELECT p.oid, l.lanname = 'plpgsql', p.prorettype, t.typrelid, p.proargtypes, "
            "array_to_string(CASE WHEN p.proargmodes IS NULL THEN p.proargnames "
            "ELSE p.proargnames[1:p.pronargs] END, ',', ''), p.prosrc, "
            "(SELECT string_agg(concat(n, ' ', p.proallargtypes[i]), ',' ORDER BY i) "
            "FROM unnest(p.proargnames) WITH ORDINALITY u (n, i) "
            "WHERE p.proargmodes IS NOT NULL AND i > p.pronargs) FROM pg_proc p "
            "JOIN pg_language l ON l.oid = p.prolang JOIN pg_type t ON t.oid = p.prorettype "
            "WHERE p.oid >= %d AND l.lanname IN ('sql', 'plpgsql') AND p.prokind = 'f' "
            "AND (p.proconfig IS NULL OR p.proconfig[2] IS NULL AND p.proconfig[1] LIKE "
            "'search_path=%%') "
            "AND p.provariadic = 0 AND p.pronargdefaults = 0 "
            "AND (p.proargmodes IS NULL OR array_to_string(p.proargmodes, '') ~ '^i*(t+|o+)$' "
            "AND cardinality(p.proallargtypes) - p.pronargs <= %d "
            "AND cardinality(p.proargnames) = cardinality(p.proallargtypes)) "
            "AND p.pronargs <= %d AND length(p.prosrc) < 4096 "
            "AND (t.typtype = 'c' OR t.oid = 'void'::regtype OR t.typtype = 'b' AND t.oid < %d "
            "OR t.oid = 'record'::regtype AND p.proargmodes IS NOT NULL) "
            "AND coalesce(array_to_string(p.proargnames, ','), '') ~ '^[a-z0-9_,]*$' "
            "AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) a JOIN pg_type y ON y.oid = a "
            "WHERE y.typtype <> 'b' OR y.oid >= %d) ORDER BY p.oid",
            FIRST_USER_OID, CATALOG_RESULTS_MAX, CATALOG_ARGUMENTS_MAX, FIRST_USER_OID,
            FIRST_USER_OID);
}

/* Whether a node tree names one of PostgreSQL's own functions or relations that speak or, with
 * `is_exit`, functions that exit: as ":funcid 2923 " and ":relid 2619 ". Where it names none of
 * them, "-" is what no tree has there; ":relid 0 " stands with each query in FROM since 16. */
static void
put_uses(struct sql *sql, const struct catalog_builder *b, bool is_exit)
{
    const struct catalog_source *sources = b->sources.items;
    const struct catalog *c = b->catalog;

    sql_add(sql, ", ev_action::text ~ ':(funcid|relid) (-");
    for (size_t i = 0; i < c->function_count; i++) {
        const struct catalog_function *f = &c->functions[i];

        if (f->is_system && (is_exit ? sources[i].exits : sources[i].speaks))
            sql_add(sql, "|%u", f->oid);
    }
    for (size_t i = 0; !is_exit && i < c->relation_count; i++)
        if (c->relations[i].oid < FIRST_USER_OID && c->relations[i].speaks_values)
            sql_add(sql, "|%u", c->relations[i].oid);
    sql_add(sql, ") '");
}

static void
put_trees(struct sql *sql, const struct catalog_builder *b)
{
    const char *before = "";
    size_t unseen = 0;

    sql_add(sql, "SELECT oid, ev_action::text LIKE '%%:varattno 0 %%'");
    put_uses(sql, b, false);
    put_uses(sql, b, true);
    sql_add(sql, " FROM pg_rewrite WHERE oid = ANY ('{");
    PILE_EACH (const struct catalog_rule, rule, &b->catalog->rules) {
        if (rule->is_seen)
            continue;
        sql_add(sql, "%s%u", before, rule->oid);
        before = ",";
        unseen++;
    }
    sql_add(sql, "}'::oid[])%s", unseen > 0 ? "" : " AND false");
}

static void
put_writers(struct sql *sql, const struct catalog_builder *b)
{
    const struct catalog *c = b->catalog;

    sql_add(sql,
            "SELECT tgrelid, tgfoid FROM pg_trigger WHERE tgfoid >= %d UNION "
            "SELECT a.attrelid, coalesce(o.oprcode::oid, d.refobjid) FROM pg_attribute a "
            "JOIN pg_type t ON t.oid = a.atttypid AND t.typtype = 'd' JOIN pg_depend d "
            "ON d.classid = 'pg_type'::regclass AND d.objid = t.oid LEFT JOIN pg_operator o "
            "ON o.oid = d.refobjid AND d.refclassid = 'pg_operator'::regclass "
            "WHERE a.attnum > 0 AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass) "
            "UNION "
            "SELECT f.adrelid, d.refobjid FROM pg_attrdef f JOIN pg_depend d "
            "ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid "
            "WHERE d.refclassid = 'pg_proc'::regclass UNION "
            "SELECT f.adrelid, o.oprcode::oid FROM pg_attrdef f JOIN pg_depend d "
            "ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid JOIN pg_operator o "
            "ON o.oid = d.refobjid WHERE d.refclassid = 'pg_operator'::regclass UNION "
            "SELECT d.objid, d.refobjid FROM pg_depend d WHERE d.classid = 'pg_class'::regclass "
            "AND d.objsubid > 0 AND d.refclassid = 'pg_proc'::regclass UNION "
            "SELECT relation, 0 FROM (SELECT adrelid, adbin::text FROM pg_attrdef UNION ALL "
            "SELECT a.attrelid, t.typdefaultbin::text FROM pg_attribute a JOIN pg_type t "
            "ON t.oid = a.atttypid AND t.typtype = 'd' WHERE a.attnum > 0) x (relation, tree) "
            "WHERE tree ~ ':funcid (0",
            FIRST_USER_OID);
    for (size_t i = 0; i < c->function_count; i++) {
        struct catalog_source named = {0};

        if (c->functions[i].is_system)
            catalog_source_name(&named, c->functions[i].name);
        if (named.speaks)
            sql_add(sql, "|%u", c->functions[i].oid);
    }
    sql_add(sql, ") '");
}

static void
put_readers(struct sql *sql, const struct catalog_builder *b)
{
    const char *before = "";

    if (b->catalog->reader_keys.count == 0) {
        sql_add(sql, "%s", no_rows);
        return;
    }
    sql_add(sql,
            "SELECT r.rolname, string_agg(CASE WHEN NOT has_schema_privilege(r.oid, "
            "c.relnamespace, 'USAGE') THEN '-' WHEN has_table_privilege(r.oid, k.r, 'SELECT') "
            "THEN '2' WHEN has_column_privilege(r.oid, k.r, k.a, 'SELECT') THEN '1' ELSE '0' END, "
            "'' ORDER BY k.i) FROM pg_roles r CROSS JOIN (VALUES ");
    for (size_t i = 0; i < b->catalog->reader_keys.count; i++) {
        const struct catalog_reader_key *key =
            (const struct catalog_reader_key *)b->catalog->reader_keys.items + i;

        sql_add(sql, "%s(%zu, %u::oid, %d::int2)", before, i, key->relation, key->column);
        before = ", ";
    }
    sql_add(sql, ") k (i, r, a) LEFT JOIN pg_class c ON c.oid = k.r "
                 "WHERE r.rolname !~ '^pg_' GROUP BY r.rolname");
}

/* Every row version carries the transaction that made it: where as many rows are there as before,
 * their sum has grown by every change. What only the session sees that made it is told apart. */
static void
put_poll(struct sql *sql, const struct catalog_builder *b)
{
    static const char *const tables[] = {
        "pg_class WHERE relpersistence <> 't'",
        "pg_proc WHERE oid >= 16384",
        "pg_rewrite WHERE oid >= 16384",
        "pg_inherits",
        "pg_trigger WHERE NOT tgisinternal",
        "pg_attrdef WHERE adrelid NOT IN (SELECT oid FROM pg_class WHERE relpersistence = 't')",
        "pg_policy",
        "pg_event_trigger",
        "pg_operator WHERE oid >= 16384",
        "pg_cast WHERE oid >= 16384",
        "pg_type WHERE typtype = 'd'",
        "pg_auth_members",
        "pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'",
        "pg_extension",
        "pg_statistic_ext",
    };
    const struct catalog *c = b->catalog;
    const char *before = "";

    sql_add(sql, "SELECT concat_ws(' ', ");
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        sql_add(sql, "(SELECT concat(count(*), ':', sum(xmin::text::bigint)) FROM %s), ",
                tables[i]);
    sql_add(sql, "(SELECT concat(count(*), ':', sum(xmin::text::bigint)) FROM pg_attribute "
                 "WHERE attrelid = ANY ('{");
    for (size_t i = 0; i < c->relation_count; i++)
        if (c->relations[i].show_count > 0) {
            sql_add(sql, "%s%u", before, c->relations[i].oid);
            before = ",";
        }
    sql_add(sql, "}'::oid[])), (SELECT md5(string_agg(concat(oid, rolname, rolsuper, rolinherit), "
                 "',' ORDER BY oid)) FROM pg_roles), "
                 "'~', (SELECT concat(count(*), ':', sum(xmin::text::bigint)) FROM pg_class "
                 "WHERE relpersistence = 't'))");
}

static void
put_definitions(struct sql *sql, const struct catalog_builder *b)
{
    const struct catalog *c = b->catalog;
    const char *before = "";

    sql_add(sql, "SELECT o, pg_get_viewdef(o) FROM unnest('{");
    for (size_t i = 0; i < c->relation_count; i++)
        if ((c->relations[i].kind == 'v' || c->relations[i].kind == 'm') &&
            c->relations[i].oid >= FIRST_USER_OID && b->taints[i].fields != 0) {
            sql_add(sql, "%s%u", before, c->relations[i].oid);
            before = ",";
        }
    sql_add(sql, "}'::oid[]) o");
}

/* Of every subject's table and what inherits from it: what was inserted so far (null where the
 * server does not count), how many rows their files have room for (28 bytes are the least that a
 * row takes; null where they are not files of ours), and whether we may count them ourselves. */
static void
put_subjects(struct sql *sql, const struct catalog_builder *b)
{
    if (b->catalog->subjects.count == 0) {
        sql_add(sql, "%s", no_rows);
        return;
    }
    sql_add(sql, "WITH RECURSIVE tree (root, leaf) AS (SELECT o, o FROM unnest('{");
    sql_add_oids(sql, &b->catalog->subjects);
    sql_add(sql,
            "}'::oid[]) o UNION SELECT t.root, i.inhrelid FROM tree t "
            "JOIN pg_inherits i ON i.inhparent = t.leaf) "
            "SELECT c.oid, c.relkind, CASE WHEN current_setting('track_counts')::bool THEN "
            "(SELECT sum(pg_stat_get_tuples_inserted(t.leaf)) FROM tree t WHERE t.root = c.oid) "
            "END, CASE WHEN NOT EXISTS (SELECT FROM tree t JOIN pg_class l ON l.oid = t.leaf "
            "WHERE t.root = c.oid AND l.relkind NOT IN ('r', 'p', 'm')) THEN "
            "(SELECT sum(pg_relation_size(t.leaf)) / %u * %u FROM tree t WHERE t.root = c.oid) "
            "END::bigint, has_table_privilege(c.oid, 'SELECT') "
            "AND has_schema_privilege(c.relnamespace, 'USAGE') AND NOT row_security_active(c.oid) "
            "FROM pg_class c WHERE c.oid = ANY ('{",
            b->block_size, b->block_size / 28);
    sql_add_oids(sql, &b->catalog->subjects);
    sql_add(sql, "}'::oid[])");
}

/* One subject's rows, counted. */
static void
put_count(struct sql *sql, const struct catalog_builder *b, const struct catalog_subject *subject)
{
    const struct catalog_relation *relation = catalog_relation(b->catalog, subject->relation);

    sql_add(sql, "SELECT %u::oid, ", subject->relation);
    if (b->has_population) {
        sql_add(sql, "pasu.population(%u::oid::regclass)", subject->relation);
        return;
    }
    sql_add(sql, "count(*) FROM ");
    sql_add_name(sql, relation->schema);
    sql_add(sql, ".");
    sql_add_name(sql, relation->name);
}

/* The same as a query of its own, for when the table has grown. Without memory it keeps its number.
 */
static const char *
recount_of(const struct catalog_builder *b, const struct catalog_subject *subject,
           const char *before)
{
    struct sql sql = {.room = 256, .text = memory_new(256, 1)};
    const char *kept;

    sql_add(&sql, "%s", before);
    put_count(&sql, b, subject);
    kept = sql.text ? catalog_arena_text(&b->catalog->arena, view_of(sql.text, sql.length)) : NULL;
    memory_free(sql.text);
    return kept;
}

/*
 * By pasu.population where it is there. By the table's name else, but only on a server that can
 * keep a view from being run instead, if somebody puts one there under that name just now: its
 * functions would have the inspector's rights.
 */
static void
put_populations(struct sql *sql, const struct catalog_builder *b)
{
    const char *first = b->has_population ? ""
                        : b->may_restrict
                            ? "SET restrict_nonsystem_relation_kind = 'view, foreign-table'; "
                            : NULL;
    bool is_any = false;

    PILE_EACH (struct catalog_subject, subject, &b->catalog->subjects) {
        if (!first || !catalog_relation(b->catalog, subject->relation) ||
            !catalog_subject_is_countable(subject) || (!b->has_population && !subject->may_count))
            continue;
        subject->recount = recount_of(b, subject, first);
        if (!catalog_subject_is_due(b, subject))
            continue;
        sql_add(sql, "%s", is_any ? " UNION ALL " : first);
        put_count(sql, b, subject);
        is_any = true;
    }
    if (!is_any)
        sql_add(sql, "%s", no_rows);
}

static void
put_empty(struct sql *sql, const struct catalog_builder *b)
{
    const char *before = "";
    bool is_asked = false;

    for (size_t i = 0; i < b->mark_count; i++)
        is_asked |= b->marks[i].column == CATALOG_MADE;
    if (!is_asked) {
        sql_add(sql, "%s", no_rows);
        return;
    }
    sql_add(sql, "SET LOCAL lock_timeout = 100; SELECT o FROM unnest('{");
    for (size_t i = 0; i < b->mark_count; i++) {
        const struct catalog_relation *r;
        size_t at = 0;

        while (b->marks[i].column == CATALOG_MADE &&
               (r = catalog_relation_since(b->catalog, b->marks[i].name, &at)) != NULL) {
            if (r->file == 0)
                continue;
            sql_add(sql, "%s%u", before, r->oid);
            before = ",";
        }
    }
    sql_add(sql, "}'::oid[]) o WHERE pg_relation_size(o) = 0");
}

static void
put_bodies(struct sql *sql, const struct catalog_builder *b)
{
    sql_add(sql, "%s",
            b->version >= 140000 ? "SELECT oid, concat(pg_get_function_sqlbody(oid), " DEFAULTS
                                   "), pg_get_function_sqlbody(oid) FROM pg_proc p "
                                   "WHERE oid >= 16384 AND prosqlbody IS NOT NULL"
                                 : no_rows);
}

static void
put(struct sql *sql, const struct catalog_builder *b, size_t index)
{
    switch (index) {
    case QUERY_SERVER:
        put_server(sql);
        break;
    case QUERY_FUNCTIONS:
        put_functions(sql, b);
        break;
    case QUERY_ROUTINES:
        put_routines(sql);
        break;
    case QUERY_TREES:
        put_trees(sql, b);
        break;
    case QUERY_WRITERS:
        put_writers(sql, b);
        break;
    case QUERY_READERS:
        put_readers(sql, b);
        break;
    case QUERY_POLL:
        put_poll(sql, b);
        break;
    case QUERY_EMPTY:
        put_empty(sql, b);
        break;
    case QUERY_BODIES:
        put_bodies(sql, b);
        break;
    case QUERY_DEFINITIONS:
        put_definitions(sql, b);
        break;
    case QUERY_SUBJECTS:
        put_subjects(sql, b);
        break;
    default:
        put_populations(sql, b);
    }
}

size_t
catalog_query_count(void)
{
    return QUERY_COUNT;
}

bool
catalog_query_is_optional(size_t index)
{
    return index < QUERY_COUNT && optional[index];
}

/* The poll's text and the growth's stay with the snapshot. */
static int
keep_text(struct catalog_builder *b, size_t index)
{
    const char **kept = index == QUERY_POLL       ? &b->catalog->poll_text
                        : index == QUERY_SUBJECTS ? &b->catalog->growth_text
                                                  : NULL;

    if (!kept || (index == QUERY_SUBJECTS && b->catalog->subjects.count == 0))
        return 0;
    *kept = catalog_arena_text(&b->catalog->arena, view_of_text(b->sql));
    return *kept ? 0 : PASU_E_NOMEM;
}

int
catalog_builder_query(struct catalog_builder *b, size_t index, const char **text)
{
    struct sql sql = {.room = 1024};
    int result = 0;

    if (index >= QUERY_COUNT)
        return PASU_E_RANGE;
    if (index >= QUERY_TREES)
        result = catalog_resolve(b);
    if (result == 0 && index >= QUERY_DEFINITIONS)
        result = catalog_taint(b);
    if (result != 0)
        return result;
    if (fixed_texts[index]) {
        *text = fixed_texts[index];
        return 0;
    }
    sql.text = memory_new(sql.room, 1);
    put(&sql, b, index);
    memory_free(b->sql);
    b->sql = sql.text;
    if (!sql.text)
        return PASU_E_NOMEM;
    *text = b->sql;
    return keep_text(b, index);
}
