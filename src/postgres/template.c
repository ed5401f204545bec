/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/template.h"

enum { WORD_MAX = 8, DIGITS_MAX = 18 };

/* What stands before a token, as far as it matters. */
enum before { BEFORE_OTHER, BEFORE_COMPARISON, BEFORE_LIST, BEFORE_COUNT };

struct making {
    struct template *t;
    const uint8_t *start, *at, *end;
    enum before before;
    bool is_list;        /* within IN ( … ) */
    char word[WORD_MAX]; /* the last one, upper case; "" where another token came since */
};

static bool
is_word_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c >= 0x80;
}

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
copy(struct making *m, const uint8_t *bytes, size_t length)
{
    if (m->t->length + length > TEMPLATE_TEXT_MAX)
        return false;
    memcpy(m->t->text + m->t->length, bytes, length);
    m->t->length += length;
    return true;
}

/* [from, m->at) becomes a parameter. */
static bool
replace(struct making *m, const uint8_t *from, struct view value)
{
    struct template *t = m->t;
    char name[8];
    int n;

    if (t->count == TEMPLATE_VALUES_MAX)
        return false;
    t->values[t->count++] =
        (struct template_value){(uint32_t)(from - m->start), (uint32_t)(m->at - from), value};
    n = snprintf(name, sizeof(name), "$%zu", t->count);
    return n > 0 && copy(m, (const uint8_t *)name, (size_t)n);
}

static bool
may_replace(const struct making *m)
{
    return m->before != BEFORE_OTHER;
}

static void
set_before(struct making *m, enum before before)
{
    m->before = before;
    m->word[0] = '\0';
}

static bool
take_word(struct making *m)
{
    const uint8_t *from = m->at;
    size_t n = 0;

    while (m->at < m->end && is_word_byte(*m->at)) {
        if (n < WORD_MAX)
            m->word[n] = (char)(*m->at & 0x80 ? '?' : (*m->at >= 'a' ? *m->at - 32 : *m->at));
        n++;
        m->at++;
    }
    m->word[n < WORD_MAX ? n : 0] = '\0';
    m->before = strcmp(m->word, "LIMIT") == 0 || strcmp(m->word, "OFFSET") == 0 ? BEFORE_COUNT
                                                                                : BEFORE_OTHER;
    /* E'…', B'…', X'…', N'…' and their kind have readings of their own. */
    if (m->at < m->end && (*m->at == '\'' || *m->at == '$' || *m->at == '&'))
        return false;
    return copy(m, from, (size_t)(m->at - from));
}

static bool
take_number(struct making *m)
{
    const uint8_t *from = m->at;
    size_t length;
    bool is_plain;

    while (m->at < m->end && is_digit(*m->at))
        m->at++;
    length = (size_t)(m->at - from);
    is_plain = length <= DIGITS_MAX && (*from != '0' || length == 1) &&
               (m->at == m->end || (!is_word_byte(*m->at) && *m->at != '.' && *m->at != '$'));
    while (m->at < m->end && (is_word_byte(*m->at) || *m->at == '.'))
        m->at++;
    if (is_plain && may_replace(m) ? !replace(m, from, view_of(from, length))
                                   : !copy(m, from, (size_t)(m->at - from)))
        return false;
    set_before(m, BEFORE_OTHER);
    return true;
}

/* Over spaces: whether another string follows, which would be a part of this one. */
static bool
is_continued(const struct making *m)
{
    const uint8_t *c = m->at;

    while (c < m->end && is_space(*c))
        c++;
    return c < m->end && *c == '\'';
}

static bool
take_string(struct making *m)
{
    const uint8_t *from = m->at, *close;
    bool is_plain = true;

    for (m->at++;; m->at++) {
        close = memchr(m->at, '\'', (size_t)(m->end - m->at));
        if (!close)
            return false;
        m->at = close + 1;
        if (m->at == m->end || *m->at != '\'')
            break;
        is_plain = false; /* a quote within */
    }
    if (is_continued(m))
        return false;
    is_plain &= close > from + 1; /* '' stays: it asks for nobody (plan_compare.h) */
    if (is_plain && (m->before == BEFORE_COMPARISON || m->before == BEFORE_LIST)
            ? !replace(m, from, view_of(from + 1, (size_t)(close - from - 1)))
            : !copy(m, from, (size_t)(m->at - from)))
        return false;
    set_before(m, BEFORE_OTHER);
    return true;
}

