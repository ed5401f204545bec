/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/replay_part.h"

#include "base/address.h"

/* Whether a rule matches a record, the less certain first. */
enum truth {
    TRUTH_NO,
    TRUTH_PERHAPS, /* the record lacks what would decide it */
    TRUTH_UNKNOWN, /* the gate would not have known either */
    TRUTH_YES,
};

/* Conditions, and what a record can lack for them. */
static const struct {
    const char *condition;
    enum replay_lack lack;
} needs[] = {
    {"verbs", REPLAY_LACKS_VERBS},   {"country", REPLAY_LACKS_COUNTRY},
    {"first_use", REPLAY_LACKS_USE}, {"asn", REPLAY_LACKS_ASN},
    {"fields", REPLAY_LACKS_FIELDS}, {"country", REPLAY_LACKS_SOURCE},
    {"asn", REPLAY_LACKS_SOURCE},
};

void
replay_rules_prepare(struct replay *r)
{
    for (size_t i = 0; i < r->config->rule_count; i++) {
        const struct config_rule *rule = &r->config->rules[i];

        for (size_t c = 0; c < rule->condition_count; c++) {
            const struct config_condition *condition = &rule->conditions[c];

            for (size_t n = 0; n < COUNT_OF(needs); n++)
                /* Of fields, what is shown is recorded, not what else could have been. */
                if (strcmp(condition->name, needs[n].condition) == 0 &&
                    (needs[n].lack != REPLAY_LACKS_FIELDS || condition->is_negated))
                    r->asks[i] |= (uint8_t)(1u << needs[n].lack);
        }
    }
}

/* An address that is in no table but one of the operator's own. */
static bool
is_nowhere(const char *text)
{
    struct endpoint endpoint = {0};
    struct address address;

    snprintf(endpoint.host, sizeof(endpoint.host), "%s", text);
    return strcmp(text, "local") == 0 ||
           (endpoint_address(&address, &endpoint) == 0 && address_is_loopback(&address));
}

/* `is_of_claim`: not of the connection's address, but of the one that was given. Where there is no
 * database of them the gate would not have known either. */
static uint8_t
lacks_of(const struct config *config, const struct session_info *info, const struct exposure *e,
         enum rule_use use, bool is_of_claim)
{
    uint8_t lacks = 1u << REPLAY_LACKS_FIELDS;

    if (!e->has_verbs)
        lacks |= 1u << REPLAY_LACKS_VERBS;
    if (use == RULE_USE_UNKNOWN)
        lacks |= 1u << REPLAY_LACKS_USE;

    if (is_of_claim)
        lacks |= 1u << REPLAY_LACKS_SOURCE;
    else if (!info->origin.is_known)
        lacks |= 1u << REPLAY_LACKS_COUNTRY | 1u << REPLAY_LACKS_ASN;
    if (!config->sources.asn_db.path)
        lacks &= (uint8_t) ~(1u << REPLAY_LACKS_ASN);
    if (!config->sources.country_db.path && is_nowhere(info->address))
        lacks &= (uint8_t) ~(1u << REPLAY_LACKS_COUNTRY);
    return lacks;
}

static void
note_lacks(struct replay *r, size_t rule, uint8_t lacks)
{
    for (unsigned lack = 0; lack < REPLAY_LACKS; lack++)
        r->outcomes[1 + rule].lacks[lack] += lacks >> lack & 1;
}

/* ---- which rules match ---- */

static void
look(struct replay *r, const struct rule_scope *scope, const struct rule_statement *statement,
     uint8_t truth_bit)
{
    const struct config_rule *rule;
    bool is_certain = false;
    size_t at = 0;

    while ((rule = rule_next(scope, statement, &at, &is_certain)) != NULL)
        r->truths[rule - r->config->rules] |= (uint8_t)(is_certain ? truth_bit << 1 : truth_bit);
}

/* Fills r->truths; whether it is known which fields it has shown. The bits in between: with the
 * fields, or all, 1 it can match, 2 it does; with none 4 and 8. */
