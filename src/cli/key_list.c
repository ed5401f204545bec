/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key_list.h"
#include "cli/key_text.h"
#include "cli/text.h"

struct listing {
    struct evidence *evidence;
    struct json_out *out;
    enum key_form form;
    FILE *file;
    const char *before, *after;
};

enum key_form
key_form_of(const struct evidence *e, const char *kind, bool has_numbers)
{
    if (key_parts(e->ask.config, kind) > 1)
        return KEYS_ARRAYS;
    return has_numbers ? KEYS_NUMBERS : KEYS_TEXTS;
}

static void
put_tuple(struct json_out *out, const struct tuple *tuple)
{
    json_out_open(out, '[');
    for (size_t i = 0; i < tuple->count; i++) {
        char part[TUPLE_TEXT_MAX + 1];

        text_from_view(part, sizeof(part), tuple->parts[i]);
        json_out_text(out, tuple->parts[i].bytes ? part : NULL);
    }
    json_out_close(out, ']');
}

void
key_list_value(struct json_out *out, const char *text, enum key_form form)
{
    uint8_t space[TUPLE_TEXT_MAX];
    struct tuple tuple;
    int64_t integer;

    if (form == KEYS_ARRAYS && tuple_read(&tuple, view_of_text(text), space) == 0)
        put_tuple(out, &tuple);
    else if (form == KEYS_NUMBERS && key_is_integer(view_of_text(text), &integer))
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
    key_list_value(list->out, text, list->form);
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
              enum key_form form)
{
    struct listing list = {.evidence = evidence, .out = out, .form = form};
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
