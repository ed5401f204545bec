/* SPDX-License-Identifier: Apache-2.0 */
/* An identity index of hostile bytes, with a tag that is made right: it is refused, or whoever is
 * looked up in it is found within its bounds. */
#include "exposure/identity.h"
#include "exposure/identity_file.h"

#include <sodium/crypto_generichash.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* What a hand that has the secret could write. */
static void
sign(const struct identity_key *key, uint8_t *bytes, size_t length)
{
    uint8_t rest[IDENTITY_TAG_SIZE];
    uint32_t sections;
    size_t table;

    memcpy(&sections, bytes + 12, sizeof(sections));
    table = (size_t)sections * IDENTITY_SECTION_SIZE;
    if (sections > IDENTITY_SECTIONS_MAX || length < IDENTITY_HEAD_SIZE + table)
        return;
    identity_check_of(key, bytes + 40);
    (void)crypto_generichash(rest, sizeof(rest), bytes + IDENTITY_HEAD_SIZE + table,
                             length - IDENTITY_HEAD_SIZE - table, key->tag, sizeof(key->tag));
    identity_tag_of(key, bytes, bytes + IDENTITY_HEAD_SIZE, table, rest, bytes + IDENTITY_TAG_AT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const uint8_t secret[IDENTITY_SECRET_SIZE] = "0123456789abcdef0123456789abcde";
    static int fd = -1;
    static uint8_t copy[1 << 16];
    struct identity_key key;
    struct identity *identity;

    if (length > sizeof(copy) || identity_key_init(&key, secret) != 0)
        return 0;
    memcpy(copy, bytes, length);
    if (length >= IDENTITY_HEAD_SIZE)
        sign(&key, copy, length);
    if (fd < 0)
        fd = memfd_create("identity", MFD_CLOEXEC);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, copy, length, 0) != (ssize_t)length)
        abort();
    if (identity_open(&identity, fd, &key) != 0)
        return 0;
    for (size_t i = 0; i < identity_section_count(identity); i++) {
        struct identity_question question = {{(uint64_t)i << 60, i}, 0, (uint16_t)i, 0};
        uint32_t ordinal;

        (void)identity_find(identity, i, question.hash, &ordinal);
        identity_find_many(identity, &question, 1);
    }
    identity_release(identity);
    return 0;
}
