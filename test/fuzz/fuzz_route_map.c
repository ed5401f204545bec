/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a map's text is, it is a map or has faults with their places, and not both. */
#include "scan/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dialects dialects;
    struct config_faults faults = {0};
    struct route_map *map;
    int result = route_map_parse(&map, view_of(data, size), "map", &faults);

    if ((result == 0) != (faults.count == 0) && result != PASU_E_NOMEM)
        __builtin_trap();
    if (result == 0) {
        dialects_init(&dialects, map);
        route_map_free(map);
    }
    config_faults_release(&faults);
    return 0;
}
