/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/standing.h"

#include "gate/observer.h"
#include "gate/session.h"

const struct roster *
standing_roster(const struct session *s)
{
    /* Where no configuration has been put in force (tests), the session's own. */
    return worker_settings(s->worker) ? s->worker->roster : s->settings->roster;
}

enum principal_standing
standing_of(const struct session *s)
{
    const struct settings *now = worker_settings(s->worker);

    if (!now)
        now = s->settings;
    return roster_standing(standing_roster(s), s->user, os_realtime(s->worker->os),
                           now->config->principals.ownerless);
}

enum principal_kind
standing_kind(const struct session *s)
{
    return s->observer ? s->observer->kind : roster_kind(standing_roster(s), s->user);
}

bool
standing_fails_open(const struct session *s)
{
    const struct config_gateway *g = s->gateway->config;
    const enum failure_mode modes[] = {
        [PRINCIPAL_UNKNOWN] = g->on_failure_for.unknown,
        [PRINCIPAL_HUMAN] = g->on_failure_for.human,
        [PRINCIPAL_SERVICE] = g->on_failure_for.service,
        [PRINCIPAL_ADMIN] = g->on_failure_for.admin,
    };
    const enum failure_mode own = modes[standing_kind(s)];

    return (own != FAILURE_UNSET ? own : g->on_failure) == FAILURE_OPEN;
}

/* What is in force. */
struct standing {
    struct settings *settings;
    struct origins *origins;
    enum principal_kind kind;
    struct budget budget, approved;
};

static void
look_up(const struct session *s, struct standing *now)
{
    const struct roster *roster = standing_roster(s);
    const struct config *config;

    now->settings = s->worker->settings ? s->worker->settings : s->settings;
    now->origins = s->worker->origins;
    now->kind = roster_kind(roster, s->user);
    config = now->settings->config;
    budget_of(&now->budget, config, roster, s->user, false);
    budget_of(&now->approved, config, roster, s->user, true);
}

static void
adopt(struct session *s, const struct standing *now)
{
    struct observer *o = s->observer;
    struct settings *former = o->in_force;
    struct origins *former_origins = o->origins;

    o->in_force = settings_hold(now->settings);
    o->origins = origins_hold(now->origins);
    settings_release(former);
    origins_release(former_origins);
    o->kind = now->kind;
    o->budget = now->budget;
    o->approved_budget = now->approved;
    o->turn = s->worker->turn;
}

void
standing_begin(struct session *s)
{
    struct standing now;

    look_up(s, &now);
    adopt(s, &now);
}

static void
tell_ownerless(struct session *s)
{
    struct message_ownerless message = {.at = os_realtime(s->worker->os)};

    memcpy(message.principal, s->user, sizeof(message.principal));
    snprintf(message.gateway, sizeof(message.gateway), "%s", s->gateway->config->name);
    if (keeper_link_record(&s->worker->shared->keeper, MESSAGE_OWNERLESS, &message,
                           sizeof(message)) != 0) {
        /* the next session, or change of the roster, tells it again */
    }
}

void
standing_tell(struct session *s)
{
    if (standing_of(s) == STANDING_OWNERLESS)
        tell_ownerless(s);
}

void
standing_look(struct worker *w)
{
    list_each_safe (link, &w->sessions) {
        struct session *s = LIST_ENTRY(link, struct session, all);
        enum principal_standing standing;

        if (s->user[0] == '\0' || s->state == SESSION_CLOSING || s->state == SESSION_CLOSED)
            continue;
        standing = standing_of(s);
        if (standing == STANDING_LEFT)
            session_kill(s, PASU_E_LEFT);
        else if (standing == STANDING_OWNERLESS && s->is_registered)
            tell_ownerless(s);
    }
}

static bool
is_same_budget(const struct budget *a, const struct budget *b)
{
    return memcmp(&a->limits, &b->limits, sizeof(a->limits)) == 0 &&
           memcmp(a->block_by, b->block_by, sizeof(a->block_by)) == 0 &&
           memcmp(a->clear, b->clear, sizeof(a->clear)) == 0 &&
           memcmp(a->clear_by, b->clear_by, sizeof(a->clear_by)) == 0 &&
           memcmp(a->alert_by, b->alert_by, sizeof(a->alert_by)) == 0;
}

/* Kind and budgets are what they were. */
static bool
is_same_principal(const struct observer *o, const struct standing *now)
{
    return now->kind == o->kind && is_same_budget(&now->budget, &o->budget) &&
           is_same_budget(&now->approved, &o->approved_budget);
}

/* Whether it judges all that is on its way as what held until now does. */
static bool
is_same(const struct observer *o, const struct standing *now)
{
    return now->settings == o->in_force && now->origins == o->origins && is_same_principal(o, now);
}

static bool
is_current(const struct session *s)
{
    return PASU_LIKELY(s->observer->turn == s->worker->shared->current.turn) ||
           s->observer->is_refusing;
}

void
standing_follow(struct session *s)
{
    if (PASU_UNLIKELY(!is_current(s)) && s->observer->exchange.count == 0)
        standing_begin(s);
}

static void
adopt_if_same(struct session *s)
{
    struct standing now;

    look_up(s, &now);
    if (is_same_principal(s->observer, &now))
        adopt(s, &now);
}

void
standing_begin_rows(struct session *s)
{
    if (PASU_UNLIKELY(!is_current(s)))
        adopt_if_same(s);
}

static bool
must_wait(struct session *s, uint8_t type)
{
    struct standing now;

    look_up(s, &now);
    if (s->observer->exchange.count > 0 && !is_same(s->observer, &now))
        return type == 'Q' || type == 'E' || type == 'F';
    adopt(s, &now);
    return false;
}

bool
standing_must_wait(struct session *s, uint8_t type)
{
    return !is_current(s) && must_wait(s, type);
}
