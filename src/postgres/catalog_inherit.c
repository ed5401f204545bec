/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows, and how they pass between tables that are read through each other: a child carries what
 * its parent carries (its rows are the parent's, too), and a parent what its children carry,
 * because a query of the parent shows their rows as its own. Columns correspond by name.
 */
#include "postgres/catalog_part.h"

static uint8_t
key_type(uint32_t type)
{
    switch (type) { /* pg_type.dat */
    case 21:
        return CATALOG_KEY_INT2;
    case 23:
        return CATALOG_KEY_INT4;
    case 20:
        return CATALOG_KEY_INT8;
    case 1700:
        return CATALOG_KEY_NUMERIC;
    case 2950:
        return CATALOG_KEY_UUID;
    case 25:
    case 1043:
        return CATALOG_KEY_TEXT;
    default:
        return CATALOG_KEY_NONE;
    }
}

static const struct catalog_column *
column_numbered(const struct catalog_relation *r, int16_t number)
{
    for (size_t i = 0; i < r->column_count; i++)
        if (r->columns[i].number == number)
            return &r->columns[i];
    return NULL;
}

static uint8_t
key_type_of(const struct catalog_relation *r, int16_t number)
{
    const struct catalog_column *column = column_numbered(r, number);

    return column ? key_type(column->type) : CATALOG_KEY_NONE;
}

static bool
has_key(const struct catalog_show *show, const struct catalog_key *key)
{
    if (key->count == 1)
        return show->key_column == key->parts[0];
    return show->key_part_count == key->count &&
           memcmp(show->key_parts, key->parts, key->count * sizeof(key->parts[0])) == 0;
}

/* Several columns are a key only where each of them can be read as one. */
static void
set_key(struct catalog_show *show, const struct catalog_relation *r, const struct catalog_key *key)
{
    show->key_column = key->parts[0];
    show->key_type = key_type_of(r, key->parts[0]);
    if (key->count == 1)
        return;
    show->key_column = CATALOG_KEY_SEVERAL;
    show->key_type = CATALOG_KEY_TUPLE;
    show->key_part_count = (uint8_t)key->count;
    for (size_t i = 0; i < key->count; i++) {
        show->key_parts[i] = key->parts[i];
        show->key_part_types[i] = key_type_of(r, key->parts[i]);
        if (show->key_part_types[i] == CATALOG_KEY_NONE)
            show->key_type = CATALOG_KEY_NONE;
    }
}

struct catalog_show *
catalog_show_of(struct catalog_builder *b, struct catalog_relation *r, uint8_t kind,
                const struct catalog_key *key)
{
    struct catalog_arena *arena = &b->catalog->arena;
    struct catalog_show *shows, *show;

    for (size_t i = 0; i < r->show_count; i++)
        if (r->shows[i].kind == kind && has_key(&r->shows[i], key))
            return &r->shows[i];
    shows = catalog_arena_take(arena, r->show_count + 1, sizeof(*shows));
    if (!shows)
        return NULL;
    if (r->show_count > 0)
        memcpy(shows, r->shows, r->show_count * sizeof(*shows));
    show = &shows[r->show_count];
    show->kind = kind;
    set_key(show, r, key);
    show->column_fields =
        catalog_arena_take(arena, (size_t)r->column_limit + 1, sizeof(show->column_fields[0]));
    if (!show->column_fields)
        return NULL;
    r->shows = shows;
    r->show_count++;
    return show;
}

/* `column` is one of the relation's. */
void
catalog_show_add(struct catalog_show *show, int16_t column, uint64_t fields)
{
    show->column_fields[column] |= fields;
    show->fields |= fields;
}

/* The number of the column of `to` that is called as column `number` of `from` is; 0: none. */
static int16_t
counterpart(const struct catalog_relation *from, const struct catalog_relation *to, int16_t number)
{
    const struct catalog_column *column = column_numbered(from, number);

    for (size_t i = 0; column && i < to->column_count; i++)
        if (strcmp(to->columns[i].name, column->name) == 0)
            return to->columns[i].number;
    return 0;
}

/* Where it is in `to`. */
static struct catalog_key
key_of(const struct catalog_relation *from, const struct catalog_show *given,
       const struct catalog_relation *to)
{
    struct catalog_key key = {.count = given->key_part_count};

    for (size_t i = 0; i < key.count; i++)
        key.parts[i] = counterpart(from, to, given->key_parts[i]);
    if (key.count == 0)
        key.parts[key.count++] = counterpart(from, to, given->key_column);
    return key;
}

/* 1 where `to` has got something by it, 0, or PASU_E_NOMEM. */
static int
pass_show(struct catalog_builder *b, const struct catalog_relation *from,
          const struct catalog_show *given, struct catalog_relation *to)
{
    size_t had = to->show_count;
    struct catalog_key key = key_of(from, given, to);
    struct catalog_show *show = catalog_show_of(b, to, given->kind, &key);
    bool is_changed = to->show_count != had;

    if (!show)
        return PASU_E_NOMEM;
    for (int16_t n = 1; n <= from->column_limit; n++) {
        uint64_t fields = given->column_fields[n];
        int16_t there = fields != 0 ? counterpart(from, to, n) : 0;

        if (there != 0 && (fields & ~show->column_fields[there]) != 0) {
            catalog_show_add(show, there, fields);
            is_changed = true;
        }
        if (n == INT16_MAX)
            break;
    }
    return is_changed;
}

static int
pass(struct catalog_builder *b, size_t from, size_t to)
{
    struct catalog_relation *source = &b->catalog->relations[from];
    struct catalog_relation *target = &b->catalog->relations[to];
    struct catalog_taint *marks = b->marked;
    int is_changed = source->is_never && !target->is_never;

    target->is_never |= source->is_never;
    for (size_t i = 0; i < source->show_count; i++) {
        int result = pass_show(b, source, &source->shows[i], target);

        if (result < 0)
            return result;
        is_changed |= result;
    }
    is_changed |= (marks[from].fields & ~marks[to].fields) != 0;
    marks[to].fields |= marks[from].fields;
    marks[to].kinds |= marks[from].kinds;
    return is_changed;
}

/* Until nothing changes: what a relation carries only ever grows. */
static int
pass_all(struct catalog_builder *b, bool is_down)
{
    int result;

    do {
        result = 0;
        PILE_EACH (const struct catalog_pair, pair, &b->inherits) {
            size_t child = catalog_relation_number(b->catalog, pair->a);
            size_t parent = catalog_relation_number(b->catalog, pair->b);
            int passed = 0;

            if (child != SIZE_MAX && parent != SIZE_MAX && child != parent)
                passed = is_down ? pass(b, parent, child) : pass(b, child, parent);
            if (passed < 0)
                return passed;
            result |= passed;
        }
    } while (result > 0);
    return result;
}

static void
pass_generated(struct catalog_builder *b)
{
    PILE_EACH (const struct catalog_generated, g, &b->generated) {
        size_t number = catalog_relation_number(b->catalog, g->relation);
        const struct catalog_relation *r;

        if (number == SIZE_MAX)
            continue;
        r = &b->catalog->relations[number];
        if (g->column <= 0 || g->source <= 0 || g->column > r->column_limit ||
            g->source > r->column_limit)
            continue;
        for (size_t i = 0; i < r->show_count; i++)
            catalog_show_add(&r->shows[i], g->column, r->shows[i].column_fields[g->source]);
    }
}

static void
note_loose_columns(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;

    PILE_EACH (const struct catalog_pair, column, &b->loose) {
        size_t number = catalog_relation_number(c, column->a);
        struct catalog_relation *r = number == SIZE_MAX ? NULL : &c->relations[number];

        for (size_t i = 0; r && i < r->column_count; i++)
            r->columns[i].is_loose |= column->b == (uint32_t)r->columns[i].number;
        for (size_t i = 0; r && i < r->show_count; i++)
            r->shows[i].is_key_loose |= catalog_show_has_key(&r->shows[i], (int16_t)column->b);
    }
}

static bool
is_own_table(const struct catalog *c, const struct catalog_relation *r, uint8_t kind)
{
    PILE_EACH (const struct catalog_subject, subject, &c->subjects)
        if (subject->relation == r->oid && (subject->kinds >> kind & 1))
            return true;
    return false;
}

/* Keys that are equal without being the same bytes are one person's, who is known by those of the
 * person's own table: what stands elsewhere tells nobody's. */
static void
drop_loose_keys(struct catalog *c)
{
    uint64_t loose = 0; /* kinds */

    for (size_t i = 0; i < c->relation_count; i++)
        for (size_t k = 0; k < c->relations[i].show_count; k++)
            if (c->relations[i].shows[k].is_key_loose &&
                c->relations[i].shows[k].key_part_count == 0)
                loose |= UINT64_C(1) << c->relations[i].shows[k].kind;
    if (PASU_LIKELY(loose == 0))
        return;
    for (size_t i = 0; i < c->relation_count; i++)
        for (size_t k = 0; k < c->relations[i].show_count; k++) {
            struct catalog_show *show = &c->relations[i].shows[k];

            if ((loose >> show->kind & 1) && show->key_part_count == 0 &&
                !is_own_table(c, &c->relations[i], show->kind))
                show->key_type = CATALOG_KEY_NONE;
        }
}

/* A unique key is unique among a table's own rows; those of tables that inherit from it are shown
 * with them, and have indexes of their own. (A partitioned table's index is all partitions'.) */
static void
note_unique_keys(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;

    PILE_EACH (const struct catalog_pair, key, &b->keys) {
        size_t number = catalog_relation_number(c, key->a);

        for (size_t i = 0; number != SIZE_MAX && i < c->relations[number].show_count; i++)
            c->relations[number].shows[i].is_key_unique |=
                key->b == (uint32_t)c->relations[number].shows[i].key_column;
    }
    PILE_EACH (const struct catalog_pair, pair, &b->inherits) {
        size_t number = catalog_relation_number(c, pair->b);

        if (number == SIZE_MAX || c->relations[number].kind == 'p')
            continue;
        for (size_t i = 0; i < c->relations[number].show_count; i++)
            c->relations[number].shows[i].is_key_unique = false;
    }
}

static void
note_computed_columns(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;

    PILE_EACH (const struct catalog_pair, column, &b->computed) {
        size_t number = catalog_relation_number(c, column->a);

        for (size_t i = 0; number != SIZE_MAX && i < c->relations[number].column_count; i++)
            c->relations[number].columns[i].is_computed |=
                column->b == (uint32_t)c->relations[number].columns[i].number;
    }
}

static void
note_text_columns(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;

    PILE_EACH (const struct catalog_pair, column, &b->texts) {
        size_t number = catalog_relation_number(c, column->a);

        for (size_t i = 0; number != SIZE_MAX && i < c->relations[number].column_count; i++)
            c->relations[number].columns[i].is_text |=
                column->b == (uint32_t)c->relations[number].columns[i].number;
    }
}

static void
note_domains(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;

    PILE_EACH (const struct catalog_domain, domain, &b->domains) {
        size_t number = catalog_relation_number(c, domain->relation);
        struct catalog_relation *r = number == SIZE_MAX ? NULL : &c->relations[number];

        for (size_t i = 0; r && i < r->column_count; i++)
            if (r->columns[i].number == domain->column)
                r->columns[i].base = domain->type;
    }
}

int
catalog_inherit(struct catalog_builder *b)
{
    int result = pass_all(b, true);

    if (result == 0)
        result = pass_all(b, false);
    if (result != 0)
        return result;
    pass_generated(b);
    note_unique_keys(b);
    note_loose_columns(b);
    drop_loose_keys(b->catalog);
    note_computed_columns(b);
    note_text_columns(b);
    note_domains(b);
    return 0;
}
