/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a breach is noticed by what judges each session and statement as it comes: the roster, rules
 * and budgets, with the code that the gate judges with (policy/roster.h, policy/rule.h,
 * policy/budget.h, exposure/tally.h), told the story's events in their order and at their times.
 *
 * Only what its culprits do is judged, of whom tallies and first uses know all that they did
 * before. Noticed is what alerts, holds or blocks: from then on somebody knows. What masks shows
 * less, and tells nobody.
 */
#ifndef PASU_DRILL_JUDGE_H
#define PASU_DRILL_JUDGE_H

#include "drill/control.h"
#include "drill/story.h"
#include "exposure/vocabulary.h"
#include "ledger/decoys.h"
#include "policy/sources.h"

enum { NOTICE_TEXT = 160 };

/* That it is noticed: nothing of the event `event` was shown by then but its first `row` persons.
 */
struct notice {
    bool is_noticed;
    size_t event;
    uint32_t row;
    int64_t time; /* of the event, and a nanosecond more for each row */
    char by[NOTICE_TEXT];
};

/* What holds for a whole drill. */
struct bench {
    const struct config *config;
    const struct sources *sources;
    struct vocabulary vocabulary;
    uint64_t fields;       /* that the persons are shown by: all of the first kind */
    struct decoys *decoys; /* which of the persons are made up, and watched; NULL: none */
    char sql[STORY_SHAPES][200];
};

/* PASU_E_NOMEM. */
PASU_MUST_USE int judge_story(struct notice *notice, const struct bench *bench,
                              const struct story *story, const struct controlled *controlled);
/* So many of the persons 1 … population, the same each time, are decoys; at most those that a
 * ledger can have. Released by bench_release. PASU_E_NOMEM. */
PASU_MUST_USE int bench_plant(struct bench *bench, uint32_t population, size_t count);
void bench_release(struct bench *bench);
/* Where that address is, as the sources say. */
void judge_origin(const struct bench *bench, const char *address, struct origin *origin);

#endif
