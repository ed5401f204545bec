/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ring_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* No head comes near it in the life of a machine: 2^26 starts, or 4 EiB of entries. */
#define HEAD_MAX (UINT64_C(1) << 62)

static const struct ring_header ours = {
    .magic = {'p', 'a', 's', 'u', 'r', 'i', 'n', 'g'}, .version = RING_VERSION, .size = RING_SIZE};

static bool
is_ours(struct ring_header header)
{
    header.id = 0;
    return memcmp(&header, &ours, sizeof(header)) == 0;
}

/* Reserves the room and writes the header of a file that has none yet. What was made of a file and
 * not finished holds zeros only. */
static int
prepare(const struct os *os, int fd, unsigned rings)
{
    struct ring_header header = {0}, nothing = {0};
    struct stat st;
    int result;

    if (fstat(fd, &st) != 0)
        return error_from_errno(errno);
    if (!S_ISREG(st.st_mode))
        return PASU_E_CORRUPT;
    if (st.st_size > 0) {
        result = os_read_all(os, fd, &header, sizeof(header), 0);
        if (result != 0)
            return result;
        if (!is_ours(header) && memcmp(&header, &nothing, sizeof(header)) != 0)
            return PASU_E_CORRUPT;
    }
    if (os->fallocate(os->arg, fd, 0, ring_offset(rings)) != 0)
        return error_from_errno(errno);
    if (is_ours(header))
        return 0;
    header = ours;
    result = os->random(os->arg, &header.id, sizeof(header.id));
    if (result == 0)
        result = os_write_all(os, fd, &header, sizeof(header), 0);
    /* Once positions are in use, no power cut may make it a file without a name again. */
    if (result == 0 && os->fsync(os->arg, fd) != 0)
        result = error_from_errno(errno);
    return result;
}

/* Moves the head on; what is unread stays. */
static int
begin_run(const struct os *os, int fd, unsigned index)
{
    off_t at = ring_offset(index);
    uint64_t head, tail, positions[2];
    int result = os_read_all(os, fd, &head, sizeof(head), at + (off_t)offsetof(struct ring, head));

    if (result == 0)
        result = os_read_all(os, fd, &tail, sizeof(tail), at + (off_t)offsetof(struct ring, tail));
    if (result == 0 && (head > HEAD_MAX || tail > HEAD_MAX))
        result = PASU_E_CORRUPT;
    if (result != 0)
        return result;
    positions[0] = ((head > tail ? head : tail) + 2 * RING_RUN - 1) & ~(RING_RUN - 1);
    positions[1] = positions[0]; /* start */
    result = os_write_all(os, fd, positions, sizeof(positions), at);
    if (result == 0 && head == tail)
        result =
            os_write_all(os, fd, positions, sizeof(tail), at + (off_t)offsetof(struct ring, tail));
    return result;
}

_Static_assert(offsetof(struct ring, head) == 0 && offsetof(struct ring, start) == 8,
               "begin_run writes both at once");

static int
count_rings(int fd, unsigned *count)
{
    struct stat st;
    uint64_t n;

    if (fstat(fd, &st) != 0)
        return error_from_errno(errno);
    n = st.st_size < RING_PAGE ? 0 : (uint64_t)(st.st_size - RING_PAGE) / sizeof(struct ring);
    *count = n > RINGS_MAX ? RINGS_MAX : (unsigned)n;
    return n == 0 ? PASU_E_CORRUPT : 0;
}

int
ring_open(const struct os *os, int directory, const char *name, unsigned rings)
{
    unsigned count = 0;
    int fd, result;

    if (rings == 0 || rings > RINGS_MAX)
        return PASU_E_RANGE;
    fd = os->openat(os->arg, directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return error_from_errno(errno);
    result = prepare(os, fd, rings);
    if (result == 0)
        result = count_rings(fd, &count);
    for (unsigned i = 0; i < count && result == 0; i++)
        result = begin_run(os, fd, i);
    /* Before a position of the run is used: a power cut must not bring back the one before it, and
     * the next start begin this run again. */
    if (result == 0 && os->fsync(os->arg, fd) != 0)
        result = error_from_errno(errno);
    if (result == 0)
        return fd;
    os->close(os->arg, fd);
    return result;
}

int
ring_map(struct ring_file *file, int fd, bool is_writable)
{
    const struct ring_header *header;
    void *memory;
    int result;

    *file = (struct ring_file){.is_writable = is_writable};
    result = count_rings(fd, &file->count);
    if (result != 0)
        return result;
    file->length = (size_t)ring_offset(file->count);
    memory = mmap(NULL, file->length, is_writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
                  fd, 0);
    if (memory == MAP_FAILED)
        return error_from_errno(errno);
    file->memory = memory;
    header = memory;
    file->id = header->id;
    if (is_ours(*header))
        return 0;
    ring_unmap(file);
    return PASU_E_CORRUPT;
}

void
ring_unmap(struct ring_file *file)
{
    if (file->memory)
        munmap(file->memory, file->length);
    *file = (struct ring_file){0};
}

struct ring *
ring_get(const struct ring_file *file, unsigned index)
{
    /* The mapping and each ring begin at a page. */
    return index < file->count ? (struct ring *)(void *)(file->memory + ring_offset(index)) : NULL;
}
