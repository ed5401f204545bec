/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UUIDs as PostgreSQL writes them: lower case, with dashes.
 *
 *      f47ac10b-58cc-4372-a567-0e02b2c3d479
 */
#ifndef PASU_BASE_UUID_H
#define PASU_BASE_UUID_H

#include "base/bytes.h"

enum {
    UUID_BYTES = 16,
    UUID_TEXT_SIZE = 37, /* with its zero */
};

/* Whether it is one, however PostgreSQL takes them (32 hexadecimal digits, a dash after any group
 * of four, perhaps in braces), and how it is written. */
bool uuid_is(struct view text, char written[UUID_TEXT_SIZE]);
void uuid_write(char written[UUID_TEXT_SIZE], const uint8_t bytes[UUID_BYTES]);

#endif
