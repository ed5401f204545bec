/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/sightings.h"

#include "base/os.h"
#include "breach/person_hashes.h"
#include "exposure/key.h"
#include "scan/siphash.h"

#include <inttypes.h>

#define AHEAD_MOST (60 * NANOSECONDS_PER_SECOND) /* clocks of several threads, set meanwhile */
#define PAST_MOST  (24 * 3600 * NANOSECONDS_PER_SECOND)

enum { BATCH = 512, KEY_SIZE = 256, OTHER_FIELDS = 63 };

/* Between a role and its end user: in no role's name. */
static const char between[] = "\n";

int
sightings_init(struct sightings *s, const struct os *os, int64_t from, sightings_fn *give,
               void *arg)
{
    uint64_t seed = 0;
    int result;

    *s = (struct sightings){.from = from, .give = give, .arg = arg};
    result = os->random(os->arg, s->secret, sizeof(s->secret));
    if (result == 0)
        result = os->random(os->arg, &seed, sizeof(seed));
    s->known.places.seed = s->places.seed = s->sessions.places.seed = s->names.by_id.seed = seed;
    return result;
}

void
sightings_release(struct sightings *s)
{
    sessions_release(&s->sessions);
    names_release(&s->names);
    interner_release(&s->known);
    map_release(&s->places);
}

/* ---- who ---- */

static uint64_t
hash_of(const struct sightings *s, const void *bytes, size_t length)
{
    uint64_t hash = siphash(s->secret, bytes, length);

    return hash != 0 ? hash : 1;
}

/* Its hash; its name is kept where there is room. End users are whom clients say: they leave half
 * of it to roles and addresses. */
static uint64_t
hash_name(struct sightings *s, enum axis axis, const char *one, const char *other, int *result)
{
    char key[KEY_SIZE];
    int length = snprintf(key, sizeof(key), "%c%s%s%s", 'a' + (int)axis, one,
                          other[0] != '\0' ? between : "", other);
    uint64_t hash = hash_of(s, key, (size_t)length);
    size_t most = other[0] != '\0' ? SIGHTINGS_NAMES / 2 : SIGHTINGS_NAMES;
    uint32_t number;

    if (map_get(&s->places, hash, &number) || s->known.count >= most)
        return hash;
    number = interner_number(&s->known, view_of(key, (size_t)length));
    if (number == 0 || map_put(&s->places, hash, number) != 0)
        *result = PASU_E_NOMEM;
    return hash;
}

static bool
has_signed_address(const struct exposure *e)
{
    return e->claims.is_signed && e->claims.source[0] != '\0';
}

static int
find_who(struct sightings *s, const struct session_info *session, const struct exposure *e,
         struct observation *o)
{
    const char *address = has_signed_address(e) ? e->claims.source : session->address;
    const struct message_origin *origin = &session->origin;
    int result = 0;

    o->who[AXIS_ACCOUNT] = hash_name(s, AXIS_ACCOUNT, session->principal, e->actor, &result);
    if (e->actor[0] != '\0')
        o->who[AXIS_TOKEN] = hash_name(s, AXIS_TOKEN, session->principal, "", &result);
    if (address[0] != '\0')
        o->who[AXIS_ADDRESS] = hash_name(s, AXIS_ADDRESS, address, "", &result);
    if (session->application[0] != '\0')
        o->who[AXIS_AGENT] = hash_of(s, session->application, strlen(session->application));
    if (address != session->address || !origin->is_known)
        return result; /* where a signed address is, nobody has written down */
    o->asn = origin->system;
    if (origin->system != 0)
        o->who[AXIS_ASN] = hash_of(s, &origin->system, sizeof(origin->system));
    if (origin->country[0] != '\0')
        o->country = (uint16_t)((uint8_t)origin->country[0] << 8 | (uint8_t)origin->country[1]);
    return result;
}

