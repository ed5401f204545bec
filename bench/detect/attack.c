/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_attack SEED KIND FIRST_DAY DAYS MEMBERS [ADDRESSES READS]: what an attacker of the town
 * adds to its traffic, as observations in the order of time, on standard output. It knows of the
 * town what an attacker would: how many members there are, what staff and services look like from
 * outside. ADDRESSES and READS, of all of them in a day, are those of case and crawler; left out,
 * they are as many fewer as there are fewer members than 33.7 million.
 *
 *   case       the shape of the real one: 2,313 addresses abroad, 10 reads a second, 57 % of
 *              what is asked for does not exist, for 208 days; one forged token a person, no login,
 *              no pages around
 *   burst      one of the staff dumps 10,000 persons in ten minutes, once
 *   hidden     a hundredth of what a service account reads is a walk through the numbers, by four
 *              addresses in turn
 *   collusion  twenty new accounts share all members out; they read as many as the staff do, half
 *              of them their share and half at random
 *   beside     twenty of the staff share all members out beside their work, eight a day, which is
 *              a fifth more than they do
 *   insider    one more of the staff reads twice as many persons as they used to and as their peers
 *              do; what they did before, and half of what they do then, is no attack (file 0)
 *   crawler    as the case, but it knows who exists, asks in random order, and loads the pages
 * around
 *   always     from the first day on a provider abroad asks with forged tokens, each for one person
 *              and from one address that is used once: ten a day, and a tenth of the members a day
 *              from the day of the attack on
 *   cover      one more of the staff asks at their desk, beside their work, without an account, and
 *              guesses: as many again, half of which do not exist
 *   session    beside what a service asks for, somebody with its key reads a quarter more, in a
 *              session of their own, at one of its addresses
 *   swing      one more of the staff reads three times as many persons on one day, and a third on
 *              the next: two thirds more
 */
#define PASU_ALLOW_RAW_MEMORY
#include "day.h"

struct attack {
    struct dice dice;
    uint64_t members, at, tokens;
    size_t addresses;
    double reads; /* a day */
    uint64_t taken[20];
    int first, days;
    struct crowd_day out;
    uint64_t offset;
};

#define REAL_MEMBERS   33673817.0
#define REAL_ADDRESSES 2313.0
#define REAL_READS     (10.0 * 86400)

static struct observation *
ask(struct attack *a, int64_t time, uint64_t number)
{
    struct observation *o = day_add(&a->out);

    o->time = time;
    o->number = number;
    o->subject = named(NAMED_SUBJECT, number);
    o->what = number <= a->members ? OBSERVED_SHOWN : OBSERVED_MISS;
    o->fields = o->what == OBSERVED_SHOWN ? 15 : 0;
    o->file = 1;
    return o;
}

static void
from_abroad(struct attack *a, struct observation *o, uint64_t address)
{
    static const char countries[][3] = {"HK", "SG", "US", "JP", "CN"};
    uint64_t provider = address % 5;

    (void)a;
    o->who[AXIS_ADDRESS] = named(NAMED_ADDRESS, 3000000000 + address);
    o->who[AXIS_NETWORK] = named(NAMED_NETWORK, 30000000 + address / 2);
    o->asn = 7000 + (uint32_t)provider;
    o->who[AXIS_ASN] = named(NAMED_ASN, o->asn);
    o->country = (uint16_t)((uint16_t)(uint8_t)countries[provider][0] << 8 |
                            (uint8_t)countries[provider][1]);
    o->who[AXIS_AGENT] = named(NAMED_AGENT, address % 3); /* the most usual browsers */
}

static void
with_token(struct attack *a, struct observation *o)
{
    o->who[AXIS_ACCOUNT] = o->number <= a->members ? named(NAMED_ACCOUNT, o->number - 1)
                                                   : named(NAMED_ACCOUNT, 500000000 + o->number);
    o->who[AXIS_SESSION] = named(NAMED_SESSION, 4000000000 + a->tokens);
}

