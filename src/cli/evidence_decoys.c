/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up persons are nobody: what answers leave out. See evidence.h. */
#include "base/memory.h"
#include "cli/evidence_part.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
evidence_read_decoys(struct evidence *e)
{
    const struct segment_watch nobody = {0};
    int segments = openat(e->directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

    if (segments < 0)
        return errno == ENOENT ? 0 : error_from_errno(errno);
    e->decoys = memory_new(1, sizeof(*e->decoys));
    result = e->decoys != NULL
                 ? decoys_find(e->decoys, &os_real, segments, &e->segment_keys, &nobody)
                 : PASU_E_NOMEM;
    close(segments);
    return result;
}

/* Of a kind, those known before; `until` > 0: and that so many records have. A set's number is not
 * above the index of its first record. */
static int
gather(const struct decoys *decoys, const char *kind, int64_t before, uint64_t until,
       struct persons **set)
{
    int result = 0;

    for (size_t s = 0; s < decoys->count && result == 0; s++) {
        const struct decoy_set *one = &decoys->sets[s];

        if (until != 0 && one->head.number >= until)
            continue;
        if (one->head.planted >= before || strcmp(one->head.kind, kind) != 0)
            continue;
        for (size_t i = 0; i < one->count && result == 0; i++)
            if (one->items[i].is_known)
                result = persons_add(set, &one->items[i].ordinal, 1);
    }
    return result;
}

int
evidence_leave_out(const struct evidence *e, struct scope *scope, int64_t before)
{
    const struct name_list *kinds = &scope->selection->book->names.kinds;
    int result = 0;

    for (size_t k = 0; e->decoys != NULL && result == 0 && k < scope->kind_count; k++) {
        struct persons *set = NULL;

        result = gather(e->decoys, kinds->items[k], before, e->until, &set);
        if (result == 0 && set != NULL)
            result = scope_leave_out(scope, k, set);
        persons_free(set);
    }
    return result;
}

struct among {
    const struct persons *shown;
    uint64_t count;
};

static int
count_shown(void *arg, uint32_t ordinal)
{
    struct among *among = arg;

    among->count += persons_has(among->shown, ordinal);
    return 0;
}

int
evidence_count_decoys(const struct evidence *e, const struct scope *scope, uint64_t *count)
{
    const struct name_list *kinds = &scope->selection->book->names.kinds;
    int result = 0;

    *count = 0;
    for (size_t k = 0; e->decoys != NULL && result == 0 && k < scope->kind_count; k++) {
        struct among among = {.shown = scope->kinds[k].shown};
        struct persons *set = NULL;

        result = gather(e->decoys, kinds->items[k], INT64_MAX, e->until, &set);
        if (result == 0 && set != NULL)
            result = persons_each(set, count_shown, &among);
        persons_free(set);
        *count += among.count;
    }
    return result;
}

const struct decoy_set *
evidence_decoy(const struct evidence *e, const struct subject *subject)
{
    const struct decoy_set *set = NULL;

    for (size_t i = 0; e->decoys != NULL && set == NULL && i < subject->ordinal_count; i++)
        set = decoys_of(e->decoys, subject->kind, subject->ordinals[i], INT64_MAX);
    return set;
}