static bool
take_quoted_name(struct making *m)
{
    const uint8_t *from = m->at, *close;

    close = memchr(m->at + 1, '"', (size_t)(m->end - m->at - 1));
    if (!close)
        return false;
    m->at = close + 1;
    set_before(m, BEFORE_OTHER);
    return copy(m, from, (size_t)(m->at - from));
}

static bool
take_operator(struct making *m)
{
    static const char signs[] = "+-*/<>=~!@#%^&|`?";
    static const char *const comparisons[] = {"=", "<", ">", "<=", ">=", "<>", "!="};
    const uint8_t *from = m->at;
    size_t length;

    while (m->at < m->end && *m->at && strchr(signs, *m->at))
        m->at++;
    length = (size_t)(m->at - from);
    set_before(m, BEFORE_OTHER);
    for (size_t i = 0; i + 1 < length; i++)
        if ((from[i] == '-' && from[i + 1] == '-') || (from[i] == '/' && from[i + 1] == '*'))
            return false; /* a comment */
    for (size_t i = 0; i < COUNT_OF(comparisons); i++)
        if (strlen(comparisons[i]) == length && memcmp(comparisons[i], from, length) == 0)
            m->before = BEFORE_COMPARISON;
    return copy(m, from, length);
}

static bool
take_other(struct making *m)
{
    uint8_t c = *m->at++;

    if (c == '\0' || c == '$' || c == '\\')
        return false;
    if (c == ';') { /* only at the end */
        while (m->at < m->end && is_space(*m->at))
            m->at++;
        return m->at == m->end;
    }
    if (c == '(') {
        m->is_list = strcmp(m->word, "IN") == 0;
        set_before(m, m->is_list ? BEFORE_LIST : BEFORE_OTHER);
    } else if (c == ',' && m->is_list) {
        set_before(m, BEFORE_LIST);
    } else {
        m->is_list = m->is_list && c != ')';
        set_before(m, BEFORE_OTHER);
    }
    return copy(m, &c, 1);
}

static bool
take_token(struct making *m)
{
    uint8_t c = *m->at;

    if (is_space(c)) {
        m->at++;
        return copy(m, &c, 1);
    }
    if (is_digit(c))
        return take_number(m);
    if (is_word_byte(c))
        return take_word(m);
    if (c == '\'')
        return take_string(m);
    if (c == '"')
        return take_quoted_name(m);
    if (c != '\0' && strchr("+-*/<>=~!@#%^&|`?", c))
        return take_operator(m);
    if (c == '.' && m->at + 1 < m->end && is_digit(m->at[1])) { /* .5 */
        m->at++;
        set_before(m, BEFORE_OTHER);
        return copy(m, &c, 1) && take_number(m);
    }
    return take_other(m);
}

static bool
is_templated_verb(const struct making *m)
{
    return strcmp(m->word, "SELECT") == 0 || strcmp(m->word, "UPDATE") == 0 ||
           strcmp(m->word, "DELETE") == 0 || strcmp(m->word, "WITH") == 0;
}

bool
template_make(struct template *template, struct view text)
{
    struct making m = {
        .t = template, .start = text.bytes, .at = text.bytes, .end = text.bytes + text.length};

    template->length = template->count = 0;
    if (text.length > TEMPLATE_TEXT_MAX)
        return false;
    while (m.at < m.end && is_space(*m.at))
        if (!take_token(&m))
            return false;
    if (m.at == m.end || is_digit(*m.at) || !is_word_byte(*m.at) || !take_word(&m) ||
        !is_templated_verb(&m))
        return false;
    while (m.at < m.end)
        if (!take_token(&m))
            return false;
    return template->count > 0;
}

bool
template_may_rewrite(const struct template *template, const struct plan *plan)
{
    for (size_t i = 0; i < plan->edit_count; i++)
        if (plan->edits[i].at + plan->edits[i].removed > template->values[0].at)
            return false;
    return true;
}

ssize_t
template_rewrite(const struct plan *plan, struct view text, uint8_t *bytes, size_t size)
{
    struct writer w = writer_of(bytes, size);
    size_t from = 0, in_rewritten = 0;

    for (size_t i = 0; i < plan->edit_count; i++) {
        const struct plan_edit *edit = &plan->edits[i];

        writer_bytes(&w, text.bytes + from, edit->at - from);
        in_rewritten += edit->at - from;
        writer_bytes(&w, plan->rewritten.bytes + in_rewritten, edit->inserted);
        in_rewritten += edit->inserted;
        from = (size_t)edit->at + edit->removed;
    }
    writer_bytes(&w, text.bytes + from, text.length - from);
    return writer_end(&w);
}
