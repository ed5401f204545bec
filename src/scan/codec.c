/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/codec.h"

#include "base/memory.h"

#include <bzlib.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <zstd.h>

struct codec {
    enum codec_kind kind;
    bool is_inside; /* of a member */
    bool is_set;    /* the library's state is there and must be released */
    union {
        struct inflate_state *gzip;
        ZSTD_DStream *zstd;
        lzma_stream xz;
        bz_stream bzip2;
    } u;
};

/* What one call of a library did. */
struct step {
    size_t taken, given;
    bool is_end; /* of the member */
};

enum codec_kind
codec_of(struct view head)
{
    static const struct {
        enum codec_kind kind;
        struct view magic;
    } magics[] = {
        {CODEC_GZIP, {(const uint8_t *)"\x1f\x8b\x08", 3}},
        {CODEC_ZSTD, {(const uint8_t *)"\x28\xb5\x2f\xfd", 4}},
        {CODEC_XZ, {(const uint8_t *)"\xfd\x37zXZ\0", 6}},
        {CODEC_BZIP2, {(const uint8_t *)"BZh", 3}},
    };

    for (size_t i = 0; i < COUNT_OF(magics); i++)
        if (head.length >= magics[i].magic.length &&
            memcmp(head.bytes, magics[i].magic.bytes, magics[i].magic.length) == 0)
            return magics[i].kind;
    return CODEC_PLAIN;
}

const char *
codec_name(enum codec_kind kind)
{
    static const char *const names[] = {NULL, "gzip", "zstd", "xz", "bzip2"};

    return names[kind];
}

/* ---- each library ---- */

static int
begin_gzip(struct codec *c)
{
    if (!c->is_set && (c->u.gzip = memory_new(1, sizeof(*c->u.gzip))) == NULL)
        return PASU_E_NOMEM;
    c->is_set = true;
    isal_inflate_init(c->u.gzip);
    c->u.gzip->crc_flag = ISAL_GZIP;
    return 0;
}

static int
step_gzip(struct codec *c, struct view in, uint8_t *to, size_t room, struct step *step)
{
    struct inflate_state *state = c->u.gzip;

    state->next_in = (uint8_t *)(uintptr_t)in.bytes;
    state->avail_in = (uint32_t)in.length;
    state->next_out = to;
    state->avail_out = (uint32_t)room;
    if (isal_inflate(state) < ISAL_DECOMP_OK)
        return PASU_E_CORRUPT;
    step->taken = in.length - state->avail_in;
    step->given = room - state->avail_out;
    step->is_end = state->block_state == ISAL_BLOCK_FINISH;
    return 0;
}

static int
begin_zstd(struct codec *c)
{
    if (!c->is_set && (c->u.zstd = ZSTD_createDStream()) == NULL)
        return PASU_E_NOMEM;
    c->is_set = true;
    return ZSTD_isError(ZSTD_initDStream(c->u.zstd)) ? PASU_E_NOMEM : 0;
}

static int
step_zstd(struct codec *c, struct view in, uint8_t *to, size_t room, struct step *step)
{
    ZSTD_inBuffer from = {in.bytes, in.length, 0};
    ZSTD_outBuffer out = {to, room, 0};
    size_t left = ZSTD_decompressStream(c->u.zstd, &out, &from);

    if (ZSTD_isError(left))
        return PASU_E_CORRUPT;
    *step = (struct step){from.pos, out.pos, left == 0};
    return 0;
}

static int
begin_xz(struct codec *c)
{
    static const lzma_stream fresh = LZMA_STREAM_INIT;

    if (c->is_set)
        lzma_end(&c->u.xz);
    c->u.xz = fresh;
    c->is_set = true;
    return lzma_stream_decoder(&c->u.xz, CODEC_MEMORY, 0) == LZMA_OK ? 0 : PASU_E_NOMEM;
}

