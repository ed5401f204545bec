/* SPDX-License-Identifier: Apache-2.0 */
/* What a server still owes, against a server that is played. */
#include "postgres/pipeline.h"
#include "random.h"
#include "unit.h"

enum { MESSAGES = 64 };

/* What the client has sent and the server has not looked at; what it owes by now. */
struct played {
    struct pipeline pipeline;
    char queue[MESSAGES];
    size_t first, count;
    bool is_skipping;
};

static void
send_message(struct played *p, char type)
{
    p->queue[(p->first + p->count++) % MESSAGES] = type;
    if (type == 'E')
        pipeline_ask(&p->pipeline);
    else
        pipeline_end_unit(&p->pipeline, type == 'S');
}

/* The server takes the next message; whether it fails is said. False: there is none. */
static bool
serve(struct played *p, bool fails)
{
    char type;

    if (p->count == 0)
        return false;
    type = p->queue[p->first];
    p->first = (p->first + 1) % MESSAGES;
    p->count--;
    if (p->is_skipping && type != 'S')
        return true;
    if (type == 'S') {
        p->is_skipping = false;
        pipeline_ready(&p->pipeline);
    } else if (type == 'E' && fails) {
        p->is_skipping = true;
        pipeline_fail(&p->pipeline);
    } else if (type == 'E') {
        pipeline_answer(&p->pipeline);
    } else {
        if (fails)
            pipeline_fail(&p->pipeline);
        for (int i = 0; i < 3 && !fails; i++) /* RowDescriptions and CommandCompletes */
            pipeline_answer(&p->pipeline);
        pipeline_ready(&p->pipeline);
    }
    return true;
}

static void
all(struct played *p, const char *sent)
{
    for (; *sent; sent++)
        send_message(p, *sent);
}

static void
an_error_takes_the_queries_before_the_sync_with_it(void **state PASU_UNUSED)
{
    static const struct {
        const char *sent;
        int fails; /* which of the messages */
        uint32_t due;
    } cases[] = {
        {"EES", 0, 0}, {"EEQS", 0, 0},  {"EEQS", 1, 0},  {"EEQS", 2, 0},  {"EQQEFS", 0, 0},
        {"QQ", 0, 0},  {"EQESQ", 0, 0}, {"EQESQ", 1, 0}, {"ESEQS", 2, 0}, {"EQSEQS", 3, 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct played p = {0};

        all(&p, cases[i].sent);
        for (int n = 0; serve(&p, n == cases[i].fails); n++)
            ;
        if (p.pipeline.due != cases[i].due)
            fail_msg("%s, %d fails: %u due", cases[i].sent, cases[i].fails, p.pipeline.due);
    }
}

static void
a_query_after_an_error_is_skipped_too(void **state PASU_UNUSED)
{
    struct played p = {0};

    all(&p, "EE");
    assert_true(serve(&p, true));
    all(&p, "QEQ");
    assert_int_equal(p.pipeline.due, 0);
    all(&p, "SQ");
    assert_int_equal(p.pipeline.due, 2);
    while (serve(&p, false))
        ;
    assert_int_equal(p.pipeline.due, 0);
    assert_int_equal(p.pipeline.asked, 0);
}

static void
messages_without_a_sync_keep_a_session_busy(void **state PASU_UNUSED)
{
    struct pipeline p = {0};

    pipeline_end_unit(&p, true);
    pipeline_ask(&p);
    assert_false(pipeline_ready(&p));
    pipeline_end_unit(&p, true);
    assert_true(pipeline_ready(&p));
    assert_true(pipeline_ready(&p)); /* one that nobody asked for */
}

/* "c": the end of COPY data, "G": the server begins to take some. */
static void
a_sync_ahead_of_copy_data_is_not_answered(void **state PASU_UNUSED)
{
    static const struct {
        const char *said;
        uint32_t due, asked;
    } cases[] = {
        {"ESG", 0, 1},     {"ESSG", 0, 1},  {"ESGcS", 1, 0}, {"EScSG", 1, 0}, {"ESScSG", 1, 0},
        {"EcSG", 1, 0},    {"EcSSG", 2, 0}, {"EESG", 1, 0},  {"ESEG", 0, 2},  {"ESESG", 1, 0},
        {"EScSESG", 2, 0}, {"QG", 1, 0},    {"QSG", 1, 0},   {"QcSG", 2, 0},  {"QSESG", 2, 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pipeline p = {0};

        for (const char *said = cases[i].said; *said; said++) {
            if (*said == 'c')
                p.is_copy_over = true;
            else if (*said == 'G')
                pipeline_copy(&p);
            else if (*said == 'E')
                pipeline_ask(&p);
            else
                pipeline_end_unit(&p, *said == 'S');
            p.is_copy_over &= *said != 'E' && *said != 'Q';
        }
        if (p.due != cases[i].due || p.asked != cases[i].asked)
            fail_msg("%s: %u due, %u asked", cases[i].said, p.due, p.asked);
        while (p.due > 0)
            pipeline_ready(&p);
        assert_int_equal(p.known, 0);
    }
}

/* Far ahead it may be too high, never too low: then a session would count as idle that is not. */
static void
random_clients_are_never_owed_more_than_is_known(void **state PASU_UNUSED)
{
    struct random r = {20261126};

    for (int round = 0; round < 20000; round++) {
        struct played p = {0};
        uint32_t ahead = random_below(&r, 4) == 0 ? 40 : PIPELINE_UNITS;
        bool was_far = false;

        for (int i = 0; i < 60; i++) {
            static const char types[] = "EEEEQSSF";
            char type = types[random_below(&r, sizeof(types) - 1)];

            if (random_below(&r, 2) && p.pipeline.due < ahead && p.count < MESSAGES - 1)
                send_message(&p, type);
            else
                serve(&p, random_below(&r, 6) == 0);
            was_far |= p.pipeline.due > PIPELINE_UNITS;
        }
        while (serve(&p, false))
            ;
        if (!was_far)
            assert_int_equal(p.pipeline.due, 0);
        send_message(&p, 'S');
        assert_true(p.pipeline.due >= 1);
        serve(&p, false);
        if (!was_far)
            assert_int_equal(p.pipeline.due, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sync_ahead_of_copy_data_is_not_answered),
        cmocka_unit_test(an_error_takes_the_queries_before_the_sync_with_it),
        cmocka_unit_test(a_query_after_an_error_is_skipped_too),
        cmocka_unit_test(messages_without_a_sync_keep_a_session_busy),
        cmocka_unit_test(random_clients_are_never_owed_more_than_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
