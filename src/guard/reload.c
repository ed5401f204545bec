/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include "config/load.h"
#include "config/time_zone.h"
#include "guard/notify.h"
#include "ledger/message.h"
#include "policy/roster.h"
#include "respond/publish.h"

#include <unistd.h>

#define PREPARE_PATIENCE (5 * NANOSECONDS_PER_SECOND)

static void
log_faults(const struct supervisor *v, const struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        LOG_EVENT(&v->log, CONFIG_FAULT, F_TEXT("file", faults->items[i].path),
                  F_UINT("line", faults->items[i].line), F_UINT("column", faults->items[i].column),
                  F_TEXT("fault", faults->items[i].text), F_TEXT("hint", faults->items[i].hint));
}

int
reload_load(struct supervisor *v, struct config **config, const struct config *now)
{
    struct config_faults faults = {0};
    int result = config_load(config, v->path, &faults);

    if (result == 0)
        result = config_load_files(*config, &faults);
    if (result == 0)
        result = roster_check(*config, &faults);
    if (result == 0)
        result = publish_check(*config, &faults);
    if (result == 0)
        result = sourcing_load(v, *config, &faults);
    if (result == 0 && !now) {
        sourcing_commit(v);
        result = time_zone_use(*config);
    }
    if (result == 0 && now)
        result = config_reload_check(now, *config, &faults);
    if (result != 0) {
        log_faults(v, &faults);
        config_free(*config);
        *config = NULL;
    }
    config_faults_release(&faults);
    return result;
}

void
reload_set_log(struct supervisor *v)
{
    bool is_text = v->config->log.format == CONFIG_LOG_LOGFMT ||
                   (v->config->log.format == CONFIG_LOG_AUTO && isatty(STDERR_FILENO));

    v->log.format = is_text ? LOG_LOGFMT : LOG_JSON;
    v->log.level = v->config->log.level;
}

static void
reload_end(struct supervisor *v)
{
    config_free(v->next);
    v->next = NULL;
    notify_send("READY=1");
}

void
reload_refuse(struct supervisor *v, const char *why)
{
    struct message_generation message = {v->next_generation};

    LOG_EVENT(&v->log, CONFIG_REFUSED, F_TEXT("file", v->path), F_TEXT("error", why),
              F_TEXT("hint", "the former configuration stays in force"));
    if (v->next) {
        for (int i = GATE; i <= KEEPER; i++)
            tell(v, &v->children[i], MESSAGE_ABANDON, &message, sizeof(message), -1);
        listeners_close(&v->next_listeners, true);
    }
    reload_end(v);
}

void
reload_begin(struct supervisor *v)
{
    /* Not now is not never: the file may have changed since it was read. */
    v->is_reload_wanted = v->phase < PHASE_DRAINING;
    if (v->phase != PHASE_RUNNING || v->next || v->is_reloading)
        return;
    v->is_reload_wanted = false;
    notify_reloading();
    if (reload_load(v, &v->next, v->config) != 0) {
        reload_refuse(v, error_text(PASU_E_CONFIG));
        return;
    }
    v->next_generation++; /* never used twice: a late answer to a withdrawn offer may still come */
    v->prepare_until = os_monotonic(&os_real) + PREPARE_PATIENCE;
    for (int i = GATE; i <= KEEPER; i++) {
        v->children[i].is_prepared = false;
        tell_config(v, &v->children[i], v->next, v->next_generation);
    }
}

/* Both children can: now the sockets, and then there is no way back. */
void
reload_commit(struct supervisor *v)
{
    struct listeners former = v->listeners;
    const struct log log = v->log;
    bool is_log_other;

    for (int i = GATE; i <= KEEPER; i++)
        if (v->children[i].prepared_error != 0) {
            reload_refuse(v, error_text(v->children[i].prepared_error));
            return;
        }
    if (enrolling_open(v, v->next, 0) != 0) {
        reload_refuse(v, "the SCIM endpoint's socket could not be opened");
        return;
    }
    if (asking_open(v, v->next, 0) != 0) {
        enrolling_drop(v);
        reload_refuse(v, "the socket of the page for persons could not be opened");
        return;
    }
    if (listeners_open(&v->next_listeners, &former, v->next, 0, &v->log) != 0) {
        enrolling_drop(v);
        asking_drop(v);
        reload_refuse(v, "a listening socket could not be opened");
        return;
    }
    v->listeners = v->next_listeners;
    v->next_listeners = (struct listeners){0};
    listeners_close(&former, true);
    config_free(v->config);
    watching_forget(v);
    v->config = v->next;
    v->next = NULL;
    sourcing_commit(v);
    v->generation = v->next_generation;
    reload_set_log(v);
    for (int i = GATE; i <= KEEPER; i++)
        tell_commit(v, i);
    publishing_renew(v);
    enrolling_commit(v);
    enrolling_renew(v);
    asking_commit(v);
    asking_renew(v);
    is_log_other = v->log.format != log.format || v->log.level != log.level;
    detecting_renew(v, is_log_other);
    if (is_log_other)
        indexing_renew(v);
    v->is_reloading = true;
}

void
reload_done(struct supervisor *v)
{
    if (!v->is_reloading)
        return;
    v->is_reloading = false;
    LOG_EVENT(&v->log, CONFIG_RELOADED, F_TEXT("file", v->path),
              F_UINT("generation", v->generation));
    reload_end(v);
}
