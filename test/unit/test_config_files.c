/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a configuration names, and the block of bytes that goes to a process without
 * files. */
#include "config_text.h"

#include "config/ledger_key.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static const char *
path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void
write_file(const char *name, const char *bytes, size_t length, mode_t mode)
{
    FILE *file = fopen(path_of(name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
    assert_int_equal(chmod(path_of(name), mode), 0);
}

static void
write_text(const char *name, const char *text, mode_t mode)
{
    write_file(name, text, strlen(text), mode);
}

/* A new key and a certificate for it, signed by itself. */
static void
write_pair(const char *certificate_name, const char *key_name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    FILE *file;

    assert_non_null(key);
    assert_non_null(certificate);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    file = fopen(path_of(certificate_name), "w");
    assert_non_null(file);
    PEM_write_X509(file, certificate);
    fclose(file);
    file = fopen(path_of(key_name), "w");
    assert_non_null(file);
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    chmod(path_of(key_name), 0600);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static int
make_folder(void **state PASU_UNUSED)
{
    snprintf(folder, sizeof(folder), "/tmp/pasu-test-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    write_pair("a.pem", "a.key");
    write_pair("b.pem", "b.key");
    write_text("password", "secret\nrest\n", 0600);
    write_text("roster.csv", "principal\na\n", 0644);
    return 0;
}

static int
remove_folder(void **state PASU_UNUSED)
{
    static const char *const names[] = {"a.pem", "a.key", "b.pem",      "b.key", "password", "x",
                                        "y",     "z",     "roster.csv", "k",     "l"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        unlink(path_of(names[i]));
    return rmdir(folder);
}

static struct config *
model_in_folder(const char *text)
{
    struct config_faults faults = {0};
    struct config *config;
    int r = config_parse(&config, view_of_text(text), path_of("pasu.yaml"), &faults);

    config_faults_release(&faults);
    assert_int_equal(r, 0);
    return config;
}

#define GATEWAY_WITH(more) "gateway: {listen: a:1, upstream: a:2, " more "}\n"

static const char *const complete = GATEWAY_WITH(
    "tls: {mode: require, certificate: a.pem, key: a.key, client_ca: b.pem}, "
    "upstream_tls: {mode: verify-full, ca: a.pem, certificate: b.pem, key: b.key}, "
    "inspector: {user: u, password_file: password}, workers: auto") "principals: {roster: "
                                                                    "roster.csv}\n";

/* Loading the files of a text finds these faults: "LINE:COLUMN: TEXT\n" with the folder left out.
 */
static void
assert_file_faults(const char *text, const char *wanted)
{
    struct config *config = model_in_folder(text);
    struct config_faults faults = {0};
    char all[2000] = "";
    int r = config_load_files(config, &faults);

    for (size_t i = 0; i < faults.count; i++) {
        const struct config_fault *f = &faults.items[i];
        const char *at = strstr(f->text, folder);
        size_t used = strlen(all), head = at != NULL ? (size_t)(at - f->text) : strlen(f->text);

        snprintf(all + used, sizeof(all) - used, "%u:%u: %.*s%s\n", f->line, f->column, (int)head,
                 f->text, at != NULL ? at + strlen(folder) + 1 : "");
    }
    assert_string_equal(all, wanted);
    assert_int_equal(r, faults.count > 0 ? PASU_E_CONFIG : 0);
    config_faults_release(&faults);
    config_free(config);
}

static void
good_files_are_read(void **state PASU_UNUSED)
{
    struct config_faults faults = {0};
    struct config *config = model_in_folder(complete);
    const struct config_gateway *gateway = &config->gateways[0];

    assert_int_equal(config_load_files(config, &faults), 0);
    assert_true(view_equal(gateway->inspector.password_file.bytes, VIEW("secret\nrest\n")));
    assert_memory_equal(gateway->tls.certificate.bytes.bytes, "-----BEGIN CERT", 15);
    assert_memory_equal(gateway->upstream_tls.key.bytes.bytes, "-----BEGIN PRIVATE", 18);
    assert_true(gateway->tls.client_ca.bytes.length > 0);
    assert_true(view_equal(config->principals.roster.bytes, VIEW("principal\na\n")));
    config_free(config);
}

static void
a_token_is_long_and_nobody_elses(void **state PASU_UNUSED)
{
    static const char *const text = GATEWAY_WITH(
        "workers: 1") "principals: {roster: roster.csv, scim: {listen: 127.0.0.1:8443, "
                      "token_file: x}}\n";
    struct config *config;
    struct config_faults faults = {0};

    write_text("x", "0123456789abcdefghij\n\nanother-token-as-long\n", 0600);
    config = model_in_folder(text);
    assert_int_equal(config_load_files(config, &faults), 0);
    assert_non_null(strstr(config->principals.scim.file, "/ledger/people/scim.csv"));
    config_free(config);
    write_text("x", "0123456789abcdefghij\nshort\n", 0600);
    assert_file_faults(text, "2:77: principals.scim.token_file: x has a token of fewer than 20 "
                             "characters\n");
    write_text("x", "\n", 0600);
    assert_file_faults(text, "2:77: principals.scim.token_file: x has no token\n");
    write_text("x", "0123456789abcdefghij klm\n", 0600);
    assert_file_faults(text,
                       "2:77: principals.scim.token_file: x has a token with other characters "
                       "than letters, digits and signs of ASCII\n");
    write_text("x", "0123456789abcdefghij\n", 0644);
    assert_file_faults(text,
                       "2:77: principals.scim.token_file: x can be read or written by everybody "
                       "(its mode is 0644)\n");
}

static void
a_file_that_is_not_what_it_should_be_is_a_fault(void **state PASU_UNUSED)
{
    assert_file_faults(
        GATEWAY_WITH("tls: {mode: require, certificate: none.pem, key: a.pem},\n"
                     "  inspector: {user: u, password_file: .}"),
        "1:73: gateway.tls.certificate: none.pem cannot be read: No such file or directory\n"
        "1:88: gateway.tls.key: a.pem can be read or written by everybody (its mode is 0644)\n"
        "1:88: gateway.tls.key: a.pem has no private key in it\n"
        "2:39: gateway.inspector.password_file: . cannot be read: it is a folder\n");
    assert_file_faults(GATEWAY_WITH("workers: 1") "principals: {roster: none.csv}\n",
                       "2:22: principals.roster: none.csv cannot be read: No such file or "
                       "directory\n");
    assert_file_faults(GATEWAY_WITH("tls: {mode: require, certificate: a.pem, key: b.key}"),
                       "1:85: gateway.tls.key: b.key does not fit the certificate\n");
    write_text("x", "no certificate\n", 0644);
    write_text("y", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0644);
    write_text("z", "", 0600);
    assert_file_faults(
        GATEWAY_WITH("tls: {mode: off, certificate: x, key: z},\n"
                     "  upstream_tls: {mode: verify-full, ca: y},\n"
                     "  inspector: {user: u, password_file: z}"),
        "1:69: gateway.tls.certificate: x has no certificate in it\n"
        "1:77: gateway.tls.key: z has no private key in it\n"
        "2:41: gateway.upstream_tls.ca: y has a damaged certificate in it\n"
        "3:39: gateway.inspector.password_file: z has an empty first line, so there is no "
        "password in it\n");
}

static void
a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(void **state PASU_UNUSED)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(path_of("x"), "w");
    unsigned char passphrase[] = "secret";

    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), passphrase, 6, NULL, NULL),
                     1);
    fclose(file);
    chmod(path_of("x"), 0600);
    EVP_PKEY_free(key);
    assert_file_faults(
        GATEWAY_WITH("tls: {mode: require, certificate: a.pem, key: x}"),
        "1:85: gateway.tls.key: x is protected by a passphrase, which nobody could enter\n");
}

static void
secrets_belong_to_their_owner(void **state PASU_UNUSED)
{
    write_text("x", "secret\n", 0640);
    assert_file_faults(GATEWAY_WITH("inspector: {user: u, password_file: x}"), "");
    chmod(path_of("x"), 0602);
    assert_file_faults(
        GATEWAY_WITH("inspector: {user: u, password_file: x}"),
        "1:75: gateway.inspector.password_file: x can be read or written by everybody "
        "(its mode is 0602)\n");
    chmod(path_of("x"), 0600);
}

static void
a_file_that_is_too_large_is_not_read(void **state PASU_UNUSED)
{
    write_text("x", "secret\n", 0600);
    assert_int_equal(truncate(path_of("x"), CONFIG_FILE_SIZE_MAX + 1), 0);
    assert_file_faults(
        GATEWAY_WITH("inspector: {user: u, password_file: x}"),
        "1:75: gateway.inspector.password_file: x cannot be read: it is too large\n");
}

static void
each_gateway_has_its_files(void **state PASU_UNUSED)
{
    assert_file_faults("gateway:\n"
                       "- {listen: a:1, upstream: a:2, upstream_tls: {mode: require, ca: a.pem}}\n"
                       "- {listen: a:3, upstream: a:4, upstream_tls: {mode: require, ca: gone}}\n",
                       "3:66: gateway[1].upstream_tls.ca: gone cannot be read: No such file or "
                       "directory\n");
}

#define HEX16       "00112233445566778899aabbccddeeff"
#define KEYED(keys) GATEWAY "ledger: {directory: led, key_file: " keys "}\n"

static void
a_ledgers_key_is_bytes_or_digits_and_its_owners_alone(void **state PASU_UNUSED)
{
    static const char raw[] = "0123456789abcdef0123456789abcde\n";
    uint8_t key[LEDGER_KEY_SIZE];

    write_text("k", HEX16 HEX16 "\n", 0600);
    write_file("l", raw, 32, 0600); /* as many bytes as a key: a newline is one of them */
    assert_file_faults(KEYED("[k, l]"), "");
    assert_int_equal(ledger_key_parse(VIEW(HEX16 HEX16 "\r\n"), key), 0);
    assert_memory_equal(key, "\x00\x11\x22\x33", 4);
    assert_int_equal(ledger_key_parse(view_of(raw, 32), key), 0);
    assert_memory_equal(key, raw, 32);
    assert_int_equal(ledger_key_parse(VIEW(HEX16 HEX16 "\n\n"), key), PASU_E_MALFORMED);
    assert_int_equal(ledger_key_parse(VIEW(HEX16 "0011223344556677 8899aabbccddeef"), key),
                     PASU_E_MALFORMED);
    assert_int_equal(ledger_key_parse(VIEW(""), key), PASU_E_NOTFOUND);
    write_text("k", HEX16 HEX16 "\n", 0640);
    write_text("l", HEX16 "\n", 0600);
    assert_file_faults(KEYED("[k, l, gone]"),
                       "2:37: ledger.key_file[0]: k can be read or written by others (its mode is "
                       "0640)\n"
                       "2:40: ledger.key_file[1]: l is no key: neither 32 bytes nor 64 hex digits\n"
                       "2:43: ledger.key_file[2]: gone cannot be read: No such file or "
                       "directory\n");
    write_text("l", HEX16 HEX16, 0600);
    write_text("k", HEX16 HEX16, 0600);
    assert_file_faults(KEYED("k"), "");
}

static void
a_ledgers_key_is_not_in_its_folder_by_whatever_path(void **state PASU_UNUSED)
{
    char path[128];

    write_text("k", HEX16 HEX16, 0600);
    assert_int_equal(mkdir(path_of("led"), 0700), 0);
    assert_int_equal(mkdir(path_of("ledger"), 0700), 0);
    write_text("ledger/l", HEX16 HEX16, 0600);
    write_text("led/l", HEX16 HEX16, 0600);
    assert_file_faults(KEYED("ledger/l"), "");
    assert_file_faults(KEYED("led/../k"), "");
    assert_file_faults(KEYED("led/l"), "2:36: ledger.key_file: led/l is in the ledger's own "
                                       "folder\n");
    snprintf(path, sizeof(path), "%s", path_of("link"));
    assert_int_equal(symlink(path_of("led/l"), path), 0);
    assert_file_faults(KEYED("link"),
                       "2:36: ledger.key_file: link is in the ledger's own folder\n");
    unlink(path_of("led/l"));
    unlink(path_of("ledger/l"));
    rmdir(path_of("led"));
    rmdir(path_of("ledger"));
    unlink(path);
}

static void
a_ledgers_keys_go_only_to_who_is_meant_to_have_them(void **state PASU_UNUSED)
{
    struct config_faults faults = {0};
    struct config *config, *again;
    uint8_t *bytes;
    size_t length;

    write_text("k", HEX16 HEX16, 0600);
    write_file("l", "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", 32, 0600);
    config = model_in_folder(KEYED("[k, l]") "principals: {roster: roster.csv}\n");
    assert_int_equal(config_load_files(config, &faults), 0);
    assert_int_equal(config_pack_with_keys(&bytes, &length, config), 0);
    assert_int_equal(config_unpack(&again, view_of(bytes, length)), 0);
    assert_int_equal(again->ledger.key_count, 2);
    assert_true(view_equal(again->ledger.keys[0].bytes, VIEW(HEX16 HEX16)));
    assert_true(view_equal(again->ledger.keys[1].bytes, VIEW("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345")));
    config_free(again);
    memory_free(bytes);
    assert_int_equal(config_pack(&bytes, &length, config), 0);
    assert_null(memmem(bytes, length, HEX16, 32));
    assert_null(memmem(bytes, length, "ABCDEFGH", 8));
    assert_int_equal(config_unpack(&again, view_of(bytes, length)), 0);
    assert_int_equal(again->ledger.key_count, 2);
    assert_int_equal(again->ledger.keys[0].bytes.length, 0);
    assert_true(view_equal(again->principals.roster.bytes, VIEW("principal\na\n")));
    config_free(again);
    memory_free(bytes);
    config_free(config);
}

static uint8_t *
packed(size_t *length, const char *text)
{
    struct config_faults faults = {0};
    struct config *config = model_in_folder(text);
    uint8_t *bytes;

    assert_int_equal(config_load_files(config, &faults), 0);
    assert_int_equal(config_pack(&bytes, length, config), 0);
    config_free(config);
    return bytes;
}

static void
what_is_packed_comes_out_the_same(void **state PASU_UNUSED)
{
    struct config *config;
    size_t length;
    uint8_t *bytes = packed(&length, complete);
    const struct config_gateway *gateway;

    assert_int_equal(config_unpack(&config, view_of(bytes, length)), 0);
    memory_free(bytes); /* nothing is borrowed */
    gateway = &config->gateways[0];
    assert_string_equal(config->path, path_of("pasu.yaml"));
    assert_string_equal(gateway->tls.key.path, path_of("a.key"));
    assert_true(view_equal(gateway->inspector.password_file.bytes, VIEW("secret\nrest\n")));
    assert_memory_equal(gateway->upstream_tls.key.bytes.bytes, "-----BEGIN PRIVATE", 18);
    assert_in_range(gateway->workers, 1, CONFIG_WORKERS_MAX);
    assert_true(view_equal(config->principals.roster.bytes, VIEW("principal\na\n")));
    config_free(config);
}

static void
processors_are_counted_where_it_was_packed(void **state PASU_UNUSED)
{
    struct config *config;
    size_t length;
    uint8_t *bytes = packed(&length, GATEWAY);

    assert_int_equal(bytes[8] | bytes[9] | bytes[10], 0);
    bytes[11] = 37;
    assert_int_equal(config_unpack(&config, view_of(bytes, length)), 0);
    assert_int_equal(config->gateways[0].workers, 37);
    config_free(config);
    memory_free(bytes);
}

static void
a_damaged_pack_is_refused(void **state PASU_UNUSED)
{
    struct config *config;
    size_t length;
    uint8_t *bytes = packed(&length, complete);
    uint8_t *longer = memory_resize(bytes, 1, length + 1);

    assert_non_null(longer);
    longer[length] = 0;
    assert_int_equal(config_unpack(&config, view_of(longer, length + 1)), PASU_E_MALFORMED);
    for (size_t cut = 0; cut < length; cut += cut < 600 ? 1 : 97) {
        int r = config_unpack(&config, view_of(longer, cut));

        assert_true(r == PASU_E_MALFORMED || r == PASU_E_CONFIG);
        assert_null(config);
    }
    longer[0] = 'X';
    assert_int_equal(config_unpack(&config, view_of(longer, length)), PASU_E_MALFORMED);
    memory_free(longer);
}

static void
packing_without_memory_is_an_error(void **state PASU_UNUSED)
{
    size_t length;
    uint8_t *bytes = packed(&length, complete);
    int r = PASU_E_NOMEM;

    for (uint64_t nth = 1; r == PASU_E_NOMEM; nth++) {
        struct config *config;

        memory_fail_at(nth);
        r = config_unpack(&config, view_of(bytes, length));
        memory_fail_at(0);
        assert_true((r == 0) == (config != NULL));
        assert_true(r == 0 || r == PASU_E_NOMEM);
        config_free(config);
    }
    memory_free(bytes);
}

/* Whether the second text can take the place of the first, and what is said if not. */
static void
assert_reload(const char *now_text, const char *next_text, const char *wanted)
{
    struct config *now = model_in_folder(now_text), *next = model_in_folder(next_text);
    struct config_faults faults = {0};
    int r = config_reload_check(now, next, &faults);

    assert_int_equal(r, wanted != NULL ? PASU_E_CONFIG : 0);
    assert_int_equal(faults.count, wanted != NULL);
    if (wanted != NULL)
        assert_string_equal(faults.items[0].text, wanted);
    config_faults_release(&faults);
    config_free(now);
    config_free(next);
}

static void
what_needs_a_restart_may_not_change_in_a_reload(void **state PASU_UNUSED)
{
    assert_reload(GATEWAY, GATEWAY, NULL);
    assert_reload(GATEWAY, "gateway: {listen: a:1, upstream: b:1}\nlog: {level: debug}\n", NULL);
    assert_reload(GATEWAY, GATEWAY "user: a\n", "user cannot change while pasu runs");
    assert_reload(GATEWAY "user: a\n", GATEWAY "user: b\n", "user cannot change while pasu runs");
    assert_reload(GATEWAY "user: a\n", GATEWAY "user: a\n", NULL);
    assert_reload(GATEWAY "control: /a/b\n", GATEWAY "ledger: {directory: x}\ncontrol: /a/b\n",
                  "ledger.directory cannot change while pasu runs");
    assert_reload(KEYED("[k, l]"), KEYED("[k, l]"), NULL);
    assert_reload(KEYED("[k, l]"), KEYED("[l, k]"),
                  "ledger.key_file cannot change while pasu runs");
    assert_reload(KEYED("[k, l]"), KEYED("k"), "ledger.key_file cannot change while pasu runs");
    assert_reload(GATEWAY_WITH("workers: 1"), GATEWAY_WITH("workers: 2"),
                  "gateway.workers cannot change while pasu runs");
    assert_reload(GATEWAY_WITH("workers: 1"), GATEWAY_WITH("name: other, workers: 2"), NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_are_read),
        cmocka_unit_test(a_token_is_long_and_nobody_elses),
        cmocka_unit_test(a_file_that_is_not_what_it_should_be_is_a_fault),
        cmocka_unit_test(a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it),
        cmocka_unit_test(secrets_belong_to_their_owner),
        cmocka_unit_test(a_file_that_is_too_large_is_not_read),
        cmocka_unit_test(each_gateway_has_its_files),
        cmocka_unit_test(a_ledgers_key_is_bytes_or_digits_and_its_owners_alone),
        cmocka_unit_test(a_ledgers_key_is_not_in_its_folder_by_whatever_path),
        cmocka_unit_test(a_ledgers_keys_go_only_to_who_is_meant_to_have_them),
        cmocka_unit_test(what_is_packed_comes_out_the_same),
        cmocka_unit_test(processors_are_counted_where_it_was_packed),
        cmocka_unit_test(a_damaged_pack_is_refused),
        cmocka_unit_test(packing_without_memory_is_an_error),
        cmocka_unit_test(what_needs_a_restart_may_not_change_in_a_reload),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
