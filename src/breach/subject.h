/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything shown of one person: statement by statement, and in sum.
 *
 * A person is a kind and an ordinal. Where a key has several ordinals (it stands for itself under
 * one configuration and is in the directory under another) all of them are that person. Statements
 * that only have an upper bound may have shown the person too: they are counted, not listed, and
 * never left unsaid.
 */
#ifndef PASU_BREACH_SUBJECT_H
#define PASU_BREACH_SUBJECT_H

#include "breach/name_set.h"
#include "breach/selection.h"

enum { SUBJECT_ORDINALS_MAX = EXPOSURE_KINDS_MAX + 1 };

/* One statement that showed the person, or was asked for them in vain. */
struct sight {
    const struct statement *statement;
    bool is_shown;                       /* else: asked for, and no row came */
    uint64_t clear, masked, maybe, null; /* bits in the statement's lexicon, none in two of them;
                                            maybe: null in some of the rows, whose is not known */
    enum attribution attribution;        /* the weakest */
};

typedef int sight_fn(void *arg, const struct sight *sight);

struct subject {
    const struct selection *selection;
    const char *kind; /* name */
    uint32_t ordinals[SUBJECT_ORDINALS_MAX];
    size_t ordinal_count;
    sight_fn *see;
    void *arg;
    bool has_numbers;       /* keys of the kind are, some at least */
    bool or_more;           /* a record that shows the person is of several alike statements */
    uint64_t shown, missed; /* statements */
    uint64_t possible;      /* statements that can have shown the person, unnamed */
    int64_t first, last;    /* shown; realtime ns; 0: never */
    struct name_set principals;
    uint64_t *field_counts; /* statements, by place in the book's names; also where it is maybe */
    size_t field_count;
};

void subject_init(struct subject *subject, const struct selection *selection, const char *kind,
                  sight_fn *see, void *arg);
void subject_release(struct subject *subject);
/* One more ordinal that the person has; PASU_E_RANGE where there are too many. */
PASU_MUST_USE int subject_add(struct subject *subject, uint32_t ordinal);
/* A statement_fn of the selection; `arg` is the struct subject. PASU_E_NOMEM, or what `see`
 * returned. */
PASU_MUST_USE int subject_take(void *arg, const struct statement *statement);
/* As subject_take, of a statement that `possible` may have counted already: nothing comes of it
 * where it does not name the person. */
PASU_MUST_USE int subject_take_counted(void *arg, const struct statement *statement);

#endif
