/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done with a parse tree without knowing its 200 kinds of nodes: protobuf's own
 * descriptors say where each field is. */
#include "postgres/sql.h"

static const void *
field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (const uint8_t *)message + field->offset;
}

static size_t
count_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return *(const size_t *)(const void *)((const uint8_t *)message + field->quantifier_offset);
}

/* A Node has one field out of 238; its case is the field's number. */
static const ProtobufCMessage *
node_child(const ProtobufCMessage *message)
{
    const PgQuery__Node *node = (const PgQuery__Node *)message;

    return node->node_case == PG_QUERY__NODE__NODE__NOT_SET
               ? NULL
               : (const ProtobufCMessage *)(const void *)node->alias;
}

static bool
is_in_force(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return true;
    return *(const uint32_t *)(const void *)((const uint8_t *)message + field->quantifier_offset) ==
           field->id;
}

static void
each_of_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
              sql_visit *visit, void *context)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        ProtobufCMessage *const *items =
            *(ProtobufCMessage *const *const *)field_at(message, field);

        for (size_t i = 0, n = count_of(message, field); i < n; i++)
            visit(context, items[i]);
    } else if (is_in_force(message, field)) {
        const ProtobufCMessage *child = *(const ProtobufCMessage *const *)field_at(message, field);

        if (child)
            visit(context, child);
    }
}

void
sql_each_child(const ProtobufCMessage *message, sql_visit *visit, void *context)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;

    if (descriptor == &pg_query__node__descriptor) {
        const ProtobufCMessage *child = node_child(message);

        if (child)
            visit(context, child);
        return;
    }
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            each_of_field(message, &descriptor->fields[i], visit, context);
}

static bool
is_place(const ProtobufCFieldDescriptor *field)
{
    return strcmp(field->name, "location") == 0 || strcmp(field->name, "stmt_location") == 0 ||
           strcmp(field->name, "stmt_len") == 0;
}

static bool
is_equal_value(const ProtobufCFieldDescriptor *field, const void *a, const void *b)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return sql_is_equal(*(const ProtobufCMessage *const *)a,
                            *(const ProtobufCMessage *const *)b);
    case PROTOBUF_C_TYPE_STRING:
        return strcmp(*(const char *const *)a, *(const char *const *)b) == 0;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return memcmp(a, b, 8) == 0;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_BOOL:
        return memcmp(a, b, 4) == 0;
    default: /* pg_query.proto has no others */
        return false;
    }
}

static size_t
size_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static bool
is_equal_field(const ProtobufCMessage *a, const ProtobufCMessage *b,
               const ProtobufCFieldDescriptor *field)
{
    const uint8_t *x, *y;

    if (is_place(field))
        return true;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        bool is_set = is_in_force(a, field);

        if (is_set != is_in_force(b, field))
            return false;
        return !is_set || is_equal_value(field, field_at(a, field), field_at(b, field));
    }
    if (count_of(a, field) != count_of(b, field))
        return false;
    x = *(const uint8_t *const *)field_at(a, field);
    y = *(const uint8_t *const *)field_at(b, field);
    for (size_t i = 0, n = count_of(a, field); i < n; i++)
        if (!is_equal_value(field, x + i * size_of(field), y + i * size_of(field)))
            return false;
    return true;
}

bool
sql_is_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    if (!a || !b)
        return a == b;
    if (a->descriptor != b->descriptor)
        return false;
    if (a->descriptor == &pg_query__node__descriptor)
        return ((const PgQuery__Node *)a)->node_case == ((const PgQuery__Node *)b)->node_case &&
               sql_is_equal(node_child(a), node_child(b));
    for (unsigned i = 0; i < a->descriptor->n_fields; i++)
        if (!is_equal_field(a, b, &a->descriptor->fields[i]))
            return false;
    return true;
}

const char *
sql_string(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval : NULL;
}

const char *
sql_last_name(PgQuery__Node *const *names, size_t count)
{
    return count == 0 ? NULL : sql_string(names[count - 1]);
}
