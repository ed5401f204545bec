/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_town SEED SHAPE [DAYS [MEMBERS]]: the traffic of a shop on which nobody attacks, as
 * observations in the order of time, on standard output.
 *
 * Members with a heavy tail of activity come from home or by a carrier's shared addresses (CGNAT),
 * mostly in the evening; some move, some join. Sixty people of the call centre read other people's
 * data in office hours, are on leave, leave and are replaced. Four services read all day, a billing
 * job walks through the numbers at night, robots follow stale links.
 *
 * SHAPE 0: quiet. 1: marketing bursts, on which three times as many come. 2: more carriers'
 * addresses and robots. 3: all of it, and twice the variation among staff. 4 to 7: as 0 to 3, and
 * sessions are of all kinds: some of the staff log in again in the middle of the day, as is their
 * habit for some months; in a log one read of a hundred lacks its session; one of the services has
 * eight connections, another one, and a third begins to have one on day 50.
 */
#define PASU_ALLOW_RAW_MEMORY
#include "day.h"

enum { STAFF = 60, SERVICES = 4, MOBILE_NETWORKS = 6, AGENTS = 24, ROBOTS_MOST = 12 };

struct member {
    float rate; /* visits a day */
    uint32_t home, network;
    uint8_t asn, agent;
    uint8_t mobile; /* of ten visits, how many by a carrier */
    uint64_t session;
    int64_t session_end;
};

struct clerk {
    double rate; /* persons a day */
    uint64_t account;
    int leave_from, leave_to, start, end;
};

struct town {
    struct dice dice, habits; /* the second of shapes from 4 on: all else is as without it */
    struct member *members;
    size_t count, room;
    double total_rate;
    struct clerk staff[STAFF];
    double service_rate[SERVICES];
    int shape;
    uint64_t next_home, next_session, billing_at;
    int carriers, robots;
    struct crowd_day out;
    uint64_t offset;
};

/* ---- places ---- */

static void
from_address(struct observation *o, uint64_t address, uint64_t network, uint32_t asn,
             const char *country)
{
    o->who[AXIS_ADDRESS] = named(NAMED_ADDRESS, address);
    o->who[AXIS_NETWORK] = named(NAMED_NETWORK, network);
    o->who[AXIS_ASN] = named(NAMED_ASN, asn);
    o->asn = asn;
    o->country = (uint16_t)((uint16_t)(uint8_t)country[0] << 8 | (uint8_t)country[1]);
}

static void
move_home(struct town *t, struct member *m)
{
    m->home = (uint32_t)t->next_home++;
    m->network = m->home / 200;
    m->asn = (uint8_t)(m->network % 12);
}

static void
join(struct town *t)
{
    struct member *m;

    if (t->count == t->room) {
        t->room = t->room == 0 ? 4096 : t->room * 2;
        t->members = realloc(t->members, t->room * sizeof(*t->members));
        if (t->members == NULL)
            abort();
    }
    m = &t->members[t->count++];
    *m = (struct member){.rate = (float)(0.06 * dice_lognormal(&t->dice, 1.3)),
                         .agent = (uint8_t)(AGENTS * dice_unit(&t->dice) * dice_unit(&t->dice)),
                         .mobile = (uint8_t)dice_below(&t->dice, 11)};
    move_home(t, m);
    t->total_rate += (double)m->rate;
}

/* An hour of the day as members keep them. */
static double
evening(struct dice *d)
{
    double hour;

    do
        hour = dice_chance(d, 0.6) ? 20.5 + 2.5 * dice_normal(d) : 13 + 4.5 * dice_normal(d);
    while (hour < 0 || hour >= 23.9);
    return hour;
}

/* ---- members ---- */

