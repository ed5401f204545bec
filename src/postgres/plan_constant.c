/* SPDX-License-Identifier: Apache-2.0 */
/* Constants and parameters as keys: only those whose text is the key's own, so that nobody has to
 * know how the server would convert it. */
#include "postgres/plan_pin.h"

bool
pin_is_type(const PgQuery__TypeName *type, uint8_t key_type)
{
    static const struct {
        uint8_t key_type;
        const char *name;
    } types[] = {
        {CATALOG_KEY_INT2, "int2"},       {CATALOG_KEY_INT4, "int4"}, {CATALOG_KEY_INT8, "int8"},
        {CATALOG_KEY_NUMERIC, "numeric"}, {CATALOG_KEY_UUID, "uuid"}, {CATALOG_KEY_TEXT, "text"},
        {CATALOG_KEY_TEXT, "varchar"},
    };
    const char *name = sql_last_name(type->names, type->n_names);

    if (type->n_names > 1 && strcmp(sql_string(type->names[0]), "pg_catalog") != 0)
        return false;
    for (size_t i = 0; name && i < COUNT_OF(types); i++)
        if (types[i].key_type == key_type && strcmp(types[i].name, name) == 0)
            return true;
    return false;
}

/* As the server writes it: no blanks, no leading zeros, at most 18 digits. */
static bool
is_integer(const char *text)
{
    size_t digits;

    if (*text == '-')
        text++;
    digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 18 && text[digits] == '\0' && (text[0] != '0' || digits == 1);
}

static bool
is_uuid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    for (size_t i = 0; i < sizeof(form) - 1; i++)
        if (form[i] == '-' ? text[i] != '-'
                           : (text[i] == '\0' || !strchr("0123456789abcdefABCDEF", text[i])))
            return false;
    return text[sizeof(form) - 1] == '\0';
}

static bool
is_text_of(const char *text, uint8_t key_type)
{
    switch (key_type) {
    case CATALOG_KEY_INT2:
    case CATALOG_KEY_INT4:
    case CATALOG_KEY_INT8:
    case CATALOG_KEY_NUMERIC:
        return is_integer(text);
    case CATALOG_KEY_UUID:
        return is_uuid(text);
    case CATALOG_KEY_TEXT:
        return true;
    default:
        return false;
    }
}

bool
pin_is_constant(const PgQuery__Node *node)
{
    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    return node && (node->node_case == PG_QUERY__NODE__NODE_PARAM_REF ||
                    node->node_case == PG_QUERY__NODE__NODE_A_CONST);
}

bool
pin_read_text(struct plan_work *work, const char *text, uint8_t key_type, struct plan_pin *pin)
{
    char *kept;

    if (!is_text_of(text, key_type))
        return false;
    kept = arena_text(work->keep, text, strlen(text));
    if (!kept)
        return false;
    *pin = (struct plan_pin){.literal = view_of_text(kept)};
    return true;
}

static bool
read_constant(struct plan_work *work, const PgQuery__AConst *constant, uint8_t key_type,
              struct plan_pin *pin)
{
    char number[16];
    const char *text;

    if (constant->isnull)
        return false;
    switch (constant->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
        snprintf(number, sizeof(number), "%d", constant->ival->ival);
        text = number;
        break;
    case PG_QUERY__A__CONST__VAL_FVAL:
        text = constant->fval->fval;
        break;
    case PG_QUERY__A__CONST__VAL_SVAL:
        text = constant->sval->sval;
        break;
    default:
        return false;
    }
    if (key_type == CATALOG_KEY_TEXT && constant->val_case != PG_QUERY__A__CONST__VAL_SVAL)
        return false;
    return pin_read_text(work, text, key_type, pin);
}

static const uint8_t key_types[] = {CATALOG_KEY_INT2,    CATALOG_KEY_INT4, CATALOG_KEY_INT8,
                                    CATALOG_KEY_NUMERIC, CATALOG_KEY_UUID, CATALOG_KEY_TEXT};

