/* SPDX-License-Identifier: Apache-2.0 */
#include "console/state.h"

#include "base/memory.h"
#include "ledger/message.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

enum { FORWARDED_SIZE = 64 };

/* ---- who asks ---- */

/* Of headers of one name the last; a proxy adds its own behind those that it was given. */
static enum MHD_Result
take_last(void *arg, enum MHD_ValueKind kind PASU_UNUSED, const char *name, const char *value)
{
    if (strcasecmp(name, "X-Forwarded-For") == 0)
        *(const char **)arg = value;
    return MHD_YES;
}

static const char *
forwarded_for(const struct call *call)
{
    const char *found = NULL;

    MHD_get_connection_values(call->connection, MHD_HEADER_KIND, take_last, &found);
    return found;
}

void
address_of(struct address *address, const struct sockaddr *from)
{
    *address = (struct address){.length = from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                                      : sizeof(struct sockaddr_in)};
    memcpy(&address->u, from, address->length);
}

static void
hash_place(const struct console *c, const uint8_t place[PEERS_NETWORK_SIZE],
           uint8_t hash[INQUIRY_FROM_SIZE])
{
    uint8_t whole[KEY_SIZE];
    unsigned length = 0;

    if (HMAC(EVP_sha256(), c->key, sizeof(c->key), place, PEERS_NETWORK_SIZE, whole, &length) ==
        NULL)
        memset(whole, 0, sizeof(whole));
    memcpy(hash, whole, INQUIRY_FROM_SIZE);
}

/* Where the person is. */
static struct inquiry_from
from_of(const struct console *c, const struct call *call)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct address address = {0}, forwarded;
    char text[FORWARDED_SIZE];
    uint8_t network[PEERS_NETWORK_SIZE], around[PEERS_NETWORK_SIZE];
    struct inquiry_from from;

    if (info != NULL && info->client_addr != NULL)
        address_of(&address, info->client_addr);
    if (networks_contain(c->forwarded_from, c->forwarded_from_count, &address) &&
        request_forwarded(text, sizeof(text), forwarded_for(call)) &&
        address_parse(&forwarded, text) == 0)
        address = forwarded;
    peers_network(network, &address);
    peers_around(around, network);
    hash_place(c, network, from.address);
    hash_place(c, around, from.network);
    return from;
}

static bool
may(struct console *c, const struct call *call, struct rates *rates)
{
    struct inquiry_from from = from_of(c, call);

    if (rates_take(rates, from.address, os_monotonic(c->os)))
        return true;
    c->refused++;
    return false;
}

static void
wait_for(struct console *c, struct call *call, enum call_wait wait, int64_t due)
{
    call->wait = wait;
    call->since = os_monotonic(c->os);
    call->due = call->since + due;
    call->next = c->waiting;
    c->waiting = call;
    MHD_suspend_connection(call->connection);
}

/* False: nobody is there who could be asked. */
static bool
tell_clerk(struct console *c, uint32_t type, const void *body, size_t length)
{
    int result = c->links.peer.fd >= 0 ? channel_send(&c->links.peer, type, body, length, -1)
                                       : PASU_E_UNAVAILABLE;

    if (result == PASU_E_EOF)
        channel_close(&c->links.peer);
    return result == 0;
}

/* ---- what is asked ---- */

static enum MHD_Result
want_code(struct console *c, struct call *call)
{
    if (!request_form(call->contact, sizeof(call->contact),
                      view_of((const uint8_t *)call->body, call->length), "contact") ||
        call->contact[0] == '\0')
        return page_redirect(c, call, "/?empty=1", NULL);
    if (!may(c, call, &c->asks))
        return page_note(c, call, MHD_HTTP_TOO_MANY_REQUESTS, "often");
    if (c->links.peer.fd < 0)
        return page_note(c, call, MHD_HTTP_SERVICE_UNAVAILABLE, "later");
    wait_for(c, call, WAIT_TIME, c->answer_time);
    return MHD_YES;
}

/* The answer is on its way before anybody is asked whose contact it is. */
static enum MHD_Result
code_wanted(struct console *c, struct call *call)
{
    struct message_code_wanted message = {.language = call->request.language,
                                          .from = from_of(c, call)};
    enum MHD_Result result;

    if (c->os->random(c->os->arg, message.ticket, sizeof(message.ticket)) != 0)
        return page_note(c, call, MHD_HTTP_SERVICE_UNAVAILABLE, "later");
    memcpy(message.contact, call->contact, sizeof(message.contact));
    result = page_redirect(c, call, "/code", message.ticket);
    if (!tell_clerk(c, MESSAGE_CODE_WANTED, &message, sizeof(message)))
        LOG_EVENT(&c->log, CLERK_FAILED, F_TEXT("what", "a contact"),
                  F_TEXT("error", error_text(PASU_E_UNAVAILABLE)));
    memory_wipe(&message, sizeof(message));
    memory_wipe(call->contact, sizeof(call->contact));
    return result;
}

static enum MHD_Result
give_code(struct console *c, struct call *call)
{
    struct message_code_given message = {.id = call->id = ++c->ids};
    bool is_told;

    if (!may(c, call, &c->tries))
        return page_note(c, call, MHD_HTTP_TOO_MANY_REQUESTS, "often");
    memcpy(message.ticket, call->request.token, sizeof(message.ticket));
    request_form(message.code, sizeof(message.code),
                 view_of((const uint8_t *)call->body, call->length), "code");
    is_told = tell_clerk(c, MESSAGE_CODE_GIVEN, &message, sizeof(message));
    memory_wipe(&message, sizeof(message));
    memory_wipe(call->body, sizeof(call->body));
    if (!is_told)
        return page_note(c, call, MHD_HTTP_SERVICE_UNAVAILABLE, "later");
    wait_for(c, call, WAIT_CODE, c->answer_time);
    return MHD_YES;
}

