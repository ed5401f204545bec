/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/metrics.h"

const struct metric_word metric_words[METRICS] = {
#define X(name_, from_, type_, unit_, metric_, label_, help_)                                      \
    [METRIC_##name_] = {METRIC_OF_##from_, METRIC_##unit_, #type_, metric_, label_, help_},
#include "ledger/metrics.def"
#undef X
};
