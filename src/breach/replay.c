/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/replay_part.h"

#include "base/address.h"
#include "base/memory.h"
#include "base/os.h"
#include "breach/sums.h"
#include "exposure/usage.h"
#include "policy/origins.h"

enum { SESSIONS_START = 64 };

/* ---- life ---- */

int
replay_new(struct replay **replay, const struct config *config, const struct roster *roster,
           struct book *book, int64_t from, int64_t to, int64_t now)
{
    struct replay *r = memory_new(1, sizeof(*r));
    int result = r == NULL ? PASU_E_NOMEM : 0;

    if (result != 0)
        return result;
    r->config = config;
    r->roster = roster;
    r->book = book;
    r->from = from;
    r->to = to;
    r->now = os_local_minute(now);
    r->places.seed = book->sessions.places.seed;
    r->outcome_count = 1 + config->rule_count + config->budget_count;
    r->outcomes = memory_new(r->outcome_count, sizeof(*r->outcomes));
    r->asks = memory_new(config->rule_count + 1, 1);
    r->truths = memory_new(config->rule_count + 1, 1);
    r->items = memory_new(EXPOSURE_ALL_MAX, sizeof(*r->items));
    if (r->outcomes == NULL || r->asks == NULL || r->truths == NULL || r->items == NULL)
        result = PASU_E_NOMEM;
    if (result == 0)
        result = vocabulary_of_config(&r->names, config);
    if (result == 0)
        result = rules_new(&r->rules, config, &r->names);
    if (result == 0)
        result = tally_book_new(&r->tallies);
    if (result != 0) {
        replay_free(r);
        return result;
    }
    replay_rules_prepare(r);
    *replay = r;
    return 0;
}

static void
free_session(struct replay *r, size_t place)
{
    struct replay_session *s = &r->sessions[place];

    rule_scope_release(&s->scope);
    rule_scope_release(&s->claimed);
    memory_free(s->marks);
    *s = (struct replay_session){.next_free = r->free_list};
    r->free_list = (uint32_t)place + 1;
}

void
replay_free(struct replay *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->session_count; i++)
        free_session(r, i);
    for (size_t i = 0; r->outcomes != NULL && i < r->outcome_count; i++)
        replay_outcome_release(&r->outcomes[i]);
    memory_free(r->sessions);
    memory_free(r->outcomes);
    memory_free(r->asks);
    memory_free(r->truths);
    memory_free(r->items);
    memory_free(r->words);
    map_release(&r->places);
    tally_book_free(r->tallies);
    rules_free(r->rules);
    memory_free(r);
}

const struct replay_outcome *
replay_stopped(const struct replay *r)
{
    return &r->outcomes[0];
}

const struct replay_outcome *
replay_rule(const struct replay *r, size_t index)
{
    return &r->outcomes[1 + index];
}

static size_t
budget_outcome(const struct replay *r, size_t index)
{
    return 1 + r->config->rule_count + index;
}

const struct replay_outcome *
replay_budget(const struct replay *r, size_t index)
{
    return &r->outcomes[budget_outcome(r, index)];
}

/* ---- vocabularies ---- */

static const struct replay_words *
words_of(const struct replay *r, uint32_t id)
{
    for (size_t i = r->word_count; i-- > 0;)
        if (r->words[i].vocabulary.id == id)
            return &r->words[i];
    return NULL;
}

static int
see_vocabulary(struct replay *r, const struct vocabulary *vocabulary)
{
    struct replay_words *more;

    if (words_of(r, vocabulary->id) != NULL)
        return 0;
    more = memory_resize(r->words, r->word_count + 1, sizeof(*more));
    if (more == NULL)
        return PASU_E_NOMEM;
    r->words = more;
    more = &r->words[r->word_count++];
    *more = (struct replay_words){.vocabulary = *vocabulary};
    for (uint32_t k = 0; k < vocabulary->kind_count; k++)
        if (kinds_slot(&r->kinds, vocabulary->kinds[k], &more->slots[k]) != 0)
            more->slots[k] = EXPOSURE_KINDS_MAX;
    return 0;
}

/* ---- sessions ---- */

/* NULL without memory. */
static struct replay_session *
take_place(struct replay *r)
{
    if (r->free_list != 0) {
        struct replay_session *s = &r->sessions[r->free_list - 1];

        r->free_list = s->next_free;
        return s;
    }
    if (r->session_count == r->session_space) {
        size_t space = r->session_space == 0 ? SESSIONS_START : r->session_space * 2;
        struct replay_session *more = memory_resize(r->sessions, space, sizeof(*more));

        if (more == NULL)
            return NULL;
        r->sessions = more;
        r->session_space = space;
    }
    return &r->sessions[r->session_count++];
}

