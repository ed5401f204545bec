/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_unit.h"

#include "base/memory.h"

void
unit_release(struct unit *unit)
{
    for (size_t c = 0; c < unit->count; c++) {
        struct unit_class *class = &unit->classes[c];

        for (size_t p = 0; p < class->part_count; p++) {
            ordinals_release(&class->parts[p].shown);
            ordinals_release(&class->parts[p].missed);
        }
        memory_free(class->parts);
        ordinals_release(&class->principals);
    }
    memory_free(unit->classes);
    unit->classes = NULL;
    unit->count = unit->space = 0;
}

struct unit_class *
unit_class_at(struct unit *unit, uint32_t class, size_t part_count)
{
    struct unit_class *made;

    for (size_t c = 0; c < unit->count; c++)
        if (unit->classes[c].class == class)
            return &unit->classes[c];
    if (unit->count == unit->space) {
        size_t space = unit->space * 2 + 2;
        struct unit_class *classes = memory_resize(unit->classes, space, sizeof(*classes));

        if (classes == NULL)
            return NULL;
        unit->classes = classes;
        unit->space = space;
    }
    made = &unit->classes[unit->count];
    *made = (struct unit_class){.class = class, .part_count = part_count};
    if (part_count > 0) {
        made->parts = memory_new(part_count, sizeof(*made->parts));
        if (made->parts == NULL)
            return NULL;
    }
    unit->count++;
    return made;
}

/* ---- writing ---- */

static void
write_sums(struct pack *pack, const struct sums *sums)
{
    size_t flags = 0;

    pack_number(pack, sums->count);
    pack_number(pack, sums->statements);
    pack_number(pack, sums->weight);
    pack_number(pack, sums->rows);
    pack_number(pack, sums->misses);
    pack_u64(pack, (uint64_t)sums->first);
    pack_number(pack, (uint64_t)sums->last - (uint64_t)sums->first);
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        flags += sums->flags[flag] > 0;
    pack_number(pack, flags);
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        if (sums->flags[flag] > 0) {
            pack_u8(pack, (uint8_t)flag);
            pack_number(pack, sums->flags[flag]);
        }
}

static int
write_class(struct unit_class *class, struct pack *pack, struct ordinals *scratch, size_t dense)
{
    int result = ordinals_sort(&class->principals, scratch);

    pack_number(pack, class->class);
    write_sums(pack, &class->sums);
    pack_number(pack, class->principals.count);
    for (size_t i = 0; i < class->principals.count; i++)
        pack_number(pack, class->principals.items[i]);
    for (size_t p = 0; result == 0 && p < class->part_count; p++) {
        struct unit_part *part = &class->parts[p];

        pack_number(pack, part->bound.unknown);
        pack_number(pack, part->bound.bounded);
        pack_number(pack, part->bound.largest);
        result = ordinals_sort(&part->shown, scratch);
        if (result == 0)
            result = ordinals_sort(&part->missed, scratch);
        if (result != 0)
            return result;
        person_bytes_put(pack, &part->shown, dense);
        person_bytes_put(pack, &part->missed, dense);
    }
    return result;
}

static int
compare_classes(const void *a, const void *b)
{
    const struct unit_class *one = a, *other = b;

    return (one->class > other->class) - (one->class < other->class);
}

int
unit_write(struct unit *unit, struct pack *pack, struct ordinals *scratch, size_t dense)
{
    int result = 0;

    if (unit->count > 0)
        qsort(unit->classes, unit->count, sizeof(*unit->classes), compare_classes);
    pack_number(pack, unit->count);
    for (size_t c = 0; result == 0 && c < unit->count; c++)
        result = write_class(&unit->classes[c], pack, scratch, dense);
    return result != 0 ? result : pack->failed ? PASU_E_NOMEM : 0;
}

/* ---- reading ---- */

void
unit_walk_begin(struct unit_walk *walk, struct view bytes, const struct interner *classes)
{
    *walk = (struct unit_walk){.reader = reader_of(bytes), .classes = classes};
    walk->left = unpack_count(&walk->reader);
}

static void
read_sums(struct reader *r, struct sums *sums)
{
    size_t flags;

    *sums = (struct sums){.count = unpack_number(r)};
    sums->statements = unpack_number(r);
    sums->weight = unpack_number(r);
    sums->rows = unpack_number(r);
    sums->misses = unpack_number(r);
    sums->first = (int64_t)little_read_u64(r);
    sums->last = (int64_t)((uint64_t)sums->first + unpack_number(r));
    flags = unpack_count(r);
    for (size_t i = 0; i < flags && !r->failed; i++) {
        uint8_t flag = reader_u8(r);
        uint64_t count = unpack_number(r);

        if (flag >= FLAG_COUNT)
            r->failed = true;
        else
            sums->flags[flag] = count;
    }
}

int
unit_walk_next(struct unit_walk *walk, struct unit_view *view)
{
    struct reader *r = &walk->reader;

    if (walk->left == 0)
        return reader_end(r) == 0 ? 0 : PASU_E_CORRUPT;
    walk->left--;
    view->class = (uint32_t)unpack_number(r);
    if (r->failed || view->class == 0 || view->class > walk->classes->count)
        return PASU_E_CORRUPT;
    view->part_count = index_class_of(walk->classes, view->class)->head.part_count;
    read_sums(r, &view->sums);
    view->principal_count = unpack_count(r);
    view->principals = *r;
    for (size_t i = 0; i < view->principal_count && !r->failed; i++)
        unpack_number(r);
    for (size_t p = 0; p < view->part_count && !r->failed; p++) {
        view->bounds[p].unknown = unpack_number(r);
        view->bounds[p].bounded = unpack_number(r);
        view->bounds[p].largest = unpack_number(r);
        view->shown[p] = person_bytes_next(r);
        view->missed[p] = person_bytes_next(r);
    }
    return r->failed ? PASU_E_CORRUPT : 1;
}

int
unit_view_principals(const struct unit_view *view, uint32_t principal, struct ordinals *principals)
{
    struct reader numbers = view->principals;
    int result = principal != 0 ? ordinals_add(principals, &principal, 1) : 0;

    for (size_t i = 0; result == 0 && i < view->principal_count; i++) {
        uint32_t number = (uint32_t)unpack_number(&numbers);

        result = ordinals_add(principals, &number, 1);
    }
    return result;
}

static int
read_class(struct unit *unit, const struct unit_view *view, uint32_t principal)
{
    struct unit_class *class = unit_class_at(unit, view->class, view->part_count);
    int result;

    if (class == NULL)
        return PASU_E_NOMEM;
    sums_add(&class->sums, &view->sums);
    result = unit_view_principals(view, principal, &class->principals);
    for (size_t p = 0; result == 0 && p < view->part_count; p++) {
        bound_add(&class->parts[p].bound, &view->bounds[p]);
        result = person_bytes_list(view->shown[p], &class->parts[p].shown);
        if (result == 0)
            result = person_bytes_list(view->missed[p], &class->parts[p].missed);
    }
    return result;
}

int
unit_read(struct unit *unit, struct view bytes, const struct interner *classes, uint32_t principal)
{
    struct unit_view view;
    struct unit_walk walk;
    int result;

    unit_walk_begin(&walk, bytes, classes);
    while ((result = unit_walk_next(&walk, &view)) == 1) {
        result = read_class(unit, &view, principal);
        if (result != 0)
            return result;
    }
    return result;
}
