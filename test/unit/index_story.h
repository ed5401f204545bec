/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A random ledger in memory, with what goes wrong in real ones: sessions that nobody opened,
 * records that come late or are of a day before, a clock that is set back, vocabularies that are
 * explained afterwards, damage.
 */
#ifndef PASU_TEST_INDEX_STORY_H
#define PASU_TEST_INDEX_STORY_H

#include "base/memory.h"
#include "breach/day.h"
#include "breach/entries.h"
#include "breach/keys.h"
#include "random.h"
#include "unit.h"

enum {
    STORY_ENTRIES = 4096,
    STORY_ORDINALS = 3000,
    STORY_SESSIONS = 12,
    STORY_DAMAGE = 999,
    STORY_KEYS = 60
};

static const uint8_t story_secret[SEAL_SECRET_SIZE] = {3, 1, 4};

struct told {
    struct ledger_entry entry; /* type STORY_DAMAGE: none, the ledger is damaged here */
    union {
        struct message_session opened;
        struct message_closed closed;
        struct payload_gap gap;
        struct exposure exposure;
        struct vocabulary vocabulary;
        struct payload_opening opening;
        struct payload_ordinal ordinal;
    } body;
    uint32_t *ordinals[EXPOSURE_PARTS_MAX][2];
};

struct told_ledger {
    struct random random;
    struct told *items;
    size_t count, at;
    int64_t now;
    ledger_takes_fn *takes; /* NULL: all */
    void *takes_arg;
    bool is_orderly;
    uint32_t most;  /* ordinals in a list, now and then */
    uint32_t given; /* of the directory */
};

static inline struct told *
tell(struct told_ledger *l, enum ledger_entry_type type)
{
    struct told *told = &l->items[l->count];

    assert_true(l->count < STORY_ENTRIES);
    told->entry = (struct ledger_entry){.type = type, .seq = 3 * l->count, .time = l->now};
    l->count++;
    return told;
}

static inline void
tell_opened(struct told_ledger *l, uint64_t session)
{
    struct told *told = tell(l, LEDGER_OPENED);

    told->body.opened = (struct message_session){.session = session, .opened = l->now};
    snprintf(told->body.opened.principal, NAME_SIZE, "role%u", (unsigned)(session % 4));
    snprintf(told->body.opened.address, ADDRESS_SIZE, "192.0.2.%u", (unsigned)(session % 4));
    told->entry.u.opened = &told->body.opened;
}

static const char *const told_fields[3][4] = {{"name", "phone", "address", "email"},
                                              {"phone", "name", "order", "address"},
                                              {"door", "name", "phone", "email"}};

/* With its id, which is a hash of the names: of a configuration that has them. */
static inline void
told_vocabulary(struct vocabulary *v, uint32_t which)
{
    struct config_subject subjects[2] = {{.name = which == 1 ? "recipient" : "customer"},
                                         {.name = which == 1 ? "customer" : "recipient"}};
    struct config_field fields[4] = {0};
    struct config_personal personal = {.fields = fields, .field_count = 4};
    struct config config = {
        .subjects = subjects, .subject_count = 2, .personal = &personal, .personal_count = 1};

    for (size_t f = 0; f < 4; f++)
        fields[f].field = told_fields[which][f];
    assert_int_equal(vocabulary_of_config(v, &config), 0);
}

static inline void
tell_vocabulary(struct told_ledger *l, uint32_t which)
{
    struct told *told = tell(l, LEDGER_VOCABULARY);
    struct vocabulary *v = &told->body.vocabulary;

    told_vocabulary(v, which);
    told->entry.u.vocabulary = v;
}

static inline void
tell_list(struct told_ledger *l, uint32_t **list, const uint32_t **items, size_t *count)
{
    struct random *r = &l->random;
    bool is_long = random_below(r, 12) == 0;

    *count = random_below(r, 3) == 0 ? 0 : 1 + random_below(r, is_long ? l->most : 4);
    *list = memory_new(*count + 1, sizeof(**list));
    for (size_t i = 0; i < *count; i++)
        (*list)[i] = is_long && i > 0 && random_below(r, 3) > 0 ? (*list)[i - 1] + 1
                     : random_below(r, 10) == 0                 ? UINT32_MAX - random_below(r, 50)
                                                                : random_below(r, 100000);
    *items = *list;
}

