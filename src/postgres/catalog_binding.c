/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's names become OIDs and column numbers. An entry is bound to every relation that has
 * its name now, and to every one that it was bound to before and that is still there: a renamed
 * table keeps its mapping, and a new one under the old name gets it as well. Columns likewise.
 */
#include "postgres/catalog_part.h"

/* One entry of the policy. */
struct entry {
    uint8_t kind_of_entry;                 /* enum catalog_entry */
    const char *table, *key;               /* as a binding's */
    const struct catalog_mapping *mapping; /* ENTRY_MAPPING */
    uint8_t kind;                          /* ENTRY_SUBJECT */
    bool is_found;
    uint64_t found_columns; /* bits: the mapping's fields of which some relation has the column */
    uint8_t found_keys;     /* bits: parts of the mapping's key that some relation has */
};

static const char *
key_part(const struct catalog_mapping *m, size_t i)
{
    return i == 0 ? m->key : i < CATALOG_KEY_PARTS_MAX ? m->more_keys[i - 1] : NULL;
}

/* "table", "schema.table" or "database.schema.table"; the parts it does not have are empty. */
static void
split(const char *name, struct view *database, struct view *schema, struct view *table)
{
    struct view parts[3] = {{0}};
    size_t count = 0;

    for (const char *at = name;; at++) {
        size_t length = count < 2 ? strcspn(at, ".") : strlen(at);

        parts[count++] = view_of(at, length);
        at += length;
        if (*at == '\0')
            break;
    }
    *table = parts[count - 1];
    *schema = count > 1 ? parts[count - 2] : (struct view){0};
    *database = count > 2 ? parts[0] : (struct view){0};
}

static const struct catalog_column *
column_named(const struct catalog_relation *r, const char *name)
{
    for (size_t i = 0; i < r->column_count; i++)
        if (strcmp(r->columns[i].name, name) == 0)
            return &r->columns[i];
    return NULL;
}

static const struct catalog_column *
column_numbered(const struct catalog_relation *r, int16_t number)
{
    for (size_t i = 0; i < r->column_count; i++)
        if (r->columns[i].number == number)
            return &r->columns[i];
    return NULL;
}

static bool
is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* What the entry was bound to in the prior snapshot: the next after *at. */
static const struct catalog_binding *
prior_binding(const struct catalog *prior, const struct entry *e, size_t *at)
{
    const struct catalog_binding *bindings = prior ? prior->bindings.items : NULL;

    while (bindings && *at < prior->bindings.count) {
        const struct catalog_binding *binding = &bindings[(*at)++];

        if (binding->entry == e->kind_of_entry && is_same_text(binding->table, e->table) &&
            is_same_text(binding->key, e->key))
            return binding;
    }
    return NULL;
}

/* The number that the binding remembers for a column, where there is still such a column; 0. */
static int16_t
remembered(const struct catalog_binding *before, const struct catalog_relation *r,
           const char *column)
{
    for (size_t i = 0; before && i < before->column_count; i++)
        if (strcmp(before->columns[i].column, column) == 0 &&
            column_numbered(r, before->columns[i].number))
            return before->columns[i].number;
    return 0;
}

static int
remember(struct catalog_builder *b, struct catalog_binding *binding, const char *column,
         int16_t number)
{
    struct catalog_place_of_column *place = &binding->columns[binding->column_count++];

    place->column = catalog_arena_text(&b->catalog->arena, view_of_text(column));
    place->number = number;
    return place->column ? 0 : PASU_E_NOMEM;
}

/* A row names one person of its table's; of those who are named by several columns, one by each
 * mapping (`is_mapped`), and their own table need not have all of them. */
