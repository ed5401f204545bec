/* SPDX-License-Identifier: Apache-2.0 */
/* What a request is taken for does not depend on how quickly it can be said. */
#include "scan/route.h"

#include "random.h"
#include "unit.h"

enum { ROUNDS = 60000, TARGET = 256, AHEAD = 5 /* bytes of what says nothing */ };

static int
any_kind(void *arg PASU_UNUSED, struct view name PASU_UNUSED)
{
    return 0;
}

static void
make(struct routes *routes, struct store *store, const char *const *paths, size_t count)
{
    const char *why, *at;

    *routes =
        (struct routes){.items = store_new(store, count, sizeof(*routes->items)), .count = count};
    assert_non_null(routes->items);
    for (size_t i = 0; i < count; i++) {
        routes->items[i] = (struct route){.whom = -1};
        assert_int_equal(route_parse(&routes->items[i], store, paths[i], any_kind, NULL, &why, &at),
                         0);
    }
    assert_int_equal(routes_build(routes, store), 0);
}

static size_t
make_target(struct random *random, uint8_t *to)
{
    static const char *const pieces[] = {
        "/api",
        "/API",
        "/members",
        "/42",
        "/addresses",
        "/login",
        "/static",
        "/a",
        "/",
        "//",
        "/.",
        "/..",
        "/...",
        "/b.js",
        ";j=1",
        "?id=7",
        "#part",
        "%2F",
        "%61",
        "..",
        "/ap",
        "i",
        "/members/42/addresses",
        "&",
        ".",
        "/x.y/z",
        "/q?..",
        "%",
    };
    size_t length = 0, count = 1 + random_below(random, 7);

    to[length++] = '/';
    while (count-- > 0) {
        const char *piece = pieces[random_below(random, COUNT_OF(pieces))];

        if (length == 1 && piece[0] == '/' && random_below(random, 8) > 0)
            length = 0;
        memcpy(to + length, piece, strlen(piece));
        length += strlen(piece);
    }
    return length;
}

static void
find(const struct routes *routes, struct view target, uint8_t *scratch, struct route_match *match)
{
    struct event event = {.slot = {[SLOT_TARGET] = target, [SLOT_METHOD] = VIEW("GET")}};

    routes_find(routes, &event, scratch, match);
}

/* An empty segment with an escape behind it says nothing, but all is looked at step by step. */
static void
what_says_nothing_changes_nothing(void **state PASU_UNUSED)
{
    static const char *const some[] = {"/api/members/{customer}/addresses", "/login", "/a/**",
                                       "/b?id={customer}", "/m/x"};
    static const char *const all[] = {"/login", "/{customer}/*", "/*"};
    static uint8_t scratch[2][ROUTE_SCRATCH];
    struct random random = {7};
    struct store store = {0};
    struct routes routes[2];
    size_t matched = 0;

    make(&routes[0], &store, some, COUNT_OF(some));
    make(&routes[1], &store, all, COUNT_OF(all));
    for (size_t round = 0; round < ROUNDS; round++) {
        uint8_t text[AHEAD + TARGET] = {'/', ';', '%', '6', '1'};
        const struct routes *of = &routes[round % 2];
        size_t length = make_target(&random, text + AHEAD);
        struct route_match quick, slow;

        find(of, view_of(text + AHEAD, length), scratch[0], &quick);
        find(of, view_of(text, AHEAD + length), scratch[1], &slow);
        assert_ptr_equal(quick.route, slow.route);
        assert_int_equal(quick.key_count, slow.key_count);
        for (size_t i = 0; i < quick.key_count; i++)
            assert_true(view_equal(quick.keys[i], slow.keys[i]));
        matched += quick.route != NULL && round % 2 == 0;
    }
    assert_true(matched > ROUNDS / 100);
    store_release(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_says_nothing_changes_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
