/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "gate/mask.h"
#include "policy/mask.h"
#include "postgres/encoding.h"

void
mask_release(struct mask *m)
{
    memory_free(m->out);
    *m = (struct mask){.out = NULL};
}

/* How many characters are written; 0: the value is to be masked as a whole. */
static size_t
mask_partly(const struct mask_column *column, const struct encoding *encoding, struct view value,
            struct writer *w)
{
    uint8_t space[3 * MASK_TEXT_MAX], steps[MASK_CHARACTERS_MAX];
    struct view utf8;
    size_t characters, written = 0;

    if (value.length > MASK_TEXT_MAX ||
        encoding_to_utf8(encoding, value, space, sizeof(space), &utf8) != 0)
        return 0;
    characters = mask_steps((enum look)column->look, utf8, steps);
    for (size_t i = 0; i < characters; i++) {
        size_t n = encoding_first(encoding, value);

        if (n == 0)
            return 0;
        if (steps[i] == MASK_KEEP)
            writer_bytes(w, value.bytes, n);
        else if (steps[i] == MASK_STAR)
            writer_u8(w, '*');
        written += steps[i] != MASK_DROP;
        value = view_of(value.bytes + n, value.length - n);
    }
    return w->failed || written > column->limit ? 0 : written;
}

struct view
mask_value(const struct mask_column *column, const struct encoding *encoding, struct view value,
           uint8_t space[MASK_TEXT_MAX])
{
    struct writer w = writer_of(space, MASK_TEXT_MAX);
    size_t written = 0, whole = strlen(MASK_WHOLE);

    if (!value.bytes || column->how == MASK_NULL)
        return view_of(NULL, 0);
    while (column->is_padded && value.length > 0 && value.bytes[value.length - 1] == ' ')
        value.length--;
    if (column->how == MASK_BY_LOOK)
        written = mask_partly(column, encoding, value, &w);
    if (written == 0) {
        w = writer_of(space, MASK_TEXT_MAX);
        written = whole < column->limit ? whole : column->limit;
        writer_bytes(&w, MASK_WHOLE, written);
    }
    for (; column->is_padded && written < column->limit && writer_length(&w) < MASK_TEXT_MAX;
         written++)
        writer_u8(&w, ' ');
    return view_of(space, writer_length(&w));
}
