/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A drill: breaches that are told again in virtual time, and what each control of a configuration,
 * all of them together, and none would have made of it.
 *
 *      story ──┬─▶ judge, once for each control ──┐ when, and by what, it is noticed
 *              ├─▶ detectors ─────────────────────┤
 *              │                                  ▼
 *              └─▶ a ledger of its own, cut there ──▶ index ──▶ scope up to that moment: how many
 *                                                              persons, and how long the answer
 * took
 *
 * What is played: the persons, the principals, the servers and the time. What is real: rules,
 * budgets, roster, sources, detectors, the log's reader, the reconciliation of sessions, the
 * ledger, its index and scope. Nothing of it comes near the ledger of the configuration: all is in
 * a temporary folder, which is the caller's.
 */
#ifndef PASU_DRILL_DRILL_H
#define PASU_DRILL_DRILL_H

#include "drill/control.h"
#include "drill/judge.h"

enum { DRILL_SCENARIOS_MAX = 8, DRILL_CURVE = 192, DRILL_CELLS = DRILL_CONTROLS + 2 };
/* The cells behind those of the controls. */
enum { DRILL_ALL = DRILL_CONTROLS, DRILL_NONE };

struct drill_cell {
    bool is_on; /* the configuration has such a control, and it is not switched off */
    bool is_noticed;
    bool is_known; /* the exact scope is */
    char by[NOTICE_TEXT];
    int64_t after;         /* ns from the beginning of the breach to the notice */
    uint64_t shown;        /* persons, until then; else until the breach ends */
    int64_t known_ns;      /* how long the answer took, of this machine's time */
    char why[NOTICE_TEXT]; /* it is noticed, and the scope is not known: why */
};

struct drill_scenario {
    const char *name, *title, *text;
    struct drill_cell cells[DRILL_CELLS];
    uint64_t population;
    unsigned scale; /* persons of the story stand for so many */
    int64_t begins, ends;
    uint64_t others; /* findings of the detectors about nobody in the breach */
    /* Persons shown up to the end of each of equal parts of the breach. */
    uint64_t curve[DRILL_CURVE];
};

struct drill_question {
    int directory; /* of the ledger */
    const char *const *principals;
    size_t principal_count; /* persons that any of them was shown */
    int64_t from, to;
};

/* Whoever runs the drill lends it what reads a ledger. Both: 0, or an error. */
struct drill_ledger {
    /* The ledger in the folder is complete: its index is to be made. */
    int (*index)(void *arg, int directory);
    /* Exactly how many persons of the first kind; PASU_E_RANGE: it is not exact. */
    int (*ask)(void *arg, const struct drill_question *question, uint64_t *persons);
    void *arg;
};

struct drill_options {
    const struct config *config;
    const struct sources *sources;
    const struct drill_ledger *ledger;
    unsigned without;      /* bits of controls that are switched off */
    size_t decoys;         /* so many of the persons are */
    const char *only;      /* the one scenario; NULL: all */
    const char *directory; /* an empty folder, which may hold some hundred megabytes */
    /* Called before each scenario. May be NULL. */
    void (*progress)(void *arg, const char *title);
    void *arg;
};

struct drill {
    struct drill_scenario scenarios[DRILL_SCENARIOS_MAX];
    size_t count;
};

/* Names of all scenarios, *count; constant. */
const char *const *drill_names(size_t *count);
/* PASU_E_NOMEM, the errors of the ledger and the folder. PASU_E_MISUSE: what the ledger says of
 * how many were shown is not what the judge has counted. */
PASU_MUST_USE int drill_run(struct drill *drill, const struct drill_options *options);

/* ---- told.c, web.c, around.c: of each kind of scenario ---- */

struct scenario;
struct scenario_place;

/* Through the gateway. */
PASU_MUST_USE int drill_tell(struct drill_scenario *to, const struct scenario *scenario,
                             const struct drill_options *options, const struct bench *bench,
                             const struct scenario_place *place, int directory);
/* The web case: an access log. */
PASU_MUST_USE int drill_web(struct drill_scenario *to, const struct drill_options *options,
                            const struct bench *bench, int directory);
/* The administrator around the gateway. */
PASU_MUST_USE int drill_around(struct drill_scenario *to, const struct drill_options *options,
                               const struct bench *bench);

#endif
