/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/trial.h"

#include "base/memory.h"
#include "exposure/tally.h"
#include "gate/census.h"
#include "gate/gate_thread.h"
#include "gate/session.h"
#include "gate/session_rules.h"
#include "policy/budget.h"
#include "postgres/plan.h"
#include "postgres/response.h"

enum { TOKEN_DIGITS = 16, PERSONS_ROUND = 4096, PERSONS_ONE_BY_ONE_MAX = 1 << 20 };

static const char doctor_prefix[] = "pasu doctor ";

void
trial_tokens_init(struct trial_tokens *t)
{
    pthread_mutex_init(&t->lock, NULL);
}

/* ---- tokens ---- */

static void
forget_old(struct gate_shared *shared)
{
    struct trial_tokens *t = &shared->trials;

    for (size_t i = 0; i < TRIAL_TOKENS_MAX; i++)
        if (t->items[i].asked.token != 0 && os_monotonic(shared->os) > t->items[i].until) {
            t->items[i].asked.token = 0;
            t->count--;
        }
}

/* One that finds no room is never used: the command waits for it in vain, and says so. */
static void
keep_token(struct gate_shared *shared, const struct message_try *asked)
{
    struct trial_tokens *t = &shared->trials;

    pthread_mutex_lock(&t->lock);
    forget_old(shared);
    for (size_t i = 0; i < TRIAL_TOKENS_MAX; i++)
        if (t->items[i].asked.token == 0) {
            t->items[i].asked = *asked;
            t->items[i].until =
                os_monotonic(shared->os) + TRIAL_TOKEN_SECONDS * NANOSECONDS_PER_SECOND;
            t->count++;
            break;
        }
    pthread_mutex_unlock(&t->lock);
}

uint64_t
trial_token(const char *application, const char *prefix)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t token = 0;

    if (strncmp(application, prefix, strlen(prefix)) != 0)
        return 0;
    application += strlen(prefix);
    if (strlen(application) != TOKEN_DIGITS)
        return 0;
    for (; *application; application++) {
        const char *digit = strchr(digits, *application);

        if (!digit)
            return 0;
        token = token << 4 | (uint64_t)(digit - digits);
    }
    return token;
}

/* False: there is none that is for this session. */
static bool
take_token(struct session *s, uint64_t token, struct message_try *asked)
{
    struct trial_tokens *t = &s->worker->shared->trials;
    bool is_found = false;

    pthread_mutex_lock(&t->lock);
    forget_old(s->worker->shared);
    for (size_t i = 0; i < TRIAL_TOKENS_MAX && !is_found; i++) {
        struct message_try *one = &t->items[i].asked;

        if (one->token != token || strcmp(one->principal, s->user) != 0 ||
            strcmp(one->gateway, s->gateway->config->name) != 0)
            continue;
        *asked = *one;
        one->token = 0;
        t->count--;
        is_found = true;
    }
    pthread_mutex_unlock(&t->lock);
    return is_found;
}

/* ---- sessions ---- */

static void
tell(struct gate_shared *shared, uint64_t token, int error)
{
    struct message_tried tried = {.token = token, .at = os_realtime(shared->os), .error = error};

    if (keeper_link_record(&shared->keeper, MESSAGE_TRIED, &tried, sizeof(tried)) != 0)
        shared->unrecorded_total++;
}

/* The connection is counted at the address that it counts as. */
static bool
move_to(struct session *s, const char *text)
{
    struct endpoint endpoint = {0};
    struct address address;

    snprintf(endpoint.host, sizeof(endpoint.host), "%s", text);
    if (endpoint_address(&address, &endpoint) != 0)
        return false;
    address_count_remove(&s->worker->shared->early, &s->address);
    s->is_counted_early = false;
    s->address = address;
    if (address_count_add(&s->worker->shared->early, &s->address,
                          s->gateway->config->limits.connections_per_address) != 0)
        return false;
    s->is_counted_early = true;
    return true;
}

