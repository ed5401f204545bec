/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What questions cost at the scale of a country. See bench/README.md.
 *
 *     bench_scope [--rows FILE] [--program PASU] SUBJECTS FOLDER      FOLDER is empty
 *     bench_scope --ask NAME [--program PASU] SUBJECTS FOLDER         of what was made there, that
 *                                                                     question only; weigh: what
 *                                                                     the index's bytes are; make:
 *                                                                     that of one made anew
 *
 * With the program, certificates are made, too.
 *
 * Prints a line "NAME VALUE …" for each figure: of several runs the least, the median, the largest
 * wall time and the median CPU time, in milliseconds.
 */
#include "../test/unit/random.h"
#include "base/memory.h"
#include "breach/chunk_bytes.h"
#include "breach/day.h"
#include "breach/index_month.h"
#include "breach/index_scope.h"
#include "breach/index_subject.h"
#include "breach/index_unit.h"
#include "breach/index_work.h"
#include "cli/ledger_entries.h"
#include "scope_certificate.h"
#include "scope_country.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 15, REBUILDS = 3 };

struct clocks {
    double wall, cpu;
};

static int folder;
static const char *asked; /* the one question; NULL: all */

static void
check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "scope: %s: %s\n", what, error_text(result));
    exit(2);
}

static struct clocks
now(void)
{
    struct timespec wall, cpu;

    clock_gettime(CLOCK_MONOTONIC, &wall);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return (struct clocks){(double)wall.tv_sec * 1e3 + (double)wall.tv_nsec * 1e-6,
                           (double)cpu.tv_sec * 1e3 + (double)cpu.tv_nsec * 1e-6};
}

static struct clocks
since(struct clocks start)
{
    struct clocks end = now();

    return (struct clocks){end.wall - start.wall, end.cpu - start.cpu};
}

