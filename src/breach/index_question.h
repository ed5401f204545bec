/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of an answer with the index share (index_scope.c, index_subject.c, index_read.c):
 * the asked time cut into days that are looked up and days that are read, and what the index's
 * numbers mean. The days to be read are those that are not whole. Of others, what somebody's
 * sessions did can be read beside.
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
    int32_t from, to;      /* whole days: from <= day < to; */
    struct ordinals edges; /* but for these, which are read: numbers of days, in rising order */
    int32_t first;       /* the first day asked for, whole or not: days below are before the time */
    uint32_t principal;  /* of the filter; 0: any, or one that the index has not seen */
    struct map of_edges; /* sessions whose open statement is of a day that is read */
    struct map open;     /* first records of all open statements, once they were looked at */
    bool has_open;
    /* The last vocabulary before the asked time. */
    bool has_before;
    uint64_t before_at;
    uint32_t before;
    /* What of the names was known before the index's came, and lexicons for what the ledger had not
     * explained yet when it was used. */
    struct map configured;
    struct lexicon **strange;
    size_t strange_count;
};

/* Loads gaps and names, and cuts the time. PASU_E_UNAVAILABLE, PASU_E_NOTFOUND, PASU_E_CORRUPT. */
PASU_MUST_USE int index_question_begin(struct index_question *question);
void index_question_release(struct index_question *question);
bool index_question_is_whole(const struct index_question *question, int32_t day);
bool index_question_is_edge(const struct index_question *question, int32_t day);

/* The first and the last whole day that the index knows of: from <= day < to. */
PASU_MUST_USE int index_question_days(struct index_question *question, int32_t *from, int32_t *to);
/* The vocabularies' names go into the selection's book. */
PASU_MUST_USE int index_question_names(struct index_question *question);
/* What the statements say goes into the selection's book. */
PASU_MUST_USE int index_question_shapes(struct index_question *question);
/* What a class's numbers meant when its statements were over. */
PASU_MUST_USE int index_question_lexicon(struct index_question *question,
                                         const struct index_class_head *head,
                                         struct lexicon **lexicon);

/* Reads the edges' records, then what the days between say of vocabularies and unknown sessions.
 * PASU_E_UNAVAILABLE: those records are not all there any more. */
PASU_MUST_USE int index_read_edges(struct index_question *question);
PASU_MUST_USE int index_read_days(struct index_question *question);
/* Of a whole day, or of those parts of it (a bit each, DAY_PART_NONE for all), the records of those
 * principals' sessions (0: of sessions that are not known) go into the selection's statements, all
 * of which are given out; of a part that is not read some may lack their beginning or end. Before
 * index_read_edges. PASU_E_UNAVAILABLE, as above. */
PASU_MUST_USE int index_read_found(struct index_question *question, int32_t day, unsigned parts,
                                   const struct ordinals *principals);
/* Whether a statement is one that is open at the index's end, of which its days do not tell. */
bool index_question_is_open(const struct index_question *question, uint64_t seq);
/* Goes on with what was open at the index's end, and reads what came after. PASU_E_UNAVAILABLE: it
 * does not end where the ledger says. */
PASU_MUST_USE int index_read_rest(struct index_question *question);

#endif