/* The walk goes through numbers of which 43 of 100 exist: they are the members' here. */
static void
play_case(struct attack *a, int64_t start, int day)
{
    struct dice *d = &a->dice;
    uint64_t asked = dice_poisson(d, a->reads);

    (void)day;
    for (uint64_t i = 0; i < asked; i++) {
        int64_t time = start + (int64_t)((double)i / (double)asked * 86400e9);
        bool exists = dice_chance(d, 0.43);
        struct observation *o =
            ask(a, time, exists ? 1 + a->at++ % a->members : a->members * 2 + i + a->tokens);

        from_abroad(a, o, i % a->addresses);
        a->tokens++;
        with_token(a, o);
    }
}

static uint64_t
staff_of(uint64_t seat)
{
    return 820000000 + seat;
}

static void
at_a_desk(struct observation *o, uint64_t seat)
{
    o->who[AXIS_ADDRESS] = named(NAMED_ADDRESS, 2000000000 + seat);
    o->who[AXIS_NETWORK] = named(NAMED_NETWORK, 20000000);
    o->asn = 5000;
    o->who[AXIS_ASN] = named(NAMED_ASN, 5000);
    o->country = 'K' << 8 | 'R';
    o->who[AXIS_ACCOUNT] = named(NAMED_ACCOUNT, staff_of(seat));
    o->who[AXIS_SESSION] = named(NAMED_SESSION, staff_of(seat) << 20 | (uint64_t)(o->time / DAY));
    o->who[AXIS_AGENT] = named(NAMED_AGENT, 100);
}

static void
play_burst(struct attack *a, int64_t start, int day)
{
    if (day != a->first)
        return;
    for (uint64_t i = 0; i < 10000; i++) {
        int64_t time = start + 10 * 3600 * SECOND + (int64_t)i * 60 * SECOND / 1000;

        at_a_desk(ask(a, time, 1 + dice_below(&a->dice, a->members)), 7);
    }
}

/* The service that reads 8 % of the members a day. */
static void
as_a_service(struct observation *o, uint64_t address)
{
    o->who[AXIS_ADDRESS] = named(NAMED_ADDRESS, 2100000000 + 3 * 4 + address);
    o->who[AXIS_NETWORK] = named(NAMED_NETWORK, 21000000);
    o->asn = 5000;
    o->who[AXIS_ASN] = named(NAMED_ASN, 5000);
    o->country = 'K' << 8 | 'R';
    o->who[AXIS_ACCOUNT] = named(NAMED_ACCOUNT, 800000003);
    o->who[AXIS_AGENT] = named(NAMED_AGENT, 104);
}

static void
play_hidden(struct attack *a, int64_t start, int day)
{
    uint64_t count = dice_poisson(&a->dice, (double)a->members * 0.08 * 0.01);

    (void)day;
    for (uint64_t i = 0; i < count; i++) {
        int64_t time =
            start + (int64_t)(((double)i + dice_unit(&a->dice)) / (double)count * 86400e9);
        struct observation *o = ask(a, time, 1 + a->at++ % a->members);

        as_a_service(o, i % 4);
    }
}

static bool
is_workday(int day)
{
    return day % 7 < 5;
}

static void
desk_read(struct attack *a, int64_t start, uint64_t seat, uint64_t number)
{
    int64_t time = start + 9 * 3600 * SECOND + (int64_t)(dice_unit(&a->dice) * 9 * 3600e9);

    at_a_desk(ask(a, time, number), seat);
    for (uint64_t pages = dice_poisson(&a->dice, 3); pages > 0; pages--) {
        struct observation *page = day_add(&a->out);

        page->time = time + (int64_t)(dice_unit(&a->dice) * 60e9);
        page->what = OBSERVED_OTHER;
        page->file = 1;
        at_a_desk(page, seat);
    }
}

static void
log_in(struct attack *a, int64_t start, uint64_t seat)
{
    struct observation *login = day_add(&a->out);

    login->time = start + 8 * 3600 * SECOND + (int64_t)(dice_unit(&a->dice) * 3600e9);
    login->what = OBSERVED_LOGIN;
    login->file = 1;
    at_a_desk(login, seat);
}

