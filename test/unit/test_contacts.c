/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "scan/contacts.h"
#include "unit.h"

struct heard {
    char text[4096];
    const char *taken; /* a number that is */
};

static int
hear(void *arg, enum contact what, struct view text, struct view before PASU_UNUSED,
     struct view behind PASU_UNUSED)
{
    struct heard *h = arg;
    size_t used = strlen(h->text);

    snprintf(h->text + used, sizeof(h->text) - used, "%c<%.*s>", what == CONTACT_EMAIL ? 'e' : 'p',
             (int)text.length, (const char *)text.bytes);
    return h->taken != NULL && view_equal(text, view_of_text(h->taken));
}

/* In pieces of so many bytes. */
static void
read_pieces(struct contacts *c, struct view text, size_t piece)
{
    while (text.length > 0) {
        size_t room, n = text.length < piece ? text.length : piece;
        uint8_t *to = contacts_room(c, &room);

        n = n < room ? n : room;
        memcpy(to, text.bytes, n);
        assert_int_equal(contacts_took(c, n), 0);
        text = view_of(text.bytes + n, text.length - n);
    }
    assert_int_equal(contacts_end(c), 0);
}

static void
assert_heard(struct view text, const char *taken, const char *due)
{
    for (size_t piece = 1; piece < 64; piece += 1 + piece / 2) {
        struct heard heard = {.taken = taken};
        struct contacts c;

        assert_int_equal(contacts_init(&c, hear, &heard), 0);
        read_pieces(&c, text, piece);
        contacts_release(&c);
        assert_string_equal(heard.text, due);
    }
}

