/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run.h"
#include "cli/show.h"
#include "cli/view.h"

static int
fetch(const struct ask *ask, const struct arguments *arguments PASU_UNUSED, json_t **answer)
{
    return ask_status(ask, answer);
}

int
run_status(const struct arguments *arguments)
{
    static const struct show show = {fetch, view_status};

    return show_run(&show, arguments);
}