static inline void
tell_part(struct told_ledger *l, struct told *told, unsigned p)
{
    struct random *r = &l->random;
    struct exposure_part *part = &told->body.exposure.parts[p];
    static const uint64_t sets[] = {1, 3, 4, 7, 9, 0, UINT64_C(1) << 40};

    *part =
        (struct exposure_part){.kind = (uint8_t)(random_below(r, 20) == 0 ? 9 : random_below(r, 2)),
                               .attribution = (uint8_t)random_below(r, ATTRIBUTION_COUNT),
                               .is_text = random_below(r, 4) == 0,
                               .clear = sets[random_below(r, 5)],
                               .masked = random_below(r, 4) == 0 ? 2 : 0,
                               .null = random_below(r, 4) == 0 ? sets[random_below(r, 7)] : 0,
                               .unknown = random_below(r, 6) == 0 ? random_below(r, 500) : 0};
    tell_list(l, &told->ordinals[p][0], &part->ordinals, &part->ordinal_count);
    if (random_below(r, 4) == 0)
        tell_list(l, &told->ordinals[p][1], &part->missed, &part->missed_count);
}

static inline void
tell_exposure(struct told_ledger *l, uint64_t session, const uint32_t ids[3])
{
    struct random *r = &l->random;
    struct told *told = tell(l, LEDGER_EXPOSURE);
    struct exposure *e = &told->body.exposure;
    int64_t late = random_below(r, 4) == 0 ? random_below(r, 4000) * NANOSECONDS_PER_SECOND : 0;

    if (!l->is_orderly && random_below(r, 12) == 0)
        late = random_below(r, 5) * DAY;
    *e = (struct exposure){
        .session = session,
        .time = l->now - late,
        .shape = random_below(r, 2),
        .vocabulary = ids[random_below(r, 12) == 0 ? 2 : random_below(r, 2)],
        .statements = random_below(r, 2) == 0 ? random_below(r, 3) : 0,
        .rows = random_below(r, 10),
        .misses = random_below(r, 3),
        .flags = random_below(r, 3) == 0 ? random_u64(r) & ((UINT64_C(1) << FLAG_COUNT) - 1) : 0,
        .part_count = (uint8_t)random_below(r, 4)};
    for (unsigned p = 0; p < e->part_count; p++)
        tell_part(l, told, p);
    told->entry.u.exposure = e;
}

static inline void
tell_other(struct told_ledger *l, uint64_t session)
{
    struct random *r = &l->random;
    struct told *told;

    switch (random_below(r, 9)) {
    case 0:
        tell(l, LEDGER_STARTED);
        break;
    case 1:
        told = tell(l, LEDGER_GAP);
        told->body.gap =
            (struct payload_gap){.count = 4, .since = l->now - 100, .error = PASU_E_IO};
        told->entry.u.gap = &told->body.gap;
        break;
    case 2:
        tell(l, (enum ledger_entry_type)STORY_DAMAGE);
        break;
    case 3:
        tell_vocabulary(l, random_below(r, 2));
        break;
    case 4:
        tell_vocabulary(l, 2);
        break;
    case 5:
    case 6:
        told = tell(l, LEDGER_CLOSED);
        told->body.closed = (struct message_closed){.session = session, .closed = l->now};
        told->entry.u.closed = &told->body.closed;
        break;
    default:
        tell_opened(l, session);
        break;
    }
}

/* A key's entry: the text's hash, and sealed bytes which nothing opens. */
static inline void
tell_ordinal(struct told_ledger *l, uint32_t ordinal, const char *text)
{
    static const uint8_t sealed[SEAL_OVERHEAD + 1];
    struct told *told = tell(l, LEDGER_ORDINAL);
    struct payload_ordinal *o = &told->body.ordinal;

    *o = (struct payload_ordinal){.head.ordinal = ordinal,
                                  .sealed = view_of(sealed, sizeof(sealed))};
    assert_int_equal(directory_hash(story_secret, view_of_text(text), o->head.hash), 0);
    told->entry.u.ordinal = o;
}

/* As the directory gives them, downwards; now and then one again, one that is not yet due, one by
 * far, or another ordinal for the same text. */
