/* SPDX-License-Identifier: Apache-2.0 */
/* Random payloads, made from the table in docs/spec/ledger.md and not with the code. */
#ifndef PASU_TEST_PAYLOAD_MADE_H
#define PASU_TEST_PAYLOAD_MADE_H

#include "exposure/exposure.h"
#include "ledger/payload.h"
#include "random.h"

enum { SPACE = 1024 };

/* The table once more. 1, 2, 4, 8: so many random bytes, z and a
 * digit: zeros, h: 32 bytes, n: a name in 64 bytes, t: a text of at most 63, a: at most 47, T: at
 * most 255, *: the rest. */
struct layout {
    uint32_t type;
    const char *form;
};

static const struct layout layouts[] = {
    {3, ""},
    {4, ""},
    {5, "884z4"},
    {6, "88211tttta"},
    {7, "884z48888"},
    {8, "842z2ttta"},
    {10, "8*"},
    {12, "41z388*"},
    {13, "8884421z5nnnn84z4"},
    {14, "448888"},
    {15, "844t"},
    {16, "h8"},
    {17, "h4z4"},
    {18, "81z3TT"},
    {19, "84z4TT"},
    {20, "44TT"},
    {21, "4488T"},
    {22, "84z4TT"},
    {23, "84z4TT"},
    {24, "88888hh*"},
    {25, "44T"},
    {26, "811z24hh"},
    {27, "8822z4*"},
    {28, "11z2488888888888tt"},
    {29, "884211111z1tttta"},
    {30, "88421z1tt"},
    {31, "888888111z5ttT"},
    {32, "81z7T"},
    {36, "888tttT*"},
    {37, "841z3TT"},
    {38, "81z7"},
    {40, "84411z6ttaT"},
    {41, "888888222z2*"},
    {44, "8888888h41z3T"},
    {48, "8888841z3TT*"},
    {49, "88841z3tT"},
    {50, "8884z4ktTTd"},
    {51, "884z4TT"},
    {52, "888888888888888411z2ttTTT"},
    {53, "88844844kkttT"},
};

/* A payload, and where in it are the zeros and the texts. */
struct made {
    uint8_t bytes[SPACE];
    size_t length;
    bool is_zero[SPACE], is_text[SPACE]; /* a text's bytes, without its length */
};

static inline void
put(struct made *m, struct random *random, size_t count)
{
    while (count-- > 0)
        m->bytes[m->length++] = (uint8_t)random_u64(random);
}

static inline void
put_letters(struct made *m, struct random *random, size_t count)
{
    while (count-- > 0) {
        m->is_text[m->length] = true;
        m->bytes[m->length++] = (uint8_t)(1 + random_below(random, 255));
    }
}

static inline void
put_text(struct made *m, struct random *random, uint32_t most)
{
    uint32_t length = random_below(random, 4) ? random_below(random, most + 1) : most;

    m->bytes[m->length++] = (uint8_t)length;
    put_letters(m, random, length);
}

static inline void
put_name(struct made *m, struct random *random)
{
    size_t end = m->length + RING_NAME_SIZE;

    put_letters(m, random, 1 + random_below(random, RING_NAME_SIZE - 1));
    while (m->length < end)
        m->bytes[m->length++] = 0;
}

static inline void
set_u32(struct made *m, size_t at, uint32_t value)
{
    memcpy(m->bytes + at, &value, sizeof(value));
}

static inline void
in_order(struct made *m, size_t at)
{
    uint64_t range[2];

    memcpy(range, m->bytes + at, sizeof(range));
    if (range[0] > range[1])
        memcpy(m->bytes + at, (const uint64_t[]){range[1], range[0]}, sizeof(range));
}

static inline void
make_mark(struct made *m, struct random *random)
{
    uint32_t what = 1 + random_below(random, 4);

    m->bytes[34] = (uint8_t)what;
    m->bytes[33] &= 0x7f;
    if (what == RING_MARK_FORGOTTEN || what == RING_MARK_OVER)
        memset(m->bytes + 8, 0, 16);
    if (what == RING_MARK_OVER || random_below(random, 2))
        memset(m->bytes + 168, 0, 128); /* no names */
    else
        set_u32(m, 28, 0);
    if (what == RING_MARK_OVER) {
        set_u32(m, 28, 0);
        memset(m->bytes + 32, 0, 2);
    }
    if (random_below(random, 2))
        memset(m->bytes + 296, 0, 12);
}

/* A session, and a text that is not known, where there is room for them. */
static inline void
make_change(struct made *m)
{
    uint16_t lengths[3] = {0, m->length > 57};

    if (m->length == 56)
        m->bytes[m->length++] = 1;
    lengths[0] = (uint16_t)(m->length - 56 - lengths[1]);
    memcpy(m->bytes + 48, lengths, sizeof(lengths));
    memset(m->bytes + 16, lengths[1], 8);
    memset(m->bytes + 32, 0, 8);
}

/* With as many hashes as there are whole subtrees. */
static inline void
make_pruned(struct made *m, struct random *random)
{
    uint64_t end = 1 + random_below(random, 1 << 10), first = random_below(random, (uint32_t)end);

    memcpy(m->bytes, &first, sizeof(first));
    memcpy(m->bytes + 8, &end, sizeof(end));
    m->bytes[39] |= 1; /* of what is carried: behind them */
    m->length = 40;
    put(m, random, PAYLOAD_SIGNATURE_SIZE + 32 * (size_t)__builtin_popcountll(end));
}

/* So that it can be. */
/* A clock's name, of one letter, where it had none. */
static inline void
make_named(struct made *m)
{
    memmove(m->bytes + 34, m->bytes + 33, m->length - 33);
    memmove(m->is_text + 34, m->is_text + 33, m->length - 33);
    m->bytes[32] = 1;
    m->bytes[33] = 'c';
    m->is_text[33] = true;
    m->length++;
}

