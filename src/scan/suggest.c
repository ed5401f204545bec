/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/suggest.h"

#include "base/memory.h"
#include "base/utf8.h"

enum { SEGMENTS = 16, NAME = 40, LONG_WORD = 8 };

/* A segment of paths, behind a front that they have in common. */
struct place {
    struct place *child, *next;
    size_t children;
    bool is_any, is_collapsed; /* is_collapsed: all that stand behind it are one */
    uint8_t length;
    char name[NAME];
    uint64_t seen; /* paths through it */
    uint64_t count, found, missing;
    struct {
        uint8_t length;
        char name[NAME];
        uint64_t count;
    } parameters[SUGGEST_PARAMETERS]; /* whose values look like keys */
};

struct statement_seen {
    uint64_t count;
    uint16_t length;
    char text[SUGGEST_TEXT];
};

struct suggest {
    struct place root;
    size_t places;
    struct statement_seen *statements; /* by the hash of their text */
    size_t statement_count;
    uint64_t events, others, filled[SLOT_COUNT];
    struct suggested *items;
    size_t item_count, item_space;
};

int
suggest_new(struct suggest **slot)
{
    struct suggest *s = memory_new(1, sizeof(*s));

    *slot = s;
    if (s == NULL)
        return PASU_E_NOMEM;
    s->statements = memory_new(2 * SUGGEST_STATEMENTS, sizeof(*s->statements));
    if (s->statements != NULL)
        return 0;
    memory_free(s);
    *slot = NULL;
    return PASU_E_NOMEM;
}

static void
free_children(struct place *place)
{
    while (place->child != NULL) {
        struct place *child = place->child;

        place->child = child->next;
        free_children(child);
        memory_free(child);
    }
}

void
suggest_free(struct suggest *s)
{
    if (s == NULL)
        return;
    free_children(&s->root);
    memory_free(s->statements);
    memory_free(s->items);
    memory_free(s);
}

/* ---- what looks like a key ---- */

static bool
looks_like_key(struct view v)
{
    bool has_digit = false, has_letter = false;

    if (v.length >= NAME)
        return true;
    for (size_t i = 0; i < v.length; i++) {
        uint8_t byte = v.bytes[i];
        bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';

        has_digit |= byte >= '0' && byte <= '9';
        has_letter |= is_letter;
        if (!is_letter && (byte < '0' || byte > '9') && strchr("-_.", byte) == NULL)
            return true;
        if (byte == 0)
            return true;
    }
    return has_digit && (!has_letter || v.length >= LONG_WORD);
}

static bool
is_name(struct view v)
{
    for (size_t i = 0; i < v.length; i++)
        if (((v.bytes[i] | 0x20) < 'a' || (v.bytes[i] | 0x20) > 'z') && v.bytes[i] != '_' &&
            (v.bytes[i] < '0' || v.bytes[i] > '9'))
            return false;
    return v.length > 0 && v.length < NAME;
}

/* ---- paths ---- */

static struct place *
find_child(struct place *place, struct view name, bool is_any)
{
    for (struct place *child = place->child; child != NULL; child = child->next)
        if (is_any ? child->is_any
                   : !child->is_any && child->length == name.length &&
                         memcmp(child->name, name.bytes, name.length) == 0)
            return child;
    return NULL;
}

static struct place *
add_child(struct suggest *s, struct place *place, struct view name, bool is_any)
{
    struct place *child = s->places < SUGGEST_PLACES ? memory_new(1, sizeof(*child)) : NULL;

    if (child == NULL)
        return NULL;
    s->places++;
    child->is_any = is_any;
    if (!is_any) {
        child->length = (uint8_t)name.length;
        memcpy(child->name, name.bytes, name.length);
    }
    child->next = place->child;
    place->child = child;
    place->children++;
    return child;
}

static void
add_parameter(struct place *place, const char *name, size_t length, uint64_t count)
{
    for (size_t i = 0; i < SUGGEST_PARAMETERS; i++) {
        if (place->parameters[i].length == 0) {
            place->parameters[i].length = (uint8_t)length;
            memcpy(place->parameters[i].name, name, length);
        }
        if (place->parameters[i].length == length &&
            memcmp(place->parameters[i].name, name, length) == 0) {
            place->parameters[i].count += count;
            return;
        }
    }
}

/* `from` is released. As deep as a path is long. */
static void join(struct suggest *s, struct place *to, struct place *from);

