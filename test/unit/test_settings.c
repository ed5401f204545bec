/* SPDX-License-Identifier: Apache-2.0 */
/* What settings that come into force have of those before. */
#include "gate/settings.h"

#include "config_text.h"

#include <arpa/inet.h>

static struct settings *
settings_of(const char *text)
{
    struct settings *settings;

    assert_int_equal(settings_new(&settings, model_of(text), 1), 0);
    return settings;
}

static struct address
address_of(uint8_t last)
{
    struct address address = {.length = sizeof(struct sockaddr_in)};

    address.u.v4.sin_family = AF_INET;
    address.u.v4.sin_addr.s_addr = htonl(0x7f000000U + last);
    return address;
}

/* Where a server is known already, the first session of a new configuration reaches it. */
static void
addresses_of_the_same_server_are_kept(void **state PASU_UNUSED)
{
    struct settings *before = settings_of(GATEWAY);
    struct settings *same = settings_of("gateway:\n"
                                        "  - {name: a, listen: 127.0.0.1:1, upstream: other:1}\n"
                                        "  - {name: b, listen: 127.0.0.1:2,"
                                        " upstream: 127.0.0.1:5432}\n");
    struct address one = address_of(1), two = address_of(2), got[UPSTREAM_ADDRESSES_MAX];

    settings_set_address(before, 0, 0, 2, &one);
    settings_set_address(before, 0, 1, 2, &two);
    settings_keep_addresses(same, before);
    assert_int_equal(settings_addresses(same, &same->gateways[0], got), 0);
    assert_int_equal(settings_addresses(same, &same->gateways[1], got), 2);
    assert_int_equal(got[0].u.v4.sin_addr.s_addr, one.u.v4.sin_addr.s_addr);
    assert_int_equal(got[1].u.v4.sin_addr.s_addr, two.u.v4.sin_addr.s_addr);
    /* those that come later are all that there are */
    settings_set_address(same, 1, 0, 1, &two);
    assert_int_equal(settings_addresses(same, &same->gateways[1], got), 1);
    settings_release(before);
    settings_release(same);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_the_same_server_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
