/* SPDX-License-Identifier: Apache-2.0 */
/* What the shop's functions say and fill, and what its roles may read. Nothing is written by
 * functions, and no cast keeps anything. */
#include "shop_catalog.h"

#include "base/list.h"

enum { CUSTOMER = 1 }; /* a kind, as a bit */
enum { BIGINT = 20, INTEGER = 23, TEXT = 25, BPCHAR = 1042, VOID = 2278 };

#define SQL(oid, result, row, type, text)                                                          \
    {                                                                                              \
        .function = oid, .is_plpgsql = false, .result_type = result, .result_relation = row,       \
        .argument_count = 1, .argument_types = {type}, .argument_names = {"k"}, .body = text       \
    }
#define PLPGSQL(oid, result, row, type, text)                                                      \
    {                                                                                              \
        .function = oid, .is_plpgsql = true, .result_type = result, .result_relation = row,        \
        .argument_count = 1, .argument_types = {type}, .argument_names = {"k"}, .body = text       \
    }
#define TABLE(oid, is_code, text, key, key_type)                                                   \
    {                                                                                              \
        .function = oid, .is_plpgsql = is_code, .result_type = 2249, .argument_count = 1,          \
        .argument_types = {INTEGER}, .argument_names = {"k"}, .body = text, .result_count = 2,     \
        .result_names = {key, "nm"}, .result_types = {key_type, TEXT},                             \
    }
