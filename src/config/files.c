/* SPDX-License-Identifier: Apache-2.0 */
#include "config/files.h"

#include "config/fault.h"
#include "config/file.h"
#include "config/holder.h"
#include "config/ledger_key.h"
#include "config/pem.h"

#include "base/memory.h"

#include <sys/stat.h>

enum { PASSWORD_MAX = 1000, LABEL_SIZE = 80 };

struct loading {
    struct config *config;
    struct config_faults *faults;
};

/* The file of a key that has one, configured or not. */
static const struct config_file *
file_of(const struct config *config, size_t gateway, enum key_id id)
{
    return (const struct config_file *)(const void *)((const char *)&config->gateways[gateway] +
                                                      config_key_at(id)->place.offset);
}

const struct config_file *
files_find(const struct config *config, size_t gateway, enum key_id id)
{
    const struct config_key *key = config_key_at(id);
    const struct config_file *file;

    if (config_key_rest(config_key_at(KEY_gateway), key) == NULL ||
        (key->type != TYPE_CERTIFICATE && key->type != TYPE_PRIVATE_KEY &&
         key->type != TYPE_AUTHORITIES && key->type != TYPE_PASSWORD))
        return NULL;
    file = file_of(config, gateway, id);
    return file->path != NULL ? file : NULL;
}

struct config_file *
files_slot(struct config *config, size_t gateway, enum key_id id)
{
    const struct config_file *file = files_find(config, gateway, id);

    return file == NULL ? NULL
                        : (struct config_file *)(void *)((char *)&config->gateways[gateway] +
                                                         config_key_at(id)->place.offset);
}

PASU_PRINTF(5, 6)
static void
complain(struct loading *loading, size_t gateway, enum key_id id, const char *hint,
         const char *format, ...)
{
    const struct config_file *file = file_of(loading->config, gateway, id);
    const char *rest = config_key_rest(config_key_at(KEY_gateway), config_key_at(id));
    char label[LABEL_SIZE], text[256];
    va_list arguments;

    if (loading->config->gateway_count == 1)
        snprintf(label, sizeof(label), "gateway.%s", rest);
    else
        snprintf(label, sizeof(label), "gateway[%zu].%s", gateway, rest);
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    config_fault_add(loading->faults, loading->config->path, file->line, file->column, hint,
                     "%s: %s %s", label, file->path, text);
}

/* The first line of the file is the password. */
static const char *
check_password(struct view v)
{
    const uint8_t *end = v.length > 0 ? memchr(v.bytes, '\n', v.length) : NULL;
    size_t length = end != NULL ? (size_t)(end - v.bytes) : v.length;

    if (length > 0 && v.bytes[length - 1] == '\r')
        length--;
    if (length == 0)
        return "has an empty first line, so there is no password in it";
    if (length > PASSWORD_MAX)
        return "has a first line that is too long for a password";
    return memchr(v.bytes, 0, length) != NULL ? "is not a text" : NULL;
}

/* Reads one file and judges it by itself; true if it is fit to be used. */
static bool
load(struct loading *loading, size_t gateway, enum key_id id, struct config_file *file)
{
    static const struct {
        const char *(*check)(struct view bytes);
        const char *hint;
    } kinds[] = {
        [TYPE_CERTIFICATE] = {pem_check_certificates, "write the path of a certificate as PEM"},
        [TYPE_AUTHORITIES] = {pem_check_certificates, "write the path of certificates as PEM"},
        [TYPE_PRIVATE_KEY] = {pem_check_key,
                              "write the path of a private key as PEM, without a passphrase"},
        [TYPE_PASSWORD] = {check_password, "write the password into the first line of the file"},
    };
    enum key_type type = config_key_at(id)->type;
    struct file content;
    const char *fault;
    int r =
        file_read(&content, &holder_of(loading->config)->store, file->path, CONFIG_FILE_SIZE_MAX);

    if (r == PASU_E_NOMEM)
        return false;
    if (r != 0) {
        complain(loading, gateway, id, content.hint, "cannot be read: %s", content.error);
        return false;
    }
    file->bytes = content.bytes;
    if (file->is_secret && (content.mode & (S_IROTH | S_IWOTH)) != 0)
        complain(loading, gateway, id, "take the right away from others: chmod o= FILE",
                 "can be read or written by everybody (its mode is %04o)", (unsigned)content.mode);
    fault = kinds[type].check != NULL ? kinds[type].check(content.bytes) : NULL;
    if (fault != NULL)
        complain(loading, gateway, id, kinds[type].hint, "%s", fault);
    return fault == NULL;
}

static void
check_fit(struct loading *loading, size_t gateway, enum key_id certificate, enum key_id key)
{
    const char *fault = pem_check_fit(file_of(loading->config, gateway, certificate)->bytes,
                                      file_of(loading->config, gateway, key)->bytes);

    if (fault != NULL)
        complain(loading, gateway, key, "write the certificate's own key", "%s", fault);
}

