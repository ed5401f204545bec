/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/observe.h"

#include "base/memory.h"
#include "exposure/key.h"
#include "policy/origins.h"
#include "scan/log_address.h"
#include "scan/siphash.h"

#include <assert.h>

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/crypto_generichash.h>

enum {
    NAMES = 1024,
    NAME_MOST = 16,
    PLACES = 4096,
    AGENTS = 1024,
    AGENT_SIZE = 240,
    KEY_FOLDED = 256,
    SHOWN_SECRET = 12
};

/* Where an address is, as it was looked up. */
struct place {
    uint64_t who;
    uint32_t asn;
    uint16_t country;
};

/* A short name as it stands there, and its hash. */
struct name {
    uint64_t front, back; /* its first and last eight bytes: they overlap; of less all, twice */
    uint64_t who;
    uint8_t length; /* 0: none */
};

struct agent {
    uint64_t who;
    uint16_t length;
    uint8_t bytes[AGENT_SIZE];
};

struct observe_state {
    const struct route_map *map;
    const struct observe_keys *keys;
    const struct sources *sources;
    bool has_sources;
    struct place places[PLACES];
    struct name accounts[NAMES];
    struct agent agents[AGENTS];
    bool is_unmatched;
    const char *pattern;
    struct sql_match statement;
    uint8_t scratch[ROUTE_SCRATCH];
};

void
observe_keys_init(struct observe_keys *keys, const uint8_t secret[OBSERVE_SECRET])
{
    uint8_t *at = (uint8_t *)keys;

    static_assert(sizeof(*keys) % 16 == 0 && sizeof(*keys) / 16 == AXIS_COUNT + 2, "keys only");
    for (uint8_t i = 0; i < sizeof(*keys) / 16; i++)
        (void)crypto_generichash(at + i * (size_t)16, 16, &i, 1, secret, OBSERVE_SECRET);
}

int
observe_new(struct observe_state **slot, const struct route_map *map,
            const struct observe_keys *keys, const struct sources *sources)
{
    *slot = memory_new(1, sizeof(**slot));
    if (*slot == NULL)
        return PASU_E_NOMEM;
    (*slot)->map = map;
    (*slot)->keys = keys;
    (*slot)->sources = sources;
    (*slot)->has_sources =
        sources->has_countries || sources->has_systems || sources->carried != NULL;
    return 0;
}

void
observe_free(struct observe_state *observer)
{
    memory_free(observer);
}

static uint64_t
hash_of(const uint8_t key[16], const void *bytes, size_t length)
{
    uint64_t n = siphash(key, bytes, length);

    return n != 0 ? n : 1;
}

static uint64_t
hash_view(const uint8_t key[16], struct view v)
{
    return event_is_blank(v) ? 0 : hash_of(key, v.bytes, v.length);
}

/* ---- who asks ---- */

/* Less than eight bytes, with zeros behind. */
static inline uint64_t
short_word(struct view text)
{
    uint64_t word = 0;

    for (size_t i = 0; i < text.length; i++)
        word |= (uint64_t)text.bytes[i] << 8 * i;
    return word;
}

/* Where the name is remembered, or will be, as *is_known says; NULL: it is blank, or too long. */
static struct name *
name_of(struct name names[NAMES], struct view text, bool *is_known)
{
    uint64_t front, back, mixed;
    struct name *name;

    *is_known = false;
    if (event_is_blank(text) || text.length > NAME_MOST)
        return NULL;
    if (text.length < 8) {
        front = back = short_word(text);
    } else {
        front = siphash_word(text.bytes);
        back = siphash_word(text.bytes + text.length - 8);
    }
    mixed = (front ^ siphash_turn(back, 29)) * UINT64_C(0x9E3779B97F4A7C15);
    name = &names[mixed >> 54];
    *is_known = name->front == front && name->back == back && name->length == text.length;
    if (!*is_known) {
        name->front = front;
        name->back = back;
        name->length = (uint8_t)text.length;
    }
    return name;
}

static_assert(NAMES == 1 << 10, "a place is the upper ten bits");

static uint64_t
account_of(struct observe_state *o, struct view text)
{
    bool is_known;
    struct name *name = name_of(o->accounts, text, &is_known);

    if (name == NULL)
        return hash_view(o->keys->axis[AXIS_ACCOUNT], text);
    if (!is_known)
        name->who = hash_view(o->keys->axis[AXIS_ACCOUNT], text);
    return name->who;
}

static bool
is_asked(const struct observe_state *o, enum axis axis)
{
    return (o->map->axes >> axis & 1) != 0;
}

