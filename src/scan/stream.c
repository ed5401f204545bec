/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/stream.h"

#include "base/memory.h"

#include <pthread.h>
#include <sys/stat.h>

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/crypto_generichash.h>

enum { AHEAD_MAX = 8 };

struct stream_kept {
    struct input *input;
    uint8_t *head;
    size_t length, given;
};

enum slot_state { SLOT_FREE, SLOT_READING, SLOT_PARSING, SLOT_READY };

struct place {
    struct block block;
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
    unsigned places, put, take;         /* of `place`; put and take go on counting */
    bool is_reading, is_over, is_given; /* somebody reads; there is no more; one is given out */
    uint64_t offset;                    /* of `tail` */
    uint8_t *tail;                      /* what was read of a line that is not whole yet */
    size_t tail_length, tail_size;
    _Atomic uint64_t taken;
    struct place place[AHEAD_MAX];
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

/* ---- a look at the front ---- */

void
stream_kept_free(struct stream_kept *kept)
{
    if (kept == NULL)
        return;
    input_close(kept->input);
    memory_free(kept->head);
    memory_free(kept);
}

static int64_t
first_time(const struct dialect *dialect, struct view head, uint8_t *scratch)
{
    const uint8_t *at = head.bytes, *end = at + head.length;
    struct view record, rest;
    struct event event;
    bool is_whole;

    if (dialect_is_serial(dialect))
        return dialect_first_time(dialect, head);
    while (at < end) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *stop = newline != NULL ? newline : end;
        struct view line = view_of(at, (size_t)(stop - at));

        if (line.length > 0 && line.bytes[line.length - 1] == '\r')
            line.length--;
        rest = line;
        if (dialect->kind == DIALECT_JSON && json_records_begin(&rest) &&
            json_records_next(&rest, &record, &is_whole))
            line = record;
        if (dialect_read(dialect, line, &event, scratch))
            return event.time;
        at = stop + 1;
    }
    return 0;
}

static int
fill_head(struct stream_kept *kept)
{
    ssize_t n = 1;

    while (kept->length < STREAM_HEAD && n > 0) {
        n = input_read(kept->input, kept->head + kept->length, STREAM_HEAD - kept->length);
        if (n > 0)
            kept->length += (size_t)n;
    }
    /* What is damaged behind here is said when it is read. */
    return n == PASU_E_CORRUPT ? 0 : (int)(n < 0 ? n : 0);
}

