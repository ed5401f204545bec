/* SPDX-License-Identifier: Apache-2.0 */
/* When a session is forgotten, to the index and to who reads some of the records: as to who reads
 * all; and nothing is kept of each. */
#include "breach/index_each.h"
#include "breach/index_key.h"
#include "index_person.h"

enum { BEGIN = 20300 };
#define HOUR (3600 * NANOSECONDS_PER_SECOND)

static void
tell_closed(struct told_ledger *l, uint64_t session)
{
    struct told *told = tell(l, LEDGER_CLOSED);

    told->body.closed = (struct message_closed){.session = session, .closed = l->now};
    told->entry.u.closed = &told->body.closed;
}

/* Of one person, at that time. */
static void
tell_shown(struct told_ledger *l, uint64_t session, uint32_t ordinal, int64_t time)
{
    struct told *told = tell(l, LEDGER_EXPOSURE);
    struct exposure *e = &told->body.exposure;

    told->ordinals[0][0] = memory_new(1, sizeof(uint32_t));
    told->ordinals[0][0][0] = ordinal;
    *e = (struct exposure){.session = session,
                           .time = time,
                           .vocabulary = l->items[0].body.vocabulary.id,
                           .statements = 1,
                           .rows = 1,
                           .part_count = 1};
    e->parts[0] = (struct exposure_part){.attribution = ATTRIBUTION_KEY,
                                         .clear = 3,
                                         .ordinals = told->ordinals[0][0],
                                         .ordinal_count = 1};
    told->entry.u.exposure = e;
}

static void
begin_story(struct told_ledger *l)
{
    *l = (struct told_ledger){.random.state = 1, .now = BEGIN * DAY + HOUR};
    l->items = memory_new(STORY_ENTRIES, sizeof(*l->items));
    tell_vocabulary(l, 0);
}

/* On the next day both sessions go on, so that nothing of the first is open any more. */
static void
end_story(struct told_ledger *l)
{
    l->now += DAY;
    tell_shown(l, 1, 79, l->now);
    tell_shown(l, 2, 80, l->now);
    build(l, 0, l->count);
}

static void
ask(struct told_ledger *l, uint32_t ordinal, struct filter filter)
{
    bool is_answered;

    assert_int_equal(ask_for_person(l, filter, ordinal, &is_answered), 1);
    assert_true(is_answered);
}

/* The record of another session that is passed over says that the hour is over; the clock was wrong
 * then, and what comes is of a time at which the session would still be known. `is_wanted`: it is
 * of the part of the day that is read; else before it. */
static void
pass_over(bool is_wanted)
{
    struct told_ledger l;
    int64_t late = BEGIN * DAY + DAY / 2;

    begin_story(&l);
    tell_opened(&l, 1);
    tell_opened(&l, 2);
    l.now = late;
    tell_shown(&l, 2, 77, is_wanted ? late : l.items[1].entry.time);
    tell_closed(&l, 1);
    l.now += 2 * HOUR;
    tell_shown(&l, 2, 78, is_wanted ? late : l.items[1].entry.time);
    l.now -= 2 * HOUR - 1;
    tell_shown(&l, 1, 42, late + 1);
    end_story(&l);
    ask(&l, 42, (struct filter){0});
    ask(&l, 42, (struct filter){.from = BEGIN * DAY, .to = (BEGIN + 1) * DAY});
    forget_all(&l);
}

static void
what_is_passed_over_moves_the_time_on_all_the_same(void **state PASU_UNUSED)
{
    pass_over(true);
    pass_over(false);
}

/* The other way round: a session that closed in what is passed over, and is known for an hour. */
static void
a_session_that_closed_meanwhile_is_known_for_an_hour(void **state PASU_UNUSED)
{
    struct told_ledger l;

    begin_story(&l);
    tell_opened(&l, 1);
    tell_opened(&l, 2);
    l.now += 10 * HOUR;
    for (uint32_t i = 0; i < 20; i++) {
        tell_shown(&l, 2, 1000 + i, l.now);
        l.now += HOUR / 25;
        if (i == 5)
            tell_closed(&l, 1);
    }
    tell_shown(&l, 1, 42, l.now);
    l.now += HOUR;
    tell_shown(&l, 1, 43, l.now); /* not any more */
    end_story(&l);
    ask(&l, 42, (struct filter){0});
    ask(&l, 43, (struct filter){0});
    forget_all(&l);
}