static void
look_up(struct observe_state *o, struct observation *to, const uint8_t bytes[16], uint64_t who)
{
    struct place *place = &o->places[who % PLACES];
    struct origin origin = {0};

    if (!o->has_sources)
        return;
    if (place->who != who) {
        sources_look_up_bytes(o->sources, bytes, &origin);
        *place = (struct place){who, origin.system, 0};
        if (origin.country[0] != '\0')
            place->country =
                (uint16_t)((uint8_t)origin.country[0] << 8 | (uint8_t)origin.country[1]);
    }
    to->country = place->country;
    to->asn = place->asn;
}

/* The address, whose place comes near where it is asked for. */
static void
take_address(struct observe_state *o, struct observation *to, uint64_t who, bool is_person)
{
    if (is_person)
        __builtin_prefetch(&o->places[who % PLACES]);
    if (is_asked(o, AXIS_ADDRESS))
        to->who[AXIS_ADDRESS] = who;
}

/* Where the address is. Of whom it is only to be known that they asked, it need not be read; and
 * where it is, of the detectors only those want to know that judge an account. */
static void
take_place(struct observe_state *o, const struct event *event, struct observation *to, uint64_t who,
           bool is_again)
{
    const uint8_t(*keys)[16] = o->keys->axis;
    uint8_t bytes[16];

    if (!log_address_read(bytes, log_address_last(event->slot[SLOT_ADDRESS])))
        return;
    if (is_again || to->who[AXIS_ACCOUNT] != 0 || o->sources->has_systems)
        look_up(o, to, bytes, who);
    if (is_asked(o, AXIS_ASN) && to->asn != 0)
        to->who[AXIS_ASN] = hash_of(keys[AXIS_ASN], &to->asn, sizeof(to->asn));
    if (is_asked(o, AXIS_NETWORK)) {
        log_address_network(bytes);
        to->who[AXIS_NETWORK] = hash_of(keys[AXIS_NETWORK], bytes, sizeof(bytes));
    }
}

/* Where a text's hash is kept. Programs differ in a digit, wherever it stands. */
static inline size_t
agent_place(struct view text)
{
    uint64_t mixed = text.length;

    if (text.length < 8)
        return (mixed ^ short_word(text)) * UINT64_C(0x9E3779B97F4A7C15) >> 54;
    for (size_t i = 0; i + 8 <= text.length; i += 8)
        mixed = (mixed ^ siphash_word(text.bytes + i)) * UINT64_C(0x9E3779B97F4A7C15);
    mixed ^= siphash_word(text.bytes + text.length - 8) ^ mixed >> 32;
    return mixed * UINT64_C(0x9E3779B97F4A7C15) >> 54;
}

static_assert(AGENTS == 1 << 10, "a place is the upper ten bits");

/* Programs call themselves at length, and there are few of them: what was hashed is kept. */
static uint64_t
agent_of(struct observe_state *o, struct view text)
{
    struct agent *agent;

    if (event_is_blank(text))
        return 0;
    if (text.length > AGENT_SIZE)
        return hash_view(o->keys->axis[AXIS_AGENT], text);
    agent = &o->agents[agent_place(text)];
    if (agent->length != text.length || memcmp(agent->bytes, text.bytes, text.length) != 0) {
        agent->who = hash_view(o->keys->axis[AXIS_AGENT], text);
        agent->length = (uint16_t)text.length;
        memcpy(agent->bytes, text.bytes, text.length);
    }
    return agent->who;
}

/* The hashes of the account and the address, made once of what comes again. */
static void
know(struct observe_state *o, const struct event *event, struct event_known *known)
{
    if (known->keys == o->keys)
        return;
    known->account = is_asked(o, AXIS_ACCOUNT) ? account_of(o, event->slot[SLOT_ACCOUNT]) : 0;
    known->address = log_address_hash(o->keys->axis[AXIS_ADDRESS], event->slot[SLOT_ADDRESS]);
    known->keys = o->keys;
}

/* All of them of who asks for a person. Of other requests detect counts those of an account and an
 * address, of logins it takes the account and the session: nothing else is made of the most lines.
 */
static void
take_who(struct observe_state *o, const struct event *event, struct observation *to, bool is_again)
{
    const uint8_t(*keys)[16] = o->keys->axis;
    bool is_person = to->what == OBSERVED_SHOWN || to->what == OBSERVED_MISS;
    struct event_known new = {0};
    struct event_known *known =
        event->what != EVENT_REQUEST && event->known != NULL ? event->known : &new;

    know(o, event, known);
    to->who[AXIS_ACCOUNT] = known->account;
    take_address(o, to, known->address, is_person);
    if (is_asked(o, AXIS_SESSION) && (is_person || to->what == OBSERVED_LOGIN))
        to->who[AXIS_SESSION] = hash_view(keys[AXIS_SESSION], event->slot[SLOT_SESSION]);
    if (!is_person)
        return;
    if (is_asked(o, AXIS_TOKEN))
        to->who[AXIS_TOKEN] = hash_view(keys[AXIS_TOKEN], event->slot[SLOT_TOKEN]);
    if (is_asked(o, AXIS_AGENT))
        to->who[AXIS_AGENT] = agent_of(o, event->slot[SLOT_AGENT]);
    take_place(o, event, to, known->address, is_again);
}

