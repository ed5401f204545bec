/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/stream.h"

#include "base/memory.h"

#include <pthread.h>

enum { AHEAD_MAX = 16 };

/* SLOT_READ: of a serial dialect, whose blocks are read while others are parsed. */
enum slot_state { SLOT_FREE, SLOT_READING, SLOT_READ, SLOT_PARSING, SLOT_READY };

struct place {
    struct block *block; /* NULL: it is free */
    bool is_last;        /* there is no more behind it */
    enum slot_state state;
};

struct stream {
    struct streams *streams;
    struct stream *next;
    struct input *input;
    struct stream_kept *kept;
    struct dialect dialect;
    struct server_reader *reader; /* of a dialect that needs it */
    struct general_log *general;
    uint32_t file;
    unsigned places, put, parse, take; /* of `place`; put, parse and take go on counting */
    bool is_reading, is_parsing;       /* somebody does; is_parsing: of a serial dialect */
    bool is_over, is_given;            /* there is no more; one is given out */
    bool is_live;                      /* there can be more later */
    uint64_t offset;                   /* of `tail` */
    uint8_t *tail;                     /* what was read of a line that is not whole yet */
    size_t tail_length, tail_size;
    bool is_passing; /* a line that is too long, from `offset` on, which has no end yet */
    uint64_t passed; /* bytes of it */
    _Atomic uint64_t taken;
    struct place place[AHEAD_MAX];
    struct block blocks[AHEAD_MAX];
    /* What was free last is taken first: it is in the caches. */
    struct block *spare[AHEAD_MAX];
    unsigned spares;
};

struct streams {
    struct streams_options options;
    unsigned ahead;
    struct observe_state *observer; /* of the asker */
    pthread_mutex_t lock;
    pthread_cond_t work, ready;
    struct stream *first; /* all that are open */
    bool is_over;
    unsigned thread_count;
    pthread_t threads[64];
};

/* ---- reading ---- */

/* From the head that was looked at, then from the input. */
static ssize_t
read_more(struct stream *s, uint8_t *to, size_t room)
{
    size_t head = s->kept != NULL ? stream_kept_take(s->kept, to, room) : 0;
    ssize_t n;

    if (head > 0)
        return (ssize_t)head;
    n = input_read(s->input, to, room);
    s->taken = input_taken(s->input);
    return n;
}

/* Puts what is behind the block's last whole line into the tail, for the next one. */
static int
keep_tail(struct stream *s, struct block *block)
{
    const uint8_t *newline = block->length > 0 ? memrchr(block->bytes, '\n', block->length) : NULL;
    size_t whole = newline != NULL ? (size_t)(newline - block->bytes) + 1 : 0;
    size_t rest = block->length - whole;

    if (s->is_over && !s->is_live)
        return 0;
    if (rest > s->tail_size) {
        uint8_t *tail = memory_resize(s->tail, rest, 1);

        if (tail == NULL)
            return PASU_E_NOMEM;
        s->tail = tail;
        s->tail_size = rest;
    }
    if (rest > 0)
        memcpy(s->tail, block->bytes + whole, rest);
    s->tail_length = rest;
    block->length = whole;
    s->offset = block->offset + whole;
    return 0;
}

/* A line that is too long: on to its end, or, in a live stream, to that of what is there. What is
 * behind that is the block. */
static int
pass_line(struct stream *s, struct block *block)
{
    uint64_t begin = block->offset, length = s->is_passing ? s->passed : block->length;

    s->is_passing = false;
    for (;;) {
        ssize_t n = read_more(s, block->bytes, block->size);
        const uint8_t *newline = n > 0 ? memchr(block->bytes, '\n', (size_t)n) : NULL;
        size_t left;

        if (n < 0)
            return (int)n;
        if (n == 0) {
            s->is_over = true;
            block->length = 0;
            if (!s->is_live)
                break;
            s->is_passing = true;
            s->passed = length;
            return 0;
        }
        if (newline == NULL) {
            length += (uint64_t)n;
            continue;
        }
        length += (uint64_t)(newline - block->bytes);
        left = (size_t)n - (size_t)(newline - block->bytes) - 1;
        memmove(block->bytes, newline + 1, left);
        block->length = left;
        break;
    }
    block->offset = begin + length + 1;
    block_pass(block, begin, length);
    return 0;
}

