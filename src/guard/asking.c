/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include "base/memory.h"
#include "console/clerk.h"
#include "console/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct console_run {
    struct supervisor *v;
    struct console_start start;
};

struct clerk_run {
    struct supervisor *v;
    struct clerk_start start;
    uint8_t *packed; /* the configuration, with what belongs to it */
    size_t length;
    char *directory, *control, *notices, *authorities[CLERK_FOLDERS];
    size_t authority_count;
};

/* ---- the socket ---- */

int
asking_open(struct supervisor *v, const struct config *config, int64_t patience)
{
    const struct config_affected *affected = &config->affected;
    char text[ENDPOINT_HOST_SIZE + 16];
    int fd;

    v->next_asking = (struct enrolling){.fd = -1};
    if (!affected->enabled)
        return 0;
    v->next_asking.endpoint = affected->listen;
    if (v->asking.fd >= 0 && endpoint_equal(&v->asking.endpoint, &affected->listen)) {
        v->next_asking.fd = v->asking.fd;
        return 0;
    }
    fd = listener_open(&affected->listen, patience);
    if (fd >= 0) {
        v->next_asking.fd = fd;
        return 0;
    }
    endpoint_text(text, sizeof(text), &affected->listen);
    LOG_EVENT(&v->log, START_FAILED, F_TEXT("name", "console"), F_TEXT("listen", text),
              F_TEXT("error", fd == PASU_E_IO ? strerrordesc_np(errno) : error_text(fd)),
              F_TEXT("hint", "is another program using this address?"));
    return fd;
}

void
asking_commit(struct supervisor *v)
{
    if (v->asking.fd >= 0 && v->asking.fd != v->next_asking.fd)
        close(v->asking.fd);
    v->asking = v->next_asking;
    v->next_asking.fd = -1;
}

void
asking_drop(struct supervisor *v)
{
    if (v->next_asking.fd >= 0 && v->next_asking.fd != v->asking.fd)
        close(v->next_asking.fd);
    v->next_asking.fd = -1;
}

void
asking_close(struct supervisor *v)
{
    asking_drop(v);
    if (v->asking.fd >= 0)
        close(v->asking.fd);
    v->asking.fd = -1;
}

bool
asking_is_wanted(const struct supervisor *v)
{
    return v->phase == PHASE_RUNNING && v->asking.fd >= 0;
}

/* ---- the console ---- */

static int
run_console(int fd, const struct log *log, void *arg)
{
    struct console_run *run = arg;

    memory_wipe(run->v->resources.secret, sizeof(run->v->resources.secret));
    run->start.supervisor_fd = fd;
    return console_main(&run->start, log);
}

int
asking_start_console(struct supervisor *v)
{
    const int keep[] = {v->asking.fd};
    struct console_run console = {
        .v = v,
        .start = {.listen_fd = v->asking.fd, .config = v->config, .forget = forget, .arg = v}};
    struct child_start start = {.account = &v->account,
                                .log = &v->log,
                                .main = run_console,
                                .arg = &console,
                                .keep = keep,
                                .keep_count = COUNT_OF(keep),
                                .rules = message_rules_supervisor_from_console,
                                .rule_count = message_rules_supervisor_from_console_count};

    v->is_console_renewed = false;
    return child_start(&v->children[CONSOLE], &start);
}

/* ---- the clerk ---- */

static void
wipe_file(struct config_file *file)
{
    memory_wipe((uint8_t *)(uintptr_t)file->bytes.bytes, file->bytes.length);
    file->bytes.length = 0;
}

/* It logs in as the inspector, and reads the ledger; no key of a listener, or of claims, is its
 * business. Paths are whole ones, because it is in no folder of ours. */
static int
own_config(struct clerk_run *run, struct config **config)
{
    int result = config_unpack(config, view_of(run->packed, run->length));

    memory_wipe(run->packed, run->length);
    if (result != 0)
        return result;
    for (size_t i = 0; i < (*config)->gateway_count; i++) {
        struct config_gateway *gateway = &(*config)->gateways[i];

        wipe_file(&gateway->tls.key);
        gateway->control = run->control;
        if (i < run->authority_count && run->authorities[i] != NULL)
            gateway->upstream_tls.ca.path = run->authorities[i];
    }
    wipe_file(&(*config)->sources.claim_key_file);
    (*config)->ledger.directory = run->directory;
    (*config)->control = run->control;
    (*config)->incident.notices = run->notices;
    return 0;
}

static int
run_clerk(int fd, const struct log *log, void *arg)
{
    struct clerk_run *run = arg;
    struct view secret = run->start.webhook_secret, ca = run->start.authorities;
    int result = own_config(run, &run->start.config);

    /* The configuration that they are in goes. */
    run->start.webhook_secret =
        view_of((uint8_t *)memory_dup(secret.bytes, secret.length), secret.length);
    run->start.authorities = view_of((uint8_t *)memory_dup(ca.bytes, ca.length), ca.length);
    forget(run->v);
    if (run->start.webhook_secret.bytes == NULL || run->start.authorities.bytes == NULL)
        result = PASU_E_NOMEM;
    if (result != 0) {
        LOG_EVENT(log, START_FAILED, F_TEXT("error", error_text(result)));
        return 2;
    }
    run->start.supervisor_fd = fd;
    return clerk_main(&run->start, log);
}