static const struct catalog_routine routines[] = {
    SQL(3020, TEXT, 0, BIGINT, "SELECT email FROM customers WHERE id = k"),
    PLPGSQL(3021, VOID, 0, BIGINT,
            "DECLARE n text; BEGIN SELECT name INTO n FROM customers WHERE id = k; "
            "RAISE NOTICE 'it is %!', n; END"),
    PLPGSQL(3022, VOID, 0, BIGINT,
            "DECLARE n text; BEGIN SELECT address INTO n FROM customers WHERE id = k; "
            "RAISE EXCEPTION 'no such thing: %', n; END"),
    PLPGSQL(3023, 17000, SHOP_CUSTOMERS, INTEGER,
            "BEGIN RETURN QUERY SELECT * FROM customers WHERE grade = k; END"),
    SQL(3024, TEXT, 0, BIGINT, "SELECT email FROM customers WHERE id = k"),
    SQL(3025, TEXT, 0, BIGINT, "SELECT name FROM customers WHERE $1 = id"),
    PLPGSQL(3026, TEXT, 0, BIGINT,
            "DECLARE n text; BEGIN IF k > 1 THEN SELECT name INTO n FROM customers WHERE id = k; "
            "END IF; RETURN n; END"),
    PLPGSQL(3027, TEXT, 0, BIGINT,
            "DECLARE n text; BEGIN SELECT name INTO n FROM customers WHERE id = k; RAISE NOTICE "
            "'%, %', k, n; RETURN n; END"),
    SQL(3028, TEXT, 0, BIGINT, "SELECT max(name) FROM customers WHERE id = k"),
    SQL(3029, TEXT, 0, BIGINT,
        "SELECT c.name FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = k"),
    SQL(3030, 17000, SHOP_CUSTOMERS, BIGINT, "SELECT * FROM customers WHERE id = k"),
    SQL(3032, TEXT, 0, BIGINT, "SELECT x FROM customers c (k, x) WHERE k = 7 AND $1 = 7"),
    SQL(3033, TEXT, 0, BIGINT, "SELECT k.name FROM customers k WHERE id = $1 AND k IS NOT NULL"),
    {.function = 3034,
     .result_type = TEXT,
     .argument_count = 1,
     .argument_types = {BIGINT},
     .argument_names = {"region"},
     .body = "SELECT name FROM customers WHERE id = region"},
    SQL(3035, TEXT, 0, BIGINT, "SELECT name FROM customers WHERE id = $2"),
    SQL(3031, TEXT, 0, BPCHAR, "SELECT name FROM customers WHERE region = k"),
    TABLE(3040, true, "BEGIN RETURN QUERY SELECT id, name FROM customers WHERE grade = k; END",
          "cid", BIGINT),
    TABLE(3041, false, "SELECT id, name FROM customers WHERE grade = k", "cid", TEXT),
    TABLE(3042, true, "BEGIN RETURN QUERY SELECT id, name FROM customers WHERE grade = k; END",
          "grade", BIGINT),
    TABLE(3043, false, "SELECT id FROM customers WHERE grade = k", "cid", BIGINT),
    TABLE(3050, true,
          "DECLARE r record; BEGIN FOR r IN SELECT * FROM customers WHERE grade = k LOOP cid := "
          "r.id; nm := r.name; RETURN NEXT; END LOOP; END",
          "cid", BIGINT),
    TABLE(3051, true,
          "BEGIN FOR cid, nm IN SELECT id, name FROM customers WHERE grade = k LOOP RETURN NEXT; "
          "END LOOP; RETURN; END",
          "cid", BIGINT),
    TABLE(3052, true,
          "DECLARE r record; v text; BEGIN FOR r IN SELECT id, name FROM customers WHERE grade = k "
          "LOOP cid := r.id; nm := v; v := r.name; RETURN NEXT; END LOOP; END",
          "cid", BIGINT),
    TABLE(3053, true,
          "DECLARE r record; BEGIN FOR r IN SELECT id, name FROM customers WHERE grade = k LOOP "
          "cid := r.id; RETURN NEXT; nm := r.name; END LOOP; END",
          "cid", BIGINT),
    TABLE(3054, true,
          "DECLARE r record; BEGIN FOR r IN SELECT id, name FROM customers WHERE grade = k LOOP nm "
          ":= nm || r.name; RETURN NEXT; END LOOP; END",
          "cid", BIGINT),
    TABLE(3055, true,
          "DECLARE r customers; BEGIN FOR r IN SELECT phone, name FROM customers WHERE grade = k "
          "LOOP nm := r.name; RETURN NEXT; END LOOP; END",
          "cid", BIGINT),
    TABLE(3056, true,
          "DECLARE r record; BEGIN FOR r IN SELECT id, f_email(id) AS name FROM customers WHERE "
          "grade = k LOOP cid := r.id; RETURN NEXT; END LOOP; END",
          "cid", BIGINT),
    TABLE(3057, true, "BEGIN SELECT id, name INTO cid, nm FROM customers WHERE id = k; END", "cid",
          BIGINT),
    TABLE(3058, true, "BEGIN SELECT name, id INTO nm, cid FROM customers WHERE id = k; END", "cid",
          BIGINT),
    TABLE(
        3059, true,
        "BEGIN RETURN QUERY EXECUTE 'SELECT id, name FROM customers WHERE grade = $1' USING k; END",
        "cid", BIGINT),
    TABLE(3060, true,
          "BEGIN RETURN QUERY EXECUTE 'SELECT id, name FROM customers WHERE grade = ' || k; END",
          "cid", BIGINT),
    TABLE(3061, true,
          "DECLARE n int; BEGIN RETURN QUERY EXECUTE 'SELECT id, name FROM customers WHERE grade = "
          "$1' USING n; END",
          "cid", BIGINT),
    PLPGSQL(3070, TEXT, 0, BIGINT, "BEGIN RETURN (SELECT name FROM customers WHERE id = k); END"),
    PLPGSQL(3071, TEXT, 0, BIGINT,
            "DECLARE n text := (SELECT name FROM customers WHERE id = k); BEGIN RETURN n; END"),
    PLPGSQL(3072, TEXT, 0, BIGINT,
            "DECLARE c public.customers%ROWTYPE; BEGIN SELECT * INTO c FROM public.customers WHERE "
            "id = k; RETURN c.email; END"),
    PLPGSQL(3073, TEXT, 0, BIGINT,
            "DECLARE c orders%ROWTYPE; BEGIN SELECT * INTO c FROM customers WHERE id = k; RETURN "
            "c.email; END"),
    PLPGSQL(3074, TEXT, 0, BIGINT,
            "DECLARE n text; BEGIN EXECUTE 'SELECT name FROM customers WHERE id = $1' INTO n USING "
            "k; RETURN n; END"),
    PLPGSQL(3075, TEXT, 0, BIGINT,
            "DECLARE n text; BEGIN k := (SELECT id FROM customers WHERE id = k); SELECT name INTO "
            "n FROM customers WHERE id = k; RETURN n; END"),
    PLPGSQL(3076, TEXT, 0, BIGINT,
            "DECLARE r record; n text; BEGIN SELECT * INTO r FROM customers WHERE id = k; n := "
            "r.name; RETURN n; END"),
    PLPGSQL(3077, TEXT, 0, BIGINT,
            "DECLARE r record; s record; BEGIN SELECT * INTO r FROM customers WHERE id = k; RETURN "
            "s.name; END"),
    {.function = 3044,
     .result_type = TEXT,
     .argument_count = 1,
     .argument_types = {BIGINT},
     .argument_names = {"k"},
     .is_printed = true,
     .body = " SELECT customers.email FROM public.customers WHERE (customers.id = f_printed.k)"},
};

