/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/replay_part.h"

#include "breach/sums.h"

#define PERSONS_MAX (UINT64_C(1) << 32) /* ordinals that there can be */

void
replay_outcome_release(struct replay_outcome *outcome)
{
    for (size_t k = 0; k < EXPOSURE_KINDS_MAX; k++) {
        persons_free(outcome->persons[k].sure);
        persons_free(outcome->persons[k].all);
    }
    name_set_release(&outcome->principals);
}

uint8_t
replay_slot(const struct replay_record *record, const struct exposure_part *part)
{
    const struct replay_words *words = record->words;

    return words != NULL && part->kind < words->vocabulary.kind_count ? words->slots[part->kind]
                                                                      : EXPOSURE_KINDS_MAX;
}

int
replay_note_persons(struct replay *r, size_t outcome, uint8_t slot, const uint32_t *ordinals,
                    size_t count, uint64_t unknown, bool is_sure)
{
    struct replay_persons *persons;
    int result;

    if (slot >= EXPOSURE_KINDS_MAX) /* of a kind that nobody knows: as many as it says */
        return 0;
    persons = &r->outcomes[outcome].persons[slot];
    persons->unknown = sum_of(persons->unknown, unknown);
    result = persons_add(&persons->all, ordinals, count);
    return result == 0 && is_sure ? persons_add(&persons->sure, ordinals, count) : result;
}

static void
note_example(struct replay_outcome *o, const struct replay_record *record, bool is_sure)
{
    struct replay_example *example;

    if (o->example_count == REPLAY_EXAMPLES)
        return;
    example = &o->examples[o->example_count++];
    *example = (struct replay_example){
        .seq = record->seq, .time = record->exposure->time, .is_sure = is_sure};
    memcpy(example->principal, record->info->principal, sizeof(example->principal));
}

int
replay_note(struct replay *r, struct replay_session *s, size_t outcome,
            const struct replay_record *record, bool is_sure, bool has_persons)
{
    struct replay_outcome *o = &r->outcomes[outcome];
    const struct exposure *e = record->exposure;
    uint8_t mark = is_sure ? MARK_SURELY : MARK_PERHAPS;
    int result = 0;

    if (s->marks[outcome] == MARK_NOT) {
        note_example(o, record, is_sure);
        result = name_set_add(&o->principals, record->info->principal);
    }
    if (s->marks[outcome] < mark)
        s->marks[outcome] = mark;
    if (o->first == 0 || e->time < o->first)
        o->first = e->time;
    if (e->time > o->last)
        o->last = e->time;
    for (size_t p = 0; has_persons && p < e->part_count && result == 0; p++)
        result =
            replay_note_persons(r, outcome, replay_slot(record, &e->parts[p]), e->parts[p].ordinals,
                                e->parts[p].ordinal_count, e->parts[p].unknown, is_sure);
    return result;
}

static void
count(struct replay_outcome *o, const struct replay_session *s, bool is_sure)
{
    o->statements[is_sure] = sum_of(o->statements[is_sure], s->executions);
    o->then[is_sure][s->then] = sum_of(o->then[is_sure][s->then], s->executions);
}

void
replay_settle(struct replay *r, struct replay_session *s)
{
    if (!s->is_running)
        return;
    s->is_running = false;
    r->statements = sum_of(r->statements, s->executions);
    r->then[s->then] = sum_of(r->then[s->then], s->executions);
    for (size_t o = 0; o < r->outcome_count; o++) {
        if (s->marks[o] != MARK_NOT)
            count(&r->outcomes[o], s, false);
        if (s->marks[o] == MARK_SURELY)
            count(&r->outcomes[o], s, true);
    }
}

void
replay_persons(const struct replay_outcome *outcome, size_t kind, uint64_t *at_least,
               uint64_t *at_most)
{
    const struct replay_persons *persons = &outcome->persons[kind];

    *at_least = persons_count(persons->sure);
    *at_most = sum_of(persons_count(persons->all), persons->unknown);
    if (*at_most > PERSONS_MAX)
        *at_most = PERSONS_MAX;
}

const char *
replay_lack_text(enum replay_lack lack)
{
    static const char *const texts[] = {
        [REPLAY_LACKS_VERBS] = "verbs",   [REPLAY_LACKS_COUNTRY] = "country",
        [REPLAY_LACKS_ASN] = "asn",       [REPLAY_LACKS_FIELDS] = "fields",
        [REPLAY_LACKS_USE] = "first_use", [REPLAY_LACKS_SOURCE] = "claimed_source",
    };

    return texts[lack];
}
