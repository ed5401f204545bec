/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the identity index costs: made of generated values, and asked. See bench/README.md.
 *
 *     identity FOLDER [--values N]     default: 67 million, half of them telephone numbers
 *
 * Makes the file in FOLDER with the same builder as `pasu index build`, and deletes it.
 */
#include "base/memory.h"
#include "exposure/identity_build.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    MILLION = 1000 * 1000,
    VALUES = 67 * MILLION,
    ROUNDS = 9,
    LOOKS = MILLION,
    ROWS = 100,
    SIZE = 48
};

static uint64_t seed = 88172645463325252u;

static uint64_t
random_next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static double
now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
die(const char *what, int error)
{
    fprintf(stderr, "identity: %s: %s\n", what, error_text(error));
    exit(2);
}

/* Person n's telephone number, or address: all different. */
static struct view
value_of(char space[SIZE], bool is_phone, uint32_t n)
{
    int length = is_phone ? snprintf(space, SIZE, "010-%04u-%05u", n / 100000, n % 100000)
                          : snprintf(space, SIZE, "person.%u@mail%u.example", n, n % 97);

    return view_of(space, (size_t)length);
}

static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* ---- making ---- */

static void
add_column(struct identity_builder *builder, bool is_phone, uint32_t count)
{
    struct identity_section about = {.relation = 1, .attribute = is_phone ? 3 : 2};
    char space[SIZE];
    int result = identity_builder_begin(builder, &about);

    for (uint32_t n = 0; result == 0 && n < count; n++)
        result = identity_builder_add(builder, value_of(space, is_phone, n), n);
    if (result == 0)
        result = identity_builder_end(builder);
    if (result != 0)
        die("making", result);
}

static double
generate(uint32_t count)
{
    double start = now(CLOCK_THREAD_CPUTIME_ID);
    uint64_t sum = 0;
    char space[SIZE];

    for (uint32_t n = 0; n < count; n++)
        sum += value_of(space, true, n).length + value_of(space, false, n).length;
    if (sum == 0)
        die("generating", PASU_E_RANGE);
    return now(CLOCK_THREAD_CPUTIME_ID) - start;
}

static void
make(int folder, const struct identity_key *key, uint32_t each)
{
    struct identity_builder *builder;
    struct identity_moment moment = {0};
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    struct rusage usage;
    int result = identity_builder_new(&builder, &os_real, folder, "index", 2, key);

    if (result != 0)
        die("making", result);
    add_column(builder, false, each);
    add_column(builder, true, each);
    result = identity_builder_commit(builder, &moment);
    if (result != 0)
        die("making", result);
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    getrusage(RUSAGE_SELF, &usage);
    printf("made of %u values in %.1f s (CPU %.1f s, of these %.1f s to generate them)\n", 2 * each,
           wall, cpu, generate(each));
    printf("file %.0f MiB, %.2f bytes a value; memory at most %.0f MiB\n",
           (double)identity_builder_size(builder) / (1 << 20),
           (double)identity_builder_size(builder) / (2.0 * each), (double)usage.ru_maxrss / 1024);
    identity_builder_free(builder);
}

/* ---- asking ---- */

struct question {
    char text[SIZE];
    struct view value;
    uint32_t person;
};

static bool
is_right(const struct question *question, enum identity_found found, uint32_t ordinal,
         bool is_there)
{
    return is_there ? found == IDENTITY_ONE && ordinal == question->person : found == IDENTITY_NONE;
}

/* Each when the one before has been answered. */
static void
ask_one_by_one(const struct identity *identity, const struct identity_key *key, uint16_t section,
               const struct question *questions, bool is_there)
{
    uint32_t ordinal = 0;

    for (size_t i = 0; i < LOOKS; i++) {
        enum identity_found found =
            identity_look_up(identity, key, section, questions[i].value, &ordinal);

        if (!is_right(&questions[i], found, ordinal, is_there))
            die("a look-up is wrong", PASU_E_CORRUPT);
    }
}

