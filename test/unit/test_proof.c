/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/proof.h"

#include "random.h"
#include "unit.h"

#define CHECKPOINT                                                                                 \
    "example.com/ledger\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n"                      \
    "\xe2\x80\x94 example.com/ledger AAAAAAAA\n"
/* 32 bytes 0, and 32 bytes 0xff */
#define ZEROS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ONES  "//////////////////////////////////////////8="
#define HEAD  "c2sp.org/tlog-proof@v1\n"

enum { TEXT_SIZE = 1 << 16 };

static uint8_t space[TEXT_SIZE];

static struct view
write_proof(uint64_t index, const struct tree_hash *hashes, size_t count, struct view extra)
{
    struct writer w = writer_of(space, sizeof(space));

    assert_int_equal(proof_write(&w, index, hashes, count, extra, VIEW(CHECKPOINT)), 0);
    assert_true(writer_end(&w) > 0);
    return view_of(space, writer_length(&w));
}

static void
a_proof_is_written_as_the_format_says(void **state PASU_UNUSED)
{
    struct tree_hash hashes[2] = {0};

    memset(&hashes[1], 0xff, sizeof(hashes[1]));
    assert_true(view_equal(write_proof(0, NULL, 0, VIEW("")), VIEW(HEAD "index 0\n\n" CHECKPOINT)));
    assert_true(view_equal(write_proof(UINT64_MAX, hashes, 2, VIEW("foobar")),
                           VIEW(HEAD "extra Zm9vYmFy\nindex 18446744073709551615\n" ZEROS "\n" ONES
                                     "\n\n" CHECKPOINT)));
}

static void
what_is_written_is_read_as_it_was(void **state PASU_UNUSED)
{
    static uint8_t extra[1000], read[1000];
    struct tree_hash hashes[PROOF_HASHES_MAX];
    struct random r = {.state = 3};
    struct proof p;

    for (unsigned i = 0; i < 2000; i++) {
        size_t count = random_below(&r, PROOF_HASHES_MAX + 1);
        size_t length = i % 3 == 0 ? 0 : i % 3 == 1 ? i / 3 : random_below(&r, sizeof(extra) + 1);
        uint64_t index = random_u64(&r) >> random_below(&r, 64);

        for (size_t at = 0; at < sizeof(extra); at++)
            extra[at] = (uint8_t)random_u64(&r);
        for (size_t at = 0; at < sizeof(hashes); at++)
            ((uint8_t *)hashes)[at] = (uint8_t)random_u64(&r);
        assert_int_equal(proof_parse(&p, write_proof(index, hashes, count, view_of(extra, length))),
                         0);
        assert_true(p.index == index);
        assert_int_equal(p.count, count);
        assert_memory_equal(p.hashes, hashes, count * sizeof(hashes[0]));
        assert_int_equal(proof_extra(&p, NULL, 0), length);
        assert_int_equal(proof_extra(&p, read, length), length);
        assert_memory_equal(read, extra, length);
        if (length > 0)
            assert_int_equal(proof_extra(&p, read, length - 1), PASU_E_RANGE);
        assert_true(view_equal(p.checkpoint, VIEW(CHECKPOINT)));
    }
}

static void
what_could_not_be_read_is_not_written(void **state PASU_UNUSED)
{
    static const struct tree_hash hashes[PROOF_HASHES_MAX + 1];
    struct writer w = writer_of(space, sizeof(space));
    const struct view no = VIEW(""), empty_line = VIEW("\n" CHECKPOINT);

    assert_int_equal(proof_write(&w, 0, hashes, PROOF_HASHES_MAX + 1, no, VIEW(CHECKPOINT)),
                     PASU_E_RANGE);
    assert_int_equal(proof_write(&w, 0, hashes, 1, no, no), PASU_E_MALFORMED);
    assert_int_equal(proof_write(&w, 0, hashes, 1, no, empty_line), PASU_E_MALFORMED);
    assert_int_equal(writer_length(&w), 0);
}

static void
without_room_the_writer_fails(void **state PASU_UNUSED)
{
    static const struct tree_hash hash;
    size_t length = write_proof(7, &hash, 1, VIEW("extra")).length;

    for (size_t room = 0; room <= length; room++) {
        struct writer w = writer_of(space, room);

        assert_int_equal(proof_write(&w, 7, &hash, 1, VIEW("extra"), VIEW(CHECKPOINT)), 0);
        assert_int_equal(writer_end(&w), room < length ? PASU_E_RANGE : (int)length);
    }
}

