/* SPDX-License-Identifier: Apache-2.0 */
/* `pasu roster audit`: who answers for whom, and who should not have what they have. */
#include "cli/roster_command.h"

#include "cli/complain.h"
#include "cli/probe.h"
#include "cli/run.h"
#include "config/load.h"

#include <inttypes.h>

enum {
    NAME_TEXT = 128,
    TIME_SIZE = 40,
    PLACES_OF_ONE = 5, /* different addresses, or applications, that one person hardly needs */
};

int64_t
roster_since(const struct roster_look *look)
{
    const struct usages *u = look->usages;

    return u->first > u->since ? u->first : u->since;
}

void
roster_since_text(char *text, size_t size, const struct roster_look *look)
{
    char time[TIME_SIZE];

    if (look->usages->first <= look->usages->since && look->usages->first != 0) {
        snprintf(text, size, "in %d days", ROSTER_DAYS);
        return;
    }
    log_time_text(time, sizeof(time), look->usages->first != 0 ? look->usages->first : look->now);
    snprintf(text, size, "since the ledger began at %s", time);
}

/* What is said of a role as a whole: "dormant kim". */
#define FOUND(look_, what_, principal_, state_, hint_, ...)                                        \
    do {                                                                                           \
        char name__[NAME_TEXT];                                                                    \
        snprintf(name__, sizeof(name__), "%s %s", what_, principal_);                              \
        findings_add((look_)->findings, "", name__, state_, hint_, __VA_ARGS__);                   \
    } while (0)

/* ---- owners ---- */

/* The line on which the same owner has another status. */
static const struct roster_entry *
other_status(const struct roster_look *look, const struct roster_entry *entry)
{
    for (size_t i = 0; i < roster_count(look->roster); i++) {
        const struct roster_entry *one = roster_at(look->roster, i);

        if (*entry->owner && strcmp(one->owner, entry->owner) == 0 &&
            roster_has_left(one, look->now))
            return one;
    }
    return NULL;
}

static void
look_owner(const struct roster_look *look, const struct roster_entry *entry)
{
    const struct roster_entry *other = other_status(look, entry);

    if (roster_has_left(entry, look->now))
        FOUND(look, "ownerless", entry->principal, FINDING_WARNING,
              entry->kind == PRINCIPAL_SERVICE
                  ? "name another owner; exchange the secrets that the former one could read: "
                    "pasu roster leaver NAME"
                  : "exchange the secrets that they could read (pasu roster leaver NAME), then "
                    "ALTER ROLE … NOLOGIN on the server",
              "its owner%s%s has left", *entry->owner ? " " : "", entry->owner);
    else if (*entry->owner == '\0')
        FOUND(look, "ownerless", entry->principal, FINDING_WARNING, "name who answers for it",
              "nobody owns it");
    else if (other != NULL)
        FOUND(look, "ownerless", entry->principal, FINDING_WARNING,
              "correct the one line or the other",
              "%s is its owner here, and has left on line %u (%s)", entry->owner,
              (unsigned)other->line, other->principal);
    if (strpbrk(entry->owner, ";/&\n") != NULL)
        FOUND(look, "shared", entry->principal, FINDING_WARNING,
              "give each their own role: what one of several did is nobody's",
              "it has several owners: %s", entry->owner);
}

/* ---- use ---- */

static void
look_unused(const struct roster_look *look, const struct roster_entry *entry,
            const struct usage *usage)
{
    bool is_young = roster_since(look) > look->now - ROSTER_DAYS * ROSTER_DAY;
    char since[NAME_TEXT], last[TIME_SIZE];

    if (usage != NULL && (usage->last >= roster_since(look) || usage->sessions > 0))
        return;
    roster_since_text(since, sizeof(since), look);
    if (usage != NULL && usage->last > 0) {
        log_time_text(last, sizeof(last), usage->last);
        FOUND(look, "dormant", entry->principal, FINDING_WARNING,
              "take its LOGIN, or its rights, until somebody needs it",
              "no session %s; the last one at %s", since, last);
    } else {
        FOUND(look, "never used", entry->principal, is_young ? FINDING_INFO : FINDING_WARNING,
              "take its LOGIN, or its rights, until somebody needs it",
              "no session through pasu %s", since);
    }
}

