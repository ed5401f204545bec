/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/verify_key.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>

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

/* The last key that the segment's records put to use before the checkpoint: 0; PASU_E_NOTFOUND.
 * What cannot be read names no key. */
static int
search_segment(struct note_key *key, const struct os *os, int segments, uint64_t first,
               const struct segment_keys *keys, const struct checkpoint *c)
{
    struct segment_record record;
    struct segment_scan scan;
    int result = PASU_E_NOTFOUND, more;

    if (segment_scan_enter(&scan, os, segments, first, keys) != 0)
        return result;
    while ((more = segment_scan_next(&scan, &record)) == 1 || more == PASU_E_CORRUPT) {
        const uint8_t *public =
            more == 1 && record.index < c->size ? handover_public(&record) : NULL;

        if (public && note_key_init(key, NOTE_KEY_ED25519, c->origin, public) == 0)
            result = 0;
    }
    segment_scan_leave(&scan);
    return result;
}

/* From the checkpoint back. */
static int
search(struct note_key *key, const struct os *os, int segments, const struct segment_keys *keys,
       const struct checkpoint *c)
{
    uint64_t *firsts;
    size_t count;
    int result = segment_list(os, segments, &firsts, &count);

    if (result == 0)
        result = PASU_E_NOTFOUND;
    while (result == PASU_E_NOTFOUND && count-- > 0)
        if (firsts[count] < c->size)
            result = search_segment(key, os, segments, firsts[count], keys, c);
    memory_free(firsts);
    return result;
}

/* The key in use at the checkpoint's size; where it is not to be found at once, all is looked
 * through. */
static int
try_records(struct verify_signed *found, const struct os *os, int directory,
            const struct segment_keys *keys, const struct checkpoint *c)
{
    int segments =
        os->openat(os->arg, directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    struct note_key key;
    uint64_t record;
    int result;

    if (segments < 0)
        return error_from_errno(errno);
    result = handover_find(os, directory, c->size, &record);
    if (result == 0)
        result = handover_read(os, segments, keys, record, UINT64_MAX, c->origin, &key);
    if (result == 0)
        result = try_key(found, &key);
    if (result != 0 && result != PASU_E_NOMEM && result != PASU_E_CRYPTO) {
        result = search(&key, os, segments, keys, c);
        if (result == 0)
            result = try_key(found, &key);
    }
    os->close(os->arg, segments);
    return result;
}

int
verify_newest(struct verify_signed *found, const struct os *os, int directory,
              const struct note_key *keys, size_t count, const struct segment_keys *segment_keys)
{
    ssize_t length = verify_note_read(os, directory, VERIFY_OWN_NOTE, found->bytes, NOTE_SIZE_MAX);
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
        result = try_records(found, os, directory, segment_keys, &checkpoint);
    return result == PASU_E_NOTFOUND ? PASU_E_CORRUPT : result;
}
