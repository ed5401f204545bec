/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: whom they show, by what, and what of them may leave. */
#include "gate/expose_part.h"

#include "gate/administration.h"
#include "gate/budgets.h"
#include "gate/instruments.h"
#include "gate/mask.h"
#include "gate/plan_flags.h"
#include "gate/session.h"
#include "gate/shadow.h"
#include "gate/verdict.h"

#include <stdlib.h>

/* Whether rows show the person whom their part pins. A call that finds nobody has a row, too. */
static bool
shows_pinned(const struct gather *g, const struct showing_part *part, size_t p, size_t count)
{
    return count == 0 || (count == 1 && (!part->is_of_call || g->clear[p]));
}

/* Whether all rows without a person have more keys than can be named, whose number is known. */
static bool
is_crowd(const struct gather *g, const struct showing_part *part, size_t p)
{
    return g->unattributed[p] > 0 && g->crowded[p] == g->unattributed[p] && !part->is_one &&
           !(g->identified >> p & 1);
}

static bool
is_counted_by_rows(const struct showing_part *part)
{
    return part->is_one_per_row || part->most_per_row > 0;
}

/* How many persons so many rows of such a part can show. */
static uint64_t
most_of_rows(const struct showing_part *part, uint64_t rows, uint64_t all)
{
    uint64_t each = part->is_one_per_row ? 1 : part->most_per_row;

    return rows < all / each + 1 && rows * each < all ? rows * each : all;
}

