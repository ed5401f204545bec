/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/sessions.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "base/os.h"

#define KEPT_FOR (3600 * NANOSECONDS_PER_SECOND)

enum { FIRST_SPACE = 64 };

void
sessions_release(struct sessions *s)
{
    map_release(&s->places);
    memory_free(s->items);
    *s = (struct sessions){0};
}

/* A free place, 1-based; 0 where there is no memory. */
static uint32_t
take_place(struct sessions *s)
{
    uint32_t place = s->free_list;

    if (place != 0) {
        s->free_list = s->items[place - 1].next;
        return place;
    }
    if (s->count == s->space) {
        size_t space = s->space == 0 ? FIRST_SPACE : s->space * 2;
        struct session_place *items = NULL;

        if (space < UINT32_MAX)
            items = memory_resize(s->items, space, sizeof(*items));
        if (items == NULL)
            return 0;
        s->items = items;
        s->space = space;
    }
    return (uint32_t)++s->count;
}

static void
take_text(char *text, size_t size, const char *from, size_t from_size)
{
    text_from_view(text, size, view_of(from, strnlen(from, from_size)));
}

#define TAKE_TEXT(to, from) take_text((to), sizeof(to), (from), sizeof(from))

int
sessions_open(struct sessions *s, uint64_t seq, const struct message_session *opened)
{
    struct session_place *item;
    uint32_t place;

    if (map_get(&s->places, opened->session, &place))
        return 0; /* identities are never used again: the first word counts */
    place = take_place(s);
    if (place == 0)
        return PASU_E_NOMEM;
    item = &s->items[place - 1];
    *item = (struct session_place){
        .info = {
            .id = opened->session, .seq = seq, .opened = opened->opened, .origin = opened->origin}};
    TAKE_TEXT(item->info.gateway, opened->gateway);
    TAKE_TEXT(item->info.principal, opened->principal);
    TAKE_TEXT(item->info.database, opened->database);
    TAKE_TEXT(item->info.application, opened->application);
    TAKE_TEXT(item->info.address, opened->address);
    if (map_put(&s->places, opened->session, place) == 0)
        return 0;
    item->next = s->free_list;
    s->free_list = place;
    return PASU_E_NOMEM;
}

void
sessions_close_other(struct sessions *s, int64_t now)
{
    if (!s->has_closed || now > s->closed)
        s->closed = now;
    s->has_closed = true;
}

bool
sessions_close(struct sessions *s, uint64_t id, int64_t now)
{
    struct session_place *item;
    uint32_t place;

    if (!map_get(&s->places, id, &place))
        return false;
    item = &s->items[place - 1];
    if (item->is_closed)
        return false;
    sessions_close_other(s, now);
    item->is_closed = true;
    item->closed = s->closed;
    item->next = 0;
    if (s->closed_last != 0)
        s->items[s->closed_last - 1].next = place;
    else
        s->closed_first = place;
    s->closed_last = place;
    return true;
}

static bool
is_over(int64_t closed, int64_t now)
{
    int64_t until;

    return !__builtin_add_overflow(closed, KEPT_FOR, &until) && until < now;
}

bool
sessions_forget_one(struct sessions *s, int64_t now, uint64_t *id)
{
    uint32_t place = s->closed_first;
    struct session_place *item = place != 0 ? &s->items[place - 1] : NULL;

    if (is_over(s->closed, now))
        s->has_closed = false;
    if (item == NULL || !is_over(item->closed, now))
        return false;
    *id = item->info.id;
    s->closed_first = item->next;
    if (s->closed_first == 0)
        s->closed_last = 0;
    map_remove(&s->places, *id);
    item->next = s->free_list;
    s->free_list = place;
    return true;
}

void
sessions_forget(struct sessions *s, int64_t now)
{
    uint64_t id;

    while (sessions_forget_one(s, now, &id))
        continue;
}

const struct session_info *
sessions_get(const struct sessions *s, uint64_t id)
{
    uint32_t place;

    return map_get(&s->places, id, &place) ? &s->items[place - 1].info : NULL;
}

void
sessions_mark(struct sessions *s, uint64_t id, uint32_t profile)
{
    uint32_t place;

    if (map_get(&s->places, id, &place))
        s->items[place - 1].info.profile = profile;
}

int
sessions_each(const struct sessions *s,
              int (*see)(void *arg, const struct session_info *session, int64_t closed), void *arg)
{
    int result = 0;

    for (uint32_t at = s->closed_first; result == 0 && at != 0; at = s->items[at - 1].next)
        result = see(arg, &s->items[at - 1].info, s->items[at - 1].closed);
    for (size_t i = 0; result == 0 && i < s->count; i++) {
        const struct session_place *item = &s->items[i];
        uint32_t place;

        if (!item->is_closed && map_get(&s->places, item->info.id, &place) && place == i + 1)
            result = see(arg, &item->info, 0);
    }
    return result;
}
