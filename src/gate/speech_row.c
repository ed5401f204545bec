/* SPDX-License-Identifier: Apache-2.0 */
/* "Failing row contains (1350, Kim, null)", "Key (email)=(…) already exists": errors about the row
 * that a statement was to add or change. */
#include "gate/speech.h"

#include "gate/session.h"
#include "postgres/plan_words.h"

static bool
has_code(struct view body, const char *code)
{
    return view_equal(speech_field(body, 'C'), view_of_text(code)) &&
           speech_field(body, 'W').length == 0 && speech_field(body, 'q').length == 0;
}

/* Its rows have no values but the client's, and what is there: it reads none that are personal for
 * them, and no code runs with it, be it of what acts on any table of that name: that has flags. */
static bool
writes_own_values(const struct plan_statement *statement, enum plan_verb verb)
{
    return statement->is_understood && statement->verb == (uint8_t)verb &&
           statement->verbs == UINT64_C(1) << verb && !statement->writes_values &&
           (statement->flags & ~(uint32_t)PLAN_PROBE) == 0;
}

/* What else stands in such texts is what others have, or of rows that were there: 23503 says it of
 * keys, 23514 of checks and partitions, 23P01 shows the row that is in the way. */
bool
speech_is_own_row(const struct session *s, const struct plan_statement *statement, struct view body)
{
    const struct catalog *catalog = s->observer->catalog;
    const struct catalog_relation *table;

    if (!catalog || !statement || !writes_own_values(statement, VERB_INSERT))
        return false;
    table = speech_relation(catalog, body);
    return table && (has_code(body, "23502") ||
                     (has_code(body, "23505") && speech_names_no_field(catalog, table, body)));
}

/* "Key (email)=(…) already exists" is of the row that has it; "Failing row contains (…)" of the one
 * that an UPDATE would have made of another. */
uint8_t
speech_of_changed_row(const struct session *s, const struct plan_statement *statement,
                      struct view body)
{
    const struct catalog *catalog = s->observer->catalog;
    const struct catalog_relation *table;
    bool is_update;

    if (!catalog || !statement)
        return 0;
    is_update = writes_own_values(statement, VERB_UPDATE);
    if (!is_update && !writes_own_values(statement, VERB_INSERT))
        return 0;
    if (!has_code(body, "23505") &&
        !(is_update && (has_code(body, "23502") || has_code(body, "23514"))))
        return 0;
    table = speech_relation(catalog, body);
    return table && table->marked_fields == 0 ? words_persons_of_row(table) : 0;
}
