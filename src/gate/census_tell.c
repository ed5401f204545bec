/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/census_server.h"

#include "base/memory.h"
#include "exposure/exposure.h"
#include "gate/bypass.h"

#define TELL_EVERY   (600 * NANOSECONDS_PER_SECOND)
#define AGE_SURE     NANOSECONDS_PER_SECOND
#define AGE_UNSURE   (10 * NANOSECONDS_PER_SECOND)
#define SETTLE       (5 * NANOSECONDS_PER_SECOND) /* sessions of a gate that died are counted by then */
#define PATIENCE     (5 * NANOSECONDS_PER_SECOND) /* for a moment in which no session is on its way */
#define CLOCKS_APART (100 * NANOSECONDS_PER_MILLISECOND)
/* So long a server lets a login take, which it then counts (authentication_timeout, by default). */
#define LOGIN_LONGEST (60 * NANOSECONDS_PER_SECOND)
#define HOUR          (3600 * NANOSECONDS_PER_SECOND)

enum { DATABASES_MAX = 10000, TOLD_IN_HOUR_MAX = 1000, VERSION_AT_ONCE = 150000, SPACE_FIRST = 16 };

static void
send_census(struct census_room *room, const struct message_census *census)
{
    if (keeper_link_record(&room->shared->keeper, MESSAGE_CENSUS, census, sizeof(*census)) != 0) {
        /* it is counted in the gap, and the next one has all that this one had */
    }
}

void
census_tell_why(struct census_room *room, struct census_server *server, enum census_what why)
{
    int64_t now = os_realtime(room->shared->os);
    struct message_census census = {
        .what = (uint8_t)why,
        .since = now,
        .at = now,
        .at_most = why == CENSUS_COUNTED ? 0 : UINT64_MAX,
    };

    if (server->is_why_told && server->told == why)
        return;
    server->is_why_told = true;
    server->told = why;
    memcpy(census.gateway, server->gateway, sizeof(census.gateway));
    send_census(room, &census);
}

/* Nobody may go on from the same census again, however this gate ends. */
void
census_tell_start(struct census_room *room)
{
    struct through *through = room->shared->through;

    pthread_mutex_lock(&through->lock);
    list_each (at, &through->places) {
        struct through_place *place = LIST_ENTRY(at, struct through_place, link);
        struct message_census census = place->past;

        if (room->shared->past_error != 0)
            place->has_past = false;
        census.is_final = 0;
        if (place->has_past && place->past.is_final)
            send_census(room, &census);
    }
    pthread_mutex_unlock(&through->lock);
}

/* ---- what came through pasu ---- */

enum whose { ITS, ANOTHERS, UNCLEAR };

struct through_sum {
    uint64_t began, ended, ready;
    bool is_any;
    int64_t unclear; /* through_unclear */
};

/* Whether the gateway's sessions are this server's, by what its own has last answered. */
static enum whose
whose(const struct census_room *room, const struct census_server *server, const char *gateway)
{
    list_each (at, &room->servers) {
        const struct census_server *other = LIST_ENTRY(at, struct census_server, link);

        if (strcmp(other->gateway, gateway) != 0)
            continue;
        if (other->is_led && other->leader == server)
            return ITS;
        return other->is_led && (other->is_answered || other->is_gone) ? ANOTHERS : UNCLEAR;
    }
    return UNCLEAR;
}

/* With the lock of shared->through; `database` NULL: all. */
static void
sum_up(const struct census_room *room, const struct census_server *server, const char *database,
       struct through_sum *sum)
{
    bool is_at_once = server->answer.version >= VERSION_AT_ONCE;

    *sum = (struct through_sum){.unclear = INT64_MAX};
    list_each (at, &room->shared->through->places) {
        const struct through_place *place = LIST_ENTRY(at, struct through_place, link);
        enum whose its = whose(room, server, place->gateway);
        bool is_any = place->database[0] == '\0';

        if (database && !is_any && strcmp(place->database, database) != 0)
            continue;
        if (its == ANOTHERS)
            continue;
        sum->began += place->began;
        if (through_unclear(place) < sum->unclear)
            sum->unclear = through_unclear(place);
        if (its == UNCLEAR || is_any)
            continue;
        sum->ended += place->settled.ended;
        sum->ready += is_at_once ? place->now.ready : place->settled.ready;
        sum->is_any |= place->began > place->guests || place->has_past;
    }
}

