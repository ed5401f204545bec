/* SPDX-License-Identifier: Apache-2.0 */
#include "console/clerk.h"

#include "base/memory.h"
#include "base/sandbox.h"
#include "console/contact.h"
#include "console/jobs.h"
#include "console/links.h"
#include "console/sender.h"
#include "console/words.h"
#include "ledger/index.h"
#include "ledger/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    TICK_MILLISECONDS = 1000,
    SAID_SIZE = 256,
    SEEN_MAX = 64 << 20,
    FOLDERS = 3 + CLERK_FOLDERS
};

struct clerk {
    struct log log;
    const struct os *os;
    struct links links; /* its peer: the console */
    struct config *config;
    const struct clerk_lent *lent;
    void *state;
    struct codes codes;
    struct sender sender;
    struct jobs jobs;
    int said; /* what jobs say on standard error */
    char line[SAID_SIZE];
    size_t said_length;
};

/* ---- in a process of its own ---- */

static int
run_find(struct clerk *c, const struct job *job, FILE *file)
{
    struct clerk_found found = {0};
    int status = c->lent->find(c->state, job->contact, &found);

    if (status == 0 && fwrite(&found, sizeof(found), 1, file) != 1)
        status = 2;
    return status;
}

static bool
is_nobodys(const struct clerk_found *found)
{
    return found->persons.count == 0 && !found->is_shared;
}

static int
run_send(struct clerk *c, const struct job *job)
{
    int result;

    if (is_nobodys(&job->found))
        return 0; /* it has a place as if something were sent */
    result = sender_send(&c->sender, &job->found, job->language,
                         job->found.is_shared ? NULL : job->code, c->codes.limits.code_time);

    return result == 0                 ? 0
           : result == PASU_E_DENIED   ? JOB_DENIED
           : result == PASU_E_DISKFULL ? JOB_FULL
                                       : 2;
}

static int
run_job(void *arg, const struct job *job, FILE *file)
{
    struct clerk *c = arg;

    links_close(&c->links);
    switch (job->lane) {
    case LANE_FIND:
        return run_find(c, job, file);
    case LANE_SEND:
        return run_send(c, job);
    case LANE_LOOK:
        if (job->what == INQUIRY_CERTIFICATE)
            return c->lent->certify(c->state, &job->persons.items[job->which], file);
        return c->lent->show(c->state, &job->persons, job->language, file);
    default:
        return 2;
    }
}

/* ---- what has come of it ---- */

static void
complain(const struct clerk *c, const char *what, int error)
{
    LOG_EVENT(&c->log, CLERK_FAILED, F_TEXT("what", what), F_TEXT("error", error_text(error)));
}

/* The code exists from here on, before it is on its way. */
static void
found(struct clerk *c, struct job *job)
{
    const struct clerk_found *f = &job->found;
    int result;

    if (pread(job->memory, &job->found, sizeof(job->found), 0) != (ssize_t)sizeof(job->found)) {
        complain(c, "a contact", PASU_E_IO);
        return;
    }
    if (f->persons.count > 0 && !f->is_shared) {
        result = codes_make(&c->codes, job->token, &f->persons, job->code);
        if (result != 0) {
            if (result != PASU_E_NOTFOUND)
                complain(c, "a code", result);
            return;
        }
    }
    if (jobs_add(&c->jobs, LANE_SEND, job) != 0)
        complain(c, "a message", PASU_E_RANGE);
    memory_wipe(job->code, sizeof(job->code));
}

static void
tell(struct clerk *c, uint32_t type, const void *body, size_t length, int fd)
{
    if (c->links.peer.fd >= 0 && channel_send(&c->links.peer, type, body, length, fd) == PASU_E_EOF)
        channel_close(&c->links.peer);
}

static void
unseen(struct clerk *c, uint64_t id, int error)
{
    struct message_result result = {.id = id, .error = error};

    tell(c, MESSAGE_UNSEEN, &result, sizeof(result), -1);
}

static void
seen(struct clerk *c, const struct job *job)
{
    struct message_result result = {.id = job->id};
    off_t length = lseek(job->memory, 0, SEEK_END);

    if (length <= 0 || length > SEEN_MAX ||
        fcntl(job->memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) !=
            0)
        unseen(c, job->id, PASU_E_RANGE);
    else
        tell(c, MESSAGE_SEEN, &result, sizeof(result), job->memory);
}