static bool
can_open_again(const char *path)
{
    struct stat st;

    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int
stream_look(struct stream_head *head, struct stream_kept **slot, const char *path,
            const struct dialects *dialects)
{
    struct stream_kept *kept = memory_new(1, sizeof(*kept));
    uint8_t *scratch = memory_new(STREAM_HEAD, 1);
    int result = kept != NULL && scratch != NULL ? 0 : PASU_E_NOMEM;

    *slot = NULL;
    *head = (struct stream_head){0};
    if (result == 0)
        result = input_open(&kept->input, path);
    if (result == 0 && (kept->head = memory_new(STREAM_HEAD, 1)) == NULL)
        result = PASU_E_NOMEM;
    if (result == 0)
        result = fill_head(kept);
    if (result == 0) {
        struct view bytes = view_of(kept->head, kept->length);

        dialect_find(&head->dialect, dialects, bytes, scratch);
        head->codec = input_codec(kept->input);
        head->size = input_size(kept->input);
        head->first = first_time(&head->dialect, bytes, scratch);
        head->is_again = can_open_again(path);
        (void)crypto_generichash(head->digest, sizeof(head->digest), kept->head, kept->length, NULL,
                                 0);
    }
    memory_free(scratch);
    if (result == 0 && !head->is_again) {
        *slot = kept;
        return 0;
    }
    stream_kept_free(kept);
    return result;
}

/* ---- reading ---- */

/* From the head that was looked at, then from the input. */
static ssize_t
read_more(struct stream *s, uint8_t *to, size_t room)
{
    struct stream_kept *kept = s->kept;
    ssize_t n;

    if (kept != NULL && kept->given < kept->length) {
        size_t take = kept->length - kept->given < room ? kept->length - kept->given : room;

        memcpy(to, kept->head + kept->given, take);
        kept->given += take;
        return (ssize_t)take;
    }
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

    if (s->is_over)
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

/* A line that is too long: on to its end. What is behind that is the block. */
static int
pass_line(struct stream *s, struct block *block)
{
    uint64_t begin = block->offset, length = block->length;

    for (;;) {
        ssize_t n = read_more(s, block->bytes, block->size);
        const uint8_t *newline = n > 0 ? memchr(block->bytes, '\n', (size_t)n) : NULL;
        size_t left;

        if (n < 0)
            return (int)n;
        if (n == 0) {
            s->is_over = true;
            block->length = 0;
            break;
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
parse(struct streams *all, struct observe_state *observer, struct stream *s, struct block *block)
{
    const struct streams_options *options = &all->options;
    const struct block_readers readers = {s->reader, s->general, s->is_over};

    if (options->see != NULL)
        (void)block_each(block, &s->dialect, &readers, options->see, options->see_arg);
    else
        (void)block_parse(block, &s->dialect, &readers, observer, options->want, options->want_arg);
}

/* ---- threads ---- */

/* A stream that can be read on, or NULL. The lock is held. */
static struct stream *
find_work(struct streams *all)
{
    for (struct stream *s = all->first; s != NULL; s = s->next)
        if (!s->is_reading && !s->is_over && s->place[s->put % s->places].state == SLOT_FREE)
            return s;
    return NULL;
}

/* Reads and parses one block; the lock is held, and let go meanwhile. */
static void
do_work(struct streams *all, struct stream *s, struct observe_state *observer)
{
    struct place *place = &s->place[s->put++ % s->places];

    s->is_reading = true;
    place->state = SLOT_READING;
    pthread_mutex_unlock(&all->lock);
    (void)read_block(s, &place->block);
    if (dialect_is_serial(&s->dialect)) /* one block after the other */
        parse(all, observer, s, &place->block);
    pthread_mutex_lock(&all->lock);
    s->is_reading = false;
    place->state = SLOT_PARSING;
    pthread_cond_signal(&all->work);
    if (!dialect_is_serial(&s->dialect)) {
        pthread_mutex_unlock(&all->lock);
        parse(all, observer, s, &place->block);
        pthread_mutex_lock(&all->lock);
    }
    place->state = SLOT_READY;
    pthread_cond_broadcast(&all->ready);
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
    all->ahead = wanted == 0 ? 1 : wanted + 2 < AHEAD_MAX ? wanted + 2 : AHEAD_MAX;
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
    if (kept != NULL)
        s->input = kept->input;
    else
        result = input_open(&s->input, path);
    if (result == 0)
        result = begin_reader(s, dialect);
    for (unsigned i = 0; i < s->places && result == 0; i++)
        result = block_init(&s->place[i].block, all->options.block);
    if (result != 0) {
        for (unsigned i = 0; i < s->places; i++)
            block_release(&s->place[i].block);
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

/* The place whose turn it is, ready; NULL: there is no more. The lock is held. */
static struct place *
wait_for(struct stream *s)
{
    struct streams *all = s->streams;
    struct place *place = &s->place[s->take % s->places];

    for (;;) {
        if (place->state == SLOT_READY)
            return place;
        if (place->state == SLOT_FREE && !s->is_reading && s->is_over)
            return NULL;
        if (all->thread_count == 0)
            do_work(all, s, all->observer);
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
        s->place[s->take++ % s->places].state = SLOT_FREE;
        s->is_given = false;
        pthread_cond_signal(&all->work);
    }
    place = wait_for(s);
    s->is_given = place != NULL;
    pthread_mutex_unlock(&all->lock);
    return place != NULL ? &place->block : NULL;
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
        while (s->is_reading || s->place[i].state == SLOT_READING ||
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
        block_release(&s->place[i].block);
    if (s->kept == NULL)
        input_close(s->input);
    stream_kept_free(s->kept);
    memory_free(s->tail);
    memory_free(s->reader);
    memory_free(s->general);
    memory_free(s);
}
