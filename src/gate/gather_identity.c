/* SPDX-License-Identifier: Apache-2.0 */
/* Of gather.h: persons by values that are theirs alone. */
#include "gate/gather.h"

/* Which of the part's columns are asked: any one, or all; none of them where that is not enough. */
static bool
choose_columns(int8_t *columns, const struct showing_part *part, const struct identity_view *view,
               bool *is_whole)
{
    size_t known = 0;
    int first = -1;

    for (size_t i = 0; i < part->identity_count; i++) {
        const struct showing_identity *identity = &part->identities[i];

        columns[i] = (int8_t)identity_view_find(view, identity->relation, identity->attribute,
                                                identity->key);
        known += columns[i] >= 0;
        if (first < 0 && columns[i] >= 0)
            first = (int)i;
    }
    *is_whole = part->is_identity_any && !(part->is_identity_all && part->identity_count == 1);
    if (!part->is_identity_any)
        return part->is_identity_all && known > 0 && known == part->identity_count;
    for (size_t i = 0; i < part->identity_count; i++)
        if ((int)i != first)
            columns[i] = -1;
    return first >= 0;
}

void
gather_identify(struct gather *g, const struct showing *showing, const struct identity_view *view,
                const struct identity_watch *watch)
{
    g->identity = view;
    g->watch = watch;
    g->identified = g->whole = 0;
    for (size_t p = 0; view && showing && p < showing->part_count; p++) {
        bool is_whole;

        if (!choose_columns(g->columns[p], &showing->parts[p], view, &is_whole))
            continue;
        g->identified |= (uint8_t)(1u << p);
        if (is_whole)
            g->whole |= (uint8_t)(1u << p);
    }
}

void
gather_ask(struct gather *g, const struct ordinals *ordinals, size_t number, size_t identity,
           struct view value, uint32_t start)
{
    uint8_t space[ORDINALS_TEXT_SIZE] PASU_UNINITIALIZED;
    int8_t column = g->columns[number][identity];
    uint32_t row = (uint32_t)g->rows - 1;

    if (column < 0)
        return;
    if (!value.bytes) {
        if (g->whole >> number & 1)
            gather_lose(g, number, row);
        return;
    }
    if (g->asked_count == GATHER_ITEMS || ordinals_utf8(ordinals, value, space, &value) != 0) {
        gather_lose(g, number, row);
        return;
    }
    g->questions[g->asked_count] = (struct identity_question){
        .hash = identity_hash_of(&g->identity->key, value),
        .section = g->identity->columns[column].section,
    };
    g->asked[g->asked_count++] = (struct gather_asked){start, row, (uint8_t)number, column};
}

/* Bits of the view's columns that can be believed now. */
static uint64_t
current_columns(const struct gather *g)
{
    uint64_t current = 0;

    for (size_t i = 0; i < g->identity->count; i++)
        if (identity_view_is_current(g->identity, g->watch, (int)i))
            current |= UINT64_C(1) << i;
    return current;
}

void
gather_look_up(struct gather *g, const struct showing *showing, const struct ordinals *ordinals)
{
    struct ordinals unasked = *ordinals; /* the keys' values are not seen */
    uint64_t current;

    if (PASU_LIKELY(g->asked_count == 0))
        return;
    unasked.asked.state = KNOWN_UNASKED;
    current = current_columns(g);
    identity_find_many(g->identity->identity, g->questions, g->asked_count);
    for (size_t i = 0; i < g->asked_count; i++) {
        const struct gather_asked *asked = &g->asked[i];
        const struct identity_question *question = &g->questions[i];
        uint8_t kind = showing->parts[asked->part].kind;
        bool is_last = i + 1 == g->asked_count || g->asked[i + 1].row != asked->row;

        if (current >> asked->column & 1 && question->found == IDENTITY_ONE &&
            ordinals_may_be(ordinals, kind, question->ordinal))
            gather_add_person(g, asked->part, kind, &unasked, question->ordinal, asked->start,
                              asked->row);
        else
            gather_lose(g, asked->part, asked->row);
        if (is_last && g->item_count > 0 && g->row_numbers[g->item_count - 1] == asked->row)
            g->items[g->item_count - 1].is_row_end = 1;
    }
    g->asked_count = 0;
}
