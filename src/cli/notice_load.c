/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/notice_load.h"

#include "cli/carried_file.h"

static int
parse(void *made, struct view text, const char *path, struct config_faults *faults)
{
    return notice_texts_parse(made, text, path, faults);
}

int
notice_texts_load(struct notice_texts *texts, const struct config *config)
{
    return carried_load(CARRIED_NOTICES, config->incident.notices, parse, texts);
}
