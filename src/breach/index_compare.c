/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_compare.h"

#include "breach/index_key.h"

struct side {
    struct index_walk walk;
    struct view key, value;
    int next;
};

static int
begin(struct side *side, struct index *index, enum index_table table)
{
    int result = index_walk_begin(&side->walk, index, table);

    side->next =
        result == 0 ? index_walk_seek(&side->walk, VIEW("\0"), &side->key, &side->value) : result;
    return result;
}

static void
step(struct side *side)
{
    side->next = index_walk_next(&side->walk, &side->key, &side->value);
}

/* A damaged value has its key all the same. */
static bool
is_there(const struct side *side)
{
    return side->next == 1 || side->next == PASU_E_CORRUPT;
}

static int
compare_keys(struct view a, struct view b)
{
    size_t length = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.bytes, b.bytes, length);

    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static bool
is_of_segment(enum index_table table, struct view key)
{
    return table == INDEX_MAIN && key.length > 0 && key.bytes[0] == INDEX_SEGMENT;
}

static int
compare_table(struct side *one, struct side *other, enum index_table table,
              index_differs_fn *differs, void *arg)
{
    int result = 0;

    while (result == 0 && (is_there(one) || is_there(other))) {
        int order = !is_there(one) ? 1 : !is_there(other) ? -1 : compare_keys(one->key, other->key);

        if (is_of_segment(table, order < 0 ? one->key : other->key))
            result = 0; /* when the files were written to, which no ledger says */
        else if (order != 0)
            result = differs(arg, table, order < 0 ? one->key : other->key);
        else if (one->next != 1 || other->next != 1 || !view_equal(one->value, other->value))
            result = differs(arg, table, one->key);
        if (order <= 0)
            step(one);
        if (order >= 0)
            step(other);
    }
    if (result == 0 && one->next < 0)
        result = one->next;
    return result == 0 && other->next < 0 ? other->next : result;
}

int
index_compare(struct index *one, struct index *other, index_differs_fn *differs, void *arg)
{
    int result = 0;

    for (enum index_table t = INDEX_MAIN; result == 0 && t < INDEX_TABLES; t++) {
        struct side a = {0}, b = {0};

        result = begin(&a, one, t);
        if (result == 0)
            result = begin(&b, other, t);
        if (result == 0)
            result = compare_table(&a, &b, t, differs, arg);
        index_walk_end(&a.walk);
        index_walk_end(&b.walk);
    }
    return result;
}
