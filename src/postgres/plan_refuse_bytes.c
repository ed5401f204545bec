/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals where a text cannot be cut into words: the scanner does not know its syntax, or it has
 * two readings. What could be a name that is refused is taken for one, wherever it stands.
 */
#include "postgres/plan_refuse.h"

#include <strings.h>

static bool
is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (c & 0x80);
}

static bool
has_high_byte(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] & 0x80)
            return true;
    return false;
}

static const char *
skip_blanks(const char *at)
{
    return at + strspn(at, " \t\n\r\f\v");
}

static char
fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool
has_word(const struct plan_work *work, const char *word)
{
    size_t length = strlen(word);
    const char *text = work->text;
    char first = fold(word[0]);

    for (size_t i = 0; i + length <= work->length; i++)
        if (fold(text[i]) == first && (i == 0 || !is_name_byte(text[i - 1])) &&
            !is_name_byte(text[i + length]) && strncasecmp(text + i, word, length) == 0)
            return true;
    return false;
}

static bool
begins_string(const char *at)
{
    if (*at == '\'' || *at == '$')
        return true;
    if (*at == 'u' || *at == 'U')
        return at[1] == '&';
    return *at != '\0' && strchr("eEnNbBxX", *at) && at[1] == '\'';
}

/* Whether TO or FROM is followed by a text, or by a comment before one: COPY takes it for a file.
 */
static bool
names_file(const struct plan_work *work)
{
    const char *text = work->text, *end = text + work->length;

    for (const char *at = text; end - at >= 2; at++) {
        size_t length = strncasecmp(at, "to", 2) == 0 ? 2 : strncasecmp(at, "from", 4) == 0 ? 4 : 0;
        const char *next;

        if (length == 0 || (at > text && is_name_byte(at[-1])) || is_name_byte(at[length]))
            continue;
        next = skip_blanks(at + length);
        if (*next == '-' || *next == '/' || begins_string(next))
            return true;
    }
    return false;
}

/* Whether a text in quotes can go on behind its end: on the next line, or behind a comment. */
static bool
goes_on(const char *at)
{
    at = skip_blanks(at);
    return *at == '\'' || *at == '"' || *at == '-';
}

/* Whether LANGUAGE stands anywhere and is not followed, after blanks, by a trusted language's name
 * as a word or in quotes. A comment between them, or anything else, is taken for another one. */
static bool
names_other_language(const struct plan_work *work)
{
    static const char word[] = "language";
    const char *text = work->text, *at = text, *end = text + work->length;

    for (; end - at >= (ptrdiff_t)strlen(word); at++) {
        const char *name = at + strlen(word), *behind;
        char quote = '\0';

        if (strncasecmp(at, word, strlen(word)) != 0 || (at > text && is_name_byte(at[-1])) ||
            is_name_byte(*name))
            continue;
        name = skip_blanks(name);
        if (*name == '\'' || *name == '"')
            quote = *name++;
        for (behind = name; is_name_byte(*behind); behind++)
            ;
        if (!is_trusted_language(view_of(name, (size_t)(behind - name))))
            return true;
        if (quote && (*behind != quote || goes_on(behind + 1)))
            return true;
    }
    return false;
}

/* Names beyond ASCII may stand there in another encoding, and any name in Unicode escapes. */
static bool
may_name(const struct plan_work *work, const char *name, bool has_high)
{
    return has_word(work, name) || (has_high && has_high_byte(name, strlen(name)));
}

static bool
has_escaped_name(const struct plan_work *work)
{
    for (size_t i = 0; i + 3 <= work->length; i++)
        if (strncasecmp(work->text + i, "u&\"", 3) == 0)
            return true;
    return false;
}

static void
add_relations(struct plan_work *work, bool is_escaped, bool has_high)
{
    for (size_t i = 0; i < catalog_relation_count(work->catalog); i++) {
        const struct catalog_relation *r = catalog_relation_at(work->catalog, i);

        if (!r->is_never && !r->is_exit)
            continue;
        if (!is_escaped && !may_name(work, r->name, has_high))
            continue;
        if (r->is_never)
            work->names.never_relation = r;
        if (r->is_exit)
            work->names.exit_relation = r;
    }
}

static void
add_functions(struct plan_work *work, bool is_escaped, bool has_high)
{
    for (size_t i = 0; i < catalog_function_count(work->catalog); i++) {
        const struct catalog_function *f = catalog_function_at(work->catalog, i);

        if (!f->is_never && !f->is_exit)
            continue;
        if (!is_escaped && !may_name(work, f->name, has_high))
            continue;
        if (f->is_never)
            work->names.never_function = f;
        if (f->is_exit)
            work->names.exit_function = f;
    }
}

static bool
has_library_setting(const struct plan_work *work)
{
    static const char *const names[] = {
#define X(name) name,
#include "postgres/library_setting.def"
#undef X
    };

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (has_word(work, names[i]))
            return true;
    return false;
}

/* A word that writes, and the name of a table of PostgreSQL's own catalog. */
static bool
may_write_catalog(const struct plan_work *work)
{
    if (!has_word(work, "update") && !has_word(work, "insert") && !has_word(work, "delete") &&
        !has_word(work, "merge") && !has_word(work, "stdin"))
        return false;
    for (size_t i = 0; i < catalog_relation_count(work->catalog); i++) {
        const struct catalog_relation *r = catalog_relation_at(work->catalog, i);

        if (r->kind == 'r' && strcmp(r->schema, "pg_catalog") == 0 && has_word(work, r->name))
            return true;
    }
    return false;
}

void
refuse_by_bytes(struct plan_work *work)
{
    bool is_escaped = has_escaped_name(work);
    bool has_high = has_high_byte(work->text, work->length);

    if (work->catalog) {
        add_relations(work, is_escaped, has_high);
        add_functions(work, is_escaped, has_high);
        refuse_by_names(work);
        if (may_write_catalog(work))
            refuse(work, REFUSAL_CATALOG);
    }
    if (has_word(work, "copy")) {
        if (has_word(work, "program"))
            refuse(work, REFUSAL_COPY_PROGRAM);
        else if (names_file(work))
            refuse(work, REFUSAL_COPY_FILE);
    }
    if (has_word(work, "alter") && has_word(work, "system"))
        refuse(work, REFUSAL_ALTER_SYSTEM);
    if (has_word(work, "load"))
        refuse(work, REFUSAL_LOAD);
    if (has_library_setting(work))
        refuse(work, REFUSAL_LIBRARY);
    if (has_word(work, "create") && has_word(work, "extension"))
        refuse(work, REFUSAL_EXTENSION);
    if (names_other_language(work))
        refuse(work, REFUSAL_LANGUAGE);
    if (has_word(work, "foreign") || has_word(work, "server") || has_word(work, "mapping"))
        refuse(work, REFUSAL_FOREIGN);
}
