/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"

#include "base/error.h"
#include "base/memory.h"
#include "detect/coverage.h"
#include "detect/fusion.h"
#include "detect/state.h"

#define NANOSECONDS_PER_HOUR (INT64_C(3600) * 1000000000)
#define FALSE_SHARE          0.1
#define PEERS_KEEP           0.9885 /* what is known of peers weighs half after 60 days */
/* Who logged in before the stream began is no orphan after a while: it is learned anew in a week.
 */
#define ORPHANS_KEEP 0.9
enum { SURGE_MIN = 5 };
/* Where more accounts begin to use sessions, or cease to, than so many, or than one of so many, it
 * is the system that does, or the log. */
enum { STRANGE_MOST = 2, STRANGE_SHARE = 20 };
enum { LOGINS_SHARE = 8, REQUESTS_SHARE = 4 /* of the memory; the rest is the parts' */ };
enum { TOGETHER = 128 /* observations whose slots are fetched before they are taken */ };

int
detect_open(struct detect **slot, const struct detect_options *options)
{
    struct detect *d;

    if (options->memory < DETECT_MEMORY_MIN || options->q < 0 || options->q >= 1 ||
        options->false_a_year < 0)
        return PASU_E_RANGE;
    if ((d = memory_new(1, sizeof(*d))) == NULL)
        return PASU_E_NOMEM;
    memcpy(d->secret, options->secret, sizeof(d->secret));
    d->secret[1] |= 1;
    d->q = options->q > 0 ? options->q : FALSE_SHARE;
    d->false_a_year = options->false_a_year;
    d->off = options->off;
    d->settle = options->settle;
    d->axes = options->axes != 0 ? options->axes : UINT32_MAX;
    d->logins.window = LOGINS_WINDOW;
    d->requests_limit = options->memory / REQUESTS_SHARE;
    d->are_all_counted = true;
    d->logins.limit = options->memory / LOGINS_SHARE / sizeof(struct login);
    for (size_t i = 0; i < PARTS; i++) {
        d->parts[i].limit =
            (options->memory - options->memory / LOGINS_SHARE - options->memory / REQUESTS_SHARE) /
            PARTS;
        d->parts[i].walk_seed = d->secret[1];
    }
    *slot = d;
    return 0;
}

void
detect_close(struct detect *d)
{
    if (d == NULL)
        return;
    publish_release(&d->publisher);
    for (size_t i = 0; i < PARTS; i++)
        part_release(&d->parts[i]);
    for (size_t axis = 0; axis < AXIS_COUNT; axis++)
        requests_release(&d->requests[axis], &d->requests_held);
    logins_release(&d->logins, &d->logins_held);
    memory_wipe(d->secret, sizeof(d->secret));
    memory_free(d);
}

/* ---- time ---- */

static uint16_t
day_of(int64_t hour)
{
    return (uint16_t)(hour / HOURS_PER_DAY);
}

static void
feel_climate(struct detect *d)
{
    struct surge surge[AXIS_COUNT] = {0};
    struct climate *c = &d->climate;

    c->day = day_of(d->hour);
    c->off = d->off;
    c->accounts = (d->axes >> AXIS_ACCOUNT & 1) != 0;
    c->others = d->seen[OBSERVED_OTHER] > 0 && d->are_all_counted;
    c->logins = d->logins.first != 0 && !d->logins.overflown &&
                (int64_t)d->logins.first + LOGINS_WINDOW_MIN <= (int64_t)c->day * 24 * 60;
    c->first = d->days == 0 ? d->first : NULL;
    memset(d->first, 0, sizeof(d->first));
    for (size_t i = 0; i < PARTS && d->days == 0; i++)
        judge_first_day(&d->parts[i], d->first);
    for (size_t i = 0; i < PARTS; i++)
        judge_surge(&d->parts[i], d->peers, c->day, surge);
    for (size_t axis = 0; axis < AXIS_COUNT; axis++) {
        c->surge[axis] = 1;
        if (surge[axis].principals >= SURGE_MIN && surge[axis].seen > surge[axis].usual)
            c->surge[axis] = surge[axis].seen / surge[axis].usual;
    }
    c->sessions = detect_tells_sessions(d) &&
                  (surge[AXIS_ACCOUNT].strange <= STRANGE_MOST ||
                   surge[AXIS_ACCOUNT].strange * STRANGE_SHARE <= surge[AXIS_ACCOUNT].principals);
}

