/* SPDX-License-Identifier: Apache-2.0 */
/* SCIM without HTTP: what is told of people, and what the roster makes of it. */
#include "base/memory.h"
#include "config/load.h"
#include "people/import.h"
#include "people/scim.h"
#include "people/token.h"
#include "policy/roster.h"
#include "random.h"
#include "unit.h"

#include <stdlib.h>

#define NOW (INT64_C(1795780800) * NANOSECONDS_PER_SECOND)

/* The status; the answer is in *response. */
static int
ask(struct scim_response *response, struct people *people, enum scim_method method,
    const char *path, const char *body)
{
    struct scim_request request = {
        .method = method, .path = path, .base = "/scim/v2", .body = view_of_text(body)};

    scim_answer(response, people, &request, NOW);
    return response->status;
}

static int
status_of(struct people *people, enum scim_method method, const char *path, const char *body)
{
    struct scim_response response;
    int status = ask(&response, people, method, path, body);

    scim_response_release(&response);
    return status;
}

static struct user *
create(struct people *people, const char *body)
{
    assert_int_equal(status_of(people, SCIM_POST, "/Users", body), 201);
    return people->users[people->count - 1];
}

static int
patch(struct people *people, const char *id, const char *operations)
{
    char path[80], body[2000];

    snprintf(path, sizeof(path), "/Users/%s", id);
    snprintf(body, sizeof(body), "{\"Operations\": %s}", operations);
    return status_of(people, SCIM_PATCH, path, body);
}

/* The roster that this text and the people make. */
static struct roster *
roster_with(const char *text, const struct people *people)
{
    const struct view mark = VIEW(CONFIG_SCIM_MARK);
    uint8_t *bytes, *joined;
    size_t length;
    struct roster *roster;
    struct roster_fault fault;
    struct writer w;

    assert_int_equal(people_write(&bytes, &length, people), 0);
    joined = memory_new(strlen(text) + mark.length + length, 1);
    assert_non_null(joined);
    w = writer_of(joined, strlen(text) + mark.length + length);
    writer_bytes(&w, text, strlen(text));
    writer_bytes(&w, mark.bytes, mark.length);
    writer_bytes(&w, bytes, length);
    assert_int_equal(roster_parse(&roster, view_of(joined, writer_length(&w)), &fault), 0);
    memory_free(bytes);
    memory_free(joined);
    return roster;
}

static bool
is_left(const struct roster *roster, const char *principal)
{
    const struct roster_entry *entry = roster_find(roster, principal);

    assert_non_null(entry);
    return roster_has_left(entry, 0);
}

static void
each_way_to_say_that_somebody_has_left_is_understood(void **state PASU_UNUSED)
{
    static const char *const ways[] = {
        "[{\"op\":\"replace\",\"path\":\"active\",\"value\":false}]",
        "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]",
        "[{\"op\":\"replace\",\"value\":{\"active\":false}}]",
        "[{\"op\":\"Add\",\"value\":{\"active\":\"False\",\"name.givenName\":\"x\"}}]",
        "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"Active\":\"false\"}}]",
        "[{\"op\":\"replace\",\"path\":\"urn:ietf:params:scim:schemas:core:2.0:User:active\","
        "\"value\":[false]}]",
        "[{\"op\":\"replace\",\"value\":{\"urn:ietf:params:scim:schemas:core:2.0:User\":{"
        "\"active\":false}}}]",
        "[{\"op\":\"replace\",\"path\":\"active\",\"value\":{\"value\":\"FALSE\"}}]",
        "[{\"op\":\"replace\",\"value\":{\"active\":false,\"inactive\":true,\"x:interactive\":1}}]",
    };
    static const char *const others[] = {
        "[{\"op\":\"replace\",\"path\":\"active\",\"value\":0}]",
        "[{\"op\":\"replace\",\"path\":\"active\",\"value\":\"\"}]",
        "[{\"op\":\"replace\",\"path\":\"active\",\"value\":[false,true]}]",
        "[{\"op\":\"replace\",\"path\":\"active\"}]",
        "[{\"op\":\"remove\",\"path\":\"active\"}]",
        "[{\"op\":\"replace\",\"path\":\"/active\",\"value\":false}]",
        "[{\"op\":\"replace\",\"path\":\"active[value eq true]\",\"value\":false}]",
        "[{\"op\":\"replace\",\"path\":\" active\",\"value\":false}]",
        "[{\"op\":\"replace\",\"path\":\"urn:ietf:params:scim:schemas:core:2.0:User.active\","
        "\"value\":false}]",
        "[{\"op\":\"replace\",\"value\":{\"x:Active\":false}}]",
        "[{\"op\":\"replace\",\"value\":{\"active\":false,\"ACTIVE\":true}}]",
        "[{\"op\":\"replace\",\"value\":false}]",
        "[{\"op\":\"no\",\"path\":\"active\",\"value\":false}]",
    };
    struct people people;
    struct user *user;
    char id[40];

    people_init(&people, SCIM_BY_USER_NAME);
    user = create(&people, "{\"userName\": \"kim\"}");
    snprintf(id, sizeof(id), "%s", user_text(user, USER_ID));
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        assert_int_equal(patch(&people, id, ways[i]), 200);
        assert_false(people.users[0]->is_active);
        assert_int_equal(
            patch(&people, id, "[{\"op\":\"replace\",\"path\":\"active\",\"value\":\"True\"}]"),
            200);
        assert_true(people.users[0]->is_active);
    }
    /* What could mean it, and is not understood, is never passed over; and nothing is half done. */
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        char both[400];

        snprintf(both, sizeof(both),
                 "[{\"op\":\"add\",\"path\":\"displayName\",\"value\":\"x\"},%s", others[i] + 1);
        assert_int_equal(patch(&people, id, both), 400);
        assert_true(people.users[0]->is_active);
        assert_null(people.users[0]->texts[USER_DISPLAY_NAME]);
    }
    people_release(&people);
}

