/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's own log in its three formats, as several versions write it, and as nobody should. */
#include "scan/server_log.h"

#include "unit.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TEXT_SIZE = 32 << 10 };

/* What was read, a line each. */
struct seen {
    char text[TEXT_SIZE];
    size_t length;
};

static const char *const who_names[] = {"any", "client", "replication", "other"};
static const char *const what_names[] = {"said",   "received", "authorized", "refused",
                                         "failed", "speaks",   "ended",      "started"};

static int
see(void *arg, const struct server_line *l)
{
    struct seen *s = arg;
    const struct view *names[] = {&l->user, &l->database, &l->application, &l->host};
    int n = snprintf(s->text + s->length, TEXT_SIZE - s->length,
                     "%" PRIu64 " %s %s%s %" PRIu32 " %.3f %.0f", l->offset, who_names[l->who],
                     what_names[l->what], l->is_part ? "+" : "", l->pid, (double)l->at / 1e9,
                     (double)l->start / 1e9);

    assert_true(n > 0);
    s->length += (size_t)n;
    for (size_t i = 0; i < COUNT_OF(names) && s->length < TEXT_SIZE; i++)
        s->length += (size_t)snprintf(s->text + s->length, TEXT_SIZE - s->length, "|%.*s",
                                      (int)names[i]->length, (const char *)names[i]->bytes);
    assert_true(s->length + 16 < TEXT_SIZE);
    s->length += (size_t)snprintf(s->text + s->length, TEXT_SIZE - s->length, "|%u\n", l->port);
    return 0;
}

/* One that says nothing, of any number of lines. */
static int
see_nothing(void *arg PASU_UNUSED, const struct server_line *line)
{
    assert_true(line->pid != 0);
    return 0;
}

static struct server_log parser;

/* Reads it in pieces of that size. */
static void
read_in(struct seen *seen, const char *prefix, struct view log, size_t piece)
{
    memset(seen, 0, sizeof(*seen));
    server_log_init(&parser, see, seen);
    if (prefix != NULL)
        assert_int_equal(server_log_prefix(&parser, prefix), 0);
    for (size_t at = 0; at < log.length; at += piece) {
        size_t left = log.length - at;

        assert_int_equal(
            server_log_feed(&parser, view_of(log.bytes + at, left < piece ? left : piece)), 0);
    }
    assert_int_equal(server_log_end(&parser), 0);
}

static struct seen seen, again;

/* However it is cut into pieces it says the same. */
static void
says(const char *prefix, struct view log, enum server_log_format format, uint64_t unreadable,
     const char *text)
{
    static const size_t pieces[] = {1, 7, 4096, 1 << 20};

    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        read_in(&seen, prefix, log, pieces[i]);
        assert_int_equal(parser.format, format);
        assert_int_equal(parser.unreadable, unreadable);
        assert_string_equal(seen.text, text);
    }
}

/* ---- csvlog ---- */

#define CSV_15(time, who, pid, from, session, ps, severity, message, context, application, type)   \
    "2026-11-27 02:34:" time " KST," who "," pid "," from "," session ",1,\"" ps                   \
    "\",2026-11-27 02:34:14 KST,2/1,0," severity ",00000,\"" message "\",,,,," context             \
    ",,,\"f, g.c:1\",\"" application "\",\"" type "\",,0\n"
#define APP "\"app\",\"shop\""

static void
csvlog_of_15_says_who_began_and_ended(void **state PASU_UNUSED)
{
    says(NULL,
         VIEW("2026-11-27 02:34:13.139 KST,,,29839,,6b086d95.748f,1,,2026-11-27 02:34:13 "
              "KST,,0,LOG,00000,\"starting PostgreSQL "
              "15.18\",,,,,,,,\"f\",\"\",\"postmaster\",,0\n" CSV_15(
                  "14.300", ",", "29999", "\"127.0.0.1:36144\"", "6b086d96.752f", "", "LOG",
                  "connection received: host=127.0.0.1 port=36144", "", "", "not initialized")
                  CSV_15("14.301", APP, "29999", "\"127.0.0.1:36144\"", "6b086d96.752f",
                         "authentication", "LOG",
                         "connection authorized: user=app database=shop application_name=psql", "",
                         "", "client backend")
                      CSV_15("14.304", APP, "29999", "\"127.0.0.1:36144\"", "6b086d96.752f", "idle",
                             "LOG",
                             "disconnection: session time: 0:00:00.004 user=app database=shop "
                             "host=127.0.0.1 port=36144",
                             "", "psql", "client backend")),
         SERVER_LOG_CSV, 0,
         "0 other started 29839 1795714453.139 1795714453|||||0\n"
         "149 any received 29999 1795714454.300 1795714454||||127.0.0.1|36144\n"
         "353 client authorized 29999 1795714454.301 1795714454|app|shop|psql|127.0.0.1|36144\n"
         "602 client ended 29999 1795714454.304 1795714454|app|shop|psql|127.0.0.1|36144\n");
}

