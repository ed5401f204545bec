/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/publish.h"

#include "base/memory.h"
#include "config/file.h"
#include "ledger/alert_policy.h"
#include "ledger/note_key.h"
#include "respond/alert_mail.h"
#include "respond/signature.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool
publish_is_wanted(const struct config *config)
{
    const struct config_publish *p = &config->ledger.publish;

    return p->file || p->syslog || p->webhook || p->witness_count > 0 || config->alerts.webhook ||
           config->alerts.syslog || config->alerts.email.server ||
           config->metrics.listen.host[0] != '\0';
}

size_t
publish_count(const struct config *config)
{
    return PUBLISH_WITNESSES + config->ledger.publish.witness_count;
}

const char *
publish_url(const struct config *config, size_t target)
{
    const struct config_publish *p = &config->ledger.publish;

    if (target == PUBLISH_WEBHOOK)
        return p->webhook;
    if (target == PUBLISH_ALERT_WEBHOOK)
        return config->alerts.webhook;
    if (target == PUBLISH_ALERT_EMAIL)
        return config->alerts.email.server;
    return target >= PUBLISH_WITNESSES && target < publish_count(config)
               ? p->witnesses[target - PUBLISH_WITNESSES].url
               : NULL;
}

int
publish_endpoint_of_url(struct endpoint *endpoint, const char *url)
{
    CURLU *parts = curl_url();
    char *host = NULL, *port = NULL;
    int result = parts ? PASU_E_MALFORMED : PASU_E_NOMEM;

    *endpoint = (struct endpoint){.port = 0};
    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
        size_t length = strlen(host);
        bool is_v6 = host[0] == '[' && length > 2;

        if (is_v6)
            host[length - 1] = '\0';
        endpoint->port = (uint16_t)strtoul(port, NULL, 10);
        result = length < sizeof(endpoint->host) && endpoint->port != 0 ? 0 : PASU_E_MALFORMED;
        snprintf(endpoint->host, sizeof(endpoint->host), "%s", is_v6 ? host + 1 : host);
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return result;
}

int
publish_endpoint(const struct config *config, size_t target, struct endpoint *endpoint)
{
    const char *url = publish_url(config, target);
    const char *syslog = target == PUBLISH_SYSLOG         ? config->ledger.publish.syslog
                         : target == PUBLISH_ALERT_SYSLOG ? config->alerts.syslog
                                                          : NULL;

    if (syslog && syslog[0] != '/')
        return endpoint_parse(endpoint, syslog + strlen("udp://"));
    return url ? publish_endpoint_of_url(endpoint, url) : PASU_E_NOTFOUND;
}

/* ---- faults ---- */

struct checking {
    const struct config *config;
    struct config_faults *faults;
    int result;
};

static void
complain(struct checking *c, uint32_t line, const char *hint, const char *text)
{
    config_fault_add(c->faults, c->config->path, line, 0, hint, "%s", text);
    c->result = PASU_E_CONFIG;
}

static void
check_witness(struct checking *c, size_t i)
{
    const struct config_publish *p = &c->config->ledger.publish;
    const struct config_witness *witness = &p->witnesses[i];
    struct note_key key, other;
    struct endpoint endpoint;

    if (note_key_parse(&key, view_of_text(witness->key)) != 0 || key.type != NOTE_KEY_COSIGNATURE)
        complain(c, witness->line,
                 "write NAME+ID+KEY as the witness publishes it; of its keys, that of type 4 "
                 "(Ed25519 cosignatures)",
                 "the key of a witness in ledger.publish.witnesses is no verifier key of one");
    else
        for (size_t k = 0; k < i; k++)
            if (note_key_parse(&other, view_of_text(p->witnesses[k].key)) == 0 &&
                note_key_is(&key, view_of_text(other.name), other.id))
                complain(c, witness->line, "list each witness once",
                         "a witness is in ledger.publish.witnesses twice");
    if (publish_endpoint_of_url(&endpoint, witness->url) != 0 || strpbrk(witness->url, "?#"))
        complain(c, witness->line, "write https://HOST/PATH, without ? and #",
                 "the URL of a witness in ledger.publish.witnesses has no host, or is no prefix");
}

static void
check_file(struct checking *c)
{
    const char *path = c->config->ledger.publish.file, *slash = path ? strrchr(path, '/') : NULL;
    char *folder;

    if (!slash)
        return;
    folder = memory_dup(path, slash == path ? 1 : (size_t)(slash - path));
    if (!folder) {
        c->result = PASU_E_NOMEM;
        return;
    }
    if (slash[1] == '\0' || access(folder, F_OK) != 0)
        complain(c, 0, "write the path of a file in a folder that is there",
                 "ledger.publish.file is not in a folder that can be found");
    else if (file_is_below(folder, c->config->ledger.directory))
        complain(c, 0, "choose another folder, best one that is kept elsewhere",
                 "ledger.publish.file is in the ledger's own folder: who cuts the ledger cuts it, "
                 "too");
    memory_free(folder);
}

