/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/supervisor.h"
#include "guard/state.h"

#include "base/memory.h"
#include "config/load.h"
#include "gate/gate.h"
#include "guard/notify.h"
#include "ledger/message.h"
#include "respond/publish.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTEN_PATIENCE (10 * NANOSECONDS_PER_SECOND)
#define PING_EVERY      (5 * NANOSECONDS_PER_SECOND)
#define STUCK_AFTER     (15 * NANOSECONDS_PER_SECOND)
#define KILL_AFTER      (30 * NANOSECONDS_PER_SECOND)
enum { MESSAGES_ROUND = 64, TICK_MILLISECONDS = 100, IDLE_MILLISECONDS = 1000 };

/* A new channel between gate and keeper, whenever one of them is new and both are there. */
static void
link_children(struct supervisor *v)
{
    if (!v->is_linked && !lookups_are_running(v->lookups) && v->children[GATE].is_committed &&
        v->children[KEEPER].is_committed)
        v->is_linked = tell_link(v, GATE, MESSAGE_PEER);
}

void
forget(void *arg)
{
    struct supervisor *v = arg;

    memory_wipe(v->resources.secret, sizeof(v->resources.secret));
    config_free(v->config);
    config_free(v->next);
    v->config = v->next = NULL;
    watching_forget(v);
}

struct gate_run {
    struct supervisor *v;
    struct gate_start start;
};

static int
run_gate(int fd, const struct log *log, void *arg)
{
    struct gate_run *run = arg;

    forget(run->v);
    run->start.supervisor_fd = fd;
    return gate_main(&run->start, log);
}

struct keeper_run {
    struct supervisor *v;
    struct keeper_start start;
};

static int
run_keeper(int fd, const struct log *log, void *arg)
{
    struct keeper_run *run = arg;

    forget(run->v);
    run->start.supervisor_fd = fd;
    return keeper_main(&run->start, log);
}

static int
start_gate(struct supervisor *v)
{
    const struct resources *r = &v->resources;
    struct gate_run gate = {
        .v = v, .start = {.ring_fd = r->ring, .wake_fd = r->wake, .durable_fd = r->durable}};
    const int keep[] = {r->ring, r->wake, r->durable};
    struct child_start start = {.account = &v->account,
                                .log = &v->log,
                                .main = run_gate,
                                .arg = &gate,
                                .keep = keep,
                                .keep_count = COUNT_OF(keep),
                                .rules = message_rules_supervisor_from_gate,
                                .rule_count = message_rules_supervisor_from_gate_count};
    int result;

    memcpy(gate.start.secret, r->secret, sizeof(gate.start.secret));
    result = child_start(&v->children[GATE], &start);
    memory_wipe(gate.start.secret, sizeof(gate.start.secret));
    identifying_forget(v);
    return result;
}

static int
start_keeper(struct supervisor *v)
{
    const struct resources *r = &v->resources;
    struct keeper_run keeper = {.v = v,
                                .start = {.directory_fd = r->directory,
                                          .control_fd = r->control,
                                          .ring_fd = r->ring,
                                          .wake_fd = r->wake,
                                          .durable_fd = r->durable,
                                          .approvers = v->approvers}};
    int result;
    const int keep[] = {r->directory, r->control, r->ring, r->wake, r->durable};
    struct child_start start = {.account = &v->account,
                                .log = &v->log,
                                .main = run_keeper,
                                .arg = &keeper,
                                .keep = keep,
                                .keep_count = COUNT_OF(keep),
                                .rules = message_rules_supervisor_from_keeper,
                                .rule_count = message_rules_supervisor_from_keeper_count};

    memcpy(keeper.start.secret, r->secret, sizeof(keeper.start.secret));
    result = child_start(&v->children[KEEPER], &start);
    memory_wipe(keeper.start.secret, sizeof(keeper.start.secret));
    return result;
}

static int
start_any(struct supervisor *v, int which)
{
    if (which == HERALD)
        return publishing_start(v);
    if (which == INDEXER)
        return indexing_start(v);
    if (which == REGISTRAR)
        return enrolling_start(v);
    if (which == WATCHER)
        return detecting_start(v);
    if (which == CONSOLE)
        return asking_start_console(v);
    if (which == CLERK)
        return asking_start_clerk(v);
    return which == GATE ? start_gate(v) : start_keeper(v);
}

