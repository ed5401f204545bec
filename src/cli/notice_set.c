/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/notice_set.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "cli/filter_options.h"

#include <inttypes.h>

/* ---- reading ---- */

static bool
has_possible(const struct incident_event *event)
{
    json_t *more =
        json_loadb((const char *)event->body.more.bytes, event->body.more.length, 0, NULL);
    bool has = json_is_true(json_object_get(more, "possible"));

    json_decref(more);
    return has;
}

static int
past_open(struct notice_past *past, const struct evidence *e, const struct incidents *incidents,
          const struct incident_event *event)
{
    struct arguments question = {0};
    int status, result;

    *past = (struct notice_past){.has_possible = has_possible(event)};
    if (!scope_version_at(&past->version, incidents, event->body.number, event->body.about)) {
        complain("pasu ledger verify",
                 "the notice of record %" PRIu64 " is of no version that there is", event->index);
        return 2;
    }
    scope_version_arguments(&past->version, &question);
    status = filter_of_options(&past->filter, &question);
    if (status == 0)
        status = places_init(&past->places, e->ask.config, &question, &past->filter);
    if (status != 0)
        return status;
    result = book_new(&past->book, &os_real);
    if (result != 0)
        return complain_error(result, "notify");
    affected_init(&past->affected, &past->selection);
    selection_init(&past->selection, past->book, &past->filter, affected_take, &past->affected);
    return 0;
}

/* Notices of the version that those before are of tell its persons what these have told, and with
 * --possible those who could not be named. Its persons are in memory once, then. */
static bool
is_of_last(struct notice_set *set, const struct incident_event *event)
{
    struct notice_past *last = set->past_count > 0 ? &set->pasts[set->past_count - 1] : NULL;

    if (!last || last->version.event->index != event->body.about)
        return false;
    last->has_possible |= has_possible(event);
    return true;
}

static int
open_pasts(struct notice_set *set, const struct incidents *incidents, uint64_t incident)
{
    int status = 0;

    set->pasts = memory_new(incidents->count + 1, sizeof(*set->pasts));
    if (!set->pasts)
        return complain_error(PASU_E_NOMEM, "notify");
    for (size_t i = 0; i < incidents->count && status == 0; i++) {
        const struct incident_event *event = &incidents->events[i];

        if (event->body.number != incident || event->body.what != INCIDENT_NOTICED)
            continue;
        set->noticed++;
        if (!is_of_last(set, event))
            status = past_open(&set->pasts[set->past_count++], set->evidence, incidents, event);
    }
    return status;
}

/* An entry, for each notice whose version was answered from it. */
static int
hear(void *arg, const struct ledger_entry *entry, const struct records_place *place PASU_UNUSED,
     bool is_in_ring)
{
    struct notice_set *set = arg;
    int result = 0;

    for (size_t i = 0; i < set->past_count && result == 0; i++)
        if (!is_in_ring && !entry->is_in_ring &&
            entry->seq < set->pasts[i].version.event->body.about)
            result = selection_add(&set->pasts[i].selection, entry);
    return result;
}

/* The filter of the version, in the place of the command's. */
static int
ask_as(struct notice_set *set)
{
    struct evidence *e = set->evidence;
    struct arguments question = {0};
    int status;

    scope_version_arguments(&set->version, &question);
    status = filter_of_options(&e->filter, &question);
    if (status == 0)
        status = places_init(&e->places, e->ask.config, &question, &e->filter);
    e->until = set->version.event->body.about;
    e->has_index = false;
    return status;
}

/* The notices before may be of versions from more records than this one. */
static uint64_t
most_records(const struct notice_set *set)
{
    uint64_t most = set->version.event->body.about;

    for (size_t i = 0; i < set->past_count; i++)
        if (set->pasts[i].version.event->body.about > most)
            most = set->pasts[i].version.event->body.about;
    return most;
}

