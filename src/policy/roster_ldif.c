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
 */
#include "policy/ldif_account.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <time.h>

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
says_left(enum ldif_attribute attribute, const char *value)
{
    enum { ACCOUNTDISABLE = 2 };

    switch (attribute) {
    case LDIF_LOCK:
    case LDIF_DISABLED:
        return is_true(value);
    case LDIF_CONTROL:
        return (strtoull(value, NULL, 0) & ACCOUNTDISABLE) != 0;
    case LDIF_SHELL:
        return ends_with(value, "/nologin") || ends_with(value, "/false");
    case LDIF_LOCKED_TIME: /* for good; else somebody has mistaken their password */
        return strcmp(value, "000001010000Z") == 0;
    case LDIF_STATUS:
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
read_left_at(int64_t *moment, enum ldif_attribute attribute, const char *value)
{
    const int64_t epoch = INT64_C(11644473600); /* 1601 to 1970, in seconds */
    int64_t number;

    *moment = ROSTER_NEVER;
    if (attribute == LDIF_KERBEROS || attribute == LDIF_END_TIME)
        return read_time(moment, value);
    if (!read_number(&number, value))
        return false;
    if (attribute == LDIF_EXPIRES) /* 100 ns since 1601; 0 and the largest number: never */
        *moment = number <= 0 || number == INT64_MAX ? ROSTER_NEVER
                                                     : seconds_to_moment(number / 10000000 - epoch);
    else /* days since 1970 */
        *moment = number < 0           ? ROSTER_NEVER
                  : number > INT32_MAX ? ROSTER_NEVER
                                       : seconds_to_moment(number * 86400);
    return true;
}

static int
set_status(struct ldif_accounts *r, struct roster_entry *to, const struct ldif_account *entry)
{
    bool is_told = false;

    to->left_at = entry->base ? entry->base->left_at : ROSTER_NEVER;
    to->is_left = false;
    for (enum ldif_attribute a = LDIF_STATUS_FIRST; a <= LDIF_STATUS_LAST; a++) {
        is_told |= (entry->changed & (1u << a)) != 0;
        to->is_left |= entry->values[a] && says_left(a, entry->values[a]);
    }
    if (entry->base && !is_told)
        to->is_left = entry->base->is_left;
    for (enum ldif_attribute a = LDIF_TIME_FIRST; a <= LDIF_TIME_LAST; a++) {
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
kind_of(const struct ldif_account *entry)
{
    const char *type = entry->values[LDIF_TYPE];

    if (entry->base && (entry->changed & (1u << LDIF_TYPE)) == 0 && entry->classes == 0)
        return entry->base->kind;
    if ((entry->classes & LDIF_CLASS_SERVICE) != 0 || has_word(type, "service") ||
        has_word(type, "machine") || has_word(type, "bot") || has_word(type, "application"))
        return PRINCIPAL_SERVICE;
    return has_word(type, "admin") ? PRINCIPAL_ADMIN : PRINCIPAL_HUMAN;
}

static const char *
principal_of(const struct ldif_account *entry)
{
    if (entry->values[LDIF_UID])
        return entry->values[LDIF_UID];
    if (entry->values[LDIF_ACCOUNT])
        return entry->values[LDIF_ACCOUNT];
    return entry->base ? entry->base->principal : entry->values[LDIF_CN];
}

static const char *
name_of(const struct ldif_account *entry)
{
    const char *name =
        entry->values[LDIF_DISPLAY] ? entry->values[LDIF_DISPLAY] : entry->values[LDIF_CN];

    if (!name && entry->base)
        name = entry->base->owner;
    return name ? name : principal_of(entry);
}

/* Who answers for a service: another entry, which may have left. */
static int
set_owner(struct ldif_accounts *r, struct roster_entry *to, const struct ldif_account *entry)
{
    const char *dn =
        entry->values[LDIF_OWNER] ? entry->values[LDIF_OWNER] : entry->values[LDIF_MANAGER];
    bool is_told = dn != NULL; /* here, and not in the roster that there was */
    struct ldif_account *owner;
    struct roster_entry is = {0};
    int result;

    if (!dn && entry->base && entry->base->owner_id[0] != '\0')
        dn = entry->base->owner_id;
    if (!dn) {
        to->owner = entry->base ? entry->base->owner : "";
        return 0;
    }
    to->owner_id = dn;
    result = ldif_accounts_find(&owner, r, dn);
    if (result != 0)
        return result;
    if (!owner && !is_told) {
        to->owner = entry->base->owner;
        return 0;
    }
    if (!owner) {
        to->owner = ldif_first_value(r->store, dn);
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
is_account(const struct ldif_account *entry)
{
    if (entry->base)
        return true;
    if (!entry->is_seen)
        return false;
    if (entry->classes & LDIF_CLASS_SERVICE)
        return true;
    if (entry->classes & LDIF_CLASS_COMPUTER)
        return false;
    return (entry->classes & LDIF_CLASS_PERSON) != 0 ||
           (entry->classes == 0 && (entry->values[LDIF_UID] || entry->values[LDIF_ACCOUNT]));
}

static int
add_entry(struct ldif_accounts *r, const struct ldif_account *entry)
{
    struct roster_entry to = {
        .line = entry->line, .id = entry->dn, .owner_id = "", .user_name = "", .owner = ""};
    int result;

    if (!is_account(entry))
        return 0;
    to.principal = principal_of(entry);
    if (!to.principal || to.principal[0] == '\0')
        return roster_fault_at(r->roster, entry->line,
                               "the account has no uid, sAMAccountName or cn");
    to.principal = store_dup(r->store, view_of_text(to.principal)); /* it may be of the base */
    to.kind = kind_of(entry);
    to.contact = entry->values[LDIF_MAIL] ? entry->values[LDIF_MAIL]
                 : entry->base            ? entry->base->contact
                                          : "";
    result = set_status(r, &to, entry);
    if (result == 0 && to.kind == PRINCIPAL_SERVICE)
        result = set_owner(r, &to, entry);
    else if (result == 0)
        to.owner = name_of(entry);
    if (result != 0)
        return result;
    to.owner = store_dup(r->store, view_of_text(to.owner));
    to.contact = store_dup(r->store, view_of_text(to.contact));
    to.owner_id = store_dup(r->store, view_of_text(to.owner_id));
    return to.principal && to.owner && to.contact && to.owner_id ? roster_add(r->roster, &to)
                                                                 : PASU_E_NOMEM;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Lines of the roster that no directory has named stay as they are. `taken`: the principals that
 * one has. */
static int
keep_lines(struct ldif_accounts *r, void *const *taken)
{
    for (size_t i = 0; i < roster_count(r->base); i++) {
        struct roster_entry one = *roster_at(r->base, i);
        int result;

        if (one.id[0] != '\0' || one.is_scim || tfind(one.principal, taken, compare_names))
            continue;
        one.principal = store_dup(r->store, view_of_text(one.principal));
        one.owner = store_dup(r->store, view_of_text(one.owner));
        one.contact = store_dup(r->store, view_of_text(one.contact));
        one.id = one.owner_id = one.user_name = "";
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
keep_others(struct ldif_accounts *r)
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
    struct ldif_accounts r;
    int result = ldif_accounts_read(&r, roster, bytes, base);

    for (const struct ldif_account *entry = r.first; result == 0 && entry; entry = entry->next)
        if (r.has_changes || entry->is_seen)
            result = add_entry(&r, entry);
    if (result == 0 && r.has_changes)
        result = keep_others(&r);
    if (result == 0 && roster->roster->count == 0)
        result = roster_fault_at(roster, 1,
                                 "no entry is an account: nobody would be left on the roster");
    ldif_accounts_release(&r);
    return result;
}
