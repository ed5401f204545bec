/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/run.h"
#include "cli/scope_then.h"
#include "cli/scope_view.h"
#include "cli/terminal.h"

static int
print(const struct arguments *arguments, struct evidence *evidence, const struct scope *scope,
      const struct scope_log *log)
{
    bool is_list = arguments_given(arguments, OPTION_list);
    int result = 0;

    if (arguments_given(arguments, OPTION_json))
        scope_view_json(stdout, evidence, scope, log, is_list);
    else if (is_list)
        scope_view_keys(stdout, evidence, scope);
    else
        result = scope_view_page(stdout, scope, log, terminal_width(stdout));
    if (result != 0)
        return complain_error(result, "scope");
    return evidence->is_bad ? 2 : 0;
}

/* With the server's log: the whole ledger is read once, by both. */
static int
ask_with_log(const struct arguments *arguments, struct evidence *evidence, struct scope *scope,
             struct scope_log *log)
{
    int status = scope_log_read(log, arguments, &evidence->filter);

    if (status != 0)
        return status;
    evidence->has_index = false;
    evidence->watch = scope_log_note;
    evidence->watch_arg = log;
    status = evidence_scope(evidence, scope);
    evidence->watch = NULL;
    if (status == 0)
        scope_log_end(log, &evidence->book->gaps);
    return status;
}

int
run_scope(const struct arguments *arguments)
{
    bool has_log = arguments_given(arguments, OPTION_server_log);
    struct scope_log log = {0};
    struct evidence evidence;
    struct scope scope;
    int status = scope_log_check(arguments);

    if (status != 0)
        return status;
    if (arguments_given(arguments, OPTION_as_of))
        return scope_then(arguments);
    status = evidence_open(&evidence, arguments);
    scope_init(&scope, &evidence.selection);
    if (status == 0)
        status = has_log ? ask_with_log(arguments, &evidence, &scope, &log)
                         : evidence_scope(&evidence, &scope);
    if (status == 0)
        status = print(arguments, &evidence, &scope, has_log ? &log : NULL);
    scope_release(&scope);
    scope_log_release(&log);
    evidence_close(&evidence);
    return output_end(status);
}
