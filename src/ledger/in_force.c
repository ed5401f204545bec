/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/in_force.h"

#include "base/memory.h"
#include "config/load.h"

#include <openssl/evp.h>

static int
digest(struct view bytes, uint8_t sha256[PAYLOAD_DIGEST_SIZE])
{
    size_t length = PAYLOAD_DIGEST_SIZE;

    return EVP_Q_digest(NULL, "SHA256", NULL, bytes.bytes, bytes.length, sha256, &length) == 1
               ? 0
               : PASU_E_CRYPTO;
}

/* Lines with something on them, behind the first. */
static uint32_t
count_lines(struct view bytes)
{
    uint32_t lines = 0;
    bool is_begun = false;

    for (size_t i = 0; i < bytes.length; i++) {
        bool is_end = bytes.bytes[i] == '\n' || bytes.bytes[i] == '\r';

        lines += !is_end && !is_begun;
        is_begun = !is_end;
    }
    return lines > 0 ? lines - 1 : 0;
}

static int
set_roster(struct in_force *f, struct view roster)
{
    f->has_roster = true;
    f->roster.principals = count_lines(roster);
    return digest(roster, f->roster.digest);
}

int
in_force_of(struct in_force *f, const struct config *config, uint64_t generation)
{
    int result;

    *f = (struct in_force){.durability = config->ledger.durability,
                           .retention = config->ledger.retention,
                           .approvals_within = config->approvals.within,
                           .has_metrics = config->metrics.listen.host[0] != '\0',
                           .policy = {.generation = generation}};
    alert_policy_of(&f->alerts, config);
    result = digest(config_text(config), f->policy.digest);
    if (result == 0)
        result = vocabulary_of_config(&f->vocabulary, config);
    return result == 0 && config->principals.roster.path != NULL
               ? set_roster(f, config->principals.roster.bytes)
               : result;
}

int
in_force_take_roster(struct in_force *f, int fd)
{
    uint8_t *bytes;
    size_t length;
    int result = config_read_fd(&bytes, &length, fd, CONFIG_ROSTER_SIZE_MAX);

    if (result == 0)
        result = set_roster(f, view_of(bytes, length));
    memory_free(bytes);
    return result;
}

int
in_force_record_roster(const struct in_force *f, struct record_keeping *records)
{
    const union payload_body roster = {.roster = f->roster};

    return record_other(records, SEGMENT_ROSTER, &roster);
}

int
in_force_record(const struct in_force *f, struct record_keeping *records)
{
    const union payload_body policy = {.policy = f->policy};
    int result = record_other(records, SEGMENT_POLICY, &policy);

    return result == 0 && f->has_roster ? in_force_record_roster(f, records) : result;
}
