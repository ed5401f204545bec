/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sixteenth of all principals, chosen by their hash. Parts share nothing, so that several threads
 * can work, and as there are always PARTS of them, results do not depend on how many threads do.
 */
#ifndef PASU_DETECT_PART_H
#define PASU_DETECT_PART_H

#include "detect/principal.h"
#include "detect/slots.h"

enum { PARTS = 16 };

/* Peers are those who do about as much: a share of few is another thing than one of many. */
enum { CLASS_FEW, CLASS_MANY, CLASSES, MANY = 8 };

/* What is usual on an axis. */
struct peers {
    struct share_peers shares[SHARES][CLASSES];
    struct pace_peers paces[PACES];
};

/* Those who asked for one person on the day, and no other ever: most. Of them only sums are kept.
 */
struct singles {
    uint64_t count, missed, accounts, orphans;
};

struct part {
    struct slots tables[AXIS_COUNT];
    struct principal **principals;
    struct principal **open; /* those with a day */
    size_t count, room, open_count, open_room;
    struct singles singles[AXIS_COUNT]; /* of the open day */
    struct peers learned[AXIS_COUNT];   /* while a day is closed */
    size_t held, limit;                 /* bytes */
    size_t tested;
    uint64_t walk_seed;
    uint64_t forgotten;
    bool crowded; /* somebody could not be taken in */
    /* Somebody of the axis asked for enough persons in a day for an order, or a walk, to be judged,
     * and it was not known what is usual of it. */
    bool unjudged_order[AXIS_COUNT], unjudged_walk[AXIS_COUNT];
};

/* An observation, and what is known of it beside. */
struct taken {
    const struct observation *o;
    uint64_t horizon; /* the highest number of its kind before today */
    uint32_t second;  /* of the day */
    uint16_t day;     /* that is open */
    bool orphan;      /* its session and account have not logged in lately */
};

/* Where the share of n belongs. */
static inline unsigned
class_of(double n)
{
    return n >= MANY ? CLASS_MANY : CLASS_FEW;
}

/* A principal's key, never 0; its upper four bits tell the part. */
static inline uint64_t
part_key(const uint64_t secret[2], uint64_t who, unsigned axis)
{
    unsigned __int128 product =
        (unsigned __int128)(who ^ secret[0]) * (secret[1] + 2 * (uint64_t)axis);
    uint64_t key = (uint64_t)product ^ (uint64_t)(product >> 64);

    return key != 0 ? key : 1;
}

static inline unsigned
part_of(uint64_t key)
{
    return (unsigned)(key >> 60);
}

/* The slot of the key; NULL: it has asked for nobody. Until some are forgotten. */
struct slot *part_find(const struct part *part, unsigned axis, uint64_t key);
/* Where the list has who the slot is of; NULL: it has asked for one person at most. Until the part
 * changes. */
static inline struct principal *const *
part_principal(const struct part *part, const struct slot *slot)
{
    return slot_is_promoted(slot) ? &part->principals[slot_place(slot)] : NULL;
}

/* The principal, whose slot it is (NULL: that is not known), asks for `count` persons, of the same
 * kind at the same time: t->o is the first of as many observations. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int part_take(struct part *part, unsigned axis, uint64_t key, struct slot *slot,
                            const struct taken *t, size_t count);
/* Forgets those not seen for longest until three fourths of the limit are free, or all
 * but those of today and yesterday. */
void part_forget(struct part *part, uint16_t today);
void part_release(struct part *part);

#endif
