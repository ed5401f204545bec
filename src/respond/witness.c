/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/witness.h"

#include "base/base64.h"
#include "base/memory.h"

#include <inttypes.h>

#define LINE_BEGIN "\xe2\x80\x94 "

ssize_t
witness_request(uint8_t request[WITNESS_REQUEST_MAX], uint64_t old, const struct tree_hash *hashes,
                size_t count, struct view note)
{
    struct writer w = writer_of(request, WITNESS_REQUEST_MAX);
    char line[32];
    int length = snprintf(line, sizeof(line), "old %" PRIu64 "\n", old);

    if (count > WITNESS_PROOF_MAX)
        return PASU_E_RANGE;
    writer_bytes(&w, line, (size_t)length);
    for (size_t i = 0; i < count; i++) {
        base64_write(&w, hashes[i].bytes, TREE_HASH_SIZE);
        writer_u8(&w, '\n');
    }
    writer_u8(&w, '\n');
    writer_bytes(&w, note.bytes, note.length);
    return writer_end(&w);
}

int
witness_size(uint64_t *size, struct view answer)
{
    size_t digits = answer.length > 0 ? answer.length - 1 : 0;

    *size = 0;
    if (digits == 0 || answer.bytes[digits] != '\n' || (answer.bytes[0] == '0' && digits > 1))
        return PASU_E_MALFORMED;
    for (size_t i = 0; i < digits; i++) {
        unsigned digit = (unsigned)answer.bytes[i] - '0';

        if (digit > 9 || __builtin_mul_overflow(*size, 10, size) ||
            __builtin_add_overflow(*size, digit, size))
            return PASU_E_MALFORMED;
    }
    return 0;
}

static ssize_t
keep_lines(uint8_t lines[WITNESS_LINES_MAX], const struct note_key *key, const struct note *note)
{
    struct writer w = writer_of(lines, WITNESS_LINES_MAX);

    for (size_t i = 0; i < note->count; i++) {
        const struct note_signature *signature = &note->signatures[i];

        if (!note_key_is(key, signature->name, signature->id))
            continue;
        writer_bytes(&w, LINE_BEGIN, sizeof(LINE_BEGIN) - 1);
        writer_bytes(&w, signature->name.bytes, signature->name.length);
        writer_u8(&w, ' ');
        writer_bytes(&w, signature->text.bytes, signature->text.length);
        writer_u8(&w, '\n');
    }
    return writer_end(&w);
}

/* The answer behind the note is a note again, and of the same text: a blank line in the answer
 * would make it another one. */
static int
parse_both(struct note *both, struct view all, size_t first)
{
    size_t length;
    int result = note_parse(both, view_of(all.bytes, first));

    if (result != 0)
        return result;
    length = both->text.length;
    result = note_parse(both, all);
    return result == 0 && both->text.length != length ? PASU_E_MALFORMED : result;
}

ssize_t
witness_cosigned(uint8_t lines[WITNESS_LINES_MAX], const struct note_key *key, struct view note,
                 struct view answer)
{
    struct note *both = memory_new(1, sizeof(*both));
    uint8_t *bytes = memory_new(note.length + answer.length + 1, 1);
    struct note_voice voice;
    ssize_t result = both && bytes ? 0 : PASU_E_NOMEM;

    if (result == 0) {
        memcpy(bytes, note.bytes, note.length);
        if (answer.length > 0)
            memcpy(bytes + note.length, answer.bytes, answer.length);
        result = parse_both(both, view_of(bytes, note.length + answer.length), note.length);
    }
    if (result == 0)
        result = note_verify(both, key, 1, &voice);
    if (result >= 0)
        result = keep_lines(lines, key, both);
    memory_free(bytes);
    memory_free(both);
    return result;
}
