/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/copier.h"

#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum copier_state { COPIER_IDLE, COPIER_BUSY, COPIER_DONE, COPIER_ENDING };

struct copier {
    const struct os *os;
    struct copy copy;
    pthread_t thread;
    pthread_mutex_t lock; /* over `state`; the rest is whose turn it is */
    pthread_cond_t change;
    enum copier_state state;
    int event, result;
    size_t length;
    uint8_t bytes[COPIER_BYTES_MAX];
};

static void
set_state(struct copier *c, enum copier_state state)
{
    pthread_mutex_lock(&c->lock);
    c->state = state;
    pthread_cond_signal(&c->change);
    pthread_mutex_unlock(&c->lock);
}

static enum copier_state
state_of(struct copier *c)
{
    enum copier_state state;

    pthread_mutex_lock(&c->lock);
    state = c->state;
    pthread_mutex_unlock(&c->lock);
    return state;
}

/* Waits for work; false where there will be none. */
static bool
await(struct copier *c)
{
    bool is_busy;

    pthread_mutex_lock(&c->lock);
    while (c->state != COPIER_BUSY && c->state != COPIER_ENDING)
        pthread_cond_wait(&c->change, &c->lock);
    is_busy = c->state == COPIER_BUSY;
    pthread_mutex_unlock(&c->lock);
    return is_busy;
}

static void *
run(void *arg)
{
    struct copier *c = arg;

    while (await(c)) {
        c->result = copy_write(&c->copy, c->os, view_of(c->bytes, c->length));
        /* In this order: who takes the end takes the event, too, which else stays readable. */
        if (eventfd_write(c->event, 1) != 0) {
            /* it is looked at soon anyway */
        }
        set_state(c, COPIER_DONE);
    }
    return NULL;
}

int
copier_new(struct copier **copier, const struct os *os, const struct copy *copy)
{
    struct copier *c = memory_new(1, sizeof(*c));
    struct copy mine = *copy;

    *copier = NULL;
    if (!c) {
        copy_close(&mine);
        return PASU_E_NOMEM;
    }
    c->os = os;
    c->copy = mine;
    c->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->change, NULL);
    if (c->event >= 0 && pthread_create(&c->thread, NULL, run, c) == 0) {
        *copier = c;
        return 0;
    }
    if (c->event >= 0)
        close(c->event);
    copy_close(&c->copy);
    memory_free(c);
    return PASU_E_IO;
}

void
copier_free(struct copier *c)
{
    if (!c || state_of(c) == COPIER_BUSY)
        return;
    set_state(c, COPIER_ENDING);
    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->change);
    pthread_mutex_destroy(&c->lock);
    close(c->event);
    copy_close(&c->copy);
    memory_free(c);
}

int
copier_fd(const struct copier *c)
{
    return c->event;
}

int
copier_begin(struct copier *c, struct view bytes)
{
    if (state_of(c) != COPIER_IDLE)
        return PASU_E_AGAIN;
    if (bytes.length > sizeof(c->bytes))
        return PASU_E_RANGE;
    memcpy(c->bytes, bytes.bytes, bytes.length);
    c->length = bytes.length;
    set_state(c, COPIER_BUSY);
    return 0;
}

int
copier_end(struct copier *c)
{
    eventfd_t count;
    int result;

    if (state_of(c) != COPIER_DONE)
        return PASU_E_AGAIN;
    if (eventfd_read(c->event, &count) != 0) {
        /* it could not be written */
    }
    result = c->result;
    set_state(c, COPIER_IDLE);
    return result;
}
