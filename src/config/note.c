/* SPDX-License-Identifier: Apache-2.0 */
/* What can be judged only when all is read: names that must be unique, and names that must exist.
 */
#include "base/memory.h"
#include "config/nearest.h"
#include "config/parse.h"

void
note_add(struct parse *parse, enum note_kind kind, const char *text, const struct yaml_node *node)
{
    struct note note = {.kind = kind, .line = node->line, .column = node->column};

    if (parse->note_count == parse->note_space) {
        size_t space = parse->note_space == 0 ? 64 : 2 * parse->note_space;
        struct note *notes = memory_resize(parse->notes, space, sizeof(*notes));

        if (notes == NULL) {
            parse->scratch->failed = true;
            return;
        }
        parse->notes = notes;
        parse->note_space = space;
    }
    note.text = store_dup(parse->scratch, view_of_text(text));
    note.trail = store_dup(parse->scratch, view_of_text(parse->trail));
    if (note.text != NULL && note.trail != NULL)
        parse->notes[parse->note_count++] = note;
}

PASU_PRINTF(4, 5)
static void
complain(struct parse *parse, const struct note *note, const char *hint, const char *format, ...)
{
    char text[TRAIL_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    config_fault_add(parse->faults, parse->path, note->line, note->column, hint, "%s %s",
                     note->trail, text);
}

static int
compare_places(const struct note *a, const struct note *b)
{
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->column < b->column ? -1 : a->column > b->column;
}

/* By kind and text, equal ones in the order of the file. */
static int
compare(const void *left, const void *right)
{
    const struct note *a = left, *b = right;
    int order;

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    order = strcmp(a->text, b->text);
    return order != 0 ? order : compare_places(a, b);
}

/* `note` is equal to `first`, which stands before it in the file. */
static void
complain_equal(struct parse *parse, const struct note *note, const struct note *first)
{
    switch (note->kind) {
    case NOTE_SUBJECT:
    case NOTE_PAIR:
        complain(parse, note, "keep one of them", "is written twice, first on line %u",
                 first->line);
        break;
    case NOTE_GATEWAY:
    case NOTE_RULE:
        complain(parse, note, "take another name", "is \"%s\", as is %s on line %u",
                 shown(parse, note->text), first->trail, first->line);
        break;
    case NOTE_LISTEN:
        complain(parse, note, "take another address or port",
                 "is an address that is listened on already: %s on line %u", first->trail,
                 first->line);
        break;
    case NOTE_PERSONAL:
        complain(parse, note, "keep one of them", "says the same of a column as %s on line %u does",
                 first->trail, first->line);
        break;
    case NOTE_SUBJECT_USE:
    case NOTE_FIELD_USE:
    case NOTE_COLUMN_USE:
    case NOTE_KEY_USE:
        break; /* may be used as often as you like */
    }
}

/* Whether a fault more would still be listed: if not, its hint is not worth the work. */
static bool
is_listed(const struct parse *parse)
{
    return parse->faults->count < CONFIG_FAULTS_MAX;
}

static void
check_subject_use(struct parse *parse, const struct note *note)
{
    const struct config *config = parse->config;
    struct nearest nearest = nearest_to(note->text);
    const char *hint = NULL;

    for (size_t i = 0; i < config->subject_count; i++) {
        const char *name = config->subjects[i].name;

        if (name != NULL && strcmp(name, note->text) == 0)
            return;
    }
    for (size_t i = 0; i < config->subject_count && is_listed(parse); i++)
        if (config->subjects[i].name != NULL)
            nearest_offer(&nearest, config->subjects[i].name);
    if (nearest.word != NULL)
        hint = store_format(parse->scratch, "did you mean %s?", nearest.word);
    complain(parse, note, hint != NULL ? hint : "declare it under subjects, or correct the name",
             "is \"%s\", which is not under subjects", shown(parse, note->text));
}

static void
check_field_use(struct parse *parse, const struct note *note)
{
    struct nearest nearest = nearest_to(note->text);
    const char *hint = NULL;

    for (size_t i = 0; i < parse->field_count; i++)
        if (strcmp(parse->fields[i], note->text) == 0)
            return;
    for (size_t i = 0; i < parse->field_count; i++)
        nearest_offer(&nearest, parse->fields[i]);
    if (nearest.word != NULL)
        hint = store_format(parse->scratch, "did you mean %s?", nearest.word);
    complain(parse, note, hint != NULL ? hint : "write any, or a field that personal_data names",
             "is \"%s\", which is no field of personal_data", shown(parse, note->text));
}

/* Whether two names may mean the same table: one is the end of the other, at a dot. */
static bool
is_same_table(const char *name, size_t length, const char *other)
{
    size_t other_length = other != NULL ? strlen(other) : 0;
    size_t common = length < other_length ? length : other_length;

    if (common == 0 || memcmp(name + length - common, other + other_length - common, common) != 0)
        return false;
    return length == other_length ||
           (length > common ? name[length - common - 1] : other[other_length - common - 1]) == '.';
}

static void
check_column_use(struct parse *parse, const struct note *note)
{
    const struct config *config = parse->config;
    size_t length = (size_t)(strrchr(note->text, '.') - note->text);

    for (size_t i = 0; i < config->subject_count; i++)
        if (is_same_table(note->text, length, config->subjects[i].table))
            return;
    for (size_t i = 0; i < config->personal_count; i++)
        if (is_same_table(note->text, length, config->personal[i].table))
            return;
    complain(parse, note, "list its table there, so that it is known whose values these are",
             "is \"%s\", whose table is neither in subjects nor in personal_data",
             shown(parse, note->text));
}

/* Keys of one subject are compared with each other. */
static void
check_key_use(struct parse *parse, const struct note *note)
{
    const struct config *config = parse->config;
    const char *subject = strchr(note->text, ' ') + 1;
    size_t count = (size_t)(note->text[0] - '0');

    for (size_t i = 0; i < config->subject_count; i++) {
        const struct config_subject *s = &config->subjects[i];

        if (s->name == NULL || strcmp(s->name, subject) != 0 || s->key.count == 0 ||
            s->key.count == count)
            continue;
        complain(parse, note, "write a column for each of those, in their order",
                 "has %zu column%s, but subjects.%s.key on line %u has %zu", count,
                 count == 1 ? "" : "s", shown(parse, subject), s->line, s->key.count);
        return;
    }
}

void
notes_check(struct parse *parse)
{
    if (parse->note_count == 0)
        return;
    qsort(parse->notes, parse->note_count, sizeof(*parse->notes), compare);
    for (size_t i = 0, first = 0; i < parse->note_count; i++) {
        const struct note *note = &parse->notes[i], *before = &parse->notes[first];

        if (note->kind == NOTE_SUBJECT_USE)
            check_subject_use(parse, note);
        else if (note->kind == NOTE_FIELD_USE)
            check_field_use(parse, note);
        else if (note->kind == NOTE_COLUMN_USE)
            check_column_use(parse, note);
        else if (note->kind == NOTE_KEY_USE)
            check_key_use(parse, note);
        if (i > 0 && note->kind == before->kind && strcmp(note->text, before->text) == 0)
            complain_equal(parse, note, before);
        else
            first = i;
    }
}
