/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/template.h"

#include "postgres/claim.h"

#include <assert.h>

enum { DIGITS_MAX = 18 };

/* What stands before a token, as far as it matters. */
enum before { BEFORE_OTHER, BEFORE_COMPARISON, BEFORE_LIST, BEFORE_COUNT };

struct making {
    struct template *t;
    const uint8_t *start, *at, *end;
    const uint8_t *kept; /* what comes from here on goes into the template as it is */
    enum before before;
    bool is_list;     /* within IN ( … ) */
    bool is_cut;      /* a comment at the end was left out */
    struct view word; /* the last one; empty where another token came since */
};

/* ---- bytes ---- */

enum { IN_WORD = 1, IS_DIGIT = 2, IS_SPACE = 4, IS_SIGN = 8 };

static const uint8_t classes[256] = {
    ['0' ... '9'] = IN_WORD | IS_DIGIT,
    ['a' ... 'z'] = IN_WORD,
    ['A' ... 'Z'] = IN_WORD,
    ['_'] = IN_WORD,
    [0x80 ... 0xff] = IN_WORD,
    [' '] = IS_SPACE,
    ['\t' ... '\r'] = IS_SPACE,
    ['+'] = IS_SIGN,
    ['-'] = IS_SIGN,
    ['*'] = IS_SIGN,
    ['/'] = IS_SIGN,
    ['<'] = IS_SIGN,
    ['>'] = IS_SIGN,
    ['='] = IS_SIGN,
    ['~'] = IS_SIGN,
    ['!'] = IS_SIGN,
    ['@'] = IS_SIGN,
    ['#'] = IS_SIGN,
    ['%'] = IS_SIGN,
    ['^'] = IS_SIGN,
    ['&'] = IS_SIGN,
    ['|'] = IS_SIGN,
    ['`'] = IS_SIGN,
    ['?'] = IS_SIGN,
};

static inline bool
is(uint8_t c, unsigned class)
{
    return classes[c] & class;
}

/* The first byte from m->at on that is of none of these classes. */
static inline const uint8_t *
skip(const struct making *m, unsigned class)
{
    const uint8_t *at = m->at;

    while (at < m->end && is(*at, class))
        at++;
    return at;
}

/* Whether the last word is this one, given in lower case. */
static inline bool
is_word(const struct making *m, struct view lower)
{
    if (m->word.length != lower.length)
        return false;
    for (size_t i = 0; i < lower.length; i++)
        if ((m->word.bytes[i] | 0x20) != lower.bytes[i])
            return false;
    return true;
}

/* ---- the template's text ---- */

static bool
append(struct template *t, const void *bytes, size_t length)
{
    if (length > TEMPLATE_TEXT_MAX - t->length)
        return false;
    memcpy(t->text + t->length, bytes, length);
    t->length += length;
    return true;
}

/* What was kept so far, up to `end`. */
static bool
copy_kept(struct making *m, const uint8_t *end)
{
    return append(m->t, m->kept, (size_t)(end - m->kept));
}

/* [from, m->at) becomes a parameter. */
static bool
replace(struct making *m, const uint8_t *from, struct view value)
{
    struct template *t = m->t;
    char name[3] = "$";
    size_t length = 1;

    if (t->count == TEMPLATE_VALUES_MAX || !copy_kept(m, from))
        return false;
    t->values[t->count++] =
        (struct template_value){(uint32_t)(from - m->start), (uint32_t)(m->at - from), value};
    if (t->count >= 10)
        name[length++] = (char)('0' + t->count / 10);
    name[length++] = (char)('0' + t->count % 10);
    m->kept = m->at;
    return append(t, name, length);
}

static_assert(TEMPLATE_VALUES_MAX < 100, "replace() writes two digits");

/* ---- tokens ---- */

static void
set_before(struct making *m, enum before before)
{
    m->before = before;
    m->word.length = 0;
}

static bool
take_word(struct making *m)
{
    const uint8_t *from = m->at;

    m->at = skip(m, IN_WORD);
    m->word = view_of(from, (size_t)(m->at - from));
    m->before =
        is_word(m, VIEW("limit")) || is_word(m, VIEW("offset")) ? BEFORE_COUNT : BEFORE_OTHER;
    /* E'…', B'…', X'…', N'…' and their kind have readings of their own. */
    return m->at == m->end || (*m->at != '\'' && *m->at != '$' && *m->at != '&');
}

