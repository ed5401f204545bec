/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of a user, by the paths that requests name them with. What says whether somebody is
 * there is understood or refused, never passed over; other attributes that pasu does not keep are
 * passed over.
 */
#include "people/user.h"

#include "base/error.h"
#include "base/utf8.h"
#include "people/urn.h"

#include <ctype.h>

enum { PATH_SIZE = 256, OPERATIONS_MAX = 100 };

enum target {
    TARGET_NONE,
    TARGET_ACTIVE,
    TARGET_EMAILS,
    TARGET_NAME,
    TARGET_EXTENSION,
    TARGET_TEXT
};

static const struct {
    const char *path; /* in small letters, without the core schema's name */
    enum target target;
    enum user_text text;
} targets[] = {
    {"active", TARGET_ACTIVE, USER_TEXTS},
    {"username", TARGET_TEXT, USER_NAME},
    {"externalid", TARGET_TEXT, USER_EXTERNAL_ID},
    {"displayname", TARGET_TEXT, USER_DISPLAY_NAME},
    {"nickname", TARGET_TEXT, USER_NICK_NAME},
    {"usertype", TARGET_TEXT, USER_TYPE},
    {"emails", TARGET_EMAILS, USER_EMAIL},
    {"emails.value", TARGET_TEXT, USER_EMAIL},
    {"emails[type eq \"work\"]", TARGET_EMAILS, USER_EMAIL},
    {"emails[type eq \"work\"].value", TARGET_TEXT, USER_EMAIL},
    {"emails[primary eq true].value", TARGET_TEXT, USER_EMAIL},
    {"name", TARGET_NAME, USER_FORMATTED},
    {"name.formatted", TARGET_TEXT, USER_FORMATTED},
    {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:user", TARGET_EXTENSION, USER_TEXTS},
    {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:manager", TARGET_TEXT,
     USER_MANAGER},
    {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:manager.value", TARGET_TEXT,
     USER_MANAGER},
};

struct taking {
    struct user *user;
    struct scim_fault *fault;
    bool is_remove;
    uint32_t seen; /* targets that one object has set, by bit */
};

static int take_members(struct taking *t, const json_t *object, const char *before);

/* ---- values ---- */

/* The one value that there is: itself, or that of a list of one, or of {"value": …}. */
static const json_t *
only_value(const json_t *value)
{
    if (json_is_array(value) && json_array_size(value) == 1)
        value = json_array_get(value, 0);
    if (json_is_object(value) && json_object_get(value, "value"))
        value = json_object_get(value, "value");
    return value;
}

/* It is shown on terminals and written into a line. */
static bool
is_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7F)
            return false;
    return true;
}

static int
take_text(struct taking *t, enum user_text which, const json_t *value, const char *path)
{
    const json_t *only = only_value(value);
    const char *text;
    size_t length;

    if (t->is_remove || !only || json_is_null(only)) {
        if (which == USER_NAME)
            return scim_fail(t->fault, 400, "mutability", "userName cannot be taken away");
        return user_set(t->user, which, NULL);
    }
    if (!json_is_string(only))
        return scim_fail(t->fault, 400, "invalidValue", "%.80s is not a text", path);
    text = json_string_value(only);
    length = json_string_length(only);
    if (length > USER_TEXT_MAX)
        return scim_fail(t->fault, 400, "invalidValue", "%.80s is longer than %d bytes", path,
                         (int)USER_TEXT_MAX);
    if (memchr(text, 0, length) || !is_plain(text, length))
        return scim_fail(t->fault, 400, "invalidValue", "%.80s has control characters", path);
    if (which == USER_NAME && length == 0)
        return scim_fail(t->fault, 400, "invalidValue", "userName is empty");
    return user_set(t->user, which, length > 0 ? text : NULL);
}

/* true, false, or these words in any case: Entra ID writes "False". */
static int
take_active(struct taking *t, const json_t *value)
{
    const json_t *only = only_value(value);
    const char *word = json_string_value(only);

    if (!t->is_remove && json_is_boolean(only)) {
        t->user->is_active = json_is_true(only);
        return 0;
    }
    if (!t->is_remove && word &&
        (strcasecmp(word, "true") == 0 || strcasecmp(word, "false") == 0)) {
        t->user->is_active = strcasecmp(word, "true") == 0;
        return 0;
    }
    return scim_fail(t->fault, 400, "invalidValue", "active is neither true nor false");
}

static bool
is_primary(const json_t *email)
{
    const json_t *primary = json_object_get(email, "primary");
    const char *word = json_string_value(primary);

    return json_is_true(primary) || (word && strcasecmp(word, "true") == 0);
}

static int
take_emails(struct taking *t, const json_t *value, const char *path)
{
    const json_t *one, *chosen = json_is_array(value) ? json_array_get(value, 0) : value;
    size_t i;

    json_array_foreach(value, i, one) if (is_primary(one))
    {
        chosen = one;
        break;
    }
    return take_text(t, USER_EMAIL, chosen, path);
}

/* Of a name its whole form is kept, or made of its parts. */
static int
take_name(struct taking *t, const json_t *value)
{
    const char *formatted = json_string_value(json_object_get(value, "formatted"));
    const char *given = json_string_value(json_object_get(value, "givenName"));
    const char *family = json_string_value(json_object_get(value, "familyName"));
    char text[2 * USER_TEXT_MAX + 2];
    json_t *made;
    int result;

    if (formatted || (!given && !family && !t->is_remove))
        return formatted ? take_text(t, USER_FORMATTED, json_object_get(value, "formatted"), "name")
                         : 0;
    if (t->is_remove)
        return take_text(t, USER_FORMATTED, NULL, "name");
    snprintf(text, sizeof(text), "%.255s%s%.255s", given ? given : "", given && family ? " " : "",
             family ? family : "");
    text[utf8_cut(text, USER_TEXT_MAX)] = '\0';
    made = json_string(text);
    if (!made)
        return PASU_E_NOMEM;
    result = take_text(t, USER_FORMATTED, made, "name");
    json_decref(made);
    return result;
}

