/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/exchange.h"

#include "base/memory.h"

enum { REQUESTS_MIN = 8, REQUESTS_KEPT = 64, DESCRIPTION_KEPT = 4096 };

/* ---- requests ---- */

static void
request_release(struct exchange_request *request)
{
    plan_release(request->plan);
    request->plan = NULL;
    memory_free((void *)(uintptr_t)request->bytes.bytes);
    request->bytes = view_of(NULL, 0);
    memory_free(request->claim);
    request->claim = NULL;
    memory_free(request->ruling);
    request->ruling = NULL;
    pinned_release(&request->pinned);
}

static int
grow(struct exchange *x)
{
    uint32_t size = x->size ? x->size * 2 : REQUESTS_MIN;
    struct exchange_request *more;

    if (x->size >= EXCHANGE_REQUESTS_MAX)
        return PASU_E_RANGE;
    more = memory_new(size, sizeof(*more));
    if (!more)
        return PASU_E_NOMEM;
    for (uint32_t i = 0; i < x->count; i++) {
        struct exchange_request *from = &x->requests[(x->first + i) & (x->size - 1)];

        more[i] = *from;
        if (from->pinned.ordinals == from->pinned.space)
            more[i].pinned.ordinals = more[i].pinned.space;
    }
    memory_free(x->requests);
    x->requests = more;
    x->size = size;
    x->first = 0;
    return 0;
}

struct exchange_request *
exchange_add(struct exchange *x, enum exchange_step step)
{
    struct exchange_request *request;

    if (x->count == x->size && grow(x) != 0)
        return NULL;
    request = &x->requests[(x->first + x->count++) & (x->size - 1)];
    x->added++;
    /* The names are most of it, and mostly empty. */
    memset(request, 0, offsetof(struct exchange_request, name));
    request->name[0] = request->statement[0] = request->exempt[0] = '\0';
    memset(&request->plan, 0, sizeof(*request) - offsetof(struct exchange_request, plan));
    request->step = (uint8_t)step;
    request->is_naming = step == STEP_PARSE || step == STEP_CLOSE;
    x->naming += request->is_naming;
    x->queries += step == STEP_QUERY;
    return request;
}

void
exchange_done(struct exchange *x)
{
    if (x->count == 0)
        return;
    x->naming -= x->requests[x->first].is_naming;
    x->declaring -= x->requests[x->first].is_declaring;
    x->becoming -= x->requests[x->first].is_becoming;
    x->queries -= x->requests[x->first].step == STEP_QUERY;
    request_release(&x->requests[x->first]);
    x->first = (x->first + 1) & (x->size - 1);
    x->count--;
    x->statement = 0;
}

static bool
is_synchronizing(const struct exchange_request *request)
{
    return request->step == STEP_QUERY || request->step == STEP_SYNC ||
           request->step == STEP_FUNCTION_CALL;
}

void
exchange_failed(struct exchange *x)
{
    struct exchange_request *first = exchange_first(x);

    if (!first || is_synchronizing(first))
        return; /* ReadyForQuery comes for it */
    x->is_skipping = true;
    while ((first = exchange_first(x)) && first->step != STEP_SYNC)
        exchange_done(x);
}

void
exchange_copies(struct exchange *x)
{
    while (x->count > 1) {
        struct exchange_request *first = &x->requests[x->first];
        struct exchange_request *next = &x->requests[(x->first + 1) & (x->size - 1)];

        if (next->step != STEP_SYNC || next->is_behind_copy)
            return;
        *next = *first; /* it holds nothing */
        if (first->pinned.ordinals == first->pinned.space)
            next->pinned.ordinals = next->pinned.space;
        x->first = (x->first + 1) & (x->size - 1);
        x->count--;
    }
}

void
exchange_ready(struct exchange *x)
{
    struct exchange_request *first;
    bool is_skipping = x->is_skipping; /* then queries, too, have been skipped */

    x->is_skipping = false;
    while ((first = exchange_first(x)) &&
           (is_skipping ? first->step != STEP_SYNC : !is_synchronizing(first)))
        exchange_done(x);
    exchange_done(x);
    if (x->count == 0 && x->size > REQUESTS_KEPT) { /* an idle session keeps no large buffer */
        memory_free(x->requests);
        x->requests = NULL;
        x->size = x->first = 0;
    }
}

/* ---- names ---- */

/* Mostly there is none. */
static inline bool
is_same_name(const char *a, const char *b)
{
    return a[0] == b[0] && (a[0] == '\0' || strcmp(a, b) == 0);
}

