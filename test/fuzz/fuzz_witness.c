/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile answers of a witness to a checkpoint: nothing is kept but lines of the one key, which has
 * cosigned this very text. A good answer is in the corpus. */
#include "respond/witness.h"

#define NAME "witness.example.com/w1"

static const char note[] =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa tYy/iJi+VohutU4Wo23FIvfp0RwBZSjLnrawOcLnHUTosM9W9HpZn8aWGTyC"
    "lJfXa9nf56sOHtbpoFJLsedoHAAb8gU=\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t lines[WITNESS_LINES_MAX];
    struct note_key key;
    uint64_t number;
    ssize_t length;

    must(note_key_parse(&key,
                        VIEW(NAME "+762ed09b+BKCapfR6Z1mAL/lV+NwtKhSlyZ0jvpf4ZBJ/+Tg0VaTw")) == 0);
    if (witness_size(&number, view_of(data, size)) == 0)
        must(size >= 2 && data[size - 1] == '\n');
    length = witness_cosigned(lines, &key, VIEW(note), view_of(data, size));
    must(length <= WITNESS_LINES_MAX);
    if (length > 0)
        must(memcmp(lines, "— " NAME " di7Qm", strlen("— " NAME " di7Qm")) == 0 &&
             lines[length - 1] == '\n');
    return 0;
}
