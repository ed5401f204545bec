/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says of the counts, and what is marked for it. */
#include "gate/written.h"

#include "base/memory.h"
#include "gate/doubt.h"
#include "gate/observer.h"
#include "gate/result.h"
#include "gate/walk.h"
#include "gate/worker.h"

#define TELLS_AFTER NANOSECONDS_PER_SECOND
enum {
    OF_USERS = 16384, /* the first number that is not the catalog's own */
    LARGE_OBJECTS = 2613,
    COUNTS_MAX = 1 << 17,
    TELLS_FROM = 15,
    FAMILY_DEPTH_MAX = 16,
};

static void
release(struct written *w)
{
    memory_free(w->counts);
    memory_free(w->grown);
    w->counts = w->grown = NULL;
    w->count = w->size = w->at = 0;
    w->grown_count = w->grown_size = 0;
}

void
written_free(struct written *w)
{
    if (!w)
        return;
    release(w);
    memory_free(w);
}

bool
written_follows(const struct observer *o)
{
    const struct exchange_request *next = exchange_first(&o->exchange);

    return next && next->is_ours && next->function >= WRITTEN_AFTER;
}

static bool
read_number(struct reader *r, uint64_t *number)
{
    uint32_t length = reader_u32(r);
    struct view text = reader_bytes(r, length != UINT32_MAX ? length : 0);

    *number = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(text.bytes[i] - '0');
    }
    return text.length > 0 && text.length < 20;
}

static int
add(struct written_count **counts, uint32_t *count, uint32_t *size, const struct written_count *one)
{
    struct written_count *more;

    if (*count == *size) {
        more = memory_resize(*counts, *size == 0 ? 64 : 2 * *size, sizeof(*more));
        if (!more)
            return PASU_E_NOMEM;
        *counts = more;
        *size = *size == 0 ? 64 : 2 * *size;
    }
    (*counts)[(*count)++] = *one;
    return 0;
}

/* The rows come in one order, before and behind. */
static struct written_count
before_of(struct written *w, uint32_t relation)
{
    while (w->at < w->count && w->counts[w->at].relation < relation)
        w->at++;
    if (w->at < w->count && w->counts[w->at].relation == relation)
        return w->counts[w->at];
    return (struct written_count){.relation = relation};
}

/* How much more it is: what has been told is known of all processes together. */
static uint64_t
grown_by(const struct observer *o, uint64_t own_before, uint64_t own, uint64_t all_before,
         uint64_t all)
{
    if (o->counted->is_untold)
        return own >= own_before ? own - own_before : own;
    if (o->server_version < TELLS_FROM) /* and that is known a while later */
        return 1;
    return own + (all - all_before);
}

static int
mark(struct session *s, const struct catalog_mark *mark)
{
    s->observer->counted->is_any = true;
    return catalog_store_mark(s->worker->shared->catalogs, s->observer->place, mark,
                              s->settings->vocabulary.id);
}

int
written_mark_all(struct session *s)
{
    const struct written *w = s->observer->counted;

    return mark(s, &(struct catalog_mark){.name = CATALOG_EVER,
                                          .column = CATALOG_MADE,
                                          .fields = w->fields,
                                          .kinds = w->kinds});
}

int
written_mark_one(struct session *s, uint32_t relation)
{
    const struct written *w = s->observer->counted;
    const struct catalog_mark one = {.relation = relation,
                                     .fields = w->fields & w->read_fields,
                                     .kinds = w->kinds & w->read_kinds};

    int result;

    /* That a snapshot shows it can be because it is young: it would not be for good. */
    if (one.fields == 0 ||
        catalog_store_has_mark(s->worker->shared->catalogs, s->observer->place, NULL, &one))
        return 0;
    result = mark(s, &one);
    return result == PASU_E_RANGE ? written_mark_all(s) : result; /* too many */
}

/* What is not known can be anything. */
static bool
is_known(const struct session *s, const struct catalog_relation *r)
{
    if (!r || r->is_never || r->speaks_values)
        return false;
    return !catalog_store_has_mark(s->worker->shared->catalogs, s->observer->place, r, NULL);
}

