/* SPDX-License-Identifier: Apache-2.0 */
#include "scope_country.h"

#include "made_ledger.h"

enum {
    SLOTS = 288, /* of a day: five minutes each */
    BATCH_ROWS = 500,
    MERGED = 3, /* persons that the statements of a second show, of a service */
    WALKED = 2, /* of the harvester */
    LISTED = 10,
};

#define READS_PER_SUBJECT 5.9347 /* 200 million of 33.7 million */
#define NANOSECONDS       INT64_C(1000000000)
#define DAY_LENGTH        (86400 * NANOSECONDS)

struct country {
    struct made_ledger ledger;
    uint32_t subjects, popular;
    uint64_t walked; /* by the harvester */
    FILE *rows;
    double owed[COUNTRY_PRINCIPALS]; /* persons still to be shown */
};

/* ---- records ---- */

static void
show(struct country *c, uint32_t principal, uint32_t *ordinals, size_t count, bool is_list)
{
    static const uint64_t fields[] = {3, 9, 15, 8};
    uint64_t shown = fields[(principal + is_list) % 4];

    made_show(&c->ledger, principal, principal * 2 + is_list, shown, ordinals, count, is_list);
    for (size_t i = 0; c->rows != NULL && i < count; i++)
        fprintf(c->rows, "%lld\t%u\t%u\t%u\n", (long long)(c->ledger.now / NANOSECONDS), principal,
                ordinals[i], (unsigned)shown);
}

/* ---- who is read ---- */

/* Four of five reads are of the fifth of all who are active; those stand anywhere among the keys.
 */
static uint32_t
somebody(struct country *c)
{
    uint32_t rank = random_below(&c->ledger.random, 5) > 0
                        ? random_below(&c->ledger.random, c->popular)
                        : random_below(&c->ledger.random, c->subjects);

    return (uint32_t)((uint64_t)rank * 2654435761U % c->subjects);
}

static void
read_points(struct country *c, uint32_t principal, size_t count)
{
    uint32_t ordinals[LISTED];

    for (size_t i = 0; i < count; i++)
        ordinals[i] = somebody(c);
    show(c, principal, ordinals, count, false);
}

static void
read_list(struct country *c, uint32_t principal, size_t count)
{
    static uint32_t ordinals[BATCH_ROWS];

    for (size_t i = 0; i < count; i++)
        ordinals[i] = somebody(c);
    show(c, principal, ordinals, count, true);
}

/* A night's list is of those who did something on that day, in the order of their keys, page by
 * page: one in a few of a stretch. */
static void
read_page(struct country *c, uint32_t principal)
{
    static uint32_t ordinals[BATCH_ROWS];
    uint32_t at = random_below(&c->ledger.random, c->subjects);

    for (size_t i = 0; i < BATCH_ROWS; i++) {
        at += 1 + random_below(&c->ledger.random, 7);
        ordinals[i] = at % c->subjects;
    }
    show(c, principal, ordinals, BATCH_ROWS, true);
}

static void
walk(struct country *c, size_t count)
{
    uint32_t ordinals[WALKED];

    for (size_t i = 0; i < count; i++)
        ordinals[i] = (uint32_t)(c->walked++ % c->subjects);
    show(c, COUNTRY_HARVESTER, ordinals, count, false);
}

/* ---- when ---- */

/* Persons that each principal of a kind is shown in a slot in which it works. */
struct pace {
    double service, batch, human, harvest;
};

static void
work(struct country *c, uint32_t p, double persons)
{
    c->owed[p] += persons * (0.5 + random_below(&c->ledger.random, 1000) / 1000.0);
    if (c->owed[p] >= 1 && c->ledger.sessions[p] == 0)
        made_open(&c->ledger, p, p < COUNTRY_SERVICES ? "app" : "console");
    while (c->owed[p] >= 1) {
        double shown = 1;

        c->ledger.now += random_below(&c->ledger.random, 2000000);
        if (p == COUNTRY_HARVESTER) {
            shown = c->owed[p] >= WALKED ? WALKED : 1;
            walk(c, (size_t)shown);
        } else if (p < COUNTRY_SERVICES) {
            shown = 1 + random_below(&c->ledger.random, 2 * MERGED - 1);
            read_points(c, p, (size_t)shown);
        } else if (p < COUNTRY_SERVICES + COUNTRY_BATCHES) {
            shown = BATCH_ROWS;
            if (c->owed[p] < shown)
                break;
            read_page(c, p);
        } else if (random_below(&c->ledger.random, 41) == 0) {
            shown = LISTED;
            read_list(c, p, LISTED);
        } else {
            read_points(c, p, 1);
        }
        c->owed[p] -= shown;
    }
}

static void
live_slot(struct country *c, int day, int slot, const struct pace *pace)
{
    bool is_office = day % 7 > 0 && day % 7 < 6 && slot >= 108 && slot < 216;
    bool is_harvest =
        day >= COUNTRY_HARVEST_FIRST && day < COUNTRY_HARVEST_FIRST + COUNTRY_HARVEST_DAYS;

    c->ledger.now = (COUNTRY_FIRST + (int64_t)day) * DAY_LENGTH + slot * (DAY_LENGTH / SLOTS);
    for (uint32_t p = 0; p < COUNTRY_SERVICES; p++)
        work(c, p, pace->service);
    for (uint32_t p = COUNTRY_SERVICES;
         slot >= 24 && slot < 36 && p < COUNTRY_SERVICES + COUNTRY_BATCHES; p++)
        work(c, p, pace->batch);
    for (uint32_t p = COUNTRY_SERVICES + COUNTRY_BATCHES; is_office && p < COUNTRY_HARVESTER; p++)
        work(c, p, pace->human);
    if (is_harvest)
        work(c, COUNTRY_HARVESTER, pace->harvest);
    for (uint32_t p = COUNTRY_SERVICES; slot == SLOTS - 1 && p < COUNTRY_PRINCIPALS; p++)
        if (c->ledger.sessions[p] != 0)
            made_close(&c->ledger, p);
}

void
country_write(int segments, uint32_t subjects, FILE *rows, struct country_report *report)
{
    static struct country c;
    double others = (READS_PER_SUBJECT - 1) * subjects, working = COUNTRY_DAYS * 5.0 / 7;
    struct pace pace = {
        .service = others * 0.55 / COUNTRY_SERVICES / COUNTRY_DAYS / SLOTS,
        .batch = others * 0.25 / COUNTRY_BATCHES / COUNTRY_DAYS / 12,
        .human = others * 0.20 / (COUNTRY_HARVESTER - COUNTRY_SERVICES - COUNTRY_BATCHES) /
                 working / 108,
        .harvest = (double)subjects / COUNTRY_HARVEST_DAYS / SLOTS,
    };

    c = (struct country){.subjects = subjects, .popular = subjects / 5 + 1, .rows = rows};
    made_begin(&c.ledger, segments, subjects | 1, COUNTRY_FIRST * DAY_LENGTH);
    for (int day = 0; day < COUNTRY_DAYS; day++)
        for (int slot = 0; slot < SLOTS; slot++)
            live_slot(&c, day, slot, &pace);
    made_end(&c.ledger);
    *report = (struct country_report){.records = c.ledger.records, .reads = c.ledger.reads};
}
