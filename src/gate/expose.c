/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/expose.h"

#include "gate/hold.h"
#include "gate/instruments.h"
#include "gate/plan_flags.h"
#include "gate/session.h"
#include "gate/shadow.h"
#include "gate/verdict.h"

#include <stdlib.h>

/* A record for the present moment, with nothing in it. */
static struct exposure *
begin(struct session *s, const struct plan_statement *statement)
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
    return e;
}

static struct exposure_part *
add_part(struct exposure *e, uint8_t kind, enum attribution attribution)
{
    struct exposure_part *part = &e->parts[e->part_count++];

    memset(part, 0, sizeof(*part));
    part->kind = kind;
    part->attribution = (uint8_t)attribution;
    return part;
}

static int
put(struct session *s, struct exposure *e, const struct plan_statement *statement)
{
    struct recorder *recorder = &s->worker->instruments->recorder;
    const char *sql = statement ? statement->sql : NULL;
    enum durability durability;
    uint64_t position;
    int result = durability_of_exposure(s, e, statement, &durability);

    if (result != 0)
        return result;
    result = recorder_put(recorder, e, &s->settings->vocabulary, sql, durability, &position);
    if (PASU_UNLIKELY(result != 0))
        return hold_exposure(s, e, sql, durability, result);
    return durability == DURABILITY_STRICT ? hold_until_durable(s, position) : 0;
}

/* ---- budgets ---- */

static void
judge(struct session *s, const struct tally_outcome *outcome, struct exposure *e,
      struct judgement *judgement)
{
    const struct config *config = s->settings->config;
    const struct budget *budget = &s->observer->budget;
    int by = -1;

    if (outcome->blocked_by >= 0) {
        by = budget->block_by[outcome->blocked_by];
        judgement->is_blocked = true;
        judgement->budget = by >= 0 ? &config->budgets[by] : NULL;
        e->verdict = VERDICT_OF_BLOCK;
    } else if (outcome->alerts) {
        for (int window = 0; window < TALLY_WINDOWS; window++)
            if (outcome->alerts >> window & 1)
                by = budget->alert_by[window];
        if (e->verdict < VERDICT_OF_ALERT)
            e->verdict = VERDICT_OF_ALERT;
    }
    if (by < 0)
        return;
    e->flags |= FLAG_BIT(BUDGET);
    budget_rule_text(e->rule, &config->budgets[by]);
    session_log(s, outcome->blocked_by >= 0 ? EVENT_BUDGET_BLOCKED : EVENT_BUDGET_ALERT, 0,
                e->rule);
}

/* Kinds that the vocabulary does not name are those of a plan without a snapshot, which takes all
 * that a number can be. */
static bool
is_kind(const struct session *s, uint8_t kind)
{
    return kind < s->settings->vocabulary.kind_count;
}

static int
take_unknown(struct session *s, uint32_t now, uint8_t kind, uint64_t count, struct exposure *e,
             struct judgement *judgement)
{
    struct observer *o = s->observer;
    struct tally_outcome outcome = {.blocked_by = -1};
    int result;

    if (count == 0 || judgement->is_blocked || !is_kind(s, kind))
        return 0;
    result = tally_take_unknown(o->tally, now, s->worker->instruments->ordinals.slots[kind], count,
                                &o->budget.limits, &outcome);
    judge(s, &outcome, e, judgement);
    return result;
}

/* ---- rows ---- */

/* Whether rows show the person whom their part pins. A call that finds nobody has a row, too. */
static bool
shows_pinned(const struct gather *g, const struct showing_part *part, size_t p, size_t count)
{
    return count == 0 || (count == 1 && (!part->is_of_call || g->clear[p]));
}