static int
judge(struct detect *d, bool full_hour, bool all)
{
    feel_climate(d);
    d->climate.full_hour = full_hour;
    d->climate.day_ends = full_hour && all;
    for (size_t i = 0; i < PARTS; i++)
        judge_part(&d->parts[i], d->peers, &d->climate, d->requests, all);
    return publish_choose(&d->publisher, d->parts, d->q, d->false_a_year, d->now);
}

static void
age_peers(struct peers *p)
{
    for (size_t i = 0; i < SHARES; i++)
        for (size_t c = 0; c < CLASSES; c++)
            share_age(&p->shares[i][c], i == SHARE_ORPHANS ? ORPHANS_KEEP : PEERS_KEEP);
    for (size_t i = 0; i < PACES; i++)
        pace_age(&p->paces[i], PEERS_KEEP);
}

static void
sum_peers(struct peers *into, const struct peers *from)
{
    for (size_t i = 0; i < SHARES; i++)
        for (size_t c = 0; c < CLASSES; c++)
            share_sum(&into->shares[i][c], &from->shares[i][c]);
    for (size_t i = 0; i < PACES; i++)
        pace_sum(&into->paces[i], &from->paces[i]);
}

static int
close_day(struct detect *d)
{
    for (size_t axis = 0; axis < AXIS_COUNT; axis++)
        age_peers(&d->peers[axis]);
    for (size_t i = 0; i < PARTS; i++) {
        judge_close(&d->parts[i], &d->climate);
        for (size_t axis = 0; axis < AXIS_COUNT; axis++)
            sum_peers(&d->peers[axis], &d->parts[i].learned[axis]);
    }
    for (size_t axis = 0; axis < AXIS_COUNT; axis++)
        requests_clear(&d->requests[axis], &d->requests_held);
    d->are_all_counted = true;
    publish_settle(&d->publisher, d->climate.day, d->settle);
    memcpy(d->horizon, d->rising, sizeof(d->horizon));
    d->by_session = d->session_logins > d->account_logins / 2;
    d->days++;
    return logins_expire(&d->logins, (uint32_t)((d->climate.day + 1) * 24 * 60), &d->logins_held);
}

/* What is compared between principals, once a week. */
static int
judge_axis(struct detect *d, struct principal **list, size_t count, unsigned axis)
{
    int r = detect_is_off(d, DETECTOR_COVERAGE)
                ? 0
                : coverage_judge(list, count, d->climate.day, d->climate.accounts);

    if (r == 0 && (axis == AXIS_ACCOUNT || axis == AXIS_ADDRESS) &&
        !detect_is_off(d, DETECTOR_TILING)) {
        r = tiling_judge(list, count);
        if (r >= 0 && (enum tiling)r > d->tiling)
            d->tiling = (enum tiling)r;
    }
    for (size_t i = 0; i < count && r >= 0; i++)
        fusion_judge(list[i]->history, NULL);
    return r < 0 ? r : 0;
}

static int
judge_week(struct detect *d)
{
    size_t room = 0;
    struct principal **list;
    int r = 0;

    for (size_t i = 0; i < PARTS; i++)
        room += d->parts[i].tested;
    if ((list = memory_new(room + 1, sizeof(*list))) == NULL)
        return PASU_E_NOMEM;
    for (unsigned axis = 0; axis < AXIS_COUNT && r == 0; axis++) {
        size_t count = 0;

        for (size_t i = 0; i < PARTS; i++)
            for (size_t j = 0; j < d->parts[i].count; j++) {
                struct principal *p = d->parts[i].principals[j];

                if (p != NULL && p->axis == axis && p->history != NULL)
                    list[count++] = p;
            }
        r = judge_axis(d, list, count, axis);
    }
    memory_free(list);
    return r;
}

/* The open hour is over; nothing is observed until `hour`. */
static int
turn(struct detect *d, int64_t hour)
{
    bool day_ends = day_of(hour) != day_of(d->hour);
    int r = judge(d, true, day_ends);

    if (r < 0)
        return r;
    if (day_ends && (r = close_day(d)) < 0)
        return r;
    if (day_ends && d->days % WEEK == 0 && (r = judge_week(d)) < 0)
        return r;
    d->hour = hour;
    for (size_t i = 0; i < PARTS; i++)
        if (d->parts[i].crowded)
            part_forget(&d->parts[i], day_of(hour));
    return 0;
}

