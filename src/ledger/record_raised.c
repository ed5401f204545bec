/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts about what principals do. See record.h. */
#include "ledger/record.h"
#include "ledger/record_part.h"

#include "exposure/administration.h"
#include "exposure/key.h"

#include <inttypes.h>

static const uint8_t severities[] = {
    [VERDICT_OF_ALERT] = 3, [VERDICT_OF_HOLD] = 3, [VERDICT_OF_BLOCK] = 4};

static const char *
done_of(uint32_t verdict)
{
    static const char *const done[] = {[VERDICT_OF_ALERT] = "noticed",
                                       [VERDICT_OF_MASK] = "masked",
                                       [VERDICT_OF_HOLD] = "held",
                                       [VERDICT_OF_BLOCK] = "blocked"};

    return verdict < COUNT_OF(done) && done[verdict] ? done[verdict] : "judged";
}

/* A session that only the ledger knows: of a gate or keeper before. */
static void
find_principal(struct record_keeping *r, uint64_t session, char principal[NAME_SIZE])
{
    const struct sought_place place = {.os = r->log->os,
                                       .segments = r->chain.segments,
                                       .keys = &r->keys,
                                       .watch = &r->watch,
                                       .size = chain_size(&r->chain)};

    snprintf(principal, NAME_SIZE, "%s", sought_principal(&r->sought, &place, session));
}

static uint8_t
control_of(const struct exposure *exposure)
{
    if (administration_is_rule(exposure->rule))
        return ALERT_OF_ADMINISTRATORS;
    return exposure->flags & FLAG_BIT(BUDGET) ? ALERT_OF_BUDGET : ALERT_OF_RULE;
}

/* Of what administrators do. */
static void
describe_act(struct message_alert *alert, const struct exposure *exposure)
{
    const char *text = administration_text(exposure->flags);

    if (alert->control != ALERT_OF_ADMINISTRATORS || !text)
        return;
    alert->severity = administration_severity(exposure->flags);
    snprintf(alert->text, sizeof(alert->text), "%s%s runs a statement by which %s",
             alert->principal[0] ? "role " : "a role", alert->principal, text);
}

/* Nothing in it is the client's choice but its role's name. */
void
record_passed(struct record_keeping *r, const struct message_bypass *bypass, uint64_t index)
{
    struct message_alert alert = {.record = index,
                                  .count = 1,
                                  .since = bypass->seen,
                                  .severity = bypass->is_certain ? 4 : 3,
                                  .control = ALERT_OF_BYPASS,
                                  .verdict = bypass->verdict};

    if (!r->folds || bypass->is_over || bypass->verdict == VERDICT_OF_ALLOW)
        return;
    snprintf(alert.rule, sizeof(alert.rule), "bypass");
    snprintf(alert.principal, sizeof(alert.principal), "%.*s", NAME_SIZE - 1, bypass->principal);
    snprintf(alert.text, sizeof(alert.text), "role %.63s %s past pasu: %s%.63s, from %.47s%s",
             alert.principal, bypass->is_certain ? "has a session" : "can have a session",
             bypass->replication ? "replication" : "database ",
             bypass->replication ? "" : bypass->database,
             bypass->address[0] ? bypass->address : "the server's own machine",
             bypass->verdict == VERDICT_OF_BLOCK ? "; it was ended" : "");
    folds_add(r->folds, &alert);
}

void
record_census(struct record_keeping *r, enum segment_type type, const union payload_body *body)
{
    if (record_other(r, type, body) != 0 || type != SEGMENT_BYPASS || !r->folds)
        return;
    record_passed(r, &body->bypass, chain_size(&r->chain) - 1);
    folds_keep(r->folds);
}

void
record_found(struct record_keeping *r, const struct message_finding *finding, uint64_t index)
{
    struct message_alert alert = {.record = index,
                                  .count = 1,
                                  .since = finding->first,
                                  .rows = finding->reads,
                                  .subjects = finding->at_most,
                                  .severity = finding->severity,
                                  .control = ALERT_OF_DETECTOR,
                                  .verdict = VERDICT_OF_ALERT};

    if (!r->folds)
        return;
    snprintf(alert.rule, sizeof(alert.rule), "%.63s", finding->detector);
    snprintf(alert.principal, sizeof(alert.principal), "%.63s", finding->principal);
    snprintf(alert.text, sizeof(alert.text), "%.100s%s: %.140s", finding->who,
             finding->together > 1 ? " and others" : "", finding->why);
    folds_add(r->folds, &alert);
}

