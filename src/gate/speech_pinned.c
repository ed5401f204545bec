/* SPDX-License-Identifier: Apache-2.0 */
/* "invalid input syntax for type integer: \"Kim\"": texts of a statement that pins whom it reads.
 */
#include "gate/speech.h"

#include "gate/result.h"
#include "gate/session.h"

bool
speech_has_result(struct session *s, struct exchange_request *request)
{
    const struct portal *portal;

    if (request->step != STEP_QUERY && request->step != STEP_EXECUTE &&
        request->step != STEP_FUNCTION_CALL)
        return false;
    if (s->observer->result.is_open)
        return true;
    if (request->step != STEP_EXECUTE)
        return result_open_silent(s, request) == 0;
    portal = exchange_portal(&s->observer->exchange, request->name);
    return portal && portal->is_described && result_open_portal(s) == 0;
}

/* The server has said that a column comes from the part's table: it is no other one of that name.
 * What a row says of itself is said of that row alone. */
static bool
has_origin(const struct result *r, const struct plan_part *part)
{
    const struct showing *showing = r->showing ? r->showing->showing : NULL;

    for (size_t p = 0; showing && p < showing->part_count; p++) {
        const struct showing_part *shown = &showing->parts[p];

        if (shown->pins == part->pins && shown->source != SOURCE_BOUND && !shown->has_origin &&
            !shown->is_array)
            return true;
    }
    return false;
}

/* What an input function could not read, or could not take for its type: all of those quote it, but
 * for some of numbers that are too large. Code would say where it came from, and a text of the
 * client's own has a place. */
static bool
is_of_input(struct view body)
{
    static const char *const codes[] = {"22P02", "22007", "22008"};
    struct view code = speech_field(body, 'C'), text = speech_field(body, 'M');

    if (speech_field(body, 'W').length > 0 || speech_field(body, 'P').length > 0 ||
        speech_field(body, 'q').length > 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (view_equal(code, view_of_text(codes[i])))
            return true;
    return view_equal(code, VIEW("22003")) && memchr(text.bytes, '"', text.length);
}

static bool
begins_with(struct view text, struct view start)
{
    return text.length >= start.length &&
           (start.length == 0 || memcmp(text.bytes, start.bytes, start.length) == 0);
}

/* RAISE has put a value where the format has its sign. */
static bool
is_raised(const struct plan_words *words, struct view body)
{
    struct view text = speech_field(body, 'M'), value, end;

    if (!view_equal(speech_field(body, 'R'), VIEW("exec_stmt_raise")) ||
        !begins_with(text, words->before) ||
        text.length - words->before.length < words->after.length)
        return false;
    end = view_of(text.bytes + text.length - words->after.length, words->after.length);
    value = view_of(text.bytes + words->before.length,
                    text.length - words->before.length - words->after.length);
    return view_equal(end, words->after) && !view_equal(value, VIEW("<NULL>"));
}

static bool
is_told(const struct plan_words *words, bool is_error, struct view body)
{
    switch ((enum plan_told)words->told) {
    case TOLD_PERHAPS:
        break;
    case TOLD_BY_INPUT:
        return is_error && is_of_input(body);
    case TOLD_BY_RAISE:
        return is_raised(words, body);
    }
    return false;
}

/* The same of a table whose rows its parts show. */
static bool
comes_from(const struct result *r, uint32_t relation)
{
    const struct showing *showing = r->showing ? r->showing->showing : NULL;

    for (size_t p = 0; showing && p < showing->part_count; p++) {
        const struct showing_part *shown = &showing->parts[p];

        if (shown->relation == relation && shown->source != SOURCE_BOUND && !shown->has_origin &&
            !shown->is_array)
            return true;
    }
    return false;
}

uint8_t
speech_of_query_row(struct session *s, struct exchange_request *request, struct view body)
{
    struct observer *o = s->observer;
    const struct result *r = &o->result;
    const struct plan_row_words *words;

    if (speech_field(body, 'W').length > 0 || speech_field(body, 'q').length > 0 ||
        !speech_has_result(s, request) || !r->statement || !r->is_sure)
        return 0;
    words = &r->statement->row_words;
    return words->persons > 0 && (words->is_certain || comes_from(r, words->relation))
               ? words->persons
               : 0;
}

bool
speech_is_of_pinned(struct session *s, struct exchange_request *request, bool is_error,
                    struct view body, struct speech *speech)
{
    struct observer *o = s->observer;
    const struct result *r = &o->result;
    const struct plan_words *words;
    const struct plan_part *part;
    size_t first;

    if (!speech_has_result(s, request) || !r->statement || !r->is_sure || o->unseen_fields)
        return false;
    words = &r->statement->words;
    part = &r->statement->parts[words->part];
    if (words->fields == 0 || !r->pinned || !r->pinned->is_known[words->part] ||
        (!words->is_certain && !has_origin(r, part)))
        return false;
    first = words->part > 0 ? r->pinned->ends[words->part - 1] : 0;
    speech->named_fields = words->fields;
    speech->part = part;
    speech->ordinals = r->pinned->ordinals + first;
    speech->count = r->pinned->ends[words->part] - first;
    /* What waits for the transaction's end can say the same of others. */
    speech->is_shown =
        speech->count == 1 && o->speaks_fields == 0 && is_told(words, is_error, body);
    return true;
}
