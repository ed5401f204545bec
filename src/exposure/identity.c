/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/identity.h"

#include "base/memory.h"
#include "base/os.h"
#include "exposure/identity_file.h"

#include <errno.h>
#include <sodium/crypto_generichash.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct identity {
    _Atomic uint32_t holders;
    uint8_t *bytes; /* of the whole file; mmap */
    uint64_t size;
    struct identity_moment moment;
    size_t section_count;
    struct identity_section sections[];
};

/* ---- opening ---- */

static inline uint32_t
get_u32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

/* Entries and directory of the section lie where they must, behind `at`, which moves. */
static bool
is_in_place(const struct identity_section *s, uint64_t size, uint64_t *at)
{
    uint64_t entries = s->values * IDENTITY_ENTRY_SIZE;
    uint64_t directory = ((UINT64_C(1) << s->bits) + 1) * sizeof(uint32_t);

    if (s->values > UINT32_MAX || s->entries_at != *at || s->directory_at != *at + entries ||
        *at + entries > size || size - *at - entries < directory)
        return false;
    *at += entries + directory;
    return true;
}

/* Buckets lie one behind the other, from the first entry to the last. */
static bool
is_in_order(const struct identity *identity, const struct identity_section *s)
{
    const uint8_t *directory = identity->bytes + s->directory_at;
    uint64_t buckets = UINT64_C(1) << s->bits;
    uint32_t at = 0;

    if (get_u32(directory) != 0)
        return false;
    for (uint64_t i = 1; i <= buckets; i++) {
        uint32_t next = get_u32(directory + i * sizeof(uint32_t));

        if (next < at)
            return false;
        at = next;
    }
    return at == s->values;
}

static int
read_sections(struct identity *identity)
{
    uint64_t at = IDENTITY_HEAD_SIZE + identity->section_count * IDENTITY_SECTION_SIZE;

    for (size_t i = 0; i < identity->section_count; i++) {
        const uint8_t *bytes = identity->bytes + IDENTITY_HEAD_SIZE + i * IDENTITY_SECTION_SIZE;
        int result =
            identity_read_section(&identity->sections[i], view_of(bytes, IDENTITY_SECTION_SIZE));

        if (result != 0)
            return result;
        if (!is_in_place(&identity->sections[i], identity->size, &at) ||
            !is_in_order(identity, &identity->sections[i]))
            return PASU_E_CORRUPT;
    }
    return at == identity->size ? 0 : PASU_E_CORRUPT;
}

static int
check_tag(const struct identity *identity, const struct identity_head *head,
          const struct identity_key *key)
{
    size_t table = identity->section_count * IDENTITY_SECTION_SIZE;
    const uint8_t *data = identity->bytes + IDENTITY_HEAD_SIZE + table;
    uint8_t rest[IDENTITY_TAG_SIZE], tag[IDENTITY_TAG_SIZE];

    (void)crypto_generichash(rest, sizeof(rest), data, identity->size - IDENTITY_HEAD_SIZE - table,
                             key->tag, sizeof(key->tag));
    identity_tag_of(key, identity->bytes, identity->bytes + IDENTITY_HEAD_SIZE, table, rest, tag);
    return memory_equal_secret(tag, head->tag, sizeof(tag)) ? 0 : PASU_E_CORRUPT;
}

/* The file's head says that it is one, of this secret and of that size. */
static int
read_head(struct identity_head *head, struct view first, uint64_t size,
          const struct identity_key *key)
{
    uint8_t check[sizeof(head->check)];
    int result = identity_read_head(head, first);

    if (result != 0)
        return result;
    identity_check_of(key, check);
    if (memcmp(check, head->check, sizeof(check)) != 0)
        return PASU_E_DENIED;
    if (head->size != size ||
        head->size < IDENTITY_HEAD_SIZE + (uint64_t)head->section_count * IDENTITY_SECTION_SIZE)
        return PASU_E_CORRUPT;
    return 0;
}