static int
step_xz(struct codec *c, struct view in, uint8_t *to, size_t room, struct step *step)
{
    lzma_stream *s = &c->u.xz;
    lzma_ret r;

    s->next_in = in.bytes;
    s->avail_in = in.length;
    s->next_out = to;
    s->avail_out = room;
    r = lzma_code(s, LZMA_RUN);
    if (r != LZMA_OK && r != LZMA_STREAM_END && r != LZMA_BUF_ERROR)
        return r == LZMA_MEM_ERROR || r == LZMA_MEMLIMIT_ERROR ? PASU_E_NOMEM : PASU_E_CORRUPT;
    *step = (struct step){in.length - s->avail_in, room - s->avail_out, r == LZMA_STREAM_END};
    return 0;
}

static int
begin_bzip2(struct codec *c)
{
    if (c->is_set)
        (void)BZ2_bzDecompressEnd(&c->u.bzip2);
    c->u.bzip2 = (bz_stream){0};
    c->is_set = BZ2_bzDecompressInit(&c->u.bzip2, 0, 0) == BZ_OK;
    return c->is_set ? 0 : PASU_E_NOMEM;
}

static int
step_bzip2(struct codec *c, struct view in, uint8_t *to, size_t room, struct step *step)
{
    bz_stream *s = &c->u.bzip2;
    int r;

    s->next_in = (char *)(uintptr_t)in.bytes;
    s->avail_in = (unsigned)in.length;
    s->next_out = (char *)to;
    s->avail_out = (unsigned)room;
    r = BZ2_bzDecompress(s);
    if (r != BZ_OK && r != BZ_STREAM_END)
        return r == BZ_MEM_ERROR ? PASU_E_NOMEM : PASU_E_CORRUPT;
    *step = (struct step){in.length - s->avail_in, room - s->avail_out, r == BZ_STREAM_END};
    return 0;
}

static const struct {
    int (*begin)(struct codec *c);
    int (*step)(struct codec *c, struct view in, uint8_t *to, size_t room, struct step *step);
} libraries[] = {
    [CODEC_GZIP] = {begin_gzip, step_gzip},
    [CODEC_ZSTD] = {begin_zstd, step_zstd},
    [CODEC_XZ] = {begin_xz, step_xz},
    [CODEC_BZIP2] = {begin_bzip2, step_bzip2},
};

/* ---- the same for all ---- */

int
codec_new(struct codec **slot, enum codec_kind kind)
{
    *slot = memory_new(1, sizeof(**slot));
    if (*slot == NULL)
        return PASU_E_NOMEM;
    (*slot)->kind = kind;
    return 0;
}

void
codec_free(struct codec *codec)
{
    if (codec == NULL)
        return;
    if (codec->is_set && codec->kind == CODEC_GZIP)
        memory_free(codec->u.gzip);
    else if (codec->is_set && codec->kind == CODEC_ZSTD)
        (void)ZSTD_freeDStream(codec->u.zstd);
    else if (codec->is_set && codec->kind == CODEC_XZ)
        lzma_end(&codec->u.xz);
    else if (codec->is_set)
        (void)BZ2_bzDecompressEnd(&codec->u.bzip2);
    memory_free(codec);
}

/* Between members: what pads the file is passed over. */
static void
pass_zeros(struct view *in)
{
    while (in->length > 0 && in->bytes[0] == 0)
        *in = view_of(in->bytes + 1, in->length - 1);
}

ssize_t
codec_step(struct codec *codec, struct view *in, uint8_t *to, size_t room)
{
    for (;;) {
        struct step step = {0};
        int result = 0;

        if (!codec->is_inside) {
            pass_zeros(in);
            if (in->length == 0)
                return 0;
            result = libraries[codec->kind].begin(codec);
            codec->is_inside = result == 0;
        }
        if (result == 0)
            result = libraries[codec->kind].step(codec, *in, to, room, &step);
        if (result != 0)
            return result;
        *in = view_of(in->bytes + step.taken, in->length - step.taken);
        codec->is_inside = !step.is_end;
        if (step.given > 0)
            return (ssize_t)step.given;
        if (in->length == 0 && !step.is_end)
            return 0;
        if (step.taken == 0 && !step.is_end)
            return PASU_E_CORRUPT; /* it goes on neither way */
    }
}

int
codec_end(const struct codec *codec)
{
    return codec->is_inside ? PASU_E_CORRUPT : 0;
}
