/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/long_text.h"

#include <strings.h>

#include "postgres/plan_refuse.h"

enum state {
    BETWEEN,
    WORD,
    NUMBER,
    DOLLAR, /* "$", and what could be a tag behind it */
    STRING,
    STRING_ESCAPED, /* behind a backslash */
    STRING_QUOTE,   /* behind a quote in it: its end, unless another one follows */
    STRING_OVER,    /* behind it only blanks and comments: on the next line it can go on */
    QUOTED,         /* a name in double quotes */
    QUOTED_QUOTE,
    DOLLARED, /* in $tag$ … $tag$ */
    DASH,
    LINE_COMMENT,
    SLASH,
    COMMENT,
    COMMENT_SLASH,
    COMMENT_STAR,
};

enum target { TARGET_NONE, TARGET_INSERT, TARGET_INTO, TARGET_NAME };

static bool
begins_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* ---- what is refused ---- */

static bool
is_one_of(const char *word, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(word, names[i]) == 0)
            return true;
    return false;
}

/* First words of statements that do nothing but to read and write rows, or are short. */
static bool
may_begin(const char *word)
{
    static const char *const names[] = {
        "select",  "insert", "update",    "delete",  "merge",   "with",    "values",
        "table",   "begin",  "start",     "commit",  "end",     "abort",   "rollback",
        "set",     "reset",  "savepoint", "release", "prepare", "execute", "deallocate",
        "declare", "fetch",  "close",     "explain"};

    return is_one_of(word, names, COUNT_OF(names));
}

static bool
is_writing_word(const char *word)
{
    static const char *const names[] = {"insert", "update", "delete", "merge"};

    return is_one_of(word, names, COUNT_OF(names));
}

/* Words of queries that change rows, or have them made out of what is there, or for later. */
static bool
is_storing_word(const struct long_text *t, const char *word)
{
    static const char *const names[] = {"update", "merge", "execute", "prepare"};

    return is_one_of(word, names, COUNT_OF(names)) ||
           (strcmp(word, "into") == 0 && t->target != TARGET_INSERT);
}

/* A function can read them. */
static bool
is_reading_word(const struct long_text *t, const char *word)
{
    size_t at = 0;
    const struct catalog_function *f;

    if (strcmp(word, "select") == 0 || strcmp(word, "table") == 0)
        return true;
    while (t->catalog && (f = catalog_function_named(t->catalog, NULL, word, &at)))
        if (!f->is_system)
            return true;
    return false;
}

static bool
has_high_byte(const char *word)
{
    while (*word && !(*word & 0x80))
        word++;
    return *word != '\0';
}

/* Names beyond ASCII may stand there in another encoding. */
static bool
is_hidden_name(const struct long_text *t, const char *word)
{
    if (!has_high_byte(word))
        return false;
    for (size_t i = 0; i < catalog_relation_count(t->catalog); i++) {
        const struct catalog_relation *r = catalog_relation_at(t->catalog, i);

        if ((r->is_never || r->is_exit) && has_high_byte(r->name))
            return true;
    }
    return false;
}

static bool
is_refused_relation(struct long_text *t, const char *name)
{
    const struct catalog_relation *r;
    size_t at = 0;

    while ((r = catalog_relation_named(t->catalog, NULL, name, &at))) {
        if (r->is_never && t->target == TARGET_NAME && t->is_plain) {
            t->fills = true;
            continue;
        }
        if (r->is_never || r->is_exit || (t->has_never && r->speaks_values && r->is_system))
            return true;
        t->names_own |= r->kind == 'r' && strcmp(r->schema, "pg_catalog") == 0;
    }
    return false;
}

/* Where something is shown to nobody, a function whose inside is not known could show it. */
static bool
is_refused_function(const struct long_text *t, const char *name)
{
    const struct catalog_function *f;
    size_t at = 0;

    while ((f = catalog_function_named(t->catalog, NULL, name, &at)))
        if (f->is_never || f->is_exit || (t->has_never && !f->is_system && f->is_opaque))
            return true;
    return t->has_never && refuse_runs_texts(name);
}

/* A name, folded where it had no quotes. */
static bool
is_refused_name(struct long_text *t, const char *name)
{
    if (is_library_setting(view_of_text(name)) || strcasecmp(name, "set_config") == 0)
        return true;
    return t->catalog && (is_refused_relation(t, name) || is_refused_function(t, name) ||
                          is_hidden_name(t, name));
}

static void
follow_target(struct long_text *t, const char *word)
{
    if (t->target == TARGET_INTO)
        t->target = TARGET_NAME;
    else if (t->target == TARGET_INSERT && strcmp(word, "into") == 0)
        t->target = TARGET_INTO;
    else
        t->target = strcmp(word, "insert") == 0 ? TARGET_INSERT : TARGET_NONE;
}

