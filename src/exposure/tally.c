/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "exposure/tally_state.h"

/* Bytes of a tally beside its subjects. */
static size_t
own_bytes(const char *principal)
{
    return sizeof(struct tally) + strlen(principal) + 1;
}

struct tally *
tally_new(const char *principal, _Atomic uint64_t *bytes)
{
    struct tally *t = memory_new(1, own_bytes(principal));

    if (!t)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    tree_init(&t->tree, bytes);
    counts_init(&t->counts);
    usage_init(&t->usage, bytes);
    memcpy(t->principal, principal, strlen(principal) + 1);
    atomic_fetch_add_explicit(bytes, own_bytes(principal), memory_order_relaxed);
    return t;
}

void
tally_free(struct tally *t)
{
    tree_release(&t->tree);
    usage_release(&t->usage);
    memory_free(t->undo);
    pthread_mutex_destroy(&t->lock);
    memory_free(t);
}

struct usage *
tally_usage(struct tally *t)
{
    return &t->usage;
}

/* Every call begins with this, under the lock. */
static void
advance(struct tally *t, uint32_t now)
{
    if (counts_advance(&t->counts, now))
        tree_begin_day(&t->tree, t->counts.day);
    tree_sweep(&t->tree);
}

/* ---- rows ---- */

/*
 * One call's rows. What they add is gathered by level and put into the counts at the end, or when
 * it must be known exactly: `credit` rows of one person can follow before any limit is near,
 * whatever they show.
 */
struct batch {
    struct tally *tally;
    const uint64_t *limits; /* block */
    uint64_t room[TALLY_WINDOWS];
    uint64_t levels[TALLY_WINDOWS + 1]; /* subjects shown, by level (tally_stamp.h) */
    uint64_t credit;
    int8_t blocked_by;
};

/* The room that the windows have, once the counts are up to date. */
static void
look_at_room(struct batch *b)
{
    counts_room(&b->tally->counts, b->limits, b->room);
    b->credit = UINT64_MAX;
    for (unsigned w = 0; w < TALLY_WINDOWS; w++)
        if (b->room[w] < b->credit)
            b->credit = b->room[w];
}

/* Brings the counts up to date, and with them the room. */
static void
settle(struct batch *b)
{
    counts_add(&b->tally->counts, b->levels);
    memset(b->levels, 0, sizeof(b->levels));
    look_at_room(b);
}

/* Whether so many subjects by level are too many. Of several windows that are too small, the
 * longest is named: it is the one that matters to whoever waits. */
static bool
is_blocked(struct batch *b, const uint64_t levels[TALLY_WINDOWS + 1])
{
    uint64_t fresh = 0;

    for (int w = TALLY_WINDOWS - 1; w >= 0; w--) {
        fresh += levels[w + 1];
        if (fresh > b->room[w]) {
            b->blocked_by = (int8_t)w;
            return true;
        }
    }
    return false;
}

/* Stamps a subject with now, and counts it by its level. */
static int
show(struct tally *t, const struct tally_item *item, struct tree_place place, uint16_t from,
     uint64_t levels[TALLY_WINDOWS + 1])
{
    if (place.stamp) {
        *place.stamp = t->counts.stamp;
        counts_leave_day(&t->counts, from);
        if (stamp_age(from) > 0)
            tree_warm(&t->tree, place);
    } else {
        int result = tree_insert(&t->tree, item->kind, item->ordinal, place, t->counts.stamp);

        if (result != 0)
            return result;
    }
    levels[stamp_level(from, t->counts.stamp)]++;
    return 0;
}

/* A row with one person, the usual case: judged before anything is changed. */
static int
take_one(struct batch *b, const struct tally_item *item)
{
    struct tally *t = b->tally;
    struct tree_place place = tree_find(&t->tree, item->kind, item->ordinal);
    uint16_t from = place.stamp ? *place.stamp : STAMP_NEVER;

    if (from == t->counts.stamp)
        return 0;
    if (PASU_UNLIKELY(b->credit == 0)) {
        uint64_t levels[TALLY_WINDOWS + 1] = {0};

        settle(b);
        levels[stamp_level(from, t->counts.stamp)] = 1;
        if (is_blocked(b, levels))
            return 0;
    }
    b->credit -= b->credit > 0;
    return show(t, item, place, from, b->levels);
}

