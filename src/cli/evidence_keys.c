/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "breach/index_segments.h"
#include "breach/index_state.h"
#include "cli/complain.h"
#include "cli/evidence_part.h"
#include "cli/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

/* A text is looked for in a place of its own, which takes about as long as to read so many records
 * one behind the other: who wants more texts reads the ledger. */
enum { RECORDS_A_TEXT = 256, TEXTS_LEAST = 256 };

/* ---- the index ---- */

/* What an answer with the index rests on, and does not read. 0, or PASU_E_UNAVAILABLE where it is
 * not what it was, which is said. */
static int
check_segments(const struct evidence *e)
{
    int folder = openat(e->directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;
    char name[SEGMENT_NAME_SIZE];
    uint64_t first = 0;

    if (folder < 0)
        return error_from_errno(errno);
    result = index_segments_check(e->index, &os_real, folder, &first);
    close(folder);
    if (result != 1)
        return result;
    segment_name(name, first);
    complain("run: pasu ledger verify, which says what is wrong; then: pasu ledger rebuild-index",
             "%s of the ledger is not any more what it was when it was indexed; the ledger is read "
             "instead",
             name);
    return PASU_E_UNAVAILABLE;
}

int
evidence_index(struct evidence *e)
{
    struct index_meta meta;
    int result;

    if (e->index != NULL)
        return 0;
    result = index_open(&e->index, e->directory, &e->segment_keys);
    if (result == 0 && index_meta_load(&meta, e->index) == 0) /* else who asks finds that out */
        result = check_segments(e);
    if (result == PASU_E_UNAVAILABLE)
        e->has_index = false;
    if (result != 0) {
        index_close(e->index);
        e->index = NULL;
    }
    return result;
}

void
evidence_forget_index(struct evidence *e)
{
    if (e->keys_by == KEYS_BY_INDEX)
        evidence_forget_keys(e);
    index_close(e->index);
    e->index = NULL;
}

void
evidence_forget_keys(struct evidence *e)
{
    ledger_entries_close(e->keys_ledger);
    e->keys_ledger = NULL;
    keys_release(&e->keys);
    keys_init(&e->keys, e->has_secret ? e->secret : NULL,
              e->entry_keys.fd >= 0 ? &e->entry_keys : NULL);
    e->keys_by = KEYS_NONE;
    e->texts = 0;
}

/* ---- reading ---- */

static int
note_key(void *arg, const struct ledger_entry *entry)
{
    return keys_note(arg, entry);
}

int
evidence_read_keys(struct evidence *e)
{
    int result;

    if (e->keys_by == KEYS_OF_LEDGER)
        return 0;
    evidence_forget_keys(e);
    e->keys_by = KEYS_OF_LEDGER;
    result = evidence_each(e, note_key, &e->keys, false);
    if (result == 0)
        return 0;
    e->is_bad = true;
    return evidence_complain(e, result);
}

/* What the index says of keys is not what the ledger does, or was not to be found out. */
static int
read_instead(struct evidence *e, int error)
{
    if (error == PASU_E_CORRUPT) {
        evidence_complain_index("is damaged");
        e->has_index = false;
    }
    evidence_forget_index(e);
    return evidence_read_keys(e);
}

/* Keys are known by the index, or all that the ledger has. */
static int
begin_keys(struct evidence *e)
{
    struct entries entries;
    int result = e->has_index ? 0 : PASU_E_NOTFOUND;

    if (e->keys_by != KEYS_NONE)
        return 0;
    if (result == 0)
        result = evidence_index(e);
    if (result == 0)
        result = ledger_entries_open(&e->keys_ledger, e->directory, &e->segment_keys);
    if (result == 0) {
        entries = ledger_entries(e->keys_ledger);
        result = index_keys_begin(&e->index_keys, e->index, &entries, &e->keys);
    }
    if (result != 0)
        return read_instead(e, result);
    e->keys_by = KEYS_BY_INDEX;
    return 0;
}

/* ---- questions ---- */

int
evidence_find_key(struct evidence *e, struct view text, uint32_t *ordinals, size_t most,
                  size_t *count)
{
    int found = 0, status = begin_keys(e);

    *count = 0;
    if (status == 0 && e->keys_by == KEYS_BY_INDEX) {
        int result = index_keys_find(&e->index_keys, text);

        if (result == 0)
            found = keys_find(&e->keys, text, ordinals, most);
        /* Which of more are the first in the ledger is not known. */
        if (result != 0 || found < 0 || (size_t)found == most)
            status = read_instead(e, result);
    }
    if (status == 0 && e->keys_by == KEYS_OF_LEDGER)
        found = keys_find(&e->keys, text, ordinals, most);
    if (status == 0 && found < 0)
        status = complain_error(found, "looking for the key");
    if (status == 0)
        *count = (size_t)found;
    return status;
}

bool
evidence_has_keys(const struct evidence *e)
{
    return e->keys.count > 0 || (e->keys_by == KEYS_BY_INDEX && e->index_keys.has_keys);
}

static uint64_t
texts_most(const struct evidence *e)
{
    uint64_t most = e->index_keys.last / RECORDS_A_TEXT;

    return most > TEXTS_LEAST ? most : TEXTS_LEAST;
}

static int
want_text(struct evidence *e, uint32_t ordinal)
{
    int result, status = begin_keys(e);

    if (status != 0 || e->keys_by != KEYS_BY_INDEX || keys_has(&e->keys, ordinal))
        return status;
    if (++e->texts > texts_most(e))
        return read_instead(e, 0);
    result = index_keys_text(&e->index_keys, ordinal);
    return result != 0 ? read_instead(e, result) : 0;
}

void
evidence_key(struct evidence *e, uint32_t ordinal, char text[KEY_TEXT_SIZE])
{
    uint8_t bytes[SEAL_TEXT_MAX];
    bool is_cut = false;
    ssize_t length;

    if (ordinal < KEY_ORDINAL_FIRST) {
        snprintf(text, KEY_TEXT_SIZE, "%" PRIu32, ordinal);
        return;
    }
    length =
        want_text(e, ordinal) == 0 ? keys_text(&e->keys, ordinal, bytes, &is_cut) : PASU_E_NOTFOUND;
    if (length == PASU_E_ERASED) {
        snprintf(text, KEY_TEXT_SIZE, "erased #%" PRIu32, ordinal);
        return;
    }
    if (length < 0) {
        snprintf(text, KEY_TEXT_SIZE, "unreadable #%" PRIu32, ordinal);
        return;
    }
    text_from_view(text, KEY_TEXT_SIZE, view_of(bytes, (size_t)length));
    if (is_cut)
        snprintf(text + length, KEY_TEXT_SIZE - (size_t)length, "...");
    memory_wipe(bytes, sizeof(bytes));
}