/* ---- a database ---- */

static struct census_database *
database_of(struct census_server *server, const char *name)
{
    struct census_database *databases = server->databases;

    for (size_t i = 0; i < server->database_count; i++)
        if (strcmp(databases[i].database, name) == 0)
            return &databases[i];
    if (server->database_count == DATABASES_MAX)
        return NULL;
    if (server->database_count == server->database_space) {
        size_t space = server->database_space ? 2 * server->database_space : SPACE_FIRST;

        databases = memory_resize(databases, space, sizeof(*databases));
        if (!databases)
            return NULL;
        server->databases = databases;
        server->database_space = space;
    }
    databases = &server->databases[server->database_count++];
    *databases = (struct census_database){0};
    snprintf(databases->database, sizeof(databases->database), "%s", name);
    return databases;
}

static void
name_census(struct message_census *census, const struct census_server *server,
            const struct census_database *database)
{
    memcpy(census->gateway, server->gateway, sizeof(census->gateway));
    memcpy(census->database, database->database, sizeof(census->database));
}

/* From then to now nobody knows, but for `at_most`. */
static void
tell_break(struct census_room *room, const struct census_server *server,
           const struct census_database *database, enum census_what what, int64_t since, int64_t at,
           uint64_t at_most)
{
    struct message_census census = {
        .what = (uint8_t)what, .since = since, .at = at, .at_most = at_most};

    if (census.since > census.at) /* the clock went back */
        census.since = census.at;
    name_census(&census, server, database);
    send_census(room, &census);
}

/* What the gate before has left in the ledger, before the first census of this one. False: that has
 * to wait until the server has counted all sessions of a gate that died. */
static bool
take_past(struct census_room *room, const struct census_server *server,
          struct census_database *database, const struct reconcile_sight *sight)
{
    const struct through_place *place = NULL;
    const struct message_census *past;

    list_each (at, &room->shared->through->places) {
        place = LIST_ENTRY(at, struct through_place, link);
        if (place->has_past && strcmp(place->database, database->database) == 0 &&
            strcmp(place->gateway, server->gateway) == 0)
            break;
        place = NULL;
    }
    if (place ? !place->past.is_final : room->shared->through->has_died) {
        if (os_monotonic(room->shared->os) - room->started < SETTLE)
            return false;
    }
    if (!place)
        return true;
    past = &place->past;
    if (past->is_final) {
        reconcile_go_on(&database->reconcile, past);
        database->told = *past;
        database->alerted = past->at_least; /* of which that gate has told, by name or not */
        database->alerted_by = server->answer.asked - (sight->at - past->at);
        database->based = server->answer.asked - (sight->at - past->since);
    } else {
        bool is_same = past->system == sight->epoch.system &&
                       past->database_oid == sight->epoch.database &&
                       past->counting == sight->epoch.counting &&
                       past->reset == sight->epoch.reset && past->sessions <= sight->sessions;

        tell_break(room, server, database, CENSUS_UNENDED, past->at, sight->at,
                   is_same ? sight->sessions - past->sessions : UINT64_MAX);
    }
    return true;
}

static void
log_past(struct census_room *room, const struct message_census *before,
         const struct message_census *now)
{
    LOG_EVENT(&room->shared->log, SESSIONS_PAST, F_TEXT("gateway", now->gateway),
              F_TEXT("database", now->database),
              F_UINT("at_least", now->at_least - before->at_least),
              F_UINT("at_most", now->at_most - before->at_least));
}

static bool
is_due(const struct message_census *told, const struct message_census *now, enum census_when when)
{
    bool is_moved = told->sessions != now->sessions || told->at_most != now->at_most;

    if (told->gateway[0] == '\0' || told->since != now->since || told->at_least != now->at_least ||
        when == CENSUS_LAST)
        return true;
    return now->at - told->at >= TELL_EVERY || now->at < told->at ||
           (is_moved && (when == CENSUS_ON_DEMAND ||
                         (now->at_most == now->at_least && told->at_most != told->at_least)));
}

