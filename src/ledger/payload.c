/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/payload.h"

#include "exposure/exposure.h"
#include "exposure/key.h"

#include <assert.h>

static_assert(sizeof(struct payload_decoy) == 40, "it is its own bytes");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they are");

/* ---- what must hold beyond the form ---- */

static bool
is_any(const void *body PASU_UNUSED)
{
    return true;
}

static bool
is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool
is_origin(const struct message_origin *o)
{
    bool has_country = is_letter(o->country[0]) && is_letter(o->country[1]);

    if (o->is_known == 0)
        return bytes_are_zero((const uint8_t *)o, sizeof(*o));
    return o->is_known == 1 && o->unused == 0 &&
           (has_country || (o->country[0] == '\0' && o->country[1] == '\0'));
}

static bool
is_session(const void *body)
{
    const struct message_session *s = body;

    return s->tls <= 1 && s->replication <= 1 && is_origin(&s->origin);
}

static bool
is_ordinal(const void *body)
{
    const struct payload_ordinal *o = body;

    return o->head.ordinal >= KEY_ORDINAL_FIRST && o->head.kind < EXPOSURE_KINDS_MAX;
}

static bool
is_name(const char name[RING_NAME_SIZE])
{
    size_t length = strnlen(name, RING_NAME_SIZE);

    return length < RING_NAME_SIZE && bytes_are_zero(name + length, RING_NAME_SIZE - length);
}

static bool
is_relation(const struct ring_mark *m)
{
    bool has_name = m->name[0] != '\0', has_schema = m->schema[0] != '\0';

    if (m->what == RING_MARK_OVER)
        return m->relation == 0 && m->column == 0 && !has_name && !has_schema;
    return m->relation == 0 ? has_name : !has_name && !has_schema;
}

/* What no gate of ours writes is none. */
static bool
is_mark(const void *body)
{
    const struct ring_mark *m = body;
    bool is_carried = m->what == RING_MARK_CARRIES || m->what == RING_MARK_INTENDED;

    if (m->what < RING_MARK_CARRIES || m->what > RING_MARK_OVER || m->column < 0 ||
        (m->system != 0) != (m->database_oid != 0))
        return false;
    if (!is_name(m->gateway) || !is_name(m->database) || !is_name(m->schema) || !is_name(m->name))
        return false;
    if (m->gateway[0] == '\0' || m->database[0] == '\0' || (m->fields != 0) != is_carried ||
        (m->kinds != 0 && !is_carried))
        return false;
    return is_relation(m);
}

static bool
is_cleared(const void *body)
{
    const struct payload_cleared *c = body;
    const struct ring_mark *m = &c->mark;

    return m->number != 0 && m->fields != 0 && m->relation != 0 && m->gateway[0] != '\0' &&
           m->database[0] != '\0' && (m->system != 0) == (m->database_oid != 0);
}

static bool
is_taken(const void *body)
{
    const struct segment_taken *t = body;

    return t->ring < RINGS_MAX && t->from <= t->to;
}

static bool
is_exported(const void *body)
{
    const struct payload_exported *e = body;

    return e->from <= e->to;
}

static bool
is_pruned(const void *body)
{
    const struct payload_pruned *p = body;

    return p->first < p->end && p->end <= p->carried &&
           p->frontier.length == (size_t)__builtin_popcountll(p->end) * TREE_HASH_SIZE;
}

static bool
is_carried(const void *body)
{
    const struct payload_carried *c = body;

    return segment_is_carried(c->type);
}

static bool
is_right(const void *body)
{
    const struct payload_right *r = body;

    return r->exposure_length > 0 && (r->opened.index != 0) == (r->opened_length != 0) &&
           (r->shape.index != 0) == (r->shape_length != 0) &&
           r->bytes.length == (size_t)r->exposure_length + r->opened_length + r->shape_length;
}

static bool
is_erased(const void *body)
{
    const struct payload_erased *e = body;

    return e->ordinal >= KEY_ORDINAL_FIRST;
}

static bool
is_opening(const void *body)
{
    const struct payload_opening *o = body;

    return o->part < EXPOSURE_PARTS_MAX && o->which <= 1 && o->count > 0 &&
           o->count <= EXPOSURE_ORDINALS_MAX;
}

static bool
is_imported(const void *body)
{
    const struct payload_imported *i = body;

    return i->from <= i->to && i->first <= i->last && i->unparsed <= i->lines &&
           i->what < IMPORTED_WHATS;
}

static bool
is_decoy(const struct payload_decoy *d)
{
    return d->is_known <= 1 && (d->is_known == 1 || d->ordinal == 0) &&
           bytes_are_zero(d->unused, sizeof(d->unused));
}