static int
read_all(struct notice_set *set)
{
    struct evidence *e = set->evidence;
    int result = 0, status;

    if (most_records(set) > e->until) {
        complain("give the newest version",
                 "a notice was made from more records than this version");
        return 2;
    }
    affected_init(&set->now, &e->selection);
    e->watch = hear;
    e->watch_arg = set;
    status = evidence_read(e, affected_take, &set->now);
    e->watch = NULL;
    for (size_t i = 0; i < set->past_count && status == 0 && result == 0; i++)
        result = selection_end(&set->pasts[i].selection);
    return result == 0 ? status : complain_error(result, "notify");
}

int
notice_set_read(struct notice_set *set, struct evidence *evidence,
                const struct incidents *incidents, uint64_t incident, unsigned version,
                bool has_possible)
{
    int status;

    *set = (struct notice_set){.evidence = evidence, .has_possible = has_possible};
    if (!scope_version_get(&set->version, incidents, incident, version)) {
        complain("pasu incident scope makes one",
                 "incident %" PRIu64 " has no such version of its scope", incident);
        return 1;
    }
    status = open_pasts(set, incidents, incident);
    if (status == 0)
        status = ask_as(set);
    return status == 0 ? read_all(set) : status;
}

void
notice_set_release(struct notice_set *set)
{
    for (size_t i = 0; i < set->past_count; i++) {
        struct notice_past *past = &set->pasts[i];

        affected_release(&past->affected);
        if (past->book)
            selection_release(&past->selection);
        book_free(past->book);
        places_release(&past->places);
        json_decref(past->version.more);
    }
    memory_free(set->pasts);
    affected_release(&set->now);
    json_decref(set->version.more);
    *set = (struct notice_set){0};
}

/* ---- who is told what ---- */

/* Together, over the ordinals that a person has. */
static bool
person_of(const struct affected_kind *kind, const uint32_t *ordinals, size_t count,
          struct affected_person *person)
{
    bool is_named = false;

    *person = (struct affected_person){0};
    for (size_t i = 0; i < count; i++) {
        const struct affected_person *one = affected_person(kind, ordinals[i]);

        if (!one)
            continue;
        is_named = true;
        person->clear |= one->clear;
        person->masked |= one->masked;
        person->maybe |= one->maybe;
        person->null |= one->null;
        person->principals |= one->principals;
        person->statements += one->statements;
        if (person->first == 0 || one->first < person->first)
            person->first = one->first;
        if (one->last > person->last)
            person->last = one->last;
    }
    person->masked &= ~person->clear;
    person->maybe &= ~(person->clear | person->masked);
    person->null &= ~(person->clear | person->masked | person->maybe);
    return is_named;
}

/* Fields of an earlier reading as places of the names of now. */
static uint64_t
translate(const struct notice_set *set, const struct notice_past *past, uint64_t fields)
{
    const struct name_list *then = &past->book->names.fields;
    const struct name_list *now = &set->evidence->book->names.fields;
    uint64_t translated = 0;

    for (size_t f = 0; f < then->count && f < EXPOSURE_FIELDS_MAX; f++) {
        int place = fields >> f & 1 ? name_list_find(now, then->items[f]) : -1;

        if (place >= 0 && place < EXPOSURE_FIELDS_MAX)
            translated |= UINT64_C(1) << place;
    }
    return translated;
}

/* What the notices before have told: fields as something that leaked, and whether it was. */
struct told {
    bool is_leak, is_possible;
    uint64_t clear, masked, maybe;
};

static struct told
told_before(const struct notice_set *set, const char *subject, const uint32_t *ordinals,
            size_t count)
{
    struct told told = {0};

    for (size_t i = 0; i < set->past_count; i++) {
        const struct notice_past *past = &set->pasts[i];
        const struct affected_kind *kind = affected_kind(&past->affected, subject);
        struct affected_person person;

        if (person_of(kind, ordinals, count, &person)) {
            told.is_leak = true;
            told.clear |= translate(set, past, person.clear);
            told.masked |= translate(set, past, person.masked);
            told.maybe |= translate(set, past, person.maybe);
        } else if (kind && kind->unknown > 0) {
            told.is_possible |= past->has_possible;
        } else {
            told = (struct told){0}; /* taken back then, if it was told before */
        }
    }
    return told;
}

