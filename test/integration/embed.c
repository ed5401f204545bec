/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another program, as somebody else writes it: it knows the installed header and nothing else, and
 * is valid C and C++. test/e2e/test_embed.py compiles it.
 *
 *     embed FOLDER KEY [CHECKPOINT]      a line for each record and each fault, and the verdict
 *     embed --proof PROOF ENTRY KEY
 */
#include <inttypes.h>
#include <pasu/ledger.h>
#include <stdio.h>
#include <string.h>

static char file[2][100000];

static size_t
read_file(const char *path, char *bytes)
{
    FILE *in = fopen(path, "rb");
    size_t length = in ? fread(bytes, 1, sizeof(file[0]), in) : 0;

    if (in)
        fclose(in);
    return length;
}

static void
found(void *arg, const struct pasu_finding *finding)
{
    ++*(unsigned *)arg;
    if (finding->kind == PASU_FINDING_FAULT)
        printf("fault %s %s %" PRId64 "\n", finding->what, finding->file ? finding->file : "-",
               (int64_t)finding->record);
}

static int
read_all(struct pasu_ledger *ledger)
{
    struct pasu_reader *reader;
    struct pasu_record record;
    int result = pasu_reader_open(ledger, &reader);

    memset(&record, 0, sizeof(record));
    record.size = sizeof(record);
    while (result == 0 &&
           ((result = pasu_reader_next(reader, &record)) == 1 || result == PASU_LEDGER_DAMAGED)) {
        uint64_t segment, offset;

        pasu_reader_place(reader, &segment, &offset);
        if (result == 1)
            printf("record %" PRIu64 " %u %zu %zu\n", record.index, record.type,
                   record.payload_length, record.entry_length);
        else
            printf("damaged %" PRIu64 " %" PRIu64 "\n", segment, offset);
        result = 0;
    }
    pasu_reader_close(reader);
    return result;
}

static int
verify(struct pasu_ledger *ledger, const char *key, const char *path)
{
    struct pasu_kept_checkpoint kept;
    struct pasu_verify_options options;
    struct pasu_verify_result result;
    unsigned findings = 0;
    int error;

    memset(&options, 0, sizeof(options));
    memset(&result, 0, sizeof(result));
    options.size = sizeof(options);
    options.keys = &key;
    options.key_count = 1;
    options.found = found;
    options.arg = &findings;
    if (path) {
        kept.name = path;
        kept.note = file[0];
        kept.note_length = read_file(path, file[0]);
        options.checkpoints = &kept;
        options.checkpoint_count = 1;
    }
    result.size = sizeof(result);
    error = pasu_ledger_verify(ledger, &options, &result);
    printf("verdict %d %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", error, result.records,
           result.covered, result.faults);
    return error == 0 && result.faults + result.unseen + result.notes == findings ? 0 : 1;
}

int
main(int count, char **words)
{
    struct pasu_ledger *ledger;
    int result;

    if (count == 5 && strcmp(words[1], "--proof") == 0) {
        struct pasu_inclusion inclusion = {sizeof(inclusion), 0, 0};
        size_t proof = read_file(words[2], file[0]), entry = read_file(words[3], file[1]);

        result = pasu_inclusion_verify(file[0], proof, file[1], entry, words[4], &inclusion);
        printf("proof %s %" PRIu64 " %" PRIu64 "\n", pasu_ledger_error_text(result),
               inclusion.index, inclusion.records);
        return result != 0;
    }
    if (count < 3)
        return 2;
    result = pasu_ledger_open(words[1], &ledger);
    if (result != 0) {
        printf("%s\n", pasu_ledger_error_text(result));
        return 2;
    }
    result = read_all(ledger);
    if (verify(ledger, words[2], count > 3 ? words[3] : NULL) != 0)
        result = 1;
    pasu_ledger_close(ledger);
    return result != 0;
}
