/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/saslprep.h"

#include "base/memory.h"

#include <stringprep.h>

enum { WORK_SIZE = 4096 }; /* libidn works in place: room for what grows before it shrinks */

static bool
is_ascii(struct view text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] >= 0x80)
            return false;
    }
    return true;
}

int
saslprep(uint8_t *out, size_t size, struct view password)
{
    char work[WORK_SIZE];
    struct view prepared = password;
    int result = PASU_E_RANGE;

    if (!is_ascii(password) && password.length < sizeof(work) &&
        !memchr(password.bytes, 0, password.length)) {
        memcpy(work, password.bytes, password.length);
        work[password.length] = '\0';
        if (stringprep(work, sizeof(work), STRINGPREP_NO_UNASSIGNED, stringprep_saslprep) ==
                STRINGPREP_OK &&
            work[0] != '\0')
            prepared = view_of_text(work);
    }
    if (prepared.length <= size) {
        if (prepared.length > 0)
            memcpy(out, prepared.bytes, prepared.length);
        result = (int)prepared.length;
    }
    memory_wipe(work, sizeof(work));
    return result;
}
