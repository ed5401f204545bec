/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E-mail addresses and telephone numbers in any text, whatever its format is: CSV, JSON, SQL, a
 * letter. They are told by their shape alone, in one pass, with the same memory for any size:
 *
 *      ('ADA@x.kr', '010) 1234 . 5678'), …     →  ADA@x.kr    010) 1234 . 5678
 *      "tel": "\uff10１０－1234-5678"            →  010-1234-5678
 *      110-010-1234-5678-90                     →  nothing: it goes on before and behind
 *
 * What is done before: fullwidth forms, blanks and dashes of other scripts become ASCII
 * (policy/spelling.h), zero-width characters go, \uXXXX and the other escapes of JSON are what they
 * stand for, and bytes that are no UTF-8 end what is before them. Groups of digits can be one
 * number in several ways where blanks are between them: each is given, from left to right, the
 * longest first, until one is taken. A number is Korean (of 9 digits and more from 0 on, +82, 82,
 * or from 1 on where a spreadsheet took its zero), or has its country's code behind + or 00.
 *
 * A value that is longer than CONTACTS_REACH, or stands in more than that many bytes without a
 * place to cut, is not found. Bytes are hostile. One thread.
 */
#ifndef PASU_SCAN_CONTACTS_H
#define PASU_SCAN_CONTACTS_H

#include "base/bytes.h"

enum { CONTACTS_REACH = 1024, CONTACTS_GROUPS = 64 };

enum contact { CONTACT_EMAIL, CONTACT_PHONE };

/* What is before and behind it, at most CONTACTS_REACH bytes, in the same form; of a number, all
 * three stay where they are until contacts_took is called again, or contacts_end. 1: it is taken,
 * and nothing else is made of its digits; 0: it is not; an error ends the reading. */
typedef int contacts_fn(void *arg, enum contact what, struct view text, struct view before,
                        struct view behind);

/* Digits in a row, and the rows that can be of one number together. */
struct contacts_group {
    size_t from, to, digits; /* `from` at its plus, where it has one */
    bool is_tied;            /* to the group before it, by more than blanks and brackets */
    bool has_plus;
};

struct contacts_run {
    struct contacts_group groups[CONTACTS_GROUPS];
    size_t count;
    size_t counted; /* what is before there was */
    bool is_open;   /* it goes on in front of its first group */
};

struct contacts {
    contacts_fn *see;
    void *arg;
    uint8_t *raw, *text;
    struct contacts_run run; /* that is read */
    size_t raw_used;         /* bytes that wait for the rest of their character */
    size_t begin, end;       /* of the text: what was not looked at, and its end */
    size_t gone;             /* of its beginning: in reach of nothing any more */
    bool is_inside;          /* what begins there began before */
    bool is_alone;           /* what is given: nothing follows from whether it is taken */
    /* That were found, taken or not; of numbers that overlap one. */
    uint64_t emails, phones;
};

/* PASU_E_NOMEM. Release it in any case. */
PASU_MUST_USE int contacts_init(struct contacts *contacts, contacts_fn *see, void *arg);
void contacts_release(struct contacts *contacts);
/* Where the next bytes are to be put, and how many there is room for: some. */
uint8_t *contacts_room(struct contacts *contacts, size_t *room);
/* So many were put there. 0, or what `see` returned. */
PASU_MUST_USE int contacts_took(struct contacts *contacts, size_t count);
/* No more come. */
PASU_MUST_USE int contacts_end(struct contacts *contacts);
/* Behind the end: another text begins, with the same memory. */
void contacts_again(struct contacts *contacts);

#endif
