/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_later.h"

void
index_later_release(struct index_later *later)
{
    pack_release(&later->waiting);
}

/* Its memory stays, unless it had to grow beyond what is held as a rule. */
static void
forget(struct index_later *later)
{
    later->waiting.used = 0;
    if (later->waiting.space > 2 * (size_t)INDEX_LATER_MAX)
        pack_release(&later->waiting);
}

int
index_later_put(struct index_later *later, struct index_key key, struct pack *value)
{
    struct pack *waiting = &later->waiting;
    size_t before = waiting->used;
    struct view bytes = pack_view(value);
    int result = value->failed ? PASU_E_NOMEM : 0;

    if (result == 0) {
        pack_number(waiting, key.length);
        pack_number(waiting, bytes.length);
        pack_bytes(waiting, key.bytes, key.length);
        pack_bytes(waiting, bytes.bytes, bytes.length);
        if (waiting->failed) {
            waiting->used = before;
            waiting->failed = false;
            result = PASU_E_NOMEM;
        }
    }
    pack_release(value);
    return result;
}

bool
index_later_is_full(const struct index_later *later)
{
    return later->waiting.used >= INDEX_LATER_MAX;
}

int
index_later_write(struct index_later *later, struct index *index)
{
    struct reader r = reader_of(pack_view(&later->waiting));
    int result = 0;

    while (result == 0 && reader_left(&r) > 0) {
        size_t key_length = unpack_count(&r), length = unpack_count(&r);
        struct view key = reader_bytes(&r, key_length), value = reader_bytes(&r, length);

        result = index_put(index, INDEX_MAIN, key, value);
    }
    forget(later);
    return result;
}
