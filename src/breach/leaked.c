/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/leaked.h"

#include "base/memory.h"

int
leaked_init(struct leaked *s, const char *kind)
{
    *s = (struct leaked){.count = 0};
    if (strlen(kind) >= sizeof(s->kind))
        return PASU_E_RANGE;
    snprintf(s->kind, sizeof(s->kind), "%s", kind);
    return 0;
}

void
leaked_release(struct leaked *s)
{
    memory_free(s->fields.items);
    memory_free(s->persons);
    map_release(&s->places);
    memory_free(s->filter);
    persons_free(s->made_up);
    *s = (struct leaked){.count = 0};
}

int
leaked_field(struct leaked *s, const char *name)
{
    int place = name_list_find(&s->fields, name);

    if (place >= 0)
        return place;
    if (s->fields.count == LEAKED_FIELDS_MAX)
        return PASU_E_RANGE;
    if (s->fields.items == NULL) {
        s->fields.items = memory_new(LEAKED_FIELDS_MAX, sizeof(*s->fields.items));
        if (s->fields.items == NULL)
            return PASU_E_NOMEM;
        s->fields.space = LEAKED_FIELDS_MAX;
    }
    snprintf(s->fields.items[s->fields.count], VOCABULARY_NAME_SIZE, "%s", name);
    return (int)s->fields.count++;
}

static int
add_person(struct leaked *s)
{
    struct leaked_person *person;

    if (s->count == LEAKED_PERSONS_MAX)
        return PASU_E_RANGE;
    if (s->count == s->space) {
        size_t space = s->space * 2 + 64;
        struct leaked_person *persons = memory_resize(s->persons, space, sizeof(*persons));

        if (persons == NULL)
            return PASU_E_NOMEM;
        s->persons = persons;
        s->space = space;
    }
    person = &s->persons[s->count];
    *person = (struct leaked_person){.until = INT32_MAX};
    for (size_t f = 0; f < LEAKED_FIELDS_MAX; f++)
        person->since[f] = INT32_MIN;
    return (int)s->count++;
}

int
leaked_person(struct leaked *s, const uint32_t *ordinals, size_t count)
{
    uint32_t found;
    int place = -1;

    for (size_t i = 0; i < count && place < 0; i++)
        if (map_get(&s->places, ordinals[i], &found))
            place = (int)found;
    if (place < 0)
        place = add_person(s);
    if (s->filter == NULL)
        s->filter = memory_new((size_t)1 << (LEAKED_FILTER_BITS - 6), sizeof(*s->filter));
    if (s->filter == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; place >= 0 && i < count; i++) {
        uint32_t bit = leaked_filter_bit(ordinals[i]);
        int result = map_put(&s->places, ordinals[i], (uint32_t)place);

        if (result != 0)
            return result;
        s->filter[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    return place;
}

void
leaked_is_decoy(struct leaked *s, size_t person)
{
    s->decoys += !s->persons[person].is_decoy;
    s->persons[person].is_decoy = true;
}

void
leaked_has(struct leaked *s, size_t person, unsigned field, int32_t since)
{
    struct leaked_person *p = &s->persons[person];
    bool was_dated = false;

    for (size_t f = 0; f < LEAKED_FIELDS_MAX; f++)
        was_dated |= p->since[f] != INT32_MIN;
    p->fields |= (uint16_t)(1U << field);
    if (since > p->since[field])
        p->since[field] = since;
    s->dated += since != INT32_MIN && !was_dated;
}

void
leaked_ends(struct leaked *s, size_t person, int32_t until)
{
    if (until < s->persons[person].until)
        s->persons[person].until = until;
}

uint16_t
leaked_explained(const struct leaked_person *p, uint16_t shown, int32_t day)
{
    uint16_t explained = 0;

    if (day > p->until)
        return 0;
    if (p->fields == 0)
        return 1;
    for (unsigned left = p->fields & shown; left != 0; left &= left - 1) {
        unsigned field = (unsigned)__builtin_ctz(left);

        if (p->since[field] <= day)
            explained |= (uint16_t)(1U << field);
    }
    return explained;
}
