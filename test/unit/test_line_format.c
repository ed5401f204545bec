/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that are looked through together end where each ends, and say what each says alone. */
#include "scan/line_format.h"

#include "random.h"
#include "unit.h"

enum { ROUNDS = 3000, TEXT = 3 * LINE_LANES };

static size_t
put(uint8_t *to, const char *text)
{
    size_t length = strlen(text);

    memcpy(to, text, length);
    return length;
}

/* Mostly lines as they are due, then such as are cut, empty, or longer than is looked through. */
static size_t
make_line(struct random *random, uint8_t *to)
{
    static const char *const seconds[] = {"01", "01", "01", "02", "60", "x"};
    static const char *const agents[] = {"curl", "a \\\"b\\\" c",        "say \"b\"",    "a\" \"b",
                                         "",     "Mozilla/5.0 (X; Y) Z", "\xea\xb0\x80", "\\\\"};
    static const char *const odd[] = {
        "", "\r", "\"", " ", "203.0.113.7 - - [", "x - - [] \"\" 1 2"};
    char line[512];
    size_t length;

    if (random_below(random, 8) == 0)
        return put(to, odd[random_below(random, COUNT_OF(odd))]);
    snprintf(line, sizeof(line),
             "203.0.113.%u - %s [01/Jun/2026:00:00:%s +0000] \"GET /members/%u HTTP/1.1\" %u %u "
             "\"-\" \"%s\"%s",
             (unsigned)random_below(random, 256), random_below(random, 9) == 0 ? "a b" : "-",
             seconds[random_below(random, COUNT_OF(seconds))], (unsigned)random_below(random, 5000),
             (unsigned)(200 + random_below(random, 300)), (unsigned)random_below(random, 70000),
             agents[random_below(random, COUNT_OF(agents))],
             random_below(random, 5) == 0 ? " 0.001" : "");
    length = put(to, line);
    if (random_below(random, 10) == 0)
        return random_below(random, (uint32_t)length + 1); /* cut */
    if (random_below(random, 60) == 0) {
        size_t more = LINE_LANES - 200 + random_below(random, 300);

        memset(to + length, 'x', more);
        length += more;
    }
    return length;
}

static bool
is_same(const struct event *a, const struct event *b)
{
    for (size_t i = 0; i < SLOT_COUNT; i++)
        if (a->slot[i].length != b->slot[i].length ||
            (a->slot[i].length > 0 && a->slot[i].bytes != b->slot[i].bytes))
            return false;
    return a->time == b->time && a->status == b->status && a->what == b->what;
}

static void
lines_say_together_what_they_say_alone(void **state PASU_UNUSED)
{
    static const char *const patterns[] = {
        LINE_FORMAT_COMBINED, LINE_FORMAT_COMMON,
        "$remote_addr [$time_local] $request_uri;$status|$msec",
        "$remote_addr - $remote_user [$time_local] \"$request HTTP/1.1\" $status $bytes \"-\" "
        "\"$http_user_agent\""};
    static uint8_t text[TEXT + 2 * LINE_LANES];
    static struct line_memory together, alone;
    struct random random = {3};
    struct log_names names;
    size_t read = 0;

    log_names_init(&names);
    for (unsigned round = 0; round < ROUNDS; round++) {
        static struct line_format format;
        size_t wanted = random_below(&random, TEXT), length = 0;
        const char *why;

        if (round % 100 == 0)
            assert_int_equal(line_format_parse(&format, patterns[round / 100 % COUNT_OF(patterns)],
                                               &names, &why),
                             0);
        while (length < wanted) {
            length += make_line(&random, text + length);
            text[length++] = '\n';
        }
        length -= length > 0 && random_below(&random, 2) == 0; /* the last one has no end */
        for (const uint8_t *at = text, *end = text + length; at < end;) {
            const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
            const uint8_t *due = newline != NULL ? newline : end;
            struct view line = view_of(at, (size_t)(due - at));
            struct event a, b;
            bool is_read;

            assert_ptr_equal(line_format_end(&format, at, end, &together), due);
            if (random_below(&random, 20) == 0) /* another one, of somewhere else */
                assert_false(line_format_read(&format, VIEW("198.51.100.7 - - x"), &b, &together));
            is_read = line_format_read(&format, line, &a, &together);
            alone = (struct line_memory){.clock = alone.clock};
            assert_int_equal(line_format_read(&format, line, &b, &alone), is_read);
            if (is_read)
                assert_true(is_same(&a, &b));
            read += is_read;
            at = due + 1;
        }
        line_memory_leave(&together);
    }
    assert_true(read > 10000);
}

static void
a_quote_before_it_ends_no_value(void **state PASU_UNUSED)
{
    static const struct view text =
        VIEW("192.0.2.7|m|2026-06-01T00:00:00Z|\"GET /a HTTP/1.1\"\n"
             "192.0.2.7|a \"b\" c|2026-06-01T00:00:00Z|\"GET /b HTTP/1.1\"\n"
             "192.0.2.7|m|2026-06-01T00:00:01Z|\"GET /c HTTP/1.1\"\n");
    static struct line_memory memory;
    static struct line_format format;
    const uint8_t *at = text.bytes, *end = at + text.length;
    struct log_names names;
    const char *why;

    log_names_init(&names);
    assert_int_equal(line_format_parse(&format,
                                       "$remote_addr|$remote_user|$time_iso8601|\"$request\"",
                                       &names, &why),
                     0);
    for (char due = 'a'; due <= 'c'; due++) {
        const uint8_t *stop = line_format_end(&format, at, end, &memory);
        struct event event;

        assert_true(line_format_read(&format, view_of(at, (size_t)(stop - at)), &event, &memory));
        assert_int_equal(event.slot[SLOT_TARGET].length, 2);
        assert_int_equal(event.slot[SLOT_TARGET].bytes[1], due);
        at = stop + 1;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_say_together_what_they_say_alone),
        cmocka_unit_test(a_quote_before_it_ends_no_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
