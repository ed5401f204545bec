/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is copied once and taken apart in place: a field's text, without its quotes, is never
 * longer than what it is written as, and the separator behind it makes room for the zero byte.
 */
#include "policy/roster.h"

#include "base/memory.h"
#include "config/moment.h"

enum { COLUMNS_MAX = 256 };

struct roster {
    _Atomic uint32_t holders;
    char *text;
    struct roster_entry *entries; /* by principal */
    size_t count, size;
};

enum column {
    COLUMN_PRINCIPAL,
    COLUMN_KIND,
    COLUMN_OWNER,
    COLUMN_OWNER_STATUS,
    COLUMN_LEFT_AT,
    COLUMN_CONTACT,
    COLUMN_KNOWN
};

const char roster_hint[] = "write a CSV file whose first line names the columns principal, kind, "
                           "owner, owner_status, left_at, contact";

struct parse {
    struct roster *roster;
    char *at, *end; /* *end is a zero byte of ours */
    uint32_t line;  /* that `at` is in */
    struct roster_fault *fault;
    size_t column_count;
    size_t columns[COLUMN_KNOWN]; /* where they are; COLUMNS_MAX: nowhere */
};

/* ---- kinds ---- */

static const char *const kind_texts[] = {"unknown", "human", "service", "admin"};

const char *
principal_kind_text(enum principal_kind kind)
{
    return (size_t)kind < COUNT_OF(kind_texts) ? kind_texts[kind] : kind_texts[PRINCIPAL_UNKNOWN];
}

/* An empty kind is unknown, too. */
static bool
kind_from_text(enum principal_kind *kind, const char *text)
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

/* ---- fields ---- */

static int
fault_at(struct parse *p, uint32_t line, const char *text)
{
    *p->fault = (struct roster_fault){line, text};
    return PASU_E_MALFORMED;
}

/* The end of a line, or 0: LF, or CR LF. */
static size_t
line_end(const struct parse *p)
{
    if (p->at < p->end && *p->at == '\n')
        return 1;
    return p->end - p->at >= 2 && p->at[0] == '\r' && p->at[1] == '\n' ? 2 : 0;
}

/* The opening quote has been passed. */
static int
read_quoted(struct parse *p, char **to)
{
    uint32_t line = p->line;

    for (; p->at < p->end; p->at++) {
        if (*p->at == '\n')
            p->line++;
        if (*p->at == '"') {
            if (p->end - p->at < 2 || p->at[1] != '"') {
                p->at++;
                return 0;
            }
            p->at++;
        }
        *(*to)++ = *p->at;
    }
    return fault_at(p, line, "a quoted field does not end");
}

/* One field and the separator behind it. *is_last: the line ends with it. */
static int
read_field(struct parse *p, const char **field, bool *is_last)
{
    char *to = p->at;
    size_t length;
    int result = 0;

    *field = to;
    if (p->at < p->end && *p->at == '"') {
        p->at++;
        result = read_quoted(p, &to);
    } else {
        while (p->at < p->end && *p->at != ',' && *p->at != '"' && line_end(p) == 0)
            *to++ = *p->at++;
    }
    if (result != 0)
        return result;
    length = line_end(p);
    *is_last = length > 0 || p->at == p->end;
    if (!*is_last && *p->at != ',')
        return fault_at(p, p->line, "a quote within a field must be doubled, and the field quoted");
    p->at += *is_last ? length : 1;
    p->line += length > 0;
    *to = '\0';
    return 0;
}

/* ---- lines ---- */

static int
read_header(struct parse *p)
{
    static const char *const names[] = {
        [COLUMN_PRINCIPAL] = "principal", [COLUMN_KIND] = "kind",
        [COLUMN_OWNER] = "owner",         [COLUMN_OWNER_STATUS] = "owner_status",
        [COLUMN_LEFT_AT] = "left_at",     [COLUMN_CONTACT] = "contact"};
    uint32_t line = p->line;
    bool is_last = false;

    for (size_t i = 0; i < COLUMN_KNOWN; i++)
        p->columns[i] = COLUMNS_MAX;
    while (!is_last) {
        const char *name;
        int result = read_field(p, &name, &is_last);

        if (result != 0)
            return result;
        if (p->column_count == COLUMNS_MAX)
            return fault_at(p, line, "has more than 256 columns");
        for (size_t i = 0; i < COLUMN_KNOWN; i++) {
            if (strcmp(name, names[i]) != 0)
                continue;
            if (p->columns[i] != COLUMNS_MAX)
                return fault_at(p, line, "names a column twice");
            p->columns[i] = p->column_count;
        }
        p->column_count++;
    }
    return p->columns[COLUMN_PRINCIPAL] != COLUMNS_MAX
               ? 0
               : fault_at(p, line, "the header line names no column \"principal\"");
}

