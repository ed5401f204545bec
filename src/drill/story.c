/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/story.h"

#include "base/memory.h"
#include "base/os.h"

#include <stdlib.h>
#include <time.h>

enum { START = 1024, LINE = 200 };

void
story_init(struct story *s, uint64_t seed, uint32_t population)
{
    *s = (struct story){.random = seed, .population = population};
}

void
story_release(struct story *s)
{
    memory_free(s->sessions);
    memory_free(s->events);
    memory_free(s->persons);
    *s = (struct story){0};
}

/* SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere. */
static uint64_t
next(struct story *s)
{
    uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t
story_random(struct story *s, uint32_t below)
{
    return (uint32_t)((next(s) >> 32) * below >> 32);
}

int64_t
story_midnight(int64_t days)
{
    int64_t utc = days * STORY_DAY;
    int64_t east = (int64_t)os_local_minute(utc) - utc / STORY_MINUTE;

    return utc - east * STORY_MINUTE;
}

/* Room for one more of an array; false, and the error is kept, where there is none. */
static bool
make_room(struct story *s, void **items, size_t *space, size_t count, size_t size)
{
    size_t more = *space > 0 ? 2 * *space : START;
    void *larger;

    if (s->error != 0)
        return false;
    while (more < count)
        more *= 2;
    if (count <= *space)
        return true;
    larger = memory_resize(*items, more, size);
    if (larger == NULL) {
        s->error = PASU_E_NOMEM;
        return false;
    }
    *items = larger;
    *space = more;
    return true;
}

uint32_t
story_add_who(struct story *s, const char *principal, enum principal_kind kind, const char *address,
              const char *application)
{
    struct story_who *who = &s->who[s->who_count];

    if (s->who_count == STORY_WHO_MAX) {
        s->error = PASU_E_RANGE;
        return 0;
    }
    *who = (struct story_who){
        .kind = kind, .address = address, .application = application, .left_at = ROSTER_NEVER};
    snprintf(who->principal, sizeof(who->principal), "%s", principal);
    return (uint32_t)s->who_count++;
}

static struct story_event *
add_event(struct story *s, uint32_t session, int64_t time, enum story_what what)
{
    void *items = s->events;
    struct story_event *event;

    if (!make_room(s, &items, &s->event_space, s->event_count + 1, sizeof(*s->events)))
        return NULL;
    s->events = items;
    event = &s->events[s->event_count];
    *event = (struct story_event){
        .time = time, .order = s->event_count, .session = session, .what = (uint8_t)what};
    s->event_count++;
    return event;
}

uint32_t
story_open(struct story *s, uint32_t who, const char *address, int64_t time, bool is_breach)
{
    void *items = s->sessions;
    uint32_t at = (uint32_t)s->session_count;

    if (!make_room(s, &items, &s->session_space, s->session_count + 1, sizeof(*s->sessions)))
        return 0;
    s->sessions = items;
    s->sessions[s->session_count++] =
        (struct story_session){.id = next(s) | 1,
                               .who = who,
                               .is_breach = is_breach,
                               .address = address != NULL ? address : s->who[who].address};
    s->who[who].is_culprit |= is_breach;
    (void)add_event(s, at, time, STORY_OPENS);
    return at;
}

void
story_ask(struct story *s, uint32_t session, int64_t time, enum story_shape shape, uint32_t first,
          uint32_t step, uint32_t count, bool is_more)
{
    void *items = s->persons;
    struct story_event *event;

    if (!make_room(s, &items, &s->person_space, s->person_count + count, sizeof(*s->persons)))
        return;
    s->persons = items;
    event = add_event(s, session, time, is_more ? STORY_GOES_ON : STORY_ASKS);
    if (event == NULL)
        return;
    event->shape = (uint8_t)shape;
    event->first = (uint32_t)s->person_count;
    event->count = count;
    for (uint32_t i = 0; i < count; i++)
        s->persons[s->person_count++] = first + i * step;
}

void
story_close(struct story *s, uint32_t session, int64_t time)
{
    (void)add_event(s, session, time, STORY_CLOSES);
}

static int
by_time(const void *a, const void *b)
{
    const struct story_event *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

int
story_end(struct story *s)
{
    if (s->error != 0)
        return s->error;
    if (s->event_count > 0)
        qsort(s->events, s->event_count, sizeof(*s->events), by_time);
    for (size_t i = 0; i < s->event_count; i++) {
        if (!story_is_breach(s, &s->events[i]))
            continue;
        if (s->begins == 0)
            s->begins = s->events[i].time;
        s->ends = s->events[i].time + s->events[i].count;
    }
    return 0;
}

int
story_roster(const struct story *s, struct roster **roster)
{
    char *text = memory_new(s->who_count + 1, LINE), left[32];
    struct roster_fault fault;
    size_t used = 0, size = (s->who_count + 1) * LINE;
    int result;

    if (text == NULL)
        return PASU_E_NOMEM;
    used += (size_t)snprintf(text, size, "principal,kind,owner,left_at\n");
    for (size_t i = 0; i < s->who_count; i++) {
        time_t at = (time_t)(s->who[i].left_at / NANOSECONDS_PER_SECOND);
        struct tm day;

        left[0] = '\0';
        if (s->who[i].left_at != ROSTER_NEVER && gmtime_r(&at, &day) != NULL)
            (void)strftime(left, sizeof(left), "%Y-%m-%dT%H:%M:%SZ", &day);
        used += (size_t)snprintf(text + used, size - used, "%s,%s,made up %zu,%s\n",
                                 s->who[i].principal, principal_kind_text(s->who[i].kind), i, left);
    }
    result = roster_parse(roster, view_of(text, used), &fault);
    memory_free(text);
    return result;
}
