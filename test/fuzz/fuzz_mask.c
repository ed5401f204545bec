/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mask leaves of a hostile value: never all of it, never more than there is room for, and
 * the same characters in their places.
 *
 * Input: how, look, room, encoding and whether it is padded, a byte each; the rest is the value.
 */
#include "base/utf8.h"
#include "gate/mask.h"
#include "policy/mask.h"
#include "postgres/encoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"UTF8", "EUC_KR", "UHC", "SJIS", "GB18030", "LATIN1", "BIG5"};

static void
must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void
check_steps(enum look look, struct view value)
{
    uint8_t steps[MASK_CHARACTERS_MAX];
    size_t count = mask_steps(look, value, steps), hidden = 0, characters = 0;
    uint32_t character;

    must(count <= MASK_CHARACTERS_MAX);
    for (size_t i = 0; i < count; i++)
        hidden += steps[i] != MASK_KEEP;
    must(count == 0 || hidden > 0);
    for (size_t n; count > 0 && value.length > 0; characters++) {
        n = utf8_first(value, &character);
        must(n > 0);
        value = view_of(value.bytes + n, value.length - n);
    }
    must(characters == count);
}

/* Characters, where each byte before `end` begins or goes on with a whole one. */
static size_t
count_characters(const struct encoding *encoding, struct view text)
{
    size_t count = 0;

    while (text.length > 0) {
        size_t n = encoding_first(encoding, text);

        must(n > 0 && n <= text.length);
        text = view_of(text.bytes + n, text.length - n);
        count++;
    }
    return count;
}

static bool
is_of_stars(struct view text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] != '*' && text.bytes[i] != ' ')
            return false;
    return true;
}

static void
check_value(const struct mask_column *column, const struct encoding *encoding, struct view value)
{
    uint8_t space[MASK_TEXT_MAX];
    struct view masked = mask_value(column, encoding, value, space);

    must((masked.bytes == NULL) == (column->how == MASK_NULL));
    if (!masked.bytes)
        return;
    must(masked.length <= MASK_TEXT_MAX);
    must(value.length == 0 || !view_equal(masked, value) ||
         memchr(value.bytes, '*', value.length) != NULL);
    if (!is_of_stars(masked)) {
        must(column->how == MASK_BY_LOOK);
        must(count_characters(encoding, masked) <= column->limit);
    } else {
        must(masked.length <= column->limit);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct encodings *encodings;
    struct mask_column column;
    const struct encoding *encoding;
    struct view value;

    if (!encodings && encodings_new(&encodings) != 0)
        return 0;
    if (size < 4)
        return 0;
    value = view_of(data + 4, size - 4);
    column = (struct mask_column){.how = (uint8_t)(MASK_NULL + data[0] % 3),
                                  .look = (uint8_t)(data[1] % (LOOK_COUNT + 1)),
                                  .is_padded = (data[3] & 0x80) != 0,
                                  .limit = (uint16_t)(data[2] == UINT8_MAX ? UINT16_MAX : data[2])};
    encoding = encoding_named(encodings, view_of_text(names[(data[3] & 0x7f) % COUNT_OF(names)]));
    check_steps((enum look)column.look, value);
    check_value(&column, encoding, value);
    check_value(&column, encoding_named(encodings, view_of_text("SQL_ASCII")), value);
    return 0;
}
