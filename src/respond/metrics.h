/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats, text,
 * version 0.0.4): GET /metrics at the address that `metrics.listen` names. What is answered is what
 * the keeper has told last, at most about a second ago: whoever asks, however often, makes nobody
 * but the herald work. HTTP is libmicrohttpd's, within bounds of connections, bytes and time.
 */
#ifndef PASU_RESPOND_METRICS_H
#define PASU_RESPOND_METRICS_H

#include "ledger/message.h"
#include "ledger/metrics.h"

struct MHD_Daemon;

enum { METRICS_TEXT_MAX = 64 << 10 };

struct metrics {
    struct MHD_Daemon *daemon; /* NULL: nobody listens */
    const struct os *os;
    struct message_metrics last;
};

/* Takes the listening socket; -1: there is none. Before the sandbox. PASU_E_IO. */
PASU_MUST_USE int metrics_open(struct metrics *metrics, const struct os *os, int listener);
void metrics_close(struct metrics *metrics);
/* To be polled for reading; -1: none. Then, or when some time has passed, metrics_serve. */
int metrics_fd(const struct metrics *metrics);
void metrics_serve(struct metrics *metrics);
/* MESSAGE_METRICS */
void metrics_take(struct metrics *metrics, const struct channel_message *message);
/* The page, as it is now (realtime ns): its length; METRICS_TEXT_MAX is enough. */
size_t metrics_write(char *text, size_t size, const struct message_metrics *last, int64_t now);

#endif
