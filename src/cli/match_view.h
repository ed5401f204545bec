/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of `pasu match`: the document of --json, a page for people. */
#ifndef PASU_CLI_MATCH_VIEW_H
#define PASU_CLI_MATCH_VIEW_H

#include "cli/dump_match.h"
#include "cli/tracing.h"

enum { MATCH_HASH_SIZE = 65 };

struct matched {
    const struct dump_match *match;
    const char *path;
    char sha256[MATCH_HASH_SIZE];  /* of the file as it lies there */
    const char *codec;             /* NULL: it is not compressed */
    uint64_t bytes, text_bytes;    /* of the file; and of what it holds, without compression */
    bool is_damaged;               /* what follows the damage was not read */
    const struct tracing *tracing; /* NULL: nobody was found, or it was not asked */
    uint64_t traced_of;            /* persons and decoys of whom those that were traced are */
};

/* 0 or PASU_E_NOMEM. */
PASU_MUST_USE int match_view_json(FILE *file, const struct matched *matched);
PASU_MUST_USE int match_view_page(FILE *file, const struct matched *matched, size_t width);

#endif
