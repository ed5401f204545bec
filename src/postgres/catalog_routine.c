/* SPDX-License-Identifier: Apache-2.0 */
/* Functions whose text says all that they do. */
#include "postgres/catalog_part.h"

/* "20 25": OIDs with a blank between. */
static bool
read_types(struct view text, struct catalog_routine *routine)
{
    size_t at = 0;

    while (at < text.length) {
        size_t end = at;

        while (end < text.length && text.bytes[end] != ' ')
            end++;
        if (routine->argument_count == CATALOG_ARGUMENTS_MAX ||
            !catalog_value_u32(view_of(text.bytes + at, end - at),
                               &routine->argument_types[routine->argument_count++]))
            return false;
        at = end + 1;
    }
    return true;
}

/* "k,,n": as many as there are arguments, or nothing at all. */
static int
read_names(struct catalog *c, struct view text, struct catalog_routine *routine)
{
    size_t at = 0;

    for (size_t i = 0; i < routine->argument_count; i++) {
        size_t end = at;

        while (end < text.length && text.bytes[end] != ',')
            end++;
        routine->argument_names[i] =
            catalog_arena_text(&c->arena, end > at ? view_of(text.bytes + at, end - at) : VIEW(""));
        if (!routine->argument_names[i])
            return PASU_E_NOMEM;
        at = end < text.length ? end + 1 : end;
    }
    return at == text.length ? 0 : PASU_E_MALFORMED;
}

int
catalog_routine_row(struct catalog *c, const struct view *v)
{
    struct catalog_routine *routine = catalog_pile_add(&c->routines, sizeof(*routine));
    const struct catalog_routine *before = c->routines.count > 1 ? routine - 1 : NULL;
    int result;

    if (!routine)
        return PASU_E_NOMEM;
    *routine = (struct catalog_routine){0};
    if (!catalog_value_u32(v[0], &routine->function) ||
        !catalog_value_bool(v[1], &routine->is_plpgsql) ||
        !catalog_value_u32(v[2], &routine->result_type) ||
        !catalog_value_u32(v[3], &routine->result_relation) || !v[4].bytes ||
        !read_types(v[4], routine) || !v[6].bytes || memchr(v[6].bytes, 0, v[6].length) ||
        (before && before->function >= routine->function))
        return PASU_E_MALFORMED;
    result = read_names(c, v[5].bytes ? v[5] : VIEW(""), routine);
    if (result != 0)
        return result;
    routine->body = catalog_arena_text(&c->arena, v[6]);
    return routine->body ? 0 : PASU_E_NOMEM;
}

static int
routine_order(const void *a, const void *b)
{
    const struct catalog_routine *left = a, *right = b;

    return left->function < right->function ? -1 : left->function > right->function;
}

const struct catalog_routine *
catalog_routine(const struct catalog *catalog, uint32_t function)
{
    const struct catalog_routine wanted = {.function = function};

    return catalog->routines.count == 0
               ? NULL
               : bsearch(&wanted, catalog->routines.items, catalog->routines.count, sizeof(wanted),
                         routine_order);
}