static void
visit(struct town *t, size_t who, int64_t day_start)
{
    struct member *m = &t->members[who];
    struct dice *d = &t->dice;
    int64_t at = day_start + (int64_t)(evening(d) * 3600) * SECOND + (int64_t)dice_below(d, SECOND);
    bool mobile = dice_below(d, 10) < m->mobile;
    uint64_t carrier = dice_below(d, (uint64_t)t->carriers);
    uint64_t pages = 2 + dice_poisson(d, 6), reads = dice_poisson(d, 0.5);
    /* A log has gaps: now and then a login is not in it. */
    bool fresh = at > m->session_end, login = fresh && !dice_chance(d, 0.01);

    if (fresh) {
        m->session = t->next_session++;
        m->session_end = at + (int64_t)(dice_unit(d) * 20) * DAY;
    }
    for (uint64_t i = 0; i < pages + reads + login; i++) {
        struct observation *o = day_add(&t->out);

        o->time = at;
        at += (int64_t)(dice_unit(d) * 30e9);
        if (mobile)
            from_address(o, 1000000000 + carrier, 10000000 + carrier % MOBILE_NETWORKS,
                         4000 + (uint32_t)(carrier % 3), "KR");
        else
            from_address(o, m->home, m->network, 3000U + m->asn, "KR");
        o->who[AXIS_ACCOUNT] = named(NAMED_ACCOUNT, who);
        o->who[AXIS_SESSION] = named(NAMED_SESSION, m->session);
        o->who[AXIS_AGENT] = named(NAMED_AGENT, m->agent);
        o->what = OBSERVED_OTHER;
        if (login && i == 0)
            o->what = OBSERVED_LOGIN;
        if (i < pages + login)
            continue;
        o->what = dice_chance(d, 0.004) ? OBSERVED_MISS : OBSERVED_SHOWN;
        o->number = o->what == OBSERVED_MISS ? who * 10 + 2 : who + 1;
        o->subject = named(NAMED_SUBJECT, o->number);
        o->fields = o->what == OBSERVED_SHOWN ? 7 : 0;
    }
}

/* A member as likely as it is active. */
static size_t
active_member(struct town *t)
{
    for (;;) {
        size_t who = dice_below(&t->dice, t->count);

        if (dice_unit(&t->dice) * 1.5 < (double)t->members[who].rate + 0.1)
            return who;
    }
}

/* ---- those who read others ---- */

static struct observation *
read_person(struct town *t, int64_t at, size_t who)
{
    struct observation *o = day_add(&t->out);

    o->time = at;
    o->what = OBSERVED_SHOWN;
    o->number = who + 1;
    o->subject = named(NAMED_SUBJECT, o->number);
    o->fields = 15;
    return o;
}

static void
staff_account(struct observation *o, const struct clerk *c, size_t seat)
{
    from_address(o, 2000000000 + seat, 20000000, 5000, "KR");
    o->who[AXIS_ACCOUNT] = named(NAMED_ACCOUNT, c->account);
    o->who[AXIS_SESSION] = named(NAMED_SESSION, c->account << 20 | (uint64_t)(o->time / DAY));
    o->who[AXIS_AGENT] = named(NAMED_AGENT, 100);
}

/* In how many of ten afternoons the clerk logs in again. */
static uint64_t
habit(const struct clerk *c, int day)
{
    static const uint64_t afternoons[] = {0, 0, 1, 5, 10};

    return afternoons[mixed(c->account << 8 | (uint64_t)(day + 200) / 120) % COUNT_OF(afternoons)];
}

/* What the clerk did today, with sessions as they are in shapes from 4 on. */
static void
change_sessions(struct town *t, const struct clerk *c, struct observation *list, size_t count,
                int64_t noon)
{
    bool again = dice_below(&t->habits, 10) < habit(c, (int)((noon - TOWN_START) / DAY));

    for (size_t i = 0; i < count; i++) {
        if (again && list[i].time > noon)
            list[i].who[AXIS_SESSION] =
                named(NAMED_SESSION, UINT64_C(1) << 60 | c->account << 20 | (uint64_t)(noon / DAY));
        if (list[i].what != OBSERVED_LOGIN && dice_chance(&t->habits, 0.01))
            list[i].who[AXIS_SESSION] = 0;
    }
    if (again) {
        struct observation *login = day_add(&t->out);

        login->time = noon + 1;
        login->what = OBSERVED_LOGIN;
        staff_account(login, c, (size_t)(c - t->staff));
        login->who[AXIS_SESSION] =
            named(NAMED_SESSION, UINT64_C(1) << 60 | c->account << 20 | (uint64_t)(noon / DAY));
    }
}

