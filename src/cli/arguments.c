/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/arguments.h"
#include "base/bytes.h"

#include <stdarg.h>

/* A place in argv. Operands found so far are at argv[2..kept). */
struct scan {
    int argc;
    char **argv;
    int at, kept;
    struct arguments *arguments;
    struct arguments_fault *fault;
};

static int PASU_PRINTF(3, 4)
    fault_set(struct arguments_fault *fault, const char *hint, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(fault->text, sizeof(fault->text), format, values);
    va_end(values);
    snprintf(fault->hint, sizeof(fault->hint), "%s", hint);
    return PASU_E_USAGE;
}

static int PASU_PRINTF(2, 3) fault_of_command(const struct scan *scan, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(scan->fault->text, sizeof(scan->fault->text), format, values);
    va_end(values);
    snprintf(scan->fault->hint, sizeof(scan->fault->hint), "see: pasu help %s",
             scan->arguments->command->name);
    return PASU_E_USAGE;
}

static int
unknown_command(struct arguments_fault *fault, const char *name)
{
    const char *nearest = command_nearest(name);
    char hint[128];

    if (nearest != NULL)
        snprintf(hint, sizeof(hint), "did you mean: pasu %s? All commands: pasu help", nearest);
    else
        snprintf(hint, sizeof(hint), "all commands: pasu help");
    return fault_set(fault, hint, "there is no command \"%.100s\"", name);
}

static int
unknown_option(const struct scan *scan, const char *name, size_t length)
{
    const struct command *command = scan->arguments->command;
    char wanted[64];
    const char *nearest;
    int r = fault_of_command(scan, "%s does not take the option --%.*s", command->name,
                             (int)(length < 100 ? length : 100), name);

    text_from_view(wanted, sizeof(wanted), view_of(name, length));
    nearest = command_nearest_option(command, wanted);
    if (nearest != NULL)
        snprintf(scan->fault->hint, sizeof(scan->fault->hint),
                 "did you mean --%s? See: pasu help %s", nearest, command->name);
    return r;
}

/* One more of an option that can be given several times. */
static int
option_add(struct scan *scan, enum option_id option, const char *value)
{
    struct arguments *a = scan->arguments;

    if (a->more_count == ARGUMENTS_MORE_MAX)
        return fault_of_command(scan, "more than %d times --%s and its like", ARGUMENTS_MORE_MAX,
                                options[option].name);
    a->more[a->more_count++] = (struct argument_more){option, value};
    if (a->values[option] == NULL)
        a->values[option] = value;
    return 0;
}

static int
option_set(struct scan *scan, enum option_id option, const char *value)
{
    struct arguments *a = scan->arguments;
    const struct option *o = &options[option];

    if (a->values[option] != NULL && o->kind != KIND_FILES)
        return fault_of_command(scan, "--%s is given twice", o->name);
    if (o->argument == NULL) {
        a->values[option] = "";
        return 0;
    }
    if (value == NULL) {
        if (scan->at + 1 >= scan->argc)
            return fault_of_command(scan, "--%s needs its %s", o->name, o->argument);
        value = scan->argv[++scan->at];
    }
    if (value[0] == '\0')
        return fault_of_command(scan, "the %s of --%s is empty", o->argument, o->name);
    if (o->kind == KIND_FILES)
        return option_add(scan, option, value);
    a->values[option] = value;
    return 0;
}

static int
parse_long(struct scan *scan, const char *name)
{
    const char *equals = strchr(name, '=');
    size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);

    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options[i].name) != length || memcmp(options[i].name, name, length) != 0)
            continue;
        if (!command_takes(scan->arguments->command, (enum option_id)i))
            break;
        if (equals != NULL && options[i].argument == NULL)
            return fault_of_command(scan, "--%s takes no argument", options[i].name);
        return option_set(scan, (enum option_id)i, equals != NULL ? equals + 1 : NULL);
    }
    return unknown_option(scan, name, length);
}

/* One word of short options, "-hc FILE": the first that takes an argument takes the rest of it. */
static int
parse_short(struct scan *scan, const char *letters)
{
    for (const char *at = letters; *at != '\0'; at++) {
        unsigned i = 0;
        int r;

        while (i < OPTION_COUNT && options[i].letter != *at)
            i++;
        if (i == OPTION_COUNT || !command_takes(scan->arguments->command, (enum option_id)i))
            return fault_of_command(scan, "%s does not take the option -%c",
                                    scan->arguments->command->name, *at);
        if (options[i].argument != NULL)
            return option_set(scan, (enum option_id)i, at[1] != '\0' ? at + 1 : NULL);
        r = option_set(scan, (enum option_id)i, NULL);
        if (r != 0)
            return r;
    }
    return 0;
}

/* What the tables demand of a command line as a whole. */
static int
demand(struct scan *scan)
{
    const struct arguments *a = scan->arguments;
    const struct command *command = a->command;

    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if ((command->required >> i & 1) != 0 && a->values[i] == NULL)
            return fault_of_command(scan, "%s needs --%s%s%s", command->name, options[i].name,
                                    options[i].argument != NULL ? " " : "",
                                    options[i].argument != NULL ? options[i].argument : "");
    if (a->operand_count > command->most)
        return fault_of_command(scan, "%s does not take \"%.100s\"", command->name,
                                a->operands[command->most]);
    if (a->operand_count < command->least)
        return fault_of_command(scan, "%s needs more operands", command->name);
    return 0;
}

/* "-h", "--help", "-V" and "--version" where a command is expected. */
static const char *
command_of_option(const char *word)
{
    static const char *const words[][2] = {
        {"-h", "help"}, {"--help", "help"}, {"-V", "version"}, {"--version", "version"}};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(word, words[i][0]) == 0)
            return words[i][1];
    return NULL;
}

static int
parse_words(struct scan *scan)
{
    bool options_ended = false;

    for (; scan->at < scan->argc; scan->at++) {
        char *word = scan->argv[scan->at];
        int r = 0;

        if (options_ended || word[0] != '-' || word[1] == '\0')
            scan->argv[scan->kept++] = word;
        else if (strcmp(word, "--") == 0)
            options_ended = true;
        else if (word[1] == '-')
            r = parse_long(scan, word + 2);
        else
            r = parse_short(scan, word + 1);
        if (r != 0)
            return r;
    }
    return 0;
}

int
arguments_parse(struct arguments *arguments, int argc, char **argv, struct arguments_fault *fault)
{
    struct scan scan = {argc, argv, 2, 2, arguments, fault};
    const char *name;
    int r;

    memset(arguments, 0, sizeof(*arguments));
    memset(fault, 0, sizeof(*fault));
    if (argc < 2)
        return fault_set(fault, "all commands: pasu help", "no command is given");
    name = command_of_option(argv[1]);
    if (name == NULL && argv[1][0] == '-')
        return fault_set(fault, "the command comes first: pasu COMMAND [OPTION]...",
                         "there is no option \"%.100s\" before the command", argv[1]);
    arguments->command = command_find(name != NULL ? name : argv[1]);
    if (arguments->command == NULL)
        return unknown_command(fault, argv[1]);
    r = parse_words(&scan);
    arguments->operands = argv + 2;
    arguments->operand_count = (size_t)(scan.kept - 2);
    if (r == 0 && !arguments_given(arguments, OPTION_help))
        r = demand(&scan);
    if (r != 0)
        arguments->command = NULL;
    return r;
}
