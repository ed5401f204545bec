/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `pasu check --connect`, doctor and `roster audit` find: a list, printed for people or as
 * JSON.
 *
 * Texts are copied. Running out of memory is kept in the list and told once, at the end.
 */
#ifndef PASU_CLI_FINDING_H
#define PASU_CLI_FINDING_H

#include "base/error.h"

#include <jansson.h>

enum finding_state {
    FINDING_OK,
    FINDING_INFO,    /* good to know */
    FINDING_WARNING, /* works, but should be looked at */
    FINDING_MISSING, /* does not work before it is put right */
};

struct finding {
    char *gateway; /* "" where it is about all */
    char *name;    /* what was looked at: server, tls, login, role, table public.customers … */
    enum finding_state state;
    char *text, *hint; /* hint: "" where there is nothing to do */
};

struct findings {
    struct finding *items;
    size_t count, space;
    bool out_of_memory;
};

void findings_release(struct findings *findings);
void findings_add(struct findings *findings, const char *gateway, const char *name,
                  enum finding_state state, const char *hint, const char *format, ...)
    PASU_PRINTF(6, 7);
size_t findings_missing(const struct findings *findings);
/* Of that state. */
size_t findings_count(const struct findings *findings, enum finding_state state);

/* Grouped by gateway, in the order in which they were added. */
void findings_print(const struct findings *findings, FILE *file);
/* A new array, or NULL without memory. Texts that are no UTF-8 are escaped. */
json_t *findings_json(const struct findings *findings);
/* A command's whole answer, on standard output, and its exit status; `what` names it where memory
 * is out. As JSON with `controls` (cli/controls.h), or NULL. */
int findings_tell(const struct findings *findings, bool is_json, const char *what,
                  json_t *controls);

#endif
