/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_run TOWN [ATTACK [DETECTOR… AXIS…]]: reads observations of the town, and of the attack,
 * merges them by time, and asks the detectors every minute of the stream in the first day of the
 * attack, every hour in its first week, then every six hours, and once a day before. Prints a line
 * for each finding when it is first published, until one is true: one that names an account,
 * session or address that the attack came from, or whose evidence is a line of the attack; and a
 * line of totals. Detectors that are named do not judge, nor is anybody judged on axes that are
 * named.
 */
#define PASU_ALLOW_RAW_MEMORY
#include "dice.h"

#include "detect/detect.h"

#include <time.h>

enum { READ = 4096, KNOWN_MOST = 4096, ATTACKERS = 1 << 22 };

struct source {
    FILE *file;
    struct observation list[READ];
    size_t at, count;
};

static const struct observation *
source_peek(struct source *s)
{
    if (s->file == NULL)
        return NULL;
    if (s->at == s->count) {
        s->count = fread(s->list, sizeof(*s->list), READ, s->file);
        s->at = 0;
    }
    return s->count == 0 ? NULL : &s->list[s->at];
}

struct known {
    uint64_t who;
    uint8_t detector, axis;
};

struct run {
    struct detect *d;
    struct source town, attack;
    struct known known[KNOWN_MOST];
    size_t known_count;
    uint64_t attack_reads, observations;
    int64_t attack_first, last;
    bool found;
    uint64_t *attackers; /* open addressing: who of the attack's lines, axis by axis */
    uint8_t *persons;    /* bitmap of those shown to the attacker */
    uint64_t person_count;
    struct detect_report report;
};

static bool
is_new(struct run *r, const struct finding *f)
{
    for (size_t i = 0; i < r->known_count; i++)
        if (r->known[i].who == f->principal[0].who && r->known[i].detector == f->detector)
            return false;
    if (r->known_count < KNOWN_MOST)
        r->known[r->known_count++] =
            (struct known){.who = f->principal[0].who, .detector = f->detector};
    return true;
}

static bool
is_attacker(struct run *r, uint64_t who, bool add)
{
    size_t at = mixed(who) % ATTACKERS;

    while (r->attackers[at] != 0 && r->attackers[at] != who)
        at = (at + 1) % ATTACKERS;
    if (add)
        r->attackers[at] = who;
    return r->attackers[at] == who;
}

static bool
is_true(struct run *r, const struct finding *f)
{
    for (size_t i = 0; i < f->principals; i++)
        if (f->principal[i].axis <= AXIS_ADDRESS && is_attacker(r, f->principal[i].who, false))
            return true;
    for (size_t i = 0; i < f->places; i++)
        if (f->place[i].file == 1)
            return true;
    return false;
}

static void
ask(struct run *r, int64_t now)
{
    if (detect_findings(r->d, &r->report) < 0)
        abort();
    for (size_t i = 0; i < r->report.finding_count; i++) {
        const struct finding *f = &r->report.findings[i];
        char why[DETECT_TEXT];

        if (!is_new(r, f))
            continue;
        (void)finding_why(f, why);
        r->found |= is_true(r, f);
        printf("%s day %.3f hours %.4f persons %llu %s %s x%u e %.1f fused %.1f "
               "at_least %llu about %llu: %s\n",
               is_true(r, f) ? "true" : "false", (double)(now - TOWN_START) / (double)DAY,
               r->attack_first != 0 ? (double)(now - r->attack_first) / 3600e9 : -1.0,
               (unsigned long long)r->person_count, detector_name(f->detector),
               axis_name(f->principal[0].axis), f->together, f->log10_e, f->log10_fused,
               (unsigned long long)f->at_least, (unsigned long long)f->about, why);
        fflush(stdout);
    }
}

static void
note_attack(struct run *r, const struct observation *o)
{
    if (r->attack_first == 0)
        r->attack_first = o->time;
    for (size_t axis = 0; axis <= AXIS_ADDRESS; axis++)
        if (o->who[axis] != 0)
            (void)is_attacker(r, o->who[axis], true);
    r->attack_reads++;
    if (o->what != OBSERVED_SHOWN || o->number >= UINT64_C(1) << 27)
        return;
    if ((r->persons[o->number / 8] & 1 << o->number % 8) == 0)
        r->person_count++;
    r->persons[o->number / 8] |= (uint8_t)(1 << o->number % 8);
}

static int64_t
pause(const struct run *r, int64_t now)
{
    if (r->attack_first == 0)
        return DAY;
    if (now - r->attack_first < DAY)
        return 60 * SECOND;
    return now - r->attack_first < 7 * DAY ? 3600 * SECOND : 6 * 3600 * SECOND;
}

int
main(int argc, char **argv)
{
    struct run *r = calloc(1, sizeof(*r));
    struct detect_options options = {.memory = (size_t)2 << 30, .q = 0.1};
    int64_t next = 0;
    clock_t cpu = 0, before;

    if (argc < 2 || r == NULL)
        return 2;
    for (int i = 3; i < argc; i++)
        for (enum detector d = 0; d < DETECTOR_COUNT; d++)
            if (strcmp(detector_name(d), argv[i]) == 0)
                options.off |= 1U << d;
    for (enum axis axis = 0; axis < AXIS_COUNT; axis++) {
        bool is_off = false;

        for (int i = 3; i < argc; i++)
            is_off |= strcmp(axis_name(axis), argv[i]) == 0;
        options.axes |= is_off ? 0 : 1U << axis;
    }
    for (size_t i = 0; i < sizeof(options.secret); i++)
        options.secret[i] = (uint8_t)(i * 37 + 11);
    r->persons = calloc(1, 1 << 24);
    r->attackers = calloc(ATTACKERS, sizeof(*r->attackers));
    r->town.file = fopen(argv[1], "r");
    r->attack.file = argc > 2 ? fopen(argv[2], "r") : NULL;
    if (detect_open(&r->d, &options) < 0 || r->persons == NULL || r->attackers == NULL ||
        r->town.file == NULL)
        return 2;
    while (!r->found) {
        const struct observation *town = source_peek(&r->town), *attack = source_peek(&r->attack);
        const struct observation *o = town;
        bool theirs = attack != NULL && (town == NULL || attack->time < town->time), attacked;

        if (theirs)
            o = attack;
        if (o == NULL)
            break;
        attacked = o->file == 1;
        if (attacked && r->attack_first == 0)
            next = o->time;
        if (attacked)
            note_attack(r, o);
        r->last = o->time;
        before = clock();
        if (o->time >= next) {
            ask(r, o->time);
            next = o->time - o->time % (60 * SECOND) + pause(r, o->time);
        }
        if (detect_add(r->d, o, 1) < 0)
            abort();
        cpu += clock() - before;
        if (theirs)
            r->attack.at++;
        else
            r->town.at++;
        r->observations++;
    }
    if (!r->found)
        ask(r, r->last);
    printf("total days %.1f observations %llu attack %llu persons %llu principals %llu tested %llu "
           "memory %zu "
           "findings %zu cpu %.1f\n",
           (double)(next - TOWN_START) / (double)DAY, (unsigned long long)r->observations,
           (unsigned long long)r->attack_reads, (unsigned long long)r->person_count,
           (unsigned long long)r->report.principals, (unsigned long long)r->report.tested,
           r->report.memory, r->report.finding_count, (double)cpu / CLOCKS_PER_SEC);
    for (size_t i = 0; i < r->report.untestable_count; i++)
        printf("untestable %s: %s\n", detector_name(r->report.untestable[i].detector),
               r->report.untestable[i].reason);
    detect_close(r->d);
    return 0;
}
