/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/doctor.h"
#include "cli/doctor_alerts.h"
#include "cli/doctor_watched.h"
#include "cli/evidence.h"
#include "exposure/exposure.h"
#include "gate/bypass.h"
#include "ledger/verify_key.h"
#include "policy/holidays.h"
#include "policy/origins.h"
#include "policy/rule.h"
#include "policy/sources.h"

#include <sys/stat.h>

enum {
    TIME_SIZE = 32,
    NAMED_MOST = 20,
    SOURCES_DAYS_MOST = 62, /* networks move between countries all the time */
};

#define DAY (24 * 3600 * NANOSECONDS_PER_SECOND)

#define FOUND(findings_, name_, state_, hint_, ...)                                                \
    findings_add((findings_), "", (name_), (state_), (hint_), __VA_ARGS__)

/* ---- the guard ---- */

/* Whose a value is that stands alone: whether that is known now, and since when. */
static void
look_identity(const struct config *config, const json_t *status, struct findings *findings)
{
    const json_t *identity = json_object_get(status, "identity");
    json_int_t columns = json_integer_value(json_object_get(identity, "columns"));
    json_int_t current = json_integer_value(json_object_get(identity, "current"));
    const char *read = json_string_value(json_object_get(identity, "read"));

    if (config->identity.count == 0 || identity == NULL)
        return;
    if (columns == 0)
        FOUND(findings, "identity", FINDING_WARNING, "run: pasu index build",
              "there is no identity index of any database that a session has been in");
    else if (current < columns)
        FOUND(findings, "identity", FINDING_WARNING,
              config->attribution.identity == IDENTITY_AUTO
                  ? "it is read again when nobody writes, and time allows; or run: pasu index build"
                  : "run: pasu index build",
              "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
              " columns have been written to since the identity index was read (%s)",
              columns - current, columns, read != NULL ? read : "-");
    else
        FOUND(findings, "identity", FINDING_OK, "",
              "the index of %" JSON_INTEGER_FORMAT " columns is as their tables are; read %s",
              columns, read != NULL ? read : "-");
}

/* Each part of it that does not do its work. */
static void
look_degraded(const json_t *status, struct findings *findings)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(status, "degraded"), i, one) FOUND(
        findings, "degraded", FINDING_MISSING, json_string_value(json_object_get(one, "hint")),
        "%s: %s", json_string_value(json_object_get(one, "text")),
        json_string_value(json_object_get(one, "traffic")));
}

static bool
look_guard(const struct evidence *e, struct findings *findings)
{
    json_t *status = NULL;
    int result = ask_status(&e->ask, &status);

    if (result == 0)
        FOUND(findings, "guard", FINDING_OK, "", "answers on its control socket");
    else if (status != NULL)
        FOUND(findings, "guard", FINDING_MISSING, "see pasu status", "answers in part only");
    else if (result == PASU_E_DENIED)
        FOUND(findings, "guard", FINDING_WARNING,
              "run it as root, or as the account that pasu guard runs as",
              "refuses to answer this account");
    else
        FOUND(findings, "guard", FINDING_MISSING, "start it: pasu guard",
              "does not answer on its control socket: %s", error_text(result));
    look_degraded(status, findings);
    doctor_alerts(e->ask.config, status, findings);
    look_identity(e->ask.config, status, findings);
    doctor_watched(e->ask.config, status, os_realtime(&os_real), findings);
    json_decref(status);
    return result == 0;
}

/* ---- the ledger ---- */

static void
look_checkpoint(const struct evidence *e, struct findings *findings)
{
    struct verify_signed *found = memory_new(1, sizeof(*found));
    int result = found != NULL
                     ? verify_newest(found, &os_real, e->directory, NULL, 0, &e->segment_keys)
                     : PASU_E_NOMEM;

    if (result == 0)
        FOUND(findings, "checkpoint", FINDING_OK, "",
              "the newest one is signed by the ledger's key, and covers %" PRIu64 " records",
              found->checkpoint.size);
    else if (result == PASU_E_NOTFOUND)
        FOUND(findings, "checkpoint", FINDING_MISSING,
              "a running guard makes one within a second of a record", "there is none");
    else
        FOUND(findings, "checkpoint", FINDING_MISSING, "run: pasu ledger verify",
              "the newest one does not verify: %s", error_text(result));
    memory_free(found);
}

