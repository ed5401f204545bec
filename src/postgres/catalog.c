/* SPDX-License-Identifier: Apache-2.0 */
/* A finished snapshot: holders, and the answers to who asks. */
#include "postgres/catalog_part.h"

#include "base/memory.h"

/* ---- indexes ---- */

int
catalog_index_init(struct catalog_index *index, struct catalog_arena *arena, size_t count)
{
    size_t heads = 16;

    if (count >= UINT32_MAX)
        return PASU_E_RANGE;
    while (heads < 2 * count)
        heads *= 2;
    index->heads = catalog_arena_take(arena, heads, sizeof(index->heads[0]));
    index->next = catalog_arena_take(arena, count + 1, sizeof(index->next[0]));
    index->mask = heads - 1;
    return index->heads && index->next ? 0 : PASU_E_NOMEM;
}

void
catalog_index_add(struct catalog_index *index, uint64_t hash, size_t number)
{
    uint32_t *head = &index->heads[hash & index->mask];

    index->next[number] = *head;
    *head = (uint32_t)number + 1;
}

/* The finalizer of MurmurHash3: every bit of the key moves every bit of the hash. */
static uint64_t
mix(uint64_t v)
{
    v = (v ^ v >> 33) * 0xff51afd7ed558ccdu;
    v = (v ^ v >> 33) * 0xc4ceb9fe1a85ec53u;
    return v ^ v >> 33;
}

uint64_t
catalog_hash_oid(uint32_t oid)
{
    return mix(oid);
}

/* Names are chosen by whoever may create a table; where in memory the seed is, they do not know. */
uint64_t
catalog_hash_name(const void *seed, const char *name, size_t length)
{
    uint64_t hash = mix((uintptr_t)seed ^ length);

    for (; length >= 8; name += 8, length -= 8) {
        uint64_t word;

        memcpy(&word, name, 8);
        hash = mix(hash ^ word);
    }
    if (length > 0) {
        uint64_t word = 0;

        memcpy(&word, name, length);
        hash = mix(hash ^ word);
    }
    return hash;
}

/* ---- life ---- */

void
catalog_free(struct catalog *catalog)
{
    memory_free(catalog->relations);
    memory_free(catalog->functions);
    memory_free(catalog->columns);
    catalog_pile_release(&catalog->bindings);
    catalog_pile_release(&catalog->rules);
    catalog_pile_release(&catalog->subjects);
    catalog_pile_release(&catalog->operators);
    catalog_pile_release(&catalog->reader_keys);
    catalog_pile_release(&catalog->readers);
    catalog_pile_release(&catalog->unresolved);
    catalog_pile_release(&catalog->renamed);
    catalog_pile_release(&catalog->spills);
    catalog_pile_release(&catalog->routines);
    catalog_pile_release(&catalog->fills);
    catalog_pile_release(&catalog->written);
    catalog_arena_release(&catalog->arena);
    memory_free(catalog);
}

struct catalog *
catalog_hold(struct catalog *catalog)
{
    catalog->holders++;
    return catalog;
}

void
catalog_release(struct catalog *catalog)
{
    if (catalog && --catalog->holders == 0)
        catalog_free(catalog);
}

void
catalog_supersede(struct catalog *catalog)
{
    if (catalog)
        catalog->is_superseded = true;
}

bool
catalog_is_superseded(const struct catalog *catalog)
{
    return catalog->is_superseded;
}

/* ---- relations and functions ---- */

uint64_t
catalog_version(const struct catalog *catalog)
{
    return catalog->version;
}

size_t
catalog_relation_number(const struct catalog *catalog, uint32_t oid)
{
    uint64_t hash = catalog_hash_oid(oid);
    uint32_t at = 0;

    while ((at = catalog_index_next(&catalog->relation_oids, hash, at)) != 0)
        if (catalog->relations[at - 1].oid == oid)
            return at - 1;
    return SIZE_MAX;
}

size_t
catalog_function_number(const struct catalog *catalog, uint32_t oid)
{
    uint64_t hash = catalog_hash_oid(oid);
    uint32_t at = 0;

    while ((at = catalog_index_next(&catalog->function_oids, hash, at)) != 0)
        if (catalog->functions[at - 1].oid == oid)
            return at - 1;
    return SIZE_MAX;
}

