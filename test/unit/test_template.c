/* SPDX-License-Identifier: Apache-2.0 */
/* Which constants of a text are taken out, and which texts make no template. */
#include "postgres/template.h"
#include "random.h"
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

static void
make_of(struct template *template, const char *text)
{
    if (!template_make(template, view_of_text(text)))
        fail_msg("%s: made none", text);
}

static void
numbers_alone_make_it_the_same_again(void **state PASU_UNUSED)
{
    static const char *const alike[] = {"SELECT a FROM t WHERE id = 123 LIMIT 7;",
                                        "SELECT a FROM t WHERE id = 0 LIMIT 100000000000000000;"},
                             *const others[] = {
                                 "SELECT a FROM t WHERE id = 07 LIMIT 7;",
                                 "SELECT a FROM t WHERE id = 1.5 LIMIT 7;",
                                 "SELECT a FROM t WHERE id = 1000000000000000000 LIMIT 7;",
                                 "SELECT a FROM t WHERE id = -1 LIMIT 7;",
                                 "SELECT a FROM t WHERE id = 1e LIMIT 7;",
                                 "SELECT a FROM t WHERE id = LIMIT 7;",
                                 "SELECT a FROM t WHERE id = 1 LIMIT 7; ",
                                 "SELECT a FROM t WHERE id = 1 LIMIT 7",
                                 "SELECT b FROM t WHERE id = 1 LIMIT 7;",
                                 "SELECT a FROM t WHERE id = 1 limit 7;",
                                 "SELECT a FROM t WHERE id = 1 LIMIT",
                                 "SELECT a FROM t",
                                 ""};
    struct template template;

    for (size_t i = 0; i < COUNT_OF(alike); i++) {
        make_of(&template, "SELECT a FROM t WHERE id = 5 LIMIT 10;");
        assert_true(template_again(&template, view_of_text(alike[i])));
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        make_of(&template, "SELECT a FROM t WHERE id = 5 LIMIT 10;");
        if (template_again(&template, view_of_text(others[i])))
            fail_msg("%s: the same again", others[i]);
    }
    /* What a comment says is asked of each text. */
    make_of(&template, "SELECT a FROM t WHERE id = 5 /*actor='k'*/");
    assert_false(
        template_again(&template, view_of_text("SELECT a FROM t WHERE id = 6 /*actor='k'*/")));
    assert_false(template_make(&template, view_of_text("SELECT 1")));
    assert_false(template_again(&template, view_of_text("SELECT 1")));
}

/* Of any text: where it is the same again, it is what making it anew gives. */
static void
the_same_again_is_what_is_made_anew(void **state PASU_UNUSED)
{
    static const char bytes[] = "0123456789 ,.$'\"=-/*();eEx_";
    struct random random = {.state = 1};
    size_t same = 0;

    for (int round = 0; round < 200000; round++) {
        const struct row *row = &rows[random_below(&random, COUNT_OF(rows))];
        size_t length = strlen(row->text);
        static struct template template, anew;
        char text[256];

        if (!row->template)
            continue;
        make_of(&template, row->text);
        memcpy(text, row->text, length + 1);
        for (uint32_t n = 1 + random_below(&random, 3); n > 0; n--) {
            size_t at = random_below(&random, (uint32_t)length);

            /* Mostly digits, which leave it what it is. */
            if (text[at] >= '0' && text[at] <= '9' && random_below(&random, 8))
                text[at] = (char)('0' + random_below(&random, 10));
            else if (!random_below(&random, 8))
                text[at] = bytes[random_below(&random, sizeof(bytes) - 1)];
        }
        if (!template_again(&template, view_of_text(text)))
            continue;
        same++;
        make_of(&anew, text);
        assert_int_equal(template.length, anew.length);
        assert_memory_equal(template.text, anew.text, anew.length);
        assert_int_equal(template.count, anew.count);
        assert_memory_equal(template.values, anew.values, anew.count * sizeof(anew.values[0]));
    }
    assert_true(same > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_become_parameters),
        cmocka_unit_test(no_truncation_and_no_byte_reads_beyond),
        cmocka_unit_test(numbers_alone_make_it_the_same_again),
        cmocka_unit_test(the_same_again_is_what_is_made_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