void
written_reads_all(struct session *s)
{
    s->observer->counted->read_fields = s->observer->counted->read_kinds = UINT64_MAX;
}

void
written_reads(struct session *s, uint32_t relation)
{
    struct written *w = s->observer->counted;
    const struct catalog *catalog = s->observer->catalog;
    const struct catalog_relation *r = catalog ? catalog_relation(catalog, relation) : NULL;

    if (!is_known(s, r)) {
        written_reads_all(s);
    } else {
        w->read_fields |= r->fields | r->marked_fields;
        w->read_kinds |= r->kinds | r->marked_kinds;
    }
}

bool
written_is_personal(const struct session *s, uint32_t relation)
{
    const struct observer *o = s->observer;
    const struct catalog_relation *r = o->catalog ? catalog_relation(o->catalog, relation) : NULL;

    return !is_known(s, r) || (r->fields | r->marked_fields) != 0;
}

static int
take_row(struct session *s, uint8_t written, struct view body)
{
    struct written *w = s->observer->counted;
    struct reader r = reader_of(body);
    uint16_t columns = reader_u16(&r);
    bool is_row = columns == 7;
    struct written_count now = {0}, before = {0};
    uint64_t relation = 0, last = 0, is_counting = 0;

    if (written == WRITTEN_TELL)
        return 0;
    if (columns == 1) { /* of what goes before it */
        w->has_row = true;
        return 0;
    }
    is_row = is_row && read_number(&r, &relation) && relation <= UINT32_MAX &&
             read_number(&r, &now.own) && read_number(&r, &now.all) &&
             read_number(&r, &now.own_read) && read_number(&r, &now.all_read) &&
             read_number(&r, &last) && read_number(&r, &is_counting);
    if (!is_row || reader_end(&r) != 0)
        return PASU_E_UPSTREAM_PROTOCOL;
    w->is_blind |= is_counting != 1;
    w->has_row = true;
    now.relation = (uint32_t)relation;
    w->is_untold = written == WRITTEN_AFTER && last > 0;
    if (w->count >= COUNTS_MAX || w->grown_count >= COUNTS_MAX) {
        w->is_blind = true;
        return 0;
    }
    if (written == WRITTEN_BEFORE)
        return add(&w->counts, &w->count, &w->size, &now);
    before = before_of(w, now.relation);
    w->is_blind |= w->is_fresh && last == 0;
    if (grown_by(s->observer, before.own_read, now.own_read, before.all_read, now.all_read) > 0)
        written_reads(s, now.relation);
    now.own = grown_by(s->observer, before.own, now.own, before.all, now.all);
    return now.own > 0 ? add(&w->grown, &w->grown_count, &w->grown_size, &now) : 0;
}

/* ---- which of them ---- */

void
written_told(struct observer *o, uint64_t rows, bool is_over)
{
    struct written *w = o->counted;
    const struct plan_statement *statement = o->result.statement;
    struct written_target *target;

    if (o->result.portal)
        o->result.portal->is_suspended = !is_over;
    if (PASU_LIKELY(!w || (w->waiting == 0 && !w->is_due && !w->is_asked)) || !statement)
        return;
    target = w->targets;
    if (statement->special == SPECIAL_EXECUTE) {
        const struct prepared *prepared = exchange_prepared(&o->exchange, statement->name);

        statement = prepared ? prepared->statement : NULL;
    }
    if (!statement || statement->target == 0 || rows == UINT64_MAX)
        return;
    while (target < w->targets + w->target_count && target->relation != statement->target)
        target++;
    if (target == w->targets + WRITTEN_TARGETS_MAX)
        return;
    if (target == w->targets + w->target_count)
        w->targets[w->target_count++] = (struct written_target){.relation = statement->target};
    target->rows += rows;
}

static uint64_t
take_grown(struct written *w, uint32_t relation, bool is_taken)
{
    uint64_t rows = 0;

    for (uint32_t i = 0; i < w->grown_count; i++)
        if (w->grown[i].relation == relation) {
            rows += w->grown[i].own;
            if (is_taken)
                w->grown[i].own = 0;
        }
    return rows;
}

/* With its partitions, whose rows are its own. What goes to one on another server nobody counts:
 * UINT64_MAX. */