static int
add_entry(struct parse *p, const struct roster_entry *entry)
{
    struct roster *r = p->roster;

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

/* Nobody leaves in a year that moments do not reach: "9999-12-31" is how some systems write never.
 */
static int
read_left_at(int64_t *left_at, const char *text)
{
    int result = *text ? moment_parse_fixed(left_at, text, false) : PASU_E_NOTFOUND;

    if (result == PASU_E_NOTFOUND || (result == PASU_E_RANGE && strcmp(text, "2") > 0))
        *left_at = ROSTER_NEVER;
    else if (result == PASU_E_RANGE)
        *left_at = 0;
    return result == PASU_E_MALFORMED ? result : 0;
}

/* What its line says, but for the principal. */
static int
read_entry(struct parse *p, struct roster_entry *entry, const char *const known[COLUMN_KNOWN])
{
    const char *status = known[COLUMN_OWNER_STATUS];

    if (!kind_from_text(&entry->kind, known[COLUMN_KIND]))
        return fault_at(p, entry->line, "the kind is none of human, service, admin, unknown");
    entry->is_left = strcmp(status, "left") == 0;
    if (*status && !entry->is_left && strcmp(status, "active") != 0)
        return fault_at(p, entry->line, "the owner_status is neither active nor left");
    if (read_left_at(&entry->left_at, known[COLUMN_LEFT_AT]) != 0)
        return fault_at(p, entry->line,
                        "left_at is neither a day (2026-11-30) nor a moment "
                        "(2026-11-30T18:00:00+09:00)");
    return 0;
}

static int
read_line(struct parse *p)
{
    const char *known[COLUMN_KNOWN] = {"", "", "", "", "", ""};
    struct roster_entry entry = {.line = p->line};
    bool is_last = false;
    size_t column = 0;
    int result;

    for (; !is_last; column++) {
        const char *field;

        result = read_field(p, &field, &is_last);

        if (result != 0)
            return result;
        for (size_t i = 0; i < COLUMN_KNOWN; i++)
            if (p->columns[i] == column)
                known[i] = field;
    }
    if (column != p->column_count)
        return fault_at(p, entry.line, "has not as many fields as the header line");
    entry.principal = known[COLUMN_PRINCIPAL];
    if (entry.principal[0] == '\0')
        return fault_at(p, entry.line, "the principal is empty");
    entry.owner = known[COLUMN_OWNER];
    entry.contact = known[COLUMN_CONTACT];
    result = read_entry(p, &entry, known);
    return result == 0 ? add_entry(p, &entry) : result;
}

/* ---- the file ---- */

static int
compare_entries(const void *a, const void *b)
{
    const struct roster_entry *x = a, *y = b;
    int order = strcmp(x->principal, y->principal);

    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* Two lines for one principal could say different things. */
static int
sort_entries(struct parse *p)
{
    struct roster *r = p->roster;

    if (r->count > 0)
        qsort(r->entries, r->count, sizeof(*r->entries), compare_entries);
    for (size_t i = 1; i < r->count; i++)
        if (strcmp(r->entries[i - 1].principal, r->entries[i].principal) == 0)
            return fault_at(p, r->entries[i].line, "the principal is listed twice");
    return 0;
}

static int
parse_file(struct parse *p)
{
    static const char mark[] = "\xef\xbb\xbf"; /* spreadsheets begin a UTF-8 file with it */
    size_t length = (size_t)(p->end - p->at);
    int result;

    if (memchr(p->at, 0, length))
        return fault_at(p, 1, "has a zero byte: it is not a text file in UTF-8");
    if (length >= strlen(mark) && memcmp(p->at, mark, strlen(mark)) == 0)
        p->at += strlen(mark);
    result = read_header(p);
    while (result == 0 && p->at < p->end) {
        size_t blank = line_end(p);

        if (blank == 0) {
            result = read_line(p);
        } else {
            p->at += blank;
            p->line++;
        }
    }
    return result == 0 ? sort_entries(p) : result;
}

int
roster_parse(struct roster **roster, struct view bytes, struct roster_fault *fault)
{
    struct roster *r = memory_new(1, sizeof(*r));
    struct parse p = {.roster = r, .line = 1, .fault = fault};
    int result;

    *roster = NULL;
    *fault = (struct roster_fault){0, ""};
    if (!r)
        return PASU_E_NOMEM;
    r->text = memory_dup(bytes.bytes, bytes.length);
    if (!r->text) {
        memory_free(r);
        return PASU_E_NOMEM;
    }
    r->holders = 1;
    p.at = r->text;
    p.end = r->text + bytes.length;
    result = parse_file(&p);
    if (result != 0)
        roster_free(r);
    else
        *roster = r;
    return result;
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
    config_fault_add(faults, file->path, fault.line, 0, roster_hint, "the roster: %s", fault.text);
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
    memory_free(roster->text);
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

const struct roster_entry *
roster_find(const struct roster *roster, const char *principal)
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
