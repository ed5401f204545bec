/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/herald.h"
#include "respond/state.h"

#include "base/base64.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "ledger/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define STOP_PATIENCE (3 * NANOSECONDS_PER_SECOND)
#define FILE_PATIENCE (5 * NANOSECONDS_PER_SECOND)

enum { TICK_MILLISECONDS = 100, IDLE_MILLISECONDS = 1000 };

void
herald_look_up(struct herald *h, size_t target)
{
    struct message_gateway message = {.gateway = (uint32_t)target};

    if (channel_send(&h->supervisor, MESSAGE_RESOLVE, &message, sizeof(message), -1) == PASU_E_EOF)
        h->is_stopping = true;
}

bool
herald_has_no_address(struct herald *h, size_t target, int64_t now)
{
    if (h->places[target].count > 0)
        return false;
    if (now >= h->names_until) {
        target_failed(&h->targets[target], &h->log, "the server's name could not be looked up");
        herald_look_up(h, target);
    }
    return true;
}

/* ---- file and syslog ---- */

static void
begin_file(struct herald *h, int64_t now)
{
    struct target *target = &h->targets[PUBLISH_FILE];
    int result;

    if (h->newest.size == 0 || !target_wants(target, h->newest.size, now))
        return;
    if (!h->file) {
        target_failed(target, &h->log, "its folder could not be opened");
        return;
    }
    result = copier_begin(h->file, view_of(h->newest.note, h->newest.length));
    if (result != 0)
        return; /* the one before goes on */
    h->copying = h->newest.size;
    h->copying_at = now;
}

static void
write_file(struct herald *h, int64_t now)
{
    struct target *target = &h->targets[PUBLISH_FILE];
    int result = h->file ? copier_end(h->file) : PASU_E_AGAIN;

    if (result == 0)
        target_done(target, &h->log, h->copying);
    else if (result != PASU_E_AGAIN)
        target_failed(target, &h->log, error_text(result));
    else if (h->copying_at != 0 && now - h->copying_at > FILE_PATIENCE) {
        target_failed(target, &h->log, "its disk does not answer");
        h->copying_at = 0;
        return;
    }
    if (result != PASU_E_AGAIN)
        h->copying_at = 0;
    begin_file(h, now);
}

/* The parts of a checkpoint on one line: it can be put together again of them. */
static ssize_t
print_line(uint8_t *line, size_t size, struct view bytes)
{
    struct note *note = memory_new(1, sizeof(*note));
    struct checkpoint checkpoint;
    struct writer w = writer_of(line, size);
    char number[24];
    int result = note ? note_parse(note, bytes) : PASU_E_NOMEM;

    if (result == 0)
        result = checkpoint_parse(&checkpoint, note->text);
    if (result == 0) {
        const struct view head = VIEW("checkpoint ");
        int n = snprintf(number, sizeof(number), " %" PRIu64 " ", checkpoint.size);

        writer_bytes(&w, head.bytes, head.length);
        writer_bytes(&w, checkpoint.origin.bytes, checkpoint.origin.length);
        writer_bytes(&w, number, (size_t)n);
        base64_write(&w, checkpoint.root, sizeof(checkpoint.root));
        writer_u8(&w, ' ');
        writer_bytes(&w, note->signatures[0].text.bytes, note->signatures[0].text.length);
    }
    memory_free(note);
    return result == 0 ? writer_end(&w) : result;
}

static int
begin_syslog(struct herald *h)
{
    uint8_t line[SINK_LINE_MAX];
    ssize_t length = print_line(line, sizeof(line), view_of(h->newest.note, h->newest.length));

    h->sinking = h->newest.size;
    return length < 0 ? (int)length
                      : sink_begin(&h->sink, SINK_NOTICE, "checkpoint", "-",
                                   view_of(line, (size_t)length));
}

