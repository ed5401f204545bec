/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/verify_key.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>

enum { IN_USE = 1, KEY_AT = 2 }; /* of a record of a key */

/* 0: the key has signed it; PASU_E_NOTFOUND. */
static int
try_key(struct verify_signed *found, const struct note_key *key)
{
    struct note_voice voice;
    int result =
        checkpoint_open(&found->checkpoint, view_of(found->bytes, found->length), key, 1, &voice);

    if (result == 0)
        found->key = *key;
    return result == 0 || result == PASU_E_CRYPTO ? result : PASU_E_NOTFOUND;
}

static int
try_record(struct verify_signed *found, struct view origin, const struct segment_record *record)
{
    const uint8_t *bytes = record->payload.bytes;
    struct note_key key;
    int result;

    if (record->type != SEGMENT_KEY || record->payload.length != KEY_AT + NOTE_KEY_SIZE ||
        bytes[0] != IN_USE || bytes[1] != NOTE_KEY_ED25519)
        return PASU_E_NOTFOUND;
    result = note_key_init(&key, NOTE_KEY_ED25519, origin, bytes + KEY_AT);
    return result == 0 ? try_key(found, &key) : PASU_E_NOTFOUND;
}

/* What cannot be read names no key. */
static int
try_segment(struct verify_signed *found, const struct os *os, int segments, uint64_t first,
            struct view origin)
{
    struct segment_record record;
    struct segment_scan scan;
    char name[SEGMENT_NAME_SIZE];
    int fd, result = PASU_E_NOTFOUND, more;

    segment_name(name, first);
    fd = os->openat(os->arg, segments, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    if (fd < 0)
        return result;
    if (segment_scan_init(&scan, os, fd, first) == 0) {
        while (result == PASU_E_NOTFOUND &&
               ((more = segment_scan_next(&scan, &record)) == 1 || more == PASU_E_CORRUPT))
            if (more == 1)
                result = try_record(found, origin, &record);
        segment_scan_release(&scan);
    }
    os->close(os->arg, fd);
    return result;
}

static int
try_records(struct verify_signed *found, const struct os *os, int directory, struct view origin)
{
    int segments =
        os->openat(os->arg, directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    uint64_t *firsts;
    size_t count;
    int result;

    if (segments < 0)
        return error_from_errno(errno);
    result = segment_list(os, segments, &firsts, &count);
    if (result == 0)
        result = PASU_E_NOTFOUND;
    for (size_t i = 0; result == PASU_E_NOTFOUND && i < count; i++)
        result = try_segment(found, os, segments, firsts[i], origin);
    memory_free(firsts);
    os->close(os->arg, segments);
    return result;
}

int
verify_newest(struct verify_signed *found, const struct os *os, int directory,
              const struct note_key *keys, size_t count)
{
    ssize_t length = verify_note_read(os, directory, found->bytes, NOTE_SIZE_MAX);
    struct checkpoint checkpoint;
    struct note note;
    int result = PASU_E_NOTFOUND;

    if (length <= 0)
        return length == 0 ? PASU_E_NOTFOUND : (int)length;
    found->length = (size_t)length;
    found->bytes[found->length] = '\0';
    if (note_parse(&note, view_of(found->bytes, found->length)) != 0 ||
        checkpoint_parse(&checkpoint, note.text) != 0)
        return PASU_E_CORRUPT;
    for (size_t i = 0; i < count && result == PASU_E_NOTFOUND; i++)
        result = try_key(found, &keys[i]);
    if (count == 0)
        result = try_records(found, os, directory, checkpoint.origin);
    return result == PASU_E_NOTFOUND ? PASU_E_CORRUPT : result;
}
