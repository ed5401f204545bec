/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/judge.h"

#include "base/address.h"
#include "base/memory.h"
#include "base/os.h"
#include "exposure/usage.h"
#include "policy/budget.h"
#include "policy/rule.h"

#define SELECT UINT64_C(1) /* the first of rules[].when.verbs in key.def */

struct judged {
    struct tally *tally;
    struct budget budget;
    struct rule_scope scope;
    uint32_t session; /* of which the scope is, and one more; 0: of none */
};

struct judge {
    const struct bench *bench;
    const struct story *story;
    const struct config *config;
    unsigned on;
    struct roster *roster; /* NULL: the configuration has none */
    struct rules *rules;
    struct tally_book *tallies;
    struct judged who[STORY_WHO_MAX];
    struct tally_item items[EXPOSURE_ORDINALS_MAX];
    bool is_stopped; /* the statement under way is not shown any further */
    struct notice *notice;
};

void
judge_origin(const struct bench *bench, const char *address, struct origin *origin)
{
    sources_look_up(bench->sources, address, origin);
}

static void
notice_it(struct judge *j, size_t event, uint32_t row, const char *by)
{
    struct notice *n = j->notice;

    if (n->is_noticed)
        return;
    *n = (struct notice){
        .is_noticed = true, .event = event, .row = row, .time = j->story->events[event].time + row};
    snprintf(n->by, sizeof(n->by), "%s", by);
}

/* ---- a session begins ---- */

static int
make_scope(struct judge *j, const struct story_session *session, struct rule_scope *scope)
{
    const struct story_who *who = &j->story->who[session->who];
    struct address address = {0};
    struct origin origin;
    struct rule_asker asker = {
        .principal = who->principal,
        .kind = roster_kind(j->roster, who->principal),
        .actor = "",
        .application = who->application,
        .address = &address,
        .origin = &origin,
        .vocabulary = &j->bench->vocabulary,
    };

    if (address_parse(&address, session->address) != 0)
        return PASU_E_MALFORMED;
    judge_origin(j->bench, session->address, &origin);
    return rule_scope_set(scope, j->rules, &asker);
}

static int
open_session(struct judge *j, size_t at)
{
    const struct story_event *event = &j->story->events[at];
    const struct story_session *session = &j->story->sessions[event->session];
    const struct story_who *who = &j->story->who[session->who];
    struct judged *judged = &j->who[session->who];
    struct ruling ruling;
    char text[EXPOSURE_TEXT_MAX];
    int result = make_scope(j, session, &judged->scope);

    if (result != 0)
        return result;
    judged->session = event->session + 1;
    if (!session->is_breach)
        return 0;
    if ((j->on & DRILL_BIT(LEAVER)) != 0 &&
        roster_standing(j->roster, who->principal, event->time, j->config->principals.ownerless) ==
            STANDING_LEFT)
        notice_it(j, at, 0, "the roster: its owner has left");
    rule_judge_session(&judged->scope, os_local_minute(event->time), &ruling);
    if (ruling.verdict >= VERDICT_HOLD) {
        rule_text(text, ruling.rule);
        notice_it(j, at, 0, text);
    }
    return 0;
}

/* ---- a statement ---- */

static int
judge_statement(struct judge *j, struct judged *judged, size_t at)
{
    const struct story_event *event = &j->story->events[at];
    struct usage *usage = tally_usage(judged->tally);
    struct rule_statement statement = {
        .fields = j->bench->fields,
        .verbs = SELECT,
        .purpose = "",
        .use = usage_has(usage, event->shape + 1u) ? RULE_USE_KNOWN : RULE_USE_FIRST,
        .minute = os_local_minute(event->time),
    };
    struct ruling ruling;
    char text[EXPOSURE_TEXT_MAX];
    int result = usage_add(usage, event->shape + 1u);

    if (result != 0)
        return result;
    rule_judge(&judged->scope, &statement, &ruling);
    if (ruling.verdict == VERDICT_ALLOW || ruling.verdict == VERDICT_MASK)
        return 0;
    rule_text(text, ruling.rule);
    notice_it(j, at, 0, text);
    return 0;
}

