/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ldif_account.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <search.h>

static const char *const attribute_names[LDIF_ATTRIBUTES] = {
    [LDIF_CLASS] = "objectClass",
    [LDIF_UID] = "uid",
    [LDIF_ACCOUNT] = "sAMAccountName",
    [LDIF_CN] = "cn",
    [LDIF_DISPLAY] = "displayName",
    [LDIF_TYPE] = "employeeType",
    [LDIF_OWNER] = "owner",
    [LDIF_MANAGER] = "manager",
    [LDIF_MAIL] = "mail",
    [LDIF_LOCK] = "nsAccountLock",
    [LDIF_CONTROL] = "userAccountControl",
    [LDIF_SHELL] = "loginShell",
    [LDIF_LOCKED_TIME] = "pwdAccountLockedTime",
    [LDIF_DISABLED] = "ds-pwp-account-disabled",
    [LDIF_STATUS] = "inetUserStatus",
    [LDIF_EXPIRES] = "accountExpires",
    [LDIF_SHADOW] = "shadowExpire",
    [LDIF_KERBEROS] = "krbPrincipalExpiration",
    [LDIF_END_TIME] = "pwdEndTime",
};

static const struct {
    const char *name;
    enum ldif_class flag;
} classes[] = {
    {"person", LDIF_CLASS_PERSON},
    {"organizationalPerson", LDIF_CLASS_PERSON},
    {"inetOrgPerson", LDIF_CLASS_PERSON},
    {"user", LDIF_CLASS_PERSON},
    {"posixAccount", LDIF_CLASS_PERSON},
    {"shadowAccount", LDIF_CLASS_PERSON},
    {"account", LDIF_CLASS_PERSON},
    {"applicationProcess", LDIF_CLASS_SERVICE},
    {"msDS-ManagedServiceAccount", LDIF_CLASS_SERVICE},
    {"msDS-GroupManagedServiceAccount", LDIF_CLASS_SERVICE},
    {"computer", LDIF_CLASS_COMPUTER},
};

enum change { CHANGE_NONE, CHANGE_ADD, CHANGE_DELETE, CHANGE_MODIFY, CHANGE_RENAME };
enum modification { MODIFY_NONE, MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE };

static int
fault(struct ldif_accounts *r, const char *text)
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
    return strcmp(((const struct ldif_account *)a)->key, ((const struct ldif_account *)b)->key);
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

static struct ldif_account *
find_entry(const struct ldif_accounts *r, const char *key)
{
    struct ldif_account wanted = {.key = key};
    void *const *node = tfind(&wanted, &r->tree, compare_entries);

    return node ? *node : NULL;
}

/* *entry is new, or one that is there. */
static int
get_entry(struct ldif_accounts *r, struct view dn, struct ldif_account **entry)
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

