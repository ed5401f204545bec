/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte form has no second way to say the same: whatever is accepted encodes to the bytes that
 * it was decoded from. So the decoder never has to repair anything, and two records are the same
 * when their bytes are.
 */
#include "exposure/exposure.h"

#include "exposure/little.h"

enum { HEAD_SIZE = 60, PART_SIZE = 44, ORDINAL_SIZE = 4, RUN_SIZE = 8, RUN_COUNT_SIZE = 4 };
enum { PART_RUNS = 1 << 0, PART_MISSED_RUNS = 1 << 1, PART_TEXT = 1 << 2 };
enum { PART_FORMS = PART_RUNS | PART_MISSED_RUNS | PART_TEXT };

static_assert(HEAD_SIZE + 3 * (EXPOSURE_TEXT_MAX - 1) + EXPOSURE_SOURCE_MAX + 1 + 9 +
                      EXPOSURE_PARTS_MAX * PART_SIZE + EXPOSURE_ALL_MAX * ORDINAL_SIZE <=
                  EXPOSURE_ENCODED_MAX,
              "the fullest record fits");

static size_t
count_runs(const uint32_t *ordinals, size_t count)
{
    size_t runs = count > 0;

    for (size_t i = 1; i < count; i++)
        runs += ordinals[i - 1] == UINT32_MAX || ordinals[i] != ordinals[i - 1] + 1;
    return runs;
}

static bool
is_shorter_as_runs(size_t runs, size_t count)
{
    return RUN_COUNT_SIZE + runs * RUN_SIZE < count * ORDINAL_SIZE;
}

/* ---- encoding ---- */

/* Mostly 0. EXPOSURE_TEXT_MAX where it has no end. */
static size_t
text_length(const char text[EXPOSURE_TEXT_MAX])
{
    return text[0] ? strnlen(text, EXPOSURE_TEXT_MAX) : 0;
}

static bool
is_part_in_range(const struct exposure_part *part)
{
    return part->kind < EXPOSURE_KINDS_MAX && part->attribution < ATTRIBUTION_COUNT &&
           part->ordinal_count <= EXPOSURE_ORDINALS_MAX &&
           part->missed_count <= EXPOSURE_ORDINALS_MAX;
}

/* What a record may be, whether it comes from us or from bytes. */
static bool
is_head_in_range(const struct exposure *exposure)
{
    return exposure->verdict <= VERDICT_OF_BLOCK && exposure->part_count <= EXPOSURE_PARTS_MAX &&
           exposure->flags >> (FLAG_COUNT - 1) >> 1 == 0;
}

/* Its lists together. */
static bool
has_room(const struct exposure *exposure)
{
    size_t all = 0;

    for (size_t i = 0; i < exposure->part_count; i++)
        all += exposure->parts[i].ordinal_count + exposure->parts[i].missed_count;
    return all <= EXPOSURE_ALL_MAX;
}

static_assert((int)FLAG_COUNT <= 64, "a flag is a bit");

/* What has a fixed place, put together at once: mostly that is all there is. */
struct __attribute__((packed)) head {
    uint64_t session;
    int64_t time;
    uint64_t shape;
    uint32_t vocabulary, statements;
    uint64_t rows, misses, flags;
    uint8_t verdict, part_count, rule, actor;
};

struct __attribute__((packed)) part_head {
    uint8_t kind, attribution;
    uint16_t form;
    uint64_t clear, masked, null, unknown;
    uint32_t ordinal_count, missed_count;
};

static_assert(sizeof(struct head) == HEAD_SIZE && sizeof(struct part_head) == PART_SIZE,
              "docs/spec/exposure.md");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is little-endian");

static void
write_ordinals(struct writer *w, const uint32_t *ordinals, size_t count, size_t runs)
{
    if (!is_shorter_as_runs(runs, count)) {
        writer_bytes(w, ordinals, count * ORDINAL_SIZE);
        return;
    }
    little_write_u32(w, (uint32_t)runs);
    for (size_t i = 0; i < count;) {
        size_t first = i++;

        while (i < count && ordinals[i - 1] != UINT32_MAX && ordinals[i] == ordinals[i - 1] + 1)
            i++;
        little_write_u32(w, ordinals[first]);
        little_write_u32(w, (uint32_t)(i - first));
    }
}

