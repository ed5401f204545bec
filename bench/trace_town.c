/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_town.h"

#include "base/memory.h"

enum { SLOTS = 48, LIST = 200, MERGED = 4, TEAMS = 25, DATED_DAYS = 60 };

#define DAY_LENGTH (INT64_C(86400) * 1000000000)

/* What somebody was shown. */
struct access {
    uint32_t person;
    uint16_t day;
};

struct accesses {
    struct access *items;
    size_t count, space;
};

struct theft {
    struct town_incident told;
    struct accesses taken[TOWN_SOURCES]; /* of a harvest or dump: what was read for it */
    uint16_t first[TOWN_SOURCES], days[TOWN_SOURCES];
    size_t left[TOWN_SOURCES]; /* persons still to be read, */
};

struct town {
    struct town_plan plan;
    struct made_ledger ledger;
    uint32_t services, jobs; /* numbers below, and behind them; then people */
    struct accesses *shown;  /* of each principal */
    double *owed;
    struct theft *thefts;
    struct random random; /* of the incidents */
};

static uint64_t
fields_of(const struct town *t, uint32_t principal)
{
    if (principal < t->services)
        return MADE_NAME | MADE_PHONE | (principal % 2 ? MADE_ADDRESS : 0);
    if (principal < t->services + t->jobs)
        return MADE_NAME | MADE_EMAIL | MADE_ADDRESS;
    return MADE_NAME | MADE_PHONE | MADE_EMAIL | MADE_ADDRESS;
}

static void
note(struct accesses *list, uint32_t person, int day)
{
    if (list->count == list->space) {
        list->space = list->space * 2 + 64;
        list->items = memory_resize(list->items, list->space, sizeof(*list->items));
        if (list->items == NULL)
            exit(2);
    }
    list->items[list->count++] = (struct access){person, (uint16_t)day};
}

/* ---- who is read ---- */

/* Four of five reads are of a fifth of all. */
static uint32_t
somebody(const struct town *t, struct random *r)
{
    uint32_t popular = t->plan.subjects / 5 + 1;
    uint32_t rank =
        random_below(r, 5) > 0 ? random_below(r, popular) : random_below(r, t->plan.subjects);

    return (uint32_t)((uint64_t)rank * 2654435761U % t->plan.subjects);
}

/* A team's customers are those whose number leaves its own when it is divided. */
static uint32_t
somebody_of_team(struct town *t, uint32_t principal)
{
    uint32_t person = somebody(t, &t->ledger.random), team = principal % TEAMS;

    if (random_below(&t->ledger.random, 10) < 7)
        person = person / TEAMS * TEAMS + team;
    return person < t->plan.subjects ? person : team;
}

static void
show(struct town *t, uint32_t principal, const uint32_t *persons, size_t count, int day,
     bool is_list)
{
    if (t->ledger.sessions[principal] == 0)
        made_open(&t->ledger, principal, principal < t->services ? "app" : "console");
    made_show(&t->ledger, principal, principal * 2 + is_list, fields_of(t, principal), persons,
              count, is_list);
    for (size_t i = 0; i < count; i++)
        note(&t->shown[principal], persons[i], day);
}

/* ---- a day ---- */

static void
work(struct town *t, uint32_t p, double persons, int day)
{
    uint32_t list[LIST];

    t->owed[p] += persons * (0.5 + random_below(&t->ledger.random, 1000) / 1000.0);
    while (t->owed[p] >= 1) {
        size_t count = 1;

        t->ledger.now += random_below(&t->ledger.random, 1000000);
        if (p < t->services)
            count = 1 + random_below(&t->ledger.random, MERGED);
        else if (p < t->services + t->jobs)
            count = LIST;
        if (t->owed[p] < (double)count || p == t->services + t->jobs - 1)
            break; /* the last job writes what the one before does */
        for (size_t i = 0; i < count; i++)
            list[i] = p >= t->services + t->jobs ? somebody_of_team(t, p)
                                                 : somebody(t, &t->ledger.random);
        show(t, p, list, count, day, count == LIST);
        if (p == t->services + t->jobs - 2)
            show(t, p + 1, list, count, day, true);
        t->owed[p] -= (double)count;
    }
}

