/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a text, line by line, can be fingerprinted (docs/spec/fingerprint.md, "Values"): e-mail
 * addresses and telephone numbers in their one form (policy/plain_contact.h), alone or in pairs.
 *
 *      kim,010-1234-5678,KIM@x.kr      line 7: "ekim@x.kr", "p01012345678"; or the pair of both
 *      "mail": "kim@x.kr",             \ line 9: the pair, where neither line has the other kind
 *      "tel": "01012345678"            /
 *
 * Each is paired with the last RECOGNISE_LAST of the other kind in its line, so neither memory nor
 * pairs grow faster than the text. Bytes are hostile. One thread.
 */
#ifndef PASU_SCAN_RECOGNISE_H
#define PASU_SCAN_RECOGNISE_H

#include "policy/plain_contact.h"
#include "scan/contacts.h"

enum { RECOGNISE_LAST = 4, RECOGNISE_LINES = 8, RECOGNISE_CARRIED = 2 };

/* A value, or a pair, that ends in this line (from 1 on). 0, or an error that ends the reading. */
typedef int recognise_fn(void *arg, uint64_t line, struct view value);

struct recognised {
    uint64_t line;
    size_t length;
    uint8_t text[PLAIN_CONTACT_SIZE];
};

/* Of one kind. */
struct recognised_list {
    struct recognised last[RECOGNISE_LAST];       /* of the line that is read */
    size_t count;                                 /* that it had */
    struct recognised carried[RECOGNISE_CARRIED]; /* of lines before that had no other kind */
    size_t next;
};

struct recognise {
    struct contacts contacts;
    recognise_fn *fn;
    void *arg;
    bool is_pairs;
    uint64_t line;
    struct recognised_list kinds[2]; /* by enum contact */
};

/* PASU_E_NOMEM. Release it in any case. */
PASU_MUST_USE int recognise_init(struct recognise *recognise, bool is_pairs, recognise_fn *fn,
                                 void *arg);
void recognise_release(struct recognise *recognise);
/* The next bytes. 0, or what `fn` returned. */
PASU_MUST_USE int recognise_take(struct recognise *recognise, struct view bytes);
/* No more come. */
PASU_MUST_USE int recognise_end(struct recognise *recognise);

#endif