/* Whole lines, as many as fit; at least one, unless there is none. */
static int
read_block(struct stream *s, struct block *block)
{
    int result = 0;

    block_clear(block, s->file, s->offset);
    if (s->tail_length > block->size)
        result = block_grow(block, s->tail_length);
    if (result == 0 && s->tail_length > 0)
        memcpy(block->bytes, s->tail, s->tail_length);
    block->length = result == 0 ? s->tail_length : 0;
    s->tail_length = 0;
    if (result == 0 && s->is_passing)
        result = pass_line(s, block);
    while (result == 0 && !s->is_over) {
        ssize_t n;

        if (block->length == block->size) {
            if (memrchr(block->bytes, '\n', block->length) != NULL)
                break;
            if (block->size >= STREAM_LINE) {
                result = pass_line(s, block);
                continue;
            }
            result = block_grow(block, 2 * block->size);
            continue;
        }
        n = read_more(s, block->bytes + block->length, block->size - block->length);
        if (n < 0)
            result = (int)n;
        else if (n == 0)
            s->is_over = true;
        else
            block->length += (size_t)n;
    }
    if (result != 0)
        s->is_over = true;
    block->result = result;
    if (result == 0 && (result = keep_tail(s, block)) != 0)
        block->result = result;
    return block->result;
}

static void
parse(struct streams *all, struct observe_state *observer, struct stream *s,
      const struct place *place)
{
    const struct streams_options *options = &all->options;
    const struct block_readers readers = {s->reader, s->general, place->is_last};
    struct block *block = place->block;

    if (options->see != NULL)
        (void)block_each(block, &s->dialect, &readers, options->see, options->see_arg);
    else
        (void)block_parse(block, &s->dialect, &readers, observer, options->want, options->want_arg);
}

/* ---- threads ---- */

/* The block of a serial dialect that is to be parsed next is there, and nobody parses the one
 * before. */
static bool
can_parse(const struct stream *s)
{
    return dialect_is_serial(&s->dialect) && !s->is_parsing &&
           s->place[s->parse % s->places].state == SLOT_READ;
}

static bool
can_read(const struct stream *s)
{
    return !s->is_reading && !s->is_over && s->place[s->put % s->places].state == SLOT_FREE;
}

/* A stream that can be read or parsed on, or NULL. The lock is held. */
static struct stream *
find_work(struct streams *all)
{
    for (struct stream *s = all->first; s != NULL; s = s->next)
        if (can_parse(s) || can_read(s))
            return s;
    return NULL;
}

/* The lock is held, and let go meanwhile. */
static void
read_next(struct streams *all, struct stream *s)
{
    struct place *place = &s->place[s->put++ % s->places];

    s->is_reading = true;
    place->state = SLOT_READING;
    place->block = s->spare[--s->spares];
    pthread_mutex_unlock(&all->lock);
    (void)read_block(s, place->block);
    pthread_mutex_lock(&all->lock);
    place->is_last = s->is_over && !s->is_live;
    s->is_reading = false;
    place->state = SLOT_READ;
}

/* The same. */
static void
parse_one(struct streams *all, struct stream *s, struct place *place,
          struct observe_state *observer)
{
    place->state = SLOT_PARSING;
    pthread_mutex_unlock(&all->lock);
    parse(all, observer, s, place);
    pthread_mutex_lock(&all->lock);
    place->state = SLOT_READY;
    pthread_cond_broadcast(&all->ready);
}

static void
parse_next(struct streams *all, struct stream *s, struct observe_state *observer)
{
    s->is_parsing = true;
    parse_one(all, s, &s->place[s->parse++ % s->places], observer);
    s->is_parsing = false;
    pthread_cond_signal(&all->work);
}

/*
 * Parses a block, or reads one and parses it. Those of a serial dialect are parsed one after the
 * other, each by whoever is there, while the next is read. The lock is held, and let go meanwhile.
 */
