/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/showing.h"

#include "base/memory.h"
#include "postgres/key.h"
#include "postgres/plan_column.h"
#include "postgres/plan_names.h"
#include "postgres/reach.h"
#include "postgres/showing_identity.h"
#include "postgres/showing_key.h"
#include "postgres/showing_shadow.h"

enum { ROOM = PLAN_PARTS_MAX + CATALOG_KINDS_MAX };

/* A showing while it is made: there is room for every part of the plan, and a bound one of each
 * kind. */
struct making {
    const struct plan_statement *statement;
    const struct catalog *catalog;
    const struct row_column *columns;
    size_t count;
    bool has_columns; /* the plan's numbers of columns are the server's */
    bool is_certain;  /* and its columns, too, which have no origins */
    bool is_named;    /* names without a schema mean what the plan took them for */
    uint32_t flags;
    bool is_never;
    bool has_tuples;
    bool is_beside; /* a column is of what the statement does not name */
    bool is_blank;  /* a relation that the snapshot does not show is one that was just made */
    struct showing_part parts[ROOM];
    size_t part_count;
    int bound[CATALOG_KINDS_MAX];      /* the part of that kind, or -1 */
    uint64_t *fields;                  /* [column × ROOM + part] */
    uint64_t *sure;                    /* the same: those that surely depend on the part's person */
    uint32_t shown_by[PLAN_PARTS_MAX]; /* where a key is: the relation that its origin says */
};

static uint64_t
population(const struct making *m, uint8_t kind)
{
    return m->catalog ? catalog_population(m->catalog, kind) : UINT32_MAX;
}

/* ---- the plan's parts, if the server says so ---- */

static const struct catalog_relation *
relation_of(const struct making *m, uint32_t oid)
{
    return m->catalog && oid != 0 ? catalog_relation(m->catalog, oid) : NULL;
}

/* Of several columns, whose last one is there. */
static bool
is_tuple_proven(const struct making *m, const struct plan_part *part, size_t hidden)
{
    if (m->is_certain && m->has_columns)
        return part->column + hidden < m->count;
    return (m->has_columns || part->source == SOURCE_HIDDEN) &&
           showing_are_keys(m->catalog, part, m->columns, m->count, hidden);
}

/* Without a word of the server's, only what is named with its schema can be trusted. */
static bool
is_proven(const struct making *m, const struct plan_part *part, size_t hidden)
{
    size_t at = part->source == SOURCE_HIDDEN ? part->column : part->column + hidden;

    if (part->tuple.count > 0 && part->source <= SOURCE_HIDDEN)
        return is_tuple_proven(m, part, part->source == SOURCE_HIDDEN ? 0 : hidden);
    if (m->is_certain && m->has_columns)
        return part->source == SOURCE_BOUND || part->source == SOURCE_PINNED || at < m->count;
    switch (part->source) {
    case SOURCE_OUTPUT:
        if (part->is_of_call)
            return m->has_columns && at < m->count;
        if (m->count == 0)
            return part->is_relation_certain;
        return m->has_columns && at < m->count && showing_is_key(m->catalog, part, &m->columns[at]);
    case SOURCE_HIDDEN:
        return at < m->count && showing_is_hidden_key(m->catalog, part, m->columns, m->count);
    case SOURCE_PINNED:
        return part->is_relation_certain ||
               showing_has_origin(part->relation, m->columns, m->count);
    case SOURCE_SHADOW:
        return m->has_columns && showing_has_shadows(m->statement, m->columns, m->count);
    default:
        return true;
    }
}

static void
take_tuple(struct making *m, const struct plan_part *plan, size_t hidden, struct showing_part *part)
{
    part->tuple = plan->tuple.count;
    m->has_tuples |= part->tuple > 0;
    for (size_t i = 0; i < part->tuple; i++) {
        size_t at = plan->tuple.columns[i] + hidden;

        part->keys[i] = (struct showing_key){
            .column = (uint16_t)at,
            .type = plan->tuple.types[i],
            .format = (uint8_t)(at < m->count && m->columns[at].format == 1),
        };
    }
}

