/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields a statement can show, for rules that judge it before it is sent. */
#include "gate/observer.h"
#include "gate/renew.h"
#include "gate/result.h"
#include "gate/session.h"
#include "gate/speech.h"
#include "gate/verdict.h"

uint64_t
verdict_fields(const struct session *s, const struct plan_statement *statement)
{
    uint64_t fields = 0, all, kinds;

    observer_all(s, &all, &kinds);
    if (!statement)
        return all;
    if (!statement->is_understood ||
        (statement->special == SPECIAL_COPY_OUT && statement->part_count == 0))
        return statement->most_fields & all;
    for (size_t p = 0; p < statement->part_count; p++)
        fields |= statement->parts[p].fields;
    return (fields | (statement->inner ? verdict_fields(s, statement->inner) : 0)) & all;
}

const struct plan_statement *
verdict_followed(const struct exchange *x, const struct plan_statement *statement)
{
    const struct plan_statement *meant = statement;
    struct view types;

    if (statement->special == SPECIAL_EXECUTE || statement->is_executed)
        (void)exchange_expected(x, statement->name, &meant, &types);
    else if (statement->special == SPECIAL_FETCH)
        (void)exchange_expected_portal(x, statement->name, &meant);
    return meant;
}

/* Whether what EXECUTE names means by now what its plan says: it is planned anew where the catalog
 * has changed, as Bind does. */
static bool
is_prepared_sure(struct session *s, const char *name)
{
    struct prepared *prepared = exchange_prepared(&s->observer->exchange, name);

    /* What only waits to be prepared was planned just now. */
    return !prepared || (renew_prepared(s, prepared) == 0 && !prepared->is_doubtful);
}

static bool
is_cursor_sure(const struct session *s, const char *name)
{
    const struct portal *portal = exchange_portal(&s->observer->exchange, name);

    return !portal || (!portal->is_doubtful && !portal->is_renamed && !portal->is_over);
}

uint64_t
verdict_fields_asked(struct session *s, const struct plan_statement *statement,
                     const struct plan_statement **meant)
{
    uint64_t all, kinds;
    bool is_sure;

    *meant = NULL;
    observer_all(s, &all, &kinds);
    if (!statement)
        return all;
    if (statement->special == SPECIAL_EXECUTE)
        is_sure = is_prepared_sure(s, statement->name);
    else if (statement->special == SPECIAL_FETCH)
        is_sure = is_cursor_sure(s, statement->name);
    else
        is_sure = false;
    *meant = verdict_followed(&s->observer->exchange, statement);
    if (*meant == statement)
        return verdict_fields(s, statement);
    /* Its own rows are those of what it names, and can show what functions give to that. */
    if (is_sure && *meant)
        return verdict_fields(s, *meant) | (statement->kept_fields & all);
    return verdict_fields(s, *meant) | verdict_fields(s, statement);
}

/* Its own routine says so, of the statement itself. Code that is run can give its errors the same
 * code, and hand on such an error, but not without a context. */
bool
verdict_names_nothing(const struct plan_statement *statement, struct view error)
{
    bool is_cursor = statement && statement->special == SPECIAL_FETCH;

    return statement &&
           (is_cursor || statement->special == SPECIAL_EXECUTE || statement->is_executed) &&
           view_equal(speech_field(error, 'C'), is_cursor ? VIEW("34000") : VIEW("26000")) &&
           view_equal(speech_field(error, 'R'),
                      is_cursor ? VIEW("PerformPortalFetch") : VIEW("FetchPreparedStatement")) &&
           speech_field(error, 'W').length == 0 && speech_field(error, 'q').length == 0;
}

uint64_t
verdict_fields_done(struct session *s, const struct plan_statement *statement,
                    const struct plan_statement **meant)
{
    const struct exchange *x = &s->observer->exchange;
    const struct prepared *prepared;
    uint64_t all, kinds;
    bool is_sure;

    *meant = statement;
    if (statement->special == SPECIAL_EXECUTE) {
        prepared = exchange_prepared(x, statement->name);
        is_sure = prepared && !prepared->is_doubtful;
    } else if (statement->special == SPECIAL_FETCH) {
        is_sure = is_cursor_sure(s, statement->name);
    } else {
        return verdict_fields(s, statement);
    }
    *meant = result_followed(s->observer, statement);
    if (!*meant || (*meant)->special != SPECIAL_NONE)
        *meant = NULL;
    if (!is_sure || !*meant)
        return verdict_fields(s, NULL);
    observer_all(s, &all, &kinds);
    return verdict_fields(s, *meant) | (statement->kept_fields & all);
}
