/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile notes, checkpoints and keys: none is believed that our own key, which is not in the
 * corpus, has not signed, and what is taken is written again to the byte.
 */
#include "ledger/checkpoint.h"

#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

/* Views within the bytes, in this order, and with nothing between them but what a note has there.
 */
static void
check_note(const struct note *note, struct view bytes)
{
    const uint8_t *at = bytes.bytes;

    must(note->text.bytes == at && note->text.length > 0);
    must(note->count > 0 && note->count <= NOTE_SIGNATURES_MAX);
    at += note->text.length + 1;
    for (size_t i = 0; i < note->count; i++) {
        const struct note_signature *s = &note->signatures[i];

        must(s->name.bytes == at + strlen("— "));
        must(s->text.bytes == s->name.bytes + s->name.length + 1);
        at = s->text.bytes + s->text.length + 1;
    }
    must(at == bytes.bytes + bytes.length);
}

static void
check_checkpoint(const struct checkpoint *c, struct view text)
{
    uint8_t *again = memory_new(1, text.length);
    struct writer w = writer_of(again, text.length);

    must(again != NULL);
    if (checkpoint_print(c, &w) == 0) {
        writer_bytes(&w, c->extension.bytes, c->extension.length);
        must(writer_end(&w) == (ssize_t)text.length);
        must(memcmp(again, text.bytes, text.length) == 0);
    }
    memory_free(again);
}

static void
check_key(struct view bytes)
{
    struct note_key key;
    uint8_t again[NOTE_KEY_TEXT_MAX];
    struct writer w = writer_of(again, sizeof(again));

    if (note_key_parse(&key, bytes) != 0)
        return;
    note_key_print(&key, &w);
    must(view_equal(view_of(again, (size_t)writer_end(&w)), bytes));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct signing_key key, witness;
    struct view bytes = view_of(data, size);
    struct signing_key hostile;
    struct checkpoint checkpoint;
    struct note note;

    if (key.public.id == 0)
        must(signing_key_make(&key, &os_real, NOTE_KEY_ED25519,
                              VIEW("example.com/behind-the-sofa")) == 0 &&
             signing_key_make(&witness, &os_real, NOTE_KEY_COSIGNATURE,
                              VIEW("witness.example.com/w1")) == 0);
    if (note_parse(&note, bytes) == 0) {
        struct note_key keys[] = {key.public, witness.public};
        struct note_voice voices[2];

        check_note(&note, bytes);
        must(note_verify(&note, keys, 2, voices) == PASU_E_NOTFOUND);
        must(checkpoint_open(&checkpoint, bytes, keys, 2, voices) < 0);
        /* To whoever names it as it does, its first signature is one of theirs, and a bad one. */
        keys[0].id = note.signatures[0].id;
        text_from_view(keys[0].name, sizeof(keys[0].name), note.signatures[0].name);
        if (note.signatures[0].name.length <= NOTE_NAME_MAX)
            must(note_verify(&note, keys, 2, voices) == PASU_E_CORRUPT);
        if (checkpoint_parse(&checkpoint, note.text) == 0)
            check_checkpoint(&checkpoint, note.text);
    }
    if (checkpoint_parse(&checkpoint, bytes) == 0)
        check_checkpoint(&checkpoint, bytes);
    check_key(bytes);
    if (signing_key_parse(&hostile, bytes) == 0) {
        must(bytes.length <= SIGNING_KEY_FILE_MAX);
        signing_key_release(&hostile);
    }
    return 0;
}
