/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/server_match.h"

#include "base/memory.h"

enum {
    SPACE_FIRST = 256,
    LOOK_BACK = 64,    /* sessions of one number that a record is held against */
    LOOK_AHEAD = 4096, /* sessions without a number that one of the log is held against */
};

#define INSPECTOR "pasu inspector" /* what pasu's own connections call themselves */

void
server_match_begin(struct server_match *m, struct server_sessions *sessions,
                   const struct filter *filter, uint64_t seed)
{
    *m = (struct server_match){.sessions = sessions, .filter = filter, .places = {.seed = seed}};
}

void
server_match_release(struct server_match *m)
{
    memory_free(m->backends);
    memory_free(m->opened);
    map_release(&m->places);
    *m = (struct server_match){0};
}

const char *
server_answer_text(enum server_answer answer)
{
    static const char *const texts[SERVER_ANSWERS] = {
        [SERVER_OTHER_PORT] = "other_port",
        [SERVER_NUMBERLESS] = "number_not_recorded",
        [SERVER_OLDER] = "older_ledger",
        [SERVER_IN_GAP] = "gap",
    };

    return answer < SERVER_ANSWERS ? texts[answer] : NULL;
}

/* ---- the ledger ---- */

/* Whether something of that time can be of a session that the log names. */
static bool
is_covered(const struct server_match *m, int64_t at)
{
    return m->sessions->first != 0 &&
           at >= m->sessions->first - SERVER_MATCH_LOGIN - SERVER_MATCH_TOLERANCE &&
           at <= m->sessions->last + SERVER_MATCH_LOGIN + SERVER_MATCH_TOLERANCE;
}

/* Room for one more. */
static int
make_room(void **items, size_t count, size_t *space, size_t size)
{
    size_t more = *space != 0 ? 2 * *space : SPACE_FIRST;
    void *grown;

    if (count < *space)
        return 0;
    if (count >= SERVER_BACKENDS_MAX)
        return PASU_E_RANGE;
    grown = memory_resize(*items, more, size);
    if (grown == NULL)
        return PASU_E_NOMEM;
    *items = grown;
    *space = more;
    return 0;
}

static uint32_t
gateway_of(struct server_match *m, const char *name)
{
    size_t g = 0;

    while (g < m->gateway_count && strcmp(m->gateways[g].name, name) != 0)
        g++;
    if (g == m->gateway_count && g < SERVER_GATEWAYS_MAX)
        snprintf(m->gateways[m->gateway_count++].name, GATEWAY_NAME_SIZE, "%s", name);
    return (uint32_t)g;
}

static int
note_backend(struct server_match *m, const struct message_backend *b)
{
    void *items = m->backends;
    uint32_t place;
    int result;

    if (m->numbers == 0 || b->at < m->numbers)
        m->numbers = b->at;
    if (m->earliest == 0 || b->at < m->earliest)
        m->earliest = b->at;
    if (b->at > m->latest)
        m->latest = b->at;
    if (b->session != 0 && map_get(&m->places, b->session, &place))
        m->opened[place - 1].has_number = true;
    if (!is_covered(m, b->at))
        return 0;
    result = make_room(&items, m->backend_count, &m->backend_space, sizeof(*m->backends));
    if (result != 0)
        return result;
    m->backends = items;
    m->backends[m->backend_count++] = (struct server_backend){.at = b->at,
                                                              .session = b->session,
                                                              .pid = b->pid,
                                                              .gateway = gateway_of(m, b->gateway),
                                                              .port = (uint16_t)b->port};
    return 0;
}

static int
note_opened(struct server_match *m, const struct message_session *o)
{
    struct interner *names = &m->sessions->names;
    void *items = m->opened;
    int result;

    if (!is_covered(m, o->opened))
        return 0;
    result = make_room(&items, m->opened_count, &m->opened_space, sizeof(*m->opened));
    if (result != 0)
        return result;
    m->opened = items;
    /* Names that the log does not have are no session's of it. */
    m->opened[m->opened_count++] =
        (struct server_opened){.at = o->opened,
                               .principal = interner_find(names, view_of_text(o->principal)),
                               .database = interner_find(names, view_of_text(o->database))};
    return map_put(&m->places, o->session, (uint32_t)m->opened_count);
}

/* Who asked nothing may never have been let in: no session of the log need be this one. */
static void
note_closed(struct server_match *m, const struct message_closed *c)
{
    uint32_t place;

    if (map_get(&m->places, c->session, &place) && c->error != 0 && c->counts.statements == 0)
        m->opened[place - 1].has_number = true;
}

int
server_match_note(struct server_match *m, const struct ledger_entry *entry)
{
    if (m->begun == 0)
        m->begun = entry->time;
    m->known = entry->time;
    switch (entry->type) {
    case LEDGER_BACKEND:
        return note_backend(m, entry->u.backend);
    case LEDGER_OPENED:
        return note_opened(m, entry->u.opened);
    case LEDGER_CLOSED:
        note_closed(m, entry->u.closed);
        return 0;
    case LEDGER_CENSUS: /* there was an inspector, whose numbers were not recorded yet */
        m->has_older |= m->numbers == 0 && entry->u.census->what == CENSUS_COUNTED;
        return 0;
    default:
        return 0;
    }
}

