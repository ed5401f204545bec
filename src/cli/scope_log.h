/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pasu scope --server-log FILE`: how far the record is the whole of what happened on the server,
 * by the server's own log. The files are read first, then the ledger, of which only the time that
 * they cover is kept.
 */
#ifndef PASU_CLI_SCOPE_LOG_H
#define PASU_CLI_SCOPE_LOG_H

#include "breach/server_match.h"
#include "cli/arguments.h"
#include "cli/json_out.h"
#include "ledger/records.h"

struct scope_log_file {
    const char *name; /* as it was given; "-": standard input */
    enum server_log_format format;
    uint64_t lines, unreadable, zoneless;
    int64_t first, last; /* realtime ns of its lines; 0: there are none */
};

struct scope_log {
    struct server_sessions sessions;
    struct server_match match;
    struct scope_log_file *files;
    size_t file_count;
};

/* Whether the command line can be so; else 2, after a complaint. */
PASU_MUST_USE int scope_log_check(const struct arguments *arguments);
/* Reads the files that the arguments name. 0, or the exit status after a complaint; to be released
 * in any case. The filter must outlive it. */
PASU_MUST_USE int scope_log_read(struct scope_log *log, const struct arguments *arguments,
                                 const struct filter *filter);
void scope_log_release(struct scope_log *log);
/* An evidence_watch_fn of it. */
PASU_MUST_USE int scope_log_note(void *arg, const struct ledger_entry *entry,
                                 const struct records_place *place, bool is_in_ring);
/* The ledger was read. */
void scope_log_end(struct scope_log *log, const struct gaps *gaps);

/* ---- scope_log_view.c ---- */
/* The member "server_log" of "completeness". */
void scope_log_put(struct json_out *out, const struct scope_log *log);
/* Lines of the page; how many. */
size_t scope_log_print(FILE *file, const struct scope_log *log);

#endif
