/* SPDX-License-Identifier: Apache-2.0 */
/* A told ledger's index, and its answers beside those of reading. */
#ifndef PASU_TEST_INDEX_ANSWER_H
#define PASU_TEST_INDEX_ANSWER_H

#include "breach/index_build.h"
#include "breach/index_scope.h"
#include "index_story.h"

#include <fcntl.h>
#include <unistd.h>

static int directory, index_place;            /* the ledger's folder, and the index's in it */
static const struct segment_keys *index_keys; /* NULL: it is not encrypted */
static char folder[] = "/tmp/pasu-index-XXXXXX";

struct answer {
    struct book *book;
    struct filter filter;
    struct selection selection;
    struct scope scope;
};

static inline struct entries
entries_of(struct told_ledger *l)
{
    return (struct entries){.arg = l,
                            .seek = told_seek,
                            .next = told_next,
                            .choose = told_choose,
                            .damage = told_damage};
}

static inline void
begin(struct answer *a, struct filter filter, bool has_configured)
{
    struct vocabulary *v = memory_new(1, sizeof(*v));

    *a = (struct answer){.filter = filter};
    assert_int_equal(book_new(&a->book, &os_real), 0);
    told_vocabulary(v, 1);
    if (has_configured)
        assert_int_equal(names_add(&a->book->names, v), 0);
    memory_free(v);
    scope_init(&a->scope, &a->selection);
    selection_init(&a->selection, a->book, &a->filter, scope_take, &a->scope);
}

static inline void
end(struct answer *a)
{
    scope_release(&a->scope);
    selection_release(&a->selection);
    book_free(a->book);
}

static inline void
read_all(struct answer *a, struct told_ledger *l)
{
    struct ledger_entry entry;
    int next;

    assert_int_equal(told_seek(l, 0), 0);
    while ((next = told_next(l, &entry)) != 0) {
        if (next == 1)
            assert_int_equal(selection_add(&a->selection, &entry), 0);
        else
            gaps_damage(&a->book->gaps, told_damage(l));
    }
    assert_int_equal(selection_end(&a->selection), 0);
}

/* ---- two answers are one ---- */

static inline void
compare_intervals(struct interval a, struct interval b)
{
    assert_int_equal(a.at_least, b.at_least);
    assert_int_equal(a.at_most, b.at_most);
}

static inline void
compare_kinds(const struct answer *a, const struct answer *b)
{
    static const struct scope_kind nothing;
    const struct name_list *kinds = &a->book->names.kinds;

    for (size_t k = 0; k < kinds->count; k++) {
        int other = name_list_find(&b->book->names.kinds, kinds->items[k]);
        const struct scope_kind *one = k < a->scope.kind_count ? &a->scope.kinds[k] : &nothing,
                                *two = other >= 0 && (size_t)other < b->scope.kind_count
                                           ? &b->scope.kinds[other]
                                           : &nothing;

        compare_intervals(scope_subjects(&a->scope, k), scope_subjects(&b->scope, (size_t)other));
        assert_int_equal(one->bounded, two->bounded);
        assert_int_equal(one->largest_bound, two->largest_bound);
        assert_int_equal(one->has_numbers, two->has_numbers);
        assert_int_equal(persons_count(one->shown), persons_count_union(one->shown, two->shown));
    }
}

static inline void
compare_fields(const struct answer *a, const struct answer *b)
{
    const struct name_list *fields = &a->book->names.fields;

    for (size_t f = 0; f < fields->count; f++) {
        size_t other = (size_t)name_list_find(&b->book->names.fields, fields->items[f]);
        enum clarity clarity = scope_field_clarity(&a->scope, f);

        assert_int_equal(clarity, scope_field_clarity(&b->scope, other));
        compare_intervals(scope_field_persons(&a->scope, f), scope_field_persons(&b->scope, other));
        if (clarity == CLARITY_NONE)
            assert_int_equal(selection_has_watched(&a->selection, (int)f),
                             selection_has_watched(&b->selection, (int)other));
    }
}

static inline void
compare_gaps(const struct gaps *a, const struct gaps *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t g = 0; g < a->count; g++)
        assert_memory_equal(&a->items[g], &b->items[g], sizeof(a->items[g]));
}

