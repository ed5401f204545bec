/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/preface.h"

#include "gate/walk.h"
#include "postgres/key.h"

/* Whether the row has these OIDs, and no others. */
static bool
is_as_planned(const struct plan_statement *statement, struct view body)
{
    struct reader r = reader_of(body);
    bool is_same = reader_u16(&r) == statement->asked_count;

    for (size_t i = 0; is_same && i < statement->asked_count; i++) {
        uint32_t length = reader_u32(&r), oid;

        is_same = length != UINT32_MAX && key_small_number(reader_bytes(&r, length), &oid) &&
                  oid == statement->asked[i];
    }
    return is_same && reader_end(&r) == 0;
}

/* The state that a message leads to; PREFACE_NONE: it belongs to what comes behind. */
static int
next_state(const struct preface *preface, uint8_t type)
{
    switch (preface->state) {
    case PREFACE_NONE:
        return type == 'T' ? PREFACE_DESCRIBED : PREFACE_NONE;
    case PREFACE_DESCRIBED:
        return type == 'D' ? PREFACE_ANSWERED : PREFACE_NONE;
    case PREFACE_ANSWERED:
        return type == 'C' ? PREFACE_OVER : PREFACE_NONE;
    case PREFACE_OVER:
        break;
    }
    return PREFACE_NONE;
}

int
preface_take(struct observer *o, const uint8_t *message, size_t length, bool *is_taken)
{
    const struct exchange_request *request = exchange_first(&o->exchange);
    int next;

    *is_taken = false;
    if (o->preface.state == PREFACE_OVER || preface_of(request).length == 0)
        return 0;
    next = next_state(&o->preface, message[0]);
    if (next == PREFACE_NONE)
        return PASU_E_UPSTREAM_PROTOCOL;
    if (next == PREFACE_ANSWERED)
        o->preface.is_as_planned = is_as_planned(&request->plan->statements[0],
                                                 view_of(message + WALK_HEAD, length - WALK_HEAD));
    o->preface.state = (uint8_t)next;
    *is_taken = true;
    return 0;
}

bool
preface_names_statement(const struct observer *o, const struct plan_statement *statement)
{
    const struct exchange_request *request = exchange_first(&o->exchange);

    return o->preface.state == PREFACE_OVER && o->preface.is_as_planned &&
           preface_of(request).length > 0 && statement == &request->plan->statements[0];
}

void
preface_end(struct observer *o)
{
    o->preface = (struct preface){.state = PREFACE_NONE};
}

struct view
preface_of(const struct exchange_request *request)
{
    if (!request || request->step != STEP_QUERY || !request->plan || request->is_refused ||
        request->is_unasked)
        return view_of("", 0);
    return request->plan->preface;
}
