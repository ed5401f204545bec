/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/chain_change.h"

#include "base/memory.h"
#include "ledger/chain.h"
#include "ledger/handover_signature.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char key_name[] = "signing.key", next_name[] = "signing.key.next";

/* What a ledger is called that nobody has named: this, and its id in hex. */
static const char own_name[] = "pasu.invalid/";

enum { OWN_NAME = sizeof(own_name) - 1, OWN_SIZE = OWN_NAME + 2 * SEGMENT_ID_SIZE + 1 };

static bool
is_there(const struct signing_key *key)
{
    return key->public.name[0] != '\0';
}

static bool
is_same(const struct note_key *one, const struct note_key *other)
{
    return memcmp(one->public, other->public, sizeof(one->public)) == 0;
}

/* ---- the key ---- */

static int
make_name(const struct chain *c, char name[OWN_SIZE])
{
    uint8_t id[SEGMENT_ID_SIZE];
    int result = c->os->random(c->os->arg, id, sizeof(id));

    memcpy(name, own_name, OWN_NAME);
    for (size_t i = 0; i < sizeof(id) && result == 0; i++)
        snprintf(name + OWN_NAME + 2 * i, 3, "%02x", id[i]);
    return result;
}

int
chain_key_id(const struct chain *c, uint8_t id[SEGMENT_ID_SIZE])
{
    const char *name = c->key.public.name;
    size_t length = 0;

    if (strncmp(name, own_name, OWN_NAME) == 0 && strlen(name) == OWN_SIZE - 1 &&
        OPENSSL_hexstr2buf_ex(id, SEGMENT_ID_SIZE, &length, name + OWN_NAME, '\0') == 1 &&
        length == SEGMENT_ID_SIZE)
        return 0;
    return c->os->random(c->os->arg, id, SEGMENT_ID_SIZE);
}

static int
make_key(struct chain *c, struct view origin, const struct sandbox_account *account)
{
    char name[OWN_SIZE];
    int result = 0;

    if (origin.length == 0) {
        result = make_name(c, name);
        origin = view_of(name, OWN_SIZE - 1);
    }
    if (result == 0)
        result = signing_key_make(&c->key, c->os, NOTE_KEY_ED25519, origin);
    if (result == 0)
        result = signing_key_store(&c->key, c->os, c->directory, key_name, account);
    return result;
}

/* Of what cannot be a key there is none. */
static int
load(const struct chain *c, struct signing_key *key, const char *name, int *lost)
{
    int result = signing_key_load(key, c->os, c->directory, name);

    *lost = result;
    return result == PASU_E_NOTFOUND || result == PASU_E_CORRUPT ? 0 : result;
}

static int
load_both(struct chain *c, bool is_new)
{
    struct chain_change *change = &c->change;
    int none, result = load(c, &c->key, key_name, &change->lost);

    if (result == 0 && !is_new)
        result = load(c, &change->next, next_name, &none);
    if (result == 0 && is_there(&c->key) && is_there(&change->next) &&
        is_same(&c->key.public, &change->next.public))
        signing_key_release(&change->next);
    if (is_there(&change->next))
        change->stage = CHANGE_MADE;
    return result;
}

int
chain_key_open(struct chain *c, struct view origin, const struct sandbox_account *account,
               bool is_new)
{
    int result = load_both(c, is_new);

    if (result == 0 && c->change.lost == PASU_E_NOTFOUND && is_new && !c->change.may_be_lost) {
        result = make_key(c, origin, account);
        c->change.lost = result;
    }
    if (result == 0 && c->change.lost != 0 && (is_new || c->change.stage == CHANGE_NONE) &&
        !c->change.may_be_lost)
        result = c->change.lost;
    if (result == 0 && origin.length > 0 &&
        ((is_there(&c->key) && !view_equal(view_of_text(c->key.public.name), origin)) ||
         (is_there(&c->change.next) &&
          !view_equal(view_of_text(c->change.next.public.name), origin))))
        result = PASU_E_CORRUPT; /* another ledger's */
    c->change.before = c->key.public;
    return result;
}

void
chain_key_release(struct chain *c)
{
    signing_key_release(&c->key);
    signing_key_release(&c->change.next);
}

/* ---- the last checkpoint ---- */

/* The key that signs at the checkpoint's size, as the records say. */
static int
read_recorded(const struct chain *c, const struct checkpoint *last, struct note_key *key)
{
    uint64_t record;
    int result = handover_find(c->os, c->directory, last->size, &record);

    return result == 0
               ? handover_read(c->os, c->segments, c->keys, record, last->size, last->origin, key)
               : result;
}

