/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/result.h"

#include "gate/doubt.h"
#include "gate/hidden.h"
#include "gate/identity_use.h"
#include "gate/instruments.h"
#include "gate/mask.h"
#include "gate/pins.h"
#include "gate/preface.h"
#include "gate/renew.h"
#include "gate/session.h"

/* ---- which statement ---- */

struct plan *
result_plan(const struct observer *o, const struct exchange_request *request,
            const struct plan_statement **statement)
{
    struct portal *portal;

    *statement = NULL;
    if (request->step == STEP_EXECUTE) {
        portal = exchange_portal(&o->exchange, request->name);
        *statement = portal && portal->plan ? portal->statement : NULL;
        return portal ? portal->plan : NULL;
    }
    if (!request->plan)
        return NULL;
    if (request->step == STEP_QUERY && o->exchange.statement < request->plan->statement_count)
        *statement = &request->plan->statements[o->exchange.statement];
    else if (request->step != STEP_QUERY && request->plan->statement_count > 0)
        *statement = &request->plan->statements[0];
    return request->plan;
}

const struct plan_statement *
result_statement(const struct observer *o, const struct exchange_request *request)
{
    const struct plan_statement *statement;

    return result_plan(o, request, &statement) ? statement : NULL;
}

const struct plan_statement *
result_meant(struct session *s, const struct exchange_request *request)
{
    const struct plan_statement *statement;
    struct plan *plan = result_plan(s->observer, request, &statement);

    blank_look(s, &plan, &statement);
    return plan ? statement : NULL;
}

/* The argument that stands for the pin's parameter, if it is one of its form: an array's text can
 * also be written as any text. */
static struct view
argument_of(const struct plan_statement *execute, const struct plan_pin *pin)
{
    const struct plan_pin *argument = &execute->arguments[pin->parameter - 1];

    return argument->is_array && !pin->is_array ? view_of(NULL, 0) : argument->literal;
}

struct pinning {
    struct pinned *pinned;
    const struct plan_statement *execute; /* whose arguments stand for parameters; or NULL */
    struct ordinals *literal, *argument;
};

/* The pin with its literal, and how that is encoded. False where none is known. */
static bool
literal_of(const struct pinning *p, struct plan_pin *pin, struct ordinals **as)
{
    bool is_own = pin->literal.bytes != NULL;

    if (!is_own && p->execute && pin->parameter > 0 && pin->parameter <= p->execute->argument_count)
        pin->literal = argument_of(p->execute, pin);
    *as = is_own ? p->literal : p->argument;
    return pin->literal.bytes != NULL;
}

static int
pin_literals(const struct pinning *p, const struct plan_part *part)
{
    struct ordinal_part values[CATALOG_KEY_PARTS_MAX];
    struct ordinals *as;
    int result = 0;

    for (size_t i = 0; i < part->pin_count && result == 0; i++) {
        struct plan_pin pin = part->pins[i];

        if (!literal_of(p, &pin, &as))
            result = PASU_E_MALFORMED;
        else if (part->are_pins_parts)
            result = pins_part(&values[i], part, i, part->pin_types[i], pin.literal, 0, as);
        else
            result = pins_add_literal(p->pinned, as, part, &pin);
    }
    if (result == 0 && part->are_pins_parts)
        result = pins_add_parts(p->pinned, p->literal, part, values, part->pin_count);
    return result;
}

/* The keys that a statement's literals pin, or with EXECUTE its arguments. */
int
result_pin_literals(struct session *s, const struct plan *plan,
                    const struct plan_statement *statement, const struct plan *execute_plan,
                    const struct plan_statement *execute)
{
    struct pinned *pinned = &s->observer->result.own;
    struct ordinals literal = observer_ordinals(s, plan->text);
    struct ordinals argument = execute ? observer_ordinals(s, execute_plan->text) : literal;
    struct pinning pinning = {pinned, execute, &literal, &argument};

    statement = plan_pinning(statement);
    pins_begin(pinned, &literal, &argument);
    for (size_t p = 0; p < statement->part_count; p++) {
        const struct plan_part *part = &statement->parts[p];
        int result = pin_literals(&pinning, part);

        if (result < 0 && result != PASU_E_MALFORMED && result != PASU_E_RANGE)
            return result;
        pins_end_part(pinned, p, part->pin_count > 0 && result == 0, &literal, &argument);
    }
    return 0;
}

