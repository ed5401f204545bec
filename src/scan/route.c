/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/route.h"

#include "scan/find.h"
#include "scan/lanes.h"

#include <strings.h>

/* A request, taken apart. */
struct asked {
    struct view path, query;
    size_t count;
    struct view segments[ROUTE_SEGMENTS];
    size_t beyond; /* how many more there are */
    uint8_t *room; /* for what is decoded */
};

/* ---- a route as it is written ---- */

struct writing {
    struct store *store;
    route_kind_fn *kind_of;
    void *arg;
    const char **why, **at;
    size_t keys;
};

static int
fail(struct writing *w, const char *why, struct view at)
{
    *w->why = why;
    *w->at = store_dup(w->store, at);
    return *w->at != NULL ? PASU_E_MALFORMED : PASU_E_NOMEM;
}

static int
parse_key(struct writing *w, struct route_part *part, struct view text, const uint8_t *open)
{
    const uint8_t *end = text.bytes + text.length, *close = memchr(open, '}', (size_t)(end - open));
    int kind;

    if (close == NULL)
        return fail(w, "{ without }", text);
    kind = w->kind_of(w->arg, view_of(open + 1, (size_t)(close - open - 1)));
    if (kind < 0)
        return fail(w, "no such kind of subject", view_of(open + 1, (size_t)(close - open - 1)));
    if (++w->keys > ROUTE_KEYS)
        return fail(w, "more than four keys", text);
    part->what = ROUTE_KEY;
    part->kind = (uint8_t)kind;
    part->before.length = (size_t)(open - text.bytes);
    part->behind = view_of(close + 1, (size_t)(end - close - 1));
    return 0;
}

static int
parse_part(struct writing *w, struct route_part *part, struct view text)
{
    const uint8_t *end = text.bytes + text.length;
    const uint8_t *open = text.length > 0 ? memchr(text.bytes, '{', text.length) : NULL;
    const uint8_t *star = text.length > 0 ? memchr(text.bytes, '*', text.length) : NULL;
    int result = 0;

    *part = (struct route_part){.what = ROUTE_TEXT, .name = part->name, .before = text};
    if (view_equal(text, VIEW("**"))) {
        part->what = ROUTE_REST;
    } else if (open != NULL) {
        result = parse_key(w, part, text, open);
    } else if (star != NULL) {
        part->what = ROUTE_ANY;
        part->before.length = (size_t)(star - text.bytes);
        part->behind = view_of(star + 1, (size_t)(end - star - 1));
    }
    if (result == 0 && part->behind.length > 0 &&
        (memchr(part->behind.bytes, '{', part->behind.length) != NULL ||
         memchr(part->behind.bytes, '*', part->behind.length) != NULL))
        return fail(w, "more than one place in a segment", text);
    return result;
}

/* The text up to the next `by`, which is taken off, too. */
static struct view
cut(struct view *rest, uint8_t by)
{
    const uint8_t *at = rest->length > 0 ? memchr(rest->bytes, by, rest->length) : NULL;
    struct view piece = *rest;

    if (at == NULL) {
        *rest = view_of(rest->bytes + rest->length, 0);
        return piece;
    }
    piece.length = (size_t)(at - rest->bytes);
    *rest = view_of(at + 1, rest->length - piece.length - 1);
    return piece;
}

static size_t
count_of(struct view text, uint8_t byte)
{
    size_t count = 1;

    for (size_t i = 0; i < text.length; i++)
        count += text.bytes[i] == byte;
    return count;
}

