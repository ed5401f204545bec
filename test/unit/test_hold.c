/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for room in the ring, and what it says once there is some. */
#include "gate/hold.h"

#include "base/memory.h"
#include "gate/instruments.h"
#include "gate/observer.h"
#include "gate/session.h"
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

/* A session whose worker has a ring, and no socket. */
struct stand {
    int directory;
    char path[64];
    struct ring_file file;
    struct config_gateway config;
    struct config all;
    struct gateway gateway;
    struct settings *settings;
    struct gate_shared shared;
    struct worker worker;
    struct instruments instruments;
    struct observer observer;
    struct session session;
};

static int
make_stand(void **state)
{
    static struct stand stand;
    struct stand *t = &stand;
    int fd;

    *t = (struct stand){0};
    snprintf(t->path, sizeof(t->path), "/tmp/pasu-hold-XXXXXX");
    if (!mkdtemp(t->path))
        return -1;
    t->directory = open(t->path, O_RDONLY | O_DIRECTORY);
    fd = ring_open(&os_real, t->directory, "r", 1);
    if (fd < 0 || ring_map(&t->file, fd, true) != 0)
        return -1;
    close(fd);
    t->shared.os = &os_real;
    if (worker_init(&t->worker, &t->shared, 0) != 0)
        return -1;
    t->worker.instruments = &t->instruments;
    t->gateway.config = &t->config;
    t->settings = memory_new(1, sizeof(*t->settings));
    if (!t->settings)
        return -1;
    t->settings->config = &t->all;
    t->session = (struct session){.worker = &t->worker,
                                  .settings = t->settings,
                                  .gateway = &t->gateway,
                                  .state = SESSION_BUSY,
                                  .observer = &t->observer};
    list_init(&t->session.again);
    peer_init(&t->session.client, SIDE_CLIENT, NULL);
    peer_init(&t->session.server, SIDE_SERVER, NULL);
    t->observer.session = &t->session;
    hold_init(&t->observer.hold);
    recorder_init(&t->instruments.recorder, ring_get(&t->file, 0), t->worker.event, NULL);
    *state = t;
    return 0;
}

static int
remove_stand(void **state)
{
    struct stand *t = *state;

    hold_release(&t->observer.hold);
    t->worker.instruments = NULL;
    close(t->worker.event);
    memory_free(t->worker.buffer);
    memory_free(t->settings);
    ring_unmap(&t->file);
    unlinkat(t->directory, "r", 0);
    close(t->directory);
    return rmdir(t->path);
}

static void
hold_one(struct stand *t, uint64_t shape, const char *sql)
{
    struct exposure exposure = {.shape = shape, .session = 1, .statements = 1};

    assert_int_equal(hold_exposure(&t->session, &exposure, sql, PASU_E_AGAIN), 0);
}

/* The next entry of the ring, which is of that type; a shape's text. */
static struct view
next(struct stand *t, uint64_t *position, enum ring_type type)
{
    struct ring_entry entry;

    do
        assert_int_equal(ring_read(ring_get(&t->file, 0), position, &entry), 1);
    while (entry.type == RING_VOCABULARY);
    assert_int_equal(entry.type, type);
    return view_of(entry.payload.bytes + 8, entry.payload.length - 8);
}

static void
a_record_keeps_its_text_and_says_it_once(void **state)
{
    struct stand *t = *state;
    char text[] = "SELECT name FROM customers", other[] = "TABLE members";
    uint64_t position = 0;
    struct ring_entry entry;

    hold_one(t, 7, text);
    hold_one(t, 8, other);
    hold_one(t, 7, text);
    hold_one(t, 9, NULL);
    /* The plans that the texts were of are gone. */
    memset(text, 'x', sizeof(text));
    memset(other, 'x', sizeof(other));
    assert_true(t->session.client.is_held);
    hold_look(&t->worker);
    assert_false(t->session.client.is_held);

    assert_true(view_equal(next(t, &position, RING_SHAPE), VIEW("SELECT name FROM customers")));
    next(t, &position, RING_EXPOSURE);
    assert_true(view_equal(next(t, &position, RING_SHAPE), VIEW("TABLE members")));
    next(t, &position, RING_EXPOSURE);
    next(t, &position, RING_EXPOSURE);
    next(t, &position, RING_EXPOSURE);
    assert_int_equal(ring_read(ring_get(&t->file, 0), &position, &entry), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_keeps_its_text_and_says_it_once, make_stand,
                                        remove_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