static void
values_are_found_in_any_format(void **state PASU_UNUSED)
{
    static const struct {
        const char *taken, *text, *due;
    } cases[] = {
        {NULL, "1,ada@x.kr,010-1234-5678\n", "e<ada@x.kr>p<010-1234-5678>"},
        {"+82 (0)10 1234 5678", "{\"e\": \"ada@x.kr\", \"t\": \"+82 (0)10 1234 5678\"}",
         "e<ada@x.kr>p<+82 (0)10 1234 5678>"},
        {NULL, "VALUES (7,'ADA@X.KR','01012345678');", "e<ADA@X.KR>p<01012345678>"},
        {NULL, "call 010) 1234 . 5678, or write: <ada.b+c@mail.x-y.kr>.",
         "p<010) 1234 . 5678>e<ada.b+c@mail.x-y.kr>"},
        {NULL, "T010.1234.5678\tTEL-02-123-4567", "p<010.1234.5678>p<02-123-4567>"},
        {NULL, "\"\\u0041da\\u0040x.kr\\n0\\uff11012345678\"", "e<Ada@x.kr>p<01012345678>"},
        {NULL, "\\tada@x.kr\\/010-1234-5678", "e<ada@x.kr>p<010-1234-5678>"},
        {NULL, "０１０－１２３４－５６７８ ａｄａ＠x.kr", "p<010-1234-5678>e<ada@x.kr>"},
        {NULL, "전화 010\u20131234\u00a05678번 ada@x.kr입니다", "p<010-1234 5678>e<ada@x.kr>"},
        {NULL, "010-12\u200b34-5678;ada @ x.kr.", "p<010-1234-5678>e<ada@x.kr>"},
        {NULL, "1012345678,1012345678.0,821012345678", "p<1012345678>p<1012345678>p<821012345678>"},
        {NULL, "+12125550100|0012125550100", "p<+12125550100>p<0012125550100>"},
        {NULL, "010-1234-5678/02-123-4567", "p<010-1234-5678>p<02-123-4567>"},
        {NULL, "_ada@x.kr,-ada@x.kr,..ada@x.kr", "e<_ada@x.kr>e<ada@x.kr>e<ada@x.kr>"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_heard(view_of_text(cases[i].text), cases[i].taken, cases[i].due);
}

static void
what_only_looks_a_little_so_is_none(void **state PASU_UNUSED)
{
    static const char *const texts[] = {
        "110-010-1234-5678-90",
        "110-010-1234-5678",
        "20260503 12:00:00.123",
        "a01012345678",
        "01012345678f",
        "9010-1234-5678",
        "010-1234-56789012345",
        "x_01012345678",
        "01012345678@x",
        "1716700000000",
        "37.5665,126.9780",
        "@x.kr",
        "ada@",
        "ada@x",
        "010",
        "010-12-34",
        "2026-05-03",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "abc-010-1234-5678",
        "010-1234-5678.90",
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_heard(view_of_text(texts[i]), NULL, "");
}

static void
groups_with_blanks_are_tried_from_the_longest_until_one_is_taken(void **state PASU_UNUSED)
{
    assert_heard(view_of_text("02 123 4567 010 1234 5678"), NULL,
                 "p<02 123 4567 010>p<02 123 4567>p<010 1234 5678>");
    assert_heard(view_of_text("02 123 4567 010 1234 5678"), "02 123 4567 010",
                 "p<02 123 4567 010>");
    assert_heard(view_of_text("2026-05-03 010-1234-5678 3"), NULL,
                 "p<010-1234-5678 3>p<010-1234-5678>");
}

struct counted {
    size_t emails, phones;
};

static int
count(void *arg, enum contact what, struct view text, struct view before PASU_UNUSED,
      struct view behind PASU_UNUSED)
{
    struct counted *c = arg;

    c->emails += what == CONTACT_EMAIL && view_equal(text, view_of_text("ada@x.kr"));
    c->phones += what == CONTACT_PHONE && view_equal(text, view_of_text("010-1234-5678"));
    return what == CONTACT_PHONE && view_equal(text, view_of_text("010-1234-5678"));
}

/* A value between fillers of every kind, at each place around where pieces meet. */
static void
no_value_is_lost_or_told_twice_where_pieces_meet(void **state PASU_UNUSED)
{
    static const char *const fillers[] = {"가나다, ", "words and more words ", "1 ", "\xff",
                                          "99999 "};
    enum { SIZE = 3000 << 10, EVERY = 41 };
    char *text = memory_new(SIZE, 1);

    assert_non_null(text);
    for (size_t f = 0; f < COUNT_OF(fillers); f++) {
        struct contacts c;
        struct counted counted = {0};
        size_t length = 0, values = 0;

        while (length + 64 < SIZE) {
            if (length / EVERY > values) {
                length +=
                    (size_t)snprintf(text + length, SIZE - length, "\tada@x.kr;010-1234-5678\t");
                values++;
            }
            length += (size_t)snprintf(text + length, SIZE - length, "%s", fillers[f]);
        }
        assert_int_equal(contacts_init(&c, count, &counted), 0);
        read_pieces(&c, view_of(text, length), SIZE);
        assert_int_equal(counted.emails, values);
        assert_int_equal(counted.phones, values);
        assert_int_equal(c.emails, values);
        assert_int_equal(c.phones, values);
        contacts_release(&c);
    }
    memory_free(text);
}

static void
hostile_bytes_cost_neither_memory_nor_more_than_themselves(void **state PASU_UNUSED)
{
    enum { SIZE = 1 << 20 };
    uint8_t *bytes = memory_new(SIZE, 1);
    uint32_t seed = 7;

    assert_non_null(bytes);
    for (int turn = 0; turn < 12; turn++) {
        static const char few[] = "01 @-+.(\\u\xef\xbc\x90";
        struct heard heard = {.taken = NULL};
        struct contacts c;

        for (size_t i = 0; i < SIZE; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = turn == 0   ? '0'
                       : turn == 1 ? '@'
                       : turn == 2 ? '\\'
                       : turn == 3 ? 'a'
                       : turn == 4 ? '\0'
                       : turn < 8  ? (uint8_t)(seed >> 24)
                                   : (uint8_t)few[(seed >> 24) % (sizeof(few) - 1)];
        }
        assert_int_equal(contacts_init(&c, hear, &heard), 0);
        read_pieces(&c, view_of(bytes, SIZE), 65537);
        contacts_release(&c);
    }
    memory_free(bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_in_any_format),
        cmocka_unit_test(what_only_looks_a_little_so_is_none),
        cmocka_unit_test(groups_with_blanks_are_tried_from_the_longest_until_one_is_taken),
        cmocka_unit_test(no_value_is_lost_or_told_twice_where_pieces_meet),
        cmocka_unit_test(hostile_bytes_cost_neither_memory_nor_more_than_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
