/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fingerprints: statements that differ in their constants, parameters, white space and in the
 * length of lists of constants have the same one.
 *
 * Made from tokens, in one pass, with SipHash under a key that is the ledger's secret: whoever
 * sends texts must not be able to find two that have the same one, since the ledger keeps one text
 * of each, and rules ask which have been run before. Another ledger has other fingerprints.
 *
 * Not libpg_query's: that takes twice as long for every NOT in "NOT NOT NOT ... a = 1": a hundred
 * of them stop the process.
 */
#include "postgres/plan_text.h"

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/crypto_shorthash_siphash24.h>

static_assert(crypto_shorthash_siphash24_KEYBYTES == PLAN_SHAPE_KEY_SIZE, "it is the key");

/* What a token is reduced to: a constant, a mark, or the hash of a word. */
enum {
    SYMBOL_CONSTANT = '?',
    SYMBOL_COMMA = ',',
    SYMBOL_OPEN = '(',
    SYMBOL_CLOSE = ')',
};

struct symbols {
    uint64_t *symbols;
    size_t count;
};

static uint64_t
hash_of(const struct plan_work *work, const void *bytes, size_t length)
{
    static const uint8_t zeros[PLAN_SHAPE_KEY_SIZE];
    const uint8_t *key = work->environment->shape_key;
    uint64_t hash;

    static_assert(sizeof(hash) == crypto_shorthash_siphash24_BYTES, "it is the hash");
    (void)crypto_shorthash_siphash24((uint8_t *)&hash, bytes, length, key ? key : zeros);
    return hash;
}

static bool
ends_with(const struct symbols *s, const char *tail, size_t length)
{
    if (s->count < length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (s->symbols[s->count - length + i] != (uint64_t)tail[i])
            return false;
    return true;
}

/* "?, ?" is "?", and "(?), (?)" is "(?)": a list of constants or rows of any length. */
static void
add(struct symbols *s, uint64_t symbol)
{
    s->symbols[s->count++] = symbol;
    if (ends_with(s, "?,?", 3))
        s->count -= 2;
    if (ends_with(s, "(?),(?)", 7))
        s->count -= 4;
}

static bool
is_operand(const struct sql_token *token)
{
    return token->kind == PG_QUERY__TOKEN__IDENT || token->kind == PG_QUERY__TOKEN__UIDENT ||
           token->kind == PG_QUERY__TOKEN__PARAM || token->kind == ')' || token->kind == ']' ||
           text_is_constant(token) || token->keyword == PG_QUERY__KEYWORD_KIND__UNRESERVED_KEYWORD;
}

/* The sign of a number is a part of it. */
static bool
is_sign(struct token_range range, const struct sql_token *token)
{
    if ((token->kind != '-' && token->kind != '+') || token + 1 == range.end)
        return false;
    return text_is_constant(token + 1) && (token == range.first || !is_operand(token - 1));
}

static uint64_t
word_of(const struct plan_work *work, const struct sql_token *token)
{
    char word[128];
    size_t length = token->end - token->start;
    const char *text = work->text + token->start;

    if (length > sizeof(word) || (length > 0 && (text[0] == '"' || text[0] == '\'')))
        return hash_of(work, text, length);
    for (size_t i = 0; i < length; i++)
        word[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    return hash_of(work, word, length);
}

static uint64_t
symbol_of(const struct plan_work *work, const struct sql_token *token)
{
    if (text_is_constant(token) || token->kind == PG_QUERY__TOKEN__PARAM)
        return SYMBOL_CONSTANT;
    switch (token->kind) {
    case SYMBOL_COMMA:
    case SYMBOL_OPEN:
    case SYMBOL_CLOSE:
        return token->kind;
    default:
        return word_of(work, token);
    }
}

uint64_t
text_fingerprint(struct plan_work *work, struct token_range range)
{
    struct symbols s = {0};

    s.symbols = arena_new(&work->memory, (size_t)(range.end - range.first), sizeof(*s.symbols));
    if (!s.symbols)
        return 0;
    for (const struct sql_token *t = range.first; t < range.end; t++)
        if (!is_sign(range, t))
            add(&s, symbol_of(work, t));
    return hash_of(work, s.symbols, s.count * sizeof(*s.symbols));
}