static int
check_lost(struct chain *c, struct view note, struct checkpoint *last)
{
    struct note_voice voice;
    struct note taken;
    int result = note_parse(&taken, note);

    if (result == 0)
        result = checkpoint_parse(last, taken.text);
    if (result == 0)
        result = read_recorded(c, last, &c->change.before);
    if (result == 0)
        result = checkpoint_open(last, note, &c->change.before, 1, &voice);
    return result;
}

int
chain_key_check(struct chain *c, struct view note, struct checkpoint *last)
{
    const struct chain_change *change = &c->change;
    struct note_key keys[2];
    struct note_voice voices[2];
    size_t count = 0;
    int result;

    if (is_there(&change->next))
        keys[count++] = change->next.public;
    if (is_there(&c->key))
        keys[count++] = c->key.public;
    result = checkpoint_open(last, note, keys, count, voices);
    if (result == 0 && is_there(&change->next) && voices[0].is_there) {
        c->change.old = c->key.public;
        chain_key_signed(c);
    }
    if (result == PASU_E_NOTFOUND && !is_there(&c->key))
        result = check_lost(c, note, last);
    return result == 0 || result == PASU_E_CRYPTO || result == PASU_E_LEDGER_KEY ? result
                                                                                 : PASU_E_CORRUPT;
}

/* Whether the old key has signed the record by which another one takes over. PASU_E_LEDGER_FORGED:
 * it has not. */
static int
check_signed(const struct chain *c, const struct handover_record *found, const struct note_key *old)
{
    uint8_t id[SEGMENT_ID_SIZE];
    int result = handover_ledger(c->os, c->segments, c->keys, id);

    if (result == PASU_E_NOTFOUND)
        result = PASU_E_CORRUPT;
    if (result != 0)
        return result;
    result = handover_check(&found->record, id, old);
    return result == PASU_E_CORRUPT ? PASU_E_LEDGER_FORGED : result;
}

/* The record that was found for the checkpoint's size. */
static int
compare(const struct chain *c, const struct handover_record *found)
{
    const struct chain_change *change = &c->change;
    const uint8_t *public = handover_public(&found->record);

    if (!public || memcmp(public, change->before.public, NOTE_KEY_SIZE) != 0)
        return PASU_E_CORRUPT;
    return change->old.name[0] != '\0' ? check_signed(c, found, &change->old) : 0;
}

int
chain_key_compare(const struct chain *c, uint64_t size, uint64_t *segment, uint64_t *offset)
{
    struct handover_record found;
    uint64_t record;
    int result = handover_find(c->os, c->directory, size, &record);

    if (result == 0)
        result = handover_load(&found, c->os, c->segments, c->keys, record, size);
    if (result == PASU_E_NOTFOUND) /* deleted by age */
        return c->change.old.name[0] != '\0' ? PASU_E_CORRUPT : 0;
    if (result == 0)
        result = compare(c, &found);
    if (result == PASU_E_LEDGER_FORGED) {
        *segment = found.segment;
        *offset = found.record.offset;
    }
    return result;
}

/* ---- the change ---- */

static int
forget(struct chain *c)
{
    signing_key_release(&c->change.next);
    c->change.stage = CHANGE_NONE;
    return unlinkat(c->directory, next_name, 0) == 0 || errno == ENOENT ? 0
                                                                        : error_from_errno(errno);
}

/* The record is there, and the checkpoint is not: the key that is not lost must have signed it. */
static int
go_on(struct chain *c, const struct handover_record *found)
{
    struct chain_change *change = &c->change;
    const uint8_t *public = handover_public(&found->record);
    int result = 0;

    if (is_there(&c->key) || handover_is_signed(&found->record))
        result = check_signed(c, found, &change->before);
    if (result != 0)
        return result;
    if (change->stage != CHANGE_MADE ||
        memcmp(public, change->next.public.public, NOTE_KEY_SIZE) != 0)
        return PASU_E_NOTFOUND;
    change->stage = CHANGE_RECORDED;
    change->record = found->record.index;
    return chain_checkpoint(c);
}

int
chain_key_settle(struct chain *c)
{
    struct chain_change *change = &c->change;
    struct chain_tail *tail = &c->tail;
    int result;

    if (tail->is_forged)
        return PASU_E_LEDGER_FORGED;
    if (tail->is_there) {
        result = go_on(c, &tail->key);
        if (result == PASU_E_LEDGER_FORGED)
            chain_tail_forged(tail, tail->key.segment, &tail->key.record);
        return result;
    }
    if (change->stage == CHANGE_SIGNED)
        return chain_key_end(c);
    if (!is_there(&c->key))
        return change->may_be_lost ? 0 : change->lost;
    if (change->may_be_lost)
        return PASU_E_USAGE;
    return change->stage == CHANGE_MADE ? forget(c) : 0;
}

