/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed notes (C2SP signed-note): a text that one or more keys have signed.
 *
 *      text, whose last line ends as every line does
 *      (an empty line)
 *      — <name of a key> <base64 of the key's id (4 bytes, big-endian) ‖ signature>
 *      …
 *
 * The last empty line is the one between text and signatures; the text may have others. A note is
 * hostile: note_parse says what it consists of and believes nothing, note_verify says who has
 * signed it. What was parsed borrows from the note's bytes, which must stay as they are meanwhile;
 * nothing is allocated, and any thread may do it.
 *
 * Limits: the specification wants 16 signatures of nearly 5 kB to be taken, which is NOTE_SIZE_MAX.
 */
#ifndef PASU_LEDGER_NOTE_H
#define PASU_LEDGER_NOTE_H

#include "ledger/note_key.h"

enum { NOTE_SIZE_MAX = 128 << 10, NOTE_SIGNATURES_MAX = 64 };

struct note_signature {
    struct view name;
    uint32_t id;
    struct view text; /* base64 of id and signature: canonical */
};

struct note {
    struct view text; /* with its last newline */
    size_t count;     /* at least 1 */
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
};

/* What one key says of a note. */
struct note_voice {
    bool is_there; /* it has signed the note */
    uint64_t time; /* of a cosignature, the latest of several: seconds since 1970 */
};

/* PASU_E_MALFORMED: no note. PASU_E_RANGE: more than NOTE_SIZE_MAX, NOTE_TEXT_MAX (of the text) or
 * NOTE_SIGNATURES_MAX. The note is not to be looked at then. */
PASU_MUST_USE int note_parse(struct note *note, struct view bytes);

/*
 * Which of the known keys have signed: how many, at least 1, and what each says (`voices`, one for
 * each key; none is there after an error). What unknown keys say is ignored, also where
 * they have name or id, but not both, of a known one. PASU_E_CORRUPT: a known key is named that has
 * not signed this, whatever others say. PASU_E_NOTFOUND: no known key is named. PASU_E_CRYPTO.
 *
 * No two of the keys may have the same name and id: nothing verifies then.
 */
PASU_MUST_USE int note_verify(const struct note *note, const struct note_key *keys, size_t count,
                              struct note_voice *voices);

/* Begins a note: the text and the empty line. Signatures follow. PASU_E_MALFORMED: it does not end
 * with a newline, or is not as ledger/note_text.h wants it. PASU_E_RANGE: longer than
 * NOTE_TEXT_MAX, or no room. */
PASU_MUST_USE int note_begin(struct writer *w, struct view text);
/* Adds a signature line to a note that ends here. */
void note_append(struct writer *w, const struct note_key *key, struct view signature);

#endif