/* How many persons of a part there can be beyond those that are named, in these rows. */
static uint64_t
unknown_of(const struct observer *o, const struct gather *g, size_t p, uint64_t *flags)
{
    const struct result *r = &o->result;
    const struct showing_part *part = &r->showing->showing->parts[p];
    uint64_t all = observer_population(o, o->catalog ? o->catalog : r->plan->catalog, part->kind);

    if (part->source == SOURCE_PINNED && result_is_pinned(r, p)) {
        size_t count;

        result_pins(r, p, &count);
        if (shows_pinned(g, part, p, count))
            return 0;
        return r->is_bound_told ? 0 : count;
    }
    /* Of a part that values tell, those rows count of which they did not. */
    if (g->identified >> p & 1) {
        if (g->unattributed[p] == 0)
            return 0;
        *flags |= FLAG_BIT(BOUND);
        if (part->is_one_per_row)
            return g->unattributed[p] < all ? g->unattributed[p] : all;
        return r->told_parts >> p & 1 ? 0 : all;
    }
    if (part->source == SOURCE_SHADOW) {
        *flags |= shadow_is_named(o, g, p) ? 0 : FLAG_BIT(BOUND);
        return shadow_unknown(o, g, p, all);
    }
    if (part->source == SOURCE_BOUND || part->source == SOURCE_PINNED) {
        *flags |= FLAG_BIT(BOUND);
        if (part->is_one_per_row)
            return g->rows < all ? g->rows : all;
        return r->is_bound_told ? 0 : all;
    }
    if (g->unattributed[p] > 0) {
        *flags |= part->needs_value || part->is_one ? FLAG_BIT(BOUND) : FLAG_BIT(UNATTRIBUTED);
        if (part->is_one && r->told_parts >> p & 1)
            return 0;
        if (!part->is_one_per_row) /* a group without a key */
            return all;
    }
    return g->unattributed[p];
}

static enum attribution
attribution_of(const struct result *r, const struct gather *g, const struct showing_part *part,
               size_t p, bool is_pinned)
{
    if (g->identified >> p & 1 && g->ordinal_counts[p] > 0)
        return ATTRIBUTION_IDENTITY;
    switch ((enum plan_source)part->source) {
    case SOURCE_OUTPUT:
        return ATTRIBUTION_KEY;
    case SOURCE_HIDDEN:
        return part->is_given ? ATTRIBUTION_PINNED : ATTRIBUTION_INJECTED;
    case SOURCE_PINNED:
        return is_pinned ? ATTRIBUTION_PINNED : ATTRIBUTION_BOUND;
    case SOURCE_SHADOW:
        return shadow_is_known(g, p) || r->is_bound_told ? ATTRIBUTION_SHADOW : ATTRIBUTION_BOUND;
    case SOURCE_BOUND:
        break;
    }
    return ATTRIBUTION_BOUND;
}

/* Whether the record must name the part: rows of an outer join can have no such person; of one that
 * is bound or pinned, later batches can show other fields than the first. */
static bool
shows_part(const struct gather *g, const struct showing_part *part, size_t p, uint64_t unknown)
{
    bool has_key =
        part->source == SOURCE_OUTPUT || part->source == SOURCE_HIDDEN || shadow_is_known(g, p);

    return g->ordinal_counts[p] > 0 || unknown > 0 || (!has_key && (g->clear[p] || g->null[p]));
}

static int
compare_ordinals(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

    return (a > b) - (a < b);
}

static size_t
sort_ordinals(uint32_t *ordinals, size_t n)
{
    size_t count = 0;

    qsort(ordinals, n, sizeof(*ordinals), compare_ordinals);
    for (size_t i = 0; i < n; i++)
        if (count == 0 || ordinals[i] != ordinals[count - 1])
            ordinals[count++] = ordinals[i];
    return count;
}

/* Persons of a part whom the rows need not show, and whom the record does not name: the tally has
 * them by name. Of all batches they are no more than there are persons. */