/* As find_who, which writes and hashes names: mostly a session goes on as it did. */
static int
see_who(struct sightings *s, const struct session_info *session, const struct exposure *e,
        struct observation *o)
{
    /* The lower bits of an identity are the gate's worker. */
    struct sighting_recent *recent =
        &s->recent[session->id * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SIGHTINGS_RECENT_BITS)];
    int result;

    if (has_signed_address(e))
        return find_who(s, session, e, o);
    if (recent->is_there && recent->session == session->id &&
        strcmp(recent->actor, e->actor) == 0) {
        memcpy(o->who, recent->who, sizeof(o->who));
        o->asn = recent->asn;
        o->country = recent->country;
        return 0;
    }
    result = find_who(s, session, e, o);
    if (result != 0)
        return result;
    *recent = (struct sighting_recent){
        .is_there = true, .session = session->id, .asn = o->asn, .country = o->country};
    memcpy(recent->actor, e->actor, sizeof(recent->actor));
    memcpy(recent->who, o->who, sizeof(recent->who));
    return 0;
}

/* ---- whom ---- */

/* The numbers of a record's vocabulary as those of all of them. */
static int
read_part(struct sightings *s, struct lexicon *lexicon, const struct exposure_part *part,
          struct observation *o)
{
    int kind = names_kind(&s->names, lexicon, part->kind);

    if (kind < 0)
        return kind;
    o->kind = (uint8_t)(kind < UINT8_MAX ? kind : UINT8_MAX);
    o->fields = 0;
    for (uint64_t left = part->clear | part->masked; left != 0; left &= left - 1) {
        int field = names_field(&s->names, lexicon, (unsigned)__builtin_ctzll(left));

        if (field < 0)
            return field;
        o->fields |= UINT64_C(1) << (field < OTHER_FIELDS ? field : OTHER_FIELDS);
    }
    return 0;
}

static int
give_persons(struct sightings *s, const struct observation *like, const struct exposure_part *part,
             const uint32_t *ordinals, size_t count)
{
    PASU_UNINITIALIZED struct observation batch[BATCH]; /* 56 KiB: not for each record */
    PASU_UNINITIALIZED uint64_t hashes[BATCH];
    int result = 0;

    for (size_t at = 0; at < count && result == 0;) {
        size_t n = count - at < BATCH ? count - at : BATCH;

        person_hashes(s->secret, like->kind, ordinals + at, n, hashes);
        for (size_t i = 0; i < n; i++, at++) {
            batch[i] = *like;
            batch[i].subject = hashes[i];
            batch[i].number =
                ordinals[at] < KEY_ORDINAL_FIRST && !part->is_text ? ordinals[at] : NUMBER_NONE;
        }
        result = s->give(s->arg, batch, n);
    }
    return result;
}

static int
give_part(struct sightings *s, struct lexicon *lexicon, const struct exposure_part *part,
          struct observation *o)
{
    int result = read_part(s, lexicon, part, o);

    if (result == 0) {
        o->what = OBSERVED_SHOWN;
        result = give_persons(s, o, part, part->ordinals, part->ordinal_count);
    }
    if (result == 0 && part->unknown > 0) {
        struct observation bound = *o;

        bound.what = OBSERVED_BOUND;
        bound.number = part->unknown;
        result = s->give(s->arg, &bound, 1);
    }
    if (result == 0) {
        o->what = OBSERVED_MISS;
        o->fields = 0;
        result = give_persons(s, o, part, part->missed, part->missed_count);
    }
    return result;
}

/* Whether an exposure is told; else why not is counted. */
static bool
is_told(struct sightings *s, const struct ledger_entry *entry, const struct session_info *session)
{
    int64_t time = entry->u.exposure->time;

    if (time < s->from)
        return false;
    if (session == NULL)
        s->unknown++;
    else if (time > entry->time + AHEAD_MOST || time < 0)
        s->undated++;
    else if (strcmp(session->gateway, SESSION_IMPORTED) == 0 && time < s->newest - PAST_MOST)
        s->past++;
    else
        return true;
    return false;
}

