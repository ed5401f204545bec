/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the inspector's rows; see catalog_query.def for what each is. */
#include "postgres/catalog_part.h"
#include "postgres/cursor.h"

#include "base/memory.h"

int
catalog_builder_new(struct catalog_builder **builder, const struct catalog_policy *policy,
                    struct catalog *prior, const struct catalog_mark *marks, size_t mark_count)
{
    struct catalog_builder *b = memory_new(1, sizeof(*b));

    if (!b)
        return PASU_E_NOMEM;
    b->catalog = memory_new(1, sizeof(*b->catalog));
    if (!b->catalog) {
        memory_free(b);
        return PASU_E_NOMEM;
    }
    b->catalog->holders = 1;
    b->policy = policy;
    b->prior = prior ? catalog_hold(prior) : NULL;
    b->marks = marks;
    b->mark_count = mark_count;
    b->block_size = 8192;
    *builder = b;
    return 0;
}

void
catalog_builder_free(struct catalog_builder *b)
{
    struct catalog_pile *const piles[] = {
        &b->relations, &b->functions, &b->sources,      &b->columns,   &b->inherits,
        &b->keys,      &b->loose,     &b->texts,        &b->generated, &b->aggregates,
        &b->operators, &b->casts,     &b->dependencies, &b->writers,   &b->acts,
        &b->edges,     &b->computed,  &b->tokens,       &b->names,     &b->triggers,
        &b->fills,     &b->called,    &b->forms,        &b->domains,   &b->files,
    };

    for (size_t i = 0; i < COUNT_OF(piles); i++)
        catalog_pile_release(piles[i]);
    if (b->catalog)
        catalog_free(b->catalog);
    catalog_release(b->prior);
    catalog_arena_release(&b->scratch);
    memory_free(b->taints);
    memory_free(b->marked);
    memory_free(b->stamps);
    memory_free(b->is_whole);
    memory_free(b->sql);
    memory_free(b);
}

void
catalog_builder_skip(struct catalog_builder *b, size_t index)
{
    if (index < QUERY_COUNT)
        b->skipped[index] = true;
}

/* ---- a row of each query ---- */

static int
take_server(struct catalog_builder *b, const struct view *v)
{
    if (!catalog_value_u32(v[0], &b->version) || !catalog_value_name(v[1], b->database) ||
        !v[2].bytes || !catalog_value_bool(v[3], &b->has_population) ||
        !catalog_value_bool(v[4], &b->may_restrict) || !catalog_value_u32(v[5], &b->block_size))
        return PASU_E_MALFORMED;
    b->is_utf8 = view_equal(v[2], VIEW("UTF8"));
    return 0;
}

static int
take_relation(struct catalog_builder *b, const struct view *v)
{
    struct catalog_relation *r = catalog_pile_add(&b->relations, sizeof(*r));

    if (!r)
        return PASU_E_NOMEM;
    if (!catalog_value_u32(v[0], &r->oid) || !catalog_value_name(v[1], r->schema) ||
        !catalog_value_name(v[2], r->name) || !v[3].bytes || v[3].length != 1 || !v[4].bytes ||
        v[4].length != 1 || !catalog_value_bool(v[5], &r->is_system) ||
        !catalog_value_bool(v[6], &r->has_rules))
        return PASU_E_MALFORMED;
    r->kind = (char)v[3].bytes[0];
    r->persistence = (char)v[4].bytes[0];
    r->speaks_values = catalog_relation_speaks(r);
    return 0;
}

static int
take_column(struct catalog_builder *b, const struct view *v)
{
    struct catalog_raw_column *c = catalog_pile_add(&b->columns, sizeof(*c));

    if (!c)
        return PASU_E_NOMEM;
    return catalog_value_u32(v[0], &c->relation) && catalog_value_i16(v[1], &c->column.number) &&
                   catalog_value_name(v[2], c->column.name) &&
                   catalog_value_u32(v[3], &c->column.type) && c->column.number > 0
               ? 0
               : PASU_E_MALFORMED;
}

