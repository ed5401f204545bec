/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/found.h"

#include <math.h>

enum { MANY_PERSONS = 1000, CERTAIN = 6 /* log10 of the e-value */ };

static int64_t
thousandths(double number)
{
    const double most = 1e15;

    if (isnan(number))
        return 0;
    return (int64_t)(fmin(fmax(number, -most), most) * 1000);
}

/* As many as find room, and how many there are beside. */
static void
put_who(struct message_finding *m, const struct finding *f, const struct sightings *s)
{
    size_t at = 0;

    for (size_t i = 0; i < f->principals; i++) {
        const struct finding_principal *p = &f->principal[i];
        char name[SIGHTINGS_NAME], role[NAME_SIZE];

        sightings_name(s, (enum axis)p->axis, p->who, name, role);
        if (i == 0)
            memcpy(m->principal, role, sizeof(m->principal));
        if (at + strlen(name) + sizeof(", ") > sizeof(m->who))
            return;
        at += (size_t)snprintf(m->who + at, sizeof(m->who) - at, "%s%s", at > 0 ? ", " : "", name);
    }
}

/* A record can have shown several of the persons. */
static void
put_place(struct message_finding *m, uint64_t record)
{
    for (size_t i = 0; i < m->evidence_count; i++)
        if (m->evidence[i] == record)
            return;
    if (m->evidence_count < FINDING_EVIDENCE)
        m->evidence[m->evidence_count++] = record;
}

static uint8_t
severity_of(const struct finding *f)
{
    return f->about >= MANY_PERSONS || f->misses >= MANY_PERSONS || f->log10_fused >= CERTAIN ? 4
                                                                                              : 3;
}

void
found_message(struct message_finding *m, const struct finding *f, const struct sightings *s)
{
    char why[DETECT_TEXT];

    *m = (struct message_finding){
        .found = f->found,
        .first = f->first,
        .last = f->last,
        .at_least = f->at_least,
        .at_most = f->at_most,
        .about = f->about,
        .reads = f->reads,
        .misses = f->misses,
        .statistic = thousandths(f->statistic),
        .strength = thousandths(f->log10_fused),
        .together = f->together,
        .severity = severity_of(f),
    };
    for (size_t i = 0; i < f->places; i++)
        put_place(m, f->place[i].offset);
    snprintf(m->detector, sizeof(m->detector), "%s", detector_name((enum detector)f->detector));
    put_who(m, f, s);
    sightings_fields(s, f->fields, m->fields, sizeof(m->fields));
    (void)finding_why(f, why);
    snprintf(m->why, sizeof(m->why), "%.*s", (int)sizeof(m->why) - 1, why);
}
