/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "policy/roster.h"
#include "random.h"
#include "unit.h"

static struct roster *
parse(const char *text)
{
    struct roster_fault fault;
    struct roster *roster;

    assert_int_equal(roster_parse(&roster, view_of_text(text), &fault), 0);
    return roster;
}

static void
assert_fault(struct view bytes, uint32_t line, const char *words)
{
    struct roster_fault fault;
    struct roster *roster;

    assert_int_equal(roster_parse(&roster, bytes, &fault), PASU_E_MALFORMED);
    assert_null(roster);
    assert_int_equal(fault.line, line);
    assert_non_null(strstr(fault.text, words));
}

static void
principals_have_the_kind_of_their_line_and_others_none(void **state PASU_UNUSED)
{
    struct roster *r = parse("principal,kind,owner,owner_status,left_at,contact\n"
                             "analyst,human,Kim,active,,kim@example.org\n"
                             "shop,service,Lee,left,2026-01-31,\n"
                             "dba,admin,,,,\n"
                             "who,,,,,\n");

    assert_int_equal(roster_kind(r, "analyst"), PRINCIPAL_HUMAN);
    assert_int_equal(roster_kind(r, "shop"), PRINCIPAL_SERVICE);
    assert_int_equal(roster_kind(r, "dba"), PRINCIPAL_ADMIN);
    assert_int_equal(roster_kind(r, "who"), PRINCIPAL_UNKNOWN);
    assert_int_equal(roster_kind(r, "Analyst"), PRINCIPAL_UNKNOWN);
    assert_int_equal(roster_kind(r, "principal"), PRINCIPAL_UNKNOWN);
    assert_int_equal(roster_kind(r, ""), PRINCIPAL_UNKNOWN);
    assert_int_equal(roster_kind(NULL, "analyst"), PRINCIPAL_UNKNOWN);
    assert_int_equal(roster_owner(r, "analyst", 0), OWNER_THERE);
    assert_int_equal(roster_owner(r, "shop", 0), OWNER_LEFT);
    assert_int_equal(roster_owner(r, "dba", 0), OWNER_NONE);
    assert_int_equal(roster_owner(r, "Analyst", 0), OWNER_UNLISTED);
    assert_int_equal(roster_owner(NULL, "analyst", 0), OWNER_UNLISTED);
    roster_free(r);
}

static void
entries_say_what_their_line_says(void **state PASU_UNUSED)
{
    struct roster *r = parse("contact,principal,left_at,kind,owner\n"
                             "\"kim@example.org, 7\",analyst,2026-01-31,human,Kim\n"
                             ",app,,service,\n");
    const struct roster_entry *kim = roster_find(r, "analyst"), *app = roster_find(r, "app");

    assert_int_equal(roster_count(r), 2);
    assert_ptr_equal(roster_at(r, 0), kim);
    assert_ptr_equal(roster_at(r, 1), app);
    assert_string_equal(kim->owner, "Kim");
    assert_string_equal(kim->contact, "kim@example.org, 7");
    assert_int_equal(kim->line, 2);
    assert_false(kim->is_left);
    assert_string_equal(app->owner, "");
    assert_string_equal(app->contact, "");
    assert_true(app->left_at == ROSTER_NEVER);
    assert_null(roster_find(r, "kim"));
    assert_int_equal(roster_count(NULL), 0);
    roster_free(r);
}

/* 2026-11-27T12:00:00Z */
#define NOON (INT64_C(1795780800) * NANOSECONDS_PER_SECOND)

