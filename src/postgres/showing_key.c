/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/showing_key.h"

#include "postgres/key.h"

/* The mapping of a partition or child, whose key is the part's; NULL: it is none of these. */
static const struct catalog_relation *
child_of(const struct catalog *catalog, const struct plan_part *part, uint32_t oid)
{
    if (part->key_relation != part->relation ||
        !showing_is_descendant(catalog, part->key_relation, oid))
        return NULL;
    return catalog_relation(catalog, oid);
}

bool
showing_is_key(const struct catalog *catalog, const struct plan_part *part,
               const struct row_column *column)
{
    const struct catalog_relation *child;

    if (column->relation == part->key_relation)
        return column->attribute == part->key_attribute;
    child = child_of(catalog, part, column->relation);
    for (size_t i = 0; child && i < child->show_count; i++)
        if (child->shows[i].kind == part->kind && child->shows[i].key_column == column->attribute)
            return true;
    return false;
}

static bool
has_parts(const struct plan_part *part, const int16_t *attributes, const struct row_column *columns,
          size_t hidden)
{
    for (size_t i = 0; i < part->tuple.count; i++)
        if (columns[part->tuple.columns[i] + hidden].attribute != attributes[i])
            return false;
    return true;
}

bool
showing_are_keys(const struct catalog *catalog, const struct plan_part *part,
                 const struct row_column *columns, size_t count, size_t hidden)
{
    const struct catalog_relation *child;
    uint32_t relation;

    if (part->column + hidden >= count) /* the last of them */
        return false;
    relation = columns[part->column + hidden].relation;
    for (size_t i = 0; i < part->tuple.count; i++) {
        const struct row_column *column = &columns[part->tuple.columns[i] + hidden];

        if (column->relation != relation || key_type_of_oid(column->type) != part->tuple.types[i])
            return false;
    }
    if (relation == part->key_relation)
        return has_parts(part, part->tuple.attributes, columns, hidden);
    child = child_of(catalog, part, relation);
    for (size_t i = 0; child && i < child->show_count; i++)
        if (child->shows[i].kind == part->kind &&
            child->shows[i].key_part_count == part->tuple.count &&
            has_parts(part, child->shows[i].key_parts, columns, hidden))
            return true;
    return false;
}

bool
showing_is_hidden_key(const struct catalog *catalog, const struct plan_part *part,
                      const struct row_column *columns, size_t count)
{
    enum { OID = 26 };
    const struct row_column *column = &columns[part->column];
    enum catalog_key_type type =
        part->is_array ? key_type_of_array(column->type) : key_type_of_oid(column->type);
    bool is_tuple =
        part->key_type ==
        CATALOG_KEY_TUPLE; /* as the text of an array, which is no column of a table's */

    if (part->is_given)
        return column->type == OID;
    if (part->is_of_call) /* the plan knows the function's columns, which have no origin */
        return key_types_agree(type, part->key_type);
    if (!part->is_array && !part->has_origin && !is_tuple)
        return showing_is_key(catalog, part, column);
    if (!key_types_agree(type, is_tuple ? CATALOG_KEY_TEXT : part->key_type))
        return false;
    if (!part->has_origin)
        return part->is_relation_certain;
    return part->origin < count && columns[part->origin].type == OID;
}
