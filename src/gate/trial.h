/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the controls (ledger/trials.h), as real traffic: a connection through a listener whose
 * application_name is "pasu doctor " and the token that the keeper has given out, once and for
 * seconds. It takes the way of every other, but for this:
 *
 *      a source, a leaver    it counts as one from the address that the test names, and never goes
 *                            to the server: what the rules would say of a statement that shows all
 *                            fields is asked here, and then it ends, refused or not
 *      a rule                the same, of a statement that shows the rule's fields, by its verb:
 *                            whether the rule decides, with its own verdict, whatever that is
 *      an exit               it is a session as any other. The first of its statements that is
 *                            refused is told as a test, and not as somebody's doing
 *
 * What is told to the keeper is not told as a refusal, so nobody is alerted. A test is shown
 * nothing that another session with the same role is not: what it is shown counts.
 *
 * A budget needs no connection: made-up persons are counted in a tally of their own, with the
 * principal's limits, until one is refused.
 *
 * The tokens are shared by the workers, behind a lock, which is taken where there are any.
 */
#ifndef PASU_GATE_TRIAL_H
#define PASU_GATE_TRIAL_H

#include "ledger/message.h"

#include <pthread.h>

struct gate;
struct session;

enum { TRIAL_TOKENS_MAX = 32, TRIAL_TOKEN_SECONDS = 10 };

struct trial_token {
    struct message_try asked; /* its token 0: free */
    int64_t until;            /* monotonic */
};

struct trial_tokens {
    pthread_mutex_t lock;
    _Atomic uint32_t count;
    struct trial_token items[TRIAL_TOKENS_MAX];
};

/* The token that stands behind the prefix in an application's name; 0: none. */
uint64_t trial_token(const char *application, const char *prefix);
void trial_tokens_init(struct trial_tokens *tokens);
/* MESSAGE_TRY: the main thread's. */
void trial_ask(struct gate *gate, const struct message_try *asked);
/* The start-up packet is there: whether it is one of a test. Where that test is from somewhere
 * else, so is the session from then on. False: it has failed. */
PASU_MUST_USE bool trial_begin(struct session *session);
/* Nothing has refused the session. True where it is to go on: else it has ended here. */
PASU_MUST_USE bool trial_go_on(struct session *session);
/* A statement of its was refused, as one by which data leaves through the server: true where that
 * is what was to be tried, and it is told. */
bool trial_is_exit(struct session *session, int error);
/* The session of a test ends without one. */
void trial_end(struct session *session);

#endif
