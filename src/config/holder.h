/* SPDX-License-Identifier: Apache-2.0 */
/* What a model keeps beside itself: its memory, and the text it was made from. */
#ifndef PASU_CONFIG_HOLDER_H
#define PASU_CONFIG_HOLDER_H

#include "config/load.h"
#include "config/store.h"

struct holder {
    struct config config; /* what users see */
    struct store store;
    struct view text;    /* of the file, in the store */
    unsigned processors; /* what "auto" threads stood for */
};

static inline struct holder *
holder_of(struct config *config)
{
    return (struct holder *)(void *)((char *)config - offsetof(struct holder, config));
}

static inline const struct holder *
holder_view(const struct config *config)
{
    return (const struct holder *)(const void *)((const char *)config -
                                                 offsetof(struct holder, config));
}

/* config_parse, where "auto" threads are `processors`. The holder, whose `config` is the model, is
 * there also where there are faults, but for want of memory or of any YAML (NULL). */
PASU_MUST_USE int holder_parse(struct holder **holder, struct view text, const char *path,
                               unsigned processors, struct config_faults *faults);
/* Of that, what may be used. */
PASU_MUST_USE int holder_give(struct config **config, struct holder *holder, int result);

#endif
