/* SPDX-License-Identifier: Apache-2.0 */
/* What waits until the locks of a transaction are known, and what they say. */
#include "gate/written.h"

#include "gate/ask.h"
#include "gate/locks.h"
#include "gate/observer.h"
#include "gate/session.h"
#include "postgres/ask.h"

enum { LARGE_OBJECTS = 2613, OF_USERS = 16384, FAMILY_DEPTH_MAX = 16 };

/* ---- what ends a transaction ---- */

bool
written_has_word(struct view text, const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i + length <= text.length; i++)
        if ((text.bytes[i] | 0x20) == word[0] &&
            strncasecmp((const char *)text.bytes + i, word, length) == 0)
            return true;
    return false;
}

/* Whether a Query's text can end a transaction, be it that the word is another one's: asked once
 * too often costs little. */
static bool
has_end(const struct observer *o, struct view text)
{
    return written_has_word(text, "commit") || written_has_word(text, "end") ||
           written_has_word(text, "prepare") ||
           (exchange_names_end(&o->exchange) && written_has_word(text, "execute"));
}

/* Outside of a block, PostgreSQL commits behind some statements at once. */
static bool
commits_at_once(const struct plan_statement *statement)
{
    return statement->verb < VERB_INSERT || statement->verb > VERB_MERGE
               ? statement->verb != VERB_SELECT && statement->verb != VERB_COPY &&
                     statement->verb != VERB_FETCH
               : false;
}

static bool
execute_ends(const struct asking *a, struct view body, uint8_t state)
{
    const struct plan_statement *statement = NULL;
    char name[EXCHANGE_NAME_SIZE];
    struct ask_execute execute;
    const struct plan *plan;

    if (ask_read_execute(&execute, body) != 0)
        return false;
    text_from_view(name, sizeof(name), execute.portal);
    plan = exchange_expected_portal(&a->o->exchange, name, &statement);
    if (plan && !statement)
        return false;
    return !statement || !statement->is_understood || written_ends(statement) ||
           (statement->special == SPECIAL_EXECUTE && exchange_names_end(&a->o->exchange)) ||
           (state != 'T' && commits_at_once(statement));
}

/* Whether the transaction, of which it is not known what code has written in it, can be over once
 * that message has been done. */
static bool
ends(const struct asking *a, const uint8_t *message, size_t have, size_t total)
{
    uint8_t state = written_state(a->s);

    switch (message[0]) {
    case 'Q':
        return state != 'T' || have < total ||
               has_end(a->o, view_of(message + WALK_HEAD, total - WALK_HEAD));
    case 'F':
    case 'S':
        return state != 'T';
    case 'E':
        return execute_ends(a, view_of(message + WALK_HEAD, total - WALK_HEAD), state);
    default:
        return false;
    }
}

/* ---- asking ---- */

static void
keep_error(struct written *w, int result)
{
    if (result != 0 && w->error == 0)
        w->error = result;
}

static void
begin_look(struct session *s)
{
    struct written *w = s->observer->counted;
    const struct locks_question question = {.worker = s->worker,
                                            .session = s->id,
                                            .number = ++w->looked,
                                            .settings = s->settings,
                                            .gateway = s->gateway->index,
                                            .process = s->server_process,
                                            .database = s->database,
                                            .role = s->user};

    w->is_looking = true;
    if (w->is_late || w->is_lost || locks_ask(s->worker->shared->locks, &question) != 0) {
        w->is_looking = w->is_open = w->is_late = w->is_lost = false;
        keep_error(w, written_mark_all(s));
        keep_error(w, hold_marks(s));
    }
}

bool
written_is_fed(const struct session *s)
{
    return s->state == SESSION_COPY_IN && !s->pipeline.is_copy_over && s->observer->counted &&
           s->observer->exchange.count == 1; /* behind more, its data are over, too */
}