static void
end_word(struct long_text *t, bool is_quoted)
{
    char lower[CATALOG_NAME_SIZE];

    t->word[t->word_length] = '\0';
    for (size_t i = 0; i <= t->word_length; i++)
        lower[i] = t->word[i] >= 'A' && t->word[i] <= 'Z' ? (char)(t->word[i] | 0x20) : t->word[i];
    if (t->is_plain && t->begins && (is_quoted || !may_begin(lower)))
        t->is_refused = true;
    /* In the other dialect nobody knows where a statement begins: any word can be its first. */
    if (!t->is_plain &&
        is_one_of(lower, (const char *const[]){"copy", "do", "load", "alter", "create", "import"},
                  6))
        t->is_refused = true;
    t->begins = false;
    t->is_writing |= !is_quoted && is_writing_word(lower);
    t->returns |= !is_quoted && strcmp(lower, "returning") == 0;
    t->stores |= !is_quoted && is_storing_word(t, lower);
    t->is_filling |= !is_quoted && strcmp(lower, "insert") == 0;
    t->is_reading |= is_reading_word(t, is_quoted ? t->word : lower);
    follow_target(t, is_quoted ? "" : lower);
    t->is_refused |= is_refused_name(t, is_quoted ? t->word : lower);
    t->is_refused |= (t->is_writing && t->names_own) || (t->fills && t->returns);
}

/* ---- the scanner ---- */

static void
add_to_word(struct long_text *t, uint8_t c)
{
    if (t->word_length < sizeof(t->word) - 1) /* as PostgreSQL cuts names */
        t->word[t->word_length++] = (char)c;
}

static void
begin_word(struct long_text *t, uint8_t c)
{
    t->word_length = 0;
    add_to_word(t, c);
    t->state = WORD;
}

static void
begin_string(struct long_text *t, bool has_escapes)
{
    t->has_escapes = has_escapes;
    t->begins = false;
    t->state = STRING;
}

static void
read_between(struct long_text *t, uint8_t c)
{
    t->state = BETWEEN;
    if (begins_name(c)) {
        begin_word(t, c);
    } else if (is_digit(c)) {
        t->state = NUMBER;
    } else if (c == '\'') {
        begin_string(t, false);
    } else if (c == '"') {
        t->word_length = 0;
        t->state = QUOTED;
    } else if (c == '$') {
        t->tag_length = 0;
        t->state = DOLLAR;
    } else if (c == '-') {
        t->state = DASH;
    } else if (c == '/') {
        t->state = SLASH;
    } else if (c == ';') {
        t->begins = true;
    } else if (c == '.' && t->target == TARGET_NAME) {
        t->target = TARGET_INTO;
    }
}

/* U&"…": a name with escapes of characters. */
static bool
is_escape(const struct long_text *t, uint8_t c)
{
    return c == '&' && t->word_length == 1 && (t->word[0] == 'u' || t->word[0] == 'U');
}

static void
read_word(struct long_text *t, uint8_t c)
{
    if (begins_name(c) || is_digit(c) || c == '$') {
        add_to_word(t, c);
        return;
    }
    if (c == '\'') { /* E'…', B'…'; or a type's name: date'…' */
        bool is_prefix = t->word_length == 1;

        if (!is_prefix)
            end_word(t, false);
        begin_string(t, is_prefix && (t->word[0] == 'e' || t->word[0] == 'E'));
        return;
    }
    if (is_escape(t, c)) {
        t->is_refused = true;
        return;
    }
    end_word(t, false);
    read_between(t, c);
}

static void
read_dollar(struct long_text *t, uint8_t c)
{
    if (c == '$') {
        t->tag_at = 0;
        t->state = DOLLARED;
        t->begins = false;
        return;
    }
    if (t->tag_length == 0 ? begins_name(c) : begins_name(c) || is_digit(c)) {
        if (t->tag_length == sizeof(t->tag)) /* no honest one is so long */
            t->is_refused = true;
        else
            t->tag[t->tag_length++] = (char)c;
        return;
    }
    if (t->tag_length == 0 && is_digit(c)) {
        t->state = NUMBER; /* a parameter */
        return;
    }
    t->is_refused |= t->tag_length > 0; /* "$word" is no SQL */
    read_between(t, c);
}

/* `tag_at` bytes of "$tag$", but for its first, have been seen: 0 none, 1 the dollar. */
static void
read_dollared(struct long_text *t, uint8_t c)
{
    if (t->tag_at > 0 && t->tag_at - 1 == t->tag_length && c == '$') {
        t->state = BETWEEN;
        return;
    }
    if (t->tag_at > 0 && t->tag_at - 1 < t->tag_length && c == (uint8_t)t->tag[t->tag_at - 1]) {
        t->tag_at++;
        return;
    }
    t->tag_at = c == '$' ? 1 : 0;
}

