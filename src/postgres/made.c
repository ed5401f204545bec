/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/made.h"

#include "postgres/plan_names.h"

static bool
is_other(const struct scan *scan, char c)
{
    return scan->kind == SCAN_OTHER && scan->name[0] == c;
}

static bool
is_any(const struct scan *scan, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (scan_is_word(scan, words[i]))
            return true;
    return false;
}

/* ---- the text under way ---- */

/* quote_ident leaves a plain name as it is: it would be one word with what touches it. */
static bool
is_name_part(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '"' || (unsigned char)c >= 0x80;
}

static void
put(struct made *m, char c)
{
    char last = m->length > 0 ? m->text[m->length - 1] : '\0';

    if (m->length + 1 >= m->size)
        return; /* cannot be: see made_size */
    if (m->quote == '\0' && (c == '\'' || c == '"'))
        m->quote = c;
    else if (m->quote == c)
        m->quote = '\0';
    /* $1 is a parameter; any other dollar can begin a literal. */
    m->has_marks |= (m->is_behind_name && is_name_part(c)) ||
                    (last == '$' && !(c >= '0' && c <= '9')) || c == '\\' ||
                    (c == '-' && last == '-') || (c == '*' && last == '/');
    m->is_behind_name = false;
    m->text[m->length++] = c;
}

/* A name or a literal that only the server knows; false where it would stand in quotes, or right
 * behind a letter that gives a literal another meaning. */
static bool
put_value(struct made *m, bool is_name)
{
    char last = m->length > 0 ? m->text[m->length - 1] : ' ';
    bool is_glued = is_name_part(last) || (!is_name && last == '&');

    if (m->quote != '\0' || is_glued)
        return false;
    if (m->length + 3 >= m->size)
        return false;
    memcpy(m->text + m->length, is_name ? "\"?\"" : "''", 3);
    m->length += is_name ? 3 : 2;
    m->is_behind_name = is_name;
    m->has_names |= is_name;
    m->has_values = true;
    return true;
}

/* A conversion of format(), behind the percent sign. */
static const uint8_t *
put_conversion(struct made *m, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *digits = at;

    if (at < end && *at == '%') {
        put(m, '%');
        return at + 1;
    }
    while (digits < end && *digits >= '0' && *digits <= '9')
        digits++;
    if (digits > at && digits < end && *digits == '$')
        at = digits + 1;
    if (at < end && (*at == 'I' || *at == 'L') && put_value(m, *at == 'I'))
        return at + 1;
    return NULL;
}

/* The literal that the scan has just passed, [start, scan.at). */
static bool
put_literal(struct made *m, const uint8_t *start, bool is_format)
{
    const uint8_t *at = start, *end = m->scan.at;
    size_t around = 1;
    bool is_quoted = *start == '\'';

    if (*start == '$')
        around =
            (size_t)((const uint8_t *)memchr(start + 1, '$', (size_t)(end - start)) - start) + 1;
    else if (!is_quoted)
        return false; /* E'…' and the like */
    at += around;
    end -= around;
    while (at < end) {
        if (is_format && *at == '%') {
            at = put_conversion(m, at + 1, end);
            if (!at)
                return false;
            continue;
        }
        if (is_quoted && *at == '\\')
            return false;
        put(m, (char)*at);
        at += is_quoted && *at == '\'' ? 2 : 1;
    }
    return true;
}

/* ---- the expression behind EXECUTE ---- */