static void
tell_database(struct census_room *room, const struct census_server *server,
              struct census_database *database, enum census_when when)
{
    static const struct message_census none;
    struct message_census now = {.is_final = when == CENSUS_LAST};
    const struct message_census *before = &database->told;

    name_census(&now, server, database);
    reconcile_tell(&database->reconcile, &now);
    if (!is_due(before, &now, when))
        return;
    if (before->since != now.since)
        before = &none;
    if (now.at_least > before->at_least)
        log_past(room, before, &now);
    send_census(room, &now);
    database->told = now;
}

/* Of a session that is on its way nobody knows whether the first count has it: that would be left
 * open for ever. So nothing is counted from a moment that has one, if there is another soon. */
static bool
is_early(const struct census_room *room, const struct census_server *server,
         const struct census_database *database, const struct through_sum *sum)
{
    return !database->reconcile.is_begun && !server->is_told &&
           server->answer.version >= VERSION_AT_ONCE && sum->began > sum->ready &&
           os_monotonic(room->shared->os) - room->started < PATIENCE;
}

/* False: it is taken later. */
static bool
take_count(struct census_room *room, struct census_server *server, const struct census_count *count,
           int64_t at, enum census_when when)
{
    struct census_database *database = database_of(server, count->database);
    struct reconcile_sight sight = {
        .epoch = {server->answer.system, count->oid, server->answer.counting, count->reset,
                  room->moves},
        .at = at,
        .sessions = count->sessions,
    };
    struct through_sum sum;
    enum census_what what;
    int64_t before;
    bool is_begun;

    if (!database)
        return true;
    sum_up(room, server, count->database, &sum);
    sight.began = sum.began;
    sight.ended = sum.ended;
    sight.ready = sum.ready;
    sight.is_open = room->shared->through->has_died &&
                    os_monotonic(room->shared->os) - room->started < LOGIN_LONGEST;
    database->is_guarded = sum.is_any || strcmp(count->database, server->inspected) == 0;
    database->is_seen = true;
    if (when != CENSUS_LAST && is_early(room, server, database, &sum)) {
        room->is_early = true;
        return false;
    }
    /* What comes later than the first answer went by another name meanwhile, or was made. */
    if (!database->reconcile.is_begun && !server->is_told &&
        !take_past(room, server, database, &sight))
        return false;
    before = database->reconcile.at;
    is_begun = database->reconcile.is_begun;
    what = reconcile_take(&database->reconcile, &sight);
    if (!is_begun || what != CENSUS_COUNTED)
        database->based = server->answer.asked;
    if (!database->is_guarded)
        return true;
    if (what != CENSUS_COUNTED) {
        tell_break(room, server, database, what, before, at, UINT64_MAX);
        database->named = database->alerted = 0;
    }
    tell_database(room, server, database, when);
    return true;
}

/* What the server does not show now can have been counted by another name when it shows it again:
 * then it is another database. */
static void
forget_unseen(struct census_server *server)
{
    size_t kept = 0;

    for (size_t i = 0; i < server->database_count; i++) {
        struct census_database *database = &server->databases[i];

        if (!database->is_seen && !database->is_guarded)
            continue; /* names without end: nothing was told of it */
        if (!database->is_seen)
            database->reconcile.epoch.database = 0;
        database->is_seen = false;
        server->databases[kept++] = *database;
    }
    server->database_count = kept;
}

/* ---- backends ---- */

static bool
is_guarded(const struct census_server *server, const struct message_bypass *who)
{
    if (who->database[0] == '\0')
        return true;
    for (size_t i = 0; i < server->database_count; i++)
        if (strcmp(server->databases[i].database, who->database) == 0)
            return server->databases[i].is_guarded;
    return false;
}

