/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's bytes on their way to the server: each text is planned before it leaves, and what is
 * asked is queued, so that the answers can be told apart. What is not changed goes out from where
 * it was read; once something must be changed, the batch goes on in a buffer of its own.
 *
 * What ask.c (one message) and ask_walk.c (a batch) share.
 */
#ifndef PASU_GATE_ASK_H
#define PASU_GATE_ASK_H

#include "gate/observer.h"
#include "gate/walk.h"
#include "postgres/ask.h"

enum { BIND_NAMES_MAX = 256 /* bytes in which a long Bind must have said its names */ };

/* A batch on its way: [start, at) goes out unchanged, unless is_changed: then `out` of the worker's
 * instruments has all up to `at`. */
struct asking {
    struct session *s;
    struct observer *o;
    struct instruments *tools;
    const uint8_t *start, *at;
    bool is_changed;
    /* The plan of the text that was looked at last, whose template is in hand, or NULL: it is asked
     * at once, or not at all. Ours. */
    struct plan *looked;
    struct view looked_text;
};

/* Where the values of parameters come from. */
struct ask_values {
    const struct ask_bind *bind; /* NULL: the template of the text */
    struct view types;           /* of Parse */
};

/* ask_pins.c: the keys that a statement of the plan pins, in the order of its parts. PASU_E_NOMEM;
 * the errors of ordinal_of. */
PASU_MUST_USE int ask_pin_all(struct asking *asking, const struct plan *plan,
                              const struct plan_statement *statement,
                              const struct ask_values *values, struct pinned *pinned);
/* What was looked at is over: the next message is judged anew. */
static inline void
ask_forget_look(struct asking *asking)
{
    asking->o->rules.passed = NULL;
    if (PASU_UNLIKELY(asking->looked)) {
        plan_release(asking->looked);
        asking->looked = NULL;
    }
}
/* From now on the batch goes out from a buffer of its own. PASU_E_NOMEM. */
PASU_MUST_USE int ask_change(struct asking *asking);
/* Bytes in hand go out as they are. PASU_E_NOMEM. */
PASU_MUST_USE int ask_pass(struct asking *asking, const uint8_t *bytes, size_t length);
/* One whole message. 0; PASU_E_NOMEM, PASU_E_MESSAGE_INVALID. */
PASU_MUST_USE int ask_message(struct asking *asking, const uint8_t *message, size_t length);
/* The plan that a statement has by now; request->bound is the statement. 0; PASU_E_NOMEM. */
PASU_MUST_USE int ask_take_plan(struct asking *asking, struct exchange_request *request,
                                const struct plan *plan);
/* ask_long.c: the next bytes of a message that passes in pieces; from_client.left is what comes
 * behind them. PASU_E_NOMEM, PASU_E_REFUSED. */
PASU_MUST_USE int ask_piece(struct asking *asking, const uint8_t *bytes, size_t length);
/* What is known of such a text is let go of. */
void ask_end_text(struct observer *observer);
/* The start of a message that is too long to be read whole; the caller passes it on. 0, or what
 * ends the session. */
PASU_MUST_USE int ask_long(struct asking *asking, const uint8_t *message, size_t have);

#endif