static int
reserve_undo(struct tally *t, size_t count)
{
    uint16_t *undo;

    if (count <= t->undo_size)
        return 0;
    undo = memory_resize(t->undo, count, sizeof(*undo));
    if (!undo)
        return PASU_E_NOMEM;
    atomic_fetch_add_explicit(t->tree.bytes, (count - t->undo_size) * sizeof(*undo),
                              memory_order_relaxed);
    t->undo = undo;
    t->undo_size = count;
    return 0;
}

/* Takes a row back. Of a subject that it names twice, the second stamp was now already. */
static void
undo(struct tally *t, const struct tally_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (t->undo[i] == t->counts.stamp)
            continue;
        tree_restore(&t->tree, items[i].kind, items[i].ordinal, t->undo[i]);
        counts_enter_day(&t->counts, t->undo[i]);
    }
}

/* A row with several persons, of whom some can be the same: taken, then judged, and taken back
 * where it is too much. */
static int
take_row(struct batch *b, const struct tally_item *items, size_t count)
{
    struct tally *t = b->tally;
    uint64_t levels[TALLY_WINDOWS + 1] = {0};
    int result = reserve_undo(t, count);

    if (result != 0)
        return result;
    for (size_t i = 0; i < count && result == 0; i++) {
        struct tree_place place = tree_find(&t->tree, items[i].kind, items[i].ordinal);

        t->undo[i] = place.stamp ? *place.stamp : STAMP_NEVER;
        if (t->undo[i] != t->counts.stamp)
            result = show(t, &items[i], place, t->undo[i], levels);
        if (result != 0)
            undo(t, items, i);
    }
    if (result != 0)
        return result;
    if (b->credit < count) {
        settle(b);
        if (is_blocked(b, levels)) {
            undo(t, items, count);
            return 0;
        }
    }
    b->credit -= b->credit < count ? b->credit : count;
    for (unsigned level = 1; level <= TALLY_WINDOWS; level++)
        b->levels[level] += levels[level];
    return 0;
}

/* Items of the row that begins with the first one; 0 where one is of no kind that there can be. */
static size_t
row_length(const struct tally_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].kind >= EXPOSURE_KINDS_MAX)
            return 0;
        if (items[i].is_row_end)
            return i + 1;
    }
    return count;
}

/*
 * Persons at random are in as many cache lines, none of them near. So the containers of items are
 * found, and the memory that counting them will touch is asked for, a block or two ahead: it comes
 * while the items before them are counted.
 */
enum { BLOCK = 32, AHEAD = 2 * BLOCK };

struct ahead {
    size_t end;                            /* items before this one have been looked up */
    struct tally_container **slots[AHEAD]; /* of item i: [i % AHEAD] */
};

/* Looks up the items up to AHEAD behind `from`, where there are so many. A slot stays where it is
 * while its container changes; one that was not there yet is found by the row itself. */
static void
look_ahead(const struct tally_tree *tree, const struct tally_item *items, size_t count, size_t from,
           struct ahead *ahead)
{
    struct tally_container **slot = NULL;
    size_t end = count - from < AHEAD ? count : from + AHEAD, i;
    uint32_t name = UINT32_MAX; /* of none */

    for (i = ahead->end; i < end && items[i].kind < EXPOSURE_KINDS_MAX; i++) {
        const uint32_t kind = items[i].kind, ordinal = items[i].ordinal;

        if (name != tree_name(kind, ordinal)) {
            name = tree_name(kind, ordinal);
            slot = tree_slot(tree, kind, ordinal);
        }
        ahead->slots[i % AHEAD] = slot;
        if (slot && *slot)
            container_prefetch(*slot, (uint16_t)ordinal);
    }
    ahead->end = i;
}

