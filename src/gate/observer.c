/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/observer.h"
#include "gate/identity_use.h"

#include "base/memory.h"
#include "exposure/directory.h"
#include "gate/ask.h"
#include "gate/doubt.h"
#include "gate/fresh_marks.h"
#include "gate/instruments.h"
#include "gate/result.h"
#include "gate/retry.h"
#include "gate/session.h"
#include "gate/standing.h"
#include "gate/verdict.h"
#include "gate/walk.h"
#include "postgres/encoding.h"
#include "postgres/plan_again.h"

/* ---- life ---- */

int
observer_new(struct session *s)
{
    const struct config *config = s->settings->config;
    struct worker *w = s->worker;
    struct observer *o;
    int result = 0;

    if (config->personal_count == 0 && config->never.count == 0 &&
        !rules_have_verdicts(s->settings->rules) &&
        !rules_have_verdicts(session_rules_settings(s)->rules))
        return 0;
    if (!w->instruments)
        result = instruments_new(&w->instruments, w);
    o = result == 0 ? memory_new(1, sizeof(*o)) : NULL;
    if (!o)
        return PASU_E_NOMEM;
    o->session = s;
    hold_init(&o->hold);
    approval_init(&o->approval);
    result = tally_book_get(w->shared->tallies, s->user, &o->tally);
    if (result == 0)
        o->place =
            catalog_store_enter(w->shared->catalogs, s->settings, s->gateway->index, s->database);
    if (!o->place) {
        memory_free(o);
        return PASU_E_NOMEM;
    }
    memcpy(o->role, s->user, sizeof(o->role));
    o->shifts = catalog_store_shifts(o->place);
    s->observer = o;
    standing_begin(s);
    identity_use_enter(s);
    return actor_init(s);
}

void
observer_free(struct session *s)
{
    struct observer *o = s->observer;

    if (!o)
        return;
    verdict_leave(s);
    intent_leave(s);
    identity_use_leave(s);
    s->observer = NULL;
    growth_settle(catalog_store_growth(o->place), &o->grown);
    catalog_store_close(s->worker->shared->catalogs, &o->marking, true);
    catalog_store_leave(s->worker->shared->catalogs, o->place);
    settings_release(o->in_force);
    origins_release(o->origins);
    hold_release(&o->hold);
    actor_release(&o->actor);
    session_rules_release(&o->rules);
    result_close(o);
    pinned_release(&o->result.own);
    exchange_release(&o->exchange);
    for (uint8_t i = 0; i < o->deferred_count; i++)
        plan_release(o->deferred[i].plan);
    memory_free(o->deferred);
    blank_release(&o->blank);
    fresh_clear(&o->fresh);
    written_free(o->counted);
    catalog_release(o->catalog);
    ask_end_text(o);
    kept_release(&o->ask);
    kept_release(&o->retry.asked);
    memory_free(o->retry.role);
    kept_release(&o->answer);
    kept_release(&o->backlog);
    memory_free(o);
}

/* ---- dialect ---- */

