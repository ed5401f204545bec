/* SPDX-License-Identifier: Apache-2.0 */
#include "people/import.h"

#include "base/error.h"
#include "base/memory.h"

enum { ID_SIZE = 32 };

bool
scim_import_is_one(struct view bytes)
{
    for (size_t i = 0; i < bytes.length; i++)
        if (memchr(" \t\r\n", bytes.bytes[i], 4) == NULL)
            return bytes.bytes[i] == '{' || bytes.bytes[i] == '[';
    return false;
}

/* The users, borrowed from the document. NULL with a fault: it has not all of them. */
static const json_t *
users_of(const json_t *document, char fault[SCIM_IMPORT_FAULT_SIZE])
{
    const json_t *resources = json_object_get(document, "Resources");
    const json_t *total = json_object_get(document, "totalResults");

    if (!resources)
        return document;
    if (!json_is_array(resources)) {
        snprintf(fault, SCIM_IMPORT_FAULT_SIZE, "1: Resources is no list");
        return NULL;
    }
    if (json_is_integer(total) &&
        json_integer_value(total) > (json_int_t)json_array_size(resources)) {
        snprintf(fault, SCIM_IMPORT_FAULT_SIZE,
                 "1: it is one page, with %zu of %lld users: all must be in the file",
                 json_array_size(resources), (long long)json_integer_value(total));
        return NULL;
    }
    return resources;
}

static int
add_user(struct people *people, const json_t *resource, size_t number, int64_t now,
         struct scim_fault *fault)
{
    const char *given = json_string_value(json_object_get(resource, "id"));
    struct user *user = user_new();
    char id[ID_SIZE];
    int result = user ? user_take(user, resource, fault) : PASU_E_NOMEM;

    snprintf(id, sizeof(id), "%zu", number + 1); /* managers are named by the ids that there are */
    if (result == 0 && !user->texts[USER_NAME])
        result = scim_fail(fault, 400, NULL, "userName is missing");
    if (result == 0 && given && strlen(given) > USER_TEXT_MAX)
        result = scim_fail(fault, 400, NULL, "id is longer than %d bytes", (int)USER_TEXT_MAX);
    if (result == 0)
        result = user_set(user, USER_ID, given && *given ? given : id);
    if (result == 0) {
        user->created = user->modified = now;
        result = people_put(people, NULL, user, fault);
    }
    if (result != 0)
        user_free(user);
    return result;
}

static int
add_users(struct people *people, const json_t *users, int64_t now,
          char text[SCIM_IMPORT_FAULT_SIZE])
{
    size_t count = json_is_array(users) ? json_array_size(users) : 1;

    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(users) ? json_array_get(users, i) : users;
        struct scim_fault fault = {0};
        int result = add_user(people, one, i, now, &fault);

        if (result == PASU_E_MALFORMED)
            snprintf(text, SCIM_IMPORT_FAULT_SIZE, "1: user %zu: %s", i + 1, fault.detail);
        if (result != 0)
            return result;
    }
    return 0;
}

int
scim_import(uint8_t **roster, size_t *length, struct view bytes,
            enum principals_scim_principal principal, int64_t now,
            char fault[SCIM_IMPORT_FAULT_SIZE])
{
    json_error_t error;
    json_t *document =
        json_loadb((const char *)bytes.bytes, bytes.length, JSON_REJECT_DUPLICATES, &error);
    const json_t *users = document ? users_of(document, fault) : NULL;
    struct people directory;
    int result;

    *roster = NULL;
    if (!document)
        snprintf(fault, SCIM_IMPORT_FAULT_SIZE, "%d: is not JSON, or a key is there twice",
                 error.line > 0 ? error.line : 1);
    people_init(&directory, principal);
    result = users ? add_users(&directory, users, now, fault) : PASU_E_MALFORMED;
    if (result == 0)
        result = people_write(roster, length, &directory);
    if (result == PASU_E_RANGE) {
        snprintf(fault, SCIM_IMPORT_FAULT_SIZE, "1: has more users than a roster can have");
        result = PASU_E_MALFORMED;
    }
    people_release(&directory);
    json_decref(document);
    return result;
}
