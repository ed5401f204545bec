/* SPDX-License-Identifier: Apache-2.0 */
/* What may change while pasu runs. */
#include "config/fault.h"
#include "config/key.h"

static const char *
text_at(const void *slot)
{
    const char *text;

    memcpy(&text, slot, sizeof(text));
    return text;
}

static bool
is_same_list(const struct config_file *one, size_t count, const struct config_file *other,
             size_t other_count)
{
    for (size_t i = 0; i < count && i < other_count; i++)
        if (strcmp(one[i].path, other[i].path) != 0)
            return false;
    return count == other_count;
}

static bool
is_same_texts(const struct config_texts *one, const struct config_texts *other)
{
    for (size_t i = 0; i < one->count && i < other->count; i++)
        if (strcmp(one->items[i], other->items[i]) != 0)
            return false;
    return one->count == other->count;
}

/* Whether a key has the same value in two structs. Keys that need a restart are texts, plain values
 * or the ledger's keys, and one is a list of texts. */
static bool
is_same(const struct config_key *key, const void *a, const void *b)
{
    const uint8_t *one = (const uint8_t *)a + key->place.offset;
    const uint8_t *other = (const uint8_t *)b + key->place.offset;
    const char *text, *other_text;

    if (key->type != TYPE_PATH && key->type != TYPE_ACCOUNT && key->type != TYPE_TIME_ZONE)
        return memcmp(one, other, key->place.size) == 0;
    text = text_at(one);
    other_text = text_at(other);
    if (text == NULL || other_text == NULL)
        return text == other_text;
    return strcmp(text, other_text) == 0;
}

static const struct config_gateway *
gateway_of_name(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->gateway_count; i++)
        if (strcmp(config->gateways[i].name, name) == 0)
            return &config->gateways[i];
    return NULL;
}

static void
complain(struct config_faults *faults, const struct config *config, uint32_t line, const char *key)
{
    config_fault_add(faults, config->path, line, 0, "restart pasu, or write the old value again",
                     "%s cannot change while pasu runs", key);
}

int
config_reload_check(const struct config *now, const struct config *next,
                    struct config_faults *faults)
{
    size_t first = faults->count;

    for (enum key_id id = 0; id < KEY_COUNT; id++) {
        const struct config_key *key = config_key_at(id);

        if (!key->needs_restart)
            continue;
        if (id == KEY_ledger_key_file) {
            if (!is_same_list(now->ledger.keys, now->ledger.key_count, next->ledger.keys,
                              next->ledger.key_count))
                complain(faults, next, 0, key->path);
            continue;
        }
        if (id == KEY_approvals_approvers) {
            if (!is_same_texts(&now->approvals.approvers, &next->approvals.approvers))
                complain(faults, next, 0, key->path);
            continue;
        }
        if (config_key_rest(config_key_at(KEY_gateway), key) == NULL) {
            if (!is_same(key, now, next))
                complain(faults, next, 0, key->path);
            continue;
        }
        for (size_t i = 0; i < next->gateway_count; i++) {
            const struct config_gateway *gateway = &next->gateways[i];
            const struct config_gateway *before = gateway_of_name(now, gateway->name);

            if (before != NULL && !is_same(key, before, gateway))
                complain(faults, next, gateway->line, key->path);
        }
    }
    return config_faults_end(faults, first, next->path);
}