/* ---- which is which ---- */

static int
compare(const void *left, const void *right)
{
    const struct server_backend *a = left, *b = right;

    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/* When the process can have begun at the earliest: after the one before it with its number. */
static int64_t
earliest_begin(const struct server_sessions *s, size_t i)
{
    if (s->items[i].start != 0)
        return s->items[i].start;
    if (i > 0 && s->items[i - 1].pid == s->items[i].pid)
        return s->items[i - 1].last;
    return s->items[i].first - SERVER_MATCH_LOGIN;
}

static bool
fits(const struct server_sessions *s, size_t i, int64_t at)
{
    const struct server_session *session = &s->items[i];
    int64_t begin = earliest_begin(s, i);

    if (at < begin - SERVER_MATCH_TOLERANCE)
        return false;
    if (session->start != 0 && at > begin + SERVER_MATCH_LOGIN + SERVER_MATCH_TOLERANCE)
        return false;
    return !session->is_over || at <= session->last + SERVER_MATCH_TOLERANCE;
}

/* Both say how the connection came: over a Unix socket (no port), or from that port. */
static bool
is_from_there(const struct server_session *session, const struct server_backend *b, bool is_strict)
{
    if (is_strict)
        return session->port != 0 && session->port == b->port;
    return session->host == 0 || session->port == b->port;
}

enum round { SAME_PORT, ANY_KNOWN, OTHER_PORT, ROUNDS };

/* Whether the record can be of the session, in this round. */
static bool
is_candidate(const struct server_match *m, const struct server_backend *b, size_t i,
             enum round round)
{
    const struct server_session *session = &m->sessions->items[i];

    if (session->answer != SERVER_PAST || !fits(m->sessions, i, b->at))
        return false;
    return round == OTHER_PORT || is_from_there(session, b, round == SAME_PORT);
}

/* Of the sessions of its number from `first` up to `end` the last one that had begun when the
 * record was made; else the first one of those that began so little later that the clocks can be
 * apart. */
static void
match_one(struct server_match *m, struct server_backend *b, size_t first, size_t end,
          enum round round)
{
    struct server_sessions *s = m->sessions;
    size_t found = end, looked = 0;

    for (size_t i = end; i > first && looked < LOOK_BACK; i--, looked++) {
        if (!is_candidate(m, b, i - 1, round))
            continue;
        found = i - 1;
        if (earliest_begin(s, found) <= b->at)
            break;
    }
    if (found == end)
        return;
    s->items[found].answer = round == OTHER_PORT ? SERVER_OTHER_PORT : SERVER_THROUGH;
    b->is_named = round != OTHER_PORT;
    b->is_taken = true;
}

static void
match_all(struct server_match *m, enum round round)
{
    struct server_sessions *s = m->sessions;
    size_t first = 0, end = 0;

    for (size_t b = 0; b < m->backend_count; b++) {
        struct server_backend *backend = &m->backends[b];

        if (b == 0 || backend->pid != m->backends[b - 1].pid) {
            while (first < s->count && s->items[first].pid < backend->pid)
                first++;
            end = first;
        }
        while (end < s->count && s->items[end].pid == backend->pid &&
               earliest_begin(s, end) <= backend->at + SERVER_MATCH_TOLERANCE)
            end++;
        if (!backend->is_taken)
            match_one(m, backend, first, end, round);
    }
}

/* ---- what the ledger may be silent about ---- */

static bool
is_in_gap(const struct gaps *gaps, const struct server_session *session)
{
    int64_t from = server_session_begin(session) - SERVER_MATCH_TOLERANCE;
    int64_t to = from + SERVER_MATCH_LOGIN;

    if (session->is_over && session->last + SERVER_MATCH_TOLERANCE < to)
        to = session->last + SERVER_MATCH_TOLERANCE;
    for (size_t g = 0; g < gaps->count; g++) {
        enum gap_what what = gaps->items[g].what;

        if (what != GAP_PAST && what != GAP_STOPPED && gap_concerns(&gaps->items[g], from, to))
            return true;
    }
    return gaps->left_out > 0;
}

static bool
is_older(const struct server_match *m, const struct server_session *session)
{
    int64_t begin = server_session_begin(session);

    return m->has_older && begin >= m->begun - SERVER_MATCH_LOGIN &&
           (m->numbers == 0 || begin <= m->numbers) &&
           view_equal(interner_string(&m->sessions->names, session->application), VIEW(INSPECTOR));
}

/* One of pasu's sessions that this one can be, and that is no other one yet. */
static bool
take_numberless(struct server_match *m, const struct server_session *session)
{
    int64_t from = server_session_begin(session) - SERVER_MATCH_TOLERANCE;
    int64_t to = from + SERVER_MATCH_LOGIN + 2 * SERVER_MATCH_TOLERANCE;
    size_t low = 0, high = m->opened_count, looked = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (m->opened[middle].at >= from)
            high = middle;
        else
            low = middle + 1;
    }
    for (; low < m->opened_count && m->opened[low].at <= to; low++) {
        struct server_opened *o = &m->opened[low];

        if (looked++ == LOOK_AHEAD)
            return true; /* there are so many that it can be one */
        if (o->is_taken || o->principal != session->user || o->database != session->database)
            continue;
        o->is_taken = true;
        return true;
    }
    return false;
}

