/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/written.h"

#include "base/memory.h"
#include "gate/ask.h"
#include "gate/call.h"
#include "gate/hidden.h"
#include "gate/instruments.h"
#include "gate/session.h"

enum {
    TELLS_FROM = 15, /* the first version that tells at once where it is asked to */
    UNIT_MESSAGES = 6,
    QUESTION_SIZE = 2048,
    STATE_UNKNOWN = '?',
};

/* No name in them may be looked up by a search_path. Rows that were written, and blocks that were
 * read (be it by the row's place, or of an index alone: whether it is seen stands with the table);
 * of large objects too. The count that says whether others have been told is of scans of pg_am,
 * which nothing else reads as a whole; and whether anything is counted at all. */
#define OWN_ROWS                                                                                   \
    "pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) OPERATOR(pg_catalog.+) "                   \
    "pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)"
#define OWN_BLOCKS "pg_catalog.pg_stat_get_xact_blocks_fetched(c.oid)"
#define COUNTS                                                                                     \
    "SELECT c.oid, " OWN_ROWS ", pg_catalog.pg_stat_get_tuples_inserted(c.oid) "                   \
    "OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_tuples_updated(c.oid), " OWN_BLOCKS             \
    ", pg_catalog.pg_stat_get_blocks_fetched(c.oid), "
#define SCANNED "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_am)"
#define OF_TABLES                                                                                  \
    ", (pg_catalog.current_setting('track_counts') OPERATOR(pg_catalog.=) 'on')::pg_catalog.int4 " \
    "FROM pg_catalog.pg_class c WHERE c.relkind OPERATOR(pg_catalog.=) "                           \
    "ANY ('{r,m}'::pg_catalog.\"char\"[]) "                                                        \
    "AND (c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid "                                    \
    "OR c.oid OPERATOR(pg_catalog.=) 2613::pg_catalog.oid)"
#define IN_ORDER " ORDER BY 1"
static const char *const questions[] = {
    [WRITTEN_TELL] = "SELECT pg_catalog.pg_stat_force_next_flush()",
    [WRITTEN_BEFORE] = COUNTS SCANNED OF_TABLES IN_ORDER,
    [WRITTEN_AFTER] = COUNTS "pg_catalog.pg_stat_get_xact_numscans(2601)" OF_TABLES IN_ORDER,
};

/* ---- which ---- */

/* What is known of it, made where it is not there yet; or NULL. */
static struct written *
made(struct observer *o)
{
    if (!o->counted)
        o->counted = memory_new(1, sizeof(*o->counted));
    return o->counted;
}

/* What a message can do. */
struct reading {
    uint64_t fields, kinds; /* that such code in it can read: 0: there is none */
    bool is_called, is_late, begins, ends, is_fed, commits;
    bool is_unsure; /* whether it ends a transaction */
    bool reads;     /* it names persons, and runs no such code */
};

/* Whether it can commit on its way: a DO whose words, PL/pgSQL's, do not say so cannot. */
static bool
commits(const struct plan *plan, const struct plan_statement *statement)
{
    static const char *const words[] = {"commit", "rollback", "call", "language"};

    for (size_t i = 0; plan && statement->verb == VERB_DO && i < COUNT_OF(words); i++)
        if (written_has_word(plan->text, words[i]))
            return true;
    return statement->verb == VERB_CALL || (!plan && statement->verb == VERB_DO);
}

static void
note_marks(struct reading *r, const struct plan *plan, const struct plan_statement *statement)
{
    uint64_t fields = 0, kinds = 0;
    bool is_change = statement->verb >= VERB_INSERT && statement->verb <= VERB_MERGE;

    for (const struct plan_mark *m = &statement->mark; m; m = m->next)
        if (m->fields != 0 && m->column == CATALOG_MADE) {
            fields |= m->fields;
            kinds |= m->kinds;
        }
    /* Of two readings it is the client's encoding that has them, in whatever it inserts. */
    if (!statement->is_understood && statement->moved_fields != 0 &&
        !(statement->flags & PLAN_DIALECT)) {
        fields |= statement->moved_fields;
        kinds |= statement->moved_kinds;
    }
    r->reads |= fields == 0 && statement->most_fields != 0;
    if (fields == 0)
        return;
    r->fields |= fields;
    r->kinds |= kinds;
    r->is_called |= !is_change || statement->calls_code || !statement->is_understood;
    r->commits |= commits(plan, statement);
}

static void
note_all(struct session *s, struct reading *r)
{
    uint64_t fields, kinds;

    observer_all(s, &fields, &kinds);
    r->fields |= fields;
    r->kinds |= kinds;
    r->is_called = r->begins = r->is_unsure = r->commits = true;
}