void
herald_fail_sink(struct herald *h, size_t target, const struct sink *sink, int error)
{
    struct web_place *place = &h->places[target];
    const char *why = sink_error(sink);

    if (place->count > 1) {
        struct address first = place->addresses[0];

        memmove(place->addresses, place->addresses + 1,
                (place->count - 1) * sizeof(place->addresses[0]));
        place->addresses[place->count - 1] = first;
    }
    target_failed(&h->targets[target], &h->log, why[0] != '\0' ? why : error_text(error));
    herald_look_up(h, target);
}

static void
write_syslog(struct herald *h, int64_t now)
{
    struct target *target = &h->targets[PUBLISH_SYSLOG];
    struct web_place *place = &h->places[PUBLISH_SYSLOG];
    int result = 0;

    if (!sink_is_busy(&h->sink)) {
        if (h->newest.size == 0 || !target_wants(target, h->newest.size, now))
            return;
        result = place->count > 0 ? begin_syslog(h) : PASU_E_NOTFOUND;
    }
    if (result == 0)
        result = sink_step(&h->sink, &place->addresses[0]);
    if (result == PASU_E_AGAIN)
        return;
    if (result == 0) {
        target_done(target, &h->log, h->sinking);
        return;
    }
    herald_fail_sink(h, PUBLISH_SYSLOG, &h->sink, result);
}

/* ---- channels ---- */

static void
take_address(struct herald *h, const struct channel_message *message)
{
    struct message_upstream m;
    struct web_place *place;

    memcpy(&m, message->body, sizeof(m));
    if (m.gateway >= h->count || m.index >= WEB_ADDRESSES_MAX || m.length > sizeof(m.address) ||
        m.length > sizeof(place->addresses[0].u))
        return;
    place = &h->places[m.gateway];
    place->addresses[m.index] = (struct address){.length = m.length};
    memcpy(&place->addresses[m.index].u, m.address, m.length);
    if (m.index + 1 == m.count) {
        place->count = m.count;
        /* What waits for nothing but this need not wait. */
        if (h->targets[m.gateway].done_at == 0)
            h->targets[m.gateway].due = 0;
    }
}

/* By the keeper, behind its last checkpoint; by the supervisor, where there is no keeper any more,
 * or this herald's configuration is not in force any more. */
static void
told_to_stop(struct herald *h)
{
    if (h->stop_at != 0)
        return;
    h->stop_at = os_monotonic(h->os) + STOP_PATIENCE;
    for (size_t i = 0; i < h->count; i++)
        h->targets[i].due = 0; /* once more */
}

static void
from_supervisor(struct herald *h, struct channel_message *message)
{
    struct message_empty empty = {0};

    switch ((enum message_type)message->type) {
    case MESSAGE_PEER:
        channel_close(&h->keeper);
        channel_init(&h->keeper, message->fd, message_rules_herald_from_keeper,
                     message_rules_herald_from_keeper_count);
        message->fd = -1;
        for (size_t i = 0; i < h->count; i++)
            h->targets[i].is_told = false;
        herald_alerts_renew(h);
        break;
    case MESSAGE_UPSTREAM:
        take_address(h, message);
        break;
    case MESSAGE_PING:
        if (channel_send(&h->supervisor, MESSAGE_PONG, &empty, sizeof(empty), -1) == PASU_E_EOF)
            h->is_stopping = true;
        break;
    case MESSAGE_STOP:
        told_to_stop(h);
        break;
    default: /* the table lets nothing else through */
        break;
    }
    if (message->fd >= 0)
        close(message->fd);
}

static void
from_keeper(struct herald *h, const struct channel_message *message)
{
    struct message_checkpoint checkpoint;
    struct message_proof proof;

    switch ((enum message_type)message->type) {
    case MESSAGE_CHECKPOINT:
        memcpy(&checkpoint, message->body, sizeof(checkpoint));
        if (checkpoint.length <= sizeof(checkpoint.note))
            h->newest = checkpoint;
        break;
    case MESSAGE_PROOF:
        memcpy(&proof, message->body, sizeof(proof));
        if (proof.count <= COUNT_OF(proof.hashes))
            h->proofs[h->proof_at++ % COUNT_OF(h->proofs)] = proof;
        break;
    case MESSAGE_DELIVER:
        herald_alerts_take(h, message);
        break;
    case MESSAGE_METRICS:
        metrics_take(&h->metrics, message);
        break;
    case MESSAGE_STOP:
        told_to_stop(h);
        break;
    default: /* the table lets nothing else through */
        break;
    }
}

