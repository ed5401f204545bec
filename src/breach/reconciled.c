/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/reconciled.h"

static struct reconciled_place *
place_of(struct reconciled *r, const struct message_census *census)
{
    struct reconciled_place *place;

    for (size_t p = 0; p < r->place_count; p++)
        if (strcmp(r->places[p].database, census->database) == 0 &&
            strcmp(r->places[p].gateway, census->gateway) == 0)
            return &r->places[p];
    if (r->place_count == RECONCILED_PLACES_MAX)
        return NULL;
    place = &r->places[r->place_count++];
    *place = (struct reconciled_place){0};
    memcpy(place->gateway, census->gateway, sizeof(place->gateway));
    memcpy(place->database, census->database, sizeof(place->database));
    return place;
}

static struct reconciled_stretch *
stretch_of(struct reconciled *r, const struct reconciled_place *place)
{
    return place->stretch > 0 ? &r->stretches[place->stretch - 1] : NULL;
}

static struct reconciled_stretch *
begin_stretch(struct reconciled *r, struct reconciled_place *place,
              const struct message_census *census)
{
    struct reconciled_stretch *stretch;

    if (r->stretch_count == RECONCILED_STRETCHES_MAX)
        return NULL;
    stretch = &r->stretches[r->stretch_count++];
    *stretch = (struct reconciled_stretch){.place = (uint32_t)(place - r->places),
                                           .why = (enum census_what)census->what,
                                           .from = census->since,
                                           .to = census->at,
                                           .at_most = census->what ? census->at_most : 0};
    place->stretch = (uint32_t)r->stretch_count;
    place->gap = 0;
    place->is_stopped = place->is_closed = false;
    return stretch;
}

/* The gateway's server is counted again: what kept it from that is over. */
static void
end_why(struct reconciled *r, const struct message_census *census)
{
    for (size_t p = 0; p < r->place_count; p++) {
        struct reconciled_stretch *stretch = stretch_of(r, &r->places[p]);

        if (stretch != NULL && stretch->to == 0 &&
            strcmp(r->places[p].gateway, census->gateway) == 0)
            stretch->to = census->at;
    }
}

static void
note_why(struct reconciled *r, struct reconciled_place *place, const struct message_census *census)
{
    struct reconciled_stretch *stretch = stretch_of(r, place);
    bool is_for_all = census->what >= CENSUS_ALONE;

    if (is_for_all && stretch != NULL && stretch->to == 0 && stretch->why == census->what)
        return; /* still so, says another gate */
    if (is_for_all)
        end_why(r, census);
    stretch = begin_stretch(r, place, census);
    if (stretch == NULL)
        r->left_out++;
    else if (is_for_all)
        stretch->to = 0;
}

struct reconciled_step
reconciled_census(struct reconciled *r, const struct message_census *census)
{
    struct reconciled_step step = {0};
    struct reconciled_place *place;
    struct reconciled_stretch *stretch;
    bool is_begun = false;

    if (census->what == CENSUS_COUNTED && census->database[0] == '\0') {
        end_why(r, census);
        return step;
    }
    place = place_of(r, census);
    if (place == NULL) {
        r->left_out++;
        return step;
    }
    if (census->what != CENSUS_COUNTED) {
        note_why(r, place, census);
        return step;
    }
    end_why(r, census);
    stretch = stretch_of(r, place);
    if (stretch == NULL || stretch->why != CENSUS_COUNTED || stretch->from != census->since) {
        stretch = begin_stretch(r, place, census);
        is_begun = true;
    }
    if (stretch == NULL) {
        r->left_out++;
        return step;
    }
    step = (struct reconciled_step){.place = place,
                                    .from = is_begun ? census->since : stretch->to,
                                    .to = census->at,
                                    .is_after_stop = place->is_stopped,
                                    .least_before = stretch->at_least,
                                    .at_least = census->at_least,
                                    .at_most = census->at_most};
    if (census->at > stretch->to) /* else it is what a gate has taken over, said once more */
        place->is_stopped = false;
    place->is_stopped |= census->is_final;
    stretch->to = census->at;
    stretch->at_least = census->at_least;
    stretch->at_most = census->at_most;
    return step;
}

const struct message_bypass *
reconciled_find(const struct reconciled *r, const struct message_bypass *bypass)
{
    for (size_t b = 0; b < r->backend_count; b++)
        if (r->backends[b].pid == bypass->pid && r->backends[b].began == bypass->began &&
            strcmp(r->backends[b].gateway, bypass->gateway) == 0)
            return &r->backends[b];
    return NULL;
}

void
reconciled_lookup(struct reconciled *r, const struct message_backend *backend)
{
    if (backend->sort != BACKEND_OF_GATE)
        r->lookups[r->lookup_count++ % RECONCILED_LOOKUPS_MAX] = *backend;
}

void
reconciled_bypass(struct reconciled *r, const struct message_bypass *bypass)
{
    const struct message_bypass *found = reconciled_find(r, bypass);

    if (bypass->is_test)
        return; /* it is in the look-ups */
    if (found != NULL) {
        struct message_bypass *known = &r->backends[found - r->backends];

        known->seen = bypass->seen;
        known->is_certain |= bypass->is_certain;
        known->is_over = bypass->is_over;
        if (!bypass->is_over)
            known->verdict = bypass->verdict;
    } else if (r->backend_count == RECONCILED_BACKENDS_MAX) {
        r->left_out++;
    } else {
        r->backends[r->backend_count++] = *bypass;
    }
}

static bool
concerns(int64_t began, int64_t ended, int64_t from, int64_t to)
{
    return (ended == 0 || ended >= from) && (to == 0 || began < to);
}

bool
reconciled_concerns(const struct reconciled_stretch *stretch, int64_t from, int64_t to)
{
    return concerns(stretch->from, stretch->to, from, to);
}

bool
reconciled_bypass_concerns(const struct message_bypass *bypass, int64_t from, int64_t to)
{
    return concerns(bypass->began, bypass->is_over ? bypass->seen : 0, from, to);
}

const char *
reconciled_why_text(enum census_what why)
{
    static const char *const texts[CENSUS_WHATS] = {
        [CENSUS_RESET] = "statistics_reset",    [CENSUS_UNENDED] = "gate_died",
        [CENSUS_OTHER] = "other_server",        [CENSUS_ALONE] = "no_inspector",
        [CENSUS_OLD] = "server_does_not_count", [CENSUS_POOLED] = "pooler_between",
        [CENSUS_UNASKED] = "server_not_asked",
    };

    return why < CENSUS_WHATS ? texts[why] : NULL;
}
