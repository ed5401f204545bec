/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each principal did since a time, by the ledger: when it was last here, from how many
 * addresses and with how many applications, which fields it was shown, and how often it was refused
 * because its owner had left; and whose password was set. All of the ledger is read.
 *
 * What is told of addresses and applications are the first USAGE_PLACES_MAX different ones.
 */
#ifndef PASU_CLI_USAGE_H
#define PASU_CLI_USAGE_H

#include "breach/interner.h"
#include "cli/evidence.h"

enum { USAGE_PLACES_MAX = 16 };

struct usage_places {
    uint32_t numbers[USAGE_PLACES_MAX]; /* of `texts` */
    unsigned count;
};

struct usage {
    char principal[NAME_SIZE];
    int64_t last;      /* realtime ns: when it was last known to be here, also before; 0: never */
    uint64_t sessions; /* begun since */
    uint64_t attempts; /* refused since, because its owner had left */
    int64_t attempted; /* realtime ns: the last of these */
    struct usage_places addresses, applications;
    uint64_t fields;      /* bits: places of the book's names, of what it was shown since */
    bool has_more_fields; /* some that have no bit */
    bool has_password;    /* a statement that was not blocked has asked for one since */
};

struct usages {
    int64_t since; /* realtime ns */
    int64_t first; /* of the first record that is there; 0: none */
    struct evidence *evidence;
    struct interner principals, texts;
    struct usage *items; /* by the principal's number - 1 */
    size_t count, space;
};

void usages_release(struct usages *usages);
/* Reads the ledger. 0, or the exit status, after a complaint. Release it in any case. */
PASU_MUST_USE int usages_read(struct usages *usages, struct evidence *evidence, int64_t since);
/* NULL: it was never here. */
const struct usage *usages_find(const struct usages *usages, const char *principal);
/* Whether it was shown a field since; a field that nobody knows of was shown to nobody. */
bool usage_has_field(const struct usage *usage, const struct usages *usages, const char *field);

#endif
