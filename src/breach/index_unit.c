/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_unit.h"

#include "base/memory.h"
#include "breach/column_bytes.h"
#include "breach/day.h"

/* In the place of a set's form: somebody, who is kept elsewhere. */
enum { UNIT_APART = 4 };

void
unit_release(struct unit *unit)
{
    for (size_t c = 0; c < unit->count; c++) {
        struct unit_class *class = &unit->classes[c];

        for (size_t p = 0; p < class->part_count; p++) {
            marked_release(&class->parts[p].shown);
            marked_release(&class->parts[p].missed);
        }
        memory_free(class->parts);
        ordinals_release(&class->principals);
    }
    memory_free(unit->classes);
    unit->classes = NULL;
    unit->count = unit->space = 0;
}

void
unit_scratch_release(struct unit_scratch *scratch)
{
    ordinals_release(&scratch->ordinals);
    marked_release(&scratch->sorted);
    memory_free(scratch->parts);
    *scratch = (struct unit_scratch){0};
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

int
unit_add_sums(struct unit *unit, const struct unit *more)
{
    for (size_t c = 0; c < more->count; c++) {
        const struct unit_class *from = &more->classes[c];
        struct unit_class *to = unit_class_at(unit, from->class, from->part_count);

        if (to == NULL)
            return PASU_E_NOMEM;
        sums_add(&to->sums, &from->sums);
        for (size_t p = 0; p < from->part_count; p++) {
            const struct unit_part *part = &from->parts[p];

            bound_add(&to->parts[p].bound, &part->bound);
            to->parts[p].is_shown_apart |= part->is_shown_apart || part->shown.count > 0;
            to->parts[p].is_missed_apart |= part->is_missed_apart || part->missed.count > 0;
        }
    }
    return 0;
}

int
unit_add_view(struct unit *unit, const struct unit_view *view)
{
    struct unit_class *to = unit_class_at(unit, view->class, view->part_count);

    if (to == NULL)
        return PASU_E_NOMEM;
    sums_add(&to->sums, &view->sums);
    for (size_t p = 0; p < view->part_count; p++) {
        bound_add(&to->parts[p].bound, &view->bounds[p]);
        to->parts[p].is_shown_apart |= view->shown[p].length > 0;
        to->parts[p].is_missed_apart |= view->missed[p].length > 0;
    }
    return unit_view_principals(view, 0, &to->principals);
}

/* ---- writing ---- */

static void
write_sums(struct pack *pack, const struct sums *sums)
{
    pack_number(pack, sums->count);
    pack_number(pack, sums->statements);
    pack_number(pack, sums->weight);
    pack_number(pack, sums->rows);
    pack_number(pack, sums->misses);
    pack_u64(pack, (uint64_t)sums->first);
    pack_number(pack, (uint64_t)sums->last - (uint64_t)sums->first);
    sums_put_flags(pack, sums);
}

/* Room for the parts of so many; NULL where there is no memory. */
static uint8_t *
parts_room(struct unit_scratch *scratch, size_t count)
{
    uint8_t *parts;

    if (scratch->space >= count && scratch->parts != NULL)
        return scratch->parts;
    parts = memory_resize(scratch->parts, count * 2 + 64, sizeof(*parts));
    if (parts == NULL)
        return NULL;
    scratch->parts = parts;
    scratch->space = count * 2 + 64;
    return parts;
}

/* Each person once: who was there in several parts of the day, was in none alone. */
static int
split(struct marked *set, struct unit_scratch *scratch)
{
    int result = marked_sort(set, &scratch->sorted);
    uint32_t *ordinals;
    uint8_t *parts;
    size_t count = 0;

    scratch->ordinals.count = 0;
    if (result != 0)
        return result;
    ordinals = ordinals_room(&scratch->ordinals, set->count);
    parts = parts_room(scratch, set->count);
    if (ordinals == NULL || parts == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < set->count; i++) {
        uint32_t ordinal = marked_ordinal(set->items[i]);
        uint8_t part = (uint8_t)marked_mark(set->items[i]);

        if (count > 0 && ordinals[count - 1] == ordinal) {
            parts[count - 1] = parts[count - 1] == part ? part : DAY_PART_NONE;
        } else {
            ordinals[count] = ordinal;
            parts[count++] = part;
        }
    }
    scratch->ordinals.count = count;
    return 0;
}

static void
write_parts(struct pack *pack, const struct unit_scratch *scratch)
{
    struct pack column = {0};

    column_put(&column, scratch->parts, scratch->ordinals.count, COLUMN_PART_BITS);
    pack_number(pack, column.used);
    pack_bytes(pack, column.bytes, column.used);
    pack->failed = pack->failed || column.failed;
    pack_release(&column);
}

static int
write_set(struct pack *pack, struct marked *set, struct unit_scratch *scratch)
{
    int result = split(set, scratch);

    if (result != 0)
        return result;
    person_bytes_put(pack, &scratch->ordinals);
    if (scratch->ordinals.count > 0)
        write_parts(pack, scratch);
    return 0;
}

static void
write_apart(struct pack *pack, bool is_there)
{
    pack_number(pack, is_there);
    if (is_there) {
        pack_u8(pack, UNIT_APART);
        pack_number(pack, 0);
    }
}

static int
write_part(struct unit_part *part, struct pack *pack, struct unit_scratch *scratch)
{
    int result;

    pack_number(pack, part->bound.unknown);
    pack_number(pack, part->bound.bounded);
    pack_number(pack, part->bound.largest);
    if (part->is_shown_apart || part->is_missed_apart) {
        write_apart(pack, part->is_shown_apart);
        write_apart(pack, part->is_missed_apart);
        return 0;
    }
    result = write_set(pack, &part->shown, scratch);
    return result == 0 ? write_set(pack, &part->missed, scratch) : result;
}

static int
write_class(struct unit_class *class, struct pack *pack, struct unit_scratch *scratch)
{
    int result = ordinals_sort(&class->principals, &scratch->ordinals);

    pack_number(pack, class->class);
    write_sums(pack, &class->sums);
    pack_number(pack, class->principals.count);
    for (size_t i = 0; i < class->principals.count; i++)
        pack_number(pack, class->principals.items[i]);
    for (size_t p = 0; result == 0 && p < class->part_count; p++)
        result = write_part(&class->parts[p], pack, scratch);
    return result;
}

static int
compare_classes(const void *a, const void *b)
{
    const struct unit_class *one = a, *other = b;

    return (one->class > other->class) - (one->class < other->class);
}

int
unit_write(struct unit *unit, struct pack *pack, struct unit_scratch *scratch)
{
    int result = 0;

    if (unit->count > 0)
        qsort(unit->classes, unit->count, sizeof(*unit->classes), compare_classes);
    pack_number(pack, unit->count);
    for (size_t c = 0; result == 0 && c < unit->count; c++)
        result = write_class(&unit->classes[c], pack, scratch);
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
    *sums = (struct sums){.count = unpack_number(r)};
    sums->statements = unpack_number(r);
    sums->weight = unpack_number(r);
    sums->rows = unpack_number(r);
    sums->misses = unpack_number(r);
    sums->first = (int64_t)little_read_u64(r);
    sums->last = (int64_t)((uint64_t)sums->first + unpack_number(r));
    sums_read_flags(r, sums);
}

static void
read_set(struct reader *r, struct view *persons, struct view *when)
{
    *persons = person_bytes_next(r);
    *when = persons->length > 0 ? reader_bytes(r, unpack_count(r)) : view_of(NULL, 0);
}

int
unit_walk_next(struct unit_walk *walk, struct unit_view *view)
{
    struct reader *r = &walk->reader;
    uint64_t number;

    if (walk->left == 0)
        return reader_end(r) == 0 ? 0 : PASU_E_CORRUPT;
    walk->left--;
    number = unpack_number(r);
    if (r->failed || number == 0 || number > walk->classes->count)
        return PASU_E_CORRUPT;
    view->class = (uint32_t)number;
    view->part_count = index_class_of(walk->classes, view->class)->head.part_count;
    read_sums(r, &view->sums);
    view->principal_count = unpack_count(r);
    view->principals = *r;
    for (size_t i = 0; i < view->principal_count && !r->failed; i++)
        r->failed |= unpack_number(r) > UINT32_MAX;
    for (size_t p = 0; p < view->part_count && !r->failed; p++) {
        view->bounds[p].unknown = unpack_number(r);
        view->bounds[p].bounded = unpack_number(r);
        view->bounds[p].largest = unpack_number(r);
        read_set(r, &view->shown[p], &view->shown_when[p]);
        read_set(r, &view->missed[p], &view->missed_when[p]);
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
take_set(struct marked *set, struct view persons, struct view when, struct unit_scratch *scratch)
{
    int result;

    scratch->ordinals.count = 0;
    result = person_bytes_list(persons, 0, &scratch->ordinals);
    if (result != 0 || scratch->ordinals.count == 0)
        return result;
    if (parts_room(scratch, scratch->ordinals.count) == NULL)
        return PASU_E_NOMEM;
    result = column_list(when, COLUMN_PART_BITS, scratch->parts, scratch->ordinals.count);
    for (size_t i = 0; result == 0 && i < scratch->ordinals.count; i++)
        result = marked_add(set, &scratch->ordinals.items[i], 1, scratch->parts[i]);
    return result;
}

static int
read_class(struct unit *unit, const struct unit_view *view, struct unit_scratch *scratch)
{
    struct unit_class *class = unit_class_at(unit, view->class, view->part_count);
    int result = 0;

    if (class == NULL)
        return PASU_E_NOMEM;
    sums_add(&class->sums, &view->sums);
    for (size_t p = 0; result == 0 && p < view->part_count; p++) {
        struct unit_part *part = &class->parts[p];

        bound_add(&part->bound, &view->bounds[p]);
        result = take_set(&part->shown, view->shown[p], view->shown_when[p], scratch);
        if (result == 0)
            result = take_set(&part->missed, view->missed[p], view->missed_when[p], scratch);
    }
    return result;
}

int
unit_read(struct unit *unit, struct view bytes, const struct interner *classes,
          struct unit_scratch *scratch)
{
    struct unit_view view;
    struct unit_walk walk;
    int result;

    unit_walk_begin(&walk, bytes, classes);
    while ((result = unit_walk_next(&walk, &view)) == 1) {
        result = read_class(unit, &view, scratch);
        if (result != 0)
            return result;
    }
    return result;
}
