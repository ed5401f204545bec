/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sample_identity.h"

#include "base/memory.h"
#include "cli/complain.h"
#include "policy/spelling.h"

#include <fcntl.h>
#include <unistd.h>

int
sample_identity_open(struct sample_identity *s, const struct evidence *e)
{
    int fd, result;

    *s = (struct sample_identity){.at = 0};
    fd = e->has_secret ? openat(e->directory, "identity/index", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
                       : -1;
    if (fd < 0)
        return 0;
    result = identity_key_init(&s->key, e->secret);
    if (result == 0)
        result = identity_names_of(&s->names, e->ask.config);
    if (result == 0)
        result = identity_open(&s->identity, fd, &s->key);
    close(fd);
    if (result == 0)
        s->at = identity_moment(s->identity)->realtime;
    if (result == PASU_E_NOMEM)
        return complain_error(result, "the identity index");
    if (result != 0)
        complain("run: pasu index build", "the identity index cannot be used: %s",
                 error_text(result));
    return 0;
}

void
sample_identity_close(struct sample_identity *s)
{
    identity_release(s->identity);
    identity_names_release(&s->names);
    identity_key_release(&s->key);
    *s = (struct sample_identity){.at = 0};
}

const struct identity_name *
sample_identity_section(const struct sample_identity *s, size_t section, const char *kind)
{
    const struct identity_section *at = identity_section_at(s->identity, section);

    for (size_t i = 0; i < s->names.count; i++)
        if (memcmp(s->names.items[i].definition, at->definition, sizeof(at->definition)) == 0 &&
            strcmp(s->names.items[i].kind, kind) == 0)
            return &s->names.items[i];
    return NULL;
}

/* Whether a row of the section's table is a person of the kind: the table is the kind's own, by its
 * own key. */
static bool
is_of_persons(const struct identity_name *name, const struct config *config)
{
    for (size_t i = 0; i < config->subject_count; i++) {
        const struct config_subject *subject = &config->subjects[i];
        char table[2 * IDENTITY_NAME_SIZE];
        size_t length, behind;
        if (strcmp(subject->name, name->kind) != 0 || subject->key.count != 1 ||
            strcmp(subject->key.items[0], name->key) != 0)
            continue;
        snprintf(table, sizeof(table), "%s.%s", name->schema, name->table);
        length = strlen(subject->table);
        if (length < strlen(table))
            return false;
        behind = length - strlen(table); /* a database may stand before it */
        return strcmp(subject->table + behind, table) == 0 &&
               (behind == 0 || subject->table[behind - 1] == '.');
    }
    return false;
}

uint64_t
sample_identity_persons(const struct sample_identity *s, const struct config *config,
                        const char *kind)
{
    uint64_t most = 0;

    for (size_t i = 0; s->identity != NULL && i < identity_section_count(s->identity); i++) {
        const struct identity_name *name = sample_identity_section(s, i, kind);
        const struct identity_section *section = identity_section_at(s->identity, i);

        if (name != NULL && is_of_persons(name, config) && section->rows > most)
            most = section->rows;
    }
    return most;
}

/* One value of each column: what the section has is the value itself, or the text of all. */
static enum identity_found
look_up(const struct sample_identity *s, size_t section, const struct view *values, size_t count,
        uint32_t *ordinal)
{
    uint8_t space[TUPLE_TEXT_MAX];
    struct tuple tuple = {.count = count};
    struct view text = values[0];

    for (size_t i = 0; i < count; i++)
        tuple.parts[i] = values[i];
    if (count > 1 && tuple_write(&tuple, space, &text) != 0)
        return IDENTITY_NONE;
    return identity_look_up(s->identity, &s->key, section, text, ordinal);
}

enum identity_found
sample_identity_find(const struct sample_identity *s, size_t section, const struct view *values,
                     uint32_t *ordinal)
{
    size_t columns = identity_section_columns(identity_section_at(s->identity, section));
    struct spellings *ways = memory_new(columns, sizeof(*ways));
    size_t turns = 1;
    enum identity_found found = IDENTITY_NONE;

    if (ways == NULL)
        return IDENTITY_NONE;
    for (size_t c = 0; c < columns; c++) {
        spellings_of(&ways[c], values[c]);
        turns *= ways[c].count;
    }
    for (size_t turn = 0; turn < turns && found == IDENTITY_NONE; turn++) {
        struct view chosen[IDENTITY_VALUES_MAX] = {{NULL, 0}};
        size_t left = turn;

        for (size_t c = 0; c < columns; c++) {
            chosen[c] = spellings_at(&ways[c], left % ways[c].count);
            left /= ways[c].count;
        }
        found = look_up(s, section, chosen, columns, ordinal);
    }
    memory_wipe(ways, columns * sizeof(*ways));
    memory_free(ways);
    return found;
}
