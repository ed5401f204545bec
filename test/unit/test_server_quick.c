/* SPDX-License-Identifier: Apache-2.0 */
/* csvlog of many sessions, of which most lines are read quickly: as a whole it says what it says
 * byte by byte, where nothing is quick. */
#include "scan/server_log.h"

#include "unit.h"

#include <inttypes.h>

enum { SESSIONS = 3000, LINES = 9000, LINE_MOST = 400 };

/* A number for each line that was read, of all that it says. */
struct seen {
    uint64_t said[2 * LINES];
    size_t count;
};

static void
mix(uint64_t *said, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        *said = (*said ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001B3);
    *said = (*said ^ length) * UINT64_C(0x100000001B3);
}

static int
see(void *arg, const struct server_line *l)
{
    const struct view texts[] = {l->user,    l->database, l->application, l->host,
                                 l->session, l->severity, l->message,     l->detail};
    const int64_t numbers[] = {
        (int64_t)l->offset, l->at, l->start, l->pid, l->port, l->who, l->what, l->is_part,
    };
    struct seen *seen = arg;
    uint64_t said = 1;

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        mix(&said, texts[i].bytes, texts[i].length);
    mix(&said, numbers, sizeof(numbers));
    assert_true(seen->count < COUNT_OF(seen->said));
    seen->said[seen->count++] = said;
    return 0;
}

static uint64_t
next(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 33;
}

static const char *
one_of(uint64_t *random, const char *usual, const char *const *others, size_t count)
{
    uint64_t n = next(random) % (8 * count);

    return n < count ? others[n] : usual;
}

#define ONE_OF(usual, ...)                                                                         \
    one_of(random, usual, (const char *const[]){__VA_ARGS__},                                      \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Sessions begin in zones that are told by two names, of which one stands for two, as each of them
 * says; and now and then one says something else of its beginning. */
static size_t
put_line(char *to, uint64_t *random, unsigned session)
{
    static const char *const begun[] = {"02:34", "01:34", "03:34", "02:34"};
    unsigned zone = session % 4, second = (13 + session % 64) % 60;
    bool has_place = session % 11 != 5;
    int n = snprintf(
        to, LINE_MOST,
        "%s2026-11-27 02:34:%02u.139 %s,\"%s%u\",\"shop\",%u,%s%u%s,6b086d%02x.%x,%u,"
        "\"%s\",2026-11-27 %s:%02u %s,2/1,0,%s,00000,\"%s%u\",%s,,,,%s,,,\"f, "
        "g.c:1\",\"%s\",\"%s\",,%s\n",
        ONE_OF("", "\""), (unsigned)(next(random) % 60), ONE_OF("KST", "CST", "XXX"),
        session % 7 == 3 ? "a\"\"pp" : "app", session % 16, 2000 + session,
        has_place ? "\"10.0.0.1:" : "[local]", 4000 + session, has_place ? "\"" : "",
        0x95 + session % 64, 2000 + session, session,
        ONE_OF("SELECT", "authentication", "idle", ""), ONE_OF(begun[zone], "02:35", "05:34"),
        second, zone == 1 || zone == 2 ? "CST" : "KST", ONE_OF("LOG", "ERROR", "FATAL", "\"LOG\""),
        ONE_OF("statement: SELECT ", "statement: SELECT \"\"", "statement:  ", "duration: 1 ms  ",
               "statement: SELECT\n ", "disconnection: session time: "),
        (unsigned)(next(random) % 1000),
        ONE_OF("", "\"parameters: $1 = '4'\"", "\"parameters: $1 = '\"\"'\""),
        ONE_OF("", "\"PL/pgSQL function f()\""), ONE_OF("shop-api", "", "sh\"\"op"),
        ONE_OF("client backend", "walsender", "not initialized", "client backen"),
        ONE_OF("0", "0,1"));

    assert_in_range(n, 1, LINE_MOST - 1);
    return (size_t)n;
}

static void
read_in(struct seen *seen, struct server_log *parser, struct view log, size_t piece)
{
    seen->count = 0;
    server_log_init(parser, see, seen);
    for (size_t at = 0; at < log.length; at += piece) {
        size_t left = log.length - at;

        assert_int_equal(
            server_log_feed(parser, view_of(log.bytes + at, left < piece ? left : piece)), 0);
    }
    assert_int_equal(server_log_end(parser), 0);
}

/* `wrong`: how many of its bytes are others. */
static void
says_the_same(uint64_t *random, unsigned sessions, unsigned wrong)
{
    static const char changes[] = "\"\",\n\r0:.", first[] = "2026-11-27 02:34:13.139 KST,\n";
    static char log[LINES * LINE_MOST];
    static struct seen seen, again;
    static struct server_log parser, other;
    size_t length = sizeof(first) - 1;

    memcpy(log, first, length);
    for (unsigned i = 0; i < LINES; i++)
        length += put_line(log + length, random, (unsigned)(next(random) % sessions));
    for (; wrong > 0; wrong--)
        log[sizeof(first) + next(random) % (length - sizeof(first))] =
            changes[next(random) % (sizeof(changes) - 1)];
    read_in(&seen, &parser, view_of(log, length), 1);
    for (size_t piece = 1000; piece < 2 * length; piece *= 40) {
        read_in(&again, &other, view_of(log, length), piece);
        for (size_t i = 0; i < seen.count && i < again.count; i++)
            assert_int_equal(seen.said[i], again.said[i]);
        assert_int_equal(seen.count, again.count);
        assert_int_equal(parser.lines, other.lines);
        assert_int_equal(parser.unreadable, other.unreadable);
        assert_int_equal(parser.zoneless, other.zoneless);
    }
    assert_in_range(seen.count, LINES / 2, 2 * LINES);
}

static void
few_sessions_say_the_same_as_byte_by_byte(void **state PASU_UNUSED)
{
    uint64_t random = 3;

    for (unsigned round = 0; round < 8; round++)
        says_the_same(&random, 8, round * 5);
}

static void
more_sessions_than_are_remembered_say_the_same(void **state PASU_UNUSED)
{
    uint64_t random = 5;

    for (unsigned round = 0; round < 8; round++)
        says_the_same(&random, SESSIONS, round * 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_sessions_say_the_same_as_byte_by_byte),
        cmocka_unit_test(more_sessions_than_are_remembered_say_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
