/* SPDX-License-Identifier: Apache-2.0 */
#include "shop_catalog.h"

enum { BIGINT = 20, INTEGER = 23, TEXT = 25, TIMESTAMPTZ = 1184 };
enum { CUSTOMER = 1, RECIPIENT = 2 }; /* kinds, as bits */

struct catalog shop;

#define COLUMN(column_name, column_number, column_type)                                            \
    {                                                                                              \
        .name = column_name, .number = column_number, .type = column_type                          \
    }
#define COLUMNS(array)                                                                             \
    .columns = array, .column_count = COUNT_OF(array), .column_limit = COUNT_OF(array)
#define SHOWS(array) .shows = array, .show_count = COUNT_OF(array)

static struct catalog_column customers[] = {
    COLUMN("id", 1, BIGINT),    COLUMN("name", 2, TEXT),
    COLUMN("phone", 3, TEXT),   COLUMN("email", 4, TEXT),
    COLUMN("address", 5, TEXT), COLUMN("grade", 6, INTEGER),
    COLUMN("region", 7, TEXT),  COLUMN("created_at", 8, TIMESTAMPTZ),
};
static uint64_t customers_fields[] = {0, 0, NAME, PHONE, EMAIL, ADDRESS, 0, 0, 0};
static struct catalog_show customers_shows[] = {{.kind = 0,
                                                 .key_column = 1,
                                                 .key_type = CATALOG_KEY_INT8,
                                                 .is_key_unique = true,
                                                 .fields = NAME | PHONE | EMAIL | ADDRESS,
                                                 .column_fields = customers_fields}};
static struct catalog_column orders[] = {
    COLUMN("id", 1, BIGINT),      COLUMN("customer_id", 2, BIGINT),     COLUMN("item", 3, TEXT),
    COLUMN("amount", 4, INTEGER), COLUMN("ordered_at", 5, TIMESTAMPTZ),
};
static uint64_t orders_fields[] = {0, 0, 0, ORDER, ORDER, ORDER};
static struct catalog_show orders_shows[] = {{
    .kind = 0,
    .key_column = 2,
    .key_type = CATALOG_KEY_INT8,
    .fields = ORDER,
    .column_fields = orders_fields,
}};
static struct catalog_column address_book[] = {
    COLUMN("id", 1, BIGINT),      COLUMN("customer_id", 2, BIGINT),
    COLUMN("recipient", 3, TEXT), COLUMN("recipient_phone", 4, TEXT),
    COLUMN("door_code", 5, TEXT),
};
static uint64_t address_book_customer[] = {0, 0, 0, 0, 0, DOOR_CODE};
static uint64_t address_book_recipient[] = {0, 0, 0, NAME, PHONE, 0};
static struct catalog_show address_book_shows[] = {
    {
        .kind = 0,
        .key_column = 2,
        .key_type = CATALOG_KEY_INT8,
        .fields = DOOR_CODE,
        .column_fields = address_book_customer,
    },
    {
        .kind = 1,
        .key_column = 1,
        .key_type = CATALOG_KEY_INT8,
        .is_key_unique = true,
        .fields = NAME | PHONE,
        .column_fields = address_book_recipient,
    },
};
static struct catalog_column visits[] = {
    COLUMN("customer_id", 1, BIGINT),
    COLUMN("day", 2, 1082),
    COLUMN("note", 3, TEXT),
};
static uint64_t visits_fields[] = {0, 0, 0, ORDER};
static struct catalog_show visits_shows[] = {{
    .kind = 0,
    .key_column = 1,
    .key_type = CATALOG_KEY_INT8,
    .fields = ORDER,
    .column_fields = visits_fields,
}};
static struct catalog_column products[] = {
    COLUMN("id", 1, INTEGER),
    COLUMN("title", 2, TEXT),
    COLUMN("price", 3, INTEGER),
};
static struct catalog_column card_vault[] = {
    COLUMN("customer_id", 1, BIGINT),
    COLUMN("card_number", 2, TEXT),
};
static struct catalog_column v_contact[] = {COLUMN("who", 1, TEXT), COLUMN("tel", 2, TEXT)};
static struct catalog_column v_renamed[] = {
    COLUMN("a", 1, BIGINT),
    COLUMN("b", 2, TEXT),
    COLUMN("c", 3, INTEGER),
};
static struct catalog_column v_nested[] = {COLUMN("line", 1, TEXT)};
static struct catalog_column mv_vip[] = {COLUMN("name", 1, TEXT), COLUMN("address", 2, TEXT)};
static struct catalog_column junk[] = {COLUMN("k", 1, INTEGER), COLUMN("v", 2, TEXT)};
static struct catalog_column plain[] = {COLUMN("k", 1, INTEGER), COLUMN("v", 2, TEXT)};
static struct catalog_column pg_stats[] = {
    COLUMN("schemaname", 1, 19),
    COLUMN("tablename", 2, 19),
    COLUMN("attname", 3, 19),
    COLUMN("histogram_bounds", 4, 2277),
};
static struct catalog_column pg_class[] = {COLUMN("oid", 1, 26), COLUMN("relname", 2, 19)};
static struct catalog_column pg_stat_activity[] = {
    COLUMN("pid", 1, INTEGER),
    COLUMN("state", 2, TEXT),
    COLUMN("query", 3, TEXT),
};

