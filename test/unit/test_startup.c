/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/request.h"
#include "postgres/startup.h"
#include "unit.h"

static size_t
make(uint8_t *space, size_t size, const char *const *pairs, size_t count)
{
    struct request_parameter parameters[8];
    struct writer w = writer_of(space, size);

    for (size_t i = 0; i < count; i++)
        parameters[i] =
            (struct request_parameter){view_of_text(pairs[2 * i]), view_of_text(pairs[2 * i + 1])};
    request_startup(&w, CODE_VERSION_3_0, parameters, count);
    assert_true(writer_end(&w) > 0);
    return writer_length(&w);
}

static int
parse(struct startup *startup, const char *const *pairs, size_t count)
{
    uint8_t space[1024];

    return startup_parse(startup, view_of(space, make(space, sizeof(space), pairs, count)));
}

static void
names_are_read_and_the_database_defaults_to_the_user(void **state PASU_UNUSED)
{
    const char *const pairs[] = {"user", "kim", "application_name", "psql"};
    struct startup s;

    assert_int_equal(parse(&s, pairs, 2), 0);
    assert_string_equal(s.user, "kim");
    assert_string_equal(s.database, "kim");
    assert_string_equal(s.application, "psql");
    assert_false(s.is_replication);
}

static void
of_a_parameter_given_twice_the_last_counts(void **state PASU_UNUSED)
{
    const char *const pairs[] = {"user", "kim", "user", "lee", "database", "a", "database", "b"};
    struct startup s;

    assert_int_equal(parse(&s, pairs, 4), 0);
    assert_string_equal(s.user, "lee");
    assert_string_equal(s.database, "b");
}

static void
names_are_cut_as_the_server_cuts_them(void **state PASU_UNUSED)
{
    char name[101];
    const char *const pairs[] = {"user", name};
    struct startup s;

    memset(name, 'x', 100);
    name[100] = '\0';
    assert_int_equal(parse(&s, pairs, 1), 0);
    assert_int_equal(strlen(s.user), 63);
}

static void
replication_is_anything_that_is_not_clearly_false(void **state PASU_UNUSED)
{
    static const struct {
        const char *value;
        bool is_replication;
    } cases[] = {{"true", true},   {"database", true}, {"on", true},  {"1", true},
                 {"o", true},      {"junk", true},     {"", true},    {"false", false},
                 {"FALSE", false}, {"f", false},       {"no", false}, {"off", false},
                 {"of", false},    {"0", false}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *const pairs[] = {"user", "kim", "replication", cases[i].value};
        struct startup s;

        assert_int_equal(parse(&s, pairs, 2), 0);
        assert_int_equal(s.is_replication, cases[i].is_replication);
    }
}

/* Of two the server takes the last one. */
static void
replication_is_said_once(void **state PASU_UNUSED)
{
    const char *const pairs[] = {"user", "kim", "replication", "true", "replication", "false"};
    struct startup s;

    assert_int_equal(parse(&s, pairs, 3), PASU_E_STARTUP_MALFORMED);
}

static void
a_packet_without_a_user_is_refused(void **state PASU_UNUSED)
{
    const char *const pairs[] = {"database", "shop"};
    struct startup s;

    assert_int_equal(parse(&s, pairs, 1), PASU_E_STARTUP_NO_USER);
}

static void
every_truncation_is_refused(void **state PASU_UNUSED)
{
    const char *const pairs[] = {"user", "kim", "database", "shop"};
    uint8_t space[128];
    size_t length = make(space, sizeof(space), pairs, 2);

    for (size_t n = 0; n < length; n++) {
        struct startup s;

        bytes_put_u32(space, (uint32_t)n);
        assert_true(startup_parse(&s, view_of(space, n)) < 0);
    }
}

static void
cancel_keys_of_4_to_256_bytes_are_read(void **state PASU_UNUSED)
{
    uint8_t space[300] = {0}, key[257] = {1, 2, 3};
    struct startup s;

    for (size_t length = 4; length <= 256; length++) {
        struct writer w = writer_of(space, sizeof(space));

        request_cancel(&w, 7, view_of(key, length));
        assert_int_equal(startup_parse(&s, view_of(space, writer_length(&w))), 0);
        assert_int_equal(s.kind, STARTUP_CANCEL);
        assert_int_equal(s.pid, 7);
        assert_true(view_equal(s.key, view_of(key, length)));
    }
    bytes_put_u32(space, 15);
    assert_int_equal(startup_parse(&s, view_of(space, 15)), PASU_E_STARTUP_MALFORMED);
}

static void
lengths_are_checked_before_anything_is_read(void **state PASU_UNUSED)
{
    static const struct {
        uint32_t length;
        int result;
    } cases[] = {{0, PASU_E_STARTUP_MALFORMED},
                 {7, PASU_E_STARTUP_MALFORMED},
                 {8, 8},
                 {10000, 10000},
                 {10001, PASU_E_MESSAGE_TOO_LONG},
                 {UINT32_MAX, PASU_E_STARTUP_MALFORMED}};
    uint8_t first[4];

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bytes_put_u32(first, cases[i].length);
        assert_int_equal(startup_length(first, 65536), cases[i].result);
    }
    bytes_put_u32(first, 5000);
    assert_int_equal(startup_length(first, 4096), PASU_E_MESSAGE_TOO_LONG);
}

static void
other_major_versions_are_refused(void **state PASU_UNUSED)
{
    uint8_t packet[9] = {0, 0, 0, 9, 0, 2, 0, 0, 0};
    struct startup s;

    assert_int_equal(startup_parse(&s, view_of(packet, sizeof(packet))), PASU_E_PROTOCOL_VERSION);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_and_the_database_defaults_to_the_user),
        cmocka_unit_test(of_a_parameter_given_twice_the_last_counts),
        cmocka_unit_test(names_are_cut_as_the_server_cuts_them),
        cmocka_unit_test(replication_is_anything_that_is_not_clearly_false),
        cmocka_unit_test(replication_is_said_once),
        cmocka_unit_test(a_packet_without_a_user_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(cancel_keys_of_4_to_256_bytes_are_read),
        cmocka_unit_test(lengths_are_checked_before_anything_is_read),
        cmocka_unit_test(other_major_versions_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
