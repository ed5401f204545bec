/* SPDX-License-Identifier: Apache-2.0 */
/* The list of faults, as those who find them see it (readers need only config/load.h). */
#ifndef PASU_CONFIG_FAULT_H
#define PASU_CONFIG_FAULT_H

#include "config/load.h"

#include <stdarg.h>

/* config_fault_add for callers with an argument list of their own. */
void config_fault_add_list(struct config_faults *faults, const char *path, uint32_t line,
                           uint32_t column, const char *hint, const char *format, va_list arguments)
    PASU_PRINTF(6, 0);
/*
 * Ends the work whose faults begin at index `first`: brings them into the order of the file, and
 * says so where there were too many to list. 0 if there was none, PASU_E_CONFIG, or PASU_E_NOMEM
 * where there were some but not one could be kept.
 */
PASU_MUST_USE int config_faults_end(struct config_faults *faults, size_t first, const char *path);

#endif
