/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/notice_contacts.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "cli/key_text.h"
#include "cli/probe.h"
#include "postgres/key.h"

const struct config_gateway *
contacts_gateway(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->gateway_count; i++)
        if (!name || strcmp(config->gateways[i].name, name) == 0)
            return &config->gateways[i];
    return NULL;
}

/* As the ledger has it: 12.5, where the server writes a numeric(6, 2) as 12.50. */
static struct view
value_of(PGresult *rows, int number, int column, struct key *key)
{
    struct view bytes = view_of((const uint8_t *)PQgetvalue(rows, number, column),
                                (size_t)PQgetlength(rows, number, column));
    enum catalog_key_type type = key_type_of_oid(PQftype(rows, column));

    if (PQgetisnull(rows, number, column))
        return (struct view){0};
    return type != CATALOG_KEY_NONE && key_from_text(key, type, bytes) == 0 ? key_text(key) : bytes;
}

int
notice_contacts_key(PGresult *rows, int number, size_t parts, char key[TUPLE_TEXT_MAX + 1])
{
    uint8_t bytes[TUPLE_TEXT_MAX];
    struct tuple tuple = {.count = parts};
    struct key values[TUPLE_PARTS_MAX];
    struct view text;
    int result;

    if (parts == 1) {
        text = value_of(rows, number, 0, &values[0]);
        if (!text.bytes || text.length > TUPLE_TEXT_MAX)
            return PASU_E_NOTFOUND;
        text_from_view(key, TUPLE_TEXT_MAX + 1, text);
        return 0;
    }
    for (size_t i = 0; i < parts; i++)
        tuple.parts[i] = value_of(rows, number, (int)i, &values[i]);
    result = tuple_write(&tuple, bytes, &text);
    if (result == 0)
        text_from_view(key, TUPLE_TEXT_MAX + 1, text);
    return result;
}

static int
take_row(PGresult *row, size_t parts, notice_contact_fn *fn, void *arg)
{
    struct notice_contact contacts[CONTACT_COLUMNS_MAX];
    char key[TUPLE_TEXT_MAX + 1];
    size_t columns = (size_t)PQnfields(row), count = 0;

    if (columns < parts || columns - parts > CONTACT_COLUMNS_MAX)
        return PASU_E_RANGE;
    if (notice_contacts_key(row, 0, parts, key) != 0)
        return 0; /* nobody's */
    for (size_t c = parts; c < columns; c++)
        contacts[count++] = (struct notice_contact){
            .name = PQfname(row, (int)c),
            .value = PQgetisnull(row, 0, (int)c) ? NULL : PQgetvalue(row, 0, (int)c)};
    return fn(arg, key, contacts, count);
}

static int
complain_query(const struct config_contacts *contacts, const char *why)
{
    complain("let the inspector run it; see incident.contacts in the configuration",
             "the query for the contacts of %s: %.*s", contacts->subject, (int)strcspn(why, "\n"),
             why);
    return 2;
}

static int
read_rows(struct probe *probe, const struct config_contacts *contacts, size_t parts,
          notice_contact_fn *fn, void *arg)
{
    PGresult *row;
    int status = 0;

    if (PQsendQuery(probe->connection, contacts->query) != 1 ||
        PQsetSingleRowMode(probe->connection) != 1)
        return complain_query(contacts, PQerrorMessage(probe->connection));
    while ((row = PQgetResult(probe->connection)) != NULL) {
        ExecStatusType state = PQresultStatus(row);

        if (status == 0 && state == PGRES_SINGLE_TUPLE) {
            status = take_row(row, parts, fn, arg);
            if (status == PASU_E_RANGE)
                status = complain_query(contacts, "it has not the columns of the key, or too many");
        } else if (status == 0 && state != PGRES_TUPLES_OK) {
            status = complain_query(contacts, PQresultErrorMessage(row));
        }
        PQclear(row);
    }
    return status;
}

/* No row may be kept from us by a policy that nobody sees, and it may take its time. */
static int
prepare(struct probe *probe, const struct config_contacts *contacts)
{
    PGresult *result =
        PQexec(probe->connection, "SET statement_timeout = 0; SET row_security = off");
    int status = PQresultStatus(result) == PGRES_COMMAND_OK
                     ? 0
                     : complain_query(contacts, PQerrorMessage(probe->connection));

    PQclear(result);
    return status;
}

int
notice_contacts_each(struct ask *ask, const struct config_contacts *contacts, notice_contact_fn *fn,
                     void *arg)
{
    const struct config_gateway *gateway = contacts_gateway(ask->config, contacts->gateway);
    struct probe probe = {0};
    int status = 0;

    if (!gateway || !gateway->inspector.user) {
        complain("configure it, and its inspector",
                 "the contacts of %s: there is no gateway \"%s\" with an inspector",
                 contacts->subject, contacts->gateway ? contacts->gateway : "");
        return 2;
    }
    if (probe_open(&probe, gateway, contacts->database) != 0) {
        complain("see pasu check --connect", "the contacts of %s: %s", contacts->subject,
                 probe.error);
        status = 2;
    }
    if (status == 0)
        status = prepare(&probe, contacts);
    if (status == 0)
        status = read_rows(&probe, contacts, key_parts(ask->config, contacts->subject), fn, arg);
    probe_close(&probe);
    return status;
}
