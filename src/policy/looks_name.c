/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/looks.h"

enum { NAME_MAX = 256, WORDS_MAX = 16 };

/* Words of a name, in small letters. */
struct words {
    char text[NAME_MAX];
    const char *items[WORDS_MAX];
    size_t count;
};

static const struct {
    const char *field, *text, *names;
    bool is_strict;
} looks[] = {
#define X(name, field_, text_, is_strict_, names_) {field_, text_, names_, is_strict_},
#include "policy/looks.def"
#undef X
};

/* Whose names and addresses are no person's. */
static const char *const things[] = {
    "file",     "table",   "column",   "schema",  "host",     "domain",   "product",  "item",
    "event",    "categor", "tag",      "city",    "country",  "region",   "store",    "brand",
    "model",    "class",   "type",     "group",   "role",     "team",     "dept",     "department",
    "company",  "bank",    "branch",   "course",  "project",  "server",   "database", "queue",
    "job",      "task",    "service",  "plan",    "menu",     "page",     "template", "code",
    "key",      "setting", "config",   "color",   "currency", "ip",       "mac",      "url",
    "web",      "memory",  "contract", "wallet",  "index",    "function", "field",    "layer",
    "material", "process", "version",  "package", "module",   "device",   "program",  "option",
    "unit",     "status",  "level",    "grade",   "display",  "app",      "migration"};

/* Behind the name of a thing: it is not the thing itself that the column holds. */
static const char *const asides[] = {"id",      "count", "cnt",      "type",    "status", "flag",
                                     "yn",      "is",    "verified", "enabled", "at",     "server",
                                     "subject", "sent",  "template", "format",  "length", "hash"};

static bool
is_among(const char *word, const char *const *list, size_t count)
{
    size_t length = strlen(word);

    for (size_t i = 0; i < count; i++) {
        size_t due = strlen(list[i]);

        if (strcmp(word, list[i]) == 0 ||
            (length > due && strncmp(word, list[i], due) == 0 &&
             (strcmp(word + due, "s") == 0 || strcmp(word + due, "es") == 0 ||
              strcmp(word + due, "y") == 0 || strcmp(word + due, "ies") == 0)))
            return true;
    }
    return false;
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_large(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* "firstName_2" is first, name, 2; "addr1" is one word. */
static void
words_of(struct words *words, const char *name)
{
    size_t used = 0;
    char before = '_';

    words->count = 0;
    for (; *name != '\0' && used + 2 < sizeof(words->text); before = *name++) {
        if (!is_letter(*name) && !is_digit(*name))
            continue;
        if ((!is_letter(before) && !is_digit(before)) || (is_large(*name) && !is_large(before))) {
            if (words->count == WORDS_MAX)
                break;
            words->text[used++] = '\0';
            words->items[words->count++] = &words->text[used];
        }
        words->text[used++] = is_large(*name) ? (char)(*name - 'A' + 'a') : *name;
    }
    words->text[used] = '\0';
}

/* Where the pattern's words stand in the name, one after the other: that place, and behind it. */
static bool
fits(const struct words *words, const struct words *pattern, size_t *first, size_t *behind)
{
    for (size_t at = 0; pattern->count > 0 && at + pattern->count <= words->count; at++) {
        size_t same = 0;

        while (same < pattern->count && strcmp(words->items[at + same], pattern->items[same]) == 0)
            same++;
        if (same == pattern->count) {
            *first = at;
            *behind = at + same;
            return true;
        }
    }
    return false;
}

/* One that is about a person, and is the value itself. */
static bool
is_meant(enum look look, const struct words *table, const struct words *words, size_t first,
         size_t behind)
{
    bool can_be_a_things = look == LOOK_NAME || look == LOOK_ADDRESS;

    if (behind < words->count && is_among(words->items[behind], asides, COUNT_OF(asides)))
        return false;
    if (strcmp(words->items[0], "is") == 0 || strcmp(words->items[0], "has") == 0)
        return false;
    if (can_be_a_things && first > 0 && is_among(words->items[first - 1], things, COUNT_OF(things)))
        return false;
    return !can_be_a_things || first > 0 || table->count == 0 ||
           !is_among(table->items[table->count - 1], things, COUNT_OF(things));
}

static bool
is_look(enum look look, const char *column, const struct words *table, const struct words *words)
{
    const char *at = looks[look].names;
    size_t first, behind;

    while (*at != '\0') {
        size_t length = strcspn(at, "|");
        struct words pattern;
        char text[64];

        text_from_view(text, sizeof(text), view_of(at, length));
        at += length + (at[length] == '|');
        if (text[0] & 0x80) {
            if (strstr(column, text) != NULL)
                return true;
            continue;
        }
        words_of(&pattern, text);
        if (fits(words, &pattern, &first, &behind) && is_meant(look, table, words, first, behind))
            return true;
    }
    return false;
}

enum look
look_of_name(const char *table, const char *column)
{
    struct words of_table, words;

    words_of(&of_table, table);
    words_of(&words, column);
    for (unsigned look = 0; look < LOOK_COUNT; look++)
        if (is_look((enum look)look, column, &of_table, &words))
            return (enum look)look;
    return LOOK_NONE;
}

const char *
look_field(enum look look)
{
    return look < LOOK_COUNT ? looks[look].field : "";
}

const char *
look_text(enum look look)
{
    return look < LOOK_COUNT ? looks[look].text : "";
}

bool
look_is_strict(enum look look)
{
    return look < LOOK_COUNT && looks[look].is_strict;
}
