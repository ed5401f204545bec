/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key_text.h"

size_t
key_parts(const struct config *config, const char *kind)
{
    for (size_t i = 0; i < config->subject_count; i++)
        if (strcmp(config->subjects[i].name, kind) == 0)
            return config->subjects[i].key.count;
    return 1;
}

int
key_text_of(const struct config *config, const char *kind, const char *operand,
            char space[KEY_OPERAND_SIZE], const char **key)
{
    uint8_t values[TUPLE_TEXT_MAX], bytes[TUPLE_TEXT_MAX];
    size_t parts = key_parts(config, kind);
    struct tuple tuple;
    struct view text;

    *key = operand;
    if (parts <= 1)
        return 0;
    if (tuple_read(&tuple, view_of_text(operand), values) != 0 || tuple.count != parts ||
        tuple_write(&tuple, bytes, &text) != 0)
        return PASU_E_MALFORMED;
    text_from_view(space, KEY_OPERAND_SIZE, text);
    *key = space;
    return 0;
}