static int
take_domain(struct catalog_builder *b, const struct view *v)
{
    struct catalog_domain *d = catalog_pile_add(&b->domains, sizeof(*d));

    if (!d)
        return PASU_E_NOMEM;
    return catalog_value_u32(v[0], &d->relation) && catalog_value_i16(v[1], &d->column) &&
                   catalog_value_u32(v[2], &d->type)
               ? 0
               : PASU_E_MALFORMED;
}

static int
take_pair(struct catalog_pile *pile, const struct view *v)
{
    struct catalog_pair *pair = catalog_pile_add(pile, sizeof(*pair));

    if (!pair)
        return PASU_E_NOMEM;
    return catalog_value_u32(v[0], &pair->a) && catalog_value_u32(v[1], &pair->b)
               ? 0
               : PASU_E_MALFORMED;
}

static int
take_generated(struct catalog_builder *b, const struct view *v)
{
    struct catalog_generated *g = catalog_pile_add(&b->generated, sizeof(*g));

    if (!g)
        return PASU_E_NOMEM;
    return catalog_value_u32(v[0], &g->relation) && catalog_value_i16(v[1], &g->column) &&
                   catalog_value_i16(v[2], &g->source)
               ? 0
               : PASU_E_MALFORMED;
}

static uint8_t
language_of(struct view name, bool is_trusted)
{
    if (view_equal(name, VIEW("sql")))
        return LANGUAGE_SQL;
    if (view_equal(name, VIEW("plpgsql")))
        return LANGUAGE_PLPGSQL;
    if (view_equal(name, VIEW("c")) || view_equal(name, VIEW("internal")))
        return LANGUAGE_NATIVE;
    return is_trusted ? LANGUAGE_TRUSTED : LANGUAGE_UNTRUSTED;
}

static int
take_function(struct catalog_builder *b, const struct view *v)
{
    struct catalog_function *f = catalog_pile_add(&b->functions, sizeof(*f));
    struct catalog_source *s = catalog_pile_add(&b->sources, sizeof(*s));
    bool is_trusted;

    if (!f || !s)
        return PASU_E_NOMEM;
    if (!catalog_value_u32(v[0], &f->oid) || !catalog_value_name(v[1], f->schema) ||
        !catalog_value_name(v[2], f->name) || !v[3].bytes ||
        !catalog_value_bool(v[4], &is_trusted) || !v[5].bytes || v[5].length != 1 ||
        !catalog_value_bool(v[6], &f->returns_set) || !catalog_value_bool(v[7], &s->has_query_body))
        return PASU_E_MALFORMED;
    f->is_system = f->oid < FIRST_USER_OID;
    catalog_source_name(s, f->name);
    s->language = language_of(v[3], is_trusted);
    f->kind = s->kind = (char)v[5].bytes[0];
    if (v[8].bytes && !s->has_query_body && !(s->body = catalog_arena_text(&b->scratch, v[8])))
        return PASU_E_NOMEM;
    if (v[9].bytes && !(s->extension = catalog_arena_text(&b->scratch, v[9])))
        return PASU_E_NOMEM;
    return 0;
}

static int
take_operator(struct catalog_builder *b, const struct view *v)
{
    struct catalog_operator *o = catalog_pile_add(&b->operators, sizeof(*o));
    char name[CATALOG_NAME_SIZE];
    uint32_t oid, left, right;

    if (!o)
        return PASU_E_NOMEM;
    if (!catalog_value_u32(v[0], &oid) || !catalog_value_name(v[1], name) ||
        !catalog_value_u32(v[2], &o->function) || !catalog_value_u32(v[3], &left) ||
        !catalog_value_u32(v[4], &right))
        return PASU_E_MALFORMED;
    /* Of PostgreSQL's own types: put in front of its "=", it compares keys in a way of its own. */
    b->catalog->has_own_equality |=
        strcmp(name, "=") == 0 && left < FIRST_USER_OID && right < FIRST_USER_OID;
    b->has_own_concatenation |=
        strcmp(name, "||") == 0 && left < FIRST_USER_OID && right < FIRST_USER_OID;
    o->name = catalog_arena_text(&b->catalog->arena, v[1]);
    return o->name ? 0 : PASU_E_NOMEM;
}

