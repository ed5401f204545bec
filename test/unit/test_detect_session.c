/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts that read in sessions, and keys that are used without. */
#include "detect_town.h"

enum { SERVICES = 3, SERVICE = 700000, SERVICE_READS = 300, CLERK = 500003 };

static bool
has_begun(int64_t day)
{
    return day >= START + ATTACK_DAY * DAY;
}

static void
serve(struct town *t, int64_t day, uint64_t service, uint64_t reads, uint64_t session)
{
    for (; reads > 0; reads--) {
        struct observation *o = ask(t, some_time(t, day, 0, 24), 7000 + service, SERVICE + service,
                                    1 + random_below(&t->r, PERSONS));

        if (session != 0)
            o->who[AXIS_SESSION] = name(NAME_SESSION, session);
    }
}

static void
serve_all(struct town *t, int64_t day)
{
    for (uint64_t i = 0; i < SERVICES; i++)
        serve(t, day, i, SERVICE_READS, 0);
}

/* Who has a key of the first service uses it in a session of their own. */
static void
steal_key(struct town *t, int64_t day)
{
    serve_all(t, day);
    if (has_begun(day))
        serve(t, day, 0, SERVICE_READS / 4, UINT64_C(1) << 40 | (uint64_t)day);
}

/* And in none, as the service itself. */
static void
steal_key_only(struct town *t, int64_t day)
{
    serve_all(t, day);
    if (has_begun(day))
        serve(t, day, 0, SERVICE_READS / 4, 0);
}

/* The first service has one connection from some day on. */
static void
change_over(struct town *t, int64_t day)
{
    for (uint64_t i = 0; i < SERVICES; i++)
        serve(t, day, i, SERVICE_READS,
              i == 0 && has_begun(day) ? UINT64_C(1) << 40 | (uint64_t)day : 0);
}

/* Somebody is logged in all day as all are, and besides asks with the bare account. */
static void
ask_barely(struct town *t, int64_t day)
{
    serve_all(t, day);
    for (unsigned i = 0; i < 25 && has_begun(day); i++)
        (void)ask(t, some_time(t, day, 9, 18), 3003, CLERK, 1 + random_below(&t->r, PERSONS));
}

/* Who is logged in has a session each day; what of the attack has none keeps none. */
static void
give_sessions(struct town *t, size_t lost_of)
{
    for (size_t i = 0; i < t->count; i++) {
        struct observation *o = &t->list[i];
        bool is_lost = lost_of > 0 && has_begun(o->time) && o->offset / 100 % lost_of == 0;

        if (o->file == 7 || is_lost)
            continue;
        o->who[AXIS_SESSION] = name(NAME_SESSION, o->who[AXIS_ACCOUNT] ^ (uint64_t)(o->time / DAY));
    }
}

static void
tell_sessions(struct story *s, attack *a, size_t lost_of)
{
    s->town = make_town_since(41, a, 0);
    give_sessions(&s->town, lost_of);
    s->d = open_detect(DETECT_MEMORY_MIN * 8);
    assert_int_equal(detect_add(s->d, s->town.list, s->town.count), 0);
    assert_int_equal(detect_findings(s->d, &s->report), 0);
}

static void
test_a_key_that_is_used_in_a_session_is_found_though_it_reads_little_more(void **state)
{
    struct story s;
    const struct finding *f;
    char why[DETECT_TEXT];

    (void)state;
    tell_sessions(&s, steal_key, 0);
    f = expect(&s, DETECTOR_NOVELTY, name(NAME_ACCOUNT, SERVICE));
    assert_int_equal(f->principals, 1);
    (void)finding_why(f, why);
    assert_non_null(strstr(why, "were in a session"));
    assert_null(find(&s.report, DETECTOR_NOVELTY, name(NAME_ACCOUNT, SERVICE + 1)));
    end(&s);
    /* Nobody can tell it from the service where it has none. */
    tell_sessions(&s, steal_key_only, 0);
    assert_int_equal(s.report.finding_count, 0);
    end(&s);
}

static void
test_an_account_that_asks_beside_its_session_is_found(void **state)
{
    struct story s;
    char why[DETECT_TEXT];

    (void)state;
    tell_sessions(&s, ask_barely, 0);
    (void)finding_why(expect(&s, DETECTOR_NOVELTY, name(NAME_ACCOUNT, CLERK)), why);
    assert_non_null(strstr(why, "outside of any session"));
    end(&s);
}

static void
test_a_service_that_changes_over_to_what_others_do_is_no_finding(void **state)
{
    struct story s;

    (void)state;
    tell_sessions(&s, change_over, 0);
    assert_int_equal(s.report.finding_count, 0);
    end(&s);
}

static void
test_what_the_log_loses_of_all_is_nobodys_finding(void **state)
{
    static const size_t lost_of[] = {3, 41};
    struct story s;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lost_of); i++) {
        tell_sessions(&s, serve_all, lost_of[i]);
        print(&s.report);
        assert_int_equal(s.report.finding_count, 0);
        end(&s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_that_is_used_in_a_session_is_found_though_it_reads_little_more),
        cmocka_unit_test(test_an_account_that_asks_beside_its_session_is_found),
        cmocka_unit_test(test_a_service_that_changes_over_to_what_others_do_is_no_finding),
        cmocka_unit_test(test_what_the_log_loses_of_all_is_nobodys_finding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
