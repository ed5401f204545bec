/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/kinds.h"

int
kinds_slot(struct kinds *kinds, const char name[VOCABULARY_NAME_SIZE], uint8_t *slot)
{
    size_t i = 0;

    while (i < kinds->count && strcmp(kinds->names[i], name) != 0)
        i++;
    if (i == EXPOSURE_KINDS_MAX)
        return PASU_E_RANGE;
    if (i == kinds->count)
        memcpy(kinds->names[kinds->count++], name, VOCABULARY_NAME_SIZE);
    *slot = (uint8_t)i;
    return 0;
}

int
kinds_of(struct kinds *kinds, const struct vocabulary *vocabulary,
         uint8_t slots[EXPOSURE_KINDS_MAX])
{
    for (uint32_t k = 0; k < vocabulary->kind_count; k++) {
        int result = kinds_slot(kinds, vocabulary->kinds[k], &slots[k]);

        if (result != 0)
            return result;
    }
    return 0;
}