/* ---- paths ---- */

static size_t
find_target(const char *path)
{
    size_t i = 0;

    while (i < COUNT_OF(targets) && strcmp(targets[i].path, path) != 0)
        i++;
    return i;
}

/* The path as the table has it. False where it is too long to be in it. */
static bool
fold_path(char folded[PATH_SIZE], const char *before, const char *path)
{
    const char *core = URN_USER;
    int n = snprintf(folded, PATH_SIZE, "%s%s", before, path);
    size_t length = strlen(core);

    if (n < 0 || n >= PATH_SIZE)
        return false;
    for (char *at = folded; *at; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;
    if (strncasecmp(folded, core, length) == 0 && (folded[length] == ':' || folded[length] == '\0'))
        memmove(folded, folded + length + (folded[length] == ':'),
                strlen(folded + length + (folded[length] == ':')) + 1);
    return true;
}

/* "active[…]", "active.value", "/active", " active", "…:User.active": none of these may be passed
 * over in silence. */
static bool
can_mean_active(const char *folded)
{
    static const char word[] = "active";
    const char *at = folded;

    if (strncmp(folded, word, strlen(word)) == 0)
        return true;
    while ((at = strstr(at + 1, word)) != NULL)
        if (!isalnum((uint8_t)at[-1]) && !isalnum((uint8_t)at[strlen(word)]))
            return true;
    return false;
}

/* `before` stands before the path: the name of a schema, or nothing. */
static int
take(struct taking *t, const char *before, const char *path, const json_t *value)
{
    char folded[PATH_SIZE];
    size_t at;

    if (!fold_path(folded, before, path))
        return scim_fail(t->fault, 400, "invalidPath", "a path is too long");
    if (folded[0] == '\0') /* the core schema itself */
        return json_is_object(value)
                   ? take_members(t, value, "")
                   : scim_fail(t->fault, 400, "invalidValue", "a schema's value is no object");
    at = find_target(folded);
    if (at == COUNT_OF(targets)) {
        if (can_mean_active(folded))
            return scim_fail(t->fault, 400, "invalidPath", "\"%.80s\" is no path that is known",
                             folded);
        return 0;
    }
    if (t->seen & (1u << at))
        return scim_fail(t->fault, 400, "invalidSyntax", "%.80s is there twice", folded);
    t->seen |= 1u << at;
    switch (targets[at].target) {
    case TARGET_ACTIVE:
        return take_active(t, value);
    case TARGET_EMAILS:
        return take_emails(t, value, path);
    case TARGET_NAME:
        return take_name(t, value);
    case TARGET_EXTENSION:
        return json_is_object(value) ? take_members(t, value, URN_ENTERPRISE ":") : 0;
    case TARGET_TEXT:
        return take_text(t, targets[at].text, value, path);
    case TARGET_NONE:
        break;
    }
    return 0;
}

static int
take_members(struct taking *t, const json_t *object, const char *before)
{
    const char *name;
    json_t *value;
    int result = 0;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        result = take(t, before, name, value);
        if (result != 0)
            break;
    }
    return result;
}

int
user_take(struct user *user, const json_t *resource, struct scim_fault *fault)
{
    struct taking t = {.user = user, .fault = fault};

    if (!json_is_object(resource))
        return scim_fail(fault, 400, "invalidSyntax", "a user is an object");
    return take_members(&t, resource, "");
}

/* ---- PATCH ---- */

/* A member by its name in any case. */
static const json_t *
member(const json_t *object, const char *wanted)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name,
                        value) if (strcasecmp(name, wanted) == 0) return value;
    return NULL;
}

static int
patch_one(struct user *user, const json_t *operation, struct scim_fault *fault)
{
    const char *op = json_string_value(member(operation, "op"));
    const json_t *path = member(operation, "path"), *value = member(operation, "value");
    struct taking t = {.user = user, .fault = fault};

    if (!op || (strcasecmp(op, "add") != 0 && strcasecmp(op, "replace") != 0 &&
                strcasecmp(op, "remove") != 0))
        return scim_fail(fault, 400, "invalidSyntax", "op is none of add, replace, remove");
    t.is_remove = strcasecmp(op, "remove") == 0;
    if (path && !json_is_null(path) && !json_is_string(path))
        return scim_fail(fault, 400, "invalidPath", "path is not a text");
    if (json_is_string(path) && json_string_length(path) > 0)
        return take(&t, "", json_string_value(path), value);
    if (t.is_remove)
        return scim_fail(fault, 400, "noTarget", "remove needs a path");
    if (!json_is_object(value))
        return scim_fail(fault, 400, "invalidValue", "without a path, value is an object");
    return take_members(&t, value, "");
}

int
user_patch(struct user *user, const json_t *request, struct scim_fault *fault)
{
    const json_t *operations = member(request, "Operations"), *operation;
    size_t i;

    if (!json_is_array(operations) || json_array_size(operations) == 0)
        return scim_fail(fault, 400, "invalidSyntax", "there are no Operations");
    if (json_array_size(operations) > OPERATIONS_MAX)
        return scim_fail(fault, 400, "tooMany", "there are more than %d Operations",
                         (int)OPERATIONS_MAX);
    json_array_foreach(operations, i, operation)
    {
        int result = patch_one(user, operation, fault);

        if (result != 0)
            return result;
    }
    return 0;
}
