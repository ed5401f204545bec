/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/checkpoint.h"

#include "base/base64.h"
#include "ledger/note_text.h"

#include <inttypes.h>

static const uint8_t empty_root[CHECKPOINT_ROOT] = {
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

/* The tree without leaves has one root. */
static bool
is_possible(const struct checkpoint *c)
{
    return c->size > 0 || memcmp(c->root, empty_root, sizeof(empty_root)) == 0;
}

/* The next line without its newline; failure where it is empty, or there is none. */
static struct view
next_line(struct reader *r)
{
    const uint8_t *end = reader_left(r) > 0 ? memchr(r->at, '\n', reader_left(r)) : NULL;
    struct view line;

    if (!end || end == r->at) {
        r->failed = true;
        return view_of(r->at, 0);
    }
    line = reader_bytes(r, (size_t)(end - r->at));
    (void)reader_u8(r);
    return line;
}

/* Of a line, which is not empty. */
static int
parse_size(uint64_t *size, struct view line)
{
    *size = 0;
    if (line.length > 1 && line.bytes[0] == '0')
        return PASU_E_MALFORMED;
    for (size_t i = 0; i < line.length; i++) {
        uint8_t c = line.bytes[i];

        if (c < '0' || c > '9' || __builtin_mul_overflow(*size, UINT64_C(10), size) ||
            __builtin_add_overflow(*size, (uint64_t)(c - '0'), size))
            return PASU_E_MALFORMED;
    }
    return 0;
}

int
checkpoint_parse(struct checkpoint *c, struct view text)
{
    struct reader r = reader_of(text);
    struct view size, root;

    if (!note_text_is_valid(text))
        return PASU_E_MALFORMED;
    c->origin = next_line(&r);
    size = next_line(&r);
    root = next_line(&r);
    c->extension = view_of(r.at, reader_left(&r));
    while (reader_left(&r) > 0)
        (void)next_line(&r);
    if (reader_end(&r) != 0 || parse_size(&c->size, size) != 0 ||
        base64_read(c->root, sizeof(c->root), root) != CHECKPOINT_ROOT)
        return PASU_E_MALFORMED;
    return is_possible(c) ? 0 : PASU_E_MALFORMED;
}

int
checkpoint_print(const struct checkpoint *c, struct writer *w)
{
    char size[32];

    if (!note_name_is_valid(c->origin) || !is_possible(c))
        return PASU_E_MALFORMED;
    snprintf(size, sizeof(size), "\n%" PRIu64 "\n", c->size);
    writer_bytes(w, c->origin.bytes, c->origin.length);
    writer_bytes(w, size, strlen(size));
    base64_write(w, c->root, sizeof(c->root));
    writer_u8(w, '\n');
    return w->failed ? PASU_E_RANGE : 0;
}

static bool
is_ledgers(const struct note_key *key, struct view origin)
{
    return key->type == NOTE_KEY_ED25519 && view_equal(view_of_text(key->name), origin);
}

int
checkpoint_sign(const struct checkpoint *c, const struct signing_key *key, struct writer *w)
{
    uint8_t bytes[NOTE_NAME_MAX + 64 + BASE64_LENGTH(CHECKPOINT_ROOT)];
    struct writer text = writer_of(bytes, sizeof(bytes));
    int result;

    if (!is_ledgers(&key->public, c->origin))
        return PASU_E_MISUSE;
    result = checkpoint_print(c, &text);
    if (result == 0)
        result = note_begin(w, view_of(bytes, writer_length(&text)));
    if (result == 0)
        result = signing_key_add(key, view_of(bytes, writer_length(&text)), w);
    return result;
}

int
checkpoint_open(struct checkpoint *c, struct view bytes, const struct note_key *keys, size_t count,
                struct note_voice *voices)
{
    struct note note;
    int result = note_parse(&note, bytes);

    if (result == 0)
        result = checkpoint_parse(c, note.text);
    if (result == 0)
        result = note_verify(&note, keys, count, voices);
    for (size_t i = 0; i < count && result > 0; i++)
        if (voices[i].is_there && is_ledgers(&keys[i], c->origin))
            result = 0;
    if (result > 0) /* witnesses, or other ledgers */
        result = PASU_E_NOTFOUND;
    if (result != 0 && count > 0)
        memset(voices, 0, count * sizeof(*voices));
    return result;
}
