/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/statement_part.h"

uint64_t
kind_sum_most(const struct kind_sum *kind)
{
    uint64_t most;

    return __builtin_add_overflow(persons_count(kind->shown), kind->unknown, &most) ? UINT64_MAX
                                                                                    : most;
}

void
statement_sum_release(struct statement_sum *sum)
{
    for (size_t k = 0; k < sum->count; k++) {
        persons_free(sum->kinds[k].shown);
        persons_free(sum->kinds[k].missed);
    }
    *sum = (struct statement_sum){0};
}

/* The sum of a part's kind; NULL without memory. */
static struct kind_sum *
kind_of(struct statement_sum *sum, struct evidence *e, const struct statement *statement,
        const struct statement_part *part)
{
    uint8_t number = part->kind % EXPOSURE_KINDS_MAX;
    int place;

    for (size_t k = 0; k < sum->count; k++)
        if (sum->kinds[k].number == number)
            return &sum->kinds[k];
    place = names_kind(&e->book->names, statement->lexicon, number);
    if (place < 0)
        return NULL;
    sum->kinds[sum->count] =
        (struct kind_sum){.number = number, .name = e->book->names.kinds.items[place]};
    return &sum->kinds[sum->count++];
}

int
statement_sum(struct statement_sum *sum, struct evidence *e, const struct statement *statement)
{
    *sum = (struct statement_sum){0};
    for (size_t p = 0; p < statement->part_count; p++) {
        const struct statement_part *part = &statement->parts[p];
        struct kind_sum *kind = kind_of(sum, e, statement, part);

        if (kind == NULL || persons_unite(&kind->shown, part->shown) != 0 ||
            persons_unite(&kind->missed, part->missed) != 0)
            return PASU_E_NOMEM;
        kind->has_numbers |= !part->is_text && part_has_named(part);
        if (__builtin_add_overflow(kind->unknown, part->unknown, &kind->unknown))
            kind->unknown = UINT64_MAX;
        if (!part_has_shown(part))
            continue;
        sum->clear |= part->clear;
        sum->masked |= part->masked;
        sum->null |= part->null;
    }
    sum->masked &= ~sum->clear;
    sum->null &= ~(sum->clear | sum->masked);
    return 0;
}

const char *
statement_field_name(struct evidence *e, const struct statement *statement, unsigned bit)
{
    int place = names_field(&e->book->names, statement->lexicon, bit);

    return place >= 0 ? e->book->names.fields.items[place] : NULL;
}
