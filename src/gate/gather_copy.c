/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/gather_copy.h"

enum { HEAD = 5 /* of a message */ };

/* The row without the stream's header, which comes in the first one's message. */
static struct view
without_header(const struct copy_format *format, struct view body)
{
    size_t header = copy_header_length(format, body);

    return view_of(body.bytes + header, body.length - header);
}

/* A key that may be null or a value is none that can be read. */
static struct view
key_of(struct gather *g, const struct gather_row *row, const struct copy_field *field, size_t *used)
{
    struct view value;

    if (field->null != COPY_VALUE || *used == COUNT_OF(g->copied) ||
        copy_field_value(row->copy, field, g->copied[*used], sizeof(g->copied[0]), &value) != 0)
        return view_of(NULL, 0);
    *used += field->has_escapes;
    return value;
}

/* The rest of the columns, and that there are as many as the server has said. */
static bool
has_columns(struct copy_row *r, size_t more)
{
    struct copy_field field;

    for (; more > 0; more--)
        if (!copy_row_next(r, &field))
            return false;
    return copy_row_is_over(r);
}

static struct view
shown_of(const struct copy_field *field)
{
    return field->null == COPY_NULL ? view_of(NULL, 0) : field->raw;
}

/* ---- nulls within a value ---- */

static bool
has_word(struct view value, const char *word)
{
    const uint8_t *at = value.bytes, *end = at + value.length;
    size_t length = strlen(word);

    while ((at = memmem(at, (size_t)(end - at), word, length)) != NULL) {
        const uint8_t *next = at + length;

        if (at > value.bytes && strchr("{[,;: ", at[-1]) != NULL && at[-1] != '\0' && next < end &&
            *next != '\0' && strchr("}],; ", *next) != NULL)
            return true;
        at = next;
    }
    return false;
}

bool
gather_has_null_in(struct view value)
{
    enum { ARRAY_HEAD = 12, DIMENSIONS_MAX = 6 }; /* dimensions, has nulls, type of elements */

    if (value.length >= ARRAY_HEAD && bytes_get_u32(value.bytes) - 1 < DIMENSIONS_MAX)
        return bytes_get_u32(value.bytes + 4) == 1;
    return value.length > 0 && strchr("{[\"", value.bytes[0]) != NULL && value.bytes[0] != '\0' &&
           (has_word(value, "NULL") || has_word(value, "null"));
}

int
gather_read_copy(struct gather *g, struct gather_row *row, size_t last, uint8_t mask)
{
    size_t count = row->showing->column_count, used = 0;
    struct copy_row r;
    struct copy_field field;

    if (!copy_row_begin(&r, row->copy, without_header(row->copy, row->body)))
        return PASU_E_UPSTREAM_PROTOCOL;
    for (size_t column = 0; column <= last; column++) {
        uint8_t role = row->roles[column] & mask;

        if (!copy_row_next(&r, &field))
            return PASU_E_UPSTREAM_PROTOCOL;
        if (role & SHOWING_ROLE_FIELDS)
            gather_see_fields(g, row, column, shown_of(&field), field.null == COPY_EITHER);
        if (role & SHOWING_ROLE_KEY) {
            struct view key = key_of(g, row, &field, &used);

            gather_see_key(row, column, key, key.bytes || field.null == COPY_NULL);
        }
    }
    /* Those of rows of which only the keys are read are not counted. */
    if ((mask & SHOWING_ROLE_FIELDS) && !has_columns(&r, count - last - 1))
        return PASU_E_UPSTREAM_PROTOCOL;
    return 0;
}

bool
gather_see_copy(struct gather *g, const struct showing_entry *entry, struct view body)
{
    const struct showing *s = entry->showing;
    struct gather_row row = {.showing = s};
    struct copy_row r;
    struct copy_field field;

    if (!entry->copy || entry->is_keys_alone ||
        !copy_row_begin(&r, entry->copy, without_header(entry->copy, body)))
        return false;
    for (size_t column = s->hidden_count; column <= s->last_column; column++) {
        if (!copy_row_next(&r, &field))
            return false;
        if (entry->roles[column] & SHOWING_ROLE_FIELDS)
            gather_see_fields(g, &row, column, shown_of(&field), field.null == COPY_EITHER);
    }
    gather_keep_nulls(g, entry, &row, UINT32_MAX);
    return true;
}

/* ---- many ---- */

