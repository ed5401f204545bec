/* SPDX-License-Identifier: Apache-2.0 */
/* What of a person was shown, in the words that a person uses: the values of web/shown.html. */
#include "cli/affected_lent.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "cli/person.h"

#include <time.h>

/* Showings that are kept, the newest, of which the page lists some; the certificate has all. */
enum { GROUPS_MAX = 4096, LISTED_MAX = 200, ALIKE_MAX = 8, WHEN_SIZE = 64, LIST_SIZE = 2048 };

#define GROUP_SECONDS 3600

/* Showings in a row, within an hour, of the same, to the same kind of account. Fields are places of
 * the book's names. */
struct group {
    int64_t first, last; /* realtime ns */
    uint64_t count, clear, masked, maybe;
    enum principal_kind by;
    bool is_unrecorded; /* nobody knows whose session it was */
    bool is_least;      /* a record can be of several executions: how many of them showed it is not
                           known */
};

struct looking {
    struct affected_state *state;
    struct evidence evidence;
    struct subject subject;
    enum inquiry_language language;
    enum notice_language texts; /* the same */
    struct group *groups;       /* GROUPS_MAX */
    size_t count;
    uint64_t clear, masked, maybe; /* of all */
    bool is_least;                 /* of any */
};

/* ---- what was shown ---- */

/* Of the statement's vocabulary into places of the book's names, as far as they have a bit. */
static int
places_of(struct looking *l, const struct statement *statement, uint64_t bits, uint64_t *places)
{
    *places = 0;
    for (unsigned bit = 0; bit < EXPOSURE_FIELDS_MAX; bit++) {
        int place;

        if ((bits >> bit & 1) == 0)
            continue;
        place = names_field(&l->evidence.book->names, statement->lexicon, bit);
        if (place < 0)
            return place;
        if (place < EXPOSURE_FIELDS_MAX)
            *places |= UINT64_C(1) << place;
    }
    return 0;
}

static bool
is_alike(const struct group *a, const struct group *b)
{
    int64_t apart = a->first > b->last ? a->first - b->last : b->first - a->last;

    return a->clear == b->clear && a->masked == b->masked && a->maybe == b->maybe &&
           a->by == b->by && a->is_unrecorded == b->is_unrecorded &&
           apart < GROUP_SECONDS * NANOSECONDS_PER_SECOND;
}

static void
join(struct group *group, const struct group *more)
{
    group->first = more->first < group->first ? more->first : group->first;
    group->last = more->last > group->last ? more->last : group->last;
    group->count += more->count;
    group->is_least |= more->is_least;
}

/* The newest last. */
static int
compare_groups(const void *a, const void *b)
{
    const struct group *x = a, *y = b;

    return x->last != y->last ? (x->last < y->last ? -1 : 1) : 0;
}

static void
sort_groups(struct looking *l)
{
    qsort(l->groups, l->count, sizeof(*l->groups), compare_groups);
}

/* There is no more room: the older half goes. */
static void
forget_old(struct looking *l)
{
    sort_groups(l);
    l->count /= 2;
    memmove(l->groups, l->groups + GROUPS_MAX - l->count, l->count * sizeof(*l->groups));
}

static int
see(void *arg, const struct sight *sight)
{
    struct looking *l = arg;
    const struct statement *s = sight->statement;
    struct group one = {
        .first = s->time, .last = s->time, .count = 1, .is_least = s->statements > 1};
    int result;

    if (!sight->is_shown)
        return 0;
    result = places_of(l, s, sight->clear, &one.clear);
    if (result == 0)
        result = places_of(l, s, sight->masked, &one.masked);
    if (result == 0)
        result = places_of(l, s, sight->maybe, &one.maybe);
    if (result != 0)
        return result;
    one.is_unrecorded = !s->is_session_known;
    one.by =
        one.is_unrecorded ? PRINCIPAL_UNKNOWN : roster_kind(l->state->roster, s->session.principal);
    l->clear |= one.clear;
    l->masked |= one.masked;
    l->maybe |= one.maybe;
    l->is_least |= one.is_least;
    for (size_t back = 1; back <= l->count && back <= ALIKE_MAX; back++)
        if (is_alike(&l->groups[l->count - back], &one)) {
            join(&l->groups[l->count - back], &one);
            return 0;
        }
    if (l->count == GROUPS_MAX)
        forget_old(l);
    l->groups[l->count++] = one;
    return 0;
}

