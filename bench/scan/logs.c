/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a log of so many MiB, of so many days, to standard output: logs combined|csvlog|json MIB
 * DAYS. The same words, the same bytes. README.md says what is in it. */
#include "base/attributes.h"
#include "detect/dice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEBIBYTE (1024 * 1024)
#define START    INT64_C(1780272000) /* 2026-06-01T00:00:00Z */

enum { ADDRESSES = 1000000, MEMBERS = 2000000, AGENTS = 40 };

struct made {
    struct dice dice;
    int64_t second;
    uint64_t address, member;
    unsigned agent, bytes;
};

/* Few ask for much, most for little. */
static uint64_t
one_of(struct dice *dice, uint64_t count)
{
    double u = dice_unit(dice);

    return (uint64_t)(u * u * u * (double)count);
}

static struct tm
clock_of(int64_t second)
{
    time_t at = (time_t)(START + second);
    struct tm parts;

    return *gmtime_r(&at, &parts);
}

static void
next(struct made *m)
{
    m->address = one_of(&m->dice, ADDRESSES);
    m->member = dice_chance(&m->dice, 0.9) ? m->address * 2 : one_of(&m->dice, MEMBERS);
    m->agent = (unsigned)(m->address % AGENTS);
    m->bytes = (unsigned)dice_below(&m->dice, 60000);
}

/* One request in ten is for a person, one in fifty a login. */
static void
put_request(struct made *m, char *text, size_t size, const char **method, unsigned *status)
{
    double u = dice_unit(&m->dice);
    unsigned long long n = dice_below(&m->dice, 100000);

    *method = "GET";
    *status = dice_chance(&m->dice, 0.97) ? 200 : 404;
    if (u < 0.10) {
        snprintf(text, size, "/api/members/%llu/addresses", (unsigned long long)m->member);
    } else if (u < 0.12) {
        *method = "POST";
        snprintf(text, size, "/login");
    } else if (u < 0.60) {
        snprintf(text, size, "/static/js/chunk-%llu.9f3c21.js", n % 500);
    } else if (u < 0.90) {
        snprintf(text, size, "/goods/%llu?from=search&page=%llu", n, n % 9);
    } else {
        snprintf(text, size, "/search?q=%llx&sort=price", n);
    }
}

static void
put_address(const struct made *m, char *text, size_t size)
{
    snprintf(text, size, "%llu.%llu.%llu.%llu", 1 + m->address % 220ull, m->address / 220 % 256ull,
             m->address / 56320 % 256ull, m->address * 7 % 256ull);
}

static void
put_agent(const struct made *m, char *text, size_t size)
{
    snprintf(text, size,
             "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
             "Chrome/%u.0.0.0 Safari/537.36",
             100 + m->agent);
}

static int
web(struct made *m, bool is_json, char *line, size_t size)
{
    char when[64], path[128], address[32], agent[160];
    struct tm at = clock_of(m->second);
    const char *method;
    unsigned status;

    put_request(m, path, sizeof(path), &method, &status);
    put_address(m, address, sizeof(address));
    put_agent(m, agent, sizeof(agent));
    if (is_json)
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S+00:00", &at);
    else
        strftime(when, sizeof(when), "%d/%b/%Y:%H:%M:%S +0000", &at);
    if (is_json)
        return snprintf(line, size,
                        "{\"time_iso8601\":\"%s\",\"remote_addr\":\"%s\",\"remote_user\":\"\","
                        "\"request_method\":\"%s\",\"request_uri\":\"%s\",\"status\":%u,"
                        "\"body_bytes_sent\":%u,\"request_time\":0.%03u,\"http_referer\":"
                        "\"https://shop.example/\",\"http_user_agent\":\"%s\"}\n",
                        when, address, method, path, status, m->bytes, m->bytes % 1000, agent);
    return snprintf(line, size,
                    "%s - - [%s] \"%s %s HTTP/1.1\" %u %u \"https://shop.example/\" \"%s\"\n",
                    address, when, method, path, status, m->bytes, agent);
}

/* log_statement = all, of 16 roles; one statement in ten names a person, some have several lines.
 */
static int
server(struct made *m, uint64_t number, char *line, size_t size)
{
    unsigned session = (unsigned)(m->address % 400), role = session % 16;
    unsigned long long n = dice_below(&m->dice, 100000), member = m->member;
    double u = dice_unit(&m->dice);
    struct tm at = clock_of(m->second), began = clock_of((int64_t)session - 86400);
    char when[64], since[64], sql[400];

    if (u < 0.10)
        snprintf(sql, sizeof(sql), "SELECT name, phone FROM members WHERE id = %llu", member);
    else if (u < 0.60)
        snprintf(sql, sizeof(sql), "SELECT title, price FROM goods WHERE id = %llu", n);
    else if (u < 0.70)
        snprintf(sql, sizeof(sql),
                 "SELECT count(*)\n  FROM goods\n WHERE title LIKE '%%\"\"%llx\"\"%%'", n);
    else
        snprintf(sql, sizeof(sql),
                 "UPDATE goods SET price = %llu, seen = seen + 1 WHERE id = %llu AND shop = %llu",
                 n, n * 3, n % 77);
    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &at);
    strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &began);
    return snprintf(line, size,
                    "%s.%03u UTC,\"app_%u\",\"shop\",%u,\"10.0.%u.%u:%u\",%llx.%x,%llu,"
                    "\"SELECT\",%s UTC,%u/%llu,0,LOG,00000,\"statement: %s\",,,,,,,,,\"shop-api\","
                    "\"client backend\",,0\n",
                    when, m->bytes % 1000, role, 2000 + session, session / 250, session % 250,
                    40000 + session, (unsigned long long)(START - 86400 + session), 2000 + session,
                    (unsigned long long)number, since, session, (unsigned long long)number, sql);
}

int
main(int count, char **words)
{
    struct made m = {.dice = {1}};
    uint64_t written = 0, number = 0, wanted;
    double period;
    char line[2048];

    if (count != 4)
        return 2;
    wanted = (uint64_t)strtoull(words[2], NULL, 10) * MEBIBYTE;
    period = strtod(words[3], NULL) * 86400;
    while (written < wanted) {
        int length;

        m.second = (int64_t)((double)written / (double)wanted * period);
        next(&m);
        length = strcmp(words[1], "csvlog") == 0
                     ? server(&m, ++number, line, sizeof(line))
                     : web(&m, strcmp(words[1], "json") == 0, line, sizeof(line));
        if (length < 0 || fwrite(line, 1, (size_t)length, stdout) != (size_t)length)
            return 1;
        written += (uint64_t)length;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
