/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/verdict.h"

#include "base/memory.h"
#include "gate/administration.h"
#include "gate/approval.h"
#include "gate/expose.h"
#include "gate/first_use.h"
#include "gate/instruments.h"
#include "gate/mask.h"
#include "gate/plan_flags.h"
#include "gate/result.h"
#include "gate/session.h"
#include "gate/source_claim.h"
#include "gate/standing.h"
#include "postgres/response.h"

static void
log_rule(const struct session *s, enum log_event event, const char *rule, uint64_t statements)
{
    const struct log_field fields[] = {F_TEXT("rule", rule), F_UINT("statements", statements)};

    session_log_fields(s, event, fields, COUNT_OF(fields));
}

/* ---- rules that let pass ---- */

/* NULL where memory is out. */
static struct rule_told *
told_of(struct session_rules *rules, const char *rule, enum verdict verdict)
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
    *more = (struct rule_told){.verdict = (uint8_t)verdict};
    snprintf(more->rule, sizeof(more->rule), "%s", rule);
    return more;
}

static enum log_event
event_of(const struct rule_told *told)
{
    return told->verdict == VERDICT_OF_ALERT  ? EVENT_RULE_ALERT
           : told->verdict == VERDICT_OF_MASK ? EVENT_RULE_MASKED
                                              : EVENT_RULE_SHADOW;
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
    return expose_ruled(s, NULL, told->rule, (enum verdict)told->verdict,
                        (uint32_t)(unrecorded < UINT32_MAX ? unrecorded : UINT32_MAX), 0);
}