static uint64_t
count_perhaps(struct result *r, struct gather *g, size_t p, bool is_named, uint64_t all)
{
    int place = gather_perhaps(r->showing->showing, p);
    uint32_t *ordinals = g->ordinals[p];
    size_t n = sort_ordinals(ordinals, g->ordinal_counts[p]);
    uint64_t count = is_named ? 0 : n,
             left = all > r->perhaps_told[p] ? all - r->perhaps_told[p] : 0;

    if (place >= 0) {
        uint32_t *others = g->ordinals[place];
        size_t more = sort_ordinals(others, g->ordinal_counts[place]);

        for (size_t i = 0; i < more; i++)
            count += !n || !bsearch(&others[i], ordinals, n, sizeof(*ordinals), compare_ordinals);
    }
    g->ordinal_counts[p] = n;
    if (count > left)
        count = left;
    r->perhaps_told[p] += count;
    return count;
}

/* Whether the gather has the part's persons by their own keys; where several are pinned, all that
 * is known is how many. */
static bool
has_own_key(const struct showing_part *part, size_t pins)
{
    return part->source == SOURCE_OUTPUT || part->source == SOURCE_HIDDEN ||
           (part->source == SOURCE_PINNED && pins == 1);
}

/* The parts of the record, from what is left of the gather. */
static void
fill_parts(struct session *s, struct exposure *e, struct gather *g, const uint64_t *unknown)
{
    const struct observer *o = s->observer;
    struct result *r = &s->observer->result;
    const struct showing *showing = r->showing->showing;
    uint64_t known, kinds;

    observer_all(s, &known, &kinds);
    for (size_t p = 0; p < showing->part_count; p++) {
        const struct showing_part *from = &showing->parts[p];
        bool is_pinned = result_is_pinned(r, p), is_named;
        uint64_t perhaps = 0;
        size_t pins = 0;
        struct exposure_part *part;

        if (is_pinned)
            result_pins(r, p, &pins);
        is_named = !(from->is_perhaps && has_own_key(from, pins));
        if (!is_named || from->needs_value)
            perhaps = count_perhaps(
                r, g, p, is_named,
                observer_population(o, o->catalog ? o->catalog : r->plan->catalog, from->kind));
        if (!is_kind(s, from->kind) || !shows_part(g, from, p, unknown[p] + perhaps))
            continue;
        part = add_part(e, from->kind, attribution_of(r, g, from, p, is_pinned));
        part->clear = (g->clear[p] | (from->fields & ~r->showing->wanted[p])) & known;
        part->null = g->null[p] & known;
        part->is_text = key_type_is_text(from->key_type);
        part->unknown = unknown[p] + perhaps;
        if (perhaps > 0)
            e->flags |= FLAG_BIT(BOUND);
        if (!is_named || (from->source == SOURCE_SHADOW && !shadow_is_named(s->observer, g, p)))
            continue;
        if (from->source != SOURCE_PINNED || (pins == 1 && shows_pinned(g, from, p, pins))) {
            part->ordinals = g->ordinals[p];
            part->ordinal_count = g->ordinal_counts[p];
        }
    }
}

