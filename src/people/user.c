/* SPDX-License-Identifier: Apache-2.0 */
#include "people/user.h"

#include "base/error.h"
#include "base/memory.h"
#include "people/urn.h"

enum { TIME_SIZE = 40 };

int
scim_fail(struct scim_fault *fault, int status, const char *type, const char *format, ...)
{
    va_list arguments;

    fault->status = status;
    fault->type = type;
    va_start(arguments, format);
    vsnprintf(fault->detail, sizeof(fault->detail), format, arguments);
    va_end(arguments);
    return PASU_E_MALFORMED;
}

struct user *
user_new(void)
{
    struct user *user = memory_new(1, sizeof(*user));

    if (user)
        user->is_active = true;
    return user;
}

void
user_free(struct user *user)
{
    if (!user)
        return;
    for (size_t i = 0; i < USER_TEXTS; i++)
        memory_free(user->texts[i]);
    memory_free(user);
}

int
user_set(struct user *user, enum user_text which, const char *text)
{
    char *copy = text ? memory_dup(text, strlen(text)) : NULL;

    if (text && !copy)
        return PASU_E_NOMEM;
    memory_free(user->texts[which]);
    user->texts[which] = copy;
    return 0;
}

struct user *
user_dup(const struct user *user)
{
    struct user *copy = user_new();
    int result = copy ? 0 : PASU_E_NOMEM;

    for (size_t i = 0; i < USER_TEXTS && result == 0; i++)
        result = user_set(copy, (enum user_text)i, user->texts[i]);
    if (result != 0) {
        user_free(copy);
        return NULL;
    }
    copy->is_active = user->is_active;
    copy->is_deleted = user->is_deleted;
    copy->created = user->created;
    copy->modified = user->modified;
    return copy;
}

const char *
user_text(const struct user *user, enum user_text which)
{
    return user->texts[which] ? user->texts[which] : "";
}

const char *
user_called(const struct user *user)
{
    if (user->texts[USER_DISPLAY_NAME])
        return user->texts[USER_DISPLAY_NAME];
    return user->texts[USER_FORMATTED] ? user->texts[USER_FORMATTED] : user_text(user, USER_NAME);
}

void
user_clear(struct user *user)
{
    for (size_t i = USER_NAME; i < USER_TEXTS; i++) {
        memory_free(user->texts[i]);
        user->texts[i] = NULL;
    }
}

/* ---- as JSON ---- */

static int
put(json_t *object, const char *name, const char *text)
{
    return text ? json_object_set_new(object, name, json_string(text)) : 0;
}

static json_t *
meta_json(const struct user *user, const char *base)
{
    char created[TIME_SIZE], modified[TIME_SIZE];

    log_time_text(created, sizeof(created), user->created);
    log_time_text(modified, sizeof(modified), user->modified);
    return json_pack("{ss ss ss so}", "resourceType", "User", "created", created, "lastModified",
                     modified, "location",
                     json_sprintf("%s/Users/%s", base, user_text(user, USER_ID)));
}

json_t *
user_json(const struct user *user, const char *base)
{
    const char *manager = user->texts[USER_MANAGER];
    json_t *object = json_pack("{s[s] ss ss sb so}", "schemas", URN_USER, "id",
                               user_text(user, USER_ID), "userName", user_text(user, USER_NAME),
                               "active", user->is_active, "meta", meta_json(user, base));
    int failed = object ? 0 : -1;

    if (failed == 0)
        failed |= put(object, "externalId", user->texts[USER_EXTERNAL_ID]) |
                  put(object, "displayName", user->texts[USER_DISPLAY_NAME]) |
                  put(object, "nickName", user->texts[USER_NICK_NAME]) |
                  put(object, "userType", user->texts[USER_TYPE]);
    if (failed == 0 && user->texts[USER_FORMATTED])
        failed |= json_object_set_new(object, "name",
                                      json_pack("{ss}", "formatted", user->texts[USER_FORMATTED]));
    if (failed == 0 && user->texts[USER_EMAIL])
        failed |= json_object_set_new(object, "emails",
                                      json_pack("[{ss ss sb}]", "value", user->texts[USER_EMAIL],
                                                "type", "work", "primary", true));
    if (failed == 0 && manager)
        failed |=
            json_object_set_new(object, URN_ENTERPRISE,
                                json_pack("{s{ss}}", "manager", "value", manager)) |
            json_array_append_new(json_object_get(object, "schemas"), json_string(URN_ENTERPRISE));
    if (failed == 0)
        return object;
    json_decref(object);
    return NULL;
}