/* Each takes the numbers that are its own modulo twenty; the next one of them. */
static uint64_t
next_of_share(const struct attack *a, uint64_t turn, uint64_t seat)
{
    return 1 + ((a->at + turn) * 20 + seat) % a->members;
}

/* Twenty who came later, and read no more than others do: half their share, half as the others. */
static void
play_collusion(struct attack *a, int64_t start, int day)
{
    if (!is_workday(day))
        return;
    for (uint64_t seat = 0; seat < 20; seat++) {
        uint64_t count = dice_poisson(&a->dice, 40 * dice_lognormal(&a->dice, 0.25));

        log_in(a, start, 1000 + seat);
        for (uint64_t i = 0; i < count; i++)
            desk_read(a, start, 1000 + seat,
                      i % 2 == 0 ? next_of_share(a, a->taken[seat]++, seat)
                                 : 1 + dice_below(&a->dice, a->members));
    }
}

static void
play_beside(struct attack *a, int64_t start, int day)
{
    if (!is_workday(day))
        return;
    for (uint64_t seat = 0; seat < 20; seat++) {
        log_in(a, start, seat);
        for (uint64_t i = 0; i < 8; i++)
            desk_read(a, start, seat, next_of_share(a, a->taken[seat]++, seat));
    }
}

/* Works as the staff do from the first day, and twice as much from the day of the attack. */
static void
play_insider(struct attack *a, int64_t start, int day)
{
    if (!is_workday(day))
        return;
    log_in(a, start, 2000);
    for (int half = 0; half <= (day >= a->first); half++) {
        uint64_t count = dice_poisson(&a->dice, 40 * dice_lognormal(&a->dice, 0.25));

        for (uint64_t i = 0; i < count; i++)
            desk_read(a, start, 2000, 1 + dice_below(&a->dice, a->members));
        for (size_t i = 0; half == 0 && i < a->out.count; i++)
            a->out.list[i].file = 0;
    }
}

static void
play_crawler(struct attack *a, int64_t start, int day)
{
    struct dice *d = &a->dice;
    uint64_t asked = dice_poisson(d, 0.43 * a->reads);

    (void)day;
    for (uint64_t i = 0; i < asked; i++) {
        int64_t time = start + (int64_t)(dice_unit(d) * 86300e9);
        uint64_t number = 1 + dice_below(d, a->members);
        uint64_t address = dice_below(d, a->addresses), pages = 2 + dice_poisson(d, 6);
        struct observation *o = ask(a, time, number);

        a->tokens++;
        from_abroad(a, o, address);
        with_token(a, o);
        for (uint64_t page = 0; page < pages; page++) {
            struct observation *other = day_add(&a->out);

            other->time = time + (int64_t)(dice_unit(d) * 60e9);
            other->what = OBSERVED_OTHER;
            other->file = 1;
            from_abroad(a, other, address);
            other->who[AXIS_ACCOUNT] = named(NAMED_ACCOUNT, number - 1);
            other->who[AXIS_SESSION] = named(NAMED_SESSION, 4000000000 + a->tokens);
        }
    }
}

/* What was so before the attack is no attack. */
static void
not_yet(struct attack *a, int day)
{
    for (size_t i = 0; day < a->first && i < a->out.count; i++)
        a->out.list[i].file = 0;
}

static void
play_always(struct attack *a, int64_t start, int day)
{
    uint64_t count = dice_poisson(&a->dice, day < a->first ? 10 : (double)a->members * 0.1);

    for (uint64_t i = 0; i < count; i++) {
        int64_t time = start + (int64_t)(dice_unit(&a->dice) * 86300e9);
        struct observation *o = ask(a, time, 1 + dice_below(&a->dice, a->members));

        from_abroad(a, o, 5 * a->tokens++);
        o->who[AXIS_NETWORK] = named(NAMED_NETWORK, 31000000);
        with_token(a, o);
    }
    not_yet(a, day);
}

