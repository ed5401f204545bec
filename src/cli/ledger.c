/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/ledger_index.h"
#include "cli/ledger_rotate.h"
#include "cli/ledger_verify.h"
#include "cli/run.h"
#include "cli/statement_view.h"

#include <inttypes.h>

typedef int view_fn(FILE *file, struct evidence *evidence, const struct statement *statement,
                    bool has_keys);

struct exporting {
    struct evidence *evidence;
    view_fn *view;
    bool has_keys;
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
    return exporting->view(stdout, exporting->evidence, statement, exporting->has_keys);
}

/* What the lines do not say by themselves. */
static void
warn(const struct evidence *e)
{
    const struct gaps *gaps = &e->book->gaps;
    uint64_t damaged = 0, lost = 0, pruned = 0;

    for (size_t g = 0; g < gaps->count; g++) {
        pruned += gaps->items[g].what == GAP_PRUNED
                      ? gap_concerns(&gaps->items[g], e->filter.from, e->filter.to)
                      : 0;
        damaged += gaps->items[g].what == GAP_DAMAGED;
        lost += gaps->items[g].what == GAP_LOST;
    }
    if (damaged > 0 || lost > 0)
        complain("pasu scope lists them under completeness",
                 "the ledger is not whole: %" PRIu64 " damaged place%s, %" PRIu64
                 " time%s that records could not be written",
                 damaged, damaged == 1 ? "" : "s", lost, lost == 1 ? "" : "s");
    if (pruned > 0)
        complain(
            "pasu scope says up to when, under completeness",
            "what is older than ledger.retention was deleted, but for changes of rights, which "
            "stay for three years");
    if (e->selection.untestable > 0)
        complain(
            "they are in the export without --principal, --source, --country and --application",
            "%" PRIu64 " statements of unrecorded sessions could not be tested",
            e->selection.untestable);
}

static int
run_export(const struct arguments *arguments)
{
    struct evidence evidence;
    struct exporting exporting = {
        .evidence = &evidence,
        .view = arguments_given(arguments, OPTION_ocsf)   ? statement_view_ocsf
                : arguments_given(arguments, OPTION_json) ? statement_view_json
                                                          : statement_view_text,
        .has_keys = arguments_given(arguments, OPTION_keys)};
    int status = evidence_open(&evidence, arguments);

    if (status == 0) {
        evidence.has_rights = true;
        asked_export(&evidence.ask, "standard output");
        status = evidence_read(&evidence, export_statement, &exporting);
    }
    if (status == 0) {
        warn(&evidence);
        status = evidence.is_bad ? 2 : 0;
    }
    evidence_close(&evidence);
    return output_end(status);
}

/* What stands in the operand, by its place in command_ledger_actions. */
enum action {
    ACTION_EXPORT,
    ACTION_VERIFY,
    ACTION_CHECKPOINT,
    ACTION_ROTATE,
    ACTION_REBUILD,
    ACTION_UPDATE,
    ACTION_CHECK,
    ACTIONS
};

static enum action
action_of(const char *operand)
{
    unsigned i = 0;

    while (i < ACTIONS && strcmp(operand, command_ledger_actions[i]) != 0)
        i++;
    return (enum action)i;
}

/* What one of them takes and the others do not. */
static const char *
stray_option(const struct arguments *arguments, enum action action)
{
    static const uint64_t common = OPTION_BIT(config) | OPTION_BIT(json) | OPTION_BIT(help),
                          kept[ACTIONS] = {
                              [ACTION_EXPORT] =
                                  ~(OPTION_BIT(folder) | OPTION_BIT(checkpoint) | OPTION_BIT(key) |
                                    OPTION_BIT(why) | OPTION_BIT(lost)),
                              [ACTION_VERIFY] =
                                  OPTION_BIT(folder) | OPTION_BIT(checkpoint) | OPTION_BIT(key),
                              [ACTION_CHECKPOINT] = OPTION_BIT(folder) | OPTION_BIT(key),
                              [ACTION_ROTATE] = OPTION_BIT(why) | OPTION_BIT(lost),
                          };

    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (arguments_given(arguments, (enum option_id)i) &&
            ((kept[action] | common) >> i & 1) == 0)
            return options[i].name;
    return NULL;
}

int
run_ledger(const struct arguments *arguments)
{
    static int (*const run[ACTIONS])(const struct arguments *) = {
        run_export,           ledger_verify,       ledger_checkpoint, ledger_rotate,
        ledger_index_rebuild, ledger_index_update, ledger_index_check};
    const char *operand = arguments->operands[0];
    enum action action = action_of(operand);
    const char *stray = action < ACTIONS ? stray_option(arguments, action) : NULL;

    if (action == ACTIONS)
        complain("there are: export, verify, checkpoint, rotate-key, rebuild-index, update-index, "
                 "check-index",
                 "ledger cannot \"%.64s\"", operand);
    else if (stray)
        complain("see: pasu help ledger", "ledger %s does not take the option --%s", operand,
                 stray);
    else if (arguments_given(arguments, OPTION_config) == arguments_given(arguments, OPTION_folder))
        complain("see: pasu help ledger", "ledger %s needs --config FILE%s", operand,
                 action != ACTION_VERIFY && action != ACTION_CHECKPOINT
                     ? ""
                     : " or --folder DIR, and only one of them");
    else
        return run[action](arguments);
    return 2;
}