static int
take_exposure(struct sightings *s, const struct ledger_entry *entry)
{
    const struct exposure *e = entry->u.exposure;
    const struct session_info *session = sessions_get(&s->sessions, e->session);
    struct observation o = {.time = e->time, .offset = entry->seq};
    struct lexicon *lexicon;
    bool is_unnamed = false;
    int result;

    if (!is_told(s, entry, session))
        return 0;
    result = names_lexicon(&s->names, e->vocabulary, &lexicon);
    if (result == 0)
        result = see_who(s, session, e, &o);
    for (size_t i = 0; i < e->part_count && result == 0; i++) {
        is_unnamed |= e->parts[i].unknown > 0;
        result = give_part(s, lexicon, &e->parts[i], &o);
    }
    s->told++;
    s->unnamed += is_unnamed;
    s->newest = e->time > s->newest ? e->time : s->newest;
    return result;
}

int
sightings_take(struct sightings *s, const struct ledger_entry *entry)
{
    switch (entry->type) {
    case LEDGER_OPENED:
        return sessions_open(&s->sessions, entry->seq, entry->u.opened);
    case LEDGER_CLOSED:
        sessions_close(&s->sessions, entry->u.closed->session, entry->time);
        sessions_forget(&s->sessions, entry->time);
        return 0;
    case LEDGER_VOCABULARY:
        return names_add(&s->names, entry->u.vocabulary);
    case LEDGER_EXPOSURE:
        return take_exposure(s, entry);
    default:
        return 0;
    }
}

/* ---- names ---- */

/* Names are chosen by clients, and stand in lists with commas between. */
static void
put_clean(char *text, size_t size, struct view name)
{
    text_from_view(text, size, name);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == ',')
            *c = '?';
}

void
sightings_name(const struct sightings *s, enum axis axis, uint64_t who, char name[SIGHTINGS_NAME],
               char role[NAME_SIZE])
{
    uint32_t number = 0;
    struct view v =
        map_get(&s->places, who, &number) ? interner_string(&s->known, number) : (struct view){0};
    char one[SIGHTINGS_NAME / 2], other[SIGHTINGS_NAME / 2];
    const uint8_t *cut;

    role[0] = '\0';
    if (v.length == 0) {
        snprintf(name, SIGHTINGS_NAME, "somebody #%016" PRIx64, who); /* not another nameless one */
        return;
    }
    v = view_of(v.bytes + 1, v.length - 1);
    cut = axis == AXIS_ACCOUNT ? memchr(v.bytes, between[0], v.length) : NULL;
    put_clean(one, sizeof(one), view_of(v.bytes, cut != NULL ? (size_t)(cut - v.bytes) : v.length));
    if (axis != AXIS_ADDRESS)
        snprintf(role, NAME_SIZE, "%.*s", NAME_SIZE - 1, one);
    if (cut == NULL) {
        snprintf(name, SIGHTINGS_NAME, "%s %s", axis == AXIS_ADDRESS ? "address" : "role", one);
        return;
    }
    put_clean(other, sizeof(other), view_of(cut + 1, v.length - (size_t)(cut + 1 - v.bytes)));
    snprintf(name, SIGHTINGS_NAME, "user %s of role %.*s", other, NAME_SIZE - 1, one);
}

void
sightings_fields(const struct sightings *s, uint64_t fields, char *text, size_t size)
{
    size_t at = 0, left = 0;

    text[0] = '\0';
    for (size_t i = 0; i < OTHER_FIELDS + 1; i++) {
        const char *name =
            i < s->names.fields.count && i < OTHER_FIELDS ? s->names.fields.items[i] : "others";
        size_t length = strlen(name) + (at > 0 ? 2 : 0);

        if ((fields >> i & 1) == 0)
            continue;
        if (left > 0 || at + length + sizeof(", and 63 more") > size) {
            left++;
            continue;
        }
        at += (size_t)snprintf(text + at, size - at, "%s%s", at > 0 ? ", " : "", name);
    }
    if (left > 0)
        snprintf(text + at, size - at, "%sand %zu more", at > 0 ? ", " : "", left);
}
