/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ring.h"

#include "base/crc32c.h"
#include "ledger/ring_layout.h"

static uint64_t
load(const uint64_t *position)
{
    return __atomic_load_n(position, __ATOMIC_ACQUIRE);
}

static void
store(uint64_t *position, uint64_t value)
{
    __atomic_store_n(position, value, __ATOMIC_RELEASE);
}

/* Room that an entry with a payload of this length takes. */
static uint64_t
extent_of(uint64_t length)
{
    return (RING_HEAD + length + RING_ALIGN - 1) & ~(uint64_t)(RING_ALIGN - 1);
}

static uint32_t
crc_of(struct ring_head head, const uint8_t *payload)
{
    head.crc = 0;
    return crc32c(crc32c(0, &head, sizeof(head)), payload, head.length);
}

enum segment_type
ring_segment_type(enum ring_type type)
{
    static const enum segment_type types[] = {[RING_EXPOSURE] = SEGMENT_EXPOSURE,
                                              [RING_SHAPE] = SEGMENT_SHAPE,
                                              [RING_VOCABULARY] = SEGMENT_VOCABULARY,
                                              [RING_ORDINAL] = SEGMENT_ORDINAL,
                                              [RING_MARK] = SEGMENT_MARK};

    return types[type];
}

/* ---- the writer ---- */

static void
put_head(uint8_t *at, uint64_t position, uint32_t type, uint32_t length)
{
    struct ring_head head = {.position = position, .length = length, .type = type};

    head.crc = crc_of(head, at + RING_HEAD);
    memcpy(at, &head, sizeof(head));
}

/* `length` is what the parts have together. */
static void
put_entry(uint8_t *at, uint64_t position, enum ring_type type, const struct iovec *parts,
          size_t count, size_t length)
{
    uint8_t *to = at + RING_HEAD;

    for (size_t i = 0; i < count; i++)
        if (parts[i].iov_len > 0) {
            memcpy(to, parts[i].iov_base, parts[i].iov_len);
            to += parts[i].iov_len;
        }
    put_head(at, position, (uint32_t)type, (uint32_t)length);
}

/* Before the entry is published: whoever sees it sees how durable it is to be. */
static void
ask(struct ring *ring, enum durability durability, uint64_t position)
{
    if (durability >= DURABILITY_GROUP)
        store(&ring->due, position);
    if (durability == DURABILITY_STRICT)
        store(&ring->awaited, position);
}

int
ring_append(struct ring *ring, enum ring_type type, const struct iovec *parts, size_t count,
            enum durability durability, uint64_t *position)
{
    uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED) & ~(uint64_t)(RING_ALIGN - 1);
    uint64_t left = RING_SIZE - head % RING_SIZE, need;
    size_t length = 0;

    for (size_t i = 0; i < count; i++) {
        if (parts[i].iov_len > RING_PAYLOAD_MAX - length)
            return PASU_E_RANGE;
        length += parts[i].iov_len;
    }
    need = extent_of(length);
    /* Also where the keeper has not yet taken what a former run left: then it is far behind. */
    if (head - load(&ring->tail) + need + (need > left ? left : 0) > RING_SIZE)
        return PASU_E_AGAIN;
    if (need > left) {
        put_head(ring->bytes + head % RING_SIZE, head, RING_FILLER, 0);
        head += left;
    }
    put_entry(ring->bytes + head % RING_SIZE, head, type, parts, count, length);
    ask(ring, durability, head + need);
    store(&ring->head, head + need);
    *position = head + need;
    return 0;
}

/* The writer's word, as far as there is something: it may lie. */
static uint64_t
asked(const struct ring *ring, const uint64_t *position)
{
    uint64_t to = load(position), head = load(&ring->head);

    if (to > head)
        to = head;
    return to > load(&ring->durable) ? to : 0;
}

uint64_t
ring_due(const struct ring *ring)
{
    return asked(ring, &ring->due);
}

uint64_t
ring_awaited(const struct ring *ring)
{
    return asked(ring, &ring->awaited);
}

/* Whether the reader must not wait for more to come together. */
static bool
is_pressing(const struct ring *ring)
{
    return load(&ring->head) - load(&ring->tail) >= RING_SIZE / 2 || ring_awaited(ring) != 0;
}

