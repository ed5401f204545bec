/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: a catalog snapshot from whatever a server sends. A line of the input is a row: the
 * query's letter ('A' is the first), then its values, told apart by '|'; "~" is null. What stands
 * behind a line "." is a function's body, which is read in its own snapshot.
 */
#include "../unit/catalog_rows.h"

#include "postgres/catalog_scan.h"

enum { ROWS_MAX = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct catalog_mapping_field fields[] = {{"name", 0}, {"phone", 1}};
static const struct catalog_mapping mappings[] = {
    {.table = "public.t", .key = "id", .kind = 0, .fields = fields, .field_count = 2},
    {.table = "u",
     .key = "id",
     .kind = 1,
     .fields = fields,
     .field_count = 1,
     .more_keys = {"part"}}};
static const char *const never[] = {"v"};
static const char *const subjects[] = {"t", "u"};
static const struct catalog_policy policy = {mappings, 2, never, 1, subjects, 2};

static void
look(const struct catalog *c)
{
    for (size_t i = 0; i < catalog_relation_count(c); i++) {
        const struct catalog_relation *r = catalog_relation_at(c, i);
        size_t at = 0;

        if ((r->fields & ~catalog_all_fields(c)) != 0 ||
            !catalog_relation_named(c, r->schema, r->name, &at))
            __builtin_trap();
        for (size_t s = 0; s < r->show_count; s++)
            if ((r->shows[s].fields & ~r->fields) != 0)
                __builtin_trap();
    }
}

static void
build(const struct catalog_row *rows, size_t count)
{
    struct catalog *first = NULL, *second = NULL;

    if (catalog_rows_build(&first, &policy, NULL, NULL, 0, rows, count) != 0)
        return;
    look(first);
    if (catalog_rows_build(&second, &policy, first, NULL, 0, rows, count) == 0)
        look(second);
    catalog_release(first);
    catalog_release(second);
}

static void
scan(const char *text)
{
    struct scan s = scan_of(view_of_text(text));
    size_t words = 0, most = strlen(text);

    while (scan_next(&s) != SCAN_END && s.kind != SCAN_UNSURE)
        if (++words > most)
            __builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct catalog_row rows[ROWS_MAX + 1];
    char *text = memory_dup(bytes, size), *rest = text, *line;
    size_t count = 0;

    if (!text)
        return 0;
    while (count < ROWS_MAX && (line = strsep(&rest, "\n")) != NULL && strcmp(line, ".") != 0)
        if (line[0] >= 'A' && line[0] < 'A' + (int)catalog_query_count())
            rows[count++] =
                (struct catalog_row){(enum catalog_rows_query)(line[0] - 'A'), line + 1};
    if (rest) {
        static char body[1 << 16];

        scan(rest);
        for (char *at = rest; (at = strpbrk(at, "|")) != NULL;)
            *at = '/'; /* no value has one */
        snprintf(body, sizeof(body), "30001|public|f|sql|t|f|f|f|%s|~", rest);
        rows[count++] = (struct catalog_row){ROWS_FUNCTIONS, body};
    }
    build(rows, count);
    memory_free(text);
    return 0;
}
