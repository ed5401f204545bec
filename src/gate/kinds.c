/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/kinds.h"

int
kinds_of(struct kinds *kinds, const struct vocabulary *vocabulary,
         uint8_t slots[EXPOSURE_KINDS_MAX])
{
    for (uint32_t k = 0; k < vocabulary->kind_count; k++) {
        size_t slot = 0;

        while (slot < kinds->count && strcmp(kinds->names[slot], vocabulary->kinds[k]) != 0)
            slot++;
        if (slot == EXPOSURE_KINDS_MAX)
            return PASU_E_RANGE;
        if (slot == kinds->count)
            memcpy(kinds->names[kinds->count++], vocabulary->kinds[k], VOCABULARY_NAME_SIZE);
        slots[k] = (uint8_t)slot;
    }
    return 0;
}
