/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/told.h"

#include "base/memory.h"

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/crypto_shorthash_siphash24.h>

enum { GROWN = 2, KEY_SIZE = NAME_SIZE + 1 + FINDING_LIST_SIZE };

int
told_init(struct told *t, const struct os *os)
{
    *t = (struct told){0};
    return os->random(os->arg, t->secret, sizeof(t->secret));
}

void
told_release(struct told *t)
{
    map_release(&t->places);
    memory_free(t->items);
    t->items = NULL;
    t->count = t->space = 0;
}

/* The next of "role app, address 192.0.2.1", as a key together with the detector; false: no more.
 */
static bool
next_key(const struct told *t, const struct message_finding *f, size_t *at, uint64_t *key)
{
    static const char comma[] = ", ";
    uint8_t hash[crypto_shorthash_siphash24_BYTES];
    const char *who = f->who + *at, *end;
    char text[KEY_SIZE];
    size_t length;

    if (*at >= sizeof(f->who) || *who == '\0')
        return false;
    end = strstr(who, comma);
    length = (size_t)snprintf(text, sizeof(text), "%s\n%.*s", f->detector,
                              end != NULL ? (int)(end - who) : (int)strlen(who), who);
    *at = end != NULL ? (size_t)(end - f->who) + strlen(comma) : sizeof(f->who);
    (void)crypto_shorthash_siphash24(hash, (const uint8_t *)text, length, t->secret);
    memcpy(key, hash, sizeof(*key));
    return true;
}

/* NULL: no memory, or no room. */
static struct told_item *
item_of(struct told *t, uint64_t key)
{
    uint32_t place;

    if (map_get(&t->places, key, &place))
        return &t->items[place];
    if (t->count == TOLD_MOST)
        return NULL;
    if (t->count == t->space) {
        size_t space = t->space == 0 ? 64 : t->space * 2;
        struct told_item *more = memory_resize(t->items, space, sizeof(*more));

        if (more == NULL)
            return NULL;
        t->items = more;
        t->space = space;
    }
    t->items[t->count] = (struct told_item){.last = INT64_MIN};
    if (map_put(&t->places, key, (uint32_t)t->count) != 0)
        return NULL;
    return &t->items[t->count++];
}

int
told_recorded(struct told *t, const struct message_finding *f)
{
    struct told_item *item;
    uint64_t key;

    for (size_t at = 0; next_key(t, f, &at, &key);) {
        item = item_of(t, key);
        if (item == NULL)
            return t->count == TOLD_MOST ? 0 : PASU_E_NOMEM;
        item->about = f->first <= item->last && item->about > f->about ? item->about : f->about;
        item->last = f->last > item->last ? f->last : item->last;
        item->sent = item->sent_about <= f->about ? 0 : item->sent;
    }
    return 0;
}

static bool
is_known(const struct told_item *item, const struct message_finding *f, int64_t now)
{
    bool is_recorded = item->last != INT64_MIN && f->first <= item->last &&
                       (f->about < GROWN || f->about / GROWN < item->about);
    bool is_sent = item->sent != 0 && now < item->sent + TOLD_WAIT;

    return is_recorded || is_sent;
}

bool
told_is_new(const struct told *t, const struct message_finding *f, int64_t now)
{
    bool is_any = false;
    uint32_t place;
    uint64_t key;

    for (size_t at = 0; next_key(t, f, &at, &key); is_any = true)
        if (map_get(&t->places, key, &place) && is_known(&t->items[place], f, now))
            return false;
    return is_any && t->count < TOLD_MOST;
}

int
told_sent(struct told *t, const struct message_finding *f, int64_t now)
{
    uint64_t key;

    for (size_t at = 0; next_key(t, f, &at, &key);) {
        struct told_item *item = item_of(t, key);

        if (item == NULL)
            return t->count == TOLD_MOST ? 0 : PASU_E_NOMEM;
        item->sent = now;
        item->sent_about = f->about;
    }
    return 0;
}

static bool
is_overdue(const struct told_item *item, int64_t now)
{
    return item->sent != 0 && now >= item->sent + TOLD_WAIT;
}

bool
told_waits(const struct told *t, int64_t now)
{
    for (size_t i = 0; i < t->count; i++)
        if (is_overdue(&t->items[i], now))
            return true;
    return false;
}

void
told_give_up(struct told *t, int64_t now)
{
    for (size_t i = 0; i < t->count; i++)
        if (is_overdue(&t->items[i], now))
            t->items[i].sent = 0;
}
