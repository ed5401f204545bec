/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoint's people beside the roster's lines. Both say who has left, and either is believed: a
 * line whose principal, or owner, the identity provider calls inactive has left, whatever else it
 * says. Who is on no line gets one; of several who have one role, which they come to have when it
 * is named by another attribute, one must be there. Letters' case (of ASCII) makes no difference:
 * identity providers do not keep it.
 */
#include "base/memory.h"
#include "policy/roster_part.h"

/* By what a person is known: there can be several of one, and one of several. */
struct known {
    const char *name;
    const struct roster_entry *person;
    bool is_principal;
};

struct known_list {
    struct known *items;
    size_t count;
};

static int
compare_known(const void *a, const void *b)
{
    return strcasecmp(((const struct known *)a)->name, ((const struct known *)b)->name);
}

static int
list_people(struct known_list *list, const struct roster *roster, size_t first)
{
    list->items = memory_new(3 * (roster->count - first) + 1, sizeof(*list->items));
    if (!list->items)
        return PASU_E_NOMEM;
    for (size_t i = first; i < roster->count; i++) {
        const struct roster_entry *one = &roster->entries[i];
        const char *const names[] = {one->principal, one->user_name, one->contact};

        for (size_t n = 0; n < COUNT_OF(names); n++)
            if (names[n][0] != '\0')
                list->items[list->count++] = (struct known){names[n], one, n == 0};
    }
    qsort(list->items, list->count, sizeof(*list->items), compare_known);
    return 0;
}

/* The first of that name, or where it would be. */
static size_t
find(const struct known_list *list, const char *name)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcasecmp(list->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether somebody is known by that name, and all who are have left. */
static bool
has_left(const struct known_list *list, const char *name, bool as_principal)
{
    bool is_known = false;

    for (size_t i = find(list, name); i < list->count; i++) {
        const struct known *one = &list->items[i];

        if (strcasecmp(one->name, name) != 0)
            break;
        if (as_principal && !one->is_principal)
            continue;
        if (!one->person->is_left)
            return false;
        is_known = true;
    }
    return is_known;
}

static bool
has_line(const struct known_list *lines, const char *principal)
{
    size_t at = find(lines, principal);

    return at < lines->count && strcasecmp(lines->items[at].name, principal) == 0;
}

static int
list_lines(struct known_list *list, const struct roster *roster, size_t first)
{
    list->items = memory_new(first + 1, sizeof(*list->items));
    if (!list->items)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < first; i++)
        list->items[list->count++] =
            (struct known){roster->entries[i].principal, &roster->entries[i], true};
    qsort(list->items, list->count, sizeof(*list->items), compare_known);
    return 0;
}

static int
compare_people(const void *a, const void *b)
{
    const struct roster_entry *x = a, *y = b;
    int order = strcmp(x->principal, y->principal);

    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* Those who have no line get one, each role once. */
static void
keep_people(struct roster *roster, size_t first, const struct known_list *lines)
{
    size_t to = first;

    for (size_t i = first; i < roster->count; i++) {
        const struct roster_entry *one = &roster->entries[i];

        if (to > first && strcmp(roster->entries[to - 1].principal, one->principal) == 0)
            roster->entries[to - 1].is_left &= one->is_left;
        else if (!has_line(lines, one->principal))
            roster->entries[to++] = *one;
    }
    roster->count = to;
}

int
roster_merge(struct roster *roster, size_t first)
{
    struct known_list people = {0}, lines = {0};
    int result;

    if (roster->count > first)
        qsort(&roster->entries[first], roster->count - first, sizeof(*roster->entries),
              compare_people);
    result = list_people(&people, roster, first);

    if (result == 0)
        result = list_lines(&lines, roster, first);
    for (size_t i = 0; result == 0 && i < first; i++) {
        struct roster_entry *line = &roster->entries[i];

        if (has_left(&people, line->principal, true) ||
            (line->owner[0] != '\0' && has_left(&people, line->owner, false)))
            line->is_left = true;
    }
    if (result == 0)
        keep_people(roster, first, &lines);
    memory_free(people.items);
    memory_free(lines.items);
    return result;
}
