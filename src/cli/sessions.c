/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run.h"
#include "cli/show.h"
#include "cli/view.h"

static int
fetch(const struct ask *ask, const struct arguments *arguments, json_t **answer)
{
    return ask_sessions(ask, arguments->values[OPTION_principal], answer);
}

int
run_sessions(const struct arguments *arguments)
{
    static const struct show show = {fetch, view_sessions};

    return show_run(&show, arguments);
}
