/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/match_view.h"
#include "cli/person.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "scan/archive.h"
#include "scan/input.h"
#include "scan/utf16.h"

#include "base/memory.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <unistd.h>

/* Of more persons a part is traced: every so many, by their ordinals. */
enum { TRACED_MAX = 100000, HEAD = 4, BLOCK = 1 << 16 };

struct matching {
    struct evidence evidence;
    struct dump_match match;
    struct leaked sample;
    struct tracing tracing;
    struct input *input;
    EVP_MD_CTX *digest;
    bool is_hashed; /* so far */
    struct utf16 utf16;
    struct archive *archive; /* NULL: it is none */
    uint8_t block[BLOCK];    /* of the file, before it is text */
    uint8_t gathered[BLOCK];
    size_t gathered_length;
    struct matched matched;
};

/* ---- the file ---- */

static void
hash(void *arg, struct view bytes)
{
    struct matching *t = arg;

    t->is_hashed = t->is_hashed && EVP_DigestUpdate(t->digest, bytes.bytes, bytes.length) == 1;
}

static int
open_dump(struct matching *t, const char *path)
{
    int result = input_open(&t->input, path);

    if (result != 0)
        return complain_unread(result, path);
    t->digest = EVP_MD_CTX_new();
    t->is_hashed = t->digest != NULL && EVP_DigestInit_ex(t->digest, EVP_sha256(), NULL) == 1;
    input_tap(t->input, hash, t);
    return t->is_hashed ? 0 : complain_error(PASU_E_CRYPTO, "SHA-256");
}

/* What is no text at all, by how it begins; NULL: it may be. */
static const char *
what_else(const uint8_t *head, const char **hint)
{
    static const struct {
        uint8_t head[HEAD];
        size_t length;
        const char *what, *hint;
    } others[] = {
        {{'%', 'P', 'D', 'F'}, 4, "a PDF", "make it text: pdftotext FILE"},
        {{'P', 'G', 'D', 'M'},
         4,
         "an archive of pg_dump",
         "make it SQL: pg_restore -f FILE.sql FILE"},
    };

    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (memcmp(head, others[i].head, others[i].length) == 0) {
            *hint = others[i].hint;
            return others[i].what;
        }
    return NULL;
}

static int
take_text(struct matching *t, struct view text)
{
    struct contacts *contacts = &t->match.contacts;
    int result = 0;

    while (result == 0 && text.length > 0) {
        size_t room, length;
        uint8_t *to = contacts_room(contacts, &room);

        length = room < text.length ? room : text.length;
        memcpy(to, text.bytes, length);
        result = dump_match_took(&t->match, length);
        text = view_of(text.bytes + length, text.length - length);
    }
    return result;
}

/* Text of an archive, which comes in small pieces. */
static int
gather(void *arg, struct view text)
{
    struct matching *t = arg;
    int result = 0;

    t->matched.text_bytes += text.length;
    while (result == 0 && text.length > 0) {
        size_t room = sizeof(t->gathered) - t->gathered_length;
        size_t length = room < text.length ? room : text.length;

        memcpy(t->gathered + t->gathered_length, text.bytes, length);
        t->gathered_length += length;
        text = view_of(text.bytes + length, text.length - length);
        if (t->gathered_length == sizeof(t->gathered)) {
            result = take_text(t, view_of(t->gathered, t->gathered_length));
            t->gathered_length = 0;
        }
    }
    return result;
}

/* The first bytes say what it is. 0, or the exit status. */
static int
check_head(struct matching *t, struct view head)
{
    const char *hint = NULL, *what = head.length < HEAD ? NULL : what_else(head.bytes, &hint);

    t->utf16.order = utf16_order_of(head);
    if (archive_is(head)) {
        int result = archive_new(&t->archive, gather, t);

        return result == 0 ? 0 : complain_error(result, "%s", t->matched.path);
    }
    if (what == NULL)
        return 0;
    complain(hint, "%s is %s, which is not read", t->matched.path, what);
    return 2;
}

