/* SPDX-License-Identifier: Apache-2.0 */
/* What functions are before anybody looks at what they use: by name, language and extension. */
#include "postgres/catalog_part.h"
#include "postgres/cursor.h"

/* ---- the tables ---- */

static const struct system_function {
    const char *name;
    size_t length; /* with a star that it may end in */
    bool speaks, exits;
} system_functions[] = {
#define X(name, speaks, exits) {name, sizeof(name) - 1, speaks, exits},
#include "postgres/catalog_system.def"
#undef X
};

static const struct {
    const char *schema, *name;
} speaking_relations[] = {
#define X(schema, name) {schema, name},
#include "postgres/catalog_speaking.def"
#undef X
};

static const struct known_extension {
    const char *name;
    bool is_clean, exits;
} known_extensions[] = {
#define X(name, is_clean, exits) {name, is_clean, exits},
#include "postgres/catalog_extension.def"
#undef X
};

static const struct system_function *
system_function(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(system_functions); i++) {
        const struct system_function *f = &system_functions[i];
        size_t last = f->length - 1;

        if (f->name[0] != name[0])
            continue;
        if (f->name[last] == '*' ? strncmp(f->name, name, last) == 0 : strcmp(f->name, name) == 0)
            return f;
    }
    return NULL;
}

void
catalog_source_name(struct catalog_source *s, const char *name)
{
    const struct system_function *f = system_function(name);

    s->speaks = f && f->speaks;
    s->exits = f && f->exits;
}

bool
catalog_relation_speaks(const struct catalog_relation *r)
{
    for (size_t i = 0; i < COUNT_OF(speaking_relations); i++)
        if (strcmp(speaking_relations[i].name, r->name) == 0 &&
            (speaking_relations[i].schema[0] == '\0' ||
             strcmp(speaking_relations[i].schema, r->schema) == 0))
            return true;
    return false;
}

static const struct known_extension *
extension_of(const struct catalog_source *s)
{
    for (size_t i = 0; s->extension && i < COUNT_OF(known_extensions); i++)
        if (strcmp(known_extensions[i].name, s->extension) == 0)
            return &known_extensions[i];
    return NULL;
}

/* ---- one function ---- */

static void
read_native(const struct catalog_builder *b, size_t number, struct catalog_taint *taint)
{
    const struct catalog_source *s = (const struct catalog_source *)b->sources.items + number;
    const struct known_extension *extension = extension_of(s);

    if (!extension || !extension->is_clean || s->speaks)
        catalog_taint_everything(b, taint);
    taint->is_exit = (extension && extension->exits) || s->exits;
}

static int
read_user_function(struct catalog_builder *b, size_t number, struct catalog_taint *taint)
{
    const struct catalog_source *s = (const struct catalog_source *)b->sources.items + number;

    if (s->kind == 'a') /* what it does is what its parts do: edges */
        return 0;
    switch ((enum catalog_language)s->language) {
    case LANGUAGE_SQL:
    case LANGUAGE_PLPGSQL:
        if (s->body)
            return catalog_body_read(b, b->catalog->relation_count + number, view_of_text(s->body));
        catalog_taint_everything(b, taint);
        break;
    case LANGUAGE_NATIVE:
        read_native(b, number, taint);
        break;
    case LANGUAGE_TRUSTED:
    case LANGUAGE_UNTRUSTED:
        catalog_taint_everything(b, taint);
        taint->keeps = true;
        taint->is_exit = s->language == LANGUAGE_UNTRUSTED;
        break;
    }
    return 0;
}

/* Whether it can read a cursor that it has not opened. Functions that run a text of their caller's
 * do what the text says, which is another one's affair. */
static bool
may_borrow(const struct catalog_source *s)
{
    switch ((enum catalog_language)s->language) {
    case LANGUAGE_SQL:
    case LANGUAGE_PLPGSQL:
        return s->kind != 'a' && (!s->body || cursor_is_reached(s->body));
    case LANGUAGE_NATIVE:
        return s->kind != 'a' && !extension_of(s);
    case LANGUAGE_TRUSTED:
    case LANGUAGE_UNTRUSTED:
        break;
    }
    return true;
}

/* The same of what the session has prepared. */
static bool
may_run_prepared(const struct catalog_source *s)
{
    bool is_read = s->language == LANGUAGE_SQL || s->language == LANGUAGE_PLPGSQL;

    return is_read && s->body ? s->kind != 'a' && cursor_reaches_prepared(s->body) : may_borrow(s);
}

static int
index_operators(struct catalog_builder *b)
{
    const struct catalog_operator *o = b->operators.items;
    int result = catalog_index_init(&b->operator_index, &b->scratch, b->operators.count);

    for (size_t i = 0; result == 0 && i < b->operators.count; i++)
        catalog_index_add(&b->operator_index, catalog_hash_name(b, o[i].name, strlen(o[i].name)),
                          i);
    return result;
}

int
catalog_functions_read(struct catalog_builder *b)
{
    const struct catalog_source *sources = b->sources.items;
    struct catalog *c = b->catalog;
    int result = index_operators(b);

    for (size_t i = 0; result == 0 && i < c->function_count; i++) {
        struct catalog_taint *taint = &b->taints[c->relation_count + i];

        if (c->functions[i].is_system) {
            if (sources[i].speaks)
                catalog_taint_everything(b, taint);
            taint->is_exit = sources[i].exits;
        } else {
            result = read_user_function(b, i, taint);
            c->may_borrow |= may_borrow(&sources[i]);
            c->may_run_prepared |= may_run_prepared(&sources[i]);
        }
    }
    PILE_EACH (const struct catalog_pair, part, &b->aggregates) {
        size_t whole = catalog_function_number(c, part->a);
        size_t number = catalog_function_number(c, part->b);

        if (result == 0 && whole != SIZE_MAX && number != SIZE_MAX)
            result = catalog_edge_add(b, c->relation_count + number, c->relation_count + whole);
        else if (whole != SIZE_MAX)
            catalog_taint_everything(b, &b->taints[c->relation_count + whole]);
    }
    return result;
}
