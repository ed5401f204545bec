/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters as keys. The server gives an undeclared one the type of its first use: only one that
 * stands nowhere else, but under casts to that type, is surely of the key's. */
#include "postgres/plan_pin.h"

static const uint8_t key_types[] = {CATALOG_KEY_INT2,    CATALOG_KEY_INT4, CATALOG_KEY_INT8,
                                    CATALOG_KEY_NUMERIC, CATALOG_KEY_UUID, CATALOG_KEY_TEXT};

static struct parameter_uses *
uses_of(struct plan_work *work, const PgQuery__ParamRef *reference)
{
    return reference->number >= 1 && reference->number <= PLAN_PARAMETERS_KNOWN
               ? &work->parameters[reference->number - 1]
               : NULL;
}

static void
note_cast(struct parameter_uses *uses, const PgQuery__TypeName *type)
{
    if (!type || type->n_typmods > 0 || type->setof || type->n_array_bounds > 1)
        return;
    for (size_t i = 0; i < COUNT_OF(key_types); i++)
        if (pin_is_type(type, key_types[i]))
            uses->casts[type->n_array_bounds][key_types[i]]++;
}

static void
collect(void *context, const ProtobufCMessage *message)
{
    struct plan_work *work = context;
    struct parameter_uses *uses;

    if (message->descriptor == &pg_query__param_ref__descriptor) {
        uses = uses_of(work, (const PgQuery__ParamRef *)message);
        if (uses)
            uses->count++;
        return;
    }
    if (message->descriptor == &pg_query__type_cast__descriptor) {
        const PgQuery__TypeCast *cast = (const PgQuery__TypeCast *)message;

        uses = cast->arg && cast->arg->node_case == PG_QUERY__NODE__NODE_PARAM_REF
                   ? uses_of(work, cast->arg->param_ref)
                   : NULL;
        if (uses)
            note_cast(uses, cast->type_name);
    }
    sql_each_child(message, collect, context);
}

void
parameters_collect(struct plan_work *work, const ProtobufCMessage *tree)
{
    memset(work->parameters, 0, sizeof(work->parameters));
    collect(work, tree);
}

static bool
is_number(uint8_t key_type)
{
    return key_type == CATALOG_KEY_INT2 || key_type == CATALOG_KEY_INT4 ||
           key_type == CATALOG_KEY_INT8 || key_type == CATALOG_KEY_NUMERIC;
}

/* Whether a value of that type can be compared with the key as it is written, or, as a text, be
 * converted to its type. A number with a fraction is another one as a whole number. */
static bool
is_fit(const struct plan_pin *pin, uint8_t type, uint8_t key_type)
{
    if (pin->is_cast && type == CATALOG_KEY_NUMERIC && key_type != CATALOG_KEY_NUMERIC)
        return false;
    return type == key_type || (is_number(type) && is_number(key_type)) ||
           (pin->is_cast && type == CATALOG_KEY_TEXT);
}

static bool
is_declared_for(const PgQuery__Node *node, const struct plan_pin *pin, uint8_t key_type)
{
    const PgQuery__TypeName *type;

    if (!node || node->node_case != PG_QUERY__NODE__NODE_TYPE_NAME)
        return false;
    type = node->type_name;
    if (type->n_typmods > 0 || type->setof || type->n_array_bounds != (pin->is_array ? 1 : 0))
        return false;
    for (size_t i = 0; i < COUNT_OF(key_types); i++)
        if (pin_is_type(type, key_types[i]))
            return is_fit(pin, key_types[i], key_type);
    return false;
}

static bool
is_used_elsewhere(const struct plan_work *work, const struct plan_pin *pin, uint8_t key_type)
{
    const struct parameter_uses *uses;

    if (pin->parameter > PLAN_PARAMETERS_KNOWN)
        return true;
    uses = &work->parameters[pin->parameter - 1];
    return uses->count != uses->casts[pin->is_array][key_type] + (pin->is_cast ? 0u : 1u);
}

bool
pin_read_parameter(const struct plan_work *work, const PgQuery__Node *node, uint8_t key_type,
                   bool is_array, bool is_cast, struct plan_pin *pin)
{
    if (node->param_ref->number < 1 || node->param_ref->number > UINT16_MAX)
        return false;
    *pin = (struct plan_pin){
        .parameter = (uint16_t)node->param_ref->number, .is_array = is_array, .is_cast = is_cast};
    if (pin->parameter <= work->parameter_type_count)
        return is_declared_for(work->parameter_types[pin->parameter - 1], pin, key_type);
    pin->is_shared = is_used_elsewhere(work, pin, key_type);
    return !(work->is_preparing && pin->is_shared);
}
