/* SPDX-License-Identifier: Apache-2.0 */
/* Ledgers on a disk for tests that change them, and what is found then. */
#ifndef PASU_TEST_VERIFY_PARTS_H
#define PASU_TEST_VERIFY_PARTS_H

#include "chain_parts.h"
#include "ledger/verify.h"

enum { FINDINGS = 64, PATH = 64, FILE_MAX = 1 << 16, HEADER = 64, HEAD = 32 };

static const char segment[] = "segments/00000000000000000000.seg";

struct found {
    size_t count;
    enum verify_what whats[FINDINGS];
    uint64_t offsets[FINDINGS], records[FINDINGS];
    char files[FINDINGS][PATH];
    struct verify_answer answer;
};

static inline void
find(void *arg, const struct verify_finding *finding)
{
    struct found *f = arg;

    assert_true(strlen(finding->text) > 0 && strlen(verify_meaning(finding->what)) > 0);
    if (f->count == FINDINGS)
        return;
    f->whats[f->count] = finding->what;
    f->offsets[f->count] = finding->has_offset ? finding->offset : UINT64_MAX;
    f->records[f->count] = finding->has_record ? finding->record : UINT64_MAX;
    snprintf(f->files[f->count++], PATH, "%s", finding->file ? finding->file : "");
}

static inline void
verify_with(struct disk *d, struct found *f, const struct outside *kept, size_t count)
{
    struct verify_checkpoint checkpoints[4];
    struct verify_question question = {.directory = d->directory,
                                       .checkpoints = checkpoints,
                                       .checkpoint_count = count,
                                       .find = find,
                                       .arg = f};

    for (size_t i = 0; i < count; i++)
        checkpoints[i] = (struct verify_checkpoint){"kept", view_of(kept[i].note, kept[i].length)};
    f->count = 0;
    assert_int_equal(verify_ledger(&os_real, &question, &f->answer), 0);
}

static inline void
verify(struct disk *d, struct found *f)
{
    verify_with(d, f, NULL, 0);
}

static inline bool
has(const struct found *f, enum verify_what what)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->whats[i] == what)
            return true;
    return false;
}

/* ---- a small ledger of all that has a leaf of its own kind ---- */

static inline void
put(struct chain *c, enum segment_type type, const void *bytes, size_t length)
{
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    uint64_t index;

    assert_int_equal(chain_put(c, type, 7, &part, 1, &index), 0);
}

static inline void
append_exposures(struct chain *c, uint32_t count)
{
    static const uint32_t numbers[] = {7, 9, 100, 4000};
    struct segment_taken taken = {.count = count, .file = 7, .durable = c->writer.durable};
    uint8_t payload[512];

    assert_int_equal(chain_begin(c, SEGMENT_BATCH_MAX / 4), 0);
    for (uint32_t i = 0; i < count; i++) {
        struct exposure e = {.session = i + 1, .statements = 1, .rows = i, .part_count = 1};
        ssize_t length;

        snprintf(e.actor, sizeof(e.actor), "kim");
        e.parts[0] = (struct exposure_part){.attribution = ATTRIBUTION_KEY,
                                            .clear = 3,
                                            .ordinals = numbers,
                                            .ordinal_count = 1 + i % 3,
                                            .missed = numbers + 3,
                                            .missed_count = i % 2};
        memset(payload, 0x5a, ENTRY_SALT);
        length = exposure_encode(&e, payload + ENTRY_SALT, sizeof(payload) - ENTRY_SALT);
        assert_true(length > 0);
        put(c, SEGMENT_EXPOSURE, payload, ENTRY_SALT + (size_t)length);
    }
    put(c, SEGMENT_TAKEN, &taken, sizeof(taken));
    assert_int_equal(chain_commit(c), 0);
}

/* All of it in one segment. */
static inline void
open_small(struct disk *d, struct chain *c)
{
    open_chain(d, c);
    c->writer.size = 4 * SEGMENT_BATCH_MAX;
}

static inline void
fill_small(struct disk *d)
{
    struct chain c;

    open_small(d, &c);
    append_exposures(&c, 4);
    assert_int_equal(append(&c, 2), 0);
    append_exposures(&c, 1);
    assert_int_equal(chain_checkpoint(&c), 0);
    chain_close(&c);
}

/* Several segments, and tiles. */
static inline void
fill_large(struct disk *d, struct outside *kept)
{
    struct chain c;

    open_chain(d, &c);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(append(&c, 80), 0);
        append_exposures(&c, 9);
        assert_int_equal(chain_checkpoint(&c), 0);
        if (kept && i == 4)
            fetch(d, &c, kept);
    }
    assert_true(c.writer.first > 512);
    chain_close(&c);
}

/* ---- checkpoints ---- */

/* Of one or two keys. */
static inline void
sign_again(struct outside *made, const struct signing_key *one, const struct signing_key *other)
{
    struct writer w = writer_of(made->note, sizeof(made->note));
    struct note note;

    assert_int_equal(checkpoint_sign(&made->checkpoint, one, &w), 0);
    if (other) {
        assert_int_equal(note_parse(&note, view_of(made->note, writer_length(&w))), 0);
        assert_int_equal(signing_key_add(other, note.text, &w), 0);
    }
    made->length = writer_length(&w);
}

/* A checkpoint of so many records. */
static inline void
sign(struct disk *d, uint64_t size, const struct signing_key *one, const struct signing_key *other,
     struct outside *made)
{
    struct tree_hash root;

    root_of_records(d, size, &root);
    made->checkpoint = (struct checkpoint){.origin = view_of_text(origin), .size = size};
    memcpy(made->checkpoint.root, root.bytes, sizeof(root.bytes));
    sign_again(made, one, other);
}

/* ---- files ---- */

struct content {
    uint8_t bytes[FILE_MAX];
    size_t length;
};

static inline void
load(struct disk *d, const char *path, struct content *content)
{
    int fd = openat(d->directory, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, content->bytes, FILE_MAX);

    assert_true(n > 0 && n < FILE_MAX);
    content->length = (size_t)n;
    close(fd);
}

static inline void
save(struct disk *d, const char *path, const void *bytes, size_t length)
{
    int fd = openat(d->directory, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
}

/* Of a segment: where each record begins, and where the last one ends. */
static inline size_t
find_records(const struct content *content, size_t *begins, size_t most)
{
    size_t at = HEADER, count = 0;

    for (;;) {
        struct segment_head head;

        assert_true(count < most);
        begins[count] = at;
        if (at + HEAD > content->length)
            return count;
        memcpy(&head, content->bytes + at, sizeof(head));
        if (head.type == 0)
            return count;
        at += segment_room(head.length);
        count++;
    }
}

/* The record's checksum fits again. */
static inline void
seal(struct content *content, size_t begin)
{
    struct segment_header header;
    struct segment_head head;

    memcpy(&header, content->bytes, sizeof(header));
    memcpy(&head, content->bytes + begin, sizeof(head));
    head.crc = segment_crc(segment_seed(header.id), head, content->bytes + begin + HEAD);
    memcpy(content->bytes + begin, &head, sizeof(head));
}

#endif
