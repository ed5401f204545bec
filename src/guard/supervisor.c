/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/supervisor.h"

#include "base/memory.h"
#include "config/load.h"
#include "gate/gate.h"
#include "guard/child.h"
#include "guard/listeners.h"
#include "guard/notify.h"
#include "guard/resources.h"
#include "guard/upstreams.h"
#include "ledger/keeper.h"
#include "ledger/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTEN_PATIENCE (10 * NANOSECONDS_PER_SECOND)
#define PING_EVERY (5 * NANOSECONDS_PER_SECOND)
#define STUCK_AFTER (15 * NANOSECONDS_PER_SECOND)
#define KILL_AFTER (30 * NANOSECONDS_PER_SECOND)
#define STOP_PATIENCE (3 * NANOSECONDS_PER_SECOND)
#define PREPARE_PATIENCE (5 * NANOSECONDS_PER_SECOND)

enum { TICK_MILLISECONDS = 100, IDLE_MILLISECONDS = 1000 };
enum { GATE, KEEPER, CHILDREN };
enum phase { PHASE_STARTING, PHASE_RUNNING, PHASE_DRAINING, PHASE_STOPPING_GATE, PHASE_STOPPING_KEEPER, PHASE_OVER };

struct supervisor {
    struct log log;
    const char *path;
    struct config *config, *next; /* next: offered to the children, not in force */
    uint64_t generation, next_generation;
    struct listeners listeners, next_listeners;
    struct sandbox_account account;
    struct resources resources;
    struct child children[CHILDREN];
    struct keeper_start keeper_start;
    sigset_t before;
    int signals;
    enum phase phase;
    int64_t deadline, ping_at, prepare_until;
    bool is_announced, is_linked;
};

/* ---- configuration ---- */

static void
log_faults(const struct supervisor *v, const struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        LOG_EVENT(&v->log, CONFIG_FAULT, F_TEXT("file", faults->items[i].path),
                  F_UINT("line", faults->items[i].line), F_UINT("column", faults->items[i].column),
                  F_TEXT("fault", faults->items[i].text), F_TEXT("hint", faults->items[i].hint));
}

static int
load(struct supervisor *v, struct config **config, const struct config *now)
{
    struct config_faults faults = {0};
    int result = config_load(config, v->path, &faults);

    if (result == 0)
        result = config_load_files(*config, &faults);
    if (result == 0 && now)
        result = config_reload_check(now, *config, &faults);
    if (result != 0) {
        log_faults(v, &faults);
        config_free(*config);
        *config = NULL;
    }
    config_faults_release(&faults);
    return result;
}

static void
set_log(struct supervisor *v)
{
    bool is_text = v->config->log.format == CONFIG_LOG_LOGFMT ||
                   (v->config->log.format == CONFIG_LOG_AUTO && isatty(STDERR_FILENO));

    v->log.format = is_text ? LOG_LOGFMT : LOG_JSON;
    v->log.level = v->config->log.level;
}

/* The configuration with its files, in memory that a child can read and nobody change. */
static int
make_packed(const struct config *config)
{
    uint8_t *bytes = NULL;
    size_t length = 0, done = 0;
    int fd;

    if (config_pack(&bytes, &length, config) != 0)
        return -1;
    fd = memfd_create("pasu configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    while (fd >= 0 && done < length) {
        ssize_t n = write(fd, bytes + done, length - done);

        if (n <= 0) {
            close(fd);
            fd = -1;
            break;
        }
        done += (size_t)n;
    }
    if (fd >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
        close(fd);
        fd = -1;
    }
    memory_wipe(bytes, length);
    memory_free(bytes);
    return fd;
}

/* ---- children ---- */

static void
tell(const struct supervisor *v, const struct child *child, uint32_t type, const void *body, size_t length,
     int fd)
{
    int result = child->pid ? channel_send(&child->channel, type, body, length, fd) : 0;

    if (result != 0 && result != PASU_E_EOF)
        LOG_EVENT(&v->log, PROCESS_STUCK, F_TEXT("name", child->name), F_TEXT("error", error_text(result)));
}

static void
tell_config(const struct supervisor *v, const struct child *child, const struct config *config,
            uint64_t generation)
{
    struct message_generation message = {generation};
    int fd = make_packed(config);

    if (fd < 0) {
        LOG_EVENT(&v->log, INTERNAL, F_TEXT("error", "the configuration could not be packed"));
        return;
    }
    tell(v, child, MESSAGE_CONFIG, &message, sizeof(message), fd);
    close(fd);
}