/* A statement begins of which a rule tells: the first one of a minute is told at once. */
static int
tell(struct session *s, const char *rule, enum verdict verdict, uint32_t minute, bool is_recorded,
     bool *is_first)
{
    struct rule_told *told = told_of(&s->observer->rules, rule, verdict);
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

int
verdict_masked(struct session *s, const char *rule, uint32_t minute)
{
    bool is_first;

    return tell(s, rule, VERDICT_OF_MASK, minute, true, &is_first);
}

/* ---- before it is sent ---- */

#define ENDS "; it ends the session"

/* A ruling in words: the rule's name as records have it, its zero, and what the client is told,
 * with what becomes of it (`end`, or ""), and why the address that was claimed does not count where
 * that matters. memory_free; NULL where memory is out. */
static char *
words_of(const struct session *s, const struct ruling *ruling, const char *end)
{
    char text[EXPOSURE_TEXT_MAX], message[RESPONSE_TEXT_MAX];
    size_t length, size, used;
    char *words;

    rule_text(text, ruling->rule);
    rule_message(message, sizeof(message), ruling);
    used = strlen(message);
    snprintf(message + used, sizeof(message) - used, "%s%s", session_rules_trouble(s, ruling->rule),
             end);
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
    request->is_last = rules->is_last;
    rules->blocked = NULL;
}

/* What rules say of it before it is sent; *fields: that it can show. `is_row`: what it shows comes
 * in rows, which can be masked. */
static void
judge_asked(struct session *s, const struct plan_statement *statement, uint64_t flags, bool is_row,
            struct ruling *ruling, uint64_t *shown)
{
    struct observer *o = s->observer;
    const struct plan_statement *meant = NULL;
    const uint64_t fields = verdict_fields_asked(s, statement, &meant);
    /* Of what EXECUTE and FETCH stand for there are two, else one. */
    const bool is_one = statement && meant == statement;
    const struct rule_statement asked = {
        .fields = fields,
        .flags = flags | administration_of(s, statement) |
                 (is_one ? 0 : administration_of(s, meant)) |
                 (fields ? administration_reader(s) : 0) |
                 (statement ? plan_flags(statement->flags) : FLAG_BIT(OPAQUE)) |
                 (is_one  ? 0
                  : meant ? plan_flags(meant->flags)
                          : FLAG_BIT(OPAQUE)),
        .verbs = meant && meant->verbs && statement->verbs ? meant->verbs | statement->verbs : 0,
        .purpose = actor_purpose(s),
        .use = first_use_of(s, meant),
        .minute = instruments_minute(s->worker->instruments, source_claim_moment(s)),
    };

    *shown = fields;
    session_rules_judge(&o->rules, &asked, ruling);
    if (!is_row)
        ruling_block_masked(ruling);
}

/* What is only prepared, or declared, shows nothing yet: what is run, or fetched, of it is held. */
static bool
shows_later(const struct exchange_request *request, const struct plan_statement *statement)
{
    return (request && request->step == STEP_PARSE) ||
           (statement && statement->is_understood &&
            (statement->special == SPECIAL_PREPARE || statement->special == SPECIAL_DECLARE));
}

static int
ask(struct session *s, struct exchange_request *request, const struct plan_statement *statement,
    uint64_t flags, bool is_row)
{
    char end[APPROVAL_TEXT_SIZE] = "";
    struct ruling ruling;
    uint64_t fields;

    judge_asked(s, statement, flags, is_row, &ruling, &fields);
    if (ruling.verdict < VERDICT_HOLD)
        return 0;
    if (ruling.verdict == VERDICT_HOLD) {
        if (shows_later(request, statement) || approval_take(s, request, fields))
            return 0;
        request->ruled = approval_error(s, end);
    }
    /* What is not understood is refused for what it could be: mistyped, it ends no session. */
    request->is_last = ruling_closes(&ruling) && (!statement || statement->is_understood);
    request->ruling = words_of(s, &ruling, request->is_last ? ENDS : end);
    request->is_refused = true;
    s->observer->is_ending |= request->is_last;
    if (request->is_last)
        written_unsent(s->observer);
    return request->ruling ? 0 : PASU_E_NOMEM;
}

bool
verdict_holds(struct session *s, const struct plan_statement *statement, uint64_t flags,
              struct verdict_hold *hold)
{
    struct ruling ruling;
    uint64_t fields;

    judge_asked(s, statement, flags, !(flags & FLAG_BIT(FUNCTION_CALL)), &ruling, &fields);
    s->observer->rules.passed = ruling.verdict < VERDICT_HOLD && flags == 0 ? statement : NULL;
    hold->is_blocked |= ruling.verdict == VERDICT_BLOCK;
    if (!shows_later(NULL, statement))
        hold->fields |= fields;
    if (ruling.verdict == VERDICT_HOLD && !shows_later(NULL, statement) && hold->rule[0] == '\0')
        rule_text(hold->rule, ruling.rule);
    return hold->rule[0] != '\0' && !hold->is_blocked;
}

bool
verdict_holds_rows(struct session *s, struct verdict_hold *hold)
{
    struct result *r = &s->observer->result;
    const struct showing *showing = r->showing ? r->showing->showing : NULL;
    struct rule_statement shown;
    struct ruling ruling;

    if (!showing || session_rules_renew(s) != 0 || !s->observer->rules.can_block)
        return false;
    shown = (struct rule_statement){
        .fields = r->doubt_fields | verdict_fields(s, r->statement),
        .flags = plan_flags(showing->flags) | (r->statement ? plan_flags(r->statement->flags) : 0),
        .verbs = session_rules_verbs(s, r->statement),
        .purpose = actor_purpose(s),
        .use = first_use_of_rows(s, r->statement),
        .minute = r->minute
                      ? r->minute
                      : instruments_minute(s->worker->instruments, os_realtime(s->worker->os)),
    };
    for (size_t p = 0; p < showing->part_count; p++)
        shown.fields |= showing->parts[p].fields;
    shown.flags |= shown.fields ? administration_reader(s) : 0;
    session_rules_judge(&s->observer->rules, &shown, &ruling);
    if (!mask_is_possible(r->showing))
        ruling_block_masked(&ruling);
    if (ruling.verdict != VERDICT_HOLD || approval_covers(s, shown.fields)) {
        r->minute = shown.minute; /* they come now, and are judged as of then */
        return false;
    }
    hold->fields = shown.fields;
    rule_text(hold->rule, ruling.rule);
    return true;
}

/* Whether it was looked at just now, and by the rules that hold let pass (verdict_holds). */
static bool
has_passed(const struct session *s, const struct plan_statement *statement)
{
    return statement && statement == s->observer->rules.passed;
}

int
verdict_execute(struct session *s, struct exchange_request *request,
                const struct plan_statement *statement)
{
    int result = session_rules_renew(s);

    if (result != 0 || PASU_LIKELY(!s->observer->rules.can_block) || request->is_refused ||
        has_passed(s, statement))
        return result;
    return ask(s, request, statement, 0, true);
}

int
verdict_ask(struct session *s, struct exchange_request *request, const struct plan *plan)
{
    int result = session_rules_renew(s);

    if (result != 0 || PASU_LIKELY(!s->observer->rules.can_block))
        return result;
    for (size_t i = 0; i < plan->statement_count && result == 0 && !request->is_refused; i++)
        if (!has_passed(s, &plan->statements[i]))
            result = ask(s, request, &plan->statements[i], 0, true);
    return result;
}

int
verdict_call(struct session *s, struct exchange_request *request)
{
    /* One of PostgreSQL's own, which shows nothing. */
    static const struct plan_statement quiet = {.is_understood = true,
                                                .verbs = UINT64_C(1) << VERB_SELECT};
    const struct plan_statement *statement = &quiet;
    const struct session_rules *rules = &s->observer->rules;
    int result = session_rules_renew(s);

    if (result != 0 || PASU_LIKELY(!rules->can_block && !rules->can_mask) || request->is_refused)
        return result;
    if (request->plan)
        statement = request->plan->statement_count > 0 ? &request->plan->statements[0] : NULL;
    return ask(s, request, statement, FLAG_BIT(FUNCTION_CALL), false);
}

int
verdict_refused(struct session *s, const struct exchange_request *request)
{
    const struct plan_statement *statement = result_statement(s->observer, request);
    uint64_t flags = FLAG_BIT(REFUSED) | administration_of(s, statement);

    for (size_t i = 0; request->plan && i < request->plan->statement_count; i++)
        flags |= administration_of(s, &request->plan->statements[i]);
    if (statement && verdict_fields(s, statement))
        flags |= administration_reader(s);
    log_rule(s, EVENT_RULE_BLOCKED, request->ruling, 1);
    return expose_ruled(s, statement, request->ruling,
                        request->ruled != 0 ? VERDICT_OF_HOLD : VERDICT_OF_BLOCK, 1, flags);
}

/* ---- when it shows something ---- */

static void
put_rule(struct exposure *e, enum verdict verdict, const char *rule)
{
    if (e->verdict < verdict)
        e->verdict = (uint8_t)verdict;
    snprintf(e->rule, sizeof(e->rule), "%s", rule);
}

/* The same of a rule that the record of what it concerns has no place for, where another one is in
 * it (`is_beside`): it has one of its own. */
static int
tell_beside(struct session *s, const char *rule, enum verdict verdict, uint32_t minute,
            bool is_beside)
{
    bool is_first;
    int result = tell(s, rule, verdict, minute, !is_beside, &is_first);

    return result == 0 && is_first && is_beside ? expose_ruled(s, NULL, rule, verdict, 1, 0)
                                                : result;
}

/* Of rules that let pass, and of `approved`, which would have held it, or NULL. What one alerts of
 * is told, though another one masks it. */
static int
pass(struct session *s, struct exposure *e, const struct ruling *ruling, const char *approved,
     bool is_masked, uint32_t minute)
{
    char alert[EXPOSURE_TEXT_MAX] = "", mask[EXPOSURE_TEXT_MAX] = "",
         shadow[EXPOSURE_TEXT_MAX] = "";
    struct exposure kept;
    bool is_first;
    int result = 0;

    if (ruling->shadow)
        rule_text(shadow, ruling->shadow);
    if (is_masked)
        rule_text(mask, ruling->mask);
    if (ruling->verdict != VERDICT_ALLOW && !approved)
        rule_text(alert, ruling->rule);
    /* What is to be told may need a record, and there is room for one at a time. */
    kept = *e;
    if (kept.statements > 0 && shadow[0])
        result = tell_beside(s, shadow, VERDICT_OF_ALLOW, minute, approved || alert[0] || mask[0]);
    if (result == 0 && kept.statements > 0 && mask[0])
        result = tell_beside(s, mask, VERDICT_OF_MASK, minute, approved || alert[0]);
    if (result == 0 && kept.statements > 0 && alert[0])
        result = tell(s, alert, VERDICT_OF_ALERT, minute, true, &is_first);
    *e = kept;
    if (approved)
        put_rule(e, VERDICT_OF_HOLD, approved);
    else if (alert[0])
        put_rule(e, VERDICT_OF_ALERT, alert);
    else if (mask[0])
        put_rule(e, VERDICT_OF_MASK, mask);
    else if (shadow[0])
        put_rule(e, VERDICT_OF_ALLOW, shadow);
    return result;
}

/* What the ruling masks is shown masked, or withheld, or not at all. */
static void
mask(const struct exposure *e, struct ruling *ruling, struct judgement *judgement)
{
    const uint64_t texts = FLAG_BIT(ERROR_TEXT) | FLAG_BIT(NOTICE_TEXT) | FLAG_BIT(NOTIFICATION);

    if (!ruling->masked)
        return;
    if (judgement->can_mask)
        judgement->masked = ruling->masked;
    else if (e->flags & texts)
        judgement->is_withheld = ruling->verdict != VERDICT_BLOCK;
    else
        ruling_block_masked(ruling);
}

int
verdict_judge(struct session *s, struct exposure *e, const struct plan_statement *statement,
              uint64_t fields, uint64_t flags, struct judgement *judgement)
{
    struct result *r = &s->observer->result;
    bool is_row = r->is_open && statement && statement == r->statement;
    struct rule_statement shown;
    struct ruling ruling;
    bool is_approved;
    int result = session_rules_renew(s);

    if (result != 0 || PASU_LIKELY(!s->observer->rules.has_verdicts))
        return result;
    shown = (struct rule_statement){
        .fields = fields | (is_row ? verdict_fields(s, statement) : 0),
        .flags = e->flags | flags,
        .verbs = session_rules_verbs(s, statement),
        .purpose = actor_purpose(s),
        .use = first_use_of_rows(s, statement),
        .minute =
            is_row && r->minute ? r->minute : instruments_minute(s->worker->instruments, e->time),
    };
    if (is_row)
        r->minute = shown.minute;
    session_rules_judge(&s->observer->rules, &shown, &ruling);
    if (judgement)
        mask(e, &ruling, judgement);
    is_approved = ruling.verdict == VERDICT_HOLD && approval_covers(s, shown.fields);
    if (ruling.verdict < VERDICT_HOLD || !judgement || is_approved) {
        bool is_masked = judgement && ruling.masked;
        char approved[EXPOSURE_TEXT_MAX];

        if (is_approved)
            rule_text(approved, ruling.rule);
        e->flags |= first_use_flag(shown.use);
        return ruling.verdict != VERDICT_ALLOW || ruling.shadow || is_masked
                   ? pass(s, e, &ruling, is_approved ? approved : NULL, is_masked, shown.minute)
                   : 0;
    }
    judgement->masked = 0;
    judgement->is_withheld = false;
    /* Before it is recorded other settings can come into force, and its rule with them be gone. */
    memory_free(s->observer->rules.blocked);
    s->observer->rules.blocked =
        words_of(s, &ruling,
                 ruling.verdict == VERDICT_HOLD ? "; this cannot wait to be approved"
                 : ruling_closes(&ruling)       ? ENDS
                                                : "");
    if (!s->observer->rules.blocked)
        return PASU_E_NOMEM;
    judgement->is_blocked = true;
    judgement->is_last = s->observer->rules.is_last = ruling_closes(&ruling);
    judgement->ruling = s->observer->rules.blocked;
    put_rule(e, VERDICT_OF_BLOCK, judgement->ruling);
    log_rule(s, EVENT_RULE_BLOCKED, judgement->ruling, 1);
    return 0;
}

/* ---- when it shows nothing ---- */

static int
tell_alone(struct session *s, const struct plan_statement *statement, const char *rule,
           enum verdict verdict, uint32_t minute, uint64_t flags)
{
    bool is_own = (flags & FLAG_BIT(FIRST_USE)) != 0; /* each has a record */
    bool is_first;
    int result = tell(s, rule, verdict, minute, is_own, &is_first);

    if (result != 0 || (!is_first && !is_own))
        return result;
    return expose_ruled(s, statement, rule, verdict, 1, flags);
}

/* What is to be told of a statement that is over. With each record other settings can come into
 * force, and the rules be gone: their names are taken before. */
static int
tell_done(struct session *s, const struct plan_statement *statement, const struct ruling *ruling,
          const struct rule_statement *done, uint64_t flags)
{
    char text[EXPOSURE_TEXT_MAX] = "", shadow[EXPOSURE_TEXT_MAX] = "";
    int result = 0;

    if (ruling->verdict != VERDICT_ALLOW)
        rule_text(text, ruling->rule);
    if (ruling->shadow)
        rule_text(shadow, ruling->shadow);
    if (ruling->verdict == VERDICT_HOLD && approval_covers(s, done->fields)) {
        s->observer->result.is_counted = true;
        result = expose_ruled(s, statement, text, VERDICT_OF_HOLD, 1, flags);
    } else if (ruling->verdict != VERDICT_ALLOW) {
        result = tell_alone(s, statement, text, VERDICT_OF_ALERT, done->minute, flags);
    }
    if (result == 0 && shadow[0])
        return tell_alone(s, statement, shadow, VERDICT_OF_ALLOW, done->minute, flags);
    if (result == 0 && ruling->verdict == VERDICT_ALLOW && flags & FLAG_BIT(FIRST_USE))
        return expose_ruled(s, statement, "", VERDICT_OF_ALLOW, 1, flags);
    return result;
}

int
verdict_done(struct session *s, const struct plan_statement *statement, uint64_t flags,
             bool is_nothing)
{
    const struct plan_statement *meant = NULL;
    struct rule_statement done;
    struct ruling ruling;
    uint64_t fields;
    int result = session_rules_renew(s);

    if (result != 0 || PASU_LIKELY(!s->observer->rules.has_verdicts) || !statement ||
        administration_of(s, statement))
        return result;
    fields = is_nothing ? 0 : verdict_fields_done(s, statement, &meant);
    done = (struct rule_statement){
        .fields = fields,
        .flags = plan_flags(statement->flags) | (meant ? plan_flags(meant->flags) : 0) | flags,
        .verbs = session_rules_verbs(s, statement),
        .purpose = actor_purpose(s),
        .use = first_use_of_rows(s, meant),
        .minute = instruments_minute(s->worker->instruments, os_realtime(s->worker->os)),
    };
    session_rules_judge(&s->observer->rules, &done, &ruling);
    /* What is only prepared, or declared, has not been used. */
    if (shows_later(NULL, statement))
        return ruling.verdict == VERDICT_HOLD ? 0 : tell_done(s, statement, &ruling, &done, flags);
    return tell_done(s, statement, &ruling, &done, flags | first_use_flag(done.use));
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
    int result = session_rules_scope(s, true, &scope);

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

        /* One that is idle would keep what was in force, and its addresses, up to its next word. */
        if (s->observer && s->state != SESSION_CLOSING && s->state != SESSION_CLOSED)
            standing_follow(s);
        if (!s->is_registered || s->observer || s->state == SESSION_CLOSING)
            continue;
        if (session_rules_scope(s, true, &scope) != 0 || scope.has_verdicts) {
            session_fail(s, PASU_E_RULE_SESSION,
                         "there are rules now that concern this session, which began without");
            session_watch(s);
        }
        rule_scope_release(&scope);
    }
}