/*
 * Takes the next rows, a block at most, as long as they show one person each of hot or dense
 * containers, and there is credit: what large results are. No more than a stamp and a counter
 * change, so all is kept in registers. False where the row at *taken is another one.
 */
static bool
take_wide(struct batch *b, const struct tally_item *items, const struct ahead *ahead, size_t *taken)
{
    struct tally *t = b->tally;
    const uint16_t now = t->counts.stamp;
    const uint32_t day = t->tree.day;
    const size_t end = ahead->end - *taken < BLOCK ? ahead->end : *taken + BLOCK;
    uint64_t credit = b->credit;
    size_t i = *taken;
    bool is_whole;

    for (; i < end && items[i].is_row_end && credit > 0; i++) {
        struct tally_container **slot = ahead->slots[i % AHEAD], *c = slot ? *slot : NULL;
        uint16_t *stamp, from;

        if (!c)
            break;
        if (PASU_UNLIKELY(c->day != day))
            container_age(c, day);
        stamp = container_stamp(c, (uint16_t)items[i].ordinal);
        if (!stamp)
            break;
        from = *stamp;
        if (from == now)
            continue;
        *stamp = now;
        counts_leave_day(&t->counts, from);
        b->levels[stamp_level(from, now)]++;
        credit--;
    }
    is_whole = i == end && i > *taken;
    b->credit = credit;
    *taken = i;
    return is_whole;
}

static int
take_rows(struct batch *b, const struct tally_item *items, size_t count, size_t *taken)
{
    struct ahead ahead PASU_UNINITIALIZED;

    ahead.end = 0;
    while (*taken < count) {
        const struct tally_item *row;
        size_t from = *taken, length;
        int result;

        if (ahead.end < from) /* a row of many persons has passed it */
            ahead.end = from;
        if (ahead.end - from <= BLOCK && ahead.end < count)
            look_ahead(&b->tally->tree, items, count, from, &ahead);
        if (take_wide(b, items, &ahead, taken))
            continue;
        row = items + *taken;
        length = row_length(row, count - *taken);
        if (length == 0)
            return PASU_E_RANGE;
        result = length == 1 ? take_one(b, row) : take_row(b, row, length);
        if (result != 0 || b->blocked_by >= 0)
            return result;
        *taken += length;
    }
    return 0;
}

/* ---- the calls ---- */

static const struct tally_limits no_limits = {
    .block = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
    .alert = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
};

static void
sum_all(const struct tally *t, uint64_t sums[TALLY_WINDOWS])
{
    for (unsigned w = 0; w < TALLY_WINDOWS; w++)
        sums[w] = counts_sum(&t->counts, (enum tally_window)w);
}

/* A window that holds more than may be shown clear, where more may be shown; the longest; -1: none
 * does. */
static int8_t
over(const struct tally *t, const uint64_t most[TALLY_WINDOWS], const uint64_t block[TALLY_WINDOWS])
{
    for (int w = TALLY_WINDOWS - 1; w >= 0; w--)
        if (most[w] < block[w] && counts_sum(&t->counts, (enum tally_window)w) > most[w])
            return (int8_t)w;
    return -1;
}

/* The rows that may be shown clear. */
static int
take_clear(struct batch *b, const struct tally_item *items, size_t count,
           const uint64_t most[TALLY_WINDOWS], size_t *taken, struct tally_clear *clear)
{
    const uint64_t *block = b->limits;
    int result;

    *clear = (struct tally_clear){0, over(b->tally, most, block)};
    if (clear->stopped_by >= 0)
        return 0;
    b->limits = most;
    look_at_room(b);
    result = take_rows(b, items, count, taken);
    *clear = (struct tally_clear){*taken, b->blocked_by};
    b->limits = block;
    b->blocked_by = -1;
    settle(b);
    return result;
}

/* What each call begins with, under the lock. */
static void
begin(struct batch *b, struct tally *t, uint32_t now, const struct tally_limits *limits,
      uint64_t before[TALLY_WINDOWS])
{
    *b = (struct batch){.tally = t, .limits = limits->block};
    advance(t, now);
    sum_all(t, before);
    look_at_room(b);
    b->blocked_by = counts_passed(&t->counts, limits->block);
}

