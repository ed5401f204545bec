/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a contact is. By what is stored as it can be written, so that an index of the table can
 * answer; where nobody has that, by what is the same when it is written otherwise. */
#include "cli/affected_lent.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "cli/notice_contacts.h"
#include "cli/person.h"
#include "cli/probe.h"
#include "console/contact.h"
#include "policy/spelling.h"

enum { SQL_SIZE = 32 << 10, CANDIDATES_MAX = 16 * PERSONS_MAX, VALUE_SIZE = 8192 };

/* Of the types of contacts: text, varchar, char. */
enum { OID_TEXT = 25, OID_BPCHAR = 1042, OID_VARCHAR = 1043 };

struct finding {
    const struct config_contacts *contacts;
    struct probe probe;
    size_t parts; /* of the key */
    enum contact_kind kind;
    const char *plain;
    char sql[SQL_SIZE], value[VALUE_SIZE];
    size_t used;
    struct person candidates[CANDIDATES_MAX]; /* whose the contact is; decoys, too */
    size_t count;
    struct clerk_found *found;
};

/* ---- the question ---- */

static void
add(struct finding *f, const char *text)
{
    size_t length = strlen(text);

    if (f->used + length + 1 > sizeof(f->sql)) {
        f->used = sizeof(f->sql); /* too long: it is not asked */
        return;
    }
    memcpy(f->sql + f->used, text, length + 1);
    f->used += length;
}

static void
add_column(struct finding *f, const char *name)
{
    char *quoted = PQescapeIdentifier(f->probe.connection, name, strlen(name));

    add(f, "asked.");
    if (quoted != NULL)
        add(f, quoted);
    else
        f->used = sizeof(f->sql);
    PQfreemem(quoted);
}

/* The configured query as a table, without what ends a statement. */
static void
begin(struct finding *f)
{
    char *query = memory_dup(f->contacts->query, strlen(f->contacts->query));
    size_t length = query != NULL ? strlen(query) : 0;

    while (length > 0 && strchr("; \t\r\n", query[length - 1]) != NULL)
        query[--length] = '\0';
    f->used = 0;
    add(f, "SELECT * FROM (\n");
    add(f, query != NULL ? query : "");
    add(f, "\n) AS asked");
    memory_free(query);
}

/* Which columns it has: without rows. */
static PGresult *
describe(struct finding *f)
{
    begin(f);
    add(f, " LIMIT 0");
    return f->used < sizeof(f->sql) ? probe_query(&f->probe, f->sql, 0, NULL) : NULL;
}

static bool
is_text(Oid type)
{
    return type == OID_TEXT || type == OID_BPCHAR || type == OID_VARCHAR;
}

/* Whether any column can hold one. */
static bool
add_conditions(struct finding *f, const PGresult *columns, bool is_loose)
{
    const char *before = " WHERE ";

    for (int c = (int)f->parts; c < PQnfields(columns); c++) {
        if (!is_text(PQftype(columns, c)))
            continue;
        add(f, before);
        if (is_loose)
            add(f, f->kind == CONTACT_EMAIL ? "lower(" : "regexp_replace(");
        add_column(f, PQfname(columns, c));
        if (is_loose)
            add(f, f->kind == CONTACT_EMAIL ? ")" : ", '[^0-9+]', '', 'g')");
        add(f, " = ANY ($1::text[])");
        before = " OR ";
    }
    add(f, " LIMIT 16");
    return before[1] == 'O' && f->used < sizeof(f->sql);
}

/* All ways in which it can be written, as an array of texts. */
static void
put_spellings(struct finding *f)
{
    struct spellings *spellings = memory_new(1, sizeof(*spellings));
    size_t used = 0;

    f->value[used++] = '{';
    if (spellings != NULL)
        spellings_of(spellings, view_of_text(f->plain));
    for (size_t i = 0; spellings != NULL && i < spellings->count; i++) {
        struct view text = spellings_at(spellings, i);

        if (used + 2 * text.length + 4 > sizeof(f->value))
            break;
        if (used > 1)
            f->value[used++] = ',';
        f->value[used++] = '"';
        for (size_t b = 0; b < text.length; b++) {
            if (text.bytes[b] == '"' || text.bytes[b] == '\\')
                f->value[used++] = '\\';
            f->value[used++] = (char)text.bytes[b];
        }
        f->value[used++] = '"';
    }
    f->value[used++] = '}';
    f->value[used] = '\0';
    memory_free(spellings);
}