bool
trial_begin(struct session *s)
{
    struct message_try asked;
    uint64_t token;

    if (PASU_LIKELY(s->worker->shared->trials.count == 0))
        return true;
    token = trial_token(s->application, doctor_prefix);
    if (token == 0 || !take_token(s, token, &asked))
        return true;
    s->trial = token;
    s->trial_control = (uint8_t)asked.control;
    snprintf(s->application, sizeof(s->application), "pasu doctor"); /* it is used up */
    if (asked.control == TRIAL_OF_RULE) {
        s->trial_of = memory_new(1, sizeof(asked));
        if (!s->trial_of) {
            session_fail(s, PASU_E_NOMEM, NULL);
            return false;
        }
        *s->trial_of = asked;
    }
    if ((asked.control != TRIAL_OF_SOURCE && asked.control != TRIAL_OF_RULE) ||
        move_to(s, asked.address))
        return true;
    session_fail(s, PASU_E_TOO_MANY_FROM_ADDRESS, NULL);
    return false;
}

/* Whether it is that rule which decides, and by that verdict. */
static bool
is_of_rule(const struct message_try *asked, const struct ruling *ruling)
{
    bool is_mask = asked->count == VERDICT_MASK;
    const struct config_rule *rule = is_mask ? ruling->mask : ruling->rule;
    char text[EXPOSURE_TEXT_MAX];

    if (!rule || rule_trial(rule) != asked->count ||
        (is_mask ? ruling->verdict == VERDICT_BLOCK : ruling->verdict != rule->verdict))
        return false;
    rule_text(text, rule);
    return strncmp(text, asked->database, sizeof(asked->database) - 1) == 0;
}

/* What rules say of a statement that shows whatever there is, or what a rule's test names. */
static int
judge_most(struct session *s, char message[RESPONSE_TEXT_MAX])
{
    const struct message_try *asked = s->trial_of;
    struct rule_statement most = {
        .verbs = UINT64_C(1) << (asked && asked->port < 63 ? asked->port : VERB_SELECT),
        .purpose = "",
        .minute = os_local_minute(os_realtime(s->worker->os)),
    };
    struct rule_scope scope = {0};
    struct ruling ruling;
    uint64_t kinds;
    int result = session_rules_scope(s, false, &scope);

    if (result != 0)
        return result;
    vocabulary_all(&s->settings->vocabulary, &most.fields, &kinds);
    if (asked)
        most.fields &= asked->visit;
    rule_judge(&scope, &most, &ruling);
    if (ruling.verdict == VERDICT_BLOCK)
        rule_message(message, RESPONSE_TEXT_MAX, &ruling);
    if (asked)
        result = !is_of_rule(asked, &ruling) ? PASU_E_TRIED
                 : ruling_closes(&ruling)    ? PASU_E_RULE_CLOSES
                                             : PASU_E_RULE;
    else
        result = ruling.verdict == VERDICT_BLOCK ? PASU_E_RULE : PASU_E_TRIED;
    rule_scope_release(&scope);
    return result;
}

bool
trial_go_on(struct session *s)
{
    char message[RESPONSE_TEXT_MAX] = "";

    if (PASU_LIKELY(s->trial == 0) || s->trial_control == TRIAL_OF_EXIT)
        return true;
    if (s->trial_control == TRIAL_OF_SOURCE || s->trial_of)
        session_fail(s, judge_most(s, message), message[0] ? message : NULL);
    else
        session_fail(s, PASU_E_TRIED, NULL);
    return false;
}

bool
trial_is_exit(struct session *s, int error)
{
    if (PASU_LIKELY(s->trial == 0) || s->trial_control != TRIAL_OF_EXIT)
        return false;
    tell(s->worker->shared, s->trial, error);
    session_log(s, EVENT_CONTROL_TRIED, error, NULL);
    s->trial = 0;
    return true;
}

void
trial_end(struct session *s)
{
    tell(s->worker->shared, s->trial, s->error != 0 ? s->error : PASU_E_EOF);
    memory_free(s->trial_of);
    s->trial_of = NULL;
    s->trial = 0;
}

/* ---- budgets ---- */

/* Persons whom the tally takes, one after the other, before it refuses one; `most` of them are
 * given at most. */