/* What a function's text names was looked up when the snapshot was made: no temporary table may
 * have come since, not even by another session whose connection a pooler has handed on. A portal is
 * read to its end as it was begun. The keys were read for the function that was read through. */
static void
read_through(struct session *s)
{
    struct result *r = &s->observer->result;
    bool is_begun = r->portal && r->portal->rows > 0;

    if (!r->statement->read)
        return;
    if (is_begun ? r->portal->is_read : r->is_sure && catalog_store_is_settled(s->observer->place))
        r->statement = r->statement->read;
    else
        r->pinned = NULL;
    if (r->portal)
        r->portal->is_read = r->statement->is_read;
}

/* What a cursor was opened for was read by names as they were then. */
static void
take_statement(struct session *s, struct plan *plan, const struct plan_statement *statement,
               bool is_fetch)
{
    struct result *r = &s->observer->result;
    const struct plan_statement *asked = statement;

    if (!is_fetch)
        blank_look(s, &plan, &statement);
    r->plan = plan_hold(plan);
    r->statement = statement;
    r->is_blank = statement != asked;
    if (r->is_blank && !doubt_has_same_keys(statement, asked))
        r->pinned = NULL;
}

/* Of nothing that is known, but that so many of its columns are hidden. */
static int
set_unknown(struct session *s, uint8_t hidden)
{
    struct result *r = &s->observer->result;
    int result;

    plan_release(r->plan);
    r->plan = NULL;
    result = observer_plan_unknown(s, hidden, false, &r->plan);
    r->statement = result == 0 ? &r->plan->statements[0] : NULL;
    r->pinned = NULL;
    r->verbs = 0;
    r->is_unknown = true;
    return result;
}

/* By its name it is taken for another statement than that whose columns the server tells. */
static int
check_hidden(struct session *s, struct view description)
{
    struct observer *o = s->observer;
    const struct result *r = &o->result;
    uint8_t hidden = hidden_in(o, r->statement, r->is_renamed, description);

    return hidden == r->statement->hidden_count ? 0 : set_unknown(s, hidden);
}

/* Notes what a portal's EXECUTE or FETCH names. */
static void
note_target(const struct observer *o, struct portal *portal)
{
    const struct plan_statement *statement = portal ? portal->statement : NULL;
    const struct prepared *prepared;
    const struct portal *cursor;

    if (statement && statement->special == SPECIAL_EXECUTE) {
        prepared = exchange_prepared(&o->exchange, statement->name);
        portal_names(portal, prepared ? prepared->serial : 0);
    } else if (statement && statement->special == SPECIAL_FETCH) {
        cursor = exchange_portal(&o->exchange, statement->name);
        portal_names(portal, cursor ? cursor->serial : 0);
    }
}

/* A cursor that has outlived its transaction: a snapshot that has come since can know of what it
 * reads what the one it was planned with does not, and what is there now need not be what was. */
static bool
is_overtaken(const struct observer *o, const struct portal *portal)
{
    return portal && portal->is_over && portal->plan && portal->plan->catalog != o->catalog;
}

/* What EXECUTE runs; a portal's, what it ran when it began. */
static int
follow_execute(struct session *s, struct portal *portal, struct plan **plan,
               const struct plan_statement **statement, bool *is_doubtful)
{
    struct prepared *prepared;
    int result;

    if (portal && portal->run) {
        *plan = portal->run;
        *statement = portal->run_statement;
        return 0;
    }
    prepared = exchange_prepared(&s->observer->exchange, (*statement)->name);
    result = prepared ? renew_prepared(s, prepared) : 0;
    *plan = prepared ? prepared->plan : NULL;
    *statement = prepared ? prepared->statement : NULL;
    *is_doubtful |= prepared && prepared->is_doubtful;
    if (result == 0 && portal && *plan && *statement)
        portal_runs(portal, *plan, *statement);
    return result;
}

