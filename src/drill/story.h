/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A story: made-up principals who read made-up persons, in virtual time, some of them in a breach.
 *
 *      who ──▶ sessions ──▶ events, in the order of time: opens, asks, goes on (more rows of the
 *                           statement that was asked), closes
 *
 * Nobody in it exists: principals are called drill-…, persons are numbers. The same story comes out
 * each time. Built by story_*; what fails is kept in `error`, and nothing is added from then on.
 * Single-threaded; memory is that of all events and of a number for each person shown.
 */
#ifndef PASU_DRILL_STORY_H
#define PASU_DRILL_STORY_H

#include "ledger/message.h"
#include "policy/roster.h"

enum { STORY_WHO_MAX = 64 };
#define STORY_MINUTE (60 * NANOSECONDS_PER_SECOND)
#define STORY_HOUR   (60 * STORY_MINUTE)
#define STORY_DAY    (24 * STORY_HOUR)

enum story_what { STORY_OPENS, STORY_ASKS, STORY_GOES_ON, STORY_CLOSES };

/* What is asked. */
enum story_shape { SHAPE_ONE, SHAPE_OTHER, SHAPE_PAGE, SHAPE_ALL, STORY_SHAPES };

struct story_who {
    char principal[NAME_SIZE];
    enum principal_kind kind;
    const char *address, *application; /* constant, or longer-lived than the story */
    int64_t left_at;                   /* ROSTER_NEVER */
    bool is_culprit;                   /* some of the sessions are of the breach */
};

struct story_session {
    uint64_t id;
    uint32_t who;
    bool is_breach;
    const char *address;
};

struct story_event {
    int64_t time; /* realtime ns */
    uint64_t order;
    uint32_t session;
    uint32_t first, count; /* of `persons` */
    uint8_t what, shape;
};

struct story {
    struct story_who who[STORY_WHO_MAX];
    size_t who_count;
    struct story_session *sessions;
    size_t session_count, session_space;
    struct story_event *events;
    size_t event_count, event_space;
    uint32_t *persons;
    size_t person_count, person_space;
    uint64_t random;
    uint32_t population;  /* persons are 1 … population */
    int64_t begins, ends; /* the breach: from its first session on, to its last row */
    int error;
};

void story_init(struct story *story, uint64_t seed, uint32_t population);
void story_release(struct story *story);
/* From 0 to below - 1. */
uint32_t story_random(struct story *story, uint32_t below);
/* Local midnight of a day, realtime ns. */
int64_t story_midnight(int64_t days_since_1970);

uint32_t story_add_who(struct story *story, const char *principal, enum principal_kind kind,
                       const char *address, const char *application);
/* `address` NULL: the one that they always come from. */
uint32_t story_open(struct story *story, uint32_t who, const char *address, int64_t time,
                    bool is_breach);
/* Asks for `count` persons, first, first + step, …; is_more: further rows of the statement before.
 */
void story_ask(struct story *story, uint32_t session, int64_t time, enum story_shape shape,
               uint32_t first, uint32_t step, uint32_t count, bool is_more);
void story_close(struct story *story, uint32_t session, int64_t time);
/* No more comes: in the order of time, and begins and ends are known. The error. */
PASU_MUST_USE int story_end(struct story *story);

/* The roster that has all of them, new. PASU_E_NOMEM. */
PASU_MUST_USE int story_roster(const struct story *story, struct roster **roster);
static inline bool
story_is_breach(const struct story *story, const struct story_event *event)
{
    return story->sessions[event->session].is_breach;
}

#endif
