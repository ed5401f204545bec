/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watched.h"

#include "cli/json_text.h"

static json_t *
list_of(const struct message_watched *w)
{
    json_t *list = json_array();

    for (size_t i = 0; i < WATCHED_DETECTORS; i++) {
        const char *why = w->untestable[i];

        if (json_array_append_new(list, json_pack("{ss ss?}", "detector", w->detectors[i],
                                                  "untestable", why[0] != '\0' ? why : NULL)) !=
            0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *
watched_json(const struct message_watched *w)
{
    return json_pack("{so so sb so so so s{so so so} so so so so so so}", "judged",
                     json_time(w->judged), "stream", json_time(w->stream), "behind",
                     w->is_behind != 0, "record", json_count(w->record), "exposures",
                     json_count(w->exposures), "unnamed", json_count(w->unnamed), "passed_over",
                     "imported_late", json_count(w->past), "dated_ahead", json_count(w->undated),
                     "unknown_session", json_count(w->unknown), "principals",
                     json_count(w->principals), "tested", json_count(w->tested), "findings",
                     json_count(w->findings), "forgotten", json_count(w->forgotten), "memory",
                     json_count(w->memory), "list", list_of(w));
}
