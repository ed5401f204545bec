/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/verdict.h"

#include "base/memory.h"
#include "gate/expose.h"
#include "gate/instruments.h"
#include "gate/plan_flags.h"
#include "gate/result.h"
#include "gate/session.h"
#include "postgres/response.h"

static void
log_rule(const struct session *s, enum log_event event, const char *rule, uint64_t statements)
{
    char address[ADDRESS_SIZE];
    const struct log_field fields[] = {
        F_HEX("session", s->id),
        F_TEXT("gateway", s->gateway->config->name),
        F_TEXT("principal", s->user),
        F_TEXT("database", s->database),
        F_TEXT("application", s->application),
        F_TEXT("address", address),
        F_TEXT("rule", rule),
        F_UINT("statements", statements),
    };

    session_address_text(s, address);
    log_event(&s->worker->shared->log, event, fields, COUNT_OF(fields));
}

/* ---- rules that let pass ---- */

/* NULL where memory is out. */
static struct rule_told *
told_of(struct session_rules *rules, const char *rule, bool is_shadow)
{
    struct rule_told *more;

    for (size_t i = 0; i < rules->told_count; i++)
        if (strcmp(rules->told[i].rule, rule) == 0)
            return &rules->told[i];
    more = memory_resize(rules->told, rules->told_count + 1, sizeof(*more));
    if (!more)
        return NULL;
    rules->told = more;
    more += rules->told_count++;
    *more = (struct rule_told){.is_shadow = is_shadow};
    snprintf(more->rule, sizeof(more->rule), "%s", rule);
    return more;
}

static enum log_event
event_of(const struct rule_told *told)
{
    return told->is_shadow ? EVENT_RULE_SHADOW : EVENT_RULE_ALERT;
}

/* What there was since the last line. */
static int
settle(struct session *s, struct rule_told *told)
{
    uint64_t unrecorded = told->unrecorded;

    if (told->unlogged > 0)
        log_rule(s, event_of(told), told->rule, told->unlogged);
    told->unlogged = told->unrecorded = 0;
    if (unrecorded == 0)
        return 0;
    return expose_ruled(s, NULL, told->rule, told->is_shadow ? VERDICT_OF_ALLOW : VERDICT_OF_ALERT,
                        (uint32_t)(unrecorded < UINT32_MAX ? unrecorded : UINT32_MAX), 0);
}

/* A statement begins of which a rule tells: the first one of a minute is told at once. */
static int
tell(struct session *s, const char *rule, bool is_shadow, uint32_t minute, bool is_recorded,
     bool *is_first)
{
    struct rule_told *told = told_of(&s->observer->rules, rule, is_shadow);
    int result;

    *is_first = false;
    if (!told)
        return PASU_E_NOMEM;
    if (told->minute == minute) {
        told->unlogged++;
        told->unrecorded += !is_recorded;
        return 0;
    }
    *is_first = true;
    told->minute = minute;
    result = settle(s, told);
    log_rule(s, event_of(told), rule, 1);
    return result;
}

/* ---- what a statement is ---- */

static uint64_t
fields_of(const struct session *s, const struct plan_statement *statement)
{
    uint64_t fields = 0, all, kinds;

    observer_all(s, &all, &kinds);
    if (!statement)
        return all;
    if (!statement->is_understood ||
        (statement->special == SPECIAL_COPY_OUT && statement->part_count == 0))
        return statement->most_fields & all;
    for (size_t p = 0; p < statement->part_count; p++)
        fields |= statement->parts[p].fields;
    return (fields | (statement->inner ? fields_of(s, statement->inner) : 0)) & all;
}

/* What EXECUTE and FETCH stand for, as far as can be told before they are sent; NULL: anything. */
static const struct plan_statement *
followed(const struct exchange *x, const struct plan_statement *statement)
{
    const struct plan_statement *meant = statement;
    struct view types;

    if (statement->special == SPECIAL_EXECUTE || statement->is_executed)
        (void)exchange_expected(x, statement->name, &meant, &types);
    else if (statement->special == SPECIAL_FETCH)
        (void)exchange_expected_portal(x, statement->name, &meant);
    return meant;
}

/* ---- before it is sent ---- */

/* A ruling in words: the rule's name as records have it, its zero, and what the client is told.
 * memory_free; NULL where memory is out. */
static char *
words_of(const struct ruling *ruling)
{
    char text[EXPOSURE_TEXT_MAX], message[RESPONSE_TEXT_MAX];
    size_t length, size;
    char *words;

    rule_text(text, ruling->rule);
    rule_message(message, sizeof(message), ruling);
    length = strlen(text) + 1;
    size = strlen(message) + 1;
    words = memory_new(length + size, 1);
    if (!words)
        return NULL;
    memcpy(words, text, length);
    memcpy(words + length, message, size);
    return words;
}

