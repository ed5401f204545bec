/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/identity_build.h"

#include "base/memory.h"
#include "exposure/identity_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium/crypto_generichash.h>
#include <unistd.h>

enum {
    PORTION_BITS = IDENTITY_BITS_LEAST,
    PORTIONS = 1 << PORTION_BITS,
    CHUNK = 4096,    /* records that a portion gathers before they are spooled: 64 KiB */
    PER_BUCKET = 32, /* values, at most, on the average */
    FEW = 128,       /* records that are sorted in place */
    CROWD = 1 << 18, /* records of a portion from which on it may be one value's */
    OUTPUT_SIZE = 1 << 20,
    NAME_SIZE = 24,
};

/* What is kept of a row: the first 32 bits of the hash, all of its other half, and the person. */
struct record {
    uint32_t top, ordinal;
    uint64_t low;
};

struct portion {
    struct record records[CHUNK];
    size_t count;
    uint64_t spooled; /* records */
};

struct chunk {
    uint16_t count;
    uint8_t portion;
};

struct identity_builder {
    const struct os *os;
    const struct identity_key *key;
    int directory, file, spool;
    char name[NAME_SIZE], new_name[NAME_SIZE + 8];
    char spool_name[NAME_SIZE + 8]; /* "" once it has none */
    struct identity_section sections[IDENTITY_SECTIONS_MAX];
    size_t section_count, section_room; /* that have ended, that there will be */
    uint64_t size;                      /* of the file so far */
    crypto_generichash_state hash;      /* of all behind the table of sections */
    /* of the section at hand: */
    uint64_t shaped; /* rows */
    struct portion portions[PORTIONS];
    struct chunk *chunks; /* of the spool, each with room for CHUNK records */
    size_t chunk_count, chunk_room;
    uint32_t *buckets; /* the directory */
    uint64_t bucket;   /* the next one whose begin is not known */
    uint8_t *output;
    size_t output_length;
};

/* ---- files ---- */