/* One whose text says all: see `routines`. */
#define ROUTINE(routine_oid, routine_name, is_set)                                                 \
    {                                                                                              \
        .oid = routine_oid, .schema = "public", .name = routine_name, .kind = 'f',                 \
        .is_opaque = true, .returns_set = is_set, .fields = NAME | PHONE | EMAIL | ADDRESS,        \
        .kinds = CUSTOMER                                                                          \
    }
static const struct catalog_function functions[] = {
    {.oid = 3000,
     .schema = "public",
     .name = "f_sql",
     .is_opaque = true,
     .fields = NAME | PHONE | EMAIL | ADDRESS,
     .kinds = CUSTOMER},
    {.oid = 3001,
     .schema = "public",
     .name = "f_all",
     .is_opaque = true,
     .returns_set = true,
     .fields = NAME | PHONE | EMAIL | ADDRESS,
     .kinds = CUSTOMER},
    {.oid = 3002,
     .schema = "public",
     .name = "f_dyn",
     .is_opaque = true,
     .keeps = true,
     .returns_set = true,
     .fields = 63,
     .kinds = 3},
    {.oid = 3003, .schema = "public", .name = "f_clean"},
    {.oid = 3004, .schema = "public", .name = "length"},
    {.oid = 3005,
     .schema = "public",
     .name = "dblink",
     .is_exit = true,
     .is_opaque = true,
     .fields = 63,
     .kinds = 3},
    {.oid = 3006, .schema = "pg_catalog", .name = "lo_export", .is_system = true, .is_exit = true},
    {.oid = 3007, .schema = "public", .name = "row_number"},
    {.oid = 3009,
     .schema = "pg_catalog",
     .name = "query_to_xml",
     .is_system = true,
     .is_opaque = true,
     .fields = 63,
     .kinds = 3},
    {.oid = 3008, .schema = "public", .name = "glue", .kind = 'a'},
    ROUTINE(3020, "f_email", false),
    ROUTINE(3021, "f_told", false),
    ROUTINE(3022, "f_failed", false),
    ROUTINE(3023, "f_rows", true),
    ROUTINE(3024, "f_twice", false),
    ROUTINE(3024, "f_twice", false),
    ROUTINE(3025, "f_whoever", true),
    ROUTINE(3026, "f_branch", false),
    ROUTINE(3027, "f_more", false),
    ROUTINE(3028, "f_max", false),
    ROUTINE(3029, "f_join", true),
    ROUTINE(3030, "f_own", true),
    ROUTINE(3031, "f_code", false),
    ROUTINE(3032, "f_alias", true),
    ROUTINE(3033, "f_row", true),
    ROUTINE(3034, "f_column", true),
    ROUTINE(3035, "f_third", true),
    ROUTINE(3040, "f_table", true),
    ROUTINE(3041, "f_text_table", true),
    ROUTINE(3042, "f_vague_table", true),
    ROUTINE(3043, "f_short_table", true),
    ROUTINE(3044, "f_printed", false),
    ROUTINE(3050, "f_loop", true),
    ROUTINE(3051, "f_loop_of_two", true),
    ROUTINE(3052, "f_loop_late", true),
    ROUTINE(3053, "f_loop_behind", true),
    ROUTINE(3054, "f_loop_sum", true),
    ROUTINE(3055, "f_loop_row", true),
    ROUTINE(3056, "f_loop_call", true),
    ROUTINE(3057, "f_out", false),
    ROUTINE(3058, "f_out_turned", false),
    ROUTINE(3059, "f_run", true),
    ROUTINE(3060, "f_run_made", true),
    ROUTINE(3061, "f_run_other", true),
    ROUTINE(3070, "f_nested", false),
    ROUTINE(3071, "f_given", false),
    ROUTINE(3072, "f_field", false),
    ROUTINE(3073, "f_wrong_field", false),
    ROUTINE(3074, "f_executed", false),
    ROUTINE(3075, "f_key_changed", false),
    ROUTINE(3076, "f_two_rows", false),
    ROUTINE(3077, "f_other_record", false),
    {.oid = SHOP_F_LOG, .schema = "public", .name = "f_log", .fills = true, .text = "NEW.title"},
};