static inline void
tell_key(struct told_ledger *l, struct random *r)
{
    uint32_t way = random_below(r, 12);
    char text[16];

    if (way == 0)
        l->given += random_below(r, 100000);
    snprintf(text, sizeof(text), "key%u", random_below(r, STORY_KEYS));
    tell_ordinal(l,
                 way == 1   ? UINT32_MAX - random_below(r, l->given + 1)
                 : way == 2 ? KEY_ORDINAL_FIRST + random_below(r, 1 << 28)
                            : UINT32_MAX - l->given++,
                 text);
}

/* Of some months. */
static inline void
tell_all(struct told_ledger *l, uint64_t seed, size_t entries)
{
    struct random keys = {.state = seed + 1000};
    uint32_t ids[3];
    uint64_t sessions = 0;

    *l = (struct told_ledger){.random.state = seed, .now = 20300 * DAY + 5};
    l->items = memory_new(STORY_ENTRIES, sizeof(*l->items));
    l->is_orderly = seed % 2 == 0;
    l->most = seed % 5 == 0 ? STORY_ORDINALS : 200;
    for (uint32_t v = 0; v < 3; v++) {
        tell_vocabulary(l, v);
        ids[v] = l->items[l->count - 1].body.vocabulary.id;
    }
    if (seed % 3 > 0)
        l->count = seed % 3; /* some are explained later, or never */
    while (l->count < entries) {
        uint64_t session;

        if (seed % 3 == 1 && random_below(&keys, 5) == 0)
            tell_key(l, &keys);
        if (random_below(&l->random, 40) == 0)
            sessions += STORY_SESSIONS; /* others */
        session = 100 + sessions + random_below(&l->random, STORY_SESSIONS);
        if (random_below(&l->random, 6) == 0)
            tell_other(l, session);
        else
            tell_exposure(l, session, ids);
        l->now += (int64_t)(random_u64(&l->random) % (random_below(&l->random, 9) == 0
                                                          ? (uint64_t)(2 * DAY)
                                                          : (uint64_t)(DAY / 20)));
        if (seed % 4 == 1 && random_below(&l->random, 12) == 0)
            l->now -= random_below(&l->random, 4 * 3600) * NANOSECONDS_PER_SECOND;
    }
}

static inline void
forget_all(struct told_ledger *l)
{
    for (size_t i = 0; i < l->count; i++)
        for (size_t p = 0; p < EXPOSURE_PARTS_MAX; p++) {
            memory_free(l->items[i].ordinals[p][0]);
            memory_free(l->items[i].ordinals[p][1]);
        }
    memory_free(l->items);
}

/* ---- as entries ---- */

/* A ledger is read from some records before on, of which nobody hears but who chooses. */
enum { STORY_BEFORE = 5 };

static inline int
told_seek(void *arg, uint64_t seq)
{
    struct told_ledger *l = arg;
    size_t from;

    for (l->at = 0; l->at < l->count && l->items[l->at].entry.seq < seq; l->at++)
        ;
    for (from = l->at < STORY_BEFORE ? 0 : l->at - STORY_BEFORE; from < l->at; from++) {
        const struct told *told = &l->items[from];

        if (l->takes != NULL && told->entry.type == LEDGER_EXPOSURE)
            (void)l->takes(l->takes_arg, told->entry.seq, told->entry.time,
                           told->body.exposure.session);
    }
    return 0;
}

static inline int
told_next(void *arg, struct ledger_entry *entry)
{
    struct told_ledger *l = arg;

    for (; l->at < l->count; l->at++) {
        const struct told *told = &l->items[l->at];

        if (l->takes != NULL && told->entry.type == LEDGER_EXPOSURE &&
            !l->takes(l->takes_arg, told->entry.seq, told->entry.time, told->body.exposure.session))
            continue;
        *entry = told->entry;
        l->at++;
        return (int)entry->type == STORY_DAMAGE ? PASU_E_CORRUPT : 1;
    }
    return 0;
}

static inline void
told_choose(void *arg, ledger_takes_fn *takes, void *takes_arg)
{
    struct told_ledger *l = arg;

    l->takes = takes;
    l->takes_arg = takes_arg;
}

static inline const struct records_place *
told_damage(void *arg)
{
    static struct records_place place;
    const struct told_ledger *l = arg;

    place = (struct records_place){.segment = 7, .offset = l->at};
    return &place;
}

#endif
