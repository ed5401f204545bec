/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/archive.h"

#include "base/memory.h"
#include "exposure/little.h"
#include "scan/archive_text.h"

#include <strings.h>
#include <zlib.h>

enum {
    HEAD_SIZE = 30,
    NAME_SIZE = 512,
    OUTPUT_SIZE = 1 << 16,
    DESCRIPTOR_MAX = 24, /* behind a file whose size was not known before it */
    IS_ENCRYPTED = 1,
    HAS_DESCRIPTOR = 8,
    STORED = 0,
    DEFLATED = 8,
};

#define FILE_MARK  UINT32_C(0x04034b50)
#define OTHER_MARK UINT32_C(0x02014b50) /* the directory: there are no files behind it */
#define EMPTY_MARK UINT32_C(0x06054b50) /* the end of it, where it has nothing */
#define SIZE_LATER UINT32_C(0xffffffff) /* in the extra field: zip64 */

enum state { IN_HEAD, IN_NAME, IN_STORED, IN_DEFLATED, BEHIND, OVER };
enum kind { PASSED_OVER, TEXT, XML };

struct archive {
    archive_fn *fn;
    void *arg;
    enum state state;
    enum kind kind;
    uint8_t head[HEAD_SIZE];
    size_t have; /* of the head, the name, or behind */
    uint32_t name_length, extra_length, flags, method;
    uint64_t left; /* of what is stored */
    char name[NAME_SIZE];
    z_stream stream;
    bool has_stream, is_read, is_document; /* some text was; some of it XML */
    uint64_t passed;
    struct archive_text *text;
    uint8_t output[OUTPUT_SIZE];
};

bool
archive_is(struct view head)
{
    return head.length >= 4 && memcmp(head.bytes, "PK\3\4", 4) == 0;
}

int
archive_new(struct archive **archive, archive_fn *fn, void *arg)
{
    struct archive *a = memory_new(1, sizeof(*a));

    *archive = a;
    if (a == NULL)
        return PASU_E_NOMEM;
    a->fn = fn;
    a->arg = arg;
    if (inflateInit2(&a->stream, -MAX_WBITS) != Z_OK)
        return PASU_E_NOMEM;
    a->has_stream = true;
    return 0;
}

void
archive_free(struct archive *a)
{
    if (a == NULL)
        return;
    if (a->has_stream)
        (void)inflateEnd(&a->stream);
    archive_text_free(a->text);
    memory_wipe(a->output, sizeof(a->output));
    memory_free(a);
}

/* ---- one file of it ---- */

static enum kind
kind_of(const char *name)
{
    static const char *const texts[] = {".csv", ".tsv",  ".txt",   ".sql", ".json",
                                        ".log", ".ldif", ".jsonl", ".vcf", ".tab"};
    const char *dot = strrchr(name, '.');

    if (dot == NULL)
        return PASSED_OVER;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (strcasecmp(dot, texts[i]) == 0)
            return TEXT;
    if (strcasecmp(dot, ".xml") != 0)
        return PASSED_OVER;
    return strncmp(name, "xl/sharedStrings", 16) == 0 || strncmp(name, "xl/worksheets/", 14) == 0 ||
                   strncmp(name, "xl/comments", 11) == 0 || strcmp(name, "content.xml") == 0 ||
                   strncmp(name, "word/", 5) == 0
               ? XML
               : PASSED_OVER;
}

static bool
is_folder(const struct archive *a)
{
    size_t length = strlen(a->name);

    return length > 0 && a->name[length - 1] == '/';
}

static int
begin_file(struct archive *a)
{
    if ((a->flags & IS_ENCRYPTED) != 0)
        return PASU_E_DENIED;
    a->kind = kind_of(a->name);
    a->is_read |= a->kind != PASSED_OVER;
    a->is_document |= a->kind == XML;
    a->passed += a->kind == PASSED_OVER && !is_folder(a);
    if (a->method == DEFLATED && inflateReset(&a->stream) != Z_OK)
        return PASU_E_NOMEM;
    if (a->method != DEFLATED &&
        (a->method != STORED || (a->flags & HAS_DESCRIPTOR) != 0 || a->left == SIZE_LATER))
        return PASU_E_CORRUPT; /* or made by a rare program */
    a->state = a->method == DEFLATED ? IN_DEFLATED : IN_STORED;
    return a->kind == XML ? archive_text_new(&a->text, a->fn, a->arg) : 0;
}

static int
give(struct archive *a, struct view bytes)
{
    if (a->kind == PASSED_OVER || bytes.length == 0)
        return 0;
    return a->kind == XML ? archive_text_take(a->text, bytes, false) : a->fn(a->arg, bytes);
}

static int
end_file(struct archive *a)
{
    int result = 0;

    if (a->kind == XML)
        result = archive_text_take(a->text, view_of("", 0), true);
    archive_text_free(a->text);
    a->text = NULL;
    a->state = (a->flags & HAS_DESCRIPTOR) != 0 ? BEHIND : IN_HEAD;
    a->have = 0;
    return result == 0 && a->kind != PASSED_OVER ? a->fn(a->arg, VIEW("\n")) : result;
}

