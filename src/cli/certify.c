/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/certificate.h"
#include "cli/complain.h"
#include "cli/person.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "ledger/certificate.h"
#include "ledger/control_client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <unistd.h>

struct certifying {
    struct evidence evidence;
    struct subject subject;
    struct mentions mentions;
    struct prover prover;
    struct certificate certificate;
    bool has_prover;
    bool is_by_index;
    bool is_doubtful; /* the index, in the present attempt, said what the ledger does not */
    char *body;       /* open_memstream's */
    size_t length;
    char note[CERTIFICATE_NOTE_MAX + 1]; /* "": not signed */
};

/* No certificate is made, whatever the error's own exit status is. */
static int
complain_unmade(int error)
{
    complain_error(error, "the certificate could not be made");
    return 2;
}

/* ---- what the ledger says ---- */

static int
see_nothing(void *arg PASU_UNUSED, const struct sight *sight PASU_UNUSED)
{
    return 0;
}

static int
note(void *arg, const struct ledger_entry *entry, const struct records_place *place,
     bool is_in_ring)
{
    return mentions_note(arg, entry, place, is_in_ring);
}

static void
begin_mentions(struct certifying *c)
{
    mentions_release(&c->mentions);
    mentions_init(&c->mentions, &c->subject, &c->evidence.filter, c->evidence.book);
}

/* With the index, or else all. */
static int
look(struct certifying *c)
{
    int status;

    begin_mentions(c);
    status = evidence_subject(&c->evidence, &c->subject, &c->mentions, &c->is_by_index);
    if (status != 0 || c->is_by_index)
        return status;
    begin_mentions(c);
    c->evidence.watch = note;
    c->evidence.watch_arg = &c->mentions;
    return evidence_read(&c->evidence, subject_take, &c->subject);
}

/* Whom the ledger shows, and where. */
static int
read_ledger(struct certifying *c)
{
    int status = look(c), result;

    if (status == 0)
        status = person_check_kind(&c->evidence, c->subject.kind);
    if (status != 0)
        return status;
    if (c->mentions.left_out > 0) {
        complain("make several, each of less time, with --from and --to",
                 "the ledger names this person more often than one certificate can hold");
        return 2;
    }
    result = mentions_end(&c->mentions);
    return result == 0 ? 0 : complain_unmade(result);
}

/* ---- what the keeper does ---- */

static int
take_note(void *arg, uint32_t type, const void *body, size_t length)
{
    struct certifying *c = arg;

    if (type != CONTROL_NOTE || length >= sizeof(c->note))
        return PASU_E_PROTOCOL;
    memcpy(c->note, body, length);
    c->note[length] = '\0';
    return 0;
}

static int
ask_keeper(struct certifying *c, const struct control_request *request, uint64_t *count)
{
    return control_ask(c->evidence.ask.path, request, take_note, c, count);
}

static struct control_request
request_of(enum control_verb verb)
{
    return (struct control_request){
        .magic = CONTROL_MAGIC, .version = CONTROL_VERSION, .verb = (uint32_t)verb};
}

static bool
is_keeper_away(int error)
{
    return error == PASU_E_UNAVAILABLE || error == PASU_E_DENIED || error == PASU_E_TIMEOUT;
}

/* Has the opening made that is missing. An error of the keeper's; what cannot be opened is listed
 * as that. */
static int
ask_opening(struct certifying *c, struct mention *mention)
{
    struct control_request request = request_of(CONTROL_OPENING);
    uint64_t index = 0;
    int result;

    if (mention->is_in_ring || mention->opening != 0)
        return 0;
    request.opening = (struct control_opening){.segment = mention->place.segment,
                                               .offset = mention->place.offset,
                                               .from = mention->place.index,
                                               .record = mention->record,
                                               .part = mention->part,
                                               .which = mention->which};
    result = ask_keeper(c, &request, &index);
    mention->opening = result == 0 ? index : 0;
    return is_keeper_away(result) ? result : 0;
}

