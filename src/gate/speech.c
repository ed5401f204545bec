/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/speech.h"

#include "gate/result.h"
#include "gate/session.h"

struct view
speech_field(struct view body, char which)
{
    struct reader r = reader_of(body);
    uint8_t type;

    while ((type = reader_u8(&r)) != 0) {
        struct view text = reader_text(&r);

        if (type == which && !r.failed)
            return text;
    }
    return view_of("", 0);
}

/* Whether code runs where nothing but a constant or a parameter is read: the checks of a domain, as
 * often as one is inside a type that is not its own ('{x}'::domain[]), be it while a text is parsed
 * and nothing is run yet. What it says has no place in the plan of a text. */
static bool
reading_runs_code(const struct session *s)
{
    const struct observer *o = s->observer;

    return catalog_has_foreign_casts(o->catalog) || o->unseen_fields != 0 ||
           o->change == TOUCH_ALL || observer_is_stale(s);
}

static bool
begins_with(struct view text, struct view start)
{
    return text.length >= start.length && memcmp(text.bytes, start.bytes, start.length) == 0;
}

/* Whether the client has written the text that is parsed, be it in the body of a function: code
 * that runs a text of its own (EXECUTE) can have put values among its names. */
static bool
is_of_own_text(struct view body)
{
    struct view context = speech_field(body, 'W');

    return speech_field(body, 'q').length == 0 &&
           (context.length == 0 || (begins_with(context, VIEW("SQL function \"")) &&
                                    !memchr(context.bytes, '\n', context.length)));
}

/* Errors that only the parser of statements has: of names in the text, never of a value. */
static bool
is_of_parser(struct view body)
{
    static const char *const routines[] = {"scanner_yyerror",
                                           "parserOpenTable",
                                           "errorMissingRTE",
                                           "errorMissingColumn",
                                           "colNameToVar",
                                           "scanRTEForColumn",
                                           "refnameNamespaceItem",
                                           "scanNameSpaceForRefname",
                                           "checkNameSpaceConflicts",
                                           "check_ungrouped_columns_walker",
                                           "check_agglevels_and_constraints",
                                           "ParseFuncOrColumn",
                                           "op_error",
                                           "transformColumnRef",
                                           "transformInsertRow",
                                           "transformTypeCast",
                                           "checkInsertTargets",
                                           "coerce_to_boolean",
                                           "select_common_type",
                                           "findTargetlistEntrySQL92"};
    struct view routine = speech_field(body, 'R');

    for (size_t i = 0; i < COUNT_OF(routines) && is_of_own_text(body); i++)
        if (view_equal(routine, view_of_text(routines[i])))
            return true;
    return false;
}

/* "empty range bound specified": both are in it, and have been computed. */
static bool
is_about_bound(struct view body)
{
    return view_equal(speech_field(body, 'C'), VIEW("42P17")) && speech_field(body, 'D').length > 0;
}

/* Errors about the client's own text, found while it was read and before anything was run: they
 * point at a place in it. Texts that a value was read as point at one, too (email::regtype), but
 * say what they were read for, and code's own texts are quoted in its errors. */
static bool
is_about_text(struct view body)
{
    return speech_field(body, 'P').length > 0 && speech_field(body, 'W').length == 0 &&
           speech_field(body, 'q').length == 0 && !is_about_bound(body);
}

/* A COPY of a table that has not begun to answer: its names were looked up, and nothing of it has
 * been run. Of a query the planner can have. */
static bool
is_about_copy(const struct observer *o, const struct plan_statement *statement, struct view body)
{
    struct view code = speech_field(body, 'C');

    return statement && statement->special == SPECIAL_COPY_OUT && !statement->copy.is_of_query &&
           !o->result.is_open && code.length == 5 &&
           (memcmp(code.bytes, "42", 2) == 0 || memcmp(code.bytes, "3F", 2) == 0) &&
           speech_field(body, 'W').length == 0 && speech_field(body, 'q').length == 0;
}

/* 'unnamed portal parameter $1 = …', or of a named portal: a value of the client's that Bind could
 * not read. What else was run for a Bind says more, or other, lines. */
static bool
is_about_parameter(const struct exchange_request *request, struct view body)
{
    struct view context = speech_field(body, 'W');

    if (!request || request->step != STEP_BIND || context.length == 0 ||
        memchr(context.bytes, '\n', context.length))
        return false;
    return begins_with(context, VIEW("unnamed portal parameter $")) ||
           begins_with(context, VIEW("portal \""));
}

/* Whether a statement evaluates expressions, of which this error about a name can be: CREATE does
 * for an index (v::tsquery) and for the bounds of a partition, and has errors about its own names
 * all the time. */
static bool
evaluates(const struct plan_statement *statement, struct view body)
{
    switch ((enum plan_verb)statement->verb) {
    case VERB_DROP:
    case VERB_COMMENT:
    case VERB_GRANT:
    case VERB_REVOKE:
    case VERB_LOCK:
    case VERB_TRUNCATE:
    case VERB_SET:
    case VERB_RESET:
    case VERB_SHOW:
        return false;
    case VERB_CREATE:
        return statement->mark.fields != 0 || is_about_bound(body) ||
               view_equal(speech_field(body, 'C'), VIEW("42601"));
    default:
        return true;
    }
}

/* Errors whose texts name objects of the statement's own text, places and states, never values.
 * Names can be values (email::regclass: "relation \"…\" does not exist"): an error about a name is
 * silent only where nothing is evaluated. */
