/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/fresh.h"

#include "base/memory.h"
#include "postgres/fresh_text.h"
#include "postgres/reach.h"
#include "postgres/row_flow.h"

enum { MARKS_MAX = 4096, CALLED_MAX = 64 };

/* What is somewhere: fields, of those kinds. */
struct load {
    uint64_t fields, kinds;
};

struct fresh_thing {
    const struct plan_fresh *made;
    struct fresh_words words;
    uint64_t name, on;      /* hashes; 0: none */
    struct load out, given; /* what comes out of it; what it is given */
};

/* ---- loads ---- */

static bool
load_add(struct load *load, struct load more)
{
    bool is_more = (more.fields & ~load->fields) != 0 || (more.kinds & ~load->kinds) != 0;

    if (more.fields == 0)
        return false;
    load->fields |= more.fields;
    load->kinds |= more.kinds;
    return is_more;
}

static struct load
load_of(const struct fresh_thing *thing)
{
    return (struct load){thing->out.fields | thing->given.fields,
                         thing->out.kinds | thing->given.kinds};
}

static struct load
everything(const struct catalog *catalog)
{
    struct reach all = reach_of_everything(catalog);

    return (struct load){reach_fields(&all), reach_kinds(&all)};
}

/* ---- tables ---- */

/* NULL: no memory, or too many. */
static struct fresh_mark *
mark_of(struct fresh *f, const char *schema, const char *name)
{
    size_t size = f->mark_size ? 2 * f->mark_size : 16;
    struct fresh_mark *more;

    for (size_t i = 0; i < f->mark_count; i++)
        if (strcmp(f->marks[i].name, name) == 0) {
            if (!schema || strcmp(f->marks[i].schema, schema) != 0)
                f->marks[i].schema[0] = '\0';
            return &f->marks[i];
        }
    if (f->mark_count == f->mark_size) {
        more = f->mark_count < MARKS_MAX ? memory_resize(f->marks, size, sizeof(*more)) : NULL;
        if (!more)
            return NULL;
        f->marks = more;
        f->mark_size = size;
    }
    more = &f->marks[f->mark_count++];
    memset(more, 0, sizeof(*more));
    snprintf(more->schema, sizeof(more->schema), "%s", schema ? schema : "");
    snprintf(more->name, sizeof(more->name), "%s", name);
    return more;
}

static int
hold(struct fresh *f, const struct plan_mark *written)
{
    struct fresh_mark *mark = mark_of(f, written->schema, written->name);

    if (!mark)
        return PASU_E_NOMEM;
    mark->held_fields |= written->fields;
    mark->held_kinds |= written->kinds;
    return 0;
}

/* What its mapping says of it is no news; of several tables of a name nobody can say. */
static uint64_t
own_fields(const struct catalog *catalog, const struct fresh_mark *mark)
{
    const struct catalog_relation *relation, *only = NULL;
    const char *schema = mark->schema[0] ? mark->schema : NULL;
    size_t at = 0, count = 0;
    struct reach reach;

    while (catalog && (relation = catalog_relation_marked(catalog, schema, mark->name, &at))) {
        only = relation;
        count++;
    }
    if (count != 1 || only->is_one_marked) /* in the latter, that it comes by code is news */
        return 0;
    reach = reach_of_relation(only);
    return reach_fields(&reach);
}

/* Whether it is news. */
static bool
fill(const struct catalog *catalog, struct fresh_mark *mark, struct load load)
{
    struct load known = {mark->fields, mark->kinds};
    bool is_more;

    if ((load.fields & ~own_fields(catalog, mark)) == 0)
        return false;
    is_more = load_add(&known, load);
    mark->fields = known.fields;
    mark->kinds = known.kinds;
    return is_more;
}

/* ---- things ---- */

static int
add_link(struct fresh *f, size_t user, size_t used)
{
    size_t size = f->link_size ? 2 * f->link_size : 16;
    struct fresh_link *more;

    if (f->link_count == f->link_size) {
        more = memory_resize(f->links, size, sizeof(*more));
        if (!more)
            return PASU_E_NOMEM;
        f->links = more;
        f->link_size = size;
    }
    f->links[f->link_count++] = (struct fresh_link){(uint16_t)user, (uint16_t)used};
    return 0;
}

/* Who names whom, of the last thing and all that were there. */
static int
link_last(struct fresh *f)
{
    size_t last = f->thing_count - 1;
    int result = 0;

    for (size_t i = 0; i < last && result == 0; i++) {
        if (f->things[i].name && fresh_words_have(&f->things[last].words, f->things[i].name))
            result = add_link(f, last, i);
        if (result == 0 && f->things[last].name &&
            fresh_words_have(&f->things[i].words, f->things[last].name))
            result = add_link(f, i, last);
    }
    return result;
}

