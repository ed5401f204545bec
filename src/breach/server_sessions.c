/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/server_sessions.h"

#include "base/memory.h"
#include "base/os.h"

enum { SPACE_FIRST = 64, STARTS_MAX = 100000 };

#define WITHOUT_START (UINT64_C(1) << 63)

void
server_sessions_init(struct server_sessions *s, uint64_t seed)
{
    *s = (struct server_sessions){.most = SERVER_SESSIONS_MAX};
    s->places.seed = s->names.places.seed = seed;
}

void
server_sessions_release(struct server_sessions *s)
{
    interner_release(&s->names);
    map_release(&s->places);
    memory_free(s->items);
    memory_free(s->spare);
    memory_free(s->starts);
    *s = (struct server_sessions){0};
}

int64_t
server_session_begin(const struct server_session *session)
{
    return session->start != 0 ? session->start : session->first;
}

/* Room for one more in an array of this many. */
static void *
grow(void *items, size_t count, size_t *space, size_t size)
{
    size_t more = *space != 0 ? 2 * *space : SPACE_FIRST;
    void *grown = items;

    if (count < *space)
        return items;
    grown = memory_resize(items, more, size);
    if (grown != NULL)
        *space = more;
    return grown;
}

/* ---- one of them ---- */

static uint64_t
key_of(const struct server_line *line)
{
    uint64_t seconds = (uint64_t)(line->start / NANOSECONDS_PER_SECOND);

    return line->start != 0 ? seconds << 32 | line->pid : WITHOUT_START | line->pid;
}

static int
new_place(struct server_sessions *s, uint32_t *place)
{
    struct server_session *items;

    if (s->spare_count > 0) {
        *place = s->spare[--s->spare_count];
        return 0;
    }
    if (s->count >= s->most)
        return PASU_E_RANGE;
    items = grow(s->items, s->count, &s->space, sizeof(*items));
    if (items == NULL)
        return PASU_E_NOMEM;
    s->items = items;
    *place = (uint32_t)++s->count;
    return 0;
}

static int
begin(struct server_sessions *s, const struct server_line *line, uint32_t *place)
{
    int result = new_place(s, place);

    if (result == 0)
        result = map_put(&s->places, key_of(line), *place);
    if (result != 0)
        return result;
    s->items[*place - 1] = (struct server_session){
        .start = line->start,
        .first = line->at,
        .last = line->at,
        .offset = line->offset,
        .file = s->file,
        .pid = line->pid,
        .is_begun = line->start != 0 || line->what == SERVER_LINE_RECEIVED ||
                    line->what == SERVER_LINE_AUTHORIZED};
    return 0;
}

/* It became no session. */
static int
drop(struct server_sessions *s, uint64_t key, uint32_t place)
{
    uint32_t *spare = grow(s->spare, s->spare_count, &s->spare_space, sizeof(*spare));

    map_remove(&s->places, key);
    s->items[place - 1].is_in = false;
    if (spare == NULL)
        return PASU_E_NOMEM;
    s->spare = spare;
    spare[s->spare_count++] = place;
    return 0;
}

/* Whether the line is of another connection than the last one under that number. */
static bool
is_another(const struct server_sessions *s, const struct server_session *last,
           const struct server_line *line)
{
    if (line->start != 0)
        return false;
    if (line->what == SERVER_LINE_RECEIVED)
        return true;
    return (line->what == SERVER_LINE_AUTHORIZED && last->is_authorized && !s->has_received) ||
           line->at < last->first;
}

static int
intern(struct server_sessions *s, uint32_t *number, struct view name)
{
    if (name.length == 0 || *number != 0)
        return 0;
    *number = interner_number(&s->names, name);
    return *number != 0 ? 0 : PASU_E_NOMEM;
}

/* Names are kept of sessions only: who is never let in can choose others without end. */
static int
take_names(struct server_sessions *s, struct server_session *session,
           const struct server_line *line)
{
    int result = intern(s, &session->user, line->user);

    if (session->port == 0)
        session->port = line->port;
    if (result == 0)
        result = intern(s, &session->database, line->database);
    if (result == 0)
        result = intern(s, &session->application, line->application);
    return result == 0 ? intern(s, &session->host, line->host) : result;
}

/* Of one that was let in. */
static bool
is_end(const struct server_line *line)
{
    return line->what == SERVER_LINE_ENDED || line->what == SERVER_LINE_FAILED;
}

static int
update(struct server_sessions *s, struct server_session *session, const struct server_line *line)
{
    bool is_first = !session->is_in;

    session->lines += !line->is_part;
    if (line->at > session->last)
        session->last = line->at;
    session->is_replication |=
        line->who == SERVER_LINE_REPLICATION && (is_first || line->start != 0);
    session->is_in |= line->what == SERVER_LINE_AUTHORIZED ||
                      (line->what == SERVER_LINE_SPEAKS && line->who != SERVER_LINE_ANY) ||
                      (line->what == SERVER_LINE_ENDED && line->who != SERVER_LINE_ANY);
    session->is_heard |= line->what == SERVER_LINE_SPEAKS || is_end(line);
    s->authorized += line->what == SERVER_LINE_AUTHORIZED && !session->is_authorized;
    session->is_authorized |= line->what == SERVER_LINE_AUTHORIZED;
    /* Who says something after its end has not ended. */
    if (!line->is_part || line->start == 0)
        session->is_over =
            is_end(line) || (session->is_over && line->is_part && line->what == SERVER_LINE_SAID);
    s->ended += line->what == SERVER_LINE_ENDED;
    if (session->port == 0)
        session->port = line->port;
    if (session->host == 0 && line->what == SERVER_LINE_RECEIVED && line->start == 0)
        return intern(s, &session->host, line->host); /* no later line need say it */
    return session->is_in ? take_names(s, session, line) : 0;
}

