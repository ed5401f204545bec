/* SPDX-License-Identifier: Apache-2.0 */
/* A server's log, from its bytes to its sessions: the same in one piece and in many. The first byte
 * says how large these are. */
#include "breach/server_match.h"

#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    struct server_log log;
    struct server_sessions sessions;
};

static int
see(void *arg, const struct server_line *line)
{
    struct reading *r = arg;

    if (line->pid == 0 || line->user.length > SERVER_LOG_TEXT || line->at <= 0 ||
        line->host.length > SERVER_LOG_TEXT || line->application.length > SERVER_LOG_TEXT)
        __builtin_trap();
    return server_sessions_see(&r->sessions, line);
}

static void
read_in(struct reading *r, struct view bytes, size_t piece)
{
    server_log_init(&r->log, see, r);
    server_sessions_init(&r->sessions, 1);
    for (size_t at = 0; at < bytes.length; at += piece) {
        size_t left = bytes.length - at;

        if (server_log_feed(&r->log, view_of(bytes.bytes + at, left < piece ? left : piece)) != 0)
            return;
    }
    if (server_log_end(&r->log) == 0)
        server_sessions_end(&r->sessions);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading one, other;
    static const struct filter filter;
    struct server_match match;
    struct gaps *gaps;

    if (size < 2)
        return 0;
    read_in(&one, view_of(data + 1, size - 1), size);
    read_in(&other, view_of(data + 1, size - 1), 1 + (size_t)data[0]);
    if (one.log.lines != other.log.lines || one.log.unreadable != other.log.unreadable ||
        one.sessions.count != other.sessions.count)
        __builtin_trap();
    for (size_t i = 0; i < one.sessions.count; i++)
        if (memcmp(&one.sessions.items[i], &other.sessions.items[i],
                   offsetof(struct server_session, answer)) != 0)
            __builtin_trap();
    gaps = memory_new(1, sizeof(*gaps));
    if (gaps != NULL) {
        server_match_begin(&match, &one.sessions, &filter, 1);
        for (size_t i = 0; i < one.sessions.count && i < 8; i++) {
            const struct server_session *s = &one.sessions.items[i];
            const struct message_backend backend = {
                .at = s->first, .pid = s->pid, .port = s->port, .gateway = "main"};
            const struct ledger_entry entry = {
                .type = LEDGER_BACKEND, .time = s->first, .u.backend = &backend};

            if (server_match_note(&match, &entry) != 0)
                break;
        }
        server_match_end(&match, gaps);
        if (match.figures[0].through + match.figures[0].past + match.figures[0].unknown !=
            match.figures[0].all)
            __builtin_trap();
        server_match_release(&match);
    }
    memory_free(gaps);
    server_sessions_release(&one.sessions);
    server_sessions_release(&other.sessions);
    return 0;
}
