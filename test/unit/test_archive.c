/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/little.h"
#include "scan/archive.h"

#include <zlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROOM = 1 << 22 };

static char heard[ROOM];
static size_t heard_length;

static int
hear(void *arg, struct view text)
{
    const int *result = arg;

    if (*result == 0 && text.length <= sizeof(heard) - heard_length) {
        memcpy(heard + heard_length, text.bytes, text.length);
        heard_length += text.length;
    }
    return *result;
}

/* A file that is stored as it is. */
static void
put_file(struct writer *w, const char *name, struct view content, uint16_t flags, uint16_t method)
{
    little_write_u32(w, 0x04034b50);
    little_write_u16(w, 20);
    little_write_u16(w, flags);
    little_write_u16(w, method);
    little_write_u64(w, 0);
    little_write_u32(w, (uint32_t)content.length);
    little_write_u32(w, (uint32_t)content.length);
    little_write_u16(w, (uint16_t)strlen(name));
    little_write_u16(w, 3);
    writer_bytes(w, name, strlen(name));
    writer_bytes(w, "xyz", 3); /* an extra field */
    writer_bytes(w, content.bytes, content.length);
}

/* As who writes to a pipe: how long it is stands behind it. */
static void
put_deflated(struct writer *w, const char *name, struct view content, bool has_mark)
{
    static uint8_t packed[ROOM];
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)content.bytes,
                  .avail_in = (uInt)content.length,
                  .next_out = packed,
                  .avail_out = sizeof(packed)};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    little_write_u32(w, 0x04034b50);
    little_write_u16(w, 20);
    little_write_u16(w, 8);
    little_write_u16(w, 8);
    little_write_u64(w, 0);
    little_write_u64(w, 0);
    little_write_u16(w, (uint16_t)strlen(name));
    little_write_u16(w, 0);
    writer_bytes(w, name, strlen(name));
    writer_bytes(w, packed, z.total_out);
    if (has_mark)
        little_write_u32(w, 0x08074b50);
    little_write_u32(w, 0x1234);
    little_write_u32(w, (uint32_t)z.total_out);
    little_write_u32(w, (uint32_t)content.length);
    deflateEnd(&z);
}

static void
put_end(struct writer *w)
{
    little_write_u32(w, 0x02014b50);
    writer_bytes(w, "the directory", 13);
}

static uint64_t passed;

static int
read_all(struct view bytes, size_t piece, int returned)
{
    struct archive *archive;
    int result;

    heard_length = 0;
    assert_int_equal(archive_new(&archive, hear, &returned), 0);
    result = 0;
    while (result == 0 && bytes.length > 0) {
        size_t n = bytes.length < piece ? bytes.length : piece;

        result = archive_take(archive, view_of(bytes.bytes, n));
        bytes = view_of(bytes.bytes + n, bytes.length - n);
    }
    if (result == 0)
        result = archive_end(archive);
    passed = archive_passed(archive);
    archive_free(archive);
    return result;
}

static uint8_t space[ROOM];

/* One file, and what comes of it. */
static int
read_one(const char *name, struct view content)
{
    struct writer w = writer_of(space, sizeof(space));

    put_file(&w, name, content, 0, 0);
    put_end(&w);
    return read_all(view_of(space, writer_length(&w)), 1 << 16, 0);
}

static void
expect(const char *due)
{
    assert_int_equal(heard_length, strlen(due));
    assert_memory_equal(heard, due, heard_length);
}

static void
text_of_all_files_comes_in_their_order(void **state PASU_UNUSED)
{
    struct writer w = writer_of(space, sizeof(space));

    put_file(&w, "a.csv", VIEW("1,2"), 0, 0);
    put_file(&w, "picture.png", VIEW("PK\3\4"), 0, 0);
    put_file(&w, "empty.txt", VIEW(""), 0, 0);
    put_file(
        &w, "xl/sharedStrings.xml",
        VIEW("<sst><si><t>kim@x.kr</t></si><si><r><t>010-</t></r><r><rPr><b/><sz val=\"9\"/></rPr>"
             "<t>1</t></r></si></sst>"),
        0, 0);
    put_file(&w, "xl/worksheets/sheet1.xml",
             VIEW("<s><row><c t=\"s\"><v>17</v></c><c><f>A1+1</f><v>10</v></c></row></s>"), 0, 0);
    put_end(&w);
    for (size_t piece = 1; piece < 40; piece++) {
        assert_int_equal(read_all(view_of(space, writer_length(&w)), piece, 0), 0);
        expect("1,2\n\nkim@x.kr\n010-1\n\t\n\t10\t\t\n\t\n");
    }
}

static void
files_that_are_passed_over_are_counted(void **state PASU_UNUSED)
{
    struct writer w = writer_of(space, sizeof(space));

    put_file(&w, "folder/", VIEW(""), 0, 0);
    put_file(&w, "folder/a.csv", VIEW("1,2"), 0, 0);
    put_file(&w, "folder/b.xlsx", VIEW("PK"), 0, 0);
    put_file(&w, "folder/c", VIEW("3,4"), 0, 0);
    put_end(&w);
    assert_int_equal(read_all(view_of(space, writer_length(&w)), 7, 0), 0);
    assert_int_equal(passed, 2);
    w = writer_of(space, sizeof(space));
    put_file(&w, "xl/styles.xml", VIEW(""), 0, 0);
    put_file(&w, "xl/sharedStrings.xml", VIEW("<a/>"), 0, 0);
    put_end(&w);
    assert_int_equal(read_all(view_of(space, writer_length(&w)), 7, 0), 0);
    assert_int_equal(passed, 0);
}

