/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text → checked model (config/model.h), or the list of all its faults.
 *
 * Loading does not stop at the first fault: every unknown key, wrong value and broken reference is
 * reported with the line it stands on, once, in the order of the file. (Only a text that is not
 * YAML has one fault: nobody knows what would follow.) A model is given out only when there is no
 * fault.
 */
#ifndef PASU_CONFIG_LOAD_H
#define PASU_CONFIG_LOAD_H

#include "config/model.h"

enum {
    CONFIG_FAULTS_MAX = 1000,
    CONFIG_SIZE_MAX = 16 << 20,
    CONFIG_FILE_SIZE_MAX = 1 << 20,
    CONFIG_PEOPLE_SIZE_MAX = 8 << 20, /* the roster, and what the SCIM endpoint keeps */
    CONFIG_ROSTER_SIZE_MAX = 2 * CONFIG_PEOPLE_SIZE_MAX + 16, /* of both */
    CONFIG_PACKED_MAX = 256 << 20
};

/* In the roster's bytes, between the roster and what the SCIM endpoint keeps. */
#define CONFIG_SCIM_MARK "\0scim\n"

/* One fault. The texts belong to the list. `line` and `column` count from 1; line 0 means the whole
 * file, column 0 the whole line. */
struct config_fault {
    char *path;
    uint32_t line, column;
    char *text; /* what is wrong, naming the key */
    char *hint; /* what to do, never empty */
};

struct config_faults {
    struct config_fault *items;
    size_t count;
    size_t left_out;    /* beyond CONFIG_FAULTS_MAX; the last item then says how many */
    bool out_of_memory; /* some faults could not be kept */
};

/* Adds a fault; all texts are copied. */
void config_fault_add(struct config_faults *faults, const char *path, uint32_t line,
                      uint32_t column, const char *hint, const char *format, ...) PASU_PRINTF(6, 7);
void config_faults_release(struct config_faults *faults);

/*
 * Parses and checks `text`, read from `path` (used in messages and to resolve relative paths; not
 * opened). 0 and a new model in *config (free with config_free), or PASU_E_CONFIG with at least one
 * fault in `faults`, or PASU_E_NOMEM.
 */
PASU_MUST_USE int config_parse(struct config **config, struct view text, const char *path,
                               struct config_faults *faults);
/* Opens and reads `path` (at most 16 MiB), then config_parse. A file that cannot be read is a
 * fault. */
PASU_MUST_USE int config_load(struct config **config, const char *path,
                              struct config_faults *faults);
/* The same for whoever goes on looking for faults, and uses it for nothing else: after
 * PASU_E_CONFIG there is a model, too (NULL where the file is no YAML at all), in which what is
 * wrong is as if it were not written. */
PASU_MUST_USE int config_look(struct config **config, const char *path,
                              struct config_faults *faults);
/*
 * Reads every file that the guard's processes need and that the configuration names (certificates,
 * keys, CAs, password files, the ledger's keys, the roster; at most 1 MiB each) into its
 * config_file.bytes, and checks them: PEM parses, key fits certificate, secret files are not
 * readable by everybody (a fault for keys and password files). What is in the roster is for
 * policy/roster.h to check. 0, PASU_E_CONFIG with faults, or PASU_E_NOMEM.
 */
PASU_MUST_USE int config_load_files(struct config *config, struct config_faults *faults);
/*
 * The model with its files as one block of bytes, and back: what the supervisor gives a child that
 * may not open files. pack: *bytes is new (memory_free after memory_wipe: it holds secrets). The
 * ledger's keys go only to who is meant to have them: with config_pack their bytes are empty.
 * unpack: hostile-safe; opens nothing; PASU_E_MALFORMED, or the errors of config_parse.
 */
PASU_MUST_USE int config_pack(uint8_t **bytes, size_t *length, const struct config *config);
PASU_MUST_USE int config_pack_with_keys(uint8_t **bytes, size_t *length,
                                        const struct config *config);
PASU_MUST_USE int config_unpack(struct config **config, struct view bytes);
/* config_unpack of the bytes in a descriptor (the supervisor's memfd), which are wiped from memory.
 * PASU_E_MALFORMED where it is empty or larger than CONFIG_PACKED_MAX. */
PASU_MUST_USE int config_unpack_fd(struct config **config, int fd);
/* The bytes in a descriptor that can be read at any place, new (memory_free). PASU_E_MALFORMED
 * where it is empty or larger than `most`; PASU_E_IO, PASU_E_NOMEM. */
PASU_MUST_USE int config_read_fd(uint8_t **bytes, size_t *length, int fd, size_t most);
/* Puts other bytes in the place of the roster's, whose fault roster_check has told: the caller's,
 * which must outlive the model or be replaced. */
void config_set_roster(struct config *config, struct view borrow_bytes);
/* Reads the file at the roster's path as config_load_files does, into new bytes (memory_free), and
 * behind it what the SCIM endpoint keeps (CONFIG_SCIM_MARK), where there is one. 0;
 * PASU_E_CONFIG with a fault; PASU_E_NOMEM. */
PASU_MUST_USE int config_read_roster(uint8_t **bytes, size_t *length, const struct config *config,
                                     struct config_faults *faults);
/* The same, with the roster that `former` (such bytes) begins with in the place of the file's. */
PASU_MUST_USE int config_read_people(uint8_t **bytes, size_t *length, const struct config *config,
                                     struct view former, struct config_faults *faults);
/* The text that it was read from; the model's. */
struct view config_text(const struct config *config);
/*
 * Whether a running pasu can take over `next` in place of `now`: what key.def marks as RESTART must
 * be the same (of gateways with the same name, where it is a gateway's). 0, PASU_E_CONFIG with
 * faults, or PASU_E_NOMEM.
 */
PASU_MUST_USE int config_reload_check(const struct config *now, const struct config *next,
                                      struct config_faults *faults);
/* Wipes secrets, frees all. NULL is allowed. */
void config_free(struct config *config);

#endif