/* The folder that a file is in; -1: it cannot be opened. */
static int
open_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash != NULL && slash != path ? memory_dup(path, (size_t)(slash - path)) : NULL;
    int fd = open(folder != NULL ? folder : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    memory_free(folder);
    return fd;
}

/* What it may open beside the ledger: what looks names up, and who signs servers' certificates. */
static void
open_folders(struct clerk_run *run)
{
    const struct config *config = run->v->config;
    int *fds = run->start.read_fds;
    size_t count = 0;

    fds[count++] = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    fds[count++] = open("/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < config->gateway_count && i < CLERK_FOLDERS; i++) {
        const char *path = config->gateways[i].upstream_tls.ca.path;

        run->authorities[i] = path != NULL ? realpath(path, NULL) : NULL;
        run->authority_count = i + 1;
        if (run->authorities[i] != NULL && count < CLERK_FOLDERS)
            fds[count++] = open_folder_of(run->authorities[i]);
    }
    while (count < CLERK_FOLDERS)
        fds[count++] = -1;
}

static int
prepare(struct clerk_run *run)
{
    struct supervisor *v = run->v;
    const struct config_affected *affected = &v->config->affected;
    int result = config_pack_with_keys(&run->packed, &run->length, v->config);

    run->directory = realpath(v->config->ledger.directory, NULL);
    run->control = realpath(v->config->control, NULL);
    if (v->config->incident.notices != NULL)
        run->notices = realpath(v->config->incident.notices, NULL);
    open_folders(run);
    run->start.outbox_fd = -1;
    if (result == 0 && affected->file != NULL) {
        run->start.outbox_fd = open(affected->file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        result = run->start.outbox_fd >= 0 ? 0 : error_from_errno(errno);
    }
    return result == 0 && (run->directory == NULL || run->control == NULL) ? PASU_E_NOTFOUND
                                                                           : result;
}

static void
release(struct clerk_run *run)
{
    if (run->packed != NULL)
        memory_wipe(run->packed, run->length);
    memory_free(run->packed);
    free(run->directory);
    free(run->control);
    free(run->notices);
    for (size_t i = 0; i < run->authority_count; i++)
        free(run->authorities[i]);
    for (size_t i = 0; i < CLERK_FOLDERS; i++)
        if (run->start.read_fds[i] >= 0)
            close(run->start.read_fds[i]);
    if (run->start.outbox_fd >= 0)
        close(run->start.outbox_fd);
}

int
asking_start_clerk(struct supervisor *v)
{
    const struct config_affected *affected = &v->config->affected;
    struct clerk_run clerk = {.v = v,
                              .start = {.directory_fd = v->resources.directory,
                                        .webhook_secret = affected->webhook_secret_file.bytes,
                                        .authorities = affected->ca.bytes,
                                        .lent = v->lent}};
    int result = prepare(&clerk), keep[2 + CLERK_FOLDERS] = {v->resources.directory};
    struct child_start start = {.account = &v->account,
                                .log = &v->log,
                                .main = run_clerk,
                                .arg = &clerk,
                                .keep = keep,
                                .keep_count = 1,
                                .rules = message_rules_supervisor_from_console,
                                .rule_count = message_rules_supervisor_from_console_count};

    if (clerk.start.outbox_fd >= 0)
        keep[start.keep_count++] = clerk.start.outbox_fd;
    for (size_t i = 0; i < CLERK_FOLDERS; i++)
        if (clerk.start.read_fds[i] >= 0)
            keep[start.keep_count++] = clerk.start.read_fds[i];
    v->is_clerk_renewed = false;
    if (result == 0)
        result = child_start(&v->children[CLERK], &start);
    release(&clerk);
    return result;
}

/* ---- both ---- */

void
asking_look(struct supervisor *v)
{
    struct message_empty empty = {0};
    int ends[2];

    if (v->is_asking_linked || !v->children[CONSOLE].pid || !v->children[CLERK].pid ||
        channel_pair(ends) != 0)
        return;
    tell(v, &v->children[CONSOLE], MESSAGE_PEER, &empty, sizeof(empty), ends[0]);
    tell(v, &v->children[CLERK], MESSAGE_PEER, &empty, sizeof(empty), ends[1]);
    close(ends[0]);
    close(ends[1]);
    v->is_asking_linked = true;
}

void
asking_renew(struct supervisor *v)
{
    struct message_empty empty = {0};

    v->is_console_renewed = v->children[CONSOLE].pid != 0;
    v->is_clerk_renewed = v->children[CLERK].pid != 0;
    tell(v, &v->children[CONSOLE], MESSAGE_STOP, &empty, sizeof(empty), -1);
    tell(v, &v->children[CLERK], MESSAGE_STOP, &empty, sizeof(empty), -1);
}
