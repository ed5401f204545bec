/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/person.h"
#include "base/uuid.h"
#include "cli/complain.h"
#include "cli/evidence_part.h"

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

/* A UUID that nobody has, but somebody in the form in which keys are kept. (That is not looked for
 * instead: keys that are texts may look like one.) */
static int
check_spelling(struct evidence *e, struct view text)
{
    char canonical[UUID_TEXT_SIZE];
    uint32_t ordinals[SUBJECT_ORDINALS_MAX - 1];
    size_t count;
    int status;

    if (!uuid_is(text, canonical) || view_equal(text, view_of_text(canonical)))
        return 0;
    status = evidence_find_key(e, view_of_text(canonical), ordinals, COUNT_OF(ordinals), &count);
    if (status != 0 || count == 0)
        return status;
    complain("give the key in that form",
             "nobody has this key as it was given, but somebody has %s", canonical);
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
        status = check_spelling(e, text);
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

/* Whether all of the kind who were shown have numbers for keys, and somebody was. */
static int
has_only_numbers(struct evidence *e, const char *name, bool *has)
{
    struct scope scope;
    int status, kind, result;

    scope_init(&scope, &e->selection);
    status = evidence_scope(e, &scope);
    kind = name_list_find(&e->book->names.kinds, name);
    *has = status == 0 && kind >= 0 && (size_t)kind < scope.kind_count &&
           scope.kinds[kind].has_numbers && !scope.kinds[kind].has_texts;
    scope_release(&scope);
    if (status != 0)
        return status;
    result = evidence_anew(e);
    return result == 0 ? 0 : evidence_complain(e, result);
}

int
person_check_form(struct evidence *e, const struct subject *subject, const char *key)
{
    bool is_wrong = false;
    int64_t integer;
    int status;

    if (subject->ordinal_count > 0 || key_parts(e->ask.config, subject->kind) > 1 ||
        key_is_integer(view_of_text(key), &integer))
        return 0;
    status = has_only_numbers(e, subject->kind, &is_wrong);
    if (status != 0 || !is_wrong)
        return status;
    complain("give the number as it stands in the key's column",
             "the keys of kind %s that the ledger knows are numbers, and \"%.64s\" is none",
             subject->kind, key);
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
