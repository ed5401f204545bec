/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's segments as the gate gets them: it opens no file, the supervisor hands it each one
 * that it asks for (ledger/source.h). Owned by the gate's main thread.
 *
 *      reader: next? ──▶ SEGMENT_ASK ──▶ … PASU_E_AGAIN … ──▶ SEGMENT, NO_SEGMENT ──▶ reader: next?
 */
#ifndef PASU_GATE_SEGMENTS_H
#define PASU_GATE_SEGMENTS_H

#include "ledger/message.h"
#include "ledger/source.h"

struct segments {
    const struct channel *supervisor;
    uint64_t asked; /* which was asked for last */
    bool is_asked;  /* and has not been answered */
    bool is_there;  /* the answer, which nobody has taken: */
    struct message_segment answer;
    int fd; /* or an error */
};

void segments_init(struct segments *segments, const struct channel *supervisor);
void segments_release(struct segments *segments);
/* What source.open has; `arg` is a struct segments. */
PASU_MUST_USE int segments_open(void *arg, enum source_what what, uint64_t index, uint64_t *first,
                                size_t *left);
/* The supervisor's answers. The first takes the descriptor. */
void segments_take(struct segments *segments, const struct message_segment *answer, int fd);
void segments_take_none(struct segments *segments, const struct message_result *answer);

#endif
