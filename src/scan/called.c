/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/called.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"

enum { PLACES = 1 << 15, WAYS = 4 };

struct name {
    uint64_t who;
    uint32_t axis;
    uint32_t turn; /* when it was set, in its row */
    char text[CALLED_NAME];
};

struct called {
    uint32_t turn;
    struct name names[PLACES / WAYS][WAYS];
};

int
called_new(struct called **slot)
{
    *slot = memory_new(1, sizeof(**slot));
    return *slot != NULL ? 0 : PASU_E_NOMEM;
}

void
called_free(struct called *called)
{
    memory_free(called);
}

const char *
called_find(const struct called *called, enum axis axis, uint64_t who)
{
    const struct name *row = called->names[who % (PLACES / WAYS)];

    for (size_t i = 0; i < WAYS; i++)
        if (row[i].who == who && row[i].axis == (uint32_t)axis)
            return row[i].text;
    return NULL;
}

void
called_set(struct called *called, enum axis axis, uint64_t who, const char *name)
{
    struct name *row = called->names[who % (PLACES / WAYS)], *to = row;

    for (size_t i = 1; i < WAYS; i++) /* the one that was set first */
        if ((int32_t)(row[i].turn - to->turn) < 0)
            to = &row[i];
    *to = (struct name){.who = who, .axis = (uint32_t)axis, .turn = ++called->turn};
    text_from_view(to->text, sizeof(to->text), view_of_text(name));
}