static void
read_channel(struct herald *h, struct channel *channel)
{
    struct channel_message message;

    while (!h->is_stopping && channel->fd >= 0) {
        int result = channel_receive(channel, &message);

        if (result == PASU_E_AGAIN)
            return;
        if (result == PASU_E_PROTOCOL) {
            LOG_EVENT(&h->log, MESSAGE_REFUSED, F_UINT("type", message.type));
            continue;
        }
        if (result != 0) {
            channel_close(channel);
            h->is_stopping = channel == &h->supervisor;
            return; /* a new keeper comes with a new channel */
        }
        if (channel == &h->supervisor)
            from_supervisor(h, &message);
        else
            from_keeper(h, &message);
    }
}

/* What the keeper does not know of the targets yet, for status. */
static void
tell_targets(struct herald *h)
{
    for (size_t i = 0; i < h->count && h->keeper.fd >= 0; i++) {
        struct target *target = &h->targets[i];
        struct message_target m = {.index = (uint32_t)i, .count = (uint32_t)h->count};

        if (target->is_told || !target->kind)
            continue;
        snprintf(m.kind, sizeof(m.kind), "%s", target->kind);
        snprintf(m.name, sizeof(m.name), "%s", target->name);
        snprintf(m.error, sizeof(m.error), "%s", target->error);
        m.size = target->size;
        if (publish_is_alert(i))
            m.alerts = i - PUBLISH_ALERT_WEBHOOK + 1;
        m.done_at = target->done_at;
        m.failed_at = target->failed_at;
        target->is_told = channel_send(&h->keeper, MESSAGE_TARGET, &m, sizeof(m), -1) == 0;
    }
}

/* ---- the loop ---- */

/* Whether the target has the newest checkpoint, or all alerts. */
static bool
is_done(const struct herald *h, size_t target)
{
    if (publish_is_alert(target))
        return !herald_alerts_wait(h, target);
    return !h->targets[target].kind || h->targets[target].size == h->newest.size;
}

static bool
is_all_done(const struct herald *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (!is_done(h, i))
            return false;
    return true;
}

/* Whether every target has what it is to have, or has failed since we were told to end. That a
 * name has not been looked up yet is no failure. */
static bool
is_over(const struct herald *h)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct web_place *place = &h->places[i];
        bool is_nameless = place->endpoint.host[0] != '\0' && place->count == 0;

        if (!is_done(h, i) && (h->targets[i].due == 0 || is_nameless))
            return false;
    }
    return true;
}

static int
patience(const struct herald *h)
{
    return is_all_done(h) && h->keeper.fd >= 0 ? IDLE_MILLISECONDS : TICK_MILLISECONDS;
}

/* What to wait for beside the posts. */
static unsigned
polls(const struct herald *h, struct curl_waitfd fds[6])
{
    unsigned count = 0;

    fds[count++] = (struct curl_waitfd){.fd = h->supervisor.fd, .events = CURL_WAIT_POLLIN};
    if (h->keeper.fd >= 0)
        fds[count++] = (struct curl_waitfd){.fd = h->keeper.fd, .events = CURL_WAIT_POLLIN};
    if (metrics_fd(&h->metrics) >= 0)
        fds[count++] =
            (struct curl_waitfd){.fd = metrics_fd(&h->metrics), .events = CURL_WAIT_POLLIN};
    if (h->file)
        fds[count++] = (struct curl_waitfd){.fd = copier_fd(h->file), .events = CURL_WAIT_POLLIN};
    if (h->sink.fd >= 0 && sink_is_busy(&h->sink))
        fds[count++] = (struct curl_waitfd){.fd = h->sink.fd, .events = CURL_WAIT_POLLOUT};
    if (h->alert_sink.fd >= 0 && sink_is_busy(&h->alert_sink))
        fds[count++] = (struct curl_waitfd){
            .fd = h->alert_sink.fd,
            .events = sink_events(&h->alert_sink) == POLLIN ? CURL_WAIT_POLLIN : CURL_WAIT_POLLOUT};
    return count;
}