static void
read_string(struct long_text *t, uint8_t c)
{
    if (c == '\'')
        t->state = STRING_QUOTE;
    else if (c == '\\' && t->has_escapes)
        t->state = STRING_ESCAPED;
}

static void
read_string_over(struct long_text *t, uint8_t c)
{
    if (c == '\'') {
        t->state = STRING; /* it goes on, and has escapes if it had */
    } else if (c == '-') {
        t->was = STRING_OVER;
        t->state = DASH;
    } else if (!is_blank(c)) {
        t->has_escapes = false;
        read_between(t, c);
    }
}

static void
read_comment(struct long_text *t, uint8_t c)
{
    if (t->state == COMMENT_SLASH && c == '*') {
        t->is_refused |= ++t->depth == LONG_TEXT_DEPTH_MAX;
        t->state = COMMENT;
    } else if (t->state == COMMENT_STAR && c == '/') {
        t->state = --t->depth == 0 ? BETWEEN : COMMENT;
    } else {
        t->state = c == '/' ? COMMENT_SLASH : c == '*' ? COMMENT_STAR : COMMENT;
    }
}

static void
read_byte(struct long_text *t, uint8_t c)
{
    switch ((enum state)t->state) {
    case BETWEEN:
        read_between(t, c);
        break;
    case WORD:
        read_word(t, c);
        break;
    case NUMBER:
        if (!is_digit(c))
            read_between(t, c);
        break;
    case DOLLAR:
        read_dollar(t, c);
        break;
    case STRING:
        read_string(t, c);
        break;
    case STRING_ESCAPED:
        t->state = STRING;
        break;
    case STRING_QUOTE:
        t->state = STRING;
        if (c != '\'') {
            t->state = STRING_OVER;
            read_string_over(t, c);
        }
        break;
    case STRING_OVER:
        read_string_over(t, c);
        break;
    case QUOTED:
        if (c == '"')
            t->state = QUOTED_QUOTE;
        else
            add_to_word(t, c);
        break;
    case QUOTED_QUOTE:
        if (c == '"') {
            add_to_word(t, c);
            t->state = QUOTED;
        } else {
            end_word(t, true);
            read_between(t, c);
        }
        break;
    case DOLLARED:
        read_dollared(t, c);
        break;
    case DASH:
        if (c == '-') {
            t->state = LINE_COMMENT;
        } else {
            t->was = BETWEEN;
            read_between(t, c);
        }
        break;
    case LINE_COMMENT:
        if (c == '\n' || c == '\r') {
            t->state = t->was;
            t->was = BETWEEN;
        }
        break;
    case SLASH:
        t->depth = 1;
        if (c == '*')
            t->state = COMMENT;
        else
            read_between(t, c);
        break;
    case COMMENT:
    case COMMENT_SLASH:
    case COMMENT_STAR:
        read_comment(t, c);
        break;
    }
}

/* Every word, wherever it stands; and no name that is written with escapes. */
static void
read_any(struct long_text *t, uint8_t c)
{
    if (t->state == WORD && (begins_name(c) || is_digit(c) || c == '$')) {
        add_to_word(t, c);
        return;
    }
    if (t->state == WORD) {
        t->is_refused |= is_escape(t, c);
        end_word(t, false);
    }
    t->state = BETWEEN;
    if (begins_name(c))
        begin_word(t, c);
}

/* ---- the text ---- */

void
long_text_begin(struct long_text *text, struct catalog *catalog, bool is_plain, bool has_name)
{
    *text = (struct long_text){
        .catalog = catalog ? catalog_hold(catalog) : NULL,
        .is_active = true,
        .is_plain = is_plain,
        .has_never = refuse_has_never(catalog),
        .is_before_text = has_name,
        .begins = true,
        .state = BETWEEN,
        .was = BETWEEN,
    };
}

bool
long_text_read(struct long_text *t, struct view bytes)
{
    for (size_t i = 0; i < bytes.length && !t->is_over && !t->is_refused; i++) {
        uint8_t c = bytes.bytes[i];

        if (t->is_before_text) {
            t->is_before_text = c != '\0';
            continue;
        }
        t->is_over = c == '\0';
        if (t->is_plain)
            read_byte(t, c);
        else
            read_any(t, c);
    }
    return !t->is_refused;
}

/* In a dialect of two readings, "into" can stand where it does not seem to. */
bool
long_text_stores(const struct long_text *t)
{
    return t->stores || !t->is_plain || !t->catalog || (t->is_filling && t->is_reading);
}

void
long_text_end(struct long_text *text)
{
    catalog_release(text->catalog);
    *text = (struct long_text){0};
}
