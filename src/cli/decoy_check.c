/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is registered as a decoy is no person to any answer, for good. So somebody whom the ledger
 * names as shown does not become one, and who is one is not registered again.
 */
#include "base/log.h"
#include "cli/complain.h"
#include "cli/decoy.h"
#include "cli/evidence_part.h"
#include "cli/person.h"

#include <inttypes.h>
#include <string.h>

enum { TIME_SIZE = 32, WATCH_SIZE = TIME_SIZE + 32 };

/* ---- who is one already ---- */

/* With new values, under a key that a decoy had whose set is retired: their row is gone, and the
 * table gave its key anew. */
static bool
is_same(const struct decoy_batch *b, const struct payload_decoy *item, const struct decoy_set *set,
        const struct payload_decoy *old)
{
    bool is_made_now = arguments_given(b->arguments, OPTION_dsn);

    if (memcmp(item->key, old->key, sizeof(item->key)) != 0)
        return false;
    return set->head.retired == 0 ||
           (!is_made_now && memcmp(item->values, old->values, sizeof(item->values)) == 0);
}

static const struct decoy_set *
set_of(const struct decoy_batch *b, const struct payload_decoy *item)
{
    const struct decoys *decoys = b->evidence->decoys;

    for (size_t s = 0; decoys != NULL && s < decoys->count; s++) {
        const struct decoy_set *set = &decoys->sets[s];

        if (strcmp(set->head.kind, b->subject->name) != 0)
            continue;
        for (size_t i = 0; i < set->count; i++)
            if (is_same(b, item, set, &set->items[i]))
                return set;
    }
    return NULL;
}

static int
complain_known(const struct decoy_batch *b, size_t first, size_t count, const struct decoy_set *set)
{
    char state[WATCH_SIZE] = "which watches them", time[TIME_SIZE];

    if (set->head.retired != 0) {
        log_time_text(time, sizeof(time), set->head.retired);
        snprintf(state, sizeof(state), "which was retired %s", time);
    }
    complain(arguments_given(b->arguments, OPTION_dsn)
                 ? "nothing was planted: if the rows of that set are gone, retire it first"
                 : "nobody was registered: without their lines the others can be; who is to be "
                   "watched anew is planted anew",
             "%zu of these %zu persons %s registered already: %s %.64s is of set %" PRIu64 ", %s",
             count, b->count, count == 1 ? "is" : "are", b->subject->name, b->keys[first],
             set->head.number, state);
    return 2;
}

static int
check_known(const struct decoy_batch *b)
{
    const struct decoy_set *found = NULL;
    size_t count = 0, first = 0;

    for (size_t i = 0; i < b->count; i++) {
        const struct decoy_set *set = set_of(b, &b->items[i]);

        if (set != NULL && count++ == 0) {
            found = set;
            first = i;
        }
    }
    return found != NULL ? complain_known(b, first, count, found) : 0;
}

static int
check_twice(const struct decoy_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        for (size_t k = 0; k < i; k++)
            if (memcmp(b->items[i].key, b->items[k].key, sizeof(b->items[i].key)) == 0) {
                complain("nobody was registered; give each line once",
                         "%s %.64s is in it more than once", b->subject->name, b->keys[i]);
                return 2;
            }
    return 0;
}

/* ---- who was shown ---- */

static int
see_nothing(void *arg PASU_UNUSED, const struct sight *sight PASU_UNUSED)
{
    return 0;
}

/* Of the subject, who was shown: since when, and how often. */
static int
complain_shown(const struct decoy_batch *b, size_t first, size_t count, const struct subject *s)
{
    char from[TIME_SIZE], to[TIME_SIZE];

    log_time_text(from, sizeof(from), s->first);
    log_time_text(to, sizeof(to), s->last);
    complain(arguments_given(b->arguments, OPTION_dsn)
                 ? "nothing was planted: their keys were other persons'; give the key column a "
                   "default that makes keys which nobody had"
                 : "nobody was registered: whom the ledger names remains a person. If they were "
                   "planted, and read before this, delete their rows, and plant others: with --dsn "
                   "they are registered before anybody can read them",
             "%zu of these %zu persons %s shown before now: %s %.64s by %" PRIu64
             " statement%s, from %s to %s",
             count, b->count, count == 1 ? "was" : "were", b->subject->name, b->keys[first],
             s->shown, s->shown == 1 ? "" : "s", from, to);
    return 2;
}

static int
tell_shown(const struct decoy_batch *b, size_t first, size_t count)
{
    struct evidence *e = b->evidence;
    struct subject subject;
    bool is_answered = false;
    int result = evidence_anew(e), status;

    if (result != 0)
        return evidence_complain(e, result);
    subject_init(&subject, &e->selection, b->subject->name, see_nothing, NULL);
    status = person_find(e, b->keys[first], &subject);
    if (status == 0)
        status = evidence_subject(e, &subject, NULL, &is_answered);
    if (status == 0 && !is_answered)
        status = evidence_read(e, subject_take, &subject);
    if (status == 0)
        status = complain_shown(b, first, count, &subject);
    subject_release(&subject);
    return status;
}

/* Under any of the numbers that the key has. */
static int
is_shown(const struct decoy_batch *b, size_t at, const struct persons *shown, bool *is)
{
    struct subject subject;
    int status;

    *is = false;
    subject_init(&subject, &b->evidence->selection, b->subject->name, see_nothing, NULL);
    status = person_find(b->evidence, b->keys[at], &subject);
    for (size_t i = 0; i < subject.ordinal_count; i++)
        *is |= persons_has(shown, subject.ordinals[i]);
    subject_release(&subject);
    return status;
}

static int
look_for(const struct decoy_batch *b, const struct persons *shown)
{
    size_t count = 0, first = 0;
    int status = 0;

    for (size_t i = 0; i < b->count && status == 0; i++) {
        bool is = false;

        status = is_shown(b, i, shown, &is);
        if (is && count++ == 0)
            first = i;
    }
    return status == 0 && count > 0 ? tell_shown(b, first, count) : status;
}

/* Whom the whole ledger names, to whomever they were shown: the options are about the decoys. */
static int
check_shown(struct decoy_batch *b)
{
    struct evidence *e = b->evidence;
    struct scope scope;
    int status, kind;

    e->filter = (struct filter){0};
    scope_init(&scope, &e->selection);
    status = evidence_scope(e, &scope);
    kind = name_list_find(&e->book->names.kinds, b->subject->name);
    if (status == 0 && kind >= 0 && (size_t)kind < scope.kind_count &&
        persons_count(scope.kinds[kind].shown) > 0)
        status = look_for(b, scope.kinds[kind].shown);
    scope_release(&scope);
    return status;
}

int
decoy_batch_check(struct decoy_batch *b)
{
    int status = check_twice(b);

    if (status == 0)
        status = check_known(b);
    return status == 0 ? check_shown(b) : status;
}
