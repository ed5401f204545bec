/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tally says, worked out the slow way from the definition: the minute in which each subject
 * was last shown, and every number of unknown persons with its minute.
 */
#ifndef PASU_TEST_TALLY_MODEL_H
#define PASU_TEST_TALLY_MODEL_H

#include "exposure/tally.h"

enum { MODEL_SUBJECTS = 9000, MODEL_UNKNOWN_MAX = 4096 };

struct model {
    uint32_t now;
    struct {
        uint32_t ordinal;
        uint8_t kind;
    } subjects[MODEL_SUBJECTS];
    int64_t last[MODEL_SUBJECTS]; /* -1: never */
    struct {
        uint32_t at;
        uint64_t count;
    } unknown[MODEL_UNKNOWN_MAX];
    size_t unknown_count;
    int64_t alerted[TALLY_WINDOWS]; /* beginning of the window that raised alerts */
    uint64_t told[TALLY_WINDOWS];   /* and the largest limit that it has told of, and one more */
};

/* Forgets everything but which subjects there are. */
void model_clear(struct model *model);
/* The first minute of the window that `now` is in. */
int64_t model_start(uint32_t now, enum tally_window window);
void model_count(const struct model *model, uint64_t known[TALLY_WINDOWS],
                 uint64_t unknown[TALLY_WINDOWS]);
/* As tally_take, by places in `subjects`; row_ends[i]: the row ends with the item. */
void model_take(struct model *model, uint32_t now, const size_t *items, const bool *row_ends,
                size_t count, const struct tally_limits *limits, struct tally_outcome *outcome);
void model_take_unknown(struct model *model, uint32_t now, uint64_t count,
                        const struct tally_limits *limits, struct tally_outcome *outcome);
void model_restore(struct model *model, uint32_t at, const size_t *items, size_t count,
                   uint64_t unknown);

#endif
