/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ring_copy.h"

#include "base/memory.h"

/* Before each payload, which is padded to a multiple of 8. */
struct item {
    uint64_t position; /* behind the entry */
    uint32_t length;
    uint32_t type;
};

static size_t
padded(size_t length)
{
    return (length + 7) & ~(size_t)7;
}

static int
put(struct ring_copy *c, const struct ring_entry *entry)
{
    struct item item = {entry->position, (uint32_t)entry->payload.length, (uint32_t)entry->type};
    size_t need = sizeof(item) + padded(item.length);

    if (c->size - c->length < need) {
        size_t size = 2 * (c->length + need);
        uint8_t *bytes = memory_resize(c->bytes, size, 1);

        if (!bytes)
            return PASU_E_NOMEM;
        c->bytes = bytes;
        c->size = size;
    }
    memcpy(c->bytes + c->length, &item, sizeof(item));
    if (item.length > 0)
        memcpy(c->bytes + c->length + sizeof(item), entry->payload.bytes, item.length);
    c->length += need;
    return 0;
}

int
ring_copy_take(struct ring_copy *c, const struct ring *ring)
{
    uint64_t end = ring_head(ring), position = ring_tail(ring), tail;
    struct ring_entry entry;
    int result;

    while (position < end) {
        result = ring_read(ring, &position, &entry);
        __atomic_thread_fence(
            __ATOMIC_ACQUIRE); /* what was read comes before the look at the tail */
        tail = ring_tail(ring);
        if (result == PASU_E_CORRUPT && tail > position) {
            position = tail; /* written over meanwhile */
            continue;
        }
        if (result != 1) {
            c->is_damaged = result != 0;
            break;
        }
        result = put(c, &entry);
        if (result != 0)
            return result;
    }
    /* Entries can have been released, and written over, after they were looked at. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    tail = ring_tail(ring);
    if (ring_copy_next(c, tail, &entry))
        c->at -= sizeof(struct item) + padded(entry.payload.length);
    return 0;
}

bool
ring_copy_next(struct ring_copy *c, uint64_t after, struct ring_entry *entry)
{
    while (c->at < c->length) {
        const uint8_t *payload = c->bytes + c->at + sizeof(struct item);
        struct item item;

        memcpy(&item, c->bytes + c->at, sizeof(item));
        c->at += sizeof(item) + padded(item.length);
        if (item.position <= after)
            continue;
        *entry = (struct ring_entry){.type = (enum ring_type)item.type,
                                     .payload = view_of(payload, item.length),
                                     .position = item.position};
        return true;
    }
    return false;
}

void
ring_copy_release(struct ring_copy *c)
{
    memory_free(c->bytes);
    *c = (struct ring_copy){0};
}
