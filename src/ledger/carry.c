/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/carry.h"

#include "base/memory.h"

#include <stdlib.h>

#define KEPT_FOR (3600 * NANOSECONDS_PER_SECOND)

enum {
    AGE_MAX = 2,
    ITEMS_START = 64,
    RUN_BITS = 36,
};
_Static_assert(RING_RUN == UINT64_C(1) << RUN_BITS, "a position's run");

struct carry_item {
    struct payload_carried what;
    uint64_t number; /* by which it is found, with its type */
    int64_t closed;  /* of a session: when that was recorded; INT64_MAX: it was not */
    bool is_gone;
};

static void
let_go(struct carry_item *item)
{
    memory_free((void *)(uintptr_t)item->what.payload.bytes);
    item->what.payload = (struct view){0};
    item->is_gone = true;
}

void
carry_release(struct carry *c)
{
    for (size_t i = 0; i < c->count; i++)
        let_go(&c->items[i]);
    memory_free(c->items);
    memory_free(c->slots);
    *c = (struct carry){0};
}

/* ---- finding ---- */

static bool
is_numbered(uint16_t type)
{
    return type != SEGMENT_MARK;
}

static uint32_t *
slot_of(const struct carry *c, uint16_t type, uint64_t number)
{
    uint64_t hash = (number ^ (uint64_t)type << 56) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash >> 32) & (c->slot_count - 1);

    while (c->slots[at] != 0) {
        const struct carry_item *item = &c->items[c->slots[at] - 1];

        if (item->what.type == type && item->number == number)
            break;
        at = (at + 1) & (c->slot_count - 1);
    }
    return &c->slots[at];
}

static struct carry_item *
find(const struct carry *c, uint16_t type, uint64_t number)
{
    uint32_t place = c->slot_count > 0 ? *slot_of(c, type, number) : 0;

    return place != 0 && !c->items[place - 1].is_gone ? &c->items[place - 1] : NULL;
}

const struct payload_carried *
carry_get(const struct carry *c, uint16_t type, uint64_t number)
{
    const struct carry_item *item = find(c, type, number);

    return item ? &item->what : NULL;
}

/* Without those that are gone, and with as much room again. */
static int
make_room(struct carry *c)
{
    size_t left = 0, size;
    uint32_t *slots;

    if (c->count < c->size)
        return 0;
    for (size_t i = 0; i < c->count; i++)
        if (!c->items[i].is_gone)
            c->items[left++] = c->items[i];
    c->count = left;
    size = left < ITEMS_START / 2 ? ITEMS_START : 2 * left;
    if (size > UINT32_MAX / 4)
        return PASU_E_NOMEM;
    if (size > c->size) {
        struct carry_item *more = memory_resize(c->items, size, sizeof(*more));

        if (!more)
            return PASU_E_NOMEM;
        c->items = more;
        c->size = size;
    }
    for (c->slot_count = 1; c->slot_count < 2 * c->size;)
        c->slot_count *= 2;
    slots = memory_new(c->slot_count, sizeof(*slots));
    memory_free(c->slots);
    c->slots = slots;
    if (!slots) {
        c->slot_count = 0;
        return PASU_E_NOMEM;
    }
    for (size_t i = 0; i < c->count; i++)
        if (is_numbered(c->items[i].what.type))
            *slot_of(c, c->items[i].what.type, c->items[i].number) = (uint32_t)i + 1;
    return 0;
}

/* Another item. Its payload is copied. */
static int
add(struct carry *c, const struct payload_carried *what, uint64_t number)
{
    int result = make_room(c);
    uint8_t *copy = result == 0 ? memory_new(1, what->payload.length + 1) : NULL;
    struct carry_item *item = &c->items[c->count];

    if (!copy)
        return PASU_E_NOMEM;
    if (what->payload.length > 0)
        memcpy(copy, what->payload.bytes, what->payload.length);
    *item = (struct carry_item){.what = *what, .number = number, .closed = INT64_MAX};
    item->what.payload.bytes = copy;
    c->count++;
    if (is_numbered(what->type))
        *slot_of(c, what->type, number) = (uint32_t)c->count;
    return 0;
}

/* Instead of what has this number. */
static int
replace(struct carry *c, const struct payload_carried *what, uint64_t number)
{
    struct carry_item *known = find(c, what->type, number);

    if (known)
        let_go(known);
    return add(c, what, number);
}

/* ---- sessions ---- */

