/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_text.h"

static const struct sql_token *
first_from(const struct plan_work *work, uint32_t at)
{
    size_t low = 0, high = work->tokens.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (work->tokens.tokens[middle].start < at)
            low = middle + 1;
        else
            high = middle;
    }
    return work->tokens.tokens + low;
}

struct token_range
text_range(const struct plan_work *work, uint32_t start, uint32_t end)
{
    return (struct token_range){first_from(work, start), first_from(work, end)};
}

const struct sql_token *
text_behind(const struct sql_token *t, const struct sql_token *end)
{
    size_t depth = 0;

    if (t >= end || t->kind != '(')
        return NULL;
    for (; t < end; t++) {
        if (t->kind == '(')
            depth++;
        else if (t->kind == ')' && --depth == 0)
            return t + 1;
    }
    return NULL;
}

/* ---- the first word ---- */

static enum plan_verb
verb_of(const struct sql_token *token)
{
    static const struct {
        uint16_t token;
        uint8_t verb;
    } verbs[] = {
#define X(token, verb) {PG_QUERY__TOKEN__##token, VERB_##verb},
#include "postgres/verb.def"
#undef X
    };

    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (verbs[i].token == token->kind)
            return (enum plan_verb)verbs[i].verb;
    return VERB_OTHER;
}

static bool
is_change(enum plan_verb verb)
{
    return verb == VERB_SELECT || verb == VERB_INSERT || verb == VERB_UPDATE ||
           verb == VERB_DELETE || verb == VERB_MERGE;
}

/* Behind the parentheses of WITH. */
static enum plan_verb
verb_behind_with(struct token_range range)
{
    size_t depth = 0;

    for (const struct sql_token *t = range.first; t < range.end; t++) {
        if (t->kind == '(')
            depth++;
        else if (t->kind == ')' && depth > 0)
            depth--;
        else if (depth == 0 && is_change(verb_of(t)))
            return verb_of(t);
    }
    return VERB_OTHER;
}

enum plan_verb
text_verb(struct token_range range)
{
    while (range.first < range.end && range.first->kind == '(')
        range.first++;
    if (range.first == range.end)
        return VERB_OTHER;
    if (range.first->kind == PG_QUERY__TOKEN__WITH || range.first->kind == PG_QUERY__TOKEN__WITH_LA)
        return verb_behind_with(range);
    return verb_of(range.first);
}

/* ---- the text without literals ---- */

static bool
is_number(const struct sql_token *token)
{
    return token->kind == PG_QUERY__TOKEN__ICONST || token->kind == PG_QUERY__TOKEN__FCONST;
}

bool
text_is_constant(const struct sql_token *token)
{
    switch (token->kind) {
    case PG_QUERY__TOKEN__SCONST:
    case PG_QUERY__TOKEN__USCONST:
    case PG_QUERY__TOKEN__BCONST:
    case PG_QUERY__TOKEN__XCONST:
        return true;
    default:
        return is_number(token);
    }
}

static bool
is_name(const struct sql_token *token)
{
    return token->kind == PG_QUERY__TOKEN__IDENT || token->keyword != 0;
}

/* What stands at a constant without a space may be a part of it: "1_000" of later versions, and
 * 'O'Brien' of a client that does not quote. */
static bool
touches_constant(struct token_range range, const struct sql_token *token)
{
    const struct sql_token *t = token;

    if (token->kind == PG_QUERY__TOKEN__IDENT && token + 1 < range.end &&
        token[1].start == token->end && text_is_constant(token + 1))
        return true;
    while (t > range.first && t[-1].end == t->start && (is_name(t) || is_number(t))) {
        if (text_is_constant(t - 1))
            return true;
        t--;
    }
    return false;
}

/* Length of the well-formed UTF-8 character at `at`, or 0. */
static size_t
character_at(const uint8_t *at, const uint8_t *end)
{
    size_t length = *at < 0x80   ? 1
                    : *at < 0xc2 ? 0
                    : *at < 0xe0 ? 2
                    : *at < 0xf0 ? 3
                    : *at < 0xf5 ? 4
                                 : 0;

    if (length == 0 || (size_t)(end - at) < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
        (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

static void
write_word(struct writer *w, const char *text, const struct sql_token *token)
{
    const uint8_t *at = (const uint8_t *)text + token->start;
    const uint8_t *end = (const uint8_t *)text + token->end;

    while (at < end) {
        size_t length = character_at(at, end);

        if (length == 0 || *at < ' ' || *at == 0x7f) {
            writer_u8(w, '?');
            at++;
            continue;
        }
        writer_bytes(w, at, length);
        at += length;
    }
}

/* The highest $n that the client wrote: ours come behind. */
static unsigned
last_parameter(const struct plan_work *work, struct token_range range)
{
    unsigned last = 0;

    for (const struct sql_token *t = range.first; t < range.end; t++)
        if (t->kind == PG_QUERY__TOKEN__PARAM) {
            unsigned long number = strtoul(work->text + t->start + 1, NULL, 10);

            if (number > last && number <= UINT16_MAX)
                last = (unsigned)number;
        }
    return last;
}

const char *
text_normal(const struct plan_work *work, struct token_range range)
{
    static const char more[] = " …";
    uint8_t text[PLAN_NORMAL_MAX];
    struct writer w = writer_of(text, sizeof(text) - sizeof(more));
    unsigned number = last_parameter(work, range);
    uint8_t *whole = w.at;
    const char *kept;

    for (const struct sql_token *t = range.first; t < range.end; t++) {
        if (touches_constant(range, t))
            continue;
        if (t > range.first && t->start > t[-1].end)
            writer_u8(&w, ' ');
        if (text_is_constant(t)) {
            char parameter[16];
            int length = snprintf(parameter, sizeof(parameter), "$%u", ++number);

            writer_bytes(&w, parameter, (size_t)length);
        } else if (t->is_unknown || t->kind == PG_QUERY__TOKEN__UIDENT) {
            writer_u8(&w, '?');
        } else {
            write_word(&w, work->text, t);
        }
        if (w.failed) {
            memcpy(whole, more, sizeof(more) - 1);
            whole += sizeof(more) - 1;
            break;
        }
        whole = w.at;
    }
    kept = arena_text(work->keep, text, (size_t)(whole - text));
    return kept ? kept : "";
}
