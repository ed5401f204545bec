/* SPDX-License-Identifier: Apache-2.0 */
#include "people/directory.h"

#include "base/memory.h"
#include "config/load.h"
#include "config/moment.h"
#include "policy/csv.h"
#include "policy/roster.h"

enum { TIME_SIZE = 40 };

enum column {
    COLUMN_PRINCIPAL, /* these are the roster's */
    COLUMN_KIND,
    COLUMN_OWNER,
    COLUMN_OWNER_STATUS,
    COLUMN_CONTACT,
    COLUMN_ID,
    COLUMN_USER_NAME,
    COLUMN_EXTERNAL_ID,
    COLUMN_DISPLAY_NAME,
    COLUMN_FORMATTED,
    COLUMN_NICK_NAME,
    COLUMN_USER_TYPE,
    COLUMN_MANAGER,
    COLUMN_ACTIVE,
    COLUMN_DELETED,
    COLUMN_CREATED,
    COLUMN_MODIFIED,
    COLUMNS
};

static const char header[] = "principal,kind,owner,owner_status,contact,id,user_name,external_id,"
                             "display_name,formatted,nick_name,user_type,manager,active,deleted,"
                             "created,modified\n";

/* Where a user's texts are. */
static const struct {
    enum column column;
    enum user_text text;
} places[] = {
    {COLUMN_CONTACT, USER_EMAIL},           {COLUMN_ID, USER_ID},
    {COLUMN_USER_NAME, USER_NAME},          {COLUMN_EXTERNAL_ID, USER_EXTERNAL_ID},
    {COLUMN_DISPLAY_NAME, USER_DISPLAY_NAME}, {COLUMN_FORMATTED, USER_FORMATTED},
    {COLUMN_NICK_NAME, USER_NICK_NAME},     {COLUMN_USER_TYPE, USER_TYPE},
    {COLUMN_MANAGER, USER_MANAGER},
};

void
directory_init(struct directory *d, enum principals_scim_principal principal)
{
    *d = (struct directory){.principal = principal};
}

void
directory_release(struct directory *d)
{
    for (size_t i = 0; i < d->count; i++)
        user_free(d->users[i]);
    memory_free(d->users);
    d->users = NULL;
    d->count = d->size = 0;
}

static int
append(struct directory *d, struct user *user)
{
    if (d->count == d->size) {
        size_t size = d->size + d->size / 2 + 16;
        struct user **larger = memory_resize(d->users, size, sizeof(*larger));

        if (!larger)
            return PASU_E_NOMEM;
        d->users = larger;
        d->size = size;
    }
    d->users[d->count++] = user;
    return 0;
}

/* ---- the file ---- */

static int
read_user(struct directory *d, const char *const fields[COLUMNS])
{
    struct user *user = user_new();
    int result = user ? 0 : PASU_E_NOMEM;

    for (size_t i = 0; i < COUNT_OF(places) && result == 0; i++) {
        const char *text = fields[places[i].column];

        result = user_set(user, places[i].text, *text ? text : NULL);
    }
    if (result == 0 && (!user->texts[USER_ID] || !user->texts[USER_NAME] ||
                        moment_parse_fixed(&user->created, fields[COLUMN_CREATED], false) != 0 ||
                        moment_parse_fixed(&user->modified, fields[COLUMN_MODIFIED], false) != 0))
        result = PASU_E_MALFORMED;
    if (result == 0) {
        user->is_active = strcmp(fields[COLUMN_ACTIVE], "yes") == 0;
        user->is_deleted = strcmp(fields[COLUMN_DELETED], "yes") == 0;
        result = append(d, user);
    }
    if (result != 0)
        user_free(user);
    return result;
}

