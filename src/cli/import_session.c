/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import_session.h"

#include "base/memory.h"

#include <inttypes.h>

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/crypto_generichash.h>

enum { FIRST = 1024 };

/* ---- names ---- */

/* Tokens begin alike, and only their beginning is told: the hash of the whole keeps them apart. */
static void
name_session(char name[OBSERVE_NAME], struct observe_state *observer, const struct event *event)
{
    const struct view *whole = &event->slot[SLOT_SESSION];
    size_t length;
    uint64_t hash;

    observe_name(observer, event, AXIS_SESSION, name);
    length = strlen(name);
    if (length == 0 || (whole->length == length && memcmp(whole->bytes, name, length) == 0))
        return;
    (void)crypto_generichash((uint8_t *)&hash, sizeof(hash), whole->bytes, whole->length, NULL, 0);
    snprintf(name + length, OBSERVE_NAME - length, " %016" PRIx64, hash);
}

/* Of a database's log the account is the role; else whatever tells best who it was. */
static void
name_it(struct message_session *to, struct observe_state *observer, const struct event *event,
        const struct observation *o)
{
    char name[OBSERVE_NAME];

    snprintf(to->gateway, sizeof(to->gateway), "%s", SESSION_IMPORTED);
    observe_name(observer, event, AXIS_ADDRESS, name);
    snprintf(to->address, sizeof(to->address), "%.*s", (int)sizeof(to->address) - 1, name);
    observe_name(observer, event, AXIS_AGENT, name);
    snprintf(to->application, sizeof(to->application), "%.*s", (int)sizeof(to->application) - 1,
             name);
    observe_name(observer, event, AXIS_ACCOUNT, name);
    if (name[0] == '\0')
        name_session(name, observer, event);
    if (name[0] == '\0')
        observe_name(observer, event, AXIS_ADDRESS, name);
    snprintf(to->principal, sizeof(to->principal), "%.*s", (int)sizeof(to->principal) - 1, name);
    to->opened = o->time;
    if (o->country != 0 || o->asn != 0) {
        to->origin.is_known = 1;
        to->origin.system = o->asn;
        if (o->country != 0) {
            to->origin.country[0] = (char)(o->country >> 8);
            to->origin.country[1] = (char)(o->country & 0xff);
        }
    }
}

static void
hash_it(uint8_t hash[16], const struct message_session *s)
{
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, NULL, 0, 16);
    (void)crypto_generichash_update(&state, (const uint8_t *)s->principal, sizeof(s->principal));
    (void)crypto_generichash_update(&state, (const uint8_t *)s->address, sizeof(s->address));
    (void)crypto_generichash_update(&state, (const uint8_t *)s->application,
                                    sizeof(s->application));
    (void)crypto_generichash_final(&state, hash, 16);
}

/* ---- tables ---- */

static int
set_grow(struct import_set *set)
{
    struct import_set larger = {.size = set->size > 0 ? 2 * set->size : FIRST};
    int result = 0;

    larger.slots = memory_new(larger.size, sizeof(*larger.slots));
    if (larger.slots == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < set->size && result == 0; i++)
        if (set->slots[i] != 0)
            result = import_set_add(&larger, set->slots[i]);
    memory_free(set->slots);
    *set = larger;
    return result;
}

int
import_set_add(struct import_set *set, uint64_t number)
{
    size_t at;

    if (2 * (set->count + 1) > set->size) {
        int result = set_grow(set);

        if (result != 0)
            return result;
    }
    at = (number ^ number >> 32) * 0x9E3779B97F4A7C15u >> 20 & (set->size - 1);
    while (set->slots[at] != 0 && set->slots[at] != number)
        at = (at + 1) & (set->size - 1);
    set->count += set->slots[at] == 0;
    set->slots[at] = number;
    return 0;
}

static size_t
find(const struct import_sessions *s, const uint8_t hash[16])
{
    uint64_t at;

    memcpy(&at, hash, sizeof(at));
    for (at &= s->size - 1; s->items[at] != NULL && memcmp(s->items[at]->hash, hash, 16) != 0;)
        at = (at + 1) & (s->size - 1);
    return at;
}

static int
grow(struct import_sessions *s)
{
    struct import_sessions larger = *s;

    larger.size = s->size > 0 ? 2 * s->size : FIRST;
    larger.items = memory_new(larger.size, sizeof(*larger.items));
    if (larger.items == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < s->size; i++)
        if (s->items[i] != NULL)
            larger.items[find(&larger, s->items[i]->hash)] = s->items[i];
    memory_free(s->items);
    *s = larger;
    return 0;
}

/* By 64 bits of the name's hash. */
static int
count_principal(struct import_sessions *s, const char *name)
{
    uint8_t hash[16];
    uint64_t key;

    (void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)name, strlen(name), NULL, 0);
    memcpy(&key, hash, sizeof(key));
    return import_set_add(&s->principals, key + (key == 0));
}

static struct import_session *
new_session(const uint8_t hash[16], const struct message_session *told)
{
    struct import_session *session = memory_new(1, sizeof(*session));

    if (session == NULL)
        return NULL;
    session->opening = memory_new(1, sizeof(*session->opening));
    if (session->opening == NULL) {
        memory_free(session);
        return NULL;
    }
    *session->opening = *told;
    memcpy(session->hash, hash, 16);
    session->session = told->session;
    return session;
}

int
import_session_of(struct import_sessions *s, struct observe_state *observer,
                  const struct event *event, const struct observation *o,
                  struct import_session **found)
{
    struct message_session told = {0};
    uint8_t hash[16];
    size_t at;

    name_it(&told, observer, event, o);
    hash_it(hash, &told);
    if (2 * (s->count + 1) > s->size) {
        int result = grow(s);

        if (result != 0)
            return result;
    }
    at = find(s, hash);
    *found = s->items[at];
    if (*found != NULL)
        return 0;
    while (told.session == 0)
        if (os_real.random(os_real.arg, &told.session, sizeof(told.session)) != 0)
            return PASU_E_CRYPTO;
    *found = s->items[at] = new_session(hash, &told);
    if (*found == NULL)
        return PASU_E_NOMEM;
    s->count++;
    return count_principal(s, told.principal);
}

int
import_session_open(struct import_session *session, struct record_keeping *records)
{
    union payload_body body = {0};
    int result;

    if (session->opening == NULL)
        return 0;
    body.opened = *session->opening;
    result = record_other(records, SEGMENT_OPENED, &body);
    if (result != 0)
        return result;
    memory_free(session->opening);
    session->opening = NULL;
    return 0;
}

int
import_sessions_close(struct import_sessions *s, struct record_keeping *records)
{
    int result = 0;

    for (size_t i = 0; i < s->size && result == 0; i++) {
        const struct import_session *session = s->items[i];
        union payload_body body = {0};

        if (session == NULL || session->opening != NULL)
            continue;
        body.closed = (struct message_closed){
            .session = session->session, .closed = session->last, .counts = session->counts};
        result = record_other(records, SEGMENT_CLOSED, &body);
    }
    return result;
}

void
import_sessions_release(struct import_sessions *s)
{
    for (size_t i = 0; i < s->size; i++)
        if (s->items[i] != NULL) {
            memory_free(s->items[i]->opening);
            memory_free(s->items[i]);
        }
    memory_free(s->items);
    memory_free(s->principals.slots);
}
