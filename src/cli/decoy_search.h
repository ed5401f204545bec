/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which decoys of a ledger have a value: an e-mail address or a telephone number, in any way to
 * write it, by its keyed hash. What was found stays known by set.
 */
#ifndef PASU_CLI_DECOY_SEARCH_H
#define PASU_CLI_DECOY_SEARCH_H

#include "cli/decoy.h"
#include "cli/json_out.h"

struct decoy_search {
    const struct decoys *decoys; /* of the evidence, borrowed; never NULL */
    struct seal seal;
    struct decoy_known *known; /* by hash */
    size_t count;
    uint64_t
        some[1024]; /* bits: the last 16 of the hashes that are known; hardly anything has one */
    bool (*found)[DECOY_SET_MAX]; /* by set */
    bool (*sure)[DECOY_SET_MAX];  /* of those: by a value that no other decoy has */
};

/* 0, or the exit status after a complaint. End it in any case. */
PASU_MUST_USE int decoy_search_begin(struct decoy_search *search, const struct evidence *evidence);
void decoy_search_end(struct decoy_search *search);
/* Whether a decoy has it. */
bool decoy_search_email(struct decoy_search *search, const char *text);
bool decoy_search_phone(struct decoy_search *search, const char *text);
/* The decoy of the kind that alone has the value, whichever it is; NULL: there is none. */
const struct payload_decoy *decoy_search_one(struct decoy_search *search, const char *text,
                                             const char *kind);
/* How many decoys of a set were found, by its place among the decoys' sets. */
size_t decoy_search_found(const struct decoy_search *search, size_t set);
/* The same for people, a line; and as an object. */
void decoy_search_print(const struct decoy_search *search, size_t set, FILE *file);
void decoy_search_put(const struct decoy_search *search, size_t set, struct json_out *out);

#endif
