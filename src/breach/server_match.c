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
    map_release(&m->places);
    *m = (struct server_match){0};
}

const char *
server_answer_text(enum server_answer answer)
{
    static const char *const texts[SERVER_ANSWERS] = {
        [SERVER_OTHER_PORT] = "other_port",
        [SERVER_OTHER_NAME] = "other_name",
        [SERVER_NUMBERLESS] = "number_not_recorded",
        [SERVER_OLDER] = "older_ledger",
        [SERVER_IN_GAP] = "gap",
        [SERVER_LATER] = "ledger_ended",
    };

    return answer < SERVER_ANSWERS ? texts[answer] : NULL;
}

/* ---- the ledger ---- */

/* Whether something of that time can be of a session that the log names. */
static bool
is_covered(const struct server_match *m, int64_t at)
{
    return m->sessions->first != 0 &&
           at >= m->sessions->earliest - SERVER_MATCH_LOGIN - SERVER_MATCH_TOLERANCE &&
           at <= m->sessions->last + SERVER_MATCH_LOGIN + SERVER_MATCH_TOLERANCE;
}

/* A new one, or NULL with the error. */
static struct server_backend *
new_backend(struct server_match *m, int *error)
{
    struct server_backend *b = m->backends;

    *error = 0;
    if (m->spare != 0) {
        b = &m->backends[m->spare - 1];
        m->spare = (uint32_t)b->session;
        return b;
    }
    if (m->backend_count == m->backend_space) {
        size_t space = m->backend_space != 0 ? 2 * m->backend_space : SPACE_FIRST;

        *error = m->backend_count >= SERVER_BACKENDS_MAX ? PASU_E_RANGE : PASU_E_NOMEM;
        b = *error == PASU_E_NOMEM ? memory_resize(b, space, sizeof(*b)) : NULL;
        if (b == NULL)
            return NULL;
        *error = 0;
        m->backends = b;
        m->backend_space = space;
    }
    return &m->backends[m->backend_count++];
}

/* Frees its place. */
static void
drop(struct server_match *m, uint32_t place)
{
    struct server_backend *b = &m->backends[place - 1];

    map_remove(&m->places, b->session);
    *b = (struct server_backend){.session = m->spare, .is_void = true};
    m->spare = place;
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

static uint32_t
name_of(const struct server_match *m, const char *text)
{
    uint32_t number = interner_find(&m->sessions->names, view_of_text(text));

    return text[0] == '\0' ? 0 : number != 0 ? number : SERVER_NO_NAME;
}

static void
note_number(struct server_match *m, int64_t at)
{
    if (m->numbers == 0 || at < m->numbers)
        m->numbers = at;
    if (at > m->latest)
        m->latest = at;
}

static int
note_backend(struct server_match *m, const struct message_backend *message)
{
    struct server_backend *b = NULL;
    uint32_t place, principal = 0;
    int error = 0;

    if (message->pid != 0)
        note_number(m, message->at);
    if (!is_covered(m, message->at))
        return 0;
    if (message->session != 0 && map_get(&m->places, message->session, &place)) {
        b = &m->backends[place - 1];
        principal = b->principal;
    } else {
        b = new_backend(m, &error);
    }
    if (b == NULL)
        return error;
    *b = (struct server_backend){.at = message->at,
                                 .session = message->session,
                                 .pid = message->pid,
                                 .is_given_up = message->pid == 0,
                                 .principal = principal,
                                 .database = name_of(m, message->database),
                                 .gateway = gateway_of(m, message->gateway),
                                 .port = (uint16_t)message->port};
    if (message->session == 0)
        return 0;
    return map_put(&m->places, message->session, (uint32_t)(b - m->backends) + 1);
}

static int
note_opened(struct server_match *m, const struct message_session *o)
{
    struct server_backend *b;
    uint32_t place;
    int error;

    if (o->session == 0 || !is_covered(m, o->opened) || map_get(&m->places, o->session, &place))
        return 0;
    b = new_backend(m, &error);
    if (b == NULL)
        return error;
    *b = (struct server_backend){.at = o->opened,
                                 .session = o->session,
                                 .principal = name_of(m, o->principal),
                                 .database = name_of(m, o->database)};
    return map_put(&m->places, o->session, (uint32_t)(b - m->backends) + 1);
}

/* What ended before the log began is none of its sessions; and who asked nothing need never have
 * been let in: where he was cut off, or where pasu records numbers. Else who hangs up in the middle
 * of pasu's login could hide a session past it. */
static void
note_closed(struct server_match *m, const struct message_closed *c)
{
    struct server_backend *b;
    uint32_t place;
    bool has_numbers;

    if (!map_get(&m->places, c->session, &place))
        return;
    b = &m->backends[place - 1];
    has_numbers = m->numbers != 0 && b->at >= m->numbers;
    b->closed = c->closed;
    if (c->closed < m->sessions->first - SERVER_MATCH_TOLERANCE ||
        (b->pid == 0 && !b->is_given_up && c->counts.statements == 0 &&
         (c->error != 0 || has_numbers)))
        drop(m, place);
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
    const struct server_session *session = &s->items[i];
    int64_t before = i > 0 && s->items[i - 1].pid == session->pid ? s->items[i - 1].last : 0;

    if (session->start != 0)
        return session->start;
    if (session->is_begun && session->first - SERVER_MATCH_LOGIN > before)
        return session->first - SERVER_MATCH_LOGIN;
    return before;
}

static bool
fits(const struct server_sessions *s, size_t i, const struct server_backend *b)
{
    const struct server_session *session = &s->items[i];

    if (b->at < earliest_begin(s, i) - SERVER_MATCH_TOLERANCE)
        return false;
    if (session->is_begun &&
        b->at > server_session_begin(session) + SERVER_MATCH_LOGIN + SERVER_MATCH_TOLERANCE)
        return false;
    if (!session->is_begun && b->closed != 0 && b->closed < session->first - SERVER_MATCH_TOLERANCE)
        return false;
    return !session->is_over || b->at <= session->last + SERVER_MATCH_TOLERANCE;
}

/* Both say how the connection came: over a Unix socket (no port), or from that port. */
static bool
is_from_there(const struct server_session *session, const struct server_backend *b, bool is_strict)
{
    if (is_strict)
        return session->port != 0 && session->port == b->port;
    return session->host == 0 || session->port == b->port;
}

static bool
is_name(uint32_t ours, uint32_t logged)
{
    return ours == 0 || logged == 0 || ours == logged;
}

/* Both say who it was, and where. */
static bool
is_of_names(const struct server_session *session, const struct server_backend *b)
{
    return is_name(b->principal, session->user) && is_name(b->database, session->database);
}

enum round { SAME_PORT, ANY_KNOWN, OTHER_PORT, OTHER_NAME, ROUNDS };

/* Whether the record can be of the session, in this round. */
static bool
is_candidate(const struct server_match *m, const struct server_backend *b, size_t i,
             enum round round)
{
    const struct server_session *session = &m->sessions->items[i];

    if (session->answer != SERVER_PAST || !fits(m->sessions, i, b))
        return false;
    if (round != OTHER_NAME && !is_of_names(session, b))
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
    static const uint8_t answers[ROUNDS] = {[SAME_PORT] = SERVER_THROUGH,
                                            [ANY_KNOWN] = SERVER_THROUGH,
                                            [OTHER_PORT] = SERVER_OTHER_PORT,
                                            [OTHER_NAME] = SERVER_OTHER_NAME};
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
    s->items[found].answer = answers[round];
    b->is_named = answers[round] == SERVER_THROUGH;
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
        if (!backend->is_taken && backend->pid != 0)
            match_one(m, backend, first, end, round);
    }
}

