/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/verify_begin.h"

#include "ledger/prologue.h"

/* Takes up what was carried over, as far as it is whole. */
static int
take_carried(struct verify_content *content, struct prologue *prologue)
{
    struct payload_carried carried;
    int result;

    while ((result = prologue_next(prologue, &carried)) == 1) {
        result = verify_content_carried(content, &carried);
        if (result != 0)
            return result;
    }
    return result;
}

static int
take(const struct pruned *pruned, struct prologue *prologue, struct verify_tree *tree,
     struct verify_content *content)
{
    struct tree_frontier frontier;
    int carried, result;

    content->first = pruned->body.end;
    carried = take_carried(content, prologue);
    verify_content_lose(content, pruned->body.end);
    pruned_frontier(pruned, &frontier);
    result = verify_tree_begin(tree, &frontier);
    return result != 0 ? result : carried;
}

/* By the last SEGMENT_PRUNED below an index. The errors of prologue_find, and PASU_E_CORRUPT where
 * no segment begins behind what was deleted. */
static int
begin_below(struct prologue *prologue, const uint64_t *firsts, size_t count,
            struct verify_tree *tree, struct verify_content *content, size_t *at)
{
    size_t i = 0;
    int result = prologue_find(prologue);

    while (result == 0 && i < count && firsts[i] != prologue->pruned.body.end)
        i++;
    if (result != 0 || i == count)
        return result != 0 ? result : PASU_E_CORRUPT;
    *at = i;
    result = take(&prologue->pruned, prologue, tree, content);
    return result == PASU_E_CORRUPT ? 0 : result; /* as far as what was carried is whole */
}

int
verify_begin(const struct os *os, int segments, const struct segment_keys *keys,
             const uint64_t *firsts, size_t count, uint64_t covered, struct verify_tree *tree,
             struct verify_content *content, size_t *at)
{
    const uint64_t below[] = {covered, UINT64_MAX};
    struct source_folder folder = {.os = os, .directory = segments};
    int result = PASU_E_CORRUPT;

    *at = 0;
    for (size_t i = 0; i < COUNT_OF(below) && result == PASU_E_CORRUPT; i++) {
        struct prologue prologue;

        prologue_init(&prologue, os, (struct source){source_open_folder, &folder}, keys);
        prologue.below = below[i];
        result = begin_below(&prologue, firsts, count, tree, content, at);
        prologue_release(&prologue);
    }
    return result == PASU_E_NOMEM || result == PASU_E_CRYPTO ? result : 0;
}