static bool
find_truths_of(struct replay *r, const struct rule_scope *scope, const struct replay_session *s,
               const struct replay_record *record)
{
    const struct exposure *e = record->exposure;
    struct rule_statement statement = {
        .flags = e->flags,
        .verbs = e->verbs,
        .use = s->use,
        .purpose = e->claims.purpose,
        .minute = s->minute,
    };
    uint8_t lacks =
        lacks_of(r->config, record->info, e, s->use, scope == &s->claimed || e->claims.is_signed);
    bool has_fields;

    for (size_t p = 0; p < e->part_count; p++)
        statement.fields |= e->parts[p].clear | e->parts[p].masked | e->parts[p].null;
    has_fields = statement.fields != 0;
    if (!has_fields)
        statement.fields = UINT64_MAX;
    memset(r->truths, 0, r->config->rule_count);
    look(r, scope, &statement, 1);
    if (!has_fields) {
        statement.fields = 0;
        look(r, scope, &statement, 4);
    }
    for (size_t i = 0; i < r->config->rule_count; i++) {
        uint8_t with = r->truths[i] & 3, without = r->truths[i] >> 2, missing = r->asks[i] & lacks;

        if (with == 0 && without == 0)
            continue;
        if (!has_fields && with != without)
            missing |= 1u << REPLAY_LACKS_FIELDS;
        else if (!has_fields)
            missing &= (uint8_t) ~(1u << REPLAY_LACKS_FIELDS);
        note_lacks(r, i, missing);
        r->truths[i] = missing != 0 ? TRUTH_PERHAPS : with > 1 ? TRUTH_YES : TRUTH_UNKNOWN;
    }
    return has_fields;
}

/* ---- which one decides ---- */

/* What the verdict does to the statement, where it can be meant, or, with all others, surely is. */
struct effect {
    bool can_be, is_all;
};

static void
allow_for(struct effect *effect, bool does)
{
    effect->can_be |= does;
    effect->is_all &= does;
}

/* By one address. */
static int
judge_scope(struct replay *r, struct replay_session *s, const struct rule_scope *scope,
            const struct replay_record *record, struct replay_ruling *ruling)
{
    const struct config_rule *rules = r->config->rules;
    struct effect stop = {.is_all = true}, keep = {.is_all = true};
    size_t none = r->config->rule_count, best = none;
    enum config_verdict verdict;
    bool is_doubtful = false, is_masked = false, has_fields;
    int result = 0;

    has_fields = find_truths_of(r, scope, s, record);
    for (size_t i = 0; i < none && result == 0; i++) {
        uint8_t truth = r->truths[i];

        if (truth == TRUTH_NO)
            continue;
        if (rules[i].shadow) {
            result = replay_note(r, s, 1 + i, record, truth != TRUTH_PERHAPS && !is_doubtful, true);
        } else if (truth == TRUTH_PERHAPS) {
            is_doubtful = true;
            allow_for(&stop, replay_stops(rules[i].verdict));
            allow_for(&keep, rules[i].verdict >= VERDICT_HOLD);
            result = replay_note(r, s, 1 + i, record, false, true);
        } else if (rules[i].verdict == VERDICT_MASK) {
            /* About the fields that it does not name those behind decide, if there are any. */
            result = replay_note(r, s, 1 + i, record, !is_doubtful && has_fields, true);
            allow_for(&stop, true);
            is_masked |= !is_doubtful && has_fields;
            is_doubtful = true;
        } else {
            /* Of those that can be meant, the strictest decides, as in the gate. */
            if (best == none || rules[i].verdict > rules[best].verdict)
                best = i;
            if (truth == TRUTH_YES)
                break;
        }
    }
    verdict = best < none ? rules[best].verdict : VERDICT_ALLOW;
    allow_for(&stop, replay_stops(verdict));
    allow_for(&keep, verdict >= VERDICT_HOLD);
    *ruling = (struct replay_ruling){
        .by = best < none ? 1 + best : 0,
        .is_by_surely = !is_doubtful,
        .stops = {stop.can_be, stop.is_all || is_masked},
        .keeps = {keep.can_be, keep.is_all},
    };
    return result == 0 && best < none ? replay_note(r, s, ruling->by, record, !is_doubtful, true)
                                      : result;
}

/* The stricter of two, by the connection's address and by the one that is given: what surely stops
 * it by either, does. */
static void
take_stricter(struct replay_ruling *ruling, const struct replay_ruling *other)
{
    bool is_other = other->keeps[true] && !ruling->keeps[true];

    if (is_other) {
        ruling->by = other->by;
        ruling->is_by_surely = other->is_by_surely;
    }
    for (size_t i = 0; i < 2; i++) {
        ruling->stops[i] |= other->stops[i];
        ruling->keeps[i] |= other->keeps[i];
    }
}

int
replay_rules_judge(struct replay *r, struct replay_session *s, const struct replay_record *record,
                   struct replay_ruling *ruling)
{
    struct replay_ruling claimed;
    int result = judge_scope(r, s, &s->scope, record, ruling);

    if (result != 0 || s->source[0] == '\0' || s->is_signed)
        return result;
    result = judge_scope(r, s, &s->claimed, record, &claimed);
    if (result == 0)
        take_stricter(ruling, &claimed);
    return result;
}