static enum MHD_Result
code_judged(struct console *c, struct call *call)
{
    if (call->error == 0)
        return page_redirect(c, call, "/yours", call->token);
    if (call->error == PASU_E_TOKEN)
        return page_redirect(c, call, "/code?again=1", NULL);
    return page_note(c, call, MHD_HTTP_SERVICE_UNAVAILABLE, "later");
}

static enum MHD_Result
look(struct console *c, struct call *call, enum inquiry_look what)
{
    struct message_look message = {.id = call->id = ++c->ids,
                                   .from = from_of(c, call),
                                   .what = what,
                                   .language = call->request.language};
    char which[8];

    if (!call->request.has_token)
        return page_redirect(c, call, "/", NULL);
    if (!may(c, call, &c->looks))
        return page_note(c, call, MHD_HTTP_TOO_MANY_REQUESTS, "often");
    if (what == INQUIRY_CERTIFICATE &&
        request_form(which, sizeof(which), view_of((const uint8_t *)call->body, call->length),
                     "person"))
        message.which = (uint32_t)strtoul(which, NULL, 10);
    memcpy(message.token, call->request.token, sizeof(message.token));
    call->what = what;
    if (!tell_clerk(c, MESSAGE_LOOK, &message, sizeof(message)))
        return page_note(c, call, MHD_HTTP_SERVICE_UNAVAILABLE, "later");
    wait_for(c, call, WAIT_LOOK, 0);
    return MHD_YES;
}

static enum MHD_Result
looked(struct console *c, struct call *call)
{
    if (call->error == 0 && call->memory >= 0)
        return call->what == INQUIRY_CERTIFICATE ? page_file(c, call, "pasu-certificate.json")
                                                 : page_seen(c, call);
    if (call->error == PASU_E_TOKEN)
        return page_note(c, call, MHD_HTTP_FORBIDDEN, "over");
    return page_note(c, call, MHD_HTTP_SERVICE_UNAVAILABLE, "later");
}

static enum MHD_Result
leave(struct console *c, struct call *call)
{
    struct message_leave message;
    uint8_t token[INQUIRY_TOKEN_SIZE];

    memcpy(message.token, call->request.token, sizeof(message.token));
    if (!tell_clerk(c, MESSAGE_LEAVE, &message, sizeof(message)) ||
        c->os->random(c->os->arg, token, sizeof(token)) != 0)
        return page_note(c, call, MHD_HTTP_SERVICE_UNAVAILABLE, "later");
    return page_redirect(c, call, "/?left=1", token);
}

/* Whether our own page has sent the form. */
static bool
is_our_form(const struct console *c, const struct call *call)
{
    char given[2 * INQUIRY_TOKEN_SIZE + 1], due[2 * INQUIRY_TOKEN_SIZE + 1];

    if (!call->request.has_token)
        return false;
    page_form_token(c, call->request.token, due);
    request_form(given, sizeof(given), view_of((const uint8_t *)call->body, call->length), "form");
    return strlen(given) == sizeof(due) - 1 && memory_equal_secret(given, due, sizeof(due));
}

enum MHD_Result
answer_begin(struct console *c, struct call *call)
{
    struct MHD_Connection *m = call->connection;
    enum route route = call->request.route;

    if ((route == ROUTE_WANT_CODE || route == ROUTE_GIVE_CODE || route == ROUTE_CERTIFICATE ||
         route == ROUTE_LEAVE) &&
        !is_our_form(c, call))
        return page_note(c, call, MHD_HTTP_FORBIDDEN, "form");
    switch (route) {
    case ROUTE_ASK:
        return page_send(
            c, call, MHD_HTTP_OK, "ask.html",
            json_pack("{sb sb}", "is_empty",
                      MHD_lookup_connection_value(m, MHD_GET_ARGUMENT_KIND, "empty") != NULL,
                      "has_left",
                      MHD_lookup_connection_value(m, MHD_GET_ARGUMENT_KIND, "left") != NULL));
    case ROUTE_STYLE:
        return page_style(c, call);
    case ROUTE_WANT_CODE:
        return want_code(c, call);
    case ROUTE_CODE:
        return page_send(
            c, call, MHD_HTTP_OK, "code.html",
            json_pack("{sb}", "is_again",
                      MHD_lookup_connection_value(m, MHD_GET_ARGUMENT_KIND, "again") != NULL));
    case ROUTE_GIVE_CODE:
        return give_code(c, call);
    case ROUTE_YOURS:
        return look(c, call, INQUIRY_PAGE);
    case ROUTE_CERTIFICATE:
        return look(c, call, INQUIRY_CERTIFICATE);
    case ROUTE_LEAVE:
        return leave(c, call);
    case ROUTE_OTHER_METHOD:
        return page_note(c, call, MHD_HTTP_METHOD_NOT_ALLOWED, "nothing");
    case ROUTE_NONE:
        break;
    }
    return page_note(c, call, MHD_HTTP_NOT_FOUND, "nothing");
}

enum MHD_Result
answer_go_on(struct console *c, struct call *call)
{
    switch (call->wait) {
    case WAIT_TIME:
        return code_wanted(c, call);
    case WAIT_CODE:
        return code_judged(c, call);
    case WAIT_LOOK:
        return looked(c, call);
    case WAIT_NOTHING:
        break;
    }
    return MHD_NO;
}
