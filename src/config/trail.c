/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parser is, and the faults it finds there. */
#include "config/nearest.h"
#include "config/parse.h"

static const char *const no_memory = "…";

PASU_PRINTF(2, 3)
static size_t
push(struct parse *parse, const char *format, ...)
{
    size_t length = strlen(parse->trail);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(parse->trail + length, sizeof(parse->trail) - length, format, arguments);
    va_end(arguments);
    return length;
}

size_t
trail_push_name(struct parse *parse, const char *name)
{
    return push(parse, parse->trail[0] != '\0' ? ".%s" : "%s", shown(parse, name));
}

size_t
trail_push_index(struct parse *parse, size_t index)
{
    return push(parse, "[%zu]", index);
}

void
trail_pop(struct parse *parse, size_t length)
{
    parse->trail[length] = '\0';
}

void
fault_here(struct parse *parse, const struct yaml_node *node, const char *hint, const char *format,
           ...)
{
    char text[2 * TRAIL_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    config_fault_add(parse->faults, parse->path, node != NULL ? node->line : 1,
                     node != NULL ? node->column : 1, hint, "%s%s%s", parse->trail,
                     parse->trail[0] != '\0' ? " " : "", text);
}

void
fault_value(struct parse *parse, const struct yaml_node *node, const char *hint, const char *why)
{
    fault_here(parse, node, hint, "is \"%s\", %s", shown(parse, node->text), why);
}

const char *
shown(struct parse *parse, const char *text)
{
    size_t length = strlen(text);
    const char *cut;

    if (length <= VALUE_SHOWN_MAX)
        return text;
    length = VALUE_SHOWN_MAX;
    while (length > 0 && ((uint8_t)text[length] & 0xC0) == 0x80)
        length--;
    cut = store_format(parse->scratch, "%.*s…", (int)length, text);
    return cut != NULL ? cut : no_memory;
}

const char *
words_hint(struct parse *parse, const char *before, const char *words, const char *wrong)
{
    char *list = store_new(parse->scratch, 2 * strlen(words) + 1, 1);
    struct nearest nearest = nearest_to(wrong);
    const char *hint;
    size_t used = 0;

    if (list == NULL)
        return no_memory;
    for (const char *at = words; *at != '\0';) {
        size_t length = strcspn(at, "|");
        const char *word = store_dup(parse->scratch, view_of(at, length));

        if (length > 0) {
            if (used > 0) {
                list[used++] = ',';
                list[used++] = ' ';
            }
            memcpy(list + used, at, length);
            used += length;
        }
        if (word != NULL && length > 0)
            nearest_offer(&nearest, word);
        at += length + (at[length] == '|');
    }
    hint = nearest.word != NULL
               ? store_format(parse->scratch, "%s%s; did you mean %s?", before, list, nearest.word)
               : store_format(parse->scratch, "%s%s", before, list);
    return hint != NULL ? hint : no_memory;
}

/* The names of a key's children, separated by '|'. */
static const char *
names_below(struct parse *parse, const struct config_key *parent)
{
    char names[2 * TRAIL_SIZE];
    size_t used = 0;
    const char *text;

    names[0] = '\0';
    for (enum key_id id = 0; id < KEY_COUNT; id++)
        if (config_key_is_child(parent, config_key_at(id)) && used < sizeof(names))
            used += (size_t)snprintf(names + used, sizeof(names) - used, "|%s",
                                     config_key_name(config_key_at(id)));
    text = store_dup(parse->scratch, view_of_text(names));
    return text != NULL ? text : "";
}

void
fault_unknown(struct parse *parse, const struct config_key *parent, const struct yaml_node *name)
{
    size_t before = trail_push_name(parse, name->text);
    const char *names = names_below(parse, parent);
    struct nearest nearest = nearest_to(name->text);
    const struct config_key *elsewhere = NULL;
    const char *hint = NULL;
    size_t count = 0;

    for (enum key_id id = 0; id < KEY_COUNT; id++)
        if (config_key_is_child(parent, config_key_at(id)))
            nearest_offer(&nearest, config_key_name(config_key_at(id)));
    if (nearest.word != NULL)
        hint = store_format(parse->scratch, "did you mean %s?", nearest.word);
    for (enum key_id id = 0; id < KEY_COUNT; id++)
        if (strcmp(config_key_name(config_key_at(id)), name->text) == 0) {
            elsewhere = config_key_at(id);
            count++;
        }
    if (hint == NULL && count == 1)
        hint = store_format(parse->scratch, "there is a key %s", elsewhere->path);
    if (hint == NULL)
        hint = words_hint(parse, "known here: ", names, "");
    fault_here(parse, name, hint, "is not a known key");
    trail_pop(parse, before);
}

void
fault_missing(struct parse *parse, const struct config_key *key, const struct yaml_node *node)
{
    size_t before = trail_push_name(parse, config_key_name(key));
    const char *start =
        store_format(parse->scratch, "write %s: %s%s", config_key_name(key),
                     key->form == FORM_ONE || key->form == FORM_MANY ? config_type_what(key->type)
                                                                     : "{KEY: VALUE, …}",
                     key->allowed[0] != '\0' && key->type == TYPE_WORD ? " " : "");

    if (start == NULL)
        start = no_memory;
    fault_here(parse, node,
               key->type == TYPE_WORD ? words_hint(parse, start, key->allowed, "") : start,
               "is missing");
    trail_pop(parse, before);
}
