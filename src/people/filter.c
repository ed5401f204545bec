/* SPDX-License-Identifier: Apache-2.0 */
#include "people/filter.h"

#include "base/error.h"

static const struct {
    const char *name;
    enum user_text text;
    bool is_folded;
} attributes[] = {
    {"userName", USER_NAME, true},
    {"externalId", USER_EXTERNAL_ID, false},
    {"id", USER_ID, false},
    {"displayName", USER_DISPLAY_NAME, true},
    {"nickName", USER_NICK_NAME, true},
    {"userType", USER_TYPE, true},
    {"emails", USER_EMAIL, true},
    {"emails.value", USER_EMAIL, true},
    {"active", USER_TEXTS, false},
};

static int
refuse(struct scim_fault *fault, const char *detail)
{
    return scim_fail(fault, 400, "invalidFilter", "%s", detail);
}

/* Passes over a word and the spaces behind it; its length. */
static size_t
take_word(const char **at)
{
    size_t length = strcspn(*at, " ");

    *at += length;
    *at += strspn(*at, " ");
    return length;
}

static int
take_value(struct scim_filter *filter, const char *text, struct scim_fault *fault)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    const char *word = json_string_value(value);
    int result = 0;

    if (filter->text == USER_TEXTS && json_is_boolean(value))
        filter->is_active = json_is_true(value);
    else if (filter->text == USER_TEXTS && word &&
             (strcasecmp(word, "true") == 0 || strcasecmp(word, "false") == 0))
        filter->is_active = strcasecmp(word, "true") == 0;
    else if (filter->text == USER_TEXTS || !word || json_string_length(value) > USER_TEXT_MAX)
        result = refuse(fault, "the value is none that the attribute can have");
    else
        memcpy(filter->value, word, json_string_length(value) + 1);
    json_decref(value);
    return result;
}

int
scim_filter_parse(struct scim_filter *filter, const char *text, struct scim_fault *fault)
{
    static const char core[] = "urn:ietf:params:scim:schemas:core:2.0:User:";
    const char *at = text + strspn(text, " "), *name;
    size_t length, i = 0;

    *filter = (struct scim_filter){.text = USER_TEXTS};
    if (strncasecmp(at, core, strlen(core)) == 0)
        at += strlen(core);
    name = at;
    length = take_word(&at);
    while (i < COUNT_OF(attributes) && (strlen(attributes[i].name) != length ||
                                        strncasecmp(attributes[i].name, name, length) != 0))
        i++;
    if (i == COUNT_OF(attributes))
        return refuse(fault,
                      "there are filters by userName, externalId, id, displayName, nickName, "
                      "userType, emails.value, active");
    filter->text = attributes[i].text;
    filter->is_folded = attributes[i].is_folded;
    name = at;
    if (take_word(&at) != 2 || strncasecmp(name, "eq", 2) != 0)
        return refuse(fault, "the one operator that there is is eq");
    return take_value(filter, at, fault);
}

bool
scim_filter_matches(const struct scim_filter *filter, const struct user *user)
{
    const char *text;

    if (filter->text == USER_TEXTS)
        return user->is_active == filter->is_active;
    text = user_text(user, filter->text);
    return filter->is_folded ? strcasecmp(text, filter->value) == 0
                             : strcmp(text, filter->value) == 0;
}
