/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/arguments.h"
#include "unit.h"

enum { WORDS_MAX = 16 };

struct parsed {
    char words[WORDS_MAX][32];
    char *argv[WORDS_MAX + 1];
    struct arguments arguments;
    struct arguments_fault fault;
    int result;
};

/* Parses "pasu" and the words of `line`, which are separated by single spaces. */
static void
parse(struct parsed *p, const char *line)
{
    int argc = 0;

    memset(p, 0, sizeof(*p));
    snprintf(p->words[argc++], sizeof(p->words[0]), "pasu");
    while (*line != '\0') {
        size_t length = strcspn(line, " ");

        assert_true(argc < WORDS_MAX && length < sizeof(p->words[0]));
        memcpy(p->words[argc++], line, length);
        line += length + (line[length] == ' ');
    }
    for (int i = 0; i < argc; i++)
        p->argv[i] = p->words[i];
    p->result = arguments_parse(&p->arguments, argc, p->argv, &p->fault);
}

static void
assert_refused(const char *line, const char *text, const char *hint)
{
    struct parsed p;

    parse(&p, line);
    assert_int_equal(p.result, PASU_E_USAGE);
    assert_null(p.arguments.command);
    assert_string_equal(p.fault.text, text);
    assert_string_equal(p.fault.hint, hint);
}

static void
all_forms_of_an_option_mean_the_same(void **state PASU_UNUSED)
{
    static const char *const lines[] = {"check -c a.yaml", "check -ca.yaml",
                                        "check --config a.yaml", "check --config=a.yaml",
                                        "check --json -c a.yaml"};
    struct parsed p;

    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        parse(&p, lines[i]);
        assert_int_equal(p.result, 0);
        assert_ptr_equal(p.arguments.command, &commands[COMMAND_check]);
        assert_string_equal(p.arguments.values[OPTION_config], "a.yaml");
    }
    assert_true(arguments_given(&p.arguments, OPTION_json));
    assert_false(arguments_given(&p.arguments, OPTION_connect));
}

static void
operands_stand_anywhere_and_keep_their_order(void **state PASU_UNUSED)
{
    struct parsed p;

    parse(&p, "kill one -c f two --json -- --three -");
    assert_int_equal(p.result, 0);
    assert_int_equal(p.arguments.operand_count, 4);
    assert_string_equal(p.arguments.operands[0], "one");
    assert_string_equal(p.arguments.operands[1], "two");
    assert_string_equal(p.arguments.operands[2], "--three");
    assert_string_equal(p.arguments.operands[3], "-");
}

static void
help_and_version_are_commands_too(void **state PASU_UNUSED)
{
    struct parsed p;

    parse(&p, "--help");
    assert_ptr_equal(p.arguments.command, &commands[COMMAND_help]);
    assert_false(arguments_given(&p.arguments, OPTION_help));
    parse(&p, "-V --json");
    assert_ptr_equal(p.arguments.command, &commands[COMMAND_version]);
    assert_true(arguments_given(&p.arguments, OPTION_json));
}

static void
help_of_a_command_demands_nothing_else(void **state PASU_UNUSED)
{
    struct parsed p;

    parse(&p, "guard --help");
    assert_int_equal(p.result, 0);
    assert_true(arguments_given(&p.arguments, OPTION_help));
    parse(&p, "completion -h");
    assert_int_equal(p.result, 0);
}

static void
an_unknown_command_is_told_with_the_nearest(void **state PASU_UNUSED)
{
    assert_refused("staus", "there is no command \"staus\"",
                   "did you mean: pasu status? All commands: pasu help");
    assert_refused("sesions -c f", "there is no command \"sesions\"",
                   "did you mean: pasu sessions? All commands: pasu help");
    assert_refused("chekc", "there is no command \"chekc\"",
                   "did you mean: pasu check? All commands: pasu help");
    assert_refused("frobnicate", "there is no command \"frobnicate\"", "all commands: pasu help");
    assert_refused("", "no command is given", "all commands: pasu help");
}

static void
what_a_command_does_not_take_is_refused(void **state PASU_UNUSED)
{
    assert_refused("guard -c f --json", "guard does not take the option --json",
                   "see: pasu help guard");
    assert_refused("check -c f --conect", "check does not take the option --conect",
                   "did you mean --connect? See: pasu help check");
    assert_refused("check -c f -x", "check does not take the option -x", "see: pasu help check");
    assert_refused("check -c f more", "check does not take \"more\"", "see: pasu help check");
    assert_refused("check -c f --json=1", "--json takes no argument", "see: pasu help check");
    assert_refused("check -c f -c g", "--config is given twice", "see: pasu help check");
    assert_refused("--json check", "there is no option \"--json\" before the command",
                   "the command comes first: pasu COMMAND [OPTION]...");
}

static void
what_a_command_needs_is_demanded(void **state PASU_UNUSED)
{
    assert_refused("guard", "guard needs --config FILE", "see: pasu help guard");
    assert_refused("guard -c", "--config needs its FILE", "see: pasu help guard");
    assert_refused("guard --config=", "the FILE of --config is empty", "see: pasu help guard");
    assert_refused("completion", "completion needs more operands", "see: pasu help completion");
}

static void
long_junk_neither_matches_nor_overflows(void **state PASU_UNUSED)
{
    char word[5000], program[] = "pasu";
    char *argv[] = {program, word, NULL};
    struct arguments arguments;
    struct arguments_fault fault;

    memset(word, 'k', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    assert_int_equal(arguments_parse(&arguments, 2, argv, &fault), PASU_E_USAGE);
    assert_true(strlen(fault.text) < 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_of_an_option_mean_the_same),
        cmocka_unit_test(operands_stand_anywhere_and_keep_their_order),
        cmocka_unit_test(help_and_version_are_commands_too),
        cmocka_unit_test(help_of_a_command_demands_nothing_else),
        cmocka_unit_test(an_unknown_command_is_told_with_the_nearest),
        cmocka_unit_test(what_a_command_does_not_take_is_refused),
        cmocka_unit_test(what_a_command_needs_is_demanded),
        cmocka_unit_test(long_junk_neither_matches_nor_overflows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