static void
csvlog_of_13_and_12_has_fewer_columns(void **state PASU_UNUSED)
{
    says(NULL,
         VIEW("2026-11-27 02:34:14.301 KST,\"app\",\"shop\",7,\"[local]\",6b086d96.7,1,\"SELECT\","
              "2026-11-27 02:34:14 KST,2/1,0,ERROR,22P02,\"no\",,,,,,\"SELECT\",8,,\"psql\","
              "\"client backend\"\n"),
         SERVER_LOG_CSV, 0,
         "0 client speaks 7 1795714454.301 1795714454|app|shop|psql|[local]|0\n");
    says(NULL,
         VIEW("2026-11-27 02:34:14.301 KST,\"app\",\"shop\",7,\"::1:5000\",6b086d96.7,1,"
              "\"authentication\",2026-11-27 02:34:14 KST,2/1,0,LOG,00000,\"connection "
              "authorized: user=app database=shop\",,,,,,,,,\"\"\n"
              "2026-11-27 02:34:14.302 KST,,,8,,6b086d96.8,1,,2026-11-27 02:34:14 "
              "KST,2/1,0,LOG,00000,\"checkpoint\",,,,,,,,,\"\"\n"),
         SERVER_LOG_CSV, 0,
         "0 client authorized 7 1795714454.301 1795714454|app|shop||::1|5000\n"
         "183 any said 8 1795714454.302 1795714454|||||0\n");
}

/* What a client writes stays in its quotes, whatever it looks like. */
static void
a_statement_is_no_record(void **state PASU_UNUSED)
{
    says(NULL,
         VIEW(CSV_15("14.301", APP, "9", "\"[local]\"", "6b086d96.9", "SELECT", "ERROR",
                     "x\"\"\n2026-11-27 02:34:14.300 KST,\"\"z\"\",\"\"z\"\",1,,6b086d96.1\n", "",
                     "\"\"\n,", "client backend")
                  CSV_15("14.302", APP, "9", "\"[local]\"", "6b086d96.9", "DO", "LOG",
                         "disconnection: session time: 0:00:01 user=z database=z host=z",
                         "\"PL/pgSQL function inline_code_block\"", "", "client backend")),
         SERVER_LOG_CSV, 0,
         "0 client speaks 9 1795714454.301 1795714454|app|shop|\"\n,|[local]|0\n"
         "223 client speaks 9 1795714454.302 1795714454|app|shop||[local]|0\n");
}

/* With update_process_title off, or turned off by who connects, the title stays as it was. */
static void
a_title_that_stays_ends_no_session(void **state PASU_UNUSED)
{
    static const char *const titles[] = {"", "startup"};
    static const struct {
        const char *severity, *message, *what;
    } all[] = {
        {"FATAL", "terminating connection due to administrator command", "failed"},
        {"FATAL", "database \"\"x\"\" does not exist", "refused"},
        {"FATAL", "parameter \"\"x\"\" cannot be changed now", "refused"},
        {"ERROR", "no", "speaks"},
        {"LOG", "statement: SELECT 1", "speaks"},
        {"LOG", "disconnection: session time: 0:00:01 user=z", "ended"},
        {"ERROR", "disconnection: session time: 0:00:01 user=z", "speaks"},
    };

    for (size_t i = 0; i < COUNT_OF(titles) * COUNT_OF(all); i++) {
        char line[512], text[160];
        size_t m = i / COUNT_OF(titles);

        snprintf(line, sizeof(line),
                 "2026-11-27 02:34:14.301 KST,\"app\",\"shop\",7,\"[local]\",6b086d96.7,1,\"%s\","
                 "2026-11-27 02:34:14 KST,2/1,0,%s,00000,\"%s\",,,,,,,,,\"\",\"client backend\"\n",
                 titles[i % COUNT_OF(titles)], all[m].severity, all[m].message);
        snprintf(text, sizeof(text),
                 "0 client %s 7 1795714454.301 1795714454|app|shop||[local]|0\n", all[m].what);
        says(NULL, view_of_text(line), SERVER_LOG_CSV, 0, text);
    }
}

