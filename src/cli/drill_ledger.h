/* SPDX-License-Identifier: Apache-2.0 */
/* How a drill's ledger is indexed and asked: as `pasu ledger rebuild-index` and `pasu scope` do. */
#ifndef PASU_CLI_DRILL_LEDGER_H
#define PASU_CLI_DRILL_LEDGER_H

#include "drill/drill.h"

extern const struct drill_ledger drill_ledger;

#endif