/* What a thief reads beside the job in one part of the day. */
static void
steal(struct town *t, struct theft *theft, size_t source, int day, int parts)
{
    uint32_t list[LIST], principal = theft->told.principals[source];
    bool is_dump = theft->told.way == WAY_DUMP;
    int end = theft->first[source] + theft->days[source];
    size_t left = theft->left[source], now;

    if (day < theft->first[source] || day >= end || left == 0)
        return;
    now = left / (size_t)((end - day) * parts) + 1;
    for (now = now < left ? now : left; now > 0;) {
        size_t count = is_dump ? (now < LIST ? now : LIST) : 1;

        for (size_t i = 0; i < count; i++) {
            list[i] = random_below(&t->ledger.random, t->plan.subjects);
            note(&theft->taken[source], list[i], day);
        }
        show(t, principal, list, count, day, is_dump);
        theft->left[source] -= count;
        now -= count;
    }
}

static void
steal_all(struct town *t, int day, int slot)
{
    for (uint32_t i = 0; i < t->plan.incidents; i++)
        for (size_t s = 0; s < t->thefts[i].told.sources; s++)
            if (t->thefts[i].told.way == WAY_DUMP ? slot == 40 : slot >= 18 && slot < 36)
                steal(t, &t->thefts[i], s, day, t->thefts[i].told.way == WAY_DUMP ? 1 : 36 - slot);
}

static void
live(struct town *t, int day)
{
    double all = (double)t->plan.accesses, working = TOWN_DAYS * 5.0 / 7;
    uint32_t people = t->plan.principals - t->services - t->jobs;

    for (int slot = 0; slot < SLOTS; slot++) {
        t->ledger.now = (TOWN_FIRST + (int64_t)day) * DAY_LENGTH + slot * (DAY_LENGTH / SLOTS);
        for (uint32_t p = 0; p < t->services; p++)
            work(t, p, all * 0.5 / t->services / TOWN_DAYS / SLOTS, day);
        for (uint32_t p = t->services; slot == 6 && p < t->services + t->jobs; p++)
            work(t, p, all * 0.25 / t->jobs / TOWN_DAYS, day);
        for (uint32_t p = t->services + t->jobs;
             day % 7 < 5 && slot >= 18 && slot < 36 && p < t->plan.principals; p++)
            work(t, p, all * 0.2 / people / working / 18, day);
        steal_all(t, day, slot);
    }
    for (uint32_t p = t->services; p < t->plan.principals; p++)
        if (t->ledger.sessions[p] != 0)
            made_close(&t->ledger, p);
}

/* ---- incidents ---- */

static size_t
persons_of(const struct town_plan *plan, uint32_t number)
{
    static const size_t sizes[2][4] = {{1, 5, 100, 10000}, {1, 5, 20, 100}};

    return sizes[plan->is_small][number % 4];
}

static uint32_t
some_principal(struct town *t, enum town_way way)
{
    uint32_t machines = t->services + t->jobs;

    if (way == WAY_SERVICE)
        return random_below(&t->random, t->services);
    if (way == WAY_JOB)
        return t->services + random_below(&t->random, t->jobs);
    return machines + random_below(&t->random, t->plan.principals - machines);
}

static void
plan_theft(struct town *t, uint32_t number)
{
    struct theft *theft = &t->thefts[number];
    struct town_incident *told = &theft->told;
    struct random *r = &t->random;

    told->persons = persons_of(&t->plan, number);
    told->way = (enum town_way)random_below(r, told->persons > 1000 ? WAY_DUMP + 1 : WAYS);
    told->sources = number % 5 == 4 && told->persons >= 5 ? 2 : 1;
    if (number % 11 == 8) {
        told->way = WAY_OUTSIDE;
        told->sources = 0;
    }
    told->noise = (double)(number / 4 % 3) * 0.15;
    told->is_dated = number / 4 % 2 == 1;
    for (size_t s = 0; s < told->sources; s++) {
        size_t most = told->persons + told->persons / 2 + 20;

        do
            told->principals[s] = some_principal(t, told->way);
        while (s > 0 && told->principals[s] == told->principals[0]);
        theft->days[s] = (uint16_t)(told->way == WAY_HARVEST   ? 10 + random_below(r, 110)
                                    : told->way == WAY_SERVICE ? 1 + random_below(r, 3)
                                                               : 1);
        theft->first[s] = (uint16_t)random_below(r, (uint32_t)(TOWN_DAYS - theft->days[s] - 1));
        if (told->way <= WAY_DUMP)
            theft->left[s] = told->persons + random_below(r, (uint32_t)most);
    }
}

