/* SPDX-License-Identifier: Apache-2.0 */
/* LDIF as directories write it, as a roster. */
#include "base/memory.h"
#include "policy/ldif.h"
#include "policy/roster.h"
#include "random.h"
#include "unit.h"

static struct roster *
parse(const char *text, const struct roster *base)
{
    struct roster_fault fault;
    struct roster *roster;
    int result = roster_parse_changes(&roster, view_of_text(text), base, &fault);

    if (result != 0)
        fprintf(stderr, "%u: %s\n", (unsigned)fault.line, fault.text);
    assert_int_equal(result, 0);
    return roster;
}

static void
assert_fault(struct view bytes, uint32_t line, const char *words)
{
    struct roster_fault fault;
    struct roster *roster;

    assert_int_equal(roster_parse(&roster, bytes, &fault), PASU_E_MALFORMED);
    assert_null(roster);
    if (fault.line != line || !strstr(fault.text, words))
        fprintf(stderr, "%u: %s\n", (unsigned)fault.line, fault.text);
    assert_int_equal(fault.line, line);
    assert_non_null(strstr(fault.text, words));
}

static bool
is_left(const struct roster *roster, const char *principal)
{
    const struct roster_entry *entry = roster_find(roster, principal);

    assert_non_null(entry);
    return roster_has_left(entry, 0);
}

static const char openldap[] = "# extended LDIF\n"
                               "#\n"
                               "version: 1\n"
                               "\n"
                               "dn: ou=people,dc=example,dc=com\n"
                               "objectClass: organizationalUnit\n"
                               "ou: people\n"
                               "\n"
                               "dn: uid=kim,ou=people,dc=example,dc=com\n"
                               "objectClass: inetOrgPerson\n"
                               "uid: kim\n"
                               "cn:: 6rmA7KeA7JuQ\n" /* 김지원 */
                               "mail: kim@exam\n"
                               " ple.com\n"
                               "description: what is not\n"
                               "  of use\n"
                               "jpegPhoto:< file:///tmp/kim.jpg\n"
                               "\n"
                               "dn:: dWlkPWxlZSxvdT1wZW9wbGUsZGM9ZXhhbXBsZSxkYz1jb20=\n" /* lee */
                               "objectclass: INETORGPERSON\r\n"
                               "UID: lee\n"
                               "cn: Lee Minsu\n"
                               "employeeType: Administrator\n"
                               "pwdAccountLockedTime: 000001010000Z\n"
                               "\n\n"
                               "dn: cn=app,ou=services,dc=example,dc=com\n"
                               "objectClass: applicationProcess\n"
                               "cn: app\n"
                               "owner: UID=kim, OU=people, DC=example, DC=com\n"
                               "\n"
                               "dn: cn=batch,ou=services,dc=example,dc=com\n"
                               "objectClass: applicationProcess\n"
                               "cn: batch\n"
                               "owner: uid=lee,ou=people,dc=example,dc=com\n"
                               "\n"
                               "# search result\n"
                               "search: 2\n"
                               "result: 0 Success\n"
                               "\n"
                               "# numResponses: 6\n";

static void
people_and_services_are_as_the_directory_has_them(void **state PASU_UNUSED)
{
    struct roster *r = parse(openldap, NULL);
    const struct roster_entry *kim = roster_find(r, "kim"), *app = roster_find(r, "app");

    assert_int_equal(roster_count(r), 4);
    assert_string_equal(kim->owner, "김지원");
    assert_string_equal(kim->contact, "kim@example.com");
    assert_string_equal(kim->id, "uid=kim,ou=people,dc=example,dc=com");
    assert_int_equal(kim->line, 9);
    assert_int_equal(kim->kind, PRINCIPAL_HUMAN);
    assert_int_equal(roster_kind(r, "lee"), PRINCIPAL_ADMIN);
    assert_string_equal(app->owner, "김지원");
    assert_int_equal(app->kind, PRINCIPAL_SERVICE);
    assert_false(is_left(r, "kim"));
    assert_true(is_left(r, "lee"));
    assert_false(is_left(r, "app"));
    assert_true(is_left(r, "batch")); /* its owner has */
    roster_free(r);
}

