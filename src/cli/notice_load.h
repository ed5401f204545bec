/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that the configuration names, or those that pasu carries. */
#ifndef PASU_CLI_NOTICE_LOAD_H
#define PASU_CLI_NOTICE_LOAD_H

#include "cli/notice_texts.h"

/* 0, or the exit status, after a complaint about each fault. Release them in any case. */
PASU_MUST_USE int notice_texts_load(struct notice_texts *texts, const struct config *config);

#endif
