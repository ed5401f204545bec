/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/route_map.h"

#include "base/memory.h"
#include "config/fault.h"
#include "config/file.h"
#include "scan/route_map_part.h"

/* ---- subjects and fields ---- */

int
map_kind_of(void *arg, struct view name)
{
    const struct route_map *map = arg;

    for (size_t i = 0; i < map->kind_count; i++)
        if (view_equal(name, view_of_text(map->kinds[i])))
            return (int)i;
    return -1;
}

static bool
is_name(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && length <= 63 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
               length;
}

static void
read_subjects(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    struct route_map *map = r->map;

    if (node->kind != YAML_MAP) {
        if (node->kind != YAML_BAD)
            map_fault(r, node, "write subjects: {customer: {}}", "subjects is no map");
        return;
    }
    for (const struct yaml_node *value = node->first; value != NULL; value = value->next) {
        if (value->key->kind != YAML_TEXT)
            continue;
        if (!is_name(value->key->text)) {
            map_fault(r, value->key, "write letters, digits and _, at most 63",
                      "subjects.%.80s is no name", value->key->text);
        } else if (map_kind_of(map, view_of_text(value->key->text)) >= 0) {
            map_fault(r, value->key, "write it once", "subjects.%s is there twice",
                      value->key->text);
        } else if (map->kind_count == CONFIG_SUBJECTS_MAX) {
            map_fault(r, value->key, "at most 16", "there are too many subjects");
            return;
        } else {
            map->kinds[map->kind_count] = store_dup(&map->store, view_of_text(value->key->text));
            if (map->kinds[map->kind_count] == NULL)
                return;
            map->kind_count++;
        }
        if (value->kind == YAML_TEXT || value->kind == YAML_LIST || value->count > 0)
            map_fault(r, value, "write {} behind it", "subjects.%.63s takes nothing",
                      value->key->text);
    }
}

void
map_read_field(struct map_reading *r, const struct yaml_node *node, void *what)
{
    struct route_map *map = r->map;
    struct route *route = what;
    size_t i = 0;

    while (i < map->field_count && strcmp(map->fields[i], node->text) != 0)
        i++;
    if (i == CONFIG_FIELDS_MAX) {
        map_fault(r, node, "use fewer names", "there are more than 64 fields");
        return;
    }
    if (i == map->field_count && !is_name(node->text)) {
        map_fault(r, node, "write letters, digits and _, at most 63", "%.80s is no name of a field",
                  node->text);
        return;
    }
    if (i == map->field_count) {
        map->fields[i] = store_dup(&map->store, view_of_text(node->text));
        if (map->fields[i] == NULL)
            return;
        map->field_count++;
    }
    route->fields |= UINT64_C(1) << i;
}

/* ---- routes ---- */

struct route_writing {
    struct route route;
    const struct yaml_node *path, *subject;
};

static void
read_path(struct map_reading *r, const struct yaml_node *node, void *what)
{
    struct route_writing *writing = what;

    if (map_is_text(r, node, "routes.path"))
        writing->path = node;
}

static void
read_fields(struct map_reading *r, const struct yaml_node *node, void *what)
{
    map_read_texts(r, node, "routes.fields", map_read_field,
                   &((struct route_writing *)what)->route);
}

static void
read_subject(struct map_reading *r, const struct yaml_node *node, void *what)
{
    struct route_writing *writing = what;
    int kind;

    if (!map_is_text(r, node, "routes.subject"))
        return;
    writing->subject = node;
    kind = map_find_word(r, node, r->map->kinds, r->map->kind_count, "kind of subject");
    writing->route.kind = kind > 0 ? (uint8_t)kind : 0;
}

static void
read_whom(struct map_reading *r, const struct yaml_node *node, void *what)
{
    static const char *const words[] = {"account", "session", "token"};
    static const enum slot slots[] = {SLOT_ACCOUNT, SLOT_SESSION, SLOT_TOKEN};
    struct route_writing *writing = what;
    int word;

    if (!map_is_text(r, node, "routes.whom"))
        return;
    word = map_find_word(r, node, words, COUNT_OF(words), "way to name a subject");
    if (word >= 0)
        writing->route.whom = (int)slots[word];
}

