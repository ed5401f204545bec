/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roster as a directory writes it: OpenLDAP, 389 DS, Active Directory, OpenDJ. What counts of
 * an entry is one value of each attribute below, and its object classes:
 *
 *      principal   uid, sAMAccountName or cn, the first of these that is there
 *      kind        employeeType, object classes of service accounts; else human
 *      owner       a person's own name (displayName, cn); of a service: owner, manager
 *      left        nsAccountLock, userAccountControl, loginShell, pwdAccountLockedTime,
 *                  ds-pwp-account-disabled, inetUserStatus
 *      left_at     accountExpires, shadowExpire, krbPrincipalExpiration, pwdEndTime
 *      contact     mail
 *      id          the DN
 *
 * Entries that are no account (folders, groups, computers) are passed over. An entry that is
 * deleted stays, as one that has left: nobody is to be forgotten by it.
 *
 * The entries are kept whole until the end, so that those that change them can come behind.
 */
#include "policy/ldif.h"
#include "policy/roster_part.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <time.h>

enum attribute {
    CLASS,
    UID,
    ACCOUNT,
    CN,
    DISPLAY,
    TYPE,
    OWNER,
    MANAGER,
    MAIL,
    /* what says that somebody has left */
    LOCK,
    CONTROL,
    SHELL,
    LOCKED_TIME,
    DISABLED,
    STATUS,
    /* and when */
    EXPIRES,
    SHADOW,
    KERBEROS,
    END_TIME,
    ATTRIBUTES,
    STATUS_FIRST = LOCK,
    STATUS_LAST = STATUS,
    TIME_FIRST = EXPIRES,
    TIME_LAST = END_TIME
};

static const char *const attribute_names[ATTRIBUTES] = {
    [CLASS] = "objectClass",
    [UID] = "uid",
    [ACCOUNT] = "sAMAccountName",
    [CN] = "cn",
    [DISPLAY] = "displayName",
    [TYPE] = "employeeType",
    [OWNER] = "owner",
    [MANAGER] = "manager",
    [MAIL] = "mail",
    [LOCK] = "nsAccountLock",
    [CONTROL] = "userAccountControl",
    [SHELL] = "loginShell",
    [LOCKED_TIME] = "pwdAccountLockedTime",
    [DISABLED] = "ds-pwp-account-disabled",
    [STATUS] = "inetUserStatus",
    [EXPIRES] = "accountExpires",
    [SHADOW] = "shadowExpire",
    [KERBEROS] = "krbPrincipalExpiration",
    [END_TIME] = "pwdEndTime",
};

enum class_flag { CLASS_ANY = 1, CLASS_PERSON = 2, CLASS_SERVICE = 4, CLASS_COMPUTER = 8 };

static const struct {
    const char *name;
    enum class_flag flag;
} classes[] = {
    {"person", CLASS_PERSON},
    {"organizationalPerson", CLASS_PERSON},
    {"inetOrgPerson", CLASS_PERSON},
    {"user", CLASS_PERSON},
    {"posixAccount", CLASS_PERSON},
    {"shadowAccount", CLASS_PERSON},
    {"account", CLASS_PERSON},
    {"applicationProcess", CLASS_SERVICE},
    {"msDS-ManagedServiceAccount", CLASS_SERVICE},
    {"msDS-GroupManagedServiceAccount", CLASS_SERVICE},
    {"computer", CLASS_COMPUTER},
};

struct account {
    const char *dn, *key;                 /* as written; as compared */
    const char *values[ATTRIBUTES];       /* NULL: none */
    uint32_t changed;                     /* attributes that the file says something of, by bit */
    unsigned classes;                     /* enum class_flag */
    const struct roster_entry *base;      /* NULL: the file has all of it */
    bool is_deleted, is_seen;
    uint32_t line;
    struct account *next;
};

enum change { CHANGE_NONE, CHANGE_ADD, CHANGE_DELETE, CHANGE_MODIFY, CHANGE_RENAME };
enum modification { MODIFY_NONE, MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE };

