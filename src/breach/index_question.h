/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of an answer with the index share (index_scope.c, index_read.c): the asked time
 * cut into whole days and edges, the index's names, and the statement that is read on.
 */
#ifndef PASU_BREACH_INDEX_QUESTION_H
#define PASU_BREACH_INDEX_QUESTION_H

#include "breach/entries.h"
#include "breach/index_group.h"
#include "breach/index_state.h"
#include "breach/selection.h"

struct index_question {
    struct index *index;
    const struct entries *entries;
    struct selection *selection;
    struct index_meta meta;
    struct index_names names;
    int32_t from, to; /* whole days: from <= day < to */
    int32_t edges[2]; /* days that are asked for in part */
    size_t edge_count;
    int32_t first;       /* the first day asked for, whole or not: days below are before the time */
    uint32_t principal;  /* of the filter; 0: any, or one that the index has not seen */
    struct map of_edges; /* sessions whose open statement is of an edge's day */
    /* The last vocabulary before the asked time. */
    bool has_before;
    uint64_t before_at;
    uint32_t before;
};

/* Loads names and cuts the time. PASU_E_UNAVAILABLE, PASU_E_NOTFOUND, PASU_E_CORRUPT. */
PASU_MUST_USE int index_question_begin(struct index_question *question);
void index_question_release(struct index_question *question);
bool index_question_is_whole(const struct index_question *question, int32_t day);
bool index_question_is_edge(const struct index_question *question, int32_t day);

/* Reads the edges' records, then what the days between say of vocabularies and unknown sessions. */
PASU_MUST_USE int index_read_edges(struct index_question *question);
PASU_MUST_USE int index_read_days(struct index_question *question);
/* Goes on with what was open at the index's end, and reads what came after. PASU_E_UNAVAILABLE: it
 * does not end where the ledger says. */
PASU_MUST_USE int index_read_rest(struct index_question *question);

#endif
