/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rewrite: a text that is sent in the place of the client's, and that is the same but for columns
 * which are added, anywhere in it, and for what makes up for these.
 *
 * The new text is parsed. Each column that was added must be in its tree just where it was meant to
 * be, beside the target that it was put beside; taken out again, they must leave the tree of the
 * client's text. So an edit in the wrong place costs the hidden columns, never the meaning. What is
 * replaced, numbers of ORDER BY and stars, are tokens that the parser has told the place of. Of a
 * DISTINCT that has become GROUP BY the one list must stand in the new tree, and with the other one
 * in its place the trees must be the same.
 */
#ifndef PASU_POSTGRES_PLAN_REWRITE_H
#define PASU_POSTGRES_PLAN_REWRITE_H

#include "postgres/plan_work.h"

struct edit {
    struct edit *next;
    uint32_t at, removed;
    const char *inserted;
    const char *stand_in; /* stands for `inserted` when trees are compared; NULL: nothing does */
    uint32_t last;        /* of a star: where in `inserted` the last column begins */
    uint32_t meant;       /* where the client has what it says */
    bool is_group; /* of a DISTINCT that becomes GROUP BY: its tree is taken back, not replaced */
};

/* Columns that were added to a list of targets. */
struct insertion {
    struct insertion *next;
    const char *columns; /* as they are written, with commas between them */
    const struct edit *edit;
    uint32_t beside; /* where the target begins that they stand before, or behind */
    bool is_first;
};

/* DISTINCT that became GROUP BY. */
struct regrouping {
    struct regrouping *next;
    const char *group; /* "GROUP BY 2, 3" */
    uint32_t first;    /* where the first of the client's targets begins */
};

struct rewrite {
    struct edit *edits; /* in the order of the text */
    size_t edit_count, growth;
    struct insertion *insertions;
    struct regrouping *regroupings;
};

/* A list of targets: of a SELECT, or of RETURNING. */
struct target_list {
    PgQuery__Node *const *targets;
    size_t count;
};

/* Adds columns before the first or behind the last item of a list. `columns` is how they are
 * written, with commas between them. False where that cannot be done; so all of these. */
bool rewrite_add_first(struct plan_work *work, struct rewrite *rewrite,
                       const struct target_list *list, const char *columns);
bool rewrite_add_last(struct plan_work *work, struct rewrite *rewrite,
                      const struct target_list *list, const char *columns);
/* Puts columns in the place of an item of a list, which is a star; before any are added. `last` is
 * where in them the last one begins. */
bool rewrite_star(struct plan_work *work, struct rewrite *rewrite, const struct target_list *list,
                  size_t item, const char *columns, size_t last);
/* Adds to the numbers of "ORDER BY 1", "GROUP BY 1", of which there are as many as columns. */
bool rewrite_ordinals(struct plan_work *work, struct rewrite *rewrite, PgQuery__Node *const *items,
                      size_t count, size_t columns, size_t added);
/* Makes DISTINCT before a list, none of whose items is a star, GROUP BY all of them by their
 * numbers, which are larger by `added`. */
bool rewrite_regroup(struct plan_work *work, struct rewrite *rewrite,
                     const struct target_list *list, size_t added);
/* The last token of the list in which one begins at `at`, or of the query of which that is the list
 * of targets, up to its order and what cuts it; NULL where there is none. Should it be another, the
 * trees will differ. */
const struct sql_token *rewrite_last_token(const struct plan_work *work, uint32_t at,
                                           bool with_tables);
/* A piece of the text that what is inserted has, too: an error there is one of here. False where
 * there is no room for more of them. */
bool rewrite_note_copy(struct plan_work *work, uint32_t from, size_t length);
/* Two texts as one; NULL where there is no memory. */
const char *rewrite_join(struct plan_work *work, const char *a, const char *b);
/* Puts a text in the place of `removed` bytes. That it says what is meant, the caller looks after:
 * the check below takes it, or a shorter one that stands for it, for the client's. */
bool rewrite_replace(struct plan_work *work, struct rewrite *rewrite, uint32_t at, uint32_t removed,
                     const char *text, const char *stand_in);
/* The text at hand with all edits made, and the same with what stands for them; nobody has looked
 * at it. NULL where there is no memory. */
const char *rewrite_text(struct plan_work *work, const struct rewrite *rewrite);
const char *rewrite_stand_in(struct plan_work *work, const struct rewrite *rewrite);
/* Makes the plan's new text and edits. False where the result is not what it should be, or there is
 * no memory. */
bool rewrite_apply(struct plan_work *work, const struct rewrite *rewrite, struct plan *plan);

#endif
