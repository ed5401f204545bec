/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle of fingerprints, or a key, of hostile bytes, with a check that is made right: it is
 * refused, or whatever is looked up in it is found within its bounds. */
#include "base/memory.h"
#include "exposure/fingerprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_bundle(const uint8_t *data, size_t size)
{
    uint8_t *copy = memory_new(size + 1, 1);
    struct fingerprint_bundle bundle;
    uint32_t last;

    if (copy == NULL)
        return;
    memcpy(copy, data, size);
    if (size > FINGERPRINT_TAG_SIZE)
        fingerprint_check_of(copy, size - FINGERPRINT_TAG_SIZE, copy + size - FINGERPRINT_TAG_SIZE);
    if (fingerprint_bundle_take(&bundle, copy, size, NULL) != 0) {
        memory_free(copy);
        return;
    }
    last = (UINT32_C(1) << bundle.terms.bits) - 1;
    for (uint32_t i = 0; i < bundle.room; i++) {
        uint64_t entry = fingerprint_bundle_entry(&bundle, last, i);
        uint64_t hash = entry << (32 - bundle.terms.bits) |
                        (bundle.terms.bits == 0 ? 0 : (uint64_t)last << (64 - bundle.terms.bits));

        if (!fingerprint_bundle_has(&bundle, hash))
            __builtin_trap();
    }
    (void)fingerprint_bundle_has(&bundle, UINT64_MAX);
    fingerprint_bundle_release(&bundle);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fingerprint_key key, again;
    char text[FINGERPRINT_KEY_TEXT_SIZE];

    try_bundle(data, size);
    if (fingerprint_key_read(&key, view_of(data, size)) != 0)
        return 0;
    fingerprint_key_write(&key, text);
    if (fingerprint_key_read(&again, view_of_text(text)) != 0 ||
        memcmp(&key, &again, sizeof(key)) != 0)
        __builtin_trap();
    return 0;
}
