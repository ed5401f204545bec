/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/line_quick.h"

#include "scan/find.h"

/* ---- a line ---- */

/* From a place on, the first that is of one of the kinds, which can be behind the line; all words
 * behind it: there is none. The next 64 bytes are looked at together, whether they are of one word
 * or of two: nobody can guess which, and most values end in them. */
static inline size_t
next_place(const struct line_memory *memory, size_t words, size_t place,
           const struct line_format_part *part)
{
    size_t w = place / LANES, from = place % LANES;
    const uint64_t *these = memory->found[w], *next = memory->found[w + 1];
    uint64_t found = (these[part->kind] | these[part->slash]) >> from |
                     (next[part->kind] | next[part->slash]) << 1 << (LANES - 1 - from);

    if (PASU_LIKELY(found != 0))
        return place + (size_t)__builtin_ctzll(found);
    for (w++; w < words; w++) {
        found = memory->found[w][part->kind] | memory->found[w][part->slash];
        if (found != 0)
            return w * LANES + (size_t)__builtin_ctzll(found);
    }
    return w * LANES;
}

/* The same, where one kind ends all values whose end is looked for. */
static inline size_t
next_ending(const struct line_format *format, const struct line_memory *memory, size_t words,
            size_t place, const struct line_format_part *part)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t found;

    if (PASU_LIKELY(format->ending < LANES_KINDS)) {
        memcpy(&found, (const uint8_t *)memory->endings + place / 8, sizeof(found));
        found >>= place % 8;
        if (PASU_LIKELY(found != 0))
            return place + (size_t)__builtin_ctzll(found);
    }
#endif
    return next_place(memory, words, place, part);
}

/* Whether all of what stands behind a value is there; a word's bytes can be read, in any case. */
static inline bool
stands_at(const struct line_format_part *part, const uint8_t *at, const uint8_t *end)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    if ((word & part->mask) != part->first)
        return false;
    return PASU_LIKELY(part->length <= sizeof(word)) ||
           (end - at >= part->length && memcmp(at, part->behind, part->length) == 0);
}

/* The line's first quote, of those that are known; NULL: they are not. */
static inline const uint16_t *
first_quote(const struct line_format *format, struct line_memory *memory, size_t place)
{
    size_t at = memory->quote;

    if (format->quote == LANES_KINDS || memory->quote_count == 0)
        return NULL;
    if (PASU_UNLIKELY(at > 0 && memory->quotes[at - 1] >= place))
        at = 0;
    while (PASU_UNLIKELY(memory->quotes[at] < place))
        at++;
    memory->quote = at;
    return &memory->quotes[at];
}

/* Whether a text that is as long as the time of the line before is all of the value that begins
 * there, and a time. */
static bool
is_next_time(const struct line_format_part *part, struct view text, struct event_clock *clock)
{
    const uint8_t *end = text.bytes + text.length;
    int64_t time;

    if (part->is_time) {
        if (text.bytes[0] != '[' || find_byte(text.bytes, end, ']') != end - 1)
            return false;
    } else if (find_byte(text.bytes, end, part->length > 0 ? part->behind[0] : ' ') != end) {
        return false;
    }
    return event_time_again(clock, text, &time);
}

static inline bool
is_time_again(const struct event_clock *clock, const uint8_t *text)
{
    size_t length = clock->length, at = 0;
    uint64_t a[2], b[2];

    if (PASU_UNLIKELY(length < sizeof(a)))
        return memcmp(clock->text, text, length) == 0;
    for (; at < length; at += sizeof(a)) {
        at = at + sizeof(a) <= length ? at : length - sizeof(a);
        memcpy(a, clock->text + at, sizeof(a));
        memcpy(b, text + at, sizeof(b));
        if (((a[0] ^ b[0]) | (a[1] ^ b[1])) != 0)
            return false;
    }
    return true;
}

bool
line_quick_read(const struct line_format *format, struct view line, struct event *event,
                struct line_memory *memory)
{
    struct event_clock *clock = &memory->clock;
    const struct view *looked = &memory->looked;
    const uint8_t *start = looked->bytes, *end = line.bytes + line.length;
    const uint16_t *quotes;
    size_t place, behind, words;

