/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text has a plan, and any plan a showing, whatever the server's columns are. The first byte
 * says in which dialect and with whose rights, the rest is the text.
 */
#include "postgres/showing.h"

#include "../unit/shop_catalog.h"

#include <sys/resource.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Planning needs its stack: the limit counts from the next exec on. */
int
LLVMFuzzerInitialize(int *argc PASU_UNUSED, char ***argv)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < PLAN_STACK_SIZE) {
        limit.rlim_cur = PLAN_STACK_SIZE;
        if (setrlimit(RLIMIT_STACK, &limit) == 0)
            execv("/proc/self/exe", *argv);
    }
    return 0;
}

static void
show(const struct plan_statement *statement, const struct row_column *columns, size_t count)
{
    struct showing *showing;

    if (showing_new(&showing, statement, &shop, columns, count) != 0)
        return;
    if (showing->part_count > PLAN_PARTS_MAX || showing->last_column > count)
        __builtin_trap();
    /* Where nothing could be personal, nothing is, if the columns come from what is known. */
    if (statement->most_fields == 0 && !showing->is_nothing && count == 0)
        __builtin_trap();
    showing_free(showing);
}

static void
look(const struct plan_statement *s)
{
    static const struct row_column columns[] = {
        {.relation = SHOP_CUSTOMERS, .attribute = 1}, {.relation = SHOP_CUSTOMERS, .attribute = 2},
        {.relation = SHOP_V_CONTACT, .attribute = 1}, {.relation = 0},
        {.relation = 12345, .attribute = 1},          {.relation = SHOP_ORDERS, .attribute = 0}};
    uint64_t shown = 0;

    for (size_t i = 0; i < s->part_count; i++) {
        const struct plan_part *part = &s->parts[i];

        shown |= part->fields;
        for (size_t k = 0; k < part->column_count; k++)
            if (part->columns[k].column >= s->column_count ||
                (part->columns[k].fields & ~part->fields) != 0)
                __builtin_trap();
        if (part->source == SOURCE_HIDDEN && part->column >= s->hidden_count)
            __builtin_trap();
        if (part->source == SOURCE_SHADOW &&
            (part->shadows == 0 || part->shadows >> s->hidden_count != 0 || !s->shadows))
            __builtin_trap();
        if (part->source == SOURCE_PINNED && part->pin_count == 0)
            __builtin_trap();
    }
    if ((shown & ~s->most_fields) != 0 || !s->sql)
        __builtin_trap();
    for (size_t count = 0; count <= COUNT_OF(columns); count++)
        show(s, columns, count);
    if (s->inner)
        look(s->inner);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plan_environment environment = {.catalog = &shop, .role = "app"};
    struct plan *plan;

    if (size == 0 || memchr(data, '\0', size))
        return 0;
    environment.is_plain_dialect = !(data[0] & 1);
    environment.may_inject = !(data[0] & 2);
    environment.may_shadow = data[0] & 16;
    shop.has_foreign_equal = data[0] & 4;
    shop.has_foreign_casts = data[0] & 8;
    if (plan_new(&plan, view_of(data + 1, size - 1), &environment) != 0)
        __builtin_trap();
    for (size_t i = 0; i < plan->statement_count; i++)
        look(&plan->statements[i]);
    for (uint32_t i = 0; i < 100; i++)
        (void)plan_error_position(plan, i);
    plan_release(plan);
    return 0;
}