bool
observer_is_plain_encoding(struct view name)
{
    static const char *const plain[] = {
        "UTF8",    "SQL_ASCII",  "LATIN1",     "LATIN2",     "LATIN3",     "LATIN4",      "LATIN5",
        "LATIN6",  "LATIN7",     "LATIN8",     "LATIN9",     "LATIN10",    "EUC_KR",      "EUC_JP",
        "EUC_CN",  "EUC_TW",     "KOI8R",      "KOI8U",      "WIN866",     "WIN874",      "WIN1250",
        "WIN1251", "WIN1252",    "WIN1253",    "WIN1254",    "WIN1255",    "WIN1256",     "WIN1257",
        "WIN1258", "ISO_8859_5", "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "EUC_JIS_2004"};

    for (size_t i = 0; i < COUNT_OF(plain); i++)
        if (view_equal(name, view_of_text(plain[i])))
            return true;
    return false;
}

/* "15.4 (Debian …)": 15. */
static uint16_t
version_of(struct view text)
{
    uint16_t version = 0;

    for (size_t i = 0; i < text.length && i < 3; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            break;
        version = (uint16_t)(version * 10 + (text.bytes[i] - '0'));
    }
    return version;
}

void
observer_parameter(struct session *s, struct view name, struct view value)
{
    struct observer *o = s->observer;

    o->has_turned |=
        o->hides_in_prepared && (view_equal(name, VIEW("client_encoding")) ||
                                 view_equal(name, VIEW("standard_conforming_strings")));
    if (view_equal(name, VIEW("standard_conforming_strings"))) {
        o->is_odd_strings = !view_equal(value, VIEW("on"));
    } else if (view_equal(name, VIEW("client_encoding"))) {
        o->is_odd_encoding = !observer_is_plain_encoding(value);
        o->client_encoding = encoding_named(s->worker->shared->encodings, value);
    } else if (view_equal(name, VIEW("server_encoding"))) {
        o->server_encoding = encoding_named(s->worker->shared->encodings, value);
    } else if (view_equal(name, VIEW("application_name"))) {
        actor_report(&o->actor, value);
    } else if (view_equal(name, VIEW("server_version"))) {
        o->server_version = version_of(value);
    }
    /* SQL_ASCII on either side: nothing is converted. */
    o->encoding = encoding_is_raw(o->client_encoding) || encoding_is_raw(o->server_encoding)
                      ? o->server_encoding
                      : o->client_encoding;
}

void
observer_use(struct session *s)
{
    struct instruments *tools = s->worker->instruments;

    standing_follow(s);
    instruments_use(tools, s->settings);
    tools->ordinals.encoding = &s->observer->encoding;
    tools->ordinals.is_unsettled = &s->observer->is_unsettled;
    identity_use_batch(s);
}

struct ordinals
observer_ordinals(const struct session *s, struct view text)
{
    const struct observer *o = s->observer;

    return ordinals_of_text(&s->worker->instruments->ordinals, text,
                            encoding_is_utf8(o->encoding) && encoding_is_utf8(o->server_encoding));
}

/* Whether a text has only one reading: one of ASCII has, in every encoding. */
static bool
is_plain(const struct observer *o, struct view text)
{
    for (size_t i = 0; o->is_odd_encoding && i < text.length; i++)
        if (text.bytes[i] >= 0x80)
            return false;
    return !o->is_odd_strings && !o->is_unsettled && !o->is_turning;
}

bool
observer_is_plain(const struct observer *o)
{
    return is_plain(o, VIEW("\x80"));
}

/* Whether another dialect would give it another reading. */
static bool
has_readings(struct view text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] == '\\' || text.bytes[i] >= 0x80)
            return true;
    return false;
}

bool
observer_can_turn(struct observer *o)
{
    static const char *const words[] = {"standard_conforming_strings", "client_encoding",
                                        "set_config", "names", "reset"};

    if (!o->catalog || o->unseen_fields != 0)
        return true;
    if (o->turning_version != o->catalog_version) {
        o->turning_version = o->catalog_version;
        o->can_turn = false;
        for (size_t i = 0; i < COUNT_OF(words); i++)
            o->can_turn |= catalog_speaks_of(o->catalog, words[i]);
    }
    return o->can_turn;
}

/* ---- plans ---- */

void
observer_renew(struct session *s)
{
    struct observer *o = s->observer;
    uint64_t version;

    fresh_marks_settle(s);
    doubt_settle(s);
    version = catalog_store_version(o->place); /* that which settled it, or a later one */
    if (PASU_LIKELY(version == o->catalog_version))
        return;
    catalog_release(o->catalog);
    o->catalog = catalog_store_get(s->worker->shared->catalogs, o->place);
    o->catalog_version = o->catalog ? catalog_version(o->catalog) : 0;
}

bool
observer_has_catalog(struct session *s)
{
    observer_renew(s);
    return s->observer->catalog != NULL;
}

static struct plan_environment
environment_of(const struct session *s, struct view text)
{
    struct observer *o = s->observer;
    bool is_behind = o->exchange.count > 0 || o->is_unsynced, is_read = is_plain(o, text);

    if (PASU_UNLIKELY(is_behind && is_read && !o->is_taken))
        o->is_taken = has_readings(text);
    return (struct plan_environment){
        .catalog = o->catalog,
        .role = o->exchange.becoming == 0 ? o->role : "", /* what waits may set another one */
        .is_plain_dialect = is_read,
        .may_inject = s->settings->config->attribution.inject && !o->retry.is_again,
        .may_shadow = s->settings->config->attribution.shadow && !o->retry.is_again,
        .shadow_persons = s->settings->config->attribution.shadow_persons,
        .refuses_unknown = s->settings->config->attribution.unknown == UNKNOWN_BLOCK,
        .shape_key = directory_shape_key(s->worker->shared->directory),
    };
}

static bool
has_foreign_type(struct view types)
{
    enum { FIRST_USER_OID = 16384 };

    for (size_t i = 0; i + 4 <= types.length; i += 4)
        if (bytes_get_u32(types.bytes + i) >= FIRST_USER_OID)
            return true;
    return false;
}

/* Whether what sees a cursor's columns, or the texts of what is prepared, can have been made since
 * the snapshot, by this session or another one. */
