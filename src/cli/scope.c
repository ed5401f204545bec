/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/evidence_part.h"
#include "cli/run.h"
#include "cli/scope_then.h"
#include "cli/scope_view.h"
#include "cli/terminal.h"
#include "config/nearest.h"

enum { PRINCIPALS_SHOWN = 8, HINT_SIZE = (PRINCIPALS_SHOWN + 2) * NAME_SIZE };

static int
print(const struct arguments *arguments, struct evidence *evidence, const struct scope *scope,
      const struct scope_log *log)
{
    bool is_list = arguments_given(arguments, OPTION_list);
    int result = 0;

    if (arguments_given(arguments, OPTION_json))
        scope_view_json(stdout, evidence, scope, log, is_list);
    else if (is_list)
        scope_view_keys(stdout, evidence, scope);
    else
        result = scope_view_page(stdout, scope, log, terminal_width(stdout));
    if (result != 0)
        return complain_error(result, "scope");
    return evidence->is_bad ? 2 : 0;
}

/* With the server's log: the whole ledger is read once, by both. */
static int
ask_with_log(const struct arguments *arguments, struct evidence *evidence, struct scope *scope,
             struct scope_log *log)
{
    int status = scope_log_read(log, arguments, &evidence->filter);

    if (status != 0)
        return status;
    evidence->has_index = false;
    evidence->watch = scope_log_note;
    evidence->watch_arg = log;
    status = evidence_scope(evidence, scope);
    evidence->watch = NULL;
    if (status == 0)
        scope_log_end(log, &evidence->book->gaps);
    return status;
}

/* Nothing was found of the principal that is asked for: where nothing in all of the ledger is of
 * them, the name may be a slip. The evidence is of all that is recorded then. */
static int
hint_at_principals(struct evidence *e)
{
    const char *asked = e->filter.principal;
    struct nearest nearest = nearest_to(asked);
    char hint[HINT_SIZE] = "on record are: ";
    struct scope all;
    bool is_there = false;
    int result, status = 0;

    e->filter = (struct filter){0};
    result = evidence_anew(e);
    if (result != 0)
        return complain_error(result, "scope");
    scope_init(&all, &e->selection);
    status = evidence_scope(e, &all);
    for (size_t p = 0; status == 0 && p < all.principals.count; p++) {
        size_t used = strlen(hint);

        is_there |= strcmp(all.principals.items[p], asked) == 0;
        nearest_offer(&nearest, all.principals.items[p]);
        if (p < PRINCIPALS_SHOWN)
            snprintf(hint + used, sizeof(hint) - used, "%s%s", p > 0 ? ", " : "",
                     all.principals.items[p]);
        else if (p == PRINCIPALS_SHOWN)
            snprintf(hint + used, sizeof(hint) - used, ", and others");
    }
    if (nearest.word != NULL)
        snprintf(hint, sizeof(hint), "did you mean %s?", nearest.word);
    if (status == 0 && !is_there)
        complain(all.principals.count > 0 ? hint : "", "nothing on record is of a principal %s",
                 asked);
    scope_release(&all);
    return status;
}

int
run_scope(const struct arguments *arguments)
{
    bool has_log = arguments_given(arguments, OPTION_server_log);
    struct scope_log log = {0};
    struct evidence evidence;
    struct scope scope;
    bool is_nothing;
    int status = scope_log_check(arguments);

    if (status != 0)
        return status;
    if (arguments_given(arguments, OPTION_as_of))
        return scope_then(arguments);
    status = evidence_open(&evidence, arguments);
    scope_init(&scope, &evidence.selection);
    if (status == 0)
        status = has_log ? ask_with_log(arguments, &evidence, &scope, &log)
                         : evidence_scope(&evidence, &scope);
    if (status == 0)
        status = print(arguments, &evidence, &scope, has_log ? &log : NULL);
    is_nothing =
        evidence.filter.principal != NULL && scope.statements == 0 && scope.principals.count == 0;
    scope_release(&scope);
    scope_log_release(&log);
    if (status == 0 && is_nothing)
        status = hint_at_principals(&evidence);
    evidence_close(&evidence);
    return output_end(status);
}