static int
read_line(struct directory *d, struct csv *csv)
{
    const char *fields[COLUMNS];
    bool is_last = false;
    size_t count = 0;

    while (!is_last) {
        const char *field;

        if (count == COLUMNS || csv_field(csv, &field, &is_last) != 0)
            return PASU_E_MALFORMED;
        fields[count++] = field;
    }
    return count == COLUMNS ? read_user(d, fields) : PASU_E_MALFORMED;
}

int
directory_read(struct directory *d, struct view bytes)
{
    struct csv csv;
    char *text;
    int result = 0;

    directory_release(d);
    if (bytes.length == 0)
        return 0;
    if (bytes.length < strlen(header) || memcmp(bytes.bytes, header, strlen(header)) != 0 ||
        memchr(bytes.bytes, 0, bytes.length))
        return PASU_E_MALFORMED;
    text = memory_dup(bytes.bytes + strlen(header), bytes.length - strlen(header));
    if (!text)
        return PASU_E_NOMEM;
    csv_begin(&csv, text, bytes.length - strlen(header));
    while (result == 0 && csv_next(&csv))
        result = read_line(d, &csv);
    memory_free(text);
    if (result != 0)
        directory_release(d);
    return result;
}

static enum principal_kind
kind_of(const struct user *user)
{
    static const char *const service[] = {"service", "machine", "bot", "application"};
    const char *type = user_text(user, USER_TYPE);

    for (size_t i = 0; i < COUNT_OF(service); i++)
        if (strcasestr(type, service[i]))
            return PRINCIPAL_SERVICE;
    return strcasestr(type, "admin") ? PRINCIPAL_ADMIN : PRINCIPAL_HUMAN;
}

static bool
is_there(const struct user *user)
{
    return user->is_active && !user->is_deleted;
}

/* Of a service somebody else answers, its manager; of a person the person. */
static const struct user *
owner_of(const struct directory *d, const struct user *user)
{
    const char *manager = user->texts[USER_MANAGER];

    if (kind_of(user) != PRINCIPAL_SERVICE || !manager)
        return user;
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(user_text(d->users[i], USER_ID), manager) == 0)
            return d->users[i];
    return user;
}

static void
put_user(struct writer *w, const struct directory *d, const struct user *user)
{
    const struct user *owner = owner_of(d, user);
    char principal[DIRECTORY_PRINCIPAL_SIZE], created[TIME_SIZE], modified[TIME_SIZE];
    const char *fields[COLUMNS];

    for (size_t i = 0; i < COUNT_OF(places); i++)
        fields[places[i].column] = user_text(user, places[i].text);
    directory_principal(principal, d, user);
    log_time_text(created, sizeof(created), user->created);
    log_time_text(modified, sizeof(modified), user->modified);
    fields[COLUMN_PRINCIPAL] = principal;
    fields[COLUMN_KIND] = principal_kind_text(kind_of(user));
    fields[COLUMN_OWNER] = user_called(owner);
    fields[COLUMN_OWNER_STATUS] = is_there(user) && is_there(owner) ? "active" : "left";
    fields[COLUMN_ACTIVE] = user->is_active ? "yes" : "no";
    fields[COLUMN_DELETED] = user->is_deleted ? "yes" : "no";
    fields[COLUMN_CREATED] = created;
    fields[COLUMN_MODIFIED] = modified;
    for (size_t i = 0; i < COLUMNS; i++)
        csv_put(w, fields[i], i + 1 == COLUMNS);
}

/* Principal and owner are made of texts that the user has beside. */
static size_t
user_size(const struct directory *d, const struct user *user)
{
    const struct user *owner = owner_of(d, user);
    size_t size = COLUMNS * 3 + 2 * TIME_SIZE + 64 + csv_size(user_called(owner));

    for (size_t i = 0; i < USER_TEXTS; i++)
        size += 2 * csv_size(user_text(user, (enum user_text)i));
    return size;
}

