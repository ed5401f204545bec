/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever somebody put into a table, or called a column, is looked at safely. */
#include "policy/looks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view value = view_of(data, size);
    uint32_t whole = looks_of_value(value, 20261126), others;
    uint32_t within = looks_within(value, 20261126, &others);
    char name[65];

    text_from_view(name, sizeof(name), value);
    if (look_of_name(name, name) > LOOK_NONE || (whole | within | others) >> LOOK_COUNT != 0)
        __builtin_trap();
    return 0;
}