const struct catalog_relation *
catalog_relation(const struct catalog *catalog, uint32_t oid)
{
    size_t number = catalog_relation_number(catalog, oid);

    return number == SIZE_MAX ? NULL : &catalog->relations[number];
}

const struct catalog_function *
catalog_function(const struct catalog *catalog, uint32_t oid)
{
    size_t number = catalog_function_number(catalog, oid);

    return number == SIZE_MAX ? NULL : &catalog->functions[number];
}

const struct catalog_relation *
catalog_relation_named(const struct catalog *catalog, const char *schema, const char *name,
                       size_t *at)
{
    uint64_t hash = catalog_hash_name(catalog, name, strlen(name));
    size_t next = *at;

    while ((next = catalog_index_next(&catalog->relation_names, hash, next)) != 0) {
        const struct catalog_relation *relation = &catalog->relations[next - 1];

        *at = next;
        if (strcmp(relation->name, name) == 0 && (!schema || strcmp(relation->schema, schema) == 0))
            return relation;
    }
    return NULL;
}

const struct catalog_relation *
catalog_relation_marked(const struct catalog *catalog, const char *schema, const char *name,
                        size_t *at)
{
    bool is_temporary = schema && strcmp(schema, CATALOG_TEMPORARY) == 0;
    const struct catalog_relation *r;

    while ((r = catalog_relation_named(catalog, is_temporary ? NULL : schema, name, at)) != NULL)
        if (!is_temporary || r->persistence == 't')
            return r;
    return NULL;
}

const struct catalog_function *
catalog_function_named(const struct catalog *catalog, const char *schema, const char *name,
                       size_t *at)
{
    uint64_t hash = catalog_hash_name(catalog, name, strlen(name));
    size_t next = *at;

    while ((next = catalog_index_next(&catalog->function_names, hash, next)) != 0) {
        const struct catalog_function *function = &catalog->functions[next - 1];

        *at = next;
        if (strcmp(function->name, name) == 0 && (!schema || strcmp(function->schema, schema) == 0))
            return function;
    }
    return NULL;
}

size_t
catalog_relation_count(const struct catalog *catalog)
{
    return catalog->relation_count;
}

const struct catalog_relation *
catalog_relation_at(const struct catalog *catalog, size_t index)
{
    return index < catalog->relation_count ? &catalog->relations[index] : NULL;
}

size_t
catalog_function_count(const struct catalog *catalog)
{
    return catalog->function_count;
}

const struct catalog_function *
catalog_function_at(const struct catalog *catalog, size_t index)
{
    return index < catalog->function_count ? &catalog->functions[index] : NULL;
}

/* ---- the rest ---- */

bool
catalog_operator_is_foreign(const struct catalog *catalog, const char *name)
{
    uint64_t hash = catalog_hash_name(catalog, name, strlen(name));
    const struct catalog_foreign *operators = catalog->operators.items;
    uint32_t at = 0;

    while ((at = catalog_index_next(&catalog->operator_names, hash, at)) != 0)
        if (strcmp(operators[at - 1].name, name) == 0)
            return true;
    return false;
}

bool
catalog_operator_keeps(const struct catalog *catalog, const char *name)
{
    PILE_EACH (const struct catalog_foreign, o, &catalog->operators)
        if (o->keeps && strcmp(o->name, name) == 0)
            return true;
    return false;
}

void
catalog_speak(struct catalog *catalog, const char *name)
{
    uint64_t hash = catalog_hash_name(catalog, name, strlen(name)) % CATALOG_SPOKEN_BITS;

    catalog->spoken[hash / 64] |= UINT64_C(1) << hash % 64;
}

bool
catalog_speaks_of(const struct catalog *catalog, const char *name)
{
    uint64_t hash = catalog_hash_name(catalog, name, strlen(name)) % CATALOG_SPOKEN_BITS;

    return (catalog->spoken[hash / 64] >> hash % 64 & 1) != 0;
}