/* How many persons of a part there can be beyond those that are named, in these rows. */
static uint64_t
unknown_of(const struct observer *o, const struct gather *g, size_t p, uint64_t *flags)
{
    const struct result *r = &o->result;
    const struct showing_part *part = &r->showing->showing->parts[p];
    uint64_t all = observer_population(o, o->catalog ? o->catalog : r->plan->catalog, part->kind);

    if (part->source == SOURCE_BOUND && part->persons_most != 0 && part->persons_most < all)
        all = part->persons_most;
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
        if (is_counted_by_rows(part))
            return most_of_rows(part, g->unattributed[p], all);
        return r->told_parts >> p & 1 ? 0 : all;
    }
    if (part->source == SOURCE_SHADOW) {
        *flags |= shadow_is_named(o, g, p) ? 0 : FLAG_BIT(BOUND);
        return shadow_unknown(o, g, p, all);
    }
    if (part->source == SOURCE_BOUND || part->source == SOURCE_PINNED) {
        *flags |= FLAG_BIT(BOUND);
        if (is_counted_by_rows(part))
            return most_of_rows(part, g->rows, all);
        return r->is_bound_told ? 0 : all;
    }
    if (is_crowd(g, part, p)) {
        *flags |= FLAG_BIT(BOUND);
        return g->crowd[p] < all ? g->crowd[p] : all;
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

/* ---- persons who can be of another kind ---- */

static bool
is_known_kind(const struct session *s, uint8_t kind)
{
    return s->settings->known.kinds >> kind & 1;
}

/* How many of the part's items can be one or the other; with a kind that is its own only, none. */
static size_t
count_either(const struct session *s, const struct gather *g, size_t p)
{
    const struct showing_part *part = &s->observer->result.showing->showing->parts[p];

    return is_known_kind(s, part->kind) ? gather_with_fate(g, p, GATHER_EITHER, NULL) : 0;
}

/* A part whose persons are, or can be, of another kind becomes two: `own` is filled, but for whom
 * it names. `is_named`: the gather's persons are. What stands in the record before may go into the
 * ring for want of room. */
static int
put_both(struct session *s, struct exposure *e, struct gather *g, size_t p, bool is_named,
         const struct plan_statement *statement)
{
    struct observer *o = s->observer;
    struct exposure_part own = e->parts[--e->part_count], *part;
    uint8_t as = s->settings->known.of[own.kind].as;
    uint32_t *ordinals = g->ordinals[p];
    size_t mine = 0, theirs = 0;
    uint64_t all = observer_population(o, o->catalog ? o->catalog : o->result.plan->catalog, as),
             either = 0;
    int result = 0;

    if (is_named) {
        mine = gather_with_fate(g, p, GATHER_OWN, ordinals);
        theirs = gather_with_fate(g, p, GATHER_OTHER, ordinals + mine);
        either = gather_with_fate(g, p, GATHER_EITHER, ordinals + mine + theirs);
        either = sort_ordinals(ordinals + mine + theirs, either);
    }
    own.unknown += either;
    if (e->part_count + 2 > EXPOSURE_PARTS_MAX) {
        result = expose_put(s, e, statement);
        e->part_count = 0;
        e->rows = e->statements = 0;
        s->observer->result.is_counted = true;
    }
    if (mine > 0 || own.unknown > 0 || theirs == 0) {
        part = expose_add_part(e, own.kind, own.attribution);
        *part = own;
        part->ordinals = ordinals;
        part->ordinal_count = mine;
        if (mine == 0 && either > 0)
            part->attribution = ATTRIBUTION_BOUND;
    }
    if (theirs > 0 || own.unknown > 0) {
        part = expose_add_part(e, as, theirs > 0 ? ATTRIBUTION_IDENTITY : ATTRIBUTION_BOUND);
        part->clear = own.clear;
        part->masked = own.masked;
        part->null = own.null;
        part->unknown = own.unknown < all ? own.unknown : all;
        part->is_text = gather_are_texts(g, &s->settings->known.of[own.kind]);
        part->ordinals = ordinals + mine;
        part->ordinal_count = theirs;
    }
    return result;
}

/* ---- the record ---- */

/* The parts of the record, from what is left of the gather. `masked`: of these fields. */
static int
fill_parts(struct session *s, struct exposure *e, struct gather *g, const uint64_t *unknown,
           uint64_t masked)
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
        int result;

        if (is_pinned)
            result_pins(r, p, &pins);
        is_named = !(from->is_perhaps && has_own_key(from, pins));
        if (!is_named || from->needs_value)
            perhaps = count_perhaps(
                r, g, p, is_named,
                observer_population(o, o->catalog ? o->catalog : r->plan->catalog, from->kind));
        if (e->part_count == EXPOSURE_PARTS_MAX) { /* of two kinds each: see put_both */
            result = expose_put(s, e, r->statement);
            e->part_count = 0;
            e->rows = e->statements = 0;
            if (result != 0)
                return result;
        }
        if (!expose_is_kind(s, from->kind) || !shows_part(g, from, p, unknown[p] + perhaps))
            continue;
        part = expose_add_part(e, from->kind, attribution_of(r, g, from, p, is_pinned));
        part->clear = (g->clear[p] | (from->fields & ~r->showing->wanted[p])) & known;
        part->null = g->null[p] & known;
        if (PASU_UNLIKELY(masked)) {
            part->masked = part->clear & ~mask_visible(r->showing, p, masked);
            part->clear &= ~part->masked;
        }
        part->is_text = key_type_is_text(from->key_type);
        part->unknown = unknown[p] + perhaps;
        if (perhaps > 0)
            e->flags |= FLAG_BIT(BOUND);
        is_named &= from->source != SOURCE_SHADOW || shadow_is_named(s->observer, g, p);
        is_named &= from->source != SOURCE_PINNED || (pins == 1 && shows_pinned(g, from, p, pins));
        if (is_known_kind(s, from->kind)) {
            result = put_both(s, e, g, p, is_named, r->statement);
            if (result != 0)
                return result;
        } else if (is_named) {
            part->ordinals = g->ordinals[p];
            part->ordinal_count = g->ordinal_counts[p];
        }
    }
    return 0;
}

/* How many persons each part has beyond those that are named. */
static uint64_t
count_unknown(const struct session *s, const struct gather *g, uint64_t unknown[PLAN_PARTS_MAX])
{
    const struct observer *o = s->observer;
    uint64_t flags = 0;

    for (size_t p = 0; p < o->result.showing->showing->part_count; p++) {
        unknown[p] = unknown_of(o, g, p, &flags);
        if (PASU_UNLIKELY(count_either(s, g, p) > 0))
            flags |= FLAG_BIT(BOUND);
    }
    return flags;
}

static struct exposure *
begin_rows(struct session *s)
{
    const struct result *r = &s->observer->result;
    struct exposure *e = expose_begin(s, r->statement);

    e->flags |= plan_flags(r->showing->showing->flags);
    if (r->copy.is_read)
        e->flags |= FLAG_BIT(COPY);
    e->statements = !r->is_counted;
    return e;
}

