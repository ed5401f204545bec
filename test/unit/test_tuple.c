/* SPDX-License-Identifier: Apache-2.0 */
/* Several values are one key: written in one way, and two keys are equal when all parts are. */
#include "exposure/tuple.h"
#include "random.h"
#include "unit.h"

#define NONE view_of(NULL, 0)

static void
check_written(struct tuple tuple, const char *expected)
{
    uint8_t space[TUPLE_TEXT_MAX];
    struct view text;

    assert_int_equal(tuple_write(&tuple, space, &text), 0);
    if (!view_equal(text, view_of_text(expected)))
        fail_msg("%.*s is not %s", (int)text.length, (const char *)text.bytes, expected);
}

static void
a_key_is_a_json_array_of_texts(void **state)
{
    (void)state;
    check_written((struct tuple){2, {VIEW("이영희"), VIEW("010-1234-5678")}},
                  "[\"이영희\",\"010-1234-5678\"]");
    check_written((struct tuple){2, {VIEW("이영희"), NONE}}, "[\"이영희\",null]");
    check_written((struct tuple){2, {VIEW("이영희"), VIEW("")}}, "[\"이영희\",\"\"]");
    check_written((struct tuple){3, {NONE, VIEW("7"), VIEW("null")}}, "[null,\"7\",\"null\"]");
    check_written((struct tuple){1, {VIEW("a\"b\\c\n\t\x01\x1f\x7f/")}},
                  "[\"a\\\"b\\\\c\\n\\t\\u0001\\u001f\x7f/\"]");
}

static void
what_is_no_key_is_not_written(void **state)
{
    uint8_t space[TUPLE_TEXT_MAX];
    char longest[TUPLE_TEXT_MAX - 4 + 1]; /* the brackets and quotes take four */
    struct view text;

    (void)state;
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(tuple_write(&(struct tuple){2, {NONE, NONE}}, space, &text), PASU_E_NOTFOUND);
    assert_int_equal(tuple_write(&(struct tuple){1, {VIEW("\xc0\x80")}}, space, &text),
                     PASU_E_MALFORMED);
    assert_int_equal(tuple_write(&(struct tuple){1, {view_of("a\0b", 3)}}, space, &text),
                     PASU_E_MALFORMED);
    assert_int_equal(
        tuple_write(&(struct tuple){1, {view_of(longest, sizeof(longest) - 1)}}, space, &text), 0);
    assert_int_equal(text.length, TUPLE_TEXT_MAX);
    assert_int_equal(
        tuple_write(&(struct tuple){1, {view_of(longest, sizeof(longest))}}, space, &text),
        PASU_E_RANGE);
}

/* However somebody writes the array, it is the same key. */
static void
an_array_is_read_however_it_is_written(void **state)
{
    static const struct {
        const char *json, *canonical; /* NULL: it is none */
    } cases[] = {
        {"[\"이영희\",\"010\"]", "[\"이영희\",\"010\"]"},
        {" [ \"\\uC774\\uC601\\ud76c\" ,\n\"010\" ]\t", "[\"이영희\",\"010\"]"},
        {"[\"\\ud83d\\ude00\\/\"]", "[\"😀/\"]"},
        {"[null,\"\"]", "[null,\"\"]"},
        {"[7,\"a\",-1.50]", "[\"7\",\"a\",\"-1.50\"]"},
        {"[\"\\u0001\\b\"]", "[\"\\u0001\\b\"]"},
        {"", NULL},
        {"[]", NULL},
        {"[,]", NULL},
        {"[\"a\",]", NULL},
        {"[\"a\"", NULL},
        {"[\"a\"]x", NULL},
        {"[\"a\nb\"]", NULL},
        {"[\"\\u0000\"]", NULL},
        {"[\"\\ud83d\"]", NULL},
        {"[\"\\ude00\"]", NULL},
        {"[\"\\x\"]", NULL},
        {"[nul]", NULL},
        {"[true]", NULL},
        {"[[\"a\"]]", NULL},
        {"{\"a\":1}", NULL},
        {"[1,2,3,4,5]", NULL},
        {"\"a\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t values[TUPLE_TEXT_MAX], space[TUPLE_TEXT_MAX];
        struct tuple tuple;
        struct view text;
        int result = tuple_read(&tuple, view_of_text(cases[i].json), values);

        if (!cases[i].canonical) {
            if (result != PASU_E_MALFORMED)
                fail_msg("%s is taken for a key", cases[i].json);
            continue;
        }
        if (result != 0 || tuple_write(&tuple, space, &text) != 0 ||
            !view_equal(text, view_of_text(cases[i].canonical)))
            fail_msg("%s is not %s", cases[i].json, cases[i].canonical);
    }
}

/* Parts of quotes, commas and brackets, and nulls: no two tuples have one text, and what is written
 * is read again. */
static void
texts_are_equal_only_where_all_parts_are(void **state)
{
    static const char *const values[] = {NULL, "", "\"", "\\", ",", "\",\"", "]", "null", "a"};
    enum { N = COUNT_OF(values) };
    static uint8_t texts[N * N][TUPLE_TEXT_MAX];
    static struct view written[N * N];

    (void)state;
    for (size_t i = 1; i < N * N; i++) { /* the first is nobody */
        struct tuple again, tuple = {.count = 2};
        uint8_t space[TUPLE_TEXT_MAX];

        for (size_t k = 0; k < 2; k++) {
            const char *value = values[k == 0 ? i / N : i % N];

            tuple.parts[k] = value ? view_of_text(value) : NONE;
        }
        assert_int_equal(tuple_write(&tuple, texts[i], &written[i]), 0);
        for (size_t j = 1; j < i; j++)
            if (view_equal(written[i], written[j]))
                fail_msg("two keys are %.*s", (int)written[i].length, (const char *)texts[i]);
        assert_int_equal(tuple_read(&again, written[i], space), 0);
        assert_int_equal(again.count, 2);
        for (size_t k = 0; k < 2; k++) {
            assert_true(view_equal(again.parts[k], tuple.parts[k]));
            assert_int_equal(again.parts[k].bytes == NULL, tuple.parts[k].bytes == NULL);
        }
    }
}

/* Hostile bytes: nothing is read beyond them, and what is read can be written. */
static void
any_bytes_are_read_or_refused(void **state)
{
    static const char alphabet[] = "[],\"\\u0d8nul \xec\x9d\xb4";
    struct random random = {7};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint8_t values[TUPLE_TEXT_MAX], space[TUPLE_TEXT_MAX];
        char bytes[24];
        size_t length = random_below(&random, sizeof(bytes) + 1);
        struct tuple tuple;
        struct view text;

        for (size_t k = 0; k < length; k++)
            bytes[k] = alphabet[random_below(&random, sizeof(alphabet) - 1)];
        if (length > 0 && random_below(&random, 2))
            bytes[0] = '[';
        if (tuple_read(&tuple, view_of(bytes, length), values) != 0)
            continue;
        assert_in_range(tuple.count, 1, TUPLE_PARTS_MAX);
        if (tuple_write(&tuple, space, &text) == 0)
            assert_int_equal(tuple_read(&tuple, text, values), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_a_json_array_of_texts),
        cmocka_unit_test(what_is_no_key_is_not_written),
        cmocka_unit_test(an_array_is_read_however_it_is_written),
        cmocka_unit_test(texts_are_equal_only_where_all_parts_are),
        cmocka_unit_test(any_bytes_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
