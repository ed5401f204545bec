/* SPDX-License-Identifier: Apache-2.0 */
#include "config/help.h"

#include "base/bytes.h"
#include "config/key.h"

enum { WIDTH = 80 };

/* Words with single blanks between them, broken into lines; `column` is where the first one starts.
 */
static void
print_wrapped(FILE *file, const char *text, size_t column, size_t indent)
{
    bool is_first = true;

    while (*text != '\0') {
        size_t length = strcspn(text, " ");

        if (!is_first && column + 1 + length > WIDTH) {
            fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!is_first) {
            fputc(' ', file);
            column++;
        }
        fprintf(file, "%.*s", (int)length, text);
        column += length;
        text += length;
        text += strspn(text, " ");
        is_first = false;
    }
    fputc('\n', file);
}

static void
append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, "%s", more);
}

/* "one of `off`, `allow`, `require`" */
static void
append_words(char *text, size_t size, const char *words)
{
    bool is_first = true;

    for (const char *at = words; *at != '\0';) {
        char word[64];
        size_t length = strcspn(at, "|");

        text_from_view(word, sizeof(word), view_of(at, length));
        if (length > 0) {
            append(text, size, is_first ? " `" : ", `");
            append(text, size, word);
            append(text, size, "`");
            is_first = false;
        }
        at += length + (at[length] == '|');
    }
}

static void
append_range(char *text, size_t size, const char *allowed)
{
    const char *dots = strstr(allowed, "..");
    char least[32];

    if (dots == NULL)
        return;
    text_from_view(least, sizeof(least), view_of(allowed, (size_t)(dots - allowed)));
    append(text, size, ", ");
    append(text, size, least);
    append(text, size, " to ");
    append(text, size, dots + 2);
}

/* "a duration, 100ms to 1h; default `60s`" */
static void
describe(char *text, size_t size, const struct config_key *key)
{
    static const char *const maps[] = {
        [FORM_MAP] = "a map",
        [FORM_MAPS] = "a map, or a list of maps",
        [FORM_ITEMS] = "a list of maps",
        [FORM_NAMED] = "a map of maps",
        [FORM_PAIRS] = "a map of names",
        [FORM_CONDITIONS] = "a map of conditions",
    };
    bool is_value = key->form == FORM_ONE || key->form == FORM_MANY;

    text[0] = '\0';
    append(text, size, is_value ? config_type_what(key->type) : maps[key->form]);
    if (key->type == TYPE_WORD || key->type == TYPE_WORD_TEXT)
        append_words(text, size, key->allowed);
    else
        append_range(text, size, key->allowed);
    if (key->form == FORM_MANY)
        append(text, size, ", or a list");
    if (key->is_required && key->form != FORM_MAP)
        append(text, size, "; required");
    if (key->preset != NULL) {
        append(text, size, key->is_required ? ", without its map `" : "; default `");
        append(text, size, key->preset);
        append(text, size, "`");
    }
    if (key->needs_restart)
        append(text, size, "; a change needs a restart");
}

static void
print_key(FILE *file, const struct config_key *key)
{
    char text[1024];

    snprintf(text, sizeof(text), "- `%s`: ", key->path);
    describe(text + strlen(text), sizeof(text) - strlen(text), key);
    append(text, sizeof(text), ".");
    print_wrapped(file, text, 0, 2);
    fprintf(file, "  ");
    print_wrapped(file, key->help, 2, 2);
}

static void
print_types(FILE *file)
{
    fprintf(file, "\n## How values are written\n\n");
    for (enum key_type type = 0; type < TYPE_COUNT__; type++) {
        char text[1024];

        if (config_type_how(type)[0] == '\0')
            continue;
        snprintf(text, sizeof(text), "- **%s**: %s", config_type_what(type), config_type_how(type));
        print_wrapped(file, text, 0, 2);
    }
}

static void
print_keys(FILE *file)
{
    for (enum key_id id = 0; id < KEY_COUNT; id++) {
        const struct config_key *key = config_key_at(id);

        if (config_key_is_child(NULL, key))
            fprintf(file, "\n## %s\n\n", key->path);
        print_key(file, key);
    }
}

void
config_help_print(FILE *file)
{
    fputs("# Configuration\n\n", file);
    print_wrapped(
        file,
        "pasu reads one YAML file, at most 16 MiB of UTF-8: `pasu guard -c pasu.yaml`. "
        "`pasu check -c pasu.yaml` names every fault of it at once, with its line. Keys that "
        "are not listed here are faults, as are anchors, aliases, tags and block texts. "
        "SIGHUP makes a running pasu take over a changed file: all of it, or, where it has a "
        "fault, nothing. This page is what `pasu help configuration` prints.",
        0, 0);
    fputs("\n## Example\n\n```yaml file pasu.yaml\n", file);
    fputs(config_help_example(), file);
    fputs(
        "```\n\nWhere the two databases are not there yet, pasu check says so:\n\n"
        "```sh run\n$ echo principal,kind,owner,owner_status,left_at,contact > roster.csv\n"
        "$ pasu check -c pasu.yaml\n"
        "pasu.yaml:29:23: fault: sources.country_db: country.mmdb cannot be read: not found\n"
        "  hint: give a file in MaxMind's format (.mmdb)\n"
        "pasu.yaml:29:45: fault: sources.asn_db: asn.mmdb cannot be read: not found\n"
        "  hint: give a file in MaxMind's format (.mmdb)\n"
        "pasu.yaml: warning: ledger.retention is shorter than three years: changes of rights stay "
        "for three years all the same, and are written once more before what is older is "
        "deleted\n"
        "  hint: write 3y, or more, where all that was shown must be there as long\n"
        "2 faults\n[1]\n```\n",
        file);
    print_types(file);
    print_keys(file);
}
