/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pasu doctor` tries the controls of the running guard (ledger/trials.h): each that the
 * configuration has, by a test that shows nobody anything. What the guard says of it counts, not
 * what this program thinks.
 *
 *      source    a connection through the listener, as if from an address that the rule refuses
 *      rule      the same of every other rule: a statement of its fields is decided by it
 *      leaver    one as a role whose owner has left
 *      budget    made-up persons, counted by the guard with the budget's limit
 *      exit      COPY … TO PROGRAM through the listener, as the inspector
 *      bypass    the inspector connects to the server itself; the guard must see it
 *      decoy     the keeper judges a record that names a decoy, which it does not keep
 */
#ifndef PASU_CLI_CONTROLS_H
#define PASU_CLI_CONTROLS_H

#include "cli/ask.h"
#include "cli/finding.h"
#include "cli/probe.h"
#include "ledger/control_protocol.h"
#include "ledger/proven.h"
#include "policy/roster.h"

enum control_state { STATE_HELD, STATE_FAILED, STATE_UNTRIED, STATE_UNCONFIGURED };

struct control_look {
    struct proven proven; /* which it is, and when it was last proven before now */
    enum control_state state;
    bool is_late; /* it held, but not as soon as it should */
    char text[512];
    const char *hint;
};

struct controls {
    const struct ask *ask;
    const struct config *config;
    const struct roster *roster;
    struct control_look *items;
    size_t count, space;
    int64_t bypass_wait; /* ns */
    int segments;        /* of the ledger; -1: they cannot be read */
    struct segment_keys keys;
};

/* Tries all, and adds to the findings; *list: the same for --json, new. With `answers` false no
 * guard answers: nothing is tried, and when each was last proven is told. PASU_E_NOMEM. */
PASU_MUST_USE int controls_look(const struct ask *ask, const struct roster *roster, bool answers,
                                struct findings *findings, json_t **list);

/* A connection that the gateway must refuse, or that ends there. */
void controls_knock(struct controls *controls, struct control_look *look,
                    const struct config_gateway *gateway, const struct control_try *what,
                    struct control_trial *result);
/* A new one, STATE_UNTRIED; NULL where memory is out. `gateway` NULL: every gateway. */
struct control_look *controls_add(struct controls *controls, enum trial_control control,
                                  const struct config_gateway *gateway, const char *what);

/* ---- controls_choose.c: as whom and from where a control can be tried ---- */
/* A role and an address which the rule decides about; false, with look->text: there are none. */
struct chosen {
    char principal[NAME_SIZE], address[ADDRESS_SIZE];
    char country[4];
    uint64_t fields; /* that the statement shows */
    uint32_t verb;
};
struct chooser;
PASU_MUST_USE int chooser_new(struct chooser **chooser, const struct config *config,
                              const struct roster *roster);
void chooser_free(struct chooser *chooser);
PASU_MUST_USE int chooser_of_rule(struct chooser *chooser, const struct config_rule *rule,
                                  struct chosen *chosen, bool *is_found);
/* A role whose smallest limit of the budget's window is this budget's. */
bool chosen_of_budget(const struct config *config, const struct roster *roster, size_t budget,
                      char principal[NAME_SIZE]);
/* A role that is refused because its owner has left; NULL: there is none. */
const char *chosen_leaver(const struct config *config, const struct roster *roster);

/* ---- controls_rules.c: rules that block by where somebody is, and all others ---- */
/* Whether it blocks by where somebody is: TRIAL_OF_SOURCE. */
bool controls_is_of_source(const struct config_rule *rule);
PASU_MUST_USE int controls_sources(struct controls *controls);
PASU_MUST_USE int controls_rules(struct controls *controls);

/* ---- controls_try.c: one test ---- */
/* Tells the guard that it comes. 0 and *token, or an error, which is in look->text. */
PASU_MUST_USE int control_begin(const struct ask *ask, struct control_look *look,
                                const struct control_try *what, uint64_t *token);
/* Waits for what the guard says of it, at most so long (ns), and puts it into `look`. `is_done`:
 * nothing more is coming, and what was not refused has passed. */
void control_end_look(const struct ask *ask, struct control_look *look, uint64_t token,
                      int64_t wait, bool is_done, struct control_trial *result);

#endif
