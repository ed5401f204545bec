/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rewrite: a text that is sent in the place of the client's, and that is the same but for columns
 * which are added, anywhere in it, and for what makes up for these.
 *
 * Each change is made twice: in the text, as an edit, and in the tree, as what the parser must make
 * of it. The new text is parsed, and is used only if its tree is the old one with all these changes
 * and no other. So an edit in the wrong place costs the hidden columns, never the meaning.
 */
#ifndef PASU_POSTGRES_PLAN_REWRITE_H
#define PASU_POSTGRES_PLAN_REWRITE_H

#include "postgres/plan_work.h"

struct edit {
    struct edit *next;
    uint32_t at, removed;
    const char *inserted;
};

struct rewrite {
    struct edit *edits; /* in the order of the text */
    size_t edit_count, growth;
    struct sql_change *changes;
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
/* Puts columns in the place of an item of a list, which is a star. */
bool rewrite_star(struct plan_work *work, struct rewrite *rewrite, const struct target_list *list,
                  size_t item, const char *columns);
/* Adds to the numbers of "ORDER BY 1", "GROUP BY 1", of which there are as many as columns. */
bool rewrite_ordinals(struct plan_work *work, struct rewrite *rewrite, PgQuery__Node *const *items,
                      size_t count, size_t columns, size_t added);
/* Makes the plan's new text and edits. `tree` is the client's text's. False where the result is not
 * what it should be, or there is no memory. */
bool rewrite_apply(struct plan_work *work, const struct rewrite *rewrite,
                   const PgQuery__ParseResult *tree, struct plan *plan);

#endif
