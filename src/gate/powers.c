/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/powers.h"

#include "base/memory.h"

enum { BYTES_MAX = 4 << 20, ROLES_MAX = 20000, FIRST_SPACE = 16 };

struct power_role {
    char name[NAME_SIZE];
    uint64_t power;
};

/* Of one gateway, by name. */
struct power_list {
    struct list link;
    char gateway[GATEWAY_NAME_SIZE];
    struct power_role *roles;
    size_t count;
    int64_t asked; /* monotonic */
    struct power_change changes[POWER_CHANGES_MAX];
    size_t change_count;
};

#define GREAT                                                                                      \
    "('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files', "  \
    "'pg_execute_server_program')"

/* A slot can have a role's name. */
static const char powers_sql[] =
    "SELECT rolname, sum(power)::int8 FROM ("
    "SELECT slot_name AS rolname, 8 AS power FROM pg_replication_slots WHERE NOT temporary UNION "
    "ALL "
    "SELECT rolname, over + more + becomes FROM (SELECT r.rolname, "
    "CASE WHEN r.rolsuper OR r.rolbypassrls THEN 1 ELSE 0 END AS over, "
    "CASE WHEN r.rolsuper OR r.rolcreaterole OR r.rolreplication OR EXISTS (SELECT FROM pg_roles p "
    "WHERE p.rolname IN " GREAT " AND pg_has_role(r.oid, p.oid, 'USAGE')) THEN 2 ELSE 0 END "
    "AS more, CASE WHEN EXISTS (SELECT FROM pg_roles p WHERE p.oid <> r.oid AND (p.rolsuper "
    "OR p.rolbypassrls OR p.rolcreaterole OR p.rolreplication OR p.rolname IN " GREAT ") "
    "AND pg_has_role(r.oid, p.oid, 'MEMBER')) THEN 4 ELSE 0 END AS becomes "
    "FROM pg_roles r) x WHERE over + more + becomes > 0) y GROUP BY rolname";

void
powers_init(struct powers *powers)
{
    pthread_mutex_init(&powers->lock, NULL);
    list_init(&powers->gateways);
    atomic_init(&powers->turn, 1);
}

void
powers_release(struct powers *powers)
{
    list_each_safe (at, &powers->gateways) {
        struct power_list *list = LIST_ENTRY(at, struct power_list, link);

        list_remove(at);
        memory_free(list->roles);
        memory_free(list);
    }
}

/* ---- asking ---- */

struct taking {
    struct power_role *roles;
    size_t count, space;
};

static int
take_role(void *arg, const struct view *values, size_t count)
{
    struct taking *t = arg;
    struct power_role *role;

    if (count != 2 || !values[0].bytes || t->count == ROLES_MAX)
        return PASU_E_MALFORMED;
    if (t->count == t->space) {
        size_t space = t->space ? 2 * t->space : FIRST_SPACE;
        struct power_role *more = memory_resize(t->roles, space, sizeof(*more));

        if (!more)
            return PASU_E_NOMEM;
        t->roles = more;
        t->space = space;
    }
    role = &t->roles[t->count];
    memset(role, 0, sizeof(*role)); /* they are compared as bytes */
    if (!inspector_take_number(values[1], &role->power))
        return PASU_E_MALFORMED;
    text_from_view(role->name, sizeof(role->name), values[0]);
    t->count++;
    return 0;
}

static int
compare_roles(const void *a, const void *b)
{
    return strcmp(((const struct power_role *)a)->name, ((const struct power_role *)b)->name);
}

/* With the lock. NULL: there is none. */
static struct power_list *
find(struct powers *powers, const char *gateway)
{
    list_each (at, &powers->gateways) {
        struct power_list *list = LIST_ENTRY(at, struct power_list, link);

        if (strcmp(list->gateway, gateway) == 0)
            return list;
    }
    return NULL;
}

static void
note_change(struct power_list *list, const struct power_role *before,
            const struct power_role *after, int64_t now)
{
    struct power_change *change = &list->changes[list->change_count];

    if ((before && after && before->power == after->power) ||
        list->change_count == POWER_CHANGES_MAX)
        return;
    list->change_count++;
    *change = (struct power_change){.before = before ? (unsigned)before->power : 0,
                                    .after = after ? (unsigned)after->power : 0,
                                    .since = list->asked,
                                    .seen = now};
    memcpy(change->role, before ? before->name : after->name, sizeof(change->role));
}

/* Both in the order of names. */
static void
note_changes(struct power_list *list, const struct taking *t, int64_t now)
{
    size_t a = 0, b = 0;

    while (a < list->count || b < t->count) {
        int order = a == list->count ? 1
                    : b == t->count  ? -1
                                     : compare_roles(&list->roles[a], &t->roles[b]);

        note_change(list, order <= 0 ? &list->roles[a] : NULL, order >= 0 ? &t->roles[b] : NULL,
                    now);
        a += order <= 0;
        b += order >= 0;
    }
}

static int
put(struct powers *powers, const char *gateway, struct taking *t, int64_t now)
{
    struct power_list *list = find(powers, gateway);
    bool is_first = !list;

    if (!list) {
        list = memory_new(1, sizeof(*list));
        if (!list)
            return PASU_E_NOMEM;
        snprintf(list->gateway, sizeof(list->gateway), "%s", gateway);
        list_init(&list->link);
        list_append(&powers->gateways, &list->link);
    }
    if (!is_first)
        note_changes(list, t, now);
    list->asked = now;
    if (list->count == t->count &&
        (t->count == 0 || memcmp(list->roles, t->roles, t->count * sizeof(t->roles[0])) == 0))
        return 0;
    memory_free(list->roles);
    list->roles = t->roles;
    list->count = t->count;
    t->roles = NULL;
    atomic_fetch_add(&powers->turn, 1);
    return 0;
}

int
powers_ask(struct powers *powers, const char *gateway, struct inspector_link *link, int64_t now)
{
    struct taking t = {0};
    size_t most = BYTES_MAX;
    int result = inspector_link_query(link, powers_sql, take_role, &t, &most);

    if (result == 0) {
        if (t.count > 0)
            qsort(t.roles, t.count, sizeof(t.roles[0]), compare_roles);
        pthread_mutex_lock(&powers->lock);
        result = put(powers, gateway, &t, now);
        pthread_mutex_unlock(&powers->lock);
    }
    memory_free(t.roles);
    return result;
}

bool
powers_take_change(struct powers *powers, const char *gateway, int64_t acted, int64_t now,
                   struct power_change *change)
{
    struct power_list *list;
    bool is_found = false;

    pthread_mutex_lock(&powers->lock);
    list = find(powers, gateway);
    for (size_t i = 0; list && !is_found && i < list->change_count;) {
        if (list->changes[i].seen >= now) {
            i++;
            continue;
        }
        *change = list->changes[i];
        list->changes[i] = list->changes[--list->change_count];
        is_found = acted < change->since;
    }
    pthread_mutex_unlock(&powers->lock);
    return is_found;
}

unsigned
powers_of(struct powers *powers, const char *gateway, const char *role)
{
    const struct power_list *list;
    const struct power_role *found = NULL;
    struct power_role sought = {0};
    unsigned power;

    snprintf(sought.name, sizeof(sought.name), "%s", role);
    pthread_mutex_lock(&powers->lock);
    list = find(powers, gateway);
    if (list && list->count > 0)
        found = bsearch(&sought, list->roles, list->count, sizeof(sought), compare_roles);
    power = found ? (unsigned)found->power : 0;
    pthread_mutex_unlock(&powers->lock);
    return power;
}
