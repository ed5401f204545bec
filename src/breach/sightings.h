/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the ledger's entries to observations (detect/observation.h): whom each exposure showed, and
 * who saw it. Of the axes the account is the end user, where the application names one, else the
 * role; the role (AXIS_TOKEN) is judged beside its end users, too, because who they are nobody has
 * checked; the address is that of the connection, or the one that the application has signed.
 * Networks, countries and programs are told, too; a session is none of the axes: it has no past.
 *
 * An observation's place is the record: `offset` is its index, `file` 0.
 *
 * Not told: exposures of sessions that the ledger does not know; those that are dated behind their
 * record, or were imported and are older than what was seen already (pasu scan judges those). Of
 * persons whom an exposure does not name it is told how many there can have been at most. Names are
 * held of at most SIGHTINGS_NAMES who saw something, half of them end users; whoever comes later
 * has none, and is told apart by a number that is another one after a start. One thread.
 */
#ifndef PASU_BREACH_SIGHTINGS_H
#define PASU_BREACH_SIGHTINGS_H

#include "breach/interner.h"
#include "breach/names.h"
#include "breach/sessions.h"
#include "detect/observation.h"
#include "ledger/reader.h"

enum { SIGHTINGS_NAMES = 1 << 18, SIGHTINGS_NAME = 160, SIGHTINGS_RECENT_BITS = 8 };

/* The axes whose principals are to be judged. */
#define SIGHTINGS_AXES (1U << AXIS_ACCOUNT | 1U << AXIS_TOKEN | 1U << AXIS_ADDRESS)

/* Gets observations in the order of the ledger; a negative result ends all and is given on. */
typedef int sightings_fn(void *arg, const struct observation *observations, size_t count);

/* Who saw something, as found the last time: of one end user of one session, whose address no
 * application has signed, that is always the same. */
struct sighting_recent {
    bool is_there;
    uint16_t country;
    uint32_t asn;
    uint64_t session;
    char actor[EXPOSURE_TEXT_MAX];
    uint64_t who[AXIS_COUNT];
};

struct sightings {
    struct sessions sessions;
    struct names names;
    struct interner known; /* accounts, addresses, …, each behind a byte with its axis */
    struct map places;     /* hash → number in `known` */
    uint8_t secret[16];
    int64_t from, newest; /* not older than; the latest that was told. Realtime ns */
    uint64_t told;        /* exposures */
    uint64_t unnamed;     /* of them, those that can have shown more persons than they name */
    uint64_t past, undated, unknown; /* not told: imported too late, dated ahead, of no session */
    sightings_fn *give;
    void *arg;
    struct sighting_recent recent[1 << SIGHTINGS_RECENT_BITS]; /* by session */
};

/* Exposures before `from` (realtime ns) are passed over. PASU_E_CRYPTO: no randomness. */
PASU_MUST_USE int sightings_init(struct sightings *sightings, const struct os *os, int64_t from,
                                 sightings_fn *give, void *arg);
void sightings_release(struct sightings *sightings);
/* Every entry, in order. PASU_E_NOMEM, or what `give` returned. */
PASU_MUST_USE int sightings_take(struct sightings *sightings, const struct ledger_entry *entry);
/* "role app", "user kim of role app", "address 192.0.2.1", "somebody #0123456789abcdef", without
 * commas and control characters; `role` ("" for an address) is the role alone. */
void sightings_name(const struct sightings *sightings, enum axis axis, uint64_t who,
                    char name[SIGHTINGS_NAME], char role[NAME_SIZE]);
/* The names of these fields, with a comma between; what finds no room is counted at the end. */
void sightings_fields(const struct sightings *sightings, uint64_t fields, char *text, size_t size);

#endif
