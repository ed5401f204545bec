/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an application says of the user it acts for, in a comment at the end of a statement's text:
 *
 *      SELECT name FROM customers WHERE id = 7 / *actor='kim%40shop.kr',route='%2Forders'* /
 *
 * (without the blanks around the stars). The form is sqlcommenter's: keys and values are
 * URL-encoded, values stand in single quotes, pairs are separated by commas.
 *
 *      actor      one of actor, pasu.actor, user, user.id, enduser.id; the first of this list that
 *                 is there counts
 *      purpose    purpose, pasu.purpose: what for. Only letters of ASCII, digits and _ . : / # -;
 * any other, and one that is said twice, is none. It may stand without quotes, and in a comment
 * that the text begins with, which is read where the one at the end says none:   / *
 * purpose=ticket-17 * / SELECT … source     source, pasu.source: the address where the user is, as
 * gate/source_claim.h has it
 *
 * Nobody proves it: it is a claim of who sends the text. Comments elsewhere, in functions' bodies
 * and in strings, say nothing.
 *
 * Pure; hostile bytes. Source: https://google.github.io/sqlcommenter/spec/
 */
#ifndef PASU_POSTGRES_CLAIM_H
#define PASU_POSTGRES_CLAIM_H

#include "base/bytes.h"

/* Bytes with the zero; longer ones are cut between characters. */
enum { CLAIM_TEXT_MAX = 64, CLAIM_SOURCE_MAX = 160 };

struct claim {
    char actor[CLAIM_TEXT_MAX]; /* "" where the comment names nobody */
    char purpose[CLAIM_TEXT_MAX];
    char source[CLAIM_SOURCE_MAX];
};

/* Where the comment begins that a text ends with, spaces and a semicolon behind it or not; the
 * text's length where there is none. Within other quotes or comments it would be none: that the
 * text is well-formed up to there is not looked at. */
size_t claim_at(struct view text);
/* False where the text says nothing of these. */
bool claim_read(struct claim *claim, struct view text);
/* A value as it is kept: cut to fit between characters; '?' for control characters, and for what is
 * not UTF-8. */
void claim_put(char *text, size_t size, struct view value);

#endif