static int
bind_subject(struct catalog_builder *b, uint8_t kind, const struct catalog_relation *r,
             bool is_mapped)
{
    struct catalog_subject *subject = NULL;

    PILE_EACH (struct catalog_subject, other, &b->catalog->subjects)
        if (other->relation == r->oid)
            subject = other;
    if (!subject && b->catalog->subjects.count == CATALOG_SUBJECTS_MAX) {
        b->catalog->uncounted_kinds |= 1u << kind;
        return 0;
    }
    if (!subject) {
        subject = catalog_pile_add(&b->catalog->subjects, sizeof(*subject));
        if (!subject)
            return PASU_E_NOMEM;
        subject->relation = r->oid;
    }
    subject->kinds |= 1u << kind;
    if ((is_mapped && subject->times[kind] < UINT8_MAX) || subject->times[kind] == 0)
        subject->times[kind]++;
    return 0;
}

static int
bind_columns(struct catalog_builder *b, struct entry *e, struct catalog_binding *binding,
             const struct catalog_binding *before, struct catalog_relation *r)
{
    const struct catalog_mapping *m = e->mapping;
    const struct catalog_column *named;
    struct catalog_key key = {.count = 0};
    struct catalog_show *show;
    int result = 0;

    binding->columns = catalog_arena_take(&b->catalog->arena, m->field_count + COUNT_OF(key.parts),
                                          sizeof(binding->columns[0]));
    if (!binding->columns)
        return PASU_E_NOMEM;
    for (; result == 0 && key_part(m, key.count); key.count++) {
        const char *column = key_part(m, key.count);
        int16_t number = remembered(before, r, column);

        named = column_named(r, column);
        if (number == 0 && named)
            number = named->number;
        if (number != 0)
            e->found_keys |= (uint8_t)(1u << key.count);
        key.parts[key.count] = number;
        result = remember(b, binding, column, number);
    }
    show = result == 0 ? catalog_show_of(b, r, m->kind, &key) : NULL;
    if (!show)
        return PASU_E_NOMEM;
    if (key.count > 1)
        result = bind_subject(b, m->kind, r, true);
    for (size_t i = 0; result == 0 && i < m->field_count; i++) {
        const struct catalog_mapping_field *f = &m->fields[i];
        int16_t number = remembered(before, r, f->column);

        named = column_named(r, f->column);
        if (number != 0)
            catalog_show_add(show, number, UINT64_C(1) << f->field);
        if (named)
            catalog_show_add(show, named->number, UINT64_C(1) << f->field);
        if ((number != 0 || named) && i < 64)
            e->found_columns |= UINT64_C(1) << i;
        result = remember(b, binding, f->column, number != 0 ? number : named ? named->number : 0);
    }
    return result;
}

static int
bind_relation(struct catalog_builder *b, struct entry *e, const struct catalog_binding *before,
              size_t number)
{
    struct catalog_relation *r = &b->catalog->relations[number];
    struct catalog_binding *binding;
    struct catalog *c = b->catalog;

    if (b->is_whole[number]) { /* bound already */
        PILE_EACH (struct catalog_binding, bound, &c->bindings)
            bound->is_named |= bound->relation == r->oid && bound->entry == e->kind_of_entry &&
                               is_same_text(bound->table, e->table) &&
                               is_same_text(bound->key, e->key);
        return 0;
    }
    b->is_whole[number] = true;
    e->is_found = true;
    binding = catalog_pile_add(&c->bindings, sizeof(*binding));
    if (!binding)
        return PASU_E_NOMEM;
    binding->entry = e->kind_of_entry;
    binding->relation = r->oid;
    binding->is_named = before == NULL;
    binding->table = catalog_arena_text(&c->arena, view_of_text(e->table));
    if (!binding->table)
        return PASU_E_NOMEM;
    if (e->key && !(binding->key = catalog_arena_text(&c->arena, view_of_text(e->key))))
        return PASU_E_NOMEM;
    if (e->kind_of_entry == ENTRY_NEVER)
        r->is_never = true;
    if (e->kind_of_entry == ENTRY_SUBJECT)
        return bind_subject(b, e->kind, r, false);
    return e->mapping ? bind_columns(b, e, binding, before, r) : 0;
}

