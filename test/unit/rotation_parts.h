/* SPDX-License-Identifier: Apache-2.0 */
/* Ledgers whose key is changed, for tests. */
#ifndef PASU_TEST_ROTATION_PARTS_H
#define PASU_TEST_ROTATION_PARTS_H

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
        result = chain_begin(c, 2 * segment_room(HANDOVER_PAYLOAD));
        if (result == 0)
            result = chain_key_put(c, 7);
        if (result == 0)
            result = chain_commit(c);
        else
            chain_abort(c);
    }
    return result == 0 ? chain_checkpoint(c) : result;
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