/* Fields that are more than was told: not told at all, or less clearly. */
static uint64_t
more_than(const struct affected_person *person, const struct told *told)
{
    uint64_t clear = person->clear & ~told->clear;
    uint64_t masked = person->masked & ~(told->clear | told->masked);
    uint64_t maybe = person->maybe & ~(told->clear | told->masked | told->maybe);

    return clear | masked | maybe;
}

static void
ask_named(struct notice *notice, const struct affected_person *person, const struct told *told)
{
    notice->clear = person->clear;
    notice->masked = person->masked;
    notice->maybe = person->maybe;
    notice->null = person->null;
    notice->first = person->first;
    notice->last = person->last;
    notice->statements = person->statements;
    notice->principals = person->principals;
    notice->was_possible = told->is_possible && !told->is_leak;
    if (told->is_leak)
        notice->added = more_than(person, told);
    notice->kind = !told->is_leak       ? NOTICE_LEAK
                   : notice->added != 0 ? NOTICE_ADDITION
                                        : NOTICE_NONE;
}

void
notice_set_ask(const struct notice_set *set, const char *subject, const uint32_t *ordinals,
               size_t count, struct notice *notice)
{
    const struct affected_kind *kind = affected_kind(&set->now, subject);
    struct told told = told_before(set, subject, ordinals, count);
    struct affected_person person;

    *notice = (struct notice){.subject = subject};
    if (person_of(kind, ordinals, count, &person)) {
        ask_named(notice, &person, &told);
    } else if (kind && kind->unknown > 0) {
        if (!set->has_possible || told.is_leak || told.is_possible)
            return;
        notice->kind = NOTICE_POSSIBLE;
        notice->maybe = kind->fields;
        notice->first = kind->first;
        notice->last = kind->last;
    } else if (told.is_leak || told.is_possible) {
        notice->kind = NOTICE_RETRACTION;
    }
}

bool
notice_set_has_numbers(const struct notice_set *set, const char *subject)
{
    const struct affected_kind *kind = affected_kind(&set->now, subject);
    bool has = kind && kind->has_numbers;

    for (size_t i = 0; i < set->past_count && !has; i++) {
        kind = affected_kind(&set->pasts[i].affected, subject);
        has = kind && kind->has_numbers;
    }
    return has;
}

bool
notice_set_has_unnamed(const struct notice_set *set, const char *subject)
{
    struct notice notice;

    notice_set_ask(set, subject, NULL, 0, &notice);
    return notice.kind != NOTICE_NONE;
}

/* Whether a reading before names the person: then it has told of them already. */
static bool
was_each(const struct notice_set *set, const char *subject, size_t pasts, uint32_t ordinal)
{
    if (affected_person(affected_kind(&set->now, subject), ordinal))
        return true;
    for (size_t i = 0; i < pasts; i++)
        if (affected_person(affected_kind(&set->pasts[i].affected, subject), ordinal))
            return true;
    return false;
}

uint64_t
notice_set_persons(const struct notice_set *set)
{
    uint64_t persons = 0;

    for (size_t k = 0; k < set->now.kind_count; k++)
        persons += set->now.kinds[k].count;
    return persons;
}

int
notice_set_each(const struct notice_set *set, const char *subject,
                int (*fn)(void *arg, uint32_t ordinal), void *arg)
{
    const struct affected_kind *kind = affected_kind(&set->now, subject);
    int result = 0;

    for (size_t i = 0; kind && i < kind->count && result == 0; i++)
        result = fn(arg, kind->items[i].ordinal);
    for (size_t p = 0; p < set->past_count && result == 0; p++) {
        kind = affected_kind(&set->pasts[p].affected, subject);
        for (size_t i = 0; kind && i < kind->count && result == 0; i++)
            if (!was_each(set, subject, p, kind->items[i].ordinal))
                result = fn(arg, kind->items[i].ordinal);
    }
    return result;
}