static void
job_done(void *arg, struct job *job, int status)
{
    struct clerk *c = arg;

    if (status != 0)
        complain(c,
                 job->lane == LANE_FIND   ? "a contact"
                 : job->lane == LANE_SEND ? "a message"
                                          : "a person",
                 status == JOB_OVERDUE   ? PASU_E_TIMEOUT
                 : status == JOB_CROWDED ? PASU_E_RANGE
                 : status == JOB_DENIED  ? PASU_E_DENIED
                 : status == JOB_FULL    ? PASU_E_DISKFULL
                                         : PASU_E_UNAVAILABLE);
    if (job->lane == LANE_LOOK && status == 0)
        seen(c, job);
    else if (job->lane == LANE_LOOK)
        unseen(c, job->id, PASU_E_UNAVAILABLE);
    else if (job->lane == LANE_FIND && status == 0)
        found(c, job);
}

/* ---- the console ---- */

static void
code_wanted(struct clerk *c, const struct message_code_wanted *message)
{
    struct job job = {.from = message->from,
                      .language =
                          message->language == INQUIRY_ENGLISH ? INQUIRY_ENGLISH : INQUIRY_KOREAN};
    char typed[INQUIRY_CONTACT_SIZE];
    bool is_allowed;
    enum contact_kind kind;
    int result;

    text_from_view(typed, sizeof(typed),
                   view_of((const uint8_t *)message->contact,
                           strnlen(message->contact, sizeof(message->contact))));
    kind = contact_plain(job.contact, view_of_text(typed));
    memcpy(job.token, message->ticket, sizeof(job.token));
    result = codes_ask(&c->codes, message->ticket, view_of_text(job.contact), &is_allowed);
    if (result == 0 && is_allowed && kind != CONTACT_NONE)
        result = jobs_add(&c->jobs, LANE_FIND, &job);
    if (result != 0)
        complain(c, "a contact", result);
}

static void
code_given(struct clerk *c, struct message_code_given *message)
{
    struct message_code_judged judged = {.id = message->id};

    message->code[sizeof(message->code) - 1] = '\0';
    judged.error = codes_give(&c->codes, message->ticket, message->code, judged.token);
    tell(c, MESSAGE_CODE_JUDGED, &judged, sizeof(judged), -1);
    memory_wipe(&judged, sizeof(judged));
}

static void
look(struct clerk *c, const struct message_look *message)
{
    const struct persons *persons = codes_persons(&c->codes, message->token);
    struct job job = {.id = message->id,
                      .from = message->from,
                      .what = message->what,
                      .which = message->which,
                      .language =
                          message->language == INQUIRY_ENGLISH ? INQUIRY_ENGLISH : INQUIRY_KOREAN};
    int result;

    if (persons == NULL || message->what >= INQUIRY_LOOKS || message->which >= persons->count) {
        unseen(c, message->id, PASU_E_TOKEN);
        return;
    }
    job.persons = *persons;
    result = jobs_add(&c->jobs, LANE_LOOK, &job);
    if (result != 0)
        unseen(c, message->id, PASU_E_UNAVAILABLE);
}

static void
from_console(void *arg, struct channel_message *message)
{
    struct clerk *c = arg;

    switch ((enum message_type)message->type) {
    case MESSAGE_CODE_WANTED:
        code_wanted(c, (const void *)message->body);
        break;
    case MESSAGE_CODE_GIVEN:
        code_given(c, (void *)message->body);
        break;
    case MESSAGE_LOOK:
        look(c, (const void *)message->body);
        break;
    case MESSAGE_LEAVE:
        codes_leave(&c->codes, ((const struct message_leave *)(const void *)message->body)->token);
        break;
    default: /* the table lets nothing else through */
        break;
    }
    memory_wipe(message->body, message->length);
}

/* ---- what jobs say ---- */

static void
end_line(struct clerk *c)
{
    c->line[c->said_length] = '\0';
    if (c->said_length > 0)
        LOG_EVENT(&c->log, CLERK_SAID, F_TEXT("text", c->line));
    c->said_length = 0;
}

static void
read_said(struct clerk *c)
{
    char bytes[1024];
    ssize_t n;

    while ((n = read(c->said, bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] == '\n')
                end_line(c);
            else if (c->said_length + 1 < sizeof(c->line))
                c->line[c->said_length++] = bytes[i];
        }
}

