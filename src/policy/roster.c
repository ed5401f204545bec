/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is copied once and taken apart in place: a field's text, without its quotes, is never
 * longer than what it is written as, and the separator behind it makes room for the zero byte.
 */
#include "policy/roster.h"

#include "base/memory.h"

enum { COLUMNS_MAX = 256 };

struct entry {
    const char *principal;
    enum principal_kind kind;
    enum principal_owner owner;
    uint32_t line;
};

struct roster {
    char *text;
    struct entry *entries; /* by principal */
    size_t count, size;
};

enum column { COLUMN_PRINCIPAL, COLUMN_KIND, COLUMN_OWNER, COLUMN_OWNER_STATUS, COLUMN_KNOWN };

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
    static const char *const names[] = {[COLUMN_PRINCIPAL] = "principal",
                                        [COLUMN_KIND] = "kind",
                                        [COLUMN_OWNER] = "owner",
                                        [COLUMN_OWNER_STATUS] = "owner_status"};
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
add_entry(struct parse *p, const struct entry *entry)
{
    struct roster *r = p->roster;

    if (r->count == r->size) {
        size_t size = r->size + r->size / 2 + 64;
        struct entry *larger = memory_resize(r->entries, size, sizeof(*larger));

        if (!larger)
            return PASU_E_NOMEM;
        r->entries = larger;
        r->size = size;
    }
    r->entries[r->count++] = *entry;
    return 0;
}

static int
read_line(struct parse *p)
{
    const char *known[COLUMN_KNOWN] = {"", "", "", ""};
    struct entry entry = {.line = p->line};
    bool is_last = false;
    size_t column = 0;

    for (; !is_last; column++) {
        const char *field;
        int result = read_field(p, &field, &is_last);

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
    if (!kind_from_text(&entry.kind, known[COLUMN_KIND]))
        return fault_at(p, entry.line, "the kind is none of human, service, admin, unknown");
    if (known[COLUMN_OWNER_STATUS][0] != '\0' &&
        strcmp(known[COLUMN_OWNER_STATUS], "active") != 0 &&
        strcmp(known[COLUMN_OWNER_STATUS], "left") != 0)
        return fault_at(p, entry.line, "the owner_status is neither active nor left");
    if (known[COLUMN_OWNER][0] == '\0')
        entry.owner = OWNER_NONE;
    else
        entry.owner = strcmp(known[COLUMN_OWNER_STATUS], "left") == 0 ? OWNER_LEFT : OWNER_THERE;
    return add_entry(p, &entry);
}

/* ---- the file ---- */

static int
compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
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

    if (!file->path)
        return 0;
    result = roster_parse(&roster, file->bytes, &fault);
    if (result == 0)
        roster_free(roster);
    if (result != PASU_E_MALFORMED)
        return result;
    config_fault_add(faults, file->path, fault.line, 0,
                     "write a CSV file whose first line names the columns principal, kind, owner, "
                     "owner_status, left_at, contact",
                     "the roster: %s", fault.text);
    return PASU_E_CONFIG;
}

void
roster_free(struct roster *roster)
{
    if (!roster)
        return;
    memory_free(roster->entries);
    memory_free(roster->text);
    memory_free(roster);
}

static const struct entry *
find(const struct roster *roster, const char *principal)
{
    size_t low = 0, high = roster ? roster->count : 0;

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

enum principal_kind
roster_kind(const struct roster *roster, const char *principal)
{
    const struct entry *entry = find(roster, principal);

    return entry ? entry->kind : PRINCIPAL_UNKNOWN;
}

enum principal_owner
roster_owner(const struct roster *roster, const char *principal)
{
    const struct entry *entry = find(roster, principal);

    return entry ? entry->owner : OWNER_UNLISTED;
}
