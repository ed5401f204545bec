/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template: the text of one statement in which the constants that it compares with stand as
 * parameters, so that texts which differ in them only share a plan.
 *
 *      SELECT name FROM customers WHERE id = 100007 LIMIT 10
 *      SELECT name FROM customers WHERE id = $1 LIMIT $2           values: 100007, 10
 *
 * Only planned, never sent. What holds for a text with parameters holds whatever their values are;
 * so a constant is taken out only where a parameter could stand: after a comparison sign, in the
 * list of an IN, after LIMIT and OFFSET; integers, and strings that are not empty and have no
 * quotes in them. Texts with anything that has two readings, or parameters of their own, or several
 * statements, make none. Nor do comments, but for one at the end (postgres/claim.h): it is no part
 * of the template, which may then have no constants.
 *
 * Pure; hostile bytes; the text must be in a plain dialect (plan_environment).
 */
#ifndef PASU_POSTGRES_TEMPLATE_H
#define PASU_POSTGRES_TEMPLATE_H

#include "postgres/plan.h"

enum {
    TEMPLATE_TEXT_MAX = 4096,
    TEMPLATE_VALUES_MAX = 16,
    TEMPLATE_FORM_MAX = 1024,
    TEMPLATE_REWRITTEN_MAX = 4 * TEMPLATE_TEXT_MAX
};

struct template_value {
    uint32_t at, length; /* in the text, quotes counted */
    struct view value;   /* borrowed from the text, without quotes */
};

struct template
{
    size_t length, count;
    bool is_cut; /* a comment at the text's end is no part of it */
    struct template_value values[TEMPLATE_VALUES_MAX]; /* of $1, $2, … */
    /* The text that it was made of, and where the constants stand in it: what template_again
     * compares with. Length 0: it is of a form that is not compared. */
    size_t form_length;
    struct {
        uint32_t at, end;
    } holes[TEMPLATE_VALUES_MAX];
    uint8_t form[TEMPLATE_FORM_MAX];
    uint8_t text[TEMPLATE_TEXT_MAX];
};

/* False where the text makes none, or has nothing to take out. */
bool template_make(struct template *template, struct view text);
/* Whether the template of this text is the one at hand (that of the last text for which
 * template_make was true), because the texts differ in whole numbers alone that stand as
 * parameters; then the values are this text's. False: template_make tells; the values are nobody's
 * till then. */
bool template_again(struct template *template, struct view text);
/* Whether the edits of the template's plan can be made in the text: they all lie before its first
 * constant, and repeat none, and whatever its constants are it is then no longer than
 * TEMPLATE_REWRITTEN_MAX. Then positions in it are those of plan_error_position, too. */
bool template_may_rewrite(const struct template *template, const struct plan *plan);
/* The text with the plan's edits. PASU_E_RANGE where `size` is too small. */
PASU_MUST_USE ssize_t template_rewrite(const struct plan *plan, struct view text, uint8_t *bytes,
                                       size_t size);

#endif
