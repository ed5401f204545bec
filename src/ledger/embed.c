/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/embed.h"

#include "base/memory.h"
#include "ledger/checkpoint.h"
#include "ledger/proof.h"
#include "ledger/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <pasu/ledger.h>
#include <unistd.h>

_Static_assert((int)PASU_FINDING_FAULT == (int)VERIFY_FAULT &&
                   (int)PASU_FINDING_UNSEEN == (int)VERIFY_UNSEEN &&
                   (int)PASU_FINDING_NOTE == (int)VERIFY_NOTE,
               "the kinds are the same");

int
embed_error(int error)
{
    switch (error) {
    case 0:
        return 0;
    case PASU_E_NOMEM:
        return PASU_LEDGER_NOMEM;
    case PASU_E_IO:
        return PASU_LEDGER_IO;
    case PASU_E_DENIED:
        return PASU_LEDGER_DENIED;
    case PASU_E_NOTFOUND:
        return PASU_LEDGER_NOTFOUND;
    case PASU_E_CORRUPT:
        return PASU_LEDGER_DAMAGED;
    case PASU_E_MALFORMED:
        return PASU_LEDGER_MALFORMED;
    case PASU_E_RANGE:
    case PASU_E_MISUSE:
        return PASU_LEDGER_MISUSE;
    default:
        return PASU_LEDGER_FAILED;
    }
}

const char *
pasu_ledger_error_text(int error)
{
    static const char *const texts[] = {
        [-PASU_LEDGER_NOMEM] = "out of memory",
        [-PASU_LEDGER_IO] = "input or output failed",
        [-PASU_LEDGER_DENIED] = "permission denied",
        [-PASU_LEDGER_NOTFOUND] = "not found",
        [-PASU_LEDGER_DAMAGED] = "damaged",
        [-PASU_LEDGER_MALFORMED] = "malformed",
        [-PASU_LEDGER_UNPROVED] = "not proved",
        [-PASU_LEDGER_MISUSE] = "wrong use",
        [-PASU_LEDGER_FAILED] = "the system or a cryptographic operation failed",
    };

    return error < 0 && error > -(int)COUNT_OF(texts) ? texts[-error] : "no error";
}

const char *
pasu_ledger_version(void)
{
    return PASU_VERSION;
}

int
pasu_ledger_open(const char *folder, struct pasu_ledger **ledger)
{
    struct pasu_ledger *l = memory_new(1, sizeof(*l));

    *ledger = NULL;
    if (!l)
        return PASU_LEDGER_NOMEM;
    l->directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (l->directory < 0) {
        int error = error_from_errno(errno);

        memory_free(l);
        return embed_error(error);
    }
    *ledger = l;
    return 0;
}

void
pasu_ledger_close(struct pasu_ledger *l)
{
    if (!l)
        return;
    close(l->directory);
    memory_free(l);
}

/* ---- verifying ---- */

struct asking {
    struct pasu_verify_options options;
    struct note_key keys[VERIFY_KEYS_MAX];
    struct verify_checkpoint *checkpoints;
};

static void
find(void *arg, const struct verify_finding *f)
{
    const struct asking *asking = arg;
    const struct pasu_finding finding = {
        .size = sizeof(finding),
        .kind = (enum pasu_finding_kind)verify_kind(f->what),
        .what = verify_name(f->what),
        .file = f->file,
        .offset = f->has_offset ? f->offset : PASU_FINDING_NOWHERE,
        .record = f->has_record ? f->record : PASU_FINDING_NOWHERE,
        .text = f->text,
        .meaning = verify_meaning(f->what),
    };

    if (asking->options.found)
        asking->options.found(asking->options.arg, &finding);
}

static void
progress(void *arg, uint64_t done, uint64_t all)
{
    const struct asking *asking = arg;

    if (asking->options.progress)
        asking->options.progress(asking->options.arg, done, all);
}

static int
take_options(struct asking *asking, const struct pasu_verify_options *options)
{
    if (!options)
        return 0;
    if (options->size < sizeof(*options) || options->key_count > VERIFY_KEYS_MAX ||
        options->checkpoint_count > VERIFY_CHECKPOINTS_MAX)
        return PASU_E_MISUSE;
    asking->options = *options;
    for (size_t i = 0; i < options->key_count; i++) {
        int result = note_key_parse(&asking->keys[i], view_of_text(options->keys[i]));

        if (result != 0)
            return result;
    }
    asking->checkpoints = memory_new(options->checkpoint_count + 1, sizeof(*asking->checkpoints));
    for (size_t i = 0; asking->checkpoints && i < options->checkpoint_count; i++) {
        const struct pasu_kept_checkpoint *kept = &options->checkpoints[i];

        asking->checkpoints[i] =
            (struct verify_checkpoint){kept->name, view_of(kept->note, kept->note_length)};
    }
    return asking->checkpoints ? 0 : PASU_E_NOMEM;
}

