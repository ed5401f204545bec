/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the detectors are told of, and who is said to have seen them. */
#include "breach/sightings.h"

#include "base/memory.h"
#include "base/os.h"
#include "exposure/key.h"

#include "unit.h"

enum { MOST = 64 };
#define NOW  (INT64_C(1767225600) * NANOSECONDS_PER_SECOND)
#define HOUR (3600 * NANOSECONDS_PER_SECOND)

struct seen {
    struct sightings s;
    struct observation items[MOST];
    size_t count;
    int result;
    uint64_t seq;
};

static int
see(void *arg, const struct observation *observations, size_t count)
{
    struct seen *seen = arg;

    assert_true(seen->count + count <= MOST);
    memcpy(seen->items + seen->count, observations, count * sizeof(*observations));
    seen->count += count;
    return seen->result;
}

static void
take(struct seen *seen, struct ledger_entry entry)
{
    entry.seq = ++seen->seq;
    entry.time = entry.time != 0 ? entry.time : NOW;
    assert_int_equal(sightings_take(&seen->s, &entry), 0);
}

static void
opens(struct seen *seen, uint64_t id, const char *gateway, const char *role, const char *address)
{
    struct message_session session = {.session = id,
                                      .origin = {.is_known = 1, .country = "KR", .system = 4766}};

    snprintf(session.gateway, sizeof(session.gateway), "%s", gateway);
    snprintf(session.principal, sizeof(session.principal), "%s", role);
    snprintf(session.address, sizeof(session.address), "%s", address);
    snprintf(session.application, sizeof(session.application), "psql");
    take(seen, (struct ledger_entry){.type = LEDGER_OPENED, .u.opened = &session});
}

static void
begin(struct seen *seen)
{
    static const struct vocabulary vocabulary = {.id = 5,
                                                 .field_count = 2,
                                                 .kind_count = 1,
                                                 .fields = {"name", "phone"},
                                                 .kinds = {"customer"}};

    *seen = (struct seen){0};
    assert_int_equal(sightings_init(&seen->s, &os_real, NOW - 10 * HOUR, see, seen), 0);
    take(seen, (struct ledger_entry){.type = LEDGER_VOCABULARY, .u.vocabulary = &vocabulary});
    opens(seen, 7, "shop", "app", "192.0.2.7");
    opens(seen, 8, SESSION_IMPORTED, "app", "192.0.2.8");
}

static const uint32_t persons[] = {11, 12, KEY_ORDINAL_FIRST + 3};

static struct exposure
shown(uint64_t session, int64_t time)
{
    return (struct exposure){.session = session,
                             .time = time,
                             .vocabulary = 5,
                             .part_count = 1,
                             .parts = {{.clear = 1,
                                        .masked = 2,
                                        .ordinals = persons,
                                        .ordinal_count = 3,
                                        .missed = persons,
                                        .missed_count = 1}}};
}

static void
shows(struct seen *seen, struct exposure exposure)
{
    take(seen, (struct ledger_entry){.type = LEDGER_EXPOSURE, .u.exposure = &exposure});
}

static void
an_exposure_is_told_person_by_person_with_its_record(void **state PASU_UNUSED)
{
    struct seen seen;
    const struct observation *o = seen.items;
    char fields[64];

    begin(&seen);
    shows(&seen, shown(7, NOW - 5));
    assert_int_equal(seen.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(o[i].offset, seen.seq);
        assert_int_equal(o[i].time, NOW - 5);
        assert_int_equal(o[i].what, i < 3 ? OBSERVED_SHOWN : OBSERVED_MISS);
        assert_int_equal(o[i].country, 'K' << 8 | 'R');
        assert_int_equal(o[i].asn, 4766);
        assert_true(o[i].who[AXIS_ACCOUNT] != 0 && o[i].who[AXIS_ADDRESS] != 0);
        assert_true(o[i].who[AXIS_AGENT] != 0);
        assert_int_equal(o[i].who[AXIS_SESSION], 0);
    }
    assert_int_equal(o[0].number, 11);
    assert_true(o[2].number == NUMBER_NONE); /* its key is in the directory */
    assert_int_equal(o[0].subject, o[3].subject);
    assert_true(o[0].subject != o[1].subject);
    sightings_fields(&seen.s, o[0].fields, fields, sizeof(fields));
    assert_string_equal(fields, "name, phone");
    assert_int_equal(o[3].fields, 0);
    sightings_release(&seen.s);
}

