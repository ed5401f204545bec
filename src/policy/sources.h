/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an address is: its country and autonomous system, by the databases that the configuration's
 * `sources` names, in MaxMind's format (libmaxminddb). They say where a network is registered, and
 * may be wrong or old: what follows is a hint where somebody was, never a proof.
 *
 * Of a country database the members country.iso_code, country_code, or a country of two letters are
 * taken; of one for systems autonomous_system_number, or an asn as "AS64500". What is no two
 * letters, or no number from 1 to 2³² − 1, is not known. The files stay mapped
 * while they are open; who updates them puts another file in the place. Reading is thread-safe.
 */
#ifndef PASU_POLICY_SOURCES_H
#define PASU_POLICY_SOURCES_H

#include "config/load.h"

#include <maxminddb.h>

enum { COUNTRY_SIZE = 3, COUNTRIES_MAX = 300 };

struct origins;

struct sources {
    MMDB_s countries, systems;
    bool has_countries, has_systems;
    struct origins *carried; /* instead of countries; NULL: there is such a database, or none */
};

struct origin {
    char country[COUNTRY_SIZE]; /* ISO 3166-1 alpha-2; "" where it is not known */
    uint32_t system;            /* 0 where it is not known */
};

/* A list of countries as somebody asks for them. */
struct countries {
    char codes[COUNTRIES_MAX][COUNTRY_SIZE];
    size_t count;
    bool has_unknown; /* addresses whose country is not known, too */
    bool is_not;      /* all but these */
};

/* A path may be NULL: then nothing is known of that, but of countries what the program carries
 * (policy/origins.h). Else the errors of the file, PASU_E_MALFORMED
 * where it is no such database; *path is set to the one that failed, and nothing is open. */
PASU_MUST_USE int sources_open(struct sources *sources, const char *country_db, const char *asn_db,
                               const char **failed);
void sources_close(struct sources *sources);
/* Whether the databases that the configuration names can be opened: what is wrong with them is
 * added to the faults. 0, PASU_E_CONFIG, PASU_E_NOMEM. */
PASU_MUST_USE int sources_check(const struct config *config, struct config_faults *faults);
/* Whether the guard needs a table: databases are named, or a rule asks for a country and the
 * program carries one. */
bool sources_are_wanted(const struct config *config);
/* What to do where one of them cannot be. */
const char *sources_hint(int error);
/* Of a database's entry: the country ("" where there is none), the system (0). */
void sources_country(MMDB_entry_s *entry, char country[COUNTRY_SIZE]);
uint32_t sources_system(MMDB_entry_s *entry);
/* Of an address as address_text writes it; nothing is known of "local" and what is none. */
void sources_look_up(const struct sources *sources, const char *address, struct origin *source);
/* The same of an address as 16 bytes, v4 mapped into ::ffff:0:0/96. */
void sources_look_up_bytes(const struct sources *sources, const uint8_t bytes[16],
                           struct origin *source);

/* "KR", "KR,JP", "none" (where it is not known), "not:KR" (all but those known to be there).
 * Letters of either case. PASU_E_MALFORMED. */
PASU_MUST_USE int countries_parse(struct countries *countries, const char *text);
bool countries_have(const struct countries *countries, const struct origin *source);

#endif
