/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and notes for tests: the same in every run. */
#ifndef PASU_TEST_NOTE_KEYS_H
#define PASU_TEST_NOTE_KEYS_H

#include "ledger/signing_key.h"
#include "unit.h"

/* Randomness that is a seed which the test has chosen. */
static inline int
give_seed(void *arg, void *bytes, size_t size)
{
    assert_int_equal(size, NOTE_KEY_SIZE);
    memcpy(bytes, arg, size);
    return 0;
}

static inline struct signing_key
key_of_seed(enum note_key_type type, const char *name, uint8_t seed[NOTE_KEY_SIZE])
{
    struct os os = os_real;
    struct signing_key key;

    os.arg = seed;
    os.random = give_seed;
    assert_int_equal(signing_key_make(&key, &os, type, view_of_text(name)), 0);
    return key;
}

/* A seed of one byte again and again. */
static inline struct signing_key
key_of(enum note_key_type type, const char *name, uint8_t byte)
{
    uint8_t seed[NOTE_KEY_SIZE];

    memset(seed, byte, sizeof(seed));
    return key_of_seed(type, name, seed);
}

/* A checkpoint and its signatures, made by another implementation of Ed25519 from the
 * specifications alone: the log's seed is 32 times 0x11, the witness's 0x22, at 1679315147. */
#define OTHER_LOG          "example.com/behind-the-sofa"
#define OTHER_WITNESS      "witness.example.com/w1"
#define OTHER_LOG_KEY      OTHER_LOG "+b58cbf88+AdBKsjJ0K7SrOhNovUYV5ObQIkq3GgFrr4UgozLJd4c3"
#define OTHER_WITNESS_KEY  OTHER_WITNESS "+762ed09b+BKCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw"
#define OTHER_WITNESS_TIME 1679315147
#define OTHER_TEXT         OTHER_LOG "\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define OTHER_LOG_LINE                                                                             \
    "— " OTHER_LOG                                                                                 \
    " tYy/iJi+VohutU4Wo23FIvfp0RwBZSjLnrawOcLnHUTosM9W9HpZn8aWGTyClJfXa9nf56sOHtbpo"               \
    "FJLsedoHAAb8gU=\n"
#define OTHER_WITNESS_LINE                                                                         \
    "— " OTHER_WITNESS                                                                             \
    " di7QmwAAAABkGFDLQg9ie17H59EQY6vgePJ21ZXOJa4cyoQcMJbNc7ZiCam1MQzkLuZg29Ah+"                   \
    "OjytK1AM1KxQxRzfOQg2V6cLc0TCA==\n"

#endif