static int
compare_opened(const void *left, const void *right)
{
    const struct server_opened *a = left, *b = right;

    return (a->at > b->at) - (a->at < b->at);
}

/* Only those without a number are left, by time. */
static void
keep_numberless(struct server_match *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->opened_count; i++) {
        m->has_older |=
            !m->opened[i].has_number && (m->numbers == 0 || m->opened[i].at < m->numbers);
        if (!m->opened[i].has_number && m->opened[i].principal != 0 && m->opened[i].database != 0)
            m->opened[kept++] = m->opened[i];
    }
    m->opened_count = kept;
    if (kept > 0)
        qsort(m->opened, kept, sizeof(*m->opened), compare_opened);
}

static void
explain(struct server_match *m, const struct gaps *gaps, struct server_session *session)
{
    if (session->answer != SERVER_PAST)
        return;
    if (is_in_gap(gaps, session))
        session->answer = SERVER_IN_GAP;
    else if (is_older(m, session))
        session->answer = SERVER_OLDER;
    else if (take_numberless(m, session))
        session->answer = SERVER_NUMBERLESS;
}

/* ---- the answer ---- */

bool
server_match_concerns(const struct server_match *m, const struct server_session *session)
{
    const struct filter *filter = m->filter;

    if (filter->principal != NULL &&
        !view_equal(interner_string(&m->sessions->names, session->user),
                    view_of_text(filter->principal)))
        return false;
    if (filter->to != 0 && server_session_begin(session) >= filter->to)
        return false;
    return !session->is_over || session->last >= filter->from;
}

static void
count_sessions(struct server_match *m)
{
    struct server_sessions *s = m->sessions;

    for (size_t i = 0; i < s->count; i++)
        m->common += s->items[i].answer == SERVER_THROUGH;
    for (size_t i = 0; i < s->count; i++) {
        struct server_figures *figures = &m->figures[s->items[i].is_replication];

        if (!server_match_concerns(m, &s->items[i]))
            continue;
        figures->all++;
        figures->through += s->items[i].answer == SERVER_THROUGH;
        figures->past += s->items[i].answer == SERVER_PAST && m->common > 0;
        figures->unknown += s->items[i].answer > SERVER_THROUGH ||
                            (s->items[i].answer == SERVER_PAST && m->common == 0);
    }
}

/* Those that a complete log has a line of. */
static void
count_backends(struct server_match *m)
{
    int64_t first = m->sessions->first + SERVER_MATCH_TOLERANCE,
            last = m->sessions->last - SERVER_MATCH_TOLERANCE;

    for (size_t b = 0; b < m->backend_count; b++) {
        const struct server_backend *backend = &m->backends[b];

        if (!filter_has_time(m->filter, backend->at) ||
            (!backend->is_named && (backend->at < first || backend->at > last)))
            continue;
        m->unnamed += !backend->is_named;
        if (backend->gateway < SERVER_GATEWAYS_MAX) {
            m->gateways[backend->gateway].sessions++;
            m->gateways[backend->gateway].named += backend->is_named;
        }
    }
}

void
server_match_end(struct server_match *m, const struct gaps *gaps)
{
    if (m->backend_count > 0)
        qsort(m->backends, m->backend_count, sizeof(*m->backends), compare);
    for (enum round round = SAME_PORT; round < ROUNDS; round++)
        match_all(m, round);
    keep_numberless(m);
    for (size_t i = 0; i < m->sessions->count; i++)
        explain(m, gaps, &m->sessions->items[i]);
    count_sessions(m);
    count_backends(m);
}

bool
server_match_is_strange(const struct server_match *m)
{
    return m->sessions->count > 0 && m->common == 0 && m->numbers != 0;
}

bool
server_match_is_short(const struct server_match *m, bool at_end, int64_t *from, int64_t *to)
{
    const struct filter *filter = m->filter;
    const struct server_sessions *s = m->sessions;
    bool is_apart = s->first == 0 || s->last < filter->from ||
                    (filter->to != 0 && s->first >= filter->to); /* nothing of it is covered */

    *from = filter->from > 0 ? filter->from : m->earliest;
    *to = filter->to != 0 && filter->to <= m->known ? filter->to : m->latest;
    if (is_apart)
        return at_end && *to > *from;
    if (at_end)
        *from = s->last;
    else
        *to = s->first;
    return *to - *from > SERVER_MATCH_TOLERANCE;
}
