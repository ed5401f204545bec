/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/ledger_index.h"
#include "cli/run.h"
#include "cli/statement_view.h"

#include <inttypes.h>

struct exporting {
    struct evidence *evidence;
    bool is_json, has_keys;
};

/* Whether the statement shows the field that is asked for, if one is. */
static bool
is_asked_for(const struct exporting *exporting, const struct statement *statement)
{
    const struct selection *selection = &exporting->evidence->selection;

    if (selection->filter->field == NULL)
        return true;
    for (size_t p = 0; p < statement->part_count; p++)
        if (part_has_shown(&statement->parts[p]) &&
            selection_fields(selection, statement->lexicon,
                             statement->parts[p].clear | statement->parts[p].masked |
                                 statement->parts[p].null) != 0)
            return true;
    return false;
}

static int
export_statement(void *arg, const struct statement *statement)
{
    const struct exporting *exporting = arg;

    if (!statement_is_notable(statement) || !is_asked_for(exporting, statement))
        return 0;
    if (exporting->is_json)
        return statement_view_json(stdout, exporting->evidence, statement, exporting->has_keys);
    return statement_view_text(stdout, exporting->evidence, statement, exporting->has_keys);
}

/* What the lines do not say by themselves. */
static void
warn(const struct evidence *e)
{
    const struct gaps *gaps = &e->book->gaps;
    uint64_t damaged = 0, lost = 0;

    for (size_t g = 0; g < gaps->count; g++) {
        damaged += gaps->items[g].what == GAP_DAMAGED;
        lost += gaps->items[g].what == GAP_LOST;
    }
    if (damaged > 0 || lost > 0)
        complain("pasu scope lists them under completeness",
                 "the ledger is not whole: %" PRIu64 " damaged places, %" PRIu64
                 " times that records could not be written",
                 damaged, lost);
    if (e->selection.untestable > 0)
        complain("they are in the export without --principal, --source and --application",
                 "%" PRIu64 " statements of unrecorded sessions could not be tested",
                 e->selection.untestable);
}

static int
run_export(const struct arguments *arguments)
{
    struct evidence evidence;
    struct exporting exporting = {&evidence, arguments_given(arguments, OPTION_json),
                                  arguments_given(arguments, OPTION_keys)};
    int status = evidence_open(&evidence, arguments);

    if (status == 0)
        status = evidence_read(&evidence, export_statement, &exporting);
    if (status == 0) {
        warn(&evidence);
        status = evidence.is_bad ? 2 : 0;
    }
    evidence_close(&evidence);
    return output_end(status);
}

int
run_ledger(const struct arguments *arguments)
{
    static int (*const runs[])(const struct arguments *arguments) = {
        run_export, ledger_index_rebuild, ledger_index_update, ledger_index_check};

    for (size_t a = 0; a < COUNT_OF(runs); a++)
        if (strcmp(arguments->operands[0], command_ledger_actions[a]) == 0)
            return runs[a](arguments);
    complain("there is: export, rebuild-index, update-index, check-index",
             "ledger cannot \"%.64s\"", arguments->operands[0]);
    return 2;
}