bool
written_must_wait(struct asking *a, const uint8_t *message, size_t have, size_t total)
{
    struct written *w = a->o->counted;

    if (PASU_LIKELY(!w) || written_is_fed(a->s))
        return false;
    /* The question behind waits for its ReadyForQuery, which what comes now must not overtake. */
    if (w->is_later && message[0] != 'd' && message[0] != 'c' && message[0] != 'f' &&
        message[0] != 'S' && message[0] != 'H' && message[0] != 'X' && a->o->exchange.count > 0) {
        a->o->is_settling = true;
        return true;
    }
    if (PASU_LIKELY(!w->is_open) || a->s->from_client.left > 0)
        return false;
    if (w->is_looking)
        return message[0] != 'X';
    if (exchange_is_skipped(&a->o->exchange) || a->o->is_muted || !ends(a, message, have, total))
        return false;
    if (a->o->exchange.count > 0) {
        a->o->is_settling = true;
        return true;
    }
    if (a->s->pipeline.is_skipping) { /* its unit has failed, and all of it with that */
        w->is_open = false;
        return false;
    }
    begin_look(a->s);
    return w->is_looking;
}

/* ---- what they say ---- */

/* Whether a query has read values of persons. */
static bool
take_reads(struct session *s, const struct locks_held *held)
{
    struct written *w = s->observer->counted;

    bool is_read = false;

    w->read_fields = w->read_kinds = 0;
    for (uint32_t i = 0; i < held->count; i++) {
        uint32_t relation = held->items[i].relation;

        is_read |=
            held->items[i].is_read && (relation < OF_USERS || written_is_personal(s, relation));
        if (relation < OF_USERS)
            written_reads_all(s);
        else
            written_reads(s, relation);
    }
    if (written_is_carrying(s->observer, true)) {
        written_reads_all(s);
        is_read = true;
    }
    return is_read;
}

/* Whether a statement names it as the one that it writes to, or it is one that its rows are in. */
static bool
is_family(const struct catalog *catalog, uint32_t from, uint32_t relation, unsigned depth)
{
    const struct catalog_spill *spill;
    size_t at = 0;

    if (from == relation)
        return true;
    while (depth > 0 && (spill = catalog_spill(catalog, from, &at)) != NULL)
        if (spill->to != from &&
            (spill->kind == SPILL_CHILD || spill->kind == SPILL_KEY || spill->kind == SPILL_AWAY) &&
            is_family(catalog, spill->to, relation, depth - 1))
            return true;
    return false;
}

static bool
is_named(const struct session *s, uint32_t relation)
{
    const struct written *w = s->observer->counted;

    for (uint8_t i = 0; s->observer->catalog && i < w->named_count; i++)
        if (is_family(s->observer->catalog, w->named[i], relation, FAMILY_DEPTH_MAX))
            return true;
    return false;
}

static int
take(struct session *s, const struct locks_held *held)
{
    struct written *w = s->observer->counted;
    /* Code that statements call can write to what they name, too; and what nobody but triggers can
     * have read can be in any of them. */
    bool is_read = take_reads(s, held), may_be_named = w->is_called || (is_read && !w->is_reading);
    int result = 0;

    for (uint32_t i = 0; w->read_fields != 0 && result == 0 && i < held->count; i++) {
        uint32_t relation = held->items[i].relation;

        if (held->items[i].is_written && (relation >= OF_USERS || relation == LARGE_OBJECTS) &&
            (may_be_named || !is_named(s, relation)))
            result = written_mark_one(s, relation);
    }
    w->read_fields = w->read_kinds = 0;
    return result;
}

void
written_locked(struct session *s, int error, const struct locks_held *held)
{
    struct observer *o = s->observer;
    struct written *w = o->counted;
    int result;

    if (!w || !w->is_looking)
        return;
    w->is_looking = w->is_open = false;
    observer_use(s);
    if (error != 0 || !held || !held->is_there)
        result = s->transaction == 'E' && error == 0 ? 0 : written_mark_all(s);
    else
        result = take(s, held);
    if (result == 0 && w->is_any)
        result = hold_marks(s);
    w->is_any = false;
    keep_error(w, result);
    if (!o->is_waiting || o->is_crowded || o->is_settling)
        return;
    o->is_resumed = true;
    observer_resume(s);
}
