/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts of those who have left: one at once, one for each window, and no attempt uncounted. */
#include "ledger/leavers.h"

#include "ledger/alerts.h"
#include "ledger_place.h"

#include <fcntl.h>

#define WINDOW (LEAVERS_WINDOW_SECONDS * NANOSECONDS_PER_SECOND)

static struct leavers leavers;

static struct place *
start(void **state)
{
    struct place *p = *state;

    begin(p);
    leavers_init(&leavers, &p->records);
    return p;
}

static void
refuse(struct place *p, const char *principal, const char *address)
{
    struct message_refused refused = {.error = PASU_E_LEFT};

    snprintf(refused.principal, sizeof(refused.principal), "%s", principal);
    snprintf(refused.address, sizeof(refused.address), "%s", address);
    assert_int_equal(record_refused(&p->records, &refused), 0);
    leavers_refused(&leavers, &refused);
}

static void
serve(const char *principal)
{
    struct message_ownerless ownerless = {.at = 7};
    struct channel_message message = {.type = MESSAGE_OWNERLESS, .fd = -1};

    snprintf(ownerless.principal, sizeof(ownerless.principal), "%s", principal);
    memcpy(message.body, &ownerless, sizeof(ownerless));
    leavers_ownerless(&leavers, &message);
}

/* All alerts that the ledger has; to be released. */
static struct alerts
found(struct place *p)
{
    struct segment_keys keys = {0};
    struct alerts alerts;
    int segments = openat(p->directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(segments >= 0);
    assert_int_equal(alerts_find(&alerts, &os_real, segments, &keys), 0);
    close(segments);
    return alerts;
}

static void
assert_alert(const struct alerts *alerts, size_t index, const char *rule, uint8_t severity,
             const char *words)
{
    assert_true(index < alerts->count);
    assert_string_equal(alerts->items[index].rule, rule);
    assert_int_equal(alerts->items[index].severity, severity);
    if (!strstr(alerts->items[index].text, words))
        fail_msg("\"%s\" has no \"%s\"", alerts->items[index].text, words);
}

static void
attempts_are_told_once_and_then_by_their_number(void **state)
{
    struct place *p = start(state);
    struct alerts alerts;

    for (int i = 0; i < 5; i++)
        refuse(p, "kim", i < 4 ? "192.0.2.1" : "192.0.2.2");
    refuse(p, "lee", "192.0.2.1");
    now += WINDOW - 1;
    leavers_look(&leavers, now);
    alerts = found(p);
    assert_int_equal(alerts.count, 2);
    assert_alert(&alerts, 0, "leaver", 5,
                 "kim, whose owner has left, has tried to connect, from 192.0.2.1");
    assert_alert(&alerts, 1, "leaver", 5, "lee");
    assert_int_equal(alerts.items[0].about + 1, alerts.items[0].index);
    alerts_release(&alerts);
    now += 1;
    leavers_look(&leavers, now);
    alerts = found(p);
    assert_int_equal(alerts.count, 3); /* lee has not come again */
    assert_alert(&alerts, 2, "leaver", 5,
                 "again tried to connect, 4 times since the last alert, from 192.0.2.2");
    assert_true(alerts.items[2].about > alerts.items[0].about);
    alerts_release(&alerts);
    /* Of lee a window is over: the next attempt is an alert again; of kim another one runs. */
    refuse(p, "lee", "192.0.2.1");
    refuse(p, "kim", "192.0.2.1");
    alerts = found(p);
    assert_int_equal(alerts.count, 4);
    assert_alert(&alerts, 3, "leaver", 5, "lee");
    alerts_release(&alerts);
    leavers_end(&leavers);
    alerts = found(p);
    assert_int_equal(alerts.count, 5);
    assert_alert(&alerts, 4, "leaver", 5, "1 time since");
    alerts_release(&alerts);
    kill_keeper(p);
}

static void
a_service_is_about_the_roster_and_not_confused_with_a_person(void **state)
{
    struct place *p = start(state);
    union payload_body roster = {.roster = {.principals = 7}};
    struct alerts alerts;

    assert_int_equal(record_other(&p->records, SEGMENT_ROSTER, &roster), 0);
    leavers_roster(&leavers);
    refuse(p, "app", "");
    for (int i = 0; i < 3; i++)
        serve("app");
    alerts = found(p);
    assert_int_equal(alerts.count, 2);
    assert_alert(&alerts, 1, "ownerless", 3, "service app goes on");
    assert_int_equal(alerts.items[1].about, chain_size(&p->records.chain) - 4);
    alerts_release(&alerts);
    now += WINDOW;
    leavers_look(&leavers, now);
    alerts = found(p);
    assert_alert(&alerts, 2, "ownerless", 3, "2 times since");
    alerts_release(&alerts);
    now += WINDOW;
    leavers_look(&leavers, now);
    assert_int_equal(leavers.count, 0); /* nothing goes on */
    kill_keeper(p);
}

/* Names that are cut, and more of them than there is room for: what was folded of the oldest is
 * said. */
static void
nobody_is_forgotten_where_there_is_no_room(void **state)
{
    struct place *p = start(state);
    char name[NAME_SIZE];
    struct alerts alerts;

    refuse(p, "first", "192.0.2.1");
    refuse(p, "first", "192.0.2.1");
    for (int i = 0; i < LEAVERS_MAX; i++) {
        now++;
        snprintf(name, sizeof(name), "role%d", i);
        refuse(p, name, "192.0.2.1");
    }
    alerts = found(p);
    assert_int_equal(alerts.count, LEAVERS_MAX + 2);
    assert_alert(&alerts, LEAVERS_MAX + 1, "leaver", 5,
                 "first, whose owner has left, has again tried to connect, 1 time");
    alerts_release(&alerts);
    assert_int_equal(leavers.count, LEAVERS_MAX);
    kill_keeper(p);
}

/* A gate that the network has taken over can leave out the zero. */
static void
texts_without_an_end_are_cut(void **state)
{
    struct place *p = start(state);
    struct message_refused refused = {.error = PASU_E_LEFT};
    struct alerts alerts;

    memset(refused.principal, 'x', sizeof(refused.principal));
    memset(refused.address, '1', sizeof(refused.address));
    leavers_refused(&leavers, &refused);
    leavers_refused(&leavers, &refused);
    leavers_end(&leavers);
    alerts = found(p);
    assert_int_equal(alerts.count, 2);
    assert_alert(&alerts, 1, "leaver", 5, "roster leaver lists");
    alerts_release(&alerts);
    kill_keeper(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(attempts_are_told_once_and_then_by_their_number, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(
            a_service_is_about_the_roster_and_not_confused_with_a_person, make_place, remove_place),
        cmocka_unit_test_setup_teardown(nobody_is_forgotten_where_there_is_no_room, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(texts_without_an_end_are_cut, make_place, remove_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