static bool
take_number(struct making *m)
{
    const uint8_t *from = m->at;
    size_t length;
    bool is_plain;

    m->at = skip(m, IS_DIGIT);
    length = (size_t)(m->at - from);
    is_plain = length <= DIGITS_MAX && (*from != '0' || length == 1) &&
               (m->at == m->end || (!is(*m->at, IN_WORD) && *m->at != '.' && *m->at != '$'));
    while (m->at < m->end && (is(*m->at, IN_WORD) || *m->at == '.'))
        m->at++;
    if (is_plain && m->before != BEFORE_OTHER && !replace(m, from, view_of(from, length)))
        return false;
    set_before(m, BEFORE_OTHER);
    return true;
}

/* Over spaces: whether another string follows, which would be a part of this one. */
static bool
is_continued(const struct making *m)
{
    const uint8_t *c = skip(m, IS_SPACE);

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
    if (is_plain && (m->before == BEFORE_COMPARISON || m->before == BEFORE_LIST) &&
        !replace(m, from, view_of(from + 1, (size_t)(close - from - 1))))
        return false;
    set_before(m, BEFORE_OTHER);
    return true;
}

static bool
take_quoted_name(struct making *m)
{
    const uint8_t *close = memchr(m->at + 1, '"', (size_t)(m->end - m->at - 1));

    if (!close)
        return false;
    m->at = close + 1;
    set_before(m, BEFORE_OTHER);
    return true;
}

/* = < > <= >= <> != */
static bool
is_comparison(const uint8_t *sign, size_t length)
{
    if (length == 1)
        return *sign == '=' || *sign == '<' || *sign == '>';
    return length == 2 && ((sign[1] == '=' && (*sign == '<' || *sign == '>' || *sign == '!')) ||
                           (sign[0] == '<' && sign[1] == '>'));
}

/* A comment that is all there is from here on. */
static bool
cut_comment(struct making *m, const uint8_t *comment)
{
    size_t at = (size_t)(comment - m->start);

    if (claim_at(view_of(m->start, (size_t)(m->end - m->start))) != at)
        return false;
    m->at = m->end = comment;
    m->is_cut = true;
    return true;
}

static bool
take_operator(struct making *m)
{
    const uint8_t *from = m->at;
    size_t length;

    if (from + 1 < m->end && from[0] == '/' && from[1] == '*')
        return cut_comment(m, from);
    m->at = skip(m, IS_SIGN);
    length = (size_t)(m->at - from);
    set_before(m, is_comparison(from, length) ? BEFORE_COMPARISON : BEFORE_OTHER);
    for (size_t i = 0; i + 1 < length; i++)
        if ((from[i] == '-' && from[i + 1] == '-') || (from[i] == '/' && from[i + 1] == '*'))
            return false; /* a comment */
    return true;
}

static bool
take_other(struct making *m)
{
    uint8_t c = *m->at++;

    if (c == '\0' || c == '$' || c == '\\')
        return false;
    if (c == ';') { /* only at the end */
        const uint8_t *end = m->at - 1;

        m->at = skip(m, IS_SPACE);
        if (m->at != m->end)
            return false;
        m->at = m->end = end; /* it is no part of the template */
        return true;
    }
    if (c == '(') {
        m->is_list = is_word(m, VIEW("in"));
        set_before(m, m->is_list ? BEFORE_LIST : BEFORE_OTHER);
    } else if (c == ',' && m->is_list) {
        set_before(m, BEFORE_LIST);
    } else {
        m->is_list = m->is_list && c != ')';
        set_before(m, BEFORE_OTHER);
    }
    return true;
}

static bool
take_token(struct making *m)
{
    uint8_t c = *m->at;

    if (is(c, IS_SPACE)) {
        m->at = skip(m, IS_SPACE);
        return true;
    }
    if (is(c, IS_DIGIT))
        return take_number(m);
    if (is(c, IN_WORD))
        return take_word(m);
    if (c == '\'')
        return take_string(m);
    if (c == '"')
        return take_quoted_name(m);
    if (is(c, IS_SIGN))
        return take_operator(m);
    if (c == '.' && m->at + 1 < m->end && is(m->at[1], IS_DIGIT)) { /* .5 */
        m->at++;
        set_before(m, BEFORE_OTHER);
        return take_number(m);
    }
    return take_other(m);
}