static int
take_cast(struct catalog_builder *b, const struct view *v)
{
    uint32_t *function = catalog_pile_add(&b->casts, sizeof(*function));

    if (!function)
        return PASU_E_NOMEM;
    return catalog_value_u32(v[0], function) ? 0 : PASU_E_MALFORMED;
}

static int
rule_order(const void *a, const void *b)
{
    const struct catalog_rule *left = a, *right = b;

    return left->oid < right->oid ? -1 : left->oid > right->oid;
}

void
catalog_rules_sort(struct catalog *catalog)
{
    if (catalog->rules.count > 0)
        qsort(catalog->rules.items, catalog->rules.count, sizeof(struct catalog_rule), rule_order);
}

struct catalog_rule *
catalog_rule_find(const struct catalog *catalog, uint32_t oid)
{
    const struct catalog_rule wanted = {.oid = oid};

    return catalog->rules.count == 0 ? NULL
                                     : bsearch(&wanted, catalog->rules.items, catalog->rules.count,
                                               sizeof(wanted), rule_order);
}

static int
take_act(struct catalog_builder *b, const struct view *v)
{
    struct catalog_act *a = catalog_pile_add(&b->acts, sizeof(*a));

    if (!a)
        return PASU_E_NOMEM;
    if (!catalog_value_u32(v[0], &a->relation) || !catalog_value_bool(v[1], &a->is_guard) ||
        !catalog_value_bool(v[2], &a->is_filling))
        return PASU_E_MALFORMED;
    a->text = v[3].bytes ? catalog_arena_text(&b->scratch, v[3]) : "";
    return a->text ? 0 : PASU_E_NOMEM;
}

/* A rule never changes under its row's version: what the prior snapshot saw in it stays true. */
static int
take_rule(struct catalog_builder *b, const struct view *v)
{
    struct catalog_rule *r = catalog_pile_add(&b->catalog->rules, sizeof(*r));
    const struct catalog_rule *before;

    if (!r)
        return PASU_E_NOMEM;
    if (!catalog_value_u32(v[0], &r->oid) || !catalog_value_u32(v[1], &r->relation) ||
        !catalog_value_u32(v[2], &r->xmin) || !catalog_value_bool(v[3], &r->is_view) ||
        !catalog_value_bool(v[4], &r->is_plain))
        return PASU_E_MALFORMED;
    before = b->prior ? catalog_rule_find(b->prior, r->oid) : NULL;
    if (before && before->is_seen && before->xmin == r->xmin && before->relation == r->relation) {
        r->is_seen = true;
        r->is_whole = before->is_whole;
        r->speaks = before->speaks;
        r->exits = before->exits;
    }
    return 0;
}

static int
take_dependency(struct catalog_builder *b, const struct view *v)
{
    struct catalog_dependency *d = catalog_pile_add(&b->dependencies, sizeof(*d));

    if (!d)
        return PASU_E_NOMEM;
    if (!catalog_value_u32(v[0], &d->rule) || !v[1].bytes || v[1].length != 1 ||
        !catalog_value_u32(v[2], &d->object))
        return PASU_E_MALFORMED;
    d->is_function = v[1].bytes[0] == 'f';
    /* A system column (a negative number) is nobody's value. */
    if (v[3].length > 1 && v[3].bytes[0] == '-') {
        b->dependencies.count--;
        return 0;
    }
    return catalog_value_i16(v[3], &d->column) ? 0 : PASU_E_MALFORMED;
}

static int
take_tree(struct catalog_builder *b, const struct view *v)
{
    struct catalog_rule *rule;
    uint32_t oid;
    bool is_whole, speaks, exits;

    if (!catalog_value_u32(v[0], &oid) || !catalog_value_bool(v[1], &is_whole) ||
        !catalog_value_bool(v[2], &speaks) || !catalog_value_bool(v[3], &exits))
        return PASU_E_MALFORMED;
    rule = catalog_rule_find(b->catalog, oid);
    if (rule) {
        rule->is_seen = true;
        rule->is_whole = is_whole;
        rule->speaks = speaks;
        rule->exits = exits;
    }
    return 0;
}

