/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From ordinals back to subject keys: an ordinal below KEY_ORDINAL_FIRST is the key, any other
 * stands for a sealed text in the ledger's ORDINAL entries, which a key of its own opens; of those
 * that are still in a ring, the ledger's secret.
 *
 * All kinds of subjects share one row of ordinals: which kinds a key's person was shown as say the
 * exposures that name the ordinal. The kind in an entry is only what it was sealed with.
 *
 * Filled from a ledger as a whole before the first question: of two rings, the one that names an
 * ordinal can come before the one that explains it. Entries are kept sealed; opened texts are
 * wiped by who got them, if need be.
 */
#ifndef PASU_BREACH_KEYS_H
#define PASU_BREACH_KEYS_H

#include "breach/map.h"
#include "exposure/directory.h"
#include "ledger/entry_seal.h"
#include "ledger/reader.h"

struct keys {
    bool has_secret;
    uint8_t secret[SEAL_SECRET_SIZE];
    const struct entry_keys *entry_keys; /* of the ledger's entries; NULL: there are none */
    struct map places;                   /* ordinal → entry */
    size_t *entries;                     /* where each begins in `bytes` */
    size_t count, space;
    uint8_t *bytes;
    size_t used, bytes_space;
};

/* `secret` NULL: the ledger has none, or it may not be read: texts stay unknown. */
void keys_init(struct keys *keys, const uint8_t *secret, const struct entry_keys *entry_keys);
void keys_release(struct keys *keys);
/* Whether it is an ORDINAL entry that can be one: others are ignored. */
bool keys_takes(const struct ledger_entry *entry);
/* Takes an ORDINAL entry, of each ordinal the first. PASU_E_NOMEM. */
PASU_MUST_USE int keys_note(struct keys *keys, const struct ledger_entry *entry);

/* Whether there is an entry of the ordinal. */
bool keys_has(const struct keys *keys, uint32_t ordinal);
/*
 * The key's text (not zero-terminated, any bytes); its length, at most SEAL_TEXT_MAX. *is_cut: the
 * key is longer. PASU_E_NOTFOUND: no entry, or nothing to open it with; PASU_E_ERASED;
 * PASU_E_CORRUPT: the entry does not open with what there is for it.
 */
PASU_MUST_USE ssize_t keys_text(const struct keys *keys, uint32_t ordinal,
                                uint8_t text[SEAL_TEXT_MAX], bool *is_cut);
/* The ordinals of the entries that this key has, more than one where a ledger was put together from
 * several: at most `most`; their number. */
PASU_MUST_USE int keys_find(const struct keys *keys, struct view text, uint32_t *ordinals,
                            size_t most);

#endif