int
expose_rows(struct session *s, const uint8_t *bytes, struct judgement *judgement)
{
    struct observer *o = s->observer;
    struct instruments *tools = s->worker->instruments;
    struct gather *g = &tools->gather;
    struct result *r = &o->result;
    uint64_t unknown[PLAN_PARTS_MAX], flags = 0, fields = 0;
    struct tally_outcome outcome = {.blocked_by = -1};
    struct exposure *e;
    uint32_t now;
    int result = 0;

    *judgement = (struct judgement){0};
    if (g->rows == 0)
        return 0;
    gather_look_up(g, r->showing->showing, &tools->ordinals);
    e = begin(s, r->statement);
    e->flags |= plan_flags(r->showing->showing->flags);
    if (r->copy.is_read)
        e->flags |= FLAG_BIT(COPY);
    now = instruments_minute(s->worker->instruments, e->time);
    for (size_t p = 0; p < r->showing->showing->part_count; p++) {
        unknown[p] = unknown_of(o, g, p, &flags);
        fields |= r->showing->showing->parts[p].fields;
    }
    e->statements = !r->is_counted;
    result = verdict_judge(s, e, r->statement, fields, flags, judgement);
    for (size_t p = 0; p < r->showing->showing->part_count; p++) {
        /* Pinned persons are in the gather's items, each by name; so are those whose keys were
         * asked for. */
        if (result == 0 && !result_is_pinned(r, p) && !(g->shadow_named >> p & 1))
            result =
                take_unknown(s, now, r->showing->showing->parts[p].kind, unknown[p], e, judgement);
    }
    if (result == 0 && judgement->is_blocked) {
        judgement->cut = g->first_row;
        gather_clear(g);
    } else if (result == 0 && g->item_count > 0) {
        result = tally_take(o->tally, now, g->items, g->item_count, &o->budget.limits, &outcome);
        judge(s, &outcome, e, judgement);
        o->seen += outcome.fresh;
        if (judgement->is_blocked) {
            judgement->cut = g->starts[outcome.taken];
            gather_cut(g, r->showing, bytes, outcome.taken);
            flags = 0;
            for (size_t p = 0; p < r->showing->showing->part_count; p++)
                unknown[p] = unknown_of(o, g, p, &flags); /* of the rows that are left */
        }
    }
    e->flags |= flags;
    if (result == 0) {
        e->rows = g->rows;
        e->statements = !r->is_counted;
        if (g->rows > 0)
            fill_parts(s, e, g, unknown);
        if (e->part_count > 0 || r->is_counted || e->verdict != VERDICT_OF_ALLOW || e->rule[0]) {
            result = put(s, e, r->statement);
            r->is_counted = true;
        }
        /* What a budget has kept back is still to be told, should the portal be read on. */
        r->is_bound_told |= !judgement->is_blocked;
        for (size_t p = 0; !judgement->is_blocked && p < r->showing->showing->part_count; p++)
            if (g->unattributed[p] > 0)
                r->told_parts |= (uint8_t)(1u << p);
    }
    r->rows += g->rows;
    gather_clear(g);
    return result;
}

/* ---- what is no row ---- */

/* Persons that cannot be named, at most so many of each kind. What is done already (`judgement`
 * NULL) counts also where a budget would have kept it back. */