static uint64_t
connection_of(struct town *t, size_t service, int64_t day)
{
    static const uint64_t connections[SERVICES] = {1, 8, 1, 0};

    if (t->shape < 4 || connections[service] == 0 || (service == 0 && day < 50))
        return 0;
    return named(NAMED_SESSION, UINT64_C(2) << 60 | service << 40 | (uint64_t)day << 8 |
                                    dice_below(&t->habits, connections[service]));
}

static void
work(struct town *t, size_t seat, int day, int64_t day_start)
{
    struct clerk *c = &t->staff[seat];
    struct dice *d = &t->dice;
    size_t first = t->out.count;
    uint64_t persons;
    struct observation *login;

    if (day % 7 >= 5 || day < c->start || day >= c->end ||
        (day >= c->leave_from && day < c->leave_to) || dice_chance(d, 0.03))
        return;
    persons = dice_poisson(d, c->rate * dice_lognormal(d, 0.25));
    login = day_add(&t->out);
    login->time = day_start + 8 * 3600 * SECOND + (int64_t)(dice_unit(d) * 3600e9);
    login->what = OBSERVED_LOGIN;
    staff_account(login, c, seat);
    for (uint64_t i = 0; i < persons; i++) {
        int64_t at = day_start + 9 * 3600 * SECOND + (int64_t)(dice_unit(d) * 9 * 3600e9);
        struct observation *o = read_person(t, at, active_member(t));

        if (dice_chance(d, 0.02)) {
            o->what = OBSERVED_MISS;
            o->number = 90000000 + dice_below(d, 10000000);
            o->subject = named(NAMED_SUBJECT, o->number);
        }
        staff_account(o, c, seat);
        for (uint64_t pages = dice_poisson(d, 3); pages > 0; pages--) {
            struct observation *page = day_add(&t->out);

            page->time = at + (int64_t)(dice_unit(d) * 60e9);
            page->what = OBSERVED_OTHER;
            staff_account(page, c, seat);
        }
    }
    if (t->shape >= 4)
        change_sessions(t, c, t->out.list + first, t->out.count - first,
                        day_start + 13 * 3600 * SECOND);
}

static void
serve(struct town *t, size_t service, int64_t day_start, double busy)
{
    struct dice *d = &t->dice;
    uint64_t persons = dice_poisson(d, t->service_rate[service] * busy * dice_lognormal(d, 0.1));

    for (uint64_t i = 0; i < persons; i++) {
        int64_t at = day_start + (int64_t)(evening(d) * 3600) * SECOND;
        struct observation *o = read_person(t, at, active_member(t));

        from_address(o, 2100000000 + service * 4 + dice_below(d, 4), 21000000, 5000, "KR");
        o->who[AXIS_ACCOUNT] = named(NAMED_ACCOUNT, 800000000 + service);
        o->who[AXIS_AGENT] = named(NAMED_AGENT, 101 + service);
        o->who[AXIS_SESSION] = connection_of(t, service, (day_start - TOWN_START) / DAY);
    }
}

static void
bill(struct town *t, int64_t day_start)
{
    size_t persons = t->count / 60;

    for (size_t i = 0; i < persons; i++) {
        struct observation *o = read_person(
            t, day_start + 2 * 3600 * SECOND + (int64_t)i * (3600 * SECOND / (int64_t)persons),
            t->billing_at++ % t->count);

        from_address(o, 2200000000, 21000000, 5000, "KR");
        o->who[AXIS_ACCOUNT] = named(NAMED_ACCOUNT, 810000000);
        o->who[AXIS_AGENT] = named(NAMED_AGENT, 110);
    }
}

