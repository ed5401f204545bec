/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A country's ledger, made up: who reads whom over three years, written by the ledger's own writer.
 * See bench/README.md for the mix. All of it follows from the number of subjects.
 */
#ifndef PASU_BENCH_SCOPE_COUNTRY_H
#define PASU_BENCH_SCOPE_COUNTRY_H

#include "exposure/vocabulary.h"
#include "ledger/segment_writer.h"

enum {
    COUNTRY_PRINCIPALS = 1000,
    COUNTRY_DAYS = 1095,
    COUNTRY_FIRST = 19358, /* 2023-01-01 */
    COUNTRY_SERVICES = 20,
    COUNTRY_BATCHES = 30, /* behind the services; the others are people */
    COUNTRY_HARVESTER = COUNTRY_PRINCIPALS - 1,
    COUNTRY_HARVEST_FIRST = 700, /* day of the first */
    COUNTRY_HARVEST_DAYS = 208,
};

struct country_report {
    uint64_t records, reads, bytes;
};

/* Ends the process where it cannot. `rows`: each read as a line of text, for another database, or
 * NULL. */
void country_write(int segments, uint32_t subjects, FILE *rows, struct country_report *report);

#endif