int
chain_key_make(struct chain *c)
{
    static const struct sandbox_account nobody; /* we are the account */
    struct chain_change *change = &c->change;
    int result = chain_key_end(c);

    if (result != 0 || change->stage == CHANGE_MADE)
        return result;
    if (change->stage != CHANGE_NONE)
        return PASU_E_MISUSE;
    result = forget(c);
    if (result == 0)
        result = signing_key_make(&change->next, c->os, NOTE_KEY_ED25519,
                                  view_of_text(change->before.name));
    if (result == 0)
        result = signing_key_store(&change->next, c->os, c->directory, next_name, &nobody);
    if (result == 0)
        change->stage = CHANGE_MADE;
    else
        signing_key_release(&change->next);
    return result;
}

/* The old key signs it at its place, where it is there. */
static int
put_new(struct chain *c, int64_t time)
{
    uint8_t payload[HANDOVER_SIGNED], id[SEGMENT_ID_SIZE];
    struct iovec part = {payload, HANDOVER_PAYLOAD};
    int result = 0;

    handover_payload(payload, HANDOVER_IN_USE, c->change.next.public.public);
    if (is_there(&c->key)) {
        result = handover_ledger(c->os, c->segments, c->keys, id);
        if (result == 0)
            result = handover_sign(payload, chain_next(c), time, id, &c->key);
        part.iov_len = HANDOVER_SIGNED;
    }
    return result == 0 ? chain_put(c, SEGMENT_KEY, time, &part, 1, &c->change.record) : result;
}

static int
put_old(struct chain *c, int64_t time)
{
    uint8_t payload[HANDOVER_PAYLOAD];
    const struct iovec part = {payload, sizeof(payload)};
    uint64_t index;

    handover_payload(payload, HANDOVER_RETIRED, c->change.before.public);
    return chain_put(c, SEGMENT_KEY, time, &part, 1, &index);
}

int
chain_key_put(struct chain *c, int64_t time)
{
    struct chain_change *change = &c->change;
    int result = change->stage == CHANGE_MADE ? 0 : PASU_E_MISUSE;

    if (result == 0)
        result = put_new(c, time);
    if (result == 0)
        result = put_old(c, time);
    change->is_put = result == 0;
    return result;
}

int
chain_key_sign(const struct chain *c, const struct checkpoint *checkpoint, struct writer *w)
{
    const struct chain_change *change = &c->change;
    bool is_change = change->stage == CHANGE_RECORDED;
    const uint8_t *begin = w->at;
    struct note note;
    int result = checkpoint_sign(checkpoint, is_change ? &change->next : &c->key, w);

    if (result == 0 && is_change && is_there(&c->key)) {
        result = note_parse(&note, view_of(begin, (size_t)(w->at - begin)));
        if (result == 0)
            result = signing_key_add(&c->key, note.text, w);
    }
    return result;
}

void
chain_key_signed(struct chain *c)
{
    struct chain_change *change = &c->change;

    signing_key_release(&c->key);
    c->key = change->next;
    signing_key_release(&change->next);
    change->before = c->key.public;
    change->stage = CHANGE_SIGNED;
}

/* Writes zeros over what the old key's file has, if there is one. */
static int
wipe(const struct chain *c)
{
    static const uint8_t zeros[SIGNING_KEY_FILE_MAX];
    const struct os *os = c->os;
    int fd = os->openat(os->arg, c->directory, key_name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0);
    struct stat st;
    int result;

    if (fd < 0)
        return errno == ENOENT ? 0 : error_from_errno(errno);
    result = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= SIGNING_KEY_FILE_MAX
                 ? os_write_all(os, fd, zeros, (size_t)st.st_size, 0)
                 : PASU_E_CORRUPT;
    if (result == 0 && os->fsync(os->arg, fd) != 0)
        result = error_from_errno(errno);
    os->close(os->arg, fd);
    return result;
}

int
chain_key_end(struct chain *c)
{
    const struct os *os = c->os;
    struct signing_key next;
    int result;

    if (c->change.stage != CHANGE_SIGNED)
        return 0;
    /* Where the name was given before, what has it now is not wiped. */
    result = signing_key_load(&next, os, c->directory, next_name);
    if (result == 0 && !is_same(&next.public, &c->key.public))
        result = PASU_E_CORRUPT;
    signing_key_release(&next);
    if (result == 0)
        result = wipe(c);
    if (result == 0 && os->renameat(os->arg, c->directory, next_name, c->directory, key_name) != 0)
        result = error_from_errno(errno);
    if (result != 0 && result != PASU_E_NOTFOUND)
        return result;
    if (os->fsync(os->arg, c->directory) != 0)
        return error_from_errno(errno);
    c->change.stage = CHANGE_NONE;
    return 0;
}