int
route_parse(struct route *route, struct store *store, const char *path, route_kind_fn *kind_of,
            void *arg, const char **why, const char **at)
{
    struct writing w = {store, kind_of, arg, why, at, 0};
    struct view rest = view_of_text(path), all;
    int result = 0;

    if (path[0] != '/')
        return fail(&w, "a path begins with /", rest);
    all = cut(&rest, '?');
    route->parts = store_new(store, count_of(all, '/'), sizeof(*route->parts));
    route->parameters = store_new(store, count_of(rest, '&'), sizeof(*route->parameters));
    if (route->parts == NULL || route->parameters == NULL)
        return PASU_E_NOMEM;
    while (all.length > 0 && result == 0) {
        struct view segment = cut(&all, '/');

        if (segment.length > 0)
            result = parse_part(&w, &route->parts[route->part_count++], segment);
        if (result == 0 && route->part_count > 0 && segment.length > 0 && all.length > 0 &&
            route->parts[route->part_count - 1].what == ROUTE_REST)
            return fail(&w, "** stands at the end only", segment);
    }
    while (rest.length > 0 && result == 0) {
        struct view value = cut(&rest, '&');
        struct route_part *part = &route->parameters[route->parameter_count++];

        part->name = cut(&value, '=');
        result = parse_part(&w, part, value);
    }
    return result;
}

/* ---- which routes a request can fit ---- */

static uint8_t
small(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

static size_t
bucket_of(struct view segment)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < segment.length; i++)
        hash = (hash ^ small(segment.bytes[i])) * 16777619u;
    return (hash ^ hash >> 16) % ROUTE_BUCKETS;
}

static bool
is_in_bucket(const struct route *route, size_t bucket)
{
    if (route->part_count == 0 || route->parts[0].what != ROUTE_TEXT)
        return true;
    return bucket_of(route->parts[0].before) == bucket;
}

/* Of two bytes, of whatever case. */
static inline size_t
front_of(uint8_t first, uint8_t second)
{
    return ((first | 0x20u) * 31 + (second | 0x20u)) % ROUTE_FRONTS;
}

static void
add_front(struct routes *routes, uint8_t first, uint8_t second)
{
    size_t front = front_of(first, second);

    routes->fronts[front / 64] |= UINT64_C(1) << front % 64;
}

/* Behind a segment of one byte stands what ends it. */
static void
find_fronts(struct routes *routes)
{
    static const uint8_t ends[] = {'/', ';', '?', '#'};

    for (size_t i = 0; i < routes->count; i++) {
        const struct route *route = &routes->items[i];
        struct view segment = {0};

        if (route->part_count > 0 && route->parts[0].what == ROUTE_TEXT)
            segment = route->parts[0].before;
        if (segment.length == 0)
            memset(routes->fronts, 0xff, sizeof(routes->fronts));
        else if (segment.length > 1)
            add_front(routes, segment.bytes[0], segment.bytes[1]);
        for (size_t k = 0; k < COUNT_OF(ends) && segment.length == 1; k++)
            add_front(routes, segment.bytes[0], ends[k]);
    }
}

int
routes_build(struct routes *routes, struct store *store)
{
    find_fronts(routes);
    for (size_t bucket = 0; bucket < ROUTE_BUCKETS; bucket++) {
        uint32_t size = 0;

        for (size_t i = 0; i < routes->count; i++)
            size += is_in_bucket(&routes->items[i], bucket);
        routes->order[bucket] = store_new(store, size, sizeof(**routes->order));
        if (routes->order[bucket] == NULL)
            return PASU_E_NOMEM;
        for (size_t i = 0; i < routes->count; i++)
            if (is_in_bucket(&routes->items[i], bucket))
                routes->order[bucket][routes->sizes[bucket]++] = (uint32_t)i;
    }
    return 0;
}

/* ---- a request ---- */