bool
written_ends(const struct plan_statement *statement)
{
    return statement->special == SPECIAL_END || statement->special == SPECIAL_LAY_BY;
}

/* One that begins another transaction. */
static bool
chains(const struct plan_statement *statement)
{
    return written_ends(statement) && statement->sql && strcasestr(statement->sql, "chain");
}

/* And what it stands for. */
static void
note(struct session *s, const struct plan *plan, const struct plan_statement *statement,
     struct reading *r)
{
    const struct plan_statement *meant = statement;
    struct view types;

    r->is_fed |= statement->special == SPECIAL_COPY_IN;
    r->begins |= statement->verb == VERB_BEGIN || chains(statement) || !statement->is_understood;
    r->ends |= written_ends(statement);
    r->is_unsure |= !statement->is_understood;
    note_marks(r, plan, statement);
    if (statement->special == SPECIAL_EXECUTE || statement->special == SPECIAL_FETCH) {
        (void)hidden_meant(s->observer, NULL, &meant);
    } else if (statement->is_executed) {
        (void)exchange_expected(&s->observer->exchange, statement->name, &meant, &types);
    } else if (statement->special == SPECIAL_DECLARE && statement->speaks_later) {
        meant = statement->inner; /* it is run when the transaction ends */
        r->is_late = true;
    }
    if (!meant)
        note_all(s, r);
    else if (meant != statement)
        note(s, NULL, meant, r);
}

/* ---- where ---- */

/* Whether the message that comes is the first since one that ReadyForQuery answers. */
static bool
is_first(const struct asking *a, uint8_t type)
{
    const struct pipeline *p = &a->s->pipeline;

    if (a->o->is_unsynced || a->o->is_muted || p->is_skipping || p->is_unclean ||
        written_is_fed(a->s))
        return false; /* our own Sync could end what the server skips */
    if (type != 'Q' && type != 'F')
        return p->asked <= 1;
    return p->known == p->due && p->known > 0 &&
           p->units[(p->first + p->known - 1u) % PIPELINE_UNITS] / 4 == 0;
}

static uint8_t
state_behind(const struct exchange *x, uint8_t state, const struct plan_statement *statement)
{
    if (!statement || !statement->is_understood ||
        (statement->special == SPECIAL_EXECUTE && exchange_names_end(x)))
        return STATE_UNKNOWN;
    if (statement->verb == VERB_BEGIN || chains(statement))
        return 'T';
    return written_ends(statement) ? 'I' : state;
}

/* In which state the server is once it has done all that is on its way: as ReadyForQuery says. What
 * begins or ends a transaction can fail only where it leaves nothing open. */
uint8_t
written_state(const struct session *s)
{
    const struct exchange *x = &s->observer->exchange;
    uint8_t state = s->transaction;

    for (uint32_t place = 0; place < x->count && state != STATE_UNKNOWN; place++) {
        const struct exchange_request *request = exchange_at(x, place);
        const struct plan_statement *statement = NULL;

        if (request->step == STEP_EXECUTE) {
            if (exchange_executed(x, place, &statement) && !statement)
                continue; /* an empty text */
            state = state_behind(x, state, statement);
        } else if (request->step == STEP_QUERY && !request->is_ours) {
            if (!request->plan)
                state = STATE_UNKNOWN;
            for (size_t i = 0; request->plan && i < request->plan->statement_count; i++)
                state = state_behind(x, state, &request->plan->statements[i]);
        }
    }
    /* Of the unit that is not over some can have been answered. */
    if (s->observer->has_begun)
        return 'T';
    return s->observer->has_ended ? 'I' : state;
}

/* ---- questions about counts ---- */

static int
put(struct asking *a, char type, const char *bytes, size_t length)
{
    uint8_t head[WALK_HEAD] = {(uint8_t)type};
    int result;

    bytes_put_u32(head + 1, (uint32_t)(length + 4));
    result = instruments_put(a->tools, head, sizeof(head));
    return result == 0 ? instruments_put(a->tools, bytes, length) : result;
}

/* By messages with names of their own: a Query would take the client's statement without one. One
 * that an error has left there would be another error, and end a transaction: it is closed first.
 */
static int
put_question(struct asking *a, const char *sql)
{
    static const char bind[] = "pasu.written\0pasu.written\0\0\0\0\0\0",
                      execute[] = "pasu.written\0\0\0\0", close_portal[] = "Ppasu.written",
                      close_statement[] = "Spasu.written", parse[] = "pasu.written";
    char text[QUESTION_SIZE];
    size_t length = sizeof(parse) + strlen(sql) + 3;
    int result = ask_change(a);

    memset(text, 0, sizeof(text));
    memcpy(text, parse, sizeof(parse));
    memcpy(text + sizeof(parse), sql, strlen(sql));
    result = result == 0 ? put(a, 'C', close_statement, sizeof(close_statement)) : result;
    result = result == 0 ? put(a, 'P', text, length) : result;
    result = result == 0 ? put(a, 'B', bind, sizeof(bind)) : result;
    result = result == 0 ? put(a, 'E', execute, sizeof(execute)) : result;
    result = result == 0 ? put(a, 'C', close_portal, sizeof(close_portal)) : result;
    return result == 0 ? put(a, 'C', close_statement, sizeof(close_statement)) : result;
}

