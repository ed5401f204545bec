/* SPDX-License-Identifier: Apache-2.0 */
#include "console/contact.h"

#include "base/attributes.h"
#include "policy/spelling.h"

enum { PHONE_SIZE = 32, PHONE_LEAST = 7 };

/* One @ with something on either side, and nothing that moves a cursor or ends a line. */
static bool
is_email(const char *text, size_t length)
{
    const char *at = memchr(text, '@', length);

    if (at == NULL || at == text || at + 1 == text + length ||
        memchr(at + 1, '@', length - (size_t)(at + 1 - text)) != NULL)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((uint8_t)text[i] <= ' ' || text[i] == 0x7F || strchr("<>,;\"", text[i]) != NULL)
            return false;
    return true;
}

enum contact_kind
contact_plain(char plain[INQUIRY_CONTACT_SIZE], struct view text)
{
    char phone[PHONE_SIZE], again[PHONE_SIZE];
    size_t length = spelling_plain((uint8_t *)plain, INQUIRY_CONTACT_SIZE - 1, text), digits;

    if (length == 0 || memchr(plain, 0, length) != NULL) {
        text_from_view(plain, INQUIRY_CONTACT_SIZE, text);
        return CONTACT_NONE;
    }
    plain[length] = '\0';
    if (is_email(plain, length)) {
        for (size_t i = 0; i < length; i++)
            if (plain[i] >= 'A' && plain[i] <= 'Z')
                plain[i] = (char)(plain[i] | 0x20);
        return CONTACT_EMAIL;
    }
    digits = spelling_phone(phone, view_of_text(plain));
    /* What is not its own form is no number that can be dialled. */
    if (digits < PHONE_LEAST || digits >= sizeof(phone) ||
        spelling_phone(again, view_of((const uint8_t *)phone, digits)) != digits ||
        memcmp(phone, again, digits) != 0)
        return CONTACT_NONE;
    memcpy(plain, phone, digits);
    plain[digits] = '\0';
    return CONTACT_PHONE;
}