/* Bytes of the file, as text. */
static int
take_block(struct matching *t, struct view bytes)
{
    int result = 0;

    if (t->archive != NULL)
        return archive_take(t->archive, bytes);
    t->matched.text_bytes += bytes.length;
    if (t->utf16.order == UTF16_NONE)
        return take_text(t, bytes);
    while (result == 0 && bytes.length > 0) {
        size_t room;
        uint8_t *to = contacts_room(&t->match.contacts, &room);

        result = dump_match_took(&t->match, utf16_take(&t->utf16, &bytes, to, room));
    }
    return result;
}

/* So much of it as tells what it is, or all: 0 or below as input_read; else the length, and what
 * input_read has for the rest. */
static ssize_t
read_head(struct matching *t, ssize_t *next)
{
    size_t have = 0;
    ssize_t n = 1;

    while (have < sizeof(t->block) &&
           (n = input_read(t->input, t->block + have, sizeof(t->block) - have)) > 0)
        have += (size_t)n;
    *next = n;
    return have > 0 ? (ssize_t)have : n;
}

/* What is behind damage counts for the hash alone. */
static void
hash_rest(struct matching *t)
{
    uint8_t *room;
    size_t size;
    ssize_t n;

    room = contacts_room(&t->match.contacts, &size);
    while ((n = read(input_descriptor(t->input), room, size)) > 0) {
        hash(t, view_of(room, (size_t)n));
        t->matched.bytes += (uint64_t)n;
    }
}

static int
complain_archive(const struct matching *t, int result)
{
    if (result == PASU_E_DENIED)
        complain("unpack it with its password", "%s is a zip archive that is encrypted",
                 t->matched.path);
    else
        complain("unpack it",
                 "%s is a zip archive of nothing that is read: no workbook, and no "
                 "file with a name that text has",
                 t->matched.path);
    return 2;
}

static int
read_dump(struct matching *t)
{
    struct progress progress = {0};
    int result = 0, status = 0;
    ssize_t next = 1, n = read_head(t, &next);

    if (n > 0)
        status = check_head(t, view_of(t->block, (size_t)n));
    while (status == 0 && result == 0 && n > 0) {
        result = take_block(t, view_of(t->block, (size_t)n));
        if (progress_is_due(&progress))
            progress_show(&progress, "reading the dump", input_taken(t->input),
                          input_size(t->input));
        if (result == 0)
            n = next > 0 ? input_read(t->input, t->block, sizeof(t->block)) : next;
    }
    progress_end(&progress);
    if (status != 0)
        return status;
    t->matched.bytes = input_taken(t->input);
    t->matched.codec = codec_name(input_codec(t->input));
    if (result == 0 && n == 0 && t->archive != NULL)
        result = archive_end(t->archive);
    if (t->archive != NULL && (result == PASU_E_DENIED || result == PASU_E_NOTFOUND))
        return complain_archive(t, result);
    t->matched.is_damaged = n == PASU_E_CORRUPT || result == PASU_E_CORRUPT;
    if (t->matched.is_damaged) {
        hash_rest(t);
        result = 0;
    }
    if (result == 0)
        result = take_text(t, view_of(t->gathered, t->gathered_length));
    if (result == 0 && (n == 0 || t->matched.is_damaged))
        result = dump_match_finish(&t->match);
    else if (result == 0)
        result = (int)n;
    return result == 0 ? 0 : complain_error(result, "%s", t->matched.path);
}

static int
end_hash(struct matching *t)
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    if (!t->is_hashed || EVP_DigestFinal_ex(t->digest, sum, &length) != 1 ||
        length * 2 + 1 != sizeof(t->matched.sha256))
        return complain_error(PASU_E_CRYPTO, "SHA-256");
    for (size_t i = 0; i < length; i++)
        snprintf(t->matched.sha256 + 2 * i, 3, "%02x", sum[i]);
    return 0;
}

/* ---- the record ---- */

