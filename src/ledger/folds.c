/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/folds.h"

static const char others[] = "(others)";

/* FNV-1a: the names are the operator's, or roles that have logged in. */
static uint64_t
mix(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t
hash_of(const struct message_alert *a)
{
    return mix(mix(UINT64_C(0xcbf29ce484222325) ^ a->control, a->rule), a->principal);
}

static bool
is_same(const struct message_alert *a, const struct message_alert *b)
{
    return a->control == b->control && strcmp(a->rule, b->rule) == 0 &&
           strcmp(a->principal, b->principal) == 0;
}

static size_t
find(const struct folds *f, const struct message_alert *alert)
{
    uint64_t hash = hash_of(alert);
    size_t at = 0;

    while (at < f->count && (f->items[at].hash != hash || !is_same(&f->items[at].sum, alert)))
        at++;
    return at;
}

static void
name(struct message_alert *a, const struct message_alert *as)
{
    *a = (struct message_alert){.control = as->control};
    memcpy(a->rule, as->rule, sizeof(a->rule));
    memcpy(a->principal, as->principal, sizeof(a->principal));
}

static uint64_t
sum(uint64_t a, uint64_t b)
{
    uint64_t c;

    return __builtin_add_overflow(a, b, &c) ? UINT64_MAX : c;
}

static void
merge(struct message_alert *into, const struct message_alert *from)
{
    if (into->count == 0) {
        *into = *from;
        return;
    }
    into->count = sum(into->count, from->count);
    into->rows = sum(into->rows, from->rows);
    into->subjects = sum(into->subjects, from->subjects);
    if (from->since < into->since)
        into->since = from->since;
    if (from->severity > into->severity)
        into->severity = from->severity;
    if (from->verdict > into->verdict)
        into->verdict = from->verdict;
    memcpy(into->text, from->text, sizeof(into->text));
}

/* One of which nothing waits makes room: what comes of it is then due at once. */
static size_t
make_room(struct folds *f)
{
    if (f->count < FOLDS_MAX)
        return f->count++;
    for (size_t i = 1; i < f->count; i++)
        if (f->items[i].sum.count == 0 && f->items[i].fresh.count == 0)
            return i;
    return 0; /* which is that of all others */
}

void
folds_add(struct folds *f, const struct message_alert *alert)
{
    struct message_alert one = *alert;
    size_t at;

    if (f->count == 0) {
        struct message_alert all = {0};

        memcpy(all.rule, others, sizeof(others));
        f->count = 1;
        f->items[0].hash = hash_of(&all);
        name(&f->items[0].sum, &all);
    }
    at = find(f, alert);
    if (at == f->count) {
        at = make_room(f);
        if (at > 0) {
            f->items[at] = (struct fold){.hash = hash_of(alert)};
            name(&f->items[at].sum, alert);
        } else {
            memcpy(one.rule, others, sizeof(others));
            one.principal[0] = '\0';
            one.control = 0;
        }
    }
    merge(&f->items[at].fresh, &one);
    f->is_fresh = true;
}

void
folds_keep(struct folds *f)
{
    for (size_t i = 0; f->is_fresh && i < f->count; i++) {
        struct fold *fold = &f->items[i];

        if (fold->fresh.count == 0)
            continue;
        f->waiting = sum(f->waiting, fold->fresh.count);
        merge(&fold->sum, &fold->fresh);
        fold->fresh.count = 0;
    }
    f->is_fresh = false;
}

void
folds_drop(struct folds *f)
{
    for (size_t i = 0; f->is_fresh && i < f->count; i++)
        f->items[i].fresh.count = 0;
    f->is_fresh = false;
}

static bool
is_due(const struct fold *fold, int64_t now)
{
    return fold->sum.count > 0 && (fold->told == 0 || now - fold->told >= FOLDS_PAUSE);
}

const struct message_alert *
folds_due(const struct folds *f, int64_t now)
{
    for (size_t i = 0; f->waiting > 0 && i < f->count; i++)
        if (is_due(&f->items[i], now))
            return &f->items[i].sum;
    return NULL;
}

void
folds_told(struct folds *f, const struct message_alert *alert, int64_t now)
{
    size_t at = find(f, alert);
    struct message_alert *waits, was;

    if (at == f->count)
        return;
    waits = &f->items[at].sum;
    f->waiting -= waits->count < f->waiting ? waits->count : f->waiting;
    was = *waits;
    name(waits, &was);
    f->items[at].told = now != 0 ? now : 1;
}

uint64_t
folds_first(const struct folds *f)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; f->waiting > 0 && i < f->count; i++)
        if (f->items[i].sum.count > 0 && f->items[i].sum.record < first)
            first = f->items[i].sum.record;
    return first;
}

int
folds_wait(const struct folds *f, int64_t now, int most)
{
    for (size_t i = 0; f->waiting > 0 && i < f->count; i++) {
        const struct fold *fold = &f->items[i];
        int64_t left = fold->told + FOLDS_PAUSE - now;

        if (fold->sum.count == 0)
            continue;
        if (fold->told == 0 || left <= 0)
            return 0;
        left = (left + NANOSECONDS_PER_MILLISECOND - 1) / NANOSECONDS_PER_MILLISECOND;
        if (left < most)
            most = (int)left;
    }
    return most;
}