static void
tell_process(const struct supervisor *v, const char *name, pid_t pid, uint32_t restarts, int64_t since)
{
    struct message_process message = {.pid = (int32_t)pid, .restarts = restarts, .since = since};

    snprintf(message.name, sizeof(message.name), "%s", name);
    tell(v, &v->children[KEEPER], MESSAGE_PROCESS, &message, sizeof(message), -1);
}

static void
tell_processes(const struct supervisor *v)
{
    static int64_t started;

    if (started == 0)
        started = os_realtime(&os_real);
    tell_process(v, "supervisor", getpid(), 0, started);
    for (int i = 0; i < CHILDREN; i++)
        tell_process(v, v->children[i].name, v->children[i].pid, v->children[i].restarts,
                     v->children[i].since);
}

static void
tell_upstream(const struct supervisor *v, uint32_t index)
{
    struct address addresses[UPSTREAM_COUNT_MAX];
    const struct config_gateway *gateway = &v->config->gateways[index];
    int count = upstreams_resolve(addresses, &gateway->upstream);

    if (count < 0)
        LOG_EVENT(&v->log, UPSTREAM_FAILED, F_TEXT("gateway", gateway->name),
                  F_TEXT("host", gateway->upstream.host), F_TEXT("error", "the name could not be looked up"));
    for (int i = 0; i < count; i++) {
        struct message_upstream message = {.gateway = index,
                                           .count = (uint32_t)count,
                                           .index = (uint32_t)i,
                                           .length = addresses[i].length};

        memcpy(message.address, &addresses[i].u, addresses[i].length);
        tell(v, &v->children[GATE], MESSAGE_UPSTREAM, &message, sizeof(message), -1);
    }
}

static void
tell_listeners(const struct supervisor *v)
{
    for (size_t i = 0; i < v->listeners.count; i++) {
        const struct held_socket *item = &v->listeners.items[i];
        struct message_listener message = {.gateway = item->gateway, .is_proxy = item->is_proxy};

        endpoint_text(message.address, sizeof(message.address), &item->endpoint);
        tell(v, &v->children[GATE], MESSAGE_LISTENER, &message, sizeof(message), item->fd);
    }
    for (size_t g = 0; g < v->config->gateway_count; g++)
        tell_upstream(v, (uint32_t)g);
}

/* A new channel between gate and keeper, whenever one of them is new and both are there. */
static void
link_children(struct supervisor *v)
{
    struct message_empty empty = {0};
    int ends[2];

    if (v->is_linked || !v->children[GATE].is_committed || !v->children[KEEPER].is_committed)
        return;
    if (channel_pair(ends) != 0)
        return;
    tell(v, &v->children[KEEPER], MESSAGE_PEER, &empty, sizeof(empty), ends[0]);
    tell(v, &v->children[GATE], MESSAGE_PEER, &empty, sizeof(empty), ends[1]);
    close(ends[0]);
    close(ends[1]);
    v->is_linked = true;
}

static int
run_gate(int fd, const struct log *log, void *arg PASU_UNUSED)
{
    return gate_main(fd, log);
}

static int
run_keeper(int fd, const struct log *log, void *arg)
{
    struct keeper_start start = *(const struct keeper_start *)arg;

    start.supervisor_fd = fd;
    return keeper_main(&start, log);
}

static void
start_child(struct supervisor *v, int which)
{
    struct child *child = &v->children[which];
    const int keep[] = {v->resources.directory, v->resources.control};
    struct child_start start = {
        .account = &v->account,
        .log = &v->log,
        .main = which == GATE ? run_gate : run_keeper,
        .arg = &v->keeper_start,
        .keep = keep,
        .keep_count = which == GATE ? 0 : COUNT_OF(keep),
        .rules = which == GATE ? message_rules_supervisor_from_gate : message_rules_supervisor_from_keeper,
        .rule_count = which == GATE ? message_rules_supervisor_from_gate_count
                                    : message_rules_supervisor_from_keeper_count,
    };

    v->keeper_start.directory_fd = v->resources.directory;
    v->keeper_start.control_fd = v->resources.control;
    if (child_start(child, &start) != 0) {
        LOG_EVENT(&v->log, START_FAILED, F_TEXT("name", child->name), F_TEXT("error", strerrordesc_np(errno)));
        child->retry_at = os_monotonic(&os_real) + NANOSECONDS_PER_SECOND;
        return;
    }
    v->is_linked = false;
    tell_config(v, child, v->config, v->generation);
    tell_processes(v);
}

