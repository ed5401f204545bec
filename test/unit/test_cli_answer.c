/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands print of a ledger, for people and as JSON. */
#include "breach/scope.h"
#include "breach_story.h"
#include "cli/scope_view.h"
#include "cli/statement_view.h"
#include "cli/text.h"

enum { NAME = 1, PHONE = 2 };

/* A name that moves the cursor, begins a new line, turns the direction of writing, and is no UTF-8.
 */
static const char hostile[] = "ps\033[2J\nq\xe2\x80\xael\"\\\xff";

struct telling {
    struct evidence evidence; /* its book and selection are those of the story */
    struct story story;
    struct scope scope;
    FILE *file;
    char *text; /* what was printed */
    size_t size;
    bool is_json, has_keys, is_ocsf;
};

static int
print_statement(void *arg, const struct statement *statement)
{
    struct telling *t = arg;

    if (t->is_ocsf)
        return statement_view_ocsf(t->file, &t->evidence, statement, t->has_keys);
    assert_int_equal(t->is_json
                         ? statement_view_json(t->file, &t->evidence, statement, t->has_keys)
                         : statement_view_text(t->file, &t->evidence, statement, t->has_keys),
                     0);
    return 0;
}

static void
begin(struct telling *t, statement_fn *give, void *arg)
{
    static struct config config; /* of no kinds: keys are as the ledger has them */
    const struct payload_shape shape = {11, VIEW("SELECT\n\"a\"\033[1m")};

    t->file = open_memstream(&t->text, &t->size);
    assert_non_null(t->file);
    story_begin(&t->story, give, arg);
    t->evidence = (struct evidence){.ask = {.config = &config},
                                    .directory = -1,
                                    .keys_by = KEYS_OF_LEDGER,
                                    .book = t->story.book};
    keys_init(&t->evidence.keys, NULL, NULL);
    story_has_vocabulary(&t->story, 1, "name phone", "customer recipient");
    story_opens(&t->story, 7, "analyst", "192.0.2.7", hostile);
    story_tell(&t->story, (struct ledger_entry){.type = LEDGER_SHAPE, .u.shape = &shape});
}

/* The text that was printed, when all has been told. */
static const char *
printed(struct telling *t)
{
    story_end(&t->story);
    fflush(t->file);
    return t->text;
}

static void
finish(struct telling *t)
{
    fclose(t->file);
    free(t->text);
    story_release(&t->story);
}

static struct exposure
one_of_all(void)
{
    static const uint32_t shown[] = {100007, 0, UINT32_MAX}, missed[] = {900001};
    struct exposure exposure = story_exposure(7, 11, NAME, shown, COUNT_OF(shown));

    exposure.parts[0].masked = PHONE;
    exposure.parts[0].unknown = 4;
    exposure.parts[0].missed = missed;
    exposure.parts[0].missed_count = 1;
    exposure.misses = 1;
    exposure.rows = 1234;
    exposure.flags = FLAG_BIT(BOUND) | FLAG_BIT(PROBE);
    exposure.verdict = VERDICT_OF_ALERT;
    snprintf(exposure.rule, sizeof(exposure.rule), "night\n");
    snprintf(exposure.actor, sizeof(exposure.actor), "%s", hostile);
    return exposure;
}

static void
nothing_that_people_see_holds_control_characters(void **state PASU_UNUSED)
{
    struct telling t = {.has_keys = true};
    const char *text;

    begin(&t, print_statement, &t);
    story_shows(&t.story, one_of_all());
    text = printed(&t);
    for (const char *at = text; *at != '\0'; at++)
        assert_true(*at == '\n' || ((unsigned char)*at >= ' ' && (unsigned char)*at <= '~'));
    assert_non_null(strstr(text, "ps\\x1b[2J\\nq\\u{202e}l\"\\\\\\xff"));
    assert_non_null(strstr(text, "alert by night\\n; flags bound, probe"));
    assert_non_null(strstr(text, "customer 3 to 7: name, phone (masked); 1,234 rows; 1 found"));
    assert_non_null(strstr(text, "keys 0 100007 unreadable #4294967295"));
    finish(&t);
}

