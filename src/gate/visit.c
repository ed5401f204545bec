/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/visit.h"

void
visits_init(struct visits *visits, struct through *through)
{
    visits->through = through;
    pthread_mutex_init(&visits->lock, NULL);
}

/* With the lock. `is_refused`: the server has not counted what did not come; a test it has. */
static void
leave(struct visit *visit, bool is_refused)
{
    for (size_t i = 0; i < VISIT_COUNT_MAX; i++)
        through_end(visit->sessions[i], is_refused && visit->pid == 0);
    *visit = (struct visit){0};
}

void
visits_release(struct visits *visits)
{
    for (size_t i = 0; i < VISITS_MAX; i++)
        leave(&visits->items[i], false);
}

void
visits_look(struct visits *visits, int64_t now)
{
    pthread_mutex_lock(&visits->lock);
    for (size_t i = 0; i < VISITS_MAX; i++)
        if (visits->items[i].token != 0 && now > visits->items[i].until)
            leave(&visits->items[i], false);
    pthread_mutex_unlock(&visits->lock);
}

/* With the lock; `token` 0: a place that is free. */
static struct visit *
find(struct visits *visits, uint64_t token)
{
    for (size_t i = 0; i < VISITS_MAX; i++)
        if (visits->items[i].token == token)
            return &visits->items[i];
    return NULL;
}

/* With the lock. NULL: no more are to come. */
static struct through_session *
take_session(struct visit *visit, bool *is_last)
{
    struct through_session *found = NULL;

    *is_last = true;
    for (size_t i = 0; i < VISIT_COUNT_MAX; i++) {
        if (!found && visit->sessions[i]) {
            found = visit->sessions[i];
            visit->sessions[i] = NULL;
        }
        *is_last &= !visit->sessions[i];
    }
    return found;
}

void
visits_announce(struct visits *visits, const struct message_try *asked, int64_t now)
{
    struct visit *visit;

    visits_look(visits, now);
    pthread_mutex_lock(&visits->lock);
    visit = find(visits, 0);
    if (visit && asked->token != 0) {
        *visit = (struct visit){.token = asked->token,
                                .until = now + VISIT_SECONDS * NANOSECONDS_PER_SECOND};
        memcpy(visit->gateway, asked->gateway, sizeof(visit->gateway));
        memcpy(visit->database, asked->database, sizeof(visit->database));
        for (uint32_t i = 0; i < asked->count && i < VISIT_COUNT_MAX; i++)
            visit->sessions[i] =
                through_begin_guest(visits->through, visit->gateway, visit->database);
    }
    pthread_mutex_unlock(&visits->lock);
}

/* With the lock. The server does not count it twice: whatever it does from now on, it is known by
 * its process as long as it is there. */
static void
own(struct visits *visits, struct visit *visit, struct through_session *take_guest, uint32_t pid,
    uint32_t port, enum backend_sort sort, struct message_backend *backend)
{
    *backend = (struct message_backend){
        .at = os_realtime(visits->through->os), .pid = pid, .port = port, .sort = (uint8_t)sort};
    memcpy(backend->gateway, visit->gateway, sizeof(backend->gateway));
    memcpy(backend->database, visit->database, sizeof(backend->database));
    through_process(take_guest, pid);
    through_ready(take_guest);
    through_end(take_guest, false);
}

bool
visits_arrive(struct visits *visits, const struct message_try *asked,
              struct message_backend *backend)
{
    struct through_session *session = NULL;
    bool is_last = false;
    struct visit *visit;

    pthread_mutex_lock(&visits->lock);
    visit = asked->visit != 0 ? find(visits, asked->visit) : NULL;
    if (visit && asked->pid == 0) {
        leave(visit, true);
    } else if (visit && visit->pid == 0) {
        session = take_session(visit, &is_last);
        if (session)
            own(visits, visit, session, asked->pid, asked->port, BACKEND_OF_COMMAND, backend);
        if (is_last)
            leave(visit, true);
    }
    pthread_mutex_unlock(&visits->lock);
    return session != NULL;
}

void
visits_test(struct visits *visits, const struct message_try *asked)
{
    struct visit *visit;

    pthread_mutex_lock(&visits->lock);
    visit = asked->visit != 0 ? find(visits, asked->visit) : NULL;
    if (visit && visit->pid == 0 && visit->sessions[0]) {
        visit->pid = asked->pid;
        visit->port = asked->port;
        visit->began = asked->began;
        memcpy(visit->principal, asked->principal, sizeof(visit->principal));
        through_hide(visit->sessions[0]);
    }
    pthread_mutex_unlock(&visits->lock);
}

bool
visits_find(struct visits *visits, const struct message_bypass *who, through_leads *leads,
            const void *arg, struct message_backend *backend)
{
    bool is_found = false;

    pthread_mutex_lock(&visits->lock);
    for (size_t i = 0; i < VISITS_MAX && !is_found; i++) {
        struct visit *visit = &visits->items[i];

        if (visit->token == 0 || visit->pid == 0 || visit->pid != who->pid ||
            visit->began != who->began || strcmp(visit->principal, who->principal) != 0 ||
            strcmp(visit->database, who->database) != 0 || !leads(arg, visit->gateway))
            continue;
        own(visits, visit, visit->sessions[0], who->pid, visit->port, BACKEND_OF_TEST, backend);
        visit->sessions[0] = NULL;
        leave(visit, false);
        is_found = true;
    }
    pthread_mutex_unlock(&visits->lock);
    return is_found;
}