static int
digit_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Without percent escapes, and in a parameter without +. What is no escape stays. */
static struct view
decode(struct asked *asked, struct view text, bool is_parameter)
{
    uint8_t *start = asked->room, *to = start;

    if (text.length == 0 || (memchr(text.bytes, '%', text.length) == NULL &&
                             (!is_parameter || memchr(text.bytes, '+', text.length) == NULL)))
        return text;
    for (size_t i = 0; i < text.length; i++) {
        int high = text.bytes[i] == '%' && i + 2 < text.length ? digit_of(text.bytes[i + 1]) : -1;
        int low = high >= 0 ? digit_of(text.bytes[i + 2]) : -1;

        if (low >= 0) {
            *to++ = (uint8_t)(high << 4 | low);
            i += 2;
        } else {
            *to++ = is_parameter && text.bytes[i] == '+' ? ' ' : text.bytes[i];
        }
    }
    asked->room = to;
    return view_of(start, (size_t)(to - start));
}

static void
add_segment(struct asked *asked, struct view segment)
{
    if (segment.length == 0 || view_equal(segment, VIEW(".")))
        return;
    if (view_equal(segment, VIEW(".."))) {
        if (asked->beyond > 0)
            asked->beyond--;
        else
            asked->count -= asked->count > 0;
        return;
    }
    if (asked->count == ROUTE_SEGMENTS)
        asked->beyond++;
    else
        asked->segments[asked->count++] = segment;
}

/* "http://host/path", as proxies are asked: the path. */
static struct view
without_host(struct view target)
{
    const uint8_t *end = target.bytes + target.length, *colon, *slash;

    if (target.length == 0 || target.bytes[0] == '/')
        return target;
    colon = memmem(target.bytes, target.length, "://", 3);
    slash = colon != NULL ? memchr(colon + 3, '/', (size_t)(end - colon - 3)) : NULL;
    return slash != NULL ? view_of(slash, (size_t)(end - slash)) : target;
}

#ifdef __SSE2__
/* Whether there may be an escape or two dots in it, wherever. Of 17 bytes or more. */
static inline bool
may_lead_elsewhere(struct view target)
{
    const uint8_t *at = target.bytes, *last = at + target.length - 17;
    find_mask found = {0};

    for (;; at += 16) {
        find_bytes bytes, behind;

        at = at < last ? at : last;
        memcpy(&bytes, at, sizeof(bytes));
        memcpy(&behind, at + 1, sizeof(behind));
        found |= (find_mask)(bytes == '%') | (find_mask)((bytes == '.') & (behind == '.'));
        if (at == last)
            return __builtin_ia32_pmovmskb128(found) != 0 || last[16] == '%';
    }
}
#else
static inline bool
may_lead_elsewhere(struct view target)
{
    return memchr(target.bytes, '%', target.length) != NULL ||
           memmem(target.bytes, target.length, "..", 2) != NULL;
}
#endif

/* The segments of a path without escapes. */
static void
take_segments(struct asked *asked)
{
    const uint8_t *at = asked->path.bytes, *end = at + asked->path.length;

    while (at < end) {
        const uint8_t *start = at, *stop;

        while (at < end && *at != '/' && *at != ';')
            at++;
        stop = at;
        while (at < end && *at != '/')
            at++;
        add_segment(asked, view_of(start, (size_t)(stop - start)));
        at++;
    }
}

static void
take_apart(struct asked *asked, const struct event *event)
{
    struct view target = event->slot[SLOT_TARGET], rest;

    target = without_host(target);
    rest = target;
    target = cut(&rest, '#');
    rest = target;
    asked->path = cut(&rest, '?');
    asked->query = rest.length > 0 ? rest : event->slot[SLOT_QUERY];
    if (asked->query.length > 0 && asked->query.bytes[0] == '?') /* Apache's %q */
        asked->query = view_of(asked->query.bytes + 1, asked->query.length - 1);
    if (asked->path.length >= 17 && !may_lead_elsewhere(asked->path)) {
        take_segments(asked);
        return;
    }
    rest = asked->path;
    while (rest.length > 0) {
        struct view segment = cut(&rest, '/');

        add_segment(asked, decode(asked, cut(&segment, ';'), false));
    }
}

