/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/census_answer.h"

#include "base/memory.h"
#include "gate/catalog_origin.h"

enum { BYTES_MAX = 8 << 20, FIRST_SPACE = 64 };

#define MICROSECONDS(time)                                                                         \
    "(pg_catalog.date_part('epoch', " time                                                         \
    ") OPERATOR(pg_catalog.*) 1000000::pg_catalog.float8)::pg_catalog.int8"
#define NANOSECONDS_PER_MICROSECOND 1000
#define SERVER_START                MICROSECONDS("pg_catalog.pg_postmaster_start_time()")
#define DATABASE_RESET              MICROSECONDS("d.stats_reset")
#define COUNTING                    MICROSECONDS("a.stats_reset")
#define BEGAN                       MICROSECONDS("a.backend_start")
#define SINCE(time)                 MICROSECONDS("(pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) " time ")")
#define AGE                         SINCE("a.backend_start")

static const char greet_sql[] = "SELECT pg_catalog.pg_backend_pid(), "
                                "pg_catalog.current_setting('server_version_num'), " SERVER_START;

/* The role that inspector.sql makes does not inherit what it is granted. */
static const char become_sql[] = "SET ROLE pg_read_all_stats";
static const char leave_sql[] = "RESET ROLE";
static const char hurry_sql[] = "SET statement_timeout = '2s'; SET search_path = pg_catalog";

/* What the role that has logged in may: enum right. From 16 on one that is a member need not be
 * allowed to become it. */
#define RIGHT                                                                                      \
    "CASE WHEN pg_catalog.pg_has_role(session_user, 'pg_read_all_stats', "                         \
    "CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 "                 \
    "OPERATOR(pg_catalog.<) 160000 THEN 'MEMBER' ELSE 'SET' END) THEN 2 "                          \
    "WHEN pg_catalog.pg_has_role(session_user, 'pg_read_all_stats', 'USAGE') THEN 1 ELSE 0 END"

enum right { RIGHT_NONE, RIGHT_INHERITED, RIGHT_TO_BECOME };

/* The archiver's statistics begin anew when those of the server do: after a crash, or in a copy. */
static const char counts_sql[] =
    "SELECT d.datid, d.datname, d.sessions, coalesce(" DATABASE_RESET ", 0), "
    "coalesce((SELECT " COUNTING " FROM pg_catalog.pg_stat_archiver a), 0), " RIGHT
    " FROM pg_catalog.pg_stat_database d WHERE d.datname IS NOT NULL";

/* Without a role it still is to say who it is: it is no session yet, and may never be one. */
static const char backends_sql[] =
    "SELECT a.pid, coalesce(a.datname, ''), coalesce(a.usename, ''), "
    "coalesce(a.application_name, ''), coalesce(pg_catalog.host(a.client_addr), ''), "
    "CASE WHEN a.client_addr IS NULL THEN 0 ELSE a.client_port END, " BEGAN ", " AGE ", "
    "(a.backend_type OPERATOR(pg_catalog.=) 'walsender')::pg_catalog.int4, "
    "coalesce(" SINCE(
        "a.query_start") ", 0), "
                         "coalesce(a.state OPERATOR(pg_catalog.=) ANY (ARRAY['idle', 'idle in "
                         "transaction', "
                         "'idle in transaction (aborted)']), false)::pg_catalog.int4 "
                         "FROM pg_catalog.pg_stat_activity a "
                         "WHERE a.backend_start IS NOT NULL AND a.usesysid IS NOT NULL AND "
                         "a.backend_type OPERATOR(pg_catalog.=) ANY (ARRAY['client backend', "
                         "'walsender'])";

void
census_answer_release(struct census_answer *answer)
{
    memory_free(answer->counts);
    memory_free(answer->backends);
    *answer = (struct census_answer){0};
}

/* ---- values ---- */

/* From 0 to the largest int64_t. */
static bool
take_number(struct view value, int64_t *number)
{
    uint64_t found = 0;
    bool is_one = inspector_take_number(value, &found) && found <= INT64_MAX;

    *number = is_one ? (int64_t)found : 0;
    return is_one;
}

static bool
take_numbers(const struct view *values, int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!take_number(values[i], &numbers[i]))
            return false;
    return true;
}

static bool
take_time(struct view value, int64_t *time)
{
    return take_number(value, time) &&
           !__builtin_mul_overflow(*time, (int64_t)NANOSECONDS_PER_MICROSECOND, time);
}

/* Room for one more. */
static int
make_room(void **items, size_t count, size_t *space, size_t size)
{
    size_t more = *space ? 2 * *space : FIRST_SPACE;
    void *larger;

    if (count < *space)
        return 0;
    if (count >= CENSUS_ROWS_MAX)
        return PASU_E_RANGE;
    larger = memory_resize(*items, more, size);
    if (!larger)
        return PASU_E_NOMEM;
    *items = larger;
    *space = more;
    return 0;
}

/* ---- greeting ---- */

struct greeting {
    struct census_answer *answer;
    const struct inspector_link *link;
    bool is_answered;
};

