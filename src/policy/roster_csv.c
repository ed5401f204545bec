/* SPDX-License-Identifier: Apache-2.0 */
/* The roster as a CSV file. */
#include "base/memory.h"
#include "config/moment.h"
#include "policy/csv.h"
#include "policy/roster_part.h"

enum { COLUMNS_MAX = 256, TIME_SIZE = 40 };

enum column {
    COLUMN_PRINCIPAL,
    COLUMN_KIND,
    COLUMN_OWNER,
    COLUMN_OWNER_STATUS,
    COLUMN_LEFT_AT,
    COLUMN_CONTACT,
    COLUMN_ID,
    COLUMN_OWNER_ID,
    COLUMN_USER_NAME,
    COLUMN_KNOWN
};

static const char *const names[COLUMN_KNOWN] = {[COLUMN_PRINCIPAL] = "principal",
                                                [COLUMN_KIND] = "kind",
                                                [COLUMN_OWNER] = "owner",
                                                [COLUMN_OWNER_STATUS] = "owner_status",
                                                [COLUMN_LEFT_AT] = "left_at",
                                                [COLUMN_CONTACT] = "contact",
                                                [COLUMN_ID] = "id",
                                                [COLUMN_OWNER_ID] = "owner_id",
                                                [COLUMN_USER_NAME] = "user_name"};

struct parse {
    struct roster_reading *reading;
    struct csv csv;
    size_t column_count;
    size_t columns[COLUMN_KNOWN]; /* where they are; COLUMNS_MAX: nowhere */
};

static int
fault_at(struct parse *p, uint32_t line, const char *text)
{
    return roster_fault_at(p->reading, line, text);
}

static int
read_field(struct parse *p, const char **field, bool *is_last)
{
    int result = csv_field(&p->csv, field, is_last);

    return result == 0 ? 0 : fault_at(p, p->csv.fault_line, p->csv.fault);
}

static int
read_header(struct parse *p)
{
    uint32_t line = p->csv.line;
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

    if (!roster_kind_of_text(&entry->kind, known[COLUMN_KIND]))
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
    const char *known[COLUMN_KNOWN] = {"", "", "", "", "", "", "", "", ""};
    struct roster_entry entry = {.line = p->csv.line};
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
    entry.id = known[COLUMN_ID];
    entry.owner_id = known[COLUMN_OWNER_ID];
    entry.user_name = known[COLUMN_USER_NAME];
    entry.is_scim = p->reading->is_scim;
    result = read_entry(p, &entry, known);
    return result == 0 ? roster_add(p->reading, &entry) : result;
}

int
roster_read_csv(struct roster_reading *reading, struct view bytes)
{
    struct parse p = {.reading = reading};
    char *text = store_dup(&reading->roster->store, bytes);
    int result;

    if (!text)
        return PASU_E_NOMEM;
    csv_begin(&p.csv, text, bytes.length);
    result = read_header(&p);
    while (result == 0 && csv_next(&p.csv))
        result = read_line(&p);
    return result;
}

static void
put_entry(struct writer *w, const struct roster_entry *entry)
{
    char time[TIME_SIZE] = "";

    if (entry->left_at != ROSTER_NEVER)
        log_time_text(time, sizeof(time), entry->left_at);
    csv_put(w, entry->principal, false);
    csv_put(w, entry->kind == PRINCIPAL_UNKNOWN ? "" : principal_kind_text(entry->kind), false);
    csv_put(w, entry->owner, false);
    csv_put(w, entry->is_left ? "left" : "active", false);
    csv_put(w, time, false);
    csv_put(w, entry->contact, false);
    csv_put(w, entry->id, false);
    csv_put(w, entry->owner_id, true);
}

int
roster_write(uint8_t **bytes, size_t *length, const struct roster *roster)
{
    static const char header[] = "principal,kind,owner,owner_status,left_at,contact,id,owner_id\n";
    size_t size = sizeof(header);
    struct writer w;

    for (size_t i = 0; i < roster_count(roster); i++) {
        const struct roster_entry *entry = roster_at(roster, i);

        size += csv_size(entry->principal) + csv_size(entry->owner) + csv_size(entry->contact) +
                csv_size(entry->id) + csv_size(entry->owner_id) + TIME_SIZE + 32;
    }
    *bytes = memory_new(size, 1);
    if (!*bytes)
        return PASU_E_NOMEM;
    w = writer_of(*bytes, size);
    writer_bytes(&w, header, strlen(header));
    for (size_t i = 0; i < roster_count(roster); i++)
        put_entry(&w, roster_at(roster, i));
    *length = writer_length(&w);
    return writer_end(&w) >= 0 ? 0 : PASU_E_MISUSE;
}
