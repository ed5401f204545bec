/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, networks, countries and hours: where and when. */
#include "config/moment.h"
#include "config/parse.h"
#include "config/quantity.h"
#include "config/time_zone.h"

#include "base/os.h"

#include <arpa/inet.h>

/* Letters, digits, dots, dashes and underscores, not all digits and dots: a name, not a wrong
 * number. */
static bool
is_host_name(const char *host)
{
    bool has_letter = false;

    for (const char *at = host; *at != '\0'; at++) {
        bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');

        if (!is_letter && (*at < '0' || *at > '9') && strchr(".-_", *at) == NULL)
            return false;
        has_letter = has_letter || is_letter;
    }
    return has_letter && host[0] != '.' && host[0] != '-';
}

static bool
parse_endpoint(struct parse *parse, const struct yaml_node *node, struct endpoint *endpoint)
{
    static const char *const hint =
        "write HOST:PORT, \"[IPV6]:PORT\", or /FOLDER:PORT for a Unix socket";
    struct address address;
    int r = endpoint_parse(endpoint, node->text);

    if (r != 0) {
        fault_value(parse, node, hint, "which is not an address with a port");
        return false;
    }
    r = endpoint_address(&address, endpoint);
    if (r == PASU_E_RANGE) {
        fault_value(parse, node,
                    "the path of a Unix socket has at most 107 bytes; take a shorter folder",
                    "which is too long for a Unix socket");
        return false;
    }
    if (r == PASU_E_NOTFOUND && (node->text[0] == '[' || !is_host_name(endpoint->host))) {
        fault_value(parse, node,
                    strcmp(endpoint->host, "*") == 0
                        ? "write 0.0.0.0:PORT and \"[::]:PORT\" for all addresses"
                        : hint,
                    "whose host is neither an address nor a name");
        return false;
    }
    return true;
}

/* The same text for the same address, however it is written. */
static const char *
canonical(struct parse *parse, const struct endpoint *endpoint)
{
    struct address address;
    char text[ENDPOINT_HOST_SIZE + 16], number[ADDRESS_TEXT_SIZE];
    const char *copy;

    if (!endpoint->is_unix && endpoint_address(&address, endpoint) == 0) {
        address_text(number, sizeof(number), &address);
        snprintf(text, sizeof(text), "%s %u", number, (unsigned)endpoint->port);
    } else {
        endpoint_text(text, sizeof(text), endpoint);
        for (char *at = text; *at != '\0' && !endpoint->is_unix; at++)
            if (*at >= 'A' && *at <= 'Z')
                *at = (char)(*at - 'A' + 'a');
    }
    copy = store_dup(parse->scratch, view_of_text(text));
    return copy != NULL ? copy : "";
}

bool
parse_LISTEN(struct parse *parse, const struct config_key *key PASU_UNUSED,
             const struct yaml_node *node, void *slot)
{
    struct endpoint *endpoint = slot;

    if (!parse_endpoint(parse, node, endpoint))
        return false;
    if (endpoint->port != 0) /* 0: the system picks a free one */
        note_add(parse, NOTE_LISTEN, canonical(parse, endpoint), node);
    return true;
}

bool
parse_UPSTREAM(struct parse *parse, const struct config_key *key PASU_UNUSED,
               const struct yaml_node *node, void *slot)
{
    struct endpoint *endpoint = slot;

    if (!parse_endpoint(parse, node, endpoint))
        return false;
    if (endpoint->port == 0)
        fault_value(parse, node, "write the server's port, such as 5432",
                    "which no server listens on");
    return endpoint->port != 0;
}

