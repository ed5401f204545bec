/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incidents of known sources in a made-up ledger, and whom pasu trace names. See bench/README.md.
 *
 *     bench_trace [--small] [--seed N] [--explain] [--give] FOLDER         FOLDER is empty
 *
 * Prints a table, and with --explain a line for each incident; the exit status is 1 where a target
 * is missed. With --give nothing is asked: the ledger is left signed, with some of the samples, for
 * whoever measures the commands.
 */
#include "base/memory.h"
#include "breach/index_trace.h"
#include "breach/index_work.h"
#include "breach/trace_score.h"
#include "cli/ledger_entries.h"
#include "trace_given.h"

#include <fcntl.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

/* One in 11 is nobody's: 200 are of somebody on record. */
enum { INCIDENTS = 220, SMALL_INCIDENTS = 66 };

/* Of incidents of one size. */
struct row {
    size_t persons, incidents, inside, first, three, both, mixed, wrong, misled;
    size_t grades[GRADE_STRONG + 1];
    double wall[INCIDENTS], cpu[INCIDENTS]; /* milliseconds */
};

static void
check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "trace: %s: %s\n", what, error_text(result));
    exit(2);
}

static double
now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* As the command asks, with nothing open before; but for the statements, which the last lines of a
 * page name. */
static void
ask(int folder, const struct leaked *sample, struct trace *trace, struct trace_answer *answer)
{
    struct ledger_entries *ledger = NULL;
    struct filter filter = {0};
    struct selection selection;
    struct entries entries;
    struct index *index;
    struct book *book;

    check(ledger_entries_open(&ledger, folder, NULL), "open");
    entries = ledger_entries(ledger);
    check(book_new(&book, &os_real), "book");
    trace_init(trace, sample, &selection);
    selection_init(&selection, book, &filter, trace_take, trace);
    check(index_open(&index, folder, NULL), "open");
    check(index_trace(index, trace, &selection, &entries), "trace");
    check(trace_judge(trace, false, answer), "judge");
    index_close(index);
    selection_release(&selection);
    book_free(book);
    ledger_entries_close(ledger);
}

/* The place of a principal in the answer, from 1 on; 0: nowhere. Who cannot be told apart from
 * another, to the last bit, shares that one's place. */
static size_t
place_of(const struct trace *trace, const struct trace_answer *answer, uint32_t principal)
{
    char name[32];

    snprintf(name, sizeof(name), "principal%03u", principal);
    for (size_t s = 0; s < answer->count; s++)
        if (strcmp(trace->readers[answer->sources[s].reader].name, name) == 0) {
            while (s > 0 && answer->sources[s - 1].evidence == answer->sources[s].evidence)
                s--;
            return s + 1;
        }
    return 0;
}

static void
count(struct row *row, const struct town_incident *told, const struct trace *trace,
      const struct trace_answer *answer)
{
    size_t best = SIZE_MAX, found = 0;

    for (size_t s = 0; s < told->sources; s++) {
        size_t place = place_of(trace, answer, told->principals[s]);

        if (place != 0 && place < best)
            best = place;
        found += place >= 1 && place <= 3;
    }
    row->inside += told->sources > 0;
    row->first += best == 1;
    row->three += best <= 3;
    row->mixed += told->sources == 2;
    row->both += told->sources == 2 && found == 2;
    row->grades[answer->grade]++;
    row->wrong += answer->grade == GRADE_STRONG && best != 1;
    row->misled += answer->grade == GRADE_LIKELY && best != 1;
}

static void
explain(size_t number, const struct town_incident *told, const struct trace *trace,
        const struct trace_answer *answer)
{
    fprintf(stderr, "incident %zu: %zu persons, way %u, of", number, told->persons, told->way);
    for (size_t s = 0; s < told->sources; s++)
        fprintf(stderr, " principal%03u", told->principals[s]);
    fprintf(stderr, ", noise %.2f%s; %s:", told->noise, told->is_dated ? ", dated" : "",
            trace_grade_name(answer->grade));
    for (size_t s = 0; s < answer->count && s < 3; s++)
        fprintf(stderr, " %s %.4f (%llu of %llu, %d to %d)",
                trace->readers[answer->sources[s].reader].name, answer->sources[s].probability,
                (unsigned long long)answer->sources[s].persons,
                (unsigned long long)answer->sources[s].reach, answer->sources[s].from - TOWN_FIRST,
                answer->sources[s].to - TOWN_FIRST);
    fprintf(stderr, "\n");
}

