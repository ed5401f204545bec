/* SPDX-License-Identifier: Apache-2.0 */
/* The payloads of records: one way to write each, and nothing else is read. */
#include "ledger/payload.h"

#include "payload_made.h"
#include "unit.h"

enum { ROUNDS = 200 };

/* ---- by hand ---- */

struct golden {
    const char *is;
    uint32_t type;
    const char *hex;
    union payload_body body;
};

static const struct golden golden[] = {
#define X(type, name, hex, ...) {#name, type, hex, {.name = __VA_ARGS__}},
#include "payload_golden.def"
#undef X
};

static size_t
from_hex(const char *hex, uint8_t *bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t count = 0;

    for (; *hex; hex++) {
        const char *digit = strchr(digits, *hex);

        if (*hex == ' ')
            continue;
        assert_non_null(digit);
        assert_true(count / 2 < SPACE);
        bytes[count / 2] = (uint8_t)(bytes[count / 2] << 4 | (digit - digits));
        count++;
    }
    assert_int_equal(count % 2, 0);
    return count / 2;
}

static const struct golden *
golden_of(uint32_t type)
{
    for (size_t i = 0; i < COUNT_OF(golden); i++)
        if (golden[i].type == type)
            return &golden[i];
    fail();
    return NULL;
}

/* Whether it is what was written by hand; views by what they show. */
static bool
is_body(const union payload_body *a, const union payload_body *b, uint32_t type)
{
    union payload_body one = *a, other = *b;

    if (type == SEGMENT_SHAPE) {
        if (!view_equal(one.shape.sql, other.shape.sql))
            return false;
        one.shape.sql = other.shape.sql = (struct view){0};
    }
    if (type == SEGMENT_ORDINAL) {
        if (!view_equal(one.ordinal.sealed, other.ordinal.sealed))
            return false;
        one.ordinal.sealed = other.ordinal.sealed = (struct view){0};
    }
    if (type == SEGMENT_DECOYS) {
        if (!view_equal(one.decoys.items, other.decoys.items))
            return false;
        one.decoys.items = other.decoys.items = (struct view){0};
    }
    if (type == SEGMENT_REQUESTED) {
        if (!view_equal(one.requested.sql, other.requested.sql))
            return false;
        one.requested.sql = other.requested.sql = (struct view){0};
    }
    if (type == SEGMENT_INCIDENT) {
        if (!view_equal(one.incident.more, other.incident.more))
            return false;
        one.incident.more = other.incident.more = (struct view){0};
    }
    if (type == SEGMENT_PRUNED) {
        if (!view_equal(one.pruned.frontier, other.pruned.frontier))
            return false;
        one.pruned.frontier = other.pruned.frontier = (struct view){0};
    }
    if (type == SEGMENT_RIGHT) {
        if (!view_equal(one.right.bytes, other.right.bytes))
            return false;
        one.right.bytes = other.right.bytes = (struct view){0};
    }
    if (type == SEGMENT_CARRIED) {
        if (!view_equal(one.carried.payload, other.carried.payload))
            return false;
        one.carried.payload = other.carried.payload = (struct view){0};
    }
    return memcmp(&one, &other, sizeof(one)) == 0;
}

static void
the_bytes_are_those_that_were_written_by_hand(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < COUNT_OF(golden); i++) {
        const struct golden *g = &golden[i];
        uint8_t bytes[SPACE] = {0}, again[SPACE];
        size_t length = from_hex(g->hex, bytes);
        union payload_body body = {0};

        assert_int_equal(payload_read(g->type, &body, view_of(bytes, length)), 0);
        assert_true(is_body(&body, &g->body, g->type));
        assert_int_equal(payload_write(g->type, &g->body, again, sizeof(again)), length);
        assert_memory_equal(again, bytes, length);
        assert_int_equal(payload_write(g->type, &g->body, again, length), length);
        for (size_t room = 0; room < length; room++)
            assert_int_equal(payload_write(g->type, &g->body, again, room), PASU_E_RANGE);
    }
}