static void
entra_and_okta_paths_are_known(void **state PASU_UNUSED)
{
    struct people people;
    struct user *user;
    char id[40];

    people_init(&people, SCIM_BY_USER_NAME);
    user = create(
        &people,
        "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"Kim@Example."
        "com\","
        "\"name\":{\"givenName\":\"Jiwon\",\"familyName\":\"Kim\"},\"emails\":[{\"value\":\"a@x\"},"
        "{\"value\":\"b@x\",\"primary\":true}],\"locale\":\"ko\",\"groups\":[],\"phoneNumbers\":[{"
        "\"value\":\"1\"}],"
        "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{\"department\":\"d\","
        "\"manager\":{\"value\":\"m1\"}}}");
    assert_string_equal(user_called(user), "Jiwon Kim");
    assert_string_equal(user_text(user, USER_EMAIL), "b@x");
    assert_string_equal(user_text(user, USER_MANAGER), "m1");
    snprintf(id, sizeof(id), "%s", user_text(user, USER_ID));
    assert_int_equal(patch(&people, id,
                           "[{\"op\":\"Replace\",\"path\":\"emails[type eq "
                           "\\\"work\\\"].value\",\"value\":\"c@x\"},"
                           "{\"op\":\"Add\",\"path\":\"urn:ietf:params:scim:schemas:extension:"
                           "enterprise:2.0:User:manager\",\"value\":\"m2\"},"
                           "{\"op\":\"Add\",\"path\":\"urn:ietf:params:scim:schemas:extension:"
                           "enterprise:2.0:User:department\",\"value\":\"e\"},"
                           "{\"op\":\"Replace\",\"path\":\"name.formatted\",\"value\":\"K\"},{"
                           "\"op\":\"Remove\",\"path\":\"externalId\"}]"),
                     200);
    assert_string_equal(user_text(people.users[0], USER_EMAIL), "c@x");
    assert_string_equal(user_text(people.users[0], USER_MANAGER), "m2");
    assert_string_equal(user_called(people.users[0]), "K");
    assert_int_equal(patch(&people, id, "[{\"op\":\"remove\",\"path\":\"userName\"}]"), 400);
    people_release(&people);
}

static void
either_of_roster_and_provider_is_believed_of_who_has_left(void **state PASU_UNUSED)
{
    static const char text[] = "principal,kind,owner,owner_status\n"
                               "kim,human,Kim,active\n"
                               "app,service,Lee@Example.com,active\n"
                               "gone,human,Gone,left\n"
                               "other,human,Other,active\n";
    struct people people;
    struct roster *r;

    people_init(&people, SCIM_BY_LOCAL_PART);
    create(&people, "{\"userName\": \"Kim@example.com\", \"active\": false}");
    create(&people, "{\"userName\": \"lee@example.com\", \"active\": \"False\"}");
    create(&people, "{\"userName\": \"gone@example.com\"}");
    create(&people,
           "{\"userName\": \"New@example.com\", \"active\": false, \"userType\": \"Service\"}");
    r = roster_with(text, &people);
    assert_int_equal(roster_count(r), 6); /* and lee, and new */
    assert_true(is_left(r, "kim"));
    assert_true(is_left(r, "app"));
    assert_true(is_left(r, "gone")); /* who is on the roster as one that has left stays that */
    assert_false(is_left(r, "other"));
    assert_true(is_left(r, "NEW")); /* a role in any case */
    assert_int_equal(roster_kind(r, "new"), PRINCIPAL_SERVICE);
    assert_null(roster_find(r, "KIM")); /* the roster's own are as they are written */
    assert_int_equal(roster_standing(r, "app", 0, OWNERLESS_ALERT), STANDING_OWNERLESS);
    roster_free(r);
    people_release(&people);
}