static void
begin(struct looking *l, const struct person *person)
{
    subject_release(&l->subject);
    subject_init(&l->subject, &l->evidence.selection, person->kind, see, l);
    l->count = 0;
    l->clear = l->masked = l->maybe = 0;
    l->is_least = false;
}

/* With the index, or else all. */
static int
read_ledger(struct looking *l, const struct person *person)
{
    bool is_answered = false;
    int status = person_find(&l->evidence, person->key, &l->subject);

    if (status == 0)
        status = evidence_subject(&l->evidence, &l->subject, NULL, &is_answered);
    if (status != 0 || is_answered)
        return status;
    begin(l, person);
    status = person_find(&l->evidence, person->key, &l->subject);
    return status == 0 ? evidence_read(&l->evidence, subject_take, &l->subject) : status;
}

/* ---- in words ---- */

static json_t *
when_text(const struct looking *l, int64_t realtime, bool has_date)
{
    time_t seconds = (time_t)(realtime / NANOSECONDS_PER_SECOND);
    char text[WHEN_SIZE] = "";
    struct tm tm;
    size_t length = 0;

    if (localtime_r(&seconds, &tm) == NULL)
        return json_string("");
    if (!has_date)
        length = strftime(text, sizeof(text), "%H:%M", &tm);
    else if (l->language == INQUIRY_KOREAN)
        length = strftime(text, sizeof(text), "%Y년 %-m월 %-d일 %H:%M", &tm);
    else
        length = strftime(text, sizeof(text), "%-d %B %Y, %H:%M", &tm);
    text[length] = '\0';
    return json_string(text);
}

static json_t *
zone_text(void)
{
    time_t now = (time_t)(os_realtime(&os_real) / NANOSECONDS_PER_SECOND);
    char text[WHEN_SIZE] = "UTC";
    struct tm tm;

    if (localtime_r(&now, &tm) == NULL || strftime(text, sizeof(text), "%Z", &tm) == 0)
        snprintf(text, sizeof(text), "UTC");
    return json_string(text);
}

/* What a field is called by people. */
static const char *
field_name(const struct looking *l, size_t place)
{
    const char *name = l->evidence.book->names.fields.items[place];
    const struct notice_field *field = notice_texts_field(&l->state->texts, name);

    return field != NULL ? field->name[l->texts] : name;
}

static json_t *
list_of(const struct looking *l, uint64_t places)
{
    char text[LIST_SIZE] = "";
    size_t used = 0;

    for (size_t p = 0; p < l->evidence.book->names.fields.count && p < EXPOSURE_FIELDS_MAX; p++)
        if ((places >> p & 1) != 0 && used < sizeof(text))
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? ", " : "",
                                     field_name(l, p));
    return json_string(text);
}

static bool
is_same_day(int64_t a, int64_t b)
{
    time_t x = (time_t)(a / NANOSECONDS_PER_SECOND), y = (time_t)(b / NANOSECONDS_PER_SECOND);
    struct tm one, other;

    return localtime_r(&x, &one) != NULL && localtime_r(&y, &other) != NULL &&
           one.tm_yday == other.tm_yday && one.tm_year == other.tm_year;
}

static json_t *
group_json(const struct looking *l, const struct group *group)
{
    bool is_long =
        group->last / NANOSECONDS_PER_SECOND / 60 != group->first / NANOSECONDS_PER_SECOND / 60;

    return json_pack(
        "{so so* sI sb sb ss so so so}", "from", when_text(l, group->first, true), "until",
        is_long ? when_text(l, group->last, !is_same_day(group->first, group->last)) : NULL,
        "count", (json_int_t)group->count, "is_several", group->count > 1, "is_least",
        group->is_least, "by", l->state->texts.by[group->by][l->texts], "clear",
        list_of(l, group->clear), "masked", list_of(l, group->masked), "maybe",
        list_of(l, group->maybe));
}

static json_t *
fields_json(const struct looking *l)
{
    json_t *fields = json_array();

    for (size_t p = 0; p < l->evidence.book->names.fields.count && p < EXPOSURE_FIELDS_MAX; p++) {
        const char *name = l->evidence.book->names.fields.items[p];
        const struct notice_field *field = notice_texts_field(&l->state->texts, name);
        bool is_clear = (l->clear >> p & 1) != 0;
        bool is_masked = !is_clear && (l->masked >> p & 1) != 0;

        if (!is_clear && !is_masked && (l->maybe >> p & 1) == 0)
            continue;
        if (json_array_append_new(
                fields, json_pack("{ss sb sb ss}", "name", field_name(l, p), "is_clear", is_clear,
                                  "is_masked", is_masked, "advice",
                                  field != NULL ? field->advice[l->texts]
                                                : l->state->texts.other[l->texts])) != 0) {
            json_decref(fields);
            return NULL;
        }
    }
    return fields;
}

