/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/mask.h"

#include "gate/observer.h"
#include "gate/session.h"
#include "policy/mask.h"

enum {
    TYPE_CHAR = 18, /* pg_type.dat */
    TYPE_NAME = 19,
    TYPE_TEXT = 25,
    TYPE_BPCHAR = 1042,
    TYPE_VARCHAR = 1043,
    NAME_BYTES = 63,
    LENGTH_HEAD = 4, /* of a type modifier: it is the length and so much */
};

/* What is known of a column. */
struct mask_origin {
    uint32_t relation;
    int16_t attribute;
    uint32_t type;
    int32_t modifier; /* -1: none */
};

bool
mask_is_possible(const struct showing_entry *e)
{
    if (!e)
        return false;
    if (!e->copy)
        return e->body_length > 0;
    return !e->is_keys_alone && (e->copy->kind == 'b' || e->copy->is_null_apart);
}

static uint64_t
fields_of(const struct showing *s, size_t column)
{
    uint64_t fields = 0;

    for (size_t p = 0; p < s->part_count; p++)
        fields |= s->column_fields[column * s->part_count + p];
    return fields;
}

uint64_t
mask_visible(const struct showing_entry *e, size_t part, uint64_t masked)
{
    const struct showing *s = e->showing;
    uint64_t fields = 0;

    for (size_t c = s->hidden_count; c < s->column_count; c++)
        if (!(fields_of(s, c) & masked))
            fields |= s->column_fields[c * s->part_count + part];
    return fields;
}

/* ---- nothing but a column ---- */

/* Of code that is not known nobody can tell; what it has done is the transaction's, or everybody's.
 */
void
mask_note_done(struct session *s, const struct plan_statement *statement)
{
    s->observer->has_moved |=
        statement->writes_values || statement->moved_fields || (statement->flags & PLAN_MARKS);
    s->observer->may_have_moved |= statement->writes == WRITES_ANY;
}

void
mask_note(struct session *s)
{
    if (s->observer->result.statement)
        mask_note_done(s, s->observer->result.statement);
}

static const struct catalog_column *
column_of(const struct catalog *catalog, const struct mask_origin *o)
{
    const struct catalog_relation *relation =
        catalog && o->relation ? catalog_relation(catalog, o->relation) : NULL;

    for (size_t i = 0; relation && i < relation->column_count; i++)
        if (relation->columns[i].number == o->attribute)
            return &relation->columns[i];
    return NULL;
}

/* The one field of a mapped column that has nothing but what the mapping says; 0: it is none. */
static uint64_t
field_of_column(const struct catalog *catalog, const struct mask_origin *o)
{
    const struct catalog_relation *relation =
        catalog && o->relation ? catalog_relation(catalog, o->relation) : NULL;
    uint64_t fields = 0;

    if (!relation || !strchr("rpf", relation->kind) || relation->marked_fields ||
        o->attribute <= 0 || o->attribute > relation->column_limit)
        return 0;
    for (size_t i = 0; i < relation->show_count; i++)
        fields |= relation->shows[i].column_fields[o->attribute];
    return fields & (fields - 1) ? 0 : fields;
}

/* The column of a table that the plan says a column's values are of, as they are stored; relation
 * 0: of none, or of several. */
static struct plan_stored
stored_of(const struct showing_entry *e, size_t column)
{
    const struct plan_statement *statement = e->statement;
    struct plan_stored stored = {0};

    for (size_t p = 0; p < statement->part_count; p++)
        for (size_t i = 0; i < statement->parts[p].column_count; i++) {
            const struct plan_column *c = &statement->parts[p].columns[i];

            if (c->column + statement->hidden_count != column)
                continue;
            if (!c->stored.relation ||
                (stored.relation && (stored.relation != c->stored.relation ||
                                     stored.attribute != c->stored.attribute)))
                return (struct plan_stored){0};
            stored = c->stored;
        }
    return stored;
}

/* A view's column is what the snapshot's view has there, if that is the one that was read. */
static void
see_through(const struct result *r, size_t column, struct mask_origin *o)
{
    const struct plan_stored stored = stored_of(r->showing, column);

    if (!r->is_sure || !stored.relation || !o->relation || o->relation != stored.origin ||
        o->attribute != stored.origin_attribute)
        return;
    o->relation = stored.relation;
    o->attribute = stored.attribute;
}