/* All that stand behind this front become one place. */
static void
collapse(struct suggest *s, struct place *place)
{
    struct place *children = place->child, *any = find_child(place, (struct view){0}, true);

    if (any == NULL) { /* the first becomes it */
        any = children;
        children = children->next;
        any->is_any = true;
        any->next = NULL;
    } else {
        for (struct place **at = &children; *at != NULL; at = &(*at)->next)
            if (*at == any) {
                *at = any->next;
                break;
            }
        any->next = NULL;
    }
    place->child = any;
    place->children = 1;
    place->is_collapsed = true;
    while (children != NULL) {
        struct place *next = children->next;

        join(s, any, children);
        children = next;
    }
}

static void
join(struct suggest *s, struct place *to, struct place *from)
{
    to->seen += from->seen;
    to->count += from->count;
    to->found += from->found;
    to->missing += from->missing;
    for (size_t i = 0; i < SUGGEST_PARAMETERS && from->parameters[i].length > 0; i++)
        add_parameter(to, from->parameters[i].name, from->parameters[i].length,
                      from->parameters[i].count);
    while (from->child != NULL) {
        struct place *child = from->child,
                     *same = find_child(to, view_of(child->name, child->length), child->is_any);

        from->child = child->next;
        if (same != NULL) {
            join(s, same, child);
            continue;
        }
        child->next = to->child;
        to->child = child;
        to->children++;
    }
    memory_free(from);
    s->places--;
    if (to->children > SUGGEST_NAMES)
        collapse(s, to);
}

static struct place *
step(struct suggest *s, struct place *place, struct view name)
{
    bool is_any = looks_like_key(name);
    struct place *child = find_child(place, name, is_any);

    if (child == NULL && place->is_collapsed)
        child = place->child;
    if (child == NULL && !is_any && place->children >= SUGGEST_NAMES) {
        collapse(s, place);
        child = place->child;
    }
    return child != NULL ? child : add_child(s, place, name, is_any);
}

/* "a=1&b=2": the names whose values look like keys. */
static void
take_query(struct place *place, struct view query)
{
    while (query.length > 0) {
        const uint8_t *end = query.bytes + query.length;
        const uint8_t *amp = memchr(query.bytes, '&', query.length);
        struct view one = view_of(query.bytes, (size_t)((amp != NULL ? amp : end) - query.bytes));
        const uint8_t *equals = one.length > 0 ? memchr(one.bytes, '=', one.length) : NULL;

        if (equals != NULL) {
            struct view name = view_of(one.bytes, (size_t)(equals - one.bytes));
            struct view value = view_of(equals + 1, one.length - name.length - 1);

            if (is_name(name) && value.length > 0 && looks_like_key(value))
                add_parameter(place, (const char *)name.bytes, name.length, 1);
        }
        query = amp != NULL ? view_of(amp + 1, (size_t)(end - amp - 1)) : (struct view){0};
    }
}

static void
take_path(struct suggest *s, const struct event *event)
{
    struct view path = event->slot[SLOT_TARGET], query = event->slot[SLOT_QUERY];
    const uint8_t *mark = path.length > 0 ? memchr(path.bytes, '?', path.length) : NULL;
    struct place *place = &s->root;
    size_t segments = 0;

    if (mark != NULL) {
        query = view_of(mark + 1, path.length - (size_t)(mark - path.bytes) - 1);
        path.length = (size_t)(mark - path.bytes);
    }
    /* Keys of objects are paths without a slash in front. */
    if (path.length == 0 || memchr(path.bytes, '/', path.length) == NULL) {
        s->others++;
        return;
    }
    while (path.length > 0 && place != NULL) {
        const uint8_t *slash;
        struct view segment;

        if (path.bytes[0] == '/')
            path = view_of(path.bytes + 1, path.length - 1);
        slash = path.length > 0 ? memchr(path.bytes, '/', path.length) : NULL;
        segment = view_of(path.bytes, slash != NULL ? (size_t)(slash - path.bytes) : path.length);
        path = view_of(path.bytes + segment.length, path.length - segment.length);
        if (segment.length == 0)
            continue;
        place = ++segments <= SEGMENTS ? step(s, place, segment) : NULL;
        if (place != NULL)
            place->seen++;
    }
    if (place == NULL) {
        s->others++;
        return;
    }
    place->count++;
    place->found += event->status == 0 || event->status / 100 == 2;
    place->missing += event->status == 403 || event->status == 404 || event->status == 410;
    take_query(place, query);
}

/* ---- statements ---- */

