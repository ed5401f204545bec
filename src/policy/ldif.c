/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ldif.h"

#include "base/base64.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"

static const char mark[] = "\xef\xbb\xbf"; /* some programs begin a UTF-8 file with it */

static bool
begins_with(struct view v, const char *text)
{
    return v.length >= strlen(text) && strncasecmp((const char *)v.bytes, text, strlen(text)) == 0;
}

/* One line as it stands in the file, without its end; passes over it. */
static struct view
take_line(struct ldif *l)
{
    const uint8_t *start = l->at;
    const uint8_t *end = memchr(start, '\n', (size_t)(l->end - start));
    size_t length = (size_t)((end ? end : l->end) - start);

    l->at = end ? end + 1 : l->end;
    l->line++;
    if (length > 0 && start[length - 1] == '\r')
        length--;
    return view_of(start, length);
}

/* A line with those that are folded into it, in the reader's space. */
static struct view
unfold(struct ldif *l)
{
    struct view part = take_line(l);
    size_t length = part.length;

    memcpy(l->space, part.bytes, part.length);
    while (length > 0 && l->at < l->end && *l->at == ' ') {
        part = take_line(l);
        memcpy(l->space + length, part.bytes + 1, part.length - 1);
        length += part.length - 1;
    }
    return view_of(l->space, length);
}

bool
ldif_is_one(struct view bytes)
{
    struct ldif l = {.at = bytes.bytes, .end = bytes.bytes + bytes.length};

    if (begins_with(bytes, mark))
        l.at += strlen(mark);
    while (l.at < l.end) {
        struct view line = take_line(&l);

        if (line.length > 0 && line.bytes[0] != '#' && line.bytes[0] != ' ')
            return begins_with(line, "version:") || begins_with(line, "dn:");
    }
    return false;
}

bool
ldif_has_changes(struct view bytes)
{
    struct ldif l = {.at = bytes.bytes, .end = bytes.bytes + bytes.length};

    while (l.at < l.end)
        if (begins_with(take_line(&l), "changetype:"))
            return true;
    return false;
}

int
ldif_open(struct ldif *l, struct view bytes)
{
    *l = (struct ldif){.at = bytes.bytes, .end = bytes.bytes + bytes.length, .fault = ""};
    if (begins_with(bytes, mark))
        l->at += strlen(mark);
    l->space = memory_new(bytes.length + 1, 1);
    return l->space ? 0 : PASU_E_NOMEM;
}

void
ldif_close(struct ldif *l)
{
    memory_free(l->space);
    l->space = NULL;
}

/* attribute description: a name or an OID, and options (RFC 4512, 2.5) */
static bool
is_name(struct view name)
{
    for (size_t i = 0; i < name.length; i++) {
        uint8_t c = name.bytes[i];
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != ';' && c != '_')
            return false;
    }
    return name.length > 0;
}

static struct view
trim(struct view v)
{
    while (v.length > 0 && v.bytes[0] == ' ')
        v = view_of(v.bytes + 1, v.length - 1);
    return v;
}

static int
fault(struct ldif *l, const char *text)
{
    l->fault = text;
    return PASU_E_MALFORMED;
}

/* The base64 is decoded where it stands: what comes out is shorter. */
static int
decode(struct ldif *l, struct ldif_line *line, struct view text)
{
    uint8_t *space = l->space + (text.bytes - l->space);
    ssize_t length;

    while (text.length > 0 && text.bytes[text.length - 1] == ' ')
        text.length--;
    length = base64_read(space, text.length, text);
    if (length < 0)
        return fault(l, "a value behind \"::\" is not base64");
    line->value = view_of(space, (size_t)length);
    return 0;
}

static int
split(struct ldif *l, struct ldif_line *line, struct view text)
{
    const uint8_t *colon = text.length > 0 ? memchr(text.bytes, ':', text.length) : NULL;
    size_t rest;

    if (!colon)
        return fault(l, "is neither \"name: value\" nor folded by one space");
    line->name = view_of(text.bytes, (size_t)(colon - text.bytes));
    if (!is_name(line->name))
        return fault(l, "the attribute's name has other characters than letters, digits and \"-\"");
    rest = text.length - line->name.length - 1;
    line->what = LDIF_VALUE;
    if (rest > 0 && colon[1] == ':')
        return decode(l, line, trim(view_of(colon + 2, rest - 1)));
    if (rest > 0 && colon[1] == '<') {
        line->what = LDIF_URL;
        line->value = trim(view_of(colon + 2, rest - 1));
        return 0;
    }
    line->value = trim(view_of(colon + 1, rest));
    return utf8_is_valid(line->value) ? 0 : fault(l, "a value is not UTF-8, and not base64");
}

int
ldif_read(struct ldif *l, struct ldif_line *line)
{
    struct view text = {0};

    *line = (struct ldif_line){.line = l->line + 1};
    for (;;) {
        if (l->at == l->end) {
            line->what = l->is_in_record ? LDIF_BREAK : LDIF_END;
            l->is_in_record = false;
            return 0;
        }
        line->line = l->line + 1;
        if (*l->at == ' ' && !l->is_in_record) {
            (void)take_line(l);
            return fault(l, "begins with a space, and there is no line that it goes on from");
        }
        text = unfold(l);
        if (l->at == l->end && l->end[-1] != '\n')
            return fault(l, "has no end of line: the file was cut off, or is being written");
        if (text.length == 0 && l->is_in_record) {
            line->what = LDIF_BREAK;
            l->is_in_record = false;
            return 0;
        }
        if (text.length > 0 && text.bytes[0] != '#')
            break;
    }
    l->is_in_record = true;
    if (text.length == 1 && text.bytes[0] == '-') {
        line->what = LDIF_SEPARATOR;
        return 0;
    }
    return split(l, line, text);
}