/* ---- whom it shows ---- */

static enum observed
what_of(const struct route *route, unsigned status, bool *is_sure)
{
    *is_sure = status >= 200 && status <= 299;
    if (route->is_login)
        return status == 0 || (status >= 200 && status <= 399) ? OBSERVED_LOGIN : OBSERVED_OTHER;
    if (status == 403 || status == 404 || status == 410)
        return OBSERVED_MISS;
    if (status == 204 || status == 205)
        return OBSERVED_OTHER;
    return *is_sure || status == 304 || status == 0 ? OBSERVED_SHOWN : OBSERVED_OTHER;
}

/* "0042" as 42, capitals as small letters: those are one person to many an application. */
static struct view
fold(struct view key, uint8_t folded[KEY_FOLDED])
{
    size_t digits = 0;

    while (digits < key.length && key.bytes[digits] >= '0' && key.bytes[digits] <= '9')
        digits++;
    if (digits == key.length) {
        while (key.length > 1 && key.bytes[0] == '0')
            key = view_of(key.bytes + 1, key.length - 1);
        return key;
    }
    if (key.length > KEY_FOLDED)
        return key;
    for (size_t i = 0; i < key.length; i++)
        folded[i] = key.bytes[i] >= 'A' && key.bytes[i] <= 'Z' ? key.bytes[i] | 0x20 : key.bytes[i];
    return view_of(folded, key.length);
}

static uint64_t
hash_key(const uint8_t key[16], uint8_t kind, struct view text)
{
    uint64_t n = hash_of(key, text.bytes, text.length) + kind * UINT64_C(0x9E3779B97F4A7C15);

    return n != 0 ? n : 1;
}

static void
put_subject(const struct observe_state *o, struct observation *to, struct observed_more *more,
            uint8_t kind, struct view key)
{
    PASU_UNINITIALIZED uint8_t folded[KEY_FOLDED]; /* fold says how much of it is filled */
    struct view text = fold(key, folded);
    int64_t number;

    to->kind = kind;
    to->subject = hash_key(o->keys->subject, kind, text);
    if (key_is_integer(text, &number) && number >= 0)
        to->number = (uint64_t)number;
    if (more == NULL)
        return;
    more->raw = hash_key(o->keys->raw, kind, key);
    more->is_plain = view_equal(key, text);
}

const char *
observe_pattern(const struct observe_state *o)
{
    return o->pattern;
}

bool
observe_is_unmatched(const struct observe_state *o)
{
    return o->is_unmatched;
}

/* What the first one has is the same for all. */
static size_t
put_subjects(struct observe_state *o, struct observation *to, struct observed_more *more,
             size_t count, const uint8_t *kinds, const struct view *keys, bool is_sure)
{
    struct observation seen = to[0];

    for (size_t i = 0; i < count; i++) {
        to[i] = seen;
        if (more != NULL)
            more[i].is_sure = is_sure;
        put_subject(o, &to[i], more != NULL ? &more[i] : NULL, kinds[i], keys[i]);
    }
    return count;
}

/* What a database's log says. */
static size_t
observe_server(struct observe_state *o, const struct event *event, struct observation *to,
               struct observed_more *more)
{
    struct sql_parameters parameters = {event->parameters, event->has_list};
    const struct route_map *map = o->map;

    to->what = event->what == EVENT_LOGIN ? OBSERVED_LOGIN : OBSERVED_OTHER;
    if (event->what == EVENT_STATEMENT && map->statement_count > 0) {
        enum sql_language language = event->is_mysql ? SQL_OF_MYSQL : SQL_OF_POSTGRESQL;

        bool can_touch =
            sql_templates_can_touch(map->statements, map->statement_count, event->statement);

        if (!event->is_cut && can_touch)
            sql_templates_find(map->statements, map->statement_count, language, event->statement,
                               &parameters, &o->statement);
        o->is_unmatched = o->statement.found == NULL &&
                          ((can_touch && sql_templates_touch(map->statements, map->statement_count,
                                                             language, event->statement)) ||
                           event->is_cut);
    }
    if (event->what != EVENT_STATEMENT || o->statement.found == NULL ||
        o->statement.key_count == 0) {
        take_who(o, event, to, more != NULL);
        return 1;
    }
    to->what = OBSERVED_SHOWN;
    to->fields = o->statement.found->fields;
    take_who(o, event, to, more != NULL);
    o->pattern = o->statement.found->sql;
    return put_subjects(o, to, more, o->statement.key_count, o->statement.kinds, o->statement.keys,
                        false);
}