static void
a_line_of_the_export_is_this_one(void **state PASU_UNUSED)
{
    struct telling t = {.is_json = true, .has_keys = true};
    struct exposure exposure = one_of_all();
    json_t *line, *expected;

    begin(&t, print_statement, &t);
    exposure.time = SECONDS(1795622400) + 5000;
    exposure.claims = (struct exposure_claims){"ticket-1", "192.0.2.9", true};
    story_shows(&t.story, exposure);
    line = json_loads(printed(&t), 0, NULL);
    expected = json_loads(
        "{\"seq\":4,\"time\":\"2026-11-25T16:00:00.000005Z\",\"session\":\"0000000000000007\","
        "\"principal\":\"analyst\",\"actor\":\"ps\\\\x1b[2J\\\\nq\\\\u{202e}l\\\"\\\\\\\\\\\\xff\","
        "\"purpose\":\"ticket-1\",\"claimed_source\":{\"address\":\"192.0.2.9\",\"signed\":true},"
        "\"database\":\"shop\","
        "\"application\":\"ps\\\\x1b[2J\\\\nq\\\\u{202e}l\\\"\\\\\\\\\\\\xff\","
        "\"source\":{\"address\":\"192.0.2.7\",\"country\":null,\"asn\":null},"
        "\"fingerprint\":\"000000000000000b\",\"sql\":\"SELECT\\n\\\"a\\\"\\u001b[1m\","
        "\"rows\":1234,\"statements\":1,"
        "\"subjects\":{\"customer\":{\"at_least\":3,\"at_most\":7,"
        "\"keys\":[0,100007,\"unreadable #4294967295\"]}},"
        "\"fields\":{\"name\":\"clear\",\"phone\":\"masked\"},\"attribution\":\"key\","
        "\"verdict\":\"alert\",\"rule\":\"night\\n\",\"flags\":[\"bound\",\"probe\"],\"misses\":1,"
        "\"missed\":{\"customer\":[900001]}}",
        0, NULL);
    assert_non_null(line);
    assert_non_null(expected);
    assert_true(json_equal(line, expected));
    json_decref(line);
    json_decref(expected);
    finish(&t);
}

static void
without_keys_nobody_is_named(void **state PASU_UNUSED)
{
    for (int is_ocsf = 0; is_ocsf < 2; is_ocsf++) {
        struct telling t = {.is_json = is_ocsf == 0, .is_ocsf = is_ocsf == 1};
        const char *text;

        begin(&t, print_statement, &t);
        story_shows(&t.story, one_of_all());
        text = printed(&t);
        assert_non_null(strstr(text, "\"at_least\":3"));
        assert_null(strstr(text, "100007"));
        assert_null(strstr(text, "900001"));
        finish(&t);
    }
}

static void
an_unrecorded_session_is_null_not_a_guess(void **state PASU_UNUSED)
{
    struct telling t = {.is_json = true};
    const char *text;

    begin(&t, print_statement, &t);
    story_shows(&t.story, story_exposure(99, 98, NAME, ORDINALS(1)));
    text = printed(&t);
    assert_non_null(strstr(text, "\"principal\":null"));
    assert_non_null(strstr(text, "\"application\":null"));
    assert_non_null(strstr(text, "\"address\":null"));
    assert_non_null(strstr(text, "\"sql\":null"));
    finish(&t);
}

static void
an_ocsf_event_is_this_one(void **state PASU_UNUSED)
{
    struct telling t = {.is_ocsf = true, .has_keys = true};
    struct exposure exposure = one_of_all();
    json_t *line, *expected;

    begin(&t, print_statement, &t);
    exposure.time = SECONDS(1795622400) + 5999999;
    snprintf(exposure.actor, sizeof(exposure.actor), "kim");
    story_shows(&t.story, exposure);
    line = json_loads(printed(&t), 0, NULL);
    expected = json_loads(
        "{\"category_uid\":6,\"category_name\":\"Application Activity\",\"class_uid\":6005,"
        "\"class_name\":\"Datastore Activity\",\"activity_id\":4,\"activity_name\":\"Query\","
        "\"type_uid\":600504,\"type_name\":\"Datastore Activity: Query\","
        "\"time\":1795622400005,\"severity_id\":3,\"severity\":\"Medium\","
        "\"status_id\":1,\"status\":\"Success\",\"action_id\":3,\"action\":\"Observed\","
        "\"disposition_id\":19,\"disposition\":\"Alert\",\"is_alert\":true,"
        "\"policy\":{\"name\":\"night\\n\"},\"message\":\"3 to 7 persons shown to analyst\","
        "\"metadata\":{\"version\":\"1.8.0\",\"product\":{\"name\":\"pasu\","
        "\"vendor_name\":\"pasu\",\"version\":\"" PASU_VERSION "\"},"
        "\"profiles\":[\"security_control\"],\"log_name\":\"ledger\","
        "\"original_time\":\"2026-11-25T16:00:00.005999Z\",\"original_event_uid\":\"4\"},"
        "\"actor\":{\"user\":{\"name\":\"analyst\"},"
        "\"app_name\":\"ps\\\\x1b[2J\\\\nq\\\\u{202e}l\\\"\\\\\\\\\\\\xff\","
        "\"session\":{\"uid\":\"0000000000000007\"}},\"src_endpoint\":{\"ip\":\"192.0.2.7\"},"
        "\"database\":{\"name\":\"shop\",\"type_id\":1,\"type\":\"Relational\"},"
        "\"query_info\":{\"uid\":\"000000000000000b\","
        "\"query_string\":\"SELECT\\n\\\"a\\\"\\u001b[1m\"},"
        "\"observables\":[{\"name\":\"actor.user.name\",\"type_id\":4,\"type\":\"User Name\","
        "\"value\":\"analyst\"},{\"name\":\"src_endpoint.ip\",\"type_id\":2,"
        "\"type\":\"IP Address\",\"value\":\"192.0.2.7\"},{\"name\":\"unmapped.actor\","
        "\"type_id\":4,\"type\":\"User Name\",\"value\":\"kim\"}],"
        "\"unmapped\":{\"seq\":4,\"actor\":\"kim\",\"purpose\":null,\"claimed_source\":null,"
        "\"fingerprint\":\"000000000000000b\","
        "\"rows\":1234,\"statements\":1,\"subjects\":{\"customer\":{\"at_least\":3,"
        "\"at_most\":7,\"keys\":[0,100007,\"unreadable #4294967295\"]}},"
        "\"fields\":{\"name\":\"clear\",\"phone\":\"masked\"},\"attribution\":\"key\","
        "\"verdict\":\"alert\",\"rule\":\"night\\n\",\"flags\":[\"bound\",\"probe\"],"
        "\"misses\":1,\"missed\":{\"customer\":[900001]}}}",
        0, NULL);
    assert_non_null(line);
    assert_non_null(expected);
    assert_true(json_equal(line, expected));
    json_decref(line);
    json_decref(expected);
    finish(&t);
}