/* Openings, and a checkpoint that covers them. Whether the keeper is there to sign. */
static bool
ask_openings(struct certifying *c)
{
    struct control_request request = request_of(CONTROL_CHECKPOINT);
    struct progress progress = {0};
    uint64_t size;
    int result = 0;

    for (size_t i = 0; i < c->mentions.count && result == 0; i++) {
        if (progress_is_due(&progress))
            progress_show(&progress, "opening what is to be proven", i, c->mentions.count);
        result = ask_opening(c, &c->mentions.items[i]);
    }
    progress_end(&progress);
    if (result == 0)
        result = ask_keeper(c, &request, &size);
    if (result == 0)
        return true;
    complain(is_keeper_away(result) ? "it needs a running guard, and root or the account that it "
                                      "runs as"
                                    : error_hint(result),
             "the certificate is not signed, and what has not been opened before is not proven: %s",
             error_text(result));
    return false;
}

/* Of the list that the mention is in. */
static int
read_opening(struct certifying *c, struct mention *mention)
{
    const struct payload_opening *opened = &mention->opened;
    struct segment_record record;
    int result = prover_record(&c->prover, mention->opening, &record);

    if (result == 0)
        result = record.type == SEGMENT_OPENING
                     ? payload_read_opening(&mention->opened, record.payload)
                     : PASU_E_CORRUPT;
    if (result != 0)
        return result;
    mention->opening_time = record.time;
    return opened->record == mention->record && opened->part == mention->part &&
                   opened->which == mention->which
               ? 0
               : PASU_E_CORRUPT;
}

/* The openings that were made meanwhile, or that the index knows: their seeds are in the ledger. */
static int
read_openings(struct certifying *c)
{
    int result = 0;

    for (size_t i = 0; i < c->mentions.count && result == 0; i++)
        if (c->mentions.items[i].opening != 0 && c->mentions.items[i].opened.count == 0)
            result = read_opening(c, &c->mentions.items[i]);
    return result;
}

/* ---- the document ---- */

static int
write_body(struct certifying *c)
{
    FILE *file = open_memstream(&c->body, &c->length);
    int result = file != NULL ? certificate_write(&c->certificate, file) : PASU_E_NOMEM;

    if (file != NULL && fclose(file) != 0 && result == 0)
        result = PASU_E_NOMEM;
    return result;
}

static int
sign(struct certifying *c)
{
    struct control_request request = request_of(CONTROL_CERTIFICATE);
    unsigned length = 0;
    uint64_t count;
    int result;

    if (EVP_Digest(c->body, c->length, request.digest, &length, EVP_sha256(), NULL) != 1 ||
        length != sizeof(request.digest))
        return complain_unmade(PASU_E_CRYPTO);
    result = ask_keeper(c, &request, &count);
    if (result == 0)
        result = certificate_check(&c->prover.key, request.digest, view_of_text(c->note));
    return result == 0 ? 0 : complain_unmade(result);
}

static bool
is_of_ledger(int error)
{
    return error == PASU_E_CORRUPT || error == PASU_E_NOTFOUND;
}

/* The document, which is not signed yet. */
static int
make(struct certifying *c, const char *key)
{
    bool is_signed = ask_openings(c);
    int result =
        prover_open(&c->prover, &os_real, c->evidence.directory, &c->evidence.segment_keys);

    c->has_prover = result == 0;
    c->is_doubtful = false;
    if (result == 0) {
        result = read_openings(c);
        c->is_doubtful = c->is_by_index && is_of_ledger(result);
    }
    c->certificate = (struct certificate){.evidence = &c->evidence,
                                          .subject = &c->subject,
                                          .mentions = &c->mentions,
                                          .prover = &c->prover,
                                          .key = key,
                                          .made = os_realtime(&os_real),
                                          .is_signed = is_signed};
    if (result == 0)
        result = write_body(c);
    c->is_doubtful |= c->is_by_index && c->certificate.has_damaged;
    return result == 0 || c->is_doubtful ? 0 : complain_unmade(result);
}

static void
forget_document(struct certifying *c)
{
    free(c->body);
    c->body = NULL;
    if (c->has_prover)
        prover_release(&c->prover);
    c->has_prover = false;
}

/* The subject without its sums. */
static int
begin_subject(struct certifying *c, const char *kind, const char *key)
{
    subject_release(&c->subject);
    subject_init(&c->subject, &c->evidence.selection, kind, see_nothing, NULL);
    return person_find(&c->evidence, key, &c->subject);
}

