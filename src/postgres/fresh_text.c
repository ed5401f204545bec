/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/fresh_text.h"

#include "base/memory.h"
#include "postgres/hash.h"
#include "postgres/plan_text.h"
#include "postgres/row_flow.h"

uint64_t
fresh_hash(const char *name)
{
    return hash_bytes(name, strlen(name), 0) | 1; /* 0 is none */
}

static int
hash_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

enum { LAST = 5 };

/* Whether a row is used as a whole by the last word: not by "count(*)" or "NEW IS DISTINCT FROM
 * OLD", with stars or without. */
static bool
is_whole(const struct scan last[LAST], const struct scan *next)
{
    const struct scan *at = &last[LAST - 1], *row = at;

    if (scan_is_star(at) && scan_is_byte(&last[LAST - 2], '.'))
        row = &last[LAST - 3];
    else if (scan_is_star(at))
        return !(scan_is_byte(&last[LAST - 2], '(') && scan_is_byte(next, ')'));
    if (!scan_is_word(row, "new") && !scan_is_word(row, "old"))
        return row != at;
    return !scan_is_byte(next, '.') && !scan_is_word(next, "is") &&
           !(scan_is_word(row - 1, "from") && scan_is_word(row - 2, "distinct"));
}

static int
add(struct fresh_words *words, const char *name)
{
    uint64_t *more;

    if ((words->count & (words->count - 1)) == 0) { /* a power of two, or none: there is no room */
        more = memory_resize(words->hashes, words->count ? 2 * words->count : 1, sizeof(*more));
        if (!more)
            return PASU_E_NOMEM;
        words->hashes = more;
    }
    words->hashes[words->count++] = fresh_hash(name);
    return 0;
}

int
fresh_words_read(struct fresh_words *words, const char *text)
{
    struct scan next = scan_of(view_of_text(text)), last[LAST] = {{0}};
    int result = 0;

    *words = (struct fresh_words){.is_cut = strlen(text) >= PLAN_NORMAL_MAX - 8};
    (void)scan_next(&next);
    while (next.kind != SCAN_END && next.kind != SCAN_UNSURE && result == 0) {
        memmove(last, last + 1, (LAST - 1) * sizeof(last[0]));
        last[LAST - 1] = next;
        if (scan_is_word(&next, "return") && row_flow_returns_row(next))
            row_flow_skip(&next);
        (void)scan_next(&next);
        words->is_whole |= is_whole(last, &next);
        if (last[LAST - 1].kind == SCAN_WORD || last[LAST - 1].kind == SCAN_QUOTED)
            result = add(words, last[LAST - 1].name);
    }
    words->is_whole |= next.kind == SCAN_UNSURE;
    words->is_cut |= next.kind == SCAN_UNSURE;
    if (words->count > 0)
        qsort(words->hashes, words->count, sizeof(words->hashes[0]), hash_order);
    return result;
}

void
fresh_words_release(struct fresh_words *words)
{
    memory_free(words->hashes);
    *words = (struct fresh_words){0};
}

bool
fresh_words_have(const struct fresh_words *words, uint64_t hash)
{
    return words->count > 0 &&
           bsearch(&hash, words->hashes, words->count, sizeof(hash), hash_order) != NULL;
}

/* ---- what is written ---- */

static bool
is_skipped(const struct scan *scan)
{
    static const char *const words[] = {"only", "table", "if", "not", "exists"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (scan_is_word(scan, words[i]))
            return true;
    return false;
}

/* Behind INTO, UPDATE, TABLE or VIEW; `scan` is behind the name then. */
static void
visit_name(struct scan *scan, fresh_visit *visit, void *arg)
{
    char schema[SCAN_NAME_SIZE] = "", name[SCAN_NAME_SIZE];
    struct scan ahead = *scan;

    do
        (void)scan_next(&ahead);
    while (is_skipped(&ahead));
    if (ahead.kind != SCAN_WORD && ahead.kind != SCAN_QUOTED)
        return;
    memcpy(name, ahead.name, sizeof(name));
    *scan = ahead;
    (void)scan_next(&ahead);
    while (scan_is_byte(&ahead, '.')) {
        (void)scan_next(&ahead);
        memcpy(schema, name, sizeof(schema));
        memcpy(name, ahead.name, sizeof(name));
        *scan = ahead;
        (void)scan_next(&ahead);
    }
    visit(arg, schema[0] ? schema : NULL, name);
}

void
fresh_text_filled(const char *text, fresh_visit *visit, void *arg)
{
    struct scan scan = scan_of(view_of_text(text));

    while (scan_next(&scan) != SCAN_END && scan.kind != SCAN_UNSURE)
        if (scan_is_word(&scan, "into") || scan_is_word(&scan, "update") ||
            scan_is_word(&scan, "table") || scan_is_word(&scan, "view"))
            visit_name(&scan, visit, arg);
}
