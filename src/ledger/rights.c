/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/rights.h"

#include "exposure/administration.h"
#include "ledger/entry.h"

enum { RIGHT_HEAD = 56 };

/* Reading persons, and taking on rights that one has, change none. */
uint64_t
rights_flags(void)
{
    return administration_flags() & ~(FLAG_BIT(PRIVILEGED) | FLAG_BIT(SET_ROLE));
}

/* One that shows nobody: no other has to be kept, and none is. */
static bool
is_change(struct exposure *exposure, struct view payload)
{
    if (payload.length <= ENTRY_SALT)
        return false;
    payload = view_of(payload.bytes + ENTRY_SALT, payload.length - ENTRY_SALT);
    return exposure_decode(exposure, payload, NULL, 0) == 0 && exposure->part_count == 0 &&
           (exposure->flags & rights_flags()) != 0;
}

int
right_read(struct right *r, struct view payload)
{
    struct payload_right p;
    const uint8_t *at;
    int result = payload_read_right(&p, payload);

    if (result != 0)
        return result;
    at = p.bytes.bytes;
    *r = (struct right){
        .exposure_of = p.exposure, .opened_of = p.opened, .has_shape = p.shape_length > 0};
    if (!is_change(&r->exposure, view_of(at, p.exposure_length)))
        return PASU_E_CORRUPT;
    at += p.exposure_length;
    if (p.opened_length > 0)
        result = payload_read_opened(&r->opened, view_of(at, p.opened_length));
    at += p.opened_length;
    if (result == 0 && p.shape_length > 0)
        result = payload_read_shape(&r->shape, view_of(at, p.shape_length));
    return result;
}

static uint16_t
add(struct rights *r, struct payload_right_of *of, uint64_t index, int64_t time,
    struct view payload)
{
    struct payload_right *right = &r->body.right;

    if (right->bytes.length + payload.length > sizeof(r->bytes) - RIGHT_HEAD)
        return 0;
    *of = (struct payload_right_of){index, time};
    memcpy(r->bytes + right->bytes.length, payload.bytes, payload.length);
    right->bytes.length += payload.length;
    return (uint16_t)payload.length;
}

static uint16_t
add_named(struct rights *r, struct payload_right_of *of, const struct payload_carried *what)
{
    return what ? add(r, of, what->index, what->time, what->payload) : 0;
}

static uint32_t
keep_exposure(struct rights *r, const struct carry *c, const struct segment_record *record)
{
    struct payload_right *right = &r->body.right;
    PASU_UNINITIALIZED struct exposure e;

    if (!is_change(&e, record->payload))
        return 0;
    *right = (struct payload_right){.bytes = view_of(r->bytes, 0)};
    right->exposure_length = add(r, &right->exposure, record->index, record->time, record->payload);
    right->opened_length = add_named(r, &right->opened, carry_get(c, SEGMENT_OPENED, e.session));
    right->shape_length = add_named(r, &right->shape, carry_get(c, SEGMENT_SHAPE, e.shape));
    return right->exposure_length > 0 ? SEGMENT_RIGHT : 0;
}

/* Of those that say by themselves what has become of rights. */
static bool
is_told(uint32_t type, struct view payload)
{
    union payload_body body;

    switch ((enum segment_type)type) {
    case SEGMENT_POLICY:
    case SEGMENT_ROSTER:
        return true;
    case SEGMENT_ASKED:
        return payload_read_asked(&body.asked, payload) == 0 &&
               strcmp(body.asked.command, "scim") == 0;
    case SEGMENT_RAISED:
        return payload_read_raised(&body.raised, payload) == 0 &&
               strcmp(body.raised.rule, ADMINISTRATION_AROUND) == 0;
    default:
        return false;
    }
}

static uint32_t
keep_told(struct rights *r, const struct payload_carried *told, int64_t since)
{
    if (told->time < since || told->payload.length > CARRY_PAYLOAD_MAX ||
        !is_told(told->type, told->payload))
        return 0;
    r->body.carried = *told;
    return SEGMENT_CARRIED;
}

uint32_t
rights_keep(struct rights *r, const struct carry *c, const struct segment_record *record,
            int64_t since)
{
    const struct payload_carried told = {.index = record->index,
                                         .time = record->time,
                                         .type = (uint16_t)record->type,
                                         .payload = record->payload};
    struct payload_carried again;

    switch (record->type) {
    case SEGMENT_EXPOSURE:
        return record->time >= since ? keep_exposure(r, c, record) : 0;
    case SEGMENT_RIGHT:
        return payload_read_right(&r->body.right, record->payload) == 0 &&
                       r->body.right.exposure.time >= since
                   ? SEGMENT_RIGHT
                   : 0;
    case SEGMENT_CARRIED:
        return payload_read_carried(&again, record->payload) == 0 ? keep_told(r, &again, since) : 0;
    default:
        return keep_told(r, &told, since);
    }
}