static int
fill(struct tally *tally, uint32_t now, const struct tally_limits *limits, uint64_t most,
     uint64_t *taken, bool *is_blocked)
{
    struct tally_item items[PERSONS_ROUND];
    struct tally_outcome outcome;
    int result = 0;

    *taken = 0;
    *is_blocked = false;
    while (result == 0 && !*is_blocked && *taken < most) {
        size_t count = most - *taken < PERSONS_ROUND ? (size_t)(most - *taken) : PERSONS_ROUND;

        for (size_t i = 0; i < count; i++)
            items[i] = (struct tally_item){.ordinal = (uint32_t)(*taken + i + 1), .is_row_end = 1};
        result = tally_take(tally, now, items, count, limits, &outcome);
        *taken += outcome.taken;
        *is_blocked = outcome.blocked_by >= 0;
    }
    return result;
}

/* 0: more persons than the limit were taken; PASU_E_BUDGET; or it could not be tried. */
static int
try_limit(struct tally *tally, uint32_t now, const struct tally_limits *limits, uint64_t limit)
{
    struct tally_outcome outcome = {0};
    uint64_t unknown = limit > PERSONS_ONE_BY_ONE_MAX ? limit : 0, taken;
    bool is_blocked;
    int result = unknown ? tally_take_unknown(tally, now, 0, unknown, limits, &outcome) : 0;

    if (result == 0 && unknown && outcome.blocked_by >= 0)
        return PASU_E_MISUSE; /* fewer than the budget allows */
    if (result == 0)
        result = fill(tally, now, limits, limit - unknown + 1, &taken, &is_blocked);
    if (result != 0)
        return result;
    if (is_blocked && taken != limit - unknown)
        return PASU_E_MISUSE;
    return is_blocked ? PASU_E_BUDGET : 0;
}

static int
try_budget(struct gate *g, const struct message_try *asked)
{
    struct tally_book *book = NULL;
    struct tally_limits limits;
    struct tally *tally;
    struct budget budget;
    int result = asked->window < TALLY_WINDOWS ? tally_book_new(&book) : PASU_E_RANGE;

    if (result == 0)
        result = tally_book_get(book, asked->principal, &tally);
    if (result == 0) {
        budget_of(&budget, g->settings->config, g->shared.current.roster, asked->principal, false);
        for (int i = 0; i < TALLY_WINDOWS; i++)
            limits.block[i] = limits.alert[i] = UINT64_MAX;
        limits.block[asked->window] = budget.limits.block[asked->window];
        result = limits.block[asked->window] == UINT64_MAX
                     ? 0
                     : try_limit(tally, os_local_minute(os_realtime(g->shared.os)), &limits,
                                 limits.block[asked->window]);
    }
    tally_book_free(book);
    return result;
}

/* ---- connections of commands ---- */

/* So the server's log is known to be right about it, too. */
static void
arrive(struct gate_shared *shared, const struct message_try *asked)
{
    struct message_backend backend;

    if (visits_arrive(&shared->visits, asked, &backend) &&
        keeper_link_record(&shared->keeper, MESSAGE_BACKEND, &backend, sizeof(backend)) != 0)
        shared->unrecorded_total++;
}

void
trial_ask(struct gate *g, const struct message_try *asked)
{
    struct message_sessions_end answer = {.question = asked->question, .count = asked->token};
    struct message_try copy = *asked;

    copy.gateway[sizeof(copy.gateway) - 1] = copy.principal[sizeof(copy.principal) - 1] = '\0';
    copy.address[sizeof(copy.address) - 1] = copy.database[sizeof(copy.database) - 1] = '\0';
    if (copy.control == TRY_OF_VISIT) {
        visits_announce(&g->shared.visits, &copy, os_monotonic(g->shared.os));
    } else if (copy.control == TRY_OF_ARRIVAL) {
        arrive(&g->shared, &copy);
    } else if (copy.control == TRIAL_OF_BYPASS) {
        visits_test(&g->shared.visits, &copy);
        census_soon(g->shared.census, true);
    } else if (copy.control == TRIAL_OF_BUDGET && g->settings) {
        tell(&g->shared, copy.token, try_budget(g, &copy));
    } else if (copy.control != TRIAL_OF_BUDGET) {
        keep_token(&g->shared, &copy);
    }
    if (asked->question != 0 &&
        keeper_link_send(&g->shared.keeper, MESSAGE_SESSIONS_END, &answer, sizeof(answer)) != 0) {
        /* the keeper's own limit of time answers */
    }
}