static void
who_is_deleted_has_left_until_they_come_back(void **state PASU_UNUSED)
{
    struct people people;
    struct roster *r;
    char path[80];

    people_init(&people, SCIM_BY_USER_NAME);
    snprintf(path, sizeof(path), "/Users/%s",
             user_text(create(&people, "{\"userName\": \"kim\"}"), USER_ID));
    assert_int_equal(status_of(&people, SCIM_DELETE, path, ""), 204);
    assert_int_equal(status_of(&people, SCIM_GET, path, ""), 404);
    assert_int_equal(status_of(&people, SCIM_DELETE, path, ""), 404);
    r = roster_with("principal\nkim\n", &people);
    assert_true(is_left(r, "kim"));
    roster_free(r);
    create(&people, "{\"userName\": \"KIM\"}");
    assert_int_equal(people.count, 1);
    r = roster_with("principal\nkim\n", &people);
    assert_false(is_left(r, "kim"));
    roster_free(r);
    /* One role is one person's. */
    people.principal = SCIM_BY_LOCAL_PART;
    create(&people, "{\"userName\": \"lee@a\"}");
    assert_int_equal(status_of(&people, SCIM_POST, "/Users", "{\"userName\": \"Lee@b\"}"), 409);
    /* Two came to have one, by another attribute: it goes on while one of them is there. */
    people.principal = SCIM_BY_USER_NAME;
    create(&people, "{\"userName\": \"lee@b\", \"active\": false}");
    people.principal = SCIM_BY_LOCAL_PART;
    r = roster_with("principal\n", &people);
    assert_int_equal(roster_count(r), 2);
    assert_false(is_left(r, "lee"));
    roster_free(r);
    assert_int_equal(patch(&people, user_text(people.users[1], USER_ID),
                           "[{\"op\":\"replace\",\"path\":\"userName\",\"value\":\"x@a\"}]"),
                     200);
    r = roster_with("principal\n", &people);
    assert_true(is_left(r, "lee"));
    roster_free(r);
    people_release(&people);
}

static void
what_is_written_is_read_again(void **state PASU_UNUSED)
{
    struct people people, again;
    uint8_t *bytes, *other;
    size_t length, other_length;

    people_init(&people, SCIM_BY_NICK_NAME);
    people_init(&again, SCIM_BY_NICK_NAME);
    assert_int_equal(people_read(&again, view_of("", 0)), 0);
    create(&people, "{\"userName\": \"a,\\\"b\\\"\", \"displayName\": \"김, \\\"지원\\\"\", "
                    "\"nickName\": \"K\"}");
    create(&people, "{\"userName\": \"c\", \"active\": false, \"externalId\": \" \"}");
    assert_int_equal(people_write(&bytes, &length, &people), 0);
    assert_int_equal(people_read(&again, view_of(bytes, length)), 0);
    assert_int_equal(people_write(&other, &other_length, &again), 0);
    assert_true(view_equal(view_of(bytes, length), view_of(other, other_length)));
    assert_false(again.users[1]->is_active);
    assert_string_equal(user_called(again.users[0]), "김, \"지원\"");
    for (size_t cut = 1; cut < length; cut++) /* half a file is none, or has whole lines */
        if (people_read(&again, view_of(bytes, cut)) == 0)
            assert_true(again.count <= 2);
    memory_free(bytes);
    memory_free(other);
    people_release(&people);
    people_release(&again);
}

static void
files_are_imported_whole_or_not(void **state PASU_UNUSED)
{
    static const char *const good =
        " {\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":2,"
        "\"Resources\":["
        "{\"id\":\"1\",\"userName\":\"boss\",\"active\":false},"
        "{\"id\":\"2\",\"userName\":\"app\",\"userType\":\"Service account\","
        "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{\"manager\":{\"value\":"
        "\"1\"}}}]}";
    static const char *const bad[] = {
        "{",
        "[{}]",
        "[7]",
        "{\"Resources\": 7}",
        "{\"totalResults\": 3, \"Resources\": [{\"userName\": \"a\"}]}",
        "[{\"userName\": \"a\"}, {\"userName\": \"A\"}]",
        "[{\"userName\": \"a\", \"active\": \"no\"}]",
    };
    char fault[SCIM_IMPORT_FAULT_SIZE];
    struct roster_fault roster_fault;
    struct roster *r;
    uint8_t *bytes;
    size_t length;

    assert_true(scim_import_is_one(view_of_text(good)));
    assert_false(scim_import_is_one(VIEW("principal\n")));
    assert_int_equal(
        scim_import(&bytes, &length, view_of_text(good), SCIM_BY_USER_NAME, NOW, fault), 0);
    assert_int_equal(roster_parse(&r, view_of(bytes, length), &roster_fault), 0);
    assert_true(is_left(r, "boss"));
    assert_true(is_left(r, "app")); /* its owner has left */
    assert_string_equal(roster_find(r, "app")->owner, "boss");
    roster_free(r);
    memory_free(bytes);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(
            scim_import(&bytes, &length, view_of_text(bad[i]), SCIM_BY_USER_NAME, NOW, fault),
            PASU_E_MALFORMED);
        assert_null(bytes);
        assert_true(fault[0] >= '1' && fault[0] <= '9');
    }
}