static void
each_directory_says_in_its_own_way_who_has_left(void **state PASU_UNUSED)
{
    static const struct {
        const char *line;
        bool is_left;
    } ways[] = {
        {"nsAccountLock: TRUE", true},
        {"nsaccountlock: false", false},
        {"userAccountControl: 514", true},
        {"userAccountControl: 512", false},
        {"userAccountControl: 66050", true},
        {"loginShell: /usr/sbin/nologin", true},
        {"loginShell: /bin/false", true},
        {"loginShell: /bin/bash", false},
        {"pwdAccountLockedTime: 000001010000Z", true},
        {"pwdAccountLockedTime: 20260101000000Z", false}, /* a password was mistaken */
        {"ds-pwp-account-disabled: true", true},
        {"inetUserStatus: deleted", true},
        {"inetUserStatus: active", false},
        {"accountExpires: 0", false},
        {"accountExpires: 9223372036854775807", false},
        {"accountExpires: 116444736000000000", true}, /* 1970 */
        {"accountExpires: 2650467744000000000", false},
        {"shadowExpire: -1", false},
        {"shadowExpire: 0", true},
        {"krbPrincipalExpiration: 19700101000000Z", true},
        {"krbPrincipalExpiration: 20991231235959.5Z", false},
        {"pwdEndTime: 19700101000000Z", true},
    };

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        char text[300];
        struct roster *r;

        snprintf(text, sizeof(text),
                 "dn: CN=Kim,DC=x\nobjectClass: user\nsAMAccountName: kim\n%s\n", ways[i].line);
        r = parse(text, NULL);
        if (is_left(r, "kim") != ways[i].is_left)
            fprintf(stderr, "%s\n", ways[i].line);
        assert_int_equal(is_left(r, "kim"), ways[i].is_left);
        roster_free(r);
    }
}

static void
computers_groups_and_folders_are_nobody(void **state PASU_UNUSED)
{
    struct roster *r = parse(
        "dn: CN=PC7,DC=x\nobjectClass: user\nobjectClass: computer\nsAMAccountName: PC7$\n\n"
        "dn: CN=g,DC=x\nobjectClass: group\nsAMAccountName: g\n\n"
        "dn: CN=svc,DC=x\nobjectClass: computer\nobjectClass: msDS-GroupManagedServiceAccount\n"
        "sAMAccountName: svc$\nmanager: CN=Gone\\, who,DC=x\n",
        NULL);

    assert_int_equal(roster_count(r), 1);
    assert_int_equal(roster_kind(r, "svc$"), PRINCIPAL_SERVICE);
    assert_string_equal(roster_at(r, 0)->owner, "Gone\\, who");
    roster_free(r);
}

static void
changes_are_made_to_the_roster_that_there_is(void **state PASU_UNUSED)
{
    struct roster *whole = parse(openldap, NULL), *base, *r;
    struct roster_fault fault;
    uint8_t *bytes;
    size_t length;

    /* As the roster's file keeps it, with a line that no directory knows of. */
    assert_int_equal(roster_write(&bytes, &length, whole), 0);
    roster_free(whole);
    assert_int_equal(roster_parse(&base, view_of(bytes, length), &fault), 0);
    memory_free(bytes);
    assert_int_equal(roster_count(base), 4);
    r = parse(
        "version: 1\n\n"
        "dn: uid=kim,ou=people,dc=example,dc=com\nchangetype: modify\n"
        "add: nsAccountLock\nnsAccountLock: TRUE\n-\nreplace: mail\nmail: other@example.com\n-\n\n"
        "dn: uid=lee,ou=people,dc=example,dc=com\nchangetype: modify\n"
        "delete: pwdAccountLockedTime\n\n"
        "dn: cn=app,ou=services,dc=example,dc=com\nchangetype: delete\n\n"
        "dn: cn=all,ou=groups,dc=example,dc=com\nchangetype: modify\nadd: member\nmember: x\n-\n\n"
        "dn: uid=new,ou=people,dc=example,dc=com\ncontrol: 1.2.3 true\nchangetype: add\n"
        "objectClass: person\nuid: new\n\n"
        "dn: uid=new,ou=people,dc=example,dc=com\nchangetype: modrdn\nnewrdn: uid=newer\n"
        "deleteoldrdn: 1\n\n"
        "dn: uid=newer,ou=people,dc=example,dc=com\nchangetype: modify\nreplace: loginShell\n"
        "loginShell: /sbin/nologin\n-\n",
        base);
    assert_int_equal(roster_count(r), 5);
    assert_true(is_left(r, "kim"));
    assert_string_equal(roster_find(r, "kim")->owner, "김지원");
    assert_string_equal(roster_find(r, "kim")->contact, "other@example.com");
    assert_false(is_left(r, "lee"));
    assert_int_equal(roster_kind(r, "lee"), PRINCIPAL_ADMIN);
    assert_true(is_left(r, "app")); /* deleted: nobody is forgotten by it */
    assert_true(is_left(r, "batch"));
    assert_true(is_left(r, "new"));
    roster_free(r);
    roster_free(base);
}