/* What the gather has. */
static int
put_rows(struct session *s, struct exposure *e, const uint64_t *unknown, uint64_t masked,
         bool is_blocked)
{
    struct result *r = &s->observer->result;
    struct gather *g = &s->worker->instruments->gather;
    int result = 0;

    e->rows = g->rows;
    e->statements = !r->is_counted;
    if (g->rows > 0)
        result = fill_parts(s, e, g, unknown, masked);
    if (result != 0)
        return result;
    if (e->part_count > 0 || r->is_counted || e->verdict != VERDICT_OF_ALLOW || e->rule[0]) {
        result =
            e->part_count > 0 ? expose_put_act(s, e, r->statement) : expose_put(s, e, r->statement);
        r->is_counted = true;
    }
    /* What a budget has kept back is still to be told, should the portal be read on. */
    r->is_bound_told |= !is_blocked;
    for (size_t p = 0; !is_blocked && p < r->showing->showing->part_count; p++)
        if (g->unattributed[p] > 0 && !is_crowd(g, &r->showing->showing->parts[p], p))
            r->told_parts |= (uint8_t)(1u << p);
    r->rows += g->rows;
    return result;
}

/* A budget masks rows from some on: they have a record of their own, behind that of the others. */
static int
put_masked(struct session *s, struct exposure *e, const uint8_t *bytes, uint64_t *unknown,
           struct judgement *judgement)
{
    struct gather *g = &s->worker->instruments->gather;
    bool is_blocked = judgement->is_blocked && !judgement->is_held;
    struct gather_rest rest;
    int result = 0;

    judgement->tail = judgement->first;
    if (judgement->clear > 0) {
        judgement->tail = g->starts[judgement->clear];
        gather_split(g, s->observer->result.showing, bytes, judgement->clear, &rest);
        e->flags |= count_unknown(s, g, unknown);
        result = put_rows(s, e, unknown, judgement->masked, false);
        gather_take_rest(g, &rest);
        e = begin_rows(s);
        e->flags |= count_unknown(s, g, unknown) | administration_reader(s);
        e->verdict = is_blocked ? VERDICT_OF_BLOCK : VERDICT_OF_ALLOW;
        if (is_blocked && judgement->budget)
            budget_rule_text(e->rule, judgement->budget);
    }
    if (result == 0)
        result = budgets_note_masked(s, instruments_minute(s->worker->instruments, e->time), e,
                                     judgement);
    return result == 0 ? put_rows(s, e, unknown, UINT64_MAX, is_blocked) : result;
}

/* What is left of the rows, judged, into the record. `unknown` and `flags`: of all of them. */
static int
record_rows(struct session *s, const uint8_t *bytes, struct exposure *e, uint64_t *unknown,
            uint64_t flags, const struct tally_outcome *outcome, struct judgement *judgement)
{
    struct gather *g = &s->worker->instruments->gather;

    if (judgement->is_blocked) {
        if (outcome->blocked_by < 0 || (budgets_mask(s) && outcome->taken == 0)) {
            judgement->cut = g->first_row;
            gather_clear(g);
        } else {
            judgement->cut = g->starts[outcome->taken];
            gather_cut(g, s->observer->result.showing, bytes, outcome->taken);
            flags = count_unknown(s, g, unknown); /* of the rows that are left */
        }
    }
    if (PASU_UNLIKELY(judgement->masks != NULL) &&
        (g->rows == 0 || (judgement->clear > 0 && judgement->clear >= g->item_count)))
        judgement->masks = NULL; /* none of them is left */
    e->flags |= flags;
    judgement->rows = g->rows;
    /* Of what is held, what is before it is told; where that is nothing, nothing. */
    return PASU_UNLIKELY(judgement->masks != NULL)
               ? put_masked(s, e, bytes, unknown, judgement)
               : put_rows(s, e, unknown, judgement->masked,
                          judgement->is_blocked && !(judgement->is_held && g->rows > 0));
}

/* Whether the rows are one that shows one person by key or pin, and nobody else. */
static bool
is_single(const struct session *s, const struct gather *g)
{
    const struct result *r = &s->observer->result;
    const struct showing *showing = r->showing->showing;
    const struct showing_part *part = &showing->parts[0];
    size_t pins;

    if (showing->part_count != 1 || g->rows != 1 || g->item_count != 1 ||
        g->ordinal_counts[0] != 1 || g->asked_count > 0 || g->unattributed[0] > 0 || g->is_unread ||
        g->identified || g->shadowed || part->is_perhaps || part->needs_value ||
        is_known_kind(s, part->kind) || !expose_is_kind(s, part->kind))
        return false;
    if (part->source != SOURCE_PINNED)
        return part->source == SOURCE_OUTPUT || part->source == SOURCE_HIDDEN;
    result_pins(r, 0, &pins);
    return pins == 1 && result_is_pinned(r, 0) && shows_pinned(g, part, 0, 1);
}

