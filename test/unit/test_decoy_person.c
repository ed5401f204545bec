/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up persons: what a column is filled with, and the one form by which they are found again. */
#include "cli/decoy_person.h"
#include "cli/decoy_sql.h"

#include "base/memory.h"
#include "unit.h"

#include <stdlib.h>

static const struct decoy_style korean = {.domain = "mail.example.org", .phone = "+44 7700 900###"};

static void
persons_are_whole_and_not_alike(void **state PASU_UNUSED)
{
    enum { PERSONS = 200 };
    static struct decoy_person persons[PERSONS];
    struct decoy_style english = korean;
    struct decoy_people people[2];

    english.is_english = true;
    decoy_people_init(&people[0], &korean, &os_real);
    decoy_people_init(&people[1], &english, &os_real);
    for (size_t i = 0; i < PERSONS; i++) {
        struct decoy_person *p = &persons[i];

        assert_int_equal(decoy_person_make(p, &people[i % 2]), 0);
        assert_true(p->name[0] && p->family[0] && p->given[0] && p->address[0] && p->detail[0]);
        assert_non_null(strstr(p->email, "@mail.example.org"));
        assert_int_equal(strlen(p->phone), strlen(korean.phone));
        assert_memory_equal(p->phone, "+44 7700 900", 12);
        assert_null(strchr(p->phone, '#'));
        assert_int_equal(strlen(p->postcode), 5);
        assert_int_equal(strlen(p->birth), 10);
        for (size_t k = i % 2; k < i; k += 2) {
            assert_string_not_equal(persons[k].login, p->login);
            assert_string_not_equal(persons[k].email, p->email);
            assert_string_not_equal(persons[k].phone, p->phone);
        }
    }
}

/* All the numbers of a range, each once, whatever chance says; then there are none. */
static void
ranges_are_used_up(void **state PASU_UNUSED)
{
    static const struct decoy_style few = {.domain = "", .phone = "010-#-555-#"};
    static const struct decoy_style many = {.domain = "", .phone = "###########"};
    struct decoy_people people;
    struct decoy_person p;
    bool has[100] = {0};

    assert_int_equal(decoy_phone_numbers(few.phone), 100);
    assert_int_equal(decoy_phone_numbers(many.phone), DECOY_NUMBERS_MAX);
    decoy_people_init(&people, &few, &os_real);
    for (size_t i = 0; i < COUNT_OF(has); i++) {
        size_t number;

        assert_int_equal(decoy_person_make(&p, &people), 0);
        number = (size_t)(10 * (p.phone[4] - '0') + p.phone[10] - '0');
        assert_false(has[number]);
        has[number] = true;
    }
    assert_int_equal(decoy_person_make(&p, &people), PASU_E_RANGE);
    decoy_people_init(&people, &many, &os_real);
    for (size_t i = 0; i < DECOY_PERSONS_MAX; i++) {
        assert_int_equal(decoy_person_make(&p, &people), 0);
        assert_int_equal(strspn(p.phone, "0123456789"), strlen(many.phone));
    }
    assert_int_equal(decoy_person_make(&p, &people), PASU_E_RANGE);
}

static void
columns_are_filled_by_their_names(void **state PASU_UNUSED)
{
    static struct decoy_person p;
    static const struct {
        const char *column, *field, *value;
    } all[] = {
        {"name", "name", p.name},         {"last_name", "name", p.family},
        {"first_name", "name", p.given},  {"이름", "name", p.name},
        {"user_name", "name", p.login},   {"email", "email", p.email},
        {"hp", "phone", p.phone},         {"addr1", "address", p.address},
        {"addr2", "address", p.detail},   {"zipcode", "address", p.postcode},
        {"x17", "phone", p.phone},        {"birthday", "birth", p.birth},
        {"card_no", "card_number", NULL}, {"memo", "note", NULL},
    };
    struct decoy_style none = {.domain = "", .phone = ""};
    const char *value;

    for (size_t i = 0; i < COUNT_OF(all); i++) {
        enum decoy_fill fill =
            decoy_person_fill(&p, &korean, "customers", all[i].column, all[i].field, &value);

        assert_int_equal(fill, all[i].value != NULL ? DECOY_FILLED : DECOY_UNKNOWN);
        assert_ptr_equal(value, all[i].value);
    }
    assert_int_equal(decoy_person_fill(&p, &none, "t", "email", "email", &value), DECOY_NO_DOMAIN);
    assert_int_equal(decoy_person_fill(&p, &none, "t", "phone", "phone", &value), DECOY_NO_PHONE);
}

