/* SPDX-License-Identifier: Apache-2.0 */
/* When an alert is tried at first, and when its target counts as one that fails. */
#include "base/memory.h"
#include "clock.h"
#include "config_text.h"
#include "respond/state.h"

#include <poll.h>
#include <unistd.h>

#define ALERTS                                                                                     \
    GATEWAY                                                                                        \
    "alerts:\n"                                                                                    \
    "  syslog: udp://logs.example:514\n"                                                           \
    "  email: {server: 'smtps://mail.example:465', from: a@b.example, to: [c@d.example]}\n"

enum { PATIENCE = 6 /* seconds, that names have at first */ };

static const size_t targets[] = {PUBLISH_ALERT_EMAIL, PUBLISH_ALERT_SYSLOG};
static struct herald *h;
static struct channel supervisor; /* its end */
static struct config *config;
static struct os os;

static int
start(void **state PASU_UNUSED)
{
    struct channel_message message = {.type = MESSAGE_DELIVER, .fd = -1};
    struct message_delivery delivery = {.number = 7, .ledger = "a ledger"};
    int ends[2];

    os = os_real;
    os.realtime = os.monotonic = clock_read;
    now = 1000 * NANOSECONDS_PER_SECOND;
    h = memory_new(1, sizeof(*h));
    if (!h || channel_pair(ends) != 0)
        return -1;
    h->os = &os;
    h->log = (struct log){.fd = -1, .level = LOG_ERROR + 1, .os = &os};
    h->keeper.fd = -1;
    channel_init(&h->supervisor, ends[0], message_rules_herald_from_supervisor,
                 message_rules_herald_from_supervisor_count);
    channel_init(&supervisor, ends[1], message_rules_supervisor_from_herald,
                 message_rules_supervisor_from_herald_count);
    config = model_of(ALERTS);
    h->count = publish_count(config);
    assert_int_equal(web_init(&h->web, view_of(NULL, 0)), 0);
    assert_int_equal(herald_alerts_set(h, config), 0);
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        delivery.target = (uint32_t)(targets[i] - PUBLISH_ALERT_WEBHOOK);
        memcpy(message.body, &delivery, sizeof(delivery));
        herald_alerts_take(h, &message);
    }
    return 0;
}

static int
stop(void **state PASU_UNUSED)
{
    channel_close(&h->supervisor);
    channel_close(&supervisor);
    web_post_release(h->posts[PUBLISH_ALERT_EMAIL]);
    memory_free(h->posts[PUBLISH_ALERT_EMAIL]);
    memory_free(h->places[PUBLISH_ALERT_EMAIL].url);
    memory_free(h->mail);
    sink_release(&h->alert_sink);
    web_release(&h->web);
    config_free(config);
    memory_free(h);
    return 0;
}

/* How often the supervisor was asked to look a name up again. */
static int
asked(void)
{
    struct channel_message message;
    int count = 0;

    while (channel_receive(&supervisor, &message) == 0)
        count += message.type == MESSAGE_RESOLVE;
    return count;
}

static void
a_name_that_is_being_looked_up_is_no_failure(void **state PASU_UNUSED)
{
    for (int seconds = 0; seconds < PATIENCE; seconds++) {
        herald_alerts_go(h, now);
        for (size_t i = 0; i < COUNT_OF(targets); i++) {
            assert_int_equal(h->targets[targets[i]].failed_at, 0);
            assert_int_equal(h->targets[targets[i]].due, 0); /* it is sent once there is one */
        }
        later(1);
    }
    assert_int_equal(asked(), 0);
    herald_alerts_go(h, now);
    assert_int_equal(asked(), COUNT_OF(targets));
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        assert_int_equal(h->targets[targets[i]].failed_at, now);
        assert_string_equal(h->targets[targets[i]].error,
                            "the server's name could not be looked up");
    }
    herald_alerts_go(h, now);
    assert_int_equal(asked(), 0); /* not at once again */
    later(1);
    herald_alerts_go(h, now);
    assert_int_equal(asked(), COUNT_OF(targets));
    for (size_t i = 0; i < COUNT_OF(targets); i++)
        assert_true(herald_alerts_wait(h, targets[i])); /* none is lost */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_that_is_being_looked_up_is_no_failure, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
