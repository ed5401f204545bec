/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/segments.h"

#include <unistd.h>

void
segments_init(struct segments *s, const struct channel *supervisor)
{
    *s = (struct segments){.supervisor = supervisor, .fd = -1};
}

static void
drop_answer(struct segments *s)
{
    if (s->is_there && s->fd >= 0)
        close(s->fd);
    s->is_there = false;
    s->fd = -1;
}

void
segments_release(struct segments *s)
{
    drop_answer(s);
    s->is_asked = false;
}

int
segments_open(void *arg, enum source_what what, uint64_t index, uint64_t *first, size_t *left)
{
    struct segments *s = arg;
    struct message_segment_ask ask;
    int result;

    if (what == SOURCE_WITHIN)
        index |= MESSAGE_SEGMENT_WITHIN;
    ask = (struct message_segment_ask){index};
    if (s->is_there && s->answer.index == index) {
        result = s->fd;
        *first = s->answer.first;
        *left = (size_t)s->answer.left;
        s->is_there = false;
        s->fd = -1;
        return result;
    }
    if (s->is_asked && s->asked == index)
        return PASU_E_AGAIN;
    drop_answer(s);
    result = channel_send(s->supervisor, MESSAGE_SEGMENT_ASK, &ask, sizeof(ask), -1);
    s->is_asked = result == 0;
    s->asked = index;
    return result == 0 ? PASU_E_AGAIN : result;
}

void
segments_take(struct segments *s, const struct message_segment *answer, int fd)
{
    uint64_t index = answer->index & ~MESSAGE_SEGMENT_WITHIN;
    bool fits = index == answer->index ? answer->first >= index : answer->first <= index;

    if (!s->is_asked || answer->index != s->asked || !fits) {
        close(fd); /* of a question that nobody has any more */
        return;
    }
    s->is_asked = false;
    s->is_there = true;
    s->answer = *answer;
    s->fd = fd;
}

void
segments_take_none(struct segments *s, const struct message_result *answer)
{
    if (!s->is_asked || answer->id != s->asked)
        return;
    s->is_asked = false;
    s->is_there = true;
    s->answer = (struct message_segment){.index = answer->id};
    s->fd = answer->error != 0 ? answer->error : PASU_E_NOTFOUND;
}
