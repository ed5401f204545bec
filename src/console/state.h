/* SPDX-License-Identifier: Apache-2.0 */
/* What the console holds, and what its files share. See console.h. */
#ifndef PASU_CONSOLE_STATE_H
#define PASU_CONSOLE_STATE_H

#include "base/channel.h"
#include "base/log.h"
#include "base/os.h"
#include "config/model.h"
#include "console/links.h"
#include "console/peers.h"
#include "console/rates.h"
#include "console/request.h"
#include "ledger/inquiry.h"

#include <jansson.h>
#include <microhttpd.h>

enum { BODY_MAX = 4096, KEY_SIZE = 32 };

/* What a request waits for. */
enum call_wait { WAIT_NOTHING, WAIT_TIME, WAIT_CODE, WAIT_LOOK };

/* A request on its way. */
struct call {
    struct MHD_Connection *connection;
    struct request request;
    char body[BODY_MAX + 1];
    size_t length, left_out; /* of the body: what is kept, and what is not */
    bool is_too_long, is_resumed;
    enum call_wait wait;
    uint64_t id;        /* of what the clerk is asked */
    int64_t since, due; /* monotonic; its answer leaves at `due`, not before */
    bool is_answered;   /* by the clerk, with `error` */
    int error;
    uint8_t token[INQUIRY_TOKEN_SIZE];
    char contact[INQUIRY_CONTACT_SIZE];
    uint32_t what;
    int memory;        /* -1: none */
    struct call *next; /* of those that wait */
};

struct console {
    struct log log;
    const struct os *os;
    struct links links; /* its peer: the clerk */
    struct MHD_Daemon *daemon;
    bool has_tls;
    uint8_t key[KEY_SIZE]; /* of what forms carry, and of addresses */
    int64_t answer_time, code_time, session_time;
    struct network *forwarded_from; /* owned */
    size_t forwarded_from_count;
    struct peers peers;
    struct rates asks, tries, looks;
    uint64_t refused;     /* requests, since the log was told */
    int64_t tell_refused; /* monotonic: when it may be told again */
    json_t *words[INQUIRY_LANGUAGES];
    uint64_t ids;
    struct call *waiting;
};

/* ---- answer.c: what is asked, and what that is answered with ---- */
/* A request is there as a whole: answers, or lets it wait. */
enum MHD_Result answer_begin(struct console *c, struct call *call);
/* What libmicrohttpd says of where somebody is, IPv4 or IPv6. */
void address_of(struct address *address, const struct sockaddr *from);
/* Its time has come. */
enum MHD_Result answer_go_on(struct console *c, struct call *call);

/* ---- page.c: what is sent ---- */
/* A page of a template, with values that it takes. */
enum MHD_Result page_send(struct console *c, struct call *call, unsigned status, const char *name,
                          json_t *take_values);
/* A page that only says something: a name of the words, without note_…_title and _text. */
enum MHD_Result page_note(struct console *c, struct call *call, unsigned status, const char *what);
/* To another page; `token` (NULL: as it is) is who they are from now on. */
enum MHD_Result page_redirect(struct console *c, struct call *call, const char *to,
                              const uint8_t token[INQUIRY_TOKEN_SIZE]);
enum MHD_Result page_style(struct console *c, struct call *call);
/* A file to be kept, out of the memory that the clerk gave. */
enum MHD_Result page_file(struct console *c, struct call *call, const char *name);
/* What the clerk gave, as a page. */
enum MHD_Result page_seen(struct console *c, struct call *call);
/* What a form carries, so that nobody else can have made it: as hexadecimal digits. */
void page_form_token(const struct console *c, const uint8_t token[INQUIRY_TOKEN_SIZE],
                     char text[2 * INQUIRY_TOKEN_SIZE + 1]);

#endif
