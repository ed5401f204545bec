/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include "base/memory.h"
#include "people/registrar.h"

#include <errno.h>
#include <unistd.h>

struct registrar_run {
    struct supervisor *v;
    struct registrar_start start;
};

static int
run_registrar(int fd, const struct log *log, void *arg)
{
    struct registrar_run *run = arg;

    memory_wipe(run->v->resources.secret, sizeof(run->v->resources.secret));
    run->start.supervisor_fd = fd;
    return registrar_main(&run->start, log);
}

int
enrolling_open(struct supervisor *v, const struct config *config, int64_t patience)
{
    const struct config_scim *scim = &config->principals.scim;
    char text[ENDPOINT_HOST_SIZE + 16];
    int fd;

    v->next_enrolling = (struct enrolling){.fd = -1};
    if (!scim->enabled)
        return 0;
    v->next_enrolling.endpoint = scim->listen;
    if (v->enrolling.fd >= 0 && endpoint_equal(&v->enrolling.endpoint, &scim->listen)) {
        v->next_enrolling.fd = v->enrolling.fd;
        return 0;
    }
    fd = listener_open(&scim->listen, patience);
    if (fd >= 0) {
        v->next_enrolling.fd = fd;
        return 0;
    }
    endpoint_text(text, sizeof(text), &scim->listen);
    LOG_EVENT(&v->log, START_FAILED, F_TEXT("name", "registrar"), F_TEXT("listen", text),
              F_TEXT("error", fd == PASU_E_IO ? strerrordesc_np(errno) : error_text(fd)),
              F_TEXT("hint", "is another program using this address?"));
    return fd;
}

void
enrolling_commit(struct supervisor *v)
{
    if (v->enrolling.fd >= 0 && v->enrolling.fd != v->next_enrolling.fd)
        close(v->enrolling.fd);
    v->enrolling = v->next_enrolling;
    v->next_enrolling.fd = -1;
}

void
enrolling_drop(struct supervisor *v)
{
    if (v->next_enrolling.fd >= 0 && v->next_enrolling.fd != v->enrolling.fd)
        close(v->next_enrolling.fd);
    v->next_enrolling.fd = -1;
}

void
enrolling_close(struct supervisor *v)
{
    enrolling_drop(v);
    if (v->enrolling.fd >= 0)
        close(v->enrolling.fd);
    v->enrolling.fd = -1;
}

bool
enrolling_is_wanted(const struct supervisor *v)
{
    return v->phase == PHASE_RUNNING && v->enrolling.fd >= 0;
}

int
enrolling_start(struct supervisor *v)
{
    const int keep[] = {v->resources.people, v->enrolling.fd};
    struct registrar_run registrar = {.v = v,
                                      .start = {.folder_fd = v->resources.people,
                                                .listen_fd = v->enrolling.fd,
                                                .config = v->config,
                                                .forget = forget,
                                                .arg = v}};
    struct child_start start = {.account = &v->account,
                                .log = &v->log,
                                .main = run_registrar,
                                .arg = &registrar,
                                .keep = keep,
                                .keep_count = COUNT_OF(keep),
                                .rules = message_rules_supervisor_from_registrar,
                                .rule_count = message_rules_supervisor_from_registrar_count};

    v->is_registrar_renewed = false;
    return child_start(&v->children[REGISTRAR], &start);
}

/* It may have been taken over: what it says is recorded as what it says, and no more. */
static void
pass_refused(struct supervisor *v, const struct channel_message *message)
{
    struct message_refused refused;

    memcpy(&refused, message->body, sizeof(refused));
    snprintf(refused.gateway, sizeof(refused.gateway), "scim");
    refused.error = PASU_E_TOKEN;
    memset(refused.principal, 0, sizeof(refused.principal));
    memset(refused.database, 0, sizeof(refused.database));
    refused.address[sizeof(refused.address) - 1] = '\0';
    tell(v, &v->children[KEEPER], MESSAGE_REFUSED, &refused, sizeof(refused), -1);
}

void
enrolling_from_registrar(struct supervisor *v, const struct channel_message *message)
{
    struct message_generation turn;

    switch ((enum message_type)message->type) {
    case MESSAGE_ENROLL:
        memcpy(&turn, message->body, sizeof(turn));
        watching_ask(v, turn.generation);
        break;
    case MESSAGE_REFUSED:
        pass_refused(v, message);
        break;
    case MESSAGE_TOLD:
        tell(v, &v->children[KEEPER], MESSAGE_TOLD, message->body, sizeof(struct message_told), -1);
        break;
    default: /* PONG: it lives */
        break;
    }
}

void
enrolling_renew(struct supervisor *v)
{
    struct message_empty empty = {0};
    struct child *registrar = &v->children[REGISTRAR];

    if (!registrar->pid)
        return;
    v->is_registrar_renewed = true;
    tell(v, registrar, MESSAGE_STOP, &empty, sizeof(empty), -1);
}
