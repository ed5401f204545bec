/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of the command table: whatever is added to command.def must keep them. */
#include "cli/command.h"
#include "cli/help.h"
#include "unit.h"

/* What works without a guard, too, is for who may write the ledger's files. */
static void
what_changes_something_is_audited_and_for_operators_only(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].effect == EFFECT_CHANGES) {
            assert_true(commands[i].is_audited);
            assert_true(
                commands[i].who == WHO_OPERATOR || strcmp(commands[i].name, "hold") == 0 ||
                strcmp(commands[i].name, "ack") == 0 || strcmp(commands[i].name, "index") == 0 ||
                strcmp(commands[i].name, "erase") == 0 || strcmp(commands[i].name, "ledger") == 0 ||
                strcmp(commands[i].name, "roster") == 0 || strcmp(commands[i].name, "decoy") == 0 ||
                strcmp(commands[i].name, "incident") == 0 ||
                strcmp(commands[i].name, "notify") == 0 || strcmp(commands[i].name, "report") == 0);
        }
}

/* Who may do what, written out: adding a command means deciding this here too. */
static void
the_matrix_of_rights_is_this_one(void **state PASU_UNUSED)
{
    static const struct {
        const char *name;
        enum command_who who;
        enum command_effect effect;
        bool is_audited;
    } rights[] = {
        {"guard", WHO_ANYBODY, EFFECT_SERVES, false},
        {"check", WHO_ANYBODY, EFFECT_READS, false},
        {"doctor", WHO_ANYBODY, EFFECT_READS, true},
        {"status", WHO_OPERATOR, EFFECT_READS, false},
        {"sessions", WHO_OPERATOR, EFFECT_READS, false},
        {"kill", WHO_OPERATOR, EFFECT_CHANGES, true},
        {"approve", WHO_OPERATOR, EFFECT_CHANGES, true},
        {"deny", WHO_OPERATOR, EFFECT_CHANGES, true},
        {"scope", WHO_ANYBODY, EFFECT_READS, true},
        {"subject", WHO_ANYBODY, EFFECT_READS, true},
        {"trace", WHO_ANYBODY, EFFECT_READS, true},
        {"match", WHO_ANYBODY, EFFECT_READS, true},
        {"fingerprint", WHO_ANYBODY, EFFECT_READS, true},
        {"ledger", WHO_ANYBODY, EFFECT_CHANGES, true},
        {"erase", WHO_ANYBODY, EFFECT_CHANGES, true},
        {"hold", WHO_ANYBODY, EFFECT_CHANGES, true},
        {"marks", WHO_OPERATOR, EFFECT_CHANGES, true},
        {"decoy", WHO_ANYBODY, EFFECT_CHANGES, true},
        {"ack", WHO_ANYBODY, EFFECT_CHANGES, true},
        {"incident", WHO_ANYBODY, EFFECT_CHANGES, true},
        {"notify", WHO_ANYBODY, EFFECT_CHANGES, true},
        {"report", WHO_ANYBODY, EFFECT_CHANGES, true},
        {"scan", WHO_ANYBODY, EFFECT_READS, false},
        {"drill", WHO_ANYBODY, EFFECT_READS, true},
        {"certify", WHO_ANYBODY, EFFECT_READS, true},
        {"explain", WHO_ANYBODY, EFFECT_READS, false},
        {"index", WHO_ANYBODY, EFFECT_CHANGES, true},
        {"roster", WHO_ANYBODY, EFFECT_CHANGES, true},
        {"help", WHO_ANYBODY, EFFECT_READS, false},
        {"completion", WHO_ANYBODY, EFFECT_READS, false},
        {"version", WHO_ANYBODY, EFFECT_READS, false},
    };

    assert_int_equal(COUNT_OF(rights), COMMAND_COUNT);
    for (size_t i = 0; i < COUNT_OF(rights); i++) {
        const struct command *command = command_find(rights[i].name);

        assert_non_null(command);
        assert_int_equal(command->who, rights[i].who);
        assert_int_equal(command->effect, rights[i].effect);
        assert_int_equal(command->is_audited, rights[i].is_audited);
    }
}