static uint64_t
take_family(struct session *s, uint32_t relation, bool is_taken, unsigned depth)
{
    const struct catalog *catalog = s->observer->catalog;
    const struct catalog_relation *r = catalog_relation(catalog, relation);
    uint64_t rows = take_grown(s->observer->counted, relation, is_taken);
    const struct catalog_spill *spill;
    size_t at = 0;

    if (!r || r->kind == 'f' || depth == 0)
        return UINT64_MAX;
    while (r->kind == 'p' && (spill = catalog_spill(catalog, relation, &at)) != NULL) {
        uint64_t more =
            spill->kind == SPILL_CHILD ? take_family(s, spill->to, is_taken, depth - 1) : 0;

        rows = more < UINT64_MAX - rows ? rows + more : UINT64_MAX;
    }
    return rows;
}

/* Tables whose rows have all been counted by tags: code has put none there. */
static void
take_targets(struct session *s)
{
    struct written *w = s->observer->counted;

    for (uint8_t i = 0; i < w->target_count && s->observer->catalog; i++)
        if (take_family(s, w->targets[i].relation, false, FAMILY_DEPTH_MAX) == w->targets[i].rows)
            (void)take_family(s, w->targets[i].relation, true, FAMILY_DEPTH_MAX);
}

/* Rows on other servers that are somebody's: nobody counts who reads them. */
static bool
has_foreign(const struct catalog *catalog)
{
    size_t count = catalog ? catalog_relation_count(catalog) : 0;

    for (size_t i = 0; i < count; i++) {
        const struct catalog_relation *r = catalog_relation_at(catalog, i);

        if (r->kind == 'f' && (r->fields != 0 || r->is_never))
            return true;
    }
    return false;
}

static int
mark_grown(struct session *s)
{
    struct observer *o = s->observer;
    struct written *w = o->counted;
    int result = 0;

    if (w->grown_count > 0 && (written_is_carrying(o, false) || has_foreign(o->catalog)))
        written_reads_all(s);
    if (w->read_fields != 0 && w->grown_count > 0)
        take_targets(s);
    for (uint32_t i = 0; w->read_fields != 0 && result == 0 && i < w->grown_count; i++)
        if (w->grown[i].own > 0)
            result = written_mark_one(s, w->grown[i].relation);
    return result;
}

/* ---- answers ---- */

/* A field of an ErrorResponse; empty where it has none. */
static struct view
error_field(const uint8_t *message, size_t length, char which)
{
    struct reader r = reader_of(view_of(message + WALK_HEAD, length - WALK_HEAD));
    uint8_t field;

    while ((field = reader_u8(&r)) != 0 && !r.failed) {
        struct view value = reader_text(&r);

        if (field == which)
            return value;
    }
    return view_of("", 0);
}

bool
written_is_fatal(const uint8_t *message, size_t length)
{
    struct view severity = error_field(message, length, 'V');

    return view_equal(severity, VIEW("FATAL")) || view_equal(severity, VIEW("PANIC"));
}

static int
take_answer(struct session *s, uint8_t written, const uint8_t *message, size_t length)
{
    struct written *w = s->observer->counted;

    switch (message[0]) {
    case '1': /* it begins */
        w->is_failed = w->has_row = w->is_untold = false;
        w->at = w->grown_count = 0;
        if (written != WRITTEN_AFTER)
            w->count = w->target_count = 0;
        return 0;
    case 'D':
        return take_row(s, written, view_of(message + WALK_HEAD, length - WALK_HEAD));
    case 'E':
        w->is_failed = true;
        w->is_denied |=
            written != WRITTEN_TELL && view_equal(error_field(message, length, 'C'), VIEW("42501"));
        if (written == WRITTEN_BEFORE) {
            w->count = w->target_count = 0;
            w->is_fresh |= w->is_told;
            w->is_blind |= !w->is_told;
        }
        return 0;
    case 'C':
        w->is_told |= written == WRITTEN_TELL;
        w->has_before |= written == WRITTEN_BEFORE;
        w->is_blind |= written != WRITTEN_TELL && !w->has_row;
        return 0;
    case '2':
    case '3':
    case 'N':
        return 0;
    default:
        return PASU_E_UPSTREAM_PROTOCOL;
    }
}

