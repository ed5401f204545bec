/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/identity_use.h"

#include "exposure/identity_names.h"
#include "gate/instruments.h"
#include "gate/session.h"

/* Settings that name no column of it have no use for an index, nor for what it costs. */
static bool
is_watched(const struct session *s)
{
    return identity_names_are_wanted(s->settings->config);
}

void
identity_use_enter(struct session *s)
{
    if (!is_watched(s))
        identity_watch_miss(catalog_store_watch(s->observer->place));
}

/* The message itself has been counted. */
static bool
is_first(const struct session *s)
{
    return s->transaction == 'I' && s->observer->exchange.count == 0 &&
           s->pipeline.due + s->pipeline.asked == 1;
}

void
identity_use_begin(struct session *s)
{
    struct observer *o = s->observer;
    uint64_t version = catalog_store_identity_version(o->place);

    if (PASU_LIKELY(version == o->identity_version && !o->is_other_snapshot) || !is_watched(s) ||
        !is_first(s))
        return;
    o->is_other_snapshot = false;
    identity_view_release(o->identity);
    o->identity = catalog_store_identity(s->worker->shared->catalogs, o->place);
    o->identity_version = version;
}

/* SET TRANSACTION SNAPSHOT; a text that is not understood can have it in it. */
static bool
may_take_snapshot(const struct plan_statement *statement)
{
    return !statement->is_understood || !statement->sql ||
           (statement->verb == VERB_SET && strcasestr(statement->sql, "snapshot"));
}

void
identity_use_ask(struct session *s, const struct plan_statement *statement)
{
    struct observer *o = s->observer;

    if (PASU_LIKELY(!is_watched(s)))
        return;
    identity_watch_ask(catalog_store_watch(o->place), &o->written, s->worker->os, o->catalog,
                       statement);
    o->is_other_snapshot |= !statement || may_take_snapshot(statement);
}

void
identity_use_open(struct session *s)
{
    struct observer *o = s->observer;
    struct result *r = &o->result;

    if (PASU_UNLIKELY(o->identity != NULL) && r->is_open && r->showing && !o->is_other_snapshot &&
        !r->doubt_fields && !r->is_blank)
        r->identity = identity_view_hold(o->identity);
    identity_use_batch(s);
}

void
identity_use_batch(struct session *s)
{
    struct observer *o = s->observer;
    struct result *r = &o->result;
    struct gather *g = &s->worker->instruments->gather;

    if (PASU_LIKELY(!r->identity))
        gather_identify(g, NULL, NULL, NULL);
    else
        gather_identify(g, r->showing->copy ? NULL : r->showing->showing, r->identity,
                        catalog_store_watch(o->place));
}

void
identity_use_over(struct session *s)
{
    struct observer *o = s->observer;

    identity_watch_settle(catalog_store_watch(o->place), &o->written, s->worker->os);
}

void
identity_use_leave(struct session *s)
{
    identity_use_over(s);
    if (!is_watched(s))
        identity_watch_missed(catalog_store_watch(s->observer->place), s->worker->os);
    identity_view_release(s->observer->identity);
    s->observer->identity = NULL;
}
