/* SPDX-License-Identifier: Apache-2.0 */
#include "config/help.h"
#include "config_text.h"

#include <sys/stat.h>
#include <unistd.h>

static void
what_is_not_written_has_its_default(void **state PASU_UNUSED)
{
    struct config *config = model_of(GATEWAY);
    const struct config_gateway *gateway = &config->gateways[0];

    assert_string_equal(config->path, "folder/pasu.yaml");
    assert_int_equal(config->gateway_count, 1);
    assert_string_equal(gateway->name, "gateway");
    assert_int_equal(gateway->line, 1);
    assert_int_equal(gateway->listen_count, 1);
    assert_string_equal(gateway->listen[0].host, "127.0.0.1");
    assert_int_equal(gateway->listen[0].port, 6432);
    assert_int_equal(gateway->upstream.port, 5432);
    assert_int_equal(gateway->tls.mode, TLS_OFF);
    assert_int_equal(gateway->upstream_tls.mode, UPSTREAM_TLS_DISABLE);
    assert_null(gateway->inspector.user);
    assert_false(gateway->proxy_protocol.enabled);
    assert_int_equal(gateway->replication.count, 0);
    assert_in_range(gateway->workers, 1, CONFIG_WORKERS_MAX);
    assert_int_equal(gateway->on_failure, FAILURE_CLOSED);
    assert_int_equal(gateway->limits.handshake_time, 60 * NANOSECONDS_PER_SECOND);
    assert_int_equal(gateway->limits.connections_per_address, 64);
    assert_int_equal(gateway->limits.message_size, 65536);
    assert_int_equal(gateway->limits.drain_time, 30 * NANOSECONDS_PER_SECOND);
    assert_string_equal(config->ledger.directory, "folder/ledger");
    assert_int_equal(config->ledger.durability, DURABILITY_GROUP);
    assert_int_equal(config->ledger.retention, 0);
    assert_string_equal(config->control, "folder/ledger/control.sock");
    assert_null(config->user);
    assert_int_equal(config->log.format, CONFIG_LOG_AUTO);
    assert_int_equal(config->log.level, LOG_INFO);
    assert_true(config->attribution.inject);
    assert_false(config->attribution.shadow);
    assert_int_equal(config->attribution.shadow_persons, 0);
    assert_int_equal(config->attribution.unknown, UNKNOWN_BOUND);
    config_free(config);
}

static void
every_key_of_a_gateway_reaches_the_model(void **state PASU_UNUSED)
{
    struct config *config = model_of(
        "gateway:\n"
        "- name: shop\n"
        "  listen: [\"[::1]:6432\", \"0.0.0.0:6432\", /run/pasu:6432]\n"
        "  upstream: db.example.com:5433\n"
        "  tls: {mode: require, certificate: c.pem, key: ./k.pem, client_ca: /etc/ca.pem}\n"
        "  upstream_tls: {mode: verify-full, ca: ca.pem, certificate: uc.pem, key: uk.pem}\n"
        "  inspector: {user: pasu, password_file: ../pw, database: shop}\n"
        "  proxy_protocol: {listen: 127.0.0.1:6433, from: [10.0.0.0/8, \"fd00::/8\"]}\n"
        "  replication: [backup, mirror]\n"
        "  workers: 3\n"
        "  on_failure: open\n"
        "  limits: {handshake_time: 500ms, connections_per_address: 7, message_size: 1MiB,\n"
        "           drain_time: 0s}\n"
        "- {listen: 127.0.0.1:7432, upstream: /run/postgresql:5432}\n");
    const struct config_gateway *shop = &config->gateways[0], *second = &config->gateways[1];

    assert_int_equal(config->gateway_count, 2);
    assert_string_equal(shop->name, "shop");
    assert_int_equal(shop->line, 2);
    assert_int_equal(shop->listen_count, 3);
    assert_string_equal(shop->listen[0].host, "::1");
    assert_true(shop->listen[2].is_unix);
    assert_string_equal(shop->upstream.host, "db.example.com");
    assert_int_equal(shop->tls.mode, TLS_REQUIRE);
    assert_string_equal(shop->tls.certificate.path, "folder/c.pem");
    assert_string_equal(shop->tls.key.path, "folder/k.pem");
    assert_string_equal(shop->tls.client_ca.path, "/etc/ca.pem");
    assert_int_equal(shop->tls.key.line, 5);
    assert_false(shop->tls.certificate.is_secret);
    assert_true(shop->tls.key.is_secret);
    assert_int_equal(shop->upstream_tls.mode, UPSTREAM_TLS_VERIFY_FULL);
    assert_string_equal(shop->upstream_tls.ca.path, "folder/ca.pem");
    assert_string_equal(shop->upstream_tls.certificate.path, "folder/uc.pem");
    assert_true(shop->upstream_tls.key.is_secret);
    assert_string_equal(shop->inspector.user, "pasu");
    assert_string_equal(shop->inspector.database, "shop");
    assert_string_equal(shop->inspector.password_file.path, "folder/../pw");
    assert_true(shop->inspector.password_file.is_secret);
    assert_true(shop->proxy_protocol.enabled);
    assert_int_equal(shop->proxy_protocol.listen.port, 6433);
    assert_int_equal(shop->proxy_protocol.from_count, 2);
    assert_int_equal(shop->proxy_protocol.from[0].bits, 96 + 8);
    assert_int_equal(shop->proxy_protocol.from[1].bits, 8);
    assert_int_equal(shop->replication.count, 2);
    assert_string_equal(shop->replication.items[1], "mirror");
    assert_int_equal(shop->workers, 3);
    assert_int_equal(shop->on_failure, FAILURE_OPEN);
    assert_int_equal(shop->limits.handshake_time, 500 * NANOSECONDS_PER_MILLISECOND);
    assert_int_equal(shop->limits.connections_per_address, 7);
    assert_int_equal(shop->limits.message_size, 1 << 20);
    assert_int_equal(shop->limits.drain_time, 0);
    assert_string_equal(second->name, "gateway2");
    assert_true(second->upstream.is_unix);
    assert_int_equal(second->tls.mode, TLS_OFF);
    assert_null(second->tls.certificate.path);
    assert_int_equal(second->limits.connections_per_address, 64);
    assert_false(second->proxy_protocol.enabled);
    config_free(config);
}

