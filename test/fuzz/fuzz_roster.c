/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile roster parses, or has a fault that can be shown. */
#include "policy/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct roster_fault fault;
    struct roster *roster;

    if (roster_parse(&roster, view_of(data, size), &fault) == 0) {
        (void)roster_kind(roster, "analyst");
        (void)roster_standing(roster, "analyst", 0, OWNERLESS_BLOCK);
        (void)roster_next(roster, 0);
        roster_free(roster);
    } else if (fault.line == 0 || fault.text[0] == '\0') {
        __builtin_trap();
    }
    return 0;
}
