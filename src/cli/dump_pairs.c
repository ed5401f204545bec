/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name and a telephone number that tell somebody together: the number with what can be a name in
 * the nearest cells before and behind it, whatever stands between cells in that format.
 *
 *      {"name": "이영희", "tel": "010-1234-5678"}      tel, 이영희, name
 */
#include "cli/dump_match.h"
#include "exposure/tuple.h"

enum { CELLS = 6, WORDS = 3, NAME_MAX_SIZE = 96, REACH = 400 };

static bool
is_in_cell(uint8_t c)
{
    return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' || c == '-' ||
           c == '.' || (c >= '0' && c <= '9');
}

static bool
is_nameless(struct view text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] >= 'A') /* a letter, or no ASCII */
            return false;
    return true;
}

static int
ask_pair(struct dump_match *m, size_t at, struct view name)
{
    const struct dump_column *column = &m->columns[at];
    uint8_t space[TUPLE_TEXT_MAX];
    struct tuple tuple = {.count = 2};
    struct view text;
    int result = 0;

    tuple.parts[1 - column->phone_part] = name;
    for (size_t w = 0; result == 0 && w < m->ways->count; w++) {
        tuple.parts[column->phone_part] = spellings_at(m->ways, w);
        if (tuple_write(&tuple, space, &text) == 0)
            result = dump_match_ask(m, at, identity_hash_of(&m->identity.key, text));
    }
    return result;
}

static int
ask_name(struct dump_match *m, struct view name)
{
    int result = 0;

    if (name.length == 0 || name.length > NAME_MAX_SIZE || is_nameless(name))
        return 0;
    spellings_of(m->words, name);
    for (size_t c = 0; c < m->column_count; c++)
        for (size_t w = 0; result == 0 && m->columns[c].looks == DUMP_PAIR && w < m->words->count;
             w++)
            result = ask_pair(m, c, spellings_at(m->words, w));
    return result;
}

/* All of a cell, then its first words: "이영희 님". */
static int
ask_cell(struct dump_match *m, struct view cell)
{
    int result;

    while (cell.length > 0 && *cell.bytes == ' ')
        cell = view_of(cell.bytes + 1, cell.length - 1);
    while (cell.length > 0 && cell.bytes[cell.length - 1] == ' ')
        cell.length--;
    result = ask_name(m, cell);
    if (cell.length == 0 || memchr(cell.bytes, ' ', cell.length) == NULL)
        return result;
    for (size_t w = 0; result == 0 && w < WORDS && cell.length > 0; w++) {
        const uint8_t *blank = memchr(cell.bytes, ' ', cell.length);
        size_t length = blank == NULL ? cell.length : (size_t)(blank - cell.bytes);

        result = ask_name(m, view_of(cell.bytes, length));
        cell = view_of(cell.bytes + length, cell.length - length);
        while (cell.length > 0 && *cell.bytes == ' ')
            cell = view_of(cell.bytes + 1, cell.length - 1);
    }
    return result;
}

static int
ask_before(struct dump_match *m, struct view text)
{
    int result = 0;

    for (size_t cells = 0; result == 0 && cells < CELLS && text.length > 0; cells++) {
        size_t end, from;

        while (text.length > 0 && !is_in_cell(text.bytes[text.length - 1]))
            text.length--;
        end = from = text.length;
        while (from > 0 && is_in_cell(text.bytes[from - 1]))
            from--;
        result = ask_cell(m, view_of(text.bytes + from, end - from));
        text.length = from;
    }
    return result;
}

static int
ask_behind(struct dump_match *m, struct view text)
{
    size_t at = 0;
    int result = 0;

    for (size_t cells = 0; result == 0 && cells < CELLS && at < text.length; cells++) {
        size_t from;

        while (at < text.length && !is_in_cell(text.bytes[at]))
            at++;
        from = at;
        while (at < text.length && is_in_cell(text.bytes[at]))
            at++;
        result = ask_cell(m, view_of(text.bytes + from, at - from));
    }
    return result;
}

int
dump_pairs_ask(struct dump_match *m, struct view before, struct view behind)
{
    bool is_wanted = false;
    int result;

    for (size_t c = 0; c < m->column_count; c++)
        is_wanted |= m->columns[c].looks == DUMP_PAIR;
    if (!is_wanted)
        return 0;
    if (before.length > REACH)
        before = view_of(before.bytes + (before.length - REACH), REACH);
    if (behind.length > REACH)
        behind.length = REACH;
    result = ask_before(m, before);
    return result == 0 ? ask_behind(m, behind) : result;
}