/* What was taken: what was read for it, or of what the source was shown anyway, in its days. */
static const struct accesses *
taken_of(const struct town *t, const struct theft *theft, size_t source, size_t *from, size_t *to)
{
    const struct accesses *all = &t->shown[theft->told.principals[source]];
    bool is_all = theft->told.way == WAY_ORDINARY;
    int end;

    if (theft->told.way <= WAY_DUMP) {
        *from = 0;
        *to = theft->taken[source].count;
        return &theft->taken[source];
    }
    for (*from = 0; !is_all && *from < all->count && all->items[*from].day < theft->first[source];)
        ++*from;
    end = theft->first[source] + theft->days[source];
    if (!is_all && *from < all->count && all->items[*from].day >= end)
        end = all->items[*from].day + 1; /* nothing on these days: on the next one that has some */
    for (*to = *from; *to < all->count && (is_all || all->items[*to].day < end);)
        ++*to;
    return all;
}

static void
put_person(struct town *t, struct leaked *sample, const struct theft *theft, struct access access,
           uint64_t fields)
{
    int person = leaked_person(sample, &access.person, 1);

    for (unsigned f = 0; person >= 0 && f < COUNT_OF(made_fields); f++) {
        bool is_dated = theft->told.is_dated && (1U << f) == MADE_ADDRESS;
        int32_t since = TOWN_FIRST + access.day - (int32_t)random_below(&t->random, DATED_DAYS);
        int field = (fields >> f & 1) != 0 ? leaked_field(sample, made_fields[f]) : -1;

        if (field >= 0)
            leaked_has(sample, (size_t)person, (unsigned)field, is_dated ? since : INT32_MIN);
    }
}

const struct town_incident *
town_sample(struct town *t, size_t number, struct leaked *sample)
{
    const struct theft *theft = &t->thefts[number];
    size_t noise = (size_t)((double)theft->told.persons * theft->told.noise), tries = 0;
    uint64_t fields = UINT64_MAX;

    if (theft->told.sources == 0)
        noise = theft->told.persons;
    if (leaked_init(sample, "customer") != 0)
        exit(2);
    for (size_t s = 0; s < theft->told.sources; s++)
        fields &= fields_of(t, theft->told.principals[s]);
    while (sample->count < theft->told.persons - noise && tries++ < theft->told.persons * 20) {
        size_t source = sample->count % theft->told.sources, from, to;
        const struct accesses *taken = taken_of(t, theft, source, &from, &to);

        if (to > from)
            put_person(t, sample, theft,
                       taken->items[from + random_below(&t->random, (uint32_t)(to - from))],
                       fields);
    }
    for (size_t i = 0; i < noise; i++) {
        struct access access = {somebody(t, &t->random), theft->first[0]};

        put_person(t, sample, theft, access, fields);
    }
    return &theft->told;
}

/* ---- all of it ---- */

struct town *
town_make(const struct town_plan *plan, int segments)
{
    struct town *t = memory_new(1, sizeof(*t));

    if (t == NULL)
        exit(2);
    *t = (struct town){.plan = *plan,
                       .services = plan->principals / 50 + 1,
                       .jobs = plan->principals / 33 + 3,
                       .random.state = plan->seed * 2 + 1};
    t->shown = memory_new(plan->principals, sizeof(*t->shown));
    t->owed = memory_new(plan->principals, sizeof(*t->owed));
    t->thefts = memory_new(plan->incidents, sizeof(*t->thefts));
    if (t->shown == NULL || t->owed == NULL || t->thefts == NULL)
        exit(2);
    for (uint32_t i = 0; i < plan->incidents; i++)
        plan_theft(t, i);
    made_begin(&t->ledger, segments, plan->seed | 1, TOWN_FIRST * DAY_LENGTH);
    for (int day = 0; day < TOWN_DAYS; day++)
        live(t, day);
    made_end(&t->ledger);
    return t;
}

void
town_free(struct town *t)
{
    for (uint32_t p = 0; p < t->plan.principals; p++)
        memory_free(t->shown[p].items);
    for (uint32_t i = 0; i < t->plan.incidents; i++)
        for (size_t s = 0; s < TOWN_SOURCES; s++)
            memory_free(t->thefts[i].taken[s].items);
    memory_free(t->shown);
    memory_free(t->owed);
    memory_free(t->thefts);
    memory_free(t);
}

uint64_t
town_reads(const struct town *t)
{
    return t->ledger.reads;
}

uint64_t
town_records(const struct town *t)
{
    return t->ledger.records;
}