static void
who_has_left_is_refused_and_a_service_told_of(void **state PASU_UNUSED)
{
    static const struct {
        const char *principal;
        enum principal_standing standing, strict;
    } all[] = {
        {"here", STANDING_GOOD, STANDING_GOOD},  {"gone", STANDING_LEFT, STANDING_LEFT},
        {"since", STANDING_LEFT, STANDING_LEFT}, {"now", STANDING_LEFT, STANDING_LEFT},
        {"soon", STANDING_GOOD, STANDING_GOOD},  {"today", STANDING_LEFT, STANDING_LEFT},
        {"never", STANDING_GOOD, STANDING_GOOD}, {"long", STANDING_LEFT, STANDING_LEFT},
        {"said", STANDING_LEFT, STANDING_LEFT},  {"dba", STANDING_LEFT, STANDING_LEFT},
        {"what", STANDING_LEFT, STANDING_LEFT},  {"app", STANDING_OWNERLESS, STANDING_LEFT},
        {"alone", STANDING_GOOD, STANDING_GOOD}, {"unlisted", STANDING_GOOD, STANDING_GOOD},
        {"Gone", STANDING_GOOD, STANDING_GOOD},
    };
    struct roster *r = parse("principal,kind,owner,owner_status,left_at\n"
                             "here,human,A,active,\n"
                             "gone,human,B,left,\n"
                             "since,human,C,active,2026-11-26\n"
                             "now,human,D,,2026-11-27T21:00:00+09:00\n"
                             "soon,human,E,,2026-11-27T12:00:00.000000001Z\n"
                             "today,human,F,,2026-11-27\n"
                             "never,human,G,,9999-12-31\n"
                             "long,human,H,,1969-12-31\n"
                             "said,human,I,left,9999-12-31\n"
                             "dba,admin,,left,\n"
                             "what,,J,left,\n"
                             "app,service,K,left,\n"
                             "alone,service,,,\n");

    assert_int_equal(roster_standing(NULL, "gone", NOON, OWNERLESS_BLOCK), STANDING_GOOD);
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        assert_int_equal(roster_standing(r, all[i].principal, NOON, OWNERLESS_ALERT),
                         all[i].standing);
        assert_int_equal(roster_standing(r, all[i].principal, NOON, OWNERLESS_BLOCK),
                         all[i].strict);
    }
    assert_true(roster_next(r, NOON) == NOON + 1);
    assert_true(roster_next(r, NOON + 1) == ROSTER_NEVER);
    assert_true(roster_next(r, NOON - 1) == NOON);
    assert_true(roster_next(NULL, 0) == ROSTER_NEVER);
    roster_free(r);
}

/* Whoever holds it has it, whatever others do. */
static void
a_roster_lives_as_long_as_somebody_holds_it(void **state PASU_UNUSED)
{
    struct roster *r = parse("principal,kind\na,human\n");

    assert_ptr_equal(roster_hold(r), r);
    roster_free(r);
    assert_int_equal(roster_kind(r, "a"), PRINCIPAL_HUMAN);
    roster_free(r);
    assert_null(roster_hold(NULL));
    roster_free(NULL);
}

static void
columns_come_in_any_order_and_unknown_ones_are_ignored(void **state PASU_UNUSED)
{
    struct roster *r = parse("\xef\xbb\xbfteam,kind,\"principal\",team\r\n"
                             "x,service,shop,\"a,\r\nb\"\r\n"
                             "\r\n"
                             "x,\"human\",\"say \"\"hi\"\", all\",y");

    assert_int_equal(roster_kind(r, "shop"), PRINCIPAL_SERVICE);
    assert_int_equal(roster_kind(r, "say \"hi\", all"), PRINCIPAL_HUMAN);
    roster_free(r);
    r = parse("principal\nonly\n");
    assert_int_equal(roster_kind(r, "only"), PRINCIPAL_UNKNOWN);
    roster_free(r);
    r = parse("principal,kind");
    assert_int_equal(roster_kind(r, "principal"), PRINCIPAL_UNKNOWN);
    roster_free(r);
}

static void
faults_are_told_with_their_line(void **state PASU_UNUSED)
{
    assert_fault(VIEW(""), 1, "no column \"principal\"");
    assert_fault(VIEW("\nprincipal\n"), 1, "no column \"principal\"");
    assert_fault(VIEW("name,kind\na,human\n"), 1, "no column \"principal\"");
    assert_fault(VIEW("principal,kind,kind\n"), 1, "twice");
    assert_fault(VIEW("principal,kind\na,human\nb\n"), 3, "as many fields");
    assert_fault(VIEW("principal,kind\na,human,x\n"), 2, "as many fields");
    assert_fault(VIEW("principal,kind\n,human\n"), 2, "is empty");
    assert_fault(VIEW("principal,kind\na,robot\n"), 2, "the kind");
    assert_fault(VIEW("principal,kind\na,HUMAN\n"), 2, "the kind");
    assert_fault(VIEW("principal,owner_status\na,gone\n"), 2, "owner_status");
    assert_fault(VIEW("principal,left_at\na,2026-01-31\nb,soon\n"), 3, "left_at");
    assert_fault(VIEW("principal,left_at\na,2026-02-30\n"), 2, "left_at");
    assert_fault(VIEW("principal,left_at\na,30d\n"), 2, "left_at");
    assert_fault(VIEW("principal,left_at\na,30d ago   \n"), 2, "left_at");
    assert_fault(VIEW("principal,left_at\na,2026-11-27T12:00:00\n"), 2, "left_at");
    assert_fault(VIEW("principal,left_at,left_at\na,,\n"), 1, "twice");
    assert_fault(VIEW("principal,kind\n\"a\nb\",human\na,human\nc,human\na,human\n"), 6,
                 "listed twice");
    assert_fault(VIEW("principal,kind\na,human\n\"b,human\n\n"), 3, "does not end");
    assert_fault(VIEW("principal\n\"a\"b\n"), 2, "quote");
    assert_fault(VIEW("principal\na\"b\n"), 2, "quote");
    assert_fault(VIEW("principal\na\0b\n"), 1, "zero byte");
}

