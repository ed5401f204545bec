/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/prover.h"

#include "base/memory.h"
#include "ledger/prologue.h"
#include "ledger/verify_note.h"

#include <errno.h>
#include <fcntl.h>

enum { NEAR = 1024 }; /* records that are read through rather than sought behind */

/* ---- the key ---- */

static int
read_origin(const struct segment_record *record, struct view *origin)
{
    struct reader r = reader_of(record->payload);

    reader_bytes(&r, SEGMENT_ID_SIZE);
    *origin = reader_bytes(&r, reader_u8(&r));
    return record->type == SEGMENT_BEGUN && reader_end(&r) == 0 ? 0 : PASU_E_CORRUPT;
}

/* What was carried over of a record that was deleted by age. */
static int
read_carried(struct prover *p, uint64_t index, struct segment_record *record)
{
    if (!p->carried)
        p->carried = memory_new(1, SEGMENT_PAYLOAD_MAX);
    if (!p->carried)
        return PASU_E_NOMEM;
    *record = (struct segment_record){.index = index,
                                      .payload = view_of(p->carried, SEGMENT_PAYLOAD_MAX)};
    return prologue_copy(p->os, p->folder.directory, p->records.keys, UINT64_MAX, record,
                         p->carried);
}

/* The first record is the origin; the key is the one in use at the size that the note claims. */
static int
find_key(struct prover *p, int directory)
{
    char name[NOTE_NAME_MAX + 1];
    struct segment_record record;
    struct checkpoint claimed;
    struct view origin;
    struct note note;
    uint64_t at;
    int result =
        p->first == 0 ? records_find(&p->records, 0, 0, &record) : read_carried(p, 0, &record);

    if (result == 0)
        result = read_origin(&record, &origin);
    if (result != 0)
        return result;
    p->at = p->first == 0 ? 1 : UINT64_MAX;
    text_from_view(name, sizeof(name), origin);
    if (note_parse(&note, view_of(p->note, p->note_length)) != 0 ||
        checkpoint_parse(&claimed, note.text) != 0)
        return PASU_E_CORRUPT;
    result = handover_find(p->os, directory, claimed.size, &at);
    return result == 0 ? handover_read(p->os, p->folder.directory, p->records.keys, at, UINT64_MAX,
                                       view_of_text(name), &p->key)
                       : result;
}

/* ---- the checkpoint and its tree ---- */

static int
read_note(struct prover *p, int directory)
{
    ssize_t length;

    p->note = memory_new(1, NOTE_SIZE_MAX + 1);
    if (!p->note)
        return PASU_E_NOMEM;
    length = verify_note_read(p->os, directory, VERIFY_OWN_NOTE, p->note, NOTE_SIZE_MAX);
    if (length <= 0)
        return length == 0 ? PASU_E_NOTFOUND : (int)length;
    p->note_length = (size_t)length;
    return 0;
}

static int
believe(struct prover *p)
{
    struct note_voice voice;
    int result =
        checkpoint_open(&p->checkpoint, view_of(p->note, p->note_length), &p->key, 1, &voice);

    return result == 0 || result == PASU_E_CRYPTO ? result : PASU_E_CORRUPT;
}

static int
open_tree(struct prover *p, int directory)
{
    const struct tile_folder folder = {.os = p->os, .directory = directory};
    struct tree_hash root;
    int result = tile_open(&p->tiles, &folder, &p->digester.hasher, p->checkpoint.size, NULL);

    if (result != 0)
        return result;
    tile_nodes_init(&p->nodes, &p->tiles, &p->digester);
    result = tree_frontier_root(&p->tiles.frontier, &p->digester.hasher, &root);
    if (result == 0 && memcmp(root.bytes, p->checkpoint.root, sizeof(root.bytes)) != 0)
        result = PASU_E_CORRUPT;
    return result;
}

/* ---- opening ---- */

static int
open_segments(struct prover *p, int directory)
{
    const struct os *os = p->os;
    size_t left;
    int fd;

    p->folder.os = os;
    p->folder.directory =
        os->openat(os->arg, directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (p->folder.directory < 0)
        return errno == ENOENT ? PASU_E_NOTFOUND : error_from_errno(errno);
    fd = source_open_folder(&p->folder, SOURCE_BEHIND, 0, &p->first, &left);
    if (fd < 0)
        return fd;
    os->close(os->arg, fd);
    return records_init(&p->records, os, (struct source){source_open_folder, &p->folder});
}

int
prover_open(struct prover *p, const struct os *os, int directory, const struct segment_keys *keys)
{
    int result;

    *p = (struct prover){
        .os = os, .folder = {.os = os, .directory = -1, .keeps = true}, .records = {.fd = -1}};
    result = digester_init(&p->digester);
    if (result != 0)
        return result;
    result = open_segments(p, directory);
    p->records.keys = keys;
    if (result == 0)
        result = read_note(p, directory);
    if (result == 0)
        result = find_key(p, directory);
    if (result == 0)
        result = believe(p);
    if (result == 0)
        result = open_tree(p, directory);
    if (result != 0)
        prover_release(p);
    return result;
}

void
prover_release(struct prover *p)
{
    tile_nodes_release(&p->nodes);
    tile_close(&p->tiles);
    records_release(&p->records);
    source_folder_release(&p->folder);
    if (p->folder.directory >= 0)
        p->os->close(p->os->arg, p->folder.directory);
    memory_free(p->note);
    memory_free(p->carried);
    digester_release(&p->digester);
    *p = (struct prover){.folder = {.os = p->os, .directory = -1}, .records = {.fd = -1}};
}

/* ---- records and proofs ---- */

int
prover_record(struct prover *p, uint64_t index, struct segment_record *record)
{
    bool is_near = index >= p->at && index - p->at < NEAR;
    int result;

    if (index < p->first)
        return read_carried(p, index, record);
    result = is_near ? 0 : records_seek_index(&p->records, index);
    if (result == 0)
        result = records_find(&p->records, index, UINT64_MAX - 1, record);
    p->at = result == 0 ? index + 1 : UINT64_MAX; /* after an error it is sought anew */
    return result;
}

int
prover_prove(struct prover *p, uint64_t index, const struct tree_hash *leaf,
             struct tree_proof *proof)
{
    const struct tree_source source = tile_nodes_source(&p->nodes);
    const uint64_t size = p->checkpoint.size;
    struct tree_hash root;
    int result = tree_prove_inclusion(&p->digester.hasher, &source, index, size, proof);

    if (result != 0)
        return result;
    memcpy(root.bytes, p->checkpoint.root, sizeof(root.bytes));
    return tree_verify_inclusion(&p->digester.hasher, leaf, index, size, proof->hashes,
                                 proof->count, &root);
}