static bool
can_tell(const struct asking *a)
{
    return a->o->server_version >= TELLS_FROM;
}

/* What goes before a question, in its unit: the client's limit of time is not for it. And where all
 * has been told before, what has been told since is seen by itself. */
static int
put_preface(struct asking *a, uint8_t written, uint16_t *messages)
{
    int result = 0;

    if (written == WRITTEN_AFTER && a->o->counted->is_again) {
        result = put_question(a, "SELECT pg_catalog.set_config('statement_timeout', '0', true)");
        *messages = (uint16_t)(*messages + UNIT_MESSAGES);
    }
    if (result == 0 && written == WRITTEN_BEFORE && can_tell(a)) {
        result = put_question(a, "SELECT " SCANNED);
        *messages = (uint16_t)(*messages + UNIT_MESSAGES);
    }
    return result;
}

/* As a unit of its own. */
static int
ask(struct asking *a, uint8_t written)
{
    struct pipeline *p = &a->s->pipeline;
    uint16_t asked = p->asked, messages = UNIT_MESSAGES;
    struct exchange_request *request;
    int result = put_preface(a, written, &messages);

    result = result == 0 ? put_question(a, questions[written]) : result;
    result = result == 0 ? put(a, 'S', "", 0) : result;
    request = result == 0 ? exchange_add(&a->o->exchange, STEP_QUERY) : NULL;
    if (!request)
        return PASU_E_NOMEM;
    request->is_ours = true;
    request->function = written;
    p->asked = messages;
    pipeline_end_unit(p, true);
    p->asked = asked;
    return 0;
}

/* What a cursor gives can have been read before, and been kept in the server since; a mark that is
 * on its way shows in no snapshot. Within a transaction the locks show both, but for a cursor that
 * was held over the end of another. */
bool
written_is_carrying(const struct observer *o, bool is_block)
{
    for (const struct portal *portal = o->exchange.portals; portal; portal = portal->next)
        if (portal->statement && portal->statement->most_fields != 0 &&
            (is_block ? portal->is_over : portal->name[0] || portal->is_suspended))
            return true;
    for (uint8_t i = 0; i < o->deferred_count && !is_block; i++)
        for (const struct plan_mark *m = &o->deferred[i].statement->mark; m; m = m->next)
            if (m->fields != 0 && m->column != CATALOG_MADE && !observer_knows(o, m))
                return true;
    return false;
}

bool
written_is_waiting(const struct observer *o)
{
    return o->counted && o->counted->waiting > 0;
}

static int
ask_before(struct asking *a)
{
    struct written *w = a->o->counted;
    int result = 0;

    w->is_asked = true;
    if (!a->o->catalog || written_is_carrying(a->o, false))
        written_reads_all(a->s);
    if (w->is_denied)
        return 0;
    w->telling = w->waiting == 0 ? os_monotonic(a->s->worker->os) : 0;
    if (can_tell(a))
        result = ask(a, WRITTEN_TELL);
    return result == 0 ? ask(a, WRITTEN_BEFORE) : result;
}

/* ---- what goes out ---- */

/* Which tables statements of a transaction name as those that they write to: what triggers write to
 * beside them is told apart so. */
static void
note_named(struct asking *a, const struct plan_statement *statement)
{
    struct written *w = a->o->counted;
    uint32_t table = statement->target ? statement->target : statement->deletes_from;

    if (table == 0 || (!w && (!a->o->catalog || !catalog_has_keeping_acts(a->o->catalog))))
        return;
    w = made(a->o);
    if (!w)
        return; /* they count as written by code, then */
    w->is_reading |= written_is_personal(a->s, table);
    for (uint8_t i = 0; i < w->named_count; i++)
        if (w->named[i] == table)
            return;
    if (w->named_count < WRITTEN_NAMED_MAX)
        w->named[w->named_count++] = table;
    else
        w->has_more = true;
}

/* Code can run it, too. */
static bool
names_chain(const struct exchange *x)
{
    for (size_t i = 0; i < EXCHANGE_HEADS; i++)
        for (const struct prepared *p = x->prepared[i]; p; p = p->next)
            if (p->name[0] && p->statement && chains(p->statement))
                return true;
    return false;
}

