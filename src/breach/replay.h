/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration's rules and budgets, asked of what a ledger has recorded: what would they have
 * stopped, or alerted of, had they been in force then?
 *
 *      ledger ──▶ sessions, vocabularies          who asked, what the numbers mean
 *             ──▶ exposures before `from`  ──▶ tallies       what each principal had been shown
 *             ──▶ exposures in the time    ──▶ rules ──▶ tallies with the budgets' limits
 *
 * Each record is judged with the code that judges in the gate (policy/rule.h, exposure/tally.h), in
 * the ledger's order. What a rule or budget would have stopped does not count in the tallies, nor
 * does what stands behind it in its statement: that would not have been shown. What the principal
 * would have asked instead, nobody knows. The persons of a record are counted one by one, a row of
 * several persons is not known as such; unknown ones count as in a gate that has been started anew.
 *
 * A record does not hold all that a rule can ask for. Where the answer depends on that, it is not
 * guessed: such statements are in at_most only, and what was lacking is told for each rule. A
 * statement that is not in the ledger (it showed nobody, and nothing was to be said of it) is not
 * judged. Where the gate itself would not have known (a country that no database has), its answer
 * counts, which is the stricter one.
 *
 * Single-threaded; a command's. Memory: that of the sessions open at one time, of the tallies, and
 * of the sets of persons, for each rule and budget.
 */
#ifndef PASU_BREACH_REPLAY_H
#define PASU_BREACH_REPLAY_H

#include "breach/book.h"
#include "breach/name_set.h"
#include "breach/persons.h"
#include "exposure/kinds.h"
#include "policy/budget.h"
#include "policy/rule.h"

enum { REPLAY_EXAMPLES = 5, REPLAY_VERDICTS = VERDICT_OF_BLOCK + 1 };

/* What a record can lack that a rule asks for. */
enum replay_lack {
    REPLAY_LACKS_VERBS,
    REPLAY_LACKS_COUNTRY,
    REPLAY_LACKS_ASN,
    REPLAY_LACKS_FIELDS, /* it shows nobody's: what it could have shown is not recorded; or a rule
                            asks for what it could not */
    REPLAY_LACKS_USE,    /* whether its principal had run such a statement before */
    REPLAY_LACKS_SOURCE, /* the application says that its user is elsewhere: where that was */
    REPLAY_LACKS
};

struct replay_persons {
    struct persons *sure, *all; /* NULL: nobody; `all` has those of `sure`, too */
    uint64_t unknown;
};

struct replay_example {
    uint64_t seq;
    int64_t time;
    char principal[NAME_SIZE];
    bool is_sure;
};

/* What one rule or budget would have done. Statements count by how sure that is: [0] all that it
 * can have been, [1] those of [0] that it surely was. */
struct replay_outcome {
    uint64_t statements[2];
    uint64_t then[2][REPLAY_VERDICTS]; /* of those, by what was decided when it happened */
    uint64_t alerts;                   /* a budget's: how often it would have raised one */
    uint64_t lacks[REPLAY_LACKS];      /* records that were undecided for want of that */
    struct replay_persons persons[EXPOSURE_KINDS_MAX]; /* by replay->kinds */
    struct name_set principals;
    int64_t first, last; /* realtime ns; 0: nothing */
    struct replay_example examples[REPLAY_EXAMPLES];
    size_t example_count;
};

struct replay_session;
struct replay_words;

struct replay {
    const struct config *config;
    const struct roster *roster;
    struct book *book;
    int64_t from, to; /* realtime ns, from <= t < to; to 0: no end */
    uint32_t now;     /* local minute: nothing was shown later */
    struct vocabulary names;
    struct rules *rules;
    struct kinds kinds;
    struct tally_book *tallies;
    struct replay_words *words; /* vocabularies of the past */
    size_t word_count;
    struct map places; /* session → place in `sessions` */
    struct replay_session *sessions;
    size_t session_count, session_space;
    uint32_t free_list; /* 1-based */
    uint8_t *asks;      /* of each rule: bits of enum replay_lack */
    uint8_t *truths;    /* of each rule, of the record in hand */
    struct tally_item *items;
    /* All that is stopped, whatever by; then each rule and each budget, in the configuration's
     * order. */
    struct replay_outcome *outcomes;
    size_t outcome_count;
    uint64_t statements, then[REPLAY_VERDICTS]; /* that were judged */
    uint64_t untestable; /* statements of sessions that nobody knows: not judged */
};

/* All is borrowed, and must outlive it; the configuration's files are loaded. */
PASU_MUST_USE int replay_new(struct replay **replay, const struct config *config,
                             const struct roster *roster, struct book *book, int64_t from,
                             int64_t to, int64_t now);
void replay_free(struct replay *replay);
/* Each entry, in the ledger's order; it is noted in the book. PASU_E_NOMEM. */
PASU_MUST_USE int replay_take(struct replay *replay, const struct ledger_entry *entry);
/* No more comes. */
void replay_end(struct replay *replay);

const struct replay_outcome *replay_stopped(const struct replay *replay);
const struct replay_outcome *replay_rule(const struct replay *replay, size_t index);
const struct replay_outcome *replay_budget(const struct replay *replay, size_t index);
/* Whether such a verdict keeps something from the client. */
static inline bool
replay_stops(enum config_verdict verdict)
{
    return verdict >= VERDICT_MASK;
}
/* How many persons of a kind (a slot of replay->kinds). */
void replay_persons(const struct replay_outcome *outcome, size_t kind, uint64_t *at_least,
                    uint64_t *at_most);
/* "verbs", … */
const char *replay_lack_text(enum replay_lack lack);

#endif