static struct catalog_relation relations[] = {
    {.oid = SHOP_CUSTOMERS,
     .schema = "public",
     .name = "customers",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(customers),
     SHOWS(customers_shows),
     .fields = NAME | PHONE | EMAIL | ADDRESS,
     .kinds = CUSTOMER},
    {.oid = SHOP_ORDERS,
     .schema = "public",
     .name = "orders",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(orders),
     SHOWS(orders_shows),
     .fields = ORDER,
     .kinds = CUSTOMER},
    {.oid = SHOP_ADDRESS_BOOK,
     .schema = "public",
     .name = "address_book",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(address_book),
     SHOWS(address_book_shows),
     .fields = NAME | PHONE | DOOR_CODE,
     .kinds = CUSTOMER | RECIPIENT},
    {.oid = SHOP_PRODUCTS,
     .schema = "public",
     .name = "products",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(products)},
    {.oid = SHOP_CARD_VAULT,
     .schema = "public",
     .name = "card_vault",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(card_vault),
     .is_never = true},
    {.oid = SHOP_V_CONTACT,
     .schema = "public",
     .name = "v_contact",
     .kind = 'v',
     .persistence = 'p',
     COLUMNS(v_contact),
     .fields = NAME | PHONE,
     .kinds = CUSTOMER,
     .definition =
         " SELECT customers.name AS who,\n    customers.phone AS tel\n   FROM customers;"},
    {.oid = SHOP_V_RENAMED,
     .schema = "public",
     .name = "v_renamed",
     .kind = 'v',
     .persistence = 'p',
     COLUMNS(v_renamed),
     .fields = EMAIL,
     .kinds = CUSTOMER,
     .definition =
         " SELECT customers.id AS a,\n    customers.email AS b,\n    customers.grade AS c\n"
         "   FROM customers;"},
    {.oid = SHOP_V_NESTED,
     .schema = "public",
     .name = "v_nested",
     .kind = 'v',
     .persistence = 'p',
     COLUMNS(v_nested),
     .fields = NAME | PHONE,
     .kinds = CUSTOMER,
     .definition = " SELECT (w.who || ' / '::text) || w.tel AS line\n   FROM v_contact w;"},
    {.oid = SHOP_MV_VIP,
     .schema = "public",
     .name = "mv_vip",
     .kind = 'm',
     .persistence = 'p',
     COLUMNS(mv_vip),
     .fields = NAME | ADDRESS,
     .kinds = CUSTOMER,
     .definition = " SELECT customers.name,\n    customers.address\n   FROM customers\n"
                   "  WHERE customers.grade = 4;"},
    {.oid = SHOP_VISITS,
     .schema = "public",
     .name = "visits",
     .kind = 'p',
     .persistence = 'p',
     COLUMNS(visits),
     SHOWS(visits_shows),
     .fields = ORDER,
     .kinds = CUSTOMER},
    {.oid = SHOP_VISITS_2024,
     .schema = "public",
     .name = "visits_2024",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(visits),
     SHOWS(visits_shows),
     .fields = ORDER,
     .kinds = CUSTOMER},
    {.oid = 1011,
     .schema = "public",
     .name = "junk",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(junk),
     .fields = PHONE,
     .kinds = CUSTOMER,
     .marked_fields = PHONE,
     .marked_kinds = CUSTOMER},
    {.oid = 1012,
     .schema = "work",
     .name = "products",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(products)},
    {.oid = 1013,
     .schema = "public",
     .name = "ruled",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(customers),
     SHOWS(customers_shows),
     .fields = NAME | PHONE | EMAIL | ADDRESS,
     .kinds = CUSTOMER,
     .has_rules = true},
    {.oid = 1014,
     .is_never = true,
     .schema = "public",
     .name = "v_card",
     .kind = 'v',
     .persistence = 'p',
     COLUMNS(card_vault),
     .definition = "SELECT customer_id, card_number FROM public.card_vault"},
    {.oid = 1015,
     .schema = "public",
     .name = "people",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(customers),
     SHOWS(customers_shows),
     .fields = NAME | PHONE | EMAIL | ADDRESS,
     .kinds = CUSTOMER},
    {.oid = 1016,
     .schema = "work",
     .name = "people",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(customers)},
    {.oid = 1017,
     .schema = "public",
     .name = "triggered",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(products),
     .written_fields = EMAIL,
     .written_kinds = CUSTOMER,
     .is_written_opaque = true},
    {.oid = 1018,
     .schema = "public",
     .name = "logged",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(customers),
     SHOWS(customers_shows),
     .fields = NAME | PHONE | EMAIL | ADDRESS,
     .kinds = CUSTOMER},
    {.oid = 1019,
     .schema = "public",
     .name = "log",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(plain)},
    {.oid = 1020,
     .schema = "public",
     .name = "referenced",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(plain)},
    {.oid = 1021,
     .schema = "public",
     .name = "referencing",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(plain)},
    {.oid = 1022,
     .schema = "public",
     .name = "ruling",
     .kind = 'r',
     .persistence = 'p',
     .has_rules = true,
     COLUMNS(plain)},
    {.oid = SHOP_V_SHOWN,
     .schema = "public",
     .name = "v_shown",
     .kind = 'v',
     .persistence = 'p',
     COLUMNS(v_contact),
     .fields = NAME | PHONE,
     .kinds = CUSTOMER,
     .definition = " SELECT lower(customers.name) AS who,\n    customers.phone AS tel\n"
                   "   FROM public.customers\n  WHERE (customers.grade = 2);",
     .rule = 5001,
     .rule_version = 700,
     .is_plain_view = true},
    {.oid = SHOP_V_LINES,
     .schema = "public",
     .name = "v_lines",
     .kind = 'v',
     .persistence = 'p',
     COLUMNS(v_nested),
     .fields = NAME | PHONE,
     .kinds = CUSTOMER,
     .definition = " SELECT ((w.who || ' / '::text) || w.tel) AS line\n   FROM public.v_shown w;",
     .rule = 5002,
     .rule_version = 701,
     .is_plain_view = true},
    {.oid = 2600,
     .schema = "pg_catalog",
     .name = "pg_stats",
     .kind = 'v',
     .persistence = 'p',
     COLUMNS(pg_stats),
     .is_system = true,
     .speaks_values = true},
    {.oid = 1259,
     .schema = "pg_catalog",
     .name = "pg_class",
     .kind = 'r',
     .persistence = 'p',
     COLUMNS(pg_class),
     .is_system = true},
    {.oid = 2601,
     .schema = "pg_catalog",
     .name = "pg_stat_activity",
     .kind = 'v',
     .persistence = 'p',
     COLUMNS(pg_stat_activity),
     .is_system = true,
     .speaks_values = true},
};