static void
load_gateway(struct loading *loading, size_t gateway)
{
    bool is_fit[KEY_COUNT] = {false};

    for (enum key_id id = 0; id < KEY_COUNT; id++) {
        struct config_file *file = files_slot(loading->config, gateway, id);

        is_fit[id] = file != NULL && load(loading, gateway, id, file);
    }
    if (is_fit[KEY_gateway_tls_certificate] && is_fit[KEY_gateway_tls_key])
        check_fit(loading, gateway, KEY_gateway_tls_certificate, KEY_gateway_tls_key);
    if (is_fit[KEY_gateway_upstream_tls_certificate] && is_fit[KEY_gateway_upstream_tls_key])
        check_fit(loading, gateway, KEY_gateway_upstream_tls_certificate,
                  KEY_gateway_upstream_tls_key);
}

/* A file that is no gateway's. */
static void
load_other(struct loading *loading, struct config_file *file, const char *name,
           const char *(*check)(struct view bytes))
{
    struct file content;
    const char *fault = NULL;
    int r;

    if (file->path == NULL)
        return;
    r = file_read(&content, &holder_of(loading->config)->store, file->path, CONFIG_FILE_SIZE_MAX);
    if (r == 0) {
        file->bytes = content.bytes;
        fault = check != NULL ? check(content.bytes) : NULL;
        if (file->is_secret && (content.mode & (S_IROTH | S_IWOTH)) != 0)
            config_fault_add(loading->faults, loading->config->path, file->line, file->column,
                             "take the right away from others: chmod o= FILE",
                             "%s: %s can be read or written by everybody (its mode is %04o)", name,
                             file->path, (unsigned)content.mode);
    } else if (r != PASU_E_NOMEM) {
        config_fault_add(loading->faults, loading->config->path, file->line, file->column,
                         content.hint, "%s: %s cannot be read: %s", name, file->path,
                         content.error);
    }
    if (fault != NULL)
        config_fault_add(loading->faults, loading->config->path, file->line, file->column,
                         "write the path of certificates as PEM", "%s: %s %s", name, file->path,
                         fault);
}

static void
check_claim_key(struct loading *loading)
{
    const struct config_file *file = &loading->config->sources.claim_key_file;
    uint8_t key[LEDGER_KEY_SIZE];

    if (file->bytes.bytes != NULL && ledger_key_parse(file->bytes, key) != 0)
        config_fault_add(loading->faults, loading->config->path, file->line, file->column,
                         "make one: openssl rand -hex 32 >FILE",
                         "sources.claim_key_file: %s is no key: neither 32 bytes nor 64 hex digits",
                         file->path);
    memory_wipe(key, sizeof(key));
}

void
config_set_roster(struct config *config, struct view borrow_bytes)
{
    config->principals.roster.bytes = borrow_bytes;
}

int
config_read_roster(uint8_t **bytes, size_t *length, const struct config *config,
                   struct config_faults *faults)
{
    const struct config_file *roster = &config->principals.roster;
    struct store store = {0};
    struct file content;
    int result = file_read(&content, &store, roster->path, CONFIG_FILE_SIZE_MAX);

    *bytes = NULL;
    if (result == 0) {
        *bytes = memory_dup(content.bytes.bytes, content.bytes.length);
        *length = content.bytes.length;
        result = *bytes ? 0 : PASU_E_NOMEM;
    } else if (result != PASU_E_NOMEM) {
        config_fault_add(faults, roster->path, 0, 0, content.hint, "the roster cannot be read: %s",
                         content.error);
        result = PASU_E_CONFIG;
    }
    store_release(&store);
    return result;
}

int
config_load_files(struct config *config, struct config_faults *faults)
{
    struct loading loading = {config, faults};
    size_t first = faults->count;

    for (size_t i = 0; i < config->gateway_count; i++)
        load_gateway(&loading, i);
    ledger_keys_load(config, faults);
    /* What is in the roster is for policy/roster.h to judge. */
    load_other(&loading, &config->principals.roster, "principals.roster", NULL);
    load_other(&loading, &config->sources.claim_key_file, "sources.claim_key_file", NULL);
    check_claim_key(&loading);
    load_other(&loading, &config->ledger.publish.ca, "ledger.publish.ca", pem_check_certificates);
    load_other(&loading, &config->alerts.ca, "alerts.ca", pem_check_certificates);
    load_other(&loading, &config->alerts.webhook_secret_file, "alerts.webhook_secret_file", NULL);
    if (holder_of(config)->store.failed)
        return PASU_E_NOMEM;
    return config_faults_end(faults, first, config->path);
}