/* Functions of PostgreSQL's own that the tests call: one each is enough. */
static const char *const system_names[] = {
    "array_agg",
    "avg",
    "bool_or",
    "btrim",
    "coalesce",
    "concat",
    "count",
    "current_setting",
    "date_trunc",
    "first_value",
    "format",
    "generate_series",
    "json_agg",
    "json_each",
    "lag",
    "length",
    "like_escape",
    "lower",
    "max",
    "md5",
    "min",
    "now",
    "num_nulls",
    "octet_length",
    "pg_column_size",
    "pg_notify",
    "pg_sleep",
    "pg_typeof",
    "rank",
    "regexp_matches",
    "reverse",
    "right",
    "round",
    "row_number",
    "row_to_json",
    "set_config",
    "setval",
    "similar_to_escape",
    "starts_with",
    "string_agg",
    "string_to_array",
    "strpos",
    "substring",
    "sum",
    "to_char",
    "to_jsonb",
    "unnest",
    "upper",
    "version",
};

static const struct catalog_function *
system_function(size_t index)
{
    static struct catalog_function found[COUNT_OF(system_names)];
    struct catalog_function *f = &found[index];

    *f = (struct catalog_function){
        .oid = 4000 + (uint32_t)index, .is_system = true, .schema = "pg_catalog"};
    snprintf(f->name, sizeof(f->name), "%s", system_names[index]);
    return f;
}

/* Those of that name alone are made: the real catalog, too, looks at no others. */
static const struct catalog_function *
function_if_named(size_t index, const char *name)
{
    size_t system = index - COUNT_OF(functions);

    if (index < COUNT_OF(functions))
        return strcmp(functions[index].name, name) == 0 ? &functions[index] : NULL;
    return strcmp(system_names[system], name) == 0 ? system_function(system) : NULL;
}

size_t
catalog_function_count(const struct catalog *catalog PASU_UNUSED)
{
    return COUNT_OF(functions);
}

const struct catalog_function *
catalog_function_at(const struct catalog *catalog PASU_UNUSED, size_t index)
{
    return &functions[index];
}

const struct catalog_function *
catalog_function_named(const struct catalog *catalog PASU_UNUSED, const char *schema,
                       const char *name, size_t *at)
{
    while (*at < COUNT_OF(functions) + COUNT_OF(system_names)) {
        const struct catalog_function *f = function_if_named((*at)++, name);

        if (f && (!schema || strcmp(f->schema, schema) == 0))
            return f;
    }
    return NULL;
}

const struct catalog_routine *
catalog_routine(const struct catalog *catalog PASU_UNUSED, uint32_t function)
{
    for (size_t i = 0; i < COUNT_OF(routines); i++)
        if (routines[i].function == function)
            return &routines[i];
    return NULL;
}

const struct catalog_relation *
catalog_fill(const struct catalog *catalog, uint32_t function, size_t *at)
{
    return function == SHOP_F_LOG && (*at)++ == 0 ? catalog_relation(catalog, SHOP_PRODUCTS) : NULL;
}

const struct catalog_relation *
catalog_written_by(const struct catalog *catalog PASU_UNUSED, uint32_t function PASU_UNUSED,
                   size_t *at PASU_UNUSED)
{
    return NULL;
}

bool
catalog_has_cast_code(const struct catalog *catalog PASU_UNUSED)
{
    return false;
}

bool
catalog_has_keeping_casts(const struct catalog *catalog PASU_UNUSED)
{
    return false;
}

const struct catalog_relation *
catalog_relation_marked(const struct catalog *catalog, const char *schema, const char *name,
                        size_t *at)
{
    return catalog_relation_named(catalog, schema, name, at);
}

/* The clerk may read keys, and not the tables that they are of. */
bool
catalog_role_may_read(const struct catalog *catalog PASU_UNUSED, const char *role,
                      uint32_t relation PASU_UNUSED, int16_t column PASU_UNUSED)
{
    return strcmp(role, "app") == 0 || strcmp(role, "clerk") == 0;
}

bool
catalog_role_may_read_all(const struct catalog *catalog PASU_UNUSED, const char *role,
                          uint32_t relation PASU_UNUSED, int16_t key PASU_UNUSED)
{
    return strcmp(role, "app") == 0;
}

bool
catalog_role_is_shut_out(const struct catalog *catalog PASU_UNUSED, const char *role PASU_UNUSED,
                         const struct catalog_relation *relation PASU_UNUSED)
{
    return false;
}
