/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/cursor.h"

#include "postgres/catalog_scan.h"

/* Each costs a look at the whole text. */
enum { FETCHES_MAX = 32, LIMIT_WORDS_MAX = 32 };

static bool
is_one_of(const struct scan *scan, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (scan_is_word(scan, words[i]))
            return true;
    return false;
}

static struct scan
after(struct scan scan)
{
    (void)scan_next(&scan);
    return scan;
}

/* ---- one name, wherever it stands ---- */

/* c CURSOR …, c NO SCROLL CURSOR …, c refcursor; */
static bool
is_declared(struct scan name)
{
    static const char *const words[] = {"cursor", "scroll", "no"};
    struct scan next = after(name);

    if (scan_is_word(&next, "refcursor")) {
        next = after(next);
        return scan_is_byte(&next, ';');
    }
    return is_one_of(&next, words, COUNT_OF(words));
}

/* A place where nothing is assigned to it. */
static bool
is_used(const struct scan *before, struct scan name)
{
    static const char *const statements[] = {"open",  "close", "fetch", "move",    "next",
                                             "prior", "first", "last",  "forward", "backward"};
    static const char *const ends[] = {"into", "loop"};
    struct scan next = after(name);

    if (is_one_of(before, statements, COUNT_OF(statements)))
        return true;
    return (scan_is_word(before, "from") || scan_is_word(before, "in")) &&
           (scan_is_byte(&next, ';') || is_one_of(&next, ends, COUNT_OF(ends)));
}

/*
 * Whether it is declared before the first BEGIN, then opened where no way leads around it, and
 * never given another cursor's name. (A bound cursor has its own name for a value before it is
 * opened; to open it fails where the session has one of that name.)
 */
static bool
is_own(struct view body, const char *name)
{
    static const char *const ways[] = {"if",   "case",     "loop",     "while",
                                       "exit", "continue", "exception"};
    struct scan before = {.kind = SCAN_END}, scan = scan_of(body);
    bool is_known = false, is_begun = false, is_open = false;

    for (; scan_next(&scan) != SCAN_END; before = scan) {
        struct scan next = after(scan);

        if (scan.kind == SCAN_UNSURE ||
            (scan_is_word(&scan, "exception") && scan_is_word(&next, "when")))
            return false;
        is_begun |= scan_is_word(&scan, "begin");
        if (!is_open && is_begun && is_one_of(&scan, ways, COUNT_OF(ways)))
            return false;
        if ((scan.kind != SCAN_WORD && scan.kind != SCAN_QUOTED) || strcmp(scan.name, name) != 0)
            continue;
        if (!is_known && (is_begun || !is_declared(scan)))
            return false;
        if (is_known && !is_used(&before, scan))
            return false;
        if (is_known && !is_open && (!is_begun || !scan_is_word(&before, "open")))
            return false;
        is_open |= is_known;
        is_known = true;
    }
    return is_open;
}

/* ---- FETCH ---- */

/* FETCH FIRST 5 ROWS ONLY, of a query. */
static bool
is_limit(struct scan fetch)
{
    struct scan next = after(fetch);

    if (!scan_is_word(&next, "first") && !scan_is_word(&next, "next"))
        return false;
    next = after(next);
    if (scan_is_byte(&next, '('))
        for (size_t i = 0; i < LIMIT_WORDS_MAX && !scan_is_byte(&next, ')'); i++)
            next = after(next);
    if (!scan_is_word(&next, "row") && !scan_is_word(&next, "rows"))
        next = after(next);
    if (!scan_is_word(&next, "row") && !scan_is_word(&next, "rows"))
        return false;
    next = after(next);
    return scan_is_word(&next, "only") || scan_is_word(&next, "with");
}

/* The cursor behind FETCH [direction] [FROM | IN]. */
static struct scan
cursor_of(struct scan fetch)
{
    static const char *const words[] = {"next",     "prior",    "first",   "last",
                                        "absolute", "relative", "forward", "backward",
                                        "all",      "from",     "in"};
    struct scan at = after(fetch);

    while (at.kind == SCAN_NUMBER || at.kind == SCAN_OPERATOR ||
           is_one_of(&at, words, COUNT_OF(words)))
        at = after(at);
    return at;
}

static bool
is_fetch(const struct scan *before, const struct scan *scan)
{
    return scan_is_word(scan, "fetch") && !scan_is_byte(before, '.') &&
           !scan_is_word(before, "as") && !is_limit(*scan);
}

bool
cursor_is_read(const char *text)
{
    return strcasestr(text, "cursor_to_xml") != NULL;
}

bool
cursor_tells_prepared(const char *text)
{
    return strcasestr(text, CURSOR_PREPARED) != NULL;
}

static bool
ends_with(const char *body, const char *at, const char *word)
{
    size_t length = strlen(word);

    return (size_t)(at - body) >= length && strncasecmp(at - length, word, length) == 0;
}

/* In PL/pgSQL EXECUTE runs a text: what is prepared is run by one that says EXECUTE again, at its
 * beginning, or behind what runs it: CREATE TABLE … AS, EXPLAIN with or without options, a comment.
 */
static bool
runs_prepared(const char *body, const char *before)
{
    static const char *const words[] = {"'",   "$",       "*/",      ")",
                                        " as", "explain", "analyze", "verbose"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (ends_with(body, before, words[i]))
            return true;
    return false;
}

bool
cursor_reaches_prepared(const char *body)
{
    const char *at = body;

    if (cursor_tells_prepared(body))
        return true;
    while ((at = strcasestr(at, "execute")) != NULL) {
        const char *before = at;

        while (before > body && (before[-1] == ' ' || before[-1] == '\n' || before[-1] == '\t'))
            before--;
        if (runs_prepared(body, before))
            return true;
        at++;
    }
    return false;
}

bool
cursor_is_reached(const char *body)
{
    return cursor_is_read(body) ||
           (strcasestr(body, "fetch") &&
            (strcasestr(body, "execute") || cursor_is_borrowed(view_of_text(body))));
}

bool
cursor_is_borrowed(struct view body)
{
    struct scan before = {.kind = SCAN_END}, scan = scan_of(body);
    size_t count = 0;

    for (; scan_next(&scan) != SCAN_END; before = scan) {
        struct scan name, next;

        if (scan.kind == SCAN_UNSURE)
            return true;
        if (!is_fetch(&before, &scan))
            continue;
        name = cursor_of(scan);
        next = after(name);
        if ((name.kind != SCAN_WORD && name.kind != SCAN_QUOTED) || name.has_high_bytes ||
            scan_is_byte(&next, '.') || ++count > FETCHES_MAX || !is_own(body, name.name))
            return true;
    }
    return false;
}
