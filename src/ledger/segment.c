/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/segment.h"

#include "base/crc32c.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

static const char magic[8] = "pasuseg";

_Static_assert(sizeof(struct segment_header) == 64, "the header has no holes");
_Static_assert(sizeof(struct segment_head) == 32, "the head has no holes");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian");

/* ---- header and record ---- */

static uint32_t
header_crc(const struct segment_header *header)
{
    return crc32c(0, header, offsetof(struct segment_header, crc));
}

void
segment_header_make(struct segment_header *header, uint64_t first, int64_t time, uint32_t flags,
                    const uint8_t id[SEGMENT_ID_SIZE])
{
    *header = (struct segment_header){
        .version = SEGMENT_VERSION, .flags = flags, .first = first, .time = time};
    memcpy(header->magic, magic, sizeof(magic));
    memcpy(header->id, id, SEGMENT_ID_SIZE);
    header->crc = header_crc(header);
}

int
segment_header_check(const struct segment_header *header, uint64_t first)
{
    return memcmp(header->magic, magic, sizeof(magic)) == 0 && header->crc == header_crc(header) &&
                   header->version == SEGMENT_VERSION &&
                   (header->flags & ~(uint32_t)SEGMENT_IS_SEALED) == 0 && header->first == first &&
                   bytes_are_zero(header->zero, sizeof(header->zero))
               ? 0
               : PASU_E_CORRUPT;
}

bool
segment_header_is_whole(const struct segment_header *header)
{
    return header->crc == header_crc(header) && header->flags <= SEGMENT_IS_SEALED &&
           bytes_are_zero(header->zero, sizeof(header->zero));
}

uint32_t
segment_seed(const uint8_t id[SEGMENT_ID_SIZE])
{
    return crc32c(0, id, SEGMENT_ID_SIZE);
}

/* Of the first word: the length, and zero in the place of the checksum. */
static uint32_t
first_crc(uint32_t seed, uint32_t length)
{
    const uint64_t word = length;

    return crc32c(seed, &word, sizeof(word));
}

uint32_t
segment_crc(uint32_t seed, struct segment_head head, const void *payload)
{
    const uint32_t crc =
        crc32c(first_crc(seed, head.length), &head.index, sizeof(head) - sizeof(uint64_t));

    return crc32c(crc, payload, segment_room(head.length) - sizeof(head));
}

uint32_t
segment_record_crc(uint32_t seed, const uint8_t *record)
{
    uint32_t length;

    memcpy(&length, record, sizeof(length));
    return crc32c(first_crc(seed, length), record + sizeof(uint64_t),
                  segment_room(length) - sizeof(uint64_t));
}

bool
segment_head_check(const struct segment_head *head, bool is_sealed)
{
    const uint32_t more = is_sealed ? SEGMENT_TAG_SIZE : 0;

    return head->length >= more && head->length <= SEGMENT_PAYLOAD_MAX + more && head->type != 0 &&
           head->zero == 0 && head->zeros == 0;
}

bool
segment_is_from_ring(uint32_t type)
{
    switch (type) {
#define X(number, name, from_ring)                                                                 \
    case number:                                                                                   \
        return from_ring;
#include "ledger/segment.def"
#undef X
    default:
        return false;
    }
}

bool
segment_is_carried(uint32_t type)
{
    switch (type) {
    case SEGMENT_BEGUN:
    case SEGMENT_KEY:
    case SEGMENT_STARTED:
    case SEGMENT_STOPPED:
    case SEGMENT_OPENED:
    case SEGMENT_CLOSED:
    case SEGMENT_SHAPE:
    case SEGMENT_VOCABULARY:
    case SEGMENT_ORDINAL:
    case SEGMENT_MARK:
    case SEGMENT_TAKEN:
    case SEGMENT_POLICY:
    case SEGMENT_ROSTER:
    case SEGMENT_ASKED:
    case SEGMENT_ERASED:
    case SEGMENT_RAISED:
    case SEGMENT_CLEARED:
        return true;
    default:
        return false;
    }
}

/* ---- names ---- */

static const char ending[] = ".seg";

bool
segment_number_parse(const char digits[SEGMENT_DIGITS], uint64_t *index)
{
    *index = 0;
    for (int i = 0; i < SEGMENT_DIGITS; i++) {
        uint64_t digit = (uint64_t)(digits[i] - '0');

        if (digit > 9 || *index > (UINT64_MAX - digit) / 10)
            return false;
        *index = *index * 10 + digit;
    }
    return true;
}

void
segment_name(char name[SEGMENT_NAME_SIZE], uint64_t first)
{
    snprintf(name, SEGMENT_NAME_SIZE, "%0*" PRIu64 "%s", (int)SEGMENT_DIGITS, first, ending);
}

bool
segment_name_parse(const char *name, uint64_t *first)
{
    return strlen(name) == SEGMENT_DIGITS + sizeof(ending) - 1 &&
           strcmp(name + SEGMENT_DIGITS, ending) == 0 && segment_number_parse(name, first);
}

static int
compare(const void *a, const void *b)
{
    uint64_t one, other;

    memcpy(&one, a, sizeof(one));
    memcpy(&other, b, sizeof(other));
    return one < other ? -1 : one > other;
}

/* Reads the names; on an error what is there stays to be freed. */
static int
read_names(DIR *names, segment_number_fn *parse, uint64_t **indexes, size_t *count)
{
    size_t size = 0;

    for (;;) {
        struct dirent *entry;
        uint64_t index;

        errno = 0;
        entry = readdir(names);
        if (!entry)
            return errno == 0 ? 0 : error_from_errno(errno);
        if (!parse(entry->d_name, &index))
            continue;
        if (*count == size) {
            uint64_t *more = memory_resize(*indexes, size ? 2 * size : 16, sizeof(*more));

            if (!more)
                return PASU_E_NOMEM;
            *indexes = more;
            size = size ? 2 * size : 16;
        }
        (*indexes)[(*count)++] = index;
    }
}

int
segment_list_numbers(const struct os *os, int directory, segment_number_fn *parse,
                     uint64_t **indexes, size_t *count)
{
    int fd = os->openat(os->arg, directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    DIR *names = fd >= 0 ? fdopendir(fd) : NULL;
    int result = names ? 0 : error_from_errno(errno);

    *indexes = NULL;
    *count = 0;
    if (!names) {
        if (fd >= 0)
            os->close(os->arg, fd);
        return result;
    }
    result = read_names(names, parse, indexes, count);
    closedir(names);
    if (result != 0) {
        memory_free(*indexes);
        *indexes = NULL;
        *count = 0;
    } else if (*count > 1) {
        qsort(*indexes, *count, sizeof(**indexes), compare);
    }
    return result;
}

int
segment_list(const struct os *os, int directory, uint64_t **firsts, size_t *count)
{
    return segment_list_numbers(os, directory, segment_name_parse, firsts, count);
}
