/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands and options of pasu as tables, from command.def and option.def.
 *
 * The tables are constant. They say what a command is called, takes and returns; which function
 * carries it out is in main.c, so that what prints help or man pages links no more than this.
 */
#ifndef PASU_CLI_COMMAND_H
#define PASU_CLI_COMMAND_H

#include "base/attributes.h"

enum option_id {
#define X(id, name, letter, argument, kind, help) OPTION_##id,
#include "cli/option.def"
#undef X
    OPTION_COUNT
};

#define OPTION_BIT(name) (UINT64_C(1) << OPTION_##name)

enum option_kind {
    KIND_NOTHING,
    KIND_FILE,
    KIND_FILES, /* may be given several times */
};

struct option {
    const char *name;     /* without the two dashes */
    char letter;          /* 0: none */
    const char *argument; /* NULL: takes none */
    enum option_kind kind;
    const char *help;
};

enum command_id {
#define COMMAND(name, ...) COMMAND_##name,
#include "cli/command.def"
    COMMAND_COUNT
};

enum command_who { WHO_ANYBODY, WHO_OPERATOR };
enum command_effect { EFFECT_READS, EFFECT_CHANGES, EFFECT_SERVES };
enum command_operand {
    OPERAND_NONE,
    OPERAND_SESSION,     /* a session's identity: 16 hexadecimal digits */
    OPERAND_COMMAND,     /* a command's name, or a topic of help */
    OPERAND_SHELL,       /* bash, zsh or fish */
    OPERAND_LEDGER,      /* what is to be done with the ledger */
    OPERAND_KEY,         /* a subject's key: any text */
    OPERAND_FILE,        /* a file's name */
    OPERAND_SQL,         /* a text of SQL */
    OPERAND_REQUEST,     /* the number of what waits to be approved */
    OPERAND_ALERT,       /* an alert's number */
    OPERAND_INDEX,       /* what is to be done with the identity index */
    OPERAND_HOLD,        /* what is to be done with holds, and a hold's number */
    OPERAND_DECOY,       /* what is to be done with decoys, and a set's number or a file */
    OPERAND_INCIDENT,    /* what is to be done with an incident, its number, and of what */
    OPERAND_FINGERPRINT, /* what is to be done with fingerprints, and files */
    OPERAND_MARKS,       /* what is to be done with marks, and of which table */
    OPERAND_ROSTER,      /* what is to be done with the roster, and a file */
};

struct command {
    const char *name;
    enum command_who who;
    enum command_effect effect;
    bool is_audited;
    uint64_t options;  /* bits: 1 << option_id */
    uint64_t required; /* a subset of options */
    enum command_operand operand;
    unsigned least, most; /* how many operands */
    const char *summary;
    const char *usage; /* one form a line, without "pasu NAME" */
    const char *text;
};

/* What a command's exit status means, or one example of its use. */
struct command_exit {
    enum command_id command;
    int status;
    const char *meaning;
};

struct command_example {
    enum command_id command;
    const char *line, *meaning;
};

extern const struct option options[OPTION_COUNT];
extern const struct command commands[COMMAND_COUNT];
extern const struct command_exit command_exits[];
extern const size_t command_exit_count;
extern const struct command_example command_examples[];
extern const size_t command_example_count;

/* The shells that completion knows, ended by NULL. */
extern const char *const command_shells[];
/* What `pasu ledger` can do, ended by NULL. */
extern const char *const command_ledger_actions[];
/* What `pasu index` can do, ended by NULL. */
extern const char *const command_index_actions[];
/* What `pasu roster` can do, ended by NULL. */
extern const char *const command_roster_actions[];
/* What `pasu hold` can do, ended by NULL. */
extern const char *const command_hold_actions[];
/* What `pasu marks` can do, ended by NULL. */
extern const char *const command_marks_actions[];
extern const char *const command_decoy_actions[];
/* What `pasu fingerprint` can do, ended by NULL. */
extern const char *const command_fingerprint_actions[];
/* What `pasu incident` can do, ended by NULL. */
extern const char *const command_incident_actions[];

/* Who may give the command and whether it is recorded, as a sentence. */
const char *command_rights(const struct command *command);

/* What pasu is, in one line. */
extern const char command_program_summary[];

/* NULL where there is none. */
const struct command *command_find(const char *name);
enum command_id command_id(const struct command *command);
static inline bool
command_takes(const struct command *command, enum option_id option)
{
    return (command->options >> option & 1) != 0;
}

/* The command's or the command's option's name that a mistyped one was probably meant to be; NULL
 * where none is near (config/nearest.h). */
const char *command_nearest(const char *mistyped);
const char *command_nearest_option(const struct command *command, const char *mistyped);

#endif