/* Which file it was, and what was in it: how many, and nobody's value. */
static int
record_dump(struct matching *t, const struct arguments *arguments)
{
    struct arguments recorded = *arguments;
    const struct config *config = t->evidence.ask.config;
    char texts[2][128], *operands[3] = {texts[0], texts[1], arguments->operands[0]};
    size_t used = 0;

    snprintf(texts[0], sizeof(texts[0]), "sha256=%s", t->matched.sha256);
    texts[1][0] = '\0';
    for (size_t k = 0; k < config->subject_count && used < sizeof(texts[1]); k++) {
        const char *kind = config->subjects[k].name;
        struct dump_count count;
        int result = dump_match_count(&t->match, kind, &count);

        if (result != 0)
            return complain_error(result, "the persons");
        if (count.at_most > 0)
            used += (size_t)snprintf(texts[1] + used, sizeof(texts[1]) - used,
                                     "%s%.32s=%" PRIu64 "..%" PRIu64, used > 0 ? " " : "", kind,
                                     count.at_least, count.at_most);
    }
    if (texts[1][0] == '\0')
        snprintf(texts[1], sizeof(texts[1]), "nobody");
    recorded.operands = operands;
    recorded.operand_count = COUNT_OF(operands);
    asked_record(&t->evidence.ask, &recorded, NULL);
    return 0;
}

/* ---- where it can be from ---- */

/* --kind, or of whom the most are in it; NULL: nobody is. */
static int
choose_kind(const struct matching *t, const struct arguments *arguments, const char **kind)
{
    const struct config *config = t->evidence.ask.config;
    uint64_t most = 0;

    *kind = arguments->values[OPTION_kind];
    for (size_t k = 0; k < config->subject_count; k++) {
        const char *name = config->subjects[k].name;
        struct dump_count count;
        int result = dump_match_count(&t->match, name, &count);

        if (result != 0)
            return complain_error(result, "the persons");
        if (arguments_given(arguments, OPTION_kind) && strcmp(*kind, name) == 0 &&
            count.at_least == 0)
            *kind = NULL;
        if (!arguments_given(arguments, OPTION_kind) && count.at_least > most) {
            most = count.at_least;
            *kind = name;
        }
        if (*kind == NULL && arguments_given(arguments, OPTION_kind))
            return 0;
    }
    return 0;
}

static int
take_person(void *arg, uint32_t ordinal)
{
    struct matching *t = arg;
    uint64_t part = ((uint64_t)TRACED_MAX << 32) / t->matched.traced_of;
    int person = 0;

    if ((ordinal * UINT32_C(2654435769)) >= part)
        return 0;
    person = leaked_person(&t->sample, &ordinal, 1);
    for (size_t c = 0; person >= 0 && c < t->match.column_count; c++) {
        const struct dump_column *column = &t->match.columns[c];

        if (strcmp(column->name->kind, t->sample.kind) != 0 ||
            !persons_has(column->persons, ordinal))
            continue;
        for (size_t f = 0; f < column->name->count && f < 2; f++) {
            int field = leaked_field(&t->sample, column->fields[f]);

            if (field >= 0)
                leaked_has(&t->sample, (size_t)person, (unsigned)field, INT32_MIN);
        }
    }
    return person < 0 ? person : 0;
}

/* The made-up ones, which are among no persons. */
static int
take_decoys(struct matching *t)
{
    const struct decoy_search *found = &t->match.decoys;
    int person = 0;

    for (size_t s = 0; person >= 0 && s < found->decoys->count; s++) {
        const struct decoy_set *set = &found->decoys->sets[s];

        for (size_t i = 0; person >= 0 && i < set->count; i++) {
            if (!found->sure[s][i] || !set->items[i].is_known ||
                strcmp(set->head.kind, t->sample.kind) != 0)
                continue;
            person = leaked_person(&t->sample, &set->items[i].ordinal, 1);
            if (person >= 0)
                leaked_is_decoy(&t->sample, (size_t)person);
        }
    }
    return person < 0 ? person : 0;
}

