/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/notice_texts.h"

#include "cli/yaml_table.h"

const char *const notice_languages[NOTICE_LANGUAGES] = {"ko", "en"};
const char *const notice_clarities[NOTICE_CLARITIES] = {"none", "maybe", "masked", "clear"};

static const char *const own_names[OWNS] = {"name",     "contact", "path",
                                            "measures", "remedy",  "more"};

struct reading {
    struct notice_texts *texts;
    struct yaml_table yaml;
};

const char *
notice_kind_text(enum notice_kind kind)
{
    static const char *const texts[NOTICE_KINDS] = {"none", "leak", "addition", "possible",
                                                    "retraction"};

    return texts[kind];
}

static const char *
keep(struct reading *r, const char *text)
{
    const char *kept = store_dup(&r->texts->store, view_of_text(text ? text : ""));

    return kept ? kept : "";
}

static const char *
need(struct reading *r, const struct yaml_node *map, const char *name)
{
    return keep(r, yaml_table_need(&r->yaml, map, name));
}

/* ---- parts ---- */

static void
read_own(struct reading *r, const struct yaml_node *map)
{
    static const char *const names[] = {"ko", "en", NULL};
    static const char *const keys[] = {"name",   "contact", "path", "measures",
                                       "remedy", "more",    NULL};

    if (!yaml_table_keys(&r->yaml, map, "controller", names))
        return;
    for (unsigned l = 0; l < NOTICE_LANGUAGES; l++) {
        const struct yaml_node *one = yaml_table_get(map, notice_languages[l]);

        if (!yaml_table_keys(&r->yaml, one, "controller of a language", keys))
            continue;
        for (unsigned o = 0; o < OWNS; o++)
            r->texts->own[o][l] = keep(r, yaml_table_text(&r->yaml, one, own_names[o]));
    }
}

static void
read_fields(struct reading *r, const struct yaml_node *map)
{
    static const char *const keys[] = {"ko", "en", "advice_ko", "advice_en", NULL};
    struct notice_texts *t = r->texts;

    if (!map || map->kind != YAML_MAP || map->count == 0) {
        yaml_table_fault(&r->yaml, map, "write fields: {name: {…}}", "fields is no map of fields");
        return;
    }
    t->fields = store_new(&t->store, map->count, sizeof(*t->fields));
    for (const struct yaml_node *one = map->first; one && t->fields; one = one->next) {
        struct notice_field *field = &t->fields[t->field_count];

        if (one->key->kind != YAML_TEXT || !yaml_table_keys(&r->yaml, one, one->key->text, keys))
            continue;
        *field =
            (struct notice_field){.field = keep(r, one->key->text),
                                  .name = {need(r, one, "ko"), need(r, one, "en")},
                                  .advice = {need(r, one, "advice_ko"), need(r, one, "advice_en")}};
        t->field_count++;
    }
}

static void
read_risk(struct reading *r, const struct yaml_node *one)
{
    static const char *const keys[] = {"class", "fields", "ko", "en", NULL};
    struct notice_risk *risk = &r->texts->risks[r->texts->risk_count];
    const struct yaml_node *list = yaml_table_get(one, "fields");

    *risk = (struct notice_risk){0};
    if (!yaml_table_keys(&r->yaml, one, "a risk", keys))
        return;
    risk->class = need(r, one, "class");
    risk->text[NOTICE_KO] = need(r, one, "ko");
    risk->text[NOTICE_EN] = need(r, one, "en");
    if (!list || list->kind != YAML_LIST || list->count > NOTICE_RISK_FIELDS_MAX) {
        yaml_table_fault(&r->yaml, one, "write fields: [phone, address]", "a risk has no fields");
        return;
    }
    for (const struct yaml_node *field = list->first; field; field = field->next)
        if (field->kind == YAML_TEXT)
            risk->fields[risk->count++] = keep(r, field->text);
        else
            yaml_table_fault(&r->yaml, field, "write its name", "a field is no text");
    r->texts->risk_count++;
}