/* What is about to be run inside of a transaction block, or of a unit that is not over. */
static void
open_locks(struct asking *a, uint8_t type, uint8_t state, const struct reading *r)
{
    struct written *w = a->o->counted;
    bool is_block = state == 'T' || state == 'E';

    w->is_open = true;
    w->is_called |= r->is_called;
    w->is_late |= r->is_late;
    /* The transaction is over before anybody can ask. */
    w->is_unsure |= type == 'Q' && r->is_unsure;
    w->is_lost |= state == STATE_UNKNOWN || names_chain(&a->o->exchange) ||
                  (type == 'Q' && r->ends) ||
                  (!is_block && (r->commits || type == 'Q' || type == 'F'));
}

int
written_before(struct asking *a, uint8_t type, const struct plan *plan,
               const struct plan_statement *statement)
{
    struct written *w = a->o->counted;
    const struct plan_statement *statements = statement ? statement
                                              : plan    ? plan->statements
                                                        : NULL;
    size_t count = statement ? 1 : plan ? plan->statement_count : 0;
    struct reading r = {0};
    bool is_run = type != 'P' && type != 'B';
    uint8_t state;

    if (PASU_UNLIKELY(w != NULL))
        w->was_due = w->is_due;
    if (plan && (plan->refusal || (!statement && (type == 'B' || type == 'E'))))
        return 0; /* it is not run, or empty */
    if (!plan)
        note_all(a->s, &r);
    for (size_t i = 0; i < count; i++) {
        note(a->s, plan, &statements[i], &r);
        if (is_run)
            note_named(a, &statements[i]);
    }
    state = a->o->counted || r.fields != 0 ? written_state(a->s) : 'I';
    if (is_run && (r.begins || r.ends)) {
        a->o->has_begun = r.begins;
        a->o->has_ended = r.ends;
    }
    if (PASU_LIKELY(!a->o->counted && r.fields == 0))
        return 0;
    w = made(a->o);
    if (!w)
        return PASU_E_NOMEM;
    if (is_run) {
        w->is_reading |= r.reads;
        w->is_staying |= r.begins || r.is_fed;
        w->is_keeping |= r.ends;
    }
    if (r.fields == 0)
        return 0;
    w->fields |= r.fields;
    w->kinds |= r.kinds;
    w->is_due |= type != 'P';
    if (w->is_asked)
        return 0;
    if (state == 'I' && is_first(a, type))
        return ask_before(a);
    if (type != 'P')
        open_locks(a, type, state, &r);
    return 0;
}

int
written_call(struct asking *a, uint32_t function)
{
    struct plan *plan;
    int result = call_peek(a->s, function, &plan);

    if (a->o->counted)
        a->o->counted->was_due = a->o->counted->is_due;
    if (result != 0 || !plan)
        return result;
    result = written_before(a, 'F', plan, NULL);
    plan_release(plan);
    return result;
}

void
written_unsent(struct observer *o)
{
    if (o->counted)
        o->counted->is_due &= o->counted->was_due;
}

/* Its texts were read while it passed; what it is was not known before. */
int
written_long(struct asking *a)
{
    const struct exchange_request *last = exchange_newest(&a->o->exchange);

    if (!a->o->counted || !last || (last->step != STEP_QUERY && last->step != STEP_FUNCTION_CALL))
        return 0;
    return written_after(a, 'Q');
}

int
written_after(struct asking *a, uint8_t type)
{
    struct written *w = a->o->counted;
    bool is_due, is_asked, is_staying, is_keeping;

    if (type != 'Q' && type != 'F' && (type != 'S' || walk_is_ignored(a->s, 'S')))
        return 0;
    a->o->has_begun = a->o->has_ended = false;
    if (PASU_LIKELY(!w))
        return 0;
    is_due = w->is_due;
    is_asked = w->is_asked;
    is_staying = w->is_staying;
    is_keeping = w->is_keeping;
    w->is_due = w->is_asked = w->is_staying = w->is_keeping = false;
    if (!is_due || !is_asked)
        return 0;
    w->waiting++;
    if (!is_staying && !w->is_denied && !a->s->pipeline.is_unclean)
        return ask(a, WRITTEN_AFTER);
    w->is_later = true;
    w->later_keeps = is_keeping;
    return 0;
}

int
written_ask(struct session *s, uint8_t written)
{
    struct asking a = {
        .s = s, .o = s->observer, .tools = s->worker->instruments, .is_changed = true};
    struct session_step step = session_table[s->state][EVENT_CLIENT_QUERY];
    int result;

    a.tools->out_length = 0;
    result = ask(&a, written);
    if (result == 0)
        result = peer_write(&s->server, s->worker->os, a.tools->out, a.tools->out_length);
    if (result == 0)
        s->state = step.next;
    return result;
}