/* There are too many: no one looks any more at what it can hold. */
static int
fill_everything(struct fresh *f, const struct plan_fresh *made, const struct catalog *catalog)
{
    const struct load all = everything(catalog);
    struct fresh_mark *mark = NULL;

    f->is_full = true;
    if (made->is_filling && (mark = mark_of(f, NULL, made->on)) == NULL)
        return PASU_E_NOMEM;
    if (mark)
        (void)fill(catalog, mark, all);
    for (const struct plan_mark *to = made->fills; to; to = to->next) {
        mark = mark_of(f, to->schema, to->name);
        if (!mark)
            return PASU_E_NOMEM;
        (void)fill(catalog, mark, all);
    }
    return 0;
}

static int
add_thing(struct fresh *f, const struct plan_fresh *made, const struct catalog *catalog)
{
    struct fresh_thing *thing, *more;
    int result;

    for (size_t i = 0; i < f->thing_count; i++)
        if (f->things[i].made == made)
            return 0; /* the same statement again */
    if (f->thing_count == FRESH_THINGS_MAX)
        return fill_everything(f, made, catalog);
    more = memory_resize(f->things, f->thing_count + 1, sizeof(*more));
    if (!more)
        return PASU_E_NOMEM;
    f->things = more;
    thing = &more[f->thing_count];
    *thing = (struct fresh_thing){.made = made, .out = {made->fields, made->kinds}};
    thing->name = made->name ? fresh_hash(made->name) : 0;
    thing->on = made->on ? fresh_hash(made->on) : 0;
    f->thing_count++;
    result = fresh_words_read(&thing->words, made->text);
    return result == 0 ? link_last(f) : result;
}

static int
keep_plan(struct fresh *f, struct plan *plan)
{
    struct plan **more;

    if (f->plan_count > 0 && f->plans[f->plan_count - 1] == plan)
        return 0;
    more = memory_resize(f->plans, f->plan_count + 1, sizeof(struct plan *));
    if (!more)
        return PASU_E_NOMEM;
    f->plans = more;
    f->plans[f->plan_count++] = plan_hold(plan);
    return 0;
}

/* ---- rows ---- */

/* What is called from here, this one first. */
static size_t
called_by(const struct fresh *f, size_t from, uint16_t *called)
{
    size_t count = 0;

    called[count++] = (uint16_t)from;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < f->link_count && count < CALLED_MAX; k++) {
            bool is_new = f->links[k].user == called[i];

            for (size_t c = 0; c < count && is_new; c++)
                is_new = called[c] != f->links[k].used;
            if (is_new)
                called[count++] = f->links[k].used;
        }
    return count;
}

/* The fields of a row of `relation` that the texts name. */
static struct load
row_of(const struct fresh *f, const struct fresh_thing *thing, const uint16_t *called, size_t count,
       const struct catalog_relation *relation)
{
    struct load load = {relation->marked_fields, relation->marked_kinds};
    bool is_whole = thing->made->is_whole || count == CALLED_MAX;

    if (relation->show_count == 0)
        load = (struct load){relation->fields, relation->kinds};
    for (size_t i = 0; i < count; i++)
        is_whole |= f->things[called[i]].words.is_whole;
    for (size_t s = 0; s < relation->show_count; s++) {
        const struct catalog_show *show = &relation->shows[s];
        uint64_t fields = is_whole ? show->fields : 0;

        for (size_t k = 0; k < relation->column_count; k++) {
            uint64_t hash = fresh_hash(relation->columns[k].name);

            for (size_t i = 0; i < count && relation->columns[k].number <= relation->column_limit;
                 i++)
                if (fresh_words_have(&f->things[called[i]].words, hash))
                    fields |= show->column_fields[relation->columns[k].number];
        }
        load_add(&load, (struct load){fields, UINT64_C(1) << show->kind});
    }
    return load;
}

/* What the texts put into other columns of the row. */
static struct load
put_of(const struct fresh *f, const uint16_t *called, size_t count,
       const struct catalog_relation *relation)
{
    struct load load = {0};

    for (size_t i = 0; i < count; i++) {
        struct row_flow flow = {.relation = relation, .is_filling = true};

        row_flow_read(&flow, f->things[called[i]].made->text);
        load.fields |= flow.own;
    }
    for (size_t s = 0; s < relation->show_count; s++)
        load.kinds |= UINT64_C(1) << relation->shows[s].kind;
    return load;
}