static bool
may_be_borrowed(const struct session *s)
{
    const struct observer *o = s->observer;

    return o->is_borrowing || o->unseen_fields != 0 || observer_is_stale(s) ||
           catalog_store_shifts(o->place) != o->shifts;
}

int
observer_plan(struct session *s, struct view text, struct plan **plan)
{
    return observer_plan_parse(s, text, view_of(NULL, 0), plan);
}

int
observer_plan_parse(struct session *s, struct view text, struct view types, struct plan **plan)
{
    struct plan_environment environment;
    int result;

    observer_renew(s);
    environment = environment_of(s, text);
    environment.has_foreign_parameters = has_foreign_type(types);
    result = plan_cache_get(s->worker->shared->plans, text, &environment, plan);
    if (result == 0 && ((*plan)->hides_in_cursors || (*plan)->hides_in_prepared) &&
        (may_be_borrowed(s) || ((*plan)->hides_in_prepared && !observer_reads_again(s, *plan)))) {
        plan_release(*plan);
        environment.may_inject = false;
        result = plan_cache_get(s->worker->shared->plans, text, &environment, plan);
    }
    if (result != 0)
        return result;
    if ((*plan)->may_change_dialect)
        s->observer->is_unsettled = true;
    s->observer->hides |= (*plan)->rewritten.bytes != NULL;
    s->observer->hides_in_prepared |= (*plan)->hides_in_prepared;
    s->observer->is_borrowing |= (*plan)->borrows != BORROW_NOT || (*plan)->sees_prepared;
    return 0;
}

bool
observer_reads_again(const struct session *s, const struct plan *plan)
{
    return plan->is_plain_dialect && (!s->observer->has_turned || !has_readings(plan->text));
}

int
observer_plan_bare(struct session *s, const struct plan *was, struct plan **plan)
{
    struct plan_environment environment = {
        .catalog = s->observer->catalog,
        .role = was->role,
        .is_plain_dialect = was->is_plain_dialect,
        .has_foreign_parameters = was->has_foreign_parameters,
        .refuses_unknown = was->refuses_unknown,
        .shape_key = directory_shape_key(s->worker->shared->directory),
    };

    return plan_cache_get(s->worker->shared->plans, was->text, &environment, plan);
}

/* Whether the plan of a template serves for the text that it was made of. */
static bool
is_served(const struct template *template, const struct plan *plan)
{
    return plan->statement_count == 1 && plan->statements[0].is_understood && !plan->refusal &&
           plan->statements[0].special == SPECIAL_NONE && !plan->may_change_dialect &&
           !plan->wants_constants &&
           (!plan->rewritten.bytes || template_may_rewrite(template, plan));
}

/* The plan that served the last text of this template, if it would be found again. */
static bool
plan_again(struct session *s, const struct plan_environment *environment, struct plan **plan)
{
    const struct instruments *tools = s->worker->instruments;
    struct view text = view_of(tools->template.text, tools->template.length);

    if (!tools->again || !plan_is_of(tools->again, text, environment))
        return false;
    *plan = plan_cache_again(s->worker->shared->plans, tools->again);
    return true;
}

int
observer_plan_query(struct session *s, struct view text, struct plan **plan, bool *is_templated)
{
    struct instruments *tools = s->worker->instruments;
    struct template *template = &tools->template;
    struct plan_environment environment;
    int result;

    *is_templated = false;
    observer_renew(s);
    environment = environment_of(s, text);
    if (!environment.is_plain_dialect)
        return observer_plan(s, text, plan);
    if (PASU_LIKELY(template_again(template, text)) && plan_again(s, &environment, plan)) {
        *is_templated = true;
        return 0;
    }
    if (!template_make(template, text))
        return observer_plan(s, text, plan);
    result = plan_cache_get(s->worker->shared->plans, view_of(template->text, template->length),
                            &environment, plan);
    if (result != 0)
        return result;
    *is_templated = is_served(template, *plan);
    if (*is_templated)
        instruments_remember(tools, *plan);
    else
        plan_release(*plan);
    return *is_templated ? 0 : observer_plan(s, text, plan);
}

int
observer_misses(struct session *s, struct view text, bool *misses)
{
    struct template *template = &s->worker->instruments->template;
    struct plan_environment environment;
    struct plan *plan;
    int result;

    observer_renew(s);
    environment = environment_of(s, text);
    if (environment.is_plain_dialect && template_make(template, text))
        text = view_of(template->text, template->length);
    result = plan_cache_get(s->worker->shared->plans, text, &environment, &plan);
    if (result != 0)
        return result;
    *misses = plan_misses(plan);
    plan_release(plan);
    return 0;
}

