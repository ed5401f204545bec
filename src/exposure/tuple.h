/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of persons whom several values name together: a name and a phone number. The values become
 * one text, a JSON array, which is the key from there on, hashed, compared and shown:
 *
 *      ["이영희","010-1234-5678"]        a value is a string, also where its column holds numbers
 *      ["이영희",null]                   without a value; "" is another person
 *
 * It is written in one way only: UTF-8, no spaces, and of escapes \" \\ \b \f \n \r \t, and \u00xx
 * for other control characters, as PostgreSQL's to_json has them. So two keys are equal when their
 * parts are, byte for byte, and nothing else. Where no part has a value, nobody is named.
 *
 * Source: RFC 8259; PostgreSQL 15, escape_json.
 */
#ifndef PASU_EXPOSURE_TUPLE_H
#define PASU_EXPOSURE_TUPLE_H

#include "base/bytes.h"

enum {
    TUPLE_PARTS_MAX = 4,
    TUPLE_TEXT_MAX = 1024, /* longer ones are no keys: the directory keeps them whole */
};

struct tuple {
    size_t count;
    struct view parts[TUPLE_PARTS_MAX]; /* UTF-8; bytes NULL: without a value */
};

/* The key's text, in `space`. PASU_E_NOTFOUND: no part has a value; PASU_E_MALFORMED: one is not
 * UTF-8, or has a zero byte; PASU_E_RANGE: it is too long. */
PASU_MUST_USE int tuple_write(const struct tuple *tuple, uint8_t space[TUPLE_TEXT_MAX],
                              struct view *text);
/* The parts of a JSON array of strings, numbers and nulls, however it is written, as a person types
 * it; they are in `space`. A number counts as the text that it is. PASU_E_MALFORMED: it is not one,
 * or has no parts, or too many, or is too long. */
PASU_MUST_USE int tuple_read(struct tuple *tuple, struct view json, uint8_t space[TUPLE_TEXT_MAX]);

#endif
