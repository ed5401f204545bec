/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_each.h"

static bool
is_below(struct view key, const struct index_key *to)
{
    size_t length = key.length < to->length ? key.length : to->length;
    int order = memcmp(key.bytes, to->bytes, length);

    return order < 0 || (order == 0 && key.length < to->length);
}

/* from <= key < to, all as long as `from`. */
static int
each(struct index *index, enum index_table table, bool keeps, struct index_key from,
     struct index_key to, index_see_fn *see, void *arg)
{
    struct index_walk walk;
    struct view key, value;
    int result = index_walk_begin(&walk, index, table), next = 0;

    walk.keeps = keeps;
    if (result == 0)
        next = index_walk_seek(&walk, index_key_view(&from), &key, &value);
    while (result == 0 && next == 1 && is_below(key, &to)) {
        result = key.length == from.length ? see(arg, key, value) : PASU_E_CORRUPT;
        if (result == 0)
            next = index_walk_next(&walk, &key, &value);
    }
    index_walk_end(&walk);
    return result == 0 && next < 0 ? next : result;
}

int
index_each_number(struct index *index, char letter, index_see_fn *see, void *arg)
{
    return each(index, INDEX_MAIN, false, index_key_number(letter, 0),
                index_key_letter((char)(letter + 1)), see, arg);
}

int
index_each_session(struct index *index, char letter, index_see_fn *see, void *arg)
{
    return index_each_session_from(index, letter, 0, see, arg);
}

int
index_each_session_from(struct index *index, char letter, uint64_t first, index_see_fn *see,
                        void *arg)
{
    return each(index, INDEX_MAIN, false, index_key_session(letter, first),
                index_key_letter((char)(letter + 1)), see, arg);
}

int
index_each_unit(struct index *index, int32_t from, int32_t to, index_see_fn *see, void *arg)
{
    return each(index, INDEX_DAYS, false, index_key_unit(index_day_number(from), 0),
                index_key_unit(index_day_number(to), 0), see, arg);
}

int
index_keep_units(struct index *index, int32_t from, int32_t to, index_see_fn *see, void *arg)
{
    return each(index, INDEX_DAYS, true, index_key_unit(index_day_number(from), 0),
                index_key_unit(index_day_number(to), 0), see, arg);
}
