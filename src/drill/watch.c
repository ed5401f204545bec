/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/watch.h"

#include "base/memory.h"
#include "base/os.h"
#include "detect/detect.h"

enum { CHUNK = 4096, MEMORY = 128 << 20 };

/* What a hash is of. */
enum name { NAME_SUBJECT = 1, NAME_ACCOUNT, NAME_SESSION, NAME_ADDRESS, NAME_AGENT, NAME_ASN };

struct watch {
    const struct bench *bench;
    const struct story *story;
    struct detect *detect;
    struct observation items[CHUNK];
    size_t count;
    struct origin *origins; /* of each session */
};

/* Nobody chooses these names: any function that keeps them apart will do (SplitMix64's). */
static uint64_t
hash_of(enum name name, uint64_t value)
{
    uint64_t z = value + ((uint64_t)name << 56);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return z != 0 ? z : 1;
}

static uint64_t
text_hash(enum name name, const char *text)
{
    uint64_t z = 0;

    for (; *text != '\0'; text++)
        z = hash_of(name, z ^ (uint8_t)*text);
    return z;
}

static int
flush(struct watch *w)
{
    int result = w->count > 0 ? detect_add(w->detect, w->items, w->count) : 0;

    w->count = 0;
    return result;
}

static int
add(struct watch *w, const struct story_event *event, enum observed what, uint32_t person)
{
    const struct story_session *session = &w->story->sessions[event->session];
    const struct story_who *who = &w->story->who[session->who];
    const struct origin *origin = &w->origins[event->session];
    struct observation *o = &w->items[w->count++];

    *o = (struct observation){
        .time = event->time, .number = NUMBER_NONE, .what = (uint8_t)what, .asn = origin->system};
    o->who[AXIS_ACCOUNT] = text_hash(NAME_ACCOUNT, who->principal);
    o->who[AXIS_SESSION] = hash_of(NAME_SESSION, session->id);
    o->who[AXIS_ADDRESS] = text_hash(NAME_ADDRESS, session->address);
    o->who[AXIS_AGENT] = text_hash(NAME_AGENT, who->application);
    if (origin->system != 0)
        o->who[AXIS_ASN] = hash_of(NAME_ASN, origin->system);
    if (origin->country[0] != '\0')
        o->country = (uint16_t)((uint8_t)origin->country[0] << 8 | (uint8_t)origin->country[1]);
    if (what == OBSERVED_SHOWN) {
        o->number = person;
        o->subject = hash_of(NAME_SUBJECT, person);
        o->fields = w->bench->fields;
    }
    return w->count == CHUNK ? flush(w) : 0;
}

static int
see_event(struct watch *w, const struct story_event *event)
{
    int result = 0;

    if (event->what == STORY_OPENS)
        return add(w, event, OBSERVED_LOGIN, 0);
    for (uint32_t i = 0; i < event->count && result == 0; i++)
        result = add(w, event, OBSERVED_SHOWN, w->story->persons[event->first + i]);
    return result;
}

/* ---- what is found ---- */

enum named {
    NAMED_OTHER,
    NAMED_SHARED,  /* by what a culprit has in common with others: the program, the network */
    NAMED_CULPRIT, /* as the account, or by a session or an address of the breach */
};

static enum named
name_of(const struct watch *w, const struct finding_principal *named)
{
    for (size_t i = 0; i < w->story->session_count; i++) {
        const struct story_session *session = &w->story->sessions[i];
        const struct story_who *who = &w->story->who[session->who];
        const uint64_t names[AXIS_COUNT] = {
            [AXIS_ACCOUNT] = text_hash(NAME_ACCOUNT, who->principal),
            [AXIS_SESSION] = hash_of(NAME_SESSION, session->id),
            [AXIS_ADDRESS] = text_hash(NAME_ADDRESS, session->address),
            [AXIS_AGENT] = text_hash(NAME_AGENT, who->application),
            [AXIS_ASN] = hash_of(NAME_ASN, w->origins[i].system),
        };

        if (session->is_breach && named->who == names[named->axis])
            return named->axis == AXIS_AGENT || named->axis == AXIS_ASN ? NAMED_SHARED
                                                                        : NAMED_CULPRIT;
    }
    return NAMED_OTHER;
}

static void
look(const struct watch *w, const struct detect_report *report, struct notice *notice,
     uint64_t *others)
{
    for (size_t f = 0; f < report->finding_count; f++) {
        const struct finding *finding = &report->findings[f];
        enum named named = NAMED_OTHER;

        for (size_t p = 0; p < finding->principals && named != NAMED_CULPRIT; p++)
            named = name_of(w, &finding->principal[p]);
        if (finding->found < w->story->begins)
            named = NAMED_OTHER;
        *others += named == NAMED_OTHER;
        if (named != NAMED_CULPRIT || (notice->is_noticed && notice->time <= finding->found))
            continue;
        *notice = (struct notice){
            .is_noticed = true, .event = w->story->event_count, .time = finding->found};
        snprintf(notice->by, sizeof(notice->by), "detector %s: it %s",
                 detector_name(finding->detector), detector_text(finding->detector));
    }
}

static int
ask(struct watch *w, struct notice *notice, uint64_t *others)
{
    struct detect_report report;
    int result = flush(w);

    *others = 0;
    if (result == 0)
        result = detect_findings(w->detect, &report);
    if (result == 0)
        look(w, &report, notice, others);
    return result;
}

/* Asked once an hour of the breach, when the stream is judged anyway: what comes
 * after the first finding about a culprit is of no interest. */
static int
run(struct watch *w, struct notice *notice, uint64_t *others)
{
    const struct detect_options options = {.memory = MEMORY, .secret = "pasu drill"};
    const struct story *s = w->story;
    int64_t next = (s->begins / STORY_HOUR + 1) * STORY_HOUR;
    int result = detect_open(&w->detect, &options);

    for (size_t i = 0; i < s->session_count && result == 0; i++)
        judge_origin(w->bench, s->sessions[i].address, &w->origins[i]);
    for (size_t i = 0; i < s->event_count && result == 0 && !notice->is_noticed; i++) {
        if (s->events[i].time >= next) {
            next = (s->events[i].time / STORY_HOUR + 1) * STORY_HOUR;
            result = ask(w, notice, others);
        }
        if (result == 0 && !notice->is_noticed)
            result = see_event(w, &s->events[i]);
    }
    return result == 0 && !notice->is_noticed ? ask(w, notice, others) : result;
}

int
watch_story(struct notice *notice, uint64_t *others, const struct bench *bench,
            const struct story *story)
{
    struct watch *w = memory_new(1, sizeof(*w));
    int result = w == NULL ? PASU_E_NOMEM : 0;

    *notice = (struct notice){0};
    *others = 0;
    if (result == 0) {
        w->bench = bench;
        w->story = story;
        w->origins = memory_new(story->session_count + 1, sizeof(*w->origins));
        result = w->origins == NULL ? PASU_E_NOMEM : run(w, notice, others);
        detect_close(w->detect);
        memory_free(w->origins);
    }
    memory_free(w);
    return result;
}
