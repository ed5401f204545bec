/* SPDX-License-Identifier: Apache-2.0 */
#include "config/key.h"

#define NOWHERE                                                                                    \
    {                                                                                              \
        0, 0, 0                                                                                    \
    }
#define AT(owner, member)                                                                          \
    {                                                                                              \
        offsetof(struct owner, member), 0, sizeof(((struct owner *)NULL)->member)                  \
    }
#define LIST(owner, array, count)                                                                  \
    {                                                                                              \
        offsetof(struct owner, array), offsetof(struct owner, count),                              \
            sizeof(((struct owner *)NULL)->array[0])                                               \
    }

enum { NEED_OPTIONAL, NEED_REQUIRED };
enum { TAKES_RELOAD, TAKES_RESTART };

static const struct config_key keys[] = {
#define X(id, path, form, type, place, allowed, need, preset, reload, help)                        \
    {KEY_##id,                                                                                     \
     path,                                                                                         \
     FORM_##form,                                                                                  \
     TYPE_##type,                                                                                  \
     place,                                                                                        \
     allowed,                                                                                      \
     NEED_##need == NEED_REQUIRED,                                                                 \
     TAKES_##reload == TAKES_RESTART,                                                              \
     preset,                                                                                       \
     help},
#include "config/key.def"
#undef X
};

static const struct {
    size_t size;
    const char *what, *how;
} types[] = {
#define X(name, stored, what, how) {sizeof(stored), what, how},
#include "config/type.def"
#undef X
};

const struct config_key *
config_key_at(enum key_id id)
{
    return &keys[id];
}

const char *
config_key_name(const struct config_key *key)
{
    const char *dot = strrchr(key->path, '.');

    return dot != NULL ? dot + 1 : key->path;
}

/* What stands between a key's path and its children's names. */
static const char *
joint(const struct config_key *key)
{
    return key->form == FORM_ITEMS ? "[]." : key->form == FORM_NAMED ? ".NAME." : ".";
}

const char *
config_key_rest(const struct config_key *above, const struct config_key *key)
{
    size_t length, joint_length;

    if (above == NULL)
        return key->path;
    length = strlen(above->path);
    joint_length = strlen(joint(above));
    if (strncmp(key->path, above->path, length) != 0 ||
        strncmp(key->path + length, joint(above), joint_length) != 0)
        return NULL;
    return key->path + length + joint_length;
}

bool
config_key_is_child(const struct config_key *parent, const struct config_key *key)
{
    const char *rest = config_key_rest(parent, key);

    return rest != NULL && strchr(rest, '.') == NULL;
}

const struct config_key *
config_key_child(const struct config_key *parent, const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(config_key_name(&keys[i]), name) == 0 && config_key_is_child(parent, &keys[i]))
            return &keys[i];
    return NULL;
}

const char *
config_type_what(enum key_type type)
{
    return types[type].what;
}

const char *
config_type_how(enum key_type type)
{
    return types[type].how;
}

size_t
config_type_size(enum key_type type)
{
    return types[type].size;
}
