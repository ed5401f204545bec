/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/known.h"

#include "exposure/identity_names.h"
#include "exposure/tuple.h"

void
known_init(struct known *known, const struct config *config)
{
    *known = (struct known){.kinds = 0};
    for (size_t i = 0; i < config->subject_count && i < EXPOSURE_KINDS_MAX; i++) {
        struct known_kind *kind = &known->of[i];
        struct identity_known from;

        if (!identity_known_of(&from, config, &config->subjects[i]))
            continue;
        kind->as = from.kind;
        kind->count = from.count;
        memcpy(kind->parts, from.parts, sizeof(kind->parts));
        memcpy(kind->definition, from.name.definition, sizeof(kind->definition));
        known->kinds |= 1u << i;
    }
}

uint64_t
known_others(const struct known *known, uint64_t kinds)
{
    uint64_t others = 0;

    for (size_t i = 0; i < EXPOSURE_KINDS_MAX; i++)
        if (kinds & known->kinds & (UINT64_C(1) << i))
            others |= UINT64_C(1) << known->of[i].as;
    return others & ~kinds;
}

void
known_ask(struct known_question *question, const struct known_kind *kind,
          const struct identity_key *key, const struct view *values, size_t count)
{
    uint8_t space[TUPLE_TEXT_MAX] PASU_UNINITIALIZED;
    struct tuple tuple = {.count = kind->count};
    struct view value;

    question->state = KNOWN_UNASKED;
    for (size_t i = 0; i < kind->count; i++) {
        if (kind->parts[i] >= count)
            return; /* it is not a key of as many values as the kind's */
        tuple.parts[i] = values[kind->parts[i]];
        if (!tuple.parts[i].bytes) {
            question->state = KNOWN_NOBODY;
            return;
        }
    }
    value = tuple.parts[0];
    if (kind->count > 1 && tuple_write(&tuple, space, &value) != 0)
        return;
    question->hash = identity_hash_of(key, value);
    question->state = KNOWN_HASHED;
}