static void
tokens_are_whole(void **state PASU_UNUSED)
{
    struct tokens tokens;

    assert_int_equal(tokens_take(&tokens, VIEW("first-token-of-the-file\r\n\nsecond-token")), 0);
    assert_int_equal(tokens.count, 2);
    assert_true(tokens_match(&tokens, "Bearer first-token-of-the-file"));
    assert_true(tokens_match(&tokens, "bearer  second-token"));
    assert_false(tokens_match(&tokens, NULL));
    assert_false(tokens_match(&tokens, ""));
    assert_false(tokens_match(&tokens, "Bearer "));
    assert_false(tokens_match(&tokens, "Bearer second-toke"));
    assert_false(tokens_match(&tokens, "Bearer second-token "));
    assert_false(tokens_match(&tokens, "Basic second-token"));
    assert_false(tokens_match(&tokens, "Digest second-token"));
    assert_int_equal(tokens_take(&tokens, VIEW("a\nb\nc\nd\ne\nf\ng\nh\ni\n")), PASU_E_RANGE);
}

/* Requests put together at random never do more than they may: what was refused changes nothing. */
static void
hostile_requests_are_answered(void **state PASU_UNUSED)
{
    static const char *const pieces[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         ",",
                                         ":",
                                         "\"Operations\"",
                                         "\"op\"",
                                         "\"replace\"",
                                         "\"remove\"",
                                         "\"path\"",
                                         "\"value\"",
                                         "\"active\"",
                                         "\"False\"",
                                         "false",
                                         "null",
                                         "\"emails\"",
                                         "\"userName\"",
                                         "\"a\"",
                                         "\"name\"",
                                         "7",
                                         "\"emails[type eq \\\"work\\\"].value\"",
                                         "\"urn:ietf:params:scim:schemas:core:2.0:User\"",
                                         "\"\\ud800\"",
                                         "\"\\u0000\"",
                                         "{\"Operations\":[{\"op\":\"replace\",\"path\":\"",
                                         "\"}]}",
                                         "\xff"};
    struct random seed = {11};
    struct people people;

    people_init(&people, SCIM_BY_USER_NAME);
    create(&people, "{\"userName\": \"kim\"}");
    for (unsigned i = 0; i < 20000; i++) {
        char body[600], path[80], filter[80];
        size_t length = 0, before = people.count;
        enum scim_method method = (enum scim_method)random_below(&seed, SCIM_OTHER + 1);
        struct scim_response response;
        struct scim_request request = {.method = method, .path = path, .base = ""};

        for (uint32_t n = random_below(&seed, 24); n > 0; n--) {
            const char *piece = pieces[random_below(&seed, COUNT_OF(pieces))];

            if (length + strlen(piece) < sizeof(body))
                length += (size_t)snprintf(body + length, sizeof(body) - length, "%s", piece);
        }
        snprintf(filter, sizeof(filter), "userName eq %.*s", (int)(length < 60 ? length : 60),
                 body);
        snprintf(path, sizeof(path), "/Users%s%s", random_below(&seed, 4) ? "/" : "",
                 random_below(&seed, 4) ? user_text(people.users[0], USER_ID) : "");
        request.body = view_of(body, length);
        request.filter = random_below(&seed, 2) ? filter : NULL;
        scim_answer(&response, &people, &request, NOW);
        assert_true(response.status >= 200 && response.status < 500);
        if (!response.is_changed)
            assert_int_equal(people.count, before);
        if (method == SCIM_DELETE && response.is_changed) {
            people_release(&people);
            create(&people, "{\"userName\": \"kim\"}");
        }
        scim_response_release(&response);
    }
    people_release(&people);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_to_say_that_somebody_has_left_is_understood),
        cmocka_unit_test(entra_and_okta_paths_are_known),
        cmocka_unit_test(either_of_roster_and_provider_is_believed_of_who_has_left),
        cmocka_unit_test(who_is_deleted_has_left_until_they_come_back),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(files_are_imported_whole_or_not),
        cmocka_unit_test(tokens_are_whole),
        cmocka_unit_test(hostile_requests_are_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
