/* SPDX-License-Identifier: Apache-2.0 */
#include "config/quantity.h"

struct unit {
    const char *name;
    uint64_t factor;
};

#define MILLISECOND UINT64_C(1000000)
#define SECOND      (1000 * MILLISECOND)
#define DAY         (86400 * SECOND)

static const struct unit durations[] = {
    {"ms", MILLISECOND},  {"s", SECOND}, {"m", 60 * SECOND},
    {"h", 3600 * SECOND}, {"d", DAY},    {"y", 365 * DAY},
};
static const struct unit sizes[] = {
    {"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
};
static const struct unit counts[] = {{"", 1}};

static int
parse(uint64_t *value, const char *text, const struct unit *units, size_t unit_count)
{
    const char *at = text;
    uint64_t n = 0;
    bool is_over = false;

    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*at - '0'), &n))
            is_over = true;
    if (at == text)
        return PASU_E_MALFORMED;
    for (size_t i = 0; i < unit_count; i++)
        if (strcmp(units[i].name, at) == 0) {
            if (is_over || __builtin_mul_overflow(n, units[i].factor, value) || *value > INT64_MAX)
                return PASU_E_RANGE;
            return 0;
        }
    return PASU_E_MALFORMED;
}

int
quantity_duration(uint64_t *value, const char *text)
{
    return parse(value, text, durations, COUNT_OF(durations));
}

int
quantity_size(uint64_t *value, const char *text)
{
    return parse(value, text, sizes, COUNT_OF(sizes));
}

int
quantity_count(uint64_t *value, const char *text)
{
    return parse(value, text, counts, COUNT_OF(counts));
}
