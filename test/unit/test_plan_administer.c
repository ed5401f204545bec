/* SPDX-License-Identifier: Apache-2.0 */
/* What administrators do, and what looks like it and is what applications do. */
#include "big_stack.h"
#include "plan_case.h"
#include "postgres/administer.h"
#include "postgres/made.h"

#include "base/memory.h"

struct act_case {
    uint32_t act;
    const char *sql;
    const char *becomes; /* where the act is PLAN_SETS_ROLE */
};

static const struct act_case cases[] = {
    {PLAN_GRANTS, "GRANT SELECT ON products TO PUBLIC", NULL},
    {PLAN_GRANTS, "REVOKE GRANT OPTION FOR SELECT ON products FROM app", NULL},
    {PLAN_GRANTS, "ALTER DEFAULT PRIVILEGES IN SCHEMA work REVOKE ALL ON TABLES FROM app", NULL},
    {PLAN_GRANTS, "GRANT SET ON PARAMETER work_mem TO app", NULL},
    {PLAN_ROLES, "GRANT app TO narrow WITH ADMIN OPTION", NULL},
    {PLAN_ROLES, "CREATE USER u PASSWORD 'x'", NULL},
    {PLAN_ROLES, "CREATE GROUP g", NULL},
    {PLAN_ROLES, "ALTER ROLE ALL SET search_path = x", NULL},
    {PLAN_ROLES, "ALTER GROUP g ADD USER u", NULL},
    {PLAN_ROLES, "ALTER ROLE u RENAME TO w", NULL},
    {PLAN_ROLES, "DROP ROLE IF EXISTS u", NULL},
    {PLAN_OWNERS, "ALTER TABLE products ADD x int, OWNER TO app", NULL},
    {PLAN_OWNERS, "ALTER VIEW v_contact OWNER TO app", NULL},
    {PLAN_OWNERS, "ALTER DATABASE shop OWNER TO app", NULL},
    {PLAN_OWNERS, "CREATE SCHEMA s AUTHORIZATION app", NULL},
    {PLAN_GRANTS, "CREATE SCHEMA s CREATE TABLE t (a int) GRANT SELECT ON t TO app", NULL},
    {PLAN_DEFINERS, "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
     NULL},
    {PLAN_DEFINERS, "ALTER ROUTINE f SECURITY DEFINER", NULL},
    {PLAN_EXTENSIONS, "CREATE EXTENSION citext", NULL},
    {PLAN_EXTENSIONS, "ALTER EXTENSION citext UPDATE", NULL},
    {PLAN_EXTENSIONS, "DROP EXTENSION citext", NULL},
    {PLAN_SERVER, "ALTER SYSTEM RESET ALL", NULL},
    {PLAN_SERVER, "SELECT 1 FROM pg_catalog.pg_reload_conf() r WHERE r", NULL},
    {PLAN_SERVER, "SELECT id FROM products WHERE \"pg_reload_conf\"()", NULL},
    {PLAN_SERVER, "SELECT U&\"pg\\005freload_conf\"()", NULL},
    {PLAN_TRIGGERS,
     "CREATE TRIGGER t AFTER INSERT ON customers FOR EACH ROW EXECUTE FUNCTION f_log()", NULL},
    {PLAN_TRIGGERS, "CREATE RULE r AS ON INSERT TO public.customers DO ALSO NOTIFY x", NULL},
    {PLAN_TRIGGERS, "ALTER TABLE customers DISABLE TRIGGER ALL", NULL},
    {PLAN_TRIGGERS, "DROP RULE r ON public.customers", NULL},
    {PLAN_TRIGGERS, "ALTER EVENT TRIGGER e DISABLE", NULL},
    {PLAN_ROW_SECURITY, "CREATE POLICY p ON orders USING (true)", NULL},
    {PLAN_ROW_SECURITY, "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY", NULL},
    {PLAN_ROW_SECURITY, "SECURITY LABEL FOR x ON COLUMN customers.name IS 'y'", NULL},
    {PLAN_PUBLISHES, "CREATE PUBLICATION p FOR ALL TABLES", NULL},
    {PLAN_PUBLISHES, "DROP SUBSCRIPTION s", NULL},
    {PLAN_FOREIGN, "DROP SERVER s CASCADE", NULL},
    {PLAN_FOREIGN, "DROP USER MAPPING FOR app SERVER s", NULL},
    {PLAN_SETS_USER, "SET LOCAL SESSION AUTHORIZATION app", NULL},
    {PLAN_SETS_USER, "SET session_authorization TO 'app'", NULL},
    {PLAN_SETS_ROLE, "SET ROLE app", "app"},
    {PLAN_SETS_ROLE, "SET LOCAL ROLE 'app'", "app"},
    {PLAN_SETS_ROLE, "SELECT set_config('role', 'app', true)", "app"},
    {PLAN_SETS_ROLE, "SELECT set_config('role', $1, true)", NULL},
    {PLAN_SETS_ROLE, "SELECT set_config('role', 'one', true), set_config('role', 'two', true)",
     NULL},
    {PLAN_GRANTS, "DO $$ BEGIN IF true THEN REVOKE ALL ON products FROM app; END IF; END $$", NULL},
    {PLAN_ROLES, "DO $$ BEGIN EXECUTE format('ALTER ROLE %I SUPERUSER', x); END $$", NULL},
    {PLAN_ROLES | PLAN_GRANTS, "DO $$ BEGIN CREATE ROLE x; GRANT SELECT ON products TO x; END $$",
     NULL},
    /* No text that is understood. */
    {PLAN_GRANTS, "GRANT MAINTAIN ON products TO app WITH 1_000", NULL},
    /* What applications do. */
    {0, "CREATE TABLE own (id int PRIMARY KEY, owner text)", NULL},
    {0, "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY INVOKER AS 'SELECT 1'", NULL},
    {0, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", NULL},
    {0, "CREATE TRIGGER t AFTER INSERT ON products FOR EACH ROW EXECUTE FUNCTION f_log()", NULL},
    {0, "ALTER TABLE products ENABLE ROW LEVEL SECURITY, DISABLE TRIGGER ALL", NULL},
    {0, "CREATE POLICY p ON products USING (true)", NULL},
    {0, "DROP TRIGGER t ON products", NULL},
    {0, "DROP TABLE products", NULL},
    {0, "RESET ROLE", NULL},
    {0, "SET ROLE NONE", NULL},
    {0, "SELECT set_config('role', 'none', false)", NULL},
    {0, "SELECT set_config('search_path', 'app', false)", NULL},
    {0, "SET SESSION AUTHORIZATION DEFAULT", NULL},
    {0, "RESET ALL", NULL},
    {0, "DISCARD ALL", NULL},
    {0, "SET search_path = app", NULL},
    {0, "SELECT id, 'GRANT ALL TO x' AS role FROM products", NULL},
    {0, "SELECT name AS owner FROM customers", NULL},
    {0, "DO $$ BEGIN RAISE NOTICE 'grant and revoke'; PERFORM 1; END $$", NULL},
    {0, "DO $$ DECLARE role text; BEGIN role := 'x'; UPDATE products SET title = role; END $$",
     NULL},
    {0, "BEGIN", NULL},
};

static void
acts_and_what_looks_like_them(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    size_t wrong = 0;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan *plan = plan_of(cases[i].sql, &environment);
        const struct plan_statement *s = &plan->statements[0];
        bool is_so = (s->flags & PLAN_ADMINISTERS) == cases[i].act &&
                     (cases[i].becomes ? s->becomes && strcmp(s->becomes, cases[i].becomes) == 0
                                       : s->becomes == NULL);

        if (!is_so) {
            print_error("%s: %x %s, not %x\n", cases[i].sql, s->flags & PLAN_ADMINISTERS,
                        s->becomes ? s->becomes : "", cases[i].act);
            wrong++;
        }
        plan_release(plan);
    }
    assert_int_equal(wrong, 0);
}

/* Any bytes end, and say nothing but acts. */
static void
any_words_are_read(void **state PASU_UNUSED)
{
    static const char *const texts[] = {"",
                                        "grant",
                                        "'",
                                        "$x$ grant",
                                        "begin; grant",
                                        "execute 'grant' ||",
                                        "owner to security definer",
                                        "\"grant\" x"};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct view text = view_of_text(texts[i]);
        char *space = memory_new(made_size(text.length), 1);

        assert_non_null(space);
        assert_int_equal(administer_code(text, space) & ~(uint32_t)PLAN_ADMINISTERS, 0);
        memory_free(space);
    }
    assert_int_equal(administer_words(VIEW("then load := 5; x := owner")), 0);
    assert_int_equal(administer_function("pg_sleep"), 0);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acts_and_what_looks_like_them),
        cmocka_unit_test(any_words_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
