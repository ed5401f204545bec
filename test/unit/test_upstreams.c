/* SPDX-License-Identifier: Apache-2.0 */
/* Which names are looked up, where several are asked for before the first look-up begins. */
#include "base/memory.h"
#include "guard/upstreams.h"
#include "unit.h"

static const struct config no_gateways; /* what publishes is no gateway's server */
static const struct lookup_rights rights;

/* A number: its look-up needs no process. */
static struct endpoint
server(size_t number)
{
    struct endpoint endpoint = {.port = (uint16_t)(1 + number)};

    snprintf(endpoint.host, sizeof(endpoint.host), "127.0.0.1");
    return endpoint;
}

static size_t
step_all(struct lookup *lookups)
{
    size_t ended = 0;

    for (size_t i = 0; i < LOOKUPS_MAX; i++)
        ended += lookup_step(&lookups[i], &rights, INT64_MAX / 2);
    return ended;
}

static void
every_server_that_was_asked_for_is_looked_up(void **state PASU_UNUSED)
{
    struct lookup *lookups = memory_new(LOOKUPS_MAX, sizeof(*lookups));

    assert_non_null(lookups);
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < LOOKUPS_MAX; i++) {
            const struct endpoint endpoint = server(i);

            lookup_want(lookups, &no_gateways, &endpoint);
        }
        assert_int_equal(step_all(lookups), turn == 0 ? LOOKUPS_MAX : 0); /* once a second */
    }
    assert_true(lookups_are_waiting(lookups));
    memory_free(lookups);
}

static void
only_what_waits_for_nothing_makes_room(void **state PASU_UNUSED)
{
    struct lookup *lookups = memory_new(LOOKUPS_MAX, sizeof(*lookups));
    const struct endpoint more = server(LOOKUPS_MAX);

    assert_non_null(lookups);
    for (size_t i = 0; i < LOOKUPS_MAX; i++)
        lookups[i] = (struct lookup){.endpoint = server(i), .is_wanted = true};
    lookup_want(lookups, &no_gateways, &more);
    for (size_t i = 0; i < LOOKUPS_MAX; i++)
        assert_false(endpoint_equal(&lookups[i].endpoint, &more));
    lookups[7].is_wanted = false;
    lookup_want(lookups, &no_gateways, &more);
    assert_true(endpoint_equal(&lookups[7].endpoint, &more));
    memory_free(lookups);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_server_that_was_asked_for_is_looked_up),
        cmocka_unit_test(only_what_waits_for_nothing_makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