/* Its title then has a word more. */
static void
who_waits_for_a_lock_while_it_begins_has_not_begun(void **state PASU_UNUSED)
{
    says(NULL,
         VIEW(CSV_15("14.301", APP, "9", "\"[local]\"", "6b086d96.9", "startup waiting", "LOG",
                     "process 9 still waiting for RowExclusiveLock", "", "", "client backend")),
         SERVER_LOG_CSV, 0, "0 client said 9 1795714454.301 1795714454|app|shop||[local]|0\n");
}

static void
a_record_that_is_cut_does_not_hide_those_behind_it(void **state PASU_UNUSED)
{
    says(NULL,
         VIEW("2026-11-27 02:34:14.301 "
              "KST,\"app\",\"shop\",7,\"[local]\",6b086d96.7,1,\"SEL\n" CSV_15(
                  "14.302", APP, "8", "\"[local]\"", "6b086d96.8", "idle", "LOG", "x", "", "",
                  "client backend")
                  CSV_15("14.303", APP, "9", "\"[local]\"", "6b086d96.9", "idle", "LOG", "x", "",
                         "", "client backend") "2026-11-27 02:34:14.301 KST,\"app\",\"shop"),
         SERVER_LOG_CSV, 2, "229 client speaks 9 1795714454.303 1795714454|app|shop||[local]|0\n");
}

/* ---- jsonlog ---- */

#define JSON(pid, more)                                                                            \
    "{\"timestamp\":\"2026-11-27 02:34:14.302 CST\"," more "\"pid\":" pid                          \
    ",\"session_id\":\"6b087ba0." pid "\",\"session_start\":\"2026-11-27 02:34:08 "                \
    "CST\",\"txid\":0,\"query_id\":-12}\n"

/* China's: the log itself says how far it is from UTC. */
static void
jsonlog_says_the_same_and_its_zone(void **state PASU_UNUSED)
{
    says(NULL,
         VIEW(JSON(
             "7",
             "\"user\":\"app\\n\\u00e9\\ud83d\\ude00\\ud800x\",\"dbname\":\"shop\",\"remote_host\":"
             "\"10.0.0.1\",\"remote_port\":5000,\"ps\":\"authentication\","
             "\"error_severity\":\"LOG\",\"message\":\"connection authorized: user=\","
             "\"backend_type\":\"client backend\",")),
         SERVER_LOG_JSON, 0,
         "0 client authorized 7 1795718054.302 "
         "1795718048|app\n\xc3\xa9\xf0\x9f\x98\x80?x|shop||10.0.0.1|5000\n");
    says(NULL,
         VIEW(JSON("7",
                   "\"backend_type\":\"walsender\",\"ps\":\"startup\",\"error_severity\":\"FATAL\","
                   "\"message\":\"\\\"}{\",")),
         SERVER_LOG_JSON, 0, "0 replication failed 7 1795718054.302 1795718048|||||0\n");
}

/* The clock was put back while the session ran: other sessions tell of the zone that it is now. */
static void
a_session_that_began_in_summer_time_is_followed(void **state PASU_UNUSED)
{
    says(NULL,
         VIEW("{\"timestamp\":\"2026-11-01 02:00:00.100 "
              "CST\",\"pid\":8,\"session_id\":\"6ae6f180.8\",\"session_start\":\"2026-11-01 "
              "02:00:00 CST\"}\n"
              "{\"timestamp\":\"2026-11-01 02:00:01.000 "
              "CST\",\"pid\":7,\"session_id\":\"6ae6d560.7\",\"session_start\":\"2026-11-01 "
              "01:00:00 CDT\"}\n"),
         SERVER_LOG_JSON, 0,
         "0 any said 8 1793520000.100 1793520000|||||0\n"
         "120 any said 7 1793520001.000 1793512800|||||0\n");
}

