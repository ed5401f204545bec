/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that the configuration names, or those that pasu carries. */
#ifndef PASU_CLI_NOTICE_LOAD_H
#define PASU_CLI_NOTICE_LOAD_H

#include "cli/notice_texts.h"

/* 0, or the exit status, after a complaint about each fault. Release them in any case. */
PASU_MUST_USE int notice_texts_load(struct notice_texts *texts, const struct config *config);
/* The faults of the files that the configuration names for incidents: this one, and that of the
 * deadlines. 0, PASU_E_CONFIG, PASU_E_NOMEM. */
PASU_MUST_USE int incident_files_check(const struct config *config, struct config_faults *faults);

/* Where persons are to be told, or a page answers them: that the controller is not filled in, which
 * notices and reports say. What cannot be read is a fault of the check's. */
void notice_texts_warn(const struct config *config, struct config_faults *warnings);

#endif
