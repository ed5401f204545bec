/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_given.h"

#include "ledger/lock.h"
#include "ledger/record.h"

#include <fcntl.h>
#include <unistd.h>

static struct log quiet = {.fd = -1, .level = LOG_ERROR + 1, .os = &os_real};

static void
check(bool is_well, const char *what, int error)
{
    if (is_well)
        return;
    fprintf(stderr, "trace: %s: %s\n", what, error_text(error));
    exit(2);
}

static void
keep(int folder, bool signs)
{
    static struct record_keeping records;
    int result;

    record_init(&records, &quiet, folder);
    result = record_open(&records);
    check(result == 0, "open", result);
    if (signs) {
        result = record_sign(&records);
        check(result == 0, "sign", result);
    }
    record_close(&records);
}

/* As a guard leaves it: the secret that keys are hashed with, and the mark that it is no copy. */
static void
leave(int folder)
{
    uint8_t secret[32] = {1};
    int file = openat(folder, "secret", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int lock = openat(folder, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    check(file >= 0 && write(file, secret, sizeof(secret)) == (ssize_t)sizeof(secret), "secret",
          PASU_E_IO);
    check(lock >= 0 && lock_mark(lock, folder) == 0, "lock", PASU_E_IO);
    close(file);
    close(lock);
}

void
given_begin(int folder)
{
    leave(folder);
    keep(folder, false);
}

void
given_sign(int folder)
{
    keep(folder, true);
}

static void
write_sample(int folder, const struct leaked *sample, const struct town_incident *told)
{
    char name[64];
    uint32_t person;
    FILE *file;
    int fd;

    snprintf(name, sizeof(name), "sample-%zu-principal%03u.csv", told->persons,
             told->principals[0]);
    fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    file = fd >= 0 ? fdopen(fd, "w") : NULL;
    check(file != NULL, name, PASU_E_IO);
    fputs("key", file);
    for (size_t f = 0; f < sample->fields.count; f++)
        fprintf(file, ",%s", sample->fields.items[f]);
    fputs("\n", file);
    for (uint32_t ordinal = 0; ordinal < (1U << 20); ordinal++) {
        if (!leaked_find(sample, ordinal, &person))
            continue;
        fprintf(file, "%u", ordinal);
        for (size_t f = 0; f < sample->fields.count; f++)
            fputs((sample->persons[person].fields >> f & 1) != 0 ? ",x" : ",", file);
        fputs("\n", file);
    }
    check(fclose(file) == 0, name, PASU_E_IO);
}

void
given_samples(int folder, struct town *town, uint32_t incidents)
{
    size_t written[2] = {0};

    for (uint32_t i = 0; i < incidents; i++) {
        struct leaked sample;
        const struct town_incident *told = town_sample(town, i, &sample);
        size_t *count = &written[told->persons > 1000];

        if (told->way == WAY_HARVEST && told->sources == 1 && told->persons >= 100 && *count < 2) {
            write_sample(folder, &sample, told);
            ++*count;
        }
        leaked_release(&sample);
    }
}