/* The same path with what its escapes hide of its segments: "/api%2Fmembers". */
static bool
take_apart_again(struct asked *asked)
{
    struct view path = decode(asked, asked->path, false);

    if (memmem(asked->path.bytes, asked->path.length, "%2", 2) == NULL &&
        memmem(asked->path.bytes, asked->path.length, "%5", 2) == NULL)
        return false;
    asked->count = asked->beyond = 0;
    while (path.length > 0) {
        struct view segment = cut(&path, '/');

        add_segment(asked, cut(&segment, ';'));
    }
    return true;
}

static bool
is_same(const uint8_t *a, struct view b)
{
    if (b.length == 0 || memcmp(a, b.bytes, b.length) == 0) /* as it is in most requests */
        return true;
    for (size_t i = 0; i < b.length; i++)
        if (small(a[i]) != small(b.bytes[i]))
            return false;
    return true;
}

static bool
fits_part(const struct route_part *part, struct view text, struct route_match *match)
{
    size_t around = part->before.length + part->behind.length;

    if (part->what == ROUTE_TEXT)
        return text.length == part->before.length && is_same(text.bytes, part->before);
    if (text.length < around || !is_same(text.bytes, part->before) ||
        !is_same(text.bytes + text.length - part->behind.length, part->behind))
        return false;
    if (part->what != ROUTE_KEY)
        return true;
    if (text.length == around)
        return false; /* an empty key is nobody's */
    match->kinds[match->key_count] = part->kind;
    match->keys[match->key_count++] =
        view_of(text.bytes + part->before.length, text.length - around);
    return true;
}

/* The first value of a parameter, and what is asked of it. */
static bool
fits_parameter(struct asked *asked, const struct route_part *part, struct route_match *match)
{
    struct view rest = asked->query;
    uint8_t *room = asked->room;

    while (rest.length > 0) {
        struct view value = cut(&rest, '&'), name = cut(&value, '=');

        name = decode(asked, name, true);
        asked->room = room;
        if (name.length == part->name.length && is_same(name.bytes, part->name))
            return fits_part(part, decode(asked, value, true), match);
    }
    return false;
}

static bool
fits_method(const struct route *route, struct view method)
{
    static const char *const silent[] = {"HEAD", "OPTIONS", "TRACE", "CONNECT"};

    for (size_t i = 0; i < route->method_count; i++)
        if (method.length == strlen(route->methods[i]) &&
            strncasecmp(route->methods[i], (const char *)method.bytes, method.length) == 0)
            return true;
    if (route->method_count > 0)
        return method.length == 0;
    for (size_t i = 0; i < COUNT_OF(silent); i++)
        if (view_equal(method, view_of_text(silent[i])))
            return false;
    return true;
}

static bool
fits(struct asked *asked, const struct route *route, struct view method, struct route_match *match)
{
    size_t count = route->part_count;
    bool has_rest = count > 0 && route->parts[count - 1].what == ROUTE_REST;
    match->key_count = 0;
    count -= has_rest;
    if (has_rest ? asked->count < count : asked->count != count || asked->beyond > 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!fits_part(&route->parts[i], asked->segments[i], match))
            return false;
    for (size_t i = 0; i < route->parameter_count; i++) {
        uint8_t *room = asked->room;

        if (!fits_parameter(asked, &route->parameters[i], match))
            return false;
        if (route->parameters[i].what != ROUTE_KEY)
            asked->room = room; /* only keys are needed longer */
    }
    return fits_method(route, method);
}

static bool
find(const struct routes *routes, struct asked *asked, struct view method,
     struct route_match *match)
{
    size_t bucket = bucket_of(asked->count > 0 ? asked->segments[0] : (struct view){0});
    uint8_t *room = asked->room;

    for (uint32_t i = 0; i < routes->sizes[bucket]; i++) {
        const struct route *route = &routes->items[routes->order[bucket][i]];

        asked->room = room;
        if (fits(asked, route, method, match)) {
            match->route = route;
            return true;
        }
    }
    return false;
}

