/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the queries of incident.contacts give what `pasu notify` will need: nothing is read. */
#include "base/memory.h"
#include "cli/check_connect.h"
#include "cli/key_text.h"
#include "cli/notice_contacts.h"

#define HINT "see incident.contacts in the configuration, and grant it to the inspector"

struct contacts_look {
    struct probe probe;
    const struct config_contacts *contacts;
    const char *gateway;
    struct findings *findings;
    char name[NAME_SIZE + 16];
};

#define FOUND(l_, state_, hint_, ...)                                                              \
    findings_add((l_)->findings, (l_)->gateway, (l_)->name, (state_), (hint_), __VA_ARGS__)

static int
one_line(const char *text)
{
    return (int)strcspn(text, "\n");
}

/* True where it is `wanted`; else why not is told. Always cleared. */
static bool
take(struct contacts_look *l, PGresult *result, ExecStatusType wanted)
{
    bool is = PQresultStatus(result) == wanted;
    const char *why = result ? PQresultErrorMessage(result) : PQerrorMessage(l->probe.connection);

    if (!is)
        FOUND(l, FINDING_MISSING, HINT, "the query does not run: %.*s", one_line(why), why);
    PQclear(result);
    return is;
}

/* Its columns: the key's, and behind them what a mailer needs. */
static void
look_at_columns(struct contacts_look *l, const PGresult *described, size_t parts)
{
    size_t columns = (size_t)PQnfields(described);
    char names[256] = "";

    for (size_t i = parts; i < columns; i++) {
        size_t used = strlen(names);

        snprintf(names + used, sizeof(names) - used, "%s%.63s", used ? ", " : "",
                 PQfname(described, (int)i));
    }
    if (columns < parts || columns - parts > CONTACT_COLUMNS_MAX)
        FOUND(l, FINDING_MISSING, "select the key, and behind it what a mailer needs",
              "the query has %zu columns: the key has %zu, and behind it there may be %d", columns,
              parts, CONTACT_COLUMNS_MAX);
    else if (columns == parts)
        FOUND(l, FINDING_WARNING, "select an address behind the key",
              "the query has nothing behind the key: nobody can be reached by it");
    else
        FOUND(l, FINDING_OK, "", "the inspector may run the query, which gives: %s", names);
}

/* The server looks at rights and at policies when it begins a plan; EXPLAIN does that, and then
 * reads nothing. */
static bool
look_at_rights(struct contacts_look *l)
{
    static const char explain[] = "EXPLAIN (COSTS OFF) ";
    size_t size = sizeof(explain) + strlen(l->contacts->query);
    char *sql = memory_new(size, 1);
    bool is;

    if (!sql) {
        l->findings->out_of_memory = true;
        return false;
    }
    snprintf(sql, size, "%s%s", explain, l->contacts->query);
    is = take(l, PQexec(l->probe.connection, sql), PGRES_TUPLES_OK);
    memory_free(sql);
    return is;
}

/* Prepared it is one statement. It has no name there: what says EXECUTE could name it, and
 * explaining what executes itself ends the whole server. */
static void
look_at_query(struct contacts_look *l, size_t parts)
{
    PGconn *connection = l->probe.connection;
    PGresult *described;

    if (!take(l, PQexec(connection, "SET row_security = off"), PGRES_COMMAND_OK) ||
        !take(l, PQprepare(connection, "", l->contacts->query, 0, NULL), PGRES_COMMAND_OK))
        return;
    described = PQdescribePrepared(connection, "");
    if (PQresultStatus(described) != PGRES_COMMAND_OK) {
        (void)take(l, described, PGRES_COMMAND_OK);
        return;
    }
    if (look_at_rights(l))
        look_at_columns(l, described, parts);
    PQclear(described);
}

static void
look(const struct config *config, const struct config_contacts *contacts, struct findings *findings)
{
    const struct config_gateway *gateway = contacts_gateway(config, contacts->gateway);
    struct contacts_look l = {.contacts = contacts, .gateway = "", .findings = findings};

    snprintf(l.name, sizeof(l.name), "contacts %.*s", NAME_SIZE - 1, contacts->subject);
    if (!gateway || !gateway->inspector.user) {
        FOUND(&l, FINDING_MISSING, "name one in incident.contacts[].gateway",
              "there is no gateway \"%s\" with an inspector",
              contacts->gateway ? contacts->gateway : "");
        return;
    }
    l.gateway = gateway->name;
    if (probe_open(&l.probe, gateway, contacts->database) != 0)
        FOUND(&l, FINDING_MISSING, HINT, "the inspector cannot log in to database %s: %s",
              contacts->database ? contacts->database : "of its own", l.probe.error);
    else
        look_at_query(&l, key_parts(config, contacts->subject));
    probe_close(&l.probe);
}

void
check_contacts(const struct config *config, struct findings *findings)
{
    for (size_t i = 0; i < config->incident.contact_count; i++)
        look(config, &config->incident.contacts[i], findings);
}
