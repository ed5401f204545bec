/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile records: what is accepted as an exposure or a vocabulary encodes to the same bytes. */
#include "exposure/exposure.h"
#include "exposure/vocabulary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SPACE = 2 * EXPOSURE_PARTS_MAX * EXPOSURE_ORDINALS_MAX };

static void
check_same(ssize_t length, const uint8_t *again, const uint8_t *data, size_t size)
{
    if (length < 0 || (size_t)length != size || memcmp(again, data, size) != 0)
        __builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[EXPOSURE_ENCODED_MAX];
    static uint32_t space[SPACE];
    struct vocabulary vocabulary;
    struct exposure exposure;

    if (exposure_decode(&exposure, view_of(data, size), space, SPACE) == 0)
        check_same(exposure_encode(&exposure, again, sizeof(again)), again, data, size);
    if (vocabulary_decode(&vocabulary, view_of(data, size)) == 0)
        check_same(vocabulary_encode(&vocabulary, again, sizeof(again)), again, data, size);
    return 0;
}
