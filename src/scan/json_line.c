/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/json_line.h"

#include "base/utf8.h"
#include "scan/find.h"

enum { DEPTH = 64, PATH_SIZE = 128 };

struct walk {
    const uint8_t *at, *end;
    const struct log_names *names; /* NULL: nothing is taken */
    struct event *event;
    unsigned rank[SLOT_COUNT];
    uint8_t *room; /* for texts without their escapes */
    unsigned depth;
    size_t path_length; /* above PATH_SIZE: nothing in it has a name */
    uint8_t path[PATH_SIZE];
};

static void
pass_space(struct walk *w)
{
    while (w->at < w->end && (*w->at == ' ' || *w->at == '\t' || *w->at == '\r' || *w->at == '\n'))
        w->at++;
}

static bool
take(struct walk *w, uint8_t byte)
{
    pass_space(w);
    if (w->at == w->end || *w->at != byte)
        return false;
    w->at++;
    return true;
}

/* ---- texts ---- */

static bool
is_hex(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

static bool
pass_escape(struct walk *w)
{
    if (++w->at == w->end || *w->at == 0 || strchr("\"\\/bfnrtu", *w->at) == NULL)
        return false;
    if (*w->at == 'u') {
        for (size_t i = 1; i <= 4; i++)
            if ((size_t)(w->end - w->at) <= i || !is_hex(w->at[i]))
                return false;
        w->at += 4;
    }
    w->at++;
    return true;
}

/* A text in its quotes, as it stands there. */
static bool
pass_text(struct walk *w, struct view *text, bool *has_escapes)
{
    const uint8_t *start;

    *has_escapes = false;
    if (!take(w, '"'))
        return false;
    start = w->at;
    for (;;) {
        w->at = find_any(w->at, w->end, (struct find_kind){{'"', '\\', '"', '"'}, ' '});
        if (w->at == w->end || *w->at < ' ')
            return false;
        if (*w->at == '"')
            break;
        *has_escapes = true;
        if (!pass_escape(w))
            return false;
    }
    *text = view_of(start, (size_t)(w->at - start));
    w->at++;
    return true;
}

static uint32_t
hex4(const uint8_t *at)
{
    uint32_t n = 0;

    for (size_t i = 0; i < 4; i++)
        n = n << 4 | (at[i] <= '9' ? at[i] - (uint32_t)'0' : (at[i] | 0x20u) - 'a' + 10u);
    return n;
}

/* One escape, at the letter behind its backslash; a lone half of a pair stays as it is, in bytes.
 */
static const uint8_t *
unescape_one(const uint8_t *at, const uint8_t *end, uint8_t **to)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const char *letter = strchr(letters, *at);
    uint32_t c;

    if (letter != NULL) {
        *(*to)++ = (uint8_t)bytes[letter - letters];
        return at + 1;
    }
    if (*at != 'u') {
        *(*to)++ = *at;
        return at + 1;
    }
    c = hex4(at + 1);
    at += 5;
    if (c >= 0xD800 && c < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        uint32_t low = hex4(at + 2);

        if (low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            at += 6;
        }
    }
    *to += utf8_put(*to, c);
    return at;
}

/* Without its escapes, in the scratch: what that takes is never more than what is read. */
static void
unescape(struct walk *w, struct view *text)
{
    const uint8_t *at = text->bytes, *end = at + text->length;
    uint8_t *to = w->room;

    while (at < end)
        if (*at == '\\')
            at = unescape_one(at + 1, end, &to);
        else
            *to++ = *at++;
    *text = view_of(w->room, (size_t)(to - w->room));
    w->room = to;
}

/* ---- values ---- */

static bool walk_value(struct walk *w);

static void
put_value(struct walk *w, struct view value, bool has_escapes)
{
    unsigned rank;
    int slot;

    if (w->names == NULL || w->path_length == 0 || w->path_length > PATH_SIZE)
        return;
    slot = log_names_slot(w->names, view_of(w->path, w->path_length), &rank);
    if (slot < 0 || rank > w->rank[slot])
        return;
    if (has_escapes)
        unescape(w, &value);
    w->rank[slot] = rank;
    w->event->slot[slot] = value;
}

