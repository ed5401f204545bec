/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/incident_scope.h"

#include "cli/complain.h"
#include "cli/incident_view.h"
#include "cli/json_text.h"
#include "cli/text.h"

#include <inttypes.h>

enum { PRINCIPALS_TOLD = 32, TIME_SIZE = 40, VALUE_SIZE = 512 };

/* What a question can ask, in the order of the options. */
static const enum option_id asked[] = {OPTION_principal, OPTION_actor,       OPTION_source,
                                       OPTION_country,   OPTION_application, OPTION_session,
                                       OPTION_field,     OPTION_from,        OPTION_to};

/* ---- versions that there are ---- */

static json_t *
parse_more(const struct payload_incident *body)
{
    json_t *more =
        json_loadb((const char *)body->more.bytes, body->more.length, JSON_REJECT_DUPLICATES, NULL);

    if (json_is_object(more))
        return more;
    json_decref(more);
    return json_object();
}

static bool
find(struct scope_version *version, const struct incidents *incidents, uint64_t incident,
     unsigned number, uint64_t record)
{
    unsigned count = 0;

    *version = (struct scope_version){0};
    for (size_t i = 0; i < incidents->count; i++) {
        const struct incident_event *event = &incidents->events[i];

        if (event->body.number != incident || event->body.what != INCIDENT_SCOPE)
            continue;
        count++;
        if (record != UINT64_MAX ? event->index == record : number == 0 || number == count)
            *version = (struct scope_version){.event = event, .number = count};
    }
    if (version->event)
        version->more = parse_more(&version->event->body);
    return version->event != NULL;
}

bool
scope_version_get(struct scope_version *version, const struct incidents *incidents,
                  uint64_t incident, unsigned number)
{
    return find(version, incidents, incident, number, UINT64_MAX);
}

bool
scope_version_at(struct scope_version *version, const struct incidents *incidents,
                 uint64_t incident, uint64_t record)
{
    return find(version, incidents, incident, 0, record);
}

void
scope_version_arguments(const struct scope_version *version, struct arguments *arguments)
{
    json_t *question = json_object_get(version->more, "question");

    for (size_t i = 0; i < COUNT_OF(asked); i++)
        arguments->values[asked[i]] =
            json_string_value(json_object_get(question, options[asked[i]].name));
}

/* In single quotes, for a shell. */
static void
put_quoted(struct writer *w, const char *text)
{
    writer_u8(w, '\'');
    for (; *text != '\0'; text++)
        if (*text == '\'')
            writer_bytes(w, "'\\''", 4);
        else
            writer_u8(w, (uint8_t)*text);
    writer_u8(w, '\'');
}

int
scope_version_words(const struct scope_version *version, char *text, size_t size)
{
    struct arguments of = {0};
    struct writer w = writer_of((uint8_t *)text, size);
    char number[32];

    scope_version_arguments(version, &of);
    snprintf(number, sizeof(number), " --size %" PRIu64, version->event->body.about);
    writer_bytes(&w, number, strlen(number));
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        if (!of.values[asked[i]])
            continue;
        writer_bytes(&w, " --", 3);
        writer_bytes(&w, options[asked[i]].name, strlen(options[asked[i]].name));
        writer_u8(&w, ' ');
        put_quoted(&w, of.values[asked[i]]);
    }
    writer_u8(&w, 0);
    return writer_end(&w) > 0 ? 0 : PASU_E_RANGE;
}

/* ---- a new one ---- */

/* Times as they were understood, so that they mean the same when it is asked again. */
static json_t *
question_of(const struct arguments *arguments, const struct filter *filter)
{
    json_t *question = json_object();
    char time[TIME_SIZE];

    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        const char *value = arguments->values[asked[i]];

        if (!value)
            continue;
        if (asked[i] == OPTION_from || asked[i] == OPTION_to) {
            log_time_text(time, sizeof(time), asked[i] == OPTION_from ? filter->from : filter->to);
            value = time;
        }
        if (json_object_set_new(question, options[asked[i]].name, json_text(value)) != 0)
            break; /* out of memory: found when it is printed */
    }
    return question;
}

