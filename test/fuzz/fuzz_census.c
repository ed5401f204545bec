/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile server is asked about its sessions: what is taken of its answers is in its range, and
 * its texts end. The first byte says whether it is greeted before. */
#include "base/memory.h"
#include "gate/census_answer.h"

#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SPACE = 1 << 20 };

static ssize_t
no_more(void *arg PASU_UNUSED, int fd PASU_UNUSED, void *bytes PASU_UNUSED, size_t size PASU_UNUSED)
{
    return 0;
}

static ssize_t
take_all(void *arg PASU_UNUSED, int fd PASU_UNUSED, const void *bytes PASU_UNUSED, size_t size)
{
    return (ssize_t)size;
}

static void
must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void
look(const struct census_answer *answer)
{
    must(answer->count <= CENSUS_ROWS_MAX && answer->backend_count <= CENSUS_ROWS_MAX);
    for (size_t i = 0; i < answer->count; i++)
        must(answer->counts[i].sessions <= INT64_MAX && answer->counts[i].reset >= 0 &&
             memchr(answer->counts[i].database, '\0', NAME_SIZE) != NULL);
    for (size_t i = 0; i < answer->backend_count; i++) {
        const struct message_bypass *who = &answer->backends[i].who;

        must(answer->backends[i].age >= 0 && who->began >= 0 && who->port <= UINT16_MAX);
        must(memchr(who->principal, '\0', sizeof(who->principal)) != NULL &&
             memchr(who->database, '\0', sizeof(who->database)) != NULL &&
             memchr(who->application, '\0', sizeof(who->application)) != NULL &&
             memchr(who->address, '\0', sizeof(who->address)) != NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct census_answer answer = {0};
    struct inspector_link link;
    struct os os = os_real;
    int result = 0;

    if (size == 0 || size > SPACE)
        return 0;
    os.recv = no_more;
    os.send = take_all;
    inspector_link_init(&link, &os, SPACE);
    link.peer.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    link.in = memory_new(SPACE, 1);
    link.size = SPACE;
    if (link.in && link.peer.fd >= 0) {
        memcpy(link.in, data + 1, size - 1);
        link.have = size - 1;
        if (data[0] & 1)
            result = census_answer_greet(&answer, &link);
        if (result == 0)
            result = census_answer_ask(&answer, &link);
        look(&answer);
        must(result <= 0);
    }
    inspector_link_close(&link);
    census_answer_release(&answer);
    return 0;
}
