/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/stream_head.h"

#include "base/memory.h"

#include <sys/stat.h>

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/crypto_generichash.h>

struct stream_kept {
    struct input *input;
    uint8_t *head;
    size_t length, given;
    bool is_live;
};

void
stream_kept_free(struct stream_kept *kept)
{
    if (kept == NULL)
        return;
    input_close(kept->input);
    memory_free(kept->head);
    memory_free(kept);
}

bool
stream_kept_is_live(const struct stream_kept *kept)
{
    return kept->is_live;
}

void
stream_kept_finish(struct stream_kept *kept)
{
    input_finish(kept->input);
    kept->is_live = false;
}

struct input *
stream_kept_input(struct stream_kept *kept)
{
    return kept->input;
}

size_t
stream_kept_take(struct stream_kept *kept, uint8_t *to, size_t room)
{
    size_t left = kept->length - kept->given, take = left < room ? left : room;

    if (take > 0)
        memcpy(to, kept->head + kept->given, take);
    kept->given += take;
    return take;
}

static int64_t
first_time(const struct dialect *dialect, struct view head, uint8_t *scratch)
{
    const uint8_t *at = head.bytes, *end = at + head.length;
    struct line_memory memory = {0};
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
        if (dialect_read(dialect, line, &event, scratch, &memory))
            return event.time;
        at = stop + 1;
    }
    return 0;
}

/* As much as is there. */
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

static int
open_kept(struct stream_kept **slot, const char *path, bool is_live)
{
    struct stream_kept *kept = memory_new(1, sizeof(*kept));
    int result = kept != NULL ? 0 : PASU_E_NOMEM;

    *slot = NULL;
    if (result == 0) {
        kept->is_live = is_live;
        result = is_live ? input_open_live(&kept->input, path) : input_open(&kept->input, path);
    }
    if (result == 0 && (kept->head = memory_new(STREAM_HEAD, 1)) == NULL)
        result = PASU_E_NOMEM;
    if (result == 0)
        *slot = kept;
    else
        stream_kept_free(kept);
    return result;
}

/* What its bytes tell. */
static int
understand(struct stream_head *head, const struct stream_kept *kept,
           const struct dialects *dialects, const struct dialect *known)
{
    struct view bytes = view_of(kept->head, kept->length);
    uint8_t *scratch = memory_new(STREAM_HEAD, 1);

    if (scratch == NULL)
        return PASU_E_NOMEM;
    dialect_find(&head->dialect, dialects, bytes, scratch);
    if (head->dialect.name == NULL && known != NULL)
        head->dialect = *known;
    head->codec = input_codec(kept->input);
    head->size = input_size(kept->input);
    head->first = first_time(&head->dialect, bytes, scratch);
    (void)crypto_generichash(head->digest, sizeof(head->digest), kept->head, kept->length, NULL, 0);
    memory_free(scratch);
    return 0;
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
    struct stream_kept *kept;
    int result = open_kept(&kept, path, false);

    *slot = NULL;
    *head = (struct stream_head){0};
    if (result == 0)
        result = fill_head(kept);
    if (result == 0)
        result = understand(head, kept, dialects, NULL);
    head->is_again = result == 0 && can_open_again(path);
    if (result == 0 && !head->is_again) {
        *slot = kept;
        return 0;
    }
    stream_kept_free(kept);
    return result;
}

/* ---- a log that goes on ---- */

int
stream_await(struct stream_kept **slot, const char *path)
{
    return open_kept(slot, path, true);
}

int
stream_look_on(struct stream_head *head, struct stream_kept *kept, const struct dialects *dialects,
               const struct dialect *known)
{
    int result;

    *head = (struct stream_head){0};
    input_more(kept->input);
    result = fill_head(kept);
    if (result != 0)
        return result;
    if (kept->length < STREAM_HEAD && !input_has_ended(kept->input) &&
        (kept->length == 0 || memchr(kept->head, '\n', kept->length) == NULL))
        return 0;
    result = understand(head, kept, dialects, known);
    return result != 0 ? result : 1;
}
