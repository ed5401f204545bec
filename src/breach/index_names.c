/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_names.h"

#include "base/memory.h"
#include "breach/index_key.h"
#include "breach/pack.h"

static const char letters[INDEX_LISTS] = {INDEX_PRINCIPAL, INDEX_PROFILE, INDEX_CLASS,
                                          INDEX_VOCABULARY};

void
index_names_release(struct index_names *names)
{
    for (size_t i = 0; i < INDEX_LISTS; i++)
        interner_release(&names->lists[i]);
}

static int
load_list(struct interner *list, struct index_walk *walk, char letter)
{
    struct index_key from = index_key_number(letter, 0);
    struct view key, value;
    int result = index_walk_seek(walk, index_key_view(&from), &key, &value);

    while (result == 1 && key.bytes[0] == (uint8_t)letter) {
        if (key.length != from.length || bytes_get_u32(key.bytes + 1) != list->count + 1)
            return PASU_E_CORRUPT;
        if (letter == INDEX_CLASS && index_class_check(value) != 0)
            return PASU_E_CORRUPT;
        if (interner_number(list, value) != list->count)
            return PASU_E_CORRUPT;
        result = index_walk_next(walk, &key, &value);
    }
    return result < 0 ? result : 0;
}

int
index_names_load(struct index_names *names, struct index *index)
{
    struct index_walk walk;
    int result = index_walk_begin(&walk, index, INDEX_MAIN);

    for (size_t i = 0; result == 0 && i < INDEX_LISTS; i++) {
        result = load_list(&names->lists[i], &walk, letters[i]);
        names->saved[i] = names->lists[i].count;
    }
    index_walk_end(&walk);
    return result;
}

int
index_names_save(struct index_names *names, struct index *index)
{
    int result = 0;

    for (size_t i = 0; i < INDEX_LISTS; i++)
        for (; result == 0 && names->saved[i] < names->lists[i].count; names->saved[i]++) {
            uint32_t number = (uint32_t)names->saved[i] + 1;
            struct index_key key = index_key_number(letters[i], number);

            result = index_put(index, INDEX_MAIN, index_key_view(&key),
                               interner_string(&names->lists[i], number));
        }
    return result;
}

uint32_t
index_names_profile(struct index_names *names, const struct session_info *session)
{
    uint32_t principal = interner_number(&names->principals, view_of_text(session->principal));
    struct pack pack = {0};
    uint32_t number = 0;

    pack_u32(&pack, principal);
    pack_text(&pack, session->gateway);
    pack_text(&pack, session->principal);
    pack_text(&pack, session->database);
    pack_text(&pack, session->application);
    pack_text(&pack, session->address);
    pack_bytes(&pack, &session->origin, sizeof(session->origin));
    if (!pack.failed && principal != 0)
        number = interner_number(&names->profiles, pack_view(&pack));
    pack_release(&pack);
    return number;
}

int
index_names_session(const struct index_names *names, uint32_t profile,
                    struct message_session *session)
{
    struct reader r = reader_of(interner_string(&names->profiles, profile));
    uint32_t principal = little_read_u32(&r);
    struct view origin;

    unpack_text(&r, session->gateway, sizeof(session->gateway));
    unpack_text(&r, session->principal, sizeof(session->principal));
    unpack_text(&r, session->database, sizeof(session->database));
    unpack_text(&r, session->application, sizeof(session->application));
    unpack_text(&r, session->address, sizeof(session->address));
    origin = reader_bytes(&r, sizeof(session->origin));
    if (!r.failed)
        memcpy(&session->origin, origin.bytes, sizeof(session->origin));
    if (principal == 0 || principal > names->principals.count)
        return PASU_E_CORRUPT;
    return reader_end(&r) == 0 ? 0 : PASU_E_CORRUPT;
}

uint32_t
index_names_principal(const struct index_names *names, uint32_t profile)
{
    struct reader r = reader_of(interner_string(&names->profiles, profile));

    return little_read_u32(&r);
}

int
index_names_vocabulary(const struct index_names *names, uint32_t number,
                       struct vocabulary *vocabulary)
{
    return vocabulary_decode(vocabulary, interner_string(&names->vocabularies, number)) == 0
               ? 0
               : PASU_E_CORRUPT;
}
