/* SPDX-License-Identifier: Apache-2.0 */
/* How durable a session's records are to be, and who waits for it. */
#include "gate/expose.h"
#include "gate_in_force.h"
#include "policy/condition.h"

#include "config/key.h"

enum { NAME = 1, ADDRESS = 2 };

static enum durability
durable(struct stand *t, uint64_t clear, uint64_t null, const struct plan_statement *statement)
{
    struct exposure e = {.part_count = 2, .parts = {{.clear = clear}, {.null = null}}};
    enum durability durability = DURABILITY_UNSAID;

    assert_int_equal(durability_of_exposure(&t->session, &e, statement, &durability), 0);
    return durability;
}

static void
verbs_are_numbered_as_the_configuration_lists_them(void **state PASU_UNUSED)
{
    static const struct {
        enum plan_verb verb;
        const char *word;
    } verbs[] = {
#define X(token, verb) {VERB_##verb, #verb},
#include "postgres/verb.def"
#undef X
        {VERB_OTHER, "OTHER"},
    };
    const char *words = config_key_at(KEY_rules_when_verbs)->allowed;

    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        struct view word = condition_word(words, verbs[i].verb);

        assert_int_equal(word.length, strlen(verbs[i].word));
        assert_int_equal(strncasecmp((const char *)word.bytes, verbs[i].word, word.length), 0);
    }
    assert_int_equal(condition_word(words, VERB_OTHER + 1).length, 0);
}

static void
rules_in_force_decide_by_what_a_record_shows_also_after_a_reload(void **state)
{
    struct stand *t = *state;

    assert_int_equal(vocabulary_of_config(&t->settings->vocabulary, &t->all), 0);
    put_in_force(t, 1, MAPPING);
    assert_int_equal(
        vocabulary_of_config(&t->settings->vocabulary, t->shared.current.settings->config), 0);
    assert_int_equal(durable(t, ADDRESS, 0, NULL), DURABILITY_GROUP);
    put_in_force(t, 2,
                 MAPPING "rules:\n"
                         "  - {name: a, when: {fields: address}, verdict: allow, "
                         "durability: strict}\n");
    assert_int_equal(durable(t, NAME, 0, NULL), DURABILITY_GROUP);
    assert_int_equal(durable(t, NAME | ADDRESS, 0, NULL), DURABILITY_STRICT);
    assert_int_equal(durable(t, NAME, ADDRESS, NULL),
                     DURABILITY_STRICT); /* also where it is null */
    assert_int_equal(durability_of_marks(&t->worker, &t->session), DURABILITY_STRICT);
    put_in_force(t, 3,
                 MAPPING "ledger: {durability: strict}\nrules:\n"
                         "  - {name: a, when: {principal: bulk}, verdict: allow, "
                         "durability: os}\n");
    assert_int_equal(durable(t, NAME, 0, NULL), DURABILITY_STRICT);
    snprintf(t->session.user, sizeof(t->session.user), "bulk");
    put_in_force(t, 4,
                 MAPPING "ledger: {durability: strict}\nrules:\n"
                         "  - {name: a, when: {principal: bulk}, verdict: allow, "
                         "durability: os}\n");
    assert_int_equal(durable(t, NAME, 0, NULL), DURABILITY_OS);
    leave_force(t);
}

/* Of EXECUTE and FETCH it need not be known what they stand for. */
static void
rows_of_a_statement_that_is_only_named_have_any_verb(void **state)
{
    const struct plan_statement select = {.verbs = 1 << VERB_SELECT},
                                update = {.verbs = 1 << VERB_UPDATE},
                                prepare = {.verbs = 1 << VERB_PREPARE | 1 << VERB_SELECT},
                                fetch = {.verb = VERB_FETCH};
    struct stand *t = *state;

    put_in_force(t, 1,
                 MAPPING "rules:\n"
                         "  - {name: a, when: {verbs: select}, verdict: allow, "
                         "durability: strict}\n");
    assert_int_equal(durable(t, NAME, 0, &select), DURABILITY_STRICT);
    assert_int_equal(durable(t, NAME, 0, &update), DURABILITY_GROUP);
    assert_int_equal(durable(t, NAME, 0, &prepare), DURABILITY_STRICT);
    assert_int_equal(durable(t, NAME, 0, &fetch), DURABILITY_STRICT);
    assert_int_equal(durable(t, NAME, 0, NULL), DURABILITY_STRICT);
    leave_force(t);
}

