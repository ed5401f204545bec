/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain_catalog.h"

#include "cli/complain.h"
#include "cli/probe.h"
#include "cli/progress.h"
#include "gate/past_marks.h"
#include "ledger/control_client.h"
#include "ledger/reader.h"
#include "ledger/take_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <unistd.h>

/* ---- what the ledger has of marks ---- */

static bool
take_no_exposure(void *arg PASU_UNUSED, uint64_t seq PASU_UNUSED, int64_t time PASU_UNUSED,
                 uint64_t session PASU_UNUSED)
{
    return false;
}

/* What is damaged is passed over, as the gate does it. */
static int
read_entries(struct ledger_reader *reader, struct past_marks *past)
{
    struct progress progress = {0};
    int result = 1;

    while (result == 1) {
        struct ledger_entry entry;
        uint64_t done, all;

        result = ledger_reader_next(reader, &entry);
        if (result == 1 && entry.type == LEDGER_MARK) {
            int seen = past_marks_see(past, entry.u.mark);

            result = seen != 0 ? seen : 1;
        } else if (result == 1 && entry.type == LEDGER_CLEARED) {
            int seen = past_marks_clear(past, &entry.u.cleared->mark);

            result = seen != 0 ? seen : 1;
        }
        if (result == PASU_E_CORRUPT)
            result = 1;
        if (result == 1 && progress_is_due(&progress)) {
            ledger_reader_progress(reader, &done, &all);
            progress_show(&progress, "reading the ledger", done, all);
        }
    }
    progress_end(&progress);
    return result;
}

/* The keys are the model's; a ledger that is not there has no marks. */
static int
read_past(const struct ask *ask, struct past_marks *past)
{
    struct segment_keys keys = {0};
    struct ledger_reader *reader = NULL;
    int folder, result;

    (void)ledger_flush(ask->path);
    folder = open(ask->config->ledger.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno == ENOENT ? 0 : PASU_E_DENIED;
    result = take_keys_copy(&keys, ask->config);
    if (result == 0)
        result = ledger_reader_open(&reader, &os_real, folder);
    if (result == 0) {
        ledger_reader_choose(reader, take_no_exposure, NULL);
        ledger_reader_unlock(reader, &keys);
        result = read_entries(reader, past);
        ledger_reader_close(reader);
    }
    segment_keys_release(&keys);
    close(folder);
    return result == PASU_E_NOTFOUND ? 0 : result;
}

/* ---- the snapshot ---- */

static void
take_notice(void *arg, const struct catalog_place *place PASU_UNUSED, int result)
{
    struct explain_catalog *e = arg;

    pthread_mutex_lock(&e->lock);
    e->result = result;
    pthread_cond_signal(&e->told);
    pthread_mutex_unlock(&e->lock);
}

static int
look_up(struct settings *settings, uint32_t gateway)
{
    const struct endpoint *upstream = &settings->config->gateways[gateway].upstream;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct address addresses[UPSTREAM_ADDRESSES_MAX];
    uint32_t count = 0;
    char port[8];

    if (endpoint_address(&addresses[0], upstream) == 0) {
        settings_set_address(settings, gateway, 0, 1, &addresses[0]);
        return 0;
    }
    snprintf(port, sizeof(port), "%u", (unsigned)upstream->port);
    if (getaddrinfo(upstream->host, port, &hints, &found) != 0)
        return PASU_E_NOTFOUND;
    for (const struct addrinfo *a = found; a && count < UPSTREAM_ADDRESSES_MAX; a = a->ai_next)
        if (a->ai_addrlen <= sizeof(addresses[0].u)) {
            addresses[count] = (struct address){.length = a->ai_addrlen};
            memcpy(&addresses[count++].u, a->ai_addr, a->ai_addrlen);
        }
    freeaddrinfo(found);
    for (uint32_t i = 0; i < count; i++)
        settings_set_address(settings, gateway, i, count, &addresses[i]);
    return count > 0 ? 0 : PASU_E_NOTFOUND;
}

static int
await(struct explain_catalog *e, uint32_t gateway, const char *database)
{
    catalog_store_configure(e->store, e->settings);
    e->place = catalog_store_enter(e->store, e->settings, gateway, database);
    if (!e->place)
        return PASU_E_NOMEM;
    pthread_mutex_lock(&e->lock);
    while (e->result == 1)
        pthread_cond_wait(&e->told, &e->lock);
    pthread_mutex_unlock(&e->lock);
    if (e->result == 0)
        e->catalog = catalog_store_get(e->store, e->place);
    return e->result == 0 && !e->catalog ? PASU_E_UNAVAILABLE : e->result;
}

/* The catalog's thread: a connection is there. */
static void
tell_guard(void *arg, uint32_t pid, int fd)
{
    struct explain_catalog *e = arg;

    probe_arrived(&e->settings->config->gateways[e->gateway], e->visit, pid, fd);
}

static int
load(struct explain_catalog *e, struct ask *ask, uint32_t gateway, const char *database,
     struct past_marks *take_past)
{
    struct config *config = ask->config;
    int result;

    e->gateway = gateway;
    e->visit = probe_announce(&config->gateways[gateway], database, 1);
    ask->config = NULL;
    ask->path = NULL;
    result = settings_new(&e->settings, config, 1);
    if (result == 0) {
        snprintf(e->settings->application, sizeof(e->settings->application), PROBE_APPLICATION);
        e->settings->let_in = tell_guard;
        e->settings->let_in_arg = e;
        result = look_up(e->settings, gateway);
    }
    if (result == 0)
        result = catalog_store_new(&e->store, &e->log, take_notice, e);
    if (result != 0) {
        past_marks_release(take_past);
        return result;
    }
    catalog_store_remember(e->store, take_past);
    return await(e, gateway, database);
}

int
explain_catalog_open(struct explain_catalog *e, struct ask *ask, size_t gateway,
                     const char *database)
{
    const struct config_gateway *of = &ask->config->gateways[gateway];
    struct past_marks past = {0};
    char name[CATALOG_NAME_SIZE];
    int result;

    *e = (struct explain_catalog){.result = 1};
    /* Nobody reads this log: what is wrong is the command's to say. */
    e->log = (struct log){.fd = -1, .level = LOG_ERROR, .process = "explain", .os = &os_real};
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->told, NULL);
    snprintf(name, sizeof(name), "%s", of->name);
    result = read_past(ask, &past);
    e->has_marks = result == 0;
    if (!e->has_marks)
        complain("run it as the account that pasu guard runs as",
                 "the ledger in %s cannot be read (%s): tables that personal values were copied to "
                 "are not known",
                 ask->config->ledger.directory, error_text(result));
    result = load(e, ask, (uint32_t)gateway, database ? database : of->inspector.database, &past);
    if (result == 0)
        return 0;
    complain("run: pasu check --connect", "the catalog behind gateway %s cannot be read: %s", name,
             error_text(result));
    return 2;
}

void
explain_catalog_close(struct explain_catalog *e)
{
    catalog_release(e->catalog);
    if (e->store) {
        catalog_store_stop(e->store);
        if (e->place)
            catalog_store_leave(e->store, e->place);
        catalog_store_free(e->store);
    }
    if (e->settings) /* no more of them come */
        probe_arrived(&e->settings->config->gateways[e->gateway], e->visit, 0, -1);
    settings_release(e->settings);
    pthread_cond_destroy(&e->told);
    pthread_mutex_destroy(&e->lock);
}
