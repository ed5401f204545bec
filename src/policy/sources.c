/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/sources.h"

#include "base/address.h"
#include "policy/origins.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
open_database(MMDB_s *database, bool *has, const char *path)
{
    int result;

    if (path == NULL)
        return 0;
    errno = 0;
    result = MMDB_open(path, MMDB_MODE_MMAP, database);
    *has = result == MMDB_SUCCESS;
    if (*has)
        return 0;
    if (result == MMDB_OUT_OF_MEMORY_ERROR)
        return PASU_E_NOMEM;
    return (result == MMDB_FILE_OPEN_ERROR || result == MMDB_IO_ERROR) && errno != 0
               ? error_from_errno(errno)
               : PASU_E_MALFORMED;
}

int
sources_open(struct sources *s, const char *country_db, const char *asn_db, const char **failed)
{
    int result;

    *s = (struct sources){0};
    *failed = country_db;
    result = open_database(&s->countries, &s->has_countries, country_db);
    if (result != 0)
        return result;
    if (country_db == NULL)
        result = origins_carried(&s->carried);
    if (result != 0)
        return result;
    *failed = asn_db;
    result = open_database(&s->systems, &s->has_systems, asn_db);
    if (result != 0)
        sources_close(s);
    return result;
}

void
sources_close(struct sources *s)
{
    if (s->has_countries)
        MMDB_close(&s->countries);
    if (s->has_systems)
        MMDB_close(&s->systems);
    origins_release(s->carried);
    *s = (struct sources){0};
}

bool
sources_are_wanted(const struct config *config)
{
    if (config->sources.country_db.path != NULL || config->sources.asn_db.path != NULL)
        return true;
    for (size_t r = 0; r < config->rule_count; r++)
        for (size_t i = 0; i < config->rules[r].condition_count; i++)
            if (strcmp(config->rules[r].conditions[i].name, "country") == 0)
                return origins_are_carried();
    return false;
}

const char *
sources_hint(int error)
{
    return *error_hint(error) ? error_hint(error) : "give a file in MaxMind's format (.mmdb)";
}

static int
check_database(const struct config *config, const struct config_file *file, const char *name,
               struct config_faults *faults)
{
    MMDB_s database;
    bool is_open = false;
    int result = open_database(&database, &is_open, file->path);

    if (is_open)
        MMDB_close(&database);
    if (result == 0 || result == PASU_E_NOMEM)
        return result;
    config_fault_add(faults, config->path, file->line, file->column, sources_hint(result),
                     "%s: %s cannot be read: %s", name, file->path, error_text(result));
    return PASU_E_CONFIG;
}

int
sources_check(const struct config *config, struct config_faults *faults)
{
    int countries =
        check_database(config, &config->sources.country_db, "sources.country_db", faults);
    int systems = check_database(config, &config->sources.asn_db, "sources.asn_db", faults);

    return countries == PASU_E_NOMEM || systems == 0 ? countries : systems;
}

/* ---- one address ---- */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static void
address_of(struct address *address, const struct network *one)
{
    *address = (struct address){0};
    if (memcmp(one->base, mapped, sizeof(mapped)) == 0) {
        address->u.v4.sin_family = AF_INET;
        memcpy(&address->u.v4.sin_addr, one->base + sizeof(mapped), 4);
    } else {
        address->u.v6.sin6_family = AF_INET6;
        memcpy(&address->u.v6.sin6_addr, one->base, sizeof(one->base));
    }
}

/* False where nothing is known of it. */
static bool
find(const MMDB_s *database, const struct network *one, MMDB_lookup_result_s *found)
{
    int error = MMDB_SUCCESS;
    struct address address;

    address_of(&address, one);
    *found = MMDB_lookup_sockaddr(database, &address.u.any, &error);
    return error == MMDB_SUCCESS && found->found_entry;
}

/* A text of the entry, without what does not fit. False where there is none. */
static bool
get_text(MMDB_entry_s *entry, const char *const path[], char *text, size_t size)
{
    MMDB_entry_data_s data;

    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
        data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size >= size)
        return false;
    memcpy(text, data.utf8_string, data.data_size);
    text[data.data_size] = '\0';
    return true;
}