static void
give_answer(struct pasu_verify_result *result, const struct verify_answer *answer)
{
    *result = (struct pasu_verify_result){.size = result->size,
                                          .faults = answer->counts[VERIFY_FAULT],
                                          .unseen = answer->counts[VERIFY_UNSEEN],
                                          .notes = answer->counts[VERIFY_NOTE],
                                          .records = answer->records,
                                          .first = answer->first,
                                          .next = answer->next,
                                          .segments = answer->segments,
                                          .bytes = answer->bytes,
                                          .earliest = answer->earliest,
                                          .latest = answer->latest,
                                          .covered = answer->covered,
                                          .has_root = answer->has_root};
    memcpy(result->covered_root, answer->covered_root.bytes, sizeof(result->covered_root));
    memcpy(result->root, answer->root.bytes, sizeof(result->root));
}

int
pasu_ledger_verify(struct pasu_ledger *ledger, const struct pasu_verify_options *options,
                   struct pasu_verify_result *result)
{
    struct asking *asking;
    struct verify_question question = {.directory = ledger->directory};
    struct verify_answer answer;
    int error;

    if (result->size < sizeof(*result))
        return PASU_LEDGER_MISUSE;
    asking = memory_new(1, sizeof(*asking));
    if (!asking)
        return PASU_LEDGER_NOMEM;
    error = take_options(asking, options);
    question.keys = asking->keys;
    question.key_count = asking->options.key_count;
    question.checkpoints = asking->checkpoints;
    question.checkpoint_count = asking->options.checkpoint_count;
    question.find = find;
    question.progress = progress;
    question.arg = asking;
    if (error == 0)
        error = verify_ledger(&os_real, &question, &answer);
    if (error == 0)
        give_answer(result, &answer);
    memory_free(asking->checkpoints);
    memory_free(asking);
    return embed_error(error);
}

/* ---- a proof ---- */

/* 0, PASU_E_CORRUPT: not proved, PASU_E_MALFORMED, or what failed. */
static int
check_inclusion(const struct proof *proof, const struct checkpoint *checkpoint, struct view entry)
{
    const struct iovec part = {(void *)(uintptr_t)entry.bytes, entry.length};
    struct tree_hasher hasher;
    struct tree_hash leaf, root;
    int result = tree_hasher_init(&hasher);

    if (result != 0)
        return result;
    memcpy(root.bytes, checkpoint->root, sizeof(root.bytes));
    result = tree_hash_leaf(&hasher, &part, 1, &leaf);
    if (result == 0)
        result = tree_verify_inclusion(&hasher, &leaf, proof->index, checkpoint->size,
                                       proof->hashes, proof->count, &root);
    tree_hasher_release(&hasher);
    return result == PASU_E_RANGE ? PASU_E_CORRUPT : result;
}

int
pasu_inclusion_verify(const void *proof, size_t proof_length, const void *entry,
                      size_t entry_length, const char *key, struct pasu_inclusion *inclusion)
{
    struct proof parsed;
    struct checkpoint checkpoint;
    struct note_voice voice;
    struct note_key verifier;
    int result = note_key_parse(&verifier, view_of_text(key));

    if (inclusion->size < sizeof(*inclusion))
        return PASU_LEDGER_MISUSE;
    if (result == 0)
        result = proof_parse(&parsed, view_of(proof, proof_length));
    if (result != 0)
        return embed_error(result);
    result = checkpoint_open(&checkpoint, parsed.checkpoint, &verifier, 1, &voice);
    if (result == 0)
        result = check_inclusion(&parsed, &checkpoint, view_of(entry, entry_length));
    if (result == 0) {
        inclusion->index = parsed.index;
        inclusion->records = checkpoint.size;
    }
    return result == PASU_E_CORRUPT || result == PASU_E_NOTFOUND ? PASU_LEDGER_UNPROVED
                                                                 : embed_error(result);
}