static bool
is_decoys(const void *body)
{
    const struct payload_decoys *d = body;
    size_t count = d->items.length / sizeof(struct payload_decoy);

    if (d->kind[0] == '\0' || count == 0 || count > DECOY_SET_MAX ||
        d->items.length % sizeof(struct payload_decoy) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct payload_decoy decoy;

        memcpy(&decoy, d->items.bytes + i * sizeof(decoy), sizeof(decoy));
        if (!is_decoy(&decoy))
            return false;
    }
    return true;
}

static bool
is_tried(const void *body)
{
    const struct payload_tried *t = body;

    return t->control < TRIAL_CONTROLS && t->is_held <= 1;
}

static bool
is_census(const void *body)
{
    const struct message_census *c = body;

    if (c->what >= CENSUS_WHATS || c->is_final > 1 || c->since > c->at)
        return false;
    return c->base <= c->sessions && c->through_least <= c->through_most &&
           c->at_least <= c->at_most;
}

static bool
is_backend(const void *body)
{
    return ((const struct message_backend *)body)->sort < BACKEND_SORTS;
}

static bool
is_bypass(const void *body)
{
    const struct message_bypass *b = body;

    return b->is_certain <= 1 && b->replication <= 1 && b->is_over <= 1 &&
           b->verdict <= VERDICT_OF_BLOCK && b->is_test <= 1;
}

/* What is behind the evidence is zero, so that there is one way to write it. */
static bool
is_finding(const void *body)
{
    const struct message_finding *f = body;

    if (f->severity < 1 || f->severity > 5 || f->evidence_count > FINDING_EVIDENCE ||
        f->at_least > f->about || f->about > f->at_most || f->first > f->last)
        return false;
    for (size_t i = f->evidence_count; i < FINDING_EVIDENCE; i++)
        if (f->evidence[i] != 0)
            return false;
    return true;
}

static bool
is_raised(const void *body)
{
    const struct message_alert *a = body;

    return a->severity >= 1 && a->severity <= 5 && a->control < ALERT_CONTROLS &&
           a->verdict <= VERDICT_OF_BLOCK && a->count > 0;
}

static bool
is_decided(const void *body)
{
    const struct payload_decided *d = body;

    return d->decision >= DECISION_APPROVED && d->decision < DECISIONS;
}

static bool
is_concluded(const void *body)
{
    const struct message_concluded *c = body;

    return c->end >= APPROVAL_RELEASED && c->end < APPROVAL_ENDS;
}

static bool
is_incident(const void *body)
{
    const struct payload_incident *i = body;

    return i->what >= INCIDENT_OPENED && i->what < INCIDENT_WHATS && i->at_least <= i->at_most &&
           i->more.length <= INCIDENT_MORE_MAX;
}

static bool
is_clock(const void *body)
{
    const struct payload_clock *c = body;

    return c->state < CLOCK_STATES && c->name[0] != '\0' && c->since <= c->due;
}

/* ---- the forms ---- */

enum field_type { FIELD_KEEP, FIELD_ZERO, FIELD_TEXT, FIELD_REST, FIELD_OPTIONAL };

struct field {
    enum field_type type;
    uint16_t size;   /* in the payload: of FIELD_KEEP, FIELD_ZERO and FIELD_OPTIONAL */
    uint16_t room;   /* in the struct */
    uint16_t offset; /* there */
};

struct form {
    size_t size; /* of the struct */
    const struct field *fields;
    size_t count;
    bool (*check)(const void *body);
};

#define FIELD(type, size, room, offset)                                                            \
    {                                                                                              \
        type, size, room, offset                                                                   \
    }
#define SIZE(m)      sizeof(((body *)NULL)->m)
#define NARROW(m, n) FIELD(FIELD_KEEP, n, SIZE(m), offsetof(body, m))
#define KEEP(m)      NARROW(m, SIZE(m))
#define ZERO(n)      FIELD(FIELD_ZERO, n, 0, 0)
#define TEXT(m)      FIELD(FIELD_TEXT, 0, SIZE(m), offsetof(body, m))
#define REST(m)      FIELD(FIELD_REST, 0, SIZE(m), offsetof(body, m))
#define OPTIONAL(m)  FIELD(FIELD_OPTIONAL, SIZE(m), SIZE(m), offsetof(body, m))