static int
note_start(struct server_sessions *s, const struct server_line *line)
{
    int64_t *starts = grow(s->starts, s->start_count, &s->start_space, sizeof(*starts));

    if (starts == NULL)
        return PASU_E_NOMEM;
    s->starts = starts;
    if (s->start_count < STARTS_MAX)
        starts[s->start_count++] = line->at;
    return 0;
}

static void
cover(struct server_sessions *s, int64_t at)
{
    if (s->first == 0 || at < s->first)
        s->first = at;
    if (at > s->last)
        s->last = at;
}

/* Whether this line is of what was never let in. */
static bool
is_refused(const struct server_session *session, const struct server_line *line)
{
    return line->what == SERVER_LINE_REFUSED ? !session->is_heard : !session->is_in;
}

int
server_sessions_see(void *arg, const struct server_line *line)
{
    struct server_sessions *s = arg;
    uint64_t key = key_of(line);
    uint32_t place = 0;
    bool is_known = map_get(&s->places, key, &place);
    bool is_refusal = line->what == SERVER_LINE_REFUSED || line->what == SERVER_LINE_FAILED;
    int result = 0;

    cover(s, line->at);
    s->has_received |= line->what == SERVER_LINE_RECEIVED;
    if (line->what == SERVER_LINE_STARTED && !is_known)
        return note_start(s, line);
    if (line->who == SERVER_LINE_OTHER)
        return 0;
    if (is_known && is_another(s, &s->items[place - 1], line)) {
        is_known = false;
        if (!s->items[place - 1].is_in)
            result = drop(s, key, place);
    }
    if (!is_known && (line->is_part || is_refusal)) {
        s->refused += is_refusal;
        return result;
    }
    if (!is_known && result == 0)
        result = begin(s, line, &place);
    if (result != 0)
        return result;
    if (is_refusal && is_refused(&s->items[place - 1], line)) {
        s->refused++;
        return drop(s, key, place);
    }
    return update(s, &s->items[place - 1], line);
}

/* ---- the end ---- */

static int
compare(const void *left, const void *right)
{
    const struct server_session *a = left, *b = right;
    int64_t x = server_session_begin(a), y = server_session_begin(b);

    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    if (x != y)
        return x < y ? -1 : 1;
    if ((a->start != 0) != (b->start != 0))
        return a->start != 0 ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static int
compare_times(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* The same session in two files: of two formats, of which one does not say when it began; or in
 * copies of one; or in files that were read in another order than they were written, so that its
 * beginning came last. `a` is the earlier one. */
static bool
is_same(const struct server_session *a, const struct server_session *b)
{
    if (a->pid != b->pid || b->start != 0 || (a->port != 0 && b->port != 0 && a->port != b->port))
        return false;
    if (a->start != 0)
        return b->first - a->last <= NANOSECONDS_PER_SECOND;
    return (b->first == a->first && a->file != b->file) ||
           (!b->is_begun && (!a->is_over || b->first <= a->last));
}

static void
join(struct server_session *to, const struct server_session *from)
{
    uint32_t *names[] = {&to->user, &to->database, &to->application, &to->host};
    const uint32_t others[] = {from->user, from->database, from->application, from->host};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (*names[i] == 0)
            *names[i] = others[i];
    if (to->port == 0)
        to->port = from->port;
    if (from->last > to->last)
        to->last = from->last;
    to->is_begun |= from->is_begun;
    to->is_over |= from->is_over;
}

/* How long ago one began whose beginning is not in the log, nobody knows. */
static void
find_earliest(struct server_sessions *s)
{
    s->earliest = s->first;
    for (size_t i = 0; i < s->count; i++) {
        int64_t begin = s->items[i].is_begun ? server_session_begin(&s->items[i]) : 0;

        if (begin < s->earliest)
            s->earliest = begin;
    }
}

/* None outlives the server. */
static void
end_with_server(struct server_sessions *s, struct server_session *session)
{
    size_t low = 0, high = s->start_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (s->starts[middle] > session->last)
            high = middle;
        else
            low = middle + 1;
    }
    session->is_over |= low < s->start_count;
}

void
server_sessions_end(struct server_sessions *s)
{
    size_t kept = 0;

    map_release(&s->places);
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].is_in)
            s->items[kept++] = s->items[i];
    s->count = kept;
    if (s->count > 0)
        qsort(s->items, s->count, sizeof(*s->items), compare);
    if (s->start_count > 0)
        qsort(s->starts, s->start_count, sizeof(*s->starts), compare_times);
    kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (kept > 0 && is_same(&s->items[kept - 1], &s->items[i])) {
            join(&s->items[kept - 1], &s->items[i]);
            continue;
        }
        /* A number that is used again is free. */
        if (kept > 0 && s->items[kept - 1].pid == s->items[i].pid)
            s->items[kept - 1].is_over = true;
        end_with_server(s, &s->items[i]);
        s->items[kept++] = s->items[i];
    }
    s->count = kept;
    find_earliest(s);
}
