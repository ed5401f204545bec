/* SPDX-License-Identifier: Apache-2.0 */
#include "scope_country.h"

#include "../test/unit/random.h"
#include "base/memory.h"
#include "ledger/entry.h"

enum {
    SLOTS = 288, /* of a day: five minutes each */
    BATCH_ROWS = 500,
    MERGED = 3, /* persons that the statements of a second show, of a service */
    WALKED = 2, /* of the harvester */
    LISTED = 10,
    BATCH_BYTES = 1 << 19,
    LONGEST = 8192,
};

#define READS_PER_SUBJECT 5.9347 /* 200 million of 33.7 million */
#define NANOSECONDS       INT64_C(1000000000)
#define DAY_LENGTH        (86400 * NANOSECONDS)

struct country {
    struct segment_writer writer;
    struct random random;
    uint32_t subjects, popular;
    uint64_t walked; /* by the harvester */
    FILE *rows;
    struct country_report *report;
    uint32_t vocabulary, put;
    int64_t now;
    uint64_t sessions[COUNTRY_PRINCIPALS];
    double owed[COUNTRY_PRINCIPALS]; /* persons still to be shown */
};

static void
check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "scope: %s: %s\n", what, error_text(result));
    exit(2);
}

/* ---- records ---- */

static void
end_batch(struct country *c)
{
    struct segment_taken taken = {.count = c->put, .durable = c->writer.durable};
    struct iovec part = {&taken, sizeof(taken)};
    struct segment_record record;

    if (!c->writer.is_open)
        return;
    if (c->put > 0) {
        check(segment_put(&c->writer, SEGMENT_TAKEN, c->now, &part, 1, &record), "put");
        c->report->records++;
    }
    check(segment_commit(&c->writer), "commit");
    c->put = 0;
}

static void
put(struct country *c, enum segment_type type, const void *bytes, size_t length)
{
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    struct segment_record record;
    bool is_ring = segment_is_from_ring(type);

    if (c->writer.is_open &&
        (c->writer.used + segment_room(length) + 1024 > BATCH_BYTES || (!is_ring && c->put > 0)))
        end_batch(c);
    if (!c->writer.is_open)
        check(segment_begin(&c->writer, BATCH_BYTES), "begin");
    check(segment_put(&c->writer, type, c->now, &part, 1, &record), "put");
    c->put += is_ring;
    c->report->records++;
}

static void
put_text(struct writer *w, const char *text)
{
    writer_u8(w, (uint8_t)strlen(text));
    writer_bytes(w, text, strlen(text));
}

static void
open_session(struct country *c, uint32_t principal)
{
    uint8_t bytes[512];
    struct writer w = writer_of(bytes, sizeof(bytes));
    char name[32];

    c->sessions[principal] = random_u64(&c->random);
    writer_bytes(&w, &c->sessions[principal], 8);
    writer_bytes(&w, &c->now, 8);
    writer_bytes(&w, "\0\0\1\0", 4);
    put_text(&w, "shop");
    snprintf(name, sizeof(name), "principal%03u", principal);
    put_text(&w, name);
    put_text(&w, "shop");
    put_text(&w, principal < COUNTRY_SERVICES ? "app" : "console");
    snprintf(name, sizeof(name), "10.0.%u.%u", principal / 250, principal % 250 + 1);
    put_text(&w, name);
    put(c, SEGMENT_OPENED, bytes, (size_t)writer_end(&w));
}

static void
close_session(struct country *c, uint32_t principal)
{
    uint8_t bytes[56] = {0};

    memcpy(bytes, &c->sessions[principal], 8);
    memcpy(bytes + 8, &c->now, 8);
    put(c, SEGMENT_CLOSED, bytes, sizeof(bytes));
    c->sessions[principal] = 0;
}

static void
show(struct country *c, uint32_t principal, uint32_t *ordinals, size_t count, bool is_list)
{
    static uint8_t bytes[ENTRY_SALT + LONGEST];
    static const uint64_t fields[] = {3, 9, 15, 8};
    struct exposure e = {.session = c->sessions[principal],
                         .time = c->now,
                         .shape = principal * 2 + is_list,
                         .vocabulary = c->vocabulary,
                         .statements = is_list ? 1 : (uint32_t)count,
                         .rows = count,
                         .part_count = 1};
    uint64_t salt = random_u64(&c->random);
    ssize_t length;

    e.parts[0] =
        (struct exposure_part){.attribution = is_list ? ATTRIBUTION_KEY : ATTRIBUTION_PINNED,
                               .clear = fields[(principal + is_list) % 4],
                               .ordinals = ordinals,
                               .ordinal_count = count};
    memcpy(bytes, &salt, sizeof(salt));
    length = exposure_encode(&e, bytes + ENTRY_SALT, LONGEST);
    check((int)length, "encode");
    put(c, SEGMENT_EXPOSURE, bytes, ENTRY_SALT + (size_t)length);
    c->report->reads += count;
    for (size_t i = 0; c->rows != NULL && i < count; i++)
        fprintf(c->rows, "%lld\t%u\t%u\t%u\n", (long long)(c->now / NANOSECONDS), principal,
                ordinals[i], (unsigned)e.parts[0].clear);
}