/* ---- the answer ---- */

static int
add_candidate(struct finding *f, const char *key)
{
    struct person *person = &f->candidates[f->count];

    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->candidates[i].kind, f->contacts->subject) == 0 &&
            strcmp(f->candidates[i].key, key) == 0)
            return 0;
    if (f->count == CANDIDATES_MAX || strlen(key) >= PERSON_KEY_SIZE)
        return PASU_E_RANGE;
    snprintf(person->kind, PERSON_KIND_SIZE, "%s", f->contacts->subject);
    snprintf(person->key, PERSON_KEY_SIZE, "%s", key);
    f->count++;
    return 0;
}

/* What is stored there, if it is that contact: the code goes there, and not to what was typed. */
static const char *
stored(const struct finding *f, const PGresult *rows, int row)
{
    char plain[INQUIRY_CONTACT_SIZE];

    for (int c = (int)f->parts; c < PQnfields(rows); c++) {
        const char *value = PQgetvalue(rows, row, c);

        if (!PQgetisnull(rows, row, c) && strlen(value) < INQUIRY_CONTACT_SIZE &&
            contact_plain(plain, view_of_text(value)) == f->kind && strcmp(plain, f->plain) == 0)
            return value;
    }
    return NULL;
}

static int
take_rows(struct finding *f, PGresult *rows)
{
    char key[TUPLE_TEXT_MAX + 1];
    int result = 0;

    for (int row = 0; row < PQntuples(rows) && result == 0; row++) {
        const char *to = stored(f, rows, row);

        if (to == NULL || notice_contacts_key(rows, row, f->parts, key) != 0)
            continue;
        if (f->found->to[0] == '\0')
            snprintf(f->found->to, sizeof(f->found->to), "%s", to);
        result = add_candidate(f, key);
    }
    return result;
}

static int
complain_query(const struct finding *f)
{
    complain("let the inspector run it; see incident.contacts in the configuration",
             "the query for the contacts of %s: %s", f->contacts->subject, f->probe.error);
    return 2;
}

/* What nobody has as it can be written may be written otherwise; but nobody waits long for that.
 * Where somebody has it, others may have it too, so that it tells not who asks. It takes as long in
 * both cases, or the time would tell which it is. */
static int
ask_loosely(struct finding *f, const PGresult *columns, bool is_found)
{
    static const char timeout[] = "SELECT set_config('statement_timeout', '3s', false)";
    const char *values[] = {f->value};
    PGresult *rows;
    int result = 0;

    begin(f);
    if (!add_conditions(f, columns, true))
        return 0;
    PQclear(probe_query(&f->probe, timeout, 0, NULL));
    rows = probe_query(&f->probe, f->sql, 1, values);
    if (rows != NULL)
        result = take_rows(f, rows);
    else if (!is_found)
        complain("store contacts in one form, or make an index of lower(e-mail)",
                 "contacts of %s that are written otherwise are not found: %s",
                 f->contacts->subject, f->probe.error);
    PQclear(rows);
    return result == 0 ? 0 : 2;
}

