/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/hashed_out.h"
#include "cli/notice_contacts.h"
#include "cli/notice_load.h"
#include "cli/notify_status.h"
#include "cli/probe.h"
#include "cli/progress.h"
#include "cli/roster_command.h"
#include "cli/run.h"
#include "config/time_zone.h"

#include <inttypes.h>
#include <time.h>

enum { LOOK_EVERY = 256 }; /* persons between two looks at the clock */

struct notifying {
    const struct arguments *arguments;
    struct evidence evidence;
    struct incidents incidents;
    struct notice_set set;
    struct notice_texts texts;
    struct roster *roster;
    struct hashed_out out;
    struct notice_writer writer;
    uint64_t incident;
    bool is_dry; /* nothing is written: only counted */
    struct progress progress;
    uint64_t seen, all; /* persons looked at, of at least so many */
    /* Of the kind that is being told. */
    const char *subject;
    enum key_form form;
    struct map done; /* ordinals that a row of the contacts had */
};

/* ---- what is needed ---- */

static int
load_texts(struct notifying *n)
{
    const struct config *config = n->evidence.ask.config;
    int status = notice_texts_load(&n->texts, config);
    const char *missing = status == 0 ? notice_texts_missing(&n->texts) : NULL;

    if (!missing)
        return status;
    complain("copy contrib/incident/notices.yaml, fill in controller, and name the copy in the "
             "configuration as incident.notices",
             "%s: controller.ko.%s or controller.en.%s is empty, and the law asks for it",
             config->incident.notices ? config->incident.notices : config->path, missing, missing);
    return 2;
}

/* Passwords of inspectors, and the roster where there is one. */
static int
load_files(struct notifying *n)
{
    struct config *config = n->evidence.ask.config;
    int status = roster_load_files(config);

    if (status != 0)
        return status;
    if (time_zone_use(config) != 0)
        return complain_error(PASU_E_NOMEM, "notify");
    tzset();
    probe_init();
    return config->principals.roster.path ? roster_load(&n->roster, config) : 0;
}

/* ---- one person ---- */

static int
write_notice(struct notifying *n, const struct notice *notice, const char *key,
             const struct notice_contact *contacts, size_t count)
{
    int result = 0;

    if (n->is_dry)
        n->writer.counts[notice->kind]++;
    else
        result = notice_write(&n->writer, notice, key, n->form, contacts, count);
    return result == 0 ? 0 : complain_error(result, "a notice");
}

static void
look(struct notifying *n)
{
    if (n->seen++ % LOOK_EVERY != 0 || !progress_is_due(&n->progress))
        return;
    progress_show(&n->progress, n->is_dry ? "looking who is told" : "writing notices", n->seen,
                  n->seen > n->all ? n->seen : n->all);
}

/* A made-up person is told nothing, whenever it was planted. */
static bool
is_decoy(const struct notifying *n, const uint32_t *ordinals, size_t count)
{
    for (size_t i = 0; n->evidence.decoys && i < count; i++)
        if (decoys_of(n->evidence.decoys, n->subject, ordinals[i], INT64_MAX))
            return true;
    return false;
}

/* Of a person whom a row before was of. */
static bool
is_twice(const struct notifying *n, const uint32_t *ordinals, size_t count)
{
    uint32_t done;

    for (size_t i = 0; i < count; i++)
        if (map_get(&n->done, ordinals[i], &done))
            return true;
    return false;
}

/* A row of the contacts: whoever it is. */
static int
tell_row(void *arg, const char *key, const struct notice_contact *contacts, size_t count)
{
    struct notifying *n = arg;
    uint32_t ordinals[SUBJECT_ORDINALS_MAX];
    size_t ordinal_count = 0, found = 0;
    struct notice notice;
    int status = 0;

    look(n);
    if (key_is_ordinal(view_of_text(key), &ordinals[0]))
        ordinal_count = 1;
    status = evidence_find_key(&n->evidence, view_of_text(key), ordinals + ordinal_count,
                               COUNT_OF(ordinals) - ordinal_count, &found);
    if (status != 0)
        return status;
    ordinal_count += found;
    if (is_decoy(n, ordinals, ordinal_count))
        return 0;
    if (is_twice(n, ordinals, ordinal_count)) {
        complain("give one row for each person", "incident.contacts of %s have a person twice",
                 n->subject);
        return 2;
    }
    for (size_t i = 0; i < ordinal_count; i++)
        if (map_put(&n->done, ordinals[i], 1) != 0)
            return complain_error(PASU_E_NOMEM, "notify");
    notice_set_ask(&n->set, n->subject, ordinals, ordinal_count, &notice);
    return notice.kind == NOTICE_NONE ? 0 : write_notice(n, &notice, key, contacts, count);
}