const char *
ldif_first_value(struct store *store, const char *dn)
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
add_base(struct ldif_accounts *r)
{
    for (size_t i = 0; i < roster_count(r->base); i++) {
        const struct roster_entry *one = roster_at(r->base, i);
        struct ldif_account *entry;
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
    unsigned flags = LDIF_CLASS_ANY;

    for (size_t i = 0; i < COUNT_OF(classes); i++)
        if (is_named(value, classes[i].name))
            flags |= classes[i].flag;
    return flags;
}

static enum ldif_attribute
attribute_of(struct view name)
{
    size_t i = 0;

    while (i < LDIF_ATTRIBUTES && !is_named(name, attribute_names[i]))
        i++;
    return (enum ldif_attribute)i;
}

/* What it says is to be shown, compared and written down. */
static int
check_value(struct ldif_accounts *r)
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
add_value(struct ldif_accounts *r, struct ldif_account *entry, enum ldif_attribute attribute)
{
    int result = check_value(r);

    if (result != 0)
        return result;
    entry->changed |= 1u << attribute;
    if (attribute == LDIF_CLASS)
        entry->classes |= class_of(r->at.value);
    if (entry->values[attribute])
        return 0;
    entry->values[attribute] = store_dup(r->store, r->at.value);
    return entry->values[attribute] ? 0 : PASU_E_NOMEM;
}

static void
remove_values(struct ldif_account *entry, enum ldif_attribute attribute)
{
    entry->values[attribute] = NULL;
    entry->changed |= 1u << attribute;
    if (attribute == LDIF_CLASS)
        entry->classes = 0;
}

/* ---- records ---- */

static int
next_line(struct ldif_accounts *r)
{
    int result = ldif_read(&r->ldif, &r->at);

    return result == PASU_E_MALFORMED ? fault(r, r->ldif.fault) : result;
}

static bool
is_in_record(const struct ldif_accounts *r)
{
    return r->at.what != LDIF_BREAK && r->at.what != LDIF_END;
}

static int
skip_record(struct ldif_accounts *r)
{
    int result = 0;

    while (result == 0 && is_in_record(r))
        result = next_line(r);
    return result;
}

/* The attributes of an entry that the file has whole. */
static int
read_content(struct ldif_accounts *r, struct ldif_account *entry, uint32_t line)
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
        enum ldif_attribute attribute;

        if (r->at.what == LDIF_SEPARATOR)
            return fault(r, "a \"-\" is for modifications only");
        attribute = attribute_of(r->at.name);
        if (attribute < LDIF_ATTRIBUTES)
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
says_who_left(enum ldif_attribute attribute)
{
    return attribute >= LDIF_STATUS_FIRST && attribute <= LDIF_TIME_LAST;
}

/* A value of a modification: of the attribute that it names, or it is something else. */
static int
modify_value(struct ldif_accounts *r, struct ldif_account *entry, enum modification how,
             enum ldif_attribute of)
{
    if (r->at.what != LDIF_URL && attribute_of(r->at.name) != of)
        return fault(r, "a value of another attribute than the modification names");
    if (!entry || of == LDIF_ATTRIBUTES)
        return 0;
    if (how != MODIFY_DELETE) {
        if (how == MODIFY_ADD && says_who_left(of))
            remove_values(entry, of); /* it has one value */
        return add_value(r, entry, of);
    }
    if (of != LDIF_CLASS && entry->values[of] && is_named(r->at.value, entry->values[of]))
        remove_values(entry, of);
    return 0;
}

/* One of a record's modifications, up to its "-". `entry` is NULL where nobody is meant. */
static int
read_modification(struct ldif_accounts *r, struct ldif_account *entry)
{
    enum modification how = modification_of(r->at.name);
    enum ldif_attribute of;
    bool has_value = false;
    int result;

    if (how == MODIFY_NONE || r->at.what != LDIF_VALUE)
        return fault(r, "a modification begins with add, delete or replace, and the attribute");
    of = attribute_of(r->at.value);
    if (!entry && of < LDIF_ATTRIBUTES && says_who_left(of))
        return fault(r,
                     "says whether somebody has left who is neither in the file nor on the roster");
    if (entry && of < LDIF_ATTRIBUTES && how == MODIFY_REPLACE)
        remove_values(entry, of);
    result = next_line(r);
    while (result == 0 && is_in_record(r) && r->at.what != LDIF_SEPARATOR) {
        has_value = true;
        result = modify_value(r, entry, how, of);
        if (result == 0)
            result = next_line(r);
    }
    if (result == 0 && entry && of < LDIF_ATTRIBUTES && how == MODIFY_DELETE && !has_value)
        remove_values(entry, of);
    if (result == 0 && r->at.what == LDIF_SEPARATOR)
        result = next_line(r);
    return result;
}

static int
read_modify(struct ldif_accounts *r, struct ldif_account *entry)
{
    int result = 0;

    while (result == 0 && is_in_record(r))
        result = read_modification(r, entry);
    return result;
}

/* newrdn, and newsuperior: the entry has another DN from then on. */
static int
read_rename(struct ldif_accounts *r, struct ldif_account *entry)
{
    const char *comma = NULL, *rdn = NULL, *above = NULL;
    struct ldif_account *other;
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
read_changetype(struct ldif_accounts *r, enum change *change)
{
    static const struct {
        const char *name;
        enum change change;
    } types[] = {{"add", CHANGE_ADD},
                 {"delete", CHANGE_DELETE},
                 {"modify", CHANGE_MODIFY},
                 {"modrdn", CHANGE_RENAME},
                 {"moddn", CHANGE_RENAME}};

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
base_of(const struct ldif_accounts *r, const char *dn)
{
    const char *name = ldif_first_value(r->store, dn);
    const struct roster_entry *base = NULL;

    if (name && (strncasecmp(dn, "uid=", 4) == 0 || strncasecmp(dn, "cn=", 3) == 0))
        base = roster_find(r->base, name);
    return base && base->id[0] == '\0' && !base->is_scim ? base : NULL;
}

static int
change_entry(struct ldif_accounts *r, struct view dn, enum change change, uint32_t line)
{
    char *key = key_of(r->store, dn);
    struct ldif_account *entry = key ? find_entry(r, key) : NULL;
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
    if (!entry && !r->base)
        return roster_fault_at(r->roster, line,
                               "deletes an entry that is not in the file: changes alone are no "
                               "roster (import them into a CSV file: pasu roster import)");
    if (entry)
        entry->is_deleted = true; /* who is on no list was nobody that could leave */
    return skip_record(r);
}

/* The line with the DN has been read. */
static int
read_record(struct ldif_accounts *r)
{
    enum change change = CHANGE_NONE;
    struct ldif_account *entry;
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
read_trailer(struct ldif_accounts *r)
{
    int result = 0;

    for (; result == 0 && is_in_record(r); result = result == 0 ? next_line(r) : result)
        if (is_named(r->at.name, "result") &&
            (r->at.value.length < 2 || memcmp(r->at.value.bytes, "0 ", 2) != 0))
            return fault(r, "the directory did not give all: the search has ended with an error");
    return result;
}

static int
read_file(struct ldif_accounts *r)
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

static void
keep_node(void *node PASU_UNUSED)
{
    /* what the tree is of is the store's */
}

int
ldif_accounts_read(struct ldif_accounts *r, struct roster_reading *roster, struct view bytes,
                   const struct roster *base)
{
    int result;

    *r = (struct ldif_accounts){.roster = roster, .store = &roster->roster->store, .base = base};
    r->last = &r->first;
    result = ldif_open(&r->ldif, bytes);
    if (result == 0)
        result = add_base(r);
    return result == 0 ? read_file(r) : result;
}

void
ldif_accounts_release(struct ldif_accounts *r)
{
    tdestroy(r->tree, keep_node);
    ldif_close(&r->ldif);
}

int
ldif_accounts_find(struct ldif_account **account, const struct ldif_accounts *r, const char *dn)
{
    const char *key = key_of(r->store, view_of_text(dn));

    *account = key ? find_entry(r, key) : NULL;
    return key ? 0 : PASU_E_NOMEM;
}
