/* SPDX-License-Identifier: Apache-2.0 */
/* Two versions of a scope, side by side. See incident_view.h. */
#include "cli/incident_view.h"
#include "cli/json_text.h"
#include "cli/text.h"

#include <inttypes.h>

enum { NAME_TEXT = 4 * PAYLOAD_TEXT_SIZE };

/* An interval, and for fields how clear: [AT_LEAST, AT_MOST, CLARITY]. */
static void
put_value(FILE *file, const json_t *value)
{
    json_int_t at_least = json_integer_value(json_array_get(value, 0));
    json_int_t at_most = json_integer_value(json_array_get(value, 1));
    const char *clarity = json_string_value(json_array_get(value, 2));

    if (at_least == at_most)
        fprintf(file, "%" JSON_INTEGER_FORMAT, at_most);
    else
        fprintf(file, "%" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT, at_least, at_most);
    if (clarity)
        fprintf(file, " %s", clarity);
}

static void
put_row(FILE *file, const char *name, const json_t *before, const json_t *now)
{
    char escaped[NAME_TEXT];

    text_escape(escaped, sizeof(escaped), view_of_text(name));
    fprintf(file, "  %s: ", escaped);
    if (before && now && json_equal(before, now)) {
        put_value(file, now);
        fputs(", as before\n", file);
        return;
    }
    if (before) {
        put_value(file, before);
        fputs(" then, ", file);
    }
    if (now)
        put_value(file, now);
    else
        fputs("nobody", file);
    fputs(before ? " now\n" : "\n", file);
}

static void
put_part(FILE *file, const char *part, const struct scope_version *before,
         const struct scope_version *now)
{
    json_t *was = before ? json_object_get(before->more, part) : NULL;
    json_t *is = json_object_get(now->more, part), *value;
    const char *name;

    fprintf(file, "%s\n", part);
    json_object_foreach(is, name, value)
        put_row(file, name, was ? json_object_get(was, name) : NULL, value);
    json_object_foreach(was, name, value) if (!json_object_get(is, name))
        put_row(file, name, value, NULL);
}

/* What was shown then is in no number of the answer. */
static void
put_lacks(FILE *file, const struct scope_version *now)
{
    json_int_t gaps = json_integer_value(json_object_get(now->more, "gaps"));
    json_int_t damaged = json_integer_value(json_object_get(now->more, "damaged"));

    if (gaps > 0)
        fprintf(file,
                "not in these numbers: what was shown in %" JSON_INTEGER_FORMAT
                " gap%s of the record, of which %" JSON_INTEGER_FORMAT
                " %s damaged (pasu ledger verify says where)\n",
                gaps, gaps == 1 ? "" : "s", damaged,
                damaged == 1 ? "is a place that is" : "are places that are");
}

void
incident_view_diff(FILE *file, const struct scope_version *before, const struct scope_version *now)
{
    char why[NAME_TEXT], who[NAME_TEXT], words[8192];

    text_escape(why, sizeof(why), view_of_text(now->event->body.why));
    text_escape(who, sizeof(who), view_of_text(now->event->body.who));
    fprintf(file, "version %u of the scope, by %s: %s\n", now->number, who, why);
    if (scope_version_words(now, words, sizeof(words)) == 0)
        fprintf(file, "asked again by: pasu scope -c FILE%s\n", words);
    if (before)
        fprintf(file, "beside version %u, from %" PRIu64 " records then, %" PRIu64 " now\n",
                before->number, before->event->body.about, now->event->body.about);
    put_part(file, "subjects", before, now);
    put_part(file, "fields", before, now);
    put_lacks(file, now);
}

static json_t *
json_of(const struct scope_version *version)
{
    char words[8192] = "";

    if (scope_version_words(version, words, sizeof(words)) != 0)
        words[0] = '\0';
    return json_pack("{sI sI so so so sI sI sO}", "version", (json_int_t)version->number, "seq",
                     (json_int_t)version->event->index, "who", json_text(version->event->body.who),
                     "why", json_text(version->event->body.why), "command", json_text(words),
                     "size", (json_int_t)version->event->body.about, "at_least",
                     (json_int_t)version->event->body.at_least, "answer", version->more);
}

static void
dump(FILE *file, json_t *document)
{
    json_dumpf(document, file, JSON_COMPACT);
    fputc('\n', file);
    json_decref(document);
}

void
incident_view_version_json(FILE *file, const struct scope_version *version)
{
    dump(file, json_of(version));
}

static json_t *
changed_part(const struct scope_version *before, const struct scope_version *now, const char *part)
{
    json_t *was = json_object_get(before->more, part), *is = json_object_get(now->more, part);
    json_t *changed = json_object(), *value;
    const char *name;

    json_object_foreach(is, name, value) if (!json_equal(value, json_object_get(was, name)))
        json_object_set_new(
            changed, name, json_pack("{sO? sO}", "then", json_object_get(was, name), "now", value));
    json_object_foreach(was, name, value) if (!json_object_get(is, name))
        json_object_set_new(changed, name, json_pack("{sO sn}", "then", value, "now"));
    return changed;
}

void
incident_view_diff_json(FILE *file, const struct scope_version *before,
                        const struct scope_version *now)
{
    dump(file, json_pack("{so so s{so so}}", "then", json_of(before), "now", json_of(now),
                         "changed", "subjects", changed_part(before, now, "subjects"), "fields",
                         changed_part(before, now, "fields")));
}