static inline void
make_right(struct made *m, struct random *random, uint32_t type)
{
    switch (type) {
    case SEGMENT_OPENED:
        m->bytes[18] &= 1;
        m->bytes[19] &= 1;
        break;
    case SEGMENT_ORDINAL:
        m->bytes[3] |= 0xf0;
        m->bytes[4] &= 15;
        break;
    case SEGMENT_MARK:
        make_mark(m, random);
        break;
    case SEGMENT_TAKEN:
        set_u32(m, 0, random_below(random, RINGS_MAX));
        in_order(m, 16);
        break;
    case SEGMENT_EXPORTED:
        in_order(m, 8);
        break;
    case SEGMENT_PRUNED:
        make_pruned(m, random);
        break;
    case SEGMENT_CARRIED:
        memcpy(m->bytes + 16, (const uint16_t[]){SEGMENT_OPENED}, 2);
        break;
    case SEGMENT_RIGHT:
        make_change(m);
        break;
    case SEGMENT_ERASED:
        m->bytes[3] |= 0xf0;
        break;
    case SEGMENT_OPENING:
        m->bytes[8] &= 7;
        m->bytes[9] &= 1;
        set_u32(m, 12, 1 + random_below(random, EXPOSURE_ORDINALS_MAX));
        break;
    case SEGMENT_CENSUS:
        m->bytes[0] &= 7;
        m->bytes[1] &= 1;
        m->bytes[39] &= 0x7f;
        m->bytes[47] &= 0x7f;
        for (size_t at = 32; at < 96; at += 16)
            in_order(m, at);
        break;
    case SEGMENT_BYPASS:
        m->bytes[22] &= 1;
        m->bytes[23] &= 1;
        m->bytes[24] &= 1;
        m->bytes[25] &= 3;
        m->bytes[26] &= 1;
        break;
    case SEGMENT_BACKEND:
        m->bytes[22] %= 3;
        break;
    case SEGMENT_DECIDED:
        m->bytes[12] = (uint8_t)(1 + m->bytes[12] % 4);
        break;
    case SEGMENT_CONCLUDED:
        m->bytes[8] = (uint8_t)(1 + m->bytes[8] % 9);
        break;
    case SEGMENT_IMPORTED:
        memset(m->bytes, 0, 8);      /* from */
        memset(m->bytes + 16, 0, 8); /* first */
        m->bytes[24 + 7] &= 0x7f;    /* last */
        memset(m->bytes + 40, 0, 8); /* unparsed */
        m->bytes[92] &= 1;
        break;
    case SEGMENT_INCIDENT:
        in_order(m, 24); /* at least, at most */
        m->bytes[44] = (uint8_t)(1 + m->bytes[44] % (INCIDENT_WHATS - 1));
        break;
    case SEGMENT_CLOCK:
        m->bytes[15] &= 0x7f; /* due */
        m->bytes[23] |= 0x80; /* since */
        m->bytes[28] %= CLOCK_STATES;
        if (m->bytes[32] == 0)
            make_named(m);
        break;
    case SEGMENT_TRIED:
        m->bytes[16] %= TRIAL_CONTROLS;
        m->bytes[17] &= 1;
        break;
    case SEGMENT_FINDING:
        memset(m->bytes + 8, 0, 8);  /* first */
        m->bytes[16 + 7] &= 0x7f;    /* last */
        memset(m->bytes + 24, 0, 8); /* at_least */
        in_order(m, 32);
        m->bytes[124] = (uint8_t)(1 + m->bytes[124] % 5);
        m->bytes[125] = (uint8_t)(m->bytes[125] % (FINDING_EVIDENCE + 1));
        memset(m->bytes + 80 + m->bytes[125] * 8, 0,
               (size_t)(FINDING_EVIDENCE - m->bytes[125]) * 8);
        break;
    case SEGMENT_RAISED:
        m->bytes[16] |= 1;
        m->bytes[48] = (uint8_t)(1 + m->bytes[48] % 5);
        m->bytes[49] = (uint8_t)(m->bytes[49] % ALERT_CONTROLS);
        m->bytes[50] &= 3;
        break;
    default:
        break;
    }
}

static inline void
put_decoys(struct made *m, struct random *random)
{
    for (uint32_t i = 0, count = 1 + random_below(random, 4); i < count; i++) {
        put(m, random, 4);
        m->bytes[m->length++] = 1;
        for (int z = 0; z < 3; z++)
            m->is_zero[m->length++] = true;
        put(m, random, 32);
    }
}

static inline void
make(struct made *m, struct random *random, const struct layout *layout)
{
    *m = (struct made){0};
    for (const char *at = layout->form; *at; at++) {
        if (*at == 'z')
            for (int i = *++at - '0'; i > 0; i--)
                m->is_zero[m->length++] = true;
        else if (*at == 'h')
            put(m, random, 32);
        else if (*at == 'n')
            put_name(m, random);
        else if (*at == 'd')
            put_decoys(m, random);
        else if (*at == 'k') {
            uint32_t length = 1 + random_below(random, NAME_SIZE - 1);

            m->bytes[m->length++] = (uint8_t)length;
            put_letters(m, random, length);
        } else if (*at == '*')
            put(m, random, random_below(random, 300));
        else if (*at == 't' || *at == 'a' || *at == 'T')
            put_text(m, random, *at == 't' ? 63 : *at == 'a' ? 47 : 255);
        else
            put(m, random, (size_t)(*at - '0'));
    }
    make_right(m, random, layout->type);
}

#endif