static void
read_method(struct map_reading *r, const struct yaml_node *node, void *what)
{
    struct route *route = what;

    route->methods[route->method_count] = store_dup(&r->map->store, view_of_text(node->text));
    if (route->methods[route->method_count] != NULL)
        route->method_count++;
}

static void
read_methods(struct map_reading *r, const struct yaml_node *node, void *what)
{
    struct route *route = &((struct route_writing *)what)->route;

    route->methods = store_new(&r->map->store, node->count + 1, sizeof(*route->methods));
    if (route->methods != NULL)
        map_read_texts(r, node, "routes.methods", read_method, route);
}

/* Whose key it is, where no place in the path says so. */
static bool
has_whom(struct map_reading *r, const struct route_writing *writing, const struct yaml_node *node)
{
    const struct route *route = &writing->route;
    bool has_key = false;

    for (size_t i = 0; i < route->part_count; i++)
        has_key |= route->parts[i].what == ROUTE_KEY;
    for (size_t i = 0; i < route->parameter_count; i++)
        has_key |= route->parameters[i].what == ROUTE_KEY;
    if (has_key == (route->whom < 0)) {
        if (!has_key && writing->subject == NULL && r->map->kind_count > 1) {
            map_fault(r, node, "write subject: KIND", "of which kind of subject is %.80s?",
                      writing->path->text);
            return false;
        }
        return true;
    }
    map_fault(r, node,
              has_key
                  ? "leave whom out, or put * in the place of the key"
                  : "put {KIND} in its place, as /members/{customer}, or write whom: account for "
                    "those who see their own",
              has_key ? "%.80s has two ways to say whose data it shows"
                      : "%.80s does not say whose data it shows",
              writing->path->text);
    return false;
}

static bool
add_route(struct map_reading *r, const struct route *route)
{
    struct routes *routes = &r->map->routes;

    if (routes->count == r->space) {
        size_t space = r->space > 0 ? 2 * r->space : 64;
        struct route *items = store_new(&r->map->store, space, sizeof(*items));

        if (items == NULL)
            return false;
        if (routes->count > 0)
            memcpy(items, routes->items, routes->count * sizeof(*items));
        routes->items = items;
        r->space = space;
    }
    routes->items[routes->count++] = *route;
    return true;
}

static void
parse_path(struct map_reading *r, struct route *route, const struct yaml_node *node)
{
    const char *why, *at;
    int result;

    route->path = store_dup(&r->map->store, view_of_text(node->text));
    route->line = node->line;
    if (route->path == NULL)
        return;
    result = route_parse(route, &r->map->store, route->path, map_kind_of, r->map, &why, &at);
    if (result == PASU_E_MALFORMED)
        map_fault(
            r, node,
            "write /members/{customer}/addresses; * stands for one segment, ** for the rest; kinds "
            "are named under subjects",
            "%.80s: %s: %.80s", node->text, why, at);
}

static void
read_route(struct map_reading *r, const struct yaml_node *node)
{
    static const struct map_key keys[] = {{"path", read_path},       {"fields", read_fields},
                                          {"subject", read_subject}, {"whom", read_whom},
                                          {"methods", read_methods}, {NULL, NULL}};
    struct route_writing writing = {.route = {.whom = -1}};
    size_t faults = r->faults->count;

    map_read(r, node, "routes", keys, &writing);
    if (node->kind != YAML_MAP || r->faults->count != faults)
        return;
    if (writing.path == NULL || writing.route.fields == 0) {
        map_fault(r, node, "write {path: '/members/{customer}', fields: [name]}",
                  writing.path == NULL ? "routes.path is missing" : "routes.fields is missing");
        return;
    }
    parse_path(r, &writing.route, writing.path);
    if (r->faults->count == faults && has_whom(r, &writing, node))
        (void)add_route(r, &writing.route);
}

static void
read_routes(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    if (node->kind != YAML_LIST) {
        if (node->kind != YAML_BAD)
            map_fault(r, node, "write routes: [{path: …, fields: […]}, …]", "routes is no list");
        return;
    }
    if (node->count > MAP_ITEMS_MAX) {
        map_fault(r, node, "write at most 10000", "there are too many routes");
        return;
    }
    for (const struct yaml_node *route = node->first; route != NULL; route = route->next)
        read_route(r, route);
}

