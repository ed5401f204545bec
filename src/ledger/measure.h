/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's numbers (ledger/metrics.h): counted where it records, looked up once a second where
 * the configuration has `metrics`, and handed to the herald, with those that the gate has told
 * last. What the herald's channel has no room for is left out until the next second. In the keeper.
 */
#ifndef PASU_LEDGER_MEASURE_H
#define PASU_LEDGER_MEASURE_H

#include "ledger/courier.h"
#include "ledger/intake.h"
#include "ledger/message.h"
#include "ledger/metrics.h"

struct measure {
    const struct os *os;
    bool is_wanted;
    struct message_metrics now;
    int64_t look_at, disk_at; /* monotonic: of the next look */
    int64_t gate_at;          /* monotonic: when the gate last told; 0: never */
    int64_t behind_since; /* monotonic: since when the rings have never been empty; 0: they were */
};

void measure_init(struct measure *measure, const struct os *os);
/* What the gate tells. */
void measure_take(struct measure *measure, const struct channel_message *message);
void measure_refused(struct measure *measure, int error);
/* Of the processes: "gate", …. */
void measure_process(struct measure *measure, const struct message_process *process);
/* Once a second: asks the gate, looks, tells the herald. */
void measure_look(struct measure *measure, const struct intake *intake,
                  const struct courier *courier, struct channel *gate, struct channel *herald);

#endif