static void
look_shared(const struct roster_look *look, const struct roster_entry *entry,
            const struct usage *usage)
{
    char since[NAME_TEXT];

    if (usage == NULL || entry->kind == PRINCIPAL_SERVICE ||
        (usage->addresses.count < PLACES_OF_ONE && usage->applications.count < PLACES_OF_ONE))
        return;
    roster_since_text(since, sizeof(since), look);
    FOUND(look, "shared", entry->principal, FINDING_WARNING,
          "ask its owner who else uses it: each must have a role of their own",
          "used from %u%s addresses with %u%s applications %s: is that one person?",
          usage->addresses.count, usage->addresses.count == USAGE_PLACES_MAX ? " or more" : "",
          usage->applications.count,
          usage->applications.count == USAGE_PLACES_MAX ? " or more" : "", since);
}

static void
look_attempts(const struct roster_look *look, const struct usage *usage)
{
    char last[TIME_SIZE];

    if (usage->attempts == 0)
        return;
    log_time_text(last, sizeof(last), usage->attempted);
    FOUND(look, "leaver", usage->principal, FINDING_WARNING,
          "find out who it was (pasu ack lists the alerts), and change the secrets",
          "refused %" PRIu64 " time%s because its owner has left, the last time at %s",
          usage->attempts, usage->attempts == 1 ? "" : "s", last);
}

static void
look_at_roles(const struct roster_look *look)
{
    const struct usages *u = look->usages;

    for (size_t i = 0; i < roster_count(look->roster); i++) {
        const struct roster_entry *entry = roster_at(look->roster, i);
        const struct usage *usage = usages_find(u, entry->principal);

        look_owner(look, entry);
        if (!roster_has_left(entry, look->now))
            look_unused(look, entry, usage);
        look_shared(look, entry, usage);
    }
    for (size_t i = 0; i < u->count; i++) {
        /* As the inspector pasu doctor tries controls through the gateway. */
        if (u->items[i].sessions > 0 && roster_find(look->roster, u->items[i].principal) == NULL &&
            !probe_is_inspector(look->config, u->items[i].principal))
            FOUND(look, "unlisted", u->items[i].principal, FINDING_WARNING,
                  "name its owner in the roster, or take its LOGIN",
                  "%" PRIu64 " session%s, and it is not on the roster", u->items[i].sessions,
                  u->items[i].sessions == 1 ? "" : "s");
        look_attempts(look, &u->items[i]);
    }
}

/* ---- the answer ---- */

int
roster_load_files(struct config *config)
{
    struct config_faults faults = {0};
    int result = config_load_files(config, &faults);

    if (faults.count > 0)
        complain("all faults: pasu check -c FILE", "%s:%u: %s",
                 faults.items[0].path != NULL ? faults.items[0].path : config->path,
                 (unsigned)faults.items[0].line, faults.items[0].text);
    else if (result != 0)
        complain_error(result, "cannot read the files that the configuration names");
    config_faults_release(&faults);
    return result == 0 ? 0 : 2;
}

static int
look(const struct arguments *arguments, struct evidence *evidence, const struct roster *roster)
{
    struct findings findings = {0};
    struct usages usages = {0};
    struct roster_look look = {.config = evidence->ask.config,
                               .roster = roster,
                               .usages = &usages,
                               .now = os_realtime(&os_real),
                               .findings = &findings};
    int status = usages_read(&usages, evidence, look.now - ROSTER_DAYS * ROSTER_DAY);

    if (status == 0) {
        look_at_roles(&look);
        if (arguments_given(arguments, OPTION_connect) && roster_look_at_servers(&look) != 0)
            findings.out_of_memory = true;
        status =
            findings_tell(&findings, arguments_given(arguments, OPTION_json), "roster audit", NULL);
    }
    usages_release(&usages);
    findings_release(&findings);
    return status;
}

int
roster_audit(const struct arguments *arguments)
{
    struct evidence evidence;
    struct roster *roster = NULL;
    int status = evidence_open(&evidence, arguments);

    if (status == 0)
        status = roster_load(&roster, evidence.ask.config);
    if (status == 0 && arguments_given(arguments, OPTION_connect))
        status = roster_load_files(evidence.ask.config);
    if (status == 0)
        status = look(arguments, &evidence, roster);
    roster_free(roster);
    evidence_close(&evidence);
    return status;
}