static void
read_login(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    struct route route = {.whom = -1, .is_login = true};
    size_t faults = r->faults->count;

    parse_path(r, &route, node);
    if (r->faults->count != faults)
        return;
    r->map->has_logins = true;
    (void)add_route(r, &route);
}

/* ---- who asks ---- */

static void
read_axis(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    static const char *const words[] = {"account", "token", "session", "address",
                                        "network", "asn",   "agent"};
    int axis = map_find_word(r, node, words, COUNT_OF(words), "axis of principals");

    static_assert(COUNT_OF(words) == AXIS_COUNT, "one for each, in the order of enum axis");
    if (axis >= 0)
        r->map->axes |= 1u << axis;
}

static void
read_principal(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    r->map->axes = 0;
    map_read_texts(r, node, "principal", read_axis, NULL);
}

static void
read_name(struct map_reading *r, const struct yaml_node *node, void *what)
{
    const char *name = store_dup(&r->map->store, view_of_text(node->text));

    if (name != NULL && !log_names_add(&r->map->names, name, *(const enum slot *)what))
        map_fault(r, node, "at most 64", "from names too many");
}

#define FROM(slot_name, SLOT)                                                                      \
    static void read_from_##slot_name(struct map_reading *r, const struct yaml_node *node,         \
                                      void *what PASU_UNUSED)                                      \
    {                                                                                              \
        enum slot slot = SLOT;                                                                     \
        map_read_texts(r, node, "from." #slot_name, read_name, &slot);                             \
    }
FROM(time, SLOT_TIME)
FROM(request, SLOT_REQUEST)
FROM(method, SLOT_METHOD)
FROM(path, SLOT_TARGET)
FROM(query, SLOT_QUERY)
FROM(status, SLOT_STATUS)
FROM(address, SLOT_ADDRESS)
FROM(account, SLOT_ACCOUNT)
FROM(token, SLOT_TOKEN)
FROM(session, SLOT_SESSION)
FROM(agent, SLOT_AGENT)
#undef FROM

static void
read_from(struct map_reading *r, const struct yaml_node *node, void *what)
{
    static const struct map_key keys[] = {
        {"time", read_from_time},       {"request", read_from_request},
        {"method", read_from_method},   {"path", read_from_path},
        {"query", read_from_query},     {"status", read_from_status},
        {"address", read_from_address}, {"account", read_from_account},
        {"token", read_from_token},     {"session", read_from_session},
        {"agent", read_from_agent},     {NULL, NULL}};

    map_read(r, node, "from", keys, what);
}

static void
read_format(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    struct route_map *map = r->map;
    const char *why = "";
    int result;

    if (map->format_count == ROUTE_MAP_FORMATS) {
        map_fault(r, node, "at most 16", "log_format has too many");
        return;
    }
    result = line_format_parse(&map->formats[map->format_count], node->text, &map->names, &why);
    if (result != 0)
        map_fault(r, node, "write it as nginx's log_format or Apache's LogFormat has it",
                  "log_format cannot be read: %s", result == PASU_E_RANGE ? "it is too long" : why);
    else
        map->format_count++;
}

static void
read_file(struct map_reading *r, const struct yaml_node *node, const char *name, const char **path)
{
    const char *slash = strrchr(r->path, '/');

    if (!map_is_text(r, node, name))
        return;
    *path =
        node->text[0] == '/' || slash == NULL
            ? store_dup(&r->map->store, view_of_text(node->text))
            : store_format(&r->map->store, "%.*s/%s", (int)(slash - r->path), r->path, node->text);
}

static void
read_country_db(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    read_file(r, node, "sources.country_db", &r->map->country_db);
}

static void
read_asn_db(struct map_reading *r, const struct yaml_node *node, void *what PASU_UNUSED)
{
    read_file(r, node, "sources.asn_db", &r->map->asn_db);
}

static void
read_sources(struct map_reading *r, const struct yaml_node *node, void *what)
{
    static const struct map_key keys[] = {
        {"country_db", read_country_db}, {"asn_db", read_asn_db}, {NULL, NULL}};

    map_read(r, node, "sources", keys, what);
}

/* ---- all of it ---- */

static void
pass(struct map_reading *r PASU_UNUSED, const struct yaml_node *node PASU_UNUSED,
     void *what PASU_UNUSED)
{
}

static void
read_logins(struct map_reading *r, const struct yaml_node *node, void *what)
{
    map_read_texts(r, node, "login", read_login, what);
}

static void
read_formats(struct map_reading *r, const struct yaml_node *node, void *what)
{
    map_read_texts(r, node, "log_format", read_format, what);
}

static void
read_root(struct map_reading *r, const struct yaml_node *root)
{
    /* In the order in which they are needed: kinds before routes, names before formats. */
    static const struct map_key keys[] = {{"subjects", read_subjects},
                                          {"from", read_from},
                                          {"log_format", read_formats},
                                          {"principal", read_principal},
                                          {"sources", read_sources},
                                          {"routes", read_routes},
                                          {"login", read_logins},
                                          {"statements", map_read_statements},
                                          {"log_line_prefix", map_read_prefix},
                                          {"time_zone", map_read_zone},
                                          {NULL, NULL}};
    struct map_key known[COUNT_OF(keys)];
    size_t faults = r->faults->count;

    for (size_t i = 0; i < COUNT_OF(keys); i++)
        known[i] = (struct map_key){keys[i].name, pass};
    map_read(r, root, "the map", known, NULL);
    for (const struct map_key *key = keys; key->name != NULL && root != NULL; key++)
        for (const struct yaml_node *value = root->kind == YAML_MAP ? root->first : NULL;
             value != NULL; value = value->next)
            if (value->key->kind == YAML_TEXT && strcmp(value->key->text, key->name) == 0) {
                key->read(r, value, NULL);
                break;
            }
    if (root == NULL || r->faults->count != faults)
        return;
    if (r->map->kind_count == 0)
        map_fault(r, NULL, "write subjects: {customer: {}}", "subjects is missing");
    else if (r->map->field_count == 0)
        map_fault(r, NULL, "write routes: [{path: '/members/{customer}', fields: [name]}]",
                  "routes and statements are missing: nothing says who is shown");
}

int
route_map_parse(struct route_map **slot, struct view text, const char *path,
                struct config_faults *faults)
{
    struct route_map *map = memory_new(1, sizeof(*map));
    struct map_reading r = {.map = map, .faults = faults, .path = path};
    size_t first = faults->count;
    struct yaml_node *root = NULL;
    int result, end;

    *slot = NULL;
    if (map == NULL)
        return PASU_E_NOMEM;
    log_names_init(&map->names);
    map->axes = (1u << AXIS_COUNT) - 1;
    map->text = view_of(store_dup(&map->store, text), text.length);
    result = yaml_parse(&root, &r.scratch, text, path, faults);
    if (result == 0 && root == NULL)
        map_fault(&r, NULL, "see: pasu help scan", "the map is empty");
    if (result == 0)
        read_root(&r, root);
    if (result == 0)
        result = routes_build(&map->routes, &map->store);
    if (result == 0 && (r.scratch.failed || map->store.failed))
        result = PASU_E_NOMEM;
    end = config_faults_end(faults, first, path);
    if (result == 0)
        result = end;
    store_release(&r.scratch);
    if (result == 0)
        *slot = map;
    else
        route_map_free(map);
    return result;
}

int
route_map_load(struct route_map **slot, const char *path, struct config_faults *faults)
{
    struct store store = {0};
    struct file file = {0};
    int result = file_read(&file, &store, path, ROUTE_MAP_SIZE);

    *slot = NULL;
    if (result == 0) {
        result = route_map_parse(slot, file.bytes, path, faults);
    } else if (result != PASU_E_NOMEM) {
        config_fault_add(faults, path, 0, 0, file.hint != NULL ? file.hint : "",
                         "cannot be read: %s",
                         file.error != NULL ? file.error : error_text(result));
        result = PASU_E_CONFIG;
    }
    store_release(&store);
    return result;
}

void
route_map_free(struct route_map *map)
{
    if (map == NULL)
        return;
    store_release(&map->store);
    memory_free(map);
}