uint64_t
catalog_version(const struct catalog *catalog PASU_UNUSED)
{
    return 1;
}

struct catalog *
catalog_hold(struct catalog *catalog)
{
    return catalog;
}

bool
catalog_is_superseded(const struct catalog *catalog)
{
    return catalog->is_superseded;
}

void
catalog_release(struct catalog *catalog PASU_UNUSED)
{
}

/* By `from`. */
static const struct catalog_spill spills[] = {
    {SHOP_V_CONTACT, SHOP_CUSTOMERS, SPILL_VIEW, 0},
    {SHOP_V_RENAMED, SHOP_CUSTOMERS, SPILL_VIEW, 0},
    {SHOP_VISITS, SHOP_VISITS_2024, SPILL_CHILD, 0},
    {1018, 1019, SPILL_ACT, 2},   /* logged's trigger copies the name */
    {1015, 1015, SPILL_OWNER, 0}, /* people's trigger may write the key */
    {1020, 1021, SPILL_KEY, 2},   /* references its column v */
    {1022, 1018, SPILL_OWNER, 0}, /* a rule of ruling writes logged's key */
};

const struct catalog_spill *
catalog_spill(const struct catalog *catalog PASU_UNUSED, uint32_t from, size_t *at)
{
    while (*at < COUNT_OF(spills))
        if (spills[(*at)++].from == from)
            return &spills[*at - 1];
    return NULL;
}