/* What expose_rows comes to for such a row: most statements of an application show one. */
static int
expose_single(struct session *s, const uint8_t *bytes, struct judgement *judgement)
{
    struct result *r = &s->observer->result;
    struct gather *g = &s->worker->instruments->gather;
    const struct showing_part *from = &r->showing->showing->parts[0];
    struct exposure *e = begin_rows(s);
    struct tally_outcome outcome = {.blocked_by = -1};
    struct exposure_part *part;
    uint64_t known, kinds;
    int result;

    judgement->can_mask = !g->is_unread && mask_is_possible(r->showing);
    e->flags |= from->fields ? administration_reader(s) : 0;
    result = verdict_judge(s, e, r->statement, from->fields, 0, judgement);
    if (result == 0 && !judgement->is_blocked)
        result = budgets_take(s, instruments_minute(s->worker->instruments, e->time), g->items, 1,
                              e, judgement, &outcome);
    if (result != 0)
        return result;
    if (PASU_UNLIKELY(judgement->is_blocked || judgement->masked || judgement->masks)) {
        uint64_t unknown[PLAN_PARTS_MAX] = {0};

        return record_rows(s, bytes, e, unknown, 0, &outcome, judgement);
    }
    observer_all(s, &known, &kinds);
    part = expose_add_part(e, from->kind,
                           attribution_of(r, g, from, 0, from->source == SOURCE_PINNED));
    part->clear = (g->clear[0] | (from->fields & ~r->showing->wanted[0])) & known;
    part->null = g->null[0] & known;
    part->is_text = key_type_is_text(from->key_type);
    part->ordinals = g->ordinals[0];
    part->ordinal_count = 1;
    e->rows = judgement->rows = 1;
    result = expose_put_act(s, e, r->statement);
    r->is_counted = r->is_bound_told = true;
    r->rows++;
    return result;
}

int
expose_rows(struct session *s, const uint8_t *bytes, struct judgement *judgement)
{
    struct instruments *tools = s->worker->instruments;
    struct gather *g = &tools->gather;
    struct result *r = &s->observer->result;
    uint64_t unknown[PLAN_PARTS_MAX] PASU_UNINITIALIZED, flags, fields = 0;
    struct tally_outcome outcome = {.blocked_by = -1};
    struct exposure *e;
    uint32_t now;
    int result = session_rules_renew(s);

    *judgement = (struct judgement){0};
    judgement->first = g->first_row;
    if (PASU_LIKELY(result == 0 && is_single(s, g))) {
        result = expose_single(s, bytes, judgement);
        gather_clear(g);
        return result;
    }
    judgement->can_mask = !g->is_unread && mask_is_possible(r->showing);
    gather_look_up(g, r->showing->showing, &tools->ordinals);
    gather_know(g, r->showing->showing, &tools->ordinals);
    e = begin_rows(s);
    now = instruments_minute(s->worker->instruments, e->time);
    flags = count_unknown(s, g, unknown);
    for (size_t p = 0; p < r->showing->showing->part_count; p++)
        fields |= r->showing->showing->parts[p].fields;
    e->flags |= fields ? administration_reader(s) : 0;
    if (result == 0)
        result = verdict_judge(s, e, r->statement, fields, flags, judgement);
    for (size_t p = 0; p < r->showing->showing->part_count; p++) {
        /* Pinned persons are in the gather's items, each by name; so are those whose keys were
         * asked for. */
        if (result == 0 && !(g->shadow_named >> p & 1) &&
            !(r->showing->showing->parts[p].source == SOURCE_PINNED && result_is_pinned(r, p)))
            result = expose_take_unknown(s, now, r->showing->showing->parts[p].kind, unknown[p],
                                         false, e, judgement);
    }
    /* A budget that masks is over also where nobody new is shown. */
    if (result == 0 && !judgement->is_blocked && (g->item_count > 0 || budgets_mask(s)))
        result = budgets_take(s, now, g->items, g->item_count, e, judgement, &outcome);
    if (result == 0)
        result = record_rows(s, bytes, e, unknown, flags, &outcome, judgement);
    gather_clear(g);
    return result;
}