int
observer_plan_unknown(struct session *s, uint8_t hidden, bool stores, struct plan **plan)
{
    struct plan_environment environment = {
        .catalog = s->observer->catalog,
        .role = "",
        .hidden_count = hidden,
        .stores_nothing = !stores,
        .refuses_unknown = s->settings->config->attribution.unknown == UNKNOWN_BLOCK,
        .shape_key = directory_shape_key(s->worker->shared->directory),
    };

    return plan_unknown(plan, &environment);
}

bool
observer_refuses_call(struct session *s, uint32_t oid)
{
    const struct catalog_function *function;

    if (!observer_has_catalog(s))
        return false;
    function = catalog_function(s->observer->catalog, oid);
    return function && (function->is_exit || function->is_never);
}

uint64_t
observer_population(const struct observer *o, const struct catalog *catalog, uint8_t kind)
{
    return catalog ? catalog_store_population(o->place, catalog, kind) : UINT32_MAX;
}

void
observer_all(const struct session *s, uint64_t *fields, uint64_t *kinds)
{
    vocabulary_all(&s->settings->vocabulary, fields, kinds);
}

/* ---- what changes ---- */

bool
observer_is_stale(const struct session *s)
{
    const struct observer *o = s->observer;

    return s->gateway->config->inspector.user &&
           (catalog_store_is_stale(o->place) || !catalog_store_serves(o->place, o->touched));
}

void
observer_touch(struct session *s, enum catalog_touch whose)
{
    struct observer *o = s->observer;

    o->touched = catalog_store_touch(s->worker->shared->catalogs, o->place, whose);
}

void
observer_resume(struct session *s)
{
    struct observer *o = s->observer;
    struct kept backlog = o->backlog;
    struct walk walk = {0};
    int result;

    if (!session_state_is_relay(s->state))
        return; /* it ends: of what waits nothing will be asked */
    o->is_waiting = o->is_crowded = o->is_settling = false;
    o->backlog = (struct kept){0};
    result = ask_walk(s, backlog.bytes, backlog.length, &walk);
    kept_release(&backlog);
    relay_asked(s, &walk, result);
    session_again(s);
    if (s->state != SESSION_CLOSED)
        session_watch(s);
}

void
observer_cancelled(struct session *s, bool is_unsure)
{
    struct observer *o = s->observer;

    if (!o || !o->is_cancelling)
        return;
    o->is_cancelling = false;
    o->is_released = true;
    o->is_unsure = is_unsure;
    /* Another is being closed, maybe in a walk over a list: this one goes on, or ends, later. */
    if (list_is_empty(&s->again))
        list_append(&s->worker->again, &s->again);
}

void
observer_again(struct session *s)
{
    struct observer *o = s->observer;

    if (!o->is_released || o->is_cancelling)
        return;
    o->is_released = false;
    if (o->is_ready_held) {
        o->is_ready_held = false;
        s->client.is_held = !list_is_empty(&o->hold.link);
        session_flush(s);
    }
    if (!session_state_is_relay(s->state))
        return; /* it ends, or has */
    if (o->is_unsure) {
        session_fail(s, PASU_E_CANCEL_UNANSWERED, NULL);
        session_watch(s);
    } else if (o->is_waiting && !o->is_crowded && !o->is_settling && !retry_is_ready(o) &&
               !approval_holds_client(s)) {
        observer_resume(s);
    }
}

void
observer_catalog(struct session *s, int error)
{
    struct observer *o = s->observer;

    /* An idle session would else hold its old snapshot for as long as it asks nothing. */
    if (o->exchange.count == 0)
        observer_renew(s);
    if (!o->is_waiting || o->is_crowded || o->is_settling || retry_is_ready(o) ||
        approval_holds_client(s))
        return;
    if (error == 0 &&
        (observer_is_stale(s) || (o->is_behind && catalog_store_is_behind(o->place))) &&
        ++o->snapshots < OLD_SNAPSHOTS_MAX)
        return;
    o->snapshots = 0;
    o->is_resumed = true;
    observer_resume(s);
}

void
observer_answered(struct session *s)
{
    struct observer *o = s->observer;

    if (PASU_UNLIKELY(retry_is_ready(o))) {
        retry_resume(s);
    } else if (PASU_UNLIKELY(o->is_crowded && o->exchange.count < ASK_CROWD / 2)) {
        observer_resume(s);
    } else if (PASU_UNLIKELY(o->is_settling && (o->exchange.count == 0 || written_is_fed(s)))) {
        o->is_resumed = true;
        o->is_rest_shown = false; /* all of it has been judged */
        observer_resume(s);
    }
}