static json_t *
subjects_of(const struct scope *scope)
{
    json_t *subjects = json_object();

    for (size_t k = 0; k < scope->kind_count; k++) {
        struct interval persons = scope_subjects(scope, k);

        if (persons.at_most > 0)
            json_object_set_new(
                subjects, scope->selection->book->names.kinds.items[k],
                json_pack("[oo]", json_count(persons.at_least), json_count(persons.at_most)));
    }
    return subjects;
}

static json_t *
fields_of(const struct scope *scope)
{
    const struct name_list *names = &scope->selection->book->names.fields;
    json_t *fields = json_object();

    for (size_t f = 0; f < names->count; f++) {
        enum clarity clarity = scope_field_clarity(scope, f);
        struct interval persons = scope_field_persons(scope, f);

        if (clarity != CLARITY_NONE)
            json_object_set_new(fields, names->items[f],
                                json_pack("[oos]", json_count(persons.at_least),
                                          json_count(persons.at_most), clarity_text(clarity)));
    }
    return fields;
}

static json_t *
absent_of(const struct scope *scope)
{
    const struct name_list *names = &scope->selection->book->names.fields;
    json_t *absent = json_array();

    for (size_t f = 0; f < names->count; f++)
        if (scope_field_clarity(scope, f) == CLARITY_NONE &&
            selection_has_watched(scope->selection, (int)f))
            json_array_append_new(absent, json_text(names->items[f]));
    return absent;
}

static json_t *
principals_of(const struct scope *scope)
{
    json_t *principals = json_array();

    for (size_t p = 0; p < scope->principals.count && p < PRINCIPALS_TOLD; p++)
        json_array_append_new(principals, json_text(scope->principals.items[p]));
    return principals;
}

/* For the caller to free(). NULL: out of memory. */
static char *
more_of(const struct arguments *arguments, const struct evidence *e, const struct scope *scope,
        const char *root)
{
    json_t *more = json_pack(
        "{so ss so so so so so so so so so so so so}", "question",
        question_of(arguments, &e->filter), "root", root, "subjects", subjects_of(scope), "fields",
        fields_of(scope), "not_shown", absent_of(scope), "principals", principals_of(scope),
        "first", json_time(scope->first), "last", json_time(scope->last), "statements",
        json_count(scope->statements), "bounded", json_count(scope->bounded), "gaps",
        json_count(evidence_gaps(e, false)), "damaged", json_count(evidence_gaps(e, true)),
        "unattributed", json_count(scope->unattributed), "unrecorded",
        json_count(e->selection.unrecorded.count));
    char *text = more ? json_dumps(more, JSON_COMPACT) : NULL;

    json_decref(more);
    return text;
}

static void
sum_persons(struct payload_incident *body, const struct scope *scope)
{
    for (size_t k = 0; k < scope->kind_count; k++) {
        struct interval persons = scope_subjects(scope, k);

        body->at_least += persons.at_least;
        body->at_most += persons.at_most;
    }
}

static int
record_version(const struct arguments *arguments, const struct evidence *e,
               const struct scope *scope, struct payload_incident *body, const char *root)
{
    char *more = more_of(arguments, e, scope, root);
    int status;

    if (!more)
        return complain_error(PASU_E_NOMEM, "incident");
    incident_say(body, arguments);
    sum_persons(body, scope);
    body->moment = os_realtime(&os_real);
    body->more = view_of_text(more);
    status = incident_add(&e->ask, body);
    free(more);
    return status;
}

/* To the microsecond, as the question is recorded. */
static void
round_filter(struct filter *filter)
{
    filter->from -= filter->from % 1000;
    filter->to -= filter->to % 1000;
}

static int
ask_scope(const struct arguments *arguments, struct evidence *e, struct scope *scope,
          struct payload_incident *body)
{
    char root[INCIDENT_ROOT_SIZE];
    int status = incident_position(&e->ask, &body->about, root);

