/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/names.h"

#include "base/memory.h"

#include <inttypes.h>

/* No configuration has so many; where a ledger does, the rest are one: counted, not told apart. */
enum { FIRST_SPACE = 16, NAMES_MAX = 4096 };

static const char rest_name[] = "unknown-others";

void
names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        memory_free(names->lexicons[i]);
    memory_free(names->lexicons);
    memory_free(names->fields.items);
    memory_free(names->kinds.items);
    map_release(&names->by_id);
    *names = (struct names){0};
}

int
name_list_find(const struct name_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0)
            return (int)i;
    return -1;
}

/* The name's place; it is added where it is not there. */
static int
name_list_place(struct name_list *list, const char *name)
{
    int place = name_list_find(list, name);

    if (place >= 0)
        return place;
    if (list->count == NAMES_MAX)
        return NAMES_MAX - 1;
    if (list->count == NAMES_MAX - 1)
        name = rest_name;
    if (list->count == list->space) {
        size_t space = list->space == 0 ? FIRST_SPACE : list->space * 2;
        void *items = memory_resize(list->items, space, VOCABULARY_NAME_SIZE);

        if (items == NULL)
            return PASU_E_NOMEM;
        list->items = items;
        list->space = space;
    }
    snprintf(list->items[list->count], VOCABULARY_NAME_SIZE, "%s", name);
    return (int)list->count++;
}

static int
lexicon_new(struct names *names, uint32_t id, struct lexicon **made)
{
    struct lexicon *lexicon;

    if (names->count == names->space) {
        size_t space = names->space == 0 ? FIRST_SPACE : names->space * 2;
        struct lexicon **all = memory_resize(names->lexicons, space, sizeof(struct lexicon *));

        if (all == NULL)
            return PASU_E_NOMEM;
        names->lexicons = all;
        names->space = space;
    }
    lexicon = memory_new(1, sizeof(*lexicon));
    if (lexicon == NULL || map_put(&names->by_id, id, (uint32_t)names->count) != 0) {
        memory_free(lexicon);
        return PASU_E_NOMEM;
    }
    lexicon->id = id;
    memset(lexicon->fields, 0xff, sizeof(lexicon->fields));
    memset(lexicon->kinds, 0xff, sizeof(lexicon->kinds));
    names->lexicons[names->count++] = *made = lexicon;
    return 0;
}

int
names_lexicon(struct names *names, uint32_t id, struct lexicon **lexicon)
{
    uint32_t place;

    if (!map_get(&names->by_id, id, &place))
        return lexicon_new(names, id, lexicon);
    *lexicon = names->lexicons[place];
    return 0;
}

static int
add_list(struct name_list *list, int32_t *places, const char (*texts)[VOCABULARY_NAME_SIZE],
         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[VOCABULARY_NAME_SIZE];
        int place;

        text_from_view(text, sizeof(text), view_of(texts[i], strnlen(texts[i], sizeof(text))));
        place = name_list_place(list, text);
        if (place < 0)
            return place;
        places[i] = place;
    }
    return 0;
}

int
names_add(struct names *names, const struct vocabulary *vocabulary)
{
    struct lexicon *lexicon;
    int result = names_lexicon(names, vocabulary->id, &lexicon);

    if (result != 0 || lexicon->is_known)
        return result;
    if (vocabulary->field_count > EXPOSURE_FIELDS_MAX ||
        vocabulary->kind_count > EXPOSURE_KINDS_MAX)
        return PASU_E_MALFORMED;
    result = add_list(&names->fields, lexicon->fields, vocabulary->fields, vocabulary->field_count);
    if (result == 0)
        result = add_list(&names->kinds, lexicon->kinds, vocabulary->kinds, vocabulary->kind_count);
    lexicon->is_known = result == 0;
    return result;
}

static int
place_of(struct name_list *list, int32_t *place, uint32_t id, unsigned number)
{
    char text[VOCABULARY_NAME_SIZE];

    if (*place < 0) {
        snprintf(text, sizeof(text), "unknown-%u-of-%08" PRIx32, number, id);
        *place = name_list_place(list, text);
    }
    return *place;
}

int
names_field(struct names *names, struct lexicon *lexicon, unsigned bit)
{
    return place_of(&names->fields, &lexicon->fields[bit % EXPOSURE_FIELDS_MAX], lexicon->id, bit);
}

int
names_kind(struct names *names, struct lexicon *lexicon, unsigned number)
{
    return place_of(&names->kinds, &lexicon->kinds[number % EXPOSURE_KINDS_MAX], lexicon->id,
                    number);
}

uint64_t
lexicon_field_bit(const struct lexicon *lexicon, int field)
{
    for (unsigned bit = 0; field >= 0 && bit < EXPOSURE_FIELDS_MAX; bit++)
        if (lexicon->fields[bit] == field)
            return UINT64_C(1) << bit;
    return 0;
}
