/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a bundle of fingerprints: of everybody in the tables of the identity columns, or of those
 * whom the last version of an incident's scope names; never of a decoy.
 *
 *      rows ─▶ values in their one form ─▶ keyed hashes in memory; the servers are let go
 *           ─▶ slow hashes ─▶ bundle ─▶ temporary file ─▶ the ledger has it ─▶ its name
 */
#include "base/memory.h"
#include "cli/complain.h"
#include "cli/fingerprint.h"
#include "cli/fingerprint_rows.h"
#include "cli/hashed_out.h"
#include "cli/json_out.h"
#include "cli/notice_set.h"
#include "cli/progress.h"
#include "cli/roster_command.h"
#include "config/quantity.h"
#include "exposure/identity_names.h"
#include "policy/plain_contact.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, WORDS_SIZE = 256 };

struct making {
    const struct arguments *arguments;
    struct evidence evidence;
    struct incidents incidents;
    struct notice_set set;
    uint64_t incident; /* 0: everybody */
    bool has_incident;
    struct identity_wants wants;
    struct identity_names names;
    struct fingerprint_key key;
    unsigned threads;
    struct fingerprint_inner *inners;
    size_t count, space;
    uint64_t rows, persons, decoys, unread; /* rows read; that gave something; values of no shape */
    struct progress progress;
    struct fingerprint_bundle bundle;
    size_t different;
    char sha256[HASHED_TEXT_SIZE];
};

/* ---- what is wanted ---- */

static int
choose(struct making *m)
{
    const char *form = m->arguments->values[OPTION_form], *mem = m->arguments->values[OPTION_mem];
    enum fingerprint_form wanted = FINGERPRINT_PAIRS;
    uint64_t memory = (uint64_t)FINGERPRINT_MEMORY << 10;
    int result;

    if (form != NULL && strcmp(form, "values") == 0) {
        wanted = FINGERPRINT_VALUES;
    } else if (form != NULL && strcmp(form, "pairs") != 0) {
        complain("there are: pairs, values", "--form %.40s is no form of fingerprints", form);
        return 2;
    }
    if (mem != NULL && (quantity_size(&memory, mem) != 0 || memory >> 10 > UINT32_MAX))
        memory = 0;
    result = fingerprint_key_new(&m->key, wanted, FINGERPRINT_PASSES, (uint32_t)(memory >> 10));
    if (result == PASU_E_RANGE) {
        complain("write a size from 8KiB to 1GiB, as --mem 16MiB",
                 "--mem %.40s is no cost that will do", mem);
        return 2;
    }
    return result == 0 ? fingerprint_threads(m->arguments, &m->threads)
                       : complain_error(result, "fingerprints");
}

static int
check(struct making *m)
{
    const char *who = m->arguments->values[OPTION_who];

    if (incident_check(m->arguments) != 0)
        return 2;
    if (strlen(who) >= FINGERPRINT_FOR_SIZE) {
        complain("at most 63 bytes are in the bundle", "--who is too long");
        return 2;
    }
    if (!arguments_given(m->arguments, OPTION_output)) {
        complain("name it with --output FILE", "the bundle needs a file");
        return 2;
    }
    m->has_incident = m->arguments->operand_count > 1;
    return m->has_incident ? incident_number(&m->incident, m->arguments->operands[1], "an incident")
                           : 0;
}

/* ---- persons ---- */

/* The kinds of persons whose key a table's rows have. */
static const char *
kind_at(const struct making *m, const struct fingerprint_table *table, size_t *at)
{
    while (*at < m->names.count) {
        const struct identity_name *name = &m->names.items[(*at)++];

        for (size_t w = 0; w < table->count; w++)
            if (memcmp(name->definition, table->wanted[w]->section.definition,
                       sizeof(name->definition)) == 0)
                return name->kind;
    }
    return NULL;
}

static bool
is_named(const struct making *m, const char *kind, const uint32_t *ordinals, size_t count)
{
    const struct affected_kind *affected = affected_kind(&m->set.now, kind);

    for (size_t i = 0; affected != NULL && i < count; i++)
        if (affected_person(affected, ordinals[i]) != NULL)
            return true;
    return false;
}

