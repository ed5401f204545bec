/* SPDX-License-Identifier: Apache-2.0 */
/* subjects.NAME.known_as: that it fits its own kind, and the other one. */
#include "config/parse.h"

static bool
is_of_key(const struct config_subject *subject, const char *column)
{
    for (size_t i = 0; i < subject->key.count; i++)
        if (subject->key.items[i] != NULL && strcmp(subject->key.items[i], column) == 0)
            return true;
    return false;
}

void
known_check_subject(struct parse *parse, struct config_subject *subject)
{
    const struct mark *map = &parse->marks[KEY_subjects_known_as],
                      *by = &parse->marks[KEY_subjects_known_as_by];
    const struct yaml_node *pair;
    size_t before, inner;

    if (map->node == NULL)
        return;
    subject->known_as.line = map->node->key->line;
    if (map->state != MARK_GOOD || by->state != MARK_GOOD ||
        parse->marks[KEY_subjects_key].state != MARK_GOOD)
        return;
    before = trail_push_name(parse, "known_as.by");
    pair = by->node->first;
    for (size_t i = 0; i < subject->known_as.by_count; i++, pair = pair->next) {
        const char *column = subject->known_as.by[i].column;

        if (is_of_key(subject, column))
            continue;
        inner = trail_push_name(parse, column);
        fault_here(parse, pair->key, "write columns of the key that stands above it",
                   "is no column of this kind's key");
        trail_pop(parse, inner);
    }
    trail_pop(parse, before);
}

static const struct config_subject *
other_of(const struct config *config, const struct config_known *known)
{
    for (size_t i = 0; i < config->subject_count; i++)
        if (config->subjects[i].name != NULL &&
            strcmp(config->subjects[i].name, known->subject) == 0)
            return &config->subjects[i];
    return NULL; /* said elsewhere */
}

/* What is wrong with the two of them; NULL: nothing. */
static const char *
fault_of(const struct config_subject *subject, const struct config_subject *other,
         const char **hint)
{
    if (other == subject) {
        *hint = "name the kind whose table tells who they are, such as customer";
        return "is the kind itself";
    }
    if (other->known_as.is_there) {
        *hint = "name that kind's own known_as here, or leave one of them out";
        return "is a kind that has known_as itself";
    }
    if (other->key.count > 1) {
        *hint = "name a kind whose key is one column";
        return "is a kind whose key is several columns";
    }
    return NULL;
}

void
known_check(struct parse *parse)
{
    const struct config *config = parse->config;

    for (size_t i = 0; i < config->subject_count; i++) {
        const struct config_subject *subject = &config->subjects[i], *other;
        const char *text, *hint;

        if (subject->known_as.subject == NULL || subject->name == NULL)
            continue;
        other = other_of(config, &subject->known_as);
        text = other != NULL ? fault_of(subject, other, &hint) : NULL;
        if (text != NULL)
            config_fault_add(parse->faults, parse->path, subject->known_as.line, 0, hint,
                             "subjects.%s.known_as.subject is \"%s\", which %s",
                             shown(parse, subject->name), shown(parse, other->name), text);
    }
}