static bool
is_printable(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((uint8_t)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return utf8_is_valid(view_of(text, length));
}

static void
take_statement(struct suggest *s, const struct event *event)
{
    char text[SUGGEST_TEXT];
    size_t length = event->is_cut ? 0
                                  : sql_pattern(event->is_mysql ? SQL_OF_MYSQL : SQL_OF_POSTGRESQL,
                                                event->statement, text, sizeof(text));
    uint32_t place = (uint32_t)length * 0x9E3779B1u;

    if (!is_printable(text, length))
        length = 0;
    for (size_t i = 0; i < length; i++)
        place = (place ^ (uint8_t)text[i]) * 0x01000193u;
    for (size_t i = 0; length > 0 && i < 64; i++) {
        struct statement_seen *seen =
            &s->statements[((place >> 16 ^ place) + i) % (2 * SUGGEST_STATEMENTS)];

        if (seen->count == 0 && s->statement_count < SUGGEST_STATEMENTS) {
            s->statement_count++;
            seen->length = (uint16_t)length;
            memcpy(seen->text, text, length);
        }
        if (seen->length == length && memcmp(seen->text, text, length) == 0) {
            seen->count++;
            return;
        }
        if (seen->count == 0)
            break;
    }
    s->others++;
}

int
suggest_take(void *arg, const struct event *event, uint64_t offset PASU_UNUSED)
{
    struct suggest *s = arg;

    s->events++;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        s->filled[i] += !event_is_blank(event->slot[i]);
    if (event->what == EVENT_REQUEST)
        take_path(s, event);
    else if (event->what == EVENT_STATEMENT)
        take_statement(s, event);
    return 1;
}

/* ---- the end ---- */

static struct suggested *
add_item(struct suggest *s)
{
    if (s->item_count == s->item_space) {
        size_t space = s->item_space > 0 ? 2 * s->item_space : 256;
        struct suggested *items = memory_resize(s->items, space, sizeof(*items));

        if (items == NULL)
            return NULL;
        s->items = items;
        s->item_space = space;
    }
    s->items[s->item_count] = (struct suggested){0};
    return &s->items[s->item_count++];
}

static int
add_path(struct suggest *s, const struct place *place, const char *path)
{
    struct suggested *item = add_item(s);
    size_t used;

    if (item == NULL)
        return PASU_E_NOMEM;
    item->count = place->count;
    item->found = place->found;
    item->missing = place->missing;
    used = (size_t)snprintf(item->text, sizeof(item->text), "%s", path[0] != '\0' ? path : "/");
    for (size_t i = 0, n = 0; i < SUGGEST_PARAMETERS && place->parameters[i].length > 0; i++)
        if (place->parameters[i].count * 4 > place->count && used + NAME + 8 < SUGGEST_TEXT)
            used += (size_t)snprintf(item->text + used, sizeof(item->text) - used, "%c%.*s={}",
                                     n++ == 0 ? '?' : '&', (int)place->parameters[i].length,
                                     place->parameters[i].name);
    return 0;
}

static int
add_places(struct suggest *s, const struct place *place, char path[SUGGEST_TEXT], size_t length)
{
    int result = place->count >= SUGGEST_LEAST ? add_path(s, place, path) : 0;

    if (place->count < SUGGEST_LEAST)
        s->others += place->count;
    for (const struct place *child = place->child; child != NULL && result == 0;
         child = child->next) {
        int n = child->is_any ? snprintf(path + length, SUGGEST_TEXT - length, "/{}")
                              : snprintf(path + length, SUGGEST_TEXT - length, "/%.*s",
                                         (int)child->length, child->name);

        if (length + (size_t)n < SUGGEST_TEXT)
            result = add_places(s, child, path, length + (size_t)n);
        path[length] = '\0';
    }
    return result;
}

static int
compare(const void *a, const void *b)
{
    const struct suggested *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->text, y->text);
}

int
suggest_end(struct suggest *s, const struct suggested **items, size_t *count)
{
    char path[SUGGEST_TEXT] = "";
    int result = add_places(s, &s->root, path, 0);

    for (size_t i = 0; i < (size_t)2 * SUGGEST_STATEMENTS && result == 0; i++) {
        const struct statement_seen *seen = &s->statements[i];
        struct suggested *item;

        if (seen->count < SUGGEST_LEAST) {
            s->others += seen->count;
            continue;
        }
        item = add_item(s);
        if (item == NULL) {
            result = PASU_E_NOMEM;
            break;
        }
        item->is_sql = true;
        item->count = seen->count;
        text_from_view(item->text, sizeof(item->text), view_of(seen->text, seen->length));
    }
    if (s->item_count > 0)
        qsort(s->items, s->item_count, sizeof(*s->items), compare);
    *items = s->items;
    *count = s->item_count;
    return result;
}

uint64_t
suggest_filled(const struct suggest *s, enum slot slot)
{
    return s->filled[slot];
}

uint64_t
suggest_events(const struct suggest *s)
{
    return s->events;
}

uint64_t
suggest_others(const struct suggest *s)
{
    return s->others;
}