static void
do_work(struct streams *all, struct stream *s, struct observe_state *observer)
{
    unsigned at = s->put;

    if (can_parse(s)) {
        parse_next(all, s, observer);
        return;
    }
    read_next(all, s);
    pthread_cond_signal(&all->work);
    if (!dialect_is_serial(&s->dialect)) {
        parse_one(all, s, &s->place[at % s->places], observer);
        return;
    }
    pthread_cond_broadcast(&all->ready); /* who waits can read the next one */
    if (can_parse(s))
        parse_next(all, s, observer);
}

struct worker {
    struct streams *all;
    struct observe_state *observer;
};

static void *
work(void *arg)
{
    struct worker *worker = arg;
    struct streams *all = worker->all;
    struct stream *s;

    pthread_mutex_lock(&all->lock);
    while (!all->is_over) {
        s = find_work(all);
        if (s != NULL)
            do_work(all, s, worker->observer);
        else
            pthread_cond_wait(&all->work, &all->lock);
    }
    pthread_mutex_unlock(&all->lock);
    observe_free(worker->observer);
    memory_free(worker);
    return NULL;
}

static int
begin_thread(struct streams *all)
{
    const struct streams_options *options = &all->options;
    struct worker *worker = memory_new(1, sizeof(*worker));

    if (worker == NULL)
        return PASU_E_NOMEM;
    worker->all = all;
    if (observe_new(&worker->observer, options->dialects->map, options->keys, options->sources) !=
        0) {
        memory_free(worker);
        return PASU_E_NOMEM;
    }
    if (pthread_create(&all->threads[all->thread_count], NULL, work, worker) != 0) {
        observe_free(worker->observer);
        memory_free(worker);
        return PASU_E_UNAVAILABLE;
    }
    all->thread_count++;
    return 0;
}

int
streams_new(struct streams **slot, const struct streams_options *options)
{
    struct streams *all = memory_new(1, sizeof(*all));
    unsigned wanted = options->threads - 1;
    int result;

    *slot = all;
    if (all == NULL)
        return PASU_E_NOMEM;
    all->options = *options;
    if (wanted > COUNT_OF(all->threads))
        wanted = COUNT_OF(all->threads);
    all->ahead = wanted == 0 ? 1 : AHEAD_MAX;
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->work, NULL);
    pthread_cond_init(&all->ready, NULL);
    result = observe_new(&all->observer, options->dialects->map, options->keys, options->sources);
    for (unsigned i = 0; i < wanted && result == 0; i++)
        result = begin_thread(all);
    if (result == 0)
        return 0;
    streams_free(all);
    *slot = NULL;
    return result;
}

void
streams_free(struct streams *all)
{
    if (all == NULL)
        return;
    pthread_mutex_lock(&all->lock);
    all->is_over = true;
    pthread_cond_broadcast(&all->work);
    pthread_mutex_unlock(&all->lock);
    for (unsigned i = 0; i < all->thread_count; i++)
        pthread_join(all->threads[i], NULL);
    pthread_cond_destroy(&all->ready);
    pthread_cond_destroy(&all->work);
    pthread_mutex_destroy(&all->lock);
    observe_free(all->observer);
    memory_free(all);
}

/* ---- a stream ---- */

/* Of a dialect that is read from the beginning. */
static int
begin_reader(struct stream *s, const struct dialect *dialect)
{
    if (dialect->kind == DIALECT_SERVER) {
        s->reader = memory_new(1, sizeof(*s->reader));
        if (s->reader == NULL)
            return PASU_E_NOMEM;
        server_reader_init(s->reader, dialect->prefix, NULL, NULL);
    } else if (dialect->kind == DIALECT_GENERAL) {
        s->general = memory_new(1, sizeof(*s->general));
        if (s->general == NULL)
            return PASU_E_NOMEM;
        general_log_init(s->general, dialect->east, NULL, NULL);
    }
    return 0;
}