/* The keys of whom it shows: those of the path, or of who asks. Without any it shows nobody. */
static size_t
keys_of(const struct event *event, struct route_match *match)
{
    const struct route *route = match->route;

    if (route->whom >= 0) {
        match->keys[0] = event->slot[route->whom];
        match->kinds[0] = route->kind;
        match->key_count = !event_is_blank(match->keys[0]);
    }
    return match->key_count;
}

size_t
observe(struct observe_state *o, const struct event *event, struct observation *to,
        struct observed_more *more)
{
    PASU_UNINITIALIZED struct route_match match; /* routes_find fills in what it says */
    bool is_sure = false;

    memset(to, 0, sizeof(*to));
    to->time = event->time;
    to->number = NUMBER_NONE;
    to->what = OBSERVED_OTHER;
    o->is_unmatched = false;
    o->pattern = NULL;
    if (event->what != EVENT_REQUEST) {
        o->statement.found = NULL;
        return observe_server(o, event, to, more);
    }
    routes_find(&o->map->routes, event, o->scratch, &match);
    if (match.is_too_long)
        return 0;
    if (match.route != NULL)
        to->what = (uint8_t)what_of(match.route, event->status, &is_sure);
    if (to->what != OBSERVED_SHOWN && to->what != OBSERVED_MISS) {
        take_who(o, event, to, more != NULL);
        return 1;
    }
    o->pattern = match.route->path;
    if (keys_of(event, &match) == 0) { /* the log does not say who is logged in */
        to->what = OBSERVED_OTHER;
        take_who(o, event, to, more != NULL);
        return 1;
    }
    if (to->what == OBSERVED_SHOWN)
        to->fields = match.route->fields;
    take_who(o, event, to, more != NULL);
    return put_subjects(o, to, more, match.key_count, match.kinds, match.keys,
                        is_sure && to->what == OBSERVED_SHOWN);
}

/* ---- names ---- */

/* Printable, and at most `most` bytes of it. */
static void
put_name(char name[OBSERVE_NAME], struct view text, size_t most)
{
    size_t length = text.length < most ? text.length : most, used = 0;

    for (size_t i = 0; i < length && used + 5 < OBSERVE_NAME; i++) {
        if (text.bytes[i] >= ' ' && text.bytes[i] != 0x7f)
            name[used++] = (char)text.bytes[i];
        else
            name[used++] = '?';
    }
    name[used] = '\0';
    if (used < text.length)
        snprintf(name + used, OBSERVE_NAME - used, "…");
}

static void
name_address(struct observe_state *o, const struct event *event, enum axis axis,
             char name[OBSERVE_NAME])
{
    struct view text = log_address_last(event->slot[SLOT_ADDRESS]);
    struct observation found = {0};
    char address[INET6_ADDRSTRLEN];
    uint8_t bytes[16];

    if (event_is_blank(text))
        return;
    if (!log_address_read(bytes, text)) {
        if (axis == AXIS_ADDRESS)
            put_name(name, text, OBSERVE_NAME / 2);
        return;
    }
    if (axis == AXIS_ASN) {
        look_up(o, &found, bytes, log_address_hash(o->keys->axis[AXIS_ADDRESS], text));
        if (found.asn != 0)
            snprintf(name, OBSERVE_NAME, "AS%u", found.asn);
        return;
    }
    if (axis == AXIS_NETWORK)
        log_address_network(bytes);
    log_address_text(address, bytes);
    snprintf(name, OBSERVE_NAME, "%s%s", address,
             axis != AXIS_NETWORK           ? ""
             : strchr(address, '.') != NULL ? "/24"
                                            : "/48");
}

void
observe_name(struct observe_state *o, const struct event *event, enum axis axis,
             char name[OBSERVE_NAME])
{
    static const enum slot slots[] = {[AXIS_ACCOUNT] = SLOT_ACCOUNT,
                                      [AXIS_TOKEN] = SLOT_TOKEN,
                                      [AXIS_SESSION] = SLOT_SESSION,
                                      [AXIS_AGENT] = SLOT_AGENT};
    bool is_secret = axis == AXIS_TOKEN || axis == AXIS_SESSION;
    struct view text;

    name[0] = '\0';
    if (axis == AXIS_ADDRESS || axis == AXIS_NETWORK || axis == AXIS_ASN) {
        name_address(o, event, axis, name);
        return;
    }
    text = event->slot[slots[axis]];
    if (event_is_blank(text))
        return;
    put_name(name, text,
             is_secret && text.length > 2 * SHOWN_SECRET ? SHOWN_SECRET : OBSERVE_NAME / 2);
}
