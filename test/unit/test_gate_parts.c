/* SPDX-License-Identifier: Apache-2.0 */
/* The gate's small parts that need no socket: cancel keys, counts of addresses, PROXY headers. */
#include "gate/address_count.h"
#include "gate/cancel.h"
#include "gate/proxy_header.h"
#include "unit.h"

static const uint8_t server_key[256] = {1, 2, 3, 4, 5};

static void
a_cancel_key_is_our_own_and_finds_the_servers(void **state PASU_UNUSED)
{
    struct cancel_table table;
    struct cancel_target target;
    const struct address server = {.length = 16};

    cancel_init(&table, &os_real);
    for (size_t length = 4; length <= 256; length += 63) {
        struct cancel_entry *entry;

        assert_int_equal(cancel_add(&table, &entry, 0, 42, view_of(server_key, length), &server),
                         0);
        assert_int_equal(entry->length, length);
        assert_memory_not_equal(entry->keys, server_key, length);
        assert_int_equal(cancel_find(&table, &target, 0, 42, view_of(entry->keys, length)), 0);
        assert_memory_equal(target.key, server_key, length);
        /* not by the server's own key, nor at another gateway, nor after the session's end */
        assert_true(cancel_find(&table, &target, 0, 42, view_of(server_key, length)) < 0);
        assert_true(cancel_find(&table, &target, 1, 42, view_of(entry->keys, length)) < 0);
        cancel_remove(&table, entry);
        assert_true(cancel_find(&table, &target, 0, 42, view_of(server_key, length)) < 0);
    }
    cancel_release(&table);
}

static void
two_sessions_with_one_process_number_are_told_apart_by_their_keys(void **state PASU_UNUSED)
{
    struct cancel_table table;
    struct cancel_entry *a, *b;
    struct cancel_target target;
    const struct address server = {.length = 16};

    cancel_init(&table, &os_real);
    assert_int_equal(cancel_add(&table, &a, 0, 7, view_of("aaaa", 4), &server), 0);
    assert_int_equal(cancel_add(&table, &b, 0, 7, view_of("bbbb", 4), &server), 0);
    assert_int_equal(cancel_find(&table, &target, 0, 7, view_of(a->keys, 4)), 0);
    assert_memory_equal(target.key, "aaaa", 4);
    assert_int_equal(cancel_find(&table, &target, 0, 7, view_of(b->keys, 4)), 0);
    assert_memory_equal(target.key, "bbbb", 4);
    cancel_release(&table);
}

static struct address
v4(uint32_t number)
{
    struct address a = {.length = sizeof(a.u.v4)};

    a.u.v4.sin_family = AF_INET;
    a.u.v4.sin_addr.s_addr = number;
    return a;
}

static void
an_address_has_its_own_limit(void **state PASU_UNUSED)
{
    static struct address_count counts_, *counts = &counts_;
    struct address a = v4(1), b = v4(2), local = {.length = 2};

    address_count_init(counts);
    local.u.any.sa_family = AF_UNIX;
    for (int i = 0; i < 3; i++)
        assert_int_equal(address_count_add(counts, &a, 3), 0);
    assert_int_equal(address_count_add(counts, &a, 3), PASU_E_TOO_MANY_FROM_ADDRESS);
    assert_int_equal(address_count_add(counts, &b, 3), 0);
    address_count_remove(counts, &a);
    assert_int_equal(address_count_add(counts, &a, 3), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(address_count_add(counts, &local, 3), 0);
    address_count_release(counts);
}

static size_t
header(uint8_t *space, size_t size, uint8_t command, uint8_t family, const uint8_t *body,
       uint16_t length)
{
    struct writer w = writer_of(space, size);

    writer_bytes(&w, "\r\n\r\n\0\r\nQUIT\n", 12);
    writer_u8(&w, command);
    writer_u8(&w, family);
    writer_u16(&w, length);
    writer_bytes(&w, body, length);
    assert_true(writer_end(&w) > 0);
    return writer_length(&w);
}

static void
a_proxy_header_tells_the_clients_address(void **state PASU_UNUSED)
{
    const uint8_t body[] = {203, 0, 113, 7, 10, 0, 0, 1, 0x1F, 0x90, 0x15, 0x38};
    uint8_t space[64];
    size_t length = header(space, sizeof(space), 0x21, 0x11, body, sizeof(body));
    struct address address = {0};
    char text[ADDRESS_TEXT_SIZE];

    assert_int_equal(proxy_header_length(space), length);
    assert_int_equal(proxy_header_parse(&address, view_of(space, length)), 0);
    address_text(text, sizeof(text), &address);
    assert_string_equal(text, "203.0.113.7");
    assert_int_equal(address_port(&address), 8080);
}

/* And what is none is none. */
static void
an_address_is_read_from_its_text(void **state PASU_UNUSED)
{
    static const struct {
        const char *text, *again; /* NULL: it is none */
    } all[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"2001:DB8::0", "2001:db8::"},
        {"local", "local"},
        {"", NULL},
        {"192.0.2", NULL},
        {"192.0.2.1 ", NULL},
        {"192.0.2.1/32", NULL},
        {"[::1]", NULL},
    };

    for (size_t i = 0; i < COUNT_OF(all); i++) {
        char text[ADDRESS_TEXT_SIZE];
        struct address address;

        assert_int_equal(address_parse(&address, all[i].text), all[i].again ? 0 : PASU_E_MALFORMED);
        if (!all[i].again)
            continue;
        address_text(text, sizeof(text), &address);
        assert_string_equal(text, all[i].again);
        assert_int_equal(address_port(&address), 0);
    }
}

static void
a_local_proxy_header_leaves_the_address_alone(void **state PASU_UNUSED)
{
    uint8_t space[64];
    size_t length = header(space, sizeof(space), 0x20, 0x00, NULL, 0);
    struct address address = v4(5), before = address;

    assert_int_equal(proxy_header_parse(&address, view_of(space, length)), 0);
    assert_memory_equal(&address, &before, sizeof(address));
}

static void
what_is_no_proxy_header_is_refused(void **state PASU_UNUSED)
{
    const uint8_t body[] = {203, 0, 113, 7, 10, 0, 0, 1, 0x1F, 0x90, 0x15, 0x38};
    uint8_t space[64];
    size_t length = header(space, sizeof(space), 0x21, 0x11, body, sizeof(body));
    struct address address = {0};

    for (size_t n = 0; n < length; n++)
        assert_true(proxy_header_parse(&address, view_of(space, n)) < 0);
    for (size_t i = 0; i < 13; i++) {
        space[i] ^= 0x40;
        assert_int_equal(proxy_header_length(space), PASU_E_PROXY_HEADER);
        space[i] ^= 0x40;
    }
    length = header(space, sizeof(space), 0x21, 0x11, body, 11); /* too short for its family */
    assert_int_equal(proxy_header_parse(&address, view_of(space, length)), PASU_E_PROXY_HEADER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancel_key_is_our_own_and_finds_the_servers),
        cmocka_unit_test(two_sessions_with_one_process_number_are_told_apart_by_their_keys),
        cmocka_unit_test(an_address_has_its_own_limit),
        cmocka_unit_test(an_address_is_read_from_its_text),
        cmocka_unit_test(a_proxy_header_tells_the_clients_address),
        cmocka_unit_test(a_local_proxy_header_leaves_the_address_alone),
        cmocka_unit_test(what_is_no_proxy_header_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
