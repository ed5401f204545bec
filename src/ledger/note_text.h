/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What notes and the names of keys may consist of (C2SP signed-note). Texts are hostile; nothing is
 * changed or kept.
 */
#ifndef PASU_LEDGER_NOTE_TEXT_H
#define PASU_LEDGER_NOTE_TEXT_H

#include "base/bytes.h"

/* UTF-8 in its only form (no surrogates, nothing overlong), without the control characters below
 * U+0020 other than newline. */
bool note_text_is_valid(struct view text);
/* Such a text without newlines, Unicode spaces and plus signs; not empty. */
bool note_name_is_valid(struct view name);

#endif