static void
the_form_is_held_exactly(void **state PASU_UNUSED)
{
    static const char *const wrong[] = {
        "",
        "c2sp.org/tlog-proof@v1",
        HEAD,
        HEAD "\n" CHECKPOINT,
        "c2sp.org/tlog-proof@v2\nindex 0\n\n" CHECKPOINT,
        " " HEAD "index 0\n\n" CHECKPOINT,
        "\n" HEAD "index 0\n\n" CHECKPOINT,
        "c2sp.org/tlog-proof@v1 \nindex 0\n\n" CHECKPOINT,
        "c2sp.org/tlog-proof@v1\r\nindex 0\n\n" CHECKPOINT,
        /* the number */
        HEAD "index\n\n" CHECKPOINT,
        HEAD "index \n\n" CHECKPOINT,
        HEAD "index 00\n\n" CHECKPOINT,
        HEAD "index 01\n\n" CHECKPOINT,
        HEAD "index +1\n\n" CHECKPOINT,
        HEAD "index -1\n\n" CHECKPOINT,
        HEAD "index  1\n\n" CHECKPOINT,
        HEAD "index 1 \n\n" CHECKPOINT,
        HEAD "index 1\r\n\n" CHECKPOINT,
        HEAD "index 0x1\n\n" CHECKPOINT,
        HEAD "index 18446744073709551616\n\n" CHECKPOINT,
        HEAD "index 28446744073709551615\n\n" CHECKPOINT,
        HEAD "index 100000000000000000000\n\n" CHECKPOINT,
        HEAD "Index 1\n\n" CHECKPOINT,
        HEAD "index 1\nindex 1\n\n" CHECKPOINT,
        /* what goes with it */
        HEAD "extra\nindex 1\n\n" CHECKPOINT,
        HEAD "extra \nindex 1\n\n" CHECKPOINT,
        HEAD "extra Zm9=\nindex 1\n\n" CHECKPOINT,
        HEAD "extra Zg\nindex 1\n\n" CHECKPOINT,
        HEAD "extra Zg==Zg==\nindex 1\n\n" CHECKPOINT,
        HEAD "extra Zg== \nindex 1\n\n" CHECKPOINT,
        HEAD "extra Zg==\nextra Zg==\nindex 1\n\n" CHECKPOINT,
        HEAD "index 1\nextra Zg==\n\n" CHECKPOINT,
        /* hashes */
        HEAD "index 1\nAAAA\n\n" CHECKPOINT,
        HEAD "index 1\n" ZEROS " \n\n" CHECKPOINT,
        HEAD "index 1\n " ZEROS "\n\n" CHECKPOINT,
        HEAD "index 1\n" ZEROS ZEROS "\n\n" CHECKPOINT,
        HEAD "index 1\n" ZEROS "\r\n\n" CHECKPOINT,
        HEAD
        "index 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\n" CHECKPOINT, /* stray bits */
        HEAD "index 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n" CHECKPOINT, /* 33 bytes */
        HEAD "index 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n\n" CHECKPOINT, /* 31 bytes */
        HEAD
        "index 1\n__________________________________________8=\n\n" CHECKPOINT, /* not this one */
        /* and what follows */
        HEAD "index 1\n" ZEROS,
        HEAD "index 1\n" ZEROS "\n",
        HEAD "index 1\n" ZEROS "\n\n",
        HEAD "index 1\n" CHECKPOINT,
        HEAD "index 1\n" ZEROS "\n\n\n" CHECKPOINT,
    };
    struct proof p;

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(proof_parse(&p, view_of_text(wrong[i])), PASU_E_MALFORMED);
        assert_int_equal(p.count, 0);
        assert_int_equal(p.checkpoint.length, 0);
    }
}

static void
padding_in_the_middle_of_a_long_extra_is_refused(void **state PASU_UNUSED)
{
    static const uint8_t extra[400];
    struct view text;
    struct proof p;
    uint8_t *at;

    /* Pieces of 256 characters are decoded one by one: each could end with padding. */
    text = write_proof(1, NULL, 0, view_of(extra, sizeof(extra)));
    at = space + strlen(HEAD "extra ");
    memcpy(at + 252, "Zg==", 4);
    assert_int_equal(proof_parse(&p, text), PASU_E_MALFORMED);
    memcpy(at + 252, "Zm9v", 4);
    assert_int_equal(proof_parse(&p, text), 0);
}

static void
at_most_63_hashes_are_read(void **state PASU_UNUSED)
{
    struct writer w;
    struct proof p;

    for (size_t count = 62; count <= 65; count++) {
        w = writer_of(space, sizeof(space));
        writer_bytes(&w, HEAD "index 1\n", strlen(HEAD "index 1\n"));
        for (size_t i = 0; i < count; i++)
            writer_bytes(&w, ZEROS "\n", strlen(ZEROS "\n"));
        writer_bytes(&w, "\n" CHECKPOINT, strlen("\n" CHECKPOINT));
        assert_int_equal(proof_parse(&p, view_of(space, writer_length(&w))),
                         count <= PROOF_HASHES_MAX ? 0 : PASU_E_MALFORMED);
    }
}

/* Another text is another proof, or none. */
static void
every_changed_byte_is_refused_or_means_something_else(void **state PASU_UNUSED)
{
    static uint8_t changed[TEXT_SIZE], again[TEXT_SIZE], extra[64];
    const struct tree_hash hashes[3] = {{{1}}, {{2}}, {{3}}};
    struct view text = write_proof(73894, hashes, 3, VIEW("some more"));
    size_t head = text.length - strlen(CHECKPOINT), taken = 0;
    struct proof p;

    for (size_t i = 0; i < head; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            struct writer w = writer_of(again, sizeof(again));

            memcpy(changed, text.bytes, text.length);
            changed[i] = (uint8_t)byte;
            if (proof_parse(&p, view_of(changed, text.length)) != 0)
                continue;
            taken++;
            assert_int_equal(proof_write(&w, p.index, p.hashes, p.count,
                                         view_of(extra, (size_t)proof_extra(&p, extra, 64)),
                                         p.checkpoint),
                             0);
            assert_int_equal(writer_length(&w), text.length);
            assert_memory_equal(again, changed, text.length);
        }
    }
    assert_true(taken > 64 * 3 * 40);
    for (size_t length = 0; length <= head; length++)
        assert_int_equal(proof_parse(&p, view_of(text.bytes, length)), PASU_E_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_is_written_as_the_format_says),
        cmocka_unit_test(what_is_written_is_read_as_it_was),
        cmocka_unit_test(what_could_not_be_read_is_not_written),
        cmocka_unit_test(without_room_the_writer_fails),
        cmocka_unit_test(the_form_is_held_exactly),
        cmocka_unit_test(padding_in_the_middle_of_a_long_extra_is_refused),
        cmocka_unit_test(at_most_63_hashes_are_read),
        cmocka_unit_test(every_changed_byte_is_refused_or_means_something_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
