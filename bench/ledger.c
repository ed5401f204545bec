/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger costs: appending in groups, appending one durable record at a time, verifying.
 * See bench/README.md.
 *
 *     ledger [--records N] [--rounds N] [--sealed 1] FOLDER     FOLDER is on the disk to be
 * measured, and empty; sealed: encrypted
 *
 * A record is an exposure as a point query makes it (one person, three fields); where that makes a
 * difference, also one of a query that shows 1,000 persons whose numbers do not follow each other.
 */
#include "base/memory.h"
#include "ledger/entry.h"
#include "ledger/segment_writer.h"
#include "ledger/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    RECORDS = 2000 * 1000,
    ROUNDS = 5,
    BATCH = 1000, /* records that the keeper takes from a ring in one go, under load */
    STRICT = 300, /* records in a round */
    GROUP = 10,   /* ms, the group window */
    ROUNDS_MAX = 99,
    PERSONS = 1000, /* in a large record */
    LARGE = 50,     /* times fewer of those */
};

struct clocks {
    double wall, cpu;
};

static struct tree_hasher hasher;
static struct segment_keys keys; /* none, or one */

static void
die(const char *what, int error)
{
    fprintf(stderr, "ledger: %s: %s\n", what, error_text(error));
    exit(2);
}

static struct clocks
now(void)
{
    struct timespec wall, cpu;

    clock_gettime(CLOCK_MONOTONIC, &wall);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return (struct clocks){(double)wall.tv_sec + (double)wall.tv_nsec * 1e-9,
                           (double)cpu.tv_sec + (double)cpu.tv_nsec * 1e-9};
}

static struct clocks
since(struct clocks start)
{
    struct clocks end = now();

    return (struct clocks){end.wall - start.wall, end.cpu - start.cpu};
}

/* ---- one record ---- */

static uint8_t payload[8 << 10];
static size_t payload_length;

static void
make_payload(size_t persons)
{
    static uint32_t numbers[PERSONS];
    struct exposure e = {.session = 0x123456789abcdef0,
                         .time = INT64_C(1767225600000000000),
                         .shape = 77,
                         .vocabulary = 5,
                         .statements = 1,
                         .rows = persons,
                         .part_count = 1};
    ssize_t length;

    for (uint32_t i = 0; i < persons; i++)
        numbers[i] = 4242 + 7 * i;
    snprintf(e.actor, sizeof(e.actor), "callcenter-17");
    e.parts[0] = (struct exposure_part){.attribution = ATTRIBUTION_PINNED,
                                        .clear = 7,
                                        .ordinals = numbers,
                                        .ordinal_count = persons};
    length = exposure_encode(&e, payload + ENTRY_SALT, sizeof(payload) - ENTRY_SALT);
    if (length < 0)
        die("encode", (int)length);
    payload_length = ENTRY_SALT + (size_t)length;
}

static void
put(struct segment_writer *w, uint64_t number, struct tree_frontier *tree)
{
    struct iovec part = {payload, payload_length};
    struct segment_record record;
    struct tree_hash leaf;
    int result;

    memcpy(payload, &number, sizeof(number)); /* the salt */
    result = segment_put(w, SEGMENT_EXPOSURE, (int64_t)number, &part, 1, &record);
    if (result == 0 && tree)
        result = entry_leaf(&hasher, &record, &leaf);
    if (result == 0 && tree)
        result = tree_frontier_add(tree, &hasher, &leaf);
    if (result != 0)
        die("put", result);
}

static void
put_end(struct segment_writer *w, uint32_t count, struct tree_frontier *tree)
{
    struct segment_taken taken = {.count = count, .durable = w->durable};
    struct iovec part = {&taken, sizeof(taken)};
    struct segment_record record;
    struct tree_hash leaf;
    int result = segment_put(w, SEGMENT_TAKEN, 1, &part, 1, &record);

    if (result == 0 && tree)
        result = entry_leaf(&hasher, &record, &leaf);
    if (result == 0 && tree)
        result = tree_frontier_add(tree, &hasher, &leaf);
    if (result != 0)
        die("put", result);
}

static void
sync_now(struct segment_writer *w)
{
    int result = segment_sync(w);

    if (result != 0)
        die("sync", result);
}

