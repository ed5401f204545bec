/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_replay.h"

#include "base/os.h"
#include "cli/complain.h"
#include "cli/evidence_part.h"
#include "cli/roster_command.h"
#include "config/moment.h"
#include "config/time_zone.h"

int
check_replay_asked(const struct arguments *arguments, bool *is_asked)
{
    bool has_period = arguments_given(arguments, OPTION_replay),
         has_from = arguments_given(arguments, OPTION_from);

    *is_asked = has_period || has_from;
    if (has_period && has_from) {
        complain("--replay 30d, or --from TIME", "--replay and --from both say where to begin");
        return 2;
    }
    if (!*is_asked && arguments_given(arguments, OPTION_to)) {
        complain("say where to begin as well: --replay 30d, or --from TIME",
                 "--to is only for what the ledger holds");
        return 2;
    }
    if (*is_asked && arguments_given(arguments, OPTION_connect)) {
        complain("ask one after the other", "--connect and --replay are two questions");
        return 2;
    }
    return 0;
}

/* The period, counted back from its end. */
static int
take_period(struct filter *filter, const struct arguments *arguments)
{
    const char *text = arguments->values[OPTION_replay];
    int64_t end = filter->to != 0 ? filter->to : os_realtime(&os_real);

    if (text == NULL)
        return 0;
    if (moment_parse(&filter->from, text, end, false) != 0) {
        complain("write how long, as 30d or 12h; or use --from TIME and --to TIME",
                 "--replay %.64s is no period", text);
        return 2;
    }
    if (filter->from < end)
        return 0;
    complain("the time is counted back from --to, or from now", "--replay %.64s is empty", text);
    return 2;
}

static int
take_entry(void *arg, const struct ledger_entry *entry)
{
    if (entry->type == LEDGER_ASKED || entry->type == LEDGER_ERASED)
        return 0; /* the guard need not have run then: it says nothing of gaps */
    return replay_take(arg, entry);
}

static int
look_at_ledger(struct evidence *e, const struct roster *roster, struct replay **replay)
{
    int result = replay_new(replay, e->ask.config, roster, e->book, e->filter.from, e->filter.to,
                            os_realtime(&os_real));

    if (result != 0)
        return complain_error(result, "replay");
    selection_init(&e->selection, e->book, &e->filter, NULL, NULL);
    result = evidence_each(e, take_entry, *replay, true);
    if (result != 0)
        return evidence_complain(e, result);
    replay_end(*replay);
    return 0;
}

int
check_replay(const struct arguments *arguments)
{
    struct evidence evidence;
    struct roster *roster = NULL;
    struct replay *replay = NULL;
    int status = evidence_open(&evidence, arguments);

    if (status == 0 && time_zone_use(evidence.ask.config) != 0)
        status = complain_error(PASU_E_NOMEM, "replay");
    if (status == 0)
        status = take_period(&evidence.filter, arguments);
    if (status == 0 && evidence.ask.config->principals.roster.path != NULL)
        status = roster_load(&roster, evidence.ask.config);
    if (status == 0)
        status = look_at_ledger(&evidence, roster, &replay);
    if (status == 0 && arguments_given(arguments, OPTION_json))
        replay_view_json(stdout, &evidence, replay);
    else if (status == 0)
        replay_view_page(stdout, &evidence, replay);
    if (status == 0 && replay_stopped(replay)->statements[false] > 0)
        status = 1;
    replay_free(replay);
    roster_free(roster);
    evidence_close(&evidence);
    return status;
}
