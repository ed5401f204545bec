/* SPDX-License-Identifier: Apache-2.0 */
/* "Failing row contains (1350, Kim, null)", "Key (email)=(…) already exists": errors about the row
 * that a statement was to add or change. */
#include "gate/speech.h"

#include "gate/instruments.h"
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

/* Nor what acts on the table that is told of, under whatever name it was written to: a view that no
 * snapshot shows yet. */
static bool
is_acted_on(const struct catalog_relation *table)
{
    return table->act_fields != 0 || table->written_fields != 0 || table->is_written_opaque;
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
    return table && !is_acted_on(table) &&
           (has_code(body, "23502") ||
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
    return table && table->marked_fields == 0 && !is_acted_on(table) ? words_persons_of_row(table)
                                                                     : 0;
}

/* ---- the row's key, as it stands in "Failing row contains (1350, Kim, null)" ---- */

/* Types whose texts have neither comma nor bracket, so that a value behind them is found. */
static bool
is_of_one_word(uint32_t type)
{
    enum { BOOLEAN = 16, DATE = 1082 };
    enum catalog_key_type key = key_type_of_oid(type);

    return type == BOOLEAN || type == DATE || (key != CATALOG_KEY_NONE && key != CATALOG_KEY_TEXT);
}

/* How many values stand before that of the key; -1 where it cannot be found behind them. */
static int
values_before(const struct catalog_relation *table, const struct catalog_show *show)
{
    int count = 0;

    if (show->key_column <= 0 || show->is_key_loose || show->key_type == CATALOG_KEY_NONE ||
        show->key_type == CATALOG_KEY_TEXT || show->key_type == CATALOG_KEY_TUPLE)
        return -1;
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].number >= show->key_column)
            continue;
        if (!is_of_one_word(table->columns[i].type))
            return -1;
        count++;
    }
    return count;
}

/* Behind the first bracket, whatever the language. Where not all columns may be read, their names
 * stand there, which are no keys. */
static struct view
value_at(struct view detail, int index)
{
    size_t at = 0, end;

    while (at < detail.length && detail.bytes[at] != '(')
        at++;
    for (at++;; index--, at = end + 2) { /* ", " */
        for (end = at; end < detail.length && detail.bytes[end] != ','; end++)
            if (detail.bytes[end] == ')')
                break;
        if (end >= detail.length)
            return view_of("", 0);
        if (index == 0)
            return view_of(detail.bytes + at, end - at);
    }
}

bool
speech_is_of_key(struct session *s, struct exchange_request *request,
                 const struct plan_statement *statement, struct view body, struct speech *speech)
{
    const struct catalog *catalog = s->observer->catalog;
    const struct catalog_relation *table = catalog ? speech_relation(catalog, body) : NULL;
    const struct catalog_show *show;
    struct view value;
    int before;

    if (!table || !statement || statement->changes != table->oid || table->kind != 'r' ||
        table->marked_fields != 0 || table->show_count != 1 ||
        !writes_own_values(statement, VERB_UPDATE) ||
        !(has_code(body, "23502") || has_code(body, "23514")) || !speech_has_result(s, request) ||
        !s->observer->result.is_sure)
        return false;
    show = &table->shows[0];
    before = values_before(table, show);
    value = before >= 0 ? value_at(speech_field(body, 'D'), before) : view_of("", 0);
    if (value.length == 0 || ordinal_of_value(&s->worker->instruments->ordinals, show->kind,
                                              (enum catalog_key_type)show->key_type, 0, value,
                                              &speech->own_ordinal) != 0)
        return false;
    speech->own_part =
        (struct plan_part){.kind = show->kind, .source = SOURCE_OUTPUT, .key_type = show->key_type};
    speech->part = &speech->own_part;
    speech->named_fields = show->fields;
    speech->ordinals = &speech->own_ordinal;
    speech->count = 1;
    speech->is_shown = true;
    return true;
}
