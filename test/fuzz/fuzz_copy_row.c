/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of COPY in all forms. The first bytes choose how they are written. */
#include "postgres/copy_row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHOICE = 4 };

static void
read_row(const struct copy_format *format, struct view bytes, bool is_whole)
{
    uint8_t space[64];
    struct copy_row row;
    struct copy_field field;
    struct view value;

    if (!(is_whole ? copy_row_begin(&row, format, bytes)
                   : copy_row_begin_part(&row, format, bytes)))
        return;
    while (copy_row_next(&row, &field)) {
        const uint8_t *from = field.raw.bytes, *end = bytes.bytes + bytes.length;

        if (field.raw.length > 0 && (from < bytes.bytes || from + field.raw.length > end))
            __builtin_trap();
        if (copy_row_at(&row) > end)
            __builtin_trap();
        if (copy_field_value(format, &field, space, sizeof(space), &value) == 0 &&
            value.length > field.raw.length)
            __builtin_trap(); /* no value is longer than it is written */
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const nulls[] = {"\\N", "", "NULL", "\\"};
    struct copy_format format = {0};
    struct view bytes;

    if (size < CHOICE)
        return 0;
    format.kind = "tcb"[data[0] % 3];
    format.null = view_of_text(nulls[data[0] / 3 % COUNT_OF(nulls)]);
    format.delimiter = data[1];
    format.quote = data[2];
    format.escape = data[3];
    if (!copy_null_is_readable(&format, &format.is_null_apart))
        return 0;
    bytes = view_of(data + CHOICE, size - CHOICE);
    if (copy_header_length(&format, bytes) > bytes.length)
        __builtin_trap();
    (void)copy_is_end(&format, bytes);
    read_row(&format, bytes, true);
    read_row(&format, bytes, false);
    return 0;
}
