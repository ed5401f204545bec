/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/question.h"
#include "config/moment.h"
#include "ledger/control_protocol.h"

static const char *
skip_blanks(const char *at)
{
    while (*at == ' ')
        at++;
    return at;
}

/* The option whose name stands here, alone or before '='; -1: none. */
static int
option_at(const char *at)
{
    for (int option = 0; option < OPTION_COUNT; option++) {
        size_t length = strlen(options[option].name);

        if (strncmp(at, options[option].name, length) == 0 &&
            strchr("= ", at[length]) != NULL) /* or the end */
            return option;
    }
    return -1;
}

/* The value that begins here: up to the next option, for times and names can have blanks. */
static struct view
value_at(const char *at)
{
    const char *end = at;

    for (; *end != '\0'; end++)
        if (*end == ' ' && option_at(skip_blanks(end)) >= 0)
            break;
    return view_of((const uint8_t *)at, (size_t)(end - at));
}

/* The options of a text that asked_record wrote. False: it is none. */
static bool
parse(struct view values[OPTION_COUNT], const char *text)
{
    const char *at = skip_blanks(text);

    while (*at != '\0') {
        int option = option_at(at);

        if (option < 0)
            return false;
        at += strlen(options[option].name);
        values[option] = value_at(*at == '=' ? at + 1 : at);
        at = skip_blanks((const char *)values[option].bytes + values[option].length);
    }
    return true;
}

static bool
is_same_text(const char *ours, struct view theirs)
{
    if (ours == NULL || theirs.bytes == NULL)
        return ours == NULL && theirs.bytes == NULL;
    return strlen(ours) == theirs.length && memcmp(ours, theirs.bytes, theirs.length) == 0;
}

static bool
is_same_moment(int64_t ours, struct view theirs, int64_t asked, bool is_end)
{
    char text[CONTROL_TEXT_SIZE];
    int64_t moment = 0;

    if (theirs.bytes == NULL)
        return ours == 0;
    snprintf(text, sizeof(text), "%.*s", (int)theirs.length, (const char *)theirs.bytes);
    return moment_parse(&moment, text, asked, is_end) == 0 && moment == ours;
}

bool
question_is_same(const struct arguments *arguments, const struct filter *filter,
                 const struct payload_asked *asked, int64_t time)
{
    static const enum option_id texts[] = {OPTION_principal, OPTION_actor,       OPTION_source,
                                           OPTION_country,   OPTION_application, OPTION_session,
                                           OPTION_field};
    struct view values[OPTION_COUNT] = {{0}};

    if (strcmp(asked->command, arguments->command->name) != 0 ||
        strlen(asked->filters) + 1 >= CONTROL_TEXT_SIZE || !parse(values, asked->filters) ||
        values[OPTION_as_of].bytes != NULL)
        return false;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (!is_same_text(arguments->values[texts[i]], values[texts[i]]))
            return false;
    return is_same_moment(filter->from, values[OPTION_from], time, false) &&
           is_same_moment(filter->to, values[OPTION_to], time, true);
}
