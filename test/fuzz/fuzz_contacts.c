/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a file holds, contacts of it are in its text, not longer than they may be, and those
 * that are found do not depend on where it is cut, but for what stands in more bytes than are in
 * reach. */
#include "scan/contacts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    uint64_t sum;
    bool takes;
};

static int
hear(void *arg, enum contact what, struct view text, struct view before, struct view behind)
{
    struct heard *h = arg;

    if (text.length < 5 || text.length > CONTACTS_REACH || before.length > CONTACTS_REACH ||
        behind.length > CONTACTS_REACH)
        __builtin_trap();
    for (size_t i = 0; i < text.length; i++)
        h->sum = h->sum * 31 + text.bytes[i] + (uint64_t)what;
    for (size_t i = 0; i < before.length + behind.length; i++)
        if ((i < before.length ? before.bytes[i] : behind.bytes[i - before.length]) == 0xff)
            __builtin_trap(); /* no UTF-8 */
    return h->takes && text.bytes[text.length - 1] % 2 == 0;
}

static uint64_t
read_all(struct view text, size_t piece, bool takes)
{
    struct heard heard = {.takes = takes};
    struct contacts c;

    if (contacts_init(&c, hear, &heard) != 0)
        __builtin_trap();
    while (text.length > 0) {
        size_t room, n = text.length < piece ? text.length : piece;
        uint8_t *to = contacts_room(&c, &room);

        n = n < room ? n : room;
        memcpy(to, text.bytes, n);
        if (contacts_took(&c, n) != 0)
            __builtin_trap();
        text = view_of(text.bytes + n, text.length - n);
    }
    if (contacts_end(&c) != 0)
        __builtin_trap();
    contacts_release(&c);
    return heard.sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool takes = size > 1 && data[1] % 2 != 0;
    uint64_t whole, pieces;

    if (size == 0)
        return 0;
    whole = read_all(view_of(data, size), SIZE_MAX, takes);
    pieces = read_all(view_of(data, size), data[0] % 64 + 1, takes);
    if (size <= CONTACTS_REACH && whole != pieces)
        __builtin_trap();
    return 0;
}
