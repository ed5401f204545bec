/* SPDX-License-Identifier: Apache-2.0 */
/* Whether one tree is another with certain changes, field by field as protobuf describes them. */
#include "postgres/sql.h"

static bool is_same_message(const ProtobufCMessage *old, const ProtobufCMessage *new,
                            const struct sql_change *changes);

static const void *
field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (const uint8_t *)message + field->offset;
}

static uint32_t
case_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return *(const uint32_t *)(const void *)((const uint8_t *)message + field->quantifier_offset);
}

static size_t
count_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return *(const size_t *)(const void *)((const uint8_t *)message + field->quantifier_offset);
}

/* Where something stands in the text says nothing of what it means. */
static bool
is_place(const ProtobufCFieldDescriptor *field)
{
    return strcmp(field->name, "location") == 0 || strcmp(field->name, "stmt_location") == 0 ||
           strcmp(field->name, "stmt_len") == 0;
}

static bool
is_same_text(const char *old, const char *new)
{
    return strcmp(old ? old : "", new ? new : "") == 0;
}

/* The parser's trees have no other types of fields: a type that is not known is never the same. */
static bool
is_same_value(const ProtobufCFieldDescriptor *field, const void *old, const void *new,
              const struct sql_change *changes)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return is_same_message(*(const ProtobufCMessage *const *)old,
                               *(const ProtobufCMessage *const *)new, changes);
    case PROTOBUF_C_TYPE_STRING:
        return is_same_text(*(const char *const *)old, *(const char *const *)new);
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)old == *(const protobuf_c_boolean *)new;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
        return memcmp(old, new, sizeof(uint32_t)) == 0;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return memcmp(old, new, sizeof(uint64_t)) == 0;
    default:
        return false;
    }
}

/* ---- lists ---- */

struct list {
    ProtobufCMessage *const *items;
    size_t count;
};

/* Takes these nodes off the front. */
static bool
take(struct list *list, PgQuery__Node *const *nodes, size_t count)
{
    if (count > list->count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!is_same_message(&nodes[i]->base, list->items[i], NULL))
            return false;
    list->items += count;
    list->count -= count;
    return true;
}

static bool
take_item(struct list *list, const ProtobufCMessage *old, const struct sql_change *changes)
{
    const struct sql_change *c = changes;

    while (c && &c->node->base != old)
        c = c->next;
    if (c && !take(list, c->before, c->before_count))
        return false;
    if (c && c->instead) {
        if (!take(list, c->instead, c->instead_count))
            return false;
    } else {
        if (list->count == 0 || !is_same_message(old, list->items[0], changes))
            return false;
        list->items++;
        list->count--;
    }
    return !c || take(list, c->after, c->after_count);
}

static bool
is_same_list(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *old,
             const ProtobufCMessage *new, const struct sql_change *changes)
{
    struct list olds = {*(ProtobufCMessage *const *const *)field_at(old, field),
                        count_of(old, field)};
    struct list news = {*(ProtobufCMessage *const *const *)field_at(new, field),
                        count_of(new, field)};

    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return olds.count == 0 && news.count == 0;
    for (size_t i = 0; i < olds.count; i++)
        if (!take_item(&news, olds.items[i], changes))
            return false;
    return news.count == 0;
}

/* ---- messages ---- */

/* A Node has one field out of 238. */
static bool
is_same_node(const PgQuery__Node *old, const PgQuery__Node *new, const struct sql_change *changes)
{
    const ProtobufCMessage *of_old = (const ProtobufCMessage *)(const void *)old->alias;
    const ProtobufCMessage *of_new = (const ProtobufCMessage *)(const void *)new->alias;

    if (old->node_case != new->node_case)
        return false;
    return old->node_case == PG_QUERY__NODE__NODE__NOT_SET ||
           is_same_message(of_old, of_new, changes);
}

static bool
is_same_field(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *old,
              const ProtobufCMessage *new, const struct sql_change *changes)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return is_same_list(field, old, new, changes);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (case_of(old, field) != case_of(new, field))
            return false;
        if (case_of(old, field) != field->id)
            return true;
    }
    return is_place(field) ||
           is_same_value(field, field_at(old, field), field_at(new, field), changes);
}

static bool
is_same_message(const ProtobufCMessage *old, const ProtobufCMessage *new,
                const struct sql_change *changes)
{
    const ProtobufCMessageDescriptor *descriptor;

    if (!old || !new)
        return old == new;
    descriptor = old->descriptor;
    if (descriptor != new->descriptor)
        return false;
    if (descriptor == &pg_query__node__descriptor)
        return is_same_node((const PgQuery__Node *)old, (const PgQuery__Node *)new, changes);
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        if (!is_same_field(&descriptor->fields[i], old, new, changes))
            return false;
    return true;
}

bool
sql_is_changed(const PgQuery__ParseResult *old, const PgQuery__ParseResult *new,
               const struct sql_change *changes)
{
    return is_same_message(&old->base, &new->base, changes);
}