static void
close_session(struct carry *c, uint64_t session, int64_t time)
{
    struct carry_item *item = find(c, SEGMENT_OPENED, session);

    if (item && item->closed == INT64_MAX)
        item->closed = time;
}

/* Its end is carried over with it: else nobody would ever let it go. */
static int
take_closed(struct carry *c, const struct payload_carried *what)
{
    struct message_closed closed;

    if (payload_read_closed(&closed, what->payload) != 0 ||
        !find(c, SEGMENT_OPENED, closed.session))
        return 0;
    close_session(c, closed.session, what->time);
    return replace(c, what, closed.session);
}

static bool
is_over(const struct carry *c, const struct carry_item *item)
{
    const struct carry_item *session =
        item->what.type == SEGMENT_CLOSED ? find(c, SEGMENT_OPENED, item->number) : item;
    int64_t until;

    if (item->what.type != SEGMENT_CLOSED && item->what.type != SEGMENT_OPENED)
        return false;
    return !session ||
           (session->closed != INT64_MAX &&
            !__builtin_add_overflow(session->closed, KEPT_FOR, &until) && until < c->until);
}

/* ---- runs of the gate ---- */

static void
grow_old(struct carry *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct carry_item *item = &c->items[i];
        uint16_t type = item->what.type;

        if (item->is_gone || (type != SEGMENT_OPENED && type != SEGMENT_CLOSED &&
                              type != SEGMENT_SHAPE && type != SEGMENT_VOCABULARY))
            continue;
        if (item->what.age == AGE_MAX)
            let_go(item);
        else
            item->what.age++;
    }
}

static int
take_taken(struct carry *c, const struct payload_carried *what)
{
    const struct carry_item *known = find(c, SEGMENT_TAKEN, 0);
    struct segment_taken taken, before;

    if (payload_read_taken(&taken, what->payload) != 0)
        return 0;
    if (!known || payload_read_taken(&before, known->what.payload) != 0)
        return replace(c, what, 0);
    if (taken.file == before.file && taken.to >> RUN_BITS <= before.to >> RUN_BITS)
        return 0;
    grow_old(c);
    return replace(c, what, 0);
}

/* ---- marks: as gate/past_marks.c has them ---- */

static bool
is_same(const struct ring_mark *a, const struct ring_mark *b)
{
    if (a->relation != b->relation || a->column != b->column || a->vocabulary != b->vocabulary ||
        strcmp(a->name, b->name) != 0 || strcmp(a->schema, b->schema) != 0)
        return false;
    if (a->system != 0 && a->system == b->system)
        return a->database_oid == b->database_oid;
    return a->system == 0 && b->system == 0 && strcmp(a->gateway, b->gateway) == 0 &&
           strcmp(a->database, b->database) == 0;
}

static bool
ends(const struct ring_mark *mark, const struct ring_mark *known)
{
    if (known->what == RING_MARK_INTENDED && mark->what != RING_MARK_INTENDED)
        return mark->what == RING_MARK_OVER ? known->number == mark->number
                                            : is_same(known, mark) && known->number < mark->number;
    return known->what == RING_MARK_CARRIES && mark->what == RING_MARK_FORGOTTEN &&
           is_same(known, mark) && known->number < mark->number;
}

/* What was taken away does not go into what was marked after that. */
static bool
is_cleared_between(const struct carry *c, const struct ring_mark *known,
                   const struct ring_mark *mark)
{
    struct payload_cleared cleared;

    for (size_t i = 0; i < c->count; i++) {
        struct ring_mark same = *known;

        if (c->items[i].is_gone || c->items[i].what.type != SEGMENT_CLEARED ||
            payload_read_cleared(&cleared, c->items[i].what.payload) != 0)
            continue;
        memcpy(same.gateway, cleared.mark.gateway, sizeof(same.gateway));
        memcpy(same.database, cleared.mark.database, sizeof(same.database));
        same.system = cleared.mark.system;
        same.database_oid = cleared.mark.database_oid;
        if (cleared.mark.relation == known->relation && is_same(&same, known) &&
            known->number < cleared.mark.number && cleared.mark.number <= mark->number)
            return true;
    }
    return false;
}

static int
add_mark(struct carry *c, const struct payload_carried *what, const struct ring_mark *mark)
{
    struct payload_carried merged = *what;
    uint8_t bytes[PAYLOAD_SMALL_MAX];
    ssize_t length = payload_write_mark(mark, bytes, sizeof(bytes));

    if (length < 0)
        return 0;
    merged.payload = view_of(bytes, (size_t)length);
    return add(c, &merged, 0);
}