static void
a_text_is_no_number_whatever_its_ordinal_is(void **state PASU_UNUSED)
{
    struct exposure exposure = shown(7, NOW);
    struct seen seen;

    begin(&seen);
    exposure.parts[0].is_text = true;
    shows(&seen, exposure);
    assert_true(seen.items[0].number == NUMBER_NONE);
    sightings_release(&seen.s);
}

static void
assert_named(const struct seen *seen, enum axis axis, uint64_t who, const char *due,
             const char *due_role)
{
    char name[SIGHTINGS_NAME], role[NAME_SIZE];

    sightings_name(&seen->s, axis, who, name, role);
    assert_string_equal(name, due);
    assert_string_equal(role, due_role);
}

static void
who_sees_is_the_end_user_and_beside_it_the_role(void **state PASU_UNUSED)
{
    struct exposure exposure = shown(7, NOW);
    struct seen seen;
    const struct observation *o = seen.items;

    begin(&seen);
    shows(&seen, exposure);
    snprintf(exposure.actor, sizeof(exposure.actor), "kim, lee\n\x01");
    shows(&seen, exposure);
    assert_named(&seen, AXIS_ACCOUNT, o[0].who[AXIS_ACCOUNT], "role app", "app");
    assert_int_equal(o[0].who[AXIS_TOKEN], 0);
    assert_true(o[4].who[AXIS_ACCOUNT] != o[0].who[AXIS_ACCOUNT]);
    assert_named(&seen, AXIS_TOKEN, o[4].who[AXIS_TOKEN], "role app", "app");
    assert_named(&seen, AXIS_ADDRESS, o[4].who[AXIS_ADDRESS], "address 192.0.2.7", "");
    assert_named(&seen, AXIS_ACCOUNT, o[4].who[AXIS_ACCOUNT], "user kim? lee?? of role app", "app");
    /* The claim of an address counts where it is signed; where that is nobody knows. */
    snprintf(exposure.claims.source, sizeof(exposure.claims.source), "198.51.100.1");
    shows(&seen, exposure);
    assert_int_equal(o[8].who[AXIS_ADDRESS], o[0].who[AXIS_ADDRESS]);
    exposure.claims.is_signed = true;
    shows(&seen, exposure);
    assert_named(&seen, AXIS_ADDRESS, o[12].who[AXIS_ADDRESS], "address 198.51.100.1", "");
    assert_int_equal(o[12].country, 0);
    sightings_release(&seen.s);
}

/* More sessions than those of whom it is remembered who they are, in turns, and of each two end
 * users in turns: remembered or not, nobody is taken for another one. */
