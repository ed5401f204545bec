/* SPDX-License-Identifier: Apache-2.0 */
/* What a text must be before a YAML parser sees it: UTF-8, without control characters. */
#ifndef PASU_CONFIG_YAML_TEXT_H
#define PASU_CONFIG_YAML_TEXT_H

#include "config/fault.h"
#include "config/store.h"

/*
 * A copy of the text in `store` whose lines end with \n alone (\r\n is how some editors end them)
 * and which has no byte order mark. 0, PASU_E_CONFIG with a fault, or PASU_E_NOMEM.
 */
PASU_MUST_USE int yaml_text_clean(struct view *clean, struct store *store, struct view text,
                                  const char *path, struct config_faults *faults);
/* Whether UTF-8 text has a control character in it: C0 and C1, DEL, the separators of lines and
 * paragraphs, and the marks that turn the direction of writing or are not seen. */
bool yaml_text_has_controls(struct view v);

#endif
