/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "postgres/made.h"
#include "unit.h"

/* "text|text|…" with "!" for one that can be anything, and "~" behind one that reads what its
 * values name. */
static const char *
made_of(const char *body, char *out, size_t size)
{
    size_t length = strlen(body), used = 0;
    char *space = memory_new(made_size(length), 1); /* exactly: sanitizers see a byte beyond */
    enum made_kind kind;
    struct made made;

    assert_non_null(space);
    made_begin(&made, view_of(body, length), space);
    out[0] = '\0';
    while ((kind = made_next(&made)) != MADE_END) {
        used += (size_t)snprintf(out + used, size - used, "%s%s%s", used > 0 ? "|" : "",
                                 kind == MADE_OPEN ? "!" : made.text,
                                 kind == MADE_TEXT && !made_is_plain(&made) ? "~" : "");
        assert_true(used < size);
        if (kind == MADE_OPEN)
            break;
    }
    memory_free(space);
    return out;
}

static const struct {
    const char *body, *texts;
} cases[] = {
    {"BEGIN NULL; END", ""},
    {"BEGIN EXECUTE 'CREATE INDEX i ON t (a)'; END", "CREATE INDEX i ON t (a)"},
    {"BEGIN EXECUTE $q$SELECT 'a'$q$ INTO x; EXECUTE 'b'; END", "SELECT 'a'|b"},
    {"BEGIN EXECUTE format('DROP TABLE %I.%I', a, f(b, ')')); END", "DROP TABLE \"?\".\"?\""},
    {"BEGIN EXECUTE format('SET x = %1$L -- 100%%', v); END", "!"},
    {"BEGIN EXECUTE format('SET x = %1$L + 5%%', v); END", "SET x = '' + 5%"},
    {"BEGIN EXECUTE 'COMMENT ON TABLE t IS ' || quote_literal(x); END", "COMMENT ON TABLE t IS ''"},
    {"BEGIN EXECUTE 'DROP TABLE ' || quote_ident(n) || ' CASCADE'; END",
     "DROP TABLE \"?\" CASCADE"},
    {"BEGIN FOR r IN EXECUTE 'SELECT 1' LOOP EXECUTE x; END LOOP; END", "SELECT 1|!"},
    {"BEGIN RETURN QUERY EXECUTE 'SELECT $1' USING a; END", "SELECT $1"},
    /* another word */
    {"BEGIN CREATE TRIGGER t BEFORE INSERT ON x EXECUTE FUNCTION f(); END", ""},
    {"BEGIN IF a THEN GRANT EXECUTE ON FUNCTION f() TO r; END IF; END", ""},
    {"<<create>> EXECUTE x; END", "!"},
    {"BEGIN IF CASE WHEN a THEN create END THEN EXECUTE x; END IF; END", "!"},
    /* anything */
    {"BEGIN EXECUTE x; END", "!"},
    {"BEGIN EXECUTE 'SELECT ' || x; END", "!"},
    {"BEGIN EXECUTE ('a'); END", "!"},
    {"BEGIN EXECUTE 'a'::text || x; END", "!"},
    {"BEGIN EXECUTE E'a\\'b'; END", "!"},
    {"BEGIN EXECUTE 'a\\b'; END", "!"},
    {"BEGIN EXECUTE format(f, a); END", "!"},
    {"BEGIN EXECUTE format('DROP TABLE %s', a); END", "!"},
    {"BEGIN EXECUTE format('a ''%L''', a); END", "!"}, /* a literal in quotes is none */
    {"BEGIN EXECUTE 'x = ''' || quote_literal(a) || ''''; END", "!"},
    {"BEGIN EXECUTE format('a \"%I\"', a); END", "!"},
    {"BEGIN EXECUTE format('a U&%L', a); END", "!"},
    {"BEGIN EXECUTE format('a $x$ %L $x$', a); END", "!"},
    {"BEGIN EXECUTE format('%-10I', a); END", "!"},
    {"BEGIN EXECUTE format('a', b", "!"},
    {"BEGIN EXECUTE 'a", "!"},
    /* what values name */
    {"EXECUTE format('SELECT a FROM %I', t);", "SELECT a FROM \"?\"~"},
    {"EXECUTE format('CREATE TABLE a AS TABLE %I', t);", "CREATE TABLE a AS TABLE \"?\"~"},
    {"EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', a, b, c, d);",
     "CREATE TABLE \"?\" PARTITION OF \"?\" FOR VALUES FROM ('') TO ('')"},
    {"EXECUTE format('CREATE TYPE %I AS ENUM (%L)', a, b);", "CREATE TYPE \"?\" AS ENUM ('')"},
    {"EXECUTE format('UPDATE %I SET region = name', t);", "UPDATE \"?\" SET region = name~"},
    {"EXECUTE format('INSERT INTO %I VALUES ($1.*)', t) USING NEW;",
     "INSERT INTO \"?\" VALUES ($1.*)"},
    {"EXECUTE format('DELETE FROM %I WHERE a < %L', t, d);", "DELETE FROM \"?\" WHERE a < ''"},
    {"EXECUTE format('DELETE FROM %I RETURNING a', t) INTO x;", "DELETE FROM \"?\" RETURNING a~"},
    {"EXECUTE format('REVOKE ALL ON %I FROM r', t);", "REVOKE ALL ON \"?\" FROM r"},
    {"EXECUTE format('DROP TABLE %I; TABLE %I', t, u);", "DROP TABLE \"?\"; TABLE \"?\"~"},
    {"EXECUTE format('SELECT a FROM b WHERE c = %L', x);", "SELECT a FROM b WHERE c = ''"},
    {"EXECUTE format('CREATE TABLE s.%I PARTITION OF s.x FOR VALUES FROM (%L) TO (%L)', a, b, c);",
     "CREATE TABLE s.\"?\" PARTITION OF s.x FOR VALUES FROM ('') TO ('')"},
    /* words by which a name is read, and words that a name makes */
    {"EXECUTE format('SELECT NULL WHERE false UNION ALL TABLE w.%I', t);",
     "SELECT NULL WHERE false UNION ALL TABLE w.\"?\"~"},
    {"EXECUTE format('SELECT values FROM w.%I', t);", "SELECT values FROM w.\"?\"~"},
    {"EXECUTE format('CREATE TABLE a AS SELECT values FROM %I', t);",
     "CREATE TABLE a AS SELECT values FROM \"?\"~"},
    {"EXECUTE format('SELECT n FRO%I w.%I', 'm', t);", "!"},
    {"EXECUTE format('SELECT n %Irom w.%I', 'f', t);", "!"},
    {"EXECUTE 'SELECT n FRO' || quote_ident('m') || ' w.a';", "!"},
    {"EXECUTE format('DROP TABLE a%I', t);", "!"},
    {"EXECUTE format('DROP TABLE %I' || 'x', t);", "!"},
    /* a name that is called */
    {"EXECUTE format('SELECT w.%I()', f);", "SELECT w.\"?\"()~"},
    {"EXECUTE format('ALTER TABLE a ADD COLUMN v text DEFAULT w.%I()', f);",
     "ALTER TABLE a ADD COLUMN v text DEFAULT w.\"?\"()~"},
    {"EXECUTE format('DELETE FROM a WHERE v = (1::w.%I)::text', t);",
     "DELETE FROM a WHERE v = (1::w.\"?\")::text~"},
    {"EXECUTE format('SELECT %L::w.%I', 'a', t);", "SELECT ''::w.\"?\"~"},
    /* a name that comes to mean another thing */
    {"EXECUTE format('ALTER VIEW w.%I RENAME TO %I', a, b);",
     "ALTER VIEW w.\"?\" RENAME TO \"?\"~"},
    {"EXECUTE format('ALTER TABLE w.%I INHERIT w.%I', a, b);",
     "ALTER TABLE w.\"?\" INHERIT w.\"?\"~"},
    {"EXECUTE format('ALTER TABLE %I SET SCHEMA %I', a, b);",
     "ALTER TABLE \"?\" SET SCHEMA \"?\"~"},
    /* none of it */
    {"EXECUTE format('GRANT SELECT ON w.%I TO %I', t, r);", "GRANT SELECT ON w.\"?\" TO \"?\""},
    {"EXECUTE format('GRANT UPDATE, EXECUTE ON %I TO r; SELECT a FROM %I', t, u);",
     "GRANT UPDATE, EXECUTE ON \"?\" TO r; SELECT a FROM \"?\"~"},
    {"EXECUTE format('ALTER TABLE %I OWNER TO app', t);", "ALTER TABLE \"?\" OWNER TO app"},
    {"EXECUTE format('CREATE INDEX ON w.%I (a)', t);", "CREATE INDEX ON w.\"?\" (a)"},
    {"EXECUTE format('INSERT INTO w.%I (a) VALUES (%L)', t, v);",
     "INSERT INTO w.\"?\" (a) VALUES ('')"},
    {"EXECUTE format('TRUNCATE TABLE %I', t);", "TRUNCATE TABLE \"?\""},
};

