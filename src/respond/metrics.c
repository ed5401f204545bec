/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/metrics.h"

#include "base/memory.h"
#include "base/os.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <unistd.h>

#define STALE_AFTER (10 * NANOSECONDS_PER_SECOND)

enum { CONNECTIONS_MAX = 32, CONNECTION_BYTES = 16 << 10, IDLE_SECONDS = 10 };

static const char content_type[] = "text/plain; version=0.0.4; charset=utf-8";

/* ---- the page ---- */

struct page {
    char *text;
    size_t size, length;
};

static void PASU_PRINTF(2, 3) put(struct page *p, const char *format, ...)
{
    va_list values;
    int n;

    va_start(values, format);
    n = vsnprintf(p->text + p->length, p->size - p->length, format, values);
    va_end(values);
    if (n > 0)
        p->length += (size_t)n < p->size - p->length ? (size_t)n : p->size - p->length - 1;
}

static void
put_head(struct page *p, const char *name, const char *type, const char *help)
{
    put(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_number(struct page *p, uint64_t value, enum metric_unit unit)
{
    uint64_t one = unit == METRIC_RATIO ? 1000000 : (uint64_t)NANOSECONDS_PER_SECOND;

    if (unit == METRIC_COUNT)
        put(p, " %" PRIu64 "\n", value);
    else
        put(p, " %" PRIu64 ".%0*" PRIu64 "\n", value / one, unit == METRIC_RATIO ? 6 : 9,
            value % one);
}

static void
put_metric(struct page *p, const struct metric_word *word, uint64_t value)
{
    if (word->unit == METRIC_TIME && value == 0)
        return;
    if (word->help[0] != '\0')
        put_head(p, word->name, word->type, word->help);
    if (word->label[0] != '\0')
        put(p, "%s{%s}", word->name, word->label);
    else
        put(p, "%s", word->name);
    put_number(p, value, word->unit);
}

/* Of errors that have not come there is no line. */
static void
put_refused(struct page *p, const struct message_metrics *last)
{
    static const char name[] = "pasu_connections_refused_total";

    put_head(p, name, "counter", "Connections that were refused, by the reason.");
    for (int i = 1; i < METRIC_REASONS; i++) {
        const char *reason = error_name(PASU_E_FIRST__ + i);

        if (last->refused[i] == 0)
            continue;
        put(p, "%s{reason=\"", name);
        for (; *reason; reason++)
            put(p, "%c", *reason >= 'A' && *reason <= 'Z' ? *reason - 'A' + 'a' : *reason);
        put(p, "\"} %" PRIu64 "\n", last->refused[i]);
    }
}

size_t
metrics_write(char *text, size_t size, const struct message_metrics *last, int64_t now)
{
    struct page p = {.text = text, .size = size};
    bool is_up = last->at != 0 && now - last->at < STALE_AFTER;

    text[0] = '\0';
    put_head(&p, "pasu_build_info", "gauge", "The version of pasu.");
    put(&p, "pasu_build_info{version=\"%s\"} 1\n", PASU_VERSION);
    put_head(&p, "pasu_up", "gauge", "Whether the keeper tells its numbers.");
    put(&p, "pasu_up %d\n", is_up);
    if (last->at == 0)
        return p.length;
    put_head(&p, "pasu_metrics_timestamp_seconds", "gauge", "When these numbers were taken.");
    put(&p, "pasu_metrics_timestamp_seconds");
    put_number(&p, (uint64_t)last->at, METRIC_TIME);
    for (size_t i = 0; i < METRICS; i++)
        put_metric(&p, &metric_words[i], last->values[i]);
    put_refused(&p, last);
    return p.length;
}

/* ---- HTTP ---- */

static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
    enum MHD_Result result = response ? MHD_queue_response(connection, status, response) : MHD_NO;

    if (response)
        MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
answer_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
    return answer(connection, status,
                  MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                  MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result
asked(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
      const char *version PASU_UNUSED, const char *upload PASU_UNUSED,
      size_t *upload_size PASU_UNUSED, void **state PASU_UNUSED)
{
    struct metrics *m = arg;
    struct MHD_Response *response;
    char *text;

    /* The answer is queued before any of a body is read, which then is not: MHD closes behind it.
     */
    if (strcmp(url, "/metrics") != 0)
        return answer_text(connection, MHD_HTTP_NOT_FOUND, "numbers are at /metrics\n");
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n");
    text = memory_new(METRICS_TEXT_MAX, 1);
    if (!text)
        return MHD_NO;
    response = MHD_create_response_from_buffer(
        metrics_write(text, METRICS_TEXT_MAX, &m->last, os_realtime(m->os)), text,
        MHD_RESPMEM_MUST_COPY);
    memory_free(text);
    if (response &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) != MHD_YES) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    return answer(connection, MHD_HTTP_OK, response);
}

/* What it would print about connections is nobody's concern. */
static void
drop(void *arg PASU_UNUSED, const char *format PASU_UNUSED, va_list values PASU_UNUSED)
{
}

int
metrics_open(struct metrics *m, const struct os *os, int listener)
{
    *m = (struct metrics){.os = os};
    if (listener < 0)
        return 0;
    m->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, asked, m, MHD_OPTION_EXTERNAL_LOGGER,
        drop, NULL, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (!m->daemon)
        close(listener);
    return m->daemon ? 0 : PASU_E_IO;
}

void
metrics_close(struct metrics *m)
{
    if (m->daemon)
        MHD_stop_daemon(m->daemon); /* and the socket, of which the supervisor has one, too */
    m->daemon = NULL;
}

int
metrics_fd(const struct metrics *m)
{
    const union MHD_DaemonInfo *info =
        m->daemon ? MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;

    return info ? info->epoll_fd : -1;
}

void
metrics_serve(struct metrics *m)
{
    if (m->daemon && MHD_run(m->daemon) != MHD_YES) {
        /* it is tried again */
    }
}

void
metrics_take(struct metrics *m, const struct channel_message *message)
{
    memcpy(&m->last, message->body, sizeof(m->last));
}