static void
every_key_of_the_policy_reaches_the_model(void **state PASU_UNUSED)
{
    struct config *config = model_of(config_help_example());
    const struct config_rule *rule = &config->rules[1];

    assert_int_equal(config->ledger.retention, INT64_C(2) * 365 * 86400 * NANOSECONDS_PER_SECOND);
    assert_int_equal(config->log.format, CONFIG_LOG_JSON);
    assert_int_equal(config->subject_count, 2);
    assert_string_equal(config->subjects[0].name, "customer");
    assert_string_equal(config->subjects[0].table, "public.customers");
    assert_int_equal(config->subjects[0].key.count, 1);
    assert_string_equal(config->subjects[0].key.items[0], "id");
    assert_false(config->subjects[0].is_sealed);
    assert_true(config->subjects[1].is_sealed);
    assert_int_equal(config->personal_count, 2);
    assert_string_equal(config->personal[1].subject, "customer");
    assert_int_equal(config->personal[1].field_count, 3);
    assert_string_equal(config->personal[1].fields[2].column, "ordered_at");
    assert_string_equal(config->personal[1].fields[2].field, "order");
    assert_string_equal(config->never.items[0], "public.card_vault");
    assert_int_equal(config->identity.count, 2);
    assert_string_equal(config->principals.roster.path, "folder/roster.csv");
    assert_int_equal(config->principals.actor_from.count, 3);
    assert_string_equal(config->sources.asn_db.path, "folder/asn.mmdb");
    assert_int_equal(config->rule_count, 3);
    assert_string_equal(config->rules[0].reason, "personal data from abroad");
    assert_true(config->rules[0].conditions[0].is_negated);
    assert_string_equal(config->rules[0].conditions[0].name, "country");
    assert_string_equal(config->rules[0].conditions[0].values.items[0], "KR");
    assert_int_equal(config->rules[0].verdict, VERDICT_BLOCK);
    assert_string_equal(rule->name, "night");
    assert_int_equal(rule->condition_count, 3);
    assert_string_equal(rule->conditions[1].name, "hours");
    assert_string_equal(rule->conditions[1].values.items[0], "22:00-06:00");
    assert_int_equal(rule->conditions[2].values.count, 2);
    assert_int_equal(rule->verdict, VERDICT_HOLD);
    assert_null(rule->reason);
    assert_int_equal(rule->durability, DURABILITY_UNSAID);
    assert_int_equal(config->rules[2].durability, DURABILITY_STRICT);
    assert_int_equal(config->budget_count, 2);
    assert_string_equal(config->budgets[0].principal, "analyst");
    assert_null(config->budgets[0].kind);
    assert_int_equal(config->budgets[0].window, WINDOW_HOUR);
    assert_int_equal(config->budgets[0].verdict, VERDICT_BLOCK);
    assert_int_equal(config->budgets[1].subjects, 500000);
    assert_int_equal(config->budgets[1].verdict, VERDICT_ALERT);
    assert_string_equal(config->alerts.webhook, "https://alerts.example.com/pasu");
    assert_int_equal(config->alerts.escalation_count, 2);
    assert_string_equal(config->alerts.escalation[0].to, "on-call");
    assert_int_equal(config->alerts.escalation[0].within, 900 * NANOSECONDS_PER_SECOND);
    config_free(config);
}

