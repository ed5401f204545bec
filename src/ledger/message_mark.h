/* SPDX-License-Identifier: Apache-2.0 */
/* What keeper and gate say to each other of marks that somebody lists, or takes away. See
 * message.h.
 */
#ifndef PASU_LEDGER_MESSAGE_MARK_H
#define PASU_LEDGER_MESSAGE_MARK_H

#include "ledger/ring.h"

/* A mark, with the name of its table where that is known. */
struct message_marked {
    uint64_t question;
    struct ring_mark mark;
};

enum clear_step { CLEAR_BEGIN, CLEAR_DONE, CLEAR_NOT_DONE };

/* gate/catalog_clear.h. Comes back as the gate has filled it in. */
struct message_clear {
    uint64_t question;
    uint32_t step; /* enum clear_step */
    int32_t error; /* of the answer */
    struct ring_mark mark;
};

#endif