/* Somebody whom the ledger names, and no row did. */
static int
tell_named(void *arg, uint32_t ordinal)
{
    struct notifying *n = arg;
    char key[KEY_TEXT_SIZE];
    struct notice notice;
    uint32_t done;

    look(n);
    if (map_get(&n->done, ordinal, &done) || is_decoy(n, &ordinal, 1))
        return 0;
    notice_set_ask(&n->set, n->subject, &ordinal, 1, &notice);
    if (notice.kind == NOTICE_NONE)
        return 0;
    evidence_key(&n->evidence, ordinal, key);
    return write_notice(n, &notice, key, NULL, 0);
}

/* ---- all ---- */

static const struct config_contacts *
contacts_of(const struct config *config, const char *subject)
{
    for (size_t i = 0; i < config->incident.contact_count; i++)
        if (strcmp(config->incident.contacts[i].subject, subject) == 0)
            return &config->incident.contacts[i];
    return NULL;
}

static int
tell_kind(struct notifying *n, const char *subject)
{
    const struct config_contacts *contacts = contacts_of(n->evidence.ask.config, subject);
    int status = 0;

    n->subject = subject;
    n->form = key_form_of(&n->evidence, subject, notice_set_has_numbers(&n->set, subject));
    if (contacts)
        status = notice_contacts_each(&n->evidence.ask, contacts, tell_row, n);
    else if (notice_set_has_unnamed(&n->set, subject)) {
        complain("write incident.contacts into the configuration",
                 "of %s there are persons whom the ledger cannot name: nobody says who all are",
                 subject);
        status = 2;
    }
    if (status == 0)
        status = notice_set_each(&n->set, subject, tell_named, n);
    map_release(&n->done);
    n->done = (struct map){0};
    return status;
}

/* Kinds that the ledger knows, and those of the configuration. */
static int
tell_all(struct notifying *n)
{
    const struct name_list *kinds = &n->evidence.book->names.kinds;
    int status = 0;

    n->progress = (struct progress){0};
    n->seen = 0;
    n->all = notice_set_persons(&n->set);
    notice_begin(&n->writer);
    for (size_t k = 0; k < kinds->count && status == 0; k++)
        status = tell_kind(n, kinds->items[k]);
    progress_end(&n->progress);
    return status;
}

static json_t *
counts_of(const struct notice_writer *w)
{
    json_t *counts = json_object();

    for (unsigned k = NOTICE_LEAK; k < NOTICE_KINDS; k++)
        json_object_set_new(counts, notice_kind_text((enum notice_kind)k),
                            json_integer((json_int_t)w->counts[k]));
    return counts;
}

/* Nobody else has made notices since those that were told before were looked for. */
static int
check_alone(const struct notifying *n)
{
    struct incidents now = {0};
    size_t count = 0;
    int status = incident_find(&n->evidence.ask, &now, n->incident);

    for (size_t i = 0; status == 0 && i < now.count; i++)
        count +=
            now.events[i].body.number == n->incident && now.events[i].body.what == INCIDENT_NOTICED;
    incidents_release(&now);
    if (status == 0 && count != n->set.noticed) {
        complain("do not send them: run it again", "other notices were made meanwhile");
        status = 2;
    }
    return status;
}

static int
record(struct notifying *n, const char *digest)
{
    const uint64_t *counts = n->writer.counts;
    struct payload_incident body = {.number = n->incident,
                                    .what = INCIDENT_NOTICED,
                                    .about = n->set.version.event->index,
                                    .at_least = counts[NOTICE_LEAK] + counts[NOTICE_ADDITION],
                                    .at_most = counts[NOTICE_LEAK] + counts[NOTICE_ADDITION] +
                                               counts[NOTICE_POSSIBLE] + counts[NOTICE_RETRACTION]};
    json_t *more =
        json_pack("{sb ss so sI}", "possible", n->set.has_possible, "sha256", digest, "notices",
                  counts_of(&n->writer), "damaged", (json_int_t)evidence_gaps(&n->evidence, true));
    char *text = more ? json_dumps(more, JSON_COMPACT) : NULL;
    int status;

    json_decref(more);
    if (!text)
        return complain_error(PASU_E_NOMEM, "notify");
    incident_say(&body, n->arguments);
    body.more = view_of_text(text);
    status = check_alone(n);
    if (status == 0)
        status = incident_add(&n->evidence.ask, &body);
    free(text);
    if (status != 0)
        complain("do not send them", "that these notices were made is not in the ledger");
    return status;
}

static void
print_counts(const struct notifying *n)
{
    const uint64_t *counts = n->writer.counts;

    printf("incident %" PRIu64 ", version %u of its scope: of those who were not told yet\n",
           n->incident, n->set.version.number);
    printf("  %" PRIu64 " to be told of a leak\n", counts[NOTICE_LEAK]);
    printf("  %" PRIu64 " to be told of more fields than before\n", counts[NOTICE_ADDITION]);
    printf("  %" PRIu64 " to be told of a possible leak%s\n", counts[NOTICE_POSSIBLE],
           n->set.has_possible ? "" : " (not asked for: --possible)");
    printf("  %" PRIu64 " to be told that nothing of theirs has leaked after all\n",
           counts[NOTICE_RETRACTION]);
    puts("nothing is written: --json or --csv makes the notices, and records that");
}