/* ---- claims ---- */

/* In the length of the actor, and of the source. */
enum { HAS_SOURCE = 0x80, HAS_PURPOSE = 0x40, ACTOR_LENGTH = 0x3f, IS_SIGNED = 0x80 };

static bool
is_of(struct view text, const char *others)
{
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = text.bytes[i];

        if (!(c >= '0' && c <= '9') && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return text.length > 0;
}

bool
exposure_is_purpose(struct view text)
{
    return text.length < EXPOSURE_TEXT_MAX &&
           is_of(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.:/#-");
}

static bool
is_source(struct view text)
{
    return text.length < EXPOSURE_SOURCE_MAX &&
           (is_of(text, "abcdef.:") || view_equal(text, VIEW("?")));
}

static bool
are_claims_in_range(const struct exposure_claims *claims)
{
    size_t purpose, source;

    if (PASU_LIKELY(!claims->purpose[0] && !claims->source[0]))
        return !claims->is_signed;
    purpose = strnlen(claims->purpose, sizeof(claims->purpose));
    source = strnlen(claims->source, sizeof(claims->source));
    return (purpose == 0 || exposure_is_purpose(view_of(claims->purpose, purpose))) &&
           (source == 0 ? !claims->is_signed : is_source(view_of(claims->source, source)));
}

static void
write_claims(struct writer *w, const struct exposure_claims *claims)
{
    size_t purpose, source;

    if (PASU_LIKELY(!claims->purpose[0] && !claims->source[0]))
        return;
    purpose = strlen(claims->purpose);
    source = strlen(claims->source);
    if (purpose > 0) {
        writer_u8(w, (uint8_t)purpose);
        writer_bytes(w, claims->purpose, purpose);
    }
    if (source > 0) {
        writer_u8(w, (uint8_t)(source | (claims->is_signed ? IS_SIGNED : 0)));
        writer_bytes(w, claims->source, source);
    }
}

/* ---- verbs ---- */

/* In the length of the rule; then a byte: the place of the one verb, or one of these. */
enum { HAS_VERBS = 0x40, VERBS_UNKNOWN = 64, VERBS_SEVERAL = 65 };

static void
write_verbs(struct writer *w, const struct exposure *exposure)
{
    uint64_t verbs = exposure->verbs;

    if (!exposure->has_verbs)
        return;
    if ((verbs & (verbs - 1)) != 0) {
        writer_u8(w, VERBS_SEVERAL);
        little_write_u64(w, verbs);
    } else {
        writer_u8(w, verbs == 0 ? VERBS_UNKNOWN : (uint8_t)__builtin_ctzll(verbs));
    }
}

static void
read_verbs(struct reader *r, struct exposure *exposure)
{
    uint8_t what = reader_u8(r);

    exposure->has_verbs = true;
    if (what < VERBS_UNKNOWN) {
        exposure->verbs = UINT64_C(1) << what;
    } else if (what == VERBS_SEVERAL) {
        exposure->verbs = little_read_u64(r);
        r->failed = r->failed || (exposure->verbs & (exposure->verbs - 1)) == 0;
    } else {
        r->failed = r->failed || what != VERBS_UNKNOWN;
    }
}

static void
write_part(struct writer *w, const struct exposure_part *part)
{
    size_t runs = count_runs(part->ordinals, part->ordinal_count);
    size_t missed_runs = count_runs(part->missed, part->missed_count);
    struct part_head head;
    unsigned form = (is_shorter_as_runs(runs, part->ordinal_count) ? PART_RUNS : 0) |
                    (is_shorter_as_runs(missed_runs, part->missed_count) ? PART_MISSED_RUNS : 0) |
                    (part->is_text ? PART_TEXT : 0);

    head = (struct part_head){part->kind,
                              part->attribution,
                              (uint16_t)form,
                              part->clear,
                              part->masked,
                              part->null,
                              part->unknown,
                              (uint32_t)part->ordinal_count,
                              (uint32_t)part->missed_count};
    writer_bytes(w, &head, sizeof(head));
    write_ordinals(w, part->ordinals, part->ordinal_count, runs);
    write_ordinals(w, part->missed, part->missed_count, missed_runs);
}

ssize_t
exposure_encode(const struct exposure *exposure, uint8_t *bytes, size_t size)
{
    struct writer w = writer_of(bytes, size);
    struct head head;
    size_t rule = text_length(exposure->rule), actor = text_length(exposure->actor);

    if (!is_head_in_range(exposure) || rule == EXPOSURE_TEXT_MAX || actor == EXPOSURE_TEXT_MAX ||
        !are_claims_in_range(&exposure->claims))
        return PASU_E_RANGE;
    for (size_t i = 0; i < exposure->part_count; i++)
        if (!is_part_in_range(&exposure->parts[i]))
            return PASU_E_RANGE;
    if (!has_room(exposure))
        return PASU_E_RANGE;
    head = (struct head){
        .session = exposure->session,
        .time = exposure->time,
        .shape = exposure->shape,
        .vocabulary = exposure->vocabulary,
        .statements = exposure->statements,
        .rows = exposure->rows,
        .misses = exposure->misses,
        .flags = exposure->flags,
        .verdict = exposure->verdict,
        .part_count = exposure->part_count,
        .rule = (uint8_t)(rule | (exposure->has_verbs ? HAS_VERBS : 0)),
        .actor = (uint8_t)(actor | (exposure->claims.source[0] ? HAS_SOURCE : 0) |
                           (exposure->claims.purpose[0] ? HAS_PURPOSE : 0)),
    };
    writer_bytes(&w, &head, sizeof(head));
    writer_bytes(&w, exposure->rule, rule);
    writer_bytes(&w, exposure->actor, actor);
    write_claims(&w, &exposure->claims);
    write_verbs(&w, exposure);
    for (size_t i = 0; i < exposure->part_count; i++)
        write_part(&w, &exposure->parts[i]);
    return writer_end(&w);
}

/* ---- decoding ---- */

/* Where decoded ordinals go. */
struct space {
    uint32_t *at;
    size_t left;
};

static int
read_runs(struct reader *r, uint32_t *ordinals, size_t count)
{
    uint32_t runs = little_read_u32(r);
    size_t done = 0;

    if (runs > reader_left(r) / RUN_SIZE || !is_shorter_as_runs(runs, count))
        return PASU_E_MALFORMED;
    for (uint32_t i = 0; i < runs; i++) {
        uint32_t first = little_read_u32(r), length = little_read_u32(r);

        if (length == 0 || length > count - done || length - 1 > UINT32_MAX - first)
            return PASU_E_MALFORMED;
        for (uint32_t n = 0; n < length; n++)
            ordinals[done++] = first + n;
    }
    /* Two runs that are one would be a second way to write the same. */
    return done == count && count_runs(ordinals, count) == runs ? 0 : PASU_E_MALFORMED;
}

static int
read_ordinals(struct reader *r, struct space *space, bool is_runs, size_t count,
              const uint32_t **ordinals)
{
    uint32_t *to = space->at;
    struct view plain;

    *ordinals = to;
    if (count > space->left)
        return PASU_E_RANGE;
    space->at += count;
    space->left -= count;
    if (is_runs)
        return read_runs(r, to, count);
    plain = reader_bytes(r, count * ORDINAL_SIZE);
    if (r->failed)
        return PASU_E_MALFORMED;
    if (count > 0)
        memcpy(to, plain.bytes, plain.length);
    return is_shorter_as_runs(count_runs(to, count), count) ? PASU_E_MALFORMED : 0;
}

static int
read_part(struct reader *r, struct space *space, struct exposure_part *part)
{
    unsigned form;
    int result;

    part->kind = reader_u8(r);
    part->attribution = reader_u8(r);
    form = little_read_u16(r);
    part->clear = little_read_u64(r);
    part->masked = little_read_u64(r);
    part->null = little_read_u64(r);
    part->unknown = little_read_u64(r);
    part->ordinal_count = little_read_u32(r);
    part->missed_count = little_read_u32(r);
    if (r->failed || !is_part_in_range(part) || (form & ~(unsigned)PART_FORMS))
        return PASU_E_MALFORMED;
    part->is_text = form & PART_TEXT;
    result = read_ordinals(r, space, form & PART_RUNS, part->ordinal_count, &part->ordinals);
    if (result == 0)
        result =
            read_ordinals(r, space, form & PART_MISSED_RUNS, part->missed_count, &part->missed);
    return result;
}

/* A text has been cleared before. */
static void
read_text(struct reader *r, char text[EXPOSURE_TEXT_MAX], size_t length)
{
    struct view v = {NULL, 0};

    if (length < EXPOSURE_TEXT_MAX)
        v = reader_bytes(r, length);
    if (v.length != length || (length > 0 && memchr(v.bytes, 0, length)))
        r->failed = true;
    else if (length > 0)
        memcpy(text, v.bytes, length);
}

static void
read_claims(struct reader *r, uint8_t bits, struct exposure_claims *claims)
{
    struct view source = {NULL, 0};
    uint8_t length;

    if (bits & HAS_PURPOSE) {
        length = reader_u8(r);
        read_text(r, claims->purpose, length);
        r->failed = r->failed || length == 0;
    }
    if (bits & HAS_SOURCE) {
        length = reader_u8(r);
        claims->is_signed = length & IS_SIGNED;
        length &= (uint8_t)~IS_SIGNED;
        if (length == 0 || length >= sizeof(claims->source))
            r->failed = true;
        else
            source = reader_bytes(r, length);
        if (!r->failed && memchr(source.bytes, 0, source.length) != NULL)
            r->failed = true;
        if (!r->failed)
            memcpy(claims->source, source.bytes, source.length);
    }
    r->failed = r->failed || !are_claims_in_range(claims);
}

static int
read_exposure(struct reader *r, struct space *space, struct exposure *exposure)
{
    uint8_t rule, actor;

    exposure->session = little_read_u64(r);
    exposure->time = (int64_t)little_read_u64(r);
    exposure->shape = little_read_u64(r);
    exposure->vocabulary = little_read_u32(r);
    exposure->statements = little_read_u32(r);
    exposure->rows = little_read_u64(r);
    exposure->misses = little_read_u64(r);
    exposure->flags = little_read_u64(r);
    exposure->verdict = reader_u8(r);
    exposure->part_count = reader_u8(r);
    rule = reader_u8(r);
    actor = reader_u8(r);
    read_text(r, exposure->rule, rule & (uint8_t)~HAS_VERBS);
    read_text(r, exposure->actor, actor & ACTOR_LENGTH);
    read_claims(r, actor, &exposure->claims);
    if (rule & HAS_VERBS)
        read_verbs(r, exposure);
    if (r->failed || !is_head_in_range(exposure))
        return PASU_E_MALFORMED;
    for (size_t i = 0; i < exposure->part_count; i++) {
        int result = read_part(r, space, &exposure->parts[i]);

        if (result != 0)
            return result;
    }
    return has_room(exposure) ? reader_end(r) : PASU_E_MALFORMED;
}

uint64_t
exposure_session(struct view bytes)
{
    struct reader r = reader_of(bytes);

    return little_read_u64(&r);
}

int
exposure_decode(struct exposure *exposure, struct view bytes, uint32_t *space, size_t size)
{
    struct reader r = reader_of(bytes);
    struct space left = {space, size};
    int result;

    memset(exposure, 0, sizeof(*exposure));
    result = read_exposure(&r, &left, exposure);
    /* Nobody gets to see half of a record. */
    if (result != 0)
        memset(exposure, 0, sizeof(*exposure));
    return result;
}

/* ---- texts ---- */

const char *
exposure_flag_text(enum exposure_flag flag)
{
    static const char *const texts[] = {
#define X(name, text, meaning) [FLAG_##name] = text,
#include "exposure/flag.def"
#undef X
    };

    return (size_t)flag < COUNT_OF(texts) ? texts[flag] : "unknown";
}

const char *
exposure_attribution_text(enum attribution attribution)
{
    static const char *const texts[] = {"none",     "key",    "pinned", "injected",
                                        "identity", "shadow", "bound"};

    static_assert(COUNT_OF(texts) == ATTRIBUTION_COUNT, "each has a text");
    return (size_t)attribution < COUNT_OF(texts) ? texts[attribution] : "unknown";
}

const char *
exposure_verdict_text(enum verdict verdict)
{
    static const char *const texts[] = {"allow", "alert", "mask", "hold", "block"};

    static_assert(COUNT_OF(texts) == VERDICT_OF_BLOCK + 1, "each has a text");
    return (size_t)verdict < COUNT_OF(texts) ? texts[verdict] : "unknown";
}
