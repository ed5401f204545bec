/* SPDX-License-Identifier: Apache-2.0 */
/* From rows to relations and functions that can be found, and the policy bound to them. */
#include "postgres/catalog_part.h"

#include "base/memory.h"

static int
column_order(const void *a, const void *b)
{
    const struct catalog_raw_column *left = a, *right = b;

    if (left->relation != right->relation)
        return left->relation < right->relation ? -1 : 1;
    return left->column.number - right->column.number;
}

/* The server sends columns as its index has them, most often in order already. */
static void
sort_columns(struct catalog_pile *columns)
{
    const struct catalog_raw_column *c = columns->items;

    for (size_t i = 1; i < columns->count; i++)
        if (column_order(&c[i - 1], &c[i]) > 0) {
            qsort(columns->items, columns->count, sizeof(*c), column_order);
            return;
        }
}

static int
take_columns(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;
    const struct catalog_raw_column *raw = b->columns.items;
    size_t count = b->columns.count;

    sort_columns(&b->columns);
    c->columns = memory_new(count + 1, sizeof(c->columns[0]));
    if (!c->columns)
        return PASU_E_NOMEM;
    for (size_t i = 0, end; i < count; i = end) {
        size_t number = catalog_relation_number(c, raw[i].relation);

        for (end = i; end < count && raw[end].relation == raw[i].relation; end++)
            c->columns[end] = raw[end].column;
        if (number == SIZE_MAX)
            continue;
        c->relations[number].columns = &c->columns[i];
        c->relations[number].column_count = end - i;
        c->relations[number].column_limit = raw[end - 1].column.number;
    }
    catalog_pile_release(&b->columns);
    return 0;
}

static int
make_indexes(struct catalog *c)
{
    int result = catalog_index_init(&c->relation_oids, &c->arena, c->relation_count);

    if (result == 0)
        result = catalog_index_init(&c->relation_names, &c->arena, c->relation_count);
    if (result == 0)
        result = catalog_index_init(&c->function_oids, &c->arena, c->function_count);
    if (result == 0)
        result = catalog_index_init(&c->function_names, &c->arena, c->function_count);
    for (size_t i = 0; result == 0 && i < c->relation_count; i++) {
        const struct catalog_relation *r = &c->relations[i];

        catalog_index_add(&c->relation_oids, catalog_hash_oid(r->oid), i);
        catalog_index_add(&c->relation_names, catalog_hash_name(c, r->name, strlen(r->name)), i);
    }
    for (size_t i = 0; result == 0 && i < c->function_count; i++) {
        const struct catalog_function *f = &c->functions[i];

        catalog_index_add(&c->function_oids, catalog_hash_oid(f->oid), i);
        catalog_index_add(&c->function_names, catalog_hash_name(c, f->name, strlen(f->name)), i);
    }
    return result;
}

static void
take_arrays(struct catalog_builder *b)
{
    b->catalog->relations = b->relations.items;
    b->catalog->relation_count = b->relations.count;
    b->catalog->functions = b->functions.items;
    b->catalog->function_count = b->functions.count;
    b->relations = b->functions = (struct catalog_pile){0};
}

static void
mark_relation(struct catalog_builder *b, const struct catalog_mark *mark, size_t number)
{
    struct catalog_taint *taint = &b->marked[number];

    taint->fields |= mark->fields & b->catalog->all_fields;
    taint->kinds |= mark->kinds & b->catalog->all_kinds;
    taint->marks++;
    taint->is_many |= !mark->is_one;
    taint->is_uncounted |= mark->persons == 0;
    taint->persons += mark->persons < UINT32_MAX ? mark->persons : UINT32_MAX;
}

/* Its own row's values in another column: of the persons of the shows that it has. False where it
 * has none of all kinds. */
static bool
mark_column(struct catalog_builder *b, const struct catalog_mark *mark, size_t number)
{
    struct catalog_relation *r = &b->catalog->relations[number];
    uint64_t kinds = 0;

    if (mark->column < 1 || mark->column > r->column_limit)
        return false;
    for (size_t i = 0; i < r->show_count; i++)
        kinds |= UINT64_C(1) << r->shows[i].kind;
    if (mark->kinds & b->catalog->all_kinds & ~kinds)
        return false;
    for (size_t i = 0; i < r->show_count; i++)
        if (mark->kinds >> r->shows[i].kind & 1)
            catalog_show_add(&r->shows[i], mark->column, mark->fields & b->catalog->all_fields);
    return true;
}

static void
take_marks(struct catalog_builder *b)
{
    const struct catalog *c = b->catalog;

    for (size_t i = 0; i < b->mark_count; i++) {
        const struct catalog_mark *mark = &b->marks[i];
        size_t number = catalog_relation_number(c, mark->relation), at = 0;
        const struct catalog_relation *r;

        if (mark->relation != 0 && number != SIZE_MAX && !mark_column(b, mark, number))
            mark_relation(b, mark, number);
        while (mark->relation == 0 && mark->name &&
               (r = mark->column == CATALOG_MADE
                        ? catalog_relation_since(c, mark->name, &at)
                        : catalog_relation_marked(c, mark->schema, mark->name, &at)) != NULL)
            mark_relation(b, mark, (size_t)(r - c->relations));
    }
}