static int
compare(const void *a, const void *b)
{
    const double *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

static void
print_row(struct row *row)
{
    size_t n = row->incidents;

    qsort(row->wall, n, sizeof(*row->wall), compare);
    qsort(row->cpu, n, sizeof(*row->cpu), compare);
    printf("%8zu %9zu %5zu of %-4zu %5zu of %-4zu %3zu of %-4zu %6zu %6zu %8zu %5zu %5zu %5zu %6zu "
           "%6.0f %6.0f %6.0f %6.0f\n",
           row->persons, n, row->first, row->inside, row->three, row->inside, row->both, row->mixed,
           row->grades[GRADE_STRONG], row->grades[GRADE_LIKELY], row->grades[GRADE_POSSIBLE],
           row->grades[GRADE_WEAK], row->grades[GRADE_NONE], row->wrong, row->misled,
           row->wall[n / 2], row->wall[n - 1], row->cpu[n / 2], row->cpu[n - 1]);
}

static void
make_index(int folder)
{
    struct index_work work;

    check(index_work_open(&work, &os_real, folder), "open");
    check(index_work_rebuild(&work), "rebuild");
    index_work_close(&work);
}

static struct town *
make(const struct town_plan *plan, int folder)
{
    double start = now(CLOCK_MONOTONIC);
    struct town *town;
    int segments;

    given_begin(folder);
    segments = openat(folder, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    town = town_make(plan, segments);
    close(segments);
    printf("%llu accesses by %u principals of %u persons, in %llu records: %.1f s",
           (unsigned long long)town_reads(town), plan->principals, plan->subjects,
           (unsigned long long)town_records(town), (now(CLOCK_MONOTONIC) - start) / 1e3);
    start = now(CLOCK_MONOTONIC);
    make_index(folder);
    printf("; indexed: %.1f s", (now(CLOCK_MONOTONIC) - start) / 1e3);
    start = now(CLOCK_MONOTONIC);
    given_sign(folder);
    printf("; signed: %.1f s\n", (now(CLOCK_MONOTONIC) - start) / 1e3);
    return town;
}

/* Whether it is as good as it has to be. */
static bool
print(struct row *rows, size_t row_count)
{
    size_t all = 0, incidents = 0, first = 0, three = 0, wrong = 0;
    double slowest = 0, longest = 0;

    printf(" persons incidents       first    in three   both mixed strong likely possible  weak  "
           "none "
           "wrong misled   wall   most    CPU   most\n");
    for (size_t r = 0; r < row_count; r++) {
        print_row(&rows[r]);
        wrong += rows[r].wrong;
        all += rows[r].inside;
        longest = fmax(longest, rows[r].wall[rows[r].incidents - 1]);
        slowest = fmax(slowest, rows[r].cpu[rows[r].incidents - 1]);
        if (rows[r].persons < 5)
            continue;
        incidents += rows[r].inside;
        first += rows[r].first;
        three += rows[r].three;
    }
    printf("with 5 persons or more: first %.1f %%, in three %.1f %%; certain and wrong: %zu; "
           "slowest %.0f ms of CPU, %.0f ms of wall time\n%zu incidents of somebody on record\n",
           100.0 * (double)first / (double)incidents, 100.0 * (double)three / (double)incidents,
           wrong, slowest, longest, all);
    return first * 100 >= incidents * 95 && three * 100 >= incidents * 99 && wrong == 0 &&
           slowest <= 2000;
}

int
main(int argc, char **argv)
{
    static struct row rows[4];
    struct town_plan plan = {.subjects = 1000000,
                             .principals = 500,
                             .incidents = INCIDENTS,
                             .accesses = 9500000,
                             .seed = 1};
    bool explains = false, gives = false;
    struct town *town;
    int folder;

    for (; argc >= 3; argv++, argc--) {
        if (strcmp(argv[1], "--small") == 0) {
            plan = (struct town_plan){30000, 80, SMALL_INCIDENTS, 150000, plan.seed, true};
        } else if (strcmp(argv[1], "--explain") == 0) {
            explains = true;
        } else if (strcmp(argv[1], "--give") == 0) {
            gives = true;
        } else if (strcmp(argv[1], "--seed") == 0) {
            plan.seed = strtoul(argv[2], NULL, 10);
            argv++;
            argc--;
        } else {
            return 2;
        }
    }
    folder = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    town = folder >= 0 ? make(&plan, folder) : NULL;
    if (town == NULL)
        return 2;
    if (gives)
        given_samples(folder, town, plan.incidents);
    for (uint32_t i = 0; i < plan.incidents && !gives; i++) {
        struct row *row = &rows[i % COUNT_OF(rows)];
        struct trace_answer answer;
        struct leaked sample;
        struct trace trace;
        const struct town_incident *told = town_sample(town, i, &sample);

        double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);

        row->persons = told->persons;
        ask(folder, &sample, &trace, &answer);
        row->wall[row->incidents] = now(CLOCK_MONOTONIC) - wall;
        row->cpu[row->incidents++] = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        count(row, told, &trace, &answer);
        if (explains)
            explain(i, told, &trace, &answer);
        trace_answer_release(&answer);
        trace_release(&trace);
        leaked_release(&sample);
    }
    town_free(town);
    return gives || print(rows, COUNT_OF(rows)) ? 0 : 1;
}
