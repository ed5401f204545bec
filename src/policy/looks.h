/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What looks like personal data: by the name of a column, and by a value. For people who have to
 * name what is personal; attribution never guesses.
 *
 * A value tells: an e-mail address, a Korean or international telephone number, a resident
 * registration number, a card number, an address. What many other numbers look like too is none:
 * digits alone are a resident registration number only with its check digit, and a card number only
 * with Luhn's, and a known beginning and length. Since October 2020 the last digits of resident
 * registration numbers are random; such a one is told by the birth in it, and the hyphen.
 *
 * Pure: values are hostile, borrowed, and never kept.
 */
#ifndef PASU_POLICY_LOOKS_H
#define PASU_POLICY_LOOKS_H

#include "base/bytes.h"

enum look {
#define X(name, field, text, is_strict, names) LOOK_##name,
#include "policy/looks.def"
#undef X
    LOOK_COUNT,
    LOOK_NONE = LOOK_COUNT,
};

#define LOOK_BIT(name) (1u << LOOK_##name)

/* Names are UTF-8. What the table is called tells whose name a "name" is. */
enum look look_of_name(const char *table, const char *column);
/* LOOK_BITs of what the whole value is. `today` is 20261126: nobody is born later. */
uint32_t looks_of_value(struct view value, uint32_t today);
/* And of what stands in it among other words; only what can hardly be anything else there. In
 * `others`, of what is written so and is none: where most are, the rest is chance. */
uint32_t looks_within(struct view value, uint32_t today, uint32_t *others);

/* What the configuration could call the field: "phone". */
const char *look_field(enum look look);
/* "telephone numbers" */
const char *look_text(enum look look);
/* Whether a value that does not look so is none. */
bool look_is_strict(enum look look);

#endif