/* ---- observations ---- */

/* One observation, or several one behind the other that are of the same at the same time: then only
 * the first is looked at as a whole. */
struct asker {
    struct taken taken; /* the first one */
    size_t count;
    size_t act_end;                /* those of the bunch up to here that are not of askers before */
    bool has_session, has_account; /* logged in lately */
};

static void
count_logins(struct detect *d, const struct asker *asker)
{
    d->session_logins += asker->has_session;
    d->account_logins += asker->has_account;
}

/*
 * Whether there was no login. A session that has none of its own is an orphan, though its account
 * has logged in elsewhere; but where logs tell a login's session as it was before the login,
 * sessions never have one, and accounts decide.
 */
static bool
is_orphan(struct detect *d, struct asker *asker, uint32_t minute)
{
    const uint64_t *who = asker->taken.o->who;

    asker->has_session = logins_has(&d->logins, who[AXIS_SESSION], minute);
    asker->has_account = logins_has(&d->logins, who[AXIS_ACCOUNT], minute);
    count_logins(d, asker);
    if (d->by_session && who[AXIS_SESSION] != 0)
        return !asker->has_session;
    return !asker->has_session && !asker->has_account;
}

static bool
is_of_person(const struct observation *o)
{
    return (o->what == OBSERVED_SHOWN || o->what == OBSERVED_MISS) && o->subject != 0;
}

static struct taken
take_any(const struct detect *d, const struct observation *o)
{
    int64_t second = o->time / 1000000000 - (int64_t)day_of(d->hour) * 86400;

    return (struct taken){.o = o,
                          .day = day_of(d->hour),
                          .horizon = d->horizon[o->kind],
                          .second = (uint32_t)limited((double)second, 0, 86399)};
}

static void
count_person(struct detect *d, const struct observation *o)
{
    d->placed += o->country != 0 || o->asn != 0;
    if (o->number != NUMBER_NONE) {
        d->numbered++;
        if (o->what == OBSERVED_SHOWN && o->number > d->rising[o->kind])
            d->rising[o->kind] = o->number;
    }
}

/* What is known of a read of a person, in the order of time. */
static void
take_person(struct detect *d, struct asker *asker, const struct observation *o, uint32_t minute)
{
    asker->taken = take_any(d, o);
    asker->taken.orphan = is_orphan(d, asker, minute);
    count_person(d, o);
}

static int
take_login(struct detect *d, const struct observation *o, uint32_t minute)
{
    int r = 0;

    for (size_t axis = AXIS_ACCOUNT; axis <= AXIS_SESSION && r >= 0;
         axis += AXIS_SESSION - AXIS_ACCOUNT)
        if (o->who[axis] != 0)
            r = logins_add(&d->logins, o->who[axis], minute, &d->logins_held);
    return r;
}

/* A principal asks for persons. */
struct act {
    uint64_t key;
    struct slot *slot; /* NULL: not known */
    uint8_t axis;
};

/* Observations of one hour, of which the slots are on their way. */
struct bunch {
    size_t acts, askers, accounts, addresses;
    struct act act[TOGETHER * AXIS_COUNT];
    struct asker asker[TOGETHER];
    uint64_t account[TOGETHER], address[TOGETHER]; /* keys of who asks for none */
};

static inline bool
is_judged(const struct detect *d, const struct observation *o, unsigned axis)
{
    return o->who[axis] != 0 && (d->axes >> axis & 1) != 0;
}

/* Slots lie far apart, and of most lines nothing takes as long as to fetch theirs. */
PASU_ALWAYS_INLINE static inline void
plan(struct detect *d, struct bunch *bunch, const struct observation *o, unsigned axis)
{
    uint64_t key;

    if (!is_judged(d, o, axis))
        return;
    key = part_key(d->secret, o->who[axis], axis);
    slots_prefetch(&d->parts[part_of(key)].tables[axis], key);
    bunch->act[bunch->acts++] = (struct act){.key = key, .axis = (uint8_t)axis};
}

PASU_ALWAYS_INLINE static inline uint64_t
plan_count(struct detect *d, const struct observation *o, unsigned axis)
{
    uint64_t key = part_key(d->secret, o->who[axis], axis);

    requests_prefetch(&d->requests[axis], key);
    return key;
}