static void
an_actor_is_the_one_of_the_moment(void **state)
{
    struct stand *t = *state;
    struct config_texts *sources = &t->all.principals.actor_from;
    const char *alone[] = {"application_name"};
    const struct {
        size_t sources;
        const char *actor;
        enum durability durability;
    } cases[] = {
        {0, "kim", DURABILITY_GROUP}, {1, "", DURABILITY_GROUP},     {1, "kim", DURABILITY_STRICT},
        {1, "lee", DURABILITY_GROUP}, {1, "kim", DURABILITY_STRICT},
    };

    put_in_force(t, 1,
                 MAPPING "rules:\n"
                         "  - {name: a, when: {actor: kim}, verdict: allow, "
                         "durability: strict}\n");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        *sources = (struct config_texts){alone, cases[i].sources};
        actor_release(&t->observer.actor);
        assert_int_equal(actor_init(&t->session), 0);
        actor_report(&t->observer.actor, view_of_text(cases[i].actor));
        assert_int_equal(durable(t, NAME, 0, NULL), cases[i].durability);
    }
    actor_release(&t->observer.actor);
    leave_force(t);
}

/* The keeper has taken all that there is, and made it durable. */
static void
sync_ring(struct stand *t)
{
    struct ring *ring = ring_get(&t->file, 0);

    ring_set_durable(ring, ring_head(ring));
    ring_release(ring, ring_head(ring));
}

static void
a_client_waits_for_what_a_rule_wants_on_the_disk_and_for_nothing_else(void **state)
{
    struct stand *t = *state;
    struct ring *ring = ring_get(&t->file, 0);

    put_in_force(t, 1,
                 MAPPING "rules:\n"
                         "  - {name: a, when: {flags: refused}, verdict: allow, "
                         "durability: strict}\n"
                         "  - {name: b, when: {flags: kept}, verdict: allow, durability: os}\n");
    assert_int_equal(expose_probe(&t->session), 0);
    assert_true(!t->session.client.is_held && ring_due(ring) == ring_head(ring));
    sync_ring(t);
    assert_int_equal(expose_refusal(&t->session, NULL), 0);
    assert_true(t->session.client.is_held && ring_awaited(ring) == ring_head(ring));
    hold_look(&t->worker);
    assert_true(t->session.client.is_held);
    sync_ring(t);
    hold_look(&t->worker);
    assert_false(t->session.client.is_held);
    leave_force(t);
}

/* What finds no room in the ring waits for it, and then for the disk. */
static void
what_had_no_room_is_as_durable_as_it_was_to_be(void **state)
{
    static uint8_t much[RING_PAYLOAD_MAX];
    struct stand *t = *state;
    struct ring *ring = ring_get(&t->file, 0);
    struct iovec part = {much, sizeof(much)};
    uint64_t position;

    put_in_force(t, 1,
                 MAPPING "rules:\n"
                         "  - {name: a, when: {flags: refused}, verdict: allow, "
                         "durability: strict}\n");
    for (; part.iov_len > 0; part.iov_len /= 2)
        while (ring_append(ring, RING_SHAPE, &part, 1, DURABILITY_OS, &position) == 0)
            continue;
    assert_int_equal(expose_refusal(&t->session, NULL), 0);
    assert_int_equal(expose_probe(&t->session), 0);
    assert_true(t->session.client.is_held && ring_awaited(ring) == 0);
    sync_ring(t);
    hold_look(&t->worker);
    assert_true(t->session.client.is_held && ring_awaited(ring) > 0);
    assert_true(ring_awaited(ring) < ring_due(ring)); /* the probe's, which nobody waits for */
    sync_ring(t);
    hold_look(&t->worker);
    assert_false(t->session.client.is_held);
    leave_force(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_stand, remove_stand)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs_are_numbered_as_the_configuration_lists_them),
        TEST(rules_in_force_decide_by_what_a_record_shows_also_after_a_reload),
        TEST(rows_of_a_statement_that_is_only_named_have_any_verb),
        TEST(an_actor_is_the_one_of_the_moment),
        TEST(a_client_waits_for_what_a_rule_wants_on_the_disk_and_for_nothing_else),
        TEST(what_had_no_room_is_as_durable_as_it_was_to_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
