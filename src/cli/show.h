/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the guard and showing its answer: once as a table, each second with --watch, or as JSON
 * with
 * --json (an array as one line per item). What status and sessions have in common.
 */
#ifndef PASU_CLI_SHOW_H
#define PASU_CLI_SHOW_H

#include "cli/ask.h"

struct show {
    /* A new answer in *answer, or an error; PASU_E_UNAVAILABLE may come with half an answer. */
    int (*fetch)(const struct ask *ask, const struct arguments *arguments, json_t **answer);
    /* Prints it for people; see view.h. */
    int (*view)(FILE *file, json_t *answer, int64_t now, size_t width);
};

/* Does all of the command; its exit status. */
PASU_MUST_USE int show_run(const struct show *show, const struct arguments *arguments);

#endif
