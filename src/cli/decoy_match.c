/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoys in a file that was found: every e-mail address and telephone number of it, in their one
 * form, is hashed and looked for. What stands around them does not matter: CSV, SQL, JSON, a
 * letter.
 */
#include "base/memory.h"
#include "cli/complain.h"
#include "cli/decoy.h"
#include "cli/decoy_person.h"
#include "cli/json_out.h"
#include "cli/progress.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
    GROUPS = 4, /* of a number that is written with blanks */
    GROUP_SIZE = DECOY_PHONE_MAX + 2,
    VALUES_MAX = DECOY_SETS_MAX * DECOY_SET_MAX * DECOY_VALUES,
    BLOCK = 1 << 16,
};

struct known {
    uint64_t hash;
    uint16_t set, item;
};

struct matching {
    const struct decoys *decoys;
    struct seal seal;
    struct known *known; /* by hash */
    size_t count;
    bool (*found)[DECOY_SET_MAX]; /* by set */
    /* What is being read: a word of what can be in an address, and the last groups of digits. */
    char word[DECOY_TEXT_SIZE], groups[GROUPS][GROUP_SIZE];
    size_t word_length, group_length, group_count; /* length: of the last group, while it is read */
    bool is_long;                                  /* the word is longer than any address */
};

/* ---- what is known ---- */

static int
compare(const void *a, const void *b)
{
    const struct known *one = a, *other = b;

    return one->hash < other->hash ? -1 : one->hash > other->hash;
}

static void
add_set(struct matching *m, size_t s)
{
    const struct decoy_set *set = &m->decoys->sets[s];

    for (size_t i = 0; i < set->count; i++)
        for (size_t v = 0; v < DECOY_VALUES; v++) {
            struct known known = {.set = (uint16_t)s, .item = (uint16_t)i};

            memcpy(&known.hash, set->items[i].values[v], sizeof(known.hash));
            if (known.hash != 0)
                m->known[m->count++] = known;
        }
}

static void
look_up(struct matching *m, int which, const char *form)
{
    struct known wanted = {0};
    uint8_t hash[DECOY_HASH_SIZE];
    size_t low = 0, high = m->count;

    if (*form == '\0')
        return;
    decoy_value_hash(&m->seal, which, form, hash);
    memcpy(&wanted.hash, hash, sizeof(wanted.hash));
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (m->known[middle].hash < wanted.hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < m->count && m->known[low].hash == wanted.hash; low++)
        m->found[m->known[low].set][m->known[low].item] = true;
}

/* ---- what is read ---- */

static void
end_word(struct matching *m)
{
    char form[DECOY_TEXT_SIZE];

    m->word[m->word_length] = '\0';
    while (m->word_length > 0 && m->word[m->word_length - 1] == '.')
        m->word[--m->word_length] = '\0'; /* of a sentence */
    if (!m->is_long && memchr(m->word, '@', m->word_length) != NULL) {
        decoy_email_form(form, m->word);
        look_up(m, DECOY_EMAIL, form);
    }
    m->word_length = 0;
    m->is_long = false;
}

/* The last group, alone and behind those before it. */
static void
end_group(struct matching *m)
{
    char text[GROUPS * GROUP_SIZE] = "", form[DECOY_TEXT_SIZE], behind[sizeof(text)];

    if (m->group_length == 0)
        return;
    m->groups[m->group_count++][m->group_length] = '\0';
    m->group_length = 0;
    for (size_t i = m->group_count; i > 0; i--) {
        memcpy(behind, text, sizeof(text));
        snprintf(text, sizeof(text), "%.*s%.*s", GROUP_SIZE - 1, m->groups[i - 1],
                 (GROUPS - 1) * GROUP_SIZE, behind);
        decoy_phone_form(form, text);
        look_up(m, DECOY_PHONE, form);
    }
    if (m->group_count < GROUPS)
        return;
    memmove(m->groups[0], m->groups[1], sizeof(m->groups) - sizeof(m->groups[0]));
    m->group_count--;
}

static bool
is_of_word(unsigned char c)
{
    return isalnum(c) || c == '@' || c == '.' || c == '_' || c == '-' || c == '+' || c == '%';
}

