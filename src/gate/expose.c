/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/expose_part.h"

#include "exposure/administration.h"
#include "gate/administration.h"
#include "gate/budgets.h"
#include "gate/first_use.h"
#include "gate/hold.h"
#include "gate/instruments.h"
#include "gate/plan_flags.h"
#include "gate/session.h"
#include "gate/verdict.h"

/* What the application says of it. */
static void
begin_claims(const struct session *s, struct exposure_claims *claims)
{
    const char *purpose = actor_purpose(s);
    struct source_claim source;

    claims->purpose[0] = '\0';
    if (purpose[0]) /* mostly there is none, and formatting is not free */
        snprintf(claims->purpose, sizeof(claims->purpose), "%s", purpose);
    source_claim_now(s, &source);
    memcpy(claims->source, source.text, sizeof(claims->source));
    claims->is_signed = source.is_signed;
}

struct exposure *
expose_begin(struct session *s, const struct plan_statement *statement)
{
    struct exposure *e = &s->worker->instruments->exposure;

    /* What its texts and parts held before is not looked at: they are long, and records many. */
    e->session = s->id;
    e->time = os_realtime(s->worker->os);
    e->shape = statement ? statement->fingerprint : 0;
    e->vocabulary = s->settings->vocabulary.id;
    e->statements = 0;
    e->rows = e->misses = 0;
    e->flags = statement ? plan_flags(statement->flags) : 0;
    e->verdict = VERDICT_OF_ALLOW;
    e->part_count = 0;
    e->rule[0] = '\0';
    actor_now(s, e->actor);
    begin_claims(s, &e->claims);
    e->has_verbs = true;
    e->verbs = session_rules_verbs(s, statement);
    return e;
}

struct exposure_part *
expose_add_part(struct exposure *e, uint8_t kind, enum attribution attribution)
{
    struct exposure_part *part = &e->parts[e->part_count++];

    memset(part, 0, sizeof(*part));
    part->kind = kind;
    part->attribution = (uint8_t)attribution;
    return part;
}

int
expose_put(struct session *s, struct exposure *e, const struct plan_statement *statement)
{
    struct recorder *recorder = &s->worker->instruments->recorder;
    const char *sql = statement ? statement->sql : NULL;
    enum durability durability;
    uint64_t position;
    int result = durability_of_exposure(s, e, statement, &durability);

    if (result == 0)
        result = first_use_learn(s, e);
    if (result != 0)
        return result;
    result = recorder_put(recorder, e, &s->settings->vocabulary, sql, durability, &position);
    if (PASU_UNLIKELY(result != 0))
        return hold_exposure(s, e, sql, durability, result);
    return durability == DURABILITY_STRICT ? hold_until_durable(s, position) : 0;
}

int
expose_put_act(struct session *s, struct exposure *e, const struct plan_statement *statement)
{
    bool is_masked = e->verdict == VERDICT_OF_MASK && e->part_count > 0;
    bool is_alert =
        (e->verdict == VERDICT_OF_ALLOW || is_masked) && administration_alerts(s, e->flags);
    int result;

    if (is_alert && e->rule[0]) {
        result = expose_put(s, e, statement);
        if (result != 0)
            return result;
        e->part_count = 0;
        e->rows = e->statements = 0;
    }
    if (is_alert) {
        administration_rule(e->rule, e->flags);
        e->verdict = VERDICT_OF_ALERT;
    }
    return expose_put(s, e, statement);
}

bool
expose_is_kind(const struct session *s, uint8_t kind)
{
    return kind < s->settings->vocabulary.kind_count;
}

int
expose_take_unknown(struct session *s, uint32_t now, uint8_t kind, uint64_t count, bool is_moved,
                    struct exposure *e, struct judgement *judgement)
{
    if (!expose_is_kind(s, kind))
        return 0;
    return (is_moved ? budgets_add_moved : budgets_take_unknown)(s, now, kind, count, e, judgement);
}

/* ---- what is no row ---- */

/* Persons that cannot be named, at most so many of each kind. What is done already (`judgement`
 * NULL) counts also where a budget would have kept it back, which then keeps back all else. */
