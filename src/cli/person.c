/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/person.h"
#include "cli/complain.h"

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

int
person_check_kind(const struct evidence *e, const char *kind)
{
    if (name_list_find(&e->book->names.kinds, kind) >= 0)
        return 0;
    complain_kind(&e->book->names.kinds, kind);
    return 2;
}