/* Seen by the guard: none that is excepted by now, nor what an earlier gate has left behind. */
static bool
is_bypass(const struct evidence *e, const struct message_bypass *b, int64_t since)
{
    if (b->seen < since || bypass_is_excepted(e->ask.config, b))
        return false;
    if (b->verdict == VERDICT_OF_ALLOW && e->ask.config->bypass.verdict != VERDICT_ALLOW &&
        !b->is_certain)
        return false;
    return true;
}

static void
look_bypasses(const struct evidence *e, const struct gaps *gaps, int64_t since,
              struct findings *findings)
{
    const struct reconciled *r = &gaps->reconciled;
    size_t count = 0;

    for (size_t i = 0; i < r->backend_count; i++) {
        const struct message_bypass *b = &r->backends[i];
        char time[TIME_SIZE], name[GATEWAY_NAME_SIZE + NAME_SIZE + 16];

        if (!is_bypass(e, b, since) || count++ >= NAMED_MOST)
            continue;
        log_time_text(time, sizeof(time), b->seen);
        snprintf(name, sizeof(name), "bypass %s", b->principal);
        FOUND(findings, name, FINDING_WARNING,
              "let pg_hba.conf, or a firewall, admit nobody but pasu",
              "%s to database %s behind gateway %s past pasu, from %s, application \"%s\", %s %s",
              b->is_certain ? "was connected" : "may have been connected", b->database, b->gateway,
              b->address[0] != '\0' ? b->address : "a Unix socket", b->application,
              b->is_over ? "until" : "last seen", time);
    }
    if (count > NAMED_MOST)
        FOUND(findings, "bypass", FINDING_WARNING, "see: pasu scope",
              "%zu more sessions were seen past pasu in the last day", count - NAMED_MOST);
    else if (count == 0)
        FOUND(findings, "bypass", FINDING_OK, "",
              "nobody was seen connected past pasu in the last day, but for pasu's own commands%s",
              e->ask.config->bypass.except_count > 0 ? ", and whom bypass.except names" : "");
}

/* Whether the server's count of sessions is compared now, of each place. */
static void
look_counted(const struct gaps *gaps, struct findings *findings)
{
    const struct reconciled *r = &gaps->reconciled;

    for (size_t i = 0; i < r->stretch_count; i++) {
        const struct reconciled_stretch *s = &r->stretches[i];
        const struct reconciled_place *place = &r->places[s->place];
        const char *why = reconciled_why_text(s->why);

        if (place->stretch == i + 1 && why != NULL)
            FOUND(
                findings, "reconciled", FINDING_INFO, "see: pasu scope",
                "the server's own count of sessions of %s behind gateway %s cannot be compared: %s",
                place->database[0] != '\0' ? place->database : "all databases", place->gateway,
                why);
    }
}

static void
look_gap(const struct gaps *gaps, const struct gap *gap, struct findings *findings)
{
    char time[TIME_SIZE];

    log_time_text(time, sizeof(time), gap->from);
    if (gap->what == GAP_PAST)
        FOUND(findings, "past", FINDING_INFO,
              "pasu scope --server-log names each of them, by the server's log",
              "the server has counted %" PRIu64
              " sessions in %s that did not come through pasu, since "
              "%s; pasu check --connect, explain and doctor are among them",
              gap->at_least,
              gaps->reconciled.places[gap->place].database[0] != '\0'
                  ? gaps->reconciled.places[gap->place].database
                  : "all databases",
              time);
    else if (gap->what == GAP_LOST || gap->what == GAP_DAMAGED)
        FOUND(findings, "gap", FINDING_WARNING, "see: pasu scope; pasu ledger verify",
              "the ledger has a gap (%s) since %s", gap_what_text(gap->what), time);
    else if (gap->what == GAP_DIED || gap->what == GAP_STOPPED)
        FOUND(findings, "gap", FINDING_INFO, "see: pasu scope",
              "pasu did not record (%s) from %s on", gap_what_text(gap->what), time);
}

