/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tracing.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "cli/evidence_part.h"
#include "cli/person.h"

/* A pause of the record that is longer can have hidden somebody. */
#define PAUSE (10 * 60 * NANOSECONDS_PER_SECOND)

/* ---- the ledger ---- */

static int
ask_trace(struct evidence *e, struct ledger_entries *ledger, void *arg)
{
    struct entries entries = ledger_entries(ledger);

    return index_trace(e->index, arg, &e->selection, &entries);
}

static int
gather(struct tracing *t)
{
    struct evidence *e = t->evidence;
    int result = evidence_ask_index(e, trace_take, &t->trace, ask_trace, &t->trace);

    if (result < 0)
        return evidence_complain(e, result);
    if (result == 1)
        return 0;
    trace_clear(&t->trace);
    return evidence_read(e, trace_take, &t->trace);
}

static int
ask_statements(struct evidence *e, struct ledger_entries *ledger, void *arg)
{
    struct entries entries = ledger_entries(ledger);
    struct trace_look *look = arg;

    return index_trace_statements(e->index, &e->selection, &entries, look->wanted,
                                  look->wanted_count);
}

/* The book of the first question is not that of the second one. */
static int
look(struct tracing *t)
{
    struct evidence *e = t->evidence;
    int result = trace_look_begin(t->look, &t->trace, &t->answer);

    if (result == 0)
        result = evidence_anew(e);
    if (result != 0)
        return evidence_complain(e, result);
    trace_forget(&t->trace);
    result = evidence_ask_index(e, trace_look_take, t->look, ask_statements, t->look);
    if (result < 0)
        return evidence_complain(e, result);
    if (result == 1)
        return 0;
    result = trace_look_begin(t->look, &t->trace, &t->answer);
    if (result != 0)
        return evidence_complain(e, result);
    trace_forget(&t->trace);
    return evidence_read(e, trace_look_take, t->look);
}

/* Whether something of the asked time may not be on record. */
static bool
has_gaps(const struct evidence *e)
{
    const struct gaps *gaps = &e->book->gaps;

    for (size_t g = 0; g < gaps->count; g++) {
        const struct gap *gap = &gaps->items[g];
        bool is_pause = gap->what == GAP_DIED || gap->what == GAP_STOPPED;

        if (gap_concerns(gap, e->filter.from, e->filter.to) &&
            !(is_pause && gap->to != 0 && gap->to - gap->from <= PAUSE))
            return true;
    }
    return gaps->left_out > 0 || e->selection.unrecorded.count > 0;
}

/* ---- all of it ---- */

/* Made-up persons of the kind who are watched. */
static int
know_decoys(const struct evidence *e, struct leaked *sample)
{
    int result = 0;

    for (size_t s = 0; e->decoys != NULL && s < e->decoys->count; s++) {
        const struct decoy_set *set = &e->decoys->sets[s];

        if (set->head.retired != 0 || strcmp(set->head.kind, sample->kind) != 0)
            continue;
        sample->made_up_count += set->count;
        for (size_t i = 0; result == 0 && i < set->count; i++)
            if (set->items[i].is_known)
                result = persons_add(&sample->made_up, &set->items[i].ordinal, 1);
    }
    return result;
}

int
tracing_begin(struct tracing *t, struct evidence *evidence, struct leaked *sample,
              const struct sample_build *build, const struct sample_identity *identity)
{
    *t = (struct tracing){.evidence = evidence, .sample = sample, .build = build};
    t->known = sample_identity_persons(identity, evidence->ask.config, sample->kind);
    t->look = memory_new(1, sizeof(*t->look));
    trace_init(&t->trace, sample, &evidence->selection);
    return t->look == NULL ? PASU_E_NOMEM : know_decoys(evidence, sample);
}

void
tracing_end(struct tracing *t)
{
    trace_answer_release(&t->answer);
    trace_release(&t->trace);
    memory_free(t->look);
    t->look = NULL;
}

int
tracing_answer(struct tracing *t)
{
    int result, status = gather(t);

    if (status == 0)
        status = person_check_kind(t->evidence, t->sample->kind);
    if (status != 0)
        return status;
    t->trace.known = t->known;
    result = trace_judge(&t->trace, has_gaps(t->evidence), &t->answer);
    if (result != 0)
        return complain_error(result, "trace");
    return look(t);
}

struct traced
tracing_traced(const struct tracing *t)
{
    return (struct traced){.evidence = t->evidence,
                           .build = t->build,
                           .trace = &t->trace,
                           .answer = &t->answer,
                           .look = t->look,
                           .has_gaps = has_gaps(t->evidence)};
}