/* ---- who is read ---- */

/* Four of five reads are of the fifth of all who are active; those stand anywhere among the keys.
 */
static uint32_t
somebody(struct country *c)
{
    uint32_t rank = random_below(&c->random, 5) > 0 ? random_below(&c->random, c->popular)
                                                    : random_below(&c->random, c->subjects);

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
    uint32_t at = random_below(&c->random, c->subjects);

    for (size_t i = 0; i < BATCH_ROWS; i++) {
        at += 1 + random_below(&c->random, 7);
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
    c->owed[p] += persons * (0.5 + random_below(&c->random, 1000) / 1000.0);
    if (c->owed[p] >= 1 && c->sessions[p] == 0)
        open_session(c, p);
    while (c->owed[p] >= 1) {
        double shown = 1;

        c->now += random_below(&c->random, 2000000);
        if (p == COUNTRY_HARVESTER) {
            shown = c->owed[p] >= WALKED ? WALKED : 1;
            walk(c, (size_t)shown);
        } else if (p < COUNTRY_SERVICES) {
            shown = 1 + random_below(&c->random, 2 * MERGED - 1);
            read_points(c, p, (size_t)shown);
        } else if (p < COUNTRY_SERVICES + COUNTRY_BATCHES) {
            shown = BATCH_ROWS;
            if (c->owed[p] < shown)
                break;
            read_page(c, p);
        } else if (random_below(&c->random, 41) == 0) {
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

    c->now = (COUNTRY_FIRST + (int64_t)day) * DAY_LENGTH + slot * (DAY_LENGTH / SLOTS);
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
        if (c->sessions[p] != 0)
            close_session(c, p);
}

static void
begin(struct country *c)
{
    uint8_t bytes[VOCABULARY_ENCODED_MAX];
    struct config_subject subject = {.name = "customer"};
    struct config_field fields[] = {
        {.field = "name"}, {.field = "phone"}, {.field = "email"}, {.field = "address"}};
    struct config_personal personal = {.fields = fields, .field_count = COUNT_OF(fields)};
    struct config config = {
        .subjects = &subject, .subject_count = 1, .personal = &personal, .personal_count = 1};
    struct vocabulary *vocabulary = memory_new(1, sizeof(*vocabulary));
    ssize_t length;

    check(vocabulary == NULL ? PASU_E_NOMEM : vocabulary_of_config(vocabulary, &config), "names");
    c->now = COUNTRY_FIRST * DAY_LENGTH;
    c->vocabulary = vocabulary->id;
    put(c, SEGMENT_STARTED, NULL, 0);
    length = vocabulary_encode(vocabulary, bytes, sizeof(bytes));
    check((int)length, "encode");
    put(c, SEGMENT_VOCABULARY, bytes, (size_t)length);
    memory_free(vocabulary);
}

void
country_write(int segments, uint32_t subjects, FILE *rows, struct country_report *report)
{
    static struct country c;
    struct segment_report opened;
    double others = (READS_PER_SUBJECT - 1) * subjects, working = COUNTRY_DAYS * 5.0 / 7;
    struct pace pace = {
        .service = others * 0.55 / COUNTRY_SERVICES / COUNTRY_DAYS / SLOTS,
        .batch = others * 0.25 / COUNTRY_BATCHES / COUNTRY_DAYS / 12,
        .human = others * 0.20 / (COUNTRY_HARVESTER - COUNTRY_SERVICES - COUNTRY_BATCHES) /
                 working / 108,
        .harvest = (double)subjects / COUNTRY_HARVEST_DAYS / SLOTS,
    };

    c = (struct country){.random.state = subjects | 1,
                         .subjects = subjects,
                         .popular = subjects / 5 + 1,
                         .rows = rows,
                         .report = report};
    *report = (struct country_report){0};
    check(segment_writer_open(&c.writer, &os_real, segments, 0, NULL, NULL, &opened), "open");
    begin(&c);
    for (int day = 0; day < COUNTRY_DAYS; day++)
        for (int slot = 0; slot < SLOTS; slot++)
            live_slot(&c, day, slot, &pace);
    end_batch(&c);
    check(segment_sync(&c.writer), "sync");
    segment_writer_close(&c.writer);
}