void
verdict_refuse(struct session *s, struct exchange_request *request)
{
    struct session_rules *rules = &s->observer->rules;

    request->ruling = rules->blocked;
    request->is_refused = true;
    rules->blocked = NULL;
}

static int
ask(struct session *s, struct exchange_request *request, const struct plan_statement *statement,
    uint64_t flags)
{
    const struct observer *o = s->observer;
    const struct plan_statement *meant = statement ? followed(&o->exchange, statement) : NULL;
    struct instruments *tools = s->worker->instruments;
    struct ruling ruling;
    const struct rule_statement asked = {
        .fields = fields_of(s, meant) | (statement ? fields_of(s, statement) : 0),
        .flags = flags | (statement ? plan_flags(statement->flags) : FLAG_BIT(OPAQUE)) |
                 (meant ? plan_flags(meant->flags) : FLAG_BIT(OPAQUE)),
        .verbs = meant && meant->verbs && statement->verbs ? meant->verbs | statement->verbs : 0,
        .purpose = actor_purpose(s),
        .minute = instruments_minute(tools, os_realtime(s->worker->os)),
    };

    session_rules_judge(&o->rules, &asked, &ruling);
    if (ruling.verdict != VERDICT_BLOCK)
        return 0;
    request->ruling = words_of(&ruling);
    request->is_refused = true;
    return request->ruling ? 0 : PASU_E_NOMEM;
}

int
verdict_execute(struct session *s, struct exchange_request *request,
                const struct plan_statement *statement)
{
    int result = session_rules_renew(s);

    if (result != 0 || PASU_LIKELY(!s->observer->rules.can_block) || request->is_refused)
        return result;
    return ask(s, request, statement, 0);
}

int
verdict_ask(struct session *s, struct exchange_request *request, const struct plan *plan)
{
    int result = session_rules_renew(s);

    if (result != 0 || PASU_LIKELY(!s->observer->rules.can_block))
        return result;
    for (size_t i = 0; i < plan->statement_count && result == 0 && !request->is_refused; i++)
        result = ask(s, request, &plan->statements[i], 0);
    return result;
}

int
verdict_call(struct session *s, struct exchange_request *request)
{
    /* One of PostgreSQL's own, which shows nothing. */
    static const struct plan_statement quiet = {.is_understood = true,
                                                .verbs = UINT64_C(1) << VERB_SELECT};
    const struct plan_statement *statement = &quiet;
    int result = session_rules_renew(s);

    if (result != 0 || PASU_LIKELY(!s->observer->rules.can_block) || request->is_refused)
        return result;
    if (request->plan)
        statement = request->plan->statement_count > 0 ? &request->plan->statements[0] : NULL;
    return ask(s, request, statement, FLAG_BIT(FUNCTION_CALL));
}

int
verdict_refused(struct session *s, const struct exchange_request *request)
{
    log_rule(s, EVENT_RULE_BLOCKED, request->ruling, 1);
    return expose_ruled(s, result_statement(s->observer, request), request->ruling,
                        VERDICT_OF_BLOCK, 1, FLAG_BIT(REFUSED));
}

/* ---- when it shows something ---- */

static void
put_rule(struct exposure *e, enum verdict verdict, const char *rule)
{
    if (e->verdict < verdict)
        e->verdict = (uint8_t)verdict;
    snprintf(e->rule, sizeof(e->rule), "%s", rule);
}

/* Of rules that let pass. */
static int
pass(struct session *s, struct exposure *e, const struct ruling *ruling, uint32_t minute)
{
    char alert[EXPOSURE_TEXT_MAX] = "", shadow[EXPOSURE_TEXT_MAX] = "";
    struct exposure kept;
    bool is_first;
    int result = 0;

    if (ruling->shadow)
        rule_text(shadow, ruling->shadow);
    if (ruling->verdict != VERDICT_ALLOW)
        rule_text(alert, ruling->rule);
    /* What is to be told may need a record, and there is room for one at a time. */
    kept = *e;
    if (e->statements > 0 && shadow[0])
        result = tell(s, shadow, true, minute, !alert[0], &is_first);
    if (result == 0 && e->statements > 0 && alert[0])
        result = tell(s, alert, false, minute, true, &is_first);
    *e = kept;
    if (alert[0])
        put_rule(e, VERDICT_OF_ALERT, alert);
    else if (shadow[0])
        put_rule(e, VERDICT_OF_ALLOW, shadow);
    return result;
}