/* Whether nothing that is sent there leaves this machine. */
static bool
is_own_machine(const char *url)
{
    struct endpoint endpoint;
    struct address address;
    struct network own4, own6;

    return publish_endpoint_of_url(&endpoint, url) == 0 &&
           endpoint_address(&address, &endpoint) == 0 && network_parse(&own4, "127.0.0.0/8") == 0 &&
           network_parse(&own6, "::1") == 0 &&
           (network_contains(&own4, &address) || network_contains(&own6, &address));
}

static void
check_email(struct checking *c)
{
    const struct config *config = c->config;
    const char *server = config->alerts.email.server;
    bool has_password = config->alerts.email.password_file.path != NULL;

    for (size_t i = 0; i < config->alerts.escalation_count; i++) {
        const struct config_texts *email = &config->alerts.escalation[i].email;

        if (email->count > 0 && !server)
            complain(c, 0, "write alerts.email: {server: …, from: …, to: …}",
                     "alerts.escalation has an address, and there is no alerts.email");
        if (email->count > MAIL_RECIPIENTS_MAX)
            complain(c, 0, "write the address of a list",
                     "alerts.escalation[].email has more than 16");
    }
    if (!server)
        return;
    if (config->alerts.email.to.count > MAIL_RECIPIENTS_MAX)
        complain(c, 0, "write the address of a list", "alerts.email.to has more than 16");
    if ((config->alerts.email.user != NULL) != has_password)
        complain(
            c, 0, "write both, or none",
            "of alerts.email.user and alerts.email.password_file there is one without the other");
    if (config->alerts.email.tls != CONFIG_MAIL_CLEAR)
        return;
    if (strncmp(server, "smtps://", 8) == 0)
        complain(c, 0, "write smtp://, or leave out tls",
                 "alerts.email.tls is off, and the server's URL says smtps");
    else if (!is_own_machine(server))
        complain(c, 0, "leave out tls: off, or send through this machine's own mail server",
                 "alerts.email.tls is off, and the server is not an address of this machine");
    else if (has_password)
        complain(c, 0, "leave out tls: off, or the user and the password",
                 "alerts.email.tls is off, and there is a password, which would pass in the clear");
}

static void
check_alerts(struct checking *c)
{
    const struct config *config = c->config;
    struct view file = config->alerts.webhook_secret_file.bytes;
    uint8_t secret[SIGNATURE_SECRET_MAX];
    struct endpoint endpoint;

    if (config->alerts.webhook && publish_endpoint_of_url(&endpoint, config->alerts.webhook) != 0)
        complain(c, 0, "write https://HOST/PATH", "alerts.webhook has no host");
    if (config->alerts.webhook_secret_file.path && signature_secret(secret, file) < 0)
        complain(c, 0, "write whsec_ and base64, or any text, on its first line: at most 256 bytes",
                 "alerts.webhook_secret_file has no secret");
    memory_wipe(secret, sizeof(secret));
    check_email(c);
    if (config->alerts.escalation_count > ALERT_STEPS_MAX)
        complain(c, 0, "leave some out", "alerts.escalation has more than 16");
}

static bool
is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Codes go there: who reads one on its way is the person whom it is for. */
static void
check_affected(struct checking *c)
{
    const struct config_affected *affected = &c->config->affected;
    uint8_t secret[SIGNATURE_SECRET_MAX];
    struct endpoint endpoint;

    if (!affected->enabled)
        return;
    if (affected->webhook && publish_endpoint_of_url(&endpoint, affected->webhook) != 0)
        complain(c, 0, "write https://HOST/PATH", "affected.webhook has no host");
    else if (affected->webhook && strncmp(affected->webhook, "http://", 7) == 0 &&
             !is_own_machine(affected->webhook))
        complain(c, 0, "write https://, or a server on this machine",
                 "codes would pass to affected.webhook in the clear");
    if (affected->webhook_secret_file.path &&
        signature_secret(secret, affected->webhook_secret_file.bytes) < 0)
        complain(c, 0, "write whsec_ and base64, or any text, on its first line: at most 256 bytes",
                 "affected.webhook_secret_file has no secret");
    memory_wipe(secret, sizeof(secret));
    if (affected->file && !is_folder(affected->file))
        complain(c, 0, "make the folder; the account that pasu runs as must be able to write to it",
                 "affected.file is no folder that can be found");
    else if (affected->file && file_is_below(affected->file, c->config->ledger.directory))
        complain(c, 0, "choose another folder", "affected.file is in the ledger's own folder");
}

int
publish_check(const struct config *config, struct config_faults *faults)
{
    struct checking c = {config, faults, 0};
    const struct config_publish *p = &config->ledger.publish;
    struct endpoint endpoint;

    check_file(&c);
    check_alerts(&c);
    check_affected(&c);
    if (p->webhook && publish_endpoint_of_url(&endpoint, p->webhook) != 0)
        complain(&c, 0, "write https://HOST/PATH", "ledger.publish.webhook has no host");
    if (p->witness_count > PUBLISH_WITNESSES_MAX)
        complain(&c, p->witnesses[PUBLISH_WITNESSES_MAX].line, "leave some out",
                 "ledger.publish.witnesses has more than 16");
    for (size_t i = 0; i < p->witness_count && i < PUBLISH_WITNESSES_MAX; i++)
        check_witness(&c, i);
    return c.result;
}