static void
whoever_comes_again_is_who_it_was(void **state PASU_UNUSED)
{
    enum { SESSIONS = 3 << SIGHTINGS_RECENT_BITS, TURNS = 4 };
    struct exposure exposure = shown(0, NOW);
    static uint64_t who[SESSIONS][2][AXIS_COUNT];
    char text[64], name[96];
    struct seen seen;

    begin(&seen);
    exposure.parts[0].ordinal_count = 1;
    exposure.parts[0].missed_count = 0;
    for (unsigned i = 0; i < SESSIONS; i++) {
        snprintf(text, sizeof(text), "app%u", i);
        opens(&seen, 100 + i, "shop", text, i % 2 ? "192.0.2.1" : "192.0.2.2");
    }
    for (unsigned turn = 0; turn < TURNS; turn++)
        for (unsigned i = 0; i < SESSIONS; i++) {
            uint64_t *before = who[i][turn % 2];

            seen.count = 0;
            exposure.session = 100 + i;
            exposure.actor[0] = '\0';
            if (turn % 2)
                snprintf(exposure.actor, sizeof(exposure.actor), "user%u", i % 7);
            shows(&seen, exposure);
            shows(&seen, exposure);
            snprintf(text, sizeof(text), "app%u", i);
            snprintf(name, sizeof(name), turn % 2 ? "user user%u of role app%u" : "role app%u",
                     turn % 2 ? i % 7 : i, i);
            assert_memory_equal(seen.items[0].who, seen.items[1].who, sizeof(seen.items[0].who));
            assert_named(&seen, AXIS_ACCOUNT, seen.items[1].who[AXIS_ACCOUNT], name, text);
            assert_named(&seen, AXIS_ADDRESS, seen.items[1].who[AXIS_ADDRESS],
                         i % 2 ? "address 192.0.2.1" : "address 192.0.2.2", "");
            assert_int_equal(seen.items[1].who[AXIS_TOKEN] != 0, turn % 2);
            assert_int_equal(seen.items[1].country, 'K' << 8 | 'R');
            assert_int_equal(seen.items[1].asn, 4766);
            if (turn >= 2)
                assert_memory_equal(before, seen.items[1].who, sizeof(who[i][0]));
            memcpy(before, seen.items[1].who, sizeof(who[i][0]));
        }
    sightings_release(&seen.s);
}

/* As many end users as there is room for names. Those of roles and addresses that come then are
 * kept, and who has no name is not taken for another one without. */
static void
end_users_leave_roles_and_addresses_their_room(void **state PASU_UNUSED)
{
    struct exposure exposure = shown(7, NOW);
    char names[2][SIGHTINGS_NAME], role[NAME_SIZE];
    struct observation users[2];
    struct seen seen;

    begin(&seen);
    exposure.parts[0].ordinal_count = 1;
    exposure.parts[0].missed_count = 0;
    for (unsigned i = 0; i < SIGHTINGS_NAMES; i++) {
        seen.count = 0;
        snprintf(exposure.actor, sizeof(exposure.actor), "user%u", i);
        shows(&seen, exposure);
        users[i % 2] = seen.items[0];
    }
    opens(&seen, 10, "shop", "other", "192.0.2.10");
    seen.count = 0;
    exposure.session = 10;
    exposure.actor[0] = '\0';
    shows(&seen, exposure);
    assert_named(&seen, AXIS_ACCOUNT, seen.items[0].who[AXIS_ACCOUNT], "role other", "other");
    assert_named(&seen, AXIS_ADDRESS, seen.items[0].who[AXIS_ADDRESS], "address 192.0.2.10", "");
    for (size_t i = 0; i < 2; i++) {
        sightings_name(&seen.s, AXIS_ACCOUNT, users[i].who[AXIS_ACCOUNT], names[i], role);
        assert_memory_equal(names[i], "somebody #", strlen("somebody #"));
        assert_string_equal(role, "");
    }
    assert_string_not_equal(names[0], names[1]);
    sightings_release(&seen.s);
}

static void
what_an_end_user_is_called_cannot_look_like_a_list(void **state PASU_UNUSED)
{
    struct exposure exposure = shown(7, NOW);
    struct seen seen;

    begin(&seen);
    snprintf(exposure.actor, sizeof(exposure.actor), "kim, role root");
    shows(&seen, exposure);
    assert_named(&seen, AXIS_ACCOUNT, seen.items[0].who[AXIS_ACCOUNT],
                 "user kim? role root of role app", "app");
    sightings_release(&seen.s);
}

