/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/sql_json.h"

static const char place_key[] = "\"location\":";

static const char *
skip_number(const char *json)
{
    while (*json == '-' || (*json >= '0' && *json <= '9'))
        json++;
    return json;
}

/* Behind a number, if one is there that says a place. */
static const char *
skip_place(const char *json)
{
    static const char start[] = "\"stmt_location\":", length[] = "\"stmt_len\":";

    if (json[0] != '"' || (json[1] != place_key[1] && json[1] != start[1]))
        return json; /* of nearly all bytes nothing more is looked at */
    if (strncmp(json, place_key, sizeof(place_key) - 1) == 0)
        return skip_number(json + sizeof(place_key) - 1);
    if (strncmp(json, start, sizeof(start) - 1) == 0)
        return skip_number(json + sizeof(start) - 1);
    if (strncmp(json, length, sizeof(length) - 1) == 0)
        return skip_number(json + sizeof(length) - 1);
    return json;
}

const char *
json_compare(const char *one, const char *end, const char *other)
{
    while (one < end) {
        const char *behind[2] = {skip_place(one), skip_place(other)};

        if (behind[0] == one && behind[1] == other) {
            if (*one++ != *other++)
                return NULL;
            continue;
        }
        if (behind[0] == one || behind[1] == other)
            return NULL;
        one = behind[0];
        other = behind[1];
    }
    return other;
}

const char *
json_item_end(const char *json)
{
    size_t depth = 0;
    bool is_string = false;

    for (; *json; json++) {
        if (is_string && *json == '\\' && json[1])
            json++;
        else if (*json == '"')
            is_string = !is_string;
        else if (!is_string && (*json == '{' || *json == '['))
            depth++;
        else if (!is_string && (*json == '}' || *json == ']') && --depth == 0)
            return json + 1;
    }
    return json;
}

uint32_t
json_place(const char *json, const char *end)
{
    const char *at = end - 2;

    if (end - json < (ptrdiff_t)sizeof(place_key) + 2 || end[-1] != '}' || end[-2] != '}')
        return UINT32_MAX;
    while (at > json && at[-1] >= '0' && at[-1] <= '9')
        at--;
    if (at == end - 2 || at - json < (ptrdiff_t)sizeof(place_key) - 1 ||
        strncmp(at - (sizeof(place_key) - 1), place_key, sizeof(place_key) - 1) != 0)
        return UINT32_MAX;
    return (uint32_t)strtoul(at, NULL, 10);
}
