/* SPDX-License-Identifier: Apache-2.0 */
/* A small shop's catalog, row by row: customers, visits in a partition, an address book, products,
 * and a vault that is shown to nobody. Included once a test program. */
#ifndef PASU_TEST_SMALL_SHOP_H
#define PASU_TEST_SMALL_SHOP_H

#include "catalog_rows.h"
#include "unit.h"

enum { NAME = 1, PHONE = 2, ORDER = 4, ALL = 7, CUSTOMER = 1, RECIPIENT = 2 };

static const struct catalog_mapping_field customer_fields[] = {{"name", 0}, {"phone", 1}};
static const struct catalog_mapping_field order_fields[] = {{"item", 2}};
static const struct catalog_mapping_field recipient_fields[] = {{"recipient", 0}};
static const struct catalog_mapping mappings[] = {
    {"public.customers", "id", 0, customer_fields, 2, {NULL}},
    {"public.visits", "customer_id", 0, order_fields, 1, {NULL}},
    {"shop.public.book", "customer_id", 0, order_fields, 1, {NULL}},
    {"shop.public.book", "id", 1, recipient_fields, 1, {NULL}},
    {"other.public.nothing", "id", 1, recipient_fields, 1, {NULL}},
};
static const char *const never[] = {"vault"};
static const char *const subjects[] = {"public.customers", "public.book"};
static const struct catalog_policy policy = {
    mappings, COUNT_OF(mappings), never, COUNT_OF(never), subjects, COUNT_OF(subjects),
};

#define SERVER                                                                                     \
    {                                                                                              \
        ROWS_SERVER, "150020|shop|UTF8|f|t|8192"                                                   \
    }
#define SHOP                                                                                       \
    SERVER, {ROWS_RELATIONS, "20001|public|customers|r|p|f|f"},                                    \
        {ROWS_RELATIONS, "20002|public|visits|p|p|f|f"},                                           \
        {ROWS_RELATIONS, "20003|public|visits_1|r|p|f|f"},                                         \
        {ROWS_RELATIONS, "20004|public|book|r|p|f|f"},                                             \
        {ROWS_RELATIONS, "20005|secret|vault|r|p|f|f"},                                            \
        {ROWS_RELATIONS, "20006|public|products|r|p|f|t"}, {ROWS_COLUMNS, "20001|1|id|20"},        \
        {ROWS_COLUMNS, "20001|2|name|25"}, {ROWS_COLUMNS, "20001|3|phone|25"},                     \
        {ROWS_COLUMNS, "20001|5|grade|23"}, {ROWS_COLUMNS, "20002|1|customer_id|20"},              \
        {ROWS_COLUMNS, "20002|2|item|25"}, {ROWS_COLUMNS, "20003|1|item|25"},                      \
        {ROWS_COLUMNS, "20003|2|dropped_was_here|25"}, {ROWS_COLUMNS, "20003|3|customer_id|20"},   \
        {ROWS_COLUMNS, "20004|1|id|2950"}, {ROWS_COLUMNS, "20004|2|customer_id|1043"},             \
        {ROWS_COLUMNS, "20004|3|item|25"}, {ROWS_COLUMNS, "20004|4|recipient|25"},                 \
        {ROWS_COLUMNS, "20006|1|title|25"}, {ROWS_INHERITS, "20003|20002"},                        \
        {ROWS_KEYS, "20001|1"}, {ROWS_KEYS, "20004|1"},                                            \
    {                                                                                              \
        ROWS_POLL, "a poll"                                                                        \
    }
#define VIEW_ROW(oid, name)                                                                        \
    {                                                                                              \
        ROWS_RELATIONS, #oid "|public|" name "|v|p|f|f"                                            \
    }
#define RULE(rule, oid)                                                                            \
    {ROWS_RULES, #rule "|" #oid "|700|t|f"},                                                       \
    {                                                                                              \
        ROWS_TREES, #rule "|f|f|f"                                                                 \
    }

#define FUNCTION(oid, name, language, body)                                                        \
    {                                                                                              \
        ROWS_FUNCTIONS, #oid "|public|" name "|" language "|f|f|f|f|" body "|~"                    \
    }

static inline struct catalog *
build(struct catalog *prior, const struct catalog_row *rows, size_t count)
{
    struct catalog *c = NULL;

    assert_int_equal(catalog_rows_build(&c, &policy, prior, NULL, 0, rows, count), 0);
    return c;
}

static inline const struct catalog_relation *
relation(const struct catalog *c, const char *name)
{
    size_t at = 0;
    const struct catalog_relation *r = catalog_relation_named(c, NULL, name, &at);

    assert_non_null(r);
    assert_ptr_equal(catalog_relation(c, r->oid), r);
    return r;
}

static inline uint64_t
function_fields(const struct catalog *c, const char *name)
{
    size_t at = 0;
    const struct catalog_function *f = catalog_function_named(c, NULL, name, &at);

    assert_non_null(f);
    assert_int_equal(f->is_opaque, f->fields != 0);
    return f->fields;
}

#endif
