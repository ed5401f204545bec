/* SPDX-License-Identifier: Apache-2.0 */
/* One bucket of a bundle, for who has the key and not the bundle: recorded before it is answered,
 * and so many times a day. */
#include "base/os.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/fingerprint.h"
#include "cli/json_out.h"
#include "ledger/questions.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <unistd.h>

#define DAY (24 * 3600 * INT64_C(1000000000))

enum { WORDS_SIZE = 256 };

/* ⌈bits / 4⌉ digits, or "-". */
static int
read_prefix(const struct fingerprint_terms *terms, const char *text, uint32_t *prefix)
{
    size_t digits = (terms->bits + 3) / 4;

    *prefix = 0;
    if (digits == 0 && strcmp(text, "-") == 0)
        return 0;
    for (size_t i = 0; strlen(text) == digits && i < digits; i++) {
        uint8_t byte = (uint8_t)text[i];
        unsigned digit = (unsigned)byte - '0', letter = (byte | 0x20U) - 'a';

        if (digit > 9 && letter > 5)
            break;
        *prefix = *prefix << 4 | (digit <= 9 ? digit : letter + 10);
        if (i + 1 == digits && *prefix >> terms->bits == 0)
            return 0;
    }
    complain("pasu fingerprint hash prints it", "\"%.40s\" is no prefix of %" PRIu32 " bits", text,
             terms->bits);
    return 2;
}

/* Each platform has a bundle of its own: another's is a slip, and would be on record as theirs. */
static int
check_who(const struct fingerprint_bundle *bundle, const struct arguments *arguments)
{
    const char *who = arguments->values[OPTION_who];

    if (who == NULL || strcmp(who, bundle->whom) == 0)
        return 0;
    complain("name the bundle that was made for them, or leave --who out",
             "%s was made for %s, not for %.80s", arguments->operands[1], bundle->whom, who);
    return 2;
}

/* The folder of segments, for one question at a time: of several at once none is counted by the
 * others before it is recorded. -1: it cannot be read, as is said. */
static int
open_segments(const struct ask *ask)
{
    int folder = open(ask->config->ledger.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int segments =
        folder >= 0 ? openat(folder, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (folder >= 0)
        close(folder);
    if (segments >= 0 && flock(segments, LOCK_EX) == 0)
        return segments;
    complain("run it as root, or as the account that pasu guard runs as",
             "the ledger in %s cannot be read", ask->config->ledger.directory);
    if (segments >= 0)
        close(segments);
    return -1;
}

/* How many were answered in 24 hours: words that begin so. */
static int
count_asked(const struct ask *ask, int segments, const char *begin, uint64_t *count)
{
    struct segment_keys keys = {0};
    bool is_damaged = false;
    int result, status = ask_keys(ask, &keys);

    if (status == 0) {
        result = questions_count(&os_real, segments, &keys, FINGERPRINT_COMMAND, begin,
                                 os_realtime(&os_real) - DAY, count, &is_damaged);
        if (result != 0)
            status = complain_error(result, "the ledger in %s", ask->config->ledger.directory);
        else if (is_damaged)
            complain("pasu ledger verify says where",
                     "some records are damaged: there may have been more questions");
    }
    segment_keys_release(&keys);
    return status;
}

/* Recorded, and not more often than it may be. */
static int
record(const struct ask *ask, int segments, const struct fingerprint_bundle *bundle,
       const char *prefix, const struct arguments *arguments)
{
    const char *who = arguments->values[OPTION_who];
    char begin[96], words[WORDS_SIZE], name[FINGERPRINT_NAME_SIZE];
    uint64_t count = 0;
    int status, result;

    fingerprint_name(&bundle->terms, name);
    snprintf(begin, sizeof(begin), "range bundle=%s ", name);
    status = count_asked(ask, segments, begin, &count);
    if (status != 0)
        return status;
    if (count >= bundle->questions) {
        complain("ask again when the first of these are 24 hours old",
                 "%" PRIu64 " questions about this bundle were answered in 24 hours, and no more "
                 "than %" PRIu32 " are",
                 count, bundle->questions);
        return 1;
    }
    snprintf(words, sizeof(words), "%sprefix=%s for=%s who=%s", begin, prefix, bundle->whom,
             who != NULL ? who : "");
    result = asked_words(ask, FINGERPRINT_COMMAND, words);
    return result == 0 ? 0 : asked_complain(result, "the question is not in the ledger");
}

static void
print(const struct fingerprint_bundle *bundle, uint32_t prefix, const char *text, bool is_json)
{
    struct json_out out = {.file = stdout};
    char name[FINGERPRINT_NAME_SIZE], suffix[16];

    fingerprint_name(&bundle->terms, name);
    if (is_json) {
        json_out_open(&out, '{');
        json_put_text(&out, "bundle", name);
        json_put_text(&out, "prefix", text);
        json_put_open(&out, "suffixes", '[');
    }
    for (uint32_t i = 0; i < bundle->room; i++) {
        snprintf(suffix, sizeof(suffix), "%08" PRIx32, fingerprint_bundle_entry(bundle, prefix, i));
        if (is_json)
            json_out_text(&out, suffix);
        else
            puts(suffix);
    }
    if (!is_json)
        return;
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    json_out_end(&out);
}

int
fingerprint_range(const struct arguments *arguments)
{
    const char *text = arguments->operands[2];
    struct fingerprint_bundle bundle;
    struct ask ask = {.config = NULL};
    uint32_t prefix = 0;
    int status = fingerprint_read(arguments->operands[1], NULL, &bundle);

    if (status == 0)
        status = check_who(&bundle, arguments);
    if (status == 0)
        status = read_prefix(&bundle.terms, text, &prefix);
    if (status == 0) {
        int segments = -1;

        status = ask_init(&ask, arguments);
        if (status == 0 && (segments = open_segments(&ask)) < 0)
            status = 2;
        if (status == 0)
            status = record(&ask, segments, &bundle, text, arguments);
        if (segments >= 0)
            close(segments);
        ask_release(&ask);
    }
    if (status == 0)
        print(&bundle, prefix, text, arguments_given(arguments, OPTION_json));
    fingerprint_bundle_release(&bundle);
    return status;
}