static void
take_part(struct making *m, size_t index)
{
    const struct plan_part *plan = &m->statement->parts[index];
    struct showing_part *part = &m->parts[m->part_count++];
    size_t hidden = m->statement->hidden_count;

    *part = (struct showing_part){
        .kind = plan->kind,
        .source = plan->source,
        .key_type = plan->key_type,
        .is_one_per_row = plan->is_one_per_row,
        .most_per_row = plan->source == SOURCE_BOUND ? plan->most_per_row : 0,
        .is_key_unique = plan->is_key_unique,
        .is_of_call = plan->is_of_call,
        .is_array = plan->source == SOURCE_HIDDEN && plan->is_array,
        .is_one = plan->is_one,
        .is_given = plan->source == SOURCE_HIDDEN && plan->is_given,
        .has_origin = plan->source == SOURCE_HIDDEN && plan->has_origin,
        .origin = plan->origin,
        .relation = plan->relation,
        .shadows = plan->shadows,
        .unknown = population(m, plan->kind),
        .is_perhaps = plan->column_count > 0,
        .needs_value = plan->column_count > 0 &&
                       (!plan->is_array || plan->is_derived || plan->is_one || plan->is_of_sets),
        .pins = plan->pins,
        .pin_count = plan->pin_count,
    };
    m->shown_by[index] = plan->relation;
    if (plan->relation == 0 && m->bound[plan->kind] < 0)
        m->bound[plan->kind] = (int)index;
    if (!is_proven(m, plan, hidden)) {
        part->source = SOURCE_BOUND;
        part->is_array = part->has_origin = part->is_given = false;
    }
    if (part->source == SOURCE_SHADOW)
        part->format = (uint8_t)(m->columns[0].format == 1); /* as all of its columns */
    if (part->source == SOURCE_OUTPUT || part->source == SOURCE_HIDDEN) {
        size_t at = plan->source == SOURCE_HIDDEN ? plan->column : plan->column + hidden;

        part->column = (uint16_t)at;
        take_tuple(m, plan, plan->source == SOURCE_HIDDEN ? 0 : hidden, part);
        if (at < m->count) {
            part->format = (uint8_t)(m->columns[at].format == 1);
            if (plan->key_relation == plan->relation && m->columns[at].relation != 0)
                m->shown_by[index] = m->columns[at].relation;
        }
    }
}

/* ---- what each column shows ---- */

static void
add(struct making *m, size_t column, size_t part, uint64_t fields)
{
    m->fields[column * ROOM + part] |= fields;
    m->sure[column * ROOM + part] |= fields;
    m->parts[part].fields |= fields;
    m->parts[part].is_perhaps = m->parts[part].needs_value = false;
}

static bool
is_planned(const struct making *m, size_t part, size_t column)
{
    const struct plan_statement *s = m->statement;

    return m->has_columns && part < s->part_count &&
           plan_fields(&s->parts[part], column - s->hidden_count) != 0;
}

/* Keys were asked for of rows that show what was planned. */
static void
unshadow(struct making *m, size_t part, size_t column, uint64_t fields)
{
    if (m->parts[part].source == SOURCE_SHADOW &&
        !(m->has_columns && showing_is_asked(m->statement, part, column, fields)))
        m->parts[part].source = SOURCE_BOUND;
}

static void
add_bound(struct making *m, size_t column, uint8_t kind, uint64_t fields)
{
    if (fields == 0)
        return;
    if (m->bound[kind] < 0) {
        m->bound[kind] = (int)m->part_count;
        m->parts[m->part_count++] = (struct showing_part){
            .kind = kind, .source = SOURCE_BOUND, .unknown = population(m, kind)};
    }
    /* How many a row shows, and whose keys are asked for, is known of planned columns alone. */
    if (!is_planned(m, (size_t)m->bound[kind], column)) {
        m->parts[m->bound[kind]].is_one_per_row = false;
        m->parts[m->bound[kind]].most_per_row = 0;
    }
    unshadow(m, (size_t)m->bound[kind], column, fields);
    add(m, column, (size_t)m->bound[kind], fields);
}

static void
add_reach(struct making *m, size_t column, const struct reach *reach)
{
    for (unsigned kind = 0; kind < CATALOG_KINDS_MAX; kind++)
        add_bound(m, column, (uint8_t)kind, reach->fields[kind]);
}

/* What the plan says of a column whose origin says nothing; beside what it says, where `is_rest`:
 * of no one table, or of another one. */
static void
add_planned(struct making *m, size_t at, bool is_rest)
{
    const struct plan_statement *s = m->statement;

    for (size_t i = 0; i < s->part_count; i++) {
        const struct plan_part *part = &s->parts[i];
        size_t column = at - s->hidden_count;
        uint64_t fields = is_rest && part->relation != 0 ? plan_lent_fields(part, column)
                                                         : plan_fields(part, column);

        if (fields) {
            bool is_perhaps = m->parts[i].is_perhaps && !plan_is_certain(part, column);
            bool needs_value = m->parts[i].needs_value && !plan_tells_null(part, column);
            uint64_t sure = m->sure[at * ROOM + i];

            add(m, at, i, fields);
            if (!plan_is_certain(part, column))
                m->sure[at * ROOM + i] = sure;
            m->parts[i].is_perhaps = is_perhaps;
            m->parts[i].needs_value = needs_value;
        }
    }
}