static struct prepared **
prepared_place(const struct exchange *x, const char *name)
{
    uint32_t hash = 5381;
    struct prepared **at;

    for (const char *c = name; *c; c++)
        hash = hash * 33 + (uint8_t)*c;
    at = (struct prepared **)(uintptr_t)&x->prepared[hash % EXCHANGE_HEADS];
    while (*at && !is_same_name((*at)->name, name))
        at = &(*at)->next;
    return at;
}

static struct portal **
portal_place(const struct exchange *x, const char *name)
{
    struct portal **at = (struct portal **)(uintptr_t)&x->portals;

    while (*at && !is_same_name((*at)->name, name))
        at = &(*at)->next;
    return at;
}

struct prepared *
exchange_prepared(const struct exchange *x, const char *name)
{
    return *prepared_place(x, name);
}

struct portal *
exchange_portal(const struct exchange *x, const char *name)
{
    return *portal_place(x, name);
}

static const struct exchange_request *
request_at(const struct exchange *x, uint32_t index)
{
    return &x->requests[(x->first + index) & (x->size - 1)];
}

bool
exchange_shows(const struct plan_statement *statement)
{
    return statement->may_return_rows && (statement->most_fields != 0 || !statement->is_understood);
}

struct exchange_request *
exchange_newest(struct exchange *x)
{
    return x->count > 0 ? &x->requests[(x->first + x->count - 1) & (x->size - 1)] : NULL;
}

const struct exchange_request *
exchange_at(const struct exchange *x, uint32_t place)
{
    return place < x->count ? request_at(x, place) : NULL;
}

bool
exchange_is_skipped(const struct exchange *x)
{
    return x->is_skipping && x->count == 0;
}

bool
exchange_is_open(const struct exchange *x)
{
    for (uint32_t i = x->count; i-- > 0;)
        if (is_synchronizing(request_at(x, i)))
            return false;
    return x->count > 0;
}

bool
exchange_is_last(const struct exchange *x)
{
    uint32_t i = 0;

    while (i < x->count && !is_synchronizing(request_at(x, i)))
        i++;
    return i + 1 >= x->count;
}

static void
portal_clear(struct portal *portal)
{
    plan_release(portal->plan);
    plan_release(portal->run);
    portal->plan = portal->run = NULL;
    portal->statement = portal->run_statement = NULL;
    pinned_release(&portal->pinned);
    memory_free((void *)(uintptr_t)portal->results.bytes);
    portal->results = view_of(NULL, 0);
    if (portal->description_size > DESCRIPTION_KEPT) {
        memory_free(portal->description);
        portal->description = NULL;
        portal->description_size = 0;
    }
    portal->description_length = 0;
    portal->rows = 0;
    portal->is_told = portal->is_described = portal->is_counted = portal->is_doubtful = false;
    portal->is_bound_told = portal->is_renamed = portal->is_held = portal->is_over = false;
    portal->is_hiding = false;
    portal->target = 0;
    portal->use = 0;
    portal->told_fields = portal->told_kinds = 0;
}

static void
prepared_clear(struct prepared *prepared)
{
    plan_release(prepared->plan);
    prepared->plan = NULL;
    prepared->statement = NULL;
    memory_free((void *)(uintptr_t)prepared->types.bytes);
    prepared->types = view_of(NULL, 0);
    prepared->is_doubtful = false;
}

int
exchange_set_prepared(struct exchange *x, const char *name, struct plan *plan,
                      const struct plan_statement *statement, struct view types)
{
    struct prepared **at = prepared_place(x, name);
    uint8_t *copy = NULL;

    if (types.length > 0) {
        copy = (uint8_t *)memory_dup(types.bytes, types.length);
        if (!copy)
            return PASU_E_NOMEM;
    }
    if (!*at) {
        *at = x->name_count < EXCHANGE_NAMES_MAX ? memory_new(1, sizeof(**at)) : NULL;
        if (!*at) {
            memory_free(copy);
            return PASU_E_NOMEM;
        }
        x->name_count++;
        snprintf((*at)->name, sizeof((*at)->name), "%s", name);
    } else {
        prepared_clear(*at);
    }
    (*at)->plan = plan ? plan_hold(plan) : NULL;
    (*at)->statement = statement;
    (*at)->types = view_of(copy, types.length);
    (*at)->serial = ++x->serials;
    return 0;
}

