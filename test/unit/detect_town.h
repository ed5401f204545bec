/* SPDX-License-Identifier: Apache-2.0 */
/* A small town, and streams of what is read in it. */
#ifndef PASU_TEST_DETECT_TOWN_H
#define PASU_TEST_DETECT_TOWN_H

#include "base/error.h"
#include "base/memory.h"
#include "detect/detect.h"
#include "random.h"
#include "unit.h"

#include <math.h>

#define SECOND INT64_C(1000000000)
#define DAY    (86400 * SECOND)
#define START  (INT64_C(20100) * DAY)

enum {
    HOMES = 400,
    OFFICES = 30,
    CLERKS = 24,
    PERSONS = 40000,
    DAYS = 45,
    ATTACK_DAY = 35,
    TOWN_MOST = 500000,
    ATTACKER = 900001,
};

enum { NAME_SUBJECT = 1, NAME_ACCOUNT, NAME_SESSION, NAME_ADDRESS, NAME_ASN, NAME_AGENT };

static inline uint64_t
name(uint64_t kind, uint64_t number)
{
    struct random r = {.state = kind << 48 ^ (number + 1)};

    (void)random_u64(&r);
    return random_u64(&r) | 1;
}

struct town {
    struct observation *list;
    size_t count;
    struct random r;
};

static inline struct observation *
add(struct town *t, int64_t time, uint64_t address, uint64_t account)
{
    struct observation *o = &t->list[t->count];

    assert_true(t->count < TOWN_MOST);
    *o = (struct observation){.time = time,
                              .number = NUMBER_NONE,
                              .what = OBSERVED_OTHER,
                              .offset = t->count * 100,
                              .country = 'K' << 8 | 'R',
                              .asn = 10};
    o->who[AXIS_ADDRESS] = name(NAME_ADDRESS, address);
    if (account != 0)
        o->who[AXIS_ACCOUNT] = name(NAME_ACCOUNT, account);
    t->count++;
    return o;
}

static inline struct observation *
ask(struct town *t, int64_t time, uint64_t address, uint64_t account, uint64_t person)
{
    struct observation *o = add(t, time, address, account);

    o->what = OBSERVED_SHOWN;
    o->number = person;
    o->subject = name(NAME_SUBJECT, person);
    o->fields = 3;
    return o;
}

static inline struct observation *
miss(struct town *t, int64_t time, uint64_t address, uint64_t account, uint64_t person)
{
    struct observation *o = ask(t, time, address, account, person);

    o->what = OBSERVED_MISS;
    o->fields = 0;
    return o;
}

static inline void
log_in(struct town *t, int64_t time, uint64_t address, uint64_t account)
{
    add(t, time, address, account)->what = OBSERVED_LOGIN;
}

static inline int64_t
some_time(struct town *t, int64_t day, unsigned from, unsigned to)
{
    return day + (int64_t)from * 3600 * SECOND +
           (int64_t)random_below(&t->r, (to - from) * 3600) * SECOND;
}

/* Members read themselves from home, families share an address, clerks read others in offices. */
static inline void
live_day(struct town *t, int64_t day)
{
    for (uint64_t home = 0; home < HOMES; home++) {
        int64_t at = some_time(t, day, 8, 22);
        uint64_t member = 1 + home * 3 + random_below(&t->r, 3);

        if (random_below(&t->r, 3) > 0)
            continue;
        log_in(t, at, 1000 + home, member);
        for (unsigned page = 0; page < 4; page++)
            (void)add(t, at + page * SECOND, 1000 + home, member);
        (void)ask(t, at + 5 * SECOND, 1000 + home, member, member);
    }
    for (uint64_t office = 0; office < OFFICES; office++)
        for (uint64_t visits = 4 + random_below(&t->r, 8); visits > 0; visits--) {
            int64_t at = some_time(t, day, 9, 18);
            uint64_t member = 2000 + office * 400 + random_below(&t->r, 400);

            log_in(t, at, 2000 + office, member);
            (void)add(t, at + SECOND, 2000 + office, member);
            if (random_below(&t->r, 30) == 0)
                (void)miss(t, at + 2 * SECOND, 2000 + office, member, 1000000 + member);
            (void)ask(t, at + 3 * SECOND, 2000 + office, member, member);
        }
    for (uint64_t clerk = 0; clerk < CLERKS; clerk++) {
        log_in(t, day + 8 * 3600 * SECOND, 3000 + clerk, 500000 + clerk);
        for (uint64_t reads = 60 + clerk + random_below(&t->r, 30); reads > 0; reads--) {
            int64_t at = some_time(t, day, 9, 18);

            (void)add(t, at, 3000 + clerk, 500000 + clerk);
            (void)ask(t, at + SECOND, 3000 + clerk, 500000 + clerk,
                      1 + random_below(&t->r, PERSONS));
        }
    }
}

