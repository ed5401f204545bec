/* SPDX-License-Identifier: Apache-2.0 */
/* How soon the roster's file is in force once it is another one, by the supervisor's own clock. */
#include "base/memory.h"
#include "config_text.h"
#include "guard/state.h"

#include <stdlib.h>
#include <unistd.h>

enum { WHOLE_MS = 350, WRITTEN_MS = 750, NEVER_MS = 2000 };

static struct supervisor *v;
static char folder[] = "/tmp/pasu-watching-XXXXXX", path[64], fresh[64];
static uint8_t *kept; /* the roster that the supervisor begins with */
static int64_t now;

static void
write_file(const char *to, const char *mode, const char *text)
{
    FILE *file = fopen(to, mode);

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* As `pasu roster import` puts it there. */
static void
place(const char *text)
{
    write_file(fresh, "w", text);
    assert_int_equal(rename(fresh, path), 0);
}

static int
start(void **state PASU_UNUSED)
{
    static const char text[] = "principal,kind,owner,owner_status\nkim,human,Kim,active\n";
    char config[512];

    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/roster.csv", folder);
    snprintf(fresh, sizeof(fresh), "%s/new", folder);
    place(text);
    snprintf(config, sizeof(config), GATEWAY "principals: {roster: %s}\n", path);
    v = memory_new(1, sizeof(*v));
    kept = memory_dup(text, sizeof(text) - 1);
    if (!v || !kept)
        return -1;
    v->config = model_of(config);
    config_set_roster(v->config, view_of(kept, sizeof(text) - 1));
    v->log = (struct log){.fd = -1, .level = LOG_ERROR + 1, .os = &os_real};
    v->phase = PHASE_RUNNING;
    v->children[GATE].is_committed = v->children[KEEPER].is_committed = true;
    now = 1000 * NANOSECONDS_PER_SECOND;
    return 0;
}

static int
stop(void **state PASU_UNUSED)
{
    watching_forget(v);
    memory_free(kept);
    config_free(v->config);
    memory_free(v);
    unlink(path);
    return rmdir(folder);
}

/* Whether the gate is told of another roster within so many ms; `is_written`: somebody adds a line
 * to it in each of them. */
static bool
is_told_within(int most, bool is_written)
{
    uint64_t before = v->watch.turn;
    char line[64];

    for (int ms = 0; ms <= most; ms++) {
        watching_look(v, now);
        if (v->watch.turn != before)
            return true;
        if (is_written) {
            snprintf(line, sizeof(line), "p%d,human,Park,active\n", ms);
            write_file(path, "a", line);
        }
        now += NANOSECONDS_PER_MILLISECOND;
    }
    return false;
}

/* It is looked at just before it changes. */
static void
look_first(void)
{
    while (now < v->watch.look_at)
        now += NANOSECONDS_PER_MILLISECOND;
    watching_look(v, now);
}

#define LEFT "principal,kind,owner,owner_status\nkim,human,Kim,left\n"

static void
a_leaver_is_told_of_in_a_third_of_a_second(void **state PASU_UNUSED)
{
    assert_false(is_told_within(NEVER_MS, false)); /* it says what is in force */
    for (int i = 0; i < 3; i++) {
        look_first();
        place(i % 2 ? LEFT "lee,human,Lee,active\n" : LEFT);
        assert_true(is_told_within(WHOLE_MS, false));
        assert_false(is_told_within(NEVER_MS, false));
    }
}

static void
who_writes_without_end_keeps_nobody(void **state PASU_UNUSED)
{
    look_first();
    place(LEFT "park,human,Park,left\n");
    assert_true(is_told_within(WRITTEN_MS, true));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaver_is_told_of_in_a_third_of_a_second),
        cmocka_unit_test(who_writes_without_end_keeps_nobody),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