static int
session_of(struct replay *r, const struct session_info *info, struct replay_session **session)
{
    struct replay_session *s;
    uint32_t place;
    int result;

    if (map_get(&r->places, info->id, &place)) {
        *session = &r->sessions[place];
        return 0;
    }
    s = take_place(r);
    if (s == NULL)
        return PASU_E_NOMEM;
    *s = (struct replay_session){.id = info->id};
    place = (uint32_t)(s - r->sessions);
    s->marks = memory_new(r->outcome_count, 1);
    result = s->marks == NULL ? PASU_E_NOMEM : map_put(&r->places, info->id, place);
    if (result == 0)
        result = tally_book_get(r->tallies, info->principal, &s->tally);
    if (result != 0) {
        map_remove(&r->places, info->id);
        free_session(r, place);
        return result;
    }
    budget_of(&s->budget, r->config, r->roster, info->principal, false);
    for (int w = 0; w < TALLY_WINDOWS; w++)
        if (s->budget.clear[w] < s->budget.limits.block[w]) { /* what is masked is kept back, too */
            s->budget.limits.block[w] = s->budget.clear[w];
            s->budget.block_by[w] = s->budget.clear_by[w];
        }
    *session = s;
    return 0;
}

static void
leave(struct replay *r, uint64_t id)
{
    uint32_t place;

    if (!map_get(&r->places, id, &place))
        return;
    replay_settle(r, &r->sessions[place]);
    map_remove(&r->places, id);
    free_session(r, place);
}

/* `text`: the address; where that was is known of the connection's only. */
static int
make_scope(struct replay *r, const struct replay_record *record, const char *text,
           const struct message_origin *known, struct rule_scope *scope)
{
    const struct session_info *info = record->info;
    struct address address = {0};
    struct origin origin = {.system = known ? known->system : 0};
    const struct rule_asker asker = {
        .principal = info->principal,
        .kind = roster_kind(r->roster, info->principal),
        .actor = record->exposure->actor,
        .application = info->application,
        .address = &address,
        .origin = known && known->is_known ? &origin : NULL,
        .vocabulary = record->words != NULL ? &record->words->vocabulary : &r->names,
    };

    if (known)
        memcpy(origin.country, known->country, sizeof(known->country));
    if (address_parse(&address, text) != 0)
        address = (struct address){0}; /* the record is damaged, or of nobody's address */
    return rule_scope_set(scope, r->rules, &asker);
}

/* The rules that concern the session, whom it acts for, and where that is. */
static int
renew_scope(struct replay *r, struct replay_session *s, const struct replay_record *record)
{
    const struct exposure *e = record->exposure;
    const struct exposure_claims *claims = &e->claims;
    int result;

    if (s->is_scoped && s->vocabulary == e->vocabulary && strcmp(s->actor, e->actor) == 0 &&
        strcmp(s->source, claims->source) == 0 && s->is_signed == claims->is_signed)
        return 0;
    rule_scope_release(&s->claimed);
    if (claims->is_signed)
        result = make_scope(r, record, claims->source, NULL, &s->scope);
    else
        result = make_scope(r, record, record->info->address, &record->info->origin, &s->scope);
    if (result == 0 && claims->source[0] != '\0' && !claims->is_signed)
        result = make_scope(r, record, claims->source, NULL, &s->claimed);
    s->is_scoped = result == 0;
    s->vocabulary = e->vocabulary;
    memcpy(s->actor, e->actor, sizeof(s->actor));
    memcpy(s->source, claims->source, sizeof(s->source));
    s->is_signed = claims->is_signed;
    return result;
}

/* ---- budgets ---- */

static uint32_t
minute_of(const struct replay *r, int64_t time)
{
    uint32_t minute = os_local_minute(time);

    return minute > r->now ? r->now : minute; /* a clock that was ahead once */
}

/* What the tally said. */
static int
see_outcome(struct replay *r, struct replay_session *s, const struct replay_record *record,
            const struct tally_outcome *outcome, bool is_sure)
{
    size_t at = 0;
    int result = 0, by;

    while (result == 0 &&
           (by = budget_told(&s->budget, r->config, record->info->principal, outcome, &at)) >= 0) {
        r->outcomes[budget_outcome(r, (size_t)by)].alerts++;
        result = replay_note(r, s, budget_outcome(r, (size_t)by), record, is_sure, true);
    }
    if (result != 0 || outcome->blocked_by < 0)
        return result;
    s->stopped_by = budget_outcome(r, (size_t)s->budget.block_by[outcome->blocked_by]);
    s->is_by_surely = s->is_stopped_surely = is_sure;
    result = replay_note(r, s, s->stopped_by, record, is_sure, false);
    return result == 0 ? replay_note(r, s, 0, record, is_sure, false) : result;
}

