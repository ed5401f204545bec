/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's service notification and socket activation, without its library.
 * Source: sd_notify(3), sd_listen_fds(3).
 */
#ifndef PASU_GUARD_NOTIFY_H
#define PASU_GUARD_NOTIFY_H

#include "base/error.h"

/* Sends "NAME=value" lines to $NOTIFY_SOCKET; nothing happens where there is none. */
void notify_send(const char *state);
/* RELOADING=1 with the time that Type=notify-reload wants. */
void notify_reloading(void);
/* How many descriptors were passed (from 3 on): 0 where the environment does not mean us. */
int notify_listen_fds(void);

#endif