static inline int
by_time(const void *a, const void *b)
{
    const struct observation *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

typedef void attack(struct town *t, int64_t day);

static inline struct town
make_town_since(uint64_t seed, attack *a, int first)
{
    struct town t = {.r = {.state = seed}};

    assert_non_null(t.list = memory_new(TOWN_MOST, sizeof(*t.list)));
    for (int day = 0; day < DAYS; day++) {
        size_t before = t.count;

        live_day(&t, START + day * DAY);
        if (a != NULL && day >= first) {
            before = t.count;
            a(&t, START + day * DAY);
            for (size_t i = before; i < t.count; i++)
                t.list[i].file = 7;
        }
    }
    qsort(t.list, t.count, sizeof(*t.list), by_time);
    return t;
}

static inline struct town
make_town(uint64_t seed, attack *a)
{
    return make_town_since(seed, a, ATTACK_DAY);
}

static inline struct detect *
open_detect(size_t memory)
{
    struct detect_options options = {.memory = memory, .secret = "0123456789abcde"};
    struct detect *d;

    assert_int_equal(detect_open(&d, &options), 0);
    return d;
}

/* The finding about that principal by that detector, or NULL. */
static inline const struct finding *
find(const struct detect_report *report, enum detector detector, uint64_t who)
{
    for (size_t i = 0; i < report->finding_count; i++)
        for (size_t j = 0; j < report->findings[i].principals; j++)
            if (report->findings[i].detector == detector &&
                report->findings[i].principal[j].who == who)
                return &report->findings[i];
    return NULL;
}

static inline void
print(const struct detect_report *report)
{
    char why[DETECT_TEXT];

    for (size_t i = 0; i < report->finding_count; i++) {
        const struct finding *f = &report->findings[i];

        (void)finding_why(f, why);
        print_message("%s %s x%u e %.1f fused %.1f: %s\n", detector_name(f->detector),
                      axis_name(f->principal[0].axis), f->together, f->log10_e, f->log10_fused,
                      why);
    }
}

struct story {
    struct town town;
    struct detect *d;
    struct detect_report report;
};

static inline void
tell(struct story *s, uint64_t seed, attack *a)
{
    s->town = make_town(seed, a);
    s->d = open_detect(DETECT_MEMORY_MIN * 8);
    assert_int_equal(detect_add(s->d, s->town.list, s->town.count), 0);
    assert_int_equal(detect_findings(s->d, &s->report), 0);
}

static inline void
end(struct story *s)
{
    detect_close(s->d);
    memory_free(s->town.list);
}

/* Who is accused, and by what; evidence is of the attack alone, and what is counted is too. */
static inline const struct finding *
expect(const struct story *s, enum detector detector, uint64_t who)
{
    const struct finding *f = find(&s->report, detector, who);
    char why[DETECT_TEXT];

    if (f == NULL)
        print(&s->report);
    assert_non_null(f);
    assert_true(f->first >= START + ATTACK_DAY * DAY);
    assert_true(f->last < START + DAYS * DAY);
    assert_true(f->at_least <= f->about && f->about <= f->at_most);
    assert_true(f->log10_fused > 3);
    assert_true(finding_why(f, why) > 30);
    assert_int_equal(strlen(why), finding_why(f, why));
    return f;
}

/* ---- nothing is wrong ---- */

static inline void
guess(struct town *t, int64_t day)
{
    for (unsigned i = 0; i < 60; i++) {
        int64_t at = some_time(t, day, 0, 24);
        uint64_t person = 1 + random_below(&t->r, PERSONS);

        if (i % 7 < 3)
            (void)ask(t, at, ATTACKER, 0, person);
        else
            (void)miss(t, at, ATTACKER, 0, 5000000 + person);
    }
}

#endif