/* What is before the stretch was over when its sessions were noted. */
static void
what_is_before_does_not_move_the_time_on(void **state PASU_UNUSED)
{
    struct told_ledger l;
    int64_t midnight = (BEGIN + 1) * DAY;

    begin_story(&l);
    l.now = midnight - HOUR / 4;
    tell_opened(&l, 1);
    tell_opened(&l, 2);
    l.now += 3 * HOUR;
    tell_shown(&l, 2, 77, midnight - 1);
    l.now -= 3 * HOUR;
    tell_closed(&l, 1);
    l.now = midnight + HOUR / 4;
    tell_shown(&l, 2, 78, l.now);
    tell_shown(&l, 1, 42, l.now);
    end_story(&l);
    ask(&l, 42, (struct filter){0});
    forget_all(&l);
}

enum { BEFORE_THE_DAY, ACROSS_MIDNIGHT, BEFORE_THE_PART, IN_THE_PART };

/* Another's session closes first, by a clock that is set back behind it: so long is the one that
 * closes then known, too, though an hour is over since. Also where its like closed twice, or was
 * not known, which is nothing. */
static void
close_behind_another(int where)
{
    struct told_ledger l;
    int64_t day = (BEGIN + 1) * DAY;

    begin_story(&l);
    for (uint64_t session = 1; session <= 3; session++)
        tell_opened(&l, session);
    l.now = where <= ACROSS_MIDNIGHT   ? day - 2 * HOUR
            : where == BEFORE_THE_PART ? day + HOUR
                                       : day + 9 * HOUR;
    tell_shown(&l, 2, 70, l.now);
    if (where == IN_THE_PART)
        tell_shown(&l, 1, 42, l.now);
    l.now += HOUR;
    tell_closed(&l, 2);
    l.now += HOUR / 2;
    tell_closed(&l, 2);
    tell_closed(&l, 99);
    if (where == ACROSS_MIDNIGHT)
        tell_shown(&l, 3, 71, day + 1);
    l.now -= 3 * HOUR;
    tell_closed(&l, 1);
    l.now += 3 * HOUR;
    tell_shown(&l, 3, 71, day + 1);
    tell_shown(&l, 1, 42, day + 9 * HOUR + 1);
    l.now += HOUR / 2 + 1;
    tell_shown(&l, 3, 71, day + 9 * HOUR + 1);
    tell_shown(&l, 1, 43, day + 9 * HOUR + 2); /* not any more */
    end_story(&l);
    ask(&l, 42, (struct filter){0});
    ask(&l, 43, (struct filter){0});
    forget_all(&l);
}

static void
who_closes_behind_another_is_known_as_long(void **state PASU_UNUSED)
{
    for (int where = BEFORE_THE_DAY; where <= IN_THE_PART; where++)
        close_behind_another(where);
}

static int
count(void *arg, struct view key PASU_UNUSED, struct view value PASU_UNUSED)
{
    ++*(unsigned *)arg;
    return 0;
}

/* Each shows something behind its end, as what was in the rings does. */
static void
nothing_is_kept_of_sessions_that_are_over(void **state PASU_UNUSED)
{
    enum { SESSIONS = 600, AT_ONCE = 4 };
    struct told_ledger l;
    struct index *index;
    unsigned open = 0;

    begin_story(&l);
    for (uint64_t session = 1; session <= SESSIONS; session++) {
        tell_opened(&l, session);
        tell_shown(&l, session, 42, l.now);
        tell_closed(&l, session);
        tell_shown(&l, session, 43, l.now);
        l.now += HOUR / (AT_ONCE - 1);
    }
    build(&l, 0, l.count / 2);
    build(&l, l.count / 2, l.count);
    assert_int_equal(index_open(&index, directory, NULL), 0);
    assert_int_equal(index_each_session(index, INDEX_OPEN, count, &open), 0);
    index_close(index);
    assert_in_range(open, 1, AT_ONCE);
    assert_true(ask_both(&l, (struct filter){0}, false));
    assert_true(ask_both(&l, (struct filter){.principal = "role1"}, false));
    forget_all(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_passed_over_moves_the_time_on_all_the_same),
        cmocka_unit_test(a_session_that_closed_meanwhile_is_known_for_an_hour),
        cmocka_unit_test(what_is_before_does_not_move_the_time_on),
        cmocka_unit_test(who_closes_behind_another_is_known_as_long),
        cmocka_unit_test(nothing_is_kept_of_sessions_that_are_over),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