/* Of what neither asks for a person nor can have shown one only the requests of an account and of
 * an address are counted. */
static int
prepare(struct detect *d, struct bunch *bunch, const struct observation *o)
{
    uint32_t minute = (uint32_t)(o->time / (INT64_C(60) * 1000000000));

    d->seen[o->what]++;
    if (o->time > d->now)
        d->now = o->time;
    if (is_of_person(o) || o->what == OBSERVED_BOUND) {
        struct asker *asker = &bunch->asker[bunch->askers++];

        if (is_of_person(o))
            take_person(d, asker, o, minute);
        else
            asker->taken = take_any(d, o);
        for (unsigned axis = 0; axis < AXIS_COUNT; axis++)
            plan(d, bunch, o, axis);
        asker->count = 1;
        asker->act_end = bunch->acts;
        return 0;
    }
    if (is_judged(d, o, AXIS_ACCOUNT))
        bunch->account[bunch->accounts++] = plan_count(d, o, AXIS_ACCOUNT);
    if (is_judged(d, o, AXIS_ADDRESS))
        bunch->address[bunch->addresses++] = plan_count(d, o, AXIS_ADDRESS);
    return o->what == OBSERVED_LOGIN ? take_login(d, o, minute) : 0;
}

static int
take_counts(struct detect *d, unsigned axis, const uint64_t *keys, size_t count)
{
    struct requests *t = &d->requests[axis];
    int r = 0;

    for (size_t i = 0; i < count && r >= 0; i++) {
        if (PASU_LIKELY(requests_room(t) > 0) && PASU_LIKELY(requests_count(t, keys[i])))
            continue;
        r = requests_add(t, keys[i], d->requests_limit, &d->requests_held);
        if (r == 0) {
            d->uncounted++;
            d->are_all_counted = false;
        }
    }
    return r;
}

static inline const struct slots *
table_of(const struct detect *d, const struct act *act)
{
    return &d->parts[part_of(act->key)].tables[act->axis];
}

/*
 * What is known of who asks is up to six steps away from its slot, and each is a wait for memory:
 * so each is taken for all of the bunch before the next one is.
 */
static void
bring_near(const struct detect *d, struct bunch *bunch)
{
    PASU_UNINITIALIZED struct principal *const *at[TOGETHER * AXIS_COUNT];
    PASU_UNINITIALIZED const struct principal *who[TOGETHER * AXIS_COUNT];
    PASU_UNINITIALIZED const struct observation *o[TOGETHER * AXIS_COUNT];
    size_t count = 0, act_at = 0;

    for (size_t i = 0; i < bunch->acts; i++)
        __builtin_prefetch(slots_likely(table_of(d, &bunch->act[i]), bunch->act[i].key), 1);
    for (size_t n = 0; n < bunch->askers; n++)
        for (; act_at < bunch->asker[n].act_end; act_at++) {
            struct act *act = &bunch->act[act_at];
            const struct part *part = &d->parts[part_of(act->key)];

            act->slot = part_find(part, act->axis, act->key);
            at[count] = act->slot != NULL ? part_principal(part, act->slot) : NULL;
            o[count] = bunch->asker[n].taken.o;
            if (at[count] != NULL)
                __builtin_prefetch(at[count++]);
        }
    for (size_t i = 0; i < count; i++) {
        who[i] = *at[i];
        principal_prefetch(who[i]);
    }
    for (size_t i = 0; i < count; i++) {
        life_prefetch(&who[i]->life, o[i]->subject);
        if (who[i]->today != NULL)
            day_prefetch(who[i]->today);
        if (who[i]->history != NULL)
            history_prefetch(who[i]->history);
    }
    for (size_t i = 0; i < count; i++) {
        if (who[i]->today != NULL)
            sample_prefetch(&who[i]->today->asked, o[i]->subject);
        if (who[i]->history != NULL && who[i]->history->walk != NULL)
            walk_prefetch(who[i]->history->walk);
    }
    for (size_t i = 0; i < count; i++) {
        if (who[i]->today != NULL)
            sample_prefetch_known(&who[i]->today->asked, o[i]->subject);
        if (who[i]->history != NULL && who[i]->history->walk != NULL)
            walk_prefetch_number(who[i]->history->walk, o[i]->number);
    }
}