static void
look_record(struct evidence *e, struct findings *findings)
{
    int64_t since = os_realtime(&os_real) - DAY;
    const struct gaps *gaps;
    struct scope scope;

    scope_init(&scope, &e->selection);
    if (evidence_scope(e, &scope) != 0) {
        FOUND(findings, "ledger", FINDING_MISSING, "run: pasu ledger verify", "cannot be read");
    } else {
        gaps = &e->book->gaps;
        look_bypasses(e, gaps, since, findings);
        look_counted(gaps, findings);
        for (size_t i = 0; i < gaps->count; i++)
            if (gap_concerns(&gaps->items[i], since, 0))
                look_gap(gaps, &gaps->items[i], findings);
    }
    scope_release(&scope);
}

static bool
look_ledger(const struct arguments *arguments, const struct config *config,
            struct findings *findings)
{
    struct evidence evidence;
    bool answers = false;
    struct stat st;

    if (stat(config->ledger.directory, &st) != 0) {
        FOUND(findings, "guard", FINDING_MISSING, "start it: pasu guard",
              "has never run with this configuration: there is no ledger in %s",
              config->ledger.directory);
        return false;
    }
    if (evidence_open(&evidence, arguments) != 0) {
        FOUND(findings, "ledger", FINDING_MISSING,
              "run it as root, or as the account that pasu guard runs as",
              "the one in %s cannot be read", config->ledger.directory);
    } else {
        answers = look_guard(&evidence, findings);
        look_checkpoint(&evidence, findings);
        look_record(&evidence, findings);
    }
    evidence_close(&evidence);
    return answers;
}

/* ---- the configuration ---- */

/* How many do what, that is more than an alert. */
struct doings {
    size_t block, hold, mask;
};

static void
count_doing(struct doings *doings, enum config_verdict verdict)
{
    doings->block += verdict == VERDICT_BLOCK;
    doings->hold += verdict == VERDICT_HOLD;
    doings->mask += verdict == VERDICT_MASK;
}

static void
look_budgets(const struct config *config, struct findings *findings)
{
    struct doings doings = {0};

    for (size_t i = 0; i < config->budget_count; i++)
        count_doing(&doings, config->budgets[i].verdict);
    if (doings.block + doings.hold + doings.mask > 0)
        FOUND(findings, "budgets", FINDING_OK, "",
              "of %zu, %zu block what is too much, %zu hold it, %zu mask it", config->budget_count,
              doings.block, doings.hold, doings.mask);
    else
        FOUND(findings, "budgets", FINDING_WARNING,
              "configure budgets, with verdict: block: how many different persons a role may see",
              "none of %zu ends anything: nobody is stopped, however much it is",
              config->budget_count);
}

