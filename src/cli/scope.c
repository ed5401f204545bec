/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/run.h"
#include "cli/scope_then.h"
#include "cli/scope_view.h"
#include "cli/terminal.h"

static int
print(const struct arguments *arguments, struct evidence *evidence, const struct scope *scope)
{
    bool is_list = arguments_given(arguments, OPTION_list);
    int result = 0;

    if (arguments_given(arguments, OPTION_json))
        scope_view_json(stdout, evidence, scope, is_list);
    else if (is_list)
        scope_view_keys(stdout, evidence, scope);
    else
        result = scope_view_page(stdout, scope, terminal_width(stdout));
    if (result != 0)
        return complain_error(result, "scope");
    return evidence->is_bad ? 2 : 0;
}

int
run_scope(const struct arguments *arguments)
{
    struct evidence evidence;
    struct scope scope;
    int status;

    if (arguments_given(arguments, OPTION_as_of))
        return scope_then(arguments);
    status = evidence_open(&evidence, arguments);
    scope_init(&scope, &evidence.selection);
    if (status == 0)
        status = evidence_scope(&evidence, &scope);
    if (status == 0)
        status = print(arguments, &evidence, &scope);
    scope_release(&scope);
    evidence_close(&evidence);
    return output_end(status);
}