static void
send_bypass(struct census_room *room, const struct message_bypass *who)
{
    if (keeper_link_record(&room->shared->keeper, MESSAGE_BYPASS, who, sizeof(*who)) != 0) {
        /* it is counted in the gap */
    }
}

static struct message_bypass *
find_told(const struct census_server *server, const struct message_bypass *who)
{
    for (size_t i = 0; i < server->backend_count; i++)
        if (server->backends[i].pid == who->pid && server->backends[i].began == who->began)
            return &server->backends[i];
    return NULL;
}

static bool
keep_told(struct census_server *server, const struct message_bypass *who)
{
    if (server->backend_count == server->backend_space) {
        size_t space = server->backend_space ? 2 * server->backend_space : SPACE_FIRST;
        struct message_bypass *more = memory_resize(server->backends, space, sizeof(*more));

        if (!more)
            return false;
        server->backends = more;
        server->backend_space = space;
    }
    server->backends[server->backend_count++] = *who;
    return true;
}

/* Whoever connects anew all the time must not fill the ledger: their number is in the census. */
static bool
has_told_enough(struct census_server *server, int64_t now)
{
    if (server->told_in_hour == 0 || now - server->hour >= HOUR) {
        server->hour = now;
        server->told_in_hour = 0;
    }
    return server->told_in_hour == TOLD_IN_HOUR_MAX;
}

/* Those that are gone have ended. */
static void
tell_ended(struct census_room *room, struct census_server *server, int64_t now)
{
    size_t kept = 0;

    for (size_t b = 0; b < server->answer.backend_count; b++) {
        struct message_bypass *told = find_told(server, &server->answer.backends[b].who);

        if (told)
            told->seen = now;
    }
    for (size_t i = 0; i < server->backend_count; i++) {
        if (server->backends[i].seen == now) {
            server->backends[kept++] = server->backends[i];
            continue;
        }
        server->backends[i].is_over = 1;
        server->backends[i].seen = now; /* at the latest */
        send_bypass(room, &server->backends[i]);
    }
    server->backend_count = kept;
}

/* Before that, sessions of pasu's that had ended were not kept, although the server may not have
 * noticed their end yet. */
static void
note_sight(struct census_room *room, struct census_server *server)
{
    const struct census_answer *answer = &server->answer;
    bool was_seeing = server->seeing > 0, is_first = server->seen == 0;

    if (!answer->may_see)
        server->seeing = 0;
    else if (!was_seeing || answer->asked - server->seen > CENSUS_KEPT_FOR)
        server->seeing = answer->asked;
    server->seen = answer->asked;
    if (is_first || was_seeing != answer->may_see)
        LOG_EVENT(&room->shared->log, BYPASS_SIGHT, F_TEXT("gateway", server->gateway),
                  F_TEXT("named", answer->may_see ? "yes" : "no"));
}

bool
census_leads_here(const void *arg, const char *gateway)
{
    const struct census_leading *leading = arg;

    return whose(leading->room, leading->server, gateway) != ANOTHERS;
}

/* With the lock. Of a session of an earlier gate: what it waits for its client with, or has begun
 * since nobody is at the other end, somebody else is there for. */
static enum bypass_sort
sort_of(const struct census_room *room, const struct census_server *server,
        const struct census_backend *backend, int64_t now)
{
    int64_t asked = now - (os_monotonic(room->shared->os) - server->answer.asked);
    enum backend_sort its = BACKEND_OF_GATE;
    const char *gateway =
        left_gateway(&room->shared->through->left, backend->who.pid, asked - backend->age, &its);
    bool is_later = backend->statement_age > 0 &&
                    server->answer.asked - backend->statement_age > room->started + SETTLE;

    if (!gateway || whose(room, server, gateway) == ANOTHERS)
        return BYPASS_PAST;
    if (its != BACKEND_OF_GATE)
        return BYPASS_OWN;
    return backend->is_idle || is_later ? BYPASS_LEFT_USED : BYPASS_LEFT;
}

/* With the lock. Whether it came past pasu, or may have, or is there without a gate; then fills in
 * the rest of `who`. */
