/* SPDX-License-Identifier: Apache-2.0 */
/* Ordinals without a ledger: two kinds, the second one's numbers sealed. */
#ifndef PASU_TEST_GATE_ORDINALS_H
#define PASU_TEST_GATE_ORDINALS_H

#include "exposure/directory.h"
#include "gate/ordinals.h"
#include "gate/recorder.h"
#include "unit.h"

enum { KIND_PLAIN, KIND_SEALED };

struct gate_ordinals {
    struct ordinals ordinals;
    struct recorder recorder;
    uint8_t slots[EXPOSURE_KINDS_MAX];
};

static inline void
gate_ordinals_begin(struct gate_ordinals *g)
{
    static const uint8_t secret[SEAL_SECRET_SIZE] = {7};

    recorder_init(&g->recorder, NULL, -1, NULL);
    for (uint8_t i = 0; i < EXPOSURE_KINDS_MAX; i++)
        g->slots[i] = (uint8_t)(i + 3);
    g->ordinals =
        (struct ordinals){.recorder = &g->recorder, .sealed = 1u << KIND_SEALED, .slots = g->slots};
    assert_int_equal(directory_new(&g->ordinals.directory, secret), 0);
}

static inline void
gate_ordinals_end(struct gate_ordinals *g)
{
    directory_free(g->ordinals.directory);
    recorder_release(&g->recorder);
}

/* The ordinal that a key's canonical text has. */
static inline uint32_t
gate_ordinal(struct gate_ordinals *g, uint8_t kind, struct view text)
{
    struct directory_entry entry;
    uint32_t ordinal;

    assert_true(directory_get(g->ordinals.directory, ORDINALS_OF_ALL_KINDS, text,
                              kind == KIND_SEALED, &ordinal, &entry) >= 0);
    return ordinal;
}

#endif
