/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_features TOWN [ATTACK]: what a day of an account or address is, as columns, for detectors
 * that are not pasu's (run.py). One line each, for those who asked for a person:
 *
 *   day axis who attack persons reads misses requests accounts hours minute shown
 *
 * attack: whether it was the attack's on that day; minute: the most reads in one; shown: how many
 * persons the attack had been shown by the end of the day. The first line is `begin TIME_IN_DAYS`
 * of the attack's first line, where there is one.
 */
#define PASU_ALLOW_RAW_MEMORY
#include "dice.h"

#include <stdio.h>

enum { TABLE = 1 << 19, PAIRS = 1 << 21, READ = 4096 };

struct row {
    uint64_t who;
    uint32_t axis, attack, persons, reads, misses, requests, accounts, hours;
    uint32_t minute, minute_reads, minute_most;
};

struct table {
    struct row rows[TABLE];
    uint64_t pairs[PAIRS];
    size_t count, pair_count;
    uint8_t persons[1 << 24];
    uint64_t shown;
};

struct source {
    FILE *file;
    struct observation list[READ];
    size_t at, count;
};

static const struct observation *
peek(struct source *s)
{
    if (s->file == NULL)
        return NULL;
    if (s->at == s->count) {
        s->count = fread(s->list, sizeof(*s->list), READ, s->file);
        s->at = 0;
    }
    return s->count == 0 ? NULL : &s->list[s->at];
}

static struct row *
row_of(struct table *t, uint32_t axis, uint64_t who)
{
    size_t at = mixed(who + axis) % TABLE;

    while (t->rows[at].who != 0 && (t->rows[at].who != who || t->rows[at].axis != axis))
        at = (at + 1) % TABLE;
    if (t->rows[at].who == 0 && ++t->count > TABLE / 2)
        abort();
    t->rows[at].who = who;
    t->rows[at].axis = axis;
    return &t->rows[at];
}

static bool
is_new_pair(struct table *t, uint64_t pair)
{
    size_t at = pair % PAIRS;

    pair |= 1;
    while (t->pairs[at] != 0 && t->pairs[at] != pair)
        at = (at + 1) % PAIRS;
    if (t->pairs[at] == pair)
        return false;
    if (++t->pair_count > PAIRS / 2)
        abort();
    t->pairs[at] = pair;
    return true;
}

static void
count(struct table *t, const struct observation *o, bool attack, uint32_t axis)
{
    struct row *r = row_of(t, axis, o->who[axis]);
    uint32_t minute = (uint32_t)(o->time / (60 * SECOND));

    r->requests++;
    r->attack |= attack;
    if (o->what > OBSERVED_MISS)
        return;
    r->reads++;
    r->misses += o->what == OBSERVED_MISS;
    r->hours |= 1U << (o->time % DAY / (3600 * SECOND));
    r->persons += is_new_pair(t, mixed(o->subject ^ mixed(o->who[axis])));
    if (axis != AXIS_ACCOUNT && o->who[AXIS_ACCOUNT] != 0)
        r->accounts += is_new_pair(t, mixed(mixed(o->who[AXIS_ACCOUNT]) ^ o->who[axis] ^ 1));
    r->minute_reads = r->minute == minute ? r->minute_reads + 1 : 1;
    r->minute = minute;
    if (r->minute_reads > r->minute_most)
        r->minute_most = r->minute_reads;
}

static void
end_day(struct table *t, int64_t day)
{
    for (size_t i = 0; i < TABLE; i++) {
        const struct row *r = &t->rows[i];

        if (r->who != 0 && r->persons > 0)
            printf("%d %u %llx %u %u %u %u %u %u %d %u %llu\n", (int)day, r->axis,
                   (unsigned long long)r->who, r->attack, r->persons, r->reads, r->misses,
                   r->requests, r->accounts, __builtin_popcount(r->hours), r->minute_most,
                   (unsigned long long)t->shown);
    }
    memset(t->rows, 0, sizeof(t->rows));
    memset(t->pairs, 0, sizeof(t->pairs));
    t->count = t->pair_count = 0;
}

int
main(int argc, char **argv)
{
    static struct table table;
    static struct source town, attack;
    bool begun = false;
    int64_t day = 0;

    if (argc < 2 || (town.file = fopen(argv[1], "r")) == NULL ||
        (argc > 2 && (attack.file = fopen(argv[2], "r")) == NULL))
        return 2;
    for (;;) {
        const struct observation *t = peek(&town), *a = peek(&attack);
        bool theirs = a != NULL && (t == NULL || a->time < t->time), attacked;
        const struct observation *o = theirs ? a : t;

        if (o == NULL)
            break;
        attacked = o->file == 1;
        if (attacked && !begun)
            printf("begin %.6f\n", (double)(o->time - TOWN_START) / (double)DAY);
        begun |= attacked;
        if ((o->time - TOWN_START) / DAY != day) {
            end_day(&table, day);
            day = (o->time - TOWN_START) / DAY;
        }
        for (uint32_t axis = AXIS_ACCOUNT; axis <= AXIS_ADDRESS;
             axis += AXIS_ADDRESS - AXIS_ACCOUNT)
            if (o->who[axis] != 0)
                count(&table, o, attacked, axis);
        if (attacked && o->what == OBSERVED_SHOWN && o->number < UINT64_C(1) << 27) {
            uint8_t *byte = &table.persons[o->number / 8], bit = (uint8_t)(1 << o->number % 8);

            table.shown += (*byte & bit) == 0;
            *byte |= bit;
        }
        (theirs ? &attack : &town)->at++;
    }
    end_day(&table, day);
    return 0;
}
