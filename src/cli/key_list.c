/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key_list.h"
#include "cli/text.h"

struct listing {
    struct evidence *evidence;
    struct json_out *out;
    bool is_text;
    FILE *file;
    const char *before, *after;
};

void
key_list_value(struct json_out *out, const char *text, bool is_text)
{
    int64_t integer;

    if (!is_text && key_is_integer(view_of_text(text), &integer))
        json_out_integer(out, integer);
    else
        json_out_text(out, text);
}

static int
key_json(void *arg, uint32_t ordinal)
{
    struct listing *list = arg;
    char text[KEY_TEXT_SIZE];

    evidence_key(list->evidence, ordinal, text);
    key_list_value(list->out, text, list->is_text);
    return 0;
}

static int
key_text(void *arg, uint32_t ordinal)
{
    const struct listing *list = arg;
    char text[KEY_TEXT_SIZE], escaped[KEY_TEXT_SIZE * 4 + 1];

    evidence_key(list->evidence, ordinal, text);
    text_escape(escaped, sizeof(escaped), view_of_text(text));
    fprintf(list->file, "%s%s%s", list->before, escaped, list->after);
    return 0;
}

void
key_list_json(struct json_out *out, struct evidence *evidence, const struct persons *set,
              bool is_text)
{
    struct listing list = {.evidence = evidence, .out = out, .is_text = is_text};
    int result;

    json_out_open(out, '[');
    result = persons_each(set, key_json, &list);
    (void)result; /* key_json never ends it */
    json_out_close(out, ']');
}

void
key_list_text(FILE *file, struct evidence *evidence, const struct persons *set, const char *before,
              const char *after)
{
    struct listing list = {.evidence = evidence, .file = file, .before = before, .after = after};
    int result = persons_each(set, key_text, &list);

    (void)result; /* key_text never ends it */
}