static json_int_t
number_of(const json_t *event, const char *key)
{
    return json_integer_value(json_object_get(event, key));
}

/* What was refused, and by whom nobody knows: the schema's demands are met all the same. */
static void
an_ocsf_event_of_little_knowledge_has_all_that_is_required(void **state PASU_UNUSED)
{
    struct telling t = {.is_ocsf = true};
    struct exposure exposure = story_exposure(99, 98, NAME, NULL, 0);
    const char *address = NULL, *database = NULL, *session = NULL, *message = NULL;
    json_t *event;

    begin(&t, print_statement, &t);
    exposure.verdict = VERDICT_OF_BLOCK;
    exposure.flags = FLAG_BIT(REFUSED) | FLAG_BIT(MARKED);
    exposure.rows = 0;
    story_shows(&t.story, exposure);
    event = json_loads(printed(&t), 0, NULL);
    assert_non_null(event);
    assert_int_equal(json_unpack(event, "{s{ss} s{ss} s{s{ss}} ss}", "src_endpoint", "name",
                                 &address, "database", "name", &database, "actor", "session", "uid",
                                 &session, "message", &message),
                     0);
    assert_string_equal(address, "unknown");
    assert_string_equal(database, "unknown");
    assert_string_equal(session, "0000000000000063");
    assert_string_equal(message, "0 persons shown to an unrecorded session");
    assert_null(json_object_get(event, "query_info"));
    assert_null(json_object_get(json_object_get(event, "actor"), "user"));
    assert_int_equal(number_of(event, "activity_id"), 5);
    assert_int_equal(number_of(event, "type_uid"), 600505);
    assert_int_equal(number_of(event, "status_id"), 2);
    assert_int_equal(number_of(event, "disposition_id"), 2);
    json_decref(event);
    finish(&t);
}

static void
the_document_of_scope_has_what_is_promised(void **state PASU_UNUSED)
{
    static const char *const keys[] = {"subjects",    "fields",      "not_shown",   "principals",
                                       "first",       "last",        "statements",  "rows",
                                       "not_watched", "attribution", "completeness"};
    struct telling t = {0};
    json_t *document;
    json_int_t least = 0, most = 0, unrecorded = 0, bound = 0;
    size_t listed = 0;

    begin(&t, scope_take, &t.scope);
    scope_init(&t.scope, &t.story.selection);
    story_shows(&t.story, one_of_all());
    story_shows(&t.story, story_exposure(99, 98, NAME, ORDINALS(5)));
    story_end(&t.story);
    t.evidence.selection = t.story.selection; /* borrowed */
    scope_view_json(t.file, &t.evidence, &t.scope, NULL, true);
    fflush(t.file);
    document = json_loads(t.text, 0, NULL);
    assert_non_null(document);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        assert_non_null(json_object_get(document, keys[i]));
    assert_int_equal(json_unpack(document, "{s{s{sI sI}} s{sI s{sI}}}", "subjects", "customer",
                                 "at_least", &least, "at_most", &most, "completeness",
                                 "unrecorded_sessions", &unrecorded, "flags", "bound", &bound),
                     0);
    listed = json_array_size(json_object_get(
        json_object_get(json_object_get(document, "subjects"), "customer"), "keys"));
    assert_int_equal(least, 4);
    assert_int_equal(most, 8);
    assert_int_equal(unrecorded, 1);
    assert_int_equal(bound, 1);
    assert_int_equal(listed, 4);
    json_decref(document);
    scope_release(&t.scope);
    finish(&t);
}

