/* SPDX-License-Identifier: Apache-2.0 */
/* From text to nodes: where they stand, and what is not allowed. */
#include "config/yaml.h"
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

struct tree {
    struct store store;
    struct config_faults faults;
    struct yaml_node *root;
    int result;
};

static struct tree
tree_of_bytes(const void *bytes, size_t length)
{
    struct tree tree = {0};

    tree.result = yaml_parse(&tree.root, &tree.store, view_of(bytes, length), "f", &tree.faults);
    return tree;
}

static struct tree
tree_of(const char *text)
{
    return tree_of_bytes(text, strlen(text));
}

static void
tree_release(struct tree *tree)
{
    config_faults_release(&tree->faults);
    store_release(&tree->store);
}

/* The text has one fault, at this place, with these words in it. */
static void
assert_fault(const char *text, size_t length, uint32_t line, uint32_t column, const char *words)
{
    struct tree tree = tree_of_bytes(text, length);

    assert_int_equal(tree.faults.count, 1);
    if (strstr(tree.faults.items[0].text, words) == NULL || tree.faults.items[0].line != line ||
        tree.faults.items[0].column != column)
        print_error("%.100s: %u:%u %s\n", text, tree.faults.items[0].line,
                    tree.faults.items[0].column, tree.faults.items[0].text);
    assert_non_null(strstr(tree.faults.items[0].text, words));
    assert_int_equal(tree.faults.items[0].line, line);
    assert_int_equal(tree.faults.items[0].column, column);
    tree_release(&tree);
}

#define ASSERT_FAULT(text, line, column, words)                                                    \
    assert_fault((text), sizeof(text) - 1, (line), (column), (words))

static const struct yaml_node *
child(const struct yaml_node *node, size_t index)
{
    const struct yaml_node *at = node->first;

    while (index-- > 0)
        at = at->next;
    return at;
}

static void
nodes_know_where_they_stand(void **state PASU_UNUSED)
{
    struct tree tree = tree_of("# comment\n"
                               "a:\n"
                               "  한글: [x, 'y', \"z\"]\n"
                               "  e:\n"
                               "b: off\n");
    const struct yaml_node *a = child(tree.root, 0), *list = child(a, 0);

    assert_int_equal(tree.result, 0);
    assert_int_equal(tree.faults.count, 0);
    assert_int_equal(tree.root->kind, YAML_MAP);
    assert_int_equal(tree.root->count, 2);
    assert_string_equal(a->key->text, "a");
    assert_int_equal(a->key->line, 2);
    assert_int_equal(a->key->column, 1);
    assert_string_equal(list->key->text, "한글");
    assert_int_equal(list->kind, YAML_LIST);
    assert_int_equal(list->count, 3);
    assert_int_equal(list->line, 3);
    assert_int_equal(list->column, 7);
    assert_string_equal(child(list, 1)->text, "y");
    assert_int_equal(child(list, 1)->column, 11);
    assert_int_equal(child(list, 2)->column, 16);
    assert_int_equal(child(a, 1)->kind, YAML_EMPTY);
    assert_int_equal(child(a, 1)->line, 4);
    assert_string_equal(child(tree.root, 1)->text, "off");
    assert_null(child(tree.root, 1)->next);
    tree_release(&tree);
}

static void
line_ends_of_any_editor_and_a_byte_order_mark_are_accepted(void **state PASU_UNUSED)
{
    struct tree tree = tree_of("\xEF\xBB\xBF"
                               "a: b\r\n\r\nc: d\r\n");

    assert_int_equal(tree.faults.count, 0);
    assert_int_equal(tree.root->count, 2);
    assert_string_equal(child(tree.root, 0)->text, "b");
    assert_int_equal(child(tree.root, 1)->line, 3);
    tree_release(&tree);
}

static void
null_is_no_text_unless_quoted(void **state PASU_UNUSED)
{
    struct tree tree = tree_of("[~, null, \"\", '~', \"null\", nulls]\n");

    assert_int_equal(tree.faults.count, 0);
    assert_int_equal(child(tree.root, 0)->kind, YAML_EMPTY);
    assert_int_equal(child(tree.root, 1)->kind, YAML_EMPTY);
    for (size_t i = 2; i < 6; i++)
        assert_int_equal(child(tree.root, i)->kind, YAML_TEXT);
    assert_string_equal(child(tree.root, 2)->text, "");
    tree_release(&tree);
}

static void
quotes_in_quotes_are_read_right(void **state PASU_UNUSED)
{
    struct tree tree =
        tree_of("['', 'it''s', '''''ny', '한''''글', \"\\\"a'\\x41\", '\\n', '\"']\n");
    static const char *const texts[] = {"", "it's", "''ny", "한''글", "\"a'A", "\\n", "\""};

    assert_int_equal(tree.faults.count, 0);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_string_equal(child(tree.root, i)->text, texts[i]);
    tree_release(&tree);
    ASSERT_FAULT("a: 'b\n  c'\n", 1, 4, "on several lines");
}

static void
a_text_without_a_document_has_no_tree(void **state PASU_UNUSED)
{
    static const char *const texts[] = {"", "\n\n", "# a\n", "\xEF\xBB\xBF", "   "};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct tree tree = tree_of(texts[i]);

        assert_int_equal(tree.result, 0);
        assert_int_equal(tree.faults.count, 0);
        assert_null(tree.root);
        tree_release(&tree);
    }
}