static inline void
compare(const struct answer *a, const struct answer *b)
{
    compare_kinds(a, b);
    compare_kinds(b, a);
    compare_fields(a, b);
    compare_fields(b, a);
    assert_int_equal(a->scope.statements, b->scope.statements);
    assert_int_equal(a->scope.rows, b->scope.rows);
    assert_int_equal(a->scope.misses, b->scope.misses);
    assert_int_equal(a->scope.first, b->scope.first);
    assert_int_equal(a->scope.last, b->scope.last);
    assert_int_equal(a->scope.bounded, b->scope.bounded);
    assert_int_equal(a->scope.unattributed, b->scope.unattributed);
    assert_memory_equal(a->scope.attributions, b->scope.attributions,
                        sizeof(a->scope.attributions));
    assert_memory_equal(a->scope.flags, b->scope.flags, sizeof(a->scope.flags));
    assert_int_equal(a->scope.principals.count, b->scope.principals.count);
    for (size_t p = 0; p < a->scope.principals.count; p++)
        assert_string_equal(a->scope.principals.items[p], b->scope.principals.items[p]);
    assert_int_equal(a->selection.untestable, b->selection.untestable);
    assert_int_equal(a->selection.unrecorded.count, b->selection.unrecorded.count);
    compare_gaps(&a->book->gaps, &b->book->gaps);
}

/* ---- the index of a part of the ledger, made in pieces ---- */

static inline void
build_into(struct index *index, struct told_ledger *l, size_t from, size_t to)
{
    struct index_build *b;

    assert_int_equal(index_build_new(&b, &os_real, index, from > 0), 0);
    index_build_gather(b, 300);
    for (size_t i = from; i < to; i++) {
        if ((int)l->items[i].entry.type == STORY_DAMAGE)
            index_build_damage(b, &(struct records_place){.segment = 7, .offset = i + 1});
        else
            assert_int_equal(index_build_add(b, &l->items[i].entry), 0);
    }
    assert_int_equal(index_build_end(b), 0);
    index_build_free(b);
}

static inline void
build(struct told_ledger *l, size_t from, size_t to)
{
    struct index *index;

    if (from == 0)
        assert_int_equal(index_make(&index, index_place, index_keys), 0);
    else
        assert_int_equal(index_open_to_write(&index, index_place, index_keys), 0);
    build_into(index, l, from, to);
    if (from == 0) {
        assert_int_equal(index_replace(index, index_place), 0);
    } else {
        assert_int_equal(index_commit(index), 0);
        index_close(index);
    }
}

/* Where the index ends, and goes on: behind an entry that is one. */
static inline size_t
place_behind(const struct told_ledger *l, size_t at)
{
    while (at < l->count && (int)l->items[at - 1].entry.type == STORY_DAMAGE)
        at++;
    return at;
}

/* All that is in the index. */
static inline void
collect(struct pack *pack)
{
    struct index *index;

    assert_int_equal(index_open(&index, directory, index_keys), 0);
    for (enum index_table t = INDEX_MAIN; t < INDEX_TABLES; t++) {
        struct index_walk walk;
        struct view key, value;
        int next;

        assert_int_equal(index_walk_begin(&walk, index, t), 0);
        next = index_walk_seek(&walk, VIEW("\0"), &key, &value);
        for (; next == 1; next = index_walk_next(&walk, &key, &value)) {
            pack_number(pack, key.length);
            pack_bytes(pack, key.bytes, key.length);
            pack_number(pack, value.length);
            pack_bytes(pack, value.bytes, value.length);
        }
        assert_int_equal(next, 0);
        index_walk_end(&walk);
    }
    index_close(index);
}

/* With the index: 0, or why not. */
static inline int
ask_index(struct answer *with, struct told_ledger *l, struct filter filter, bool has_configured)
{
    struct entries entries = entries_of(l);
    struct index *index;
    int result;

    begin(with, filter, has_configured);
    assert_int_equal(index_open(&index, directory, index_keys), 0);
    result = index_scope(index, &with->scope, &with->selection, &entries);
    index_close(index);
    return result;
}

/* Whether it was answered. What is not depends on the ledger: see index_read.c. */
static inline bool
ask_both(struct told_ledger *l, struct filter filter, bool has_configured)
{
    struct answer with, without;
    int result = ask_index(&with, l, filter, has_configured);

    begin(&without, filter, has_configured);
    read_all(&without, l);
    if (result == 0)
        compare(&with, &without);
    else
        assert_int_equal(result, PASU_E_UNAVAILABLE);
    end(&with);
    end(&without);
    return result == 0;
}

/* ---- its key ---- */

/* As a test's set-up and tear-down: what is made in between is encrypted. */
static inline int
set_key(void **state PASU_UNUSED)
{
    static const struct segment_keys keys = {.keys = {{7, 1, 9}}, .count = 1};

    index_keys = &keys;
    return 0;
}

static inline int
drop_key(void **state PASU_UNUSED)
{
    index_keys = NULL;
    return 0;
}

/* ---- the folder ---- */

static inline int
set_up(void **state PASU_UNUSED)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    index_place = directory >= 0 ? index_folder(directory) : -1;
    return index_place >= 0 ? 0 : -1;
}

static inline int
tear_down(void **state PASU_UNUSED)
{
    index_remove(index_place);
    close(index_place);
    unlinkat(directory, "index", AT_REMOVEDIR);
    close(directory);
    return rmdir(folder);
}

#endif
