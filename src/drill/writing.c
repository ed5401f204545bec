/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/writing.h"

#include "base/memory.h"
#include "base/os.h"
#include "ledger/record.h"

enum { BATCH = 256, RING = RINGS_MAX - 1 };

struct writing {
    const struct story *story;
    const struct bench *bench;
    const struct cut *cuts;
    size_t cut_count;
    struct os os; /* the kernel's, with the story's clock */
    int64_t now;
    struct log log;
    struct record_keeping *records;
    bool is_open; /* a batch is */
    uint32_t put;
    uint64_t taken;                /* exposures so far, as if they were bytes of a ring */
    struct message_counts *counts; /* of each session */
    uint8_t bytes[EXPOSURE_ENCODED_MAX];
};

static int64_t
read_clock(void *arg)
{
    return ((const struct writing *)arg)->now;
}

/* ---- batches ---- */

static int
end_batch(struct writing *w)
{
    struct segment_taken taken = {.ring = RING, .file = 1, .from = w->taken};

    if (!w->is_open)
        return 0;
    w->is_open = false;
    w->taken += w->put;
    taken.to = w->taken;
    w->put = 0;
    return record_batch_end(w->records, &taken);
}

static int
put(struct writing *w, enum segment_type type, struct view payload)
{
    int result = 0;

    if (w->put == BATCH)
        result = end_batch(w);
    for (int tries = 0; tries < 2 && result == 0; tries++) {
        if (!w->is_open)
            result = record_batch_begin(w->records);
        w->is_open = result == 0;
        if (result == 0)
            result = record_batch_put(w->records, type, payload);
        if (result != PASU_E_AGAIN || w->put == 0)
            break;
        result = end_batch(w); /* it was full */
    }
    w->put += result == 0;
    return result;
}

/* ---- records ---- */

static int
put_names(struct writing *w)
{
    uint8_t bytes[VOCABULARY_ENCODED_MAX];
    ssize_t length = vocabulary_encode(&w->bench->vocabulary, bytes, sizeof(bytes));
    int result =
        length < 0 ? (int)length : put(w, SEGMENT_VOCABULARY, view_of(bytes, (size_t)length));

    for (size_t i = 0; i < STORY_SHAPES && result == 0; i++) {
        const union payload_body body = {.shape = {i + 1, view_of_text(w->bench->sql[i])}};

        length = payload_write(SEGMENT_SHAPE, &body, bytes, sizeof(bytes));
        result = length < 0 ? (int)length : put(w, SEGMENT_SHAPE, view_of(bytes, (size_t)length));
    }
    return result;
}

static int
open_session(struct writing *w, const struct story_event *event)
{
    const struct story_session *session = &w->story->sessions[event->session];
    const struct story_who *who = &w->story->who[session->who];
    union payload_body body = {.opened = {.session = session->id,
                                          .opened = event->time,
                                          .port = 5432,
                                          .origin = {.is_known = 1}}};
    struct message_session *told = &body.opened;
    struct origin origin;
    int result = end_batch(w);

    judge_origin(w->bench, session->address, &origin);
    memcpy(told->origin.country, origin.country, sizeof(told->origin.country));
    told->origin.system = origin.system;
    snprintf(told->gateway, sizeof(told->gateway), "drill");
    snprintf(told->database, sizeof(told->database), "drill");
    snprintf(told->principal, sizeof(told->principal), "%s", who->principal);
    snprintf(told->application, sizeof(told->application), "%s", who->application);
    snprintf(told->address, sizeof(told->address), "%s", session->address);
    return result == 0 ? record_other(w->records, SEGMENT_OPENED, &body) : result;
}

static int
close_session(struct writing *w, const struct story_event *event)
{
    const union payload_body body = {.closed = {.session = w->story->sessions[event->session].id,
                                                .closed = event->time,
                                                .counts = w->counts[event->session]}};
    int result = end_batch(w);

    return result == 0 ? record_other(w->records, SEGMENT_CLOSED, &body) : result;
}

static int
put_rows(struct writing *w, const struct story_event *event, uint32_t from, uint32_t to)
{
    struct exposure e = {
        .session = w->story->sessions[event->session].id,
        .time = event->time + from,
        .shape = event->shape + 1u,
        .vocabulary = w->bench->vocabulary.id,
        .statements = event->what == STORY_ASKS && from == 0,
        .rows = to - from,
        .part_count = 1,
        .has_verbs = true,
        .verbs = 1,
    };
    ssize_t length;

    e.parts[0] = (struct exposure_part){.attribution = ATTRIBUTION_KEY,
                                        .clear = w->bench->fields,
                                        .ordinals = w->story->persons + event->first + from,
                                        .ordinal_count = to - from};
    length = exposure_encode(&e, w->bytes, sizeof(w->bytes));
    w->counts[event->session].statements += e.statements;
    w->counts[event->session].rows += e.rows;
    return length < 0 ? (int)length : put(w, SEGMENT_EXPOSURE, view_of(w->bytes, (size_t)length));
}

static uint32_t
next_cut(const struct writing *w, size_t event, uint32_t after)
{
    uint32_t next = w->story->events[event].count;

    for (size_t i = 0; i < w->cut_count; i++)
        if (w->cuts[i].event == event && w->cuts[i].row > after && w->cuts[i].row < next)
            next = w->cuts[i].row;
    return next;
}

static int
see_event(struct writing *w, size_t at)
{
    const struct story_event *event = &w->story->events[at];
    uint32_t from = 0, to;
    int result = 0;

    w->now = event->time;
    if (event->what == STORY_OPENS)
        return open_session(w, event);
    if (event->what == STORY_CLOSES)
        return close_session(w, event);
    while (from < event->count && result == 0) {
        to = next_cut(w, at, from);
        result = put_rows(w, event, from, to);
        from = to;
    }
    return result;
}

/* ---- all of it ---- */

static int
write_all(struct writing *w, int directory)
{
    const struct segment_keys none = {0};
    int result, ended;

    result = record_aside_open(w->records, &w->log, directory, &none, false);
    if (result != 0)
        return result;
    w->records->durability = DURABILITY_OS;
    result = put_names(w);
    for (size_t i = 0; i < w->story->event_count && result == 0; i++)
        result = see_event(w, i);
    ended = end_batch(w);
    if (result == 0)
        result = ended;
    if (result == 0)
        result = record_sign(w->records);
    record_aside_close(w->records);
    return result;
}

int
story_write(const struct story *story, const struct bench *bench, int directory,
            const struct cut *cuts, size_t count)
{
    struct writing *w = memory_new(1, sizeof(*w));
    int result = PASU_E_NOMEM;

    if (w == NULL)
        return result;
    *w = (struct writing){
        .story = story, .bench = bench, .cuts = cuts, .cut_count = count, .os = os_real};
    w->os.arg = w;
    w->os.realtime = read_clock;
    w->now = story->event_count > 0 ? story->events[0].time : 0;
    w->log = (struct log){.fd = -1, .os = &w->os, .level = LOG_ERROR};
    w->records = memory_new(1, sizeof(*w->records));
    w->counts = memory_new(story->session_count + 1, sizeof(*w->counts));
    if (w->records != NULL && w->counts != NULL)
        result = write_all(w, directory);
    memory_free(w->records);
    memory_free(w->counts);
    memory_free(w);
    return result;
}
