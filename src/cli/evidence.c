/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/evidence.h"
#include "base/memory.h"
#include "breach/index_mentions.h"
#include "breach/index_scope.h"
#include "breach/index_state.h"
#include "breach/index_subject.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/evidence_part.h"
#include "cli/filter_options.h"
#include "cli/key_text.h"
#include "cli/ledger_entries.h"
#include "cli/progress.h"
#include "config/quantity.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

enum { LOOK_EVERY = 4096 }; /* entries between two looks at the clock */

int
evidence_complain(const struct evidence *e, int error)
{
    const char *folder = e->ask.config->ledger.directory;

    switch (error) {
    case PASU_E_NOTFOUND:
        complain("pasu guard makes it; see ledger.directory in the configuration",
                 "there is no ledger in %s", folder);
        return 2;
    case PASU_E_DENIED:
        complain("run it as root, or as the account that pasu guard runs as",
                 "the ledger in %s may not be read by this account", folder);
        return 2;
    default:
        complain(error_hint(error), "cannot read the ledger in %s: %s", folder, error_text(error));
        return 2;
    }
}

/* The directory's secret, where there is one that we may read. */
static void
read_secret(struct evidence *e)
{
    int fd = openat(e->directory, "secret", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return;
    e->has_secret = read(fd, e->secret, sizeof(e->secret)) == (ssize_t)sizeof(e->secret);
    close(fd);
}

int
evidence_names(const struct evidence *e, struct names *names)
{
    struct vocabulary *vocabulary = memory_new(1, sizeof(*vocabulary));
    int result = vocabulary == NULL ? PASU_E_NOMEM : 0;

    if (result == 0)
        result = vocabulary_of_config(vocabulary, e->ask.config);
    if (result == 0)
        result = names_add(names, vocabulary);
    memory_free(vocabulary);
    return result;
}

/* The names that the configuration has now, also where nothing was recorded with them. */
static int
add_configured_names(struct evidence *e)
{
    return evidence_names(e, &e->book->names);
}

/* The key in the form that the directory has, where it is one of that kind. */
static const char *
operand_key(const struct evidence *e, const struct arguments *arguments,
            char space[KEY_OPERAND_SIZE])
{
    const struct config *config = e->ask.config;
    const char *kind = arguments->values[OPTION_kind], *key = arguments->operands[0];

    if (kind == NULL && config->subject_count == 1)
        kind = config->subjects[0].name;
    if (kind == NULL || key_text_of(config, kind, key, space, &key) != 0)
        return arguments->operands[0];
    return key;
}

/* In the ledger a key stands as its keyed hash. */
static void
record_question(const struct evidence *e, const struct arguments *arguments)
{
    uint8_t hash[SEAL_HASH_SIZE];
    char text[2 * SEAL_HASH_SIZE + 1] = "?", space[KEY_OPERAND_SIZE];
    bool is_key = arguments->command->operand == OPERAND_KEY;

    if (is_key && e->has_secret &&
        directory_hash(e->secret, view_of_text(operand_key(e, arguments, space)), hash) == 0)
        for (size_t i = 0; i < sizeof(hash); i++)
            snprintf(text + 2 * i, 3, "%02x", hash[i]);
    asked_record(&e->ask, arguments, is_key ? text : NULL);
}

static int
take_size(struct evidence *e, const char *text)
{
    if (text == NULL || (quantity_count(&e->until, text) == 0 && e->until > 0))
        return 0;
    complain("a checkpoint, and pasu incident show, say how many there were",
             "--size %.32s is no number of records", text);
    return 2;
}

int
evidence_open(struct evidence *e, const struct arguments *arguments)
{
    int status, result;

    *e = (struct evidence){.directory = -1, .entry_keys = {.fd = -1}};
    status = ask_init(&e->ask, arguments);
    if (status == 0)
        status = ask_keys(&e->ask, &e->segment_keys);
    if (status == 0)
        status = filter_of_options(&e->filter, arguments);
    if (status == 0)
        status = places_init(&e->places, e->ask.config, arguments, &e->filter);
    if (status != 0)
        return status;
    status = take_size(e, arguments->values[OPTION_size]);
    if (status != 0)
        return status;
    e->has_index = !arguments_given(arguments, OPTION_no_index) && e->until == 0;
    e->directory = open(e->ask.config->ledger.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (e->directory < 0)
        return evidence_complain(e, errno == ENOENT ? PASU_E_NOTFOUND : error_from_errno(errno));
    read_secret(e);
    record_question(e, arguments);
    if (entry_keys_open_reading(&e->entry_keys, &os_real, e->directory) != 0)
        e->entry_keys.fd = -1;
    evidence_forget_keys(e);
    result = book_new(&e->book, &os_real);
    if (result == 0)
        result = add_configured_names(e);
    if (result == 0)
        result = evidence_read_decoys(e);
    return result == 0 ? 0 : evidence_complain(e, result);
}

void
evidence_close(struct evidence *e)
{
    if (e->book != NULL)
        selection_release(&e->selection);
    book_free(e->book);
    evidence_forget_index(e);
    keys_release(&e->keys);
    if (e->entry_keys.fd >= 0)
        entry_keys_close(&e->entry_keys);
    segment_keys_release(&e->segment_keys);
    places_release(&e->places);
    memory_free(e->decoys);
    if (e->directory >= 0)
        close(e->directory);
    ask_release(&e->ask);
    memory_wipe(e->secret, sizeof(e->secret));
    *e = (struct evidence){.directory = -1, .entry_keys = {.fd = -1}};
}

static void
look(struct progress *progress, const struct ledger_reader *reader)
{
    uint64_t done, all;

    if (!progress_is_due(progress))
        return;
    ledger_reader_progress(reader, &done, &all);
    progress_show(progress, "reading the ledger", done, all);
}

/* Reads all; the reading that notes damaged places in the book is the one that is watched. */
static int
read_entries(struct evidence *e, struct ledger_reader *reader, evidence_entry_fn *fn, void *arg,
             bool notes_damage)
{
    struct progress progress = {0};
    struct ledger_entry entry = {0};
    int result, taken = 0;

    for (uint64_t n = 0;; n++) {
        if (n % LOOK_EVERY == 0)
            look(&progress, reader);
        result = ledger_reader_next(reader, &entry);
        if (result == 1 && notes_damage && e->until != 0 &&
            (entry.is_in_ring || entry.seq >= e->until))
            result = 0;
        if (result == PASU_E_CORRUPT && notes_damage)
            gaps_damage(&e->book->gaps, ledger_reader_damage(reader));
        if (result == 1)
            taken = fn(arg, &entry);
        if (result == 1 && taken == 0 && notes_damage && e->watch != NULL)
            taken = e->watch(e->watch_arg, &entry, ledger_reader_place(reader),
                             ledger_reader_is_in_ring(reader));
        if (taken != 0 || (result != 1 && result != PASU_E_CORRUPT))
            break;
    }
    progress_end(&progress);
    return taken != 0 ? taken : result;
}

int
evidence_each(struct evidence *e, evidence_entry_fn *fn, void *arg, bool notes_damage)
{
    struct ledger_reader *reader = NULL;
    int result = ledger_reader_open(&reader, &os_real, e->directory);

    if (result == 0) {
        ledger_reader_unlock(reader, &e->segment_keys);
        if (e->has_deeds && notes_damage)
            ledger_reader_tell_deeds(reader);
        if (e->has_rights && notes_damage)
            ledger_reader_tell_rights(reader);
        result = read_entries(e, reader, fn, arg, notes_damage);
        ledger_reader_close(reader);
    }
    return result;
}

static int
select_entry(void *arg, const struct ledger_entry *entry)
{
    if (entry->type == LEDGER_ASKED || entry->type == LEDGER_ERASED)
        return 0; /* the guard need not have run then: it says nothing of gaps */
    if (entry->type == LEDGER_RIGHT)
        return selection_right(arg, entry);
    return selection_add(arg, entry);
}

/* A field that nobody knows of is a mistake in writing, not one that was never shown. */
static int
check_field(const struct evidence *e)
{
    const struct name_list *fields = &e->book->names.fields;
    char known[512] = "fields: ";
    size_t used = strlen(known);

    if (e->filter.field == NULL || name_list_find(fields, e->filter.field) >= 0)
        return 0;
    for (size_t i = 0; i < fields->count && used < sizeof(known); i++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i > 0 ? ", " : "",
                                 fields->items[i]);
    complain(fields->count > 0 ? known : "personal_data in the configuration names the fields",
             "no field is called \"%.64s\"", e->filter.field);
    return 2;
}

int
evidence_read(struct evidence *e, statement_fn *give, void *arg)
{
    int result;

    evidence_forget_index(e);
    selection_init(&e->selection, e->book, &e->filter, give, arg);
    result = evidence_each(e, select_entry, &e->selection, true);
    if (result == 0)
        result = selection_end(&e->selection);
    if (result != 0)
        return evidence_complain(e, result);
    return check_field(e);
}

uint64_t
evidence_gaps(const struct evidence *e, bool is_damage)
{
    const struct gaps *gaps = &e->book->gaps;
    uint64_t count = is_damage ? 0 : gaps->left_out;

    for (size_t g = 0; g < gaps->count; g++)
        if (!is_damage || gaps->items[g].what == GAP_DAMAGED)
            count += gap_concerns(&gaps->items[g], e->filter.from, e->filter.to);
    return count;
}

int
evidence_anew(struct evidence *e)
{
    int result;

    selection_release(&e->selection);
    book_free(e->book);
    e->book = NULL;
    result = book_new(&e->book, &os_real);
    return result == 0 ? add_configured_names(e) : result;
}

/* Who hears of what is read beside the index. */
struct listening {
    struct mentions *mentions;
    struct ledger_entries *ledger;
};

static int
hear(void *arg, const struct ledger_entry *entry)
{
    const struct listening *l = arg;

    return mentions_note(l->mentions, entry, ledger_entries_place(l->ledger),
                         ledger_entries_is_in_ring(l->ledger));
}

static int
ask_for_subject(struct evidence *e, struct index *index, struct ledger_entries *ledger,
                struct subject *subject, struct mentions *mentions)
{
    struct entries entries = ledger_entries(ledger);
    struct listening listening = {mentions, ledger};
    int result = mentions != NULL ? index_mentions_begin(index, mentions) : 0;

    if (mentions != NULL) {
        entries.watch = hear;
        entries.watch_arg = &listening;
    }
    if (result == 0)
        result = index_subject(index, subject, &e->selection, &entries);
    return result == 0 && mentions != NULL ? index_mentions_end(index, mentions) : result;
}

void
evidence_complain_index(const char *fault)
{
    complain("run: pasu ledger rebuild-index", "the ledger's index %s; the ledger is read instead",
             fault);
}

int
evidence_ask_index(struct evidence *e, statement_fn *give, void *arg, evidence_ask_fn *ask,
                   void *ask_arg)
{
    struct ledger_entries *ledger = NULL;
    int result = e->has_index ? evidence_index(e) : PASU_E_UNAVAILABLE;
    bool is_asked;

    if (result == PASU_E_CORRUPT)
        evidence_complain_index("is damaged");
    if (result == PASU_E_LEDGER_KEY)
        evidence_complain_index("is not encrypted with a configured key");
    if (result != 0)
        return 0;
    result = ledger_entries_open(&ledger, e->directory, &e->segment_keys);
    is_asked = result == 0;
    if (is_asked) {
        selection_init(&e->selection, e->book, &e->filter, give, arg);
        result = ask(e, ledger, ask_arg);
        ledger_entries_close(ledger);
    }
    if (result == PASU_E_CORRUPT)
        evidence_complain_index("is damaged");
    if (result == PASU_E_NOTFOUND && is_asked)
        evidence_complain_index("is of another version of pasu");
    if (result == 0)
        return 1;
    result = evidence_anew(e);
    return result < 0 ? result : 0;
}

static int
leave_out(const struct evidence *e, struct scope *scope, int status)
{
    int result = status == 0 ? evidence_leave_out(e, scope, INT64_MAX) : 0;

    return result == 0 ? status : evidence_complain(e, result);
}

static int
ask_for_scope(struct evidence *e, struct ledger_entries *ledger, void *arg)
{
    struct entries entries = ledger_entries(ledger);

    return index_scope(e->index, arg, &e->selection, &entries);
}

struct for_subject {
    struct subject *subject;
    struct mentions *mentions;
};

static int
ask_about_subject(struct evidence *e, struct ledger_entries *ledger, void *arg)
{
    struct for_subject *f = arg;

    return ask_for_subject(e, e->index, ledger, f->subject, f->mentions);
}

int
evidence_scope(struct evidence *e, struct scope *scope)
{
    int result = index_scope_can(&e->filter)
                     ? evidence_ask_index(e, scope_take, scope, ask_for_scope, scope)
                     : 0;

    if (result < 0)
        return evidence_complain(e, result);
    if (result == 1)
        return leave_out(e, scope, check_field(e));
    scope_release(scope);
    scope_init(scope, &e->selection);
    return leave_out(e, scope, evidence_read(e, scope_take, scope));
}

int
evidence_subject(struct evidence *e, struct subject *subject, struct mentions *mentions,
                 bool *is_answered)
{
    const struct subject before = *subject;
    struct for_subject asked = {subject, mentions};
    int result = evidence_ask_index(e, subject_take, subject, ask_about_subject, &asked);

    *is_answered = result == 1;
    if (result < 0)
        return evidence_complain(e, result);
    if (result == 0) {
        subject_release(subject);
        *subject = before;
    }
    return 0;
}

int
evidence_doubt_index(struct evidence *e)
{
    int result = evidence_anew(e);

    e->has_index = false;
    evidence_forget_index(e);
    return result == 0 ? 0 : evidence_complain(e, result);
}