int
exchange_set_portal(struct exchange *x, const char *name, struct plan *plan,
                    const struct plan_statement *statement, struct portal **portal)
{
    struct portal **at = portal_place(x, name);

    if (!*at) {
        *at = x->name_count < EXCHANGE_NAMES_MAX ? memory_new(1, sizeof(**at)) : NULL;
        if (!*at)
            return PASU_E_NOMEM;
        x->name_count++;
        snprintf((*at)->name, sizeof((*at)->name), "%s", name);
    } else {
        portal_clear(*at);
    }
    (*at)->plan = plan ? plan_hold(plan) : NULL;
    (*at)->statement = statement;
    (*at)->serial = ++x->serials;
    *portal = *at;
    return 0;
}

void
portal_names(struct portal *portal, uint64_t serial)
{
    uint64_t target = serial != 0 ? serial : UINT64_MAX;

    portal->is_doubtful |= portal->target != 0 && portal->target != target;
    if (portal->target == 0)
        portal->target = target;
}

void
portal_runs(struct portal *portal, struct plan *plan, const struct plan_statement *statement)
{
    if (portal->run)
        return;
    portal->run = plan_hold(plan);
    portal->run_statement = statement;
}

int
portal_describe(struct portal *portal, struct view body)
{
    if (portal->description_size < body.length) {
        uint8_t *more = memory_resize(portal->description, body.length, 1);

        if (!more)
            return PASU_E_NOMEM;
        portal->description = more;
        portal->description_size = (uint32_t)body.length;
    }
    if (body.length > 0)
        memcpy(portal->description, body.bytes, body.length);
    portal->description_length = (uint32_t)body.length;
    portal->is_described = true;
    portal->is_renamed = false;
    return 0;
}

void
exchange_drop_prepared(struct exchange *x, const char *name)
{
    struct prepared **at = prepared_place(x, name), *gone = *at;

    if (!gone)
        return;
    *at = gone->next;
    x->name_count--;
    prepared_clear(gone);
    memory_free(gone);
}

void
exchange_drop_all_prepared(struct exchange *x)
{
    for (size_t i = 0; i < EXCHANGE_HEADS; i++)
        for (struct prepared **at = &x->prepared[i]; *at;) {
            if ((*at)->name[0] == '\0')
                at = &(*at)->next;
            else
                exchange_drop_prepared(x, (*at)->name);
        }
}

void
exchange_drop_portal(struct exchange *x, const char *name)
{
    struct portal **at = portal_place(x, name), *gone = *at;

    if (!gone)
        return;
    *at = gone->next;
    x->name_count--;
    portal_clear(gone);
    memory_free(gone->description);
    memory_free(gone);
}

static void
drop_portals(struct exchange *x, uint32_t held)
{
    /* The unnamed one is emptied and kept: the next Bind needs it. */
    for (struct portal **at = &x->portals; *at;) {
        bool is_held = (*at)->is_held && held > 0;

        x->has_lost |= (*at)->is_held && !is_held && (*at)->is_hiding;
        held -= is_held;
        (*at)->is_over |= is_held;
        if ((*at)->name[0] == '\0')
            portal_clear(*at);
        if (is_held || (*at)->name[0] == '\0')
            at = &(*at)->next;
        else
            exchange_drop_portal(x, (*at)->name);
    }
}

void
exchange_drop_portals(struct exchange *x)
{
    drop_portals(x, 0);
    x->has_lost = false;
}

void
exchange_end_portals(struct exchange *x)
{
    drop_portals(x, EXCHANGE_HELD_MAX);
}

bool
exchange_names_end(const struct exchange *x)
{
    for (size_t i = 0; i < EXCHANGE_HEADS; i++)
        for (const struct prepared *p = x->prepared[i]; p; p = p->next)
            if (p->name[0] && p->statement && p->statement->special == SPECIAL_END)
                return true;
    return false;
}

bool
exchange_is_hiding(const struct exchange *x)
{
    for (const struct portal *p = x->portals; p; p = p->next)
        if (p->is_hiding)
            return true;
    return x->has_lost;
}

void
exchange_doubt(struct exchange *x)
{
    for (size_t i = 0; i < EXCHANGE_HEADS; i++)
        for (struct prepared *p = x->prepared[i]; p; p = p->next)
            p->is_doubtful |= p->name[0] != '\0';
    for (struct portal *p = x->portals; p; p = p->next) {
        if (p->name[0] == '\0')
            continue;
        p->is_doubtful = p->is_renamed = true;
        p->told_fields = p->told_kinds = 0; /* that was of what it may have stood for */
    }
}

void
exchange_release(struct exchange *x)
{
    while (x->count > 0)
        exchange_done(x);
    memory_free(x->requests);
    exchange_drop_all_prepared(x);
    exchange_drop_prepared(x, "");
    exchange_drop_portals(x);
    exchange_drop_portal(x, "");
    memset(x, 0, sizeof(*x));
}