static bool
is_code(const char *text)
{
    return isupper((unsigned char)text[0]) && isupper((unsigned char)text[1]) && text[2] == '\0';
}

void
sources_country(MMDB_entry_s *entry, char country[COUNTRY_SIZE])
{
    static const char *const iso[] = {"country", "iso_code", NULL},
                             *const code[] = {"country_code", NULL},
                             *const bare[] = {"country", NULL};

    if (!((get_text(entry, iso, country, COUNTRY_SIZE) ||
           get_text(entry, code, country, COUNTRY_SIZE) ||
           get_text(entry, bare, country, COUNTRY_SIZE)) &&
          is_code(country)))
        memset(country, 0, COUNTRY_SIZE);
}

/* 0 where it is none. */
static uint32_t
system_of(uint64_t number)
{
    return number <= UINT32_MAX ? (uint32_t)number : 0;
}

uint32_t
sources_system(MMDB_entry_s *entry)
{
    static const char *const number[] = {"autonomous_system_number", NULL}, *const named[] = {"asn",
                                                                                              NULL};
    char text[16];
    MMDB_entry_data_s data;

    if (MMDB_aget_value(entry, &data, number) == MMDB_SUCCESS && data.has_data) {
        if (data.type == MMDB_DATA_TYPE_UINT16)
            return data.uint16;
        if (data.type == MMDB_DATA_TYPE_UINT32)
            return data.uint32;
        return data.type == MMDB_DATA_TYPE_UINT64 ? system_of(data.uint64) : 0;
    }
    if (!get_text(entry, named, text, sizeof(text)) || strncmp(text, "AS", 2) != 0 ||
        strspn(text + 2, "0123456789") != strlen(text + 2))
        return 0;
    return system_of(strtoull(text + 2, NULL, 10));
}

static void
look_up(const struct sources *s, const struct network *one, struct origin *source)
{
    MMDB_lookup_result_s found;

    *source = (struct origin){0};
    if (s->carried) {
        struct address of_one;

        address_of(&of_one, one);
        origins_look_up(s->carried, &of_one, source);
    }
    if (s->has_countries && find(&s->countries, one, &found))
        sources_country(&found.entry, source->country);
    if (s->has_systems && find(&s->systems, one, &found))
        source->system = sources_system(&found.entry);
}

void
sources_look_up(const struct sources *s, const char *address, struct origin *source)
{
    struct network one;

    *source = (struct origin){0};
    if (strchr(address, '/') == NULL && network_parse(&one, address) == 0)
        look_up(s, &one, source);
}

void
sources_look_up_bytes(const struct sources *s, const uint8_t bytes[16], struct origin *source)
{
    struct network one = {.bits = 128};

    memcpy(one.base, bytes, sizeof(one.base));
    look_up(s, &one, source);
}

/* ---- lists of countries ---- */

static int
add_country(struct countries *c, const char *word, size_t length)
{
    static const char none[] = "none";

    if (length == sizeof(none) - 1 && memcmp(word, none, length) == 0) {
        c->has_unknown = true;
        return 0;
    }
    if (length != COUNTRY_SIZE - 1 || c->count == COUNTRIES_MAX ||
        !isalpha((unsigned char)word[0]) || !isalpha((unsigned char)word[1]))
        return PASU_E_MALFORMED;
    c->codes[c->count][0] = (char)toupper((unsigned char)word[0]);
    c->codes[c->count][1] = (char)toupper((unsigned char)word[1]);
    c->count++;
    return 0;
}

int
countries_parse(struct countries *c, const char *text)
{
    static const char not [] = "not:";
    int result = 0;

    *c = (struct countries){.is_not = strncmp(text, not, sizeof(not ) - 1) == 0};
    text += c->is_not ? sizeof(not ) - 1 : 0;
    for (bool is_more = true; is_more && result == 0;) {
        size_t length = strcspn(text, ",");

        result = add_country(c, text, length);
        is_more = text[length] == ',';
        text += length + is_more;
    }
    return result;
}

bool
countries_have(const struct countries *c, const struct origin *source)
{
    bool is_named = source->country[0] == '\0' && c->has_unknown;

    for (size_t i = 0; i < c->count && !is_named; i++)
        is_named = strcmp(c->codes[i], source->country) == 0;
    return is_named != c->is_not;
}
