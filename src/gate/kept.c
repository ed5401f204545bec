/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/kept.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

enum { KEPT_IDLE_MAX = 4096 };

int
kept_add(struct kept *kept, const void *bytes, size_t length)
{
    size_t size = kept->size ? kept->size : 1024;
    uint8_t *more;

    if (length > UINT32_MAX - kept->length)
        return PASU_E_NOMEM;
    if (kept->length + length > kept->size) {
        while (size < kept->length + length)
            size *= 2;
        more = memory_resize(kept->bytes, size, 1);
        if (!more)
            return PASU_E_NOMEM;
        kept->bytes = more;
        kept->size = (uint32_t)size;
    }
    memcpy(kept->bytes + kept->length, bytes, length);
    kept->length += (uint32_t)length;
    return 0;
}

int
kept_keep(struct kept *kept, const void *bytes, size_t length)
{
    const uint8_t *from = bytes;

    if (kept->bytes && from >= kept->bytes && from < kept->bytes + kept->size) {
        memmove(kept->bytes, from, length);
        kept->length = (uint32_t)length;
        return 0;
    }
    kept->length = 0;
    return kept_add(kept, bytes, length);
}

void
kept_release(struct kept *kept)
{
    memory_free(kept->bytes);
    memset(kept, 0, sizeof(*kept));
}

void
kept_trim(struct kept *kept)
{
    if (kept->length == 0 && kept->size > KEPT_IDLE_MAX)
        kept_release(kept);
}