static void
what_is_no_line_of_jsonlog_is_counted(void **state PASU_UNUSED)
{
    says(NULL,
         VIEW("{\"timestamp\":\"2026-11-27 02:34:14.302 UTC\",\"pid\":7}\n"
              "{\"timestamp\":[1],\"pid\":7}\n"
              "{\"timestamp\":\"2026-11-27 02:34:14.302 UTC\",\"pid\":7}{\n"
              "{\"timestamp\":\"2026-11-27 02:34:14.302 UTC\",\"pid\":\"7\\q\"}\n"
              "{\"timestamp\":\"2026-11-27 02:34:14.302 UTC\",\"pid\":0}\n"
              "{\"timestamp\":\"2026-13-27 02:34:14.302 UTC\",\"pid\":7}\n"
              "{\"timestamp\":\"2026-11-27 02:34:14.302 "
              "UTC\",\"pid\":7,\"session_id\":\"6b086d96.8\"}\n"
              "\n{}\n"
              "{\"timestamp\":\"2026-11-27 02:34:14.302 UTC\",\"pid\":7"),
         SERVER_LOG_JSON, 8, "0 any said 7 1795746854.302 0|||||0\n");
}

/* ---- stderr ---- */

static void
stderr_of_debian_is_read_as_it_comes(void **state PASU_UNUSED)
{
    says(
        NULL,
        VIEW(
            "2026-11-27 02:34:14.182 KST [1] LOG:  starting PostgreSQL 15.18\n"
            "2026-11-27 02:34:14.182 KST [7] [unknown]@[unknown] LOG:  connection received: "
            "host=10.0.0.1 port=5000\n"
            "2026-11-27 02:34:14.183 KST [7] app@shop LOG:  00000: connection authorized: user=app "
            "database=shop application_name=p q SSL enabled (protocol=TLSv1.3)\n"
            "2026-11-27 02:34:14.183 KST [7] app@shop LOCATION:  PerformAuthentication, "
            "postinit.c:296\n"
            "2026-11-27 02:34:14.184 KST [7] app@shop ERROR:  syntax error at \"x\n"
            "\t2026-11-27 02:34:14.185 KST [9] z@z LOG:  connection authorized: user=z database=z\n"
            "2026-11-27 02:34:14.184 KST [7] app@shop STATEMENT:  connection received: host=z\n"
            "2026-11-27 02:34:14.184 KST [7] app@shop LOG:  disconnection: session time: "
            "0:00:00.004 "
            "user=app database=shop host=10.0.0.1 port=5000\r\n"
            "2026-11-27 02:34:14.184 KST [8] app@shop FATAL:  password authentication failed for "
            "user \"app\"\n"
            "what is this\n"),
        SERVER_LOG_STDERR, 1,
        "0 other started 1 1795714454.182 0|||||0\n"
        "64 any received 7 1795714454.182 0||||10.0.0.1|5000\n"
        "167 client authorized 7 1795714454.183 0|app|shop|p q||0\n"
        "319 client said+ 7 1795714454.183 0|app|shop|||0\n"
        "409 client speaks 7 1795714454.184 0|app|shop|||0\n"
        "561 client speaks+ 7 1795714454.184 0|app|shop|||0\n"
        "642 client ended 7 1795714454.184 0|app|shop||10.0.0.1|5000\n"
        "778 client refused 8 1795714454.184 0|app|shop|||0\n");
}

