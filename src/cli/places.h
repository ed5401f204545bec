/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where sessions came from, for commands that are asked for it (--country) or print it: what the
 * gate found when they began, which their records say. Sessions of a time when nothing was looked
 * up are looked up in the databases of the configuration's `sources` (policy/sources.h) as they are
 * now, which are opened when they are first needed.
 */
#ifndef PASU_CLI_PLACES_H
#define PASU_CLI_PLACES_H

#include "breach/filter.h"
#include "cli/arguments.h"
#include "config/model.h"
#include "policy/sources.h"

struct places {
    const struct config *config; /* NULL: nothing is known */
    struct sources sources;
    bool is_open;
    struct countries countries; /* of --country */
};

/* Lets the filter ask for --country. The configuration, and this, must outlive the filter. Release
 * it in any case. An exit status; what is wrong is complained about. */
PASU_MUST_USE int places_init(struct places *places, const struct config *config,
                              const struct arguments *arguments, struct filter *filter);
void places_release(struct places *places);
/* Where the session was: as its record says, or, where that says nothing, by the databases as they
 * are now. Nothing is known of what no database is named for, or one that cannot be read, which is
 * complained about once. */
void places_look_up(struct places *places, const struct session_info *session,
                    struct origin *source);

#endif