static int
take_reader(struct catalog_builder *b, const struct view *v)
{
    struct catalog_reader *r = catalog_pile_add(&b->catalog->readers, sizeof(*r));
    char name[CATALOG_NAME_SIZE];

    if (!r)
        return PASU_E_NOMEM;
    if (!catalog_value_name(v[0], name) || !v[1].bytes ||
        v[1].length != b->catalog->reader_keys.count || memchr(v[1].bytes, '\0', v[1].length))
        return PASU_E_MALFORMED;
    r->role = catalog_arena_text(&b->catalog->arena, v[0]);
    r->bits = catalog_arena_text(&b->catalog->arena, v[1]);
    return r->role && r->bits ? 0 : PASU_E_NOMEM;
}

static int
take_poll(struct catalog_builder *b, const struct view *v)
{
    if (!v[0].bytes || v[0].length >= sizeof(b->catalog->poll_value))
        return PASU_E_MALFORMED;
    text_from_view(b->catalog->poll_value, sizeof(b->catalog->poll_value), v[0]);
    return 0;
}

static int
take_body(struct catalog_builder *b, const struct view *v)
{
    struct catalog_source *sources = b->sources.items;
    size_t number;
    uint32_t oid;

    if (!catalog_value_u32(v[0], &oid))
        return PASU_E_MALFORMED;
    number = catalog_function_number(b->catalog, oid);
    if (number == SIZE_MAX || !sources[number].has_query_body || !v[1].bytes)
        return 0;
    sources[number].body = catalog_arena_text(&b->scratch, v[1]);
    return sources[number].body ? catalog_routine_body(b->catalog, oid, v[2]) : PASU_E_NOMEM;
}

static int
take_definition(struct catalog_builder *b, const struct view *v)
{
    uint32_t oid;
    size_t number;

    if (!catalog_value_u32(v[0], &oid))
        return PASU_E_MALFORMED;
    number = catalog_relation_number(b->catalog, oid);
    if (number == SIZE_MAX || !v[1].bytes)
        return 0;
    b->catalog->relations[number].definition = catalog_arena_text(&b->catalog->arena, v[1]);
    if (!b->catalog->relations[number].definition)
        return PASU_E_NOMEM;
    b->catalog->may_borrow |= cursor_is_read(b->catalog->relations[number].definition);
    return 0;
}

int
catalog_builder_row(struct catalog_builder *b, size_t index, const struct view *v, size_t count)
{
    if (index >= QUERY_COUNT || count != catalog_query_columns[index])
        return PASU_E_MALFORMED;
    switch ((enum catalog_query)index) {
    case QUERY_SERVER:
        return take_server(b, v);
    case QUERY_RELATIONS:
        return b->is_resolved ? PASU_E_MALFORMED : take_relation(b, v);
    case QUERY_FILES:
        return b->is_resolved ? PASU_E_MALFORMED : take_pair(&b->files, v);
    case QUERY_COLUMNS:
        return b->is_resolved ? PASU_E_MALFORMED : take_column(b, v);
    case QUERY_INHERITS:
        return take_pair(&b->inherits, v);
    case QUERY_KEYS:
        return take_pair(&b->keys, v);
    case QUERY_LOOSE:
        return take_pair(&b->loose, v);
    case QUERY_TEXTS:
        return take_pair(&b->texts, v);
    case QUERY_DOMAINS:
        return take_domain(b, v);
    case QUERY_COMPUTED:
        return take_pair(&b->computed, v);
    case QUERY_GENERATED:
        return take_generated(b, v);
    case QUERY_FUNCTIONS:
        return b->is_resolved ? PASU_E_MALFORMED : take_function(b, v);
    case QUERY_ROUTINES:
        return catalog_routine_row(b->catalog, v);
    case QUERY_AGGREGATES:
        return take_pair(&b->aggregates, v);
    case QUERY_OPERATORS:
        return b->is_resolved ? PASU_E_MALFORMED : take_operator(b, v);
    case QUERY_CASTS:
        return take_cast(b, v);
    case QUERY_FORMS:
        return take_pair(&b->forms, v);
    case QUERY_ACTS:
        return b->is_tainted ? PASU_E_MALFORMED : take_act(b, v);
    case QUERY_SPILLS:
        return b->is_tainted ? PASU_E_MALFORMED : catalog_spill_row(b, v);
    case QUERY_RULES:
        return b->is_resolved ? PASU_E_MALFORMED : take_rule(b, v);
    case QUERY_DEPENDENCIES:
        return take_dependency(b, v);
    case QUERY_TREES:
        return b->is_resolved ? take_tree(b, v) : PASU_E_MALFORMED;
    case QUERY_WRITERS:
        return b->is_tainted ? PASU_E_MALFORMED : take_pair(&b->writers, v);
    case QUERY_READERS:
        return b->is_resolved ? take_reader(b, v) : PASU_E_MALFORMED;
    case QUERY_POLL:
        return take_poll(b, v);
    case QUERY_EMPTY:
        return b->is_resolved ? catalog_empty_row(b, v) : PASU_E_MALFORMED;
    case QUERY_BODIES:
        return b->is_resolved && !b->is_tainted ? take_body(b, v) : PASU_E_MALFORMED;
    case QUERY_DEFINITIONS:
        return b->is_tainted ? take_definition(b, v) : PASU_E_MALFORMED;
    case QUERY_SUBJECTS:
        return b->is_resolved ? catalog_subject_row(&b->catalog->subjects, v) : PASU_E_MALFORMED;
    case QUERY_POPULATIONS:
        return catalog_count_row(b, v);
    case QUERY_COMMIT:
    case QUERY_COUNT:
        break;
    }
    return PASU_E_MALFORMED;
}