/* Follows EXECUTE and FETCH to what they stand for. `is_pinned`: its own keys are there. */
static int
set_statement(struct session *s, struct plan *plan, const struct plan_statement *statement,
              struct portal *portal, bool is_pinned)
{
    struct observer *o = s->observer;
    struct result *r = &o->result;
    const struct plan_statement *execute = NULL;
    const struct plan *own;
    bool is_doubtful, is_fetch = statement && statement->special == SPECIAL_FETCH;
    int result = 0;

    note_target(o, portal); /* which can make it doubtful */
    r->verbs = statement ? statement->verbs : 0;
    is_doubtful = portal && portal->is_doubtful;
    if (is_fetch) {
        portal = exchange_portal(&o->exchange, statement->name);
        note_target(o, portal);
        plan = portal ? portal->plan : NULL;
        statement = portal ? portal->statement : NULL;
        is_doubtful |= portal && portal->is_doubtful;
    }
    is_doubtful |= is_overtaken(o, portal);
    own = plan;
    r->pinned = portal ? &portal->pinned : &r->own;
    r->portal = portal;
    if (statement && statement->special == SPECIAL_EXECUTE) {
        execute = statement;
        r->pinned = &r->own;
        result = follow_execute(s, portal, &plan, &statement, &is_doubtful);
        if (result != 0)
            return result;
    } else if (is_fetch && statement && statement->special != SPECIAL_NONE) {
        plan = NULL; /* a portal that fetches itself */
    }
    r->is_renamed = is_doubtful;
    if (!plan || !statement) {
        r->verbs = 0;
        return set_unknown(s, 0);
    }
    r->verbs = r->verbs && statement->verbs ? r->verbs | statement->verbs : 0;
    doubt_of(s, &r->doubt_fields, &r->doubt_kinds);
    if (is_doubtful)
        observer_all(s, &r->doubt_fields, &r->doubt_kinds);
    r->is_doubtful = r->doubt_fields != 0;
    r->is_sure = !is_fetch && r->doubt_fields == 0 && doubt_is_none(s, plan);
    if (r->pinned == &r->own && !is_pinned)
        result = result_pin_literals(s, plan, statement, own, execute);
    take_statement(s, plan, statement, is_fetch);
    read_through(s);
    return result;
}

/* Whether a portal's columns are those of what its statement named when it was bound. */
static bool
is_late(const struct exchange_request *request, const struct plan_statement *statement)
{
    return request->step == STEP_EXECUTE && statement && statement->special != SPECIAL_NONE;
}

/* Whether the statement is found by a name, and not in the text at hand. */
static bool
is_named(const struct exchange_request *request, const struct plan_statement *statement)
{
    return request->step != STEP_QUERY || !statement || statement->special == SPECIAL_EXECUTE ||
           statement->special == SPECIAL_FETCH;
}

static int
open_with(struct session *s, struct exchange_request *request, struct view description,
          struct view formats, bool has_rows)
{
    struct observer *o = s->observer;
    struct result *r = &o->result;
    const struct plan_statement *statement;
    struct plan *plan = result_plan(o, request, &statement);
    struct portal *portal =
        request->step == STEP_EXECUTE ? exchange_portal(&o->exchange, request->name) : NULL;
    int result;

    result_close(o);
    if (request->is_templated) /* its text's keys were read when it was asked */
        pinned_move(&r->own, &request->pinned);
    result = set_statement(s, plan, statement, portal, request->is_templated);
    r->is_renamed |= is_late(request, statement);
    mask_note(s);
    if (result == 0 && has_rows && PASU_UNLIKELY(o->hides) && is_named(request, statement))
        result = check_hidden(s, description);
    if (result == 0 && has_rows)
        result =
            showing_table_get(&s->worker->instruments->showings, r->plan, r->statement, description,
                              formats, preface_names_statement(o, r->statement), &r->showing);
    r->is_open = result == 0;
    if (r->portal) {
        r->rows = r->rows_before = r->portal->rows;
        r->is_counted = r->portal->is_counted;
        r->is_bound_told = r->portal->is_bound_told && !r->is_unknown;
        r->use = r->portal->use;
        if ((r->doubt_fields & ~r->portal->told_fields) == 0 &&
            (r->doubt_kinds & ~r->portal->told_kinds) == 0)
            r->doubt_fields = 0;
    }
    if (r->showing && PASU_UNLIKELY(r->showing->showing->is_never))
        r->doubt_fields = UINT64_MAX; /* answer_doubt refuses them */
    identity_use_open(s);
    r->is_bound_told |= portal ? portal->is_told : request->is_told;
    return result;
}

