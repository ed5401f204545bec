/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/verify_handover.h"

#include <inttypes.h>

/* From which record on the second one signs in the place of the first, and below which. */
struct change {
    const struct verify_key_use *before, *use;
    uint64_t from, end;
};

/* The key that was in use before the use `at`: NULL where there was none, or it is not here. */
static const struct verify_key_use *
find_before(const struct verify_content *c, size_t at)
{
    while (at-- > 0) {
        if (c->uses[at].state == VERIFY_KEY_UNSEEN)
            return NULL;
        if (c->uses[at].state == VERIFY_KEY_IN_USE)
            return &c->uses[at];
    }
    return NULL;
}

static bool
find_change(const struct verify_content *c, size_t at, struct change *change)
{
    *change = (struct change){.before = find_before(c, at),
                              .use = &c->uses[at],
                              .from = c->uses[at].from,
                              .end = at + 1 < c->use_count ? c->uses[at + 1].from : UINT64_MAX};
    return change->use->state == VERIFY_KEY_IN_USE && change->before &&
           memcmp(change->before->public, change->use->public, NOTE_KEY_SIZE) != 0;
}

/* 1: both have signed it. */
static int
is_by_both(const struct verify_note *note, const struct note_key keys[2])
{
    struct note_voice voices[2];
    struct checkpoint again;
    int result = checkpoint_open(&again, note->bytes, keys, 2, voices);

    return result == PASU_E_CRYPTO ? result
                                   : result == 0 && voices[0].is_there && voices[1].is_there;
}

/* Of the notes that cover the change: whether there is one, and one that both have signed. */
static int
look(const struct verify_notes *n, const struct change *change, const struct note_key keys[2],
     bool *is_covered, bool *is_vouched)
{
    for (size_t i = 0; i < n->count && !*is_vouched; i++) {
        const struct verify_note *note = &n->items[i];
        int both;

        if (note->checkpoint.size <= change->from || note->state == VERIFY_NOTE_DIFFERS)
            continue;
        *is_covered = *is_covered || (note->is_signed && note->state == VERIFY_NOTE_AGREES);
        if (note->checkpoint.size > change->end)
            continue;
        both = is_by_both(note, keys);
        if (both < 0)
            return both;
        *is_vouched = both == 1;
    }
    return 0;
}

static bool
is_given(const struct verify_notes *n, const struct note_key *key)
{
    const struct verify_question *q = n->report->question;

    for (size_t i = 0; i < q->key_count; i++)
        if (strcmp(q->keys[i].name, key->name) == 0 &&
            memcmp(q->keys[i].public, key->public, sizeof(key->public)) == 0)
            return true;
    return false;
}

static int
judge(const struct verify_notes *n, const struct verify_content *c, const struct change *change)
{
    const struct verify_place place = {NULL, VERIFY_NOWHERE, change->from};
    const struct view origin = view_of_text(c->origin);
    bool is_covered = false, is_vouched = false, given;
    struct note_key keys[2];
    int result = note_key_init(&keys[0], NOTE_KEY_ED25519, origin, change->before->public);

    if (result == 0)
        result = note_key_init(&keys[1], NOTE_KEY_ED25519, origin, change->use->public);
    if (result == 0)
        result = look(n, change, keys, &is_covered, &is_vouched);
    if (result != 0 || is_vouched || (!is_covered && change->use->is_signed))
        return result == PASU_E_CRYPTO ? result : 0;
    given = is_given(n, &keys[1]);
    verify_say(
        n->report,
        given        ? VERIFY_REPLACED
        : is_covered ? VERIFY_HANDOVER
                     : VERIFY_FORGED,
        &place,
        "the key with the id %08" PRIx32 " takes over from %08" PRIx32 ", which has signed %s%s",
        keys[1].id, keys[0].id,
        is_covered ? "no checkpoint that covers that" : "neither that nor a checkpoint of it",
        given ? "; it was given" : "");
    return 0;
}

/* None takes its place: no keeper writes that. */
static void
judge_end(const struct verify_notes *n, const struct verify_key_use *use)
{
    const struct verify_place place = {NULL, VERIFY_NOWHERE, use->from};

    for (size_t i = 0; i < n->count; i++)
        if (n->items[i].checkpoint.size > use->from && n->items[i].is_signed &&
            n->items[i].state == VERIFY_NOTE_AGREES)
            return;
    verify_say(n->report, VERIFY_FORGED, &place,
               "the key in use is retired, which no checkpoint covers");
}

int
verify_handovers(const struct verify_notes *n, const struct verify_content *c)
{
    struct change change;
    int result = 0;

    for (size_t i = 1; i < c->use_count && c->has_origin && result == 0; i++)
        if (c->uses[i].state == VERIFY_KEY_NONE)
            judge_end(n, &c->uses[i]);
        else if (find_change(c, i, &change))
            result = judge(n, c, &change);
    return result;
}