int
written_answer(struct session *s, const struct exchange_request *request, const uint8_t *message,
               size_t length)
{
    return take_answer(s, (uint8_t)request->function, message, length);
}

/* Whether the server has nothing else to do, and the client nothing under way to it. */
static bool
can_ask_again(const struct session *s)
{
    const struct observer *o = s->observer;

    return s->transaction == 'I' && !o->counted->is_again && o->exchange.count == 1 &&
           s->state == SESSION_IDLE && s->from_client.left == 0 && !o->is_unsynced && !o->is_muted;
}

/* ---- at the end ---- */

/* The questions about a unit are over, or will not be asked. What stood behind a question that was
 * skipped was skipped. */
static int
settle(struct session *s, bool is_unknown)
{
    struct written *w = s->observer->counted;
    int result = 0;

    if (is_unknown)
        result = written_mark_all(s);
    else if (w->has_before || w->is_fresh)
        result = mark_grown(s);
    w->has_before = w->is_blind = w->is_told = w->is_fresh = w->is_again = false;
    w->grown_count = w->target_count = 0;
    if (w->waiting > 0)
        w->waiting--;
    if (w->waiting == 0 && !w->is_due && !w->is_asked) {
        w->read_fields = w->read_kinds = 0;
        release(w);
        if (!w->is_open)
            w->fields = w->kinds = 0;
    }
    if (result == 0 && w->is_any)
        result = hold_marks(s);
    w->is_any = false;
    return result;
}

int
written_ready(struct session *s, const struct exchange_request *request)
{
    struct written *w = s->observer->counted;
    bool is_failed = w->is_failed;

    w->is_failed = false;
    if (request->function < WRITTEN_AFTER)
        return 0;
    if (is_failed && !w->is_blind && !w->is_denied && can_ask_again(s)) {
        w->is_again = true;
        return written_ask(s, (uint8_t)request->function);
    }
    return settle(s, is_failed || w->is_blind);
}

/* The question behind, now that it is known where the unit has left the transaction. */
static int
ask_later(struct session *s)
{
    struct written *w = s->observer->counted;

    w->is_later = false;
    if (s->transaction == 'I' && s->state == SESSION_IDLE && s->observer->exchange.count == 0 &&
        !w->is_denied && !s->is_left)
        return written_ask(s, WRITTEN_AFTER);
    if (s->transaction == 'I' || w->later_keeps)
        return settle(s, true);
    /* In a block it is not over; where that has failed, nothing of it stays. */
    w->is_open |= s->transaction == 'T';
    w->is_called |= w->is_open;
    w->has_before = w->is_fresh = false;
    return settle(s, false);
}

int
written_over(struct session *s)
{
    struct written *w = s->observer->counted;
    int result = 0;

    if (PASU_LIKELY(!w))
        return 0;
    result = w->error;
    if (result == 0 && w->is_later)
        result = ask_later(s);
    w->is_lost |= w->is_unsure && s->transaction == 'I';
    w->is_unsure = false;
    if (result == 0 && w->is_open && w->is_lost && s->transaction != 'E') {
        result = written_mark_all(s);
        if (result == 0)
            result = hold_marks(s);
        w->is_open = w->is_any = false;
    }
    if (s->transaction == 'I' && s->observer->exchange.count == 0 && !w->is_looking)
        written_transaction_over(w);
    return result;
}

void
written_transaction_over(struct written *w)
{
    w->is_open = w->is_called = w->is_reading = w->is_late = w->is_lost = w->has_more = false;
    w->named_count = 0;
    if (w->waiting == 0 && !w->is_due && !w->is_asked)
        w->fields = w->kinds = 0;
}

int
written_lost(struct session *s)
{
    struct written *w = s->observer->counted;
    int result = 0;

    if (!w)
        return 0;
    if (w->waiting > 0 || (w->is_due && w->is_asked) || (w->is_open && w->is_lost))
        result = written_mark_all(s);
    w->waiting = 0;
    w->is_due = w->is_open = false;
    return result == 0 && w->is_any ? hold_marks(s) : result;
}
