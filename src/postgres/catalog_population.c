/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many subjects there are, at most.
 *
 * A table's rows are counted once, and what the server says was inserted since then is added: the
 * insertions were read before the rows were counted, so none falls between. Statistics come up to
 * some seconds late (a backend reports when its transaction is over, at most once a second): rows
 * that were counted can be added again. So rows are counted anew, with the next poll, when anything
 * was inserted and counting is cheap, or when much was inserted; until then the number that was is
 * kept.
 */
#include "postgres/catalog_part.h"

enum {
    CHEAP_ROWS = 200000, /* some ten milliseconds */
    UNCOUNTED_PART = 8,  /* count again when more than this part has been inserted */
    UNKNOWN_POPULATION = UINT32_MAX,
};

/* What it is with what is known now. Statistics that were reset have lost their base. */
static void
settle(struct catalog_subject *s)
{
    uint64_t told = s->inserted - s->base;

    if (s->is_counted && s->has_base && s->inserted >= s->base)
        s->most =
            s->count + (told > s->added ? told : s->added); /* the same rows, sooner or later */
    else if (s->has_room)
        s->most = s->room;
    else
        s->most = UNKNOWN_POPULATION;
    if (s->most > UNKNOWN_POPULATION)
        s->most = UNKNOWN_POPULATION;
}

static struct catalog_subject *
find(const struct catalog_pile *subjects, uint32_t relation)
{
    PILE_EACH (struct catalog_subject, s, subjects)
        if (s->relation == relation)
            return s;
    return NULL;
}

int
catalog_subject_row(struct catalog_pile *subjects, const struct view *v)
{
    struct catalog_subject *s;
    uint32_t relation;
    uint64_t inserted = 0, room = 0;
    bool may_count;

    if (!catalog_value_u32(v[0], &relation) || !v[1].bytes || v[1].length != 1 ||
        (v[2].bytes && !catalog_value_u64(v[2], &inserted)) ||
        (v[3].bytes && !catalog_value_u64(v[3], &room)) || !catalog_value_bool(v[4], &may_count))
        return PASU_E_MALFORMED;
    s = find(subjects, relation);
    if (!s)
        return 0;
    s->relkind = (char)v[1].bytes[0];
    s->inserted = inserted;
    s->room = room;
    s->has_room = v[3].bytes != NULL;
    s->may_count = may_count;
    if (!v[2].bytes)
        s->has_base = false;
    else if (!s->is_counted) {
        s->base = inserted;
        s->has_base = true;
    }
    settle(s);
    return 0;
}

/* A view or another server's table is never counted: that would run what somebody put there. */
bool
catalog_subject_is_countable(const struct catalog_subject *s)
{
    return s->has_room && (s->relkind == 'r' || s->relkind == 'p' || s->relkind == 'm');
}

bool
catalog_subject_is_due(const struct catalog_builder *b, const struct catalog_subject *s)
{
    const struct catalog_subject *before = b->prior ? find(&b->prior->subjects, s->relation) : NULL;

    return !before || !before->is_counted || !before->has_base || !s->has_base ||
           before->count < CHEAP_ROWS || s->inserted < before->base ||
           s->inserted - before->base > before->count / UNCOUNTED_PART;
}

int
catalog_count_row(struct catalog_builder *b, const struct view *v)
{
    struct catalog_subject *s;
    uint32_t relation;
    uint64_t count;

    if (!catalog_value_u32(v[0], &relation) || !catalog_value_u64(v[1], &count))
        return PASU_E_MALFORMED;
    s = find(&b->catalog->subjects, relation);
    if (s) {
        s->count = count;
        s->is_counted = s->is_fresh = true;
        settle(s);
    }
    return 0;
}

/* What was not counted this time has been before, or is an estimate. */
static void
keep_count(const struct catalog_builder *b, struct catalog_subject *s)
{
    const struct catalog_subject *before = b->prior ? find(&b->prior->subjects, s->relation) : NULL;

    if (!s->is_counted && before && before->is_counted && before->has_base && s->has_base) {
        s->is_counted = true;
        s->count = before->count;
        s->base = before->base;
        s->added = before->added;
    }
    settle(s);
}

