/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the texts of errors and notices can carry: values of rows, by the statement that runs, the
 * functions it calls, the triggers that wait for the transaction's end. Source: PostgreSQL manual,
 * "Error and Notice Message Fields", "PostgreSQL Error Codes".
 */
#ifndef PASU_GATE_SPEECH_H
#define PASU_GATE_SPEECH_H

#include "gate/observer.h"

struct speech {
    uint64_t fields, kinds; /* of anybody of these kinds */
    uint64_t most;          /* and of no more than so many of each */
    /* Of the persons that a part of the statement pins, and nobody else: its fields; 0: of none. */
    uint64_t named_fields;
    const struct plan_part *part;
    const uint32_t *ordinals; /* of the result under way */
    size_t count;
    bool is_shown; /* there is one, and a value of theirs is in the text */
    /* Where the text itself says who it is, `part` and `ordinals` are these. */
    struct plan_part own_part;
    uint32_t own_ordinal;
};

/* What an error or a notice that comes now can carry; `body` is its own. The result under way is
 * opened where that tells more. */
void speech_of(struct session *session, bool is_error, struct view body, struct speech *speech);
/* Whether the text of the present statement is of persons whom it pins alone (struct plan_words):
 * then they are in `speech`. */
bool speech_is_of_pinned(struct session *session, struct exchange_request *request, bool is_error,
                         struct view body, struct speech *speech);
/* How many persons of a kind the text of an error is of at most, where it is of one row alone, of a
 * query, or of one that a change would have made or meets; 0: it can be of any. */
uint8_t speech_of_query_row(struct session *session, struct exchange_request *request,
                            struct view body);
uint8_t speech_of_changed_row(const struct session *session, const struct plan_statement *statement,
                              struct view body);
/* Whether the text of an error is the row that an UPDATE would have made, with its key, which it
 * had before: then whose that is is in `speech`. */
bool speech_is_of_key(struct session *session, struct exchange_request *request,
                      const struct plan_statement *statement, struct view body,
                      struct speech *speech);
/* Whether there is a result of the request, or one about to be, of which it is known what it is. */
bool speech_has_result(struct session *session, struct exchange_request *request);
/* Whether an error says that a row cannot go because others refer to it: it shows its key, which is
 * no more than the statement said that named it. Only of tables that hold nothing but what their
 * mapping says, and of columns that are personal in none. */
bool speech_is_key_alone(const struct session *session, const struct plan_statement *statement,
                         struct view body);
/* Whether "Key (id, …)=(…)" of an error names columns of the table that are personal in none. */
bool speech_names_no_field(const struct catalog *catalog, const struct catalog_relation *table,
                           struct view body);
/* Whether an error is about a row that an INSERT was to add, and that has nothing but what the
 * client has written itself; that there is one of the same key is no exposure, but that there is
 * one of the same e-mail address is. */
bool speech_is_own_row(const struct session *session, const struct plan_statement *statement,
                       struct view body);
/* The table that such a body names; NULL: it names none that the snapshot knows. */
const struct catalog_relation *speech_relation(const struct catalog *catalog, struct view body);
/* A field of such a body, empty where it has none. */
struct view speech_field(struct view body, char which);

#endif