/*
 * One row of one person, which most statements show: taken where nothing is near, so that neither
 * room nor alerts need be looked at. `most`: that may be shown clear; NULL: nothing is masked.
 * False, and nothing done, where something is.
 */
static bool
take_alone(struct tally *t, const struct tally_item *item, const uint64_t *most,
           const struct tally_limits *limits, struct tally_outcome *outcome)
{
    struct tally_counts *c = &t->counts;
    uint64_t levels[TALLY_WINDOWS + 1] PASU_UNINITIALIZED;
    struct tree_place place;
    unsigned level;
    uint16_t from;

    if (item->kind >= EXPOSURE_KINDS_MAX || counts_passed(c, limits->block) >= 0 ||
        (most && over(t, most, limits->block) >= 0))
        return false;
    place = tree_find(&t->tree, item->kind, item->ordinal);
    from = place.stamp ? *place.stamp : STAMP_NEVER;
    if (from != c->stamp) {
        level = stamp_level(from, c->stamp);
        for (unsigned w = 0; w < level; w++) {
            uint64_t all = counts_sum(c, (enum tally_window)w);

            if (all >= limits->block[w] || all >= limits->alert[w] || (most && all >= most[w]))
                return false;
        }
        levels[level] = 0;
        if (show(t, item, place, from, levels) != 0)
            return false;
        for (unsigned w = 0; w < level; w++)
            c->known[w]++;
        ++*counts_day(c, c->stamp);
        outcome->fresh = level > TALLY_DAY;
    }
    outcome->taken = 1;
    return true;
}

int
tally_take_clear(struct tally *t, uint32_t now, const struct tally_item *items, size_t count,
                 const uint64_t most[TALLY_WINDOWS], const struct tally_limits *limits,
                 struct tally_outcome *outcome, struct tally_clear *clear)
{
    struct batch b PASU_UNINITIALIZED;
    uint64_t before[TALLY_WINDOWS] PASU_UNINITIALIZED, today;
    int result = 0;

    if (!limits)
        limits = &no_limits;
    *outcome = (struct tally_outcome){.blocked_by = -1};
    pthread_mutex_lock(&t->lock);
    if (count == 1) {
        advance(t, now);
        if (PASU_LIKELY(take_alone(t, items, most, limits, outcome))) {
            pthread_mutex_unlock(&t->lock);
            if (most)
                *clear = (struct tally_clear){.count = 1, .stopped_by = -1};
            return 0;
        }
    }
    begin(&b, t, now, limits, before);
    today = t->counts.known[TALLY_DAY];
    if (PASU_UNLIKELY(b.blocked_by >= 0)) {
        if (most != NULL)
            *clear = (struct tally_clear){0, over(t, most, limits->block)};
    } else {
        if (PASU_UNLIKELY(most != NULL))
            result = take_clear(&b, items, count, most, &outcome->taken, clear);
        look_at_room(&b);
        if (result == 0)
            result = take_rows(&b, items, count, &outcome->taken);
    }
    counts_add(&t->counts, b.levels);
    outcome->fresh = t->counts.known[TALLY_DAY] - today;
    outcome->blocked_by = b.blocked_by;
    counts_alert(&t->counts, before, limits, outcome);
    pthread_mutex_unlock(&t->lock);
    return result;
}

int
tally_take(struct tally *t, uint32_t now, const struct tally_item *items, size_t count,
           const struct tally_limits *limits, struct tally_outcome *outcome)
{
    return tally_take_clear(t, now, items, count, NULL, limits, outcome, NULL);
}

/* `most` and `clear`: NULL where nothing is masked. */
static int
take_unknown(struct tally *t, uint32_t now, uint8_t kind, uint64_t count,
             const uint64_t most[TALLY_WINDOWS], const struct tally_limits *limits, bool is_moved,
             struct tally_outcome *outcome, struct tally_clear *clear)
{
    const uint64_t levels[TALLY_WINDOWS + 1] = {[TALLY_WINDOWS] = count};
    uint64_t before[TALLY_WINDOWS];
    struct batch b;

