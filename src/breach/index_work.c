/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_work.h"

#include "base/memory.h"
#include "breach/index_build.h"
#include "breach/index_segments.h"
#include "ledger/reader.h"

#include <errno.h>
#include <fcntl.h>

enum { LOOK_EVERY = 4096, COMMIT_EVERY = 1 << 20 }; /* entries */

int
index_work_open(struct index_work *work, const struct os *os, int directory)
{
    *work = (struct index_work){.os = os, .segments = -1, .folder = -1};
    work->segments =
        os->openat(os->arg, directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (work->segments < 0)
        return errno == ENOENT ? PASU_E_NOTFOUND : error_from_errno(errno);
    work->folder = index_folder(directory);
    return work->folder < 0 ? work->folder : 0;
}

void
index_work_close(struct index_work *work)
{
    if (work->segments >= 0)
        work->os->close(work->os->arg, work->segments);
    if (work->folder >= 0)
        work->os->close(work->os->arg, work->folder);
    work->segments = work->folder = -1;
}

/* To behind the index's last record, which must be where it was. */
static int
go_on(struct ledger_reader *reader, const struct index_meta *after)
{
    struct ledger_entry entry = {0};
    int result = ledger_reader_seek_index(reader, after->last);

    if (result != 0)
        return result == PASU_E_NOTFOUND ? PASU_E_UNAVAILABLE : result;
    do
        result = ledger_reader_next(reader, &entry);
    while (result == PASU_E_CORRUPT || (result == 1 && entry.seq < after->last));
    if (result < 0)
        return result;
    return result == 1 && index_meta_is_last(after, &entry) ? 0 : PASU_E_UNAVAILABLE;
}

static int
know_deleted(struct index_work *work, struct index *index, const struct ledger_reader *reader)
{
    uint64_t first = 0;
    int result = ledger_reader_first(reader, &first);

    if (result == 0)
        result = index_gaps_check(index, first);
    work->is_cut = result == PASU_E_UNAVAILABLE;
    return result;
}

static int
open_reader(struct index_work *work, struct source_folder *folder, struct ledger_reader **reader)
{
    struct source source = {source_open_folder, folder};
    int result;

    *folder = (struct source_folder){.os = work->os, .directory = work->segments};
    result = ledger_reader_open_source(reader, work->os, source, -1);
    if (result == 0)
        ledger_reader_unlock(*reader, work->keys);
    return result;
}

int
index_work_know(struct index_work *work, struct index *index)
{
    struct source_folder folder;
    struct ledger_reader *reader = NULL;
    int result = open_reader(work, &folder, &reader);

    if (result == 0)
        result = know_deleted(work, index, reader);
    ledger_reader_close(reader);
    return result;
}

struct making {
    struct index_work *work;
    struct index *index;
    struct index_build *build;
    bool goes_on;
    uint64_t last, most; /* up to this record; so many entries */
};

static int
watch(const struct making *m, const struct ledger_reader *reader, uint64_t n)
{
    const struct index_work *work = m->work;
    uint64_t done, all;
    int result = 0;

    if (n % LOOK_EVERY == 0 && work->watch != NULL) {
        ledger_reader_progress(reader, &done, &all);
        result = work->watch(work->arg, done, all);
    }
    if (result != 0 || n % COMMIT_EVERY != 0 || m->goes_on)
        return result;
    result = index_build_rest(m->build);
    return result == 0 ? index_commit(m->index) : result;
}

/* The records from where the reader is. 1: there are more than it was to be. */
static int
add_entries(struct making *m, struct ledger_reader *reader)
{
    struct ledger_entry entry = {0};
    int result = 0;

    for (uint64_t n = 1; result == 0; n++) {
        int next = ledger_reader_next(reader, &entry);

        if (next == 0 || (next == 1 && entry.seq > m->last))
            break;
        if (next == 1 && m->work->added == m->most)
            return 1;
        result = watch(m, reader, n);
        if (result == 0 && next == 1) {
            result = index_build_add(m->build, &entry);
            m->work->added++;
        } else if (result == 0 && next == PASU_E_CORRUPT) {
            index_build_damage(m->build, ledger_reader_damage(reader));
        } else if (result == 0) {
            result = next;
        }
    }
    return result;
}

/* Without the rings: what is still in one has another place tomorrow, and is left to who reads. */
static int
read_ledger(struct making *m)
{
    struct source_folder folder;
    struct ledger_reader *reader = NULL;
    struct index_meta after = {0};
    int more = 0, result = open_reader(m->work, &folder, &reader);

    if (result == 0 && m->goes_on)
        result = know_deleted(m->work, m->index, reader);
    if (result == 0 && index_build_last(m->build, &after))
        result = go_on(reader, &after);
    if (result == 0)
        result = more = add_entries(m, reader);
    if (result >= 0 && (m->work->added > 0 || !m->goes_on))
        result = index_build_end(m->build);
    if (result >= 0 && m->work->added > 0)
        result = index_segments_save(m->index, m->work->os, m->work->segments,
                                     ledger_reader_place(reader));
    if (result >= 0) {
        index_build_last(m->build, &m->work->end);
        result = more;
    }
    ledger_reader_close(reader);
    return result;
}

/* Gives the entries to the index that is open, and writes what comes of them. */
static int
make(struct making *m)
{
    int result = index_build_new(&m->build, m->work->os, m->index, m->goes_on);

    m->work->added = 0;
    if (result == 0)
        result = read_ledger(m);
    index_build_free(m->build);
    return result;
}

int
index_work_make(struct index_work *work, struct index **made, uint64_t last)
{
    struct making m = {.work = work, .last = last, .most = UINT64_MAX};
    int result = index_make(&m.index, work->folder, work->keys);

    *made = NULL;
    if (result != 0)
        return result;
    result = make(&m);
    if (result == 0)
        *made = m.index;
    else
        index_discard(m.index, work->folder);
    return result;
}

int
index_work_rebuild(struct index_work *work)
{
    struct index *index = NULL;
    int result = index_work_make(work, &index, UINT64_MAX);

    if (result != 0)
        return result;
    result = index_commit(index);
    if (result != 0) {
        index_discard(index, work->folder);
        return result;
    }
    work->bytes = index_size(index);
    return index_replace(index, work->folder);
}

int
index_work_update(struct index_work *work, uint64_t most)
{
    struct making m = {.work = work, .goes_on = true, .last = UINT64_MAX, .most = most};
    int more, result = index_open_to_write(&m.index, work->folder, work->keys);

    work->is_there = result == 0;
    if (result != 0)
        return result;
    result = more = make(&m);
    if (result >= 0 && work->added > 0)
        result = index_commit(m.index);
    if (result >= 0)
        work->bytes = index_size(m.index);
    index_close(m.index);
    return result < 0 ? result : more;
}
