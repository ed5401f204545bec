/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/pgbouncer_line.h"

#include "scan/server_log_part.h"

/* Up to these bytes, which are taken too; false: they are not there. */
static bool
take_upto(struct view *rest, const char *words, struct view *before)
{
    size_t length = strlen(words);
    const uint8_t *at = rest->length > 0 ? memmem(rest->bytes, rest->length, words, length) : NULL;

    if (at == NULL)
        return false;
    *before = view_of(rest->bytes, (size_t)(at - rest->bytes));
    *rest = view_of(at + length, rest->length - before->length - length);
    return true;
}

static bool
is_level(struct view word)
{
    static const char *const words[] = {"LOG", "WARNING", "ERROR", "FATAL", "DEBUG", "NOISE"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (view_is(word, words[i]))
            return true;
    return false;
}

/* "shop/app@127.0.0.1:40824 closing because: …", "…@[2001:db8::1]:40824 …", "…@unix(28876):16432
 * …". An account can have any of these signs in it: the address is the last that looks like one
 * before what is said. */
static void
take_who(struct view text, struct event *event)
{
    static const char *const says[] = {" login attempt: ", " closing because: ", " login failed: ",
                                       " pooler error: ", " no such user: "};
    struct view head = text, account;
    const uint8_t *at, *slash, *colon;

    for (size_t i = 0; i < COUNT_OF(says); i++) {
        struct view rest = text, before;

        if (take_upto(&rest, says[i], &before) && before.length < head.length)
            head = before;
    }
    if (head.length == text.length || (at = memrchr(head.bytes, '@', head.length)) == NULL)
        return;
    account = view_of(head.bytes, (size_t)(at - head.bytes));
    slash = account.length > 0 ? memchr(account.bytes, '/', account.length) : NULL;
    if (slash == NULL)
        return;
    account = view_of(slash + 1, account.length - (size_t)(slash - account.bytes) - 1);
    if (!view_is(account, "(nouser)"))
        event->slot[SLOT_ACCOUNT] = account;
    head = view_of(at + 1, head.length - (size_t)(at - head.bytes) - 1);
    colon = head.length > 0 ? memrchr(head.bytes, ':', head.length) : NULL;
    if (colon != NULL)
        head.length = (size_t)(colon - head.bytes);
    if (head.length > 2 && head.bytes[0] == '[' && head.bytes[head.length - 1] == ']')
        head = view_of(head.bytes + 1, head.length - 2);
    if (!view_begins(head, "unix"))
        event->slot[SLOT_ADDRESS] = head;
}

/* "2018-09-12 16:08:54.775 3392 ": the zone is not said. */
static bool
take_old_head(struct view *line, int32_t east, int64_t *time)
{
    struct view rest = *line, part, zone;
    uint64_t number;

    for (size_t i = 0; i < 3; i++)
        if (!take_upto(&rest, " ", &part))
            return false;
    /* The number stands where others have their zone. */
    if (!server_log_number(part, UINT32_MAX, &number) ||
        !server_log_local(view_of(line->bytes, line->length - rest.length - 1), time, &zone))
        return false;
    *time -= east * NANOSECONDS_PER_SECOND;
    *line = rest;
    return true;
}

/* "2026-11-27 14:14:43.143 UTC [28687] " */
static bool
take_head(struct view *line, int64_t *time)
{
    struct view text, pid, zone;
    int64_t local;
    uint64_t number;

    return take_upto(line, " [", &text) && take_upto(line, "] ", &pid) &&
           server_log_number(pid, UINT32_MAX, &number) && server_log_local(text, &local, &zone) &&
           server_log_utc(NULL, local, zone, NULL, time);
}

bool
pgbouncer_line_read(struct view line, int32_t east, struct event *event)
{
    struct view level, pointer;

    for (size_t i = 0; i < SLOT_COUNT; i++)
        event->slot[i] = (struct view){0};
    event->what = EVENT_SAID;
    event->status = 0;
    event->known = NULL;
    event->statement = event->parameters = (struct view){0};
    event->has_list = event->is_mysql = event->is_cut = false;
    if ((!take_old_head(&line, east, &event->time) && !take_head(&line, &event->time)) ||
        !take_upto(&line, " ", &level) || !is_level(level))
        return false;
    if (view_begins(line, "C-0x") && take_upto(&line, ": ", &pointer)) {
        event->slot[SLOT_SESSION] = view_of(pointer.bytes + 2, pointer.length - 2);
        take_who(line, event);
    }
    return true;
}