/* As many as come from a ring in one go. */
static uint32_t
batch_size(void)
{
    size_t most = SEGMENT_BATCH_MAX / segment_room(payload_length) - 1;

    return most < BATCH ? (uint32_t)most : BATCH;
}

static void
append(struct segment_writer *w, uint32_t count, struct tree_frontier *tree)
{
    int result = segment_begin(w, SEGMENT_BATCH_MAX);

    if (result != 0)
        die("begin", result);
    for (uint32_t i = 0; i < count; i++)
        put(w, w->next + i, tree);
    put_end(w, count, tree);
    result = segment_commit(w);
    if (result != 0)
        die("commit", result);
}

/* ---- the folder ---- */

static void
open_writer(struct segment_writer *w, int directory)
{
    struct segment_report report;
    int result = segment_writer_open(w, &os_real, directory, 0, &keys, NULL, &report);

    if (result != 0)
        die("open", result);
}

static void
clear(int directory)
{
    uint64_t *firsts;
    size_t count;
    int result = segment_list(&os_real, directory, &firsts, &count);

    if (result != 0)
        die("list", result);
    for (size_t i = 0; i < count; i++) {
        char name[SEGMENT_NAME_SIZE];

        segment_name(name, firsts[i]);
        unlinkat(directory, name, 0);
    }
    memory_free(firsts);
}

/* ---- what is measured ---- */

static struct clocks
measure_append(int directory, uint64_t records, bool has_tree)
{
    struct segment_writer w;
    struct tree_frontier tree = {0};
    struct clocks start, took;
    double synced;

    open_writer(&w, directory);
    start = now();
    synced = start.wall;
    while (w.next < records) {
        append(&w, batch_size(), has_tree ? &tree : NULL);
        if (now().wall - synced >= GROUP * 1e-3) {
            sync_now(&w);
            synced = now().wall;
        }
    }
    sync_now(&w);
    took = since(start);
    segment_writer_close(&w);
    return (struct clocks){took.wall * 1e9 / (double)records, took.cpu * 1e9 / (double)records};
}