/* ---- its bytes ---- */

/* What is neither a file nor the directory could stand before more files. */
static int
take_mark(struct archive *a)
{
    struct reader r = reader_of(view_of(a->head, 4));
    uint32_t mark = little_read_u32(&r);

    if (mark == OTHER_MARK || mark == EMPTY_MARK)
        a->state = OVER;
    else if (mark != FILE_MARK)
        return PASU_E_CORRUPT;
    return 0;
}

static int
take_head(struct archive *a)
{
    struct reader r = reader_of(view_of(a->head + 4, sizeof(a->head) - 4));

    (void)reader_bytes(&r, 2);
    a->flags = little_read_u16(&r);
    a->method = little_read_u16(&r);
    (void)reader_bytes(&r, 8);
    a->left = little_read_u32(&r);
    (void)reader_bytes(&r, 4);
    a->name_length = little_read_u16(&r);
    a->extra_length = little_read_u16(&r);
    a->name[0] = '\0';
    a->state = IN_NAME;
    a->have = 0;
    return 0;
}

static int
take_name(struct archive *a, uint8_t byte)
{
    if (a->have < a->name_length && a->have + 1 < sizeof(a->name)) {
        a->name[a->have] = (char)byte;
        a->name[a->have + 1] = '\0';
    }
    a->have++;
    return 0;
}

/* Up to the mark of what comes next, which is the begin of the next head. */
static int
take_behind(struct archive *a, uint8_t byte)
{
    uint32_t mark;

    a->head[a->have++] = byte;
    if (a->have < 4)
        return 0;
    memcpy(&mark, a->head + a->have - 4, sizeof(mark));
    if (mark != FILE_MARK && mark != OTHER_MARK)
        return a->have == DESCRIPTOR_MAX + 4 ? PASU_E_CORRUPT : 0;
    memmove(a->head, a->head + a->have - 4, 4);
    a->have = 4;
    a->state = mark == FILE_MARK ? IN_HEAD : OVER;
    return 0;
}

static int
inflate_some(struct archive *a, struct view *bytes)
{
    int result = 0, done = Z_OK;

    a->stream.next_in = (z_const Bytef *)(uintptr_t)bytes->bytes;
    a->stream.avail_in = (uInt)bytes->length;
    do {
        a->stream.next_out = a->output;
        a->stream.avail_out = OUTPUT_SIZE;
        done = inflate(&a->stream, Z_NO_FLUSH);
        if (done != Z_OK && done != Z_STREAM_END && done != Z_BUF_ERROR)
            return done == Z_MEM_ERROR ? PASU_E_NOMEM : PASU_E_CORRUPT;
        result = give(a, view_of(a->output, OUTPUT_SIZE - a->stream.avail_out));
    } while (result == 0 && done == Z_OK && (a->stream.avail_out == 0 || a->stream.avail_in > 0));
    *bytes = view_of(a->stream.next_in, a->stream.avail_in);
    return result == 0 && done == Z_STREAM_END ? end_file(a) : result;
}

static int
take_stored(struct archive *a, struct view *bytes)
{
    size_t length = bytes->length < a->left ? bytes->length : (size_t)a->left;
    int result = give(a, view_of(bytes->bytes, length));

    a->left -= length;
    *bytes = view_of(bytes->bytes + length, bytes->length - length);
    return result == 0 && a->left == 0 ? end_file(a) : result;
}

/* Where bytes are looked at one by one; begins a file once its name is there. */
static int
take_byte(struct archive *a, uint8_t byte)
{
    int result = 0;

    if (a->state == IN_HEAD) {
        a->head[a->have++] = byte;
        if (a->have == 4)
            result = take_mark(a);
        else if (a->have == HEAD_SIZE)
            result = take_head(a);
    } else if (a->state == IN_NAME) {
        result = take_name(a, byte);
    } else {
        result = take_behind(a, byte);
    }
    if (result == 0 && a->state == IN_NAME && a->have == (size_t)a->name_length + a->extra_length)
        result = begin_file(a);
    return result;
}

int
archive_take(struct archive *a, struct view bytes)
{
    int result = 0;

    while (result == 0 && bytes.length > 0 && a->state != OVER) {
        if (a->state == IN_DEFLATED) {
            result = inflate_some(a, &bytes);
        } else if (a->state == IN_STORED) {
            result = take_stored(a, &bytes);
        } else {
            result = take_byte(a, *bytes.bytes);
            bytes = view_of(bytes.bytes + 1, bytes.length - 1);
        }
    }
    return result;
}

uint64_t
archive_passed(const struct archive *a)
{
    return a->is_document ? 0 : a->passed;
}

int
archive_end(struct archive *a)
{
    if (a->state != OVER)
        return PASU_E_CORRUPT;
    return a->is_read ? 0 : PASU_E_NOTFOUND;
}
