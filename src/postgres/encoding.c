/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/encoding.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <iconv.h>

enum {
    HIGH = 0x80, /* the first byte that is not ASCII */
    HIGH_COUNT = 128,
    LEAD_FIRST = 0x81, /* of a pair; up to 0xfe, as its second byte */
    LEAD_COUNT = 126,
    TRAIL_FIRST = 0x41,
    TRAIL_COUNT = 190,
};

enum form { FORM_UTF8, FORM_RAW, FORM_SINGLE, FORM_PAIRS };

/* PostgreSQL's name and the C library's. */
static const struct {
    const char *name, *library;
    enum form form;
} known[] = {
    {"UTF8", NULL, FORM_UTF8},
    {"SQL_ASCII", NULL, FORM_RAW},
    {"LATIN1", "ISO-8859-1", FORM_SINGLE},
    {"LATIN2", "ISO-8859-2", FORM_SINGLE},
    {"LATIN3", "ISO-8859-3", FORM_SINGLE},
    {"LATIN4", "ISO-8859-4", FORM_SINGLE},
    {"LATIN5", "ISO-8859-9", FORM_SINGLE},
    {"LATIN6", "ISO-8859-10", FORM_SINGLE},
    {"LATIN7", "ISO-8859-13", FORM_SINGLE},
    {"LATIN8", "ISO-8859-14", FORM_SINGLE},
    {"LATIN9", "ISO-8859-15", FORM_SINGLE},
    {"LATIN10", "ISO-8859-16", FORM_SINGLE},
    {"ISO_8859_5", "ISO-8859-5", FORM_SINGLE},
    {"ISO_8859_6", "ISO-8859-6", FORM_SINGLE},
    {"ISO_8859_7", "ISO-8859-7", FORM_SINGLE},
    {"ISO_8859_8", "ISO-8859-8", FORM_SINGLE},
    {"KOI8R", "KOI8-R", FORM_SINGLE},
    {"KOI8U", "KOI8-U", FORM_SINGLE},
    {"WIN866", "CP866", FORM_SINGLE},
    {"WIN874", "CP874", FORM_SINGLE},
    {"WIN1250", "CP1250", FORM_SINGLE},
    {"WIN1251", "CP1251", FORM_SINGLE},
    {"WIN1252", "CP1252", FORM_SINGLE},
    {"WIN1253", "CP1253", FORM_SINGLE},
    {"WIN1254", "CP1254", FORM_SINGLE},
    {"WIN1255", "CP1255", FORM_SINGLE},
    {"WIN1256", "CP1256", FORM_SINGLE},
    {"WIN1257", "CP1257", FORM_SINGLE},
    {"WIN1258", "CP1258", FORM_SINGLE},
    {"EUC_KR", "EUC-KR", FORM_PAIRS},
    {"UHC", "CP949", FORM_PAIRS},
    {"EUC_CN", "EUC-CN", FORM_PAIRS},
    {"GBK", "GBK", FORM_PAIRS},
};

/* Characters of the first plane; 0: none. */
struct encoding {
    const char *name;
    enum form form;
    uint16_t *characters; /* HIGH_COUNT, or LEAD_COUNT × TRAIL_COUNT */
};

struct encodings {
    struct encoding items[COUNT_OF(known)];
};

/* ---- tables ---- */

/* The one character that the bytes are, or 0. */
static uint16_t
ask_library(iconv_t library, char *bytes, size_t length)
{
    uint8_t out[8];
    char *to = (char *)out;
    size_t left = sizeof(out);

    iconv(library, NULL, NULL, NULL, NULL); /* forgets what was before */
    if (iconv(library, &bytes, &length, &to, &left) == (size_t)-1 || length > 0 ||
        sizeof(out) - left != 2)
        return 0;
    return bytes_get_u16(out);
}

static void
fill(struct encoding *e, iconv_t library)
{
    for (unsigned i = 0; e->form == FORM_SINGLE && i < HIGH_COUNT; i++) {
        char byte = (char)(HIGH + i);

        e->characters[i] = ask_library(library, &byte, 1);
    }
    for (unsigned i = 0; e->form == FORM_PAIRS && i < LEAD_COUNT * TRAIL_COUNT; i++) {
        char pair[2] = {(char)(LEAD_FIRST + i / TRAIL_COUNT),
                        (char)(TRAIL_FIRST + i % TRAIL_COUNT)};

        e->characters[i] = ask_library(library, pair, sizeof(pair));
    }
}

