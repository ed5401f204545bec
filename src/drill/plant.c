/* SPDX-License-Identifier: Apache-2.0 */
/* Decoys among the persons of a drill: sets of ledger/decoys.h, as a ledger would have them. */
#include "drill/judge.h"

#include "base/memory.h"

/* Somewhere below `below`; constants of Knuth's MMIX generator. */
static uint32_t
next(uint64_t *random, uint32_t below)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*random >> 32) * below >> 32);
}

static int
add_set(struct bench *bench, uint64_t *random, uint32_t population, uint64_t number, size_t count)
{
    struct payload_decoy items[DECOY_SET_MAX] = {0};
    struct payload_decoys set = {.number = number, .planted = 1};

    for (size_t i = 0; i < count; i++) {
        items[i].ordinal = 1 + next(random, population);
        items[i].is_known = 1;
    }
    snprintf(set.kind, sizeof(set.kind), "%s", bench->vocabulary.kinds[0]);
    snprintf(set.who, sizeof(set.who), "drill");
    snprintf(set.why, sizeof(set.why), "drill");
    set.items = view_of(items, count * sizeof(items[0]));
    return decoys_add(bench->decoys, &set);
}

int
bench_plant(struct bench *bench, uint32_t population, size_t count)
{
    uint64_t random = 1;
    int result = 0;

    if (count == 0)
        return 0;
    bench->decoys = memory_new(1, sizeof(*bench->decoys));
    if (bench->decoys == NULL)
        return PASU_E_NOMEM;
    decoys_name(bench->decoys, &bench->vocabulary);
    for (uint64_t number = 0; number < DECOY_SETS_MAX && count > 0 && result == 0; number++) {
        size_t some = count < DECOY_SET_MAX ? count : DECOY_SET_MAX;

        result = add_set(bench, &random, population, number, some);
        count -= some;
    }
    return result;
}

void
bench_release(struct bench *bench)
{
    memory_free(bench->decoys);
    bench->decoys = NULL;
}
