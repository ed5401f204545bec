/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made-up persons: a name, an e-mail address at a domain of the operator's, a telephone number out
 * of a range that the operator names, an address in a road that is made up. Nobody's data is in
 * one, but for chance: names are put together of common ones. What a column of a table is filled
 * with is told by its name (policy/looks.h).
 */
#ifndef PASU_CLI_DECOY_PERSON_H
#define PASU_CLI_DECOY_PERSON_H

#include "base/os.h"

enum {
    DECOY_TEXT_SIZE = 192,
    DECOY_DOMAIN_MAX = 100,
    DECOY_PHONE_MAX = 32,
    DECOY_PERSONS_MAX = 256 /* of one plant */
};

struct decoy_style {
    bool is_english;    /* else Korean */
    const char *domain; /* "": no e-mail addresses are made */
    const char *phone;  /* a number, with # for each digit that is chosen; "": none is made */
};

struct decoy_person {
    char name[DECOY_TEXT_SIZE], family[DECOY_TEXT_SIZE], given[DECOY_TEXT_SIZE];
    char login[DECOY_TEXT_SIZE], email[DECOY_TEXT_SIZE], phone[DECOY_TEXT_SIZE];
    char address[DECOY_TEXT_SIZE], detail[DECOY_TEXT_SIZE], postcode[DECOY_TEXT_SIZE];
    char birth[DECOY_TEXT_SIZE]; /* 1987-03-14 */
};

/* A domain is letters, digits, dots and dashes; a range has digits, + - ( ) . and blanks, and at
 * least two #. */
bool decoy_domain_is_well(const char *domain);
bool decoy_phone_is_well(const char *phone);
/* How many telephone numbers a range has; those above DECOY_NUMBERS_MAX are not counted. */
enum { DECOY_NUMBERS_MAX = 1000000000 };
uint32_t decoy_phone_numbers(const char *phone);

/* Numbers below `end`, none of them twice. */
struct decoy_draw {
    uint32_t end, taken[DECOY_PERSONS_MAX]; /* ascending */
    size_t count;
};

/* Those of one plant: no two have the same telephone number, e-mail address or login. */
struct decoy_people {
    const struct decoy_style *style; /* borrowed */
    const struct os *os;             /* the same */
    struct decoy_draw phones, logins;
};

void decoy_people_init(struct decoy_people *people, const struct decoy_style *style,
                       const struct os *os);
/* PASU_E_RANGE: the range of telephone numbers is used up, or there are DECOY_PERSONS_MAX;
 * PASU_E_CRYPTO: there is no randomness. */
PASU_MUST_USE int decoy_person_make(struct decoy_person *person, struct decoy_people *people);

enum decoy_fill {
    DECOY_FILLED,
    DECOY_NO_DOMAIN, /* the style lacks what it is made of */
    DECOY_NO_PHONE,
    DECOY_UNKNOWN, /* what the column holds is not made up */
};

/* What the person has in the column, in *value, borrowed. `field`: what the configuration calls
 * it, which is asked where the column's name says nothing. */
enum decoy_fill decoy_person_fill(const struct decoy_person *person,
                                  const struct decoy_style *style, const char *table,
                                  const char *column, const char *field, const char **value);

/* One form for all ways to write one: an e-mail address in small letters; the digits of a telephone
 * number, a Korean one as it is dialled there. "" where it is none, or too long. */
void decoy_email_form(char form[DECOY_TEXT_SIZE], const char *text);
void decoy_phone_form(char form[DECOY_TEXT_SIZE], const char *text);

#endif