/* An encoding that the library does not have stays without a table. */
static int
make(struct encoding *e, const char *name)
{
    iconv_t library = iconv_open("UTF-16BE", name);

    if (library == (iconv_t)-1)
        return 0;
    e->characters = memory_new(e->form == FORM_SINGLE ? HIGH_COUNT : LEAD_COUNT * TRAIL_COUNT,
                               sizeof(uint16_t));
    if (e->characters)
        fill(e, library);
    iconv_close(library);
    return e->characters ? 0 : PASU_E_NOMEM;
}

int
encodings_new(struct encodings **out)
{
    struct encodings *encodings = *out = memory_new(1, sizeof(*encodings));
    int result = encodings ? 0 : PASU_E_NOMEM;

    for (size_t i = 0; result == 0 && i < COUNT_OF(known); i++) {
        struct encoding *e = &encodings->items[i];

        *e = (struct encoding){.name = known[i].name, .form = known[i].form};
        if (known[i].library)
            result = make(e, known[i].library);
    }
    if (result != 0) {
        encodings_free(encodings);
        *out = NULL;
    }
    return result;
}

void
encodings_free(struct encodings *encodings)
{
    if (!encodings)
        return;
    for (size_t i = 0; i < COUNT_OF(known); i++)
        memory_free(encodings->items[i].characters);
    memory_free(encodings);
}

const struct encoding *
encoding_named(const struct encodings *encodings, struct view name)
{
    for (size_t i = 0; encodings && i < COUNT_OF(known); i++) {
        const struct encoding *e = &encodings->items[i];

        if (e->name && view_equal(name, view_of_text(e->name)))
            return e->form == FORM_UTF8 || e->form == FORM_RAW || e->characters ? e : NULL;
    }
    return NULL;
}

bool
encoding_is_utf8(const struct encoding *e)
{
    return e && e->form == FORM_UTF8;
}

bool
encoding_is_raw(const struct encoding *e)
{
    return e && e->form == FORM_RAW;
}

/* ---- texts ---- */

static bool
is_ascii(struct view text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] >= HIGH)
            return false;
    return true;
}

/* The next character of a table's encoding; 0: it is none. */
static uint16_t
take(const struct encoding *e, struct view text, size_t *at)
{
    uint8_t first = text.bytes[(*at)++], second;

    if (first < HIGH)
        return first;
    if (e->form == FORM_SINGLE)
        return e->characters[first - HIGH];
    if (first < LEAD_FIRST || first >= LEAD_FIRST + LEAD_COUNT || *at == text.length)
        return 0;
    second = text.bytes[(*at)++];
    if (second < TRAIL_FIRST || second >= TRAIL_FIRST + TRAIL_COUNT)
        return 0;
    return e->characters[(first - LEAD_FIRST) * TRAIL_COUNT + (second - TRAIL_FIRST)];
}

static void
put(struct writer *w, uint16_t character)
{
    if (character < 0x80) {
        writer_u8(w, (uint8_t)character);
    } else if (character < 0x800) {
        writer_u8(w, (uint8_t)(0xc0 | character >> 6));
        writer_u8(w, (uint8_t)(0x80 | (character & 0x3f)));
    } else {
        writer_u8(w, (uint8_t)(0xe0 | character >> 12));
        writer_u8(w, (uint8_t)(0x80 | (character >> 6 & 0x3f)));
        writer_u8(w, (uint8_t)(0x80 | (character & 0x3f)));
    }
}

int
encoding_to_utf8(const struct encoding *e, struct view text, uint8_t *space, size_t size,
                 struct view *utf8)
{
    struct writer w = writer_of(space, size);

    *utf8 = text;
    if (PASU_LIKELY(is_ascii(text)) || encoding_is_raw(e))
        return 0;
    if (!e)
        return PASU_E_MALFORMED;
    if (e->form == FORM_UTF8)
        return utf8_is_valid(text) ? 0 : PASU_E_MALFORMED;
    for (size_t at = 0; at < text.length;) {
        uint16_t character = take(e, text, &at);

        if (character == 0)
            return PASU_E_MALFORMED;
        put(&w, character);
    }
    *utf8 = view_of(space, writer_length(&w));
    return w.failed ? PASU_E_RANGE : 0;
}

size_t
encoding_first(const struct encoding *e, struct view text)
{
    uint32_t character;
    size_t at = 0;

    if (text.length == 0 || text.bytes[0] < HIGH)
        return text.length > 0;
    if (!e || e->form == FORM_RAW)
        return 0;
    if (e->form == FORM_UTF8)
        return utf8_first(text, &character);
    return take(e, text, &at) ? at : 0;
}