static void
read_risks(struct reading *r, const struct yaml_node *list)
{
    struct notice_texts *t = r->texts;

    if (!list || list->kind != YAML_LIST || list->count == 0) {
        yaml_table_fault(&r->yaml, list, "write a list", "risks is no list of risks");
        return;
    }
    t->risks = store_new(&t->store, list->count, sizeof(*t->risks));
    for (const struct yaml_node *one = list->first; one && t->risks; one = one->next)
        read_risk(r, one);
    if (t->risks && t->risk_count > 0 && t->risks[t->risk_count - 1].count > 0)
        yaml_table_fault(&r->yaml, list, "write a last one with fields: []",
                         "the last risk does not fit everybody");
}

static void
read_languages(struct reading *r, const struct yaml_node *map, const char *name,
               const char *text[NOTICE_LANGUAGES])
{
    static const char *const names[] = {"ko", "en", NULL};
    const struct yaml_node *both = yaml_table_get(map, name);

    for (unsigned l = 0; l < NOTICE_LANGUAGES; l++)
        text[l] = "";
    if (!yaml_table_keys(&r->yaml, both, name, names))
        return;
    for (unsigned l = 0; l < NOTICE_LANGUAGES; l++)
        text[l] = need(r, both, notice_languages[l]);
}

/* A name in braces for which nothing is put, or one without its end, from where it begins; NULL:
 * there is none. */
static const char *
unknown_name(const char *text)
{
    static const char *const known[] = {"controller", "contact", "path",  "measures", "remedy",
                                        "more",       "items",   "added", "when",     "by",
                                        "advice",     "risk",    "rights"};

    while ((text = strchr(text, '{')) != NULL) {
        size_t length = strcspn(++text, "}"), i = 0;

        while (i < COUNT_OF(known) &&
               (strlen(known[i]) != length || memcmp(known[i], text, length) != 0))
            i++;
        if (i == COUNT_OF(known) || text[length] != '}')
            return text;
    }
    return NULL;
}

static void
check_names(struct reading *r, const struct yaml_node *node, const char *text)
{
    const char *name = unknown_name(text);

    if (name)
        yaml_table_fault(&r->yaml, node,
                         "there are: controller, contact, path, measures, remedy, more, items, "
                         "added, when, by, advice, risk, rights",
                         "\"{%.*s}\" stands for nothing",
                         (int)(strcspn(name, "}") < 40 ? strcspn(name, "}") : 40), name);
}

static void
read_form(struct reading *r, const struct yaml_node *map, struct notice_form *form)
{
    static const char *const keys[] = {"subject", "text", NULL};
    const struct yaml_node *list = yaml_table_get(map, "text");

    form->subject = "";
    if (!yaml_table_keys(&r->yaml, map, "a notice", keys))
        return;
    form->subject = need(r, map, "subject");
    check_names(r, map, form->subject);
    if (!list || list->kind != YAML_LIST || list->count == 0 ||
        list->count > NOTICE_PARAGRAPHS_MAX) {
        yaml_table_fault(&r->yaml, map, "write text: a list of at most 32 paragraphs",
                         "a notice has no text");
        return;
    }
    for (const struct yaml_node *one = list->first; one; one = one->next)
        if (one->kind == YAML_TEXT) {
            form->paragraphs[form->count++] = keep(r, one->text);
            check_names(r, one, form->paragraphs[form->count - 1]);
        } else
            yaml_table_fault(&r->yaml, one, "write it in double quotes", "a paragraph is no text");
}

static void
read_forms(struct reading *r, const struct yaml_node *map)
{
    static const char *const names[] = {"leak", "addition", "possible", "retraction", NULL};

    if (!yaml_table_keys(&r->yaml, map, "notices", names))
        return;
    for (unsigned kind = NOTICE_LEAK; kind < NOTICE_KINDS; kind++) {
        const struct yaml_node *both =
            yaml_table_get(map, notice_kind_text((enum notice_kind)kind));

        for (unsigned l = 0; l < NOTICE_LANGUAGES; l++)
            read_form(r, yaml_table_get(both, notice_languages[l]), &r->texts->forms[kind][l]);
    }
}

