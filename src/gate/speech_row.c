/* SPDX-License-Identifier: Apache-2.0 */
/* "Failing row contains (1350, Kim, null)", "Key (email)=(…) already exists": errors about the row
 * that an INSERT was to add. */
#include "gate/speech.h"

#include "gate/session.h"

/* What else stands in such texts is what others have, or of rows that were there: 23503 says it of
 * keys, 23514 of checks and partitions, 23P01 shows the row that is in the way. */
static bool
is_about_new_row(struct view body)
{
    struct view code = speech_field(body, 'C');

    return (view_equal(code, VIEW("23502")) || view_equal(code, VIEW("23505"))) &&
           speech_field(body, 'W').length == 0 && speech_field(body, 'q').length == 0;
}

/* It adds rows, none of whose values are anybody's but the client's: it neither reads any for them
 * nor changes a row that is there (ON CONFLICT), and no code runs with it, be it of what acts on
 * any table of that name: that has flags. */
static bool
adds_own_values(const struct plan_statement *statement)
{
    return statement->is_understood && statement->verb == VERB_INSERT &&
           statement->verbs == UINT64_C(1) << VERB_INSERT && !statement->writes_values &&
           (statement->flags & ~(uint32_t)PLAN_PROBE) == 0;
}

bool
speech_is_own_row(const struct session *s, const struct plan_statement *statement, struct view body)
{
    const struct catalog *catalog = s->observer->catalog;

    return catalog && statement && is_about_new_row(body) && adds_own_values(statement) &&
           speech_relation(catalog, body) != NULL;
}