/* The same bytes by a loop of two system calls: what the disk asks of anybody. */
static double
measure_bare(int directory, off_t length)
{
    static const char name[] = "bare";
    int fd = openat(directory, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    static uint8_t bytes[4096];
    struct clocks start, took;

    if (fd < 0 || posix_fallocate(fd, 0, 16 << 20) != 0 || fsync(fd) != 0)
        die("make a file", PASU_E_IO);
    start = now();
    for (int i = 0; i < STRICT; i++)
        if (pwrite(fd, bytes, (size_t)length, i * length) != length || fdatasync(fd) != 0)
            die("write", PASU_E_IO);
    took = since(start);
    close(fd);
    unlinkat(directory, name, 0);
    return took.wall * 1e6 / STRICT;
}

static double
measure_strict(int directory, off_t *length)
{
    struct segment_writer w;
    struct tree_frontier tree = {0};
    struct clocks start, took;

    open_writer(&w, directory);
    append(&w, 1, &tree); /* the first one reserves */
    sync_now(&w);
    *length = w.end;
    start = now();
    for (int i = 0; i < STRICT; i++) {
        append(&w, 1, &tree);
        sync_now(&w);
    }
    took = since(start);
    *length = (w.end - *length) / STRICT;
    segment_writer_close(&w);
    return took.wall * 1e6 / STRICT;
}

/* All that pasu ledger verify looks at, of one processor; without tiles and a checkpoint. */
static struct clocks
measure_verify(int directory, uint64_t *bytes, uint64_t *records)
{
    const struct verify_question question = {.directory = directory};
    struct verify_answer answer;
    struct clocks start = now();
    int result = verify_ledger(&os_real, &question, &answer);

    if (result != 0 || !answer.has_root || answer.records < *records)
        die("verify", result != 0 ? result : PASU_E_CORRUPT);
    *bytes = answer.bytes;
    *records = answer.records;
    return since(start);
}

/* ---- medians ---- */

static int
compare(const void *a, const void *b)
{
    const double *one = a, *other = b;

    return *one < *other ? -1 : *one > *other;
}

static void
print_row(const char *what, double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    printf("  %-58s %10.2f %10.2f %10.2f\n", what, values[0], values[count / 2], values[count - 1]);
}

struct figures {
    double append_cpu[ROUNDS_MAX], append_rate[ROUNDS_MAX], bare_rate[ROUNDS_MAX],
        verify[ROUNDS_MAX], verify_rate[ROUNDS_MAX];
};

static void
measure_records(int folder, int segments, uint64_t records, struct figures *f, size_t round)
{
    struct clocks took = measure_append(segments, records, false);
    uint64_t bytes, read = records;

    f->bare_rate[round] = 1e3 / took.wall;
    clear(segments);
    took = measure_append(segments, records, true);
    f->append_cpu[round] = took.cpu;
    f->append_rate[round] = 1e3 / took.wall;
    took = measure_verify(folder, &bytes, &read);
    f->verify[round] = (double)bytes / took.cpu / 1e9;
    f->verify_rate[round] = (double)read / took.cpu / 1e6;
    clear(segments);
}

static void
print_records(struct figures *f, uint64_t records, size_t rounds)
{
    printf("%zu rounds; %llu records of %zu bytes\n", rounds, (unsigned long long)records,
           segment_room(payload_length));
    printf("  %-58s %10s %10s %10s\n", "", "min", "median", "max");
    print_row("append in groups, million records/s", f->append_rate, rounds);
    print_row("  without the tree", f->bare_rate, rounds);
    print_row("  CPU ns a record", f->append_cpu, rounds);
    print_row("verify (checksums, order, entries, tree), GB a CPU second", f->verify, rounds);
    print_row("  million records a CPU second", f->verify_rate, rounds);
}

static void
run(int folder, int segments, uint64_t records, size_t rounds)
{
    static double strict[ROUNDS_MAX], bare[ROUNDS_MAX], ratio[ROUNDS_MAX];
    static struct figures small, large;
    off_t length;

    make_payload(1);
    for (size_t i = 0; i < rounds; i++) {
        measure_records(folder, segments, records, &small, i);
        strict[i] = measure_strict(segments, &length);
        clear(segments);
        bare[i] = measure_bare(segments, length);
        ratio[i] = strict[i] / bare[i];
    }
    print_records(&small, records, rounds);
    printf("  a batch of one record, %jd bytes\n", (intmax_t)length);
    print_row("append one, durable, us", strict, rounds);
    print_row("  pwrite and fdatasync of as many bytes, us", bare, rounds);
    print_row("  ratio", ratio, rounds);
    make_payload(PERSONS);
    records = (records + LARGE - 1) / LARGE;
    for (size_t i = 0; i < rounds; i++)
        measure_records(folder, segments, records, &large, i);
    print_records(&large, records, rounds);
}

int
main(int count, char **arguments)
{
    unsigned long long records = RECORDS, rounds = ROUNDS;
    int folder = -1, segments, result;

    while (count >= 3 && strncmp(arguments[1], "--", 2) == 0) {
        unsigned long long value = strtoull(arguments[2], NULL, 10);

        if (strcmp(arguments[1], "--records") == 0)
            records = value;
        else if (strcmp(arguments[1], "--rounds") == 0)
            rounds = value;
        else if (strcmp(arguments[1], "--sealed") == 0)
            keys.count = value != 0;
        else
            break;
        arguments += 2;
        count -= 2;
    }
    if (count == 2)
        folder = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || records == 0 || rounds == 0 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: ledger [--records N] [--rounds 1..%d] [--sealed 1] FOLDER\n",
                ROUNDS_MAX);
        return 2;
    }
    result = tree_hasher_init(&hasher);
    if (result != 0)
        die("hash", result);
    if (mkdirat(folder, "segments", 0700) != 0 && errno != EEXIST)
        die("make a folder", error_from_errno(errno));
    segments = openat(folder, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (segments < 0)
        die("open a folder", error_from_errno(errno));
    clear(segments);
    run(folder, segments, records, (size_t)rounds);
    close(segments);
    unlinkat(folder, "segments", AT_REMOVEDIR);
    tree_hasher_release(&hasher);
    return 0;
}
