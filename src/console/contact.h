/* SPDX-License-Identifier: Apache-2.0 */
/* A contact as somebody types it: an e-mail address or a telephone number, in the one form in which
 * two that reach the same are equal. Pure; texts are hostile. */
#ifndef PASU_CONSOLE_CONTACT_H
#define PASU_CONSOLE_CONTACT_H

#include "base/bytes.h"
#include "ledger/inquiry.h"

enum contact_kind { CONTACT_NONE, CONTACT_EMAIL, CONTACT_PHONE };

/* The form, zero-terminated: of an e-mail address its small letters, of a telephone number its
 * digits (policy/spelling.h). What is neither, or too long, is as it is, cut. */
enum contact_kind contact_plain(char plain[INQUIRY_CONTACT_SIZE], struct view text);

#endif