struct reading {
    struct roster_reading *roster;
    struct store *store;
    struct ldif ldif;
    struct ldif_line at;
    void *tree; /* of entries, by key */
    struct account *first, **last;
    const struct roster *base;
    bool has_changes;
};

static int
fault(struct reading *r, const char *text)
{
    return roster_fault_at(r->roster, r->at.line, text);
}

static bool
is_named(struct view v, const char *name)
{
    return v.length == strlen(name) && strncasecmp((const char *)v.bytes, name, v.length) == 0;
}

/* ---- entries ---- */

static int
compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct account *)a)->key, ((const struct account *)b)->key);
}

/* A DN as it is compared: small letters, no spaces around its separators. */
static char *
key_of(struct store *store, struct view dn)
{
    char *key = store_dup(store, dn), *to = key;

    for (size_t i = 0; key && i < dn.length; i++) {
        char c = key[i];
        bool is_escaped = i > 0 && key[i - 1] == '\\';

        if (c == ' ' && !is_escaped && (to == key || to[-1] == ',' || to[-1] == '='))
            continue;
        while ((c == ',' || c == '=') && !is_escaped && to > key && to[-1] == ' ' &&
               (to - key < 2 || to[-2] != '\\'))
            to--;
        *to++ = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    if (key)
        *to = '\0';
    return key;
}

static struct account *
find_entry(const struct reading *r, const char *key)
{
    struct account wanted = {.key = key};
    void *const *node = tfind(&wanted, &r->tree, compare_entries);

    return node ? *node : NULL;
}

/* *entry is new, or one that is there. */
static int
get_entry(struct reading *r, struct view dn, struct account **entry)
{
    char *key = key_of(r->store, dn);

    *entry = key ? find_entry(r, key) : NULL;
    if (*entry)
        return 0;
    *entry = store_new(r->store, 1, sizeof(**entry));
    if (!*entry || !key)
        return PASU_E_NOMEM;
    (*entry)->key = key;
    (*entry)->dn = store_dup(r->store, dn);
    (*entry)->line = r->at.line;
    if (!(*entry)->dn || !tsearch(*entry, &r->tree, compare_entries))
        return PASU_E_NOMEM;
    *r->last = *entry;
    r->last = &(*entry)->next;
    return 0;
}

/* The first value of a DN: who it means, where the entry is not there. */
static const char *
first_of_dn(struct store *store, const char *dn)
{
    const char *from = strchr(dn, '='), *to;

    if (!from)
        return dn;
    for (to = ++from; *to && (*to != ',' || to[-1] == '\\');)
        to++;
    return store_dup(store, view_of(from, (size_t)(to - from)));
}

/* Those of the roster that there is, by the DNs that it has kept. */
static int
add_base(struct reading *r)
{
    for (size_t i = 0; i < roster_count(r->base); i++) {
        const struct roster_entry *one = roster_at(r->base, i);
        struct account *entry;
        int result = 0;

        if (one->id[0] != '\0' && !one->is_scim)
            result = get_entry(r, view_of_text(one->id), &entry);
        if (result != 0)
            return result;
        if (one->id[0] != '\0' && !one->is_scim)
            entry->base = one;
    }
    return 0;
}

/* ---- values ---- */

static unsigned
class_of(struct view value)
{
    unsigned flags = CLASS_ANY;

    for (size_t i = 0; i < COUNT_OF(classes); i++)
        if (is_named(value, classes[i].name))
            flags |= classes[i].flag;
    return flags;
}

static enum attribute
attribute_of(struct view name)
{
    size_t i = 0;

    while (i < ATTRIBUTES && !is_named(name, attribute_names[i]))
        i++;
    return (enum attribute)i;
}

/* What it says is to be shown, compared and written down. */
static int
check_value(struct reading *r)
{
    struct view value = r->at.value;

    if (r->at.what == LDIF_URL)
        return fault(r, "the value is at a URL, and nothing is fetched: write it into the file");
    if (value.length > 0 && memchr(value.bytes, 0, value.length))
        return fault(r, "the value has a zero byte");
    return utf8_is_valid(value) ? 0 : fault(r, "the value is not UTF-8");
}

/* The value of the line that was read. The first one of an attribute counts. */
static int
add_value(struct reading *r, struct account *entry, enum attribute attribute)
{
    int result = check_value(r);

    if (result != 0)
        return result;
    entry->changed |= 1u << attribute;
    if (attribute == CLASS)
        entry->classes |= class_of(r->at.value);
    if (entry->values[attribute])
        return 0;
    entry->values[attribute] = store_dup(r->store, r->at.value);
    return entry->values[attribute] ? 0 : PASU_E_NOMEM;
}

static void
remove_values(struct account *entry, enum attribute attribute)
{
    entry->values[attribute] = NULL;
    entry->changed |= 1u << attribute;
    if (attribute == CLASS)
        entry->classes = 0;
}

/* ---- records ---- */

static int
next_line(struct reading *r)
{
    int result = ldif_read(&r->ldif, &r->at);

    return result == PASU_E_MALFORMED ? fault(r, r->ldif.fault) : result;
}

static bool
is_in_record(const struct reading *r)
{
    return r->at.what != LDIF_BREAK && r->at.what != LDIF_END;
}

static int
skip_record(struct reading *r)
{
    int result = 0;

    while (result == 0 && is_in_record(r))
        result = next_line(r);
    return result;
}

/* The attributes of an entry that the file has whole. */
static int
read_content(struct reading *r, struct account *entry, uint32_t line)
{
    int result = 0;

    if (entry->is_seen && !entry->is_deleted)
        return roster_fault_at(r->roster, line, "the entry is in the file twice");
    entry->line = line;
    memset(entry->values, 0, sizeof(entry->values));
    entry->is_seen = true;
    entry->is_deleted = false;
    entry->classes = 0;
    entry->base = NULL;
    for (; result == 0 && is_in_record(r); result = result == 0 ? next_line(r) : result) {
        enum attribute attribute;

        if (r->at.what == LDIF_SEPARATOR)
            return fault(r, "a \"-\" is for modifications only");
        attribute = attribute_of(r->at.name);
        if (attribute < ATTRIBUTES)
            result = add_value(r, entry, attribute);
    }
    return result;
}

static enum modification
modification_of(struct view name)
{
    if (is_named(name, "add"))
        return MODIFY_ADD;
    if (is_named(name, "delete"))
        return MODIFY_DELETE;
    return is_named(name, "replace") ? MODIFY_REPLACE : MODIFY_NONE;
}

static bool
says_who_left(enum attribute attribute)
{
    return attribute >= STATUS_FIRST && attribute <= TIME_LAST;
}

/* A value of a modification: of the attribute that it names, or it is something else. */
static int
modify_value(struct reading *r, struct account *entry, enum modification how, enum attribute of)
{
    if (r->at.what != LDIF_URL && attribute_of(r->at.name) != of)
        return fault(r, "a value of another attribute than the modification names");
    if (!entry || of == ATTRIBUTES)
        return 0;
    if (how != MODIFY_DELETE) {
        if (how == MODIFY_ADD && says_who_left(of))
            remove_values(entry, of); /* it has one value */
        return add_value(r, entry, of);
    }
    if (of != CLASS && entry->values[of] && is_named(r->at.value, entry->values[of]))
        remove_values(entry, of);
    return 0;
}

/* One of a record's modifications, up to its "-". `entry` is NULL where nobody is meant. */
static int
read_modification(struct reading *r, struct account *entry)
{
    enum modification how = modification_of(r->at.name);
    enum attribute of;
    bool has_value = false;
    int result;

    if (how == MODIFY_NONE || r->at.what != LDIF_VALUE)
        return fault(r, "a modification begins with add, delete or replace, and the attribute");
    of = attribute_of(r->at.value);
    if (!entry && of < ATTRIBUTES && says_who_left(of))
        return fault(r, "says whether somebody has left who is neither in the file nor on the roster");
    if (entry && of < ATTRIBUTES && how == MODIFY_REPLACE)
        remove_values(entry, of);
    result = next_line(r);
    while (result == 0 && is_in_record(r) && r->at.what != LDIF_SEPARATOR) {
        has_value = true;
        result = modify_value(r, entry, how, of);
        if (result == 0)
            result = next_line(r);
    }
    if (result == 0 && entry && of < ATTRIBUTES && how == MODIFY_DELETE && !has_value)
        remove_values(entry, of);
    if (result == 0 && r->at.what == LDIF_SEPARATOR)
        result = next_line(r);
    return result;
}

static int
read_modify(struct reading *r, struct account *entry)
{
    int result = 0;

    while (result == 0 && is_in_record(r))
        result = read_modification(r, entry);
    return result;
}

/* newrdn, and newsuperior: the entry has another DN from then on. */
static int
read_rename(struct reading *r, struct account *entry)
{
    const char *comma = NULL, *rdn = NULL, *above = NULL;
    struct account *other;
    char *dn;
    int result = 0;

    for (; result == 0 && is_in_record(r); result = result == 0 ? next_line(r) : result) {
        const char **to = is_named(r->at.name, "newrdn")        ? &rdn
                          : is_named(r->at.name, "newsuperior") ? &above
                                                                : NULL;

        result = to ? check_value(r) : 0;
        if (result == 0 && to && !(*to = store_dup(r->store, r->at.value)))
            return PASU_E_NOMEM;
    }
    if (result != 0 || !entry)
        return result;
    if (!rdn)
        return fault(r, "the change of a DN has no newrdn");
    for (comma = entry->dn; *comma && (*comma != ',' || (comma > entry->dn && comma[-1] == '\\'));)
        comma++;
    dn = store_format(r->store, "%s%s%s", rdn, above ? "," : comma, above ? above : "");
    if (!dn)
        return PASU_E_NOMEM;
    tdelete(entry, &r->tree, compare_entries);
    entry->dn = dn;
    entry->key = key_of(r->store, view_of_text(dn));
    if (!entry->key)
        return PASU_E_NOMEM;
    other = find_entry(r, entry->key);
    if (other && other != entry)
        return fault(r, "the entry gets the DN of another one");
    return tsearch(entry, &r->tree, compare_entries) ? 0 : PASU_E_NOMEM;
}

static int
read_changetype(struct reading *r, enum change *change)
{
    static const struct {
        const char *name;
        enum change change;
    } types[] = {{"add", CHANGE_ADD},       {"delete", CHANGE_DELETE}, {"modify", CHANGE_MODIFY},
                 {"modrdn", CHANGE_RENAME}, {"moddn", CHANGE_RENAME}};

    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (is_named(r->at.value, types[i].name)) {
            *change = types[i].change;
            r->has_changes = true;
            return next_line(r);
        }
    return fault(r, "the changetype is none of add, delete, modify, modrdn, moddn");
}

/* The line of the roster that is meant by a DN that it does not have: the principal's. */
static const struct roster_entry *
base_of(const struct reading *r, const char *dn)
{
    const char *name = first_of_dn(r->store, dn);
    const struct roster_entry *base = NULL;

    if (name && (strncasecmp(dn, "uid=", 4) == 0 || strncasecmp(dn, "cn=", 3) == 0))
        base = roster_find(r->base, name);
    return base && base->id[0] == '\0' && !base->is_scim ? base : NULL;
}

static int
change_entry(struct reading *r, struct view dn, enum change change, uint32_t line)
{
    char *key = key_of(r->store, dn);
    struct account *entry = key ? find_entry(r, key) : NULL;
    const struct roster_entry *base = key && !entry ? base_of(r, (const char *)dn.bytes) : NULL;
    int result = key ? 0 : PASU_E_NOMEM;

    if (base)
        result = get_entry(r, dn, &entry);
    if (result != 0)
        return result;
    if (base)
        entry->base = base;
    if (entry)
        entry->line = line;
    if (change == CHANGE_MODIFY)
        return read_modify(r, entry);
    if (change == CHANGE_RENAME)
        return read_rename(r, entry);
    if (entry)
        entry->is_deleted = true; /* who is on no list was nobody that could leave */
    return skip_record(r);
}

/* The line with the DN has been read. */
static int
read_record(struct reading *r)
{
    enum change change = CHANGE_NONE;
    struct account *entry;
    uint32_t line = r->at.line;
    struct view dn;
    int result = check_value(r);

    if (result != 0)
        return result;
    dn = view_of(store_dup(r->store, r->at.value), r->at.value.length);
    if (!dn.bytes)
        return PASU_E_NOMEM;
    result = next_line(r);
    while (result == 0 && is_in_record(r) && is_named(r->at.name, "control"))
        result = next_line(r);
    if (result == 0 && is_in_record(r) && is_named(r->at.name, "changetype"))
        result = read_changetype(r, &change);
    if (result != 0)
        return result;
    if (change != CHANGE_NONE && change != CHANGE_ADD)
        return change_entry(r, dn, change, line);
    result = get_entry(r, dn, &entry);
    return result == 0 ? read_content(r, entry, line) : result;
}

/* What ldapsearch writes behind the entries. */
static int
read_trailer(struct reading *r)
{
    int result = 0;

    for (; result == 0 && is_in_record(r); result = result == 0 ? next_line(r) : result)
        if (is_named(r->at.name, "result") && (r->at.value.length < 2 ||
                                               memcmp(r->at.value.bytes, "0 ", 2) != 0))
            return fault(r, "the directory did not give all: the search has ended with an error");
    return result;
}

static int
read_file(struct reading *r)
{
    int result = next_line(r);

    if (result == 0 && r->at.what == LDIF_VALUE && is_named(r->at.name, "version")) {
        if (!is_named(r->at.value, "1"))
            return fault(r, "the version is not 1");
        result = next_line(r);
    }
    while (result == 0 && r->at.what != LDIF_END) {
        if (r->at.what == LDIF_BREAK)
            result = next_line(r);
        else if (r->at.what != LDIF_SEPARATOR && is_named(r->at.name, "dn"))
            result = read_record(r);
        else if (r->at.what == LDIF_VALUE &&
                 (is_named(r->at.name, "search") || is_named(r->at.name, "result") ||
                  is_named(r->at.name, "ref")))
            result = read_trailer(r);
        else
            return fault(r, "a record begins with its dn");
    }
    return result;
}

/* ---- what an entry says ---- */

static bool
ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool
is_true(const char *text)
{
    return strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 || strcmp(text, "1") == 0;
}

/* Whether the attribute's value says that somebody has left. */
static bool
says_left(enum attribute attribute, const char *value)
{
    enum { ACCOUNTDISABLE = 2 };

    switch (attribute) {
    case LOCK:
    case DISABLED:
        return is_true(value);
    case CONTROL:
        return (strtoull(value, NULL, 0) & ACCOUNTDISABLE) != 0;
    case SHELL:
        return ends_with(value, "/nologin") || ends_with(value, "/false");
    case LOCKED_TIME: /* for good; else somebody has mistaken their password */
        return strcmp(value, "000001010000Z") == 0;
    case STATUS:
        return strcasecmp(value, "inactive") == 0 || strcasecmp(value, "deleted") == 0;
    default:
        return false;
    }
}

static int64_t
seconds_to_moment(int64_t seconds)
{
    const int64_t last = INT64_C(7258118400); /* 2200 */

    return seconds >= last ? ROSTER_NEVER : seconds < 0 ? 0 : seconds * NANOSECONDS_PER_SECOND;
}

/* GeneralizedTime, in UTC: 20261130180000Z, with a fraction or without. */
static bool
read_time(int64_t *moment, const char *text)
{
    struct tm tm = {0};
    int digits[14];
    size_t i = 0;

    for (; i < COUNT_OF(digits); i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        digits[i] = text[i] - '0';
    }
    if (text[i] == '.')
        for (i++; text[i] >= '0' && text[i] <= '9';)
            i++;
    if (strcmp(text + i, "Z") != 0)
        return false;
    tm.tm_year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3] - 1900;
    tm.tm_mon = digits[4] * 10 + digits[5] - 1;
    tm.tm_mday = digits[6] * 10 + digits[7];
    tm.tm_hour = digits[8] * 10 + digits[9];
    tm.tm_min = digits[10] * 10 + digits[11];
    tm.tm_sec = digits[12] * 10 + digits[13];
    if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    *moment = seconds_to_moment(timegm(&tm));
    return true;
}