/* Whom these showed has no notice: that is not to be found out later. */
static void
complain_damage(const struct evidence *e)
{
    uint64_t places = evidence_gaps(e, true);

    if (places > 0)
        complain("pasu ledger verify says where; a backup of the ledger may have them whole",
                 "the ledger is damaged in places that may be about this (%" PRIu64
                 "): persons can be missing here",
                 places);
}

/* That it was not so is said to nobody unless that is wanted: the last version's question can be a
 * slip. */
static int
check_retractions(struct notifying *n)
{
    bool is_csv = n->writer.is_csv;
    uint64_t count;
    int status;

    if (arguments_given(n->arguments, OPTION_retract))
        return 0;
    n->is_dry = true;
    n->writer.is_csv = false;
    status = tell_all(n);
    count = n->writer.counts[NOTICE_RETRACTION];
    memset(n->writer.counts, 0, sizeof(n->writer.counts));
    n->is_dry = false;
    n->writer.is_csv = is_csv;
    if (status != 0 || count == 0)
        return status;
    complain("look at the question of the last version (pasu incident diff); if it is right, say "
             "--retract",
             "%" PRIu64 " would be told that nothing of theirs has leaked after all", count);
    return 1;
}

/* A mailer passes over them. */
static void
complain_unreached(uint64_t count)
{
    if (count > 0)
        complain("former customers and persons in address books can have a query of their own in "
                 "incident.contacts; who has none can be told on your homepage alone",
                 "%" PRIu64 " of these notices %s no contact", count, count == 1 ? "has" : "have");
}

static int
make(struct notifying *n)
{
    char digest[HASHED_TEXT_SIZE];
    int status = check_retractions(n), result;

    if (status > 1)
        complain("do not send them", "no notice was made");
    if (status != 0)
        return status;

    result = hashed_out_open(&n->out, stdout);
    if (result != 0)
        return complain_error(result, "notify");
    n->writer.file = n->out.file;
    status = tell_all(n);
    result = hashed_out_close(&n->out, digest);
    if (status != 0 || result != 0)
        complain("do not send them", "the notices are not whole");
    if (status != 0)
        return status;
    status = result == 0 ? record(n, digest) : complain_error(result, "notify");
    if (status == 0)
        complain_unreached(n->writer.unreached);
    return status;
}

static int
notify(struct notifying *n)
{
    int status = load_texts(n);

    if (status == 0)
        status = load_files(n);
    if (status == 0)
        status = incident_find(&n->evidence.ask, &n->incidents, n->incident);
    if (status == 0 && !n->evidence.has_secret) {
        complain("run it as root, or as the account that pasu guard runs as",
                 "the ledger's secret cannot be read");
        status = 2;
    }
    if (status == 0)
        status = notice_set_read(&n->set, &n->evidence, &n->incidents, n->incident, 0,
                                 arguments_given(n->arguments, OPTION_possible));
    if (status != 0)
        return status;
    complain_damage(&n->evidence);
    n->writer = (struct notice_writer){.is_csv = arguments_given(n->arguments, OPTION_csv),
                                       .set = &n->set,
                                       .texts = &n->texts,
                                       .roster = n->roster,
                                       .incident = n->incident};
    if (!n->is_dry)
        return make(n);
    status = tell_all(n);
    if (status == 0)
        print_counts(n);
    return status;
}

static int
check(const struct arguments *arguments, uint64_t *incident)
{
    bool is_json = arguments_given(arguments, OPTION_json);
    bool is_csv = arguments_given(arguments, OPTION_csv);
    int status = incident_number(incident, arguments->operands[0], "an incident");

    if (status != 0)
        return status;
    if (is_json && is_csv) {
        complain("choose one", "--json and --csv are two forms of the same");
        return 2;
    }
    return is_json || is_csv ? incident_check(arguments) : 0;
}

int
run_notify(const struct arguments *arguments)
{
    struct notifying n = {.arguments = arguments};
    int status;

    if (arguments_given(arguments, OPTION_status) || arguments->operand_count > 1)
        return output_end(notify_status(arguments));
    status = check(arguments, &n.incident);
    if (status != 0)
        return output_end(status);
    n.is_dry = !arguments_given(arguments, OPTION_json) && !arguments_given(arguments, OPTION_csv);
    status = evidence_open(&n.evidence, arguments);
    if (status == 0)
        status = notify(&n);
    notice_set_release(&n.set);
    notice_texts_release(&n.texts);
    roster_free(n.roster);
    incidents_release(&n.incidents);
    evidence_close(&n.evidence);
    return output_end(status);
}