static void
take(struct matching *m, unsigned char c)
{
    bool is_digit = c >= '0' && c <= '9';
    bool is_between = c == '-' || c == '.' || c == '(' || c == ')' || c == '+';

    if (!is_of_word(c))
        end_word(m);
    else if (m->word_length + 1 < sizeof(m->word))
        m->word[m->word_length++] = (char)c;
    else
        m->is_long = true;
    if (is_digit && m->group_length + 1 < GROUP_SIZE) {
        m->groups[m->group_count][m->group_length++] = (char)c;
    } else if (!is_between) {
        end_group(m);
        if (c != ' ' && c != '\t')
            m->group_count = 0;
    }
}

static int
read_all(struct matching *m, FILE *file)
{
    struct progress progress = {0};
    static uint8_t block[BLOCK];
    uint64_t done = 0;
    size_t length;

    while ((length = fread(block, 1, sizeof(block), file)) > 0) {
        for (size_t i = 0; i < length; i++)
            take(m, block[i]);
        done += length;
        if (progress_is_due(&progress))
            progress_show(&progress, "reading", done, done);
    }
    take(m, '\n');
    progress_end(&progress);
    return ferror(file) ? PASU_E_IO : 0;
}

/* ---- what was found ---- */

static size_t
print(const struct matching *m, size_t s, bool is_json)
{
    const struct decoy_set *set = &m->decoys->sets[s];
    const char *principal = set->head.principal;
    struct json_out out = {.file = stdout};
    size_t found = 0;

    for (size_t i = 0; i < set->count; i++)
        found += m->found[s][i];
    if (found == 0)
        return 0;
    if (!is_json) {
        printf("set %" PRIu64 ": %zu of %zu decoys%s%s\n", set->head.number, found, set->count,
               *principal != '\0' ? ", which were in the copy alone of " : "", principal);
        return found;
    }
    json_out_open(&out, '{');
    json_put_count(&out, "set", set->head.number);
    json_put_text(&out, "kind", set->head.kind);
    json_put_text(&out, "principal", *principal != '\0' ? principal : NULL);
    json_put_count(&out, "found", found);
    json_put_count(&out, "of", set->count);
    json_out_close(&out, '}');
    json_out_end(&out);
    return found;
}

static int
match(struct matching *m, FILE *file, const struct arguments *arguments)
{
    bool is_json = arguments_given(arguments, OPTION_json);
    size_t found = 0;
    int result;

    for (size_t s = 0; s < m->decoys->count; s++)
        add_set(m, s);
    qsort(m->known, m->count, sizeof(m->known[0]), compare);
    result = read_all(m, file);
    if (result != 0)
        return complain_error(result, "%s", arguments->operands[1]);
    for (size_t s = 0; s < m->decoys->count; s++)
        found += print(m, s, is_json);
    if (found == 0 && !is_json)
        puts("no decoy is in it");
    return found > 0 ? 0 : 1;
}

/* The secret and memory for what is looked for. */
static int
begin(struct matching *m, struct evidence *e)
{
    static const struct decoys none;
    int result;

    m->decoys = e->decoys != NULL ? e->decoys : &none;
    m->known = memory_new(VALUES_MAX, sizeof(m->known[0]));
    m->found = memory_new(DECOY_SETS_MAX, sizeof(m->found[0]));
    result = m->known != NULL && m->found != NULL ? 0 : PASU_E_NOMEM;
    if (result == 0)
        result = e->has_secret ? seal_init(&m->seal, e->secret) : PASU_E_DENIED;
    return result == 0 ? 0 : complain_error(result, "the ledger's secret");
}

int
decoy_match(struct evidence *e, const struct arguments *arguments)
{
    const char *name = arguments->operands[1];
    bool is_input = strcmp(name, "-") == 0;
    FILE *file = is_input ? stdin : fopen(name, "re");
    struct matching m = {0};
    int status;

    if (file == NULL) {
        complain("", "%s: %s", name, strerror(errno));
        return 2;
    }
    status = begin(&m, e);
    if (status == 0)
        status = match(&m, file, arguments);
    seal_release(&m.seal);
    memory_free(m.known);
    memory_free(m.found);
    if (!is_input)
        fclose(file);
    return status;
}
