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

/* Kind and limits by the roster and the configuration in force, which is returned. */
static struct settings *
look_up(const struct session *s, enum principal_kind *kind, struct budget *budget,
        struct budget *approved)
{
    const struct roster *roster = standing_roster(s);
    struct settings *settings = s->worker->settings ? s->worker->settings : s->settings;

    *kind = roster_kind(roster, s->user);
    budget_of(budget, settings->config, roster, s->user, false);
    budget_of(approved, settings->config, roster, s->user, true);
    return settings;
}

void
standing_begin(struct session *s)
{
    struct observer *o = s->observer;

    o->budgets_of = settings_hold(look_up(s, &o->kind, &o->budget, &o->approved_budget));
    o->turn = s->worker->turn;
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
is_same(const struct budget *a, const struct budget *b)
{
    return memcmp(&a->limits, &b->limits, sizeof(a->limits)) == 0 &&
           memcmp(a->block_by, b->block_by, sizeof(a->block_by)) == 0 &&
           memcmp(a->clear, b->clear, sizeof(a->clear)) == 0 &&
           memcmp(a->clear_by, b->clear_by, sizeof(a->clear_by)) == 0 &&
           memcmp(a->alert_by, b->alert_by, sizeof(a->alert_by)) == 0;
}

static bool
must_wait(struct session *s, uint8_t type)
{
    struct observer *o = s->observer;
    enum principal_kind kind;
    struct settings *settings;
    struct budget budget, approved;

    settings = look_up(s, &kind, &budget, &approved);
    if (o->exchange.count > 0 && (kind != o->kind || !is_same(&budget, &o->budget) ||
                                  !is_same(&approved, &o->approved_budget)))
        return type == 'Q' || type == 'E' || type == 'F';
    settings_hold(settings);
    settings_release(o->budgets_of);
    o->budgets_of = settings;
    o->kind = kind;
    o->budget = budget;
    o->approved_budget = approved;
    o->turn = s->worker->turn;
    return false;
}

bool
standing_must_wait(struct session *s, uint8_t type)
{
    const struct observer *o = s->observer;

    return PASU_UNLIKELY(o->turn != s->worker->shared->current.turn) && !o->is_refusing &&
           must_wait(s, type);
}
