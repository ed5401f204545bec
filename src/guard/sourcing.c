/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include "base/memory.h"
#include "policy/origins.h"

#include <sys/stat.h>
#include <unistd.h>

#define LOOK_EVERY NANOSECONDS_PER_SECOND

/* What stands at the paths now; false where there is nothing at one of them. */
static bool
look(const struct config *config, struct identity_file files[2])
{
    const char *paths[] = {config->sources.country_db.path, config->sources.asn_db.path};
    bool is_there = true;

    memset(files, 0, 2 * sizeof(files[0]));
    for (int i = 0; i < 2; i++) {
        struct stat st;

        if (paths[i] == NULL)
            continue;
        if (stat(paths[i], &st) != 0)
            is_there = false;
        else
            files[i] = (struct identity_file){st.st_dev, st.st_ino,
                                              st.st_ctim.tv_sec * NANOSECONDS_PER_SECOND +
                                                  st.st_ctim.tv_nsec};
    }
    return is_there;
}

/* *failed: the path of the database that cannot be used. */
static int
make(const struct config *config, int *fd, const char **failed)
{
    struct sources sources;
    uint8_t *bytes;
    size_t length;
    int result = sources_open(&sources, config->sources.country_db.path,
                              config->sources.asn_db.path, failed);

    if (result != 0)
        return result;
    *failed = config->sources.country_db.path ? config->sources.country_db.path
              : config->sources.asn_db.path   ? config->sources.asn_db.path
                                              : "the table of countries that the program carries";
    result = origins_build(&bytes, &length, &sources);
    sources_close(&sources);
    if (result != 0)
        return result;
    *fd = tell_memory("pasu sources", bytes, length);
    memory_free(bytes);
    return *fd >= 0 ? 0 : PASU_E_NOMEM;
}

int
sourcing_load(struct supervisor *v, const struct config *config, struct config_faults *faults)
{
    struct sourced next = {.fd = -1};
    const char *failed = NULL;
    int result = sources_check(config, faults);

    sourcing_drop(&v->next_sources);
    if (result != 0 || !sources_are_wanted(config))
        return result;
    (void)look(config, next.files); /* before it is read: who puts another there is seen later */
    if (v->sources.fd >= 0 && memcmp(next.files, v->sources.files, sizeof(next.files)) == 0)
        next.fd = dup(v->sources.fd);
    else
        result = make(config, &next.fd, &failed);
    if (result == 0 && next.fd < 0)
        result = PASU_E_NOMEM;
    if (result != 0 && result != PASU_E_NOMEM) {
        config_fault_add(faults, config->path, config->sources.country_db.line, 0,
                         sources_hint(result), "sources: %s cannot be used: %s", failed,
                         error_text(result));
        result = PASU_E_CONFIG;
    }
    v->next_sources = next;
    return result;
}

void
sourcing_commit(struct supervisor *v)
{
    sourcing_drop(&v->sources);
    v->sources = v->next_sources;
    v->next_sources.fd = -1;
}

void
sourcing_drop(struct sourced *sources)
{
    if (sources->fd >= 0)
        close(sources->fd);
    *sources = (struct sourced){.fd = -1};
}

void
sourcing_tell(struct supervisor *v)
{
    struct message_generation message = {v->generation};

    if (v->sources.fd >= 0)
        tell(v, &v->children[GATE], MESSAGE_SOURCES, &message, sizeof(message), v->sources.fd);
}

void
sourcing_look(struct supervisor *v, int64_t now)
{
    struct sourced next = {.fd = -1};
    const char *failed = NULL;
    int result;

    if (now < v->sources_at || v->phase != PHASE_RUNNING || v->next || v->is_reloading ||
        !sources_are_wanted(v->config) || !v->children[GATE].is_committed)
        return;
    v->sources_at = now + LOOK_EVERY;
    if (!look(v->config, next.files) ||
        memcmp(next.files, v->sources.files, sizeof(next.files)) == 0 ||
        memcmp(next.files, v->sources.failed, sizeof(next.files)) == 0)
        return; /* or it is being put in place */
    result = make(v->config, &next.fd, &failed);
    if (result != 0) {
        LOG_EVENT(&v->log, SOURCES_FAILED, F_TEXT("file", failed),
                  F_TEXT("error", error_text(result)), F_TEXT("hint", sources_hint(result)));
        memcpy(v->sources.failed, next.files, sizeof(next.files)); /* told once is enough */
        return;
    }
    sourcing_drop(&v->sources);
    v->sources = next;
    LOG_EVENT(&v->log, SOURCES_RELOADED, F_TEXT("country_db", v->config->sources.country_db.path),
              F_TEXT("asn_db", v->config->sources.asn_db.path));
    sourcing_tell(v);
}
