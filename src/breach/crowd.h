/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persons of one kind while very many sets are united: a bit each, in pages of 2¹⁶ that are made
 * when somebody of theirs comes. Adding costs no more than setting the bits; what came of it is
 * taken once, as a set. Zeroed is empty.
 */
#ifndef PASU_BREACH_CROWD_H
#define PASU_BREACH_CROWD_H

#include "breach/persons.h"

enum { CROWD_TABLES = 256, CROWD_WORDS = 1024 };

struct crowd {
    uint64_t **tables[CROWD_TABLES]; /* NULL, or as many pages, each of CROWD_WORDS, or NULL */
    uint32_t pages;                  /* that are there */
    bool is_used;                    /* there is a table */
};

void crowd_release(struct crowd *crowd);
/* The bits of those whose ordinal's upper half is `key`; NULL where there is no memory. */
uint64_t *crowd_page(struct crowd *crowd, uint16_t key);
/* The first page from a key on, *key is its; NULL: there is no more. */
const uint64_t *crowd_next(const struct crowd *crowd, uint32_t *key);
/* Adds ordinals, in any order, as often as they come. PASU_E_NOMEM. */
PASU_MUST_USE int crowd_add(struct crowd *crowd, const uint32_t *ordinals, size_t count);
/* Adds all of another one, which is empty then. PASU_E_NOMEM, where both can be released only. */
PASU_MUST_USE int crowd_take(struct crowd *crowd, struct crowd *other);
/* Adds all to a set, made where it is NULL. PASU_E_NOMEM. */
PASU_MUST_USE int crowd_unite(const struct crowd *crowd, struct persons **set);

#endif