static void
what_is_cut_or_is_no_text_is_said(void **state PASU_UNUSED)
{
    struct writer w = writer_of(space, sizeof(space));

    put_file(&w, "a.csv", VIEW("1,2"), 0, 0);
    for (size_t cut = 4; cut < writer_length(&w); cut++)
        assert_int_equal(read_all(view_of(space, cut), 7, 0), PASU_E_CORRUPT);
    assert_int_equal(read_one("a.bin", VIEW("1")), PASU_E_NOTFOUND);
    w = writer_of(space, sizeof(space));
    put_file(&w, "a.csv", VIEW("1,2"), 1, 0);
    assert_int_equal(read_all(view_of(space, writer_length(&w)), 7, 0), PASU_E_DENIED);
    w = writer_of(space, sizeof(space));
    put_file(&w, "a.csv", VIEW("1,2"), 0, 12);
    assert_int_equal(read_all(view_of(space, writer_length(&w)), 7, 0), PASU_E_CORRUPT);
    w = writer_of(space, sizeof(space)); /* there is a file behind what is none */
    put_file(&w, "a.csv", VIEW("1,2"), 0, 0);
    writer_bytes(&w, "PK\7\10", 4);
    put_file(&w, "b.csv", VIEW("3,4"), 0, 0);
    put_end(&w);
    assert_int_equal(read_all(view_of(space, writer_length(&w)), 7, 0), PASU_E_CORRUPT);
    w = writer_of(space, sizeof(space));
    put_file(&w, "a.csv", VIEW("no deflate"), 0, 8);
    assert_int_equal(read_all(view_of(space, writer_length(&w)), 7, 0), PASU_E_CORRUPT);
    w = writer_of(space, sizeof(space));
    put_file(&w, "a.csv", VIEW("1,2"), 0, 0);
    assert_int_equal(read_all(view_of(space, writer_length(&w)), 7, PASU_E_RANGE), PASU_E_RANGE);
}

/* What a parser would keep of it is bounded: entities, depth, names, a tag without an end. */
static void
xml_that_wants_memory_is_refused(void **state PASU_UNUSED)
{
    static char text[ROOM / 2];
    size_t used = 0;

    assert_int_equal(read_one("content.xml", VIEW("<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>")),
                     PASU_E_CORRUPT);
    expect("");
    for (size_t i = 0; i < 1000; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "<a>");
    assert_int_equal(read_one("content.xml", view_of(text, used)), PASU_E_CORRUPT);
    used = (size_t)snprintf(text, sizeof(text), "<a>");
    for (size_t i = 0; i < 3000; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "<n%zu/>", i);
    used += (size_t)snprintf(text + used, sizeof(text) - used, "</a>");
    assert_int_equal(read_one("content.xml", view_of(text, used)), PASU_E_CORRUPT);
    used = (size_t)snprintf(text, sizeof(text), "<a"); /* more in one tag than the table has room */
    for (size_t i = 0; i < 6000; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, " n%zu=\"\"", i);
    used += (size_t)snprintf(text + used, sizeof(text) - used, "/>");
    assert_int_equal(read_one("content.xml", view_of(text, used)), PASU_E_CORRUPT);
    memset(text, 'a', sizeof(text));
    memcpy(text, "<x y=\"", 6);
    assert_int_equal(read_one("content.xml", view_of(text, sizeof(text))), PASU_E_CORRUPT);
    assert_int_equal(read_one("content.xml", VIEW("<a></b>")), PASU_E_CORRUPT);
    /* Long text is none of these. */
    memcpy(text, "<x>", 3);
    memcpy(text + sizeof(text) - 4, "</x>", 4);
    assert_int_equal(read_one("content.xml", view_of(text, sizeof(text))), 0);
}

static void
what_was_deflated_into_a_pipe_is_read(void **state PASU_UNUSED)
{
    static char lines[300000], due[700000];
    size_t length = 0, due_length;
    struct writer w;

    for (unsigned i = 0; length + 32 < sizeof(lines); i++)
        length += (size_t)snprintf(lines + length, 32, "member%u@example.kr\n", i * 2654435761U);
    w = writer_of(space, sizeof(space));
    put_deflated(&w, "a.txt", view_of(lines, length), true);
    put_deflated(&w, "b.txt", view_of_text("010-1234-5678\n"), false);
    put_deflated(&w, "c.txt", view_of(lines, length), false);
    put_end(&w);
    assert_int_equal(read_all(view_of(space, writer_length(&w)), 1, 0), 0);
    due_length = (size_t)snprintf(due, sizeof(due), "%.*s010-1234-5678\n%.*s", (int)length, lines,
                                  (int)length, lines);
    assert_true(heard_length >= due_length);
    for (size_t piece = 1; piece < 100000; piece = piece * 7 + 1) {
        assert_int_equal(read_all(view_of(space, writer_length(&w)), piece, 0), 0);
        assert_non_null(memmem(heard, heard_length, lines, length));
        assert_non_null(memmem(heard, heard_length, "010-1234-5678\n", 14));
        assert_true(heard_length >= due_length && heard_length < due_length + 16);
        assert_int_equal(passed, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_deflated_into_a_pipe_is_read),
        cmocka_unit_test(text_of_all_files_comes_in_their_order),
        cmocka_unit_test(files_that_are_passed_over_are_counted),
        cmocka_unit_test(what_is_cut_or_is_no_text_is_said),
        cmocka_unit_test(xml_that_wants_memory_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
