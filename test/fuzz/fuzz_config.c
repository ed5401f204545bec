/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration: either there is a model or there are faults, never neither, and
 * each fault says where it is and what to do. A model is packed and unpacked again.
 */
#include "base/memory.h"
#include "config/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check_faults(const struct config_faults *faults)
{
    uint32_t line = 0;

    for (size_t i = 0; i < faults->count; i++) {
        const struct config_fault *fault = &faults->items[i];

        if (fault->text[0] == '\0' || fault->hint[0] == '\0' || strcmp(fault->path, "fuzz") != 0)
            abort();
        if (fault->line < line && i < CONFIG_FAULTS_MAX)
            abort();
        line = fault->line;
    }
}

static void
check_pack(const struct config *config)
{
    struct config *again;
    uint8_t *packed;
    size_t length;

    if (config_pack(&packed, &length, config) != 0 ||
        config_unpack(&again, view_of(packed, length)) != 0 ||
        again->gateway_count != config->gateway_count)
        abort();
    config_free(again);
    memory_free(packed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct config_faults faults = {0};
    struct config *config;
    int r = config_parse(&config, view_of(bytes, size), "fuzz", &faults);

    if ((r == 0) != (config != NULL) || (r == PASU_E_CONFIG) != (faults.count > 0))
        abort();
    check_faults(&faults);
    if (config != NULL)
        check_pack(config);
    config_free(config);
    config_faults_release(&faults);
    /* The same bytes as a packed configuration. */
    if (config_unpack(&config, view_of(bytes, size)) == 0)
        config_free(config);
    return 0;
}