static void
what_a_configuration_does_not_need_is_a_fault(void **state PASU_UNUSED)
{
    ASSERT_FAULT("a: &x b\n", 1, 4, "an anchor");
    ASSERT_FAULT("a: *x\n", 1, 4, "an alias");
    ASSERT_FAULT("a: !!int 1\n", 1, 4, "a tag");
    ASSERT_FAULT("a: b\n---\nc: d\n", 2, 1, "a second document");
    ASSERT_FAULT("a: |\n  b\n", 1, 1, "a block text");
    ASSERT_FAULT("x: 1\na: >-\n  b\n", 2, 1, "a block text");
    ASSERT_FAULT("? [a]\n: b\n", 1, 3, "a key is a map or a list");
    ASSERT_FAULT(": b\n", 1, 1, "a key is empty");
    ASSERT_FAULT("a: \"b\\nc\"\n", 1, 4, "a control character");
    ASSERT_FAULT("a: \"b\\0c\"\n", 1, 4, "a control character");
    ASSERT_FAULT("a: \"\\u202e\"\n", 1, 4, "a control character");
}

static void
what_is_no_yaml_has_the_place_and_the_reason(void **state PASU_UNUSED)
{
    ASSERT_FAULT("a: [b\n", 2, 1, "not YAML: ");
    ASSERT_FAULT("a: \"b\n", 1, 5, "not YAML: ");
    ASSERT_FAULT("a: [::1]:5432\n", 1, 9, "not YAML: ");
    ASSERT_FAULT("a: b\n  c: d\n", 1, 4, "not YAML: ");
}

static void
bytes_that_are_no_plain_text_are_refused_before_they_are_parsed(void **state PASU_UNUSED)
{
    ASSERT_FAULT("a: \x80\n", 1, 4, "a byte 0x80");
    ASSERT_FAULT("a: b\nc: \xC3\n", 2, 4, "a byte 0xc3");
    ASSERT_FAULT("a: \xC0\x80\n", 1, 4, "a byte 0xc0");
    ASSERT_FAULT("a: \xED\xA0\x80\n", 1, 4, "a byte 0xed");
    ASSERT_FAULT("a: \xF5\x80\x80\x80\n", 1, 4, "a byte 0xf5");
    ASSERT_FAULT("a: b\0c\n", 1, 5, "a control character U+0000");
    ASSERT_FAULT("a: b\rc: d\n", 1, 5, "a control character U+000D");
    ASSERT_FAULT("a: \xE2\x80\xAE\n", 1, 4, "a control character U+202E");
    ASSERT_FAULT("a: \x1b[31m\n", 1, 4, "a control character U+001B");
}

static char *
repeat(const char *start, const char *piece, size_t count, size_t *length)
{
    size_t head = strlen(start), size = strlen(piece);
    char *text = test_malloc(head + size * count);

    memcpy(text, start, head);
    for (size_t i = 0; i < count; i++)
        memcpy(text + head + i * size, piece, size);
    *length = head + size * count;
    return text;
}

static void
sizes_depths_and_numbers_have_limits(void **state PASU_UNUSED)
{
    static const struct {
        const char *start, *piece;
        size_t count;
        uint32_t line, column;
        const char *words;
    } cases[] = {
        {"", "[", 17, 1, 17, "more than 16 maps and lists"},
        {"", "- ", 17, 1, 33, "more than 16 maps and lists"},
        {"", "[", 2000000, 1, 1000001, "words and signs"},
        {"a: ", "&a ", 2000000, 1, 2999998 + 6, "words and signs"},
        {"a: ", "b", YAML_TEXT_MAX + 1, 1, 4, "longer than 4096 bytes"},
        {"", "- a\n", YAML_NODES_MAX, YAML_NODES_MAX, 3, "more than 1000000 values"},
        {"#", "a", CONFIG_SIZE_MAX, 0, 0, "larger than 16 MiB"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t length;
        char *text = repeat(cases[i].start, cases[i].piece, cases[i].count, &length);

        assert_fault(text, length, cases[i].line, cases[i].column, cases[i].words);
        test_free(text);
    }
}

/* The library's own way to tell of faults is to print them. */
static void
nothing_is_printed(void **state PASU_UNUSED)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    struct tree tree;
    off_t written;

    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    tree = tree_of("a: [b\n");
    tree_release(&tree);
    tree = tree_of("%YAML 9.9\n---\na: 1\n");
    tree_release(&tree);
    tree = tree_of("a: 1\na: 1\n");
    tree_release(&tree);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    written = lseek(fileno(file), 0, SEEK_END);
    close(saved);
    fclose(file);
    assert_int_equal(written, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_know_where_they_stand),
        cmocka_unit_test(line_ends_of_any_editor_and_a_byte_order_mark_are_accepted),
        cmocka_unit_test(null_is_no_text_unless_quoted),
        cmocka_unit_test(quotes_in_quotes_are_read_right),
        cmocka_unit_test(a_text_without_a_document_has_no_tree),
        cmocka_unit_test(what_a_configuration_does_not_need_is_a_fault),
        cmocka_unit_test(what_is_no_yaml_has_the_place_and_the_reason),
        cmocka_unit_test(bytes_that_are_no_plain_text_are_refused_before_they_are_parsed),
        cmocka_unit_test(sizes_depths_and_numbers_have_limits),
        cmocka_unit_test(nothing_is_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
