/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/complain.h"
#include "cli/person.h"
#include "cli/run.h"
#include "cli/sample_read.h"
#include "cli/terminal.h"
#include "cli/tracing.h"

struct asking {
    struct evidence evidence;
    struct leaked sample;
    struct sample_build build;
    struct tracing tracing;
};

static int
read_sample(struct asking *t, const struct arguments *arguments)
{
    const char *said = arguments->values[OPTION_say];
    int status = said != NULL ? sample_read_said(&t->build, said)
                              : sample_read_file(&t->build, arguments->operands[0]);

    if (status != 0 || t->sample.count > 0)
        return status;
    if (t->build.rows > 0 && person_check_kind(&t->evidence, t->sample.kind) != 0)
        return 2;
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
print(const struct tracing *tracing, const struct arguments *arguments)
{
    struct traced traced = tracing_traced(tracing);

    if (arguments_given(arguments, OPTION_json))
        trace_view_json(stdout, &traced);
    else if (trace_view_page(stdout, &traced, terminal_width(stdout)) != 0)
        return complain_error(PASU_E_NOMEM, "trace");
    return tracing->answer.count > 0 ? 0 : 1;
}

static int
answer(struct asking *t, const struct arguments *arguments)
{
    int result =
        tracing_begin(&t->tracing, &t->evidence, &t->sample, &t->build, &t->build.identity);
    int status = result == 0 ? tracing_answer(&t->tracing) : complain_error(result, "trace");

    if (status == 0)
        status = print(&t->tracing, arguments);
    tracing_end(&t->tracing);
    return status;
}

/* What somebody says of a person is not for the ledger. */
static int
open_evidence(struct asking *t, const struct arguments *arguments)
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
    struct asking *t = memory_new(1, sizeof(*t));
    const char *kind = NULL;
    int result, status = check(arguments);

    if (t == NULL)
        return complain_error(PASU_E_NOMEM, "trace");
    if (status != 0) {
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
    if (status == 0)
        status = read_sample(t, arguments);
    if (status == 0)
        status = answer(t, arguments);
    sample_build_end(&t->build);
    leaked_release(&t->sample);
    evidence_close(&t->evidence);
    memory_free(t);
    return output_end(status);
}