static void
stderr_is_read_by_the_prefix_of_the_server(void **state PASU_UNUSED)
{
    says("%t:%r:%u@%d:[%p]: ",
         VIEW("2026-11-27 02:34:14 UTC:10.0.0.1(5000):app@shop:[7]: ERROR:  no\n"),
         SERVER_LOG_STDERR, 0, "0 client speaks 7 1795746854.000 0|app|shop||10.0.0.1|5000\n");
    says("%t:%r:%u@%d:[%p]:",
         VIEW("2026-11-27 02:34:14 UTC:fe80::1(5000):app@shop:[7]:ERROR:  no\n"
              "2026-11-27 02:34:14 UTC:[local]:app@shop:[7]:ERROR:  no\n"),
         SERVER_LOG_STDERR, 0,
         "0 client speaks 7 1795746854.000 0|app|shop||fe80::1|5000\n"
         "62 client speaks 7 1795746854.000 0|app|shop||[local]|0\n");
    says("%n %-8p %c %b %a %h %i %% %l|",
         VIEW("1795746854.302 7        6b086d96.7 client backend  10.0.0.1 SELECT % 12|LOG:  x\n"),
         SERVER_LOG_STDERR, 1, "");
    says("%n|%-8p|%c|%b|%a|%h|%i|%%|%l|",
         VIEW("1795746854.302|7       |6b086d96.7|client backend|ps ql|10.0.0.1|SELECT|%|12|LOG:  "
              "x\n"),
         SERVER_LOG_STDERR, 0, "0 client speaks 7 1795746854.302 1795714454|||ps ql|10.0.0.1|0\n");
    says("%m %s %p ", VIEW("2026-11-27 02:34:14.302 +0530 2026-11-27 02:34:13 +0530 7 LOG:  x\n"),
         SERVER_LOG_STDERR, 0, "0 any said 7 1795727054.302 1795727053|||||0\n");
    server_log_init(&parser, see, &seen);
    assert_int_equal(server_log_prefix(&parser, "%u "), PASU_E_MALFORMED);
    assert_int_equal(server_log_prefix(&parser, "%p %u"), PASU_E_MALFORMED);
    assert_int_equal(server_log_prefix(&parser, "%%p %t"), PASU_E_MALFORMED);
    assert_int_equal(server_log_prefix(&parser, "%"), PASU_E_MALFORMED);
}

/* Who cannot say when something was says nothing. */
static void
a_zone_that_nobody_knows_is_told(void **state PASU_UNUSED)
{
    says(NULL, VIEW("2026-11-27 02:34:14.182 XYZT [1] app@shop LOG:  x\n"), SERVER_LOG_STDERR, 1,
         "");
    assert_int_equal(parser.zoneless, 1);
}

/* ---- anything ---- */

static uint64_t
next(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 33;
}

/* Bytes of all kinds, changed and cut everywhere, are lines or are counted, and say the same in any
 * pieces. */
static void
nothing_that_is_no_log_harms(void **state PASU_UNUSED)
{
    static const char *const logs[] = {
        CSV_15("14.301", APP, "9", "\"127.0.0.1:5\"", "6b086d96.9", "idle", "LOG",
               "disconnection: session time: 0:00:01 user=a\"\"\n database=b host=c port=6", "",
               "x", "client backend"),
        JSON("7", "\"user\":\"\\u00e9\\ud83d\",\"remote_port\":5000,\"message\":\"connection "
                  "received: host=x port=9\","),
        "2026-11-27 02:34:14.183 KST [7] app@shop LOG:  connection authorized: user=app "
        "database=shop\n\tx\n",
    };
    uint64_t random = 1;

    setenv("TZ", "UTC", 1);
    for (int round = 0; round < 6000; round++) {
        uint8_t bytes[2048];
        const char *log = logs[next(&random) % COUNT_OF(logs)];
        size_t length = strlen(log), copies = 1 + next(&random) % 3;

        for (size_t i = 0; i < copies; i++)
            memcpy(bytes + i * length, log, length);
        length *= copies;
        for (uint64_t i = next(&random) % 6; i > 0; i--)
            bytes[next(&random) % length] = (uint8_t)next(&random);
        if (next(&random) % 4 == 0)
            length = next(&random) % length;
        read_in(&seen, NULL, view_of(bytes, length), 1 + next(&random) % 40);
        read_in(&again, NULL, view_of(bytes, length), length + 1);
        assert_string_equal(seen.text, again.text);
    }
}

/* Behind the bytes by which the format is told, where records are taken as a whole or byte by byte:
 * what has quotes, commas and ends of lines where none should be says the same both ways. */