    if (format->stops.count == 0 || clock->length == 0 || format->before_length > 0 ||
        start == NULL || line.bytes < start || end + LINE_BEHIND > start + looked->length)
        return false;
    place = (size_t)(line.bytes - start);
    behind = place + line.length;
    quotes = first_quote(format, memory, place);
    words = LANES_WORDS(behind);
    PASU_UNROLL(SLOT_COUNT)
    for (size_t i = 0; i < SLOT_COUNT; i++)
        event->slot[i] = (struct view){0};
    event->time = 0;
    for (const struct line_format_part *part = format->parts; part < format->parts + format->count;
         part++) {
        size_t stop;

        if (quotes != NULL && part->quote > 0) {
            stop = quotes[part->quote];
            if (stop >= behind || quotes[part->quote - 1] + (size_t)1 != place)
                return false;
        } else if (part->slot == SLOT_TIME) {
            stop = place + clock->length;
            if (stop > behind ||
                (PASU_UNLIKELY(!is_time_again(clock, start + place)) &&
                 !is_next_time(part, view_of(start + place, clock->length), clock)))
                return false;
            event->time = clock->time;
        } else {
            stop = quotes != NULL ? next_ending(format, memory, words, place, part)
                                  : next_place(memory, words, place, part);
            if (stop >= behind) {
                if (part->length > 0 || place > behind)
                    return false;
                stop = behind;
            } else if (part->is_quoted && start[stop] == '\\') {
                return false;
            }
        }
        if (!stands_at(part, start + stop, end))
            return false;
        if (part->slot >= 0)
            event->slot[part->slot] = view_of(start + place, stop - place);
        place = stop + part->length;
    }
    if (quotes != NULL)
        memory->quote += format->quotes;
    return (place == behind || (place < behind && start[place] == ' ')) &&
           event_complete(event, NULL);
}

/* ---- many lines ---- */

/* The quotes of what was looked through. */
static void
find_all_quotes(const struct line_format *format, struct line_memory *memory)
{
    size_t words = LANES_WORDS(memory->looked.length);
    PASU_UNINITIALIZED uint64_t quotes[LANES_WORDS(LINE_LANES)];
    uint64_t slashes = 0;

    memory->quote_count = memory->quote = 0;
    if (format->quote == LANES_KINDS)
        return;
    for (size_t w = 0; w < words; w++) {
        quotes[w] = memory->found[w][format->quote];
        memory->endings[w] = memory->found[w][format->ending % LANES_KINDS];
        slashes |= memory->found[w][format->slash];
    }
    if (slashes != 0)
        return;
    memory->quote_count = lanes_places(quotes, words, memory->quotes);
    memset(&memory->quotes[memory->quote_count], 0xff, LINE_QUOTES * sizeof(*memory->quotes));
}

/* The first newline from there on, or the end, as lanes_next finds it; of most lines without a
 * jump, as nobody can guess how many words a line takes. */
static inline const uint8_t *
next_newline(const struct lanes *lanes, const uint8_t *at, uint8_t kind)
{
    enum { LINE_WORDS = 5 };
    size_t place = (size_t)(at - lanes->start), w = place / LANES, found = SIZE_MAX;

    if (w + LINE_WORDS > LANES_WORDS((size_t)(lanes->end - lanes->start)))
        return lanes_next(lanes, at, kind, kind);
    PASU_UNROLL(LINE_WORDS)
    for (size_t i = LINE_WORDS; i-- > 0;) {
        uint64_t word =
            lanes->found[w + i][kind] & (i == 0 ? UINT64_MAX << place % LANES : UINT64_MAX);
        size_t first = (w + i) * LANES + (size_t)__builtin_ctzll(word | UINT64_C(1) << 63);

        found = word != 0 ? first : found;
    }
    return found != SIZE_MAX ? lanes->start + found : lanes_next(lanes, at, kind, kind);
}

const uint8_t *
line_format_end(const struct line_format *format, const uint8_t *at, const uint8_t *end,
                struct line_memory *memory)
{
    struct view *looked = &memory->looked;
    const uint8_t *newline;

    if (format->newline == LANES_KINDS) {
        newline = memchr(at, '\n', (size_t)(end - at));
        return newline != NULL ? newline : end;
    }
    for (unsigned again = 0; again < 2; again++) {
        if (looked->bytes != NULL && at < looked->bytes + looked->length) {
            const struct lanes lanes = {looked->bytes, looked->bytes + looked->length,
                                        memory->found};

            newline = next_newline(&lanes, at, format->newline);
            if (newline < lanes.end)
                return newline;
            if (looked->bytes == at)
                break; /* it is longer, or has no newline */
        }
        *looked = view_of(at, (size_t)(end - at) < LINE_LANES ? (size_t)(end - at) : LINE_LANES);
        lanes_find(*looked, &format->stops, memory->found);
        find_all_quotes(format, memory);
    }
    newline = looked->bytes + looked->length;
    newline = memchr(newline, '\n', (size_t)(end - newline));
    return newline != NULL ? newline : end;
}
