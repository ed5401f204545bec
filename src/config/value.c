/* SPDX-License-Identifier: Apache-2.0 */
/* Values out of a list of words, and numbers. */
#include "config/parse.h"
#include "config/quantity.h"

static value_parser *const parsers[] = {
#define X(name, stored, what, how) parse_##name,
#include "config/type.def"
#undef X
};

bool
value_parse(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
            void *slot)
{
    return parsers[key->type](parse, key, node, slot);
}

bool
parse_NONE(struct parse *parse PASU_UNUSED, const struct config_key *key PASU_UNUSED,
           const struct yaml_node *node PASU_UNUSED, void *slot PASU_UNUSED)
{
    return false;
}

/* The place of a word among those allowed, or -1. */
static int
word_index(const char *words, const char *text)
{
    size_t wanted = strlen(text);
    int index = 0;

    for (const char *at = words; *at != '\0'; index++) {
        size_t length = strcspn(at, "|");

        if (length == wanted && memcmp(at, text, length) == 0)
            return index;
        at += length + (at[length] == '|');
    }
    return -1;
}

static bool
parse_word(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
           int *index)
{
    *index = word_index(key->allowed, node->text);
    if (*index >= 0)
        return true;
    fault_value(parse, node, words_hint(parse, "one of: ", key->allowed, node->text),
                "which is none of its values");
    return false;
}

/* Stored as an enum, or where there are two as a bool. */
bool
parse_WORD(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
           void *slot)
{
    int index;

    if (!parse_word(parse, key, node, &index))
        return false;
    if (key->place.size == sizeof(bool))
        *(bool *)slot = index == 1;
    else
        memcpy(slot, &index, sizeof(index));
    return true;
}

bool
parse_WORD_TEXT(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
                void *slot)
{
    int index;

    return parse_word(parse, key, node, &index) && parse_TEXT(parse, key, node, slot);
}

/* YAML 1.2 knows true and false only; the words of YAML 1.1 are what people write. */
bool
parse_SWITCH(struct parse *parse, const struct config_key *key PASU_UNUSED,
             const struct yaml_node *node, void *slot)
{
    static const char *const words = "on|off|true|false|yes|no";
    int index = word_index(words, node->text);

    if (index < 0) {
        fault_value(parse, node, words_hint(parse, "one of: ", words, node->text),
                    "which is neither on nor off");
        return false;
    }
    *(bool *)slot = index % 2 == 0;
    return true;
}

/* How a kind of number is read, and what to say of one that cannot be. */
struct number {
    int (*parse)(uint64_t *value, const char *text);
    const char *hint, *why;
};

static const struct number number_duration = {
    quantity_duration, "write a whole number and a unit: 500ms, 60s, 15m, 2h, 30d or 2y",
    "which is not a duration"};
static const struct number number_size = {
    quantity_size, "write a whole number and a unit: 512B, 64KiB or 1MiB", "which is not a size"};
static const struct number number_count = {quantity_count, "write digits only",
                                           "which is not a whole number"};

/* Whether the value is within "LEAST..MOST". */
static bool
is_within(const struct number *number, const char *allowed, uint64_t value)
{
    const char *dots = strstr(allowed, "..");
    char least_text[32];
    uint64_t least, most;

    if (dots == NULL)
        return true;
    text_from_view(least_text, sizeof(least_text), view_of(allowed, (size_t)(dots - allowed)));
    return number->parse(&least, least_text) == 0 && number->parse(&most, dots + 2) == 0 &&
           value >= least && value <= most;
}

static bool
parse_number(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
             const struct number *number, uint64_t *value)
{
    const char *dots = strstr(key->allowed, "..");
    const char *hint;
    int r = number->parse(value, node->text);

    if (r == PASU_E_MALFORMED) {
        fault_value(parse, node, number->hint, number->why);
        return false;
    }
    if (r == 0 && is_within(number, key->allowed, *value))
        return true;
    hint = dots == NULL ? NULL
                        : store_format(parse->scratch, "from %.*s to %s",
                                       (int)(dots - key->allowed), key->allowed, dots + 2);
    fault_value(parse, node, hint != NULL ? hint : number->hint, "which is out of range");
    return false;
}

bool
parse_DURATION(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
               void *slot)
{
    uint64_t value;

    if (!parse_number(parse, key, node, &number_duration, &value))
        return false;
    *(int64_t *)slot = (int64_t)value;
    return true;
}

bool
parse_SIZE(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
           void *slot)
{
    uint64_t value;

    if (!parse_number(parse, key, node, &number_size, &value))
        return false;
    *(uint32_t *)slot = (uint32_t)value;
    return true;
}

bool
parse_COUNT(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
            void *slot)
{
    uint64_t value;

    if (!parse_number(parse, key, node, &number_count, &value))
        return false;
    if (key->place.size == sizeof(uint32_t))
        *(uint32_t *)slot = (uint32_t)value;
    else
        *(uint64_t *)slot = value;
    return true;
}

bool
parse_WORKERS(struct parse *parse, const struct config_key *key, const struct yaml_node *node,
              void *slot)
{
    static const struct number threads = {quantity_count, "write auto, or a number of threads",
                                          "which is neither auto nor a number"};
    uint64_t value = parse->processors;

    if (strcmp(node->text, "auto") != 0 && !parse_number(parse, key, node, &threads, &value))
        return false;
    *(unsigned *)slot = (unsigned)value;
    return true;
}
