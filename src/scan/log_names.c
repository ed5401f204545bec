/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/log_names.h"

#include <assert.h>

static const struct {
    enum slot slot;
    uint8_t length;
    const char *name;
} known[] = {
#define X(slot, name) {SLOT_##slot, sizeof(name) - 1, name},
#include "scan/log_names.def"
#undef X
};

static_assert(2 * COUNT_OF(known) < NAMES_SLOTS, "the table stays half empty");

/* Of the length, and of eight bytes at either end: the names are ours, and what a log has beside
 * them costs a look more, no memory. */
static size_t
place_of(struct view name)
{
    uint64_t first = 0, last = 0, hash;

    if (name.length >= 8) {
        memcpy(&first, name.bytes, 8);
        memcpy(&last, name.bytes + name.length - 8, 8);
    } else {
        for (size_t i = 0; i < name.length; i++)
            first = first << 8 | name.bytes[i];
    }
    hash = (first ^ (last << 23 | last >> 41) ^ name.length) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(hash >> 40) % NAMES_SLOTS;
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
    names->own[names->own_count].length = strlen(name);
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
        if (name.length == names->own[i].length &&
            view_equal(name, view_of_text(names->own[i].name))) {
            *rank = (unsigned)i;
            return (int)names->own[i].slot;
        }
    for (size_t place = place_of(name); names->places[place] != 0;
         place = (place + 1) % NAMES_SLOTS) {
        size_t i = names->places[place] - 1u;

        if (name.length != known[i].length || memcmp(name.bytes, known[i].name, name.length) != 0)
            continue;
        *rank = NAMES_OWN_MAX + (unsigned)i;
        return is_own_slot(names, known[i].slot) ? -1 : (int)known[i].slot;
    }
    return -1;
}
