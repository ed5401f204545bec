/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the index has numbers for: principals, profiles (what a session's own entry says of who it
 * is), classes of statements, vocabularies. Numbers are given in the order in which names come, so
 * the same ledger has the same numbers.
 */
#ifndef PASU_BREACH_INDEX_NAMES_H
#define PASU_BREACH_INDEX_NAMES_H

#include "breach/index_class.h"
#include "breach/sessions.h"
#include "exposure/vocabulary.h"
#include "ledger/index.h"

enum { INDEX_LISTS = 4 };

struct index_names {
    union {
        struct {
            struct interner principals, profiles, classes, vocabularies;
        };
        struct interner lists[INDEX_LISTS];
    };
    size_t saved[INDEX_LISTS];
};

void index_names_release(struct index_names *names);
/* PASU_E_CORRUPT, … */
PASU_MUST_USE int index_names_load(struct index_names *names, struct index *index);
/* What came since. */
PASU_MUST_USE int index_names_save(struct index_names *names, struct index *index);

/* The number of a session's profile; 0: PASU_E_NOMEM. */
uint32_t index_names_profile(struct index_names *names, const struct session_info *session);
/* What a profile says: id and time are left. PASU_E_CORRUPT. */
PASU_MUST_USE int index_names_session(const struct index_names *names, uint32_t profile,
                                      struct message_session *session);
/* The principal of a profile; 0 where there is no such one. */
uint32_t index_names_principal(const struct index_names *names, uint32_t profile);
/* PASU_E_CORRUPT */
PASU_MUST_USE int index_names_vocabulary(const struct index_names *names, uint32_t number,
                                         struct vocabulary *vocabulary);

#endif