static int
add_reader_key(struct catalog *c, uint32_t relation, int16_t column)
{
    struct catalog_reader_key *key;

    if (c->reader_keys.count == CATALOG_READERS_MAX)
        return 0;
    key = catalog_pile_add(&c->reader_keys, sizeof(*key));
    if (!key)
        return PASU_E_NOMEM;
    *key = (struct catalog_reader_key){relation, column};
    return 0;
}

static int
add_reader_keys(struct catalog *c, const struct catalog_relation *r,
                const struct catalog_show *show)
{
    int result = 0;

    if (show->key_part_count == 0)
        return show->key_column != 0 ? add_reader_key(c, r->oid, show->key_column) : 0;
    for (size_t i = 0; result == 0 && i < show->key_part_count; i++)
        if (show->key_parts[i] != 0)
            result = add_reader_key(c, r->oid, show->key_parts[i]);
    return result;
}

/* The first columns of what has the name of a table with a key, in other schemas. */
static int
add_namesakes(struct catalog *c, const struct catalog_relation *r)
{
    const struct catalog_relation *other;
    size_t at = 0;
    int result = 0;

    while (result == 0 && (other = catalog_relation_named(c, NULL, r->name, &at)) != NULL)
        if (other != r && other->persistence != 't' && other->column_count > 0)
            result = add_reader_key(c, other->oid, other->columns[0].number);
    return result;
}

/* The keys' columns of which it will be asked who may read them: those of mapped tables first, then
 * those that partitions have from their parents, and then what has their names. */
static int
collect_reader_keys(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;

    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < c->relation_count; i++) {
            const struct catalog_relation *r = &c->relations[i];

            for (size_t s = 0; s < r->show_count; s++)
                if (b->is_whole[i] == (round == 0) && add_reader_keys(c, r, &r->shows[s]) != 0)
                    return PASU_E_NOMEM;
        }
    for (size_t i = 0; i < c->relation_count; i++)
        if (c->relations[i].show_count > 0 && add_namesakes(c, &c->relations[i]) != 0)
            return PASU_E_NOMEM;
    return 0;
}

/* Who may read views that are not read through, and materialized ones: a column of theirs can be a
 * key. Last, so that there is room for the others. */
static int
add_other_views(struct catalog *c)
{
    int result = 0;

    PILE_EACH (const struct catalog_rule, rule, &c->rules) {
        size_t number = rule->is_view ? catalog_relation_number(c, rule->relation) : SIZE_MAX;

        if (result == 0 && number != SIZE_MAX && !c->relations[number].is_plain_view)
            result = add_reader_key(c, rule->relation, 1);
    }
    return result;
}

/* Rules of views are told to them; who may read those that can be read through is asked, and what
 * that takes of the catalog. */
static int
take_view_rules(struct catalog *c)
{
    static const uint32_t tables[] = {CATALOG_PG_CLASS, CATALOG_PG_REWRITE, CATALOG_PG_ATTRIBUTE,
                                      CATALOG_PG_NAMESPACE};
    bool is_any = false;
    int result = 0;

    PILE_EACH (const struct catalog_rule, rule, &c->rules) {
        size_t number = rule->is_view ? catalog_relation_number(c, rule->relation) : SIZE_MAX;
        struct catalog_relation *view = number == SIZE_MAX ? NULL : &c->relations[number];

        if (!view || view->kind != 'v')
            continue;
        view->rule = rule->oid;
        view->rule_version = rule->xmin;
        view->is_plain_view = rule->is_plain;
        for (size_t i = 0; result == 0 && rule->is_plain && !is_any && i < COUNT_OF(tables); i++)
            result = add_reader_key(c, tables[i], 1);
        is_any |= rule->is_plain;
        if (result == 0 && rule->is_plain)
            result = add_reader_key(c, view->oid, 1);
    }
    return result == 0 ? add_other_views(c) : result;
}

static int
resolve(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;
    size_t nodes = 2 * b->relations.count + b->functions.count;
    int result;

    take_arrays(b);
    b->taints = memory_new(nodes + 2, sizeof(b->taints[0]));
    b->stamps = memory_new(nodes + 2, sizeof(b->stamps[0]));
    b->is_whole = memory_new(c->relation_count + 1, 1);
    b->marked = memory_new(c->relation_count + 1, sizeof(b->marked[0]));
    if (!b->taints || !b->stamps || !b->is_whole || !b->marked)
        return PASU_E_NOMEM;
    catalog_rules_sort(c);
    result = make_indexes(c);
    if (result == 0)
        result = take_columns(b);
    if (result == 0)
        result = catalog_bind(b);
    if (result != 0)
        return result;
    for (size_t i = 0; i < c->relation_count; i++)
        b->is_whole[i] = c->relations[i].show_count > 0;
    catalog_since_take(b);
    take_marks(b);
    result = catalog_inherit(b);
    if (result == 0)
        result = catalog_bind_renamed(b);
    if (result == 0)
        result = collect_reader_keys(b);
    if (result == 0)
        result = take_view_rules(c);
    memset(b->is_whole, 0, c->relation_count);
    return result;
}

int
catalog_resolve(struct catalog_builder *b)
{
    if (!b->is_resolved) {
        b->is_resolved = true;
        b->failure = resolve(b);
    }
    return b->failure;
}