/* As the gate does: the rows of a batch together. */
static void
ask_together(const struct identity *identity, const struct identity_key *key, uint16_t section,
             const struct question *questions, bool is_there)
{
    struct identity_question asked[ROWS];

    for (size_t i = 0; i < LOOKS; i += ROWS) {
        for (size_t k = 0; k < ROWS; k++)
            asked[k] = (struct identity_question){
                .hash = identity_hash_of(key, questions[i + k].value), .section = section};
        identity_find_many(identity, asked, ROWS);
        for (size_t k = 0; k < ROWS; k++)
            if (!is_right(&questions[i + k], asked[k].found, asked[k].ordinal, is_there))
                die("a look-up is wrong", PASU_E_CORRUPT);
    }
}

static void
ask(const struct identity *identity, const struct identity_key *key, bool is_phone, bool is_there,
    bool is_together, uint32_t each)
{
    struct question *questions = memory_new(LOOKS, sizeof(*questions));
    double ns[ROUNDS];

    if (!questions)
        die("asking", PASU_E_NOMEM);
    for (size_t round = 0; round < ROUNDS; round++) {
        double start;

        for (size_t i = 0; i < LOOKS; i++) {
            uint32_t n = (uint32_t)(random_next() >> 32) % each;

            questions[i].person = n;
            questions[i].value = value_of(questions[i].text, is_phone, is_there ? n : each + n);
        }
        start = now(CLOCK_THREAD_CPUTIME_ID);
        (is_together ? ask_together : ask_one_by_one)(identity, key, is_phone, questions, is_there);
        ns[round] = (now(CLOCK_THREAD_CPUTIME_ID) - start) * 1e9 / LOOKS;
    }
    qsort(ns, ROUNDS, sizeof(ns[0]), compare);
    printf("%-10s %-5s %-12s %8.0f %8.0f %8.0f\n", is_phone ? "telephone" : "e-mail",
           is_there ? "hit" : "miss", is_together ? "100 together" : "one by one", ns[ROUNDS / 2],
           ns[0], ns[ROUNDS - 1]);
    memory_free(questions);
}

int
main(int count, char **arguments)
{
    static const uint8_t secret[IDENTITY_SECRET_SIZE] = "a secret of the benchmark's own";
    struct identity_key key;
    struct identity *identity;
    uint32_t each = VALUES / 2;
    double wall, cpu;
    int folder, fd, result;

    if (count == 4 && strcmp(arguments[2], "--values") == 0)
        each = (uint32_t)(strtoul(arguments[3], NULL, 10) / 2);
    else if (count != 2)
        die("usage: identity FOLDER [--values N]", PASU_E_USAGE);
    folder = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || each == 0)
        die(arguments[1], folder < 0 ? error_from_errno(errno) : PASU_E_RANGE);
    result = identity_key_init(&key, secret);
    if (result != 0)
        die("keys", result);
    make(folder, &key, each);
    fd = openat(folder, "index", O_RDONLY | O_CLOEXEC);
    wall = now(CLOCK_MONOTONIC);
    cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    result = identity_open(&identity, fd, &key);
    (void)unlinkat(folder, "index", 0);
    if (result != 0)
        die("opening", result);
    printf("opened, and all of it checked, in %.2f s (CPU %.2f s)\n\n", now(CLOCK_MONOTONIC) - wall,
           now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    printf("CPU nanoseconds a look-up, %d times %d at random\n", ROUNDS, LOOKS);
    printf("%-10s %-5s %-12s %8s %8s %8s\n", "value", "", "", "median", "least", "most");
    for (int is_together = 1; is_together >= 0; is_together--)
        for (int is_phone = 0; is_phone < 2; is_phone++)
            for (int is_there = 1; is_there >= 0; is_there--)
                ask(identity, &key, is_phone, is_there, is_together, each);
    identity_release(identity);
    close(fd);
    close(folder);
    return 0;
}
