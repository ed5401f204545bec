/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json_text.h"

#include "base/log.h"
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

json_t *
json_time(int64_t time)
{
    char text[32];

    if (time <= 0)
        return json_null();
    log_time_text(text, sizeof(text), time);
    return json_string(text);
}

json_t *
json_count(uint64_t n)
{
    return json_integer(n <= INT64_MAX ? (json_int_t)n : INT64_MAX);
}