static int
take_mark(struct carry *c, const struct payload_carried *what)
{
    struct ring_mark mark, known;

    if (payload_read_mark(&mark, what->payload) != 0)
        return 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct carry_item *item = &c->items[i];

        if (item->is_gone || item->what.type != SEGMENT_MARK ||
            payload_read_mark(&known, item->what.payload) != 0)
            continue;
        if (known.what == RING_MARK_CARRIES && mark.what == RING_MARK_CARRIES &&
            is_same(&known, &mark) && !is_cleared_between(c, &known, &mark)) {
            mark.fields |= known.fields;
            mark.kinds |= known.kinds;
            mark.number = mark.number > known.number ? mark.number : known.number;
            let_go(&c->items[i]);
        } else if (ends(&mark, &known)) {
            let_go(&c->items[i]);
        }
    }
    if (mark.what == RING_MARK_CARRIES || mark.what == RING_MARK_INTENDED)
        return add_mark(c, what, &mark);
    return 0;
}

/* ---- all of them ---- */

/* The first word counts; said again, it is of this run. */
static int
take_name(struct carry *c, const struct payload_carried *what, uint64_t number)
{
    struct carry_item *known = find(c, what->type, number);

    if (!known)
        return add(c, what, number);
    known->what.age = 0;
    return 0;
}

static int
take(struct carry *c, const struct payload_carried *what)
{
    struct payload_carried state = *what;
    uint64_t number = 0;
    uint32_t id;

    if (what->payload.length > CARRY_PAYLOAD_MAX) /* none of ours */
        return 0;
    switch ((enum segment_type)what->type) {
    case SEGMENT_BEGUN:
    case SEGMENT_KEY:
        return replace(c, what, what->index);
    case SEGMENT_STARTED:
    case SEGMENT_STOPPED:
        if (find(c, SEGMENT_STARTED, 0))
            let_go(find(c, SEGMENT_STARTED, 0));
        if (find(c, SEGMENT_STOPPED, 0))
            let_go(find(c, SEGMENT_STOPPED, 0));
        return add(c, &state, 0);
    case SEGMENT_OPENED:
    case SEGMENT_SHAPE:
        if (what->payload.length < sizeof(number))
            return 0;
        memcpy(&number, what->payload.bytes, sizeof(number));
        return take_name(c, what, number);
    case SEGMENT_CLOSED:
        return take_closed(c, what);
    case SEGMENT_VOCABULARY:
        if (what->payload.length < sizeof(id))
            return 0;
        memcpy(&id, what->payload.bytes, sizeof(id));
        return take_name(c, what, id);
    case SEGMENT_MARK:
        return take_mark(c, what);
    case SEGMENT_CLEARED:
        return replace(c, what, what->index);
    case SEGMENT_TAKEN:
        return take_taken(c, what);
    default:
        return 0;
    }
}

int
carry_restore(struct carry *c, const struct payload_carried *carried)
{
    if (carried->type == SEGMENT_TAKEN) /* it was the newest then */
        return replace(c, carried, 0);
    return take(c, carried);
}

int
carry_take(struct carry *c, const struct segment_record *record)
{
    const struct payload_carried what = {.index = record->index,
                                         .time = record->time,
                                         .type = (uint16_t)record->type,
                                         .payload = record->payload};

    if (record->time > c->until)
        c->until = record->time;
    return take(c, &what);
}

static int
by_index(const void *a, const void *b)
{
    const struct carry_item *one = *(struct carry_item *const *)a,
                            *other = *(struct carry_item *const *)b;

    return one->what.index < other->what.index ? -1 : one->what.index > other->what.index;
}

int
carry_each(struct carry *c, int (*put)(void *arg, const struct payload_carried *carried), void *arg)
{
    struct carry_item **order = memory_new(c->count + 1, sizeof(*order));
    size_t count = 0;
    int result = 0;

    if (!order)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < c->count; i++)
        if (!c->items[i].is_gone && !is_over(c, &c->items[i]))
            order[count++] = &c->items[i];
    qsort(order, count, sizeof(struct carry_item *), by_index);
    for (size_t i = 0; i < count && result == 0; i++)
        result = put(arg, &order[i]->what);
    memory_free(order);
    return result;
}
