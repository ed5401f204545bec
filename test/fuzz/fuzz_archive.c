/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a zip archive or a workbook holds, its text comes in pieces that are there, and does not
 * depend on where the bytes are cut; the same of UTF-16, which becomes UTF-8. */
#include "base/utf8.h"
#include "scan/archive.h"
#include "scan/utf16.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
hear(void *arg, struct view text)
{
    uint64_t *sum = arg;

    for (size_t i = 0; i < text.length; i++)
        *sum = *sum * 31 + text.bytes[i];
    return 0;
}

static uint64_t
read_all(struct view bytes, size_t piece, int *result)
{
    struct archive *archive;
    uint64_t sum = 0;

    if (archive_new(&archive, hear, &sum) != 0)
        __builtin_trap();
    *result = 0;
    while (*result == 0 && bytes.length > 0) {
        size_t n = bytes.length < piece ? bytes.length : piece;

        *result = archive_take(archive, view_of(bytes.bytes, n));
        bytes = view_of(bytes.bytes + n, bytes.length - n);
    }
    if (*result == 0)
        *result = archive_end(archive);
    archive_free(archive);
    return sum;
}

static void
read_utf16(struct view bytes, enum utf16_order order)
{
    struct utf16 u = {.order = order};
    uint8_t out[64];

    while (bytes.length > 0) {
        size_t length = utf16_take(&u, &bytes, out, sizeof(out));

        if (length > sizeof(out) || !utf8_is_valid(view_of(out, length)))
            __builtin_trap();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = view_of(data, size);
    int whole, pieces;
    uint64_t sum = read_all(bytes, SIZE_MAX, &whole);

    if (size == 0)
        return 0;
    /* What is found before an error can depend on the pieces, not what it is. */
    if (read_all(bytes, data[size - 1] % 61 + 1, &pieces) != sum && whole == 0)
        __builtin_trap();
    if ((whole == 0) != (pieces == 0))
        __builtin_trap();
    read_utf16(bytes, size % 2 == 0 ? UTF16_LITTLE : UTF16_BIG);
    return 0;
}