static bool
is_past(const struct census_room *room, const struct census_server *server,
        const struct census_backend *backend, int64_t now, enum bypass_sort *sort,
        struct message_bypass *who)
{
    const struct census_leading leading = {room, server};
    struct through_sum sum;
    int64_t began = server->answer.asked - backend->age,
            latest = began + os_monotonic(room->shared->os) - server->answer.asked + CLOCKS_APART;
    bool is_certain;

    sum_up(room, server, NULL, &sum);
    is_certain =
        latest < sum.unclear && began > server->seeing && began > room->shared->through->forgotten;
    *who = backend->who;
    *sort = sort_of(room, server, backend, now);
    if (*sort == BYPASS_OWN)
        return false;
    if (*sort != BYPASS_PAST) {
        is_certain = false;
        if (server->answer.asked - room->started < SETTLE) /* it ends by itself */
            return false;
    }
    if (backend->age < (is_certain ? AGE_SURE : AGE_UNSURE) || !is_guarded(server, who) ||
        through_is_ours(room->shared->through, who->pid, began, census_leads_here, &leading))
        return false;
    who->is_certain = is_certain;
    who->seen = now;
    memcpy(who->gateway, server->gateway, sizeof(who->gateway));
    return true;
}

/* It is what `pasu doctor` has made to be found. */
static bool
is_test(struct census_room *room, const struct census_server *server, struct message_bypass *who)
{
    const struct census_leading leading = {room, server};
    struct message_backend backend;

    who->is_test = visits_find(&room->shared->visits, who, census_leads_here, &leading, &backend);
    if (who->is_test && keeper_link_record(&room->shared->keeper, MESSAGE_BACKEND, &backend,
                                           sizeof(backend)) != 0) {
        /* it is counted in the gap */
    }
    return who->is_test;
}

static void
tell_backend(struct census_room *room, struct census_server *server, enum bypass_sort sort,
             int64_t began, struct message_bypass *who)
{
    struct message_bypass *told = find_told(server, who);

    /* What could not be ended is tried again, as long as it is there. */
    if (told && told->verdict == VERDICT_OF_BLOCK)
        return;
    if (!told && is_test(room, server, who))
        sort = BYPASS_TEST;
    bypass_act(room, server, sort, !told, who);
    if (told) {
        if (who->verdict == VERDICT_OF_BLOCK ||
            (sort == BYPASS_LEFT_USED && who->verdict > told->verdict)) {
            *told = *who;
            send_bypass(room, who);
        }
        return;
    }
    if (has_told_enough(server, os_monotonic(room->shared->os)) || !keep_told(server, who))
        return;
    server->told_in_hour++;
    if (sort == BYPASS_PAST)
        census_count_named(server, who, began);
    bypass_log(room, sort == BYPASS_LEFT ? EVENT_SESSION_LEFT : EVENT_BYPASS, who, "");
    send_bypass(room, who);
}

void
census_tell(struct census_room *room, struct census_server *server, enum census_when when)
{
    pthread_mutex_t *lock = &room->shared->through->lock; /* not for long: sessions begin with it */
    int64_t now = os_realtime(room->shared->os);
    bool is_told = true;

    for (size_t i = 0; i < server->answer.count; i++) {
        pthread_mutex_lock(lock);
        is_told &= take_count(room, server, &server->answer.counts[i], now, when);
        pthread_mutex_unlock(lock);
    }
    note_sight(room, server);
    server->is_told |= is_told;
    forget_unseen(server);
    if (server->answer.may_see)
        tell_ended(room, server, now);
    for (size_t i = 0; server->answer.may_see && i < server->answer.backend_count; i++) {
        const struct census_backend *backend = &server->answer.backends[i];
        struct message_bypass who;
        enum bypass_sort sort;
        bool is_one;

        pthread_mutex_lock(lock);
        is_one = is_past(room, server, backend, now, &sort, &who);
        pthread_mutex_unlock(lock);
        if (is_one)
            tell_backend(room, server, sort, server->answer.asked - backend->age, &who);
    }
    for (size_t i = 0; i < server->database_count; i++)
        census_tell_nameless(room, server, &server->databases[i], when, now);
}