/* ---- what the ledger may be silent about ---- */

static bool
is_in_gap(const struct gaps *gaps, const struct server_session *session)
{
    int64_t begin = server_session_begin(session), to = begin + SERVER_MATCH_LOGIN;
    int64_t from = session->is_begun ? begin - SERVER_MATCH_TOLERANCE : 0;

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

/* Whether the session can be a login that was given up: it came from there, and ended then. */
static bool
is_given_up_login(const struct server_session *session, const struct server_backend *b)
{
    return is_from_there(session, b, false) && session->last <= b->at + SERVER_MATCH_TOLERANCE;
}

/* One of pasu's sessions that this one can be, and that is no other one yet. */
static bool
take_numberless(struct server_match *m, const struct server_session *session)
{
    int64_t from = server_session_begin(session) - SERVER_MATCH_TOLERANCE;
    int64_t to = from + SERVER_MATCH_LOGIN + 2 * SERVER_MATCH_TOLERANCE;
    size_t low = 0, high = m->numberless, looked = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (m->backends[middle].at >= from)
            high = middle;
        else
            low = middle + 1;
    }
    for (; low < m->numberless && m->backends[low].at <= to; low++) {
        struct server_backend *o = &m->backends[low];

        if (looked++ == LOOK_AHEAD)
            return true; /* there are so many that it can be one */
        if (o->is_taken || o->is_void || !is_of_names(session, o) ||
            (o->is_given_up && !is_given_up_login(session, o)))
            continue;
        o->is_taken = true;
        return true;
    }
    return false;
}

/* They stand before the others. */
static void
count_numberless(struct server_match *m)
{
    for (m->numberless = 0; m->numberless < m->backend_count; m->numberless++) {
        const struct server_backend *b = &m->backends[m->numberless];

        if (b->pid != 0)
            break;
        m->has_older |= !b->is_void && !b->is_given_up && (m->numbers == 0 || b->at < m->numbers);
    }
}

static void
explain(struct server_match *m, const struct gaps *gaps, struct server_session *session)
{
    if (session->answer != SERVER_PAST)
        return;
    if (is_in_gap(gaps, session))
        session->answer = SERVER_IN_GAP;
    else if (gaps->state != GAPS_ENDED && session->first > m->known)
        session->answer = SERVER_LATER; /* once pasu begins again it is a gap */
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

    for (size_t i = 0; i < s->count; i++) {
        m->common += s->items[i].answer == SERVER_THROUGH;
        m->other_ports += s->items[i].answer == SERVER_OTHER_PORT;
    }
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

        if (backend->pid == 0 || !filter_has_time(m->filter, backend->at) ||
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
    count_numberless(m);
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

    *from = filter->from > 0 ? filter->from : m->numbers;
    *to = filter->to != 0 && filter->to <= m->known ? filter->to : m->latest;
    if (is_apart)
        return at_end && *to > *from;
    if (at_end)
        *from = s->last;
    else
        *to = s->first;
    return *to - *from > SERVER_MATCH_TOLERANCE;
}