bool
pin_read(struct plan_work *work, const PgQuery__Node *node, uint8_t key_type, struct plan_pin *pin)
{
    bool is_cast = node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST;

    if (!node)
        return false;
    if (is_cast) {
        const PgQuery__TypeName *type = node->type_cast->type_name;

        if (!type || type->n_typmods > 0 || type->n_array_bounds > 0 || type->setof ||
            !pin_is_type(type, key_type))
            return false;
        node = node->type_cast->arg;
    }
    if (!node)
        return false;
    if (node->node_case == PG_QUERY__NODE__NODE_A_CONST)
        return read_constant(work, node->a_const, key_type, pin);
    return node->node_case == PG_QUERY__NODE__NODE_PARAM_REF &&
           pin_read_parameter(work, node, key_type, false, is_cast, pin);
}

bool
pin_is_null(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull;
}

/* ---- arguments ---- */

static bool
read_any(struct plan_work *work, const PgQuery__Node *node, struct plan_pin *pin)
{
    for (size_t i = 0; i < COUNT_OF(key_types); i++)
        if (pin_read(work, node, key_types[i], pin))
            return true;
    return false;
}

static bool
is_any_array(const PgQuery__TypeName *type)
{
    if (!type || type->n_array_bounds != 1 || type->n_typmods > 0 || type->setof)
        return false;
    for (size_t i = 0; i < COUNT_OF(key_types); i++)
        if (pin_is_type(type, key_types[i]))
            return true;
    return false;
}

bool
pin_read_array_text(struct plan_work *work, const char *text, struct plan_pin *pin)
{
    char *kept = text[0] == '{' ? arena_text(work->keep, text, strlen(text)) : NULL;

    if (!kept)
        return false;
    *pin = (struct plan_pin){.literal = view_of_text(kept), .is_array = true};
    return true;
}

/* One element as array_out writes it, at its most careful. */
static char *
put_element(char *to, struct view element)
{
    *to++ = '"';
    for (size_t i = 0; i < element.length; i++) {
        if (element.bytes[i] == '"' || element.bytes[i] == '\\')
            *to++ = '\\';
        *to++ = (char)element.bytes[i];
    }
    *to++ = '"';
    return to;
}

/* ARRAY['a', 'b'] as '{"a","b"}': null elements equal nothing and are left out. */
static bool
read_array_elements(struct plan_work *work, const PgQuery__AArrayExpr *array, struct plan_pin *pin)
{
    struct plan_pin *elements = arena_new(&work->memory, array->n_elements, sizeof(*elements));
    size_t count = 0, size = sizeof("{}");
    char *text, *at;

    if (!elements || array->n_elements > PLAN_PINS_MAX)
        return false;
    for (size_t i = 0; i < array->n_elements; i++) {
        if (pin_is_null(array->elements[i]))
            continue;
        if (!read_any(work, array->elements[i], &elements[count]) || !elements[count].literal.bytes)
            return false;
        size += 2 * elements[count++].literal.length + sizeof("\"\",") - 1;
    }
    text = at = arena_new(work->keep, size, 1);
    if (!text)
        return false;
    *at++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *at++ = ',';
        at = put_element(at, elements[i].literal);
    }
    *at++ = '}';
    *pin = (struct plan_pin){.literal = view_of(text, (size_t)(at - text)), .is_array = true};
    return true;
}

bool
pin_read_argument(struct plan_work *work, const PgQuery__Node *node, struct plan_pin *pin)
{
    bool is_cast = node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST;

    if (read_any(work, node, pin))
        return true;
    if (is_cast && !is_any_array(node->type_cast->type_name))
        return false;
    if (is_cast)
        node = node->type_cast->arg;
    if (node && node->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR)
        return read_array_elements(work, node->a_array_expr, pin);
    return is_cast && node && node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
           node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL &&
           pin_read_array_text(work, node->a_const->sval->sval, pin);
}
