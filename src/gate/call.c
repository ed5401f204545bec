/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/call.h"
#include "gate/identity_use.h"

#include "exposure/directory.h"
#include "gate/doubt.h"
#include "gate/expose.h"
#include "gate/keep.h"
#include "gate/result.h"
#include "gate/session.h"
#include "gate/verdict.h"

enum { CALL_TEXT_SIZE = 4 * CATALOG_NAME_SIZE + 32 + 4 * CATALOG_ARGUMENTS_MAX };

static void
put_name(char *text, size_t *at, const char *name)
{
    text[(*at)++] = '"';
    for (; *name; name++) {
        if (*name == '"')
            text[(*at)++] = '"';
        text[(*at)++] = *name;
    }
    text[(*at)++] = '"';
}

/* SELECT "schema"."name"($1, $2): all functions of that name are meant by it. Of one that is not
 * read through, nothing depends on its arguments. */
static size_t
text_of(const struct catalog_function *function, const struct catalog_routine *routine,
        char text[CALL_TEXT_SIZE])
{
    size_t at = (size_t)snprintf(text, CALL_TEXT_SIZE, "SELECT ");

    put_name(text, &at, function->schema);
    text[at++] = '.';
    put_name(text, &at, function->name);
    text[at++] = '(';
    for (size_t i = 0; routine && i < routine->argument_count; i++)
        at += (size_t)snprintf(text + at, CALL_TEXT_SIZE - at, "%s$%zu", i > 0 ? ", " : "", i + 1);
    text[at++] = ')';
    return at;
}

/* Those that applications call by message all day, for large objects. */
static bool
is_quiet(const struct catalog_function *function)
{
    return function->is_system && !function->is_opaque && !function->fields && !function->fills &&
           !function->renames && !function->twists && !function->keeps;
}

int
call_peek(struct session *s, uint32_t oid, struct plan **plan)
{
    const struct observer *o = s->observer;
    const struct catalog_function *function = o->catalog ? catalog_function(o->catalog, oid) : NULL;
    struct plan_environment environment = {.catalog = o->catalog,
                                           .role = o->role,
                                           .is_plain_dialect = true,
                                           .shape_key =
                                               directory_shape_key(s->worker->shared->directory)};
    char text[CALL_TEXT_SIZE];

    *plan = NULL;
    if (function && is_quiet(function))
        return 0;
    return function ? plan_cache_get(
                          s->worker->shared->plans,
                          view_of(text, text_of(function,
                                                catalog_routine(o->catalog, function->oid), text)),
                          &environment, plan)
                    : observer_plan_unknown(s, 0, false, plan);
}

int
call_plan(struct session *s, struct exchange_request *request)
{
    int result = call_peek(s, request->function, &request->plan);

    if (result != 0 || !request->plan)
        return result;
    identity_use_ask(s, NULL);
    return keep_ask(s, request, request->plan);
}

int
call_pins(struct asking *a, struct exchange_request *request, struct view body)
{
    const struct plan *plan = request->plan;
    const struct catalog_routine *routine =
        plan && plan->catalog ? catalog_routine(plan->catalog, request->function) : NULL;
    uint8_t types[4 * CATALOG_ARGUMENTS_MAX];
    struct ask_bind bind;
    struct ask_values values = {.bind = &bind};

    if (!routine || plan->statement_count != 1 || !plan->statements[0].read ||
        ask_read_call(&bind, body) != 0 || bind.value_count != routine->argument_count)
        return 0;
    for (size_t i = 0; i < routine->argument_count; i++)
        bytes_put_u32(types + 4 * i, routine->argument_types[i]);
    values.types = view_of(types, 4 * routine->argument_count);
    request->is_templated = true;
    return ask_pin_all(a, plan, &plan->statements[0], &values, &request->pinned);
}

/* Whom the result of a function that was read through shows: nobody, one whom its arguments name,
 * or one. False where it was not. */
static bool
is_read(struct session *s, struct exchange_request *request, struct view value,
        struct speech *speech)
{
    const struct result *r = &s->observer->result;
    const struct plan_part *part;

    *speech = (struct speech){0};
    if (result_open_silent(s, request) != 0 || !r->statement || !r->statement->is_read)
        return false;
    for (size_t p = 0; p < r->statement->part_count; p++) {
        size_t first = p > 0 && r->pinned ? r->pinned->ends[p - 1] : 0;

        part = &r->statement->parts[p];
        if (part->fields == 0)
            continue;
        if (speech->part || part->source != SOURCE_PINNED || !r->pinned || !r->pinned->is_known[p])
            return false;
        speech->named_fields = part->fields;
        speech->part = part;
        speech->ordinals = r->pinned->ordinals + first;
        speech->count = r->pinned->ends[p] - first;
        speech->is_shown = speech->count == 1 && value.bytes;
    }
    return true;
}

int
call_result(struct session *s, struct exchange_request *request, struct view value,
            struct judgement *judgement)
{
    struct speech speech;
    uint64_t fields, kinds;

    *judgement = (struct judgement){0};
    if (is_read(s, request, value, &speech))
        return speech.named_fields ? expose_named(s, s->observer->result.statement, &speech,
                                                  FLAG_BIT(FUNCTION_CALL), judgement)
                                   : 0;
    result_function(s, request->function, &fields, &kinds);
    if (fields == 0 || request->is_told)
        return 0;
    return expose_words(s, result_statement(s->observer, request), fields, kinds,
                        FLAG_BIT(FUNCTION_CALL), judgement);
}

int
call_done(struct session *s, const struct exchange_request *request)
{
    const struct plan_statement *statement = result_statement(s->observer, request);
    int result = 0;

    doubt_called(s, request->function);
    if (statement && statement->moved_fields)
        result = expose_moved(s, statement, UINT64_MAX);
    if (result == 0 && !s->observer->result.is_counted)
        result = verdict_done(s, statement, FLAG_BIT(FUNCTION_CALL), false);
    return result == 0 ? result_effects(s, request) : result;
}
