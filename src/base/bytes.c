/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

struct view
reader_text(struct reader *r)
{
    const uint8_t *zero = NULL;
    struct view v = {r->at, 0};

    if (!r->failed && r->at < r->end)
        zero = memchr(r->at, 0, (size_t)(r->end - r->at));
    if (!zero) {
        r->failed = true;
        return v;
    }
    v.length = (size_t)(zero - r->at);
    r->at = zero + 1;
    return v;
}

int
reader_end(const struct reader *r)
{
    return r->failed || r->at != r->end ? PASU_E_MALFORMED : 0;
}

void
writer_text(struct writer *w, const char *text)
{
    writer_bytes(w, text, strlen(text) + 1);
}

ssize_t
writer_end(const struct writer *w)
{
    return w->failed ? PASU_E_RANGE : (ssize_t)writer_length(w);
}

void
text_from_view(char *text, size_t size, struct view v)
{
    size_t n = v.length < size - 1 ? v.length : size - 1;

    for (size_t i = 0; i < n; i++)
        text[i] = v.bytes[i] ? (char)v.bytes[i] : '?';
    text[n] = '\0';
}
