/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor_watched.h"
#include "unit.h"

/* 2026-11-24T01:02:03Z */
#define NOW (INT64_C(1795482123) * NANOSECONDS_PER_SECOND)

/* What is found of the detectors of a guard with that status, all of them being on. */
static void
assert_found(const char *json, enum finding_state state, const char *text)
{
    static struct config config;
    struct findings findings = {0};
    json_t *status = json_loads(json, 0, NULL);

    assert_non_null(status);
    memset(&config.detectors, 1, sizeof(config.detectors));
    doctor_watched(&config, status, NOW, &findings);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.items[0].name, "detectors");
    assert_string_equal(findings.items[0].text, text);
    assert_int_equal(findings.items[0].state, state);
    findings_release(&findings);
    json_decref(status);
}

#define WATCHER(restarts, since)                                                                   \
    "{\"processes\": [{\"name\": \"gate\", \"restarts\": 3, \"since\": "                           \
    "\"2026-11-24T01:02:03Z\"}, "                                                                  \
    "{\"name\": \"watcher\", \"restarts\": " #restarts ", \"since\": \"" since "\"}]}"

static void
a_watcher_that_has_just_begun_need_not_have_said_anything(void **state PASU_UNUSED)
{
    static const char just[] = "the watcher has just begun, and has not said anything yet";
    static const char silent[] = "the watcher has not said anything yet";

    assert_found(WATCHER(0, "2026-11-24T01:02:02.500000Z"), FINDING_INFO, just);
    assert_found(WATCHER(0, "2026-11-24T01:01:03.000001Z"), FINDING_INFO, just);
    assert_found(WATCHER(0, "2026-11-24T01:01:03Z"), FINDING_WARNING, silent);
    assert_found(WATCHER(1, "2026-11-24T01:02:02.500000Z"), FINDING_WARNING, silent);
    assert_found("{\"processes\": []}", FINDING_WARNING, silent);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watcher_that_has_just_begun_need_not_have_said_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