static void
the_page_of_scope_is_harmless_and_says_how_sure_it_is(void **state PASU_UNUSED)
{
    struct telling t = {0};

    begin(&t, scope_take, &t.scope);
    scope_init(&t.scope, &t.story.selection);
    story_opens(&t.story, 9, hostile, "local", "");
    story_shows(&t.story, one_of_all());
    story_shows(&t.story, story_exposure(9, 98, NAME, ORDINALS(5)));
    story_end(&t.story);
    t.evidence.selection = t.story.selection; /* borrowed */
    assert_int_equal(scope_view_page(t.file, &t.scope, NULL, 0), 0);
    fflush(t.file);
    for (const char *at = t.text; *at != '\0'; at++)
        assert_true(*at == '\n' || ((unsigned char)*at >= ' ' && (unsigned char)*at <= '~'));
    assert_non_null(strstr(t.text, "customer: 4 to 8"));
    assert_non_null(strstr(t.text, "1 statement could not name all persons"));
    scope_release(&t.scope);
    finish(&t);
}

static void
keys_are_listed_one_a_line_with_their_kind(void **state PASU_UNUSED)
{
    struct telling t = {0};

    begin(&t, scope_take, &t.scope);
    scope_init(&t.scope, &t.story.selection);
    story_shows(&t.story, story_exposure(7, 1, NAME, ORDINALS(9, 3)));
    story_end(&t.story);
    scope_view_keys(t.file, &t.evidence, &t.scope);
    fflush(t.file);
    assert_string_equal(t.text, "customer\t3\ncustomer\t9\n");
    scope_release(&t.scope);
    finish(&t);
}

static void
a_key_is_a_number_only_where_keys_are_numbers(void **state PASU_UNUSED)
{
    struct telling t = {.is_json = true, .has_keys = true};
    struct exposure text = story_exposure(7, 11, NAME, ORDINALS(66));
    static const uint32_t missed[] = {67};
    const char *line;

    text.parts[0].is_text = true;
    text.parts[0].missed = missed;
    text.parts[0].missed_count = 1;
    begin(&t, print_statement, &t);
    story_shows(&t.story, text);
    line = printed(&t);
    assert_non_null(strstr(line, "\"keys\":[\"66\"]"));
    assert_non_null(strstr(line, "\"missed\":{\"customer\":[\"67\"]}"));
    finish(&t);
}

static void
scope_lists_keys_as_what_they_are(void **state PASU_UNUSED)
{
    for (int numbers = 0; numbers < 2; numbers++) {
        struct exposure text = story_exposure(7, 11, NAME, ORDINALS(66));
        struct telling t = {0};

        text.parts[0].is_text = true;
        begin(&t, scope_take, &t.scope);
        scope_init(&t.scope, &t.story.selection);
        story_shows(&t.story, text);
        if (numbers) /* of the same persons, in a table where their key is one */
            story_shows(&t.story, story_exposure(7, 12, NAME, ORDINALS(66)));
        story_end(&t.story);
        t.evidence.selection = t.story.selection; /* borrowed */
        scope_view_json(t.file, &t.evidence, &t.scope, NULL, true);
        fflush(t.file);
        assert_non_null(strstr(t.text, numbers ? "\"keys\":[66]" : "\"keys\":[\"66\"]"));
        scope_release(&t.scope);
        finish(&t);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_people_see_holds_control_characters),
        cmocka_unit_test(a_line_of_the_export_is_this_one),
        cmocka_unit_test(without_keys_nobody_is_named),
        cmocka_unit_test(an_unrecorded_session_is_null_not_a_guess),
        cmocka_unit_test(an_ocsf_event_is_this_one),
        cmocka_unit_test(an_ocsf_event_of_little_knowledge_has_all_that_is_required),
        cmocka_unit_test(the_document_of_scope_has_what_is_promised),
        cmocka_unit_test(the_page_of_scope_is_harmless_and_says_how_sure_it_is),
        cmocka_unit_test(keys_are_listed_one_a_line_with_their_kind),
        cmocka_unit_test(a_key_is_a_number_only_where_keys_are_numbers),
        cmocka_unit_test(scope_lists_keys_as_what_they_are),
    };

    text_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