static bool
walk_number(struct walk *w)
{
    const uint8_t *start = w->at;
    bool has_digits = false;

    w->at += w->at < w->end && *w->at == '-';
    if (w->at < w->end && *w->at == '0') {
        w->at++;
        has_digits = true;
    } else {
        for (; w->at < w->end && *w->at >= '0' && *w->at <= '9'; w->at++)
            has_digits = true;
    }
    if (!has_digits)
        return false;
    if (w->at < w->end && *w->at == '.') {
        const uint8_t *dot = w->at++;

        while (w->at < w->end && *w->at >= '0' && *w->at <= '9')
            w->at++;
        if (w->at == dot + 1)
            return false;
    }
    if (w->at < w->end && (*w->at | 0x20) == 'e') {
        const uint8_t *digits;

        w->at++;
        w->at += w->at < w->end && (*w->at == '+' || *w->at == '-');
        digits = w->at;
        while (w->at < w->end && *w->at >= '0' && *w->at <= '9')
            w->at++;
        if (w->at == digits)
            return false;
    }
    put_value(w, view_of(start, (size_t)(w->at - start)), false);
    return true;
}

static bool
walk_word(struct walk *w)
{
    static const struct view words[] = {
        {(const uint8_t *)"true", 4}, {(const uint8_t *)"false", 5}, {(const uint8_t *)"null", 4}};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if ((size_t)(w->end - w->at) >= words[i].length &&
            memcmp(w->at, words[i].bytes, words[i].length) == 0) {
            w->at += words[i].length;
            return true;
        }
    return false;
}

/* The member's name behind the path; the length before. */
static size_t
push_name(struct walk *w, struct view name)
{
    size_t before = w->path_length, length = before;

    w->path_length = PATH_SIZE + 1;
    if (before > PATH_SIZE || before + name.length + 1 > PATH_SIZE)
        return before;
    if (before > 0)
        w->path[length++] = '.';
    memcpy(w->path + length, name.bytes, name.length);
    w->path_length = length + name.length;
    return before;
}

static bool
walk_member(struct walk *w)
{
    struct view name;
    bool has_escapes, is_good;
    size_t before;

    if (!pass_text(w, &name, &has_escapes))
        return false;
    if (has_escapes && w->names != NULL)
        unescape(w, &name);
    if (!take(w, ':'))
        return false;
    before = push_name(w, name);
    is_good = walk_value(w);
    w->path_length = before;
    return is_good;
}

static bool
walk_all(struct walk *w, uint8_t close, bool (*each)(struct walk *w))
{
    bool is_good = w->depth++ < DEPTH;

    if (is_good && take(w, close)) {
        w->depth--;
        return true;
    }
    do {
        is_good = is_good && each(w);
    } while (is_good && take(w, ','));
    w->depth--;
    return is_good && take(w, close);
}

static bool
walk_array(struct walk *w)
{
    size_t before = w->path_length;
    bool is_good;

    w->path_length = PATH_SIZE + 1;
    is_good = walk_all(w, ']', walk_value);
    w->path_length = before;
    return is_good;
}

static bool
walk_value(struct walk *w)
{
    struct view text;
    bool has_escapes;

    pass_space(w);
    if (w->at == w->end)
        return false;
    if (*w->at == '"') {
        if (!pass_text(w, &text, &has_escapes))
            return false;
        put_value(w, text, has_escapes);
        return true;
    }
    if (*w->at == '{') {
        w->at++;
        return walk_all(w, '}', walk_member);
    }
    if (*w->at == '[') {
        w->at++;
        return walk_array(w);
    }
    return (*w->at == '-' || (*w->at >= '0' && *w->at <= '9')) ? walk_number(w) : walk_word(w);
}

/* "203.0.113.7:51234" and "[2001:db8::1]:443", as Envoy writes addresses: without the port. */
static void
cut_port(struct view *address)
{
    const uint8_t *end, *colon;

    if (address->length == 0)
        return;
    end = address->bytes + address->length;
    if (address->bytes[0] == '[') {
        const uint8_t *close = memchr(address->bytes, ']', address->length);

        if (close != NULL)
            *address = view_of(address->bytes + 1, (size_t)(close - address->bytes - 1));
        return;
    }
    colon = memchr(address->bytes, ':', address->length);
    if (colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon - 1)) == NULL)
        address->length = (size_t)(colon - address->bytes);
}