static void
more_columns_than_anyone_has_are_refused(void **state PASU_UNUSED)
{
    char text[400] = "principal";

    for (size_t i = 9; i < sizeof(text) - 1; i++)
        text[i] = ',';
    assert_fault(view_of(text, 9 + 256), 1, "256");
    struct roster_fault fault;
    struct roster *roster;
    assert_int_equal(roster_parse(&roster, view_of(text, 9 + 255), &fault), 0);
    roster_free(roster);
}

static void
many_principals_are_found_whatever_their_order(void **state PASU_UNUSED)
{
    static const char *const kinds[] = {"unknown", "human", "service", "admin"};
    enum { COUNT = 1009 };
    static char text[COUNT * 24 + 32];
    size_t length = (size_t)snprintf(text, sizeof(text), "kind,principal\n");

    for (unsigned i = 0; i < COUNT; i++) {
        unsigned n = i * 577 % COUNT;

        length +=
            (size_t)snprintf(text + length, sizeof(text) - length, "%s,role%u\n", kinds[n % 4], n);
    }
    struct roster *r = parse(text);
    for (unsigned n = 0; n < COUNT; n++) {
        char name[16];

        snprintf(name, sizeof(name), "role%u", n);
        assert_string_equal(principal_kind_text(roster_kind(r, name)), kinds[n % 4]);
    }
    roster_free(r);
}

/* Every beginning and every mutation of a file either parses or has a fault with a line. */
static void
hostile_files_do_no_harm(void **state PASU_UNUSED)
{
    static const char good[] =
        "principal,kind,owner\r\n\"a \"\"b\"\"\",human,\"x\ny\"\r\nc,admin,\r\n";
    static const char salt[] = "\",\r\n\0a\xff";
    struct random r = {11};

    for (int i = 0; i < 20000; i++) {
        char *text = memory_dup(good, sizeof(good) - 1);
        size_t length =
            random_below(&r, 4) == 0 ? random_below(&r, sizeof(good)) : sizeof(good) - 1;
        struct roster_fault fault;
        struct roster *roster;

        for (uint32_t n = random_below(&r, 6); n > 0; n--)
            text[random_below(&r, sizeof(good) - 1)] = salt[random_below(&r, sizeof(salt) - 1)];
        if (roster_parse(&roster, view_of(text, length), &fault) == 0) {
            assert_non_null(roster);
            roster_free(roster);
        } else {
            assert_true(fault.line >= 1 && fault.text[0] != '\0');
        }
        memory_free(text);
    }
}

static void
a_failed_allocation_is_told(void **state PASU_UNUSED)
{
    struct roster_fault fault;
    struct roster *roster;

    for (uint64_t nth = 1; nth <= 3; nth++) {
        memory_fail_at(nth);
        assert_int_equal(roster_parse(&roster, VIEW("principal\na\n"), &fault), PASU_E_NOMEM);
        assert_null(roster);
        memory_fail_at(0);
    }
}

static void
a_configurations_roster_is_checked_and_its_fault_names_the_file(void **state PASU_UNUSED)
{
    struct config config = {
        .principals.roster = {.path = "r.csv", .bytes = VIEW("principal\na\n")}};
    struct config_faults faults = {0};

    assert_int_equal(roster_check(&(struct config){0}, &faults), 0);
    assert_int_equal(roster_check(&config, &faults), 0);
    config.principals.roster.bytes = VIEW("principal\na\nb,c\n");
    assert_int_equal(roster_check(&config, &faults), PASU_E_CONFIG);
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.items[0].path, "r.csv");
    assert_int_equal(faults.items[0].line, 3);
    assert_string_equal(faults.items[0].text,
                        "the roster: has not as many fields as the header line");
    config_faults_release(&faults);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principals_have_the_kind_of_their_line_and_others_none),
        cmocka_unit_test(entries_say_what_their_line_says),
        cmocka_unit_test(who_has_left_is_refused_and_a_service_told_of),
        cmocka_unit_test(a_roster_lives_as_long_as_somebody_holds_it),
        cmocka_unit_test(columns_come_in_any_order_and_unknown_ones_are_ignored),
        cmocka_unit_test(faults_are_told_with_their_line),
        cmocka_unit_test(more_columns_than_anyone_has_are_refused),
        cmocka_unit_test(many_principals_are_found_whatever_their_order),
        cmocka_unit_test(hostile_files_do_no_harm),
        cmocka_unit_test(a_configurations_roster_is_checked_and_its_fault_names_the_file),
        cmocka_unit_test(a_failed_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