/* ---- the end ---- */

static int
index_readers(struct catalog *c)
{
    const struct catalog_reader *readers = c->readers.items;
    int result = catalog_index_init(&c->reader_names, &c->arena, c->readers.count);

    for (size_t i = 0; result == 0 && i < c->readers.count; i++)
        catalog_index_add(&c->reader_names,
                          catalog_hash_name(c, readers[i].role, strlen(readers[i].role)), i);
    return result;
}

/* Operators of users whose function is not known to show nothing; casts and types likewise. */
static int
keep_foreign(struct catalog_builder *b)
{
    struct catalog *c = b->catalog;
    int result;

    PILE_EACH (const struct catalog_operator, o, &b->operators) {
        const struct catalog_function *f = catalog_function(c, o->function);
        struct catalog_foreign *foreign;

        if (f && !f->is_opaque && !f->keeps && !f->fills)
            continue;
        foreign = catalog_pile_add(&c->operators, sizeof(*foreign));
        if (!foreign)
            return PASU_E_NOMEM;
        *foreign = (struct catalog_foreign){o->name, f && (f->keeps || f->fills)};
    }
    PILE_EACH (const uint32_t, oid, &b->casts) {
        const struct catalog_function *f = catalog_function(c, *oid);

        c->has_casts = true;
        c->has_foreign_casts |= !f || f->is_opaque || f->keeps || f->fills;
        c->has_keeping_casts |= f && (f->keeps || f->fills);
        c->has_cast_code |= b->has_cast_code && f && (f->is_opaque || f->keeps || f->fills) &&
                            !catalog_is_native(b, (size_t)(f - c->functions));
    }
    result = catalog_index_init(&c->operator_names, &c->arena, c->operators.count);
    for (size_t i = 0; result == 0 && i < c->operators.count; i++) {
        const char *name = ((const struct catalog_foreign *)c->operators.items)[i].name;

        catalog_index_add(&c->operator_names, catalog_hash_name(c, name, strlen(name)), i);
    }
    return result;
}

int
catalog_builder_finish(struct catalog_builder *b, uint64_t version, struct catalog **catalog)
{
    int result = b->version > 0 ? catalog_taint(b) : PASU_E_MALFORMED;

    if (result == 0)
        result = index_readers(b->catalog);
    if (result == 0)
        result = keep_foreign(b);
    if (result == 0) {
        catalog_populations_settle(b);
        b->catalog->version = version;
        catalog_since_settle(b->catalog);
        b->catalog->is_partial = b->skipped[QUERY_BODIES] || b->skipped[QUERY_DEFINITIONS];
        *catalog = b->catalog;
        b->catalog = NULL;
    }
    catalog_builder_free(b);
    return result;
}