static void
commit_child(struct supervisor *v, int which)
{
    struct message_generation message = {v->generation};

    tell(v, &v->children[which], MESSAGE_COMMIT, &message, sizeof(message), -1);
    v->children[which].is_committed = true;
    if (which == GATE)
        tell_listeners(v);
}

/* ---- reload ---- */

static void
reload_end(struct supervisor *v)
{
    config_free(v->next);
    v->next = NULL;
    notify_send("READY=1");
}

static void
reload_refuse(struct supervisor *v, const char *why)
{
    struct message_generation message = {v->next_generation};

    LOG_EVENT(&v->log, CONFIG_REFUSED, F_TEXT("file", v->path), F_TEXT("error", why),
              F_TEXT("hint", "the former configuration stays in force"));
    if (v->next) {
        for (int i = 0; i < CHILDREN; i++)
            tell(v, &v->children[i], MESSAGE_ABANDON, &message, sizeof(message), -1);
        listeners_close(&v->next_listeners, true);
    }
    reload_end(v);
}

static void
reload_begin(struct supervisor *v)
{
    if (v->phase != PHASE_RUNNING || v->next)
        return;
    notify_reloading();
    if (load(v, &v->next, v->config) != 0) {
        reload_refuse(v, error_text(PASU_E_CONFIG));
        return;
    }
    v->next_generation = v->generation + 1;
    v->prepare_until = os_monotonic(&os_real) + PREPARE_PATIENCE;
    for (int i = 0; i < CHILDREN; i++) {
        v->children[i].is_prepared = false;
        tell_config(v, &v->children[i], v->next, v->next_generation);
    }
}

/* Both children can: now the sockets, and then there is no way back. */
static void
reload_commit(struct supervisor *v)
{
    struct listeners former = v->listeners;

    for (int i = 0; i < CHILDREN; i++)
        if (v->children[i].prepared_error != 0) {
            reload_refuse(v, error_text(v->children[i].prepared_error));
            return;
        }
    if (listeners_open(&v->next_listeners, &former, v->next, 0, &v->log) != 0) {
        reload_refuse(v, "a listening socket could not be opened");
        return;
    }
    v->listeners = v->next_listeners;
    v->next_listeners = (struct listeners){0};
    listeners_close(&former, true);
    config_free(v->config);
    v->config = v->next;
    v->next = NULL;
    v->generation = v->next_generation;
    set_log(v);
    for (int i = 0; i < CHILDREN; i++)
        commit_child(v, i);
    LOG_EVENT(&v->log, CONFIG_RELOADED, F_TEXT("file", v->path), F_UINT("generation", v->generation));
    reload_end(v);
}

/* ---- the children's messages ---- */

static void
announce(struct supervisor *v)
{
    char text[1024] = "", one[ENDPOINT_HOST_SIZE + 16];
    size_t at = 0;

    if (v->is_announced || !v->children[GATE].is_ready || !v->children[KEEPER].is_ready)
        return;
    for (size_t i = 0; i < v->listeners.count && at < sizeof(text) - 1; i++) {
        int n;

        endpoint_text(one, sizeof(one), &v->listeners.items[i].endpoint);
        n = snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "", one);
        at += n > 0 ? (size_t)n : 0;
    }
    v->is_announced = true;
    v->phase = PHASE_RUNNING;
    LOG_EVENT(&v->log, READY, F_TEXT("listen", text), F_INT("pid", getpid()), F_TEXT("version", PASU_VERSION));
    notify_send("READY=1\nSTATUS=watching");
}

static void
prepared(struct supervisor *v, int which, const struct message_result *result)
{
    struct child *child = &v->children[which];

    child->is_prepared = true;
    child->prepared_error = result->error;
    if (v->next && result->id == v->next_generation) {
        if (v->children[GATE].is_prepared && v->children[KEEPER].is_prepared)
            reload_commit(v);
        return;
    }
    if (result->error != 0) {
        LOG_EVENT(&v->log, START_FAILED, F_TEXT("name", child->name), F_TEXT("error", error_text(result->error)),
                  F_TEXT("hint", error_hint(result->error)));
        v->phase = v->is_announced ? v->phase : PHASE_STOPPING_GATE;
        return;
    }
    commit_child(v, which);
    link_children(v);
}

