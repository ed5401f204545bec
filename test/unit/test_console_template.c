/* SPDX-License-Identifier: Apache-2.0 */
#include "console/template.h"
#include "console/words.h"
#include "unit.h"

#include <stdlib.h>

static struct view
find(const char *name)
{
    if (strcmp(name, "part") == 0)
        return view_of_text("[{{a}}]");
    if (strcmp(name, "round") == 0)
        return view_of_text("{{>round}}");
    return view_of(NULL, 0);
}

static char page[4096];

static int
render(const char *text, const char *values)
{
    json_t *value = json_loads(values, 0, NULL);
    const json_t *scopes[] = {value};
    FILE *file = fmemopen(page, sizeof(page), "w");
    int result;

    assert_non_null(value);
    assert_non_null(file);
    result = template_render(file, view_of_text(text), find, scopes, 1);
    fclose(file);
    json_decref(value);
    return result;
}

static void
check(const char *text, const char *values, const char *due)
{
    assert_int_equal(render(text, values), 0);
    assert_string_equal(page, due);
}

static void
a_value_gets_into_no_page_unescaped(void **state PASU_UNUSED)
{
    check("<p title=\"{{a}}\">{{a}}</p>", "{\"a\":\"<script>'\\\"&\\u0001\"}",
          "<p title=\"&lt;script&gt;&#39;&quot;&amp;\">&lt;script&gt;&#39;&quot;&amp;</p>");
    check("{{a}}", "{\"a\":\"{{b}}\",\"b\":\"<\"}", "{{b}}");
    check("{{%a}}", "{\"a\":\"<b>{{b}}</b>\",\"b\":\"{{c}}<i>\",\"c\":\"x\"}",
          "&lt;b&gt;{{c}}&lt;i&gt;&lt;/b&gt;");
    check("{{#list}}<li>{{.}}{{a}}</li>{{/list}}", "{\"list\":[{\"a\":\"<\"},{\"a\":\">\"}]}",
          "<li>&lt;</li><li>&gt;</li>");
}

static void
sections(void **state PASU_UNUSED)
{
    check("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":true}", "yes");
    check("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":\"\"}", "no");
    check("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":[]}", "no");
    check("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{\"a\":0}", "no");
    check("{{#a}}yes{{/a}}{{^a}}no{{/a}}", "{}", "no");
    check("{{#a}}{{b}}{{#a}}{{c}}{{/a}}{{/a}}", "{\"a\":{\"b\":1},\"c\":2}", "12");
    check("{{#a}}{{b}},{{/a}}{{b}}", "{\"a\":[{\"b\":1},{\"c\":0}],\"b\":3}", "1,3,3");
    check("{{>part}}{{>none}}", "{\"a\":\"&\"}", "[&amp;]");
}

static void
what_is_no_template_is_refused(void **state PASU_UNUSED)
{
    static const char *const wrong[] = {"{{a",
                                        "{{#a}}",
                                        "{{/a}}",
                                        "{{#a}}{{/b}}",
                                        "{{}}",
                                        "{{#a}}{{#b}}{{/a}}{{/b}}",
                                        "{{a_name_that_is_longer_than_any_that_there_is_in_it}}"};

    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(render(wrong[i], "{\"a\":1,\"b\":1}"), PASU_E_MALFORMED);
    assert_int_equal(render("{{>round}}", "{}"), PASU_E_RANGE);
    assert_int_equal(render("{{%a}}", "{\"a\":\"{{%a}}\"}"), PASU_E_RANGE);
}

/* Both languages say the same things, and every page that is carried can be rendered. */
static void
what_is_carried(void **state PASU_UNUSED)
{
    static const char *const pages[] = {"ask.html", "code.html", "note.html", "shown.html"};
    json_t *korean = words_load(INQUIRY_KOREAN), *english = words_load(INQUIRY_ENGLISH), *value;
    const char *name;

    assert_non_null(korean);
    assert_non_null(english);
    assert_int_equal(json_object_size(korean), json_object_size(english));
    json_object_foreach(korean, name, value)
    {
        assert_true(json_string_length(value) > 0);
        assert_true(json_string_length(json_object_get(english, name)) > 0);
    }
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        const json_t *scopes[] = {korean};
        FILE *file = fopen("/dev/null", "w");

        assert_true(words_file(pages[i]).length > 0);
        assert_int_equal(
            template_render(file, words_file(pages[i]), words_file, scopes, COUNT_OF(scopes)), 0);
        fclose(file);
    }
    assert_int_equal(words_file("none").length, 0);
    json_decref(korean);
    json_decref(english);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_gets_into_no_page_unescaped),
        cmocka_unit_test(sections),
        cmocka_unit_test(what_is_no_template_is_refused),
        cmocka_unit_test(what_is_carried),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