void
record_finding(struct record_keeping *r, const struct message_finding *finding)
{
    union payload_body body = {.finding = *finding};

    if (!r->is_open || record_other(r, SEGMENT_FINDING, &body) != 0)
        return; /* the watcher says it again */
    record_found(r, finding, chain_size(&r->chain) - 1);
    if (r->folds)
        folds_keep(r->folds);
}

uint64_t
record_persons(const struct exposure *exposure)
{
    uint64_t persons = 0;

    for (size_t i = 0; i < exposure->part_count; i++) {
        const struct exposure_part *part = &exposure->parts[i];

        if (__builtin_add_overflow(persons, part->unknown, &persons) ||
            __builtin_add_overflow(persons, part->ordinal_count, &persons))
            persons = UINT64_MAX;
    }
    return persons;
}

/* The record goes on with a statement that others have begun, which may have shown all there was;
 * one that stands beside the record of rows (gate/budgets.c) comes before that. */
static void
count_statement(struct message_alert *alert, const struct exposure *exposure,
                const struct live *live)
{
    uint64_t rows, persons;

    if (exposure->statements > 0)
        return;
    if (exposure->verdict != VERDICT_OF_ALERT && live &&
        live_statement(live, exposure->session, &rows, &persons)) {
        alert->rows = rows;
        alert->subjects = persons;
    } else if (alert->rows == 0 && alert->subjects == 0 && alert->text[0] == '\0') {
        snprintf(alert->text, sizeof(alert->text),
                 "%s%s: a statement was %s by %s; what it showed is in the ledger, by session "
                 "%016" PRIx64,
                 alert->principal[0] != '\0' ? "role " : "a role", alert->principal,
                 done_of(alert->verdict), alert->rule, exposure->session);
    }
}

void
record_judged(struct record_keeping *r, const struct exposure *exposure, uint64_t index,
              const char *principal, const struct live *live)
{
    struct message_alert alert = {.record = index,
                                  .session = exposure->session,
                                  .count = 1,
                                  .since = exposure->time,
                                  .rows = exposure->rows,
                                  .control = control_of(exposure),
                                  .verdict = exposure->verdict};

    if (!r->folds || exposure->rule[0] == '\0' || exposure->verdict >= COUNT_OF(severities) ||
        severities[exposure->verdict] == 0)
        return;
    alert.severity = severities[exposure->verdict];
    alert.subjects = record_persons(exposure);
    snprintf(alert.rule, sizeof(alert.rule), "%s", exposure->rule);
    snprintf(alert.principal, sizeof(alert.principal), "%s", principal);
    if (alert.principal[0] == '\0')
        find_principal(r, alert.session, alert.principal);
    describe_act(&alert, exposure);
    count_statement(&alert, exposure, live);
    folds_add(r->folds, &alert);
}

/* Who, from where, by what, and who it was. */
static void
describe_touch(struct message_alert *alert, const struct exposure *exposure,
               const struct decoy_touch *touch, const char *address)
{
    bool is_entry = touch->ordinal >= KEY_ORDINAL_FIRST, has_copy = touch->set->head.principal[0];
    char from[ADDRESS_SIZE + 8] = "";

    if (address[0] != '\0')
        snprintf(from, sizeof(from), " from %.*s", ADDRESS_SIZE - 1, address);
    snprintf(alert->text, sizeof(alert->text),
             "role %.63s%s was shown a decoy: %.24s%s %" PRIu32 " of set %" PRIu64
             "%s%.24s, by statement %016" PRIx64 "%s",
             alert->principal, from, touch->set->head.kind, is_entry ? " entry" : "",
             touch->ordinal, touch->set->head.number, has_copy ? " for " : "",
             touch->set->head.principal, exposure->shape, touch->count > 1 ? ", and others" : "");
}

/* Under the names that exposures have had last; where there were none yet, any kind is meant. */
static uint8_t
kind_of(const struct decoys *d, const struct decoy_set *set, uint32_t *vocabulary)
{
    const struct decoys_vocabulary *last =
        &d->vocabularies[(d->next + DECOYS_VOCABULARIES - 1) % DECOYS_VOCABULARIES];

    *vocabulary = last->id;
    for (uint32_t i = 0; i < last->kind_count; i++)
        if (strcmp(last->kinds[i], set->head.kind) == 0)
            return (uint8_t)i;
    return EXPOSURE_KINDS_MAX - 1;
}