/* Every relation of that name is bound; where it is not in this database's entries, none. */
static int
bind_named(struct catalog_builder *b, struct entry *e)
{
    char table[CATALOG_NAME_SIZE], schema[CATALOG_NAME_SIZE];
    struct view database_part, schema_part, table_part;
    const struct catalog_relation *r;
    size_t at = 0;
    int result = 0;

    split(e->table, &database_part, &schema_part, &table_part);
    if (database_part.bytes && !view_equal(database_part, view_of_text(b->database))) {
        e->is_found = true; /* it is another database's */
        e->found_keys = UINT8_MAX;
        e->found_columns = UINT64_MAX;
        return 0;
    }
    if (!catalog_value_name(table_part, table) ||
        (schema_part.bytes && !catalog_value_name(schema_part, schema)))
        return 0;
    catalog_speak(b->catalog, table);
    while (result == 0 && (r = catalog_relation_named(b->catalog, schema_part.bytes ? schema : NULL,
                                                      table, &at)) != NULL)
        if (!r->is_system && r->kind != 'S')
            result = bind_relation(b, e, NULL, (size_t)(r - b->catalog->relations));
    return result;
}

static int
note_missing(struct catalog_builder *b, const char *table, const char *column)
{
    struct catalog *c = b->catalog;
    const char **name = catalog_pile_add(&c->unresolved, sizeof(*name));
    char *text;
    size_t length = strlen(table), more = column ? 1 + strlen(column) : 0;

    if (!name)
        return PASU_E_NOMEM;
    text = catalog_arena_take(&c->arena, length + more + 1, 1);
    if (!text) {
        c->unresolved.count--;
        return PASU_E_NOMEM;
    }
    memcpy(text, table, length);
    if (column) {
        text[length] = '.';
        memcpy(text + length + 1, column, more - 1);
    }
    *name = text;
    return 0;
}

static int
note_unresolved(struct catalog_builder *b, const struct entry *e)
{
    int result = 0;

    if (!e->is_found)
        return e->kind_of_entry == ENTRY_SUBJECT ? 0 : note_missing(b, e->table, NULL);
    if (!e->mapping)
        return 0;
    for (size_t i = 0; result == 0 && key_part(e->mapping, i); i++)
        if (!(e->found_keys >> i & 1))
            result = note_missing(b, e->table, key_part(e->mapping, i));
    for (size_t i = 0; result == 0 && i < e->mapping->field_count && i < 64; i++)
        if (!(e->found_columns >> i & 1))
            result = note_missing(b, e->table, e->mapping->fields[i].column);
    return result;
}

static int
bind_entry(struct catalog_builder *b, struct entry *e)
{
    const struct catalog_binding *before;
    size_t at = 0;
    int result = 0;

    memset(b->is_whole, 0, b->catalog->relation_count);
    while (result == 0 && (before = prior_binding(b->prior, e, &at)) != NULL) {
        size_t number = catalog_relation_number(b->catalog, before->relation);

        if (number != SIZE_MAX)
            result = bind_relation(b, e, before, number);
    }
    if (result == 0)
        result = bind_named(b, e);
    return result == 0 ? note_unresolved(b, e) : result;
}

/* Which mapping it is of several of a table. */
static const char *
name_of_key(struct catalog_builder *b, const struct catalog_mapping *m)
{
    size_t size = 0;
    struct writer w;
    char *name;

    for (size_t i = 0; key_part(m, i); i++)
        size += strlen(key_part(m, i)) + 1;
    name = catalog_arena_take(&b->scratch, size, 1);
    if (!name)
        return NULL;
    w = writer_of(name, size - 1);
    for (size_t i = 0; key_part(m, i); i++) {
        writer_bytes(&w, ",", i > 0);
        writer_bytes(&w, key_part(m, i), strlen(key_part(m, i)));
    }
    return name;
}

