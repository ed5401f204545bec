/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/person.h"
#include "base/uuid.h"
#include "cli/complain.h"
#include "cli/evidence_part.h"
#include "cli/key_text.h"
#include "exposure/tuple.h"

static void
complain_kind(const struct name_list *kinds, const char *name)
{
    char known[512] = "kinds: ";
    size_t used = strlen(known);

    for (size_t i = 0; i < kinds->count && used < sizeof(known); i++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i > 0 ? ", " : "",
                                 kinds->items[i]);
    if (kinds->count == 0)
        complain("name them under subjects", "the configuration knows no kind of subject");
    else if (name != NULL)
        complain(known, "no kind of subject is called \"%.64s\"", name);
    else
        complain(known, "there are several kinds of subjects: say which with --kind NAME");
}

/* Without the secret nothing can be looked up in the directory, and "not shown" would be no answer.
 * 0 where the number may be all there is of the key. */
static int
complain_secret(const struct evidence *e, bool is_number)
{
    static const char hint[] = "it is the file \"secret\" in the ledger's folder; without it only "
                               "keys that are small numbers can be looked up";

    if (e->has_secret || (is_number && !evidence_has_keys(e)))
        return 0;
    complain(hint, is_number ? "the ledger's secret cannot be read: where this key is sealed, it "
                               "is not found"
                             : "the ledger's secret cannot be read");
    return is_number ? 0 : 2;
}

/* The key with its UUIDs as the ledger has them. False: it has none that is written otherwise. */
static bool
respell(const struct evidence *e, const char *kind, struct view text, uint8_t space[TUPLE_TEXT_MAX],
        struct view *spelled)
{
    char canonical[TUPLE_PARTS_MAX][UUID_TEXT_SIZE];
    uint8_t values[TUPLE_TEXT_MAX];
    struct tuple tuple = {.count = 1, .parts = {text}};
    size_t parts = key_parts(e->ask.config, kind);
    bool is_other = false;

    if (parts > 1 && tuple_read(&tuple, text, values) != 0)
        return false;
    for (size_t i = 0; i < tuple.count; i++) {
        struct view *part = &tuple.parts[i], other;

        if (!part->bytes || !uuid_is(*part, canonical[i]))
            continue;
        other = view_of_text(canonical[i]);
        is_other |= !view_equal(*part, other);
        *part = other;
    }
    if (!is_other || parts > 1)
        return is_other && tuple_write(&tuple, space, spelled) == 0;
    *spelled = view_of(memcpy(space, canonical[0], UUID_TEXT_SIZE), UUID_TEXT_SIZE - 1);
    return true;
}

/* A UUID that nobody has, but somebody in the form in which keys are kept. (That is not looked for
 * instead: keys that are texts may look like one.) */
static int
check_spelling(struct evidence *e, const char *kind, struct view text)
{
    uint8_t space[TUPLE_TEXT_MAX];
    struct view spelled;
    uint32_t ordinals[SUBJECT_ORDINALS_MAX - 1];
    size_t count;
    int status;

    if (!respell(e, kind, text, space, &spelled))
        return 0;
    status = evidence_find_key(e, spelled, ordinals, COUNT_OF(ordinals), &count);
    if (status != 0 || count == 0)
        return status;
    if (e->ask.is_lent) /* what is said then is in the guard's log */
        complain("give the key in that form",
                 "nobody has a key as it was given, but somebody has the same UUID");
    else
        complain("give the key in that form",
                 "nobody has this key as it was given, but somebody has %.*s", (int)spelled.length,
                 (const char *)spelled.bytes);
    return 2;
}

int
person_find(struct evidence *e, const char *key, struct subject *subject)
{
    struct view text = view_of_text(key);
    uint32_t ordinals[SUBJECT_ORDINALS_MAX - 1];
    uint32_t self;
    bool is_number = key_is_ordinal(text, &self);
    size_t count;
    int result = is_number ? subject_add(subject, self) : 0;
    int status = evidence_find_key(e, text, ordinals, COUNT_OF(ordinals), &count);

    if (status == 0)
        status = complain_secret(e, is_number);
    if (status != 0)
        return status;
    if (count == 0 && !is_number)
        status = check_spelling(e, subject->kind, text);
    if (status != 0)
        return status;
    for (size_t i = 0; result == 0 && i < count; i++)
        result = subject_add(subject, ordinals[i]);
    return result == 0 ? 0 : complain_error(result, "looking for the key");
}

int
person_kind(const struct evidence *e, const struct arguments *arguments, const char **kind)
{
    *kind = arguments->values[OPTION_kind];
    if (*kind == NULL && e->ask.config->subject_count == 1)
        *kind = e->ask.config->subjects[0].name;
    if (*kind != NULL)
        return 0;
    complain_kind(&e->book->names.kinds, NULL);
    return 2;
}

int
person_key(const struct evidence *e, const char *kind, const char *operand,
           char space[KEY_OPERAND_SIZE], const char **key)
{
    if (key_text_of(e->ask.config, kind, operand, space, key) == 0)
        return 0;
    complain("write it as '[\"NAME\",\"PHONE\"]', with null where there is no value",
             "a %s is named by %zu values: the key is a JSON array of them", kind,
             key_parts(e->ask.config, kind));
    return 2;
}

/* Whether it is a number as keys are written: 7, -7, 12.5 (postgres/key.h). */
static bool
reads_as_number(const char *key)
{
    static const char digits[] = "0123456789";
    const char *at = key + (key[0] == '-');
    size_t whole = strspn(at, digits), part;

    if (whole == 0 || (whole > 1 && at[0] == '0'))
        return false;
    if (at[whole] == '\0')
        return at == key || at[0] != '0';
    part = at[whole] == '.' ? strspn(at + whole + 1, digits) : 0;
    return part > 0 && at[whole + part] != '0' && at[whole + 1 + part] == '\0';
}

/* Whether all of the kind who were ever shown have numbers for keys, and somebody was. */
static int
has_only_numbers(struct evidence *e, const char *name, bool *has)
{
    struct scope scope;
    int status, kind, result = evidence_anew(e);

    if (result != 0)
        return evidence_complain(e, result);
    e->filter = (struct filter){0};
    e->watch = NULL; /* it knows the book that was */
    scope_init(&scope, &e->selection);
    status = evidence_scope(e, &scope);
    kind = name_list_find(&e->book->names.kinds, name);
    *has = status == 0 && kind >= 0 && (size_t)kind < scope.kind_count &&
           scope.kinds[kind].has_numbers && !scope.kinds[kind].has_texts;
    scope_release(&scope);
    return status;
}

int
person_check_form(struct evidence *e, const char *kind, const char *key)
{
    bool is_wrong = false;
    int status;

    if (key_parts(e->ask.config, kind) > 1 || reads_as_number(key))
        return 0;
    status = has_only_numbers(e, kind, &is_wrong);
    if (status != 0 || !is_wrong)
        return status;
    complain("give the number without zeros that say nothing: 7, -7, 12.5",
             "the keys of kind %s that the ledger knows are numbers, and \"%.64s\" is none as they "
             "are written",
             kind, e->ask.is_lent ? "..." : key);
    return 2;
}

int
person_check_kind(const struct evidence *e, const char *kind)
{
    if (name_list_find(&e->book->names.kinds, kind) >= 0)
        return 0;
    complain_kind(&e->book->names.kinds, kind);
    return 2;
}
