/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tallies cost: CPU nanoseconds per row, and memory. See bench/README.md.
 *
 *     tally [--principals N]     principals of the fill (default 100; the figure is for 1,000)
 *
 * Rows show one person each, 1,000 rows a call, with limits that are never reached.
 */
#include "exposure/tally.h"
#include "base/memory.h"

#include <time.h>
#include <unistd.h>

enum {
    BATCH = 1000,
    MILLION = 1000 * 1000,
    PERSONS = 33700 * 1000, /* of the fill */
    SHOWN_A_DAY = 1000,
    DAYS = 180,
    PRINCIPALS = 1000, /* of the figure */
    DAY_FIRST = 20000,
    MINUTES_A_DAY = 1440,
};

static const struct tally_limits limits = {
    .block = {1u << 31, 1u << 31, 1u << 31, 1u << 31, 1u << 31},
    .alert = {1u << 31, 1u << 31, 1u << 31, 1u << 31, 1u << 31},
};

static uint64_t seed = 88172645463325252u;

static uint32_t
random_below(uint32_t most)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 32) * most >> 32);
}

/* Of this thread: the machine may be busy with other things. */
static double
seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void
die(const char *what)
{
    fprintf(stderr, "tally: %s\n", what);
    exit(2);
}

static void
take(struct tally *tally, uint32_t now, const struct tally_item *items, size_t count)
{
    struct tally_outcome outcome;

    if (tally_take(tally, now, items, count, &limits, &outcome) != 0 || outcome.taken != count)
        die("rows were not taken");
}

static void
get(struct tally_book *book, unsigned number, struct tally **tally)
{
    char name[16];

    snprintf(name, sizeof(name), "role%u", number);
    if (tally_book_get(book, name, tally) != 0)
        die("out of memory");
}

/* ---- nanoseconds ---- */

static struct tally_item items[MILLION];

static double
measure(struct tally *tally, uint32_t now)
{
    double start = seconds_now();

    for (size_t i = 0; i < MILLION; i += BATCH)
        take(tally, now, items + i, BATCH);
    return (seconds_now() - start) * 1e9 / MILLION;
}

/* The same rows three times: of persons never seen, in the same minute again, and the next day. */
static void
report_rows(const char *name, bool is_random, uint32_t persons)
{
    struct tally_book *book;
    struct tally *tally;
    uint32_t now = DAY_FIRST * MINUTES_A_DAY;

    for (size_t i = 0; i < MILLION; i++)
        items[i] = (struct tally_item){is_random ? random_below(persons) : (uint32_t)i, 0, 1};
    if (tally_book_new(&book) != 0)
        die("out of memory");
    get(book, 0, &tally);
    double fresh = measure(tally, now);
    double again = measure(tally, now);
    double next_day = measure(tally, now + MINUTES_A_DAY);
    printf("%-34s %8.1f %8.1f %8.1f %10.1f\n", name, fresh, again, next_day,
           (double)tally_book_memory(book) / MILLION);
    tally_book_free(book);
}

/* ---- memory ---- */

static uint64_t
resident_bytes(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (!file || fscanf(file, "%lu %lu", &size, &resident) != 2)
        die("cannot read /proc/self/statm");
    fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
report_fill(unsigned principals)
{
    const double mebibyte = 1 << 20;
    uint64_t before = resident_bytes();
    struct tally_book *book;
    double start, end;

    if (tally_book_new(&book) != 0)
        die("out of memory");
    start = seconds_now();
    for (uint32_t day = 0; day < DAYS; day++)
        for (unsigned p = 0; p < principals; p++) {
            struct tally *tally;

            for (size_t i = 0; i < SHOWN_A_DAY; i++)
                items[i] = (struct tally_item){random_below(PERSONS), 0, 1};
            get(book, p, &tally);
            take(tally, (DAY_FIRST + day) * MINUTES_A_DAY + 600, items, SHOWN_A_DAY);
        }
    end = seconds_now();
    double own = (double)tally_book_memory(book) / principals * PRINCIPALS / mebibyte;
    double resident = (double)(resident_bytes() - before) / principals * PRINCIPALS / mebibyte;
    printf("\n%d principals x %d persons a day of %d x %d days (measured with %u principals):\n"
           "  %.0f MiB asked for, %.0f MiB resident; %.0f ns a row\n",
           PRINCIPALS, SHOWN_A_DAY, PERSONS, DAYS, principals, own, resident,
           (end - start) * 1e9 / principals / SHOWN_A_DAY / DAYS);
    tally_book_free(book);
}

int
main(int count, char **arguments)
{
    unsigned long principals = 100;

    if (count == 3 && strcmp(arguments[1], "--principals") == 0)
        principals = strtoul(arguments[2], NULL, 10);
    else if (count != 1)
        principals = 0;
    if (principals == 0 || principals > PRINCIPALS) {
        fprintf(stderr, "usage: tally [--principals 1..%d]\n", PRINCIPALS);
        return 2;
    }
    printf("%-34s %8s %8s %8s %10s\n", "CPU ns a row, 1,000,000 rows", "new", "again", "next day",
           "bytes/row");
    report_rows("in sequence", false, 0);
    report_rows("random of 1,000,000 persons", true, MILLION);
    report_rows("random of 33,700,000 persons", true, PERSONS);
    report_fill((unsigned)principals);
    return 0;
}