/* Nobody knows which column it is: whatever the plan says of no column in particular, or the most
 * that there can be. */
static void
add_unplanned(struct making *m, size_t at)
{
    const struct plan_statement *s = m->statement;
    struct reach most = {{0}};

    if (!s->has_columns) {
        for (size_t i = 0; i < s->part_count; i++)
            if (s->parts[i].column_count == 0)
                add_bound(m, at, s->parts[i].kind % CATALOG_KINDS_MAX, s->parts[i].fields);
        return;
    }
    reach_add_all(&most, s->most_kinds, s->most_fields);
    add_reach(m, at, &most);
}

/* Of a column whose origin is known, in a result whose columns are not: what the statement can have
 * put there, or made known of it, beside what the table holds. */
static void
add_loose(struct making *m, size_t at, uint32_t relation)
{
    const struct plan_statement *s = m->statement;

    /* Of a statement that is only named, and by a name that is not known, the origins are all there
     * is. */
    if (s->special == SPECIAL_EXECUTE || s->special == SPECIAL_FETCH)
        return;
    for (size_t i = 0; i < s->part_count; i++) {
        const struct plan_part *part = &s->parts[i];

        if (part->relation == 0)
            add_bound(m, at, part->kind % CATALOG_KINDS_MAX, part->fields);
        else if (m->shown_by[i] != relation)
            add_bound(m, at, part->kind % CATALOG_KINDS_MAX, part->loose_fields);
        else if (s->flags & PLAN_MARKS)
            add_bound(m, at, part->kind % CATALOG_KINDS_MAX, part->fields);
    }
}

static void
add_without_origin(struct making *m, size_t at)
{
    if (m->has_columns)
        add_planned(m, at, false);
    else
        add_unplanned(m, at);
}

/* The part of those persons whose table this column comes from: the one that the plan names for it,
 * but for what another lends; of a whole row, or where the plan's columns are not the server's, the
 * only one of a table that the statement names once; -1: there is none. */
static int
part_of(const struct making *m, size_t at, const struct catalog_relation *relation,
        int16_t attribute, size_t show)
{
    const struct plan_statement *s = m->statement;
    size_t column = at - s->hidden_count;
    bool is_named = m->has_columns && attribute != 0;
    int found = -1;

    for (size_t i = 0; i < s->part_count; i++) {
        if (s->parts[i].kind != relation->shows[show].kind % CATALOG_KINDS_MAX ||
            s->parts[i].show != show || s->parts[i].relation == 0 ||
            m->shown_by[i] != relation->oid)
            continue;
        if (is_named && plan_own_fields(&s->parts[i], column) != 0)
            return (int)i;
        if (is_named && found < 0 && plan_lent_fields(&s->parts[i], column) != 0 &&
            (s->parts[i].is_derived || s->parts[i].is_relation_alone))
            found = (int)i;
        if (is_named || (m->has_columns && plan_fields(&s->parts[i], column) == 0))
            continue;
        if (found >= 0 || !s->parts[i].is_relation_alone)
            return -1;
        found = (int)i;
    }
    return found;
}

/* If the plan knows that it can be null all the same, the row need not show anything then. */
static void
add_own(struct making *m, size_t at, size_t part, uint64_t fields)
{
    const struct plan_statement *s = m->statement;
    bool needs_value =
        m->parts[part].needs_value && m->has_columns && part < s->part_count &&
        (plan_is_outer(&s->parts[part], at - s->hidden_count) || s->parts[part].is_of_sets);

    unshadow(m, part, at, fields);
    add(m, at, part, fields);
    m->parts[part].needs_value = needs_value;
}

static void
add_of_table(struct making *m, size_t at, const struct catalog_relation *relation,
             int16_t attribute)
{
    struct reach marks = {{0}};

    for (size_t i = 0; i < relation->show_count; i++) {
        const struct catalog_show *show = &relation->shows[i];
        uint64_t fields = showing_fields_of(show, relation, attribute);
        int part = fields ? part_of(m, at, relation, attribute, i) : -1;

        if (part < 0)
            add_bound(m, at, show->kind % CATALOG_KINDS_MAX, fields);
        else
            add_own(m, at, (size_t)part, fields);
    }
    if (relation->show_count == 0)
        reach_add_all(&marks, relation->kinds, relation->fields);
    reach_add_all(&marks, relation->marked_kinds, relation->marked_fields);
    m->is_beside |= !relation->marked_persons && (relation->show_count || reach_fields(&marks));
    if (attribute >= 0)
        add_reach(m, at, &marks);
    /* What was written into the column by the very statement: of its own table, too, where that is
     * more than the mapping says. */
    if (m->has_columns)
        add_planned(m, at, (m->statement->flags & PLAN_MARKS) == 0);
    else
        add_loose(m, at, relation->oid);
}

