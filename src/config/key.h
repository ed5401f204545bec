/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of configuration keys (key.def) as a table. The parser, the defaults, the faults'
 * hints and the documentation all come from it; what is not listed is refused.
 */
#ifndef PASU_CONFIG_KEY_H
#define PASU_CONFIG_KEY_H

#include "config/model.h"

enum key_id {
#define X(id, path, form, type, place, allowed, need, preset, reload, help) KEY_##id,
#include "config/key.def"
#undef X
    KEY_COUNT
};

enum key_form {
    FORM_ONE,
    FORM_MANY,
    FORM_MAP,
    FORM_MAPS,
    FORM_ITEMS,
    FORM_NAMED,
    FORM_PAIRS,
    FORM_CONDITIONS
};

enum key_type {
#define X(name, stored, what, how) TYPE_##name,
#include "config/type.def"
#undef X
    TYPE_COUNT__
};

/* Where a struct of the model keeps a value: offsets of it (or of an array and its count), and the
 * size of one. Size 0: nowhere. */
struct key_place {
    size_t offset, count_offset, size;
};

struct config_key {
    enum key_id id;
    const char *path;
    enum key_form form;
    enum key_type type;
    struct key_place place;
    const char *allowed;
    bool is_required, needs_restart;
    const char *preset; /* may be NULL */
    const char *help;
};

/* In the order of key.def; `id` is below KEY_COUNT. */
const struct config_key *config_key_at(enum key_id id);
/* The last part of its path: "mode". */
const char *config_key_name(const struct config_key *key);
/* Whether a key is a direct child of another (NULL: of the file itself). */
bool config_key_is_child(const struct config_key *parent, const struct config_key *key);
/* The child of that name, or NULL. */
const struct config_key *config_key_child(const struct config_key *parent, const char *name);
/* A key's path below another's: "tls.mode" of gateway.tls.mode below gateway; NULL if it is not
 * below. */
const char *config_key_rest(const struct config_key *above, const struct config_key *key);

/* What a value of a type is, and how it is written ("" where that needs no words). */
const char *config_type_what(enum key_type type);
const char *config_type_how(enum key_type type);
/* The size of one stored value. */
size_t config_type_size(enum key_type type);

#endif
