/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor_watched.h"
#include "config/moment.h"

#include <inttypes.h>

/* ns from its start to when a watcher has said something. */
#define FIRST_WORD (60 * (int64_t)NANOSECONDS_PER_SECOND)

enum { NAMES_SIZE = 256 }; /* of all detectors */

#define FOUND(findings_, name_, state_, hint_, ...)                                                \
    findings_add((findings_), "", (name_), (state_), (hint_), __VA_ARGS__)

static json_int_t
number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *
text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool
are_off(const struct config *config)
{
    return !(config->detectors.coverage || config->detectors.growth ||
             config->detectors.successor || config->detectors.drift || config->detectors.fanout ||
             config->detectors.orphan || config->detectors.misses || config->detectors.tiling ||
             config->detectors.novelty || config->detectors.waking);
}

/* The first watcher of this guard, so short a time after its start that nothing need have been
 * said. */
static bool
has_just_begun(const json_t *status, int64_t now)
{
    const json_t *one;
    int64_t since;
    size_t i;

    json_array_foreach(json_object_get(status, "processes"), i, one)
    {
        const char *name = text_of(one, "name"), *text = text_of(one, "since");

        if (name != NULL && strcmp(name, "watcher") == 0)
            return number(one, "restarts") == 0 && text != NULL &&
                   moment_parse_fixed(&since, text, false) == 0 && now - since < FIRST_WORD;
    }
    return false;
}

static bool
is_for(const json_t *one, const char *why)
{
    const char *text = text_of(one, "untestable");

    return text != NULL && strcmp(text, why) == 0;
}

/* All that cannot be tested for one reason are one finding: that of the first of them. */
static void
look_untestable(const json_t *detectors, struct findings *findings)
{
    const json_t *list = json_object_get(detectors, "list");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *why = text_of(json_array_get(list, i), "untestable");
        char names[NAMES_SIZE] = "";
        size_t count = 0;

        for (size_t j = 0; why != NULL && j < json_array_size(list); j++) {
            const json_t *one = json_array_get(list, j);
            size_t used = strlen(names);

            if (!is_for(one, why))
                continue;
            if (j < i)
                break; /* it has been said */
            snprintf(names + used, sizeof(names) - used, "%s%s", count++ > 0 ? ", " : "",
                     text_of(one, "detector"));
        }
        if (count > 0)
            FOUND(findings, "detector", FINDING_INFO, "", "%s %s not testable: %s", names,
                  count == 1 ? "is" : "are", why);
    }
}

void
doctor_watched(const struct config *config, const json_t *status, int64_t now,
               struct findings *findings)
{
    const json_t *detectors = json_object_get(status, "detectors");

    if (status == NULL)
        return;
    if (are_off(config)) {
        FOUND(findings, "detectors", FINDING_WARNING, "configure detectors",
              "all are switched off: nobody sees what no rule or budget names");
        return;
    }
    if (detectors == NULL && has_just_begun(status, now)) {
        FOUND(findings, "detectors", FINDING_INFO, "ask again in a minute",
              "the watcher has just begun, and has not said anything yet");
        return;
    }
    if (detectors == NULL) {
        FOUND(findings, "detectors", FINDING_WARNING, "see the guard's log: watcher_failed",
              "the watcher has not said anything yet");
        return;
    }
    if (json_is_true(json_object_get(detectors, "behind")))
        FOUND(findings, "detectors", FINDING_INFO, "",
              "are reading what is recorded: %" JSON_INTEGER_FORMAT " records so far",
              number(detectors, "record"));
    else
        FOUND(findings, "detectors", FINDING_OK, "",
              "judged last %s; %" JSON_INTEGER_FORMAT " who read are tested",
              text_of(detectors, "judged") != NULL ? text_of(detectors, "judged") : "-",
              number(detectors, "tested"));
    if (number(detectors, "unnamed") > 0)
        FOUND(findings, "detectors", FINDING_INFO, "see: pasu scope, attribution bound",
              "%" JSON_INTEGER_FORMAT
              " exposure%s can have shown persons whom %s: detectors count these in "
              "at_most and judge nothing by them, budgets do",
              number(detectors, "unnamed"), number(detectors, "unnamed") == 1 ? "" : "s",
              number(detectors, "unnamed") == 1 ? "it does not name" : "they do not name");
    if (number(detectors, "forgotten") > 0)
        FOUND(findings, "detectors", FINDING_WARNING, "raise detectors.memory",
              "for want of memory %" JSON_INTEGER_FORMAT " who read little were forgotten",
              number(detectors, "forgotten"));
    look_untestable(detectors, findings);
}
