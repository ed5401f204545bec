/* SPDX-License-Identifier: Apache-2.0 */
/* The keys that a client's values pin. */
#include "gate/ask.h"

#include "gate/instruments.h"
#include "gate/pins.h"

/* A value and what its type is said to be: 1; 0 where it is null; PASU_E_MALFORMED. */
static int
read_value(const struct asking *a, const struct ask_values *values, uint16_t index, uint32_t *oid,
           struct view *value, int16_t *format)
{
    const struct template *template = &a->tools->template;

    *oid = 0;
    *format = 0;
    if (values->bind) {
        *oid = ask_parse_type(values->types, index);
        return ask_bind_value(values->bind, index, value, format);
    }
    if (index >= template->count)
        return PASU_E_MALFORMED;
    *value = template->values[index].value;
    return 1;
}

/* A pin's value, and which type's it is: 1; 0 where it is null, and equals nothing;
 * PASU_E_MALFORMED where that cannot be told. */
static int
type_value(struct asking *a, uint8_t key_type, const struct plan_pin *pin,
           const struct ask_values *values, enum catalog_key_type *type, struct view *value,
           int16_t *format)
{
    uint32_t oid;
    int result = read_value(a, values, (uint16_t)(pin->parameter - 1), &oid, value, format);

    *type = key_type;
    if (result <= 0)
        return result;
    if (oid)
        *type = pin->is_array ? key_type_of_array(oid) : key_type_of_oid(oid);
    if (!oid && pin->is_shared)
        return PASU_E_MALFORMED;
    /* Converted to a whole number, a number with a fraction is another one. */
    if (pin->is_cast && *type == CATALOG_KEY_NUMERIC && key_type != CATALOG_KEY_NUMERIC)
        return PASU_E_MALFORMED;
    return 1;
}

/* One pin's keys. 0, or PASU_E_MALFORMED where they cannot be told. */
static int
pin_value(struct asking *a, const struct plan_part *part, const struct plan_pin *pin,
          const struct ask_values *values, struct pinned *pinned)
{
    enum catalog_key_type type;
    struct view value;
    int16_t format;
    int result = type_value(a, part->key_type, pin, values, &type, &value, &format);

    if (result <= 0)
        return result;
    return pin->is_array ? pins_add_array(pinned, &a->tools->ordinals, part, type, value, format)
                         : pins_add_value(pinned, &a->tools->ordinals, part, type, value, format);
}

/* The one key that the pins are together. */
static int
pin_parts(struct asking *a, const struct plan_part *part, const struct ask_values *values,
          const struct ordinals *literal, struct pinned *pinned)
{
    struct ordinal_part parts[CATALOG_KEY_PARTS_MAX];

    for (size_t i = 0; i < part->pin_count; i++) {
        const struct plan_pin *pin = &part->pins[i];
        enum catalog_key_type type = part->pin_types[i];
        struct view value = pin->literal;
        int16_t format = 0;
        int result = value.bytes
                         ? 1
                         : type_value(a, part->pin_types[i], pin, values, &type, &value, &format);

        if (result > 0)
            result = pins_part(&parts[i], part, i, type, value, format,
                               pin->literal.bytes ? literal : NULL);
        else if (result == 0)
            parts[i] = (struct ordinal_part){.value = {NULL, 0}};
        if (result < 0)
            return result;
    }
    return pins_add_parts(pinned, &a->tools->ordinals, part, parts, part->pin_count);
}

/* One after the other; PASU_E_MALFORMED and PASU_E_RANGE: they are not known. */
static int
pin_part(struct asking *a, const struct plan_part *part, const struct ask_values *values,
         struct ordinals *literal, struct pinned *pinned)
{
    int result = 0;

    if (part->are_pins_parts)
        return pin_parts(a, part, values, literal, pinned);
    for (size_t i = 0; i < part->pin_count && result == 0; i++) {
        const struct plan_pin *pin = &part->pins[i];

        result = pin->literal.bytes ? pins_add_literal(pinned, literal, part, pin)
                                    : pin_value(a, part, pin, values, pinned);
    }
    return result;
}

int
ask_pin_all(struct asking *a, const struct plan *plan, const struct plan_statement *statement,
            const struct ask_values *values, struct pinned *pinned)
{
    struct ordinals literal = observer_ordinals(a->s, plan->text);

    statement = plan_pinning(statement);
    pins_begin(pinned, &literal, &a->tools->ordinals);
    for (size_t p = 0; p < statement->part_count; p++) {
        const struct plan_part *part = &statement->parts[p];
        int result = pin_part(a, part, values, &literal, pinned);

        if (result < 0 && result != PASU_E_MALFORMED && result != PASU_E_RANGE)
            return result;
        pins_end_part(pinned, p, part->pin_count > 0 && result >= 0, &literal, &a->tools->ordinals);
    }
    return 0;
}
