/* SPDX-License-Identifier: Apache-2.0 */
/* Ledgers whose key is changed, for tests. */
#ifndef PASU_TEST_ROTATION_PARTS_H
#define PASU_TEST_ROTATION_PARTS_H

#include "ledger/handover_signature.h"
#include "note_keys.h"
#include "verify_parts.h"

static uint8_t rotation_random;

/* No two keys are the same. */
static inline int
other_random(void *arg, void *bytes, size_t size)
{
    memset(bytes, ++rotation_random, size);
    return disk_fails(arg) ? PASU_E_CRYPTO : 0;
}

static inline int
make_with_keys(void **state)
{
    int result = disk_make(state);

    ((struct disk *)*state)->os.random = other_random;
    return result;
}

#define WITH_KEYS(test) cmocka_unit_test_setup_teardown(test, make_with_keys, disk_remove)

/* As ledger/rotation.c does it. */
static inline int
rotate(struct chain *c)
{
    int result = c->change.stage >= CHANGE_RECORDED ? 0 : chain_key_make(c);

    if (result == 0 && c->change.stage == CHANGE_MADE) {
        result = chain_begin(c, 2 * segment_room(HANDOVER_SIGNED));
        if (result == 0)
            result = chain_key_put(c, 7);
        if (result == 0)
            result = chain_commit(c);
        else
            chain_abort(c);
    }
    return result == 0 ? chain_checkpoint(c) : result;
}

/* The record by which a key takes over, which another one signs (NULL: none), as somebody writes
 * it. Its index. */
static inline uint64_t
put_takeover(struct chain *c, const struct note_key *key, const struct signing_key *signer)
{
    const uint64_t index = chain_size(c);
    uint8_t payload[HANDOVER_SIGNED], id[SEGMENT_ID_SIZE];

    handover_payload(payload, HANDOVER_IN_USE, key->public);
    assert_int_equal(handover_ledger(c->os, c->segments, c->keys, id), 0);
    if (signer)
        assert_int_equal(handover_sign(payload, index, 7, id, signer), 0);
    assert_int_equal(chain_begin(c, segment_room(sizeof(payload))), 0);
    put(c, SEGMENT_KEY, payload, signer ? sizeof(payload) : HANDOVER_PAYLOAD);
    assert_int_equal(chain_commit(c), 0);
    return index;
}

static inline bool
has_signed(const struct note_key *key, const uint8_t *bytes, size_t length)
{
    struct checkpoint checkpoint;
    struct note_voice voice;

    return checkpoint_open(&checkpoint, view_of(bytes, length), key, 1, &voice) == 0;
}

/* The checkpoint with which the key of that record took over. */
static inline void
load_handover(struct disk *d, uint64_t record, struct content *content)
{
    char name[HANDOVER_NAME_SIZE];

    handover_name(name, record);
    load(d, name, content);
}

static inline bool
is_file(struct disk *d, const char *name)
{
    return faccessat(d->directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

#endif