static int
ask_table(struct finding *f)
{
    static const char *const security = "SELECT set_config('row_security', 'off', false)";
    size_t before = f->count;
    const char *values[] = {f->value};
    PGresult *columns, *rows = NULL;
    int status = 2;

    PQclear(probe_query(&f->probe, security, 0, NULL));
    columns = describe(f);
    if (columns == NULL || (size_t)PQnfields(columns) < f->parts) {
        PQclear(columns);
        return complain_query(f);
    }
    begin(f);
    if (!add_conditions(f, columns, false)) {
        complain("give columns of type text or varchar behind the key",
                 "the query for the contacts of %s has no column that can hold one",
                 f->contacts->subject);
    } else {
        rows = probe_query(&f->probe, f->sql, 1, values);
        status = rows == NULL ? complain_query(f) : take_rows(f, rows) == 0 ? 0 : 2;
    }
    PQclear(rows);
    if (status == 0)
        status = ask_loosely(f, columns, f->count > before);
    PQclear(columns);
    return status;
}

static int
ask_one(struct finding *f, struct affected_state *state, const struct config_contacts *contacts)
{
    const struct config_gateway *gateway = contacts_gateway(state->config, contacts->gateway);
    int status = 0;

    f->contacts = contacts;
    f->parts = key_parts(state->config, contacts->subject);
    if (gateway == NULL || gateway->inspector.user == NULL) {
        complain("configure it, and its inspector",
                 "the contacts of %s: there is no gateway with an inspector", contacts->subject);
        return 2;
    }
    if (probe_open(&f->probe, gateway, contacts->database) != 0) {
        complain("see pasu check --connect", "the contacts of %s: %s", contacts->subject,
                 f->probe.error);
        status = 2;
    }
    if (status == 0)
        status = ask_table(f);
    probe_close(&f->probe);
    return status;
}

/* ---- decoys ---- */

/* Whether a decoy was planted under the key: it is told nothing, and sent nothing. */
static int
look_for_decoy(struct affected_state *state, const struct person *person, bool *is_decoy)
{
    static const struct command command = {
        .name = "affected-code", .who = WHO_ANYBODY, .operand = OPERAND_KEY};
    struct affected_question question;
    struct evidence evidence;
    struct subject subject;
    int status;

    affected_ask(&question, state, &command, person);
    status = evidence_open(&evidence, &question.arguments);
    subject_init(&subject, &evidence.selection, person->kind, NULL, NULL);
    if (status == 0)
        status = person_find(&evidence, person->key, &subject);
    *is_decoy = status == 0 && evidence_decoy(&evidence, &subject) != NULL;
    subject_release(&subject);
    evidence_close(&evidence);
    return status;
}

/* Who is no decoy, one of each kind: several of a kind share the contact. */
static int
choose(struct finding *f, struct affected_state *state)
{
    struct persons *persons = &f->found->persons;
    int status = 0;

    for (size_t i = 0; i < f->count && !f->found->is_shared && status == 0; i++) {
        bool is_decoy, has_kind = false;

        status = look_for_decoy(state, &f->candidates[i], &is_decoy);
        if (status != 0 || is_decoy)
            continue;
        for (size_t p = 0; p < persons->count; p++)
            has_kind |= strcmp(persons->items[p].kind, f->candidates[i].kind) == 0;
        if (has_kind)
            f->found->is_shared = true;
        else if (persons->count < PERSONS_MAX)
            persons->items[persons->count++] = f->candidates[i];
        else
            status = complain_error(PASU_E_RANGE, "kinds of persons with one contact");
    }
    return status;
}

int
affected_find(void *arg, const char *contact, struct clerk_found *found)
{
    struct affected_state *state = arg;
    struct finding *f = memory_new(1, sizeof(*f));
    char plain[INQUIRY_CONTACT_SIZE];
    int status = f != NULL ? 0 : 2;

    *found = (struct clerk_found){0};
    if (f == NULL)
        return status;
    f->found = found;
    f->plain = plain;
    f->kind = contact_plain(plain, view_of_text(contact));
    put_spellings(f);
    for (size_t i = 0; i < state->config->incident.contact_count && status == 0; i++)
        status = ask_one(f, state, &state->config->incident.contacts[i]);
    snprintf(found->kind, sizeof(found->kind), "%s", f->kind == CONTACT_EMAIL ? "email" : "phone");
    if (status == 0)
        status = choose(f, state);
    memory_free(f);
    return status;
}