/* The key of a row in which it is a plain number, and nothing needs to be looked at twice. */
static bool
read_simple_key(const struct copy_format *format, size_t column, const uint8_t *at,
                const uint8_t *end, uint32_t *ordinal)
{
    const uint8_t *from = at, *last = end - 1, *close;
    uint64_t number;
    size_t digits;

    if (at >= last || *last != '\n')
        return false;
    for (; column > 0; column--) {
        at = memchr(at, format->delimiter, (size_t)(last - at));
        if (!at++)
            return false;
    }
    digits = key_digits(at, end, &number);
    close = at + digits; /* within the row, which ends with a newline */
    if (digits == 0 || digits > 10 || (*at == '0' && digits > 1) ||
        (close != last && *close != format->delimiter) || number >= KEY_ORDINAL_FIRST)
        return false;
    if (format->kind == 't' ? at > from && memchr(from, '\\', (size_t)(at - from)) != NULL
                            : memchr(from, format->quote, (size_t)(last - from)) != NULL)
        return false;
    *ordinal = (uint32_t)number;
    return memchr(close, '\n', (size_t)(end - close)) == last;
}

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Whether digits can be nothing but a key. */
static bool
is_simple(const struct copy_format *format)
{
    return format->kind != 'b' && !is_digit(format->delimiter) &&
           !(format->null.length > 0 && is_digit(format->null.bytes[0]));
}

/* Whether a field between delimiters is empty: eight bytes at a time. */
static bool
has_empty(uint8_t delimiter, const uint8_t *at, const uint8_t *last)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), all = ones * delimiter;

    if (at == last || *at == delimiter || last[-1] == delimiter)
        return true;
    for (; last - at > 8; at += 8) {
        uint64_t here, next;

        memcpy(&here, at, sizeof(here));
        memcpy(&next, at + 1, sizeof(next));
        here = (here ^ all) | (next ^ all);
        if ((here - ones) & ~here & ones << 7)
            return true;
    }
    for (; last - at > 1; at++)
        if (at[0] == delimiter && at[1] == delimiter)
            return true;
    return false;
}

/* Reads the nulls of a row in a run: false where it cannot be read. Apart, so that rows without any
 * have no room for it on the stack, which would be cleared for each. */
__attribute__((noinline)) static bool
read_run_nulls(struct gather_run *run, const uint8_t *at, const uint8_t *row_end)
{
    const struct showing_entry *entry = run->entry;
    struct gather_row row = {.showing = entry->showing,
                             .copy = entry->copy,
                             .roles = entry->roles,
                             .body = view_of(at, (size_t)(row_end - at))};

    if (gather_read_copy(run->g, &row, entry->showing->last_column, SHOWING_ROLE_FIELDS) != 0)
        return false;
    gather_keep_nulls(run->g, entry, &row, UINT32_MAX);
    run->clean = row_end;
    return true;
}

/* The nulls of a row in a run: false where it cannot be read. */
static bool
see_run_nulls(struct gather_run *run, const uint8_t *at, const uint8_t *row_end, const uint8_t *end)
{
    const struct copy_format *format = run->entry->copy;
    bool may_be;

    if (run->g->is_settled)
        return true;
    may_be = format->null.length > 0
                 ? gather_run_may_be_null(run, format->null.bytes[0], at, row_end, end)
                 : has_empty(format->delimiter, at, row_end - 1);
    return PASU_LIKELY(!may_be) || read_run_nulls(run, at, row_end);
}

size_t
gather_copies(struct gather *g, const struct showing_entry *entry, const struct ordinals *ordinals,
              struct view bytes, uint32_t start)
{
    const uint8_t *at = bytes.bytes, *end = at + bytes.length;
    struct gather_run run PASU_UNINITIALIZED;
    size_t column;

    if (!is_simple(entry->copy) || !gather_run_begin(&run, g, entry, ordinals) ||
        !gather_has_room(g, entry, 0))
        return 0;
    column = entry->showing->parts[run.part].column;
    while (end - at >= HEAD && at[0] == 'd' && gather_run_has_room(&run)) {
        uint32_t length = bytes_get_u32(at + 1), ordinal;

        if (length < 4 || length >= (size_t)(end - at) ||
            !read_simple_key(entry->copy, column, at + HEAD, at + 1 + length, &ordinal) ||
            !see_run_nulls(&run, at + HEAD, at + 1 + length, end))
            break;
        gather_run_add(&run, ordinal, start + (uint32_t)(at - bytes.bytes));
        at += 1 + length;
    }
    gather_run_end(&run);
    return (size_t)(at - bytes.bytes);
}
