/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that requests and portals pin. */
#include "postgres/exchange.h"

#include "base/memory.h"

enum { PINS_GROW = 64 };

void
pinned_release(struct pinned *pinned)
{
    if (pinned->ordinals != pinned->space)
        memory_free(pinned->ordinals);
    memset(pinned, 0, sizeof(*pinned)); /* what was known of it, too */
}

int
pinned_add(struct pinned *pinned, uint32_t ordinal)
{
    if (!pinned->ordinals) {
        pinned->ordinals = pinned->space;
        pinned->size = EXCHANGE_PINS_INLINE;
    }
    if (pinned->count == pinned->size) {
        uint16_t size = (uint16_t)(pinned->size * 2 > PINS_GROW ? pinned->size * 2 : PINS_GROW);
        bool is_inline = pinned->ordinals == pinned->space;
        uint32_t *more;

        if (pinned->size >= PLAN_PINS_MAX)
            return PASU_E_RANGE;
        more = memory_resize(is_inline ? NULL : pinned->ordinals, size, sizeof(uint32_t));
        if (!more)
            return PASU_E_NOMEM;
        if (is_inline)
            memcpy(more, pinned->space, sizeof(pinned->space));
        pinned->ordinals = more;
        pinned->size = size;
    }
    pinned->ordinals[pinned->count++] = ordinal;
    return 0;
}

void
pinned_move(struct pinned *to, struct pinned *from)
{
    pinned_release(to);
    *to = *from;
    if (from->ordinals == from->space)
        to->ordinals = to->space;
    memset(from, 0, sizeof(*from));
}
