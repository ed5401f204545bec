/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoys in a file that was found: every e-mail address and telephone number of it, in their one
 * form, is hashed and looked for. What stands around them does not matter: CSV, SQL, JSON, a
 * letter.
 */
#include "cli/complain.h"
#include "cli/decoy.h"
#include "cli/decoy_person.h"
#include "cli/decoy_search.h"
#include "cli/progress.h"

#include <ctype.h>
#include <errno.h>

enum {
    GROUPS = 4, /* of a number that is written with blanks */
    GROUP_SIZE = DECOY_PHONE_MAX + 2,
    BLOCK = 1 << 16,
};

struct matching {
    struct decoy_search search;
    /* What is being read: a word of what can be in an address, and the last groups of digits. */
    char word[DECOY_TEXT_SIZE], groups[GROUPS][GROUP_SIZE];
    size_t word_length, group_length, group_count; /* length: of the last group, while it is read */
    bool is_long;                                  /* the word is longer than any address */
};

/* ---- what is read ---- */

static void
end_word(struct matching *m)
{
    m->word[m->word_length] = '\0';
    while (m->word_length > 0 && m->word[m->word_length - 1] == '.')
        m->word[--m->word_length] = '\0'; /* of a sentence */
    if (!m->is_long && memchr(m->word, '@', m->word_length) != NULL) {
        decoy_search_email(&m->search, m->word);
    }
    m->word_length = 0;
    m->is_long = false;
}

/* The last group, alone and behind those before it. */
static void
end_group(struct matching *m)
{
    char text[GROUPS * GROUP_SIZE] = "", behind[sizeof(text)];

    if (m->group_length == 0)
        return;
    m->groups[m->group_count++][m->group_length] = '\0';
    m->group_length = 0;
    for (size_t i = m->group_count; i > 0; i--) {
        memcpy(behind, text, sizeof(text));
        snprintf(text, sizeof(text), "%.*s%.*s", GROUP_SIZE - 1, m->groups[i - 1],
                 (GROUPS - 1) * GROUP_SIZE, behind);
        decoy_search_phone(&m->search, text);
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

static int
match(struct matching *m, FILE *file, const struct arguments *arguments)
{
    bool is_json = arguments_given(arguments, OPTION_json);
    size_t found = 0;
    int result;

    result = read_all(m, file);
    if (result != 0)
        return complain_error(result, "%s", arguments->operands[1]);
    for (size_t s = 0; s < m->search.decoys->count; s++) {
        struct json_out out = {.file = stdout};
        size_t of_set = decoy_search_found(&m->search, s);

        found += of_set;
        if (of_set > 0 && is_json) {
            decoy_search_put(&m->search, s, &out);
            json_out_end(&out);
        } else if (of_set > 0) {
            decoy_search_print(&m->search, s, stdout);
        }
    }
    if (found == 0 && !is_json)
        puts("no decoy is in it");
    return found > 0 ? 0 : 1;
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
    status = decoy_search_begin(&m.search, e);
    if (status == 0)
        status = match(&m, file, arguments);
    decoy_search_end(&m.search);
    if (!is_input)
        fclose(file);
    return status;
}