/* All but the path, of which nothing is there. */
static void
walk_begin(struct walk *w, struct view text)
{
    w->at = text.bytes;
    w->end = text.bytes + text.length;
    w->names = NULL;
    w->event = NULL;
    w->room = NULL;
    w->depth = 0;
    w->path_length = 0;
}

bool
json_line_take(const struct log_names *names, struct view line, struct event *event,
               uint8_t *scratch)
{
    PASU_UNINITIALIZED struct walk w;

    walk_begin(&w, line);
    w.names = names;
    w.event = event;
    w.room = scratch;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        event->slot[i] = (struct view){0};
    event->time = 0;
    memset(w.rank, 0xff, sizeof(w.rank));
    if (!take(&w, '{') || !walk_all(&w, '}', walk_member))
        return false;
    pass_space(&w);
    return w.at == w.end;
}

/* ---- flat lines ---- */

/*
 * Most lines are an object of texts and numbers, without escapes, whose members have the names and
 * the order of those of the line before. What is anything else is left to the walk above, which
 * begins anew.
 */
struct flat {
    const uint8_t *at;
    struct lanes lanes;
    const struct log_names *names;
    struct line_memory *memory;
    struct event *event;
    unsigned rank[SLOT_COUNT];
};

enum { FLAT_QUOTE, FLAT_SLASH, FLAT_BELOW, FLAT_STOPS };

/* A text in its quotes; false: it is none, or not so simple. */
static inline bool
flat_text(struct flat *f, struct view *text)
{
    const uint8_t *start = f->at + 1, *end = f->lanes.end, *stop;

    if (f->at == end || *f->at != '"')
        return false;
    stop = lanes_next(&f->lanes, start, FLAT_STOPS, FLAT_STOPS);
    if (stop == end || *stop != '"')
        return false;
    *text = view_of(start, (size_t)(stop - start));
    f->at = stop + 1;
    return true;
}

static inline bool
flat_take(struct flat *f, uint8_t byte)
{
    const uint8_t *end = f->lanes.end;

    while (f->at < end && *f->at == ' ')
        f->at++;
    if (f->at == end || *f->at != byte)
        return false;
    f->at++;
    return true;
}

/* "42" and "0.026" */
static inline bool
flat_number(struct flat *f, struct view *number)
{
    const uint8_t *start = f->at, *end = f->lanes.end, *at = start, *digits;

    while (at < end && *at - (unsigned)'0' <= 9)
        at++;
    if (at == start || (*start == '0' && at - start > 1))
        return false;
    if (at < end && *at == '.') {
        for (digits = ++at; at < end && *at - (unsigned)'0' <= 9;)
            at++;
        if (at == digits)
            return false;
    }
    if (at < end && (*at | 0x20) == 'e')
        return false;
    *number = view_of(start, (size_t)(at - start));
    f->at = at;
    return true;
}

static void
flat_put(struct flat *f, size_t index, struct view name, struct view value)
{
    struct line_member *member = index < LINE_MEMBERS ? &f->memory->members[index] : NULL;
    unsigned rank;
    int slot;

    if (member != NULL && member->length == name.length &&
        memcmp(member->name, name.bytes, name.length) == 0) {
        slot = member->slot;
        rank = member->rank;
    } else {
        slot = log_names_slot(f->names, name, &rank);
        if (member != NULL && name.length <= LINE_MEMBER_NAME) {
            *member = (struct line_member){
                .length = (uint8_t)name.length, .slot = (int8_t)slot, .rank = slot < 0 ? 0 : rank};
            memcpy(member->name, name.bytes, name.length);
        }
    }
    if (slot < 0 || rank > f->rank[slot])
        return;
    f->rank[slot] = rank;
    f->event->slot[slot] = value;
}

