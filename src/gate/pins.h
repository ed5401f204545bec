/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that a statement pins, as ordinals: from literals of the text, from values of Bind, from
 * arrays. Each returns 0; PASU_E_MALFORMED where the keys cannot be told for sure (then the part is
 * not pinned); the errors of ordinal_of and pinned_add.
 */
#ifndef PASU_GATE_PINS_H
#define PASU_GATE_PINS_H

#include "gate/ordinals.h"
#include "postgres/exchange.h"

PASU_MUST_USE int pins_add_literal(struct pinned *pinned, struct ordinals *ordinals,
                                   const struct plan_part *part, const struct plan_pin *pin);
/* One of the values that are a key together: `i` of the part's pins. */
PASU_MUST_USE int pins_part(struct ordinal_part *value, const struct plan_part *part, size_t i,
                            enum catalog_key_type type, struct view bytes, int16_t format,
                            const struct ordinals *as);
/* The key that they are; nobody's where one is null: it equals nothing. */
PASU_MUST_USE int pins_add_parts(struct pinned *pinned, struct ordinals *ordinals,
                                 const struct plan_part *part, const struct ordinal_part *values,
                                 size_t count);
/* A value of the given type and format (0 text, 1 binary). */
PASU_MUST_USE int pins_add_value(struct pinned *pinned, struct ordinals *ordinals,
                                 const struct plan_part *part, enum catalog_key_type type,
                                 struct view value, int16_t format);
/* An array of keys, one-dimensional; null elements equal nothing. `element` is the key type of its
 * elements. */
PASU_MUST_USE int pins_add_array(struct pinned *pinned, struct ordinals *ordinals,
                                 const struct plan_part *part, enum catalog_key_type element,
                                 struct view value, int16_t format);

/* There are none, and the first part's come. `ordinals` and `others` are those that keys will be
 * read by. */
void pins_begin(struct pinned *pinned, struct ordinals *ordinals, struct ordinals *others);
/* The part's pins have come, one behind the other; the next one's may. */
void pins_end_part(struct pinned *pinned, size_t part, bool is_known, struct ordinals *ordinals,
                   struct ordinals *others);
/* What the identity index is to be asked of the one key that the part has. */
void pins_question(const struct pinned *pinned, size_t part, struct known_question *question);

#endif