static void
serve(struct herald *h)
{
    while (!h->is_stopping) {
        struct curl_waitfd fds[6];
        unsigned count = polls(h, fds);

        if (curl_multi_poll(h->web.multi, fds, count, patience(h), NULL) != CURLM_OK)
            return;
        read_channel(h, &h->supervisor);
        read_channel(h, &h->keeper);
        metrics_serve(&h->metrics);
        write_file(h, os_monotonic(h->os));
        write_syslog(h, os_monotonic(h->os));
        herald_alerts_go(h, os_monotonic(h->os));
        herald_post(h, os_monotonic(h->os));
        web_step(&h->web, herald_posted, h);
        herald_alerts_go(h, os_monotonic(h->os));
        herald_post(h, os_monotonic(h->os));
        web_step(&h->web, herald_posted, h);
        tell_targets(h);
        if (h->stop_at != 0 && (is_over(h) || os_monotonic(h->os) >= h->stop_at))
            return;
    }
}

/* ---- start ---- */

static int
set_server(struct herald *h, const struct config *config, size_t target)
{
    struct web_place *place = &h->places[target];
    const char *url = publish_url(config, target);
    int result = publish_endpoint(config, target, &place->endpoint);

    if (result != 0)
        return result == PASU_E_NOTFOUND ? 0 : result;
    if (endpoint_address(&place->addresses[0], &place->endpoint) == 0)
        place->count = 1;
    if (!url || target == PUBLISH_ALERT_EMAIL) /* herald_mail_set does the rest of that */
        return 0;
    place->url = memory_dup(url, strlen(url));
    h->posts[target] = memory_new(1, sizeof(*h->posts[target]));
    return place->url && h->posts[target] ? web_post_init(h->posts[target], &h->web, target)
                                          : PASU_E_NOMEM;
}

static int
set_witness(struct herald *h, const struct config_witness *witness, size_t i)
{
    struct herald_witness *w = &h->witnesses[i];
    struct web_place *place = &h->places[PUBLISH_WITNESSES + i];
    size_t length = strlen(witness->url), size = length + sizeof("/add-checkpoint");
    char *url = memory_new(size, 1);
    int result = note_key_parse(&w->key, view_of_text(witness->key));

    if (!url)
        return PASU_E_NOMEM;
    while (length > 0 && witness->url[length - 1] == '/')
        length--;
    snprintf(url, size, "%.*s/add-checkpoint", (int)length, witness->url);
    memory_free(place->url);
    place->url = url;
    target_init(&h->targets[PUBLISH_WITNESSES + i], "witness", w->key.name);
    return result;
}

void
herald_set_local(struct herald *h, size_t target, const char *syslog)
{
    struct web_place *place = &h->places[target];
    struct sockaddr_un *local = &place->addresses[0].u.local;

    if (syslog[0] != '/')
        return;
    local->sun_family = AF_UNIX;
    snprintf(local->sun_path, sizeof(local->sun_path), "%s", syslog);
    place->addresses[0].length = sizeof(*local);
    place->count = 1;
}

static void
set_local(struct herald *h, const struct config_publish *p)
{
    if (p->file) {
        int result = copy_open(&h->file_copy, p->file);

        target_init(&h->targets[PUBLISH_FILE], "file", p->file);
        if (result != 0)
            LOG_EVENT(&h->log, PUBLISH_FAILED, F_TEXT("target", "file"), F_TEXT("name", p->file),
                      F_TEXT("error", error_text(result)));
    }
    if (p->syslog) {
        target_init(&h->targets[PUBLISH_SYSLOG], "syslog", p->syslog);
        sink_init(&h->sink, h->os, p->syslog);
        herald_set_local(h, PUBLISH_SYSLOG, p->syslog);
    }
}