/* Of persons whom nobody names there is a number alone, that of all that there can have been. */
static void
an_exposure_that_names_nobody_is_told_by_how_many(void **state PASU_UNUSED)
{
    struct exposure exposure = shown(7, NOW);
    struct seen seen;
    const struct observation *o = seen.items;

    begin(&seen);
    exposure.parts[0].ordinal_count = exposure.parts[0].missed_count = 0;
    exposure.parts[0].unknown = 30000;
    shows(&seen, exposure);
    assert_int_equal(seen.count, 1);
    assert_int_equal(o->what, OBSERVED_BOUND);
    assert_int_equal(o->number, 30000);
    assert_int_equal(o->subject, 0);
    assert_int_equal(o->fields, 3);
    assert_int_equal(o->offset, seen.seq);
    assert_named(&seen, AXIS_ACCOUNT, o->who[AXIS_ACCOUNT], "role app", "app");
    assert_int_equal(seen.s.unnamed, 1);
    sightings_release(&seen.s);
}

static void
what_cannot_be_judged_is_passed_over_and_counted(void **state PASU_UNUSED)
{
    struct exposure unnamed = shown(7, NOW);
    struct seen seen;

    begin(&seen);
    shows(&seen, shown(9, NOW));             /* of no session */
    shows(&seen, shown(7, NOW + HOUR));      /* dated behind its record */
    shows(&seen, shown(7, NOW - 11 * HOUR)); /* too old */
    assert_int_equal(seen.count, 0);
    assert_int_equal(seen.s.unknown, 1);
    assert_int_equal(seen.s.undated, 1);
    unnamed.parts[0].unknown = 3;
    shows(&seen, unnamed);
    assert_int_equal(seen.s.unnamed, 1);
    assert_int_equal(seen.s.told, 1);
    sightings_release(&seen.s);
}

/* What was imported is told in the order of time, or not. */
static void
an_old_log_that_is_imported_late_is_not_what_happens_now(void **state PASU_UNUSED)
{
    struct seen seen;

    begin(&seen);
    seen.s.from = 0;
    shows(&seen, shown(8, NOW - 80 * HOUR));
    shows(&seen, shown(7, NOW));
    assert_int_equal(seen.count, 8);
    shows(&seen, shown(8, NOW - 80 * HOUR));
    assert_int_equal(seen.count, 8);
    assert_int_equal(seen.s.past, 1);
    shows(&seen, shown(7, NOW - 80 * HOUR)); /* the gateway's own */
    assert_int_equal(seen.count, 12);
    sightings_release(&seen.s);
}

static void
fields_that_find_no_room_are_counted(void **state PASU_UNUSED)
{
    struct seen seen;
    char text[sizeof(", and 63 more") + 8];

    begin(&seen);
    shows(&seen, shown(7, NOW));
    sightings_fields(&seen.s, 3, text, sizeof(text));
    assert_string_equal(text, "name, and 1 more");
    sightings_release(&seen.s);
}

static void
an_error_of_who_is_told_is_given_on(void **state PASU_UNUSED)
{
    struct exposure exposure = shown(7, NOW);
    struct ledger_entry entry = {
        .type = LEDGER_EXPOSURE, .seq = 9, .time = NOW, .u.exposure = &exposure};
    struct seen seen;

    begin(&seen);
    seen.result = PASU_E_NOMEM;
    assert_int_equal(sightings_take(&seen.s, &entry), PASU_E_NOMEM);
    sightings_release(&seen.s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exposure_is_told_person_by_person_with_its_record),
        cmocka_unit_test(a_text_is_no_number_whatever_its_ordinal_is),
        cmocka_unit_test(who_sees_is_the_end_user_and_beside_it_the_role),
        cmocka_unit_test(whoever_comes_again_is_who_it_was),
        cmocka_unit_test(end_users_leave_roles_and_addresses_their_room),
        cmocka_unit_test(what_an_end_user_is_called_cannot_look_like_a_list),
        cmocka_unit_test(an_exposure_that_names_nobody_is_told_by_how_many),
        cmocka_unit_test(what_cannot_be_judged_is_passed_over_and_counted),
        cmocka_unit_test(an_old_log_that_is_imported_late_is_not_what_happens_now),
        cmocka_unit_test(fields_that_find_no_room_are_counted),
        cmocka_unit_test(an_error_of_who_is_told_is_given_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