/* Follows links to members' public pages, many of whom are no longer there. */
static void
crawl(struct town *t, size_t robot, int64_t day_start)
{
    struct dice *d = &t->dice;

    for (uint64_t i = dice_poisson(d, 25); i > 0; i--) {
        struct observation *o =
            read_person(t, day_start + (int64_t)(dice_unit(d) * 86400e9), active_member(t));

        if (dice_chance(d, 0.25)) {
            o->what = OBSERVED_MISS;
            o->number = 80000000 + dice_below(d, 1000000);
            o->subject = named(NAMED_SUBJECT, o->number);
        }
        from_address(o, 2300000000 + robot * 3 + dice_below(d, 3), 22000000 + robot,
                     6000 + (uint32_t)robot, robot % 2 == 0 ? "US" : "KR");
        o->who[AXIS_AGENT] = named(NAMED_AGENT, 120 + robot);
    }
}

/* ---- the town ---- */

static void
hire(struct town *t, size_t seat, int day)
{
    static uint64_t accounts = 820000000;
    struct clerk *c = &t->staff[seat];
    double variation = t->shape % 4 == 3 ? 0.6 : 0.35;

    *c = (struct clerk){.rate = 40 * dice_lognormal(&t->dice, variation),
                        .account = accounts++,
                        .start = day,
                        .end = day + 120 + (int)dice_below(&t->dice, 700),
                        .leave_from = day + (int)dice_below(&t->dice, 240)};
    c->leave_to = c->leave_from + 5 + (int)dice_below(&t->dice, 12);
}

static void
live_day(struct town *t, int day)
{
    int64_t start = TOWN_START + day * DAY;
    double busy = (day % 7 >= 5 ? 1.3 : 1.0) * dice_lognormal(&t->dice, 0.08);
    uint64_t visits;

    if ((t->shape & 1) != 0 && dice_chance(&t->dice, 0.03))
        busy *= 3;
    for (uint64_t fresh = dice_poisson(&t->dice, (double)t->count * 0.0006); fresh > 0; fresh--)
        join(t);
    for (size_t moves = t->count / 150; moves > 0; moves--)
        move_home(t, &t->members[dice_below(&t->dice, t->count)]);
    visits = dice_poisson(&t->dice, t->total_rate * busy);
    for (uint64_t i = 0; i < visits; i++)
        visit(t, active_member(t), start);
    for (size_t seat = 0; seat < STAFF; seat++) {
        if (day >= t->staff[seat].end)
            hire(t, seat, day + 3);
        work(t, seat, day, start);
    }
    for (size_t i = 0; i < SERVICES; i++)
        serve(t, i, start, busy);
    bill(t, start);
    for (int i = 0; i < t->robots; i++)
        crawl(t, (size_t)i, start);
    day_write(&t->out, &t->offset);
}

int
main(int argc, char **argv)
{
    struct town t = {0};
    int days = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 240;
    size_t members = argc > 4 ? strtoul(argv[4], NULL, 10) : 20000;

    if (argc < 3) {
        fputs("usage: detect_town SEED SHAPE [DAYS [MEMBERS]]\n", stderr);
        return 2;
    }
    t.dice.state = strtoull(argv[1], NULL, 10) * 7919 + 17;
    t.shape = (int)strtol(argv[2], NULL, 10);
    t.habits.state = t.dice.state + 1;
    t.carriers = t.shape % 4 >= 2 ? 60 : 20;
    t.robots = t.shape % 4 >= 2 ? ROBOTS_MOST : 4;
    while (t.count < members)
        join(&t);
    for (size_t i = 0; i < STAFF; i++)
        hire(&t, i, -(int)dice_below(&t.dice, 100));
    for (size_t i = 0; i < SERVICES; i++)
        t.service_rate[i] = (double)members * (0.02 + 0.02 * (double)i);
    for (int day = 0; day < days; day++)
        live_day(&t, day);
    return 0;
}
