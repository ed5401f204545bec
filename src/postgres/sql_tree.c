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

/* ---- strings ---- */

struct search {
    const char *const *parts;
    size_t count;
    bool is_found;
};

static void
search_strings(void *context, const ProtobufCMessage *message)
{
    struct search *search = context;
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;

    for (unsigned i = 0; i < descriptor->n_fields && !search->is_found; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

        if (field->type == PROTOBUF_C_TYPE_STRING && field->label != PROTOBUF_C_LABEL_REPEATED &&
            is_in_force(message, field)) {
            const char *text = *(const char *const *)field_at(message, field);

            for (size_t k = 0; text && k < search->count; k++)
                search->is_found |= strstr(text, search->parts[k]) != NULL;
        }
    }
    if (!search->is_found)
        sql_each_child(message, search_strings, context);
}

bool
sql_has_string(const ProtobufCMessage *message, const char *const *parts, size_t count)
{
    struct search search = {.parts = parts, .count = count};

    search_strings(&search, message);
    return search.is_found;
}

const char *
sql_string(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval : NULL;
}

const char *
sql_constant_text(const PgQuery__Node *node)
{
    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    return node && node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
                   node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL
               ? node->a_const->sval->sval
               : NULL;
}

const char *
sql_last_name(PgQuery__Node *const *names, size_t count)
{
    return count == 0 ? NULL : sql_string(names[count - 1]);
}

const char *
sql_body(PgQuery__Node *const *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__Node *node = options[i], *arg;

        if (node->node_case != PG_QUERY__NODE__NODE_DEF_ELEM ||
            strcmp(node->def_elem->defname, "as") != 0)
            continue;
        arg = node->def_elem->arg;
        if (arg && arg->node_case == PG_QUERY__NODE__NODE_LIST)
            arg = arg->list->n_items > 0 ? arg->list->items[0] : NULL;
        return sql_string(arg);
    }
    return NULL;
}

/* ---- sameness ---- */

static bool
is_place(const ProtobufCFieldDescriptor *field)
{
    static const char *const names[] = {"location", "stmt_location", "stmt_len"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(field->name, names[i]) == 0)
            return true;
    return false;
}

static size_t
size_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    default:
        return sizeof(uint32_t);
    }
}

static bool
is_same_item(const ProtobufCFieldDescriptor *field, const void *one, const void *other)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *texts[2] = {*(const char *const *)one, *(const char *const *)other};

        return strcmp(texts[0] ? texts[0] : "", texts[1] ? texts[1] : "") == 0;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return sql_is_same(*(const ProtobufCMessage *const *)one,
                           *(const ProtobufCMessage *const *)other);
    return field->type != PROTOBUF_C_TYPE_BYTES && memcmp(one, other, size_of(field)) == 0;
}

static bool
is_same_list(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *one,
             const ProtobufCMessage *other)
{
    const ProtobufCMessage *const *lists[2] = {
        *(const ProtobufCMessage *const *const *)field_at(one, field),
        *(const ProtobufCMessage *const *const *)field_at(other, field)};
    size_t count = count_of(one, field);

    if (count != count_of(other, field) || (count > 0 && field->type != PROTOBUF_C_TYPE_MESSAGE))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!sql_is_same(lists[0][i], lists[1][i]))
            return false;
    return true;
}

bool
sql_is_same(const ProtobufCMessage *one, const ProtobufCMessage *other)
{
    if (!one || !other)
        return one == other;
    if (one->descriptor != other->descriptor)
        return false;
    if (one->descriptor == &pg_query__node__descriptor)
        return ((const PgQuery__Node *)one)->node_case ==
                   ((const PgQuery__Node *)other)->node_case &&
               sql_is_same(node_child(one), node_child(other));
    for (unsigned i = 0; i < one->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &one->descriptor->fields[i];
        bool is_here = is_in_force(one, field);

        if (is_place(field))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED ? !is_same_list(field, one, other)
                                                      : is_here != is_in_force(other, field))
            return false;
        if (field->label != PROTOBUF_C_LABEL_REPEATED && is_here &&
            !is_same_item(field, field_at(one, field), field_at(other, field)))
            return false;
    }
    return true;
}

static PgQuery__Node *
node_new(struct arena *arena, PgQuery__Node__NodeCase node_case)
{
    PgQuery__Node *node = arena_new(arena, 1, sizeof(*node));

    if (!node)
        return NULL;
    pg_query__node__init(node);
    node->node_case = node_case;
    return node;
}

static PgQuery__Node *
target_of(struct arena *arena, PgQuery__Node *value)
{
    PgQuery__Node *node = node_new(arena, PG_QUERY__NODE__NODE_RES_TARGET);
    PgQuery__ResTarget *target = arena_new(arena, 1, sizeof(*target));

    if (!node || !target || !value)
        return NULL;
    pg_query__res_target__init(target);
    target->val = value;
    node->res_target = target;
    return node;
}

PgQuery__Node *
sql_name(struct arena *arena, const char *text)
{
    PgQuery__Node *node = node_new(arena, PG_QUERY__NODE__NODE_STRING);
    PgQuery__String *string = arena_new(arena, 1, sizeof(*string));

    if (!node || !string)
        return NULL;
    pg_query__string__init(string);
    string->sval = (char *)(uintptr_t)text;
    node->string = string;
    return node;
}

PgQuery__Node *
sql_reference(struct arena *arena, const char *table, const char *column)
{
    PgQuery__Node *node = node_new(arena, PG_QUERY__NODE__NODE_COLUMN_REF);
    PgQuery__Node **fields = arena_new(arena, 2, sizeof(PgQuery__Node *));
    PgQuery__ColumnRef *reference = arena_new(arena, 1, sizeof(*reference));
    const char *const names[] = {table ? table : column, column};
    size_t count = table ? 2 : 1;

    if (!node || !fields || !reference)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!(fields[i] = sql_name(arena, names[i])))
            return NULL;
    pg_query__column_ref__init(reference);
    reference->fields = fields;
    reference->n_fields = count;
    node->column_ref = reference;
    return node;
}

PgQuery__Node *
sql_column(struct arena *arena, const char *name)
{
    return target_of(arena, sql_reference(arena, NULL, name));
}

PgQuery__Node *
sql_null(struct arena *arena)
{
    PgQuery__Node *node = node_new(arena, PG_QUERY__NODE__NODE_A_CONST);
    PgQuery__AConst *constant = arena_new(arena, 1, sizeof(*constant));

    if (!node || !constant)
        return NULL;
    pg_query__a__const__init(constant);
    constant->isnull = true;
    node->a_const = constant;
    return target_of(arena, node);
}