int
result_open_query(struct session *s, struct exchange_request *request, struct view description)
{
    if (request->step != STEP_QUERY)
        return PASU_E_UPSTREAM_PROTOCOL;
    return open_with(s, request, description, view_of(NULL, 0), true);
}

int
result_open_portal(struct session *s)
{
    struct exchange_request *request = exchange_first(&s->observer->exchange);
    const struct portal *portal;

    if (!request || request->step != STEP_EXECUTE)
        return PASU_E_UPSTREAM_PROTOCOL;
    portal = exchange_portal(&s->observer->exchange, request->name);
    if (!portal)
        return PASU_E_UPSTREAM_PROTOCOL;
    /* What a name stands for can have changed between the question and the rows. */
    if (!portal->is_described && (!portal->statement || exchange_shows(portal->statement)))
        return PASU_E_UPSTREAM_PROTOCOL;
    return open_with(s, request, view_of(portal->description, portal->description_length),
                     portal->results, true);
}

int
result_open_silent(struct session *s, struct exchange_request *request)
{
    if (s->observer->result.is_open)
        return 0;
    return open_with(s, request, view_of(NULL, 0), view_of(NULL, 0), false);
}

/* ---- pins of the showing's parts ---- */

/* The plan's part that the showing's part comes from, by its pins; -1 where it has none. */
static int
plan_part_of(const struct result *r, size_t part)
{
    const struct plan_pin *pins = r->showing->showing->parts[part].pins;

    for (size_t p = 0; pins && p < r->statement->part_count; p++)
        if (r->statement->parts[p].pins == pins)
            return (int)p;
    return -1;
}

bool
result_is_pinned(const struct result *r, size_t part)
{
    int p = plan_part_of(r, part);

    return p >= 0 && r->pinned && r->pinned->is_known[p];
}

const uint32_t *
result_pins(const struct result *r, size_t part, size_t *count)
{
    int p = plan_part_of(r, part);
    uint16_t first;

    *count = 0;
    if (p < 0 || !r->pinned)
        return NULL;
    first = p > 0 ? r->pinned->ends[p - 1] : 0;
    *count = (size_t)(r->pinned->ends[p] - first);
    return r->pinned->ordinals + first;
}

void
result_begin_rows(struct session *s, uint32_t start)
{
    struct instruments *tools = s->worker->instruments;
    struct result *r = &s->observer->result;
    const struct showing *showing = r->showing->showing;

    for (size_t p = 0; p < showing->part_count; p++) {
        size_t count;
        const uint32_t *pins;

        if ((showing->parts[p].source != SOURCE_PINNED && !showing->parts[p].is_given) ||
            !result_is_pinned(r, p))
            continue;
        pins = result_pins(r, p, &count);
        pins_question(r->pinned, (size_t)plan_part_of(r, p), &tools->ordinals.asked);
        gather_pins(&tools->gather, showing, p, &tools->ordinals, pins, count, start);
    }
}

void
result_close(struct observer *o)
{
    struct result *r = &o->result;

    showing_entry_release(r->showing);
    plan_release(r->plan);
    identity_view_release(r->identity);
    memset(r, 0, offsetof(struct result, own));
    r->own.count = 0;
}

void
result_remember(struct observer *o)
{
    struct result *r = &o->result;

    if (r->portal) {
        approval_remember(o);
        r->portal->rows = r->rows;
        r->portal->is_counted = r->is_counted;
        r->portal->is_bound_told |= r->is_bound_told && !r->is_unknown;
        r->portal->use = r->use;
    }
}

/* ---- columns ---- */