static void
play_cover(struct attack *a, int64_t start, int day)
{
    uint64_t count = dice_poisson(&a->dice, 40 * dice_lognormal(&a->dice, 0.25));

    if (!is_workday(day))
        return;
    log_in(a, start, 2000);
    for (uint64_t i = 0; i < count; i++)
        desk_read(a, start, 2000, 1 + dice_below(&a->dice, a->members));
    for (size_t i = 0; i < a->out.count; i++)
        a->out.list[i].file = 0;
    for (uint64_t i = 0; i < count && day >= a->first; i++) {
        int64_t time = start + 9 * 3600 * SECOND + (int64_t)(dice_unit(&a->dice) * 9 * 3600e9);
        struct observation *o = ask(a, time, 1 + dice_below(&a->dice, a->members * 2));

        at_a_desk(o, 2000);
        o->who[AXIS_ACCOUNT] = o->who[AXIS_SESSION] = 0;
    }
}

static void
play_session(struct attack *a, int64_t start, int day)
{
    uint64_t count = dice_poisson(&a->dice, (double)a->members * 0.08 * 0.25);

    for (uint64_t i = 0; i < count; i++) {
        int64_t time = start + 9 * 3600 * SECOND + (int64_t)(dice_unit(&a->dice) * 9 * 3600e9);
        struct observation *o = ask(a, time, 1 + dice_below(&a->dice, a->members));

        as_a_service(o, 0);
        o->who[AXIS_SESSION] = named(NAMED_SESSION, 4100000000 + (uint64_t)day);
    }
}

static void
play_swing(struct attack *a, int64_t start, int day)
{
    double times = day < a->first ? 1 : day % 2 == 0 ? 3 : 1.0 / 3;
    uint64_t count = dice_poisson(&a->dice, 40 * times * dice_lognormal(&a->dice, 0.25));

    if (!is_workday(day))
        return;
    log_in(a, start, 2000);
    for (uint64_t i = 0; i < count; i++)
        desk_read(a, start, 2000, 1 + dice_below(&a->dice, a->members));
    not_yet(a, day);
}

static const struct {
    const char *name;
    void (*play)(struct attack *, int64_t, int);
    bool before; /* it does something before the attack, too */
} kinds[] = {
    {"case", play_case, false},      {"burst", play_burst, false},
    {"hidden", play_hidden, false},  {"collusion", play_collusion, false},
    {"insider", play_insider, true}, {"crawler", play_crawler, false},
    {"beside", play_beside, false},  {"always", play_always, true},
    {"cover", play_cover, true},     {"session", play_session, false},
    {"swing", play_swing, true},
};

int
main(int argc, char **argv)
{
    struct attack a = {0};
    size_t kind = 0;

    while ((argc == 6 || argc == 8) && kind < COUNT_OF(kinds) &&
           strcmp(kinds[kind].name, argv[2]) != 0)
        kind++;
    if ((argc != 6 && argc != 8) || kind == COUNT_OF(kinds)) {
        fputs("usage: detect_attack SEED KIND FIRST_DAY DAYS MEMBERS [ADDRESSES READS]\n", stderr);
        return 2;
    }
    a.dice.state = strtoull(argv[1], NULL, 10) * 104729 + 31;
    a.first = (int)strtol(argv[3], NULL, 10);
    a.days = (int)strtol(argv[4], NULL, 10);
    a.members = strtoull(argv[5], NULL, 10);
    a.addresses = argc == 8 ? strtoul(argv[6], NULL, 10)
                            : (size_t)ceil(REAL_ADDRESSES * (double)a.members / REAL_MEMBERS);
    a.reads = argc == 8 ? strtod(argv[7], NULL) : REAL_READS * (double)a.members / REAL_MEMBERS;
    if (a.addresses == 0)
        return 2;
    a.at = dice_below(&a.dice, a.members);
    for (int day = kinds[kind].before ? 0 : a.first; day < a.first + a.days; day++) {
        kinds[kind].play(&a, TOWN_START + day * DAY, day);
        day_write(&a.out, &a.offset);
    }
    return 0;
}
