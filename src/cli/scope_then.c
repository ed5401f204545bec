/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scope_then.h"
#include "cli/complain.h"
#include "cli/filter_options.h"
#include "cli/question.h"
#include "cli/scope_view.h"
#include "cli/terminal.h"

struct reading {
    struct scope_then *then;
    const struct arguments *arguments;
};

static void
note_asked(struct scope_then *t, const struct arguments *arguments,
           const struct ledger_entry *entry)
{
    if (entry->time >= t->hindsight.as_of ||
        !question_is_same(arguments, &t->evidence.filter, entry->u.asked, entry->time))
        return;
    if (t->asked.times == 0)
        t->asked.first = entry->time;
    t->asked.times++;
    t->asked.last = entry->time;
    t->asked.uid = entry->u.asked->uid;
}

static int
note(void *arg, const struct ledger_entry *entry, const struct records_place *place PASU_UNUSED,
     bool is_in_ring PASU_UNUSED)
{
    struct reading *reading = arg;

    if (entry->type == LEDGER_ASKED)
        note_asked(reading->then, reading->arguments, entry);
    return hindsight_note(&reading->then->hindsight, entry);
}

/* 0, or the exit status after a complaint. */
static int
read_both(struct scope_then *t, const struct arguments *arguments, int64_t as_of)
{
    struct reading reading = {t, arguments};
    int result =
        hindsight_init(&t->hindsight, as_of, &t->evidence.selection, &t->evidence.filter, &os_real);
    int status;

    if (result == 0)
        result = evidence_names(&t->evidence, &t->hindsight.book->names);
    if (result != 0)
        return complain_error(result, "scope");
    t->evidence.watch = note;
    t->evidence.watch_arg = &reading;
    t->evidence.has_deeds = true;
    status = evidence_read(&t->evidence, scope_take, &t->now);
    t->evidence.watch = NULL;
    if (status != 0)
        return status;
    result = hindsight_end(&t->hindsight);
    if (result == 0)
        result = evidence_leave_out(&t->evidence, &t->hindsight.scope, as_of);
    if (result == 0)
        result = evidence_leave_out(&t->evidence, &t->now, INT64_MAX);
    if (result == 0)
        result = evidence_count_decoys(&t->evidence, &t->hindsight.scope, &t->hindsight.decoys);
    return result == 0 ? 0 : complain_error(result, "scope");
}

static int
print(struct scope_then *t, const struct arguments *arguments)
{
    bool is_list = arguments_given(arguments, OPTION_list);
    int result = 0;

    if (arguments_given(arguments, OPTION_json))
        result = scope_then_json(stdout, t, is_list);
    else if (is_list)
        scope_view_keys(stdout, &t->evidence, &t->hindsight.scope);
    else
        result = scope_then_page(stdout, t, terminal_width(stdout));
    if (result != 0)
        return complain_error(result, "scope");
    return t->evidence.is_bad ? 2 : 0;
}

int
scope_then(const struct arguments *arguments)
{
    struct scope_then t = {0};
    int64_t as_of = 0;
    int status = filter_moment(&as_of, arguments, OPTION_as_of);

    if (status != 0)
        return status;
    status = evidence_open(&t.evidence, arguments);
    scope_init(&t.now, &t.evidence.selection);
    if (status == 0)
        status = read_both(&t, arguments, as_of);
    if (status == 0)
        status = print(&t, arguments);
    hindsight_release(&t.hindsight);
    scope_release(&t.now);
    evidence_close(&t.evidence);
    return output_end(status);
}