/* The statement whose columns these are: EXECUTE and FETCH have those of another. */
static const struct plan_statement *
follow(const struct observer *o, const struct plan_statement *statement, bool *is_doubtful)
{
    const struct prepared *prepared;
    const struct portal *portal;

    if (statement && statement->special == SPECIAL_EXECUTE) {
        prepared = exchange_prepared(&o->exchange, statement->name);
        *is_doubtful |= prepared && prepared->is_doubtful;
        return prepared ? prepared->statement : NULL;
    }
    if (statement && statement->special == SPECIAL_FETCH) {
        portal = exchange_portal(&o->exchange, statement->name);
        *is_doubtful |= portal && portal->is_doubtful;
        return portal ? portal->statement : NULL;
    }
    return statement;
}

const struct plan_statement *
result_followed(const struct observer *o, const struct plan_statement *statement)
{
    bool is_doubtful = false;

    return follow(o, statement, &is_doubtful);
}

int
result_described(struct observer *o, struct exchange_request *request, struct view description,
                 uint8_t *hidden, const struct plan_statement **described)
{
    struct portal *portal;
    struct prepared *prepared;
    const struct plan_statement *statement = NULL;
    bool is_doubtful;

    *hidden = 0;
    *described = NULL;
    if (request->is_portal) {
        int result = 0;

        portal = exchange_portal(&o->exchange, request->name);
        if (!portal) /* the server knows it: a cursor that has outlived its transaction */
            result = exchange_set_portal(&o->exchange, request->name, NULL, NULL, &portal);
        if (result == 0)
            result = portal_describe(portal, description);
        if (result != 0)
            return result;
        note_target(o, portal);
        statement = portal->statement;
        is_doubtful = portal->is_doubtful || (statement && statement->special != SPECIAL_NONE);
    } else {
        prepared = exchange_prepared(&o->exchange, request->name);
        statement = prepared ? prepared->statement : NULL;
        is_doubtful = prepared && prepared->is_doubtful;
    }
    statement = follow(o, statement, &is_doubtful);
    *hidden = hidden_in(o, statement, is_doubtful, description);
    if (statement && *hidden == statement->hidden_count)
        *described = statement;
    return 0;
}

/* Behind a column's name: its table, its number in it. */
void
result_put_origins(const struct plan_statement *statement, struct view description)
{
    struct reader r = reader_of(description);
    const struct plan_origin *o = statement ? statement->origins : NULL;
    const struct plan_origin *end = o ? o + statement->origin_count : NULL;
    uint16_t count = reader_u16(&r);

    for (uint16_t i = 0; i < count && o < end; i++) {
        uint8_t *at;

        reader_text(&r);
        at = (uint8_t *)(uintptr_t)r.at;
        reader_bytes(&r, 18);
        if (r.failed)
            return;
        if (i != o->column + statement->hidden_count)
            continue;
        bytes_put_u32(at, o->relation);
        at[4] = (uint8_t)((uint16_t)o->attribute >> 8);
        at[5] = (uint8_t)o->attribute;
        o++;
    }
}

size_t
result_description_skip(struct view description, uint8_t hidden)
{
    struct reader r = reader_of(description);
    uint16_t count = reader_u16(&r);

    if (count < hidden)
        return 0;
    for (uint8_t i = 0; i < hidden; i++) {
        reader_text(&r);
        reader_bytes(&r, 18);
    }
    return r.failed ? 0 : (size_t)(r.at - description.bytes);
}

/* ---- the most ---- */

void
result_most(const struct session *s, const struct plan_statement *statement, uint64_t *fields,
            uint64_t *kinds)
{
    if (s->is_replication || !statement) {
        observer_all(s, fields, kinds);
        return;
    }
    *fields = statement->most_fields;
    *kinds = statement->most_kinds;
}

void
result_function(const struct session *s, uint32_t oid, uint64_t *fields, uint64_t *kinds)
{
    const struct catalog *catalog = s->observer->catalog;
    const struct catalog_function *function = catalog ? catalog_function(catalog, oid) : NULL;

    *fields = *kinds = 0;
    if (!function) {
        observer_all(s, fields, kinds);
    } else if (function->fields || function->is_opaque) {
        *fields = function->fields;
        *kinds = function->kinds;
    }
}