static int
expose_bound(struct session *s, const struct plan_statement *statement, uint64_t fields,
             uint64_t kinds, uint64_t most, uint64_t flags, struct judgement *judgement)
{
    struct observer *o = s->observer;
    const struct catalog *catalog = o->catalog;
    struct exposure *e = expose_begin(s, statement);
    uint32_t now = instruments_minute(s->worker->instruments, e->time);
    struct judgement done = {0};
    uint64_t known, all_kinds, others;
    int result = 0;

    observer_all(s, &known, &all_kinds);
    kinds &= all_kinds;
    others = known_others(&s->settings->known, kinds); /* whom they can be instead of their own */
    e->flags |= flags | FLAG_BIT(BOUND) | administration_reader(s);
    e->statements = !o->result.is_counted;
    o->result.is_counted = true;
    result = verdict_judge(s, e, statement, fields & known, 0, judgement);
    for (uint8_t kind = 0; kind < EXPOSURE_KINDS_MAX && result == 0 &&
                           !(judgement && (judgement->is_blocked || judgement->is_withheld));
         kind++) {
        struct exposure_part *part;

        if (!((kinds | others) >> kind & 1))
            continue;
        if (e->part_count == EXPOSURE_PARTS_MAX) { /* the rest goes into another record */
            result = expose_put(s, e, statement);
            e->part_count = 0;
            e->statements = 0;
            if (result != 0)
                break;
        }
        part = expose_add_part(e, kind, ATTRIBUTION_BOUND);
        part->clear = fields & known;
        part->unknown = observer_population(o, catalog, kind);
        if (part->unknown > most)
            part->unknown = most;
        if (others >> kind & 1)
            continue;
        if (!judgement)
            done = (struct judgement){0};
        result = expose_take_unknown(s, now, kind, part->unknown, !judgement, e,
                                     judgement ? judgement : &done);
    }
    if (!judgement && e->verdict == VERDICT_OF_BLOCK) /* only a budget says that here */
        e->verdict = VERDICT_OF_ALERT;
    if (result == 0 && judgement && judgement->is_blocked)
        e->part_count = 0;
    return result == 0 ? expose_put_act(s, e, statement) : result;
}

int
expose_few(struct session *s, const struct plan_statement *statement, uint64_t fields,
           uint64_t kinds, uint64_t most, uint64_t flags, struct judgement *judgement)
{
    *judgement = (struct judgement){0};
    return expose_bound(s, statement, fields, kinds, most, flags, judgement);
}

int
expose_words(struct session *s, const struct plan_statement *statement, uint64_t fields,
             uint64_t kinds, uint64_t flags, struct judgement *judgement)
{
    return expose_few(s, statement, fields, kinds, UINT64_MAX, flags, judgement);
}

/* Those of the last part can be of another kind: nobody is named, and both hold so many. */
static void
expose_either(const struct session *s, struct exposure *e, uint64_t count)
{
    struct exposure_part *own = &e->parts[e->part_count - 1], *other;
    const struct known *known = &s->settings->known;
    uint64_t all;

    if (!(known->kinds >> own->kind & 1))
        return;
    all = observer_population(s->observer, s->observer->catalog, known->of[own->kind].as);
    other = expose_add_part(e, known->of[own->kind].as, ATTRIBUTION_BOUND);
    own->attribution = ATTRIBUTION_BOUND;
    own->ordinal_count = 0;
    own->unknown = count;
    other->clear = own->clear;
    other->unknown = count < all ? count : all;
    e->flags |= FLAG_BIT(BOUND);
}

/* Each counts by name, whether they are surely in it or not. */
static int
take_named(struct session *s, struct exposure *e, const struct speech *speech,
           struct judgement *judgement)
{
    struct tally_outcome outcome;
    struct instruments *tools = s->worker->instruments;
    struct tally_item *items = tools->gather.items; /* no rows are in it */
    uint16_t kind = tools->ordinals.slots[speech->part->kind];

    for (size_t i = 0; i < speech->count; i++)
        items[i] = (struct tally_item){speech->ordinals[i], kind, i + 1 == speech->count};
    return budgets_take(s, instruments_minute(tools, e->time), items, speech->count, e, judgement,
                        &outcome);
}

int
expose_named(struct session *s, const struct plan_statement *statement, const struct speech *speech,
             uint64_t flags, struct judgement *judgement)
{
    struct observer *o = s->observer;
    struct exposure *e = expose_begin(s, statement);
    struct exposure_part *part;
    uint64_t known, kinds;
    int result = 0;

    *judgement = (struct judgement){0};
    if (speech->count == 0)
        return 0;
    observer_all(s, &known, &kinds);
    e->flags |= flags | administration_reader(s);
    e->statements = !o->result.is_counted;
    o->result.is_counted = true;
    result = verdict_judge(s, e, statement, speech->named_fields & known, 0, judgement);
    if (result == 0 && !judgement->is_blocked && !judgement->is_withheld &&
        expose_is_kind(s, speech->part->kind)) {
        part = expose_add_part(e, speech->part->kind,
                               speech->part->source == SOURCE_OUTPUT ? ATTRIBUTION_KEY
                                                                     : ATTRIBUTION_PINNED);
        part->clear = speech->named_fields & known;
        part->is_text = key_type_is_text(speech->part->key_type);
        part->unknown = speech->is_shown ? 0 : speech->count;
        part->ordinals = speech->ordinals;
        part->ordinal_count = speech->is_shown ? 1 : 0;
        expose_either(s, e, speech->count);
        result = take_named(s, e, speech, judgement);
        if (judgement->is_blocked)
            e->part_count = 0;
    }
    return result == 0 ? expose_put_act(s, e, statement) : result;
}

