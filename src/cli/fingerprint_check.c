/* SPDX-License-Identifier: Apache-2.0 */
/* A platform's side of fingerprints: which lines of a file have something that is in a bundle, and
 * what a question about a value is. Neither needs a configuration, or a ledger. */
#include "base/memory.h"
#include "cli/complain.h"
#include "cli/fingerprint.h"
#include "cli/json_out.h"
#include "cli/progress.h"
#include "scan/input.h"
#include "scan/recognise.h"

#include <inttypes.h>

enum { CACHE_SIZE = 1 << 16, BLOCK = 1 << 16 };

/* Of a value that came before: what comes again is not hashed again. */
struct known {
    struct fingerprint_inner inner;
    bool is_there, is_found;
};

struct checking {
    struct fingerprint_key key;
    struct fingerprint_bundle bundle; /* of none, where hashes are printed */
    bool is_json, is_hash;
    unsigned threads;
    struct recognise recognise;
    struct input *input;
    struct json_out out;
    struct fingerprint_inner waiting[FINGERPRINT_BATCH];
    uint64_t lines[FINGERPRINT_BATCH], hashes[FINGERPRINT_BATCH];
    size_t count;
    struct known *known;
    uint64_t last;                 /* line that was printed */
    uint64_t values, tried, found; /* all; those that were hashed; of all, in it */
    uint64_t found_lines;
    uint8_t block[BLOCK];
};

static struct known *
known_of(const struct checking *c, const struct fingerprint_inner *inner)
{
    uint16_t place;

    memcpy(&place, inner->bytes, sizeof(place));
    return &c->known[place % CACHE_SIZE];
}

static void
print_hash(struct checking *c, size_t i)
{
    const struct fingerprint_terms *t = &c->key.terms;
    uint32_t prefix = fingerprint_prefix(t, c->hashes[i]);
    uint32_t suffix = fingerprint_suffix(t, c->hashes[i]);
    char texts[2][16];

    snprintf(texts[0], sizeof(texts[0]), "%0*" PRIx32, (int)(t->bits + 3) / 4, prefix);
    snprintf(texts[1], sizeof(texts[1]), "%08" PRIx32, suffix);
    if (t->bits == 0)
        snprintf(texts[0], sizeof(texts[0]), "-");
    if (!c->is_json) {
        printf("%" PRIu64 "\t%s\t%s\n", c->lines[i], texts[0], texts[1]);
        return;
    }
    json_out_open(&c->out, '{');
    json_put_count(&c->out, "line", c->lines[i]);
    json_put_text(&c->out, "prefix", texts[0]);
    json_put_text(&c->out, "suffix", texts[1]);
    json_out_close(&c->out, '}');
    json_out_end(&c->out);
}

/* Once a line. */
static void
print_found(struct checking *c, uint64_t line)
{
    c->found++;
    if (c->last == line)
        return;
    c->last = line;
    c->found_lines++;
    if (!c->is_json) {
        printf("%" PRIu64 "\n", line);
        return;
    }
    json_out_open(&c->out, '{');
    json_put_count(&c->out, "line", line);
    json_out_close(&c->out, '}');
    json_out_end(&c->out);
}

/* Hashes those of the batch that nobody knows: places[] of the others are COUNT. */
static int
hash(struct checking *c)
{
    struct fingerprint_inner fresh[FINGERPRINT_BATCH];
    uint64_t hashes[FINGERPRINT_BATCH];
    size_t places[FINGERPRINT_BATCH], count = 0;
    int result;

    for (size_t i = 0; i < c->count; i++) {
        struct known *known = known_of(c, &c->waiting[i]);

        places[i] = SIZE_MAX;
        if (!c->is_hash && known->is_there &&
            memcmp(&known->inner, &c->waiting[i], sizeof(known->inner)) == 0) {
            c->hashes[i] = known->is_found;
            continue;
        }
        places[i] = count;
        fresh[count++] = c->waiting[i];
    }
    result = fingerprint_hash(&c->key, fresh, hashes, count, c->threads);
    if (result != 0)
        return result;
    c->tried += count;
    for (size_t i = 0; i < c->count; i++) {
        struct known *known = known_of(c, &c->waiting[i]);

        if (places[i] == SIZE_MAX)
            continue;
        c->hashes[i] = hashes[places[i]];
        if (c->is_hash)
            continue;
        c->hashes[i] = fingerprint_bundle_has(&c->bundle, hashes[places[i]]);
        *known =
            (struct known){.inner = c->waiting[i], .is_there = true, .is_found = c->hashes[i] != 0};
    }
    return 0;
}

