/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a session that may become one statement, as the index gathers them: what
 * breach/statement.h does, with plain arrays instead of sets, because most are one record and are
 * united with a whole day's afterwards. The rules must be the same: test_breach_index holds that.
 */
#ifndef PASU_BREACH_INDEX_GROUP_H
#define PASU_BREACH_INDEX_GROUP_H

#include "breach/index_names.h"
#include "breach/index_unit.h"

struct index_group_part {
    struct index_class_part like; /* bits: INDEX_PART_TEXT only */
    uint64_t unknown;
    struct ordinals shown, missed;
};

struct index_group {
    uint64_t session, seq; /* seq and time: of its first record */
    int64_t time;
    uint64_t shape;
    uint32_t vocabulary;
    uint32_t principal, profile; /* 0: not known */
    uint32_t class; /* number of that of the session's statement before, mostly the same; 0: none */
    bool is_known, is_open;
    uint8_t verdict;
    uint8_t day_part; /* in which all its records are; DAY_PART_NONE: in several, or it may go on
                         with what was before it */
    uint64_t statements, rows, misses, flags;
    uint64_t weight; /* persons and parts, as breach/statement.h counts them */
    struct index_group_part *parts;
    size_t part_count, part_space; /* those between have their arrays' memory still */
    char rule[EXPOSURE_TEXT_MAX], actor[EXPOSURE_TEXT_MAX]; /* mostly empty, and behind the rest */
    struct exposure_claims claims;
};

void index_group_release(struct index_group *group);
/* How many persons' room it keeps, all parts together; a part counts as against the limits. */
size_t index_group_room(const struct index_group *group);
/* Begins with a record that is added next; keeps the memory of the one before. */
void index_group_begin(struct index_group *group, uint64_t seq, const struct exposure *exposure);
bool index_group_goes_on(const struct index_group *group, const struct exposure *exposure,
                         bool is_known);
/* PASU_E_NOMEM */
PASU_MUST_USE int index_group_add(struct index_group *group, const struct exposure *exposure);
/* Its class but for is_known of the vocabulary; PASU_E_RANGE: too many
 * parts. */
PASU_MUST_USE int index_group_class(const struct index_group *group, struct index_class *class);

/* As the value of an open one (docs/spec/index.md, "O"); ordinals are sorted. PASU_E_NOMEM. */
PASU_MUST_USE int index_group_write(struct index_group *group, struct pack *pack,
                                    struct ordinals *scratch);
/* PASU_E_CORRUPT, also where whose it says it was is not in the names, or it holds more than would
 * be held of one; PASU_E_NOMEM. `session` is the key's. */
PASU_MUST_USE int index_group_read(struct index_group *group, uint64_t session, struct view bytes,
                                   const struct index_names *names);

#endif