int
verdict_judge(struct session *s, struct exposure *e, const struct plan_statement *statement,
              uint64_t fields, uint64_t flags, struct judgement *judgement)
{
    struct result *r = &s->observer->result;
    bool is_row = r->is_open && statement && statement == r->statement;
    struct rule_statement shown;
    struct ruling ruling;
    int result = session_rules_renew(s);

    if (result != 0 || PASU_LIKELY(!s->observer->rules.has_verdicts))
        return result;
    shown = (struct rule_statement){
        .fields = fields | (is_row ? fields_of(s, statement) : 0),
        .flags = e->flags | flags,
        .verbs = session_rules_verbs(s, statement),
        .purpose = actor_purpose(s),
        .minute =
            is_row && r->minute ? r->minute : instruments_minute(s->worker->instruments, e->time),
    };
    if (is_row)
        r->minute = shown.minute;
    session_rules_judge(&s->observer->rules, &shown, &ruling);
    if (ruling.verdict != VERDICT_BLOCK || !judgement)
        return ruling.verdict != VERDICT_ALLOW || ruling.shadow ? pass(s, e, &ruling, shown.minute)
                                                                : 0;
    /* Before it is recorded other settings can come into force, and its rule with them be gone. */
    memory_free(s->observer->rules.blocked);
    s->observer->rules.blocked = words_of(&ruling);
    if (!s->observer->rules.blocked)
        return PASU_E_NOMEM;
    judgement->is_blocked = true;
    judgement->ruling = s->observer->rules.blocked;
    put_rule(e, VERDICT_OF_BLOCK, judgement->ruling);
    log_rule(s, EVENT_RULE_BLOCKED, judgement->ruling, 1);
    return 0;
}

/* ---- when it shows nothing ---- */

static int
tell_alone(struct session *s, const struct plan_statement *statement,
           const struct config_rule *rule, uint32_t minute, uint64_t flags)
{
    char text[EXPOSURE_TEXT_MAX];
    bool is_first, is_shadow = rule->shadow;
    int result;

    rule_text(text, rule);
    result = tell(s, text, is_shadow, minute, false, &is_first); /* the rule may be gone then */
    if (result != 0 || !is_first)
        return result;
    return expose_ruled(s, statement, text, is_shadow ? VERDICT_OF_ALLOW : VERDICT_OF_ALERT, 1,
                        flags);
}

int
verdict_done(struct session *s, const struct plan_statement *statement, uint64_t flags)
{
    struct rule_statement done;
    struct ruling ruling;
    int result = session_rules_renew(s);

    if (result != 0 || PASU_LIKELY(!s->observer->rules.has_verdicts) || !statement)
        return result;
    done = (struct rule_statement){
        .fields = fields_of(s, statement),
        .flags = plan_flags(statement->flags) | flags,
        .verbs = session_rules_verbs(s, statement),
        .purpose = actor_purpose(s),
        .minute = instruments_minute(s->worker->instruments, os_realtime(s->worker->os)),
    };
    session_rules_judge(&s->observer->rules, &done, &ruling);
    if (ruling.verdict != VERDICT_ALLOW)
        return tell_alone(s, statement, ruling.rule, done.minute, flags);
    return ruling.shadow ? tell_alone(s, statement, ruling.shadow, done.minute, flags) : 0;
}

void
verdict_leave(struct session *s)
{
    struct session_rules *rules = &s->observer->rules;

    for (size_t i = 0; i < rules->told_count; i++)
        if (settle(s, &rules->told[i]) != 0)
            s->worker->shared->unrecorded_total++;
}

/* ---- sessions ---- */

bool
verdict_session(struct session *s)
{
    struct rule_scope scope = {0};
    struct ruling ruling;
    char message[RESPONSE_TEXT_MAX];
    int result = session_rules_scope(s, &scope);

    if (result != 0) {
        session_fail(s, result, NULL);
        return false;
    }
    rule_judge_session(&scope, os_local_minute(os_realtime(s->worker->os)), &ruling);
    if (ruling.verdict == VERDICT_BLOCK)
        rule_message(message, sizeof(message), &ruling);
    rule_scope_release(&scope);
    if (ruling.verdict == VERDICT_BLOCK)
        session_fail(s, PASU_E_RULE_SESSION, message);
    return ruling.verdict != VERDICT_BLOCK;
}

void
verdict_settings(struct worker *w)
{
    list_each_safe (link, &w->sessions) {
        struct session *s = LIST_ENTRY(link, struct session, all);
        struct rule_scope scope = {0};

        if (!s->is_registered || s->observer || s->state == SESSION_CLOSING)
            continue;
        if (session_rules_scope(s, &scope) != 0 || scope.has_verdicts) {
            session_fail(s, PASU_E_RULE_SESSION,
                         "there are rules now that concern this session, which began without");
            session_watch(s);
        }
        rule_scope_release(&scope);
    }
}
