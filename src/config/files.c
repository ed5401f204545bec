/* SPDX-License-Identifier: Apache-2.0 */
#include "config/files.h"

#include "config/fault.h"
#include "config/file.h"
#include "config/holder.h"
#include "config/ledger_key.h"
#include "config/pem.h"
#include "config/time_zone.h"

#include "base/memory.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSWORD_MAX = 1000, LABEL_SIZE = 80, TOKEN_MIN = 20 };

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
           const char *(*check)(struct view bytes), const char *hint)
{
    struct file content;
    const char *fault = NULL;
    int r;

    if (file->path == NULL)
        return;
    r = file_read(&content, &holder_of(loading->config)->store, file->path,
                  file == &loading->config->principals.roster ? CONFIG_PEOPLE_SIZE_MAX
                                                              : CONFIG_FILE_SIZE_MAX);
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
        config_fault_add(loading->faults, loading->config->path, file->line, file->column, hint,
                         "%s: %s %s", name, file->path, fault);
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

/* One of the roster's two files. `is_new`: it need not be there. */
static int
read_people(struct view *bytes, struct store *store, const char *path, bool is_new,
            struct config_faults *faults)
{
    struct file content;
    int result;

    *bytes = view_of("", 0);
    if (is_new && access(path, F_OK) != 0 && errno == ENOENT)
        return 0;
    result = file_read(&content, store, path, CONFIG_PEOPLE_SIZE_MAX);
    if (result == PASU_E_NOMEM)
        return result;
    if (result != 0) {
        config_fault_add(faults, path, 0, 0, content.hint, "the roster cannot be read: %s",
                         content.error);
        return PASU_E_CONFIG;
    }
    *bytes = content.bytes;
    if (content.bytes.length == 0 || !memchr(content.bytes.bytes, 0, content.bytes.length))
        return 0;
    config_fault_add(faults, path, 1, 0, "write it as UTF-8",
                     "the roster: has a zero byte: it is not a text file in UTF-8");
    return PASU_E_CONFIG;
}

/* The endpoint's part behind the roster's, in new bytes. */
static int
join_people(uint8_t **bytes, size_t *length, struct store *store, const struct config *config,
            struct view roster, struct config_faults *faults)
{
    const struct view mark = VIEW(CONFIG_SCIM_MARK);
    const char *scim = config->principals.scim.file;
    struct view people = {0};
    struct writer w;
    int result = scim != NULL ? read_people(&people, store, scim, true, faults) : 0;
    size_t size = roster.length + people.length + mark.length + 1;

    if (result != 0)
        return result;
    *bytes = memory_new(size, 1);
    if (*bytes == NULL)
        return PASU_E_NOMEM;
    w = writer_of(*bytes, size);
    writer_bytes(&w, roster.bytes, roster.length);
    if (people.length > 0) {
        writer_bytes(&w, mark.bytes, mark.length);
        writer_bytes(&w, people.bytes, people.length);
    }
    *length = writer_length(&w);
    return 0;
}

int
config_read_roster(uint8_t **bytes, size_t *length, const struct config *config,
                   struct config_faults *faults)
{
    struct store store = {0};
    struct view roster;
    int result = read_people(&roster, &store, config->principals.roster.path, false, faults);

    *bytes = NULL;
    if (result == 0)
        result = join_people(bytes, length, &store, config, roster, faults);
    store_release(&store);
    return result;
}

int
config_read_people(uint8_t **bytes, size_t *length, const struct config *config, struct view former,
                   struct config_faults *faults)
{
    const uint8_t *end = former.length > 0 ? memchr(former.bytes, 0, former.length) : NULL;
    struct store store = {0};
    int result;

    *bytes = NULL;
    if (end != NULL)
        former.length = (size_t)(end - former.bytes);
    result = join_people(bytes, length, &store, config, former, faults);
    store_release(&store);
    return result;
}

/* What is in the roster is for policy/roster.h to judge. */
static int
load_roster(struct loading *loading)
{
    struct config *config = loading->config;
    uint8_t *bytes;
    size_t length;
    const char *copy;
    int result;

    load_other(loading, &config->principals.roster, "principals.roster", NULL, "");
    if (config->principals.roster.bytes.bytes == NULL)
        return 0; /* there is none, or its fault has been told */
    result = config_read_roster(&bytes, &length, config, loading->faults);
    if (result != 0)
        return result == PASU_E_CONFIG ? 0 : result; /* told as a fault */
    copy = store_dup(&holder_of(config)->store, view_of(bytes, length));
    config->principals.roster.bytes = view_of(copy, copy ? length : 0);
    memory_free(bytes);
    return copy ? 0 : PASU_E_NOMEM;
}

/* At least one token, and each long enough that nobody guesses it. */
static const char *
check_tokens(struct view v)
{
    size_t length = 0, count = 0;

    if (v.length > 0 && memchr(v.bytes, 0, v.length) != NULL)
        return "is not a text";
    for (size_t i = 0; i <= v.length; i++) {
        if (i < v.length && v.bytes[i] != '\n' && v.bytes[i] != '\r') {
            if (v.bytes[i] <= ' ' || v.bytes[i] > '~')
                return "has a token with other characters than letters, digits and signs of ASCII";
            length++;
            continue;
        }
        if (length > 0 && length < TOKEN_MIN)
            return "has a token of fewer than 20 characters";
        count += length > 0;
        length = 0;
    }
    return count == 0 ? "has no token" : count <= 8 ? NULL : "has more than 8 tokens";
}

/* Of a listener of HTTP, where it has them. */
static void
load_pair(struct loading *loading, struct config_file *certificate, const char *certificate_name,
          struct config_file *key, const char *key_name)
{
    const char *fault;

    load_other(loading, certificate, certificate_name, pem_check_certificates,
               "write the path of a certificate as PEM");
    load_other(loading, key, key_name, pem_check_key,
               "write the path of a private key as PEM, without a passphrase");
    if (certificate->bytes.length == 0 || key->bytes.length == 0)
        return;
    fault = pem_check_fit(certificate->bytes, key->bytes);
    if (fault != NULL)
        config_fault_add(loading->faults, loading->config->path, key->line, key->column,
                         "write the certificate's own key", "%s: %s %s", key_name, key->path,
                         fault);
}

static void
load_scim(struct loading *loading, struct config_scim *scim)
{
    load_other(loading, &scim->token_file, "principals.scim.token_file", check_tokens,
               "write one into it: openssl rand -hex 32");
    load_pair(loading, &scim->certificate, "principals.scim.certificate", &scim->key,
              "principals.scim.key");
}

static void
load_affected(struct loading *loading, struct config_affected *affected)
{
    load_pair(loading, &affected->certificate, "affected.certificate", &affected->key,
              "affected.key");
    load_other(loading, &affected->webhook_secret_file, "affected.webhook_secret_file", NULL, "");
    load_other(loading, &affected->ca, "affected.ca", pem_check_certificates,
               "write the path of certificates as PEM");
}

int
config_load_files(struct config *config, struct config_faults *faults)
{
    static const char *const authorities = "write the path of certificates as PEM";
    struct loading loading = {config, faults};
    size_t first = faults->count;
    int result;

    for (size_t i = 0; i < config->gateway_count; i++)
        load_gateway(&loading, i);
    ledger_keys_load(config, faults);
    time_zone_check(config, faults);
    result = load_roster(&loading);
    load_other(&loading, &config->sources.claim_key_file, "sources.claim_key_file", NULL, "");
    check_claim_key(&loading);
    load_scim(&loading, &config->principals.scim);
    load_affected(&loading, &config->affected);
    load_other(&loading, &config->ledger.publish.ca, "ledger.publish.ca", pem_check_certificates,
               authorities);
    load_other(&loading, &config->alerts.ca, "alerts.ca", pem_check_certificates, authorities);
    load_other(&loading, &config->alerts.webhook_secret_file, "alerts.webhook_secret_file", NULL,
               "");
    load_other(&loading, &config->alerts.email.password_file, "alerts.email.password_file",
               check_password, "write the password into the first line of the file");
    if (result == PASU_E_NOMEM || holder_of(config)->store.failed)
        return PASU_E_NOMEM;
    return config_faults_end(faults, first, config->path);
}