/* The log goes on to where it went; standard error is read by us. */
static int
take_standard_error(struct clerk *c)
{
    int ends[2], own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

    if (own < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return PASU_E_IO;
    c->log.fd = own;
    c->said = ends[0];
    if (dup2(ends[1], STDERR_FILENO) < 0)
        return PASU_E_IO;
    close(ends[1]);
    return 0;
}

/* ---- all ---- */

static void
serve(struct clerk *c)
{
    while (!c->links.is_stopping) {
        struct pollfd polls[3 + JOBS_RUNNING_MAX] = {
            {.fd = c->links.supervisor.fd, .events = POLLIN},
            {.fd = c->links.peer.fd, .events = POLLIN},
            {.fd = c->said, .events = POLLIN},
        };
        size_t count = 3 + jobs_polls(&c->jobs, polls + 3);

        if (poll(polls, count, jobs_wait(&c->jobs, TICK_MILLISECONDS)) < 0 && errno != EINTR)
            return;
        links_read(&c->links);
        jobs_step(&c->jobs);
        read_said(c);
    }
}

static int
enter_sandbox(struct clerk *c, const struct clerk_start *start)
{
    struct sandbox_folder folders[FOLDERS];
    size_t count = 0;
    int index = index_folder(start->directory_fd), result;

    folders[count++] = (struct sandbox_folder){start->directory_fd, SANDBOX_READS};
    if (index >= 0) /* whoever reads it says so in a file that all readers have */
        folders[count++] = (struct sandbox_folder){index, SANDBOX_SHARES};
    if (start->outbox_fd >= 0)
        folders[count++] = (struct sandbox_folder){start->outbox_fd, SANDBOX_WRITES};
    for (size_t i = 0; i < COUNT_OF(start->read_fds); i++)
        if (start->read_fds[i] >= 0)
            folders[count++] = (struct sandbox_folder){start->read_fds[i], SANDBOX_READS};
    result = sandbox_confine(folders, count);
    if (index >= 0)
        close(index);
    if (result == PASU_E_UNAVAILABLE) {
        LOG_EVENT(&c->log, UNCONFINED, F_TEXT("hint", "a kernel with Landlock (from 5.13 on)"));
        result = 0;
    }
    return result == 0 ? sandbox_enter(SANDBOX_CLERK) : result;
}

static int
set_up(struct clerk *c, const struct clerk_start *start)
{
    const struct config_affected *affected = &start->config->affected;
    const struct codes_limits limits = {.code_time = affected->code_time,
                                        .visit_time = affected->session_time,
                                        .per_contact = affected->codes_per_contact};
    int result = codes_init(&c->codes, c->os, &limits);

    c->sender = (struct sender){.os = c->os,
                                .outbox = start->outbox_fd,
                                .url = affected->webhook,
                                .secret = start->webhook_secret};
    for (size_t l = 0; l < INQUIRY_LANGUAGES && result == 0; l++) {
        c->sender.words[l] = words_load((enum inquiry_language)l);
        result = c->sender.words[l] != NULL ? 0 : PASU_E_NOMEM;
    }
    if (result == 0)
        result = web_init(&c->sender.web, start->authorities);
    if (result == 0)
        result = c->lent->prepare(&c->state, start->config);
    tzset();
    jobs_init(&c->jobs, c->os, run_job, job_done, c);
    return result == 0 ? take_standard_error(c) : result;
}

int
clerk_main(const struct clerk_start *start, const struct log *log)
{
    struct clerk *c = memory_new(1, sizeof(*c));
    int result;

    if (!c)
        return 2;
    c->log = *log;
    c->os = log->os;
    c->lent = start->lent;
    c->config = start->config;
    c->said = -1;
    c->links = (struct links){.peer.fd = -1,
                              .rules = message_rules_clerk_from_console,
                              .rule_count = message_rules_clerk_from_console_count,
                              .take = from_console,
                              .arg = c,
                              .log = &c->log};
    signal(SIGPIPE, SIG_IGN);
    channel_init(&c->links.supervisor, start->supervisor_fd, message_rules_clerk_from_supervisor,
                 message_rules_clerk_from_supervisor_count);
    result = set_up(c, start);
    if (result == 0)
        result = enter_sandbox(c, start);
    if (result == 0)
        serve(c);
    else
        LOG_EVENT(&c->log, START_FAILED, F_TEXT("error", error_text(result)));
    jobs_release(&c->jobs);
    codes_release(&c->codes);
    links_close(&c->links);
    memory_free(c);
    return result == 0 ? 0 : 2;
}