/* Whether fingerprints are to be made of the person, in *is_wanted. */
static int
look_up(struct making *m, const struct fingerprint_table *table, struct view key, bool *is_wanted)
{
    uint32_t ordinals[SUBJECT_ORDINALS_MAX];
    size_t count = 0, found = 0, at = 0;
    bool is_decoy = false, is_in = !m->has_incident;
    int status;

    if (key_is_ordinal(key, &ordinals[0]))
        count = 1;
    status =
        evidence_find_key(&m->evidence, key, ordinals + count, COUNT_OF(ordinals) - count, &found);
    count += found;
    for (const char *kind; (kind = kind_at(m, table, &at)) != NULL;) {
        for (size_t i = 0; m->evidence.decoys != NULL && i < count; i++)
            is_decoy |= decoys_of(m->evidence.decoys, kind, ordinals[i], INT64_MAX) != NULL;
        is_in |= m->has_incident && is_named(m, kind, ordinals, count);
    }
    m->decoys += is_decoy;
    *is_wanted = is_in && !is_decoy;
    return status;
}

/* ---- values ---- */

static int
add(struct making *m, struct view text)
{
    if (m->count == m->space) {
        size_t space = m->space == 0 ? 4096 : 2 * m->space;
        struct fingerprint_inner *more = memory_resize(m->inners, space, sizeof(*more));

        if (more == NULL)
            return complain_error(PASU_E_NOMEM, "fingerprints");
        m->inners = more;
        m->space = space;
    }
    fingerprint_inner_of(&m->key, text, &m->inners[m->count++]);
    return 0;
}

static int
add_pairs(struct making *m, uint8_t (*texts)[PLAIN_CONTACT_SIZE], const size_t *lengths,
          size_t count)
{
    uint8_t pair[PLAIN_PAIR_SIZE];
    int status = 0;

    for (size_t e = 0; e < count; e++)
        for (size_t p = 0; status == 0 && p < count; p++) {
            struct view email = view_of(texts[e], lengths[e]);
            struct view phone = view_of(texts[p], lengths[p]);

            if (plain_contact_is_email(email) && !plain_contact_is_email(phone))
                status = add(m, view_of(pair, plain_pair(pair, email, phone)));
        }
    memory_wipe(pair, sizeof(pair));
    return status;
}

static int
take_row(void *arg, const struct fingerprint_table *table, struct view key,
         const struct view *values)
{
    struct making *m = arg;
    uint8_t texts[FINGERPRINT_COLUMNS_MAX][PLAIN_CONTACT_SIZE];
    size_t lengths[FINGERPRINT_COLUMNS_MAX], count = 0, before = m->count;
    bool is_wanted = false;
    int status = look_up(m, table, key, &is_wanted);

    m->rows++;
    if (progress_is_due(&m->progress))
        progress_show(&m->progress, "reading the columns", 0, 0);
    for (size_t i = 0; status == 0 && is_wanted && i < table->column_count; i++) {
        if (values[i].bytes == NULL)
            continue;
        lengths[count] = plain_contact(texts[count], values[i]);
        if (lengths[count] == 0)
            m->unread++;
        else
            count++;
    }
    if (status == 0 && m->key.terms.form == FINGERPRINT_PAIRS)
        status = add_pairs(m, texts, lengths, count);
    for (size_t i = 0; status == 0 && m->key.terms.form == FINGERPRINT_VALUES && i < count; i++)
        status = add(m, view_of(texts[i], lengths[i]));
    m->persons += m->count > before;
    memory_wipe(texts, sizeof(texts));
    return status;
}

/* ---- all of them ---- */

