/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/administer.h"

#include "postgres/catalog_scan.h"
#include "postgres/made.h"
#include "postgres/plan.h"

enum where { WORDS_BEGIN, WORDS_WITHIN };

static const struct {
    enum where where;
    const char *first, *second;
    uint32_t act;
} words[] = {
#define X(where, first, second, act) {WORDS_##where, first, second, PLAN_##act},
#include "postgres/administer_word.def"
#undef X
};

uint32_t
administer_function(const char *name)
{
    static const struct {
        const char *name;
        uint32_t act;
    } functions[] = {
#define X(name, act) {#name, PLAN_##act},
#include "postgres/administer_function.def"
#undef X
    };

    if (strncmp(name, "pg_", 3) != 0)
        return 0;
    for (size_t i = 0; i < COUNT_OF(functions); i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].act;
    return 0;
}

static bool
is_any(const struct scan *scan, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (scan_is_word(scan, list[i]))
            return true;
    return false;
}

/* What stands between the first word of a statement and the one that says what it is about. */
static bool
is_between(const struct scan *scan)
{
    static const char *const list[] = {"or",         "replace", "constraint", "trusted",
                                       "procedural", "local",   "session"};

    return is_any(scan, list, COUNT_OF(list));
}

/* A statement of SQL or PL/pgSQL can begin behind it. */
static bool
is_before_statement(const struct scan *scan)
{
    static const char *const list[] = {"begin", "then", "else", "loop", "atomic"};

    return scan_is_byte(scan, ';') || is_any(scan, list, COUNT_OF(list));
}

struct state {
    char first[SCAN_NAME_SIZE]; /* of the statement; "": it is behind that, or nothing has begun */
    char last[SCAN_NAME_SIZE];  /* the word before */
    bool is_begin;
    uint32_t found;
};

static void
look(struct state *state, const char *word)
{
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        const char *before = words[i].where == WORDS_BEGIN ? state->first : state->last;

        if (words[i].second[0] == '\0'
                ? state->is_begin && strcmp(words[i].first, word) == 0
                : strcmp(words[i].second, word) == 0 && strcmp(words[i].first, before) == 0)
            state->found |= words[i].act;
    }
    /* CREATE USER MAPPING makes no user. */
    if (strcmp(word, "mapping") == 0 && strcmp(state->last, "user") == 0)
        state->found |= PLAN_FOREIGN;
}

uint32_t
administer_words(struct view text)
{
    struct state state = {.is_begin = true};
    struct scan scan = scan_of(text);
    char called[SCAN_NAME_SIZE] = "";

    while (scan_next(&scan) != SCAN_END && scan.kind != SCAN_UNSURE) {
        if (scan_is_byte(&scan, '('))
            state.found |= administer_function(called);
        called[0] = '\0';
        if (scan.kind == SCAN_WORD || scan.kind == SCAN_QUOTED)
            memcpy(called, scan.name, sizeof(called));
        if (scan.kind == SCAN_WORD) {
            look(&state, scan.name);
            if (state.is_begin)
                memcpy(state.first, scan.name, sizeof(state.first));
            else if (!is_between(&scan))
                state.first[0] = '\0';
            memcpy(state.last, scan.name, sizeof(state.last));
        } else {
            state.last[0] = '\0';
            state.first[0] = '\0';
        }
        state.is_begin = is_before_statement(&scan);
    }
    return state.found;
}

uint32_t
administer_code(struct view text, char *space)
{
    uint32_t found = administer_words(text);
    enum made_kind kind;
    struct made made;

    made_begin(&made, text, space);
    while ((kind = made_next(&made)) == MADE_TEXT)
        found |= administer_words(view_of(made.text, made.length));
    return found;
}
