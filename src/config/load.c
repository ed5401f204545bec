/* SPDX-License-Identifier: Apache-2.0 */
#include "config/load.h"

#include "base/memory.h"
#include "config/file.h"
#include "config/holder.h"
#include "config/parse.h"

#include <sched.h>

/* Processors that this process may use. */
static unsigned
processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    return count < 1 ? 1 : count > CONFIG_WORKERS_MAX ? CONFIG_WORKERS_MAX : (unsigned)count;
}

static struct holder *
holder_new(struct view text, const char *path, unsigned threads)
{
    struct holder *holder = memory_new(1, sizeof(*holder));
    const char *copy;

    if (holder == NULL)
        return NULL;
    copy = store_dup(&holder->store, text);
    holder->config.path = store_dup(&holder->store, view_of_text(path));
    holder->processors = threads;
    if (copy != NULL && holder->config.path != NULL) {
        holder->text = view_of(copy, text.length);
        return holder;
    }
    config_free(&holder->config);
    return NULL;
}

/* *is_parsed: it is YAML. */
static int
parse_text(struct holder *holder, struct config_faults *faults, bool *is_parsed)
{
    struct store scratch = {0};
    struct parse *parse = store_new(&scratch, 1, sizeof(*parse));
    struct yaml_node *root;
    int r = PASU_E_NOMEM;

    if (parse != NULL)
        r = yaml_parse(&root, &scratch, holder->text, holder->config.path, faults);
    *is_parsed = r == 0;
    if (r == 0) {
        parse->config = &holder->config;
        parse->store = &holder->store;
        parse->scratch = &scratch;
        parse->faults = faults;
        parse->path = holder->config.path;
        parse->processors = holder->processors;
        parse_root(parse, root);
        memory_free(parse->notes);
        if (scratch.failed || holder->store.failed)
            r = PASU_E_NOMEM;
    }
    store_release(&scratch);
    return r;
}

int
holder_parse(struct holder **made, struct view text, const char *path, unsigned threads,
             struct config_faults *faults)
{
    size_t first = faults->count;
    struct holder *holder;
    bool is_parsed;
    int r;

    *made = NULL;
    if (text.length > CONFIG_SIZE_MAX)
        text.length = CONFIG_SIZE_MAX + 1; /* is refused, and not copied whole before */
    holder = holder_new(text, path, threads);
    if (holder == NULL)
        return PASU_E_NOMEM;
    r = parse_text(holder, faults, &is_parsed);
    if (r == 0 || r == PASU_E_CONFIG)
        r = config_faults_end(faults, first, path);
    if (r == 0 || (r == PASU_E_CONFIG && is_parsed))
        *made = holder;
    else
        config_free(&holder->config);
    return r;
}

int
holder_give(struct config **config, struct holder *holder, int result)
{
    *config = result == 0 ? &holder->config : NULL;
    if (result != 0 && holder != NULL)
        config_free(&holder->config);
    return result;
}

int
config_parse(struct config **config, struct view text, const char *path,
             struct config_faults *faults)
{
    struct holder *holder;
    int r = holder_parse(&holder, text, path, processors(), faults);

    return holder_give(config, holder, r);
}

int
config_look(struct config **config, const char *path, struct config_faults *faults)
{
    struct store store = {0};
    struct holder *holder = NULL;
    size_t first = faults->count;
    struct file file;
    int r;

    r = file_read(&file, &store, path, CONFIG_SIZE_MAX);
    if (r == 0) {
        r = holder_parse(&holder, file.bytes, path, processors(), faults);
    } else if (r != PASU_E_NOMEM) {
        config_fault_add(faults, path, 0, 0, file.hint, "the configuration cannot be read: %s",
                         file.error);
        r = config_faults_end(faults, first, path);
    }
    store_release(&store);
    *config = holder != NULL ? &holder->config : NULL;
    return r;
}

int
config_load(struct config **config, const char *path, struct config_faults *faults)
{
    int r = config_look(config, path, faults);

    return holder_give(config, *config != NULL ? holder_of(*config) : NULL, r);
}

void
config_free(struct config *config)
{
    struct holder *holder;

    if (config == NULL)
        return;
    holder = holder_of(config);
    store_release(&holder->store);
    memory_wipe(holder, sizeof(*holder));
    memory_free(holder);
}
