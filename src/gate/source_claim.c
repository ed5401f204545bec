/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/source_claim.h"

#include "base/memory.h"
#include "config/ledger_key.h"
#include "gate/observer.h"
#include "gate/session.h"
#include "gate/session_rules.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { SIGNATURE_SIZE = 32, SIGNATURE_LEAST = 16, TIME_DIGITS_MAX = 12 };

bool
source_claim_may_count(const struct config *config)
{
    return config->sources.claimed_from.count > 0 && config->sources.claim_key_file.path != NULL;
}

/* ---- the signature ---- */

static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* How many bytes it has; 0: it is none. */
static size_t
read_signature(uint8_t signature[SIGNATURE_SIZE], const char *text)
{
    const size_t size = strlen(text) / 2;

    if (strlen(text) % 2 != 0 || (size != SIGNATURE_SIZE && size != SIGNATURE_LEAST))
        return 0;
    for (size_t i = 0; i < size; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return 0;
        signature[i] = (uint8_t)(high << 4 | low);
    }
    return size;
}

static bool
is_right(const char *text, size_t length, const char *signature, const struct config *config)
{
    uint8_t key[LEDGER_KEY_SIZE], said[SIGNATURE_SIZE], due[EVP_MAX_MD_SIZE];
    const size_t length_said = read_signature(said, signature);
    unsigned size = 0;
    bool is = false;

    if (length_said == 0 || ledger_key_parse(config->sources.claim_key_file.bytes, key) != 0)
        return false;
    if (HMAC(EVP_sha256(), key, sizeof(key), (const uint8_t *)text, length, due, &size) != NULL &&
        size == sizeof(said))
        is = CRYPTO_memcmp(due, said, length_said) == 0;
    memory_wipe(key, sizeof(key));
    memory_wipe(due, sizeof(due));
    return is;
}

/* Seconds since 1970, digits only. */
static bool
is_fresh(struct view text, const struct config *config, int64_t now)
{
    int64_t seconds = 0, age;

    if (text.length == 0 || text.length > TIME_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        seconds = seconds * 10 + (text.bytes[i] - '0');
    }
    age = now / NANOSECONDS_PER_SECOND - seconds;
    return (age < 0 ? -age : age) <= config->sources.claim_age / NANOSECONDS_PER_SECOND;
}

/* ---- claims ---- */

/* `signature` NULL: there is none; `time`: what stands before it and its semicolon. */
static enum source_doubt
doubt_of(const char *text, struct view time, const char *signature, const struct config *config,
         int64_t now)
{
    if (signature == NULL)
        return SOURCE_UNSIGNED;
    if (!is_right(text, (size_t)(signature - text), signature + 1, config))
        return SOURCE_WRONG;
    return is_fresh(time, config, now) ? SOURCE_NO_DOUBT : SOURCE_STALE;
}

void
source_claim_read(struct source_claim *claim, const char *text, const struct config *config,
                  int64_t now)
{
    const char *time = strchr(text, ';'), *signature = time ? strchr(time + 1, ';') : NULL;
    size_t length = time ? (size_t)(time - text) : strlen(text);
    char address[EXPOSURE_SOURCE_MAX];

    *claim = (struct source_claim){0};
    if (text[0] == '\0')
        return;
    snprintf(address, sizeof(address), "%.*s", (int)length, text);
    /* "local" is no place where a user of somebody else's can be. */
    if (length >= sizeof(address) || strcmp(address, "local") == 0 ||
        address_parse(&claim->address, address) != 0) {
        claim->address = (struct address){0};
        claim->doubt = SOURCE_NOWHERE;
        memcpy(claim->text, "?", sizeof("?"));
        return;
    }
    address_text(claim->text, sizeof(claim->text), &claim->address);
    if (!source_claim_may_count(config))
        return;
    claim->doubt = doubt_of(
        text, signature ? view_of(time + 1, (size_t)(signature - time) - 1) : view_of(text, 0),
        signature, config, now);
    claim->is_signed = claim->doubt == SOURCE_NO_DOUBT;
}

const char *
source_claim_trouble(const struct source_claim *claim)
{
    static const char *const troubles[] = {
        [SOURCE_NO_DOUBT] = "",
        [SOURCE_NOWHERE] = "; what was said of where its user is is no address",
        [SOURCE_UNSIGNED] = "; the address that was said of its user is not signed",
        [SOURCE_WRONG] = "; the signature of the address that was said of its user is wrong",
        [SOURCE_STALE] = "; the signature of the address that was said of its user is too old, or "
                         "ahead of the gateway's clock (sources.claim_age)",
    };

    return claim->text[0] == '\0' ? "" : troubles[claim->doubt];
}

static bool
reads_any(const struct session *s)
{
    return s->settings->config->sources.claimed_from.count > 0;
}

void
source_claim_begin(struct session *s)
{
    struct actor *a = &s->observer->actor;

    if (PASU_LIKELY(!reads_any(s)))
        return;
    if (a->came == 0)
        a->came = os_realtime(s->worker->os);
    a->begun = approval_is_over(s) ? s->observer->approval.begun : a->came;
}

int64_t
source_claim_moment(const struct session *s)
{
    const struct actor *a = &s->observer->actor;

    return a->is_asking && a->begun != 0 && !approval_is_over(s) ? a->begun
                                                                 : os_realtime(s->worker->os);
}

void
source_claim_asked(struct session *s)
{
    struct exchange_request *request;

    if (PASU_LIKELY(!reads_any(s)))
        return;
    request = exchange_newest(&s->observer->exchange);
    if (request && request->begun == 0)
        request->begun = s->observer->actor.begun;
}

/* When what is being asked, or answered, began; what is neither is now. */
static int64_t
begun(const struct session *s)
{
    const struct observer *o = s->observer;
    const struct exchange_request *request = exchange_first(&o->exchange);
    int64_t at = o->actor.is_asking ? o->actor.begun : request ? request->begun : 0;

    return at != 0 ? at : os_realtime(s->worker->os);
}

void
source_claim_now(const struct session *s, struct source_claim *claim)
{
    const char *text = reads_any(s) ? actor_source(s) : "";

    if (PASU_UNLIKELY(text[0] != '\0'))
        source_claim_read(claim, text, session_rules_settings(s)->config, begun(s));
    else
        *claim = (struct source_claim){0};
}
