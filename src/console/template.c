/* SPDX-License-Identifier: Apache-2.0 */
#include "console/template.h"

#include "base/markup.h"

#include <inttypes.h>

enum { NAME_MAX_SIZE = 48 };

struct rendering {
    FILE *file;
    template_find_fn *find;
    const json_t *scopes[TEMPLATE_DEPTH_MAX];
    size_t count, depth;
};

/* A mark between braces, and where the text goes on behind it. */
struct mark {
    char what; /* 0: a value */
    char name[NAME_MAX_SIZE];
    size_t from, end; /* of the whole mark */
};

static int render(struct rendering *r, struct view text, bool is_escaped);

/* The next mark from `at` on. False: there is none; *is_bad: it is none that can be read. */
static bool
next_mark(struct view text, size_t at, struct mark *mark, bool *is_bad)
{
    const uint8_t *open =
        at < text.length ? memmem(text.bytes + at, text.length - at, "{{", 2) : NULL;
    size_t from = open != NULL ? (size_t)(open - text.bytes) : 0, name, length;
    const uint8_t *close;

    *is_bad = false;
    if (open == NULL)
        return false;
    close = memmem(open, text.length - from, "}}", 2);
    name = from + 2;
    *mark = (struct mark){.from = from};
    if (close != NULL && name < text.length && strchr("#^/%>", text.bytes[name]) != NULL)
        mark->what = (char)text.bytes[name++];
    length = close != NULL ? (size_t)(close - text.bytes) - name : 0;
    if (close == NULL || (size_t)(close - text.bytes) <= name || length >= sizeof(mark->name)) {
        *is_bad = true;
        return false;
    }
    memcpy(mark->name, text.bytes + name, length);
    mark->end = (size_t)(close - text.bytes) + 2;
    return true;
}

static const json_t *
look_up(const struct rendering *r, const char *name)
{
    for (size_t i = r->count; i-- > 0;) {
        const json_t *value = json_object_get(r->scopes[i], name);

        if (value != NULL)
            return value;
    }
    return NULL;
}

static bool
is_something(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_TRUE:
        return true;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_INTEGER:
        return json_integer_value(value) != 0;
    default:
        return false;
    }
}

/* Where the section that begins behind the mark ends: its content, and what follows. */
static int
find_end(struct view text, const struct mark *opened, size_t *inside, size_t *behind)
{
    size_t at = opened->end, level = 0;
    struct mark mark;
    bool is_bad;

    while (next_mark(text, at, &mark, &is_bad)) {
        at = mark.end;
        if (mark.what == '#' || mark.what == '^')
            level++;
        if (mark.what != '/')
            continue;
        if (level == 0) {
            *inside = mark.from;
            *behind = mark.end;
            return strcmp(mark.name, opened->name) == 0 ? 0 : PASU_E_MALFORMED;
        }
        level--;
    }
    return PASU_E_MALFORMED;
}

/* Once, with the members of the item where it has any. */
static int
render_item(struct rendering *r, struct view text, const json_t *item, bool is_escaped)
{
    int result;

    if (r->count == COUNT_OF(r->scopes))
        return PASU_E_RANGE;
    r->scopes[r->count++] = item;
    result = render(r, text, is_escaped);
    r->count--;
    return result;
}

static int
render_section(struct rendering *r, struct view text, const struct mark *mark, size_t *at,
               bool is_escaped)
{
    const json_t *value = look_up(r, mark->name);
    size_t inside, behind;
    struct view content;
    int result = find_end(text, mark, &inside, &behind);

    if (result != 0)
        return result;
    content = view_of(text.bytes + mark->end, inside - mark->end);
    *at = behind;
    if (mark->what == '^')
        return value != NULL && is_something(value) ? 0 : render(r, content, is_escaped);
    if (value == NULL || !is_something(value))
        return 0;
    if (!json_is_array(value))
        return render_item(r, content, value, is_escaped);
    for (size_t i = 0; i < json_array_size(value) && result == 0; i++)
        result = render_item(r, content, json_array_get(value, i), is_escaped);
    return result;
}

static int
render_value(struct rendering *r, const struct mark *mark)
{
    const json_t *value = look_up(r, mark->name);
    struct view text = view_of(NULL, 0);

    if (json_is_string(value))
        text = view_of((const uint8_t *)json_string_value(value), json_string_length(value));
    if (json_is_integer(value))
        fprintf(r->file, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (mark->what == '%')
        return render(r, text, true);
    else if (text.length > 0)
        markup_put(r->file, text);
    return 0;
}

static void
put_text(struct rendering *r, struct view text, bool is_escaped)
{
    if (is_escaped)
        markup_put(r->file, text);
    else if (text.length > 0)
        fwrite(text.bytes, 1, text.length, r->file);
}

static int
render_all(struct rendering *r, struct view text, bool is_escaped)
{
    size_t at = 0;
    struct mark mark;
    bool is_bad;
    int result = 0;

    while (result == 0 && next_mark(text, at, &mark, &is_bad)) {
        put_text(r, view_of(text.bytes + at, mark.from - at), is_escaped);
        at = mark.end;
        if (mark.what == '#' || mark.what == '^')
            result = render_section(r, text, &mark, &at, is_escaped);
        else if (mark.what == '>')
            result = render(r, r->find(mark.name), false);
        else
            result = mark.what == '/' ? PASU_E_MALFORMED : render_value(r, &mark);
    }
    if (result != 0 || is_bad)
        return result != 0 ? result : PASU_E_MALFORMED;
    put_text(r, view_of(text.bytes + at, text.length - at), is_escaped);
    return 0;
}

static int
render(struct rendering *r, struct view text, bool is_escaped)
{
    int result = PASU_E_RANGE;

    if (r->depth < TEMPLATE_DEPTH_MAX) {
        r->depth++;
        result = text.length > 0 ? render_all(r, text, is_escaped) : 0;
        r->depth--;
    }
    return result;
}

int
template_render(FILE *file, struct view text, template_find_fn *find, const json_t *const *values,
                size_t count)
{
    struct rendering r = {.file = file, .find = find};

    if (count > COUNT_OF(r.scopes))
        return PASU_E_RANGE;
    for (size_t i = 0; i < count; i++)
        r.scopes[r.count++] = values[i];
    return render(&r, text, false);
}
