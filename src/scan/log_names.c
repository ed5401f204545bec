/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/log_names.h"

#include <assert.h>

static const struct {
    enum slot slot;
    const char *name;
} known[] = {
#define X(slot, name) {SLOT_##slot, name},
#include "scan/log_names.def"
#undef X
};

static_assert(2 * COUNT_OF(known) < NAMES_SLOTS, "the table stays half empty");

/* FNV-1a: the names are ours, and what a log has beside them costs a look more, no memory. */
static size_t
place_of(struct view name)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name.length; i++)
        hash = (hash ^ name.bytes[i]) * 16777619u;
    return (hash ^ hash >> 15) % NAMES_SLOTS;
}

void
log_names_init(struct log_names *names)
{
    *names = (struct log_names){0};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        size_t place = place_of(view_of_text(known[i].name));

        while (names->places[place] != 0)
            place = (place + 1) % NAMES_SLOTS;
        names->places[place] = (uint16_t)(i + 1);
    }
}

bool
log_names_add(struct log_names *names, const char *name, enum slot slot)
{
    if (names->own_count == NAMES_OWN_MAX)
        return false;
    names->own[names->own_count].name = name;
    names->own[names->own_count++].slot = slot;
    return true;
}

static bool
is_own_slot(const struct log_names *names, enum slot slot)
{
    for (size_t i = 0; i < names->own_count; i++)
        if (names->own[i].slot == slot)
            return true;
    return false;
}

int
log_names_slot(const struct log_names *names, struct view name, unsigned *rank)
{
    unsigned ignored;

    if (rank == NULL)
        rank = &ignored;
    for (size_t i = 0; i < names->own_count; i++)
        if (view_equal(name, view_of_text(names->own[i].name))) {
            *rank = (unsigned)i;
            return (int)names->own[i].slot;
        }
    for (size_t place = place_of(name); names->places[place] != 0;
         place = (place + 1) % NAMES_SLOTS) {
        size_t i = names->places[place] - 1u;

        if (!view_equal(name, view_of_text(known[i].name)))
            continue;
        *rank = NAMES_OWN_MAX + (unsigned)i;
        return is_own_slot(names, known[i].slot) ? -1 : (int)known[i].slot;
    }
    return -1;
}