static void
start_child(struct supervisor *v, int which)
{
    struct child *child = &v->children[which];
    int result;

    errno = 0;
    result = start_any(v, which);
    if (result != 0) {
        LOG_EVENT(&v->log, START_FAILED, F_TEXT("name", child->name),
                  F_TEXT("error", errno != 0 ? strerrordesc_np(errno) : error_text(result)));
        child->retry_at = os_monotonic(&os_real) + NANOSECONDS_PER_SECOND;
        return;
    }
    if (which <= KEEPER) {
        v->is_linked = false;
        tell_config(v, child, v->config, v->generation);
    }
    tell_processes(v);
}

/* ---- the children's messages ---- */

static void
prepared(struct supervisor *v, int which, const struct message_result *result)
{
    struct child *child = &v->children[which];

    if (v->next && result->id == v->next_generation) {
        child->is_prepared = true;
        child->prepared_error = result->error;
        if (v->children[GATE].is_prepared && v->children[KEEPER].is_prepared)
            reload_commit(v);
        return;
    }
    /* An answer that comes after the offer was withdrawn: nothing may be committed for it. */
    if (result->id != v->generation || child->is_committed)
        return;
    if (result->error != 0) {
        LOG_EVENT(&v->log, START_FAILED, F_TEXT("name", child->name),
                  F_TEXT("error", error_text(result->error)),
                  F_TEXT("hint", error_hint(result->error)));
        v->phase = v->is_announced ? v->phase : PHASE_STOPPING_GATE;
        return;
    }
    tell_commit(v, which);
    link_children(v);
}

