/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/affected_lent.h"
#include "cli/run.h"
#include "guard/supervisor.h"

int
run_guard(const struct arguments *arguments)
{
    return guard_main(arguments->values[OPTION_config], &affected_lent);
}