int
stream_open(struct stream **slot, struct streams *all, const char *path, struct stream_kept *kept,
            const struct dialect *dialect, uint32_t file)
{
    struct stream *s = memory_new(1, sizeof(*s));
    int result = 0;

    *slot = NULL;
    if (s == NULL) {
        stream_kept_free(kept);
        return PASU_E_NOMEM;
    }
    s->streams = all;
    s->kept = kept;
    s->dialect = *dialect;
    s->file = file;
    s->places = all->ahead;
    s->is_live = kept != NULL && stream_kept_is_live(kept);
    if (kept != NULL)
        s->input = stream_kept_input(kept);
    else
        result = input_open(&s->input, path);
    if (result == 0)
        result = begin_reader(s, dialect);
    for (unsigned i = 0; i < s->places && result == 0; i++) {
        result = block_init(&s->blocks[i], all->options.block);
        s->spare[s->spares++] = &s->blocks[i];
    }
    if (result != 0) {
        for (unsigned i = 0; i < s->places; i++)
            block_release(&s->blocks[i]);
        if (kept == NULL)
            input_close(s->input);
        stream_kept_free(kept);
        memory_free(s->reader);
        memory_free(s->general);
        memory_free(s);
        return result;
    }
    pthread_mutex_lock(&all->lock);
    s->next = all->first;
    all->first = s;
    pthread_cond_broadcast(&all->work);
    pthread_mutex_unlock(&all->lock);
    *slot = s;
    return 0;
}

/* The place whose turn it is, ready; NULL: there is no more. The lock is held. Who waits works as
 * the threads do; without any, on nothing but this stream. */
static struct place *
wait_for(struct stream *s)
{
    struct streams *all = s->streams;
    struct place *place = &s->place[s->take % s->places];

    for (;;) {
        struct stream *work;

        if (place->state == SLOT_READY)
            return place;
        if (place->state == SLOT_FREE && !s->is_reading && s->is_over)
            return NULL;
        work = all->thread_count == 0 ? s : find_work(all);
        if (work != NULL)
            do_work(all, work, all->observer);
        else
            pthread_cond_wait(&all->ready, &all->lock);
    }
}

struct block *
stream_next(struct stream *s)
{
    struct streams *all = s->streams;
    struct place *place;

    pthread_mutex_lock(&all->lock);
    if (s->is_given) {
        place = &s->place[s->take++ % s->places];
        s->spare[s->spares++] = place->block;
        *place = (struct place){.state = SLOT_FREE};
        s->is_given = false;
        pthread_cond_signal(&all->work);
    }
    place = wait_for(s);
    s->is_given = place != NULL;
    pthread_mutex_unlock(&all->lock);
    return place != NULL ? place->block : NULL;
}

/* Reads on. The lock is taken. */
static void
go_on(struct stream *s)
{
    struct streams *all = s->streams;

    pthread_mutex_lock(&all->lock);
    s->is_over = false;
    pthread_cond_broadcast(&all->work);
    pthread_mutex_unlock(&all->lock);
}

void
stream_more(struct stream *s)
{
    input_more(s->input);
    go_on(s);
}

void
stream_finish(struct stream *s, bool reads_on)
{
    if (reads_on)
        input_finish(s->input);
    else
        input_stop(s->input);
    s->is_live = false;
    go_on(s);
}

bool
stream_is_live(const struct stream *s)
{
    return s->is_live;
}

uint64_t
stream_taken(const struct stream *s)
{
    return s->taken;
}

/* Nobody reads or parses it any more; what is ready is thrown away. The lock is held. */
static void
wait_until_quiet(struct stream *s)
{
    s->is_over = true;
    for (unsigned i = 0; i < s->places; i++)
        while (s->is_reading || s->is_parsing || s->place[i].state == SLOT_READING ||
               s->place[i].state == SLOT_PARSING)
            pthread_cond_wait(&s->streams->ready, &s->streams->lock);
}

void
stream_close(struct stream *s)
{
    struct streams *all;

    if (s == NULL)
        return;
    all = s->streams;
    pthread_mutex_lock(&all->lock);
    for (struct stream **at = &all->first; *at != NULL; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            break;
        }
    wait_until_quiet(s);
    pthread_mutex_unlock(&all->lock);
    for (unsigned i = 0; i < s->places; i++)
        block_release(&s->blocks[i]);
    if (s->kept == NULL)
        input_close(s->input);
    stream_kept_free(s->kept);
    memory_free(s->tail);
    memory_free(s->reader);
    memory_free(s->general);
    memory_free(s);
}
