/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/settings.h"

#include "base/memory.h"
#include "config/load.h"
#include "gate/tls.h"

int
settings_new(struct settings **settings, struct config *take_config, uint64_t generation)
{
    size_t count = take_config->gateway_count;
    struct settings *s = memory_new(1, sizeof(*s) + count * sizeof(s->gateways[0]));
    struct roster_fault fault;
    int result = 0;

    if (!s) {
        config_free(take_config);
        return PASU_E_NOMEM;
    }
    s->holders = 1;
    s->generation = generation;
    s->config = take_config;
    s->gateway_count = count;
    pthread_mutex_init(&s->lock, NULL);
    result = vocabulary_of_config(&s->vocabulary, take_config);
    if (result == 0 && take_config->principals.roster.path)
        result = roster_parse(&s->roster, take_config->principals.roster.bytes, &fault);
    if (result == 0)
        result = rules_new(&s->rules, take_config, &s->vocabulary);
    for (size_t i = 0; i < take_config->subject_count && result == 0; i++)
        if (take_config->subjects[i].is_sealed)
            s->sealed |= 1u << i;
    if (result == 0)
        known_init(&s->known, take_config);
    for (size_t i = 0; i < count && result == 0; i++) {
        struct gateway *g = &s->gateways[i];

        g->config = &take_config->gateways[i];
        g->index = (uint32_t)i;
        if (g->config->tls.mode != TLS_OFF)
            result = tls_client_context(&g->client_tls, &g->binding, g->config);
        if (result == 0 && g->config->upstream_tls.mode != UPSTREAM_TLS_DISABLE)
            result = tls_server_context(&g->server_tls, g->config);
    }
    if (result != 0) {
        settings_release(s);
        return result;
    }
    *settings = s;
    return 0;
}

struct settings *
settings_hold(struct settings *settings)
{
    settings->holders++;
    return settings;
}

void
settings_release(struct settings *settings)
{
    if (!settings || --settings->holders > 0)
        return;
    for (size_t i = 0; i < settings->gateway_count; i++) {
        SSL_CTX_free(settings->gateways[i].client_tls);
        SSL_CTX_free(settings->gateways[i].server_tls);
    }
    pthread_mutex_destroy(&settings->lock);
    rules_free(settings->rules);
    roster_free(settings->roster);
    config_free(settings->config);
    memory_free(settings);
}

void
settings_current_set(struct settings_current *current, struct settings *settings,
                     struct origins *origins)
{
    struct settings *before;
    struct roster *former;
    struct origins *origins_before;

    pthread_mutex_lock(&current->lock);
    before = current->settings;
    former = current->roster;
    origins_before = current->origins;
    current->settings = settings ? settings_hold(settings) : NULL;
    current->roster = settings ? roster_hold(settings->roster) : NULL;
    current->origins = origins_hold(origins);
    current->turn++;
    pthread_mutex_unlock(&current->lock);
    settings_release(before);
    roster_free(former);
    origins_release(origins_before);
}

void
settings_current_set_roster(struct settings_current *current, struct roster *take_roster)
{
    struct roster *former;

    pthread_mutex_lock(&current->lock);
    former = current->roster;
    current->roster = take_roster;
    current->turn++;
    pthread_mutex_unlock(&current->lock);
    roster_free(former);
}

void
settings_current_set_origins(struct settings_current *current, struct origins *origins)
{
    struct origins *former;

    pthread_mutex_lock(&current->lock);
    former = current->origins;
    current->origins = origins_hold(origins);
    current->turn++;
    pthread_mutex_unlock(&current->lock);
    origins_release(former);
}

void
settings_current_follow(struct settings_current *current, struct settings **settings,
                        struct roster **roster, struct origins **origins, uint64_t *turn)
{
    struct settings *before = *settings;
    struct roster *former = *roster;
    struct origins *origins_before = *origins;

    pthread_mutex_lock(&current->lock);
    *settings = current->settings ? settings_hold(current->settings) : NULL;
    *roster = roster_hold(current->roster);
    *origins = origins_hold(current->origins);
    *turn = current->turn;
    pthread_mutex_unlock(&current->lock);
    settings_release(before);
    roster_free(former);
    origins_release(origins_before);
}

size_t
settings_addresses(struct settings *settings, const struct gateway *gateway,
                   struct address addresses[UPSTREAM_ADDRESSES_MAX])
{
    size_t count;

    pthread_mutex_lock(&settings->lock);
    count = gateway->address_count;
    memcpy(addresses, gateway->addresses, count * sizeof(addresses[0]));
    pthread_mutex_unlock(&settings->lock);
    return count;
}

void
settings_set_address(struct settings *settings, uint32_t gateway, uint32_t index, uint32_t count,
                     const struct address *address)
{
    struct gateway *g;

    if (gateway >= settings->gateway_count || count > UPSTREAM_ADDRESSES_MAX || index >= count)
        return;
    g = &settings->gateways[gateway];
    pthread_mutex_lock(&settings->lock);
    g->addresses[index] = *address;
    if (index == 0 || index >= g->address_count)
        g->address_count = index + 1;
    pthread_mutex_unlock(&settings->lock);
}

void
settings_keep_addresses(struct settings *settings, struct settings *from)
{
    struct address addresses[UPSTREAM_ADDRESSES_MAX];

    for (uint32_t i = 0; i < settings->gateway_count; i++)
        for (size_t k = 0; k < from->gateway_count; k++) {
            size_t count;

            if (!endpoint_equal(&settings->gateways[i].config->upstream,
                                &from->gateways[k].config->upstream))
                continue;
            count = settings_addresses(from, &from->gateways[k], addresses);
            for (uint32_t a = 0; a < count; a++)
                settings_set_address(settings, i, a, (uint32_t)count, &addresses[a]);
            break;
        }
}