    if (status != 0)
        return status;
    e->until = body->about;
    e->has_index = false;
    round_filter(&e->filter);
    status = evidence_scope(e, scope);
    if (status == 0)
        status = record_version(arguments, e, scope, body, root);
    if (status == 0 && body->at_most == 0)
        complain("is that the question? pasu incident diff compares it with the version before",
                 "by this version nobody was shown anything");
    return status;
}

/* The last two versions, if there are two, for who has just asked. */
static int
show_new(const struct arguments *arguments, const struct ask *ask, uint64_t incident)
{
    struct incidents incidents = {0};
    struct scope_version now = {0}, before = {0};
    int status = incident_find(ask, &incidents, incident);

    if (status == 0 && scope_version_get(&now, &incidents, incident, 0)) {
        if (now.number > 1 && !scope_version_get(&before, &incidents, incident, now.number - 1))
            before.event = NULL;
        if (arguments_given(arguments, OPTION_json))
            incident_view_version_json(stdout, &now);
        else
            incident_view_diff(stdout, before.event ? &before : NULL, &now);
    }
    json_decref(now.more);
    json_decref(before.more);
    incidents_release(&incidents);
    return status;
}

int
incident_scope(const struct arguments *arguments)
{
    struct payload_incident body = {.what = INCIDENT_SCOPE};
    struct incidents incidents = {0};
    struct evidence evidence;
    struct scope scope;
    int status = incident_check(arguments);

    if (status == 0)
        status = incident_number(&body.number, arguments->operands[1], "an incident");
    if (status != 0)
        return status;
    status = evidence_open(&evidence, arguments);
    scope_init(&scope, &evidence.selection);
    if (status == 0)
        status = incident_find(&evidence.ask, &incidents, body.number);
    if (status == 0)
        status = ask_scope(arguments, &evidence, &scope, &body);
    if (status == 0)
        status = show_new(arguments, &evidence.ask, body.number);
    scope_release(&scope);
    incidents_release(&incidents);
    evidence_close(&evidence);
    return status;
}

/* ---- two that there are ---- */

static int
take_version(struct scope_version *version, const struct incidents *incidents, uint64_t incident,
             const char *text, unsigned preset)
{
    uint64_t number = preset;
    int status = text ? incident_number(&number, text, "a version") : 0;

    if (status != 0)
        return status;
    if (number <= UINT32_MAX && number > 0 &&
        scope_version_get(version, incidents, incident, (unsigned)number))
        return 0;
    complain("pasu incident show names those that there are",
             "incident %" PRIu64 " has no version %" PRIu64 " of its scope", incident, number);
    return 1;
}

int
incident_diff(const struct arguments *arguments)
{
    struct scope_version last = {0}, before = {0}, now = {0};
    struct incidents incidents = {0};
    uint64_t incident;
    struct ask ask;
    const char *const *words = (const char *const *)arguments->operands;
    size_t count = arguments->operand_count;
    int status = incident_number(&incident, words[1], "an incident");

    if (status != 0)
        return status;
    status = ask_init(&ask, arguments);
    if (status == 0) {
        asked_record(&ask, arguments, NULL);
        status = incident_find(&ask, &incidents, incident);
    }
    if (status == 0 && !scope_version_get(&last, &incidents, incident, 0))
        status = take_version(&now, &incidents, incident, NULL, 1);
    if (status == 0)
        status = take_version(&before, &incidents, incident, count > 2 ? words[2] : NULL,
                              last.number > 1 ? last.number - 1 : 1);
    if (status == 0)
        status = take_version(&now, &incidents, incident, count > 3 ? words[3] : NULL, last.number);
    if (status == 0 && arguments_given(arguments, OPTION_json))
        incident_view_diff_json(stdout, &before, &now);
    else if (status == 0)
        incident_view_diff(stdout, &before, &now);
    json_decref(last.more);
    json_decref(before.more);
    json_decref(now.more);
    incidents_release(&incidents);
    ask_release(&ask);
    return status;
}
