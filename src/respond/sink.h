/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A syslog: messages of RFC 5424, over a Unix socket of packets, UDP (RFC 5426), or TCP with the
 * length in front of each (RFC 6587, 3.4.1), with TLS where it is to be (RFC 5425). One message at
 * a time; nothing ever waits, whoever has one on its way calls again. That a message was sent is
 * all there is to know: no syslog answers. One thread.
 */
#ifndef PASU_RESPOND_SINK_H
#define PASU_RESPOND_SINK_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/os.h"
#include "respond/sink_tls.h"

/* Of checkpoints: facility 13 (log audit), severity 5 (notice), RFC 5424, 6.2.1. */
enum { SINK_LINE_MAX = 4096, SINK_HOST_SIZE = 65, SINK_NOTICE = 13 * 8 + 5 };

struct sink {
    const struct os *os;
    bool is_stream;
    int fd; /* -1: not open */
    bool is_connected;
    struct sink_tls *tls;        /* NULL: none */
    char host[SINK_HOST_SIZE];   /* ours */
    uint8_t line[SINK_LINE_MAX]; /* on its way */
    size_t at, length;
    int64_t until; /* monotonic: it must be gone by then */
};

/* What this machine calls itself, in printable ASCII; "-": nothing. */
void sink_host_name(char host[SINK_HOST_SIZE]);
/* `target` as the configuration has it. */
void sink_init(struct sink *sink, const struct os *os, const char *target);
/* For tls://: who may sign the server's certificate, and what it is called. As sink_tls_new. */
PASU_MUST_USE int sink_trust(struct sink *sink, struct view authorities, const char *host);
void sink_close(struct sink *sink);
/* The end. */
void sink_release(struct sink *sink);
/* Begins to send a text of one line, under this name of a kind of message; `data` is its structured
 * data, "-": none. PASU_E_RANGE. */
PASU_MUST_USE int sink_begin(struct sink *sink, int priority, const char *kind, const char *data,
                             struct view text);
/* Goes on: 0, it is sent; PASU_E_AGAIN, not yet; PASU_E_TIMEOUT or another error: it is not, and
 * the socket is closed. */
PASU_MUST_USE int sink_step(struct sink *sink, const struct address *address);
/* What to wait for while one is on its way. */
short sink_events(const struct sink *sink);
/* Why the last one was not sent, in words; "": the error of sink_step says it. */
const char *sink_error(const struct sink *sink);
static inline bool
sink_is_busy(const struct sink *sink)
{
    return sink->length > 0;
}

#endif
