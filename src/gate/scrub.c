/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/scrub.h"

#include "gate/release.h"
#include "gate/session.h"
#include "gate/speech.h"
#include "postgres/envelope.h"
#include "postgres/response.h"

#define SCRUB_HINT                                                                                 \
    "the database server's log can have it; the gateway's configuration says "                     \
    "attribution.texts: scrub"
#define RULED_HINT                                                                                 \
    "the database server's log can have it; a rule of the gateway's configuration masks what it "  \
    "can show"

bool
scrub_is_on(const struct session *s)
{
    return s->settings->config->attribution.texts == TEXTS_SCRUB;
}

static int
release(struct answering *a, struct writer *w)
{
    int result = answer_flush(a);
    ssize_t length = writer_end(w);

    if (result != 0 || a->o->is_muted)
        return result;
    if (length < 0)
        return (int)length;
    return release_batch(a->s, &(struct batch){.bytes = w->start, .length = (size_t)length});
}

int
scrub_report(struct answering *a, char type, struct view body, bool is_ruled)
{
    uint8_t space[1024];
    struct writer w = writer_of(space, sizeof(space));
    bool is_error = type == 'E';

    response_scrubbed(&w, type, speech_field(body, 'S'), speech_field(body, 'V'),
                      speech_field(body, 'C'),
                      is_error ? "pasu withholds this error's text: it can show personal data"
                               : "pasu withholds this notice's text: it can show personal data",
                      is_ruled ? RULED_HINT : SCRUB_HINT);
    return release(a, &w);
}

int
scrub_notification(struct answering *a, struct view body)
{
    struct reader r = reader_of(body);
    uint32_t pid = reader_u32(&r);
    struct view channel = reader_text(&r);
    uint8_t space[512]; /* a channel is a name */
    struct writer w = writer_of(space, sizeof(space));
    size_t at = envelope_begin(&w, 'A');

    writer_u32(&w, pid);
    envelope_text(&w, channel);
    writer_u8(&w, 0);
    envelope_end(&w, at);
    return r.failed ? PASU_E_UPSTREAM_PROTOCOL : release(a, &w);
}