/* Those who ask, each for all of the persons. */
static int
take_asker(struct detect *d, const struct asker *asker, const struct act *acts, size_t act_count)
{
    const struct taken *t = &asker->taken;

    for (size_t axis = 0; axis < AXIS_COUNT && is_of_person(t->o); axis++)
        d->known[axis] += t->o->who[axis] != 0 ? asker->count : 0;
    for (size_t i = 0; i < act_count; i++) {
        const struct act *act = &acts[i];
        int r = part_take(&d->parts[part_of(act->key)], act->axis, act->key, act->slot, t,
                          asker->count);

        if (r < 0)
            return r;
    }
    return 0;
}

/* Requests are counted last: their places are on their way meanwhile. */
static int
take(struct detect *d, struct bunch *bunch)
{
    size_t act = 0;
    int r = 0;

    bring_near(d, bunch);
    for (size_t i = 0; i < bunch->askers && r >= 0; i++) {
        const struct asker *asker = &bunch->asker[i];

        r = take_asker(d, asker, &bunch->act[act], asker->act_end - act);
        act = asker->act_end;
    }
    if (r >= 0)
        r = take_counts(d, AXIS_ACCOUNT, bunch->account, bunch->accounts);
    return r < 0 ? r : take_counts(d, AXIS_ADDRESS, bunch->address, bunch->addresses);
}

/* Whether the same asks at the same time for another person, as a result of many rows shows them.
 */
static bool
is_again(const struct observation *before, const struct observation *o)
{
    uint64_t differs = (uint64_t)(before->time ^ o->time) | (uint64_t)(before->kind ^ o->kind);

    if (!is_of_person(o))
        return false;
    for (size_t axis = 0; axis < AXIS_COUNT; axis++)
        differs |= before->who[axis] ^ o->who[axis];
    return differs == 0 && is_of_person(before);
}

/* Then it is one more of the bunch's last asker. */
static void
prepare_again(struct detect *d, struct bunch *bunch, const struct observation *o)
{
    struct asker *asker = &bunch->asker[bunch->askers - 1];

    asker->count++;
    d->seen[o->what]++;
    count_logins(d, asker);
    count_person(d, o);
}

/* As many as are of the open hour, or late; how many, or an error. */
static ssize_t
add_bunch(struct detect *d, const struct observation *observations, size_t count)
{
    PASU_UNINITIALIZED struct bunch bunch;
    uint16_t today = day_of(d->hour);
    size_t taken = 0;
    bool is_late = false;
    int r = 0;

    bunch.acts = bunch.askers = bunch.accounts = bunch.addresses = 0;
    for (; taken < count && taken < TOGETHER && r >= 0; taken++) {
        const struct observation *o = &observations[taken];
        int64_t hour;

        if (taken > 0 && is_again(o - 1, o)) {
            d->taken++;
            d->late += is_late;
            prepare_again(d, &bunch, o);
            continue;
        }
        hour = o->time / NANOSECONDS_PER_HOUR;
        if (o->time < 0 || o->what >= OBSERVED_COUNT)
            r = PASU_E_MALFORMED;
        else if (hour > d->hour)
            break;
        else {
            d->taken++;
            is_late = day_of(hour) < today;
            d->late += is_late;
            r = prepare(d, &bunch, o);
        }
    }
    if (r >= 0)
        r = take(d, &bunch);
    return r < 0 ? r : (ssize_t)taken;
}

int
detect_add(struct detect *d, const struct observation *observations, size_t count)
{
    while (count > 0) {
        int64_t hour = observations[0].time / NANOSECONDS_PER_HOUR;
        ssize_t taken;
        int r;

        if (observations[0].time < 0)
            return PASU_E_MALFORMED;
        if (!d->started)
            d->hour = hour;
        d->started = true;
        if (hour > d->hour && (r = turn(d, hour)) < 0)
            return r;
        taken = add_bunch(d, observations, count);
        if (taken < 0)
            return (int)taken;
        observations += taken;
        count -= (size_t)taken;
    }
    return 0;
}

/* ---- the report ---- */

int
detect_findings(struct detect *d, struct detect_report *report)
{
    int r = 0;

    if (d->started)
        r = judge(d, false, false);
    if (r == 0)
        r = publish_findings(&d->publisher);
    if (r == 0)
        detect_report_make(d, report);
    return r < 0 ? r : 0;
}