static void
values_have_one_form(void **state PASU_UNUSED)
{
    static const char *const phones[][2] = {
        {"010-1234-5678", "01012345678"},
        {"+82 10 1234 5678", "01012345678"},
        {"82-010-1234-5678", "01012345678"},
        {"(010)1234.5678", "01012345678"},
        {"+44 7700 900123", "447700900123"},
        {"12345", ""},
        {"none", ""},
        {"111111111111111111111111111111111", ""},
    };
    static const char *const emails[][2] = {
        {"Kim.J@Mail.Example", "kim.j@mail.example"}, {"@a", ""}, {"a@", ""}, {"nobody", ""}};
    char form[DECOY_TEXT_SIZE];

    for (size_t i = 0; i < COUNT_OF(phones); i++) {
        decoy_phone_form(form, phones[i][0]);
        assert_string_equal(form, phones[i][1]);
    }
    for (size_t i = 0; i < COUNT_OF(emails); i++) {
        decoy_email_form(form, emails[i][0]);
        assert_string_equal(form, emails[i][1]);
    }
}

static void
only_domains_and_ranges_are_taken(void **state PASU_UNUSED)
{
    static const char *const not_domains[] = {"", ".a", "-a", "a b", "a@b", "a'b", "a\"b"};
    static const char *const not_ranges[] = {
        "", "010", "010-#", "x##", "'##", "##########################################"};

    assert_true(decoy_domain_is_well("mail.example.com") && decoy_phone_is_well("+1-202-555-01##"));
    for (size_t i = 0; i < COUNT_OF(not_domains); i++)
        assert_false(decoy_domain_is_well(not_domains[i]));
    for (size_t i = 0; i < COUNT_OF(not_ranges); i++)
        assert_false(decoy_phone_is_well(not_ranges[i]));
}

/* What an operator or a configuration names cannot leave its quotes. */
static void
sql_quotes_what_it_is_given(void **state PASU_UNUSED)
{
    const char *key = "i\"d";
    struct config_subject subject = {
        .name = "customer", .table = "db.pub\"lic.cust'omers", .key = {&key, 1}};
    struct config config = {.subjects = &subject, .subject_count = 1};
    struct decoy_table table;
    char given[] = "gra'de=o'clock\\", *sql = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&sql, &size);
    static struct decoy_person p;

    assert_non_null(file);
    assert_int_equal(decoy_table_of(&table, &config, &subject), 0);
    assert_int_equal(decoy_table_give(&table, given), 0);
    assert_int_equal(decoy_table_give(&table, (char[]){"=x"}), PASU_E_MALFORMED);
    assert_int_equal(decoy_table_give(&table, (char[]){"x"}), PASU_E_MALFORMED);
    table.role = "o'role";
    assert_int_equal(decoy_table_check(&table, &korean), DECOY_FILLED);
    decoy_sql_begin(file, &table);
    assert_int_equal(decoy_sql_person(file, &table, &korean, &p), 0);
    decoy_sql_view(file, &table);
    fclose(file);
    assert_non_null(strstr(sql, "relation text := '\"pub\"\"lic\".\"cust''omers\"';"));
    assert_non_null(strstr(sql, "key_name text := 'i\"d';"));
    assert_non_null(strstr(sql, "role text := 'o''role';"));
    assert_non_null(strstr(sql, "'{\"gra''de\":\"o''clock\\\\\"}'"));
    assert_non_null(strstr(sql, "CREATE VIEW \"pub\"\"lic\".\"cust'omers_copy\""));
    assert_non_null(strstr(sql, "t.\"i\"\"d\"::text"));
    free(sql);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(persons_are_whole_and_not_alike),
        cmocka_unit_test(ranges_are_used_up),
        cmocka_unit_test(columns_are_filled_by_their_names),
        cmocka_unit_test(values_have_one_form),
        cmocka_unit_test(only_domains_and_ranges_are_taken),
        cmocka_unit_test(sql_quotes_what_it_is_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