static bool
is_view(const struct catalog_relation *relation)
{
    return relation->kind == 'v' || relation->kind == 'm' || relation->speaks_values;
}

static void
add_of_view(struct making *m, size_t at, const struct catalog_relation *view)
{
    struct reach reach = reach_of_relation(view);

    m->is_beside |= reach_fields(&reach) != 0 || view->speaks_values;
    if (m->has_columns) {
        add_planned(m, at, false);
        return;
    }
    if (view->speaks_values && view->fields == 0)
        reach = reach_of_everything(m->catalog);
    if (view->speaks_values)
        m->flags |= PLAN_STATISTICS;
    add_reach(m, at, &reach);
    add_loose(m, at, view->oid);
}

static void
add_column(struct making *m, size_t at)
{
    const struct row_column *column = &m->columns[at];
    const struct catalog_relation *relation = relation_of(m, column->relation);

    m->is_never |= relation && relation->is_never;
    if (column->relation == 0 || (!relation && m->is_blank)) {
        add_without_origin(m, at);
    } else if (!relation) {
        struct reach everything = reach_of_everything(m->catalog);

        add_reach(m, at, &everything);
        m->is_beside = true;
        m->flags |= PLAN_UNKNOWN_TABLE;
    } else if (is_view(relation)) {
        add_of_view(m, at, relation);
    } else {
        add_of_table(m, at, relation, column->attribute);
    }
}

/* No RowDescription: what the plan says, column by column or as a whole. */
static void
add_all(struct making *m)
{
    const struct plan_statement *s = m->statement;

    for (size_t i = 0; i < s->part_count; i++) {
        m->parts[i].fields |= s->parts[i].fields;
        for (size_t k = 0; k < s->parts[i].column_count; k++)
            m->parts[i].is_perhaps &= !s->parts[i].columns[k].is_certain || s->parts[i].is_of_sets;
        m->parts[i].needs_value = false; /* values are not read */
    }
}

/* ---- the result ---- */

/* Something is shown, and a key was not what the plan took it for. */
static void
note_unattributed(struct making *m)
{
    bool is_shown = false, is_unproven = false;

    for (size_t i = 0; i < m->part_count; i++)
        is_shown |= m->parts[i].fields != 0;
    for (size_t i = 0; i < m->statement->part_count; i++)
        is_unproven |= m->parts[i].source != m->statement->parts[i].source;
    if (is_shown && is_unproven)
        m->flags |= PLAN_UNATTRIBUTED;
}

/* What a part's columns show is another's too (or nobody's), and the part's own place is gone. */
static void
unite(struct making *m, size_t into, size_t from)
{
    for (size_t c = 0; c < 2 * (m->count + 1); c++) { /* `fields`, and `sure` behind it */
        uint64_t *row = m->fields + c * ROOM;

        row[into] |= row[from];
        memmove(row + from, row + from + 1, (ROOM - from - 1) * sizeof(*row));
    }
    memmove(&m->parts[from], &m->parts[from + 1], (ROOM - from - 1) * sizeof(m->parts[0]));
    m->part_count--;
}

/* Unites bound parts of a kind, and then drops nothing: the last part takes what has no room. */
static void
fold(struct making *m, size_t into, size_t from)
{
    m->parts[into].fields |= m->parts[from].fields;
    m->parts[into] = (struct showing_part){.kind = m->parts[into].kind,
                                           .source = SOURCE_BOUND,
                                           .fields = m->parts[into].fields,
                                           .unknown = m->parts[into].unknown,
                                           .persons_most = m->parts[into].persons_most};
    unite(m, into, from);
}

static bool
fold_weakest(struct making *m)
{
    for (int source = SOURCE_BOUND; source >= SOURCE_OUTPUT; source--)
        for (size_t b = m->part_count; b-- > 1;)
            for (size_t a = b; a-- > 0;)
                if (m->parts[a].kind == m->parts[b].kind && m->parts[b].source >= source &&
                    m->parts[a].source >= source) {
                    fold(m, a, b);
                    return true;
                }
    return false;
}

