/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json_text.h"
#include "base/memory.h"
#include "cli/text.h"

json_t *
json_text(const char *text)
{
    json_t *string = json_string(text);
    size_t size = strlen(text) * 4 + 1;
    char *escaped;

    if (string != NULL)
        return string;
    escaped = memory_new(size, 1);
    if (escaped == NULL)
        return NULL;
    text_escape(escaped, size, view_of_text(text));
    string = json_string(escaped);
    memory_free(escaped);
    return string;
}
