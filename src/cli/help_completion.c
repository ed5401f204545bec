/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion scripts. Each shell gets a small fixed part and, from the tables, one case a command.
 * Summaries and help texts stand inside single quotes there; the tables hold none (a test says so).
 */
#include "cli/help.h"

static void
print_names(FILE *file, const char *separator)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "%s%s", i > 0 ? separator : "", commands[i].name);
}

static void
print_words(FILE *file, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        fprintf(file, "%s%s", i > 0 ? " " : "", words[i]);
}

/* What the operands of a command can be: words, or none. */
static void
print_operand_words(FILE *file, const struct command *command)
{
    if (command->operand == OPERAND_COMMAND) {
        print_names(file, " ");
        fputs(" configuration", file);
    }
    if (command->operand == OPERAND_SHELL)
        print_words(file, command_shells);
    if (command->operand == OPERAND_LEDGER)
        print_words(file, command_ledger_actions);
    if (command->operand == OPERAND_HOLD)
        print_words(file, command_hold_actions);
    if (command->operand == OPERAND_MARKS)
        print_words(file, command_marks_actions);
    if (command->operand == OPERAND_DECOY)
        print_words(file, command_decoy_actions);
    if (command->operand == OPERAND_FINGERPRINT)
        print_words(file, command_fingerprint_actions);
    if (command->operand == OPERAND_INCIDENT)
        print_words(file, command_incident_actions);
    if (command->operand == OPERAND_ROSTER)
        print_words(file, command_roster_actions);
    if (command->operand == OPERAND_INDEX)
        print_words(file, command_index_actions);
}

static void
print_bash_options(FILE *file, const struct command *command)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if (!command_takes(command, (enum option_id)i))
            continue;
        fprintf(file, " --%s", options[i].name);
        if (options[i].letter != 0)
            fprintf(file, " -%c", options[i].letter);
    }
}

static void
print_bash(FILE *file)
{
    fputs("# bash completion for pasu, made by: pasu completion bash\n"
          "_pasu()\n{\n"
          "    local now=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        words='",
          file);
    print_names(file, " ");
    fputs(" --help --version'\n    else\n        case $before in\n", file);
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if (options[i].argument == NULL)
            continue;
        fputs("        ", file);
        if (options[i].letter != 0)
            fprintf(file, "-%c|", options[i].letter);
        fprintf(file, "--%s) %sreturn ;;\n", options[i].name,
                options[i].kind != KIND_NOTHING ? "compopt -o default; " : "");
    }
    fputs("        esac\n        case ${COMP_WORDS[1]} in\n", file);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(file, "        %s) %swords='", commands[i].name,
                commands[i].operand == OPERAND_FILE ? "compopt -o default; " : "");
        print_operand_words(file, &commands[i]);
        print_bash_options(file, &commands[i]);
        fputs("' ;;\n", file);
    }
    fputs("        esac\n    fi\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$now\")\n"
          "}\n"
          "complete -F _pasu pasu\n",
          file);
}

static void
print_zsh_option(FILE *file, const struct option *option)
{
    fputs("            ", file);
    if (option->letter != 0)
        fprintf(file, "'(-%c --%s)'{-%c,--%s}", option->letter, option->name, option->letter,
                option->name);
    else
        fprintf(file, "--%s", option->name);
    fprintf(file, "'[%s]", option->help);
    if (option->argument != NULL)
        fprintf(file, ":%s:%s", option->argument, option->kind != KIND_NOTHING ? "_files" : " ");
    fputs("' \\\n", file);
}

static void
print_zsh(FILE *file)
{
    fputs("#compdef pasu\n# zsh completion for pasu, made by: pasu completion zsh\n"
          "_pasu() {\n"
          "    local -a all\n"
          "    all=(\n",
          file);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "        '%s:%s'\n", commands[i].name, commands[i].summary);
    fputs("    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe command all\n"
          "        return\n"
          "    fi\n"
          "    local name=$words[2]\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $name in\n",
          file);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(file, "        %s) _arguments -s \\\n", commands[i].name);
        for (unsigned o = 0; o < OPTION_COUNT; o++)
            if (command_takes(&commands[i], (enum option_id)o))
                print_zsh_option(file, &options[o]);
        if (commands[i].operand == OPERAND_NONE) {
            fputs("            ;;\n", file);
            continue;
        }
        if (commands[i].operand == OPERAND_FILE) {
            fputs("            '*: :_files' ;;\n", file);
            continue;
        }
        fputs("            '*: :(", file);
        print_operand_words(file, &commands[i]);
        fputs(")' ;;\n", file);
    }
    fputs("    esac\n}\nif [ \"$funcstack[1]\" = _pasu ]; then\n    _pasu \"$@\"\nelse\n"
          "    compdef _pasu pasu\nfi\n",
          file);
}

static void
print_fish(FILE *file)
{
    fputs("# fish completion for pasu, made by: pasu completion fish\ncomplete -c pasu -f\n", file);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "complete -c pasu -n __fish_use_subcommand -a %s -d '%s'\n", commands[i].name,
                commands[i].summary);
    fputs("complete -c pasu -n __fish_use_subcommand -s h -l help -d 'list the commands'\n"
          "complete -c pasu -n __fish_use_subcommand -s V -l version -d 'print the versions'\n",
          file);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *name = commands[i].name;

        for (unsigned o = 0; o < OPTION_COUNT; o++) {
            if (!command_takes(&commands[i], (enum option_id)o))
                continue;
            fprintf(file, "complete -c pasu -n '__fish_seen_subcommand_from %s' -l %s", name,
                    options[o].name);
            if (options[o].letter != 0)
                fprintf(file, " -s %c", options[o].letter);
            if (options[o].argument != NULL)
                fputs(options[o].kind != KIND_NOTHING ? " -r -F" : " -x", file);
            fprintf(file, " -d '%s'\n", options[o].help);
        }
        if (commands[i].operand == OPERAND_FILE)
            fprintf(file, "complete -c pasu -n '__fish_seen_subcommand_from %s' -F\n", name);
        if (commands[i].operand == OPERAND_COMMAND || commands[i].operand == OPERAND_SHELL ||
            commands[i].operand == OPERAND_LEDGER || commands[i].operand == OPERAND_HOLD ||
            commands[i].operand == OPERAND_INDEX || commands[i].operand == OPERAND_DECOY ||
            commands[i].operand == OPERAND_INCIDENT || commands[i].operand == OPERAND_FINGERPRINT) {
            fprintf(file, "complete -c pasu -n '__fish_seen_subcommand_from %s' -a '", name);
            print_operand_words(file, &commands[i]);
            fputs("'\n", file);
        }
    }
}

static const struct {
    const char *shell;
    void (*print)(FILE *file);
} printers[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

int
completion_print(FILE *file, const char *shell)
{
    for (size_t i = 0; i < COUNT_OF(printers); i++)
        if (strcmp(printers[i].shell, shell) == 0) {
            printers[i].print(file);
            return 0;
        }
    return PASU_E_NOTFOUND;
}