/* Also where the file of changes does not have the service. */
static void
who_owns_a_service_leaves_it_behind_by_a_change(void **state PASU_UNUSED)
{
    struct roster *whole = parse("dn: uid=kim,dc=x\nobjectClass: person\nuid: kim\ncn: Kim\n\n"
                                 "dn: uid=lee,dc=x\nobjectClass: person\nuid: lee\ncn: Kim\n\n"
                                 "dn: cn=batch,dc=x\nobjectClass: applicationProcess\ncn: batch\n"
                                 "employeeType: service\nuid: batch\nowner: UID=kim, dc=x\n\n"
                                 "dn: cn=mail,dc=x\nobjectClass: person\nuid: mail\n"
                                 "employeeType: service\nmanager: uid=lee,dc=x\n",
                                 NULL);
    struct roster *base, *r;
    struct roster_fault fault;
    uint8_t *bytes;
    size_t length;

    assert_int_equal(roster_write(&bytes, &length, whole), 0);
    roster_free(whole);
    assert_int_equal(roster_parse(&base, view_of(bytes, length), &fault), 0);
    memory_free(bytes);
    assert_false(is_left(base, "batch") || is_left(base, "mail"));
    assert_string_equal(roster_find(base, "batch")->owner_id, "UID=kim, dc=x");
    r = parse("dn: uid=kim,dc=x\nchangetype: modify\nreplace: nsAccountLock\n"
              "nsAccountLock: true\n-\n",
              base);
    assert_true(is_left(r, "kim") && is_left(r, "batch"));
    assert_false(is_left(r, "lee") || is_left(r, "mail")); /* of the same name */
    assert_string_equal(roster_find(r, "batch")->owner, "Kim");
    assert_string_equal(roster_find(r, "mail")->owner_id, "uid=lee,dc=x");
    roster_free(r);
    r = parse("dn: uid=lee,dc=x\nchangetype: modify\nreplace: shadowExpire\nshadowExpire: 10\n-\n",
              base);
    assert_true(roster_find(r, "mail")->left_at == INT64_C(864000) * NANOSECONDS_PER_SECOND);
    assert_true(roster_find(r, "batch")->left_at == ROSTER_NEVER);
    roster_free(r);
    roster_free(base);
}

static void
changes_find_lines_that_no_directory_has_named(void **state PASU_UNUSED)
{
    struct roster *base = parse("principal,kind,owner\nkim,human,Kim\nbatch,service,Lee\n", NULL);
    struct roster *r = parse("dn: uid=kim,dc=x\nchangetype: modify\nreplace: nsAccountLock\n"
                             "nsAccountLock: true\n-\n",
                             base);

    assert_int_equal(roster_count(r), 2);
    assert_true(is_left(r, "kim"));
    assert_string_equal(roster_find(r, "kim")->owner, "Kim");
    assert_false(is_left(r, "batch"));
    roster_free(r);
    roster_free(base);
}

#define PERSON "dn: uid=kim,dc=x\nobjectClass: person\nuid: kim\n"