/* What the index knows, or else what the ledger says: to whom it is given both are one. */
static int
certify(struct certifying *c, const char *kind, const char *key)
{
    int status = begin_subject(c, kind, key);

    if (status == 0 && evidence_decoy(&c->evidence, &c->subject) != NULL) {
        complain("a decoy was planted under this key: see pasu decoy list -c FILE",
                 "there is no such person");
        return 2;
    }
    if (status == 0)
        status = read_ledger(c);
    if (status == 0)
        status = make(c, key);
    if (status != 0 || !c->is_doubtful)
        return status;
    complain("run: pasu ledger rebuild-index",
             "the ledger's index does not fit the ledger, which is read instead");
    forget_document(c);
    status = evidence_doubt_index(&c->evidence);
    if (status == 0)
        status = begin_subject(c, kind, key);
    if (status == 0)
        status = read_ledger(c);
    return status == 0 ? make(c, key) : status;
}

/* ---- where it goes ---- */

static void
print_document(const struct certifying *c, FILE *file)
{
    struct json_out out = {.file = file};

    fputs("{\"certificate\":", file);
    fwrite(c->body, 1, c->length, file);
    fputs(",\"signature\":", file);
    json_out_text(&out, c->note[0] != '\0' ? c->note : NULL);
    fputs("}\n", file);
}

/* Into a new file, for whoever asked alone: nothing is written over. */
static int
save(const struct certifying *c, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error = errno;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool is_well = file != NULL;

    if (file != NULL) {
        print_document(c, file);
        is_well = fflush(file) == 0 && !ferror(file) && fsync(fd) == 0;
        error = errno;
        is_well = fclose(file) == 0 && is_well;
    }
    if (is_well)
        return 0;
    if (fd >= 0)
        unlink(path);
    complain("give -o a name that no file has yet, in a folder that may be written to",
             "cannot write %s: %s", path, strerror(error));
    return 2;
}

static void
print_summary(const struct certifying *c, const char *path)
{
    printf("%s: %zu showing%s proven, %zu not; shown by %s%" PRIu64 " statement%s; %s\n", path,
           c->certificate.proven, c->certificate.proven == 1 ? "" : "s", c->certificate.unproven,
           c->subject.or_more ? "at least " : "", c->subject.shown,
           c->subject.shown == 1 ? "" : "s", c->note[0] != '\0' ? "signed" : "not signed");
}

static int
put_out(const struct certifying *c, const struct arguments *arguments)
{
    const char *path = arguments->values[OPTION_output];
    int status = 0;

    if (path == NULL)
        print_document(c, stdout);
    else
        status = save(c, path);
    if (status == 0 && path != NULL)
        print_summary(c, path);
    return status != 0 ? status : c->subject.shown > 0 ? 0 : 1;
}

/* All but where it goes; forget() in any case. */
static int
make_all(struct certifying *c, const struct arguments *arguments)
{
    const char *kind = NULL, *key = NULL;
    char space[KEY_OPERAND_SIZE];
    int status = evidence_open(&c->evidence, arguments);

    if (status == 0)
        status = person_kind(&c->evidence, arguments, &kind);
    if (status == 0)
        status = person_key(&c->evidence, kind, arguments->operands[0], space, &key);
    if (status == 0)
        status = certify(c, kind, key);
    if (status == 0 && c->subject.shown == 0)
        status = person_check_form(&c->evidence, kind, key);
    if (status == 0 && c->certificate.is_signed)
        status = sign(c);
    return status;
}

static void
forget(struct certifying *c)
{
    forget_document(c);
    mentions_release(&c->mentions);
    subject_release(&c->subject);
    evidence_close(&c->evidence);
}

int
certify_to(const struct arguments *arguments, FILE *file)
{
    struct certifying c = {0};
    int status = make_all(&c, arguments);

    if (status == 0 && c.note[0] == '\0')
        status = complain_unmade(PASU_E_UNAVAILABLE);
    if (status == 0)
        print_document(&c, file);
    forget(&c);
    return status;
}

int
run_certify(const struct arguments *arguments)
{
    struct certifying c = {0};
    int status = make_all(&c, arguments);

    if (status == 0)
        status = put_out(&c, arguments);
    forget(&c);
    return output_end(status);
}
