/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/plain_contact.h"

#include "policy/spelling.h"

enum { PHONE_SIZE = 32 };

/* One @ with something on both sides, and no blank. */
static bool
is_address(struct view text)
{
    const uint8_t *at = memchr(text.bytes, '@', text.length);
    size_t behind;

    if (at == NULL || at == text.bytes || memchr(text.bytes, ' ', text.length) != NULL)
        return false;
    behind = text.length - (size_t)(at + 1 - text.bytes);
    return behind > 0 && memchr(at + 1, '@', behind) == NULL;
}

size_t
plain_contact(uint8_t out[PLAIN_CONTACT_SIZE], struct view value)
{
    size_t length = spelling_plain(out + 1, PLAIN_CONTACT_SIZE - 1, value);
    char phone[PHONE_SIZE];
    size_t digits;

    if (length == 0)
        return 0;
    if (is_address(view_of(out + 1, length))) {
        out[0] = 'e';
        for (size_t i = 1; i <= length; i++)
            if (out[i] >= 'A' && out[i] <= 'Z')
                out[i] |= 0x20;
        return length + 1;
    }
    digits = spelling_phone(phone, view_of(out + 1, length));
    if (digits == 0)
        return 0;
    out[0] = 'p';
    memcpy(out + 1, phone, digits);
    return digits + 1;
}

size_t
plain_pair(uint8_t out[PLAIN_PAIR_SIZE], struct view email, struct view phone)
{
    memcpy(out, email.bytes, email.length);
    out[email.length] = '\0';
    memcpy(out + email.length + 1, phone.bytes, phone.length);
    return email.length + 1 + phone.length;
}