bool
ring_must_wake(struct ring *ring)
{
    uint32_t state;

    /* Either we see that it sleeps, or it sees what we have appended. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    state = __atomic_load_n(&ring->reader, __ATOMIC_RELAXED);
    if (state == RING_AWAKE || (state == RING_NAPPING && !is_pressing(ring)))
        return false;
    return __atomic_exchange_n(&ring->reader, RING_AWAKE, __ATOMIC_ACQ_REL) != RING_AWAKE;
}

uint64_t
ring_durable(const struct ring *ring)
{
    return load(&ring->durable);
}

/* ---- the reader ---- */

/* The head at a position, if it can be one by all but its checksum. Its length is checked, and is
 * not read from the mapping again. */
static bool
copy_head(const struct ring *ring, uint64_t position, struct ring_head *head)
{
    uint64_t at = position % RING_SIZE;

    memcpy(head, ring->bytes + at, sizeof(*head));
    if (head->position != position || head->zero != 0)
        return false;
    if (head->type == RING_FILLER ? head->length != 0
                                  : head->type > RING_MARK || head->length > RING_PAYLOAD_MAX)
        return false;
    return extent_of(head->length) <= RING_SIZE - at;
}

/* If a writer of ours can have made it. */
static bool
get_head(const struct ring *ring, uint64_t position, struct ring_head *head)
{
    return copy_head(ring, position, head) &&
           head->crc == crc_of(*head, ring->bytes + position % RING_SIZE + RING_HEAD);
}

static uint64_t
step_over(const struct ring_head *head)
{
    return head->type == RING_FILLER ? RING_SIZE - head->position % RING_SIZE
                                     : extent_of(head->length);
}

int
ring_read(const struct ring *ring, uint64_t *position, struct ring_entry *entry)
{
    uint64_t p = *position ? *position : load(&ring->tail), start = load(&ring->start);
    uint64_t end = load(&ring->head);
    struct ring_head head;

    for (;;) {
        *position = p;
        if (p == end)
            return 0;
        if (p > end || p % RING_ALIGN != 0 || end - (p < start ? start : p) > RING_SIZE)
            return PASU_E_CORRUPT;
        if (get_head(ring, p, &head)) {
            uint64_t extent = step_over(&head);

            /* What a former run wrote last may lie behind what it published. */
            if (p >= start && extent > end - p)
                return PASU_E_CORRUPT;
            p += extent;
            if (head.type == RING_FILLER)
                continue;
            break;
        }
        if (p >= start)
            return PASU_E_CORRUPT;
        p = start; /* the former run ends here */
    }
    *position = p;
    entry->type = (enum ring_type)head.type;
    entry->payload = view_of(ring->bytes + head.position % RING_SIZE + RING_HEAD, head.length);
    entry->position = p;
    return 1;
}

uint64_t
ring_head(const struct ring *ring)
{
    return load(&ring->head);
}

uint64_t
ring_tail(const struct ring *ring)
{
    return load(&ring->tail);
}

void
ring_wipe(struct ring *ring, uint64_t position)
{
    uint64_t p = load(&ring->tail), start = load(&ring->start);
    struct ring_head head;

    while (p < position && p % RING_ALIGN == 0) {
        uint8_t *at = ring->bytes + p % RING_SIZE;

        if (!copy_head(ring, p, &head)) {
            if (p >= start)
                return;
            p = start; /* the former run ends here */
            continue;
        }
        if (head.type == RING_ORDINAL) {
            memset(at + RING_HEAD, 0, head.length);
            put_head(at, p, head.type, head.length);
        }
        p += step_over(&head);
    }
}

void
ring_release(struct ring *ring, uint64_t position)
{
    store(&ring->tail, position);
}

void
ring_set_durable(struct ring *ring, uint64_t position)
{
    store(&ring->durable, position);
}

bool
ring_sleep(struct ring *ring)
{
    __atomic_store_n(&ring->reader, RING_ASLEEP, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (load(&ring->head) == load(&ring->tail))
        return true;
    ring_rise(ring);
    return false;
}

bool
ring_nap(struct ring *ring)
{
    __atomic_store_n(&ring->reader, RING_NAPPING, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!is_pressing(ring))
        return true;
    ring_rise(ring);
    return false;
}

void
ring_rise(struct ring *ring)
{
    __atomic_store_n(&ring->reader, RING_AWAKE, __ATOMIC_RELEASE);
}
