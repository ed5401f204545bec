/* SPDX-License-Identifier: Apache-2.0 */
/* Which constants of a text are taken out, and which texts make no template. */
#include "postgres/template.h"
#include "unit.h"

struct row {
    const char *text, *template; /* NULL: none is made */
    const char *values;          /* separated by | */
};

static const struct row rows[] = {
    {"SELECT 1 FROM t WHERE id = 5", "SELECT 1 FROM t WHERE id = $1", "5"},
    {"SELECT a FROM t WHERE id=17 AND n>='x y'", "SELECT a FROM t WHERE id=$1 AND n>=$2", "17|x y"},
    {"select a from t where id in (1, 22 ,'c') limit 3 offset 4",
     "select a from t where id in ($1, $2 ,$3) limit $4 offset $5", "1|22|c|3|4"},
    {"DELETE FROM t WHERE id <> 1;", "DELETE FROM t WHERE id <> $1", "1"},
    {"SELECT a FROM t WHERE x = 1 ORDER BY 1", "SELECT a FROM t WHERE x = $1 ORDER BY 1", "1"},
    {"SELECT f('a', 2) FROM t WHERE x = 1", "SELECT f('a', 2) FROM t WHERE x = $1", "1"},
    {"SELECT a FROM t WHERE x = 1.5 AND y = 1e5 AND z = .5 AND w = 007 AND v = 2",
     "SELECT a FROM t WHERE x = 1.5 AND y = 1e5 AND z = .5 AND w = 007 AND v = $1", "2"},
    {"SELECT a FROM t WHERE x = -1 AND y = 2", "SELECT a FROM t WHERE x = -1 AND y = $1", "2"},
    {"SELECT a FROM t WHERE x <> '' AND y = 'z'", "SELECT a FROM t WHERE x <> '' AND y = $1", "z"},
    {"SELECT a FROM t WHERE x = 'it''s' AND y = 2", "SELECT a FROM t WHERE x = 'it''s' AND y = $1",
     "2"},
    {"SELECT \"a=1\" FROM t WHERE t1 = 2", "SELECT \"a=1\" FROM t WHERE t1 = $1", "2"},
    {"SELECT a FROM t WHERE x = 999999999999999999 AND y = 9999999999999999999",
     "SELECT a FROM t WHERE x = $1 AND y = 9999999999999999999", "999999999999999999"},
    {"SELECT a FROM t WHERE x IN (f(1), 2)", NULL, NULL},
    {"SELECT 1", NULL, NULL},
    {"", NULL, NULL},
    {"SET ROLE = 'x'", NULL, NULL},
    {"EXECUTE p(5)", NULL, NULL},
    {"SELECT a FROM t WHERE id = 5; SELECT 1", NULL, NULL},
    {"SELECT a FROM t WHERE id = 5 -- c", NULL, NULL},
    {"SELECT a FROM t WHERE id =--\n5", NULL, NULL},
    {"SELECT a /* b */ FROM t WHERE id = 5", NULL, NULL},
    {"SELECT a FROM t WHERE id = 5 /*actor='k'*/", "SELECT a FROM t WHERE id = $1 ", "5"},
    {"SELECT a FROM t/*actor='k'*/; ", "SELECT a FROM t", ""},
    {"SELECT '/*' FROM t WHERE id = 5 /*b*/", "SELECT '/*' FROM t WHERE id = $1 ", "5"},
    {"SELECT a /* b */ FROM t WHERE id = 5 /*c*/", NULL, NULL},
    {"SELECT a FROM t WHERE id = 5 /* b /* c */ */", NULL, NULL},
    {"SELECT a FROM t WHERE id = 5 /* b /* c */", NULL, NULL},
    {"SELECT a FROM t WHERE id = 5 /* b */ c", NULL, NULL},
    {"SELECT a FROM t WHERE id = 5 =/* b */", NULL, NULL},
    {"SELECT a FROM t WHERE id = $1 AND x = 5", NULL, NULL},
    {"SELECT a FROM t WHERE id = $$5$$ AND x = 5", NULL, NULL},
    {"SELECT a FROM t WHERE id = E'5' AND x = 5", NULL, NULL},
    {"SELECT a FROM t WHERE id = U&'5' AND x = 5", NULL, NULL},
    {"SELECT a FROM t WHERE id = '5'\n'6' AND x = 5", NULL, NULL},
    {"SELECT a FROM t WHERE id = 'open", NULL, NULL},
    {"SELECT a FROM t WHERE \"open = 5", NULL, NULL},
};

static void
check(const struct row *row)
{
    struct template template;
    char values[256] = "";
    bool is_made = template_make(&template, view_of_text(row->text));

    if (!row->template) {
        if (is_made)
            fail_msg("%s: made %.*s", row->text, (int)template.length, (char *)template.text);
        return;
    }
    if (!is_made)
        fail_msg("%s: made none", row->text);
    assert_int_equal(template.length, strlen(row->template));
    assert_memory_equal(template.text, row->template, template.length);
    for (size_t i = 0; i < template.count; i++) {
        size_t at = strlen(values);

        snprintf(values + at, sizeof(values) - at, "%s%.*s", i ? "|" : "",
                 (int)template.values[i].value.length,
                 (const char *)template.values[i].value.bytes);
    }
    assert_string_equal(values, row->values);
}

static void
constants_become_parameters(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&rows[i]);
}

static void
no_truncation_and_no_byte_reads_beyond(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t length = strlen(rows[i].text);

        for (size_t n = 0; n <= length; n++) {
            struct template template;
            uint8_t *copy = test_malloc(n + 1);

            memcpy(copy, rows[i].text, n);
            template_make(&template, view_of(copy, n));
            assert_true(template.length <= TEMPLATE_TEXT_MAX);
            test_free(copy);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_become_parameters),
        cmocka_unit_test(no_truncation_and_no_byte_reads_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