const struct catalog_relation *
catalog_relation(const struct catalog *catalog PASU_UNUSED, uint32_t oid)
{
    for (size_t i = 0; i < COUNT_OF(relations); i++)
        if (relations[i].oid == oid)
            return &relations[i];
    return NULL;
}

const struct catalog_relation *
catalog_relation_named(const struct catalog *catalog PASU_UNUSED, const char *schema,
                       const char *name, size_t *at)
{
    while (*at < COUNT_OF(relations)) {
        const struct catalog_relation *r = &relations[(*at)++];

        if (strcmp(r->name, name) == 0 && (!schema || strcmp(r->schema, schema) == 0))
            return r;
    }
    return NULL;
}

void
catalog_since(const struct catalog *catalog PASU_UNUSED, char text[CATALOG_SINCE_SIZE])
{
    snprintf(text, CATALOG_SINCE_SIZE, "1/20000");
}

size_t
catalog_relation_count(const struct catalog *catalog PASU_UNUSED)
{
    return COUNT_OF(relations);
}

const struct catalog_relation *
catalog_relation_at(const struct catalog *catalog PASU_UNUSED, size_t index)
{
    return &relations[index];
}

bool
catalog_operator_is_foreign(const struct catalog *catalog, const char *name)
{
    return strcmp(name, "===") == 0 || (catalog->has_foreign_equal && strcmp(name, "=") == 0);
}

bool
catalog_operator_keeps(const struct catalog *catalog PASU_UNUSED, const char *name PASU_UNUSED)
{
    return false;
}

bool
catalog_speaks_of(const struct catalog *catalog PASU_UNUSED, const char *name)
{
    return strcmp(name, "spoken") == 0;
}

bool
catalog_may_borrow(const struct catalog *catalog)
{
    return catalog->may_borrow;
}

bool
catalog_may_run_prepared(const struct catalog *catalog)
{
    return catalog->may_borrow;
}

bool
catalog_events(const struct catalog *catalog PASU_UNUSED, uint64_t *fields, uint64_t *kinds)
{
    *fields = *kinds = 0;
    return false;
}

bool
catalog_has_own_equality(const struct catalog *catalog)
{
    return catalog->has_own_equality;
}

bool
catalog_has_casts(const struct catalog *catalog)
{
    return catalog->has_foreign_casts || catalog->has_clean_casts;
}

bool
catalog_has_foreign_casts(const struct catalog *catalog)
{
    return catalog->has_foreign_casts;
}

uint64_t
catalog_population(const struct catalog *catalog PASU_UNUSED, uint8_t kind)
{
    return kind == 0 ? 2000 : 400;
}

uint64_t
catalog_all_fields(const struct catalog *catalog PASU_UNUSED)
{
    return 63;
}

uint64_t
catalog_all_kinds(const struct catalog *catalog PASU_UNUSED)
{
    return 3;
}