static int
read_rows(struct making *m)
{
    struct probe probe = {0};
    int result = identity_wants_collect(&m->wants, m->evidence.ask.config, &probe);
    int status = 0;

    if (result != 0 && probe.error[0] != '\0') {
        complain("run: pasu check -c FILE --connect", "the server cannot be read: %s", probe.error);
        status = 2;
    } else if (result != 0) {
        status = complain_error(result, "the identity columns");
    }
    probe_close(&probe);
    for (size_t i = 0; status == 0 && i < m->wants.count; i++)
        if (m->wants.items[i].reason[0] != '\0')
            complain("", "%s.%s is left out: %s", m->wants.items[i].section.table,
                     m->wants.items[i].section.column, m->wants.items[i].reason);
    if (status == 0)
        status = fingerprint_rows_each(&m->wants, take_row, m);
    progress_end(&m->progress);
    if (status != 0 || m->count > 0)
        return status;
    if (m->key.terms.form == FINGERPRINT_PAIRS)
        complain("name columns of both under identity, of one table; or see --form values, and "
                 "what it gives away",
                 "nobody has an e-mail address and a telephone number in one row");
    else
        complain("name columns under identity in the configuration", "nobody has a value");
    return 1;
}

/* The slow part: the first bytes of each become its hash. */
static int
hash_all(struct making *m, uint64_t *hashes)
{
    int result = 0;

    for (size_t done = 0, n; result == 0 && done < m->count; done += n) {
        n = m->count - done < FINGERPRINT_BATCH ? m->count - done : FINGERPRINT_BATCH;
        result = fingerprint_hash(&m->key, m->inners + done, hashes + done, n, m->threads);
        if (progress_is_due(&m->progress))
            progress_show(&m->progress, "hashing", done, m->count);
    }
    progress_end(&m->progress);
    return result;
}

static int
make_bundle(struct making *m)
{
    uint64_t *hashes = memory_new(m->count, sizeof(*hashes));
    int result = hashes != NULL ? hash_all(m, hashes) : PASU_E_NOMEM;

    m->different = m->count;
    if (result == 0)
        result = fingerprint_bundle_make(&m->bundle, &m->key, hashes, &m->different,
                                         m->arguments->values[OPTION_who], FINGERPRINT_QUESTIONS,
                                         os_realtime(&os_real) / INT64_C(1000000000));
    memory_free(hashes);
    return result == 0 ? 0 : complain_error(result, "the bundle");
}

/* ---- files ---- */

static int
fail_file(const char *path)
{
    complain("give -o a name that no file has yet, in a folder that may be written to",
             "cannot write %s: %s", path, strerror(errno));
    return 2;
}

/* A new file, for whoever asked alone. */
static int
write_file(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t done = 0;
    int status = 0;

    if (fd < 0)
        return fail_file(path);
    while (status == 0 && done < size) {
        ssize_t n = write(fd, (const uint8_t *)bytes + done, size - done);

        if (n < 0 && errno != EINTR)
            status = fail_file(path);
        done += n > 0 ? (size_t)n : 0;
    }
    if (status == 0 && fsync(fd) != 0)
        status = fail_file(path);
    close(fd);
    if (status != 0)
        unlink(path);
    return status;
}

static int
record(const struct making *m)
{
    char words[WORDS_SIZE], name[FINGERPRINT_NAME_SIZE], incident[32] = "";
    int result;

    fingerprint_name(&m->key.terms, name);
    if (m->has_incident)
        snprintf(incident, sizeof(incident), "incident=%" PRIu64 " ", m->incident);
    snprintf(words, sizeof(words), "make bundle=%s sha256=%s %s=%zu %sfor=%.63s why=%.60s", name,
             m->sha256, fingerprint_form_text(m->key.terms.form), m->different, incident,
             m->arguments->values[OPTION_who], m->arguments->values[OPTION_why]);
    result = asked_words(&m->evidence.ask, FINGERPRINT_COMMAND, words);
    return result == 0
               ? 0
               : asked_complain(result, "that the bundle was made is not in the ledger, so it "
                                        "is not kept");
}

/* Both files: nothing has its name before the ledger has it. */
static int
save(struct making *m)
{
    const char *path = m->arguments->values[OPTION_output];
    char keyed[PATH_SIZE], fresh[PATH_SIZE], text[FINGERPRINT_KEY_TEXT_SIZE];
    int status;

    if (access(path, F_OK) == 0) {
        errno = EEXIST;
        return fail_file(path);
    }
    snprintf(keyed, sizeof(keyed), "%s.key", path);
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (hashed_text(m->bundle.bytes, m->bundle.size, m->sha256) != 0)
        return complain_error(PASU_E_CRYPTO, "SHA-256");
    fingerprint_key_write(&m->key, text);
    status = write_file(keyed, text, strlen(text));
    memory_wipe(text, sizeof(text));
    if (status != 0)
        return status;
    status = write_file(fresh, m->bundle.bytes, m->bundle.size);
    if (status != 0) {
        unlink(keyed);
        return status;
    }
    status = record(m);
    if (status == 0 && rename(fresh, path) != 0)
        status = fail_file(path);
    if (status != 0) {
        unlink(keyed);
        unlink(fresh);
    }
    return status;
}