/* A new file; one that a former attempt left goes. */
static int
make_file(const struct identity_builder *b, const char *name, int *fd)
{
    if (b->os->unlinkat(b->os->arg, b->directory, name, 0) != 0 && errno != ENOENT)
        return error_from_errno(errno);
    *fd =
        b->os->openat(b->os->arg, b->directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    return *fd < 0 ? error_from_errno(errno) : 0;
}

static int
flush(struct identity_builder *b)
{
    int result = os_write_all(b->os, b->file, b->output, b->output_length, (off_t)b->size);

    if (result != 0)
        return result;
    (void)crypto_generichash_update(&b->hash, b->output, b->output_length);
    b->size += b->output_length;
    b->output_length = 0;
    return 0;
}

static int
put(struct identity_builder *b, const void *bytes, size_t length)
{
    while (length > 0) {
        size_t n = OUTPUT_SIZE - b->output_length;

        if (n > length)
            n = length;
        memcpy(b->output + b->output_length, bytes, n);
        b->output_length += n;
        bytes = (const uint8_t *)bytes + n;
        length -= n;
        if (b->output_length == OUTPUT_SIZE) {
            int result = flush(b);

            if (result != 0)
                return result;
        }
    }
    return 0;
}

int
identity_builder_new(struct identity_builder **builder, const struct os *os, int directory,
                     const char *name, size_t sections, const struct identity_key *key)
{
    struct identity_builder *b = memory_new(1, sizeof(*b));
    int result;

    *builder = NULL;
    if (sections > IDENTITY_SECTIONS_MAX || strlen(name) >= NAME_SIZE) {
        memory_free(b);
        return PASU_E_RANGE;
    }
    if (!b)
        return PASU_E_NOMEM;
    b->os = os;
    b->key = key;
    b->directory = directory;
    b->file = b->spool = -1;
    snprintf(b->name, sizeof(b->name), "%s", name);
    snprintf(b->new_name, sizeof(b->new_name), "%s.new", name);
    snprintf(b->spool_name, sizeof(b->spool_name), "%s.spool", name);
    b->section_room = sections;
    b->size = IDENTITY_HEAD_SIZE + sections * IDENTITY_SECTION_SIZE;
    (void)crypto_generichash_init(&b->hash, key->tag, sizeof(key->tag), IDENTITY_TAG_SIZE);
    b->output = memory_new(OUTPUT_SIZE, 1);
    result = b->output ? make_file(b, b->new_name, &b->file) : PASU_E_NOMEM;
    if (result == 0)
        result = make_file(b, b->spool_name, &b->spool);
    if (result == 0 && os->unlinkat(os->arg, directory, b->spool_name, 0) != 0)
        result = error_from_errno(errno);
    if (result == 0)
        b->spool_name[0] = '\0';
    if (result != 0) {
        identity_builder_free(b);
        return result;
    }
    *builder = b;
    return 0;
}

/* ---- rows ---- */

int
identity_builder_begin(struct identity_builder *b, const struct identity_section *about)
{
    struct identity_section *s = &b->sections[b->section_count];

    if (b->section_count == b->section_room)
        return PASU_E_MISUSE;
    *s = *about;
    s->rows = s->values = s->several = s->unkeyed = b->shaped = 0;
    memset(s->shapes, 0, sizeof(s->shapes));
    for (size_t i = 0; i < PORTIONS; i++)
        b->portions[i].count = b->portions[i].spooled = 0;
    b->chunk_count = 0;
    return 0;
}

static int
compare(const void *a, const void *b)
{
    const struct record *x = a, *y = b;

    if (x->top != y->top)
        return x->top < y->top ? -1 : 1;
    return x->low == y->low ? 0 : x->low < y->low ? -1 : 1;
}

/* Whose a value is that is found with two persons; they may be the same one. */
static uint32_t
merge(uint32_t a, uint32_t b)
{
    return a == b ? a : IDENTITY_SEVERAL_MARK;
}

/* Sorted records: one is left of each value. */
static size_t
unite(struct record *records, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (kept > 0 && compare(&records[kept - 1], &records[i]) == 0)
            records[kept - 1].ordinal = merge(records[kept - 1].ordinal, records[i].ordinal);
        else
            records[kept++] = records[i];
    return kept;
}

static int
spool_chunk(struct identity_builder *b, uint8_t number)
{
    struct portion *p = &b->portions[number];
    off_t at = (off_t)(b->chunk_count * sizeof(p->records));

    if (b->chunk_count == b->chunk_room) {
        size_t room = b->chunk_room ? 2 * b->chunk_room : 1024;
        struct chunk *more = memory_resize(b->chunks, room, sizeof(*more));

        if (!more)
            return PASU_E_NOMEM;
        b->chunks = more;
        b->chunk_room = room;
    }
    b->chunks[b->chunk_count++] = (struct chunk){(uint16_t)p->count, number};
    p->spooled += p->count;
    return os_write_all(b->os, b->spool, p->records, p->count * sizeof(p->records[0]), at);
}

/* There is no room for another record. One value that very many rows have (an empty text) would
 * make its portion as long as they are many: what is there of it is united first. */
static int
spool(struct identity_builder *b, uint8_t number)
{
    struct portion *p = &b->portions[number];
    int result;

    if (p->spooled > CROWD && p->spooled / 4 > b->sections[b->section_count].rows / PORTIONS) {
        qsort(p->records, p->count, sizeof(p->records[0]), compare);
        p->count = unite(p->records, p->count);
        if (p->count < CHUNK / 2)
            return 0;
    }
    result = spool_chunk(b, number);
    p->count = 0;
    return result;
}

int
identity_builder_add(struct identity_builder *b, struct view value, uint32_t ordinal)
{
    struct identity_section *s = &b->sections[b->section_count];
    struct identity_hash hash = identity_hash_of(b->key, value);
    uint8_t number = (uint8_t)(hash.high >> (64 - PORTION_BITS));
    struct portion *p = &b->portions[number];

    s->rows++;
    s->unkeyed += ordinal == IDENTITY_NOBODY;
    p->records[p->count++] = (struct record){(uint32_t)(hash.high >> 32), ordinal, hash.low};
    return PASU_UNLIKELY(p->count == CHUNK) ? spool(b, number) : 0;
}

void
identity_builder_shape(struct identity_builder *b, size_t column, struct view value)
{
    struct identity_section *s = &b->sections[b->section_count];

    s->shapes[column] |= UINT64_C(1) << identity_shape(value);
    b->shaped += column == 0;
}

/* ---- a section's end ---- */

static int
read_portion(const struct identity_builder *b, uint8_t number, struct record *records)
{
    const struct portion *p = &b->portions[number];
    int result = 0;

    for (size_t i = 0; result == 0 && i < b->chunk_count; i++) {
        if (b->chunks[i].portion != number)
            continue;
        result = os_read_all(b->os, b->spool, records, b->chunks[i].count * sizeof(*records),
                             (off_t)(i * sizeof(p->records)));
        records += b->chunks[i].count;
    }
    memcpy(records, p->records, p->count * sizeof(*records));
    return result;
}

static void
sort_bucket(struct record *records, size_t count)
{
    if (count > FEW) {
        qsort(records, count, sizeof(*records), compare);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct record moved = records[i];
        size_t at = i;

        for (; at > 0 && compare(&records[at - 1], &moved) > 0; at--)
            records[at] = records[at - 1];
        records[at] = moved;
    }
}

/* A portion by its buckets, and each by the low half of the hash. `from` is used up: what it says
 * of the top half is the bucket's number then. `starts`: one for each of the portion's buckets. */
static void
sort(struct record *from, struct record *to, size_t count, uint32_t bits, uint32_t *starts)
{
    uint32_t buckets = UINT32_C(1) << (bits - PORTION_BITS);
    uint32_t at = 0;

    memset(starts, 0, buckets * sizeof(*starts));
    for (size_t i = 0; i < count; i++) {
        from[i].top >>= 32 - bits;
        starts[from[i].top & (buckets - 1)]++;
    }
    for (uint32_t i = 0; i < buckets; i++) {
        uint32_t n = starts[i];

        starts[i] = at;
        at += n;
    }
    for (size_t i = 0; i < count; i++)
        to[starts[from[i].top & (buckets - 1)]++] = from[i];
    at = 0;
    for (uint32_t i = 0; i < buckets; i++) {
        sort_bucket(to + at, starts[i] - at);
        at = starts[i];
    }
}

/* The directory says of each bucket where it begins; of one that is empty, where the next one does.
 */
static void
begin_buckets(struct identity_builder *b, uint64_t up_to)
{
    const struct identity_section *s = &b->sections[b->section_count];

    while (b->bucket <= up_to)
        b->buckets[b->bucket++] = (uint32_t)s->values;
}

static int
put_entries(struct identity_builder *b, const struct record *records, size_t count)
{
    struct identity_section *s = &b->sections[b->section_count];
    int result = 0;

    for (size_t i = 0; result == 0 && i < count; i++) {
        uint8_t entry[IDENTITY_ENTRY_SIZE];

        begin_buckets(b, records[i].top);
        memcpy(entry, &records[i].low, sizeof(records[i].low));
        memcpy(entry + sizeof(records[i].low), &records[i].ordinal, sizeof(records[i].ordinal));
        s->several += records[i].ordinal == IDENTITY_SEVERAL_MARK;
        if (++s->values > UINT32_MAX)
            return PASU_E_RANGE;
        result = put(b, entry, sizeof(entry));
    }
    return result;
}

static int
put_portions(struct identity_builder *b, uint64_t largest)
{
    struct record *from = memory_new(largest + 1, sizeof(*from));
    struct record *to = memory_new(largest + 1, sizeof(*to));
    uint32_t bits = b->sections[b->section_count].bits;
    uint32_t *starts = memory_new((size_t)1 << (bits - PORTION_BITS), sizeof(*starts));
    int result = from && to && starts ? 0 : PASU_E_NOMEM;

    for (uint8_t i = 0; result == 0 && i < PORTIONS; i++) {
        size_t count = b->portions[i].spooled + b->portions[i].count;

        result = read_portion(b, i, from);
        if (result != 0)
            break;
        sort(from, to, count, bits, starts);
        result = put_entries(b, to, unite(to, count));
    }
    memory_free(from);
    memory_free(to);
    memory_free(starts);
    return result;
}

int
identity_builder_end(struct identity_builder *b)
{
    struct identity_section *s = &b->sections[b->section_count];
    uint64_t largest = 0, records = 0, buckets;
    int result;

    for (size_t i = 0; i < PORTIONS; i++) {
        uint64_t count = b->portions[i].spooled + b->portions[i].count;

        records += count;
        largest = count > largest ? count : largest;
    }
    if (b->shaped != s->rows)
        memset(s->shapes, 0, sizeof(s->shapes));
    s->bits = IDENTITY_BITS_LEAST; /* a bucket is of one portion */
    while (s->bits < IDENTITY_BITS_MAX && records >> s->bits > PER_BUCKET)
        s->bits++;
    buckets = UINT64_C(1) << s->bits;
    if (largest > UINT32_MAX)
        return PASU_E_RANGE;
    b->buckets = memory_new(buckets + 1, sizeof(*b->buckets));
    if (!b->buckets)
        return PASU_E_NOMEM;
    b->bucket = 0;
    s->entries_at = identity_builder_size(b);
    result = put_portions(b, largest);
    begin_buckets(b, buckets);
    s->directory_at = identity_builder_size(b);
    if (result == 0)
        result = put(b, b->buckets, (buckets + 1) * sizeof(*b->buckets));
    memory_free(b->buckets);
    b->buckets = NULL;
    b->section_count++;
    return result;
}

/* ---- the whole ---- */

static int
put_head(struct identity_builder *b, const struct identity_moment *moment)
{
    size_t length = b->section_count * IDENTITY_SECTION_SIZE;
    struct identity_head head = {
        .moment = *moment, .section_count = (uint32_t)b->section_count, .size = b->size};
    uint8_t rest[IDENTITY_TAG_SIZE], *bytes = memory_new(IDENTITY_HEAD_SIZE + length, 1);
    int result;

    if (!bytes)
        return PASU_E_NOMEM;
    (void)crypto_generichash_final(&b->hash, rest, sizeof(rest));
    identity_check_of(b->key, head.check);
    identity_write_head(bytes, &head);
    for (size_t i = 0; i < b->section_count; i++)
        identity_write_section(bytes + IDENTITY_HEAD_SIZE + i * IDENTITY_SECTION_SIZE,
                               &b->sections[i]);
    identity_tag_of(b->key, bytes, bytes + IDENTITY_HEAD_SIZE, length, rest, head.tag);
    identity_write_head(bytes, &head);
    result = os_write_all(b->os, b->file, bytes, IDENTITY_HEAD_SIZE + length, 0);
    memory_free(bytes);
    return result;
}

int
identity_builder_commit(struct identity_builder *b, const struct identity_moment *moment)
{
    const struct os *os = b->os;
    int result = b->section_count == b->section_room ? flush(b) : PASU_E_MISUSE;

    if (result == 0)
        result = put_head(b, moment);
    if (result == 0 && os->fsync(os->arg, b->file) != 0)
        result = error_from_errno(errno);
    if (result == 0 && os->renameat(os->arg, b->directory, b->new_name, b->directory, b->name) != 0)
        result = error_from_errno(errno);
    if (result == 0) {
        b->new_name[0] = '\0';
        if (os->fsync(os->arg, b->directory) != 0)
            result = error_from_errno(errno);
    }
    return result;
}

int
identity_builder_file(const struct identity_builder *b)
{
    return b->file;
}

void
identity_builder_free(struct identity_builder *b)
{
    if (!b)
        return;
    if (b->file >= 0) {
        b->os->close(b->os->arg, b->file);
        if (b->new_name[0])
            (void)b->os->unlinkat(b->os->arg, b->directory, b->new_name, 0);
    }
    if (b->spool >= 0) {
        b->os->close(b->os->arg, b->spool);
        if (b->spool_name[0])
            (void)b->os->unlinkat(b->os->arg, b->directory, b->spool_name, 0);
    }
    memory_free(b->chunks);
    memory_free(b->buckets);
    memory_free(b->output);
    memory_free(b);
}

size_t
identity_builder_count(const struct identity_builder *b)
{
    return b->section_count;
}

const struct identity_section *
identity_builder_section(const struct identity_builder *b, size_t index)
{
    return &b->sections[index];
}

uint64_t
identity_builder_size(const struct identity_builder *b)
{
    return b->size + b->output_length;
}