    if (!limits)
        limits = &no_limits;
    *outcome = (struct tally_outcome){.blocked_by = -1};
    if (kind >= EXPOSURE_KINDS_MAX)
        return PASU_E_RANGE;
    pthread_mutex_lock(&t->lock);
    begin(&b, t, now, limits, before);
    if ((b.blocked_by < 0 && !is_blocked(&b, levels)) || is_moved) {
        counts_add_unknown(&t->counts, t->counts.now, count);
        outcome->taken = count;
    }
    if (is_moved && count > 0)
        counts_move_values(&t->counts, t->counts.now);
    outcome->blocked_by = b.blocked_by;
    counts_alert(&t->counts, before, limits, outcome);
    if (PASU_UNLIKELY(most != NULL)) {
        clear->stopped_by = over(t, most, limits->block);
        clear->count = clear->stopped_by < 0;
    }
    pthread_mutex_unlock(&t->lock);
    return 0;
}

int
tally_take_unknown(struct tally *t, uint32_t now, uint8_t kind, uint64_t count,
                   const struct tally_limits *limits, struct tally_outcome *outcome)
{
    return take_unknown(t, now, kind, count, NULL, limits, false, outcome, NULL);
}

int
tally_take_unknown_clear(struct tally *t, uint32_t now, uint8_t kind, uint64_t count,
                         const uint64_t most[TALLY_WINDOWS], const struct tally_limits *limits,
                         struct tally_outcome *outcome, struct tally_clear *clear)
{
    return take_unknown(t, now, kind, count, most, limits, false, outcome, clear);
}

int
tally_add_moved(struct tally *t, uint32_t now, uint8_t kind, uint64_t count,
                const struct tally_limits *limits, struct tally_outcome *outcome)
{
    return take_unknown(t, now, kind, count, NULL, limits, true, outcome, NULL);
}

static int
restore_one(struct tally *t, uint8_t kind, uint32_t ordinal, uint16_t stamp)
{
    struct tree_place place = tree_find(&t->tree, kind, ordinal);
    uint16_t from = place.stamp ? *place.stamp : STAMP_NEVER;

    if (!stamp_is_later(stamp, from))
        return 0;
    if (place.stamp) {
        *place.stamp = stamp;
    } else {
        int result = tree_insert(&t->tree, kind, ordinal, place, stamp);

        if (result != 0)
            return result;
    }
    counts_move(&t->counts, from, stamp);
    return 0;
}

int
tally_restore(struct tally *t, uint32_t at, uint8_t kind, const uint32_t *ordinals, size_t count,
              uint64_t unknown)
{
    uint16_t stamp;
    int result = 0;

    if (kind >= EXPOSURE_KINDS_MAX)
        return PASU_E_RANGE;
    pthread_mutex_lock(&t->lock);
    advance(t, at);
    stamp = counts_stamp(&t->counts, at);
    for (size_t i = 0; i < count && result == 0 && stamp != STAMP_NEVER; i++)
        result = restore_one(t, kind, ordinals[i], stamp);
    if (result == 0)
        counts_add_unknown(&t->counts, at, unknown);
    pthread_mutex_unlock(&t->lock);
    return result;
}

void
tally_restore_moved(struct tally *t, uint32_t at)
{
    pthread_mutex_lock(&t->lock);
    advance(t, at);
    counts_move_values(&t->counts, at);
    pthread_mutex_unlock(&t->lock);
}

void
tally_count(struct tally *t, uint32_t now, uint64_t known[TALLY_WINDOWS],
            uint64_t unknown[TALLY_WINDOWS])
{
    pthread_mutex_lock(&t->lock);
    advance(t, now);
    memcpy(known, t->counts.known, sizeof(t->counts.known));
    memcpy(unknown, t->counts.unknown, sizeof(t->counts.unknown));
    pthread_mutex_unlock(&t->lock);
}