static bool
is_silent(const struct plan_statement *statement, struct view body)
{
    static const char silent[] = "01 02 03 08 0B 25 26 28 2D 34 3B 40 53 54 55 57 ";
    static const char names[] = "0A 3D 3F 42 ";
    struct view code = speech_field(body, 'C');

    if (code.length != 5)
        return false;
    if (view_equal(speech_field(body, 'R'), VIEW("pushValue"))) /* word is too long in tsquery: … */
        return false;
    for (const char *c = silent; *c; c += 3)
        if (c[0] == code.bytes[0] && c[1] == code.bytes[1])
            return true;
    if (view_equal(code, VIEW("42501"))) /* permission denied for table … */
        return true;
    for (const char *c = names; *c; c += 3)
        if (c[0] == code.bytes[0] && c[1] == code.bytes[1])
            return statement && !evaluates(statement, body);
    return false;
}

/* A column that is added has its default in all rows at once, in whatever type that is. */
static bool
is_of_new_value(const struct plan_statement *statement, bool is_error, struct view body)
{
    return is_error && statement && statement->verb == VERB_ALTER && !is_silent(statement, body);
}

/* Notices of the server's own about the names in a statement: "does not exist, skipping". Those of
 * code say where in it they came from. */
static bool
is_silent_notice(struct view body)
{
    static const char *const routines[] = {"does_not_exist_skipping",  "DropErrorMsgNonExistent",
                                           "transformCreateStmt",      "DefineIndex",
                                           "AlterTableDropConstraint", "ATExecAddColumn"};
    struct view routine = speech_field(body, 'R');

    if (speech_field(body, 'W').length > 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(routines); i++)
        if (view_equal(routine, view_of_text(routines[i])))
            return true;
    return false;
}

/* The most that what the request runs can say; whether code runs that can say it of itself. */
static bool
words_of(struct session *s, const struct exchange_request *request, uint64_t *fields,
         uint64_t *kinds)
{
    const struct observer *o = s->observer;
    const struct plan_statement *statement = result_meant(s, request), *run;

    *fields = *kinds = 0;
    if (request->step == STEP_FUNCTION_CALL) {
        result_function(s, request->function, fields, kinds);
        return *fields != 0;
    }
    if (request->step != STEP_QUERY && request->step != STEP_BIND && request->step != STEP_EXECUTE)
        return false;
    if (!statement) { /* an empty text runs nothing; of another nothing is known */
        if (!request->plan || request->plan->statement_count > 0)
            observer_all(s, fields, kinds);
        return false;
    }
    run = result_followed(o, statement);
    if (statement->may_speak || (run && run->may_speak)) {
        *fields = statement->most_fields | (run ? run->most_fields : 0);
        *kinds = statement->most_kinds | (run ? run->most_kinds : 0);
    }
    return ((statement->flags | (run ? run->flags : 0)) & (PLAN_OPAQUE | PLAN_CALLS)) != 0;
}

/* How many persons of a kind the row has that an error is of. */
static uint64_t
row_of(struct session *s, struct exchange_request *request, const struct plan_statement *statement,
       struct view body)
{
    uint8_t persons = speech_of_changed_row(s, statement, body);

    if (persons == 0)
        persons = speech_of_query_row(s, request, body);
    return persons > 0 ? persons : UINT64_MAX;
}

void
speech_of(struct session *s, bool is_error, struct view body, struct speech *speech)
{
    const struct observer *o = s->observer;
    struct exchange_request *request = exchange_first(&o->exchange);
    uint64_t most_fields = 0, most_kinds = 0;
    const struct plan_statement *statement = request ? result_statement(o, request) : NULL;
    bool is_code = request && words_of(s, request, &most_fields, &most_kinds);
    bool is_read = is_error && (is_about_text(body) || is_about_parameter(request, body));

    *speech = (struct speech){.most = UINT64_MAX};
    if ((is_read || speech_field(body, 'W').length > 0 ||
         is_of_new_value(statement, is_error, body)) &&
        !(is_error && is_of_parser(body)) && reading_runs_code(s)) {
        observer_all(s, &speech->fields, &speech->kinds);
        return;
    }
    if (is_read || (is_error && is_about_copy(o, statement, body)))
        return;
    if (!is_error && is_silent_notice(body))
        return;
    speech->fields = o->speaks_fields;
    speech->kinds = o->speaks_kinds;
    if (statement && result_followed(o, statement))
        statement = result_followed(o, statement);
    /* A trigger that no snapshot shows yet can have said it. */
    is_code |= !is_error && speech_field(body, 'W').length > 0;
    /* Nothing has run where the text itself is at fault: code says where in it it came from. */
    if (is_error && speech_field(body, 'P').length > 0 && speech_field(body, 'W').length == 0)
        is_code = false;
    if (!is_code &&
        (!is_error || is_silent(statement, body) || speech_is_key_alone(s, statement, body) ||
         speech_is_own_row(s, statement, body)))
        return;
    if (most_fields && speech_is_of_pinned(s, request, is_error, body, speech))
        return;
    if (is_error && !is_code && most_fields && !speech->fields && !o->unseen_fields) {
        if (speech_is_of_key(s, request, statement, body, speech))
            return;
        speech->most = row_of(s, request, statement, body);
    }
    speech->fields |= most_fields | o->unseen_fields;
    speech->kinds |= most_kinds | o->unseen_kinds;
}