static void
csvlog_says_the_same_as_a_whole_and_byte_by_byte(void **state PASU_UNUSED)
{
    static const char record[] =
        CSV_15("14.301", APP, "9", "\"127.0.0.1:5\"", "6b086d96.9", "idle", "LOG",
               "disconnection: user=a\"\"b, database=c\n\"\"", "", "x", "client backend");
    static const char changes[] = "\"\",,\n\r x";
    enum { LENGTH = sizeof(record) - 1, FIRST = SERVER_LOG_HEAD / LENGTH + 1, COPIES = FIRST + 24 };
    static uint8_t bytes[COPIES * LENGTH];
    uint64_t random = 2, read = 0, unread = 0;

    for (int round = 0; round < 1500; round++) {
        struct view log = {bytes, sizeof(bytes)};

        for (size_t i = 0; i < COPIES; i++)
            memcpy(bytes + i * LENGTH, record, LENGTH);
        for (uint64_t i = next(&random) % 8; i > 0; i--)
            bytes[FIRST * LENGTH + next(&random) % ((COPIES - FIRST) * LENGTH)] =
                (uint8_t)changes[next(&random) % (sizeof(changes) - 1)];
        read_in(&seen, NULL, log, 1);
        read += parser.lines;
        unread += parser.unreadable;
        read_in(&again, NULL, log, sizeof(bytes));
        assert_string_equal(seen.text, again.text);
        read -= parser.lines;
        unread -= parser.unreadable;
    }
    assert_int_equal(read, 0);
    assert_int_equal(unread, 0);
}

static void
lines_of_any_length_take_no_more_room(void **state PASU_UNUSED)
{
    static const char *const begins[] = {
        "2026-11-27 02:34:14.301 KST,\"app\",\"shop\",7,\"[local]\",6b086d96.7,1,\"",
        "{\"timestamp\":\"2026-11-27 02:34:14.302 UTC\",\"pid\":7,\"message\":\"",
        "2026-11-27 02:34:14.302 UTC [7] app@shop LOG:  ",
    };
    static uint8_t block[1 << 16];

    memset(block, 'x', sizeof(block));
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        server_log_init(&parser, see_nothing, NULL);
        assert_int_equal(server_log_feed(&parser, view_of_text(begins[i])), 0);
        for (int n = 0; n < 256; n++)
            assert_int_equal(server_log_feed(&parser, view_of(block, sizeof(block))), 0);
        assert_int_equal(server_log_end(&parser), 0);
        assert_int_equal(parser.lines + parser.unreadable, 1);
    }
}

static int
refuse(void *arg PASU_UNUSED, const struct server_line *line PASU_UNUSED)
{
    return PASU_E_NOMEM;
}

static void
who_sees_can_end_the_reading(void **state PASU_UNUSED)
{
    struct view line = VIEW("2026-11-27 02:34:14.302 UTC [7] app@shop LOG:  x\n");

    server_log_init(&parser, refuse, NULL);
    assert_int_equal(server_log_feed(&parser, line), 0); /* not enough to tell the format by */
    assert_int_equal(server_log_end(&parser), PASU_E_NOMEM);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csvlog_of_15_says_who_began_and_ended),
        cmocka_unit_test(csvlog_of_13_and_12_has_fewer_columns),
        cmocka_unit_test(a_statement_is_no_record),
        cmocka_unit_test(a_title_that_stays_ends_no_session),
        cmocka_unit_test(who_waits_for_a_lock_while_it_begins_has_not_begun),
        cmocka_unit_test(a_record_that_is_cut_does_not_hide_those_behind_it),
        cmocka_unit_test(jsonlog_says_the_same_and_its_zone),
        cmocka_unit_test(a_session_that_began_in_summer_time_is_followed),
        cmocka_unit_test(what_is_no_line_of_jsonlog_is_counted),
        cmocka_unit_test(stderr_of_debian_is_read_as_it_comes),
        cmocka_unit_test(stderr_is_read_by_the_prefix_of_the_server),
        cmocka_unit_test(a_zone_that_nobody_knows_is_told),
        cmocka_unit_test(nothing_that_is_no_log_harms),
        cmocka_unit_test(csvlog_says_the_same_as_a_whole_and_byte_by_byte),
        cmocka_unit_test(lines_of_any_length_take_no_more_room),
        cmocka_unit_test(who_sees_can_end_the_reading),
    };

    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