static void
faults_have_their_line(void **state PASU_UNUSED)
{
    assert_fault(VIEW("version: 2\ndn: x\n"), 1, "version");
    assert_fault(VIEW("version: 1\n\nuid: kim\n"), 3, "begins with its dn");
    assert_fault(VIEW(PERSON "cn\n"), 4, "neither");
    assert_fault(VIEW(PERSON "c n: x\n"), 4, "name");
    assert_fault(VIEW(PERSON "cn:: !!!!\n"), 4, "base64");
    assert_fault(VIEW(PERSON "cn:: /////w==\n"), 4, "UTF-8");
    assert_fault(VIEW(PERSON "cn:: AAAA\n"), 4, "zero byte");
    assert_fault(VIEW(PERSON "cn: \xb1\xe8\n"), 4, "UTF-8");
    assert_fault(VIEW(PERSON "cn:< file:///etc/passwd\n"), 4, "URL");
    assert_fault(VIEW("dn: x\n\n folded\n"), 3, "space");
    assert_fault(VIEW(PERSON "\n" PERSON), 5, "twice");
    assert_fault(VIEW(PERSON "\ndn: uid=kim,dc=y\nobjectClass: person\nuid: kim\n"), 5,
                 "listed twice");
    assert_fault(VIEW("dn: x\nobjectClass: person\n"), 1, "no uid");
    assert_fault(VIEW(PERSON "accountExpires: soon\n"), 1, "time of its end");
    assert_fault(VIEW(PERSON "-\n"), 4, "modifications");
    assert_fault(VIEW("dn: x\nchangetype: move\n"), 2, "changetype");
    assert_fault(VIEW("dn: x\nchangetype: modify\nfoo: bar\n"), 3, "modification");
    assert_fault(VIEW("dn: x\nchangetype: modify\nreplace: nsAccountLock\nnsAccountLock: true\n"),
                 3, "neither in the file nor on the roster");
    assert_fault(VIEW(PERSON "\ndn: uid=kim,dc=x\nchangetype: modify\nreplace: mail\ncn: x\n"), 8,
                 "another attribute");
    assert_fault(VIEW(PERSON "mail: kim@x.or"), 4, "cut off");
    assert_fault(VIEW(PERSON "\ndn: uid=lee,dc=x\nchangetype: delete\n"), 5, "not in the file");
    assert_fault(VIEW("dn: uid=lee,dc=x\nchangetype: add\nobjectClass: device\n"), 1,
                 "nobody would be left");
    assert_fault(VIEW(PERSON "\nsearch: 2\nresult: 4 Size limit exceeded\n"), 6,
                 "did not give all");
}

static void
hostile_bytes_parse_or_have_a_fault(void **state PASU_UNUSED)
{
    static const char *const pieces[] = {"dn: uid=a,dc=x\n",
                                         "dn:: ",
                                         "changetype: modify\n",
                                         "changetype: delete\n",
                                         "changetype: modrdn\n",
                                         "newrdn: uid=b\n",
                                         "\n",
                                         " folded\n",
                                         "-\n",
                                         "uid: a\n",
                                         "uid:: YQ==\n",
                                         ":",
                                         "objectClass: person\n",
                                         "owner: uid=a,dc=x\n",
                                         "#",
                                         "\\",
                                         ",",
                                         "=",
                                         "\r\n",
                                         "replace: uid\n",
                                         "version: 1\n",
                                         "\xff",
                                         "employeeType: service\n",
                                         "control: x\n",
                                         "delete: uid\n"};
    struct random seed = {7};

    for (unsigned i = 0; i < 20000; i++) {
        char text[400];
        size_t length = 0, count = random_below(&seed, 20);
        struct roster_fault fault;
        struct roster *roster;

        length += (size_t)snprintf(text, sizeof(text), "dn: uid=k,dc=x\n");
        for (size_t n = 0; n < count; n++) {
            const char *piece = pieces[random_below(&seed, COUNT_OF(pieces))];

            if (length + strlen(piece) < sizeof(text))
                length += (size_t)snprintf(text + length, sizeof(text) - length, "%s", piece);
        }
        if (roster_parse(&roster, view_of(text, length), &fault) == 0)
            roster_free(roster);
        else
            assert_true(fault.line > 0 && fault.text[0] != '\0');
    }
}

static void
a_failed_allocation_is_told(void **state PASU_UNUSED)
{
    for (uint64_t nth = 1; nth < 200; nth++) {
        struct roster_fault fault;
        struct roster *roster;
        int result;

        memory_fail_at(nth);
        result = roster_parse(&roster, view_of_text(openldap), &fault);
        memory_fail_at(0);
        if (result == 0) {
            roster_free(roster);
            return;
        }
        assert_int_equal(result, PASU_E_NOMEM);
    }
    fail();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_and_services_are_as_the_directory_has_them),
        cmocka_unit_test(each_directory_says_in_its_own_way_who_has_left),
        cmocka_unit_test(computers_groups_and_folders_are_nobody),
        cmocka_unit_test(changes_are_made_to_the_roster_that_there_is),
        cmocka_unit_test(who_owns_a_service_leaves_it_behind_by_a_change),
        cmocka_unit_test(changes_find_lines_that_no_directory_has_named),
        cmocka_unit_test(faults_have_their_line),
        cmocka_unit_test(hostile_bytes_parse_or_have_a_fault),
        cmocka_unit_test(a_failed_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