/* Each type has its functions, and they are its own. */
static void
each_type_has_functions_of_its_name(void **state PASU_UNUSED)
{
    uint8_t bytes[SPACE], again[SPACE];
    unsigned count = 0;

#define X(type, name, record, check, ...)                                                          \
    {                                                                                              \
        const struct golden *g = golden_of(SEGMENT_##type);                                        \
        size_t length = from_hex(g->hex, bytes);                                                   \
        struct record body;                                                                        \
                                                                                                   \
        assert_string_equal(g->is, #name);                                                         \
        assert_int_equal(payload_read_##name(&body, view_of(bytes, length)), 0);                   \
        assert_int_equal(payload_write_##name(&body, again, sizeof(again)), length);               \
        assert_memory_equal(again, bytes, length);                                                 \
        count++;                                                                                   \
    }
#include "ledger/payload.def"
#undef X
    assert_int_equal(count, COUNT_OF(golden));
}

/* ---- at random ---- */

static bool
has_rest(const struct layout *layout)
{
    return strpbrk(layout->form, "*d") != NULL;
}

static int
read_of(const struct layout *layout, const struct made *m, size_t length)
{
    union payload_body body;

    return payload_read(layout->type, &body, view_of(m->bytes, length));
}

/* Bytes of the longest payload of that form. */
static size_t
most_of(const char *form)
{
    size_t most = 0;

    for (; *form; form++)
        most += *form == 'z'                   ? 0 /* the digit behind it counts */
                : *form == 'h'                 ? 32
                : *form == 'n' || *form == 't' ? 64
                : *form == 'a'                 ? 48
                : *form == 'T'                 ? 256
                                               : (size_t)(*form - '0');
    return most;
}

static void
what_is_read_is_written_to_the_same_bytes(void **state PASU_UNUSED)
{
    struct random random = {.state = 41};
    static struct made m;
    size_t longest = 0;

    assert_int_equal(COUNT_OF(layouts), COUNT_OF(golden));
    for (int round = 0; round < ROUNDS * (int)COUNT_OF(layouts); round++) {
        const struct layout *layout = &layouts[(size_t)round % COUNT_OF(layouts)];
        union payload_body body, other;
        uint8_t again[SPACE];

        make(&m, &random, layout);
        memset(&body, 0xaa, sizeof(body));
        memset(&other, 0, sizeof(other));
        assert_int_equal(payload_read(layout->type, &body, view_of(m.bytes, m.length)), 0);
        assert_int_equal(payload_write(layout->type, &body, again, sizeof(again)), m.length);
        assert_memory_equal(again, m.bytes, m.length);
        /* What was in the struct before is in none of the bytes, nor in what is read. */
        assert_int_equal(payload_read(layout->type, &other, view_of(again, m.length)), 0);
        memset(again, 0, sizeof(again));
        assert_int_equal(payload_write(layout->type, &other, again, sizeof(again)), m.length);
        assert_true(has_rest(layout) || memcmp(again, m.bytes, m.length) == 0);
        assert_true(has_rest(layout) || m.length <= most_of(layout->form));
        if (!has_rest(layout) && most_of(layout->form) > longest)
            longest = most_of(layout->form);
    }
    assert_int_equal(longest, PAYLOAD_SMALL_MAX);
}

/* Where so many texts end that begin there. */
static size_t
behind_texts(const struct made *m, size_t at, int count)
{
    for (; count > 0; count--)
        at += 1u + m->bytes[at];
    return at;
}

static void
a_payload_that_is_cut_or_goes_on_is_refused(void **state PASU_UNUSED)
{
    struct random random = {.state = 42};
    static struct made m;

    for (int round = 0; round < ROUNDS / 10 * (int)COUNT_OF(layouts); round++) {
        const struct layout *layout = &layouts[(size_t)round % COUNT_OF(layouts)];
        size_t fixed;

        make(&m, &random, layout);
        fixed = layout->type == SEGMENT_SHAPE                                        ? 8
                : layout->type == SEGMENT_ORDINAL || layout->type == SEGMENT_CARRIED ? 24
                : layout->type == SEGMENT_REQUESTED ? behind_texts(&m, 24, 4)
                : layout->type == SEGMENT_INCIDENT  ? behind_texts(&m, 48, 2)
                : layout->type == SEGMENT_DECOYS
                    ? behind_texts(&m, 32, 4) + sizeof(struct payload_decoy)
                    : m.length;
        for (size_t length = 0; length < fixed; length++)
            assert_int_equal(read_of(layout, &m, length), PASU_E_CORRUPT);
        if (!has_rest(layout) || layout->type == SEGMENT_PRUNED || layout->type == SEGMENT_RIGHT) {
            m.bytes[m.length] = (uint8_t)(round & 1);
            assert_int_equal(read_of(layout, &m, m.length + 1), PASU_E_CORRUPT);
        }
    }
}

static void
zeros_are_zero_and_texts_are_not(void **state PASU_UNUSED)
{
    struct random random = {.state = 43};
    static struct made m;
    unsigned zeros = 0, letters = 0;

    for (int round = 0; round < ROUNDS / 10 * (int)COUNT_OF(layouts); round++) {
        const struct layout *layout = &layouts[(size_t)round % COUNT_OF(layouts)];

        make(&m, &random, layout);
        for (size_t at = 0; at < m.length; at++) {
            uint8_t was = m.bytes[at];

            if (m.is_zero[at]) {
                m.bytes[at] = (uint8_t)(1 << random_below(&random, 8));
                assert_int_equal(read_of(layout, &m, m.length), PASU_E_CORRUPT);
                zeros++;
            } else if (m.is_text[at] && layout->type != SEGMENT_MARK) {
                m.bytes[at] = 0;
                assert_int_equal(read_of(layout, &m, m.length), PASU_E_CORRUPT);
                letters++;
            }
            m.bytes[at] = was;
        }
        assert_int_equal(read_of(layout, &m, m.length), 0);
    }
    assert_true(zeros > 500 && letters > 5000);
}

/* ---- texts ---- */

static void
a_text_that_has_no_room_is_refused(void **state PASU_UNUSED)
{
    static const struct {
        uint32_t type;
        size_t at, room, texts;
    } all[] = {
        {SEGMENT_OPENED, 20, 64, 5}, /* the gateway, and four empty ones */
        {SEGMENT_OPENED, 24, 48, 1}, /* the address */
        {SEGMENT_REFUSED, 16, 64, 4}, {SEGMENT_REFUSED, 19, 48, 1}, {SEGMENT_KILLED, 16, 64, 1},
    };

    for (size_t i = 0; i < COUNT_OF(all); i++) {
        const struct layout layout = {.type = all[i].type};
        struct made m = {.length = all[i].at};

        for (size_t length = all[i].room - 1; length <= 255; length++) {
            m.bytes[all[i].at] = (uint8_t)length;
            memset(m.bytes + all[i].at + 1, 'x', length);
            memset(m.bytes + all[i].at + 1 + length, 0, all[i].texts - 1);
            assert_int_equal(read_of(&layout, &m, all[i].at + length + all[i].texts),
                             length < all[i].room ? 0 : PASU_E_CORRUPT);
        }
    }
}

static void
a_text_that_does_not_end_is_cut(void **state PASU_UNUSED)
{
    struct message_session session = {.session = 1}, read_session;
    struct payload_hold hold = {.number = 1}, read_hold;
    uint8_t bytes[SPACE];
    ssize_t length;

    memset(session.gateway, 'x', sizeof(session.gateway));
    memset(session.address, 'y', sizeof(session.address));
    length = payload_write_opened(&session, bytes, sizeof(bytes));
    assert_int_equal(length, 20 + 64 + 1 + 1 + 1 + 48);
    assert_int_equal(payload_read_opened(&read_session, view_of(bytes, (size_t)length)), 0);
    assert_int_equal(strlen(read_session.gateway), 63);
    assert_int_equal(strlen(read_session.address), 47);
    memset(hold.who, 'x', sizeof(hold.who));
    memset(hold.why, 'y', sizeof(hold.why));
    length = payload_write_hold(&hold, bytes, sizeof(bytes));
    assert_int_equal(length, 16 + 2 * 256);
    assert_int_equal(payload_read_hold(&read_hold, view_of(bytes, (size_t)length)), 0);
    assert_int_equal(strlen(read_hold.why), 255);
}

static void
what_is_behind_a_text_s_zero_is_not_written(void **state PASU_UNUSED)
{
    struct payload_kill kill = {.principal = "bob\0secret"};
    uint8_t bytes[SPACE];

    assert_int_equal(payload_write_killed(&kill, bytes, sizeof(bytes)), 20);
    assert_int_equal(payload_read_killed(&kill, view_of(bytes, 20)), 0);
    assert_true(bytes_are_zero(kill.principal + 3, sizeof(kill.principal) - 3));
}

/* ---- what need not be there ---- */

/* Behind the session that was written by hand. */
static void
where_a_session_was_is_at_its_end_or_not_there(void **state PASU_UNUSED)
{
    static const struct {
        const char *hex;
        struct message_origin origin;
    } all[] = {
        {"", {0}},
        {"0100 4b52 f4fb0000", {.is_known = 1, .country = {'K', 'R'}, .system = 64500}},
        {"0100 0000 01000000", {.is_known = 1, .system = 1}},
        {"0100 0000 00000000", {.is_known = 1}},
    };
    static const char *const wrong[] = {
        "0000 0000 00000000", "0200 4b52 00000000", "0101 4b52 00000000", "0000 4b52 00000000",
        "0100 4b00 00000000", "0100 6b72 00000000", "0100 4b52 000000",   "0100 4b52 00000000 00",
    };
    const struct golden *g = golden_of(SEGMENT_OPENED);
    uint8_t bytes[SPACE], again[SPACE];
    size_t length = from_hex(g->hex, bytes);
    struct message_session session;

    for (size_t i = 0; i < COUNT_OF(all); i++) {
        size_t size = length + from_hex(all[i].hex, bytes + length);

        assert_int_equal(payload_read_opened(&session, view_of(bytes, size)), 0);
        assert_memory_equal(&session.origin, &all[i].origin, sizeof(session.origin));
        assert_string_equal(session.address, "192.0.2.1");
        assert_int_equal(payload_write_opened(&session, again, sizeof(again)), size);
        assert_memory_equal(again, bytes, size);
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        size_t size = length + from_hex(wrong[i], bytes + length);

        assert_int_equal(payload_read_opened(&session, view_of(bytes, size)), PASU_E_CORRUPT);
    }
    session.origin = (struct message_origin){.system = 1};
    assert_int_equal(payload_write_opened(&session, again, sizeof(again)), PASU_E_RANGE);
}

/* ---- what cannot be ---- */

static void
a_number_that_has_no_payload_is_not_written(void **state PASU_UNUSED)
{
    struct message_session session = {.port = 65535, .tls = 1, .replication = 1};
    struct message_refused refused = {.port = 65536};
    uint8_t bytes[SPACE];

    assert_true(payload_write_opened(&session, bytes, sizeof(bytes)) > 0);
    session.port = 65536;
    assert_int_equal(payload_write_opened(&session, bytes, sizeof(bytes)), PASU_E_RANGE);
    assert_int_equal(payload_write_refused(&refused, bytes, sizeof(bytes)), PASU_E_RANGE);
    session.port = 0;
    session.tls = 2;
    assert_int_equal(payload_write_opened(&session, bytes, sizeof(bytes)), PASU_E_RANGE);
    /* Members that are in no payload are of no account. */
    session = (struct message_session){.unused = {1, 1}};
    assert_true(payload_write_opened(&session, bytes, sizeof(bytes)) > 0);
}

/* Bytes at a place of what was written by hand make it something that is never written: not read,
 * and what has it in its struct is not written. */
static void
what_cannot_be_is_neither_read_nor_written(void **state PASU_UNUSED)
{
    static const struct {
        uint32_t type;
        size_t at, length;
        const char *bytes;
    } all[] = {
        {SEGMENT_OPENED, 18, 1, "\2"},
        {SEGMENT_OPENED, 19, 1, "\2"},
        {SEGMENT_ORDINAL, 3, 1, "\xef"},
        {SEGMENT_ORDINAL, 4, 1, "\x10"},
        {SEGMENT_TAKEN, 0, 1, "\x40"},
        {SEGMENT_TAKEN, 20, 2, "\x10\1"},
        {SEGMENT_EXPORTED, 8, 1, "\x09"},
        {SEGMENT_PRUNED, 0, 1, "\3"},
        {SEGMENT_PRUNED, 8, 1, "\4"},   /* one subtree, and two roots */
        {SEGMENT_PRUNED, 32, 1, "\2"},  /* carried in what is deleted */
        {SEGMENT_CARRIED, 16, 1, "\5"}, /* nothing refers to that */
        {SEGMENT_RIGHT, 48, 1, "\x12"}, /* longer than what is there */
        {SEGMENT_RIGHT, 16, 1, "\0"},   /* a session with no index */
        {SEGMENT_ERASED, 3, 1, "\xef"},
        {SEGMENT_OPENING, 8, 1, "\x08"},
        {SEGMENT_OPENING, 9, 1, "\2"},
        {SEGMENT_OPENING, 12, 2, "\0\0"},
        {SEGMENT_OPENING, 12, 1, "\x71"},
        {SEGMENT_CENSUS, 0, 1, "\x08"},
        {SEGMENT_CENSUS, 1, 1, "\2"},
        {SEGMENT_CENSUS, 32, 1, "\2"}, /* it began later than it was */
        {SEGMENT_CENSUS, 48, 1, "\xff"},
        {SEGMENT_CENSUS, 64, 1, "\xff"},
        {SEGMENT_CENSUS, 80, 1, "\xff"},
        {SEGMENT_BYPASS, 22, 1, "\2"},
        {SEGMENT_BYPASS, 23, 1, "\2"},
        {SEGMENT_BYPASS, 24, 1, "\2"},
        {SEGMENT_BYPASS, 25, 1, "\5"},
        {SEGMENT_BYPASS, 26, 1, "\2"},
        {SEGMENT_BYPASS, 27, 1, "\1"},
        {SEGMENT_BACKEND, 22, 1, "\3"},
        {SEGMENT_BACKEND, 23, 1, "\1"},
        {SEGMENT_RAISED, 16, 1, "\0"}, /* of nothing */
        {SEGMENT_RAISED, 48, 1, "\0"},
        {SEGMENT_RAISED, 48, 1, "\6"},
        {SEGMENT_RAISED, 49, 1, "\10"},
        {SEGMENT_RAISED, 50, 1, "\5"},
        {SEGMENT_DECOYS, 60, 1, "\2"},
        {SEGMENT_DECOYS, 60, 1, "\0"}, /* its ordinal is there, and not known */
        {SEGMENT_DECOYS, 63, 1, "\1"},
        {SEGMENT_FINDING, 8, 1, "\3"},    /* its first read behind its last */
        {SEGMENT_FINDING, 24, 1, "\x0d"}, /* more persons at least than about */
        {SEGMENT_FINDING, 40, 1, "\x0b"}, /* fewer at most */
        {SEGMENT_FINDING, 96, 1, "\1"},   /* a place that is not counted */
        {SEGMENT_FINDING, 124, 1, "\0"},
        {SEGMENT_FINDING, 124, 1, "\6"},
        {SEGMENT_FINDING, 125, 1, "\6"},
        {SEGMENT_FINDING, 126, 1, "\1"},
        {SEGMENT_MARK, 8, 8, "\0\0\0\0\0\0\0\0"}, /* carries nothing */
        {SEGMENT_MARK, 33, 1, "\x80"},            /* a column below 0 */
        {SEGMENT_MARK, 34, 1, "\0"},              /* says nothing */
        {SEGMENT_MARK, 34, 1, "\2"},              /* forgets fields */
        {SEGMENT_MARK, 34, 1, "\4"},              /* is over, and of a relation */
        {SEGMENT_MARK, 34, 1, "\5"},
        {SEGMENT_MARK, 28, 1, "\1"},                /* an OID, and a name */
        {SEGMENT_MARK, 40, 1, "\0"},                /* a name that begins with a zero */
        {SEGMENT_MARK, 40 + 60, 1, "x"},            /* and one with more behind it */
        {SEGMENT_MARK, 40, 4, "\0\0\0\0"},          /* no gateway */
        {SEGMENT_MARK, 104, 6, "\0\0\0\0\0\0"},     /* no database */
        {SEGMENT_MARK, 232, 4, "\0\0\0\0"},         /* neither an OID nor a name */
        {SEGMENT_MARK, 296, 8, "\0\0\0\0\0\0\0\0"}, /* a database's OID alone */
        {SEGMENT_MARK, 304, 1, "\0"},               /* a system alone */
    };

    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct made m = {0};
        const struct golden *g = golden_of(all[i].type);

        m.length = from_hex(g->hex, m.bytes);
        assert_int_equal(read_of(&(struct layout){.type = g->type}, &m, m.length), 0);
        memcpy(m.bytes + all[i].at, all[i].bytes, all[i].length);
        assert_int_equal(read_of(&(struct layout){.type = g->type}, &m, m.length), PASU_E_CORRUPT);
        if (g->type == SEGMENT_MARK) {
            union payload_body body;
            uint8_t again[SPACE];

            memcpy(&body.mark, m.bytes, sizeof(body.mark));
            assert_int_equal(payload_write_mark(&body.mark, again, sizeof(again)), PASU_E_RANGE);
        }
    }
}

static void
nothing_that_cannot_be_is_written(void **state PASU_UNUSED)
{
    uint8_t bytes[SPACE];

#define REFUSED(name, record, ...)                                                                 \
    assert_int_equal(payload_write_##name(&(struct record){__VA_ARGS__}, bytes, sizeof(bytes)),    \
                     PASU_E_RANGE)
    REFUSED(ordinal, payload_ordinal, .head.ordinal = 0xefffffff);
    REFUSED(ordinal, payload_ordinal, .head = {.ordinal = 0xf0000000, .kind = EXPOSURE_KINDS_MAX});
    REFUSED(taken, segment_taken, .ring = RINGS_MAX);
    REFUSED(taken, segment_taken, .from = 1);
    REFUSED(exported, payload_exported, .from = 1);
    REFUSED(pruned, payload_pruned, .first = 1, .end = 1);
    REFUSED(erased, payload_erased, .ordinal = 0xefffffff);
    REFUSED(opening, payload_opening, .part = EXPOSURE_PARTS_MAX, .count = 1);
    REFUSED(opening, payload_opening, .which = 2, .count = 1);
    REFUSED(opening, payload_opening, .count = 0);
    REFUSED(opening, payload_opening, .count = EXPOSURE_ORDINALS_MAX + 1);
    REFUSED(mark, ring_mark, .what = RING_MARK_CARRIES);
    REFUSED(cleared, payload_cleared, .mark = {.relation = 7}); /* of nothing, and nobody's */
#undef REFUSED
}

#define MARK(what_, ...)                                                                           \
    {                                                                                              \
        .what = (what_), .gateway = "g", .database = "d", __VA_ARGS__                              \
    }

/* A mark stands in its payload as it does in memory. */
static void
only_marks_of_one_relation_or_of_none_are_marks(void **state PASU_UNUSED)
{
    static const struct ring_mark right[] = {
        MARK(RING_MARK_CARRIES, .fields = 1, .relation = 7),
        MARK(RING_MARK_INTENDED, .fields = 1, .kinds = 2, .schema = "s", .name = "t"),
        MARK(RING_MARK_FORGOTTEN, .relation = 7, .column = 3),
        MARK(RING_MARK_FORGOTTEN, .name = "t"),
        MARK(RING_MARK_OVER, .system = 1, .database_oid = 2),
    };
    static const struct ring_mark wrong[] = {
        MARK(0, .relation = 7),
        MARK(5, .relation = 7),
        MARK(RING_MARK_FORGOTTEN, .relation = 7, .kinds = 1),
        MARK(RING_MARK_FORGOTTEN, .relation = 7, .name = "t"),
        MARK(RING_MARK_FORGOTTEN, .relation = 7, .schema = "s"),
        MARK(RING_MARK_FORGOTTEN, .schema = "s"),
        MARK(RING_MARK_OVER, .fields = 1),
        MARK(RING_MARK_OVER, .kinds = 1),
        MARK(RING_MARK_OVER, .relation = 7),
        MARK(RING_MARK_OVER, .column = 1),
        MARK(RING_MARK_OVER, .schema = "s"),
        MARK(RING_MARK_OVER, .name = "t"),
    };
    uint8_t bytes[SPACE];
    struct ring_mark mark;

    for (size_t i = 0; i < COUNT_OF(right); i++) {
        assert_int_equal(payload_write_mark(&right[i], bytes, sizeof(bytes)), sizeof(mark));
        assert_memory_equal(bytes, &right[i], sizeof(mark));
        assert_int_equal(payload_read_mark(&mark, view_of(bytes, sizeof(mark))), 0);
        assert_memory_equal(&mark, &right[i], sizeof(mark));
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(payload_write_mark(&wrong[i], bytes, sizeof(bytes)), PASU_E_RANGE);
        assert_int_equal(payload_read_mark(&mark, view_of(&wrong[i], sizeof(mark))),
                         PASU_E_CORRUPT);
    }
}

static void
a_type_without_a_payload_of_ours_is_told_of(void **state PASU_UNUSED)
{
    static const uint32_t others[] = {0,  SEGMENT_BEGUN, SEGMENT_KEY, SEGMENT_EXPOSURE, 11,
                                      33, 65535,         UINT32_MAX};
    union payload_body body = {0};
    uint8_t bytes[8];

    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(payload_read(others[i], &body, VIEW("")), PASU_E_NOTFOUND);
        assert_int_equal(payload_write(others[i], &body, bytes, sizeof(bytes)), PASU_E_NOTFOUND);
    }
    assert_int_equal(payload_read(SEGMENT_STARTED, &body, VIEW("")), 0);
    assert_int_equal(payload_read(SEGMENT_OPENED, &body, VIEW("")), PASU_E_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_those_that_were_written_by_hand),
        cmocka_unit_test(each_type_has_functions_of_its_name),
        cmocka_unit_test(where_a_session_was_is_at_its_end_or_not_there),
        cmocka_unit_test(what_is_read_is_written_to_the_same_bytes),
        cmocka_unit_test(a_payload_that_is_cut_or_goes_on_is_refused),
        cmocka_unit_test(zeros_are_zero_and_texts_are_not),
        cmocka_unit_test(a_text_that_has_no_room_is_refused),
        cmocka_unit_test(a_text_that_does_not_end_is_cut),
        cmocka_unit_test(what_is_behind_a_text_s_zero_is_not_written),
        cmocka_unit_test(a_number_that_has_no_payload_is_not_written),
        cmocka_unit_test(what_cannot_be_is_neither_read_nor_written),
        cmocka_unit_test(nothing_that_cannot_be_is_written),
        cmocka_unit_test(only_marks_of_one_relation_or_of_none_are_marks),
        cmocka_unit_test(a_type_without_a_payload_of_ours_is_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