static bool
is_plain(const struct session *s, size_t column, const struct mask_origin *origin, uint64_t fields)
{
    const struct result *r = &s->observer->result;
    struct mask_origin o = *origin;

    if (r->is_doubtful || r->is_unknown || s->observer->has_moved || s->observer->may_have_moved)
        return false;
    see_through(r, column, &o);
    return fields != 0 && field_of_column(r->plan->catalog, &o) == fields;
}

/* ---- types ---- */

/* Whether the type is one of a column whose values are texts: also one that others have made. */
static bool
is_of_texts(const struct catalog *catalog, const struct mask_origin *o)
{
    const struct catalog_column *column = column_of(catalog, o);

    return column && column->is_text && column->type == o->type;
}

static bool
is_text(const struct catalog *catalog, const struct mask_origin *o)
{
    uint32_t type = o->type;

    return type == TYPE_TEXT || type == TYPE_VARCHAR || type == TYPE_BPCHAR || type == TYPE_NAME ||
           type == TYPE_CHAR || is_of_texts(catalog, o);
}

static uint16_t
limit_of(const struct mask_origin *o)
{
    int32_t limit = MASK_TEXT_MAX;

    if (o->type == TYPE_CHAR)
        limit = 1;
    else if (o->type == TYPE_NAME)
        limit = NAME_BYTES;
    else if ((o->type == TYPE_BPCHAR || o->type == TYPE_VARCHAR) && o->modifier > LENGTH_HEAD)
        limit = o->modifier - LENGTH_HEAD;
    return (uint16_t)(limit < MASK_TEXT_MAX ? limit : MASK_TEXT_MAX);
}

static void
set_column(struct mask_column *column, const struct session *s, size_t number,
           const struct mask_origin *o, uint64_t fields)
{
    const struct vocabulary *names = &s->settings->vocabulary;
    int field = fields ? __builtin_ctzll(fields) : 0;

    *column = (struct mask_column){.how = MASK_NULL, .look = LOOK_NONE};
    if (!is_text(s->observer->result.plan->catalog, o))
        return;
    column->limit = limit_of(o);
    column->is_padded = o->type == TYPE_BPCHAR && o->modifier > LENGTH_HEAD;
    column->how = MASK_FULLY;
    if (o->type == TYPE_CHAR || !is_plain(s, number, o, fields) ||
        (uint32_t)field >= names->field_count)
        return;
    column->how = MASK_BY_LOOK;
    column->look = (uint8_t)look_of_name("", names->fields[field]);
}

/* ---- where columns come from ---- */

/* What the server says of the next one. */
static struct mask_origin
read_origin(struct reader *r)
{
    struct mask_origin o;

    reader_text(r);
    o.relation = reader_u32(r);
    o.attribute = (int16_t)reader_u16(r);
    o.type = reader_u32(r);
    reader_u16(r); /* size of the type */
    o.modifier = (int32_t)reader_u32(r);
    reader_u16(r);
    return o;
}

/* Of a COPY's, whose names mean what the plan took them for: the column that it is a value of. */
static struct mask_origin
planned_origin(const struct showing_entry *e, size_t column)
{
    const struct plan_stored stored = stored_of(e, column);
    struct mask_origin o = {stored.relation, stored.attribute, 0, -1};
    const struct catalog_column *found = column_of(e->plan->catalog, &o);

    if (found)
        o.type = found->type;
    return o;
}

int
mask_columns_set(struct mask *m, struct session *s, uint64_t masked)
{
    const struct showing_entry *e = s->observer->result.showing;
    const struct showing *showing = e->showing;
    struct reader r = reader_of(view_of(e->description.bytes, e->body_length));

    if (!e->copy)
        reader_u16(&r);
    for (size_t c = 0; c < showing->column_count; c++) {
        struct mask_origin o = e->copy ? planned_origin(e, c) : read_origin(&r);
        uint64_t fields = fields_of(showing, c);

        if (c >= showing->hidden_count && fields & masked)
            set_column(&m->columns[c], s, c, &o, fields);
        else
            m->columns[c] = (struct mask_column){.how = MASK_NOT};
    }
    return e->copy || reader_end(&r) == 0 ? 0 : PASU_E_UPSTREAM_PROTOCOL;
}