/* False: it is another line, and the event is of no use. */
static bool
flat_read(const struct log_names *names, struct view line, struct event *event,
          struct line_memory *memory)
{
    static const struct lanes_wanted stops = {{'"', '\\'}, 2, ' '};
    PASU_UNINITIALIZED struct flat f;
    const uint8_t *end = line.bytes + line.length;

    if (line.length > LINE_LANES || line.length < 2 || line.bytes[0] != '{' || end[-1] != '}')
        return false;
    lanes_find(line, &stops, memory->found);
    for (size_t w = 0; w < LANES_WORDS(line.length); w++)
        memory->found[w][FLAT_STOPS] = memory->found[w][FLAT_QUOTE] | memory->found[w][FLAT_SLASH] |
                                       memory->found[w][FLAT_BELOW];
    f.at = line.bytes + 1;
    f.lanes = (struct lanes){line.bytes, end, memory->found};
    f.names = names;
    f.memory = memory;
    f.event = event;
    memset(f.rank, 0xff, sizeof(f.rank));
    for (size_t i = 0; i < SLOT_COUNT; i++)
        event->slot[i] = (struct view){0};
    event->time = 0;
    for (size_t i = 0;; i++) {
        struct view name, value;

        if (!flat_text(&f, &name) || name.length == 0 || name.length + 1 > PATH_SIZE ||
            !flat_take(&f, ':'))
            return false;
        while (f.at < end && *f.at == ' ')
            f.at++;
        if (!flat_text(&f, &value) && !flat_number(&f, &value))
            return false;
        flat_put(&f, i, name, value);
        if (flat_take(&f, ','))
            while (f.at < end && *f.at == ' ')
                f.at++;
        else
            return flat_take(&f, '}') && f.at == end;
    }
}

static bool
has(struct view text, const char *word)
{
    return text.length > 0 && memmem(text.bytes, text.length, word, strlen(word)) != NULL;
}

/* "AccessDenied" and "NoSuchKey", as CloudTrail says that a request has failed: as the status that
 * HTTP has for it. */
static void
read_failure(struct view *status)
{
    if (status->length == 0 || status->bytes[0] < 'A' || status->bytes[0] > 'Z')
        return;
    for (size_t i = 0; i < status->length; i++) {
        uint8_t byte = status->bytes[i];

        if (!((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') && !(byte >= '0' && byte <= '9') &&
            byte != '.' && byte != ':')
            return;
    }
    if (has(*status, "Denied") || has(*status, "Unauthorized") || has(*status, "Forbidden"))
        *status = VIEW("403");
    else if (has(*status, "NotFound") || has(*status, "NoSuch"))
        *status = VIEW("404");
    else
        *status = VIEW("500");
}

bool
json_line_read(const struct log_names *names, struct view line, struct event *event,
               uint8_t *scratch, struct line_memory *memory)
{
    if (!flat_read(names, line, event, memory) && !json_line_take(names, line, event, scratch))
        return false;
    cut_port(&event->slot[SLOT_ADDRESS]);
    read_failure(&event->slot[SLOT_STATUS]);
    return event_complete(event, &memory->clock);
}

/* ---- CloudTrail ---- */

bool
json_records_begin(struct view *text)
{
    PASU_UNINITIALIZED struct walk w;
    struct view name;
    bool has_escapes;

    walk_begin(&w, *text);
    if (!take(&w, '{') || !pass_text(&w, &name, &has_escapes) ||
        !view_equal(name, VIEW("Records")) || !take(&w, ':') || !take(&w, '['))
        return false;
    *text = view_of(w.at, (size_t)(w.end - w.at));
    return true;
}

bool
json_records_next(struct view *text, struct view *record, bool *is_whole)
{
    struct walk w = {.at = text->bytes, .end = text->bytes + text->length};

    pass_space(&w);
    if (take(&w, ','))
        pass_space(&w);
    *record = view_of(w.at, 0);
    *is_whole = false;
    if (w.at < w.end && *w.at == '{' && walk_value(&w)) {
        record->length = (size_t)(w.at - record->bytes);
        *text = view_of(w.at, (size_t)(w.end - w.at));
        return true;
    }
    *is_whole = take(&w, ']') && take(&w, '}');
    pass_space(&w);
    *is_whole = *is_whole && w.at == w.end;
    return false;
}
