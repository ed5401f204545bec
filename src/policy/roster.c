/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/roster.h"

#include "base/memory.h"
#include "policy/ldif.h"
#include "policy/roster_part.h"

enum { PRINCIPAL_SIZE = 64 }; /* a role's name */

const char roster_hint[] = "write a CSV file whose first line names the columns principal, kind, "
                           "owner, owner_status, left_at, contact; or LDIF of a directory";

/* ---- kinds ---- */

static const char *const kind_texts[] = {"unknown", "human", "service", "admin"};

const char *
principal_kind_text(enum principal_kind kind)
{
    return (size_t)kind < COUNT_OF(kind_texts) ? kind_texts[kind] : kind_texts[PRINCIPAL_UNKNOWN];
}

bool
roster_kind_of_text(enum principal_kind *kind, const char *text)
{
    *kind = PRINCIPAL_UNKNOWN;
    if (text[0] == '\0')
        return true;
    for (size_t i = 0; i < COUNT_OF(kind_texts); i++)
        if (strcmp(text, kind_texts[i]) == 0) {
            *kind = (enum principal_kind)i;
            return true;
        }
    return false;
}

/* ---- the file ---- */

int
roster_fault_at(struct roster_reading *reading, uint32_t line, const char *text)
{
    *reading->fault = (struct roster_fault){line, text, reading->is_scim};
    return PASU_E_MALFORMED;
}

int
roster_add(struct roster_reading *reading, const struct roster_entry *entry)
{
    struct roster *r = reading->roster;

    if (r->count == r->size) {
        size_t size = r->size + r->size / 2 + 64;
        struct roster_entry *larger = memory_resize(r->entries, size, sizeof(*larger));

        if (!larger)
            return PASU_E_NOMEM;
        r->entries = larger;
        r->size = size;
    }
    r->entries[r->count++] = *entry;
    return 0;
}

