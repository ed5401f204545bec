/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/csv.h"

#include "base/error.h"

void
csv_begin(struct csv *csv, char *text, size_t length)
{
    static const char mark[] = "\xef\xbb\xbf";

    *csv = (struct csv){.at = text, .end = text + length, .line = 1, .fault = "", .separator = ','};
    if (length >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0)
        csv->at += strlen(mark);
}

char
csv_guess(struct view text)
{
    static const char separators[] = {',', ';', '\t', '|'};
    size_t counts[COUNT_OF(separators)] = {0}, best = 0;
    bool is_quoted = false;
    size_t begin = 0;

    while (begin < text.length && (text.bytes[begin] == '\r' || text.bytes[begin] == '\n'))
        begin++;
    for (size_t i = begin; i < text.length && (is_quoted || text.bytes[i] != '\n'); i++) {
        is_quoted ^= text.bytes[i] == '"';
        for (size_t s = 0; s < COUNT_OF(separators) && !is_quoted; s++)
            counts[s] += text.bytes[i] == (uint8_t)separators[s];
    }
    for (size_t s = 1; s < COUNT_OF(separators); s++)
        if (counts[s] > counts[best])
            best = s;
    return separators[best];
}

static int
fault_at(struct csv *csv, uint32_t line, const char *text)
{
    csv->fault_line = line;
    csv->fault = text;
    return PASU_E_MALFORMED;
}

/* The end of a line, or 0: LF, or CR LF. */
static size_t
line_end(const struct csv *csv)
{
    if (csv->at < csv->end && *csv->at == '\n')
        return 1;
    return csv->end - csv->at >= 2 && csv->at[0] == '\r' && csv->at[1] == '\n' ? 2 : 0;
}

bool
csv_next(struct csv *csv)
{
    size_t blank;

    while ((blank = line_end(csv)) > 0) {
        csv->at += blank;
        csv->line++;
    }
    return csv->at < csv->end;
}

/* The opening quote has been passed. */
static int
read_quoted(struct csv *csv, char **to)
{
    uint32_t line = csv->line;

    for (; csv->at < csv->end; csv->at++) {
        if (*csv->at == '\n')
            csv->line++;
        if (*csv->at == '"') {
            if (csv->end - csv->at < 2 || csv->at[1] != '"') {
                csv->at++;
                return 0;
            }
            csv->at++;
        }
        *(*to)++ = *csv->at;
    }
    return fault_at(csv, line, "a quoted field does not end");
}

int
csv_field(struct csv *csv, const char **field, bool *is_last)
{
    char *to = csv->at;
    size_t length;
    int result = 0;

    *field = to;
    if (csv->at < csv->end && *csv->at == '"') {
        csv->at++;
        result = read_quoted(csv, &to);
    } else {
        while (csv->at < csv->end && *csv->at != csv->separator && *csv->at != '"' &&
               line_end(csv) == 0)
            *to++ = *csv->at++;
    }
    if (result != 0)
        return result;
    length = line_end(csv);
    *is_last = length > 0 || csv->at == csv->end;
    if (!*is_last && *csv->at != csv->separator)
        return fault_at(csv, csv->line,
                        "a quote within a field must be doubled, and the field quoted");
    csv->at += *is_last ? length : 1;
    csv->line += length > 0;
    *to = '\0';
    return 0;
}

size_t
csv_size(const char *field)
{
    size_t length = strlen(field), quotes = 0;

    for (const char *at = field; *at; at++)
        quotes += *at == '"';
    return length + quotes + 3;
}

void
csv_put(struct writer *w, const char *field, bool is_last)
{
    bool is_quoted = strpbrk(field, ",\"\r\n") != NULL;

    if (is_quoted)
        writer_u8(w, '"');
    for (const char *at = field; *at; at++) {
        if (*at == '"')
            writer_u8(w, '"');
        writer_u8(w, (uint8_t)*at);
    }
    if (is_quoted)
        writer_u8(w, '"');
    writer_u8(w, is_last ? '\n' : ',');
}