/* Its synopsis is what usage says, up to its last word. */
static void
a_manual_page_has_the_whole_usage(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *usage = commands[i].usage, *end = usage + strlen(usage);
        char *page = NULL, due[64];
        size_t size = 0;
        FILE *file = open_memstream(&page, &size);

        assert_non_null(file);
        man_print(file, &commands[i]);
        fclose(file);
        while (end > usage && strchr(" -\n", end[-1]) == NULL)
            end--;
        snprintf(due, sizeof(due), "%s\n.SH DESCRIPTION", end);
        assert_non_null(strstr(page, due));
        while (usage != NULL) { /* each of its forms */
            assert_true(strcspn(usage, "\n") < 512);
            usage = strchr(usage, '\n');
            usage = usage != NULL ? usage + 1 : NULL;
        }
        free(page);
    }
}

static void
operators_commands_name_the_configuration(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (commands[i].who == WHO_OPERATOR)
            assert_true((commands[i].required & OPTION_BIT(config)) != 0);
}

static void
usage_names_exactly_the_options_that_are_taken(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        for (unsigned o = 0; o < OPTION_COUNT; o++) {
            char name[64];
            bool is_named;

            if (o == OPTION_help)
                continue;
            snprintf(name, sizeof(name), o == OPTION_config ? "-c FILE" : "--%s", options[o].name);
            is_named = strstr(commands[i].usage, name) != NULL;
            assert_int_equal(is_named, command_takes(&commands[i], (enum option_id)o));
            assert_true((commands[i].required & ~commands[i].options) == 0);
        }
}

static bool
is_plain(const char *text, const char *forbidden)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~' || strchr(forbidden, *text) != NULL)
            return false;
    return true;
}

static void
texts_fit_into_shells_and_manual_pages(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        assert_true(is_plain(commands[i].summary, "'\\\"`$[]:"));
        assert_true(strlen(commands[i].summary) <= 55);
        assert_non_null(strchr(commands[i].text, ' '));
    }
    for (unsigned o = 0; o < OPTION_COUNT; o++)
        assert_true(is_plain(options[o].help, "'\\\"`$[]:"));
}

static void
no_two_options_share_a_letter(void **state PASU_UNUSED)
{
    for (unsigned a = 0; a < OPTION_COUNT; a++)
        for (unsigned b = 0; b < a; b++)
            assert_true(options[a].letter == 0 || options[a].letter != options[b].letter);
}

static void
every_command_says_how_it_ends_and_shows_an_example(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        size_t statuses = 0, examples = 0;

        for (size_t e = 0; e < command_exit_count; e++) {
            assert_in_range(command_exits[e].status, 0, 3);
            statuses += command_exits[e].command == (enum command_id)i;
        }
        for (size_t e = 0; e < command_example_count; e++)
            examples += command_examples[e].command == (enum command_id)i;
        assert_true(statuses >= 1 && examples >= 1);
    }
}

typedef void printer(FILE *file, const struct command *command);

/* What a printer writes must name every option of the command; the text is the caller's to free. */
static void
assert_names_all_options(printer *print, const struct command *command, const char *dashes)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    assert_non_null(file);
    print(file, command);
    fclose(file);
    for (unsigned o = 0; o < OPTION_COUNT; o++) {
        char name[64];

        snprintf(name, sizeof(name), "%s%s", dashes, options[o].name);
        if (command_takes(command, (enum option_id)o))
            assert_non_null(strstr(text, name));
    }
    free(text);
}

static void
help_and_manual_name_every_option(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        assert_names_all_options(help_print_command, &commands[i], "--");
        assert_names_all_options(man_print, &commands[i], "\\-\\-");
    }
}

static void
there_is_a_completion_script_for_each_shell(void **state PASU_UNUSED)
{
    FILE *file = fopen("/dev/null", "w");

    assert_non_null(file);
    for (size_t i = 0; command_shells[i] != NULL; i++)
        assert_int_equal(completion_print(file, command_shells[i]), 0);
    assert_int_equal(completion_print(file, "tcsh"), PASU_E_NOTFOUND);
    fclose(file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changes_something_is_audited_and_for_operators_only),
        cmocka_unit_test(the_matrix_of_rights_is_this_one),
        cmocka_unit_test(a_manual_page_has_the_whole_usage),
        cmocka_unit_test(operators_commands_name_the_configuration),
        cmocka_unit_test(usage_names_exactly_the_options_that_are_taken),
        cmocka_unit_test(texts_fit_into_shells_and_manual_pages),
        cmocka_unit_test(no_two_options_share_a_letter),
        cmocka_unit_test(every_command_says_how_it_ends_and_shows_an_example),
        cmocka_unit_test(help_and_manual_name_every_option),
        cmocka_unit_test(there_is_a_completion_script_for_each_shell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