/* Blanks and comments before a token are not its own. */
static const uint8_t *
token_start(struct made *m)
{
    struct scan ahead = m->scan;
    const uint8_t *at = ahead.at;

    /* The scan skips what is blank; a literal's first byte is a quote or a dollar. */
    while (at < ahead.end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
        at++;
    return at;
}

/* Behind an opening parenthesis: to its end. */
static bool
skip_arguments(struct made *m)
{
    size_t depth = 1;

    while (depth > 0) {
        enum scan_kind kind = scan_next(&m->scan);

        if (kind == SCAN_END || kind == SCAN_UNSURE || is_other(&m->scan, ';'))
            return false;
        depth += is_other(&m->scan, '(');
        depth -= is_other(&m->scan, ')');
    }
    return true;
}

static bool
put_format(struct made *m)
{
    const uint8_t *start = token_start(m);

    if (scan_next(&m->scan) != SCAN_LITERAL || !put_literal(m, start, true))
        return false;
    scan_next(&m->scan);
    return is_other(&m->scan, ')') || (is_other(&m->scan, ',') && skip_arguments(m));
}

static bool
put_piece(struct made *m)
{
    const uint8_t *start = token_start(m);
    bool is_format, is_name, is_quoting;

    if (scan_next(&m->scan) == SCAN_LITERAL)
        return put_literal(m, start, false);
    is_format = scan_is_word(&m->scan, "format");
    is_name = scan_is_word(&m->scan, "quote_ident");
    is_quoting = is_name || scan_is_word(&m->scan, "quote_literal") ||
                 scan_is_word(&m->scan, "quote_nullable");
    if (!is_format && !is_quoting)
        return false;
    scan_next(&m->scan);
    if (!is_other(&m->scan, '('))
        return false;
    return is_format ? put_format(m) : skip_arguments(m) && put_value(m, is_name);
}

static enum made_kind
read_expression(struct made *m)
{
    static const char *const ends[] = {"into", "using", "loop"};

    m->length = 0;
    m->quote = '\0';
    m->is_behind_name = false;
    m->has_names = m->has_values = m->has_marks = false;
    do {
        if (!put_piece(m))
            return MADE_OPEN;
        scan_next(&m->scan);
    } while (m->scan.kind == SCAN_OPERATOR && strcmp(m->scan.name, "||") == 0);
    m->text[m->length] = '\0';
    m->is_first = is_other(&m->scan, ';') || scan_is_word(&m->scan, "loop");
    if (!m->is_first && m->scan.kind != SCAN_END && !is_any(&m->scan, ends, COUNT_OF(ends)))
        return MADE_OPEN;
    if (m->quote != '\0' || (m->has_values && m->has_marks))
        return MADE_OPEN;
    return MADE_TEXT;
}

/* ---- the body ---- */

void
made_begin(struct made *m, struct view body, char *space)
{
    *m = (struct made){
        .scan = scan_of(body), .is_first = true, .text = space, .size = made_size(body.length)};
}

/* Whether the word that was just read makes the next one the first of a statement. */
static bool
ends_statement(const struct scan *scan)
{
    static const char *const words[] = {"begin", "then", "else", "loop"};

    return is_other(scan, ';') || is_any(scan, words, COUNT_OF(words));
}

enum made_kind
made_next(struct made *m)
{
    static const char *const commands[] = {"create", "alter", "drop", "grant", "revoke", "comment"};

    while (scan_next(&m->scan) != SCAN_END) {
        if (m->scan.kind == SCAN_UNSURE)
            return MADE_OPEN;
        if (m->is_first)
            m->is_static = is_any(&m->scan, commands, COUNT_OF(commands));
        m->is_first = ends_statement(&m->scan);
        if (!m->is_static && scan_is_word(&m->scan, "execute"))
            return read_expression(m);
    }
    return MADE_END;
}

/* ---- what a text does ---- */

/* What such a text may begin with: it neither reads rows nor calls what it names. */
static bool
is_plain_start(const struct scan *scan)
{
    static const char *const words[] = {"drop",   "grant",    "revoke",   "comment", "create",
                                        "alter",  "truncate", "analyze",  "refresh", "insert",
                                        "delete", "listen",   "unlisten", "notify"};

    return is_any(scan, words, COUNT_OF(words));
}

/* Words by which rows of a table that is named come into a result or into another table, or by
 * which a name comes to mean another thing. */
static bool
is_reading(const struct scan *scan, const char *first, const char *before)
{
    static const char *const words[] = {
        "join",  "using", "copy",   "execute",  "call",  "returning", "do",       "update",
        "merge", "as",    "select", "rename",   "like",  "inherit",   "inherits", "attach",
        "of",    "cast",  "view",   "function", "union", "except",    "intersect"};

    if (strcmp(first, "grant") == 0 || strcmp(first, "revoke") == 0)
        return false; /* GRANT SELECT ON … */
    if (scan_is_word(scan, "from"))
        return !(strcmp(first, "create") == 0 && strcmp(before, "values") == 0) &&
               !(strcmp(first, "delete") == 0 && strcmp(before, "delete") == 0);
    if (scan_is_word(scan, "table"))
        return !(strcmp(before, "create") == 0 || strcmp(before, "alter") == 0 ||
                 strcmp(before, "drop") == 0 || strcmp(before, "on") == 0 ||
                 strcmp(before, "temp") == 0 || strcmp(before, "temporary") == 0 ||
                 strcmp(before, "unlogged") == 0 || strcmp(before, "truncate") == 0);
    if (scan_is_word(scan, "schema"))
        return strcmp(before, "set") == 0;
    if (scan_is_word(scan, "of") || scan_is_word(scan, "view") || scan_is_word(scan, "function"))
        return strcmp(first, "create") == 0 && strcmp(before, "partition") != 0;
    return is_any(scan, words, COUNT_OF(words));
}

/* AS before something that is no query. */
static bool
is_plain_as(struct scan scan)
{
    scan_next(&scan);
    return scan_is_word(&scan, "enum");
}

/* A name that only the server knows, where it would be called: f(…), x::type, "column type". */
static bool
is_calling(struct scan scan, const char *first, const char *before, size_t depth)
{
    bool is_table = strcmp(first, "create") == 0 && depth == 0;

    if (scan.kind != SCAN_QUOTED || strcmp(scan.name, "?") != 0)
        return false;
    if (strcmp(before, ":") == 0) /* the second of a cast's */
        return true;
    scan_next(&scan);
    if (scan.kind == SCAN_QUOTED)
        return true;
    return is_other(&scan, '(') && !is_table && strcmp(before, "references") != 0 &&
           strcmp(before, "into") != 0 && strcmp(before, "on") != 0;
}

/* The words before: of a name with a schema, those before the schema. */
struct words_before {
    char last[SCAN_NAME_SIZE], earlier[SCAN_NAME_SIZE];
    bool is_dotted;
};

static void
remember(struct words_before *before, const struct scan *scan)
{
    bool was_dotted = before->is_dotted;

    before->is_dotted = is_other(scan, '.');
    if (before->is_dotted)
        memcpy(before->last, before->earlier, SCAN_NAME_SIZE);
    if (before->is_dotted || was_dotted)
        return;
    memcpy(before->earlier, before->last, SCAN_NAME_SIZE);
    if (scan->kind == SCAN_WORD || scan->kind == SCAN_OTHER || scan->kind == SCAN_OPERATOR)
        memcpy(before->last, scan->name, SCAN_NAME_SIZE);
    else if (scan->kind != SCAN_QUOTED)
        before->last[0] = '\0';
}

bool
made_is_plain(const struct made *m)
{
    struct scan scan = scan_of(view_of(m->text, m->length));
    struct words_before before = {.last = ""};
    char first[SCAN_NAME_SIZE] = "";
    size_t depth = 0;

    if (!m->has_names)
        return true;
    while (scan_next(&scan) != SCAN_END) {
        if (scan.kind == SCAN_UNSURE || is_other(&scan, ';'))
            return false;
        if (first[0] == '\0') {
            if (!is_plain_start(&scan))
                return false;
            memcpy(first, scan.name, sizeof(first));
        } else if (is_reading(&scan, first, before.last) &&
                   !(scan_is_word(&scan, "as") && is_plain_as(scan))) {
            return false;
        }
        if (is_calling(scan, first, before.last, depth))
            return false;
        depth += is_other(&scan, '(');
        depth -= depth > 0 && is_other(&scan, ')');
        remember(&before, &scan);
    }
    return true;
}

/* ---- functions ---- */

bool
made_keeps(const char *name, bool is_constant)
{
    static const struct {
        const char *name;
        enum function_class class;
    } functions[] = {
#define X(name, class) {#name, FUNCTION_##class},
#include "postgres/function.def"
#undef X
    };

    /* A channel that is no value is no place for one; what is sent there is counted when it comes.
     */
    if (is_constant && strcmp(name, "pg_notify") == 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(functions); i++)
        if (functions[i].class >= FUNCTION_KEEPER && strcmp(functions[i].name, name) == 0)
            return true;
    return false;
}

bool
made_is_own(const struct catalog *catalog)
{
    static const char *const names[] = {"format", "quote_ident", "quote_literal", "quote_nullable"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct catalog_function *f;
        size_t next = 0;

        while ((f = catalog_function_named(catalog, NULL, names[i], &next)) != NULL)
            if (!f->is_system)
                return true;
    }
    return false;
}
