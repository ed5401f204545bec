/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/call.h"
#include "gate/identity_use.h"

#include "gate/doubt.h"
#include "gate/expose.h"
#include "gate/keep.h"
#include "gate/result.h"
#include "gate/session.h"

enum { CALL_TEXT_SIZE = 4 * CATALOG_NAME_SIZE + 32 };

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

/* SELECT "schema"."name"(): all functions of that name are meant by it. */
static size_t
text_of(const struct catalog_function *function, char text[CALL_TEXT_SIZE])
{
    size_t at = (size_t)snprintf(text, CALL_TEXT_SIZE, "SELECT ");

    put_name(text, &at, function->schema);
    text[at++] = '.';
    put_name(text, &at, function->name);
    memcpy(text + at, "()", 2);
    return at + 2;
}

/* Those that applications call by message all day, for large objects. */
static bool
is_quiet(const struct catalog_function *function)
{
    return function->is_system && !function->is_opaque && !function->fields && !function->fills &&
           !function->renames && !function->twists && !function->keeps;
}

int
call_plan(struct session *s, struct exchange_request *request)
{
    const struct observer *o = s->observer;
    const struct catalog_function *function =
        o->catalog ? catalog_function(o->catalog, request->function) : NULL;
    struct plan_environment environment = {
        .catalog = o->catalog, .role = o->role, .is_plain_dialect = true};
    char text[CALL_TEXT_SIZE];
    int result;

    if (function && is_quiet(function))
        return 0;
    identity_use_ask(s, NULL);
    result = function
                 ? plan_cache_get(s->worker->shared->plans, view_of(text, text_of(function, text)),
                                  &environment, &request->plan)
                 : observer_plan_unknown(s, &request->plan);
    return result == 0 ? keep_ask(s, request, request->plan) : result;
}

int
call_done(struct session *s, const struct exchange_request *request)
{
    const struct plan_statement *statement = result_statement(s->observer, request);
    int result = 0;

    doubt_called(s, request->function);
    if (statement && statement->moved_fields)
        result = expose_moved(s, statement, UINT64_MAX);
    return result == 0 ? result_effects(s, request) : result;
}