static int
take_greeting(void *arg, const struct view *values, size_t count)
{
    struct greeting *greeting = arg;
    struct census_answer *answer = greeting->answer;
    int64_t numbers[3];

    if (count != COUNT_OF(numbers) || !take_numbers(values, numbers, count))
        return PASU_E_MALFORMED;
    answer->is_pooled = numbers[0] != greeting->link->pid;
    answer->version = numbers[1] > UINT32_MAX ? 0 : (uint32_t)numbers[1];
    answer->started = numbers[2];
    greeting->is_answered = true;
    return 0;
}

static int
take_nothing(void *arg PASU_UNUSED, const struct view *values PASU_UNUSED, size_t count PASU_UNUSED)
{
    return 0;
}

static int
command(struct inspector_link *link, const char *sql)
{
    size_t most = BYTES_MAX;

    return inspector_link_query(link, sql, take_nothing, NULL, &most);
}

int
census_answer_greet(struct census_answer *answer, struct inspector_link *link)
{
    struct greeting greeting = {.answer = answer, .link = link};
    struct catalog_origin origin = {0};
    size_t most = BYTES_MAX;
    int result = command(link, hurry_sql);

    if (result == 0)
        result = catalog_origin_ask(link, &origin);
    answer->system = origin.system;
    if (result == 0)
        result = inspector_link_query(link, greet_sql, take_greeting, &greeting, &most);
    answer->is_other = false;
    return result == 0 && !greeting.is_answered ? PASU_E_MALFORMED : result;
}

/* ---- counts and backends ---- */

struct counting {
    struct census_answer *answer;
    int64_t right;
};

static int
take_count(void *arg, const struct view *values, size_t count)
{
    struct counting *counting = arg;
    struct census_answer *answer = counting->answer;
    struct census_count found = {0};
    int64_t oid, sessions;
    int result;

    if (count != 6 || !take_number(values[0], &oid) || oid > UINT32_MAX || !values[1].bytes ||
        !take_number(values[2], &sessions) || !take_time(values[3], &found.reset) ||
        !take_time(values[4], &answer->counting) || !take_number(values[5], &counting->right) ||
        counting->right > RIGHT_TO_BECOME)
        return PASU_E_MALFORMED;
    found.oid = (uint32_t)oid;
    found.sessions = (uint64_t)sessions;
    text_from_view(found.database, sizeof(found.database), values[1]);
    result = make_room((void **)&answer->counts, answer->count, &answer->count_space,
                       sizeof(answer->counts[0]));
    if (result == 0)
        answer->counts[answer->count++] = found;
    return result;
}

static int
take_backend(void *arg, const struct view *values, size_t count)
{
    struct census_answer *answer = arg;
    struct census_backend found = {0};
    struct message_bypass *who = &found.who;
    int64_t pid, port, is_sender, is_idle;
    int result;

    if (count != 11 || !take_number(values[0], &pid) || pid > UINT32_MAX ||
        !take_number(values[5], &port) || port > UINT16_MAX || !take_time(values[6], &who->began) ||
        !take_number(values[8], &is_sender) || !take_number(values[10], &is_idle))
        return PASU_E_MALFORMED;
    if (!take_time(values[7], &found.age)) /* its clock went back */
        found.age = 0;
    if (!take_time(values[9], &found.statement_age))
        found.statement_age = 0;
    found.is_idle = is_idle != 0;
    who->pid = (uint32_t)pid;
    who->port = (uint32_t)port;
    who->replication = is_sender != 0;
    text_from_view(who->database, sizeof(who->database), values[1]);
    text_from_view(who->principal, sizeof(who->principal), values[2]);
    text_from_view(who->application, sizeof(who->application), values[3]);
    text_from_view(who->address, sizeof(who->address), values[4]);
    result = make_room((void **)&answer->backends, answer->backend_count, &answer->backend_space,
                       sizeof(answer->backends[0]));
    if (result == 0)
        answer->backends[answer->backend_count++] = found;
    return result;
}

/* Becomes who may see others' sessions, or does no longer, as was granted meanwhile or revoked. */
static int
use_right(struct census_answer *answer, struct inspector_link *link, enum right right)
{
    bool is_other = right == RIGHT_TO_BECOME;
    int result = 0;

    if (answer->is_other != is_other)
        result = command(link, is_other ? become_sql : leave_sql);
    if (result == 0)
        answer->is_other = is_other;
    answer->may_see = result == 0 && right != RIGHT_NONE;
    return result == PASU_E_DENIED ? 0 : result; /* then names are not told */
}

int
census_answer_ask(struct census_answer *answer, struct inspector_link *link)
{
    struct counting counting = {.answer = answer};
    size_t most = BYTES_MAX;
    int result;

    answer->asked = os_monotonic(link->os);
    answer->count = answer->backend_count = 0;
    result = inspector_link_query(link, counts_sql, take_count, &counting, &most);
    if (result == 0)
        result = use_right(answer, link, (enum right)counting.right);
    if (result == 0 && answer->may_see)
        result = inspector_link_query(link, backends_sql, take_backend, answer, &most);
    return result;
}
