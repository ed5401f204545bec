/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/walk.h"

#include "base/memory.h"
#include "ledger/segment_writer.h"

enum { LOOK_EVERY = 4096 }; /* records: a fraction of a millisecond */

/* Of all segments of the walk. */
struct course {
    const struct walk_watch *watch; /* NULL: nobody asks how far it is */
    uint64_t before;                /* bytes of the segments before this one */
    uint64_t behind;                /* segments behind it */
    uint64_t records;
};

static void
look(struct course *course, const struct segment_scan *scan)
{
    if (course->watch != NULL && course->records++ % LOOK_EVERY == 0)
        course->watch->look(course->watch->arg, course->before + scan->offset,
                            course->before + scan->file.limit + course->behind * SEGMENT_SIZE);
}

/* Of one segment. */
static int
walk_segment(const struct os *os, int segments, const struct segment_keys *keys, uint64_t first,
             uint64_t from, walk_fn *see, void *arg, bool *is_damaged, struct course *course)
{
    struct segment_record record;
    struct segment_scan scan;
    int more, result = segment_scan_enter(&scan, os, segments, first, keys);

    if (result != 0) {
        *is_damaged |= result == PASU_E_CORRUPT;
        return result == PASU_E_CORRUPT || result == PASU_E_NOTFOUND ? 0 : result;
    }
    if (first < from)
        result = segment_scan_seek(&scan, from);
    while (result == 0 && (more = segment_scan_next(&scan, &record)) != 0) {
        look(course, &scan);
        if (more == PASU_E_CORRUPT)
            *is_damaged = true;
        else if (more < 0)
            result = more;
        else if (record.index >= from)
            result = see(arg, &record);
    }
    course->before += scan.file.limit;
    segment_scan_leave(&scan);
    return result;
}

int
walk_records(const struct os *os, int segments, const struct segment_keys *keys, uint64_t from,
             walk_fn *see, void *arg, bool *is_damaged, const struct walk_watch *watch)
{
    struct course course = {.watch = watch};
    uint64_t *firsts;
    size_t count;
    int result = segment_list(os, segments, &firsts, &count);

    for (size_t i = 0; i < count && result == 0; i++)
        if (i + 1 == count || firsts[i + 1] > from) {
            course.behind = count - i - 1;
            result =
                walk_segment(os, segments, keys, firsts[i], from, see, arg, is_damaged, &course);
        }
    memory_free(firsts);
    return result;
}