static void
look_rules(const struct config *config, struct findings *findings)
{
    struct config_faults warnings = {0};
    struct doings doings = {0};
    size_t shadows = 0;

    if (config->rule_count == 0)
        return;
    for (size_t i = 0; i < config->rule_count; i++) {
        shadows += config->rules[i].shadow;
        if (!config->rules[i].shadow)
            count_doing(&doings, config->rules[i].verdict);
    }
    FOUND(findings, "rules", FINDING_OK, "",
          "of %zu, %zu block, %zu hold, %zu mask, %zu are in shadow", config->rule_count,
          doings.block, doings.hold, doings.mask, shadows);
    rules_warn(config, &warnings);
    holidays_warn(config, os_realtime(&os_real), &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        FOUND(findings, "rules", FINDING_WARNING, warnings.items[i].hint, "%s",
              warnings.items[i].text);
    config_faults_release(&warnings);
}

/* How old what is known of addresses is. */
static void
look_source(const struct config_file *file, const char *name, bool is_systems,
            struct findings *findings)
{
    const char *failed;
    char time[TIME_SIZE];
    struct sources sources;
    int64_t made, days;
    int result;

    if (file->path == NULL)
        return;
    result = sources_open(&sources, is_systems ? NULL : file->path, is_systems ? file->path : NULL,
                          &failed);
    if (result != 0) {
        FOUND(findings, name, FINDING_MISSING, sources_hint(result), "%s cannot be read: %s",
              file->path, error_text(result));
        return;
    }
    made = (int64_t)(is_systems ? sources.systems : sources.countries).metadata.build_epoch;
    sources_close(&sources);
    days = (os_realtime(&os_real) / NANOSECONDS_PER_SECOND - made) / (24 * 3600);
    if (made <= 0 || made > INT64_MAX / NANOSECONDS_PER_SECOND) {
        FOUND(findings, name, FINDING_WARNING, "", "does not say when it was made");
        return;
    }
    log_time_text(time, sizeof(time), made * NANOSECONDS_PER_SECOND);
    FOUND(findings, name, days > SOURCES_DAYS_MOST ? FINDING_WARNING : FINDING_OK,
          days > SOURCES_DAYS_MOST ? "put a newer one in its place: pasu takes it by itself" : "",
          "was made %s, %" PRId64 " days ago", time, days);
}

static bool
fails_open(const struct config_gateway *g)
{
    const enum failure_mode modes[] = {g->on_failure_for.human, g->on_failure_for.service,
                                       g->on_failure_for.admin, g->on_failure_for.unknown};
    bool is_open = false;

    for (size_t i = 0; i < COUNT_OF(modes); i++)
        is_open |= (modes[i] != FAILURE_UNSET ? modes[i] : g->on_failure) == FAILURE_OPEN;
    return is_open;
}

static bool
asks_for_countries(const struct config *config)
{
    for (size_t r = 0; r < config->rule_count; r++)
        for (size_t i = 0; i < config->rules[r].condition_count; i++)
            if (strcmp(config->rules[r].conditions[i].name, "country") == 0)
                return true;
    return false;
}

/* Its age matters to who asks for countries. */
static void
look_carried(const struct config *config, struct findings *findings)
{
    struct origins *carried = NULL;
    bool is_asked = asks_for_countries(config);
    char time[TIME_SIZE];
    int64_t made, days;

    if (config->sources.country_db.path != NULL || origins_carried(&carried) != 0)
        return;
    made = origins_made(carried, false);
    days = (os_realtime(&os_real) - made) / DAY;
    log_time_text(time, sizeof(time), made);
    if (carried == NULL)
        FOUND(findings, "countries", FINDING_INFO, "set sources.country_db",
              "this pasu was built without a table of countries");
    else
        FOUND(findings, "countries",
              !is_asked                  ? FINDING_INFO
              : days > SOURCES_DAYS_MOST ? FINDING_WARNING
                                         : FINDING_OK,
              days > SOURCES_DAYS_MOST ? "set sources.country_db to a newer one, or build pasu anew"
                                       : "",
              "the table that pasu carries (IPFire Location, CC BY-SA 4.0) was made %s, %" PRId64
              " days ago",
              time, days);
    origins_release(carried);
}

static void
look_configuration(const struct config *config, struct findings *findings)
{
    const struct config_publish *publish = &config->ledger.publish;

    look_budgets(config, findings);
    look_rules(config, findings);
    look_source(&config->sources.country_db, "country_db", false, findings);
    look_source(&config->sources.asn_db, "asn_db", true, findings);
    look_carried(config, findings);
    if (config->personal_count == 0)
        FOUND(findings, "personal_data", FINDING_WARNING, "configure subjects and personal_data",
              "nothing is named: nobody is counted");
    if (publish->file == NULL && publish->syslog == NULL && publish->webhook == NULL &&
        publish->witness_count == 0)
        FOUND(
            findings, "anchor", FINDING_INFO, "configure ledger.publish",
            "checkpoints go nowhere else: that the ledger's end was cut off shows only to who has "
            "kept one");
    for (size_t i = 0; i < config->gateway_count; i++)
        if (fails_open(&config->gateways[i]))
            findings_add(findings, config->gateways[i].name, "on_failure", FINDING_INFO,
                         "set gateway.on_failure, or on_failure_for, to closed",
                         "is open for some: what cannot be recorded passes all the same");
}

bool
doctor_itself(const struct arguments *arguments, const struct config *config,
              struct findings *findings)
{
    bool answers = look_ledger(arguments, config, findings);

    look_configuration(config, findings);
    return answers;
}
