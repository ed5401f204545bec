/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/target.h"

#define WAIT_FIRST (500 * NANOSECONDS_PER_MILLISECOND)
#define WAIT_LAST  (30 * NANOSECONDS_PER_SECOND)

void
target_init(struct target *t, const char *kind, const char *name)
{
    *t = (struct target){.kind = kind};
    snprintf(t->name, sizeof(t->name), "%s", name);
}

bool
target_wants(const struct target *t, uint64_t size, int64_t now)
{
    return t->kind && size != t->size && now >= t->due;
}

void
target_done(struct target *t, const struct log *log, uint64_t size)
{
    if (t->failed_at != 0 || t->done_at == 0)
        LOG_EVENT(log, PUBLISHED, F_TEXT("target", t->kind), F_TEXT("name", t->name),
                  F_UINT("records", size));
    t->size = size;
    t->done_at = os_realtime(log->os);
    t->failed_at = t->due = t->wait = 0;
    t->error[0] = '\0';
    t->is_told = false;
}

void
target_failed(struct target *t, const struct log *log, const char *error)
{
    bool is_news = t->failed_at == 0 || strncmp(t->error, error, sizeof(t->error) - 1) != 0;

    if (t->failed_at == 0)
        t->failed_at = os_realtime(log->os);
    snprintf(t->error, sizeof(t->error), "%s", error);
    if (is_news)
        LOG_EVENT(log, PUBLISH_FAILED, F_TEXT("target", t->kind), F_TEXT("name", t->name),
                  F_TEXT("error", t->error));
    t->wait = t->wait == 0 ? WAIT_FIRST : t->wait * 2;
    if (t->wait > WAIT_LAST)
        t->wait = WAIT_LAST;
    t->due = os_monotonic(log->os) + t->wait;
    t->is_told = false;
}