static bool
is_templated_verb(const struct making *m)
{
    return is_word(m, VIEW("select")) || is_word(m, VIEW("update")) || is_word(m, VIEW("delete")) ||
           is_word(m, VIEW("with"));
}

/* The text as one that others can be compared with: none where a comment was left out, which says
 * something of its own, nor where a constant is a string. */
static void
keep_form(struct template *t, struct view text)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct template_value *v = &t->values[i];

        if (v->length != v->value.length)
            return;
        t->holes[i].at = v->at;
        t->holes[i].end = v->at + v->length;
    }
    if (text.length > TEMPLATE_FORM_MAX || t->count == 0)
        return;
    memcpy(t->form, text.bytes, text.length);
    t->form_length = text.length;
}

/* As take_number has it, of one that ends before a byte that is known to be none of a number. */
static size_t
plain_number(const uint8_t *at, const uint8_t *end)
{
    size_t length = 0;

    while (at + length < end && length <= DIGITS_MAX && is(at[length], IS_DIGIT))
        length++;
    return length <= DIGITS_MAX && (length <= 1 || *at != '0') ? length : 0;
}

/*
 * Between its constants the text is that of the form, byte for byte, and what stands behind a
 * constant there is no part of a number: so it is read token by token as the form was.
 */
bool
template_again(struct template *t, struct view text)
{
    const uint8_t *at = text.bytes, *end = text.bytes + text.length;
    size_t from = 0, kept;

    if (t->form_length == 0)
        return false;
    for (size_t i = 0; i < t->count; i++) {
        size_t length;

        kept = t->holes[i].at - from;
        if (kept > (size_t)(end - at) || memcmp(t->form + from, at, kept) != 0)
            return false;
        at += kept;
        length = plain_number(at, end);
        if (length == 0)
            return false;
        t->values[i] = (struct template_value){(uint32_t)(at - text.bytes), (uint32_t)length,
                                               view_of(at, length)};
        at += length;
        from = t->holes[i].end;
    }
    kept = t->form_length - from;
    return kept == (size_t)(end - at) && memcmp(t->form + from, at, kept) == 0;
}

bool
template_make(struct template *template, struct view text)
{
    struct making m = {.t = template,
                       .start = text.bytes,
                       .at = text.bytes,
                       .end = text.bytes + text.length,
                       .kept = text.bytes};

    template->length = template->count = template->form_length = 0;
    if (text.length > TEMPLATE_TEXT_MAX)
        return false;
    m.at = skip(&m, IS_SPACE);
    if (m.at == m.end || is(*m.at, IS_DIGIT) || !is(*m.at, IN_WORD) || !take_word(&m) ||
        !is_templated_verb(&m))
        return false;
    while (m.at < m.end)
        if (!take_token(&m))
            return false;
    if ((template->count == 0 && !m.is_cut) || !copy_kept(&m, m.end))
        return false;
    template->is_cut = m.is_cut;
    if (!m.is_cut)
        keep_form(template, text);
    return true;
}

/* Whether an edit repeats a constant, which stands as a parameter in the template. */
static bool
inserts_value(const struct plan *plan)
{
    size_t at = 0, from = 0;

    for (size_t i = 0; i < plan->edit_count; i++) {
        const struct plan_edit *edit = &plan->edits[i];

        at += edit->at - from;
        if (memchr(plan->rewritten.bytes + at, '$', edit->inserted))
            return true;
        at += edit->inserted;
        from = (size_t)edit->at + edit->removed;
    }
    return false;
}

bool
template_may_rewrite(const struct template *template, const struct plan *plan)
{
    size_t end = template->count > 0 ? template->values[0].at : template->length;

    for (size_t i = 0; i < plan->edit_count; i++)
        if (plan->edits[i].at + plan->edits[i].removed > end)
            return false;
    return !inserts_value(plan) &&
           plan->rewritten.length <= TEMPLATE_REWRITTEN_MAX - TEMPLATE_TEXT_MAX + template->length;
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
