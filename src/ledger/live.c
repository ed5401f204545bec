/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/live.h"

#include "base/memory.h"

enum { FIRST_SIZE = 256 };

/* Identities are random, unless a gate that was taken over chooses them: every bit, and the seed,
 * has its say in the place (the mixing of SplitMix64). */
static size_t
home_of(const struct live *live, uint64_t session)
{
    uint64_t mixed = session ^ live->seed;

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(mixed ^ mixed >> 31) & (live->size - 1);
}

/* The session's slot, or the free one where it belongs. The table has one: it is half empty. */
static size_t
find(const struct live *live, uint64_t session)
{
    size_t at = home_of(live, session);

    while (live->slots[at].session != 0 && live->slots[at].session != session)
        at = (at + 1) & (live->size - 1);
    return at;
}

bool
live_has(const struct live *live, uint64_t session)
{
    return session != 0 && live->count > 0 && live->slots[find(live, session)].session == session;
}

static int
grow(struct live *live)
{
    struct live next = *live;

    next.size = live->size > 0 ? live->size * 2 : FIRST_SIZE;
    next.slots = memory_new(next.size, sizeof(*next.slots));
    if (!next.slots)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < live->size; i++)
        if (live->slots[i].session != 0)
            next.slots[find(&next, live->slots[i].session)] = live->slots[i];
    memory_free(live->slots);
    *live = next;
    return 0;
}

/* Frees a slot and moves back those behind it that would not be found any more. */
static void
free_slot(struct live *live, size_t hole)
{
    size_t mask = live->size - 1, at = hole;

    for (;;) {
        at = (at + 1) & mask;
        if (live->slots[at].session == 0)
            break;
        if (((at - home_of(live, live->slots[at].session)) & mask) >= ((at - hole) & mask)) {
            live->slots[hole] = live->slots[at];
            hole = at;
        }
    }
    live->slots[hole] = (struct live_slot){0};
    live->count--;
}

void
live_release(struct live *live)
{
    memory_free(live->slots);
    memory_free(live->names.items);
    memory_free(live->addresses.items);
    *live = (struct live){0};
}

/* The number of a name, from 1; 0: there is no room for it. The newest ones first: sessions of one
 * principal come together. */
static uint32_t
number_of(struct live_names *names, const char *name)
{
    if (name[0] == '\0')
        return 0;
    for (size_t i = names->count; i > 0; i--)
        if (strncmp(names->items[i - 1], name, NAME_SIZE - 1) == 0)
            return (uint32_t)i;
    if (names->count == LIVE_NAMES_MAX)
        return 0;
    if (names->count == names->space) {
        size_t space = names->space > 0 ? 2 * names->space : 16;
        char(*more)[NAME_SIZE] = memory_resize(names->items, space, sizeof(*more));

        if (!more)
            return 0;
        names->items = more;
        names->space = space;
    }
    snprintf(names->items[names->count], NAME_SIZE, "%.*s", NAME_SIZE - 1, name);
    return (uint32_t)++names->count;
}

static const char *
name_of(const struct live_names *names, uint32_t number)
{
    return number > 0 ? names->items[number - 1] : "";
}

const char *
live_principal(const struct live *live, uint64_t session)
{
    if (!live_has(live, session))
        return "";
    return name_of(&live->names, live->slots[find(live, session)].name);
}

const char *
live_address(const struct live *live, uint64_t session)
{
    if (!live_has(live, session))
        return "";
    return name_of(&live->addresses, live->slots[find(live, session)].address);
}

int
live_add(struct live *live, uint64_t session, const char *principal, const char *address)
{
    size_t at;

    if (session == 0)
        return 0;
    if (!live_has(live, session)) {
        if (live->count >= LIVE_MAX || (2 * (live->count + 1) > live->size && grow(live) != 0))
            return PASU_E_NOMEM;
        live->count++;
    }
    at = find(live, session);
    live->slots[at] = (struct live_slot){.session = session,
                                         .round = live->round,
                                         .name = number_of(&live->names, principal),
                                         .address = number_of(&live->addresses, address)};
    return 0;
}

static uint64_t
sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void
live_showed(struct live *live, uint64_t session, bool begins, uint64_t rows, uint64_t persons)
{
    struct live_slot *slot;

    if (session == 0 || live->count == 0)
        return;
    slot = &live->slots[find(live, session)];
    if (slot->session != session)
        return;
    if (begins) {
        slot->is_begun = true;
        slot->rows = slot->persons = 0;
    }
    slot->rows = sum(slot->rows, rows);
    slot->persons = sum(slot->persons, persons);
}

bool
live_statement(const struct live *live, uint64_t session, uint64_t *rows, uint64_t *persons)
{
    const struct live_slot *slot;

    if (!live_has(live, session))
        return false;
    slot = &live->slots[find(live, session)];
    *rows = slot->rows;
    *persons = slot->persons;
    return slot->is_begun;
}

void
live_remove(struct live *live, uint64_t session)
{
    size_t at;

    if (live->count == 0 || session == 0)
        return;
    at = find(live, session);
    if (live->slots[at].session == session)
        free_slot(live, at);
}

void
live_doubt(struct live *live)
{
    live->round++;
}

void
live_sweep(struct live *live, void (*ended)(void *arg, uint64_t session), void *arg)
{
    for (size_t at = 0; at < live->size;) {
        struct live_slot slot = live->slots[at];

        if (slot.session == 0 || slot.round == live->round) {
            at++;
            continue;
        }
        free_slot(live, at); /* and look again: another may have moved here */
        ended(arg, slot.session);
    }
}
