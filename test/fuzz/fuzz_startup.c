/* SPDX-License-Identifier: Apache-2.0 */
/* The packets that open a connection, and the PROXY-less bytes before them. */
#include "postgres/sasl.h"
#include "postgres/startup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct startup startup;
    struct sasl_offer offer;
    struct view mechanism, first;

    if (size >= 4 && startup_length(data, 65536) < -1000)
        __builtin_trap();
    if (startup_parse(&startup, view_of(data, size)) == 0 && startup.kind == STARTUP_SESSION &&
        (startup.user[0] == '\0' || startup.database[0] == '\0'))
        __builtin_trap(); /* nobody is let through without a name */
    if (sasl_offer_parse(&offer, view_of(data, size)) == 0 && size < 2)
        __builtin_trap();
    if (sasl_initial_parse(view_of(data, size), &mechanism, &first) == 0 &&
        mechanism.length + first.length + 5 != size)
        __builtin_trap();
    return 0;
}