/* NULL: no memory. */
static struct identity *
identity_new(const struct identity_head *head)
{
    struct identity *identity =
        memory_new(1, sizeof(*identity) + head->section_count * sizeof(struct identity_section));

    if (!identity)
        return NULL;
    identity->holders = 1;
    identity->size = head->size;
    identity->moment = head->moment;
    identity->section_count = head->section_count;
    return identity;
}

/* Its bytes are there. */
static int
finish(struct identity **out, struct identity *identity, const struct identity_head *head,
       const struct identity_key *key)
{
    int result = check_tag(identity, head, key);

    if (result == 0)
        result = read_sections(identity);
    if (result == 0)
        *out = identity;
    else
        identity_release(identity);
    return result;
}

/* In large pages, where there are any: a look-up goes anywhere. */
static int
take(struct identity *identity, int fd)
{
    void *bytes = mmap(NULL, identity->size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (bytes == MAP_FAILED)
        return PASU_E_NOMEM;
    identity->bytes = bytes;
    (void)madvise(bytes, identity->size, MADV_HUGEPAGE);
    return os_read_all(&os_real, fd, bytes, identity->size, 0);
}

int
identity_open(struct identity **out, int fd, const struct identity_key *key)
{
    struct identity_head head;
    struct identity *identity;
    struct stat st;
    uint8_t first[IDENTITY_HEAD_SIZE];
    ssize_t n = pread(fd, first, sizeof(first), 0);
    int result;

    *out = NULL;
    if (n < 0 || fstat(fd, &st) != 0)
        return error_from_errno(errno);
    result = S_ISREG(st.st_mode)
                 ? read_head(&head, view_of(first, (size_t)n), (uint64_t)st.st_size, key)
                 : PASU_E_CORRUPT;
    if (result != 0)
        return result;
    identity = identity_new(&head);
    if (!identity)
        return PASU_E_NOMEM;
    result = take(identity, fd);
    if (result == 0)
        return finish(out, identity, &head, key);
    identity_release(identity);
    return result;
}

int
identity_take(struct identity **out, uint8_t *take_map, size_t size, const struct identity_key *key)
{
    struct identity_head head;
    struct identity *identity = NULL;
    size_t length = size < IDENTITY_HEAD_SIZE ? size : IDENTITY_HEAD_SIZE;
    int result = read_head(&head, view_of(take_map, length), size, key);

    *out = NULL;
    if (result == 0) {
        identity = identity_new(&head);
        result = identity ? 0 : PASU_E_NOMEM;
    }
    if (result != 0) {
        (void)munmap(take_map, size);
        return result;
    }
    identity->bytes = take_map;
    (void)madvise(take_map, size, MADV_HUGEPAGE);
    return finish(out, identity, &head, key);
}

struct identity *
identity_hold(struct identity *identity)
{
    if (identity)
        identity->holders++;
    return identity;
}

void
identity_release(struct identity *identity)
{
    if (!identity || --identity->holders > 0)
        return;
    if (identity->bytes)
        (void)munmap(identity->bytes, identity->size);
    memory_free(identity);
}

/* ---- asking ---- */

const struct identity_moment *
identity_moment(const struct identity *identity)
{
    return &identity->moment;
}

size_t
identity_section_count(const struct identity *identity)
{
    return identity->section_count;
}

const struct identity_section *
identity_section_at(const struct identity *identity, size_t index)
{
    return &identity->sections[index];
}

size_t
identity_section_columns(const struct identity_section *section)
{
    size_t count = 1;

    while (count < IDENTITY_VALUES_MAX && section->others[count - 1] != 0)
        count++;
    return count;
}

size_t
identity_section_list(const struct identity_section *section, size_t number, char *text,
                      size_t size)
{
    size_t count = identity_section_columns(section), used = 0;

    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s(%zu, %u::oid, %d)",
                                 i > 0 || number > 0 ? ", " : "", number, section->relation,
                                 i == 0 ? section->attribute : section->others[i - 1]);
    return used < size ? used : size - 1;
}