static bool
give_rows(struct fresh *f, size_t index, const struct catalog *catalog)
{
    struct fresh_thing *thing = &f->things[index];
    const struct catalog_relation *relation;
    uint16_t called[CALLED_MAX];
    struct load put = {0};
    bool is_more = false;
    size_t at = 0, count;

    if (!thing->made->on || !catalog)
        return false;
    count = called_by(f, index, called);
    while ((relation = catalog_relation_named(catalog, NULL, thing->made->on, &at)) != NULL) {
        /* What a view showed before it was replaced was not written to it. */
        if (thing->made->is_link && relation->kind == 'v')
            continue;
        is_more |= load_add(&thing->given, row_of(f, thing, called, count, relation));
        if (thing->made->is_trigger)
            load_add(&put, put_of(f, called, count, relation));
    }
    if (thing->made->is_filling && (put.fields | thing->out.fields) != 0) {
        struct fresh_mark *mark = mark_of(f, NULL, thing->made->on);
        struct load known = mark ? (struct load){mark->fields, mark->kinds} : put;

        if (mark) { /* what it puts there of the row itself is beyond the mapping */
            is_more |= load_add(&known, put);
            mark->fields = known.fields;
            mark->kinds = known.kinds;
            is_more |= fill(catalog, mark, thing->out);
        }
    }
    return is_more;
}

/* ---- what goes where ---- */

static bool
pass_things(struct fresh *f)
{
    bool is_more = false;

    for (size_t i = 0; i < f->link_count; i++) {
        struct fresh_thing *user = &f->things[f->links[i].user];
        struct fresh_thing *used = &f->things[f->links[i].used];

        is_more |= load_add(&user->out, used->out);
        if (used->made->is_called)
            is_more |= load_add(&used->given, load_of(user));
    }
    return is_more;
}

static bool
pass_tables(struct fresh *f, struct fresh_thing *thing)
{
    bool is_more = false;

    for (size_t i = 0; i < f->mark_count; i++) {
        const struct fresh_mark *mark = &f->marks[i];
        struct load load = {mark->fields | mark->held_fields, mark->kinds | mark->held_kinds};
        uint64_t hash = fresh_hash(mark->name);

        if (thing->on == hash)
            is_more |= load_add(&thing->given, load);
        if (fresh_words_have(&thing->words, hash))
            is_more |= load_add(&thing->out, load);
    }
    return is_more;
}

static bool
pass_fills(struct fresh *f, const struct fresh_thing *thing, const struct catalog *catalog)
{
    bool is_more = false;

    for (const struct plan_mark *to = thing->made->fills; to; to = to->next) {
        struct load load = f->is_full             ? everything(catalog)
                           : thing->made->is_link ? thing->given
                                                  : load_of(thing);
        struct fresh_mark *mark = load.fields ? mark_of(f, to->schema, to->name) : NULL;

        if (mark)
            is_more |= fill(catalog, mark, load);
    }
    return is_more;
}

static void
settle(struct fresh *f, const struct catalog *catalog)
{
    bool is_more = true;

    while (is_more) { /* sets only grow */
        is_more = pass_things(f);
        for (size_t i = 0; i < f->thing_count; i++) {
            is_more |= give_rows(f, i, catalog);
            is_more |= pass_tables(f, &f->things[i]);
            is_more |= pass_fills(f, &f->things[i], catalog);
        }
    }
}

/* ---- statements ---- */

/* All that the relations hold which the words name. */
static struct load
load_named(const struct fresh *f, const struct fresh_words *words, const struct catalog *catalog)
{
    struct load load = {0};

    for (size_t i = 0; catalog && i < catalog_relation_count(catalog); i++) {
        const struct catalog_relation *relation = catalog_relation_at(catalog, i);

        if ((relation->fields | relation->marked_fields) != 0 &&
            fresh_words_have(words, fresh_hash(relation->name)))
            load_add(&load, (struct load){relation->fields | relation->marked_fields,
                                          relation->kinds | relation->marked_kinds});
    }
    for (size_t i = 0; i < f->mark_count; i++)
        if (fresh_words_have(words, fresh_hash(f->marks[i].name)))
            load_add(&load, (struct load){f->marks[i].fields | f->marks[i].held_fields,
                                          f->marks[i].kinds | f->marks[i].held_kinds});
    return load;
}

/* What the statement names, to those that it calls: what makes something says itself to whom, and
 * DROP calls nobody. */
