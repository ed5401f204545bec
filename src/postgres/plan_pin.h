/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pinned keys: conditions that hold for every row and fix the key of a table of the top level to a
 * constant or parameter. Only where the text proves it: the operator is PostgreSQL's own "=", the
 * constant is written as the key's type writes it.
 */
#ifndef PASU_POSTGRES_PLAN_PIN_H
#define PASU_POSTGRES_PLAN_PIN_H

#include "postgres/plan_scope.h"

struct pins {
    struct plan_pin *pins; /* in the plan's arena */
    size_t count;          /* 0: not pinned */
    bool are_parts;        /* of one key that has several columns, in its order */
};

/* Learns from the scope's conditions which of its columns are equal. */
void pins_learn(struct plan_work *work, struct scope *scope);
/* The best of the conditions on that key: a single constant where there is one. */
struct pins pins_of(struct plan_work *work, const struct scope *scope, const struct direct *direct);
/* The column of a query further out that equals the key in every row of the scope: of an entry of
 * `outer`, which is that query's scope; or NULL. */
const struct output *pins_outer(struct plan_work *work, const struct scope *scope,
                                const struct direct *direct, const struct scope *outer);
static inline bool
pins_are_one(const struct pins *pins)
{
    return pins->are_parts || (pins->count == 1 && !pins->pins[0].is_array);
}
/* One constant or parameter as a key of that type; false where it is none. */
bool pin_read(struct plan_work *work, const PgQuery__Node *node, uint8_t key_type,
              struct plan_pin *pin);

/* Counts the parameters of a statement; before anything is read of it. */
void parameters_collect(struct plan_work *work, const ProtobufCMessage *tree);
/* The same of a parameter (a ParamRef), or of one that stands for an array of keys. `is_cast`: it
 * is converted to the key's type. */
bool pin_read_parameter(const struct plan_work *work, const PgQuery__Node *node, uint8_t key_type,
                        bool is_array, bool is_cast, struct plan_pin *pin);

/* A text that is written as the key's type writes it. */
bool pin_read_text(struct plan_work *work, const char *text, uint8_t key_type,
                   struct plan_pin *pin);
/* The text form of an array. */
bool pin_read_array_text(struct plan_work *work, const char *text, struct plan_pin *pin);
/* An argument of EXECUTE, whatever the parameter's type: a constant, or an array of constants as
 * its text form. */
bool pin_read_argument(struct plan_work *work, const PgQuery__Node *node, struct plan_pin *pin);
/* A constant or parameter, as it is or cast. */
bool pin_is_constant(const PgQuery__Node *node);
/* NULL, which equals no key. */
bool pin_is_null(const PgQuery__Node *node);
/* Whether a type is the key's own. */
bool pin_is_type(const PgQuery__TypeName *type, uint8_t key_type);

#endif
