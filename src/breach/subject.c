/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/subject.h"

#include "base/memory.h"

void
subject_init(struct subject *subject, const struct selection *selection, const char *kind,
             sight_fn *see, void *arg)
{
    *subject = (struct subject){.selection = selection, .kind = kind, .see = see, .arg = arg};
}

void
subject_release(struct subject *subject)
{
    name_set_release(&subject->principals);
    memory_free(subject->field_counts);
    *subject = (struct subject){0};
}

int
subject_add(struct subject *subject, uint32_t ordinal)
{
    for (size_t i = 0; i < subject->ordinal_count; i++)
        if (subject->ordinals[i] == ordinal)
            return 0;
    if (subject->ordinal_count == SUBJECT_ORDINALS_MAX)
        return PASU_E_RANGE;
    subject->ordinals[subject->ordinal_count++] = ordinal;
    return 0;
}

static bool
is_in(const struct subject *subject, const struct persons *set)
{
    for (size_t i = 0; i < subject->ordinal_count; i++)
        if (persons_has(set, subject->ordinals[i]))
            return true;
    return false;
}

static int
count_fields(struct subject *subject, const struct sight *sight)
{
    struct names *names = &subject->selection->book->names;
    uint64_t fields = sight->clear | sight->masked | sight->maybe;

    for (unsigned bit = 0; bit < EXPOSURE_FIELDS_MAX; bit++) {
        int place;

        if ((fields >> bit & 1) == 0)
            continue;
        place = names_field(names, sight->statement->lexicon, bit);
        if (place < 0)
            return place;
        if ((size_t)place >= subject->field_count) {
            size_t count = names->fields.count;
            uint64_t *counts = memory_resize(subject->field_counts, count, sizeof(*counts));

            if (counts == NULL)
                return PASU_E_NOMEM;
            memset(counts + subject->field_count, 0,
                   (count - subject->field_count) * sizeof(*counts));
            subject->field_counts = counts;
            subject->field_count = count;
        }
        subject->field_counts[place]++;
    }
    return 0;
}

static int
count_shown(struct subject *subject, const struct sight *sight)
{
    const struct statement *statement = sight->statement;
    int result = count_fields(subject, sight);

    subject->shown++;
    if (subject->first == 0 || statement->time < subject->first)
        subject->first = statement->time;
    if (statement->time > subject->last)
        subject->last = statement->time;
    if (result == 0 && statement->is_session_known)
        result = name_set_add(&subject->principals, statement->session.principal);
    return result;
}

static bool
is_of_kind(const struct subject *subject, const struct statement *statement,
           const struct statement_part *part, int *error)
{
    struct names *names = &subject->selection->book->names;
    int place = names_kind(names, statement->lexicon, part->kind);

    if (place < 0)
        *error = place;
    return place >= 0 && strcmp(names->kinds.items[place], subject->kind) == 0;
}

/* What a statement says of the person. */
struct said {
    struct sight sight;
    bool is_missed, is_possible;
};

static int
look(struct subject *subject, const struct statement *statement, struct said *said)
{
    struct sight *sight = &said->sight;
    int error = 0;

    *said = (struct said){.sight = {.statement = statement}};
    for (size_t p = 0; p < statement->part_count; p++) {
        const struct statement_part *part = &statement->parts[p];

        if (!is_of_kind(subject, statement, part, &error))
            continue;
        subject->has_numbers |= !part->is_text && part_has_named(part);
        said->is_missed |= is_in(subject, part->missed);
        said->is_possible |= part->unknown > 0;
        if (!is_in(subject, part->shown))
            continue;
        sight->is_shown = true;
        sight->clear |= part->clear & ~part->null;
        sight->masked |= part->masked & ~part->null;
        sight->maybe |= (part->clear | part->masked) & part->null;
        sight->null |= part->null & ~(part->clear | part->masked);
        sight->attribution = attribution_weaker(sight->attribution, part->attribution);
    }
    sight->masked &= ~sight->clear;
    sight->maybe &= ~(sight->clear | sight->masked);
    sight->null &= ~(sight->clear | sight->masked | sight->maybe);
    return error;
}

static int
take(struct subject *subject, const struct said *said)
{
    const struct sight *sight = &said->sight;
    int error;

    subject->possible += said->is_possible && !sight->is_shown;
    subject->missed += said->is_missed && !sight->is_shown;
    if (!sight->is_shown)
        return said->is_missed ? subject->see(subject->arg, sight) : 0;
    subject->or_more |= sight->statement->statements > 1;
    error = count_shown(subject, sight);
    return error != 0 ? error : subject->see(subject->arg, sight);
}

int
subject_take(void *arg, const struct statement *statement)
{
    struct said said;
    int error = look(arg, statement, &said);

    return error != 0 ? error : take(arg, &said);
}

int
subject_take_counted(void *arg, const struct statement *statement)
{
    struct subject *subject = arg;
    struct said said;
    int error = look(subject, statement, &said);

    if (error != 0 || (!said.sight.is_shown && !said.is_missed))
        return error;
    subject->possible -= said.is_possible;
    return take(subject, &said);
}
