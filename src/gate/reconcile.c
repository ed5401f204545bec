/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/reconcile.h"

void
reconcile_go_on(struct reconcile *r, const struct message_census *last)
{
    *r = (struct reconcile){
        .is_begun = true,
        .epoch = {last->system, last->database_oid, last->counting, last->reset, 0},
        .since = last->since,
        .at = last->at,
        .base = last->base,
        .sessions = last->sessions,
        .carried_least = last->through_least,
        .carried_most = last->through_most,
        .through_least = last->through_least,
        .through_most = last->through_most,
        .at_least = last->at_least,
        .at_most = last->at_most,
    };
}

static void
begin(struct reconcile *r, const struct reconcile_sight *s)
{
    *r = (struct reconcile){
        .is_begun = true,
        .epoch = s->epoch,
        .since = s->at,
        .at = s->at,
        .base = s->sessions,
        .began_before = s->began,
        .ended_before = s->ended,
    };
}

static enum census_what
compare(const struct reconcile *r, const struct reconcile_sight *s)
{
    const struct reconcile_epoch *then = &r->epoch, *now = &s->epoch;

    if (then->system != now->system || then->database != now->database || then->moves != now->moves)
        return CENSUS_OTHER;
    if (then->counting != now->counting || then->reset != now->reset || s->sessions < r->sessions)
        return CENSUS_RESET;
    return CENSUS_COUNTED;
}

static uint64_t
less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

enum census_what
reconcile_take(struct reconcile *r, const struct reconcile_sight *s)
{
    enum census_what what = r->is_begun ? compare(r, s) : CENSUS_COUNTED;
    uint64_t counted;

    if (!r->is_begun || what != CENSUS_COUNTED)
        begin(r, s);
    counted = s->sessions - r->base;
    if (s->at > r->at)
        r->at = s->at;
    r->sessions = s->sessions;
    r->through_least = r->carried_least + less(s->ready, r->began_before);
    r->through_most = r->carried_most + less(s->began, r->ended_before);
    if (r->through_most < r->through_least)
        r->through_most = r->through_least;
    if (s->is_open && less(counted, r->through_most) > r->at_least) {
        r->carried_most += less(counted, r->through_most) - r->at_least;
        r->through_most = counted - r->at_least;
    }
    if (less(counted, r->through_most) > r->at_least)
        r->at_least = less(counted, r->through_most);
    r->at_most = less(counted, r->through_least);
    if (r->at_most < r->at_least)
        r->at_most = r->at_least;
    return what;
}

void
reconcile_tell(const struct reconcile *r, struct message_census *census)
{
    census->system = r->epoch.system;
    census->database_oid = r->epoch.database;
    census->counting = r->epoch.counting;
    census->reset = r->epoch.reset;
    census->since = r->since;
    census->at = r->at;
    census->base = r->base;
    census->sessions = r->sessions;
    census->through_least = r->through_least;
    census->through_most = r->through_most;
    census->at_least = r->at_least;
    census->at_most = r->at_most;
}
