/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands in a leaked file is spelled safely, and what came of it comes to itself again. */
#include "policy/spelling.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t once[SPELLING_SIZE], again[SPELLING_SIZE];
    size_t length = spelling_plain(once, sizeof(once), view_of(data, size));
    struct spellings s = {.count = 0};

    spellings_of(&s, view_of(data, size));
    if (s.count == 0 || s.count > SPELLINGS_MAX)
        __builtin_trap();
    if (length > 0 && (spelling_plain(again, sizeof(again), view_of(once, length)) != length ||
                       memcmp(once, again, length) != 0))
        __builtin_trap();
    return 0;
}