static void
from_child(struct supervisor *v, int which, const struct channel_message *message)
{
    struct child *child = &v->children[which];
    struct message_result result;
    struct message_gateway gateway;

    child->pong_at = os_monotonic(&os_real);
    child->is_told_stuck = false;
    switch ((enum message_type)message->type) {
    case MESSAGE_PREPARED:
        memcpy(&result, message->body, sizeof(result));
        prepared(v, which, &result);
        break;
    case MESSAGE_READY:
        child->is_ready = true;
        announce(v);
        break;
    case MESSAGE_DRAINED:
        LOG_EVENT(&v->log, DRAIN_ENDED, F_TEXT("name", child->name));
        v->deadline = 0;
        break;
    case MESSAGE_RESOLVE:
        memcpy(&gateway, message->body, sizeof(gateway));
        if (gateway.gateway < v->config->gateway_count &&
            endpoint_address(&(struct address){0}, &v->config->gateways[gateway.gateway].upstream) ==
                PASU_E_NOTFOUND)
            tell_upstream(v, gateway.gateway);
        break;
    default: /* PONG: it lives, which is all there is to know */
        break;
    }
}

static void
read_child(struct supervisor *v, int which)
{
    struct channel_message message;
    struct child *child = &v->children[which];

    while (child->pid) {
        int result = channel_receive(&child->channel, &message);

        if (result == PASU_E_PROTOCOL) {
            LOG_EVENT(&v->log, MESSAGE_REFUSED, F_TEXT("name", child->name), F_UINT("type", message.type));
            continue;
        }
        if (result == PASU_E_EOF)
            channel_close(&child->channel); /* its death will be told by a signal */
        if (result != 0)
            return;
        from_child(v, which, &message);
    }
}

/* ---- signals and time ---- */

static void
stop_begin(struct supervisor *v)
{
    struct message_empty empty = {0};
    int64_t patience = 0;

    if (v->phase >= PHASE_DRAINING) {
        v->deadline = 0; /* asked twice: at once */
        return;
    }
    LOG_EVENT(&v->log, DRAIN_STARTED, F_INT("pid", getpid()));
    notify_send("STOPPING=1");
    for (size_t g = 0; g < v->config->gateway_count; g++)
        if (v->config->gateways[g].limits.drain_time > patience)
            patience = v->config->gateways[g].limits.drain_time;
    v->phase = PHASE_DRAINING;
    v->deadline = os_monotonic(&os_real) + patience;
    listeners_close(&v->listeners, true);
    tell(v, &v->children[GATE], MESSAGE_DRAIN, &empty, sizeof(empty), -1);
}

static void
reap(struct supervisor *v)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < CHILDREN; i++)
            if (v->children[i].pid == pid) {
                child_died(&v->children[i], status, v->phase >= PHASE_DRAINING, &v->log);
                v->is_linked = false;
                tell_processes(v);
                if (v->next)
                    reload_refuse(v, "a process died meanwhile");
            }
}