/* The part, from one of its persons on, does not leave: for both what stopped it and the sum. */
static int
keep_back(struct replay *r, const struct replay_session *s, uint8_t slot, const uint32_t *ordinals,
          size_t count, uint64_t unknown)
{
    int result =
        replay_note_persons(r, s->stopped_by, slot, ordinals, count, unknown, s->is_by_surely);

    return result == 0
               ? replay_note_persons(r, 0, slot, ordinals, count, unknown, s->is_stopped_surely)
               : result;
}

static int
keep_back_unknown(struct replay *r, const struct replay_session *s,
                  const struct replay_record *record)
{
    int result = 0;

    for (size_t p = 0; p < record->exposure->part_count && result == 0; p++)
        result = keep_back(r, s, replay_slot(record, &record->exposure->parts[p]), NULL, 0,
                           record->exposure->parts[p].unknown);
    return result;
}

/* Named persons from the item `at` on. */
static int
keep_back_named(struct replay *r, const struct replay_session *s,
                const struct replay_record *record, size_t at)
{
    int result = 0;

    for (size_t p = 0; p < record->exposure->part_count && result == 0; p++) {
        const struct exposure_part *part = &record->exposure->parts[p];
        uint8_t slot = replay_slot(record, part);
        size_t skip = at < part->ordinal_count ? at : part->ordinal_count;

        if (slot >= EXPOSURE_KINDS_MAX)
            continue;
        at -= skip;
        result = keep_back(r, s, slot, part->ordinals + skip, part->ordinal_count - skip, 0);
    }
    return result;
}

static size_t
fill_items(struct replay *r, const struct replay_record *record)
{
    size_t count = 0;

    for (size_t p = 0; p < record->exposure->part_count; p++) {
        const struct exposure_part *part = &record->exposure->parts[p];
        uint8_t slot = replay_slot(record, part);

        for (size_t i = 0; slot < EXPOSURE_KINDS_MAX && i < part->ordinal_count; i++)
            r->items[count++] = (struct tally_item){part->ordinals[i], slot, 1};
    }
    return count;
}

/* In the order of gate/expose.c: those without names first. */
static int
ask_budgets(struct replay *r, struct replay_session *s, const struct replay_record *record,
            bool is_sure)
{
    uint32_t now = minute_of(r, record->exposure->time);
    struct tally_outcome outcome = {.blocked_by = -1};
    bool is_moved = (record->exposure->flags & FLAG_BIT(MOVED)) != 0;
    size_t count;
    int result = 0;

    for (size_t p = 0; p < record->exposure->part_count && result == 0; p++) {
        const struct exposure_part *part = &record->exposure->parts[p];
        uint8_t slot = replay_slot(record, part);
        uint64_t unknown = part->unknown;

        if (slot >= EXPOSURE_KINDS_MAX) { /* nobody can tell them apart */
            unknown = sum_of(unknown, part->ordinal_count);
            slot = 0;
        }
        if (unknown == 0)
            continue;
        result = (is_moved ? tally_add_moved : tally_take_unknown)(s->tally, now, slot, unknown,
                                                                   &s->budget.limits, &outcome);
        if (is_moved)
            outcome.blocked_by = -1; /* it is done by then: what comes behind it is stopped */
        if (result == 0)
            result = see_outcome(r, s, record, &outcome, is_sure);
        if (result == 0 && s->stopped_by != 0) {
            result = keep_back_unknown(r, s, record);
            return result == 0 ? keep_back_named(r, s, record, 0) : result;
        }
    }
    count = result == 0 ? fill_items(r, record) : 0;
    if (count == 0)
        return result;
    result = tally_take(s->tally, now, r->items, count, &s->budget.limits, &outcome);
    if (result == 0)
        result = see_outcome(r, s, record, &outcome, is_sure);
    return result == 0 && s->stopped_by != 0 ? keep_back_named(r, s, record, outcome.taken)
                                             : result;
}

/* ---- records ---- */

