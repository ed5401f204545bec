/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of keys, of whoever sends them: read to their end, and each element is within them. */
#include "postgres/key_array.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static size_t
read_all(struct view value, int16_t format)
{
    struct key_array array;
    struct view element;
    size_t count = 0;
    int result = key_array_begin(&array, value, format);

    if (result != 0) {
        must(result == PASU_E_MALFORMED);
        return 0;
    }
    while ((result = key_array_next(&array, &element)) == 1) {
        uint64_t sum = 0;

        for (size_t i = 0; element.bytes && i < element.length; i++)
            sum += element.bytes[i];
        must(sum <= UINT64_C(255) * value.length);
        must(++count <= value.length);
    }
    must(result == 0 || result == PASU_E_MALFORMED);
    return result == 0 ? count : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view value = view_of(data, size);

    for (int16_t format = 0; format < 2; format++) {
        struct key_array array;
        struct view only;
        size_t count = read_all(value, format);

        for (int type = 0; type <= CATALOG_KEY_TUPLE; type++)
            if (key_array_only(&array, value, format, (enum catalog_key_type)type, &only) == 0)
                must(count == 1 && only.bytes != NULL);
    }
    return 0;
}
