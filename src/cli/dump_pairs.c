/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name and a telephone number that tell somebody together: the number with what can be a name in
 * the nearest cells before and behind it, whatever stands between cells in that format.
 *
 *      {"name": "이영희", "tel": "010-1234-5678"}      tel, 이영희, name
 *
 * Numbers wait until there are many: then all of them are looked up with one of their cells, those
 * that need more with the next one, and so on, so that each look-up is one of many.
 */
#include "cli/dump_match.h"
#include "exposure/tuple.h"

enum { CELLS = 6, WORDS = 3, NAME_MAX_SIZE = 96 };

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

    if (!identity_may_have(column->section, 1U - column->phone_part, name))
        return 0;
    tuple.parts[1 - column->phone_part] = name;
    for (size_t w = 0; result == 0 && w < m->ways->count; w++) {
        tuple.parts[column->phone_part] = spellings_at(m->ways, w);
        if (!identity_may_have(column->section, column->phone_part,
                               tuple.parts[column->phone_part]))
            continue;
        if (tuple_write(&tuple, space, &text) == 0)
            result = dump_match_ask(m, at, identity_hash_of(&m->identity.key, text));
    }
    return result;
}

/* Of columns that are covered, only numbers that are in what covers them. */
static bool
is_asked(const struct dump_match *m, const struct dump_column *column)
{
    const struct dump_value *value = &m->waiting[m->current];

    return column->looks == DUMP_PAIR &&
           (!column->is_covered || value->is_one || value->is_shared || value->is_decoy);
}

static int
ask_name(struct dump_match *m, struct view name)
{
    int result = 0;

    if (name.length == 0 || name.length > NAME_MAX_SIZE || is_nameless(name))
        return 0;
    spellings_of(m->words, name);
    for (size_t c = 0; c < m->column_count; c++)
        for (size_t w = 0; result == 0 && is_asked(m, &m->columns[c]) && w < m->words->count; w++)
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

/* ---- cells ---- */

static struct view
cell_before(struct dump_context *c)
{
    size_t end, from = c->before.length;

    while (from > 0 && !is_in_cell(c->before.bytes[from - 1]))
        from--;
    end = from;
    while (from > 0 && is_in_cell(c->before.bytes[from - 1]))
        from--;
    c->before.length = from;
    return view_of(c->before.bytes + from, end - from);
}

static struct view
cell_behind(struct dump_context *c)
{
    const uint8_t *at = c->behind.bytes, *end = at + c->behind.length, *from;

    while (at < end && !is_in_cell(*at))
        at++;
    from = at;
    while (at < end && is_in_cell(*at))
        at++;
    c->behind = view_of(at, (size_t)(end - at));
    return view_of(from, (size_t)(at - from));
}

/* The next one, nearest first, those before it before those behind it. False: there is none. */
static bool
next_cell(struct dump_context *c, struct view *cell)
{
    if (c->cells < CELLS && c->before.length == 0)
        c->cells = CELLS;
    if (c->cells >= 2 * CELLS || (c->cells >= CELLS && c->behind.length == 0))
        return false;
    *cell = c->cells < CELLS ? cell_before(c) : cell_behind(c);
    c->cells++;
    return true;
}

/* Whether a name can tell more: not, where whose the number is is known without one, and one that
 * goes with it was found; nor where no column but covered ones is asked, and the number is in none.
 */
static bool
needs_name(const struct dump_match *m, const struct dump_value *value)
{
    if (value->what != CONTACT_PHONE)
        return false;
    if (m->has_bare_pairs)
        return true;
    if (value->is_paired && value->is_one && !value->is_shared)
        return false;
    return value->is_one || value->is_shared || value->is_decoy;
}

void
dump_pairs_keep(struct dump_match *m, struct view text, struct view before, struct view behind)
{
    if (before.length > DUMP_REACH)
        before = view_of(before.bytes + (before.length - DUMP_REACH), DUMP_REACH);
    if (behind.length > DUMP_REACH)
        behind.length = DUMP_REACH;
    m->contexts[m->current] =
        (struct dump_context){.text = text, .before = before, .behind = behind};
}

int
dump_pairs_ask(struct dump_match *m)
{
    bool is_over = false;
    int result = 0;

    while (result == 0 && !is_over) {
        is_over = true;
        for (m->current = 0; result == 0 && m->current < m->waiting_count; m->current++) {
            struct dump_context *c = &m->contexts[m->current];
            struct view cell;

            if (!needs_name(m, &m->waiting[m->current]) || !next_cell(c, &cell))
                continue;
            is_over = false;
            spellings_shaped(m->ways, c->text, m->shapes);
            result = ask_cell(m, cell);
        }
        if (result == 0)
            result = dump_match_flush(m);
    }
    return result;
}