static bool
read_number(int64_t *number, const char *text)
{
    char *end;

    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

/* When its owner leaves, by this attribute. False where it is no time. */
static bool
read_left_at(int64_t *moment, enum attribute attribute, const char *value)
{
    const int64_t epoch = INT64_C(11644473600); /* 1601 to 1970, in seconds */
    int64_t number;

    *moment = ROSTER_NEVER;
    if (attribute == KERBEROS || attribute == END_TIME)
        return read_time(moment, value);
    if (!read_number(&number, value))
        return false;
    if (attribute == EXPIRES) /* 100 ns since 1601; 0 and the largest number: never */
        *moment = number <= 0 || number == INT64_MAX ? ROSTER_NEVER
                                                     : seconds_to_moment(number / 10000000 - epoch);
    else /* days since 1970 */
        *moment = number < 0           ? ROSTER_NEVER
                  : number > INT32_MAX ? ROSTER_NEVER
                                       : seconds_to_moment(number * 86400);
    return true;
}

static int
set_status(struct reading *r, struct roster_entry *to, const struct account *entry)
{
    bool is_told = false;

    to->left_at = entry->base ? entry->base->left_at : ROSTER_NEVER;
    to->is_left = false;
    for (enum attribute a = STATUS_FIRST; a <= STATUS_LAST; a++) {
        is_told |= (entry->changed & (1u << a)) != 0;
        to->is_left |= entry->values[a] && says_left(a, entry->values[a]);
    }
    if (entry->base && !is_told)
        to->is_left = entry->base->is_left;
    for (enum attribute a = TIME_FIRST; a <= TIME_LAST; a++) {
        int64_t moment = ROSTER_NEVER;

        if (entry->base && (entry->changed & (1u << a)) != 0)
            to->left_at = ROSTER_NEVER;
        if (entry->values[a] && !read_left_at(&moment, a, entry->values[a]))
            return roster_fault_at(r->roster, entry->line,
                                   "the entry has a time of its end that is none: accountExpires, "
                                   "shadowExpire, krbPrincipalExpiration or pwdEndTime");
        if (moment < to->left_at)
            to->left_at = moment;
    }
    to->is_left |= entry->is_deleted;
    return 0;
}

static bool
has_word(const char *text, const char *word)
{
    return text && strcasestr(text, word) != NULL;
}

static enum principal_kind
kind_of(const struct account *entry)
{
    const char *type = entry->values[TYPE];

    if (entry->base && (entry->changed & (1u << TYPE)) == 0 && entry->classes == 0)
        return entry->base->kind;
    if ((entry->classes & CLASS_SERVICE) != 0 || has_word(type, "service") ||
        has_word(type, "machine") || has_word(type, "bot") || has_word(type, "application"))
        return PRINCIPAL_SERVICE;
    return has_word(type, "admin") ? PRINCIPAL_ADMIN : PRINCIPAL_HUMAN;
}

static const char *
principal_of(const struct account *entry)
{
    if (entry->values[UID])
        return entry->values[UID];
    if (entry->values[ACCOUNT])
        return entry->values[ACCOUNT];
    return entry->base ? entry->base->principal : entry->values[CN];
}

static const char *
name_of(const struct account *entry)
{
    const char *name = entry->values[DISPLAY] ? entry->values[DISPLAY] : entry->values[CN];

    if (!name && entry->base)
        name = entry->base->owner;
    return name ? name : principal_of(entry);
}

/* Who answers for a service: another entry, which may have left. */
static int
set_owner(struct reading *r, struct roster_entry *to, const struct account *entry)
{
    const char *dn = entry->values[OWNER] ? entry->values[OWNER] : entry->values[MANAGER];
    const struct account *owner;
    struct roster_entry is = {0};
    const char *key;
    int result;

    if (!dn) {
        to->owner = entry->base ? entry->base->owner : "";
        return 0;
    }
    key = key_of(r->store, view_of_text(dn));
    if (!key)
        return PASU_E_NOMEM;
    owner = find_entry(r, key);
    if (!owner) {
        to->owner = first_of_dn(r->store, dn);
        return to->owner ? 0 : PASU_E_NOMEM;
    }
    to->owner = name_of(owner) ? name_of(owner) : dn;
    result = set_status(r, &is, owner);
    to->is_left |= is.is_left;
    if (is.left_at < to->left_at)
        to->left_at = is.left_at;
    return result;
}

static bool
is_account(const struct account *entry)
{
    if (entry->base)
        return true;
    if (!entry->is_seen)
        return false;
    if (entry->classes & CLASS_SERVICE)
        return true;
    if (entry->classes & CLASS_COMPUTER)
        return false;
    return (entry->classes & CLASS_PERSON) != 0 ||
           (entry->classes == 0 && (entry->values[UID] || entry->values[ACCOUNT]));
}

static int
add_entry(struct reading *r, const struct account *entry)
{
    struct roster_entry to = {.line = entry->line, .id = entry->dn, .user_name = "", .owner = ""};
    int result;

    if (!is_account(entry))
        return 0;
    to.principal = principal_of(entry);
    if (!to.principal || to.principal[0] == '\0')
        return roster_fault_at(r->roster, entry->line,
                               "the account has no uid, sAMAccountName or cn");
    to.principal = store_dup(r->store, view_of_text(to.principal)); /* it may be of the base */
    to.kind = kind_of(entry);
    to.contact = entry->values[MAIL] ? entry->values[MAIL] : entry->base ? entry->base->contact : "";
    result = set_status(r, &to, entry);
    if (result == 0 && to.kind == PRINCIPAL_SERVICE)
        result = set_owner(r, &to, entry);
    else if (result == 0)
        to.owner = name_of(entry);
    if (result != 0)
        return result;
    to.owner = store_dup(r->store, view_of_text(to.owner));
    to.contact = store_dup(r->store, view_of_text(to.contact));
    return to.principal && to.owner && to.contact ? roster_add(r->roster, &to) : PASU_E_NOMEM;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Lines of the roster that no directory has named stay as they are. `taken`: the principals that
 * one has. */
static int
keep_lines(struct reading *r, void *const *taken)
{
    for (size_t i = 0; i < roster_count(r->base); i++) {
        struct roster_entry one = *roster_at(r->base, i);
        int result;

        if (one.id[0] != '\0' || one.is_scim || tfind(one.principal, taken, compare_names))
            continue;
        one.principal = store_dup(r->store, view_of_text(one.principal));
        one.owner = store_dup(r->store, view_of_text(one.owner));
        one.contact = store_dup(r->store, view_of_text(one.contact));
        one.id = one.user_name = "";
        if (!one.principal || !one.owner || !one.contact)
            return PASU_E_NOMEM;
        result = roster_add(r->roster, &one);
        if (result != 0)
            return result;
    }
    return 0;
}

static void
keep_node(void *node PASU_UNUSED)
{
    /* what the trees are of is the store's */
}

static int
keep_others(struct reading *r)
{
    const struct roster *roster = r->roster->roster;
    void *taken = NULL;
    int result = 0;

    for (size_t i = 0; result == 0 && i < roster->count; i++)
        if (!tsearch(roster->entries[i].principal, &taken, compare_names))
            result = PASU_E_NOMEM;
    if (result == 0)
        result = keep_lines(r, &taken);
    tdestroy(taken, keep_node);
    return result;
}

int
roster_read_ldif(struct roster_reading *roster, struct view bytes, const struct roster *base)
{
    struct reading r = {.roster = roster, .store = &roster->roster->store, .base = base};
    int result = ldif_open(&r.ldif, bytes);

    r.last = &r.first;
    if (result == 0)
        result = add_base(&r);
    if (result == 0)
        result = read_file(&r);
    for (const struct account *entry = r.first; result == 0 && entry; entry = entry->next)
        if (r.has_changes || entry->is_seen)
            result = add_entry(&r, entry);
    if (result == 0 && r.has_changes)
        result = keep_others(&r);
    tdestroy(r.tree, keep_node);
    ldif_close(&r.ldif);
    return result;
}