int
expose_moved(struct session *s, const struct plan_statement *statement, uint64_t rows)
{
    uint64_t most = statement->moved_most == MOVED_MANY  ? UINT64_MAX
                    : statement->moved_most == MOVED_ONE ? 1
                                                         : rows;

    return expose_bound(s, statement, statement->moved_fields, statement->moved_kinds, most,
                        statement->is_understood ? FLAG_BIT(MOVED) : FLAG_BIT(KEPT), NULL);
}

int
expose_miss(struct session *s)
{
    struct result *r = &s->observer->result;
    struct exposure *e = expose_begin(s, r->statement);
    int result;

    for (size_t p = 0; p < r->statement->part_count && e->part_count < EXPOSURE_PARTS_MAX; p++) {
        const struct pinned *pinned = r->pinned;
        uint16_t first = p > 0 ? pinned->ends[p - 1] : 0;
        struct exposure_part *part;

        if (!pinned->is_known[p] || pinned->ends[p] == first)
            continue;
        part = expose_add_part(e, r->statement->parts[p].kind, ATTRIBUTION_PINNED);
        part->is_text = key_type_is_text(r->statement->parts[p].key_type);
        part->missed = pinned->ordinals + first;
        part->missed_count = (size_t)(pinned->ends[p] - first);
    }
    if (e->part_count == 0)
        return 0;
    e->statements = !r->is_counted;
    e->misses = 1;
    r->is_counted = true;
    result = verdict_judge(s, e, r->statement, 0, 0, NULL);
    return result == 0 ? expose_put(s, e, r->statement) : result;
}

int
expose_probe(struct session *s)
{
    struct result *r = &s->observer->result;
    struct exposure *e = expose_begin(s, r->statement);
    int result;

    e->statements = 1;
    r->is_counted = true;
    result = verdict_judge(s, e, r->statement, 0, 0, NULL);
    return result == 0 ? expose_put(s, e, r->statement) : result;
}

int
expose_refusal(struct session *s, const struct plan *plan)
{
    const struct plan_statement *statement =
        plan && plan->statement_count > 0 ? &plan->statements[0] : NULL;
    struct exposure *e = expose_begin(s, statement);

    e->flags |= plan_flags(plan ? plan->refusal_flags : PLAN_SERVER_EXIT) | FLAG_BIT(REFUSED);
    for (size_t i = 0; plan && i < plan->statement_count; i++)
        e->flags |= administration_of(s, &plan->statements[i]);
    e->verdict = VERDICT_OF_BLOCK;
    e->statements = 1;
    snprintf(e->rule, sizeof(e->rule), "refused");
    return expose_put(s, e, statement);
}

int
expose_act(struct session *s, const struct plan_statement *statement, uint64_t flags)
{
    struct exposure *e = expose_begin(s, statement);
    int result;

    e->flags |= flags;
    e->statements = 1;
    result = verdict_judge(s, e, statement, 0, 0, NULL);
    return result == 0 ? expose_put_act(s, e, statement) : result;
}

/* As it was judged before it was sent. */
static uint64_t
asked_verbs(const struct session *s, const struct plan_statement *statement)
{
    const struct plan_statement *meant = verdict_followed(&s->observer->exchange, statement);

    return meant && meant->verbs && statement->verbs ? meant->verbs | statement->verbs : 0;
}

int
expose_ruled(struct session *s, const struct plan_statement *statement, const char *rule,
             enum verdict verdict, uint32_t statements, uint64_t flags)
{
    struct exposure *e = expose_begin(s, statement);

    e->flags |= flags;
    e->verbs = statement && flags & FLAG_BIT(REFUSED) ? asked_verbs(s, statement)
               : statement                            ? e->verbs
                                                      : 0;
    e->verdict = (uint8_t)verdict;
    e->statements = statements;
    snprintf(e->rule, sizeof(e->rule), "%s", rule);
    return expose_put(s, e, statement);
}