/* Which of the budgets is told of: one that stops comes before one that alerts. */
static void
see_outcome(struct judge *j, const struct judged *judged, size_t at,
            const struct tally_outcome *outcome)
{
    const struct config_budget *budgets = j->config->budgets;
    const struct budget *budget = &judged->budget;
    char text[EXPOSURE_TEXT_MAX];
    size_t told = 0;
    int by = -1;

    if (outcome->blocked_by >= 0)
        by = budget->block_by[outcome->blocked_by];
    if (by < 0)
        by = budget_told(budget, j->config, j->story->who[judged - j->who].principal, outcome,
                         &told);
    if (by < 0)
        return;
    budget_rule_text(text, &budgets[by]);
    notice_it(j, at, (uint32_t)outcome->taken, text);
}

/* As the keeper looks at each record: what is told comes with the record's last row. */
static void
see_decoys(struct judge *j, size_t at, uint32_t done, uint32_t count)
{
    const struct story_event *event = &j->story->events[at];
    struct exposure e = {
        .time = event->time + done, .vocabulary = j->bench->vocabulary.id, .part_count = 1};
    struct decoy_touch touch;

    e.parts[0] = (struct exposure_part){.clear = j->bench->fields,
                                        .ordinals = j->story->persons + event->first + done,
                                        .ordinal_count = count};
    if (decoys_touched(j->bench->decoys, &e, 1, &touch))
        notice_it(j, at, done + count, "a decoy was shown");
}

static int
take_rows(struct judge *j, struct judged *judged, size_t at)
{
    const struct story_event *event = &j->story->events[at];
    uint32_t minute = os_local_minute(event->time), done = 0;
    bool is_breach = story_is_breach(j->story, event);

    while (done < event->count) {
        uint32_t count = event->count - done;
        struct tally_outcome outcome = {.blocked_by = -1};
        int result;

        if (count > COUNT_OF(j->items))
            count = COUNT_OF(j->items);
        for (uint32_t i = 0; i < count; i++)
            j->items[i] = (struct tally_item){j->story->persons[event->first + done + i], 0, 1};
        result = tally_take(judged->tally, minute, j->items, count,
                            is_breach ? &judged->budget.limits : NULL, &outcome);
        if (result != 0)
            return result;
        outcome.taken += done;
        if (is_breach)
            see_outcome(j, judged, at, &outcome);
        if (is_breach && (j->on & DRILL_BIT(DECOYS)) != 0 && j->bench->decoys != NULL)
            see_decoys(j, at, done, count);
        done += count;
    }
    return 0;
}

/* ---- all of it ---- */

static int
begin(struct judge *j)
{
    int result = rules_new(&j->rules, j->config, &j->bench->vocabulary);

    if (result == 0)
        result = tally_book_new(&j->tallies);
    if (result == 0 && (j->config->principals.roster.path || j->config->principals.scim.enabled))
        result = story_roster(j->story, &j->roster);
    for (size_t i = 0; i < j->story->who_count && result == 0; i++) {
        const char *principal = j->story->who[i].principal;

        budget_of(&j->who[i].budget, j->config, j->roster, principal, false);
        result = tally_book_get(j->tallies, principal, &j->who[i].tally);
    }
    return result;
}

static void
end(struct judge *j)
{
    for (size_t i = 0; i < j->story->who_count; i++)
        rule_scope_release(&j->who[i].scope);
    tally_book_free(j->tallies);
    rules_free(j->rules);
    roster_free(j->roster);
    memory_free(j);
}

static int
see_event(struct judge *j, size_t at)
{
    const struct story_event *event = &j->story->events[at];
    uint32_t who = j->story->sessions[event->session].who;
    int result = 0;

    if (!j->story->who[who].is_culprit || event->what == STORY_CLOSES)
        return 0;
    if (j->who[who].session != event->session + 1)
        result = open_session(j, at);
    if (result == 0 && event->what == STORY_ASKS && story_is_breach(j->story, event))
        result = judge_statement(j, &j->who[who], at);
    else if (result == 0 && event->what == STORY_ASKS)
        result = usage_add(tally_usage(j->who[who].tally), event->shape + 1u);
    return result == 0 && event->count > 0 ? take_rows(j, &j->who[who], at) : result;
}

int
judge_story(struct notice *notice, const struct bench *bench, const struct story *story,
            const struct controlled *controlled)
{
    struct judge *j = memory_new(1, sizeof(*j));
    int result;

    *notice = (struct notice){0};
    if (j == NULL)
        return PASU_E_NOMEM;
    j->bench = bench;
    j->story = story;
    j->config = &controlled->config;
    j->on = controlled->on;
    j->notice = notice;
    result = begin(j);
    for (size_t i = 0; i < story->event_count && result == 0 && !notice->is_noticed; i++)
        result = see_event(j, i);
    end(j);
    return result;
}
