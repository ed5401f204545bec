/* SPDX-License-Identifier: Apache-2.0 */
/* What the program carries of web/: templates, the style, and the words of each language. */
#ifndef PASU_CONSOLE_WORDS_H
#define PASU_CONSOLE_WORDS_H

#include "base/bytes.h"
#include "ledger/inquiry.h"

#include <jansson.h>

/* "ko", "en". */
extern const char *const words_languages[INQUIRY_LANGUAGES];

/* The bytes of a file of web/ by its name ("ask.html"); empty: there is none. */
struct view words_file(const char *name);
/* The words of a language, new; NULL: no memory, or a fault of ours. */
json_t *words_load(enum inquiry_language language);

#endif
