/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/places.h"

#include "cli/complain.h"
#include "policy/origins.h"

static void
complain_database(const struct config *config, const char *path, int error)
{
    const struct config_file *file = path == config->sources.country_db.path
                                         ? &config->sources.country_db
                                         : &config->sources.asn_db;

    complain(sources_hint(error), "%s:%u: %s cannot be read: %s", config->path, file->line, path,
             error_text(error));
}

/* Without one that cannot be read there is still the other. */
static void
open_once(struct places *places)
{
    const struct config *config = places->config;
    const char *country_db, *asn_db, *failed;
    int result;

    if (places->is_open || config == NULL)
        return;
    places->is_open = true;
    country_db = config->sources.country_db.path;
    asn_db = config->sources.asn_db.path;
    while ((result = sources_open(&places->sources, country_db, asn_db, &failed)) != 0) {
        complain_database(config, failed, result);
        if (failed == country_db)
            country_db = NULL;
        else
            asn_db = NULL;
    }
    /* What is named and cannot be read is not answered by another one. */
    if (config->sources.country_db.path != NULL) {
        origins_release(places->sources.carried);
        places->sources.carried = NULL;
    }
}

static void
look_up(const struct places *places, const struct session_info *session, struct origin *source)
{
    *source = (struct origin){.system = session->origin.system};
    memcpy(source->country, session->origin.country, sizeof(session->origin.country));
    if (!session->origin.is_known)
        sources_look_up(&places->sources, session->address, source);
}

void
places_look_up(struct places *places, const struct session_info *session, struct origin *source)
{
    if (!session->origin.is_known)
        open_once(places);
    look_up(places, session, source);
}

static bool
is_at(const void *arg, const struct session_info *session)
{
    const struct places *places = arg;
    struct origin source;

    look_up(places, session, &source);
    return countries_have(&places->countries, &source);
}

int
places_init(struct places *places, const struct config *config, const struct arguments *arguments,
            struct filter *filter)
{
    const char *text = arguments->values[OPTION_country];

    *places = (struct places){.config = config};
    if (text == NULL)
        return 0;
    if (countries_parse(&places->countries, text) != 0) {
        complain(
            "write KR; several as KR,JP; not:KR for all others; none for where it is not known",
            "--country %.64s names no country", text);
        return 2;
    }
    if (config->sources.country_db.path == NULL && !origins_are_carried()) {
        complain("set sources.country_db to a database in MaxMind's format",
                 "nothing says which country an address is in");
        return 2;
    }
    filter->has_place = is_at;
    filter->place = places;
    open_once(places);
    return places->sources.has_countries || places->sources.carried ? 0 : 2;
}

void
places_release(struct places *places)
{
    sources_close(&places->sources);
}