/* All that is needed of the configuration. */
static int
set_up(struct herald *h, const struct config *config)
{
    const struct config_publish *p = &config->ledger.publish;
    char name[TARGET_NAME_SIZE];
    int result = web_init(&h->web, p->ca.bytes);

    h->count = publish_count(config);
    set_local(h, p);
    for (size_t i = 0; i < h->count && result == 0; i++)
        result = set_server(h, config, i);
    if (p->webhook) {
        const struct endpoint *place = &h->places[PUBLISH_WEBHOOK].endpoint;

        endpoint_text(name, sizeof(name), place); /* the rest may be a secret */
        target_init(&h->targets[PUBLISH_WEBHOOK], "webhook", name);
    }
    for (size_t i = 0; i < p->witness_count && result == 0; i++)
        result = set_witness(h, &p->witnesses[i], i);
    return result == 0 ? herald_alerts_set(h, config) : result;
}

/* Files that could be opened before cannot be any more. */
static int
enter_sandbox(struct herald *h)
{
    struct sandbox_folder folders[2];
    size_t count = 0;
    int result;

    if (h->file_copy.directory >= 0)
        folders[count++] = (struct sandbox_folder){h->file_copy.directory, SANDBOX_WRITES};
    if (h->cosigned.directory >= 0)
        folders[count++] = (struct sandbox_folder){h->cosigned.directory, SANDBOX_WRITES};
    result = sandbox_confine(folders, count);
    if (result == PASU_E_UNAVAILABLE) {
        LOG_EVENT(&h->log, UNCONFINED, F_TEXT("hint", "a kernel with Landlock (from 5.13 on)"));
        result = 0;
    }
    if (result == 0 && h->file_copy.directory >= 0)
        result = copier_new(&h->file, h->os, &h->file_copy);
    return result == 0 ? sandbox_enter(SANDBOX_HERALD) : result;
}

static void
release(struct herald *h)
{
    for (size_t i = 0; i < COUNT_OF(h->posts); i++) {
        if (h->posts[i])
            web_post_release(h->posts[i]);
        memory_free(h->posts[i]);
        memory_free(h->places[i].url);
    }
    web_release(&h->web);
    sink_release(&h->sink);
    sink_release(&h->alert_sink);
    metrics_close(&h->metrics);
    memory_free(h->mail);
    memory_wipe(h->secret, sizeof(h->secret));
    copier_free(h->file);
    copy_close(&h->cosigned);
    channel_close(&h->keeper);
    channel_close(&h->supervisor);
}

int
herald_main(const struct herald_start *start, const struct log *log)
{
    struct herald *h = memory_new(1, sizeof(*h));
    int result;

    if (!h)
        return 2;
    h->log = *log;
    h->os = log->os;
    h->file_copy.directory = h->cosigned.directory = h->sink.fd = h->alert_sink.fd = -1;
    h->sink.os = h->alert_sink.os = log->os;
    signal(SIGPIPE, SIG_IGN);
    channel_init(&h->supervisor, start->supervisor_fd, message_rules_herald_from_supervisor,
                 message_rules_herald_from_supervisor_count);
    channel_init(&h->keeper, -1, message_rules_herald_from_keeper,
                 message_rules_herald_from_keeper_count);
    if (start->folder_fd >= 0)
        copy_in(&h->cosigned, start->folder_fd, "checkpoint.cosigned");
    result = set_up(h, start->config);
    start->forget(start->arg);
    if (metrics_open(&h->metrics, h->os, start->metrics_fd) != 0)
        LOG_EVENT(&h->log, METRICS_FAILED, F_TEXT("error", error_text(PASU_E_IO)));
    if (result == 0)
        result = enter_sandbox(h);
    if (result == 0)
        serve(h);
    else
        LOG_EVENT(&h->log, START_FAILED, F_TEXT("error", error_text(result)));
    release(h);
    memory_free(h);
    return result == 0 ? 0 : 2;
}
