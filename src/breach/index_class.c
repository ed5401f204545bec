/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_class.h"

#include "exposure/exposure.h"

int
index_class_check(struct view bytes)
{
    struct index_class class;

    if (bytes.length < sizeof(class.head))
        return PASU_E_CORRUPT;
    memcpy(&class.head, bytes.bytes, sizeof(class.head));
    if (class.head.is_known > 1 || class.head.part_count > INDEX_PARTS_MAX ||
        !bytes_are_zero(class.head.zero, sizeof(class.head.zero)) ||
        bytes.length != index_class_bytes(&class).length)
        return PASU_E_CORRUPT;
    memcpy(&class, bytes.bytes, bytes.length);
    for (size_t p = 0; p < class.head.part_count; p++)
        if (class.parts[p].kind >= EXPOSURE_KINDS_MAX ||
            class.parts[p].attribution >= ATTRIBUTION_COUNT ||
            !bytes_are_zero(class.parts[p].zero, sizeof(class.parts[p].zero)))
            return PASU_E_CORRUPT;
    return 0;
}