static int
compare(const void *a, const void *b)
{
    const double *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

static void
print_clocks(const char *name, const struct clocks *took, size_t count)
{
    double wall[ROUNDS], cpu[ROUNDS];

    for (size_t i = 0; i < count; i++) {
        wall[i] = took[i].wall;
        cpu[i] = took[i].cpu;
    }
    qsort(wall, count, sizeof(*wall), compare);
    qsort(cpu, count, sizeof(*cpu), compare);
    printf("%s %.2f %.2f %.2f %.2f\n", name, wall[0], wall[count / 2], wall[count - 1],
           cpu[count / 2]);
    fflush(stdout);
}

static struct ledger_entries *
open_ledger(void)
{
    struct ledger_entries *ledger = NULL;

    check(ledger_entries_open(&ledger, folder, NULL), "open");
    return ledger;
}

/* ---- making the index ---- */

/* As `pasu ledger rebuild-index` does. */
static uint64_t
rebuild(struct clocks *took)
{
    struct index_work work;
    struct clocks start = now();
    uint64_t records;

    check(index_work_open(&work, &os_real, folder), "open");
    check(index_work_rebuild(&work), "rebuild");
    *took = since(start);
    records = work.end.last + 1;
    index_work_close(&work);
    return records;
}

/* Only reading: what of the rebuild is not the index's. */
static void
read_all(struct clocks *took)
{
    struct ledger_entries *ledger = open_ledger();
    struct entries entries = ledger_entries(ledger);
    struct ledger_entry entry = {0};
    struct clocks start = now();
    int next;

    check(entries.seek(entries.arg, 0), "seek");
    while ((next = entries.next(entries.arg, &entry)) == 1)
        ;
    check(next, "read");
    *took = since(start);
    ledger_entries_close(ledger);
}

/* ---- what is in it ---- */

/* Bytes of sets and what is beside them, and what the sets would take with the best code for random
 * ones, of n among N log2(N / n) + 1.44 bits each, where that is less. */
struct weight {
    uint64_t sets, pool, days, several, parts, bound;
};

static void
weigh_set(struct weight *weight, struct view set, uint32_t subjects)
{
    static struct ordinals persons;
    double count, bytes;

    persons.count = 0;
    check(person_bytes_list(set, 0, &persons), "list");
    count = (double)persons.count;
    weight->sets += set.length;
    bytes = persons.count > 0 ? count * (log2(subjects / count) + 1.4427) / 8 : 0;
    weight->bound += bytes < (double)set.length ? (uint64_t)bytes : set.length;
}

static void
print_weight(const struct weight *weight)
{
    printf("pool_bytes %llu\n", (unsigned long long)weight->pool);
    printf("sets_bytes %llu\nsets_bound %llu\nwhen_days_bytes %llu\nwhen_several_bytes %llu\n"
           "when_parts_bytes %llu\n",
           (unsigned long long)weight->sets, (unsigned long long)weight->bound,
           (unsigned long long)weight->days, (unsigned long long)weight->several,
           (unsigned long long)weight->parts);
}

/* A unit of the last day: how many it has. */
static uint64_t
count_unit(struct view value, const struct interner *classes, struct weight *weight)
{
    static struct ordinals all, scratch;
    struct unit_walk walk;
    struct unit_view view;
    int next;

    all.count = 0;
    unit_walk_begin(&walk, value, classes);
    while ((next = unit_walk_next(&walk, &view)) == 1)
        for (size_t p = 0; p < view.part_count; p++) {
            check(person_bytes_list(view.shown[p], 0, &all), "list");
            weight->sets += view.shown[p].length;
            weight->parts += view.shown_when[p].length;
        }
    check(next, "unit");
    check(ordinals_sort(&all, &scratch), "sort");
    return all.count;
}

static void
weigh_moments(struct weight *weight, const struct moments_view *moments)
{
    weight->days += moments->days.length;
    weight->several += moments->several.length;
    weight->parts += moments->parts.length;
}

/* Persons and days of a month's chunk, by principal: the parts of a class have other persons, or
 * they are counted twice, which is little of all. */
static uint64_t
count_chunk(struct view value, struct weight *weight, uint32_t subjects)
{
    uint32_t most = UINT32_C(1) << INDEX_CHUNK_BITS;
    static struct pool_scratch scratch;
    static struct attendance attendance;
    static struct pool pool;
    struct pool_view pool_view;
    struct chunk_walk walk;
    struct view bytes;
    uint64_t count = 0;
    int next;

    chunk_walk_begin(&walk, value);
    while ((next = chunk_walk_next(&walk, &bytes)) == 1) {
        struct attendance_view view;

        attendance_clear(&attendance);
        check(attendance_view_of(&view, bytes), "attendance");
        check(attendance_read(&attendance, &view, &scratch.moments), "attendance");
        count += attendance.moments.part_count;
        weigh_set(weight, view.persons, subjects < most ? subjects : most);
        weigh_moments(weight, &view.moments);
    }
    check(next, "chunk");
    next = chunk_walk_pool(&walk, &pool_view);
    check(next, "pool");
    if (next == 0)
        return count;
    pool_clear(&pool);
    check(pool_read(&pool, &pool_view, &scratch), "pool");
    weight->pool += pool_view.persons.length + pool_view.who.length;
    weigh_moments(weight, &pool_view.moments);
    return count + pool.moments.part_count;
}

/* Different (subject, principal, day), and where the bytes are. */
static void
weigh(uint32_t subjects)
{
    static const char *const names_of[INDEX_TABLES] = {"main", "days", "months"};
    struct weight weight = {0};
    uint64_t bytes[INDEX_TABLES] = {0}, letters[256] = {0}, distinct = 0, diaries = 0;
    struct index_names names = {0};
    struct index *index;

    check(index_open(&index, folder, NULL), "open");
    check(index_names_load(&names, index), "names");
    for (enum index_table t = INDEX_MAIN; t < INDEX_TABLES; t++) {
        struct index_walk walk;
        struct view key, value;
        int next;

        check(index_walk_begin(&walk, index, t), "walk");
        next = index_walk_seek(&walk, VIEW("\0"), &key, &value);
        for (; next == 1; next = index_walk_next(&walk, &key, &value)) {
            bytes[t] += key.length + value.length;
            if (t == INDEX_MAIN)
                letters[key.bytes[0]] += key.length + value.length;
            else if (t == INDEX_DAYS)
                distinct += count_unit(value, &names.classes, &weight);
            else if (key.length == INDEX_CHUNK_KEY)
                distinct += count_chunk(value, &weight, subjects);
            else
                diaries += key.length + value.length;
        }
        check(next, "walk");
        index_walk_end(&walk);
    }
    printf("distinct %llu\n", (unsigned long long)distinct);
    printf("index_bytes %llu\n", (unsigned long long)index_size(index));
    for (enum index_table t = INDEX_MAIN; t < INDEX_TABLES; t++)
        printf("%s_bytes %llu\n", names_of[t], (unsigned long long)bytes[t]);
    for (unsigned l = 0; l < COUNT_OF(letters); l++)
        if (letters[l] > 0)
            printf("main_%c_bytes %llu\n", (int)l, (unsigned long long)letters[l]);
    printf("diaries_bytes %llu\n", (unsigned long long)diaries);
    print_weight(&weight);
    index_names_release(&names);
    index_close(index);
}

/* ---- questions ---- */

/* With nothing open before, as a command asks. */
static struct clocks
ask(struct filter filter, uint64_t *persons)
{
    struct ledger_entries *ledger = open_ledger();
    struct entries entries = ledger_entries(ledger);
    struct clocks start = now(), took;
    struct selection selection;
    struct scope scope;
    struct book *book;
    struct index *index;

    check(book_new(&book, &os_real), "book");
    scope_init(&scope, &selection);
    selection_init(&selection, book, &filter, scope_take, &scope);
    check(index_open(&index, folder, NULL), "open");
    check(index_scope(index, &scope, &selection, &entries), "scope");
    index_close(index);
    *persons = scope_subjects(&scope, 0).at_least;
    took = since(start);
    scope_release(&scope);
    selection_release(&selection);
    book_free(book);
    ledger_entries_close(ledger);
    return took;
}

static void
measure(const char *name, const char *principal, int day, int days, int step, int64_t shift)
{
    struct clocks took[ROUNDS];
    uint64_t persons = 0;

    if (asked != NULL && strcmp(asked, name) != 0)
        return;
    for (int i = 0; i < ROUNDS; i++) {
        struct filter filter = {
            .principal = principal,
            .from = day_begin(COUNTRY_FIRST + day + i % 5 * step) + shift,
            .to = day_begin(COUNTRY_FIRST + day + i % 5 * step + days) + shift,
        };

        took[i] = ask(filter, &persons);
    }
    print_clocks(name, took, ROUNDS);
    printf("%s_persons %llu\n", name, (unsigned long long)persons);
}

static int
see(void *arg, const struct sight *sight)
{
    uint64_t *sights = arg;

    *sights += sight->is_shown;
    return 0;
}

static struct clocks
ask_for(uint32_t ordinal, uint64_t *sights)
{
    struct ledger_entries *ledger = open_ledger();
    struct entries entries = ledger_entries(ledger);
    struct filter filter = {0};
    struct clocks start = now(), took;
    struct selection selection;
    struct subject subject;
    struct book *book;
    struct index *index;

    check(book_new(&book, &os_real), "book");
    selection_init(&selection, book, &filter, subject_take, &subject);
    subject_init(&subject, &selection, "customer", see, sights);
    check(subject_add(&subject, ordinal), "subject");
    check(index_open(&index, folder, NULL), "open");
    check(index_subject(index, &subject, &selection, &entries), "subject");
    index_close(index);
    took = since(start);
    subject_release(&subject);
    selection_release(&selection);
    book_free(book);
    ledger_entries_close(ledger);
    return took;
}

/* Anybody, each as likely: another one each time, whose days may not be in memory. */
static void
measure_subjects(uint32_t subjects)
{
    struct clocks took[ROUNDS];
    struct random random = {.state = 4711};
    uint64_t sights = 0;

    if (asked != NULL && strcmp(asked, "subject") != 0)
        return;
    for (uint32_t i = 0; i < ROUNDS; i++)
        took[i] = ask_for(random_below(&random, subjects), &sights);
    print_clocks("subject", took, ROUNDS);
    printf("subject_sights %.1f\n", (double)sights / ROUNDS);
}

/* The same persons. */
static void
measure_certificates(const char *name, const char *program, uint32_t subjects)
{
    struct certificate_clocks made[ROUNDS];
    struct clocks took[ROUNDS];
    struct random random = {.state = 4711};
    uint32_t keys[ROUNDS];
    uint64_t showings;

    if (asked != NULL && strcmp(asked, "certificate") != 0)
        return;
    for (size_t i = 0; i < ROUNDS; i++)
        keys[i] = random_below(&random, subjects);
    for (int again = 0; again < 2; again++) {
        showings = certificate_make(name, program, keys, ROUNDS, made);
        for (size_t i = 0; i < ROUNDS; i++)
            took[i] = (struct clocks){made[i].wall, made[i].cpu};
        print_clocks(again ? "certificate_again" : "certificate", took, ROUNDS);
    }
    printf("certificate_showings %.1f\n", (double)showings / ROUNDS);
    for (size_t i = 0; i < ROUNDS; i++)
        keys[i] = subjects + (uint32_t)i;
    certificate_make(name, program, keys, ROUNDS, made);
    for (size_t i = 0; i < ROUNDS; i++)
        took[i] = (struct clocks){made[i].wall, made[i].cpu};
    print_clocks("certificate_of_nothing", took, ROUNDS);
}

static void
measure_questions(uint32_t subjects)
{
    measure("harvester_208_days", "principal999", COUNTRY_HARVEST_FIRST, COUNTRY_HARVEST_DAYS, 0,
            0);
    measure("service_208_days", "principal003", 600, 208, 7, 0);
    measure("batch_208_days", "principal030", 600, 208, 7, 0);
    measure("person_208_days", "principal500", 600, 208, 7, 0);
    measure("harvester_208_days_edges", "principal999", COUNTRY_HARVEST_FIRST, COUNTRY_HARVEST_DAYS,
            0, 12 * 3600 * NANOSECONDS_PER_SECOND);
    measure("all_year", NULL, 365, 366, 0, 0); /* 2024 */
    measure("all_365_days", NULL, 200, 365, 31, 0);
    measure_subjects(subjects);
}

static void
make_ledger(uint32_t subjects, FILE *rows)
{
    struct country_report report;
    struct clocks start, took;
    int segments;

    if (faccessat(folder, "segments", F_OK, 0) == 0)
        return;
    certificate_begin(folder);
    segments = openat(folder, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    start = now();
    country_write(segments, subjects, rows, &report);
    took = since(start);
    close(segments);
    printf("reads %llu\nrecords %llu\n", (unsigned long long)report.reads,
           (unsigned long long)report.records);
    print_clocks("generate", &took, 1);
}

static void
make_index(uint32_t subjects)
{
    struct clocks took[REBUILDS];
    uint64_t records = 0;

    if (asked != NULL && strcmp(asked, "make") == 0)
        (void)rebuild(&took[0]);
    if (asked != NULL && (strcmp(asked, "weigh") == 0 || strcmp(asked, "make") == 0))
        weigh(subjects);
    if (asked != NULL && strcmp(asked, "rebuild") != 0)
        return;
    for (int i = 0; asked == NULL && i < REBUILDS; i++)
        read_all(&took[i]);
    if (asked == NULL)
        print_clocks("read", took, REBUILDS);
    for (int i = 0; i < REBUILDS; i++)
        records = rebuild(&took[i]);
    print_clocks("rebuild", took, REBUILDS);
    printf("indexed %llu\n", (unsigned long long)records);
    weigh(subjects);
}

int
main(int count, char **arguments)
{
    const char *program = NULL;
    FILE *rows = NULL;
    uint32_t subjects;

    for (; count >= 5; arguments += 2, count -= 2) {
        if (strcmp(arguments[1], "--rows") == 0)
            rows = fopen(arguments[2], "w");
        else if (strcmp(arguments[1], "--program") == 0)
            program = arguments[2];
        else if (strcmp(arguments[1], "--ask") == 0)
            asked = arguments[2];
        else
            return 2;
    }
    subjects = count == 3 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 0;
    folder = count == 3 ? open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder < 0 || subjects < 1000)
        return 2;
    make_ledger(subjects, rows);
    if (rows != NULL)
        fclose(rows);
    make_index(subjects);
    measure_questions(subjects);
    if (program != NULL)
        measure_certificates(arguments[2], program, subjects);
    return 0;
}
