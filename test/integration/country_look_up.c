/* SPDX-License-Identifier: Apache-2.0 */
/* Reads addresses, one a line, and writes the country that a database in MaxMind's format has of
 * each ("-": none), as the gate asks it (policy/origins.h) and as commands do (policy/sources.h);
 * last, on stderr, the ns of CPU time that the gate's look-up took. */
#include "policy/origins.h"

#include <stdio.h>
#include <time.h>

enum { ADDRESSES_MAX = 200000, ROUNDS = 10, LINE_SIZE = 128 };

static struct address asked[ADDRESSES_MAX];

static double
cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * NANOSECONDS_PER_SECOND + (double)t.tv_nsec;
}

static const char *
text_of(const struct origin *origin)
{
    return origin->country[0] ? origin->country : "-";
}

static bool
answer(const struct sources *sources, const struct origins *origins, size_t i)
{
    struct origin of_gate, of_command;
    uint8_t bytes[16];

    address_bytes(bytes, &asked[i]);
    origins_look_up(origins, &asked[i], &of_gate);
    sources_look_up_bytes(sources, bytes, &of_command);
    return printf("%s %s\n", text_of(&of_gate), text_of(&of_command)) > 0;
}

int
main(int argc, char **argv)
{
    struct endpoint endpoint = {0};
    struct sources sources = {0};
    struct origins *origins;
    struct origin origin;
    const char *failed;
    uint8_t *bytes;
    size_t length, count = 0, known = 0;
    double began;

    if (argc != 2 || sources_open(&sources, argv[1], NULL, &failed) != 0 ||
        origins_build(&bytes, &length, &sources) != 0 || origins_take(&origins, bytes, length) != 0)
        return 2;
    while (count < ADDRESSES_MAX && scanf("%63s", endpoint.host) == 1) {
        if (endpoint_address(&asked[count], &endpoint) != 0 || !answer(&sources, origins, count))
            return 2;
        count++;
    }
    began = cpu_ns();
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < count; i++) {
            origins_look_up(origins, &asked[i], &origin);
            known += origin.country[0] != '\0';
        }
    fprintf(stderr, "%.0f %zu\n", (cpu_ns() - began) / (double)(count * ROUNDS + !count),
            known / ROUNDS);
    origins_release(origins);
    sources_close(&sources);
    return 0;
}