static void
settle(struct making *m)
{
    for (size_t i = m->part_count; i-- > 0;)
        if (m->parts[i].fields == 0)
            unite(m, i, i);
    while (m->part_count > PLAN_PARTS_MAX)
        if (!fold_weakest(m))
            fold(m, m->part_count - 2, m->part_count - 1);
}

static uint16_t
last_column(const struct making *m)
{
    size_t last = 0;

    for (size_t p = 0; p < m->part_count; p++) {
        const struct showing_part *part = &m->parts[p];

        if ((part->source == SOURCE_OUTPUT || part->source == SOURCE_HIDDEN) && part->column > last)
            last = part->column;
        for (size_t c = last; c < m->count; c++)
            if (m->fields[c * ROOM + p])
                last = c;
    }
    return (uint16_t)last;
}

static struct showing *
finish(const struct making *m)
{
    size_t cells = m->count * m->part_count;
    struct showing *showing = memory_new(1, sizeof(*showing) + cells * sizeof(uint64_t) + m->count);

    if (!showing)
        return NULL;
    showing->catalog = m->catalog;
    showing->flags = m->flags;
    showing->hidden_count = m->statement->hidden_count;
    showing->part_count = (uint8_t)m->part_count;
    showing->has_tuples = m->has_tuples;
    showing->column_count = (uint16_t)m->count;
    memcpy(showing->parts, m->parts, m->part_count * sizeof(m->parts[0]));
    showing->column_fields = (uint64_t *)(void *)(showing + 1);
    showing->sure = (uint8_t *)(showing->column_fields + cells);
    for (size_t c = 0; c < m->count; c++)
        for (size_t p = 0; p < m->part_count; p++) {
            showing->column_fields[c * m->part_count + p] = m->fields[c * ROOM + p];
            showing->sure[c] |= (uint8_t)((m->sure[c * ROOM + p] != 0) << p);
        }
    showing->last_column = last_column(m);
    showing->shadows = m->statement->shadows;
    showing->is_shadow_exact = m->statement->is_shadow_exact;
    showing->is_nothing = m->part_count == 0;
    showing->is_never = m->is_never;
    return showing;
}

static int
make(struct making *m, struct showing **showing)
{
    const struct plan_statement *s = m->statement;

    *showing = NULL;
    if (m->count > UINT16_MAX)
        return PASU_E_RANGE;
    m->fields = memory_new(m->count + 1, 2 * ROOM * sizeof(*m->fields));
    if (!m->fields)
        return PASU_E_NOMEM;
    m->sure = m->fields + (m->count + 1) * ROOM;
    memset(m->bound, 0xff, sizeof(m->bound));
    m->is_blank = s->has_blank && !s->misses_table;
    m->has_columns = s->has_columns && ((m->count == 0 && !s->is_assumed) ||
                                        m->count == (size_t)s->column_count + s->hidden_count);
    for (size_t i = 0; i < s->part_count; i++)
        take_part(m, i);
    for (size_t i = s->hidden_count; i < m->count; i++)
        add_column(m, i);
    if (m->count == 0)
        add_all(m);
    for (size_t i = 0; !m->is_beside && i < m->part_count; i++)
        m->parts[i].persons_most = s->persons_most[m->parts[i].kind % CATALOG_KINDS_MAX];
    note_unattributed(m);
    if (m->has_columns && !m->is_never && !m->is_certain) /* COPY's texts have escapes */
        showing_identities(m->parts, m->part_count, m->statement,
                           &(struct showing_columns){m->catalog, m->columns, m->count, m->fields,
                                                     ROOM, m->is_named});
    settle(m);
    *showing = finish(m);
    memory_free(m->fields);
    return *showing ? 0 : PASU_E_NOMEM;
}

int
showing_new(struct showing **showing, const struct plan_statement *statement,
            const struct catalog *catalog, const struct row_column *columns, size_t count)
{
    return make(&(struct making){statement, catalog, columns, count, .is_named = false}, showing);
}

int
showing_new_named(struct showing **showing, const struct plan_statement *statement,
                  const struct catalog *catalog, const struct row_column *columns, size_t count)
{
    return make(&(struct making){statement, catalog, columns, count, .is_named = true}, showing);
}

int
showing_new_copy(struct showing **showing, const struct plan_statement *statement,
                 const struct catalog *catalog, const struct row_column *columns, size_t count)
{
    return make(&(struct making){statement, catalog, columns, count, .is_certain = true}, showing);
}

void
showing_free(struct showing *showing)
{
    memory_free(showing);
}
