/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/courier_state.h"

#include "base/crc32c.h"

#include <errno.h>
#include <fcntl.h>

/* Version 1 has two targets: the place of the third is zero there. */
enum { PLACE_SIZE = 64, CRC_AT = 60, VERSION = 2, VERSION_OF_TWO = 1 };

static const char magic[8] = "pasualr";

struct place {
    char magic[8];
    uint32_t version, zero;
    struct courier_state state;
    uint32_t more, crc;
};
_Static_assert(sizeof(struct place) == PLACE_SIZE, "as the page has it");

int
courier_state_open(const struct os *os, int directory)
{
    int fd = os->openat(os->arg, directory, COURIER_STATE_NAME,
                        O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    return fd >= 0 ? fd : error_from_errno(errno);
}

int
courier_state_read(const struct os *os, int fd, struct courier_state *state)
{
    struct place places[2] = {0};
    bool is_found = false;

    if (os->pread(os->arg, fd, places, sizeof(places), 0) < 0)
        return error_from_errno(errno);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const struct place *p = &places[i];

        if (memcmp(p->magic, magic, sizeof(magic)) != 0 ||
            (p->version != VERSION && p->version != VERSION_OF_TWO) ||
            p->crc != crc32c(0, p, CRC_AT) || (is_found && p->state.sequence < state->sequence))
            continue;
        *state = p->state;
        if (p->version == VERSION_OF_TWO)
            state->done[ALERT_EMAIL] = UINT64_MAX; /* nobody wanted it */
        is_found = true;
    }
    return is_found ? 0 : PASU_E_NOTFOUND;
}

int
courier_state_write(const struct os *os, int fd, const struct courier_state *state)
{
    struct place place = {.version = VERSION, .state = *state};

    memcpy(place.magic, magic, sizeof(magic));
    place.crc = crc32c(0, &place, CRC_AT);
    return os_write_all(os, fd, &place, sizeof(place), (int64_t)(state->sequence % 2) * PLACE_SIZE);
}