static int
flush(struct checking *c)
{
    int result = hash(c);

    for (size_t i = 0; result == 0 && i < c->count; i++) {
        if (c->is_hash)
            print_hash(c, i);
        else if (c->hashes[i] != 0)
            print_found(c, c->lines[i]);
    }
    if (c->found > 0 || c->is_hash)
        (void)fflush(stdout); /* who has seen enough can stop; a failure shows at the end */
    c->count = 0;
    return result;
}

static int
see(void *arg, uint64_t line, struct view value)
{
    struct checking *c = arg;

    c->values++;
    c->lines[c->count] = line;
    fingerprint_inner_of(&c->key, value, &c->waiting[c->count++]);
    return c->count == FINGERPRINT_BATCH ? flush(c) : 0;
}

static int
read_file(struct checking *c, const char *path)
{
    struct progress progress = {0};
    int result = input_open(&c->input, path);
    ssize_t n = 0;

    if (result != 0) {
        complain("name a file that can be read, or - for standard input", "%s: %s", path,
                 error_text(result));
        return 2; /* and not that nothing is in it */
    }
    result = recognise_init(&c->recognise, c->key.terms.form == FINGERPRINT_PAIRS, see, c);
    while (result == 0 && (n = input_read(c->input, c->block, sizeof(c->block))) > 0) {
        result = recognise_take(&c->recognise, view_of(c->block, (size_t)n));
        if (progress_is_due(&progress))
            progress_show(&progress, "reading", input_taken(c->input), input_size(c->input));
    }
    progress_end(&progress);
    if (result == 0 && n <= 0)
        result = recognise_end(&c->recognise);
    if (result == 0)
        result = flush(c);
    if (result == 0 && n < 0)
        result = (int)n;
    if (result == 0)
        return 0;
    complain("", "%s was not read to its end: %s", path, error_text(result));
    return 2;
}

static void
print_sum(struct checking *c)
{
    double chance = fingerprint_bundle_chance(&c->bundle) * (double)c->tried;

    if (!c->is_json) {
        fprintf(stderr,
                "%" PRIu64 " lines have something of the bundle; %" PRIu64
                " different %s were tried, of which %.2g would be found by chance\n",
                c->found_lines, c->tried, fingerprint_form_text(c->key.terms.form), chance);
        return;
    }
    json_out_open(&c->out, '{');
    json_put_text(&c->out, "for", c->bundle.whom);
    json_put_text(&c->out, "form", fingerprint_form_text(c->key.terms.form));
    json_put_count(&c->out, "lines", c->found_lines);
    json_put_count(&c->out, "found", c->found);
    json_put_count(&c->out, "values", c->values);
    json_put_count(&c->out, "tried", c->tried);
    json_out_key(&c->out, "by_chance");
    json_out_number(&c->out, chance);
    json_out_close(&c->out, '}');
    json_out_end(&c->out);
}

static int
run(const struct arguments *arguments, bool is_hash)
{
    struct checking *c = memory_new(1, sizeof(*c));
    const char *path = arguments->operands[1];
    int status;

    if (c == NULL)
        return complain_error(PASU_E_NOMEM, "fingerprints");
    if (is_hash && !arguments_given(arguments, OPTION_key)) {
        complain("name it with --key FILE", "hash needs a bundle's key");
        memory_free(c);
        return 2;
    }
    c->is_json = arguments_given(arguments, OPTION_json);
    c->is_hash = is_hash;
    c->out.file = stdout;
    c->known = memory_new(CACHE_SIZE, sizeof(*c->known));
    status = c->known != NULL ? 0 : complain_error(PASU_E_NOMEM, "fingerprints");
    if (status == 0)
        status = fingerprint_threads(arguments, &c->threads);
    if (status == 0)
        status = fingerprint_read_key(arguments, path, &c->key);
    if (status == 0 && !is_hash)
        status = fingerprint_read(path, &c->key, &c->bundle);
    if (status == 0)
        status = read_file(c, arguments->operands[arguments->operand_count - 1]);
    if (status == 0 && !is_hash)
        print_sum(c);
    if (status == 0 && (is_hash ? c->values : c->found) == 0)
        status = 1;
    recognise_release(&c->recognise);
    input_close(c->input);
    fingerprint_bundle_release(&c->bundle);
    fingerprint_key_release(&c->key);
    memory_free(c->known);
    memory_wipe(c, sizeof(*c));
    memory_free(c);
    return status;
}

int
fingerprint_check(const struct arguments *arguments)
{
    return run(arguments, false);
}

int
fingerprint_hashes(const struct arguments *arguments)
{
    return run(arguments, true);
}