static void
print(const struct making *m)
{
    const char *path = m->arguments->values[OPTION_output];
    struct json_out out = {.file = stdout};
    char name[FINGERPRINT_NAME_SIZE];
    double chance = fingerprint_bundle_chance(&m->bundle);

    fingerprint_name(&m->key.terms, name);
    if (!arguments_given(m->arguments, OPTION_json)) {
        printf("%s: %zu %s of %" PRIu64 " rows, for %s; its key is in %s.key\n", path, m->different,
               fingerprint_form_text(m->key.terms.form), m->persons, m->bundle.whom, path);
        printf("%" PRIu64 " values are neither an e-mail address nor a telephone number; %" PRIu64
               " decoys were left out\n",
               m->unread, m->decoys);
        if (m->different < FINGERPRINT_LEAST)
            printf("there are fewer than %d: a range answers with all of them\n",
                   FINGERPRINT_LEAST);
        if (m->key.terms.form == FINGERPRINT_VALUES)
            puts("whoever has both files can list the telephone numbers: see "
                 "docs/spec/fingerprint.md");
        return;
    }
    json_out_open(&out, '{');
    json_put_text(&out, "file", path);
    json_put_text(&out, "bundle", name);
    json_put_text(&out, "sha256", m->sha256);
    json_put_text(&out, "for", m->bundle.whom);
    json_put_text(&out, "form", fingerprint_form_text(m->key.terms.form));
    json_put_count(&out, "fingerprints", m->different);
    json_put_count(&out, "rows", m->persons);
    json_put_count(&out, "unread", m->unread);
    json_put_count(&out, "decoys", m->decoys);
    json_put_count(&out, "bits", m->bundle.terms.bits);
    json_put_count(&out, "room", m->bundle.room);
    json_out_key(&out, "by_chance");
    json_out_number(&out, chance);
    json_out_close(&out, '}');
    json_out_end(&out);
}

/* ---- the command ---- */

/* Whom the incident's last version names. */
static int
read_incident(struct making *m)
{
    int status = incident_find(&m->evidence.ask, &m->incidents, m->incident);

    return status == 0
               ? notice_set_read(&m->set, &m->evidence, &m->incidents, m->incident, 0, false)
               : status;
}

static int
make(struct making *m)
{
    int status = roster_load_files(m->evidence.ask.config), result;

    if (status != 0)
        return status;
    probe_init();
    result = identity_names_of(&m->names, m->evidence.ask.config);
    if (result != 0)
        return complain_error(result, "fingerprints");
    if (!m->evidence.has_secret) {
        complain("run it as root, or as the account that pasu guard runs as",
                 "the ledger's secret cannot be read");
        return 2;
    }
    if (m->has_incident)
        status = read_incident(m);
    if (status == 0)
        status = read_rows(m);
    if (status == 0)
        status = make_bundle(m);
    if (status == 0)
        status = save(m);
    if (status == 0)
        print(m);
    return status;
}

int
fingerprint_make(const struct arguments *arguments)
{
    struct making m = {.arguments = arguments};
    int status = check(&m);

    if (status == 0)
        status = choose(&m);
    if (status != 0)
        return status;
    status = evidence_open(&m.evidence, arguments);
    if (status == 0)
        status = make(&m);
    notice_set_release(&m.set);
    incidents_release(&m.incidents);
    identity_wants_release(&m.wants);
    identity_names_release(&m.names);
    fingerprint_bundle_release(&m.bundle);
    fingerprint_key_release(&m.key);
    memory_free(m.inners);
    evidence_close(&m.evidence);
    return status;
}