static void
a_text_is_told_by_its_shape(void **state PASU_UNUSED)
{
    char out[1024];

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (strcmp(made_of(cases[i].body, out, sizeof(out)), cases[i].texts) != 0)
            fail_msg("%s: %s", cases[i].body, out);
}

static void
no_truncation_reads_or_writes_beyond(void **state PASU_UNUSED)
{
    char out[1024], *part;

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t length = 0; length <= strlen(cases[i].body); length++) {
            part = memory_new(length + 1, 1);
            assert_non_null(part);
            memcpy(part, cases[i].body, length);
            (void)made_of(part, out, sizeof(out));
            memory_free(part);
        }
}

static void
functions_that_keep_what_they_are_given_are_known(void **state PASU_UNUSED)
{
    assert_true(made_keeps("setval", true));
    assert_true(made_keeps("set_config", true));
    assert_true(made_keeps("pg_advisory_lock", false));
    assert_true(made_keeps("pg_notify", false));
    assert_false(made_keeps("pg_notify", true)); /* its payload is counted where it comes */
    assert_false(made_keeps("max", false));
    assert_false(made_keeps("lower", false));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_told_by_its_shape),
        cmocka_unit_test(no_truncation_reads_or_writes_beyond),
        cmocka_unit_test(functions_that_keep_what_they_are_given_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
