/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/decoy_connect.h"

#include "cli/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where a connection goes, by its options; "": not said. */
struct place {
    char host[ENDPOINT_HOST_SIZE], address[ENDPOINT_HOST_SIZE], port[8];
    char database[NAME_SIZE], user[NAME_SIZE];
    bool is_odd; /* a service, or a text that has no room */
};

static void
take_value(struct place *place, char *to, size_t size, const char *value)
{
    place->is_odd |= strlen(value) >= size;
    snprintf(to, size, "%s", value);
}

static void
take(struct place *place, const PQconninfoOption *options)
{
    const struct {
        const char *keyword;
        char *to;
        size_t size;
    } wanted[] = {{"host", place->host, sizeof(place->host)},
                  {"hostaddr", place->address, sizeof(place->address)},
                  {"port", place->port, sizeof(place->port)},
                  {"dbname", place->database, sizeof(place->database)},
                  {"user", place->user, sizeof(place->user)}};

    for (; options->keyword != NULL; options++) {
        if (options->val == NULL || options->val[0] == '\0')
            continue;
        place->is_odd |= strcmp(options->keyword, "service") == 0;
        for (size_t i = 0; i < COUNT_OF(wanted); i++)
            if (strcmp(options->keyword, wanted[i].keyword) == 0)
                take_value(place, wanted[i].to, wanted[i].size, options->val);
    }
}

/* What libpq takes where --dsn is silent, and then what that says. False: it cannot be read. */
static bool
read_place(struct place *place, const char *dsn)
{
    PQconninfoOption *options = PQconndefaults();
    bool is_list = strchr(dsn, '=') != NULL || strncmp(dsn, "postgres", 8) == 0;

    *place = (struct place){0};
    if (options == NULL)
        return false;
    take(place, options);
    PQconninfoFree(options);
    options = is_list ? PQconninfoParse(dsn, NULL) : NULL;
    if (options == NULL) /* also the name of a database alone, which is no list */
        return false;
    take(place, options);
    PQconninfoFree(options);
    if (place->database[0] == '\0')
        memcpy(place->database, place->user, sizeof(place->database));
    return !place->is_odd;
}

/* Whether the name is of this machine; a socket's folder is. */
static bool
is_here(const char *host)
{
    return host[0] == '\0' || host[0] == '/' || host[0] == '@' || strcmp(host, "::1") == 0 ||
           strncmp(host, "127.", 4) == 0 || strcasecmp(host, "localhost") == 0;
}

static bool
is_at(const struct place *place, const struct endpoint *server)
{
    const char *address = place->address[0] ? place->address : place->host;

    if (strtoul(place->port, NULL, 10) != server->port)
        return false;
    return (is_here(address) && (server->is_unix || is_here(server->host))) ||
           strcasecmp(address, server->host) == 0 || strcasecmp(place->host, server->host) == 0;
}

static const struct config_gateway *
gateway_of(const struct config *config, const struct place *place)
{
    for (size_t i = 0; i < config->gateway_count; i++)
        if (is_at(place, &config->gateways[i].upstream))
            return &config->gateways[i];
    return NULL;
}

PGconn *
decoy_connect(const struct config *config, const char *dsn)
{
    const char *const names[] = {"dbname", "fallback_application_name", "connect_timeout",
                                 "client_encoding", NULL};
    const char *const values[] = {dsn, "pasu decoy", "10", "UTF8", NULL};
    const struct config_gateway *gateway = NULL;
    PGconn *connection;
    struct place place;
    uint64_t visit = 0;
    bool is_there;

    if (read_place(&place, dsn))
        gateway = gateway_of(config, &place);
    if (gateway != NULL)
        visit = probe_announce(gateway, place.database, 1);
    connection = PQconnectdbParams(names, values, 1);
    is_there = PQstatus(connection) == CONNECTION_OK;
    if (visit != 0)
        probe_arrived(gateway, visit, is_there ? (uint32_t)PQbackendPID(connection) : 0,
                      is_there ? PQsocket(connection) : -1);
    return connection;
}
