/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/catalog_policy.h"

#include "base/memory.h"
#include "exposure/vocabulary.h"

_Static_assert((int)CATALOG_FIELDS_MAX == (int)EXPOSURE_FIELDS_MAX,
               "a field is the same bit in both");
_Static_assert((int)CATALOG_KEY_PARTS_MAX == (int)CONFIG_KEY_PARTS_MAX, "a key fits");
_Static_assert((int)CATALOG_KINDS_MAX == (int)EXPOSURE_KINDS_MAX,
               "a kind is the same number in both");

/* The policy and its arrays. */
struct whole {
    struct catalog_policy policy; /* first: freed by it */
    struct vocabulary vocabulary;
    struct catalog_mapping *mappings;
    struct catalog_mapping_field *fields;
    const char **subjects;
};

static int
fill_mapping(struct whole *w, struct catalog_mapping *m, const struct config_personal *personal,
             struct catalog_mapping_field *fields)
{
    int kind = vocabulary_kind(&w->vocabulary, personal->subject);

    if (kind < 0)
        return PASU_E_RANGE;
    m->table = personal->table;
    m->key = personal->key.items[0];
    for (size_t i = 1; i < personal->key.count; i++)
        m->more_keys[i - 1] = personal->key.items[i];
    m->kind = (uint8_t)kind;
    m->fields = fields;
    m->field_count = personal->field_count;
    for (size_t i = 0; i < personal->field_count; i++) {
        int field = vocabulary_field(&w->vocabulary, personal->fields[i].field);

        if (field < 0)
            return PASU_E_RANGE;
        fields[i].column = personal->fields[i].column;
        fields[i].field = (uint8_t)field;
    }
    return 0;
}

static int
fill(struct whole *w, const struct config *config)
{
    struct catalog_mapping_field *fields = w->fields;
    int result = vocabulary_of_config(&w->vocabulary, config);

    for (size_t i = 0; result == 0 && i < config->personal_count; i++) {
        result = fill_mapping(w, &w->mappings[i], &config->personal[i], fields);
        fields += config->personal[i].field_count;
    }
    for (size_t i = 0; i < config->subject_count; i++) {
        int kind = result == 0 ? vocabulary_kind(&w->vocabulary, config->subjects[i].name) : 0;

        if (kind < 0 || (size_t)kind >= config->subject_count)
            return PASU_E_RANGE;
        w->subjects[kind] = config->subjects[i].table;
    }
    w->policy = (struct catalog_policy){
        .mappings = w->mappings,
        .mapping_count = config->personal_count,
        .never = config->never.items,
        .never_count = config->never.count,
        .subject_tables = w->subjects,
        .kind_count = config->subject_count,
    };
    return result;
}

int
catalog_policy_new(struct catalog_policy **policy, const struct config *config)
{
    struct whole *w = memory_new(1, sizeof(*w));
    size_t fields = 0;
    int result = PASU_E_NOMEM;

    if (!w)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < config->personal_count; i++)
        fields += config->personal[i].field_count;
    w->mappings = memory_new(config->personal_count + 1, sizeof(w->mappings[0]));
    w->fields = memory_new(fields + 1, sizeof(w->fields[0]));
    w->subjects = memory_new(config->subject_count + 1, sizeof(w->subjects[0]));
    if (w->mappings && w->fields && w->subjects)
        result = fill(w, config);
    if (result != 0)
        catalog_policy_free(&w->policy);
    else
        *policy = &w->policy;
    return result;
}

uint32_t
catalog_policy_vocabulary(const struct catalog_policy *policy)
{
    const struct whole *w = (const struct whole *)(const void *)policy;

    return w->vocabulary.id;
}

void
catalog_policy_free(struct catalog_policy *policy)
{
    struct whole *w = (struct whole *)(void *)policy;

    if (!w)
        return;
    memory_free(w->mappings);
    memory_free(w->fields);
    memory_free(w->subjects);
    memory_free(w);
}