uint64_t
identity_size(const struct identity *identity)
{
    return identity->size;
}

static inline uint64_t
low_of(const uint8_t *entry)
{
    uint64_t v;

    memcpy(&v, entry, sizeof(v));
    return v;
}

/* Where the entries are that have the hash's first bits; `at`: where in them it would be. */
struct bucket {
    const uint8_t *first, *last, *at; /* first NULL: there are none */
};

static inline const uint8_t *
directory_of(const struct identity *identity, const struct identity_section *s,
             struct identity_hash hash)
{
    return identity->bytes + s->directory_at + (hash.high >> (64 - s->bits)) * sizeof(uint32_t);
}

/* Entries are sorted, and as hashes are, evenly: the place is right to within a few. */
static inline struct bucket
bucket_of(const struct identity *identity, const struct identity_section *s,
          struct identity_hash hash)
{
    const uint8_t *directory = directory_of(identity, s, hash);
    uint32_t begin = get_u32(directory), end = get_u32(directory + sizeof(uint32_t));
    struct bucket bucket = {0};

    if (begin == end)
        return bucket;
    bucket.first = identity->bytes + s->entries_at + (uint64_t)begin * IDENTITY_ENTRY_SIZE;
    bucket.last = bucket.first + (uint64_t)(end - begin - 1) * IDENTITY_ENTRY_SIZE;
    bucket.at = bucket.first + ((end - begin) * (hash.low >> 32) >> 32) * IDENTITY_ENTRY_SIZE;
    return bucket;
}

static inline enum identity_found
find_in(const struct bucket *bucket, struct identity_hash hash, uint32_t *ordinal)
{
    const uint8_t *at = bucket->at;

    if (!bucket->first)
        return IDENTITY_NONE;
    while (at < bucket->last && low_of(at) < hash.low)
        at += IDENTITY_ENTRY_SIZE;
    while (at > bucket->first && low_of(at) > hash.low)
        at -= IDENTITY_ENTRY_SIZE;
    if (low_of(at) != hash.low)
        return IDENTITY_NONE;
    *ordinal = get_u32(at + sizeof(hash.low));
    return *ordinal != IDENTITY_SEVERAL_MARK ? IDENTITY_ONE : IDENTITY_SEVERAL;
}

enum identity_found
identity_find(const struct identity *identity, size_t section, struct identity_hash hash,
              uint32_t *ordinal)
{
    struct bucket bucket = bucket_of(identity, &identity->sections[section], hash);

    return find_in(&bucket, hash, ordinal);
}

/* A look-up alone waits for memory twice. Of many, all are asked for before the first is waited
 * for. */
void
identity_find_many(const struct identity *identity, struct identity_question *questions,
                   size_t count)
{
    enum { TOGETHER = 128 };
    struct bucket buckets[TOGETHER] PASU_UNINITIALIZED;

    while (count > 0) {
        size_t n = count < TOGETHER ? count : TOGETHER;

        for (size_t i = 0; i < n; i++)
            __builtin_prefetch(directory_of(identity, &identity->sections[questions[i].section],
                                            questions[i].hash));
        for (size_t i = 0; i < n; i++) {
            buckets[i] =
                bucket_of(identity, &identity->sections[questions[i].section], questions[i].hash);
            __builtin_prefetch(buckets[i].at - IDENTITY_ENTRY_SIZE);
            __builtin_prefetch(buckets[i].at + 2 * IDENTITY_ENTRY_SIZE);
        }
        for (size_t i = 0; i < n; i++)
            questions[i].found =
                (uint8_t)find_in(&buckets[i], questions[i].hash, &questions[i].ordinal);
        questions += n;
        count -= n;
    }
}