bool
catalog_may_borrow(const struct catalog *catalog)
{
    return catalog->may_borrow || catalog->is_partial;
}

bool
catalog_may_run_prepared(const struct catalog *catalog)
{
    return catalog->may_run_prepared || catalog->is_partial;
}

bool
catalog_events(const struct catalog *catalog, uint64_t *fields, uint64_t *kinds)
{
    *fields = catalog->event_fields;
    *kinds = catalog->event_kinds;
    return catalog->has_events;
}

bool
catalog_has_own_equality(const struct catalog *catalog)
{
    return !catalog || catalog->has_own_equality;
}

bool
catalog_has_foreign_casts(const struct catalog *catalog)
{
    return !catalog || catalog->has_foreign_casts;
}

bool
catalog_has_casts(const struct catalog *catalog)
{
    return catalog->has_casts;
}

bool
catalog_has_cast_code(const struct catalog *catalog)
{
    return catalog->has_cast_code;
}

bool
catalog_has_keeping_acts(const struct catalog *catalog)
{
    return catalog->has_keeping_acts || catalog->is_partial;
}

bool
catalog_has_keeping_casts(const struct catalog *catalog)
{
    return catalog->has_keeping_casts;
}

/* '2': the whole table; '1': the column; '0', or 0 where it is not known: neither; '-': nor even
 * its schema. */
static char
right_of(const struct catalog *catalog, const char *role, uint32_t relation, int16_t column)
{
    uint64_t hash = catalog_hash_name(catalog, role, strlen(role));
    const struct catalog_reader_key *keys = catalog->reader_keys.items;
    const struct catalog_reader *readers = catalog->readers.items;
    uint32_t at = 0;
    size_t key = 0;

    while (key < catalog->reader_keys.count &&
           (keys[key].relation != relation || keys[key].column != column))
        key++;
    if (key == catalog->reader_keys.count)
        return '\0';
    while ((at = catalog_index_next(&catalog->reader_names, hash, at)) != 0)
        if (strcmp(readers[at - 1].role, role) == 0)
            return readers[at - 1].bits[key];
    return '\0';
}

bool
catalog_role_may_read(const struct catalog *catalog, const char *role, uint32_t relation,
                      int16_t column)
{
    char right = right_of(catalog, role, relation, column);

    return right == '1' || right == '2';
}

bool
catalog_role_may_read_all(const struct catalog *catalog, const char *role, uint32_t relation,
                          int16_t key)
{
    return right_of(catalog, role, relation, key) == '2';
}

bool
catalog_role_is_shut_out(const struct catalog *catalog, const char *role,
                         const struct catalog_relation *relation)
{
    return relation->column_count > 0 &&
           right_of(catalog, role, relation->oid, relation->columns[0].number) == '-';
}

uint64_t
catalog_all_fields(const struct catalog *catalog)
{
    return catalog->all_fields;
}

uint64_t
catalog_all_kinds(const struct catalog *catalog)
{
    return catalog->all_kinds;
}

bool
catalog_is_partial(const struct catalog *catalog)
{
    return catalog->is_partial;
}

const char *
catalog_poll_text(const struct catalog *catalog)
{
    return catalog->poll_text;
}

const char *
catalog_poll_value(const struct catalog *catalog)
{
    return catalog->poll_value;
}

/* The value up to where temporary tables begin. */
static struct view
poll_lasting(struct view value)
{
    const uint8_t *end = value.length > 0 ? memchr(value.bytes, '~', value.length) : NULL;

    return end ? view_of(value.bytes, (size_t)(end - value.bytes)) : value;
}

enum catalog_change
catalog_poll_change(const struct catalog *catalog, struct view value)
{
    struct view before = view_of_text(catalog->poll_value);

    if (value.bytes && view_equal(value, before))
        return CATALOG_SAME;
    return value.bytes && view_equal(poll_lasting(value), poll_lasting(before))
               ? CATALOG_TEMPORARIES
               : CATALOG_CHANGED;
}

const char *
catalog_unresolved(const struct catalog *catalog, size_t *at)
{
    const char *const *names = catalog->unresolved.items;

    return *at < catalog->unresolved.count ? names[(*at)++] : NULL;
}
