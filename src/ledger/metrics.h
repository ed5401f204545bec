/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Prometheus is told: numbers, by the list in metrics.def. The gate fills in its own and gives
 * them to the keeper, the keeper adds its own and gives all to the herald, once a second; nobody
 * waits for anybody. Counters begin with the process that counts.
 */
#ifndef PASU_LEDGER_METRICS_H
#define PASU_LEDGER_METRICS_H

#include "base/error.h"

#include <stdint.h>

enum metric {
#define X(name, from, type, unit, metric, label, help) METRIC_##name,
#include "ledger/metrics.def"
#undef X
    METRICS
};
enum metric_from { METRIC_OF_GATE, METRIC_OF_KEEPER };
enum metric_unit { METRIC_COUNT, METRIC_SECONDS, METRIC_TIME, METRIC_RATIO };
enum { METRIC_REASONS = PASU_E_END__ - PASU_E_FIRST__ };

struct message_metrics {
    int64_t at; /* realtime ns; 0: nothing is known yet */
    uint64_t values[METRICS];
    uint64_t refused[METRIC_REASONS]; /* connections, by error: code − PASU_E_FIRST__ */
};

struct metric_word {
    enum metric_from from;
    enum metric_unit unit;
    const char *type, *name, *label, *help;
};
extern const struct metric_word metric_words[METRICS];

#endif