/* Kinds' numbers from their tables'. */
static void
sum_up(struct catalog *c)
{
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++) {
        uint64_t most = 0;
        bool is_any = false, is_counted = !(c->uncounted_kinds >> kind & 1);

        PILE_EACH (const struct catalog_subject, s, &c->subjects) {
            if (!(s->kinds >> kind & 1))
                continue;
            is_any = true;
            is_counted &= s->is_counted && s->has_base && s->inserted >= s->base;
            most += s->most * s->times[kind];
        }
        c->is_counted[kind] = is_any && is_counted;
        c->populations[kind] =
            is_any && most < UNKNOWN_POPULATION && !(c->uncounted_kinds >> kind & 1)
                ? most
                : UNKNOWN_POPULATION;
    }
}

void
catalog_populations_settle(const struct catalog_builder *b)
{
    PILE_EACH (struct catalog_subject, s, &b->catalog->subjects)
        keep_count(b, s);
    sum_up(b->catalog);
}

/* ---- growth: only whoever asks the server calls these, a snapshot's one thread ---- */

int
catalog_growth_row(struct catalog *catalog, const struct view *values, size_t count)
{
    return count == catalog_query_columns[QUERY_SUBJECTS]
               ? catalog_subject_row(&catalog->subjects, values)
               : PASU_E_MALFORMED;
}

void
catalog_growth_add(struct catalog *catalog, const uint64_t rows[CATALOG_KINDS_MAX])
{
    PILE_EACH (struct catalog_subject, s, &catalog->subjects) {
        uint64_t added = 0;

        for (unsigned kind = 0; kind < CATALOG_KINDS_MAX && !s->is_fresh; kind++)
            if ((s->kinds >> kind & 1) && rows[kind] > added)
                added = rows[kind];
        s->added += added;
        s->is_fresh = false;
        settle(s);
    }
}

uint32_t
catalog_subjects_named(const struct catalog *catalog, const char *sql)
{
    uint32_t kinds = 0;

    PILE_EACH (const struct catalog_subject, s, &catalog->subjects) {
        const struct catalog_relation *relation = catalog_relation(catalog, s->relation);

        if (relation && strcasestr(sql, relation->name))
            kinds |= s->kinds;
    }
    return kinds;
}

/* Whether what was inserted since, or the loss of its number, says little about the rows. */
static bool
has_outgrown(const struct catalog_subject *s)
{
    uint64_t told = s->inserted - s->base, grown = told > s->added ? told : s->added;

    if (!s->recount || !s->is_counted || !s->has_base || grown == 0)
        return false;
    return s->inserted < s->base || s->count < CHEAP_ROWS || grown > s->count / UNCOUNTED_PART;
}

const char *
catalog_growth_recount(const struct catalog *catalog, size_t *at)
{
    size_t i = 0;

    PILE_EACH (const struct catalog_subject, s, &catalog->subjects)
        if (i++ >= *at && has_outgrown(s)) {
            *at = i;
            return s->recount;
        }
    return NULL;
}

int
catalog_growth_count(struct catalog *catalog, const struct view *v, size_t count)
{
    struct catalog_subject *s;
    uint32_t relation;
    uint64_t rows;

    if (count != catalog_query_columns[QUERY_POPULATIONS] || !catalog_value_u32(v[0], &relation) ||
        !catalog_value_u64(v[1], &rows))
        return PASU_E_MALFORMED;
    s = find(&catalog->subjects, relation);
    if (!s)
        return 0;
    s->count = rows;
    s->base = s->inserted; /* read before the rows were counted */
    s->added = 0;
    settle(s);
    return 0;
}

void
catalog_growth_end(struct catalog *catalog)
{
    sum_up(catalog);
}

const struct catalog_seen *
catalog_seen(const struct catalog *catalog)
{
    return &catalog->seen;
}

struct catalog_seen *
catalog_see(struct catalog *catalog)
{
    return &catalog->seen;
}

const char *
catalog_growth_text(const struct catalog *catalog)
{
    return catalog->growth_text;
}

uint64_t
catalog_population(const struct catalog *catalog, uint8_t kind)
{
    return kind < CATALOG_KINDS_MAX ? catalog->populations[kind] : UNKNOWN_POPULATION;
}

bool
catalog_population_is_counted(const struct catalog *catalog, uint8_t kind)
{
    return kind < CATALOG_KINDS_MAX && catalog->is_counted[kind];
}
