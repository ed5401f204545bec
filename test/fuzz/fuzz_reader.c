/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile ledger is read to its end: what comes out can be looked at, and the end comes.
 *
 * Input: u32 length of the journal and, in bit 31, whether its checksums are set right; the
 * journal; the ring's head, start, tail, and (u64) whether its checksums are set right; its
 * entries.
 */
#include "ledger/reader.h"

#include "base/crc32c.h"
#include "ledger/journal_scan.h"
#include "ledger/ring_layout.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POSITIONS = 4 };

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

/* The same for the journal's records. */
static void
set_record_checksums(int fd, const uint8_t *data, size_t size)
{
    for (size_t at = JOURNAL_HEADER; at + JOURNAL_HEAD <= size;) {
        struct journal_head head;

        memcpy(&head, data + at, sizeof(head));
        if (head.length > size - at - JOURNAL_HEAD)
            return;
        head.crc = journal_crc(head, data + at + JOURNAL_HEAD);
        if (pwrite(fd, &head, sizeof(head), (off_t)at) != (ssize_t)sizeof(head))
            abort();
        at += JOURNAL_HEAD + head.length;
    }
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
        for (size_t i = 0; i < entry->u.shape.sql.length; i++)
            sum += entry->u.shape.sql.bytes[i];
    else if (entry->type == LEDGER_OPENED)
        sum += strlen(entry->u.opened->principal) + strlen(entry->u.opened->address);
    else if (entry->type == LEDGER_ORDINAL && entry->u.ordinal.sealed.length > 0)
        sum += entry->u.ordinal.sealed.bytes[entry->u.ordinal.sealed.length - 1];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int journal_fd = memfd_create("journal", MFD_CLOEXEC), result;
    struct ledger_reader *reader;
    struct ledger_entry entry;
    uint32_t length = 0;
    uint64_t seq = 0;
    size_t changed;
    bool is_set_right;

    if (ring_fd < 0)
        open_ring();
    memcpy(&length, data, size < sizeof(length) ? size : sizeof(length));
    data += size < sizeof(length) ? size : sizeof(length);
    size -= size < sizeof(length) ? size : sizeof(length);
    is_set_right = length >> 31;
    length &= INT32_MAX;
    length = length < size ? length : (uint32_t)size;
    if (journal_fd < 0 || write(journal_fd, data, length) != (ssize_t)length)
        abort();
    if (is_set_right)
        set_record_checksums(journal_fd, data, length);
    changed = fill_ring(data + length, size - length);
    if (ledger_reader_open_fds(&reader, &os_real, journal_fd, ring_fd) == 0) {
        while ((result = ledger_reader_next(reader, &entry)) != 0) {
            if ((result != 1 && result != PASU_E_CORRUPT) || entry.seq != ++seq)
                abort();
            if (result == 1)
                look_at(&entry);
        }
        ledger_reader_close(reader);
    }
    memset(ring_get(&file, 0)->bytes, 0, changed);
    close(journal_fd);
    return 0;
}