/* What is not known to have been run before can have shown nobody then, and have no record. */
static enum rule_use
use_of(const struct replay_session *s, const struct exposure *e)
{
    if (e->flags & FLAG_BIT(FIRST_USE))
        return RULE_USE_FIRST;
    return e->shape != 0 && usage_has(tally_usage(s->tally), e->shape) ? RULE_USE_KNOWN
                                                                       : RULE_USE_UNKNOWN;
}

/* It was run, and would have been. */
static int
note_use(struct replay_session *s, const struct exposure *e)
{
    int result = usage_is_use(e) ? usage_add(tally_usage(s->tally), e->shape) : 0;

    return result == PASU_E_RANGE ? 0 : result;
}

static void
begin(struct replay *r, struct replay_session *s, const struct exposure *e)
{
    replay_settle(r, s);
    s->is_running = true;
    s->executions = e->statements > 0 ? e->statements : 1; /* it began before, or is lost */
    s->then = VERDICT_OF_ALLOW;
    s->minute = minute_of(r, e->time);
    s->use = use_of(s, e);
    s->stopped_by = 0;
    memset(s->marks, MARK_NOT, r->outcome_count);
}

static int
judge(struct replay *r, struct replay_session *s, const struct replay_record *record)
{
    const struct exposure *e = record->exposure;
    struct replay_ruling ruling;
    int result;

    if (e->statements > 0 || !s->is_running)
        begin(r, s, e);
    if (e->verdict > s->then)
        s->then = e->verdict;
    if (s->stopped_by != 0) { /* what stands behind it would not have come */
        result = keep_back_unknown(r, s, record);
        return result == 0 ? keep_back_named(r, s, record, 0) : result;
    }
    result = renew_scope(r, s, record);
    if (result == 0)
        result = replay_rules_judge(r, s, record, &ruling);
    if (result == 0 && ruling.stops[false])
        result = replay_note(r, s, 0, record, ruling.stops[true], true);
    if (result != 0)
        return result;
    if (ruling.keeps[true]) {
        s->stopped_by = ruling.by;
        s->is_by_surely = ruling.is_by_surely;
        s->is_stopped_surely = true;
        return 0;
    }
    result = ask_budgets(r, s, record, !ruling.keeps[false]);
    return result == 0 ? note_use(s, e) : result;
}

/* What was shown before the time that is asked about. */
static int
remember(struct replay *r, struct replay_session *s, const struct replay_record *record)
{
    const struct exposure *e = record->exposure;
    uint32_t at = minute_of(r, e->time);
    int result = 0;

    for (size_t p = 0; p < e->part_count && result == 0; p++) {
        const struct exposure_part *part = &e->parts[p];
        uint8_t slot = replay_slot(record, part);

        if (slot < EXPOSURE_KINDS_MAX)
            result = tally_restore(s->tally, at, slot, part->ordinals, part->ordinal_count,
                                   part->unknown);
        else
            result =
                tally_restore(s->tally, at, 0, NULL, 0, sum_of(part->unknown, part->ordinal_count));
    }
    if (e->flags & (FLAG_BIT(MOVED) | FLAG_BIT(KEPT)))
        tally_restore_moved(s->tally, at);
    return result == 0 ? note_use(s, e) : result;
}

static int
see_exposure(struct replay *r, uint64_t seq, const struct exposure *e)
{
    struct replay_record record = {.seq = seq, .exposure = e};
    bool is_asked = e->time >= r->from && (r->to == 0 || e->time < r->to);
    struct replay_session *session;
    int result;

    record.info = sessions_get(&r->book->sessions, e->session);
    record.words = words_of(r, e->vocabulary);
    if (record.info == NULL) {
        r->untestable = sum_of(r->untestable, is_asked ? e->statements : 0);
        return 0;
    }
    if (!is_asked && e->time >= r->from)
        return 0;
    result = session_of(r, record.info, &session);
    if (result != 0)
        return result;
    return is_asked ? judge(r, session, &record) : remember(r, session, &record);
}

int
replay_take(struct replay *r, const struct ledger_entry *entry)
{
    uint64_t gone;
    int result;

    while (sessions_forget_one(&r->book->sessions, entry->time, &gone))
        leave(r, gone);
    result = book_note(r->book, entry);
    if (result != 0)
        return result;
    if (entry->type == LEDGER_VOCABULARY)
        return see_vocabulary(r, entry->u.vocabulary);
    return entry->type == LEDGER_EXPOSURE ? see_exposure(r, entry->seq, entry->u.exposure) : 0;
}

void
replay_end(struct replay *r)
{
    for (size_t i = 0; i < r->session_count; i++)
        replay_settle(r, &r->sessions[i]);
}
