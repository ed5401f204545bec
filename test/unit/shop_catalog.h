/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A catalog of a small shop, in the place of the real one (postgres/catalog.h): for tests of what
 * asks a catalog, without a server.
 *
 *   fields  name phone email address order door_code     kinds  customer recipient
 *
 *   public.customers (id, name, phone, email, address, grade, region, created_at)
 *   public.orders (id, customer_id, item, amount, ordered_at)
 *   public.address_book (id, customer_id, recipient, recipient_phone, door_code): two kinds
 *   public.visits (customer_id, day, note), public.visits_2024 its partition
 *   public.products, work.products (id, title, price): a name in two schemas
 *   public.card_vault: shown to nobody; public.v_card a view over it
 *   public.v_contact, v_renamed, v_nested, mv_vip: views; public.junk: marked with phone
 *   public.triggered: products' twin, whose trigger brings an email
 *   public.logged: customers' twin, whose trigger copies the name into public.log (k, v)
 *   public.referenced (k, v), public.referencing (k, v): ON UPDATE CASCADE on v
 *   f_log: a function that fills public.products
 *   public.ruled: has rules; work.people: customers' twin, not mapped
 *   public.v_shown, v_lines over it: views by their full names, without options
 *   spoken: no relation, but code speaks of it
 */
#ifndef PASU_TEST_SHOP_CATALOG_H
#define PASU_TEST_SHOP_CATALOG_H

#include "postgres/catalog.h"

enum {
    SHOP_CUSTOMERS = 1000,
    SHOP_ORDERS = 1001,
    SHOP_ADDRESS_BOOK = 1002,
    SHOP_PRODUCTS = 1003,
    SHOP_CARD_VAULT = 1004,
    SHOP_V_CONTACT = 1005,
    SHOP_V_RENAMED = 1006,
    SHOP_V_NESTED = 1007,
    SHOP_MV_VIP = 1008,
    SHOP_VISITS = 1009,
    SHOP_VISITS_2024 = 1010,
    SHOP_V_SHOWN = 1030,
    SHOP_V_LINES = 1031,
    SHOP_F_LOG = 3010,
};
enum {
    NAME = 1,
    PHONE = 2,
    EMAIL = 4,
    ADDRESS = 8,
    ORDER = 16,
    DOOR_CODE = 32,
};

struct catalog {
    bool has_foreign_equal; /* a user has an "=" of his own */
    bool has_own_equality;  /* for types of PostgreSQL's */
    bool has_foreign_casts, has_clean_casts;
    bool is_superseded;
    bool may_borrow;
};

/* Roles: "app" may read everything, "narrow" no key. */
extern struct catalog shop;

#endif