static void
truth_values_may_be_written_in_all_the_usual_words(void **state PASU_UNUSED)
{
    static const char *const yes[] = {"on", "yes", "true", "\"on\""};
    static const char *const no[] = {"off", "no", "false"};
    char text[200];

    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        struct config *config;

        snprintf(text, sizeof(text), GATEWAY "attribution: {shadow: %s}\n", yes[i]);
        config = model_of(text);
        assert_true(config->attribution.shadow);
        config_free(config);
    }
    for (size_t i = 0; i < COUNT_OF(no); i++) {
        struct config *config;

        snprintf(text, sizeof(text), GATEWAY "attribution: {inject: %s}\n", no[i]);
        config = model_of(text);
        assert_false(config->attribution.inject);
        config_free(config);
    }
}

static void
paths_begin_at_the_folder_of_the_file(void **state PASU_UNUSED)
{
    static const struct {
        const char *file, *written, *read;
    } cases[] = {
        {"pasu.yaml", "./ledger", "ledger"},
        {"pasu.yaml", "/l", "/l"},
        {"/pasu.yaml", "ledger", "/ledger"},
        {"/etc/pasu/pasu.yaml", "././/x", "/etc/pasu/x"},
        {"../pasu.yaml", "ledger", "../ledger"},
        {"a/pasu.yaml", "./", "a/."},
        {"a/pasu.yaml", "../ledger", "a/../ledger"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config_faults faults = {0};
        struct config *config;
        char text[200];

        snprintf(text, sizeof(text), GATEWAY "ledger: {directory: %s}\n", cases[i].written);
        assert_int_equal(config_parse(&config, view_of_text(text), cases[i].file, &faults), 0);
        assert_string_equal(config->ledger.directory, cases[i].read);
        config_free(config);
    }
}

static void
a_file_that_cannot_be_read_is_a_fault(void **state PASU_UNUSED)
{
    static const char *const paths[] = {"/nonexistent/pasu.yaml", "/tmp", "/dev/zero"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct config_faults faults = {0};
        struct config *config;

        assert_int_equal(config_load(&config, paths[i], &faults), PASU_E_CONFIG);
        assert_null(config);
        assert_int_equal(faults.count, 1);
        assert_string_equal(faults.items[0].path, paths[i]);
        assert_int_equal(faults.items[0].line, 0);
        config_faults_release(&faults);
    }
}

static void
a_file_is_read_whole(void **state PASU_UNUSED)
{
    char path[] = "/tmp/pasu-test-XXXXXX";
    struct config_faults faults = {0};
    struct config *config;
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");

    assert_non_null(file);
    fputs(GATEWAY, file);
    for (int i = 0; i < 100000; i++)
        fputs("# a comment\n", file);
    fputs("log: {level: error}\n", file);
    fclose(file);
    assert_int_equal(config_load(&config, path, &faults), 0);
    assert_int_equal(config->log.level, LOG_ERROR);
    config_free(config);
    unlink(path);
}

/* The Nth allocation fails, for every N: the answer is "no memory" and nothing leaks or crashes. */
static void
running_out_of_memory_is_an_error_like_any_other(void **state PASU_UNUSED)
{
    static const char *const faulty =
        GATEWAY "rules: [{name: a, verdict: blok}, {nam: b}]\nbad: 1\n";
    const char *texts[] = {config_help_example(), faulty};

    for (size_t t = 0; t < COUNT_OF(texts); t++) {
        int r = PASU_E_NOMEM;

        for (uint64_t nth = 1; r == PASU_E_NOMEM || nth < 60; nth++) {
            struct config_faults faults = {0};
            struct config *config;

            assert_true(nth < 10000);
            memory_fail_at(nth);
            r = config_parse(&config, view_of_text(texts[t]), "pasu.yaml", &faults);
            memory_fail_at(0);
            assert_true(r == 0 || r == PASU_E_NOMEM || r == PASU_E_CONFIG);
            assert_true((r == 0) == (config != NULL));
            if (r == 0)
                assert_ptr_equal(texts[t], texts[0]);
            config_free(config);
            config_faults_release(&faults);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_written_has_its_default),
        cmocka_unit_test(every_key_of_a_gateway_reaches_the_model),
        cmocka_unit_test(every_key_of_the_policy_reaches_the_model),
        cmocka_unit_test(truth_values_may_be_written_in_all_the_usual_words),
        cmocka_unit_test(paths_begin_at_the_folder_of_the_file),
        cmocka_unit_test(a_file_that_cannot_be_read_is_a_fault),
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(running_out_of_memory_is_an_error_like_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
