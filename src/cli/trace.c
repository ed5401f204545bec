/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/complain.h"
#include "cli/evidence_part.h"
#include "cli/person.h"
#include "cli/run.h"
#include "cli/sample_read.h"
#include "cli/terminal.h"
#include "cli/trace_view.h"

/* A pause of the record that is longer can have hidden somebody. */
#define PAUSE (10 * 60 * NANOSECONDS_PER_SECOND)

struct tracing {
    struct evidence evidence;
    struct leaked sample;
    struct sample_build build;
    struct trace trace;
    struct trace_answer answer;
    struct trace_look *look;
};

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
    struct evidence *e = &t->evidence;
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
    struct evidence *e = &t->evidence;
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

/* ---- the command ---- */

static int
read_sample(struct tracing *t, const struct arguments *arguments)
{
    const char *said = arguments->values[OPTION_say];
    int status = said != NULL ? sample_read_said(&t->build, said)
                              : sample_read_file(&t->build, arguments->operands[0]);

    if (status != 0 || t->sample.count > 0)
        return status;
    if (t->build.rows == 0)
        complain("a column is named key, or as the key or a field in the configuration",
                 "the sample names nobody");
    else if (t->build.identity.identity == NULL)
        complain("give keys; or name identifying columns under identity, and run: pasu index build",
                 "nobody in the sample is known: there is no identity index to look values up in");
    else
        complain("give keys where they are known; the identity index has the values of its time",
                 "nobody in the sample is known");
    return t->build.rows == 0 ? 2 : 1;
}

static int
print(struct tracing *t, const struct arguments *arguments)
{
    struct traced traced = {.evidence = &t->evidence,
                            .build = &t->build,
                            .trace = &t->trace,
                            .answer = &t->answer,
                            .look = t->look,
                            .has_gaps = has_gaps(&t->evidence)};

    if (arguments_given(arguments, OPTION_json))
        trace_view_json(stdout, &traced);
    else if (trace_view_page(stdout, &traced, terminal_width(stdout)) != 0)
        return complain_error(PASU_E_NOMEM, "trace");
    return t->answer.count > 0 ? 0 : 1;
}

static int
answer(struct tracing *t, const struct arguments *arguments)
{
    int result, status = gather(t);

    if (status == 0)
        status = person_check_kind(&t->evidence, t->sample.kind);
    if (status != 0)
        return status;
    result = trace_judge(&t->trace, has_gaps(&t->evidence), &t->answer);
    if (result != 0)
        return complain_error(result, "trace");
    status = look(t);
    return status == 0 ? print(t, arguments) : status;
}

/* What somebody says of a person is not for the ledger. */
static int
open_evidence(struct tracing *t, const struct arguments *arguments)
{
    struct arguments recorded = *arguments;

    if (arguments_given(arguments, OPTION_say))
        recorded.values[OPTION_say] = "?";
    return evidence_open(&t->evidence, &recorded);
}

static int
check(const struct arguments *arguments)
{
    if (arguments_given(arguments, OPTION_say) != (arguments->operand_count > 0))
        return 0;
    complain("pasu help trace", "give either a file with the sample, or what is known with --say");
    return 2;
}

int
run_trace(const struct arguments *arguments)
{
    struct tracing *t = memory_new(1, sizeof(*t));
    const char *kind = NULL;
    int result, status = check(arguments);

    if (t == NULL)
        return complain_error(PASU_E_NOMEM, "trace");
    t->look = memory_new(1, sizeof(*t->look));
    if (status == 0 && t->look == NULL)
        status = complain_error(PASU_E_NOMEM, "trace");
    if (status != 0) {
        memory_free(t->look);
        memory_free(t);
        return status;
    }
    status = open_evidence(t, arguments);
    if (status == 0)
        status = person_kind(&t->evidence, arguments, &kind);
    if (status == 0) {
        result = leaked_init(&t->sample, kind);
        status = result == 0 ? sample_build_begin(&t->build, &t->evidence, &t->sample)
                             : complain_error(result, "the kind");
    }
    t->build.is_undated = arguments_given(arguments, OPTION_undated);
    trace_init(&t->trace, &t->sample, &t->evidence.selection);
    if (status == 0)
        status = read_sample(t, arguments);
    if (status == 0)
        status = answer(t, arguments);
    trace_answer_release(&t->answer);
    trace_release(&t->trace);
    sample_build_end(&t->build);
    leaked_release(&t->sample);
    evidence_close(&t->evidence);
    memory_free(t->look);
    memory_free(t);
    return output_end(status);
}