static int
give_named(struct fresh *f, const struct plan_statement *statement, const struct catalog *catalog)
{
    struct fresh_words words = {0};
    struct load load;
    int result;

    if (statement->fresh || statement->verb == VERB_DROP || statement->verb == VERB_GRANT ||
        statement->verb == VERB_COMMENT)
        return 0;
    result = fresh_words_read(&words, statement->sql ? statement->sql : "");
    load = load_named(f, &words, catalog);
    if (!statement->is_understood || words.is_cut)
        load = (struct load){statement->most_fields, statement->most_kinds};
    for (size_t i = 0; i < f->thing_count && load.fields != 0; i++) {
        struct fresh_thing *thing = &f->things[i];

        if (thing->made->is_called && (thing->made->is_unnamed || !statement->is_understood ||
                                       words.is_cut || fresh_words_have(&words, thing->name)))
            load_add(&thing->given, load);
    }
    fresh_words_release(&words);
    return result;
}

/* What is read from tables that the transaction has filled goes where the statement writes. */
struct writing {
    struct fresh *fresh;
    const struct fresh_words *words;
    const struct catalog *catalog;
};

static void
write_named(void *arg, const char *schema, const char *name)
{
    const struct writing *w = arg;
    struct fresh *f = w->fresh;
    struct load load = {0};
    struct fresh_mark *mark;

    for (size_t i = 0; i < f->mark_count; i++)
        if (strcmp(f->marks[i].name, name) != 0 &&
            fresh_words_have(w->words, fresh_hash(f->marks[i].name)))
            load_add(&load, (struct load){f->marks[i].fields | f->marks[i].held_fields,
                                          f->marks[i].kinds | f->marks[i].held_kinds});
    for (size_t i = 0; i < f->thing_count; i++)
        if (f->things[i].name != 0 && fresh_words_have(w->words, f->things[i].name))
            load_add(&load, f->things[i].out);
    mark = load.fields ? mark_of(f, schema, name) : NULL;
    if (mark)
        (void)fill(w->catalog, mark, load);
}

static int
see_written(struct fresh *f, const struct plan_statement *statement, const struct catalog *catalog)
{
    struct fresh_words words = {0};
    struct writing writing = {f, &words, catalog};
    int result;

    if (f->mark_count == 0 || statement->fresh || !statement->sql)
        return 0;
    result = fresh_words_read(&words, statement->sql);
    if (result == 0)
        fresh_text_filled(statement->sql, write_named, &writing);
    fresh_words_release(&words);
    return result;
}

/* What was not to be seen by anybody is seen by nobody now. */
static int
see_dropped(struct fresh *f, const struct plan_statement *statement)
{
    struct fresh_words words = {0};
    int result = 0;

    if (statement->verb == VERB_DROP || statement->verb == VERB_ALTER)
        result = fresh_words_read(&words, statement->sql ? statement->sql : "");
    for (size_t i = 0; words.count > 0 && i < f->thing_count; i++) {
        const struct fresh_thing *thing = &f->things[i];
        struct fresh_mark *mark;

        if (!thing->made->is_seen || !fresh_words_have(&words, thing->name) ||
            thing->out.fields == 0 || (mark = mark_of(f, NULL, thing->made->on)) == NULL)
            continue;
        mark->fields |= thing->out.fields;
        mark->kinds |= thing->out.kinds;
    }
    fresh_words_release(&words);
    return result;
}

static int
see_marks(struct fresh *f, const struct plan_statement *statement)
{
    int result = 0;

    for (const struct plan_mark *m = &statement->mark; m && result == 0; m = m->next)
        if (m->fields && !m->is_lasting)
            result = hold(f, m);
    return result;
}

int
fresh_see(struct fresh *f, struct plan *plan, const struct plan_statement *statement,
          const struct catalog *catalog)
{
    size_t before = f->thing_count;
    int result = see_marks(f, statement);

    if (result == 0)
        result = see_written(f, statement, catalog);
    if (result == 0)
        result = see_dropped(f, statement);
    for (const struct plan_fresh *made = statement->fresh; made && result == 0; made = made->next)
        result = add_thing(f, made, catalog);
    if (f->thing_count > before) {
        int kept = keep_plan(f, plan);

        result = result == 0 ? kept : result;
    }
    if (f->thing_count == 0 || result != 0)
        return result;
    result = give_named(f, statement, catalog);
    settle(f, catalog);
    return result;
}

void
fresh_clear(struct fresh *f)
{
    for (size_t i = 0; i < f->thing_count; i++)
        fresh_words_release(&f->things[i].words);
    for (size_t i = 0; i < f->plan_count; i++)
        plan_release(f->plans[i]);
    memory_free(f->things);
    memory_free(f->marks);
    memory_free(f->plans);
    memory_free(f->links);
    *f = (struct fresh){0};
}
