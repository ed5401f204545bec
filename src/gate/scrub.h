/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that could show somebody and are withheld, where the configuration says so
 * (attribution.texts: scrub), or a rule masks what they can show: errors and notices keep their
 * severity and their SQLSTATE, and a notification its channel; all else that the server said in
 * them is gone. Nobody is shown then, so nobody is counted.
 */
#ifndef PASU_GATE_SCRUB_H
#define PASU_GATE_SCRUB_H

#include "gate/answer.h"

/* Whether texts are withheld in this session. */
bool scrub_is_on(const struct session *session);
/* An ErrorResponse or a NoticeResponse without its texts goes to the client, after what was before
 * it; `body` is the start of the server's. `is_ruled`: because a rule masks what they can show. As
 * answer_flush. */
PASU_MUST_USE int scrub_report(struct answering *answering, char type, struct view body,
                               bool is_ruled);
/* A NotificationResponse without its payload. */
PASU_MUST_USE int scrub_notification(struct answering *answering, struct view body);

#endif
