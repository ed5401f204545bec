/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "config/nearest.h"

const struct option options[OPTION_COUNT] = {
#define X(id_, name_, letter_, argument_, kind_, help_)                                            \
    [OPTION_##id_] = {name_, letter_, argument_, KIND_##kind_, help_},
#include "cli/option.def"
#undef X
};

#define OPTION(name) OPTION_BIT(name)

const struct command commands[COMMAND_COUNT] = {
#define COMMAND(name_, who_, effect_, audited_, options_, required_, operand_, least_, most_,      \
                summary_, usage_, text_)                                                           \
    [COMMAND_##name_] = {.name = #name_,                                                           \
                         .who = WHO_##who_,                                                        \
                         .effect = EFFECT_##effect_,                                               \
                         .is_audited = (audited_) != 0,                                            \
                         .options = (options_) | OPTION_BIT(help),                                 \
                         .required = (required_),                                                  \
                         .operand = OPERAND_##operand_,                                            \
                         .least = (least_),                                                        \
                         .most = (most_),                                                          \
                         .summary = summary_,                                                      \
                         .usage = usage_,                                                          \
                         .text = text_},
#include "cli/command.def"
};

const struct command_exit command_exits[] = {
#define EXIT(name, status, meaning) {COMMAND_##name, status, meaning},
#include "cli/command.def"
};
const size_t command_exit_count = COUNT_OF(command_exits);

const struct command_example command_examples[] = {
#define EXAMPLE(name, line, meaning) {COMMAND_##name, line, meaning},
#include "cli/command.def"
};
const size_t command_example_count = COUNT_OF(command_examples);

const char *const command_shells[] = {"bash", "zsh", "fish", NULL};
const char *const command_ledger_actions[] = {
    "export",        "verify",       "checkpoint",  "rotate-key",
    "rebuild-index", "update-index", "check-index", NULL};
const char *const command_index_actions[] = {"build", "status", NULL};
const char *const command_incident_actions[] = {"list",   "open",  "show",     "scope", "diff",
                                                "clocks", "hold",  "material", "met",   "told",
                                                "sign",   "close", "board",    NULL};
const char *const command_fingerprint_actions[] = {"make", "check", "hash", "range", NULL};
const char *const command_hold_actions[] = {"list", "place", "release", NULL};
const char *const command_marks_actions[] = {"list", "clear", NULL};
const char *const command_decoy_actions[] = {"list",  "plant", "register", "retire",
                                             "match", "view",  NULL};
const char *const command_roster_actions[] = {"show", "import", "audit", NULL};

const char command_program_summary[] = "a gateway that knows what is shown of whom";

const struct command *
command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

enum command_id
command_id(const struct command *command)
{
    return (enum command_id)(command - commands);
}

const char *
command_rights(const struct command *command)
{
    if (command->who == WHO_ANYBODY)
        return command->is_audited ? "Anybody, within the rights that the account has anyway. That "
                                     "it was asked, and by whom, is recorded."
                                   : "Anybody, within the rights that the account has anyway.";
    if (command_id(command) == COMMAND_approve || command_id(command) == COMMAND_deny)
        return "Root, and the account that pasu guard runs as, and those that approvals.approvers "
               "names. That it was asked, and by whom, is recorded.";
    return command->is_audited ? "Root, and the account that pasu guard runs as. That it was "
                                 "asked, and by whom, is "
                                 "recorded."
                               : "Root, and the account that pasu guard runs as.";
}

const char *
command_nearest(const char *mistyped)
{
    struct nearest nearest = nearest_to(mistyped);

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        nearest_offer(&nearest, commands[i].name);
    return nearest.word;
}

const char *
command_nearest_option(const struct command *command, const char *mistyped)
{
    struct nearest nearest = nearest_to(mistyped);

    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (command_takes(command, (enum option_id)i))
            nearest_offer(&nearest, options[i].name);
    return nearest.word;
}