static void
from_child(struct supervisor *v, int which, const struct channel_message *message)
{
    struct child *child = &v->children[which];
    struct message_result result;
    struct message_gateway gateway;
    struct message_progress progress;
    struct message_segment_ask ask;

    child->pong_at = os_monotonic(&os_real);
    child->asked_at = 0;
    child->is_told_stuck = false;
    if (which >= CONSOLE) /* PONG: it lives */
        return;
    if (which > KEEPER) {
        (which == HERALD    ? publishing_from_herald
         : which == INDEXER ? indexing_from_indexer
         : which == WATCHER ? detecting_from_watcher
                            : enrolling_from_registrar)(v, message);
        return;
    }
    switch ((enum message_type)message->type) {
    case MESSAGE_PREPARED:
        memcpy(&result, message->body, sizeof(result));
        prepared(v, which, &result);
        break;
    case MESSAGE_READY:
        child->is_ready = true;
        tell_ready(v);
        if (which == GATE)
            reload_done(v);
        break;
    case MESSAGE_DRAINED:
        LOG_EVENT(&v->log, DRAIN_ENDED, F_TEXT("name", child->name));
        if (v->phase == PHASE_DRAINING)
            v->deadline = 0; /* later it would cut short the time that STOP leaves */
        break;
    case MESSAGE_PROGRESS:
        memcpy(&progress, message->body, sizeof(progress));
        tell_reading(v, child, &progress);
        break;
    case MESSAGE_UNREAD: /* never believed of a gate that the network may have taken over */
        if (which == GATE && !child->is_ready)
            offering_begin(v);
        break;
    case MESSAGE_SEGMENT_ASK: /* of a gate that serves: only while it has not read all */
        memcpy(&ask, message->body, sizeof(ask));
        if (which == GATE && (!child->is_ready || v->offer_at != 0))
            offering_segment(v, ask.index);
        break;
    case MESSAGE_ROSTERED:
        memcpy(&result, message->body, sizeof(result));
        if (which == GATE)
            watching_done(v, &result);
        break;
    case MESSAGE_RESOLVE:
        memcpy(&gateway, message->body, sizeof(gateway));
        if (gateway.gateway < v->config->gateway_count &&
            endpoint_address(&(struct address){0},
                             &v->config->gateways[gateway.gateway].upstream) == PASU_E_NOTFOUND)
            lookup_want(v->lookups, v->config, &v->config->gateways[gateway.gateway].upstream);
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

    /* A child that says more gets another turn, after the others, signals and time. */
    for (int n = 0; n < MESSAGES_ROUND && child->pid; n++) {
        int result = channel_receive(&child->channel, &message);

        if (result == PASU_E_PROTOCOL) {
            LOG_EVENT(&v->log, MESSAGE_REFUSED, F_TEXT("name", child->name),
                      F_UINT("type", message.type));
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

/* Whether there should be one. The herald is wanted while there are still records to come. */
static bool
is_wanted(const struct supervisor *v, int which)
{
    if (which == HERALD)
        return v->phase < PHASE_STOPPING_KEEPER && publish_is_wanted(v->config);
    if (which == INDEXER)
        return indexing_is_wanted(v);
    if (which == REGISTRAR)
        return enrolling_is_wanted(v);
    if (which >= CONSOLE)
        return asking_is_wanted(v);
    return which == WATCHER ? detecting_is_wanted(v) : v->phase < PHASE_DRAINING;
}

/* It was told to end, so that another one begins with what is in force now. */
static bool
is_renewed(const struct supervisor *v, int which)
{
    return (which == HERALD && v->is_herald_renewed) ||
           (which == REGISTRAR && v->is_registrar_renewed) ||
           (which == WATCHER && v->is_watcher_renewed) ||
           (which == CONSOLE && v->is_console_renewed) || (which == CLERK && v->is_clerk_renewed);
}

static bool
is_expected(const struct supervisor *v, int which, int status)
{
    if (which == INDEXER)
        return indexing_is_expected(v, status);
    return !is_wanted(v, which) || is_renewed(v, which);
}

static void
reap_child(struct supervisor *v, int which, int status)
{
    struct child *child = &v->children[which];
    bool was_expected = is_expected(v, which, status), serves = which <= KEEPER;

    child_died(child, status, was_expected, &v->log);
    if (serves)
        v->is_linked = false;
    if (which == KEEPER || which == HERALD)
        v->is_herald_linked = false;
    if (which >= CONSOLE)
        v->is_asking_linked = false;
    if (is_renewed(v, which))
        child->retry_at = 0;
    if (which == INDEXER)
        indexing_ended(v, was_expected);
    if (which == GATE)
        v->offer_at = 0;
    tell_processes(v);
    if (v->next && serves)
        reload_refuse(v, "a process died meanwhile");
}

static int
child_of(const struct supervisor *v, pid_t pid)
{
    int which = 0;

    while (which < CHILDREN && v->children[which].pid != pid)
        which++;
    return which;
}

static void
reap(struct supervisor *v)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        int which = child_of(v, pid);

        if (which < CHILDREN)
            reap_child(v, which, status);
        else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
            /* A look-up. All else that may happen to one is told by what it found. */
            LOG_EVENT(&v->log, PROCESS_DIED, F_TEXT("name", "look-up"), F_INT("pid", pid),
                      F_TEXT("how", sigabbrev_np(SIGSYS)), F_INT("status", SIGSYS));
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
    const struct lookup_rights rights = {&v->account, forget, v};
    bool ping = now >= v->ping_at;

    if (ping)
        v->ping_at = now + PING_EVERY;
    for (int i = 0; i < CHILDREN; i++) {
        struct child *child = &v->children[i];

        if (child->pid == 0) {
            if (is_wanted(v, i) && now >= child->retry_at)
                start_child(v, i);
            continue;
        }
        if (ping)
            answering_ping(v, child);
        if (now - child->pong_at > STUCK_AFTER && !child->is_told_stuck) {
            child->is_told_stuck = true;
            LOG_EVENT(&v->log, PROCESS_STUCK, F_TEXT("name", child->name),
                      F_INT("pid", child->pid));
        }
        if (now - child->pong_at > KILL_AFTER) {
            kill(child->pid,
                 SIGKILL); /* a stopped process dies of this, too, and a new one begins */
            child->pong_at = now;
        }
    }
    answering_look(v, now);
    offering_look(v, now);
    if (v->next && now > v->prepare_until)
        reload_refuse(v, "a process did not answer");
    if (v->is_reload_wanted)
        reload_begin(v);
    for (size_t i = 0; i < COUNT_OF(v->lookups); i++)
        if (lookup_step(&v->lookups[i], &rights, now))
            tell_upstream(v, &v->lookups[i]);
    link_children(v);
    publishing_look(v, now);
    asking_look(v);
    identifying_look(v, now);
    watching_look(v, now);
    sourcing_look(v, now);
}

static void
serve(struct supervisor *v)
{
    while (v->phase != PHASE_OVER) {
        struct pollfd polls[1 + CHILDREN] = {{.fd = v->signals, .events = POLLIN}};
        bool is_quiet = v->phase == PHASE_RUNNING && !v->next && v->waiting_since == 0 &&
                        !lookups_are_waiting(v->lookups) && !lookups_are_waiting(v->targets) &&
                        v->children[GATE].pid && v->children[KEEPER].pid &&
                        (v->children[HERALD].pid || !publish_is_wanted(v->config));

        for (int i = 0; i < CHILDREN; i++)
            polls[1 + i] = (struct pollfd){
                .fd = v->children[i].channel.fd,
                .events = list_is_empty(&v->children[i].outgoing) ? POLLIN : POLLIN | POLLOUT};
        if (poll(polls, COUNT_OF(polls),
                 watching_wait(v, is_quiet ? IDLE_MILLISECONDS : TICK_MILLISECONDS)) < 0 &&
            errno != EINTR)
            break;
        for (int i = 0; i < CHILDREN; i++) {
            if (polls[1 + i].revents)
                read_child(v, i);
            child_flush(&v->children[i]);
        }
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

    /* Ignored by whoever started us, it would keep our children's deaths from us. */
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&mine);
    sigaddset(&mine, SIGCHLD);
    sigaddset(&mine, SIGHUP);
    sigaddset(&mine, SIGINT);
    sigaddset(&mine, SIGTERM);
    sigprocmask(SIG_BLOCK, &mine, &v->before);
    v->signals = signalfd(-1, &mine, SFD_NONBLOCK | SFD_CLOEXEC);
    return v->signals >= 0 ? 0 : PASU_E_IO;
}

/* From here on also for what is started: the children add their own to it. */
static int
enter_sandbox(struct supervisor *v)
{
    int result = sandbox_enter(SANDBOX_SUPERVISOR);

    if (result != 0)
        LOG_EVENT(&v->log, START_FAILED, F_TEXT("error", "the sandbox could not be entered"),
                  F_TEXT("hint", "the kernel, and a container around us, must allow seccomp(2)"));
    return result;
}

static int
start(struct supervisor *v)
{
    int result = reload_load(v, &v->config, NULL);

    if (result != 0)
        return result;
    reload_set_log(v);
    raise_limits();
    result = sandbox_account_find(&v->account, v->config->user);
    if (result != 0) {
        LOG_EVENT(&v->log, START_FAILED, F_TEXT("user", v->config->user),
                  F_TEXT("error", "no such account, or it is root"),
                  F_TEXT("hint", "set `user` in the configuration"));
        return result;
    }
    /* An account of its own keeps the herald from the ledger's files; else the sandbox does. */
    if (sandbox_account_find(&v->herald_account, "pasu-herald") != 0)
        v->herald_account = v->account;
    result = approving_find(&v->approvers, v->config, &v->account, &v->log);
    if (result != 0)
        return result;
    result = resources_open(&v->resources, v->config, &v->account, &v->herald_account, &v->log);
    if (result == 0)
        result = listeners_open(&v->listeners, NULL, v->config, LISTEN_PATIENCE, &v->log);
    if (result == 0)
        result = enrolling_open(v, v->config, LISTEN_PATIENCE);
    if (result == 0)
        enrolling_commit(v);
    if (result == 0)
        result = asking_open(v, v->config, LISTEN_PATIENCE);
    if (result == 0)
        asking_commit(v);
    if (result == 0)
        result = catch_signals(v);
    if (result == 0)
        result = enter_sandbox(v);
    v->generation = v->next_generation = 1;
    return result;
}

int
guard_main(const char *config_path, const struct clerk_lent *lent)
{
    struct supervisor *v = memory_new(1, sizeof(*v));
    int result;

    if (!v)
        return 2;
    logging_unblock();
    /* Its memory holds keys: no core file of it, nobody of the same account looks into it. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    v->path = config_path;
    v->lent = lent;
    v->log = (struct log){.fd = STDERR_FILENO,
                          .format = isatty(STDERR_FILENO) ? LOG_LOGFMT : LOG_JSON,
                          .level = LOG_INFO,
                          .process = "supervisor",
                          .os = &os_real};
    resources_init(&v->resources);
    v->signals = v->sources.fd = v->next_sources.fd = v->metrics = -1;
    v->enrolling.fd = v->next_enrolling.fd = v->asking.fd = v->next_asking.fd = -1;
    child_init(&v->children[GATE], "gate");
    child_init(&v->children[KEEPER], "keeper");
    child_init(&v->children[HERALD], "herald");
    child_init(&v->children[INDEXER], "indexer");
    child_init(&v->children[REGISTRAR], "registrar");
    child_init(&v->children[WATCHER], "watcher");
    child_init(&v->children[CONSOLE], "console");
    child_init(&v->children[CLERK], "clerk");
    result = start(v);
    if (result == 0)
        serve(v);
    listeners_close(&v->listeners, true);
    enrolling_close(v);
    asking_close(v);
    if (v->config)
        resources_close(&v->resources, v->config);
    if (v->signals >= 0)
        close(v->signals);
    if (!v->is_announced)
        result = result ? result : PASU_E_UNAVAILABLE;
    sourcing_drop(&v->sources);
    config_free(v->config);
    watching_forget(v);
    memory_free(v);
    return result == 0 ? 0 : 2;
}
