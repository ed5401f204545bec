/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The elements of a one-dimensional array, as the server and its clients write it: in text form
 * '{1,2,"a b",NULL}', in binary form with a head. Only what array_in reads in one way; all else is
 * PASU_E_MALFORMED. Hostile bytes; nothing is allocated.
 *
 * Source: PostgreSQL 15, array_in, array_recv, array_out.
 */
#ifndef PASU_POSTGRES_KEY_ARRAY_H
#define PASU_POSTGRES_KEY_ARRAY_H

#include "postgres/key.h"

struct key_array {
    struct reader bytes; /* binary form */
    struct view text;    /* text form */
    size_t at;
    uint32_t left;    /* binary form: elements that are still to come */
    uint32_t element; /* their type: what the head of the binary form says, else 0 */
    bool is_binary, is_over;
    uint8_t space[KEY_TEXT_MAX]; /* a text element without its quotes */
};

/* `value` must stay as long as the array is read. */
PASU_MUST_USE int key_array_begin(struct key_array *array, struct view value, int16_t format);
/* 1: an element, valid until the next call, bytes NULL where it is null; 0: there is no more;
 * PASU_E_MALFORMED. */
PASU_MUST_USE int key_array_next(struct key_array *array, struct view *element);
/* The one element of an array of `type` that has no other, not null: valid as long as *array.
 * PASU_E_MALFORMED where it is not that. */
PASU_MUST_USE int key_array_only(struct key_array *array, struct view value, int16_t format,
                                 enum catalog_key_type type, struct view *element);

#endif
