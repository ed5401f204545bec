/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect_run TOWN [ATTACK[,ATTACK…] [DETECTOR… AXIS…]]: reads observations of the town, and of the
 * attack, merges them by time, and asks the detectors every minute of the stream in the first day
 * of the attack, every hour in its first week, then every six hours, and once a day before. Prints
 * a line for each finding when it is first published, until one is true: one that names an account,
 * session or address that the attack came from, or whose evidence is a line of the attack; and a
 * line of totals. Detectors that are named do not judge, nor is anybody judged on axes that are
 * named.
 *
 * Of several attacks each is in a town of its own, which is as the town was without one until the
 * attack's first line: a child of the process goes on from there, and what it prints stands between
 * a line "attack PATH" and a line "town". The town itself goes on to its end without an attack.
 */
#define PASU_ALLOW_RAW_MEMORY
#include "dice.h"

#include "detect/detect.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ATTACKS_MOST = 16, READ = 4096, KNOWN_MOST = 4096, ATTACKERS = 1 << 22 };

struct source {
    FILE *file;
    const char *path;
    uint64_t taken; /* and those before list[0] */
    struct observation list[READ];
    size_t at, count;
};

/* Again, where it was: what a file is read from is shared with the process it was inherited from.
 */
static bool
source_reopen(struct source *s)
{
    FILE *file = fopen(s->path, "r");

    (void)fclose(s->file);
    s->file = file;
    return file != NULL &&
           fseeko(file, (off_t)((s->taken + s->count) * sizeof(*s->list)), SEEK_SET) == 0;
}

static const struct observation *
source_peek(struct source *s)
{
    if (s->file == NULL)
        return NULL;
    if (s->at == s->count) {
        s->taken += s->count;
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
    struct source waiting[ATTACKS_MOST]; /* attacks, each for a child of its own */
    size_t waiting_count;
    int64_t next; /* when the detectors are asked again */
    clock_t cpu;
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
pause_until_next(const struct run *r, int64_t now)
{
    if (r->attack_first == 0)
        return DAY;
    if (now - r->attack_first < DAY)
        return 60 * SECOND;
    return now - r->attack_first < 7 * DAY ? 3600 * SECOND : 6 * 3600 * SECOND;
}

/* The next line of the town or of its attack, as the detectors get it; false: there is none. */
static bool
take_next(struct run *r)
{
    const struct observation *town = source_peek(&r->town), *attack = source_peek(&r->attack);
    bool theirs = attack != NULL && (town == NULL || attack->time < town->time);
    const struct observation *o = theirs ? attack : town;
    clock_t before = clock();

    if (o == NULL)
        return false;
    if (o->file == 1) {
        if (r->attack_first == 0)
            r->next = o->time;
        note_attack(r, o);
    }
    r->last = o->time;
    if (o->time >= r->next) {
        ask(r, o->time);
        r->next = o->time - o->time % (60 * SECOND) + pause_until_next(r, o->time);
    }
    if (detect_add(r->d, o, 1) < 0)
        abort();
    r->cpu += clock() - before;
    if (theirs)
        r->attack.at++;
    else
        r->town.at++;
    r->observations++;
    return true;
}

static void
print_total(const struct run *r)
{
    printf("total days %.1f observations %llu attack %llu persons %llu principals %llu tested %llu "
           "memory %zu "
           "findings %zu cpu %.1f\n",
           (double)(r->next - TOWN_START) / (double)DAY, (unsigned long long)r->observations,
           (unsigned long long)r->attack_reads, (unsigned long long)r->person_count,
           (unsigned long long)r->report.principals, (unsigned long long)r->report.tested,
           r->report.memory, r->report.finding_count, (double)r->cpu / CLOCKS_PER_SEC);
    for (size_t i = 0; i < r->report.untestable_count; i++)
        printf("untestable %s: %s\n", detector_name(r->report.untestable[i].detector),
               r->report.untestable[i].reason);
}

static void attack_apart(struct run *r);

static void
live(struct run *r)
{
    do
        attack_apart(r);
    while (!r->found && take_next(r));
    if (!r->found)
        ask(r, r->last);
    print_total(r);
}

/* ---- attacks that are apart ---- */

/* In a child, which goes on as if there had never been another attack. */
static _Noreturn void
live_with(struct run *r, struct source *attack)
{
    r->attack = *attack;
    r->waiting_count = 0;
    if (!source_reopen(&r->town) || !source_reopen(&r->attack))
        exit(2);
    live(r);
    exit(0);
}

/* Those that begin before the town's next line. */
static void
attack_apart(struct run *r)
{
    const struct observation *town = source_peek(&r->town);

    for (size_t i = 0; i < r->waiting_count; i++) {
        const struct observation *first = source_peek(&r->waiting[i]);
        int status;
        pid_t child;

        if (first == NULL || (town != NULL && first->time >= town->time))
            continue;
        printf("attack %s\n", r->waiting[i].path);
        fflush(stdout);
        if ((child = fork()) < 0)
            abort();
        if (child == 0)
            live_with(r, &r->waiting[i]);
        if (waitpid(child, &status, 0) != child || status != 0)
            abort();
        printf("town\n");
        (void)fclose(r->waiting[i].file);
        r->waiting[i] = r->waiting[--r->waiting_count];
        i--;
    }
}

static bool
open_attacks(struct run *r, char *paths)
{
    bool several = strchr(paths, ',') != NULL;

    for (char *path = strsep(&paths, ","); path != NULL; path = strsep(&paths, ",")) {
        struct source *s = several ? &r->waiting[r->waiting_count++] : &r->attack;

        if (r->waiting_count == ATTACKS_MOST)
            return false;
        s->path = path;
        if ((s->file = fopen(path, "r")) == NULL)
            return false;
    }
    return true;
}

int
main(int argc, char **argv)
{
    struct run *r = calloc(1, sizeof(*r));
    struct detect_options options = {.memory = (size_t)2 << 30, .q = 0.1};

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
    r->town.path = argv[1];
    r->town.file = fopen(argv[1], "r");
    if (detect_open(&r->d, &options) < 0 || r->persons == NULL || r->attackers == NULL ||
        r->town.file == NULL || (argc > 2 && !open_attacks(r, argv[2])))
        return 2;
    live(r);
    detect_close(r->d);
    return 0;
}