int
record_try_decoy(const struct record_keeping *r, uint64_t number)
{
    const struct decoy_set *set = decoys_get(&r->decoys, number);
    struct exposure made = {.statements = 1, .rows = 1, .part_count = 1}, read;
    struct exposure_part *part = &made.parts[0];
    const struct payload_decoy *decoy = NULL;
    uint8_t bytes[1024];
    struct decoy_touch touch;
    uint32_t ordinal;
    ssize_t length;

    if (!set || set->head.retired != 0)
        return PASU_E_NOTFOUND;
    for (size_t i = 0; i < set->count && !decoy; i++)
        decoy = set->items[i].is_known ? &set->items[i] : NULL;
    if (!decoy)
        return PASU_E_UNAVAILABLE;
    made.time = os_realtime(r->log->os);
    *part = (struct exposure_part){.clear = 1, .ordinals = &decoy->ordinal, .ordinal_count = 1};
    part->kind = kind_of(&r->decoys, set, &made.vocabulary);
    length = exposure_encode(&made, bytes, sizeof(bytes));
    if (length < 0 || exposure_decode(&read, view_of(bytes, (size_t)length), &ordinal, 1) != 0)
        return PASU_E_MISUSE;
    return r->folds && decoys_touched(&r->decoys, &read, UINT32_MAX, &touch) &&
                   touch.set->head.number == number
               ? 0
               : PASU_E_TRIED;
}

void
record_touched(struct record_keeping *r, const struct exposure *exposure, uint64_t index,
               const char *principal, const char *address)
{
    PASU_UNINITIALIZED struct decoy_touch touch;
    PASU_UNINITIALIZED struct message_alert alert; /* of nearly no record */

    if (PASU_LIKELY(r->decoys.count == 0 || !r->folds ||
                    !decoys_touched(&r->decoys, exposure, UINT32_MAX, &touch)))
        return;
    alert = (struct message_alert){.record = index,
                                   .session = exposure->session,
                                   .count = 1,
                                   .since = exposure->time,
                                   .rows = exposure->rows,
                                   .severity = 5,
                                   .control = ALERT_OF_DECOY,
                                   .verdict = exposure->verdict};
    alert.subjects = touch.count;
    snprintf(alert.rule, sizeof(alert.rule), "decoy");
    snprintf(alert.principal, sizeof(alert.principal), "%s", principal);
    if (alert.principal[0] == '\0')
        find_principal(r, alert.session, alert.principal);
    describe_touch(&alert, exposure, &touch, address);
    folds_add(r->folds, &alert);
}

void
record_alert(struct record_keeping *r, const struct message_alert *alert)
{
    struct message_alert one = *alert;
    uint8_t payload[PAYLOAD_SMALL_MAX];
    uint64_t size = r->is_open ? chain_size(&r->chain) : 0;

    if (!r->folds)
        return;
    one.record = size > 0 ? size - 1 : 0;
    one.principal[sizeof(one.principal) - 1] = one.rule[sizeof(one.rule) - 1] = '\0';
    one.text[sizeof(one.text) - 1] = '\0';
    if (payload_write_raised(&one, payload, sizeof(payload)) < 0)
        return; /* no gate of ours says so */
    folds_add(r->folds, &one);
    folds_keep(r->folds);
}

/* "blocked 3 times: …" */
static void
describe(struct message_alert *a)
{
    if (a->text[0] != '\0')
        return;
    snprintf(a->text, sizeof(a->text),
             "%s%s: %s %s by %s; shown with it: %" PRIu64 " row%s of at most %" PRIu64 " person%s",
             a->principal[0] != '\0' ? "role " : "a role", a->principal,
             a->count == 1 ? "a statement was" : "statements were", done_of(a->verdict), a->rule,
             a->rows, a->rows == 1 ? "" : "s", a->subjects, a->subjects == 1 ? "" : "s");
}

void
record_raise(struct record_keeping *r, int64_t now)
{
    const struct message_alert *due;

    if (!r->folds || !r->is_open)
        return;
    while ((due = folds_due(r->folds, now)) != NULL) {
        union payload_body body = {.raised = *due};

        describe(&body.raised);
        if (record_other(r, SEGMENT_RAISED, &body) != 0)
            return; /* logged; it stays due */
        LOG_EVENT(r->log, ALERT_RAISED, F_UINT("alert", chain_size(&r->chain) - 1),
                  F_UINT("severity", body.raised.severity), F_TEXT("rule", body.raised.rule),
                  F_TEXT("principal", body.raised.principal), F_UINT("count", body.raised.count));
        folds_told(r->folds, due, os_monotonic(r->log->os));
    }
}
