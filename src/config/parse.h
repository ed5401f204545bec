/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML nodes → model, by the registry of keys.
 *
 * struct parse is the work at hand. parse.c walks nodes and keys together and knows the forms
 * (maps, lists …); value_*.c knows the types of single values; note.c keeps what can be judged only
 * when all is read: names that must be unique, names that must exist somewhere; check.c judges keys
 * together. Nobody stops at a fault: what could not be parsed keeps its zero value, and its mark
 * says so, so that nobody complains about what follows from it.
 */
#ifndef PASU_CONFIG_PARSE_H
#define PASU_CONFIG_PARSE_H

#include "config/key.h"
#include "config/store.h"
#include "config/yaml.h"

enum { TRAIL_SIZE = 512, VALUE_SHOWN_MAX = 80, ITEMS_MAX = 10000, NAME_LENGTH_MAX = 63 };

/* What became of a key in the map that is being read. */
enum mark_state { MARK_ABSENT, MARK_GOOD, MARK_BAD };

struct mark {
    enum mark_state state;
    const struct yaml_node *node; /* its value; NULL where absent */
};

/* A name that somebody must look at when all is read: see note.c. */
enum note_kind {
    NOTE_GATEWAY,     /* unique: a gateway's name */
    NOTE_LISTEN,      /* unique: an address listened on */
    NOTE_SUBJECT,     /* unique: a kind of subject */
    NOTE_RULE,        /* unique: a rule's name */
    NOTE_PAIR,        /* unique: the path of a pair, that is, its key in its map */
    NOTE_PERSONAL,    /* unique: table, subject, key and column */
    NOTE_SUBJECT_USE, /* must exist: a kind of subject */
    NOTE_FIELD_USE,   /* must exist: a field */
    NOTE_COLUMN_USE,  /* its table must exist: a column */
    NOTE_KEY_USE,     /* must have as many columns as the subject's: "COLUMNS SUBJECT" */
};

struct note {
    enum note_kind kind;
    const char *text;
    const char *trail; /* where it is written: "rules[2].name" */
    uint32_t line, column;
};

struct parse {
    struct config *config;
    struct store *store;   /* the model's */
    struct store *scratch; /* released when the model is done */
    struct config_faults *faults;
    const char *path;       /* of the file */
    unsigned processors;    /* what "auto" threads are */
    char trail[TRAIL_SIZE]; /* where we are: "gateway[1].tls.mode" */
    struct mark marks[KEY_COUNT];
    const char *fields[CONFIG_FIELDS_MAX]; /* of personal_data, each once */
    size_t field_count;
    struct note *notes;
    size_t note_count, note_space;
};

/* parse.c: fills parse->config from a tree (NULL: an empty file), defaults included. */
void parse_root(struct parse *parse, const struct yaml_node *root);
/* Whether a node is of one of two kinds; else there is a fault (of a bad node there was one
 * already). */
bool parse_is_kind(struct parse *parse, const struct yaml_node *node, enum yaml_kind kind,
                   enum yaml_kind other, const char *hint);
/* A new array of `count` elements of `size` bytes, put where `base` keeps the key's array and
 * count; NULL without memory. */
uint8_t *parse_array_new(struct parse *parse, const struct config_key *key, void *base,
                         size_t count, size_t size);
/* A value or a list of values into an array. Like all forms: false with a fault, or without memory.
 */
bool parse_many(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
                void *base);
/* condition.c: a rule's `when`. */
bool parse_conditions(struct parse *parse, const struct config_key *parent,
                      const struct yaml_node *map, void *base);

/* trail.c: where we are. push returns what pop takes. */
size_t trail_push_name(struct parse *parse, const char *name);
size_t trail_push_index(struct parse *parse, size_t index);
void trail_pop(struct parse *parse, size_t length);
/* A fault at a node (NULL: of the whole file); the text begins with the trail, where there is one.
 */
void fault_here(struct parse *parse, const struct yaml_node *node, const char *hint,
                const char *format, ...) PASU_PRINTF(4, 5);
/* The same, saying what the value is: TRAIL is "VALUE", WHY. */
void fault_value(struct parse *parse, const struct yaml_node *node, const char *hint,
                 const char *why);
/* A text as shown in faults: cut, so that one value cannot fill the screen. */
const char *shown(struct parse *parse, const char *text);
/* "a, b, c" and, where `wrong` is near one of them, "; did you mean b?". Words are separated by
 * '|'; empty ones are left out. Never NULL. */
const char *words_hint(struct parse *parse, const char *before, const char *words,
                       const char *wrong);

/* A key that its map does not know: `name` is the key's node. */
void fault_unknown(struct parse *parse, const struct config_key *parent,
                   const struct yaml_node *name);
/* A key that its map needs and does not have. */
void fault_missing(struct parse *parse, const struct config_key *key, const struct yaml_node *node);

/* note.c */
void note_add(struct parse *parse, enum note_kind kind, const char *text,
              const struct yaml_node *node);
void notes_check(struct parse *parse);

/* check.c: a map of this key was read into `base`; `node` is the map. */
void check_map(struct parse *parse, const struct config_key *key, void *base,
               const struct yaml_node *node);
/* Everything was read; comes before notes_check. */
void check_all(struct parse *parse);

/* known.c: of check_map and check_all. */
void known_check_subject(struct parse *parse, struct config_subject *subject);
void known_check(struct parse *parse);

/*
 * value_*.c: turns a text (not empty) into what the key's type stores at `slot`. True, or false
 * with a fault. value_parse is the table of them.
 */
typedef bool value_parser(struct parse *parse, const struct config_key *key,
                          const struct yaml_node *node, void *slot);
value_parser value_parse;
#define X(name, stored, what, how) value_parser parse_##name;
#include "config/type.def"
#undef X

#endif