/* ".." leads back to another first segment. */
static bool
goes_back(const uint8_t *at, const uint8_t *end)
{
    while ((at = find_byte(at, end, '.')) < end) {
        if (at[-1] == '/' && end - at >= 2 && at[1] == '.')
            return true;
        at++;
    }
    return false;
}

/* Whether it can be said by the first segment as it stands there that none fits, as of most. */
static bool
fits_none_of_long(const struct routes *routes, struct view target)
{
    const uint8_t *at = target.bytes, *end = at + target.length, *stop, *first;
    size_t bucket;

    if (at[0] != '/')
        return false;
    stop = find_any(at, end, (struct find_kind){{'?', '#', '%', '%'}, 0});
    if (stop < end && *stop == '%')
        return false;
    first = find_any(at + 1, stop, (struct find_kind){{'/', ';', '/', '/'}, 0});
    if (first == at + 1 || at[1] == '.' || goes_back(first, stop))
        return false;
    bucket = bucket_of(view_of(at + 1, (size_t)(first - at - 1)));
    return routes->sizes[bucket] == 0;
}

/* The same of those that have fewer bytes than a word has bits. */
static bool
fits_none(const struct routes *routes, struct view target)
{
    enum { SLASH, SEMICOLON, DOT, PERCENT, MARK, SHARP };
    static const struct lanes_wanted wanted = {{'/', ';', '.', '%', '?', '#'}, 6, 0};
    uint64_t found[1][LANES_KINDS], path, ends, dots;
    const uint8_t *at = target.bytes;
    size_t first;

    if (target.length >= LANES || at[0] != '/')
        return fits_none_of_long(routes, target);
    lanes_find(target, &wanted, found);
    ends = found[0][MARK] | found[0][SHARP] | UINT64_C(1) << target.length;
    path = (ends & -ends) - 1; /* what is before the query */
    if ((found[0][PERCENT] & path) != 0)
        return false;
    ends |= (found[0][SLASH] & ~UINT64_C(1)) | found[0][SEMICOLON];
    first = (size_t)__builtin_ctzll(ends);
    dots = found[0][DOT] & path;
    if (first == 1 || at[1] == '.' || (dots & found[0][SLASH] << 1 & dots >> 1) != 0)
        return false;
    return routes->sizes[bucket_of(view_of(at + 1, first - 1))] == 0;
}

/* Whether two bytes say that none fits, as of most: the way that is asked for begins as none. */
static inline bool
begins_as_none(const struct routes *routes, struct view target)
{
    static const uint8_t special[] = {'/', '.', ';', '?', '#'};
    const uint8_t *at = target.bytes;
    size_t front;

    if (target.length < 17 || at[0] != '/')
        return false;
    for (size_t i = 0; i < sizeof(special); i++)
        if (at[1] == special[i])
            return false;
    front = front_of(at[1], at[2]);
    return (routes->fronts[front / 64] >> front % 64 & 1) == 0 && !may_lead_elsewhere(target);
}

static void
find_by_parts(const struct routes *routes, const struct event *event, uint8_t *scratch,
              struct route_match *match)
{
    struct asked asked = {.room = scratch};

    take_apart(&asked, event);
    if (!find(routes, &asked, event->slot[SLOT_METHOD], match) && take_apart_again(&asked))
        (void)find(routes, &asked, event->slot[SLOT_METHOD], match);
}

void
routes_find(const struct routes *routes, const struct event *event, uint8_t scratch[ROUTE_SCRATCH],
            struct route_match *match)
{
    struct view target = event->slot[SLOT_TARGET];

    match->route = NULL;
    match->key_count = 0;
    match->is_too_long =
        target.length > ROUTE_TARGET || event->slot[SLOT_QUERY].length > ROUTE_TARGET;
    if (target.length > 0 && !match->is_too_long && !begins_as_none(routes, target) &&
        !fits_none(routes, target))
        find_by_parts(routes, event, scratch, match);
}
