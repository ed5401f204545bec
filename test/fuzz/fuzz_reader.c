/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile ledger is read to its end: what comes out can be looked at, and the end comes.
 *
 * Input: three segments, each a u32 with its length and, in bit 31, whether its header, indexes and
 * checksums are set right, and its bytes; the ring's head, start, tail, and (u64) whether its
 * checksums are set right; its entries.
 */
#include "ledger/reader.h"

#include "base/crc32c.h"
#include "ledger/ring_layout.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POSITIONS = 4, SEGMENTS = 3 };

/* What the source has: the index of each one's first record, and its bytes. */
struct given {
    uint64_t firsts[SEGMENTS];
    int fds[SEGMENTS];
};

static int ring_fd = -1;
static struct ring_file file;

static int
open_memory(void *arg PASU_UNUSED, int directory PASU_UNUSED, const char *path,
            int flags PASU_UNUSED, mode_t mode PASU_UNUSED)
{
    return memfd_create(path, MFD_CLOEXEC);
}

static void
open_ring(void)
{
    struct os os = os_real;

    os.openat = open_memory;
    ring_fd = ring_open(&os, -1, "ring", 1);
    if (ring_fd < 0 || ring_map(&file, ring_fd, true) != 0)
        abort();
}

/* No fuzzer guesses a checksum: they are set right where there is room for what is said. */
static void
set_checksums(uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at + RING_HEAD <= size;) {
        struct ring_head head;

        memcpy(&head, bytes + at, sizeof(head));
        if (head.length > size - at - RING_HEAD)
            return;
        head.crc = 0;
        head.crc = crc32c(crc32c(0, &head, sizeof(head)), bytes + at + RING_HEAD, head.length);
        memcpy(bytes + at, &head, sizeof(head));
        at += (RING_HEAD + head.length + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN;
    }
}

static void
write_at(int fd, const void *bytes, size_t size, size_t at)
{
    if (pwrite(fd, bytes, size, (off_t)at) != (ssize_t)size)
        abort();
}

/* The same for a segment's records, which get the indexes from `first` on; what comes next. */
static uint64_t
set_right(int fd, uint64_t first, const uint8_t *data, size_t size)
{
    static const uint8_t id[SEGMENT_ID_SIZE] = {1};
    uint32_t seed = segment_seed(id);
    struct segment_header header;
    size_t at = sizeof(header), room;

    segment_header_make(&header, first, 1, 0, id);
    write_at(fd, &header, sizeof(header), 0);
    for (; size >= at + sizeof(struct segment_head); at += room) {
        struct segment_head head;

        memcpy(&head, data + at, sizeof(head));
        room = segment_room(head.length);
        if (head.length > SEGMENT_PAYLOAD_MAX || room > size - at)
            break;
        head.index = first++;
        head.zero = 0;
        head.zeros = 0;
        head.crc = segment_crc(seed, head, data + at + sizeof(head));
        write_at(fd, &head, sizeof(head), at);
    }
    return first;
}

/* As source.open. */
static int
open_given(void *arg, enum source_what what, uint64_t index, uint64_t *first, size_t *left)
{
    const struct given *given = arg;

    if (what != SOURCE_BEHIND)
        abort();
    for (size_t i = 0; i < SEGMENTS; i++)
        if (given->firsts[i] >= index) {
            *first = given->firsts[i];
            *left = SEGMENTS - i;
            return dup(given->fds[i]);
        }
    return PASU_E_NOTFOUND;
}

/* Takes a segment off the input; what its successor begins with. */
static uint64_t
give_segment(struct given *given, size_t number, uint64_t first, const uint8_t **data, size_t *size)
{
    uint32_t length = 0;
    size_t head = *size < sizeof(length) ? *size : sizeof(length);
    bool is_right;

    memcpy(&length, *data, head);
    *data += head;
    *size -= head;
    is_right = length >> 31;
    length &= INT32_MAX;
    length = length < *size ? length : (uint32_t)*size;
    given->firsts[number] = first;
    given->fds[number] = memfd_create("segment", MFD_CLOEXEC);
    if (given->fds[number] < 0)
        abort();
    write_at(given->fds[number], *data, length, 0);
    if (is_right)
        first = set_right(given->fds[number], first, *data, length);
    *data += length;
    *size -= length;
    return first > given->firsts[number] ? first : given->firsts[number] + 1;
}

/* The number of bytes that it changed, from the beginning of the ring on. */
static size_t
fill_ring(const uint8_t *data, size_t size)
{
    struct ring *ring = ring_get(&file, 0);
    uint64_t positions[POSITIONS] = {0};

    memcpy(positions, data, size < sizeof(positions) ? size : sizeof(positions));
    ring->head = positions[0];
    ring->start = positions[1];
    ring->tail = positions[2];
    if (size <= sizeof(positions))
        return 0;
    size -= sizeof(positions);
    size = size < RING_SIZE ? size : RING_SIZE;
    memcpy(ring->bytes, data + sizeof(positions), size);
    if (positions[3] % 2)
        set_checksums(ring->bytes, size);
    return size;
}

static volatile uint64_t sum; /* of all that was read, so that it is read */

static void
look_at(const struct ledger_entry *entry)
{
    if (entry->type == LEDGER_EXPOSURE)
        for (size_t i = 0; i < entry->u.exposure->part_count; i++)
            for (size_t k = 0; k < entry->u.exposure->parts[i].ordinal_count; k++)
                sum += entry->u.exposure->parts[i].ordinals[k];
    else if (entry->type == LEDGER_SHAPE)
        for (size_t i = 0; i < entry->u.shape->sql.length; i++)
            sum += entry->u.shape->sql.bytes[i];
    else if (entry->type == LEDGER_OPENED)
        sum += strlen(entry->u.opened->principal) + strlen(entry->u.opened->address);
    else if (entry->type == LEDGER_ORDINAL && entry->u.ordinal->sealed.length > 0)
        sum += entry->u.ordinal->sealed.bytes[entry->u.ordinal->sealed.length - 1];
}

static void
read_all(struct given *given)
{
    struct ledger_reader *reader;
    struct ledger_entry entry;
    uint64_t next = 0;
    int result;

    if (ledger_reader_open_source(&reader, &os_real, (struct source){open_given, given}, ring_fd) !=
        0)
        return;
    while ((result = ledger_reader_next(reader, &entry)) != 0) {
        if (result != 1 && result != PASU_E_CORRUPT)
            abort();
        if (result != 1)
            continue;
        if (entry.seq < next)
            abort();
        next = entry.seq + 1;
        look_at(&entry);
    }
    ledger_reader_close(reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct given given;
    uint64_t first = 0;
    size_t changed;

    if (ring_fd < 0)
        open_ring();
    for (size_t i = 0; i < SEGMENTS; i++)
        first = give_segment(&given, i, first, &data, &size);
    changed = fill_ring(data, size);
    read_all(&given);
    memset(ring_get(&file, 0)->bytes, 0, changed);
    for (size_t i = 0; i < SEGMENTS; i++)
        close(given.fds[i]);
    return 0;
}