int
catalog_bind(struct catalog_builder *b)
{
    const struct catalog_policy *p = b->policy;
    int result = 0;

    for (size_t i = 0; result == 0 && i < p->mapping_count; i++) {
        const struct catalog_mapping *m = &p->mappings[i];
        struct entry e = {.kind_of_entry = ENTRY_MAPPING, .table = m->table, .mapping = m};

        if (m->kind >= CATALOG_KINDS_MAX)
            return PASU_E_RANGE;
        e.kind = m->kind;
        e.key = name_of_key(b, m);
        if (!e.key)
            return PASU_E_NOMEM;
        b->catalog->all_kinds |= UINT64_C(1) << m->kind;
        for (size_t f = 0; f < m->field_count; f++) {
            if (m->fields[f].field >= CATALOG_FIELDS_MAX)
                return PASU_E_RANGE;
            b->catalog->all_fields |= UINT64_C(1) << m->fields[f].field;
        }
        result = bind_entry(b, &e);
    }
    for (size_t i = 0; result == 0 && i < p->never_count; i++) {
        struct entry e = {.kind_of_entry = ENTRY_NEVER, .table = p->never[i]};

        result = bind_entry(b, &e);
    }
    for (size_t i = 0; result == 0 && i < p->kind_count && i < CATALOG_KINDS_MAX; i++) {
        struct entry e = {.kind_of_entry = ENTRY_SUBJECT, .table = p->subject_tables[i]};

        e.kind = (uint8_t)i;
        result = bind_entry(b, &e);
    }
    memset(b->is_whole, 0, b->catalog->relation_count);
    return result;
}

/* ---- what was renamed ---- */

static int
add_renamed(struct catalog_builder *b, const struct catalog_mark *mark)
{
    struct catalog_mark *place;

    if (mark->fields == 0)
        return 0;
    place = catalog_pile_add(&b->catalog->renamed, sizeof(*place));
    if (!place)
        return PASU_E_NOMEM;
    *place = *mark;
    return 0;
}

/* One column, as the relation shows it. */
static int
rename_column(struct catalog_builder *b, const struct catalog_relation *r, int16_t column)
{
    int result = 0;

    for (size_t i = 0; i < r->show_count && result == 0; i++) {
        const struct catalog_mark mark = {.relation = r->oid,
                                          .column = column,
                                          .fields = r->shows[i].column_fields[column],
                                          .kinds = UINT64_C(1) << r->shows[i].kind};

        result = add_renamed(b, &mark);
    }
    return result;
}

static int
rename_binding(struct catalog_builder *b, const struct catalog_binding *binding,
               const struct catalog_relation *r)
{
    const struct catalog_mark all = {
        .relation = r->oid, .fields = b->catalog->all_fields, .kinds = b->catalog->all_kinds};
    int result = 0;

    if (binding->entry == ENTRY_NEVER)
        return binding->is_named ? 0 : add_renamed(b, &all);
    for (int16_t n = 1; !binding->is_named && n <= r->column_limit && result == 0; n++)
        result = rename_column(b, r, n);
    for (size_t i = 0; binding->is_named && i < binding->column_count && result == 0; i++) {
        const struct catalog_column *named = column_named(r, binding->columns[i].column);
        int16_t number = binding->columns[i].number;

        if (number > 0 && number <= r->column_limit && (!named || named->number != number))
            result = rename_column(b, r, number);
    }
    return result;
}

int
catalog_bind_renamed(struct catalog_builder *b)
{
    int result = 0;

    PILE_EACH (const struct catalog_binding, binding, &b->catalog->bindings) {
        const struct catalog_relation *r = catalog_relation(b->catalog, binding->relation);

        if (r && result == 0 && binding->entry != ENTRY_SUBJECT)
            result = rename_binding(b, binding, r);
    }
    return result;
}

const struct catalog_mark *
catalog_renamed(const struct catalog *catalog, size_t *at)
{
    const struct catalog_mark *items = catalog->renamed.items;

    return *at < catalog->renamed.count ? &items[(*at)++] : NULL;
}
