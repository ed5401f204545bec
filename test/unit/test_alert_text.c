/* SPDX-License-Identifier: Apache-2.0 */
/* An alert as it is sent: whatever names are made of, JSON stays JSON, and a line one line. */
#include "respond/alert_text.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "random.h"
#include "respond/alert_mail.h"
#include "unit.h"

#include <ctype.h>
#include <jansson.h>

static struct message_delivery
delivery(const char *principal)
{
    struct message_delivery d = {.number = 12,
                                 .alert = 7,
                                 .step = 1,
                                 .ledger = "ledger.example/shop",
                                 .to = "ciso",
                                 .body = {.record = 5,
                                          .session = 0x1234,
                                          .count = 3,
                                          .severity = 5,
                                          .verdict = 4,
                                          .rule = "night",
                                          .text = "look"}};

    snprintf(d.body.principal, sizeof(d.body.principal), "%s", principal);
    return d;
}

static const char *
text_at(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void
a_body_says_what_is_known(void **state PASU_UNUSED)
{
    struct message_delivery d = delivery("bob");
    char *body = alert_body(&d, CONFIG_ALERT_JSON);
    json_t *all = json_loads(body, 0, NULL), *data = json_object_get(all, "data");

    assert_string_equal(text_at(all, "id"), "ledger.example/shop/12");
    assert_string_equal(text_at(all, "type"), "alert.escalated");
    assert_string_equal(text_at(data, "principal"), "bob");
    assert_string_equal(text_at(data, "session"), "0000000000001234");
    assert_string_equal(text_at(data, "severity"), "critical");
    assert_string_equal(text_at(data, "escalated_to"), "ciso");
    assert_int_equal(json_integer_value(json_object_get(data, "alert")), 7);
    assert_int_equal(json_integer_value(json_object_get(data, "count")), 3);
    json_decref(all);
    memory_free(body);
}

static void
structured_data_is_escaped(void **state PASU_UNUSED)
{
    struct message_delivery d = delivery("a\"b]c\\d\ne");
    char data[ALERT_DATA_SIZE];

    alert_data(data, &d);
    assert_non_null(strstr(data, " principal=\"a\\\"b\\]c\\\\d\xef\xbf\xbd"
                                 "e\""));
    assert_int_equal(alert_priority(&d), 13 * 8 + 2);
    assert_null(strchr(data, '\n'));
}

static void
any_bytes_are_sent_whole(void **state PASU_UNUSED)
{
    struct random random = {.state = 3};

    for (int round = 0; round < 3000; round++) {
        struct message_delivery d = delivery("");
        char data[ALERT_DATA_SIZE], line[ALERT_TEXT_SIZE * 3];
        json_t *made[2];

        for (size_t i = 0; i < NAME_SIZE - 1; i++) {
            d.body.principal[i] = (char)(1 + random_below(&random, 255));
            d.body.rule[i] = (char)(1 + random_below(&random, 255));
        }
        for (size_t i = 0; i < ALERT_TEXT_SIZE - 1; i++) {
            d.body.text[i] = (char)(1 + random_below(&random, 255));
            d.to[i] = round % 2 ? ']' : (char)(1 + random_below(&random, 255));
        }
        for (int format = 0; format < 2; format++) {
            char *body = alert_body(&d, (enum config_alert_format)format);

            assert_non_null(body);
            made[format] = json_loads(body, 0, NULL);
            assert_true(json_is_object(made[format]));
            json_decref(made[format]);
            memory_free(body);
        }
        alert_data(data, &d);
        alert_line(line, &d);
        assert_true(strlen(data) + strlen(line) < 3000);
        assert_int_equal(data[strlen(data) - 1], ']');
        for (const char *at = data; *at; at++)
            assert_true((unsigned char)*at >= ' ');
        for (const char *at = line; *at; at++)
            assert_true((unsigned char)*at >= ' ');
    }
}

/* Lines of ASCII of at most 998 characters, ended by CR and LF; names of headers as there are; and
 * behind them base64 alone, whatever names are made of. */
static void
a_mail_is_its_headers_and_base64(void **state PASU_UNUSED)
{
    static const char *const names[] = {"From: ",
                                        "To: ",
                                        "Subject: [pasu] ",
                                        "Date: ",
                                        "Message-ID: <",
                                        "In-Reply-To: <",
                                        "References: <",
                                        "Auto-Submitted: ",
                                        "MIME-Version: ",
                                        "Content-Type: ",
                                        "Content-Transfer-Encoding: "};
    static uint8_t bytes[MAIL_MESSAGE_MAX];
    const char *items[] = {"a@example.com", "b@example.com"};
    const struct config_texts texts = {items, 2};
    struct random random = {.state = 11};
    struct mail_list to;

    mail_list_set(&to, &texts);
    for (unsigned round = 0; round < 2000; round++) {
        struct message_delivery d = delivery("");
        size_t line = 0, at = 0;
        ssize_t length;

        for (uint8_t *byte = (uint8_t *)&d; byte < (uint8_t *)(&d + 1); byte++)
            *byte = (uint8_t)random_below(&random, 256);
        d.step %= 2;
        d.is_own %= 2;
        d.ledger[sizeof(d.ledger) - 1] = d.to[sizeof(d.to) - 1] = '\0';
        length = alert_mail(bytes, sizeof(bytes), &d, "pasu@example.com", &to);
        assert_true(length > 0);
        while (at < (size_t)length) {
            const uint8_t *end = memchr(bytes + at, '\r', (size_t)length - at);
            size_t size = (size_t)(end - (bytes + at));

            assert_non_null(end);
            assert_true(end[1] == '\n' && size <= 998);
            for (size_t i = 0; i < size; i++)
                assert_true(bytes[at + i] >= ' ' && bytes[at + i] < 0x7f);
            if (size == 0) {
                at += 2;
                break;
            }
            if (bytes[at] != ' ') { /* or it goes on: the second recipient */
                line += d.step == 0 && line == 5 ? 2 : 0;
                assert_memory_equal(bytes + at, names[line], strlen(names[line]));
                line++;
            }
            at += size + 2;
        }
        assert_int_equal(line, COUNT_OF(names));
        for (; at < (size_t)length; at++)
            assert_true(bytes[at] == '\r' || bytes[at] == '\n' || bytes[at] == '+' ||
                        bytes[at] == '/' || bytes[at] == '=' || isalnum(bytes[at]));
    }
}

static void
a_deadlines_hint_is_its_incident(void **state PASU_UNUSED)
{
    struct message_delivery d = delivery("");
    char hint[ALERT_HINT_SIZE];

    d.is_own = true;
    alert_hint(hint, &d);
    assert_string_equal(hint, "check the ledger: pasu ledger verify; sign it off: pasu ack 7");
    snprintf(d.body.rule, sizeof(d.body.rule), "deadline");
    alert_hint(hint, &d);
    assert_string_equal(hint, "see what is due: pasu incident show 5; sign it off: pasu ack 7");
}

static void
a_sessions_hint_is_true(void **state PASU_UNUSED)
{
    struct message_delivery d = delivery("");
    char hint[ALERT_HINT_SIZE];

    d.body.session = 0xabc;
    d.body.rows = 3;
    d.body.subjects = 2;
    alert_hint(hint, &d);
    assert_string_equal(hint, "see whom it was shown: pasu scope --session 0000000000000abc; "
                              "end it, where it has not ended yet: pasu kill 0000000000000abc; "
                              "sign it off: pasu ack 7");
    d.body.rows = d.body.subjects = 0;
    d.is_over = true;
    alert_hint(hint, &d);
    assert_string_equal(hint, "see what the session was shown: pasu scope --session "
                              "0000000000000abc; sign it off: pasu ack 7");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_says_what_is_known),
        cmocka_unit_test(structured_data_is_escaped),
        cmocka_unit_test(any_bytes_are_sent_whole),
        cmocka_unit_test(a_sessions_hint_is_true),
        cmocka_unit_test(a_deadlines_hint_is_its_incident),
        cmocka_unit_test(a_mail_is_its_headers_and_base64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
