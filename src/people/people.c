/* SPDX-License-Identifier: Apache-2.0 */
#include "people/people.h"

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
    {COLUMN_CONTACT, USER_EMAIL},
    {COLUMN_ID, USER_ID},
    {COLUMN_USER_NAME, USER_NAME},
    {COLUMN_EXTERNAL_ID, USER_EXTERNAL_ID},
    {COLUMN_DISPLAY_NAME, USER_DISPLAY_NAME},
    {COLUMN_FORMATTED, USER_FORMATTED},
    {COLUMN_NICK_NAME, USER_NICK_NAME},
    {COLUMN_USER_TYPE, USER_TYPE},
    {COLUMN_MANAGER, USER_MANAGER},
};

void
people_init(struct people *p, enum principals_scim_principal principal)
{
    *p = (struct people){.principal = principal};
}

void
people_release(struct people *p)
{
    for (size_t i = 0; i < p->count; i++)
        user_free(p->users[i]);
    memory_free(p->users);
    p->users = NULL;
    p->count = p->size = 0;
}

static int
append(struct people *p, struct user *user)
{
    if (p->count == p->size) {
        size_t size = p->size + p->size / 2 + 16;
        struct user **larger = memory_resize(p->users, size, sizeof(*larger));

        if (!larger)
            return PASU_E_NOMEM;
        p->users = larger;
        p->size = size;
    }
    p->users[p->count++] = user;
    return 0;
}

/* ---- the file ---- */

static int
read_user(struct people *p, const char *const fields[COLUMNS])
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
        result = append(p, user);
    }
    if (result != 0)
        user_free(user);
    return result;
}

static int
read_line(struct people *p, struct csv *csv)
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
    return count == COLUMNS ? read_user(p, fields) : PASU_E_MALFORMED;
}

int
people_read(struct people *p, struct view bytes)
{
    struct csv csv;
    char *text;
    int result = 0;

    people_release(p);
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
        result = read_line(p, &csv);
    memory_free(text);
    if (result != 0)
        people_release(p);
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
owner_of(const struct people *p, const struct user *user)
{
    const char *manager = user->texts[USER_MANAGER];

    if (kind_of(user) != PRINCIPAL_SERVICE || !manager)
        return user;
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(user_text(p->users[i], USER_ID), manager) == 0)
            return p->users[i];
    return user;
}

static void
put_user(struct writer *w, const struct people *p, const struct user *user)
{
    const struct user *owner = owner_of(p, user);
    char principal[PEOPLE_PRINCIPAL_SIZE], created[TIME_SIZE], modified[TIME_SIZE];
    const char *fields[COLUMNS];

    for (size_t i = 0; i < COUNT_OF(places); i++)
        fields[places[i].column] = user_text(user, places[i].text);
    people_principal(principal, p, user);
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
user_size(const struct people *p, const struct user *user)
{
    const struct user *owner = owner_of(p, user);
    size_t size = COLUMNS * 3 + 2 * TIME_SIZE + 64 + csv_size(user_called(owner));

    for (size_t i = 0; i < USER_TEXTS; i++)
        size += 2 * csv_size(user_text(user, (enum user_text)i));
    return size;
}

int
people_write(uint8_t **bytes, size_t *length, const struct people *p)
{
    size_t size = sizeof(header);
    struct writer w;

    for (size_t i = 0; i < p->count; i++)
        size += user_size(p, p->users[i]);
    *bytes = memory_new(size, 1);
    if (!*bytes)
        return PASU_E_NOMEM;
    w = writer_of(*bytes, size);
    writer_bytes(&w, header, strlen(header));
    for (size_t i = 0; i < p->count; i++)
        put_user(&w, p, p->users[i]);
    *length = writer_length(&w);
    if (writer_end(&w) >= 0 && *length <= CONFIG_PEOPLE_SIZE_MAX)
        return 0;
    memory_free(*bytes);
    *bytes = NULL;
    return PASU_E_RANGE;
}

/* ---- users ---- */

struct user *
people_find(const struct people *p, const char *id)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->users[i]->is_deleted && strcmp(user_text(p->users[i], USER_ID), id) == 0)
            return p->users[i];
    return NULL;
}

void
people_principal(char principal[PEOPLE_PRINCIPAL_SIZE], const struct people *p,
                 const struct user *user)
{
    const char *name = user_text(user, USER_NAME);
    size_t length = strlen(name);

    if (p->principal == SCIM_BY_LOCAL_PART && strchr(name, '@') > name)
        length = (size_t)(strchr(name, '@') - name);
    else if (p->principal == SCIM_BY_EXTERNAL_ID && user->texts[USER_EXTERNAL_ID])
        name = user->texts[USER_EXTERNAL_ID], length = strlen(name);
    else if (p->principal == SCIM_BY_NICK_NAME && user->texts[USER_NICK_NAME])
        name = user->texts[USER_NICK_NAME], length = strlen(name);
    snprintf(principal, PEOPLE_PRINCIPAL_SIZE, "%.*s", (int)length, name);
    for (char *at = principal; *at; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;
}

/* Whether it stands in the way of another one. A deleted one makes room. */
static int
check_other(const struct people *p, const struct user *other, const struct user *user,
            const char *principal, struct scim_fault *fault)
{
    char theirs[PEOPLE_PRINCIPAL_SIZE];

    if (other->is_deleted)
        return 0;
    if (strcasecmp(user_text(other, USER_NAME), user_text(user, USER_NAME)) == 0)
        return scim_fail(fault, 409, "uniqueness", "there is a user of that userName");
    people_principal(theirs, p, other);
    if (strcmp(theirs, principal) == 0)
        return scim_fail(fault, 409, "uniqueness", "another user has that database role");
    return 0;
}

/* The deleted ones whose role has an owner again. */
static void
drop_deleted(struct people *p, const char *principal)
{
    size_t to = 0;

    for (size_t i = 0; i < p->count; i++) {
        char theirs[PEOPLE_PRINCIPAL_SIZE];

        people_principal(theirs, p, p->users[i]);
        if (p->users[i]->is_deleted && strcmp(theirs, principal) == 0)
            user_free(p->users[i]);
        else
            p->users[to++] = p->users[i];
    }
    p->count = to;
}

int
people_put(struct people *p, struct user *former, struct user *user, struct scim_fault *fault)
{
    char principal[PEOPLE_PRINCIPAL_SIZE];
    int result = 0;

    people_principal(principal, p, user);
    for (size_t i = 0; i < p->count && result == 0; i++)
        if (p->users[i] != former)
            result = check_other(p, p->users[i], user, principal, fault);
    if (result != 0)
        return result;
    if (!former && p->count >= PEOPLE_USERS_MAX)
        return scim_fail(fault, 507, NULL, "there are %d users, which are the most",
                         (int)PEOPLE_USERS_MAX);
    if (!user->is_deleted)
        drop_deleted(p, principal);
    if (!former)
        return append(p, user);
    for (size_t i = 0; i < p->count; i++)
        if (p->users[i] == former)
            p->users[i] = user;
    user_free(former);
    return 0;
}
