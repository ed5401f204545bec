/* SPDX-License-Identifier: Apache-2.0 */
/* SQL that pasu makes, put together piece by piece; whether all fitted, writer_end says. */
#ifndef PASU_POSTGRES_SQL_PUT_H
#define PASU_POSTGRES_SQL_PUT_H

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

/* As it stands, without its zero. */
static inline void
sql_put(struct writer *w, const char *text)
{
    writer_bytes(w, text, strlen(text));
}

static inline void
sql_put_number(struct writer *w, size_t number)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%zu", number);
    sql_put(w, digits);
}

#endif
