/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LDIF, version 1, as RFC 2849 has it: lines of "name: value" ("::" base64, ":<" a URL), folded by
 * a line end and one space, with comments, and an empty line behind each record.
 *
 * Hostile bytes. One thread. Names and values are the reader's, until its next call.
 */
#ifndef PASU_POLICY_LDIF_H
#define PASU_POLICY_LDIF_H

#include "base/bytes.h"

enum ldif_what {
    LDIF_VALUE,     /* name and value */
    LDIF_URL,       /* the value is elsewhere: nothing is fetched */
    LDIF_SEPARATOR, /* "-": the end of one modification */
    LDIF_BREAK,     /* the end of a record */
    LDIF_END
};

struct ldif_line {
    enum ldif_what what;
    uint32_t line; /* that it begins in, from 1 */
    struct view name, value;
};

struct ldif {
    const uint8_t *at, *end;
    uint32_t line;
    uint8_t *space; /* as long as the file: one line, unfolded */
    bool is_in_record;
    const char *fault;
};

/* Whether a file begins as LDIF does, behind comments and empty lines. */
bool ldif_is_one(struct view bytes);
/* Whether one of its records says what is to be done (changetype). */
bool ldif_has_changes(struct view bytes);
/* The bytes must outlive the reader. PASU_E_NOMEM. */
PASU_MUST_USE int ldif_open(struct ldif *ldif, struct view bytes);
void ldif_close(struct ldif *ldif);
/* 0; PASU_E_MALFORMED with `fault`, at line->line. */
PASU_MUST_USE int ldif_read(struct ldif *ldif, struct ldif_line *line);

#endif
