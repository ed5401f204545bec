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

/* "nm 25,em 25": as there are columns in the result. */
static int
read_results(struct catalog *c, struct view text, struct catalog_routine *routine)
{
    size_t at = 0;

    while (at < text.length) {
        size_t end = at, blank;

        while (end < text.length && text.bytes[end] != ',')
            end++;
        for (blank = end; blank > at && text.bytes[blank - 1] != ' ';)
            blank--;
        if (routine->result_count == CATALOG_RESULTS_MAX || blank < at + 2 ||
            !catalog_value_u32(view_of(text.bytes + blank, end - blank),
                               &routine->result_types[routine->result_count]))
            return PASU_E_MALFORMED;
        routine->result_names[routine->result_count] =
            catalog_arena_text(&c->arena, view_of(text.bytes + at, blank - 1 - at));
        if (!routine->result_names[routine->result_count++])
            return PASU_E_NOMEM;
        at = end + 1;
    }
    return 0;
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
    if (result == 0 && v[7].bytes)
        result = read_results(c, v[7], routine);
    if (result != 0)
        return result;
    routine->body = catalog_arena_text(&c->arena, v[6]);
    return routine->body ? 0 : PASU_E_NOMEM;
}

/* RETURN (SELECT …), or BEGIN ATOMIC SELECT …; END, as the server prints them: the query alone. */
static struct view
query_of_body(struct view body)
{
    static const struct {
        const char *start, *end;
    } forms[] = {{"RETURN (", ")"}, {"BEGIN ATOMIC", "END"}};

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        size_t start = strlen(forms[i].start), end = strlen(forms[i].end);

        if (body.length > start + end && memcmp(body.bytes, forms[i].start, start) == 0 &&
            memcmp(body.bytes + body.length - end, forms[i].end, end) == 0)
            return view_of(body.bytes + start, body.length - start - end);
    }
    return view_of("", 0);
}

int
catalog_routine_body(struct catalog *c, uint32_t function, struct view body)
{
    enum { BODY_MAX = 4096 };
    struct catalog_routine *routine =
        (struct catalog_routine *)(uintptr_t)catalog_routine(c, function);

    body = body.bytes ? query_of_body(body) : view_of("", 0);
    if (!routine || body.length == 0 || body.length > BODY_MAX ||
        memchr(body.bytes, 0, body.length))
        return 0;
    routine->body = catalog_arena_text(&c->arena, body);
    routine->is_printed = true;
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
