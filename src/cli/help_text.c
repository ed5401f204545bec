/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"
#include "cli/text.h"

enum { INDENT = 2, COLUMN = 22 };

void
help_print(FILE *file)
{
    fprintf(file, "pasu %s: %s\n\nusage: pasu COMMAND [OPTION]...\n\ncommands:\n", PASU_VERSION,
            command_program_summary);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "%*s%-*s%s\n", INDENT, "", COLUMN - INDENT, commands[i].name,
                commands[i].summary);
    fputs("\noptions:\n", file);
    fprintf(file, "%*s%-*s%s\n", INDENT, "", COLUMN - INDENT, "-h, --help", "print this");
    fprintf(file, "%*s%-*s%s\n", INDENT, "", COLUMN - INDENT, "-V, --version",
            "print the version of pasu and of the libraries it uses");
    fputs("\nOne command: pasu help COMMAND. The configuration: pasu help configuration.\n", file);
}

/* One form, broken before its options where it does not fit into a line. */
static void
print_form(FILE *file, const char *before, const char *name, const char *form, size_t length)
{
    size_t indent = strlen(before) + strlen("pasu ") + strlen(name), column = indent;

    fprintf(file, "%spasu %s", before, name);
    while (length > 0) {
        const char *next = memmem(form + 1, length - 1, " [", 2);
        size_t piece = next != NULL ? (size_t)(next - form) : length;

        if (column > indent && column + piece > HELP_WIDTH) {
            fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
        }
        fprintf(file, "%s%.*s", form[0] == ' ' ? "" : " ", (int)piece, form);
        column += piece + (form[0] != ' ');
        form += piece;
        length -= piece;
    }
    fputc('\n', file);
}

static void
print_usage(FILE *file, const struct command *command)
{
    const char *before = "usage: ", *at = command->usage;

    while (*at != '\0') {
        size_t length = strcspn(at, "\n");

        print_form(file, before, command->name, at, length);
        before = "       ";
        at += length + (at[length] == '\n');
    }
}

static void
print_option(FILE *file, const struct option *option)
{
    char left[64];
    int n = 0;

    if (option->letter != 0)
        n = snprintf(left, sizeof(left), "-%c, ", option->letter);
    snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", option->name,
             option->argument != NULL ? " " : "", option->argument != NULL ? option->argument : "");
    fprintf(file, "%*s%-*s%s%s\n", INDENT, "", COLUMN - INDENT, left,
            strlen(left) < COLUMN - INDENT ? "" : " ", option->help);
}

void
help_print_command(FILE *file, const struct command *command)
{
    enum command_id id = command_id(command);

    fprintf(file, "pasu %s: %s\n\n", command->name, command->summary);
    print_usage(file, command);
    fputc('\n', file);
    text_wrap(file, command->text, 0, HELP_WIDTH);
    fputs("\noptions:\n", file);
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (command_takes(command, (enum option_id)i))
            print_option(file, &options[i]);
    fputs("\nwho may:\n", file);
    text_wrap(file, command_rights(command), INDENT, HELP_WIDTH);
    fputs("\nexit status:\n", file);
    for (size_t i = 0; i < command_exit_count; i++)
        if (command_exits[i].command == id)
            fprintf(file, "%*s%d  %s\n", INDENT, "", command_exits[i].status,
                    command_exits[i].meaning);
    fputs("\nexamples:\n", file);
    for (size_t i = 0; i < command_example_count; i++)
        if (command_examples[i].command == id)
            fprintf(file, "%*s%s\n%*s%s\n", INDENT, "", command_examples[i].line, INDENT * 3, "",
                    command_examples[i].meaning);
}