int
directory_write(uint8_t **bytes, size_t *length, const struct directory *d)
{
    size_t size = sizeof(header);
    struct writer w;

    for (size_t i = 0; i < d->count; i++)
        size += user_size(d, d->users[i]);
    *bytes = memory_new(size, 1);
    if (!*bytes)
        return PASU_E_NOMEM;
    w = writer_of(*bytes, size);
    writer_bytes(&w, header, strlen(header));
    for (size_t i = 0; i < d->count; i++)
        put_user(&w, d, d->users[i]);
    *length = writer_length(&w);
    if (writer_end(&w) >= 0 && *length <= CONFIG_PEOPLE_SIZE_MAX)
        return 0;
    memory_free(*bytes);
    *bytes = NULL;
    return PASU_E_RANGE;
}

/* ---- users ---- */

struct user *
directory_find(const struct directory *d, const char *id)
{
    for (size_t i = 0; i < d->count; i++)
        if (!d->users[i]->is_deleted && strcmp(user_text(d->users[i], USER_ID), id) == 0)
            return d->users[i];
    return NULL;
}

void
directory_principal(char principal[DIRECTORY_PRINCIPAL_SIZE], const struct directory *d,
                    const struct user *user)
{
    const char *name = user_text(user, USER_NAME);
    size_t length = strlen(name);

    if (d->principal == SCIM_BY_LOCAL_PART && strchr(name, '@') > name)
        length = (size_t)(strchr(name, '@') - name);
    else if (d->principal == SCIM_BY_EXTERNAL_ID && user->texts[USER_EXTERNAL_ID])
        name = user->texts[USER_EXTERNAL_ID], length = strlen(name);
    else if (d->principal == SCIM_BY_NICK_NAME && user->texts[USER_NICK_NAME])
        name = user->texts[USER_NICK_NAME], length = strlen(name);
    snprintf(principal, DIRECTORY_PRINCIPAL_SIZE, "%.*s", (int)length, name);
    for (char *at = principal; *at; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;
}

/* Whether it stands in the way of another one. A deleted one makes room. */
static int
check_other(const struct directory *d, const struct user *other, const struct user *user,
            const char *principal, struct scim_fault *fault)
{
    char theirs[DIRECTORY_PRINCIPAL_SIZE];

    if (other->is_deleted)
        return 0;
    if (strcasecmp(user_text(other, USER_NAME), user_text(user, USER_NAME)) == 0)
        return scim_fail(fault, 409, "uniqueness", "there is a user of that userName");
    directory_principal(theirs, d, other);
    if (strcmp(theirs, principal) == 0)
        return scim_fail(fault, 409, "uniqueness", "another user has that database role");
    return 0;
}

/* The deleted ones whose role has an owner again. */
static void
drop_deleted(struct directory *d, const char *principal)
{
    size_t to = 0;

    for (size_t i = 0; i < d->count; i++) {
        char theirs[DIRECTORY_PRINCIPAL_SIZE];

        directory_principal(theirs, d, d->users[i]);
        if (d->users[i]->is_deleted && strcmp(theirs, principal) == 0)
            user_free(d->users[i]);
        else
            d->users[to++] = d->users[i];
    }
    d->count = to;
}

int
directory_put(struct directory *d, struct user *former, struct user *user,
              struct scim_fault *fault)
{
    char principal[DIRECTORY_PRINCIPAL_SIZE];
    int result = 0;

    directory_principal(principal, d, user);
    for (size_t i = 0; i < d->count && result == 0; i++)
        if (d->users[i] != former)
            result = check_other(d, d->users[i], user, principal, fault);
    if (result != 0)
        return result;
    if (!former && d->count >= DIRECTORY_USERS_MAX)
        return scim_fail(fault, 507, NULL, "there are %d users, which are the most",
                         (int)DIRECTORY_USERS_MAX);
    if (!user->is_deleted)
        drop_deleted(d, principal);
    if (!former)
        return append(d, user);
    for (size_t i = 0; i < d->count; i++)
        if (d->users[i] == former)
            d->users[i] = user;
    user_free(former);
    return 0;
}
