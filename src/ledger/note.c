/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/note.h"

#include "base/base64.h"
#include "ledger/note_text.h"

static const char dash[] = "\xe2\x80\x94 "; /* U+2014 and a space */

enum { DASH = sizeof(dash) - 1, ID = 4 };

/* A line without its newline. */
static int
parse_signature(struct note_signature *signature, struct view line)
{
    struct reader r = reader_of(line);
    struct view begin = reader_bytes(&r, DASH);
    const uint8_t *space = memchr(r.at, ' ', reader_left(&r));
    uint8_t head[6]; /* of eight characters: the id and what may be behind it */

    if (!view_equal(begin, view_of(dash, DASH)) || !space)
        return PASU_E_MALFORMED;
    signature->name = reader_bytes(&r, (size_t)(space - r.at));
    (void)reader_u8(&r);
    signature->text = reader_bytes(&r, reader_left(&r));
    if (!note_name_is_valid(signature->name) || base64_read(NULL, 0, signature->text) <= ID ||
        base64_read(head, sizeof(head), view_of(signature->text.bytes, 8)) <= ID)
        return PASU_E_MALFORMED;
    signature->id = bytes_get_u32(head);
    return 0;
}

static int
parse_signatures(struct note *note, struct view lines)
{
    struct reader r = reader_of(lines);

    note->count = 0;
    while (reader_left(&r) > 0) {
        const uint8_t *end = memchr(r.at, '\n', reader_left(&r));
        int result;

        if (!end)
            return PASU_E_MALFORMED;
        if (note->count == NOTE_SIGNATURES_MAX)
            return PASU_E_RANGE;
        result = parse_signature(&note->signatures[note->count++],
                                 reader_bytes(&r, (size_t)(end - r.at)));
        if (result != 0)
            return result;
        (void)reader_u8(&r);
    }
    return note->count > 0 ? 0 : PASU_E_MALFORMED;
}

int
note_parse(struct note *note, struct view bytes)
{
    size_t at = bytes.length; /* behind the empty line */

    if (bytes.length > NOTE_SIZE_MAX)
        return PASU_E_RANGE;
    if (!note_text_is_valid(bytes))
        return PASU_E_MALFORMED;
    while (at >= 2 && (bytes.bytes[at - 1] != '\n' || bytes.bytes[at - 2] != '\n'))
        at--;
    if (at < 2)
        return PASU_E_MALFORMED;
    note->text = view_of(bytes.bytes, at - 1);
    if (note->text.length > NOTE_TEXT_MAX)
        return PASU_E_RANGE;
    return parse_signatures(note, view_of(bytes.bytes + at, bytes.length - at));
}

/* A signature that names this key. */
static int
check_signature(const struct note_key *key, struct view text,
                const struct note_signature *signature, uint64_t *time)
{
    uint8_t bytes[ID + NOTE_COSIGNATURE_SIZE];
    ssize_t length = base64_read(bytes, sizeof(bytes), signature->text);

    if (length < ID) /* longer than any of a known key */
        return PASU_E_CORRUPT;
    return note_key_check(key, text, view_of(bytes + ID, (size_t)length - ID), time);
}

/* All signatures that name this key: 1 where there is one and all are good, 0 where there is none.
 */
static int
hear(const struct note *note, const struct note_key *key, struct note_voice *voice)
{
    *voice = (struct note_voice){0};
    for (size_t i = 0; i < note->count; i++) {
        const struct note_signature *signature = &note->signatures[i];
        uint64_t time;
        int result;

        if (!note_key_is(key, signature->name, signature->id))
            continue;
        result = check_signature(key, note->text, signature, &time);
        if (result != 0)
            return result;
        voice->is_there = true;
        if (time > voice->time)
            voice->time = time;
    }
    return voice->is_there ? 1 : 0;
}

int
note_verify(const struct note *note, const struct note_key *keys, size_t count,
            struct note_voice *voices)
{
    int good = 0, result = 0;

    for (size_t i = 0; i < count && result >= 0; i++) {
        result = hear(note, &keys[i], &voices[i]);
        if (result > 0)
            good++;
    }
    if (result >= 0)
        result = good > 0 ? good : PASU_E_NOTFOUND;
    if (result < 0 && count > 0)
        memset(voices, 0, count * sizeof(*voices));
    return result;
}

int
note_begin(struct writer *w, struct view text)
{
    if (text.length > NOTE_TEXT_MAX)
        return PASU_E_RANGE;
    if (text.length == 0 || text.bytes[text.length - 1] != '\n' || !note_text_is_valid(text))
        return PASU_E_MALFORMED;
    writer_bytes(w, text.bytes, text.length);
    writer_u8(w, '\n');
    return w->failed ? PASU_E_RANGE : 0;
}

void
note_append(struct writer *w, const struct note_key *key, struct view signature)
{
    uint8_t bytes[ID + NOTE_COSIGNATURE_SIZE];
    struct writer b = writer_of(bytes, sizeof(bytes));

    writer_u32(&b, key->id);
    writer_bytes(&b, signature.bytes, signature.length);
    w->failed |= b.failed;
    writer_bytes(w, dash, DASH);
    writer_bytes(w, key->name, strlen(key->name));
    writer_u8(w, ' ');
    base64_write(w, bytes, writer_length(&b));
    writer_u8(w, '\n');
}
