/* SPDX-License-Identifier: Apache-2.0 */
/* A session with an observer whose worker has a ring, and no socket: for tests of what the gate
 * does between them. */
#ifndef PASU_TEST_GATE_STAND_H
#define PASU_TEST_GATE_STAND_H

#include "base/memory.h"
#include "gate/instruments.h"
#include "gate/observer.h"
#include "gate/session.h"
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

struct stand {
    int directory;
    char path[64];
    struct ring_file file;
    struct config_gateway config;
    struct config all;
    struct gateway gateway;
    struct settings *settings;
    struct gate_shared shared;
    struct worker worker;
    struct instruments instruments;
    struct observer observer;
    struct session session;
};

static int
make_stand(void **state)
{
    static struct stand stand;
    struct stand *t = &stand;
    int fd;

    *t = (struct stand){0};
    snprintf(t->path, sizeof(t->path), "/tmp/pasu-hold-XXXXXX");
    if (!mkdtemp(t->path))
        return -1;
    t->directory = open(t->path, O_RDONLY | O_DIRECTORY);
    fd = ring_open(&os_real, t->directory, "r", 1);
    if (fd < 0 || ring_map(&t->file, fd, true) != 0)
        return -1;
    close(fd);
    t->shared.os = &os_real;
    t->shared.log = (struct log){.fd = -1, .level = LOG_ERROR + 1, .os = &os_real};
    if (worker_init(&t->worker, &t->shared, 0) != 0)
        return -1;
    t->worker.instruments = &t->instruments;
    t->gateway.config = &t->config;
    t->settings = memory_new(1, sizeof(*t->settings));
    if (!t->settings)
        return -1;
    t->settings->config = &t->all;
    t->session = (struct session){.worker = &t->worker,
                                  .settings = t->settings,
                                  .gateway = &t->gateway,
                                  .state = SESSION_BUSY,
                                  .observer = &t->observer};
    list_init(&t->session.again);
    peer_init(&t->session.client, SIDE_CLIENT, NULL);
    peer_init(&t->session.server, SIDE_SERVER, NULL);
    t->observer.session = &t->session;
    hold_init(&t->observer.hold);
    recorder_init(&t->instruments.recorder, ring_get(&t->file, 0), t->worker.event, NULL);
    *state = t;
    return 0;
}

static int
remove_stand(void **state)
{
    struct stand *t = *state;

    hold_release(&t->observer.hold);
    t->worker.instruments = NULL;
    close(t->worker.event);
    memory_free(t->worker.buffer);
    memory_free(t->settings);
    ring_unmap(&t->file);
    unlinkat(t->directory, "r", 0);
    close(t->directory);
    return rmdir(t->path);
}

#endif