static void
read_by(struct reading *r, const struct yaml_node *map)
{
    static const char *const names[] = {"ko", "en", NULL};
    static const char *const kinds[] = {"service", "human", "admin", "unknown", NULL};

    if (!yaml_table_keys(&r->yaml, map, "by", names))
        return;
    for (unsigned l = 0; l < NOTICE_LANGUAGES; l++) {
        const struct yaml_node *one = yaml_table_get(map, notice_languages[l]);

        if (!yaml_table_keys(&r->yaml, one, "by of a language", kinds))
            continue;
        for (unsigned k = 0; k < NOTICE_PRINCIPALS; k++)
            r->texts->by[k][l] = need(r, one, principal_kind_text((enum principal_kind)k));
    }
}

static void
read_clarity(struct reading *r, const struct yaml_node *map)
{
    static const char *const names[] = {"ko", "en", NULL};
    static const char *const keys[] = {"none", "maybe", "masked", "clear", NULL};

    if (!yaml_table_keys(&r->yaml, map, "clarity", names))
        return;
    for (unsigned l = 0; l < NOTICE_LANGUAGES; l++) {
        const struct yaml_node *one = yaml_table_get(map, notice_languages[l]);

        if (!yaml_table_keys(&r->yaml, one, "clarity of a language", keys))
            continue;
        for (unsigned c = 0; c < NOTICE_CLARITIES; c++)
            r->texts->clarity[c][l] = need(r, one, notice_clarities[c]);
    }
}

static void
read_root(void *arg, const struct yaml_node *root)
{
    struct reading *r = arg;
    static const char *const names[] = {"controller", "fields", "other",   "clarity", "risks",
                                        "by",         "rights", "notices", NULL};
    static const char *const others[] = {"advice_ko", "advice_en", NULL};
    const struct yaml_node *other = yaml_table_get(root, "other");

    if (!yaml_table_keys(&r->yaml, root, "the texts", names))
        return;
    read_own(r, yaml_table_get(root, "controller"));
    read_fields(r, yaml_table_get(root, "fields"));
    if (yaml_table_keys(&r->yaml, other, "other", others)) {
        r->texts->other[NOTICE_KO] = need(r, other, "advice_ko");
        r->texts->other[NOTICE_EN] = need(r, other, "advice_en");
    }
    read_clarity(r, yaml_table_get(root, "clarity"));
    read_risks(r, yaml_table_get(root, "risks"));
    read_by(r, yaml_table_get(root, "by"));
    read_languages(r, root, "rights", r->texts->rights);
    read_forms(r, yaml_table_get(root, "notices"));
}

int
notice_texts_parse(struct notice_texts *texts, struct view text, const char *path,
                   struct config_faults *faults)
{
    struct reading r = {.texts = texts, .yaml = {path, faults}};

    *texts = (struct notice_texts){0};
    return yaml_table_read(&r.yaml, text, &texts->store, read_root, &r);
}

void
notice_texts_release(struct notice_texts *texts)
{
    store_release(&texts->store);
    *texts = (struct notice_texts){0};
}

const struct notice_field *
notice_texts_field(const struct notice_texts *texts, const char *field)
{
    for (size_t i = 0; i < texts->field_count; i++)
        if (strcmp(texts->fields[i].field, field) == 0)
            return &texts->fields[i];
    return NULL;
}

const char *
notice_texts_missing(const struct notice_texts *texts)
{
    static const enum notice_own needed[] = {OWN_NAME, OWN_CONTACT, OWN_MEASURES, OWN_REMEDY};

    for (size_t i = 0; i < COUNT_OF(needed); i++)
        for (unsigned l = 0; l < NOTICE_LANGUAGES; l++)
            if (texts->own[needed[i]][l][0] == '\0')
                return own_names[needed[i]];
    return NULL;
}
