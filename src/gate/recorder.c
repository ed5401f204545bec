/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/recorder.h"

#include "base/memory.h"
#include "exposure/directory.h"
#include "gate/ordinals.h"

#include <unistd.h>

enum { OWED_MAX = 16 << 20 };

void
recorder_init(struct recorder *recorder, struct ring *ring, int wake, struct directory *directory)
{
    memset(recorder, 0, sizeof(*recorder));
    recorder->ring = ring;
    recorder->wake = wake;
    recorder->directory = directory;
}

static int
put(struct recorder *r, enum ring_type type, const struct iovec *parts, size_t count,
    enum durability durability, uint64_t *position)
{
    uint64_t one = 1;
    int result;

    if (!r->ring)
        return PASU_E_UNAVAILABLE;
    result = ring_append(r->ring, type, parts, count, durability, position);
    /* A full ring, too: the keeper may have slept through it. */
    if ((result == 0 || result == PASU_E_AGAIN) && ring_must_wake(r->ring) &&
        write(r->wake, &one, sizeof(one)) < 0) {
        /* the counter is full: it has been told often enough */
    }
    return result;
}

/* What others refer to: as durable as what comes behind it. */
static int
put_ahead(struct recorder *r, enum ring_type type, const struct iovec *parts, size_t count)
{
    uint64_t position;

    return put(r, type, parts, count, DURABILITY_OS, &position);
}

/* ---- entries of the directory ---- */

static int
put_ordinal(struct recorder *r, const struct iovec *parts, size_t count)
{
    struct ring_ordinal head;
    int result = put_ahead(r, RING_ORDINAL, parts, count);

    if (result != 0 || !r->directory)
        return result;
    memcpy(&head, parts[0].iov_base, sizeof(head));
    directory_recorded(r->directory, ORDINALS_OF_ALL_KINDS, head.hash);
    return 0;
}

/* Those that wait. */
static int
owe(struct recorder *r, uint32_t ordinal, const struct iovec *parts, size_t count)
{
    uint32_t length = 0, *place = &r->owed_ordinals[ordinal % RECORDER_OWED];
    size_t size = r->owed_size ? r->owed_size : 4096;
    uint8_t *more;

    if (r->owed && *place == ordinal)
        return 0;
    for (size_t i = 0; i < count; i++)
        length += (uint32_t)parts[i].iov_len;
    if (r->owed_length + sizeof(length) + length > OWED_MAX)
        return PASU_E_AGAIN;
    while (size < r->owed_length + sizeof(length) + length)
        size *= 2;
    if (size > r->owed_size) {
        more = memory_resize(r->owed, size, 1);
        if (!more)
            return PASU_E_NOMEM;
        r->owed = more;
        r->owed_size = size;
    }
    memcpy(r->owed + r->owed_length, &length, sizeof(length));
    r->owed_length += sizeof(length);
    for (size_t i = 0; i < count; i++) {
        memcpy(r->owed + r->owed_length, parts[i].iov_base, parts[i].iov_len);
        r->owed_length += parts[i].iov_len;
    }
    *place = ordinal;
    return 0;
}

int
recorder_pay(struct recorder *r)
{
    if (!r->owed)
        return 0;
    while (r->owed_at < r->owed_length) {
        struct iovec part;
        uint32_t length;
        int result;

        memcpy(&length, r->owed + r->owed_at, sizeof(length));
        part = (struct iovec){r->owed + r->owed_at + sizeof(length), length};
        result = put_ordinal(r, &part, 1);
        if (result != 0)
            return result;
        r->owed_at += sizeof(length) + length;
    }
    memory_free(r->owed);
    r->owed = NULL;
    r->owed_at = r->owed_length = r->owed_size = 0;
    memset(r->owed_ordinals, 0, sizeof(r->owed_ordinals));
    return 0;
}

void
recorder_release(struct recorder *r)
{
    memory_free(r->owed);
    r->owed = NULL;
}

int
recorder_put_ordinal(struct recorder *r, const struct ring_ordinal *head, struct view sealed)
{
    const struct iovec parts[2] = {{(void *)(uintptr_t)head, sizeof(*head)},
                                   {(void *)(uintptr_t)sealed.bytes, sealed.length}};
    int result = recorder_pay(r);

    if (result == 0)
        result = put_ordinal(r, parts, 2);
    if (result == PASU_E_AGAIN)
        return owe(r, head->ordinal, parts, 2);
    return result == PASU_E_UNAVAILABLE ? 0 : result;
}

/* ---- exposures ---- */

static int
put_vocabulary(struct recorder *r, const struct vocabulary *vocabulary)
{
    struct iovec part = {.iov_base = r->space};
    ssize_t n = vocabulary_encode(vocabulary, r->space, sizeof(r->space));
    int result;

    if (n < 0)
        return (int)n;
    part.iov_len = (size_t)n;
    result = put_ahead(r, RING_VOCABULARY, &part, 1);
    if (result == 0)
        r->vocabulary = vocabulary->id;
    return result;
}

static int
put_shape(struct recorder *r, uint64_t fingerprint, const char *sql)
{
    uint64_t *place = &r->shapes[fingerprint % RECORDER_SHAPES];
    struct iovec parts[2] = {{&fingerprint, sizeof(fingerprint)}};
    int result;

    if (PASU_LIKELY(*place == fingerprint))
        return 0;
    parts[1] = (struct iovec){(void *)(uintptr_t)sql, strnlen(sql, RING_PAYLOAD_MAX / 2)};
    result = put_ahead(r, RING_SHAPE, parts, 2);
    if (result == 0)
        *place = fingerprint;
    return result;
}

/* What an exposure refers to goes before it. */
static int
put_names(struct recorder *r, uint64_t shape, const struct vocabulary *vocabulary, const char *sql)
{
    int result = recorder_pay(r);

    if (result == 0 && PASU_UNLIKELY(r->vocabulary != vocabulary->id))
        result = put_vocabulary(r, vocabulary);
    if (result == 0 && sql)
        result = put_shape(r, shape, sql);
    return result;
}

int
recorder_put(struct recorder *r, const struct exposure *exposure,
             const struct vocabulary *vocabulary, const char *sql, enum durability durability,
             uint64_t *position)
{
    struct iovec part = {.iov_base = r->space};
    int result = put_names(r, exposure->shape, vocabulary, sql);
    ssize_t n;

    if (result != 0)
        return result;
    n = exposure_encode(exposure, r->space, sizeof(r->space));
    if (n < 0)
        return (int)n;
    part.iov_len = (size_t)n;
    return put(r, RING_EXPOSURE, &part, 1, durability, position);
}

int
recorder_put_encoded(struct recorder *r, struct view exposure, uint64_t shape,
                     const struct vocabulary *vocabulary, const char *sql,
                     enum durability durability, uint64_t *position)
{
    struct iovec part = {(void *)(uintptr_t)exposure.bytes, exposure.length};
    int result = put_names(r, shape, vocabulary, sql);

    return result == 0 ? put(r, RING_EXPOSURE, &part, 1, durability, position) : result;
}

int
recorder_put_mark(struct recorder *r, const struct ring_mark *mark, enum durability durability,
                  uint64_t *position)
{
    const struct iovec part = {(void *)(uintptr_t)mark, sizeof(*mark)};

    return put(r, RING_MARK, &part, 1, durability, position);
}

bool
recorder_is_durable(const struct recorder *r, uint64_t position)
{
    return ring_durable(r->ring) >= position;
}
