/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told what, over many random ledgers with notices before: nobody outside the upper bound is
 * told that something of theirs leaked, nobody who is named is left out, and nothing is told twice.
 */
#include "cli/notice_set.h"

#include "breach_story.h"
#include "random.h"

enum { FIELDS = 3, PERSONS = 24, ROUNDS = 300, PASTS = 3, LIST = 5 };

/* One reading: the ledger up to some place. */
struct reading {
    struct story story;
    struct affected affected;
};

static void
begin(struct reading *r)
{
    memset(r, 0, sizeof(*r));
    story_begin(&r->story, affected_take, &r->affected);
    affected_init(&r->affected, &r->story.selection);
    story_has_vocabulary(&r->story, 1, "name phone address", "customer recipient");
    story_opens(&r->story, 7, "analyst", "192.0.2.7", "psql");
}

/* A few statements; some that cannot name all. */
static void
tell(struct reading *r, struct random *random)
{
    uint32_t count = random_below(random, 5);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t ordinals[LIST], used = 0;
        struct exposure exposure;

        for (uint32_t p = random_below(random, PERSONS); p < PERSONS && used < LIST;
             p += 1 + random_below(random, 4))
            ordinals[used++] = p;
        exposure = story_exposure(7, i + 1, 0, ordinals, used);
        exposure.parts[0].clear = random_below(random, 1 << FIELDS);
        exposure.parts[0].masked = random_below(random, 1 << FIELDS) & ~exposure.parts[0].clear;
        exposure.parts[0].null = random_below(random, 6) == 0 ? 1 : 0;
        exposure.parts[0].unknown = random_below(random, 8) == 0 ? 3 : 0;
        if ((exposure.parts[0].clear | exposure.parts[0].masked) == 0)
            exposure.parts[0].clear = 1;
        story_shows(&r->story, exposure);
    }
    story_end(&r->story);
}

static void
end(struct reading *r)
{
    affected_release(&r->affected);
    story_release(&r->story);
}

/* What was told of a person, by the notices in their order, as a reader of the letters has it. */
struct letters {
    bool has_leak, has_possible;
    uint64_t fields[3]; /* clear, masked, maybe */
};

static uint64_t
known(const struct letters *l, unsigned at_least)
{
    return l->fields[0] | (at_least > 0 ? l->fields[1] : 0) | (at_least > 1 ? l->fields[2] : 0);
}

static void
check(const struct affected_kind *kind, const struct affected_person *p, const struct notice *n,
      bool has_possible, struct letters *l)
{
    bool is_possible = kind && kind->unknown > 0;

    switch (n->kind) {
    case NOTICE_LEAK:
    case NOTICE_ADDITION:
        assert_non_null(p);
        assert_int_equal(n->kind == NOTICE_ADDITION, l->has_leak);
        assert_true(n->clear == p->clear && n->masked == p->masked && n->maybe == p->maybe);
        assert_true(n->kind == NOTICE_LEAK || n->added != 0);
        *l = (struct letters){
            true,
            l->has_possible,
            {l->fields[0] | p->clear, l->fields[1] | p->masked, l->fields[2] | p->maybe}};
        break;
    case NOTICE_POSSIBLE:
        assert_true(!p && is_possible && has_possible && !l->has_leak && !l->has_possible);
        assert_true(n->clear == 0 && n->masked == 0 && n->maybe == kind->fields);
        l->has_possible = true;
        break;
    case NOTICE_RETRACTION:
        assert_true(!p && !is_possible && (l->has_leak || l->has_possible));
        *l = (struct letters){0};
        break;
    default: /* then there is nothing new to tell */
        assert_true(!p || l->has_leak);
        assert_true(!p || ((p->clear & ~known(l, 0)) == 0 && (p->masked & ~known(l, 1)) == 0 &&
                           (p->maybe & ~known(l, 2)) == 0));
        assert_true(p || is_possible || (!l->has_leak && !l->has_possible));
        assert_true(p || !is_possible || !has_possible || l->has_leak || l->has_possible);
        break;
    }
}

/* One after the other: each reading is that of a version for which notices are made. */
static void
letters_tell_all_that_is_known_once_and_nothing_else(void **state PASU_UNUSED)
{
    static struct reading readings[PASTS + 1];
    struct random random = {.state = 49};
    size_t counts[NOTICE_KINDS] = {0};

    for (int round = 0; round < ROUNDS; round++) {
        struct letters letters[PERSONS] = {{0}};
        struct notice_past pasts[PASTS] = {0};

        for (size_t v = 0; v <= PASTS; v++) {
            struct reading *r = &readings[v];
            struct evidence evidence = {0};
            struct notice_set set = {.evidence = &evidence, .pasts = pasts, .past_count = v};
            const struct affected_kind *kind;

            begin(r);
            tell(r, &random);
            evidence.book = r->story.book;
            set.now = r->affected;
            set.has_possible = random_below(&random, 2) == 0;
            kind = affected_kind(&set.now, "customer");
            for (uint32_t ordinal = 0; ordinal < PERSONS; ordinal++) {
                struct notice notice;

                notice_set_ask(&set, "customer", &ordinal, 1, &notice);
                counts[notice.kind]++;
                check(kind, affected_person(kind, ordinal), &notice, set.has_possible,
                      &letters[ordinal]);
            }
            if (v < PASTS)
                pasts[v] = (struct notice_past){.has_possible = set.has_possible,
                                                .book = r->story.book,
                                                .affected = r->affected};
        }
        for (size_t v = 0; v <= PASTS; v++)
            end(&readings[v]);
    }
    for (unsigned k = 0; k < NOTICE_KINDS; k++)
        assert_true(counts[k] > 50); /* each of them is tried */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_tell_all_that_is_known_once_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