static bool
parse_syslog(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
             void *slot, bool is_tls)
{
    const char *text = node->text;
    struct yaml_node place = *node;
    struct endpoint endpoint;

    if (strncmp(text, "udp://", 6) == 0 || strncmp(text, "tcp://", 6) == 0 ||
        (is_tls && strncmp(text, "tls://", 6) == 0)) {
        place.text += 6;
        return place.text[0] != '/' && parse_UPSTREAM(parse, key, &place, &endpoint) &&
               parse_TEXT(parse, key, node, slot);
    }
    if (text[0] == '/' && strlen(text) < sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return parse_TEXT(parse, key, node, slot);
    fault_value(parse, node,
                is_tls ? "write /dev/log, udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT"
                       : "write /dev/log, udp://HOST:PORT or tcp://HOST:PORT",
                "which is not a syslog");
    return false;
}

bool
parse_SYSLOG(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
             void *slot)
{
    return parse_syslog(parse, key, node, slot, false);
}

bool
parse_ALERT_SYSLOG(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
                   void *slot)
{
    return parse_syslog(parse, key, node, slot, true);
}

bool
parse_SMTP(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
           void *slot)
{
    struct yaml_node place = *node;
    struct endpoint endpoint;
    size_t scheme = strncmp(node->text, "smtps://", 8) == 0  ? 8
                    : strncmp(node->text, "smtp://", 7) == 0 ? 7
                                                             : 0;

    place.text += scheme;
    if (scheme > 0 && place.text[0] != '/')
        return parse_UPSTREAM(parse, key, &place, &endpoint) && parse_TEXT(parse, key, node, slot);
    fault_value(parse, node, "write smtps://HOST:PORT or smtp://HOST:PORT",
                "which is not a mail server");
    return false;
}

bool
parse_NETWORK(struct parse *parse, const struct config_key *key PASU_UNUSED,
              const struct yaml_node *node, void *slot)
{
    if (network_parse(slot, node->text) == 0)
        return true;
    fault_value(
        parse, node,
        "write an address, or a prefix such as 10.0.0.0/8 or 2001:db8::/32, with no bit set "
        "below its length",
        "which is not a network");
    return false;
}

bool
parse_NETWORK_TEXT(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
                   void *slot)
{
    struct network network;

    return parse_NETWORK(parse, key, node, &network) && parse_TEXT(parse, key, node, slot);
}

bool
parse_COUNTRY(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
              void *slot)
{
    const char *text = node->text;

    if (strlen(text) == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z')
        return parse_TEXT(parse, key, node, slot);
    fault_value(parse, node, "write two capital letters, such as KR",
                "which is not a country's code");
    return false;
}

/* Kept as digits, however it is written. */
bool
parse_ASN(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
          void *slot)
{
    struct yaml_node digits = *node;
    uint64_t number;

    if (strncmp(digits.text, "AS", 2) == 0)
        digits.text += 2;
    if (quantity_count(&number, digits.text) == 0 && number > 0 && number <= UINT32_MAX)
        return parse_TEXT(parse, key, &digits, slot);
    fault_value(parse, node, "write a number from 1 to 4294967295, such as 4766 or AS4766",
                "which is not the number of an autonomous system");
    return false;
}

/* "HH:MM" in minutes, 24:00 included; -1 for anything else. */
static int
minutes_of(const char *text)
{
    int hours, minutes;

    for (int i = 0; i < 5; i++)
        if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
            return -1;
    hours = (text[0] - '0') * 10 + text[1] - '0';
    minutes = (text[3] - '0') * 10 + text[4] - '0';
    return minutes > 59 || hours * 60 + minutes > 24 * 60 ? -1 : hours * 60 + minutes;
}

bool
parse_DATE(struct parse *parse, const struct config_key *key PASU_UNUSED,
           const struct yaml_node *node, void *slot)
{
    int64_t moment;

    if (strlen(node->text) == 10 && node->text[4] == '-' && node->text[7] == '-' &&
        moment_parse_fixed(&moment, node->text, false) == 0) {
        *(uint32_t *)slot = (uint32_t)(moment / (86400 * NANOSECONDS_PER_SECOND));
        return true;
    }
    fault_value(parse, node, "write a day that there is, such as 2026-12-25",
                "which is not a date");
    return false;
}

/* That there is such a zone is looked at with the files (config/time_zone.h). */
bool
parse_TIME_ZONE(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
                void *slot)
{
    if (time_zone_is_name(node->text))
        return parse_TEXT(parse, key, node, slot);
    fault_value(parse, node, "write a name such as Asia/Seoul or UTC",
                "which is not the name of a time zone");
    return false;
}

bool
parse_HOURS(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
            void *slot)
{
    const char *text = node->text;
    int from = strlen(text) == 11 && text[5] == '-' ? minutes_of(text) : -1;
    int to = from >= 0 ? minutes_of(text + 6) : -1;

    if (from >= 0 && to >= 0 && from != to)
        return parse_TEXT(parse, key, node, slot);
    fault_value(parse, node, "write two different times, such as \"22:00-06:00\"",
                "which is not a pair of times");
    return false;
}