static int
compare_entries(const void *a, const void *b)
{
    const struct roster_entry *x = a, *y = b;
    int order = strcmp(x->principal, y->principal);

    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* Two lines for one principal could say different things. */
static int
fault_twice(struct roster_reading *reading, const struct roster_entry *entry)
{
    reading->is_scim = entry->is_scim;
    return roster_fault_at(reading, entry->line, "the principal is listed twice");
}

static int
sort_entries(struct roster_reading *reading)
{
    struct roster *r = reading->roster;

    if (r->count > 0)
        qsort(r->entries, r->count, sizeof(*r->entries), compare_entries);
    for (size_t i = 1; i < r->count; i++)
        if (strcmp(r->entries[i - 1].principal, r->entries[i].principal) == 0)
            return fault_twice(reading, &r->entries[i]);
    return 0;
}

static int
read_part(struct roster_reading *reading, struct view bytes, const struct roster *base)
{
    if (bytes.length > 0 && memchr(bytes.bytes, 0, bytes.length))
        return roster_fault_at(reading, 1, "has a zero byte: it is not a text file in UTF-8");
    return !reading->is_scim && ldif_is_one(bytes) ? roster_read_ldif(reading, bytes, base)
                                                   : roster_read_csv(reading, bytes);
}

/* Behind CONFIG_SCIM_MARK comes what the endpoint keeps. */
static int
read_parts(struct roster_reading *reading, struct view bytes)
{
    const struct view mark = VIEW(CONFIG_SCIM_MARK);
    const uint8_t *at =
        bytes.length > 0 ? memmem(bytes.bytes, bytes.length, mark.bytes, mark.length) : NULL;
    size_t length = at ? (size_t)(at - bytes.bytes) : bytes.length, first;
    int result = read_part(reading, view_of(bytes.bytes, length), NULL);

    if (result != 0 || !at)
        return result;
    first = reading->roster->count;
    reading->is_scim = true;
    result =
        read_part(reading, view_of(at + mark.length, bytes.length - length - mark.length), NULL);
    return result == 0 ? roster_merge(reading->roster, first) : result;
}

/* One that has no entries yet. */
static int
begin(struct roster_reading *reading, struct roster_fault *fault)
{
    *fault = (struct roster_fault){0, "", false};
    *reading =
        (struct roster_reading){.roster = memory_new(1, sizeof(*reading->roster)), .fault = fault};
    if (!reading->roster)
        return PASU_E_NOMEM;
    reading->roster->holders = 1;
    return 0;
}

static int
end(struct roster **roster, struct roster_reading *reading, int result)
{
    if (result == 0)
        result = sort_entries(reading);
    if (result != 0)
        roster_free(reading->roster);
    else
        *roster = reading->roster;
    return result;
}

int
roster_parse(struct roster **roster, struct view bytes, struct roster_fault *fault)
{
    struct roster_reading reading;
    int result = begin(&reading, fault);

    *roster = NULL;
    return result == 0 ? end(roster, &reading, read_parts(&reading, bytes)) : result;
}

int
roster_parse_changes(struct roster **roster, struct view bytes, const struct roster *base,
                     struct roster_fault *fault)
{
    struct roster_reading reading;
    int result = begin(&reading, fault);

    *roster = NULL;
    return result == 0 ? end(roster, &reading, read_part(&reading, bytes, base)) : result;
}

int
roster_check(const struct config *config, struct config_faults *faults)
{
    const struct config_file *file = &config->principals.roster;
    struct roster *roster;
    struct roster_fault fault;
    int result;

    if (!file->path || !file->bytes.bytes) /* who could not read it has said so */
        return 0;
    result = roster_parse(&roster, file->bytes, &fault);
    if (result == 0)
        roster_free(roster);
    if (result != PASU_E_MALFORMED)
        return result;
    if (fault.is_scim)
        config_fault_add(faults, config->principals.scim.file, fault.line, 0,
                         "pasu writes this file: restore it, or remove it and let the identity "
                         "provider send everybody again",
                         "what the SCIM endpoint keeps: %s", fault.text);
    else
        config_fault_add(faults, file->path, fault.line, 0, roster_hint, "the roster: %s",
                         fault.text);
    return PASU_E_CONFIG;
}

struct roster *
roster_hold(struct roster *roster)
{
    if (roster)
        roster->holders++;
    return roster;
}

void
roster_free(struct roster *roster)
{
    if (!roster || --roster->holders > 0)
        return;
    memory_free(roster->entries);
    store_release(&roster->store);
    memory_free(roster);
}

size_t
roster_count(const struct roster *roster)
{
    return roster ? roster->count : 0;
}

const struct roster_entry *
roster_at(const struct roster *roster, size_t index)
{
    return &roster->entries[index];
}

static const struct roster_entry *
find(const struct roster *roster, const char *principal)
{
    size_t low = 0, high = roster_count(roster);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(roster->entries[middle].principal, principal);

        if (order == 0)
            return &roster->entries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct roster_entry *
roster_find(const struct roster *roster, const char *principal)
{
    const struct roster_entry *entry = find(roster, principal);
    char small[PRINCIPAL_SIZE];
    size_t length = strlen(principal);

    if (entry || length >= sizeof(small))
        return entry;
    for (size_t i = 0; i <= length; i++)
        small[i] =
            principal[i] >= 'A' && principal[i] <= 'Z' ? (char)(principal[i] | 0x20) : principal[i];
    entry = find(roster, small);
    return entry && entry->is_scim ? entry : NULL;
}

bool
roster_has_left(const struct roster_entry *entry, int64_t now)
{
    return entry->is_left || entry->left_at <= now;
}

int64_t
roster_next(const struct roster *roster, int64_t now)
{
    int64_t next = ROSTER_NEVER;

    for (size_t i = 0; i < roster_count(roster); i++) {
        const struct roster_entry *entry = &roster->entries[i];

        if (!roster_has_left(entry, now) && entry->left_at < next)
            next = entry->left_at;
    }
    return next;
}

enum principal_kind
roster_kind(const struct roster *roster, const char *principal)
{
    const struct roster_entry *entry = roster_find(roster, principal);

    return entry ? entry->kind : PRINCIPAL_UNKNOWN;
}

enum principal_owner
roster_owner(const struct roster *roster, const char *principal, int64_t now)
{
    const struct roster_entry *entry = roster_find(roster, principal);

    if (!entry)
        return OWNER_UNLISTED;
    if (roster_has_left(entry, now))
        return OWNER_LEFT;
    return entry->owner[0] ? OWNER_THERE : OWNER_NONE;
}

enum principal_standing
roster_standing(const struct roster *roster, const char *principal, int64_t now,
                enum principals_ownerless ownerless)
{
    const struct roster_entry *entry = roster_find(roster, principal);

    if (!entry || !roster_has_left(entry, now))
        return STANDING_GOOD;
    return entry->kind == PRINCIPAL_SERVICE && ownerless == OWNERLESS_ALERT ? STANDING_OWNERLESS
                                                                            : STANDING_LEFT;
}