/* Of the sorted ones the last. */
static size_t
listed_of(const struct looking *l)
{
    return l->count < LISTED_MAX ? l->count : LISTED_MAX;
}

static json_t *
showings_json(struct looking *l)
{
    json_t *showings = json_array();

    for (size_t i = 0; i < listed_of(l); i++)
        if (json_array_append_new(showings, group_json(l, &l->groups[l->count - 1 - i])) != 0) {
            json_decref(showings);
            return NULL;
        }
    return showings;
}

/* Whether the record lacks anything that can have been of anybody. */
static bool
is_incomplete(const struct looking *l)
{
    const struct gaps *gaps = &l->evidence.book->gaps;

    for (size_t i = 0; i < gaps->count; i++)
        if (gaps->items[i].what != GAP_STOPPED)
            return true;
    return gaps->left_out > 0;
}

static json_t *
person_json(struct looking *l, size_t number, size_t persons)
{
    const struct subject *s = &l->subject;
    uint64_t listed = 0;

    sort_groups(l);
    for (size_t i = 0; i < listed_of(l); i++)
        listed += l->groups[l->count - 1 - i].count;
    return json_pack("{sI sI sI sb sb sb sI so* so* so so sI sb sb}", "number", (json_int_t)number,
                     "one", (json_int_t)number + 1, "times", (json_int_t)s->shown, "is_least",
                     l->is_least, "is_shown", s->shown > 0, "is_possible", s->possible > 0,
                     "possible", (json_int_t)s->possible, "first",
                     s->shown > 0 ? when_text(l, s->first, true) : NULL, "last",
                     s->shown > 0 ? when_text(l, s->last, true) : NULL, "fields", fields_json(l),
                     "showings", showings_json(l), "more", (json_int_t)(s->shown - listed),
                     "is_incomplete", is_incomplete(l), "is_one_of_several", persons > 1);
}

/* ---- all ---- */

static int
show_one(struct looking *l, const struct persons *persons, size_t number, json_t *list)
{
    static const struct command command = {
        .name = "affected", .who = WHO_ANYBODY, .operand = OPERAND_KEY};
    const struct person *person = &persons->items[number];
    struct affected_question question;
    int status;

    affected_ask(&question, l->state, &command, person);
    status = evidence_open(&l->evidence, &question.arguments);
    begin(l, person);
    if (status == 0)
        status = read_ledger(l, person);
    if (status == 0 && evidence_decoy(&l->evidence, &l->subject) == NULL &&
        json_array_append_new(list, person_json(l, number, persons->count)) != 0)
        status = complain_error(PASU_E_NOMEM, "a person");
    subject_release(&l->subject);
    evidence_close(&l->evidence);
    return status;
}

static int
print(const struct looking *l, json_t *list, FILE *file)
{
    const struct notice_texts *texts = &l->state->texts;
    json_t *page =
        json_pack("{sO so so ss ss}", "persons", list, "now",
                  when_text(l, os_realtime(&os_real), true), "zone", zone_text(), "controller",
                  texts->own[OWN_NAME][l->texts], "contact", texts->own[OWN_CONTACT][l->texts]);
    int failed = page != NULL ? json_dumpf(page, file, JSON_COMPACT) : -1;

    json_decref(page);
    return failed == 0 ? 0 : complain_error(PASU_E_NOMEM, "a page");
}

int
affected_show(void *arg, const struct persons *persons, enum inquiry_language language, FILE *file)
{
    struct looking *l = memory_new(1, sizeof(*l));
    json_t *list = json_array();
    int status = 0;

    if (l != NULL)
        l->groups = memory_new(GROUPS_MAX, sizeof(*l->groups));
    if (l == NULL || l->groups == NULL || list == NULL)
        status = complain_error(PASU_E_NOMEM, "a person");
    if (status == 0) {
        l->state = arg;
        l->language = language;
        l->texts = language == INQUIRY_KOREAN ? NOTICE_KO : NOTICE_EN;
    }
    for (size_t i = 0; i < persons->count && status == 0; i++)
        status = show_one(l, persons, i, list);
    if (status == 0)
        status = print(l, list, file);
    if (l != NULL)
        memory_free(l->groups);
    memory_free(l);
    json_decref(list);
    return status;
}
