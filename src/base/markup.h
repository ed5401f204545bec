/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as HTML: between tags, or in a value in double quotes. */
#ifndef PASU_BASE_MARKUP_H
#define PASU_BASE_MARKUP_H

#include "base/bytes.h"

#include <stdio.h>

/* What means something in HTML is written as an entity; what is no character of a text (control
 * characters but the end of a line and the tabulator) is left out. `text` is UTF-8. */
void markup_put(FILE *file, struct view text);

#endif