static void
read_signals(struct supervisor *v)
{
    struct signalfd_siginfo info;

    while (read(v->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            reap(v);
        else if (info.ssi_signo == SIGHUP)
            reload_begin(v);
        else
            stop_begin(v);
    }
}

static void
look_after(struct supervisor *v, int64_t now)
{
    struct message_empty empty = {0};
    bool ping = now >= v->ping_at;

    if (ping)
        v->ping_at = now + PING_EVERY;
    for (int i = 0; i < CHILDREN; i++) {
        struct child *child = &v->children[i];

        if (child->pid == 0) {
            if (v->phase < PHASE_DRAINING && now >= child->retry_at)
                start_child(v, i);
            continue;
        }
        if (ping)
            tell(v, child, MESSAGE_PING, &empty, sizeof(empty), -1);
        if (now - child->pong_at > STUCK_AFTER && !child->is_told_stuck) {
            child->is_told_stuck = true;
            LOG_EVENT(&v->log, PROCESS_STUCK, F_TEXT("name", child->name), F_INT("pid", child->pid));
        }
        if (now - child->pong_at > KILL_AFTER) {
            kill(child->pid, SIGKILL); /* a stopped process dies of this, too, and a new one begins */
            child->pong_at = now;
        }
    }
    if (v->next && now > v->prepare_until)
        reload_refuse(v, "a process did not answer");
}

/* One step of the end, in order: gate, then keeper (which writes down the gate's last words). */
static void
stop_step(struct supervisor *v, int64_t now)
{
    struct message_empty empty = {0};
    int which = v->phase <= PHASE_STOPPING_GATE ? GATE : KEEPER;
    struct child *child = &v->children[which];

    if (v->phase < PHASE_DRAINING)
        return;
    if (child->pid == 0) {
        if (which == KEEPER) {
            v->phase = PHASE_OVER;
            return;
        }
        v->phase = PHASE_STOPPING_KEEPER;
        v->deadline = now + STOP_PATIENCE;
        tell(v, &v->children[KEEPER], MESSAGE_STOP, &empty, sizeof(empty), -1);
        return;
    }
    if (now < v->deadline)
        return;
    if (v->phase == PHASE_DRAINING) {
        v->phase = PHASE_STOPPING_GATE;
        v->deadline = now + STOP_PATIENCE;
        tell(v, child, MESSAGE_STOP, &empty, sizeof(empty), -1);
        return;
    }
    kill(child->pid, SIGKILL);
    v->deadline = now + STOP_PATIENCE;
}

static void
serve(struct supervisor *v)
{
    while (v->phase != PHASE_OVER) {
        struct pollfd polls[1 + CHILDREN] = {{.fd = v->signals, .events = POLLIN}};
        bool is_quiet = v->phase == PHASE_RUNNING && !v->next && v->children[GATE].pid && v->children[KEEPER].pid;

        for (int i = 0; i < CHILDREN; i++)
            polls[1 + i] = (struct pollfd){.fd = v->children[i].channel.fd, .events = POLLIN};
        if (poll(polls, COUNT_OF(polls), is_quiet ? IDLE_MILLISECONDS : TICK_MILLISECONDS) < 0 && errno != EINTR)
            break;
        for (int i = 0; i < CHILDREN; i++)
            if (polls[1 + i].revents)
                read_child(v, i);
        if (polls[0].revents)
            read_signals(v);
        look_after(v, os_monotonic(&os_real));
        stop_step(v, os_monotonic(&os_real));
    }
}

/* ---- start ---- */

static void
raise_limits(void)
{
    struct rlimit files, none = {0, 0};

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    setrlimit(RLIMIT_CORE, &none); /* a core file would hold what passed through */
}

static int
catch_signals(struct supervisor *v)
{
    sigset_t mine;

    sigemptyset(&mine);
    sigaddset(&mine, SIGCHLD);
    sigaddset(&mine, SIGHUP);
    sigaddset(&mine, SIGINT);
    sigaddset(&mine, SIGTERM);
    sigprocmask(SIG_BLOCK, &mine, &v->before);
    v->signals = signalfd(-1, &mine, SFD_NONBLOCK | SFD_CLOEXEC);
    return v->signals >= 0 ? 0 : PASU_E_IO;
}

static int
start(struct supervisor *v)
{
    int result = load(v, &v->config, NULL);

    if (result != 0)
        return result;
    set_log(v);
    raise_limits();
    result = sandbox_account_find(&v->account, v->config->user);
    if (result != 0) {
        LOG_EVENT(&v->log, START_FAILED, F_TEXT("user", v->config->user),
                  F_TEXT("error", "no such account, or it is root"), F_TEXT("hint", "set `user` in the configuration"));
        return result;
    }
    result = resources_open(&v->resources, v->config, &v->account, &v->log);
    if (result == 0)
        result = listeners_open(&v->listeners, NULL, v->config, LISTEN_PATIENCE, &v->log);
    if (result == 0)
        result = catch_signals(v);
    v->generation = 1;
    return result;
}

int
guard_main(const char *config_path)
{
    struct supervisor *v = memory_new(1, sizeof(*v));
    int result;

    if (!v)
        return 2;
    v->path = config_path;
    v->log = (struct log){.fd = STDERR_FILENO,
                          .format = isatty(STDERR_FILENO) ? LOG_LOGFMT : LOG_JSON,
                          .level = LOG_INFO,
                          .process = "supervisor",
                          .os = &os_real};
    v->resources = (struct resources){-1, -1, -1};
    v->signals = -1;
    v->children[GATE] = (struct child){.name = "gate", .channel.fd = -1};
    v->children[KEEPER] = (struct child){.name = "keeper", .channel.fd = -1};
    result = start(v);
    if (result == 0)
        serve(v);
    listeners_close(&v->listeners, true);
    if (v->config)
        resources_close(&v->resources, v->config);
    if (v->signals >= 0)
        close(v->signals);
    if (!v->is_announced)
        result = result ? result : PASU_E_UNAVAILABLE;
    config_free(v->config);
    memory_free(v);
    return result == 0 ? 0 : 2;
}