static int
expose_bound(struct session *s, const struct plan_statement *statement, uint64_t fields,
             uint64_t kinds, uint64_t most, uint64_t flags, struct judgement *judgement)
{
    struct observer *o = s->observer;
    const struct catalog *catalog = o->catalog;
    struct exposure *e = begin(s, statement);
    uint32_t now = instruments_minute(s->worker->instruments, e->time);
    struct judgement done = {0};
    uint64_t known, all_kinds;
    int result = 0;

    observer_all(s, &known, &all_kinds);
    kinds &= all_kinds;
    e->flags |= flags | FLAG_BIT(BOUND);
    e->statements = !o->result.is_counted;
    o->result.is_counted = true;
    result = verdict_judge(s, e, statement, fields & known, 0, judgement);
    for (uint8_t kind = 0;
         kind < EXPOSURE_KINDS_MAX && result == 0 && !(judgement && judgement->is_blocked);
         kind++) {
        struct exposure_part *part;

        if (!(kinds >> kind & 1))
            continue;
        if (e->part_count == EXPOSURE_PARTS_MAX) { /* the rest goes into another record */
            result = put(s, e, statement);
            e->part_count = 0;
            e->statements = 0;
            if (result != 0)
                break;
        }
        part = add_part(e, kind, ATTRIBUTION_BOUND);
        part->clear = fields & known;
        part->unknown = observer_population(o, catalog, kind);
        if (part->unknown > most)
            part->unknown = most;
        if (!judgement)
            done = (struct judgement){0};
        result = take_unknown(s, now, kind, part->unknown, e, judgement ? judgement : &done);
    }
    if (!judgement && e->verdict > VERDICT_OF_ALERT)
        e->verdict = VERDICT_OF_ALERT;
    if (result == 0 && judgement && judgement->is_blocked)
        e->part_count = 0;
    return result == 0 ? put(s, e, statement) : result;
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

/* Each counts by name, whether they are surely in it or not. */
static int
take_named(struct session *s, const struct exposure *e, const struct speech *speech,
           struct tally_outcome *outcome)
{
    struct instruments *tools = s->worker->instruments;
    struct tally_item *items = tools->gather.items; /* no rows are in it */
    uint16_t kind = tools->ordinals.slots[speech->part->kind];

    for (size_t i = 0; i < speech->count; i++)
        items[i] = (struct tally_item){speech->ordinals[i], kind, i + 1 == speech->count};
    return tally_take(s->observer->tally, instruments_minute(tools, e->time), items, speech->count,
                      &s->observer->budget.limits, outcome);
}

int
expose_named(struct session *s, const struct plan_statement *statement, const struct speech *speech,
             uint64_t flags, struct judgement *judgement)
{
    struct observer *o = s->observer;
    struct exposure *e = begin(s, statement);
    struct tally_outcome outcome = {.blocked_by = -1};
    struct exposure_part *part;
    uint64_t known, kinds;
    int result = 0;

    *judgement = (struct judgement){0};
    if (speech->count == 0)
        return 0;
    observer_all(s, &known, &kinds);
    e->flags |= flags;
    e->statements = !o->result.is_counted;
    o->result.is_counted = true;
    result = verdict_judge(s, e, statement, speech->named_fields & known, 0, judgement);
    if (result == 0 && !judgement->is_blocked && is_kind(s, speech->part->kind)) {
        part = add_part(e, speech->part->kind, ATTRIBUTION_PINNED);
        part->clear = speech->named_fields & known;
        part->is_text = key_type_is_text(speech->part->key_type);
        part->unknown = speech->is_shown ? 0 : speech->count;
        part->ordinals = speech->ordinals;
        part->ordinal_count = speech->is_shown ? 1 : 0;
        result = take_named(s, e, speech, &outcome);
        judge(s, &outcome, e, judgement);
        o->seen += outcome.fresh;
        if (judgement->is_blocked)
            e->part_count = 0;
    }
    return result == 0 ? put(s, e, statement) : result;
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
    struct exposure *e = begin(s, r->statement);
    int result;

    for (size_t p = 0; p < r->statement->part_count && e->part_count < EXPOSURE_PARTS_MAX; p++) {
        const struct pinned *pinned = r->pinned;
        uint16_t first = p > 0 ? pinned->ends[p - 1] : 0;
        struct exposure_part *part;

        if (!pinned->is_known[p] || pinned->ends[p] == first)
            continue;
        part = add_part(e, r->statement->parts[p].kind, ATTRIBUTION_PINNED);
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
    return result == 0 ? put(s, e, r->statement) : result;
}

int
expose_probe(struct session *s)
{
    struct result *r = &s->observer->result;
    struct exposure *e = begin(s, r->statement);
    int result;

    e->statements = 1;
    r->is_counted = true;
    result = verdict_judge(s, e, r->statement, 0, 0, NULL);
    return result == 0 ? put(s, e, r->statement) : result;
}

int
expose_refusal(struct session *s, const struct plan *plan)
{
    const struct plan_statement *statement =
        plan && plan->statement_count > 0 ? &plan->statements[0] : NULL;
    struct exposure *e = begin(s, statement);

    e->flags |= plan_flags(plan ? plan->refusal_flags : PLAN_SERVER_EXIT) | FLAG_BIT(REFUSED);
    e->verdict = VERDICT_OF_BLOCK;
    e->statements = 1;
    snprintf(e->rule, sizeof(e->rule), "refused");
    return put(s, e, statement);
}

int
expose_ruled(struct session *s, const struct plan_statement *statement, const char *rule,
             enum verdict verdict, uint32_t statements, uint64_t flags)
{
    struct exposure *e = begin(s, statement);

    e->flags |= flags;
    e->verdict = (uint8_t)verdict;
    e->statements = statements;
    snprintf(e->rule, sizeof(e->rule), "%s", rule);
    return put(s, e, statement);
}