/* The kind of made-up persons that are in it; NULL: none are. */
static const char *
decoys_kind(const struct matching *t)
{
    const struct decoy_search *found = &t->match.decoys;

    for (size_t s = 0; s < found->decoys->count; s++)
        if (decoy_search_found(found, s) > 0)
            return found->decoys->sets[s].head.kind;
    return NULL;
}

static int
trace_them(struct matching *t, const char *kind)
{
    struct persons *persons = NULL;
    int status, result = leaked_init(&t->sample, kind);

    if (result == 0)
        result = dump_match_persons(&t->match, kind, &persons);
    t->matched.traced_of = persons_count(persons);
    if (result == 0)
        result = persons_each(persons, take_person, t);
    persons_free(persons);
    if (result == 0)
        result = take_decoys(t);
    t->matched.traced_of += t->sample.decoys;
    if (result == 0)
        result = tracing_begin(&t->tracing, &t->evidence, &t->sample, NULL, &t->match.identity);
    if (result != 0)
        return complain_error(result, "the persons");
    status = tracing_answer(&t->tracing);
    t->matched.tracing = status == 0 ? &t->tracing : NULL;
    return status;
}

/* ---- the command ---- */

static int
print(struct matching *t, bool is_json)
{
    bool is_anybody = t->matched.tracing != NULL;
    int result = is_json ? match_view_json(stdout, &t->matched)
                         : match_view_page(stdout, &t->matched, terminal_width(stdout));

    for (size_t v = 0; v < COUNT_OF(t->match.values); v++)
        is_anybody |=
            t->match.values[v].ours + t->match.values[v].shared + t->match.values[v].decoys > 0;
    if (result != 0)
        return complain_error(result, "match");
    if (t->archive != NULL && archive_passed(t->archive) > 0)
        complain("unpack it, and match them one by one",
                 "%s: %llu of its files were not read: they have no name that text has",
                 t->matched.path, (unsigned long long)archive_passed(t->archive));
    if (t->matched.is_damaged) {
        complain("", "%s is damaged: what is behind the damage was not read", t->matched.path);
        return 2;
    }
    return is_anybody ? 0 : 1;
}

static int
answer(struct matching *t, const struct arguments *arguments)
{
    const char *kind = NULL;
    int status = dump_match_begin(&t->match, &t->evidence);

    t->matched.match = &t->match;
    t->matched.path = arguments->operands[0];
    if (status == 0 && arguments_given(arguments, OPTION_kind))
        status = person_kind(&t->evidence, arguments, &kind);
    if (status == 0)
        status = open_dump(t, t->matched.path);
    if (status == 0)
        status = read_dump(t);
    if (status == 0)
        status = end_hash(t);
    if (status == 0)
        status = record_dump(t, arguments);
    if (status == 0)
        status = choose_kind(t, arguments, &kind);
    if (status == 0 && kind == NULL && !arguments_given(arguments, OPTION_kind))
        kind = decoys_kind(t);
    if (status == 0 && kind != NULL)
        status = trace_them(t, kind);
    return status == 0 ? print(t, arguments_given(arguments, OPTION_json)) : status;
}

int
run_match(const struct arguments *arguments)
{
    struct matching *t = memory_new(1, sizeof(*t));
    int status;

    if (t == NULL)
        return complain_error(PASU_E_NOMEM, "match");
    status = evidence_open(&t->evidence, arguments);
    if (status == 0)
        status = answer(t, arguments);
    tracing_end(&t->tracing);
    leaked_release(&t->sample);
    input_close(t->input);
    archive_free(t->archive);
    memory_wipe(t->block, sizeof(t->block));
    memory_wipe(t->gathered, sizeof(t->gathered));
    EVP_MD_CTX_free(t->digest);
    dump_match_end(&t->match);
    evidence_close(&t->evidence);
    memory_free(t);
    return output_end(status);
}
