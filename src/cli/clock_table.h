/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deadlines that the law sets when personal data has leaked, as a table in YAML that a lawyer
 * can correct (contrib/incident/clocks.yaml, which pasu carries, says what its keys mean).
 *
 * Hours run through nights and holidays. Business days are counted in the clock's own time zone:
 * the day itself does not count, nor do Saturdays, Sundays and the holidays, which are days or
 * rules (cli/clock_holiday.h); the deadline is at `until` of the last one. Where the day itself is
 * none, that is what the rule of Form 8-K asks for, too. Time zones are those of the C library's
 * files.
 */
#ifndef PASU_CLI_CLOCK_TABLE_H
#define PASU_CLI_CLOCK_TABLE_H

#include "cli/clock_holiday.h"
#include "config/fault.h"
#include "config/store.h"
#include "ledger/payload.h"

enum { CLOCK_TABLE_MAX = 64, CLOCK_HOLIDAYS_MAX = 4096 };

struct clock_rule {
    const char *name, *law, *to, *source;
    bool is_material;       /* else it runs since the incident is known */
    int64_t within;         /* ns; 0: business days */
    unsigned business_days; /* 0: within */
    unsigned until;         /* minutes since midnight, 1440: the end of the day */
    const char *time_zone;  /* NULL: UTC */
    struct clock_holiday *holidays;
    size_t holiday_count;
};

struct clock_table {
    struct clock_rule *rules;
    size_t count;
    struct store store;
};

/* Reads a table, which `path` names in faults. PASU_E_CONFIG with faults, PASU_E_NOMEM. Release it
 * in any case. */
PASU_MUST_USE int clock_table_parse(struct clock_table *table, struct view text, const char *path,
                                    struct config_faults *faults);
void clock_table_release(struct clock_table *table);
/* When it is due, realtime ns, for what began then. PASU_E_NOTFOUND: there is no such time zone;
 * PASU_E_RANGE: later than can be said, or four years have too few business days. */
PASU_MUST_USE int clock_rule_due(int64_t *due, const struct clock_rule *rule, int64_t since);

#endif