static const struct form *
form_of(uint32_t type)
{
    switch (type) {
#define X(type, name, record, check, ...)                                                          \
    case SEGMENT_##type: {                                                                         \
        typedef struct record body;                                                                \
        static const struct field fields[] = {__VA_ARGS__};                                        \
        static const struct form form = {sizeof(body), fields, COUNT_OF(fields), check};           \
                                                                                                   \
        return &form;                                                                              \
    }
#include "ledger/payload.def"
#undef X
    default:
        return NULL;
    }
}

/* ---- writing ---- */

static void
write_keep(struct writer *w, const struct field *field, const uint8_t *at)
{
    if (!bytes_are_zero(at + field->size, (size_t)field->room - field->size))
        w->failed = true;
    writer_bytes(w, at, field->size);
}

static void
write_text(struct writer *w, const char *text, size_t room)
{
    size_t length = strnlen(text, room - 1);

    writer_u8(w, (uint8_t)length);
    writer_bytes(w, text, length);
}

static void
write_field(struct writer *w, const struct field *field, const uint8_t *at)
{
    static const uint8_t zero[8];
    struct view rest;

    switch (field->type) {
    case FIELD_KEEP:
        write_keep(w, field, at);
        break;
    case FIELD_ZERO:
        writer_bytes(w, zero, field->size);
        break;
    case FIELD_TEXT:
        write_text(w, (const char *)at, field->room);
        break;
    case FIELD_REST:
        memcpy(&rest, at, sizeof(rest));
        writer_bytes(w, rest.bytes, rest.length);
        break;
    case FIELD_OPTIONAL:
        if (!bytes_are_zero(at, field->size))
            writer_bytes(w, at, field->size);
        break;
    }
}

static ssize_t
write_form(const struct form *form, const void *body, uint8_t *bytes, size_t size)
{
    struct writer w = writer_of(bytes, size);

    if (!form->check(body))
        return PASU_E_RANGE;
    for (size_t i = 0; i < form->count; i++)
        write_field(&w, &form->fields[i], (const uint8_t *)body + form->fields[i].offset);
    return writer_end(&w);
}

/* ---- reading ---- */

static void
read_text(struct reader *r, uint8_t *text, size_t room)
{
    struct view v = reader_bytes(r, reader_u8(r));

    if (v.length == 0)
        return;
    if (v.length >= room || memchr(v.bytes, 0, v.length))
        r->failed = true;
    else
        memcpy(text, v.bytes, v.length);
}

/* Into zeros. */
static void
read_field(struct reader *r, const struct field *field, uint8_t *at)
{
    struct view v;

    switch (field->type) {
    case FIELD_KEEP:
        v = reader_bytes(r, field->size);
        if (v.length > 0)
            memcpy(at, v.bytes, v.length);
        break;
    case FIELD_ZERO:
        v = reader_bytes(r, field->size);
        r->failed = r->failed || !bytes_are_zero(v.bytes, v.length);
        break;
    case FIELD_TEXT:
        read_text(r, at, field->room);
        break;
    case FIELD_REST:
        v = reader_bytes(r, reader_left(r));
        memcpy(at, &v, sizeof(v));
        break;
    case FIELD_OPTIONAL:
        if (reader_left(r) == 0)
            break;
        v = reader_bytes(r, field->size);
        r->failed = r->failed || bytes_are_zero(v.bytes, v.length);
        if (v.length > 0)
            memcpy(at, v.bytes, v.length);
        break;
    }
}

static int
read_form(const struct form *form, void *body, struct view payload)
{
    struct reader r = reader_of(payload);

    memset(body, 0, form->size);
    for (size_t i = 0; i < form->count; i++)
        read_field(&r, &form->fields[i], (uint8_t *)body + form->fields[i].offset);
    return reader_end(&r) == 0 && form->check(body) ? 0 : PASU_E_CORRUPT;
}

/* ---- by type, by name ---- */

ssize_t
payload_write(uint32_t type, const union payload_body *body, uint8_t *bytes, size_t size)
{
    const struct form *form = form_of(type);

    return form ? write_form(form, body, bytes, size) : PASU_E_NOTFOUND;
}

int
payload_read(uint32_t type, union payload_body *body, struct view payload)
{
    const struct form *form = form_of(type);

    return form ? read_form(form, body, payload) : PASU_E_NOTFOUND;
}

#define X(type, name, record, check, ...)                                                          \
    ssize_t payload_write_##name(const struct record *body, uint8_t *bytes, size_t size)           \
    {                                                                                              \
        return write_form(form_of(SEGMENT_##type), body, bytes, size);                             \
    }                                                                                              \
    int payload_read_##name(struct record *body, struct view payload)                              \
    {                                                                                              \
        return read_form(form_of(SEGMENT_##type), body, payload);                                  \
    }
#include "ledger/payload.def"
#undef X
